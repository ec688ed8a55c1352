/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Findings about cores: too few of them, work for only one, too little work for a wake-up,
 * none at all.
 */
#include "core/findings.h"

#include "base/fmt.h"

#include <inttypes.h>
#include <string.h>

/* Hardly a core was free; without numbers for the cores, as far as the target tells. */
static bool cores_are_busy(const struct findings *self)
{
	if (self->use_known)
		return self->idle_share < 0.25;
	return self->r->parallelism.mean >= 0.9 * self->cores;
}

/* Of the time that threads were runnable, what the program did to itself: more of them wanted a
 * core than there are. */
static uint64_t crowded_ns(const struct findings *self)
{
	const struct result_parallelism *p = &self->r->parallelism;
	double above = p->concurrency_mean - self->cores;

	if (!p->approximate)
		return min_u64(p->crowded_ns, self->sum.runnable_ns);
	return above > 0 ? min_u64((uint64_t)(above * (double)self->wall_ns),
				   self->sum.runnable_ns)
			 : 0;
}

/* Why threads had no core. */
static const struct {
	const char *pattern; /* stable, stands in the evidence */
	const char *title, *advice;
} shortages[] = {
	[SHORT_CROWDED] = { "crowded", "Out of cores: ",
		"Use fewer threads or more cores, or make the work itself cheaper: the flame graph "
		"of samples shows where it goes." },
	[SHORT_OTHERS] = { "others", "Other programs had the cores: ",
		"This is not the program's own doing: run it where cores are free, give it a "
		"higher priority (nice, cpu.weight of its cgroup) or cores that others may not "
		"use (cpuset)." },
	[SHORT_KEPT] = { "kept", "Kept from the cores: ",
		"Look for a CPU quota (cpu.max of its cgroup), an affinity mask or a low "
		"priority." },
	[SHORT_QUOTA] = { "quota", "Out of CPU quota: ",
		"Raise the quota (cpu.max of the cgroup, the CPU limit of the container), or let "
		"fewer threads run at once: many use up early what is for the whole period." },
};

/*
 * Threads are stopped for it where they leave the core, or come back to it: until then they
 * queue like everyone. So it is also the reason where they are stopped for a small part of the
 * time, but the program has all that it may have. Hardly any is none: the rest is a queue of
 * another kind.
 */
static bool is_out_of_quota(const struct findings *self)
{
	const struct result_quota *q = &self->r->quota;
	double most = share(q->quota_ns, q->period_ns) * (double)self->wall_ns;

	return self->sum.throttled_ns > self->sum.runnable_ns / 10 &&
	       (self->sum.throttled_ns >= self->sum.runnable_ns / 2 ||
		(double)self->sum.run_ns >= 0.85 * most);
}

static enum shortage shortage_of(const struct findings *self)
{
	if (is_out_of_quota(self))
		return SHORT_QUOTA;
	if (!cores_are_busy(self))
		return SHORT_KEPT;
	/* most of the queueing would be there without others */
	if (crowded_ns(self) >= self->sum.runnable_ns / 2 || self->other_share < 0.05)
		return SHORT_CROWDED;
	return SHORT_OTHERS;
}

/* Of the wall time, that of at least one thread with something to do. */
static double active_share(const struct findings *self)
{
	const struct result_parallelism *p = &self->r->parallelism;

	if (p->approximate || !p->by_wanting_ns.count)
		return least(p->concurrency_mean, 1);
	return 1 - share(p->by_wanting_ns.at[0], self->wall_ns);
}

static void say_shortage(struct findings *self, enum shortage why, double part)
{
	strbuf_puts(&self->title, shortages[why].title);
	fmt_share(&self->title, part, 1);
	strbuf_addf(&self->title,
		    " of the time that threads wanted to run they waited for a core "
		    "(on average %.3g wanted one of %.0f",
		    self->r->parallelism.concurrency_mean, self->cores);
	if (why == SHORT_QUOTA) {
		strbuf_puts(&self->title, "; their control group may use ");
		fmt_ns(&self->title, self->r->quota.quota_ns);
		strbuf_puts(&self->title, " in each ");
		fmt_ns(&self->title, self->r->quota.period_ns);
	} else if (why == SHORT_KEPT) {
		strbuf_puts(&self->title, ", and ");
		fmt_share(&self->title, self->idle_share, 1);
		strbuf_puts(&self->title, " of the machine was idle");
	} else if (self->other_share >= 0.05) {
		strbuf_puts(&self->title, "; other programs used ");
		fmt_share(&self->title, self->other_share, 1);
	}
	strbuf_puts(&self->title, ")");
}

