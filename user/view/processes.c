/* SPDX-License-Identifier: GPL-2.0-only */
#include "view/views.h"

#include "base/fmt.h"
#include "view/group.h"
#include "view/sums.h"
#include "view/table.h"

enum { VIEW_ROWS = 40, GROUPS_FROM = 16 };

enum { PID, PARENT, NAME, THREADS, LIVED, SUMS, STACKS = SUMS + 5, COMMAND };

static const struct table_column process_columns[] = {
	[PID] = { .title = "pid", .kind = TABLE_NUMBER },
	[PARENT] = { .title = "parent", .kind = TABLE_NUMBER, .drop = 7 },
	[NAME] = { .title = "process", .kind = TABLE_TEXT, .min = 9, .max = 24 },
	[THREADS] = { .title = "threads", .kind = TABLE_NUMBER, .drop = 3 },
	[LIVED] = { .title = "lived", .kind = TABLE_NUMBER, .drop = 6 },
	[SUMS] = { .title = "run", .kind = TABLE_NUMBER },
	{ .title = "runnable", .kind = TABLE_NUMBER },
	{ .title = "wait", .kind = TABLE_NUMBER },
	{ .title = "", .kind = TABLE_BAR, .min = 8, .max = 16 },
	{ .title = "mostly for", .kind = TABLE_TEXT, .min = 13, .max = 14, .drop = 2 },
	[STACKS] = { .title = "stacks", .kind = TABLE_NUMBER, .drop = 5 },
	[COMMAND] = { .title = "arguments", .kind = TABLE_TEXT, .min = 12, .drop = 4 },
};

/* "99 %": of its user stacks, what reached the root. */
static void whole_stacks(struct strbuf *sb, const struct result_process *one)
{
	if (one->stacks_seen)
		fmt_share(sb, (double)one->stacks_complete, (double)one->stacks_seen);
}

/* One line a process; @stacks: with how far its stacks got. */
static void print_each(struct page *p, size_t rows, bool stacks)
{
	const struct result *r = p->r;
	struct rest rest = { 0 };
	size_t shown = 0;
	struct table t;

	table_init(&t, process_columns, ARRAY_COUNT(process_columns));
	if (r->thread_count == r->process_count)
		table_hide(&t, THREADS);
	if (!stacks || !r->stacks_seen)
		table_hide(&t, STACKS);
	for (size_t i = 0; i < r->processes.count; i++) {
		const struct result_process *one = &r->processes.at[i];
		uint64_t run_ns = one->sum.run_ns;

		if (hides_totals(p, &one->sum))
			continue;
		rest.whole += run_ns;
		if (shown++ >= rows) {
			rest.part += run_ns;
			rest.count++;
			continue;
		}
		strbuf_addf(table_cell(&t, NULL), "%u", one->tgid);
		strbuf_addf(table_cell(&t, p->colors->dim), "%u", one->parent_tgid);
		fmt_text(table_cell(&t, p->colors->bold), one->comm ? one->comm : "", 0);
		strbuf_addf(table_cell(&t, NULL), "%u", one->threads);
		fmt_ns(table_cell(&t, NULL), one->end_ns - one->start_ns);
		table_sums(&t, p, &one->sum);
		whole_stacks(table_cell(&t, NULL), one);
		command_text(table_cell(&t, p->colors->dim), one->command, one->command_size, 1);
	}
	table_print(&t, p, 2);
	table_release(&t);
	page_rest(p, 2, &rest, "process", "processes", "the running time");
}

static const struct table_column group_columns[] = {
	{ .title = "processes", .kind = TABLE_NUMBER },
	{ .title = "named", .kind = TABLE_TEXT, .min = 9, .max = 24 },
	{ .title = "run", .kind = TABLE_NUMBER },
	{ .title = "runnable", .kind = TABLE_NUMBER },
	{ .title = "wait", .kind = TABLE_NUMBER },
	{ .title = "", .kind = TABLE_BAR, .min = 8, .max = 20 },
	{ .title = "mostly for", .kind = TABLE_TEXT, .min = 13, .max = 14 },
};

static void print_groups(struct page *p, const struct groups *g, size_t rows)
{
	struct rest rest = { 0 };
	struct table t;

	table_init(&t, group_columns, ARRAY_COUNT(group_columns));
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
		table_sums(&t, p, &at->sum);
	}
	table_print(&t, p, 2);
	table_release(&t);
	page_rest(p, 2, &rest, "process", "processes", "the running time");
}

static bool groups_help(const struct groups *g, const struct result *r)
{
	size_t listed = r->processes.count - g->hidden;

	return listed > GROUPS_FROM && g->list.count < listed / 2;
}

static void print_folded(struct page *p, size_t hidden)
{
	const struct result *r = p->r;

	page_folded(p, r->totals.by_class_ns[CLASS_IDLE], r->totals.parked_ns, hidden,
		    r->processes.count, "process", "processes");
}

void print_top_processes(struct page *p, size_t rows)
{
	struct groups g;

	if (groups_of_processes(&g, p))
		p->failed = true;
	if (groups_help(&g, p->r)) {
		page_heading(p, "Processes", "%s; by name (report processes has each)",
			     bar_legend(p));
		print_groups(p, &g, rows);
	} else {
		page_heading(p, "Processes", "%s", bar_legend(p));
		print_each(p, rows, false);
	}
	print_folded(p, g.hidden);
	groups_release(&g);
}

static void print_processes(struct page *p)
{
	const struct result *r = p->r;
	size_t rows = page_rows(p, VIEW_ROWS);
	struct groups g;

	if (groups_of_processes(&g, p))
		p->failed = true;
	if (groups_help(&g, r)) {
		page_heading(p, "Processes by name", "%s", bar_legend(p));
		print_groups(p, &g, rows);
	}
	page_heading(p, "Processes", "%s%s",
		     r->processes.count ? bar_legend(p) : "none were recorded",
		     r->stacks_seen ? "  stacks: the share that reaches the root" : "");
	print_each(p, rows, true);
	print_folded(p, g.hidden);
	groups_release(&g);
}

static void json_processes(struct json *j, const struct view_input *in)
{
	json_open_array(j, "processes");
	for (size_t i = 0; i < in->result->processes.count; i++) {
		const struct result_process *one = &in->result->processes.at[i];

		json_open_object(j, NULL);
		json_uint(j, "pid", one->tgid);
		json_uint(j, "ppid", one->parent_tgid);
		json_text(j, "comm", one->comm);
		json_command(j, "command", one->command, one->command_size);
		json_life(j, one->found, one->start_ns, one->ended ? &one->end_ns : NULL);
		json_uint(j, "threads", one->threads);
		json_uint(j, "stacks", one->stacks_seen);
		json_uint(j, "stacks_complete", one->stacks_complete);
		json_uint(j, "stacks_truncated", one->stacks_truncated);
		json_sums(j, &one->sum);
		json_close(j);
	}
	json_close(j);
}

const struct view view_processes = {
	.name = "processes",
	.print = print_processes,
	.json = json_processes,
};
