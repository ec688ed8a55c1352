/* SPDX-License-Identifier: GPL-2.0-only */
/* strbuf, error, utf8, fmt, log */
#include "base/alloc.h"
#include "base/error.h"
#include "base/fmt.h"
#include "base/log.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "oom.h"
#include "unit.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void empty_strbuf_is_an_empty_string(void **state)
{
	struct strbuf sb = STRBUF_INIT;

	(void)state;
	assert_string_equal(sb.buf, "");
	strbuf_cut(&sb, 0);
	strbuf_clear(&sb);
	assert_string_equal(sb.buf, "");
	assert_int_equal(strbuf_error(&sb), 0);
	strbuf_release(&sb);
	assert_string_equal(sb.buf, "");
}

static void pieces_are_appended_and_end_with_a_nul(void **state)
{
	struct strbuf sb = STRBUF_INIT;

	(void)state;
	strbuf_puts(&sb, "ab");
	strbuf_putc(&sb, 'c');
	strbuf_add(&sb, "\0d", 2);
	strbuf_pad(&sb, '.', 3);
	strbuf_addf(&sb, "%d-%s", -7, "x");
	assert_int_equal(sb.len, 12);
	assert_memory_equal(sb.buf, "abc\0d...-7-x", 13);
	strbuf_cut(&sb, 2);
	assert_string_equal(sb.buf, "ab");
	strbuf_add(&sb, NULL, 0);
	assert_string_equal(sb.buf, "ab");
	strbuf_release(&sb);
}

static void formatted_text_may_be_longer_than_the_room(void **state)
{
	struct strbuf sb = STRBUF_INIT;

	(void)state;
	for (int i = 0; i < 300; i++) {
		strbuf_clear(&sb);
		strbuf_addf(&sb, "<%*d>", i, 5);
		assert_int_equal(sb.len, (i ? i : 1) + 2);
		assert_int_equal(strlen(sb.buf), sb.len);
		assert_int_equal(sb.buf[sb.len - 1], '>');
	}
	strbuf_release(&sb);
}

static void failure_sticks_until_the_strbuf_is_cleared(void **state)
{
	struct strbuf sb = STRBUF_INIT;

	(void)state;
	strbuf_puts(&sb, "kept");
	assert_null(strbuf_room(&sb, SIZE_MAX));
	assert_int_equal(strbuf_error(&sb), -ENOMEM);
	strbuf_puts(&sb, "ignored");
	strbuf_addf(&sb, "%d", 1);
	strbuf_pad(&sb, ' ', 1);
	assert_string_equal(sb.buf, "kept");
	assert_null(strbuf_detach(&sb));
	strbuf_clear(&sb);
	assert_int_equal(strbuf_error(&sb), 0);
	strbuf_puts(&sb, "again");
	assert_string_equal(sb.buf, "again");
	strbuf_release(&sb);
}

static void detached_strings_belong_to_the_caller(void **state)
{
	struct strbuf sb = STRBUF_INIT;
	char *empty = strbuf_detach(&sb), *text;

	(void)state;
	assert_string_equal(empty, "");
	free(empty);
	strbuf_puts(&sb, "mine");
	text = strbuf_detach(&sb);
	assert_string_equal(text, "mine");
	free(text);
	assert_string_equal(sb.buf, "");
	assert_int_equal(sb.len + sb.cap, 0);
}

static void strbuf_is_whole_or_says_that_memory_was_short(void **state)
{
	(void)state;
	OOM_SWEEP(50) {
		struct strbuf sb = STRBUF_INIT;
		char *text;

		for (int i = 0; i < 100; i++)
			strbuf_addf(&sb, "%03d", i);
		text = strbuf_detach(&sb);
		assert_int_equal(text == NULL, oom_has_failed());
		if (text)
			assert_int_equal(strlen(text), 300);
		else
			assert_int_equal(strbuf_error(&sb), -ENOMEM);
		free(text);
		strbuf_release(&sb);
	}
}

static void errors_are_one_line_with_what_it_was_about_in_front(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	assert_string_equal(error_text(NULL, -ENOENT), "No such file or directory");
	assert_string_equal(error_text(&err, -ENOENT), "No such file or directory");
	assert_int_equal(error_set(&err, -EINVAL, "chunk %d is cut off", 3), -EINVAL);
	assert_string_equal(error_text(&err, -EINVAL), "chunk 3 is cut off");
	assert_int_equal(error_prefix(&err, -EIO, "%s", "a.rw"), -EIO);
	assert_string_equal(err.msg, "a.rw: chunk 3 is cut off");
	err.msg[0] = '\0';
	error_prefix(&err, -ENOENT, "a.rw");
	assert_string_equal(err.msg, "a.rw: No such file or directory");
	assert_int_equal(error_set(NULL, -EIO, "unread"), -EIO);
	assert_int_equal(error_prefix(NULL, -EIO, "unread"), -EIO);
}

