/* SPDX-License-Identifier: GPL-2.0-only */
#include "export/export.h"

#include "base/log.h"
#include "cmd/command.h"
#include "cmd/load.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct export_options {
	struct load_selection selection;
	const struct exporter *exporter;
	const char *out; /* NULL: not said; "-": stdout */
	enum export_weight weight;
	uint32_t classes;
	bool idle;
	struct export_by {
		bool process, lock;
	} by;
	struct command_log log;
};

static void format_names(struct strbuf *sb)
{
	const struct exporter *e;

	for (size_t i = 0; (e = export_at(i)); i++)
		strbuf_addf(sb, "%s%s", i ? ", " : "", e->name);
}

static int parse_format(void *field, const char *argument, struct error *err)
{
	const struct exporter **exporter = field;
	struct strbuf names = STRBUF_INIT;

	*exporter = export_find(argument);
	if (*exporter)
		return 0;
	format_names(&names);
	error_set(err, -EINVAL, "'%s' is no format (%s)", argument, names.buf);
	strbuf_release(&names);
	return -EINVAL;
}

static int parse_weight(void *field, const char *argument, struct error *err)
{
	enum export_weight *weight = field;
	int found = export_weight_find(argument);

	if (found < 0)
		return error_set(err, -EINVAL, "'%s' is not wall, oncpu or offcpu", argument);
	*weight = (enum export_weight)found;
	return 0;
}

/* "lock,sync": one after the other. */
static int parse_classes(void *field, const char *argument, struct error *err)
{
	uint32_t *classes = field;
	char name[32];

	for (const char *p = argument;; p++) {
		size_t len = strcspn(p, ",");
		uint32_t class = 0;

		if (len < sizeof(name)) {
			memcpy(name, p, len);
			name[len] = '\0';
			class = export_class_find(name);
		}
		if (!class)
			return error_set(err, -EINVAL,
					 "'%.*s' is no class (run, runnable, lock, sync, file, …)",
					 (int)len, p);
		*classes |= class;
		p += len;
		if (!*p)
			return 0;
	}
}

static int parse_by(void *field, const char *argument, struct error *err)
{
	struct export_by *by = field;

	if (strcmp(argument, "thread") && strcmp(argument, "process") && strcmp(argument, "lock"))
		return error_set(err, -EINVAL, "'%s' is not thread, process or lock", argument);
	by->process = !strcmp(argument, "process");
	by->lock = !strcmp(argument, "lock");
	return 0;
}

static const struct opt options[] = {
	{ 'f', "format", "FORMAT", "see below; also from the extension of OUT", OPT_CALL,
	  offsetof(struct export_options, exporter), 0, 0, parse_format },
	{ 'o', "output", "OUT", "file to write; - is stdout, the default but on a terminal",
	  OPT_TEXT, offsetof(struct export_options, out), 0, 0, NULL },
	{ 0, "weight", "WHAT", "wall: all time (default); oncpu: samples; offcpu: waiting",
	  OPT_CALL, offsetof(struct export_options, weight), 0, 0, parse_weight },
	{ 0, "class", "CLASSES", "only these: run, runnable, lock, sync, file …", OPT_CALL,
	  offsetof(struct export_options, classes), 0, 0, parse_classes },
	{ 0, "by", "ROOT", "thread (default), process: its threads together, or lock", OPT_CALL,
	  offsetof(struct export_options, by), 0, 0, parse_by },
	{ 0, "idle", NULL, "with offcpu: also what only waited for work", OPT_FLAG,
	  offsetof(struct export_options, idle), 0, 0, NULL },
	LOAD_OPTIONS(struct export_options, selection),
	COMMAND_LOG_OPTIONS(struct export_options, log),
	OPT_END,
};

