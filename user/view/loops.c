/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Event loops: a table of all, side by side, then for the busiest where their time
 * went, how long their rounds were, what stalled them, what blocked in the midst of
 * them, and what they gave to other threads.
 */
#include "view/views.h"

#include "base/fmt.h"
#include "view/table.h"

#include <string.h>

enum { VIEW_ROWS = 40, DETAIL_LOOPS = 4, DETAIL_SITES = 5, DETAIL_POOLS = 3 };

enum { THREAD, KIND, ITERATIONS, EVENTS, ACCEPTS, UNBLOCKED, BUSY, BAR, P50, P99, MAX, STALLS };

static const struct table_column loop_columns[] = {
	[THREAD] = { .title = "thread", .kind = TABLE_TEXT, .min = 23, .max = 26 },
	[KIND] = { .title = "waits in", .kind = TABLE_TEXT, .min = 6, .drop = 4 },
	[ITERATIONS] = { .title = "rounds", .kind = TABLE_NUMBER },
	[EVENTS] = { .title = "events", .kind = TABLE_NUMBER, .drop = 2 },
	[ACCEPTS] = { .title = "accepts", .kind = TABLE_NUMBER, .drop = 3 },
	[UNBLOCKED] = { .title = "no wait", .kind = TABLE_NUMBER, .drop = 5 },
	[BUSY] = { .title = "busy", .kind = TABLE_NUMBER },
	[BAR] = { .title = "", .kind = TABLE_BAR, .min = 6, .max = 20, .drop = 1 },
	[P50] = { .title = "p50", .kind = TABLE_NUMBER },
	[P99] = { .title = "p99", .kind = TABLE_NUMBER },
	[MAX] = { .title = "longest", .kind = TABLE_NUMBER },
	[STALLS] = { .title = "stalls", .kind = TABLE_NUMBER },
};

static uint64_t waited_ns(const struct result_loop *l)
{
	uint64_t sum = 0;

	for (int i = 0; i < CLASS_COUNT; i++)
		sum += l->class_ns[i];
	return sum;
}

/* Of a thread with several loops, which one: a server process often has one for its parent. */
static void name_loop(struct strbuf *sb, const struct result *r, const struct result_loop *l)
{
	size_t own = 0;

	strbuf_addf(sb, "%u ", l->tid);
	fmt_text(sb, l->comm, 0);
	for (size_t i = 0; i < r->loops.count; i++)
		own += r->loops.at[i].tid == l->tid;
	if (own < 2)
		return;
	strbuf_addf(sb, " %s", l->kind);
	if (l->fd)
		strbuf_addf(sb, ":%u", l->fd);
}

static void loop_row(struct table *t, const struct page *p, const struct result_loop *l)
{
	const struct view_colors *c = p->colors;
	double all = (double)l->busy_ns + (double)l->idle_ns;
	struct strbuf *sb = table_cell(t, c->bold);

	name_loop(sb, p->r, l);
	strbuf_puts(table_cell(t, NULL), l->kind);
	fmt_count(table_cell(t, NULL), l->iterations + l->parks);
	sb = table_cell(t, NULL);
	if (l->events_known)
		fmt_count(sb, l->events);
	fmt_count(table_cell(t, NULL), l->accepts);
	fmt_share(table_cell(t, NULL), (double)l->unblocked, (double)l->iterations);
	fmt_share(table_cell(t, NULL), (double)l->busy_ns, all);
	table_bar(t);
	table_part(t, (double)l->run_ns, all, BAR_FULL, c->run);
	table_part(t, (double)l->runnable_ns, all, BAR_DENSE, c->runnable);
	table_part(t, (double)waited_ns(l), all, BAR_LIGHT, c->wait);
	fmt_ns(table_cell(t, NULL), l->p50_ns);
	fmt_ns(table_cell(t, NULL), l->p99_ns);
	fmt_ns(table_cell(t, l->stall_count ? c->warn : NULL), l->max_ns);
	fmt_count(table_cell(t, l->stall_count ? c->alarm : NULL), l->stall_count);
}

