/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/map.h"
#include "core/decode.h"

#include "base/alloc.h"
#include "oom.h"
#include "unit.h"
#include "wire.h"

#include <stdio.h>
#include <string.h>

/* --- what the decoder calls ------------------------------------------------------ */

struct seen {
	VEC(struct event) events;
	char text[256]; /* of the last object */
	char comm[32], command[64];
	uint32_t frames[WIRE_STACK_DEPTH_MAX];
	/* what frame() was asked */
	struct {
		uint32_t tgid;
		bool kernel, exact;
		uint64_t time_ns, address;
	} asked[16];
	unsigned asked_count;
	/* what the callbacks answer */
	int frame_rc, place_rc, emit_rc;
	const char *place;
	bool place_shared;
	unsigned place_count;
	struct decoder *decoder;
};

static int on_frame(void *ctx, uint32_t tgid, bool kernel, uint64_t time_ns, uint64_t address,
		    bool exact, uint32_t *ret_frame)
{
	struct seen *s = ctx;

	if (s->asked_count < ARRAY_COUNT(s->asked)) {
		s->asked[s->asked_count].tgid = tgid;
		s->asked[s->asked_count].kernel = kernel;
		s->asked[s->asked_count].exact = exact;
		s->asked[s->asked_count].time_ns = time_ns;
		s->asked[s->asked_count++].address = address;
	}
	*ret_frame = (uint32_t)address & 0xffff;
	return s->frame_rc;
}

static int on_futex_place(void *ctx, uint32_t tgid, uint64_t time_ns, uint64_t address,
			  struct strbuf *text, uint64_t *ret_sharing, uint32_t *ret_tid)
{
	struct seen *s = ctx;

	(void)tgid;
	(void)time_ns;
	(void)address;
	s->place_count++;
	strbuf_puts(text, s->place ? s->place : "");
	*ret_tid = 0;
	*ret_sharing = s->place_shared && text->len ? hash_bytes(text->buf, text->len) : 0;
	return s->place_rc;
}

static uint8_t on_kernel_place(void *ctx, const uint64_t *frames, uint32_t count)
{
	(void)ctx;
	return count && frames[0] == 0x10c5 ? PLACE_LOCK : PLACE_NONE;
}

static int on_event(void *ctx, const struct event *e)
{
	struct seen *s = ctx;

	if (s->emit_rc)
		return s->emit_rc;
	if (e->type == EVENT_OBJECT)
		snprintf(s->text, sizeof(s->text), "%s", e->object.text);
	if (e->type == EVENT_TASK || e->type == EVENT_EXEC || e->type == EVENT_COMM)
		snprintf(s->comm, sizeof(s->comm), "%s",
			 e->type == EVENT_TASK ? e->task.comm
			 : e->type == EVENT_EXEC ? e->exec.comm
						 : e->comm.comm);
	if (e->type == EVENT_EXEC)
		memcpy(s->command, e->exec.command, e->exec.command_size);
	if (e->type == EVENT_STACK)
		memcpy(s->frames, e->stack.frames, e->stack.count * sizeof(*s->frames));
	return vec_push(&s->events, *e);
}

static struct decoder *decoder_for(struct seen *s, enum machine machine)
{
	const struct decode_ops ops = { on_frame, on_futex_place, on_kernel_place, on_event };

	return decoder_new(machine, &ops, s);
}

static int begin(void **state)
{
	struct seen *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	s->decoder = decoder_for(s, MACHINE_X86_64);
	assert_non_null(s->decoder);
	*state = s;
	return 0;
}

static int end(void **state)
{
	struct seen *s = *state;

	decoder_free(s->decoder);
	vec_release(&s->events);
	free(s);
	return 0;
}

static void feed(struct seen *s, const void *record, size_t size)
{
	assert_int_equal(decoder_record(s->decoder, record, size), 0);
}

static const struct event *last(const struct seen *s)
{
	assert_true(s->events.count > 0);
	return &s->events.at[s->events.count - 1];
}

/* --- records ---------------------------------------------------------------------- */

