/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What functions say of a wait. The stacks are those of real programs, leaf
 * first: glibc 2.36 with and without symbols of its own, GCC 12, Rust 1.95 and
 * 1.63, Go 1.19, OpenJDK 17.
 */
#include "core/callers.h"

#include "base/alloc.h"
#include "core/result.h"
#include "evscript.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

enum { CALLERS_MAX = 16 };

/*
 * A stack as text: functions between ", ", each "name", "?" for one that has
 * none, or "file:name" and "file:?".
 */
static struct verdict judge(const char *stack)
{
	struct caller callers[CALLERS_MAX];
	char text[1024], *rest = text, *word;
	size_t count = 0;

	snprintf(text, sizeof(text), "%s", stack);
	while ((word = rest)) {
		char *end = strstr(word, ", "), *colon;

		rest = end ? end + 2 : NULL;
		if (end)
			*end = '\0';
		colon = strchr(word, ':');
		/* not the colons of C++ */
		if (colon && colon[1] == ':')
			colon = NULL;
		assert_true(count < CALLERS_MAX);
		callers[count].module = colon ? word : "/usr/bin/program";
		if (colon)
			*colon = '\0';
		callers[count].function = colon ? colon + 1 : word;
		if (!strcmp(callers[count].function, "?"))
			callers[count].function = NULL;
		count++;
	}
	return callers_judge(callers, count);
}

static void assert_known(const char *stack, enum wait_class class, int lock)
{
	struct verdict v = judge(stack);

	if (v.say != CALLERS_KNOWN || v.class != class || v.lock != lock)
		fail_msg("'%s': say %d, %s, lock %d", stack, v.say, wait_class_name(v.class),
			 v.lock);
}

static void assert_say(const char *stack, enum callers_say say)
{
	struct verdict v = judge(stack);

	if (v.say != say)
		fail_msg("'%s': say %d, not %d", stack, v.say, say);
}

static void the_c_library_says_what_it_waits_in(void **state)
{
	(void)state;
	assert_known("__lll_lock_wait, pthread_mutex_lock, work", CLASS_LOCK, LOCK_MUTEX);
	assert_known("futex_wait, futex_wait_simple, __condvar_quiesce_and_switch_g1, "
		     "pthread_cond_broadcast, work", CLASS_SYNC, LOCK_CONDITION);
	assert_known("__futex_abstimed_wait_common, __pthread_mutex_clocklock_common, work",
		     CLASS_LOCK, LOCK_MUTEX);
	assert_known("__futex_abstimed_wait_common, pthread_rwlock_wrlock, work", CLASS_LOCK,
		     LOCK_RWLOCK);
	assert_known("__futex_abstimed_wait_common, pthread_cond_wait, work", CLASS_SYNC,
		     LOCK_CONDITION);
	assert_known("__futex_abstimed_wait_common, __new_sem_wait_slow64.constprop.0, work",
		     CLASS_SYNC, LOCK_SEMAPHORE);
	assert_known("pthread_barrier_wait, work", CLASS_SYNC, LOCK_BARRIER);
	assert_known("__futex_abstimed_wait_common, __pthread_clockjoin_ex, main", CLASS_SYNC,
		     LOCK_JOIN);
	assert_known("__pthread_once_slow, work", CLASS_SYNC, LOCK_UNKNOWN);
	/* without symbols of its own: those that it exports */
	assert_known("libc.so.6:?, libc.so.6:pthread_cond_wait, work", CLASS_SYNC, LOCK_CONDITION);
	/* musl, linked in */
	assert_known("__syscall_cp_c, __timedwait_cp, pthread_cond_timedwait, work", CLASS_SYNC,
		     LOCK_CONDITION);
	assert_known("__wait, __pthread_mutex_timedlock, work", CLASS_LOCK, LOCK_MUTEX);
}

static void a_condition_takes_its_mutex_again(void **state)
{
	(void)state;
	assert_known("__lll_lock_wait, __pthread_mutex_cond_lock, pthread_cond_wait, Parker::park",
		     CLASS_LOCK, LOCK_MUTEX);
}