static void print_list(struct page *p, size_t rows)
{
	const struct result *r = p->r;
	struct rest rest = { .count = r->loops.count > rows ? r->loops.count - rows : 0 };
	bool events = false, accepts = false, exact = false;
	struct table t;

	for (size_t i = 0; i < r->loops.count; i++) {
		const struct result_loop *l = &r->loops.at[i];

		rest.whole += l->busy_ns;
		if (i >= rows)
			rest.part += l->busy_ns;
		events |= l->events_known;
		accepts |= l->accepts > 0;
		exact |= l->exact;
	}
	table_init(&t, loop_columns, ARRAY_COUNT(loop_columns));
	if (!events)
		table_hide(&t, EVENTS);
	if (!accepts)
		table_hide(&t, ACCEPTS);
	if (!exact)
		table_hide(&t, UNBLOCKED);
	for (size_t i = 0; i < r->loops.count && i < rows; i++)
		loop_row(&t, p, &r->loops.at[i]);
	table_print(&t, p, 2);
	table_release(&t);
	page_rest(p, 2, &rest, "loop", "loops", "their busy time");
}

/* What a round was held up by: "blocked in fsync of /var/lib/x". */
static void site_text(struct strbuf *sb, const struct result_site *s)
{
	static const char *const words[CLASS_COUNT] = {
		[CLASS_GIL] = "waited for the interpreter (GIL)",
		[CLASS_LOCK] = "waited for a lock",
		[CLASS_SYNC] = "waited for another thread",
		[CLASS_IDLE] = "waited for events",
		[CLASS_SLEEP] = "slept",
		[CLASS_FILE] = "waited for the disk",
		[CLASS_SOCKET] = "waited for a peer",
		[CLASS_PIPE] = "waited for a pipe",
		[CLASS_CHILD] = "waited for a child process",
		[CLASS_FAULT] = "waited for a page of memory",
		[CLASS_KERNEL] = "waited inside the kernel",
		[CLASS_OTHER] = "waited",
	};
	size_t len = s->target ? strlen(s->target) : 0;

	if (s->cause < 0) {
		strbuf_puts(sb, s->cause == STACK_RUN ? "ran" : "waited for a core");
		return;
	}
	strbuf_puts(sb, words[s->cause]);
	if (s->owner_tid) {
		strbuf_addf(sb, " held by %u ", s->owner_tid);
		fmt_text(sb, s->owner ? s->owner : "", 0);
	}
	if (s->call)
		strbuf_addf(sb, " in %s", s->call);
	if (s->target && s->cause != CLASS_LOCK && s->cause != CLASS_GIL) {
		strbuf_puts(sb, " of ");
		fmt_text(sb, s->target, 60);
		if (s->cause == CLASS_SOCKET && len > 3 && !strcmp(s->target + len - 3, ":53"))
			strbuf_puts(sb, " (DNS)");
	}
}

static void site_lines(struct page *p, const struct result_site *s)
{
	struct strbuf sb = STRBUF_INIT;

	site_text(&sb, s);
	strbuf_puts(&sb, ": ");
	fmt_ns(&sb, s->ns);
	if (s->count > 1) {
		strbuf_puts(&sb, " in ");
		fmt_count(&sb, s->count);
		strbuf_puts(&sb, ", longest ");
		fmt_ns(&sb, s->max_ns);
	}
	if (strbuf_error(&sb))
		p->failed = true;
	else
		page_wrap(p, "    ", s->cause >= 0 ? p->colors->class[s->cause] : NULL, sb.buf);
	strbuf_clear(&sb);
	stack_line(p, &sb, s->stack);
	if (strbuf_error(&sb))
		p->failed = true;
	else if (sb.len)
		page_wrap(p, "      ", p->colors->dim, sb.buf);
	strbuf_release(&sb);
}

/* Those of at least @least_ns; the others are only counted. */
static void print_sites(struct page *p, const struct result_sites *sites, uint64_t least_ns)
{
	struct rest rest = { 0 };

	for (size_t i = 0; i < sites->count; i++) {
		rest.whole += sites->at[i].ns;
		if (i < page_rows(p, DETAIL_SITES) && sites->at[i].ns >= least_ns) {
			site_lines(p, &sites->at[i]);
		} else {
			rest.part += sites->at[i].ns;
			rest.count++;
		}
	}
	page_rest(p, 4, &rest, "place", "places", "that time");
}

static void part_text(struct strbuf *sb, const char *name, uint64_t ns, uint64_t whole)
{
	if (!ns || ns < whole / 1000)
		return;
	strbuf_addf(sb, "%s%s ", sb->len ? ", " : "", name);
	fmt_share(sb, (double)ns, (double)whole);
}

