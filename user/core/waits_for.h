/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * waits_for: which of some threads can never go on, given what each waits for
 * and who could end that wait.
 *
 * The answer is a greatest fixed point: all that wait are suspects, and one after
 * the other is cleared whom somebody alive could wake. Whoever is left can only
 * be woken by others who are left. Among those are the knots (threads that wait
 * for each other in a circle, or for one that is gone) and the ones behind them.
 *
 *	fill nodes and groups; waits_for_solve(); read the nodes' answers
 */
#ifndef RUNWAIT_CORE_WAITS_FOR_H
#define RUNWAIT_CORE_WAITS_FOR_H

#include "base/alloc.h"

#include <stdbool.h>
#include <stdint.h>

enum waits_for_kind {
	WAITS_FOR_NOTHING, /* does not wait, or who ends its wait is not known: alive */
	WAITS_FOR_THREAD, /* only node `on` can end it */
	WAITS_FOR_NOBODY, /* who could is gone: it waits for ever */
	WAITS_FOR_ANY, /* any thread of the groups in refs[first … first + count) can */
};

#define WAITS_FOR_NONE UINT32_MAX

struct waits_for_node {
	uint32_t group; /* it belongs to; WAITS_FOR_NONE */
	enum waits_for_kind kind;
	uint32_t on;
	size_t first, count;
	/* the answer */
	bool stuck; /* nobody who is alive can wake it */
	uint32_t knot; /* stuck: the one it is in or behind, 1, 2 …; else 0 */
	bool inside; /* it is in the knot, not behind it */
	uint32_t next; /* stuck: whom it waits for, on the way into or around the knot;
			* WAITS_FOR_NONE: for somebody who is gone */
};

struct waits_for {
	VEC(struct waits_for_node) nodes;
	VEC(uint32_t) refs; /* groups, by WAITS_FOR_ANY */
	uint32_t groups; /* they are numbered 0 … groups - 1 */
	uint32_t knots; /* the answer: how many */
};

void waits_for_release(struct waits_for *w);

/* 0 or -ENOMEM. Numbers of nodes and groups that do not exist are an assertion. */
int waits_for_solve(struct waits_for *w);

/* The nodes of a knot's circle, in order, into @ret (room for all nodes): how many. */
size_t waits_for_circle(const struct waits_for *w, uint32_t knot, uint32_t *ret);

#endif
