/* SPDX-License-Identifier: GPL-2.0-only */
/* How lives are cut into runs, waits and what nobody knows. The window begins at 1000. */
#include "evscript.h"

#include <string.h>

static void a_run_a_wait_and_the_run_queue_add_up_to_life(void **state)
{
	struct evscript_run run;
	const struct result_thread *a;

	(void)state;
	evscript_start(&run, "1000 task A execed on cpu0\n"
			     "1100 cpu0 switch A>- wait read\n"
			     "1350 wake A by irq\n"
			     "1400 cpu0 switch ->A\n"
			     "2000 end\n");
	a = evscript_thread(&run, "A");
	assert_thread(a, 700, 50, 250, 0);
	assert_switches(a, 1, 0);
	assert_int_equal(a->sum.waits, 1);
	assert_int_equal(a->sum.censored_ns, 0);
	assert_int_equal(a->sum.preempted_ns, 0);
	assert_false(a->found);
	assert_false(a->ended);
	assert_int_equal(run.result.records, 1);
	assert_result_is_true(&run.script, &run.result);
	evscript_stop(&run);
}

static void preempted_time_is_runnable_and_an_involuntary_switch(void **state)
{
	struct evscript_run run;
	const struct result_thread *a;

	(void)state;
	evscript_start(&run, "1000 task A found on cpu0\n"
			     "1100 cpu0 switch A>- preempted\n"
			     "1400 cpu0 switch ->A\n"
			     "2000 end\n");
	a = evscript_thread(&run, "A");
	assert_thread(a, 700, 300, 0, 0);
	assert_switches(a, 0, 1);
	assert_int_equal(a->sum.preempted_ns, 300);
	assert_int_equal(a->sum.waits, 0);
	evscript_stop(&run);
}

static void a_wait_whose_wakeup_was_not_seen_lasts_until_the_core(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_start(&run, "1000 task A found on cpu0\n"
			     "1100 cpu0 switch A>- wait read\n"
			     "1400 cpu0 switch ->A\n"
			     "2000 end\n");
	assert_thread(evscript_thread(&run, "A"), 700, 0, 300, 0);
	evscript_stop(&run);
}

static void a_wakeup_that_came_before_the_switch_out_leaves_a_wait_of_nothing(void **state)
{
	struct evscript_run run;
	const struct result_thread *a;
	struct event e;

	(void)state;
	evscript_init(&run.script);
	evscript_play(&run.script, "1000 task A found on cpu0\n"
				   "1100 cpu0 switch A>- wait read\n");
	e = evscript_switch_event(evscript_actor(&run.script, "A"), 1100, 1090, 1300);
	evscript_event(&run.script, &e);
	run.script.recording.end_ns = 2000;
	evscript_finish(&run);
	a = evscript_thread(&run, "A");
	assert_thread(a, 800, 200, 0, 0);
	assert_int_equal(a->sum.waits, 1);
	evscript_stop(&run);
}

static void one_thread_after_another_on_a_core_needs_no_word_of_the_first_leaving(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_start(&run, "1000 task A found on cpu0\n"
			     "1000 task B found runnable\n"
			     "1200 cpu0 switch A>B wait read\n"
			     "1500 wake A by B\n"
			     "1600 cpu0 switch B>A preempted\n"
			     "2000 end\n");
	assert_thread(evscript_thread(&run, "A"), 600, 100, 300, 0);
	assert_thread(evscript_thread(&run, "B"), 400, 600, 0, 0);
	assert_int_equal(run.result.parallelism.serial_ns, 1000);
	assert_result_is_true(&run.script, &run.result);
	evscript_stop(&run);
}

static void a_thread_found_waiting_has_waited_since_the_window_began(void **state)
{
	struct evscript_run run;
	const struct result_thread *a;

	(void)state;
	evscript_start(&run, "1010 task A found wait read\n"
			     "1300 wake A by irq\n"
			     "1350 cpu0 switch ->A\n"
			     "2000 end\n");
	a = evscript_thread(&run, "A");
	assert_thread(a, 650, 50, 300, 0);
	assert_int_equal(a->sum.censored_ns, 300);
	assert_int_equal(a->sum.waits, 1);
	assert_switches(a, 0, 0);
	assert_int_equal(a->start_ns, 0);
	assert_true(a->found);
	evscript_stop(&run);
}

