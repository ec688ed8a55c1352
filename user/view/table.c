/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cells are kept as text until the table is whole, because the widths of its
 * columns are known only then. Invariant: cells.count is a multiple of
 * column_count when a row is complete, and parts of a bar lie in one piece.
 */
#include "view/table.h"

#include "base/fmt.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { GAP = 2, TEXT_FLOOR = 4, BAR_MIN = 6, BAR_MAX = 24 };

void table_init(struct table *t, const struct table_column *columns, size_t count)
{
	assert(count && count <= TABLE_COLUMNS_MAX);
	*t = (struct table){
		.columns = columns,
		.column_count = count,
		.text = STRBUF_INIT,
	};
}

void table_release(struct table *t)
{
	strbuf_release(&t->text);
	vec_release(&t->cells);
	vec_release(&t->parts);
}

void table_hide(struct table *t, size_t column)
{
	assert(column < t->column_count);
	t->hidden |= 1u << column;
}

struct strbuf *table_cell(struct table *t, const char *color)
{
	struct table_cell cell = { .part = t->parts.count, .color = color };

	if (t->cells.count)
		strbuf_putc(&t->text, '\0');
	cell.text = t->text.len;
	if (vec_push(&t->cells, cell))
		t->failed = true;
	return &t->text;
}

void table_bar(struct table *t)
{
	table_cell(t, NULL);
}

void table_part(struct table *t, double part, double whole, enum bar_ink ink, const char *color)
{
	struct table_part bar = { .ink = ink, .color = color };

	if (whole > 0 && part > 0)
		bar.share = fmin(part / whole, 1);
	if (t->failed || vec_push(&t->parts, bar))
		t->failed = true;
	else
		t->cells.at[t->cells.count - 1].part_count++;
}

static const char *cell_text(const struct table *t, size_t row, size_t column)
{
	return t->text.buf + t->cells.at[row * t->column_count + column].text;
}

/* A column of text in which nothing stands is only a gap. */
static void hide_empty(struct table *t)
{
	size_t rows = t->cells.count / t->column_count;

	for (size_t i = 0; i < t->column_count; i++) {
		bool any = t->columns[i].kind != TABLE_TEXT;

		for (size_t row = 0; row < rows && !any; row++)
			any = *cell_text(t, row, i);
		if (!any)
			table_hide(t, i);
	}
}

static bool shown(const struct table *t, size_t column)
{
	return !(t->hidden & 1u << column);
}

/* What each column would like to have, and the least that it takes. */
static void measure(const struct table *t, size_t *natural, size_t *least)
{
	size_t rows = t->cells.count / t->column_count;

	for (size_t i = 0; i < t->column_count; i++) {
		const struct table_column *c = &t->columns[i];
		size_t title = fmt_columns(c->title), wide = title;

		if (c->kind == TABLE_BAR) {
			least[i] = c->min ? c->min : BAR_MIN;
			natural[i] = c->max ? c->max : BAR_MAX;
			continue;
		}
		for (size_t row = 0; row < rows; row++) {
			size_t columns = fmt_columns(cell_text(t, row, i));

			if (columns > wide)
				wide = columns;
		}
		if (c->kind == TABLE_TEXT && c->max && wide > c->max)
			wide = c->max > title ? c->max : title;
		natural[i] = least[i] = wide;
		if (c->kind == TABLE_TEXT && wide > c->min)
			least[i] = c->min > title ? c->min : title;
	}
}

static size_t line_width(const struct table *t, size_t indent, const size_t *width)
{
	size_t total = indent, n = 0;

	for (size_t i = 0; i < t->column_count; i++)
		if (shown(t, i))
			total += width[i] + (n++ ? GAP : 0);
	return total;
}

/* Hides the column that is missed least. False when all of them must stay. */
static bool drop_one(struct table *t)
{
	size_t at = 0;

	for (size_t i = 1; i < t->column_count; i++)
		if (shown(t, i) && (!shown(t, at) || t->columns[i].drop > t->columns[at].drop))
			at = i;
	if (!shown(t, at) || !t->columns[at].drop)
		return false;
	table_hide(t, at);
	return true;
}

/* Adds @spare columns, one at a time, to those of @kind that want more. */
static size_t spread(const struct table *t, enum table_kind kind, size_t spare,
		     const size_t *natural, size_t *width)
{
	bool any = true;

	while (spare && any) {
		any = false;
		for (size_t i = 0; i < t->column_count && spare; i++) {
			if (!shown(t, i) || t->columns[i].kind != kind || width[i] >= natural[i])
				continue;
			width[i]++;
			spare--;
			any = true;
		}
	}
	return spare;
}

static void fit(struct table *t, size_t total, size_t indent, size_t *ret_width)
{
	size_t natural[TABLE_COLUMNS_MAX];
	size_t used;

	measure(t, natural, ret_width);
	while ((used = line_width(t, indent, ret_width)) > total && drop_one(t))
		;
	for (size_t i = 0; i < t->column_count && used > total; i++) {
		if (!shown(t, i) || t->columns[i].kind == TABLE_NUMBER)
			continue;
		while (ret_width[i] > TEXT_FLOOR && used > total) {
			ret_width[i]--;
			used--;
		}
	}
	if (used < total)
		spread(t, TABLE_BAR, spread(t, TABLE_TEXT, total - used, natural, ret_width),
		       natural, ret_width);
}

