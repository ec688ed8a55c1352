/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tree: the leaves that flame graphs are made of: for each thread, kind of time
 * and pair of stacks, how often and how long. Which frames they share is the
 * exporter's business.
 */
#include "core/analysis.h"

#include <string.h>

/* What makes a leaf. No padding: it is compared as bytes. */
struct leaf_key {
	uint32_t thread, user_stack, kernel_stack;
	int16_t class, nr;
};

_Static_assert(sizeof(struct leaf_key) == 16, "it is hashed as two words");

struct leaf {
	struct leaf_key key;
	uint64_t count, ns;
	uint64_t taken; /* user stacks, for this leaf and no other */
	uint64_t runnable_count, runnable_ns; /* behind the waits */
};

/* An open-addressing table over the leaves: a wait costs one look-up. */
struct leaves {
	VEC(struct leaf) list;
	uint32_t *slots; /* position + 1, or 0 */
	size_t cap;
};

struct tree {
	struct context *c;
	struct leaves leaves;
};

static void leaves_release(struct leaves *l)
{
	vec_release(&l->list);
	free(l->slots);
	l->slots = NULL;
	l->cap = 0;
}

/* The slot of the key, or the free one that it would get. */
static size_t leaf_probe(const struct leaves *l, const struct leaf_key *key)
{
	uint64_t words[2];
	size_t i;

	memcpy(words, key, sizeof(words));
	for (i = hash_u64(hash_u64(words[0]) + words[1]);; i++) {
		i &= l->cap - 1;
		if (!l->slots[i] ||
		    !memcmp(&l->list.at[l->slots[i] - 1].key, key, sizeof(*key)))
			return i;
	}
}

static int leaves_grow(struct leaves *l)
{
	size_t cap = l->cap ? l->cap * 2 : 256;
	uint32_t *slots = calloc(cap, sizeof(*slots));

	if (!slots || l->list.count >= UINT32_MAX) {
		free(slots);
		return -ENOMEM;
	}
	free(l->slots);
	l->slots = slots;
	l->cap = cap;
	for (size_t i = 0; i < l->list.count; i++)
		l->slots[leaf_probe(l, &l->list.at[i].key)] = (uint32_t)i + 1;
	return 0;
}

/* The leaf of @key, new or not; NULL when out of memory. */
static struct leaf *leaf_of(struct leaves *l, const struct leaf_key *key)
{
	size_t slot;

	if (l->list.count * 2 >= l->cap && leaves_grow(l))
		return NULL;
	slot = leaf_probe(l, key);
	if (!l->slots[slot]) {
		if (vec_push(&l->list, (struct leaf){ .key = *key }))
			return NULL;
		l->slots[slot] = (uint32_t)l->list.count;
	}
	return &l->list.at[l->slots[slot] - 1];
}

static void *tree_new(struct context *c)
{
	struct tree *self = calloc(1, sizeof(*self));

	if (self)
		self->c = c;
	return self;
}

static void tree_free(void *p)
{
	struct tree *self = p;

	leaves_release(&self->leaves);
	free(self);
}

static int tree_absence(void *p, const struct absence *a)
{
	struct tree *self = p;
	const struct event_out *out = a->out;
	struct leaf_key key = {
		.thread = a->thread,
		.user_stack = out->user_stack,
		.kernel_stack = a->waits ? out->kernel_stack : 0,
		.class = a->waits ? (int16_t)a->class : STACK_RUNNABLE,
		.nr = a->waits ? out->nr : -1,
	};
	struct leaf *leaf = leaf_of(&self->leaves, &key);

	if (!leaf)
		return -ENOMEM;
	leaf->count += a->waits;
	leaf->taken += out->user_stack != 0;
	leaf->ns += a->wait_ns;
	leaf->runnable_count += a->runnable_ns > 0;
	leaf->runnable_ns += a->runnable_ns;
	return 0;
}

static int tree_sample(void *p, uint32_t thread, uint64_t time_ns, const struct event_sample *e)
{
	struct tree *self = p;
	struct leaf_key key = {
		.thread = thread,
		.user_stack = e->user_stack,
		.kernel_stack = e->kernel_stack,
		.class = STACK_RUN,
		.nr = -1,
	};
	struct leaf *leaf = leaf_of(&self->leaves, &key);

	(void)time_ns;
	if (!leaf)
		return -ENOMEM;
	leaf->count++;
	leaf->taken += e->user_stack != 0;
	return 0;
}

/* Time on the run queue is the same whatever was waited for before: join it by stack. */
static int join_runnable(struct leaves *l)
{
	for (size_t i = 0, count = l->list.count; i < count; i++) {
		const struct leaf from = l->list.at[i];
		struct leaf_key key = {
			.thread = from.key.thread,
			.user_stack = from.key.user_stack,
			.class = STACK_RUNNABLE,
			.nr = -1,
		};
		struct leaf *to;

		if (!from.runnable_count)
			continue;
		to = leaf_of(l, &key);
		if (!to)
			return -ENOMEM;
		to->count += from.runnable_count;
		to->ns += from.runnable_ns;
	}
	return 0;
}

static int stack_order(const void *x, const void *y)
{
	const struct result_stack *a = x, *b = y;
	int order = compare_u64(b->ns, a->ns);

	if (!order)
		order = compare_u64(b->count, a->count);
	if (!order)
		order = compare_u64(a->thread, b->thread);
	if (!order)
		order = a->class - b->class;
	if (!order)
		order = a->nr - b->nr;
	if (!order)
		order = compare_u64(a->user_stack, b->user_stack);
	return order ? order : compare_u64(a->kernel_stack, b->kernel_stack);
}

static int tree_finish(void *p, struct result *r)
{
	struct tree *self = p;

	if (join_runnable(&self->leaves) || vec_reserve(&r->stacks, self->leaves.list.count))
		return -ENOMEM;
	for (size_t i = 0; i < self->leaves.list.count; i++) {
		const struct leaf *leaf = &self->leaves.list.at[i];
		struct result_stack *to = &r->stacks.at[r->stacks.count++];
		struct stack_view stack;

		*to = (struct result_stack){
			.thread = self->c->threads.list.at[leaf->key.thread].rank,
			.class = leaf->key.class,
			.nr = leaf->key.nr,
			.user_stack = leaf->key.user_stack,
			.kernel_stack = leaf->key.kernel_stack,
			.count = leaf->count,
			.taken = leaf->taken,
			.ns = leaf->ns,
		};
		r->stacks_seen += to->taken;
		if (!stacks_get(self->c->stacks, to->user_stack, &stack))
			continue;
		if (stack.flags & STACK_TRUNCATED)
			r->stacks_truncated += to->taken;
		if (stack.flags & STACK_COMPLETE)
			r->stacks_complete += to->taken;
	}
	vec_sort(&r->stacks, stack_order);
	return 0;
}

const struct analysis analysis_tree = {
	.new = tree_new,
	.free = tree_free,
	.absence = tree_absence,
	.sample = tree_sample,
	.finish = tree_finish,
};
