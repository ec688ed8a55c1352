/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * data_map: all memory of one process as /proc/PID/maps had it when it was
 * last read. Says what an address that no module claims belongs to.
 */
#ifndef RUNWAIT_SYMBOL_DATA_MAP_H
#define RUNWAIT_SYMBOL_DATA_MAP_H

#include "base/alloc.h"
#include "base/strbuf.h"
#include "symbol/maps.h"

struct data_map {
	struct strbuf text; /* the file; the lines' paths point into it */
	VEC(struct maps_line) lines; /* sorted by address */
	uint64_t again_ns; /* not read again before */
};

void data_map_init(struct data_map *d);
void data_map_release(struct data_map *d);

/* Reads it again, if that may be done at @time_ns. 0 or -ENOMEM: of a process
 * that is gone, what was read before stays. */
int data_map_refresh(struct data_map *d, const char *proc, uint32_t tgid, uint64_t time_ns);

/* The line that has @address, or NULL. */
const struct maps_line *data_map_find(const struct data_map *d, uint64_t address);

#endif