static struct wire_switch a_switch(void)
{
	return (struct wire_switch){
		.head = { sizeof(struct wire_switch), WIRE_SWITCH, WIRE_SWITCH_VOLUNTARY, 7 },
		.tid = 101,
		.tgid = 100,
		.out_ns = 1000,
		.woken_ns = 2000,
		.in_ns = 3000,
		.voluntary = 5,
		.involuntary = 6,
		.cpu = 3,
		.why = WIRE_WHY_BLOCKED,
		.nr = 0,
		.waker_nr = -1,
		.waker_flags = WIRE_WAKER_SEEN,
		.waker_tid = 55,
		.args = { 4, 5, 6, 7 },
	};
}

/* A thread that waits at @address for a mutex of thread 77. */
static struct wire_switch a_futex_wait(uint32_t tgid, uint64_t address, bool shared)
{
	struct wire_switch w = a_switch();

	w.tgid = tgid;
	w.nr = 202;
	w.detail = WIRE_DETAIL_FUTEX;
	w.args[0] = address;
	w.args[1] = shared ? 0 : 128;
	w.args[2] = 2;
	w.futex[WIRE_FUTEX_BEFORE] = 2;
	w.futex[WIRE_FUTEX_BEFORE + 2] = 77;
	w.futex[WIRE_FUTEX_BEFORE + 3] = 1;
	return w;
}

/* A record with a tail. */
struct tailed {
	uint64_t words[48];
	size_t size;
};

static void put_tailed(struct tailed *r, const void *fixed, size_t fixed_size, const void *tail,
		       size_t tail_size)
{
	assert_true(fixed_size + tail_size <= sizeof(r->words));
	memset(r, 0, sizeof(*r));
	memcpy(r->words, fixed, fixed_size);
	memcpy((char *)r->words + fixed_size, tail, tail_size);
	r->size = fixed_size + (tail_size + 7) / 8 * 8;
}

static void feed_tailed(struct seen *s, const struct tailed *r)
{
	feed(s, r->words, r->size);
}

/* Three frames; @count is what the record says. */
static void put_stack(struct tailed *r, uint64_t hash, uint8_t flags, uint64_t leaf, uint32_t count)
{
	const uint64_t frames[] = { leaf, 0x2222, 0x3333 };
	const struct wire_stack w = {
		.head = { 0, WIRE_STACK, flags, 0 },
		.time_ns = 900,
		.hash = hash,
		.tgid = flags & WIRE_STACK_KERNEL ? 0 : 100,
		.count = count,
	};

	put_tailed(r, &w, sizeof(w), frames, sizeof(frames));
}

static void put_object(struct tailed *r, uint64_t key, const char *text, size_t size)
{
	const struct wire_object w = {
		.head = { 0, WIRE_OBJECT, 0, 0 },
		.time_ns = 800,
		.key = key,
		.inode = 8123,
		.device = 8 << 20 | 1,
		.tgid = 100,
		.kind = WIRE_OBJECT_FILE,
		.text_size = (uint32_t)size,
	};

	put_tailed(r, &w, sizeof(w), text, size);
}

/* --- tests ------------------------------------------------------------------------- */

static void a_switch_says_what_its_record_says(void **state)
{
	struct seen *s = *state;
	struct wire_switch w = a_switch();
	const struct event *e;

	feed(s, &w, sizeof(w));
	e = last(s);
	assert_int_equal(e->type, EVENT_SWITCH);
	assert_int_equal(e->time_ns, 3000);
	assert_int_equal(e->out.thread, 7);
	assert_int_equal(e->out.tid, 101);
	assert_int_equal(e->out.tgid, 100);
	assert_int_equal(e->out.cpu, 3);
	assert_int_equal(e->out.why, OUT_BLOCKED);
	assert_int_equal(e->out.flags, OUT_VOLUNTARY);
	assert_int_equal(e->out.out_ns, 1000);
	assert_int_equal(e->out.woken_ns, 2000);
	assert_int_equal(e->out.in_ns, 3000);
	assert_int_equal(e->out.voluntary, 5);
	assert_int_equal(e->out.involuntary, 6);
	assert_int_equal(e->out.nr, 0);
	assert_int_equal(e->out.waker, WAKER_TASK);
	assert_int_equal(e->out.waker_nr, -1);
	assert_int_equal(e->out.waker_tid, 55);
	assert_int_equal(e->out.futex, FUTEX_KIND_NONE);
	assert_int_equal(e->out.object, 0);
	for (uint64_t i = 0; i < 4; i++)
		assert_int_equal(e->out.args[i], 4 + i);
}

