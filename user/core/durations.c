/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Eight steps from each power of two to the next, from 256 ns (what is below is
 * one slot) to half an hour and beyond (one slot, too).
 */
#include "core/durations.h"

#include "base/alloc.h"

#include <stdbool.h>
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

/* From now on counts may be of any size. */
static int widen(struct durations *d)
{
	uint32_t *many = calloc(SLOTS, sizeof(*many));

	if (!many)
		return -ENOMEM;
	for (size_t i = 0; d->some && i < SLOTS; i++)
		many[i] = d->some[i];
	free(d->some);
	d->some = NULL;
	d->many = many;
	return 0;
}

static int count(struct durations *d, size_t slot, uint32_t times)
{
	if (!d->many && times > (uint32_t)UINT8_MAX - d->some[slot] && widen(d))
		return -ENOMEM;
	if (d->many)
		d->many[slot] += times;
	else
		d->some[slot] += (uint8_t)times;
	return 0;
}

static uint32_t count_at(const struct durations *d, size_t slot)
{
	return d->many ? d->many[slot] : d->some[slot];
}

static bool is_few(const struct durations *d)
{
	return !d->some && !d->many;
}

/* The few become a histogram. */
static int leave_few(struct durations *d)
{
	if (!is_few(d))
		return 0;
	d->some = calloc(SLOTS, sizeof(*d->some));
	if (!d->some)
		return -ENOMEM;
	for (uint64_t i = 0; i < d->count; i++)
		d->some[slot_of(d->few[i])]++;
	return 0;
}

int durations_add(struct durations *d, uint64_t ns)
{
	int rc;

	if (is_few(d) && d->count < DURATIONS_FEW) {
		d->few[d->count++] = ns;
		return 0;
	}
	rc = leave_few(d);
	if (!rc)
		rc = count(d, slot_of(ns), 1);
	if (!rc)
		d->count++;
	return rc;
}

int durations_merge(struct durations *into, const struct durations *from)
{
	int rc = 0;

	if (is_few(from)) {
		for (uint64_t i = 0; i < from->count && !rc; i++)
			rc = durations_add(into, from->few[i]);
		return rc;
	}
	rc = leave_few(into);
	for (size_t i = 0; i < SLOTS && !rc; i++)
		rc = count(into, i, count_at(from, i));
	if (!rc)
		into->count += from->count;
	return rc;
}

void durations_release(struct durations *d)
{
	free(d->some);
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
	if (is_few(d)) {
		uint64_t sorted[DURATIONS_FEW];

		memcpy(sorted, d->few, sizeof(sorted));
		qsort(sorted, (size_t)d->count, sizeof(*sorted), by_time);
		return sorted[wanted];
	}
	for (size_t i = 0; i < SLOTS; i++) {
		seen += count_at(d, i);
		if (seen > wanted)
			return middle_of(i);
	}
	return middle_of(SLOTS - 1);
}
