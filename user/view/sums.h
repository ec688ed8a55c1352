/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sums: what several tables say about a struct totals, and which part of it is
 * folded away, unless it is asked for: waits of class idle, and threads that were
 * parked for a signal all the time. Private to
 * view/.
 */
#ifndef RUNWAIT_VIEW_SUMS_H
#define RUNWAIT_VIEW_SUMS_H

#include "view/table.h"

/* Nothing but waiting for work, but for a thousandth of its life. */
bool totals_only_idle(const struct totals *t);

/* What is folded away. */
uint64_t folded_ns(const struct totals *t);
/* The time that tables are about, and the part of it that was waited. */
uint64_t shown_life_ns(const struct page *p, const struct totals *t);
uint64_t shown_wait_ns(const struct page *p, const struct totals *t);
/* @t is left out of lists. */
bool hides_totals(const struct page *p, const struct totals *t);

/* By class. */
void shown_classes(const struct page *p, const struct totals *t, uint64_t ret[CLASS_COUNT]);

/* Which of @ns are not 0, the largest first: how many, and the classes. */
size_t classes_by_ns(const uint64_t ns[CLASS_COUNT], enum wait_class *ret);

/* The next five cells: run, runnable, wait, a bar of them, and what most of the
 * waiting was for ("lock 62 %"). */
void table_sums(struct table *t, const struct page *p, const struct totals *sum);
/* What the bar's inks mean. */
const char *bar_legend(const struct page *p);

/*
 * "3h 12m of waiting for work (idle; 60 of 64 threads did nothing else) is left
 * out: --idle shows it"; nothing when there is none.
 */
void page_folded(struct page *p, uint64_t idle_ns, uint64_t parked_ns, size_t hidden, size_t count,
		 const char *one, const char *many);

#endif