static void an_open_wait_has_no_end(void **state)
{
	struct seen *s = *state;
	struct wire_switch w = a_switch();

	w.head.type = WIRE_OPEN;
	feed(s, &w, sizeof(w));
	assert_int_equal(last(s)->type, EVENT_OPEN);
	assert_int_equal(last(s)->time_ns, 3000);
	assert_int_equal(last(s)->out.in_ns, 0);
}

static void the_last_system_call_is_not_that_of_a_preemption(void **state)
{
	struct seen *s = *state;
	struct wire_switch w = a_switch();

	w.why = WIRE_WHY_PREEMPTED;
	w.detail = WIRE_DETAIL_FUTEX;
	feed(s, &w, sizeof(w));
	assert_int_equal(last(s)->out.nr, -1);
	assert_int_equal(last(s)->out.args[0], 0);
	assert_int_equal(last(s)->out.futex, FUTEX_KIND_NONE);
	assert_int_equal(s->place_count, 0);
	w.why = WIRE_WHY_THROTTLED;
	feed(s, &w, sizeof(w));
	assert_int_equal(last(s)->out.nr, -1);
	assert_memory_equal(last(s)->out.args, w.args, 2 * sizeof(*w.args));
}

static void what_is_beyond_the_end_of_a_record_is_zero(void **state)
{
	struct seen *s = *state;
	struct wire_switch w = a_switch();

	memset(w.args, 0xee, sizeof(w) - offsetof(struct wire_switch, args));
	feed(s, &w, offsetof(struct wire_switch, args));
	assert_int_equal(last(s)->out.args[0], 0);
	assert_int_equal(last(s)->out.args[3], 0);
}

static void off_and_dead_say_what_their_records_say(void **state)
{
	struct seen *s = *state;
	struct wire_off w = { .head = { sizeof(w), WIRE_OFF, 0, 7 },
			      .time_ns = 10,
			      .tid = 101,
			      .tgid = 100,
			      .voluntary = 1,
			      .involuntary = 2,
			      .cpu = 9 };

	feed(s, &w, sizeof(w));
	assert_int_equal(last(s)->type, EVENT_OFF);
	assert_int_equal(last(s)->time_ns, 10);
	assert_int_equal(last(s)->off.thread, 7);
	assert_int_equal(last(s)->off.tid, 101);
	assert_int_equal(last(s)->off.tgid, 100);
	assert_int_equal(last(s)->off.voluntary, 1);
	assert_int_equal(last(s)->off.involuntary, 2);
	assert_int_equal(last(s)->off.cpu, 9);
	w.head.type = WIRE_DEAD;
	feed(s, &w, sizeof(w));
	assert_int_equal(last(s)->type, EVENT_DEAD);
}

