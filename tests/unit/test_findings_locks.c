/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What kind of trouble a lock is in, said of programs that are in that trouble. Times in the
 * scripts are microseconds.
 */
#include "findings_script.h"

/* N threads that think for a while and then hold one lock in turn (FIFO). */
static void saturated_mutex(struct evscript_run *run, int threads, uint64_t hold, uint64_t think,
			    int rounds)
{
	uint64_t t = 0;

	start(run, "1000 object 1 futex 0x5510 [heap]\n");
	line(run, 0, "task w0 found on cpu0");
	for (int i = 1; i < threads; i++)
		line(run, 0, "task w%d found on cpu%d of w0", i, i);
	/* the first one has the lock, the others find it taken */
	for (int i = 1; i < threads; i++)
		line(run, 0, "cpu%d switch w%d>- wait futex 0x5510 mutex owner w0 object 1", i, i);
	for (int op = 0; op < rounds * threads; op++) {
		int me = op % threads, next = (op + 1) % threads;

		t += hold;
		line(run, t, "wake w%d by w%d", next, me);
		line(run, t, "cpu%d switch ->w%d", next, next);
		line(run, t + think,
		     "cpu%d switch w%d>- wait futex 0x5510 mutex owner w%d object 1", me, me, next);
	}
}

/* Which finding is about a lock. */
static size_t lock_finding(const struct evscript_run *run)
{
	size_t i = 0;

	while (i < run->result.findings.count && strcmp(run->result.findings.at[i].id, "lock"))
		i++;
	assert_in_range(i, 0, run->result.findings.count - 1);
	return i;
}

static void assert_pattern(const struct evscript_run *run, const char *pattern)
{
	assert_string_equal(evidence(run, lock_finding(run), "pattern")->text, pattern);
	assert_true(evidence(run, lock_finding(run), "pattern_share")->real > 0.3);
}

static void assert_says(const struct evscript_run *run, const char *words)
{
	const struct finding *f = &run->result.findings.at[lock_finding(run)];

	if (!strstr(f->title, words) && !strstr(f->advice, words))
		fail_msg("not '%s' in '%s' (%s)", words, f->title, f->advice);
}

static void short_holds_with_a_queue_that_never_empties_are_a_convoy(void **state)
{
	struct evscript_run run;

	(void)state;
	saturated_mutex(&run, 4, 20, 5, 200);
	end(&run, 4 * 200 * 20 + 100, "lock");
	assert_pattern(&run, "convoy");
	assert_int_equal(evidence(&run, 0, "mean_hold_ns")->number / US, 20);
	assert_says(&run, "a convoy");
	evscript_stop(&run);
}

static void holds_of_half_a_millisecond_are_many_short_ones(void **state)
{
	struct evscript_run run;

	(void)state;
	saturated_mutex(&run, 4, 500, 100, 100);
	end(&run, 4 * 100 * 500 + 1000, "lock");
	assert_pattern(&run, "many_short_holds");
	evscript_stop(&run);
}

/* Two at a time: one waits while the other holds for @hold us, doing @meanwhile. */
static void one_waits(struct evscript_run *run, uint64_t t, uint64_t hold, const char *kind,
		      const char *meanwhile)
{
	line(run, t, "cpu0 switch A>- wait futex 0x10 %s owner B object 1", kind);
	if (meanwhile) {
		line(run, t + 1, "cpu1 switch B>- %s", meanwhile);
		if (strncmp(meanwhile, "preempted", 9))
			line(run, t + hold - 1, "wake B by irq");
		line(run, t + hold - 1, "cpu1 switch ->B");
	}
	line(run, t + hold, "wake A by B");
	line(run, t + hold, "cpu0 switch ->A");
}

static void two_at_a_lock(struct evscript_run *run)
{
	start(run, "1000 object 1 futex 0x10 the_lock\n"
		   "1000 object 2 file 0x99 /var/lib/journal\n"
		   "1000 task A found on cpu0\n"
		   "1000 task B found on cpu1 of A\n"
		   "1000 task C found on cpu2 of A\n");
}

static void one_long_hold_among_many_short_ones_is_told(void **state)
{
	struct evscript_run run;
	uint64_t t = 0;

	(void)state;
	two_at_a_lock(&run);
	for (int i = 0; i < 300; i++) {
		uint64_t hold = i % 100 == 50 ? 20000 : 20;

		one_waits(&run, t, hold, "mutex", NULL);
		t += hold + 10;
	}
	end(&run, t, "lock");
	assert_pattern(&run, "long_holder");
	assert_says(&run, "3 of 300 holds");
	evscript_stop(&run);
}

