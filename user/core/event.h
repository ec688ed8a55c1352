/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * event: what happened, as the analyses see it.
 *
 * Everything in core speaks in these: decode.c makes them of the probes'
 * records, order.c sorts them by time, pack.c writes and reads them in capture
 * files, and model.c builds threads and slices out of them. Live recordings and
 * files are the same stream.
 *
 * Times are CLOCK_MONOTONIC in ns. Threads, stacks, frames and objects are
 * named by numbers that are unique within one recording; 0 means none. Text
 * and arrays belong to the producer and live until the next event.
 */
#ifndef RUNWAIT_CORE_EVENT_H
#define RUNWAIT_CORE_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The values stand in capture files. */
enum event_type {
	EVENT_NONE,
	EVENT_SWITCH, /* ->out: a thread got a core again; what it had been without it for */
	EVENT_OPEN, /* ->out with in_ns 0: has no core (or runs) when recording begins or ends */
	EVENT_OFF, /* ->off: a core went from a recorded thread to something else */
	EVENT_DEAD, /* ->off: a thread's last switch-out */
	EVENT_SAMPLE, /* ->sample */
	EVENT_STACK, /* ->stack: before the first event that names it */
	EVENT_FRAME, /* ->frame: before the first stack that names it */
	EVENT_NAME, /* ->name: a frame's symbols; when the recording ends */
	EVENT_OBJECT, /* ->object: before the first event that names it */
	EVENT_TASK, /* ->task: a thread is now recorded */
	EVENT_EXEC, /* ->exec */
	EVENT_COMM, /* ->comm: a new name */
	EVENT_WAKER, /* ->waker: the name of a thread that is not recorded but woke one that is */
	EVENT_LOST, /* ->lost: records of a CPU are missing */
	EVENT_CPU, /* ->cpu: core use so far */
	EVENT_SHORT, /* ->brief: sums of waits below --min-wait */
	EVENT_POLL, /* ->poll: a thread came back from waiting for many things (--loops) */
	EVENT_END, /* ->end: a process that has an end of an object */
	EVENT_TYPES,
};

/* Why a thread has no core. The values stand in capture files. */
enum out_why {
	OUT_UNKNOWN = 0,
	OUT_BLOCKED = 1,
	OUT_PREEMPTED = 2,
	OUT_NEW = 3, /* forked and not yet run; woken_ns is its first time on a run queue */
	OUT_RUNNING = 4, /* EVENT_OPEN only: it has one */
	OUT_THROTTLED = 5, /* args are the quota of its control group and the period, in ns */
	OUT_WHYS,
};

/* event_out.flags. The values stand in capture files. */
enum {
	OUT_VOLUNTARY = 1, /* counted in nvcsw, else nivcsw */
	OUT_IOWAIT = 2,
	OUT_UNINTERRUPTIBLE = 4,
	OUT_STOPPED = 8, /* by a signal or a debugger */
	OUT_VFORK = 16,
	OUT_KTHREAD = 32,
	OUT_INFERRED = 64, /* not seen: in_ns and woken_ns are from the kernel's sums */
	OUT_STEADY = 128, /* EVENT_OPEN: it was seen waiting twice, and did not run between */
};

/* Who ended a wait. The values stand in capture files. */
enum waker_kind {
	WAKER_UNKNOWN = 0, /* not seen */
	WAKER_TASK = 1, /* thread waker_tid did it */
	WAKER_INTERRUPT = 2, /* an interrupt or softirq; waker_tid is whom it interrupted */
	WAKER_TIMER = 3, /* EVENT_OPEN: nobody yet, but a timer will if nobody else does */
};

/* What a futex looks like from its words. The values stand in capture files. */
enum futex_kind {
	FUTEX_KIND_NONE = 0, /* not a futex wait */
	FUTEX_KIND_UNKNOWN = 1,
	FUTEX_KIND_MUTEX = 2, /* glibc or musl mutex, low-level lock */
	FUTEX_KIND_PI = 3, /* priority-inheritance mutex: owner in the word */
	FUTEX_KIND_RWLOCK = 4,
	FUTEX_KIND_CONDITION = 5,
	FUTEX_KIND_SEMAPHORE = 6,
	FUTEX_KIND_BARRIER = 7,
	FUTEX_KIND_JOIN = 8, /* waits for a thread's end: expects its TID */
};

