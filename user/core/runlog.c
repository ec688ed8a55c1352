/* SPDX-License-Identifier: GPL-2.0-only */
#include "core/runlog.h"

#include <string.h>

void runlog_release(struct runlog *l)
{
	vec_release(&l->settled);
}

const struct runlog_change *runlog_last(struct runlog *l)
{
	if (!l->count)
		l->log[l->count++] = (struct runlog_change){ .from_ns = l->c->start_ns };
	return &l->log[l->count - 1];
}

static int settle_one(struct runlog *l, const struct runlog_change *change, uint64_t to_ns)
{
	uint64_t span = context_overlap(l->c, change->from_ns, to_ns);

	if (!span || change->lost)
		return 0;
	while (l->settled.count <= change->running)
		if (vec_push(&l->settled, 0))
			return -ENOMEM;
	l->settled.at[change->running] += span;
	l->settled_ns += span;
	return 0;
}

/* Moves the oldest @count changes, not the last, into the sums. */
static int settle(struct runlog *l, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (settle_one(l, &l->log[i], l->log[i + 1].from_ns))
			return -ENOMEM;
	l->count -= count;
	memmove(l->log, l->log + count, l->count * sizeof(*l->log));
	return 0;
}

/*
 * The position of the change at @time_ns, which is not before the log. If there
 * is none, one that changes nothing is put there.
 */
static int split(struct runlog *l, uint64_t time_ns, size_t *ret)
{
	size_t i = l->count, settled;

	while (l->log[i - 1].from_ns > time_ns)
		i--;
	*ret = i - 1;
	if (l->log[i - 1].from_ns == time_ns)
		return 0;
	if (l->count == RUNLOG_SIZE) {
		/* what is to be split must stay */
		settled = min_u64(RUNLOG_SIZE / 2, i - 1);
		/* … and of the oldest, what comes before is settled */
		if (!settled) {
			if (settle_one(l, &l->log[0], time_ns))
				return -ENOMEM;
			l->log[0].from_ns = time_ns;
			return 0;
		}
		if (settle(l, settled))
			return -ENOMEM;
		i -= settled;
	}
	memmove(l->log + i + 1, l->log + i, (l->count - i) * sizeof(*l->log));
	l->log[i] = l->log[i - 1];
	l->log[i].from_ns = time_ns;
	l->count++;
	*ret = i;
	return 0;
}

/*
 * What falls on the next level of @level_ns when @left_ns are to be taken from
 * levels of @whole_ns together. Of the last one that is what is left, so that
 * not one ns is lost to rounding.
 */
static uint64_t take_share(uint64_t level_ns, uint64_t *left_ns, uint64_t *whole_ns)
{
	uint64_t part = *whole_ns ? scale_u64(level_ns, *left_ns, *whole_ns) : 0;

	*left_ns -= part;
	*whole_ns -= level_ns;
	return part;
}

/* For @ns of the settled time, one thread more or less ran. */
static int shift_settled(struct runlog *l, uint64_t ns, int delta)
{
	size_t count = l->settled.count;
	/* where none ran there cannot be one less */
	uint64_t whole = l->settled_ns - (delta < 0 && count ? l->settled.at[0] : 0);

	if (!whole)
		return 0;
	ns = min_u64(ns, whole);
	if (delta > 0 && l->settled.at[count - 1]) {
		if (vec_push(&l->settled, 0))
			return -ENOMEM;
		count++;
	}
	for (size_t i = delta > 0 ? 0 : 1; i < count; i++) {
		/* away from the side that is being filled */
		size_t from = delta > 0 ? count - 1 - i : i;
		uint64_t part = take_share(l->settled.at[from], &ns, &whole);

		/* the topmost level is empty when all go up */
		if (!part)
			continue;
		l->settled.at[from] -= part;
		l->settled.at[delta > 0 ? from + 1 : from - 1] += part;
	}
	return 0;
}

static void drop_settled(struct runlog *l, uint64_t ns)
{
	uint64_t whole = l->settled_ns;

	ns = min_u64(ns, whole);
	l->settled_ns -= ns;
	for (size_t k = 0; k < l->settled.count; k++)
		l->settled.at[k] -= take_share(l->settled.at[k], &ns, &whole);
}

static void apply(struct runlog_change *change, int delta)
{
	/* fewer than none means that a beginning was lost */
	if (delta > 0 || change->running)
		change->running += (uint32_t)delta;
}