void find_cores(struct findings *self)
{
	const struct totals *sum = &self->sum;
	double part = share(sum->runnable_ns, sum->run_ns + sum->runnable_ns), score;
	uint64_t queued_ns = sum->runnable_ns / max_u64(sum->voluntary + sum->involuntary, 1);
	enum shortage why = shortage_of(self);
	struct candidate *f;

	if (part < 0.1 || sum->runnable_ns < self->wall_ns / 10)
		return;
	/* on a machine with free cores, being queued for long has another reason than a
	 * wake-up's latency, which is short */
	if (why == SHORT_KEPT && (part < 0.2 || queued_ns < 1000000))
		return;
	/* who is kept from cores by others would be done so much earlier without them; with
	 * threads of its own in the way the work is the same */
	score = part * (why == SHORT_CROWDED ?
				least(share(sum->runnable_ns, self->wall_ns), 1) :
				active_share(self));
	say_shortage(self, why, part);
	self->short_of = why;
	f = finding_begin(self, "cores", part, score, shortages[why].advice);
	prove_text(self, f, "pattern", shortages[why].pattern);
	prove_ns(self, f, "runnable_ns", sum->runnable_ns);
	prove_ns(self, f, "crowded_ns", crowded_ns(self));
	if (why == SHORT_QUOTA) {
		prove_ns(self, f, "throttled_ns", sum->throttled_ns);
		prove_ns(self, f, "quota_ns", self->r->quota.quota_ns);
		prove_ns(self, f, "period_ns", self->r->quota.period_ns);
	}
	prove_ns(self, f, "run_ns", sum->run_ns);
	prove_real(self, f, "wanted_cores", self->r->parallelism.concurrency_mean);
	prove_real(self, f, "cores", self->cores);
	if (self->use_known) {
		prove_share(self, f, "idle_share", self->idle_share);
		prove_share(self, f, "other_share", self->other_share);
	}
}

/* --- one at a time ----------------------------------------------------------------- */

const struct result_thread *lone_thread(const struct findings *self)
{
	const struct result_thread *most = NULL;
	uint64_t sum_ns = 0;

	for (size_t i = 0; i < self->r->threads.count; i++) {
		const struct result_thread *t = &self->r->threads.at[i];

		sum_ns += t->lone_ns;
		if (!most || t->lone_ns > most->lone_ns)
			most = t;
	}
	return most && most->lone_ns > sum_ns / 10 * 6 ? most : NULL;
}

static void name_thread(struct strbuf *sb, const struct result_thread *t)
{
	fmt_text(sb, t->comm, NAME_COLUMNS);
	strbuf_addf(sb, " (%" PRIu32 ")", t->tid);
}

/* Threads that did at least a hundredth of the work. */
static uint64_t workers_of(const struct findings *self)
{
	uint64_t count = 0;

	for (size_t i = 0; i < self->r->threads.count; i++)
		count += self->r->threads.at[i].sum.run_ns >= self->sum.run_ns / 100;
	/* of very many nobody does so much */
	return count > 1 ? count : self->r->thread_count;
}

/* Of three kinds: all work is of one thread, one has phases of its own, or all take turns. */
static const char *say_serial(struct findings *self, const struct result_thread *top, double of_top,
			      double part, uint64_t workers)
{
	const struct result_thread *lone = lone_thread(self);
	struct strbuf *title = &self->title;

	if (of_top >= 0.8) {
		strbuf_puts(title, "One thread does the work: ");
		name_thread(title, top);
		strbuf_puts(title, " ran ");
		fmt_share(title, share(top->sum.run_ns, self->wall_ns), 1);
		strbuf_addf(title, " of the time, on one of %.0f cores", self->cores);
		return "Divide its work among threads, or make it cheaper: the flame graph of "
		       "samples shows where it goes.";
	}
	strbuf_puts(title, "One thread at a time: ");
	fmt_share(title, part, 1);
	strbuf_puts(title, " of the time only one thread had something to do, ");
	if (lone) {
		strbuf_puts(title, "mostly ");
		name_thread(title, lone);
		strbuf_puts(title, ", ");
	}
	strbuf_addf(title, "although %" PRIu64 " shared the work and there are %.0f cores", workers,
		    self->cores);
	return lone ? "What that one does alone holds up all others: divide it among threads, let "
		      "them work meanwhile, or make it cheaper; the flame graph of samples shows "
		      "where it goes."
		    : "Find what makes them take turns, or divides their work unevenly: `runwait "
		      "report wakeups` shows who waits for whom.";
}

