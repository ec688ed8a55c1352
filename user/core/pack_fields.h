/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pack_fields: what events consist of, written once for both directions. A
 * field names the value it is expected to have and one it is likely to be near.
 *
 * The order of fields is the format of capture files. Predictions must only
 * depend on fields and events that stand before.
 */
#ifndef RUNWAIT_CORE_PACK_FIELDS_H
#define RUNWAIT_CORE_PACK_FIELDS_H

#include "core/pack_codec.h"

/* Who an event is about; @expected is the thread that was foreseen. */
static ALWAYS_INLINE struct thread_memory *pass_thread(struct pass *p, uint32_t *thread,
						       uint32_t *tid, uint32_t *tgid,
						       uint32_t expected)
{
	struct thread_memory *t;

	GUESS(p, *thread, expected, 0);
	t = thread_memory(p->m, *thread);
	FIELD(p, *tid, t->tid, p->m->tid);
	FIELD(p, *tgid, t->tgid, *tid);
	t->tid = p->m->tid = *tid;
	t->tgid = p->m->tgid = *tgid;
	p->m->thread = *thread;
	return t;
}

/* The switch counts after a switch-out that was counted as @voluntary or not. */
static ALWAYS_INLINE void pass_counts(struct pass *p, struct thread_memory *t, uint32_t *voluntary,
				      uint32_t *involuntary, bool is_voluntary)
{
	uint32_t more = !t->counted;

	FIELD(p, *voluntary, t->voluntary + (is_voluntary ? more : 0), t->voluntary);
	FIELD(p, *involuntary, t->involuntary + (is_voluntary ? 0 : more), t->involuntary);
	t->voluntary = *voluntary;
	t->involuntary = *involuntary;
}

/* One sched_switch takes a core from a thread and gives it to the next at the
 * same nanosecond: that is when the former went out. */
static ALWAYS_INLINE void core_given(struct memory *m, struct core_memory *core, uint32_t thread,
				     uint64_t time_ns)
{
	struct thread_memory *before = &m->threads[core->running % THREADS];

	if (core->running && before->thread == core->running)
		before->out_ns = time_ns;
	core->running = thread;
	core->last = thread;
}

/* Who comes after the thread that had the core last. */
static ALWAYS_INLINE uint32_t core_next(const struct memory *m, const struct core_memory *core)
{
	const struct thread_memory *last = &m->threads[core->last % THREADS];

	return last->thread == core->last ? last->next : 0;
}

static ALWAYS_INLINE void core_took(struct memory *m, const struct core_memory *core,
				    uint32_t thread)
{
	struct thread_memory *last = &m->threads[core->last % THREADS];

	if (last->thread == core->last)
		last->next = thread;
}

/* What a wait was about, and who ended it. */
static ALWAYS_INLINE void pass_wait(struct pass *p, struct event_out *o)
{
	struct wait_memory *w = wait_memory(p->m, o->thread, o->nr), *like = w;
	struct wait_memory *of_object;

	GUESS(p, o->object, w->object, p->m->object);
	p->m->object = o->object;
	of_object = &p->m->objects[o->object % OBJECTS];
	/* another thread's wait for the same thing says more than ours for another */
	if (o->object != w->object && of_object->object == o->object)
		like = of_object;
	FIELD(p, o->futex, like->futex, 0);
	for (int i = 0; i < 4; i++)
		FIELD(p, o->args[i], like->args[i], like->args[i]);
	FIELD(p, o->user_stack, like->user_stack, like->user_stack);
	FIELD(p, o->kernel_stack, like->kernel_stack, like->kernel_stack);
	FIELD(p, o->waker, w->waker, 0);
	FIELD(p, o->waker_nr, w->waker_nr, 0);
	GUESS(p, o->waker_tid, w->waker_tid, o->tid);
	/* who holds a lock when somebody waits is often who then wakes them */
	GUESS(p, o->owner_tid, like->owner_tid ? o->waker_tid : 0, o->tid);
	/* last, and 0 until one was seen: files from before it existed have no bit for it */
	FIELD(p, o->waker_stack, w->waker_stack, w->waker_stack);

	w->object = o->object;
	w->futex = o->futex;
	memcpy(w->args, o->args, sizeof(w->args));
	w->user_stack = o->user_stack;
	w->kernel_stack = o->kernel_stack;
	w->waker_stack = o->waker_stack;
	w->waker = o->waker;
	w->waker_nr = o->waker_nr;
	w->waker_tid = o->waker_tid;
	w->owner_tid = o->owner_tid;
	if (o->object)
		*of_object = *w;
}

