/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/alloc.h"
#include "base/opts.h"
#include "oom.h"
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct options {
	bool all, children;
	int verbose;
	const char *output;
	uint64_t frequency, duration_ns, buffer_size, any;
	char colour;
};

static int parse_colour(void *field, const char *argument, struct error *err)
{
	if (strcmp(argument, "red") && strcmp(argument, "blue"))
		return error_set(err, -EINVAL, "'%s' is no colour", argument);
	*(char *)field = argument[0];
	return 0;
}

static const struct opt table[] = {
	{ 'a', "all", .help = "take all", .kind = OPT_FLAG,
	  .offset = offsetof(struct options, all) },
	{ 0, "no-children", .help = "leave out children", .kind = OPT_CLEAR,
	  .offset = offsetof(struct options, children) },
	{ 'v', "verbose", .help = "say more", .kind = OPT_COUNT,
	  .offset = offsetof(struct options, verbose) },
	{ 'o', "output", "FILE", "write there", OPT_TEXT, offsetof(struct options, output) },
	{ 'F', "frequency", "HZ", "samples a second", OPT_UINT,
	  offsetof(struct options, frequency), 1, 10000 },
	{ 'd', "duration", "S", "stop after it", OPT_SECONDS,
	  offsetof(struct options, duration_ns), 1000000, 60000000000 },
	{ 'b', "buffer", "SIZE", "memory a core", OPT_SIZE,
	  offsetof(struct options, buffer_size), 4096 },
	{ 'n', NULL, "N", "any number", OPT_UINT, offsetof(struct options, any) },
	{ 0, "colour-of-the-thing", "COLOUR", "red or blue", OPT_CALL,
	  offsetof(struct options, colour), .parse = parse_colour },
	OPT_END,
};

/* A command line, taken apart; words are separated by one blank. */
struct line {
	char text[256];
	char *argv[32];
	int argc, words, result;
	bool dashes;
	struct options got;
	struct error err;
};

static void parse_with(struct line *l, const char *text, bool stop_at_word)
{
	*l = (struct line){ .got = { .children = true }, .words = -1 };
	snprintf(l->text, sizeof(l->text), "cmd %s", text);
	for (char *p = strtok(l->text, " "); p; p = strtok(NULL, " "))
		l->argv[l->argc++] = p;
	l->result = opts_parse(table, &l->got, l->argc, l->argv, stop_at_word, &l->words,
			       &l->dashes, &l->err);
}

static void parse(struct line *l, const char *text)
{
	parse_with(l, text, false);
}

/* The words left over, joined. */
static const char *rest(struct line *l)
{
	static char joined[256];
	size_t n = 0;

	assert_int_equal(l->result, 0);
	joined[0] = '\0';
	for (int i = l->words; i < l->argc; i++)
		n += (size_t)snprintf(joined + n, sizeof(joined) - n, "%s%s", n ? " " : "",
				      l->argv[i]);
	return joined;
}

static void an_option_may_be_written_in_four_ways(void **state)
{
	static const char *const ways[] = { "-d 5", "-d5", "--duration 5", "--duration=5" };
	struct line l;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(ways); i++) {
		parse(&l, ways[i]);
		assert_string_equal(rest(&l), "");
		assert_int_equal(l.got.duration_ns, 5000000000);
	}
}

static void flags_may_share_a_word_and_the_last_may_take_an_argument(void **state)
{
	struct line l;

	(void)state;
	parse(&l, "-avv -vofile word");
	assert_string_equal(rest(&l), "word");
	assert_true(l.got.all);
	assert_int_equal(l.got.verbose, 3);
	assert_string_equal(l.got.output, "file");
	parse(&l, "-vo -a");
	assert_string_equal(l.got.output, "-a");
	assert_false(l.got.all);
}

static void the_last_of_several_counts(void **state)
{
	struct line l;

	(void)state;
	parse(&l, "-F1 --frequency=2 -F 3 --no-children");
	assert_string_equal(rest(&l), "");
	assert_int_equal(l.got.frequency, 3);
	assert_false(l.got.children);
}

