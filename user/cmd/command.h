/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * command: what `runwait NAME` is, and the steps all commands share.
 *
 * A command lives in user/cmd/NAME.c as `const struct command command_NAME`
 * and has one line in COMMANDS. Commands are the only code that prints and
 * the only code that decides an exit status.
 */
#ifndef RUNWAIT_CMD_COMMAND_H
#define RUNWAIT_CMD_COMMAND_H

#include "base/error.h"
#include "base/opts.h"
#include "base/strbuf.h"

#include <stdbool.h>

/* The place to add a command: X(NAME), in the order of the help. */
#define COMMANDS(X) X(record) X(stat) X(report) X(export) X(why) X(check)

struct command {
	const char *name;
	const char *summary; /* for the list of commands: lower case, no full stop */
	/* Lines behind "usage: runwait NAME ", separated by '\n'. */
	const char *usage;
	/* Paragraphs behind the options in the help, each ending with '\n'; or NULL. */
	const char *notes;
	const struct opt *options;
	/* argv[0] is the name. Returns the exit status. */
	int (*run)(int argc, char **argv);
};

#define COMMAND_DECLARE(name) extern const struct command command_##name;
COMMANDS(COMMAND_DECLARE)
#undef COMMAND_DECLARE

/* runwait's own exit statuses; those of a recorded CMD are passed on. */
enum {
	STATUS_OK = 0,
	STATUS_USAGE = 2,
	STATUS_FAILED = 125,
	STATUS_NOT_EXECUTABLE = 126,
	STATUS_NOT_FOUND = 127,
};

/* What the program calls itself: "0.1.0-g1234abc". */
extern const char runwait_version[];

/* -q and -v, the same in every command that says more than its result. */
struct command_log {
	bool quiet;
	int verbose;
};

/* Two lines of an options table, for a struct command_log that is @field of @type. */
#define COMMAND_LOG_OPTIONS(type, field)                                                   \
	{ 'q', "quiet", .help = "say nothing but errors and the result",                  \
	  .kind = OPT_FLAG, .offset = offsetof(type, field.quiet) },                       \
	{ 'v', "verbose", .help = "say more about what is done",                           \
	  .kind = OPT_COUNT, .offset = offsetof(type, field.verbose) }

void command_set_log(const struct command_log *log);

/*
 * opts_parse() for @c. True: go on. False: the command is over with
 * *ret_status, because help was asked for (and printed) or the command line is
 * wrong (and that was said).
 */
bool command_parse(const struct command *c, void *into, int argc, char **argv, bool stop_at_word,
		   int *ret_words, bool *ret_dashes, int *ret_status);

/* "runwait NAME: line" and where the help is. Returns STATUS_USAGE. */
int command_usage(const struct command *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Says what failed (@code is a negative errno). Returns STATUS_FAILED. */
int command_failed(const struct error *err, int code);

/* Everything `runwait help NAME` prints. */
void command_help(const struct command *c, struct strbuf *out);

/*
 * Writes @text to stdout. Returns STATUS_OK, or says why it could not and
 * returns STATUS_FAILED.
 */
int command_print(const struct strbuf *text);

#endif
