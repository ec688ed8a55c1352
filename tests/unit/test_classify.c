/* SPDX-License-Identifier: GPL-2.0-only */
/* What waits are for: each rule of the design's table, and which comes first. */
#include "evscript.h"

#include <stdio.h>
#include <string.h>

/* Objects and kernel stacks that the reasons below name. */
static const char world[] = "1000 object 1 futex 0x10\n"
			    "1000 object 2 futex 0x20 shared\n"
			    "1000 object 3 futex 0x30 _PyRuntime+0x1b0\n"
			    "1000 object 4 futex 0x40 _PyRuntimeState\n"
			    "1000 object 10 file /var/lib/x\n"
			    "1000 object 11 block /dev/sda\n"
			    "1000 object 12 tty /dev/pts/0\n"
			    "1000 object 13 pipe pipe:[8]\n"
			    "1000 object 14 socket tcp:80\n"
			    "1000 object 15 eventfd\n"
			    "1000 object 16 timerfd\n"
			    "1000 object 17 signalfd\n"
			    "1000 object 18 epoll\n"
			    "1000 object 19 inotify\n"
			    "1000 object 20 io_uring\n"
			    "1000 object 21 anon\n"
			    "1000 object 22 pidfd\n"
			    "1000 object 23 socket tcp:80 listening\n"
			    "1000 kstack 51 lock\n"
			    "1000 kstack 52 io\n"
			    "1000 kstack 53 fault\n"
			    "1000 kstack 54 none\n"
			    "1000 task A found on cpu0\n"
			    "1000 task B found on cpu1\n";

static void assert_class(const char *what, enum wait_class class)
{
	struct evscript_run run;
	char text[sizeof(world) + 256];
	const struct totals *sum;

	snprintf(text, sizeof(text), "%s1100 cpu0 switch A>- wait %s\n2000 end\n", world, what);
	evscript_start(&run, text);
	sum = &evscript_thread(&run, "A")->sum;
	for (int i = 0; i < CLASS_COUNT; i++)
		if (sum->by_class_ns[i] && i != (int)class)
			fail_msg("'%s' is %s, not %s", what, wait_class_name(i),
				 wait_class_name(class));
	assert_int_equal(sum->by_class_ns[class], 900);
	evscript_stop(&run);
}

static void locks_are_waits_for_what_another_holds(void **state)
{
	(void)state;
	assert_class("futex 0x10 mutex object 1", CLASS_LOCK);
	assert_class("futex 0x10 mutex owner B object 1", CLASS_LOCK);
	assert_class("futex 0x10 pi owner B", CLASS_LOCK);
	assert_class("futex 0x10 rwlock", CLASS_LOCK);
	assert_class("flock object 10", CLASS_LOCK);
	assert_class("fcntl arg1 7 object 10", CLASS_LOCK);
	assert_class("fcntl arg1 38 object 10", CLASS_LOCK);
	/* F_GETLK asks, it does not wait for the lock */
	assert_class("fcntl arg1 5 object 10", CLASS_FILE);
}

static void what_lies_in_the_python_runtime_is_the_gil(void **state)
{
	(void)state;
	assert_class("futex 0x30 condition object 3", CLASS_GIL);
	assert_class("futex 0x30 mutex owner B object 3", CLASS_GIL);
	assert_class("futex 0x40 condition object 4", CLASS_SYNC);
}

static void sync_is_waiting_to_be_signalled(void **state)
{
	(void)state;
	assert_class("futex 0x10 condition object 1", CLASS_SYNC);
	assert_class("futex 0x10 semaphore", CLASS_SYNC);
	assert_class("futex 0x10 barrier", CLASS_SYNC);
	assert_class("futex 0x10 join", CLASS_SYNC);
	assert_class("futex 0x10", CLASS_SYNC);
	assert_class("futex_waitv", CLASS_SYNC);
	assert_class("semop", CLASS_SYNC);
}

static void idle_is_waiting_for_work(void **state)
{
	(void)state;
	assert_class("epoll_wait object 18", CLASS_IDLE);
	assert_class("epoll_pwait2", CLASS_IDLE);
	assert_class("io_uring_enter object 20", CLASS_IDLE);
	assert_class("accept4 object 23", CLASS_IDLE);
	assert_class("poll arg1 5", CLASS_IDLE);
	assert_class("select arg0 9 arg1 4096", CLASS_IDLE);
	assert_class("poll arg1 1 object 23", CLASS_IDLE);
	assert_class("read object 20", CLASS_IDLE);
	/* for a signal, which is how some daemons are told of work */
	assert_class("pause", CLASS_IDLE);
	assert_class("rt_sigsuspend", CLASS_IDLE);
	assert_class("rt_sigtimedwait", CLASS_IDLE);
}