static void errors_that_are_too_long_are_cut(void **state)
{
	char text[1000];
	struct error err = ERROR_INIT;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	for (int width = 500; width < 520; width++) {
		error_set(&err, -EIO, "%s", "tail");
		error_prefix(&err, -EIO, "%.*s", width, text);
		assert_in_range(strlen(err.msg), 500, sizeof(err.msg) - 1);
		assert_int_equal(strspn(err.msg, "x"), width < 511 ? width : 511);
	}
	error_set(&err, -EIO, "%s", text);
	error_prefix(&err, -EIO, "head");
	assert_memory_equal(err.msg, "head: xxx", 9);
	assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
}

/* An independent answer: decode, then see whether encoding gives the same bytes. */
static size_t utf8_size_by_encoding(const unsigned char *p, size_t len)
{
	for (size_t size = 1; size <= 4 && size <= len; size++) {
		static const unsigned char lead[] = { 0, 0x00, 0xc0, 0xe0, 0xf0 };
		static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
		static const unsigned int bits[] = { 0, 7, 5, 4, 3 };
		uint32_t code = p[0] & ((1u << bits[size]) - 1);
		bool ok = (p[0] & ~((1u << bits[size]) - 1)) == lead[size];

		for (size_t k = 1; k < size; k++) {
			ok = ok && p[k] >> 6 == 2;
			code = code * 64 + p[k] % 64;
		}
		if (ok && code >= least[size] && code <= 0x10ffff && code / 0x800 != 0x1b)
			return size;
	}
	return 0;
}

static void utf8_is_told_from_other_bytes(void **state)
{
	static const unsigned char edge[] = { 0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf,
					      0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee,
					      0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff };
	enum { N = ARRAY_COUNT(edge) };

	(void)state;
	for (size_t i = 0; i < (size_t)N * N * N * N; i++) {
		const unsigned char p[4] = { edge[i % N], edge[i / N % N], edge[i / N / N % N],
					     edge[i / N / N / N] };

		for (size_t len = 0; len <= 4; len++)
			if (utf8_size((const char *)p, len) != utf8_size_by_encoding(p, len))
				fail_msg("%02x %02x %02x %02x, %zu bytes of it", p[0], p[1], p[2],
					 p[3], len);
	}
	assert_int_equal(utf8_code("A", 1), 'A');
	assert_int_equal(utf8_code("é", 2), 0xe9);
	assert_int_equal(utf8_code("…", 3), 0x2026);
	assert_int_equal(utf8_code("\U0001f600", 4), 0x1f600);
}

struct number {
	uint64_t value;
	const char *text;
};

static void check_numbers(void (*fmt)(struct strbuf *, uint64_t), const struct number *table,
			  size_t count)
{
	struct strbuf sb = STRBUF_INIT;

	for (size_t i = 0; i < count; i++) {
		strbuf_clear(&sb);
		fmt(&sb, table[i].value);
		assert_string_equal(sb.buf, table[i].text);
	}
	strbuf_release(&sb);
}

static void times_have_three_digits_and_a_unit(void **state)
{
	static const struct number table[] = {
		{ 0, "0 ns" },
		{ 812, "812 ns" },
		{ 999, "999 ns" },
		{ 1000, "1.00 us" },
		{ 3414, "3.41 us" },
		{ 9994, "9.99 us" },
		{ 9995, "10.0 us" },
		{ 99949, "99.9 us" },
		{ 99950, "100 us" },
		{ 999499, "999 us" },
		{ 999500, "1.00 ms" },
		{ 12000000, "12.0 ms" },
		{ 999499999, "999 ms" },
		{ 999500000, "1.00 s" },
		{ 1250000000, "1.25 s" },
		{ 59949999999, "59.9 s" },
		{ 59950000000, "1m 00s" },
		{ 125000000000, "2m 05s" },
		{ 3599499999999, "59m 59s" },
		{ 3599500000000, "1h 00m" },
		{ 11520000000000, "3h 12m" },
		{ 86399999999999, "24h 00m" },
		{ UINT64_MAX, "5124095h 35m" },
	};

	(void)state;
	check_numbers(fmt_ns, table, ARRAY_COUNT(table));
}