static void print_parts(struct page *p, const struct result_loop *l)
{
	struct strbuf sb = STRBUF_INIT;

	part_text(&sb, "run", l->run_ns, l->busy_ns);
	part_text(&sb, "runnable", l->runnable_ns, l->busy_ns);
	for (int i = 0; i < CLASS_COUNT; i++)
		part_text(&sb, wait_class_name(i), l->class_ns[i], l->busy_ns);
	if (l->delay_ns > l->busy_ns / 20) {
		strbuf_puts(&sb, "; ");
		fmt_share(&sb, (double)l->delay_ns, (double)l->busy_ns);
		strbuf_puts(&sb, " went by between events and a core for the loop: without that, "
				 "as the program counts, it was busy ");
		fmt_share(&sb, (double)(l->busy_ns - l->delay_ns),
			  (double)l->busy_ns + (double)l->idle_ns);
	}
	page_pair(p, "busy", NULL, &sb);
	strbuf_release(&sb);
}

enum { BELOW, COUNT, SHARE, COUNT_BAR };

static const struct table_column histogram_columns[] = {
	[BELOW] = { .title = "", .kind = TABLE_NUMBER },
	[COUNT] = { .title = "", .kind = TABLE_NUMBER },
	[SHARE] = { .title = "", .kind = TABLE_NUMBER },
	[COUNT_BAR] = { .title = "", .kind = TABLE_BAR, .min = 10, .max = 50 },
};

/* A row without a bar. */
static void plain_row(struct table *t, const char *what, uint64_t count)
{
	strbuf_puts(table_cell(t, NULL), what);
	if (count)
		fmt_count(table_cell(t, NULL), count);
	else
		table_cell(t, NULL);
	table_cell(t, NULL);
	table_bar(t);
}

static void print_histogram(struct page *p, const struct result_loop *l)
{
	uint64_t most = 0, sum = 0;
	int first = -1, last = -1;
	struct table t;

	for (int i = 0; i < LOOP_STEPS; i++) {
		if (!l->histogram[i])
			continue;
		most = l->histogram[i] > most ? l->histogram[i] : most;
		sum += l->histogram[i];
		first = first < 0 ? i : first;
		last = i;
	}
	if (first < 0)
		return;
	page_line(p, 2, p->colors->dim, "rounds that took");
	table_init(&t, histogram_columns, ARRAY_COUNT(histogram_columns));
	for (int i = first; i <= last; i++) {
		struct strbuf *sb;
		bool slow = i && loop_step_ns(i - 1) >= p->r->slow_ns;

		/* of several empty steps one is enough */
		if (!l->histogram[i] && !l->histogram[i + 1]) {
			while (!l->histogram[i + 1])
				i++;
			plain_row(&t, "…", 0);
			continue;
		}
		sb = table_cell(&t, NULL);
		if (i == LOOP_STEPS - 1) {
			strbuf_puts(sb, "longer");
		} else {
			strbuf_puts(sb, "< ");
			fmt_ns(sb, loop_step_ns(i));
		}
		fmt_count(table_cell(&t, NULL), l->histogram[i]);
		fmt_share(table_cell(&t, p->colors->dim), (double)l->histogram[i], (double)sum);
		table_bar(&t);
		table_part(&t, (double)l->histogram[i], (double)most, BAR_FULL,
			   slow ? p->colors->alarm : p->colors->run);
	}
	if (l->unmeasured)
		plain_row(&t, "unknown", l->unmeasured);
	table_print(&t, p, 4);
	table_release(&t);
}

/* "27.4 us (p99 5.31 ms)" */
static void delay_text(struct strbuf *sb, uint64_t p50_ns, uint64_t p99_ns)
{
	fmt_ns(sb, p50_ns);
	strbuf_puts(sb, " (p99 ");
	fmt_ns(sb, p99_ns);
	strbuf_puts(sb, ")");
}

