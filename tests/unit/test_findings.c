/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is said of programs whose bottleneck is known, and what must not be
 * said of those that have none. Times in the scripts are microseconds.
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

static void a_saturated_mutex_is_a_lock_with_the_share_that_arithmetic_gives(void **state)
{
	struct evscript_run run;

	(void)state;
	/* S = 5, Z = 1, N = 4: every thread waits 14 of 20 */
	saturated_mutex(&run, 4, 5000, 1000, 100);
	end(&run, 4 * 5000 * 100 + 1000, "lock");
	assert_true(run.result.findings.at[0].share > 0.69);
	assert_true(run.result.findings.at[0].share < 0.71);
	assert_title(&run, 0, "Waiting for a lock: 70 % of the threads' working time went to mutex "
			      "0x5510 in [heap] (4 threads, 402 waits, longest 15.0 ms)");
	assert_int_equal(evidence(&run, 0, "threads")->number, 4);
	evscript_stop(&run);
}

static void holders_that_sleep_with_the_lock_are_a_lock_first(void **state)
{
	static const uint64_t holds[] = { 1000, 5000, 2000, 3000, 4000 };
	struct evscript_run run;
	uint64_t t = 0;

	(void)state;
	start(&run, "1000 object 1 futex 0x10\n1000 task h0 found on cpu0\n");
	for (int i = 1; i < 5; i++)
		line(&run, 0, "task h%d found on cpu%d of h0", i, i);
	for (int i = 1; i < 5; i++)
		line(&run, 1, "cpu%d switch h%d>- wait futex 0x10 mutex owner h%d object 1", i, i,
		     i - 1);
	for (int i = 0; i < 5; i++) {
		line(&run, t + 1, "cpu%d switch h%d>- wait clock_nanosleep", i, i);
		t += holds[i];
		line(&run, t, "wake h%d by irq", i);
		line(&run, t, "cpu%d switch ->h%d", i, i);
		if (i < 4) {
			line(&run, t, "wake h%d by h%d", i + 1, i);
			line(&run, t, "cpu%d switch ->h%d", i + 1, i + 1);
		}
		line(&run, t + 1, "cpu%d switch h%d>- dead", i, i);
	}
	end(&run, t + 2, "lock");
	assert_string_equal(evidence(&run, 0, "pattern")->text, "held_across_wait");
	evscript_stop(&run);
}

static void a_deadlock_comes_before_the_locks_that_make_it(void **state)
{
	struct evscript_run run;

	(void)state;
	start(&run, "1000 task A found on cpu0\n"
		    "1000 task B found on cpu1 of A\n");
	line(&run, 100, "cpu0 switch A>- wait futex 0x10 mutex owner B");
	line(&run, 200, "cpu1 switch B>- wait futex 0x20 mutex owner A");
	end(&run, 100000, "deadlock lock");
	assert_int_equal(run.result.locks.count, 2);
	evscript_stop(&run);
}

static void a_lock_that_is_waited_for_now_and_then_is_none(void **state)
{
	struct evscript_run run;

	(void)state;
	start(&run, "1000 task A found on cpu0\n"
		    "1000 task B found on cpu1 of A\n");
	for (uint64_t t = 0; t < 100000; t += 10000) {
		line(&run, t + 5000, "cpu1 switch B>- wait futex 0x10 mutex owner A");
		line(&run, t + 5300, "wake B by A");
		line(&run, t + 5300, "cpu1 switch ->B");
	}
	end(&run, 100000, "cpu");
	evscript_stop(&run);
}

