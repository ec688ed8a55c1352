/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A group's key is the name without the digits at its end and, for threads,
 * the same of the process's name: pools number their workers, and a build that
 * ran 300 compilers is about one line, not 300. intern gives the keys numbers
 * in order of arrival, which are the indices into the list until it is sorted.
 */
#include "view/group.h"

#include "base/fmt.h"
#include "view/sums.h"

#include <stdlib.h>
#include <string.h>

static size_t stem_size(const char *name)
{
	size_t len = strlen(name), n = len;

	while (n && name[n - 1] >= '0' && name[n - 1] <= '9')
		n--;
	return n ? n : len;
}

/* @one is a group of a single member. */
static int group_put(struct groups *g, struct intern *keys, const struct group *one)
{
	struct strbuf key = STRBUF_INIT;
	struct group *at;
	uint32_t id;
	int err;

	strbuf_add(&key, one->name, stem_size(one->name));
	if (one->process) {
		strbuf_putc(&key, '\0');
		strbuf_add(&key, one->process, stem_size(one->process));
	}
	err = strbuf_error(&key);
	if (!err)
		err = intern_put(keys, key.buf, key.len, &id);
	strbuf_release(&key);
	if (err)
		return err;
	if (id == g->list.count)
		return vec_push(&g->list, *one);
	at = &g->list.at[id];
	at->same = at->same && !strcmp(at->name, one->name);
	at->count++;
	totals_add(&at->sum, &one->sum);
	return 0;
}

/* As threads and processes are sorted in the result. */
static int by_run(const void *a, const void *b)
{
	const struct group *x = a, *y = b;

	if (x->sum.run_ns != y->sum.run_ns)
		return x->sum.run_ns < y->sum.run_ns ? 1 : -1;
	return x->first < y->first ? -1 : 1;
}

static void groups_sort(struct groups *g)
{
	if (g->list.count)
		qsort(g->list.at, g->list.count, sizeof(*g->list.at), by_run);
}

static int process_names(const struct result *r, struct map *ret)
{
	for (size_t i = 0; i < r->processes.count; i++)
		if (map_put(ret, r->processes.at[i].tgid, i))
			return -ENOMEM;
	return 0;
}

int groups_of_threads(struct groups *g, const struct page *p)
{
	const struct result *r = p->r;
	struct map processes = MAP_INIT;
	struct intern keys = { 0 };
	int err;

	*g = (struct groups){ 0 };
	err = process_names(r, &processes);
	for (size_t i = 0; i < r->threads.count && !err; i++) {
		const struct result_thread *t = &r->threads.at[i];
		const uint64_t *process = map_get(&processes, t->tgid);
		struct group one = {
			.name = t->comm ? t->comm : "",
			.process = process ? r->processes.at[*process].comm : NULL,
			.same = true,
			.first = i,
			.count = 1,
			.sum = t->sum,
		};

		if (hides_totals(p, &t->sum))
			g->hidden++;
		else
			err = group_put(g, &keys, &one);
	}
	map_release(&processes);
	intern_release(&keys);
	groups_sort(g);
	return err;
}

int groups_of_processes(struct groups *g, const struct page *p)
{
	const struct result *r = p->r;
	struct intern keys = { 0 };
	int err = 0;

	*g = (struct groups){ 0 };
	for (size_t i = 0; i < r->processes.count && !err; i++) {
		const struct result_process *process = &r->processes.at[i];
		struct group one = {
			.name = process->comm ? process->comm : "",
			.same = true,
			.first = i,
			.count = 1,
			.sum = process->sum,
		};

		if (hides_totals(p, &process->sum))
			g->hidden++;
		else
			err = group_put(g, &keys, &one);
	}
	intern_release(&keys);
	groups_sort(g);
	return err;
}

void groups_release(struct groups *g)
{
	vec_release(&g->list);
}

void group_name(const struct group *g, struct strbuf *sb)
{
	struct strbuf stem = STRBUF_INIT;

	if (g->same) {
		fmt_text(sb, g->name, 0);
		return;
	}
	strbuf_add(&stem, g->name, stem_size(g->name));
	fmt_text(sb, stem.buf, 0);
	strbuf_putc(sb, '*');
	if (stem.failed)
		sb->failed = true;
	strbuf_release(&stem);
}
