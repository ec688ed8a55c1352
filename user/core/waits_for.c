/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The graph has the threads as vertices and, behind them, the groups: a thread
 * that waits for any of a group's leads to the group, and that to its members.
 * Only stuck threads take part, so every edge leads from stuck to stuck. Knots
 * are its strongly connected components that have an edge inside (Tarjan 1972),
 * which come out in the order that what a component leads to is known before it.
 */
#include "core/waits_for.h"

#include <assert.h>
#include <string.h>

struct solver {
	struct waits_for *w;
	size_t vertices;
	uint32_t *alive; /* by group: members that are not stuck */
	/* members of groups: of group g in list[start[g] … start[g + 1]) */
	uint32_t *start, *list;
	/* Tarjan's, by vertex */
	uint32_t *order, *low, *stack, *knot, *via;
	size_t *edge;
	uint8_t *open;
	uint32_t *path; /* vertices whose edges are being followed */
	uint32_t count; /* of vertices numbered so far */
	size_t depth, height; /* of path, of stack */
};

void waits_for_release(struct waits_for *w)
{
	vec_release(&w->nodes);
	vec_release(&w->refs);
}

static struct waits_for_node *node_at(const struct waits_for *w, size_t i)
{
	return &w->nodes.at[i];
}

/* --- who is stuck -------------------------------------------------------------- */

static bool somebody_can_wake(const struct solver *s, const struct waits_for_node *n)
{
	const struct waits_for *w = s->w;

	switch (n->kind) {
	case WAITS_FOR_NOTHING:
		return true;
	case WAITS_FOR_THREAD:
		return !node_at(w, n->on)->stuck;
	case WAITS_FOR_NOBODY:
		return false;
	case WAITS_FOR_ANY:
		break;
	}
	for (size_t i = 0; i < n->count; i++)
		if (s->alive[w->refs.at[n->first + i]])
			return true;
	return !n->count;
}

static void clear_the_alive(struct solver *s)
{
	struct waits_for *w = s->w;
	bool changed = true;

	for (size_t i = 0; i < w->nodes.count; i++) {
		node_at(w, i)->stuck = true;
		node_at(w, i)->knot = 0;
		node_at(w, i)->inside = false;
	}
	while (changed) {
		changed = false;
		for (size_t i = 0; i < w->nodes.count; i++) {
			struct waits_for_node *n = node_at(w, i);

			if (!n->stuck || !somebody_can_wake(s, n))
				continue;
			n->stuck = false;
			if (n->group != WAITS_FOR_NONE)
				s->alive[n->group]++;
			changed = true;
		}
	}
}

/* --- knots ----------------------------------------------------------------------- */

static void list_members(struct solver *s)
{
	const struct waits_for *w = s->w;

	for (size_t i = 0; i < w->nodes.count; i++)
		if (node_at(w, i)->group != WAITS_FOR_NONE)
			s->start[node_at(w, i)->group + 1]++;
	for (uint32_t g = 0; g < w->groups; g++)
		s->start[g + 1] += s->start[g];
	/* start[g] moves to the end of g while its members are put down, and back */
	for (size_t i = 0; i < w->nodes.count; i++)
		if (node_at(w, i)->group != WAITS_FOR_NONE)
			s->list[s->start[node_at(w, i)->group]++] = (uint32_t)i;
	for (uint32_t g = w->groups; g > 0; g--)
		s->start[g] = s->start[g - 1];
	s->start[0] = 0;
}

/* The vertex that edge number @edge of @v leads to; WAITS_FOR_NONE: there are no more. */
static uint32_t edge_of(const struct solver *s, uint32_t v, size_t edge)
{
	const struct waits_for *w = s->w;
	const struct waits_for_node *n;
	uint32_t g;

	if (v >= w->nodes.count) {
		g = v - (uint32_t)w->nodes.count;
		return s->start[g] + edge < s->start[g + 1] ? s->list[s->start[g] + edge]
							    : WAITS_FOR_NONE;
	}
	n = node_at(w, v);
	if (n->kind == WAITS_FOR_THREAD)
		return edge ? WAITS_FOR_NONE : n->on;
	if (n->kind == WAITS_FOR_ANY && edge < n->count)
		return (uint32_t)w->nodes.count + w->refs.at[n->first + edge];
	return WAITS_FOR_NONE;
}

static void enter(struct solver *s, uint32_t v)
{
	s->order[v] = s->low[v] = ++s->count;
	s->edge[v] = 0;
	s->stack[s->height++] = v;
	s->open[v] = 1;
	s->path[s->depth++] = v;
}

static bool is_nobody(const struct solver *s, uint32_t v)
{
	return v < s->w->nodes.count && node_at(s->w, v)->kind == WAITS_FOR_NOBODY;
}

/* Whether a vertex on the stack from @from on leads to itself through others of these. */
static bool has_circle(const struct solver *s, size_t from)
{
	uint32_t v = s->stack[from];

	if (s->height - from > 1)
		return true;
	for (size_t e = 0; edge_of(s, v, e) != WAITS_FOR_NONE; e++)
		if (edge_of(s, v, e) == v)
			return true;
	return false;
}

/* The component whose first vertex is @v is complete: it is the top of the stack. */
static void leave(struct solver *s, uint32_t v)
{
	size_t from = s->height;
	uint32_t knot = 0;
	bool inside;

	do {
		from--;
	} while (s->stack[from] != v);
	inside = has_circle(s, from) || is_nobody(s, v);
	if (inside)
		knot = ++s->w->knots;
	for (size_t e = 0; !knot && edge_of(s, v, e) != WAITS_FOR_NONE; e++) {
		s->via[v] = edge_of(s, v, e);
		knot = s->knot[s->via[v]];
	}
	for (size_t i = from; i < s->height; i++) {
		uint32_t u = s->stack[i];

		s->knot[u] = knot;
		s->open[u] = 0;
		if (u < s->w->nodes.count) {
			node_at(s->w, u)->knot = knot;
			node_at(s->w, u)->inside = inside;
		}
	}
	s->height = from;
}

