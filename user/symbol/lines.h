/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * lines: source files, lines and inlined calls of addresses, from DWARF.
 *
 * libdw reads whatever is in the file, and what is in there may be anybody's
 * and a gigabyte: it can take any time and memory, and it can crash. So there
 * are two halves. lines_answer() reads DWARF and is meant for a process of its
 * own, which may be ended at any moment; lines_parse() distrusts its answers.
 */
#ifndef RUNWAIT_SYMBOL_LINES_H
#define RUNWAIT_SYMBOL_LINES_H

#include <stddef.h>
#include <stdint.h>

enum {
	LINES_LEVELS_MAX = 32, /* inlined into each other at one address */
	LINES_TEXT_MAX = 16 << 10, /* longer names are left out */
};

struct lines_query {
	int fd; /* an ELF file with DWARF */
	const uint64_t *addresses; /* before relocation; sorted, count of them */
	const uint64_t *ns; /* by address: how much it matters; NULL: all the same */
	size_t count;
};

struct lines_name {
	uint32_t index; /* of the address */
	uint32_t level; /* 0: innermost; the last is the function itself */
	const char *function; /* as in the file, mangled; "" unknown */
	const char *file; /* "" unknown */
	uint32_t line; /* 0 unknown; for levels above 0, of the inlined call */
};

/*
 * Writes what is known to @out, unit by unit, those that matter most first, as
 * bytes for lines_parse(): what was written before it is killed is good. 0 or a negative errno.
 */
int lines_answer(const struct lines_query *q, int out);

/*
 * Calls @fn with each whole answer of @size bytes to a query of @count
 * addresses; levels of one address come one after the other, from 0 on. Stops
 * at what makes no sense. 0 or the first error of @fn.
 */
int lines_parse(const void *bytes, size_t size, size_t count,
		int (*fn)(void *context, const struct lines_name *name), void *context);

#endif
