/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hops: a loop hands work to another thread of its process and gets the result
 * back (run_in_executor, libuv's pool, redis' bio threads). The wakeups show it:
 *
 *	loop wakes worker     worker gets a core    worker wakes loop   loop gets a core
 *	     |---- queue delay ----|---- service ----------|--- return delay ---|
 *
 * A worker that is busy when the work comes is not woken, and a loop that is busy
 * when it is done is not either: such a hop has no first or no last part. So how
 * busy the workers were says more than the delays where the pool is full, and for
 * how long all of them were at once says how long work may have waited for one.
 */
#include "core/loops.h"

#include <string.h>

static bool is_loop(const struct loops *self, uint32_t thread)
{
	const struct looper *w = looper_at(self, thread);

	for (uint32_t i = 0; w && i < w->loop_count; i++)
		if (self->list.at[w->loops[i]]->many)
			return true;
	return false;
}

/*
 * What a thread waits on for work, as a number: all of a pool have the same. The
 * two words of glibc's condition variables that take turns lie side by side.
 */
static uint64_t place_of(const struct context *c, const struct absence *a)
{
	const struct event_out *out = a->out;
	uint64_t process = c->threads.list.at[a->thread].process;

	if (out->futex != FUTEX_KIND_NONE)
		return hash_u64(hash_u64(out->args[0] & ~UINT64_C(7)) + process);
	return hash_u64(hash_u64((uint64_t)(uint16_t)out->nr << 32 | out->object) + process);
}

static int pool_of(struct loops *self, uint64_t place, struct pool **ret)
{
	const uint64_t *at = map_get(&self->pool_of, place);

	if (!at && (vec_reserve(&self->pools, 1) ||
		    map_put(&self->pool_of, place, self->pools.count) ||
		    vec_push(&self->pools, (struct pool){ 0 })))
		return -ENOMEM;
	*ret = &self->pools.at[at ? (size_t)*at : self->pools.count - 1];
	return 0;
}

/* One of the pool waited for work: told once it is over, and maybe twice. 0 or -ENOMEM. */
static int pool_parks(struct loops *self, uint64_t place, const struct absence *a)
{
	uint64_t from_ns = context_clip(self->c, a->out_ns);
	uint64_t to_ns = context_clip(self->c, a->ended ? a->woken_ns : a->in_ns);
	size_t first, next;
	struct pool *p;
	int rc = pool_of(self, place, &p);

	if (rc || vec_reserve(&p->parked, 1))
		return -ENOMEM;
	next = p->parked.count;
	while (next && p->parked.at[next - 1].from_ns > to_ns)
		next--;
	for (first = next; first && p->parked.at[first - 1].to_ns >= from_ns; first--) {
		from_ns = min_u64(from_ns, p->parked.at[first - 1].from_ns);
		to_ns = max_u64(to_ns, p->parked.at[first - 1].to_ns);
	}
	memmove(p->parked.at + first + 1, p->parked.at + next,
		(p->parked.count - next) * sizeof(*p->parked.at));
	p->parked.count += first + 1;
	p->parked.count -= next;
	p->parked.at[first] = (struct parked){ from_ns, to_ns };
	return 0;
}

void hops_pool_full(const struct loops *self, uint64_t place, uint64_t end_ns, uint64_t *ret_ns,
		    uint64_t *ret_max_ns)
{
	const uint64_t *at = map_get(&self->pool_of, place);
	const struct pool *p = at ? &self->pools.at[*at] : NULL;

	*ret_ns = *ret_max_ns = 0;
	/* before its first wait there was no pool that one knows of */
	for (size_t i = 0; p && i < p->parked.count; i++) {
		uint64_t from_ns = p->parked.at[i].to_ns;
		uint64_t to_ns = i + 1 < p->parked.count ? p->parked.at[i + 1].from_ns : end_ns;
		uint64_t full_ns = to_ns - min_u64(to_ns, from_ns);

		*ret_ns += full_ns;
		*ret_max_ns = max_u64(*ret_max_ns, full_ns);
	}
}

