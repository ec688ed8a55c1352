/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Debug information of anyone, and what a process that read it answers. libdw
 * itself runs apart in the program, and may crash there; here it is not run
 * but for the bytes that are its answers: lines_parse() trusts none of them.
 * Packed symbols (.gnu_debugdata) are read in the program itself.
 */
#include "fuzz.h"
#include "symbol/elf_symbols.h"
#include "symbol/lines.h"
#include "symbol/minidebug.h"

#include <assert.h>
#include <string.h>

struct last {
	uint32_t index, level;
	size_t count;
};

static int check_name(void *context, const struct lines_name *name)
{
	struct last *last = context;

	assert(name->index < 7 && name->level < LINES_LEVELS_MAX);
	assert(name->level == (last->count && last->index == name->index ? last->level + 1 : 0));
	assert(strlen(name->function) <= LINES_TEXT_MAX && strlen(name->file) <= LINES_TEXT_MAX);
	*last = (struct last){ name->index, name->level, last->count + 1 };
	return 0;
}

static void check_packed(const struct elf *e)
{
	struct symtab code = SYMTAB_INIT;
	struct elf unpacked;
	void *memory;

	if (minidebug_open(e, &unpacked, &memory))
		return;
	assert(unpacked.size <= MINIDEBUG_MAX);
	if (!elf_add_symbols(&unpacked, &code, NULL))
		assert(!symtab_finish(&code, SYMTAB_INNERMOST));
	symtab_release(&code);
	elf_release(&unpacked);
	free(memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct last last = { 0 };
	struct elf e;

	assert(!lines_parse(data, size, 7, check_name, &last));
	if (!elf_open_memory(&e, data, size)) {
		check_packed(&e);
		elf_release(&e);
	}
	return 0;
}
