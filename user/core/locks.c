/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * locks: waits by what they were for where that is a lock or a signal between
 * threads: futexes, file locks, and locks inside the kernel.
 *
 * A futex or a file is named by its object. A lock of the kernel has no name
 * but the function that takes it, and functions have names only when the
 * recording is over: until then it is the kernel stack, and at the end those
 * of one function become one lock.
 *
 * Invariant: the sum of what holders are blamed for is the lock's wait.
 */
#include "core/holders.h"

#include <string.h>

struct waiter_sum {
	uint32_t thread;
	struct result_waiter sum; /* without tid */
};

struct lock_sum {
	uint32_t object, kernel_stack; /* either; or a futex without description: neither */
	uint32_t tgid; /* of whoever waited first */
	uint64_t argument; /* address of a futex as the system call has it */
	uint64_t kinds[LOCK_UNKNOWN + 1]; /* waits that looked like that kind */
	uint64_t waits, wait_ns, max_wait_ns, contended_ns, open_waits;
	VEC(struct waiter_sum) waiters;
	struct holders holders;
};

struct locks {
	struct context *c;
	VEC(struct lock_sum) list;
	struct map by_key; /* see lock_key() */
	struct map waiters, parties; /* see pair_key(): positions in a lock's lists */
	uint64_t last_key; /* the look-up before this one; 0 none */
	size_t last_lock;
};

static void *locks_new(struct context *c)
{
	struct locks *self = calloc(1, sizeof(*self));

	if (self)
		self->c = c;
	return self;
}

static void locks_free(void *p)
{
	struct locks *self = p;

	for (size_t i = 0; i < self->list.count; i++) {
		vec_release(&self->list.at[i].waiters);
		holders_release(&self->list.at[i].holders);
	}
	vec_release(&self->list);
	map_release(&self->by_key);
	map_release(&self->waiters);
	map_release(&self->parties);
	free(self);
}

/* Lists of locks are short of 2^29, enders of 8: nothing collides. */
static uint64_t pair_key(size_t lock, enum ender ender, uint32_t id)
{
	return (uint64_t)lock << 35 | (uint64_t)ender << 32 | id;
}

/* Finds the position of a pair, or makes it @count; false when out of memory. */
static bool pair_at(struct map *m, uint64_t key, size_t count, size_t *ret)
{
	const uint64_t *at = map_get(m, key);

	*ret = at ? (size_t)*at : count;
	return at || !map_put(m, key, count);
}

static int waiter_add(struct locks *self, size_t lock, uint32_t thread,
		      const struct result_waiter *add)
{
	struct lock_sum *l = &self->list.at[lock];
	struct result_waiter *w;
	size_t at;

	if (vec_reserve(&l->waiters, 1) ||
	    !pair_at(&self->waiters, pair_key(lock, ENDER_THREAD, thread), l->waiters.count, &at))
		return -ENOMEM;
	if (at == l->waiters.count)
		l->waiters.at[l->waiters.count++] = (struct waiter_sum){ .thread = thread };
	w = &l->waiters.at[at].sum;
	w->waits += add->waits;
	w->wait_ns += add->wait_ns;
	if (add->max_wait_ns >= w->max_wait_ns) {
		w->max_wait_ns = add->max_wait_ns;
		w->stack = add->stack;
	}
	return 0;
}

/* The position of a party of a lock, new or not. 0 or -ENOMEM. */
static int party_of(struct locks *self, size_t lock, enum ender ender, uint32_t id, uint32_t *ret)
{
	struct holders *h = &self->list.at[lock].holders;
	size_t at;

	if (vec_reserve(&h->parties, 1) ||
	    !pair_at(&self->parties, pair_key(lock, ender, id), h->parties.count, &at))
		return -ENOMEM;
	if (at == h->parties.count)
		h->parties.at[h->parties.count++] = (struct party){ .ender = ender, .id = id };
	*ret = (uint32_t)at;
	return 0;
}

/* 0: it has no identity. */
static uint64_t lock_key(const struct absence *a)
{
	const struct event_out *out = a->out;

	if (a->lock == LOCK_KERNEL)
		return out->kernel_stack ? 1ull << 40 | out->kernel_stack : 0;
	if (out->object)
		return 2ull << 40 | out->object;
	if (out->futex != FUTEX_KIND_NONE)
		return hash_u64(hash_u64(out->args[0]) + out->tgid) | 1ull << 63;
	return 0;
}

