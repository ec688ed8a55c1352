/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A logarithmic histogram: 32 steps from each power of two to the next, after the
 * idea of HdrHistogram (Gil Tene). What is below 32 ns has a step of its own.
 */
#include "core/loops.h"

enum { STEP_BITS = 5, STEPS = 1 << STEP_BITS, SPREAD_SIZE = (64 - STEP_BITS + 1) * STEPS };

static size_t slot_of(uint64_t ns)
{
	int shift;

	if (ns < STEPS)
		return (size_t)ns;
	shift = 63 - __builtin_clzll(ns) - STEP_BITS;
	return (size_t)((uint64_t)(shift + 1) << STEP_BITS | ((ns >> shift) & (STEPS - 1)));
}

/* The smallest time in a slot. */
static uint64_t slot_start(size_t slot)
{
	size_t shift = slot >> STEP_BITS;

	if (!shift)
		return slot;
	return (uint64_t)(STEPS + (slot & (STEPS - 1))) << (shift - 1);
}

static uint64_t slot_middle(size_t slot)
{
	uint64_t from = slot_start(slot);

	return from + ((slot + 1 < SPREAD_SIZE ? slot_start(slot + 1) : UINT64_MAX) - from) / 2;
}

int spread_add(struct spread *s, uint64_t ns)
{
	if (!s->counts)
		s->counts = calloc(SPREAD_SIZE, sizeof(*s->counts));
	if (!s->counts)
		return -ENOMEM;
	s->counts[slot_of(ns)]++;
	s->count++;
	s->sum_ns += ns;
	s->max_ns = max_u64(s->max_ns, ns);
	return 0;
}

void spread_release(struct spread *s)
{
	free(s->counts);
	*s = (struct spread){ 0 };
}

uint64_t spread_at(const struct spread *s, double share)
{
	uint64_t seen = 0, wanted = (uint64_t)(share * (double)s->count);

	for (size_t i = 0; s->counts && i < SPREAD_SIZE; i++) {
		seen += s->counts[i];
		if (seen > wanted)
			return min_u64(slot_middle(i), s->max_ns);
	}
	return s->max_ns;
}

void spread_steps(const struct spread *s, uint64_t histogram[LOOP_STEPS])
{
	int step = 0;

	for (int i = 0; i < LOOP_STEPS; i++)
		histogram[i] = 0;
	for (size_t i = 0; s->counts && i < SPREAD_SIZE; i++) {
		while (slot_middle(i) >= loop_step_ns(step))
			step++;
		histogram[step] += s->counts[i];
	}
}
