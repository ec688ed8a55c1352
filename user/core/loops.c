/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a thread's waits and returns say of its loops. A wait that may be a loop's
 * is pending until it is known which loop came back from it: with --loops the
 * return says so, else the next thing that the thread does shows that it did.
 */
#include "core/loops.h"

#include <string.h>

/* Stacks whose depths differ by less are called from one function, as far as one can tell. */
enum { NEAR_BYTES = 512, NEAR_FRAMES = 1 };

/* So often one loop must have returned after another to be sure that they take turns. */
enum { TURNS_ENOUGH = 8 };

/* Of one loop to another of the same thread. */
enum nesting { NESTING_INSIDE, NESTING_BESIDE, NESTING_AROUND };

static void *loops_new(struct context *c)
{
	struct loops *self = calloc(1, sizeof(*self));

	if (!self)
		return NULL;
	self->c = c;
	for (int nr = 0; nr < CONTEXT_SYSCALLS; nr++) {
		switch (syscall_identify(c->machine, nr)) {
		case SYSCALL_EPOLL_WAIT:
		case SYSCALL_EPOLL_PWAIT:
		case SYSCALL_EPOLL_PWAIT2:
			self->kinds[nr] = POLL_EPOLL;
			break;
		case SYSCALL_POLL:
		case SYSCALL_PPOLL:
			self->kinds[nr] = POLL_POLL;
			break;
		case SYSCALL_SELECT:
		case SYSCALL_PSELECT6:
			self->kinds[nr] = POLL_SELECT;
			break;
		case SYSCALL_IO_URING_ENTER:
			self->kinds[nr] = POLL_IO_URING;
			break;
		default:
			break;
		}
	}
	return self;
}

static void loop_free(struct loop *l)
{
	spread_release(&l->rounds);
	vec_release(&l->stalls);
	sites_release(&l->stall_sites);
	sites_release(&l->calls);
	free(l);
}

static void loops_free(void *p)
{
	struct loops *self = p;

	for (size_t i = 0; i < self->list.count; i++)
		loop_free(self->list.at[i]);
	for (size_t i = 0; i < self->loopers.count; i++)
		free(self->loopers.at[i]);
	vec_release(&self->list);
	vec_release(&self->loopers);
	map_release(&self->familiar);
	hops_release(self);
	free(self);
}

/* POLL_NONE: what it waits in is no event loop's call. */
static enum poll_kind kind_of(const struct loops *self, const struct absence *a)
{
	const struct event_out *out = a->out;
	uint8_t kind = out->nr >= 0 && out->nr < CONTEXT_SYSCALLS ? self->kinds[out->nr] : 0;

	if (!a->blocked || (kind == POLL_POLL && !out->args[1]))
		return POLL_NONE;
	if (kind == POLL_SELECT && (!out->args[0] || !(out->args[1] | out->args[2] | out->args[3])))
		return POLL_NONE;
	return kind;
}

static int looper_of(struct loops *self, uint32_t thread, struct looper **ret)
{
	struct looper *w = looper_at(self, thread);

	if (!w && thread >= self->loopers.count) {
		size_t more = thread + 1 - self->loopers.count;

		if (vec_reserve(&self->loopers, more))
			return -ENOMEM;
		memset(self->loopers.at + self->loopers.count, 0, more * sizeof(w));
		self->loopers.count += more;
	}
	if (!w) {
		w = calloc(1, sizeof(*w));
		if (!w)
			return -ENOMEM;
		self->loopers.at[thread] = w;
	}
	*ret = w;
	return 0;
}

/* *ret NULL: the thread has too many. 0 or -ENOMEM. */
static int loop_of(struct loops *self, uint32_t thread, struct looper *w, uint8_t kind,
		   uint64_t key, struct loop **ret)
{
	struct loop *l;

	*ret = NULL;
	for (uint32_t i = 0; i < w->loop_count; i++) {
		l = self->list.at[w->loops[i]];
		if (l->kind == kind && l->key == key) {
			*ret = l;
			return 0;
		}
	}
	if (w->loop_count == LOOPS_OF_THREAD)
		return 0;
	l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	*l = (struct loop){ .thread = thread, .kind = kind, .key = key };
	if (vec_push(&self->list, l)) {
		free(l);
		return -ENOMEM;
	}
	w->loops[w->loop_count++] = (uint32_t)self->list.count - 1;
	*ret = l;
	return 0;
}

