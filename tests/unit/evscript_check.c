/* SPDX-License-Identifier: GPL-2.0-only */
/* What must hold of a result: of any, and of one whose truth the simulator knows. */
#include "evscript.h"

static void assert_totals(const struct totals *t)
{
	uint64_t classes = 0;

	for (int i = 0; i < CLASS_COUNT; i++)
		classes += t->by_class_ns[i];
	assert_int_equal(t->wait_ns, classes);
	assert_int_equal(t->life_ns, t->run_ns + t->runnable_ns + t->wait_ns);
}

static void assert_lock(const struct result_lock *l)
{
	uint64_t blame = 0, wait = 0, waits = 0;

	for (size_t i = 0; i < l->holders.count; i++) {
		blame += l->holders.at[i].blame_ns;
		assert_true(l->holders.at[i].inferred_ns <= l->holders.at[i].blame_ns);
	}
	for (size_t i = 0; i < l->waiters.count; i++) {
		wait += l->waiters.at[i].wait_ns;
		waits += l->waiters.at[i].waits;
		assert_true(l->waiters.at[i].max_wait_ns <= l->max_wait_ns);
	}
	assert_int_equal(blame, l->wait_ns);
	assert_int_equal(wait, l->wait_ns);
	assert_int_equal(waits, l->waits);
	assert_true(l->open_waits <= l->waits);
	assert_true(l->contended_ns + l->parked_ns <= l->wait_ns);
}

static void assert_parallelism(const struct result *r)
{
	const struct result_parallelism *p = &r->parallelism;
	uint64_t sum = 0, stalled = p->stalled_runnable_ns;

	for (size_t k = 0; k < p->by_running_ns.count; k++)
		sum += p->by_running_ns.at[k];
	for (int i = 0; i < CLASS_COUNT; i++)
		stalled += p->stalled_by_class_ns[i];
	assert_int_equal(sum, p->observed_ns);
	assert_true(p->observed_ns <= r->duration_ns);
	assert_int_equal(p->active_ns + p->by_running_ns.at[0], p->observed_ns);
	assert_true(p->serial_ns <= p->active_ns);
	assert_true(stalled <= r->duration_ns);
}

void assert_result_invariants(const struct result *r)
{
	struct totals sum = { 0 }, of_processes = { 0 };

	for (size_t i = 0; i < r->threads.count; i++) {
		const struct result_thread *t = &r->threads.at[i];

		assert_totals(&t->sum);
		assert_true(t->sum.censored_ns <= t->sum.wait_ns);
		assert_true(t->sum.preempted_ns <= t->sum.runnable_ns);
		assert_true(t->sum.throttled_ns <= t->sum.preempted_ns);
		assert_true(t->start_ns <= t->end_ns);
		assert_true(t->end_ns <= r->duration_ns);
		assert_int_equal(t->end_ns - t->start_ns, t->sum.life_ns + t->sum.unknown_ns);
		sum.life_ns += t->sum.life_ns;
		sum.run_ns += t->sum.run_ns;
		sum.unknown_ns += t->sum.unknown_ns;
		sum.voluntary += t->sum.voluntary;
		sum.involuntary += t->sum.involuntary;
		sum.waits += t->sum.waits;
	}
	for (size_t i = 0; i < r->processes.count; i++) {
		assert_totals(&r->processes.at[i].sum);
		of_processes.life_ns += r->processes.at[i].sum.life_ns;
		of_processes.waits += r->processes.at[i].sum.waits;
	}
	assert_totals(&r->totals);
	assert_int_equal(r->totals.life_ns, sum.life_ns);
	assert_int_equal(r->totals.run_ns, sum.run_ns);
	assert_int_equal(r->totals.unknown_ns, sum.unknown_ns);
	assert_int_equal(r->totals.voluntary, sum.voluntary);
	assert_int_equal(r->totals.involuntary, sum.involuntary);
	assert_int_equal(r->totals.waits, sum.waits);
	assert_int_equal(of_processes.life_ns, sum.life_ns);
	assert_int_equal(of_processes.waits, sum.waits);
	for (size_t i = 0; i < r->locks.count; i++)
		assert_lock(&r->locks.at[i]);
	for (size_t i = 0; i < r->findings.count; i++) {
		assert_true(r->findings.at[i].share >= 0 && r->findings.at[i].share <= 1);
		assert_true(r->findings.at[i].evidence.count > 0);
	}
	assert_true(r->findings.count <= 3);
	assert_parallelism(r);
}

void assert_result_is_true(struct evscript *s, const struct result *r)
{
	const struct result_parallelism *p = &r->parallelism;
	size_t found = 0;

	for (size_t i = 0; i < r->threads.count; i++) {
		const struct result_thread *t = &r->threads.at[i];
		const struct actor *a = &s->actors[t->thread - 1];

		found++;
		if (t->sum.run_ns != a->run_ns || t->sum.runnable_ns != a->runnable_ns ||
		    t->sum.wait_ns != a->wait_ns || t->sum.unknown_ns ||
		    t->sum.voluntary != a->voluntary || t->sum.involuntary != a->involuntary)
			fail_msg("%s: ran %lu (really %lu), runnable %lu (%lu), waited %lu (%lu), "
				 "unknown %lu, switches %lu+%lu (%lu+%lu)",
				 a->name, t->sum.run_ns, a->run_ns, t->sum.runnable_ns,
				 a->runnable_ns, t->sum.wait_ns, a->wait_ns, t->sum.unknown_ns,
				 t->sum.voluntary, t->sum.involuntary, a->voluntary,
				 a->involuntary);
	}
	if (!p->approximate) {
		uint64_t wanted = 0;

		for (size_t k = 0; k < p->by_wanting_ns.count; k++)
			wanted += k * p->by_wanting_ns.at[k];
		if (wanted != r->totals.run_ns + r->totals.runnable_ns)
			fail_msg("cores were wanted for %lu, really %lu", wanted,
				 r->totals.run_ns + r->totals.runnable_ns);
		assert_true(p->crowded_ns <= r->totals.runnable_ns);
	}
	for (size_t i = 0; i < s->actor_count; i++)
		if (s->actors[i].run_ns + s->actors[i].runnable_ns + s->actors[i].wait_ns)
			assert_true(found-- > 0);
	for (size_t k = 0; k <= EVSCRIPT_CPUS; k++) {
		uint64_t ns = k < p->by_running_ns.count ? p->by_running_ns.at[k] : 0;

		if (ns != s->by_running_ns[k])
			fail_msg("%zu ran for %lu, really %lu", k, ns, s->by_running_ns[k]);
	}
}

void assert_thread(const struct result_thread *t, uint64_t run, uint64_t runnable, uint64_t wait,
		   uint64_t unknown)
{
	if (t->sum.run_ns != run || t->sum.runnable_ns != runnable || t->sum.wait_ns != wait ||
	    t->sum.unknown_ns != unknown)
		fail_msg("%s: run %lu runnable %lu wait %lu unknown %lu, not %lu %lu %lu %lu",
			 t->comm, t->sum.run_ns, t->sum.runnable_ns, t->sum.wait_ns,
			 t->sum.unknown_ns, run, runnable, wait, unknown);
}

void assert_switches(const struct result_thread *t, uint64_t voluntary, uint64_t involuntary)
{
	assert_int_equal(t->sum.voluntary, voluntary);
	assert_int_equal(t->sum.involuntary, involuntary);
}
