/* SPDX-License-Identifier: GPL-2.0-only */
/* locks, their second half: from sums to the result. */
#include "core/callers.h"
#include "core/kernel_locks.h"
#include "core/locks.h"
#include "core/object_text.h"

#include <inttypes.h>
#include <string.h>

/* --- locks of the kernel -------------------------------------------------------- */

/* What a kernel stack says: the lock, if it is known, and the function that waits for it. */
struct kernel_wait {
	const struct kernel_lock *lock; /* NULL: not known */
	struct strbuf function; /* the first that does not belong to the lock itself */
};

static int kernel_wait_of(struct locks *self, uint32_t kernel_stack, struct kernel_wait *ret)
{
	struct strbuf name = STRBUF_INIT;
	struct stack_view stack;

	ret->lock = NULL;
	strbuf_clear(&ret->function);
	stacks_get(self->c->stacks, kernel_stack, &stack);
	for (uint32_t i = 0; i < stack.count && !ret->lock; i++) {
		strbuf_cut(&name, 0); /* not clear: a failure must be remembered */
		stacks_print_frame(self->c->stacks, stack.frames[i], 0, 0, &name);
		if (strbuf_error(&name))
			break;
		ret->lock = kernel_lock_find(name.buf);
		if ((ret->lock || !ret->function.len) && !kernel_lock_is_inside(name.buf)) {
			strbuf_clear(&ret->function);
			strbuf_puts(&ret->function, name.buf);
		}
	}
	if (!ret->function.len)
		strbuf_puts(&ret->function, "[unknown]");
	if (name.failed)
		ret->function.failed = true;
	strbuf_release(&name);
	return strbuf_error(&ret->function);
}

static int merge_party(struct locks *self, size_t to, const struct holders *from, uint32_t party,
		       uint32_t *ret)
{
	const struct party *p = &from->parties.at[party];

	return locks_party(self, to, p->ender, p->id, ret);
}

static int merge_blames(struct locks *self, size_t to, const struct holders *from)
{
	struct holders *h = &self->list.at[to].holders;
	int rc = 0;

	for (uint32_t i = 0; i < from->blames.count && !rc; i++) {
		uint64_t ns = from->blames.at[i].ns, inferred = from->blames.at[i].inferred_ns;
		struct blame_key key;
		size_t len;

		memcpy(&key, intern_key(&from->keys, i, &len), sizeof(key));
		rc = merge_party(self, to, from, key.party, &key.party);
		if (!rc)
			rc = holders_blame(h, &key, ns - inferred, true);
		if (!rc)
			rc = holders_blame(h, &key, inferred, false);
	}
	return rc;
}

static int lock_merge(struct locks *self, size_t to, size_t from)
{
	struct lock_sum *t = &self->list.at[to], *f = &self->list.at[from];

	t->waits += f->waits;
	t->wait_ns += f->wait_ns;
	t->max_wait_ns = max_u64(t->max_wait_ns, f->max_wait_ns);
	t->contended_ns += f->contended_ns;
	t->parked_ns += f->parked_ns;
	t->open_waits += f->open_waits;
	t->in_vain += f->in_vain;
	for (int i = 0; i < LOCK_BUCKETS; i++)
		t->buckets[i] += f->buckets[i];
	for (uint32_t i = 0; i < f->holders.parties.count; i++) {
		const struct party *add = &f->holders.parties.at[i];
		struct party *party;
		uint32_t at;

		if (merge_party(self, to, &f->holders, i, &at))
			return -ENOMEM;
		party = &t->holders.parties.at[at];
		party_waited(party, add->waits, add->wait_ns, add->max_wait_ns, add->stack);
		party->held += add->held;
		party->woke += add->woke;
	}
	f->waits = 0;
	return merge_blames(self, to, &f->holders);
}

/* What locks of the kernel are joined by, as a text: its name and what there is one of. */
static void kernel_identity(const struct lock_sum *l, const struct kernel_wait *w,
			    struct strbuf *out)
{
	if (!w->lock) {
		strbuf_puts(out, w->function.buf);
		return;
	}
	strbuf_addf(out, "%s ", w->lock->name);
	if (w->lock->scope == KERNEL_LOCK_PROCESS)
		strbuf_addf(out, "%u", l->tgid);
	else if (w->lock->scope == KERNEL_LOCK_OBJECT)
		strbuf_addf(out, "%u %s", l->object, l->object ? "" : w->function.buf);
}

