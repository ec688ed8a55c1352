/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * walker: user stacks of threads that are not stopped for it. Their memory is
 * read as it is (process_vm_readv), and the unwind tables of the files that
 * their stacks lead through are made when the first stack does.
 */
#ifndef RUNWAIT_CMD_WALKER_H
#define RUNWAIT_CMD_WALKER_H

#include "symbol/module.h"
#include "symbol/space.h"
#include "wire.h"

struct walker;

/* @spaces has the code of the processes; both outlive it. NULL when out of memory. */
struct walker *walker_new(struct spaces *spaces, struct modules *modules);
void walker_free(struct walker *w);

/* Frames of @look's thread, leaf first, at most WIRE_STACK_DEPTH_MAX; how many, and the flags
 * of their wire_stack. */
uint32_t walker_walk(struct walker *w, const struct wire_look *look, uint64_t *frames,
		     uint8_t *ret_flags);

#endif