/* Walked when it was found; at the end the wait is read again, the stack is not. */
static void a_thread_found_waiting_stands_where_it_stood_until_the_end(void **state)
{
	struct evscript_run run = { 0 };
	struct event again;

	(void)state;
	evscript_init(&run.script);
	evscript_play(&run.script, "1010 task A found wait read stack 7\n"
				   "1500 task B found on cpu0\n");
	again = evscript_switch_event(evscript_actor(&run.script, "A"), 0, 0, 0);
	again.type = EVENT_OPEN;
	again.time_ns = 1990;
	again.out.nr = 0;
	evscript_event(&run.script, &again);
	evscript_play(&run.script, "2000 end\n");
	evscript_finish(&run);
	assert_int_equal(run.result.stacks.count, 1);
	assert_int_equal(run.result.stacks.at[0].user_stack, 7);
	assert_int_equal(run.result.stacks.at[0].ns, evscript_thread(&run, "A")->sum.wait_ns);
	evscript_stop(&run);
}

static void a_thread_found_on_a_core_or_queue_has_been_there_since_the_window_began(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_start(&run, "1010 task A found on cpu0\n"
			     "1010 task B found runnable\n"
			     "1500 cpu0 switch A>B preempted\n"
			     "2000 end\n");
	assert_thread(evscript_thread(&run, "A"), 500, 500, 0, 0);
	assert_thread(evscript_thread(&run, "B"), 500, 500, 0, 0);
	evscript_stop(&run);
}

static void who_was_blocked_before_and_never_woke_waits_for_the_whole_recording(void **state)
{
	struct evscript_run run;
	const struct result_thread *a;

	(void)state;
	evscript_start(&run, "1000 task A found wait futex 0x10 mutex\n"
			     "9000 end\n");
	a = evscript_thread(&run, "A");
	assert_thread(a, 0, 0, 8000, 0);
	assert_int_equal(a->sum.censored_ns, 8000);
	assert_int_equal(a->sum.by_class_ns[CLASS_LOCK], 8000);
	assert_int_equal(run.result.locks.at[0].open_waits, 1);
	assert_false(a->ended);
	evscript_stop(&run);
}

static void of_a_found_thread_whose_state_is_lost_a_wakeup_tells_that_it_waited(void **state)
{
	struct evscript_run run;
	const struct result_thread *a;

	(void)state;
	evscript_start(&run, "1000 task A found unseen\n"
			     "1000 task B found unseen\n"
			     "1300 wake A by irq\n"
			     "1400 cpu0 switch ->A\n"
			     "1400 cpu1 switch ->B\n"
			     "2000 end\n");
	a = evscript_thread(&run, "A");
	assert_thread(a, 600, 100, 300, 0);
	assert_int_equal(a->sum.by_class_ns[CLASS_OTHER], 300);
	assert_thread(evscript_thread(&run, "B"), 600, 0, 0, 400);
	evscript_stop(&run);
}

static void a_found_thread_of_which_nothing_came_is_unknown(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_start(&run, "1000 task A found unseen\n2000 end\n");
	assert_thread(evscript_thread(&run, "A"), 0, 0, 0, 1000);
	evscript_stop(&run);
}

static void a_thread_that_waits_for_one_signal_all_the_time_is_parked(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_start(&run, "1000 task A found on cpu0\n"
			     "1000 task B found wait futex 0x10 condition of A\n"
			     "1000 task C found wait read of A\n"
			     "1500 cpu0 switch A>- wait futex 0x10 condition\n"
			     "2000 end\n");
	assert_int_equal(evscript_thread(&run, "B")->sum.parked_ns, 1000);
	assert_int_equal(evscript_thread(&run, "B")->sum.by_class_ns[CLASS_SYNC], 1000);
	assert_int_equal(evscript_thread(&run, "C")->sum.parked_ns, 0);
	assert_int_equal(evscript_thread(&run, "A")->sum.parked_ns, 0);
	assert_int_equal(run.result.totals.parked_ns, 1000);
	/* B's wait there is, A's is not */
	assert_int_equal(run.result.locks.at[0].parked_ns, 1000);
	assert_int_equal(run.result.locks.at[0].wait_ns, 1500);
	evscript_stop(&run);
}

static void when_all_only_wait_nobody_is_parked(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_start(&run, "1000 task A found wait futex 0x10 join\n"
			     "1000 task B found wait futex 0x10 condition of A\n"
			     "2000 end\n");
	assert_int_equal(run.result.totals.by_class_ns[CLASS_SYNC], 2000);
	assert_int_equal(run.result.totals.parked_ns, 0);
	evscript_stop(&run);
}

