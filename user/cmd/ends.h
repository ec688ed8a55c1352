/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ends: who has the other end of what the target waited for, asked as the
 * recording ends: pipes and unix sockets by inode, connections by address.
 *
 * What ended by then is not found; of that, the waits themselves tell.
 */
#ifndef RUNWAIT_CMD_ENDS_H
#define RUNWAIT_CMD_ENDS_H

#include "base/error.h"
#include "core/event.h"

struct capture;
struct ends;

/* NULL when out of memory. */
struct ends *ends_new(void);
void ends_free(struct ends *e);

/* Takes note of an EVENT_OBJECT. 0 or -ENOMEM. */
int ends_object(struct ends *e, const struct event_object *o);

/* Who has the open file of this key, wire_open_key(), has an end of @object. 0 or -ENOMEM. */
int ends_lock(struct ends *e, uint32_t object, uint64_t open_file);

typedef int (*ends_emit_fn)(void *ctx, const struct event *e);

/* Emits an EVENT_END for each that is found, dated @now_ns. 0 or -ENOMEM, or what @emit says. */
int ends_tell(struct ends *e, struct capture *capture, uint64_t now_ns, ends_emit_fn emit,
	      void *ctx);

#endif
