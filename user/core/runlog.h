/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * runlog: how many threads ran at each instant of the window.
 *
 * Changes of the number come nearly in order of time, but truth may come late:
 * records of a CPU turn out to be lost when the next one comes, a thread to
 * have left earlier than its core showed. So the last changes stay in a log,
 * which can be corrected exactly; what falls out of it is settled into sums by
 * number. A correction that reaches behind the log changes the sums in
 * proportion, to the ns: the time that all threads ran together stays right. It
 * comes after a loss, and of a thread that ran on while thousands of others
 * came and went before its first record.
 *
 * Invariant: settled + log = the window so far, without what was lost.
 */
#ifndef RUNWAIT_CORE_RUNLOG_H
#define RUNWAIT_CORE_RUNLOG_H

#include "core/analysis.h"

enum { RUNLOG_SIZE = 8192 };

struct runlog {
	const struct context *c; /* the window */
	struct runlog_change {
		uint64_t from_ns; /* until the next one */
		uint32_t running;
		bool lost; /* not known, so not counted */
	} log[RUNLOG_SIZE];
	size_t count; /* of the log; at least 1 once begun */
	VEC(uint64_t) settled; /* [k]: time that k threads ran */
	uint64_t settled_ns; /* their sum */
};

void runlog_release(struct runlog *l);

/* The newest change; the first begins with the window. */
const struct runlog_change *runlog_last(struct runlog *l);

/* All return 0 or -ENOMEM. From @time_ns on, @delta threads more ran than said before. */
int runlog_change(struct runlog *l, uint64_t time_ns, int delta);
/* Nothing is known of what ran in this time. */
int runlog_lose(struct runlog *l, uint64_t from_ns, uint64_t to_ns);
/*
 * How much of this time, as far as it is still in the log, exactly one thread ran. Of a time with
 * very many changes only the newest are looked at: one who has that much company is not alone.
 */
uint64_t runlog_alone(const struct runlog *l, uint64_t from_ns, uint64_t to_ns);
/* Settles all, up to the window's end. */
int runlog_finish(struct runlog *l);

#endif
