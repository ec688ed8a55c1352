/* SPDX-License-Identifier: GPL-2.0-only */
/* How many threads ran at each instant, why none did, and how the cores were used. */
#include "evscript.h"

#include <string.h>

static uint64_t time_of(const struct evscript_run *run, size_t k)
{
	const struct result_parallelism *p = &run->result.parallelism;

	return k < p->by_running_ns.count ? p->by_running_ns.at[k] : 0;
}

static void time_is_counted_by_how_many_ran_in_it(void **state)
{
	struct evscript_run run;
	const struct result_parallelism *p = &run.result.parallelism;

	(void)state;
	evscript_start(&run, "1000 task A found on cpu0\n"
			     "1000 task B found wait read\n"
			     "1000 task C found wait read\n"
			     "1200 cpu1 switch ->B\n"
			     "1500 cpu2 switch ->C\n"
			     "1600 cpu0 switch A>- wait read\n"
			     "1700 cpu1 switch B>- wait read\n"
			     "1750 cpu2 switch C>- wait read\n"
			     "2000 end\n");
	assert_int_equal(time_of(&run, 0), 250);
	assert_int_equal(time_of(&run, 1), 250);
	assert_int_equal(time_of(&run, 2), 400);
	assert_int_equal(time_of(&run, 3), 100);
	assert_int_equal(p->observed_ns, 1000);
	assert_int_equal(p->active_ns, 750);
	assert_int_equal(p->serial_ns, 250);
	assert_int_equal(p->max, 3);
	assert_true(p->mean == 1.35);
	assert_true(p->concurrency_mean == 1.35);
	evscript_stop(&run);
}

static void a_recording_in_which_nothing_ran_says_so(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_start(&run, "1000 task A found wait read\n2000 end\n");
	assert_int_equal(time_of(&run, 0), 1000);
	assert_int_equal(run.result.parallelism.max, 0);
	assert_true(run.result.parallelism.mean == 0);
	evscript_stop(&run);
}

static void who_waits_for_a_core_wants_one_as_much_as_who_has_it(void **state)
{
	struct evscript_run run;
	const struct result_parallelism *p = &run.result.parallelism;

	(void)state;
	/* A is alone until 1200 and, without a core for 200 of it, from 1700 on; C makes three
	 * of two cores */
	evscript_start(&run, "1000 task A found on cpu0\n"
			     "1000 task B found wait read\n"
			     "1000 task C found wait read\n"
			     "1200 wake B by irq\n"
			     "1250 cpu1 switch ->B\n"
			     "1500 wake C by irq\n"
			     "1600 cpu1 switch B>C wait read\n"
			     "1700 cpu1 switch C>- wait read\n"
			     "1700 cpu0 switch A>- preempted\n"
			     "1900 cpu0 switch ->A\n"
			     "2000 end\n");
	assert_int_equal(p->by_wanting_ns.count, 4);
	assert_int_equal(p->by_wanting_ns.at[0], 0);
	assert_int_equal(p->by_wanting_ns.at[1], 500);
	assert_int_equal(p->by_wanting_ns.at[2], 400);
	assert_int_equal(p->by_wanting_ns.at[3], 100);
	assert_int_equal(p->lone_ns, 500);
	assert_int_equal(p->crowded_ns, 100);
	assert_int_equal(p->serial_ns, 350);
	for (size_t i = 0; i < run.result.threads.count; i++)
		assert_int_equal(run.result.threads.at[i].lone_ns,
				 run.result.threads.at[i].comm[0] == 'A' ? 500 : 0);
	evscript_stop(&run);
}

static void a_thread_that_moves_between_cores_is_one_thread(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_start(&run, "1000 task A found on cpu0\n"
			     "1300 cpu0 switch A>- preempted\n"
			     "1300 cpu1 switch ->A\n"
			     "1600 cpu1 switch A>- preempted\n"
			     "1600 cpu0 switch ->A\n"
			     "2000 end\n");
	assert_int_equal(time_of(&run, 1), 1000);
	assert_int_equal(run.result.parallelism.max, 1);
	assert_int_equal(run.result.parallelism.cpus.at[0].run_ns, 700);
	assert_int_equal(run.result.parallelism.cpus.at[1].run_ns, 300);
	evscript_stop(&run);
}