static void round_begin(struct round *r, uint64_t start_ns, const struct parts *at)
{
	r->open = true;
	r->broken = r->cut = false;
	r->start_ns = start_ns;
	r->away_ns = 0;
	r->familiar_ns = 0;
	r->at = *at;
	r->classes = 0;
	r->queued_ns = 0;
	r->queued_stack = 0;
	r->sample_count = 0;
}

/*
 * Which of two loops of a thread is inside of the other. A function's call of
 * its wait stands hardly deeper than its call of a handler that waits as well:
 * there who comes round less often, by far, is inside.
 */
static enum nesting nesting_of(const struct loops *self, const struct looper *w,
			       const struct loop *l, const struct loop *other)
{
	uint64_t near = self->c->polls ? NEAR_BYTES : NEAR_FRAMES;

	/* whatever the depth: a loop that waits in two calls by turns */
	if (w->turns >= TURNS_ENOUGH && l->many && other->many)
		return NESTING_BESIDE;
	if (l->depth > other->depth && l->depth - other->depth > near)
		return NESTING_INSIDE;
	if (other->depth > l->depth && other->depth - l->depth > near)
		return NESTING_AROUND;
	if (l->returns + 1 < other->returns / 2)
		return NESTING_INSIDE;
	return other->returns < l->returns / 2 ? NESTING_AROUND : NESTING_BESIDE;
}

/*
 * How long the last round of a thread that ends was one is not known: it left its
 * loop sometime. But what waits from where it did in other rounds, also of another
 * thread that does the same, is in the loop.
 */
static int round_is_familiar(struct loops *self, struct loop *l, const struct looper *w,
			     uint32_t stack, uint64_t in_ns)
{
	uint64_t round = (uint64_t)l->thread << 32 | (uint32_t)(l->returns + l->parks);
	const uint64_t *first = map_get(&self->familiar, stack);

	if (!stack)
		return 0;
	if (!first)
		return map_put(&self->familiar, stack, round);
	if (*first == round)
		return 0;
	l->round.familiar_ns = context_clip(self->c, in_ns);
	l->round.familiar = w->sums;
	return 0;
}

/* What loop @l came back from, at @time_ns, was time that loop @other did not wait in. */
static int other_returns(struct loops *self, const struct looper *looper, struct loop *other,
			 const struct loop *l, uint64_t time_ns)
{
	enum nesting nesting = nesting_of(self, looper, l, other);
	const struct pending *w = &looper->wait;
	struct site call = {
		.cause = w->class,
		.nr = w->held.nr,
		.stack = w->held.stack,
		.object = w->held.object,
		.owner = THREAD_NONE,
		.count = 1,
		.ns = w->wait_ns,
		.max_ns = w->wait_ns,
	};
	int rc;

	if (nesting == NESTING_AROUND) { /* the inner one was left, nobody knows when */
		other->round.open = other->in_turn = false;
		return 0;
	}
	if (nesting == NESTING_BESIDE) { /* they take turns: what follows is the other's round */
		other->in_turn |= other->round.open;
		if (w->any && other->in_turn)
			other->idle_ns += w->wait_ns;
		return w->any ? round_close(self, other, w->out_ns, &w->before, false) :
				round_close(self, other, time_ns, &looper->sums, false);
	}
	if (!other->round.open || !w->any)
		return 0;
	round_wait(&other->round, w->class, &w->held);
	rc = sites_add(&other->calls, &call);
	return rc ? rc : round_is_familiar(self, other, looper, w->held.stack, time_ns);
}

/* Loop @l came back at @time_ns, from the wait that is pending, or without one. */
static int loop_returns(struct loops *self, struct looper *w, struct loop *l, uint64_t time_ns)
{
	struct pending *p = &w->wait;
	struct parts at = p->any ? p->before : w->sums;
	bool own = p->any && !p->parked;
	int rc;

	if (w->last && w->last != l)
		w->turns += w->turns < 2 * TURNS_ENOUGH;
	else if (!p->parked)
		w->turns -= w->turns < 2 ? w->turns : 2;
	w->last = l;
	/* another thing behind the same descriptor: the old loop was left, and not by waiting */
	if (own && p->held.object && l->object && p->held.object != l->object)
		l->round.open = false;
	rc = round_close(self, l, p->any ? p->out_ns : time_ns, &at, false);
	for (uint32_t i = 0; i < w->loop_count && !rc; i++)
		if (self->list.at[w->loops[i]] != l)
			rc = other_returns(self, w, self->list.at[w->loops[i]], l, time_ns);
	if (rc)
		return rc;
	l->in_turn = false;
	l->returns += !p->parked;
	l->parks += p->parked;
	if (own) {
		l->object = p->held.object ? p->held.object : l->object;
		l->wait_stack = p->held.stack ? p->held.stack : l->wait_stack;
		l->many |= p->many;
	}
	if (p->any) {
		l->idle_ns += p->wait_ns;
		l->delay_ns += p->delay_ns;
		at.class_ns[p->class] += p->wait_ns;
		l->round = p->next;
		l->round.open = true;
		l->round.at = at;
		l->round.start_ns = p->woken_ns;
		l->round.away_ns = p->wait_ns - p->first_ns;
	} else {
		l->unblocked++;
		round_begin(&l->round, time_ns, &at);
	}
	p->any = p->parked = false;
	return 0;
}

