/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * deadlocks: what each thread is doing as the recording ends, and which of them
 * can never go on. This file says who could end a wait; waits_for.c draws the
 * conclusion.
 *
 * Who could end a wait is claimed only where it is known to be all of them. A
 * sleep, a timeout, a wait for what lies outside, a condition variable: somebody
 * may. Only a thread that is known not to have moved counts (OUT_STEADY): between
 * the two looks of a snapshot, or from its last switch to the reading of its
 * lock's words when a recording ends. So what is called a deadlock is one; there may be others.
 */
#include "core/analysis.h"
#include "core/waits_for.h"

#include <string.h>

enum {
	STEADY_NS = 50000000, /* a recording's wait must be so old at its end */
	GONE_NS = 1000000000, /* and so old for a holder to be called gone */
	TID_LEAST = 300, /* RESERVED_PIDS: lower ones are not given out a second time */
};

/* What classify() said of a thread's last absence. */
struct last_wait {
	uint32_t thread;
	enum wait_class class;
	int lock;
	uint32_t owner;
};

struct deadlocks {
	struct context *c;
	VEC(struct last_wait) last;
	/* at the end: threads in the order of result.waits, and the way back */
	uint32_t *threads, *index;
	size_t count;
	struct waits_for graph;
	uint64_t end_ns;
	uint32_t snapshot_of; /* as in struct recording */
};

static void *deadlocks_new(struct context *c)
{
	struct deadlocks *self = calloc(1, sizeof(*self));

	if (self)
		self->c = c;
	return self;
}

static void deadlocks_free(void *p)
{
	struct deadlocks *self = p;

	vec_release(&self->last);
	free(self->threads);
	free(self->index);
	waits_for_release(&self->graph);
	free(self);
}

static int deadlocks_absence(void *p, const struct absence *a)
{
	struct deadlocks *self = p;

	if (a->ended || !a->blocked)
		return 0;
	return vec_push(&self->last,
			(struct last_wait){ a->thread, a->class, a->lock, a->owner });
}

/* --- who could end it ------------------------------------------------------------- */

static struct thread *thread_of(const struct deadlocks *self, size_t i)
{
	return &self->c->threads.list.at[self->threads[i]];
}

/* The wait ends by itself after a time, or may. */
static bool is_timed(enum syscall_id call, const struct event_out *out)
{
	switch (call) {
	case SYSCALL_FUTEX:
	case SYSCALL_SEMTIMEDOP:
		return out->args[3] != 0;
	case SYSCALL_POLL:
	case SYSCALL_EPOLL_WAIT_OLD:
		return (int32_t)out->args[2] >= 0;
	case SYSCALL_PPOLL:
		return out->args[2] != 0;
	case SYSCALL_EPOLL_WAIT:
	case SYSCALL_EPOLL_PWAIT:
		return (int32_t)out->args[3] >= 0;
	case SYSCALL_EPOLL_PWAIT2:
		return out->args[3] != 0;
	case SYSCALL_NANOSLEEP:
	case SYSCALL_CLOCK_NANOSLEEP:
		return true;
	default: /* of select the timeout is the fifth argument: see WAKER_TIMER */
		return false;
	}
}

/* Since when it waits; 0: not known. */
static uint64_t waits_since(const struct deadlocks *self, const struct thread *t)
{
	return t->open.out_ns && t->open.out_ns < self->end_ns ? t->open.out_ns : 0;
}

static bool is_steady(const struct deadlocks *self, const struct thread *t)
{
	uint64_t since = max_u64(waits_since(self, t), self->c->start_ns);

	if (!(t->open.flags & OUT_STEADY))
		return false;
	return self->snapshot_of || self->end_ns - min_u64(since, self->end_ns) >= STEADY_NS;
}

/* What the process of @t is called where it lives; UINT32_MAX: not known. */
static uint32_t own_tgid(const struct deadlocks *self, const struct thread *t)
{
	const struct process *p = &self->c->threads.processes.at[t->process];
	const struct thread *leader = &self->c->threads.list.at[p->leader];

	if (!t->pid_namespace)
		return t->tgid;
	return leader->tid == t->tgid && leader->pid_namespace == t->pid_namespace
		       ? leader->own_tid
		       : UINT32_MAX;
}

