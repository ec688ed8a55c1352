/* SPDX-License-Identifier: GPL-2.0-only */
#include "core/holders.h"

#include <string.h>

_Static_assert(sizeof(struct blame_key) == 20, "keys are hashed as bytes");

void holders_release(struct holders *h)
{
	vec_release(&h->parties);
	vec_release(&h->log);
	vec_release(&h->waits);
	vec_release(&h->acts.list);
	vec_release(&h->acts.parties);
	vec_release(&h->blames);
	intern_release(&h->keys);
}

int holders_blame(struct holders *h, const struct blame_key *key, uint64_t ns, bool read)
{
	struct party *p = &h->parties.at[key->party];
	struct blame_key coarse = *key;
	uint32_t at;
	int rc;

	if (intern_count(&h->keys) >= BLAMES_MAX &&
	    intern_find(&h->keys, key, sizeof(*key)) == INTERN_NONE)
		coarse = (struct blame_key){ .party = key->party, .doing = key->doing, .nr = -1 };
	rc = intern_put(&h->keys, &coarse, sizeof(coarse), &at);
	if (!rc && at == h->blames.count)
		rc = vec_push(&h->blames, (struct blame){ 0, 0 });
	if (rc)
		return -ENOMEM;
	h->blames.at[at].ns += ns;
	h->blames.at[at].inferred_ns += read ? 0 : ns;
	p->blame_ns += ns;
	p->inferred_ns += read ? 0 : ns;
	return 0;
}

/* --- the log of holds -------------------------------------------------------- */