static void a_pool_that_crowds_at_a_lock_when_it_starts_is_not_bound_by_it(void **state)
{
	struct evscript_run run;

	(void)state;
	start(&run, "1000 task main found on cpu0\n");
	/* 64 waits of 10 ms, one beside the other, are 0.64 s: of one second */
	for (int i = 0; i < 64; i++)
		line(&run, 0, "task w%d found wait futex 0x10 mutex owner main of main", i);
	line(&run, 10000, "wake w0 by main");
	for (int i = 0; i < 64; i++) {
		line(&run, 10000, "cpu1 switch ->w%d", i);
		line(&run, 10000, "cpu1 switch w%d>- wait futex 0x20 condition", i);
	}
	end(&run, 1000000, "serial");
	assert_true(run.result.totals.by_class_ns[CLASS_LOCK] > 630000 * US);
	evscript_stop(&run);
}

static void threads_that_live_briefly_at_a_lock_are_bound_by_it(void **state)
{
	struct evscript_run run;

	(void)state;
	start(&run, "1000 task main found on cpu0\n");
	/* no thread waits for long, but always three of them do */
	for (uint64_t i = 0; i < 90; i++) {
		line(&run, i * 1000, "task t%lu forked of main", i);
		line(&run, i * 1000, "cpu%lu switch ->t%lu", 1 + i % 4, i);
		line(&run, i * 1000, "cpu%lu switch t%lu>- wait futex 0x10 mutex", 1 + i % 4, i);
		if (i < 3)
			continue;
		line(&run, i * 1000 + 900, "wake t%lu by main", i - 3);
		line(&run, i * 1000 + 900, "cpu%lu switch ->t%lu", 1 + (i - 3) % 4, i - 3);
		line(&run, i * 1000 + 900, "cpu%lu switch t%lu>- dead", 1 + (i - 3) % 4, i - 3);
	}
	end(&run, 90000, "lock");
	evscript_stop(&run);
}

static void a_pool_of_parked_workers_is_nobodys_bottleneck(void **state)
{
	struct evscript_run run;

	(void)state;
	start(&run, "1000 object 1 futex 0x10\n1000 task main found on cpu0\n");
	for (int i = 0; i < 64; i++)
		line(&run, 0, "task w%d found wait futex 0x10 condition object 1", i);
	end(&run, 100000, "serial");
	assert_title(&run, 0,
		     "One thread does the work: main (101) ran 100 % of the time, on one of 2 "
		     "cores");
	evscript_stop(&run);
}

static void a_pool_that_has_nothing_to_do_is_idle(void **state)
{
	struct evscript_run run;

	(void)state;
	start(&run, "1000 object 1 futex 0x10\n"
		    "1000 object 2 epoll\n"
		    "1000 task main found on cpu0\n");
	for (int i = 0; i < 64; i++)
		line(&run, 0, "task w%d found wait futex 0x10 condition object 1", i);
	for (uint64_t t = 0; t < 100000; t += 10000) {
		line(&run, t + 100, "cpu0 switch main>- wait epoll_wait object 2");
		line(&run, t + 10000, "wake main by irq");
		line(&run, t + 10000, "cpu0 switch ->main");
	}
	end(&run, 100000, "idle");
	assert_title(&run, 0, "Mostly idle: nothing ran 99 % of the time; it was waiting for work");
	assert_string_equal(evidence(&run, 0, "class")->text, "idle");
	evscript_stop(&run);
}

static void threads_that_take_turns_are_serial(void **state)
{
	struct evscript_run run;

	(void)state;
	start(&run, "1000 object 1 pipe pipe:[1]\n"
		    "1000 task A found on cpu0\n"
		    "1000 task B found wait read object 1\n");
	for (uint64_t t = 0; t < 100000; t += 1000) {
		line(&run, t + 490, "wake B by A");
		line(&run, t + 500, "cpu0 switch A>B wait read object 1");
		line(&run, t + 990, "wake A by B");
		line(&run, t + 1000, "cpu0 switch B>A wait read object 1");
	}
	end(&run, 100000, "serial");
	assert_title(&run, 0,
		     "One thread at a time: 98 % of the time only one thread had something to do, "
		     "although 2 shared the work and there are 2 cores");
	assert_non_null(strstr(run.result.findings.at[0].advice, "take turns"));
	evscript_stop(&run);
}

