/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * result: what the analyses found, as plain data. Views print it, exporters
 * write it, tests compare it; none of them looks into the model.
 *
 * The fields are those of `report --json` (the contract), times in ns. Lists
 * are sorted by what they are about, largest first. Arrays are released by
 * result_release(); text lives in the model that filled the result.
 */
#ifndef RUNWAIT_CORE_RESULT_H
#define RUNWAIT_CORE_RESULT_H

#include "base/alloc.h"
#include "core/event.h"
#include "core/recording.h"

#include <stdbool.h>
#include <stdint.h>

/* What a wait was for. Order and names are the contract's (wait_class_name). */
enum wait_class {
	CLASS_GIL,
	CLASS_LOCK,
	CLASS_SYNC,
	CLASS_IDLE,
	CLASS_SLEEP,
	CLASS_FILE,
	CLASS_SOCKET,
	CLASS_PIPE,
	CLASS_CHILD,
	CLASS_FAULT,
	CLASS_KERNEL,
	CLASS_OTHER,
	CLASS_COUNT,
};

const char *wait_class_name(enum wait_class class);
/* -1 when there is no such class. */
int wait_class_find(const char *name);

/* Sums of a thread, a process or all. life = run + runnable + wait. */
struct totals {
	uint64_t life_ns, run_ns, runnable_ns, wait_ns;
	uint64_t preempted_ns; /* the part of runnable_ns after preemptions, not after wakeups */
	uint64_t throttled_ns; /* of preempted_ns: until the control group had CPU quota again */
	uint64_t unknown_ns; /* between start and end but lost; not in life_ns */
	uint64_t censored_ns; /* of wait_ns: waits that began before or ended after the window */
	uint64_t by_class_ns[CLASS_COUNT];
	uint64_t parked_ns; /* of CLASS_SYNC: threads that waited for one signal all the time */
	uint64_t voluntary, involuntary; /* switches in the window */
	uint64_t waits; /* that ended, or are censored */
};

void totals_add(struct totals *to, const struct totals *from);

struct result_thread {
	uint32_t thread, tid, tgid;
	const char *comm;
	bool kthread;
	uint64_t start_ns, end_ns; /* within the window, relative to its start */
	bool ended; /* else it still lived at the end: end_ns is the window's */
	bool found; /* it existed before the window began */
	struct totals sum;
	uint64_t lone_ns; /* it wanted a core while no other thread did */
};

struct result_process {
	uint32_t tgid, parent_tgid;
	const char *comm;
	const char *command; /* argv joined by NULs; NULL unknown */
	size_t command_size;
	uint64_t start_ns, end_ns;
	bool ended, found;
	uint32_t threads; /* ever */
	/* user stacks, by use: all, those that reach their root, and those cut at the limit */
	uint64_t stacks_seen, stacks_complete, stacks_truncated;
	struct totals sum;
};

/* Contract: locks[].kind */
enum lock_kind {
	LOCK_MUTEX,
	LOCK_RWLOCK,
	LOCK_CONDITION,
	LOCK_SEMAPHORE,
	LOCK_BARRIER,
	LOCK_JOIN,
	LOCK_GIL,
	LOCK_KERNEL,
	LOCK_FILE,
	LOCK_UNKNOWN,
};

const char *lock_kind_name(enum lock_kind kind);
/* What people call it: "file lock". */
const char *lock_kind_words(enum lock_kind kind);

/* What a holder did while others waited: a wait class, or one of these. */
enum { HELD_RUN = CLASS_COUNT, HELD_RUNNABLE, HELD_UNKNOWN, HELD_KINDS };

/* "run", "runnable", "unknown", or the class's name. */
const char *doing_name(int doing);

/* How it is known where a holder held a lock. */
enum stack_from {
	STACK_FROM_NOTHING, /* it is not known */
	STACK_FROM_WAIT, /* it waited itself, or for a core, there */
	STACK_FROM_SAMPLE, /* it ran, and was sampled there next */
	STACK_FROM_SWITCH, /* it ran, and left its core there next */
	STACK_FROM_RELEASE, /* it woke somebody who waited, there */
};

/* Contract: holders[].stack_from; NULL when it is not known. */
const char *stack_from_name(enum stack_from from);

