/* SPDX-License-Identifier: GPL-2.0-only */
/* symtab, perfmap, demangle */
#include "oom.h"
#include "symbol/demangle.h"
#include "symbol/perfmap.h"
#include "symbol/symtab.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

static void add(struct symtab *t, uint64_t start, uint64_t end, const char *name, uint32_t rank)
{
	assert_int_equal(symtab_add(t, start, end, name, strlen(name), rank), 0);
}

static void add_open(struct symtab *t, uint64_t start, uint64_t limit, const char *name)
{
	assert_int_equal(symtab_add_open(t, start, limit, name, strlen(name), 0), 0);
}

/* "" stands for no symbol. */
static const char *at(const struct symtab *t, uint64_t address)
{
	struct symbol s;

	if (!symtab_find(t, address, &s))
		return "";
	assert_true(s.start <= address);
	return s.name;
}

static void an_empty_table_names_nothing(void **state)
{
	struct symtab t = SYMTAB_INIT;

	(void)state;
	assert_string_equal(at(&t, 0), "");
	assert_int_equal(symtab_finish(&t, SYMTAB_INNERMOST), 0);
	assert_string_equal(at(&t, UINT64_MAX), "");
	symtab_release(&t);
}

static void a_symbol_covers_its_size_and_not_a_byte_more(void **state)
{
	struct symtab t = SYMTAB_INIT;

	(void)state;
	add(&t, 0x200, 0x210, "second", 0);
	add(&t, 0x100, 0x110, "first", 0);
	add(&t, 0x300, 0x300, "empty", 0);
	assert_int_equal(symtab_finish(&t, SYMTAB_INNERMOST), 0);
	assert_string_equal(at(&t, 0xff), "");
	assert_string_equal(at(&t, 0x100), "first");
	assert_string_equal(at(&t, 0x10f), "first");
	assert_string_equal(at(&t, 0x110), "");
	assert_string_equal(at(&t, 0x200), "second");
	assert_string_equal(at(&t, 0x300), "");
	symtab_release(&t);
}

static void a_function_within_another_hides_that_one_only_where_it_is(void **state)
{
	struct symtab t = SYMTAB_INIT;
	struct symbol s;

	(void)state;
	add(&t, 0x100, 0x200, "outer", 9);
	add(&t, 0x140, 0x160, "inner", 0);
	add(&t, 0x1f0, 0x220, "late", 0);
	assert_int_equal(symtab_finish(&t, SYMTAB_INNERMOST), 0);
	assert_string_equal(at(&t, 0x13f), "outer");
	assert_string_equal(at(&t, 0x140), "inner");
	assert_string_equal(at(&t, 0x160), "outer");
	assert_string_equal(at(&t, 0x1f0), "late");
	assert_string_equal(at(&t, 0x21f), "late");
	assert_string_equal(at(&t, 0x220), "");
	/* a piece behind the inner one still begins where the symbol does */
	assert_true(symtab_find(&t, 0x180, &s));
	assert_int_equal(s.start, 0x100);
	symtab_release(&t);
}

static void of_two_names_for_one_range_the_better_one_wins_in_any_order(void **state)
{
	static const char *const names[] = { "__write", "write", "writev" };

	(void)state;
	for (size_t first = 0; first < 3; first++) {
		struct symtab t = SYMTAB_INIT;

		for (size_t i = 0; i < 3; i++) {
			size_t k = (first + i) % 3;

			add(&t, 0x100, 0x110, names[k], k ? 2 : 1);
		}
		assert_int_equal(symtab_finish(&t, SYMTAB_INNERMOST), 0);
		assert_string_equal(at(&t, 0x108), "write");
		symtab_release(&t);
	}
}

static void a_symbol_without_size_reaches_to_the_next_or_its_limit(void **state)
{
	struct symtab t = SYMTAB_INIT;

	(void)state;
	add_open(&t, 0x100, 0x1000, "_start");
	add(&t, 0x120, 0x130, "main", 0);
	add_open(&t, 0x140, 0x150, "_fini");
	assert_int_equal(symtab_finish(&t, SYMTAB_INNERMOST), 0);
	assert_string_equal(at(&t, 0x11f), "_start");
	assert_string_equal(at(&t, 0x120), "main");
	assert_string_equal(at(&t, 0x130), "");
	assert_string_equal(at(&t, 0x14f), "_fini");
	assert_string_equal(at(&t, 0x150), "");
	symtab_release(&t);
}

