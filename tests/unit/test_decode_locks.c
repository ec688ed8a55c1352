/* SPDX-License-Identifier: GPL-2.0-only */
/* Locks that the kernel keeps: those on files, and semaphores of System V; and those on stacks. */
#include "unit.h"

#include "base/alloc.h"
#include "core/decode.h"
#include "wire.h"

#include <stdio.h>
#include <string.h>

struct seen {
	struct decoder *decoder;
	VEC(struct event) events;
	char text[128]; /* of the last object */
	uint32_t stack_of; /* whose stack futexes are on */
	unsigned asked;
};

static int on_futex_place(void *ctx, uint32_t tgid, uint64_t time_ns, uint64_t address,
			  struct strbuf *text, uint64_t *ret_sharing, uint32_t *ret_tid)
{
	struct seen *s = ctx;

	(void)tgid;
	(void)time_ns;
	(void)address;
	s->asked++;
	strbuf_addf(text, "stack of %u worker", s->stack_of);
	*ret_sharing = 0;
	*ret_tid = s->stack_of;
	return strbuf_error(text);
}

static int on_event(void *ctx, const struct event *e)
{
	struct seen *s = ctx;

	if (e->type == EVENT_OBJECT)
		snprintf(s->text, sizeof(s->text), "%s", e->object.text);
	return vec_push(&s->events, *e);
}

