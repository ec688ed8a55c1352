/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * seeds: what the target was doing when it was taken up, kept until there is a
 * file for it. Threads that wait then have not been seen going to wait, so
 * where they stand in their code is found out here: many of a server's wait
 * there as long as the recording lasts.
 */
#ifndef RUNWAIT_CMD_SEEDS_H
#define RUNWAIT_CMD_SEEDS_H

#include "base/alloc.h"
#include "capture/capture.h"
#include "symbol/module.h"
#include "symbol/space.h"
#include "wire.h"

/* All zero: none. */
struct seeds {
	VEC(char) records; /* each padded to 8 bytes */
};

void seeds_release(struct seeds *s);

/* Functions return 0, -ENOMEM, or what @record returned. */
int seeds_add(struct seeds *s, const struct wire_head *record);

/*
 * Gives the threads that wait their user stacks, as long as that does not take
 * too long. Their code must be known to @spaces.
 */
int seeds_walk(struct seeds *s, struct spaces *spaces, struct modules *modules);

/* Passes all of them on, and forgets them. */
int seeds_tell(struct seeds *s, capture_record_fn record, void *ctx);

#endif
