/* SPDX-License-Identifier: GPL-2.0-only */
#include "view/fold.h"

#include "base/map.h"
#include "base/strbuf.h"

#include <stdlib.h>
#include <string.h>

enum { ALONE_FROM = 10 }; /* percent of all time */

struct folder {
	struct fold *out;
	struct intern keys; /* numbers are indices of groups */
	VEC(struct group {
		size_t count;
		size_t row; /* of out, + 1; 0 none yet */
	}) groups;
	struct map pairs; /* processes of groups that were counted */
	struct strbuf key;
	uint64_t whole_ns;
};

static bool is_hidden(enum wait_class class, bool idle)
{
	return class == CLASS_IDLE && !idle;
}

static int folder_group(struct folder *f, uint32_t *ret)
{
	int rc = strbuf_error(&f->key);

	if (!rc)
		rc = intern_put(&f->keys, f->key.buf, f->key.len, ret);
	if (!rc && *ret == f->groups.count)
		rc = vec_push(&f->groups, (struct group){ 0 });
	return rc;
}

static bool is_small(const struct folder *f, uint64_t wait_ns)
{
	return wait_ns < f->whole_ns / 100 * ALONE_FROM;
}

/* Pipes without a name, that is. False: such a row is never folded. */
static bool io_key(struct folder *f, const struct result_io *io)
{
	if (io->class != CLASS_PIPE || !io->peers.count || !io->name ||
	    strncmp(io->name, "pipe ", 5) || !is_small(f, io->wait_ns))
		return false;
	strbuf_clear(&f->key);
	strbuf_addf(&f->key, "%d %s", io->side, io->peers.at[0].comm);
	return true;
}

static bool traffic_key(struct folder *f, const struct result_traffic *t)
{
	if (t->class != CLASS_PIPE || !t->to || strcmp(t->name, "pipe") ||
	    !is_small(f, t->wait_ns))
		return false;
	strbuf_clear(&f->key);
	/* a name may have any character but a NUL */
	strbuf_addf(&f->key, "%d %zu %s %s", t->side, strlen(t->from), t->from, t->to);
	return true;
}

/* Counts process @tgid of @row once. */
static int count_once(struct folder *f, size_t row, bool to, uint32_t tgid, uint32_t *count)
{
	uint64_t pair = (uint64_t)(2 * row + to) << 32 | tgid;

	if (map_get(&f->pairs, pair))
		return 0;
	++*count;
	return map_put(&f->pairs, pair, 1);
}

/* The row that the next one belongs to; new when @group has none, or is too small to be one. */
static int folder_row(struct folder *f, bool may_fold, uint32_t group, struct fold_row **ret)
{
	struct group *g = may_fold ? &f->groups.at[group] : NULL;
	bool folds = g && g->count >= FOLD_MIN;

	if (!folds || !g->row) {
		if (vec_push(&f->out->rows, (struct fold_row){ .first = f->out->rows.count }))
			return -ENOMEM;
		if (folds)
			g->row = f->out->rows.count;
	}
	*ret = folds ? &f->out->rows.at[g->row - 1] : &f->out->rows.at[f->out->rows.count - 1];
	++(*ret)->count;
	return 0;
}

static int row_order(const void *x, const void *y)
{
	const struct fold_row *a = x, *b = y;
	uint64_t first = a->io.wait_ns + a->t.wait_ns, second = b->io.wait_ns + b->t.wait_ns;

	if (first == second)
		return (a->first > b->first) - (a->first < b->first);
	return first < second ? 1 : -1;
}

static int folder_end(struct folder *f, int rc)
{
	if (rc)
		fold_release(f->out);
	else if (f->out->rows.count)
		qsort(f->out->rows.at, f->out->rows.count, sizeof(*f->out->rows.at), row_order);
	intern_release(&f->keys);
	vec_release(&f->groups);
	map_release(&f->pairs);
	strbuf_release(&f->key);
	return rc;
}

