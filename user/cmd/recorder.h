/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * recorder: from the probes to a capture file. Joins what capture says with
 * names (symbol), makes events of it (core) and writes them (file). record and
 * stat are two ways to call it.
 */
#ifndef RUNWAIT_CMD_RECORDER_H
#define RUNWAIT_CMD_RECORDER_H

#include "base/alloc.h"
#include "base/error.h"
#include "base/opts.h"
#include "capture/capture.h"
#include "cmd/child.h"
#include "cmd/command.h"
#include "file/file.h"

struct recorder_options {
	struct capture_options capture;
	const char *path; /* of the file; NULL: one without a name */
	VEC(pid_t) pids; /* -p */
	char **command; /* NULL-terminated; NULL with -p and -a */
	uint64_t duration_ns; /* 0: until the command ends or Ctrl-C */
	uint64_t frequency_hz;
	struct command_log log;
};

/* The options that record and stat share; -o is record's own. */
#define RECORDER_OPTIONS(type, f)                                                                  \
	{ 'p', "pid", "PID[,PID...]", "record these running processes", OPT_CALL,                  \
	  offsetof(type, f.pids), 0, 0, recorder_parse_pids },                                     \
	{ 'a', "all", NULL, "record the whole machine", OPT_FLAG,                                  \
	  offsetof(type, f.capture.all_tasks), 0, 0, NULL },                                       \
	{ 'd', "duration", "S", "stop after this time", OPT_SECONDS,                               \
	  offsetof(type, f.duration_ns), 1, 0, NULL },                                             \
	{ 'F', "frequency", "HZ", "on-CPU samples a second and core, 0 none (99)", OPT_UINT,       \
	  offsetof(type, f.frequency_hz), 0, 10000, NULL },                                        \
	{ 0, "no-children", NULL, "do not follow new child processes", OPT_CLEAR,                  \
	  offsetof(type, f.capture.children), 0, 0, NULL },                                        \
	{ 0, "loops", NULL, "see each round of event loops, also of those that never block",      \
	  OPT_FLAG, offsetof(type, f.capture.loops), 0, 0, NULL },                                 \
	{ 0, "no-stacks", NULL, "take no stacks", OPT_CLEAR,                                       \
	  offsetof(type, f.capture.stacks), 0, 0, NULL },                                          \
	{ 0, "buffer", "SIZE", "memory for each CPU's records, at most 8M (8M)", OPT_SIZE,         \
	  offsetof(type, f.capture.buffer_size), 4096, 0, NULL },                                  \
	{ 'm', "min-wait", "US", "sum up shorter waits instead of keeping each", OPT_CALL,         \
	  offsetof(type, f.capture.min_wait_ns), 0, 0, recorder_parse_us }

int recorder_parse_pids(void *into, const char *argument, struct error *err);
int recorder_parse_us(void *into, const char *argument, struct error *err);

/* What options are without being said. */
void recorder_defaults(struct recorder_options *o);
void recorder_options_release(struct recorder_options *o);

/*
 * Parses the command line of record or stat (@c) into @into, whose recorder
 * options are @o, and checks that there is one target. False: the command is
 * over with *ret_status.
 */
bool recorder_command_line(const struct command *c, void *into, struct recorder_options *o,
			   int argc, char **argv, int *ret_status);

/* How a recording went. */
struct recorder_outcome {
	uint64_t records; /* waits in the file */
	uint64_t threads;
	uint64_t lost; /* records, all causes */
	uint64_t size; /* bytes of the file */
	struct child child; /* the command's end; pid 0 with -p and -a */
	int fd; /* of the finished file, open for reading; the caller's */
	int exec_error; /* errno of a command that could not be run */
};

/*
 * Records until the command ends, the duration is over, the targets are gone,
 * or SIGINT, SIGTERM or SIGHUP comes. 0, or a negative errno with a line. A
 * full disk ends the recording: the file is valid, the error is returned.
 */
int recorder_run(const struct recorder_options *o, struct recorder_outcome *ret, struct error *err);

/*
 * Says what failed and returns the exit status of the whole: CMD's own, ours
 * when we failed. Ends the command's life as it ended: may not return.
 */
int recorder_status(const struct recorder_options *o, const struct recorder_outcome *out, int rc,
		    const struct error *err);

#endif