/* Without --loops: the wait that is pending was this loop's, and is over. */
static int settle(struct loops *self, uint32_t thread, struct looper *w)
{
	struct pending *p = &w->wait;
	struct loop *l;
	int rc;

	if (!p->any || self->c->polls)
		return 0;
	rc = loop_of(self, thread, w, p->kind, p->key, &l);
	if (rc || !l) {
		p->any = false;
		return rc;
	}
	l->depth = p->depth;
	if (l->kind == POLL_EPOLL || l->kind == POLL_IO_URING)
		l->fd = (uint32_t)p->key;
	return loop_returns(self, w, l, p->woken_ns);
}

static void wait_begins(struct pending *p, const struct context *c, const struct looper *w,
			const struct absence *a)
{
	p->any = true;
	p->parked = false;
	p->out_ns = context_clip(c, a->out_ns);
	p->woken_ns = context_clip(c, a->woken_ns);
	p->first_ns = a->wait_ns;
	p->wait_ns = p->delay_ns = 0;
	p->before = w->sums;
	p->class = a->class;
	p->held = (struct held){ a->wait_ns, a->out->user_stack, a->out->object, THREAD_NONE,
				 a->out->nr };
	round_begin(&p->next, p->woken_ns, &w->sums);
}

static void wait_goes_on(struct looper *w, const struct absence *a)
{
	struct pending *p = &w->wait;

	p->ended = a->ended;
	p->wait_ns += a->wait_ns;
	p->delay_ns += a->runnable_ns;
	w->sums.class_ns[p->class] += a->wait_ns;
	w->sums.runnable_ns += a->runnable_ns;
}

/* Who waits for events may wait for its own children: to end, or to say something. */
static bool is_ended_by_child(const struct context *c, const struct absence *a)
{
	const struct threads *ts = &c->threads;
	const struct process *by;

	if (a->ender != ENDER_THREAD)
		return false;
	by = &ts->processes.at[ts->list.at[a->ender_id].process];
	return by->parent_tgid == ts->list.at[a->thread].tgid;
}

/* A wait that may be a loop's begins to be pending, or goes on. */
static int loop_waits(struct loops *self, const struct absence *a, enum poll_kind kind)
{
	bool by_fd = kind == POLL_EPOLL || kind == POLL_IO_URING;
	const struct context *c = self->c;
	struct stack_view stack;
	struct pending *p;
	struct looper *w;
	int rc = looper_of(self, a->thread, &w);

	if (!rc)
		rc = settle(self, a->thread, w);
	if (rc)
		return rc;
	p = &w->wait;
	w->waits++;
	w->for_children += is_ended_by_child(c, a);
	if (!p->any) {
		stacks_get(c->stacks, a->out->user_stack, &stack);
		wait_begins(p, c, w, a);
		p->kind = kind;
		p->key = by_fd ? (uint32_t)a->out->args[0] : a->out->user_stack;
		p->depth = stack.count;
		p->many = by_fd || kind == POLL_SELECT || a->out->args[1] > 1 ||
			  a->class == CLASS_IDLE;
	}
	wait_goes_on(w, a);
	return 0;
}

/*
 * A wait for work, as its callers say, but in another call: a worker parks. One for
 * connections is a handler's that should not have called accept().
 */
static bool is_parked(const struct loops *self, const struct absence *a)
{
	enum syscall_id id = syscall_identify(self->c->machine, a->out->nr);

	return a->blocked && a->class == CLASS_IDLE && id != SYSCALL_ACCEPT &&
	       id != SYSCALL_ACCEPT4;
}

/* The round is over, and with the wakeup another one of the same loop begins. */
static int looper_parks(struct loops *self, struct looper *w, const struct absence *a)
{
	struct loop *l = w->last;

	wait_begins(&w->wait, self->c, w, a);
	w->wait.parked = true;
	wait_goes_on(w, a);
	return a->ended ? loop_returns(self, w, l, w->wait.woken_ns) : 0;
}

