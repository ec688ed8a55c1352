/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * holders: who had a lock, and how much waiting that is to blame for.
 *
 * What is known is who had the lock at some instants: whom its words named when
 * a wait began, and who got it when a wait ended. From each such instant to the
 * next, that one had it. A wait is charged to all who had the lock in its
 * course, each with the time that it had it.
 *
 * Many waiters behind many holders would make that quadratic. So a wait is
 * charged at once only for the pieces at its ends; for the whole holds between
 * them it is counted where they begin and end, and a hold is charged, times the
 * waits that cover it, when it is so old that nothing will be known of it any
 * more. Everything is charged once: the sum of blame is the sum of waits.
 */
#ifndef RUNWAIT_CORE_HOLDERS_H
#define RUNWAIT_CORE_HOLDERS_H

#include "core/analysis.h"

enum { HOLDS_MAX = 512 };

/* Somebody that waits for a lock, holds it, or ends waits for it: mostly all three. */
struct party {
	enum ender ender; /* ENDER_UNKNOWN: nobody knows who */
	uint32_t id;
	uint64_t waits, wait_ns, max_wait_ns; /* its own */
	uint32_t stack; /* of its longest wait */
	uint64_t held; /* waits in the course of which it held the lock */
	uint64_t blame_ns;
	uint64_t inferred_ns; /* of blame_ns: not read from the lock */
	uint64_t woke; /* waits that it ended */
};

struct holders {
	VEC(struct party) parties;
	VEC(struct hold {
		uint64_t from_ns; /* until the next one */
		uint32_t party; /* index */
		bool read; /* from the lock itself */
		int64_t cover; /* waits that cover this one whole and not the one before, less those
				* that cover that and not this */
	}) log; /* in order of time */
	int64_t cover; /* waits that cover the last hold before the log */
};

void holders_release(struct holders *h);

/* From @time_ns on @party has the lock. 0 or -ENOMEM. */
int holders_set(struct holders *h, uint64_t time_ns, uint32_t party, bool read);

/*
 * Charges a wait of @waiter. @otherwise is to blame for the time of which it is
 * not known who had the lock. Both are parties.
 */
void holders_charge(struct holders *h, uint64_t from_ns, uint64_t to_ns, uint32_t waiter,
		    uint32_t otherwise);

/* Charges what is still open; call once, at the end. */
void holders_finish(struct holders *h);

#endif