static void print_hops(struct page *p, const struct result_hops *h)
{
	struct strbuf sb = STRBUF_INIT;

	fmt_count(&sb, h->count);
	strbuf_puts(&sb, plural(h->count, " time", " times"));
	if (h->workers) {
		strbuf_addf(&sb, " to %u thread%s, busy ", h->workers, h->workers == 1 ? "" : "s");
		fmt_share(&sb, h->workers_busy, 1);
	}
	if (h->full_ns > p->r->duration_ns / 100) {
		strbuf_puts(&sb, h->workers == 1 ? " (in all " : " (all at once ");
		fmt_ns(&sb, h->full_ns);
		strbuf_puts(&sb, ", up to ");
		fmt_ns(&sb, h->full_max_ns);
		strbuf_puts(&sb, " in a row: what came meanwhile waited, unseen)");
	}
	strbuf_puts(&sb, ": begun after ");
	delay_text(&sb, h->queue_p50_ns, h->queue_p99_ns);
	strbuf_puts(&sb, ", took ");
	delay_text(&sb, h->service_p50_ns, h->service_p99_ns);
	strbuf_puts(&sb, "; ");
	fmt_count(&sb, h->returned);
	strbuf_puts(&sb, plural(h->returned, " answer woke the loop, on a core after ",
				" answers woke the loop, on a core after "));
	delay_text(&sb, h->back_p50_ns, h->back_p99_ns);
	page_pair(p, "handed on", NULL, &sb);
	strbuf_release(&sb);
}

/* Loops of one name that wait in the same kind of call are workers. */
static bool are_alike(const struct result_loop *a, const struct result_loop *b)
{
	return !strcmp(a->comm, b->comm) && !strcmp(a->kind, b->kind);
}

/* The first of loop @at's kind: the busiest. */
static size_t first_alike(const struct result *r, size_t at)
{
	size_t i = 0;

	while (!are_alike(&r->loops.at[i], &r->loops.at[at]))
		i++;
	return i;
}

/* How the work is spread over loops that do the same. */
static void print_balance(struct page *p, const struct result_loop *hot)
{
	uint64_t busy_ns = 0, events = 0, accepts = 0;
	struct strbuf sb = STRBUF_INIT;
	size_t count = 0;

	for (size_t i = 0; i < p->r->loops.count; i++) {
		const struct result_loop *l = &p->r->loops.at[i];

		if (!result_loop_leads(p->r, i) || !are_alike(l, hot))
			continue;
		count++;
		busy_ns += l->busy_ns;
		events += l->events;
		accepts += l->accepts;
	}
	if (count < 2)
		return;
	strbuf_addf(&sb, "of %zu loops like it the busiest: ", count);
	fmt_share(&sb, (double)hot->busy_ns, (double)busy_ns);
	strbuf_puts(&sb, " of their busy time");
	if (events) {
		strbuf_puts(&sb, ", ");
		fmt_share(&sb, (double)hot->events, (double)events);
		strbuf_puts(&sb, " of the events");
	}
	if (accepts) {
		strbuf_puts(&sb, ", ");
		fmt_share(&sb, (double)hot->accepts, (double)accepts);
		strbuf_puts(&sb, " of the accepts");
	}
	strbuf_puts(&sb, " (an even share: ");
	fmt_share(&sb, 1, (double)count);
	strbuf_puts(&sb, ")");
	page_pair(p, "balance", NULL, &sb);
	strbuf_release(&sb);
}

static void print_detail(struct page *p, const struct result_loop *l, bool first)
{
	struct strbuf title = STRBUF_INIT, note = STRBUF_INIT;

	name_loop(&title, p->r, l);
	fmt_ns(&note, l->busy_ns);
	strbuf_puts(&note, " busy, ");
	fmt_ns(&note, l->idle_ns);
	strbuf_addf(&note, " waiting in %s", l->kind);
	if (l->parks) {
		strbuf_puts(&note, " or parked (");
		fmt_count(&note, l->parks);
		strbuf_puts(&note, plural(l->parks, " time)", " times)"));
	}
	if (l->events_known && l->iterations) {
		strbuf_addf(&note, "; %.3g event%s a round",
			    (double)l->events / (double)l->iterations,
			    l->events == l->iterations ? "" : "s");
	}
	if (l->lost) {
		strbuf_puts(&note, "; the length of ");
		fmt_count(&note, l->lost);
		strbuf_puts(&note, plural(l->lost, " round is lost", " rounds is lost"));
	}
	if (strbuf_error(&title) || strbuf_error(&note))
		p->failed = true;
	else
		page_heading(p, title.buf, "%s", note.buf);
	strbuf_clear(&note);
	print_parts(p, l);
	if (first)
		print_balance(p, l);
	for (size_t i = 0; i < l->hops.count && i < DETAIL_POOLS; i++)
		print_hops(p, &l->hops.at[i]);
	if (l->stall_count) {
		fmt_count(&note, l->stall_count);
		strbuf_puts(&note, plural(l->stall_count, " stall, ", " stalls, together "));
		fmt_ns(&note, l->stall_ns);
		strbuf_puts(&note, ":");
		page_line(p, 2, p->colors->alarm, "%s", note.buf ? note.buf : "");
		print_sites(p, &l->sites, 0);
	}
	/* a place that holds up a thousandth of the work is none to look at */
	if (l->calls.count && l->calls.at[0].ns > l->busy_ns / 1000) {
		page_line(p, 2, p->colors->dim, "blocked in the midst of its work:");
		print_sites(p, &l->calls, l->busy_ns / 1000);
	}
	print_histogram(p, l);
	strbuf_release(&title);
	strbuf_release(&note);
}

