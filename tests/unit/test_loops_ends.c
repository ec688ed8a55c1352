/* SPDX-License-Identifier: GPL-2.0-only */
/* Rounds that end otherwise than in the loop's own call: in a park, or never. */
#include "loops_script.h"

/* Of a runtime's worker: frames main, run, findRunnable, then what waits. */
static void play_worker_stacks(struct evscript *s)
{
	static const uint32_t waits[] = { 5, 3, 2, 1 }, parks[] = { 6, 4, 3, 2, 1 };
	static const char *const names[] = { "main", "run", "runtime.findRunnable",
					     "runtime.stopm", "epoll_wait", "runtime.futex" };

	evscript_event(s, &(struct event){ .type = EVENT_STACK,
					   .stack = { .stack = 70,
						      .flags = STACK_COMPLETE,
						      .count = 4,
						      .frames = waits } });
	evscript_event(s, &(struct event){ .type = EVENT_STACK,
					   .stack = { .stack = 71,
						      .flags = STACK_COMPLETE,
						      .count = 5,
						      .frames = parks } });
	for (uint32_t i = 0; i < ARRAY_COUNT(names); i++)
		evscript_event(s, &(struct event){ .type = EVENT_NAME,
						   .name = { i + 1, 0, names[i], "", 0 } });
}

static void a_worker_that_parks_is_idle_and_begins_anew(void **state)
{
	const struct result_loop *l;
	struct evscript_run run;
	uint64_t rounds = 0;

	(void)state;
	begin(&run);
	play_worker_stacks(&run.script);
	play(&run.script, "1000 object 5 futex 0x10\n"
			  "1000 task A found on cpu0\n"
			  "1010 poll A epoll fd 3\n"
			  "1020 poll A epoll fd 3\n"
			  "1040 cpu0 switch A>- wait futex 0x10 object 5 stack 71\n"
			  "1500 wake A by irq\n"
			  "1505 cpu0 switch ->A\n"
			  "1540 cpu0 switch A>- wait futex 0x10 object 5 stack 71\n"
			  "1700 wake A by irq\n"
			  "1700 cpu0 switch ->A\n"
			  "1730 cpu0 switch A>- wait epoll_wait 0x3 stack 70\n"
			  "1800 wake A by irq\n"
			  "1800 cpu0 switch ->A\n"
			  "1801 poll A epoll fd 3\n"
			  "1810 cpu0 switch A>- wait futex 0x10 object 5 stack 71\n"
			  "2000 end\n");
	evscript_finish(&run);
	l = only_loop(&run);
	assert_int_equal(l->iterations, 3);
	assert_int_equal(l->parks, 2);
	assert_int_equal(l->busy_ns, 10 + 20 + 40 + 30 + 10);
	assert_int_equal(l->idle_ns, 460 + 160 + 70 + 190);
	assert_int_equal(l->max_ns, 40);
	assert_int_equal(l->class_ns[CLASS_IDLE], 0);
	assert_int_equal(l->delay_ns, 5);
	assert_int_equal(l->stall_count, 0);
	assert_int_equal(l->calls.count, 0);
	for (int i = 0; i < LOOP_STEPS; i++)
		rounds += l->histogram[i];
	assert_int_equal(rounds, l->iterations + l->parks);
	assert_int_equal(l->unmeasured, 0);
	evscript_stop(&run);
}

static void who_looks_in_on_events_now_and_then_and_parks_is_no_loop(void **state)
{
	struct evscript_run run;

	(void)state;
	begin(&run);
	play_worker_stacks(&run.script);
	play(&run.script, "1000 object 5 futex 0x10\n"
			  "1000 task A found on cpu0\n");
	for (int t = 1000; t < 2000; t += 200) {
		char text[512];

		snprintf(text, sizeof(text),
			 "%d poll A epoll fd 3\n"
			 "%d cpu0 switch A>- wait futex 0x10 object 5 stack 71\n"
			 "%d cpu0 switch ->A\n"
			 "%d cpu0 switch A>- wait futex 0x10 object 5 stack 71\n"
			 "%d cpu0 switch ->A\n",
			 t + 10, t + 20, t + 50, t + 60, t + 190);
		play(&run.script, text);
	}
	play(&run.script, "2100 end\n");
	evscript_finish(&run);
	assert_int_equal(run.result.loops.count, 0);
	evscript_stop(&run);
}

