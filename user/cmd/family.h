/* SPDX-License-Identifier: GPL-2.0-only */
/* family: which processes of the machine are children of which, as /proc says now. */
#ifndef RUNWAIT_CMD_FAMILY_H
#define RUNWAIT_CMD_FAMILY_H

#include "base/alloc.h"

#include <stdint.h>

struct family {
	VEC(struct kinship {
		uint32_t pid, parent;
	}) list;
};

/* Reads it into @f, which is empty. 0 or -ENOMEM; without /proc nobody has children. */
int family_read(struct family *f);
void family_release(struct family *f);

/* The next child of a process, from *pos on, which begins with 0; 0: there are no more. */
uint32_t family_next(const struct family *f, size_t *pos, uint32_t parent);

#endif
