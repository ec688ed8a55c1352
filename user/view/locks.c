/* SPDX-License-Identifier: GPL-2.0-only */
#include "view/views.h"

#include "base/fmt.h"
#include "view/table.h"

#include <string.h>

enum { VIEW_ROWS = 20, DETAIL_ROWS = 5 };

/* "redis-server+0x1c40" is one place; "[heap]" and "shared anon" are many. */
static bool name_is_enough(const struct result_lock *lock)
{
	return lock->name && strstr(lock->name, "+0x");
}

static void lock_name(const struct result_lock *lock, struct strbuf *sb)
{
	if (lock->place)
		fmt_text(sb, lock->place, 0);
	else if (lock->name && *lock->name)
		fmt_text(sb, lock->name, 0);
	if (!lock->address || lock->place || name_is_enough(lock))
		return;
	strbuf_addf(sb, "%s0x%llx", lock->name && *lock->name ? " " : "",
		    (unsigned long long)lock->address);
}

/* Whether the lock names who holds it, or only who ended the waits is known. */
static bool has_owner(const struct result_lock *lock)
{
	return lock->kind == LOCK_MUTEX || lock->kind == LOCK_RWLOCK || lock->kind == LOCK_GIL;
}

static void holder_name(const struct page *p, const struct result_holder *h, struct strbuf *sb)
{
	if (h->tid)
		page_thread(p, sb, h->tid);
	else
		strbuf_puts(sb, "no known thread");
}

enum { ID, KIND, NAME, PID, WAITS, WAITED, SHARE, BAR, LONGEST, OPEN, WAITERS, HOLDER };

static const struct table_column lock_columns[] = {
	[ID] = { .title = "#", .kind = TABLE_NUMBER },
	[KIND] = { .title = "kind", .kind = TABLE_TEXT, .min = 9, .max = 9 },
	[NAME] = { .title = "at", .kind = TABLE_TEXT, .min = 21, .max = 40 },
	[PID] = { .title = "pid", .kind = TABLE_NUMBER, .drop = 2 },
	[WAITS] = { .title = "waits", .kind = TABLE_NUMBER },
	[WAITED] = { .title = "waited", .kind = TABLE_NUMBER },
	[SHARE] = { .title = "", .kind = TABLE_NUMBER },
	[BAR] = { .title = "", .kind = TABLE_BAR, .min = 4, .max = 10, .drop = 4 },
	[LONGEST] = { .title = "longest", .kind = TABLE_NUMBER, .drop = 1 },
	[OPEN] = { .title = "open", .kind = TABLE_NUMBER, .drop = 2 },
	[WAITERS] = { .title = "waiters", .kind = TABLE_NUMBER, .drop = 3 },
	[HOLDER] = { .title = "held or ended by", .kind = TABLE_TEXT, .max = 28 },
};

static void lock_row(struct table *t, const struct page *p, const struct result_lock *lock,
		     uint64_t all_ns)
{
	strbuf_addf(table_cell(t, p->colors->dim), "%u", lock->id);
	strbuf_puts(table_cell(t, NULL), lock_kind_name(lock->kind));
	lock_name(lock, table_cell(t, p->colors->bold));
	if (lock->tgid)
		strbuf_addf(table_cell(t, NULL), "%u", lock->tgid);
	else
		strbuf_puts(table_cell(t, NULL), lock->shared ? "shared" : "");
	fmt_count(table_cell(t, NULL), lock->waits);
	fmt_ns(table_cell(t, p->colors->class[CLASS_LOCK]), lock->wait_ns);
	fmt_share(table_cell(t, NULL), (double)lock->wait_ns, (double)all_ns);
	table_bar(t);
	table_part(t, (double)lock->wait_ns, (double)all_ns, BAR_FULL,
		   p->colors->class[CLASS_LOCK]);
	fmt_ns(table_cell(t, NULL), lock->max_wait_ns);
	fmt_count(table_cell(t, lock->open_waits ? p->colors->warn : NULL), lock->open_waits);
	strbuf_addf(table_cell(t, NULL), "%zu", lock->waiters.count);
	if (lock->holders.count)
		holder_name(p, &lock->holders.at[0], table_cell(t, NULL));
	else
		table_cell(t, NULL);
}