static void a_lock_that_is_held_across_fsync_names_the_file(void **state)
{
	struct evscript_run run;

	(void)state;
	two_at_a_lock(&run);
	for (uint64_t i = 0; i < 100; i++)
		one_waits(&run, i * 1000, 900, "mutex", "wait fsync object 2 disk");
	end(&run, 100000, "lock disk");
	assert_pattern(&run, "held_across_wait");
	assert_says(&run, "kept while waiting for a file (fsync /var/lib/journal) for 99");
	evscript_stop(&run);
}

static void a_lock_that_is_held_while_waiting_for_another_points_to_that_one(void **state)
{
	struct evscript_run run;

	(void)state;
	two_at_a_lock(&run);
	line(&run, 0, "object 3 futex 0x20 inner_lock");
	/* C has the inner one, B waits for it with the outer one in hand, A waits for that */
	for (uint64_t i = 0, t = 0; i < 50; i++, t += 1000) {
		line(&run, t, "cpu1 switch B>- wait futex 0x20 mutex owner C object 3");
		line(&run, t + 1, "cpu0 switch A>- wait futex 0x10 mutex owner B object 1");
		line(&run, t + 900, "wake B by C");
		line(&run, t + 900, "cpu1 switch ->B");
		line(&run, t + 920, "wake A by B");
		line(&run, t + 920, "cpu0 switch ->A");
	}
	end(&run, 50000, "lock");
	assert_int_equal(evidence(&run, 0, "lock")->number, 2);
	assert_pattern(&run, "held_across_wait");
	assert_says(&run, "waiting for another lock (inner_lock)");
	assert_says(&run, "other lock is the bottleneck");
	evscript_stop(&run);
}

static void a_holder_that_is_kept_from_the_core_is_told(void **state)
{
	struct evscript_run run;

	(void)state;
	two_at_a_lock(&run);
	for (uint64_t i = 0; i < 100; i++)
		one_waits(&run, i * 5000, 4900, "mutex", "preempted");
	end(&run, 500000, "cores lock");
	assert_pattern(&run, "holder_without_core");
	assert_says(&run, "PTHREAD_PRIO_INHERIT");
	evscript_stop(&run);
}

static void a_writer_that_never_gets_its_turn_is_starved(void **state)
{
	struct evscript_run run;

	(void)state;
	two_at_a_lock(&run);
	/* readers come and go without waiting; B is the last of them, each time */
	for (uint64_t i = 0; i < 5; i++) {
		line(&run, i * 20000, "cpu0 switch A>- wait futex 0x10 rwlock object 1");
		line(&run, i * 20000 + 19000, "wake A by B");
		line(&run, i * 20000 + 19000, "cpu0 switch ->A");
	}
	end(&run, 100000, "lock");
	assert_pattern(&run, "starvation");
	evscript_stop(&run);
}

/* Three that wait at a condition; all are woken for each piece of work, or one of them. */
static void workers(struct evscript_run *run, bool all, uint64_t pieces)
{
	start(run, "1000 object 1 futex 0x10 jobs\n"
		   "1000 task M found on cpu3\n");
	for (int i = 0; i < 3; i++)
		line(run, 0, "task w%d found on cpu%d of M", i, i);
	for (int i = 0; i < 3; i++) {
		line(run, 1, "cpu%d switch w%d>- wait futex 0x10 condition object 1", i, i);
	}
	for (uint64_t k = 0; k < pieces; k++) {
		uint64_t t = 100 + k * 100;

		for (int i = 0; i < 3; i++)
			if (all || i == (int)(k % 3))
				line(run, t + (uint64_t)i, "wake w%d by M", i);
		for (int i = 0; i < 3; i++)
			if (all || i == (int)(k % 3))
				line(run, t + 5, "cpu%d switch ->w%d", i, i);
		for (int i = 0; i < 3; i++)
			if (all && i != (int)(k % 3))
				line(run, t + 8, "cpu%d switch w%d>- wait futex 0x10 condition "
						 "object 1", i, i);
		line(run, t + 80, "cpu%d switch w%d>- wait futex 0x10 condition object 1",
		     (int)(k % 3), (int)(k % 3));
	}
}

