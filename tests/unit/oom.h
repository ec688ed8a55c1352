/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * oom: makes the N-th allocation fail. Every unit test is linked so that its
 * and the libraries' malloc, calloc, realloc, strdup and strndup come here.
 *
 *	OOM_SWEEP(200) {
 *		r = thing_new(&t);
 *		...
 *		thing_free(t);
 *	}
 *
 * runs its body with the first allocation failing, then the second, until a
 * whole run met no failure. The body must check that what came back is right
 * in either case and free all it got (SAN=1 finds what leaks). Needing more
 * than @max runs fails the test: the code allocates without end.
 */
#ifndef RUNWAIT_TESTS_OOM_H
#define RUNWAIT_TESTS_OOM_H

#include <stdbool.h>

/* The @nth allocation from now on (1: the next) fails, once; 0: none. */
void oom_fail_at(unsigned long nth);
/* Whether it has. Ends the failing. */
bool oom_has_failed(void);
/* Allocations since the last oom_fail_at(). */
unsigned long oom_count(void);

/* Between the runs of a sweep; false at its end. */
bool oom_again(unsigned long *nth, unsigned long max);

#define OOM_SWEEP(max)                                                                     \
	for (unsigned long oom_nth = (oom_fail_at(1), 1); oom_nth; oom_again(&oom_nth, max))

#endif
