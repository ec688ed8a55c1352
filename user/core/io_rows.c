/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * io_rows: sums of single objects become rows that mean something.
 *
 * What goes into one row has one key: a client's connections the address that
 * they lead to, a server's the one that they were accepted at, event descriptors
 * their kind and process. All else is a row by itself.
 */
#include "core/io.h"

#include "base/strbuf.h"

#include <string.h>

enum { PEERS_MAX = 16, WAITERS_MAX = 16 };

struct io_row {
	struct io_sum sum;
	uint32_t object; /* the first */
	uint32_t objects, threads;
	struct peers peers;
};

struct io_rows {
	struct io *io;
	struct context *c;
	struct intern keys; /* numbers are indices of list */
	VEC(struct io_row) list;
	struct strbuf text;
};

static void rows_release(struct io_rows *rows)
{
	for (size_t i = 0; i < rows->list.count; i++) {
		durations_release(&rows->list.at[i].sum.durations);
		vec_release(&rows->list.at[i].peers.list);
	}
	vec_release(&rows->list);
	intern_release(&rows->keys);
	strbuf_release(&rows->text);
}

static bool is_event_descriptor(const struct object *o)
{
	switch (o->kind) {
	case OBJECT_EVENTFD:
	case OBJECT_TIMERFD:
	case OBJECT_SIGNALFD:
	case OBJECT_EPOLL:
	case OBJECT_INOTIFY:
	case OBJECT_IO_URING:
	case OBJECT_PIDFD:
		return true;
	default:
		return false;
	}
}

static int row_key(struct io_rows *rows, const struct io_sum *sum, const struct object *o,
		   enum io_side side)
{
	struct strbuf *key = &rows->text;

	strbuf_clear(key);
	strbuf_addf(key, "%d %d ", sum->class, side);
	if (!sum->object)
		strbuf_addf(key, "call %d", sum->nr);
	else if (o && o->kind == OBJECT_SOCKET && side != SIDE_NONE)
		object_print(rows->c, o, side, false, key);
	else if (o && is_event_descriptor(o))
		strbuf_addf(key, "kind %u %u", o->kind, o->tgid);
	else
		strbuf_addf(key, "object %u", sum->object);
	return strbuf_error(key);
}

static int row_merge(struct io_rows *rows, struct io_row *row, const struct io_sum *sum)
{
	struct io_sum *to = &row->sum;

	to->waits += sum->waits;
	to->wait_ns += sum->wait_ns;
	if (sum->max_wait_ns >= to->max_wait_ns) {
		to->max_wait_ns = sum->max_wait_ns;
		to->max_nr = sum->max_nr;
		to->max_stack = sum->max_stack;
	}
	for (int i = 0; i < IO_CALLS; i++)
		if (sum->calls[i].waits)
			io_call_add(to->calls, &sum->calls[i]);
	if (durations_merge(&to->durations, &sum->durations))
		return -ENOMEM;
	if (sum->object)
		row->objects++;
	return sum->object && sum->class != CLASS_FILE ?
		       peers_find(rows->c, sum->object, to->side, &row->peers) :
		       0;
}

static int row_put(struct io_rows *rows, struct io_sum *sum)
{
	const struct object *o = objects_find(&rows->c->objects, sum->object);
	enum io_side side = sum->side;
	int rc = 0;

	if (o && o->kind == OBJECT_SOCKET)
		rc = side_of_socket(rows->c, o, &side);
	if (!rc)
		rc = row_key(rows, sum, o, side);
	if (!rc)
		rc = intern_put(&rows->keys, rows->text.buf, rows->text.len, &sum->row);
	if (!rc && sum->row == rows->list.count) {
		struct io_row row = {
			.sum = { .class = sum->class, .side = side, .nr = sum->nr, .max_nr = -1 },
			.object = sum->object,
		};

		rc = vec_push(&rows->list, row);
	}
	return rc ? rc : row_merge(rows, &rows->list.at[sum->row], sum);
}

