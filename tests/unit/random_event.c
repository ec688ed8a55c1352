/* SPDX-License-Identifier: GPL-2.0-only */
#include "random_event.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

uint64_t random_u64(struct random_events *r)
{
	uint64_t x = r->seed;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	r->seed = x;
	return x * 0x2545f4914f6cdd1dull;
}

uint64_t random_below(struct random_events *r, uint64_t n)
{
	return (random_u64(r) >> 11) % n;
}

/* Small, likely, extreme or any. */
static uint64_t value(struct random_events *r)
{
	static const uint64_t extremes[] = {
		0,	    1,		UINT8_MAX,  INT16_MAX,	UINT16_MAX,
		INT32_MAX,  UINT32_MAX, UINT64_MAX, INT64_MAX,	(uint64_t)INT64_MAX + 1,
		1ull << 32, 127,	128,	    1ull << 63, 0x7fff12345678,
	};

	switch (random_below(r, 4)) {
	case 0:
		return extremes[random_below(r, sizeof(extremes) / sizeof(*extremes))];
	case 1:
		return random_u64(r);
	default:
		return random_below(r, 10);
	}
}

static const char *text(struct random_events *r, int which, size_t *ret_size)
{
	static const char *const likely[] = { "", "main", "worker", "[kernel]", "/usr/lib/x.so" };
	char *to = r->text[which];
	size_t n = random_below(r, sizeof(r->text[0]));

	if (random_below(r, 2)) {
		strcpy(to, likely[random_below(r, sizeof(likely) / sizeof(*likely))]);
	} else {
		for (size_t i = 0; i < n; i++)
			to[i] = (char)(1 + random_below(r, 255));
		to[n] = '\0';
	}
	*ret_size = strlen(to);
	return to;
}

static const char *string(struct random_events *r, int which)
{
	size_t size;

	return text(r, which, &size);
}

static const char *command(struct random_events *r, size_t *ret_size)
{
	const char *p = text(r, 1, ret_size);

	/* argv is joined by NULs */
	if (*ret_size > 2)
		r->text[1][random_below(r, *ret_size)] = '\0';
	return p;
}

static void random_out(struct random_events *r, struct event_out *o)
{
	*o = (struct event_out){
		.thread = (uint32_t)value(r),
		.tid = (uint32_t)value(r),
		.tgid = (uint32_t)value(r),
		.cpu = (uint16_t)value(r),
		.why = (uint8_t)random_below(r, OUT_WHYS),
		.flags = (uint8_t)value(r),
		.out_ns = value(r),
		.woken_ns = value(r),
		.in_ns = value(r),
		.voluntary = (uint32_t)value(r),
		.involuntary = (uint32_t)value(r),
		.nr = (int16_t)value(r),
		.waker_nr = (int16_t)value(r),
		.waker = (uint8_t)random_below(r, WAKER_TIMER + 1),
		.futex = (uint8_t)random_below(r, FUTEX_KIND_JOIN + 1),
		.waker_tid = (uint32_t)value(r),
		.owner_tid = (uint32_t)value(r),
		.object = (uint32_t)value(r),
		.user_stack = (uint32_t)value(r),
		.kernel_stack = (uint32_t)value(r),
		.waker_stack = (uint32_t)value(r),
		.args = { value(r), value(r), value(r), value(r) },
	};
}

static void random_stack(struct random_events *r, struct event_stack *s)
{
	size_t n = random_below(r, 3) ? 12 : random_below(r, 300);

	/* mostly the roots of the one before stay */
	for (size_t i = 0; i < 1 + random_below(r, n + 1); i++)
		r->frames[i] = (uint32_t)value(r);
	*s = (struct event_stack){
		.stack = (uint32_t)value(r),
		.tgid = (uint32_t)value(r),
		.flags = (uint8_t)value(r),
		.place = (uint8_t)random_below(r, PLACE_FAULT + 1),
		.count = (uint32_t)n,
		.frames = r->frames,
	};
}

