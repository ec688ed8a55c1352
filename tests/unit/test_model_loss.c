/* SPDX-License-Identifier: GPL-2.0-only */
/* What becomes of lives whose records are summed up, missing, doubled or wrong. */
#include "evscript.h"

/* --- short waits --- */

static void short_waits_are_taken_out_of_the_run_that_they_lie_in(void **state)
{
	struct evscript_run run;
	const struct result_thread *a;

	(void)state;
	evscript_start(&run, "1000 task A found on cpu0\n"
			     "1400 short A nr clock_nanosleep waits 3 wait 60 runnable 15\n"
			     "1500 cpu0 switch A>- wait read\n"
			     "1700 wake A by irq\n"
			     "1700 cpu0 switch ->A\n"
			     "2000 end\n");
	a = evscript_thread(&run, "A");
	assert_thread(a, 725, 15, 260, 0);
	assert_int_equal(a->sum.by_class_ns[CLASS_SLEEP], 60);
	assert_int_equal(a->sum.waits, 4);
	assert_switches(a, 4, 0);
	evscript_stop(&run);
}

static void short_waits_longer_than_their_run_are_cut_to_it(void **state)
{
	struct evscript_run run;
	const struct result_thread *a;

	(void)state;
	evscript_init(&run.script);
	evscript_play(&run.script, "1000 task A found on cpu0\n"
				   "1400 short A nr read waits 2 wait 9000 runnable 9000\n"
				   "1500 cpu0 switch A>- wait read\n"
				   "2000 end\n");
	evscript_finish(&run);
	a = evscript_thread(&run, "A");
	assert_thread(a, 0, 0, 1000, 0);
	evscript_stop(&run);
}

static void short_waits_across_the_edge_of_a_window_count_by_its_share(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_start_window(&run, 1250, 0,
		   "1000 task A found on cpu0\n"
		   "1100 cpu0 switch A>- wait read\n"
		   "1100 cpu0 switch ->A\n"
		   "1390 short A nr read waits 2 wait 100 runnable 40\n"
		   "1400 cpu0 switch A>- wait read\n"
		   "1500 end\n");
	/* half of the run from 1100 to 1400 lies in the window */
	assert_thread(evscript_thread(&run, "A"), 80, 20, 150, 0);
	evscript_stop(&run);
}

static void a_core_left_for_a_short_wait_is_soon_taken_again(void **state)
{
	struct evscript_run run;
	struct event e = { .type = EVENT_OFF, .time_ns = 1200 };

	(void)state;
	evscript_init(&run.script);
	evscript_play(&run.script, "1000 task A found on cpu0\n");
	e.off.thread = evscript_actor(&run.script, "A")->thread;
	evscript_event(&run.script, &e);
	evscript_play(&run.script, "1400 short A nr read waits 1 wait 10 runnable 0\n"
				   "1500 cpu0 switch A>- wait read\n"
				   "1600 cpu0 switch ->A\n"
				   "2000 end\n");
	evscript_finish(&run);
	assert_thread(evscript_thread(&run, "A"), 890, 0, 110, 0);
	/* it ran from 1000 to 1200, and 290 of the rest until 1500 */
	assert_int_equal(run.result.parallelism.active_ns, 890);
	assert_true(run.result.parallelism.approximate);
	evscript_stop(&run);
}

/* --- losses and nonsense --- */

static void a_gap_in_the_switch_counts_is_time_that_nobody_knows(void **state)
{
	struct evscript_run run;
	const struct result_thread *a;

	(void)state;
	evscript_start(&run, "1000 task A found on cpu0\n"
			     "1100 cpu0 switch A>- wait read\n"
			     "1200 cpu0 switch ->A\n"
			     "1300 cpu0 switch A>- wait read\n"
			     "1400 cpu0 switch ->A\n"
			     "1450 cpu0 switch A>- preempted\n"
			     "1450 lose cpu0 from 1250\n"
			     "1600 cpu0 switch ->A\n"
			     "2000 end\n");
	a = evscript_thread(&run, "A");
	/* it ran until the hole began, then somewhat, until it was out at 1450 */
	assert_thread(a, 100 + 50 + 400, 150, 100, 200);
	/* the kernel's own counts tell of the switches whose records are lost */
	assert_switches(a, 2, 1);
	assert_int_equal(run.result.parallelism.observed_ns, 800);
	evscript_stop(&run);
}