static void a_thread_with_a_phase_of_its_own_is_named(void **state)
{
	struct evscript_run run;

	(void)state;
	/* of each 10 ms main has 6 alone, then two workers 4; others take half of the core that
	 * main has, which makes its part longer, but no less serial */
	start(&run, "1000 cpu cpu0 0 0 0\n1000 cpu cpu1 0 0 0\n1000 task main found on cpu0\n"
		    "1000 object 1 futex 0x10\n"
		    "1000 task a found wait futex 0x10 condition object 1 of main\n"
		    "1000 task b found wait futex 0x10 condition object 1 of main\n");
	for (uint64_t t = 0; t < 100000; t += 10000) {
		line(&run, t + 3000, "cpu0 switch main>- preempted");
		line(&run, t + 6000, "cpu0 switch ->main");
		line(&run, t + 6000, "wake a by main");
		line(&run, t + 6000, "wake b by main");
		line(&run, t + 6000, "cpu0 switch main>a wait futex 0x20 condition");
		line(&run, t + 6000, "cpu1 switch ->b");
		line(&run, t + 10000, "wake main by a");
		line(&run, t + 10000, "cpu1 switch b>- wait futex 0x10 condition object 1");
		line(&run, t + 10000, "cpu0 switch a>main wait futex 0x10 condition object 1");
	}
	line(&run, 100000, "cpu cpu0 70000000 30000000 0");
	line(&run, 100000, "cpu cpu1 40000000 0 60000000");
	end(&run, 100000, "serial");
	assert_title(&run, 0,
		     "One thread at a time: 60 % of the time only one thread had something to do, "
		     "mostly main (101), although 3 shared the work and there are 2 cores");
	assert_int_equal(evidence(&run, 0, "lone_tid_ns")->number, 60000 * US);
	evscript_stop(&run);
}

/* Two threads that wake each other after @work us each, 2 us later; what is said of it. */
static void assert_hand_over(uint64_t work, const char *title)
{
	uint64_t turn = 2 * work + 4;
	struct evscript_run run;

	start(&run, "1000 object 1 pipe pipe:[1]\n"
		    "1000 task A found on cpu0\n"
		    "1000 task B found wait read object 1\n");
	for (uint64_t t = 0; t < 5000 * turn; t += turn) {
		line(&run, t + work, "wake B by A");
		line(&run, t + work, "cpu0 switch A>- wait read object 1");
		line(&run, t + work + 2, "cpu1 switch ->B");
		line(&run, t + turn - 2, "wake A by B");
		line(&run, t + turn - 2, "cpu1 switch B>- wait read object 1");
		line(&run, t + turn, "cpu0 switch ->A");
	}
	end(&run, 5000 * turn, "handover");
	assert_title(&run, 0, title);
	evscript_stop(&run);
}

static void threads_that_hand_over_after_a_moments_work_do_so_too_often(void **state)
{
	(void)state;
	/* the wake-up is fast, but for so little work it is not worth it */
	assert_hand_over(8, "Handing over too often: threads woke each other 10.0k times and ran "
			    "only 8.00 us for each of these, of which the switches alone take "
			    "some 5.00 us");
	assert_hand_over(5, "Handing over too often: threads woke each other 10.0k times and ran "
			    "only 5.00 us for each of these, hardly more than the switches alone "
			    "take");
}