static void search(struct solver *s, uint32_t root)
{
	enter(s, root);
	while (s->depth) {
		uint32_t v = s->path[s->depth - 1], to = edge_of(s, v, s->edge[v]++);

		if (to == WAITS_FOR_NONE) {
			if (s->low[v] == s->order[v])
				leave(s, v);
			s->depth--;
			if (s->depth && s->low[s->path[s->depth - 1]] > s->low[v])
				s->low[s->path[s->depth - 1]] = s->low[v];
		} else if (!s->order[to]) {
			enter(s, to);
		} else if (s->open[to] && s->low[v] > s->order[to]) {
			s->low[v] = s->order[to];
		}
	}
}

/* --- the way around ---------------------------------------------------------------- */

/*
 * The shortest circle through the knot's first thread, breadth first. order and
 * low are free by now: they hold the queue and where each vertex was reached from.
 */
static void find_circle(struct solver *s, uint32_t first)
{
	uint32_t *queue = s->order, *from = s->low, to, v;
	uint32_t knot = s->knot[first];
	size_t head = 0, tail = 0;

	for (size_t i = 0; i < s->vertices; i++)
		from[i] = WAITS_FOR_NONE;
	queue[tail++] = first;
	while (head < tail && from[first] == WAITS_FOR_NONE) {
		v = queue[head++];
		for (size_t e = 0; (to = edge_of(s, v, e)) != WAITS_FOR_NONE; e++) {
			if (s->knot[to] != knot || from[to] != WAITS_FOR_NONE)
				continue;
			from[to] = v;
			if (to != first)
				queue[tail++] = to;
		}
	}
	/* back from the first to the first: each vertex is told what comes behind it */
	for (to = first; from[to] != WAITS_FOR_NONE;) {
		v = from[to];
		s->via[v] = to;
		to = v;
		if (to == first)
			break;
	}
}

/* Where each stuck thread's way leads, groups left out. */
static void tell_next(struct solver *s)
{
	struct waits_for *w = s->w;

	for (size_t i = 0; i < w->nodes.count; i++) {
		struct waits_for_node *n = node_at(w, i);
		uint32_t to = n->stuck ? s->via[i] : WAITS_FOR_NONE;

		/* inside a knot but off its circle: the first way there is */
		if (n->stuck && to == WAITS_FOR_NONE)
			to = edge_of(s, (uint32_t)i, 0);
		while (to != WAITS_FOR_NONE && to >= w->nodes.count)
			to = s->via[to] != WAITS_FOR_NONE ? s->via[to] : edge_of(s, to, 0);
		n->next = to;
	}
}

static int solver_init(struct solver *s, struct waits_for *w)
{
	size_t n = w->nodes.count + w->groups, words = 7 * n + 2 * w->groups + 2 + w->nodes.count;
	uint32_t *memory = calloc(words, sizeof(*memory));

	*s = (struct solver){ .w = w, .vertices = n };
	s->edge = calloc(n + 1, sizeof(*s->edge));
	s->open = calloc(n + 1, 1);
	s->alive = memory;
	if (!memory || !s->edge || !s->open)
		return -ENOMEM;
	s->start = memory + w->groups;
	s->list = s->start + w->groups + 1;
	s->order = s->list + w->nodes.count;
	s->low = s->order + n;
	s->stack = s->low + n;
	s->knot = s->stack + n;
	s->via = s->knot + n;
	s->path = s->via + n;
	for (size_t i = 0; i < n; i++)
		s->via[i] = WAITS_FOR_NONE;
	return 0;
}

static void check(const struct waits_for *w)
{
	for (size_t i = 0; i < w->nodes.count; i++) {
		const struct waits_for_node *n = node_at(w, i);

		assert(n->group == WAITS_FOR_NONE || n->group < w->groups);
		assert(n->kind != WAITS_FOR_THREAD || n->on < w->nodes.count);
		assert(n->kind != WAITS_FOR_ANY || n->first + n->count <= w->refs.count);
	}
	for (size_t i = 0; i < w->refs.count; i++)
		assert(w->refs.at[i] < w->groups);
	(void)w;
}

int waits_for_solve(struct waits_for *w)
{
	struct solver s;
	int rc = solver_init(&s, w);

	check(w);
	w->knots = 0;
	if (!rc) {
		clear_the_alive(&s);
		list_members(&s);
	}
	for (uint32_t i = 0; !rc && i < w->nodes.count; i++)
		if (node_at(w, i)->stuck && !s.order[i])
			search(&s, i);
	for (uint32_t knot = 1; !rc && knot <= w->knots; knot++)
		for (uint32_t i = 0; i < w->nodes.count; i++)
			if (node_at(w, i)->inside && node_at(w, i)->knot == knot) {
				find_circle(&s, i);
				break;
			}
	if (!rc)
		tell_next(&s);
	free(s.alive);
	free(s.edge);
	free(s.open);
	return rc;
}

size_t waits_for_circle(const struct waits_for *w, uint32_t knot, uint32_t *ret)
{
	size_t n = 0;
	uint32_t first = 0;

	while (first < w->nodes.count &&
	       !(node_at(w, first)->inside && node_at(w, first)->knot == knot))
		first++;
	for (uint32_t i = first; i < w->nodes.count && n < w->nodes.count;) {
		ret[n++] = i;
		i = node_at(w, i)->next;
		if (i == first || i == WAITS_FOR_NONE)
			break;
	}
	return n;
}
