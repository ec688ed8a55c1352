/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kernel_locks: which lock of the kernel a thread waits for, from the names of the
 * functions on its kernel stack.
 */
#ifndef RUNWAIT_CORE_KERNEL_LOCKS_H
#define RUNWAIT_CORE_KERNEL_LOCKS_H

#include <stdbool.h>

/* What there is one of such a lock for. */
enum kernel_lock_scope {
	KERNEL_LOCK_GLOBAL, /* or it cannot be told */
	KERNEL_LOCK_PROCESS, /* an address space */
	KERNEL_LOCK_OBJECT, /* a file, pipe, socket … */
};

struct kernel_lock {
	const char *name; /* what kernel people call it */
	enum kernel_lock_scope scope;
};

/* The function takes locks or sleeps for others: it says nothing of which lock. */
bool kernel_lock_is_inside(const char *function);

/* The lock that is waited for in @function; NULL: not known. */
const struct kernel_lock *kernel_lock_find(const char *function);

#endif