/* --- names -------------------------------------------------------------------- */

static const char *connector(const struct io_row *row, const struct object *o)
{
	switch (row->sum.side) {
	case SIDE_READS:
	case SIDE_SERVES:
		return " from ";
	case SIDE_WRITES:
		return " to ";
	case SIDE_ASKS:
		return " ";
	default:
		return o->kind == OBJECT_SOCKET || o->kind == OBJECT_PIPE ||
				       o->kind == OBJECT_QUEUE ?
			       " with " :
			       NULL;
	}
}

/* A server's end whose client nobody knows: at least where it comes from. */
static void print_stranger(const struct io_rows *rows, const struct io_row *row,
			   const struct object *o, struct strbuf *out)
{
	const char *text = objects_text(&rows->c->objects, o);

	if (row->sum.side != SIDE_SERVES || !*objects_local(&rows->c->objects, o))
		return;
	if (row->objects == 1 && strchr(text, ' '))
		strbuf_addf(out, " from %s", strchr(text, ' ') + 1);
}

/* What reports call it, from @brief to exact. */
static const char *row_name(struct io_rows *rows, const struct io_row *row, bool brief)
{
	struct context *c = rows->c;
	const struct object *o = objects_find(&c->objects, row->object);
	struct strbuf *out = &rows->text;
	const char *call = syscall_name(c->machine, row->sum.nr), *between;
	bool brief_text;

	strbuf_clear(out);
	if (!o || !*objects_text(&c->objects, o)) {
		/* what has no name is called by its system call, or as what it is */
		if (row->object || !call)
			return row->sum.class == CLASS_FAULT ? "page fault" : "unknown";
		return call;
	}
	between = connector(row, o);
	/* without a process to tell it by, a pipe is told by its number */
	brief_text = brief && (row->peers.list.count || is_event_descriptor(o));
	object_print(c, o, row->sum.side, brief_text, out);
	if (between && row->peers.list.count) {
		strbuf_puts(out, between);
		peers_print(&row->peers, out);
	} else if (is_event_descriptor(o) && o->tgid) {
		struct peers owner = { 0 };
		struct peer self = { .tgid = o->tgid,
				     .comm = process_name(c, o->tgid) };

		if (vec_push(&owner.list, self))
			return NULL;
		strbuf_puts(out, " of ");
		peers_print(&owner, out);
		vec_release(&owner.list);
	} else {
		print_stranger(rows, row, o, out);
	}
	if (brief && row->objects > 1)
		strbuf_addf(out, ": %u %s", row->objects,
			    o->kind == OBJECT_SOCKET ? "connections" : "descriptors");
	return context_text(c, out);
}

/* --- the result ------------------------------------------------------------------ */

static int waiter_order(const void *x, const void *y)
{
	const struct result_waiter *a = x, *b = y;
	int order = compare_u64(b->wait_ns, a->wait_ns);

	return order ? order : compare_u64(a->tid, b->tid);
}

static int call_order(const void *x, const void *y)
{
	const struct result_call *a = x, *b = y;

	return compare_u64(b->wait_ns, a->wait_ns);
}

/* Adds every waiter to its row: a thread may have waited on several of its objects. */
static int fill_waiters(struct io_rows *rows, struct result_io *out)
{
	struct context *c = rows->c;
	struct map by_pair = MAP_INIT;
	int rc = 0;

	for (size_t i = 0; i < rows->io->waiters.count && !rc; i++) {
		const struct io_waiter *w = &rows->io->waiters.at[i];
		uint32_t row = rows->io->list.at[w->sum].row;
		uint64_t pair = (uint64_t)row << 32 | w->thread;
		const uint64_t *at = map_get(&by_pair, pair);
		struct result_waiter *to;

		if (!at) {
			struct result_waiter first = { .tid = c->threads.list.at[w->thread].tid };

			rc = vec_push(&out[row].waiters, first);
			if (!rc)
				rc = map_put(&by_pair, pair, out[row].waiters.count - 1);
			if (rc)
				break;
			to = &out[row].waiters.at[out[row].waiters.count - 1];
		} else {
			to = &out[row].waiters.at[*at];
		}
		to->waits += w->waits;
		to->wait_ns += w->wait_ns;
		if (w->max_wait_ns >= to->max_wait_ns) {
			to->max_wait_ns = w->max_wait_ns;
			to->stack = w->max_stack;
		}
	}
	map_release(&by_pair);
	return rc;
}