static void life_of_tasks_is_told_with_whole_names(void **state)
{
	struct seen *s = *state;
	struct wire_task task = { .head = { sizeof(task), WIRE_TASK, 0, 8 },
				  .time_ns = 20,
				  .tid = 102,
				  .tgid = 100,
				  .parent_tgid = 1,
				  .parent_thread = 7,
				  .voluntary = 3,
				  .involuntary = 4,
				  .how = WIRE_HOW_FORKED,
				  .kthread = 1 };
	struct wire_comm comm = { .head = { sizeof(comm), WIRE_COMM, 0, 8 }, .time_ns = 21 };
	const struct wire_exec exec = { .head = { 0, WIRE_EXEC, 0, 8 },
					.time_ns = 22,
					.tid = 100,
					.tgid = 100,
					.old_tid = 102,
					.args_size = 6,
					.comm = "ls" };
	struct tailed r;

	/* TASK_COMM_LEN characters and no NUL */
	memset(task.comm, 'x', sizeof(task.comm));
	feed(s, &task, sizeof(task));
	assert_int_equal(last(s)->type, EVENT_TASK);
	assert_int_equal(last(s)->task.thread, 8);
	assert_int_equal(last(s)->task.tid, 102);
	assert_int_equal(last(s)->task.tgid, 100);
	assert_int_equal(last(s)->task.parent_tgid, 1);
	assert_int_equal(last(s)->task.parent_thread, 7);
	assert_int_equal(last(s)->task.voluntary, 3);
	assert_int_equal(last(s)->task.involuntary, 4);
	assert_int_equal(last(s)->task.how, TASK_FORKED);
	assert_true(last(s)->task.kthread);
	assert_string_equal(s->comm, "xxxxxxxxxxxxxxxx");

	memset(comm.comm, 'y', sizeof(comm.comm));
	feed(s, &comm, sizeof(comm));
	assert_int_equal(last(s)->type, EVENT_COMM);
	assert_string_equal(s->comm, "yyyyyyyyyyyyyyyy");

	put_tailed(&r, &exec, sizeof(exec), "ls\0-l", 6);
	feed_tailed(s, &r);
	assert_int_equal(last(s)->type, EVENT_EXEC);
	assert_int_equal(last(s)->exec.old_tid, 102);
	assert_string_equal(s->comm, "ls");
	assert_int_equal(last(s)->exec.command_size, 6);
	assert_memory_equal(s->command, "ls\0-l", 6);
}

static void losses_and_short_waits_are_passed_on(void **state)
{
	struct seen *s = *state;
	struct wire_lost lost = { .head = { sizeof(lost), WIRE_LOST, 0, 0 },
				  .from_ns = 5,
				  .to_ns = 9,
				  .count = 12,
				  .cpu = 2 };
	struct wire_short brief = { .head = { sizeof(brief), WIRE_SHORT, 0, 7 },
				    .time_ns = 30,
				    .tid = 101,
				    .tgid = 100,
				    .voluntary = 40,
				    .involuntary = 2,
				    .wait_ns = 4000,
				    .runnable_ns = 50,
				    .nr = -1,
				    .cpu = 1 };

	feed(s, &lost, sizeof(lost));
	assert_int_equal(last(s)->type, EVENT_LOST);
	assert_int_equal(last(s)->time_ns, 9);
	assert_int_equal(last(s)->lost.from_ns, 5);
	assert_int_equal(last(s)->lost.to_ns, 9);
	assert_int_equal(last(s)->lost.count, 12);
	assert_int_equal(last(s)->lost.cpu, 2);
	feed(s, &brief, sizeof(brief));
	assert_int_equal(last(s)->type, EVENT_SHORT);
	assert_int_equal(last(s)->time_ns, 30);
	assert_int_equal(last(s)->brief.thread, 7);
	assert_int_equal(last(s)->brief.voluntary, 40);
	assert_int_equal(last(s)->brief.involuntary, 2);
	assert_int_equal(last(s)->brief.wait_ns, 4000);
	assert_int_equal(last(s)->brief.runnable_ns, 50);
	assert_int_equal(last(s)->brief.nr, -1);
	assert_int_equal(last(s)->brief.cpu, 1);
}

