/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of Go from the table of its runtime: made here, in all four layouts. */
#include "symbol/gopclntab.h"

#include "base/alloc.h"
#include "base/strbuf.h"
#include "oom.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT = 0x401000 };

static const struct layout {
	uint32_t magic;
	bool offsets; /* the header has them */
	bool short_entries; /* 32 bits from the text's start */
} layouts[] = {
	{ 0xfffffffb, false, false },
	{ 0xfffffffa, true, false },
	{ 0xfffffff0, true, true },
	{ 0xfffffff1, true, true },
};

static const struct {
	const char *name;
	uint32_t begin;
} functions[] = {
	{ "runtime.goexit.abi0", 0 },
	{ "main.main", 0x40 },
	{ "main.(*cart).spin", 0x90 },
};

enum { COUNT = 3, END = 0x100 };

static void put(struct strbuf *sb, uint64_t value, size_t width)
{
	strbuf_add(sb, &value, width);
}

/* @said_text: whether the header has the text's start, as in programs that are not PIE. */
static void make(struct strbuf *sb, const struct layout *l, bool said_text)
{
	size_t header = l->offsets ? 8 + (l->short_entries ? 8 : 7) * 8 : 16;
	size_t entry = l->short_entries ? 4 : 8, list = l->offsets ? header + 256 : header;
	uint64_t text = l->short_entries ? 0 : TEXT;
	uint32_t name_offsets[COUNT];
	size_t base = l->offsets ? list : 0, at = list + (2 * COUNT + 1) * entry;
	struct strbuf names = STRBUF_INIT;

	for (size_t i = 0; i < COUNT; i++) {
		name_offsets[i] = (uint32_t)names.len;
		strbuf_add(&names, functions[i].name, strlen(functions[i].name) + 1);
	}
	put(sb, l->magic, 4);
	put(sb, 0x08010000, 4);
	put(sb, COUNT, 8);
	if (l->offsets) {
		put(sb, 0, 8); /* files */
		if (l->short_entries)
			put(sb, said_text ? TEXT : 0, 8);
		put(sb, header, 8); /* names */
		put(sb, 0, 8);
		put(sb, 0, 8);
		put(sb, 0, 8);
		put(sb, list, 8);
		strbuf_add(sb, names.buf, names.len);
		strbuf_pad(sb, '\0', list - sb->len);
	}
	for (size_t i = 0; i < COUNT; i++) {
		put(sb, text + functions[i].begin, entry);
		put(sb, at - base + i * (entry + 4), entry);
	}
	put(sb, text + END, entry);
	for (size_t i = 0; i < COUNT; i++) {
		put(sb, text + functions[i].begin, entry);
		put(sb, name_offsets[i] + (l->offsets ? 0 : at + COUNT * (entry + 4)), 4);
	}
	if (!l->offsets)
		strbuf_add(sb, names.buf, names.len);
	put(sb, 0, 8);
	strbuf_release(&names);
	assert_int_equal(strbuf_error(sb), 0);
}

static void assert_found(struct symtab *t, uint64_t address, const char *expected)
{
	struct symbol found;

	if (!symtab_find(t, address, &found))
		found.name = "nothing";
	assert_string_equal(found.name, expected);
}

static void functions_of_every_layout_are_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(layouts); i++) {
		for (int said = 0; said < 2; said++) {
			struct strbuf sb = STRBUF_INIT;
			struct symtab t = SYMTAB_INIT;

			make(&sb, &layouts[i], said);
			assert_int_equal(gopclntab_add_table((const uint8_t *)sb.buf, sb.len,
							     said ? 0 : TEXT, &t), 0);
			assert_int_equal(symtab_finish(&t, SYMTAB_INNERMOST), 0);
			assert_found(&t, TEXT, "runtime.goexit.abi0");
			assert_found(&t, TEXT + 0x3f, "runtime.goexit.abi0");
			assert_found(&t, TEXT + 0x40, "main.main");
			assert_found(&t, TEXT + 0xff, "main.(*cart).spin");
			assert_found(&t, TEXT + END, "nothing");
			assert_found(&t, TEXT - 1, "nothing");
			symtab_release(&t);
			strbuf_release(&sb);
		}
	}
}

static void where_code_begins_is_not_guessed(void **state)
{
	struct strbuf sb = STRBUF_INIT;
	struct symtab t = SYMTAB_INIT;

	(void)state;
	make(&sb, &layouts[3], false);
	assert_int_equal(gopclntab_add_table((const uint8_t *)sb.buf, sb.len, 0, &t), 0);
	assert_int_equal(t.items.count, 0);
	strbuf_release(&sb);
}

/* Any prefix, and any byte another one: SAN=1 sees what is read. */
static void a_damaged_table_does_no_harm(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(layouts); i++) {
		struct strbuf sb = STRBUF_INIT;

		make(&sb, &layouts[i], true);
		for (size_t k = 0; k < sb.len * 2; k++) {
			size_t size = k < sb.len ? k : sb.len;
			uint8_t *copy = malloc(size ? size : 1);
			struct symtab t = SYMTAB_INIT;

			memcpy(copy, sb.buf, size);
			if (k >= sb.len)
				copy[k - sb.len] ^= 0xff;
			assert_int_equal(gopclntab_add_table(copy, size, 0, &t), 0);
			symtab_release(&t);
			free(copy);
		}
		strbuf_release(&sb);
	}
}

static void a_lack_of_memory_is_told(void **state)
{
	struct strbuf sb = STRBUF_INIT;

	(void)state;
	make(&sb, &layouts[2], true);
	OOM_SWEEP(20) {
		struct symtab t = SYMTAB_INIT;
		int rc = gopclntab_add_table((const uint8_t *)sb.buf, sb.len, 0, &t);

		assert_int_equal(rc, oom_has_failed() ? -ENOMEM : 0);
		symtab_release(&t);
	}
	strbuf_release(&sb);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions_of_every_layout_are_found),
		cmocka_unit_test(where_code_begins_is_not_guessed),
		cmocka_unit_test(a_damaged_table_does_no_harm),
		cmocka_unit_test(a_lack_of_memory_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
