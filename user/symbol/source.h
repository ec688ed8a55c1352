/* SPDX-License-Identifier: GPL-2.0-only */
/* source: what DWARF says of the frames of one module, by frame. Private to symbol/. */
#ifndef RUNWAIT_SYMBOL_SOURCE_H
#define RUNWAIT_SYMBOL_SOURCE_H

#include "base/map.h"
#include "symbol/frames.h"

struct source_name {
	uint32_t frame; /* position in the array of offsets */
	uint32_t level;
	uint32_t function, file; /* in text; mangled; "" unknown */
	uint32_t line;
};

struct source {
	VEC(struct source_name) names; /* by frame; innermost first within one */
	struct intern text;
};

#define SOURCE_INIT { 0 }

/* Asks for the places at @offsets of a module's file, first where @ns is large. 0 (also when
 * it has no DWARF) or -ENOMEM. */
int source_read(struct source *s, const struct frames_options *o, uint32_t module,
		const uint64_t *offsets, const uint64_t *ns, size_t count);
void source_release(struct source *s);
/* The names of a frame; how many. */
size_t source_get(const struct source *s, size_t frame, const struct source_name **ret);

#endif