static void words_between_options_keep_their_order(void **state)
{
	struct line l;

	(void)state;
	parse(&l, "one -a two -F 7 three -v");
	assert_string_equal(rest(&l), "one two three");
	assert_true(l.got.all);
	assert_int_equal(l.got.frequency, 7);
	assert_int_equal(l.got.verbose, 1);
	assert_false(l.dashes);
}

static void nothing_behind_two_dashes_is_an_option(void **state)
{
	struct line l;

	(void)state;
	parse(&l, "-v one -- -a -- two");
	assert_string_equal(rest(&l), "one -a -- two");
	assert_true(l.dashes);
	assert_false(l.got.all);
	parse(&l, "--");
	assert_string_equal(rest(&l), "");
	assert_true(l.dashes);
	parse(&l, "-o -- x");
	assert_string_equal(l.got.output, "--");
	assert_string_equal(rest(&l), "x");
	assert_false(l.dashes);
}

static void parsing_can_stop_at_the_first_word(void **state)
{
	struct line l;

	(void)state;
	parse_with(&l, "-v prog -a --nonsense -- x", true);
	assert_string_equal(rest(&l), "prog -a --nonsense -- x");
	assert_int_equal(l.got.verbose, 1);
	assert_false(l.got.all);
	assert_false(l.dashes);
	parse_with(&l, "-v -- prog -a", true);
	assert_string_equal(rest(&l), "prog -a");
	assert_true(l.dashes);
}

static void a_lone_dash_is_a_word(void **state)
{
	struct line l;

	(void)state;
	parse(&l, "-a - -v");
	assert_string_equal(rest(&l), "-");
	assert_int_equal(l.got.verbose, 1);
	parse(&l, "-o -");
	assert_string_equal(l.got.output, "-");
}

static void numbers_take_units_and_fractions(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} times[] = {
		{ "2", 2000000000 },	{ "2s", 2000000000 },	 { "0.5", 500000000 },
		{ "100ms", 100000000 }, { "1.5ms", 1500000 },	 { "3000us", 3000000 },
		{ "1000000ns", 1000000 }, { "1m", 60000000000 }, { "0.25m", 15000000000 },
		{ "0.001", 1000000 },	{ "0.0019999999999", 1999999 },
		{ "0.001h", 3600000000 },
	};
	static const struct {
		const char *text;
		uint64_t bytes;
	} sizes[] = {
		{ "4096", 4096 }, { "64K", 65536 },   { "64KiB", 65536 }, { "12.5k", 12800 },
		{ "2M", 2 << 20 }, { "3G", 3ull << 30 }, { "5000B", 5000 },
	};
	struct line l;
	char text[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(times); i++) {
		snprintf(text, sizeof(text), "-d%s", times[i].text);
		parse(&l, text);
		assert_string_equal(rest(&l), "");
		assert_int_equal(l.got.duration_ns, times[i].ns);
	}
	for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
		snprintf(text, sizeof(text), "-b%s", sizes[i].text);
		parse(&l, text);
		assert_string_equal(rest(&l), "");
		assert_int_equal(l.got.buffer_size, sizes[i].bytes);
	}
	parse(&l, "-n 18446744073709551615");
	assert_string_equal(rest(&l), "");
	assert_int_equal(l.got.any, UINT64_MAX);
}