/* What locks are called that have no object of their own, by lock. */
struct lock_names {
	const struct kernel_lock *lock; /* locks of the kernel */
	const char *place;
	const char *many; /* what is waited for by events: all of a kind */
};

/* Joins kernel locks that are the same one. */
static int join_kernel_locks(struct locks *self, struct lock_names *names)
{
	struct kernel_wait wait = { .function = STRBUF_INIT };
	struct strbuf identity = STRBUF_INIT;
	struct intern identities = { 0 };
	struct map first = MAP_INIT; /* identity to lock */
	int rc = 0;

	for (size_t i = 0; i < self->list.count && !rc; i++) {
		const uint64_t *to;
		uint32_t id;

		if (!self->list.at[i].kernel_stack)
			continue;
		rc = kernel_wait_of(self, self->list.at[i].kernel_stack, &wait);
		strbuf_clear(&identity);
		kernel_identity(&self->list.at[i], &wait, &identity);
		if (!rc)
			rc = strbuf_error(&identity);
		if (!rc)
			rc = intern_put(&identities, identity.buf, identity.len, &id);
		if (rc)
			break;
		to = map_get(&first, id);
		if (to) {
			rc = lock_merge(self, *to, i);
			continue;
		}
		rc = map_put(&first, id, i);
		names[i].lock = wait.lock;
		names[i].place = context_text(self->c, &wait.function);
		if (!names[i].place)
			rc = -ENOMEM;
	}
	strbuf_release(&wait.function);
	strbuf_release(&identity);
	map_release(&first);
	intern_release(&identities);
	return rc;
}

/* What the locks are called of which @l is some, by where most of it was waited. */
static const char *many_of(const struct locks *self, const struct lock_sum *l)
{
	const struct object *o = objects_find(&self->c->objects, l->object);
	const struct party *longest = NULL;

	if (l->kernel_stack || !o)
		return NULL;
	for (size_t i = 0; i < l->holders.parties.count; i++) {
		const struct party *p = &l->holders.parties.at[i];

		if (p->waits && (!longest || p->wait_ns > longest->wait_ns))
			longest = p;
	}
	return longest ? callers_judge_stack(self->c->stacks, longest->stack).many : NULL;
}

/* A futex of one process; what its threads wait for is theirs alone. */
static bool is_private(const struct locks *self, const struct lock_sum *l)
{
	const struct object *o = objects_find(&self->c->objects, l->object);

	return o && o->kind == OBJECT_FUTEX && !(o->flags & OBJECT_SHARED);
}

/*
 * Locks that are waited for by events: each process waits at an object of its own (the
 * lock manager of PostgreSQL), or each thread (Java), which says nothing of the lock.
 */
static int join_event_locks(struct locks *self, struct lock_names *names)
{
	for (size_t i = 0; i < self->list.count; i++) {
		size_t to = 0;

		names[i].many = many_of(self, &self->list.at[i]);
		if (!names[i].many)
			continue;
		/* literals of one table */
		while (names[to].many != names[i].many ||
		       (is_private(self, &self->list.at[i]) &&
			self->list.at[to].tgid != self->list.at[i].tgid))
			to++;
		if (to < i && lock_merge(self, to, i))
			return -ENOMEM;
	}
	return 0;
}

/* --- orders ---------------------------------------------------------------------- */

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

static int site_order(const void *x, const void *y)
{
	const struct result_lock_site *a = x, *b = y;
	int order = compare_u64(b->blame_ns, a->blame_ns);

	if (!order)
		order = compare_u64(a->held_stack, b->held_stack);
	return order ? order : compare_u64(a->wait_stack, b->wait_stack);
}

static int blame_order(const void *x, const void *y)
{
	const struct result_blame *a = x, *b = y;
	int order = compare_u64(b->blame_ns, a->blame_ns);

	if (!order)
		order = compare_u64(a->tid, b->tid);
	if (!order)
		order = compare_u64(a->held_stack, b->held_stack);
	if (!order)
		order = compare_u64(a->wait_stack, b->wait_stack);
	return order ? order : a->doing - b->doing;
}

static int lock_order(const void *x, const void *y)
{
	const struct result_lock *a = x, *b = y;
	int order = compare_u64(b->wait_ns, a->wait_ns);

	return order ? order : compare_u64(a->id, b->id);
}

/* --- what is to blame -------------------------------------------------------------- */

static struct blame_key key_of(const struct holders *h, uint32_t at)
{
	struct blame_key key;
	size_t len;

	memcpy(&key, intern_key(&h->keys, at, &len), sizeof(key));
	return key;
}

