/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * load: from a capture file to a result: what report, export and stat have in
 * common.
 */
#ifndef RUNWAIT_CMD_LOAD_H
#define RUNWAIT_CMD_LOAD_H

#include "base/error.h"
#include "base/opts.h"
#include "core/model.h"
#include "file/file.h"

/* What record writes and everything else reads when no file is named. */
#define LOAD_DEFAULT_FILE "runwait.rw"

/* What a report or an export is narrowed to; 0 everywhere: nothing. */
struct load_selection {
	uint64_t since_ns, until_ns; /* after the start of the recording; until 0: its end */
	uint64_t pid, tid;
	uint64_t slow_ns; /* rounds of event loops that take longer are stalls; 0: the default */
};

/* A line of an options table, for such a slow_ns that is @field of @type. */
#define LOAD_SLOW_OPTION(type, field)                                                              \
	{ 0, "slow", "MS", "rounds of event loops from here on are stalls (20)", OPT_CALL,         \
	  offsetof(type, field), 0, 0, load_parse_ms }

int load_parse_ms(void *into, const char *argument, struct error *err);

/* Four lines of an options table, for a struct load_selection that is @field of @type. */
#define LOAD_OPTIONS(type, field)                                                                  \
	{ 0, "pid", "P", "only this process", OPT_UINT, offsetof(type, field.pid), 1,              \
	  UINT32_MAX, NULL },                                                                      \
	{ 0, "tid", "T", "only this thread", OPT_UINT, offsetof(type, field.tid), 1, UINT32_MAX,   \
	  NULL },                                                                                  \
	{ 0, "since", "S", "only what is later than this after the start", OPT_SECONDS,            \
	  offsetof(type, field.since_ns), 0, 0, NULL },                                            \
	{ 0, "until", "S", "only what is earlier than this after the start", OPT_SECONDS,          \
	  offsetof(type, field.until_ns), 1, 0, NULL }

/* Whatever was recorded, that selects none of it: a slip on the command line. */
bool load_is_nothing(const struct load_selection *s);
#define LOAD_IS_NOTHING "--until is not later than --since"

struct loaded {
	struct file_reader *reader; /* NULL: the caller's */
	struct model *model; /* owns the text in the result */
	struct result result;
	const struct stacks *stacks; /* the model's */
};

/*
 * Runs all events of @reader, which stays the caller's and outlives @ret,
 * through a model. What is missing in the file is no error: see
 * file_reader_warning(). @options may be NULL.
 */
int load_result(struct file_reader *reader, const struct model_options *options,
		struct loaded *ret, struct error *err);

/*
 * Opens @path and runs the part that @selection names. Says on stderr what is
 * wrong with the file. An error when it has nothing of the selection.
 */
int load_file(const char *path, const struct load_selection *selection, struct loaded *ret,
	      struct error *err);

/* All zero is fine. */
void loaded_release(struct loaded *l);

#endif
