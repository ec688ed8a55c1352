/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/log.h"
#include "cmd/command.h"
#include "cmd/load.h"
#include "cmd/show.h"

#include <string.h>
#include <unistd.h>

struct report_options {
	struct load_selection selection;
	struct show_options show;
	struct command_log log;
};

static const struct opt options[] = {
	LOAD_OPTIONS(struct report_options, selection),
	LOAD_SLOW_OPTION(struct report_options, selection.slow_ns),
	SHOW_OPTIONS(struct report_options, show),
	COMMAND_LOG_OPTIONS(struct report_options, log),
	OPT_END,
};

static void view_names(struct strbuf *sb)
{
	const struct view *v;

	for (size_t i = 0; (v = view_at(i)); i++)
		strbuf_addf(sb, "%s%s", i ? ", " : "", v->name);
}

/* Nothing like a path and no file: surely meant for a view. */
static bool is_no_file(const char *word)
{
	return !strpbrk(word, "./") && access(word, F_OK);
}

/*
 * [VIEW] [FILE]: a first word that is no view is a file. False: it was said
 * what is wrong with them.
 */
static bool take_words(char **words, int count, const struct view **view, const char **path)
{
	struct strbuf names = STRBUF_INIT;
	const struct view *found = count ? view_find(words[0]) : NULL;

	if (found) {
		*view = found;
		words++;
		count--;
	}
	if (count == 1 && (found || !is_no_file(words[0]))) {
		*path = words[0];
		return true;
	}
	if (!count)
		return true;
	view_names(&names);
	if (found)
		command_usage(&command_report, "one file at a time, not also '%s'", words[1]);
	else
		command_usage(&command_report, "'%s' is no view (%s)%s", words[0], names.buf,
			      count == 1 ? " and no file" : "");
	strbuf_release(&names);
	return false;
}

static int report_run(int argc, char **argv)
{
	struct report_options o = { 0 };
	const struct view *view = view_at(0);
	const char *path = LOAD_DEFAULT_FILE;
	struct error err = ERROR_INIT;
	struct loaded loaded = { 0 };
	int words, status, rc;

	if (!command_parse(&command_report, &o, argc, argv, false, &words, NULL, &status))
		return status;
	command_set_log(&o.log);
	if (load_is_nothing(&o.selection))
		return command_usage(&command_report, LOAD_IS_NOTHING);
	if (!take_words(argv + words, argc - words, &view, &path))
		return STATUS_USAGE;
	rc = load_file(path, &o.selection, &loaded, &err);
	if (rc)
		return command_failed(&err, rc);
	status = show(view, &loaded, &o.selection, &o.show);
	loaded_release(&loaded);
	return status;
}

#define VIEW_HELP(name, help) "  " #name ": " help "\n"

const struct command command_report = {
	.name = "report",
	.summary = "say where the time of a recording went",
	.usage = "[VIEW] [FILE] [options]",
	.notes = "FILE is " LOAD_DEFAULT_FILE " unless it is said. VIEW is one of:\n"
		 VIEWS(VIEW_HELP),
	.options = options,
	.run = report_run,
};
