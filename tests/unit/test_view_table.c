/* SPDX-License-Identifier: GPL-2.0-only */
/* The table printer by itself: alignment, bars, and what gives way when room is short. */
#include "base/fmt.h"
#include "unit.h"
#include "view/table.h"

#include <string.h>

static const struct table_column columns[] = {
	{ .title = "name", .kind = TABLE_TEXT, .min = 6, .max = 20 },
	{ .title = "count", .kind = TABLE_NUMBER },
	{ .title = "more", .kind = TABLE_NUMBER, .drop = 1 },
	{ .title = "least", .kind = TABLE_NUMBER, .drop = 2 },
	{ .title = "bar", .kind = TABLE_BAR, .min = 4, .max = 8 },
};

static void row(struct table *t, const char *name, const char *count, double share)
{
	strbuf_puts(table_cell(t, NULL), name);
	strbuf_puts(table_cell(t, NULL), count);
	strbuf_puts(table_cell(t, NULL), "12345678");
	strbuf_puts(table_cell(t, NULL), "87654321");
	table_bar(t);
	table_part(t, share, 1, BAR_FULL, NULL);
}

/* What @t prints in @width columns, behind @indent blanks, must be @want. */
static void prints(struct table *t, unsigned int width, size_t indent, const char *want)
{
	struct view_style style = { .width = width, .colors = &view_colors_none };
	struct result result = { 0 };
	struct view_input in = { .result = &result };
	struct strbuf got = STRBUF_INIT;
	struct sink sink;
	struct page p;

	sink_open_memory(&sink, &got);
	assert_int_equal(page_init(&p, &in, &style, &sink), 0);
	table_print(t, &p, indent);
	assert_false(p.failed);
	page_release(&p);
	assert_int_equal(sink_close(&sink), 0);
	assert_string_equal(got.buf, want);
	strbuf_release(&got);
	table_release(t);
}

static void numbers_stand_right_and_text_left(void **state)
{
	struct table t;

	(void)state;
	table_init(&t, columns, ARRAY_COUNT(columns));
	row(&t, "a", "1", 0.5);
	row(&t, "bcd", "1000", 1);
	prints(&t, 80, 2,
	       "  name  count      more     least  bar\n"
	       "  a         1  12345678  87654321  ████\n"
	       "  bcd    1000  12345678  87654321  ████████\n");
}

static void a_table_without_rows_prints_nothing(void **state)
{
	struct table t;

	(void)state;
	table_init(&t, columns, ARRAY_COUNT(columns));
	prints(&t, 80, 0, "");
}

static void widths_are_columns_not_bytes(void **state)
{
	struct table t;

	(void)state;
	table_init(&t, columns, ARRAY_COUNT(columns));
	row(&t, "äöü→", "1", 0);
	row(&t, "abcd", "2", 0);
	prints(&t, 80, 0,
	       "name  count      more     least  bar\n"
	       "äöü→      1  12345678  87654321\n"
	       "abcd      2  12345678  87654321\n");
}

static void long_text_is_cut_in_the_middle(void **state)
{
	struct table t;

	(void)state;
	table_init(&t, columns, ARRAY_COUNT(columns));
	row(&t, "abcdefghijklmnopqrstuvwxyz", "1", 0.01);
	prints(&t, 80, 0,
	       "name                  count      more     least  bar\n"
	       "abcdefghi…qrstuvwxyz      1  12345678  87654321  ▏\n");
}

static void columns_give_way_in_their_order(void **state)
{
	static const struct table_column wide[] = {
		{ .title = "a name of 20 columns", .kind = TABLE_TEXT },
		{ .title = "a number of 20 colum", .kind = TABLE_NUMBER, .drop = 2 },
		{ .title = "another of 20 column", .kind = TABLE_NUMBER, .drop = 1 },
	};
	struct table t;

	(void)state;
	for (int i = 0; i < 2; i++) {
		table_init(&t, wide, ARRAY_COUNT(wide));
		for (int k = 0; k < 3; k++)
			strbuf_puts(table_cell(&t, NULL), "x");
		if (i)
			prints(&t, 60, 0, /* 64 are needed */
			       "a name of 20 columns  another of 20 column\n"
			       "x                                        x\n");
		else
			prints(&t, 64, 0,
			       "a name of 20 columns  a number of 20 colum  another of 20 column\n"
			       "x                                        x                 "
			       "    x\n");
	}
}

