/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * space: which code was where in which process, at any time of a recording.
 *
 * Filled from /proc/PID/maps for processes that exist, and from what the
 * kernel tells of later ones; both may come late and in any order. A process
 * nobody told of, or an address nobody told of, is looked up in /proc when it
 * is asked for. Processes that ended stay until they are forgotten.
 *
 * Times are those of the recording; no clock is read.
 */
#ifndef RUNWAIT_SYMBOL_SPACE_H
#define RUNWAIT_SYMBOL_SPACE_H

#include "base/strbuf.h"
#include "symbol/module.h"

#include <stdint.h>

struct spaces;

/* @proc: "/proc". @modules must outlive it. NULL when out of memory. */
struct spaces *spaces_new(const char *proc, struct modules *modules);
void spaces_free(struct spaces *s);

/* Takes the executable mappings of /proc/TGID/maps. 0 (also when there is no
 * such process any more) or -ENOMEM. */
int spaces_seed(struct spaces *s, uint32_t tgid, uint64_t time_ns);
/* Executable memory was mapped: @offset of the file at @file->start. 0 or -ENOMEM. */
int spaces_map(struct spaces *s, uint64_t time_ns, const struct module_file *file,
	       uint64_t offset);
/* The child has what the parent has. 0 or -ENOMEM. */
int spaces_fork(struct spaces *s, uint64_t time_ns, uint32_t parent_tgid, uint32_t tgid);
/* A new program, at the end of the exec: what was mapped before is gone, but
 * for what the exec itself has mapped. 0 or -ENOMEM. */
int spaces_exec(struct spaces *s, uint64_t time_ns, uint32_t tgid);
/* The last thread is gone: /proc no longer tells. */
void spaces_exit(struct spaces *s, uint64_t time_ns, uint32_t tgid);
/* Frees what was about processes that ended before @time_ns. */
void spaces_forget(struct spaces *s, uint64_t time_ns);

/* What is mapped in a process now, by address: how many, valid until the space changes. */
struct mapping;
size_t spaces_code(const struct spaces *s, uint32_t tgid, const struct mapping **ret);

struct space_place {
	uint32_t module;
	uint64_t offset; /* in the file; MODULE_JIT: the address */
};

/* What was at an address of a process at a time: 0; -ENOENT when nothing that
 * can be executed was; -ESRCH when nothing at all is known of the process then;
 * or -ENOMEM. */
int spaces_find(struct spaces *s, uint32_t tgid, uint64_t time_ns, uint64_t address,
		struct space_place *ret);

/*
 * Appends what a data address is called: the variable, or "[heap]", "[stack]",
 * "stack of 123 worker", "anon", or the file's name and offset. *ret_sharing (may be
 * NULL): 0, or for memory that other processes may share a number that is the same in
 * all of them. *ret_tid (may be NULL): 0, or whose stack it is now. Appends nothing
 * when the process or the address is not known. 0 or -ENOMEM.
 */
int spaces_describe(struct spaces *s, uint32_t tgid, uint64_t time_ns, uint64_t address,
		    struct strbuf *out, uint64_t *ret_sharing, uint32_t *ret_tid);

#endif
