/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Each thread has a point, known_ns, up to which its life is accounted for, and
 * a state since then. A record of the thread moves the point forward:
 *
 *	known_ns          out_ns      woken_ns        in_ns = the next known_ns
 *	   |---- run ------|--- wait ----|-- runnable --|
 *
 * The kernel's switch counts number a thread's records. When they moved by more
 * than one, records between known_ns and out_ns are lost, and the time between
 * is unknown, but for what the core told: the thread ran until the core went
 * to somebody else (left_ns).
 *
 * Invariant: whatever the events, the pieces of a thread follow each other
 * from start_ns to known_ns.
 */
#include "core/slices.h"

#include "core/classify.h"
#include "core/cores.h"

#include <string.h>

static struct thread *thread_at(struct context *c, uint32_t index)
{
	return &c->threads.list.at[index];
}

static int ignore(struct context *c)
{
	c->ignored++;
	return 0;
}

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

/*
 * Accounts for a thread that had a core, or was not heard of, since known_ns.
 * @whole: no record is missing, so it ran all along.
 */
static int account(struct context *c, uint32_t index, uint64_t to_ns, bool whole)
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

/* How far the kernel's counts moved since known_ns; 0 or less: not at all, or nonsense. */
static int32_t counts_moved(const struct thread *t, uint32_t voluntary, uint32_t involuntary)
{
	return (int32_t)(voluntary + involuntary - t->voluntary - t->involuntary);
}

/* No record is missing before one with these counts. */
static bool counts_follow(const struct thread *t, uint32_t voluntary, uint32_t involuntary)
{
	int32_t moved = counts_moved(t, voluntary, involuntary);
	int32_t most = 1 + (int32_t)min_u64(t->shorts ? t->shorts->switches : 0, INT32_MAX - 1);

	return t->counted && moved >= 0 && moved <= most;
}

/*
 * Takes over the kernel's counts at a switch-out. Those between known_ns and
 * @out_ns are counted even if their records are lost, as long as all of them
 * are surely in the window.
 */
static int count_switches(struct context *c, uint32_t index, uint64_t out_ns, uint32_t voluntary,
			  uint32_t involuntary, bool is_voluntary)
{
	struct thread *t = thread_at(c, index);
	int32_t moved = counts_moved(t, voluntary, involuntary);
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
	if (a->waits)
		classify(c, a);
	return context_tell(c, absence, a);
}

