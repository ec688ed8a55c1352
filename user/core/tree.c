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
};

struct tree {
	struct context *c;
	VEC(struct leaf) leaves;
	struct map by_key; /* hash of the key, or one of the next numbers when it is taken */
};

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

	vec_release(&self->leaves);
	map_release(&self->by_key);
	free(self);
}

static int leaf_add(struct tree *self, const struct leaf_key *key, uint64_t count, uint64_t ns)
{
	uint64_t words[2], hash;
	const uint64_t *at;
	struct leaf *leaf;

	memcpy(words, key, sizeof(words));
	for (hash = hash_u64(hash_u64(words[0]) + words[1]);; hash++) {
		at = map_get(&self->by_key, hash);
		if (!at || !memcmp(&self->leaves.at[*at].key, key, sizeof(*key)))
			break;
	}
	if (at) {
		leaf = &self->leaves.at[*at];
		leaf->count += count;
		leaf->ns += ns;
		return 0;
	}
	if (vec_reserve(&self->leaves, 1) || map_put(&self->by_key, hash, self->leaves.count))
		return -ENOMEM;
	return vec_push(&self->leaves, (struct leaf){ *key, count, ns });
}

static int tree_absence(void *p, const struct absence *a)
{
	const struct event_out *out = a->out;
	struct leaf_key key = {
		.thread = a->thread,
		.user_stack = out->user_stack,
		.kernel_stack = out->kernel_stack,
	};
	int rc = 0;

	if (a->waits) {
		key.class = (int16_t)a->class;
		key.nr = out->nr;
		rc = leaf_add(p, &key, a->waits, a->wait_ns);
	}
	if (!rc && a->runnable_ns) {
		key.class = STACK_RUNNABLE;
		key.nr = -1;
		key.kernel_stack = 0;
		rc = leaf_add(p, &key, 1, a->runnable_ns);
	}
	return rc;
}

static int tree_sample(void *p, uint32_t thread, const struct event_sample *e)
{
	struct leaf_key key = {
		.thread = thread,
		.user_stack = e->user_stack,
		.kernel_stack = e->kernel_stack,
		.class = STACK_RUN,
		.nr = -1,
	};

	return leaf_add(p, &key, 1, 0);
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

	if (vec_reserve(&r->stacks, self->leaves.count))
		return -ENOMEM;
	for (size_t i = 0; i < self->leaves.count; i++) {
		const struct leaf *leaf = &self->leaves.at[i];
		struct result_stack *to = &r->stacks.at[r->stacks.count++];
		struct stack_view stack;

		*to = (struct result_stack){
			.thread = self->c->threads.list.at[leaf->key.thread].rank,
			.class = leaf->key.class,
			.nr = leaf->key.nr,
			.user_stack = leaf->key.user_stack,
			.kernel_stack = leaf->key.kernel_stack,
			.count = leaf->count,
			.ns = leaf->ns,
		};
		/* the run queue behind a wait has the same stack once more */
		if (to->class == STACK_RUNNABLE || !to->user_stack)
			continue;
		r->stacks_seen += to->count;
		if (!stacks_get(self->c->stacks, to->user_stack, &stack))
			continue;
		if (stack.flags & STACK_TRUNCATED)
			r->stacks_truncated += to->count;
		if (stack.flags & STACK_COMPLETE)
			r->stacks_complete += to->count;
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
