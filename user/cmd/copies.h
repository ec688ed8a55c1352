/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * copies: user stacks that the probes met before they were told of the code on
 * them (include/wire.h, WIRE_STACK_UNTOLD). They come with the memory that they
 * lie in, and are walked here, when the code is known. The thread may have gone
 * on, or be gone, meanwhile.
 */
#ifndef RUNWAIT_CMD_COPIES_H
#define RUNWAIT_CMD_COPIES_H

#include "unwind/walk.h"
#include "wire.h"

struct copies;

/* The rule for the instruction at @pc of a process, as it was at a time. */
typedef enum walk_code (*copies_rule_fn)(void *ctx, uint32_t tgid, uint64_t time_ns, uint64_t pc,
					 struct unwind_rule *ret_rule);

/* NULL when out of memory. */
struct copies *copies_new(copies_rule_fn rule, void *ctx);
void copies_free(struct copies *c);

/*
 * A stack is told by several records in a row. For each record, in this order:
 * copies_add() says whether it is another piece of the stack that was begun;
 * else copies_finish() gives that stack, if any, and copies_begin() says whether
 * the record begins one. What neither takes is nothing of ours.
 */
bool copies_add(struct copies *c, const struct wire_head *record);
bool copies_begin(struct copies *c, const struct wire_head *record);
/* A wire_stack, with the frames that the probes found when there is nothing better; NULL when
 * none was begun. Valid until the next call. */
const struct wire_head *copies_finish(struct copies *c);

#endif
