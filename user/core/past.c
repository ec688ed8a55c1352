/* SPDX-License-Identifier: GPL-2.0-only */
#include "core/past.h"

#include <string.h>

enum {
	FIRST_SIZE = 1 << 10, /* the ring begins small: most programs wait little */
	STEPS_MAX = 1 << 12, /* back in one thread's past */
};

enum deed_kind { DEED_WAIT, DEED_RUNNABLE, DEED_SAMPLE, DEED_UNKNOWN };

struct deed {
	uint64_t from_ns, woken_ns, to_ns;
	uint64_t before; /* the thread's last one before it, counted from 1; 0 none */
	uint32_t thread, stack, object;
	int16_t nr;
	uint8_t kind; /* enum deed_kind */
	uint8_t class; /* DEED_WAIT */
};

void past_release(struct past *p)
{
	free(p->ring);
	vec_release(&p->last);
	vec_release(&p->scratch);
	memset(p, 0, sizeof(*p));
}

/* While it grows nothing has been overwritten: deed n is at n - 1. */
static int ring_grow(struct past *p)
{
	size_t cap = p->cap ? p->cap * 2 : FIRST_SIZE;
	struct deed *ring = realloc(p->ring, cap * sizeof(*ring));

	if (!ring)
		return -ENOMEM;
	p->ring = ring;
	p->cap = cap;
	return 0;
}

static int remember(struct past *p, struct deed d)
{
	if (p->count == p->cap && p->cap < PAST_SIZE && ring_grow(p))
		return -ENOMEM;
	while (p->last.count <= d.thread)
		if (vec_push(&p->last, 0))
			return -ENOMEM;
	d.before = p->last.at[d.thread];
	p->ring[p->count & (p->cap - 1)] = d;
	p->last.at[d.thread] = ++p->count;
	return 0;
}

int past_absence(struct past *p, const struct absence *a)
{
	uint32_t stack = a->out->user_stack;

	/* a sum of short waits has no time of its own */
	if (a->in_ns <= a->out_ns)
		return 0;
	if (!a->blocked && stacks_alike(p->c->stacks, stack, &stack))
		return -ENOMEM;
	return remember(p, (struct deed){
				   .from_ns = a->out_ns,
				   .woken_ns = a->woken_ns,
				   .to_ns = a->in_ns,
				   .thread = a->thread,
				   .stack = stack,
				   .object = a->out->object,
				   .nr = a->out->nr,
				   .kind = a->blocked ? DEED_WAIT : DEED_RUNNABLE,
				   .class = (uint8_t)a->class,
			   });
}

int past_sample(struct past *p, uint32_t thread, uint64_t time_ns, uint32_t stack)
{
	if (stacks_alike(p->c->stacks, stack, &stack))
		return -ENOMEM;
	return remember(p, (struct deed){ .from_ns = time_ns,
					  .woken_ns = time_ns,
					  .to_ns = time_ns,
					  .thread = thread,
					  .stack = stack,
					  .nr = -1,
					  .kind = DEED_SAMPLE });
}

int past_unknown(struct past *p, uint32_t thread, uint64_t from_ns, uint64_t to_ns)
{
	return remember(p, (struct deed){ .from_ns = from_ns,
					  .woken_ns = to_ns,
					  .to_ns = to_ns,
					  .thread = thread,
					  .nr = -1,
					  .kind = DEED_UNKNOWN });
}

/*
 * What the thread did between two times, newest first, in p->scratch. Returns 0
 * or -ENOMEM; *@ret_since_ns is from when on nothing is missing in it.
 */
static int collect(struct past *p, uint32_t thread, uint64_t from_ns, uint64_t to_ns,
		   uint64_t *ret_since_ns)
{
	uint64_t at = thread < p->last.count ? p->last.at[thread] : 0, since_ns = to_ns;

	p->scratch.count = 0;
	*ret_since_ns = to_ns;
	/* of those that are not selected nothing is told */
	if (!p->c->threads.list.at[thread].selected)
		return 0;
	for (int step = 0; at; step++) {
		const struct deed *d = &p->ring[(at - 1) & (p->cap - 1)];

		if (p->count - at >= p->cap || step == STEPS_MAX) {
			*ret_since_ns = since_ns;
			return 0;
		}
		if (d->to_ns <= from_ns && d->kind != DEED_SAMPLE)
			break;
		if (d->from_ns < from_ns && d->kind == DEED_SAMPLE)
			break;
		since_ns = min_u64(since_ns, d->from_ns);
		at = d->before;
		if (d->from_ns < to_ns && vec_push(&p->scratch, *d))
			return -ENOMEM;
	}
	*ret_since_ns = from_ns;
	return 0;
}

/* Takes the stack of a deed for a run next to it. A wait that was over before the time in
 * question was no part of it: it may have been the wait for the lock itself. */
