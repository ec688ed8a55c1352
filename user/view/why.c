/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * why: what the threads of a process are doing at one moment: deadlocks, then
 * who waits for whom, then every thread with its stack. Threads that do the
 * same at the same place are one paragraph, so that five hundred can be read.
 */
#include "view/views.h"

#include "base/fmt.h"
#include "core/object_text.h"

#include <stdio.h>
#include <string.h>

enum {
	GROUPS_SHOWN = 40,
	TIDS_SHOWN = 8,
	MEMBERS_SHOWN = 10,
	EDGES_SHOWN = 20,
	KERNEL_FRAMES = 6,
	FRAMES_SHOWN = 48, /* of a stack that is deeper than so many and a few more */
	FRAMES_LAST = 8, /* of which at its root */
};

#define NOBODY UINT32_MAX

/* Waits that look the same; their indices are chained by `more`. */
struct same {
	uint32_t first, count;
	uint32_t targets; /* different things that they wait for, as far as that was looked at */
	uint64_t longest_ns;
};

struct why {
	struct page *p;
	const struct result *r;
	VEC(struct same) groups;
	uint32_t *more; /* by wait: the next of its group */
	uint8_t *inside; /* by wait: of the process that was asked for, or its children */
};

/* --- words ------------------------------------------------------------------- */

/* "mutex `queue_lock`", "pipe:[8123]"; nothing where there is no object. */
static void target_text(struct strbuf *sb, const struct result_wait *t)
{
	/* a variable is one place */
	bool many = !t->target || object_text_is_many(t->target);

	if (t->lock >= 0)
		strbuf_puts(sb, t->lock == LOCK_UNKNOWN ? "lock"
							: lock_kind_words((enum lock_kind)t->lock));
	if (t->target) {
		strbuf_puts(sb, t->lock >= 0 ? " " : "");
		fmt_text(sb, t->target, 0);
	}
	if (t->address && many)
		strbuf_addf(sb, " 0x%llx", (unsigned long long)t->address);
}

static void thread_text(struct strbuf *sb, const struct result_wait *t)
{
	strbuf_addf(sb, "%u ", t->tid);
	fmt_text(sb, t->comm, 0);
}

static void since_text(struct strbuf *sb, const struct result_wait *t)
{
	if (!t->waits_ns)
		return;
	strbuf_puts(sb, ", for ");
	fmt_ns(sb, t->waits_ns);
}

static void ends_text(struct strbuf *sb, const struct result_wait *t)
{
	for (size_t i = 0; i < t->ends.count && i < TIDS_SHOWN; i++) {
		strbuf_addf(sb, "%s%u ", i ? ", " : "", t->ends.at[i].tgid);
		fmt_text(sb, t->ends.at[i].comm, 0);
	}
	if (t->ends.count > TIDS_SHOWN)
		strbuf_addf(sb, " and %zu more", t->ends.count - TIDS_SHOWN);
}

static bool reads(const struct result_wait *t)
{
	return t->syscall && (strstr(t->syscall, "read") || strstr(t->syscall, "recv"));
}

static bool writes(const struct result_wait *t)
{
	return t->syscall && (strstr(t->syscall, "write") || strstr(t->syscall, "send"));
}

/* Of a lock that belongs to an open file: who else has that, and may let go of it. */
static void sharers_text(struct strbuf *sb, const struct result_wait *t)
{
	size_t shown = 0;

	for (size_t i = 0; i < t->ends.count; i++) {
		if (t->ends.at[i].tgid == t->holder_tid)
			continue;
		if (shown == TIDS_SHOWN) {
			strbuf_addf(sb, " and %zu more", t->ends.count - 1 - shown);
			return;
		}
		strbuf_addf(sb, "%s%u ", shown++ ? ", " : ", who shares its open file with ",
			    t->ends.at[i].tgid);
		fmt_text(sb, t->ends.at[i].comm, 0);
	}
}

