/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * elf_symbols: what an ELF file calls its code and its data.
 *
 * st_size is honoured: what no symbol covers has no name, however near an
 * export is. Functions without a size (hand-written assembly: _init, musl's
 * clone) reach to the next symbol of their section, but only in .symtab: in a
 * stripped file the next symbol of .dynsym may be thousands of functions away.
 */
#ifndef RUNWAIT_SYMBOL_ELF_SYMBOLS_H
#define RUNWAIT_SYMBOL_ELF_SYMBOLS_H

#include "symbol/elf.h"
#include "symbol/symtab.h"

/*
 * Adds the symbols of .symtab and .dynsym to @code (functions, names as in the
 * file, without symbol versions) and @data (variables, not thread-local ones);
 * either may be NULL. Call it for the file and for its debug file, then finish
 * the tables. 0 or -ENOMEM; damaged tables are left out.
 */
int elf_add_symbols(const struct elf *e, struct symtab *code, struct symtab *data);

/* Adds the stubs of the procedure linkage table as "puts@plt" (x86-64). As above. */
int elf_add_plt(const struct elf *e, struct symtab *code);

/*
 * Where functions lie, known without names: the search table of .eh_frame_hdr.
 * It tells apart what stripped files have no symbols for.
 */
struct elf_functions {
	struct elf_function_entry {
		int32_t start, fde; /* relative to the table's section */
	} *entries; /* sorted by start */
	size_t count;
};

/* 0 (also when there is none: count is 0) or -ENOMEM. */
int elf_functions_read(const struct elf *e, struct elf_functions *ret);
void elf_functions_release(struct elf_functions *f);
/* The start of the function whose unwind entry covers @address. */
bool elf_functions_find(const struct elf *e, const struct elf_functions *f, uint64_t address,
			uint64_t *ret_start);
/* Whether that entry says that it is the frame of a signal (augmentation "S", LSB core). */
bool elf_functions_is_signal(const struct elf *e, const struct elf_functions *f, uint64_t address);

#endif