static void stacks_are_numbered_once(void **state)
{
	struct seen *s = *state;
	struct tailed user, kernel;
	struct wire_sample w = { .head = { sizeof(w), WIRE_SAMPLE, 0, 7 },
				 .time_ns = 950,
				 .tid = 101,
				 .tgid = 100,
				 .user_stack = 0xabc,
				 .kernel_stack = 0xdef,
				 .cpu = 1 };

	put_stack(&user, 0xabc, WIRE_STACK_COMPLETE, 0x1111, 3);
	put_stack(&kernel, 0xdef, WIRE_STACK_KERNEL, 0x10c5, 3);
	feed_tailed(s, &user);
	assert_int_equal(last(s)->type, EVENT_STACK);
	assert_int_equal(last(s)->stack.stack, 1);
	assert_int_equal(last(s)->stack.tgid, 100);
	assert_int_equal(last(s)->stack.flags, STACK_COMPLETE);
	assert_int_equal(last(s)->stack.place, PLACE_NONE);
	assert_int_equal(last(s)->stack.count, 3);
	assert_int_equal(s->frames[0], 0x1111);
	assert_int_equal(s->frames[2], 0x3333);
	/* only the leaf is where the thread stands; the others are where calls return to */
	assert_int_equal(s->asked_count, 3);
	assert_true(s->asked[0].exact && !s->asked[1].exact && !s->asked[2].exact);
	assert_int_equal(s->asked[1].address, 0x2222);
	assert_int_equal(s->asked[0].tgid, 100);
	assert_int_equal(s->asked[0].time_ns, 900);
	assert_false(s->asked[0].kernel);

	feed_tailed(s, &kernel);
	assert_int_equal(last(s)->stack.stack, 2);
	assert_int_equal(last(s)->stack.flags, STACK_KERNEL);
	assert_int_equal(last(s)->stack.place, PLACE_LOCK);
	assert_true(s->asked[3].kernel);

	feed_tailed(s, &user);
	assert_int_equal(s->events.count, 2);
	feed(s, &w, sizeof(w));
	assert_int_equal(last(s)->type, EVENT_SAMPLE);
	assert_int_equal(last(s)->sample.thread, 7);
	assert_int_equal(last(s)->sample.cpu, 1);
	assert_int_equal(last(s)->sample.user_stack, 1);
	assert_int_equal(last(s)->sample.kernel_stack, 2);
	assert_int_equal(decoder_lost_stacks(s->decoder), 0);
}

/* Walking by frame pointers goes astray in code that has none. */
static void a_stack_ends_where_an_address_is_in_no_code(void **state)
{
	static const uint64_t frames[] = { 0x1111, 0x2222, 0x10000, 0x3333 };
	const struct wire_stack w = {
		.head = { 0, WIRE_STACK, WIRE_STACK_TRUNCATED, 0 },
		.time_ns = 900,
		.hash = 0xabc,
		.tgid = 100,
		.count = 4,
	};
	struct seen *s = *state;
	struct tailed r;

	put_tailed(&r, &w, sizeof(w), frames, sizeof(frames));
	feed_tailed(s, &r);
	assert_int_equal(last(s)->type, EVENT_STACK);
	assert_int_equal(last(s)->stack.count, 2);
	assert_int_equal(last(s)->stack.flags, 0);
	assert_int_equal(s->frames[1], 0x2222);
	assert_int_equal(s->asked_count, 3);
}

static void a_stack_or_object_that_never_came_is_counted(void **state)
{
	struct seen *s = *state;
	struct wire_switch w = a_switch();

	w.user_stack = 0x123;
	w.waker_stack = 0x124;
	w.detail = WIRE_DETAIL_OBJECT;
	w.object = 0x456;
	feed(s, &w, sizeof(w));
	assert_int_equal(last(s)->out.user_stack, 0);
	assert_int_equal(last(s)->out.kernel_stack, 0);
	assert_int_equal(last(s)->out.waker_stack, 0);
	assert_int_equal(last(s)->out.object, 0);
	assert_int_equal(decoder_lost_stacks(s->decoder), 2);
	assert_int_equal(decoder_lost_objects(s->decoder), 1);
}

static void objects_are_numbered_until_they_are_something_else(void **state)
{
	struct seen *s = *state;
	struct tailed a, b;
	struct wire_switch w = a_switch();

	put_object(&a, 0x456, "x\0var\0", 6);
	put_object(&b, 0x456, "y\0var\0", 6);
	w.detail = WIRE_DETAIL_OBJECT;
	w.object = 0x456;
	feed_tailed(s, &a);
	assert_int_equal(last(s)->type, EVENT_OBJECT);
	assert_int_equal(last(s)->object.object, 1);
	assert_int_equal(last(s)->object.kind, OBJECT_FILE);
	assert_int_equal(last(s)->object.tgid, 100);
	assert_int_equal(last(s)->object.address, 8123);
	assert_int_equal(last(s)->object.device, 8 << 20 | 1);
	assert_string_equal(s->text, "/var/x");
	feed(s, &w, sizeof(w));
	assert_int_equal(last(s)->out.object, 1);
	/* said again, since it was not said lately */
	feed_tailed(s, &a);
	assert_int_equal(s->events.count, 2);
	/* the inode was freed and given to another file */
	feed_tailed(s, &b);
	assert_int_equal(last(s)->object.object, 2);
	feed(s, &w, sizeof(w));
	assert_int_equal(last(s)->out.object, 2);
}