/* Waits of some of the first @rows were not over when the recording ended. */
static bool some_are_open(const struct result *r, size_t rows)
{
	for (size_t i = 0; i < r->locks.count && i < rows; i++)
		if (r->locks.at[i].open_waits)
			return true;
	return false;
}

/* Not all of the first @rows are of one process. */
static bool pids_tell(const struct result *r, size_t rows)
{
	for (size_t i = 1; i < r->locks.count && i < rows; i++)
		if (r->locks.at[i].tgid != r->locks.at[0].tgid)
			return true;
	return false;
}

static void print_list(struct page *p, size_t rows)
{
	const struct result *r = p->r;
	struct rest rest = { .count = r->locks.count > rows ? r->locks.count - rows : 0 };
	struct table t;

	for (size_t i = 0; i < r->locks.count; i++) {
		rest.whole += r->locks.at[i].wait_ns;
		if (i >= rows)
			rest.part += r->locks.at[i].wait_ns;
	}
	table_init(&t, lock_columns, ARRAY_COUNT(lock_columns));
	if (!pids_tell(r, rows))
		table_hide(&t, PID);
	if (!some_are_open(r, rows))
		table_hide(&t, OPEN);
	for (size_t i = 0; i < r->locks.count && i < rows; i++)
		lock_row(&t, p, &r->locks.at[i], rest.whole);
	table_print(&t, p, 2);
	table_release(&t);
	page_rest(p, 2, &rest, "", "", "the waiting");
}

void print_top_locks(struct page *p, size_t rows)
{
	if (!p->r->locks.count)
		return;
	page_heading(p, "Locks", "who waited for whom: runwait report locks");
	print_list(p, rows);
}

/* What @rows lines above have in common; nothing when they have no stack. */
static void stack_below(struct page *p, uint32_t stack, size_t rows)
{
	struct strbuf sb = STRBUF_INIT;

	stack_line(p, &sb, stack);
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
	struct strbuf time = STRBUF_INIT, share = STRBUF_INIT;

	fmt_ns(&time, ns);
	fmt_share(&share, (double)ns, (double)all_ns);
	if (strbuf_error(&time) || strbuf_error(&share) || strbuf_error(rest))
		p->failed = true;
	else
		page_line(p, 4, NULL, "%8s  %6s  %s", time.buf, share.buf, rest->buf);
	strbuf_release(&time);
	strbuf_release(&share);
	strbuf_release(rest);
}

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
		stack_below(p, w->stack, same);
		same = 0;
	}
	for (size_t i = shown; i < count; i++)
		rest.part += lock->waiters.at[i].wait_ns;
	page_rest(p, 4, &rest, "waiter", "waiters", "the waiting");
}

