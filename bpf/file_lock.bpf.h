/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * file_lock: of flock(2) and fcntl(2), what is asked for and which lock is in its
 * way: the kernel keeps those of an inode in two lists. Of System V's semaphores
 * which one: who has it is not known to anybody, the kernel included.
 *
 * The lists are read without their lock: an entry may go meanwhile, and then
 * nothing, or one that has just been let go of, is found.
 */
#ifndef RUNWAIT_BPF_FILE_LOCK_H
#define RUNWAIT_BPF_FILE_LOCK_H

#include "reason.bpf.h"

enum { FILE_LOCKS_MAX = 64 };

#define OFFSET_MAX 0x7fffffffffffffffLL /* linux/fs.h: to the end, however far that is */

/* What fcntl(2) is given: the beginning of struct flock. */
struct user_flock {
	s16 type, whence;
	s64 start, len;
};

/* Whose lock @owner is, and what of its type and bytes is asked for. */
struct file_lock_wish {
	u64 file; /* struct file */
	u64 owner;
	s64 start, end;
	u32 kind, exclusive;
};

struct file_lock_held {
	u64 owner, file;
	s64 start, end;
	u32 pid;
	u8 type;
};

static __always_inline bool waits_for_file_lock(const struct thread_state *st, u8 kind)
{
	return kind == CONFIG_ARG_FLOCK ||
	       (kind == CONFIG_ARG_FCNTL &&
		((u32)st->args[1] == F_SETLKW || (u32)st->args[1] == F_OFD_SETLKW));
}

/*
 * The lock whose list entry lies at @node. A function of its own, that the verifier
 * does not follow it anew for each step of the list.
 */
__noinline int file_lock_held_read(struct file_lock_held *h, u64 node)
{
	if (!h)
		return 0;
	if (bpf_core_field_exists(struct file_lock, c)) {
		struct file_lock *l =
			(void *)node - bpf_core_field_offset(struct file_lock, c.flc_list);

		h->owner = (u64)BPF_CORE_READ(l, c.flc_owner);
		h->file = (u64)BPF_CORE_READ(l, c.flc_file);
		h->pid = BPF_CORE_READ(l, c.flc_pid);
		h->type = BPF_CORE_READ(l, c.flc_type);
		h->start = BPF_CORE_READ(l, fl_start);
		h->end = BPF_CORE_READ(l, fl_end);
	} else {
		struct file_lock___flat *l =
			(void *)node - bpf_core_field_offset(struct file_lock___flat, fl_list);

		h->owner = (u64)BPF_CORE_READ(l, fl_owner);
		h->file = (u64)BPF_CORE_READ(l, fl_file);
		h->pid = BPF_CORE_READ(l, fl_pid);
		h->type = BPF_CORE_READ(l, fl_type);
		h->start = BPF_CORE_READ((struct file_lock *)l, fl_start);
		h->end = BPF_CORE_READ((struct file_lock *)l, fl_end);
	}
	return 0;
}

/* Whether it is in the way of @wish. */
__noinline int file_lock_conflicts(const struct file_lock_held *h,
				   const struct file_lock_wish *wish)
{
	if (!h || !wish)
		return 0;
	return h->owner != wish->owner && (wish->exclusive || h->type == F_WRLCK) &&
	       h->start <= wish->end && wish->start <= h->end;
}

/*
 * The first lock that is in the way of @wish. That of an open file can be let go
 * of by whoever has that open, so it is named; one of a process only by that one.
 */
__noinline int file_lock_find(struct wire_file_lock *to, const struct file_lock_wish *wish)
{
	struct file_lock_context *context;
	struct file_lock_held h = { 0 };
	struct file *file;
	u64 head, node;

	if (!to || !wish)
		return 0;
	file = (void *)wish->file;
	context = BPF_CORE_READ(file, f_inode, i_flctx);
	if (!context)
		return 0;
	head = (u64)context +
	       (wish->kind == WIRE_FILE_LOCK_WHOLE ?
			bpf_core_field_offset(struct file_lock_context, flc_flock) :
			bpf_core_field_offset(struct file_lock_context, flc_posix));
	node = kernel_word((void *)head);
	for (int i = 0; i < FILE_LOCKS_MAX && node && node != head; i++) {
		file_lock_held_read(&h, node);
		if (file_lock_conflicts(&h, wish)) {
			to->holder = (s32)h.pid > 0 ? h.pid : 0;
			if (h.owner == h.file)
				to->open_file = wire_open_key(h.file);
			return 1;
		}
		node = kernel_word((void *)node);
	}
	return 0;
}

/* The bytes that struct flock means, fcntl_getlk() of fs/locks.c. */
static __always_inline void range_read(struct file_lock_wish *wish, const struct user_flock *f)
{
	struct file *file = (void *)wish->file;
	s64 start = f->start;

	if (f->whence == SEEK_CUR)
		start += BPF_CORE_READ(file, f_pos);
	else if (f->whence == SEEK_END)
		start += BPF_CORE_READ(file, f_inode, i_size);
	wish->exclusive = f->type == F_WRLCK;
	wish->start = f->len < 0 ? start + f->len : start;
	wish->end = f->len > 0 ? start + f->len - 1 : f->len < 0 ? start - 1 : OFFSET_MAX;
}

/* @file is what reason_object() has named. @read: see futex_read(). */
#define file_lock_read(st, task, file_address, read)                                               \
	do {                                                                                       \
		struct file_lock_wish wish = { .file = file_address, .end = OFFSET_MAX };          \
		struct user_flock user = { 0 };                                                    \
		bool known = true;                                                                 \
												   \
		wish.owner = file_address;                                                         \
		wish.kind = WIRE_FILE_LOCK_WHOLE;                                                  \
		wish.exclusive = (st)->args[1] & LOCK_EX;                                          \
		if (argument_kind((st)->nr) == CONFIG_ARG_FCNTL) {                                 \
			wish.kind = WIRE_FILE_LOCK_RANGE;                                          \
			if ((u32)(st)->args[1] == F_SETLKW)                                        \
				wish.owner = (u64)(task)->files;                                   \
			known = !read(&user, sizeof(user), (st)->args[2], task);                   \
			range_read(&wish, &user);                                                  \
		}                                                                                  \
		(st)->detail = WIRE_DETAIL_FILE_LOCK;                                              \
		(st)->file_lock.kind = wish.kind;                                                  \
		(st)->file_lock.start = wish.start;                                                \
		(st)->file_lock.end = wish.end;                                                    \
		(st)->file_lock.open_file = 0;                                                     \
		(st)->file_lock.holder = 0;                                                        \
		if (known)                                                                         \
			file_lock_find(&(st)->file_lock, &wish);                                   \
	} while (0)

/* @read: see futex_read(). */
#define semaphore_read(st, task, read)                                                             \
	do {                                                                                       \
		u16 number = 0;                                                                    \
												   \
		__builtin_memset((st)->futex, 0, sizeof((st)->futex));                             \
		(st)->detail = WIRE_DETAIL_SEMAPHORE;                                              \
		(st)->semaphore.id = (s32)(st)->args[0];                                           \
		(st)->semaphore.ipc_namespace = BPF_CORE_READ(task, nsproxy, ipc_ns, ns.inum);     \
		(st)->semaphore.number = WIRE_SEMAPHORES;                                          \
		/* struct sembuf begins with it */                                                 \
		if ((u32)(st)->args[2] == 1 &&                                                     \
		    !read(&number, sizeof(number), (st)->args[1], task))                           \
			(st)->semaphore.number = number;                                           \
	} while (0)

#endif
