/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * syscall: what a system call number means on the machine that recorded it.
 *
 * Classification and reports ask for the id, which is the same everywhere;
 * numbers are only ever looked at here. Nothing of the building machine's own
 * headers is used: a file from arm64 reads the same on x86-64.
 */
#ifndef RUNWAIT_CORE_SYSCALL_H
#define RUNWAIT_CORE_SYSCALL_H

enum machine { MACHINE_UNKNOWN, MACHINE_X86_64, MACHINE_ARM64 };

/* From uname's machine ("x86_64", "aarch64"). */
enum machine machine_find(const char *name);

/* SYSCALL_READ, SYSCALL_EPOLL_WAIT …; every call of syscall_table.h. */
#define BOTH(id, name, x86, arm) SYSCALL_##id,
#define X86(id, name, x86) SYSCALL_##id,
enum syscall_id {
	SYSCALL_NONE, /* no system call, or none that is known */
#include "core/syscall_table.h"
	SYSCALL_COUNT,
};
#undef BOTH
#undef X86

/* SYSCALL_NONE for numbers that are negative or not known. */
enum syscall_id syscall_identify(enum machine machine, int nr);

/* "read"; NULL when the number is not known. */
const char *syscall_name(enum machine machine, int nr);

#endif