static void cpp_says_what_it_waits_in(void **state)
{
	(void)state;
	assert_known("syscall, std::__detail::__platform_wait<int>, "
		     "std::__atomic_wait_address_bare<std::__atomic_semaphore::_M_acquire()::"
		     "{lambda()#1}>, worker",
		     CLASS_SYNC, LOCK_SEMAPHORE);
	assert_known("syscall, std::__detail::__platform_wait<int>, std::__atomic_wait_address<"
		     "std::__barrier_phase_t, std::__tree_barrier<std::__empty_completion>::wait("
		     "std::__barrier_phase_t&&) const::{lambda()#1}>, worker",
		     CLASS_SYNC, LOCK_BARRIER);
	assert_known("syscall, std::__detail::__platform_wait<int>, "
		     "std::__atomic_wait_address<int, std::latch::wait() const::{lambda()#1}>, "
		     "worker",
		     CLASS_SYNC, LOCK_BARRIER);
	assert_known("syscall, std::__detail::__platform_wait<int>, worker", CLASS_SYNC,
		     LOCK_UNKNOWN);
	assert_known("syscall, __cxa_guard_acquire, worker", CLASS_SYNC, LOCK_UNKNOWN);
}

static void rust_says_what_it_waits_in(void **state)
{
	(void)state;
	assert_known("syscall, <std::sys::sync::mutex::futex::Mutex>::lock_contended, work",
		     CLASS_LOCK, LOCK_MUTEX);
	assert_known("syscall, std::sys::unix::futex::futex_wait, "
		     "std::sys::unix::locks::futex_mutex::Mutex::lock_contended, work",
		     CLASS_LOCK, LOCK_MUTEX);
	assert_known("syscall, <std::sys::sync::rwlock::futex::RwLock>::read_contended, work",
		     CLASS_LOCK, LOCK_RWLOCK);
	assert_known("syscall, std::sys::unix::locks::futex_rwlock::RwLock::write_contended, work",
		     CLASS_LOCK, LOCK_RWLOCK);
	assert_known("syscall, <std::sys::sync::condvar::futex::Condvar>::wait, work", CLASS_SYNC,
		     LOCK_CONDITION);
	assert_known("syscall, <std::thread::thread::Thread>::park, work", CLASS_SYNC,
		     LOCK_UNKNOWN);
	assert_known("syscall, <std::sys::sync::once::futex::Once>::call, work", CLASS_SYNC,
		     LOCK_UNKNOWN);
	/* a barrier is made of a condition, and of a mutex that is one of its own */
	assert_known("syscall, <std::sys::sync::condvar::futex::Condvar>::wait, "
		     "<std::sync::barrier::Barrier>::wait, work",
		     CLASS_SYNC, LOCK_BARRIER);
	assert_known("syscall, <std::sys::sync::mutex::futex::Mutex>::lock_contended, "
		     "<std::sync::barrier::Barrier>::wait, work",
		     CLASS_LOCK, LOCK_MUTEX);
}

static void java_says_what_it_waits_in(void **state)
{
	(void)state;
	assert_known("__futex_abstimed_wait_common, pthread_cond_wait, os::PlatformEvent::park, "
		     "ObjectMonitor::EnterI, ObjectMonitor::enter, [jit]:?",
		     CLASS_LOCK, LOCK_MUTEX);
	assert_known("pthread_cond_wait, os::PlatformEvent::park, ObjectMonitor::wait, "
		     "ObjectSynchronizer::wait, JVM_MonitorWait, [jit]:?",
		     CLASS_SYNC, LOCK_CONDITION);
	assert_known("pthread_cond_wait, Parker::park, Unsafe_Park, [jit]:?, [jit]:?", CLASS_SYNC,
		     LOCK_UNKNOWN);
	assert_known("pthread_cond_wait, Parker::park, Unsafe_Park, [jit]:?, [jit]:void "
		     "java.util.concurrent.locks.LockSupport.park(java.lang.Object), [jit]:?, "
		     "[jit]:void java.util.concurrent.locks.ReentrantLock.lock()",
		     CLASS_LOCK, LOCK_MUTEX);
	assert_known("pthread_cond_timedwait, os::PlatformEvent::park, JavaThread::sleep, "
		     "JVM_Sleep",
		     CLASS_SLEEP, -1);
}

