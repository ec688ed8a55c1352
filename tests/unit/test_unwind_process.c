/* SPDX-License-Identifier: GPL-2.0-only */
/* What the probes are told of a process that has more code than they have room for. */
#include "unit.h"

#include "unwind/process.h"

#include <stdbool.h>
#include <stdlib.h>

enum { MANY = 1000, PAGES = 4 };

static struct unwind_process process;
static struct unwind_mapping mappings[MANY];

/* A mapping of PAGES at the @slot-th place, which are twice as far apart as they are long. */
static struct unwind_mapping mapping(size_t slot, bool has_table)
{
	return (struct unwind_mapping){
		.start = 0x10000 + slot * 2 * PAGES * UNWIND_PAGE,
		.pages = PAGES,
		.index = has_table ? (uint32_t)(2 * slot) : 0,
		.index_count = has_table ? PAGES : 0,
	};
}

static uint64_t end_of(const struct unwind_mapping *m)
{
	return m->start + (uint64_t)m->pages * UNWIND_PAGE;
}

static const struct unwind_mapping *find(uint64_t address)
{
	for (uint32_t i = 0; i < process.count; i++)
		if (process.mappings[i].start <= address && address < end_of(&process.mappings[i]))
			return &process.mappings[i];
	return NULL;
}

static void assert_sorted(void)
{
	assert_true(process.count <= UNWIND_MAPPINGS_MAX);
	for (uint32_t i = 1; i < process.count; i++)
		assert_true(end_of(&process.mappings[i - 1]) <= process.mappings[i].start);
}

static void few_mappings_are_told_as_they_are(void **state)
{
	(void)state;
	for (size_t i = 0; i < 10; i++)
		mappings[i] = mapping(i, i % 2);
	assert_int_equal(unwind_process_fill(&process, mappings, 10), 0);
	assert_int_equal(process.count, 10);
	assert_memory_equal(process.mappings, mappings, 10 * sizeof(*mappings));
	assert_int_equal(unwind_process_fill(&process, mappings, 0), 0);
	assert_int_equal(process.count, 0);
}

static void neighbours_without_a_table_become_one(void **state)
{
	(void)state;
	mappings[0] = mapping(0, false);
	mappings[1] = mapping(0, false);
	mappings[1].start = end_of(&mappings[0]);
	mappings[2] = mapping(3, false); /* behind a gap */
	mappings[3] = mapping(3, true);
	mappings[3].start = end_of(&mappings[2]);
	assert_int_equal(unwind_process_fill(&process, mappings, 4), 0);
	assert_int_equal(process.count, 3);
	assert_int_equal(process.mappings[0].pages, 2 * PAGES);
	assert_int_equal(process.mappings[2].index_count, PAGES);
	assert_sorted();
}

static void what_is_joined_is_untold_as_soon_as_a_part_is(void **state)
{
	(void)state;
	for (size_t untold = 0; untold < 3; untold++) {
		for (size_t i = 0; i < 3; i++) {
			mappings[i] = mapping(0, false);
			mappings[i].start += i * PAGES * UNWIND_PAGE;
			mappings[i].index = i == untold ? UNWIND_UNTOLD : 0;
		}
		assert_int_equal(unwind_process_fill(&process, mappings, 3), 0);
		assert_int_equal(process.count, 1);
		assert_int_equal(process.mappings[0].index, UNWIND_UNTOLD);
	}
	mappings[2].index = 0;
	assert_int_equal(unwind_process_fill(&process, mappings, 3), 0);
	assert_int_equal(process.mappings[0].index, 0);
}

static void a_thousand_mappings_of_a_jit_all_stay_code(void **state)
{
	(void)state;
	/* libraries here and there */
	for (size_t i = 0; i < MANY; i++)
		mappings[i] = mapping(i, i % 100 == 50);
	assert_int_equal(unwind_process_fill(&process, mappings, MANY), 0);
	assert_sorted();
	for (size_t i = 0; i < MANY; i++) {
		const struct unwind_mapping *m = find(mappings[i].start);

		assert_non_null(m);
		assert_int_equal(m->index_count, mappings[i].index_count);
		if (m->index_count)
			assert_memory_equal(m, &mappings[i], sizeof(*m));
	}
}

static void mappings_with_a_table_go_first_and_the_others_are_counted(void **state)
{
	size_t with = 0;

	(void)state;
	/* too many even when gaps are bridged: every second one has a table */
	for (size_t i = 0; i < 400; i++)
		mappings[i] = mapping(i, i % 2);
	assert_int_equal(unwind_process_fill(&process, mappings, 400), 400 - UNWIND_MAPPINGS_MAX);
	assert_sorted();
	for (uint32_t i = 0; i < process.count; i++)
		with += process.mappings[i].index_count > 0;
	assert_int_equal(with, 200);
	/* and too many with one */
	for (size_t i = 0; i < 300; i++)
		mappings[i] = mapping(i, true);
	assert_int_equal(unwind_process_fill(&process, mappings, 300), 300 - UNWIND_MAPPINGS_MAX);
	assert_int_equal(process.count, UNWIND_MAPPINGS_MAX);
}

static void what_is_joined_never_covers_a_mapping_with_a_table(void **state)
{
	(void)state;
	srand(3);
	for (int round = 0; round < 200; round++) {
		size_t count = 200 + (size_t)rand() % (MANY - 200), refused, found = 0;

		for (size_t i = 0; i < count; i++)
			mappings[i] = mapping(i, rand() % 8 == 0);
		refused = unwind_process_fill(&process, mappings, count);
		assert_sorted();
		for (size_t i = 0; i < count; i++) {
			const struct unwind_mapping *m = find(mappings[i].start);

			found += m != NULL;
			if (m)
				assert_int_equal(m->index_count > 0, mappings[i].index_count > 0);
		}
		assert_int_equal(found + refused, count);
	}
}

static void what_is_joined_is_no_longer_than_its_length_can_say(void **state)
{
	(void)state;
	for (size_t i = 0; i < MANY; i++)
		mappings[i] = mapping(i, false);
	for (size_t i = MANY / 2; i < MANY; i++)
		mappings[i].start += UINT64_C(1) << 46;
	assert_int_equal(unwind_process_fill(&process, mappings, MANY), 0);
	assert_int_equal(process.count, 2);
	assert_null(find(UINT64_C(1) << 45));
	assert_sorted();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_mappings_are_told_as_they_are),
		cmocka_unit_test(neighbours_without_a_table_become_one),
		cmocka_unit_test(what_is_joined_is_untold_as_soon_as_a_part_is),
		cmocka_unit_test(a_thousand_mappings_of_a_jit_all_stay_code),
		cmocka_unit_test(mappings_with_a_table_go_first_and_the_others_are_counted),
		cmocka_unit_test(what_is_joined_never_covers_a_mapping_with_a_table),
		cmocka_unit_test(what_is_joined_is_no_longer_than_its_length_can_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
