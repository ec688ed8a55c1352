/* SPDX-License-Identifier: GPL-2.0-only */
/* Findings about event loops: stalled, full, unevenly loaded. */
#include "core/findings.h"

#include "base/fmt.h"

#include <inttypes.h>
#include <string.h>

static void name_loop(struct strbuf *sb, const struct result_loop *l)
{
	fmt_text(sb, l->comm, NAME_COLUMNS);
	strbuf_addf(sb, " (%" PRIu32 ")", l->tid);
}

static void prove_loop(struct findings *self, struct candidate *f, const struct result_loop *l)
{
	prove_count(self, f, "tid", l->tid);
	prove_share(self, f, "utilization", l->utilization);
	prove_count(self, f, "iterations", l->iterations);
	prove_ns(self, f, "max_iteration_ns", l->max_ns);
}

/*
 * Where most of the stalls' time went. NULL: it is no news, or not sure: without
 * --loops rounds that ran for long may be many short ones. Who does nothing but to
 * look after children waits for them in one way or the other.
 */
static const struct result_site *worst_site(const struct findings *self,
					    const struct result_loop *l)
{
	for (size_t i = 0; i < l->sites.count; i++) {
		const struct result_site *s = &l->sites.at[i];

		if (l->supervises && s->cause == CLASS_CHILD)
			continue;
		if (s->cause == STACK_RUN ? l->exact : s->cause != STACK_RUNNABLE)
			return s->ns >= self->wall_ns / 50 ? s : NULL;
	}
	return NULL;
}

static void name_site(struct strbuf *sb, const struct result_site *s)
{
	if (s->cause == STACK_RUN) {
		strbuf_puts(sb, "running");
		return;
	}
	strbuf_addf(sb, "waiting (%s)", wait_class_name((enum wait_class)s->cause));
	if (s->call)
		strbuf_addf(sb, " in %s", s->call);
	if (s->target && s->cause != CLASS_LOCK) {
		strbuf_puts(sb, " of ");
		fmt_text(sb, s->target, NAME_COLUMNS);
	}
}

void find_stalled_loop(struct findings *self)
{
	const struct result_loop *worst = NULL;
	const struct result_site *site = NULL;
	struct strbuf *title = &self->title;
	struct candidate *f;
	double part;

	for (size_t i = 0; i < self->r->loops.count; i++) {
		const struct result_site *s = worst_site(self, &self->r->loops.at[i]);

		if (s && (!site || s->ns > site->ns)) {
			site = s;
			worst = &self->r->loops.at[i];
		}
	}
	if (!site)
		return;
	/* that lock has been named, with all who wait for it */
	if ((site->cause == CLASS_LOCK || site->cause == CLASS_GIL) &&
	    share_of(self, "lock") >= 0.3)
		return;
	part = share(worst->stall_ns, self->wall_ns);
	strbuf_puts(title, "Stalled event loop: ");
	name_loop(title, worst);
	strbuf_puts(title, " took ");
	fmt_ns(title, self->r->slow_ns);
	strbuf_puts(title, " or more for a round ");
	fmt_count(title, worst->stall_count);
	strbuf_puts(title, worst->stall_count == 1 ? " time, longest " : " times, longest ");
	fmt_ns(title, worst->stalls.at[0].busy_ns);
	strbuf_puts(title, "; chiefly ");
	name_site(title, site);
	f = finding_begin(self, "stall", part, part,
			  "Let a worker do what blocks or takes long, or do it in pieces: `runwait "
			  "report loops` shows where.");
	prove_loop(self, f, worst);
	prove_count(self, f, "stalls", worst->stall_count);
	prove_ns(self, f, "stall_ns", worst->stall_ns);
	prove_ns(self, f, "site_ns", site->ns);
	prove_text(self, f, "target", site->target);
}

void find_full_loop(struct findings *self)
{
	const struct result_loop *l = self->r->loops.count ? self->r->loops.at : NULL;
	struct candidate *f;
	double part;

	/* the list begins with the busiest */
	if (!l || l->utilization < 0.9 || l->busy_ns < self->wall_ns / 2 ||
	    l->run_ns < l->busy_ns / 2)
		return;
	part = share(l->busy_ns, self->wall_ns);
	strbuf_puts(&self->title, "Full event loop: ");
	name_loop(&self->title, l);
	strbuf_puts(&self->title, " had work ");
	fmt_share(&self->title, l->utilization, 1);
	strbuf_puts(&self->title, " of the time");
	if (l->exact) {
		strbuf_puts(&self->title, ", and half of its rounds took more than ");
		fmt_ns(&self->title, l->p50_ns);
	}
	f = finding_begin(self, "loop", part, 0.85 * part,
			  l->exact ? "More load will only wait longer: make its handlers cheaper, "
				     "or run several loops." :
				     "Record with --loops to see its rounds, which without it are "
				     "seen only where they wait.");
	prove_loop(self, f, l);
	prove_ns(self, f, "busy_ns", l->busy_ns);
}

/* Loops of one name that wait in the same kind of call are workers. */
static bool are_alike(const struct result_loop *a, const struct result_loop *b)
{
	return !strcmp(a->comm, b->comm) && !strcmp(a->kind, b->kind);
}

void find_unbalanced_loops(struct findings *self)
{
	const struct result_loop *hot = self->r->loops.count ? self->r->loops.at : NULL;
	uint64_t others = 0;
	struct candidate *f;
	double busy = 0;

	if (!hot || hot->utilization < 0.7 || hot->busy_ns < self->wall_ns / 2)
		return;
	for (size_t i = 1; i < self->r->loops.count; i++) {
		if (!result_loop_leads(self->r, i) || !are_alike(hot, &self->r->loops.at[i]))
			continue;
		others++;
		busy += self->r->loops.at[i].utilization;
	}
	if (!others || busy / (double)others > hot->utilization / 2)
		return;
	busy /= (double)others;
	strbuf_puts(&self->title, "Unevenly loaded event loops: ");
	name_loop(&self->title, hot);
	strbuf_puts(&self->title, " was busy ");
	fmt_share(&self->title, hot->utilization, 1);
	strbuf_addf(&self->title, " of the time, the %s like it ",
		    others == 1 ? "other one" : "others");
	fmt_share(&self->title, busy, 1);
	f = finding_begin(self, "balance", share(hot->busy_ns, self->wall_ns),
			  0.9 * share(hot->busy_ns, self->wall_ns),
			  "Spread connections by load rather than by who accepts first "
			  "(SO_REUSEPORT, EPOLLEXCLUSIVE, fewer long-lived ones).");
	prove_loop(self, f, hot);
	prove_count(self, f, "others", others);
	prove_share(self, f, "others_utilization", busy);
}
