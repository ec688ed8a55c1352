/* SPDX-License-Identifier: GPL-2.0-only */
/* Event loops, on event scripts (loops_script.h). */
#include "loops_script.h"
#include "oom.h"

#include "core/loops.h"

/* --- what a round is --- */

static void a_round_lasts_from_the_wakeup_to_the_next_wait(void **state)
{
	const struct result_loop *l;
	struct evscript_run run;

	(void)state;
	start(&run, "1000 task A found on cpu0\n"
		    "1000 cpu0 switch A>- wait epoll_wait 0x3\n"
		    "1100 wake A by irq\n"
		    "1105 cpu0 switch ->A\n"
		    "1106 poll A epoll fd 3 events 2\n"
		    "1130 cpu0 switch A>- wait epoll_wait 0x3\n"
		    "1300 wake A by irq\n"
		    "1300 cpu0 switch ->A\n"
		    "1301 poll A epoll fd 3 events 1\n"
		    "1340 cpu0 switch A>- wait epoll_wait 0x3\n"
		    "1400 wake A by irq\n"
		    "1400 cpu0 switch ->A\n"
		    "1402 poll A epoll fd 3 events 4\n"
		    "1410 cpu0 switch A>- wait epoll_wait 0x3\n"
		    "1500 end\n");
	l = only_loop(&run);
	assert_string_equal(l->kind, "epoll");
	assert_int_equal(l->fd, 3);
	assert_true(l->exact);
	assert_int_equal(l->iterations, 3);
	assert_int_equal(l->unblocked, 0);
	assert_int_equal(l->events, 7);
	assert_int_equal(l->busy_ns, 30 + 40 + 10);
	assert_int_equal(l->runnable_ns, 5);
	assert_int_equal(l->run_ns, 75);
	assert_int_equal(l->idle_ns, 100 + 170 + 60 + 90);
	assert_int_equal(l->max_ns, 40);
	assert_int_equal(l->stall_count, 0);
	evscript_stop(&run);
}

static void rounds_that_do_not_block_are_seen_by_their_returns(void **state)
{
	const struct result_loop *l;
	struct evscript_run run;

	(void)state;
	start(&run, "1000 task A found on cpu0\n"
		    "1010 poll A epoll fd 3 events 1\n"
		    "1020 poll A epoll fd 3 events 1\n"
		    "1080 poll A epoll fd 3 events 0 accepts 2\n"
		    "1090 poll A epoll fd 3 events 1\n"
		    "1100 cpu0 switch A>- wait epoll_wait 0x3\n"
		    "1200 end\n");
	l = only_loop(&run);
	assert_int_equal(l->iterations, 4);
	assert_int_equal(l->unblocked, 4);
	assert_int_equal(l->events, 3);
	assert_int_equal(l->accepts, 2);
	assert_int_equal(l->busy_ns, 90);
	assert_int_equal(l->idle_ns, 100);
	assert_int_equal(l->stall_count, 1);
	assert_int_equal(l->stalls.at[0].busy_ns, 60);
	assert_int_equal(l->stalls.at[0].start_ns, 20);
	assert_int_equal(l->stalls.at[0].site.cause, STACK_RUN);
	evscript_stop(&run);
}

static void without_returns_each_wait_that_blocks_is_one(void **state)
{
	const struct result_loop *l;
	struct evscript_run run;

	(void)state;
	start(&run, "1000 task A found on cpu0\n"
		    "1000 cpu0 switch A>- wait epoll_wait 0x3\n"
		    "1100 wake A by irq\n"
		    "1105 cpu0 switch ->A\n"
		    "1130 cpu0 switch A>- wait epoll_wait 0x3\n"
		    "1200 wake A by irq\n"
		    "1200 cpu0 switch ->A\n"
		    "1290 cpu0 switch A>- wait epoll_wait 0x3\n"
		    "1400 wake A by irq\n"
		    "1400 cpu0 switch ->A\n"
		    "1410 cpu0 switch A>- wait epoll_wait 0x3\n"
		    "1500 end\n");
	l = only_loop(&run);
	assert_false(l->exact);
	assert_false(l->events_known);
	assert_int_equal(l->iterations, 3);
	assert_int_equal(l->busy_ns, 30 + 90 + 10);
	assert_int_equal(l->idle_ns, 100 + 70 + 110 + 90);
	assert_int_equal(l->stall_count, 1);
	evscript_stop(&run);
}

