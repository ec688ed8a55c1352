/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The layouts, W being the futex and the rest 32-bit words at offsets in bytes.
 * glibc (2.25 to 2.41, the same on all 64-bit little-endian machines):
 *
 *	mutex      W count@4 owner@8 users@12 kind@16; waits for 2
 *	robust     the same, but W is the owner with FUTEX_WAITERS
 *	PI         W is the owner, with flags; the kernel does the waiting
 *	rwlock     readers@0 writers@4 phase@8 writers_futex@12 pad@16,20 cur_writer@24;
 *	           waits on phase, on writers_futex or (writers preferred) on readers,
 *	           by FUTEX_WAIT_BITSET
 *	condition  sizes@-16,-12 group 1's size@-8 references@-4 W other signals@4, or
 *	           all of it one word lower; waits by FUTEX_WAIT_BITSET. W is the last
 *	           but one word of a pthread_cond_t, or the last
 *	semaphore  W waiters@4 private@8; waits for 0 by FUTEX_WAIT_BITSET
 *	barrier    in@-4 W count@4 shared@8; waits for the round that W is
 *	join       two pointers before; W and value are the TID; never private
 *
 * musl, which always waits by FUTEX_WAIT:
 *
 *	mutex      type@-4 W waiters@4; W is the owner with bit 31, or EBUSY
 *	FILE       W is the owner with bit 30
 *	rwlock     W waiters@4 shared@8; W is the number of readers with bit 31,
 *	           all ones when written
 *	semaphore  W waiters@4 private@8; W is -1, or bit 31 from 1.2.4 on
 *	condition  a node on the waiter's stack: prev@-20 next@-12 state@-4 W notify@4;
 *	           waits for 2
 *	join       tid@-8 errno@-4 W … mapping@16 its size@24; waits for 2
 *
 * Others (Rust, low-level locks of glibc) wait for 2, too, where 2 means "held,
 * and somebody waits" (Drepper, "Futexes are tricky"), and name no owner.
 */
#include "core/futex.h"

/* linux/futex.h: part of the ABI, and core includes no kernel headers */
enum {
	OP_WAIT = 0,
	OP_LOCK_PI = 6,
	OP_WAIT_BITSET = 9,
	OP_WAIT_REQUEUE_PI = 11,
	OP_LOCK_PI2 = 13,
	OP_PRIVATE = 128,
	OP_COMMAND = 0x7f,
	TID_MASK = 0x3fffffff,
	OWNER_DIED = 0x40000000,
};

#define WAITERS 0x80000000u

enum {
	TID_LIMIT = 1 << 22, /* PID_MAX_LIMIT of the kernel; as good for counts of threads */
	CONDITION_SIGNALS = 40, /* bytes before them in glibc's pthread_cond_t */
	MUSL_EBUSY = 16, /* W of a musl mutex whose type keeps no owner */
	MUSL_WRITTEN = 0x7fffffff,
	POINTER_HIGH_LIMIT = 1 << 16, /* the upper half of a user address */
	PAGE_MASK = 4095,
};

/* The word at @offset bytes from the futex. */
static uint32_t word(const struct futex_wait *w, int offset)
{
	return w->words[FUTEX_WORDS_BEFORE + offset / 4];
}

static bool is_shared(const struct futex_wait *w)
{
	return !(w->op & OP_PRIVATE);
}

static bool is_tid(uint32_t v)
{
	return v > 0 && v < TID_LIMIT;
}

static bool is_count(uint32_t v)
{
	return v < TID_LIMIT;
}

static bool found(struct futex_guess *g, enum futex_kind kind, uint32_t owner)
{
	g->kind = kind;
	g->owner_tid = is_tid(owner) ? owner : 0;
	return true;
}

static bool found_at(struct futex_guess *g, enum futex_kind kind, uint32_t owner, uint8_t into)
{
	g->into = into;
	return found(g, kind, owner);
}

/* Type in the low bits, then robust, PI, protect, shared and two of elision. */
static bool is_mutex_kind(uint32_t kind)
{
	return (kind & ~0x3f3u) == 0;
}

