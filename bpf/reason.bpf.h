/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * reason: what a thread that is about to block, or that is found blocked, waits
 * for: its system call, the arguments, and what they lead to.
 *
 * Two situations: at a switch the thread is current and its memory is mapped;
 * in an iterator it is any other task, whose memory only the sleepable
 * bpf_copy_from_user_task() can read.
 */
#ifndef RUNWAIT_BPF_REASON_H
#define RUNWAIT_BPF_REASON_H

#include "object.bpf.h"

/* Reads user memory of the outgoing thread. */
static __always_inline long user_read_current(void *to, u32 size, u64 from,
					      struct task_struct *task)
{
	return bpf_probe_read_user(to, size, (void *)from);
}

/*
 * The words around a futex. A lock at the edge of its mapping has no words on
 * one side: try less and less, down to the word itself.
 */
#define futex_read(st, address, task, read)                                                        \
	do {                                                                                       \
		__builtin_memset((st)->futex, 0, sizeof((st)->futex));                             \
		if (read((st)->futex, sizeof((st)->futex), (address) - 4 * WIRE_FUTEX_BEFORE,      \
			 task) &&                                                                  \
		    read((st)->futex + WIRE_FUTEX_BEFORE,                                          \
			 sizeof((st)->futex) - 4 * WIRE_FUTEX_BEFORE, address, task))              \
			read((st)->futex + WIRE_FUTEX_BEFORE, 4, address, task);                   \
	} while (0)

/* What a stop, or work of io_uring's, interrupted without a handler is the same call still. */
static __always_inline s16 nr_resumed(s16 nr, s16 before);

#if defined(__TARGET_ARCH_x86)
/* 32-bit code has system call numbers of its own */
static __always_inline bool regs_are_compat(const struct pt_regs *regs)
{
	return regs->cs == 0x23;
}

static __always_inline void regs_args(const struct pt_regs *regs, u64 args[4])
{
	args[0] = regs->di;
	args[1] = regs->si;
	args[2] = regs->dx;
	args[3] = regs->r10;
}

/* Numbers of the calls that restart_syscall() goes on with, and its own (signal(7)). */
enum {
	NR_POLL = 7,
	NR_NANOSLEEP = 35,
	NR_FUTEX = 202,
	NR_RESTART = 219,
	NR_CLOCK_NANOSLEEP = 230,
};

static __always_inline u64 regs_fifth(const struct pt_regs *regs)
{
	return regs->r8;
}

static __always_inline u64 sp_read(const struct pt_regs *regs)
{
	return regs->sp;
}

static __always_inline void args_read(struct thread_state *st, const struct pt_regs *regs)
{
	/* exceptions and interrupts leave -1 */
	st->nr = regs_are_compat(regs) ? -1 : nr_resumed((s16)regs->orig_ax, st->nr);
	regs_args(regs, st->args);
}

static __always_inline s16 nr_read(const struct pt_regs *regs)
{
	return (s16)regs->orig_ax;
}
#elif defined(__TARGET_ARCH_arm64)
/* PSR_MODE32_BIT */
static __always_inline bool regs_are_compat(const struct pt_regs *regs)
{
	return regs->pstate & 0x10;
}

static __always_inline void regs_args(const struct pt_regs *regs, u64 args[4])
{
	args[0] = regs->orig_x0;
	args[1] = regs->regs[1];
	args[2] = regs->regs[2];
	args[3] = regs->regs[3];
}

enum {
	NR_POLL = -2, /* there is none */
	NR_FUTEX = 98,
	NR_NANOSLEEP = 101,
	NR_CLOCK_NANOSLEEP = 115,
	NR_RESTART = 128,
};

static __always_inline u64 regs_fifth(const struct pt_regs *regs)
{
	return regs->regs[4];
}

static __always_inline u64 sp_read(const struct pt_regs *regs)
{
	return regs->sp;
}

static __always_inline void args_read(struct thread_state *st, const struct pt_regs *regs)
{
	st->nr = nr_resumed((s16)regs->syscallno, st->nr);
	regs_args(regs, st->args);
}

static __always_inline s16 nr_read(const struct pt_regs *regs)
{
	return (s16)regs->syscallno;
}
#endif

/* The arguments still are in the registers, only the number is another. */
static __always_inline s16 nr_resumed(s16 nr, s16 before)
{
	if (nr != NR_RESTART)
		return nr;
	if (before == NR_POLL || before == NR_NANOSLEEP || before == NR_FUTEX ||
	    before == NR_CLOCK_NANOSLEEP)
		return before;
	return nr;
}

static __always_inline u8 argument_kind(s16 nr)
{
	u32 index = (u16)nr; /* negative numbers become too large */

	if (index >= CONFIG_SYSCALLS)
		return CONFIG_ARG_NONE;
	return config.argument[masked(index, CONFIG_SYSCALLS - 1)];
}

/* The open file that the wait is about, 0 none. @pollfd: what poll's array was read into. */
static __always_inline u64 reason_file(struct task_struct *task, struct thread_state *st, u8 kind,
				       u32 poll_fd)
{
	if (kind == CONFIG_ARG_FD || kind == CONFIG_ARG_FLOCK || kind == CONFIG_ARG_FCNTL)
		return file_of_fd(task, (u32)st->args[0]);
	if (kind == CONFIG_ARG_POLL && st->args[1] == 1)
		return file_of_fd(task, poll_fd);
	/* a page of the file that is not there, or room in the socket */
	if (kind == CONFIG_ARG_SENDFILE)
		return file_of_fd(task, BPF_CORE_READ_BITFIELD(task, in_iowait) ?
						(u32)st->args[1] :
						(u32)st->args[0]);
	return 0;
}

/* Sets detail and object from a file; true when the object must be sent. */
static __always_inline bool reason_object(struct thread_state *st, u64 file)
{
	/* anonymous inodes are all one: there the operations tell files apart */
	u64 ino = inode_number(file_inode(file)) ^ file_operations(file);

	st->detail = WIRE_DETAIL_OBJECT;
	/* the address alone may have been given to another file meanwhile */
	if (st->last_file == file && st->last_inode == ino) {
		st->object = st->last_object;
		return false;
	}
	st->last_file = file;
	st->last_inode = ino;
	st->last_object = object_key(file);
	st->object = st->last_object;
	return object_is_new(st->object);
}

#endif