/* Where in the kernel a thread stood, from its kernel stack. Stands in files. */
enum kernel_place {
	PLACE_NONE = 0, /* no stack, or nothing that says more than the system call */
	PLACE_LOCK = 1, /* mutex, rwsem, percpu-rwsem … of the kernel */
	PLACE_IO = 2, /* page or block I/O */
	PLACE_FAULT = 3, /* page fault that waits */
};

/*
 * A thread was without a core from out_ns to in_ns. Blocked: it waited from
 * out_ns to woken_ns and was runnable from there. Otherwise it was runnable
 * all along. out_ns 0: since before it was watched. woken_ns 0: not seen.
 */
struct event_out {
	uint32_t thread, tid, tgid;
	uint16_t cpu; /* the one it got */
	uint8_t why; /* enum out_why */
	uint8_t flags;
	uint64_t out_ns, woken_ns, in_ns;
	/* the kernel's switch counts of the thread, this switch-out included:
	 * they number the records, so a gap shows a loss */
	uint32_t voluntary, involuntary;
	int16_t nr; /* system call, -1 none */
	int16_t waker_nr; /* the waker's system call, -1 none */
	uint8_t waker; /* enum waker_kind */
	uint8_t futex; /* enum futex_kind */
	uint32_t waker_tid;
	uint32_t owner_tid; /* who holds the lock, as its words say, not yet checked; 0 unknown.
			     * Of a lock on a file it is the process that took it */
	uint32_t object; /* what it waits for; also for futexes */
	uint32_t user_stack, kernel_stack;
	uint32_t waker_stack; /* where the waker's code ended the wait; 0 when that was not taken */
	uint64_t args[4]; /* of the system call, or of OUT_THROTTLED */
};

struct event_off {
	uint32_t thread, tid, tgid;
	uint16_t cpu;
	uint32_t voluntary, involuntary; /* as in event_out */
};

struct event_sample {
	uint32_t thread, tid, tgid;
	uint16_t cpu;
	uint32_t user_stack, kernel_stack;
};

/* event_stack.flags. The values stand in capture files. */
enum { STACK_KERNEL = 1, STACK_TRUNCATED = 2, STACK_COMPLETE = 4 };

struct event_stack {
	uint32_t stack;
	uint32_t tgid;
	uint8_t flags;
	uint8_t place; /* enum kernel_place; kernel stacks */
	uint32_t count;
	const uint32_t *frames; /* leaf first */
};

/* A place in code: module (file, "[kernel]", "[vdso]", "[jit]" …) and offset in it. */
struct event_frame {
	uint32_t frame;
	bool kernel;
	uint64_t offset; /* file offset; in the kernel and in JIT code the address */
	const char *module; /* "" unknown: offset is the address */
};

/*
 * What a frame is called. A frame with inlined calls has several: level 0 is
 * the innermost.
 */
struct event_name {
	uint32_t frame;
	uint32_t level;
	const char *function;
	const char *file; /* "" unknown */
	uint32_t line;
};

/* The values stand in capture files. */
enum object_kind {
	OBJECT_NONE = 0,
	OBJECT_FILE = 1,
	OBJECT_BLOCK = 2,
	OBJECT_TTY = 3, /* and other character devices */
	OBJECT_PIPE = 4,
	OBJECT_SOCKET = 5,
	OBJECT_EVENTFD = 6,
	OBJECT_TIMERFD = 7,
	OBJECT_SIGNALFD = 8,
	OBJECT_EPOLL = 9,
	OBJECT_INOTIFY = 10,
	OBJECT_IO_URING = 11,
	OBJECT_ANON = 12,
	OBJECT_FUTEX = 13,
	OBJECT_PIDFD = 14,
	OBJECT_QUEUE = 15, /* POSIX message queue */
	OBJECT_FILE_LOCK = 16, /* a lock on a file, or on some of its bytes */
	OBJECT_SEMAPHORE = 17, /* of System V */
};

/* event_object.flags. The values stand in capture files. */
enum {
	OBJECT_LISTENING = 1,
	OBJECT_SHARED = 2, /* futex that other processes may share */
	OBJECT_DELETED = 4, /* file: no directory has it any more */
	OBJECT_SERVES = 8, /* socket: surely a server's end, accepted */
	OBJECT_ASKS = 16, /* socket: surely a client's end, connected to a name */
	OBJECT_PAIR = 32, /* socket: of a socketpair */
};