static void add_io(struct fold_row *row, const struct result_io *io)
{
	struct result_io *to = &row->io;

	if (row->count == 1) {
		*to = *io;
		return;
	}
	to->waits += io->waits;
	to->wait_ns += io->wait_ns;
	to->objects += io->objects;
	if (io->max_wait_ns > to->max_wait_ns) {
		to->max_wait_ns = io->max_wait_ns;
		to->syscall = io->syscall;
	}
	/* of several these are not the sum */
	to->p50_ns = to->p99_ns = 0;
	to->threads = 0;
}

int fold_io(const struct result *r, bool idle, struct fold *ret)
{
	struct folder f = { .out = ret, .key = STRBUF_INIT };
	int rc = 0;

	*ret = (struct fold){ 0 };
	for (size_t i = 0; i < r->io.count; i++)
		if (!is_hidden(r->io.at[i].class, idle))
			f.whole_ns += r->io.at[i].wait_ns;
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < r->io.count && !rc; i++) {
			const struct result_io *io = &r->io.at[i];
			struct fold_row *row;
			uint32_t group = 0;
			bool may_fold;

			if (is_hidden(io->class, idle))
				continue;
			may_fold = io_key(&f, io);
			if (may_fold)
				rc = folder_group(&f, &group);
			if (!rc && !pass) {
				if (may_fold)
					f.groups.at[group].count++;
				continue;
			}
			if (!rc)
				rc = folder_row(&f, may_fold, group, &row);
			if (!rc)
				add_io(row, io);
		}
	}
	return folder_end(&f, rc);
}

static int add_traffic(struct folder *f, struct fold_row *row, const struct result_traffic *t)
{
	size_t at = (size_t)(row - f->out->rows.at);
	struct result_traffic *to = &row->t;
	int rc = count_once(f, at, false, t->from_tgid, &row->froms);

	if (!rc)
		rc = count_once(f, at, true, t->to_tgid, &row->tos);
	if (row->count == 1) {
		*to = *t;
		return rc;
	}
	to->waits += t->waits;
	to->wait_ns += t->wait_ns;
	to->objects += t->objects;
	if (t->max_wait_ns > to->max_wait_ns)
		to->max_wait_ns = t->max_wait_ns;
	return rc;
}

/* With what is not known there is no traffic to show. */
static bool hides_traffic(const struct result_traffic *t, bool idle)
{
	return !t->to_tgid || is_hidden(t->class, idle);
}

int fold_traffic(const struct result *r, bool idle, struct fold *ret)
{
	struct folder f = { .out = ret, .key = STRBUF_INIT };
	int rc = 0;

	*ret = (struct fold){ 0 };
	for (size_t i = 0; i < r->traffic.count; i++)
		if (!hides_traffic(&r->traffic.at[i], idle))
			f.whole_ns += r->traffic.at[i].wait_ns;
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < r->traffic.count && !rc; i++) {
			const struct result_traffic *t = &r->traffic.at[i];
			struct fold_row *row;
			uint32_t group = 0;
			bool may_fold;

			if (hides_traffic(t, idle))
				continue;
			may_fold = traffic_key(&f, t);
			if (may_fold)
				rc = folder_group(&f, &group);
			if (!rc && !pass) {
				if (may_fold)
					f.groups.at[group].count++;
				continue;
			}
			if (!rc)
				rc = folder_row(&f, may_fold, group, &row);
			if (!rc)
				rc = add_traffic(&f, row, t);
		}
	}
	return folder_end(&f, rc);
}

void fold_release(struct fold *f)
{
	vec_release(&f->rows);
}

uint64_t fold_sum(const struct fold *f)
{
	uint64_t ns = 0;

	for (size_t i = 0; i < f->rows.count; i++)
		ns += f->rows.at[i].io.wait_ns + f->rows.at[i].t.wait_ns;
	return ns;
}