void find_serial(struct findings *self)
{
	const struct result_parallelism *p = &self->r->parallelism;
	const struct result_thread *top = self->r->threads.count ? self->r->threads.at : NULL;
	double part = share(p->lone_ns, self->wall_ns), of_top, score;
	/* by Amdahl's law: what the wall time would lose if all cores did that part */
	double gain = part * (1 - 1 / self->cores);
	const char *advice;
	struct candidate *f;
	uint64_t workers;

	if (gain < 0.2 || !top || p->approximate)
		return;
	/* those say why only one had something to do */
	if (share_of(self, "lock") >= 0.3 || candidate_of(self, "child") ||
	    candidate_of(self, "loop") || candidate_of(self, "imbalance") ||
	    candidate_of(self, "wakeup") || candidate_of(self, "handover") ||
	    candidate_of(self, "churn") || candidate_of(self, "pipeline"))
		return;
	/* A limit to all of the threads would be one to more of them, too. And where others have
	 * the cores for most of the time, phases of one thread are longer than they were without
	 * them, by how much is not known. */
	if (share_of(self, "cores") >= (self->short_of == SHORT_OTHERS ? 0.5 : 0.3))
		return;
	of_top = share(top->sum.run_ns, self->sum.run_ns);
	/* that somebody has phases of its own while others are there to help is worth saying
	 * earlier than that there is but one, who has nothing to do for the rest of the time */
	if (part < 0.5 && (of_top >= 0.8 || !lone_thread(self)))
		return;
	workers = workers_of(self);
	advice = say_serial(self, top, of_top, part, workers);
	/* while others have the cores, it is not that which holds it up */
	score = 0.8 * part * (self->short_of == SHORT_OTHERS ? 1 - share_of(self, "cores") : 1);
	f = finding_begin(self, "serial", part, score, advice);
	prove_ns(self, f, "lone_ns", p->lone_ns);
	prove_ns(self, f, "serial_ns", p->serial_ns);
	prove_ns(self, f, "active_ns", p->active_ns);
	prove_real(self, f, "mean_parallelism", p->mean);
	prove_count(self, f, "workers", workers);
	prove_count(self, f, "top_tid", top->tid);
	prove_share(self, f, "top_share", of_top);
	if (lone_thread(self)) {
		prove_count(self, f, "lone_tid", lone_thread(self)->tid);
		prove_ns(self, f, "lone_tid_ns", lone_thread(self)->lone_ns);
	}
}

/* --- too little work for what it takes to hand it over ------------------------------ */

/*
 * A wait, the wake-up that ends it and the switches of both take some 5 us of a core at the
 * least, whatever is done between them. Where threads run for less than five times that between
 * two of those, a fifth and more of the cores' time is theirs.
 */
enum { HANDOVER_COSTS_NS = 5000, HANDOVER_RUN_NS = 5 * HANDOVER_COSTS_NS };

static uint64_t handovers_of(const struct findings *self)
{
	uint64_t count = 0;

	for (size_t i = 0; i < self->r->wakeups.count; i++)
		if (self->r->wakeups.at[i].within)
			count += self->r->wakeups.at[i].count;
	return count;
}

