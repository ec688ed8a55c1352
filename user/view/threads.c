/* SPDX-License-Identifier: GPL-2.0-only */
#include "view/views.h"

#include "base/fmt.h"
#include "view/group.h"
#include "view/sums.h"
#include "view/table.h"

#include <string.h>

enum { TOP_EACH = 12, VIEW_ROWS = 40 };

enum { PID, TID, NAME, LIFE, RUN, RUNNABLE, WAIT, BAR, MOSTLY, VOLUNTARY, INVOLUNTARY };

static const struct table_column thread_columns[] = {
	[PID] = { .title = "pid", .kind = TABLE_NUMBER, .drop = 2 },
	[TID] = { .title = "tid", .kind = TABLE_NUMBER },
	[NAME] = { .title = "thread", .kind = TABLE_TEXT, .min = 15, .max = 24 },
	[LIFE] = { .title = "lived", .kind = TABLE_NUMBER, .drop = 3 },
	[RUN] = { .title = "run", .kind = TABLE_NUMBER },
	[RUNNABLE] = { .title = "runnable", .kind = TABLE_NUMBER },
	[WAIT] = { .title = "wait", .kind = TABLE_NUMBER },
	[BAR] = { .title = "", .kind = TABLE_BAR, .min = 8, .max = 20 },
	[MOSTLY] = { .title = "mostly for", .kind = TABLE_TEXT, .min = 13, .max = 14 },
	[VOLUNTARY] = { .title = "voluntary", .kind = TABLE_NUMBER, .drop = 4 },
	[INVOLUNTARY] = { .title = "involuntary", .kind = TABLE_NUMBER, .drop = 5 },
};

static void switches_cells(struct table *t, const struct totals *sum)
{
	fmt_count(table_cell(t, NULL), sum->voluntary);
	fmt_count(table_cell(t, NULL), sum->involuntary);
}

static void thread_row(struct table *t, const struct page *p, const struct result_thread *thread)
{
	strbuf_addf(table_cell(t, p->colors->dim), "%u", thread->tgid);
	strbuf_addf(table_cell(t, NULL), "%u", thread->tid);
	fmt_text(table_cell(t, p->colors->bold), thread->comm ? thread->comm : "", 0);
	fmt_ns(table_cell(t, NULL), thread->sum.life_ns);
	table_sums(t, p, &thread->sum);
	switches_cells(t, &thread->sum);
}

/* One line a thread. */
static void print_each(struct page *p, size_t rows)
{
	const struct result *r = p->r;
	struct rest rest = { 0 };
	size_t shown = 0;
	struct table t;

	table_init(&t, thread_columns, ARRAY_COUNT(thread_columns));
	if (r->process_count < 2)
		table_hide(&t, PID);
	for (size_t i = 0; i < r->threads.count; i++) {
		const struct result_thread *thread = &r->threads.at[i];
		uint64_t run_ns = thread->sum.run_ns;

		if (hides_totals(p, &thread->sum))
			continue;
		rest.whole += run_ns;
		if (shown < rows) {
			thread_row(&t, p, thread);
			shown++;
		} else {
			rest.part += run_ns;
			rest.count++;
		}
	}
	table_print(&t, p, 2);
	table_release(&t);
	page_rest(p, 2, &rest, "thread", "threads", "the running time");
}

enum { GROUP_COUNT, GROUP_NAME, GROUP_PROCESS, GROUP_SUMS };

static const struct table_column group_columns[] = {
	[GROUP_COUNT] = { .title = "threads", .kind = TABLE_NUMBER },
	[GROUP_NAME] = { .title = "named", .kind = TABLE_TEXT, .min = 9, .max = 24 },
	[GROUP_PROCESS] = { .title = "of", .kind = TABLE_TEXT, .min = 9, .max = 24, .drop = 3 },
	[GROUP_SUMS] = { .title = "run", .kind = TABLE_NUMBER },
	{ .title = "runnable", .kind = TABLE_NUMBER },
	{ .title = "wait", .kind = TABLE_NUMBER },
	{ .title = "", .kind = TABLE_BAR, .min = 8, .max = 20 },
	{ .title = "mostly for", .kind = TABLE_TEXT, .min = 13, .max = 14 },
	{ .title = "voluntary", .kind = TABLE_NUMBER, .drop = 4 },
	{ .title = "involuntary", .kind = TABLE_NUMBER, .drop = 5 },
};