static int fill_calls(const struct io_rows *rows, const struct io_row *row, struct result_io *out)
{
	for (int i = 0; i < IO_CALLS; i++) {
		const struct io_call *call = &row->sum.calls[i];
		bool several = call->nr == IO_OTHER_CALLS;
		struct result_call one = {
			.name = several ? "others" : syscall_name(rows->c->machine, call->nr),
			.waits = call->waits,
			.wait_ns = call->wait_ns,
			.max_wait_ns = call->max_wait_ns,
		};

		if (call->waits && vec_push(&out->calls, one))
			return -ENOMEM;
	}
	vec_sort(&out->calls, call_order);
	return 0;
}

static int fill_row(struct io_rows *rows, struct io_row *row, struct result_io *out)
{
	const struct io_sum *sum = &row->sum;

	peers_sort(&row->peers);
	out->class = sum->class;
	out->side = sum->side;
	out->target = row_name(rows, row, false);
	out->name = row_name(rows, row, true);
	out->object = row->objects == 1 ? row->object : 0;
	out->objects = row->objects;
	out->waits = sum->waits;
	out->wait_ns = sum->wait_ns;
	out->max_wait_ns = sum->max_wait_ns;
	out->p50_ns = min_u64(durations_at(&sum->durations, 0.5), sum->max_wait_ns);
	out->p99_ns = min_u64(durations_at(&sum->durations, 0.99), sum->max_wait_ns);
	out->syscall = syscall_name(rows->c->machine, sum->max_nr);
	out->stack = sum->max_stack;
	out->threads = (uint32_t)out->waiters.count;
	vec_sort(&out->waiters, waiter_order);
	out->waiters.count = min_u64(out->waiters.count, WAITERS_MAX);
	for (size_t i = 0; i < row->peers.list.count && i < PEERS_MAX; i++) {
		const struct peer *p = &row->peers.list.at[i];

		if (vec_push(&out->peers, ((struct result_peer){ p->tgid, p->comm, p->waits })))
			return -ENOMEM;
	}
	if (!out->target || !out->name)
		return -ENOMEM;
	return fill_calls(rows, row, out);
}

static int io_order(const void *x, const void *y)
{
	const struct result_io *a = x, *b = y;
	int order = compare_u64(b->wait_ns, a->wait_ns);

	if (!order)
		order = compare_u64(a->class, b->class);
	if (!order)
		order = compare_u64(a->object, b->object);
	return order ? order : strcmp(a->target, b->target);
}

int io_finish(void *p, struct result *r)
{
	struct io *self = p;
	struct io_rows rows = { .io = self, .c = self->c, .text = STRBUF_INIT };
	int rc = 0;

	for (size_t i = 0; i < self->list.count && !rc; i++)
		rc = row_put(&rows, &self->list.at[i]);
	if (!rc && vec_reserve(&r->io, rows.list.count))
		rc = -ENOMEM;
	if (!rc && rows.list.count) {
		memset(r->io.at, 0, rows.list.count * sizeof(*r->io.at));
		r->io.count = rows.list.count;
		rc = fill_waiters(&rows, r->io.at);
	}
	for (size_t i = 0; i < rows.list.count && !rc; i++)
		rc = fill_row(&rows, &rows.list.at[i], &r->io.at[i]);
	if (!rc)
		vec_sort(&r->io, io_order);
	rows_release(&rows);
	return rc;
}