/* Keys are ordered by what is the same of those that a sum is made of. */
struct keyed {
	struct blame_key key;
	uint64_t ns;
};

static int by_stack(const void *x, const void *y)
{
	const struct keyed *a = x, *b = y;
	int order = compare_u64(a->key.party, b->key.party);

	if (!order)
		order = compare_u64(a->key.held_stack, b->key.held_stack);
	return order ? order : compare_u64(a->key.known_by, b->key.known_by);
}

static int by_object(const void *x, const void *y)
{
	const struct keyed *a = x, *b = y;
	int order = compare_u64(a->key.party, b->key.party);

	if (!order)
		order = compare_u64(a->key.doing, b->key.doing);
	if (!order)
		order = compare_u64((uint16_t)a->key.nr, (uint16_t)b->key.nr);
	return order ? order : compare_u64(a->key.object, b->key.object);
}

static int by_site(const void *x, const void *y)
{
	const struct keyed *a = x, *b = y;
	int order = compare_u64(a->key.held_stack, b->key.held_stack);

	if (!order)
		order = compare_u64(a->key.wait_stack, b->key.wait_stack);
	if (!order)
		order = compare_u64(a->key.doing, b->key.doing);
	return order ? order : compare_u64(a->key.known_by, b->key.known_by);
}

typedef int key_order(const void *, const void *);

/* The end of the run that begins at @i of what @order calls the same, and its sum. */
static size_t run_end(const struct keyed *keys, size_t count, size_t i, key_order *order,
		      uint64_t *ret_ns)
{
	size_t end = i;

	for (*ret_ns = 0; end < count && !order(&keys[i], &keys[end]); end++)
		*ret_ns += keys[end].ns;
	return end;
}

static void keys_sort(struct keyed *keys, size_t count, key_order *order)
{
	if (count)
		qsort(keys, count, sizeof(*keys), order);
}

/* "fsync /var/lib/x", "cache_mutex": what a holder waited for. NULL when out of memory. */
static const char *waited_for(struct locks *self, const struct blame_key *key)
{
	struct context *c = self->c;
	const struct object *o = objects_find(&c->objects, key->object);
	const char *call = key->nr >= 0 ? syscall_name(c->machine, key->nr) : "page fault";
	const char *text = o ? objects_text(&c->objects, o) : "";
	struct strbuf sb = STRBUF_INIT;

	if (!o || o->kind != OBJECT_FUTEX)
		strbuf_puts(&sb, call ? call : "a system call");
	if (*text)
		strbuf_addf(&sb, "%s%s", sb.len ? " " : "", text);
	/* what is only a mapping is many locks */
	if (o && o->kind == OBJECT_FUTEX && (!*text || object_text_is_many(text)))
		strbuf_addf(&sb, "%s0x%" PRIx64, sb.len ? " " : "", o->address);
	return context_text(c, &sb);
}

/* Fills stacks, doings and what was waited for of @by, which are by party. */
static int describe_holders(struct locks *self, struct keyed *keys, size_t count,
			    struct result_holder *by)
{
	uint64_t ns;

	for (size_t i = 0; i < count; i++)
		by[keys[i].key.party].doing_ns[keys[i].key.doing] += keys[i].ns;
	keys_sort(keys, count, by_stack);
	for (size_t i = 0, end; i < count; i = end) {
		const struct blame_key *key = &keys[i].key;
		struct result_holder *h = &by[key->party];

		end = run_end(keys, count, i, by_stack, &ns);
		if (!key->held_stack || ns <= h->stack_ns)
			continue;
		h->stack = key->held_stack;
		h->stack_from = key->known_by;
		h->stack_ns = ns;
	}
	keys_sort(keys, count, by_object);
	for (size_t i = 0, end; i < count; i = end) {
		const struct blame_key *key = &keys[i].key;
		struct result_holder *h = &by[key->party];

		end = run_end(keys, count, i, by_object, &ns);
		if (key->doing >= CLASS_COUNT || ns <= h->waited_for_ns)
			continue;
		h->waited_for = waited_for(self, key);
		h->waited_for_class = key->doing;
		h->waited_for_ns = ns;
		if (!h->waited_for)
			return -ENOMEM;
	}
	return 0;
}

static bool same_site(const struct blame_key *a, const struct blame_key *b)
{
	return a->held_stack == b->held_stack && a->wait_stack == b->wait_stack;
}

