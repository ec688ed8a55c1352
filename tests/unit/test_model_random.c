/* SPDX-License-Identifier: GPL-2.0-only */
/* What holds of every recording: of true ones, of lossy ones, of nonsense. */
#include "evscript.h"
#include "oom.h"
#include "random_event.h"

#include <stdio.h>
#include <string.h>

/* A scheduler that does anything a real one may. */
struct chaos {
	struct evscript s;
	uint64_t seed;
	int cpus;
	bool one_core;
	bool may_float; /* a command whose core nobody told */
};

static uint64_t below(struct chaos *c, uint64_t n)
{
	return unit_random(&c->seed) % n;
}

static struct actor *pick(struct chaos *c, enum doing doing)
{
	size_t start = below(c, c->s.actor_count ? c->s.actor_count : 1);

	for (size_t i = 0; i < c->s.actor_count; i++) {
		struct actor *a = &c->s.actors[(start + i) % c->s.actor_count];

		if (a->alive && a->doing == doing)
			return a;
	}
	return NULL;
}

static const char *reason(struct chaos *c)
{
	static const char *const reasons[] = {
		"wait futex 0x10 mutex object 1 owner A",
		"wait futex 0x10 mutex object 1 owner C",
		"wait futex 0x10 mutex object 1",
		"wait futex 0x20 condition object 2",
		"wait read object 3 disk io",	  "wait epoll_wait object 4",
		"wait clock_nanosleep",		  "wait fault disk io",
		"wait wait4",			  "wait recvfrom object 5 stack 7",
		"preempted",			  "preempted",
		"wait futex 0x30",		  "wait openat disk",
	};

	return reasons[below(c, ARRAY_COUNT(reasons))];
}

static void begin(struct chaos *c)
{
	evscript_play(&c->s, "1000 object 1 futex 0x10\n"
			     "1000 object 2 futex 0x20\n"
			     "1000 object 3 file /tmp/x\n"
			     "1000 object 4 epoll\n"
			     "1000 object 5 socket tcp:80\n"
			     "1000 task A found wait futex 0x10 mutex object 1\n"
			     "1000 task B found runnable\n"
			     "1000 task C found on cpu0\n");
	if (c->may_float)
		evscript_play(&c->s, "1000 task D execed\n");
	else if (c->cpus > 1)
		evscript_play(&c->s, "1000 task D execed on cpu1\n");
}

static void switch_core(struct chaos *c, uint64_t t)
{
	int cpu = (int)below(c, (uint64_t)c->cpus);
	struct actor *out = c->s.on[cpu], *in = below(c, 4) ? pick(c, DOING_RUNNABLE) : NULL;
	const char *why = reason(c);

	for (size_t i = 0; !out && c->may_float && i < c->s.actor_count; i++)
		/* where D runs is only known here */
		if (c->s.actors[i].doing == DOING_RUN && c->s.actors[i].cpu < 0)
			out = cpu == 1 ? &c->s.actors[i] : NULL;
	/* a waiting thread may get a core without a wake-up that anybody saw */
	if (!in && !below(c, 16))
		in = pick(c, DOING_WAIT);
	if (in && in == out)
		in = NULL;
	if (!in && !out)
		return;
	if (out && c->s.actor_count > 6 && !below(c, 20))
		why = "dead";
	evscript_line(&c->s, "%lu cpu%d switch %s>%s %s", t, cpu, out ? out->name : "-",
		      in ? in->name : "-", why);
}

static void step(struct chaos *c, uint64_t t)
{
	struct actor *a, *b;
	uint64_t what = below(c, 10);

	if (what < 6) {
		switch_core(c, t);
	} else if (what < 9) {
		a = pick(c, DOING_WAIT);
		b = pick(c, DOING_RUN);
		if (a && (b || !below(c, 2)))
			evscript_line(&c->s, "%lu wake %s by %s", t, a->name,
				      b && below(c, 2) ? b->name : "irq");
	} else if (c->s.actor_count < EVSCRIPT_THREADS && !below(c, 8)) {
		a = pick(c, DOING_RUN);
		if (a && below(c, 2))
			evscript_line(&c->s, "%lu task t%zu forked of %s", t, c->s.actor_count,
				      a->name);
		else if (a)
			evscript_line(&c->s, "%lu task t%zu forked by %s", t, c->s.actor_count,
				      a->name);
	}
}

