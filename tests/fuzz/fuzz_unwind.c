/* SPDX-License-Identifier: GPL-2.0-only */
/* Call frame information of anyone: the table made of it is one that the probes may search. */
#include "fuzz.h"
#include "unwind/table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNKS = 16 };

static uint32_t *chunk_new(void *ctx, uint32_t number)
{
	(void)ctx;
	return number < CHUNKS ? malloc(UNWIND_CHUNK_WORDS * 4) : NULL;
}

static void check_page(const struct unwind_arena *a, uint32_t rows, uint32_t count)
{
	uint32_t before = 0;

	assert(count <= UNWIND_PAGE && rows + count <= a->used);
	assert(rows >> UNWIND_CHUNK_SHIFT == (rows + count - 1) >> UNWIND_CHUNK_SHIFT);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t row = unwind_arena_get(a, rows + i), byte = row & UNWIND_ROW_BYTE;
		const struct unwind_rule *rule = &a->rules[row >> UNWIND_ROW_RULE_SHIFT];

		assert(row >> UNWIND_ROW_RULE_SHIFT < a->rule_count);
		assert(rule->cfa < UNWIND_CFA_COUNT && rule->rbp < UNWIND_RBP_COUNT);
		assert(i ? byte > before && byte < UNWIND_PAGE : !byte);
		before = byte;
	}
}

static void check_table(const struct unwind_table *t, const struct unwind_arena *a)
{
	struct unwind_mapping m;

	assert(t->index % 2 == 0 && t->segment_count);
	for (uint32_t page = 0; page < t->index_count; page++) {
		uint32_t count = unwind_arena_get(a, t->index + 2 * page + 1);

		if (count)
			check_page(a, unwind_arena_get(a, t->index + 2 * page), count);
		unwind_table_find(t, a, t->address + (uint64_t)page * UNWIND_PAGE + 7);
	}
	unwind_table_find(t, a, t->address - 1);
	unwind_table_map(t, 0x7000000, 0x10000,
			 t->segments[0].offset & ~(uint64_t)(UNWIND_PAGE - 1), &m);
	assert(m.index == t->index && m.index_count == t->index_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct unwind_rule *rules = calloc(UNWIND_RULES_MAX, sizeof(*rules));
	struct unwind_arena a;
	struct unwind_table t;

	if (!rules || unwind_arena_init(&a, chunk_new, NULL, rules))
		abort();
	if (!unwind_table_build_memory(&t, &a, data, size))
		check_table(&t, &a);
	for (int i = 0; i < CHUNKS; i++)
		free(a.chunks[i]);
	unwind_arena_release(&a);
	free(rules);
	return 0;
}
