/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Findings about locks. There is one for the lock that most time is lost at, and it
 * says what kind of trouble that is, for each kind has its own remedy. The kinds are
 * tried from the one that explains most to the one that explains least.
 */
#include "core/findings.h"

#include "base/fmt.h"
#include "core/object_text.h"

#include <inttypes.h>
#include <string.h>

/*
 * When a diagnosis holds. Blame is the waiting that holders caused; a diagnosis must
 * explain half of it, or what is left is the larger part and deserves the plain advice.
 * A holder without a core is told from a third on: what it would have done otherwise
 * takes time, too.
 */
#define EXPLAINS 0.5
#define EXPLAINS_RUNNABLE 0.33

enum {
	/* a convoy: a hold is over before the next one, who was asleep, can run. To wake a
	 * thread on another core takes 5 to 50 us */
	CONVOY_HOLD_NS = 100000,
	/* what is called short: a thousand a second and more */
	SHORT_HOLD_NS = 1000000,
	/* averages of fewer say little */
	HOLDS_SEEN = 100,
	/* a few long holds: half of the blame belongs to one of so many */
	LONG_ONE_OF = 20,
};

struct diagnosis {
	const char *pattern; /* "long_holder" …: stable, stands in the evidence */
	const char *advice;
	double part; /* of the blame that it explains */
};

static bool is_contention(const struct result_lock *l)
{
	return l->kind == LOCK_KERNEL || l->contended_ns;
}

static uint64_t contended_of(const struct result_lock *l)
{
	return l->kind == LOCK_KERNEL ? l->wait_ns : l->contended_ns;
}

static const struct result_lock *worst_lock(const struct findings *self)
{
	const struct result_lock *worst = NULL;

	for (size_t i = 0; i < self->r->locks.count; i++) {
		const struct result_lock *l = &self->r->locks.at[i];

		if (is_contention(l) && (!worst || contended_of(l) > contended_of(worst)))
			worst = l;
	}
	return worst;
}

/* A variable is one lock. */
static bool name_is_one(const char *name)
{
	return *name && !object_text_is_many(name);
}

static void name_lock(struct strbuf *sb, const struct result_lock *l)
{
	if (l->kind == LOCK_GIL) {
		strbuf_puts(sb, "Python's interpreter lock (GIL)");
		return;
	}
	if (l->kind == LOCK_KERNEL) {
		strbuf_puts(sb, "the kernel's ");
		fmt_text(sb, l->name ? l->name : l->place, NAME_COLUMNS);
		return;
	}
	if (l->many) {
		fmt_text(sb, l->name, NAME_COLUMNS);
		return;
	}
	if (l->kind == LOCK_FILE)
		strbuf_puts(sb, "the file lock");
	else if (l->kind == LOCK_UNKNOWN && !l->address)
		/* what a language waits for by events has no name of its own */
		strbuf_puts(sb, l->name && *l->name == '[' ? "one that ends with an event" :
							     "one without a name");
	else if (l->address && l->name && name_is_one(l->name))
		strbuf_addf(sb, "%s ", lock_kind_words(l->kind));
	else
		strbuf_addf(sb, "%s 0x%" PRIx64, lock_kind_words(l->kind), l->address);
	if (l->address && l->name && name_is_one(l->name)) {
		fmt_text(sb, l->name, NAME_COLUMNS);
	} else if (l->name) {
		strbuf_puts(sb, l->address ? " in " : " on ");
		fmt_text(sb, l->name, NAME_COLUMNS);
	}
}

/*
 * Of Python's interpreter lock nobody can let go earlier, nor can it be split: whoever runs
 * Python code has it.
 */
static bool is_interpreter_lock(const struct result_lock *l, struct strbuf *sb,
				struct diagnosis *ret)
{
	if (l->kind != LOCK_GIL)
		return false;
	strbuf_puts(sb, ": only one thread of a process runs Python code at a time");
	ret->pattern = "interpreter_lock";
	ret->part = 1;
	ret->advice = "More threads do not make Python code faster: use processes "
		      "(multiprocessing, ProcessPoolExecutor) or code that lets go of the GIL "
		      "(numpy and other C extensions); `runwait report locks` shows who held it.";
	return true;
}

