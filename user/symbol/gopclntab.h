/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * gopclntab: names of Go functions from the table that the runtime itself needs
 * for tracebacks. Stripping leaves it in place.
 */
#ifndef RUNWAIT_SYMBOL_GOPCLNTAB_H
#define RUNWAIT_SYMBOL_GOPCLNTAB_H

#include "symbol/elf.h"
#include "symbol/symtab.h"

/* Adds all functions of a file of Go 1.2 or later, none to other files'. 0 or -ENOMEM. */
int gopclntab_add(const struct elf *e, struct symtab *code);

/*
 * The same for the table's bytes. @text: where code begins, which tables since
 * Go 1.18 say themselves, unless a relocation does; 0 unknown.
 */
int gopclntab_add_table(const uint8_t *table, size_t size, uint64_t text, struct symtab *code);

#endif
