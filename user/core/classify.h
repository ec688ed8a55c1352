/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * classify: what one wait was for. The rules are those of the design's table
 * of classes, in its order; the first that fits decides. Nothing is guessed:
 * what no rule knows is `other`, with its system call. Of a futex, the words
 * (futex.h) and the functions that wait (callers.h) both have a say: functions
 * first, where there are names, for those of a stripped program say nothing.
 */
#ifndef RUNWAIT_CORE_CLASSIFY_H
#define RUNWAIT_CORE_CLASSIFY_H

#include "core/analysis.h"

/* Fills context->family for its machine: what kind of call each number is. */
void classify_prepare(struct context *c);

/* Sets class, lock, owner and who ended it of a wait. 0 or -ENOMEM. */
int classify(struct context *c, struct absence *a);

#endif
