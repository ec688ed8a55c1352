/* SPDX-License-Identifier: GPL-2.0-only */
/* How lives are cut into runs, waits and what nobody knows. The window begins at 1000. */
#include "evscript.h"

#include <string.h>

static void assert_sum(const struct result_thread *t, uint64_t run, uint64_t runnable, uint64_t wait,
		       uint64_t unknown)
{
	if (t->sum.run_ns != run || t->sum.runnable_ns != runnable || t->sum.wait_ns != wait ||
	    t->sum.unknown_ns != unknown)
		fail_msg("%s: run %lu runnable %lu wait %lu unknown %lu, not %lu %lu %lu %lu",
			 t->comm, t->sum.run_ns, t->sum.runnable_ns, t->sum.wait_ns,
			 t->sum.unknown_ns, run, runnable, wait, unknown);
}

static void assert_switches(const struct result_thread *t, uint64_t voluntary, uint64_t involuntary)
{
	assert_int_equal(t->sum.voluntary, voluntary);
	assert_int_equal(t->sum.involuntary, involuntary);
}

/* A SWITCH made by hand, for what the simulator would never send. */
static struct event switch_event(const struct actor *a, uint64_t out_ns, uint64_t woken_ns,
				 uint64_t in_ns)
{
	return (struct event){
		.type = EVENT_SWITCH,
		.time_ns = in_ns,
		.out = { .thread = a->thread,
			 .tid = a->tid,
			 .tgid = a->tgid,
			 .why = OUT_BLOCKED,
			 .flags = OUT_VOLUNTARY,
			 .out_ns = out_ns,
			 .woken_ns = woken_ns,
			 .in_ns = in_ns,
			 .voluntary = a->out.voluntary,
			 .involuntary = a->out.involuntary,
			 .nr = -1 },
	};
}

static void finish(struct evscript_run *run)
{
	run->model = evscript_model(&run->script, &run->result);
	assert_result_invariants(&run->result);
}

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
	assert_sum(a, 700, 50, 250, 0);
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
	assert_sum(a, 700, 300, 0, 0);
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
	assert_sum(evscript_thread(&run, "A"), 700, 0, 300, 0);
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
	e = switch_event(evscript_actor(&run.script, "A"), 1100, 1090, 1300);
	evscript_event(&run.script, &e);
	run.script.recording.end_ns = 2000;
	finish(&run);
	a = evscript_thread(&run, "A");
	assert_sum(a, 800, 200, 0, 0);
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
	assert_sum(evscript_thread(&run, "A"), 600, 100, 300, 0);
	assert_sum(evscript_thread(&run, "B"), 400, 600, 0, 0);
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
	assert_sum(a, 650, 50, 300, 0);
	assert_int_equal(a->sum.censored_ns, 300);
	assert_int_equal(a->sum.waits, 1);
	assert_switches(a, 0, 0);
	assert_int_equal(a->start_ns, 0);
	assert_true(a->found);
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
	assert_sum(evscript_thread(&run, "A"), 500, 500, 0, 0);
	assert_sum(evscript_thread(&run, "B"), 500, 500, 0, 0);
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
	assert_sum(a, 0, 0, 8000, 0);
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
	assert_sum(a, 600, 100, 300, 0);
	assert_int_equal(a->sum.by_class_ns[CLASS_OTHER], 300);
	assert_sum(evscript_thread(&run, "B"), 600, 0, 0, 400);
	evscript_stop(&run);
}

static void a_found_thread_of_which_nothing_came_is_unknown(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_start(&run, "1000 task A found unseen\n2000 end\n");
	assert_sum(evscript_thread(&run, "A"), 0, 0, 0, 1000);
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
	assert_sum(a, 100, 0, 900, 0);
	assert_int_equal(a->sum.censored_ns, 900);
	assert_switches(a, 1, 0);
	/* B's wait was over: only its run queue was cut */
	assert_sum(b, 200, 100, 700, 0);
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
	assert_sum(b, 750, 150, 0, 0);
	assert_switches(b, 0, 0);
	assert_int_equal(b->start_ns, 100);
	assert_false(b->found);
	/* C never got a core */
	assert_sum(evscript_thread(&run, "C"), 0, 900, 0, 0);
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
	assert_sum(a, 300, 0, 0, 0);
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
	assert_sum(a, 380, 20, 600, 0);
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
	assert_sum(a, 200, 0, 0, 0);
	assert_sum(b, 600, 100, 0, 0);
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
	assert_sum(a, 0, 0, 0, 300);
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
	assert_sum(b, 600, 0, 400, 0);
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
	assert_sum(a, 1000, 0, 0, 0);
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
	assert_sum(a, 500, 0, 200, 0);
	evscript_stop(&run);
}

