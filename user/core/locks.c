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

struct lock_sum {
	uint32_t object, kernel_stack; /* either; or a futex without description: neither */
	uint32_t tgid; /* of whoever waited first */
	uint64_t argument; /* address of a futex as the system call has it */
	uint64_t kinds[LOCK_UNKNOWN + 1]; /* waits that looked like that kind */
	uint64_t waits, wait_ns, max_wait_ns, contended_ns, open_waits;
	struct holders holders; /* and waiters and wakers */
};

struct locks {
	struct context *c;
	VEC(struct lock_sum) list;
	struct map by_key; /* see lock_key() */
	struct map parties; /* see party_of() */
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
		holders_release(&self->list.at[i].holders);
	}
	vec_release(&self->list);
	map_release(&self->by_key);
	map_release(&self->parties);
	free(self);
}

/* The position of a party of a lock, new or not. 0 or -ENOMEM. */
static int party_of(struct locks *self, size_t lock, enum ender ender, uint32_t id, uint32_t *ret)
{
	/* lists of locks are short of 2^29, enders of 8: nothing collides */
	uint64_t key = (uint64_t)lock << 35 | (uint64_t)ender << 32 | id;
	const uint64_t *at = map_get(&self->parties, key);
	struct holders *h = &self->list.at[lock].holders;

	*ret = at ? (uint32_t)*at : (uint32_t)h->parties.count;
	if (at)
		return 0;
	if (vec_reserve(&h->parties, 1) || map_put(&self->parties, key, *ret))
		return -ENOMEM;
	return vec_push(&h->parties, (struct party){ .ender = ender, .id = id });
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
static int blame_holders(struct locks *self, size_t lock, const struct absence *a, uint32_t waiter,
			 uint32_t waker)
{
	struct holders *h = &self->list.at[lock].holders;
	const struct context *c = self->c;
	bool by_task = a->ender == ENDER_THREAD || a->ender == ENDER_TASK;
	uint32_t owner = waker, ended_by = waker;
	int rc = 0;

	if (!by_task)
		rc = party_of(self, lock, ENDER_UNKNOWN, 0, &ended_by);
	if (!rc && a->lock != LOCK_MUTEX) {
		struct party *p = &h->parties.at[ended_by];

		p->held += a->waits;
		p->blame_ns += a->wait_ns;
		p->inferred_ns += a->wait_ns;
		return 0;
	}
	if (!rc && a->owner != THREAD_NONE) {
		if (a->ender != ENDER_THREAD || a->ender_id != a->owner)
			rc = party_of(self, lock, ENDER_THREAD, a->owner, &owner);
		if (!rc)
			rc = holders_set(h, a->out_ns, owner, true);
	}
	if (rc)
		return rc;
	/* but for a deadlock with itself, who waits does not have the lock */
	holders_charge(h, context_clip(c, a->out_ns), context_clip(c, a->woken_ns),
		       a->owner == a->thread ? UINT32_MAX : waiter, ended_by);
	return a->ended && by_task ? holders_set(h, a->woken_ns, waiter, false) : 0;
}

static void party_waited(struct party *p, uint64_t waits, uint64_t wait_ns, uint64_t max_wait_ns,
			 uint32_t stack)
{
	p->waits += waits;
	p->wait_ns += wait_ns;
	if (max_wait_ns >= p->max_wait_ns) {
		p->max_wait_ns = max_wait_ns;
		p->stack = stack;
	}
}

static int locks_absence(void *p, const struct absence *a)
{
	struct locks *self = p;
	uint32_t waiter, waker = 0;
	struct lock_sum *l;
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
	if (party_of(self, lock, ENDER_THREAD, a->thread, &waiter))
		return -ENOMEM;
	party_waited(&l->holders.parties.at[waiter], a->waits, a->wait_ns, a->wait_ns,
		     a->out->user_stack);
	if (a->ender != ENDER_UNKNOWN) {
		if (party_of(self, lock, a->ender, a->ender_id, &waker))
			return -ENOMEM;
		l->holders.parties.at[waker].woke += a->waits;
	}
	return blame_holders(self, lock, a, waiter, waker);
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
		stacks_print_frame(self->c->stacks, stack.frames[i], 0, 0, out);
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
	for (size_t i = 0; i < f->holders.parties.count; i++) {
		const struct party *add = &f->holders.parties.at[i];
		struct party *party;
		uint32_t at;

		if (party_of(self, to, add->ender, add->id, &at))
			return -ENOMEM;
		party = &t->holders.parties.at[at];
		party_waited(party, add->waits, add->wait_ns, add->max_wait_ns, add->stack);
		party->held += add->held;
		party->blame_ns += add->blame_ns;
		party->inferred_ns += add->inferred_ns;
		party->woke += add->woke;
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
	size_t count = l->holders.parties.count;

	if (vec_reserve(&to->waiters, count) || vec_reserve(&to->holders, count) ||
	    vec_reserve(&to->wakers, count))
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		const struct party *p = &l->holders.parties.at[i];
		uint32_t tid = context_ender_tid(c, p->ender, p->id);

		if (p->waits)
			to->waiters.at[to->waiters.count++] = (struct result_waiter){
				tid, p->waits, p->wait_ns, p->max_wait_ns, p->stack,
			};
		if (p->held)
			to->holders.at[to->holders.count++] = (struct result_holder){
				.tid = tid,
				.waits = p->held,
				.blame_ns = p->blame_ns,
				.inferred_ns = p->inferred_ns,
			};
		if (p->woke)
			to->wakers.at[to->wakers.count++] = (struct result_waker){
				.tid = tid,
				.name = context_ender_name(c, p->ender, p->id),
				.count = p->woke,
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