static int list_sites(struct keyed *keys, size_t count, struct result_lock *to)
{
	keys_sort(keys, count, by_site);
	for (size_t i = 0; i < count;) {
		struct result_lock_site site = {
			.held_stack = keys[i].key.held_stack,
			.wait_stack = keys[i].key.wait_stack,
		};
		const struct blame_key first = keys[i].key;
		uint64_t most = 0, ns;

		while (i < count && same_site(&first, &keys[i].key)) {
			const struct blame_key *key = &keys[i].key;

			i = run_end(keys, count, i, by_site, &ns);
			site.blame_ns += ns;
			if (ns <= most)
				continue;
			site.doing = key->doing;
			site.stack_from = key->known_by;
			most = ns;
		}
		if (site.blame_ns && (site.held_stack || site.wait_stack) &&
		    vec_push(&to->sites, site))
			return -ENOMEM;
	}
	vec_sort(&to->sites, site_order);
	return 0;
}

static int list_blames(struct locks *self, const struct holders *h, const struct keyed *keys,
		       size_t count, struct result_lock *to)
{
	if (vec_reserve(&to->blames, count))
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		const struct blame_key *key = &keys[i].key;
		const struct party *p = &h->parties.at[key->party];

		to->doing_ns[key->doing] += keys[i].ns;
		if (!keys[i].ns)
			continue;
		to->blames.at[to->blames.count++] = (struct result_blame){
			.tid = context_ender_tid(self->c, p->ender, p->id),
			.held_stack = key->held_stack,
			.wait_stack = key->wait_stack,
			.stack_from = key->known_by,
			.doing = key->doing,
			.nr = key->nr,
			.blame_ns = keys[i].ns,
		};
	}
	vec_sort(&to->blames, blame_order);
	return 0;
}

/* The holders, by party, with all that blame tells of them. */
static int list_blame(struct locks *self, const struct lock_sum *l, struct result_lock *to,
		      struct result_holder *by)
{
	const struct holders *h = &l->holders;
	size_t count = h->blames.count;
	struct keyed *keys = malloc((count + 1) * sizeof(*keys));
	int rc;

	if (!keys)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++)
		keys[i] = (struct keyed){ key_of(h, i), h->blames.at[i].ns };
	rc = describe_holders(self, keys, count, by);
	if (!rc)
		rc = list_blames(self, h, keys, count, to);
	if (!rc)
		rc = list_sites(keys, count, to);
	free(keys);
	return rc;
}

/* --- people ------------------------------------------------------------------------ */

static int list_parties(struct locks *self, const struct lock_sum *l, struct result_lock *to)
{
	const struct context *c = self->c;
	size_t count = l->holders.parties.count;
	struct result_holder *by = calloc(count + 1, sizeof(*by));
	int rc = by ? list_blame(self, l, to, by) : -ENOMEM;

	if (rc || vec_reserve(&to->waiters, count) || vec_reserve(&to->holders, count) ||
	    vec_reserve(&to->wakers, count)) {
		free(by);
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++) {
		const struct party *p = &l->holders.parties.at[i];
		uint32_t tid = context_ender_tid(c, p->ender, p->id);

		to->wasted += p->refused;
		if (p->waits)
			to->waiters.at[to->waiters.count++] = (struct result_waiter){
				tid, p->waits, p->wait_ns, p->max_wait_ns, p->stack,
			};
		if (p->held || p->blame_ns) {
			by[i].tid = tid;
			by[i].waits = p->held;
			by[i].blame_ns = p->blame_ns;
			by[i].inferred_ns = p->inferred_ns;
			by[i].ended = p->ended;
			to->holders.at[to->holders.count++] = by[i];
		}
		if (p->woke)
			to->wakers.at[to->wakers.count++] = (struct result_waker){
				.tid = tid,
				.name = context_ender_name(c, p->ender, p->id),
				.count = p->woke,
			};
	}
	free(by);
	vec_sort(&to->waiters, waiter_order);
	vec_sort(&to->holders, holder_order);
	vec_sort(&to->wakers, waker_order);
	return 0;
}

/* --- the lock ---------------------------------------------------------------------- */

/* What most of its waits looked like; knowing nothing counts least. */
static enum lock_kind kind_of(const struct lock_sum *l)
{
	enum lock_kind best = LOCK_UNKNOWN;

	for (int kind = 0; kind < LOCK_UNKNOWN; kind++)
		if (l->kinds[kind] > (best == LOCK_UNKNOWN ? 0 : l->kinds[best]))
			best = kind;
	return best;
}