static void a_command_runs_from_its_exec_although_nobody_told_where(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_start(&run, "1100 task A execed\n"
			     "1500 cpu3 switch A>- wait read\n"
			     "2000 end\n");
	assert_sum(evscript_thread(&run, "A"), 400, 0, 500, 0);
	assert_int_equal(run.result.parallelism.serial_ns, 400);
	assert_int_equal(run.result.parallelism.cpus.at[0].cpu, 3);
	assert_int_equal(run.result.parallelism.cpus.at[0].run_ns, 400);
	evscript_stop(&run);
}

/* --- windows --- */

static void in_windows(struct evscript_run *run, uint64_t start, uint64_t end, const char *text)
{
	evscript_init(&run->script);
	run->script.options.start_ns = start;
	run->script.options.end_ns = end;
	evscript_play(&run->script, text);
	finish(run);
}

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
	in_windows(&run, 1300, 1900, text);
	a = evscript_thread(&run, "A");
	assert_sum(a, 200, 100, 300, 0);
	/* both waits are cut: one began before, one ends after */
	assert_int_equal(a->sum.waits, 2);
	assert_int_equal(a->sum.censored_ns, 300);
	/* switched out at 1100 and 1800 */
	assert_switches(a, 1, 0);
	assert_true(a->found);
	assert_int_equal(run.result.duration_ns, 600);
	evscript_stop(&run);
	in_windows(&run, 1550, 1590, text);
	a = evscript_thread(&run, "A");
	assert_sum(a, 0, 40, 0, 0);
	assert_int_equal(a->sum.waits, 0);
	evscript_stop(&run);
}

static void who_lived_outside_of_the_window_is_not_in_the_result(void **state)
{
	struct evscript_run run;

	(void)state;
	in_windows(&run, 1500, 1600,
		   "1000 task A found on cpu0\n"
		   "1100 task B forked of A\n"
		   "1100 cpu1 switch ->B\n"
		   "1200 cpu1 switch B>- dead\n"
		   "1700 task C forked of A\n"
		   "2000 end\n");
	assert_int_equal(run.result.thread_count, 1);
	assert_sum(evscript_thread(&run, "A"), 100, 0, 0, 0);
	evscript_stop(&run);
}

static void a_window_beyond_the_recording_ends_with_it(void **state)
{
	struct evscript_run run;

	(void)state;
	in_windows(&run, 1500, 99999, "1000 task A found on cpu0\n2000 end\n");
	assert_int_equal(run.result.duration_ns, 500);
	evscript_stop(&run);
	in_windows(&run, 5000, 99999, "1000 task A found on cpu0\n2000 end\n");
	assert_int_equal(run.result.duration_ns, 0);
	evscript_stop(&run);
}

static void without_a_window_a_recording_begins_at_its_first_event(void **state)
{
	struct evscript_run run;

	(void)state;
	in_windows(&run, 0, 0, "7000 task A found on cpu0\n8000 end\n");
	assert_sum(evscript_thread(&run, "A"), 1000, 0, 0, 0);
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
	finish(&run);
	assert_int_equal(run.result.duration_ns, 500);
	/* A left its core, and nothing is said of what it did then */
	assert_sum(evscript_thread(&run, "A"), 200, 0, 0, 300);
	assert_sum(evscript_thread(&run, "B"), 500, 0, 0, 0);
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
	finish(&run);
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
	finish(&run);
	assert_int_equal(run.result.thread_count, 1);
	assert_int_equal(run.result.totals.life_ns, 1000);
	assert_int_equal(run.result.locks.count, 0);
	evscript_stop(&run);
}

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
	assert_sum(a, 725, 15, 260, 0);
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
	finish(&run);
	a = evscript_thread(&run, "A");
	assert_sum(a, 0, 0, 1000, 0);
	evscript_stop(&run);
}

static void short_waits_across_the_edge_of_a_window_count_by_its_share(void **state)
{
	struct evscript_run run;

	(void)state;
	in_windows(&run, 1250, 0,
		   "1000 task A found on cpu0\n"
		   "1100 cpu0 switch A>- wait read\n"
		   "1100 cpu0 switch ->A\n"
		   "1390 short A nr read waits 2 wait 100 runnable 40\n"
		   "1400 cpu0 switch A>- wait read\n"
		   "1500 end\n");
	/* half of the run from 1100 to 1400 lies in the window */
	assert_sum(evscript_thread(&run, "A"), 80, 20, 150, 0);
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
	finish(&run);
	assert_sum(evscript_thread(&run, "A"), 890, 0, 110, 0);
	assert_int_equal(run.result.parallelism.active_ns, 900);
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
	assert_sum(a, 100 + 50 + 400, 150, 100, 200);
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
	assert_sum(evscript_thread(&run, "B"), 100, 600, 150, 150);
	assert_sum(evscript_thread(&run, "C"), 600, 210, 0, 190);
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
	assert_sum(a, 700, 100, 100, 0);
	assert_int_equal(a->start_ns, 100);
	assert_string_equal(a->comm, "");
	evscript_stop(&run);
}