struct result_waiter {
	uint32_t tid;
	uint64_t waits, wait_ns, max_wait_ns;
	uint32_t stack; /* user stack of the longest wait; 0 none */
};

/* Who had the lock during waits for it or, where it does not tell, who ended them. */
struct result_holder {
	uint32_t tid; /* 0: not known */
	uint64_t waits; /* in the course of which it had the lock, or that it ended */
	uint64_t blame_ns;
	/* of blame_ns: not read from the lock, but from who got or gave it */
	uint64_t inferred_ns;
	bool ended; /* without letting go of it, for others found it to be the owner later */
	uint32_t stack; /* user stack that it held it from; of several the one to blame most */
	enum stack_from stack_from;
	uint64_t stack_ns; /* of blame_ns: from that stack */
	uint64_t doing_ns[HELD_KINDS]; /* what it did meanwhile; sum is blame_ns */
	const char *waited_for; /* "fsync /x": what most of its own waiting was; NULL none */
	uint64_t waited_for_ns; /* of blame_ns */
	enum wait_class waited_for_class;
};

/* Blame by where the lock was held and where it was waited for. */
struct result_lock_site {
	uint32_t held_stack, wait_stack;
	enum stack_from stack_from;
	uint64_t blame_ns;
	int doing; /* what the holders mostly did */
};

/* Blame in all detail, for pictures. */
struct result_blame {
	uint32_t tid; /* the holder; 0 not known */
	uint32_t held_stack, wait_stack;
	enum stack_from stack_from;
	int doing;
	int16_t nr; /* system call that the holder waited in, -1 none */
	uint64_t blame_ns;
};

/* Holds in the course of which somebody waited. */
struct result_holds {
	uint64_t count, ns; /* of them while somebody waited */
	uint64_t max_ns, max_blame_ns; /* of one */
	uint64_t handed; /* that began with somebody waiting already */
	/* the longest ones, until half of the blame is theirs */
	uint64_t long_count, long_blame_ns;
	uint64_t long_ns; /* those were at least that long */
};

enum { LOCK_BUCKETS = 80 }; /* two a power of two of ns */

/* The least ns that is counted in a bucket. */
uint64_t lock_bucket_ns(int bucket);
int lock_bucket(uint64_t ns);

struct result_waker {
	uint32_t tid; /* 0 with an interrupt */
	const char *name; /* comm, or "timer", "disk", "network", "interrupt" */
	uint64_t count;
};

struct result_lock {
	uint32_t id; /* 1, 2 … within the recording */
	enum lock_kind kind;
	uint64_t address;
	uint32_t tgid; /* 0: shared between processes */
	bool shared;
	const char *name; /* its mapping or symbol; NULL unknown */
	const char *place; /* kernel locks: the kernel function; else NULL */
	bool many; /* locks that cannot be told apart, by the name of all of them */
	uint64_t waits, wait_ns, max_wait_ns;
	uint64_t contended_ns; /* of wait_ns: what counts as class lock */
	uint64_t parked_ns; /* of wait_ns: by threads that did nothing else, see totals */
	uint64_t open_waits; /* not over when the recording ended */
	/* wakeups that found it taken, or nothing to do: it was waited for again */
	uint64_t wasted;
	uint64_t p50_ns, p90_ns, p99_ns; /* of the waits, to a fifth */
	uint32_t buckets[LOCK_BUCKETS]; /* waits by length */
	uint64_t doing_ns[HELD_KINDS]; /* what its holders did meanwhile */
	struct result_holds holds; /* only of what one holds at a time */
	VEC(struct result_waiter) waiters;
	VEC(struct result_holder) holders; /* sum of blame_ns = wait_ns */
	VEC(struct result_waker) wakers;
	VEC(struct result_lock_site) sites;
	VEC(struct result_blame) blames;
};

/* Whether it names who holds it, or only who ended the waits is known. */
bool lock_has_owner(const struct result_lock *lock);

/* What those who wait for an object do with it. */
enum io_side {
	SIDE_NONE, /* one or the other, or not known */
	SIDE_READS, /* a pipe's empty end */
	SIDE_WRITES, /* its full end */
	SIDE_ASKS, /* a client's socket: waits for answers */
	SIDE_SERVES, /* a server's: waits for requests */
	SIDE_COUNT,
};

