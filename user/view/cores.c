/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cores: how many of them the target had at once, and who had each of them.
 * Where more than STEPS_ALONE ran at once they are shown in doubling steps, so
 * that a machine with 256 CPUs is still a short table.
 */
#include "view/views.h"

#include "base/fmt.h"
#include "view/sums.h"
#include "view/table.h"

#include <stdio.h>
#include <stdlib.h>

enum { STEPS_ALONE = 12, CPUS_WIDE = 4, CPUS_SHOWN = 16, TWIN_WIDTH = 80 };

static const struct table_column running_columns[] = {
	{ .title = "running", .kind = TABLE_NUMBER },
	{ .title = "time", .kind = TABLE_NUMBER },
	{ .title = "", .kind = TABLE_NUMBER },
	{ .title = "", .kind = TABLE_BAR, .min = 10, .max = 40 },
};

static void print_running(struct page *p)
{
	const struct result_parallelism *par = &p->r->parallelism;
	size_t count = par->by_running_ns.count;
	double observed = (double)par->observed_ns;
	struct table t;

	table_init(&t, running_columns, ARRAY_COUNT(running_columns));
	for (size_t from = 0, to; from < count; from = to) {
		uint64_t ns = 0;

		to = count <= STEPS_ALONE + 1 || !from ? from + 1 : from * 2;
		if (to > count)
			to = count;
		for (size_t k = from; k < to; k++)
			ns += par->by_running_ns.at[k];
		if (!ns)
			continue;
		if (to - from == 1)
			strbuf_addf(table_cell(&t, NULL), "%zu", from);
		else
			strbuf_addf(table_cell(&t, NULL), "%zu–%zu", from, to - 1);
		fmt_ns(table_cell(&t, NULL), ns);
		fmt_share(table_cell(&t, p->colors->bold), (double)ns, observed);
		table_bar(&t);
		table_part(&t, (double)ns, observed, BAR_FULL, from ? p->colors->run :
								      p->colors->dim);
	}
	table_print(&t, p, 2);
	table_release(&t);
}

#define CPU_COLUMNS(bar)                                                                   \
	{ .title = "CPU", .kind = TABLE_NUMBER }, { .title = "target", .kind = TABLE_NUMBER }, \
	{ .title = "others", .kind = TABLE_NUMBER }, { .title = "idle", .kind = TABLE_NUMBER }, \
	{ .title = "", .kind = TABLE_BAR, .min = 6, .max = bar }

/* Two CPUs side by side where they are many. */
static const struct table_column wide_columns[] = { CPU_COLUMNS(40) };
static const struct table_column twin_columns[] = { CPU_COLUMNS(16), CPU_COLUMNS(16) };

static void cpu_cells(struct table *t, const struct page *p, const char *name,
		      const struct result_cpu *cpu)
{
	double all = (double)cpu->run_ns + (double)cpu->other_ns + (double)cpu->idle_ns;

	strbuf_puts(table_cell(t, NULL), name);
	fmt_share(table_cell(t, p->colors->run), (double)cpu->run_ns, all);
	fmt_share(table_cell(t, p->colors->warn), (double)cpu->other_ns, all);
	fmt_share(table_cell(t, NULL), (double)cpu->idle_ns, all);
	table_bar(t);
	table_part(t, (double)cpu->run_ns, all, BAR_FULL, p->colors->run);
	table_part(t, (double)cpu->other_ns, all, BAR_DENSE, p->colors->warn);
	table_part(t, (double)cpu->idle_ns, all, BAR_DOT, p->colors->dim);
}

static int by_target(const void *a, const void *b)
{
	const struct result_cpu *const *x = a, *const *y = b;

	if ((*x)->run_ns != (*y)->run_ns)
		return (*x)->run_ns < (*y)->run_ns ? 1 : -1;
	return (*x)->cpu < (*y)->cpu ? -1 : 1;
}

/* The first @count of @order, down the left half and then the right one. */
static void print_cpu_table(struct page *p, const struct result_cpu *const *order, size_t count,
			    size_t halves)
{
	size_t lines = (count + halves - 1) / halves;
	char name[16];
	struct table t;

	if (halves > 1)
		table_init(&t, twin_columns, ARRAY_COUNT(twin_columns));
	else
		table_init(&t, wide_columns, ARRAY_COUNT(wide_columns));
	for (size_t i = 0; i < lines; i++) {
		for (size_t at = i; at < lines * halves; at += lines) {
			if (at < count) {
				snprintf(name, sizeof(name), "%u", order[at]->cpu);
				cpu_cells(&t, p, name, order[at]);
				continue;
			}
			for (size_t k = 0; k < ARRAY_COUNT(wide_columns); k++)
				table_cell(&t, NULL);
		}
	}
	table_print(&t, p, 2);
	table_release(&t);
}

/* Every CPU when they are few; else those that the target used most. */
static void print_cpus(struct page *p)
{
	const struct result_parallelism *par = &p->r->parallelism;
	size_t count = par->cpus.count, shown = count > CPUS_SHOWN ? CPUS_SHOWN : count;
	const struct result_cpu **order = calloc(count, sizeof(*order));

	if (!order) {
		p->failed = true;
		return;
	}
	for (size_t i = 0; i < count; i++)
		order[i] = &par->cpus.at[i];
	if (shown < count)
		qsort(order, count, sizeof(*order), by_target);
	print_cpu_table(p, order, shown, shown > CPUS_WIDE && p->width >= TWIN_WIDTH ? 2 : 1);
	page_rest(p, 2, &(struct rest){ .count = count - shown }, "CPU where the target ran less",
		  "CPUs where the target ran less", NULL);
	free(order);
}

