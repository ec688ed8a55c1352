/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cores: which recorded thread has which core, as far as the stream has said.
 *
 * It is what "how many ran at this instant" comes from: a thread's own record
 * comes only when it gets a core again, but that it lost the last one shows at
 * once, in what the core does next. Where records are missing this belief can
 * be wrong; cores_correct() puts it right when the thread's record says when it
 * really left.
 */
#ifndef RUNWAIT_CORE_CORES_H
#define RUNWAIT_CORE_CORES_H

#include "core/analysis.h"

/* All return 0 or -ENOMEM. @thread is an index; @why: the absence that is over, or NULL. */
int cores_enter(struct context *c, uint16_t cpu, uint32_t thread, uint64_t time_ns,
		const struct absence *why);
/* It runs, nobody knows where. */
int cores_float(struct context *c, uint32_t thread, uint64_t time_ns);
/* It loses its core, if it has one. */
int cores_leave(struct context *c, uint32_t thread, uint64_t time_ns);
/* A floating thread is found to have been on @cpu. */
int cores_place(struct context *c, uint16_t cpu, uint32_t thread);
/*
 * The thread, of which everything until known_ns is right, is now known to have
 * run for @run_ns from there to @out_ns, which may be past. With breaks, of which
 * only the sum is known, it is said to have run at the end of that time: how
 * much ran is right then, but not what ran beside it.
 */
int cores_correct(struct context *c, uint32_t thread, uint64_t out_ns, uint64_t run_ns);
/* Records of @cpu are missing. */
int cores_lose(struct context *c, const struct event_lost *e);
/* Ends the counting. */
void cores_finish(struct context *c, uint64_t end_ns);

#endif