/* Which format, and where to. False: it was said what is wrong. */
static bool choose_output(struct export_options *o, struct strbuf *path)
{
	struct strbuf names = STRBUF_INIT;

	if (!o->exporter && o->out)
		o->exporter = export_find_path(o->out);
	if (!o->exporter) {
		format_names(&names);
		command_usage(&command_export, "which format? -f FORMAT or -o FILE.FORMAT (%s)",
			      names.buf);
		strbuf_release(&names);
		return false;
	}
	if (o->out)
		strbuf_puts(path, o->out);
	else if (isatty(STDOUT_FILENO)) /* a picture is nothing for a terminal */
		strbuf_addf(path, "runwait.%s", o->exporter->name);
	else
		strbuf_puts(path, "-");
	return true;
}

/* A descriptor; not the recording itself, whatever path leads to it. */
static int open_output(const char *path, const char *recording, struct error *err)
{
	struct stat out, in;
	int fd;

	if (!stat(path, &out) && !stat(recording, &in) && out.st_dev == in.st_dev &&
	    out.st_ino == in.st_ino)
		return error_set(err, -EINVAL, "%s is the recording itself", path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	return fd < 0 ? error_set(err, -errno, "%s: %s", path, strerror(errno)) : fd;
}

/* Writes the export. What could not be written whole is taken away again. */
static int write_output(const struct export_options *o, const struct export_input *in,
			const char *path, const char *recording, struct error *err)
{
	bool to_stdout = !strcmp(path, "-");
	int fd = to_stdout ? STDOUT_FILENO : open_output(path, recording, err), rc, closed;
	struct sink out;
	struct stat st;

	if (fd < 0)
		return fd;
	sink_open_fd(&out, fd);
	rc = o->exporter->run(in, &out);
	closed = sink_close(&out);
	rc = rc ? rc : closed;
	if (to_stdout) /* who reads may have seen enough */
		return !rc || rc == -EPIPE ? 0 : error_set(err, rc, "stdout: %s", strerror(-rc));
	if (!rc && fstat(fd, &st))
		rc = -errno;
	if (close(fd) && !rc)
		rc = -errno;
	if (!rc)
		return 0;
	if (!stat(path, &st) && S_ISREG(st.st_mode))
		unlink(path);
	return error_set(err, rc, "%s: %s", path, strerror(-rc));
}

static int export_run(int argc, char **argv)
{
	struct export_options o = { 0 };
	const char *recording = LOAD_DEFAULT_FILE;
	struct strbuf path = STRBUF_INIT;
	struct error err = ERROR_INIT;
	struct loaded loaded = { 0 };
	struct export_input in;
	int words, status, rc;

	if (!command_parse(&command_export, &o, argc, argv, false, &words, NULL, &status))
		return status;
	command_set_log(&o.log);
	if (load_is_nothing(&o.selection))
		return command_usage(&command_export, LOAD_IS_NOTHING);
	if (argc - words > 1)
		return command_usage(&command_export, "one file at a time, not also '%s'",
				     argv[words + 1]);
	if (argc > words)
		recording = argv[words];
	if (!choose_output(&o, &path))
		return STATUS_USAGE;
	rc = strbuf_error(&path);
	if (!rc)
		rc = load_file(recording, &o.selection, &loaded, &err);
	in = (struct export_input){
		.result = &loaded.result,
		.stacks = loaded.stacks,
		.version = runwait_version,
		.weight = o.weight,
		.classes = o.classes,
		.idle = o.idle,
		.by_process = o.by.process,
		.by_lock = o.by.lock,
	};
	if (!rc)
		rc = export_check(&in, &err);
	if (!rc)
		rc = write_output(&o, &in, path.buf, recording, &err);
	if (!rc && strcmp(path.buf, "-"))
		log_info("wrote %s", path.buf);
	status = rc ? command_failed(&err, rc) : STATUS_OK;
	loaded_release(&loaded);
	strbuf_release(&path);
	return status;
}

#define EXPORT_HELP(name, help) "  " #name ": " help "\n"

const struct command command_export = {
	.name = "export",
	.summary = "write a recording as a picture or for other tools",
	.usage = "[-f FORMAT] [-o OUT] [FILE] [options]",
	.notes = "FILE is " LOAD_DEFAULT_FILE " unless it is said. FORMAT is one of:\n"
		 EXPORTERS(EXPORT_HELP),
	.options = options,
	.run = export_run,
};