static void counts_have_three_digits(void **state)
{
	static const struct number table[] = {
		{ 0, "0" },	       { 842, "842" },	     { 999, "999" },
		{ 1000, "1.00k" },     { 12345, "12.3k" },   { 999499, "999k" },
		{ 999500, "1.00M" },   { 4560000, "4.56M" }, { 7000000000, "7.00G" },
		{ UINT64_MAX, "18.4E" },
	};

	(void)state;
	check_numbers(fmt_count, table, ARRAY_COUNT(table));
}

static void sizes_count_by_1024_and_drop_zeros(void **state)
{
	static const struct number table[] = {
		{ 0, "0 B" },
		{ 512, "512 B" },
		{ 1023, "1023 B" },
		{ 1024, "1 KiB" },
		{ 1536, "1.5 KiB" },
		{ 1126, "1.1 KiB" },
		{ 1290, "1.26 KiB" },
		{ 10342, "10.1 KiB" },
		{ 1023 << 10, "1023 KiB" },
		{ (1 << 20) - 1, "1 MiB" },
		{ 64 << 20, "64 MiB" },
		{ UINT64_MAX, "16 EiB" },
	};

	(void)state;
	check_numbers(fmt_size, table, ARRAY_COUNT(table));
}

static void shares_say_all_and_nothing_only_of_those(void **state)
{
	static const struct {
		double part, whole;
		const char *text;
	} table[] = {
		{ 37, 100, "37 %" },	 { 4.2, 100, "4.2 %" },	  { 0.05, 100, "0.05 %" },
		{ 5, 5, "100 %" },	 { 0, 7, "0 %" },	  { 1, 0, "-" },
		{ 0, 0, "-" },		 { 0.004, 100, "<0.01 %" }, { 99.97, 100, "99.9 %" },
		{ 99.6, 100, "99.6 %" }, { 99.4, 100, "99 %" },	  { 9.96, 100, "10 %" },
		{ 0.996, 100, "1.0 %" }, { 250, 100, "250 %" },	  { -3, 100, "-3.0 %" },
		{ NAN, 1, "-" },	 { 1, INFINITY, "0 %" },
	};
	struct strbuf sb = STRBUF_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
		strbuf_clear(&sb);
		fmt_share(&sb, table[i].part, table[i].whole);
		assert_string_equal(sb.buf, table[i].text);
	}
	strbuf_release(&sb);
}

static void foreign_text_cannot_command_a_terminal(void **state)
{
	static const struct {
		const char *text, *printed;
	} table[] = {
		{ "worker/3", "worker/3" },
		{ "größe 日本 \U0001f600", "größe 日本 \U0001f600" },
		{ "\x1b[2J\x1b]0;x\a", "\\x1b[2J\\x1b]0;x\\x07" },
		{ "a\nb\tc\x7f", "a\\x0ab\\x09c\\x7f" },
		{ "\xc2\x9b" "31m", "\\xc2\\x9b31m" }, /* CSI as one character */
		{ "\xff\xfe\x80", "\\xff\\xfe\\x80" },
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" }, /* a surrogate */
		{ "ab\xe2\x80", "ab\\xe2\\x80" }, /* cut off */
		{ "x\u202e" "fdp.exe", "x\\xe2\\x80\\xaefdp.exe" }, /* turns the direction */
		{ "\ufeffz\u200b", "\\xef\\xbb\\xbfz\\xe2\\x80\\x8b" },
	};
	struct strbuf sb = STRBUF_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
		strbuf_clear(&sb);
		fmt_text(&sb, table[i].text, 0);
		assert_string_equal(sb.buf, table[i].printed);
	}
	strbuf_release(&sb);
}

static void no_byte_string_prints_a_control_or_broken_utf8(void **state)
{
	struct strbuf sb = STRBUF_INIT;
	uint64_t seed = 7;
	char text[40];

	(void)state;
	for (int round = 0; round < 20000; round++) {
		size_t width = unit_random(&seed) % 30, len = unit_random(&seed) % sizeof(text);

		for (size_t i = 0; i < len; i++)
			text[i] = (char)(1 + unit_random(&seed) % 255);
		text[len] = '\0';
		strbuf_clear(&sb);
		fmt_text(&sb, text, width);
		if (width)
			assert_in_range(fmt_columns(sb.buf), 0, width);
		for (size_t i = 0, size; i < sb.len; i += size) {
			uint32_t code;

			size = utf8_size(sb.buf + i, sb.len - i);
			assert_in_range(size, 1, 4);
			code = utf8_code(sb.buf + i, size);
			assert_false(code < 0x20 || (code >= 0x7f && code < 0xa0));
		}
	}
	strbuf_release(&sb);
}

