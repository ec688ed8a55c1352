/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * accounting: the sums of every thread, of its process, and of all. It decides
 * which threads are in the result and gives them their place there (rank), so
 * it stands first in the table.
 *
 * Invariants: life = run + runnable + wait, wait = the sum over the classes,
 * and end - start = life + unknown, for each thread.
 */
#include "core/analysis.h"

#include <string.h>

struct accounting {
	struct context *c;
	VEC(struct totals) sums; /* by thread; shorter than the list of threads */
	struct result_quota quota;
	uint64_t longest_ns; /* that a thread was stopped by that */
};

static void *accounting_new(struct context *c)
{
	struct accounting *self = calloc(1, sizeof(*self));

	if (self)
		self->c = c;
	return self;
}

static void accounting_free(void *p)
{
	struct accounting *self = p;

	vec_release(&self->sums);
	free(self);
}

static struct totals *sum_of(struct accounting *self, uint32_t thread)
{
	if (thread >= self->sums.count) {
		if (vec_reserve(&self->sums, thread + 1 - self->sums.count))
			return NULL;
		memset(self->sums.at + self->sums.count, 0,
		       (thread + 1 - self->sums.count) * sizeof(*self->sums.at));
		self->sums.count = thread + 1;
	}
	return &self->sums.at[thread];
}

static int accounting_span(void *p, uint32_t thread, enum span span, uint64_t from_ns,
			   uint64_t to_ns)
{
	struct totals *sum = sum_of(p, thread);

	if (!sum)
		return -ENOMEM;
	if (span == SPAN_RUN)
		sum->run_ns += to_ns - from_ns;
	else
		sum->unknown_ns += to_ns - from_ns;
	return 0;
}

/* Of several control groups, the one that lost most in one piece stands for all. */
static void note_quota(struct accounting *self, const struct absence *a)
{
	if (a->runnable_ns <= self->longest_ns)
		return;
	self->longest_ns = a->runnable_ns;
	self->quota = (struct result_quota){ a->out->args[0], a->out->args[1] };
}

static int accounting_absence(void *p, const struct absence *a)
{
	struct accounting *self = p;
	struct totals *sum = sum_of(self, a->thread);

	if (!sum)
		return -ENOMEM;
	sum->wait_ns += a->wait_ns;
	sum->by_class_ns[a->class] += a->wait_ns;
	sum->runnable_ns += a->runnable_ns;
	sum->waits += a->waits;
	if (!a->blocked)
		sum->preempted_ns += a->runnable_ns;
	if (a->out->why == OUT_THROTTLED) {
		sum->throttled_ns += a->runnable_ns;
		note_quota(self, a);
	}
	if (a->censored)
		sum->censored_ns += a->wait_ns;
	if (context_parks(self->c, a))
		sum->parked_ns += a->wait_ns;
	return 0;
}

static int accounting_switches(void *p, uint32_t thread, uint64_t voluntary, uint64_t involuntary)
{
	struct totals *sum = sum_of(p, thread);

	if (!sum)
		return -ENOMEM;
	sum->voluntary += voluntary;
	sum->involuntary += involuntary;
	return 0;
}

static int thread_order(const void *x, const void *y)
{
	const struct result_thread *a = x, *b = y;
	int order = compare_u64(b->sum.run_ns, a->sum.run_ns);

	if (!order)
		order = compare_u64(b->sum.life_ns, a->sum.life_ns);
	return order ? order : compare_u64(a->thread, b->thread);
}

static int process_order(const void *x, const void *y)
{
	const struct result_process *a = x, *b = y;
	int order = compare_u64(b->sum.run_ns, a->sum.run_ns);

	if (!order)
		order = compare_u64(b->sum.life_ns, a->sum.life_ns);
	return order ? order : compare_u64(a->tgid, b->tgid);
}

/* It lived at some time within the window. */
static bool in_window(const struct context *c, const struct thread *t)
{
	return t->selected && t->start_ns <= c->end_ns && (!t->ended || t->end_ns >= c->start_ns);
}

