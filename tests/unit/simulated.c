/* SPDX-License-Identifier: GPL-2.0-only */
#include "simulated.h"

#include <string.h>

enum { THINKS, WAITS, QUEUED, LOCKED }; /* simulated_thread.state */
enum { NR_FUTEX = 202, NR_READ = 0, NR_NANOSLEEP = 230 };

static uint64_t chance(struct simulated *s)
{
	uint64_t x = s->seed;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	s->seed = x;
	return (x * 0x2545f4914f6cdd1dull) >> 33;
}

/* Around @mean with a long tail. */
static uint64_t span(struct simulated *s, uint64_t mean)
{
	return mean / 4 + chance(s) % mean + (chance(s) % 8 ? 0 : chance(s) % (3 * mean));
}

static unsigned thread_count(const struct simulated *s)
{
	return s->lockers + s->servers + s->sleepers;
}

static uint32_t tid_of(int thread)
{
	return thread < 0 ? 0 : 4000 + (uint32_t)thread;
}

static void begin(struct simulated *s)
{
	for (unsigned c = 0; c < s->cores; c++)
		s->on[c].running = -1;
	for (unsigned l = 0; l < s->locks; l++)
		s->holder[l] = -1;
	s->now_ns = 1000000000;
	for (unsigned i = 0; i < thread_count(s); i++) {
		s->threads[i] = (struct simulated_thread){ .core = -1,
							   .wants = -1,
							   .holds = -1,
							   .state = QUEUED,
							   .why = OUT_NEW,
							   .out_ns = s->now_ns,
							   .woken_ns = s->now_ns };
		s->runnable[s->runnable_count++] = (int)i;
	}
}

static bool is_locker(const struct simulated *s, int i)
{
	return i < (int)s->lockers;
}

static bool is_server(const struct simulated *s, int i)
{
	return !is_locker(s, i) && i < (int)(s->lockers + s->servers);
}

static void wake(struct simulated *s, int i, uint8_t waker, int by, int16_t nr)
{
	struct simulated_thread *t = &s->threads[i];

	t->state = QUEUED;
	t->woken_ns = s->now_ns + 300 + chance(s) % 200;
	t->waker = waker;
	t->waker_tid = tid_of(by);
	t->waker_nr = nr;
	s->runnable[s->runnable_count++] = i;
}

/* The thread gives up its core. */
static void leave(struct simulated *s, int i, uint8_t why)
{
	struct simulated_thread *t = &s->threads[i];

	t->out_ns = s->now_ns;
	t->woken_ns = 0;
	t->why = why;
	if (why == OUT_BLOCKED)
		t->voluntary++;
	else
		t->involuntary++;
	s->on[t->core].running = -1;
	s->queue[s->queued++] = (struct event){
		.type = EVENT_OFF,
		.time_ns = s->now_ns,
		.off = { (uint32_t)i + 1, tid_of(i), 4000, (uint16_t)t->core, t->voluntary,
			 t->involuntary },
	};
	t->core = -1;
	t->waker_tid = 0;
	t->waker = WAKER_UNKNOWN;
	t->waker_nr = -1;
}

static void unlock(struct simulated *s, int i)
{
	int l = s->threads[i].holds;

	s->threads[i].holds = -1;
	s->holder[l] = -1;
	for (unsigned w = 0; w < s->lockers; w++)
		if (s->threads[w].state == LOCKED && s->threads[w].wants == l) {
			wake(s, (int)w, WAKER_TASK, i, NR_FUTEX);
			return;
		}
}

/* What thread @i, on a core, does at the end of its span. */
static void step(struct simulated *s, int i)
{
	struct simulated_thread *t = &s->threads[i];

	if (s->runnable_count && chance(s) % 50 == 0) {
		leave(s, i, OUT_PREEMPTED);
		t->state = QUEUED;
		s->runnable[s->runnable_count++] = i;
		return;
	}
	if (!is_locker(s, i)) {
		leave(s, i, OUT_BLOCKED);
		t->state = WAITS;
		t->until_ns = s->now_ns + span(s, is_server(s, i) ? 80000 : 400000);
		return;
	}
	if (t->holds >= 0) {
		unlock(s, i);
		t->until_ns = s->now_ns + span(s, 20000);
		return;
	}
	if (t->wants < 0)
		t->wants = (int)(chance(s) % s->locks);
	if (s->holder[t->wants] >= 0) {
		t->owner_tid = tid_of(s->holder[t->wants]);
		leave(s, i, OUT_BLOCKED);
		t->state = LOCKED;
		return;
	}
	t->holds = t->wants;
	s->holder[t->wants] = i;
	t->wants = -1;
	t->until_ns = s->now_ns + span(s, 6000);
}