static void long_text_is_cut_in_the_middle_and_paths_keep_their_end(void **state)
{
	static const struct {
		const char *text;
		size_t width;
		const char *printed;
	} table[] = {
		{ "abcdefghij", 10, "abcdefghij" },
		{ "abcdefghij", 9, "abcd…ghij" },
		{ "abcdefghij", 8, "abc…ghij" },
		{ "abcdefghij", 1, "…" },
		{ "/usr/lib/x86_64-linux-gnu/libc.so.6", 20, "/usr…x-gnu/libc.so.6" },
		{ "ääääöööö", 5, "ää…öö" },
		{ "ab\x1b" "cd\x1b" "ef", 9, "ab…ef" }, /* an escape is whole or gone */
	};
	struct strbuf sb = STRBUF_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
		strbuf_clear(&sb);
		fmt_text(&sb, table[i].text, table[i].width);
		assert_string_equal(sb.buf, table[i].printed);
	}
	strbuf_release(&sb);
	assert_int_equal(fmt_columns(""), 0);
	assert_int_equal(fmt_columns("aä…\U0001f600"), 4);
}

static void say_all(void)
{
	log_error("e %d", 1);
	log_warning("w %d", 2);
	log_info("i %d", 3);
	log_verbose("v %d", 4);
}

/* What @say writes to stderr. */
static void stderr_of(void (*say)(void), char *text, size_t size)
{
	FILE *file = tmpfile();
	int saved = dup(STDERR_FILENO);
	size_t len;

	assert_non_null(file);
	assert_true(saved >= 0 && dup2(fileno(file), STDERR_FILENO) >= 0);
	say();
	fflush(stderr);
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	close(saved);
	rewind(file);
	len = fread(text, 1, size - 1, file);
	text[len] = '\0';
	fclose(file);
}

static void log_says_what_its_level_allows(void **state)
{
	char text[200];

	(void)state;
	assert_int_equal(log_level(), LOG_NORMAL);
	stderr_of(say_all, text, sizeof(text));
	assert_string_equal(text, "runwait: e 1\nrunwait: warning: w 2\nrunwait: i 3\n");
	log_set_level(LOG_QUIET);
	stderr_of(say_all, text, sizeof(text));
	assert_string_equal(text, "runwait: e 1\n");
	log_set_level(LOG_VERBOSE);
	stderr_of(say_all, text, sizeof(text));
	assert_string_equal(text,
			    "runwait: e 1\nrunwait: warning: w 2\nrunwait: i 3\nrunwait: v 4\n");
	log_set_level(LOG_NORMAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_strbuf_is_an_empty_string),
		cmocka_unit_test(pieces_are_appended_and_end_with_a_nul),
		cmocka_unit_test(formatted_text_may_be_longer_than_the_room),
		cmocka_unit_test(failure_sticks_until_the_strbuf_is_cleared),
		cmocka_unit_test(detached_strings_belong_to_the_caller),
		cmocka_unit_test(strbuf_is_whole_or_says_that_memory_was_short),
		cmocka_unit_test(errors_are_one_line_with_what_it_was_about_in_front),
		cmocka_unit_test(errors_that_are_too_long_are_cut),
		cmocka_unit_test(utf8_is_told_from_other_bytes),
		cmocka_unit_test(times_have_three_digits_and_a_unit),
		cmocka_unit_test(counts_have_three_digits),
		cmocka_unit_test(sizes_count_by_1024_and_drop_zeros),
		cmocka_unit_test(shares_say_all_and_nothing_only_of_those),
		cmocka_unit_test(foreign_text_cannot_command_a_terminal),
		cmocka_unit_test(no_byte_string_prints_a_control_or_broken_utf8),
		cmocka_unit_test(long_text_is_cut_in_the_middle_and_paths_keep_their_end),
		cmocka_unit_test(log_says_what_its_level_allows),
	};

	return cmocka_run_group_tests_name("base text", tests, NULL, NULL);
}
