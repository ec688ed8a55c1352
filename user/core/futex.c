/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Layouts of glibc (2.25 to 2.40, the same on all 64-bit machines), offsets in
 * bytes from the futex word W(0):
 *
 *	mutex       lock@0 count@4 owner@8 nusers@12 kind@16, waits for 2
 *	robust, PI  the word itself is the owner's TID with FUTEX_WAITERS
 *	rwlock      readers@0 writers@4 wrphase@8 writers_futex@12 … cur_writer@24
 *	condition   … g1_orig_size@32 wrefs@36 signals@40,44: waits on a signals word
 *	semaphore   value@0 waiters@4 private@8: waits for 0
 *	barrier     in@0 round@4 count@8 shared@12: waits on round
 *	join        waits, not private, for the joined thread's TID to become 0
 *
 * musl: a mutex's word is the owner's TID with bit 31 set while others wait.
 * Rust's std and Go wait for 2 as well, in words that name no owner.
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
};

#define WAITERS 0x80000000u

/* counts of threads that a layout may hold, to be believed */
enum { PLAUSIBLE = 1 << 22 };

static uint32_t word(const struct futex_wait *w, int offset)
{
	int i = FUTEX_BEFORE + offset / 4;

	return i >= 0 && (uint32_t)i < w->count ? w->words[i] : 0;
}

static bool plausible_tid(uint32_t tid)
{
	return tid > 0 && tid < PLAUSIBLE;
}

static bool is_flag(uint32_t v)
{
	return v == 0 || v == OP_PRIVATE;
}

/* The futex is the round: between one and all have come in since it began. */
static bool looks_like_barrier(const struct futex_wait *w)
{
	uint32_t in = word(w, -4) - word(w, 0), count = word(w, 4);

	return w->value == word(w, 0) && count && count < PLAUSIBLE && in >= 1 && in <= count &&
	       is_flag(word(w, 8));
}

static bool looks_like_condition(const struct futex_wait *w)
{
	/* first group: wrefs right before the word; second group: one further */
	uint32_t near = word(w, -4), far = word(w, -8);

	if (near >= 8 && near >> 3 < PLAUSIBLE && !(near & 4))
		return true;
	return far >= 8 && far >> 3 < PLAUSIBLE && !(far & 4) && word(w, -4) < PLAUSIBLE;
}

static bool looks_like_semaphore(const struct futex_wait *w)
{
	uint32_t waiters = word(w, 4);

	return w->value == 0 && waiters && waiters < PLAUSIBLE && is_flag(word(w, 8));
}

/* readers@0: bit 0 write phase, bit 1 a writer is in or waits, bit 2 readers wait, then a count */
static bool looks_like_rwlock(const struct futex_wait *w, uint32_t *ret_owner)
{
	uint32_t readers;

	if (w->value != 2 && w->value != 3)
		return false;
	/* on writers_futex: a writer behind another one */
	readers = word(w, -12);
	if (w->value == 3 && readers & 2 && readers >> 3 < PLAUSIBLE && word(w, -8) < PLAUSIBLE &&
	    word(w, -4) <= 3 && plausible_tid(word(w, 12))) {
		*ret_owner = word(w, 12);
		return true;
	}
	/* on wrphase_futex: readers behind a writer (3), or a writer behind readers (2) */
	readers = word(w, -8);
	if (word(w, 4) > 3 || word(w, 8) || word(w, 12) || readers >> 3 >= PLAUSIBLE)
		return false;
	if (w->value == 3 && readers & 1 && readers >> 3) {
		*ret_owner = word(w, 16);
		return true;
	}
	*ret_owner = 0;
	return w->value == 2 && readers & 2 && readers >> 3;
}

/* type, and flags for error checking, robust, PI, protect, pshared, elision */
static bool plausible_mutex_kind(uint32_t kind)
{
	return (kind & ~0x3ffu) == 0 && (kind & 3) <= 3;
}

static struct futex_guess identify_plain(const struct futex_wait *w, bool shared)
{
	uint32_t owner = 0;

	if (w->value & WAITERS) {
		/* glibc: robust mutex; musl: any mutex */
		owner = w->value & TID_MASK;
		return (struct futex_guess){ plausible_tid(owner) ? FUTEX_KIND_MUTEX
								  : FUTEX_KIND_UNKNOWN,
					     plausible_tid(owner) ? owner : 0, shared };
	}
	if (looks_like_rwlock(w, &owner))
		return (struct futex_guess){ FUTEX_KIND_RWLOCK, owner, shared };
	if (w->value == 2 && plausible_tid(word(w, 8)) && plausible_mutex_kind(word(w, 16)))
		return (struct futex_guess){ FUTEX_KIND_MUTEX, word(w, 8), shared };
	if (looks_like_barrier(w))
		return (struct futex_guess){ FUTEX_KIND_BARRIER, 0, shared };
	if (w->value == 2)
		return (struct futex_guess){ FUTEX_KIND_MUTEX, 0, shared };
	if (shared && w->value > 2 && w->value < PLAUSIBLE && word(w, 0) == w->value)
		return (struct futex_guess){ FUTEX_KIND_JOIN, w->value, false };
	/* in this order: what follows a condition variable may look like a semaphore's waiters */
	if (looks_like_condition(w))
		return (struct futex_guess){ FUTEX_KIND_CONDITION, 0, shared };
	if (looks_like_semaphore(w))
		return (struct futex_guess){ FUTEX_KIND_SEMAPHORE, 0, shared };
	return (struct futex_guess){ FUTEX_KIND_UNKNOWN, 0, shared };
}

struct futex_guess futex_identify(const struct futex_wait *w)
{
	bool shared = !(w->op & OP_PRIVATE);

	switch (w->op & OP_COMMAND) {
	case OP_LOCK_PI:
	case OP_LOCK_PI2:
		return (struct futex_guess){ FUTEX_KIND_PI, word(w, 0) & TID_MASK, shared };
	case OP_WAIT_REQUEUE_PI:
		return (struct futex_guess){ FUTEX_KIND_CONDITION, 0, shared };
	case OP_WAIT:
	case OP_WAIT_BITSET:
		return identify_plain(w, shared);
	default:
		return (struct futex_guess){ FUTEX_KIND_UNKNOWN, 0, shared };
	}
}
