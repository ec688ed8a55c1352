/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * view: results as people read them, and as JSON.
 *
 * A view is one table of answers ("threads", "locks" …). Both of its forms are
 * made from the same struct result; neither looks into the model. Views know
 * no file and no terminal: width, colours and what to fold are passed in.
 *
 *	const struct view *v = view_find("locks");
 *	view_print(v, &input, &style, &sink);
 */
#ifndef RUNWAIT_VIEW_VIEW_H
#define RUNWAIT_VIEW_VIEW_H

#include "base/json.h"
#include "base/sink.h"
#include "core/result.h"
#include "core/stacks.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { VIEW_SCHEMA_VERSION = 1, VIEW_WIDTH_MIN = 60 };

/* What the result was narrowed to; 0 everywhere: nothing. */
struct view_selection {
	uint64_t since_ns, until_ns; /* after the start of the recording; until 0: its end */
	uint32_t tgid, tid;
};

struct view_input {
	const struct result *result;
	const struct stacks *stacks;
	const char *version; /* of this runwait */
	struct view_selection selection;
};

/* Escape sequences for the terminal, or "" throughout. */
struct view_colors {
	const char *reset, *bold, *dim, *alarm, *warn;
	const char *run, *runnable, *wait;
	const char *class[CLASS_COUNT];
};

extern const struct view_colors view_colors_none, view_colors_ansi;

struct view_style {
	unsigned int width; /* no line is longer; at least VIEW_WIDTH_MIN */
	size_t rows; /* of the long tables; 0: as many as read well, SIZE_MAX: all */
	bool idle; /* count and list what only waited for work */
	const struct view_colors *colors;
};

struct page;

/*
 * The place to add a view: X(name, help) for each `const struct view view_NAME`,
 * in the order of the help. The first is the default, and made of the others.
 */
#define VIEWS(X)                                                                  \
	X(summary, "what bounds the program, and the top of everything else")     \
	X(threads, "each thread's time: running, runnable, waiting and for what") \
	X(processes, "the same by process, with its command")                     \
	X(locks, "what threads waited for in each other: locks, conditions, joins") \
	X(loops, "event loops: how full they were, what stalled them, and where") \
	X(io, "what threads waited for outside: files, sockets, pipes, pages") \
	X(wakeups, "who ended whose waits: threads, timers, devices")

struct view {
	const char *name;
	/* Called once the page has its header. */
	void (*print)(struct page *p);
	/* Called inside the outermost object, after recording and loss. */
	void (*json)(struct json *j, const struct view_input *in);
};

/* What the threads of a snapshot are doing, those of selection.tgid and its
 * children: no view of a recording. */
extern const struct view view_why;

/* In that order; NULL beyond the last. */
const struct view *view_at(size_t index);
/* NULL when there is no such view. */
const struct view *view_find(const char *name);

/* Both return 0, -ENOMEM, or the first error of the sink, which stays open. */
int view_print(const struct view *v, const struct view_input *in, const struct view_style *style,
	       struct sink *out);
int view_json(const struct view *v, const struct view_input *in, struct sink *out);

#endif
