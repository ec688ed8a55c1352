/* SPDX-License-Identifier: GPL-2.0-only */
/* module_open: opens the very file that a process has mapped, or none. */
#ifndef RUNWAIT_SYMBOL_MODULE_OPEN_H
#define RUNWAIT_SYMBOL_MODULE_OPEN_H

#include "symbol/elf.h"
#include "symbol/module.h"

/* Which file was opened. */
struct module_identity {
	uint64_t device, inode;
	uint8_t build_id[ELF_BUILD_ID_MAX];
	size_t build_id_size; /* 0: none */
};

/*
 * Tries /proc/PID/map_files (deleted files and other mount namespaces too),
 * then @path (of @file, without " (deleted)") in the process's root and in
 * ours. A file of another build-id or, where none is told, another inode is
 * refused: wrong names are worse than none. A descriptor and its headers, to
 * be released by the caller, or a negative errno.
 */
int module_open_mapped(const char *proc, const struct module_file *file, const char *path,
		       struct elf *ret, struct module_identity *ret_identity);

/* Opens @path again: 0 only if it still is the file that was opened before. */
int module_open_again(const char *path, const struct module_identity *identity, struct elf *ret);

/* The vDSO that the kernel maps into every 64-bit process, this one included.
 * -ENOENT when there is none. */
int module_open_vdso(struct elf *ret);

#endif