struct event_object {
	uint32_t object;
	uint8_t kind; /* enum object_kind */
	uint8_t flags;
	uint32_t tgid; /* futex: whose address it is; else who was first seen waiting for it */
	uint64_t address; /* futex; else the inode */
	uint32_t device;
	/* what a person calls it: "/var/lib/x", "tcp 127.0.0.1:6379", "pipe:[8123]",
	 * "unix /run/x.sock"; futex: its mapping, "[heap]", "stack of 12 worker",
	 * "redis-server+0x1c40" */
	const char *text;
	uint64_t peer; /* connected unix sockets: the inode of the other end; 0 unknown */
	const char *local; /* connected internet sockets: their own address; else "" */
};

/* What a process has of an object. The values stand in capture files. */
enum {
	END_READS = 1, /* has it open for reading */
	END_WRITES = 2,
	END_PEER = 4, /* has the socket at its other end */
	END_LISTENS = 8, /* listens at the address that it leads to */
	END_SERVES = 16, /* listens at its own address: it was accepted there */
	END_SIGNALS = 32, /* it handles signals: a handler may end what the process waits for */
};

/* Found as the recording ended. */
struct event_end {
	uint32_t object, tgid;
	uint8_t roles;
	const char *comm; /* of the process */
};

/* The values stand in capture files. */
enum task_how { TASK_FOUND = 1, TASK_FORKED = 2, TASK_EXECED = 3, TASK_SEEN = 4 };

struct event_task {
	uint32_t thread, tid, tgid;
	uint32_t parent_tgid, parent_thread;
	uint32_t voluntary, involuntary; /* the kernel's counts when it was taken up */
	uint8_t how; /* enum task_how */
	bool kthread;
	/* what gettid() returns in it, in the PID namespace of this inode; both 0:
	 * its TID */
	uint32_t own_tid, pid_namespace;
	const char *comm;
	const char *command; /* "" unknown, else argv joined by NULs */
	size_t command_size;
};

struct event_exec {
	uint32_t thread, tid, tgid;
	uint32_t old_tid; /* differs from tid when another thread than the leader called exec */
	const char *comm;
	const char *command; /* argv joined by NULs */
	size_t command_size;
};

struct event_comm {
	uint32_t thread, tid, tgid;
	const char *comm;
};

struct event_waker {
	uint32_t tid;
	const char *comm;
	uint32_t tgid; /* 0 unknown */
};

struct event_lost {
	uint16_t cpu;
	uint64_t from_ns, to_ns;
	uint64_t count;
};

/* Sums since the probes were attached; differences of two are a span's. */
struct event_cpu {
	uint16_t cpu;
	uint64_t target_ns, other_ns, idle_ns;
};

struct event_short {
	uint32_t thread, tid, tgid;
	uint16_t cpu;
	int16_t nr; /* the system call of these waits, -1 none */
	uint32_t voluntary, involuntary; /* switches summed here */
	uint64_t wait_ns, runnable_ns;
};

/* Of the call that an event loop waits in. The values stand in capture files. */
enum poll_kind {
	POLL_NONE = 0,
	POLL_EPOLL = 1,
	POLL_POLL = 2,
	POLL_SELECT = 3,
	POLL_IO_URING = 4,
};

struct event_poll {
	uint32_t thread;
	uint16_t cpu;
	uint8_t kind; /* enum poll_kind */
	uint32_t sequence; /* of the thread's, from 1: a gap shows a loss */
	uint64_t sp; /* user stack pointer: calls from one place have the same */
	uint32_t fd; /* EPOLL, IO_URING */
	uint32_t count; /* descriptors asked about, or most events wanted */
	int32_t result; /* of the call: events, or a negative errno */
	uint32_t accepts; /* connections that it accepted since the one before */
};

struct event {
	enum event_type type;
	/* what the stream is ordered by. SWITCH: in_ns. OPEN: when it was looked
	 * at. LOST: to_ns. */
	uint64_t time_ns;
	union {
		struct event_out out;
		struct event_off off;
		struct event_sample sample;
		struct event_stack stack;
		struct event_frame frame;
		struct event_name name;
		struct event_object object;
		struct event_task task;
		struct event_exec exec;
		struct event_comm comm;
		struct event_waker waker;
		struct event_lost lost;
		struct event_cpu cpu;
		struct event_short brief;
		struct event_poll poll;
		struct event_end end;
	};
};

#endif