static void print_holders(struct page *p, const struct result_lock *lock)
{
	size_t count = lock->holders.count, shown = count < DETAIL_ROWS ? count : DETAIL_ROWS;
	struct rest rest = { .count = count - shown, .whole = lock->wait_ns };

	if (!count)
		return;
	page_line(p, 2, p->colors->dim, has_owner(lock) ? "held by:" : "ended by:");
	for (size_t i = 0, same = 1; i < shown; i++, same++) {
		const struct result_holder *h = &lock->holders.at[i];
		struct strbuf sb = STRBUF_INIT;

		holder_name(p, h, &sb);
		strbuf_puts(&sb, ", ");
		fmt_count(&sb, h->waits);
		strbuf_puts(&sb, plural(h->waits, " wait", " waits"));
		if (has_owner(lock) && h->inferred_ns) {
			strbuf_puts(&sb, "; ");
			fmt_ns(&sb, h->inferred_ns);
			strbuf_puts(&sb, " of it because it ended them");
		}
		person_line(p, h->blame_ns, lock->wait_ns, &sb);
		if (i + 1 < shown && h[1].stack == h->stack)
			continue;
		stack_below(p, h->stack, same);
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
	if (strbuf_error(&sb))
		p->failed = true;
	else if (sb.len)
		page_wrap(p, "  woken by: ", NULL, sb.buf);
	strbuf_release(&sb);
}

static void print_detail(struct page *p, const struct result_lock *lock)
{
	struct strbuf title = STRBUF_INIT, note = STRBUF_INIT;

	strbuf_addf(&title, "#%u %s ", lock->id, lock_kind_name(lock->kind));
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
	print_waiters(p, lock);
	print_holders(p, lock);
	print_wakers(p, lock);
}

static void print_locks(struct page *p)
{
	const struct result *r = p->r;
	size_t rows = page_rows(p, VIEW_ROWS);

	page_heading(p, "Locks", "%s", r->locks.count ? "" : "no thread waited for one");
	print_list(p, rows);
	for (size_t i = 0; i < r->locks.count && i < DETAIL_ROWS; i++)
		print_detail(p, &r->locks.at[i]);
}

static void json_tid(struct json *j, const char *key, uint32_t tid)
{
	if (tid)
		json_uint(j, key, tid);
	else
		json_null(j, key);
}

static void json_lock_people(struct json *j, const struct result_lock *lock,
			     const struct stacks *stacks)
{
	json_open_array(j, "waiters");
	for (size_t i = 0; i < lock->waiters.count; i++) {
		json_open_object(j, NULL);
		json_uint(j, "tid", lock->waiters.at[i].tid);
		json_uint(j, "waits", lock->waiters.at[i].waits);
		json_uint(j, "wait_ns", lock->waiters.at[i].wait_ns);
		json_uint(j, "max_wait_ns", lock->waiters.at[i].max_wait_ns);
		json_stack(j, "stack", stacks, lock->waiters.at[i].stack);
		json_close(j);
	}
	json_close(j);
	json_open_array(j, "holders");
	for (size_t i = 0; i < lock->holders.count; i++) {
		json_open_object(j, NULL);
		json_tid(j, "tid", lock->holders.at[i].tid);
		json_uint(j, "waits", lock->holders.at[i].waits);
		json_uint(j, "blame_ns", lock->holders.at[i].blame_ns);
		json_uint(j, "inferred_ns", lock->holders.at[i].inferred_ns);
		json_stack(j, "stack", stacks, lock->holders.at[i].stack);
		json_close(j);
	}
	json_close(j);
	json_open_array(j, "wakers");
	for (size_t i = 0; i < lock->wakers.count; i++) {
		json_open_object(j, NULL);
		json_tid(j, "tid", lock->wakers.at[i].tid);
		json_text(j, "name", lock->wakers.at[i].name);
		json_uint(j, "count", lock->wakers.at[i].count);
		json_close(j);
	}
	json_close(j);
}

static void json_locks(struct json *j, const struct view_input *in)
{
	json_open_array(j, "locks");
	for (size_t i = 0; i < in->result->locks.count; i++) {
		const struct result_lock *lock = &in->result->locks.at[i];

		json_open_object(j, NULL);
		json_uint(j, "id", lock->id);
		json_text(j, "kind", lock_kind_name(lock->kind));
		if (lock->address)
			json_address(j, "address", lock->address);
		else
			json_null(j, "address");
		json_tid(j, "pid", lock->tgid);
		json_bool(j, "shared", lock->shared);
		json_text(j, "name", lock->name);
		json_text(j, "place", lock->place);
		json_uint(j, "waits", lock->waits);
		json_uint(j, "wait_ns", lock->wait_ns);
		json_uint(j, "contended_ns", lock->contended_ns);
		json_uint(j, "max_wait_ns", lock->max_wait_ns);
		json_uint(j, "open_waits", lock->open_waits);
		json_lock_people(j, lock, in->stacks);
		json_close(j);
	}
	json_close(j);
}

const struct view view_locks = {
	.name = "locks",
	.print = print_locks,
	.json = json_locks,
};
