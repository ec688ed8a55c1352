/* SPDX-License-Identifier: GPL-2.0-only */
/* alloc, map, intern, varint */
#include "base/alloc.h"
#include "base/map.h"
#include "base/varint.h"
#include "oom.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

static void vector_keeps_what_was_pushed(void **state)
{
	VEC(uint32_t) v = { 0 };

	(void)state;
	for (uint32_t i = 0; i < 10000; i++)
		assert_int_equal(vec_push(&v, i * 3), 0);
	assert_int_equal(v.count, 10000);
	for (uint32_t i = 0; i < 10000; i++)
		assert_int_equal(v.at[i], i * 3);
	vec_release(&v);
	assert_null(v.at);
	assert_int_equal(v.count + v.cap, 0);
}

static void vector_that_cannot_grow_stays_as_it_was(void **state)
{
	(void)state;
	OOM_SWEEP(50) {
		VEC(uint64_t) v = { 0 };
		size_t pushed = 0;
		bool refused = false;

		while (pushed < 500 && !refused) {
			refused = vec_push(&v, pushed) != 0;
			pushed += !refused;
		}
		assert_int_equal(refused, oom_has_failed());
		assert_int_equal(v.count, pushed);
		for (size_t i = 0; i < pushed; i++)
			assert_int_equal(v.at[i], i);
		vec_release(&v);
	}
}

static void sizes_that_overflow_are_refused(void **state)
{
	void *p = NULL;
	size_t cap = 0;

	(void)state;
	assert_int_equal(alloc_grow(&p, &cap, SIZE_MAX / 4, 8), -ENOMEM);
	assert_int_equal(alloc_grow(&p, &cap, SIZE_MAX, 1), -ENOMEM);
	assert_null(p);
	assert_int_equal(cap, 0);
}

/* What a map should say, by the slowest means. */
enum { KEYS = 300 };
struct reference {
	bool live[KEYS];
	uint64_t value[KEYS];
	size_t count;
};

static uint64_t reference_key(size_t i)
{
	/* the ends of the range, neighbours, and keys far apart */
	if (i < 100)
		return i;
	if (i < 200)
		return UINT64_MAX - (i - 100);
	return i << 40;
}

static void check_against(const struct reference *ref, const struct map *m)
{
	uint64_t key, value;
	size_t pos = 0, seen = 0;

	assert_int_equal(m->count, ref->count);
	for (size_t i = 0; i < KEYS; i++) {
		const uint64_t *at = map_get(m, reference_key(i));

		assert_int_equal(at != NULL, ref->live[i]);
		if (at)
			assert_int_equal(*at, ref->value[i]);
	}
	while (map_next(m, &pos, &key, &value)) {
		assert_int_equal(*map_get(m, key), value);
		seen++;
	}
	assert_int_equal(seen, ref->count);
}

static void map_agrees_with_a_list_over_random_puts_and_deletes(void **state)
{
	struct map m = MAP_INIT;
	struct reference ref = { 0 };
	uint64_t seed = 42;

	(void)state;
	for (int step = 0; step < 100000; step++) {
		uint64_t r = unit_random(&seed);
		size_t i = r % KEYS;
		/* waves: mostly putting, then mostly deleting */
		bool put = (r >> 32) % 8 < (step / 5000 % 2 ? 2 : 6);

		if (put) {
			assert_int_equal(map_put(&m, reference_key(i), r), 0);
			ref.count += !ref.live[i];
			ref.live[i] = true;
			ref.value[i] = r;
		} else {
			assert_int_equal(map_del(&m, reference_key(i)), ref.live[i]);
			ref.count -= ref.live[i];
			ref.live[i] = false;
		}
		if (step % 500 == 0)
			check_against(&ref, &m);
	}
	check_against(&ref, &m);
	map_clear(&m);
	memset(&ref, 0, sizeof(ref));
	check_against(&ref, &m);
	map_release(&m);
}