/* Whether that is or was a thread of a process that the one of @t descends from. */
static bool is_of_ancestor(const struct deadlocks *self, const struct thread *t, uint32_t own_tid)
{
	struct threads *ts = &self->c->threads;
	uint32_t index = threads_last_of_own_tid(ts, (uint32_t)(t - ts->list.at), own_tid,
						 self->end_ns);
	uint32_t process = t->process;

	if (index == THREAD_NONE)
		return false;
	/* a TGID may be given out again, so that parents could go round */
	for (size_t i = 0; i < ts->processes.count; i++) {
		const uint64_t *parent = map_get(&ts->process_by_tgid,
						 ts->processes.at[process].parent_tgid);

		if (!parent)
			return false;
		process = (uint32_t)*parent;
		if (process == ts->list.at[index].process)
			return true;
	}
	return false;
}

/*
 * The words name a thread that its process does not have: it ended with the lock,
 * or the process was forked while another thread had it. Words may be anything,
 * though, and small numbers hardly TIDs: on a machine or in a container that has
 * just started they are, but then that thread is known, or younger than its process.
 */
static bool holder_is_gone(const struct deadlocks *self, const struct thread *t,
			   const struct last_wait *last)
{
	const struct object *o = objects_find(&self->c->objects, t->open.object);
	uint64_t since = waits_since(self, t);
	uint32_t tid = t->open.owner_tid;

	if (last->owner != THREAD_NONE)
		return self->c->threads.list.at[last->owner].ended;
	if (!tid || last->lock != LOCK_MUTEX || !o || o->flags & OBJECT_SHARED)
		return false;
	if (!since || self->end_ns - since < GONE_NS)
		return false;
	return tid >= TID_LEAST || tid >= own_tgid(self, t) || is_of_ancestor(self, t, tid);
}

/* Adds a process to those who can end the wait. */
static int node_add(struct deadlocks *self, struct waits_for_node *n, uint32_t process)
{
	if (!n->count)
		n->first = self->graph.refs.count;
	n->count++;
	return vec_push(&self->graph.refs, process);
}

static int end_add(struct result_wait *to, uint32_t tgid, const char *comm)
{
	return vec_push(&to->ends, (struct result_end){ tgid, comm });
}

/* A process whose threads are all here; THREAD_NONE: not one. */
static uint32_t process_of(const struct deadlocks *self, uint32_t tgid)
{
	const uint64_t *at = map_get(&self->c->threads.process_by_tgid, tgid);

	return at && self->c->threads.processes.at[*at].live ? (uint32_t)*at : THREAD_NONE;
}

/*
 * A lock on a file is let go of by any thread of the process that took it or,
 * when it belongs to an open file, of those that have that.
 */
static int node_of_file_lock(struct deadlocks *self, const struct thread *t,
			     struct waits_for_node *n, struct result_wait *to)
{
	struct objects *os = &self->c->objects;
	const struct object *o = objects_find(os, t->open.object);
	const struct object_end *e = NULL;
	uint32_t process, holder = 0;
	bool outside = false;

	while (o && (e = objects_end(os, o, e))) {
		process = process_of(self, e->tgid);
		holder = !holder || e->tgid == t->open.owner_tid ? e->tgid : holder;
		outside |= process == THREAD_NONE;
		if (end_add(to, e->tgid, intern_text(&os->text, e->comm)) ||
		    (process != THREAD_NONE && node_add(self, n, process)))
			return -ENOMEM;
	}
	process = process_of(self, t->open.owner_tid);
	if (!holder && process != THREAD_NONE && node_add(self, n, process))
		return -ENOMEM;
	holder = holder ? holder : t->open.owner_tid;
	to->holder = holder ? HOLDER_THERE : HOLDER_UNKNOWN;
	to->holder_tid = holder;
	if (n->count && !outside)
		n->kind = WAITS_FOR_ANY;
	return 0;
}

static void node_of_lock(struct deadlocks *self, const struct thread *t,
			 const struct last_wait *last, struct waits_for_node *n,
			 struct result_wait *to)
{
	if (holder_is_gone(self, t, last)) {
		to->holder = HOLDER_GONE;
		to->holder_tid = t->open.owner_tid;
		n->kind = WAITS_FOR_NOBODY;
	} else if (last->owner != THREAD_NONE) {
		to->holder = HOLDER_THERE;
		to->holder_tid = self->c->threads.list.at[last->owner].tid;
		if (self->index[last->owner] != WAITS_FOR_NONE) {
			n->kind = WAITS_FOR_THREAD;
			n->on = self->index[last->owner];
		}
	}
}