static void the_serial_part_of_a_parallel_program_is_its_share_of_the_wall_time(void **state)
{
	struct evscript_run run;
	const struct result_parallelism *p = &run.result.parallelism;

	(void)state;
	/* Amdahl: 9 units alone, then 1 unit of 8 threads: 90 % of the time, 53 % of the work */
	evscript_init(&run.script);
	evscript_play(&run.script, "1000 task main found on cpu0\n");
	for (int i = 1; i < 8; i++)
		evscript_line(&run.script, "10000 task w%d forked of main", i);
	for (int i = 1; i < 8; i++)
		evscript_line(&run.script, "10000 cpu%d switch ->w%d", i, i);
	evscript_play(&run.script, "11000 end\n");
	evscript_finish(&run);
	assert_int_equal(p->serial_ns, 9000);
	assert_int_equal(time_of(&run, 8), 1000);
	assert_int_equal(p->max, 8);
	assert_true(p->mean == 1.7);
	assert_int_equal(run.result.totals.run_ns, 17000);
	evscript_stop(&run);
}

static void a_sleeper_that_is_bounced_among_cores_waits_for_the_sum_of_its_sleeps(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_init(&run.script);
	evscript_play(&run.script, "1000 task A found on cpu0\n");
	for (uint64_t i = 0; i < 1000; i++) {
		evscript_line(&run.script, "%lu cpu%lu switch A>- wait nanosleep", 2000 + i * 1000,
			      i * 7 % 5);
		evscript_line(&run.script, "%lu wake A by irq", 2600 + i * 1000);
		evscript_line(&run.script, "%lu cpu%lu switch ->A", 2650 + i * 1000,
			      (i + 1) * 7 % 5);
	}
	evscript_play(&run.script, "1002000 end\n");
	evscript_finish(&run);
	assert_thread(evscript_thread(&run, "A"), 1001000 - 650000, 50000, 600000, 0);
	assert_int_equal(time_of(&run, 1), 351000);
	evscript_stop(&run);
}

static void threads_on_a_queue_want_to_run_and_do_not(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_start(&run, "1000 task A found on cpu0\n"
			     "1000 task B found runnable\n"
			     "1000 task C found runnable\n"
			     "2000 end\n");
	assert_true(run.result.parallelism.mean == 1);
	assert_true(run.result.parallelism.concurrency_mean == 3);
	evscript_stop(&run);
}

static void time_of_which_records_are_lost_is_not_observed(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_start(&run, "1000 task A found on cpu0\n"
			     "1000 task B found on cpu1\n"
			     "1300 cpu0 switch A>- wait read\n"
			     "1400 lose cpu0 from 1250\n"
			     "1500 cpu0 switch ->A\n"
			     "2000 end\n");
	assert_int_equal(run.result.parallelism.observed_ns, 850);
	/* both ran until the hole; B alone until A came again */
	assert_int_equal(time_of(&run, 2), 750);
	assert_int_equal(time_of(&run, 1), 100);
	evscript_stop(&run);
}

static void holes_of_two_cores_that_overlap_are_one_hole(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_start(&run, "1000 task A found on cpu0\n"
			     "1000 task B found on cpu1\n"
			     "1400 lose cpu0 from 1200\n"
			     "1500 lose cpu1 from 1300\n"
			     "1600 lose cpu0 from 1550\n"
			     "2000 end\n");
	assert_int_equal(run.result.parallelism.observed_ns, 1000 - 300 - 50);
	assert_int_equal(time_of(&run, 2), 200);
	evscript_stop(&run);
}

static void a_hole_that_begins_before_the_window_is_clipped_to_it(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_init(&run.script);
	run.script.options.start_ns = 1300;
	run.script.options.end_ns = 1800;
	evscript_play(&run.script, "1000 task A found on cpu0\n"
				   "1400 lose cpu0 from 1100\n"
				   "1400 cpu0 switch A>- preempted\n"
				   "1400 cpu0 switch ->A\n"
				   "1900 lose cpu0 from 1700\n"
				   "2000 end\n");
	run.model = evscript_model(&run.script, &run.result);
	assert_result_invariants(&run.result);
	assert_int_equal(run.result.parallelism.observed_ns, 300);
	assert_int_equal(time_of(&run, 1), 300);
	evscript_stop(&run);
}