static uint32_t futex_object_of(struct seen *s, uint32_t tgid, uint64_t address, bool shared)
{
	struct wire_switch w = a_futex_wait(tgid, address, shared);

	feed(s, &w, sizeof(w));
	assert_int_equal(last(s)->type, EVENT_SWITCH);
	assert_int_equal(last(s)->out.futex, FUTEX_KIND_MUTEX);
	assert_int_equal(last(s)->out.owner_tid, 77);
	return last(s)->out.object;
}

static void a_futex_is_the_processes_own(void **state)
{
	struct seen *s = *state;
	uint32_t a, b;

	s->place = "[heap]";
	a = futex_object_of(s, 100, 0x5000, false);
	assert_int_equal(s->events.at[0].type, EVENT_OBJECT);
	assert_int_equal(s->events.at[0].object.object, a);
	assert_int_equal(s->events.at[0].object.kind, OBJECT_FUTEX);
	assert_int_equal(s->events.at[0].object.flags, 0);
	assert_int_equal(s->events.at[0].object.tgid, 100);
	assert_int_equal(s->events.at[0].object.address, 0x5000);
	assert_string_equal(s->text, "[heap]");
	b = futex_object_of(s, 200, 0x5000, false);
	assert_int_not_equal(a, b);
	assert_int_not_equal(futex_object_of(s, 100, 0x5040, false), a);
	/* and looked up only once */
	assert_int_equal(futex_object_of(s, 100, 0x5000, false), a);
	assert_int_equal(s->place_count, 3);
}

static void a_futex_in_shared_memory_is_one_at_any_address(void **state)
{
	struct seen *s = *state;
	uint32_t a;

	s->place = "/dev/shm/x+0x40";
	s->place_shared = true;
	a = futex_object_of(s, 100, 0x5000, true);
	assert_int_equal(s->events.at[0].object.flags, OBJECT_SHARED);
	assert_int_equal(futex_object_of(s, 200, 0x9000, true), a);
	assert_int_equal(futex_object_of(s, 200, 0x9000, true), a);
	/* whoever says that it is private shares it with nobody */
	assert_int_not_equal(futex_object_of(s, 300, 0x7000, false), a);
	assert_int_equal(last(s)->type, EVENT_SWITCH);
	/* memory that is not known is not the same memory */
	s->place = NULL;
	assert_int_not_equal(futex_object_of(s, 400, 0x5000, true),
			     futex_object_of(s, 500, 0x5000, true));
}

static void an_address_means_something_else_in_another_program(void **state)
{
	struct seen *s = *state;
	struct wire_exec exec = { .head = { sizeof(exec), WIRE_EXEC, 0, 7 }, .tgid = 100 };
	struct wire_task task = { .head = { sizeof(task), WIRE_TASK, 0, 7 },
				  .tid = 100,
				  .tgid = 100,
				  .how = WIRE_HOW_FORKED };
	uint32_t before = futex_object_of(s, 100, 0x5000, false), after;

	feed(s, &exec, sizeof(exec));
	after = futex_object_of(s, 100, 0x5000, false);
	assert_int_not_equal(after, before);
	/* a thread of it changes nothing, a process that gets its PID does */
	task.tid = 101;
	feed(s, &task, sizeof(task));
	assert_int_equal(futex_object_of(s, 100, 0x5000, false), after);
	task.tid = 100;
	feed(s, &task, sizeof(task));
	assert_int_not_equal(futex_object_of(s, 100, 0x5000, false), after);
}