static void what_still_waits_at_the_end_is_a_censored_wait(void **state)
{
	struct evscript_run run;
	const struct result_thread *a, *b;

	(void)state;
	evscript_start(&run, "1000 task A found on cpu0\n"
			     "1000 task B found on cpu1\n"
			     "1100 cpu0 switch A>- wait read\n"
			     "1200 cpu1 switch B>- wait read\n"
			     "1900 wake B by irq\n"
			     "2000 end\n");
	a = evscript_thread(&run, "A");
	b = evscript_thread(&run, "B");
	assert_thread(a, 100, 0, 900, 0);
	assert_int_equal(a->sum.censored_ns, 900);
	assert_switches(a, 1, 0);
	/* B's wait was over: only its run queue was cut */
	assert_thread(b, 200, 100, 700, 0);
	assert_int_equal(b->sum.censored_ns, 0);
	evscript_stop(&run);
}

static void a_new_thread_is_runnable_from_its_fork(void **state)
{
	struct evscript_run run;
	const struct result_thread *b;

	(void)state;
	evscript_start(&run, "1000 task A found on cpu0\n"
			     "1100 task B forked of A\n"
			     "1100 task C forked of A\n"
			     "1250 cpu1 switch ->B\n"
			     "2000 end\n");
	b = evscript_thread(&run, "B");
	assert_thread(b, 750, 150, 0, 0);
	assert_switches(b, 0, 0);
	assert_int_equal(b->start_ns, 100);
	assert_false(b->found);
	/* C never got a core */
	assert_thread(evscript_thread(&run, "C"), 0, 900, 0, 0);
	assert_int_equal(run.result.process_count, 1);
	assert_int_equal(run.result.processes.at[0].threads, 3);
	evscript_stop(&run);
}

static void a_thread_that_ends_has_its_last_switch_counted_and_no_time_after_it(void **state)
{
	struct evscript_run run;
	const struct result_thread *a;

	(void)state;
	evscript_start(&run, "1000 task A found on cpu0\n"
			     "1000 task B found runnable\n"
			     "1300 cpu0 switch A>B dead\n"
			     "2000 end\n");
	a = evscript_thread(&run, "A");
	assert_thread(a, 300, 0, 0, 0);
	assert_switches(a, 1, 0);
	assert_true(a->ended);
	assert_int_equal(a->end_ns, 300);
	assert_result_is_true(&run.script, &run.result);
	evscript_stop(&run);
}

static void a_thread_that_ends_while_another_joins_it_ends_that_wait(void **state)
{
	struct evscript_run run;
	const struct result_thread *a;

	(void)state;
	evscript_start(&run, "1000 object 1 futex 0x990\n"
			     "1000 task A found on cpu0\n"
			     "1000 task B found on cpu1\n"
			     "1100 cpu0 switch A>- wait futex 0x990 join object 1\n"
			     "1700 wake A by B\n"
			     "1710 cpu1 switch B>- dead\n"
			     "1720 cpu0 switch ->A\n"
			     "2000 end\n");
	a = evscript_thread(&run, "A");
	assert_thread(a, 380, 20, 600, 0);
	assert_int_equal(a->sum.by_class_ns[CLASS_SYNC], 600);
	assert_int_equal(run.result.locks.at[0].kind, LOCK_JOIN);
	assert_int_equal(run.result.locks.at[0].holders.at[0].tid,
			 evscript_actor(&run.script, "B")->tid);
	evscript_stop(&run);
}

static void a_tid_that_is_used_again_is_another_thread(void **state)
{
	struct evscript_run run;
	const struct result_thread *a, *b;

	(void)state;
	evscript_start(&run, "1000 task M found on cpu1\n"
			     "1000 task A forked of M tid 77\n"
			     "1000 cpu0 switch ->A\n"
			     "1200 cpu0 switch A>- dead\n"
			     "1300 task B forked of M tid 77\n"
			     "1400 cpu0 switch ->B\n"
			     "2000 end\n");
	a = evscript_thread(&run, "A");
	b = evscript_thread(&run, "B");
	assert_int_equal(a->tid, 77);
	assert_int_equal(b->tid, 77);
	assert_thread(a, 200, 0, 0, 0);
	assert_thread(b, 600, 100, 0, 0);
	assert_int_equal(run.result.thread_count, 3);
	evscript_stop(&run);
}

