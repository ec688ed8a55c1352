/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * flame: the stacks of a result as one tree. Below its root lie processes,
 * then threads, then user frames from the first function on, then kernel
 * frames ("…_[k]"), then what the time was: "[lock] futex", "[runnable]".
 *
 * Time without a stack (recorded without stacks, waits too short to be kept
 * one by one) hangs directly below its thread: with EXPORT_WALL the tree is
 * exactly as wide as the lives of its threads.
 *
 * Kernel frames are left out where the system call says it all: of what waits for a
 * lock, a signal, work or the time.
 *
 * By lock, each lock has a branch as wide as the waiting for it: below the lock the
 * frames of who waited, from the first function on; then what the holder did
 * meanwhile, "[held] file fsync", or who ended the wait for what has no holder,
 * "[ended] run"; then the holder's frames the other way round, so
 * that the two stacks meet where one waited for the other.
 */
#ifndef RUNWAIT_EXPORT_FLAME_H
#define RUNWAIT_EXPORT_FLAME_H

#include "base/map.h"
#include "export/export.h"

/* What a tree's widths are sums of: wait classes, then these. */
enum { FLAME_RUN = CLASS_COUNT, FLAME_RUNNABLE, FLAME_KINDS };

#define FLAME_NONE UINT32_MAX

/* What a frame's box is. */
enum flame_place { FLAME_ROOT, FLAME_TASK, FLAME_USER, FLAME_KERNEL, FLAME_LEAF };

struct flame_node {
	uint32_t name; /* in names; the text is UTF-8 without controls */
	uint32_t parent; /* FLAME_NONE: the root, which is node 0 */
	uint32_t child, next; /* first child and next sibling; FLAME_NONE */
	uint8_t place; /* enum flame_place */
	uint8_t kind; /* FLAME_LEAF: wait class, FLAME_RUN or FLAME_RUNNABLE */
	uint64_t self; /* ends here */
	uint64_t total; /* with all below */
};

struct flame {
	VEC(struct flame_node) nodes; /* parents before children */
	struct intern names;
	struct map index; /* parent and name to node */
	uint64_t samples; /* that on-CPU time was shared out by, or counted */
	uint64_t run_ns; /* of the threads in it */
	uint32_t threads; /* that have any time in it */
	uint64_t idle_ns; /* left out, as @idle was not asked for */
};

/* Builds the tree of @in into @ret, to be released by the caller. 0 or -ENOMEM. */
int flame_build(const struct export_input *in, struct flame *ret);
void flame_release(struct flame *f);

/* "lock", "run" … */
const char *flame_kind_name(int kind);

#endif