static bool take_stack(const struct deed *d, uint64_t from_ns, struct act *act)
{
	if (d->kind != DEED_SAMPLE && d->woken_ns <= from_ns)
		return false;
	act->stack = d->stack;
	act->known_by = !d->stack		 ? STACK_FROM_NOTHING :
			d->kind == DEED_SAMPLE ? STACK_FROM_SAMPLE :
						 STACK_FROM_SWITCH;
	return d->stack;
}

/* Where it ran until the deed at @i of scratch (newest first; its count: behind all): at the
 * next sample or switch, or else at the one before. */
static void run_stack(const struct past *p, size_t i, uint64_t from_ns, struct act *act)
{
	act->stack = 0;
	act->known_by = STACK_FROM_NOTHING;
	for (size_t later = i; later-- > 0;)
		if (take_stack(&p->scratch.at[later], from_ns, act))
			return;
	for (size_t before = i; before < p->scratch.count; before++)
		if (take_stack(&p->scratch.at[before], from_ns, act))
			return;
}

static int add(struct act_list *acts, struct act act)
{
	return act.from_ns < act.to_ns ? vec_push(acts, act) : 0;
}

/* A run up to @to_ns, before the deed at @i. */
static int add_run(struct past *p, size_t i, uint64_t since_ns, uint64_t from_ns, uint64_t to_ns,
		   struct act_list *acts)
{
	struct act run = { .from_ns = from_ns, .to_ns = to_ns, .nr = -1, .doing = HELD_RUN };

	if (from_ns >= to_ns)
		return 0;
	run_stack(p, i, since_ns, &run);
	return add(acts, run);
}

/* What a deed was, from @from_ns on; *@ret_end_ns is when that was over. */
static int add_deed(struct past *p, size_t i, uint64_t since_ns, uint64_t from_ns, uint64_t to_ns,
		    struct act_list *acts, uint64_t *ret_end_ns)
{
	const struct deed d = p->scratch.at[i];
	uint64_t end_ns = max_u64(min_u64(d.to_ns, to_ns), from_ns);
	uint64_t woken_ns = max_u64(min_u64(d.woken_ns, end_ns), from_ns);
	struct act wait = {
		.from_ns = from_ns,
		.to_ns = woken_ns,
		.stack = d.stack,
		.object = d.object,
		.nr = d.nr,
		.doing = d.class,
		.known_by = d.stack ? STACK_FROM_WAIT : STACK_FROM_NOTHING,
	};
	struct act queued = {
		.from_ns = d.kind == DEED_WAIT ? woken_ns : from_ns,
		.to_ns = end_ns,
		.stack = d.stack,
		.nr = -1,
		.doing = d.kind == DEED_UNKNOWN ? HELD_UNKNOWN : HELD_RUNNABLE,
		.known_by = wait.known_by,
	};
	int rc = 0;

	*ret_end_ns = end_ns;
	if (d.kind == DEED_SAMPLE)
		return 0;
	if (d.kind == DEED_WAIT)
		rc = add(acts, wait);
	/* who was pushed off its core stood there, and did not wait for the lock itself before */
	if ((d.kind == DEED_RUNNABLE && !d.stack) ||
	    (d.kind == DEED_WAIT && d.woken_ns <= since_ns))
		run_stack(p, i, since_ns, &queued);
	return rc ? rc : add(acts, queued);
}

int past_ask(struct past *p, uint32_t thread, uint64_t from_ns, uint64_t to_ns,
	     struct act_list *acts)
{
	const struct thread *t = &p->c->threads.list.at[thread];
	uint64_t now_ns = from_ns, known_ns;
	int rc;

	/* who has ended does nothing, whatever it still has */
	if (t->ended && t->end_ns < to_ns) {
		known_ns = max_u64(from_ns, t->end_ns);
		rc = add(acts, (struct act){ .from_ns = known_ns,
					     .to_ns = to_ns,
					     .nr = -1,
					     .doing = HELD_UNKNOWN });
		if (rc)
			return rc;
		to_ns = known_ns;
	}
	if (from_ns >= to_ns)
		return 0;
	rc = collect(p, thread, from_ns, to_ns, &known_ns);
	if (!rc && known_ns > from_ns) {
		rc = add(acts, (struct act){ .from_ns = from_ns,
					     .to_ns = known_ns,
					     .nr = -1,
					     .doing = HELD_UNKNOWN });
		now_ns = known_ns;
	}
	for (size_t i = p->scratch.count; i-- > 0 && !rc;) {
		uint64_t begin_ns = max_u64(p->scratch.at[i].from_ns, now_ns);

		rc = add_run(p, i + 1, from_ns, now_ns, begin_ns, acts);
		if (!rc)
			rc = add_deed(p, i, from_ns, begin_ns, to_ns, acts, &now_ns);
	}
	return rc ? rc : add_run(p, 0, from_ns, now_ns, to_ns, acts);
}