static void a_tid_used_again_ends_the_thread_whose_end_was_lost(void **state)
{
	struct evscript_run run;
	const struct result_thread *a;

	(void)state;
	evscript_start(&run, "1000 task M found on cpu1\n"
			     "1000 task A forked of M tid 77\n"
			     "1000 cpu0 switch ->A\n"
			     "1200 cpu0 switch A>- dead\n"
			     "1200 drop\n"
			     "1300 task B forked of M tid 77\n"
			     "2000 end\n");
	a = evscript_thread(&run, "A");
	assert_true(a->ended);
	assert_int_equal(a->end_ns, 300);
	assert_thread(a, 0, 0, 0, 300);
	evscript_stop(&run);
}

static void a_pid_that_is_used_again_is_another_process(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_start(&run, "1000 task M found on cpu1\n"
			     "1000 task A forked by M tid 77\n"
			     "1000 cpu0 switch ->A\n"
			     "1200 cpu0 switch A>- dead\n"
			     "1300 task B forked by M tid 77\n"
			     "1400 cpu0 switch ->B\n"
			     "2000 end\n");
	assert_int_equal(run.result.process_count, 3);
	for (size_t i = 0; i < run.result.processes.count; i++)
		assert_int_equal(run.result.processes.at[i].threads, 1);
	evscript_stop(&run);
}

static void exec_by_a_thread_ends_the_leader_and_takes_its_tid(void **state)
{
	struct evscript_run run;
	const struct result_thread *a, *b;

	(void)state;
	evscript_start(&run, "1000 task A found wait futex 0x10\n"
			     "1000 task B forked of A\n"
			     "1000 cpu0 switch ->B\n"
			     "1500 exec B as A\n"
			     "1600 cpu0 switch B>- wait read\n"
			     "2000 end\n");
	a = evscript_thread(&run, "A");
	b = evscript_thread(&run, "B");
	assert_true(a->ended);
	assert_int_equal(a->end_ns, 500);
	assert_int_equal(b->tid, a->tid);
	assert_thread(b, 600, 0, 400, 0);
	assert_string_equal(b->comm, "new");
	assert_int_equal(run.result.process_count, 1);
	assert_string_equal(run.result.processes.at[0].comm, "new");
	assert_int_equal(run.result.processes.at[0].command_size, 6);
	assert_memory_equal(run.result.processes.at[0].command, "new\0-x", 6);
	evscript_stop(&run);
}

static void exec_keeps_the_thread_and_changes_its_name(void **state)
{
	struct evscript_run run;
	const struct result_thread *a;

	(void)state;
	evscript_start(&run, "1000 task A execed on cpu0\n"
			     "1500 exec A\n"
			     "1600 comm A renamed\n"
			     "2000 end\n");
	a = evscript_thread(&run, "A");
	assert_thread(a, 1000, 0, 0, 0);
	assert_string_equal(a->comm, "renamed");
	assert_int_equal(run.result.thread_count, 1);
	evscript_stop(&run);
}

static void a_forked_process_has_its_parents_command_line_until_it_execs(void **state)
{
	struct evscript_run run;
	const struct result_process *p;

	(void)state;
	evscript_start(&run, "1000 task A execed on cpu0\n"
			     "1100 exec A\n"
			     "1200 task B forked by A\n"
			     "2000 end\n");
	assert_int_equal(run.result.process_count, 2);
	p = &run.result.processes.at[1];
	assert_int_equal(p->parent_tgid, evscript_actor(&run.script, "A")->tgid);
	assert_memory_equal(p->command, "new\0-x", 6);
	assert_string_equal(p->comm, "B");
	evscript_stop(&run);
}

static void a_process_lives_as_long_as_its_threads(void **state)
{
	struct evscript_run run;
	const struct result_process *p;

	(void)state;
	evscript_start(&run, "1000 task M found on cpu1\n"
			     "1100 task A forked by M\n"
			     "1200 task B forked of A\n"
			     "1300 cpu0 switch ->A\n"
			     "1400 cpu0 switch A>B dead\n"
			     "1700 cpu0 switch B>- dead\n"
			     "2000 end\n");
	p = &run.result.processes.at[1];
	assert_string_equal(p->comm, "A");
	assert_int_equal(p->threads, 2);
	assert_int_equal(p->start_ns, 100);
	assert_int_equal(p->end_ns, 700);
	assert_true(p->ended);
	assert_int_equal(p->sum.run_ns, 400);
	evscript_stop(&run);
}

