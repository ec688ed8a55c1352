/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table goes by what each library calls its functions:
 *  - glibc nptl/, musl src/thread/; their symbols with and without debug files
 *  - libstdc++ bits/atomic_wait.h, bits/semaphore_base.h, barrier, latch
 *  - Rust library/std/src/sys/sync/ (sys/unix/locks/ before 1.70), mangled
 *    either way; tokio, rayon, parking_lot
 *  - Go src/runtime/lock_futex.go, proc.go
 *  - PostgreSQL storage/lmgr/lwlock.c, proc.c; InnoDB lock0lock.cc
 *  - HotSpot src/hotspot/share/runtime/, with Java's own names where a perf map
 *    has them
 * In patterns a '*' stands for anything.
 */
#include "core/callers.h"

#include "base/alloc.h"
#include "core/result.h"

#include <string.h>

enum {
	DEPTH_MAX = 48, /* callers that are looked at */
	NAMELESS_MAX = 2, /* in a row, behind what is known */
	INLINED_MAX = 8, /* names of one frame */
};

struct rule {
	const char *pattern;
	int8_t class; /* enum wait_class; or PASS: the next caller knows */
	int8_t lock; /* as in struct verdict */
	const char *many; /* as in struct verdict */
};

enum { PASS = -1, NO_LOCK = -1 };

/* of more than one rule: to be the same text is to be the same pointer */
static const char java_parking[] = "Java parking";
static const char java_monitors[] = "Java monitors";

/*
 * The first rule that fits a function is its. A later caller that is known
 * knows better (a barrier that is made of a condition variable), but for locks:
 * who waits for one waits for that, whatever for.
 */
