/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fold: small rows that differ in nothing but the process become one. A shell
 * script makes a pipe for each command whose output it wants, and none of these
 * matters by itself.
 */
#ifndef RUNWAIT_VIEW_FOLD_H
#define RUNWAIT_VIEW_FOLD_H

#include "core/result.h"

#include <stdbool.h>

/* One row, or FOLD_MIN and more: then @io and @t have their sums. */
struct fold_row {
	size_t count; /* of rows */
	size_t first; /* the number of the first: what is equal keeps its order */
	uint32_t froms, tos; /* different processes */
	struct result_io io; /* its lists are the first one's, not owned */
	struct result_traffic t;
};

struct fold {
	VEC(struct fold_row) rows; /* the one with the most time first */
};

enum { FOLD_MIN = 3 };

/*
 * The rows of r->io or r->traffic, without waits for work unless @idle. A row of
 * a tenth and more of the time of all stays by itself. 0 or -ENOMEM.
 */
int fold_io(const struct result *r, bool idle, struct fold *ret);
int fold_traffic(const struct result *r, bool idle, struct fold *ret);
void fold_release(struct fold *f);
/* Time in all rows. */
uint64_t fold_sum(const struct fold *f);

#endif
