/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/opts.h"

#include "base/fmt.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct opt help_option = { 'h', "help", .help = "show this help" };

static bool opt_is_end(const struct opt *o)
{
	return !o->letter && !o->name;
}

struct unit {
	const char *name;
	uint64_t size;
};

static const struct unit time_units[] = {
	{ "", 1000000000 }, { "s", 1000000000 },   { "ms", 1000000 },	     { "us", 1000 },
	{ "ns", 1 },	    { "m", 60000000000 }, { "h", 3600000000000 }, { NULL, 0 },
};

static const struct unit size_units[] = {
	{ "", 1 },	     { "B", 1 },	 { "K", 1 << 10 },   { "KiB", 1 << 10 },
	{ "k", 1 << 10 },    { "M", 1 << 20 },	 { "MiB", 1 << 20 }, { "G", 1 << 30 },
	{ "GiB", 1 << 30 },  { NULL, 0 },
};

static const struct unit no_units[] = { { "", 1 }, { NULL, 0 } };

/*
 * "12.5ms": digits, for units a fraction (of which nine digits count), a unit.
 * 0, -EINVAL, or -ERANGE beyond 64 bits.
 */
static int number_parse(const char *text, const struct unit *units, uint64_t *ret_value)
{
	uint64_t whole = 0, value, part = 0, parts = 1;
	bool fractions = units != no_units, over = false;
	const char *p = text;

	for (; *p >= '0' && *p <= '9'; p++)
		over |= __builtin_mul_overflow(whole, 10, &whole) ||
			__builtin_add_overflow(whole, (uint64_t)(*p - '0'), &whole);
	if (p == text)
		return -EINVAL;
	if (fractions && p[0] == '.' && p[1] >= '0' && p[1] <= '9') {
		for (p++; *p >= '0' && *p <= '9'; p++) {
			if (parts == 1000000000)
				continue;
			part = part * 10 + (uint64_t)(*p - '0');
			parts *= 10;
		}
	}
	while (units->name && strcmp(p, units->name))
		units++;
	if (!units->name)
		return -EINVAL;
	part = (uint64_t)((unsigned __int128)part * units->size / parts);
	over |= __builtin_mul_overflow(whole, units->size, &value) ||
		__builtin_add_overflow(value, part, &value);
	if (over)
		return -ERANGE;
	*ret_value = value;
	return 0;
}

static void number_print(struct strbuf *sb, const struct opt *o, uint64_t value)
{
	if (o->kind == OPT_SECONDS)
		fmt_ns(sb, value);
	else if (o->kind == OPT_SIZE)
		fmt_size(sb, value);
	else
		strbuf_addf(sb, "%" PRIu64, value);
}

static int number_out_of_range(const struct opt *o, const char *dashed, const char *argument,
			       bool too_small, struct error *err)
{
	struct strbuf range = STRBUF_INIT;

	if (o->max) {
		strbuf_puts(&range, "between ");
		number_print(&range, o, o->min);
		strbuf_puts(&range, " and ");
		number_print(&range, o, o->max);
	} else {
		strbuf_puts(&range, too_small ? "at least " : "at most ");
		number_print(&range, o, too_small ? o->min : UINT64_MAX);
	}
	error_set(err, -EINVAL, "%s: %s is out of range: it must be %s", dashed, argument,
		  range.buf);
	strbuf_release(&range);
	return -EINVAL;
}

static int opt_number(const struct opt *o, const char *dashed, uint64_t *field,
		      const char *argument, struct error *err)
{
	const struct unit *units = no_units;
	const char *kind = "a whole number";
	uint64_t value;
	int r;

	if (o->kind == OPT_SECONDS) {
		units = time_units;
		kind = "a time such as 2, 0.5 or 100ms";
	} else if (o->kind == OPT_SIZE) {
		units = size_units;
		kind = "a size such as 65536, 64K or 2M";
	}
	r = number_parse(argument, units, &value);
	if (r == -EINVAL)
		return error_set(err, -EINVAL, "%s: '%s' is not %s", dashed, argument, kind);
	if (r || value < o->min || (o->max && value > o->max))
		return number_out_of_range(o, dashed, argument, !r && value < o->min, err);
	*field = value;
	return 0;
}

/* Puts one occurrence where it belongs. @dashed is the option as it was written. */
static int opt_apply(const struct opt *o, const char *dashed, void *into, const char *argument,
		     struct error *err)
{
	void *field = (char *)into + o->offset;
	int r;

	switch (o->kind) {
	case OPT_FLAG:
	case OPT_CLEAR:
		*(bool *)field = o->kind == OPT_FLAG;
		return 0;
	case OPT_COUNT:
		++*(int *)field;
		return 0;
	case OPT_TEXT:
		*(const char **)field = argument;
		return 0;
	case OPT_UINT:
	case OPT_SECONDS:
	case OPT_SIZE:
		return opt_number(o, dashed, field, argument, err);
	case OPT_CALL:
		r = o->parse(field, argument, err);
		return r ? error_prefix(err, r, "%s", dashed) : 0;
	}
	return error_set(err, -EINVAL, "%s: of no kind", dashed);
}

