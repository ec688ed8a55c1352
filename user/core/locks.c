/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * locks: waits by what they were for where that is a lock or a signal between
 * threads: futexes, file locks, and locks inside the kernel.
 *
 * A futex or a file is named by its object. A lock of the kernel has no name
 * but the functions that take it, and those have names only when the recording is
 * over: until then it is the kernel stack (lock_list.c joins them).
 *
 * Invariant: the sum of what holders are blamed for is the lock's wait.
 */
#include "core/locks.h"

#include <string.h>

/*
 * Wakeups by one thread within this time of each other come from one broadcast (a
 * wakeup costs about 2 us), and who waits again after so little time with a core
 * has found nothing to do: reading the clock and the condition, and locking
 * twice, takes less; work that is worth a thread takes more.
 */
enum { HERD_WAKEUPS_NS = 20000, HERD_LOOK_NS = 15000, GIL_LOOK_NS = 1000000 };

static void *locks_new(struct context *c)
{
	struct locks *self = calloc(1, sizeof(*self));

	if (self) {
		self->c = c;
		self->past.c = c;
	}
	return self;
}

static void locks_free(void *p)
{
	struct locks *self = p;

	for (size_t i = 0; i < self->list.count; i++)
		holders_release(&self->list.at[i].holders);
	vec_release(&self->list);
	vec_release(&self->open);
	vec_release(&self->acts);
	map_release(&self->by_key);
	map_release(&self->parties);
	past_release(&self->past);
	free(self);
}

int locks_party(struct locks *self, size_t lock, enum ender ender, uint32_t id, uint32_t *ret)
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
static uint64_t lock_key(struct locks *self, const struct absence *a)
{
	const struct event_out *out = a->out;
	const struct object *o = objects_find(&self->c->objects, out->object);

	/* what there is one of for each process, or for each file, is told apart later */
	if (a->lock == LOCK_KERNEL)
		return hash_u64(hash_u64((uint64_t)out->tgid << 32 | out->object) +
				out->kernel_stack) | 1ull << 63;
	/* a mutex and a condition, but one lock */
	if (o && o->gil)
		return 3ull << 40 | out->tgid;
	if (out->object)
		return 2ull << 40 | out->object; /* see kind_key() */
	if (out->futex != FUTEX_KIND_NONE)
		return hash_u64(hash_u64(out->args[0]) + out->tgid) | 1ull << 63;
	return 0;
}

static int lock_add(struct locks *self, const struct absence *a, uint64_t key)
{
	if (vec_reserve(&self->list, 1) || map_put(&self->by_key, key, self->list.count))
		return -ENOMEM;
	return vec_push(&self->list, (struct lock_sum){
					     .object = a->out->object,
					     .kernel_stack = a->lock == LOCK_KERNEL ?
								     a->out->kernel_stack :
								     0,
					     .tgid = a->out->tgid,
					     .argument = a->out->args[0],
					     .kind = a->lock,
				     });
}

/* Behind the keys of objects, which leave room. */
static uint64_t kind_key(uint64_t key, int kind)
{
	return key | (uint64_t)(kind + 1) << 34;
}

/*
 * What was a mutex and is waited for like a condition is another lock: its memory was
 * freed and given away again. What does not tell belongs to what was there last.
 */
static int lock_changes(struct locks *self, const struct absence *a, uint64_t key)
{
	const struct lock_sum *l = &self->list.at[self->last_lock];
	uint64_t other = kind_key(key, a->lock);
	const uint64_t *at;

	if (map_put(&self->by_key, kind_key(key, l->kind), self->last_lock))
		return -ENOMEM;
	at = map_get(&self->by_key, other);
	self->last_lock = at ? (size_t)*at : self->list.count;
	if (!at && lock_add(self, a, other))
		return -ENOMEM;
	return map_put(&self->by_key, key, self->last_lock);
}

static int lock_of(struct locks *self, const struct absence *a, size_t *ret)
{
	uint64_t key = lock_key(self, a);
	const uint64_t *at;
	struct lock_sum *l;
	int rc = 0;

	*ret = self->list.count;
	if (!key)
		return 0;
	if (key != self->last_key) {
		at = map_get(&self->by_key, key);
		self->last_lock = at ? (size_t)*at : self->list.count;
		self->last_key = key;
	}
	if (self->last_lock == self->list.count)
		rc = lock_add(self, a, key);
	if (rc)
		return rc;
	l = &self->list.at[self->last_lock];
	if (l->kind == LOCK_UNKNOWN)
		l->kind = a->lock;
	else if (a->lock != l->kind && a->lock != LOCK_UNKNOWN && key >> 40 == 2)
		rc = lock_changes(self, a, key);
	*ret = self->last_lock;
	return rc;
}