static void sleep_is_waiting_for_time_alone(void **state)
{
	(void)state;
	assert_class("nanosleep", CLASS_SLEEP);
	assert_class("clock_nanosleep", CLASS_SLEEP);
	assert_class("poll arg1 0", CLASS_SLEEP);
	assert_class("select arg0 0", CLASS_SLEEP);
	assert_class("pselect6 arg0 5 arg1 0 arg2 0 arg3 0", CLASS_SLEEP);
	assert_class("read object 16", CLASS_SLEEP);
	assert_class("poll arg1 1 object 16", CLASS_SLEEP);
}

static void file_is_the_disk(void **state)
{
	(void)state;
	assert_class("read object 10 disk io", CLASS_FILE);
	assert_class("pwrite64 object 11", CLASS_FILE);
	assert_class("fsync object 10 disk", CLASS_FILE);
	assert_class("fsync", CLASS_FILE);
	assert_class("sync", CLASS_FILE);
	assert_class("openat disk io", CLASS_FILE);
	assert_class("unlink disk", CLASS_FILE);
	assert_class("munmap disk io", CLASS_FILE);
	assert_class("mmap kstack 52", CLASS_FILE);
	assert_class("read disk io", CLASS_FILE);
	assert_class("getdents64 disk", CLASS_FILE);
}

static void sockets_pipes_and_children_are_what_they_are(void **state)
{
	(void)state;
	assert_class("recvfrom object 14", CLASS_SOCKET);
	assert_class("read object 14", CLASS_SOCKET);
	assert_class("poll arg1 1 object 14", CLASS_SOCKET);
	assert_class("connect", CLASS_SOCKET);
	assert_class("read object 13", CLASS_PIPE);
	assert_class("splice disk io object 13", CLASS_FILE);
	assert_class("sendfile disk io object 14", CLASS_FILE);
	assert_class("sendfile object 14", CLASS_SOCKET);
	assert_class("read object 15", CLASS_PIPE);
	assert_class("read object 17", CLASS_PIPE);
	assert_class("read object 19", CLASS_PIPE);
	assert_class("read object 12", CLASS_PIPE);
	assert_class("poll arg1 1 object 22", CLASS_PIPE);
	assert_class("msgrcv", CLASS_PIPE);
	/* a FIFO whose other end nobody has opened; a file system in user space */
	assert_class("openat kstack 54", CLASS_PIPE);
	assert_class("openat kstack 52", CLASS_FILE);
	/* a POSIX queue is a file for the kernel, but nothing of it is on a disk */
	assert_class("mq_timedreceive object 10", CLASS_PIPE);
	assert_class("wait4", CLASS_CHILD);
	assert_class("waitid", CLASS_CHILD);
	assert_class("vfork disk vfork", CLASS_CHILD);
	assert_class("clone3 disk vfork", CLASS_CHILD);
}

static void a_wait_outside_of_any_system_call_is_a_fault(void **state)
{
	(void)state;
	assert_class("fault disk io", CLASS_FAULT);
	assert_class("fault disk kstack 53", CLASS_FAULT);
	/* not one for the lock that it needs before it can ask for the page */
	assert_class("fault disk kstack 51", CLASS_KERNEL);
	/* … and one within a call when its stack says so, whatever the call is for */
	assert_class("write object 14 disk io kstack 53", CLASS_FAULT);
	assert_class("futex 0x10 mutex disk kstack 53", CLASS_FAULT);
}

static void the_kernels_own_locks_are_kernel(void **state)
{
	(void)state;
	assert_class("write object 10 disk kstack 51", CLASS_KERNEL);
	assert_class("openat disk kstack 51", CLASS_KERNEL);
	assert_class("mprotect disk kstack 51", CLASS_KERNEL);
	assert_class("epoll_ctl object 18 disk", CLASS_KERNEL);
	/* a lock's name on a stack that waits for the disk: it is the disk */
	assert_class("write object 10 disk io kstack 51", CLASS_FILE);
	/* a socket's own lock is the socket's affair */
	assert_class("sendto object 14 kstack 51", CLASS_SOCKET);
}

