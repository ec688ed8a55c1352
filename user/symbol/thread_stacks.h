/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * thread_stacks: whose stack an address without a name is on.
 *
 * A thread's stack is memory like any other to the kernel. The C library of GNU keeps what
 * it knows of a thread at the top of its stack, and tells the kernel of the list of
 * robust mutexes in there (set_robust_list(2)): that list's head is the landmark. The
 * main thread's is elsewhere; its stack is known by where its stack pointer is.
 */
#ifndef RUNWAIT_SYMBOL_THREAD_STACKS_H
#define RUNWAIT_SYMBOL_THREAD_STACKS_H

#include "base/alloc.h"
#include "symbol/maps.h"

struct thread_top {
	uint32_t tid;
	uint64_t head; /* of its robust list */
};

struct thread_stacks {
	VEC(struct thread_top) tops; /* of all threads but the main one */
	uint64_t again_ns; /* not read again before */
};

void thread_stacks_init(struct thread_stacks *t);
void thread_stacks_release(struct thread_stacks *t);

/*
 * The thread of process @tgid whose stack @address is on, which is in the mapping @line;
 * 0 where that is not sure. @guarded: nobody can read the page below @line. 0 or -ENOMEM.
 */
int thread_stacks_find(struct thread_stacks *t, const char *proc, uint32_t tgid, uint64_t time_ns,
		       const struct maps_line *line, bool guarded, uint64_t address,
		       uint32_t *ret_tid);

/* Appends "stack of 123 worker". 0 or -ENOMEM. */
int thread_stack_name(const char *proc, uint32_t tgid, uint32_t tid, struct strbuf *out);

#endif