static void other_languages_say_it_by_what_is_around_a_condition(void **state)
{
	(void)state;
	assert_known("pthread_cond_timedwait, "
		     "system__task_primitives__operations__monotonic__timed_delayXnn, "
		     "libgnarl-12.so:?, tasks__workerTB.3",
		     CLASS_SLEEP, -1);
	assert_known("pthread_cond_wait, system__tasking__rendezvous__selective_wait, "
		     "tasks__serverTKB",
		     CLASS_SYNC, LOCK_CONDITION);
	assert_known("pthread_cond_timedwait, Tcl_WaitForEvent, Tcl_DoOneEvent", CLASS_IDLE, -1);
	assert_known("pthread_cond_wait, shared.so:?, Perl_pp_lock, Perl_runops_standard",
		     CLASS_LOCK, LOCK_MUTEX);
	assert_known("pthread_cond_wait, caml_thread_leave_blocking_section, unix_sleep",
		     CLASS_LOCK, LOCK_MUTEX);
	assert_known("pthread_cond_wait, caml_condition_wait, camlWaits__conder_242",
		     CLASS_SYNC, LOCK_CONDITION);
}

static void postgres_says_what_it_waits_in(void **state)
{
	(void)state;
	assert_known("__new_sem_wait_slow64.constprop.0, PGSemaphoreLock, LWLockAcquire, "
		     "LockAcquireExtended",
		     CLASS_LOCK, LOCK_SEMAPHORE);
	assert_known("epoll_wait, WaitEventSetWait, WaitLatch, ProcSleep, ?", CLASS_LOCK,
		     LOCK_UNKNOWN);
	/* for the client */
	assert_say("epoll_wait, WaitEventSetWait, secure_read", CALLERS_STRANGER);
}

static void workers_without_work_are_idle(void **state)
{
	(void)state;
	assert_known("runtime.futex.abi0, runtime.notesleep, runtime.stopm, runtime.findRunnable, "
		     "runtime.schedule",
		     CLASS_IDLE, -1);
	assert_known("runtime.futex.abi0, runtime.notesleep, runtime.stopm, runtime.gcstopm, "
		     "runtime.findRunnable, runtime.schedule",
		     CLASS_IDLE, -1);
	assert_known("__new_sem_wait_slow64.constprop.0, PosixSemaphore::wait, GangWorker::loop, "
		     "GangWorker::run",
		     CLASS_IDLE, -1);
	assert_known("pthread_cond_timedwait, os::PlatformMonitor::wait, Monitor::wait, "
		     "CompileQueue::get, CompileBroker::compiler_thread_loop",
		     CLASS_IDLE, -1);
	assert_known("syscall, <std::sys::sync::condvar::futex::Condvar>::wait, "
		     "rayon_core::sleep::Sleep::sleep, "
		     "rayon_core::registry::WorkerThread::wait_until_cold, "
		     "rayon_core::registry::ThreadBuilder::run",
		     CLASS_IDLE, -1);
}

static void a_worker_that_waits_in_its_work_is_not_idle(void **state)
{
	(void)state;
	assert_known("pthread_cond_wait, os::PlatformMonitor::wait, Monitor::wait, SomeTask::work, "
		     "GangWorker::run_task, GangWorker::loop",
		     CLASS_SYNC, LOCK_CONDITION);
	assert_known("syscall, <std::sys::sync::condvar::futex::Condvar>::wait, "
		     "rayon_core::sleep::Sleep::sleep, "
		     "rayon_core::registry::WorkerThread::wait_until_cold, "
		     "rayon_core::join::join_context, rayon_core::registry::ThreadBuilder::run",
		     CLASS_SYNC, LOCK_UNKNOWN);
	assert_known("runtime.futex.abi0, runtime.notesleep, runtime.stopTheWorldWithSema",
		     CLASS_SYNC, LOCK_UNKNOWN);
}

static void a_stranger_ends_what_its_callers_could_say(void **state)
{
	(void)state;
	/* somebody's own futex, in a callback of the C library */
	assert_say("syscall, my_lock, callback, __pthread_once_slow", CALLERS_STRANGER);
	assert_say("syscall, std::thread::_State_impl<std::tuple<std::latch*>>::_M_run",
		   CALLERS_STRANGER);
	assert_say("my_lock, pthread_mutex_lock", CALLERS_NOTHING);
	assert_known("pthread_cond_wait, my_queue_get, GangWorker::loop", CLASS_SYNC,
		     LOCK_CONDITION);
}

