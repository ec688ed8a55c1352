/* SPDX-License-Identifier: GPL-2.0-only */
/* Rounds of a loop: what they were made of, and which of them were stalls. */
#include "core/loops.h"

#include <string.h>

void parts_add(struct parts *to, const struct parts *from)
{
	for (int i = 0; i < CLASS_COUNT; i++)
		to->class_ns[i] += from->class_ns[i];
	to->runnable_ns += from->runnable_ns;
	to->unknown_ns += from->unknown_ns;
}

struct parts parts_since(const struct parts *now, const struct parts *then)
{
	struct parts diff = *now;

	for (int i = 0; i < CLASS_COUNT; i++)
		diff.class_ns[i] -= min_u64(diff.class_ns[i], then->class_ns[i]);
	diff.runnable_ns -= min_u64(diff.runnable_ns, then->runnable_ns);
	diff.unknown_ns -= min_u64(diff.unknown_ns, then->unknown_ns);
	return diff;
}

/* All of it but what is not known. */
uint64_t parts_sum(const struct parts *p)
{
	uint64_t sum = p->runnable_ns;

	for (int i = 0; i < CLASS_COUNT; i++)
		sum += p->class_ns[i];
	return sum;
}

void round_wait(struct round *r, enum wait_class class, const struct held *held)
{
	struct held *longest = &r->longest[class];

	if (r->classes & 1u << class && longest->ns >= held->ns)
		return;
	r->classes |= 1u << class;
	*longest = *held;
}

void round_queued(struct round *r, uint64_t ns, uint32_t stack)
{
	if (!stack || ns < r->queued_ns)
		return;
	r->queued_ns = ns;
	r->queued_stack = stack;
}

void round_sample(struct round *r, uint32_t stack)
{
	for (size_t i = 0; i < r->sample_count; i++) {
		if (r->samples[i].stack == stack) {
			r->samples[i].count++;
			return;
		}
	}
	if (r->sample_count < SAMPLES_KEPT)
		r->samples[r->sample_count++] = (struct round_sample){ stack, 1 };
}

int sites_add(struct sites *s, const struct site *one)
{
	uint64_t key = hash_u64(((uint64_t)one->stack << 32 | one->object) +
				hash_u64((uint64_t)(uint16_t)one->nr << 8 | (uint8_t)one->cause));
	const uint64_t *at = map_get(&s->by_key, key);
	struct site *site;

	if (!at && s->list.count == SITES_KEPT) {
		s->left_count += one->count;
		s->left_ns += one->ns;
		return 0;
	}
	if (!at) {
		if (vec_reserve(&s->list, 1) || map_put(&s->by_key, key, s->list.count))
			return -ENOMEM;
		return vec_push(&s->list, *one);
	}
	site = &s->list.at[*at];
	site->count += one->count;
	site->ns += one->ns;
	if (one->max_ns > site->max_ns) {
		site->max_ns = one->max_ns;
		site->owner = one->owner;
	}
	return 0;
}

void sites_release(struct sites *s)
{
	vec_release(&s->list);
	map_release(&s->by_key);
}

/*
 * Where it ran, or queued for a core: samples say it, and where it was pushed off its core,
 * if most of the queueing was there and not before the round's first handler. Else it is
 * where it waited longest.
 */
static uint32_t most_seen(const struct round *r, const struct stall *s)
{
	const struct held *longest = NULL;
	const struct round_sample *most = NULL;

	if (s->cause == CAUSE_RUNNABLE && r->queued_ns > s->parts.runnable_ns / 2)
		return r->queued_stack;
	for (size_t i = 0; i < r->sample_count; i++)
		if (!most || r->samples[i].count > most->count)
			most = &r->samples[i];
	if (most)
		return most->stack;
	if (s->cause == CAUSE_RUN && r->queued_stack)
		return r->queued_stack;
	for (int i = 0; i < CLASS_COUNT; i++)
		if (r->classes & 1u << i && (!longest || r->longest[i].ns > longest->ns))
			longest = &r->longest[i];
	return longest ? longest->stack : 0;
}

static int largest_part(const struct stall *s)
{
	uint64_t run_ns = s->busy_ns - min_u64(s->busy_ns, parts_sum(&s->parts)), most = run_ns;
	int cause = CAUSE_RUN;

	if (s->parts.runnable_ns > most) {
		most = s->parts.runnable_ns;
		cause = CAUSE_RUNNABLE;
	}
	for (int i = 0; i < CLASS_COUNT; i++) {
		if (s->parts.class_ns[i] > most) {
			most = s->parts.class_ns[i];
			cause = i;
		}
	}
	return cause;
}

/* Keeps the longest. */
static int stall_keep(struct loop *l, const struct stall *s)
{
	size_t least = 0;

	if (l->stalls.count < STALLS_KEPT)
		return vec_push(&l->stalls, *s);
	for (size_t i = 1; i < l->stalls.count; i++)
		if (l->stalls.at[i].busy_ns < l->stalls.at[least].busy_ns)
			least = i;
	if (s->busy_ns > l->stalls.at[least].busy_ns)
		l->stalls.at[least] = *s;
	return 0;
}

static int stall_add(struct loop *l, struct stall *s)
{
	const struct round *r = &l->round;
	struct site site;

	s->cause = largest_part(s);
	if (s->cause >= 0 && r->classes & 1u << s->cause)
		s->held = r->longest[s->cause];
	s->stack = s->cause >= 0 ? s->held.stack : most_seen(r, s);
	site = (struct site){
		.cause = s->cause,
		.nr = s->cause >= 0 ? s->held.nr : -1,
		.stack = s->stack,
		.object = s->held.object,
		.owner = s->held.owner,
		.count = 1,
		.ns = s->busy_ns,
		.max_ns = s->busy_ns,
	};
	l->stall_count++;
	l->stall_ns += s->busy_ns;
	return sites_add(&l->stall_sites, &site) || stall_keep(l, s) ? -ENOMEM : 0;
}

int round_close(struct loops *self, struct loop *l, uint64_t end_ns, const struct parts *sums,
		bool unfinished)
{
	struct round *r = &l->round;
	uint64_t length = end_ns - min_u64(end_ns, r->start_ns);
	struct stall s = { .start_ns = r->start_ns, .unfinished = unfinished };
	uint64_t off;
	int rc = 0;

	if (!r->open)
		return 0;
	r->open = false;
	s.held.owner = THREAD_NONE;
	s.held.nr = -1;
	s.parts = parts_since(sums, &r->at);
	off = r->away_ns + s.parts.unknown_ns;
	s.busy_ns = length - min_u64(length, off);
	l->busy_ns += s.busy_ns;
	parts_add(&l->by, &s.parts);
	if (r->broken || s.parts.unknown_ns)
		return 0;
	if (!unfinished && !r->cut)
		rc = spread_add(&l->rounds, s.busy_ns);
	if (!rc && s.busy_ns >= self->c->slow_ns)
		rc = stall_add(l, &s);
	return rc;
}