static void what_held_up_earlier_rounds_held_up_the_last_one_too(void **state)
{
	const struct result_loop *l;
	struct evscript_run run;

	(void)state;
	begin(&run);
	play_stacks(&run.script);
	play(&run.script, "1000 task A found on cpu0\n"
			  "1010 poll A epoll fd 3\n"
			  "1020 cpu0 switch A>- wait nanosleep stack 72\n"
			  "1100 cpu0 switch ->A\n"
			  "1110 poll A epoll fd 3\n"
			  "1120 poll A epoll fd 3\n"
			  "1130 cpu0 switch A>- wait nanosleep stack 72\n"
			  "1200 cpu0 switch ->A\n"
			  /* behind the loop, for all that is known */
			  "1300 cpu0 switch A>- wait futex 0x10 join stack 73\n"
			  "1700 cpu0 switch ->A\n"
			  "1900 cpu0 switch A>- dead\n"
			  "2000 end\n");
	evscript_finish(&run);
	l = only_loop(&run);
	assert_int_equal(l->iterations, 3);
	assert_int_equal(l->busy_ns, 100 + 10 + 80);
	assert_int_equal(l->stall_count, 2);
	assert_int_equal(l->stalls.at[1].busy_ns, 80);
	assert_int_equal(l->stalls.at[1].site.cause, CLASS_SLEEP);
	assert_true(l->stalls.at[1].unfinished);
	assert_int_equal(l->unmeasured, 1);
	evscript_stop(&run);
}

/* A resolver waits in poll itself. */
static void a_poll_that_held_up_earlier_rounds_held_up_the_last_one_too(void **state)
{
	const struct result_loop *l;
	struct evscript_run run;

	(void)state;
	begin(&run);
	play_stacks(&run.script);
	play(&run.script, "1000 object 11 socket udp 127.0.0.53:53\n"
			  "1000 task A found on cpu0\n");
	for (int t = 1000; t < 1500; t += 100) {
		char text[256];

		snprintf(text, sizeof(text),
			 "%d poll A epoll fd 3 sp 0x7000\n"
			 "%d cpu0 switch A>- wait poll arg1 1 object 11 stack 72\n"
			 "%d cpu0 switch ->A\n"
			 "%d poll A poll sp 0x4000 count 1\n",
			 t, t + 10, t + 70, t + 80);
		play(&run.script, text);
	}
	play(&run.script, "1600 cpu0 switch A>- dead\n2000 end\n");
	evscript_finish(&run);
	l = only_loop(&run);
	assert_int_equal(l->iterations, 5);
	assert_int_equal(l->stall_count, 5);
	assert_int_equal(l->busy_ns, 4 * 100 + 80);
	assert_int_equal(l->stalls.at[4].busy_ns, 80);
	assert_int_equal(l->stalls.at[4].site.cause, CLASS_SOCKET);
	assert_true(l->stalls.at[4].unfinished);
	evscript_stop(&run);
}

/* Two workers park from 1010 on, have work until 1110 and 1210, then one until 1400. */
static void a_pool_of_which_all_are_busy_is_full(void **state)
{
	const struct result_hops *h;
	struct evscript_run run;

	(void)state;
	begin(&run);
	play(&run.script, "1000 object 5 futex 0x10\n"
			  "1000 task A found on cpu0\n"
			  "1000 task V forked of A\n"
			  "1000 task W forked of A\n"
			  "1001 cpu1 switch ->V\n"
			  "1002 cpu1 switch V>- wait futex 0x10 condition object 5\n"
			  "1003 cpu2 switch ->W\n"
			  "1010 cpu2 switch W>- wait futex 0x10 condition object 5\n"
			  "1010 poll A epoll fd 3\n"
			  "1020 wake V by A\n"
			  "1021 cpu1 switch ->V\n"
			  "1030 wake W by A\n"
			  "1031 cpu2 switch ->W\n"
			  "1040 cpu0 switch A>- wait epoll_wait 0x3\n"
			  "1110 wake A by V\n"
			  "1110 cpu1 switch V>- wait futex 0x10 condition object 5\n"
			  "1111 cpu0 switch ->A\n"
			  "1112 poll A epoll fd 3\n"
			  "1120 cpu0 switch A>- wait epoll_wait 0x3\n"
			  "1210 wake A by W\n"
			  "1210 cpu2 switch W>- wait futex 0x10 condition object 5\n"
			  "1211 cpu0 switch ->A\n"
			  "1212 poll A epoll fd 3\n"
			  "1300 wake W by A\n"
			  "1301 cpu2 switch ->W\n"
			  "1310 cpu0 switch A>- wait epoll_wait 0x3\n"
			  "1400 wake A by W\n"
			  "1400 cpu0 switch ->A\n"
			  "1400 poll A epoll fd 3\n"
			  "1410 cpu2 switch W>- wait futex 0x10 condition object 5\n"
			  "1450 wake V by A\n"
			  "1450 cpu1 switch ->V\n"
			  "1460 wake W by A\n"
			  "1460 cpu2 switch ->W\n"
			  "1500 end\n");
	evscript_finish(&run);
	assert_int_equal(only_loop(&run)->hops.count, 1);
	h = only_loop(&run)->hops.at;
	assert_int_equal(h->workers, 2);
	assert_int_equal(h->full_ns, (1110 - 1030) + (1500 - 1460));
	assert_int_equal(h->full_max_ns, 80);
	evscript_stop(&run);
}

