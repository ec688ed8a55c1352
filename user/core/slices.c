/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What each kind of record says of a thread, given what is known of it, in the
 * steps of pieces.c.
 */
#include "core/slices.h"

#include "core/cores.h"
#include "core/lives.h"
#include "core/pieces.h"

/*
 * Brings an OUT thread to @out_ns, when it was out again. If that is the absence
 * that is known already, it is there.
 */
static int out_again(struct context *c, uint32_t index, const struct event_out *out,
		     uint64_t out_ns)
{
	const struct thread *t = thread_at(c, index);

	if (t->open.why == OUT_NEW && out->why == OUT_NEW)
		return 0;
	/* looked at while it was just leaving: it ran until then */
	return pieces_run(c, index, out_ns, !t->open.out_ns && out_ns <= t->open_ns);
}

/* Everything up to the switch-out that @out is about. */
static int until_out(struct context *c, uint32_t index, const struct event_out *out,
		     uint64_t out_ns)
{
	struct thread *t = thread_at(c, index);
	bool whole = pieces_follow(t, out->voluntary, out->involuntary);
	int rc;

	/* a new thread's first record is about no switch */
	if (out->why != OUT_NEW) {
		rc = pieces_count(c, index, out_ns, out->voluntary, out->involuntary,
				  out->flags & OUT_VOLUNTARY);
		if (rc)
			return rc;
	}
	if (t->state == THREAD_OUT)
		return out_again(c, index, out, out_ns);
	return pieces_run(c, index, out_ns, whole);
}

int slices_switch(struct context *c, const struct event *e)
{
	const struct event_out *out = &e->out;
	uint64_t in_ns = e->time_ns;
	struct event_out merged;
	struct absence a;
	struct thread *t;
	uint32_t index;
	int rc;

	c->records++;
	rc = lives_find(c, out->thread, out->tid, out->tgid,
		       out->out_ns ? min_u64(out->out_ns, in_ns) : in_ns, in_ns, &index);
	if (rc)
		return rc;
	if (index == THREAD_NONE)
		return pieces_ignore(c);
	t = thread_at(c, index);
	/* one that was there before, or comes again */
	if (in_ns < t->known_ns || (in_ns == t->known_ns && t->state == THREAD_RUN &&
				    pieces_moved(t, out->voluntary, out->involuntary) <= 0))
		return pieces_ignore(c);
	if (out->out_ns) {
		rc = until_out(c, index, out,
			       min_u64(max_u64(out->out_ns, t->known_ns), in_ns));
	} else if (t->state == THREAD_RUN) {
		/* the probes say that they never saw it run */
		rc = pieces_run(c, index, in_ns, false);
	} else if (t->state == THREAD_OUT && out->why == OUT_UNKNOWN) {
		/* what it waited for was read when it was found; its end is in this record */
		merged = t->open;
		merged.woken_ns = out->woken_ns;
		merged.waker = out->waker;
		merged.waker_tid = out->waker_tid;
		merged.waker_nr = out->waker_nr;
		merged.waker_stack = out->waker_stack;
		out = &merged;
	}
	if (!rc)
		rc = pieces_absence(c, index, out, in_ns, true, &a);
	if (rc)
		return rc;
	t = thread_at(c, index);
	t->state = THREAD_RUN;
	if (!t->counted) {
		t->voluntary = e->out.voluntary;
		t->involuntary = e->out.involuntary;
		t->counted = true;
	}
	return cores_enter(c, e->out.cpu, index, in_ns, &a);
}

/* It was on a core when it was looked at. */
static int open_running(struct context *c, const struct event *e, uint32_t index)
{
	struct thread *t = thread_at(c, index);
	int rc = 0;

	if (t->core == CORE_NONE) {
		/* of a thread that was heard of before, the record that it got this core is lost */
		if (t->state != THREAD_UNKNOWN)
			rc = pieces_run(c, index, e->time_ns, false);
		if (rc)
			return rc;
		t->state = THREAD_RUN;
		t->voluntary = e->out.voluntary;
		t->involuntary = e->out.involuntary;
		t->counted = true;
		rc = cores_float(c, index, t->known_ns);
	}
	return rc ? rc : cores_place(c, e->out.cpu, index);
}

int slices_open(struct context *c, const struct event *e)
{
	const struct event_out *out = &e->out;
	uint32_t index, stack = 0;
	struct thread *t;
	int rc;

	rc = lives_find(c, out->thread, out->tid, out->tgid,
		       out->out_ns ? min_u64(out->out_ns, e->time_ns) : e->time_ns, e->time_ns,
		       &index);
	if (rc)
		return rc;
	if (index == THREAD_NONE || e->time_ns < thread_at(c, index)->known_ns)
		return pieces_ignore(c);
	if (out->why == OUT_RUNNING)
		return open_running(c, e, index);
	t = thread_at(c, index);
	if (!out->out_ns) {
		/* out since before it was watched: can be no news of a thread that ran */
		if (t->state == THREAD_RUN || (t->state == THREAD_OUT && t->open.out_ns))
			return pieces_ignore(c);
		if (t->state == THREAD_OUT && out->why == OUT_UNKNOWN)
			return 0;
		/* the wait is read again at the end, where it stands in the code is not */
		stack = t->state == THREAD_OUT ? t->open.user_stack : 0;
	} else {
		rc = until_out(c, index, out,
			       min_u64(max_u64(out->out_ns, t->known_ns), e->time_ns));
	}
	t = thread_at(c, index);
	t->state = THREAD_OUT;
	t->open = *out;
	if (!t->open.user_stack)
		t->open.user_stack = stack;
	t->open_ns = e->time_ns;
	return rc;
}

