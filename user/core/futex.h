/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * futex: what a thread that blocks in futex(2) waits for, read off the words
 * around the futex. The kernel knows no locks, C libraries do: each of them has
 * its layouts, and a wait is recognised by several words that agree.
 */
#ifndef RUNWAIT_CORE_FUTEX_H
#define RUNWAIT_CORE_FUTEX_H

#include "core/event.h"

struct futex_wait {
	uint32_t op; /* second argument, with its flags */
	uint32_t value; /* third: what the word was expected to be */
	/* the 32-bit words around the address: [FUTEX_BEFORE] is the futex itself; those that could
	 * not be read are 0 */
	const uint32_t *words;
	uint32_t count; /* of words */
};

enum { FUTEX_BEFORE = 4 };

struct futex_guess {
	enum futex_kind kind;
	uint32_t owner_tid; /* as the lock says; 0: it does not. To be checked against live threads */
	bool shared; /* FUTEX_PRIVATE_FLAG is not set: other processes may wait for it */
};

struct futex_guess futex_identify(const struct futex_wait *w);

#endif
