/* SPDX-License-Identifier: GPL-2.0-only */
#include "core/holders.h"

#include <string.h>

void holders_release(struct holders *h)
{
	vec_release(&h->parties);
	vec_release(&h->log);
}

static void blame(struct holders *h, uint32_t party, uint64_t waits, uint64_t ns, bool read)
{
	struct party *p = &h->parties.at[party];

	p->held += waits;
	p->blame_ns += ns;
	if (!read)
		p->inferred_ns += ns;
}

/* Charges the oldest @count holds, all of which have a next one, and forgets them. */
static void settle(struct holders *h, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct hold *hold = &h->log.at[i];

		h->cover += hold->cover;
		if (h->cover > 0)
			blame(h, hold->party, (uint64_t)h->cover,
			      (uint64_t)h->cover * (hold[1].from_ns - hold->from_ns), hold->read);
	}
	h->log.count -= count;
	memmove(h->log.at, h->log.at + count, h->log.count * sizeof(*h->log.at));
}

/* How many holds begin at @time_ns or before. Mostly one of the last is asked for. */
static size_t holds_until(const struct holders *h, uint64_t time_ns)
{
	const struct hold *log = h->log.at;
	size_t high = h->log.count, low, step = 1;

	while (high >= step && log[high - step].from_ns > time_ns) {
		high -= step;
		step *= 2;
	}
	low = high >= step ? high - step + 1 : 0;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (log[middle].from_ns <= time_ns)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int holders_set(struct holders *h, uint64_t time_ns, uint32_t party, bool read)
{
	size_t at = holds_until(h, time_ns);

	if (!at && h->log.count)
		return 0; /* older than what is still open */
	if (at && h->log.at[at - 1].party == party) {
		h->log.at[at - 1].read |= read;
		return 0;
	}
	if (h->log.count == HOLDS_MAX) {
		size_t half = at > HOLDS_MAX / 2 ? HOLDS_MAX / 2 : at - 1;

		/* between the oldest two of a full log: it would be the next to go */
		if (!half)
			return 0;
		settle(h, half);
		at -= half;
	}
	if (vec_reserve(&h->log, 1))
		return -ENOMEM;
	/* a wait that covers the hold that is cut covers both halves */
	memmove(h->log.at + at + 1, h->log.at + at, (h->log.count - at) * sizeof(*h->log.at));
	h->log.at[at] = (struct hold){ .from_ns = time_ns, .party = party, .read = read };
	h->log.count++;
	return 0;
}

/* A piece of a wait, within the hold at @at. */
static void charge_piece(struct holders *h, size_t at, uint64_t ns, uint32_t waiter,
			 uint32_t otherwise)
{
	const struct hold *hold = &h->log.at[at];

	/* who waits for it does not have it, whatever was thought */
	if (hold->party == waiter)
		blame(h, otherwise, 1, ns, false);
	else
		blame(h, hold->party, 1, ns, hold->read);
}

void holders_charge(struct holders *h, uint64_t from_ns, uint64_t to_ns, uint32_t waiter,
		    uint32_t otherwise)
{
	size_t first = holds_until(h, from_ns), last = holds_until(h, to_ns);

	if (!first) {
		uint64_t until_ns = last ? h->log.at[0].from_ns : to_ns;

		blame(h, otherwise, 1, until_ns - from_ns, false);
		if (!last)
			return;
		/* the rest begins with the log */
		from_ns = until_ns;
		first = 1;
	}
	first--;
	last--;
	if (first == last) {
		charge_piece(h, first, to_ns - from_ns, waiter, otherwise);
		return;
	}
	charge_piece(h, first, h->log.at[first + 1].from_ns - from_ns, waiter, otherwise);
	charge_piece(h, last, to_ns - h->log.at[last].from_ns, waiter, otherwise);
	h->log.at[first + 1].cover++;
	h->log.at[last].cover--;
}

void holders_finish(struct holders *h)
{
	if (h->log.count)
		settle(h, h->log.count - 1);
	h->log.count = 0;
}
