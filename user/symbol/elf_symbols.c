/* SPDX-License-Identifier: GPL-2.0-only */
#include "symbol/elf_symbols.h"

#include "base/map.h"

#include <elf.h>
#include <string.h>

/* A symbol of either word size. */
struct raw_symbol {
	uint64_t value, size;
	uint32_t name;
	uint16_t section;
	uint8_t type, binding;
};

/* A symbol table with its strings, read. */
struct raw_table {
	const struct elf *elf;
	void *entries;
	char *strings;
	size_t count, strings_size;
	bool complete; /* .symtab: no function of the file is missing */
};

static void raw_table_release(struct raw_table *t)
{
	free(t->entries);
	free(t->strings);
}

/* -ENODATA when the tables are damaged. */
static int raw_table_read(const struct elf *e, const struct elf_section *s, struct raw_table *ret)
{
	size_t entry = e->wide ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
	struct raw_table t = { .elf = e, .complete = s->type == SHT_SYMTAB };
	const struct elf_section *strings;
	void *text = NULL;
	int error;

	if (s->entry_size != entry || s->link >= e->section_count)
		return -ENODATA;
	strings = &e->sections[s->link];
	if (strings->type != SHT_STRTAB)
		return -ENODATA;
	error = elf_read_section(e, s, &t.entries);
	if (error)
		return error == -ENOMEM ? error : -ENODATA;
	error = elf_read_section(e, strings, &text);
	if (error) {
		raw_table_release(&t);
		return error == -ENOMEM ? error : -ENODATA;
	}
	t.strings = text;
	t.strings_size = strings->size;
	t.count = s->size / entry;
	*ret = t;
	return 0;
}

#define SYMBOL_FROM(s, bits)                                                   \
	((struct raw_symbol){                                                  \
		.value = (s)->st_value,                                        \
		.size = (s)->st_size,                                          \
		.name = (s)->st_name,                                          \
		.section = (s)->st_shndx,                                      \
		.type = ELF##bits##_ST_TYPE((s)->st_info),                     \
		.binding = ELF##bits##_ST_BIND((s)->st_info),                  \
	})

static struct raw_symbol raw_table_at(const struct raw_table *t, size_t i)
{
	if (t->elf->wide)
		return SYMBOL_FROM((const Elf64_Sym *)t->entries + i, 64);
	return SYMBOL_FROM((const Elf32_Sym *)t->entries + i, 32);
}

/*
 * The name without its version ("memcpy@@GLIBC_2.14"), NULL when it has none.
 * Its length is bounded by the strings' section, which ends with a NUL of ours.
 */
static const char *raw_table_name(const struct raw_table *t, uint32_t offset, size_t *ret_len)
{
	const char *name;

	if (!offset || offset >= t->strings_size || !t->strings[offset])
		return NULL;
	name = t->strings + offset;
	*ret_len = strcspn(name, "@");
	return *ret_len ? name : NULL;
}

/*
 * Of several names for one place people know best the exported one with the
 * fewest underscores: write, not __write or __GI___libc_write.
 */
static uint32_t name_rank(const struct raw_symbol *s, const char *name)
{
	size_t underscores = strspn(name, "_");

	if (underscores > 15)
		underscores = 15;
	return (s->binding != STB_LOCAL ? 64 : 0) + (uint32_t)(15 - underscores) * 2 +
	       (s->binding == STB_GLOBAL);
}

static bool is_code_section(const struct elf *e, uint16_t index)
{
	return index < e->section_count && (e->sections[index].flags & SHF_EXECINSTR);
}

static int add_function(const struct raw_table *t, const struct raw_symbol *s, const char *name,
			size_t len, struct symtab *code)
{
	const struct elf *e = t->elf;
	bool function = s->type == STT_FUNC || s->type == STT_GNU_IFUNC;
	const struct elf_section *section;
	uint64_t end;

	if (!function && (s->type != STT_NOTYPE || !is_code_section(e, s->section)))
		return 0;
	if (s->size) {
		if (__builtin_add_overflow(s->value, s->size, &end))
			end = UINT64_MAX;
		return symtab_add(code, s->value, end, name, len, name_rank(s, name));
	}
	/* local ones without a type are labels; arm64's mark literal pools with "$" */
	if (!t->complete || !is_code_section(e, s->section) || *name == '$' ||
	    (!function && s->binding == STB_LOCAL))
		return 0;
	section = &e->sections[s->section];
	if (s->value < section->address || s->value - section->address >= section->size)
		return 0;
	if (__builtin_add_overflow(section->address, section->size, &end))
		end = UINT64_MAX;
	return symtab_add_open(code, s->value, end, name, len, name_rank(s, name));
}

static int add_variable(const struct raw_symbol *s, const char *name, size_t len,
			struct symtab *data)
{
	uint64_t end;

