/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * loops: event loops, found by what threads do: return again and again to one
 * wait for many things. Private to core/loops*.c.
 *
 * A round of a loop begins with the wakeup that ends its wait (or, where it did
 * not block, with the return from the call) and lasts until it waits again. With
 * --loops each return is an event. Without, only waits that block are seen, and
 * rounds between which the loop did not block look like one.
 *
 * A thread's time is added up in sums that only grow; a round keeps what they were
 * when it began, so that several loops of one thread cost no more than one. Which
 * of them is inside of which is told by the depth of the stack: a loop that runs
 * in a round of another stands deeper. Its waits are time that the round of the
 * outer one takes; a return of the outer one means that the inner one was left.
 *
 * Workers of one runtime (Go's, tokio's) take turns at one epoll: who finds it taken
 * parks until another has work for it. A park is a wait for work like the loop's own.
 */
#ifndef RUNWAIT_CORE_LOOPS_H
#define RUNWAIT_CORE_LOOPS_H

#include "core/analysis.h"

enum {
	LOOP_RETURNS_MIN = 3, /* fewer are no loop */
	LOOPS_OF_THREAD = 8, /* more are not looked at */
	STALLS_KEPT = 64, /* of a loop, one by one: the longest */
	SITES_KEPT = 512, /* places in the code, of a loop */
	SAMPLES_KEPT = 12, /* different stacks, of a round */
};

/* Where a thread's time went, without running: that is the rest. */
struct parts {
	uint64_t class_ns[CLASS_COUNT], runnable_ns, unknown_ns;
};

/* How often something took how long, to 3 %; NULL counts while there are none. */
struct spread {
	uint32_t *counts;
	uint64_t count, sum_ns, max_ns;
};

/* A wait that held up a round. */
struct held {
	uint64_t ns;
	uint32_t stack, object;
	uint32_t owner; /* thread that had the lock, or THREAD_NONE */
	int16_t nr;
};

struct round {
	bool open;
	bool broken; /* other rounds are in it, of which the records are lost */
	bool cut; /* it began before the window: nobody asks how long it was */
	uint64_t start_ns;
	uint64_t away_ns; /* in it, but waits for work */
	struct parts at; /* the thread's sums when it began */
	uint32_t classes; /* bits: which of the next are set */
	struct held longest[CLASS_COUNT];
	/* the end of the last wait from where other rounds waited, too; 0: none */
	uint64_t familiar_ns;
	struct parts familiar; /* the thread's sums then */
	/* the longest time that it queued for a core where it was pushed off one */
	uint64_t queued_ns;
	uint32_t queued_stack;
	size_t sample_count;
	struct round_sample {
		uint32_t stack, count;
	} samples[SAMPLES_KEPT];
};

enum { CAUSE_RUN = -1, CAUSE_RUNNABLE = -2 }; /* or a class */

struct stall {
	uint64_t start_ns, busy_ns;
	struct parts parts;
	int cause;
	bool unfinished;
	struct held held; /* the longest wait of the cause's class */
	uint32_t stack; /* where it spent the time; 0 not known */
};

/* What happened at one place: waits (class, object) or stalls (cause). */
struct site {
	int cause;
	int16_t nr;
	uint32_t stack, object, owner;
	uint64_t count, ns, max_ns;
};

struct sites {
	VEC(struct site) list;
	struct map by_key;
	uint64_t left_count, left_ns; /* of those for which there was no more room */
};

struct loop {
	uint32_t thread;
	uint8_t kind; /* enum poll_kind */
	uint64_t key; /* which of the thread's: descriptor, or place of the call */
	uint64_t depth; /* of the stack where it waits: larger is deeper */
	uint32_t fd, object, wait_stack;
	bool many; /* waited for more than one thing, or for connections */
	bool in_turn; /* its round ended with the wait of another that takes turns with it */
	uint64_t returns, unblocked, events, accepts, lost;
	uint64_t parks; /* waited for work elsewhere, see is_parked() */
	uint64_t busy_ns, idle_ns;
	uint64_t delay_ns; /* of busy_ns: between wakeup and core */
	struct parts by;
	struct spread rounds;
	struct round round;
	VEC(struct stall) stalls;
	uint64_t stall_count, stall_ns;
	struct sites stall_sites, calls;
};

