/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * durations: how long waits took, for quantiles of very many objects at once.
 * The first few are kept as they are; more take a histogram, in which a time is
 * known to 6 %: of 256 bytes, until one of its counts no longer fits, then of
 * 1 KiB. Zeroed memory is empty.
 */
#ifndef RUNWAIT_CORE_DURATIONS_H
#define RUNWAIT_CORE_DURATIONS_H

#include <stdint.h>

enum { DURATIONS_FEW = 6 };

struct durations {
	uint64_t count;
	uint64_t few[DURATIONS_FEW];
	uint8_t *some; /* owned; NULL: the few are all, or @many are */
	uint32_t *many; /* owned; NULL: no count is as large as that */
};

/* All return 0 or -ENOMEM. */
int durations_add(struct durations *d, uint64_t ns);
int durations_merge(struct durations *into, const struct durations *from);
void durations_release(struct durations *d);
/* The time that @share of them did not exceed; 0 when there are none. */
uint64_t durations_at(const struct durations *d, double share);

#endif
