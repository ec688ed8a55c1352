/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * opts: command-line options from one table a command. The table parses,
 * checks ranges and writes the help, so that they cannot disagree.
 */
#ifndef RUNWAIT_BASE_OPTS_H
#define RUNWAIT_BASE_OPTS_H

#include "base/error.h"
#include "base/strbuf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum opt_kind {
	OPT_FLAG, /* bool *: set to true */
	OPT_CLEAR, /* bool *: set to false (--no-…) */
	OPT_COUNT, /* int *: one more each time (-v -v) */
	OPT_TEXT, /* const char **: the argument itself */
	OPT_UINT, /* uint64_t *: decimal within [min, max] */
	OPT_SECONDS, /* uint64_t * in ns: "2", "0.5", "100ms", "3us", "1m" */
	OPT_SIZE, /* uint64_t * in bytes: "65536", "64K", "2M" (powers of 1024) */
	OPT_CALL, /* parse() decides */
};

struct opt {
	char letter; /* 0: none */
	const char *name; /* without the dashes; NULL: none */
	const char *argument; /* its name in the help; NULL: takes none */
	const char *help; /* one line, lower case, no full stop */
	enum opt_kind kind;
	size_t offset; /* of the field in the struct that is filled */
	uint64_t min, max; /* OPT_UINT, OPT_SECONDS, OPT_SIZE; max 0: no limit */
	/*
	 * OPT_CALL: called once an occurrence, with the field and the argument
	 * (NULL where the option takes none). 0, or a negative errno and a line,
	 * before which the option's name is put.
	 */
	int (*parse)(void *field, const char *argument, struct error *err);
};

#define OPT_END { 0 }

/*
 * Parses argv[1…] into @into. Stops at "--", which is taken, and, with
 * @stop_at_word, at the first word that is no option. Options may be "-d 5",
 * "-d5", "--duration 5", "--duration=5"; flags may be bundled.
 * *ret_words gets the index in argv of the first word left over; words
 * between options are moved behind them, in order. *ret_dashes (may be NULL)
 * says whether "--" was there.
 * 0, or -EINVAL with a line that names the option; -ECANCELED for --help / -h.
 */
int opts_parse(const struct opt *table, void *into, int argc, char **argv, bool stop_at_word,
	       int *ret_words, bool *ret_dashes, struct error *err);

/* The table as help text, one option a line, aligned, -h/--help last. */
void opts_help(const struct opt *table, struct strbuf *out);

#endif