static void who_has_no_name_says_nothing(void **state)
{
	(void)state;
	assert_say("?, ?", CALLERS_NOTHING);
	assert_say("?, pthread_mutex_lock", CALLERS_NOTHING);
	assert_say("syscall, ?, main", CALLERS_NOTHING);
	assert_say("syscall, program+0x1c40, main", CALLERS_NOTHING);
	assert_say("/lib/libc.so.6:?", CALLERS_LIBRARY);
	assert_say("/lib/libc.so.6:?, /lib/libc.so.6:getenv", CALLERS_LIBRARY);
	assert_say("/lib/libc.so.6:?, /lib/libc.so.6:malloc, main", CALLERS_LIBRARY);
	assert_int_equal(callers_judge(NULL, 0).say, CALLERS_NOTHING);
	assert_known("pthread_cond_timedwait, PyCOND_TIMEDWAIT, take_gil", CLASS_GIL, LOCK_GIL);
	/* a few nameless ones between those that are known: a function of the file itself */
	assert_known("pthread_cond_timedwait, ?, PyEval_RestoreThread", CLASS_GIL, LOCK_GIL);
	assert_known("pthread_cond_timedwait, ?, ?, ?, PyEval_RestoreThread", CLASS_SYNC,
		     LOCK_CONDITION);
}

/* --- the words of the futex and the functions together --- */

static void name_stack(struct evscript *s, uint32_t stack, const char *leaf, const char *caller)
{
	/* by stack; they stay as long as the script */
	static const uint32_t frames[][2] = {
		[5] = { 1, 2 }, { 3, 4 }, { 5, 6 }, { 7, 8 }, { 9, 10 }, { 11, 12 },
	};
	const char *functions[] = { leaf, caller };
	struct event e = { .type = EVENT_STACK };

	assert_true(stack < sizeof(frames) / sizeof(*frames));
	e.stack = (struct event_stack){ .stack = stack, .count = 2, .frames = frames[stack] };
	evscript_event(s, &e);
	for (int i = 0; i < 2; i++) {
		e = (struct event){ .type = EVENT_NAME };
		e.name = (struct event_name){ frames[stack][i], 0, functions[i], "", 0 };
		evscript_event(s, &e);
	}
}

static void assert_wait(const char *what, enum wait_class class, int lock, uint32_t holder)
{
	struct evscript_run run;
	const struct totals *sum;

	evscript_init(&run.script);
	name_stack(&run.script, 5, "syscall", "<std::sys::sync::condvar::futex::Condvar>::wait");
	name_stack(&run.script, 6, "__lll_lock_wait", "pthread_mutex_lock");
	name_stack(&run.script, 7, "syscall", "somebody");
	name_stack(&run.script, 8, "runtime.notesleep", "runtime.findRunnable");
	name_stack(&run.script, 9, "WaitLatch", "ProcSleep");
	name_stack(&run.script, 10, "runtime.usleep.abi0", "runtime.sysmon");
	evscript_line(&run.script, "1000 task A found on cpu0");
	evscript_line(&run.script, "1000 task B found on cpu1 of A");
	evscript_line(&run.script, "1100 cpu0 switch A>- wait %s", what);
	evscript_line(&run.script, "2000 end");
	evscript_finish(&run);
	sum = &evscript_thread(&run, "A")->sum;
	if (sum->by_class_ns[class] != 900)
		fail_msg("'%s' is not %s", what, wait_class_name(class));
	assert_int_equal(run.result.locks.count, lock < 0 ? 0 : 1);
	if (lock >= 0) {
		assert_int_equal(run.result.locks.at[0].kind, lock);
		assert_int_equal(run.result.locks.at[0].holders.at[0].tid, holder);
	}
	evscript_stop(&run);
}

static void functions_overrule_words_that_look_like_something_else(void **state)
{
	(void)state;
	/* a counter that is at 2, as a lock that somebody waits for */
	assert_wait("futex 0x10 arg2 2 mutex stack 5", CLASS_SYNC, LOCK_CONDITION, 0);
	assert_wait("futex 0x10 join stack 5", CLASS_SYNC, LOCK_CONDITION, 0);
	assert_wait("futex 0x10 mutex owner B stack 5", CLASS_SYNC, LOCK_CONDITION, 0);
	assert_wait("futex 0x10 semaphore stack 7", CLASS_SYNC, LOCK_UNKNOWN, 0);
	assert_wait("futex 0x10 arg2 2 mutex stack 7", CLASS_SYNC, LOCK_UNKNOWN, 0);
	assert_wait("futex 0x10 arg2 7 stack 8", CLASS_IDLE, -1, 0);
	assert_wait("epoll_wait object 3 stack 9", CLASS_LOCK, LOCK_UNKNOWN, 0);
	assert_wait("epoll_wait object 3 stack 7", CLASS_IDLE, -1, 0);
	assert_wait("nanosleep stack 10", CLASS_IDLE, -1, 0);
	assert_wait("nanosleep stack 7", CLASS_SLEEP, -1, 0);
	assert_wait("nanosleep stack 6", CLASS_SLEEP, -1, 0);
}

