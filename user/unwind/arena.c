/* SPDX-License-Identifier: GPL-2.0-only */
#include "unwind/arena.h"

#include <errno.h>
#include <string.h>

int unwind_arena_init(struct unwind_arena *a, unwind_chunk_fn chunk, void *ctx,
		      struct unwind_rule *rules)
{
	uint32_t end;

	memset(a, 0, sizeof(*a));
	a->chunk = chunk;
	a->ctx = ctx;
	a->rules = rules;
	return unwind_arena_rule(a, (struct unwind_rule){ .cfa = UNWIND_END }, &end);
}

void unwind_arena_release(struct unwind_arena *a)
{
	map_release(&a->rule_numbers);
}

/* Sees to it that all chunks of [used, used + count) are there. */
static int arena_need(struct unwind_arena *a, uint32_t count)
{
	uint64_t end = (uint64_t)a->used + count;
	uint32_t first = a->used >> UNWIND_CHUNK_SHIFT;

	if (end > (uint64_t)UNWIND_CHUNKS_MAX << UNWIND_CHUNK_SHIFT)
		return -ENOSPC;
	for (uint32_t n = first; (uint64_t)n << UNWIND_CHUNK_SHIFT < end; n++) {
		if (!a->chunks[n])
			a->chunks[n] = a->chunk(a->ctx, n);
		if (!a->chunks[n])
			return -ENOMEM;
	}
	return 0;
}

int unwind_arena_add(struct unwind_arena *a, const uint32_t *words, uint32_t count,
		     uint32_t *ret_at)
{
	uint32_t mask = UNWIND_CHUNK_WORDS - 1, used = a->used;
	int error;

	if (count > UNWIND_CHUNK_WORDS)
		return -ENOSPC;
	if ((a->used & mask) + count > UNWIND_CHUNK_WORDS)
		a->used = (a->used | mask) + 1;
	error = arena_need(a, count);
	if (error) {
		a->used = used;
		return error;
	}
	memcpy(a->chunks[a->used >> UNWIND_CHUNK_SHIFT] + (a->used & mask), words,
	       count * sizeof(*words));
	*ret_at = a->used;
	a->used += count;
	return 0;
}

int unwind_arena_reserve(struct unwind_arena *a, uint32_t count, uint32_t *ret_at)
{
	int error = arena_need(a, count);

	if (error)
		return error;
	*ret_at = a->used;
	for (uint32_t i = 0; i < count; i++)
		unwind_arena_set(a, a->used + i, 0);
	a->used += count;
	return 0;
}

void unwind_arena_set(struct unwind_arena *a, uint32_t at, uint32_t word)
{
	a->chunks[at >> UNWIND_CHUNK_SHIFT][at & (UNWIND_CHUNK_WORDS - 1)] = word;
}

uint32_t unwind_arena_get(const struct unwind_arena *a, uint32_t at)
{
	return a->chunks[at >> UNWIND_CHUNK_SHIFT][at & (UNWIND_CHUNK_WORDS - 1)];
}

void unwind_arena_rewind(struct unwind_arena *a, uint32_t used)
{
	a->used = used;
}

int unwind_arena_rule(struct unwind_arena *a, struct unwind_rule rule, uint32_t *ret_number)
{
	const uint64_t *known;
	uint64_t key;

	memcpy(&key, &rule, sizeof(key));
	known = map_get(&a->rule_numbers, key);
	if (known) {
		*ret_number = (uint32_t)*known;
		return 0;
	}
	if (a->rule_count == UNWIND_RULES_MAX) {
		a->rules_refused++;
		*ret_number = 0;
		return 0;
	}
	if (map_put(&a->rule_numbers, key, a->rule_count))
		return -ENOMEM;
	a->rules[a->rule_count] = rule;
	*ret_number = a->rule_count++;
	return 0;
}