/* One holds it at a time, as far as can be known. */
static bool is_exclusive(int kind)
{
	return kind == LOCK_MUTEX || kind == LOCK_RWLOCK || kind == LOCK_GIL || kind == LOCK_FILE;
}

/* Others may have got it as well. */
static bool is_for_many(const struct context *c, const struct absence *a)
{
	enum { SHARED = 1 }; /* LOCK_SH of flock(2) */

	return a->lock == LOCK_RWLOCK ||
	       (a->lock == LOCK_FILE && a->out->args[1] & SHARED &&
		syscall_identify(c->machine, a->out->nr) == SYSCALL_FLOCK);
}

/*
 * Something that many may wait for until one tells them all. A semaphore's tokens are for one
 * each, and at a barrier all go on.
 */
static bool is_for_all(int kind)
{
	return !is_exclusive(kind) && kind != LOCK_BARRIER && kind != LOCK_SEMAPHORE;
}

/*
 * The GIL is waited for with a timeout (take_gil() in CPython's ceval_gil.c). Without
 * one threads wait for its inner mutex, or until somebody has taken what they dropped.
 */
static bool gets_it(const struct absence *a)
{
	return is_exclusive(a->lock) && (a->lock != LOCK_GIL || a->out->args[3]);
}

/*
 * What many may have, or nobody: only who ended the wait is known, and that one is
 * to blame for all of it.
 */
static int blame_ender(struct locks *self, size_t lock, const struct absence *a, uint32_t ended_by)
{
	struct holders *h = &self->list.at[lock].holders;
	struct party *p = &h->parties.at[ended_by];
	struct blame_key key = {
		.party = ended_by,
		.held_stack = a->out->waker_stack,
		.wait_stack = a->out->user_stack,
		.nr = -1,
		.doing = HELD_UNKNOWN,
	};
	int rc = 0;

	key.known_by = key.held_stack ? STACK_FROM_RELEASE : STACK_FROM_NOTHING;
	p->held += a->waits;
	/* who signals a condition has held nobody up by what it did before that */
	if (p->ender != ENDER_THREAD || a->lock == LOCK_CONDITION)
		return holders_blame(h, &key, a->wait_ns, false);
	self->acts.count = 0;
	rc = past_ask(&self->past, p->id, context_clip(self->c, a->out_ns),
		      context_clip(self->c, a->woken_ns), &self->acts);
	for (size_t i = 0; i < self->acts.count && !rc; i++) {
		const struct act *act = &self->acts.at[i];

		key.doing = act->doing;
		key.object = act->object;
		key.nr = act->nr;
		/* when it waited for the same thing, somebody else had it */
		if (act->object && act->object == a->out->object)
			key.doing = HELD_UNKNOWN;
		if (!a->out->waker_stack) {
			key.held_stack = act->stack;
			key.known_by = act->known_by;
		}
		rc = holders_blame(h, &key, act->to_ns - act->from_ns, false);
	}
	return rc;
}

static bool thread_had_ended(const struct context *c, uint32_t thread, uint64_t time_ns)
{
	const struct thread *t = &c->threads.list.at[thread];

	return t->ended && t->end_ns < time_ns;
}

/*
 * What is known at the beginning of a wait: whom the lock named. One that got it when
 * it was woken, and waits for it again without having let go of it, did not get it.
 * When the lock names nobody, a hold that began before is believed only if its
 * end was seen or it is over with this wait: it may have ended long ago.
 */