static void random_rare(struct random_events *r, struct event *e)
{
	switch (e->type) {
	case EVENT_FRAME:
		e->frame = (struct event_frame){ (uint32_t)value(r), random_below(r, 2), value(r),
						 string(r, 0) };
		break;
	case EVENT_NAME:
		e->name = (struct event_name){ (uint32_t)value(r), (uint32_t)value(r), string(r, 0),
					       string(r, 1), (uint32_t)value(r) };
		break;
	case EVENT_OBJECT:
		e->object = (struct event_object){
			(uint32_t)value(r), (uint8_t)random_below(r, OBJECT_SEMAPHORE + 1),
			(uint8_t)value(r),  (uint32_t)value(r),
			value(r),	    (uint32_t)value(r),
			string(r, 0),	    value(r),
			string(r, 1),
		};
		break;
	case EVENT_COMM:
		e->comm = (struct event_comm){ (uint32_t)value(r), (uint32_t)value(r),
					       (uint32_t)value(r), string(r, 0) };
		break;
	case EVENT_WAKER:
		e->waker = (struct event_waker){ (uint32_t)value(r), string(r, 0),
						 (uint32_t)value(r) };
		break;
	case EVENT_END:
		e->end = (struct event_end){ (uint32_t)value(r), (uint32_t)value(r),
					     (uint8_t)value(r), string(r, 0) };
		break;
	case EVENT_LOST:
		e->lost = (struct event_lost){ (uint16_t)value(r), value(r), value(r), value(r) };
		break;
	case EVENT_CPU:
		e->cpu = (struct event_cpu){ (uint16_t)value(r), value(r), value(r), value(r) };
		break;
	case EVENT_SHORT:
		e->brief = (struct event_short){
			(uint32_t)value(r), (uint32_t)value(r), (uint32_t)value(r),
			(uint16_t)value(r), (int16_t)value(r),	(uint32_t)value(r),
			(uint32_t)value(r), value(r),		value(r),
		};
		break;
	case EVENT_POLL:
		e->poll = (struct event_poll){
			.thread = (uint32_t)value(r),
			.cpu = (uint16_t)value(r),
			.kind = (uint8_t)(POLL_EPOLL + random_below(r, POLL_IO_URING)),
			.sequence = (uint32_t)value(r),
			.sp = value(r),
			.fd = (uint32_t)value(r),
			.count = (uint32_t)value(r),
			.result = (int32_t)value(r),
			.accepts = (uint32_t)value(r),
		};
		break;
	default:
		break;
	}
}

void random_event(struct random_events *r, struct event *ret)
{
	struct event *e = ret;

	memset(e, 0, sizeof(*e));
	e->type = (enum event_type)(1 + random_below(r, EVENT_TYPES - 1));
	r->time_ns += random_below(r, 100000);
	e->time_ns = random_below(r, 10) ? r->time_ns : value(r);
	switch (e->type) {
	case EVENT_SWITCH:
	case EVENT_OPEN:
		random_out(r, &e->out);
		break;
	case EVENT_OFF:
	case EVENT_DEAD:
		e->off = (struct event_off){ (uint32_t)value(r), (uint32_t)value(r),
					     (uint32_t)value(r), (uint16_t)value(r),
					     (uint32_t)value(r), (uint32_t)value(r) };
		break;
	case EVENT_SAMPLE:
		e->sample = (struct event_sample){ (uint32_t)value(r), (uint32_t)value(r),
						   (uint32_t)value(r), (uint16_t)value(r),
						   (uint32_t)value(r), (uint32_t)value(r) };
		break;
	case EVENT_STACK:
		random_stack(r, &e->stack);
		break;
	case EVENT_TASK:
		e->task = (struct event_task){
			.thread = (uint32_t)value(r),
			.tid = (uint32_t)value(r),
			.tgid = (uint32_t)value(r),
			.parent_tgid = (uint32_t)value(r),
			.parent_thread = (uint32_t)value(r),
			.voluntary = (uint32_t)value(r),
			.involuntary = (uint32_t)value(r),
			.how = (uint8_t)(TASK_FOUND + random_below(r, TASK_SEEN)),
			.kthread = random_below(r, 2),
			.own_tid = (uint32_t)value(r),
			.pid_namespace = (uint32_t)value(r),
			.comm = string(r, 0),
		};
		e->task.command = command(r, &e->task.command_size);
		break;
	case EVENT_EXEC:
		e->exec = (struct event_exec){ .thread = (uint32_t)value(r),
					       .tid = (uint32_t)value(r),
					       .tgid = (uint32_t)value(r),
					       .old_tid = (uint32_t)value(r),
					       .comm = string(r, 0) };
		e->exec.command = command(r, &e->exec.command_size);
		break;
	default:
		random_rare(r, e);
		break;
	}
}

#define SAME(field)                                                                                \
	do {                                                                                       \
		if (a->field != b->field)                                                          \
			fail_msg("event type %d: " #field " differs: %llx, %llx", (int)a->type,    \
				 (unsigned long long)a->field, (unsigned long long)b->field);      \
	} while (0)
#define SAME_TEXT(field) assert_string_equal(a->field, b->field)

static void assert_outs_equal(const struct event *a, const struct event *b)
{
	SAME(out.thread);
	SAME(out.tid);
	SAME(out.tgid);
	SAME(out.cpu);
	SAME(out.why);
	SAME(out.flags);
	SAME(out.out_ns);
	SAME(out.woken_ns);
	SAME(out.in_ns);
	SAME(out.voluntary);
	SAME(out.involuntary);
	SAME(out.nr);
	SAME(out.waker_nr);
	SAME(out.waker);
	SAME(out.futex);
	SAME(out.waker_tid);
	SAME(out.owner_tid);
	SAME(out.object);
	SAME(out.user_stack);
	SAME(out.kernel_stack);
	SAME(out.waker_stack);
	for (int i = 0; i < 4; i++)
		SAME(out.args[i]);
}

