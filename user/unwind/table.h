/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * table: the unwind table of one ELF file, laid into an arena (see
 * include/unwind.h for what the probes find there).
 *
 * 64-bit x86 files only: of all others code is followed by frame pointer.
 */
#ifndef RUNWAIT_UNWIND_TABLE_H
#define RUNWAIT_UNWIND_TABLE_H

#include "unwind/arena.h"

#include <stdbool.h>
#include <stddef.h>

enum { UNWIND_SEGMENTS_MAX = 8 }; /* executable ones of a file; linkers make one or two */

struct unwind_table {
	uint64_t address; /* of the first page, before relocation */
	uint32_t index; /* as in struct unwind_mapping */
	uint32_t index_count;
	uint32_t rows, words; /* what it takes of the arena */
	size_t functions;
	size_t segment_count;
	struct unwind_segment {
		uint64_t offset, size, address;
	} segments[UNWIND_SEGMENTS_MAX];
};

/*
 * Builds the table of a file, of an image in memory, or of the vdso: ours is
 * everybody's, the kernel maps one and the same. 0;
 * -ENOEXEC or -ENODATA when it has none, -EFBIG, -ENOSPC when the arena is
 * full, -ENOMEM, or read's error. The arena is as before then.
 */
int unwind_table_build_fd(struct unwind_table *t, struct unwind_arena *a, int fd);
int unwind_table_build_memory(struct unwind_table *t, struct unwind_arena *a, const void *image,
			      size_t size);
int unwind_table_build_vdso(struct unwind_table *t, struct unwind_arena *a);

/* Fills a mapping of @size bytes of the file at @start, from @offset on. Without code of the
 * file in it, it has no index. */
void unwind_table_map(const struct unwind_table *t, uint64_t start, uint64_t size, uint64_t offset,
		      struct unwind_mapping *ret);

/* The rule for an address (before relocation), as the probes would find it. */
struct unwind_rule unwind_table_find(const struct unwind_table *t, const struct unwind_arena *a,
				     uint64_t address);

#endif