static ALWAYS_INLINE void pass_out(struct pass *p, struct event *e, bool is_open)
{
	struct event_out *o = &e->out;
	struct core_memory *core;
	struct thread_memory *t;
	uint8_t why;

	NUMBER(p, o->cpu, 0);
	core = core_memory(p->m, o->cpu);
	t = pass_thread(p, &o->thread, &o->tid, &o->tgid, core_next(p->m, core));
	GUESS(p, o->woken_ns, 0, e->time_ns);
	GUESS(p, o->out_ns, t->out_ns, t->in_ns ? t->in_ns : e->time_ns);
	FIELD(p, o->in_ns, is_open ? 0 : e->time_ns, e->time_ns);
	FIELD(p, o->why, t->why, 0);
	/* a bad one ends the reading behind this event, but until then it is an index */
	why = o->why < OUT_WHYS ? o->why : 0;
	FIELD(p, o->flags, t->flags[why], 0);
	GUESS(p, o->nr, t->nr[why], 0);
	pass_counts(p, t, &o->voluntary, &o->involuntary, o->flags & OUT_VOLUNTARY);
	pass_wait(p, o);

	t->why = why;
	t->flags[why] = o->flags;
	t->nr[why] = o->nr;
	if (is_open)
		return;
	t->counted = false;
	t->in_ns = e->time_ns;
	t->out_ns = 0;
	core_took(p->m, core, o->thread);
	core_given(p->m, core, o->thread, e->time_ns);
}

static ALWAYS_INLINE void pass_off(struct pass *p, struct event *e)
{
	struct event_off *o = &e->off;
	struct core_memory *core;
	struct thread_memory *t;

	NUMBER(p, o->cpu, 0);
	core = core_memory(p->m, o->cpu);
	t = pass_thread(p, &o->thread, &o->tid, &o->tgid, core->running);
	pass_counts(p, t, &o->voluntary, &o->involuntary, t->flags[t->why] & OUT_VOLUNTARY);
	t->counted = true;
	t->out_ns = e->time_ns;
	core->running = 0;
	core->last = o->thread;
}

static ALWAYS_INLINE void pass_sample(struct pass *p, struct event_sample *s)
{
	struct thread_memory *t;

	NUMBER(p, s->cpu, 0);
	t = pass_thread(p, &s->thread, &s->tid, &s->tgid, core_memory(p->m, s->cpu)->running);
	FIELD(p, s->user_stack, t->user_stack, t->user_stack);
	FIELD(p, s->kernel_stack, t->kernel_stack, t->kernel_stack);
	t->user_stack = s->user_stack;
	t->kernel_stack = s->kernel_stack;
}

/* Stacks grow from common roots: only what differs from the one before is there. */
static ALWAYS_INLINE void pass_stack(struct pass *p, struct event_stack *s)
{
	struct memory *m = p->m;
	const uint32_t *before = m->frames[m->turn];
	uint32_t *frames = m->frames[m->turn ^ 1];
	uint32_t common = 0, most, near = m->frame;
	unsigned column;

	FIELD(p, s->stack, m->stack + 1, m->stack);
	FIELD(p, s->tgid, m->stack_tgid, m->stack_tgid);
	FIELD(p, s->flags, 0, 0);
	FIELD(p, s->place, 0, 0);
	NUMBER(p, s->count, 0);
	p->bad |= s->count > PACK_FRAMES_MAX;
	if (p->bad)
		return;
	most = s->count < m->frame_count ? s->count : m->frame_count;
	while (!p->reading && common < most &&
	       s->frames[s->count - 1 - common] == before[m->frame_count - 1 - common])
		common++;
	NUMBER(p, common, 0);
	p->bad |= common > most;
	if (p->bad)
		return;
	column = p->column;
	for (uint32_t i = 0; i < s->count - common; i++) {
		p->column = COLUMN_FRAMES;
		if (!p->reading)
			frames[i] = s->frames[i];
		NUMBER(p, frames[i], near);
		near = frames[i];
	}
	p->column = column;
	memcpy(frames + s->count - common, before + m->frame_count - common,
	       common * sizeof(*frames));
	m->stack = s->stack;
	m->stack_tgid = s->tgid;
	m->frame_count = s->count;
	m->turn ^= 1;
	s->frames = frames;
}