static void a_thread_for_each_little_task_is_churn(void **state)
{
	struct evscript_run run;

	(void)state;
	start(&run, "1000 task main found on cpu0\n");
	for (uint64_t i = 0; i < 110; i++) {
		line(&run, i * 100, "task t%lu forked of main", i);
		line(&run, i * 100 + 10, "cpu1 switch ->t%lu", i);
		line(&run, i * 100 + 10, "cpu0 switch main>- wait futex 0x10 join");
		line(&run, i * 100 + 40, "wake main by t%lu", i);
		line(&run, i * 100 + 50, "cpu0 switch ->main");
		line(&run, i * 100 + 50, "cpu1 switch t%lu>- dead", i);
	}
	end(&run, 11000, "churn");
	assert_int_equal(evidence(&run, 0, "threads")->number, 110);
	assert_non_null(strstr(run.result.findings.at[0].title, "ran 40.0 us each on average"));
	evscript_stop(&run);
}

static void on_a_machine_of_one_core_nothing_is_serial(void **state)
{
	struct evscript_run run;

	(void)state;
	start(&run, "1000 task A found on cpu0\n");
	run.script.recording.cpus = 1;
	end(&run, 100000, "cpu");
	evscript_stop(&run);
}

static void wakeups_that_take_longer_than_the_work_are_said(void **state)
{
	struct evscript_run run;

	(void)state;
	start(&run, "1000 object 1 pipe pipe:[1]\n"
		    "1000 task A found on cpu0\n"
		    "1000 task B found wait read object 1\n");
	for (uint64_t t = 0; t < 100000; t += 200) {
		line(&run, t + 10, "wake B by A");
		line(&run, t + 10, "cpu0 switch A>- wait read object 1");
		line(&run, t + 100, "cpu1 switch ->B");
		line(&run, t + 110, "wake A by B");
		line(&run, t + 110, "cpu1 switch B>- wait read object 1");
		line(&run, t + 200, "cpu0 switch ->A");
	}
	end(&run, 100000, "wakeup");
	assert_title(&run, 0,
		     "Waiting to get going: 90 % of the time nothing ran though a thread was woken "
		     "already (1.00k wake-ups, 90.0 us each)");
	evscript_stop(&run);
}

/* One thread that works a little and waits much. */
static void waits(struct evscript_run *run, const char *objects, const char *what,
		  const char *expected)
{
	start(run, objects);
	line(run, 0, "task A found on cpu0");
	for (uint64_t t = 0; t < 1000000; t += 10000) {
		line(run, t + 1000, "cpu0 switch A>- wait %s", what);
		line(run, t + 9900, "wake A by irq");
		line(run, t + 10000, "cpu0 switch ->A");
	}
	end(run, 1000000, expected);
}

static void waiting_for_a_disk_is_the_disk(void **state)
{
	struct evscript_run run;

	(void)state;
	waits(&run, "1000 object 1 file /var/lib/x\n", "fsync object 1 disk", "disk");
	assert_title(&run, 0,
		     "Waiting for the disk: 89 % of the threads' working time, mostly /var/lib/x "
		     "in fsync (1 thread, 100 waits, longest 8.90 ms)");
	evscript_stop(&run);
	waits(&run, "", "fault disk io", "disk");
	assert_title(&run, 0,
		     "Waiting for the disk: 89 % of the threads' working time, mostly page fault "
		     "(1 thread, 100 waits, longest 8.90 ms)");
	evscript_stop(&run);
}

static void waiting_for_a_peer_is_the_network(void **state)
{
	struct evscript_run run;

	(void)state;
	waits(&run, "1000 object 1 socket tcp:10.0.0.1:5432\n", "recvfrom object 1", "network");
	assert_title(&run, 0,
		     "Waiting for a peer: 89 % of the time nothing ran until a socket was ready, "
		     "mostly tcp:10.0.0.1:5432 in recvfrom (1 thread, 100 waits, longest 8.90 ms)");
	evscript_stop(&run);
}

static void waiting_for_children_that_are_not_recorded_is_children(void **state)
{
	struct evscript_run run;

	(void)state;
	waits(&run, "", "wait4", "child");
	evscript_stop(&run);
}

