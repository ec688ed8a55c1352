/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * finish() sweeps over the items by start address with a heap of those that
 * cover the current position, best one on top. Every step passes one start or
 * drops one item that has ended, so there are at most two pieces an item and
 * hostile overlaps cost n log n, not n².
 */
#include "symbol/symtab.h"

#include <string.h>

void symtab_release(struct symtab *t)
{
	vec_release(&t->items);
	vec_release(&t->ranges);
	vec_release(&t->names);
}

static int symtab_put(struct symtab *t, struct symtab_item item, const char *name, size_t len)
{
	if (item.end <= item.start)
		return 0;
	if (len >= UINT32_MAX || t->names.count + len + 1 > UINT32_MAX ||
	    vec_reserve(&t->names, len + 1) || vec_reserve(&t->items, 1))
		return -ENOMEM;
	item.name = (uint32_t)t->names.count;
	memcpy(t->names.at + t->names.count, name, len);
	t->names.at[t->names.count + len] = '\0';
	t->names.count += len + 1;
	t->items.at[t->items.count++] = item;
	return 0;
}

int symtab_add(struct symtab *t, uint64_t start, uint64_t end, const char *name, size_t len,
	       uint32_t rank)
{
	return symtab_put(t, (struct symtab_item){ .start = start, .end = end, .rank = rank },
			  name, len);
}

int symtab_add_open(struct symtab *t, uint64_t start, uint64_t limit, const char *name,
		    size_t len, uint32_t rank)
{
	return symtab_put(t,
			  (struct symtab_item){
				  .start = start, .end = limit, .rank = rank, .open = true },
			  name, len);
}

static int compare_u64(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* Worst first. Names decide last, so that tables do not depend on the order in the file. */
static int symtab_worse(const void *pa, const void *pb, void *names)
{
	const struct symtab_item *a = pa, *b = pb;
	const char *name_a = (const char *)names + a->name, *name_b = (const char *)names + b->name;
	int d;

	if (a->open != b->open)
		return a->open ? -1 : 1;
	if ((d = compare_u64(a->start, b->start)) || (d = compare_u64(b->end, a->end)) ||
	    (d = compare_u64(a->rank, b->rank)) ||
	    (d = compare_u64(strlen(name_b), strlen(name_a))))
		return d;
	return strcmp(name_b, name_a);
}

static int symtab_by_start(const void *pa, const void *pb)
{
	const struct symtab_item *a = pa, *b = pb;
	int d = compare_u64(a->start, b->start);

	return d ? d : compare_u64(b->rank, a->rank);
}

/* The open items end where the next symbol starts. Items are sorted by start. */
static void symtab_close_open(struct symtab *t)
{
	uint64_t next = UINT64_MAX, here = UINT64_MAX;

	for (size_t i = t->items.count; i-- > 0;) {
		struct symtab_item *item = &t->items.at[i];

		if (item->start != here) {
			next = here;
			here = item->start;
		}
		if (item->open && item->end > next)
			item->end = next;
	}
}

/* A binary heap of indices into items, highest rank on top. */
struct symtab_heap {
	const struct symtab_item *items;
	VEC(uint32_t) v;
};

static bool heap_above(const struct symtab_heap *h, size_t a, size_t b)
{
	return h->items[h->v.at[a]].rank > h->items[h->v.at[b]].rank;
}

static void heap_swap(struct symtab_heap *h, size_t a, size_t b)
{
	uint32_t t = h->v.at[a];

	h->v.at[a] = h->v.at[b];
	h->v.at[b] = t;
}

static int heap_push(struct symtab_heap *h, uint32_t item)
{
	size_t i = h->v.count;

	if (vec_push(&h->v, item))
		return -ENOMEM;
	for (; i && heap_above(h, i, (i - 1) / 2); i = (i - 1) / 2)
		heap_swap(h, i, (i - 1) / 2);
	return 0;
}

static void heap_pop(struct symtab_heap *h)
{
	size_t i = 0, child;

	h->v.at[0] = h->v.at[--h->v.count];
	while ((child = 2 * i + 1) < h->v.count) {
		if (child + 1 < h->v.count && heap_above(h, child + 1, child))
			child++;
		if (!heap_above(h, child, i))
			break;
		heap_swap(h, i, child);
		i = child;
	}
}

static int symtab_emit(struct symtab *t, uint64_t start, uint64_t end,
		       const struct symtab_item *item)
{
	struct symtab_range *last = t->ranges.count ? &t->ranges.at[t->ranges.count - 1] : NULL;

	if (last && last->end == start && last->name == item->name) {
		last->end = end;
		return 0;
	}
	return vec_push(&t->ranges,
			(struct symtab_range){ start, end, item->start, item->name });
}

static int symtab_sweep(struct symtab *t, struct symtab_heap *h)
{
	const struct symtab_item *items = t->items.at;
	size_t n = t->items.count, i = 0;
	uint64_t at = 0;

	while (i < n || h->v.count) {
		const struct symtab_item *top;
		uint64_t until;

		if (!h->v.count)
			at = items[i].start;
		for (; i < n && items[i].start == at; i++) {
			top = h->v.count ? &items[h->v.at[0]] : NULL;
			/* sized symbols of the same start stand before it */
			if (items[i].open && top && !top->open && top->end > at)
				continue;
			if (heap_push(h, (uint32_t)i))
				return -ENOMEM;
		}
		while (h->v.count && items[h->v.at[0]].end <= at)
			heap_pop(h);
		if (!h->v.count)
			continue;
		top = &items[h->v.at[0]];
		until = i < n && items[i].start < top->end ? items[i].start : top->end;
		if (symtab_emit(t, at, until, top))
			return -ENOMEM;
		at = until;
	}
	return 0;
}

int symtab_finish(struct symtab *t, enum symtab_order order)
{
	struct symtab_heap h = { .items = t->items.at };
	int error;

	if (t->items.count > UINT32_MAX)
		return -ENOMEM;
	if (!t->items.count)
		return 0;
	if (order == SYMTAB_INNERMOST)
		qsort_r(t->items.at, t->items.count, sizeof(*t->items.at), symtab_worse,
			t->names.at);
	for (size_t i = 0; i < t->items.count; i++)
		t->items.at[i].rank = (uint32_t)i;
	qsort(t->items.at, t->items.count, sizeof(*t->items.at), symtab_by_start);
	symtab_close_open(t);
	error = symtab_sweep(t, &h);
	vec_release(&h.v);
	vec_release(&t->items);
	return error;
}

bool symtab_find(const struct symtab *t, uint64_t address, struct symbol *ret)
{
	size_t low = 0, high = t->ranges.count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (t->ranges.at[mid].end <= address)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == t->ranges.count || t->ranges.at[low].start > address)
		return false;
	ret->start = t->ranges.at[low].whole;
	ret->name = t->names.at + t->ranges.at[low].name;
	return true;
}
