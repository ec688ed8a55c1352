/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * perfmap: names of code that a runtime compiled, as it writes them to
 * /tmp/perf-PID.map: lines of "START SIZE NAME", numbers in hex. Code is moved
 * and freed, and its place used again: later lines win.
 */
#ifndef RUNWAIT_SYMBOL_PERFMAP_H
#define RUNWAIT_SYMBOL_PERFMAP_H

#include "symbol/symtab.h"

/* Parses text that need not end with a NUL; lines that make no sense are
 * skipped, and so is a last line without its end, which is still being
 * written. Adds to @t, which is to be finished with SYMTAB_NEWEST. 0 or -ENOMEM. */
int perfmap_parse(const char *text, size_t size, struct symtab *t);

/* Where a process's map is. */
struct perfmap_file {
	int fd; /* -1: not there when last looked */
	uint32_t namespace_pid; /* its PID as it knows it; 0 not known */
	uint32_t uid; /* whose process it is */
};

/*
 * Finds and opens the map of a process that lives: under @proc ("/proc")
 * /TGID/root/tmp, by its PID there. Call it early: the file may be gone with
 * the process. Only a file of the process's user or of root is believed.
 */
void perfmap_open(struct perfmap_file *f, const char *proc, uint32_t tgid);
void perfmap_close(struct perfmap_file *f);
/* Reads the map. 0 (also when there is none) or -ENOMEM. */
int perfmap_read(const struct perfmap_file *f, struct symtab *ret);

#endif
