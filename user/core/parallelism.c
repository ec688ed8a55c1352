/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * parallelism: how many threads ran at each instant (runlog.c), what the
 * program waited for when none did, and how the cores were used.
 *
 * Time in which nothing runs ends when a thread gets a core; the wait that this
 * thread was in is why nothing ran. The time after the last run belongs to the
 * thread that was the last to stop.
 */
#include "core/runlog.h"

#include <string.h>

/* A CPU's use at the edges of the window, between the times that are known. */
struct cpu_use {
	bool any;
	uint64_t time_ns; /* of `last` */
	struct event_cpu first, last; /* at the window's start; so far, at most at its end */
};

struct parallelism {
	struct context *c;
	struct runlog log;
	uint64_t stalled_by_class_ns[CLASS_COUNT], stalled_runnable_ns;
	uint64_t stalled_until_ns; /* shared out already */
	/* the last thread to stop of those that never went on */
	bool open_any;
	enum wait_class open_class;
	uint64_t open_out_ns;
	VEC(struct cpu_use) cpus;
};

static void *parallelism_new(struct context *c)
{
	struct parallelism *self = calloc(1, sizeof(*self));

	if (self) {
		self->c = c;
		self->log.c = c;
	}
	return self;
}

static void parallelism_free(void *p)
{
	struct parallelism *self = p;

	runlog_release(&self->log);
	vec_release(&self->cpus);
	free(self);
}

/* Nothing ran until @now_ns: what ended then is why. */
static void stall_end(struct parallelism *self, uint64_t from_ns, uint64_t now_ns,
		      const struct absence *why)
{
	uint64_t woken_ns = from_ns;

	from_ns = max_u64(from_ns, self->stalled_until_ns);
	if (from_ns >= now_ns || !why)
		return;
	if (why->blocked)
		woken_ns = min_u64(max_u64(why->woken_ns, from_ns), now_ns);
	self->stalled_by_class_ns[why->class] += context_overlap(self->c, from_ns, woken_ns);
	self->stalled_runnable_ns +=
		context_overlap(self->c, max_u64(woken_ns, from_ns), now_ns);
	self->stalled_until_ns = now_ns;
}

static int parallelism_running(void *p, uint64_t time_ns, int delta, const struct absence *why)
{
	struct parallelism *self = p;
	const struct runlog_change *last = runlog_last(&self->log);

	if (delta > 0 && time_ns > last->from_ns && !last->running && !last->lost)
		stall_end(self, last->from_ns, time_ns, why);
	return runlog_change(&self->log, time_ns, delta);
}

static int parallelism_lost(void *p, uint64_t from_ns, uint64_t to_ns)
{
	struct parallelism *self = p;

	if (from_ns < to_ns)
		self->stalled_until_ns =
			max_u64(self->stalled_until_ns, context_clip(self->c, to_ns));
	return runlog_lose(&self->log, from_ns, to_ns);
}

static int parallelism_absence(void *p, const struct absence *a)
{
	struct parallelism *self = p;

	if (a->ended || !a->blocked || (self->open_any && a->out_ns < self->open_out_ns))
		return 0;
	self->open_any = true;
	self->open_class = a->class;
	self->open_out_ns = a->out_ns;
	return 0;
}

/* What a sum, @a and @b at the ends of @whole, is after @part of it. */
static uint64_t sum_between(uint64_t a, uint64_t b, uint64_t part, uint64_t whole)
{
	return b < a ? a - scale_u64(a - b, part, whole) : a + scale_u64(b - a, part, whole);
}

/* What @a and @b, known at two times, make of a time between them. */
static struct event_cpu cpu_between(const struct event_cpu *a, uint64_t a_ns,
				    const struct event_cpu *b, uint64_t b_ns, uint64_t time_ns)
{
	uint64_t part = time_ns - a_ns, whole = b_ns - a_ns;
	struct event_cpu e = *a;

	e.target_ns = sum_between(a->target_ns, b->target_ns, part, whole);
	e.other_ns = sum_between(a->other_ns, b->other_ns, part, whole);
	e.idle_ns = sum_between(a->idle_ns, b->idle_ns, part, whole);
	return e;
}

/*
 * All three together are a time, which only grows. One of them may shrink, since a
 * reading takes what the core did last for what it does still: the switch that it did
 * not know of yet may be dated before it.
 */
static bool cpu_is_later(const struct event_cpu *a, const struct event_cpu *b)
{
	return b->target_ns + b->other_ns + b->idle_ns >= a->target_ns + a->other_ns + a->idle_ns;
}

/* How much a sum has grown, all in all. */
static uint64_t grown(uint64_t from, uint64_t to)
{
	return to > from ? to - from : 0;
}

