/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * page: what the views write on: lines that never exceed the width, headings,
 * wrapped sentences. Private to view/.
 *
 * Text that comes from a target goes through fmt_text before it gets here, or
 * through the functions below that say so.
 */
#ifndef RUNWAIT_VIEW_PAGE_H
#define RUNWAIT_VIEW_PAGE_H

#include "base/map.h"
#include "view/view.h"

struct page {
	const struct view_input *in;
	const struct result *r;
	const struct view_style *style;
	const struct view_colors *colors;
	size_t width;
	struct sink *out;
	struct map tids; /* tid to index into r->threads: the one that lived longest */
	bool any; /* something was printed */
	bool failed; /* out of memory: what is on the page is incomplete */
};

/* 0 or -ENOMEM. */
int page_init(struct page *p, const struct view_input *in, const struct view_style *style,
	      struct sink *out);
void page_release(struct page *p);

/* A blank line unless it is the first, a bold @title, and the note behind it. */
void page_heading(struct page *p, const char *title, const char *note, ...)
	__attribute__((format(printf, 3, 4)));
/* One line behind @indent blanks, shortened in the middle when too long. */
void page_line(struct page *p, size_t indent, const char *color, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/*
 * Words of @text, which may come from a target, over as many lines as it
 * takes; @lead stands before the first, and the others are indented as far.
 */
void page_wrap(struct page *p, const char *lead, const char *color, const char *text);
/* "  label     text", wrapped below itself; nothing when there is no text, which
 * may come from a target. @text is cleared. */
void page_pair(struct page *p, const char *label, const char *color, struct strbuf *text);
/* What a table leaves out. */
struct rest {
	size_t count; /* of rows */
	uint64_t part, whole; /* what they stand for, and all rows do */
};

/* "… and 27 more threads (3.1 % of @of)", when there are any; @of NULL: no share. */
void page_rest(struct page *p, size_t indent, const struct rest *rest, const char *one,
	       const char *many, const char *of);

/* The name of thread @tid, harmless, at most @width columns; nothing when it is
 * not known. */
void page_comm(const struct page *p, struct strbuf *sb, uint32_t tid, size_t width);
/* "4711 name" */
void page_thread(const struct page *p, struct strbuf *sb, uint32_t tid);

static inline const char *plural(uint64_t count, const char *one, const char *many)
{
	return count == 1 ? one : many;
}

/* How many rows a table that by itself has @usual gets. */
size_t page_rows(const struct page *p, size_t usual);

#endif