static int begin(void **state)
{
	const struct decode_ops ops = { .futex_place = on_futex_place, .emit = on_event };
	struct seen *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	s->decoder = decoder_new(MACHINE_X86_64, &ops, s);
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

/* /var/x has key 0x456. */
static void tell_file(struct seen *s)
{
	struct {
		struct wire_object o;
		char text[8];
	} r = {
		.o = {
			.head = { sizeof(r), WIRE_OBJECT, 0, 0 },
			.key = 0x456,
			.inode = 8123,
			.tgid = 100,
			.kind = WIRE_OBJECT_FILE,
			.text_size = 6,
		},
		.text = "x\0var\0",
	};

	feed(s, &r, sizeof(r));
}

static struct wire_switch a_file_lock_wait(uint64_t file, uint32_t kind, uint64_t start,
					   uint64_t end)
{
	struct wire_switch w = {
		.head = { sizeof(w), WIRE_SWITCH, 0, 7 },
		.tid = 101, .tgid = 100, .why = WIRE_WHY_BLOCKED,
	};

	w.detail = WIRE_DETAIL_FILE_LOCK;
	w.file_lock = (struct wire_file_lock){
		.object = file, .kind = kind, .start = start, .end = end, .holder = 77,
	};
	return w;
}

static void locks_on_a_file_are_told_apart_by_their_bytes(void **state)
{
	static const struct {
		uint32_t kind;
		uint64_t start, end;
		const char *text;
	} locks[] = {
		{ WIRE_FILE_LOCK_WHOLE, 0, INT64_MAX, "/var/x" },
		{ WIRE_FILE_LOCK_RANGE, 0, INT64_MAX, "/var/x" },
		{ WIRE_FILE_LOCK_RANGE, 5, 14, "/var/x from byte 5 to 14" },
		{ WIRE_FILE_LOCK_RANGE, 5, INT64_MAX, "/var/x from byte 5" },
		{ WIRE_FILE_LOCK_RANGE, 0, 0, "/var/x from byte 0 to 0" },
	};
	struct seen *s = *state;
	struct wire_switch w;

	tell_file(s);
	for (size_t i = 0; i < ARRAY_COUNT(locks); i++) {
		w = a_file_lock_wait(0x456, locks[i].kind, locks[i].start, locks[i].end);
		feed(s, &w, sizeof(w));
		assert_string_equal(s->text, locks[i].text);
		assert_int_equal(last(s)[-1].object.kind, OBJECT_FILE_LOCK);
		assert_int_equal(last(s)[-1].object.flags, OBJECT_SHARED);
		assert_int_equal(last(s)->out.object, i + 2);
		assert_int_equal(last(s)->out.owner_tid, 77);
		assert_int_equal(last(s)->out.futex, FUTEX_KIND_NONE);
		/* it is told once */
		feed(s, &w, sizeof(w));
		assert_int_equal(s->events.count, 1 + 3 * (i + 1));
	}
	w = a_file_lock_wait(0x457, WIRE_FILE_LOCK_WHOLE, 0, INT64_MAX);
	feed(s, &w, sizeof(w));
	assert_int_equal(last(s)->out.object, 0);
	assert_int_equal(decoder_lost_objects(s->decoder), 1);
}

static void who_has_the_open_file_has_an_end_of_its_lock(void **state)
{
	struct wire_endpoint e = {
		.head = { sizeof(e), WIRE_ENDPOINT, 0, 0 }, .key = 0x789, .tgid = 300,
	};
	struct seen *s = *state;
	struct wire_switch w = a_file_lock_wait(0x456, WIRE_FILE_LOCK_WHOLE, 0, INT64_MAX);

	tell_file(s);
	w.head.type = WIRE_OPEN;
	w.file_lock.open_file = 0x789;
	feed(s, &w, sizeof(w));
	feed(s, &e, sizeof(e));
	assert_int_equal(last(s)->type, EVENT_END);
	assert_int_equal(last(s)->end.object, 2);
	assert_int_equal(last(s)->end.tgid, 300);
}

static void semaphores_are_of_a_set_in_a_namespace(void **state)
{
	static const struct {
		struct wire_semaphore semaphore;
		uint32_t object;
		const char *text;
	} waits[] = {
		{ { 9, 3, 1, 0 }, 1, "semid 3, number 1" },
		{ { 9, 3, 2, 0 }, 2, "semid 3, number 2" },
		{ { 9, 4, 1, 0 }, 3, "semid 4, number 1" },
		{ { 8, 3, 1, 0 }, 4, "semid 3, number 1" },
		{ { 9, 3, WIRE_SEMAPHORES, 0 }, 5, "semid 3" },
		{ { 9, 3, 1, 0 }, 1, "semid 3" },
	};
	struct seen *s = *state;
	struct wire_switch w = a_file_lock_wait(0, 0, 0, 0);

	w.detail = WIRE_DETAIL_SEMAPHORE;
	for (size_t i = 0; i < ARRAY_COUNT(waits); i++) {
		w.semaphore = waits[i].semaphore;
		feed(s, &w, sizeof(w));
		assert_int_equal(last(s)->out.object, waits[i].object);
		assert_string_equal(s->text, waits[i].text);
	}
	assert_int_equal(s->events.at[0].object.kind, OBJECT_SEMAPHORE);
}

static uint32_t wait_at(struct seen *s, uint64_t address)
{
	struct wire_switch w = a_file_lock_wait(0, 0, 0, 0);

	w.nr = 202;
	w.detail = WIRE_DETAIL_FUTEX;
	memset(w.futex, 0, sizeof(w.futex));
	w.args[0] = address;
	w.args[1] = 128;
	w.args[2] = 2;
	w.futex[WIRE_FUTEX_BEFORE] = 2;
	w.futex[WIRE_FUTEX_BEFORE + 2] = 77;
	w.futex[WIRE_FUTEX_BEFORE + 3] = 1;
	feed(s, &w, sizeof(w));
	return last(s)->out.object;
}

static void a_lock_on_the_stack_of_who_has_ended_is_another_lock(void **state)
{
	struct seen *s = *state;
	struct wire_task task = { .head = { sizeof(task), WIRE_TASK, 0, 7 },
				  .tid = 101,
				  .tgid = 100,
				  .how = WIRE_HOW_FORKED };
	struct wire_off dead = { .head = { sizeof(dead), WIRE_DEAD, 0, 7 }, .tid = 101 };
	uint32_t first, second;

	s->stack_of = 101;
	feed(s, &task, sizeof(task));
	first = wait_at(s, 0x5000);
	assert_string_equal(s->text, "stack of 101 worker");
	assert_int_equal(wait_at(s, 0x5000), first);
	assert_int_equal(s->asked, 1);
	/* the next thread gets the stack of the last one, and may get its TID */
	feed(s, &dead, sizeof(dead));
	task.head.thread = 8;
	feed(s, &task, sizeof(task));
	second = wait_at(s, 0x5000);
	assert_int_not_equal(second, first);
	assert_int_equal(wait_at(s, 0x5000), second);
	assert_int_equal(s->asked, 2);
	/* a thread that began after the wait is not whose stack it was */
	s->stack_of = 102;
	wait_at(s, 0x6000);
	assert_string_equal(s->text, "anon");
}

#define T(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(locks_on_a_file_are_told_apart_by_their_bytes),
		T(who_has_the_open_file_has_an_end_of_its_lock),
		T(semaphores_are_of_a_set_in_a_namespace),
		T(a_lock_on_the_stack_of_who_has_ended_is_another_lock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