static void a_call_that_sleeps_twice_is_one_wait(void **state)
{
	const struct result_loop *l;
	struct evscript_run run;

	(void)state;
	start(&run, "1000 task A found on cpu0\n"
		    "1010 poll A epoll fd 3\n"
		    "1020 poll A epoll fd 3\n"
		    "1030 cpu0 switch A>- wait epoll_wait 0x3\n"
		    "1100 wake A by irq\n"
		    "1100 cpu0 switch ->A\n"
		    "1105 cpu0 switch A>- wait epoll_wait 0x3\n"
		    "1200 wake A by irq\n"
		    "1200 cpu0 switch ->A\n"
		    "1202 poll A epoll fd 3\n"
		    "1210 poll A epoll fd 3\n"
		    "1210 end\n");
	l = only_loop(&run);
	assert_int_equal(l->iterations, 4);
	assert_int_equal(l->unblocked, 3);
	assert_int_equal(l->idle_ns, 70 + 95);
	/* the useless wakeup is work of the round that it began */
	assert_int_equal(l->busy_ns, 10 + 10 + (5 + 10));
	evscript_stop(&run);
}

/* --- stalls --- */

static void a_stall_says_what_its_largest_part_was(void **state)
{
	static const struct {
		const char *out;
		int cause;
		const char *target;
	} cases[] = {
		{ "wait fsync object 1 disk io stack 72", CLASS_FILE, "/var/lib/x" },
		{ "wait nanosleep stack 72", CLASS_SLEEP, NULL },
		{ "wait wait4 stack 72", CLASS_CHILD, NULL },
		{ "wait connect object 2 stack 72", CLASS_SOCKET, "tcp:10.0.0.1:80" },
		{ "wait futex 0x10 mutex owner B stack 72", CLASS_LOCK, NULL },
		{ "wait fault disk io stack 72", CLASS_FAULT, NULL },
		{ "preempted stack 72", STACK_RUNNABLE, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		const struct result_stall *s;
		const struct result_loop *l;
		struct evscript_run run;

		begin(&run);
		play_stacks(&run.script);
		play(&run.script, "1000 object 1 file /var/lib/x\n"
				  "1000 object 2 socket tcp:10.0.0.1:80\n"
				  "1000 task A found on cpu0\n"
				  "1000 task B forked of A\n"
				  "1010 poll A epoll fd 3\n"
				  "1020 poll A epoll fd 3\n");
		evscript_line(&run.script, "1030 cpu0 switch A>- %s", cases[i].out);
		if (cases[i].cause >= 0)
			play(&run.script, "1190 wake A by irq\n");
		play(&run.script, "1190 cpu0 switch ->A\n"
				  "1200 poll A epoll fd 3\n"
				  "1210 poll A epoll fd 3\n"
				  "1210 end\n");
		evscript_finish(&run);
		l = only_loop(&run);
		assert_int_equal(l->stall_count, 1);
		s = l->stalls.at;
		assert_int_equal(s->busy_ns, 180);
		assert_int_equal(s->run_ns, 20);
		assert_int_equal(s->site.cause, cases[i].cause);
		if (cases[i].cause >= 0) {
			assert_int_equal(s->class_ns[cases[i].cause], 160);
			assert_int_equal(l->calls.count, 1);
			assert_int_equal(l->calls.at[0].cause, cases[i].cause);
			assert_int_equal(l->calls.at[0].ns, 160);
		} else {
			assert_int_equal(s->runnable_ns, 160);
			assert_int_equal(l->calls.count, 0);
		}
		assert_int_equal(s->site.stack, 72);
		if (cases[i].target)
			assert_string_equal(s->site.target, cases[i].target);
		else
			assert_null(s->site.target);
		if (cases[i].cause == CLASS_LOCK)
			assert_string_equal(s->site.owner, "B");
		evscript_stop(&run);
	}
}

static void stalls_are_joined_by_the_handler_that_ran(void **state)
{
	const struct result_loop *l;
	struct evscript_run run;

	(void)state;
	begin(&run);
	play_stacks(&run.script);
	play(&run.script, "1000 task A found on cpu0\n"
			  "1000 cpu0 switch A>- wait epoll_wait 0x3 stack 70\n"
			  "1010 wake A by irq\n"
			  "1010 cpu0 switch ->A\n"
			  "1010 poll A epoll fd 3\n"
			  "1050 sample A stack 72\n"
			  "1060 sample A stack 73\n"
			  "1070 sample A stack 72\n"
			  "1110 poll A epoll fd 3\n"
			  "1150 sample A stack 73\n"
			  "1180 poll A epoll fd 3\n"
			  "1190 poll A epoll fd 3\n"
			  "1190 end\n");
	evscript_finish(&run);
	l = only_loop(&run);
	assert_int_equal(l->stall_count, 2);
	assert_int_equal(l->stall_ns, 170);
	/* left and right are where handler was looked at */
	assert_int_equal(l->sites.count, 1);
	assert_int_equal(l->sites.at[0].count, 2);
	assert_int_equal(l->sites.at[0].ns, 170);
	assert_int_equal(l->sites.at[0].max_ns, 100);
	assert_int_equal(l->sites.at[0].stack, 72);
	assert_int_equal(l->stalls.at[0].site.stack, 72);
	assert_int_equal(l->stalls.at[1].site.stack, 73);
	evscript_stop(&run);
}

static void the_longest_of_many_stalls_are_kept_and_all_are_counted(void **state)
{
	const struct result_loop *l;
	struct evscript_run run;

	(void)state;
	begin(&run);
	play(&run.script, "1000 task A found on cpu0\n1000 poll A epoll fd 3\n");
	for (int i = 1, t = 1051; i <= 2 * STALLS_KEPT; i++, t += 50 + i) {
		char line[64];

		snprintf(line, sizeof(line), "%d poll A epoll fd 3\n%s", t,
			 i == 2 * STALLS_KEPT ? "90000 end\n" : "");
		play(&run.script, line);
	}
	evscript_finish(&run);
	l = only_loop(&run);
	assert_int_equal(l->stalls.count, STALLS_KEPT);
	/* the last round was not over when the recording was */
	assert_true(l->stalls.at[0].unfinished);
	assert_int_equal(l->stall_count, 2 * STALLS_KEPT + 1);
	assert_int_equal(l->stalls.at[1].busy_ns, 50 + 2 * STALLS_KEPT);
	assert_int_equal(l->stalls.at[STALLS_KEPT - 1].busy_ns, 50 + STALLS_KEPT + 2);
	evscript_stop(&run);
}

/* --- which loops --- */

static void a_loop_in_a_round_of_another_makes_that_round_longer(void **state)
{
	const struct result_loop *outer, *inner;
	struct evscript_run run;

	(void)state;
	start(&run, "1000 task A found on cpu0\n"
		    "1010 poll A epoll fd 3 sp 0x7000\n"
		    "1020 poll A epoll fd 3 sp 0x7000\n"
		    "1030 cpu0 switch A>- wait poll arg1 2\n"
		    "1090 wake A by irq\n"
		    "1090 cpu0 switch ->A\n"
		    "1090 poll A poll count 2 sp 0x6000\n"
		    "1095 poll A poll count 2 sp 0x6000\n"
		    "1097 poll A poll count 2 sp 0x6000\n"
		    "1110 poll A epoll fd 3 sp 0x7000\n"
		    "1111 cpu0 switch A>- wait epoll_wait 0x3\n"
		    "1500 wake A by irq\n"
		    "1500 cpu0 switch ->A\n"
		    "1500 poll A epoll fd 3 sp 0x7000\n"
		    "1510 poll A epoll fd 3 sp 0x7000\n"
		    "1510 end\n");
	assert_int_equal(run.result.loops.count, 2);
	outer = run.result.loops.at;
	inner = outer + 1;
	assert_string_equal(outer->kind, "epoll");
	assert_int_equal(outer->iterations, 5);
	assert_int_equal(outer->idle_ns, 389);
	assert_int_equal(outer->busy_ns, 10 + 90 + 1 + 10);
	assert_int_equal(outer->stall_count, 1);
	assert_int_equal(outer->stalls.at[0].site.cause, CLASS_IDLE);
	assert_int_equal(outer->stalls.at[0].class_ns[CLASS_IDLE], 60);
	/* what came after its last return was not a round of the inner one */
	assert_int_equal(inner->iterations, 3);
	assert_int_equal(inner->busy_ns, 5 + 2);
	assert_int_equal(inner->idle_ns, 60);
	assert_int_equal(inner->stall_count, 0);
	evscript_stop(&run);
}

static void nested_loops_are_told_apart_by_their_stacks_without_returns(void **state)
{
	const struct result_loop *outer;
	struct evscript_run run;

	(void)state;
	begin(&run);
	play_stacks(&run.script);
	play(&run.script, "1000 task A found on cpu0\n");
	for (int t = 1000; t < 1900; t += 300) {
		evscript_line(&run.script, "%d cpu0 switch A>- wait epoll_wait 0x3 stack 70", t);
		evscript_line(&run.script, "%d wake A by irq", t + 100);
		evscript_line(&run.script, "%d cpu0 switch ->A", t + 100);
		evscript_line(&run.script, "%d cpu0 switch A>- wait poll arg1 2 stack 71", t + 110);
		evscript_line(&run.script, "%d wake A by irq", t + 180);
		evscript_line(&run.script, "%d cpu0 switch ->A", t + 180);
	}
	play(&run.script, "1900 cpu0 switch A>- wait epoll_wait 0x3 stack 70\n2000 end\n");
	evscript_finish(&run);
	/* the inner one never comes round */
	outer = only_loop(&run);
	assert_string_equal(outer->kind, "epoll");
	assert_int_equal(outer->iterations, 3);
	assert_int_equal(outer->busy_ns, 3 * 200);
	assert_int_equal(outer->class_ns[CLASS_IDLE], 3 * 70);
	assert_int_equal(outer->stall_count, 3);
	evscript_stop(&run);
}

static void two_loops_that_take_turns_do_not_wait_for_each_other(void **state)
{
	struct evscript_run run;

	(void)state;
	begin(&run);
	play(&run.script, "1000 task A found on cpu0\n");
	for (int t = 1000; t < 1900; t += 300) {
		char text[256];

		snprintf(text, sizeof(text),
			 "%d cpu0 switch A>- wait epoll_wait 0x3\n"
			 "%d wake A by irq\n%d cpu0 switch ->A\n%d poll A epoll fd 3\n"
			 "%d cpu0 switch A>- wait epoll_wait 0x4\n",
			 t, t + 100, t + 100, t + 100, t + 110);
		play(&run.script, text);
		snprintf(text, sizeof(text),
			 "%d wake A by irq\n%d cpu0 switch ->A\n%d poll A epoll fd 4\n", t + 280,
			 t + 280, t + 280);
		play(&run.script, text);
	}
	play(&run.script, "1900 end\n");
	evscript_finish(&run);
	assert_int_equal(run.result.loops.count, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct result_loop *l = &run.result.loops.at[i];

		assert_int_equal(l->iterations, 3);
		assert_int_equal(l->stall_count, 0);
		assert_true(l->busy_ns <= 3 * 30);
		assert_int_equal(l->class_ns[CLASS_IDLE], 0);
	}
	evscript_stop(&run);
}

static void two_waits_by_turns_are_one_loops_at_any_depth(void **state)
{
	struct evscript_run run;

	(void)state;
	begin(&run);
	play(&run.script, "1000 task A found on cpu0\n");
	for (int t = 1000; t < 21000; t += 200) {
		char text[200];

		snprintf(text, sizeof(text),
			 "%d poll A epoll fd 3 sp 0x7000\n"
			 "%d cpu0 switch A>- wait poll arg1 2\n"
			 "%d wake A by irq\n%d cpu0 switch ->A\n%d poll A poll sp 0x6000\n",
			 t, t + 10, t + 190, t + 190, t + 190);
		play(&run.script, text);
	}
	play(&run.script, "21000 end\n");
	evscript_finish(&run);
	for (size_t i = 0; i < run.result.loops.count; i++)
		assert_true(run.result.loops.at[i].utilization < 0.2);
	assert_true(run.result.loops.count > 0);
	evscript_stop(&run);
}

static void a_thread_that_ends_has_left_its_loop(void **state)
{
	const struct result_loop *l;
	struct evscript_run run;

	(void)state;
	start(&run, "1000 task A found on cpu0\n"
		    "1010 poll A epoll fd 3\n"
		    "1020 poll A epoll fd 3\n"
		    "1030 poll A epoll fd 3\n"
		    "1040 poll A epoll fd 3\n"
		    "1900 cpu0 switch A>- dead\n"
		    "2000 end\n");
	l = only_loop(&run);
	assert_int_equal(l->iterations, 4);
	assert_int_equal(l->busy_ns, 30);
	assert_int_equal(l->stall_count, 0);
	/* nobody saw how long the last one was */
	assert_int_equal(l->unmeasured, 1);
	evscript_stop(&run);
}

static void a_round_that_does_not_end_is_a_stall_that_is_not_over(void **state)
{
	const struct result_loop *l;
	struct evscript_run run;

	(void)state;
	start(&run, "1000 task A found on cpu0\n"
		    "1010 poll A epoll fd 3\n"
		    "1020 poll A epoll fd 3\n"
		    "1030 poll A epoll fd 3\n"
		    "1100 cpu0 switch A>- wait futex 0x10 mutex stack 7\n"
		    "2000 end\n");
	l = only_loop(&run);
	assert_int_equal(l->iterations, 3);
	assert_int_equal(l->stall_count, 1);
	assert_true(l->stalls.at[0].unfinished);
	assert_int_equal(l->stalls.at[0].busy_ns, 970);
	assert_int_equal(l->stalls.at[0].site.cause, CLASS_LOCK);
	assert_int_equal(l->busy_ns, 10 + 10 + 970);
	/* it is no round yet */
	assert_int_equal(l->max_ns, 10);
	assert_int_equal(l->unmeasured, 1);
	evscript_stop(&run);
}

static void waits_for_one_thing_or_for_time_are_no_loops(void **state)
{
	static const char *const waits[] = {
		"poll arg1 1 object 1",	   /* a client that waits for its answer */
		"poll arg1 0 arg2 100",	   /* a sleep */
		"select arg0 0 arg3 4096", /* likewise */
		"read object 1",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(waits); i++) {
		struct evscript_run run;

		begin(&run);
		play(&run.script, "1000 object 1 socket tcp:10.0.0.1:80\n"
				  "1000 task A found on cpu0\n");
		for (int t = 1000; t < 1900; t += 100) {
			evscript_line(&run.script, "%d cpu0 switch A>- wait %s", t, waits[i]);
			evscript_line(&run.script, "%d wake A by irq", t + 50);
			evscript_line(&run.script, "%d cpu0 switch ->A", t + 50);
		}
		play(&run.script, "2000 end\n");
		evscript_finish(&run);
		assert_int_equal(run.result.loops.count, 0);
		evscript_stop(&run);
	}
}

static void an_epoll_that_takes_anothers_place_is_another_loop(void **state)
{
	const struct result_loop *l;
	struct evscript_run run;

	(void)state;
	begin(&run);
	play(&run.script, "1000 object 1 epoll a\n1000 object 2 epoll b\n"
			  "1000 task A found on cpu0\n");
	for (int t = 1000; t < 2000; t += 100) {
		/* between the two it does something else */
		int out = t == 1500 ? t + 80 : t;

		evscript_line(&run.script, "%d cpu0 switch A>- wait epoll_wait 0x3 object %d", out,
			      t < 1500 ? 1 : 2);
		evscript_line(&run.script, "%d wake A by irq", t + 90);
		evscript_line(&run.script, "%d cpu0 switch ->A", t + 90);
	}
	play(&run.script, "2000 end\n");
	evscript_finish(&run);
	l = only_loop(&run);
	assert_int_equal(l->iterations, 10);
	assert_int_equal(l->stall_count, 0);
	assert_int_equal(l->busy_ns, 9 * 10);
	evscript_stop(&run);
}

/* --- what is not known --- */

static void lost_returns_are_counted_but_not_measured(void **state)
{
	const struct result_loop *l;
	struct evscript_run run;

	(void)state;
	start(&run, "1000 task A found on cpu0\n"
		    "1010 poll A epoll fd 3\n"
		    "1020 poll A epoll fd 3\n"
		    "1400 poll A epoll fd 3 lost 20\n"
		    "1410 poll A epoll fd 3\n"
		    "1415 poll A epoll fd 3\n"
		    "1415 end\n");
	l = only_loop(&run);
	assert_int_equal(l->iterations, 25);
	assert_int_equal(l->lost, 20);
	assert_int_equal(l->busy_ns, 405);
	assert_int_equal(l->max_ns, 10);
	assert_int_equal(l->stall_count, 0);
	evscript_stop(&run);
}

static void a_round_in_which_records_are_lost_is_no_stall(void **state)
{
	const struct result_loop *l;
	struct evscript_run run;

	(void)state;
	start(&run, "1000 task A found on cpu0\n"
		    "1000 task B found on cpu1\n"
		    "1010 poll A epoll fd 3\n"
		    "1020 poll A epoll fd 3\n"
		    "1030 poll A epoll fd 3\n"
		    "1040 cpu0 switch A>- wait nanosleep\n"
		    "1100 wake A by irq\n"
		    "1100 cpu0 switch ->A\n"
		    "1110 cpu0 switch A>- wait nanosleep\n"
		    "1150 lose cpu0 from 1035\n"
		    "1190 wake A by irq\n"
		    "1190 cpu0 switch ->A\n"
		    "1200 poll A epoll fd 3\n"
		    "1210 poll A epoll fd 3\n"
		    "1210 end\n");
	l = only_loop(&run);
	assert_int_equal(l->iterations, 5);
	assert_int_equal(l->stall_count, 0);
	assert_true(l->max_ns <= 10);
	evscript_stop(&run);
}

static void rounds_are_cut_to_the_window(void **state)
{
	static const char text[] = "1000 task A found on cpu0\n"
				   "1010 poll A epoll fd 3 events 1\n"
				   "1110 poll A epoll fd 3 events 1\n"
				   "1210 poll A epoll fd 3 events 1\n"
				   "1310 poll A epoll fd 3 events 1\n"
				   "1410 poll A epoll fd 3 events 1\n"
				   "1510 poll A epoll fd 3 events 1\n";
	const struct result_loop *l;
	struct evscript_run run;

	(void)state;
	begin(&run);
	run.script.options.start_ns = 1150;
	run.script.options.end_ns = 1450;
	play(&run.script, text);
	play(&run.script, "1510 end\n");
	evscript_finish(&run);
	l = only_loop(&run);
	assert_int_equal(l->iterations, 3);
	assert_int_equal(l->events, 3);
	assert_int_equal(l->busy_ns, 300);
	assert_int_equal(l->max_ns, 100);
	/* neither the one that was under way nor the one that was not over */
	assert_int_equal(l->unmeasured, 1);
	assert_int_equal(l->p50_ns, 100);
	evscript_stop(&run);
	begin(&run);
	run.script.options.start_ns = 1150;
	play(&run.script, text);
	play(&run.script, "1520 cpu0 switch A>- wait epoll_wait 0x3\n1600 end\n");
	evscript_finish(&run);
	l = only_loop(&run);
	assert_int_equal(l->iterations, 4);
	assert_int_equal(l->unmeasured, 0);
	evscript_stop(&run);
}

/* --- hops --- */

static void work_that_goes_to_a_thread_and_back_is_measured(void **state)
{
	const struct result_hops *h;
	const struct result_loop *l;
	struct evscript_run run;

	(void)state;
	begin(&run);
	play(&run.script, "1000 object 5 futex 0x10\n"
			  "1000 task A found on cpu0\n"
			  "1000 task W forked of A\n"
			  "1001 cpu1 switch ->W\n"
			  "1002 cpu1 switch W>- wait futex 0x10 condition object 5\n");
	for (int t = 1000; t < 3000; t += 500) {
		char text[512];

		snprintf(text, sizeof(text),
			 "%d poll A epoll fd 3\n"
			 "%d wake W by A\n"
			 "%d cpu0 switch A>- wait epoll_wait 0x3\n"
			 "%d cpu1 switch ->W\n"
			 "%d wake A by W\n"
			 "%d cpu1 switch W>- wait futex 0x10 condition object 5\n"
			 "%d cpu0 switch ->A\n",
			 t + 10, t + 20, t + 25, t + 50, t + 250, t + 260, t + 290);
		play(&run.script, text);
	}
	play(&run.script, "3000 poll A epoll fd 3\n3010 end\n");
	evscript_finish(&run);
	l = only_loop(&run);
	assert_int_equal(l->hops.count, 1);
	h = l->hops.at;
	assert_int_equal(h->count, 4);
	assert_int_equal(h->returned, 4);
	assert_int_equal(h->workers, 1);
	assert_int_equal(h->queue_max_ns, 30);
	assert_int_equal(h->service_max_ns, 200);
	assert_int_equal(h->back_max_ns, 40);
	assert_true(h->workers_busy > 0.4 && h->workers_busy < 0.5);
	evscript_stop(&run);
}

static void running_out_of_memory_is_told(void **state)
{
	struct evscript_run run;
	bool was_whole = false;

	(void)state;
	begin(&run);
	play_stacks(&run.script);
	play(&run.script, "1000 object 5 futex 0x10\n"
			  "1000 task A found on cpu0\n"
			  "1000 task W forked of A\n"
			  "1001 cpu1 switch ->W\n"
			  "1002 cpu1 switch W>- wait futex 0x10 condition object 5\n"
			  "1010 poll A epoll fd 3\n"
			  "1020 wake W by A\n"
			  "1025 cpu0 switch A>- wait epoll_wait 0x3 stack 70\n"
			  "1050 cpu1 switch ->W\n"
			  "1250 wake A by W\n"
			  "1260 cpu1 switch W>- wait futex 0x10 condition object 5\n"
			  "1290 cpu0 switch ->A\n"
			  "1300 poll A epoll fd 3\n"
			  "1350 sample A stack 72\n"
			  "1400 poll A epoll fd 3\n"
			  "1410 cpu0 switch A>- wait nanosleep stack 73\n"
			  "1500 cpu0 switch ->A\n"
			  "1510 poll A epoll fd 3\n"
			  "1600 end\n");
	OOM_SWEEP(2000) {
		struct model *m = model_new(&run.script.options);
		struct result r = { 0 };
		int rc = m ? 0 : -ENOMEM;

		for (size_t i = 0; i < run.script.events.count && !rc; i++)
			rc = model_add(m, &run.script.events.at[i]);
		if (!rc)
			rc = model_finish(m, &run.script.recording, &r);
		assert_true(rc == 0 || rc == -ENOMEM);
		if (!rc) {
			assert_int_equal(r.loops.count, 1);
			assert_int_equal(r.loops.at[0].hops.count, 1);
			was_whole = true;
		}
		result_release(&r);
		model_free(m);
	}
	assert_true(was_whole);
	evscript_release(&run.script);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_round_lasts_from_the_wakeup_to_the_next_wait),
		cmocka_unit_test(rounds_that_do_not_block_are_seen_by_their_returns),
		cmocka_unit_test(without_returns_each_wait_that_blocks_is_one),
		cmocka_unit_test(a_call_that_sleeps_twice_is_one_wait),
		cmocka_unit_test(a_stall_says_what_its_largest_part_was),
		cmocka_unit_test(stalls_are_joined_by_the_handler_that_ran),
		cmocka_unit_test(the_longest_of_many_stalls_are_kept_and_all_are_counted),
		cmocka_unit_test(a_loop_in_a_round_of_another_makes_that_round_longer),
		cmocka_unit_test(nested_loops_are_told_apart_by_their_stacks_without_returns),
		cmocka_unit_test(two_loops_that_take_turns_do_not_wait_for_each_other),
		cmocka_unit_test(two_waits_by_turns_are_one_loops_at_any_depth),
		cmocka_unit_test(a_thread_that_ends_has_left_its_loop),
		cmocka_unit_test(a_round_that_does_not_end_is_a_stall_that_is_not_over),
		cmocka_unit_test(waits_for_one_thing_or_for_time_are_no_loops),
		cmocka_unit_test(an_epoll_that_takes_anothers_place_is_another_loop),
		cmocka_unit_test(lost_returns_are_counted_but_not_measured),
		cmocka_unit_test(a_round_in_which_records_are_lost_is_no_stall),
		cmocka_unit_test(rounds_are_cut_to_the_window),
		cmocka_unit_test(work_that_goes_to_a_thread_and_back_is_measured),
		cmocka_unit_test(running_out_of_memory_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