/* What it waits for, as half a sentence: "waits for mutex `b`, held by 13 worker". */
static void waits_text(const struct why *w, struct strbuf *sb, const struct result_wait *t)
{
	if (t->class == CLASS_CHILD) {
		strbuf_puts(sb, "waits for a child: ");
		ends_text(sb, t);
		return;
	}
	if (t->lock == LOCK_JOIN && t->holder_tid) {
		strbuf_puts(sb, "waits for the end of ");
		page_thread(w->p, sb, t->holder_tid);
		return;
	}
	strbuf_addf(sb, "waits %s ", reads(t) ? "to read from" : writes(t) ? "to write to" : "for");
	target_text(sb, t);
	if (t->holder == HOLDER_GONE) {
		strbuf_addf(sb, ", held by thread %u, which this process does not have: it ended "
			    "without unlocking, or this is a fork of who had it", t->holder_tid);
	} else if (t->holder == HOLDER_THERE && t->holder_tid == t->tid) {
		strbuf_puts(sb, ", which it holds itself");
	} else if (t->holder == HOLDER_THERE) {
		strbuf_puts(sb, ", held by ");
		page_thread(w->p, sb, t->holder_tid);
		sharers_text(sb, t);
	} else if (t->ends.count) {
		strbuf_addf(sb, ", %s by ", reads(t) ? "written" : writes(t) ? "read" : "open");
		ends_text(sb, t);
	}
}

static void line(struct why *w, const char *lead, const char *color, struct strbuf *sb)
{
	if (strbuf_error(sb))
		w->p->failed = true;
	else
		page_wrap(w->p, lead, color, sb->buf);
	strbuf_clear(sb);
}

/* --- stacks ------------------------------------------------------------------ */

static void frame_text(const struct why *w, struct strbuf *sb, uint32_t frame, uint32_t level)
{
	const struct stacks *stacks = w->p->in->stacks;
	struct frame_name names[16];
	size_t n = stacks_names(stacks, frame, names, ARRAY_COUNT(names));
	struct strbuf text = STRBUF_INIT;

	stacks_print_frame(stacks, frame, level, 0, &text);
	if (level < n && level < ARRAY_COUNT(names) && *names[level].file) {
		const char *slash = strrchr(names[level].file, '/');

		strbuf_addf(&text, "  %s:%u", slash ? slash + 1 : names[level].file,
			    names[level].line);
	}
	fmt_text(sb, text.buf, 0);
	if (text.failed)
		sb->failed = true;
	strbuf_release(&text);
}

/* With the calls that are inlined there, a line each. */
static void print_frame(struct why *w, struct strbuf *sb, uint32_t frame)
{
	for (uint32_t level = 0; level < stacks_levels(w->p->in->stacks, frame); level++) {
		frame_text(w, sb, frame, level);
		page_line(w->p, 6, NULL, "%s", sb->buf);
		strbuf_clear(sb);
	}
}

static void print_stack(struct why *w, const struct result_wait *t)
{
	struct strbuf sb = STRBUF_INIT;
	struct stack_view view;

	if (stacks_get(w->p->in->stacks, t->kernel_stack, &view)) {
		for (uint32_t i = 0; i < view.count && i < KERNEL_FRAMES; i++) {
			strbuf_puts(&sb, i ? " ← " : "kernel: ");
			frame_text(w, &sb, view.frames[i], 0);
		}
		page_line(w->p, 6, w->p->colors->dim, "%s", sb.buf);
		strbuf_clear(&sb);
	}
	if (!stacks_get(w->p->in->stacks, t->user_stack, &view)) {
		page_line(w->p, 6, w->p->colors->dim, "its stack could not be read");
	} else {
		uint32_t from = view.count, to = view.count;

		if (view.count > FRAMES_SHOWN + FRAMES_LAST && w->p->style->rows != SIZE_MAX) {
			from = FRAMES_SHOWN - FRAMES_LAST;
			to = view.count - FRAMES_LAST;
		}
		for (uint32_t i = 0; i < view.count; i++) {
			if (i == from)
				page_line(w->p, 6, w->p->colors->dim,
					  "… %u more, all with --rows all …", to - from);
			if (i < from || i >= to)
				print_frame(w, &sb, view.frames[i]);
		}
		if (!(view.flags & (STACK_COMPLETE | STACK_TRUNCATED)))
			page_line(w->p, 6, w->p->colors->dim,
				  "… it could be followed no further");
	}
	w->p->failed |= sb.failed;
	strbuf_release(&sb);
}