static void wait_describe(const struct simulated *s, int i, struct event_out *o)
{
	const struct simulated_thread *t = &s->threads[i];

	if (is_locker(s, i)) {
		o->nr = NR_FUTEX;
		o->object = (uint32_t)t->wants + 1;
		o->futex = FUTEX_KIND_MUTEX;
		o->owner_tid = t->owner_tid;
		o->args[0] = 0x55d0c0de1000 + 64 * (uint64_t)t->wants;
		o->args[1] = 0x80;
		o->args[2] = 2;
	} else if (is_server(s, i)) {
		o->nr = NR_READ;
		o->object = 100 + (uint32_t)i;
		o->args[0] = 5 + (uint64_t)i;
		o->args[1] = 0x7f3300000000 + ((uint64_t)i << 23);
		o->args[2] = 16384;
	} else {
		o->nr = NR_NANOSLEEP;
		o->args[2] = o->args[3] = 0x7f4400001f80 + ((uint64_t)i << 23);
	}
}

static void enter(struct simulated *s, int i, int core)
{
	struct simulated_thread *t = &s->threads[i];
	struct event e = { .type = EVENT_SWITCH, .time_ns = s->now_ns };
	struct event_out *o = &e.out;

	*o = (struct event_out){
		.thread = (uint32_t)i + 1,
		.tid = tid_of(i),
		.tgid = 4000,
		.cpu = (uint16_t)core,
		.why = t->why,
		.flags = t->why == OUT_BLOCKED ? OUT_VOLUNTARY : 0,
		.out_ns = t->out_ns,
		.woken_ns = t->why == OUT_BLOCKED ? t->woken_ns : 0,
		.in_ns = s->now_ns,
		.voluntary = t->voluntary,
		.involuntary = t->involuntary,
		.nr = -1,
		.waker_nr = t->waker_nr,
		.waker = t->waker,
		.waker_tid = t->waker_tid,
	};
	if (t->why == OUT_BLOCKED)
		wait_describe(s, i, o);
	/* a core that goes from one thread to the next in one switch was never off */
	for (unsigned q = 0; q < s->queued; q++) {
		if (s->queue[q].type != EVENT_OFF || s->queue[q].off.cpu != core)
			continue;
		s->queue[q].type = EVENT_NONE;
		s->threads[s->queue[q].off.thread - 1].out_ns = s->now_ns;
	}
	s->queue[s->queued++] = e;
	s->on[core].running = i;
	t->core = core;
	t->state = THINKS;
	t->until_ns = s->now_ns + span(s, is_locker(s, i) ? 4000 : 15000);
}

/* The next instant at which something happens. */
static void advance(struct simulated *s)
{
	int first = -1;

	for (unsigned i = 0; i < thread_count(s); i++)
		if ((s->threads[i].state == THINKS || s->threads[i].state == WAITS) &&
		    (first < 0 || s->threads[i].until_ns < s->threads[first].until_ns))
			first = (int)i;
	if (first >= 0 && s->threads[first].until_ns > s->now_ns)
		s->now_ns = s->threads[first].until_ns;
	s->now_ns += 1;
	if (first >= 0 && s->threads[first].state == WAITS)
		wake(s, first, WAKER_INTERRUPT, -1, -1);
	else if (first >= 0)
		step(s, first);
	for (unsigned c = 0; c < s->cores && s->runnable_count; c++) {
		if (s->on[c].running >= 0)
			continue;
		s->now_ns += 700 + chance(s) % 900;
		enter(s, s->runnable[0], (int)c);
		s->runnable_count--;
		memmove(s->runnable, s->runnable + 1, s->runnable_count * sizeof(*s->runnable));
	}
}

void simulated_next(struct simulated *s, struct event *ret)
{
	if (!s->now_ns)
		begin(s);
	do {
		while (s->taken == s->queued) {
			s->taken = s->queued = 0;
			advance(s);
		}
		*ret = s->queue[s->taken++];
	} while (ret->type == EVENT_NONE);
}