static void stall_part(struct strbuf *sb, const char *name, uint64_t ns, uint64_t all_ns)
{
	if (!ns)
		return;
	strbuf_addf(sb, "%s%s ", sb->len ? ", " : "", name);
	fmt_share(sb, (double)ns, (double)all_ns);
}

/* What the thread that went on first had waited for, whenever nothing ran. */
static void print_stalls(struct page *p)
{
	const struct result_parallelism *par = &p->r->parallelism;
	enum wait_class classes[CLASS_COUNT];
	size_t n = classes_by_ns(par->stalled_by_class_ns, classes);
	uint64_t all_ns = par->stalled_runnable_ns;
	struct strbuf parts = STRBUF_INIT, sb = STRBUF_INIT;

	for (size_t i = 0; i < n; i++)
		all_ns += par->stalled_by_class_ns[classes[i]];
	for (size_t i = 0; i < n; i++)
		stall_part(&parts, wait_class_name(classes[i]),
			   par->stalled_by_class_ns[classes[i]], all_ns);
	stall_part(&parts, "runnable", par->stalled_runnable_ns, all_ns);
	strbuf_puts(&sb, "nothing ran for ");
	fmt_ns(&sb, all_ns);
	strbuf_addf(&sb, "; what was waited for meanwhile: %s", parts.buf);
	if (strbuf_error(&parts) || strbuf_error(&sb))
		p->failed = true;
	else if (all_ns)
		page_wrap(p, "  ", NULL, sb.buf);
	strbuf_release(&parts);
	strbuf_release(&sb);
}

static void fmt_cores(struct strbuf *sb, double cores)
{
	if (cores >= 0.995)
		strbuf_addf(sb, cores < 99.95 ? "%.3g" : "%.0f", cores);
	else
		strbuf_addf(sb, cores && cores < 0.001 ? "<0.001" : "%.2g", cores);
}

void print_cores(struct page *p)
{
	const struct result_parallelism *par = &p->r->parallelism;
	struct strbuf sb = STRBUF_INIT;

	if (!par->observed_ns)
		return;
	fmt_cores(&sb, par->mean);
	strbuf_addf(&sb, " of %u in use by the target on average, %u at most; ",
		    p->r->recording.cpus, par->max);
	fmt_cores(&sb, par->concurrency_mean);
	strbuf_puts(&sb, " wanted");
	if (strbuf_error(&sb))
		p->failed = true;
	else
		page_heading(p, "Cores", "%s", sb.buf);
	strbuf_release(&sb);
	print_running(p);
	print_stalls(p);
	if (!par->cpus.count)
		return;
	page_line(p, 0, NULL, "%s", "");
	print_cpus(p);
}

static void json_demand(struct json *j, const struct result_parallelism *par)
{
	char key[24];

	if (!par->by_wanting_ns.count) {
		json_null(j, "by_wanting_ns");
		json_null(j, "lone_ns");
		json_null(j, "crowded_ns");
		return;
	}
	json_open_object(j, "by_wanting_ns");
	for (size_t k = 0; k < par->by_wanting_ns.count; k++) {
		snprintf(key, sizeof(key), "%zu", k);
		json_uint(j, key, par->by_wanting_ns.at[k]);
	}
	json_close(j);
	json_uint(j, "lone_ns", par->lone_ns);
	json_uint(j, "crowded_ns", par->crowded_ns);
}

void json_parallelism(struct json *j, const struct view_input *in)
{
	const struct result_parallelism *par = &in->result->parallelism;
	char key[24];

	json_open_object(j, "parallelism");
	json_real(j, "mean", par->mean);
	json_uint(j, "max", par->max);
	json_uint(j, "observed_ns", par->observed_ns);
	json_uint(j, "active_ns", par->active_ns);
	json_uint(j, "serial_ns", par->serial_ns);
	json_open_object(j, "stalled_by_class_ns");
	for (int c = 0; c < CLASS_COUNT; c++)
		json_uint(j, wait_class_name((enum wait_class)c), par->stalled_by_class_ns[c]);
	json_close(j);
	json_uint(j, "stalled_runnable_ns", par->stalled_runnable_ns);
	json_open_object(j, "by_running_ns");
	for (size_t k = 0; k < par->by_running_ns.count; k++) {
		snprintf(key, sizeof(key), "%zu", k);
		json_uint(j, key, par->by_running_ns.at[k]);
	}
	json_close(j);
	json_real(j, "concurrency_mean", par->concurrency_mean);
	json_demand(j, par);
	json_open_array(j, "cpus");
	for (size_t i = 0; i < par->cpus.count; i++) {
		const struct result_cpu *cpu = &par->cpus.at[i];

		json_open_object(j, NULL);
		json_uint(j, "cpu", cpu->cpu);
		json_uint(j, "run_ns", cpu->run_ns);
		json_uint(j, "other_ns", cpu->other_ns);
		json_uint(j, "idle_ns", cpu->idle_ns);
		json_close(j);
	}
	json_close(j);
	json_close(j);
}
