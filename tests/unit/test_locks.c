/* SPDX-License-Identifier: GPL-2.0-only */
/* Locks, what was waited for outside of the threads, and who ended it. */
#include "evscript.h"

#include <string.h>

static const struct result_holder *holder_with(const struct result_lock *l, uint32_t tid)
{
	for (size_t i = 0; i < l->holders.count; i++)
		if (l->holders.at[i].tid == tid)
			return &l->holders.at[i];
	fail_msg("%u holds nothing", tid);
	return NULL;
}

static void a_lock_knows_its_waiters_holders_and_wakers(void **state)
{
	struct evscript_run run;
	const struct result_lock *l;

	(void)state;
	evscript_start(&run, "1000 object 1 futex 0x5510 [heap]\n"
			     "1000 task A found on cpu0\n"
			     "1000 task B found on cpu1 of A\n"
			     "1000 task C found runnable of A\n"
			     "1100 cpu0 switch A>C wait futex 0x5510 mutex owner B object 1 "
			     "stack 7\n"
			     "1200 cpu0 switch C>- wait futex 0x5510 mutex owner B object 1 "
			     "stack 8\n"
			     "1500 wake A by B\n"
			     "1510 cpu0 switch ->A\n"
			     "1800 wake C by A\n"
			     "1900 cpu0 switch A>C preempted\n"
			     "2000 end\n");
	assert_int_equal(run.result.locks.count, 1);
	l = &run.result.locks.at[0];
	assert_int_equal(l->kind, LOCK_MUTEX);
	assert_int_equal(l->address, 0x5510);
	assert_string_equal(l->name, "[heap]");
	assert_false(l->shared);
	assert_int_equal(l->tgid, evscript_actor(&run.script, "A")->tgid);
	assert_int_equal(l->waits, 2);
	assert_int_equal(l->wait_ns, 400 + 600);
	assert_int_equal(l->contended_ns, 1000);
	assert_int_equal(l->max_wait_ns, 600);
	assert_int_equal(l->open_waits, 0);
	assert_int_equal(l->waiters.count, 2);
	assert_int_equal(l->waiters.at[0].tid, evscript_actor(&run.script, "C")->tid);
	assert_int_equal(l->waiters.at[0].wait_ns, 600);
	assert_int_equal(l->waiters.at[0].stack, 8);
	/* both found B holding it; when A's wait ended A had it, until C's ended, too */
	assert_int_equal(l->holders.count, 2);
	assert_int_equal(l->holders.at[0].tid, evscript_actor(&run.script, "B")->tid);
	assert_int_equal(l->holders.at[0].waits, 2);
	assert_int_equal(l->holders.at[0].blame_ns, 400 + 300);
	assert_int_equal(l->holders.at[0].inferred_ns, 0);
	assert_int_equal(l->holders.at[1].tid, evscript_actor(&run.script, "A")->tid);
	assert_int_equal(l->holders.at[1].blame_ns, 300);
	assert_int_equal(l->holders.at[1].inferred_ns, 300);
	assert_int_equal(l->wakers.count, 2);
	assert_int_equal(l->wakers.at[0].count, 1);
	evscript_stop(&run);
}

static void where_a_lock_does_not_tell_its_owner_who_ended_the_wait_had_it(void **state)
{
	struct evscript_run run;
	const struct result_lock *l;

	(void)state;
	evscript_start(&run, "1000 task A found on cpu0\n"
			     "1000 task B found on cpu1 of A\n"
			     "1100 cpu0 switch A>- wait futex 0x10 rwlock\n"
			     "1400 wake A by B\n"
			     "1400 cpu0 switch ->A\n"
			     "1500 cpu0 switch A>- wait futex 0x10 rwlock\n"
			     "2000 end\n");
	l = &run.result.locks.at[0];
	assert_int_equal(l->kind, LOCK_RWLOCK);
	assert_int_equal(l->address, 0x10);
	assert_null(l->name);
	assert_int_equal(l->open_waits, 1);
	assert_int_equal(holder_with(l, 102)->blame_ns, 300);
	assert_int_equal(holder_with(l, 102)->inferred_ns, 300);
	/* nobody has ended the second one */
	assert_int_equal(holder_with(l, 0)->blame_ns, 500);
	evscript_stop(&run);
}

