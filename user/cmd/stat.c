/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/log.h"
#include "cmd/load.h"
#include "cmd/recorder.h"
#include "cmd/show.h"

#include <string.h>
#include <unistd.h>

struct stat_options {
	struct recorder_options recorder;
	struct show_options show;
	uint64_t slow_ns;
};

static const struct opt options[] = {
	RECORDER_OPTIONS(struct stat_options, recorder),
	LOAD_SLOW_OPTION(struct stat_options, slow_ns),
	SHOW_OPTIONS(struct stat_options, show),
	COMMAND_LOG_OPTIONS(struct stat_options, recorder.log),
	OPT_END,
};

/* The report of the file that was just written; takes over @fd. */
static int report(int fd, const struct stat_options *o)
{
	struct model_options model = { .slow_ns = o->slow_ns };
	struct load_selection all = { 0 };
	struct file_reader *reader = NULL;
	struct loaded loaded = { 0 };
	struct error err = ERROR_INIT;
	int rc = file_reader_open_fd(fd, "recording", &reader, &err), status;

	if (!rc)
		rc = load_result(reader, &model, &loaded, &err);
	status = rc ? command_failed(&err, rc) : show(view_at(0), &loaded, &all, &o->show);
	loaded_release(&loaded);
	file_reader_close(reader);
	return status;
}

static int stat_run(int argc, char **argv)
{
	struct stat_options o = { 0 };
	struct recorder_outcome out = { .fd = -1 };
	struct error err = ERROR_INIT;
	int status, shown = STATUS_OK, rc;

	recorder_defaults(&o.recorder);
	if (!recorder_command_line(&command_stat, &o, &o.recorder, argc, argv, &status)) {
		recorder_options_release(&o.recorder);
		return status;
	}
	rc = recorder_run(&o.recorder, &out, &err);
	if (!rc && out.fd >= 0) {
		shown = report(out.fd, &o);
		out.fd = -1;
	}
	if (out.fd >= 0)
		close(out.fd);
	if (shown == STATUS_OK)
		shown = recorder_status(&o.recorder, &out, rc, &err);
	recorder_options_release(&o.recorder);
	return shown;
}

const struct command command_stat = {
	.name = "stat",
	.summary = "record and report at once, keep no file",
	.usage = "[options] -- CMD [ARG...]\n"
		 "[options] -p PID[,PID...]\n"
		 "[options] -a",
	.notes = "The report goes to stdout when CMD has ended. The exit status is CMD's own.\n"
		 "Ctrl-C ends CMD, too, and with it what it hung in: for that, let it live\n"
		 "(stat -d 10 -- CMD, or why -p PID from another terminal).\n",
	.options = options,
	.run = stat_run,
};
