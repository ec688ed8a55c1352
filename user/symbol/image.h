/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * image: the code that one process had mapped, over time. Processes share an
 * image after fork until one of them changes it.
 */
#ifndef RUNWAIT_SYMBOL_IMAGE_H
#define RUNWAIT_SYMBOL_IMAGE_H

#include "base/alloc.h"

#include <stdbool.h>
#include <stdint.h>

struct mapping {
	uint64_t start, end;
	uint64_t offset; /* in the module's file, of start */
	uint64_t from_ns;
	uint32_t module;
};

struct mappings {
	struct mapping *at;
	size_t count, cap;
};

struct image {
	uint32_t refs; /* processes that have it */
	struct mappings now; /* sorted, disjoint: what is there at last */
	struct mappings past; /* what was replaced, oldest first */
};

/* With one reference; NULL when out of memory. */
struct image *image_new(void);
struct image *image_clone(const struct image *from);
void image_unref(struct image *i); /* NULL is fine */

/*
 * Adds a mapping from its from_ns on; what it covers of others is past then.
 * Says in *ret_new (may be NULL) whether anything changed: the same mapping
 * again changes nothing. 0 or -ENOMEM.
 */
int image_map(struct image *i, const struct mapping *m, bool *ret_new);

/*
 * What was at @address at @time_ns. When it was told of only later, what was
 * there first: that is news that came late, not a time without code.
 */
const struct mapping *image_find(const struct image *i, uint64_t time_ns, uint64_t address);

/* Adds to @to, which is empty, what was mapped at @time_ns or later. 0 or -ENOMEM. */
int image_copy_since(const struct image *i, uint64_t time_ns, struct image *to);

#endif