static void wakers_are_told_from_interrupts(void **state)
{
	enum { SEEN = WIRE_WAKER_SEEN, IRQ = WIRE_WAKER_INTERRUPT };
	static const struct {
		uint8_t flags;
		int16_t nr, waker_nr;
		uint8_t kind;
	} cases[] = {
		{ 0, 0, -1, WAKER_UNKNOWN },
		{ SEEN, 202, 202, WAKER_TASK },
		{ SEEN | WIRE_WAKER_KTHREAD, 0, -1, WAKER_TASK },
		{ SEEN | IRQ, 230, 1, WAKER_INTERRUPT }, /* a timer in somebody's write */
		{ SEEN | IRQ | WIRE_WAKER_IDLE, 0, -1, WAKER_INTERRUPT },
		{ SEEN | WIRE_WAKER_USER, 0, -1, WAKER_INTERRUPT },
		{ SEEN | IRQ, 0, 202, WAKER_INTERRUPT },
		/* loopback: write to read, sendto to epoll_wait, connect to accept, … */
		{ SEEN | IRQ, 0, 1, WAKER_TASK },
		{ SEEN | IRQ, 232, 44, WAKER_TASK },
		{ SEEN | IRQ, 43, 42, WAKER_TASK },
		{ SEEN | IRQ, 7, 3, WAKER_TASK },
		{ SEEN | IRQ | WIRE_WAKER_IDLE, 0, 1, WAKER_INTERRUPT },
	};
	struct seen *s = *state;

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct wire_switch w = a_switch();

		w.waker_flags = cases[i].flags;
		w.nr = cases[i].nr;
		w.waker_nr = cases[i].waker_nr;
		feed(s, &w, sizeof(w));
		if (last(s)->out.waker != cases[i].kind)
			fail_msg("case %zu: %d", i, last(s)->out.waker);
	}
}

/* An interrupt stands nowhere in the code of the thread that it hit. */
static void only_a_waker_that_did_it_has_a_stack(void **state)
{
	struct seen *s = *state;
	struct wire_switch w = a_switch();
	struct tailed stack;

	put_stack(&stack, 0xabc, WIRE_STACK_COMPLETE, 0x1111, 3);
	feed_tailed(s, &stack);
	w.waker_stack = 0xabc;
	w.waker_nr = 202;
	feed(s, &w, sizeof(w));
	assert_int_equal(last(s)->out.waker_stack, 1);
	w.waker_flags |= WIRE_WAKER_INTERRUPT;
	feed(s, &w, sizeof(w));
	assert_int_equal(last(s)->out.waker, WAKER_INTERRUPT);
	assert_int_equal(last(s)->out.waker_stack, 0);
}

/* read is 0 and write is 1 on x86-64, 63 and 64 on arm64 */
static void system_calls_are_those_of_the_machine(void **state)
{
	struct seen *s = *state;
	struct wire_switch w = a_switch();

	decoder_free(s->decoder);
	s->decoder = decoder_for(s, MACHINE_ARM64);
	w.waker_flags = WIRE_WAKER_SEEN | WIRE_WAKER_INTERRUPT;
	w.nr = 0;
	w.waker_nr = 1;
	feed(s, &w, sizeof(w));
	assert_int_equal(last(s)->out.waker, WAKER_INTERRUPT);
	w.nr = 63;
	w.waker_nr = 64;
	feed(s, &w, sizeof(w));
	assert_int_equal(last(s)->out.waker, WAKER_TASK);
}