/* --- deadlocks --------------------------------------------------------------- */

/* "holds A" is what the one before it in the circle waits for. */
static void print_member(struct why *w, const struct result_deadlock *d, size_t i)
{
	const struct result_wait *t = &w->r->waits.at[d->circle.at[i]];
	const struct result_wait *before =
		&w->r->waits.at[d->circle.at[i ? i - 1 : d->circle.count - 1]];
	struct strbuf sb = STRBUF_INIT;

	strbuf_puts(&sb, "thread ");
	thread_text(&sb, t);
	if (d->circle.count > 1 && before->holder == HOLDER_THERE && before->lock != LOCK_JOIN) {
		bool own = before->lock != LOCK_FILE || before->holder_tid == t->tid;

		strbuf_puts(&sb, own ? " holds "
				 : before->holder_tid == t->tgid ? ", whose process holds "
								 : ", which shares ");
		target_text(&sb, before);
		strbuf_puts(&sb, own ? " and" : ",");
	}
	strbuf_putc(&sb, ' ');
	waits_text(w, &sb, t);
	since_text(&sb, t);
	line(w, "  ", NULL, &sb);
	stack_line(w->p, &sb, t->user_stack);
	if (sb.len)
		line(w, "      in ", w->p->colors->dim, &sb);
	strbuf_release(&sb);
}

static void print_behind(struct why *w, const struct result_deadlock *d)
{
	struct strbuf sb = STRBUF_INIT;
	struct rest rest = { 0 };

	if (!d->behind.count)
		return;
	page_line(w->p, 2, NULL, "behind %s:", d->circle.count > 1 ? "them" : "it");
	for (size_t i = 0; i < d->behind.count; i++) {
		const struct result_wait *t = &w->r->waits.at[d->behind.at[i]];

		if (i >= MEMBERS_SHOWN && w->p->style->rows != SIZE_MAX) {
			rest.count = d->behind.count - i;
			break;
		}
		thread_text(&sb, t);
		strbuf_putc(&sb, ' ');
		waits_text(w, &sb, t);
		line(w, "    ", NULL, &sb);
	}
	page_rest(w->p, 4, &rest, "thread", "threads", NULL);
	strbuf_release(&sb);
}

static void print_deadlock(struct why *w, const struct result_deadlock *d)
{
	const struct result_wait *first = &w->r->waits.at[d->circle.at[0]];
	struct strbuf sb = STRBUF_INIT, note = STRBUF_INIT;
	bool all = w->p->style->rows == SIZE_MAX || d->circle.count <= MEMBERS_SHOWN;
	size_t shown = all ? d->circle.count : MEMBERS_SHOWN;
	struct rest rest = { 0 };

	if (d->circle.count > 1)
		strbuf_addf(&sb, "%zu threads wait for each other", d->circle.count);
	else if (first->holder == HOLDER_GONE)
		strbuf_puts(&sb, "a thread waits for a lock whose holder is gone");
	else
		strbuf_puts(&sb, "a thread waits for itself");
	if (d->behind.count)
		strbuf_addf(&note, "%zu more %s behind %s", d->behind.count,
			    plural(d->behind.count, "waits", "wait"),
			    d->circle.count > 1 ? "them" : "it");
	page_line(w->p, 0, w->p->colors->alarm, "Deadlock: %s%s%s", sb.buf, note.len ? ", " : "",
		  note.buf);
	for (size_t i = 0; i < shown; i++)
		print_member(w, d, i);
	rest.count = d->circle.count - shown;
	page_rest(w->p, 2, &rest, "thread in the circle", "threads in the circle", NULL);
	print_behind(w, d);
	w->p->failed |= sb.failed || note.failed;
	strbuf_release(&sb);
	strbuf_release(&note);
}

/* --- who waits for whom ------------------------------------------------------ */

