/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * parallelism: how many threads ran at each instant, and how the cores were used.
 *
 * Changes of the number come nearly in order of time, but truth may come late:
 * records of a CPU turn out to be lost when the next one comes, a thread to
 * have left earlier than its core showed. So the last changes stay in a log,
 * which can be corrected exactly; what falls out of it is settled into sums by
 * number. A correction that reaches behind the log changes the sums in
 * proportion: it keeps their total right, and happens only after a loss.
 *
 * Invariant: settled + log = the window so far, without what was lost.
 */
#include "core/analysis.h"

#include <string.h>

enum { LOG_SIZE = 8192 };

struct change {
	uint64_t from_ns; /* until the next entry */
	uint32_t running;
	bool lost; /* not known, so not counted */
};

/* A CPU's use at the edges of the window, between the times that are known. */
struct cpu_use {
	bool any;
	uint64_t time_ns; /* of `last` */
	struct event_cpu first, last; /* at the window's start; so far, at most at its end */
};

struct parallelism {
	struct context *c;
	struct change log[LOG_SIZE];
	size_t log_count; /* at least 1 once begun */
	VEC(uint64_t) settled; /* [k]: time that k threads ran */
	uint64_t settled_ns; /* their sum */
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

	if (self)
		self->c = c;
	return self;
}

static void parallelism_free(void *p)
{
	struct parallelism *self = p;

	vec_release(&self->settled);
	vec_release(&self->cpus);
	free(self);
}

static int settle_one(struct parallelism *self, uint32_t running, uint64_t from_ns, uint64_t to_ns)
{
	uint64_t span = context_overlap(self->c, from_ns, to_ns);

	if (!span)
		return 0;
	while (self->settled.count <= running)
		if (vec_push(&self->settled, 0))
			return -ENOMEM;
	self->settled.at[running] += span;
	self->settled_ns += span;
	return 0;
}

/* Moves the oldest @count entries into the sums. */
static int settle(struct parallelism *self, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct change *change = &self->log[i];

		if (!change->lost &&
		    settle_one(self, change->running, change->from_ns, change[1].from_ns))
			return -ENOMEM;
	}
	self->log_count -= count;
	memmove(self->log, self->log + count, self->log_count * sizeof(*self->log));
	return 0;
}

/*
 * The entry that begins at @time_ns, which is not before the log, made by
 * splitting if there is none.
 */
static int log_split(struct parallelism *self, uint64_t time_ns, size_t *ret)
{
	size_t i = self->log_count;

	while (self->log[i - 1].from_ns > time_ns)
		i--;
	if (self->log[i - 1].from_ns == time_ns) {
		*ret = i - 1;
		return 0;
	}
	if (self->log_count == LOG_SIZE) {
		size_t half = LOG_SIZE / 2;

		/* what is to be split must stay */
		if (i <= half)
			half = i - 1;
		if (half && settle(self, half))
			return -ENOMEM;
		i -= half;
		if (!half) {
			/* full of what came after: give up the moment, not the memory */
			*ret = 0;
			return 0;
		}
	}
	memmove(self->log + i + 1, self->log + i, (self->log_count - i) * sizeof(*self->log));
	self->log[i] = self->log[i - 1];
	self->log[i].from_ns = time_ns;
	self->log_count++;
	*ret = i;
	return 0;
}

static void log_begin(struct parallelism *self)
{
	if (self->log_count)
		return;
	self->log[0] = (struct change){ .from_ns = self->c->start_ns };
	self->log_count = 1;
}

/* Of the settled time, @ns had one thread more or less. */
static int settled_shift(struct parallelism *self, uint64_t ns, int delta)
{
	size_t count = self->settled.count;

	if (!self->settled_ns)
		return 0;
	if (delta > 0 && self->settled.at[count - 1]) {
		if (vec_push(&self->settled, 0))
			return -ENOMEM;
		count++;
	}
	for (size_t i = 1; i < count; i++) {
		/* away from the side that is being filled */
		size_t from = delta > 0 ? count - 1 - i : i;
		size_t to = delta > 0 ? from + 1 : from - 1;
		uint64_t part = scale_u64(self->settled.at[from], ns, self->settled_ns);

		self->settled.at[from] -= part;
		self->settled.at[to] += part;
	}
	return 0;
}