static void a_lost_beginning_leaves_the_time_until_the_next_record_unknown(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_start(&run, "1000 task A found on cpu0\n"
			     "1000 task B found wait read\n"
			     "1000 task C forked of A\n"
			     "1100 cpu1 switch ->B\n"
			     "1150 cpu1 switch B>- wait read\n"
			     "1150 cpu1 switch ->C\n"
			     "1190 cpu1 switch C>- preempted\n"
			     "1200 lose cpu1 from 1050\n"
			     "1300 cpu1 switch ->B\n"
			     "1400 cpu1 switch B>C preempted\n"
			     "2000 end\n");
	/* that B waited until 1100 and C was new until 1150 is lost with those records */
	assert_thread(evscript_thread(&run, "B"), 100, 600, 150, 150);
	assert_thread(evscript_thread(&run, "C"), 600, 210, 0, 190);
	evscript_stop(&run);
}

static void a_thread_whose_task_record_is_lost_begins_with_its_first_event(void **state)
{
	struct evscript_run run;
	const struct result_thread *a;

	(void)state;
	evscript_start(&run, "1000 task M found on cpu1\n"
			     "1100 task A forked of M\n"
			     "1100 drop\n"
			     "1200 cpu0 switch ->A\n"
			     "1300 cpu0 switch A>- wait read\n"
			     "1400 cpu0 switch ->A\n"
			     "2000 end\n");
	a = evscript_thread(&run, "A");
	assert_thread(a, 700, 100, 100, 0);
	assert_switches(a, 1, 0);
	assert_int_equal(a->start_ns, 100);
	assert_string_equal(a->comm, "");
	evscript_stop(&run);
}

static void a_forked_thread_without_records_did_not_wait_for_a_core_all_along(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_start(&run, "1000 task A found on cpu0\n"
			     "1100 task B forked of A\n"
			     "1200 cpu1 switch ->B\n"
			     "1300 cpu1 switch B>- dead\n"
			     "1300 lose cpu1 from 1150\n"
			     "2000 end\n");
	assert_thread(evscript_thread(&run, "B"), 0, 0, 0, 900);
	evscript_stop(&run);
}

static void an_event_that_comes_twice_counts_once(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_start(&run, "1000 task A found on cpu0\n"
			     "1100 cpu0 switch A>- wait read\n"
			     "1100 again\n"
			     "1200 cpu0 switch ->A\n"
			     "1200 again\n"
			     "1300 cpu0 switch A>- dead\n"
			     "1300 again\n"
			     "2000 end\n");
	assert_thread(evscript_thread(&run, "A"), 200, 0, 100, 0);
	assert_int_equal(run.result.ignored, 2);
	evscript_stop(&run);
}

static void records_from_before_what_is_known_are_not_believed(void **state)
{
	struct evscript_run run;
	struct event e;

	(void)state;
	evscript_init(&run.script);
	evscript_play(&run.script, "1000 task A found on cpu0\n"
				   "1100 cpu0 switch A>- wait read\n"
				   "1500 cpu0 switch ->A\n");
	e = evscript_switch_event(evscript_actor(&run.script, "A"), 1200, 1250, 1300);
	e.out.voluntary++;
	evscript_event(&run.script, &e);
	run.script.recording.end_ns = 2000;
	evscript_finish(&run);
	assert_thread(evscript_thread(&run, "A"), 600, 0, 400, 0);
	assert_int_equal(run.result.ignored, 1);
	evscript_stop(&run);
}

static void times_that_run_backwards_within_a_record_are_put_in_order(void **state)
{
	struct evscript_run run;
	struct event e;

	(void)state;
	evscript_init(&run.script);
	evscript_play(&run.script, "1000 task A found on cpu0\n"
				   "1100 cpu0 switch A>- wait read\n");
	/* out after in, woken after that */
	e = evscript_switch_event(evscript_actor(&run.script, "A"), 1900, 5000, 1500);
	evscript_event(&run.script, &e);
	run.script.recording.end_ns = 2000;
	evscript_finish(&run);
	assert_thread(evscript_thread(&run, "A"), 1000, 0, 0, 0);
	evscript_stop(&run);
}

