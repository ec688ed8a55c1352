/* SPDX-License-Identifier: GPL-2.0-only */
#include "view/views.h"

#include "base/fmt.h"
#include "view/fold.h"
#include "view/sums.h"
#include "view/table.h"

#include <string.h>

enum { VIEW_ROWS = 30, DETAIL_ROWS = 3, CALL_ROWS = 4, WAITER_ROWS = 4 };

enum { CLASS, TARGET, SYSCALL, WAITS, WAITED, SHARE, BAR, P50, P99, LONGEST, THREADS };

static const struct table_column io_columns[] = {
	[CLASS] = { .title = "class", .kind = TABLE_TEXT, .min = 6 },
	[TARGET] = { .title = "waited for", .kind = TABLE_TEXT, .min = 46, .max = 72 },
	[SYSCALL] = { .title = "in", .kind = TABLE_TEXT, .min = 8, .max = 16, .drop = 3 },
	[WAITS] = { .title = "waits", .kind = TABLE_NUMBER },
	[WAITED] = { .title = "waited", .kind = TABLE_NUMBER },
	[SHARE] = { .title = "", .kind = TABLE_NUMBER },
	[BAR] = { .title = "", .kind = TABLE_BAR, .min = 4, .max = 10, .drop = 2 },
	[P50] = { .title = "median", .kind = TABLE_NUMBER, .drop = 5 },
	[P99] = { .title = "99 %", .kind = TABLE_NUMBER, .drop = 4 },
	[LONGEST] = { .title = "longest", .kind = TABLE_NUMBER },
	[THREADS] = { .title = "threads", .kind = TABLE_NUMBER, .drop = 6 },
};

static bool hides_io(const struct page *p, const struct result_io *io)
{
	return io->class == CLASS_IDLE && !p->style->idle;
}

static const char *io_name(const struct result_io *io)
{
	if (io->name)
		return io->name;
	return io->target ? io->target : "not known";
}

/* "pipe from bash: 22 pipes" */
static void folded_name(struct strbuf *sb, const struct fold_row *row)
{
	const struct result_io *io = &row->io;

	strbuf_addf(sb, "pipe %s ", io->side == SIDE_WRITES ? "to" :
				    io->side == SIDE_READS  ? "from" :
							      "with");
	fmt_text(sb, io->peers.at[0].comm, 0);
	strbuf_addf(sb, ": %u pipes", io->objects);
}

static void io_row(struct table *t, const struct page *p, const struct fold_row *row,
		   uint64_t all_ns)
{
	const struct result_io *io = &row->io;
	const char *color = p->colors->class[io->class];
	struct strbuf *sb;

	strbuf_puts(table_cell(t, color), wait_class_name(io->class));
	sb = table_cell(t, p->colors->bold);
	if (row->count > 1)
		folded_name(sb, row);
	else
		fmt_text(sb, io_name(io), 0);
	/* what has no name is called by its system call */
	strbuf_puts(table_cell(t, p->colors->dim),
		    io->syscall && (!io->target || strcmp(io->syscall, io->target)) ? io->syscall :
										      "");
	fmt_count(table_cell(t, NULL), io->waits);
	fmt_ns(table_cell(t, color), io->wait_ns);
	fmt_share(table_cell(t, NULL), (double)io->wait_ns, (double)all_ns);
	table_bar(t);
	table_part(t, (double)io->wait_ns, (double)all_ns, BAR_FULL, color);
	sb = table_cell(t, NULL);
	if (io->p50_ns)
		fmt_ns(sb, io->p50_ns);
	sb = table_cell(t, NULL);
	if (io->p99_ns)
		fmt_ns(sb, io->p99_ns);
	fmt_ns(table_cell(t, NULL), io->max_wait_ns);
	sb = table_cell(t, NULL);
	if (io->threads)
		strbuf_addf(sb, "%u", io->threads);
}