static void chaos_run(struct chaos *c, uint64_t seed, int steps)
{
	uint64_t t = 1000;

	c->seed = seed * 0x9e3779b97f4a7c15ull | 1;
	for (int i = 0; i < 5; i++)
		unit_random(&c->seed);
	c->cpus = c->one_core ? 1 : 1 + (int)below(c, 4);
	c->may_float = c->cpus > 1 && below(c, 2);
	begin(c);
	for (int i = 0; i < steps; i++) {
		t += below(c, 3) ? below(c, 1000) : 0;
		step(c, t);
	}
}

static void chaos_play(struct chaos *c, uint64_t seed, int steps)
{
	chaos_run(c, seed, steps);
	evscript_line(&c->s, "%lu end", c->s.now_ns + 1 + below(c, 500));
}

static void every_nanosecond_of_a_recording_without_loss_is_told_right(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 300; seed++) {
		struct chaos c = { .may_float = false };
		struct result r;
		struct model *m;
		double run = 0;

		evscript_init(&c.s);
		chaos_play(&c, seed, 600);
		m = evscript_model(&c.s, &r);
		assert_result_invariants(&r);
		assert_result_is_true(&c.s, &r);
		assert_int_equal(r.ignored, 0);
		assert_int_equal(r.parallelism.observed_ns, r.duration_ns);
		for (size_t k = 0; k < r.parallelism.by_running_ns.count; k++)
			run += (double)k * (double)r.parallelism.by_running_ns.at[k];
		assert_true(run == (double)r.totals.run_ns);
		result_release(&r);
		model_free(m);
		evscript_release(&c.s);
	}
}

static void any_window_of_it_is_told_right_too(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 300; seed++) {
		struct chaos c = { .may_float = false };
		struct result r;
		struct model *m;

		evscript_init(&c.s);
		c.s.options.start_ns = 1000 + seed * 311 % 90000;
		c.s.options.end_ns = c.s.options.start_ns + 1 + seed * 7919 % 70000;
		chaos_play(&c, seed, 600);
		m = evscript_model(&c.s, &r);
		assert_result_invariants(&r);
		assert_result_is_true(&c.s, &r);
		result_release(&r);
		model_free(m);
		evscript_release(&c.s);
	}
}

static void windows_side_by_side_add_up_to_the_whole(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 60; seed++) {
		uint64_t run = 0, runnable = 0, wait = 0, switches = 0, active = 0, at = 1000;
		struct chaos c = { .may_float = false };
		struct result whole, part;
		struct model *m, *n;

		evscript_init(&c.s);
		chaos_play(&c, seed, 600);
		m = evscript_model(&c.s, &whole);
		while (at < c.s.recording.end_ns) {
			c.s.options.start_ns = at;
			at += 1 + unit_random(&c.seed) % 40000;
			if (at > c.s.recording.end_ns)
				at = c.s.recording.end_ns;
			c.s.options.end_ns = at;
			n = evscript_model(&c.s, &part);
			assert_result_invariants(&part);
			run += part.totals.run_ns;
			runnable += part.totals.runnable_ns;
			wait += part.totals.wait_ns;
			switches += part.totals.voluntary + part.totals.involuntary;
			active += part.parallelism.active_ns;
			result_release(&part);
			model_free(n);
		}
		assert_int_equal(run, whole.totals.run_ns);
		assert_int_equal(runnable, whole.totals.runnable_ns);
		assert_int_equal(wait, whole.totals.wait_ns);
		assert_int_equal(active, whole.parallelism.active_ns);
		/* what is switched out at the very end is in no window */
		assert_true(switches <= whole.totals.voluntary + whole.totals.involuntary);
		assert_true(switches + 8 >= whole.totals.voluntary + whole.totals.involuntary);
		result_release(&whole);
		model_free(m);
		evscript_release(&c.s);
	}
}

