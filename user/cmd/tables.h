/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tables: keeps what the probes know of processes' code (capture/unwinding.h)
 * at what the address spaces say (symbol/space.h).
 */
#ifndef RUNWAIT_CMD_TABLES_H
#define RUNWAIT_CMD_TABLES_H

#include "capture/unwinding.h"
#include "symbol/space.h"
#include "unwind/walk.h"

struct tables;

/* All three must outlive it. NULL when out of memory. */
struct tables *tables_new(struct unwinding *u, struct spaces *s, struct modules *m);
void tables_free(struct tables *t);

/* The code of a process changed; @create: it is recorded from now on. 0 or -ENOMEM. */
int tables_changed(struct tables *t, uint32_t tgid, bool create);
/* It ended. */
void tables_gone(struct tables *t, uint32_t tgid);
/* Tells the probes of what changed, and of tables that are ready. 0 or -ENOMEM. */
int tables_tell(struct tables *t);
/* The rule for code of a process as it was at a time. It waits for a table that is not made
 * yet, in all as long as tables_have_patience() has said last. */
enum walk_code tables_rule(struct tables *t, uint32_t tgid, uint64_t time_ns, uint64_t pc,
			   struct unwind_rule *ret);
void tables_have_patience(struct tables *t, uint64_t patience_ns);
/* Makes the tables of a process's files, though it is not recorded. 0 or -ENOMEM. */
int tables_want(struct tables *t, uint32_t tgid);

#endif
