/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * holders: who had a lock, from where, what it did meanwhile, and how much
 * waiting that is to blame for.
 *
 * What is known is who had the lock at some instants: whom its words named when
 * a wait began, and who got it when a wait ended. From each such instant to the
 * next, that one had it: a hold. A wait is charged to all who had the lock in its
 * course, each with the time that it had it.
 *
 * Truth comes late: a wait is told when it is over, and then says whom it found
 * when it began. So waits and holds are kept for a while (HOLDS_MAX of them) and
 * then settled in one sweep over time, the oldest first. What falls on the time
 * that has been settled is charged to who ended the wait. Everything is charged
 * once: the sum of blame is the sum of waits.
 */
#ifndef RUNWAIT_CORE_HOLDERS_H
#define RUNWAIT_CORE_HOLDERS_H

#include "core/past.h"

enum {
	HOLDS_MAX = 2048, /* waits or holds that are kept before the older half is settled */
	ACTS_MAX = 4 * HOLDS_MAX,
	BLAMES_MAX = 8192, /* kinds of blame of one lock; stacks beyond are not told apart */
	HOLD_BUCKETS = 40, /* powers of two of ns */
};

/* In place of a party: nobody knows who had it. */
#define PARTY_NONE UINT32_MAX

/* Somebody that waits for a lock, holds it, or ends waits for it: mostly all three. */
struct party {
	enum ender ender; /* ENDER_UNKNOWN: nobody knows who */
	uint32_t id;
	uint64_t waits, wait_ns, max_wait_ns; /* its own */
	uint32_t stack; /* of its longest wait */
	uint64_t held; /* waits in the course of which it held the lock */
	uint64_t blame_ns;
	uint64_t inferred_ns; /* of blame_ns: not read from the lock */
	uint64_t woke; /* waits that it ended */
	uint64_t refused; /* times it was woken for the lock and found it taken again */
	uint64_t in_ns; /* it got a core after its last wait */
	uint64_t between_ns; /* from the last but one to the last: it may have had the lock then */
	uint64_t since_ns; /* it waits since, with short looks in between; 0: it got the lock */
	bool in_herd; /* that ended together with others */
	bool ended; /* the lock still named it when it had ended */
	/* the sweep, at its instant */
	uint32_t act; /* what it does, index + 1; 0 not known */
	uint32_t waiting; /* waits for the lock that it is in */
};

/* What blame is told apart by. No padding: it is hashed as bytes. */
struct blame_key {
	uint32_t party;
	uint32_t held_stack, wait_stack;
	uint32_t object; /* what the holder waited for meanwhile */
	int16_t nr;
	uint8_t doing; /* the holder: enum wait_class or HELD_… */
	uint8_t known_by; /* enum stack_from, of held_stack */
};

struct waited {
	uint64_t from_ns, to_ns;
	uint32_t waiter; /* or PARTY_NONE: it may have the lock itself, and wait for ever */
	uint32_t stack;
	uint32_t otherwise; /* to blame for the time of which it is not known who had it */
	uint32_t release_stack; /* where that one ended the wait; 0 not known */
};

struct hold {
	uint64_t from_ns; /* until the next one */
	uint64_t told_ns; /* what its holder did is in acts up to here */
	uint32_t party; /* or PARTY_NONE */
	uint32_t release_stack; /* where it was let go; 0 not known */
	bool read; /* from the lock itself */
	bool let_go; /* its end was seen: it woke somebody who waited */
};

/* Holds in the course of which somebody waited. */
struct hold_sums {
	uint64_t count, ns; /* of them while somebody waited */
	uint64_t max_ns, max_blame_ns; /* of one */
	uint64_t handed; /* began with somebody waiting already */
	uint64_t runnable_ns; /* not even a core had the one that it belonged to */
	uint64_t blame_ns[HOLD_BUCKETS]; /* by the length of the hold */
	uint64_t counts[HOLD_BUCKETS];
};

struct holders {
	VEC(struct party) parties;
	VEC(struct hold) log; /* in order of time */
	VEC(struct waited) waits;
	struct party_acts {
		struct act_list list;
		VEC(uint32_t) parties; /* whose, by act */
	} acts;
	struct intern keys; /* struct blame_key */
	VEC(struct blame {
		uint64_t ns, inferred_ns;
	}) blames; /* by number of the key */
	struct hold_sums sums;
	uint64_t settled_ns; /* all before is charged */
	/* the hold that the sweep ended in */
	uint64_t open_ns, open_blame_ns;
	bool open_handed;
};

void holders_release(struct holders *h);

/*
 * From @time_ns on @party has the lock; PARTY_NONE: nobody knows who. @past: what it
 * did; NULL: not asked for. 0 or -ENOMEM.
 */
int holders_set(struct holders *h, struct past *past, uint64_t time_ns, uint32_t party, bool read);

/* Who has it at @time_ns, and whether it did not give it away in a way that was seen. NULL:
 * nobody is known. Valid until the next set. */
struct hold *holders_at(struct holders *h, uint64_t time_ns);

/* @party let go of it at @time_ns, at @stack, for it woke somebody who waited. */
int holders_let_go(struct holders *h, struct past *past, uint64_t time_ns, uint32_t party,
		   uint32_t stack);

/*
 * @party, which got it when it was woken before @time_ns, waits for it again, without having
 * woken anybody: it did not get it. @owner, or PARTY_NONE, had it all the time.
 */
int holders_refuse(struct holders *h, struct past *past, uint64_t time_ns, uint32_t party,
		   uint32_t owner);

/* Charges a wait, sooner or later. 0 or -ENOMEM. */
int holders_charge(struct holders *h, struct past *past, const struct waited *w);

/* Charges @ns of waiting that only one party is to blame for. 0 or -ENOMEM. */
int holders_blame(struct holders *h, const struct blame_key *key, uint64_t ns, bool read);

/* Charges what is still open; call once, at the end. */
int holders_finish(struct holders *h, struct past *past);

#endif
