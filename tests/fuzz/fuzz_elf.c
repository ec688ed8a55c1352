/* SPDX-License-Identifier: GPL-2.0-only */
/* An ELF file of anyone: whatever it says, look-ups stay within what it has. */
#include "fuzz.h"
#include "symbol/demangle.h"
#include "symbol/elf_symbols.h"
#include "symbol/gopclntab.h"

#include <assert.h>
#include <string.h>

static void check_table(const struct symtab *t)
{
	for (size_t i = 0; i < t->ranges.count; i++) {
		const struct symtab_range *r = &t->ranges.at[i];
		struct symbol s;

		assert(r->start < r->end && r->whole <= r->start);
		assert(!i || r[-1].end <= r->start);
		assert(symtab_find(t, r->start, &s) && symtab_find(t, r->end - 1, &s));
		assert(s.name + strlen(s.name) < t->names.at + t->names.count);
	}
}

static void check_functions(const struct elf *e)
{
	struct elf_functions f;

	if (elf_functions_read(e, &f))
		return;
	for (size_t i = 0; i < f.count; i++) {
		uint64_t address = e->eh_frame_header + (uint64_t)(int64_t)f.entries[i].start;
		uint64_t start;

		if (elf_functions_find(e, &f, address, &start))
			assert(start <= address);
		else
			assert(!elf_functions_is_signal(e, &f, address));
	}
	elf_functions_release(&f);
}

/* There and back again; segments that overlap may lead elsewhere. */
static void check_places(const struct elf *e)
{
	uint64_t address, offset;

	if (e->segment_count == 1 &&
	    elf_offset_to_address(e, e->segments[0].offset, &address)) {
		assert(elf_address_to_offset(e, address, &offset));
		assert(offset == e->segments[0].offset);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct symtab code = SYMTAB_INIT, variables = SYMTAB_INIT;
	struct strbuf name = STRBUF_INIT;
	uint32_t crc;
	char *link;
	struct elf e;

	if (elf_open_memory(&e, data, size))
		return 0;
	if (!elf_add_symbols(&e, &code, &variables) && !elf_add_plt(&e, &code) &&
	    !gopclntab_add(&e, &code) && !gopclntab_add_table(data, size, 1, &code) &&
	    !symtab_finish(&code, SYMTAB_INNERMOST) &&
	    !symtab_finish(&variables, SYMTAB_INNERMOST)) {
		check_table(&code);
		check_table(&variables);
		for (size_t i = 0; i < code.ranges.count && i < 16; i++) {
			strbuf_clear(&name);
			demangle(code.names.at + code.ranges.at[i].name, &name);
			assert(name.len <= DEMANGLE_MAX + 3 || name.len <= size);
		}
	}
	check_functions(&e);
	check_places(&e);
	if (!elf_debug_link(&e, &link, &crc)) {
		assert(*link && !strchr(link, '/'));
		free(link);
	}
	strbuf_release(&name);
	symtab_release(&code);
	symtab_release(&variables);
	elf_release(&e);
	return 0;
}
