/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What was recorded, how completely, and what is not known: the part of a
 * report that says how far the rest can be believed.
 */
#include "view/views.h"

#include "base/fmt.h"

#include <inttypes.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

enum { COMMAND_LINES = 3 };

/* Next argument of @command; false behind the last. @at begins as 0. */
static bool next_argument(const char *command, size_t size, size_t *at, struct strbuf *ret)
{
	size_t len;

	strbuf_cut(ret, 0); /* not clear: a failure must be remembered */
	if (!command || *at >= size)
		return false;
	len = strnlen(command + *at, size - *at);
	strbuf_add(ret, command + *at, len);
	*at += len + 1;
	return true;
}

/* Quotes are to show where an argument ends, not to be pasted into a shell. */
void command_text(struct strbuf *sb, const char *command, size_t size, size_t skip)
{
	struct strbuf one = STRBUF_INIT;
	bool any = false, quoted;

	for (size_t at = 0; next_argument(command, size, &at, &one);) {
		if (skip) {
			skip--;
			continue;
		}
		if (any)
			strbuf_putc(sb, ' ');
		any = true;
		quoted = !one.len || strpbrk(one.buf, " \t'\"");
		strbuf_puts(sb, quoted ? "'" : "");
		fmt_text(sb, one.buf, 0);
		strbuf_puts(sb, quoted ? "'" : "");
	}
	if (one.failed)
		sb->failed = true;
	strbuf_release(&one);
}

void json_command(struct json *j, const char *key, const char *command, size_t size)
{
	json_open_array(j, key);
	for (size_t at = 0; command && at < size;) {
		size_t len = strnlen(command + at, size - at);

		json_text_n(j, NULL, command + at, len);
		at += len + 1;
	}
	json_close(j);
}

/* What was narrowed down: "process 4711, from 1.00 s to 2.50 s"; or nothing. */
static void selection_text(const struct view_selection *s, struct strbuf *sb)
{
	size_t start = sb->len;

	if (s->tgid)
		strbuf_addf(sb, "process %u", s->tgid);
	if (s->tid)
		strbuf_addf(sb, "%sthread %u", sb->len > start ? ", " : "", s->tid);
	if (!s->since_ns && !s->until_ns)
		return;
	strbuf_puts(sb, sb->len > start ? ", from " : "from ");
	fmt_ns(sb, s->since_ns);
	strbuf_puts(sb, " to ");
	if (s->until_ns)
		fmt_ns(sb, s->until_ns);
	else
		strbuf_puts(sb, "the end");
}

/* "12.3 s, 3 processes, 24 threads, 123k waits" */
static void extent_text(const struct result *r, struct strbuf *sb)
{
	fmt_ns(sb, r->duration_ns);
	strbuf_puts(sb, ", ");
	strbuf_addf(sb, "%u %s, ", r->process_count,
		    plural(r->process_count, "process", "processes"));
	strbuf_addf(sb, "%u %s, ", r->thread_count, plural(r->thread_count, "thread", "threads"));
	fmt_count(sb, r->totals.waits);
	strbuf_puts(sb, plural(r->totals.waits, " wait", " waits"));
}

static void exit_text(int status, struct strbuf *sb)
{
	const char *name = WIFSIGNALED(status) ? sigabbrev_np(WTERMSIG(status)) : NULL;

	if (name)
		strbuf_addf(sb, "killed by SIG%s", name);
	else if (WIFSIGNALED(status))
		strbuf_addf(sb, "killed by signal %d", WTERMSIG(status));
	else if (WIFEXITED(status) && WEXITSTATUS(status))
		strbuf_addf(sb, "exit status %d", WEXITSTATUS(status));
}