static void assert_rare_equal(const struct event *a, const struct event *b)
{
	switch (a->type) {
	case EVENT_COMM:
		SAME(comm.thread);
		SAME(comm.tid);
		SAME(comm.tgid);
		SAME_TEXT(comm.comm);
		break;
	case EVENT_WAKER:
		SAME(waker.tid);
		SAME_TEXT(waker.comm);
		SAME(waker.tgid);
		break;
	case EVENT_END:
		SAME(end.object);
		SAME(end.tgid);
		SAME(end.roles);
		SAME_TEXT(end.comm);
		break;
	case EVENT_LOST:
		SAME(lost.cpu);
		SAME(lost.from_ns);
		SAME(lost.to_ns);
		SAME(lost.count);
		break;
	case EVENT_CPU:
		SAME(cpu.cpu);
		SAME(cpu.target_ns);
		SAME(cpu.other_ns);
		SAME(cpu.idle_ns);
		break;
	case EVENT_SHORT:
		SAME(brief.thread);
		SAME(brief.tid);
		SAME(brief.tgid);
		SAME(brief.cpu);
		SAME(brief.nr);
		SAME(brief.voluntary);
		SAME(brief.involuntary);
		SAME(brief.wait_ns);
		SAME(brief.runnable_ns);
		break;
	case EVENT_POLL:
		SAME(poll.thread);
		SAME(poll.cpu);
		SAME(poll.kind);
		SAME(poll.sequence);
		SAME(poll.sp);
		SAME(poll.fd);
		SAME(poll.count);
		SAME(poll.result);
		SAME(poll.accepts);
		break;
	default:
		fail_msg("event type %d", (int)a->type);
	}
}

static void assert_tasks_equal(const struct event *a, const struct event *b)
{
	SAME(task.thread);
	SAME(task.tid);
	SAME(task.tgid);
	SAME(task.parent_tgid);
	SAME(task.parent_thread);
	SAME(task.voluntary);
	SAME(task.involuntary);
	SAME(task.how);
	SAME(task.kthread);
	SAME(task.own_tid);
	SAME(task.pid_namespace);
	SAME_TEXT(task.comm);
	SAME(task.command_size);
	assert_memory_equal(a->task.command, b->task.command, a->task.command_size);
}

static void assert_code_equal(const struct event *a, const struct event *b)
{
	switch (a->type) {
	case EVENT_STACK:
		SAME(stack.stack);
		SAME(stack.tgid);
		SAME(stack.flags);
		SAME(stack.place);
		SAME(stack.count);
		for (uint32_t i = 0; i < a->stack.count; i++)
			SAME(stack.frames[i]);
		break;
	case EVENT_FRAME:
		SAME(frame.frame);
		SAME(frame.kernel);
		SAME(frame.offset);
		SAME_TEXT(frame.module);
		break;
	default:
		SAME(name.frame);
		SAME(name.level);
		SAME(name.line);
		SAME_TEXT(name.function);
		SAME_TEXT(name.file);
		break;
	}
}

void assert_events_equal(const struct event *a, const struct event *b)
{
	SAME(type);
	SAME(time_ns);
	switch (a->type) {
	case EVENT_SWITCH:
	case EVENT_OPEN:
		assert_outs_equal(a, b);
		break;
	case EVENT_OFF:
	case EVENT_DEAD:
		SAME(off.thread);
		SAME(off.tid);
		SAME(off.tgid);
		SAME(off.cpu);
		SAME(off.voluntary);
		SAME(off.involuntary);
		break;
	case EVENT_SAMPLE:
		SAME(sample.thread);
		SAME(sample.tid);
		SAME(sample.tgid);
		SAME(sample.cpu);
		SAME(sample.user_stack);
		SAME(sample.kernel_stack);
		break;
	case EVENT_STACK:
	case EVENT_FRAME:
	case EVENT_NAME:
		assert_code_equal(a, b);
		break;
	case EVENT_OBJECT:
		SAME(object.object);
		SAME(object.kind);
		SAME(object.flags);
		SAME(object.tgid);
		SAME(object.address);
		SAME(object.device);
		SAME_TEXT(object.text);
		SAME(object.peer);
		SAME_TEXT(object.local);
		break;
	case EVENT_TASK:
		assert_tasks_equal(a, b);
		break;
	case EVENT_EXEC:
		SAME(exec.thread);
		SAME(exec.tid);
		SAME(exec.tgid);
		SAME(exec.old_tid);
		SAME_TEXT(exec.comm);
		SAME(exec.command_size);
		assert_memory_equal(a->exec.command, b->exec.command, a->exec.command_size);
		break;
	default:
		assert_rare_equal(a, b);
		break;
	}
}