static const struct rule rules[] = {
	/* the C library, and ways into the kernel */
	{ "*pthread_mutex_*lock*", CLASS_LOCK, LOCK_MUTEX },
	{ "__lll_lock_wait*", CLASS_LOCK, LOCK_MUTEX },
	{ "__lll_timedlock_wait*", CLASS_LOCK, LOCK_MUTEX },
	{ "*pthread_rwlock_*", CLASS_LOCK, LOCK_RWLOCK },
	{ "*pthread_cond_*wait*", CLASS_SYNC, LOCK_CONDITION },
	{ "__condvar_*", CLASS_SYNC, LOCK_CONDITION },
	{ "cnd_*wait", CLASS_SYNC, LOCK_CONDITION },
	{ "mtx_*lock", CLASS_LOCK, LOCK_MUTEX },
	{ "*pthread_barrier_wait", CLASS_SYNC, LOCK_BARRIER },
	{ "*pthread_*join*", CLASS_SYNC, LOCK_JOIN },
	{ "*pthread_once*", CLASS_SYNC, LOCK_UNKNOWN },
	{ "sem_*wait", CLASS_SYNC, LOCK_SEMAPHORE },
	{ "__new_sem_*wait*", CLASS_SYNC, LOCK_SEMAPHORE },
	{ "__old_sem_*wait*", CLASS_SYNC, LOCK_SEMAPHORE },
	{ "syscall", PASS, 0 },
	{ "__syscall*", PASS, 0 },
	{ "__cp_*", PASS, 0 },
	{ "*futex_wait*", PASS, 0 },
	{ "*futex_abstimed_wait*", PASS, 0 },
	{ "__timedwait*", PASS, 0 },
	{ "__wait", PASS, 0 },
	{ "__lock", CLASS_LOCK, LOCK_MUTEX },
	{ "__lockfile", CLASS_LOCK, LOCK_MUTEX },

	/* C++ */
	{ "__cxa_guard_acquire", CLASS_SYNC, LOCK_UNKNOWN },
	{ "std::__atomic_futex_unsigned_base::*", CLASS_SYNC, LOCK_UNKNOWN },
	{ "std::__atomic_wait_address*<*__tree_barrier*", CLASS_SYNC, LOCK_BARRIER },
	{ "std::__tree_barrier<*", CLASS_SYNC, LOCK_BARRIER },
	{ "std::__atomic_wait_address*<*std::latch::wait*", CLASS_SYNC, LOCK_BARRIER },
	{ "std::latch::*wait*", CLASS_SYNC, LOCK_BARRIER },
	{ "std::__atomic_wait_address*<*__atomic_semaphore*", CLASS_SYNC, LOCK_SEMAPHORE },
	{ "std::__atomic_semaphore::*", CLASS_SYNC, LOCK_SEMAPHORE },
	{ "std::counting_semaphore<*>::*acquire*", CLASS_SYNC, LOCK_SEMAPHORE },
	{ "std::__detail::*wait*", CLASS_SYNC, LOCK_UNKNOWN },
	{ "std::__atomic_wait_address*", CLASS_SYNC, LOCK_UNKNOWN },
	{ "std::__1::__libcpp_atomic_*wait*", CLASS_SYNC, LOCK_UNKNOWN },
	{ "std::condition_variable*::wait*", CLASS_SYNC, LOCK_CONDITION },
	{ "std::__1::condition_variable*::*wait*", CLASS_SYNC, LOCK_CONDITION },

	/* Rust */
	{ "std::sys*utex*::lock_contended", CLASS_LOCK, LOCK_MUTEX },
	{ "std::sys*RwLock*_contended", CLASS_LOCK, LOCK_RWLOCK },
	{ "std::s*Condvar*::wait*", CLASS_SYNC, LOCK_CONDITION },
	{ "std::sync*Barrier*::wait*", CLASS_SYNC, LOCK_BARRIER },
	{ "std::s*Once*", CLASS_SYNC, LOCK_UNKNOWN },
	{ "std::sys*Parker*::park*", CLASS_SYNC, LOCK_UNKNOWN },
	{ "std::thread*::park*", CLASS_SYNC, LOCK_UNKNOWN },
	{ "std::sys*futex*", PASS, 0 },
	{ "parking_lot::raw_mutex::RawMutex*::lock_slow", CLASS_LOCK, LOCK_MUTEX },
	{ "parking_lot::raw_rwlock::RawRwLock*_slow", CLASS_LOCK, LOCK_RWLOCK },
	{ "parking_lot::condvar::Condvar*::wait*", CLASS_SYNC, LOCK_CONDITION },
	{ "parking_lot_core::*", PASS, 0 },
	{ "tokio::runtime::blocking::pool::*", CLASS_IDLE, NO_LOCK },
	{ "tokio::runtime::scheduler::multi_thread*::park*", CLASS_IDLE, NO_LOCK },
	{ "tokio::runtime::scheduler::multi_thread*::worker::*", CLASS_IDLE, NO_LOCK },
	{ "tokio::runtime::park::*", CLASS_SYNC, LOCK_UNKNOWN },
	{ "tokio::loom::*", PASS, 0 },
	{ "rayon_core::sleep::*", CLASS_SYNC, LOCK_UNKNOWN },
	{ "rayon_core::registry::WorkerThread*::wait_until*", PASS, 0 },
	{ "rayon_core::registry::main_loop*", CLASS_IDLE, NO_LOCK },
	{ "rayon_core::registry::ThreadBuilder*::run*", CLASS_IDLE, NO_LOCK },

	/* Go */
	{ "runtime.futex*", PASS, 0 },
	{ "runtime.lock2", CLASS_LOCK, LOCK_MUTEX },
	{ "runtime.lock", CLASS_LOCK, LOCK_MUTEX },
	{ "runtime.lockWithRank", CLASS_LOCK, LOCK_MUTEX },
	{ "runtime.note*sleep*", CLASS_SYNC, LOCK_UNKNOWN },
	{ "runtime.mPark", PASS, 0 },
	{ "runtime.stopm", PASS, 0 },
	{ "runtime.usleep*", PASS, 0 },
	{ "runtime.find*unnable", CLASS_IDLE, NO_LOCK },
	/* gave its processor away for a moment without goroutines, and is spare since then */
	{ "runtime.gcstopm", CLASS_IDLE, NO_LOCK },
	/* after a system call, without a processor: the goroutine stays behind in a queue */
	{ "runtime.exitsyscall0", CLASS_IDLE, NO_LOCK },
	{ "runtime.exitsyscallNoP", CLASS_IDLE, NO_LOCK },
	{ "runtime.startlockedm", CLASS_IDLE, NO_LOCK },
	{ "runtime.templateThread", CLASS_IDLE, NO_LOCK },
	{ "runtime.sysmon", CLASS_IDLE, NO_LOCK },
	{ "os/signal.signal_recv", CLASS_IDLE, NO_LOCK },
	{ "runtime.sigNoteSleep", CLASS_IDLE, NO_LOCK },

	/* Java, HotSpot */
	{ "os::Platform*::*", PASS, 0 },
	{ "os::Posix*::*", PASS, 0 },
	{ "Posix*::*wait*", PASS, 0 },
	{ "Semaphore::wait*", PASS, 0 },
	{ "Monitor::wait*", PASS, 0 },
	{ "ObjectMonitor::*nter*", CLASS_LOCK, LOCK_MUTEX, java_monitors },
	{ "ObjectMonitor::wait", CLASS_SYNC, LOCK_CONDITION },
	{ "Parker::park", CLASS_SYNC, LOCK_UNKNOWN, java_parking },
	{ "Unsafe_Park", CLASS_SYNC, LOCK_UNKNOWN, java_parking },
	{ "JavaThread::sleep*", CLASS_SLEEP, NO_LOCK },
	{ "os::sleep*", CLASS_SLEEP, NO_LOCK },
	{ "os::signal_wait", CLASS_IDLE, NO_LOCK },
	{ "GangWorker::loop", CLASS_IDLE, NO_LOCK },
	{ "WorkerThread::run", CLASS_IDLE, NO_LOCK },
	{ "WorkerTaskDispatcher::worker_run_task", CLASS_IDLE, NO_LOCK },
	{ "SemaphoreGangTaskDispatcher::worker_wait_for_task", CLASS_IDLE, NO_LOCK },
	{ "CompileQueue::get", CLASS_IDLE, NO_LOCK },
	{ "VMThread::wait_for_operation", CLASS_IDLE, NO_LOCK },
	{ "VMThread::loop", CLASS_IDLE, NO_LOCK },
	{ "WatcherThread::sleep", CLASS_IDLE, NO_LOCK },
	{ "ServiceThread::service_thread_entry", CLASS_IDLE, NO_LOCK },
	{ "NotificationThread::notification_thread_entry", CLASS_IDLE, NO_LOCK },
	{ "MonitorDeflationThread::monitor_deflation_thread_entry", CLASS_IDLE, NO_LOCK },
	{ "NMethodSweeper::sweeper_loop", CLASS_IDLE, NO_LOCK },
	{ "JVM_WaitForReferencePendingList", CLASS_IDLE, NO_LOCK },
	{ "G1*::run_service", CLASS_IDLE, NO_LOCK },
	{ "G1ServiceThread::*wait*", CLASS_IDLE, NO_LOCK },
	{ "G1ServiceThread::sleep_before_next_cycle", CLASS_IDLE, NO_LOCK },
	{ "G1*Refine*::wait_for_*", CLASS_IDLE, NO_LOCK },
	{ "G1ConcurrentMarkThread::wait_for_next_cycle", CLASS_IDLE, NO_LOCK },
	{ "*jdk.internal.misc.Unsafe.park*", PASS, 0 },
	{ "*locks.LockSupport.park*", PASS, 0 },
	{ "*locks.AbstractQueuedSynchronizer.*", PASS, 0 },
	{ "*locks.AbstractQueuedSynchronizer$ConditionObject.*", CLASS_SYNC, LOCK_CONDITION,
	  "Java conditions" },
	{ "*locks.ReentrantLock*", CLASS_LOCK, LOCK_MUTEX, "Java ReentrantLocks" },
	{ "*locks.ReentrantReadWriteLock*", CLASS_LOCK, LOCK_RWLOCK,
	  "Java ReentrantReadWriteLocks" },
	{ "*util.concurrent.Semaphore.*", CLASS_SYNC, LOCK_SEMAPHORE, "Java semaphores" },
	{ "*util.concurrent.*Queue.take*", PASS, 0 },
	{ "*util.concurrent.*Queue.poll*", PASS, 0 },
	{ "*util.concurrent.SynchronousQueue*", PASS, 0 },
	{ "*util.concurrent.ThreadPoolExecutor.getTask*", CLASS_IDLE, NO_LOCK },
	{ "*util.concurrent.ForkJoinPool.awaitWork*", CLASS_IDLE, NO_LOCK },
	{ "*util.concurrent.ForkJoinPool.runWorker*", CLASS_IDLE, NO_LOCK },

	/* PostgreSQL: its locks between processes are semaphores, and events for long ones */
	{ "epoll_*wait*", PASS, 0 },
	{ "WaitEventSetWait*", PASS, 0 },
	{ "WaitLatch*", PASS, 0 },
	{ "PGSemaphoreLock", PASS, 0 },
	{ "ProcSleep", CLASS_LOCK, LOCK_UNKNOWN, "row and table locks (ProcSleep)" },
	{ "LWLockAcquire*", CLASS_LOCK, LOCK_SEMAPHORE },
	{ "LWLockWaitForVar", CLASS_LOCK, LOCK_SEMAPHORE },

	/* MariaDB, MySQL, RocksDB */
	{ "inline_mysql_*", PASS, 0 },
	{ "psi_cond_*wait*", PASS, 0 },
	{ "handle_one_connection", CLASS_IDLE, NO_LOCK },
	{ "my_cond_*wait*", PASS, 0 },
	{ "lock_wait(*", CLASS_LOCK, LOCK_CONDITION },
	{ "lock_wait", CLASS_LOCK, LOCK_CONDITION },
	{ "lock_wait_suspend_thread*", CLASS_LOCK, LOCK_CONDITION },
	{ "MDL_wait::timed_wait*", CLASS_LOCK, LOCK_CONDITION },
	{ "tpool::thread_pool_generic::*", CLASS_IDLE, NO_LOCK },
	{ "rocksdb::port::CondVar::*", PASS, 0 },
	{ "rocksdb::InstrumentedCondVar::*", PASS, 0 },
	{ "rocksdb::ThreadPoolImpl::Impl::BGThread*", CLASS_IDLE, NO_LOCK },
	{ "rocksdb::WriteThread::BlockingAwaitState*", CLASS_SYNC, LOCK_CONDITION,
	  "RocksDB write queue" },

	/* GCC's OpenMP, where its own symbols are there */
	{ "gomp_mutex_lock_slow", CLASS_LOCK, LOCK_MUTEX },
	{ "GOMP_critical*start", CLASS_LOCK, LOCK_MUTEX },
	{ "omp_set_*lock*", CLASS_LOCK, LOCK_MUTEX },
	{ "gomp_*barrier_wait*", CLASS_SYNC, LOCK_BARRIER },
	{ "GOMP_barrier", CLASS_SYNC, LOCK_BARRIER },

	/* Ada's delay; Tcl's event loop; Perl's lock() of a shared variable; OCaml's lock of all */
	{ "system__task_primitives__operations__*timed_delay*", CLASS_SLEEP, NO_LOCK },
	{ "Tcl_WaitForEvent", CLASS_IDLE, NO_LOCK },
	{ "Perl_pp_lock", CLASS_LOCK, LOCK_MUTEX },
	{ "caml_thread_leave_blocking_section", CLASS_LOCK, LOCK_MUTEX },
	{ "caml_thread_yield", CLASS_LOCK, LOCK_MUTEX },

	/* GLib, which has its own mutex and condition; CPython's lock of all locks */
	{ "g_mutex_lock*", CLASS_LOCK, LOCK_MUTEX },
	{ "g_cond_wait*", CLASS_SYNC, LOCK_CONDITION },
	{ "g_async_queue_*pop*", PASS, 0 },
	{ "g_thread_pool_wait_for_new_task*", CLASS_IDLE, NO_LOCK },
	{ "PyCOND_*", PASS, 0 },
	{ "take_gil", CLASS_GIL, LOCK_GIL },
	{ "PyEval_RestoreThread", CLASS_GIL, LOCK_GIL },
	{ "PyEval_AcquireThread", CLASS_GIL, LOCK_GIL },
	{ "PyGILState_Ensure", CLASS_GIL, LOCK_GIL },
};