static int note_begin(struct locks *self, size_t lock, const struct absence *a, uint32_t waiter,
		      uint32_t ended_by)
{
	struct holders *h = &self->list.at[lock].holders;
	const struct hold *before;
	uint32_t owner = PARTY_NONE;
	int rc = 0;

	if (a->owner != THREAD_NONE)
		rc = locks_party(self, lock, ENDER_THREAD, a->owner, &owner);
	if (!rc && owner != PARTY_NONE)
		h->parties.at[owner].ended |= thread_had_ended(self->c, a->owner, a->out_ns);
	/* having had the time to do something, it may well have got it, and let go of it since */
	if (!rc && owner != waiter && h->parties.at[waiter].between_ns < HERD_LOOK_NS)
		rc = holders_refuse(h, &self->past, a->out_ns, waiter, owner);
	if (rc)
		return rc;
	if (owner != PARTY_NONE)
		return holders_set(h, &self->past, a->out_ns, owner, true);
	before = holders_at(h, a->out_ns);
	if (a->lock == LOCK_GIL && before && before->party != waiter)
		return 0; /* see note_gil() */
	if (!before || (a->lock == LOCK_MUTEX && (before->let_go || before->party == ended_by)))
		return 0;
	return holders_set(h, &self->past, a->out_ns, PARTY_NONE, false);
}

/*
 * Who waits for the GIL looks at it every 5 ms and waits on. Whoever lets go of it
 * meanwhile wakes one that waits: so who ends a wait had it ever since that began,
 * or since it was last given to somebody.
 */
static int note_gil(struct locks *self, size_t lock, const struct absence *a, uint32_t waiter,
		    uint32_t ended_by, bool by_task)
{
	struct holders *h = &self->list.at[lock].holders;
	struct party *p = &h->parties.at[waiter];
	uint64_t since_ns = p->since_ns && p->between_ns < GIL_LOOK_NS ? p->since_ns : a->out_ns;
	const struct hold *hold = holders_at(h, a->woken_ns);

	p->since_ns = by_task ? 0 : since_ns;
	if (!by_task || (hold && hold->party == ended_by))
		return 0;
	if (hold && hold->from_ns >= since_ns)
		since_ns = hold->from_ns + 1;
	return since_ns < a->woken_ns ?
		       holders_set(h, &self->past, since_ns, ended_by, false) : 0;
}

/* Charges a wait to who had the lock meanwhile. */
static int blame_holders(struct locks *self, size_t lock, const struct absence *a, uint32_t waiter,
			 uint32_t ended_by)
{
	struct holders *h = &self->list.at[lock].holders;
	struct past *past = &self->past;
	bool by_task = a->ender == ENDER_THREAD || a->ender == ENDER_TASK;
	struct waited w = {
		.from_ns = context_clip(self->c, a->out_ns),
		.to_ns = context_clip(self->c, a->woken_ns),
		/* but for a deadlock with itself, who waits does not have the lock */
		.waiter = a->owner == a->thread ? PARTY_NONE : waiter,
		.otherwise = ended_by,
		.stack = a->out->user_stack,
		.release_stack = a->out->waker_stack,
	};
	int rc = note_begin(self, lock, a, waiter, ended_by);

	if (!rc && a->lock == LOCK_GIL)
		rc = note_gil(self, lock, a, waiter, ended_by, by_task);
	/* the hold of who ended it is over, and what it did until then is told */
	if (!rc && a->ended && by_task)
		rc = holders_let_go(h, past, a->woken_ns, ended_by, w.release_stack);
	if (!rc)
		rc = holders_charge(h, past, &w);
	if (rc || !a->ended || !by_task)
		return rc;
	return holders_set(h, past, a->woken_ns, is_for_many(self->c, a) ? PARTY_NONE : waiter,
			   false);
}

void party_waited(struct party *p, uint64_t waits, uint64_t wait_ns, uint64_t max_wait_ns,
		  uint32_t stack)
{
	p->waits += waits;
	p->wait_ns += wait_ns;
	if (max_wait_ns >= p->max_wait_ns) {
		p->max_wait_ns = max_wait_ns;
		p->stack = stack;
	}
}

static int blame_wait(struct locks *self, size_t lock, const struct absence *a)
{
	bool by_task = a->ender == ENDER_THREAD || a->ender == ENDER_TASK;
	uint32_t waiter, ended_by;

	if (locks_party(self, lock, ENDER_THREAD, a->thread, &waiter) ||
	    locks_party(self, lock, by_task ? a->ender : ENDER_UNKNOWN, by_task ? a->ender_id : 0,
			&ended_by))
		return -ENOMEM;
	if (gets_it(a))
		return blame_holders(self, lock, a, waiter, ended_by);
	return blame_ender(self, lock, a, ended_by);
}

