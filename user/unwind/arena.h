/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * arena: the words that tables are laid in, and the rules they share. The
 * memory is the caller's (the probes read it), handed out in chunks on demand.
 *
 * One writer at a time; what was given out is never moved or changed.
 */
#ifndef RUNWAIT_UNWIND_ARENA_H
#define RUNWAIT_UNWIND_ARENA_H

#include "base/map.h"
#include "unwind.h"

#include <stdint.h>

/* Called once for each chunk, in order of @number: its memory, or NULL when there is none. */
typedef uint32_t *(*unwind_chunk_fn)(void *ctx, uint32_t number);

struct unwind_arena {
	unwind_chunk_fn chunk;
	void *ctx;
	uint32_t *chunks[UNWIND_CHUNKS_MAX]; /* not owned */
	uint32_t used; /* words */
	struct unwind_rule *rules; /* UNWIND_RULES_MAX of them; not owned */
	uint32_t rule_count; /* rule 0 is UNWIND_END */
	uint64_t rules_refused; /* that there was no room for: UNWIND_END instead */
	struct map rule_numbers; /* by the rule's 8 bytes */
};

/* @rules has room for UNWIND_RULES_MAX. 0 or -ENOMEM. */
int unwind_arena_init(struct unwind_arena *a, unwind_chunk_fn chunk, void *ctx,
		      struct unwind_rule *rules);
void unwind_arena_release(struct unwind_arena *a);

/* Where @count words begin that lie in one chunk (at most UNWIND_CHUNK_WORDS). 0, -ENOMEM or
 * -ENOSPC. */
int unwind_arena_add(struct unwind_arena *a, const uint32_t *words, uint32_t count,
		     uint32_t *ret_at);
/* Room for @count words that may lie in several chunks; they are 0. */
int unwind_arena_reserve(struct unwind_arena *a, uint32_t count, uint32_t *ret_at);
void unwind_arena_set(struct unwind_arena *a, uint32_t at, uint32_t word);
uint32_t unwind_arena_get(const struct unwind_arena *a, uint32_t at);

/* Gives back all that came after @used was that; nobody may refer to it. */
void unwind_arena_rewind(struct unwind_arena *a, uint32_t used);

/* The number of a rule, adding it. 0 or -ENOMEM; when there is no room, 0 (UNWIND_END). */
int unwind_arena_rule(struct unwind_arena *a, struct unwind_rule rule, uint32_t *ret_number);

#endif
