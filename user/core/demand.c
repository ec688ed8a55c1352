/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * demand: how many threads wanted a core at each instant, whether they had one
 * (running) or not (runnable).
 *
 * What ran says how many cores the program got; what it wanted is its own, and
 * is the same beside other programs: one thread that is kept waiting by them
 * still is one thread. So phases with nothing to do for a second core are told
 * from it (lone), and so is the queueing that the program makes for itself, by
 * wanting more cores than there are (crowded): of the time that threads were
 * runnable, the rest was others' doing, or that of a limit.
 *
 * When a thread became runnable is known only once it has got its core, so the
 * log of changes is corrected backwards all the time (runlog.h).
 */
#include "core/runlog.h"

#include <string.h>

struct demand {
	struct context *c;
	struct runlog log;
	VEC(uint64_t) lone; /* by thread; shorter than the list of threads */
};

static void *demand_new(struct context *c)
{
	struct demand *self = calloc(1, sizeof(*self));

	if (self) {
		self->c = c;
		self->log.c = c;
	}
	return self;
}

static void demand_free(void *p)
{
	struct demand *self = p;

	runlog_release(&self->log);
	vec_release(&self->lone);
	free(self);
}

static int demand_running(void *p, uint64_t time_ns, int delta, const struct absence *why)
{
	struct demand *self = p;

	(void)why;
	return runlog_change(&self->log, time_ns, delta);
}

/* This thread wanted a core all that time: when nobody else did, it was the only one. */
static int wanted(struct demand *self, uint32_t thread, uint64_t from_ns, uint64_t to_ns)
{
	uint64_t ns = runlog_alone(&self->log, context_clip(self->c, from_ns),
				   context_clip(self->c, to_ns));

	if (!ns)
		return 0;
	while (self->lone.count <= thread)
		if (vec_push(&self->lone, 0))
			return -ENOMEM;
	self->lone.at[thread] += ns;
	return 0;
}

static int demand_span(void *p, uint32_t thread, enum span span, uint64_t from_ns, uint64_t to_ns)
{
	return span == SPAN_RUN ? wanted(p, thread, from_ns, to_ns) : 0;
}

static int demand_absence(void *p, const struct absence *a)
{
	struct demand *self = p;
	int rc;

	/* of waits that were only summed the times are not known */
	if (!a->runnable_ns || a->in_ns <= a->woken_ns)
		return 0;
	rc = runlog_change(&self->log, a->woken_ns, 1);
	if (!rc)
		rc = runlog_change(&self->log, a->in_ns, -1);
	return rc ? rc : wanted(self, a->thread, a->woken_ns, a->in_ns);
}

static int demand_lost(void *p, uint64_t from_ns, uint64_t to_ns)
{
	struct demand *self = p;

	return runlog_lose(&self->log, from_ns, to_ns);
}

static int demand_finish(void *p, struct result *result)
{
	struct demand *self = p;
	struct result_parallelism *r = &result->parallelism;
	const struct runlog *log = &self->log;
	/* a damaged file may say that there are fewer than were used */
	uint32_t cores = (uint32_t)max_u64(result->recording.cpus, r->max);

	if (runlog_finish(&self->log))
		return -ENOMEM;
	if (self->c->shorts_seen)
		return 0;
	if (vec_reserve(&r->by_wanting_ns, log->settled.count + 1))
		return -ENOMEM;
	r->by_wanting_ns.at[0] = 0;
	r->by_wanting_ns.count = max_u64(log->settled.count, 1);
	for (size_t k = 0; k < log->settled.count; k++) {
		uint64_t ns = log->settled.at[k];

		r->by_wanting_ns.at[k] = ns;
		if (k == 1)
			r->lone_ns = ns;
		if (k > cores)
			r->crowded_ns += (k - cores) * ns;
	}
	for (size_t i = 0; i < self->lone.count; i++) {
		uint32_t rank = self->c->threads.list.at[i].rank;

		if (rank != THREAD_NONE)
			result->threads.at[rank].lone_ns = self->lone.at[i];
	}
	return 0;
}

const struct analysis analysis_demand = {
	.new = demand_new,
	.free = demand_free,
	.span = demand_span,
	.absence = demand_absence,
	.running = demand_running,
	.lost = demand_lost,
	.finish = demand_finish,
};