/* What a program can do about a lock that is not its own. */
static bool is_of_kernel(const struct result_lock *l, struct diagnosis *ret)
{
	if (l->kind != LOCK_KERNEL)
		return false;
	ret->pattern = "kernel";
	if (l->name && !strcmp(l->name, "mmap_lock"))
		ret->advice = "The threads of a process share one address space: map and unmap "
			      "less often (keep buffers, raise malloc's M_MMAP_THRESHOLD and "
			      "M_TRIM_THRESHOLD), touch new memory in larger pages, or use "
			      "processes.";
	else
		ret->advice = "System calls take it: make fewer of them at once, or on different "
			      "files, directories or sockets; `runwait report locks` shows where.";
	return true;
}

/* --- what kind of trouble ---------------------------------------------------------- */

static const char *doing_phrase(int doing)
{
	static const char *const phrases[CLASS_COUNT] = {
		[CLASS_GIL] = "waiting for the GIL",
		[CLASS_LOCK] = "waiting for another lock",
		[CLASS_SYNC] = "waiting for a signal from another thread",
		[CLASS_IDLE] = "waiting for events",
		[CLASS_SLEEP] = "asleep",
		[CLASS_FILE] = "waiting for a file",
		[CLASS_SOCKET] = "waiting for a socket",
		[CLASS_PIPE] = "waiting for a pipe",
		[CLASS_CHILD] = "waiting for a child process",
		[CLASS_FAULT] = "waiting for a page",
		[CLASS_KERNEL] = "waiting for a lock of the kernel",
		[CLASS_OTHER] = "waiting",
	};

	return phrases[doing];
}

/* What holders waited for most, as far as it is of @class. */
static const char *most_waited_for(const struct result_lock *l, int class)
{
	const char *most = NULL;
	uint64_t most_ns = 0;

	for (size_t i = 0; i < l->holders.count; i++) {
		const struct result_holder *h = &l->holders.at[i];

		if ((int)h->waited_for_class == class && h->waited_for_ns > most_ns) {
			most = h->waited_for;
			most_ns = h->waited_for_ns;
		}
	}
	return most;
}

/* Its holders slept, or waited for something, with the lock in hand. */
static bool is_held_across(const struct result_lock *l, struct strbuf *sb, struct diagnosis *ret)
{
	uint64_t sum_ns = 0;
	const char *what;
	int most = 0;

	for (int i = 0; i < CLASS_COUNT; i++) {
		sum_ns += l->doing_ns[i];
		if (l->doing_ns[i] > l->doing_ns[most])
			most = i;
	}
	ret->part = share(sum_ns, l->wait_ns);
	if (ret->part < EXPLAINS)
		return false;
	what = most_waited_for(l, most);
	strbuf_puts(sb, ", which its holders kept while ");
	strbuf_puts(sb, doing_phrase(most));
	if (what) {
		strbuf_puts(sb, " (");
		fmt_text(sb, what, NAME_COLUMNS);
		strbuf_puts(sb, ")");
	}
	strbuf_puts(sb, " for ");
	fmt_share(sb, share(l->doing_ns[most], l->wait_ns), 1);
	strbuf_puts(sb, " of that");
	ret->pattern = "held_across_wait";
	ret->advice = most == CLASS_LOCK || most == CLASS_GIL ?
			      "The other lock is the bottleneck: look there first, and do not take "
			      "it with this one in hand; `runwait report locks` shows where." :
			      "Let go of it before waiting, or do that outside: `runwait report "
			      "locks` shows where it was held and what its holder waited for.";
	return true;
}

/* A writer that waits for readers who come and go, or the other way round. */
static bool is_starved(const struct findings *self, const struct result_lock *l,
		       struct strbuf *sb, struct diagnosis *ret)
{
	const struct result_waiter *top = l->waiters.at;