static void a_hole_that_makes_no_sense_changes_nothing(void **state)
{
	struct evscript_run run;
	struct event e = { .type = EVENT_LOST, .time_ns = 1500 };

	(void)state;
	evscript_init(&run.script);
	evscript_play(&run.script, "1000 task A found on cpu0\n");
	e.lost = (struct event_lost){ .cpu = 7, .from_ns = 1400, .to_ns = 1300, .count = 5 };
	evscript_event(&run.script, &e);
	evscript_play(&run.script, "2000 end\n");
	run.model = evscript_model(&run.script, &run.result);
	assert_result_invariants(&run.result);
	assert_int_equal(time_of(&run, 1), 1000);
	evscript_stop(&run);
}

static void a_sample_does_not_put_a_thread_on_a_core_that_has_another(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_init(&run.script);
	evscript_play(&run.script, "1000 task A found on cpu0\n"
				   "1000 task B execed\n");
	evscript_actor(&run.script, "B")->cpu = 0;
	evscript_play(&run.script, "1100 sample B\n");
	evscript_actor(&run.script, "B")->cpu = -1;
	evscript_play(&run.script, "1400 cpu0 switch A>- wait read\n2000 end\n");
	evscript_finish(&run);
	assert_int_equal(run.result.parallelism.cpus.at[0].run_ns, 400);
	assert_int_equal(time_of(&run, 2), 400);
	assert_int_equal(time_of(&run, 1), 600);
	evscript_stop(&run);
}

static void a_sample_tells_where_a_command_runs(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_init(&run.script);
	evscript_play(&run.script, "1000 task B execed\n1000 task A found wait read\n");
	evscript_actor(&run.script, "B")->cpu = 1;
	evscript_play(&run.script, "1100 sample B\n"
				   "1400 cpu1 switch B>A wait read\n"
				   "2000 end\n");
	evscript_finish(&run);
	assert_int_equal(time_of(&run, 1), 1000);
	assert_int_equal(run.result.parallelism.cpus.at[0].run_ns, 1000);
	evscript_stop(&run);
}

/* Many changes, so that the log has settled most of them. */
static void many_changes(struct evscript *s, uint64_t rounds)
{
	evscript_play(s, "1000 task A found on cpu0\n");
	for (uint64_t i = 0; i < rounds; i++) {
		evscript_line(s, "%lu cpu0 switch A>- wait read", 2000 + i * 1000);
		evscript_line(s, "%lu cpu0 switch ->A", 2500 + i * 1000);
	}
}

static void long_recordings_are_counted_to_the_nanosecond(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_init(&run.script);
	many_changes(&run.script, 20000);
	evscript_play(&run.script, "20002000 end\n");
	run.model = evscript_model(&run.script, &run.result);
	assert_result_invariants(&run.result);
	assert_result_is_true(&run.script, &run.result);
	assert_int_equal(time_of(&run, 0), 20000 * 500);
	evscript_stop(&run);
}

static void a_hole_longer_than_the_log_still_leaves_sums_that_add_up(void **state)
{
	struct evscript_run run;
	struct event e = { .type = EVENT_LOST, .time_ns = 20002000 };

	(void)state;
	evscript_init(&run.script);
	many_changes(&run.script, 20000);
	e.lost = (struct event_lost){ .cpu = 1, .from_ns = 10001000, .to_ns = 20001000 };
	evscript_event(&run.script, &e);
	evscript_play(&run.script, "20002000 end\n");
	run.model = evscript_model(&run.script, &run.result);
	assert_result_invariants(&run.result);
	assert_in_range(run.result.parallelism.observed_ns, 10001000, 10001010);
	assert_in_range(time_of(&run, 0), 4900000, 5100000);
	evscript_stop(&run);
}

static void who_ran_unseen_for_longer_than_the_log_is_counted_when_it_shows(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_init(&run.script);
	/* B execs on a core that nobody told, and blocks there while A takes it over */
	evscript_play(&run.script, "1000 task B execed\n");
	many_changes(&run.script, 1000);
	evscript_play(&run.script, "1002000 cpu0 switch A>- wait read\n"
				   "1002000 cpu1 switch B>A wait wait4\n");
	for (uint64_t i = 0; i < 20000; i++) {
		evscript_line(&run.script, "%lu cpu1 switch A>- wait read", 1003000 + i * 1000);
		evscript_line(&run.script, "%lu cpu1 switch ->A", 1003500 + i * 1000);
	}
	evscript_play(&run.script, "21003000 wake B by A\n"
				   "21003000 cpu1 switch A>B preempted\n"
				   "21004000 end\n");
	run.model = evscript_model(&run.script, &run.result);
	assert_result_invariants(&run.result);
	assert_int_equal(run.result.parallelism.observed_ns, 21003000);
	/* two ran for half of the first millisecond, one or none afterwards */
	assert_in_range(time_of(&run, 2), 450000, 600000);
	assert_in_range(time_of(&run, 0), 9900000, 10100000);
	evscript_stop(&run);
}