static void locks_that_events_end_are_one_for_all_who_wait_in_one_function(void **state)
{
	const struct result_lock *l;
	struct evscript_run run;

	(void)state;
	evscript_init(&run.script);
	name_stack(&run.script, 9, "WaitLatch", "ProcSleep");
	evscript_play(&run.script, "1000 object 1 epoll [eventpoll]\n"
				   "1000 object 2 epoll [eventpoll]\n"
				   "1000 task A found on cpu0\n"
				   "1000 task B found on cpu1\n"
				   "1000 task C found on cpu2\n"
				   "1100 cpu0 switch A>- wait epoll_wait object 1 stack 9\n"
				   "1200 cpu1 switch B>- wait epoll_wait object 2 stack 9\n"
				   "1500 wake A by C\n"
				   "1500 cpu0 switch ->A\n"
				   "2000 end\n");
	evscript_finish(&run);
	assert_int_equal(run.result.locks.count, 1);
	l = &run.result.locks.at[0];
	assert_string_equal(l->name, "row and table locks (ProcSleep)");
	assert_true(l->shared);
	assert_true(l->many);
	assert_int_equal(l->waits, 2);
	assert_int_equal(l->open_waits, 1);
	assert_int_equal(l->wait_ns, 400 + 800);
	assert_int_equal(l->waiters.count, 2);
	assert_int_equal(l->holders.at[0].blame_ns + l->holders.at[1].blame_ns, 1200);
	evscript_stop(&run);
}

/* Each thread waits at a word of its own, which says nothing of what for. */
static void assert_one_for_each_process(const char *inner, const char *outer, const char *name,
					enum lock_kind kind)
{
	struct evscript_run run;

	evscript_init(&run.script);
	name_stack(&run.script, 9, inner, outer);
	evscript_play(&run.script, "1000 object 1 futex 0x10\n"
				   "1000 object 2 futex 0x20\n"
				   "1000 object 3 futex 0x10\n"
				   "1000 task A found on cpu0\n"
				   "1000 task B found on cpu1 of A\n"
				   "1000 task C found on cpu2\n"
				   "1100 cpu0 switch A>- wait futex 0x10 object 1 stack 9\n"
				   "1200 cpu1 switch B>- wait futex 0x20 object 2 stack 9\n"
				   "1900 cpu2 switch C>- wait futex 0x10 object 3 stack 9\n"
				   "2000 end\n");
	evscript_finish(&run);
	assert_int_equal(run.result.locks.count, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct result_lock *l = &run.result.locks.at[i];

		assert_string_equal(l->name, name);
		assert_int_equal(l->kind, kind);
		assert_int_equal(l->address, 0);
		assert_int_equal(l->holds.count, 0);
		assert_false(l->shared);
		assert_int_equal(l->tgid, evscript_actor(&run.script, i ? "C" : "A")->tgid);
		assert_int_equal(l->waiters.count, i ? 1 : 2);
		assert_int_equal(l->wait_ns, i ? 100 : 900 + 800);
	}
	evscript_stop(&run);
}

static void locks_at_words_of_the_waiters_are_one_for_each_process(void **state)
{
	(void)state;
	assert_one_for_each_process("os::PlatformEvent::park", "ObjectMonitor::EnterI",
				    "Java monitors", LOCK_MUTEX);
	assert_one_for_each_process("pthread_cond_timedwait", "Parker::park", "Java parking",
				    LOCK_UNKNOWN);
	assert_one_for_each_process("pthread_cond_wait",
				    "rocksdb::WriteThread::BlockingAwaitState",
				    "RocksDB write queue", LOCK_CONDITION);
}

static void the_owner_is_still_that_of_the_words(void **state)
{
	(void)state;
	assert_wait("futex 0x10 arg2 2 mutex owner B stack 6", CLASS_LOCK, LOCK_MUTEX, 102);
	/* an owner read out of what looked like another lock is none */
	assert_wait("futex 0x10 rwlock owner B stack 6", CLASS_LOCK, LOCK_MUTEX, 0);
	/* the kernel keeps that owner, whoever asked it */
	assert_wait("futex 0x10 pi owner B stack 7", CLASS_LOCK, LOCK_MUTEX, 102);
}

