/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * analysis: what every analysis gets to see, and the table they stand in.
 *
 * slices.c cuts each thread's life into runs and absences and hands them out
 * as soon as they are known; an analysis adds them to its sums and forgets
 * them. All times are clipped to the window. A new analysis is a file with a
 * `const struct analysis` and one line in the table in model.c.
 *
 * Every callback may be NULL. They return 0 or -ENOMEM.
 */
#ifndef RUNWAIT_CORE_ANALYSIS_H
#define RUNWAIT_CORE_ANALYSIS_H

#include "core/event.h"
#include "core/links.h"
#include "core/objects.h"
#include "core/result.h"
#include "core/stacks.h"
#include "core/syscall.h"
#include "core/threads.h"

struct context;

/* Who ended a wait. */
enum ender {
	ENDER_UNKNOWN,
	ENDER_THREAD, /* a recorded one: its index */
	ENDER_TASK, /* another: its TID */
	ENDER_TIMER,
	ENDER_DISK,
	ENDER_NETWORK,
	ENDER_INTERRUPT, /* of another kind */
};

/* A thread was without a core: it waited, if it blocked, and then was runnable. */
struct absence {
	uint32_t thread; /* index */
	const struct event_out *out; /* as recorded: system call, object, stacks, waker */
	bool blocked; /* else it was runnable all along */
	bool ended; /* it got a core again within the recording */
	bool censored; /* only a part of its wait lies in the window */
	enum wait_class class; /* blocked: what for */
	int lock; /* enum lock_kind for futexes and kernel locks, else -1 */
	uint32_t owner; /* thread that held the lock; THREAD_NONE: not known */
	enum ender ender;
	uint32_t ender_id; /* thread index or TID */
	uint64_t out_ns, woken_ns, in_ns; /* the whole of it, in this order; out 0: since ever */
	/* of it, in the window: */
	uint64_t waits; /* 1, or 0 when only the run queue behind the wait is; more: a sum */
	uint64_t wait_ns, runnable_ns;
};

enum span { SPAN_RUN, SPAN_UNKNOWN };

struct analysis {
	/* Its state; NULL when out of memory. The context outlives it. */
	void *(*new)(struct context *c);
	void (*free)(void *self);
	/* A thread ran, or nobody knows what it did, from @from_ns to @to_ns. */
	int (*span)(void *self, uint32_t thread, enum span span, uint64_t from_ns, uint64_t to_ns);
	/* When an absence is over (or the recording is). */
	int (*absence)(void *self, const struct absence *a);
	/* The kernel counted switches of the thread. */
	int (*switches)(void *self, uint32_t thread, uint64_t voluntary, uint64_t involuntary);
	int (*sample)(void *self, uint32_t thread, uint64_t time_ns,
		      const struct event_sample *e);
	/* It came back from the call that its event loop waits in (--loops). */
	int (*poll)(void *self, uint32_t thread, uint64_t time_ns, const struct event_poll *e);
	/* From @time_ns on @delta more threads run than said before. Mostly in order of
	 * time, but truth may come late. @why: the absence that this one was in; or NULL. */
	int (*running)(void *self, uint64_t time_ns, int delta, const struct absence *why);
	/* Nothing is known of what ran where. */
	int (*lost)(void *self, uint64_t from_ns, uint64_t to_ns);
	int (*cpu)(void *self, uint64_t time_ns, const struct event_cpu *e);
	/* Fills its part of @r. Called once, in the order of the table. */
	int (*finish)(void *self, struct result *r);
};

extern const struct analysis analysis_accounting, analysis_parallelism, analysis_demand,
	analysis_locks, analysis_io, analysis_traffic, analysis_wakeups, analysis_loops,
	analysis_tree, analysis_runtimes, analysis_deadlocks, analysis_findings;

struct core {
	uint32_t thread; /* that has it; THREAD_NONE: none that is recorded */
	uint64_t since_ns;
	uint64_t run_ns; /* selected threads on it, in the window */
	bool seen;
	bool lost; /* records of it are missing in the window */
};