static void of_a_lossy_recording_nothing_untrue_is_said(void **state)
{
	uint64_t unknown = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 300; seed++) {
		struct chaos c = { .may_float = false };
		struct result r;
		struct model *m;

		evscript_init(&c.s);
		chaos_run(&c, seed, 300);
		for (int i = 0; i < 4; i++) {
			uint64_t from = c.s.now_ns - below(&c, 20000);

			for (uint64_t t = c.s.now_ns, end = t + 30000; t < end; t += below(&c, 500))
				step(&c, t);
			evscript_line(&c.s, "%lu lose cpu%lu from %lu", c.s.now_ns,
				      below(&c, (uint64_t)c.cpus), from);
		}
		evscript_line(&c.s, "%lu end", c.s.now_ns + 10);
		m = evscript_model(&c.s, &r);
		assert_result_invariants(&r);
		unknown += r.totals.unknown_ns;
		for (size_t i = 0; i < r.threads.count; i++) {
			const struct actor *a = &c.s.actors[r.threads.at[i].thread - 1];
			const struct totals *sum = &r.threads.at[i].sum;

			assert_true(sum->run_ns <= a->run_ns);
			assert_true(sum->voluntary <= a->voluntary);
			assert_true(sum->involuntary <= a->involuntary);
			/* one found waiting that got a core in a hole, and has kept it ever
			 * since or ended, left no trace of that: it is still said to wait */
			if (a->doing == DOING_RUN || !a->alive)
				continue;
			assert_true(sum->wait_ns <= a->wait_ns);
			assert_true(sum->runnable_ns <= a->runnable_ns);
		}
		result_release(&r);
		model_free(m);
		evscript_release(&c.s);
	}
	assert_true(unknown > 0);
}

static void on_one_core_never_two_ran_at_once_whatever_is_lost(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 300; seed++) {
		struct chaos c = { .may_float = false };
		struct result r;
		struct model *m;

		evscript_init(&c.s);
		c.one_core = true;
		chaos_run(&c, seed, 300);
		for (int i = 0; i < 8; i++) {
			uint64_t from = c.s.now_ns - below(&c, 5000);

			for (uint64_t t = c.s.now_ns, end = t + 10000; t < end; t += below(&c, 500))
				step(&c, t);
			evscript_line(&c.s, "%lu lose cpu0 from %lu", c.s.now_ns, from);
		}
		evscript_line(&c.s, "%lu end", c.s.now_ns + 10);
		m = evscript_model(&c.s, &r);
		assert_result_invariants(&r);
		assert_true(r.parallelism.max <= 1);
		result_release(&r);
		model_free(m);
		evscript_release(&c.s);
	}
}

/* Events that come twice, and events that are not there. */
static void any_events_missing_or_doubled_break_no_invariant(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 300; seed++) {
		struct chaos c = { .may_float = false };
		struct evscript torn;
		struct result r;
		struct model *m;

		evscript_init(&c.s);
		evscript_init(&torn);
		chaos_play(&c, seed, 300);
		torn.recording = c.s.recording;
		for (size_t i = 0; i < c.s.events.count; i++) {
			const struct event *e = &c.s.events.at[i];

			if (below(&c, 10) == 0)
				continue;
			evscript_event(&torn, e);
			if (below(&c, 10) == 0)
				evscript_event(&torn, &c.s.events.at[i - below(&c, i + 1)]);
		}
		m = evscript_model(&torn, &r);
		assert_result_invariants(&r);
		result_release(&r);
		model_free(m);
		evscript_release(&torn);
		evscript_release(&c.s);
	}
}