/* When and where. */
static void print_place(struct page *p, struct strbuf *sb)
{
	const struct recording *rec = &p->r->recording;
	time_t seconds = (time_t)(rec->start_realtime_ns / 1000000000);
	struct tm tm;
	char date[64];

	/* UTC: files are read on other machines than those that wrote them */
	if (rec->start_realtime_ns && gmtime_r(&seconds, &tm) &&
	    strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S UTC", &tm))
		strbuf_addf(sb, "%s, ", date);
	if (rec->host && *rec->host)
		strbuf_addf(sb, "%s, ", rec->host);
	strbuf_addf(sb, "Linux %s %s, %u %s", rec->kernel ? rec->kernel : "?",
		    rec->machine ? rec->machine : "", rec->cpus, plural(rec->cpus, "CPU", "CPUs"));
	page_pair(p, "on", NULL, sb);
}

/* How far user stacks got: the share of them that reached the root. */
static void stacks_text(const struct result *r, struct strbuf *sb)
{
	if (!r->stacks_seen)
		return;
	fmt_share(sb, (double)r->stacks_complete, (double)r->stacks_seen);
	strbuf_puts(sb, " of ");
	fmt_count(sb, r->stacks_seen);
	strbuf_puts(sb, " user stacks reach their root");
	if (r->stacks_truncated) {
		strbuf_puts(sb, ", ");
		fmt_count(sb, r->stacks_truncated);
		strbuf_addf(sb, " %s cut at %d frames", plural(r->stacks_truncated, "was", "were"),
			    WIRE_STACK_DEPTH_MAX);
	}
}

/* What recording cost: it is part of the truth about a program. */
static void cost_text(const struct result *r, struct strbuf *sb)
{
	const struct recording *rec = &r->recording;
	/* older files have only the whole of it */
	uint64_t window_ns = rec->collector_window_cpu_ns ? rec->collector_window_cpu_ns
							  : rec->collector_cpu_ns;

	if (!rec->complete)
		return;
	fmt_ns(sb, window_ns);
	strbuf_puts(sb, " of CPU time for runwait itself");
	if (rec->end_ns > rec->start_ns) {
		strbuf_puts(sb, ", ");
		fmt_share(sb, (double)window_ns, (double)(rec->end_ns - rec->start_ns));
		strbuf_puts(sb, " of one core");
	}
	if (rec->collector_cpu_ns > window_ns) {
		strbuf_puts(sb, "; ");
		fmt_ns(sb, rec->collector_cpu_ns - window_ns);
		strbuf_puts(sb, " before and after");
	}
}

/* The recorded command in @width columns: some have a page of arguments. */
static void recorded_command(const struct page *p, size_t width, struct strbuf *sb)
{
	struct strbuf whole = STRBUF_INIT;

	command_text(&whole, p->r->recording.command, p->r->recording.command_size, 0);
	fmt_text(sb, whole.buf, width);
	if (whole.failed)
		sb->failed = true;
	strbuf_release(&whole);
}

void print_recording(struct page *p)
{
	const struct recording *rec = &p->r->recording;
	struct strbuf sb = STRBUF_INIT;

	page_heading(p, "Recorded", "%s", "");
	recorded_command(p, COMMAND_LINES * p->width, &sb);
	if (!sb.len)
		strbuf_puts(&sb, rec->whole_machine ? "none: the whole machine" :
						      "none: processes that ran already");
	page_pair(p, "command", p->colors->bold, &sb);
	if (rec->complete && rec->command_size)
		exit_text(rec->exit_status, &sb);
	page_pair(p, "ended", p->colors->warn, &sb);
	extent_text(p->r, &sb);
	page_pair(p, "extent", NULL, &sb);
	selection_text(&p->in->selection, &sb);
	page_pair(p, "only", p->colors->warn, &sb);
	print_place(p, &sb);
	stacks_text(p->r, &sb);
	page_pair(p, "stacks", NULL, &sb);
	print_hints(p);
	cost_text(p->r, &sb);
	page_pair(p, "cost", NULL, &sb);
	if (!rec->complete)
		strbuf_puts(&sb, "the recording was cut off: what follows is up to its last whole "
				 "chunk");
	page_pair(p, "CUT OFF", p->colors->alarm, &sb);
	for (int i = 0; i < rec->missing_count; i++) {
		strbuf_puts(&sb, rec->missing[i]);
		page_pair(p, "missing", p->colors->warn, &sb);
	}
	strbuf_release(&sb);
	print_loss(p);
}

void print_recording_line(struct page *p)
{
	struct strbuf sb = STRBUF_INIT;

	recorded_command(p, p->width / 2, &sb);
	if (sb.len)
		strbuf_puts(&sb, ": ");
	extent_text(p->r, &sb);
	if (p->in->selection.since_ns || p->in->selection.until_ns || p->in->selection.tgid ||
	    p->in->selection.tid)
		strbuf_puts(&sb, "; only ");
	selection_text(&p->in->selection, &sb);
	if (strbuf_error(&sb))
		p->failed = true;
	else
		page_wrap(p, "", p->colors->dim, sb.buf);
	strbuf_release(&sb);
	if (!p->r->recording.complete)
		page_line(p, 0, p->colors->alarm, "CUT OFF: up to the last whole chunk");
	print_loss(p);
}

static void json_texts(struct json *j, const char *key, const char *const *texts, int count)
{
	json_open_array(j, key);
	for (int i = 0; i < count; i++)
		json_text(j, NULL, texts[i]);
	json_close(j);
}

/* A member that is null when @value is 0. */
static void json_known(struct json *j, const char *key, uint64_t value)
{
	if (value)
		json_uint(j, key, value);
	else
		json_null(j, key);
}

void json_recording(struct json *j, const struct view_input *in)
{
	const struct recording *rec = &in->result->recording;
	const struct view_selection *s = &in->selection;

	json_open_object(j, "recording");
	if (rec->command_size)
		json_command(j, "command", rec->command, rec->command_size);
	else
		json_null(j, "command");
	json_uint(j, "start_realtime_ns", rec->start_realtime_ns);
	json_uint(j, "duration_ns", in->result->duration_ns);
	json_text(j, "kernel", rec->kernel);
	json_text(j, "machine", rec->machine);
	json_text(j, "host", rec->host);
	json_uint(j, "cpus", rec->cpus);
	json_uint(j, "frequency_hz", rec->frequency_hz);
	json_uint(j, "min_wait_ns", rec->min_wait_ns);
	json_bool(j, "whole_machine", rec->whole_machine);
	json_texts(j, "probes", rec->probes, rec->probe_count);
	json_texts(j, "missing", rec->missing, rec->missing_count);
	json_bool(j, "complete", rec->complete);
	if (rec->complete && rec->command_size)
		json_int(j, "wait_status", rec->exit_status);
	else
		json_null(j, "wait_status");
	if (rec->complete)
		json_uint(j, "collector_cpu_ns", rec->collector_cpu_ns);
	else
		json_null(j, "collector_cpu_ns");
	if (rec->complete)
		json_uint(j, "collector_window_cpu_ns", rec->collector_window_cpu_ns);
	else
		json_null(j, "collector_window_cpu_ns");
	json_uint(j, "waits", in->result->records);
	json_open_object(j, "selection");
	json_known(j, "pid", s->tgid);
	json_known(j, "tid", s->tid);
	json_uint(j, "since_ns", s->since_ns);
	json_known(j, "until_ns", s->until_ns);
	json_close(j);
	json_close(j);
}