static int executor_of(struct loops *self, uint32_t looper, uint64_t place, size_t *ret)
{
	uint64_t key = hash_u64(place + looper);
	const uint64_t *at = map_get(&self->executor_of, key);

	*ret = at ? (size_t)*at : self->executors.count;
	if (at)
		return 0;
	if (vec_reserve(&self->executors, 1) || map_put(&self->executor_of, key, *ret))
		return -ENOMEM;
	return vec_push(&self->executors, (struct executor){ .looper = looper, .place = place });
}

static struct worker *worker_at(const struct loops *self, uint32_t thread)
{
	const uint64_t *at = map_get(&self->worker_of, thread);

	return at ? &self->workers.at[*at] : NULL;
}

/* The worker has done what it was given, or waits for more without having said so. */
static int hop_ends(struct loops *self, struct worker *w, uint64_t time_ns, const uint64_t *back_ns)
{
	struct executor *e = &self->executors.at[w->executor];
	int rc;

	w->busy = false;
	rc = spread_add(&e->service, time_ns - min_u64(time_ns, w->in_ns));
	if (!rc && back_ns) {
		e->returned++;
		rc = spread_add(&e->back, *back_ns);
	}
	return rc;
}

static int hop_begins(struct loops *self, const struct absence *a)
{
	struct worker *w = worker_at(self, a->thread);
	uint64_t place = place_of(self->c, a);
	struct executor *e;
	size_t executor;
	int rc = executor_of(self, a->ender_id, place, &executor);

	if (!rc)
		rc = pool_parks(self, place, a);
	if (rc)
		return rc;
	if (!w) {
		if (map_put(&self->worker_of, a->thread, self->workers.count) ||
		    vec_push(&self->workers,
			     (struct worker){ .thread = a->thread, .parked_ns = a->wait_ns }))
			return -ENOMEM;
		w = &self->workers.at[self->workers.count - 1];
	}
	w->executor = executor;
	w->place = place;
	w->busy = true;
	w->in_ns = a->in_ns;
	e = &self->executors.at[executor];
	e->hops++;
	return spread_add(&e->queue, a->runnable_ns);
}

static bool waits_for_work(const struct absence *a)
{
	return a->class == CLASS_SYNC || a->class == CLASS_IDLE || a->class == CLASS_PIPE;
}

int hops_absence(struct loops *self, const struct absence *a)
{
	struct worker *w = self->workers.count ? worker_at(self, a->thread) : NULL;
	const struct context *c = self->c;
	const struct thread *by;
	uint64_t back_ns = a->runnable_ns;
	struct worker *of;
	int rc = 0;

	if (!a->blocked || !a->waits || !a->in_ns)
		return 0;
	/* it waits for work again */
	if (w && waits_for_work(a) && place_of(c, a) == w->place) {
		if (w->busy)
			rc = hop_ends(self, w, a->out_ns, NULL);
		if (!rc)
			rc = pool_parks(self, w->place, a);
		w->parked_ns += a->wait_ns;
	}
	if (rc || a->ender != ENDER_THREAD || !a->ended)
		return rc;
	by = &c->threads.list.at[a->ender_id];
	if (by->process != c->threads.list.at[a->thread].process)
		return 0;
	if (is_loop(self, a->thread)) {
		of = self->workers.count ? worker_at(self, a->ender_id) : NULL;
		if (!of || !of->busy || !waits_for_work(a) ||
		    self->executors.at[of->executor].looper != a->thread)
			return 0;
		return hop_ends(self, of, a->woken_ns, &back_ns);
	}
	/* within a hop a loop may end other waits: of a lock, of the interpreter's */
	if ((w && w->busy) || !waits_for_work(a) || !is_loop(self, a->ender_id))
		return 0;
	return hop_begins(self, a);
}

void hops_release(struct loops *self)
{
	for (size_t i = 0; i < self->executors.count; i++) {
		spread_release(&self->executors.at[i].queue);
		spread_release(&self->executors.at[i].service);
		spread_release(&self->executors.at[i].back);
	}
	for (size_t i = 0; i < self->pools.count; i++)
		vec_release(&self->pools.at[i].parked);
	vec_release(&self->pools);
	map_release(&self->pool_of);
	vec_release(&self->workers);
	vec_release(&self->executors);
	map_release(&self->worker_of);
	map_release(&self->executor_of);
}
