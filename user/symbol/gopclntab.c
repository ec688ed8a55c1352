/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table begins with a header whose first word tells which of four layouts
 * it has (debug/gosym/pclntab.go, internal/abi/symtab.go in Go's sources). All
 * have a list of functions, sorted by address with the end of the last one
 * behind them; each entry leads to a description that begins with the address
 * and the place of the name. Every offset is checked: the table is anybody's.
 */
#include "symbol/gopclntab.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	MAGIC_2 = 0xfffffffb,
	MAGIC_16 = 0xfffffffa,
	MAGIC_18 = 0xfffffff0, /* from here on addresses are 32 bits from the text's start */
	MAGIC_20 = 0xfffffff1,
	HEADER_FIXED = 8,
	NAME_MAX_SIZE = 4096,
};

struct pclntab {
	const uint8_t *table;
	size_t size;
	size_t word; /* size of an address */
	size_t entry; /* … of a field in the list of functions */
	uint64_t text; /* added to addresses */
	uint64_t names, functions; /* offsets of names, and of the list */
	uint64_t count;
};

/* An unsigned number of @width bytes; 0 beyond the end, which no caller takes for anything. */
static uint64_t number_at(const struct pclntab *t, uint64_t offset, size_t width)
{
	uint64_t value = 0;

	if (offset <= t->size && width <= t->size - offset)
		memcpy(&value, t->table + offset, width);
	return value;
}

/* Word @i of the header. */
static uint64_t header_word(const struct pclntab *t, size_t i)
{
	return number_at(t, HEADER_FIXED + i * t->word, t->word);
}

static bool read_header(struct pclntab *t, uint64_t text)
{
	uint32_t magic = (uint32_t)number_at(t, 0, 4);

	/* two zeros, the smallest instruction, the size of an address */
	if (number_at(t, 4, 2))
		return false;
	t->word = number_at(t, 7, 1);
	if (t->word != 8 && t->word != 4)
		return false;
	t->entry = t->word;
	t->count = header_word(t, 0);
	switch (magic) {
	case MAGIC_2:
		t->functions = HEADER_FIXED + t->word;
		break;
	case MAGIC_16:
		t->names = header_word(t, 2);
		t->functions = header_word(t, 6);
		break;
	case MAGIC_18:
	case MAGIC_20:
		t->text = header_word(t, 2) ? header_word(t, 2) : text;
		t->names = header_word(t, 3);
		t->functions = header_word(t, 7);
		t->entry = 4;
		if (!t->text)
			return false;
		break;
	default:
		return false;
	}
	return t->functions < t->size && t->names < t->size &&
	       t->count < (t->size - t->functions) / (2 * t->entry);
}

/* The name of the function that is described at @offset, NULL when there is none. */
static const char *name_at(const struct pclntab *t, uint64_t offset, size_t *ret_len)
{
	uint64_t at = number_at(t, offset + t->entry, 4);
	size_t max;

	at += t->names;
	if (offset >= t->size || at >= t->size)
		return NULL;
	max = t->size - at < NAME_MAX_SIZE ? t->size - at : NAME_MAX_SIZE;
	*ret_len = strnlen((const char *)t->table + at, max);
	return *ret_len && *ret_len < max ? (const char *)t->table + at : NULL;
}

int gopclntab_add_table(const uint8_t *table, size_t size, uint64_t text, struct symtab *code)
{
	struct pclntab t = { .table = table, .size = size };
	/* before 1.16 descriptions lie where the header says, else behind the list's begin */
	uint64_t base;
	int error = 0;

	if (!read_header(&t, text))
		return 0;
	base = number_at(&t, 0, 4) == MAGIC_2 ? 0 : t.functions;
	for (uint64_t i = 0; i < t.count && !error; i++) {
		uint64_t at = t.functions + i * 2 * t.entry;
		uint64_t start = number_at(&t, at, t.entry);
		uint64_t end = number_at(&t, at + 2 * t.entry, t.entry);
		const char *name;
		size_t len;

		name = name_at(&t, base + number_at(&t, at + t.entry, t.entry), &len);
		if (name && start < end && end <= UINT64_MAX - t.text)
			error = symtab_add(code, t.text + start, t.text + end, name, len, 0);
	}
	return error;
}

/* What a relocation puts at @address, as in position independent programs; 0 none. */
static uint64_t relocated(const struct elf *e, uint64_t address)
{
	const struct elf_section *s = elf_section(e, ".rela.dyn");
	uint64_t found = 0;
	void *raw;

	if (!s || !e->wide || elf_read_section(e, s, &raw))
		return 0;
	for (size_t i = 0; i < s->size / sizeof(Elf64_Rela) && !found; i++) {
		const Elf64_Rela *r = (const Elf64_Rela *)raw + i;

		if (r->r_offset == address)
			found = (uint64_t)r->r_addend;
	}
	free(raw);
	return found;
}

int gopclntab_add(const struct elf *e, struct symtab *code)
{
	static const char *const names[] = { ".gopclntab", ".data.rel.ro.gopclntab" };
	const struct elf_section *s = NULL;
	void *raw;
	int error;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names) && !s; i++)
		s = elf_section(e, names[i]);
	if (!s || !e->wide)
		return 0;
	error = elf_read_section(e, s, &raw);
	if (error)
		return error == -ENOMEM ? error : 0;
	/* since 1.18 the third word of the header; before it is no address, and not asked for */
	error = gopclntab_add_table(raw, s->size,
				    relocated(e, s->address + HEADER_FIXED + 2 * sizeof(uint64_t)),
				    code);
	free(raw);
	return error;
}