static void files_of_one_folder_are_one_place(void **state)
{
	const struct result_loop *l;
	struct evscript_run run;

	(void)state;
	begin(&run);
	play_stacks(&run.script);
	play(&run.script, "1000 object 11 file /var/lib/x/a\n"
			  "1000 object 12 file /var/lib/x/b\n"
			  "1000 object 13 file /var/lib/y/a\n"
			  "1000 task A found on cpu0\n");
	for (int i = 0; i < 5; i++) {
		static const int objects[] = { 11, 12, 13, 11, 12 };
		int t = 1000 + 100 * i;
		char text[200];

		snprintf(text, sizeof(text),
			 "%d poll A epoll fd 3\n"
			 "%d cpu0 switch A>- wait fsync object %d disk stack %d\n"
			 "%d cpu0 switch ->A\n",
			 t + 10, t + 20, objects[i], i == 4 ? 73 : 72, t + 80 + i);
		play(&run.script, text);
	}
	play(&run.script, "1510 poll A epoll fd 3\n1520 end\n");
	evscript_finish(&run);
	l = only_loop(&run);
	assert_int_equal(l->calls.count, 3);
	assert_string_equal(l->calls.at[0].target, "2 files in /var/lib/x");
	assert_int_equal(l->calls.at[0].count, 3);
	assert_int_equal(l->calls.at[0].ns, 60 + 61 + 63);
	/* one file is called by its name */
	assert_string_equal(l->calls.at[1].target, "/var/lib/x/b");
	assert_string_equal(l->calls.at[2].target, "/var/lib/y/a");
	assert_string_equal(l->sites.at[0].target, "2 files in /var/lib/x");
	evscript_stop(&run);
}

static void what_has_one_name_is_one_place(void **state)
{
	const struct result_loop *l;
	struct evscript_run run;

	(void)state;
	begin(&run);
	play_stacks(&run.script);
	play(&run.script, "1000 object 11 socket udp 127.0.0.53:53\n"
			  "1000 object 12 socket udp 127.0.0.53:53\n"
			  "1000 object 13 socket udp 127.0.0.53:54\n"
			  "1000 task A found on cpu0\n"
			  "1010 poll A epoll fd 3\n"
			  "1020 cpu0 switch A>- wait recvfrom object 11 stack 72\n"
			  "1100 cpu0 switch ->A\n"
			  "1110 poll A epoll fd 3\n"
			  "1120 cpu0 switch A>- wait recvfrom object 12 stack 72\n"
			  "1200 cpu0 switch ->A\n"
			  "1210 poll A epoll fd 3\n"
			  "1220 cpu0 switch A>- wait recvfrom object 13 stack 72\n"
			  "1300 cpu0 switch ->A\n"
			  "1310 poll A epoll fd 3\n"
			  "2000 end\n");
	evscript_finish(&run);
	l = only_loop(&run);
	assert_int_equal(l->calls.count, 2);
	assert_int_equal(l->calls.at[0].count, 2);
	assert_int_equal(l->calls.at[0].ns, 160);
	assert_int_equal(l->sites.at[1].count, 2);
	evscript_stop(&run);
}