	/* a thread-local one's value is no address */
	if ((s->type != STT_OBJECT && s->type != STT_COMMON) || !s->size)
		return 0;
	if (__builtin_add_overflow(s->value, s->size, &end))
		end = UINT64_MAX;
	return symtab_add(data, s->value, end, name, len, name_rank(s, name));
}

static int add_table(const struct raw_table *t, struct symtab *code, struct symtab *data)
{
	for (size_t i = 1; i < t->count; i++) {
		struct raw_symbol s = raw_table_at(t, i);
		const char *name;
		size_t len;
		int error = 0;

		if (s.section == SHN_UNDEF)
			continue;
		name = raw_table_name(t, s.name, &len);
		if (!name)
			continue;
		if (code)
			error = add_function(t, &s, name, len, code);
		if (!error && data)
			error = add_variable(&s, name, len, data);
		if (error)
			return error;
	}
	return 0;
}

int elf_add_symbols(const struct elf *e, struct symtab *code, struct symtab *data)
{
	for (size_t i = 0; i < e->section_count; i++) {
		const struct elf_section *s = &e->sections[i];
		struct raw_table t;
		int error;

		if (s->type != SHT_SYMTAB && s->type != SHT_DYNSYM)
			continue;
		error = raw_table_read(e, s, &t);
		if (error == -ENOMEM)
			return error;
		if (error)
			continue;
		error = add_table(&t, code, data);
		raw_table_release(&t);
		if (error)
			return error;
	}
	return 0;
}

/*
 * Stubs are found by what they do, not by counting: each jumps through a slot
 * of the GOT (ff 25 disp32), and the relocation of that slot has the name. So
 * .plt, .plt.sec (with endbr64, and bnd in older ones) and .plt.got all work.
 */
enum { PLT_STUB = 16 };

static bool plt_slot(const uint8_t *code, size_t size, uint64_t address, uint64_t *ret_slot)
{
	static const uint8_t endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };
	size_t at = 0;
	int32_t displacement;

	if (size >= sizeof(endbr64) && !memcmp(code, endbr64, sizeof(endbr64)))
		at = sizeof(endbr64);
	if (at < size && code[at] == 0xf2)
		at++;
	if (size - at < 6 || code[at] != 0xff || code[at + 1] != 0x25)
		return false;
	memcpy(&displacement, code + at + 2, sizeof(displacement));
	*ret_slot = address + at + 6 + (uint64_t)(int64_t)displacement;
	return true;
}

static int plt_add_section(const struct elf *e, const struct elf_section *s,
			   const struct map *slots, const struct raw_table *names,
			   struct symtab *code)
{
	size_t step = s->entry_size == 8 ? 8 : PLT_STUB;
	void *raw;
	int error = elf_read_section(e, s, &raw);

	if (error)
		return error == -ENOMEM ? error : 0;
	for (size_t at = 0; s->size - at >= step && !error; at += step) {
		uint64_t address = s->address + at, slot;
		const uint64_t *symbol;
		const char *name;
		char text[256];
		size_t len;

		if (!plt_slot((const uint8_t *)raw + at, step, address, &slot))
			continue;
		symbol = map_get(slots, slot);
		name = symbol ? raw_table_name(names, (uint32_t)*symbol, &len) : NULL;
		if (!name || len > sizeof(text) - sizeof("@plt"))
			continue;
		memcpy(text, name, len);
		memcpy(text + len, "@plt", sizeof("@plt"));
		if (address + step > address)
			error = symtab_add(code, address, address + step, text, len + 4, 0);
	}
	free(raw);
	return error;
}

/* Slot address to the name's offset in .dynsym's strings. */
static int plt_read_slots(const struct elf *e, const struct elf_section *dynsym,
			  const struct raw_table *names, struct map *slots)
{
	for (size_t i = 0; i < e->section_count; i++) {
		const struct elf_section *s = &e->sections[i];
		const Elf64_Rela *r;
		void *raw;
		int error;

		if (s->type != SHT_RELA || s->entry_size != sizeof(*r) ||
		    s->link != (size_t)(dynsym - e->sections))
			continue;
		error = elf_read_section(e, s, &raw);
		if (error == -ENOMEM)
			return error;
		if (error)
			continue;
		r = raw;
		for (size_t k = 0; k < s->size / sizeof(*r) && !error; k++) {
			uint32_t type = ELF64_R_TYPE(r[k].r_info);
			size_t symbol = ELF64_R_SYM(r[k].r_info);

			if ((type == R_X86_64_JUMP_SLOT || type == R_X86_64_GLOB_DAT) &&
			    symbol < names->count)
				error = map_put(slots, r[k].r_offset,
						raw_table_at(names, symbol).name);
		}
		free(raw);
		if (error)
			return error;
	}
	return 0;
}