static void a_label_within_a_function_is_no_function(void **state)
{
	struct symtab t = SYMTAB_INIT;

	(void)state;
	add(&t, 0x100, 0x120, "memcpy", 0);
	add_open(&t, 0x100, 0x1000, "alias");
	add_open(&t, 0x110, 0x1000, "loop");
	assert_int_equal(symtab_finish(&t, SYMTAB_INNERMOST), 0);
	assert_string_equal(at(&t, 0x111), "memcpy");
	assert_string_equal(at(&t, 0x120), "");
	symtab_release(&t);
}

static void the_end_of_memory_is_no_special_place(void **state)
{
	struct symtab t = SYMTAB_INIT;

	(void)state;
	add(&t, UINT64_MAX - 16, UINT64_MAX, "last", 0);
	add_open(&t, 0, UINT64_MAX, "all");
	assert_int_equal(symtab_finish(&t, SYMTAB_INNERMOST), 0);
	assert_string_equal(at(&t, 0), "all");
	assert_string_equal(at(&t, UINT64_MAX - 1), "last");
	assert_string_equal(at(&t, UINT64_MAX), "");
	symtab_release(&t);
}

/* Checks every address against a search through all the ranges. */
static void overlaps_of_any_kind_are_cut_as_a_full_search_would(void **state)
{
	enum { RANGES = 60, SPAN = 300, ROUNDS = 300 };
	uint64_t seed = 7;

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct symtab t = SYMTAB_INIT;
		uint64_t start[RANGES], end[RANGES];
		enum symtab_order order = round & 1 ? SYMTAB_NEWEST : SYMTAB_INNERMOST;

		for (int i = 0; i < RANGES; i++) {
			char name[12];

			start[i] = unit_random(&seed) % SPAN;
			end[i] = start[i] + unit_random(&seed) % 40;
			snprintf(name, sizeof(name), "%d", i);
			add(&t, start[i], end[i], name, (uint32_t)i);
		}
		assert_int_equal(symtab_finish(&t, order), 0);
		for (uint64_t a = 0; a < SPAN + 50; a++) {
			int best = -1;
			char expected[12] = "";

			for (int i = 0; i < RANGES; i++) {
				if (a < start[i] || a >= end[i])
					continue;
				if (best < 0 || order == SYMTAB_NEWEST || start[i] > start[best] ||
				    (start[i] == start[best] && end[i] <= end[best]))
					best = i;
			}
			if (best >= 0)
				snprintf(expected, sizeof(expected), "%d", best);
			assert_string_equal(at(&t, a), expected);
		}
		symtab_release(&t);
	}
}

static void a_perf_map_names_what_its_lines_cover(void **state)
{
	static const char text[] = "1000 20 first\n"
				   "0x1020 0x10 with blanks ; and more\n"
				   "not a line\n"
				   "1040 zz bad size\n"
				   "1050 10\n"
				   "1050 10 \n"
				   "11112222333344445 10 too long\n"
				   "fffffffffffffff0 20 wraps around\n"
				   "2000 10 without an end";
	struct symtab t = SYMTAB_INIT;

	(void)state;
	assert_int_equal(perfmap_parse(text, sizeof(text) - 1, &t), 0);
	assert_int_equal(symtab_finish(&t, SYMTAB_NEWEST), 0);
	assert_string_equal(at(&t, 0x101f), "first");
	assert_string_equal(at(&t, 0x1020), "with blanks ; and more");
	assert_string_equal(at(&t, 0x1030), "");
	assert_string_equal(at(&t, 0x1045), "");
	assert_string_equal(at(&t, 0x1055), "");
	assert_string_equal(at(&t, 0x2000), "");
	assert_int_equal(t.ranges.count, 2);
	symtab_release(&t);
}

