/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * io: waits for the world outside of the threads. They are summed by object and
 * class as they come (where there is no object, the system call stands for it).
 * At the end, when it is known who has which end, what people see as one is put
 * together: all connections of a client to one address, all those that a server
 * accepted at one, the event descriptors of a process. io_rows.c does that.
 */
#include "core/io.h"

static void *io_new(struct context *c)
{
	struct io *self = calloc(1, sizeof(*self));

	if (self)
		self->c = c;
	return self;
}

static void io_free(void *p)
{
	struct io *self = p;

	for (size_t i = 0; i < self->list.count; i++)
		durations_release(&self->list.at[i].durations);
	vec_release(&self->list);
	vec_release(&self->waiters);
	map_release(&self->by_key);
	map_release(&self->by_pair);
	free(self);
}

/*
 * Idle waits and sleeps are only interesting with the object that they were on; where a
 * runtime sleeps on a futex, that is a word of its own memory.
 */
static bool is_io(const struct io *self, const struct absence *a)
{
	const struct object *o;

	switch (a->class) {
	case CLASS_FILE:
	case CLASS_SOCKET:
	case CLASS_PIPE:
	case CLASS_FAULT:
		return true;
	case CLASS_IDLE:
	case CLASS_SLEEP:
		o = objects_find(&self->c->objects, a->out->object);
		return o && o->kind != OBJECT_FUTEX;
	default:
		return false;
	}
}

static int io_of(struct io *self, const struct absence *a, size_t *ret)
{
	uint32_t object = a->out->object;
	enum io_side side = side_of_call(self->c, objects_find(&self->c->objects, object),
					 a->out->nr);
	/* a fault has no call of its own, whatever call it happened in */
	int nr = object || a->class == CLASS_FAULT ? -1 : a->out->nr;
	uint64_t key = (uint64_t)a->class << 40 | (uint64_t)side << 36 | (uint64_t)!object << 32 |
		       (object ? object : (uint16_t)nr);
	const uint64_t *at = map_get(&self->by_key, key);

	if (at) {
		*ret = (size_t)*at;
		return 0;
	}
	*ret = self->list.count;
	if (vec_reserve(&self->list, 1) || map_put(&self->by_key, key, self->list.count))
		return -ENOMEM;
	return vec_push(&self->list, (struct io_sum){
					     .class = a->class,
					     .side = side,
					     .object = object,
					     .nr = nr,
					     .max_nr = -1,
					     .last_thread = THREAD_NONE,
				     });
}

void io_call_add(struct io_call *calls, const struct io_call *one)
{
	struct io_call *call = calls;

	while (call < calls + IO_CALLS - 1 && call->waits && call->nr != one->nr)
		call++;
	/* the last place is for all that found none */
	call->nr = !call->waits || call->nr == one->nr ? one->nr : IO_OTHER_CALLS;
	call->waits += one->waits;
	call->wait_ns += one->wait_ns;
	call->max_wait_ns = max_u64(call->max_wait_ns, one->max_wait_ns);
}

static int io_waiter_of(struct io *self, size_t at, uint32_t thread, struct io_waiter **ret)
{
	struct io_sum *sum = &self->list.at[at];
	uint64_t pair = (uint64_t)at << 32 | thread;
	const uint64_t *known;

	if (sum->last_thread != thread) {
		known = map_get(&self->by_pair, pair);
		if (!known) {
			struct io_waiter first = { .sum = (uint32_t)at, .thread = thread };

			if (vec_reserve(&self->waiters, 1) ||
			    map_put(&self->by_pair, pair, self->waiters.count) ||
			    vec_push(&self->waiters, first))
				return -ENOMEM;
			sum->last_waiter = (uint32_t)self->waiters.count - 1;
		} else {
			sum->last_waiter = (uint32_t)*known;
		}
		sum->last_thread = thread;
	}
	*ret = &self->waiters.at[sum->last_waiter];
	return 0;
}

static int io_absence(void *p, const struct absence *a)
{
	struct io *self = p;
	struct io_waiter *waiter;
	struct io_sum *sum;
	size_t at;
	int rc;

	if (!a->waits || !is_io(self, a))
		return 0;
	if (io_of(self, a, &at) || io_waiter_of(self, at, a->thread, &waiter))
		return -ENOMEM;
	sum = &self->list.at[at];
	sum->waits += a->waits;
	sum->wait_ns += a->wait_ns;
	waiter->waits += a->waits;
	waiter->wait_ns += a->wait_ns;
	io_call_add(sum->calls, &(struct io_call){
					.nr = a->out->nr,
					.waits = a->waits,
					.wait_ns = a->wait_ns,
					.max_wait_ns = a->waits == 1 ? a->wait_ns : 0,
				});
	/* of a sum of short waits no single one is known */
	if (a->waits != 1)
		return 0;
	rc = durations_add(&sum->durations, a->wait_ns);
	if (a->wait_ns >= sum->max_wait_ns) {
		sum->max_wait_ns = a->wait_ns;
		sum->max_nr = a->out->nr;
		sum->max_stack = a->out->user_stack;
	}
	if (a->wait_ns >= waiter->max_wait_ns) {
		waiter->max_wait_ns = a->wait_ns;
		waiter->max_stack = a->out->user_stack;
	}
	return rc;
}

const struct analysis analysis_io = {
	.new = io_new,
	.free = io_free,
	.absence = io_absence,
	.finish = io_finish,
};
