/* SPDX-License-Identifier: GPL-2.0-only */
#include "unwind/process.h"

#include <stdbool.h>
#include <stdint.h>

static uint64_t mapping_end(const struct unwind_mapping *m)
{
	return m->start + (uint64_t)m->pages * UNWIND_PAGE;
}

/* Whether @m can be a part of @last. */
static bool mappings_join(const struct unwind_mapping *last, const struct unwind_mapping *m,
			  bool over_gaps)
{
	uint64_t pages = (mapping_end(m) - last->start) / UNWIND_PAGE;

	if (last->index_count || m->index_count || pages > UINT32_MAX)
		return false;
	return over_gaps || mapping_end(last) == m->start;
}

/*
 * Puts the mappings into @to, at most @room of those without a table and at
 * most UNWIND_MAPPINGS_MAX in all; says in *ret_count how many that makes.
 * Returns how many were left out.
 */
static size_t fill(struct unwind_mapping *to, const struct unwind_mapping *from, size_t count,
		   bool over_gaps, size_t room, uint32_t *ret_count)
{
	struct unwind_mapping *last = NULL;
	size_t refused = 0;
	uint32_t n = 0;

	for (size_t i = 0; i < count; i++) {
		const struct unwind_mapping *m = &from[i];

		if (last && mappings_join(last, m, over_gaps)) {
			last->pages = (uint32_t)((mapping_end(m) - last->start) / UNWIND_PAGE);
			last->index |= m->index; /* UNWIND_UNTOLD, of any of them */
			continue;
		}
		if (n == UNWIND_MAPPINGS_MAX || (!m->index_count && !room)) {
			refused++;
			last = NULL; /* what follows must not cover it */
			continue;
		}
		room -= !m->index_count;
		last = &to[n++];
		*last = *m;
	}
	*ret_count = n;
	return refused;
}

size_t unwind_process_fill(struct unwind_process *p, const struct unwind_mapping *from,
			   size_t count)
{
	size_t with = 0, room;

	for (size_t i = 0; i < count; i++)
		with += from[i].index_count > 0;
	room = with < UNWIND_MAPPINGS_MAX ? UNWIND_MAPPINGS_MAX - with : 0;
	if (!fill(p->mappings, from, count, false, room, &p->count))
		return 0;
	return fill(p->mappings, from, count, true, room, &p->count);
}
