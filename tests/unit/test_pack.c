/* SPDX-License-Identifier: GPL-2.0-only */
#include "core/pack.h"

#include "base/alloc.h"
#include "base/varint.h"
#include "oom.h"
#include "random_event.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Writes @count events of @seed as one chunk. */
static void chunk_write(uint64_t seed, unsigned count, struct strbuf *out)
{
	struct random_events r = { .seed = seed };
	struct packer *p = packer_new();
	struct event e;
	size_t noise;

	assert_non_null(p);
	for (unsigned i = 0; i < count; i++) {
		random_event(&r, &e);
		assert_int_equal(packer_add(p, &e), 0);
	}
	assert_int_equal(packer_count(p), count);
	assert_int_equal(packer_take(p, out, &noise), 0);
	assert_int_equal(packer_count(p), 0);
	packer_free(p);
}

static void events_come_back_as_they_were(void **state)
{
	struct unpacker *u = unpacker_new();

	(void)state;
	for (uint64_t seed = 1; seed <= 30; seed++) {
		struct random_events r = { .seed = seed };
		struct strbuf chunk = STRBUF_INIT;
		struct event want, got;

		chunk_write(seed, 3000, &chunk);
		assert_int_equal(unpacker_open(u, chunk.buf, chunk.len), 0);
		for (int i = 0; i < 3000; i++) {
			random_event(&r, &want);
			assert_int_equal(unpacker_next(u, &got), 1);
			assert_events_equal(&want, &got);
		}
		assert_int_equal(unpacker_next(u, &got), 0);
		assert_int_equal(unpacker_next(u, &got), 0);
		strbuf_release(&chunk);
	}
	unpacker_free(u);
}

/* Who adds a field must write it in pack_fields.h, in random_event.c, and here. */
static void no_field_was_forgotten(void **state)
{
	(void)state;
	assert_int_equal(sizeof(struct event_out), 112);
	assert_int_equal(sizeof(struct event_off), 24);
	assert_int_equal(sizeof(struct event_sample), 24);
	assert_int_equal(sizeof(struct event_stack), 24);
	assert_int_equal(sizeof(struct event_frame), 24);
	assert_int_equal(sizeof(struct event_name), 32);
	assert_int_equal(sizeof(struct event_object), 56);
	assert_int_equal(sizeof(struct event_task), 64);
	assert_int_equal(sizeof(struct event_exec), 40);
	assert_int_equal(sizeof(struct event_comm), 24);
	assert_int_equal(sizeof(struct event_waker), 24);
	assert_int_equal(sizeof(struct event_lost), 32);
	assert_int_equal(sizeof(struct event_cpu), 32);
	assert_int_equal(sizeof(struct event_short), 40);
	assert_int_equal(sizeof(struct event_end), 24);
}

static void chunks_of_any_length_hold_the_same_events(void **state)
{
	struct random_events r = { .seed = 7 }, again = { .seed = 7 }, cuts = { .seed = 8 };
	struct packer *p = packer_new();
	struct unpacker *u = unpacker_new();
	struct strbuf chunk = STRBUF_INIT;
	struct event e, got;
	size_t noise;

	(void)state;
	for (int done = 0; done < 20000;) {
		int n = (int)random_below(&cuts, 3) ? (int)random_below(&cuts, 20) :
						      (int)random_below(&cuts, 2000);

		for (int i = 0; i < n; i++) {
			random_event(&r, &e);
			assert_int_equal(packer_add(p, &e), 0);
		}
		strbuf_clear(&chunk);
		assert_int_equal(packer_take(p, &chunk, &noise), 0);
		assert_int_equal(unpacker_open(u, chunk.buf, chunk.len), 0);
		for (int i = 0; i < n; i++) {
			random_event(&again, &e);
			assert_int_equal(unpacker_next(u, &got), 1);
			assert_events_equal(&e, &got);
		}
		assert_int_equal(unpacker_next(u, &got), 0);
		done += n;
	}
	strbuf_release(&chunk);
	unpacker_free(u);
	packer_free(p);
}

