/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cfi: runs the call frame instructions of one function (DWARF 5 section 6.4,
 * LSB "Exception Frames", x86-64 psABI) and says at which addresses the rule
 * for finding its caller changes. Whatever it is fed, it ends and stays inside.
 */
#ifndef RUNWAIT_UNWIND_CFI_H
#define RUNWAIT_UNWIND_CFI_H

#include "unwind.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What functions have in common (a CIE). */
struct cfi_common {
	const uint8_t *program;
	size_t program_size;
	uint64_t code_align;
	int64_t data_align;
	uint64_t return_register;
	uint8_t pointer_encoding; /* of the addresses in functions (DW_EH_PE_) */
	bool signal; /* a frame that the kernel made */
	bool augmented; /* functions have augmentation data, too */
};

/* A function (an FDE). */
struct cfi_function {
	const struct cfi_common *common;
	const uint8_t *program;
	size_t program_size;
	uint64_t start, end; /* addresses before relocation */
};

/* Called with addresses that grow, from f->start on. A negative errno ends the run. */
typedef int (*cfi_row_fn)(void *ctx, uint64_t address, struct unwind_rule rule);

/* 0 or the error of @row. After instructions that make no sense the rule is UNWIND_END. */
int cfi_run(const struct cfi_function *f, cfi_row_fn row, void *ctx);

#endif
