/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * futex: what a thread that blocks in futex(2) waits for, read off the words
 * around the futex. The kernel knows no locks, C libraries do: each has its
 * layouts, and a wait is recognised by several words that agree.
 */
#ifndef RUNWAIT_CORE_FUTEX_H
#define RUNWAIT_CORE_FUTEX_H

#include "core/event.h"

/* 32-bit words from FUTEX_WORDS_BEFORE below the futex on. */
enum { FUTEX_WORDS = 12, FUTEX_WORDS_BEFORE = 4 };

/* The system call's arguments, and memory as it was when the thread blocked. */
struct futex_wait {
	uint64_t address;
	uint32_t op; /* with its flags */
	uint32_t value; /* that the word was expected to have */
	const uint32_t *words; /* FUTEX_WORDS of them; those that could not be read are 0 */
};

struct futex_guess {
	enum futex_kind kind;
	/* who holds the lock or is joined, as the words say; 0: they do not. May
	 * be nonsense: to be checked against the threads of the process. It is
	 * what gettid() returned there, in the process's own PID namespace. */
	uint32_t owner_tid;
	bool shared; /* other processes may wait for it, too */
	/* bytes before the futex where the lock begins: a rwlock of glibc has three
	 * futexes, a condition two */
	uint8_t into;
};

/* Never FUTEX_KIND_NONE. */
struct futex_guess futex_identify(const struct futex_wait *w);

#endif
