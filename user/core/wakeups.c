/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * wakeups: who wakes whom: pairs of who ended a wait and whose it was.
 * Interrupts have no identity of their own and are told apart by what the
 * thread waited for (classify.c).
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
	free(self);
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
	return 0;
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
			.wakee_tid = wakee->tid,
			.wakee = wakee->comm,
			.count = sum->count,
			.wait_ns = sum->wait_ns,
		};
	}
	vec_sort(&r->wakeups, wakeup_order);
	return 0;
}

const struct analysis analysis_wakeups = {
	.new = wakeups_new,
	.free = wakeups_free,
	.absence = wakeups_absence,
	.finish = wakeups_finish,
};
