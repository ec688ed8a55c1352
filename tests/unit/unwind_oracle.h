/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * unwind_oracle: holds our unwind table of a file against what libdw says of
 * the same .eh_frame, at the first and the last byte of each of its rows.
 */
#ifndef RUNWAIT_TESTS_UNWIND_ORACLE_H
#define RUNWAIT_TESTS_UNWIND_ORACLE_H

#include "unwind/table.h"

#include <stdio.h>

struct memory_arena {
	struct unwind_arena arena;
	uint32_t chunks; /* handed out */
	uint32_t chunks_max; /* more are refused; 0: no limit of its own */
};

/* An arena in ordinary memory. 0 or -ENOMEM. */
int memory_arena_init(struct memory_arena *m);
void memory_arena_release(struct memory_arena *m);

struct oracle_result {
	int error; /* of building the table: nothing was compared */
	struct unwind_table table;
	size_t rows; /* of libdw that were compared, twice each */
	size_t ended; /* of these, we have no rule for (and say so) */
	size_t mismatches;
	double build_ms;
};

/* Compares the file; mismatches are described in @log (may be NULL), a few of them. */
struct oracle_result oracle_compare(const char *path, FILE *log);

#endif