static void what_ended_a_standstill_is_why_it_was_one(void **state)
{
	struct evscript_run run;
	const struct result_parallelism *p = &run.result.parallelism;

	(void)state;
	evscript_start(&run, "1000 task A found on cpu0\n"
			     "1000 task B found wait clock_nanosleep\n"
			     "1100 cpu0 switch A>- wait fsync\n"
			     "1400 wake A by irq\n"
			     "1450 cpu0 switch ->A\n"
			     "1500 cpu0 switch A>- wait fsync\n"
			     "1600 wake B by irq\n"
			     "1600 cpu0 switch ->B\n"
			     "1700 cpu0 switch B>- wait clock_nanosleep\n"
			     "2000 end\n");
	assert_int_equal(p->stalled_by_class_ns[CLASS_FILE], 300);
	assert_int_equal(p->stalled_runnable_ns, 50);
	/* 100 until B slept enough; at the end, B was the last to stop */
	assert_int_equal(p->stalled_by_class_ns[CLASS_SLEEP], 100 + 300);
	assert_int_equal(p->stalled_by_class_ns[CLASS_FILE] + p->stalled_runnable_ns +
				 p->stalled_by_class_ns[CLASS_SLEEP],
			 p->by_running_ns.at[0]);
	evscript_stop(&run);
}

static void a_program_that_waits_for_a_new_thread_waits_for_a_core(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_start(&run, "1000 task A found on cpu0\n"
			     "1100 task B forked of A\n"
			     "1200 cpu0 switch A>- wait futex 0x10 join\n"
			     "1500 cpu1 switch ->B\n"
			     "2000 end\n");
	assert_int_equal(run.result.parallelism.stalled_runnable_ns, 300);
	evscript_stop(&run);
}

static void core_use_is_the_difference_of_the_probes_sums(void **state)
{
	struct evscript_run run;
	const struct result_cpu *cpu = NULL;

	(void)state;
	evscript_start(&run, "1000 cpu cpu0 0 500 900\n"
			     "1000 cpu cpu1 7 7 7\n"
			     "1000 task A found on cpu0\n"
			     "1600 cpu0 switch A>- wait read\n"
			     "1900 cpu cpu0 600 600 1100\n"
			     "2000 cpu cpu0 600 620 1180\n"
			     "2000 cpu cpu1 7 7 1007\n"
			     "2000 end\n");
	assert_int_equal(run.result.parallelism.cpus.count, 2);
	cpu = run.result.parallelism.cpus.at;
	assert_int_equal(cpu[0].run_ns, 600);
	assert_int_equal(cpu[0].other_ns, 120);
	assert_int_equal(cpu[0].idle_ns, 280);
	assert_int_equal(cpu[1].run_ns, 0);
	assert_int_equal(cpu[1].idle_ns, 1000);
	evscript_stop(&run);
}

static void core_use_of_a_window_is_interpolated(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_init(&run.script);
	run.script.options.start_ns = 1250;
	run.script.options.end_ns = 1750;
	evscript_play(&run.script, "1000 cpu cpu0 0 0 0\n"
				   "1500 cpu cpu0 0 100 400\n"
				   "2000 cpu cpu0 0 100 900\n"
				   "2000 end\n");
	run.model = evscript_model(&run.script, &run.result);
	assert_int_equal(run.result.parallelism.cpus.at[0].other_ns, 50);
	assert_int_equal(run.result.parallelism.cpus.at[0].idle_ns, 450);
	evscript_stop(&run);
}

static void the_runs_of_a_core_with_lost_records_come_from_the_probes_sums(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_start(&run, "1000 cpu cpu0 0 0 0\n"
			     "1000 task A found on cpu0\n"
			     "1800 cpu0 switch A>- wait read\n"
			     "1900 lose cpu0 from 1200\n"
			     "2000 cpu cpu0 800 0 200\n"
			     "2000 end\n");
	assert_int_equal(run.result.parallelism.cpus.at[0].run_ns, 800);
	evscript_stop(&run);
}