/* Fills a chunk with copies of @e until it is full, and reads them all back. */
static unsigned fill(const struct event *e, size_t *ret_size)
{
	struct packer *p = packer_new();
	struct unpacker *u = unpacker_new();
	struct strbuf chunk = STRBUF_INIT;
	unsigned n = 0, back = 0;
	struct event got;
	size_t noise;
	int r;

	while (!(r = packer_add(p, e)))
		n++;
	assert_int_equal(r, -ENOSPC);
	assert_int_equal(packer_count(p), n);
	assert_int_equal(packer_take(p, &chunk, &noise), 0);
	assert_true(noise <= chunk.len && chunk.len <= PACK_SIZE_MAX);
	assert_int_equal(packer_add(p, e), 0);
	assert_int_equal(unpacker_open(u, chunk.buf, chunk.len), 0);
	while ((r = unpacker_next(u, &got)) > 0) {
		assert_events_equal(e, &got);
		back++;
	}
	assert_int_equal(r, 0);
	assert_int_equal(back, n);
	*ret_size = chunk.len;
	strbuf_release(&chunk);
	unpacker_free(u);
	packer_free(p);
	return n;
}

static void a_full_chunk_refuses_more_and_is_whole(void **state)
{
	struct event e = { .type = EVENT_SAMPLE };
	uint32_t frames[PACK_FRAMES_MAX];
	size_t size;

	(void)state;
	assert_int_equal(fill(&e, &size), PACK_EVENTS_MAX);
	/* all as foreseen but the first: type, mask, time and cpu are left */
	assert_in_range(size, 4 * PACK_EVENTS_MAX, 4 * PACK_EVENTS_MAX + 100);

	for (int i = 0; i < PACK_FRAMES_MAX; i++)
		frames[i] = i % 2 ? UINT32_MAX : (uint32_t)i;
	e = (struct event){ .type = EVENT_STACK,
			    .stack = { .count = PACK_FRAMES_MAX, .frames = frames } };
	fill(&e, &size);
}

static void a_chunk_of_text_is_full_by_its_size(void **state)
{
	struct random_events r = { .seed = 3 };
	struct packer *p = packer_new();
	struct strbuf chunk = STRBUF_INIT;
	static char text[PACK_TEXT_MAX + 1];
	struct event e = { .type = EVENT_COMM, .comm = { .comm = text } };
	size_t noise;
	int n = 0;

	(void)state;
	for (;; n++) {
		for (size_t i = 0; i < PACK_TEXT_MAX; i++)
			text[i] = (char)('a' + random_below(&r, 26));
		if (packer_add(p, &e))
			break;
	}
	assert_in_range(n, PACK_SIZE_MAX / (PACK_TEXT_MAX + 1) - 2,
			PACK_SIZE_MAX / (PACK_TEXT_MAX + 1));
	assert_int_equal(packer_take(p, &chunk, &noise), 0);
	assert_true(chunk.len <= PACK_SIZE_MAX);
	strbuf_release(&chunk);
	packer_free(p);
}

static void what_is_too_long_is_cut(void **state)
{
	static char text[PACK_TEXT_MAX + 100];
	static uint32_t frames[PACK_FRAMES_MAX + 5];
	struct event exec = {
		.type = EVENT_EXEC,
		.exec = { .comm = text, .command = text, .command_size = sizeof(text) },
	};
	struct event stack = { .type = EVENT_STACK,
			       .stack = { .count = PACK_FRAMES_MAX + 5, .frames = frames } };
	struct packer *p = packer_new();
	struct unpacker *u = unpacker_new();
	struct strbuf chunk = STRBUF_INIT;
	struct event got;
	size_t noise;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	frames[0] = 17;
	assert_int_equal(packer_add(p, &exec), 0);
	assert_int_equal(packer_add(p, &stack), 0);
	assert_int_equal(packer_take(p, &chunk, &noise), 0);
	assert_int_equal(unpacker_open(u, chunk.buf, chunk.len), 0);
	assert_int_equal(unpacker_next(u, &got), 1);
	assert_int_equal(strlen(got.exec.comm), PACK_TEXT_MAX);
	assert_int_equal(got.exec.command_size, PACK_TEXT_MAX);
	assert_int_equal(unpacker_next(u, &got), 1);
	assert_int_equal(got.stack.count, PACK_FRAMES_MAX);
	assert_int_equal(got.stack.frames[0], 17);
	assert_int_equal(got.stack.flags, STACK_TRUNCATED);
	strbuf_release(&chunk);
	unpacker_free(u);
	packer_free(p);
}