static void a_thread_seen_first_by_the_scheduler_lives_from_there(void **state)
{
	struct evscript_run run;
	const struct result_thread *a;

	(void)state;
	evscript_start(&run, "1300 task A seen\n"
			     "1300 cpu0 switch A>- wait read\n"
			     "1500 wake A by irq\n"
			     "1500 cpu0 switch ->A\n"
			     "2000 end\n");
	a = evscript_thread(&run, "A");
	assert_int_equal(a->start_ns, 300);
	assert_thread(a, 500, 0, 200, 0);
	evscript_stop(&run);
}

static void a_command_runs_from_its_exec_although_nobody_told_where(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_start(&run, "1100 task A execed\n"
			     "1500 cpu3 switch A>- wait read\n"
			     "2000 end\n");
	assert_thread(evscript_thread(&run, "A"), 400, 0, 500, 0);
	assert_int_equal(run.result.parallelism.serial_ns, 400);
	assert_int_equal(run.result.parallelism.cpus.at[0].cpu, 3);
	assert_int_equal(run.result.parallelism.cpus.at[0].run_ns, 400);
	evscript_stop(&run);
}

/* --- windows --- */

static void a_window_cuts_what_lies_across_its_edges(void **state)
{
	static const char text[] = "1000 task A found on cpu0\n"
				   "1100 cpu0 switch A>- wait read\n"
				   "1500 wake A by irq\n"
				   "1600 cpu0 switch ->A\n"
				   "1800 cpu0 switch A>- wait read\n"
				   "2000 end\n";
	struct evscript_run run;
	const struct result_thread *a;

	(void)state;
	evscript_start_window(&run, 1300, 1900, text);
	a = evscript_thread(&run, "A");
	assert_thread(a, 200, 100, 300, 0);
	/* both waits are cut: one began before, one ends after */
	assert_int_equal(a->sum.waits, 2);
	assert_int_equal(a->sum.censored_ns, 300);
	/* switched out at 1100 and 1800 */
	assert_switches(a, 1, 0);
	assert_true(a->found);
	assert_int_equal(run.result.duration_ns, 600);
	evscript_stop(&run);
	evscript_start_window(&run, 1550, 1590, text);
	a = evscript_thread(&run, "A");
	assert_thread(a, 0, 40, 0, 0);
	assert_int_equal(a->sum.waits, 0);
	evscript_stop(&run);
}

static void who_lived_outside_of_the_window_is_not_in_the_result(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_start_window(&run, 1500, 1600,
		   "1000 task A found on cpu0\n"
		   "1100 task B forked of A\n"
		   "1100 cpu1 switch ->B\n"
		   "1200 cpu1 switch B>- dead\n"
		   "1700 task C forked of A\n"
		   "2000 end\n");
	assert_int_equal(run.result.thread_count, 1);
	assert_thread(evscript_thread(&run, "A"), 100, 0, 0, 0);
	evscript_stop(&run);
}

static void a_window_beyond_the_recording_ends_with_it(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_start_window(&run, 1500, 99999, "1000 task A found on cpu0\n2000 end\n");
	assert_int_equal(run.result.duration_ns, 500);
	evscript_stop(&run);
	evscript_start_window(&run, 5000, 99999, "1000 task A found on cpu0\n2000 end\n");
	assert_int_equal(run.result.duration_ns, 0);
	evscript_stop(&run);
}

static void without_a_window_a_recording_begins_at_its_first_event(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_start_window(&run, 0, 0, "7000 task A found on cpu0\n8000 end\n");
	assert_thread(evscript_thread(&run, "A"), 1000, 0, 0, 0);
	evscript_stop(&run);
}

static void a_file_that_was_cut_off_ends_with_its_last_event(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_init(&run.script);
	evscript_play(&run.script, "1000 task A found on cpu0\n"
				   "1000 task B found on cpu1\n"
				   "1200 cpu0 switch A>- wait read\n"
				   "1500 cpu1 switch B>- wait read\n");
	evscript_finish(&run);
	assert_int_equal(run.result.duration_ns, 500);
	/* A left its core, and nothing is said of what it did then */
	assert_thread(evscript_thread(&run, "A"), 200, 0, 0, 300);
	assert_thread(evscript_thread(&run, "B"), 500, 0, 0, 0);
	evscript_stop(&run);
}

