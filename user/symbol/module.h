/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * module: the files that code comes from, by number, and their symbols.
 *
 * A file is opened when it is first seen and kept open, so that programs that
 * are deleted, or live in a container that ends, have names when the recording
 * is over. Only so many stay open; of one that must be closed the symbols are
 * read if any frame needs them, else it is opened again by name if need be.
 */
#ifndef RUNWAIT_SYMBOL_MODULE_H
#define RUNWAIT_SYMBOL_MODULE_H

#include "base/strbuf.h"

#include <stdint.h>

struct modules;

enum module_kind {
	MODULE_UNKNOWN, /* code that belongs to nothing */
	MODULE_JIT, /* code that a process made: perf-PID.map may name it */
	MODULE_VDSO, /* the kernel's code in user space */
	MODULE_FILE,
};

/* These two always exist. */
enum { MODULE_ID_JIT, MODULE_ID_VDSO };

/* A mapping of a file as the kernel tells of it. */
struct module_file {
	uint32_t tgid; /* who maps it, */
	uint64_t start, end; /* and where */
	uint32_t major, minor; /* device and inode; all 0: not told */
	uint64_t inode;
	const uint8_t *build_id;
	size_t build_id_size; /* 0: not told */
	const char *path; /* as in /proc/PID/maps, "" and "[…]" included */
};

/* @proc is "/proc" and @debug "/usr/lib/debug" outside of tests; both are
 * copied. At most @files_max stay open. NULL when out of memory. */
struct modules *modules_new(const char *proc, const char *debug, size_t files_max);
void modules_free(struct modules *ms);

/* The module's number, opening it when it is new. 0 or -ENOMEM: files that
 * cannot be opened, or are not what was mapped, are modules without symbols. */
int modules_get(struct modules *ms, const struct module_file *file, uint32_t *ret_module);

enum module_kind module_kind(const struct modules *ms, uint32_t module);
/* What it is called: its path, "[vdso]", "[jit]". */
const char *module_name(const struct modules *ms, uint32_t module);
/* Its path without the directories. */
const char *module_short_name(const struct modules *ms, uint32_t module);
/* A descriptor of the file that it was opened from, to be closed by the caller; -1 when there
 * is none (any more). */
int module_file_descriptor(struct modules *ms, uint32_t module);
/* A frame stands in it: its symbols will be wanted. */
void module_mark_used(struct modules *ms, uint32_t module);

/*
 * What relocation added to every address of the module (modulo 2^64), given
 * where the byte at @offset of its code is mapped. @offset may lie up to a
 * page before the code: mappings begin at page boundaries, segments need not.
 */
bool module_bias(const struct modules *ms, uint32_t module, uint64_t start, uint64_t offset,
		 uint64_t *ret_bias);
/* Whether an address before relocation belongs to it; .bss does, too. */
bool module_has_address(const struct modules *ms, uint32_t module, uint64_t address);
/* Where the byte at a file offset of data is, before relocation. */
bool module_data_address(const struct modules *ms, uint32_t module, uint64_t offset,
			 uint64_t *ret_address);

/*
 * Appends the name of the function at a file offset, readable; where only
 * the function's extent is known, "redis-server+0x13c0c0" with the offset of
 * its start, "<signal handler called>" or "<new stack>". 0, -ENOENT when nothing covers it,
 * or -ENOMEM. The symbols are read when first asked for and stay until
 * module_forget_functions().
 */
int module_function(struct modules *ms, uint32_t module, uint64_t offset, struct strbuf *out);
void module_forget_functions(struct modules *ms, uint32_t module);

/* A descriptor, to be closed by the caller, of the file that has the module's DWARF: its own
 * or its debug file; -1 when there is none. */
int module_debug_descriptor(struct modules *ms, uint32_t module);
/* Where the byte at a file offset of code is, before relocation. */
bool module_code_address(const struct modules *ms, uint32_t module, uint64_t offset,
			 uint64_t *ret_address);

/*
 * Appends what lies at an address (before relocation): "counter_lock",
 * "server+0x40", or "redis-server+0x1c40" where no symbol covers it. 0 or
 * -ENOMEM.
 */
int module_variable(struct modules *ms, uint32_t module, uint64_t address, struct strbuf *out);

#endif
