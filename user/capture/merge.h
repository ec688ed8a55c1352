/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * merge: several queues of records, each in order of time, read as one.
 *
 * Each CPU's ring is such a queue, in memory that the probes write; what comes
 * by the BPF ring buffer or an iterator is copied into a queue of its own.
 */
#ifndef RUNWAIT_CAPTURE_MERGE_H
#define RUNWAIT_CAPTURE_MERGE_H

#include "base/alloc.h"
#include "capture/capture.h"
#include "wire.h"

struct merge_ring {
	struct wire_ring *ring; /* mapped; not owned */
	uint64_t head; /* read up to here in this round */
	uint64_t fill; /* bytes that waited at the last round */
};

struct merge {
	VEC(struct merge_ring) rings;
	uint64_t ring_size; /* bytes of data in each, a power of two */
	VEC(char) rare; /* copied records */
	size_t rare_at;
	uint64_t torn; /* records that made no sense and were dropped */
};

void merge_release(struct merge *m);
/* Appends a copy of a record to the rare queue. 0, -ENOMEM. */
int merge_add_rare(struct merge *m, const void *record, size_t size);
/* The time that a record is ordered by. */
uint64_t merge_time(const struct wire_head *record);
/*
 * Passes on all records up to @until_ns in order of time. Returns 0 or the
 * first negative errno of @record; that record counts as read.
 */
int merge_read(struct merge *m, uint64_t until_ns, capture_record_fn record, void *ctx);

#endif