static void a_waker_that_is_not_recorded_holds_under_its_tid(void **state)
{
	struct evscript_run run;
	struct event name = { .type = EVENT_WAKER, .waker = { .tid = 4711, .comm = "stranger" } };
	const struct result_lock *l;

	(void)state;
	evscript_init(&run.script);
	evscript_play(&run.script, "1000 object 3 futex 0x10 shared\n"
				   "1000 task A found on cpu0\n"
				   "1100 cpu0 switch A>- wait futex 0x10 semaphore object 3\n"
				   "1400 wake A by tid 4711\n"
				   "1400 cpu0 switch ->A\n"
				   "2000 end\n");
	evscript_event(&run.script, &name);
	run.model = evscript_model(&run.script, &run.result);
	l = &run.result.locks.at[0];
	assert_true(l->shared);
	assert_int_equal(l->tgid, 0);
	assert_int_equal(l->contended_ns, 0);
	assert_int_equal(l->holders.at[0].tid, 4711);
	assert_string_equal(l->wakers.at[0].name, "stranger");
	assert_int_equal(run.result.wakeups.at[0].waker_tid, 4711);
	assert_string_equal(run.result.wakeups.at[0].waker, "stranger");
	evscript_stop(&run);
}

static void holders_one_after_another_are_each_blamed_for_those_who_waited(void **state)
{
	/* golang #73760: holders of 1, 5, 2, 3, 4 units, in the order in which they came. While
	 * the k-th has it, 5 - k wait; each of them read only who had it when it came. */
	static const int holds[] = { 1, 5, 2, 3, 4 };
	struct evscript_run run;
	const struct result_lock *l;
	uint64_t t = 1000;

	(void)state;
	evscript_init(&run.script);
	evscript_play(&run.script, "1000 object 1 futex 0x10\n1000 task h0 found on cpu0\n");
	for (int i = 1; i < 5; i++)
		evscript_line(&run.script, "1000 task h%d found on cpu%d of h0", i, i);
	for (int i = 1; i < 5; i++)
		evscript_line(&run.script,
			      "1000 cpu%d switch h%d>- wait futex 0x10 mutex owner h0 object 1", i,
			      i);
	for (int i = 0; i < 5; i++) {
		t += 1000 * (uint64_t)holds[i];
		if (i < 4) {
			evscript_line(&run.script, "%lu wake h%d by h%d", t, i + 1, i);
			evscript_line(&run.script, "%lu cpu%d switch ->h%d", t, i + 1, i + 1);
		}
	}
	evscript_line(&run.script, "%lu end", t);
	evscript_finish(&run);
	l = &run.result.locks.at[0];
	assert_int_equal(l->wait_ns, 26000);
	assert_int_equal(l->waits, 4);
	assert_int_equal(l->holders.count, 4);
	assert_int_equal(holder_with(l, 101)->blame_ns, 4000);
	assert_int_equal(holder_with(l, 102)->blame_ns, 15000);
	assert_int_equal(holder_with(l, 103)->blame_ns, 4000);
	assert_int_equal(holder_with(l, 104)->blame_ns, 3000);
	assert_int_equal(l->holders.at[0].tid, 102);
	assert_int_equal(l->holders.at[0].waits, 3);
	evscript_stop(&run);
}

static void who_snatches_a_lock_from_the_one_that_was_woken_for_it_is_to_blame(void **state)
{
	struct evscript_run run;
	const struct result_lock *l;

	(void)state;
	/* A lets go at 1500, wakes B, and takes the lock again before B gets a core: B looks
	 * at 1600 and waits again */
	evscript_start(&run, "1000 object 1 futex 0x10\n"
			     "1000 task A found on cpu0\n"
			     "1000 task B found on cpu1 of A\n"
			     "1000 task C found on cpu2 of A\n"
			     "1000 cpu1 switch B>- wait futex 0x10 mutex owner A object 1\n"
			     "1000 cpu2 switch C>- wait futex 0x10 mutex owner A object 1\n"
			     "1500 wake B by A\n"
			     "1590 cpu1 switch ->B\n"
			     "1600 cpu1 switch B>- wait futex 0x10 mutex owner A object 1\n"
			     "1900 wake B by A\n"
			     "1900 cpu1 switch ->B\n"
			     "2000 wake C by B\n"
			     "2000 cpu2 switch ->C\n"
			     "2000 end\n");
	l = &run.result.locks.at[0];
	assert_int_equal(l->wait_ns, 500 + 300 + 1000);
	/* B woke nobody between 1500 and 1600, though C waited: it never had it until 1900 */
	assert_int_equal(holder_with(l, 101)->blame_ns, 500 + 300 + 900);
	assert_int_equal(holder_with(l, 101)->inferred_ns, 0);
	assert_int_equal(holder_with(l, 102)->blame_ns, 100);
	assert_int_equal(l->wasted, 1);
	assert_int_equal(l->holders.count, 2);
	evscript_stop(&run);
}