static void node_of_join(struct deadlocks *self, const struct thread *t, struct waits_for_node *n,
			 struct result_wait *to)
{
	uint32_t self_index = (uint32_t)(t - self->c->threads.list.at);
	uint32_t joined = threads_by_own_tid_at(&self->c->threads, self_index, t->open.owner_tid,
						self->end_ns);

	if (joined == THREAD_NONE || self->c->threads.list.at[joined].process != t->process)
		return;
	to->holder = HOLDER_THERE;
	to->holder_tid = self->c->threads.list.at[joined].tid;
	if (self->index[joined] != WAITS_FOR_NONE) {
		n->kind = WAITS_FOR_THREAD;
		n->on = self->index[joined];
	}
}

/* What a process must have to end a wait for an object by this call. */
static uint8_t roles_that_end(enum syscall_id call)
{
	switch (call) {
	case SYSCALL_READ:
	case SYSCALL_READV:
	case SYSCALL_RECVFROM:
	case SYSCALL_RECVMSG:
	case SYSCALL_RECVMMSG:
		return END_WRITES | END_PEER;
	case SYSCALL_WRITE:
	case SYSCALL_WRITEV:
	case SYSCALL_SENDTO:
	case SYSCALL_SENDMSG:
	case SYSCALL_SENDMMSG:
		return END_READS | END_PEER;
	default:
		return END_READS | END_WRITES | END_PEER;
	}
}

static int node_of_ends(struct deadlocks *self, const struct thread *t, enum syscall_id call,
			struct waits_for_node *n, struct result_wait *to)
{
	const struct objects *os = &self->c->objects;
	const struct object *o = objects_find(&self->c->objects, t->open.object);
	const struct object_end *e = NULL;
	uint8_t roles = roles_that_end(call);
	bool outside = false;
	bool known = o && (o->kind == OBJECT_PIPE || o->kind == OBJECT_SOCKET);

	if (known && o->kind == OBJECT_SOCKET)
		roles = END_PEER;
	while (known && (e = objects_end(os, o, e))) {
		uint32_t process = process_of(self, e->tgid);

		if (!(e->roles & roles))
			continue;
		/* a pipe to itself is how a process tells itself of signals */
		if (process == THREAD_NONE || (e->tgid == t->tgid && e->roles & END_SIGNALS))
			outside = true;
		else if (node_add(self, n, process))
			return -ENOMEM;
		if (end_add(to, e->tgid, intern_text(&os->text, e->comm)))
			return -ENOMEM;
	}
	if (!outside && n->count)
		n->kind = WAITS_FOR_ANY;
	return 0;
}

/* All children of the process are known: it is of the tree that a snapshot is of. */
static bool knows_children(const struct deadlocks *self, uint32_t tgid)
{
	const struct threads *ts = &self->c->threads;

	for (size_t depth = 0; depth <= ts->processes.count && self->snapshot_of; depth++) {
		const uint64_t *at = map_get(&ts->process_by_tgid, tgid);

		if (tgid == self->snapshot_of || !at)
			return tgid == self->snapshot_of;
		tgid = ts->processes.at[*at].parent_tgid;
	}
	return false;
}

/*
 * A child that ends, or stops. Recordings may not know children that were there
 * before; one that is asked for by number must be known.
 */
static int node_of_child(struct deadlocks *self, const struct thread *t, enum syscall_id call,
			 struct waits_for_node *n, struct result_wait *to)
{
	enum { BY_PID = 1 }; /* P_PID of waitid(2) */
	const struct context *c = self->c;
	uint32_t pid = 0;

	if (call == SYSCALL_WAIT4 && (int32_t)t->open.args[0] > 0)
		pid = (uint32_t)t->open.args[0];
	else if (call == SYSCALL_WAITID && t->open.args[0] == BY_PID)
		pid = (uint32_t)t->open.args[1];
	for (uint32_t i = 0; i < c->threads.processes.count; i++) {
		const struct process *p = &c->threads.processes.at[i];

		if (!p->live || (pid ? p->tgid != pid : p->parent_tgid != t->tgid))
			continue;
		if (node_add(self, n, i) ||
		    end_add(to, p->tgid, c->threads.list.at[p->leader].comm))
			return -ENOMEM;
	}
	if (n->count && (pid || knows_children(self, t->tgid)))
		n->kind = WAITS_FOR_ANY;
	return 0;
}

