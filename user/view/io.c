/* SPDX-License-Identifier: GPL-2.0-only */
#include "view/views.h"

#include "base/fmt.h"
#include "view/sums.h"
#include "view/table.h"

#include <string.h>

enum { VIEW_ROWS = 40 };

enum { CLASS, TARGET, SYSCALL, WAITS, WAITED, SHARE, BAR, MEAN, LONGEST, THREADS };

static const struct table_column io_columns[] = {
	[CLASS] = { .title = "class", .kind = TABLE_TEXT, .min = 6 },
	[TARGET] = { .title = "waited for", .kind = TABLE_TEXT, .min = 28, .max = 60 },
	[SYSCALL] = { .title = "in", .kind = TABLE_TEXT, .min = 8, .max = 16, .drop = 3 },
	[WAITS] = { .title = "waits", .kind = TABLE_NUMBER },
	[WAITED] = { .title = "waited", .kind = TABLE_NUMBER },
	[SHARE] = { .title = "", .kind = TABLE_NUMBER },
	[BAR] = { .title = "", .kind = TABLE_BAR, .min = 4, .max = 12, .drop = 2 },
	[MEAN] = { .title = "mean", .kind = TABLE_NUMBER, .drop = 4 },
	[LONGEST] = { .title = "longest", .kind = TABLE_NUMBER },
	[THREADS] = { .title = "threads", .kind = TABLE_NUMBER, .drop = 5 },
};

static bool hides_io(const struct page *p, const struct result_io *io)
{
	return io->class == CLASS_IDLE && !p->style->idle;
}

static void io_row(struct table *t, const struct page *p, const struct result_io *io,
		   uint64_t all_ns)
{
	const char *color = p->colors->class[io->class];

	strbuf_puts(table_cell(t, color), wait_class_name(io->class));
	fmt_text(table_cell(t, p->colors->bold), io->target ? io->target : "not known", 0);
	/* what has no name is called by its system call */
	strbuf_puts(table_cell(t, p->colors->dim),
		    io->syscall && (!io->target || strcmp(io->syscall, io->target)) ? io->syscall :
										      "");
	fmt_count(table_cell(t, NULL), io->waits);
	fmt_ns(table_cell(t, color), io->wait_ns);
	fmt_share(table_cell(t, NULL), (double)io->wait_ns, (double)all_ns);
	table_bar(t);
	table_part(t, (double)io->wait_ns, (double)all_ns, BAR_FULL, color);
	fmt_ns(table_cell(t, NULL), io->waits ? io->wait_ns / io->waits : 0);
	fmt_ns(table_cell(t, NULL), io->max_wait_ns);
	strbuf_addf(table_cell(t, NULL), "%u", io->threads);
}

static void print_list(struct page *p, size_t rows)
{
	const struct result *r = p->r;
	struct rest rest = { 0 };
	uint64_t idle_ns = 0;
	size_t shown = 0;
	struct table t;

	for (size_t i = 0; i < r->io.count; i++) {
		if (hides_io(p, &r->io.at[i]))
			idle_ns += r->io.at[i].wait_ns;
		else
			rest.whole += r->io.at[i].wait_ns;
	}
	table_init(&t, io_columns, ARRAY_COUNT(io_columns));
	for (size_t i = 0; i < r->io.count; i++) {
		const struct result_io *io = &r->io.at[i];

		if (hides_io(p, io))
			continue;
		if (shown++ < rows) {
			io_row(&t, p, io, rest.whole);
		} else {
			rest.part += io->wait_ns;
			rest.count++;
		}
	}
	table_print(&t, p, 2);
	table_release(&t);
	page_rest(p, 2, &rest, "", "", "the waiting");
	page_folded(p, idle_ns, 0, 0, "", "");
}

static bool any_shown(const struct page *p)
{
	for (size_t i = 0; i < p->r->io.count; i++)
		if (!hides_io(p, &p->r->io.at[i]))
			return true;
	return false;
}

void print_top_io(struct page *p, size_t rows)
{
	if (!any_shown(p))
		return;
	page_heading(p, "Input and output", "%s", "");
	print_list(p, rows);
}

static void print_io(struct page *p)
{
	page_heading(p, "Input and output", "%s",
		     any_shown(p) ? "" : "no thread waited for a file, socket or pipe");
	print_list(p, page_rows(p, VIEW_ROWS));
}

static void json_io(struct json *j, const struct view_input *in)
{
	json_open_array(j, "io");
	for (size_t i = 0; i < in->result->io.count; i++) {
		const struct result_io *io = &in->result->io.at[i];

		json_open_object(j, NULL);
		json_text(j, "class", wait_class_name(io->class));
		json_text(j, "target", io->target);
		json_text(j, "syscall", io->syscall);
		json_uint(j, "waits", io->waits);
		json_uint(j, "wait_ns", io->wait_ns);
		json_uint(j, "max_wait_ns", io->max_wait_ns);
		json_uint(j, "threads", io->threads);
		json_close(j);
	}
	json_close(j);
}

const struct view view_io = {
	.name = "io",
	.print = print_io,
	.json = json_io,
};