static bool glibc_mutex(const struct futex_wait *w, struct futex_guess *g)
{
	uint32_t owner = word(w, 8);

	if (!is_mutex_kind(word(w, 16)))
		return false;
	if (w->value & WAITERS && owner && (w->value & TID_MASK) == owner)
		return found(g, FUTEX_KIND_MUTEX, owner);
	if (w->value == 2 && is_tid(owner) && word(w, 12) && is_count(word(w, 12)))
		return found(g, FUTEX_KIND_MUTEX, owner);
	return false;
}

/* readers: bit 0 write phase, 1 a writer is there, 2 readers wait; then their number */
static bool glibc_rwlock(const struct futex_wait *w, struct futex_guess *g)
{
	if ((w->op & OP_COMMAND) != OP_WAIT_BITSET)
		return false;
	/* on writers_futex: a writer behind another one */
	if (w->value == 3 && is_count(word(w, -12) >> 3) && word(w, -12) & 2 &&
	    is_count(word(w, -8)) && word(w, -4) <= 3 && !word(w, 4) && !word(w, 8) &&
	    is_count(word(w, 12)))
		return found_at(g, FUTEX_KIND_RWLOCK, word(w, 12), 12);
	/* on phase: readers behind a writer wait for 3, a writer behind readers for 2 */
	if ((w->value == 2 || w->value == 3) && is_count(word(w, -8) >> 3) && word(w, -8) & 3 &&
	    word(w, -8) >> 3 && is_count(word(w, -4)) && word(w, 4) <= 3 && !word(w, 8) &&
	    !word(w, 12) && is_count(word(w, 16)))
		return found_at(g, FUTEX_KIND_RWLOCK, word(w, 16), 8);
	/* on readers, where writers are preferred: one of them waits on phase */
	if ((w->value & 7) == 6 && w->value >> 3 && is_count(w->value >> 3) &&
	    is_count(word(w, 4)) && (word(w, 8) & ~1u) == 2 && word(w, 12) <= 3 &&
	    !word(w, 16) && !word(w, 20))
		return found(g, FUTEX_KIND_RWLOCK, word(w, 24));
	return false;
}

/* @offset of the references: a count above bits for shared, clock and "wake me". */
static bool is_condition_at(const struct futex_wait *w, int offset)
{
	uint32_t references = word(w, offset), size = word(w, offset - 4);

	return references >> 3 && is_count(references >> 3) &&
	       (references & 1) == (is_shared(w) ? 1u : 0u) && is_count(size >> 2) &&
	       (size & 3) != 3 &&
	       /* of a group that was given up by more than it had, below 0 */
	       (is_count(word(w, offset - 8)) || is_count(0u - word(w, offset - 8)));
}

static bool is_glibc_semaphore(const struct futex_wait *w)
{
	uint32_t waiters = word(w, 4);

	return w->value == 0 && waiters && is_count(waiters) &&
	       word(w, 8) == (is_shared(w) ? OP_PRIVATE : 0u);
}

static bool glibc_condition_or_semaphore(const struct futex_wait *w, struct futex_guess *g)
{
	bool condition = is_condition_at(w, -4);

	if ((w->op & OP_COMMAND) != OP_WAIT_BITSET)
		return false;
	if (w->address & 4)
		return is_condition_at(w, -8) && is_count(word(w, -4)) &&
		       found_at(g, FUTEX_KIND_CONDITION, 0, CONDITION_SIGNALS + 4);
	/* the signals of the other group come in twos, so one is a waiter of a semaphore */
	if (is_glibc_semaphore(w) && (!condition || word(w, 4) & 1))
		return found(g, FUTEX_KIND_SEMAPHORE, 0);
	return condition && found_at(g, FUTEX_KIND_CONDITION, 0, CONDITION_SIGNALS);
}

/* Between one and all have come in since the round began. */
static bool glibc_barrier(const struct futex_wait *w, struct futex_guess *g)
{
	uint32_t in = word(w, -4), count = word(w, 4);

	return (w->op & OP_COMMAND) == OP_WAIT && count && is_count(count) && in > w->value &&
	       in - w->value <= count &&
	       word(w, 8) == (is_shared(w) ? OP_PRIVATE : 0u) &&
	       found_at(g, FUTEX_KIND_BARRIER, 0, 4);
}