static void later_lines_of_a_perf_map_win(void **state)
{
	static const char text[] = "1000 100 old\n1040 20 new\n1030 20 newest\n";
	struct symtab t = SYMTAB_INIT;

	(void)state;
	assert_int_equal(perfmap_parse(text, sizeof(text) - 1, &t), 0);
	assert_int_equal(symtab_finish(&t, SYMTAB_NEWEST), 0);
	assert_string_equal(at(&t, 0x102f), "old");
	assert_string_equal(at(&t, 0x1045), "newest");
	assert_string_equal(at(&t, 0x1055), "new");
	assert_string_equal(at(&t, 0x1060), "old");
	symtab_release(&t);
}

static void no_failing_allocation_is_fatal(void **state)
{
	(void)state;
	OOM_SWEEP(200) {
		static const char text[] = "1000 100 a\n1040 20 b\n1030 20 c\n1035 1 d\n";
		struct symtab t = SYMTAB_INIT;
		int error = perfmap_parse(text, sizeof(text) - 1, &t);

		if (!error)
			error = symtab_finish(&t, SYMTAB_NEWEST);
		if (error)
			assert_int_equal(error, -ENOMEM);
		else
			assert_string_equal(at(&t, 0x1035), "d");
		symtab_release(&t);
	}
}

static void assert_demangled(const char *mangled, const char *expected)
{
	struct strbuf sb = STRBUF_INIT;

	demangle(mangled, &sb);
	assert_string_equal(sb.buf, expected);
	strbuf_release(&sb);
}

static void names_are_read_as_their_authors_wrote_them(void **state)
{
	(void)state;
	assert_demangled("main", "main");
	assert_demangled("_start", "_start");
	assert_demangled("__GI___libc_write", "__GI___libc_write");
	assert_demangled("_ZN5Outer5innerEv", "Outer::inner");
	assert_demangled("_ZN3foo3barIiEEvT_", "foo::bar<int>");
	assert_demangled("_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE",
			 "core::fmt::Write::write_fmt");
	assert_demangled("_RNvCs1234_7mycrate3foo", "mycrate::foo");
	assert_demangled("_Znonsense", "_Znonsense");
	assert_demangled("_Z", "_Z");
	assert_demangled("", "");
}

/* Each level names the one before three times: 3^30 names of text. */
static void a_small_name_cannot_become_a_huge_one(void **state)
{
	struct strbuf mangled = STRBUF_INIT, sb = STRBUF_INIT;
	/* S_ is template a, S0_ a<int,int>; each level adds b<...> after template b */
	static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	(void)state;
	strbuf_puts(&mangled, "_Z1fI1aIiiE1bIS1_S1_S1_E");
	for (int i = 3; i < 33; i++)
		strbuf_addf(&mangled, "S2_IS%c_S%c_S%c_E", digits[i], digits[i], digits[i]);
	strbuf_puts(&mangled, "EvvE");
	demangle(mangled.buf, &sb);
	assert_true(sb.len > 1000);
	assert_true(sb.len <= DEMANGLE_MAX + strlen("…"));
	assert_string_equal(sb.buf + sb.len - strlen("…"), "…");
	strbuf_release(&mangled);
	strbuf_release(&sb);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_table_names_nothing),
		cmocka_unit_test(a_symbol_covers_its_size_and_not_a_byte_more),
		cmocka_unit_test(a_function_within_another_hides_that_one_only_where_it_is),
		cmocka_unit_test(of_two_names_for_one_range_the_better_one_wins_in_any_order),
		cmocka_unit_test(a_symbol_without_size_reaches_to_the_next_or_its_limit),
		cmocka_unit_test(a_label_within_a_function_is_no_function),
		cmocka_unit_test(the_end_of_memory_is_no_special_place),
		cmocka_unit_test(overlaps_of_any_kind_are_cut_as_a_full_search_would),
		cmocka_unit_test(a_perf_map_names_what_its_lines_cover),
		cmocka_unit_test(later_lines_of_a_perf_map_win),
		cmocka_unit_test(no_failing_allocation_is_fatal),
		cmocka_unit_test(names_are_read_as_their_authors_wrote_them),
		cmocka_unit_test(a_small_name_cannot_become_a_huge_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