static void sleeping_is_idle(void **state)
{
	struct evscript_run run;

	(void)state;
	waits(&run, "", "clock_nanosleep", "idle");
	assert_title(&run, 0,
		     "Mostly asleep: nothing ran 89 % of the time, until a time had passed; A "
		     "(101) slept most, 890 ms");
	assert_non_null(strstr(run.result.findings.at[0].advice, "by its own choice"));
	evscript_stop(&run);
}

static void children_that_run_one_after_another_are_children(void **state)
{
	struct evscript_run run;

	(void)state;
	start(&run, "1000 task sh found on cpu0\n");
	for (uint64_t i = 0; i < 50; i++) {
		line(&run, i * 2000 + 100, "task c%lu forked by sh", i);
		line(&run, i * 2000 + 110, "cpu1 switch ->c%lu", i);
		line(&run, i * 2000 + 110, "cpu0 switch sh>- wait wait4");
		line(&run, i * 2000 + 1990, "wake sh by c%lu", i);
		line(&run, i * 2000 + 2000, "cpu1 switch c%lu>- dead", i);
		line(&run, i * 2000 + 2000, "cpu0 switch ->sh");
	}
	end(&run, 100000, "child");
	assert_title(&run, 0,
		     "Waiting for children: 94 % of the time a parent waited while its children "
		     "ran one at a time (51 processes)");
	evscript_stop(&run);
}

static void children_that_live_side_by_side_do_not_take_turns(void **state)
{
	struct evscript_run run;

	(void)state;
	/* a shell, and a pipeline of three of which the first is the slow one */
	start(&run, "1000 object 1 pipe pipe:[1]\n1000 object 2 pipe pipe:[2]\n"
		    "1000 task sh found wait wait4\n1000 task a found on cpu0\n"
		    "1000 task b found wait read object 1\n"
		    "1000 task c found wait read object 2\n");
	for (uint64_t t = 0; t < 100000; t += 10000) {
		line(&run, t + 9000, "wake b by a");
		line(&run, t + 9000, "cpu1 switch ->b");
		line(&run, t + 9500, "wake c by b");
		line(&run, t + 9500, "cpu1 switch b>c wait read object 1");
		line(&run, t + 9900, "cpu1 switch c>- wait read object 2");
	}
	line(&run, 100000, "end");
	run.model = evscript_model(&run.script, &run.result);
	for (size_t i = 0; i < run.result.findings.count; i++)
		assert_string_not_equal(run.result.findings.at[i].id, "child");
	evscript_stop(&run);
}

/* Frames 1 … of @names, each of which is the innermost of a stack of that number. */
static void add_stacks(struct evscript *s, const char *const *names, const uint32_t *frames)
{
	for (uint32_t i = 0; names[i]; i++) {
		struct event e = { .type = EVENT_FRAME, .time_ns = 1000 };

		e.frame = (struct event_frame){ .frame = i + 1, .module = "/opt/app" };
		evscript_event(s, &e);
		e = (struct event){ .type = EVENT_NAME, .time_ns = 1000 };
		e.name = (struct event_name){ .frame = i + 1, .function = names[i], .file = "" };
		evscript_event(s, &e);
		e = (struct event){ .type = EVENT_STACK, .time_ns = 1000 };
		e.stack = (struct event_stack){
			.stack = i + 1, .flags = STACK_COMPLETE, .count = 1, .frames = &frames[i]
		};
		evscript_event(s, &e);
	}
}

static void who_is_sampled_in_a_spin_lock_spins(void **state)
{
	static const char *const names[] = { "pthread_spin_lock", "work", NULL };
	static const uint32_t frames[] = { 1, 2 };
	struct evscript_run run;

	(void)state;
	start(&run, "1000 task A found on cpu0\n1000 task B found on cpu1 of A\n");
	add_stacks(&run.script, names, frames);
	for (uint64_t t = 0; t < 200; t++)
		line(&run, t * 1000, "sample A stack %d", t % 4 ? 1 : 2);
	end(&run, 200000, "spin");
	assert_title(&run, 0,
		     "Spinning on a lock: 75 % of 200 samples of running threads were taken in it, "
		     "most in pthread_spin_lock");
	assert_string_equal(evidence(&run, 0, "function")->text, "pthread_spin_lock");
	evscript_stop(&run);
}

