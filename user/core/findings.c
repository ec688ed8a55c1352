/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * findings: at most three sentences about what bounds the program, each with
 * the numbers that prove it.
 *
 * Two measures, and each finding says which one its share is of:
 *  - working time: what threads spent running, runnable, or held up in the
 *    middle of work (lock, file, fault, kernel). Waits that may as well be for
 *    work that has not come (sync, idle, socket, pipe, child, sleep) are not in
 *    it: sixty-four parked workers weigh nothing.
 *  - wall time, shared out: how many threads ran, and when none did, which wait
 *    ended that (result_parallelism.stalled_…).
 *
 * The order is by how much of the wall time a finding explains. What follows
 * from another finding (one thread at a time, because of a lock) is not said.
 */
#include "core/findings.h"

#include "base/fmt.h"

#include <inttypes.h>
#include <string.h>

struct candidate *finding_begin(struct findings *self, const char *id, double part, double score,
			       const char *advice)
{
	struct candidate *f = &self->list[self->count++];

	*f = (struct candidate){
		.finding = {
			.id = id,
			.share = least(part, 1),
			.advice = advice,
			.title = context_text(self->c, &self->title),
		},
		.score = score,
	};
	if (!f->finding.title)
		self->failed = true;
	return f;
}

static void prove(struct findings *self, struct candidate *f, const struct evidence *e)
{
	if (vec_push(&f->finding.evidence, *e))
		self->failed = true;
}

void prove_ns(struct findings *self, struct candidate *f, const char *key, uint64_t ns)
{
	prove(self, f, &(struct evidence){ .key = key, .kind = EVIDENCE_NS, .number = ns });
}

void prove_count(struct findings *self, struct candidate *f, const char *key, uint64_t n)
{
	prove(self, f, &(struct evidence){ .key = key, .kind = EVIDENCE_COUNT, .number = n });
}

void prove_real(struct findings *self, struct candidate *f, const char *key, double real)
{
	prove(self, f, &(struct evidence){ .key = key, .kind = EVIDENCE_REAL, .real = real });
}

void prove_share(struct findings *self, struct candidate *f, const char *key, double real)
{
	prove(self, f, &(struct evidence){ .key = key, .kind = EVIDENCE_SHARE, .real = real });
}

void prove_text(struct findings *self, struct candidate *f, const char *key,
		       const char *text)
{
	if (text)
		prove(self, f,
		      &(struct evidence){ .key = key, .kind = EVIDENCE_TEXT, .text = text });
}

static uint64_t lock_of(const struct totals *sum)
{
	return sum->by_class_ns[CLASS_LOCK] + sum->by_class_ns[CLASS_GIL];
}

static uint64_t io_of(const struct totals *sum)
{
	return sum->by_class_ns[CLASS_FILE] + sum->by_class_ns[CLASS_FAULT];
}

/* Their time is in other classes: kernel, and that of a page fault. */
static void measure_kernel_locks(struct findings *self)
{
	for (size_t i = 0; i < self->r->locks.count; i++) {
		const struct result_lock *l = &self->r->locks.at[i];

		if (l->kind != LOCK_KERNEL || !l->waiters.count)
			continue;
		self->lock_ns += l->wait_ns;
		self->worst_lock_ns = max_u64(self->worst_lock_ns, l->waiters.at[0].wait_ns);
	}
}