static void what_is_wrong_is_named(void **state)
{
	static const struct {
		const char *line, *message;
	} wrong[] = {
		{ "-x", "unknown option -x" },
		{ "-ax", "unknown option -x" },
		{ "--nonsense", "unknown option --nonsense" },
		{ "--nonsense=1", "unknown option --nonsense" },
		{ "--al", "unknown option --al" },
		{ "--all=1", "--all takes no argument" },
		{ "-o", "-o needs FILE" },
		{ "--output", "--output needs FILE" },
		{ "-F x", "-F: 'x' is not a whole number" },
		{ "--frequency=", "--frequency: '' is not a whole number" },
		{ "-F-1", "-F: '-1' is not a whole number" },
		{ "-F+1", "-F: '+1' is not a whole number" },
		{ "-F1.5", "-F: '1.5' is not a whole number" },
		{ "-F0x10", "-F: '0x10' is not a whole number" },
		{ "-F0", "-F: 0 is out of range: it must be between 1 and 10000" },
		{ "-F10001", "-F: 10001 is out of range: it must be between 1 and 10000" },
		{ "--frequency 18446744073709551617",
		  "--frequency: 18446744073709551617 is out of range: "
		  "it must be between 1 and 10000" },
		{ "-n18446744073709551616", "-n: 18446744073709551616 is out of range: "
					    "it must be at most 18446744073709551615" },
		{ "-d1x", "-d: '1x' is not a time such as 2, 0.5 or 100ms" },
		{ "-d1.", "-d: '1.' is not a time such as 2, 0.5 or 100ms" },
		{ "-d.5", "-d: '.5' is not a time such as 2, 0.5 or 100ms" },
		{ "-d2m", "-d: 2m is out of range: it must be between 1.00 ms and 1m 00s" },
		{ "-d99999999999999999h", "-d: 99999999999999999h is out of range: "
					  "it must be between 1.00 ms and 1m 00s" },
		{ "-b1K", "-b: 1K is out of range: it must be at least 4 KiB" },
		{ "-b1KB", "-b: '1KB' is not a size such as 65536, 64K or 2M" },
		{ "--colour-of-the-thing=green", "--colour-of-the-thing: 'green' is no colour" },
	};
	struct line l;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
		parse(&l, wrong[i].line);
		assert_int_equal(l.result, -EINVAL);
		assert_string_equal(l.err.msg, wrong[i].message);
		assert_int_equal(l.words, -1); /* results only on success */
	}
	parse(&l, "--colour-of-the-thing blue");
	assert_string_equal(rest(&l), "");
	assert_int_equal(l.got.colour, 'b');
}

static void help_is_asked_for_in_two_ways(void **state)
{
	static const char *const ways[] = { "-h", "--help", "-ah", "word --help -x" };
	struct line l;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(ways); i++) {
		parse(&l, ways[i]);
		assert_int_equal(l.result, -ECANCELED);
	}
	parse(&l, "-- --help");
	assert_string_equal(rest(&l), "--help");
}

static const char help_text[] =
	"  -a, --all           take all\n"
	"      --no-children   leave out children\n"
	"  -v, --verbose       say more\n"
	"  -o, --output FILE   write there\n"
	"  -F, --frequency HZ  samples a second\n"
	"  -d, --duration S    stop after it\n"
	"  -b, --buffer SIZE   memory a core\n"
	"  -n N                any number\n"
	"      --colour-of-the-thing COLOUR\n"
	"                      red or blue\n"
	"  -h, --help          show this help\n";

static void help_is_made_from_the_table(void **state)
{
	(void)state;
	OOM_SWEEP(50) {
		struct strbuf sb = STRBUF_INIT;

		opts_help(table, &sb);
		assert_int_equal(strbuf_error(&sb), oom_has_failed() ? -ENOMEM : 0);
		if (!strbuf_error(&sb))
			assert_string_equal(sb.buf, help_text);
		strbuf_release(&sb);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_option_may_be_written_in_four_ways),
		cmocka_unit_test(flags_may_share_a_word_and_the_last_may_take_an_argument),
		cmocka_unit_test(the_last_of_several_counts),
		cmocka_unit_test(words_between_options_keep_their_order),
		cmocka_unit_test(nothing_behind_two_dashes_is_an_option),
		cmocka_unit_test(parsing_can_stop_at_the_first_word),
		cmocka_unit_test(a_lone_dash_is_a_word),
		cmocka_unit_test(numbers_take_units_and_fractions),
		cmocka_unit_test(what_is_wrong_is_named),
		cmocka_unit_test(help_is_asked_for_in_two_ways),
		cmocka_unit_test(help_is_made_from_the_table),
	};

	return cmocka_run_group_tests_name("base opts", tests, NULL, NULL);
}