static void one_who_always_comes_last_at_a_barrier_has_too_large_a_part(void **state)
{
	struct evscript_run run;

	(void)state;
	start(&run, "1000 object 1 futex 0x10\n"
		    "1000 task A found on cpu0\n"
		    "1000 task B found on cpu1 of A\n");
	for (uint64_t t = 0; t < 100000; t += 10000) {
		line(&run, t + 2000, "cpu1 switch B>- wait futex 0x10 barrier object 1");
		line(&run, t + 10000, "wake B by A");
		line(&run, t + 10000, "cpu1 switch ->B");
	}
	/* 2 and 10 units; of 6 and 6 each round would take 6 */
	end(&run, 100000, "imbalance");
	assert_title(&run, 0,
		     "Unevenly divided work: 40 % of the time is lost to waiting for the last one "
		     "at barrier 0x10 (1 thread, 10 waits, longest 8.00 ms), most often thread "
		     "101");
	evscript_stop(&run);
}

static void parts_that_are_even_are_not_called_uneven(void **state)
{
	struct evscript_run run;

	(void)state;
	start(&run, "1000 object 1 futex 0x10\n"
		    "1000 task A found on cpu0\n"
		    "1000 task B found on cpu1 of A\n");
	for (uint64_t t = 0; t < 100000; t += 20000) {
		line(&run, t + 9000, "cpu1 switch B>- wait futex 0x10 barrier object 1");
		line(&run, t + 10000, "wake B by A");
		line(&run, t + 10000, "cpu1 switch ->B");
		line(&run, t + 19000, "cpu0 switch A>- wait futex 0x10 barrier object 1");
		line(&run, t + 20000, "wake A by B");
		line(&run, t + 20000, "cpu0 switch ->A");
	}
	end(&run, 100000, "cpu");
	evscript_stop(&run);
}

static void kernel_threads_that_wait_for_work_are_no_bottleneck(void **state)
{
	struct evscript_run run;

	(void)state;
	start(&run, "1000 task A found on cpu0\n"
		    "1000 task B found wait futex 0x10 mutex owner A of A\n");
	for (int i = 0; i < 50; i++)
		line(&run, 0, "task k%d found wait read kthread", i);
	for (size_t i = 0; i < run.script.events.count; i++)
		if (run.script.events.at[i].type == EVENT_TASK &&
		    run.script.events.at[i].task.comm[0] == 'k')
			run.script.events.at[i].task.kthread = true;
	end(&run, 100000, "lock");
	assert_true(run.result.findings.at[0].share == 0.5);
	evscript_stop(&run);
}

static void of_short_waits_that_were_summed_nothing_is_concluded_about_who_ran_when(void **state)
{
	struct evscript_run run;

	(void)state;
	start(&run, "1000 task A found on cpu0\n1000 task B found on cpu1\n");
	line(&run, 0, "cpu1 switch B>- wait nanosleep");
	line(&run, 50000, "short A nr nanosleep waits 900 wait 40000000 runnable 0");
	line(&run, 90000, "cpu0 switch A>- wait nanosleep");
	end(&run, 100000, "");
	assert_true(run.result.parallelism.approximate);
	assert_int_equal(run.result.totals.run_ns, 50000 * US);
	assert_int_equal(run.result.parallelism.active_ns, 50000 * US);
	evscript_stop(&run);
}

static void an_empty_recording_finds_nothing(void **state)
{
	struct evscript_run run;

	(void)state;
	start(&run, "");
	end(&run, 0, "");
	evscript_stop(&run);
}

