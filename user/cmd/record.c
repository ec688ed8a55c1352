/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/fmt.h"
#include "base/log.h"
#include "cmd/load.h"
#include "cmd/recorder.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

struct record_options {
	struct recorder_options recorder;
	const char *output;
};

static const struct opt options[] = {
	{ 'o', "output", "FILE", "write there (runwait.rw); an old file becomes FILE.old",
	  OPT_TEXT, offsetof(struct record_options, output), 0, 0, NULL },
	RECORDER_OPTIONS(struct record_options, recorder),
	COMMAND_LOG_OPTIONS(struct record_options, recorder.log),
	OPT_END,
};

/* The last line: what there is now, what is missing in it, and what to do next. */
static void say_outcome(const struct recorder_options *o, const struct recorder_outcome *out,
			bool whole)
{
	bool largest = !o->capture.buffer_size || o->capture.buffer_size >= CAPTURE_BUFFER_MAX;
	struct strbuf line = STRBUF_INIT;

	strbuf_addf(&line, "%s: ", o->path);
	fmt_size(&line, out->size);
	if (!whole) {
		log_info("%s, the beginning of the recording; next: runwait report %s", line.buf,
			 o->path);
		strbuf_release(&line);
		return;
	}
	strbuf_addf(&line, ", %" PRIu64 " record%s, %" PRIu64 " thread%s, lost %" PRIu64,
		    out->records, out->records == 1 ? "" : "s", out->threads,
		    out->threads == 1 ? "" : "s", out->lost);
	if (out->lost)
		strbuf_addf(&line, " (%s loses less)",
			    largest ? "--min-wait" : "a larger --buffer");
	strbuf_puts(&line, "; next: runwait report");
	if (strcmp(o->path, LOAD_DEFAULT_FILE))
		strbuf_addf(&line, " %s", o->path);
	log_info("%s", line.buf);
	strbuf_release(&line);
}

static int record_run(int argc, char **argv)
{
	struct record_options o = { .output = LOAD_DEFAULT_FILE };
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
		say_outcome(&o.recorder, &out, !rc);
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
