/* SPDX-License-Identifier: GPL-2.0-only */
#include "view/views.h"

#include "base/fmt.h"

#include <inttypes.h>
#include <string.h>

enum { DETAIL_ROWS = 5, SITE_ROWS = 3, DOINGS_SHOWN = 4, WAITED_FOR_COLUMNS = 40 };

/* What @rows lines above have in common; nothing when they have no stack. @how: how it is
 * known, or "". */
static void stack_below(struct page *p, uint32_t stack, size_t rows, const char *how)
{
	struct strbuf sb = STRBUF_INIT;

	stack_line(p, &sb, stack);
	if (sb.len && *how)
		strbuf_addf(&sb, "  (%s)", how);
	if (strbuf_error(&sb))
		p->failed = true;
	else if (sb.len)
		page_wrap(p, rows > 1 ? "         all in " : "             in ", p->colors->dim,
			  sb.buf);
	strbuf_release(&sb);
}

/* "     41.2 s    72 %  4711 worker …"; @rest is released. */
static void person_line(struct page *p, uint64_t ns, uint64_t all_ns, struct strbuf *rest)
{
	struct strbuf time = STRBUF_INIT, share = STRBUF_INIT, lead = STRBUF_INIT;

	fmt_ns(&time, ns);
	fmt_share(&share, (double)ns, (double)all_ns);
	if (!strbuf_error(&time) && !strbuf_error(&share))
		strbuf_addf(&lead, "    %8s  %6s  ", time.buf, share.buf);
	if (strbuf_error(&time) || strbuf_error(&share) || strbuf_error(&lead) ||
	    strbuf_error(rest))
		p->failed = true;
	else
		page_wrap(p, lead.buf, NULL, rest->buf);
	strbuf_release(&time);
	strbuf_release(&share);
	strbuf_release(&lead);
	strbuf_release(rest);
}

/* A line of sums; nothing when it is empty. @sb is released. */
static void fact_line(struct page *p, const char *lead, struct strbuf *sb)
{
	if (strbuf_error(sb))
		p->failed = true;
	else if (sb->len)
		page_wrap(p, lead, NULL, sb->buf);
	strbuf_release(sb);
}

/* --- how long, and what was done meanwhile ------------------------------------------ */