static void a_lock_is_of_the_kind_that_most_of_its_waits_look_like(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_start(&run, "1000 object 1 futex 0x10\n"
			     "1000 task A found on cpu0\n"
			     "1100 cpu0 switch A>- wait futex 0x10 object 1\n"
			     "1200 cpu0 switch ->A\n"
			     "1300 cpu0 switch A>- wait futex 0x10 object 1\n"
			     "1400 cpu0 switch ->A\n"
			     "1500 cpu0 switch A>- wait futex 0x10 condition object 1\n"
			     "1600 cpu0 switch ->A\n"
			     "1700 cpu0 switch A>- wait futex 0x20\n"
			     "2000 end\n");
	assert_int_equal(run.result.locks.count, 2);
	assert_int_equal(run.result.locks.at[0].wait_ns, 300);
	assert_int_equal(run.result.locks.at[0].kind, LOCK_CONDITION);
	assert_int_equal(run.result.locks.at[1].kind, LOCK_UNKNOWN);
	assert_int_equal(run.result.locks.at[0].id, 1);
	assert_int_equal(run.result.locks.at[1].id, 2);
	evscript_stop(&run);
}

static void memory_that_was_a_mutex_and_is_a_condition_is_two_locks(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_start(&run, "1000 object 1 futex 0x10\n"
			     "1000 task A found on cpu0\n"
			     "1100 cpu0 switch A>- wait futex 0x10 object 1\n"
			     "1200 cpu0 switch ->A\n"
			     "1300 cpu0 switch A>- wait futex 0x10 mutex owner A object 1\n"
			     "1400 cpu0 switch ->A\n"
			     "1500 cpu0 switch A>- wait futex 0x10 condition object 1\n"
			     "1550 cpu0 switch ->A\n"
			     "1600 cpu0 switch A>- wait futex 0x10 object 1\n"
			     "1620 cpu0 switch ->A\n"
			     "1700 cpu0 switch A>- wait futex 0x10 mutex owner A object 1\n"
			     "1800 cpu0 switch ->A\n"
			     "2000 end\n");
	assert_int_equal(run.result.locks.count, 2);
	assert_int_equal(run.result.locks.at[0].kind, LOCK_MUTEX);
	assert_int_equal(run.result.locks.at[0].waits, 3);
	assert_int_equal(run.result.locks.at[0].wait_ns, 300);
	assert_int_equal(run.result.locks.at[1].kind, LOCK_CONDITION);
	assert_int_equal(run.result.locks.at[1].waits, 2);
	assert_int_equal(run.result.locks.at[1].wait_ns, 70);
	evscript_stop(&run);
}

static void the_same_address_in_two_processes_is_two_locks(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_start(&run, "1000 task A found on cpu0\n"
			     "1000 task B found on cpu1\n"
			     "1100 cpu0 switch A>- wait futex 0x10 mutex\n"
			     "1200 cpu1 switch B>- wait futex 0x10 mutex\n"
			     "2000 end\n");
	assert_int_equal(run.result.locks.count, 2);
	assert_int_equal(run.result.locks.at[0].tgid, 101);
	assert_int_equal(run.result.locks.at[1].tgid, 102);
	evscript_stop(&run);
}