/* Whether @text is @pattern. Goes back only to the last '*', as far as it must. */
static bool matches(const char *pattern, const char *text)
{
	const char *star = NULL, *from = text;

	while (*text) {
		if (*pattern == '*') {
			star = ++pattern;
			from = text;
		} else if (*pattern == *text) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star;
			text = ++from;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

static const struct rule *rule_of(const char *function)
{
	/* newer Rust names the type of a method <like::this>::method */
	function += *function == '<';
	for (size_t i = 0; i < ARRAY_COUNT(rules); i++)
		if (matches(rules[i].pattern, function))
			return &rules[i];
	return NULL;
}

/* glibc since 2.34 and before; musl's is its loader, too. */
static bool is_c_library(const char *module)
{
	const char *slash = strrchr(module, '/'), *name = slash ? slash + 1 : module;

	return !strncmp(name, "libc.so", 7) || !strncmp(name, "libc-2.", 7) ||
	       !strncmp(name, "libpthread", 10) || !strncmp(name, "ld-musl-", 8);
}

/*
 * Has the system call in itself, and is no C library: of libgomp's mutex, whose word is
 * -1 while somebody waits, the words look like a rwlock of musl that is written.
 */
static bool is_other_library(const struct caller *leaf)
{
	const char *slash = strrchr(leaf->module, '/');
	const char *name = slash ? slash + 1 : leaf->module;

	return strstr(name, ".so") && !is_c_library(leaf->module);
}

/* A function that is known only by where it begins, "file+0x1c40", has no name. */
static bool has_name(const struct caller *c)
{
	return c->function && !strstr(c->function, "+0x");
}

struct verdict callers_judge(const struct caller *callers, size_t count)
{
	struct verdict v = { .say = CALLERS_NOTHING, .lock = NO_LOCK };
	unsigned int nameless = 0;

	if (count && is_other_library(&callers[0]))
		v.say = CALLERS_STRANGER;

	for (size_t i = 0; i < count && i < DEPTH_MAX; i++) {
		const struct caller *c = &callers[i];
		const struct rule *rule = has_name(c) ? rule_of(c->function) : NULL;

		if (!rule && v.say != CALLERS_KNOWN && is_c_library(c->module)) {
			v.say = CALLERS_LIBRARY;
			continue;
		}
		if (!has_name(c)) {
			/* of code that is made as it runs, hardly any has a name */
			if (v.say != CALLERS_KNOWN ||
			    (strcmp(c->module, "[jit]") && ++nameless > NAMELESS_MAX))
				break;
			continue;
		}
		nameless = 0;
		if (!rule) {
			/* who has the system call in itself may be any library's inlined part */
			if (v.say == CALLERS_NOTHING && i)
				v.say = CALLERS_STRANGER;
			break;
		}
		if (rule->class == PASS)
			continue;
		v = (struct verdict){ CALLERS_KNOWN, (uint8_t)rule->class, rule->lock, rule->many };
		if (v.class == CLASS_LOCK || v.class == CLASS_IDLE)
			break;
	}
	return v;
}

struct verdict callers_judge_stack(const struct stacks *s, uint32_t user_stack)
{
	struct caller callers[DEPTH_MAX];
	struct stack_view stack;
	size_t count = 0;

	stacks_get(s, user_stack, &stack);
	for (uint32_t i = 0; i < stack.count && count < DEPTH_MAX; i++) {
		struct frame_name names[INLINED_MAX];
		size_t n = stacks_names(s, stack.frames[i], names, INLINED_MAX);
		struct event_frame place = { .module = "" };

		stacks_frame(s, stack.frames[i], &place);
		if (!n)
			callers[count++] = (struct caller){ NULL, place.module };
		for (size_t k = 0; k < n && k < INLINED_MAX && count < DEPTH_MAX; k++)
			callers[count++] = (struct caller){ names[k].function, place.module };
	}
	return callers_judge(callers, count);
}