/* A pointer of user space to something that begins with pointers. */
static bool is_list_node(const struct futex_wait *w, int offset)
{
	return word(w, offset + 4) < POINTER_HIGH_LIMIT && !(word(w, offset) & 7) &&
	       (word(w, offset) || word(w, offset + 4));
}

/* The kernel clears the TID when the thread ends, which may have been just now. */
static bool glibc_join(const struct futex_wait *w, struct futex_guess *g)
{
	return is_shared(w) && is_tid(w->value) && (word(w, 0) == w->value || !word(w, 0)) &&
	       !(w->address & 15) && is_list_node(w, -16) && is_list_node(w, -8) &&
	       !word(w, 4) && found(g, FUTEX_KIND_JOIN, w->value);
}

static bool musl_join(const struct futex_wait *w, struct futex_guess *g)
{
	return w->value == 2 && !(w->address & 4) && is_tid(word(w, -8)) &&
	       !(word(w, 16) & PAGE_MASK) && (word(w, 16) || word(w, 20)) &&
	       word(w, 20) < POINTER_HIGH_LIMIT && word(w, 24) && !(word(w, 24) & PAGE_MASK) &&
	       found(g, FUTEX_KIND_JOIN, word(w, -8));
}

static bool musl_condition(const struct futex_wait *w, struct futex_guess *g)
{
	return w->value == 2 && w->address & 4 && word(w, -16) < POINTER_HIGH_LIMIT &&
	       word(w, -8) < POINTER_HIGH_LIMIT && !word(w, -4) && !word(w, 4) && !word(w, 8) &&
	       found(g, FUTEX_KIND_CONDITION, 0);
}

/* W has bit 30 or 31. */
static bool musl_lock(const struct futex_wait *w, struct futex_guess *g)
{
	uint32_t owner = w->value & TID_MASK, flag = is_shared(w) ? OP_PRIVATE : 0;

	if (!(w->value & WAITERS))
		return w->value & OWNER_DIED && is_tid(owner) && found(g, FUTEX_KIND_MUTEX, owner);
	/* a mutex begins with its type, which puts W off the eights */
	if (w->address & 4)
		return (is_tid(owner) || !owner) &&
		       found(g, FUTEX_KIND_MUTEX,
			     owner == MUSL_EBUSY && !(word(w, -4) & 15) ? 0 : owner);
	if (!is_count(word(w, 4)))
		return false;
	/* a private semaphore has the flag that a shared rwlock has; who waits is counted */
	if ((w->value == UINT32_MAX || w->value == WAITERS) && word(w, 4) &&
	    word(w, 8) == (flag ? 0u : OP_PRIVATE))
		return found(g, FUTEX_KIND_SEMAPHORE, 0);
	return ((w->value ^ WAITERS) == MUSL_WRITTEN || is_count(w->value ^ WAITERS)) &&
	       word(w, 8) == flag && found(g, FUTEX_KIND_RWLOCK, 0);
}

static bool musl(const struct futex_wait *w, struct futex_guess *g)
{
	return (w->op & OP_COMMAND) == OP_WAIT &&
	       (musl_join(w, g) || musl_condition(w, g) || musl_lock(w, g));
}

/* From the layouts that say most to those that say least. */
static void identify_wait(const struct futex_wait *w, struct futex_guess *g)
{
	if (glibc_mutex(w, g) || glibc_rwlock(w, g) || glibc_condition_or_semaphore(w, g) ||
	    glibc_barrier(w, g) || glibc_join(w, g) || musl(w, g))
		return;
	if (w->value == 2)
		found(g, FUTEX_KIND_MUTEX, 0);
}

struct futex_guess futex_identify(const struct futex_wait *w)
{
	struct futex_guess g = { .kind = FUTEX_KIND_UNKNOWN, .shared = is_shared(w) };

	switch (w->op & OP_COMMAND) {
	case OP_LOCK_PI:
	case OP_LOCK_PI2:
		found(&g, FUTEX_KIND_PI, word(w, 0) & TID_MASK);
		break;
	case OP_WAIT_REQUEUE_PI:
		found(&g, FUTEX_KIND_CONDITION, 0);
		break;
	case OP_WAIT:
	case OP_WAIT_BITSET:
		identify_wait(w, &g);
		break;
	default:
		break;
	}
	return g;
}
