/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * config: what user space tells the probes before they are loaded. It is
 * read-only data to them, so code that is switched off is not even verified.
 */
#ifndef RUNWAIT_CONFIG_H
#define RUNWAIT_CONFIG_H

#include "wire.h"

/* How the arguments of a system call lead to what it waits for. */
enum config_argument {
	CONFIG_ARG_NONE,
	CONFIG_ARG_FD, /* the first is a descriptor */
	CONFIG_ARG_FUTEX, /* the first is the address of a futex */
	CONFIG_ARG_POLL, /* an array of struct pollfd and its length */
	CONFIG_ARG_VFORK, /* blocks only until a vfork child execs or ends */
	CONFIG_ARG_SENDFILE, /* the first is what is written, the second what is read */
	CONFIG_ARG_SELECT, /* the fifth is the address of a timeout, or 0 */
	CONFIG_ARG_FLOCK, /* a descriptor and an operation */
	CONFIG_ARG_FCNTL, /* a descriptor, a command and, of locks, a struct flock's address */
	CONFIG_ARG_SEMOP, /* a set of semaphores, operations and how many */
};

/* Which system calls the returns of event loops are seen by (--loops). */
enum config_loop {
	CONFIG_LOOP_NONE,
	/* 1 … 4 are enum wire_poll_kind */
	CONFIG_LOOP_ACCEPT = 5,
	CONFIG_LOOP_RESTART, /* goes on with what a signal interrupted */
};

enum { CONFIG_SYSCALLS = 512 };

/* thread_state.mark; where it lies in the task storage, for user space to set */
enum { MARK_OFFSET = 12 };

enum thread_mark {
	MARK_TARGET = 1, /* leader of a process that seeding takes up */
	MARK_EXEC = 2, /* recorded from its next exec on */
};

struct probe_config {
	__u32 ring_mask; /* size of a ring's data - 1 */
	__u32 self_tgid; /* runwait's own process, never recorded */
	__u8 all_tasks; /* -a */
	__u8 children; /* follow fork to new processes */
	__u8 stacks; /* user and kernel stacks */
	__u8 has_prev_state; /* sched_switch has a fourth argument (5.18) */
	__u8 samples;
	__u8 check_stacks; /* walk also the stacks that are remembered, and compare */
	__u8 pad[2];
	__u64 min_wait_ns;
	__u64 kernel_stack_ns; /* take the kernel stack of waits at least this long */
	__u64 waker_stack_ns; /* take the waker's user stack when the wait was at least this long */
	__u64 kernel_stack_vague_ns; /* … of waits whose system call does not say what for */
	__u8 argument[CONFIG_SYSCALLS]; /* enum config_argument by system call */
	__u8 loop[CONFIG_SYSCALLS]; /* enum config_loop by system call */
	__u32 loop_rings; /* the first of the rings for them */
};

#endif