static const struct opt *find_letter(const struct opt *table, char letter)
{
	for (; !opt_is_end(table); table++)
		if (table->letter == letter)
			return table;
	return letter == 'h' ? &help_option : NULL;
}

static const struct opt *find_name(const struct opt *table, const char *name, size_t len)
{
	for (; !opt_is_end(table); table++)
		if (table->name && strlen(table->name) == len &&
		    !memcmp(table->name, name, len))
			return table;
	return len == 4 && !memcmp(name, "help", 4) ? &help_option : NULL;
}

/* "--name", "--name=argument" or "--name" "argument". *@taken: how many of @argv. */
static int parse_long(const struct opt *table, void *into, char **argv, int *taken,
		      struct error *err)
{
	const char *name = argv[0] + 2, *equals = strchr(name, '=');
	size_t len = equals ? (size_t)(equals - name) : strlen(name);
	const struct opt *o = find_name(table, name, len);
	const char *argument = NULL;
	char dashed[64];

	*taken = 1;
	if (!o)
		return error_set(err, -EINVAL, "unknown option --%.*s", (int)len, name);
	if (o == &help_option)
		return -ECANCELED;
	snprintf(dashed, sizeof(dashed), "--%s", o->name);
	if (!o->argument && equals)
		return error_set(err, -EINVAL, "%s takes no argument", dashed);
	if (o->argument) {
		argument = equals ? equals + 1 : argv[1];
		*taken = equals ? 1 : 2;
		if (!argument)
			return error_set(err, -EINVAL, "%s needs %s", dashed, o->argument);
	}
	return opt_apply(o, dashed, into, argument, err);
}

/* "-d5", "-d" "5" or flags in one word, of which the last may take an argument. */
static int parse_letters(const struct opt *table, void *into, char **argv, int *taken,
			 struct error *err)
{
	*taken = 1;
	for (const char *p = argv[0] + 1; *p; p++) {
		const struct opt *o = find_letter(table, *p);
		const char dashed[] = { '-', *p, '\0' };
		const char *argument = NULL;
		int r;

		if (!o)
			return error_set(err, -EINVAL, "unknown option %s", dashed);
		if (o == &help_option)
			return -ECANCELED;
		if (o->argument) {
			argument = p[1] ? p + 1 : argv[1];
			*taken = p[1] ? 1 : 2;
			if (!argument)
				return error_set(err, -EINVAL, "%s needs %s", dashed, o->argument);
		}
		r = opt_apply(o, dashed, into, argument, err);
		if (r || argument)
			return r;
	}
	return 0;
}

/* Moves @count entries at @from in front of those at @to … @from. */
static void move_forward(char **argv, int to, int from, int count)
{
	for (int i = 0; i < count; i++) {
		char *moved = argv[from + i];

		memmove(&argv[to + i + 1], &argv[to + i], (size_t)(from - to) * sizeof(*argv));
		argv[to + i] = moved;
	}
}

int opts_parse(const struct opt *table, void *into, int argc, char **argv, bool stop_at_word,
	       int *ret_words, bool *ret_dashes, struct error *err)
{
	int words = 1; /* argv[words … i - 1] are words that were passed over */
	bool dashes = false;

	for (int i = 1, taken; i < argc && !dashes; i += taken) {
		const char *arg = argv[i];
		int r = 0;

		taken = 1;
		if (arg[0] != '-' || !arg[1]) {
			if (stop_at_word)
				break;
			continue;
		}
		if (!strcmp(arg, "--"))
			dashes = true;
		else if (arg[1] == '-')
			r = parse_long(table, into, argv + i, &taken, err);
		else
			r = parse_letters(table, into, argv + i, &taken, err);
		if (r)
			return r;
		move_forward(argv, words, i, taken);
		words += taken;
	}
	*ret_words = words;
	if (ret_dashes)
		*ret_dashes = dashes;
	return 0;
}

static void opt_synopsis(const struct opt *o, struct strbuf *sb)
{
	if (o->letter)
		strbuf_addf(sb, "  -%c%s", o->letter, o->name ? ", " : "");
	else
		strbuf_puts(sb, "      ");
	if (o->name)
		strbuf_addf(sb, "--%s", o->name);
	if (o->argument)
		strbuf_addf(sb, " %s", o->argument);
}

static void opt_line(const struct opt *o, size_t column, struct strbuf *out)
{
	size_t start = out->len, width;

	opt_synopsis(o, out);
	width = out->len - start;
	if (width + 2 > column) {
		strbuf_putc(out, '\n');
		width = 0;
	}
	strbuf_pad(out, ' ', column - width);
	strbuf_puts(out, o->help);
	strbuf_putc(out, '\n');
}

void opts_help(const struct opt *table, struct strbuf *out)
{
	enum { COLUMN_MAX = 32 }; /* a longer option has its help on the next line */
	size_t column = strlen("  -h, --help") + 2, start = out->len;

	for (const struct opt *o = table; !opt_is_end(o); o++) {
		size_t width;

		opt_synopsis(o, out);
		width = out->len - start;
		strbuf_cut(out, start);
		if (width + 2 > column && width + 2 <= COLUMN_MAX)
			column = width + 2;
	}
	for (const struct opt *o = table; !opt_is_end(o); o++)
		opt_line(o, column, out);
	opt_line(&help_option, column, out);
}