static void there_are_at_most_three(void **state)
{
	struct evscript_run run;

	(void)state;
	/* lock, disk, network, sleep: each for a part of the time */
	start(&run, "1000 object 1 file x\n1000 object 2 socket y\n"
		    "1000 task A found on cpu0\n"
		    "1000 task B found wait futex 0x10 mutex owner A of A\n");
	for (uint64_t t = 0; t < 100000; t += 10000) {
		line(&run, t, "cpu0 switch A>- wait fsync object 1 disk");
		line(&run, t + 2500, "cpu0 switch ->A");
		line(&run, t + 2500, "cpu0 switch A>- wait recvfrom object 2");
		line(&run, t + 5000, "cpu0 switch ->A");
		line(&run, t + 5000, "cpu0 switch A>- wait wait4");
		line(&run, t + 7500, "cpu0 switch ->A");
		line(&run, t + 7500, "cpu0 switch A>- wait fsync object 1 disk");
		line(&run, t + 9000, "cpu0 switch ->A");
	}
	end(&run, 100000, "lock disk network");
	evscript_stop(&run);
}

static void names_from_the_target_are_printed_harmlessly(void **state)
{
	struct evscript_run run;

	(void)state;
	start(&run, "");
	line(&run, 0, "task \033[2Jx found on cpu0");
	end(&run, 100000, "serial");
	assert_null(strchr(run.result.findings.at[0].title, '\033'));
	assert_non_null(strstr(run.result.findings.at[0].title, "\\x1b[2Jx"));
	evscript_stop(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_saturated_mutex_is_a_lock_with_the_share_that_arithmetic_gives),
		cmocka_unit_test(holders_that_sleep_with_the_lock_are_a_lock_first),
		cmocka_unit_test(a_deadlock_comes_before_the_locks_that_make_it),
		cmocka_unit_test(a_lock_that_is_waited_for_now_and_then_is_none),
		cmocka_unit_test(a_pool_that_crowds_at_a_lock_when_it_starts_is_not_bound_by_it),
		cmocka_unit_test(threads_that_live_briefly_at_a_lock_are_bound_by_it),
		cmocka_unit_test(a_pool_of_parked_workers_is_nobodys_bottleneck),
		cmocka_unit_test(a_pool_that_has_nothing_to_do_is_idle),
		cmocka_unit_test(threads_that_take_turns_are_serial),
		cmocka_unit_test(a_thread_for_each_little_task_is_churn),
		cmocka_unit_test(threads_that_hand_over_after_a_moments_work_do_so_too_often),
		cmocka_unit_test(a_thread_with_a_phase_of_its_own_is_named),
		cmocka_unit_test(on_a_machine_of_one_core_nothing_is_serial),
		cmocka_unit_test(wakeups_that_take_longer_than_the_work_are_said),
		cmocka_unit_test(waiting_for_a_disk_is_the_disk),
		cmocka_unit_test(waiting_for_a_peer_is_the_network),
		cmocka_unit_test(waiting_for_children_that_are_not_recorded_is_children),
		cmocka_unit_test(sleeping_is_idle),
		cmocka_unit_test(children_that_run_one_after_another_are_children),
		cmocka_unit_test(children_that_live_side_by_side_do_not_take_turns),
		cmocka_unit_test(who_is_sampled_in_a_spin_lock_spins),
		cmocka_unit_test(one_who_always_comes_last_at_a_barrier_has_too_large_a_part),
		cmocka_unit_test(parts_that_are_even_are_not_called_uneven),
		cmocka_unit_test(kernel_threads_that_wait_for_work_are_no_bottleneck),
		cmocka_unit_test(
			of_short_waits_that_were_summed_nothing_is_concluded_about_who_ran_when),
		cmocka_unit_test(an_empty_recording_finds_nothing),
		cmocka_unit_test(there_are_at_most_three),
		cmocka_unit_test(names_from_the_target_are_printed_harmlessly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