static void what_two_loops_by_turns_do_is_counted_once(void **state)
{
	struct evscript_run run;
	uint64_t busy_ns = 0, stalls = 0;

	(void)state;
	begin(&run);
	play(&run.script, "1000 task A found on cpu0\n");
	for (int t = 1000; t < 1900; t += 300) {
		char text[512];

		snprintf(text, sizeof(text),
			 "%d cpu0 switch A>- wait epoll_wait 0x3\n"
			 "%d wake A by irq\n%d cpu0 switch ->A\n%d poll A epoll fd 3\n"
			 "%d cpu0 switch A>- wait epoll_wait 0x4\n"
			 "%d wake A by irq\n%d cpu0 switch ->A\n%d poll A epoll fd 4\n",
			 t, t + 100, t + 100, t + 100, t + 110, t + 200, t + 200, t + 200);
		play(&run.script, text);
	}
	play(&run.script, "1900 end\n");
	evscript_finish(&run);
	assert_int_equal(run.result.loops.count, 2);
	for (size_t i = 0; i < 2; i++) {
		busy_ns += run.result.loops.at[i].busy_ns;
		stalls += run.result.loops.at[i].stall_count;
	}
	assert_int_equal(busy_ns, 3 * 10 + 3 * 100);
	assert_int_equal(stalls, 3);
	evscript_stop(&run);
}

/* A loop's first wait has the stack of @first, which is another one than later. */
static void first_wait_is_of(const uint32_t *first, uint32_t count, uint8_t flags)
{
	struct evscript_run run;

	begin(&run);
	play_stacks(&run.script);
	evscript_event(&run.script, &(struct event){ .type = EVENT_STACK,
						     .stack = { .stack = 80,
								.flags = flags,
								.count = count,
								.frames = first } });
	play(&run.script, "1000 task A found on cpu0\n"
			  "1010 cpu0 switch A>- wait poll arg1 2 stack 80\n"
			  "1020 cpu0 switch ->A\n"
			  "1020 poll A poll\n");
	for (int t = 1100; t < 1500; t += 100) {
		char text[256];

		snprintf(text, sizeof(text),
			 "%d cpu0 switch A>- wait poll arg1 2 stack 70\n"
			 "%d cpu0 switch ->A\n%d poll A poll\n",
			 t, t + 50, t + 50);
		play(&run.script, text);
	}
	play(&run.script, "1900 end\n");
	evscript_finish(&run);
	assert_int_equal(only_loop(&run)->iterations, 5);
	evscript_stop(&run);
}

static void a_stack_that_lacks_frames_makes_no_other_loop(void **state)
{
	static const uint32_t leaf[] = { 9 }, skipped[] = { 9, 1 };

	(void)state;
	first_wait_is_of(leaf, 1, 0);
	first_wait_is_of(skipped, 2, STACK_COMPLETE);
}

static void a_stack_that_grows_as_tables_come_makes_no_other_loop(void **state)
{
	static const uint32_t leaf[] = { 9 }, part[] = { 9, 2 };
	const struct result_loop *l;
	struct evscript_run run;

	(void)state;
	begin(&run);
	play_stacks(&run.script);
	/* walks that took some 0 for the root */
	for (uint32_t i = 0; i < 2; i++)
		evscript_event(&run.script,
			       &(struct event){ .type = EVENT_STACK,
						.stack = { .stack = 80 + i,
							   .flags = STACK_COMPLETE,
							   .count = 1 + i,
							   .frames = i ? part : leaf } });
	play(&run.script, "1000 task A found on cpu0\n");
	for (int i = 0; i < 8; i++) {
		static const int stacks[] = { 80, 80, 81, 81, 70, 70, 70, 70 };
		int t = 1100 + i * 100;
		char text[256];

		snprintf(text, sizeof(text),
			 "%d cpu0 switch A>- wait poll arg1 2 stack %d\n"
			 "%d cpu0 switch ->A\n%d poll A poll\n%d poll A poll\n",
			 t, stacks[i], t + 50, t + 50, t + 60);
		play(&run.script, text);
	}
	play(&run.script, "1900 end\n");
	evscript_finish(&run);
	l = only_loop(&run);
	assert_int_equal(l->iterations, 16);
	assert_int_equal(l->unblocked, 8);
	evscript_stop(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_worker_that_parks_is_idle_and_begins_anew),
		cmocka_unit_test(who_looks_in_on_events_now_and_then_and_parks_is_no_loop),
		cmocka_unit_test(what_held_up_earlier_rounds_held_up_the_last_one_too),
		cmocka_unit_test(a_poll_that_held_up_earlier_rounds_held_up_the_last_one_too),
		cmocka_unit_test(a_pool_of_which_all_are_busy_is_full),
		cmocka_unit_test(files_of_one_folder_are_one_place),
		cmocka_unit_test(what_has_one_name_is_one_place),
		cmocka_unit_test(what_two_loops_by_turns_do_is_counted_once),
		cmocka_unit_test(a_stack_that_lacks_frames_makes_no_other_loop),
		cmocka_unit_test(a_stack_that_grows_as_tables_come_makes_no_other_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
