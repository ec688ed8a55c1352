/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A frame is at most as wide as the one below it, so "at least so wide" is a
 * set without holes: one threshold decides what is drawn.
 */
#include "export/svg_layout.h"

#include <string.h>

static int widest_first(const void *pa, const void *pb, void *nodes)
{
	const struct flame_node *a = (const struct flame_node *)nodes + *(const uint32_t *)pa;
	const struct flame_node *b = (const struct flame_node *)nodes + *(const uint32_t *)pb;

	if (a->total != b->total)
		return a->total > b->total ? -1 : 1;
	/* in the order of the tree, which is that of the stacks */
	return a < b ? -1 : a > b;
}

/* The least total that is drawn. 0 or -ENOMEM. */
static int find_threshold(const struct flame *f, double narrowest, size_t size_max,
			  size_t (*size_of)(const struct flame *f, uint32_t node),
			  uint64_t *ret_least)
{
	uint64_t least = (uint64_t)((double)f->nodes.at[0].total * narrowest);
	VEC(uint32_t) drawn = { 0 };
	size_t size = 0;

	least = least ? least : 1;
	for (size_t i = 0; i < f->nodes.count; i++) {
		if (f->nodes.at[i].total < least)
			continue;
		if (vec_push(&drawn, (uint32_t)i)) {
			vec_release(&drawn);
			return -ENOMEM;
		}
		size += size_of(f, (uint32_t)i);
	}
	if (size > size_max) {
		qsort_r(drawn.at, drawn.count, sizeof(*drawn.at), widest_first, f->nodes.at);
		size = 0;
		for (size_t i = 0; i < drawn.count; i++) {
			size += size_of(f, drawn.at[i]);
			if (size <= size_max)
				continue;
			least = f->nodes.at[drawn.at[i]].total + 1;
			break;
		}
	}
	vec_release(&drawn);
	*ret_least = least;
	return 0;
}

/* Adds the boxes above box @below. */
static int place_children(const struct flame *f, uint64_t least, size_t below,
			  struct svg_layout *l)
{
	const struct svg_box b = l->boxes.at[below];
	uint32_t depth = b.depth + 1;
	double x = b.x, unit = 1 / (double)f->nodes.at[0].total;
	struct svg_box rest = { .node = FLAME_NONE, .rest = FLAME_NONE, .depth = depth };
	VEC(uint32_t) children = { 0 };
	int error = 0;

	for (uint32_t i = f->nodes.at[b.node].child; i != FLAME_NONE && !error;
	     i = f->nodes.at[i].next) {
		if (f->nodes.at[i].total >= least) {
			error = vec_push(&children, i);
		} else {
			rest.count++;
			rest.value += f->nodes.at[i].total;
		}
	}
	if (children.count)
		qsort_r(children.at, children.count, sizeof(*children.at), widest_first,
			f->nodes.at);
	for (size_t i = 0; i < children.count && !error; i++) {
		struct svg_box child = {
			.node = children.at[i], .rest = FLAME_NONE, .depth = depth, .x = x
		};

		child.value = f->nodes.at[child.node].total;
		child.width = (double)child.value * unit;
		x += child.width;
		error = vec_push(&l->boxes, child);
	}
	rest.x = x;
	rest.width = (double)rest.value * unit;
	if (!error && rest.value >= least) {
		l->boxes.at[below].rest = (uint32_t)l->boxes.count;
		error = vec_push(&l->boxes, rest);
	}
	vec_release(&children);
	return error;
}

/*
 * What it is that ends at @node. Below the leaf of what a holder did stand his
 * frames; on-CPU trees have no leaves that say so.
 */
static int kind_of(const struct flame *f, uint32_t node)
{
	for (uint32_t up = node; up != FLAME_NONE; up = f->nodes.at[up].parent)
		if (f->nodes.at[up].place == FLAME_LEAF)
			return f->nodes.at[up].kind;
	return FLAME_RUN;
}

/*
 * What each box is made of: every leaf adds to all the boxes below it, and to
 * the one that stands for it if it has none of its own.
 */
static int share_kinds(const struct flame *f, struct svg_layout *l)
{
	VEC(uint32_t) box_of = { 0 }; /* node to box */

	if (vec_reserve(&box_of, f->nodes.count))
		return -ENOMEM;
	memset(box_of.at, 0xff, f->nodes.count * sizeof(*box_of.at));
	for (size_t i = 0; i < l->boxes.count; i++)
		if (l->boxes.at[i].node != FLAME_NONE)
			box_of.at[l->boxes.at[i].node] = (uint32_t)i;
	for (size_t i = 0; i < f->nodes.count; i++) {
		const struct flame_node *n = &f->nodes.at[i];
		bool hidden = false;
		int kind;

		if (!n->self)
			continue;
		kind = kind_of(f, (uint32_t)i);
		l->by_kind[kind] += n->self;
		for (uint32_t up = (uint32_t)i; up != FLAME_NONE; up = f->nodes.at[up].parent) {
			struct svg_box *b;

			if (box_of.at[up] == FLAME_NONE) {
				hidden = true;
				continue;
			}
			b = &l->boxes.at[box_of.at[up]];
			b->by_kind[kind] += n->self;
			if (hidden && b->rest != FLAME_NONE)
				l->boxes.at[b->rest].by_kind[kind] += n->self;
			hidden = false;
		}
	}
	vec_release(&box_of);
	return 0;
}

int svg_layout(const struct flame *f, double narrowest, size_t size_max,
	       size_t (*size_of)(const struct flame *f, uint32_t node), struct svg_layout *ret)
{
	struct svg_layout l = { 0 };
	struct svg_box root = { .rest = FLAME_NONE, .width = 1, .value = f->nodes.at[0].total };
	uint64_t least;
	size_t drawn = 0;
	int error = find_threshold(f, narrowest, size_max, size_of, &least);

	if (!error)
		error = vec_push(&l.boxes, root);
	for (size_t i = 0; i < l.boxes.count && !error; i++) {
		l.rows = l.boxes.at[i].depth + 1;
		if (l.boxes.at[i].node == FLAME_NONE)
			continue;
		drawn++;
		error = place_children(f, least, i, &l);
	}
	l.hidden = f->nodes.count - drawn;
	if (!error)
		error = share_kinds(f, &l);
	if (error)
		svg_layout_release(&l);
	else
		*ret = l;
	return error;
}

void svg_layout_release(struct svg_layout *l)
{
	vec_release(&l->boxes);
}