static void print_graph(struct why *w)
{
	struct strbuf sb = STRBUF_INIT;
	struct map seen = MAP_INIT;
	struct rest rest = { 0 };
	bool any = false;
	size_t shown = 0;

	for (size_t i = 0; i < w->r->waits.count; i++) {
		const struct result_wait *t = &w->r->waits.at[i];
		uint32_t holder = t->holder_tid, count = 0;

		/* those above said it of themselves */
		if (!w->inside[i] || t->holder == HOLDER_UNKNOWN || t->in_circle ||
		    map_get(&seen, holder))
			continue;
		if (shown++ >= EDGES_SHOWN && w->p->style->rows != SIZE_MAX) {
			rest.count++;
			continue;
		}
		if (map_put(&seen, holder, 1)) {
			w->p->failed = true;
			break;
		}
		if (!any)
			page_heading(w->p, "Who waits for whom", "%s", "");
		any = true;
		page_thread(w->p, &sb, holder);
		strbuf_puts(&sb, " ← ");
		for (size_t k = i; k < w->r->waits.count; k++) {
			const struct result_wait *o = &w->r->waits.at[k];

			if (o->holder == HOLDER_UNKNOWN || o->holder_tid != holder)
				continue;
			if (++count > TIDS_SHOWN)
				continue;
			strbuf_puts(&sb, count > 1 ? ", " : "");
			thread_text(&sb, o);
			strbuf_puts(&sb, " (");
			if (o->lock == LOCK_JOIN)
				strbuf_puts(&sb, "its end");
			else
				target_text(&sb, o);
			strbuf_putc(&sb, ')');
		}
		if (count > TIDS_SHOWN)
			strbuf_addf(&sb, " and %u more", count - TIDS_SHOWN);
		line(w, "  ", NULL, &sb);
	}
	page_rest(w->p, 2, &rest, "wait", "waits", NULL);
	map_release(&seen);
	strbuf_release(&sb);
}

/* --- all threads ------------------------------------------------------------- */

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool same_target(const struct result_wait *a, const struct result_wait *b)
{
	return a->address == b->address && a->holder_tid == b->holder_tid &&
	       same_text(a->target, b->target);
}

/* They stand at the same place, be it for different locks. */
static bool is_same(const struct result_wait *a, const struct result_wait *b)
{
	return a->tgid == b->tgid && a->situation == b->situation && a->class == b->class &&
	       a->lock == b->lock && a->user_stack == b->user_stack && a->timed == b->timed &&
	       !a->deadlock == !b->deadlock && same_text(a->syscall, b->syscall) &&
	       (a->user_stack || same_target(a, b));
}

static int group(struct why *w)
{
	const struct result *r = w->r;

	for (uint32_t i = 0; i < r->waits.count; i++) {
		size_t g = 0;

		if (!w->inside[i])
			continue;
		while (g < w->groups.count && !is_same(&r->waits.at[w->groups.at[g].first],
						       &r->waits.at[i]))
			g++;
		if (g == w->groups.count &&
		    vec_push(&w->groups, (struct same){ .first = i }))
			return -ENOMEM;
		/* the first stays first, the others come behind it backwards */
		if (w->groups.at[g].count) {
			w->more[i] = w->more[w->groups.at[g].first];
			w->more[w->groups.at[g].first] = i;
		}
		w->groups.at[g].count++;
		if (w->groups.at[g].count > 1 &&
		    !same_target(&r->waits.at[w->groups.at[g].first], &r->waits.at[i]))
			w->groups.at[g].targets++;
		if (r->waits.at[i].waits_ns > w->groups.at[g].longest_ns)
			w->groups.at[g].longest_ns = r->waits.at[i].waits_ns;
	}
	return 0;
}

/* @mixed: it is one of several that wait for different things. */
static void doing_text(const struct why *w, struct strbuf *sb, const struct result_wait *t,
		       bool mixed)
{
	switch (t->situation) {
	case SITUATION_RUN:
		strbuf_puts(sb, "runs");
		return;
	case SITUATION_RUNNABLE:
		strbuf_puts(sb, "waits for a core");
		return;
	case SITUATION_STOPPED:
		strbuf_puts(sb, "is stopped, by a signal or a debugger");
		return;
	case SITUATION_UNKNOWN:
		strbuf_puts(sb, "unknown");
		return;
	case SITUATION_WAIT:
		break;
	}
	strbuf_addf(sb, "%s", wait_class_name(t->class));
	if (t->syscall)
		strbuf_addf(sb, " %s", t->syscall);
	strbuf_puts(sb, ": ");
	if (mixed)
		strbuf_addf(sb, "wait for different %s",
			    t->lock < 0		       ? "things"
			    : t->lock == LOCK_UNKNOWN  ? "locks"
			    : t->lock == LOCK_MUTEX    ? "mutexes"
			    : t->lock == LOCK_SEMAPHORE ? "semaphores"
			    : t->lock == LOCK_CONDITION ? "conditions"
			    : t->lock == LOCK_JOIN     ? "threads to end"
						       : "ones");
	else if (t->target || t->address || t->ends.count || t->lock >= 0)
		waits_text(w, sb, t);
	else
		strbuf_puts(sb, t->timed ? "waits" : "waits, without a limit");
	if (t->timed)
		strbuf_puts(sb, t->class == CLASS_SLEEP ? "" : ", with a timeout");
}

