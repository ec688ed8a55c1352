/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * view_cases: results made by hand, as the analyses would fill them, for tests
 * of what people read. Each keeps the contract's invariants: sums of threads
 * are the totals, life is run + runnable + wait.
 */
#ifndef RUNWAIT_TESTS_VIEW_CASES_H
#define RUNWAIT_TESTS_VIEW_CASES_H

#include "core/result.h"
#include "core/stacks.h"

struct view_case {
	const char *name; /* of its golden files */
	/* Fills what view_case_make() has emptied. Allocation failures end the test. */
	void (*fill)(struct result *r, struct stacks *stacks);
};

/* NULL behind the last. */
const struct view_case *view_case_at(size_t index);
void view_case_make(const struct view_case *c, struct result *ret, struct stacks **ret_stacks);
void view_case_release(struct result *r, struct stacks *stacks);

#endif