static void measure(struct findings *self)
{
	const struct result *r = self->r;
	uint64_t run = 0, other = 0, idle = 0;

	for (size_t i = 0; i < r->threads.count; i++) {
		const struct totals *sum = &r->threads.at[i].sum;

		if (r->threads.at[i].kthread)
			continue;
		self->sum.run_ns += sum->run_ns;
		self->sum.runnable_ns += sum->runnable_ns;
		self->sum.preempted_ns += sum->preempted_ns;
		self->sum.throttled_ns += sum->throttled_ns;
		self->sum.voluntary += sum->voluntary;
		self->sum.involuntary += sum->involuntary;
		for (int k = 0; k < CLASS_COUNT; k++)
			self->sum.by_class_ns[k] += sum->by_class_ns[k];
		self->worst_lock_ns = max_u64(self->worst_lock_ns, lock_of(sum));
		self->worst_io_ns = max_u64(self->worst_io_ns, io_of(sum));
	}
	self->wall_ns = r->parallelism.observed_ns;
	self->lock_ns = lock_of(&self->sum);
	measure_kernel_locks(self);
	self->io_ns = io_of(&self->sum);
	self->working_ns = self->sum.run_ns + self->sum.runnable_ns + lock_of(&self->sum) +
			   self->io_ns + self->sum.by_class_ns[CLASS_KERNEL];
	self->cores = r->recording.cpus ? r->recording.cpus : (double)r->parallelism.cpus.count;
	if (self->cores < 1)
		self->cores = 1;
	for (size_t i = 0; i < r->parallelism.cpus.count; i++) {
		const struct result_cpu *cpu = &r->parallelism.cpus.at[i];

		run += cpu->run_ns;
		other += cpu->other_ns;
		idle += cpu->idle_ns;
	}
	self->use_known = other + idle;
	self->idle_share = share(idle, run + other + idle);
	self->other_share = share(other, run + other + idle);
}

/* Nothing else matters when the program cannot go on. */
static void find_deadlock(struct findings *self)
{
	const struct result *r = self->r;
	const struct result_wait *first;
	const struct result_deadlock *d;
	size_t stuck = 0;
	struct candidate *f;

	if (!r->deadlocks.count)
		return;
	d = &r->deadlocks.at[0];
	first = &r->waits.at[d->circle.at[0]];
	for (size_t i = 0; i < r->waits.count; i++)
		stuck += r->waits.at[i].deadlock != 0;
	strbuf_addf(&self->title, "Deadlock at the end: ");
	if (d->circle.count > 1)
		strbuf_addf(&self->title, "%zu threads wait for each other, among them ",
			    d->circle.count);
	strbuf_addf(&self->title, "%u %s for %s", first->tid, first->comm,
		    first->target ? first->target : "a lock");
	if (d->circle.count > 1)
		strbuf_addf(&self->title, ", held up by %u", r->waits.at[first->next].tid);
	else
		strbuf_puts(&self->title, first->holder == HOLDER_GONE ? ", whose holder is gone"
								       : ", held by itself");
	if (stuck > d->circle.count)
		strbuf_addf(&self->title, "; %zu threads are stuck in all", stuck);
	f = finding_begin(self, "deadlock", share(stuck, r->waits.count), 2,
		  "Take locks in the same order everywhere; `runwait why -p PID` shows the whole "
		  "stacks while it hangs.");
	prove_count(self, f, "deadlocks", r->deadlocks.count);
	prove_count(self, f, "threads", d->circle.count);
	prove_count(self, f, "stuck_threads", stuck);
}

const struct candidate *candidate_of(const struct findings *self, const char *id)
{
	for (size_t i = 0; i < self->count; i++)
		if (self->list[i].finding.id == id || !strcmp(self->list[i].finding.id, id))
			return &self->list[i];
	return NULL;
}

double share_of(const struct findings *self, const char *id)
{
	const struct candidate *f = candidate_of(self, id);

	return f ? f->finding.share : 0;
}

void name_waits(struct strbuf *sb, uint64_t threads, uint64_t waits, uint64_t max_wait_ns)
{
	strbuf_addf(sb, " (%" PRIu64 " thread%s, ", threads, threads == 1 ? "" : "s");
	fmt_count(sb, waits);
	strbuf_addf(sb, " wait%s, longest ", waits == 1 ? "" : "s");
	fmt_ns(sb, max_wait_ns);
	strbuf_puts(sb, ")");
}

/*
 * What processes lived without waiting for children of their own. Those that one starts after
 * another's end live as long as the window, taken together; those of a pipeline, which live side
 * by side, for a multiple of it.
 */
static uint64_t lived_ns(const struct findings *self)
{
	uint64_t ns = 0;

	for (size_t i = 0; i < self->r->processes.count; i++) {
		const struct result_process *p = &self->r->processes.at[i];
		uint64_t life_ns = p->end_ns - p->start_ns;

		ns += life_ns - min_u64(p->sum.by_class_ns[CLASS_CHILD], life_ns);
	}
	return ns;
}