/* Who could end the wait, as far as it is known. */
static int node_of_wait(struct deadlocks *self, const struct thread *t,
			const struct last_wait *last, struct waits_for_node *n,
			struct result_wait *to)
{
	enum syscall_id call = syscall_identify(self->c->machine, t->open.nr);
	int rc = 0;

	to->timed = is_timed(call, &t->open) || t->open.waker == WAKER_TIMER ||
		    last->class == CLASS_SLEEP;
	if (last->lock == LOCK_FILE)
		rc = node_of_file_lock(self, t, n, to);
	else if (last->class == CLASS_LOCK)
		node_of_lock(self, t, last, n, to);
	else if (last->lock == LOCK_JOIN)
		node_of_join(self, t, n, to);
	else if (last->class == CLASS_PIPE || last->class == CLASS_SOCKET)
		rc = node_of_ends(self, t, call, n, to);
	else if (last->class == CLASS_CHILD)
		rc = node_of_child(self, t, call, n, to);
	if (to->timed || !is_steady(self, t))
		n->kind = WAITS_FOR_NOTHING;
	return rc;
}

/* --- what each is doing ------------------------------------------------------------- */

static enum situation situation_of(const struct thread *t)
{
	if (t->state == THREAD_RUN)
		return SITUATION_RUN;
	if (t->state != THREAD_OUT)
		return SITUATION_UNKNOWN;
	if (t->open.why == OUT_BLOCKED)
		return t->open.flags & OUT_STOPPED ? SITUATION_STOPPED : SITUATION_WAIT;
	return t->open.why == OUT_UNKNOWN ? SITUATION_UNKNOWN : SITUATION_RUNNABLE;
}

static void describe(struct deadlocks *self, const struct thread *t, struct result_wait *to)
{
	const struct object *o = objects_find(&self->c->objects, t->open.object);
	const char *text = o ? objects_text(&self->c->objects, o) : "";
	uint64_t since = waits_since(self, t);

	*to = (struct result_wait){
		.tid = t->tid,
		.tgid = t->tgid,
		.comm = t->comm,
		.situation = situation_of(t),
		.class = CLASS_OTHER,
		.lock = -1,
		.next = WAITS_FOR_NONE,
	};
	if (t->state != THREAD_OUT && !self->snapshot_of)
		return;
	to->user_stack = t->open.user_stack;
	to->kernel_stack = t->open.kernel_stack;
	if (to->situation != SITUATION_WAIT && to->situation != SITUATION_STOPPED)
		return;
	to->syscall = syscall_name(self->c->machine, t->open.nr);
	to->target = *text ? text : NULL;
	to->address = t->open.futex != FUTEX_KIND_NONE ? t->open.args[0] : 0;
	to->waits_ns = since ? self->end_ns - since : 0;
}

static const struct last_wait *last_of(const struct deadlocks *self, uint32_t thread)
{
	/* an absence is told at the end, in the order of threads */
	size_t low = 0, high = self->last.count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (self->last.at[middle].thread < thread)
			low = middle + 1;
		else
			high = middle;
	}
	return low < self->last.count && self->last.at[low].thread == thread ? &self->last.at[low]
									     : NULL;
}

static int list_threads(struct deadlocks *self, struct result *r)
{
	struct waits_for *g = &self->graph;

	if (vec_reserve(&r->waits, self->count) || vec_reserve(&g->nodes, self->count))
		return -ENOMEM;
	for (size_t i = 0; i < self->count; i++) {
		const struct thread *t = thread_of(self, i);
		const struct last_wait *last = last_of(self, self->threads[i]);
		struct waits_for_node n = { .group = t->process };
		struct result_wait *to = &r->waits.at[i];
		int rc = 0;

		describe(self, t, to);
		r->waits.count = i + 1;
		if (last && to->situation == SITUATION_WAIT) {
			to->class = last->class;
			to->lock = last->lock;
			rc = node_of_wait(self, t, last, &n, to);
		}
		if (rc)
			return rc;
		g->nodes.at[g->nodes.count++] = n;
	}
	g->groups = (uint32_t)self->c->threads.processes.count;
	return 0;
}

/* --- the answer ---------------------------------------------------------------------- */