static void a_result_is_the_same_whenever_it_is_made(void **state)
{
	struct chaos c = { .may_float = false };
	struct result a, b;
	struct model *m, *n;

	(void)state;
	evscript_init(&c.s);
	chaos_play(&c, 4242, 1000);
	m = evscript_model(&c.s, &a);
	n = evscript_model(&c.s, &b);
	assert_int_equal(a.threads.count, b.threads.count);
	for (size_t i = 0; i < a.threads.count; i++) {
		assert_int_equal(a.threads.at[i].thread, b.threads.at[i].thread);
		assert_memory_equal(&a.threads.at[i].sum, &b.threads.at[i].sum,
				    sizeof(a.threads.at[i].sum));
	}
	assert_int_equal(a.stacks.count, b.stacks.count);
	for (size_t i = 0; i < a.stacks.count; i++)
		assert_int_equal(a.stacks.at[i].ns, b.stacks.at[i].ns);
	result_release(&a);
	result_release(&b);
	model_free(m);
	model_free(n);
	evscript_release(&c.s);
}

/* Of any nonsense, each thread's pieces still partition its life. */
static void random_events_break_no_invariant(void **state)
{
	struct random_events random = { .seed = 77 };

	(void)state;
	for (int round = 0; round < 200; round++) {
		struct model_options options = { .machine = round % 2 ? "aarch64" : "x86_64" };
		struct recording recording = { .machine = "x86_64" };
		struct model *m;
		struct result r;
		struct event e;

		if (round % 3) {
			options.start_ns = random_below(&random, 1 << 20);
			options.end_ns = random_below(&random, 1 << 20);
		}
		recording.end_ns = random_below(&random, 2) ? random_u64(&random) : 0;
		m = model_new(&options);
		assert_non_null(m);
		for (int i = 0; i < 2000; i++) {
			random_event(&random, &e);
			assert_int_equal(model_add(m, &e), 0);
		}
		assert_int_equal(model_finish(m, &recording, &r), 0);
		for (size_t i = 0; i < r.threads.count; i++) {
			const struct totals *sum = &r.threads.at[i].sum;

			assert_int_equal(r.threads.at[i].end_ns - r.threads.at[i].start_ns,
					 sum->life_ns + sum->unknown_ns);
			assert_int_equal(sum->life_ns,
					 sum->run_ns + sum->runnable_ns + sum->wait_ns);
			assert_true(r.threads.at[i].end_ns <= r.duration_ns);
		}
		result_release(&r);
		model_free(m);
	}
}

static void every_allocation_may_fail_once(void **state)
{
	struct chaos c = { .may_float = false };

	(void)state;
	evscript_init(&c.s);
	chaos_play(&c, 5, 200);
	evscript_play(&c.s, "");
	OOM_SWEEP(4000) {
		struct model_options options = c.s.options;
		struct model *m = model_new(&options);
		struct result r = { .duration_ns = 0 };
		int rc = m ? 0 : -ENOMEM;

		for (size_t i = 0; i < c.s.events.count && !rc; i++)
			rc = model_add(m, &c.s.events.at[i]);
		if (!rc)
			rc = model_finish(m, &c.s.recording, &r);
		assert_int_equal(rc, oom_has_failed() ? -ENOMEM : 0);
		if (!rc)
			result_release(&r);
		model_free(m);
	}
	evscript_release(&c.s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_nanosecond_of_a_recording_without_loss_is_told_right),
		cmocka_unit_test(any_window_of_it_is_told_right_too),
		cmocka_unit_test(windows_side_by_side_add_up_to_the_whole),
		cmocka_unit_test(of_a_lossy_recording_nothing_untrue_is_said),
		cmocka_unit_test(on_one_core_never_two_ran_at_once_whatever_is_lost),
		cmocka_unit_test(any_events_missing_or_doubled_break_no_invariant),
		cmocka_unit_test(a_result_is_the_same_whenever_it_is_made),
		cmocka_unit_test(random_events_break_no_invariant),
		cmocka_unit_test(every_allocation_may_fail_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