/* There are several processes, and threads that are called otherwise. */
static bool processes_tell(const struct page *p, const struct groups *g)
{
	for (size_t i = 0; i < g->list.count && p->r->process_count > 1; i++)
		if (g->list.at[i].process && strcmp(g->list.at[i].process, g->list.at[i].name))
			return true;
	return false;
}

/* One line for all threads whose names differ in a number only. */
static void print_groups(struct page *p, const struct groups *g, size_t rows)
{
	struct rest rest = { 0 };
	struct table t;

	table_init(&t, group_columns, ARRAY_COUNT(group_columns));
	if (!processes_tell(p, g))
		table_hide(&t, GROUP_PROCESS);
	for (size_t i = 0; i < g->list.count; i++) {
		const struct group *at = &g->list.at[i];

		rest.whole += at->sum.run_ns;
		if (i >= rows) {
			rest.part += at->sum.run_ns;
			rest.count += at->count;
			continue;
		}
		strbuf_addf(table_cell(&t, NULL), "%zu", at->count);
		group_name(at, table_cell(&t, p->colors->bold));
		fmt_text(table_cell(&t, p->colors->dim), at->process ? at->process : "", 0);
		table_sums(&t, p, &at->sum);
		switches_cells(&t, &at->sum);
	}
	table_print(&t, p, 2);
	table_release(&t);
	page_rest(p, 2, &rest, "thread", "threads", "the running time");
}

/* Whether lines by name say more than the longest of the lines by thread. */
static bool groups_help(const struct groups *g, size_t threads, size_t rows)
{
	return threads > rows && g->list.count < threads / 2;
}

static void print_threads_end(struct page *p, const struct groups *g)
{
	const struct result *r = p->r;

	page_folded(p, r->totals.by_class_ns[CLASS_IDLE], r->totals.parked_ns, g->hidden,
		    r->threads.count, "thread", "threads");
}

void print_top_threads(struct page *p, size_t rows)
{
	const struct result *r = p->r;
	struct groups g;

	if (groups_of_threads(&g, p))
		p->failed = true;
	if (r->threads.count && groups_help(&g, r->threads.count - g.hidden, TOP_EACH)) {
		page_heading(p, "Threads", "%s; by name (report threads has each)", bar_legend(p));
		print_groups(p, &g, rows);
		print_threads_end(p, &g);
	} else if (r->threads.count) {
		page_heading(p, "Threads", "%s", bar_legend(p));
		print_each(p, rows > TOP_EACH ? rows : TOP_EACH);
		print_threads_end(p, &g);
	}
	groups_release(&g);
}

static void print_threads(struct page *p)
{
	const struct result *r = p->r;
	size_t rows = page_rows(p, VIEW_ROWS);
	struct groups g;

	if (groups_of_threads(&g, p))
		p->failed = true;
	if (groups_help(&g, r->threads.count - g.hidden, rows)) {
		page_heading(p, "Threads by name", "%s", bar_legend(p));
		print_groups(p, &g, rows);
	}
	page_heading(p, "Threads", "%s", r->threads.count ? bar_legend(p) : "none were recorded");
	print_each(p, rows);
	print_threads_end(p, &g);
	groups_release(&g);
}

static void json_threads(struct json *j, const struct view_input *in)
{
	json_open_array(j, "threads");
	for (size_t i = 0; i < in->result->threads.count; i++) {
		const struct result_thread *t = &in->result->threads.at[i];

		json_open_object(j, NULL);
		json_uint(j, "pid", t->tgid);
		json_uint(j, "tid", t->tid);
		json_text(j, "comm", t->comm);
		json_bool(j, "kernel_thread", t->kthread);
		json_life(j, t->found, t->start_ns, t->ended ? &t->end_ns : NULL);
		json_sums(j, &t->sum);
		if (in->result->parallelism.by_wanting_ns.count)
			json_uint(j, "lone_ns", t->lone_ns);
		else
			json_null(j, "lone_ns");
		json_close(j);
	}
	json_close(j);
}

const struct view view_threads = {
	.name = "threads",
	.print = print_threads,
	.json = json_threads,
};