static void a_thread_looked_at_just_while_it_left_ran_until_then(void **state)
{
	struct evscript_run run;
	struct event e;

	(void)state;
	evscript_init(&run.script);
	/* found blocked at 1050; its record says that it left at 1040 */
	evscript_play(&run.script, "1050 task A found wait read\n");
	evscript_actor(&run.script, "A")->out.voluntary++;
	e = evscript_switch_event(evscript_actor(&run.script, "A"), 1040, 1200, 1250);
	evscript_event(&run.script, &e);
	run.script.recording.end_ns = 2000;
	evscript_finish(&run);
	assert_thread(evscript_thread(&run, "A"), 40 + 750, 50, 160, 0);
	assert_int_equal(run.result.parallelism.active_ns, 790);
	evscript_stop(&run);
}

static void events_of_an_ended_thread_or_of_none_are_counted_and_left(void **state)
{
	struct evscript_run run;
	struct event e;

	(void)state;
	evscript_init(&run.script);
	evscript_play(&run.script, "1000 task A found on cpu0\n"
				   "1100 cpu0 switch A>- dead\n");
	e = evscript_switch_event(evscript_actor(&run.script, "A"), 1200, 1250, 1300);
	evscript_event(&run.script, &e);
	e.out.thread = 0;
	evscript_event(&run.script, &e);
	e = (struct event){ .type = EVENT_TYPES, .time_ns = 1400 };
	evscript_event(&run.script, &e);
	e = (struct event){ .type = EVENT_OFF, .time_ns = UINT64_MAX };
	evscript_event(&run.script, &e);
	run.script.recording.end_ns = 2000;
	evscript_finish(&run);
	assert_int_equal(run.result.ignored, 4);
	assert_int_equal(run.result.duration_ns, 1000);
	assert_thread(evscript_thread(&run, "A"), 100, 0, 0, 0);
	evscript_stop(&run);
}

static void thread_numbers_may_be_any(void **state)
{
	struct evscript_run run;
	struct event e;

	(void)state;
	evscript_init(&run.script);
	for (uint32_t i = 0; i < 1000; i++) {
		e = (struct event){ .type = EVENT_TASK, .time_ns = 1000 };
		e.task = (struct event_task){
			.thread = UINT32_MAX - i * 4000000,
			.tid = UINT32_MAX - i,
			.tgid = UINT32_MAX - i,
			.how = TASK_EXECED,
			.comm = "a name that is longer than the kernel has any",
			.command = "",
		};
		evscript_event(&run.script, &e);
	}
	run.script.recording.end_ns = 2000;
	evscript_finish(&run);
	assert_int_equal(run.result.thread_count, 1000);
	assert_int_equal(run.result.process_count, 1000);
	assert_string_equal(run.result.threads.at[0].comm, "a name that is ");
	evscript_stop(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_waits_are_taken_out_of_the_run_that_they_lie_in),
		cmocka_unit_test(short_waits_longer_than_their_run_are_cut_to_it),
		cmocka_unit_test(short_waits_across_the_edge_of_a_window_count_by_its_share),
		cmocka_unit_test(a_core_left_for_a_short_wait_is_soon_taken_again),
		cmocka_unit_test(a_gap_in_the_switch_counts_is_time_that_nobody_knows),
		cmocka_unit_test(a_lost_beginning_leaves_the_time_until_the_next_record_unknown),
		cmocka_unit_test(a_thread_whose_task_record_is_lost_begins_with_its_first_event),
		cmocka_unit_test(
			a_forked_thread_without_records_did_not_wait_for_a_core_all_along),
		cmocka_unit_test(an_event_that_comes_twice_counts_once),
		cmocka_unit_test(records_from_before_what_is_known_are_not_believed),
		cmocka_unit_test(times_that_run_backwards_within_a_record_are_put_in_order),
		cmocka_unit_test(a_thread_looked_at_just_while_it_left_ran_until_then),
		cmocka_unit_test(events_of_an_ended_thread_or_of_none_are_counted_and_left),
		cmocka_unit_test(thread_numbers_may_be_any),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