static void map_does_not_grow_with_keys_that_are_gone(void **state)
{
	struct map m = MAP_INIT;

	(void)state;
	for (uint64_t key = 0; key < 100000; key++) {
		assert_int_equal(map_put(&m, key, key), 0);
		if (key >= 8)
			assert_true(map_del(&m, key - 8));
	}
	assert_int_equal(m.count, 8);
	assert_in_range(m.cap, 16, 64);
	map_release(&m);
}

static void map_that_cannot_grow_keeps_its_keys(void **state)
{
	(void)state;
	OOM_SWEEP(50) {
		struct map m = MAP_INIT;
		uint64_t put = 0;
		bool refused = false;

		while (put < 400 && !refused) {
			refused = map_put(&m, put, ~put) != 0;
			put += !refused;
		}
		assert_int_equal(refused, oom_has_failed());
		assert_int_equal(m.count, put);
		for (uint64_t key = 0; key < put; key++)
			assert_int_equal(*map_get(&m, key), ~key);
		assert_null(map_get(&m, put));
		assert_int_equal(map_put(&m, put, 1), 0);
		map_release(&m);
	}
}

static void empty_map_has_nothing(void **state)
{
	struct map m = MAP_INIT;
	uint64_t key, value;
	size_t pos = 0;

	(void)state;
	assert_null(map_get(&m, 0));
	assert_false(map_del(&m, 0));
	assert_false(map_next(&m, &pos, &key, &value));
	map_clear(&m);
	map_release(&m);
}

static void intern_numbers_keys_in_order_of_arrival(void **state)
{
	struct intern in = { 0 };
	char key[32];
	uint32_t id;

	(void)state;
	for (uint32_t round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < 5000; i++) {
			snprintf(key, sizeof(key), "key %u", i);
			assert_int_equal(intern_str(&in, key, &id), 0);
			assert_int_equal(id, i);
		}
	}
	assert_int_equal(intern_count(&in), 5000);
	for (uint32_t i = 0; i < 5000; i++) {
		snprintf(key, sizeof(key), "key %u", i);
		assert_string_equal(intern_text(&in, i), key);
		assert_int_equal(intern_find(&in, key, strlen(key)), i);
	}
	assert_int_equal(intern_find(&in, "key", 3), INTERN_NONE);
	intern_release(&in);
}

static void intern_takes_any_bytes_and_tells_prefixes_apart(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} keys[] = { { "", 0 },	     { "\0", 1 },   { "\0\0", 2 },     { "a", 1 },
		     { "a\0", 2 },   { "a\0b", 3 }, { "12345678", 8 }, { "12345678\0", 9 },
		     { "\xff\xfe", 2 } };
	struct intern in = { 0 };
	uint32_t id;
	size_t len;

	(void)state;
	assert_int_equal(intern_find(&in, "", 0), INTERN_NONE);
	for (uint32_t i = 0; i < ARRAY_COUNT(keys); i++) {
		assert_int_equal(intern_put(&in, keys[i].bytes, keys[i].len, &id), 0);
		assert_int_equal(id, i);
	}
	for (uint32_t i = 0; i < ARRAY_COUNT(keys); i++) {
		const char *key = intern_key(&in, i, &len);

		assert_int_equal(len, keys[i].len);
		assert_memory_equal(key, keys[i].bytes, len);
		assert_int_equal(key[len], '\0');
		assert_int_equal((uintptr_t)key % 8, 0); /* structs are read in place */
	}
	intern_release(&in);
}

static void intern_out_of_memory_keeps_its_numbers(void **state)
{
	(void)state;
	OOM_SWEEP(100) {
		struct intern in = { 0 };
		uint32_t put = 0, id;
		bool refused = false;

		while (put < 200 && !refused) {
			refused = intern_put(&in, &put, sizeof(put), &id) != 0;
			put += !refused;
		}
		assert_int_equal(refused, oom_has_failed());
		assert_int_equal(intern_count(&in), put);
		for (uint32_t i = 0; i < put; i++)
			assert_int_equal(intern_find(&in, &i, sizeof(i)), i);
		assert_int_equal(intern_find(&in, &put, sizeof(put)), INTERN_NONE);
		assert_int_equal(intern_put(&in, &put, sizeof(put), &id), 0);
		assert_int_equal(id, put);
		intern_release(&in);
	}
}