static void print_list(struct page *p, size_t rows)
{
	const struct result *r = p->r;
	struct rest rest = { 0 };
	uint64_t idle_ns = 0;
	struct fold f;
	struct table t;

	if (fold_io(r, p->style->idle, &f)) {
		p->failed = true;
		return;
	}
	for (size_t i = 0; i < r->io.count; i++)
		if (hides_io(p, &r->io.at[i]))
			idle_ns += r->io.at[i].wait_ns;
	rest.whole = fold_sum(&f);
	table_init(&t, io_columns, ARRAY_COUNT(io_columns));
	for (size_t i = 0; i < f.rows.count; i++) {
		if (i < rows) {
			io_row(&t, p, &f.rows.at[i], rest.whole);
		} else {
			rest.part += f.rows.at[i].io.wait_ns;
			rest.count++;
		}
	}
	table_print(&t, p, 2);
	table_release(&t);
	fold_release(&f);
	page_rest(p, 2, &rest, "", "", "the waiting");
	page_folded(p, idle_ns, 0, 0, 0, "", "");
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

/* --- one by one ---------------------------------------------------------------- */

/* "12.3k waits, 4.56 s, longest 20 ms" */
static void add_waits(struct strbuf *sb, uint64_t waits, uint64_t wait_ns, uint64_t max_wait_ns)
{
	fmt_count(sb, waits);
	strbuf_puts(sb, plural(waits, " wait, ", " waits, "));
	fmt_ns(sb, wait_ns);
	if (waits > 1 && max_wait_ns) {
		strbuf_puts(sb, ", longest ");
		fmt_ns(sb, max_wait_ns);
	}
}

static void add_calls(struct strbuf *sb, const struct result_io *io)
{
	for (size_t i = 0; i < io->calls.count && i < CALL_ROWS; i++) {
		const struct result_call *call = &io->calls.at[i];

		strbuf_puts(sb, i ? "; " : "");
		fmt_text(sb, call->name ? call->name : "page fault", 0);
		strbuf_puts(sb, " ");
		add_waits(sb, call->waits, call->wait_ns, call->max_wait_ns);
	}
	if (io->calls.count > CALL_ROWS)
		strbuf_addf(sb, "; %zu more", io->calls.count - CALL_ROWS);
}

static void add_waiters(struct strbuf *sb, const struct page *p, const struct result_io *io)
{
	for (size_t i = 0; i < io->waiters.count && i < WAITER_ROWS; i++) {
		const struct result_waiter *w = &io->waiters.at[i];

		strbuf_puts(sb, i ? "; " : "");
		page_thread(p, sb, w->tid);
		strbuf_puts(sb, " ");
		add_waits(sb, w->waits, w->wait_ns, w->max_wait_ns);
	}
	if (io->threads > WAITER_ROWS)
		strbuf_addf(sb, "; %u more", io->threads - WAITER_ROWS);
}

static void print_detail(struct page *p, const struct result_io *io)
{
	struct strbuf title = STRBUF_INIT, sb = STRBUF_INIT;

	fmt_text(&title, io_name(io), 0);
	add_waits(&sb, io->waits, io->wait_ns, io->max_wait_ns);
	if (strbuf_error(&title) || strbuf_error(&sb))
		p->failed = true;
	else
		page_heading(p, title.buf, "%s", sb.buf);
	strbuf_clear(&sb);
	if (io->calls.count > 1)
		add_calls(&sb, io);
	page_pair(p, "calls", NULL, &sb);
	add_waiters(&sb, p, io);
	page_pair(p, "threads", NULL, &sb);
	stack_line(p, &sb, io->stack);
	page_pair(p, "longest", p->colors->dim, &sb);
	strbuf_release(&title);
	strbuf_release(&sb);
}

static void print_io(struct page *p)
{
	size_t shown = 0;

	page_heading(p, "Input and output", "%s",
		     any_shown(p) ? "" : "no thread waited for a file, socket or pipe");
	print_list(p, page_rows(p, VIEW_ROWS));
	print_traffic(p);
	for (size_t i = 0; i < p->r->io.count && shown < DETAIL_ROWS; i++) {
		if (hides_io(p, &p->r->io.at[i]) || !p->r->io.at[i].calls.count)
			continue;
		print_detail(p, &p->r->io.at[i]);
		shown++;
	}
}

/* --- JSON ------------------------------------------------------------------------ */

static void json_known_ns(struct json *j, const char *key, uint64_t ns)
{
	if (ns)
		json_uint(j, key, ns);
	else
		json_null(j, key);
}

static void json_io_people(struct json *j, const struct result_io *io, const struct stacks *stacks)
{
	json_open_array(j, "peers");
	for (size_t i = 0; i < io->peers.count; i++) {
		json_open_object(j, NULL);
		json_uint(j, "pid", io->peers.at[i].tgid);
		json_text(j, "comm", io->peers.at[i].comm);
		json_uint(j, "waits", io->peers.at[i].waits);
		json_close(j);
	}
	json_close(j);
	json_open_array(j, "calls");
	for (size_t i = 0; i < io->calls.count; i++) {
		json_open_object(j, NULL);
		json_text(j, "syscall", io->calls.at[i].name);
		json_uint(j, "waits", io->calls.at[i].waits);
		json_uint(j, "wait_ns", io->calls.at[i].wait_ns);
		json_uint(j, "max_wait_ns", io->calls.at[i].max_wait_ns);
		json_close(j);
	}
	json_close(j);
	json_open_array(j, "waiters");
	for (size_t i = 0; i < io->waiters.count; i++) {
		json_open_object(j, NULL);
		json_uint(j, "tid", io->waiters.at[i].tid);
		json_uint(j, "waits", io->waiters.at[i].waits);
		json_uint(j, "wait_ns", io->waiters.at[i].wait_ns);
		json_uint(j, "max_wait_ns", io->waiters.at[i].max_wait_ns);
		json_close(j);
	}
	json_close(j);
	json_stack(j, "stack", stacks, io->stack);
}

static void json_io(struct json *j, const struct view_input *in)
{
	json_open_array(j, "io");
	for (size_t i = 0; i < in->result->io.count; i++) {
		const struct result_io *io = &in->result->io.at[i];

		json_open_object(j, NULL);
		json_text(j, "class", wait_class_name(io->class));
		json_text(j, "target", io->target);
		json_text(j, "name", io->name);
		json_text(j, "side", io_side_name(io->side));
		json_uint(j, "objects", io->objects);
		json_text(j, "syscall", io->syscall);
		json_uint(j, "waits", io->waits);
		json_uint(j, "wait_ns", io->wait_ns);
		json_uint(j, "max_wait_ns", io->max_wait_ns);
		json_known_ns(j, "p50_ns", io->p50_ns);
		json_known_ns(j, "p99_ns", io->p99_ns);
		json_uint(j, "threads", io->threads);
		json_io_people(j, io, in->stacks);
		json_close(j);
	}
	json_close(j);
	json_traffic(j, in);
}

const struct view view_io = {
	.name = "io",
	.print = print_io,
	.json = json_io,
};