/* Some loop may have come round without being seen. */
static bool not_exact(const struct result *r)
{
	for (size_t i = 0; i < r->loops.count; i++)
		if (!r->loops.at[i].exact)
			return true;
	return false;
}

static void print_note(struct page *p)
{
	if (not_exact(p->r))
		page_wrap(p, "  ", p->colors->warn,
			  "Recorded without --loops: rounds after which the loop did not have to "
			  "wait are not seen, so several may count as one and look long.");
	if (p->r->recording.min_wait_ns && p->r->loops.count)
		page_wrap(p, "  ", p->colors->warn,
			  "Recorded with --min-wait: shorter waits are not assigned to rounds.");
}

static void heading(struct page *p)
{
	struct strbuf note = STRBUF_INIT;

	if (p->r->loops.count) {
		strbuf_puts(&note, "rounds of ");
		fmt_ns(&note, p->r->slow_ns);
		strbuf_puts(&note, " and more are stalls; busy: from an event to the next wait");
	} else {
		strbuf_puts(&note, "no thread returned again and again to a wait for events");
	}
	if (strbuf_error(&note))
		p->failed = true;
	else
		page_heading(p, "Event loops", "%s", note.buf);
	strbuf_release(&note);
}

void print_top_loops(struct page *p, size_t rows)
{
	if (!p->r->loops.count)
		return;
	heading(p);
	print_list(p, rows);
}

static void print_loops(struct page *p)
{
	const struct result *r = p->r;
	size_t rows = page_rows(p, DETAIL_LOOPS), shown = 0;

	heading(p);
	print_list(p, page_rows(p, VIEW_ROWS));
	print_note(p);
	/* of workers the busiest is enough, and those that stalled */
	for (size_t i = 0; i < r->loops.count && shown < rows; i++) {
		if (first_alike(r, i) != i && !r->loops.at[i].stall_count)
			continue;
		print_detail(p, &r->loops.at[i], first_alike(r, i) == i);
		shown++;
	}
}

static const char *cause_name(int cause)
{
	if (cause >= 0)
		return wait_class_name((enum wait_class)cause);
	return cause == STACK_RUN ? "run" : "runnable";
}

static void json_by(struct json *j, const char *key, uint64_t run_ns, uint64_t runnable_ns,
		    const uint64_t class_ns[CLASS_COUNT])
{
	json_open_object(j, key);
	json_uint(j, "run", run_ns);
	json_uint(j, "runnable", runnable_ns);
	for (int i = 0; i < CLASS_COUNT; i++)
		json_uint(j, wait_class_name(i), class_ns[i]);
	json_close(j);
}

static void json_site(struct json *j, const struct view_input *in, const struct result_site *s)
{
	json_text(j, "cause", cause_name(s->cause));
	json_text(j, "call", s->call);
	json_text(j, "target", s->target);
	if (s->owner_tid)
		json_uint(j, "held_by", s->owner_tid);
	else
		json_null(j, "held_by");
	json_stack(j, "stack", in->stacks, s->stack);
}

static void json_sites(struct json *j, const struct view_input *in, const char *key,
		       const struct result_sites *sites)
{
	json_open_array(j, key);
	for (size_t i = 0; i < sites->count; i++) {
		json_open_object(j, NULL);
		json_uint(j, "count", sites->at[i].count);
		json_uint(j, "total_ns", sites->at[i].ns);
		json_uint(j, "max_ns", sites->at[i].max_ns);
		json_site(j, in, &sites->at[i]);
		json_close(j);
	}
	json_close(j);
}