static void hashes_differ_in_every_byte_and_length(void **state)
{
	unsigned char bytes[24] = { 0 };
	struct map seen = MAP_INIT;

	(void)state;
	for (size_t len = 0; len <= sizeof(bytes); len++) {
		assert_int_equal(map_put(&seen, hash_bytes(bytes, len), 0), 0);
		for (size_t i = 0; i < len; i++) {
			bytes[i] = 1;
			assert_int_equal(map_put(&seen, hash_bytes(bytes, len), 0), 0);
			bytes[i] = 0;
		}
	}
	assert_int_equal(seen.count, 25 + 24 * 25 / 2);
	map_release(&seen);
}

static void varints_come_back_as_they_were(void **state)
{
	uint8_t b[VARINT_MAX_SIZE];

	(void)state;
	for (unsigned int bit = 0; bit <= 64; bit++) {
		for (int near = -1; near <= 1; near++) {
			uint64_t v = (bit < 64 ? 1ull << bit : 0) + (uint64_t)near, back = ~v;
			size_t size = varint_put(b, v);

			assert_in_range(size, 1, VARINT_MAX_SIZE);
			assert_int_equal(varint_get(b, b + size, &back), size);
			assert_int_equal(back, v);
			for (size_t cut = 0; cut < size; cut++)
				assert_int_equal(varint_get(b, b + cut, &back), 0);
		}
	}
	assert_int_equal(varint_put(b, 127), 1);
	assert_int_equal(varint_put(b, 128), 2);
	assert_int_equal(varint_put(b, UINT64_MAX), 10);
}

static void varints_beyond_64_bits_are_refused(void **state)
{
	uint8_t b[11];
	uint64_t v = 7;

	(void)state;
	memset(b, 0xff, sizeof(b));
	assert_int_equal(varint_get(b, b + sizeof(b), &v), 0);
	b[9] = 2; /* bit 64 */
	assert_int_equal(varint_get(b, b + sizeof(b), &v), 0);
	assert_int_equal(v, 7);
	b[9] = 1;
	assert_int_equal(varint_get(b, b + sizeof(b), &v), 10);
	assert_int_equal(v, UINT64_MAX);
}

static void zigzag_keeps_small_differences_small(void **state)
{
	static const int64_t values[] = { 0, -1, 1, -2, 2, INT64_MAX, INT64_MIN };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(values); i++)
		assert_int_equal(unzigzag(zigzag(values[i])), values[i]);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(zigzag(values[i]), i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vector_keeps_what_was_pushed),
		cmocka_unit_test(vector_that_cannot_grow_stays_as_it_was),
		cmocka_unit_test(sizes_that_overflow_are_refused),
		cmocka_unit_test(map_agrees_with_a_list_over_random_puts_and_deletes),
		cmocka_unit_test(map_does_not_grow_with_keys_that_are_gone),
		cmocka_unit_test(map_that_cannot_grow_keeps_its_keys),
		cmocka_unit_test(empty_map_has_nothing),
		cmocka_unit_test(intern_numbers_keys_in_order_of_arrival),
		cmocka_unit_test(intern_takes_any_bytes_and_tells_prefixes_apart),
		cmocka_unit_test(intern_out_of_memory_keeps_its_numbers),
		cmocka_unit_test(hashes_differ_in_every_byte_and_length),
		cmocka_unit_test(varints_come_back_as_they_were),
		cmocka_unit_test(varints_beyond_64_bits_are_refused),
		cmocka_unit_test(zigzag_keeps_small_differences_small),
	};

	return cmocka_run_group_tests_name("base tables", tests, NULL, NULL);
}