static void a_forked_thread_that_no_record_tells_of_has_not_waited_for_a_core_all_along(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_start(&run, "1000 task A found on cpu0\n"
			     "1100 task B forked of A\n"
			     "1200 cpu1 switch ->B\n"
			     "1300 cpu1 switch B>- dead\n"
			     "1300 lose cpu1 from 1150\n"
			     "2000 end\n");
	assert_sum(evscript_thread(&run, "B"), 0, 0, 0, 900);
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
	assert_sum(evscript_thread(&run, "A"), 200, 0, 100, 0);
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
	e = switch_event(evscript_actor(&run.script, "A"), 1200, 1250, 1300);
	e.out.voluntary++;
	evscript_event(&run.script, &e);
	run.script.recording.end_ns = 2000;
	finish(&run);
	assert_sum(evscript_thread(&run, "A"), 600, 0, 400, 0);
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
	e = switch_event(evscript_actor(&run.script, "A"), 1900, 5000, 1500);
	evscript_event(&run.script, &e);
	run.script.recording.end_ns = 2000;
	finish(&run);
	assert_sum(evscript_thread(&run, "A"), 1000, 0, 0, 0);
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
	e = switch_event(evscript_actor(&run.script, "A"), 1040, 1200, 1250);
	evscript_event(&run.script, &e);
	run.script.recording.end_ns = 2000;
	finish(&run);
	assert_sum(evscript_thread(&run, "A"), 40 + 750, 50, 160, 0);
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
	e = switch_event(evscript_actor(&run.script, "A"), 1200, 1250, 1300);
	evscript_event(&run.script, &e);
	e.out.thread = 0;
	evscript_event(&run.script, &e);
	e = (struct event){ .type = EVENT_TYPES, .time_ns = 1400 };
	evscript_event(&run.script, &e);
	e = (struct event){ .type = EVENT_OFF, .time_ns = UINT64_MAX };
	evscript_event(&run.script, &e);
	run.script.recording.end_ns = 2000;
	finish(&run);
	assert_int_equal(run.result.ignored, 4);
	assert_int_equal(run.result.duration_ns, 1000);
	assert_sum(evscript_thread(&run, "A"), 100, 0, 0, 0);
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
	finish(&run);
	assert_int_equal(run.result.thread_count, 1000);
	assert_int_equal(run.result.process_count, 1000);
	assert_string_equal(run.result.threads.at[0].comm, "a name that is ");
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
		cmocka_unit_test(
			a_thread_found_on_a_core_or_queue_has_been_there_since_the_window_began),
		cmocka_unit_test(
			who_was_blocked_before_and_never_woke_waits_for_the_whole_recording),
		cmocka_unit_test(
			of_a_found_thread_whose_state_is_lost_a_wakeup_tells_that_it_waited),
		cmocka_unit_test(a_found_thread_of_which_nothing_came_is_unknown),
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
		cmocka_unit_test(short_waits_are_taken_out_of_the_run_that_they_lie_in),
		cmocka_unit_test(short_waits_longer_than_their_run_are_cut_to_it),
		cmocka_unit_test(short_waits_across_the_edge_of_a_window_count_by_its_share),
		cmocka_unit_test(a_core_left_for_a_short_wait_is_soon_taken_again),
		cmocka_unit_test(a_gap_in_the_switch_counts_is_time_that_nobody_knows),
		cmocka_unit_test(
			a_lost_beginning_leaves_the_time_until_the_next_record_unknown),
		cmocka_unit_test(
			a_thread_whose_task_record_is_lost_begins_with_its_first_event),
		cmocka_unit_test(
			a_forked_thread_that_no_record_tells_of_has_not_waited_for_a_core_all_along),
		cmocka_unit_test(an_event_that_comes_twice_counts_once),
		cmocka_unit_test(records_from_before_what_is_known_are_not_believed),
		cmocka_unit_test(times_that_run_backwards_within_a_record_are_put_in_order),
		cmocka_unit_test(a_thread_looked_at_just_while_it_left_ran_until_then),
		cmocka_unit_test(events_of_an_ended_thread_or_of_none_are_counted_and_left),
		cmocka_unit_test(thread_numbers_may_be_any),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
