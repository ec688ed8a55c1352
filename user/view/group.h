/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * group: threads or processes by what their names have in common, so that a
 * program with 5,000 of them reads as well as one with five: "worker-1" and
 * "worker-2" are "worker-*". Private to view/.
 */
#ifndef RUNWAIT_VIEW_GROUP_H
#define RUNWAIT_VIEW_GROUP_H

#include "base/alloc.h"
#include "view/page.h"

struct group {
	const char *name; /* of the first member */
	const char *process; /* threads: the name of its process; NULL unknown */
	bool same; /* all members have that name, not only what precedes its digits */
	size_t first; /* index of the first member in the result */
	size_t count;
	struct totals sum;
};

struct groups {
	VEC(struct group) list; /* those that ran most first */
	size_t hidden; /* members that did nothing but idle; they are in no group */
};

/* Both return 0 or -ENOMEM; release in any case. */
int groups_of_threads(struct groups *g, const struct page *p);
int groups_of_processes(struct groups *g, const struct page *p);
void groups_release(struct groups *g);

/* Appends what the members share of their names, harmless. */
void group_name(const struct group *g, struct strbuf *sb);

#endif
