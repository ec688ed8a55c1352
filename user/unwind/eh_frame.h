/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * eh_frame: the functions of an .eh_frame section (LSB, "Exception Frames"),
 * sorted by address. The bytes are other people's: each length is held against
 * what is left, and what makes no sense is left out.
 */
#ifndef RUNWAIT_UNWIND_EH_FRAME_H
#define RUNWAIT_UNWIND_EH_FRAME_H

#include "base/alloc.h"
#include "unwind/cfi.h"

struct eh_frame {
	const uint8_t *bytes; /* not owned; must outlive this */
	size_t size;
	uint64_t address; /* of the section, before relocation */
	VEC(struct eh_frame_common {
		uint32_t at; /* in the section */
		struct cfi_common common;
	}) commons;
	VEC(struct eh_frame_function {
		uint64_t start, end;
		uint32_t common; /* index */
		uint32_t program, program_size; /* in the section */
	}) functions; /* by start, disjoint */
	size_t refused; /* functions that make no sense, or lie over others */
};

/* At most 1 GiB. 0 or -ENOMEM, -EFBIG. */
int eh_frame_read(struct eh_frame *e, const void *bytes, size_t size, uint64_t address);
void eh_frame_release(struct eh_frame *e);

/* What cfi_run() wants to know of function @i. */
struct cfi_function eh_frame_function(const struct eh_frame *e, size_t i);

#endif