static void the_mutex_and_the_condition_of_the_gil_are_one_lock_of_the_process(void **state)
{
	struct evscript_run run;
	const struct result_lock *l;

	(void)state;
	evscript_start(&run, "1000 object 1 futex 0x5510 _PyRuntime+0x1b0\n"
			     "1000 object 2 futex 0x5538 _PyRuntime+0x1d8\n"
			     "1000 task A found on cpu0\n"
			     "1000 task B found on cpu1 of A\n"
			     "1100 cpu0 switch A>- wait futex 0x5510 condition arg3 1 object 1\n"
			     "1400 wake A by B\n"
			     "1400 cpu0 switch ->A\n"
			     "1500 cpu1 switch B>- wait futex 0x5538 mutex object 2\n"
			     "1600 wake B by A\n"
			     "1600 cpu1 switch ->B\n"
			     "2000 end\n");
	assert_int_equal(run.result.locks.count, 1);
	l = &run.result.locks.at[0];
	assert_int_equal(l->kind, LOCK_GIL);
	assert_string_equal(l->name, "_PyRuntime");
	assert_int_equal(l->waits, 2);
	assert_int_equal(l->contended_ns, 300 + 100);
	assert_int_equal(holder_with(l, evscript_actor(&run.script, "B")->tid)->blame_ns, 300);
	assert_int_equal(holder_with(l, evscript_actor(&run.script, "A")->tid)->blame_ns, 100);
	evscript_stop(&run);
}

static void who_ends_a_wait_for_the_gil_had_it_while_the_waiter_looked_again_and_again(void **state)
{
	struct evscript_run run;
	const struct result_lock *l;

	(void)state;
	/* B is given it by A, and gives it to D unseen, which nobody waits for then */
	evscript_start(&run, "1000 object 1 futex 0x5510 _PyRuntime+0x1b0\n"
			     "1000 task A found on cpu0\n"
			     "1000 task B found on cpu1 of A\n"
			     "1000 task C found on cpu2 of A\n"
			     "1000 task D found on cpu3 of A\n"
			     "1100 cpu1 switch B>- wait futex 0x5510 condition arg3 1 object 1\n"
			     "1200 wake B by A\n"
			     "1200 cpu1 switch ->B\n"
			     "2000 cpu2 switch C>- wait futex 0x5510 condition arg3 1 object 1\n"
			     "2500 wake C by irq\n"
			     "2500 cpu2 switch ->C\n"
			     "2510 cpu2 switch C>- wait futex 0x5510 condition arg3 1 object 1\n"
			     "3000 wake C by irq\n"
			     "3000 cpu2 switch ->C\n"
			     "3010 cpu2 switch C>- wait futex 0x5510 condition arg3 1 object 1\n"
			     "3100 wake C by D\n"
			     "3100 cpu2 switch ->C\n"
			     "4000 end\n");
	assert_int_equal(run.result.locks.count, 1);
	l = &run.result.locks.at[0];
	assert_int_equal(holder_with(l, evscript_actor(&run.script, "A")->tid)->blame_ns, 100);
	assert_int_equal(holder_with(l, evscript_actor(&run.script, "D")->tid)->blame_ns,
			 500 + 490 + 90);
	assert_int_equal(l->holders.count, 2);
	evscript_stop(&run);
}

static void a_file_lock_is_named_by_its_file(void **state)
{
	struct evscript_run run;
	const struct result_lock *l;

	(void)state;
	evscript_start(&run, "1000 object 1 file 0x99 /var/lib/dpkg/lock\n"
			     "1000 task A found on cpu0\n"
			     "1100 cpu0 switch A>- wait flock object 1\n"
			     "2000 end\n");
	l = &run.result.locks.at[0];
	assert_string_equal(l->name, "/var/lib/dpkg/lock");
	assert_int_equal(l->address, 0);
	assert_true(l->shared);
	assert_int_equal(l->contended_ns, 900);
	assert_int_equal(run.result.io.count, 0);
	evscript_stop(&run);
}