static void kernel_threads_are_idle_unless_something_holds_them_up(void **state)
{
	(void)state;
	assert_class("fault kthread", CLASS_IDLE);
	assert_class("fault kthread kstack 54", CLASS_IDLE);
	assert_class("fault kthread disk", CLASS_KERNEL);
	assert_class("fault kthread kstack 51", CLASS_KERNEL);
	assert_class("fault kthread disk kstack 52", CLASS_FILE);
	assert_class("fault kthread disk io", CLASS_FILE);
}

static void assert_signal_by(const char *waker, enum wait_class class)
{
	struct evscript_run run;
	char text[512];

	snprintf(text, sizeof(text),
		 "1000 task A found on cpu0\n"
		 "1000 task B forked by A\n"
		 "1000 task C found on cpu2\n"
		 "1001 cpu1 switch ->B\n"
		 "1100 cpu0 switch A>- wait rt_sigsuspend\n"
		 "2000 wake A by %s\n"
		 "2000 cpu0 switch ->A\n"
		 "2000 end\n",
		 waker);
	evscript_start(&run, text);
	assert_int_equal(evscript_thread(&run, "A")->sum.by_class_ns[class], 900);
	evscript_stop(&run);
}

static void a_shell_that_waits_for_any_signal_waited_for_the_child_that_ended(void **state)
{
	(void)state;
	assert_signal_by("B", CLASS_CHILD);
	assert_signal_by("B in exit_group", CLASS_CHILD);
	assert_signal_by("B in kill", CLASS_IDLE);
	assert_signal_by("C", CLASS_IDLE);
	assert_signal_by("irq", CLASS_IDLE);
}

static void what_no_rule_knows_is_other(void **state)
{
	(void)state;
	assert_class("openat", CLASS_OTHER);
	assert_class("clone3 disk", CLASS_OTHER);
	assert_class("read object 21", CLASS_OTHER);
	assert_class("read object 99", CLASS_OTHER);
	assert_class("mmap kstack 54", CLASS_OTHER);
	assert_class("fault stopped", CLASS_OTHER);
	assert_class("read object 10 stopped", CLASS_OTHER);
}

static void numbers_mean_what_the_recordings_machine_says(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_init(&run.script);
	evscript_play(&run.script, "1000 task A found on cpu0\n"
				   "1100 cpu0 switch A>- wait read\n");
	/* nanosleep on arm64 is 101, which is ptrace on x86-64 */
	evscript_actor(&run.script, "A")->out.nr = 101;
	evscript_play(&run.script, "2000 end\n");
	run.script.recording.machine = "aarch64";
	run.model = evscript_model(&run.script, &run.result);
	assert_int_equal(run.result.totals.by_class_ns[CLASS_SLEEP], 900);
	evscript_stop(&run);
	evscript_init(&run.script);
	evscript_play(&run.script, "1000 task A found on cpu0\n"
				   "1100 cpu0 switch A>- wait nanosleep\n"
				   "2000 end\n");
	run.script.recording.machine = "riscv64";
	run.model = evscript_model(&run.script, &run.result);
	assert_int_equal(run.result.totals.by_class_ns[CLASS_OTHER], 900);
	evscript_stop(&run);
}

/* --- who held the lock --- */

static uint32_t holder_of(const char *text)
{
	struct evscript_run run;
	uint32_t tid;

	evscript_start(&run, text);
	assert_int_equal(run.result.locks.count, 1);
	assert_int_equal(run.result.locks.at[0].holders.count, 1);
	tid = run.result.locks.at[0].holders.at[0].tid;
	evscript_stop(&run);
	return tid;
}

static void an_owner_is_believed_when_it_lives_and_can_reach_the_lock(void **state)
{
	(void)state;
	/* a thread of the same process */
	assert_int_equal(holder_of("1000 task A found on cpu0\n"
				   "1000 task B found on cpu1 of A\n"
				   "1100 cpu0 switch A>- wait futex 0x10 mutex owner B\n"
				   "2000 end\n"),
			 102);
	/* one that ended meanwhile */
	assert_int_equal(holder_of("1000 task A found on cpu0\n"
				   "1000 task B found on cpu1 of A\n"
				   "1100 cpu0 switch A>- wait futex 0x10 mutex owner B\n"
				   "1200 cpu1 switch B>- dead\n"
				   "1300 wake A by irq\n"
				   "1300 cpu0 switch ->A\n"
				   "2000 end\n"),
			 102);
	/* of another process, when the lock is shared */
	assert_int_equal(holder_of("1000 object 2 futex 0x20 shared\n"
				   "1000 task A found on cpu0\n"
				   "1000 task B found on cpu1\n"
				   "1100 cpu0 switch A>- wait futex 0x20 mutex owner B object 2\n"
				   "2000 end\n"),
			 102);
}

