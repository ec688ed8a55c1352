/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * callers: what a thread waits for in a futex or for events, by the functions
 * that it is in.
 *
 * The words of a futex tell a mutex of the C library from its condition
 * variable, but hardly anything of other libraries and languages, and by
 * accident they may look like something that they are not. Function names tell
 * both, where a program has any: pthread_cond_wait, RwLock::read_contended,
 * ObjectMonitor::enter. And of a worker they tell that it waits for work.
 *
 * What counts are the frames from the leaf on that a rule of the table knows,
 * without a stranger between: the program's own functions, and all that called
 * them, have no say. A new lock or worker is one line in callers.c.
 */
#ifndef RUNWAIT_CORE_CALLERS_H
#define RUNWAIT_CORE_CALLERS_H

#include "core/stacks.h"

enum callers_say {
	CALLERS_NOTHING, /* they have no names, or nobody knows who called */
	CALLERS_LIBRARY, /* the C library waits, but it does not show in what */
	CALLERS_STRANGER, /* someone with a name that no rule knows called into the C library */
	CALLERS_KNOWN,
};

struct verdict {
	uint8_t say; /* enum callers_say */
	/* KNOWN: */
	uint8_t class; /* enum wait_class */
	int8_t lock; /* enum lock_kind; -1: it is no lock */
	/* what locks are called together whose waits do not show for which they are, for all
	 * that is waited for is an event of who waits; NULL: they do */
	const char *many;
};

/* A function on a stack. */
struct caller {
	const char *function; /* NULL: it has no name */
	const char *module; /* file; "" unknown */
};

/* @callers from the leaf on, inlined ones on their own. */
struct verdict callers_judge(const struct caller *callers, size_t count);

/* The same of a recorded stack. */
struct verdict callers_judge_stack(const struct stacks *s, uint32_t user_stack);

#endif
