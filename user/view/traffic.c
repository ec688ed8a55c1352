/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * traffic: who waited for whom through which pipe or connection. An arrow leads
 * from the process that waited to the one that it waited for.
 */
#include "view/views.h"

#include "base/fmt.h"
#include "view/fold.h"
#include "view/table.h"

enum { VIEW_ROWS = 16, NAME_COLUMNS = 22 };

enum { FROM, TO, THROUGH, FOR, WAITS, WAITED, LONGEST };

static const struct table_column traffic_columns[] = {
	[FROM] = { .title = "waited", .kind = TABLE_TEXT, .min = 22, .max = 32 },
	[TO] = { .title = "for", .kind = TABLE_TEXT, .min = 24, .max = 34 },
	[THROUGH] = { .title = "through", .kind = TABLE_TEXT, .min = 12, .max = 40 },
	[FOR] = { .title = "", .kind = TABLE_TEXT, .min = 8, .max = 14, .drop = 3 },
	[WAITS] = { .title = "waits", .kind = TABLE_NUMBER },
	[WAITED] = { .title = "in all", .kind = TABLE_NUMBER },
	[LONGEST] = { .title = "longest", .kind = TABLE_NUMBER, .drop = 2 },
};

/* "bash (4711)"; "bash ×12" where there are several. */
static void process_cell(struct strbuf *sb, const char *comm, uint32_t tgid, uint32_t count)
{
	if (comm && *comm)
		fmt_text(sb, comm, NAME_COLUMNS);
	else
		strbuf_puts(sb, "process");
	strbuf_addf(sb, count > 1 ? " ×%u" : " (%u)", count > 1 ? count : tgid);
}

/* What the waiting one wanted. */
static const char *wanted(const struct result_traffic *t)
{
	switch (t->side) {
	case SIDE_READS:
		return "was empty";
	case SIDE_WRITES:
		return "was full";
	case SIDE_ASKS:
		return "an answer";
	case SIDE_SERVES:
		return "a request";
	default:
		return "";
	}
}

static void traffic_row(struct table *t, const struct page *p, const struct fold_row *row)
{
	const struct result_traffic *e = &row->t;
	struct strbuf *sb = table_cell(t, p->colors->bold);

	process_cell(sb, e->from, e->from_tgid, row->froms);
	sb = table_cell(t, NULL);
	strbuf_puts(sb, "→ ");
	if (row->count == 1 && e->to_tgid == e->from_tgid)
		strbuf_puts(sb, "itself");
	else
		process_cell(sb, e->to, e->to_tgid, row->tos);
	sb = table_cell(t, p->colors->class[e->class]);
	fmt_text(sb, e->name, 0);
	if (e->objects > 1)
		strbuf_addf(sb, " ×%u", e->objects);
	strbuf_puts(table_cell(t, p->colors->dim), wanted(e));
	fmt_count(table_cell(t, NULL), e->waits);
	fmt_ns(table_cell(t, p->colors->class[e->class]), e->wait_ns);
	fmt_ns(table_cell(t, NULL), e->max_wait_ns);
}

void print_traffic(struct page *p)
{
	size_t rows = page_rows(p, VIEW_ROWS);
	struct rest rest = { 0 };
	struct fold f;
	struct table t;

	if (fold_traffic(p->r, p->style->idle, &f)) {
		p->failed = true;
		return;
	}
	rest.whole = fold_sum(&f);
	table_init(&t, traffic_columns, ARRAY_COUNT(traffic_columns));
	for (size_t i = 0; i < f.rows.count; i++) {
		if (i < rows) {
			traffic_row(&t, p, &f.rows.at[i]);
		} else {
			rest.part += f.rows.at[i].t.wait_ns;
			rest.count++;
		}
	}
	if (f.rows.count)
		page_heading(p, "Between processes", "%s", "who waited for whom");
	table_print(&t, p, 2);
	table_release(&t);
	fold_release(&f);
	page_rest(p, 2, &rest, "", "", "this waiting");
}

void json_traffic(struct json *j, const struct view_input *in)
{
	json_open_array(j, "traffic");
	for (size_t i = 0; i < in->result->traffic.count; i++) {
		const struct result_traffic *t = &in->result->traffic.at[i];

		json_open_object(j, NULL);
		json_uint(j, "from", t->from_tgid);
		json_text(j, "from_comm", t->from);
		if (t->to_tgid)
			json_uint(j, "to", t->to_tgid);
		else
			json_null(j, "to");
		json_text(j, "to_comm", t->to);
		json_text(j, "class", wait_class_name(t->class));
		json_text(j, "target", t->target);
		json_text(j, "side", io_side_name(t->side));
		json_uint(j, "objects", t->objects);
		json_uint(j, "waits", t->waits);
		json_uint(j, "wait_ns", t->wait_ns);
		json_uint(j, "max_wait_ns", t->max_wait_ns);
		json_close(j);
	}
	json_close(j);
}