static int lock_of(struct locks *self, const struct absence *a, size_t *ret)
{
	uint64_t key = lock_key(a);
	const uint64_t *at;

	*ret = self->list.count;
	if (!key)
		return 0;
	if (key != self->last_key) {
		at = map_get(&self->by_key, key);
		self->last_lock = at ? (size_t)*at : self->list.count;
		self->last_key = key;
	}
	*ret = self->last_lock;
	if (*ret < self->list.count)
		return 0;
	if (vec_reserve(&self->list, 1) || map_put(&self->by_key, key, self->list.count))
		return -ENOMEM;
	return vec_push(&self->list, (struct lock_sum){
					     .object = a->lock == LOCK_KERNEL ? 0 : a->out->object,
					     .kernel_stack = a->lock == LOCK_KERNEL ?
								     a->out->kernel_stack :
								     0,
					     .tgid = a->out->tgid,
					     .argument = a->out->args[0],
				     });
}

/*
 * Charges a wait to who had the lock meanwhile. Only a mutex has one holder at a
 * time, who got it when its own wait ended; of what else threads wait for, who
 * ended the wait is all that is known.
 */
static int blame_holders(struct locks *self, size_t lock, const struct absence *a)
{
	struct holders *h = &self->list.at[lock].holders;
	const struct context *c = self->c;
	bool by_task = a->ender == ENDER_THREAD || a->ender == ENDER_TASK;
	uint32_t waker, owner, waiter;
	int rc;

	/* those that interrupts end have no party of that kind to blame */
	rc = party_of(self, lock, by_task ? a->ender : ENDER_UNKNOWN, a->ender_id, &waker);
	if (!rc && a->lock != LOCK_MUTEX) {
		h->parties.at[waker].waits += a->waits;
		h->parties.at[waker].blame_ns += a->wait_ns;
		h->parties.at[waker].inferred_ns += a->wait_ns;
		return 0;
	}
	if (!rc)
		rc = party_of(self, lock, ENDER_THREAD, a->thread, &waiter);
	if (!rc && a->owner != THREAD_NONE) {
		rc = party_of(self, lock, ENDER_THREAD, a->owner, &owner);
		if (!rc)
			rc = holders_set(h, a->out_ns, owner, true);
	}
	if (rc)
		return rc;
	/* but for a deadlock with itself, who waits does not have the lock */
	holders_charge(h, context_clip(c, a->out_ns), context_clip(c, a->woken_ns),
		       a->owner == a->thread ? UINT32_MAX : waiter, waker);
	return a->ended && by_task ? holders_set(h, a->woken_ns, waiter, false) : 0;
}

static int locks_absence(void *p, const struct absence *a)
{
	struct locks *self = p;
	struct result_waiter waiter = {
		.waits = a->waits,
		.wait_ns = a->wait_ns,
		.max_wait_ns = a->wait_ns,
		.stack = a->out->user_stack,
	};
	struct lock_sum *l;
	uint32_t waker;
	size_t lock;

	if (a->lock < 0 || !a->waits)
		return 0;
	if (lock_of(self, a, &lock))
		return -ENOMEM;
	if (lock == self->list.count)
		return 0;
	l = &self->list.at[lock];
	l->waits += a->waits;
	l->wait_ns += a->wait_ns;
	l->max_wait_ns = max_u64(l->max_wait_ns, a->wait_ns);
	l->kinds[a->lock] += a->waits;
	if (a->class == CLASS_LOCK)
		l->contended_ns += a->wait_ns;
	if (!a->ended)
		l->open_waits++;
	if (waiter_add(self, lock, a->thread, &waiter))
		return -ENOMEM;
	if (a->ender != ENDER_UNKNOWN) {
		if (party_of(self, lock, a->ender, a->ender_id, &waker))
			return -ENOMEM;
		l->holders.parties.at[waker].woke += a->waits;
	}
	return blame_holders(self, lock, a);
}