int slices_off(struct context *c, const struct event *e)
{
	const struct event_off *off = &e->off;
	uint64_t left_ns = e->time_ns;
	struct thread *t;
	uint32_t index;
	int rc;

	rc = lives_find(c, off->thread, off->tid, off->tgid, e->time_ns, e->time_ns, &index);
	if (rc)
		return rc;
	if (index == THREAD_NONE || e->time_ns < thread_at(c, index)->known_ns)
		return pieces_ignore(c);
	rc = cores_place(c, off->cpu, index);
	/* that it leaves another core than it had is news of a loss: when it left the
	 * first one is not known */
	t = thread_at(c, index);
	if (t->core < CORE_SOME && t->core != off->cpu)
		left_ns = max_u64(t->known_ns, 1);
	if (!rc)
		rc = cores_leave(c, index, left_ns);
	/* nor is, after it left once, whether it came back */
	t = thread_at(c, index);
	if (t->state != THREAD_OUT && !t->left_ns)
		t->left_ns = left_ns;
	return rc;
}

int slices_dead(struct context *c, const struct event *e)
{
	const struct event_off *off = &e->off;
	uint64_t end_ns = e->time_ns;
	struct thread *t;
	uint32_t index;
	bool whole;
	int rc;

	rc = lives_find(c, off->thread, off->tid, off->tgid, e->time_ns, e->time_ns, &index);
	if (rc)
		return rc;
	if (index == THREAD_NONE)
		return pieces_ignore(c);
	t = thread_at(c, index);
	end_ns = max_u64(end_ns, t->known_ns);
	whole = t->state != THREAD_OUT && pieces_follow(t, off->voluntary, off->involuntary);
	rc = cores_place(c, off->cpu, index);
	if (!rc)
		rc = pieces_count(c, index, end_ns, off->voluntary, off->involuntary, true);
	if (!rc)
		rc = pieces_run(c, index, end_ns, whole);
	threads_end(&c->threads, index, end_ns);
	return rc;
}

int slices_short(struct context *c, const struct event *e)
{
	const struct event_short *brief = &e->brief;
	uint32_t index;
	int rc;

	rc = lives_find(c, brief->thread, brief->tid, brief->tgid, e->time_ns, e->time_ns, &index);
	if (rc)
		return rc;
	return index == THREAD_NONE ? pieces_ignore(c) : pieces_short(c, index, brief);
}

int slices_sample(struct context *c, const struct event *e)
{
	uint32_t index = e->sample.thread ? threads_find(&c->threads, e->sample.thread)
					  : THREAD_NONE;
	int rc;

	if (index == THREAD_NONE || thread_at(c, index)->ended)
		return pieces_ignore(c);
	rc = cores_place(c, e->sample.cpu, index);
	if (rc || !thread_at(c, index)->selected || !context_inside(c, e->time_ns))
		return rc;
	return context_tell(c, sample, index, e->time_ns, &e->sample);
}

/* Of no concern to slices: it comes while the thread runs. */
int slices_poll(struct context *c, const struct event *e)
{
	uint32_t index = e->poll.thread ? threads_find(&c->threads, e->poll.thread) : THREAD_NONE;

	if (index == THREAD_NONE || thread_at(c, index)->ended)
		return pieces_ignore(c);
	if (!thread_at(c, index)->selected)
		return 0;
	return context_tell(c, poll, index, e->time_ns, &e->poll);
}

/*
 * Of a whole recording, threads that never got a core are told once more at its
 * end. One that is not has run, and perhaps ended, where records are missing.
 */
static bool has_run_unseen(const struct thread *t)
{
	return t->open.why == OUT_NEW && t->open_ns == t->start_ns;
}

int slices_finish(struct context *c, uint64_t end_ns, bool complete)
{
	struct absence a;
	int rc = 0;

	for (uint32_t i = 0; i < c->threads.list.count && !rc; i++) {
		struct thread *t = thread_at(c, i);

		if (t->ended || t->known_ns >= end_ns)
			continue;
		if (t->state == THREAD_OUT && !(complete && has_run_unseen(t)))
			rc = pieces_absence(c, i, &t->open, end_ns, false, &a);
		else
			rc = pieces_run(c, i, end_ns, t->core != CORE_NONE);
	}
	return rc;
}
