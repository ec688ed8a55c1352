/* SPDX-License-Identifier: GPL-2.0-only */
/* The view that answers "why is it not faster" and points at the others. */
#include "view/views.h"

#include "base/fmt.h"
#include "view/sums.h"

#include <stdio.h>

enum { TOP_ROWS = 8, TOP_LOCKS = 5, TOP_IO = 5, TOP_LOOPS = 5, FINDINGS_MAX = 3 };

static void print_finding(struct page *p, size_t number, const struct finding *f)
{
	char lead[24];

	snprintf(lead, sizeof(lead), "  %zu. ", number);
	page_wrap(p, lead, p->colors->bold, f->title ? f->title : f->id);
	if (f->advice && *f->advice)
		page_wrap(p, "     → ", NULL, f->advice);
}

/* Says so when nothing bounds the program: silence would look like a defect. */
static void print_no_finding(struct page *p)
{
	const struct result *r = p->r;

	if (!r->thread_count)
		page_wrap(p, "  ", p->colors->bold,
			  "Nothing was recorded: no thread of the target was seen.");
	else
		page_wrap(p, "  ", NULL,
			  "Nothing stands out: no single cause takes a large share of the time.");
}

/* Conclusions from what is left are not to be taken for conclusions from all. */
static void print_doubt(struct page *p)
{
	const struct totals *sum = &p->r->totals;
	double life = (double)sum->life_ns + (double)sum->unknown_ns;
	struct strbuf sb = STRBUF_INIT;

	if ((double)sum->unknown_ns < life / 100 || !sum->unknown_ns)
		return;
	fmt_share(&sb, (double)sum->unknown_ns, life);
	strbuf_puts(&sb, " of the threads' time is not known; of the rest:");
	if (strbuf_error(&sb))
		p->failed = true;
	else
		page_wrap(p, "  ", p->colors->alarm, sb.buf);
	strbuf_release(&sb);
}

static void print_findings(struct page *p)
{
	const struct result *r = p->r;

	page_heading(p, "What bounds it", "%s", "");
	print_doubt(p);
	for (size_t i = 0; i < r->findings.count && i < FINDINGS_MAX; i++)
		print_finding(p, i + 1, &r->findings.at[i]);
	if (!r->findings.count)
		print_no_finding(p);
}

static void print_summary(struct page *p)
{
	const struct result *r = p->r;

	print_findings(p);
	print_recording(p);
	if (!r->thread_count)
		return;
	print_time(p);
	print_cores(p);
	if (r->process_count > 1)
		print_top_processes(p, page_rows(p, TOP_ROWS));
	if (r->process_count == 1 || r->thread_count > r->process_count)
		print_top_threads(p, page_rows(p, TOP_ROWS));
	print_top_locks(p, page_rows(p, TOP_LOCKS));
	print_top_io(p, page_rows(p, TOP_IO));
	print_top_loops(p, page_rows(p, TOP_LOOPS));
}

static void json_evidence(struct json *j, const struct evidence *e)
{
	switch (e->kind) {
	case EVIDENCE_NS:
	case EVIDENCE_COUNT:
		json_uint(j, e->key, e->number);
		break;
	case EVIDENCE_REAL:
	case EVIDENCE_SHARE:
		json_real(j, e->key, e->real);
		break;
	case EVIDENCE_TEXT:
		json_text(j, e->key, e->text);
		break;
	}
}

static void json_findings(struct json *j, const struct view_input *in)
{
	json_open_array(j, "findings");
	for (size_t i = 0; i < in->result->findings.count; i++) {
		const struct finding *f = &in->result->findings.at[i];

		json_open_object(j, NULL);
		json_text(j, "id", f->id);
		json_text(j, "title", f->title);
		json_real(j, "share", f->share);
		json_open_object(j, "evidence");
		for (size_t k = 0; k < f->evidence.count; k++)
			json_evidence(j, &f->evidence.at[k]);
		json_close(j);
		json_text(j, "advice", f->advice);
		json_close(j);
	}
	json_close(j);
}

/* All of it: what the other views write, and what only the summary has. */
static void json_summary(struct json *j, const struct view_input *in)
{
	const struct view *v;

	json_totals(j, in);
	json_parallelism(j, in);
	for (size_t i = 1; (v = view_at(i)); i++)
		v->json(j, in);
	json_deadlocks(j, in);
	json_findings(j, in);
	json_hints(j, in);
}

const struct view view_summary = {
	.name = "summary",
	.print = print_summary,
	.json = json_summary,
};
