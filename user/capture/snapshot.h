/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * snapshot: what all threads of some processes are doing at this moment, whether
 * they ever get a core again or not. Nothing is attached to the scheduler, and
 * nobody is stopped.
 *
 *	snapshot_open
 *	snapshot_look      all threads of these processes, as they are now
 *	  … some time …
 *	snapshot_look      again
 *	snapshot_tell      what the last look saw, and who has not moved since the one before
 *
 * One look is not of one instant: the kernel goes from thread to thread. Threads
 * that were seen in the same wait twice and did not run in between, though, were
 * in it together from the end of the first look to the beginning of the second.
 */
#ifndef RUNWAIT_CAPTURE_SNAPSHOT_H
#define RUNWAIT_CAPTURE_SNAPSHOT_H

#include "base/error.h"
#include "capture/capture.h"
#include "capture/endpoints.h"

struct snapshot;

/* 0, or a negative errno with a line. */
int snapshot_open(bool verbose, struct snapshot **ret, struct error *err);
void snapshot_close(struct snapshot *s);
/* NULL, or what this kernel cannot do, as one line. */
const char *snapshot_missing(const struct snapshot *s);

int snapshot_look(struct snapshot *s, const uint32_t *tgids, size_t count, struct error *err);

/*
 * The user stack of a thread: its frames, leaf first, into @frames (room for
 * WIRE_STACK_DEPTH_MAX); how many, *ret_flags as in wire_stack.
 */
typedef uint32_t (*snapshot_walk_fn)(void *ctx, const struct wire_look *look, uint64_t *frames,
				     uint8_t *ret_flags);

/*
 * Passes on the records of the last look: for each thread WIRE_TASK, what it
 * waits for, stacks, then WIRE_OPEN with out_ns where it can be dated, and
 * WIRE_SWITCH_STEADY where the look before saw the same. @walk may be NULL.
 */
int snapshot_tell(struct snapshot *s, capture_record_fn record, snapshot_walk_fn walk, void *ctx);

/* What was waited for in the last look: called with each thread's records, either NULL
 * when there is none. */
typedef int (*snapshot_wait_fn)(void *ctx, const struct wire_switch *wait,
				const struct wire_look *look, const struct wire_object *object);
int snapshot_waits(struct snapshot *s, snapshot_wait_fn fn, void *ctx);

/* As endpoints_find(). */
int snapshot_endpoints(struct snapshot *s, const uint64_t *keys, size_t count, endpoint_fn fn,
		       void *ctx, struct error *err);

#endif
