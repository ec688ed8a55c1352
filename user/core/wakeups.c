/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * wakeups: who wakes whom: pairs of who ended a wait and whose it was.
 * Interrupts have no identity of their own and are told apart by what the
 * thread waited for (classify.c). Of the places in the waker's code that did it,
 * each pair remembers the most frequent.
 */
#include "core/analysis.h"

struct wakeup_sum {
	enum ender ender;
	uint32_t id;
	uint32_t wakee; /* index */
	uint64_t count, wait_ns;
};

struct wakeups {
	struct context *c;
	VEC(struct wakeup_sum) list;
	struct map by_pair; /* wakee and recorded waker */
	struct map by_other; /* wakee and TID of another, or kind of interrupt */
	struct map by_stack; /* count, by index in list and the waker's stack */
};

static void *wakeups_new(struct context *c)
{
	struct wakeups *self = calloc(1, sizeof(*self));

	if (self)
		self->c = c;
	return self;
}

static void wakeups_free(void *p)
{
	struct wakeups *self = p;

	vec_release(&self->list);
	map_release(&self->by_pair);
	map_release(&self->by_other);
	map_release(&self->by_stack);
	free(self);
}

static int stack_count(struct wakeups *self, size_t pair, uint32_t stack, uint64_t count)
{
	uint64_t key = (uint64_t)pair << 32 | stack, *known;

	if (!stack)
		return 0;
	known = map_get(&self->by_stack, key);
	if (!known)
		return map_put(&self->by_stack, key, count);
	*known += count;
	return 0;
}

static int wakeups_absence(void *p, const struct absence *a)
{
	struct wakeups *self = p;
	struct map *m = a->ender == ENDER_THREAD ? &self->by_pair : &self->by_other;
	/* no TID is as large as the kinds of interrupt are made here */
	uint32_t id = a->ender > ENDER_TASK ? UINT32_MAX - a->ender : a->ender_id;
	uint64_t key = (uint64_t)a->thread << 32 | id;
	struct wakeup_sum *sum;
	const uint64_t *at;

	if (!a->waits || a->ender == ENDER_UNKNOWN || !context_inside(self->c, a->woken_ns))
		return 0;
	at = map_get(m, key);
	if (!at) {
		struct wakeup_sum first = {
			.ender = a->ender,
			.id = a->ender_id,
			.wakee = a->thread,
		};

		if (vec_reserve(&self->list, 1) || map_put(m, key, self->list.count) ||
		    vec_push(&self->list, first))
			return -ENOMEM;
		sum = &self->list.at[self->list.count - 1];
	} else {
		sum = &self->list.at[*at];
	}
	sum->count += a->waits;
	sum->wait_ns += a->wait_ns;
	return stack_count(self, (size_t)(sum - self->list.at), a->out ? a->out->waker_stack : 0,
			   a->waits);
}

/* Gives each pair its most frequent stack; of two, the one that was seen first. */
static void stacks_choose(const struct wakeups *self, struct result_wakeup *pairs)
{
	uint64_t key, count;
	size_t pos = 0;

	while (map_next(&self->by_stack, &pos, &key, &count)) {
		struct result_wakeup *w = &pairs[key >> 32];
		uint32_t stack = (uint32_t)key;

		if (count > w->stack_count || (count == w->stack_count && stack < w->stack)) {
			w->stack = stack;
			w->stack_count = count;
		}
	}
}

static int wakeup_order(const void *x, const void *y)
{
	const struct result_wakeup *a = x, *b = y;
	int order = compare_u64(b->count, a->count);

	if (!order)
		order = compare_u64(b->wait_ns, a->wait_ns);
	if (!order)
		order = compare_u64(a->wakee_tid, b->wakee_tid);
	return order ? order : compare_u64(a->waker_tid, b->waker_tid);
}

static int wakeups_finish(void *p, struct result *r)
{
	struct wakeups *self = p;
	const struct context *c = self->c;

	if (vec_reserve(&r->wakeups, self->list.count))
		return -ENOMEM;
	for (size_t i = 0; i < self->list.count; i++) {
		const struct wakeup_sum *sum = &self->list.at[i];
		const struct thread *wakee = &c->threads.list.at[sum->wakee];

		r->wakeups.at[r->wakeups.count++] = (struct result_wakeup){
			.waker_tid = context_ender_tid(c, sum->ender, sum->id),
			.waker = context_ender_name(c, sum->ender, sum->id),
			.interrupt = sum->ender > ENDER_TASK,
			.within = sum->ender == ENDER_THREAD,
			.wakee_tid = wakee->tid,
			.wakee = wakee->comm,
			.count = sum->count,
			.wait_ns = sum->wait_ns,
		};
	}
	if (r->wakeups.count)
		stacks_choose(self, r->wakeups.at);
	vec_sort(&r->wakeups, wakeup_order);
	return 0;
}

const struct analysis analysis_wakeups = {
	.new = wakeups_new,
	.free = wakeups_free,
	.absence = wakeups_absence,
	.finish = wakeups_finish,
};