/* It was pushed off its core. */
static void looper_queued(struct loops *self, struct looper *w, const struct absence *a)
{
	if (w->wait.any) {
		round_queued(&w->wait.next, a->runnable_ns, a->out->user_stack);
		return;
	}
	for (uint32_t i = 0; i < w->loop_count; i++)
		if (self->list.at[w->loops[i]]->round.open)
			round_queued(&self->list.at[w->loops[i]]->round, a->runnable_ns,
				     a->out->user_stack);
}

/* Any other absence of a thread that has loops. */
static int looper_is_held_up(struct loops *self, struct looper *w, const struct absence *a)
{
	struct held held = { a->wait_ns, a->out->user_stack, a->out->object, a->owner,
			     a->out->nr };
	struct site call = {
		.cause = a->class,
		.nr = a->out->nr,
		.stack = a->out->user_stack,
		.object = a->out->object,
		.owner = a->owner,
		.count = a->waits,
		.ns = a->wait_ns,
		.max_ns = a->waits == 1 ? a->wait_ns : 0,
	};
	int rc = settle(self, a->thread, w);

	if (!rc && a->waits && !w->wait.any && w->last && is_parked(self, a))
		return looper_parks(self, w, a);
	w->sums.runnable_ns += a->runnable_ns;
	if (!a->blocked)
		looper_queued(self, w, a);
	if (!a->waits || rc)
		return rc;
	w->sums.class_ns[a->class] += a->wait_ns;
	if (w->wait.any) {
		round_wait(&w->wait.next, a->class, &held);
		return 0;
	}
	for (uint32_t i = 0; i < w->loop_count && !rc; i++) {
		struct loop *l = self->list.at[w->loops[i]];

		if (!l->round.open)
			continue;
		round_wait(&l->round, a->class, &held);
		rc = sites_add(&l->calls, &call);
		if (!rc)
			rc = round_is_familiar(self, l, w, a->out->user_stack, a->in_ns);
	}
	return rc;
}

/* Waits below --min-wait: sums of them, placed somewhere in the run that they lie in. */
static void brief_waits(struct loops *self, struct looper *w, const struct absence *a,
			enum poll_kind kind)
{
	bool parked = !kind && is_parked(self, a);

	w->sums.runnable_ns += a->runnable_ns;
	w->sums.class_ns[a->class] += a->wait_ns;
	for (uint32_t i = 0; (kind || parked) && i < w->loop_count; i++) {
		struct loop *l = self->list.at[w->loops[i]];

		if (!l->round.open || (parked ? l != w->last : l->kind != kind))
			continue;
		l->idle_ns += a->wait_ns;
		l->round.away_ns += a->wait_ns;
		l->round.at.class_ns[a->class] += a->wait_ns;
	}
}

static int loops_absence(void *p, const struct absence *a)
{
	struct loops *self = p;
	struct looper *w = looper_at(self, a->thread);
	enum poll_kind kind = kind_of(self, a);
	int rc = hops_absence(self, a);

	if (rc)
		return rc;
	if (!a->in_ns) {
		if (w)
			brief_waits(self, w, a, kind);
		return 0;
	}
	if (kind && a->waits)
		return loop_waits(self, a, kind);
	return w ? looper_is_held_up(self, w, a) : 0;
}

/*
 * Whether one stack is the other's leaf: the same place, of which the walk saw less. One
 * by frame pointers, before there were tables, may take any 0 for the root.
 */
static bool is_part(const struct stack_view *a, const struct stack_view *b)
{
	uint32_t count = a->count < b->count ? a->count : b->count;

	return !memcmp(a->frames, b->frames, count * sizeof(*a->frames));
}

/* Of a stack that does not reach its root nothing can be said. */
static bool is_elsewhere(const struct loops *self, const struct loop *l, uint32_t stack)
{
	struct stack_view here, there;

	if (!stack || !l->wait_stack || l->wait_stack == stack)
		return false;
	stacks_get(self->c->stacks, stack, &here);
	stacks_get(self->c->stacks, l->wait_stack, &there);
	/* the first one may have been walked by frame pointers, before there were tables */
	if (l->returns - l->unblocked <= 1 && here.count > there.count)
		return false;
	return here.flags & there.flags & STACK_COMPLETE && !is_part(&here, &there);
}

