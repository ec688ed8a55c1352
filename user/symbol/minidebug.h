/* SPDX-License-Identifier: GPL-2.0-only */
/* minidebug: the symbols that distributions leave in stripped files, .gnu_debugdata. */
#ifndef RUNWAIT_SYMBOL_MINIDEBUG_H
#define RUNWAIT_SYMBOL_MINIDEBUG_H

#include "symbol/elf.h"

/* What it unpacks to at most: bytes. Fedora's largest have a few megabytes. */
enum { MINIDEBUG_MAX = 128 << 20 };

/*
 * Unpacks the ELF file that lies in @e's section .gnu_debugdata (xz; gdb,
 * "Debugging information in a special section"). *@ret_memory, to be freed
 * behind elf_release(@ret), holds its bytes. 0, -ENODATA when there is none or
 * it is damaged, or -ENOMEM.
 */
int minidebug_open(const struct elf *e, struct elf *ret, void **ret_memory);

#endif
