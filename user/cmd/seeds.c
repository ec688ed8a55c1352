/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The probes say where a waiting thread stands (WIRE_LOOK) right before what it
 * waits for (WIRE_OPEN). Nobody is stopped, so it may be somewhere else by the
 * time its stack is walked: the kernel's switch counts tell.
 */
#include "cmd/seeds.h"

#include "base/map.h"
#include "capture/clock.h"
#include "cmd/walker.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The recording begins only behind this; with all tasks of a machine it could take long. */
#define WALK_MAX_NS UINT64_C(300000000)

union seed_stack {
	struct wire_stack s;
	uint64_t room[sizeof(struct wire_stack) / 8 + WIRE_STACK_DEPTH_MAX];
};

void seeds_release(struct seeds *s)
{
	vec_release(&s->records);
}

int seeds_add(struct seeds *s, const struct wire_head *record)
{
	size_t size = (record->size + 7u) & ~7u;

	if (vec_reserve(&s->records, size))
		return -ENOMEM;
	memcpy(s->records.at + s->records.count, record, record->size);
	s->records.count += size;
	return 0;
}

int seeds_tell(struct seeds *s, capture_record_fn record, void *ctx)
{
	int rc = 0;

	for (size_t at = 0; at < s->records.count && !rc;) {
		const struct wire_head *h = (const void *)(s->records.at + at);

		rc = record(ctx, h);
		at += (h->size + 7u) & ~7u;
	}
	seeds_release(s);
	return rc;
}

/* --- stacks ------------------------------------------------------------------- */

/* The number behind @field in a text of /proc/PID/status. */
static bool status_number(const char *status, const char *field, uint32_t *ret)
{
	const char *at = strstr(status, field);

	if (at)
		*ret = (uint32_t)strtoull(at + strlen(field), NULL, 10);
	return at != NULL;
}

/* Whether a thread has not had a core since it was seen. */
static bool still_there(const struct wire_switch *w)
{
	char path[64], status[4096];
	uint32_t voluntary, involuntary;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/task/%u/status", w->tgid, w->tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd >= 0 ? read(fd, status, sizeof(status) - 1) : -1;
	if (fd >= 0)
		close(fd);
	status[n > 0 ? n : 0] = '\0';
	return status_number(status, "\nvoluntary_ctxt_switches:", &voluntary) &&
	       status_number(status, "\nnonvoluntary_ctxt_switches:", &involuntary) &&
	       voluntary == w->voluntary && involuntary == w->involuntary;
}

/* The stack of who waits in @open: told to @to, its hash in *ret_hash, 0 none. */
static int walk(struct seeds *to, struct walker *walker, const struct wire_look *look,
		const struct wire_switch *open, __u64 *ret_hash)
{
	union seed_stack b = { .s.head.type = WIRE_STACK };
	uint64_t frames[WIRE_STACK_DEPTH_MAX];

	*ret_hash = 0;
	b.s.count = walker_walk(walker, look, frames, &b.s.head.flags);
	if (!b.s.count || !still_there(open))
		return 0;
	memcpy(b.room + sizeof(b.s) / 8, frames, b.s.count * sizeof(*frames));
	b.s.head.size = (uint16_t)(sizeof(b.s) + b.s.count * sizeof(*frames));
	b.s.time_ns = look->time_ns;
	b.s.tgid = look->tgid;
	b.s.hash = hash_bytes(frames, b.s.count * sizeof(*frames)) ^
		   hash_u64((uint64_t)look->tgid << 8 | b.s.head.flags);
	b.s.hash |= 1;
	*ret_hash = b.s.hash;
	return seeds_add(to, &b.s.head);
}

static int walk_one(struct seeds *to, struct walker *walker, const struct wire_look *look,
		    const struct wire_head *record)
{
	struct wire_switch open = { 0 };
	int rc;

	/* a record may end before what it does not need */
	memcpy(&open, record, record->size < sizeof(open) ? record->size : sizeof(open));
	if (!look || open.why != WIRE_WHY_BLOCKED || open.head.flags & WIRE_SWITCH_KTHREAD)
		return seeds_add(to, record);
	rc = walk(to, walker, look, &open, &open.user_stack);
	if (!open.user_stack)
		return rc ? rc : seeds_add(to, record);
	open.head.size = sizeof(open);
	return rc ? rc : seeds_add(to, &open.head);
}

int seeds_walk(struct seeds *s, struct spaces *spaces, struct modules *modules)
{
	uint64_t until_ns = clock_monotonic_ns() + WALK_MAX_NS;
	struct walker *walker = walker_new(spaces, modules);
	const struct wire_look *look = NULL;
	struct seeds to = { 0 };
	int rc = walker ? 0 : -ENOMEM;

	for (size_t at = 0; at < s->records.count && !rc;) {
		const struct wire_head *h = (const void *)(s->records.at + at);

		at += (h->size + 7u) & ~7u;
		if (h->type == WIRE_LOOK) {
			look = clock_monotonic_ns() < until_ns ? (const void *)h : NULL;
		} else if (h->type == WIRE_OPEN) {
			rc = walk_one(&to, walker, look, h);
			look = NULL;
		} else {
			rc = seeds_add(&to, h);
		}
	}
	walker_free(walker);
	if (rc) {
		seeds_release(&to);
		return rc;
	}
	seeds_release(s);
	*s = to;
	return 0;
}