static void only_what_was_asked_for_is_in_the_sums(void **state)
{
	static const char text[] = "1000 object 1 futex 0x10\n"
				   "1000 task A found on cpu0\n"
				   "1000 task B found on cpu1\n"
				   "1000 task C forked of A\n"
				   "1200 cpu0 switch A>C wait futex 0x10 mutex object 1 owner C\n"
				   "1500 wake A by C\n"
				   "1600 cpu0 switch C>A dead\n"
				   "2000 end\n";
	struct evscript_run run;

	(void)state;
	evscript_init(&run.script);
	evscript_play(&run.script, text);
	run.script.options.tid = evscript_actor(&run.script, "A")->tid;
	evscript_finish(&run);
	assert_int_equal(run.result.thread_count, 1);
	assert_int_equal(run.result.parallelism.max, 1);
	assert_int_equal(run.result.parallelism.active_ns, 600);
	/* who held the lock is known although it is not in the sums */
	assert_int_equal(run.result.locks.at[0].holders.at[0].tid,
			 evscript_actor(&run.script, "C")->tid);
	evscript_stop(&run);
	evscript_init(&run.script);
	evscript_play(&run.script, text);
	run.script.options.tgid = evscript_actor(&run.script, "B")->tgid;
	evscript_finish(&run);
	assert_int_equal(run.result.thread_count, 1);
	assert_int_equal(run.result.totals.life_ns, 1000);
	assert_int_equal(run.result.locks.count, 0);
	evscript_stop(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_run_a_wait_and_the_run_queue_add_up_to_life),
		cmocka_unit_test(preempted_time_is_runnable_and_an_involuntary_switch),
		cmocka_unit_test(a_wait_whose_wakeup_was_not_seen_lasts_until_the_core),
		cmocka_unit_test(
			a_wakeup_that_came_before_the_switch_out_leaves_a_wait_of_nothing),
		cmocka_unit_test(
			one_thread_after_another_on_a_core_needs_no_word_of_the_first_leaving),
		cmocka_unit_test(a_thread_found_waiting_has_waited_since_the_window_began),
		cmocka_unit_test(a_thread_found_waiting_stands_where_it_stood_until_the_end),
		cmocka_unit_test(
			a_thread_found_on_a_core_or_queue_has_been_there_since_the_window_began),
		cmocka_unit_test(
			who_was_blocked_before_and_never_woke_waits_for_the_whole_recording),
		cmocka_unit_test(
			of_a_found_thread_whose_state_is_lost_a_wakeup_tells_that_it_waited),
		cmocka_unit_test(a_found_thread_of_which_nothing_came_is_unknown),
		cmocka_unit_test(a_thread_that_waits_for_one_signal_all_the_time_is_parked),
		cmocka_unit_test(when_all_only_wait_nobody_is_parked),
		cmocka_unit_test(what_still_waits_at_the_end_is_a_censored_wait),
		cmocka_unit_test(a_new_thread_is_runnable_from_its_fork),
		cmocka_unit_test(
			a_thread_that_ends_has_its_last_switch_counted_and_no_time_after_it),
		cmocka_unit_test(a_thread_that_ends_while_another_joins_it_ends_that_wait),
		cmocka_unit_test(a_tid_that_is_used_again_is_another_thread),
		cmocka_unit_test(a_tid_used_again_ends_the_thread_whose_end_was_lost),
		cmocka_unit_test(a_pid_that_is_used_again_is_another_process),
		cmocka_unit_test(exec_by_a_thread_ends_the_leader_and_takes_its_tid),
		cmocka_unit_test(exec_keeps_the_thread_and_changes_its_name),
		cmocka_unit_test(a_forked_process_has_its_parents_command_line_until_it_execs),
		cmocka_unit_test(a_process_lives_as_long_as_its_threads),
		cmocka_unit_test(a_thread_seen_first_by_the_scheduler_lives_from_there),
		cmocka_unit_test(a_command_runs_from_its_exec_although_nobody_told_where),
		cmocka_unit_test(a_window_cuts_what_lies_across_its_edges),
		cmocka_unit_test(who_lived_outside_of_the_window_is_not_in_the_result),
		cmocka_unit_test(a_window_beyond_the_recording_ends_with_it),
		cmocka_unit_test(without_a_window_a_recording_begins_at_its_first_event),
		cmocka_unit_test(a_file_that_was_cut_off_ends_with_its_last_event),
		cmocka_unit_test(only_what_was_asked_for_is_in_the_sums),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