static void records_that_make_no_sense_are_counted_and_dropped(void **state)
{
	struct seen *s = *state;
	struct wire_switch w = a_switch();
	const struct wire_object object = { .head = { .type = WIRE_OBJECT }, .text_size = 9 };
	struct tailed r;
	struct wire_exec exec = { .head = { .type = WIRE_EXEC }, .args_size = 1 };
	struct wire_task task = { .head = { sizeof(task), WIRE_TASK, 0, 0 } };
	struct wire_head head = { 8, 0, 0, 0 };
	uint64_t bad = 0;

	for (uint8_t type = WIRE_SWITCH; type <= WIRE_SHORT; type++) {
		head.type = type;
		feed(s, &head, sizeof(head));
		assert_int_equal(decoder_bad_records(s->decoder), ++bad);
	}
	feed(s, &head, 7);
	assert_int_equal(decoder_bad_records(s->decoder), ++bad);
	w.why = WIRE_WHY_THROTTLED + 1;
	feed(s, &w, sizeof(w));
	assert_int_equal(decoder_bad_records(s->decoder), ++bad);
	put_stack(&r, 1, 0, 1, 4); /* one more than there are */
	feed_tailed(s, &r);
	assert_int_equal(decoder_bad_records(s->decoder), ++bad);
	put_stack(&r, 1, 0, 1, UINT32_MAX);
	feed_tailed(s, &r);
	assert_int_equal(decoder_bad_records(s->decoder), ++bad);
	put_tailed(&r, &object, sizeof(object), "12345678", 8);
	feed_tailed(s, &r);
	assert_int_equal(decoder_bad_records(s->decoder), ++bad);
	feed(s, &exec, sizeof(exec));
	assert_int_equal(decoder_bad_records(s->decoder), ++bad);
	feed(s, &task, sizeof(task));
	assert_int_equal(decoder_bad_records(s->decoder), ++bad);
	assert_int_equal(s->events.count, 0);
	/* types of probes to come are none of our business */
	head.type = 200;
	feed(s, &head, sizeof(head));
	head.type = 0;
	feed(s, &head, sizeof(head));
	assert_int_equal(decoder_bad_records(s->decoder), bad);
}

static void an_error_of_who_is_asked_comes_back(void **state)
{
	struct seen *s = *state;
	struct tailed stack;
	struct wire_switch w = a_futex_wait(100, 0x5000, false);

	put_stack(&stack, 1, 0, 1, 3);
	s->frame_rc = -EIO;
	assert_int_equal(decoder_record(s->decoder, stack.words, stack.size), -EIO);
	s->place_rc = -ENOENT;
	assert_int_equal(decoder_record(s->decoder, &w, sizeof(w)), -ENOENT);
	s->frame_rc = s->place_rc = 0;
	s->emit_rc = -ENOSPC;
	assert_int_equal(decoder_record(s->decoder, &w, sizeof(w)), -ENOSPC);
}

static void a_failed_allocation_comes_back(void **state)
{
	(void)state;
	OOM_SWEEP(200)
	{
		struct seen s = { 0 };
		int rc = -ENOMEM;

		s.decoder = decoder_for(&s, MACHINE_X86_64);
		s.place = "a place with a longer name than fits into nothing";
		if (s.decoder)
			rc = 0;
		for (uint64_t i = 0; i < 20 && !rc; i++) {
			struct wire_switch w = a_futex_wait(100, 0x5000 + 64 * i, true);
			struct tailed stack, o;

			put_stack(&stack, i + 1, 0, i, 3);
			put_object(&o, i + 1, "x", 1);
			w.user_stack = i + 1;
			s.place_shared = i & 1;
			rc = decoder_record(s.decoder, stack.words, stack.size);
			rc = rc ? rc : decoder_record(s.decoder, o.words, o.size);
			rc = rc ? rc : decoder_record(s.decoder, &w, sizeof(w));
		}
		assert_true(rc == 0 || rc == -ENOMEM);
		if (!rc)
			assert_int_equal(decoder_lost_stacks(s.decoder), 0);
		decoder_free(s.decoder);
		vec_release(&s.events);
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_switch_says_what_its_record_says),
		T(an_open_wait_has_no_end),
		T(the_last_system_call_is_not_that_of_a_preemption),
		T(what_is_beyond_the_end_of_a_record_is_zero),
		T(off_and_dead_say_what_their_records_say),
		T(life_of_tasks_is_told_with_whole_names),
		T(losses_and_short_waits_are_passed_on),
		T(stacks_are_numbered_once),
		T(a_stack_ends_where_an_address_is_in_no_code),
		T(a_stack_or_object_that_never_came_is_counted),
		T(objects_are_numbered_until_they_are_something_else),
		T(a_futex_is_the_processes_own),
		T(a_futex_in_shared_memory_is_one_at_any_address),
		T(an_address_means_something_else_in_another_program),
		T(wakers_are_told_from_interrupts),
		T(only_a_waker_that_did_it_has_a_stack),
		T(system_calls_are_those_of_the_machine),
		T(records_that_make_no_sense_are_counted_and_dropped),
		T(an_error_of_who_is_asked_comes_back),
		T(a_failed_allocation_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