enum { ANALYSES_MAX = 12, CONTEXT_SYSCALLS = 512 };

struct context {
	/* the window; end UINT64_MAX: not yet known */
	uint64_t start_ns, end_ns;
	uint64_t first_ns; /* time of the first event; 0: none yet */
	enum machine machine;
	uint32_t tgid, tid; /* selection; 0 all */
	bool polls; /* returns to event loops are recorded */
	uint64_t slow_ns; /* a round of a loop that takes so long is a stall */
	struct threads threads;
	struct objects objects;
	struct links links;
	struct stacks *stacks;
	VEC(struct core) cores;
	VEC(char *) texts; /* owned; what results say */
	uint8_t family[CONTEXT_SYSCALLS]; /* see classify.h */
	struct map verdicts; /* classify.c: of user stacks */
	size_t verdict_names; /* names that were known for these */
	struct map twos; /* classify.c: futexes that may be somebody's mutex */
	uint64_t latest_ns; /* nothing behind it has been handed out */
	uint64_t records, ignored;
	bool shorts_seen; /* waits below --min-wait left no record of their own */
	struct observer {
		const struct analysis *analysis;
		void *self;
	} observers[ANALYSES_MAX];
	int observer_count;
};

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/*
 * Before the window, in it and behind it, the thread waits for the same signal: a
 * worker that nobody needs, or who waits for all others to end.
 */
static inline bool context_parks(const struct context *c, const struct absence *a)
{
	return a->class == CLASS_SYNC && a->out_ns <= c->start_ns &&
	       (!a->ended || a->woken_ns >= c->end_ns);
}

/* A time moved into the window. */
static inline uint64_t context_clip(const struct context *c, uint64_t time_ns)
{
	return min_u64(max_u64(time_ns, c->start_ns), max_u64(c->end_ns, c->start_ns));
}

static inline bool context_inside(const struct context *c, uint64_t time_ns)
{
	return time_ns >= c->start_ns && time_ns < c->end_ns;
}

/* The part of [@from_ns, @to_ns] that lies in the window. */
static inline uint64_t context_overlap(const struct context *c, uint64_t from_ns, uint64_t to_ns)
{
	from_ns = context_clip(c, from_ns);
	to_ns = context_clip(c, to_ns);
	return to_ns > from_ns ? to_ns - from_ns : 0;
}

/* The share of @sum that falls on @part of @whole, which is not 0. */
static inline uint64_t scale_u64(uint64_t sum, uint64_t part, uint64_t whole)
{
	return part >= whole ? sum : (uint64_t)((unsigned __int128)sum * part / whole);
}

static inline int compare_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* qsort wants an array even for nothing. */
#define vec_sort(v, order)                                                                         \
	do {                                                                                       \
		if ((v)->count)                                                                    \
			qsort((v)->at, (v)->count, sizeof(*(v)->at), order);                       \
	} while (0)

/* Takes the text of @sb, which is empty then, for as long as the model lives.
 * NULL when out of memory. */
const char *context_text(struct context *c, struct strbuf *sb);

/* What reports call who ended a wait: its comm, or "timer" …; "" nobody knows. */
const char *context_ender_name(const struct context *c, enum ender ender, uint32_t id);
/* Its TID; 0: not a task. */
uint32_t context_ender_tid(const struct context *c, enum ender ender, uint32_t id);

/* Calls one callback of every analysis that has it; evaluates to 0 or the first error. */
#define context_tell(c, callback, ...)                                                          \
	({                                                                                         \
		int tell_rc = 0;                                                                   \
		for (int tell_i = 0; tell_i < (c)->observer_count && !tell_rc; tell_i++) {         \
			const struct observer *tell_o = &(c)->observers[tell_i];                   \
			if (tell_o->analysis->callback)                                            \
				tell_rc = tell_o->analysis->callback(tell_o->self, __VA_ARGS__);   \
		}                                                                                  \
		tell_rc;                                                                           \
	})

#endif
