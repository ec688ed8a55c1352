/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * io: waits for the world outside of the threads, by the object that was waited
 * for and the class of the wait. Where there is no object (a path, a page, a
 * lost description) the system call stands for it.
 */
#include "core/analysis.h"

struct io_sum {
	enum wait_class class;
	uint32_t object; /* 0: none */
	int nr; /* object 0: the system call, or -1 */
	int max_nr; /* the system call of the longest wait */
	uint64_t waits, wait_ns, max_wait_ns;
	uint32_t threads, last_thread;
};

struct io {
	struct context *c;
	VEC(struct io_sum) list;
	struct map by_key;
	struct map waiters; /* pairs of list position and thread that were seen */
};

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

	vec_release(&self->list);
	map_release(&self->by_key);
	map_release(&self->waiters);
	free(self);
}

/* Idle waits and sleeps are only interesting with the object that they were on. */
static bool is_io(const struct absence *a)
{
	switch (a->class) {
	case CLASS_FILE:
	case CLASS_SOCKET:
	case CLASS_PIPE:
	case CLASS_FAULT:
		return true;
	case CLASS_IDLE:
	case CLASS_SLEEP:
		return a->out->object;
	default:
		return false;
	}
}

static int io_of(struct io *self, const struct absence *a, size_t *ret)
{
	uint32_t object = a->out->object;
	/* a fault has no call of its own, whatever call it happened in */
	int nr = object || a->class == CLASS_FAULT ? -1 : a->out->nr;
	uint64_t key = (uint64_t)a->class << 33 | (uint64_t)!object << 32 |
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
					     .object = object,
					     .nr = nr,
					     .max_nr = -1,
					     .last_thread = THREAD_NONE,
				     });
}

static int io_absence(void *p, const struct absence *a)
{
	struct io *self = p;
	struct io_sum *sum;
	uint64_t pair;
	size_t at;

	if (!a->waits || !is_io(a))
		return 0;
	if (io_of(self, a, &at))
		return -ENOMEM;
	sum = &self->list.at[at];
	sum->waits += a->waits;
	sum->wait_ns += a->wait_ns;
	/* of a sum of short waits no single one is known */
	if (a->waits == 1 && a->wait_ns >= sum->max_wait_ns) {
		sum->max_wait_ns = a->wait_ns;
		sum->max_nr = a->out->nr;
	}
	if (sum->last_thread == a->thread)
		return 0;
	sum->last_thread = a->thread;
	pair = (uint64_t)at << 32 | a->thread;
	if (map_get(&self->waiters, pair))
		return 0;
	sum->threads++;
	return map_put(&self->waiters, pair, 1);
}

static int io_order(const void *x, const void *y)
{
	const struct result_io *a = x, *b = y;
	int order = compare_u64(b->wait_ns, a->wait_ns);

	if (!order)
		order = compare_u64(a->class, b->class);
	return order ? order : compare_u64(a->object, b->object);
}

/* What reports call it. */
static const char *target_of(struct io *self, const struct io_sum *sum)
{
	const struct object *o = objects_find(&self->c->objects, sum->object);
	const char *text = o ? objects_text(&self->c->objects, o) : "";
	const char *name = sum->object ? NULL : syscall_name(self->c->machine, sum->nr);

	if (*text)
		return text;
	if (name)
		return name;
	return sum->class == CLASS_FAULT ? "page fault" : "unknown";
}

static int io_finish(void *p, struct result *r)
{
	struct io *self = p;

	if (vec_reserve(&r->io, self->list.count))
		return -ENOMEM;
	for (size_t i = 0; i < self->list.count; i++) {
		const struct io_sum *sum = &self->list.at[i];

		r->io.at[r->io.count++] = (struct result_io){
			.class = sum->class,
			.target = target_of(self, sum),
			.object = sum->object,
			.waits = sum->waits,
			.wait_ns = sum->wait_ns,
			.max_wait_ns = sum->max_wait_ns,
			.threads = sum->threads,
			.syscall = syscall_name(self->c->machine, sum->max_nr),
		};
	}
	vec_sort(&r->io, io_order);
	return 0;
}

const struct analysis analysis_io = {
	.new = io_new,
	.free = io_free,
	.absence = io_absence,
	.finish = io_finish,
};
