/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel tells what is mapped, never what is unmapped: a mapping lasts
 * until another covers it. The past is for the few stacks that are looked up
 * late, so it is searched in order, and limited: code that a JIT compiler maps
 * anew all the time has the same module anyway.
 */
#include "symbol/image.h"

#include <string.h>

enum { PAST_MAX = 1024 };

struct image *image_new(void)
{
	struct image *i = calloc(1, sizeof(*i));

	if (i)
		i->refs = 1;
	return i;
}

void image_unref(struct image *i)
{
	if (!i || --i->refs)
		return;
	vec_release(&i->now);
	vec_release(&i->past);
	free(i);
}

static int mappings_copy(struct mappings *to, const struct mappings *from)
{
	if (vec_reserve(to, from->count))
		return -ENOMEM;
	if (from->count)
		memcpy(to->at, from->at, from->count * sizeof(*to->at));
	to->count = from->count;
	return 0;
}

struct image *image_clone(const struct image *from)
{
	struct image *i = image_new();

	if (i && (mappings_copy(&i->now, &from->now) || mappings_copy(&i->past, &from->past))) {
		image_unref(i);
		return NULL;
	}
	return i;
}

/* The first mapping that ends above @address. */
static size_t image_lower(const struct image *i, uint64_t address)
{
	size_t low = 0, high = i->now.count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (i->now.at[mid].end <= address)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static int image_retire(struct image *i, struct mapping m)
{
	if (i->past.count == PAST_MAX) {
		memmove(i->past.at, i->past.at + PAST_MAX / 2,
			PAST_MAX / 2 * sizeof(*i->past.at));
		i->past.count = PAST_MAX / 2;
	}
	return vec_push(&i->past, m);
}

/* Puts @add in the place of the mappings [@first, @last), which it covers in part. */
static int image_replace(struct image *i, size_t first, size_t last, const struct mapping *add)
{
	struct mapping pieces[3];
	size_t n = 0;

	if (first < last && i->now.at[first].start < add->start) {
		pieces[n] = i->now.at[first];
		pieces[n++].end = add->start;
	}
	pieces[n++] = *add;
	if (first < last && i->now.at[last - 1].end > add->end) {
		const struct mapping *m = &i->now.at[last - 1];

		pieces[n] = *m;
		pieces[n].offset += add->end - m->start;
		pieces[n++].start = add->end;
	}
	if (vec_reserve(&i->now, n))
		return -ENOMEM;
	memmove(i->now.at + first + n, i->now.at + last,
		(i->now.count - last) * sizeof(*i->now.at));
	memcpy(i->now.at + first, pieces, n * sizeof(*pieces));
	i->now.count = i->now.count - (last - first) + n;
	return 0;
}

static bool same_mapping(const struct mapping *a, const struct mapping *b)
{
	return a->start == b->start && a->end == b->end && a->module == b->module &&
	       a->offset == b->offset;
}

int image_map(struct image *i, const struct mapping *m, bool *ret_new)
{
	size_t first = image_lower(i, m->start), last = first;
	bool same = first < i->now.count && same_mapping(&i->now.at[first], m);

	if (!same && m->end > m->start) {
		for (; last < i->now.count && i->now.at[last].start < m->end; last++)
			if (image_retire(i, i->now.at[last]))
				return -ENOMEM;
		if (image_replace(i, first, last, m))
			return -ENOMEM;
	}
	if (ret_new)
		*ret_new = !same;
	return 0;
}

const struct mapping *image_find(const struct image *i, uint64_t time_ns, uint64_t address)
{
	size_t at = image_lower(i, address);
	const struct mapping *first = NULL;

	if (at < i->now.count && i->now.at[at].start <= address) {
		first = &i->now.at[at];
		if (first->from_ns <= time_ns)
			return first;
	}
	for (size_t k = i->past.count; k-- > 0;) {
		const struct mapping *m = &i->past.at[k];

		if (address < m->start || address >= m->end)
			continue;
		first = m;
		if (m->from_ns <= time_ns)
			return m;
	}
	return first;
}

int image_copy_since(const struct image *i, uint64_t time_ns, struct image *to)
{
	if (vec_reserve(&to->now, i->now.count))
		return -ENOMEM;
	for (size_t k = 0; k < i->now.count; k++)
		if (i->now.at[k].from_ns >= time_ns)
			to->now.at[to->now.count++] = i->now.at[k];
	return 0;
}