static ALWAYS_INLINE void pass_string(struct pass *p, const char **text)
{
	size_t size = p->reading ? 0 : strnlen(*text, PACK_TEXT_MAX);

	pass_text(p, text, &size);
}

static ALWAYS_INLINE void pass_frame(struct pass *p, struct event_frame *f)
{
	FIELD(p, f->frame, p->m->frame + 1, p->m->frame);
	FIELD(p, f->kernel, false, false);
	NUMBER(p, f->offset, p->m->offset);
	pass_string(p, &f->module);
	p->m->frame = f->frame;
	p->m->offset = f->offset;
}

static ALWAYS_INLINE void pass_name(struct pass *p, struct event_name *n)
{
	FIELD(p, n->frame, p->m->frame + 1, p->m->frame);
	FIELD(p, n->level, 0, 0);
	pass_string(p, &n->function);
	pass_string(p, &n->file);
	FIELD(p, n->line, 0, 0);
	p->m->frame = n->frame;
}

static ALWAYS_INLINE void pass_object(struct pass *p, struct event_object *o)
{
	FIELD(p, o->object, p->m->object + 1, p->m->object);
	FIELD(p, o->kind, 0, 0);
	FIELD(p, o->flags, 0, 0);
	FIELD(p, o->tgid, p->m->tgid, p->m->tgid);
	NUMBER(p, o->address, 0);
	FIELD(p, o->device, 0, 0);
	pass_string(p, &o->text);
	/* last: files from before they existed have no bits for them */
	FIELD(p, o->peer, 0, o->address);
	pass_string(p, &o->local);
	p->m->object = o->object;
}

static ALWAYS_INLINE void pass_task(struct pass *p, struct event_task *k)
{
	struct thread_memory *t =
		pass_thread(p, &k->thread, &k->tid, &k->tgid, p->m->thread + 1);

	FIELD(p, k->parent_tgid, k->tgid, k->tgid);
	FIELD(p, k->parent_thread, 0, k->thread);
	FIELD(p, k->voluntary, 0, 0);
	FIELD(p, k->involuntary, 0, 0);
	FIELD(p, k->how, TASK_FORKED, 0);
	FIELD(p, k->kthread, false, false);
	pass_string(p, &k->comm);
	pass_text(p, &k->command, &k->command_size);
	/* not in the oldest files, for which they are as foreseen */
	FIELD(p, k->own_tid, 0, k->tid);
	FIELD(p, k->pid_namespace, 0, 0);
	t->voluntary = k->voluntary;
	t->involuntary = k->involuntary;
}

static ALWAYS_INLINE void pass_exec(struct pass *p, struct event_exec *x)
{
	pass_thread(p, &x->thread, &x->tid, &x->tgid, p->m->thread);
	FIELD(p, x->old_tid, x->tid, x->tid);
	pass_string(p, &x->comm);
	pass_text(p, &x->command, &x->command_size);
}

static ALWAYS_INLINE void pass_comm(struct pass *p, struct event_comm *c)
{
	pass_thread(p, &c->thread, &c->tid, &c->tgid, p->m->thread);
	pass_string(p, &c->comm);
}

static ALWAYS_INLINE void pass_waker(struct pass *p, struct event_waker *w)
{
	NUMBER(p, w->tid, p->m->tid);
	pass_string(p, &w->comm);
	FIELD(p, w->tgid, 0, w->tid); /* last, as above */
}

static ALWAYS_INLINE void pass_end(struct pass *p, struct event_end *e)
{
	FIELD(p, e->object, p->m->object, p->m->object);
	FIELD(p, e->tgid, p->m->tgid, p->m->tgid);
	FIELD(p, e->roles, END_READS, 0);
	pass_string(p, &e->comm);
	p->m->object = e->object;
	p->m->tgid = e->tgid;
}