/*
 * A parent that waits while its children work, one after the other, is serial
 * as well, but says more. With children that are not recorded nothing runs.
 */
static void find_child(struct findings *self)
{
	const struct result_parallelism *p = &self->r->parallelism;
	uint64_t stalled_ns = p->stalled_by_class_ns[CLASS_CHILD];
	uint64_t wait_ns = self->sum.by_class_ns[CLASS_CHILD];
	double stalled = share(stalled_ns, self->wall_ns);
	double lone = share(p->lone_ns, self->wall_ns);
	/* "one at a time" when no others wanted a core, and of a whole machine who knows */
	bool in_turn = lone >= 0.5 && !p->approximate && self->r->process_count > 2 &&
		       wait_ns >= self->wall_ns / 2 && p->concurrency_mean < 1.5 &&
		       !self->r->recording.whole_machine &&
		       lived_ns(self) < self->wall_ns / 2 * 3;
	double part = in_turn ? least(share(wait_ns, self->wall_ns), lone) : stalled;
	const struct result_thread *most = lone_thread(self);
	struct candidate *f;

	if (stalled < 0.2 && !in_turn)
		return;
	strbuf_puts(&self->title, "Waiting for children: ");
	fmt_share(&self->title, part, 1);
	if (in_turn) {
		strbuf_addf(&self->title,
			    " of the time a parent waited while its children ran one at a time "
			    "(%" PRIu32 " processes",
			    self->r->process_count);
		if (most && most->tid == most->tgid && most->lone_ns > self->wall_ns / 4) {
			strbuf_puts(&self->title, ", mostly ");
			fmt_text(&self->title, most->comm, NAME_COLUMNS);
			strbuf_addf(&self->title, " %" PRIu32, most->tid);
		}
		strbuf_puts(&self->title, ")");
	} else {
		strbuf_puts(&self->title,
			    " of the time nothing ran until a child process ended");
	}
	f = finding_begin(self, "child", part, in_turn ? 0.85 * part : stalled,
		  "Start several children at once, start fewer, or do their work without a "
		  "process of its own.");
	prove_ns(self, f, "child_wait_ns", wait_ns);
	prove_ns(self, f, "stalled_ns", stalled_ns);
	prove_count(self, f, "processes", self->r->process_count);
}

static int candidate_order(const void *x, const void *y)
{
	const struct candidate *a = x, *b = y;

	return (a->score < b->score) - (a->score > b->score);
}

static int findings_finish(void *p, struct result *r)
{
	/* effects after their causes: the later ask for the earlier */
	static void (*const finders[])(struct findings *) = {
		find_deadlock,
		find_lock,	  find_herd,	  find_imbalance,     find_disk,
		find_cores,	  find_network,	  find_pipeline,      find_child,
		find_sampled,	  find_churn,	  find_wakeup,	      find_handover,
		find_stalled_loop, find_unbalanced_loops,	      find_full_loop,
		find_serial,	  find_idle,	  find_cpu,
	};
	struct findings *self = p;
	size_t kept;
	int rc = 0;

	_Static_assert(ARRAY_COUNT(finders) <= CANDIDATES_MAX, "room for all");
	self->r = r;
	measure(self);
	for (size_t i = 0; self->wall_ns && i < ARRAY_COUNT(finders); i++)
		finders[i](self);
	if (self->count)
		qsort(self->list, self->count, sizeof(*self->list), candidate_order);
	kept = min_u64(self->count, FINDINGS_MAX);
	if (self->failed || vec_reserve(&r->findings, kept))
		rc = -ENOMEM;
	for (size_t i = 0; i < self->count; i++) {
		if (i < kept && !rc)
			r->findings.at[r->findings.count++] = self->list[i].finding;
		else
			vec_release(&self->list[i].finding.evidence);
	}
	self->count = 0;
	strbuf_release(&self->title);
	return rc;
}

static void *findings_new(struct context *c)
{
	struct findings *self = calloc(1, sizeof(*self));

	if (self) {
		self->c = c;
		strbuf_init(&self->title);
	}
	return self;
}

const struct analysis analysis_findings = {
	.new = findings_new,
	.free = free,
	.finish = findings_finish,
};