/* NULL for SIDE_NONE. */
const char *io_side_name(enum io_side side);

struct result_call {
	const char *name; /* of the system call; NULL unknown or a page fault */
	uint64_t waits, wait_ns, max_wait_ns;
};

/* A process at the other end. */
struct result_peer {
	uint32_t tgid;
	const char *comm;
	uint64_t waits; /* that it ended; 0: it only has it open */
};

struct result_io {
	enum wait_class class;
	const char *target; /* with who has the other end: "pipe:[8] to cat (5)" */
	const char *name; /* the same as people say it: "pipe to cat (5)"; NULL: as target */
	uint32_t object; /* 0: not by object, or by several */
	uint32_t objects; /* connections to one server, event descriptors of one process … */
	enum io_side side;
	uint64_t waits, wait_ns, max_wait_ns;
	uint64_t p50_ns, p99_ns; /* 0: not known, only sums are */
	uint32_t threads; /* that waited for it */
	const char *syscall; /* the one that waited longest, "read", "fsync" …; NULL none */
	uint32_t stack; /* user stack of the longest wait; 0 none */
	VEC(struct result_call) calls;
	VEC(struct result_waiter) waiters; /* those who waited longest */
	VEC(struct result_peer) peers; /* those who ended most waits */
};

/* One process waited for another through a pipe or a connection. */
struct result_traffic {
	uint32_t from_tgid, to_tgid; /* to 0: not known, or another machine's */
	const char *from, *to; /* names of the processes; to NULL with to_tgid 0 */
	enum wait_class class;
	enum io_side side;
	const char *target; /* "pipe:[8]", "tcp 127.0.0.1:5432" */
	const char *name; /* the same as people say it */
	uint32_t objects; /* that these waits were on */
	uint64_t waits, wait_ns, max_wait_ns;
};

/* Where loops spent time, or were held up: times at one place in the code. */
struct result_site {
	int cause; /* enum wait_class, or STACK_RUN, STACK_RUNNABLE */
	const char *call; /* system call of the wait; NULL none */
	const char *target; /* what was waited for, a path, an address …; NULL not known */
	uint32_t owner_tid; /* who had the lock; 0 none, or not known */
	const char *owner;
	uint32_t stack;
	uint64_t count, ns, max_ns;
};

struct result_sites {
	struct result_site *at; /* a VEC */
	size_t count, cap;
};

/* A round of a loop that took longer than --slow. */
struct result_stall {
	uint64_t start_ns; /* after the window's start */
	uint64_t busy_ns;
	uint64_t run_ns, runnable_ns, class_ns[CLASS_COUNT]; /* of busy_ns */
	bool unfinished; /* it was not over when the recording was */
	struct result_site site; /* count 1 */
};

/* What a loop gave to a pool of other threads, as far as wakeups show it. */
struct result_hops {
	uint64_t count, returned; /* worker was woken by the loop; loop was woken by it */
	uint64_t queue_p50_ns, queue_p99_ns, queue_max_ns; /* until a worker got a core */
	uint64_t service_p50_ns, service_p99_ns, service_max_ns;
	uint64_t back_p50_ns, back_p99_ns, back_max_ns; /* until the loop got a core */
	uint32_t workers;
	double workers_busy; /* share of their lives that they did not wait for work */
	/* none of them did, in all and the longest: work that came then had to wait */
	uint64_t full_ns, full_max_ns;
};

enum { LOOP_STEPS = 25 };

/* 1 us, 2 us, 5 us, 10 us … 50 s; of the last: UINT64_MAX */
uint64_t loop_step_ns(int step);