/* Counts those that were woken together and then waited again without having done anything. */
static int watch_herd(struct locks *self, size_t lock, uint32_t waiter, const struct absence *a)
{
	struct lock_sum *l = &self->list.at[lock];
	struct party *p = &l->holders.parties.at[waiter];
	uint64_t ran_ns = 0;

	if (p->in_herd && is_for_all(a->lock)) {
		self->acts.count = 0;
		if (past_ask(&self->past, a->thread, p->in_ns, a->out_ns, &self->acts))
			return -ENOMEM;
		for (size_t i = 0; i < self->acts.count; i++)
			if (self->acts.at[i].doing == HELD_RUN)
				ran_ns += self->acts.at[i].to_ns - self->acts.at[i].from_ns;
		l->in_vain += ran_ns < HERD_LOOK_NS ? a->waits : 0;
	}
	p->in_herd = false;
	p->between_ns = a->out_ns - min_u64(p->in_ns, a->out_ns);
	p->in_ns = a->in_ns;
	if (!a->ended || a->ender != ENDER_THREAD)
		return 0;
	if (l->woken_ns && a->ender_id == l->woken_by && l->woken != waiter &&
	    (a->woken_ns > l->woken_ns ? a->woken_ns - l->woken_ns : l->woken_ns - a->woken_ns) <
		    HERD_WAKEUPS_NS)
		p->in_herd = l->holders.parties.at[l->woken].in_herd = true;
	l->woken_ns = a->woken_ns;
	l->woken_by = a->ender_id;
	l->woken = waiter;
	return 0;
}

static int add_wait(struct locks *self, size_t lock, const struct absence *a)
{
	struct lock_sum *l = &self->list.at[lock];
	uint32_t waiter, waker;

	l->waits += a->waits;
	l->wait_ns += a->wait_ns;
	l->max_wait_ns = max_u64(l->max_wait_ns, a->wait_ns);
	l->kinds[a->lock] += a->waits;
	l->buckets[lock_bucket(a->wait_ns)] += (uint32_t)a->waits;
	if (a->class == CLASS_LOCK || a->class == CLASS_GIL)
		l->contended_ns += a->wait_ns;
	if (context_parks(self->c, a))
		l->parked_ns += a->wait_ns;
	if (!a->ended)
		l->open_waits++;
	if (locks_party(self, lock, ENDER_THREAD, a->thread, &waiter))
		return -ENOMEM;
	party_waited(&l->holders.parties.at[waiter], a->waits, a->wait_ns, a->wait_ns,
		     a->out->user_stack);
	if (watch_herd(self, lock, waiter, a))
		return -ENOMEM;
	if (a->ender == ENDER_UNKNOWN)
		return 0;
	if (locks_party(self, lock, a->ender, a->ender_id, &waker))
		return -ENOMEM;
	l->holders.parties.at[waker].woke += a->waits;
	return 0;
}

static int locks_absence(void *p, const struct absence *a)
{
	struct locks *self = p;
	size_t lock;

	if (past_absence(&self->past, a))
		return -ENOMEM;
	if (a->lock < 0 || !a->waits)
		return 0;
	if (lock_of(self, a, &lock))
		return -ENOMEM;
	if (lock == self->list.count)
		return 0;
	if (add_wait(self, lock, a))
		return -ENOMEM;
	if (a->ended)
		return blame_wait(self, lock, a);
	return vec_push(&self->open, (struct open_wait){ lock, *a, *a->out });
}

static int locks_span(void *p, uint32_t thread, enum span span, uint64_t from_ns, uint64_t to_ns)
{
	struct locks *self = p;

	return span == SPAN_UNKNOWN ? past_unknown(&self->past, thread, from_ns, to_ns) : 0;
}

static int locks_sample(void *p, uint32_t thread, uint64_t time_ns, const struct event_sample *e)
{
	struct locks *self = p;

	return past_sample(&self->past, thread, time_ns, e->user_stack);
}

static int locks_finish(void *p, struct result *r)
{
	struct locks *self = p;
	int rc = 0;

	for (size_t i = 0; i < self->open.count && !rc; i++) {
		struct open_wait *w = &self->open.at[i];

		w->a.out = &w->out;
		rc = blame_wait(self, w->lock, &w->a);
	}
	for (size_t i = 0; i < self->list.count && !rc; i++)
		rc = holders_finish(&self->list.at[i].holders, &self->past);
	return rc ? rc : locks_list(self, r);
}

const struct analysis analysis_locks = {
	.new = locks_new,
	.free = locks_free,
	.span = locks_span,
	.absence = locks_absence,
	.sample = locks_sample,
	.finish = locks_finish,
};