static void values_outside_of_their_enums_are_refused(void **state)
{
	const struct event bad[] = {
		{ .type = EVENT_NONE },
		{ .type = EVENT_TYPES },
		{ .type = EVENT_SWITCH, .out = { .why = OUT_WHYS } },
		{ .type = EVENT_OPEN, .out = { .waker = WAKER_TIMER + 1 } },
		{ .type = EVENT_SWITCH, .out = { .futex = FUTEX_KIND_JOIN + 1 } },
		{ .type = EVENT_STACK, .stack = { .place = PLACE_FAULT + 1 } },
		{ .type = EVENT_OBJECT, .object = { .kind = OBJECT_SEMAPHORE + 1 } },
		{ .type = EVENT_TASK, .task = { .how = 0 } },
		{ .type = EVENT_TASK, .task = { .how = TASK_SEEN + 1 } },
	};
	struct packer *p = packer_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_int_equal(packer_add(p, &bad[i]), -EINVAL);
	assert_int_equal(packer_count(p), 0);
	packer_free(p);
}

/* Reads all there is; whatever the bytes, it ends, and an error stays. */
static int read_all(struct unpacker *u, const void *data, size_t size, unsigned *ret_events)
{
	struct event e;
	int r = unpacker_open(u, data, size);

	*ret_events = 0;
	while (!r || r == 1) {
		r = unpacker_next(u, &e);
		if (r <= 0)
			break;
		++*ret_events;
	}
	assert_true(r == 0 || r == -EBADMSG);
	if (r)
		assert_int_equal(unpacker_next(u, &e), -EBADMSG);
	return r;
}

static void a_chunk_cut_anywhere_is_an_error(void **state)
{
	struct unpacker *u = unpacker_new();
	struct strbuf chunk = STRBUF_INIT;
	unsigned n;

	(void)state;
	chunk_write(5, 60, &chunk);
	for (size_t len = 0; len < chunk.len; len++) {
		/* of its own size, so that a read beyond it is seen */
		char *part = malloc(len ? len : 1);

		memcpy(part, chunk.buf, len);
		assert_int_equal(read_all(u, part, len, &n), -EBADMSG);
		free(part);
	}
	assert_int_equal(read_all(u, chunk.buf, chunk.len, &n), 0);
	assert_int_equal(n, 60);
	strbuf_release(&chunk);
	unpacker_free(u);
}

static void a_chunk_with_any_bit_flipped_ends(void **state)
{
	struct unpacker *u = unpacker_new();
	struct strbuf chunk = STRBUF_INIT;
	unsigned n, refused = 0;

	(void)state;
	chunk_write(6, 60, &chunk);
	for (size_t bit = 0; bit < chunk.len * 8; bit++) {
		chunk.buf[bit / 8] ^= (char)(1 << bit % 8);
		refused += read_all(u, chunk.buf, chunk.len, &n) < 0;
		assert_true(n <= chunk.len);
		chunk.buf[bit / 8] ^= (char)(1 << bit % 8);
	}
	assert_true(refused > 0);
	strbuf_release(&chunk);
	unpacker_free(u);
}

