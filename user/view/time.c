/* SPDX-License-Identifier: GPL-2.0-only */
#include "view/views.h"

#include "base/fmt.h"
#include "view/sums.h"
#include "view/table.h"

static const char *const class_meanings[CLASS_COUNT] = {
	[CLASS_GIL] = "for Python's global interpreter lock",
	[CLASS_LOCK] = "for a lock that another thread held",
	[CLASS_SYNC] = "to be signalled: condition, join, barrier",
	[CLASS_IDLE] = "for work that had not come",
	[CLASS_SLEEP] = "for a time to pass",
	[CLASS_FILE] = "for a file or disk",
	[CLASS_SOCKET] = "for the other end of a connection",
	[CLASS_PIPE] = "for a pipe, terminal or event descriptor",
	[CLASS_CHILD] = "for a child process",
	[CLASS_FAULT] = "for a page of memory to be read in",
	[CLASS_KERNEL] = "for a lock or other place in the kernel",
	[CLASS_OTHER] = "for something else",
};

static const struct table_column time_columns[] = {
	{ .title = "", .kind = TABLE_TEXT },
	{ .title = "", .kind = TABLE_NUMBER },
	{ .title = "", .kind = TABLE_NUMBER },
	{ .title = "", .kind = TABLE_BAR, .min = 10, .max = 30 },
	{ .title = "", .kind = TABLE_TEXT, .min = 24, .drop = 1 },
};

static void time_row(struct table *t, const struct page *p, const char *name, const char *color,
		     uint64_t ns, enum bar_ink ink, const char *meaning)
{
	double life = (double)shown_life_ns(p, &p->r->totals);

	strbuf_puts(table_cell(t, color), name);
	fmt_ns(table_cell(t, NULL), ns);
	fmt_share(table_cell(t, p->colors->bold), (double)ns, life);
	table_bar(t);
	table_part(t, (double)ns, life, ink, color);
	strbuf_puts(table_cell(t, p->colors->dim), meaning);
}

static void runnable_row(struct table *t, const struct page *p)
{
	const struct totals *sum = &p->r->totals;
	struct strbuf why = STRBUF_INIT;

	strbuf_puts(&why, "for a core");
	if (sum->throttled_ns) {
		strbuf_puts(&why, "; ");
		fmt_ns(&why, sum->throttled_ns);
		strbuf_puts(&why, " of it out of CPU quota");
	} else if (sum->preempted_ns) {
		strbuf_puts(&why, "; ");
		fmt_ns(&why, sum->preempted_ns);
		strbuf_puts(&why, " of it pushed off one");
	}
	time_row(t, p, "runnable", p->colors->runnable, sum->runnable_ns, BAR_FULL, why.buf);
	if (why.failed)
		t->failed = true;
	strbuf_release(&why);
}

/* What nobody knows the whole length of. */
static void print_censored(struct page *p)
{
	const struct totals *sum = &p->r->totals;
	struct strbuf sb = STRBUF_INIT;

	if (sum->censored_ns < sum->life_ns / 100 || !sum->censored_ns)
		return;
	fmt_ns(&sb, sum->censored_ns);
	strbuf_puts(&sb, " of waiting had begun before the recording or was not over at its end");
	if (strbuf_error(&sb))
		p->failed = true;
	else
		page_wrap(p, "  ", p->colors->dim, sb.buf);
	strbuf_release(&sb);
}

void print_time(struct page *p)
{
	const struct totals *sum = &p->r->totals;
	enum wait_class classes[CLASS_COUNT];
	bool folds = !p->style->idle && folded_ns(sum);
	uint64_t ns[CLASS_COUNT];
	size_t n;
	struct strbuf life = STRBUF_INIT;
	struct table t;

	shown_classes(p, sum, ns);
	n = classes_by_ns(ns, classes);
	fmt_ns(&life, shown_life_ns(p, sum));
	if (strbuf_error(&life))
		p->failed = true;
	page_heading(p, "Where the threads' time went", "%s in %u %s%s", life.buf,
		     p->r->thread_count, plural(p->r->thread_count, "thread", "threads"),
		     folds ? ", without waits for work" : "");
	strbuf_release(&life);
	table_init(&t, time_columns, ARRAY_COUNT(time_columns));
	time_row(&t, p, "running", p->colors->run, sum->run_ns, BAR_FULL, "on a core");
	runnable_row(&t, p);
	for (size_t i = 0; i < n; i++)
		time_row(&t, p, wait_class_name(classes[i]), p->colors->class[classes[i]],
			 ns[classes[i]], BAR_FULL, class_meanings[classes[i]]);
	table_print(&t, p, 2);
	table_release(&t);
	page_folded(p, sum->by_class_ns[CLASS_IDLE], sum->parked_ns, 0, 0, "", "");
	print_censored(p);
}

void json_life(struct json *j, bool found, uint64_t start_ns, const uint64_t *end_ns)
{
	json_bool(j, "found", found);
	json_uint(j, "start_ns", start_ns);
	if (end_ns)
		json_uint(j, "end_ns", *end_ns);
	else
		json_null(j, "end_ns");
}

void json_sums(struct json *j, const struct totals *sum)
{
	json_uint(j, "life_ns", sum->life_ns);
	json_uint(j, "run_ns", sum->run_ns);
	json_uint(j, "runnable_ns", sum->runnable_ns);
	json_uint(j, "preempted_ns", sum->preempted_ns);
	json_uint(j, "throttled_ns", sum->throttled_ns);
	json_uint(j, "wait_ns", sum->wait_ns);
	json_open_object(j, "wait_by_class_ns");
	for (int c = 0; c < CLASS_COUNT; c++)
		json_uint(j, wait_class_name((enum wait_class)c), sum->by_class_ns[c]);
	json_close(j);
	json_uint(j, "censored_ns", sum->censored_ns);
	json_uint(j, "parked_ns", sum->parked_ns);
	json_uint(j, "unknown_ns", sum->unknown_ns);
	json_uint(j, "waits", sum->waits);
	json_uint(j, "voluntary_switches", sum->voluntary);
	json_uint(j, "involuntary_switches", sum->involuntary);
}

void json_totals(struct json *j, const struct view_input *in)
{
	json_open_object(j, "totals");
	json_sums(j, &in->result->totals);
	json_uint(j, "threads", in->result->thread_count);
	json_uint(j, "processes", in->result->process_count);
	json_close(j);
}
