/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * locks: what the lock analysis collects (locks.c) and makes a result of
 * (lock_list.c). Private to the two.
 */
#ifndef RUNWAIT_CORE_LOCKS_H
#define RUNWAIT_CORE_LOCKS_H

#include "core/holders.h"

struct lock_sum {
	uint32_t object, kernel_stack; /* either; or a futex without description: neither */
	uint32_t tgid; /* of whoever waited first */
	uint64_t argument; /* address of a futex as the system call has it */
	int kind; /* the first that its waits looked like, but for unknown */
	uint64_t kinds[LOCK_UNKNOWN + 1]; /* waits that looked like that kind */
	uint64_t waits, wait_ns, max_wait_ns, contended_ns, parked_ns, open_waits;
	uint64_t in_vain; /* wakeups of a herd that found nothing */
	uint32_t buckets[LOCK_BUCKETS];
	/* the wakeup before this one: when, by which thread, whom (party) */
	uint64_t woken_ns;
	uint32_t woken_by, woken;
	struct holders holders; /* and waiters and wakers */
};

/* A wait that nobody has ended: what its holder does is known at the end, too. */
struct open_wait {
	size_t lock;
	struct absence a;
	struct event_out out;
};

struct locks {
	struct context *c;
	VEC(struct lock_sum) list;
	struct map by_key; /* see lock_key() */
	struct map parties; /* see locks_party() */
	uint64_t last_key; /* the look-up before this one; 0 none */
	size_t last_lock;
	struct past past;
	struct act_list acts; /* scratch */
	VEC(struct open_wait) open;
};

/* The position of a party of a lock, new or not. 0 or -ENOMEM. */
int locks_party(struct locks *self, size_t lock, enum ender ender, uint32_t id, uint32_t *ret);

/* Adds waits of its own to a party's. */
void party_waited(struct party *p, uint64_t waits, uint64_t wait_ns, uint64_t max_wait_ns,
		  uint32_t stack);

/* Fills r->locks with all locks whose waits are charged. 0 or -ENOMEM. */
int locks_list(struct locks *self, struct result *r);

#endif