static int loops_poll(void *p, uint32_t thread, uint64_t time_ns, const struct event_poll *e)
{
	bool by_fd = e->kind == POLL_EPOLL || e->kind == POLL_IO_URING;
	struct loops *self = p;
	uint32_t missed;
	struct looper *w;
	struct loop *l;
	bool before;
	int rc = looper_of(self, thread, &w);

	if (!rc)
		rc = loop_of(self, thread, w, e->kind, by_fd ? e->fd : e->sp, &l);
	/* two places may have the same depth: a wait that blocked tells them apart */
	if (!rc && l && !by_fd && w->wait.any && is_elsewhere(self, l, w->wait.held.stack))
		rc = loop_of(self, thread, w, e->kind, e->sp ^ hash_u64(w->wait.held.stack), &l);
	if (rc || !l)
		return rc;
	missed = w->sequence && e->sequence > w->sequence ? e->sequence - w->sequence - 1 : 0;
	w->sequence = e->sequence;
	if (time_ns >= self->c->end_ns)
		return 0;
	before = time_ns < self->c->start_ns;
	if (before) {
		/* all that counts is that it is in a round as the window begins */
		time_ns = self->c->start_ns;
		l->round.open = false;
	}
	l->fd = e->fd;
	l->depth = ~e->sp;
	l->many |= by_fd || e->kind == POLL_SELECT || e->count > 1;
	l->round.broken |= missed > 0;
	rc = loop_returns(self, w, l, time_ns);
	l->round.broken = missed > 0;
	if (before) {
		l->round.cut = true;
		l->returns = l->unblocked = 0;
		return rc;
	}
	l->returns += missed;
	l->lost += missed;
	l->accepts += e->accepts;
	if (e->result > 0)
		l->events += (uint32_t)e->result;
	return rc;
}

static int loops_span(void *p, uint32_t thread, enum span span, uint64_t from_ns, uint64_t to_ns)
{
	struct loops *self = p;
	struct looper *w = looper_at(self, thread);

	if (w && span == SPAN_UNKNOWN)
		w->sums.unknown_ns += to_ns - from_ns;
	return 0;
}

static int loops_sample(void *p, uint32_t thread, uint64_t time_ns, const struct event_sample *e)
{
	struct loops *self = p;
	struct looper *w = looper_at(self, thread);
	int rc;

	(void)time_ns;
	if (!w || !e->user_stack)
		return 0;
	rc = settle(self, thread, w);
	if (w->wait.any) {
		round_sample(&w->wait.next, e->user_stack);
		return rc;
	}
	for (uint32_t i = 0; i < w->loop_count; i++)
		if (self->list.at[w->loops[i]]->round.open)
			round_sample(&self->list.at[w->loops[i]]->round, e->user_stack);
	return rc;
}

/* The loop that a wait was for which nobody came back from. */
static struct loop *waiting_loop(struct loops *self, const struct looper *w)
{
	struct loop *found = NULL;

	if (w->wait.parked)
		return w->last;
	for (uint32_t i = 0; i < w->loop_count; i++) {
		struct loop *l = self->list.at[w->loops[i]];
		bool by_fd = l->kind == POLL_EPOLL || l->kind == POLL_IO_URING;

		if (l->kind == w->wait.kind && l->round.open &&
		    (!(by_fd || !self->c->polls) || l->key == w->wait.key))
			found = l;
	}
	return found;
}

static int looper_finish(struct loops *self, uint32_t thread, struct looper *w)
{
	const struct thread *t = &self->c->threads.list.at[thread];
	struct pending *p = &w->wait;
	struct loop *l;
	int rc = 0;

	if (p->any && p->ended)
		rc = settle(self, thread, w);
	l = p->any && !rc ? waiting_loop(self, w) : NULL;
	if (l) {
		l->idle_ns += p->wait_ns;
		rc = round_close(self, l, p->out_ns, &p->before, false);
	}
	for (uint32_t i = 0; i < w->loop_count && !rc; i++) {
		l = self->list.at[w->loops[i]];
		if (!t->ended)
			rc = round_close(self, l, self->c->end_ns, &w->sums, true);
		else if (l->round.familiar_ns)
			rc = round_close(self, l, l->round.familiar_ns, &l->round.familiar, true);
	}
	return rc;
}

static int loops_finish(void *p, struct result *r)
{
	struct loops *self = p;
	int rc = 0;

	for (uint32_t i = 0; i < self->loopers.count && !rc; i++)
		if (self->loopers.at[i])
			rc = looper_finish(self, i, self->loopers.at[i]);
	return rc ? rc : loops_result(self, r);
}

const struct analysis analysis_loops = {
	.new = loops_new,
	.free = loops_free,
	.span = loops_span,
	.absence = loops_absence,
	.sample = loops_sample,
	.poll = loops_poll,
	.finish = loops_finish,
};