static void threads_text(const struct why *w, struct strbuf *sb, const struct same *g)
{
	uint32_t shown = 1;

	if (g->count > 1)
		strbuf_addf(sb, "%u threads: ", g->count);
	thread_text(sb, &w->r->waits.at[g->first]);
	for (uint32_t i = w->more[g->first]; i != NOBODY && shown < TIDS_SHOWN; i = w->more[i]) {
		strbuf_puts(sb, ", ");
		thread_text(sb, &w->r->waits.at[i]);
		shown++;
	}
	if (shown < g->count)
		strbuf_addf(sb, " and %u more", g->count - shown);
}

/* @named: the heading has its name. */
static void print_group(struct why *w, const struct same *g, bool named)
{
	const struct result_wait *t = &w->r->waits.at[g->first];
	struct strbuf sb = STRBUF_INIT;

	if (!named) {
		threads_text(w, &sb, g);
		line(w, "  ", w->p->colors->bold, &sb);
	}
	doing_text(w, &sb, t, g->targets > 0);
	if (g->longest_ns) {
		strbuf_puts(&sb, g->count > 1 ? ", for up to " : ", for ");
		fmt_ns(&sb, g->longest_ns);
	}
	if (t->deadlock)
		strbuf_addf(&sb, "; %s", t->in_circle ? "deadlocked" : "behind a deadlock");
	line(w, "    ", t->deadlock ? w->p->colors->alarm : w->p->colors->class[t->class], &sb);
	print_stack(w, t);
	strbuf_release(&sb);
}

static uint32_t process_of(const struct why *w, const struct same *g)
{
	return w->r->waits.at[g->first].tgid;
}

/* The groups of the process of group @first, which is the first of these. */
static void print_process(struct why *w, size_t first, size_t *left, struct rest *rest)
{
	uint32_t tgid = process_of(w, &w->groups.at[first]), threads = 0;
	struct strbuf sb = STRBUF_INIT;
	bool named;

	for (size_t i = first; i < w->groups.count; i++)
		if (process_of(w, &w->groups.at[i]) == tgid)
			threads += w->groups.at[i].count;
	named = threads == 1 && w->r->waits.at[w->groups.at[first].first].tid == tgid;
	page_thread(w->p, &sb, tgid);
	if (*left)
		page_heading(w->p, named ? "Thread" : "Threads of", "%s", sb.buf);
	for (size_t i = first; i < w->groups.count; i++) {
		if (process_of(w, &w->groups.at[i]) != tgid)
			continue;
		if (*left) {
			print_group(w, &w->groups.at[i], named);
			--*left;
		} else {
			rest->count += w->groups.at[i].count;
		}
	}
	w->p->failed |= sb.failed;
	strbuf_release(&sb);
}

static void print_threads(struct why *w)
{
	size_t left = page_rows(w->p, GROUPS_SHOWN);
	struct rest rest = { 0 };

	for (size_t i = 0; i < w->groups.count; i++) {
		size_t k = 0;

		while (process_of(w, &w->groups.at[k]) != process_of(w, &w->groups.at[i]))
			k++;
		if (k == i)
			print_process(w, i, &left, &rest);
	}
	page_rest(w->p, 2, &rest, "thread", "threads", NULL);
}

/* --- the whole --------------------------------------------------------------- */