	if (l->kind != LOCK_RWLOCK || !l->waiters.count || top->wait_ns < self->wall_ns / 2 ||
	    l->wait_ns - top->wait_ns > top->wait_ns / 4)
		return false;
	strbuf_addf(sb, ": thread %" PRIu32 " alone waited ", top->tid);
	fmt_share(sb, share(top->wait_ns, self->wall_ns), 1);
	strbuf_puts(sb, " of the time, the others hardly");
	ret->pattern = "starvation";
	ret->part = share(top->wait_ns, l->wait_ns);
	ret->advice = "Readers and writers do not get their turns: prefer writers "
		      "(PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP), or use a mutex.";
	return true;
}

/* Who ended without letting go of it leaves it to nobody. */
static bool is_orphaned(const struct result_lock *l, struct strbuf *sb, struct diagnosis *ret)
{
	const struct result_holder *top = l->holders.at;

	if (!l->holders.count || !top->ended || top->blame_ns < l->wait_ns / 2)
		return false;
	strbuf_addf(sb, ", which thread %" PRIu32 " had when it ended", top->tid);
	ret->pattern = "holder_ended";
	ret->part = share(top->blame_ns, l->wait_ns);
	ret->advice = "Nobody will ever let go of it: unlock on every way out of a thread, or use "
		      "a robust mutex (PTHREAD_MUTEX_ROBUST), which says so to the next one.";
	return true;
}

/*
 * A mutex is waited for inside of the C library's wait for a condition, which C++ and others use,
 * too. A wait for the condition itself has no function of a mutex before that one.
 */
static bool is_back_from_condition(const struct findings *self, uint32_t stack)
{
	enum { FRAMES_NEAR = 6 };
	struct stack_view view;
	struct frame_name name;
	bool at_mutex = false;

	if (!stacks_get(self->c->stacks, stack, &view))
		return false;
	for (uint32_t i = 0; i < view.count && i < FRAMES_NEAR; i++) {
		if (!stacks_names(self->c->stacks, view.frames[i], &name, 1))
			continue;
		if (strstr(name.function, "lll_lock") || strstr(name.function, "mutex_"))
			at_mutex = true;
		else if (strstr(name.function, "pthread_cond_"))
			return at_mutex;
	}
	return false;
}

/*
 * Who is woken at a condition takes its mutex again. When most of the waiting for that is of
 * those, they were woken together.
 */
static bool is_broadcast(const struct findings *self, const struct result_lock *l,
			 struct strbuf *sb, struct diagnosis *ret)
{
	uint64_t back_ns = 0;

	if (l->kind != LOCK_MUTEX || l->waiters.count < 2)
		return false;
	for (size_t i = 0; i < l->sites.count; i++)
		if (is_back_from_condition(self, l->sites.at[i].wait_stack))
			back_ns += l->sites.at[i].blame_ns;
	ret->part = share(back_ns, l->wait_ns);
	if (ret->part < EXPLAINS)
		return false;
	strbuf_puts(sb, ", ");
	fmt_share(sb, ret->part, 1);
	strbuf_puts(sb, " of it by threads that were woken together at a condition and all need "
			"it to go on");
	ret->pattern = "broadcast";
	ret->advice = "Wake one thread for one piece of work (signal or notify_one instead of "
		      "broadcast or notify_all), or let fewer threads wait at the condition.";
	return true;
}

static bool is_convoy(const struct result_lock *l, struct strbuf *sb, struct diagnosis *ret)
{
	const struct result_holds *holds = &l->holds;

	if (holds->count < HOLDS_SEEN || holds->ns / holds->count >= CONVOY_HOLD_NS ||
	    holds->handed < holds->count - holds->count / 5)
		return false;
	strbuf_puts(sb, ", a convoy: ");
	fmt_share(sb, share(holds->handed, holds->count), 1);
	strbuf_puts(sb, " of ");
	fmt_count(sb, holds->count);
	strbuf_puts(sb, " holds of ");
	fmt_ns(sb, holds->ns / holds->count);
	strbuf_puts(sb, " went to a thread that was asleep while others queued");
	ret->pattern = "convoy";
	ret->part = share(holds->handed, holds->count);
	ret->advice = "Every acquisition costs a switch: take it less often and do more each time, "
		      "give each thread a part of its own, or spin a little before sleeping.";
	return true;
}