/* From the last thing recorded of it, @out, to @in_ns. */
static int absent(struct context *c, uint32_t index, const struct event_out *out, uint64_t in_ns,
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

/* It ends without a record of its end. */
static int end_unseen(struct context *c, uint32_t index, uint64_t time_ns)
{
	uint64_t at = max_u64(time_ns, thread_at(c, index)->known_ns);
	int rc = account(c, index, at, false);

	threads_end(&c->threads, index, at);
	return rc;
}

/* A new thread. Whoever still has its TID must have ended. */
static int thread_new(struct context *c, uint32_t number, uint32_t tid, uint32_t tgid,
		      uint64_t start_ns, uint64_t now_ns, uint32_t *ret)
{
	uint32_t before = threads_by_tid(&c->threads, tid);
	struct thread *t;
	int rc = 0;

	if (before != THREAD_NONE && !thread_at(c, before)->ended)
		rc = end_unseen(c, before, now_ns);
	if (!rc)
		rc = threads_add(&c->threads, number, tid, tgid, ret);
	if (rc)
		return rc;
	t = thread_at(c, *ret);
	t->start_ns = t->known_ns = start_ns;
	t->selected = (!c->tgid || c->tgid == tgid) && (!c->tid || c->tid == tid);
	return 0;
}

/*
 * The thread that an event is about; one whose announcement was lost begins
 * here. THREAD_NONE: the event cannot be believed.
 */
static int thread_of(struct context *c, uint32_t number, uint32_t tid, uint32_t tgid,
		     uint64_t start_ns, uint64_t now_ns, uint32_t *ret)
{
	*ret = number ? threads_find(&c->threads, number) : THREAD_NONE;
	if (*ret == THREAD_NONE && number)
		return thread_new(c, number, tid, tgid, start_ns, now_ns, ret);
	if (*ret != THREAD_NONE && thread_at(c, *ret)->ended)
		*ret = THREAD_NONE;
	return 0;
}

/* A forked process has its parent's command line until it execs. */
static int inherit_command(struct context *c, uint32_t index, const struct event_task *e)
{
	uint32_t parent = threads_find(&c->threads, e->parent_thread);
	uint32_t process = thread_at(c, index)->process;
	const struct process *from;

	if (e->command_size)
		return threads_set_command(&c->threads, process, e->command, e->command_size);
	if (e->how != TASK_FORKED || !e->parent_thread || parent == THREAD_NONE ||
	    thread_at(c, parent)->process == process)
		return 0;
	from = &c->threads.processes.at[thread_at(c, parent)->process];
	return threads_set_command(&c->threads, process, from->command, from->command_size);
}

int slices_task(struct context *c, const struct event *e)
{
	const struct event_task *task = &e->task;
	/* what was found has been there since ever */
	uint64_t start_ns = task->how == TASK_FOUND ? 0 : e->time_ns;
	uint32_t index = task->thread ? threads_find(&c->threads, task->thread) : THREAD_NONE;
	struct thread *t;
	int rc = 0;

	if (!task->thread)
		return ignore(c);
	if (index != THREAD_NONE) {
		/* announced twice, or an event of it came before its announcement */
		t = thread_at(c, index);
		if (t->announced)
			return ignore(c);
		threads_describe(&c->threads, index, task);
		if (start_ns < t->start_ns) {
			rc = tell_span(c, index, SPAN_UNKNOWN, start_ns, t->start_ns);
			t->start_ns = start_ns;
		}
		return rc ? rc : inherit_command(c, index, task);
	}
	rc = thread_new(c, task->thread, task->tid, task->tgid, start_ns, e->time_ns, &index);
	if (rc)
		return rc;
	threads_describe(&c->threads, index, task);
	t = thread_at(c, index);
	t->voluntary = task->voluntary;
	t->involuntary = task->involuntary;
	t->counted = true;
	t->counted_ns = e->time_ns;
	if (task->how == TASK_FORKED) {
		t->state = THREAD_OUT;
		t->open = (struct event_out){ .why = OUT_NEW, .out_ns = e->time_ns, .nr = -1 };
		t->open_ns = e->time_ns;
	} else if (task->how == TASK_EXECED) {
		t->state = THREAD_RUN;
		rc = cores_float(c, index, e->time_ns);
	}
	return rc ? rc : inherit_command(c, index, task);
}

int slices_exec(struct context *c, const struct event *e)
{
	const struct event_exec *exec = &e->exec;
	uint32_t index, before;
	int rc;

	rc = thread_of(c, exec->thread, exec->tid, exec->tgid, e->time_ns, e->time_ns, &index);
	if (rc)
		return rc;
	if (index == THREAD_NONE)
		return ignore(c);
	before = threads_by_tid(&c->threads, exec->tid);
	if (before != index) {
		if (before != THREAD_NONE && !thread_at(c, before)->ended)
			rc = end_unseen(c, before, e->time_ns);
		if (!rc)
			rc = threads_retid(&c->threads, index, exec->tid);
	}
	threads_rename(&c->threads, index, exec->comm);
	return rc ? rc : threads_set_command(&c->threads, thread_at(c, index)->process,
					     exec->command, exec->command_size);
}

int slices_comm(struct context *c, const struct event *e)
{
	uint32_t index = e->comm.thread ? threads_find(&c->threads, e->comm.thread) : THREAD_NONE;

	if (index == THREAD_NONE)
		return ignore(c);
	threads_rename(&c->threads, index, e->comm.comm);
	return 0;
}

/*
 * Brings an OUT thread to @out_ns, when it was out again. If that is the absence
 * that is known already, it is there.
 */
static int out_again(struct context *c, uint32_t index, const struct event_out *out,
		     uint64_t out_ns)
{
	struct thread *t = thread_at(c, index);
	bool first = t->open.why == OUT_NEW && out->why == OUT_NEW;

	if (first)
		return 0;
	/* looked at while it was just leaving: it ran until then */
	if (!t->open.out_ns && out_ns <= t->open_ns)
		return account(c, index, out_ns, true);
	return account(c, index, out_ns, false);
}

/* Everything up to the switch-out that @out is about. */
static int until_out(struct context *c, uint32_t index, const struct event_out *out,
		     uint64_t out_ns)
{
	struct thread *t = thread_at(c, index);
	bool whole = counts_follow(t, out->voluntary, out->involuntary);
	int rc;

	/* a new thread's first record is about no switch */
	if (out->why != OUT_NEW) {
		rc = count_switches(c, index, out_ns, out->voluntary, out->involuntary,
				    out->flags & OUT_VOLUNTARY);
		if (rc)
			return rc;
	}
	if (t->state == THREAD_OUT)
		return out_again(c, index, out, out_ns);
	return account(c, index, out_ns, whole);
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
	rc = thread_of(c, out->thread, out->tid, out->tgid,
		       out->out_ns ? min_u64(out->out_ns, in_ns) : in_ns, in_ns, &index);
	if (rc)
		return rc;
	if (index == THREAD_NONE)
		return ignore(c);
	t = thread_at(c, index);
	/* one that was there before, or comes again */
	if (in_ns < t->known_ns || (in_ns == t->known_ns && t->state == THREAD_RUN &&
				    counts_moved(t, out->voluntary, out->involuntary) <= 0))
		return ignore(c);
	if (out->out_ns) {
		rc = until_out(c, index, out,
			       min_u64(max_u64(out->out_ns, t->known_ns), in_ns));
	} else if (t->state == THREAD_RUN) {
		/* the probes say that they never saw it run */
		rc = account(c, index, in_ns, false);
	} else if (t->state == THREAD_OUT && out->why == OUT_UNKNOWN) {
		/* what it waited for was read when it was found; its end is in this record */
		merged = t->open;
		merged.woken_ns = out->woken_ns;
		merged.waker = out->waker;
		merged.waker_tid = out->waker_tid;
		merged.waker_nr = out->waker_nr;
		out = &merged;
	}
	if (!rc)
		rc = absent(c, index, out, in_ns, true, &a);
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
			rc = account(c, index, e->time_ns, false);
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
	struct thread *t;
	uint32_t index;
	int rc;

	rc = thread_of(c, out->thread, out->tid, out->tgid,
		       out->out_ns ? min_u64(out->out_ns, e->time_ns) : e->time_ns, e->time_ns,
		       &index);
	if (rc)
		return rc;
	if (index == THREAD_NONE || e->time_ns < thread_at(c, index)->known_ns)
		return ignore(c);
	if (out->why == OUT_RUNNING)
		return open_running(c, e, index);
	t = thread_at(c, index);
	if (!out->out_ns) {
		/* out since before it was watched: can be no news of a thread that ran */
		if (t->state == THREAD_RUN || (t->state == THREAD_OUT && t->open.out_ns))
			return ignore(c);
		if (t->state == THREAD_OUT && out->why == OUT_UNKNOWN)
			return 0;
	} else {
		rc = until_out(c, index, out,
			       min_u64(max_u64(out->out_ns, t->known_ns), e->time_ns));
	}
	t = thread_at(c, index);
	t->state = THREAD_OUT;
	t->open = *out;
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

	rc = thread_of(c, off->thread, off->tid, off->tgid, e->time_ns, e->time_ns, &index);
	if (rc)
		return rc;
	if (index == THREAD_NONE || e->time_ns < thread_at(c, index)->known_ns)
		return ignore(c);
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

	rc = thread_of(c, off->thread, off->tid, off->tgid, e->time_ns, e->time_ns, &index);
	if (rc)
		return rc;
	if (index == THREAD_NONE)
		return ignore(c);
	t = thread_at(c, index);
	end_ns = max_u64(end_ns, t->known_ns);
	whole = t->state != THREAD_OUT && counts_follow(t, off->voluntary, off->involuntary);
	rc = cores_place(c, off->cpu, index);
	if (!rc)
		rc = count_switches(c, index, end_ns, off->voluntary, off->involuntary, true);
	if (!rc)
		rc = account(c, index, end_ns, whole);
	threads_end(&c->threads, index, end_ns);
	return rc;
}

int slices_short(struct context *c, const struct event *e)
{
	const struct event_short *brief = &e->brief;
	struct event_out out = { .why = OUT_BLOCKED, .nr = brief->nr };
	struct absence a = { .out = &out };
	struct shorts *shorts;
	struct thread *t;
	uint32_t index;
	int rc;

	rc = thread_of(c, brief->thread, brief->tid, brief->tgid, e->time_ns, e->time_ns, &index);
	if (rc)
		return rc;
	if (index == THREAD_NONE)
		return ignore(c);
	c->shorts_seen = true;
	t = thread_at(c, index);
	if (!t->shorts)
		t->shorts = calloc(1, sizeof(*t->shorts));
	shorts = t->shorts;
	if (!shorts)
		return -ENOMEM;
	a.thread = index;
	classify(c, &a);
	shorts->wait_ns[a.class] = add_saturated(shorts->wait_ns[a.class], brief->wait_ns);
	if (brief->wait_ns)
		shorts->waits[a.class] += brief->voluntary;
	shorts->nr[a.class] = brief->nr;
	shorts->runnable_ns = add_saturated(shorts->runnable_ns, brief->runnable_ns);
	shorts->switches += brief->voluntary + brief->involuntary;
	return 0;
}

int slices_sample(struct context *c, const struct event *e)
{
	uint32_t index = e->sample.thread ? threads_find(&c->threads, e->sample.thread)
					  : THREAD_NONE;
	int rc;

	if (index == THREAD_NONE || thread_at(c, index)->ended)
		return ignore(c);
	rc = cores_place(c, e->sample.cpu, index);
	if (rc || !thread_at(c, index)->selected || !context_inside(c, e->time_ns))
		return rc;
	return context_tell(c, sample, index, &e->sample);
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
			rc = absent(c, i, &t->open, end_ns, false, &a);
		else
			rc = account(c, i, end_ns, t->core != CORE_NONE);
	}
	return rc;
}