/* Threads hand work to each other in pieces that are too small. */
void find_handover(struct findings *self)
{
	uint64_t count = handovers_of(self), run_ns = self->sum.run_ns;
	uint64_t costs_ns = min_u64(count * HANDOVER_COSTS_NS, run_ns);
	double active = active_share(self), part = share(costs_ns, run_ns);
	struct candidate *f;

	/* what a convoy at a lock costs is said of the lock */
	if (!count || run_ns / count >= HANDOVER_RUN_NS || active < 0.5 ||
	    count < self->sum.voluntary / 2 || share_of(self, "lock") >= 0.3 ||
	    candidate_of(self, "wakeup") || candidate_of(self, "churn"))
		return;
	strbuf_puts(&self->title, "Handing over too often: threads woke each other ");
	fmt_count(&self->title, count);
	strbuf_puts(&self->title, " times and ran only ");
	fmt_ns(&self->title, run_ns / count);
	strbuf_puts(&self->title, " for each of these, ");
	if (run_ns / count <= HANDOVER_COSTS_NS) {
		strbuf_puts(&self->title, "hardly more than the switches alone take");
	} else {
		strbuf_puts(&self->title, "of which the switches alone take some ");
		fmt_ns(&self->title, HANDOVER_COSTS_NS);
	}
	f = finding_begin(self, "handover", part, active * part,
			  "Give larger pieces to each other (batches, several items for one "
			  "wake-up), or let one thread do both sides: `runwait report wakeups` "
			  "shows who wakes whom.");
	prove_count(self, f, "wakeups", count);
	prove_ns(self, f, "run_ns", run_ns);
	prove_ns(self, f, "run_per_wakeup_ns", run_ns / count);
	prove_count(self, f, "voluntary_switches", self->sum.voluntary);
}

/* To make a thread, start it on a core and end it takes so long at the least. */
enum { THREAD_COSTS_NS = 20000 };

/* Threads or processes that do little before they end, so that making them is what takes time. */
void find_churn(struct findings *self)
{
	uint64_t count = 0, run_ns = 0, costs_ns;
	struct candidate *f;

	for (size_t i = 0; i < self->r->threads.count; i++) {
		const struct result_thread *t = &self->r->threads.at[i];

		/* the first thread of a process is not one that the program made for a task */
		if (t->kthread || t->found || !t->ended || t->tid == t->tgid)
			continue;
		count++;
		run_ns += t->sum.run_ns;
	}
	costs_ns = count * THREAD_COSTS_NS;
	if (count < 100 || run_ns / count >= 5 * THREAD_COSTS_NS ||
	    costs_ns < self->sum.run_ns / 10 || costs_ns < self->wall_ns / 20)
		return;
	strbuf_puts(&self->title, "Threads for too little work: ");
	fmt_count(&self->title, count);
	strbuf_puts(&self->title, " threads were made and ended, and ran ");
	fmt_ns(&self->title, run_ns / count);
	strbuf_puts(&self->title, " each on average, while to make and end one takes ");
	fmt_ns(&self->title, THREAD_COSTS_NS);
	strbuf_puts(&self->title, " or more");
	f = finding_begin(self, "churn", share(costs_ns, self->sum.run_ns),
			  least(share(costs_ns, self->wall_ns), 1),
			  "Keep threads and give them one task after another (a thread pool), or "
			  "do small tasks where they come up.");
	prove_count(self, f, "threads", count);
	prove_ns(self, f, "threads_run_ns", run_ns);
	prove_ns(self, f, "run_ns", self->sum.run_ns);
}

/* Nothing ran though somebody was already woken, and cores were free. */
void find_wakeup(struct findings *self)
{
	/* who was pushed off its core was not woken */
	uint64_t stalled_ns = min_u64(self->r->parallelism.stalled_runnable_ns,
				      self->sum.runnable_ns - self->sum.preempted_ns);
	double stalled = share(stalled_ns, self->wall_ns);
	uint64_t wakeups = self->sum.voluntary;
	struct candidate *f;

	if (stalled < 0.3 || !wakeups || candidate_of(self, "cores"))
		return;
	strbuf_puts(&self->title, "Waiting to get going: ");
	fmt_share(&self->title, stalled, 1);
	strbuf_puts(&self->title, " of the time nothing ran though a thread was woken already (");
	fmt_count(&self->title, wakeups);
	strbuf_puts(&self->title, " wake-ups, ");
	fmt_ns(&self->title, stalled_ns / wakeups);
	strbuf_puts(&self->title, " each)");
	f = finding_begin(self, "wakeup", stalled, stalled,
		  "Hand work over less often and in larger pieces, or keep both sides on one "
		  "core.");
	prove_ns(self, f, "stalled_ns", stalled_ns);
	prove_count(self, f, "wakeups", wakeups);
}