static void locks_of_the_kernel_are_named_by_the_function_that_takes_them(void **state)
{
	static const char *const functions[] = { "__schedule", "rwsem_down_write_slowpath",
						 "down_write", "ext4_file_write_iter",
						 "vm_mmap_pgoff" };
	static const uint32_t stacks[][4] = { { 1, 2, 3, 4 }, { 2, 3, 4, 5 }, { 1, 2, 3, 5 } };
	struct evscript_run run;
	struct event e = { .type = EVENT_STACK, .time_ns = 1000 };

	(void)state;
	evscript_init(&run.script);
	for (uint32_t i = 0; i < 3; i++) {
		e.stack = (struct event_stack){ .stack = 50 + i,
						.flags = STACK_KERNEL,
						.place = PLACE_LOCK,
						.count = 4,
						.frames = stacks[i] };
		evscript_event(&run.script, &e);
	}
	evscript_play(&run.script, "1000 task A found on cpu0\n"
				   "1100 cpu0 switch A>- wait mmap disk kstack 50\n"
				   "1200 cpu0 switch ->A\n"
				   "1300 cpu0 switch A>- wait mmap disk kstack 51\n"
				   "1500 cpu0 switch ->A\n"
				   "1600 cpu0 switch A>- wait mmap disk kstack 52\n"
				   "2000 end\n");
	for (uint32_t i = 0; i < 5; i++) {
		e = (struct event){ .type = EVENT_NAME };
		e.name = (struct event_name){ i + 1, 0, functions[i], "", 0 };
		evscript_event(&run.script, &e);
	}
	run.model = evscript_model(&run.script, &run.result);
	assert_result_invariants(&run.result);
	assert_int_equal(run.result.locks.count, 2);
	assert_int_equal(run.result.locks.at[0].kind, LOCK_KERNEL);
	assert_string_equal(run.result.locks.at[0].place, "vm_mmap_pgoff");
	assert_int_equal(run.result.locks.at[0].wait_ns, 400);
	/* two stacks into one function are one lock */
	assert_string_equal(run.result.locks.at[1].place, "ext4_file_write_iter");
	assert_int_equal(run.result.locks.at[1].wait_ns, 300);
	assert_int_equal(run.result.locks.at[1].waits, 2);
	assert_int_equal(run.result.locks.at[1].waiters.count, 1);
	evscript_stop(&run);
}

/* --- io --- */

static void io_is_summed_by_object_and_class(void **state)
{
	struct evscript_run run;
	const struct result_io *io;

	(void)state;
	evscript_start(&run, "1000 object 1 file /var/lib/x\n"
			     "1000 object 2 socket tcp:10.0.0.1:5432\n"
			     "1000 task A found on cpu0\n"
			     "1000 task B found on cpu1\n"
			     "1000 cpu0 switch A>- wait read object 1 disk io\n"
			     "1000 cpu1 switch B>- wait read object 1 disk io\n"
			     "1300 cpu0 switch ->A\n"
			     "1310 cpu0 switch A>- wait fsync object 1 disk\n"
			     "1900 cpu0 switch ->A\n"
			     "1900 cpu1 switch ->B\n"
			     "1910 cpu0 switch A>- wait recvfrom object 2\n"
			     "1960 cpu1 switch B>- wait openat disk io\n"
			     "1970 cpu1 switch ->B\n"
			     "1980 cpu1 switch B>- wait fault disk io\n"
			     "2000 end\n");
	assert_int_equal(run.result.io.count, 4);
	io = run.result.io.at;
	assert_string_equal(io[0].target, "/var/lib/x");
	assert_int_equal(io[0].class, CLASS_FILE);
	assert_int_equal(io[0].waits, 3);
	assert_int_equal(io[0].wait_ns, 300 + 900 + 590);
	assert_int_equal(io[0].max_wait_ns, 900);
	assert_string_equal(io[0].syscall, "read");
	assert_int_equal(io[0].threads, 2);
	assert_string_equal(io[1].target, "tcp:10.0.0.1:5432");
	assert_int_equal(io[1].class, CLASS_SOCKET);
	/* what has no object is called by its system call, or as what it is */
	assert_string_equal(io[2].target, "page fault");
	assert_int_equal(io[2].class, CLASS_FAULT);
	assert_string_equal(io[3].target, "openat");
	evscript_stop(&run);
}

static void an_object_is_called_as_it_was_told_last(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_start(&run, "1000 object 1 socket tcp\n"
			     "1000 task A found on cpu0\n"
			     "1100 cpu0 switch A>- wait connect object 1\n"
			     "1200 object 1 socket tcp:10.0.0.1:80\n"
			     "2000 end\n");
	assert_int_equal(run.result.io.count, 1);
	assert_string_equal(run.result.io.at[0].target, "tcp:10.0.0.1:80");
	evscript_stop(&run);
}

static void a_sum_of_short_waits_has_no_longest(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_start(&run, "1000 task A found on cpu0\n"
			     "1500 short A nr fsync waits 10 wait 300 runnable 0\n"
			     "2000 end\n");
	assert_int_equal(run.result.io.count, 1);
	assert_int_equal(run.result.io.at[0].wait_ns, 300);
	assert_int_equal(run.result.io.at[0].waits, 10);
	assert_int_equal(run.result.io.at[0].max_wait_ns, 0);
	evscript_stop(&run);
}