static void noise_ends(void **state)
{
	struct random_events r = { .seed = 99 };
	struct unpacker *u = unpacker_new();
	uint8_t bytes[200];
	unsigned n;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		size_t size = random_below(&r, sizeof(bytes));

		for (size_t i = 0; i < size; i++)
			bytes[i] = (uint8_t)random_u64(&r) >> random_below(&r, 8);
		read_all(u, bytes, size, &n);
		assert_true(n <= size);
	}
	unpacker_free(u);
}

static void small_lies_are_found(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
	} lies[] = {
		{ "", 0 },
		{ "\x01\x00", 2 }, /* an event and no column */
		{ "\x00\x01\x00\x05", 4 }, /* a column longer than the chunk */
		{ "\x00\x00\x00", 3 }, /* bytes behind the columns */
		{ "\x00\x02\x00\x00\x00\x00", 6 }, /* a column twice */
		{ "\x00\x01\xff\x7f\x00", 5 }, /* a column that there is not */
		{ "\x00\x01\x00\x01\x01", 5 }, /* a type that no event took */
		{ "\x01\x01\x00\x01\x00", 5 }, /* type 0 */
		{ "\x01\x01\x00\x01\x7f", 5 }, /* type 127 */
		{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00", 11 }, /* 2^64 - 1 events */
		{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11 }, /* a number too long */
	};
	struct unpacker *u = unpacker_new();
	unsigned n;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(lies); i++)
		assert_int_equal(read_all(u, lies[i].bytes, lies[i].size, &n), -EBADMSG);
	assert_int_equal(read_all(u, "\x00\x00", 2, &n), 0);
	unpacker_free(u);
}

/* Whatever fails, what was accepted before comes back. */
static void a_failed_allocation_leaves_the_chunk_as_it_was(void **state)
{
	(void)state;
	OOM_SWEEP(500)
	{
		struct random_events r = { .seed = 21 }, again = { .seed = 21 };
		struct strbuf chunk = STRBUF_INIT;
		struct packer *p = packer_new();
		struct event kept[200], e, got;
		struct unpacker *u = NULL;
		unsigned n = 0;
		size_t noise;
		int err = p ? 0 : -ENOMEM;

		while (p && n < ARRAY_COUNT(kept) && !err) {
			random_event(&r, &kept[n]);
			err = packer_add(p, &kept[n]);
			n += !err;
		}
		/* a column that cannot grow is a full chunk */
		assert_true(!err || err == -ENOMEM || err == -ENOSPC);
		if (p && packer_take(p, &chunk, &noise)) {
			assert_int_equal(packer_count(p), n);
			strbuf_clear(&chunk);
			assert_int_equal(packer_take(p, &chunk, &noise), 0);
		}
		if (p)
			u = unpacker_new();
		if (u) {
			assert_int_equal(unpacker_open(u, chunk.buf, chunk.len), 0);
			for (unsigned i = 0; i < n; i++) {
				random_event(&again, &e);
				assert_int_equal(unpacker_next(u, &got), 1);
				assert_events_equal(&e, &got);
			}
			assert_int_equal(unpacker_next(u, &got), 0);
		}
		unpacker_free(u);
		packer_free(p);
		strbuf_release(&chunk);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_come_back_as_they_were),
		cmocka_unit_test(no_field_was_forgotten),
		cmocka_unit_test(chunks_of_any_length_hold_the_same_events),
		cmocka_unit_test(a_full_chunk_refuses_more_and_is_whole),
		cmocka_unit_test(a_chunk_of_text_is_full_by_its_size),
		cmocka_unit_test(what_is_too_long_is_cut),
		cmocka_unit_test(values_outside_of_their_enums_are_refused),
		cmocka_unit_test(a_chunk_cut_anywhere_is_an_error),
		cmocka_unit_test(a_chunk_with_any_bit_flipped_ends),
		cmocka_unit_test(noise_ends),
		cmocka_unit_test(small_lies_are_found),
		cmocka_unit_test(a_failed_allocation_leaves_the_chunk_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
