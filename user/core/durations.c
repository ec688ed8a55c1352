/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Eight steps from each power of two to the next, from 256 ns (what is below is
 * one slot) to half an hour and beyond (one slot, too).
 */
#include "core/durations.h"

#include "base/alloc.h"

#include <string.h>

enum { STEP_BITS = 3, STEPS = 1 << STEP_BITS, FIRST_BIT = 8, LAST_BIT = 40,
       SLOTS = (LAST_BIT - FIRST_BIT) * STEPS };

static size_t slot_of(uint64_t ns)
{
	int bit = ns ? 63 - __builtin_clzll(ns) : 0;

	if (bit < FIRST_BIT)
		return 0;
	if (bit >= LAST_BIT)
		return SLOTS - 1;
	return (size_t)(bit - FIRST_BIT) * STEPS + ((ns >> (bit - STEP_BITS)) & (STEPS - 1));
}

static uint64_t middle_of(size_t slot)
{
	uint64_t power = 1ull << (FIRST_BIT + slot / STEPS), step = power / STEPS;

	return power + (slot % STEPS) * step + step / 2;
}

int durations_add(struct durations *d, uint64_t ns)
{
	if (!d->many && d->count < DURATIONS_FEW) {
		d->few[d->count++] = ns;
		return 0;
	}
	if (!d->many) {
		d->many = calloc(SLOTS, sizeof(*d->many));
		if (!d->many)
			return -ENOMEM;
		for (size_t i = 0; i < DURATIONS_FEW; i++)
			d->many[slot_of(d->few[i])]++;
	}
	d->many[slot_of(ns)]++;
	d->count++;
	return 0;
}

int durations_merge(struct durations *into, const struct durations *from)
{
	if (!from->many) {
		int rc = 0;

		for (uint64_t i = 0; i < from->count && !rc; i++)
			rc = durations_add(into, from->few[i]);
		return rc;
	}
	if (!into->many) {
		uint32_t *many = calloc(SLOTS, sizeof(*many));

		if (!many)
			return -ENOMEM;
		for (uint64_t i = 0; i < into->count; i++)
			many[slot_of(into->few[i])]++;
		into->many = many;
	}
	for (size_t i = 0; i < SLOTS; i++)
		into->many[i] += from->many[i];
	into->count += from->count;
	return 0;
}

void durations_release(struct durations *d)
{
	free(d->many);
	*d = (struct durations){ 0 };
}

static int by_time(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

uint64_t durations_at(const struct durations *d, double share)
{
	uint64_t wanted = (uint64_t)(share * (double)d->count), seen = 0;

	if (!d->count)
		return 0;
	if (wanted >= d->count)
		wanted = d->count - 1;
	if (!d->many) {
		uint64_t sorted[DURATIONS_FEW];

		memcpy(sorted, d->few, sizeof(sorted));
		qsort(sorted, (size_t)d->count, sizeof(*sorted), by_time);
		return sorted[wanted];
	}
	for (size_t i = 0; i < SLOTS; i++) {
		seen += d->many[i];
		if (seen > wanted)
			return middle_of(i);
	}
	return middle_of(SLOTS - 1);
}