static void idle_waits_and_sleeps_are_io_only_with_an_object(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_start(&run, "1000 object 1 socket listening tcp:*:80\n"
			     "1000 task A found on cpu0\n"
			     "1000 task B found on cpu1\n"
			     "1100 cpu0 switch A>- wait accept4 object 1\n"
			     "1100 cpu1 switch B>- wait nanosleep\n"
			     "2000 end\n");
	assert_int_equal(run.result.io.count, 1);
	assert_int_equal(run.result.io.at[0].class, CLASS_IDLE);
	evscript_stop(&run);
}

/* --- wakeups --- */

static void who_wakes_whom_is_counted_in_pairs(void **state)
{
	struct evscript_run run;
	const struct result_wakeup *w;

	(void)state;
	evscript_init(&run.script);
	evscript_play(&run.script, "1000 task A found on cpu0\n"
				   "1000 task B found wait read\n");
	for (uint64_t t = 1100; t < 2000; t += 200) {
		evscript_line(&run.script, "%lu wake B by A stack %d", t, t < 1500 ? 7 : 9);
		evscript_line(&run.script, "%lu cpu0 switch A>B wait read", t + 10);
		evscript_line(&run.script, "%lu wake A by B", t + 100);
		evscript_line(&run.script, "%lu cpu0 switch B>A wait read", t + 110);
	}
	evscript_line(&run.script, "2100 end");
	run.model = evscript_model(&run.script, &run.result);
	assert_result_invariants(&run.result);
	assert_int_equal(run.result.wakeups.count, 2);
	w = run.result.wakeups.at;
	assert_int_equal(w[0].count, 5);
	assert_int_equal(w[1].count, 5);
	assert_int_equal(w[0].wait_ns, 100 + 4 * 90);
	assert_string_equal(w[0].waker, "A");
	assert_string_equal(w[0].wakee, "B");
	assert_false(w[0].interrupt);
	assert_int_equal(w[1].wait_ns, 5 * 90);
	/* from two places at 1100 and 1300, and at 1500, 1700 and 1900 */
	assert_int_equal(w[0].stack, 9);
	assert_int_equal(w[0].stack_count, 3);
	assert_int_equal(w[1].stack, 0);
	assert_int_equal(w[1].stack_count, 0);
	evscript_stop(&run);
}

static void of_two_places_as_frequent_the_first_one_stands_for_the_pair(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_start(&run, "1000 task A found on cpu0\n"
			     "1000 task B found wait read\n"
			     "1100 wake B by A stack 5\n"
			     "1200 cpu1 switch ->B\n"
			     "1300 cpu1 switch B>- wait read\n"
			     "1400 wake B by A stack 3\n"
			     "1500 cpu1 switch ->B\n"
			     "1600 cpu1 switch B>- wait read\n"
			     "1700 wake B by A\n"
			     "1800 cpu1 switch ->B\n"
			     "2000 end\n");
	assert_int_equal(run.result.wakeups.count, 1);
	assert_int_equal(run.result.wakeups.at[0].count, 3);
	assert_int_equal(run.result.wakeups.at[0].stack, 3);
	assert_int_equal(run.result.wakeups.at[0].stack_count, 1);
	evscript_stop(&run);
}