/* Its holder was ready to go on and let go, but had no core. */
static bool is_inversion(const struct result_lock *l, struct strbuf *sb, struct diagnosis *ret)
{
	ret->part = share(l->doing_ns[HELD_RUNNABLE], l->wait_ns);
	if (ret->part < EXPLAINS_RUNNABLE)
		return false;
	strbuf_puts(sb, ", whose holders had no core for ");
	fmt_share(sb, ret->part, 1);
	strbuf_puts(sb, " of that");
	ret->pattern = "holder_without_core";
	ret->advice = "Others were run instead of who held it: use fewer threads or more cores, "
		      "equal priorities, or a mutex with priority inheritance "
		      "(PTHREAD_PRIO_INHERIT)";
	return true;
}

static bool is_long_holder(const struct result_lock *l, struct strbuf *sb, struct diagnosis *ret)
{
	const struct result_holds *holds = &l->holds;

	if (!holds->count || !holds->long_count || holds->long_count * LONG_ONE_OF > holds->count)
		return false;
	ret->part = share(holds->long_blame_ns, l->wait_ns);
	if (ret->part < EXPLAINS)
		return false;
	strbuf_puts(sb, ", ");
	fmt_share(sb, ret->part, 1);
	strbuf_addf(sb, " of it for %" PRIu64 " of ", holds->long_count);
	fmt_count(sb, holds->count);
	strbuf_puts(sb, " holds, at least ");
	fmt_ns(sb, holds->long_ns);
	strbuf_puts(sb, " long");
	ret->pattern = "long_holder";
	ret->advice = "A few long holds do the harm: `runwait report locks` shows where; take "
		      "their work out of the lock or into pieces.";
	return true;
}

static bool is_many_short(const struct result_lock *l, struct strbuf *sb, struct diagnosis *ret)
{
	const struct result_holds *holds = &l->holds;

	if (holds->count < HOLDS_SEEN || holds->ns / holds->count >= SHORT_HOLD_NS)
		return false;
	strbuf_puts(sb, ", in ");
	fmt_count(sb, holds->count);
	strbuf_puts(sb, " holds of ");
	fmt_ns(sb, holds->ns / holds->count);
	strbuf_puts(sb, " on average");
	ret->pattern = "many_short_holds";
	ret->part = 1;
	ret->advice = "No single hold is long, there are too many: split the lock or what it "
		      "protects, or share less; `runwait report locks` shows who takes it and "
		      "where.";
	return true;
}

static struct diagnosis diagnose(struct findings *self, const struct result_lock *l)
{
	struct diagnosis d = { 0 };
	struct strbuf *sb = &self->title;

	if (is_interpreter_lock(l, sb, &d) || is_of_kernel(l, &d) || is_orphaned(l, sb, &d) ||
	    is_starved(self, l, sb, &d) || is_held_across(l, sb, &d) ||
	    is_broadcast(self, l, sb, &d) || is_convoy(l, sb, &d) || is_inversion(l, sb, &d) ||
	    is_long_holder(l, sb, &d) || is_many_short(l, sb, &d))
		return d;
	return (struct diagnosis){
		.pattern = "contention",
		.advice = "Hold it shorter, split it, or share less: `runwait report locks` shows "
			  "who held it and where it was waited for.",
	};
}

/* --- the findings ------------------------------------------------------------------ */