/* The function that waited for the lock: the first that is not the lock itself. */
static int kernel_function(struct locks *self, uint32_t kernel_stack, struct strbuf *out)
{
	static const char *const inside[] = {
		"schedule",    "__schedule",	"preempt_schedule", "io_schedule", "mutex_",
		"__mutex_",    "ww_mutex_",	"__ww_mutex_",	    "rt_mutex_",   "__rt_mutex_",
		"rwsem_",      "down_",		"__down",	    "percpu_",	   "__percpu_",
		"rwbase_",     "rt_spin_",	"rtlock_",	    "_raw_",	   "__switch_to",
		"bit_wait",    "__wait_on_bit", "out_of_line_wait", "wait_for_common",
		"__lock_",     "__wait_for_common",
	};
	struct stack_view stack;

	if (!stacks_get(self->c->stacks, kernel_stack, &stack))
		strbuf_puts(out, "[unknown]");
	for (uint32_t i = 0; i < stack.count; i++) {
		bool skip = false;

		strbuf_clear(out);
		stacks_print_frame(self->c->stacks, stack.frames[i], false, out);
		if (strbuf_error(out))
			return -ENOMEM;
		for (size_t k = 0; k < ARRAY_COUNT(inside); k++)
			skip |= !strncmp(out->buf, inside[k], strlen(inside[k]));
		if (!skip)
			return 0;
	}
	return strbuf_error(out);
}

static int lock_merge(struct locks *self, size_t to, size_t from)
{
	struct lock_sum *t = &self->list.at[to], *f = &self->list.at[from];

	t->waits += f->waits;
	t->wait_ns += f->wait_ns;
	t->max_wait_ns = max_u64(t->max_wait_ns, f->max_wait_ns);
	t->open_waits += f->open_waits;
	for (size_t i = 0; i < f->waiters.count; i++)
		if (waiter_add(self, to, f->waiters.at[i].thread, &f->waiters.at[i].sum))
			return -ENOMEM;
	for (size_t i = 0; i < f->holders.parties.count; i++) {
		const struct party *add = &f->holders.parties.at[i];
		uint32_t at;

		if (party_of(self, to, add->ender, add->id, &at))
			return -ENOMEM;
		t->holders.parties.at[at].waits += add->waits;
		t->holders.parties.at[at].blame_ns += add->blame_ns;
		t->holders.parties.at[at].inferred_ns += add->inferred_ns;
		t->holders.parties.at[at].woke += add->woke;
	}
	f->waits = 0;
	return 0;
}

/* Joins kernel locks by function; @places gets each one's, by lock. */
static int join_kernel_locks(struct locks *self, const char **places)
{
	struct intern names = { 0 };
	struct map first = MAP_INIT; /* name to lock */
	struct strbuf name = STRBUF_INIT;
	int rc = 0;

	for (size_t i = 0; i < self->list.count && !rc; i++) {
		const uint64_t *to;
		uint32_t id;

		if (!self->list.at[i].kernel_stack)
			continue;
		strbuf_clear(&name);
		rc = kernel_function(self, self->list.at[i].kernel_stack, &name);
		if (!rc)
			rc = intern_put(&names, name.buf, name.len, &id);
		if (rc)
			break;
		to = map_get(&first, id);
		if (to) {
			rc = lock_merge(self, *to, i);
			continue;
		}
		rc = map_put(&first, id, i);
		places[i] = context_text(self->c, &name);
		if (!places[i])
			rc = -ENOMEM;
	}
	strbuf_release(&name);
	map_release(&first);
	intern_release(&names);
	return rc;
}

static int waiter_order(const void *x, const void *y)
{
	const struct result_waiter *a = x, *b = y;
	int order = compare_u64(b->wait_ns, a->wait_ns);

	return order ? order : compare_u64(a->tid, b->tid);
}

static int holder_order(const void *x, const void *y)
{
	const struct result_holder *a = x, *b = y;
	int order = compare_u64(b->blame_ns, a->blame_ns);

	return order ? order : compare_u64(a->tid, b->tid);
}

static int waker_order(const void *x, const void *y)
{
	const struct result_waker *a = x, *b = y;
	int order = compare_u64(b->count, a->count);

	return order ? order : compare_u64(a->tid, b->tid);
}

