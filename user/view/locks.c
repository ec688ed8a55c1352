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

/* What is listed: all but those that nobody waits for but threads that are parked. */
struct list {
	VEC(const struct result_lock *) locks;
	uint64_t wait_ns; /* of them */
	size_t hidden;
	uint64_t hidden_ns;
};

static bool is_hidden(const struct page *p, const struct result_lock *lock)
{
	/* where all of the target is parked, that is what the recording is about */
	return !p->style->idle && p->r->totals.parked_ns && lock->wait_ns &&
	       lock->parked_ns == lock->wait_ns;
}

static int list_init(struct list *l, const struct page *p)
{
	*l = (struct list){ 0 };
	for (size_t i = 0; i < p->r->locks.count; i++) {
		const struct result_lock *lock = &p->r->locks.at[i];

		if (is_hidden(p, lock)) {
			l->hidden++;
			l->hidden_ns += lock->wait_ns;
			continue;
		}
		l->wait_ns += lock->wait_ns;
		if (vec_push(&l->locks, lock))
			return -ENOMEM;
	}
	return 0;
}

/* Waits of some of the first @rows were not over when the recording ended. */
static bool some_are_open(const struct list *l, size_t rows)
{
	for (size_t i = 0; i < l->locks.count && i < rows; i++)
		if (l->locks.at[i]->open_waits)
			return true;
	return false;
}

/* Not all of the first @rows are of one process. */
static bool pids_tell(const struct list *l, size_t rows)
{
	for (size_t i = 1; i < l->locks.count && i < rows; i++)
		if (l->locks.at[i]->tgid != l->locks.at[0]->tgid)
			return true;
	return false;
}

static void print_rows(struct page *p, const struct list *l, size_t rows)
{
	struct rest rest = { .whole = l->wait_ns };
	struct table t;

	table_init(&t, lock_columns, ARRAY_COUNT(lock_columns));
	if (!pids_tell(l, rows))
		table_hide(&t, PID);
	if (!some_are_open(l, rows))
		table_hide(&t, OPEN);
	for (size_t i = 0; i < l->locks.count; i++) {
		if (i < rows) {
			lock_row(&t, p, l->locks.at[i], l->wait_ns);
			continue;
		}
		rest.count++;
		rest.part += l->locks.at[i]->wait_ns;
	}
	table_print(&t, p, 2);
	table_release(&t);
	page_rest(p, 2, &rest, "", "", "the waiting");
}

static void print_hidden(struct page *p, const struct list *l)
{
	struct strbuf sb = STRBUF_INIT;

	if (!l->hidden)
		return;
	fmt_ns(&sb, l->hidden_ns);
	strbuf_puts(&sb, " of waiting at ");
	fmt_count(&sb, l->hidden);
	strbuf_puts(&sb, " more, where threads were parked for a signal all the time, is left out: "
			 "--idle shows it");
	if (strbuf_error(&sb))
		p->failed = true;
	else
		page_wrap(p, "  ", p->colors->dim, sb.buf);
	strbuf_release(&sb);
}

void print_top_locks(struct page *p, size_t rows)
{
	struct list list;

	if (list_init(&list, p))
		p->failed = true;
	if (list.locks.count) {
		page_heading(p, "Locks", "who waited for whom: runwait report locks");
		print_rows(p, &list, rows);
	}
	vec_release(&list.locks);
}

static void print_locks(struct page *p)
{
	struct list list;

	if (list_init(&list, p))
		p->failed = true;
	page_heading(p, "Locks", "%s", list.locks.count ? "" : "no thread waited for one");
	print_rows(p, &list, page_rows(p, VIEW_ROWS));
	print_hidden(p, &list);
	for (size_t i = 0; i < list.locks.count && i < DETAIL_ROWS; i++)
		print_lock_detail(p, list.locks.at[i]);
	vec_release(&list.locks);
}

const struct view view_locks = {
	.name = "locks",
	.print = print_locks,
	.json = json_locks,
};