int runlog_change(struct runlog *l, uint64_t time_ns, int delta)
{
	const struct runlog_change *last = runlog_last(l);
	size_t at;

	if (time_ns >= l->c->end_ns)
		return 0;
	time_ns = max_u64(time_ns, l->c->start_ns);
	if (time_ns < l->log[0].from_ns) {
		if (shift_settled(l, l->log[0].from_ns - time_ns, delta))
			return -ENOMEM;
		time_ns = l->log[0].from_ns;
	}
	if (time_ns < last->from_ns) {
		if (split(l, time_ns, &at))
			return -ENOMEM;
		for (; at < l->count; at++)
			apply(&l->log[at], delta);
		return 0;
	}
	if (split(l, time_ns, &at))
		return -ENOMEM;
	apply(&l->log[at], delta);
	/* one left and another came at the same instant: nothing changed */
	if (at && l->log[at].running == l->log[at - 1].running &&
	    l->log[at].lost == l->log[at - 1].lost)
		l->count--;
	return 0;
}

/* Room for an entry behind the one at *@at; the one at *@at stays. */
static int make_room(struct runlog *l, size_t *at)
{
	size_t settled = min_u64(RUNLOG_SIZE / 2, *at);

	if (l->count == RUNLOG_SIZE) {
		if (settle(l, settled))
			return -ENOMEM;
		*at -= settled;
	}
	memmove(l->log + *at + 2, l->log + *at + 1, (l->count - *at - 1) * sizeof(*l->log));
	l->count++;
	return 0;
}

/* All of it becomes one entry, so that however much is lost, each is walked over once. */
int runlog_lose(struct runlog *l, uint64_t from_ns, uint64_t to_ns)
{
	struct runlog_change rest;
	size_t from, to;

	runlog_last(l);
	from_ns = context_clip(l->c, from_ns);
	to_ns = context_clip(l->c, to_ns);
	if (from_ns >= to_ns)
		return 0;
	if (from_ns < l->log[0].from_ns) {
		drop_settled(l, min_u64(to_ns, l->log[0].from_ns) - from_ns);
		from_ns = l->log[0].from_ns;
	}
	if (to_ns <= from_ns)
		return 0;
	if (split(l, from_ns, &from))
		return -ENOMEM;
	for (to = from; to + 1 < l->count && l->log[to + 1].from_ns <= to_ns;)
		to++;
	rest = l->log[to];
	rest.from_ns = to_ns;
	if (to > from) {
		memmove(l->log + from + 2, l->log + to + 1, (l->count - to - 1) * sizeof(*l->log));
		l->count -= to - from - 1;
	} else if (!from && l->count == RUNLOG_SIZE) {
		/* the oldest begins behind it: it is in no sum */
		l->log[0] = rest;
		return 0;
	} else if (make_room(l, &from)) {
		return -ENOMEM;
	}
	l->log[from].lost = true;
	l->log[from + 1] = rest;
	return 0;
}

/*
 * The position of the change that holds at @time_ns; 0 when that is before the log. It is looked
 * for from the end on, in steps that double, for most questions are about what was just now.
 */
static size_t change_at(const struct runlog *l, uint64_t time_ns)
{
	size_t high = l->count, step = 1, low;

	while (high > step && l->log[high - step].from_ns > time_ns) {
		high -= step;
		step *= 2;
	}
	low = high > step ? high - step : 0;
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (l->log[mid].from_ns <= time_ns)
			low = mid + 1;
		else
			high = mid;
	}
	return low ? low - 1 : 0;
}

uint64_t runlog_alone(const struct runlog *l, uint64_t from_ns, uint64_t to_ns)
{
	enum { STEPS_MAX = 256 };
	uint64_t sum = 0, end_ns = to_ns;
	size_t i;

	if (!l->count || from_ns >= to_ns)
		return 0;
	i = change_at(l, to_ns - 1);
	for (int steps = 0; steps < STEPS_MAX && end_ns > from_ns; steps++, i--) {
		uint64_t since_ns = max_u64(l->log[i].from_ns, from_ns);

		if (l->log[i].running == 1 && !l->log[i].lost && end_ns > since_ns)
			sum += end_ns - since_ns;
		end_ns = min_u64(since_ns, end_ns);
		if (!i)
			break;
	}
	return sum;
}

int runlog_finish(struct runlog *l)
{
	runlog_last(l);
	for (size_t i = 0; i < l->count; i++)
		if (settle_one(l, &l->log[i],
			       i + 1 < l->count ? l->log[i + 1].from_ns : l->c->end_ns))
			return -ENOMEM;
	l->count = 0;
	while (l->settled.count && !l->settled.at[l->settled.count - 1])
		l->settled.count--;
	return 0;
}
