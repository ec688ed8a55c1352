/* SPDX-License-Identifier: GPL-2.0-only */
#include "cmd/show.h"

#include "cmd/command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
	WIDTH_NO_TERMINAL = 100,
	WIDTH_MAX = 160, /* longer lines are hard to follow, whatever the screen */
};

int show_parse_rows(void *into, const char *argument, struct error *err)
{
	uint64_t *rows = into;
	char *end;
	unsigned long n;

	if (!strcmp(argument, "all")) {
		*rows = SIZE_MAX;
		return 0;
	}
	n = *argument >= '1' && *argument <= '9' ? strtoul(argument, &end, 10) : 0;
	if (!n || *end)
		return error_set(err, -EINVAL, "'%s' is neither a number of lines nor all",
				 argument);
	*rows = n;
	return 0;
}

int show_parse_color(void *into, const char *argument, struct error *err)
{
	static const char *const names[] = {
		[SHOW_COLOR_AUTO] = "auto",
		[SHOW_COLOR_ALWAYS] = "always",
		[SHOW_COLOR_NEVER] = "never",
	};
	enum show_color *color = into;

	for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
		if (strcmp(argument, names[i]))
			continue;
		*color = (enum show_color)i;
		return 0;
	}
	return error_set(err, -EINVAL, "'%s' is not auto, always or never", argument);
}

/* https://no-color.org: set, and not to nothing. */
static bool wants_color(enum show_color color)
{
	const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");

	if (color != SHOW_COLOR_AUTO)
		return color == SHOW_COLOR_ALWAYS;
	return isatty(STDOUT_FILENO) && !(no_color && *no_color) && term && *term &&
	       strcmp(term, "dumb");
}

static unsigned int width(void)
{
	const char *columns = getenv("COLUMNS");
	unsigned long n = 0;
	struct winsize size;

	if (!isatty(STDOUT_FILENO))
		return WIDTH_NO_TERMINAL;
	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size))
		n = size.ws_col;
	if (!n && columns)
		n = strtoul(columns, NULL, 10);
	if (!n)
		return WIDTH_NO_TERMINAL;
	return n < WIDTH_MAX ? (unsigned int)n : WIDTH_MAX;
}

int show(const struct view *v, const struct loaded *l, const struct load_selection *selection,
	 const struct show_options *o)
{
	struct view_style style = {
		.width = width(),
		.rows = o->rows,
		.idle = o->idle,
		.colors = wants_color(o->color) ? &view_colors_ansi : &view_colors_none,
	};
	struct view_input in = {
		.result = &l->result,
		.stacks = l->stacks,
		.version = runwait_version,
		.selection = {
			.since_ns = selection->since_ns,
			.until_ns = selection->until_ns,
			.tgid = (uint32_t)selection->pid,
			.tid = (uint32_t)selection->tid,
		},
	};
	struct sink out;
	int rc, closed;

	sink_open_fd(&out, STDOUT_FILENO);
	rc = o->json ? view_json(v, &in, &out) : view_print(v, &in, &style, &out);
	closed = sink_close(&out);
	if (!rc)
		rc = closed;
	if (!rc || rc == -EPIPE)
		return STATUS_OK;
	return command_failed(NULL, rc);
}