struct result_loop {
	uint32_t tid, tgid;
	const char *comm;
	const char *kind; /* "epoll", "poll", "select", "io_uring" */
	uint32_t fd; /* epoll, io_uring */
	bool exact; /* each return was seen; else only those from waits that blocked */
	bool supervises; /* most of what its thread waited for came from children: make, a shell */
	uint64_t iterations; /* returns from the wait */
	uint64_t lost; /* of iterations: of which only the number is known */
	uint64_t parks; /* besides: it waited for work elsewhere, see core/loops.h */
	uint64_t unmeasured; /* of iterations and parks: not seen to be over, or lost */
	uint64_t unblocked; /* of iterations: it had work already */
	bool events_known;
	uint64_t events, accepts;
	uint64_t busy_ns, idle_ns;
	uint64_t delay_ns; /* of busy_ns: woken, but not yet on a core */
	double utilization; /* busy / (busy + idle) */
	uint64_t p50_ns, p90_ns, p99_ns, max_ns; /* busy time of an iteration */
	uint64_t histogram[LOOP_STEPS]; /* [i]: below loop_step_ns(i), not below the one before */
	uint64_t run_ns, runnable_ns, class_ns[CLASS_COUNT]; /* of busy_ns */
	uint64_t stall_count, stall_ns;
	VEC(struct result_stall) stalls; /* the longest */
	struct result_sites sites; /* the stalls by place, those with the most time first */
	struct result_sites calls; /* what blocked in the midst of its work */
	VEC(struct result_hops) hops; /* by pool */
};

struct result;
/* Whether loop @at is its thread's busiest of this kind: loops within loops are no workers. */
bool result_loop_leads(const struct result *r, size_t at);

struct result_wakeup {
	uint32_t waker_tid; /* 0: an interrupt */
	const char *waker; /* comm, or "timer" | "disk" | "network" | "interrupt" */
	bool interrupt;
	bool within; /* both are threads of the recording */
	uint32_t wakee_tid;
	const char *wakee;
	uint64_t count, wait_ns; /* waits that it ended */
	uint32_t stack; /* the waker's user stack, the most frequent one; 0: none was taken */
	uint64_t stack_count; /* of count: waits that were ended from there */
};

struct result_cpu {
	uint32_t cpu;
	uint64_t run_ns, other_ns, idle_ns; /* the target, others, nobody */
};

struct result_parallelism {
	double mean; /* Σ run / observed */
	uint32_t max;
	uint64_t observed_ns; /* the window without what was lost */
	uint64_t active_ns; /* at least one thread ran */
	uint64_t serial_ns; /* exactly one */
	VEC(uint64_t) by_running_ns; /* [k]: exactly k threads ran; sum is observed_ns */
	double concurrency_mean; /* (Σ run + Σ runnable) / observed */
	/* [k]: exactly k threads wanted a core, running or runnable. This and the next two
	 * are not known when `approximate` */
	VEC(uint64_t) by_wanting_ns;
	uint64_t lone_ns; /* exactly one */
	uint64_t crowded_ns; /* of Σ runnable: because more wanted one than there are cores */
	/* Why nothing ran: by_running_ns[0] shared out among the waits whose end
	 * set the program going again, and the run queue behind them */
	uint64_t stalled_by_class_ns[CLASS_COUNT];
	uint64_t stalled_runnable_ns;
	/* waits below --min-wait were only summed: the mean is right, but how runs overlapped
	 * is not known, and nothing is said of why none did */
	bool approximate;
	VEC(struct result_cpu) cpus;
};

/* A number that proves a finding. */
struct evidence {
	const char *key; /* as in the JSON */
	enum { EVIDENCE_NS, EVIDENCE_COUNT, EVIDENCE_REAL, EVIDENCE_SHARE, EVIDENCE_TEXT } kind;
	double real;
	uint64_t number;
	const char *text;
};

struct finding {
	/* "deadlock" "cores" "lock" "herd" "imbalance" "disk" "network" "pipeline" "child"
	 * "stall" "balance" "loop" "serial" "wakeup" "handover" "churn" "spin" "faults"
	 * "idle" "cpu": stable, scripts ask for them */
	const char *id;
	const char *title; /* one sentence with its numbers */
	double share; /* of the time that it explains, 0 … 1 */
	VEC(struct evidence) evidence;
	const char *advice; /* one sentence: what to do */
};

