/* SPDX-License-Identifier: GPL-2.0-only */
#include "core/pieces.h"

#include "core/classify.h"
#include "core/cores.h"

static int tell_span(struct context *c, uint32_t index, enum span span, uint64_t from_ns,
		     uint64_t to_ns)
{
	if (!thread_at(c, index)->selected)
		return 0;
	from_ns = context_clip(c, from_ns);
	to_ns = context_clip(c, to_ns);
	c->latest_ns = max_u64(c->latest_ns, to_ns);
	return to_ns > from_ns ? context_tell(c, span, index, span, from_ns, to_ns) : 0;
}

static uint64_t add_saturated(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* What short waits leave of a run from @from_ns to @to_ns. */
static uint64_t run_left(const struct context *c, const struct thread *t, uint64_t from_ns,
			 uint64_t to_ns)
{
	uint64_t run_ns = to_ns - from_ns, away_ns, since_ns;

	if (!t->shorts)
		return run_ns;
	/* a thread that was found has run since ever, but its sums only since the start */
	since_ns = max_u64(from_ns, min_u64(c->first_ns, c->start_ns));
	away_ns = t->shorts->runnable_ns;
	for (int class = 0; class < CLASS_COUNT; class++)
		away_ns = add_saturated(away_ns, t->shorts->wait_ns[class]);
	return run_ns - min_u64(away_ns, to_ns - min_u64(to_ns, since_ns));
}

/*
 * A run with short waits in it, of which only sums are known. They come first
 * in it, so that what is left of the run ends where it did.
 */
static int tell_interrupted_run(struct context *c, uint32_t index, uint64_t from_ns, uint64_t to_ns)
{
	const struct thread *t = thread_at(c, index);
	const struct shorts *shorts = t->shorts;
	uint64_t since_ns = max_u64(from_ns, min_u64(c->first_ns, c->start_ns));
	uint64_t whole = to_ns - min_u64(to_ns, since_ns);
	uint64_t part = context_overlap(c, from_ns, to_ns), left = part, runnable;
	struct event_out out = { .thread = t->number, .tid = t->tid, .tgid = t->tgid };
	struct absence a = {
		.thread = index,
		.out = &out,
		.ended = true,
		.lock = -1,
		.owner = THREAD_NONE,
	};
	int rc = 0;

	if (!t->selected || !part)
		return 0;
	a.blocked = true;
	out.why = OUT_BLOCKED;
	for (int class = 0; class < CLASS_COUNT && !rc; class++) {
		out.nr = shorts->nr[class];
		a.class = class;
		a.waits = shorts->waits[class];
		a.wait_ns = min_u64(scale_u64(shorts->wait_ns[class], part, whole), left);
		if (!a.waits && !a.wait_ns)
			continue;
		left -= a.wait_ns;
		rc = context_tell(c, absence, &a);
	}
	runnable = min_u64(scale_u64(shorts->runnable_ns, part, whole), left);
	if (!rc && runnable) {
		out.why = OUT_PREEMPTED;
		out.nr = -1;
		a.blocked = false;
		a.waits = a.wait_ns = 0;
		a.runnable_ns = runnable;
		left -= runnable;
		rc = context_tell(c, absence, &a);
	}
	to_ns = context_clip(c, to_ns);
	return rc ? rc : tell_span(c, index, SPAN_RUN, to_ns - left, to_ns);
}

int pieces_unknown(struct context *c, uint32_t index, uint64_t from_ns, uint64_t to_ns)
{
	return tell_span(c, index, SPAN_UNKNOWN, from_ns, to_ns);
}

int pieces_run(struct context *c, uint32_t index, uint64_t to_ns, bool whole)
{
	struct thread *t = thread_at(c, index);
	uint64_t from_ns = t->known_ns, ran_ns = from_ns;
	int rc = 0;

	if (whole)
		ran_ns = to_ns;
	else if (t->state == THREAD_RUN && t->left_ns > from_ns)
		ran_ns = min_u64(t->left_ns, to_ns);
	/* that it ran is news when its first record is about its leaving */
	if (whole && t->core == CORE_NONE && !t->left_ns)
		rc = cores_float(c, index, from_ns);
	if (!rc && whole)
		rc = cores_correct(c, index, to_ns, run_left(c, t, from_ns, to_ns));
	else if (!rc)
		rc = cores_leave(c, index, to_ns);
	if (!rc && whole && t->shorts)
		rc = tell_interrupted_run(c, index, from_ns, to_ns);
	else if (!rc)
		rc = tell_span(c, index, SPAN_RUN, from_ns, ran_ns);
	if (!rc)
		rc = tell_span(c, index, SPAN_UNKNOWN, ran_ns, to_ns);
	free(t->shorts);
	t->shorts = NULL;
	t->known_ns = to_ns;
	return rc;
}

int32_t pieces_moved(const struct thread *t, uint32_t voluntary, uint32_t involuntary)
{
	return (int32_t)(voluntary + involuntary - t->voluntary - t->involuntary);
}

bool pieces_follow(const struct thread *t, uint32_t voluntary, uint32_t involuntary)
{
	int32_t moved = pieces_moved(t, voluntary, involuntary);
	int32_t most = 1 + (int32_t)min_u64(t->shorts ? t->shorts->switches : 0, INT32_MAX - 1);

	return t->counted && moved >= 0 && moved <= most;
}

int pieces_count(struct context *c, uint32_t index, uint64_t out_ns, uint32_t voluntary,
		 uint32_t involuntary, bool is_voluntary)
{
	struct thread *t = thread_at(c, index);
	int32_t moved = pieces_moved(t, voluntary, involuntary);
	int32_t v = (int32_t)(voluntary - t->voluntary);
	int32_t i = (int32_t)(involuntary - t->involuntary);
	bool counted = t->counted;

	t->voluntary = voluntary;
	t->involuntary = involuntary;
	t->counted = true;
	if (!t->selected || !context_inside(c, out_ns) || (counted && moved <= 0))
		return 0;
	if (!counted || max_u64(t->known_ns, t->counted_ns) < c->start_ns || v < 0 || i < 0) {
		v = is_voluntary;
		i = !is_voluntary;
	}
	return context_tell(c, switches, index, (uint64_t)v, (uint64_t)i);
}

/* Completes an absence of which thread, out, the three times and `ended` are set. */
static int tell_absence(struct context *c, struct absence *a)
{
	const struct event_out *out = a->out;
	bool since_ever = a->out_ns < c->start_ns || !out->out_ns;

	a->class = CLASS_OTHER;
	a->lock = -1;
	a->owner = THREAD_NONE;
	if (!thread_at(c, a->thread)->selected)
		return 0;
	a->wait_ns = context_overlap(c, a->out_ns, a->woken_ns);
	a->runnable_ns = context_overlap(c, a->woken_ns, a->in_ns);
	a->waits = a->blocked && (a->wait_ns || (a->out_ns == a->woken_ns &&
						 context_inside(c, a->out_ns)));
	a->censored = a->waits && (since_ever || a->woken_ns > c->end_ns ||
				   (!a->ended && a->woken_ns == a->in_ns));
	c->latest_ns = max_u64(c->latest_ns, context_clip(c, a->in_ns));
	if (!a->waits && !a->runnable_ns)
		return 0;
	if (a->waits && classify(c, a))
		return -ENOMEM;
	return context_tell(c, absence, a);
}

int pieces_absence(struct context *c, uint32_t index, const struct event_out *out, uint64_t in_ns,
		   bool ended, struct absence *ret)
{
	uint64_t out_ns = thread_at(c, index)->known_ns;
	/* found waiting, nothing more known: that somebody woke it says that it waited */
	bool blocked = out->why == OUT_BLOCKED || (out->why == OUT_UNKNOWN && out->woken_ns);
	uint64_t woken_ns = out_ns;

	if (blocked)
		woken_ns = out->woken_ns ? min_u64(max_u64(out->woken_ns, out_ns), in_ns) : in_ns;
	*ret = (struct absence){
		.thread = index,
		.out = out,
		.blocked = blocked,
		.ended = ended,
		.out_ns = out_ns,
		.woken_ns = woken_ns,
		.in_ns = in_ns,
	};
	thread_at(c, index)->known_ns = in_ns;
	if (out->why == OUT_UNKNOWN && !blocked)
		return tell_span(c, index, SPAN_UNKNOWN, out_ns, in_ns);
	return tell_absence(c, ret);
}

int pieces_short(struct context *c, uint32_t index, const struct event_short *brief)
{
	struct event_out out = { .why = OUT_BLOCKED, .nr = brief->nr };
	struct absence a = { .thread = index, .out = &out };
	struct thread *t = thread_at(c, index);
	struct shorts *shorts;

	c->shorts_seen = true;
	if (!t->shorts)
		t->shorts = calloc(1, sizeof(*t->shorts));
	shorts = t->shorts;
	if (!shorts)
		return -ENOMEM;
	if (classify(c, &a))
		return -ENOMEM;
	shorts->wait_ns[a.class] = add_saturated(shorts->wait_ns[a.class], brief->wait_ns);
	if (brief->wait_ns)
		shorts->waits[a.class] += brief->voluntary;
	shorts->nr[a.class] = brief->nr;
	shorts->runnable_ns = add_saturated(shorts->runnable_ns, brief->runnable_ns);
	shorts->switches += brief->voluntary + brief->involuntary;
	return 0;
}
