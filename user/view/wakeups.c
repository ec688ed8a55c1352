/* SPDX-License-Identifier: GPL-2.0-only */
#include "view/views.h"

#include "base/fmt.h"
#include "view/table.h"

#include <string.h>

enum { VIEW_ROWS = 40, STACK_ROWS = 10, KINDS = 5 };

/* What interrupts are called (the contract's words), behind threads. */
static const char *const kinds[KINDS] = { "threads", "timer", "disk", "network", "interrupt" };

static size_t kind_of(const struct result_wakeup *w)
{
	if (!w->interrupt)
		return 0;
	for (size_t i = 1; i < KINDS - 1; i++)
		if (w->waker && !strcmp(w->waker, kinds[i]))
			return i;
	return KINDS - 1;
}

enum { WAKER, ARROW, WAKEE, COUNT, SHARE, BAR, ENDED, MEAN };

static const struct table_column wakeup_columns[] = {
	[WAKER] = { .title = "woken by", .kind = TABLE_TEXT, .min = 12, .max = 32 },
	[ARROW] = { .title = "", .kind = TABLE_TEXT, .min = 1 },
	[WAKEE] = { .title = "thread", .kind = TABLE_TEXT, .min = 12, .max = 32 },
	[COUNT] = { .title = "times", .kind = TABLE_NUMBER },
	[SHARE] = { .title = "", .kind = TABLE_NUMBER },
	[BAR] = { .title = "", .kind = TABLE_BAR, .min = 4, .max = 16, .drop = 1 },
	[ENDED] = { .title = "waited", .kind = TABLE_NUMBER },
	[MEAN] = { .title = "mean", .kind = TABLE_NUMBER, .drop = 2 },
};

static void person(struct strbuf *sb, uint32_t tid, const char *name)
{
	if (tid)
		strbuf_addf(sb, "%u ", tid);
	fmt_text(sb, name ? name : "", 0);
}

static void wakeup_row(struct table *t, const struct page *p, const struct result_wakeup *w,
		       uint64_t all)
{
	struct strbuf *sb = table_cell(t, w->interrupt ? p->colors->warn : p->colors->bold);

	if (w->interrupt)
		strbuf_addf(sb, "(%s)", kinds[kind_of(w)]);
	else
		person(sb, w->waker_tid, w->waker);
	strbuf_puts(table_cell(t, p->colors->dim), "→");
	person(table_cell(t, p->colors->bold), w->wakee_tid, w->wakee);
	fmt_count(table_cell(t, NULL), w->count);
	fmt_share(table_cell(t, NULL), (double)w->count, (double)all);
	table_bar(t);
	table_part(t, (double)w->count, (double)all, BAR_FULL, p->colors->wait);
	fmt_ns(table_cell(t, NULL), w->wait_ns);
	fmt_ns(table_cell(t, NULL), w->count ? w->wait_ns / w->count : 0);
}

/* "4712 worker → 4713 worker, 3.00k times" */
static void page_wakeup(struct page *p, const struct result_wakeup *w)
{
	struct strbuf sb = STRBUF_INIT;

	person(&sb, w->waker_tid, w->waker);
	strbuf_puts(&sb, " → ");
	person(&sb, w->wakee_tid, w->wakee);
	strbuf_puts(&sb, ", ");
	fmt_count(&sb, w->stack_count);
	strbuf_puts(&sb, plural(w->stack_count, " time", " times"));
	if (strbuf_error(&sb))
		p->failed = true;
	else
		page_line(p, 2, NULL, "%s", sb.buf);
	strbuf_release(&sb);
}

/* "123k: threads 62 %, timer 30 %, network 8 %" */
static void kinds_text(const struct page *p, uint64_t all, struct strbuf *sb)
{
	uint64_t by_kind[KINDS] = { 0 };
	bool any = false;

	for (size_t i = 0; i < p->r->wakeups.count; i++)
		by_kind[kind_of(&p->r->wakeups.at[i])] += p->r->wakeups.at[i].count;
	fmt_count(sb, all);
	strbuf_puts(sb, ": ");
	for (size_t i = 0; i < KINDS; i++) {
		if (!by_kind[i])
			continue;
		strbuf_addf(sb, "%s%s ", any ? ", " : "", kinds[i]);
		fmt_share(sb, (double)by_kind[i], (double)all);
		any = true;
	}
}

/*
 * From where in its code each waker woke, largest pairs first. Most pairs have
 * one place; short waits, which are not asked for theirs, are not counted.
 */
static void print_places(struct page *p)
{
	size_t rows = page_rows(p, STACK_ROWS), shown = 0;
	struct strbuf text = STRBUF_INIT;

	for (size_t i = 0; i < p->r->wakeups.count && shown < rows; i++) {
		const struct result_wakeup *w = &p->r->wakeups.at[i];

		strbuf_cut(&text, 0); /* not clear: a failure must be remembered */
		stack_line(p, &text, w->stack);
		if (!text.len)
			continue;
		if (!shown++)
			page_heading(p, "Where they woke", "the most frequent place of each pair");
		page_wakeup(p, w);
		page_wrap(p, "      in ", p->colors->dim, text.buf);
	}
	if (strbuf_error(&text))
		p->failed = true;
	strbuf_release(&text);
}

static void print_wakeups(struct page *p)
{
	const struct result *r = p->r;
	size_t rows = page_rows(p, VIEW_ROWS), count = r->wakeups.count;
	struct strbuf note = STRBUF_INIT;
	struct rest rest = { .count = count > rows ? count - rows : 0 };
	struct table t;

	for (size_t i = 0; i < count; i++) {
		rest.whole += r->wakeups.at[i].count;
		if (i >= rows)
			rest.part += r->wakeups.at[i].count;
	}
	if (rest.whole)
		kinds_text(p, rest.whole, &note);
	if (strbuf_error(&note))
		p->failed = true;
	page_heading(p, "Wakeups", "%s", rest.whole ? note.buf : "no wait of a thread ended");
	strbuf_release(&note);
	table_init(&t, wakeup_columns, ARRAY_COUNT(wakeup_columns));
	for (size_t i = 0; i < count && i < rows; i++)
		wakeup_row(&t, p, &r->wakeups.at[i], rest.whole);
	table_print(&t, p, 2);
	table_release(&t);
	page_rest(p, 2, &rest, "pair", "pairs", "the wakeups");
	print_places(p);
}

static void json_wakeups(struct json *j, const struct view_input *in)
{
	json_open_array(j, "wakeups");
	for (size_t i = 0; i < in->result->wakeups.count; i++) {
		const struct result_wakeup *w = &in->result->wakeups.at[i];

		json_open_object(j, NULL);
		if (w->interrupt)
			json_text(j, "waker", kinds[kind_of(w)]);
		else
			json_uint(j, "waker", w->waker_tid);
		json_text(j, "waker_comm", w->interrupt ? NULL : w->waker);
		json_uint(j, "wakee", w->wakee_tid);
		json_text(j, "wakee_comm", w->wakee);
		json_uint(j, "count", w->count);
		json_uint(j, "wait_ns", w->wait_ns);
		json_stack(j, "stack", in->stacks, w->stack);
		json_close(j);
	}
	json_close(j);
}

const struct view view_wakeups = {
	.name = "wakeups",
	.print = print_wakeups,
	.json = json_wakeups,
};