/* A child, or a child's child, of the process that was asked for. */
static bool descends(const struct result *r, uint32_t tgid, uint32_t root)
{
	for (int depth = 0; depth < 64 && tgid; depth++) {
		size_t i = 0;

		if (tgid == root)
			return true;
		while (i < r->processes.count && r->processes.at[i].tgid != tgid)
			i++;
		tgid = i < r->processes.count ? r->processes.at[i].parent_tgid : 0;
	}
	return false;
}

static int why_init(struct why *w, const struct view_input *in)
{
	const struct result *r = in->result;

	*w = (struct why){ .r = r };
	w->more = calloc(r->waits.count + 1, sizeof(*w->more));
	w->inside = calloc(r->waits.count + 1, 1);
	if (!w->more || !w->inside)
		return -ENOMEM;
	for (size_t i = 0; i < r->waits.count; i++) {
		w->more[i] = NOBODY;
		/* others are there for what they hold */
		w->inside[i] = r->waits.at[i].deadlock || !in->selection.tgid ||
			       descends(r, r->waits.at[i].tgid, in->selection.tgid);
	}
	return group(w);
}

static void why_release(struct why *w)
{
	free(w->more);
	free(w->inside);
	vec_release(&w->groups);
}

/* ", 3 waiting"; nothing when there is none. */
static void count_text(struct strbuf *sb, size_t count, const char *what)
{
	if (count)
		strbuf_addf(sb, ", %zu %s", count, what);
}

static void print_head(struct why *w)
{
	size_t inside = 0, counts[SITUATION_UNKNOWN + 1] = { 0 };
	struct strbuf sb = STRBUF_INIT;

	for (size_t i = 0; i < w->r->waits.count; i++) {
		inside += w->inside[i];
		counts[w->r->waits.at[i].situation] += w->inside[i];
	}
	page_thread(w->p, &sb, w->p->in->selection.tgid);
	strbuf_addf(&sb, ": %zu %s", inside, plural(inside, "thread", "threads"));
	count_text(&sb, counts[SITUATION_WAIT], "waiting");
	count_text(&sb, counts[SITUATION_RUN], "running");
	count_text(&sb, counts[SITUATION_RUNNABLE], "in want of a core");
	count_text(&sb, counts[SITUATION_STOPPED], "stopped");
	line(w, "", w->p->colors->bold, &sb);
	if (inside && counts[SITUATION_STOPPED] == inside)
		page_line(w->p, 0, w->p->colors->warn, "It is stopped, by a signal or a debugger: "
			  "`kill -CONT %u` ends the former", w->p->in->selection.tgid);
	for (int i = 0; i < w->r->recording.missing_count; i++)
		page_line(w->p, 0, w->p->colors->warn, "%s", w->r->recording.missing[i]);
	strbuf_release(&sb);
}

/* Some threads of the stalled process: where, and for which of the things without owner. */
static void print_waiters(struct why *w, const struct same *g)
{
	struct strbuf sb = STRBUF_INIT;
	uint32_t shown = 0;

	for (uint32_t i = g->first; i != NOBODY && shown < TIDS_SHOWN; i = w->more[i], shown++) {
		const struct result_wait *t = &w->r->waits.at[i];

		thread_text(&sb, t);
		strbuf_putc(&sb, ' ');
		waits_text(w, &sb, t);
		line(w, "  ", NULL, &sb);
	}
	if (g->count > shown) {
		strbuf_addf(&sb, "and %u more like it", g->count - shown);
		line(w, "  ", NULL, &sb);
	}
	stack_line(w->p, &sb, w->r->waits.at[g->first].user_stack);
	if (sb.len)
		line(w, g->count > 1 ? "      all in " : "      in ", w->p->colors->dim, &sb);
	strbuf_release(&sb);
}

static bool waits_for_a_wake(const struct why *w, const struct same *g, uint32_t tgid)
{
	const struct result_wait *t = &w->r->waits.at[g->first];

	return t->tgid == tgid && t->situation == SITUATION_WAIT && t->address;
}

/*
 * What they wait for has no owner: a semaphore, a condition. It may be a deadlock
 * or idle workers; where they stand is what a person can tell them apart by.
 */