static void interrupts_are_told_apart_by_what_was_waited_for(void **state)
{
	static const struct {
		const char *what, *name;
	} cases[] = {
		{ "nanosleep", "timer" },
		{ "futex 0x10 condition arg3 4096", "timer" },
		{ "futex 0x10 condition", "interrupt" },
		{ "read object 1 disk io", "disk" },
		{ "fault disk io", "disk" },
		{ "fault disk", "interrupt" },
		{ "recvfrom object 2", "network" },
		{ "epoll_wait", "network" },
		{ "read object 3", "interrupt" },
		{ "pause", "interrupt" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct evscript_run run;

		evscript_init(&run.script);
		evscript_play(&run.script, "1000 object 1 file x\n"
					   "1000 object 2 socket y\n"
					   "1000 object 3 tty z\n"
					   "1000 task A found on cpu0\n");
		evscript_line(&run.script, "1100 cpu0 switch A>- wait %s", cases[i].what);
		evscript_play(&run.script, "1200 wake A by irq\n1200 cpu0 switch ->A\n2000 end\n");
		run.model = evscript_model(&run.script, &run.result);
		assert_int_equal(run.result.wakeups.count, 1);
		assert_string_equal(run.result.wakeups.at[0].waker, cases[i].name);
		assert_true(run.result.wakeups.at[0].interrupt);
		assert_int_equal(run.result.wakeups.at[0].waker_tid, 0);
		evscript_stop(&run);
	}
}

static void a_waker_is_the_thread_that_had_its_tid_then(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_start(&run, "1000 task M found on cpu1\n"
			     "1000 task A found on cpu0\n"
			     "1100 cpu0 switch A>- wait read\n"
			     "1200 task old forked by M tid 77\n"
			     "1200 cpu0 switch ->old\n"
			     "1300 wake A by old\n"
			     "1310 cpu0 switch old>- dead\n"
			     "1320 task new forked by M tid 77\n"
			     "1400 cpu0 switch ->A\n"
			     "2000 end\n");
	assert_int_equal(run.result.wakeups.count, 1);
	assert_int_equal(run.result.wakeups.at[0].waker_tid, 77);
	assert_string_equal(run.result.wakeups.at[0].waker, "old");
	evscript_stop(&run);
}

static void a_tid_that_woke_before_and_is_used_again_is_the_new_thread(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_start(&run, "1000 task M found on cpu1\n"
			     "1000 task A found on cpu0\n"
			     "1000 task old forked of A tid 77\n"
			     "1100 cpu0 switch A>old wait futex 0x10 mutex owner old\n"
			     "1200 wake A by old\n"
			     "1210 cpu0 switch old>A dead\n"
			     "1300 task new forked of A tid 77\n"
			     "1400 cpu0 switch A>new wait futex 0x10 mutex owner new\n"
			     "1500 wake A by new\n"
			     "1600 cpu0 switch new>A dead\n"
			     "2000 end\n");
	assert_int_equal(run.result.locks.at[0].holders.count, 2);
	assert_int_equal(run.result.locks.at[0].holders.at[1].inferred_ns, 0);
	assert_int_equal(run.result.wakeups.count, 2);
	assert_int_equal(run.result.wakeups.at[0].count, 1);
	assert_string_equal(run.result.wakeups.at[0].waker, "old");
	assert_string_equal(run.result.wakeups.at[1].waker, "new");
	evscript_stop(&run);
}

static void a_wakeup_is_in_the_window_that_it_happened_in(void **state)
{
	static const char text[] = "1000 task A found on cpu0\n"
				   "1100 cpu0 switch A>- wait read\n"
				   "1500 wake A by irq\n"
				   "1600 cpu0 switch ->A\n"
				   "2000 end\n";
	struct evscript_run run;

	(void)state;
	evscript_start_window(&run, 1200, 1400, text);
	assert_int_equal(run.result.wakeups.count, 0);
	evscript_stop(&run);
	evscript_start_window(&run, 1400, 1550, text);
	assert_int_equal(run.result.wakeups.count, 1);
	assert_int_equal(run.result.wakeups.at[0].wait_ns, 100);
	evscript_stop(&run);
}

/* --- stacks --- */

static void leaves_hold_time_and_samples_by_stack(void **state)
{
	struct evscript_run run;
	struct event e = { .type = EVENT_STACK };
	const struct result_stack *leaf;
	uint64_t wait = 0, runnable = 0, samples = 0;

	(void)state;
	evscript_init(&run.script);
	e.stack = (struct event_stack){ .stack = 7, .flags = STACK_COMPLETE };
	evscript_event(&run.script, &e);
	e.stack = (struct event_stack){ .stack = 8, .flags = STACK_TRUNCATED };
	evscript_event(&run.script, &e);
	evscript_play(&run.script, "1000 task A found on cpu0\n"
				   "1050 sample A stack 8\n"
				   "1060 sample A stack 8\n"
				   "1100 cpu0 switch A>- wait read stack 7\n"
				   "1300 wake A by irq\n"
				   "1340 cpu0 switch ->A\n"
				   "1400 cpu0 switch A>- wait nanosleep stack 7\n"
				   "1500 wake A by irq\n"
				   "1510 cpu0 switch ->A\n"
				   "1600 cpu0 switch A>- preempted stack 8\n"
				   "1650 cpu0 switch ->A\n"
				   "2000 end\n");
	run.model = evscript_model(&run.script, &run.result);
	assert_result_invariants(&run.result);
	/* read, nanosleep, the run queue behind both, the preemption, and the samples */
	assert_int_equal(run.result.stacks.count, 5);
	for (size_t i = 0; i < run.result.stacks.count; i++) {
		leaf = &run.result.stacks.at[i];
		assert_int_equal(leaf->thread, 0);
		if (leaf->class == STACK_RUN)
			samples += leaf->count;
		else if (leaf->class == STACK_RUNNABLE)
			runnable += leaf->ns;
		else
			wait += leaf->ns;
	}
	assert_int_equal(wait, run.result.totals.wait_ns);
	assert_int_equal(runnable, run.result.totals.runnable_ns);
	assert_int_equal(samples, 2);
	assert_int_equal(run.result.stacks.at[0].user_stack, 7);
	assert_int_equal(run.result.stacks.at[0].ns, 200);
	assert_int_equal(run.result.stacks.at[0].nr, 0);
	/* the run queue behind a wait has the same stack once more; the preemption has its own */
	assert_int_equal(run.result.stacks_seen, 5);
	assert_int_equal(run.result.stacks_complete, 2);
	assert_int_equal(run.result.stacks_truncated, 3);
	evscript_stop(&run);
}

static void samples_outside_of_the_window_are_not_counted(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_init(&run.script);
	run.script.options.start_ns = 1100;
	run.script.options.end_ns = 1200;
	evscript_play(&run.script, "1000 task A found on cpu0\n"
				   "1050 sample A stack 8\n"
				   "1150 sample A stack 8\n"
				   "1250 sample A stack 8\n"
				   "2000 end\n");
	run.model = evscript_model(&run.script, &run.result);
	assert_int_equal(run.result.stacks.count, 1);
	assert_int_equal(run.result.stacks.at[0].count, 1);
	evscript_stop(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lock_knows_its_waiters_holders_and_wakers),
		cmocka_unit_test(where_a_lock_does_not_tell_its_owner_who_ended_the_wait_had_it),
		cmocka_unit_test(a_waker_that_is_not_recorded_holds_under_its_tid),
		cmocka_unit_test(holders_one_after_another_are_each_blamed_for_those_who_waited),
		cmocka_unit_test(
			who_snatches_a_lock_from_the_one_that_was_woken_for_it_is_to_blame),
		cmocka_unit_test(a_lock_is_of_the_kind_that_most_of_its_waits_look_like),
		cmocka_unit_test(memory_that_was_a_mutex_and_is_a_condition_is_two_locks),
		cmocka_unit_test(the_same_address_in_two_processes_is_two_locks),
		cmocka_unit_test(
			the_mutex_and_the_condition_of_the_gil_are_one_lock_of_the_process),
		cmocka_unit_test(
			who_ends_a_wait_for_the_gil_had_it_while_the_waiter_looked_again_and_again),
		cmocka_unit_test(a_file_lock_is_named_by_its_file),
		cmocka_unit_test(locks_of_the_kernel_are_named_by_the_function_that_takes_them),
		cmocka_unit_test(io_is_summed_by_object_and_class),
		cmocka_unit_test(an_object_is_called_as_it_was_told_last),
		cmocka_unit_test(a_sum_of_short_waits_has_no_longest),
		cmocka_unit_test(idle_waits_and_sleeps_are_io_only_with_an_object),
		cmocka_unit_test(who_wakes_whom_is_counted_in_pairs),
		cmocka_unit_test(of_two_places_as_frequent_the_first_one_stands_for_the_pair),
		cmocka_unit_test(interrupts_are_told_apart_by_what_was_waited_for),
		cmocka_unit_test(a_waker_is_the_thread_that_had_its_tid_then),
		cmocka_unit_test(a_tid_that_woke_before_and_is_used_again_is_the_new_thread),
		cmocka_unit_test(a_wakeup_is_in_the_window_that_it_happened_in),
		cmocka_unit_test(leaves_hold_time_and_samples_by_stack),
		cmocka_unit_test(samples_outside_of_the_window_are_not_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
