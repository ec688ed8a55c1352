/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ring: one buffer a CPU that the probes fill and user space reads by mmap.
 *
 * Only code that runs with interrupts off writes here (sched_switch and the
 * sampler's timer), so a CPU's ring has one writer at a time and needs neither
 * lock nor reservation: measured, a third of what bpf_ringbuf_reserve costs.
 * A record is built in place behind head and becomes visible when head moves.
 */
#ifndef RUNWAIT_BPF_RING_H
#define RUNWAIT_BPF_RING_H

#include "state.bpf.h"

static __always_inline struct wire_ring *ring_here(void)
{
	u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&rings, &cpu);
}

static __always_inline void ring_publish(struct wire_ring *ring, u64 head)
{
#if defined(__TARGET_ARCH_x86)
	/* stores are not reordered with stores (x86-TSO) */
	barrier();
	*(volatile u64 *)&ring->head = head;
#else
	__sync_lock_test_and_set(&ring->head, head);
#endif
}

static __always_inline bool ring_fits(const struct wire_ring *ring, u64 size)
{
	return ring->head + size - *(volatile u64 *)&ring->tail <= (u64)config.ring_mask + 1;
}

static __always_inline void *ring_place(struct wire_ring *ring)
{
	return (void *)ring + WIRE_RING_DATA + (ring->head & config.ring_mask);
}

/* The first record after a hole says that there is one. Its size is kept free. */
static __noinline void ring_tell_loss(struct wire_ring *ring, u64 now)
{
	struct wire_lost *lost = ring_place(ring);

	lost->head.size = sizeof(*lost);
	lost->head.type = WIRE_LOST;
	lost->head.flags = 0;
	lost->head.thread = 0;
	lost->from_ns = ring->lost_since_ns;
	lost->to_ns = now;
	lost->count = ring->lost_count;
	lost->cpu = bpf_get_smp_processor_id();
	ring->lost_since_ns = 0;
	ring->lost_count = 0;
	ring_publish(ring, ring->head + sizeof(*lost));
}

/*
 * Room for a record of at most @size bytes (at most WIRE_RING_SLACK), or NULL,
 * counted. Nothing is taken until ring_end().
 */
static __always_inline void *ring_begin(struct wire_ring *ring, u64 size, u64 now)
{
	if (!ring_fits(ring, size + sizeof(struct wire_lost))) {
		if (!ring->lost_since_ns)
			ring->lost_since_ns = now;
		ring->lost_count++;
		ring->loss[WIRE_LOSS_RING]++;
		return NULL;
	}
	if (ring->lost_since_ns)
		ring_tell_loss(ring, now);
	return ring_place(ring);
}

/* The same for what may be left out (a stack): no hole is opened. */
static __always_inline void *ring_begin_optional(struct wire_ring *ring, u64 size)
{
	if (!ring_fits(ring, size + 2 * sizeof(struct wire_switch)))
		return NULL;
	return ring_place(ring);
}

static __always_inline void ring_end(struct wire_ring *ring, const struct wire_head *head)
{
	ring_publish(ring, ring->head + head->size);
}

static __always_inline void head_set(struct wire_head *head, u8 type, u16 size, u8 flags,
				     u32 thread)
{
	head->size = size;
	head->type = type;
	head->flags = flags;
	head->thread = thread;
}

#endif
