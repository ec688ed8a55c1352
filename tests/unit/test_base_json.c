/* SPDX-License-Identifier: GPL-2.0-only */
/* json, sink */
#include "base/alloc.h"
#include "base/json.h"
#include "base/sink.h"
#include "base/utf8.h"
#include "oom.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void write_example(struct json *j)
{
	json_open_object(j, NULL);
	json_int(j, "low", INT64_MIN);
	json_uint(j, "high", UINT64_MAX);
	json_open_array(j, "list");
	json_text(j, NULL, "a");
	json_null(j, NULL);
	json_open_object(j, NULL);
	json_close(j);
	json_open_array(j, NULL);
	json_bool(j, NULL, true);
	json_bool(j, NULL, false);
	json_close(j);
	json_close(j);
	json_open_array(j, "none");
	json_close(j);
	json_address(j, "address", 0x7f00deadbeef);
	json_text(j, "absent", NULL);
	json_close(j);
}

static const char example[] = "{\n"
			      " \"low\": -9223372036854775808,\n"
			      " \"high\": 18446744073709551615,\n"
			      " \"list\": [\n"
			      "  \"a\",\n"
			      "  null,\n"
			      "  {},\n"
			      "  [\n"
			      "   true,\n"
			      "   false\n"
			      "  ]\n"
			      " ],\n"
			      " \"none\": [],\n"
			      " \"address\": \"0x7f00deadbeef\",\n"
			      " \"absent\": null\n"
			      "}\n";

static void nesting_commas_and_indentation_are_kept_whatever_memory_there_is(void **state)
{
	(void)state;
	OOM_SWEEP(50) {
		struct strbuf sb = STRBUF_INIT;
		struct sink sink;
		struct json j;
		int r;

		sink_open_memory(&sink, &sb);
		json_init(&j, &sink);
		write_example(&j);
		assert_int_equal(j.depth, 0);
		r = sink_close(&sink);
		assert_int_equal(r, oom_has_failed() ? -ENOMEM : 0);
		if (!r)
			assert_string_equal(sb.buf, example);
		strbuf_release(&sb);
	}
}

static void compact_values_are_one_line_each(void **state)
{
	struct strbuf sb = STRBUF_INIT;
	struct sink sink;
	struct json j;

	(void)state;
	sink_open_memory(&sink, &sb);
	json_init(&j, &sink);
	j.compact = true;
	for (int i = 0; i < 2; i++) {
		json_open_object(&j, NULL);
		json_int(&j, "i", i);
		json_open_array(&j, "a");
		json_int(&j, NULL, 1);
		json_int(&j, NULL, 2);
		json_close(&j);
		json_close(&j);
	}
	assert_int_equal(sink_close(&sink), 0);
	assert_string_equal(sb.buf, "{\"i\": 0,\"a\": [1,2]}\n{\"i\": 1,\"a\": [1,2]}\n");
	strbuf_release(&sb);
}

/* @value in quotes, as json_text_n() writes it. */
static void quote(struct strbuf *sb, const char *value, size_t len)
{
	struct sink sink;
	struct json j;

	strbuf_clear(sb);
	sink_open_memory(&sink, sb);
	json_init(&j, &sink);
	json_text_n(&j, NULL, value, len);
	assert_int_equal(sink_close(&sink), 0);
}

static void text_is_escaped_where_it_must_be(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		const char *quoted;
	} table[] = {
		{ "", 0, "\"\"" },
		{ "a\"b\\c/", 6, "\"a\\\"b\\\\c/\"" },
		{ "\0\n\t\x1f\x7f", 5, "\"\\u0000\\u000a\\u0009\\u001f\\u007f\"" },
		{ "\xc2\x80\xc2\x9b\xc2\xa0", 6, "\"\\u0080\\u009b\u00a0\"" },
		{ "é…\U0001f600", 9, "\"é…\U0001f600\"" },
		{ "\xff", 1, "\"\\ufffd\"" },
		{ "a\x80z", 3, "\"a\\ufffdz\"" },
		{ "\xc0\xaf", 2, "\"\\ufffd\\ufffd\"" }, /* "/" in two bytes */
		{ "\xe2\x80", 2, "\"\\ufffd\\ufffd\"" }, /* cut off */
		{ "\xed\xa0\x80", 3, "\"\\ufffd\\ufffd\\ufffd\"" }, /* a surrogate */
		{ "\xf4\x90\x80\x80", 4, "\"\\ufffd\\ufffd\\ufffd\\ufffd\"" },
		{ "\xe2\x80\"", 3, "\"\\ufffd\\ufffd\\\"\"" }, /* the quote is not swallowed */
	};
	struct strbuf sb = STRBUF_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
		quote(&sb, table[i].text, table[i].len);
		assert_string_equal(sb.buf, table[i].quoted);
	}
	strbuf_release(&sb);
}

/* RFC 8259: what may stand in a string. Fails the test where something else does. */
static void check_string(const char *s, size_t len)
{
	assert_true(len >= 2 && s[0] == '"' && s[len - 1] == '"');
	for (size_t i = 1, size; i < len - 1; i += size) {
		size = utf8_size(s + i, len - 1 - i);
		assert_int_not_equal(size, 0);
		assert_true((unsigned char)s[i] >= 0x20);
		assert_true(s[i] != '"');
		if (s[i] != '\\')
			continue;
		size = strchr("\"\\", s[i + 1]) ? 2 : 6;
		assert_true(i + size < len);
		if (size == 6) {
			assert_int_equal(s[i + 1], 'u');
			assert_int_equal(strspn(s + i + 2, "0123456789abcdef") >= 4, 1);
		}
	}
}

