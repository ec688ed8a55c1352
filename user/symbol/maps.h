/* SPDX-License-Identifier: GPL-2.0-only */
/* maps: reads /proc/PID/maps (proc(5)). */
#ifndef RUNWAIT_SYMBOL_MAPS_H
#define RUNWAIT_SYMBOL_MAPS_H

#include "base/strbuf.h"

#include <stdint.h>

/* One line: a range of a process's memory. */
struct maps_line {
	uint64_t start, end;
	uint64_t offset; /* in the file */
	uint32_t major, minor; /* the file's device */
	uint64_t inode; /* 0: no file */
	bool execute, shared;
	bool closed; /* nothing can be read, written or executed there: a guard page */
	const char *path; /* "" anonymous; "[heap]", "[stack]", "[vdso]" … or a path */
};

/*
 * Takes the next line off *@text, which is changed: the path becomes a string
 * in it. Lines that make no sense are skipped. False at the end.
 */
bool maps_next(char **text, struct maps_line *ret);

/* Appends a whole file below @proc ("/proc"), of at most 64 MiB. 0 or a negative errno. */
int proc_read(const char *proc, uint32_t pid, const char *file, struct strbuf *out);

/* The length of a path without the " (deleted)" that the kernel adds. */
size_t maps_path_length(const char *path);

#endif