/* A wait that is over, or not, before it is known which loop returned from it. */
struct pending {
	bool any, ended;
	bool parked; /* not in the loop's own call */
	uint8_t kind;
	bool many;
	enum wait_class class;
	uint64_t key; /* without --loops */
	uint64_t depth;
	uint64_t out_ns, woken_ns; /* of its first sleep */
	uint64_t first_ns, wait_ns; /* of its first, of all */
	uint64_t delay_ns; /* between its wakeups and a core */
	struct parts before; /* the thread's sums */
	struct held held;
	struct round next; /* what happened since: belongs to the round that begins */
};

/* A thread that has loops. */
struct looper {
	struct parts sums;
	uint32_t sequence; /* of its last return */
	uint32_t loops[LOOPS_OF_THREAD]; /* indices */
	uint32_t loop_count;
	struct loop *last; /* that returned */
	uint32_t turns; /* how often, of late, that was another one than before */
	/* how often it waited in one of them, and of these, until a child did something */
	uint64_t waits, for_children;
	struct pending wait;
};

/* Work that a loop gave to another thread. */
struct worker {
	uint32_t thread; /* index */
	size_t executor; /* index */
	uint64_t place; /* where it waits for work, see place_of() */
	uint64_t parked_ns;
	bool busy; /* a hop is under way */
	uint64_t in_ns;
};

/* Threads that wait for work at one place, whoever they get it from. */
struct pool {
	/* when at least one of them did, in order and apart */
	VEC(struct parked {
		uint64_t from_ns, to_ns;
	}) parked;
};

/* Threads that wait for work at one place, for a loop. */
struct executor {
	uint32_t looper; /* index of the thread */
	uint64_t place; /* as the workers' */
	uint64_t hops, returned;
	struct spread queue, service, back;
};

struct loops {
	struct context *c;
	uint8_t kinds[CONTEXT_SYSCALLS]; /* enum poll_kind */
	VEC(struct loop *) list;
	struct map familiar; /* stacks that held up a round, to the first such round */
	VEC(struct looper *) loopers; /* by thread; NULL: none */
	VEC(struct worker) workers;
	struct map worker_of; /* thread to index */
	VEC(struct executor) executors;
	struct map executor_of; /* looper and place to index */
	VEC(struct pool) pools;
	struct map pool_of; /* place to index */
};

static inline struct looper *looper_at(const struct loops *self, uint32_t thread)
{
	return thread < self->loopers.count ? self->loopers.at[thread] : NULL;
}

/* loops_spread.c: 0 or -ENOMEM */
int spread_add(struct spread *s, uint64_t ns);
void spread_release(struct spread *s);
/* The time that @share of them did not exceed. */
uint64_t spread_at(const struct spread *s, double share);
/* Fills a result's histogram. */
void spread_steps(const struct spread *s, uint64_t histogram[LOOP_STEPS]);

/* loops_round.c */
void parts_add(struct parts *to, const struct parts *from);
struct parts parts_since(const struct parts *now, const struct parts *then);
uint64_t parts_sum(const struct parts *p);
void round_wait(struct round *r, enum wait_class class, const struct held *held);
void round_sample(struct round *r, uint32_t stack);
void round_queued(struct round *r, uint64_t ns, uint32_t stack);
/* Ends the round that is open, if one is, at @end_ns, when the sums were @sums. 0 or -ENOMEM. */
int round_close(struct loops *self, struct loop *l, uint64_t end_ns, const struct parts *sums,
		bool unfinished);
int sites_add(struct sites *s, const struct site *one);
void sites_release(struct sites *s);

/* loops_hops.c: work that goes to other threads and back. 0 or -ENOMEM. */
int hops_absence(struct loops *self, const struct absence *a);
void hops_release(struct loops *self);
/* For how long, in all and at once, no thread of the pool at @place waited for work. */
void hops_pool_full(const struct loops *self, uint64_t place, uint64_t end_ns, uint64_t *ret_ns,
		    uint64_t *ret_max_ns);

/* loops_result.c */
int loops_result(struct loops *self, struct result *r);

#endif
