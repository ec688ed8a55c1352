/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * walk: the frames of a user stack, from the same tables and by the same rules
 * as the probes' (bpf/unwind.bpf.h), for a thread that does not run: its
 * registers are known, its memory is read.
 */
#ifndef RUNWAIT_UNWIND_WALK_H
#define RUNWAIT_UNWIND_WALK_H

#include "unwind.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum walk_code {
	WALK_NO_CODE, /* nothing that can be executed is there */
	WALK_NO_TABLE, /* code without a table: by frame pointer */
	WALK_TABLE, /* *ret_rule is what its table says; UNWIND_END: nothing */
	WALK_UNTOLD, /* code that may have a table; what its frame pointer leads to is no root */
};

struct walk_ops {
	/* Reads memory of the process; false when not all of it can be read. */
	bool (*read)(void *ctx, uint64_t address, void *to, size_t size);
	/* The rule for the instruction at @pc. */
	enum walk_code (*rule)(void *ctx, uint64_t pc, struct unwind_rule *ret_rule);
};

/*
 * At the thread's entry into the kernel: ip is exact. di: only vfork's frame needs
 * it. @all: UNWIND_REGISTERS_SIZE bytes, as struct pt_regs begins; NULL: not known.
 */
struct walk_registers {
	uint64_t ip, sp, fp, di;
	const uint64_t *all;
};

enum walk_end {
	WALK_ROOT, /* the outermost frame was reached */
	WALK_BROKEN, /* it goes no further from here */
	WALK_CUT, /* there was no room for more frames */
};

/* Frames into @frames, leaf first, at most @max (at least 1); returns how many. */
size_t walk_stack(const struct walk_ops *ops, void *ctx, const struct walk_registers *registers,
		  uint64_t *frames, size_t max, enum walk_end *ret_end);

#endif
