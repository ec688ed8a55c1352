/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * show: a view on stdout, the way its options and the terminal want it: what
 * report and stat have in common.
 */
#ifndef RUNWAIT_CMD_SHOW_H
#define RUNWAIT_CMD_SHOW_H

#include "cmd/load.h"
#include "view/view.h"

enum show_color { SHOW_COLOR_AUTO, SHOW_COLOR_ALWAYS, SHOW_COLOR_NEVER };

/* All zero: what one gets without options. */
struct show_options {
	bool json, idle;
	enum show_color color;
	uint64_t rows; /* 0: as many as read well, SIZE_MAX: all */
};

/* Four lines of an options table, for a struct show_options that is @field of @type. */
#define SHOW_OPTIONS(type, field)                                                                  \
	{ 0, "json", NULL, "as JSON, everything that is known", OPT_FLAG,                          \
	  offsetof(type, field.json), 0, 0, NULL },                                                \
	{ 0, "idle", NULL, "show also what only waited for work", OPT_FLAG,                        \
	  offsetof(type, field.idle), 0, 0, NULL },                                                \
	{ 0, "rows", "N", "lines of each long table, or all", OPT_CALL,                            \
	  offsetof(type, field.rows), 0, 0, show_parse_rows },                                     \
	{ 0, "color", "WHEN", "auto, always or never; auto heeds NO_COLOR", OPT_CALL,              \
	  offsetof(type, field.color), 0, 0, show_parse_color }

int show_parse_rows(void *into, const char *argument, struct error *err);
int show_parse_color(void *into, const char *argument, struct error *err);

/*
 * Writes view @v of @l to stdout; @selection is what @l was narrowed to.
 * Returns the exit status; a reader who went away (EPIPE) is no failure.
 */
int show(const struct view *v, const struct loaded *l, const struct load_selection *selection,
	 const struct show_options *o);

#endif