static void json_stalls(struct json *j, const struct view_input *in, const struct result_loop *l)
{
	json_open_array(j, "slow");
	for (size_t i = 0; i < l->stalls.count; i++) {
		const struct result_stall *s = &l->stalls.at[i];

		json_open_object(j, NULL);
		json_uint(j, "start_ns", s->start_ns);
		json_uint(j, "busy_ns", s->busy_ns);
		json_bool(j, "unfinished", s->unfinished);
		json_by(j, "by_ns", s->run_ns, s->runnable_ns, s->class_ns);
		json_site(j, in, &s->site);
		json_close(j);
	}
	json_close(j);
}

static void json_delays(struct json *j, const char *key, uint64_t p50, uint64_t p99, uint64_t max)
{
	json_open_object(j, key);
	json_uint(j, "p50", p50);
	json_uint(j, "p99", p99);
	json_uint(j, "max", max);
	json_close(j);
}

static void json_hops(struct json *j, const struct result_hops *h)
{
	json_open_object(j, NULL);
	json_uint(j, "hops", h->count);
	json_uint(j, "returned", h->returned);
	json_uint(j, "workers", h->workers);
	json_real(j, "workers_busy", h->workers_busy);
	json_uint(j, "all_busy_ns", h->full_ns);
	json_uint(j, "all_busy_max_ns", h->full_max_ns);
	json_delays(j, "queue_ns", h->queue_p50_ns, h->queue_p99_ns, h->queue_max_ns);
	json_delays(j, "service_ns", h->service_p50_ns, h->service_p99_ns, h->service_max_ns);
	json_delays(j, "return_ns", h->back_p50_ns, h->back_p99_ns, h->back_max_ns);
	json_close(j);
}

static void json_rounds(struct json *j, const struct result_loop *l)
{
	json_open_object(j, "iteration_ns");
	json_uint(j, "p50", l->p50_ns);
	json_uint(j, "p90", l->p90_ns);
	json_uint(j, "p99", l->p99_ns);
	json_uint(j, "max", l->max_ns);
	json_close(j);
	json_open_array(j, "histogram");
	for (int i = 0; i < LOOP_STEPS; i++) {
		if (!l->histogram[i])
			continue;
		json_open_object(j, NULL);
		json_uint(j, "below_ns", loop_step_ns(i));
		json_uint(j, "count", l->histogram[i]);
		json_close(j);
	}
	if (l->unmeasured) { /* with these the counts add up to iterations and parks */
		json_open_object(j, NULL);
		json_null(j, "below_ns");
		json_uint(j, "count", l->unmeasured);
		json_close(j);
	}
	json_close(j);
}

static void json_loop(struct json *j, const struct view_input *in, const struct result_loop *l)
{
	json_uint(j, "pid", l->tgid);
	json_uint(j, "tid", l->tid);
	json_text(j, "comm", l->comm);
	json_text(j, "kind", l->kind);
	json_bool(j, "exact", l->exact);
	json_uint(j, "iterations", l->iterations);
	json_uint(j, "iterations_lost", l->lost);
	json_uint(j, "unblocked", l->unblocked);
	json_uint(j, "parks", l->parks);
	if (l->events_known)
		json_uint(j, "events", l->events);
	else
		json_null(j, "events");
	json_uint(j, "accepts", l->accepts);
	json_uint(j, "busy_ns", l->busy_ns);
	json_uint(j, "idle_ns", l->idle_ns);
	json_uint(j, "wakeup_delay_ns", l->delay_ns);
	json_real(j, "utilization", l->utilization);
	json_rounds(j, l);
	json_by(j, "busy_by_ns", l->run_ns, l->runnable_ns, l->class_ns);
	json_uint(j, "slow_count", l->stall_count);
	json_uint(j, "slow_total_ns", l->stall_ns);
	json_stalls(j, in, l);
	json_sites(j, in, "slow_by_stack", &l->sites);
	json_sites(j, in, "blocking_calls", &l->calls);
	json_open_array(j, "executors");
	for (size_t i = 0; i < l->hops.count; i++)
		json_hops(j, &l->hops.at[i]);
	json_close(j);
}

static void json_loops(struct json *j, const struct view_input *in)
{
	json_uint(j, "slow_ns", in->result->slow_ns);
	json_open_array(j, "loops");
	for (size_t i = 0; i < in->result->loops.count; i++) {
		json_open_object(j, NULL);
		json_loop(j, in, &in->result->loops.at[i]);
		json_close(j);
	}
	json_close(j);
}

const struct view view_loops = {
	.name = "loops",
	.print = print_loops,
	.json = json_loops,
};