static void settled_drop(struct parallelism *self, uint64_t ns)
{
	uint64_t whole = self->settled_ns;

	for (size_t k = 0; whole && k < self->settled.count; k++) {
		uint64_t part = scale_u64(self->settled.at[k], ns, whole);

		self->settled.at[k] -= part;
		self->settled_ns -= part;
	}
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

static void change_add(struct change *change, int delta)
{
	/* less than none means that a beginning was lost */
	if (delta > 0 || change->running)
		change->running += (uint32_t)delta;
}

/* The newest change, which is what nearly all are. */
static int log_append(struct parallelism *self, uint64_t time_ns, int delta,
		      const struct absence *why)
{
	const struct change *last = &self->log[self->log_count - 1];
	size_t at;

	if (delta > 0 && !last->running && !last->lost)
		stall_end(self, last->from_ns, time_ns, why);
	if (log_split(self, time_ns, &at))
		return -ENOMEM;
	change_add(&self->log[at], delta);
	/* one left and another came at the same instant: nothing changed */
	if (at && self->log[at].running == self->log[at - 1].running &&
	    self->log[at].lost == self->log[at - 1].lost)
		self->log_count--;
	return 0;
}

static int parallelism_running(void *p, uint64_t time_ns, int delta, const struct absence *why)
{
	struct parallelism *self = p;
	size_t at;

	log_begin(self);
	if (time_ns >= self->c->end_ns)
		return 0;
	time_ns = max_u64(time_ns, self->c->start_ns);
	if (time_ns >= self->log[self->log_count - 1].from_ns)
		return log_append(self, time_ns, delta, why);
	if (time_ns < self->log[0].from_ns) {
		if (settled_shift(self, self->log[0].from_ns - time_ns, delta))
			return -ENOMEM;
		time_ns = self->log[0].from_ns;
	}
	if (log_split(self, time_ns, &at))
		return -ENOMEM;
	for (; at < self->log_count; at++)
		change_add(&self->log[at], delta);
	return 0;
}

/* The whole of [@from_ns, @to_ns] becomes one entry: each is walked over once. */
static int parallelism_lost(void *p, uint64_t from_ns, uint64_t to_ns)
{
	struct parallelism *self = p;
	size_t from, to;

	log_begin(self);
	from_ns = context_clip(self->c, from_ns);
	to_ns = context_clip(self->c, to_ns);
	if (from_ns >= to_ns)
		return 0;
	if (from_ns < self->log[0].from_ns) {
		settled_drop(self, self->log[0].from_ns - from_ns);
		from_ns = self->log[0].from_ns;
	}
	if (to_ns <= from_ns)
		return 0;
	if (log_split(self, to_ns, &to) || log_split(self, from_ns, &from))
		return -ENOMEM;
	/* the splits may have moved each other's entry */
	for (to = from + 1; to < self->log_count && self->log[to].from_ns < to_ns;)
		to++;
	self->log[from].lost = true;
	memmove(self->log + from + 1, self->log + to, (self->log_count - to) * sizeof(*self->log));
	self->log_count -= to - from - 1;
	self->stalled_until_ns = max_u64(self->stalled_until_ns, to_ns);
	return 0;
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

/* What @a and @b, known at two times, make of a time between them. */
static struct event_cpu cpu_between(const struct event_cpu *a, uint64_t a_ns,
				    const struct event_cpu *b, uint64_t b_ns, uint64_t time_ns)
{
	uint64_t part = time_ns - a_ns, whole = b_ns - a_ns;
	struct event_cpu e = *a;

	e.target_ns += scale_u64(b->target_ns - a->target_ns, part, whole);
	e.other_ns += scale_u64(b->other_ns - a->other_ns, part, whole);
	e.idle_ns += scale_u64(b->idle_ns - a->idle_ns, part, whole);
	return e;
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
	/* sums only grow */
	if (time_ns < use->time_ns || e->target_ns < use->last.target_ns ||
	    e->other_ns < use->last.other_ns || e->idle_ns < use->last.idle_ns) {
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
			uint64_t target_ns = use->last.target_ns - use->first.target_ns;

			/* the probes' sums know of runs that left no record */
			if (all && (!core || core->lost || c->shorts_seen))
				cpu.run_ns = target_ns;
			cpu.other_ns = use->last.other_ns - use->first.other_ns;
			if (target_ns > cpu.run_ns)
				cpu.other_ns += target_ns - cpu.run_ns;
			cpu.idle_ns = use->last.idle_ns - use->first.idle_ns;
		}
		if ((core && core->seen) || (use && use->any))
			r->cpus.at[r->cpus.count++] = cpu;
	}
	return 0;
}

/* The time that nothing ran at the end: the last thread to stop says why. */
static void stall_at_end(struct parallelism *self)
{
	const struct change *last = &self->log[self->log_count - 1];
	const struct absence open = {
		.blocked = true,
		.class = self->open_class,
		.woken_ns = self->c->end_ns,
	};

	if (self->open_any && !last->running && !last->lost)
		stall_end(self, last->from_ns, self->c->end_ns, &open);
}

static int settle_all(struct parallelism *self)
{
	for (size_t i = 0; i < self->log_count; i++) {
		const struct change *change = &self->log[i];
		uint64_t to_ns = i + 1 < self->log_count ? change[1].from_ns : self->c->end_ns;

		if (!change->lost && settle_one(self, change->running, change->from_ns, to_ns))
			return -ENOMEM;
	}
	self->log_count = 0;
	while (self->settled.count && !self->settled.at[self->settled.count - 1])
		self->settled.count--;
	return 0;
}

static int parallelism_finish(void *p, struct result *result)
{
	struct parallelism *self = p;
	struct result_parallelism *r = &result->parallelism;
	double run = 0;

	log_begin(self);
	stall_at_end(self);
	if (settle_all(self) || vec_reserve(&r->by_running_ns, self->settled.count + 1))
		return -ENOMEM;
	/* nobody ever ran: still say so */
	r->by_running_ns.at[0] = 0;
	r->by_running_ns.count = max_u64(self->settled.count, 1);
	for (size_t k = 0; k < self->settled.count; k++) {
		uint64_t ns = self->settled.at[k];

		r->by_running_ns.at[k] = ns;
		r->observed_ns += ns;
		run += (double)k * (double)ns;
		if (k && ns)
			r->max = (uint32_t)k;
	}
	r->active_ns = r->observed_ns - r->by_running_ns.at[0];
	if (r->by_running_ns.count > 1)
		r->serial_ns = r->by_running_ns.at[1];
	memcpy(r->stalled_by_class_ns, self->stalled_by_class_ns, sizeof(r->stalled_by_class_ns));
	r->stalled_runnable_ns = self->stalled_runnable_ns;
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