static ALWAYS_INLINE void pass_lost(struct pass *p, struct event_lost *l, uint64_t time_ns)
{
	NUMBER(p, l->cpu, 0);
	FIELD(p, l->to_ns, time_ns, time_ns);
	NUMBER(p, l->from_ns, l->to_ns);
	NUMBER(p, l->count, 0);
}

static ALWAYS_INLINE void pass_cpu(struct pass *p, struct event_cpu *c)
{
	struct core_memory *core;

	NUMBER(p, c->cpu, 0);
	core = core_memory(p->m, c->cpu);
	NUMBER(p, c->target_ns, core->target_ns);
	NUMBER(p, c->other_ns, core->other_ns);
	NUMBER(p, c->idle_ns, core->idle_ns);
	core->target_ns = c->target_ns;
	core->other_ns = c->other_ns;
	core->idle_ns = c->idle_ns;
}

static ALWAYS_INLINE void pass_short(struct pass *p, struct event_short *s)
{
	struct thread_memory *t;

	NUMBER(p, s->cpu, 0);
	t = pass_thread(p, &s->thread, &s->tid, &s->tgid, core_memory(p->m, s->cpu)->running);
	FIELD(p, s->nr, t->nr[OUT_BLOCKED], 0);
	FIELD(p, s->voluntary, 0, 0);
	FIELD(p, s->involuntary, 0, 0);
	NUMBER(p, s->wait_ns, 0);
	NUMBER(p, s->runnable_ns, 0);
	/* what follows has these behind it */
	t->voluntary += s->voluntary;
	t->involuntary += s->involuntary;
}

static ALWAYS_INLINE void pass_poll(struct pass *p, struct event_poll *o)
{
	struct thread_memory *t;

	NUMBER(p, o->cpu, 0);
	GUESS(p, o->thread, core_memory(p->m, o->cpu)->running, 0);
	t = thread_memory(p->m, o->thread);
	p->m->thread = o->thread;
	FIELD(p, o->kind, t->poll.kind, 0);
	FIELD(p, o->sequence, t->poll.sequence + 1, t->poll.sequence);
	FIELD(p, o->sp, t->poll.sp, t->poll.sp);
	FIELD(p, o->fd, t->poll.fd, 0);
	FIELD(p, o->count, t->poll.count, 0);
	NUMBER(p, o->result, 0);
	FIELD(p, o->accepts, 0, 0);
	t->poll = *o;
}

static ALWAYS_INLINE void pass_event(struct pass *p, struct event *e)
{
	NUMBER(p, e->time_ns, p->m->time_ns);
	p->m->time_ns = e->time_ns;
	switch (e->type) {
	case EVENT_SWITCH:
		pass_out(p, e, false);
		break;
	case EVENT_OPEN:
		pass_out(p, e, true);
		break;
	case EVENT_OFF:
	case EVENT_DEAD:
		pass_off(p, e);
		break;
	case EVENT_SAMPLE:
		pass_sample(p, &e->sample);
		break;
	case EVENT_STACK:
		pass_stack(p, &e->stack);
		break;
	case EVENT_FRAME:
		pass_frame(p, &e->frame);
		break;
	case EVENT_NAME:
		pass_name(p, &e->name);
		break;
	case EVENT_OBJECT:
		pass_object(p, &e->object);
		break;
	case EVENT_TASK:
		pass_task(p, &e->task);
		break;
	case EVENT_EXEC:
		pass_exec(p, &e->exec);
		break;
	case EVENT_COMM:
		pass_comm(p, &e->comm);
		break;
	case EVENT_WAKER:
		pass_waker(p, &e->waker);
		break;
	case EVENT_LOST:
		pass_lost(p, &e->lost, e->time_ns);
		break;
	case EVENT_CPU:
		pass_cpu(p, &e->cpu);
		break;
	case EVENT_SHORT:
		pass_short(p, &e->brief);
		break;
	case EVENT_POLL:
		pass_poll(p, &e->poll);
		break;
	case EVENT_END:
		pass_end(p, &e->end);
		break;
	case EVENT_NONE:
	case EVENT_TYPES:
		p->bad = true;
		break;
	}
}

#endif
