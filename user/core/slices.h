/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * slices: the scheduler's records cut each thread's life into runs, absences and
 * what nobody knows, without overlap and without hole, and these go to the
 * analyses.
 *
 * All functions return 0 or -ENOMEM. Events that contradict what is known, or
 * come twice, are counted in context->ignored.
 */
#ifndef RUNWAIT_CORE_SLICES_H
#define RUNWAIT_CORE_SLICES_H

#include "core/analysis.h"

int slices_switch(struct context *c, const struct event *e);
int slices_open(struct context *c, const struct event *e);
int slices_off(struct context *c, const struct event *e);
int slices_dead(struct context *c, const struct event *e);
int slices_short(struct context *c, const struct event *e);
int slices_sample(struct context *c, const struct event *e);
int slices_poll(struct context *c, const struct event *e);

/* The recording is over: what is still open ends, unended, at @end_ns. @complete: it
 * was not cut off. */
int slices_finish(struct context *c, uint64_t end_ns, bool complete);

#endif