static int lock_order(const void *x, const void *y)
{
	const struct result_lock *a = x, *b = y;
	int order = compare_u64(b->wait_ns, a->wait_ns);

	return order ? order : compare_u64(a->id, b->id);
}

static int list_parties(struct locks *self, const struct lock_sum *l, struct result_lock *to)
{
	const struct context *c = self->c;

	if (vec_reserve(&to->waiters, l->waiters.count) ||
	    vec_reserve(&to->holders, l->holders.parties.count) ||
	    vec_reserve(&to->wakers, l->holders.parties.count))
		return -ENOMEM;
	for (size_t i = 0; i < l->waiters.count; i++) {
		struct result_waiter w = l->waiters.at[i].sum;

		w.tid = c->threads.list.at[l->waiters.at[i].thread].tid;
		to->waiters.at[to->waiters.count++] = w;
	}
	for (size_t i = 0; i < l->holders.parties.count; i++) {
		const struct party *party = &l->holders.parties.at[i];
		uint32_t tid = context_ender_tid(c, party->ender, party->id);

		if (party->waits)
			to->holders.at[to->holders.count++] = (struct result_holder){
				.tid = tid,
				.waits = party->waits,
				.blame_ns = party->blame_ns,
				.inferred_ns = party->inferred_ns,
			};
		if (party->woke)
			to->wakers.at[to->wakers.count++] = (struct result_waker){
				.tid = tid,
				.name = context_ender_name(c, party->ender, party->id),
				.count = party->woke,
			};
	}
	vec_sort(&to->waiters, waiter_order);
	vec_sort(&to->holders, holder_order);
	vec_sort(&to->wakers, waker_order);
	return 0;
}

/* What most of its waits looked like; knowing nothing counts least. */
static enum lock_kind kind_of(const struct lock_sum *l)
{
	enum lock_kind best = LOCK_UNKNOWN;

	for (int kind = 0; kind < LOCK_UNKNOWN; kind++)
		if (l->kinds[kind] > (best == LOCK_UNKNOWN ? 0 : l->kinds[best]))
			best = kind;
	return best;
}

static void describe(struct locks *self, const struct lock_sum *l, struct result_lock *to)
{
	const struct object *o = objects_find(&self->c->objects, l->object);
	const char *text = o ? objects_text(&self->c->objects, o) : "";

	to->kind = kind_of(l);
	if (l->kernel_stack) {
		to->shared = true;
		return;
	}
	to->address = o && o->kind == OBJECT_FUTEX ? o->address : o ? 0 : l->argument;
	to->shared = o && (o->kind != OBJECT_FUTEX || o->flags & OBJECT_SHARED);
	to->tgid = to->shared ? 0 : l->tgid;
	to->name = *text ? text : NULL;
}

static int list_locks(struct locks *self, const char **places, struct result *r)
{
	for (size_t i = 0; i < self->list.count; i++) {
		struct lock_sum *l = &self->list.at[i];
		struct result_lock *to;

		holders_finish(&l->holders);
		if (!l->waits)
			continue;
		if (vec_push(&r->locks, (struct result_lock){
						.id = (uint32_t)i + 1,
						.place = places[i],
						.waits = l->waits,
						.wait_ns = l->wait_ns,
						.max_wait_ns = l->max_wait_ns,
						.contended_ns = l->contended_ns,
						.open_waits = l->open_waits,
					}))
			return -ENOMEM;
		to = &r->locks.at[r->locks.count - 1];
		describe(self, l, to);
		if (list_parties(self, l, to))
			return -ENOMEM;
	}
	vec_sort(&r->locks, lock_order);
	return 0;
}

static int locks_finish(void *p, struct result *r)
{
	struct locks *self = p;
	const char **places = calloc(self->list.count + 1, sizeof(*places));
	int rc;

	if (!places)
		return -ENOMEM;
	rc = join_kernel_locks(self, places);
	if (!rc)
		rc = list_locks(self, places, r);
	free(places);
	return rc;
}

const struct analysis analysis_locks = {
	.new = locks_new,
	.free = locks_free,
	.absence = locks_absence,
	.finish = locks_finish,
};