/* How many holds begin at @time_ns or before. Mostly one of the last is asked for. */
static size_t holds_until(const struct holders *h, uint64_t time_ns)
{
	const struct hold *log = h->log.at;
	size_t high = h->log.count, low, step = 1;

	while (high >= step && log[high - step].from_ns > time_ns) {
		high -= step;
		step *= 2;
	}
	low = high >= step ? high - step + 1 : 0;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (log[middle].from_ns <= time_ns)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct hold *holders_at(struct holders *h, uint64_t time_ns)
{
	size_t count = holds_until(h, time_ns);

	return count ? &h->log.at[count - 1] : NULL;
}

/* Asks what the holder of a hold did up to @until_ns. */
static int hold_tell(struct holders *h, struct past *past, struct hold *hold, uint64_t until_ns)
{
	const struct party *p;
	struct act_list *list = &h->acts.list;
	size_t first = list->count;
	int rc;

	if (!past || hold->party == PARTY_NONE || hold->told_ns >= until_ns)
		return 0;
	p = &h->parties.at[hold->party];
	if (p->ender != ENDER_THREAD)
		return 0;
	rc = past_ask(past, p->id, hold->told_ns, until_ns, list);
	for (size_t i = first; i < list->count && !rc; i++) {
		struct act *act = &list->at[i];

		/* what it ran through without being seen, it ran through to let go */
		if (!act->stack && hold->release_stack) {
			act->stack = hold->release_stack;
			act->known_by = STACK_FROM_RELEASE;
		}
		rc = vec_push(&h->acts.parties, hold->party);
	}
	if (rc)
		list->count = h->acts.parties.count = first;
	hold->told_ns = until_ns;
	return rc;
}

int holders_set(struct holders *h, struct past *past, uint64_t time_ns, uint32_t party, bool read)
{
	struct hold hold = {
		.from_ns = time_ns, .told_ns = time_ns, .party = party, .read = read,
	};
	size_t at;
	int rc = 0;

	if (time_ns < h->settled_ns)
		return 0;
	at = holds_until(h, time_ns);
	if (at && h->log.at[at - 1].party == party) {
		h->log.at[at - 1].read |= read;
		return 0;
	}
	if (at)
		rc = hold_tell(h, past, &h->log.at[at - 1], time_ns);
	if (!rc && at < h->log.count)
		rc = hold_tell(h, past, &hold, h->log.at[at].from_ns);
	if (rc || vec_reserve(&h->log, 1))
		return -ENOMEM;
	memmove(h->log.at + at + 1, h->log.at + at, (h->log.count - at) * sizeof(*h->log.at));
	h->log.at[at] = hold;
	h->log.count++;
	return 0;
}

int holders_let_go(struct holders *h, struct past *past, uint64_t time_ns, uint32_t party,
		   uint32_t stack)
{
	struct hold *hold = holders_at(h, time_ns);

	if (!hold || hold->party != party)
		return 0;
	hold->let_go = true;
	if (stack)
		hold->release_stack = stack;
	return hold_tell(h, past, hold, time_ns);
}

int holders_refuse(struct holders *h, struct past *past, uint64_t time_ns, uint32_t party,
		   uint32_t owner)
{
	struct hold *hold = holders_at(h, time_ns);

	if (!hold || hold->party != party || hold->let_go || hold->read)
		return 0;
	h->parties.at[party].refused++;
	hold->party = owner;
	hold->read = owner != PARTY_NONE;
	hold->told_ns = hold->from_ns;
	return hold + 1 < h->log.at + h->log.count ?
		       hold_tell(h, past, hold, hold[1].from_ns) : 0;
}

/* --- the sweep ---------------------------------------------------------------- */

enum edge_kind { EDGE_WAIT_END, EDGE_ACT_END, EDGE_HOLD, EDGE_ACT, EDGE_WAIT };

struct edge {
	uint64_t time_ns;
	uint32_t index;
	uint32_t kind; /* enum edge_kind: ends before beginnings */
};

/* Those who wait at an instant, by where. */
struct crowd {
	uint32_t stack, count;
};

struct sweep {
	struct holders *h;
	const struct hold *hold; /* NULL: none known */
	VEC(struct edge) edges;
	VEC(struct crowd) crowds;
	VEC(uint32_t) active; /* waits, for what cannot be charged by the crowd */
	uint64_t now_ns;
	uint32_t fresh; /* waits not yet counted for the hold */
};

static int edge_order(const void *x, const void *y)
{
	const struct edge *a = x, *b = y;
	int order = compare_u64(a->time_ns, b->time_ns);

	if (!order)
		order = compare_u64(a->kind, b->kind);
	return order ? order : compare_u64(a->index, b->index);
}

static void count_waiting(struct sweep *s, uint32_t wait, uint32_t delta)
{
	uint32_t waiter = s->h->waits.at[wait].waiter;

	if (waiter != PARTY_NONE)
		s->h->parties.at[waiter].waiting += delta;
}

static int crowd_join(struct sweep *s, uint32_t wait)
{
	uint32_t stack = s->h->waits.at[wait].stack;
	size_t i = 0;

	while (i < s->crowds.count && s->crowds.at[i].stack != stack)
		i++;
	if (i == s->crowds.count && vec_push(&s->crowds, (struct crowd){ stack, 0 }))
		return -ENOMEM;
	s->crowds.at[i].count++;
	s->fresh++;
	count_waiting(s, wait, 1);
	return vec_push(&s->active, wait);
}

static void crowd_leave(struct sweep *s, uint32_t wait)
{
	uint32_t stack = s->h->waits.at[wait].stack;
	size_t i = 0, k = 0;

	while (s->crowds.at[i].stack != stack)
		i++;
	if (!--s->crowds.at[i].count)
		s->crowds.at[i] = s->crowds.at[--s->crowds.count];
	while (s->active.at[k] != wait)
		k++;
	s->active.at[k] = s->active.at[--s->active.count];
	count_waiting(s, wait, -1u);
	if (s->fresh > s->active.count)
		s->fresh = (uint32_t)s->active.count;
}

/* Charges each wait to who ended it: nobody knows who had the lock, or it had itself. */
static int charge_otherwise(struct sweep *s, uint64_t ns, uint32_t only_waiter)
{
	int rc = 0;

	for (size_t i = 0; i < s->active.count && !rc; i++) {
		const struct waited *w = &s->h->waits.at[s->active.at[i]];
		struct blame_key key = {
			.party = w->otherwise,
			.held_stack = w->release_stack,
			.wait_stack = w->stack,
			.nr = -1,
			.doing = HELD_UNKNOWN,
			.known_by = w->release_stack ? STACK_FROM_RELEASE : STACK_FROM_NOTHING,
		};

		if (only_waiter != PARTY_NONE && w->waiter != only_waiter)
			continue;
		s->h->parties.at[w->otherwise].held += s->fresh > 0;
		rc = holders_blame(s->h, &key, ns, false);
	}
	if (only_waiter == PARTY_NONE)
		s->fresh = 0;
	return rc;
}

static int charge_holder(struct sweep *s, uint64_t ns)
{
	struct holders *h = s->h;
	struct party *p = &h->parties.at[s->hold->party];
	const struct act *act = p->act ? &h->acts.list.at[p->act - 1] : NULL;
	struct blame_key key = { .party = s->hold->party, .nr = -1, .doing = HELD_UNKNOWN };
	int rc = 0;

	if (act) {
		key.held_stack = act->stack;
		key.object = act->object;
		key.nr = act->nr;
		key.doing = act->doing;
		key.known_by = act->known_by;
	} else if (s->hold->release_stack) {
		key.held_stack = s->hold->release_stack;
		key.known_by = STACK_FROM_RELEASE;
	}
	p->held += s->fresh;
	s->fresh = 0;
	if (key.doing == HELD_RUNNABLE)
		h->sums.runnable_ns += ns;
	for (size_t i = 0; i < s->crowds.count && !rc; i++) {
		key.wait_stack = s->crowds.at[i].stack;
		rc = holders_blame(h, &key, ns * s->crowds.at[i].count, s->hold->read);
	}
	return rc;
}

/* Who has the lock waits for it, too, so it does not have it for this wait of its own. */
static int charge_others(struct sweep *s, uint64_t ns)
{
	uint32_t party = s->hold->party;
	struct holders *h = s->h;
	int rc = charge_otherwise(s, ns, party);

	for (size_t i = 0; i < s->active.count && !rc; i++) {
		const struct waited *w = &h->waits.at[s->active.at[i]];
		struct blame_key key = { .party = party, .wait_stack = w->stack, .nr = -1,
					 .doing = HELD_UNKNOWN };

		if (w->waiter == party)
			continue;
		h->parties.at[party].held += s->fresh > 0;
		rc = holders_blame(h, &key, ns, s->hold->read);
	}
	s->fresh = 0;
	return rc;
}

static int charge_until(struct sweep *s, uint64_t time_ns)
{
	struct holders *h = s->h;
	uint64_t ns = time_ns - s->now_ns;

	s->now_ns = time_ns;
	if (!ns || !s->active.count)
		return 0;
	h->open_ns += ns;
	h->open_blame_ns += ns * s->active.count;
	if (!s->hold || s->hold->party == PARTY_NONE)
		return charge_otherwise(s, ns, PARTY_NONE);
	return h->parties.at[s->hold->party].waiting ? charge_others(s, ns) : charge_holder(s, ns);
}

/* The hold that was is over, as far as it was waited for. */
static void hold_end(struct holders *h)
{
	struct hold_sums *sums = &h->sums;
	int bucket = h->open_ns ? 63 - __builtin_clzll(h->open_ns) : 0;

	if (h->open_ns) {
		bucket = bucket < HOLD_BUCKETS ? bucket : HOLD_BUCKETS - 1;
		sums->count++;
		sums->ns += h->open_ns;
		sums->handed += h->open_handed;
		sums->max_ns = max_u64(sums->max_ns, h->open_ns);
		sums->max_blame_ns = max_u64(sums->max_blame_ns, h->open_blame_ns);
		sums->counts[bucket]++;
		sums->blame_ns[bucket] += h->open_blame_ns;
	}
	h->open_ns = h->open_blame_ns = 0;
	h->open_handed = false;
}

static int take_edge(struct sweep *s, const struct edge *e)
{
	struct holders *h = s->h;
	struct party *p;

	switch (e->kind) {
	case EDGE_WAIT:
		return crowd_join(s, e->index);
	case EDGE_WAIT_END:
		crowd_leave(s, e->index);
		return 0;
	case EDGE_ACT:
		h->parties.at[h->acts.parties.at[e->index]].act = e->index + 1;
		return 0;
	case EDGE_ACT_END:
		p = &h->parties.at[h->acts.parties.at[e->index]];
		if (p->act == e->index + 1)
			p->act = 0;
		return 0;
	default:
		/* where the last sweep ended, it goes on */
		if (!s->hold && h->log.at[e->index].from_ns == h->settled_ns &&
		    h->settled_ns) {
			s->hold = &h->log.at[e->index];
			return 0;
		}
		hold_end(h);
		s->hold = &h->log.at[e->index];
		h->open_handed = s->active.count > 0;
		s->fresh = (uint32_t)s->active.count;
		return 0;
	}
}

static int push_edge(struct sweep *s, uint64_t time_ns, size_t index, enum edge_kind kind)
{
	return vec_push(&s->edges, (struct edge){ time_ns, (uint32_t)index, kind });
}

static int list_edges(struct sweep *s, uint64_t until_ns)
{
	const struct holders *h = s->h;
	int rc = 0;

	for (size_t i = 0; i < h->waits.count && !rc; i++) {
		if (h->waits.at[i].from_ns >= until_ns)
			continue;
		rc = push_edge(s, h->waits.at[i].from_ns, i, EDGE_WAIT);
		if (!rc)
			rc = push_edge(s, min_u64(h->waits.at[i].to_ns, until_ns), i,
				       EDGE_WAIT_END);
	}
	for (size_t i = 0; i < h->log.count && !rc; i++)
		if (h->log.at[i].from_ns < until_ns)
			rc = push_edge(s, h->log.at[i].from_ns, i, EDGE_HOLD);
	for (size_t i = 0; i < h->acts.list.count && !rc; i++) {
		if (h->acts.list.at[i].from_ns >= until_ns)
			continue;
		rc = push_edge(s, h->acts.list.at[i].from_ns, i, EDGE_ACT);
		if (!rc)
			rc = push_edge(s, h->acts.list.at[i].to_ns, i, EDGE_ACT_END);
	}
	return rc;
}

/* Drops what lies before @until_ns; what reaches beyond begins there. */
static void forget(struct holders *h, uint64_t until_ns)
{
	size_t kept = 0, first = holds_until(h, until_ns);

	for (size_t i = 0; i < h->waits.count; i++) {
		struct waited w = h->waits.at[i];

		if (w.to_ns <= until_ns)
			continue;
		w.from_ns = max_u64(w.from_ns, until_ns);
		h->waits.at[kept++] = w;
	}
	h->waits.count = kept;
	kept = 0;
	for (size_t i = 0; i < h->acts.list.count; i++) {
		struct act a = h->acts.list.at[i];

		if (a.to_ns <= until_ns)
			continue;
		a.from_ns = max_u64(a.from_ns, until_ns);
		h->acts.parties.at[kept] = h->acts.parties.at[i];
		h->acts.list.at[kept++] = a;
	}
	h->acts.list.count = h->acts.parties.count = kept;
	if (first) {
		first--;
		h->log.count -= first;
		memmove(h->log.at, h->log.at + first, h->log.count * sizeof(*h->log.at));
		h->log.at[0].from_ns = until_ns;
		h->log.at[0].told_ns = max_u64(h->log.at[0].told_ns, until_ns);
	}
	h->settled_ns = until_ns;
}

/* Charges all waiting before @until_ns. */
static int settle(struct holders *h, struct past *past, uint64_t until_ns)
{
	struct sweep s = { .h = h };
	size_t at = holds_until(h, until_ns);
	int rc = 0;

	if (at)
		rc = hold_tell(h, past, &h->log.at[at - 1], until_ns);
	for (size_t i = 0; i + 1 < at && !rc; i++)
		rc = hold_tell(h, past, &h->log.at[i], h->log.at[i + 1].from_ns);
	if (!rc)
		rc = list_edges(&s, until_ns);
	if (!rc && s.edges.count)
		qsort(s.edges.at, s.edges.count, sizeof(*s.edges.at), edge_order);
	for (size_t i = 0; i < h->parties.count; i++)
		h->parties.at[i].act = h->parties.at[i].waiting = 0;
	for (size_t i = 0; i < s.edges.count && !rc; i++) {
		rc = charge_until(&s, s.edges.at[i].time_ns);
		if (!rc)
			rc = take_edge(&s, &s.edges.at[i]);
	}
	vec_release(&s.edges);
	vec_release(&s.crowds);
	vec_release(&s.active);
	forget(h, until_ns);
	return rc;
}

static int time_order(const void *x, const void *y)
{
	return compare_u64(*(const uint64_t *)x, *(const uint64_t *)y);
}

/*
 * Settles the older half of what there is too much of. One hold or wait may reach
 * from the oldest to the newest, but half of them are over.
 */
static int settle_half(struct holders *h, struct past *past)
{
	size_t waits = h->waits.count, holds = h->log.count, acts = h->acts.list.count;
	size_t count = waits >= HOLDS_MAX ? waits : holds >= HOLDS_MAX ? holds : acts;
	uint64_t *times = malloc(count * sizeof(*times)), until_ns;

	if (!times)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		times[i] = waits >= HOLDS_MAX ? h->waits.at[i].to_ns :
			   holds >= HOLDS_MAX ? h->log.at[i].from_ns :
						h->acts.list.at[i].to_ns;
	qsort(times, count, sizeof(*times), time_order);
	until_ns = times[count / 2];
	free(times);
	return settle(h, past, until_ns);
}

int holders_charge(struct holders *h, struct past *past, const struct waited *w)
{
	struct waited wait = *w;
	int rc = 0;

	if (wait.from_ns < h->settled_ns) {
		struct blame_key key = {
			.party = w->otherwise, .held_stack = w->release_stack,
			.wait_stack = w->stack, .nr = -1, .doing = HELD_UNKNOWN,
			.known_by = w->release_stack ? STACK_FROM_RELEASE : STACK_FROM_NOTHING,
		};

		wait.from_ns = min_u64(h->settled_ns, w->to_ns);
		h->parties.at[w->otherwise].held++;
		rc = holders_blame(h, &key, wait.from_ns - w->from_ns, false);
	}
	if (!rc && wait.from_ns < wait.to_ns)
		rc = vec_push(&h->waits, wait);
	if (!rc && (h->waits.count >= HOLDS_MAX || h->log.count >= HOLDS_MAX ||
		    h->acts.list.count >= ACTS_MAX))
		rc = settle_half(h, past);
	return rc;
}

int holders_finish(struct holders *h, struct past *past)
{
	uint64_t until_ns = h->settled_ns;
	int rc;

	for (size_t i = 0; i < h->waits.count; i++)
		until_ns = max_u64(until_ns, h->waits.at[i].to_ns);
	rc = settle(h, past, until_ns);
	hold_end(h);
	return rc;
}