/* Whose naps they were, as far as one thread stands for them. */
static const struct result_thread *sleeper_of(const struct findings *self)
{
	const struct result_thread *most = NULL;

	for (size_t i = 0; i < self->r->threads.count; i++) {
		const struct result_thread *t = &self->r->threads.at[i];

		if (!most || t->sum.by_class_ns[CLASS_SLEEP] > most->sum.by_class_ns[CLASS_SLEEP])
			most = t;
	}
	return most;
}

/* That a program sleeps is its own choice, unlike the other ways to have nothing to do. */
static const char *say_asleep(struct findings *self, double part)
{
	const struct result_thread *most = sleeper_of(self);

	strbuf_puts(&self->title, "Mostly asleep: nothing ran ");
	fmt_share(&self->title, part, 1);
	strbuf_puts(&self->title, " of the time, until a time had passed");
	if (most) {
		strbuf_puts(&self->title, "; ");
		name_thread(&self->title, most);
		strbuf_puts(&self->title, " slept most, ");
		fmt_ns(&self->title, most->sum.by_class_ns[CLASS_SLEEP]);
	}
	return "It sleeps by its own choice (sleep, usleep, nanosleep …). If that is to wait for "
	       "something, wait for the thing itself instead of looking again after a time; "
	       "`runwait export -f svg` shows where.";
}

void find_idle(struct findings *self)
{
	static const struct {
		enum wait_class class;
		const char *words;
	} kinds[] = {
		{ CLASS_IDLE, "waiting for work" },
		{ CLASS_SOCKET, "waiting for requests" },
		{ CLASS_SLEEP, "asleep" },
		{ CLASS_SYNC, "waiting for a signal between threads" },
		{ CLASS_PIPE, "waiting for a pipe or terminal" },
		{ CLASS_OTHER, "waiting outside of what runwait knows" },
	};
	const char *advice = "Nothing to gain inside the program: look at who should have given it "
			     "work, or record while it is busy.";
	uint64_t stalled[CLASS_COUNT], sum_ns = 0;
	size_t most = 0;
	struct candidate *f;
	double part;

	memcpy(stalled, self->r->parallelism.stalled_by_class_ns, sizeof(stalled));
	/* who serves has nothing to do until somebody asks; who asks waits for an answer */
	stalled[CLASS_SOCKET] = (uint64_t)((double)stalled[CLASS_SOCKET] * serving_share(self));
	for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
		sum_ns += stalled[kinds[i].class];
		if (stalled[kinds[i].class] > stalled[kinds[most].class])
			most = i;
	}
	part = share(sum_ns, self->wall_ns);
	/* with a lock in hand, while others wait for it, is not idle */
	if (part < 0.5 || self->locked_up)
		return;
	if (kinds[most].class == CLASS_SLEEP) {
		advice = say_asleep(self, part);
	} else {
		strbuf_puts(&self->title, "Mostly idle: nothing ran ");
		fmt_share(&self->title, part, 1);
		strbuf_addf(&self->title, " of the time; it was %s", kinds[most].words);
	}
	f = finding_begin(self, "idle", part, 0.95 * part, advice);
	prove_ns(self, f, "stalled_ns", sum_ns);
	prove_text(self, f, "class", wait_class_name(kinds[most].class));
	prove_ns(self, f, "class_ns", stalled[kinds[most].class]);
}

/* All is well as far as waits go, which is worth saying. */
void find_cpu(struct findings *self)
{
	const struct result_parallelism *p = &self->r->parallelism;
	struct candidate *f;

	if (p->mean < 0.6 * self->cores || self->count)
		return;
	strbuf_addf(&self->title,
		    "Using the cores: on average %.3g of %.0f worked for it, and no wait "
		    "stands out",
		    p->mean, self->cores);
	f = finding_begin(self, "cpu", p->mean / self->cores, 0,
		  "Look at the flame graph of samples; spinning on a lock and false sharing look "
		  "like work from here.");
	prove_real(self, f, "mean_parallelism", p->mean);
	prove_real(self, f, "cores", self->cores);
	prove_ns(self, f, "run_ns", self->sum.run_ns);
}

