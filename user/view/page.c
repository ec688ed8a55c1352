/* SPDX-License-Identifier: GPL-2.0-only */
#include "view/page.h"

#include "base/fmt.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

int page_init(struct page *p, const struct view_input *in, const struct view_style *style,
	      struct sink *out)
{
	*p = (struct page){
		.in = in,
		.r = in->result,
		.style = style,
		.colors = style->colors ? style->colors : &view_colors_none,
		.width = style->width > VIEW_WIDTH_MIN ? style->width : VIEW_WIDTH_MIN,
		.out = out,
		.tids = MAP_INIT,
	};
	for (size_t i = 0; i < p->r->threads.count; i++) {
		const struct result_thread *t = &p->r->threads.at[i];
		const uint64_t *old = map_get(&p->tids, t->tid);

		if (old && p->r->threads.at[*old].sum.life_ns >= t->sum.life_ns)
			continue;
		if (map_put(&p->tids, t->tid, i)) {
			page_release(p);
			return -ENOMEM;
		}
	}
	return 0;
}

void page_release(struct page *p)
{
	map_release(&p->tids);
}

/* Prints @sb as it is, and releases it. */
static void page_emit(struct page *p, struct strbuf *sb)
{
	if (strbuf_error(sb))
		p->failed = true;
	else
		sink_add(p->out, sb->buf, sb->len);
	p->any = true;
	strbuf_release(sb);
}

static void colored(struct strbuf *sb, const struct page *p, const char *color, const char *text)
{
	bool any = color && *color && *text;

	if (any)
		strbuf_puts(sb, color);
	strbuf_puts(sb, text);
	if (any)
		strbuf_puts(sb, p->colors->reset);
}

/* Of the first word: a number and its unit ("3.8 %", "12 ms,") are one. */
static size_t word_length(const char *text)
{
	static const char *const units[] = { "%", "ns", "us", "ms", "s", "B", "KiB", "MiB", "GiB" };
	size_t len = strcspn(text, " "), unit;

	if (!len || !isdigit((unsigned char)text[len - 1]) || !text[len])
		return len;
	for (size_t i = 0; i < ARRAY_COUNT(units); i++) {
		unit = strlen(units[i]);
		if (!strncmp(text + len + 1, units[i], unit) &&
		    !isalnum((unsigned char)text[len + 1 + unit]))
			return len + 1 + strcspn(text + len + 1, " ");
	}
	return len;
}

/*
 * Puts the words of @text (harmless already) behind @column columns that are
 * in use; lines after the first are indented by @indent. Ends the line.
 */
static void wrap(struct page *p, struct strbuf *out, size_t column, size_t indent,
		 const char *color, const char *text)
{
	struct strbuf line = STRBUF_INIT, word = STRBUF_INIT;
	size_t room = p->width - indent;

	while (*text) {
		size_t len = word_length(text), columns;

		strbuf_cut(&word, 0); /* not clear: a failure must be remembered */
		strbuf_add(&word, text, len);
		columns = fmt_columns(word.buf);
		if (columns > room) {
			struct strbuf cut = STRBUF_INIT;

			fmt_text(&cut, word.buf, room);
			cut.failed = cut.failed || word.failed;
			strbuf_release(&word);
			word = cut;
			columns = fmt_columns(word.buf);
		}
		if (column + (line.len ? 1 : 0) + columns > p->width) {
			colored(out, p, color, line.buf);
			strbuf_putc(out, '\n');
			strbuf_pad(out, ' ', indent);
			strbuf_cut(&line, 0);
			column = indent;
		}
		if (line.len) {
			strbuf_putc(&line, ' ');
			column++;
		}
		strbuf_add(&line, word.buf, word.len);
		column += columns;
		text += len;
		text += strspn(text, " ");
	}
	colored(out, p, color, line.buf);
	strbuf_putc(out, '\n');
	if (line.failed || word.failed)
		out->failed = true;
	strbuf_release(&line);
	strbuf_release(&word);
}

void page_heading(struct page *p, const char *title, const char *note, ...)
{
	struct strbuf sb = STRBUF_INIT, text = STRBUF_INIT;
	va_list ap;

	if (p->any)
		strbuf_putc(&sb, '\n');
	colored(&sb, p, p->colors->bold, title);
	va_start(ap, note);
	strbuf_vaddf(&text, note, ap);
	va_end(ap);
	if (text.len) {
		strbuf_puts(&sb, "  ");
		wrap(p, &sb, fmt_columns(title) + 2, 2, p->colors->dim, text.buf);
	} else {
		strbuf_putc(&sb, '\n');
	}
	if (text.failed)
		sb.failed = true;
	strbuf_release(&text);
	page_emit(p, &sb);
}

void page_line(struct page *p, size_t indent, const char *color, const char *fmt, ...)
{
	struct strbuf sb = STRBUF_INIT, text = STRBUF_INIT, cut = STRBUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	fmt_text(&cut, text.buf, p->width - indent);
	strbuf_pad(&sb, ' ', indent);
	colored(&sb, p, color, cut.buf);
	strbuf_putc(&sb, '\n');
	if (text.failed || cut.failed)
		sb.failed = true;
	strbuf_release(&text);
	strbuf_release(&cut);
	page_emit(p, &sb);
}

void page_wrap(struct page *p, const char *lead, const char *color, const char *text)
{
	struct strbuf sb = STRBUF_INIT, clean = STRBUF_INIT;
	size_t columns = fmt_columns(lead);

	fmt_text(&clean, text, 0);
	strbuf_puts(&sb, lead);
	wrap(p, &sb, columns, columns, color, clean.buf);
	if (clean.failed)
		sb.failed = true;
	strbuf_release(&clean);
	page_emit(p, &sb);
}

void page_pair(struct page *p, const char *label, const char *color, struct strbuf *text)
{
	struct strbuf lead = STRBUF_INIT;

	strbuf_addf(&lead, "  %-9s ", label);
	if (strbuf_error(text) || strbuf_error(&lead))
		p->failed = true;
	else if (text->len)
		page_wrap(p, lead.buf, color, text->buf);
	strbuf_clear(text);
	strbuf_release(&lead);
}

void page_rest(struct page *p, size_t indent, const struct rest *rest, const char *one,
	       const char *many, const char *of)
{
	const char *what = plural(rest->count, one, many);
	struct strbuf sb = STRBUF_INIT;

	if (!rest->count)
		return;
	strbuf_addf(&sb, "… and %zu more%s%s", rest->count, *what ? " " : "", what);
	if (rest->whole && of) {
		strbuf_puts(&sb, " (");
		fmt_share(&sb, (double)rest->part, (double)rest->whole);
		strbuf_addf(&sb, " of %s)", of);
	}
	if (strbuf_error(&sb))
		p->failed = true;
	else
		page_line(p, indent, p->colors->dim, "%s", sb.buf);
	strbuf_release(&sb);
}

void page_comm(const struct page *p, struct strbuf *sb, uint32_t tid, size_t width)
{
	const uint64_t *at = map_get(&p->tids, tid);

	if (at && p->r->threads.at[*at].comm)
		fmt_text(sb, p->r->threads.at[*at].comm, width);
}

void page_thread(const struct page *p, struct strbuf *sb, uint32_t tid)
{
	size_t len;

	strbuf_addf(sb, "%u ", tid);
	len = sb->len;
	page_comm(p, sb, tid, 0);
	if (sb->len == len && len)
		strbuf_cut(sb, len - 1);
}

size_t page_rows(const struct page *p, size_t usual)
{
	return p->style->rows ? p->style->rows : usual;
}