static void a_switch_that_is_dated_before_a_reading_corrects_it(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_init(&run.script);
	run.script.options.start_ns = 1000;
	run.script.options.end_ns = 1750;
	/* at 1500 another program is taken to run still, which stopped at 1450 */
	evscript_play(&run.script, "1000 cpu cpu0 0 0 0\n"
				   "1500 cpu cpu0 0 500 0\n"
				   "2000 cpu cpu0 0 450 550\n"
				   "2000 end\n");
	run.model = evscript_model(&run.script, &run.result);
	assert_int_equal(run.result.ignored, 0);
	/* half of what the last reading says */
	assert_int_equal(run.result.parallelism.cpus.at[0].other_ns, 475);
	assert_int_equal(run.result.parallelism.cpus.at[0].idle_ns, 275);
	evscript_stop(&run);
}

static void sums_that_shrink_are_not_believed(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_start(&run, "1000 cpu cpu0 0 0 0\n"
			     "1500 cpu cpu0 0 400 100\n"
			     "1600 cpu cpu0 0 300 100\n"
			     "2000 cpu cpu0 0 500 500\n"
			     "2000 end\n");
	assert_int_equal(run.result.ignored, 1);
	assert_int_equal(run.result.parallelism.cpus.at[0].other_ns, 500);
	evscript_stop(&run);
}

static void of_a_part_of_the_threads_the_rest_of_the_target_is_other(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_init(&run.script);
	evscript_play(&run.script, "1000 cpu cpu0 0 0 0\n"
				   "1000 task A found on cpu0\n"
				   "1000 task B found runnable\n"
				   "1300 cpu0 switch A>B preempted\n"
				   "2000 cpu cpu0 1000 0 0\n"
				   "2000 end\n");
	run.script.options.tid = evscript_actor(&run.script, "A")->tid;
	run.model = evscript_model(&run.script, &run.result);
	assert_int_equal(run.result.parallelism.cpus.at[0].run_ns, 300);
	assert_int_equal(run.result.parallelism.cpus.at[0].other_ns, 700);
	evscript_stop(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_is_counted_by_how_many_ran_in_it),
		cmocka_unit_test(a_recording_in_which_nothing_ran_says_so),
		cmocka_unit_test(who_waits_for_a_core_wants_one_as_much_as_who_has_it),
		cmocka_unit_test(a_thread_that_moves_between_cores_is_one_thread),
		cmocka_unit_test(
			the_serial_part_of_a_parallel_program_is_its_share_of_the_wall_time),
		cmocka_unit_test(
			a_sleeper_that_is_bounced_among_cores_waits_for_the_sum_of_its_sleeps),
		cmocka_unit_test(threads_on_a_queue_want_to_run_and_do_not),
		cmocka_unit_test(time_of_which_records_are_lost_is_not_observed),
		cmocka_unit_test(holes_of_two_cores_that_overlap_are_one_hole),
		cmocka_unit_test(a_hole_that_begins_before_the_window_is_clipped_to_it),
		cmocka_unit_test(a_hole_that_makes_no_sense_changes_nothing),
		cmocka_unit_test(a_sample_does_not_put_a_thread_on_a_core_that_has_another),
		cmocka_unit_test(a_sample_tells_where_a_command_runs),
		cmocka_unit_test(long_recordings_are_counted_to_the_nanosecond),
		cmocka_unit_test(a_hole_longer_than_the_log_still_leaves_sums_that_add_up),
		cmocka_unit_test(who_ran_unseen_for_longer_than_the_log_is_counted_when_it_shows),
		cmocka_unit_test(what_ended_a_standstill_is_why_it_was_one),
		cmocka_unit_test(a_program_that_waits_for_a_new_thread_waits_for_a_core),
		cmocka_unit_test(core_use_is_the_difference_of_the_probes_sums),
		cmocka_unit_test(core_use_of_a_window_is_interpolated),
		cmocka_unit_test(the_runs_of_a_core_with_lost_records_come_from_the_probes_sums),
		cmocka_unit_test(a_switch_that_is_dated_before_a_reading_corrects_it),
		cmocka_unit_test(sums_that_shrink_are_not_believed),
		cmocka_unit_test(of_a_part_of_the_threads_the_rest_of_the_target_is_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
