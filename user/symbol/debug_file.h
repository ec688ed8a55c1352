/* SPDX-License-Identifier: GPL-2.0-only */
/* debug_file: finds the separate file that has a stripped file's symbols. */
#ifndef RUNWAIT_SYMBOL_DEBUG_FILE_H
#define RUNWAIT_SYMBOL_DEBUG_FILE_H

#include "symbol/elf.h"

/*
 * Opens the debug file of @e, which was found at @path: by build-id below
 * @root ("/usr/lib/debug"), else by .gnu_debuglink beside it, in .debug/ and
 * below @root (gdb, "Separate Debug Files"). A descriptor, or -1.
 */
int debug_file_open(const struct elf *e, const char *path, const char *root);

#endif
