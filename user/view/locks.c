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

void lock_name(const struct result_lock *lock, struct strbuf *sb)
{
	if (lock->name && *lock->name)
		fmt_text(sb, lock->name, 0);
	if (lock->place && lock->name)
		strbuf_puts(sb, " in ");
	if (lock->place)
		fmt_text(sb, lock->place, 0);
	if (!lock->address || lock->place || name_is_enough(lock))
		return;
	strbuf_addf(sb, "%s0x%llx", lock->name && *lock->name ? " " : "",
		    (unsigned long long)lock->address);
}

void lock_holder_name(const struct page *p, const struct result_holder *h, struct strbuf *sb)
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
	strbuf_puts(table_cell(t, NULL), lock_kind_words(lock->kind));
	/* whose stack it is tells more than where on it; the details have both */
	if (lock->name && !strncmp(lock->name, "stack of ", 9))
		fmt_text(table_cell(t, p->colors->bold), lock->name, 0);
	else
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
		lock_holder_name(p, &lock->holders.at[0], table_cell(t, NULL));
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

static void print_locks(struct page *p)
{
	const struct result *r = p->r;
	size_t rows = page_rows(p, VIEW_ROWS);

	page_heading(p, "Locks", "%s", r->locks.count ? "" : "no thread waited for one");
	print_list(p, rows);
	for (size_t i = 0; i < r->locks.count && i < DETAIL_ROWS; i++)
		print_lock_detail(p, &r->locks.at[i]);
}

const struct view view_locks = {
	.name = "locks",
	.print = print_locks,
	.json = json_locks,
};