static void text_gives_way_before_columns_do(void **state)
{
	static const struct table_column two[] = {
		{ .title = "path", .kind = TABLE_TEXT, .min = 20 },
		{ .title = "a number of 20 colum", .kind = TABLE_NUMBER, .drop = 1 },
	};
	struct table t;

	(void)state;
	table_init(&t, two, ARRAY_COUNT(two));
	strbuf_puts(table_cell(&t, NULL),
		    "/home/someone/with/a/long/name/and/a/longer/file.name");
	strbuf_puts(table_cell(&t, NULL), "7");
	prints(&t, 60, 0,
	       "path                                    a number of 20 colum\n"
	       "/home/som…/name/and/a/longer/file.name                     7\n");
}

static void empty_text_columns_are_left_out(void **state)
{
	static const struct table_column three[] = {
		{ .title = "a", .kind = TABLE_TEXT },
		{ .title = "nothing", .kind = TABLE_TEXT },
		{ .title = "b", .kind = TABLE_NUMBER },
	};
	struct table t;

	(void)state;
	table_init(&t, three, ARRAY_COUNT(three));
	for (int i = 0; i < 2; i++) {
		strbuf_puts(table_cell(&t, NULL), "x");
		table_cell(&t, NULL);
		strbuf_puts(table_cell(&t, NULL), "1");
	}
	prints(&t, 80, 0, "a  b\nx  1\nx  1\n");
}

static void something_is_never_drawn_as_nothing(void **state)
{
	static const struct table_column bar[] = {
		{ .title = "", .kind = TABLE_BAR, .min = 8, .max = 8 },
	};
	static const struct {
		double part, whole;
		const char *want;
	} cases[] = {
		{ 1e-9, 1, "▏\n" },	  { 0, 1, "\n" },	{ 1, 1, "████████\n" },
		{ 9, 1, "████████\n" },	  { 1, 0, "\n" },	{ 0, 0, "\n" },
		{ 1, 16, "▌\n" },	  { 63, 64, "███████▉\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct table t;

		table_init(&t, bar, 1);
		table_bar(&t);
		table_part(&t, cases[i].part, cases[i].whole, BAR_FULL, NULL);
		prints(&t, 80, 0, cases[i].want);
	}
}

static void parts_of_a_bar_fill_it_together(void **state)
{
	static const struct table_column bar[] = {
		{ .title = "", .kind = TABLE_BAR, .min = 9, .max = 9 },
		{ .title = "", .kind = TABLE_NUMBER },
	};
	struct table t;

	(void)state;
	table_init(&t, bar, 2);
	table_bar(&t);
	table_part(&t, 1, 3, BAR_FULL, NULL);
	table_part(&t, 1, 3, BAR_DENSE, NULL);
	table_part(&t, 1, 3, BAR_LIGHT, NULL);
	strbuf_puts(table_cell(&t, NULL), "|");
	table_bar(&t);
	table_part(&t, 1, 2, BAR_FULL, NULL);
	table_part(&t, 5, 2, BAR_DOT, NULL); /* more than there is */
	strbuf_puts(table_cell(&t, NULL), "|");
	prints(&t, 80, 0,
	       "███▓▓▓░░░  |\n"
	       "█████····  |\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_stand_right_and_text_left),
		cmocka_unit_test(a_table_without_rows_prints_nothing),
		cmocka_unit_test(widths_are_columns_not_bytes),
		cmocka_unit_test(long_text_is_cut_in_the_middle),
		cmocka_unit_test(columns_give_way_in_their_order),
		cmocka_unit_test(text_gives_way_before_columns_do),
		cmocka_unit_test(empty_text_columns_are_left_out),
		cmocka_unit_test(something_is_never_drawn_as_nothing),
		cmocka_unit_test(parts_of_a_bar_fill_it_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