static void prove_lock(struct findings *self, struct candidate *f, const struct result_lock *l,
		       const struct diagnosis *d)
{
	const struct result_holds *holds = &l->holds;

	prove_ns(self, f, "lock_wait_ns", self->lock_ns);
	prove_ns(self, f, "working_ns", self->working_ns);
	prove_count(self, f, "lock", l->id);
	prove_ns(self, f, "lock_contended_ns", contended_of(l));
	prove_count(self, f, "threads", l->waiters.count);
	prove_count(self, f, "waits", l->waits);
	prove_ns(self, f, "max_wait_ns", l->max_wait_ns);
	prove_real(self, f, "mean_parallelism", self->r->parallelism.mean);
	if (l->holders.count && l->holders.at[0].tid)
		prove_count(self, f, "top_holder_tid", l->holders.at[0].tid);
	prove_text(self, f, "pattern", d->pattern);
	if (d->part > 0)
		prove_share(self, f, "pattern_share", least(d->part, 1));
	if (!holds->count)
		return;
	prove_count(self, f, "holds", holds->count);
	prove_ns(self, f, "mean_hold_ns", holds->ns / holds->count);
	prove_ns(self, f, "max_hold_ns", holds->max_ns);
}

void find_lock(struct findings *self)
{
	const struct result_lock *l = worst_lock(self);
	double part = share(self->lock_ns, self->working_ns), score;
	struct strbuf *title = &self->title;
	struct diagnosis d;

	/* many threads that wait a moment each, at their start, are a large sum and no
	 * bottleneck: one of them must have waited for long, or all of them most of the time */
	if (part < 0.1 || !l || (self->worst_lock_ns < self->wall_ns / 20 &&
				 (part < 0.5 || self->lock_ns < self->wall_ns / 2)))
		return;
	score = part * least(share(self->lock_ns, self->wall_ns), 1);
	strbuf_puts(title, "Waiting for a lock: ");
	if (contended_of(l) >= self->lock_ns / 2) {
		fmt_share(title, share(contended_of(l), self->working_ns), 1);
		strbuf_puts(title, " of the threads' working time went to ");
		name_lock(title, l);
		name_waits(title, l->waiters.count, l->waits, l->max_wait_ns);
	} else {
		fmt_share(title, part, 1);
		strbuf_puts(title, " of the threads' working time went to locks, most of it to ");
		name_lock(title, l);
		strbuf_puts(title, " with ");
		fmt_share(title, share(contended_of(l), self->working_ns), 1);
	}
	d = diagnose(self, l);
	self->locked_up = score >= 0.5 || !strcmp(d.pattern, "held_across_wait");
	prove_lock(self, finding_begin(self, "lock", part, score, d.advice), l, &d);
}

/*
 * Wakeups for nothing. Each costs two switches and what they evict; 10 us is what that
 * takes at least where a core must be woken.
 */
void find_herd(struct findings *self)
{
	enum { WAKEUP_COSTS_NS = 10000 };
	const struct result_lock *worst = NULL;
	struct candidate *f;
	double part;

	for (size_t i = 0; i < self->r->locks.count; i++) {
		const struct result_lock *l = &self->r->locks.at[i];

		/* who finds a mutex taken again has a lock to wait for, which is said above */
		if (l->contended_ns || l->kind == LOCK_KERNEL)
			continue;
		if (!worst || l->wasted > worst->wasted)
			worst = l;
	}
	if (!worst || worst->wasted < worst->waits / 2 ||
	    worst->wasted * WAKEUP_COSTS_NS < self->wall_ns / 20)
		return;
	part = share(worst->wasted, worst->waits);
	strbuf_puts(&self->title, "Woken for nothing: ");
	fmt_share(&self->title, part, 1);
	strbuf_puts(&self->title, " of ");
	fmt_count(&self->title, worst->waits);
	strbuf_puts(&self->title, " wakeups at ");
	name_lock(&self->title, worst);
	strbuf_puts(&self->title, " came several at once and found nothing to do");
	f = finding_begin(self, "herd", part,
			  least(share(worst->wasted * WAKEUP_COSTS_NS, self->wall_ns), 1) / 2,
			  "Wake one thread for one piece of work (signal instead of broadcast), or "
			  "let fewer threads wait for it.");
	prove_count(self, f, "lock", worst->id);
	prove_count(self, f, "wakeups", worst->waits);
	prove_count(self, f, "in_vain", worst->wasted);
	prove_count(self, f, "threads", worst->waiters.count);
}