static void any_bytes_make_a_valid_string(void **state)
{
	struct strbuf sb = STRBUF_INIT;
	uint64_t seed = 99;
	char text[24];

	(void)state;
	for (unsigned int two = 0; two < 65536; two++) {
		text[0] = (char)(two >> 8);
		text[1] = (char)two;
		quote(&sb, text, 2);
		check_string(sb.buf, sb.len);
	}
	for (int round = 0; round < 20000; round++) {
		size_t len = unit_random(&seed) % sizeof(text);

		/* mostly bytes that begin or continue a sequence */
		for (size_t i = 0; i < len; i++)
			text[i] = (char)(unit_random(&seed) % 160 + 96);
		quote(&sb, text, len);
		check_string(sb.buf, sb.len);
	}
	strbuf_release(&sb);
}

static void reals_have_six_digits_and_only_finite_ones_are_numbers(void **state)
{
	static const struct {
		double value;
		const char *text;
	} table[] = {
		{ 0, "0" },	       { 0.5, "0.5" },	      { -1.25, "-1.25" },
		{ 2.0 / 3, "0.666667" }, { 1e300, "1e+300" }, { NAN, "null" },
		{ INFINITY, "null" },  { -INFINITY, "null" },
	};
	struct strbuf sb = STRBUF_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
		struct sink sink;
		struct json j;

		strbuf_clear(&sb);
		sink_open_memory(&sink, &sb);
		json_init(&j, &sink);
		json_real(&j, NULL, table[i].value);
		assert_int_equal(sink_close(&sink), 0);
		assert_string_equal(sb.buf, table[i].text);
	}
	strbuf_release(&sb);
}

static void large_output_arrives_in_order(void **state)
{
	struct strbuf sb = STRBUF_INIT;
	char line[32], *p;
	struct sink sink;

	(void)state;
	sink_open_memory(&sink, &sb);
	for (int i = 0; i < 50000; i++)
		sink_addf(&sink, "%d\n", i);
	assert_in_range(sb.len, 1, SIZE_MAX); /* it did not wait for the end */
	assert_int_equal(sink_close(&sink), 0);
	p = sb.buf;
	for (int i = 0; i < 50000; i++) {
		int len = snprintf(line, sizeof(line), "%d\n", i);

		assert_memory_equal(p, line, (size_t)len);
		p += len;
	}
	assert_ptr_equal(p, sb.buf + sb.len);
	strbuf_release(&sb);
}

static int refuse_second(struct sink *s, const void *data, size_t len)
{
	(void)data;
	(void)len;
	return ++s->fd == 2 ? -EIO : s->fd > 2 ? -EBADF : 0;
}

static void first_error_is_kept_and_nothing_is_written_behind_it(void **state)
{
	struct sink sink = { .write = refuse_second, .pending = STRBUF_INIT };

	(void)state;
	sink_puts(&sink, "one");
	assert_int_equal(sink_flush(&sink), 0);
	assert_int_equal(sink_flush(&sink), 0); /* nothing pending: not called */
	assert_int_equal(sink.fd, 1);
	sink_puts(&sink, "two");
	assert_int_equal(sink_flush(&sink), -EIO);
	sink_puts(&sink, "three");
	sink_addf(&sink, "%d", 4);
	assert_int_equal(sink_flush(&sink), -EIO);
	assert_int_equal(sink.fd, 2);
	assert_int_equal(sink_close(&sink), -EIO);
}

static void descriptors_pass_on_what_the_kernel_says(void **state)
{
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC), ends[2];
	void (*before)(int) = signal(SIGPIPE, SIG_IGN);
	char got[8] = { 0 };
	struct sink sink;

	(void)state;
	assert_true(full >= 0);
	sink_open_fd(&sink, full);
	sink_puts(&sink, "x");
	assert_int_equal(sink_close(&sink), -ENOSPC);
	close(full);

	assert_int_equal(pipe(ends), 0);
	sink_open_fd(&sink, ends[1]);
	sink_puts(&sink, "through");
	assert_int_equal(sink_flush(&sink), 0);
	assert_int_equal(read(ends[0], got, sizeof(got)), 7);
	assert_string_equal(got, "through");
	close(ends[0]);
	sink_puts(&sink, "nobody reads");
	assert_int_equal(sink_close(&sink), -EPIPE);
	close(ends[1]);
	signal(SIGPIPE, before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nesting_commas_and_indentation_are_kept_whatever_memory_there_is),
		cmocka_unit_test(compact_values_are_one_line_each),
		cmocka_unit_test(text_is_escaped_where_it_must_be),
		cmocka_unit_test(any_bytes_make_a_valid_string),
		cmocka_unit_test(reals_have_six_digits_and_only_finite_ones_are_numbers),
		cmocka_unit_test(large_output_arrives_in_order),
		cmocka_unit_test(first_error_is_kept_and_nothing_is_written_behind_it),
		cmocka_unit_test(descriptors_pass_on_what_the_kernel_says),
	};

	return cmocka_run_group_tests_name("base json", tests, NULL, NULL);
}