static void print_stalled(struct why *w)
{
	struct strbuf sb = STRBUF_INIT;

	for (size_t i = 0; i < w->r->stalled.count; i++) {
		uint32_t tgid = w->r->stalled.at[i];

		strbuf_puts(&sb, "No progress: every thread of ");
		page_thread(w->p, &sb, tgid);
		strbuf_puts(&sb, " waits to be woken by another one of it, without a timeout. Only "
				 "a signal can set it going. What has no owner does not tell "
				 "whether this is a deadlock or they have no work; where they "
				 "wait may:");
		line(w, "", w->p->colors->warn, &sb);
		for (size_t k = 0; k < w->groups.count; k++) {
			const struct same *g = &w->groups.at[k];

			if (waits_for_a_wake(w, g, tgid))
				print_waiters(w, g);
		}
	}
	strbuf_release(&sb);
}

/* --- who knows more ----------------------------------------------------------- */

/* Waiting behind such a function: what the language's own tools know, and we cannot. */
static const struct {
	const char *function; /* its name's beginning */
	const char *says;
} tellers[] = {
	{ "PyThread_acquire_lock",
	  "A Python lock does not tell who has it: `py-spy dump --pid %u` shows the Python code of "
	  "each thread" },
	{ "ObjectMonitor::enter",
	  "Threads are blocked entering Java monitors, whose owners only the machine itself knows: "
	  "`jstack %u` names them" },
	{ "runtime.schedule",
	  "Goroutines that wait for channels and locks of Go have no thread and are not seen here: "
	  "`kill -QUIT %u` prints them, and ends the program" },
};

static bool stands_behind(const struct why *w, uint32_t stack, const char *function)
{
	struct frame_name names[16];
	struct stack_view view;

	if (!stacks_get(w->p->in->stacks, stack, &view))
		return false;
	for (uint32_t i = 0; i < view.count; i++) {
		size_t n = stacks_names(w->p->in->stacks, view.frames[i], names,
					ARRAY_COUNT(names));

		for (size_t k = 0; k < n && k < ARRAY_COUNT(names); k++)
			if (!strncmp(names[k].function, function, strlen(function)))
				return true;
	}
	return false;
}

static void print_tellers(struct why *w)
{
	uint32_t told[ARRAY_COUNT(tellers)] = { 0 };

	for (size_t i = 0; i < w->groups.count; i++) {
		const struct result_wait *t = &w->r->waits.at[w->groups.at[i].first];

		for (size_t k = 0; k < ARRAY_COUNT(tellers); k++) {
			struct strbuf sb = STRBUF_INIT;

			if (t->situation != SITUATION_WAIT || told[k] == t->tgid ||
			    !stands_behind(w, t->user_stack, tellers[k].function))
				continue;
			told[k] = t->tgid;
			strbuf_addf(&sb, tellers[k].says, t->tgid);
			line(w, "", w->p->colors->dim, &sb);
			strbuf_release(&sb);
		}
	}
}

/* Of semaphores of System V, "semid 3, number 1", nobody knows who has them. */
static void print_semaphores(struct why *w)
{
	struct strbuf sb = STRBUF_INIT;
	long id, told = -1;

	for (size_t i = 0; i < w->r->waits.count; i++) {
		const struct result_wait *t = &w->r->waits.at[i];

		if (!w->inside[i] || t->lock != LOCK_SEMAPHORE || t->address || !t->target ||
		    sscanf(t->target, "semid %ld", &id) != 1 || id == told)
			continue;
		told = id;
		strbuf_addf(&sb, "A semaphore of System V does not tell who has it: "
				 "`ipcs -s -i %ld` shows which process changed it last", id);
		line(w, "", w->p->colors->dim, &sb);
	}
	strbuf_release(&sb);
}

static void print(struct page *p)
{
	struct why w;

	if (why_init(&w, p->in)) {
		p->failed = true;
	} else {
		w.p = p;
		print_head(&w);
		for (size_t i = 0; i < w.r->deadlocks.count; i++)
			print_deadlock(&w, &w.r->deadlocks.at[i]);
		print_stalled(&w);
		print_tellers(&w);
		print_semaphores(&w);
		print_graph(&w);
		print_threads(&w);
	}
	why_release(&w);
}

const struct view view_why = { .name = "why", .print = print, .json = why_json };
