/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What was lost. A line for each cause that says what it means for the rest
 * of the report; lost records and threads make times wrong and are shouted,
 * lost stacks and wakers only make them less telling.
 */
#include "view/views.h"

#include "base/fmt.h"

static const struct {
	enum wire_loss cause;
	bool shout;
	const char *one, *many; /* the count stands before them */
	const char *then;
} losses[] = {
	{ WIRE_LOSS_RING, true, "record", "records",
	  "a ring of the probes was full; a larger --buffer or --min-wait loses less" },
	{ WIRE_LOSS_RARE, true, "record", "records",
	  "of threads that begin, end or were waiting; --no-children loses less" },
	{ WIRE_LOSS_STORAGE, true, "thread", "threads",
	  "not recorded for want of memory in the kernel; missing from this report" },
	{ WIRE_LOSS_MISSED, true, "switch", "switches",
	  "the kernel skipped the probe; waits around them are wrong" },
	{ WIRE_LOSS_CODE, false, "piece of code", "pieces of code",
	  "no room for their unwind tables; stacks that pass them end too early" },
	{ WIRE_LOSS_POLL, false, "return", "returns",
	  "to event loops: their number is right, but not how long each round was" },
	{ WIRE_LOSS_STACK, false, "stack", "stacks", "could not be read or kept" },
	{ WIRE_LOSS_WAKER, false, "waker", "wakers",
	  "not seen; the run queue time after such a wakeup counts as wait" },
};

/* Time of which a lost record was to tell. A trace of it is normal where
 * recording began or ended. */
static void print_unknown(struct page *p)
{
	const struct totals *sum = &p->r->totals;
	double life = (double)sum->life_ns + (double)sum->unknown_ns;
	bool shout = (double)sum->unknown_ns > life / 1000;
	struct strbuf sb = STRBUF_INIT;

	if (!sum->unknown_ns)
		return;
	fmt_ns(&sb, sum->unknown_ns);
	strbuf_puts(&sb, " of the threads' lives (");
	fmt_share(&sb, (double)sum->unknown_ns, life);
	strbuf_puts(&sb, "); in no sum below");
	page_pair(p, shout ? "UNKNOWN" : "unknown", shout ? p->colors->alarm : p->colors->dim, &sb);
	strbuf_release(&sb);
}

void print_loss(struct page *p)
{
	const struct recording *rec = &p->r->recording;
	struct strbuf sb = STRBUF_INIT;

	if (rec->damaged_chunks) {
		strbuf_addf(&sb, "%u of %u chunks of the file could not be read: what they held "
				 "is missing here", rec->damaged_chunks, rec->chunks);
		page_pair(p, "DAMAGED", p->colors->alarm, &sb);
	}
	for (size_t i = 0; i < ARRAY_COUNT(losses); i++) {
		uint64_t count = rec->loss[losses[i].cause];

		if (!count)
			continue;
		fmt_count(&sb, count);
		strbuf_addf(&sb, " %s: %s", plural(count, losses[i].one, losses[i].many),
			    losses[i].then);
		page_pair(p, losses[i].shout ? "LOST" : "lost",
			  losses[i].shout ? p->colors->alarm : p->colors->warn, &sb);
	}
	if (p->r->ignored) {
		fmt_count(&sb, p->r->ignored);
		strbuf_puts(&sb, plural(p->r->ignored, " record", " records"));
		strbuf_addf(&sb, " made no sense and %s left out: the file is damaged, or "
				 "runwait has a defect", p->r->ignored == 1 ? "was" : "were");
		page_pair(p, "ignored", p->colors->warn, &sb);
	}
	strbuf_release(&sb);
	print_unknown(p);
}

void print_loss_again(struct page *p)
{
	const uint64_t *loss = p->r->recording.loss;
	bool shout = p->r->recording.damaged_chunks;

	for (size_t i = 0; i < ARRAY_COUNT(losses); i++)
		shout = shout || (losses[i].shout && loss[losses[i].cause]);
	if (shout)
		page_line(p, 0, p->colors->alarm, "LOST: this report is incomplete, see above");
}

void json_loss(struct json *j, const struct view_input *in)
{
	const struct result *r = in->result;
	const struct recording *rec = &r->recording;

	json_open_object(j, "loss");
	json_uint(j, "records", rec->loss[WIRE_LOSS_RING] + rec->loss[WIRE_LOSS_RARE] +
					rec->damaged_events);
	json_open_object(j, "by_cause");
	for (int i = 0; i < LOSS_CAUSES; i++)
		if (loss_cause_name(i))
			json_uint(j, loss_cause_name(i), rec->loss[i]);
	json_uint(j, "file_damaged", rec->damaged_events);
	json_close(j);
	json_uint(j, "ignored", r->ignored);
	json_uint(j, "stacks", rec->loss[WIRE_LOSS_STACK]);
	json_uint(j, "stacks_truncated", r->stacks_truncated);
	json_uint(j, "stacks_seen", r->stacks_seen);
	json_uint(j, "stacks_complete", r->stacks_complete);
	json_close(j);
}
