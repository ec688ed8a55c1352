/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * table: aligned columns that fit a width. Private to view/.
 *
 *	struct table t;
 *
 *	table_init(&t, columns, ARRAY_COUNT(columns));
 *	for each row:
 *		fmt_text(table_cell(&t, NULL), comm, 0);
 *		fmt_ns(table_cell(&t, colors->dim), ns);
 *	table_print(&t, page, 2);
 *	table_release(&t);
 *
 * Widths are in terminal columns. Where there is too little room, text gives
 * way first, down to its minimum, then whole columns do; bars get what is left.
 */
#ifndef RUNWAIT_VIEW_TABLE_H
#define RUNWAIT_VIEW_TABLE_H

#include "base/alloc.h"
#include "base/strbuf.h"
#include "view/page.h"

enum table_kind {
	TABLE_TEXT, /* left; shortened in the middle */
	TABLE_NUMBER, /* right; never shortened */
	TABLE_BAR,
};

struct table_column {
	const char *title;
	enum table_kind kind;
	unsigned char min; /* TEXT, BAR: columns that it keeps */
	unsigned char max; /* TEXT, BAR: columns that are enough; 0: no limit */
	unsigned char drop; /* left out when room is short, the highest first; 0: never */
};

/* What a part of a bar looks like, also without colours. */
enum bar_ink {
	BAR_FULL, /* █ */
	BAR_DENSE, /* ▓ */
	BAR_LIGHT, /* ░ */
	BAR_DOT, /* · */
};

struct table_part {
	double share; /* of the whole bar */
	enum bar_ink ink;
	const char *color;
};

struct table_cell {
	size_t text; /* where it begins in table.text; it ends with a NUL */
	size_t part, part_count; /* of a bar, in table.parts */
	const char *color; /* NULL: none */
};

struct table {
	const struct table_column *columns;
	size_t column_count;
	uint32_t hidden; /* bit: column */
	struct strbuf text;
	VEC(struct table_cell) cells; /* row by row */
	VEC(struct table_part) parts;
	bool failed; /* out of memory */
};

enum { TABLE_COLUMNS_MAX = 16 };

/* @columns, at most TABLE_COLUMNS_MAX, outlive the table. */
void table_init(struct table *t, const struct table_column *columns, size_t count);
void table_release(struct table *t);
/* Leaves a column out; its cells are given all the same. */
void table_hide(struct table *t, size_t column);
/* Begins the next cell: what is appended to the strbuf until the next call is
 * its text. @color may be NULL and must live as long as the table. */
struct strbuf *table_cell(struct table *t, const char *color);
/* The next cell is a bar; its parts follow, from left to right. */
void table_bar(struct table *t);
void table_part(struct table *t, double part, double whole, enum bar_ink ink, const char *color);
/* Prints titles and rows behind @indent blanks; nothing when there are no rows.
 * Titles that are all "" are left out. Running out of memory fails the page. */
void table_print(struct table *t, struct page *p, size_t indent);

#endif
