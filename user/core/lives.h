/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * lives: threads begin, take other names, and end. All functions return 0 or
 * -ENOMEM.
 */
#ifndef RUNWAIT_CORE_LIVES_H
#define RUNWAIT_CORE_LIVES_H

#include "core/analysis.h"

/*
 * The thread that an event is about; one whose announcement was lost begins at
 * @start_ns. THREAD_NONE: the event cannot be believed, the thread has ended.
 */
int lives_find(struct context *c, uint32_t number, uint32_t tid, uint32_t tgid, uint64_t start_ns,
	       uint64_t now_ns, uint32_t *ret);

int lives_task(struct context *c, const struct event *e);
int lives_exec(struct context *c, const struct event *e);
int lives_comm(struct context *c, const struct event *e);

#endif
