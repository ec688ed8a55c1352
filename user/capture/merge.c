/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A heap is not worth it: with a few queues the smallest of their first
 * records is found by looking at each, and runs of records of one queue are
 * passed on without looking again as long as they stay below the others.
 */
#include "capture/merge.h"

#include <string.h>

void merge_release(struct merge *m)
{
	vec_release(&m->rings);
	vec_release(&m->rare);
}

int merge_add_rare(struct merge *m, const void *record, size_t size)
{
	size_t padded = (size + 7) & ~(size_t)7;

	if (m->rare_at == m->rare.count)
		m->rare_at = m->rare.count = 0;
	if (vec_reserve(&m->rare, padded))
		return -ENOMEM;
	memcpy(m->rare.at + m->rare.count, record, size);
	m->rare.count += padded;
	return 0;
}

uint64_t merge_time(const struct wire_head *record)
{
	const void *p = record;

	switch (record->type) {
	case WIRE_SWITCH:
		return ((const struct wire_switch *)p)->in_ns;
	case WIRE_LOST:
		return ((const struct wire_lost *)p)->to_ns;
	case WIRE_OPEN:
		return 0; /* comes by an iterator, in place */
	default:
		/* all others begin with their time */
		return ((const struct wire_off *)p)->time_ns;
	}
}

/* The record at a ring's tail, or NULL when none is left of this round. */
static const struct wire_head *ring_first(struct merge *m, struct merge_ring *r)
{
	uint64_t tail = r->ring->tail;
	const struct wire_head *head;

	if (tail == r->head)
		return NULL;
	head = (const void *)((const char *)r->ring + WIRE_RING_DATA + (tail & (m->ring_size - 1)));
	if (head->size < sizeof(*head) || head->size > r->head - tail ||
	    head->size > WIRE_RING_SLACK) {
		/* only a bug in the probes gets here: drop the round, keep going */
		m->torn++;
		__atomic_store_n(&r->ring->tail, r->head, __ATOMIC_RELEASE);
		return NULL;
	}
	return head;
}

static void ring_next(struct merge_ring *r, size_t size)
{
	__atomic_store_n(&r->ring->tail, r->ring->tail + size, __ATOMIC_RELEASE);
}

static const struct wire_head *rare_first(struct merge *m)
{
	if (m->rare_at >= m->rare.count)
		return NULL;
	return (const void *)(m->rare.at + m->rare_at);
}

struct merge_first {
	const struct wire_head *record;
	uint64_t time;
	size_t queue; /* index of the ring; rings.count for the rare queue */
};

/* The earliest first record, and in *ret_limit the time of the second earliest. */
static struct merge_first merge_earliest(struct merge *m, uint64_t *ret_limit)
{
	struct merge_first best = { 0 };

	*ret_limit = UINT64_MAX;
	for (size_t q = 0; q <= m->rings.count; q++) {
		const struct wire_head *h =
			q < m->rings.count ? ring_first(m, &m->rings.at[q]) : rare_first(m);
		uint64_t time;

		if (!h)
			continue;
		time = merge_time(h);
		/* at equal times the rare queue goes first: a task before its switches */
		if (!best.record || time < best.time ||
		    (time == best.time && q == m->rings.count)) {
			if (best.record && best.time < *ret_limit)
				*ret_limit = best.time;
			best = (struct merge_first){ h, time, q };
		} else if (time < *ret_limit) {
			*ret_limit = time;
		}
	}
	return best;
}

int merge_read(struct merge *m, uint64_t until_ns, capture_record_fn record, void *ctx)
{
	int err = 0;

	for (size_t i = 0; i < m->rings.count; i++) {
		struct merge_ring *r = &m->rings.at[i];

		r->head = __atomic_load_n(&r->ring->head, __ATOMIC_ACQUIRE);
		r->fill = r->head - r->ring->tail;
	}
	while (!err) {
		uint64_t limit;
		struct merge_first first = merge_earliest(m, &limit);

		if (limit > until_ns)
			limit = until_ns;
		if (!first.record || first.time > until_ns)
			break;
		do {
			size_t size = first.record->size;

			err = record(ctx, first.record);
			if (first.queue == m->rings.count) {
				m->rare_at += (size + 7) & ~(size_t)7;
				first.record = rare_first(m);
			} else {
				ring_next(&m->rings.at[first.queue], size);
				first.record = ring_first(m, &m->rings.at[first.queue]);
			}
		} while (!err && first.record && merge_time(first.record) < limit);
	}
	return err;
}
