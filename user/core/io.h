/* SPDX-License-Identifier: GPL-2.0-only */
/* io: what io.c sums up and io_rows.c makes rows of. Private to the two. */
#ifndef RUNWAIT_CORE_IO_H
#define RUNWAIT_CORE_IO_H

#include "core/analysis.h"
#include "core/durations.h"

enum { IO_CALLS = 6, IO_OTHER_CALLS = -2 };

struct io_call {
	int nr; /* -1: a page fault; IO_OTHER_CALLS: several that were rare */
	uint64_t waits, wait_ns, max_wait_ns;
};

struct io_sum {
	enum wait_class class;
	enum io_side side;
	uint32_t object; /* 0: none */
	int nr; /* object 0: the system call, or -1 */
	int max_nr; /* the system call of the longest wait */
	uint32_t max_stack; /* its user stack */
	uint64_t waits, wait_ns, max_wait_ns;
	struct io_call calls[IO_CALLS]; /* those with waits, in order of arrival */
	struct durations durations;
	uint32_t last_thread, last_waiter; /* the one before this one */
	uint32_t row; /* io_rows.c */
};

/* A thread that waited for it. */
struct io_waiter {
	uint32_t sum; /* index */
	uint32_t thread; /* index */
	uint64_t waits, wait_ns, max_wait_ns;
	uint32_t max_stack;
};

struct io {
	struct context *c;
	VEC(struct io_sum) list;
	VEC(struct io_waiter) waiters;
	struct map by_key, by_pair;
};

/* Adds to the call of the same number; what finds no place is summed in the last one. */
void io_call_add(struct io_call *calls, const struct io_call *one);

int io_finish(void *self, struct result *r);

#endif