static void an_owner_is_called_what_its_pid_namespace_calls_it(void **state)
{
	(void)state;
	/* C has the number that B goes by in its namespace */
	assert_int_equal(holder_of("1000 task A found on cpu0 own 1 in 7\n"
				   "1000 task B found on cpu1 of A own 103 in 7\n"
				   "1000 task C found on cpu2 of A own 3 in 7\n"
				   "1100 cpu0 switch A>- wait futex 0x10 mutex owner B\n"
				   "2000 end\n"),
			 102);
	/* the same number in another namespace is somebody else */
	assert_int_equal(holder_of("1000 object 2 futex 0x20 shared\n"
				   "1000 task A found on cpu0 own 1 in 7\n"
				   "1000 task B found on cpu1 own 5 in 7\n"
				   "1000 task C found on cpu2 own 5 in 8\n"
				   "1100 cpu0 switch A>- wait futex 0x20 mutex owner B object 2\n"
				   "2000 end\n"),
			 102);
}

static void words_that_name_nobody_who_could_be_it_are_not_believed(void **state)
{
	(void)state;
	/* of another process, and the lock is private */
	assert_int_equal(holder_of("1000 task A found on cpu0\n"
				   "1000 task B found on cpu1\n"
				   "1100 cpu0 switch A>- wait futex 0x10 mutex owner B\n"
				   "2000 end\n"),
			 0);
	/* of another process, and dead before the wait began: what is shared is told by others */
	assert_int_equal(holder_of("1000 object 2 futex 0x20 shared\n"
				   "1000 task A found on cpu0\n"
				   "1000 task B found on cpu1\n"
				   "1050 cpu1 switch B>- dead\n"
				   "1100 cpu0 switch A>- wait futex 0x20 mutex owner B object 2\n"
				   "2000 end\n"),
			 0);
}

static void who_ended_with_a_lock_of_its_process_has_it_still(void **state)
{
	(void)state;
	assert_int_equal(holder_of("1000 task A found on cpu0\n"
				   "1000 task B found on cpu1 of A\n"
				   "1050 cpu1 switch B>- dead\n"
				   "1100 cpu0 switch A>- wait futex 0x10 mutex owner B\n"
				   "2000 end\n"),
			 102);
}

static void only_a_deadlock_with_oneself_makes_the_waiter_the_holder(void **state)
{
	(void)state;
	assert_int_equal(holder_of("1000 task A found on cpu0\n"
				   "1100 cpu0 switch A>- wait futex 0x10 mutex owner A\n"
				   "2000 end\n"),
			 101);
	assert_int_equal(holder_of("1000 task A found on cpu0\n"
				   "1000 task B found on cpu1 of A\n"
				   "1100 cpu0 switch A>- wait futex 0x10 mutex owner A\n"
				   "1200 wake A by B\n"
				   "1200 cpu0 switch ->A\n"
				   "2000 end\n"),
			 102);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(locks_are_waits_for_what_another_holds),
		cmocka_unit_test(what_lies_in_the_python_runtime_is_the_gil),
		cmocka_unit_test(sync_is_waiting_to_be_signalled),
		cmocka_unit_test(idle_is_waiting_for_work),
		cmocka_unit_test(sleep_is_waiting_for_time_alone),
		cmocka_unit_test(file_is_the_disk),
		cmocka_unit_test(sockets_pipes_and_children_are_what_they_are),
		cmocka_unit_test(a_wait_outside_of_any_system_call_is_a_fault),
		cmocka_unit_test(the_kernels_own_locks_are_kernel),
		cmocka_unit_test(kernel_threads_are_idle_unless_something_holds_them_up),
		cmocka_unit_test(a_shell_that_waits_for_any_signal_waited_for_the_child_that_ended),
		cmocka_unit_test(what_no_rule_knows_is_other),
		cmocka_unit_test(numbers_mean_what_the_recordings_machine_says),
		cmocka_unit_test(an_owner_is_believed_when_it_lives_and_can_reach_the_lock),
		cmocka_unit_test(an_owner_is_called_what_its_pid_namespace_calls_it),
		cmocka_unit_test(words_that_name_nobody_who_could_be_it_are_not_believed),
		cmocka_unit_test(who_ended_with_a_lock_of_its_process_has_it_still),
		cmocka_unit_test(only_a_deadlock_with_oneself_makes_the_waiter_the_holder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