static void waking_all_for_work_of_one_is_a_herd(void **state)
{
	struct evscript_run run;
	bool found = false;

	(void)state;
	workers(&run, true, 1000);
	line(&run, 200000, "end");
	run.model = evscript_model(&run.script, &run.result);
	for (size_t i = 0; i < run.result.findings.count; i++)
		found |= !strcmp(run.result.findings.at[i].id, "herd");
	assert_true(found);
	assert_in_range(run.result.locks.at[0].wasted, 1900, 2100);
	evscript_stop(&run);
}

/* Whatever is woken by one thread again and again is no crowd, if it is always the same or each
 * has a token of its own. */
static void assert_no_herd(const char *kind, int sleepers)
{
	struct evscript_run run;

	start(&run, "1000 object 1 futex 0x10 jobs\n1000 task M found on cpu3\n");
	for (int i = 0; i < sleepers; i++)
		line(&run, 0, "task w%d found on cpu%d of M", i, i);
	for (int i = 0; i < sleepers; i++) {
		line(&run, 1, "cpu%d switch w%d>- wait futex 0x10 %s object 1", i, i, kind);
	}
	for (uint64_t t = 100; t < 200000; t += 10) {
		int i = (int)(t / 10) % sleepers;

		line(&run, t, "wake w%d by M", i);
		line(&run, t + 1, "cpu%d switch ->w%d", i, i);
		line(&run, t + 4, "cpu%d switch w%d>- wait futex 0x10 %s object 1", i, i, kind);
	}
	line(&run, 200000, "end");
	run.model = evscript_model(&run.script, &run.result);
	for (size_t i = 0; i < run.result.findings.count; i++)
		assert_string_not_equal(run.result.findings.at[i].id, "herd");
	assert_int_equal(run.result.locks.at[0].wasted, 0);
	evscript_stop(&run);
}

static void one_that_is_woken_often_and_tokens_of_a_semaphore_are_no_herd(void **state)
{
	(void)state;
	assert_no_herd("condition", 1);
	assert_no_herd("semaphore", 3);
}

static void of_pythons_interpreter_lock_processes_are_the_remedy(void **state)
{
	struct evscript_run run;

	(void)state;
	start(&run, "1000 object 1 futex 0x5510 _PyRuntime+0x1b0\n"
		    "1000 task a found on cpu0\n1000 task b found on cpu1 of a\n");
	for (uint64_t t = 0; t < 200000; t += 10000) {
		line(&run, t, "cpu1 switch b>- wait futex 0x5510 condition arg3 1 object 1");
		line(&run, t + 5000, "wake b by a");
		line(&run, t + 5000, "cpu1 switch ->b");
		line(&run, t + 5000, "cpu0 switch a>- wait futex 0x5510 condition arg3 1 object 1");
		line(&run, t + 10000, "wake a by b");
		line(&run, t + 10000, "cpu0 switch ->a");
	}
	end(&run, 200000, "lock");
	assert_pattern(&run, "interpreter_lock");
	assert_says(&run, "50 % of the threads' working time went to Python's interpreter lock");
	assert_says(&run, "multiprocessing");
	evscript_stop(&run);
}

static void a_queue_that_wakes_one_for_each_piece_is_neither_lock_nor_herd(void **state)
{
	struct evscript_run run;

	(void)state;
	workers(&run, false, 1000);
	line(&run, 200000, "end");
	run.model = evscript_model(&run.script, &run.result);
	for (size_t i = 0; i < run.result.findings.count; i++) {
		assert_string_not_equal(run.result.findings.at[i].id, "herd");
		assert_string_not_equal(run.result.findings.at[i].id, "lock");
	}
	assert_int_equal(run.result.locks.at[0].wasted, 0);
	evscript_stop(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_holds_with_a_queue_that_never_empties_are_a_convoy),
		cmocka_unit_test(holds_of_half_a_millisecond_are_many_short_ones),
		cmocka_unit_test(one_long_hold_among_many_short_ones_is_told),
		cmocka_unit_test(a_lock_that_is_held_across_fsync_names_the_file),
		cmocka_unit_test(a_lock_that_is_held_while_waiting_for_another_points_to_that_one),
		cmocka_unit_test(a_holder_that_is_kept_from_the_core_is_told),
		cmocka_unit_test(a_writer_that_never_gets_its_turn_is_starved),
		cmocka_unit_test(waking_all_for_work_of_one_is_a_herd),
		cmocka_unit_test(one_that_is_woken_often_and_tokens_of_a_semaphore_are_no_herd),
		cmocka_unit_test(of_pythons_interpreter_lock_processes_are_the_remedy),
		cmocka_unit_test(a_queue_that_wakes_one_for_each_piece_is_neither_lock_nor_herd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