int elf_add_plt(const struct elf *e, struct symtab *code)
{
	static const char *const sections[] = { ".plt", ".plt.sec", ".plt.got" };
	const struct elf_section *dynsym = elf_section(e, ".dynsym");
	struct map slots = MAP_INIT;
	struct raw_table names;
	int error;

	if (e->machine != EM_X86_64 || !e->wide || !dynsym)
		return 0;
	error = raw_table_read(e, dynsym, &names);
	if (error)
		return error == -ENOMEM ? error : 0;
	error = plt_read_slots(e, dynsym, &names, &slots);
	for (size_t i = 0; i < ARRAY_COUNT(sections) && !error; i++) {
		const struct elf_section *s = elf_section(e, sections[i]);

		if (s && (s->flags & SHF_EXECINSTR))
			error = plt_add_section(e, s, &slots, &names, code);
	}
	raw_table_release(&names);
	map_release(&slots);
	return error;
}

/*
 * .eh_frame_hdr (LSB core, "Exception Frame Header"): version, three
 * encodings, pointer to .eh_frame, count, then pairs relative to the header.
 * Every linker writes this one combination of encodings.
 */
enum { EH_VERSION = 1, EH_COUNT_UDATA4 = 0x03, EH_TABLE_DATAREL_SDATA4 = 0x3b };

struct eh_frame_header {
	uint8_t version, pointer_encoding, count_encoding, table_encoding;
	int32_t eh_frame;
	uint32_t count;
};

int elf_functions_read(const struct elf *e, struct elf_functions *ret)
{
	struct elf_functions f = { 0 };
	struct eh_frame_header h;

	*ret = f;
	if (e->eh_frame_header_size < sizeof(h) ||
	    elf_read_address(e, e->eh_frame_header, &h, sizeof(h)) || h.version != EH_VERSION ||
	    h.count_encoding != EH_COUNT_UDATA4 || h.table_encoding != EH_TABLE_DATAREL_SDATA4)
		return 0;
	if (!h.count || h.count > (e->eh_frame_header_size - sizeof(h)) / sizeof(*f.entries) ||
	    h.count > e->size / sizeof(*f.entries))
		return 0;
	f.entries = calloc(h.count, sizeof(*f.entries));
	if (!f.entries)
		return -ENOMEM;
	f.count = h.count;
	if (elf_read_address(e, e->eh_frame_header + sizeof(h), f.entries,
			     f.count * sizeof(*f.entries))) {
		free(f.entries);
		return 0;
	}
	*ret = f;
	return 0;
}

void elf_functions_release(struct elf_functions *f)
{
	free(f->entries);
	*f = (struct elf_functions){ 0 };
}

/* An FDE's beginning, with the pc-relative 4-byte pointers of every compiler. */
struct fde {
	uint32_t length, cie;
	int32_t start;
	uint32_t size;
};

/* The FDE that covers @address, and where it and its function lie. */
static bool find_fde(const struct elf *e, const struct elf_functions *f, uint64_t address,
		     struct fde *fde, uint64_t *ret_at, uint64_t *ret_start)
{
	size_t low = 0, high = f->count;
	uint64_t start, at;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (e->eh_frame_header + (uint64_t)(int64_t)f->entries[mid].start <= address)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low)
		return false;
	start = e->eh_frame_header + (uint64_t)(int64_t)f->entries[low - 1].start;
	at = e->eh_frame_header + (uint64_t)(int64_t)f->entries[low - 1].fde;
	if (elf_read_address(e, at, fde, sizeof(*fde)))
		return false;
	/* other encodings are not read, but recognised: both places name the start */
	if (at + 8 + (uint64_t)(int64_t)fde->start != start || address - start >= fde->size)
		return false;
	*ret_at = at;
	*ret_start = start;
	return true;
}

bool elf_functions_find(const struct elf *e, const struct elf_functions *f, uint64_t address,
			uint64_t *ret_start)
{
	struct fde fde;
	uint64_t at, start;

	if (!find_fde(e, f, address, &fde, &at, &start))
		return false;
	*ret_start = start;
	return true;
}

bool elf_functions_is_signal(const struct elf *e, const struct elf_functions *f, uint64_t address)
{
	struct {
		uint32_t length, id;
		uint8_t version;
		char augmentation[7];
	} cie;
	struct fde fde;
	uint64_t at, start;

	/* an FDE leads to its CIE by the distance from that field */
	return find_fde(e, f, address, &fde, &at, &start) &&
	       !elf_read_address(e, at + 4 - fde.cie, &cie, sizeof(cie)) && !cie.id &&
	       memchr(cie.augmentation, 'S',
		      strnlen(cie.augmentation, sizeof(cie.augmentation)));
}