static int list_threads(struct accounting *self, struct result *r)
{
	struct context *c = self->c;
	uint32_t count = 0;

	for (uint32_t i = 0; i < c->threads.list.count; i++)
		count += in_window(c, &c->threads.list.at[i]);
	if (vec_reserve(&r->threads, count))
		return -ENOMEM;
	for (uint32_t i = 0; i < c->threads.list.count; i++) {
		const struct thread *t = &c->threads.list.at[i];
		struct result_thread *to;

		if (!in_window(c, t))
			continue;
		to = &r->threads.at[r->threads.count++];
		*to = (struct result_thread){
			.thread = i,
			.tid = t->tid,
			.tgid = t->tgid,
			.comm = t->comm,
			.kthread = t->kthread,
			.ended = t->ended && t->end_ns <= c->end_ns,
			.found = t->start_ns < c->start_ns,
			.start_ns = context_clip(c, t->start_ns) - c->start_ns,
		};
		to->end_ns = (to->ended ? t->end_ns : c->end_ns) - c->start_ns;
		if (i < self->sums.count)
			to->sum = self->sums.at[i];
		to->sum.life_ns = to->sum.run_ns + to->sum.runnable_ns + to->sum.wait_ns;
		totals_add(&r->totals, &to->sum);
	}
	vec_sort(&r->threads, thread_order);
	for (uint32_t i = 0; i < r->threads.count; i++) {
		struct thread *t = &c->threads.list.at[r->threads.at[i].thread];

		t->rank = i;
		r->threads.at[i].thread = t->number;
	}
	r->thread_count = (uint32_t)r->threads.count;
	return 0;
}

static void process_add_thread(struct result_process *p, const struct result_thread *t)
{
	if (!p->threads++) {
		p->start_ns = t->start_ns;
		p->ended = true;
	}
	p->start_ns = min_u64(p->start_ns, t->start_ns);
	p->end_ns = max_u64(p->end_ns, t->end_ns);
	p->ended &= t->ended;
	p->found |= t->found;
	totals_add(&p->sum, &t->sum);
}

static int list_processes(struct accounting *self, struct result *r)
{
	const struct threads *ts = &self->c->threads;
	size_t kept = 0;

	if (vec_reserve(&r->processes, ts->processes.count))
		return -ENOMEM;
	for (size_t i = 0; i < ts->processes.count; i++) {
		const struct process *p = &ts->processes.at[i];

		r->processes.at[i] = (struct result_process){
			.tgid = p->tgid,
			.parent_tgid = p->parent_tgid,
			.comm = p->leader != THREAD_NONE ? ts->list.at[p->leader].comm : "",
			.command = p->command,
			.command_size = p->command_size,
		};
	}
	for (size_t i = 0; i < ts->list.count; i++) {
		const struct thread *t = &ts->list.at[i];

		if (t->rank != THREAD_NONE)
			process_add_thread(&r->processes.at[t->process], &r->threads.at[t->rank]);
	}
	for (size_t i = 0; i < ts->processes.count; i++)
		if (r->processes.at[i].threads)
			r->processes.at[kept++] = r->processes.at[i];
	r->processes.count = kept;
	r->process_count = (uint32_t)kept;
	vec_sort(&r->processes, process_order);
	return 0;
}

/* When all did nothing but wait, that is what the recording is about. */
static void unpark_all(struct result *r)
{
	const struct totals *all = &r->totals;

	if (all->parked_ns + all->by_class_ns[CLASS_IDLE] < all->life_ns)
		return;
	for (size_t i = 0; i < r->threads.count; i++)
		r->threads.at[i].sum.parked_ns = 0;
	r->totals.parked_ns = 0;
}

static int accounting_finish(void *p, struct result *r)
{
	struct accounting *self = p;
	int rc = list_threads(self, r);

	r->quota = self->quota;
	if (!rc)
		unpark_all(r);
	return rc ? rc : list_processes(p, r);
}

const struct analysis analysis_accounting = {
	.new = accounting_new,
	.free = accounting_free,
	.span = accounting_span,
	.absence = accounting_absence,
	.switches = accounting_switches,
	.finish = accounting_finish,
};