static uint64_t run_of(const struct findings *self, uint32_t tid)
{
	for (size_t i = 0; i < self->r->threads.count; i++)
		if (self->r->threads.at[i].tid == tid)
			return self->r->threads.at[i].sum.run_ns;
	return 0;
}

/*
 * Who has the largest part: mostly it came last at @l, and it ran for longer than the others,
 * by a quarter at least. NULL: now this one is last, now that.
 */
static const struct result_holder *straggler_of(const struct findings *self,
						const struct result_lock *l)
{
	const struct result_holder *top = l->holders.at;
	uint64_t run_ns = 0, others = 0;

	if (!l->holders.count || !top->tid || top->blame_ns <= l->wait_ns / 10 * 6)
		return NULL;
	for (size_t i = 0; i < l->waiters.count; i++) {
		if (l->waiters.at[i].tid == top->tid)
			continue;
		run_ns += run_of(self, l->waiters.at[i].tid);
		others++;
	}
	return others && run_of(self, top->tid) > run_ns / others / 4 * 5 ? top : NULL;
}

/* Waited at @l for somebody who had a core: nobody's part is too large because it was kept
 * from running. */
static uint64_t waited_for_work_ns(const struct result_lock *l)
{
	return l->wait_ns - min_u64(l->doing_ns[HELD_RUNNABLE], l->wait_ns);
}

/*
 * What the wall time would lose if the work between two meetings at @l were divided evenly: all
 * that was waited, by all who meet there, but not more than the cores have to spare.
 */
static double gained_by_balance(const struct findings *self, const struct result_lock *l)
{
	const struct result_holder *last = l->holders.count ? l->holders.at : NULL;
	uint64_t parties = l->waiters.count;
	double spare = 1 - self->r->parallelism.mean / self->cores;

	/* who always comes last never waits */
	for (size_t i = 0; last && i < l->waiters.count; i++)
		if (l->waiters.at[i].tid == last->tid)
			last = NULL;
	parties += last && last->tid;
	return least(share(waited_for_work_ns(l), self->wall_ns) / (double)max_u64(parties, 1),
		     spare);
}

/* Threads that meet at a barrier wait for the last of them. */
void find_imbalance(struct findings *self)
{
	static const char advice[] =
		"Divide the work more evenly (smaller parts that are taken when one is free), or "
		"meet less often: `runwait report locks` shows who came last and what it did.";
	const struct result_lock *worst = NULL;
	const struct result_holder *last;
	struct candidate *f;
	double part;

	for (size_t i = 0; i < self->r->locks.count; i++) {
		const struct result_lock *l = &self->r->locks.at[i];

		if (l->kind == LOCK_BARRIER &&
		    (!worst || waited_for_work_ns(l) > waited_for_work_ns(worst)))
			worst = l;
	}
	part = worst ? gained_by_balance(self, worst) : 0;
	last = part > 0 ? straggler_of(self, worst) : NULL;
	/* that now this one is last, now that, is so to some degree everywhere */
	if (part < (last ? 0.1 : 0.2))
		return;
	strbuf_puts(&self->title, "Unevenly divided work: ");
	fmt_share(&self->title, part, 1);
	strbuf_puts(&self->title, " of the time is lost to waiting for the last one at ");
	name_lock(&self->title, worst);
	name_waits(&self->title, worst->waiters.count, worst->waits, worst->max_wait_ns);
	if (last)
		strbuf_addf(&self->title, ", most often thread %" PRIu32, last->tid);
	f = finding_begin(self, "imbalance", part, part, advice);
	prove_count(self, f, "lock", worst->id);
	prove_ns(self, f, "wait_ns", worst->wait_ns);
	prove_count(self, f, "waits", worst->waits);
	prove_count(self, f, "threads", worst->waiters.count);
	if (!last)
		return;
	prove_count(self, f, "last_tid", last->tid);
	prove_share(self, f, "last_share", share(last->blame_ns, worst->wait_ns));
}