static void a_thread_that_there_is_not_is_not_joined(void **state)
{
	struct evscript_run run;

	(void)state;
	assert_wait("futex 0x10 join owner B", CLASS_SYNC, LOCK_JOIN, 0);
	evscript_start(&run, "1000 task A found on cpu0\n"
			     "1000 task B found on cpu1 of A\n"
			     "1050 cpu1 switch B>- dead\n"
			     "1100 cpu0 switch A>- wait futex 0x10 join owner B\n"
			     "2000 end\n");
	assert_int_equal(run.result.locks.at[0].kind, LOCK_UNKNOWN);
	evscript_stop(&run);
}

static enum lock_kind kind_after(const char *values)
{
	struct evscript_run run;
	enum lock_kind kind;
	unsigned int at = 1000;

	evscript_init(&run.script);
	evscript_line(&run.script, "1000 object 1 futex 0x10");
	evscript_line(&run.script, "1000 task A found on cpu0");
	for (; *values; values++) {
		evscript_line(&run.script, "%u cpu0 switch A>- wait futex 0x10 arg2 %c %s object 1",
			      at + 10, *values, *values == '2' ? "mutex" : "");
		evscript_line(&run.script, "%u cpu0 switch ->A", at + 20);
		at += 100;
	}
	evscript_line(&run.script, "9000 end");
	evscript_finish(&run);
	kind = run.result.locks.at[0].kind;
	evscript_stop(&run);
	return kind;
}

static void without_names_a_lock_is_what_is_always_waited_for_with_2(void **state)
{
	(void)state;
	assert_int_equal(kind_after("2"), LOCK_UNKNOWN);
	assert_int_equal(kind_after("222"), LOCK_UNKNOWN);
	assert_int_equal(kind_after("22222222"), LOCK_MUTEX);
	/* a counter comes by there */
	assert_int_equal(kind_after("0122223"), LOCK_UNKNOWN);
	assert_int_equal(kind_after("1222222"), LOCK_UNKNOWN);
}

static void a_library_with_system_calls_of_its_own_has_no_lock_of_the_c_library(void **state)
{
	(void)state;
	assert_int_equal(judge("/lib/libgomp.so.1.0.0:?, main._omp_fn.0").say, CALLERS_STRANGER);
	assert_int_equal(judge("/lib/libgomp.so.1.0.0:other, main._omp_fn.0").say,
			 CALLERS_STRANGER);
	assert_known("/lib/libgomp.so.1.0.0:gomp_mutex_lock_slow, main._omp_fn.0", CLASS_LOCK,
		     LOCK_MUTEX);
	assert_known("/lib/libgomp.so.1.0.0:gomp_team_barrier_wait_end, main", CLASS_SYNC,
		     LOCK_BARRIER);
	assert_int_equal(judge("/lib/libc.so.6:?, main").say, CALLERS_LIBRARY);
	assert_int_equal(judge("/lib/ld-musl-x86_64.so.1:?, main").say, CALLERS_LIBRARY);
	/* the program itself may have a C library in it */
	assert_int_equal(judge("?, main").say, CALLERS_NOTHING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_library_with_system_calls_of_its_own_has_no_lock_of_the_c_library),
		cmocka_unit_test(the_c_library_says_what_it_waits_in),
		cmocka_unit_test(a_condition_takes_its_mutex_again),
		cmocka_unit_test(cpp_says_what_it_waits_in),
		cmocka_unit_test(rust_says_what_it_waits_in),
		cmocka_unit_test(java_says_what_it_waits_in),
		cmocka_unit_test(other_languages_say_it_by_what_is_around_a_condition),
		cmocka_unit_test(postgres_says_what_it_waits_in),
		cmocka_unit_test(workers_without_work_are_idle),
		cmocka_unit_test(a_worker_that_waits_in_its_work_is_not_idle),
		cmocka_unit_test(a_stranger_ends_what_its_callers_could_say),
		cmocka_unit_test(who_has_no_name_says_nothing),
		cmocka_unit_test(functions_overrule_words_that_look_like_something_else),
		cmocka_unit_test(locks_at_words_of_the_waiters_are_one_for_each_process),
		cmocka_unit_test(locks_that_events_end_are_one_for_all_who_wait_in_one_function),
		cmocka_unit_test(the_owner_is_still_that_of_the_words),
		cmocka_unit_test(a_thread_that_there_is_not_is_not_joined),
		cmocka_unit_test(without_names_a_lock_is_what_is_always_waited_for_with_2),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