/* A line under construction: blanks wait until something follows them. */
struct line {
	struct strbuf sb;
	size_t blanks;
};

static void line_put(struct line *l, const char *text, const char *color, const char *reset)
{
	if (!*text)
		return;
	strbuf_pad(&l->sb, ' ', l->blanks);
	l->blanks = 0;
	if (color && *color)
		strbuf_puts(&l->sb, color);
	strbuf_puts(&l->sb, text);
	if (color && *color)
		strbuf_puts(&l->sb, reset);
}

static void line_text(struct line *l, const struct table_column *c, size_t width,
		      const char *text, const char *color, const char *reset)
{
	struct strbuf cut = STRBUF_INIT;
	size_t columns = fmt_columns(text);

	if (columns > width) {
		fmt_text(&cut, text, width);
		text = cut.buf;
		columns = fmt_columns(text);
	}
	if (c->kind == TABLE_NUMBER && columns < width)
		l->blanks += width - columns;
	line_put(l, text, color, reset);
	if (c->kind != TABLE_NUMBER && columns < width)
		l->blanks += width - columns;
	if (cut.failed)
		l->sb.failed = true;
	strbuf_release(&cut);
}

/* One part: eighths of a cell, and never nothing for something. */
static void line_single(struct line *l, const struct table_part *part, size_t width,
			const char *reset)
{
	static const char *const eighths[] = { "", "▏", "▎", "▍", "▌", "▋", "▊", "▉" };
	size_t n = (size_t)lround(part->share * (double)width * 8);
	struct strbuf sb = STRBUF_INIT;

	if (!n && part->share > 0)
		n = 1;
	for (size_t i = 0; i < n / 8; i++)
		strbuf_puts(&sb, "█");
	strbuf_puts(&sb, eighths[n % 8]);
	line_put(l, sb.buf, part->color, reset);
	l->blanks += width - (n + 7) / 8;
	if (sb.failed)
		l->sb.failed = true;
	strbuf_release(&sb);
}

static void line_bar(struct line *l, const struct table_part *parts, size_t count, size_t width,
		     const char *reset)
{
	static const char *const inks[] = { "█", "▓", "░", "·" };
	double sum = 0;
	size_t drawn = 0;

	if (count == 1 && parts[0].ink == BAR_FULL) {
		line_single(l, parts, width, reset);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		struct strbuf sb = STRBUF_INIT;
		size_t end;

		sum += parts[i].share;
		end = (size_t)lround(fmin(sum, 1) * (double)width);
		for (; drawn < end; drawn++)
			strbuf_puts(&sb, inks[parts[i].ink]);
		line_put(l, sb.buf, parts[i].color, reset);
		if (sb.failed)
			l->sb.failed = true;
		strbuf_release(&sb);
	}
	l->blanks += width - drawn;
}

static void print_line(struct page *p, struct line *l)
{
	strbuf_putc(&l->sb, '\n');
	if (strbuf_error(&l->sb))
		p->failed = true;
	else
		sink_add(p->out, l->sb.buf, l->sb.len);
	strbuf_clear(&l->sb);
}

static void print_titles(const struct table *t, struct page *p, struct line *l, size_t indent,
			 const size_t *width)
{
	bool any = false;

	l->blanks = indent;
	for (size_t i = 0; i < t->column_count; i++) {
		if (!shown(t, i))
			continue;
		any = any || *t->columns[i].title;
		line_text(l, &t->columns[i], width[i], t->columns[i].title, p->colors->dim,
			  p->colors->reset);
		l->blanks += GAP;
	}
	if (any)
		print_line(p, l);
	strbuf_clear(&l->sb);
}

void table_print(struct table *t, struct page *p, size_t indent)
{
	struct line l = { .sb = STRBUF_INIT };
	size_t width[TABLE_COLUMNS_MAX];

	if (t->failed || strbuf_error(&t->text)) {
		p->failed = true;
		return;
	}
	assert(t->cells.count % t->column_count == 0);
	if (!t->cells.count)
		return;
	hide_empty(t);
	fit(t, p->width, indent, width);
	print_titles(t, p, &l, indent, width);
	for (size_t at = 0; at < t->cells.count; at += t->column_count) {
		l.blanks = indent;
		for (size_t i = 0; i < t->column_count; i++) {
			const struct table_cell *cell = &t->cells.at[at + i];

			if (!shown(t, i))
				continue;
			if (t->columns[i].kind == TABLE_BAR)
				line_bar(&l, t->parts.at + cell->part, cell->part_count, width[i],
					 p->colors->reset);
			else
				line_text(&l, &t->columns[i], width[i], t->text.buf + cell->text,
					  cell->color, p->colors->reset);
			l.blanks += GAP;
		}
		print_line(p, &l);
	}
	strbuf_release(&l.sb);
}