/* "▂▅█▃▁", a sign a power of two of ns, from the shortest waits to the longest. */
static void sparkline(struct strbuf *sb, const struct result_lock *lock)
{
	static const char *const signs[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	uint64_t most = 0, powers[LOCK_BUCKETS / 2];
	int first = -1, last = 0;

	for (int i = 0; i < LOCK_BUCKETS / 2; i++) {
		powers[i] = lock->buckets[2 * i] + lock->buckets[2 * i + 1];
		most = powers[i] > most ? powers[i] : most;
		if (powers[i] && first < 0)
			first = i;
		if (powers[i])
			last = i;
	}
	if (first < 0 || first == last)
		return;
	strbuf_puts(sb, "; ");
	fmt_ns(sb, lock_bucket_ns(2 * first));
	strbuf_putc(sb, ' ');
	for (int i = first; i <= last; i++)
		strbuf_puts(sb, powers[i] ? signs[(powers[i] * 7 + most - 1) / most] : " ");
	strbuf_putc(sb, ' ');
	fmt_ns(sb, lock_bucket_ns(2 * last + 2));
}

static void print_waits(struct page *p, const struct result_lock *lock)
{
	struct strbuf sb = STRBUF_INIT;

	if (lock->waits < 3)
		return;
	strbuf_puts(&sb, "half of them up to ");
	fmt_ns(&sb, lock->p50_ns);
	strbuf_puts(&sb, ", 90 % up to ");
	fmt_ns(&sb, lock->p90_ns);
	if (lock->waits >= 100) {
		strbuf_puts(&sb, ", 99 % up to ");
		fmt_ns(&sb, lock->p99_ns);
	}
	sparkline(&sb, lock);
	fact_line(p, "  waits: ", &sb);
}

static const char *doing_words(int doing)
{
	if (doing == HELD_RUN)
		return "running";
	if (doing == HELD_RUNNABLE)
		return "waiting for a core";
	return doing_name(doing);
}

/* "61 % file (fsync /x), 22 % running": the largest shares of what holders did, without what
 * nobody knows; @detail belongs to @detailed. */
static void doing_shares(struct strbuf *sb, const uint64_t *doing_ns, uint64_t all_ns,
			 int detailed, const char *detail)
{
	bool shown[HELD_KINDS] = { [HELD_UNKNOWN] = true };

	for (int n = 0; n < DOINGS_SHOWN; n++) {
		int best = -1;

		for (int i = 0; i < HELD_KINDS; i++)
			if (!shown[i] && (best < 0 || doing_ns[i] > doing_ns[best]))
				best = i;
		if (doing_ns[best] < all_ns / 100 || !doing_ns[best])
			return;
		shown[best] = true;
		strbuf_puts(sb, n ? ", " : "");
		fmt_share(sb, (double)doing_ns[best], (double)all_ns);
		strbuf_addf(sb, " %s", doing_words(best));
		if (best == detailed) {
			strbuf_puts(sb, " (");
			fmt_text(sb, detail, WAITED_FOR_COLUMNS);
			strbuf_puts(sb, ")");
		}
	}
}

static void print_holds(struct page *p, const struct result_lock *lock)
{
	const struct result_holds *holds = &lock->holds;
	struct strbuf sb = STRBUF_INIT;

	if (holds->count) {
		fmt_count(&sb, holds->count);
		strbuf_puts(&sb, plural(holds->count, " time", " times"));
		strbuf_puts(&sb, " while others waited, for ");
		fmt_ns(&sb, holds->ns);
		strbuf_puts(&sb, plural(holds->count, "", ", longest "));
		if (holds->count > 1)
			fmt_ns(&sb, holds->max_ns);
		/* half of the harm by half of the holds is no news */
		if (holds->long_count && holds->long_count < holds->count / 2) {
			strbuf_puts(&sb, "; ");
			fmt_share(&sb, (double)holds->long_blame_ns, (double)lock->wait_ns);
			strbuf_puts(&sb, " of the waiting was for the ");
			fmt_count(&sb, holds->long_count);
			strbuf_puts(&sb, " of at least ");
			fmt_ns(&sb, holds->long_ns);
		}
	}
	fact_line(p, "  held:  ", &sb);
	sb = (struct strbuf)STRBUF_INIT;
	doing_shares(&sb, lock->doing_ns, lock->wait_ns, HELD_UNKNOWN, NULL);
	fact_line(p, lock_has_owner(lock) ? "  meanwhile its holders: " :
					    "  meanwhile who ended it: ", &sb);
	if (!lock->wasted)
		return;
	sb = (struct strbuf)STRBUF_INIT;
	fmt_count(&sb, lock->wasted);
	strbuf_puts(&sb, plural(lock->wasted, " wakeup", " wakeups"));
	strbuf_puts(&sb, lock_has_owner(lock) ? " found it taken again" : " found nothing to do");
	fact_line(p, "  in vain: ", &sb);
}

/* --- people ---------------------------------------------------------------------------- */

static void print_waiters(struct page *p, const struct result_lock *lock)
{
	size_t count = lock->waiters.count, shown = count < DETAIL_ROWS ? count : DETAIL_ROWS;
	struct rest rest = { .count = count - shown, .whole = lock->wait_ns };

	if (!count)
		return;
	page_line(p, 2, p->colors->dim, "waited:");
	for (size_t i = 0, same = 1; i < shown; i++, same++) {
		const struct result_waiter *w = &lock->waiters.at[i];
		struct strbuf sb = STRBUF_INIT;

		page_thread(p, &sb, w->tid);
		strbuf_puts(&sb, ", ");
		fmt_count(&sb, w->waits);
		strbuf_puts(&sb, plural(w->waits, " wait, longest ", " waits, longest "));
		fmt_ns(&sb, w->max_wait_ns);
		person_line(p, w->wait_ns, lock->wait_ns, &sb);
		if (i + 1 < shown && w[1].stack == w->stack)
			continue;
		stack_below(p, w->stack, same, "");
		same = 0;
	}
	for (size_t i = shown; i < count; i++)
		rest.part += lock->waiters.at[i].wait_ns;
	page_rest(p, 4, &rest, "waiter", "waiters", "the waiting");
}

static const char *stack_words(enum stack_from from)
{
	switch (from) {
	case STACK_FROM_WAIT:
		return "it waited there";
	case STACK_FROM_SAMPLE:
		return "by its next sample";
	case STACK_FROM_SWITCH:
		return "where it left its core next";
	case STACK_FROM_RELEASE:
		return "where it let go";
	default:
		return "";
	}
}

/* "; 80 % file (fsync /x), 20 % running" */
static void holder_doings(struct strbuf *sb, const struct result_holder *h)
{
	bool tell = h->waited_for && h->waited_for_ns >= h->blame_ns / 10;
	struct strbuf doings = STRBUF_INIT;

	doing_shares(&doings, h->doing_ns, h->blame_ns, tell ? h->waited_for_class : HELD_UNKNOWN,
		     h->waited_for);
	if (doings.len) {
		strbuf_puts(sb, "; ");
		strbuf_add(sb, doings.buf, doings.len);
	}
	if (doings.failed)
		sb->failed = true;
	strbuf_release(&doings);
}

static void print_holders(struct page *p, const struct result_lock *lock)
{
	size_t count = lock->holders.count, shown = count < DETAIL_ROWS ? count : DETAIL_ROWS;
	struct rest rest = { .count = count - shown, .whole = lock->wait_ns };

	if (!count)
		return;
	page_line(p, 2, p->colors->dim, lock_has_owner(lock) ? "held by:" : "ended by:");
	for (size_t i = 0, same = 1; i < shown; i++, same++) {
		const struct result_holder *h = &lock->holders.at[i];
		struct strbuf sb = STRBUF_INIT;

		lock_holder_name(p, h, &sb);
		strbuf_puts(&sb, ", ");
		fmt_count(&sb, h->waits);
		strbuf_puts(&sb, plural(h->waits, " wait", " waits"));
		holder_doings(&sb, h);
		if (h->ended)
			strbuf_puts(&sb, "; ended without letting go of it");
		/* what is next to nothing is the moment between two owners */
		if (h->tid && lock_has_owner(lock) && h->inferred_ns > h->blame_ns / 20) {
			strbuf_puts(&sb, "; ");
			fmt_share(&sb, (double)h->inferred_ns, (double)h->blame_ns);
			strbuf_puts(&sb, " inferred from who got it next");
		}
		person_line(p, h->blame_ns, lock->wait_ns, &sb);
		if (i + 1 < shown && h[1].stack == h->stack && h[1].stack_from == h->stack_from)
			continue;
		stack_below(p, h->stack, same,
			    lock_has_owner(lock) ? stack_words(h->stack_from) : "");
		same = 0;
	}
	for (size_t i = shown; i < count; i++)
		rest.part += lock->holders.at[i].blame_ns;
	page_rest(p, 4, &rest, "thread", "threads", "the waiting");
}

static void print_wakers(struct page *p, const struct result_lock *lock)
{
	struct strbuf sb = STRBUF_INIT;

	for (size_t i = 0; i < lock->wakers.count && i < DETAIL_ROWS; i++) {
		const struct result_waker *w = &lock->wakers.at[i];

		strbuf_puts(&sb, i ? ", " : "");
		if (w->tid)
			strbuf_addf(&sb, "%u ", w->tid);
		fmt_text(&sb, w->name ? w->name : "", 0);
		strbuf_puts(&sb, " ×");
		fmt_count(&sb, w->count);
	}
	if (lock->wakers.count > DETAIL_ROWS)
		strbuf_addf(&sb, ", %zu more", lock->wakers.count - DETAIL_ROWS);
	fact_line(p, "  woken by: ", &sb);
}

/* --- places ------------------------------------------------------------------------------ */

static void site_side(struct page *p, const char *lead, uint32_t stack)
{
	struct strbuf sb = STRBUF_INIT;

	stack_line(p, &sb, stack);
	if (!sb.len)
		strbuf_puts(&sb, "not known");
	fact_line(p, lead, &sb);
}

/* Pairs of places say more than people only where there are several of them. */
static void print_sites(struct page *p, const struct result_lock *lock)
{
	struct rest rest = { .whole = lock->wait_ns };

	if (lock->sites.count < 2)
		return;
	page_line(p, 2, p->colors->dim, "%s",
		  lock_has_owner(lock) ? "held there, waited for here:" :
					 "ended there, waited for here:");
	for (size_t i = 0; i < lock->sites.count; i++) {
		const struct result_lock_site *site = &lock->sites.at[i];
		struct strbuf sb = STRBUF_INIT;

		/* what is a hundredth of the worst is not worth two lines */
		if (i >= SITE_ROWS || site->blame_ns < lock->sites.at[0].blame_ns / 100) {
			rest.count++;
			rest.part += site->blame_ns;
			continue;
		}
		if (site->doing != HELD_UNKNOWN)
			strbuf_addf(&sb, "the holder mostly %s%s",
				    site->doing < CLASS_COUNT ? "waiting: " : "",
				    doing_words(site->doing));
		person_line(p, site->blame_ns, lock->wait_ns, &sb);
		site_side(p, "           there: ", site->held_stack);
		site_side(p, "            here: ", site->wait_stack);
	}
	page_rest(p, 4, &rest, "pair", "pairs", "the waiting");
}

void print_lock_detail(struct page *p, const struct result_lock *lock)
{
	struct strbuf title = STRBUF_INIT, note = STRBUF_INIT;

	strbuf_addf(&title, "#%u %s ", lock->id, lock_kind_words(lock->kind));
	lock_name(lock, &title);
	fmt_ns(&note, lock->wait_ns);
	strbuf_puts(&note, " in ");
	fmt_count(&note, lock->waits);
	strbuf_puts(&note, plural(lock->waits, " wait, longest ", " waits, longest "));
	fmt_ns(&note, lock->max_wait_ns);
	if (lock->open_waits) {
		strbuf_puts(&note, "; ");
		fmt_count(&note, lock->open_waits);
		strbuf_puts(&note, " still waiting at the end");
	}
	if (strbuf_error(&title) || strbuf_error(&note))
		p->failed = true;
	else
		page_heading(p, title.buf, "%s", note.buf);
	strbuf_release(&title);
	strbuf_release(&note);
	print_waits(p, lock);
	print_holds(p, lock);
	print_waiters(p, lock);
	print_holders(p, lock);
	print_wakers(p, lock);
	print_sites(p, lock);
}