static int parallelism_cpu(void *p, uint64_t time_ns, const struct event_cpu *e)
{
	struct parallelism *self = p;
	struct context *c = self->c;
	struct cpu_use *use;

	while (self->cpus.count <= e->cpu)
		if (vec_push(&self->cpus, (struct cpu_use){ 0 }))
			return -ENOMEM;
	use = &self->cpus.at[e->cpu];
	if (!use->any) {
		*use = (struct cpu_use){ .any = true, .time_ns = time_ns, .first = *e, .last = *e };
		return 0;
	}
	if (time_ns < use->time_ns || !cpu_is_later(&use->last, e)) {
		c->ignored++;
		return 0;
	}
	if (use->time_ns >= c->end_ns)
		return 0;
	if (time_ns <= c->start_ns)
		use->first = *e;
	else if (use->time_ns < c->start_ns)
		use->first = cpu_between(&use->last, use->time_ns, e, time_ns, c->start_ns);
	use->last = time_ns <= c->end_ns ? *e : cpu_between(&use->last, use->time_ns, e, time_ns,
							    c->end_ns);
	use->time_ns = time_ns;
	return 0;
}

static int list_cpus(struct parallelism *self, struct result_parallelism *r)
{
	const struct context *c = self->c;
	bool all = !c->tgid && !c->tid;
	size_t count = max_u64(c->cores.count, self->cpus.count);

	if (vec_reserve(&r->cpus, count))
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		const struct core *core = i < c->cores.count ? &c->cores.at[i] : NULL;
		const struct cpu_use *use = i < self->cpus.count ? &self->cpus.at[i] : NULL;
		struct result_cpu cpu = { .cpu = (uint32_t)i };

		if (core)
			cpu.run_ns = core->run_ns;
		if (use && use->any) {
			uint64_t target_ns = grown(use->first.target_ns, use->last.target_ns);

			/* the probes' sums know of runs that left no record */
			if (all && (!core || core->lost || c->shorts_seen))
				cpu.run_ns = target_ns;
			/* that a thread was taken up while it ran, the probes learn late */
			cpu.other_ns = grown(use->first.other_ns, use->last.other_ns) + target_ns;
			cpu.other_ns -= cpu.run_ns < cpu.other_ns ? cpu.run_ns : cpu.other_ns;
			cpu.idle_ns = grown(use->first.idle_ns, use->last.idle_ns);
		}
		if ((core && core->seen) || (use && use->any))
			r->cpus.at[r->cpus.count++] = cpu;
	}
	return 0;
}

/* The time that nothing ran at the end: the last thread to stop says why. */
static void stall_at_end(struct parallelism *self)
{
	const struct runlog_change *last = runlog_last(&self->log);
	const struct absence open = {
		.blocked = true,
		.class = self->open_class,
		.woken_ns = self->c->end_ns,
	};

	if (self->open_any && !last->running && !last->lost)
		stall_end(self, last->from_ns, self->c->end_ns, &open);
}

static int parallelism_finish(void *p, struct result *result)
{
	struct parallelism *self = p;
	struct result_parallelism *r = &result->parallelism;
	const struct runlog *log = &self->log;
	double run = 0;

	stall_at_end(self);
	if (runlog_finish(&self->log) || vec_reserve(&r->by_running_ns, log->settled.count + 1))
		return -ENOMEM;
	/* nobody ever ran: still say so */
	r->by_running_ns.at[0] = 0;
	r->by_running_ns.count = max_u64(log->settled.count, 1);
	for (size_t k = 0; k < log->settled.count; k++) {
		uint64_t ns = log->settled.at[k];

		r->by_running_ns.at[k] = ns;
		r->observed_ns += ns;
		run += (double)k * (double)ns;
		if (k && ns)
			r->max = (uint32_t)k;
	}
	r->active_ns = r->observed_ns - r->by_running_ns.at[0];
	if (r->by_running_ns.count > 1)
		r->serial_ns = r->by_running_ns.at[1];
	r->approximate = self->c->shorts_seen;
	if (!r->approximate) {
		memcpy(r->stalled_by_class_ns, self->stalled_by_class_ns,
		       sizeof(r->stalled_by_class_ns));
		r->stalled_runnable_ns = self->stalled_runnable_ns;
	}
	if (r->observed_ns) {
		r->mean = run / (double)r->observed_ns;
		r->concurrency_mean =
			r->mean + (double)result->totals.runnable_ns / (double)r->observed_ns;
	}
	return list_cpus(self, r);
}

const struct analysis analysis_parallelism = {
	.new = parallelism_new,
	.free = parallelism_free,
	.absence = parallelism_absence,
	.running = parallelism_running,
	.lost = parallelism_lost,
	.cpu = parallelism_cpu,
	.finish = parallelism_finish,
};
