/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/fmt.h"
#include "base/log.h"
#include "cmd/recorder.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

struct record_options {
	struct recorder_options recorder;
	const char *output;
};

static const struct opt options[] = {
	{ 'o', "output", "FILE", "write the recording there (runwait.rw); an old one becomes FILE.old",
	  OPT_TEXT, offsetof(struct record_options, output), 0, 0, NULL },
	RECORDER_OPTIONS(struct record_options, recorder),
	COMMAND_LOG_OPTIONS(struct record_options, recorder.log),
	OPT_END,
};

/* The last line: what there is now, what is missing in it, and what to do next. */
static void say_outcome(const struct recorder_outcome *out, const char *path)
{
	struct strbuf line = STRBUF_INIT;

	strbuf_addf(&line, "%s: ", path);
	fmt_size(&line, out->size);
	strbuf_puts(&line, ", ");
	fmt_count(&line, out->records);
	strbuf_puts(&line, " records, ");
	fmt_count(&line, out->threads);
	strbuf_addf(&line, " thread%s, lost ", out->threads == 1 ? "" : "s");
	fmt_count(&line, out->lost);
	if (out->lost)
		strbuf_puts(&line, " (a larger --buffer loses less)");
	strbuf_puts(&line, "; next: runwait report");
	if (strcmp(path, "runwait.rw"))
		strbuf_addf(&line, " %s", path);
	log_info("%s", line.buf);
	strbuf_release(&line);
}

static int record_run(int argc, char **argv)
{
	struct record_options o = { .output = "runwait.rw" };
	struct recorder_outcome out = { .fd = -1 };
	struct error err = ERROR_INIT;
	int status, rc;

	recorder_defaults(&o.recorder);
	if (!recorder_command_line(&command_record, &o, &o.recorder, argc, argv, &status)) {
		recorder_options_release(&o.recorder);
		return status;
	}
	o.recorder.path = o.output;
	rc = recorder_run(&o.recorder, &out, &err);
	if (!out.exec_error && out.fd >= 0)
		say_outcome(&out, o.output);
	status = recorder_status(&o.recorder, &out, rc, &err);
	recorder_options_release(&o.recorder);
	return status;
}

const struct command command_record = {
	.name = "record",
	.summary = "record what the threads of a program run and wait for",
	.usage = "[options] [-o FILE] -- CMD [ARG...]\n"
		 "[options] [-o FILE] -p PID[,PID...]\n"
		 "[options] [-o FILE] -a",
	.notes = "The exit status is CMD's own; 125 when runwait fails, 126 and 127 when CMD\n"
		 "cannot be run. Ctrl-C stops the recording and writes the file.\n",
	.options = options,
	.run = record_run,
};