static int describe_kernel(struct locks *self, const struct kernel_lock *lock, uint32_t tgid,
			   const char *text, struct result_lock *to)
{
	struct strbuf name = STRBUF_INIT;

	to->shared = !lock || lock->scope != KERNEL_LOCK_PROCESS;
	to->tgid = to->shared ? 0 : tgid;
	if (!lock)
		return 0;
	strbuf_puts(&name, lock->name);
	if (lock->scope == KERNEL_LOCK_OBJECT && *text)
		strbuf_addf(&name, " of %s", text);
	to->name = context_text(self->c, &name);
	return to->name ? 0 : -ENOMEM;
}

static int describe(struct locks *self, const struct lock_sum *l, const struct lock_names *names,
		    struct result_lock *to)
{
	const struct object *o = objects_find(&self->c->objects, l->object);
	const char *text = o ? objects_text(&self->c->objects, o) : "";

	to->kind = kind_of(l);
	to->place = names->place;
	if (l->kernel_stack)
		return describe_kernel(self, names->lock, l->tgid, text, to);
	if (names->many) {
		to->name = names->many;
		to->many = true;
		to->shared = !is_private(self, l);
		to->tgid = to->shared ? 0 : l->tgid;
		return 0;
	}
	to->address = o && o->kind == OBJECT_FUTEX ? o->address : o ? 0 : l->argument;
	to->shared = o && (o->kind != OBJECT_FUTEX || o->flags & OBJECT_SHARED);
	to->tgid = to->shared ? 0 : l->tgid;
	to->name = o && o->gil ? "_PyRuntime" : *text ? text : NULL;
	return 0;
}

/* The length that @share of the waits do not exceed: by parts of the bucket it falls into. */
static uint64_t wait_at(const struct lock_sum *l, double share)
{
	double rank = share * (double)l->waits, before = 0;

	for (int i = 0; i < LOCK_BUCKETS; i++) {
		double in = l->buckets[i], low = (double)lock_bucket_ns(i);
		double high = (double)lock_bucket_ns(i + 1);

		if (in > 0 && before + in >= rank)
			return min_u64((uint64_t)(low + (high - low) * (rank - before) / in),
				       l->max_wait_ns);
		before += in;
	}
	return l->max_wait_ns;
}

static void list_holds(const struct hold_sums *sums, struct result_holds *to)
{
	uint64_t all = 0;

	*to = (struct result_holds){
		.count = sums->count, .ns = sums->ns, .max_ns = sums->max_ns,
		.max_blame_ns = sums->max_blame_ns, .handed = sums->handed,
	};
	for (int i = 0; i < HOLD_BUCKETS; i++)
		all += sums->blame_ns[i];
	for (int i = HOLD_BUCKETS; i-- > 0 && to->long_blame_ns < all / 2;) {
		if (!sums->counts[i])
			continue;
		to->long_count += sums->counts[i];
		to->long_blame_ns += sums->blame_ns[i];
		to->long_ns = 1ull << i;
	}
}

static int list_lock(struct locks *self, size_t at, const struct lock_names *names,
		     struct result *r)
{
	const struct lock_sum *l = &self->list.at[at];
	struct result_lock lock = {
		.id = (uint32_t)at + 1,
		.waits = l->waits,
		.wait_ns = l->wait_ns,
		.max_wait_ns = l->max_wait_ns,
		.contended_ns = l->contended_ns,
		.parked_ns = l->parked_ns,
		.open_waits = l->open_waits,
		.wasted = l->in_vain,
		.p50_ns = wait_at(l, 0.5),
		.p90_ns = wait_at(l, 0.9),
		.p99_ns = wait_at(l, 0.99),
	};
	struct result_lock *to;
	int rc;

	memcpy(lock.buckets, l->buckets, sizeof(lock.buckets));
	/* one holds a lock at a time, but not of many */
	if (!names->many)
		list_holds(&l->holders.sums, &lock.holds);
	if (vec_push(&r->locks, lock))
		return -ENOMEM;
	to = &r->locks.at[r->locks.count - 1];
	rc = describe(self, l, names, to);
	return rc ? rc : list_parties(self, l, to);
}

int locks_list(struct locks *self, struct result *r)
{
	struct lock_names *names = calloc(self->list.count + 1, sizeof(*names));
	int rc;

	if (!names)
		return -ENOMEM;
	rc = join_kernel_locks(self, names);
	if (!rc)
		rc = join_event_locks(self, names);
	for (size_t i = 0; i < self->list.count && !rc; i++)
		if (self->list.at[i].waits)
			rc = list_lock(self, i, &names[i], r);
	free(names);
	vec_sort(&r->locks, lock_order);
	return rc;
}