/* What to switch on in a language's runtime for better stacks of a process. */
struct result_hint {
	uint32_t tgid;
	const char *comm;
	const char *runtime; /* "java", "node" …; without one, what the process is called */
	const char *module; /* whose code most of the broken stacks end in; NULL: a runtime's */
	bool nameless; /* its compiled code has no names; else its stacks break off */
	uint64_t stacks, seen; /* so many of so many stacks */
	const char *advice; /* what to do: "start node with …" */
};

/* A leaf of a flame graph. Keys are unique. */
struct result_stack {
	uint32_t thread; /* index into threads */
	int class; /* enum wait_class, or STACK_RUN, STACK_RUNNABLE */
	int16_t nr; /* system call of the wait, -1 none */
	uint32_t user_stack, kernel_stack; /* 0 none */
	uint64_t count; /* waits, samples, times on a run queue */
	uint64_t taken; /* stacks of its own; the run queue behind a wait has the wait's */
	uint64_t ns; /* waited; samples: 0 */
};

enum { STACK_RUN = -1, STACK_RUNNABLE = -2 };

/* A process at the other end of a pipe or socket. */
struct result_end {
	uint32_t tgid;
	const char *comm;
};

enum situation {
	SITUATION_RUN,
	SITUATION_RUNNABLE,
	SITUATION_WAIT,
	SITUATION_STOPPED, /* by a signal or a debugger */
	SITUATION_UNKNOWN,
};

/* How sure it is who holds what a thread waits for. */
enum holder_state {
	HOLDER_UNKNOWN,
	HOLDER_THERE, /* holder_tid has it */
	HOLDER_GONE, /* holder_tid has it, and there is no such thread in the process (any more) */
};

/* A thread as the recording ends. */
struct result_wait {
	uint32_t tid, tgid;
	const char *comm;
	enum situation situation;
	enum wait_class class; /* WAIT */
	int lock; /* enum lock_kind, or -1 */
	const char *syscall; /* NULL: none */
	const char *target; /* the object: lock's name, path, address …; NULL */
	uint64_t address; /* futexes; else 0 */
	uint64_t waits_ns; /* for so long; 0: not known */
	bool timed; /* it gives up after a time */
	enum holder_state holder;
	uint32_t holder_tid; /* of a lock; or the thread that is joined */
	VEC(struct result_end) ends; /* who could end it, where that is a process */
	uint32_t user_stack, kernel_stack;
	/* nobody who is alive can end it: number of the deadlock that it is in or behind */
	uint32_t deadlock; /* 1, 2 …; 0: it may go on */
	bool in_circle; /* else behind it */
	uint32_t next; /* index of the wait that must end first; UINT32_MAX: none */
};

/* Threads that wait for each other, or for one that is gone, for ever. */
struct result_deadlock {
	VEC(uint32_t) circle; /* indices of waits: each for the next, the last for the first */
	VEC(uint32_t) behind; /* … that can only go on if those did */
};

/* Of a control group; 0: no thread was stopped by one. */
struct result_quota {
	uint64_t quota_ns, period_ns; /* so much run time in each period */
};

struct result {
	struct recording recording; /* its text belongs to the model's owner */
	uint64_t duration_ns; /* of the window that this result is about */
	struct totals totals;
	struct result_quota quota;
	uint32_t thread_count, process_count;
	uint64_t stacks_seen, stacks_truncated, stacks_complete; /* user stacks, by use */
	uint64_t records; /* waits in the file */
	uint64_t ignored; /* events that made no sense: a damaged file, or a bug in the probes */
	VEC(struct result_thread) threads;
	VEC(struct result_process) processes;
	struct result_parallelism parallelism;
	VEC(struct result_lock) locks;
	VEC(struct result_io) io;
	VEC(struct result_traffic) traffic;
	VEC(struct result_wakeup) wakeups;
	VEC(struct result_loop) loops; /* the busiest first */
	uint64_t slow_ns; /* from where on rounds of loops are stalls */
	VEC(struct finding) findings; /* at most three */
	VEC(struct result_stack) stacks;
	VEC(struct result_wait) waits; /* of all threads that have not ended */
	VEC(struct result_deadlock) deadlocks;
	/* processes none of whose threads can be woken but by a signal, as far as is known */
	VEC(uint32_t) stalled;
	VEC(struct result_hint) hints; /* in the order of processes */
};

void result_release(struct result *r);

#endif