static int list_deadlocks(struct deadlocks *self, struct result *r)
{
	struct waits_for *g = &self->graph;
	uint32_t *circle = calloc(self->count + 1, sizeof(*circle));
	int rc = circle ? 0 : -ENOMEM;

	for (uint32_t knot = 1; !rc && knot <= g->knots; knot++) {
		size_t n = waits_for_circle(g, knot, circle);
		struct result_deadlock *d;

		rc = vec_push(&r->deadlocks, (struct result_deadlock){ 0 });
		if (rc)
			break;
		d = &r->deadlocks.at[r->deadlocks.count - 1];
		for (size_t i = 0; i < n && !rc; i++) {
			r->waits.at[circle[i]].in_circle = true;
			rc = vec_push(&d->circle, circle[i]);
		}
	}
	for (size_t i = 0; i < self->count && !rc; i++) {
		const struct waits_for_node *n = &g->nodes.at[i];

		if (!n->stuck)
			continue;
		r->waits.at[i].deadlock = n->knot;
		r->waits.at[i].next = n->next;
		if (!r->waits.at[i].in_circle)
			rc = vec_push(&r->deadlocks.at[n->knot - 1].behind, (uint32_t)i);
	}
	free(circle);
	return rc;
}

/*
 * A futex that is not shared can only be woken from within the process. Where
 * all its threads wait for such, or are stuck, only a signal's handler can set
 * it going: that is no proof, but worth saying.
 */
static int list_stalled(struct deadlocks *self, struct result *r)
{
	struct waits_for *g = &self->graph;
	uint8_t *dead = calloc(g->groups + 1, 1);
	int rc = dead ? 0 : -ENOMEM;

	for (size_t i = 0; i < self->count && !rc; i++) {
		const struct thread *t = thread_of(self, i);
		const struct object *o = objects_find(&self->c->objects, t->open.object);
		struct waits_for_node *n = &g->nodes.at[i];

		if (n->kind != WAITS_FOR_NOTHING || r->waits.at[i].timed || !is_steady(self, t) ||
		    r->waits.at[i].situation != SITUATION_WAIT ||
		    t->open.futex == FUTEX_KIND_NONE || !o || o->flags & OBJECT_SHARED)
			continue;
		n->kind = WAITS_FOR_ANY;
		n->count = 0;
		rc = node_add(self, n, t->process);
	}
	if (!rc)
		rc = waits_for_solve(g);
	for (size_t i = 0; i < self->count && !rc; i++) {
		/* 1: a thread of it may go on, 2: none of those looked at may */
		uint8_t *d = &dead[thread_of(self, i)->process];

		*d = !g->nodes.at[i].stuck ? 1 : *d ? *d : 2;
		/* what is a deadlock is said to be one */
		if (r->waits.at[i].deadlock)
			*d = 1;
	}
	for (uint32_t p = 0; p < g->groups && !rc; p++)
		if (dead[p] == 2)
			rc = vec_push(&r->stalled, self->c->threads.processes.at[p].tgid);
	free(dead);
	return rc;
}

/* Threads that live, in the order that they were heard of. */
static int gather(struct deadlocks *self)
{
	const struct threads *ts = &self->c->threads;

	self->threads = calloc(ts->list.count + 1, sizeof(*self->threads));
	self->index = calloc(ts->list.count + 1, sizeof(*self->index));
	if (!self->threads || !self->index)
		return -ENOMEM;
	for (uint32_t i = 0; i < ts->list.count; i++) {
		self->index[i] = WAITS_FOR_NONE;
		if (!ts->list.at[i].ended && !ts->list.at[i].kthread)
			self->threads[self->count++] = i;
	}
	for (uint32_t i = 0; i < self->count; i++)
		self->index[self->threads[i]] = i;
	return 0;
}

static int deadlocks_finish(void *p, struct result *r)
{
	struct deadlocks *self = p;
	int rc;

	/* of the end nothing is known when it is cut off, or lies outside of the window */
	if (!r->recording.complete)
		return 0;
	self->end_ns = r->recording.end_ns;
	self->snapshot_of = r->recording.snapshot_of;
	rc = gather(self);
	if (!rc)
		rc = list_threads(self, r);
	if (!rc)
		rc = waits_for_solve(&self->graph);
	if (!rc)
		rc = list_deadlocks(self, r);
	return rc ? rc : list_stalled(self, r);
}

const struct analysis analysis_deadlocks = {
	.new = deadlocks_new,
	.free = deadlocks_free,
	.absence = deadlocks_absence,
	.finish = deadlocks_finish,
};
