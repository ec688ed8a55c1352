/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hot: how long frames stood in stacks that were used, so that what most of a
 * report is about gets its names first, should time run out. Private to symbol/.
 */
#ifndef RUNWAIT_SYMBOL_HOT_H
#define RUNWAIT_SYMBOL_HOT_H

#include "base/alloc.h"

#include <stdint.h>

struct hot {
	VEC(struct hot_stack {
		uint64_t ns;
		uint32_t first, count; /* in pool */
	}) stacks; /* by number */
	VEC(uint32_t) pool; /* numbers of frames */
};

#define HOT_INIT { 0 }

void hot_release(struct hot *h);
/* What stack number @stack is made of; numbers are small and come without large holes. Of
 * more stacks than fit some memory nothing is kept. 0 or -ENOMEM. */
int hot_stack(struct hot *h, uint32_t stack, const uint32_t *frames, uint32_t count);
/* A thread stood there that long. */
void hot_use(struct hot *h, uint32_t stack, uint64_t ns);
/* By number of frame (0 unused), @count of them, to be freed. NULL when out of memory. */
uint64_t *hot_frames(const struct hot *h, size_t count);

#endif
