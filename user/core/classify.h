/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * classify: what one wait was for. The rules are those of the design's table
 * of classes, in its order; the first that fits decides. Nothing is guessed:
 * what no rule knows is `other`, with its system call.
 */
#ifndef RUNWAIT_CORE_CLASSIFY_H
#define RUNWAIT_CORE_CLASSIFY_H

#include "core/analysis.h"

/* Fills context->family for its machine: what kind of call each number is. */
void classify_prepare(struct context *c);

/* Sets class, lock, owner and who ended it of a wait. */
void classify(struct context *c, struct absence *a);

#endif
