/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stack: user stacks by frame pointer and kernel stacks by the kernel's own
 * unwinder, each sent once and named by a hash.
 *
 * The user stack is read in one piece, from the stack pointer to the end of
 * its page, and followed in the copy: a read of 4 KiB costs twice one of 8
 * bytes. Both kinds are built in place in the ring and left there only when
 * their hash was not sent lately.
 */
#ifndef RUNWAIT_BPF_STACK_H
#define RUNWAIT_BPF_STACK_H

#include "ring.bpf.h"

enum { STACK_WINDOW = 4096, KERNEL_DEPTH_MAX = 127 };

struct stack_record {
	struct wire_stack s;
	u64 frames[WIRE_STACK_DEPTH_MAX];
};

struct stack_window {
	u64 start, size;
	u64 words[STACK_WINDOW / 8 + 1];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct stack_window);
} windows SEC(".maps");

static __always_inline u64 hash_step(u64 hash, u64 word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15ull;
	return hash ^ (hash >> 32);
}

/* True when the stack must be sent; marks it as sent. */
static __always_inline bool stack_is_new(u64 hash)
{
	u64 *slot = &stacks_sent[hash & (sizeof(stacks_sent) / sizeof(u64) - 1)];

	if (*slot == hash)
		return false;
	*slot = hash;
	return true;
}

static __always_inline void stack_finish(struct stack_record *rec, u64 hash, u32 count, u8 flags,
					 u32 tgid, u64 now)
{
	rec->s.time_ns = now;
	rec->s.hash = hash;
	rec->s.tgid = tgid;
	rec->s.count = count;
	head_set(&rec->s.head, WIRE_STACK, sizeof(rec->s) + count * sizeof(u64), flags, 0);
}

static __always_inline void window_fill(struct stack_window *w, u64 address)
{
	u64 size = STACK_WINDOW - (address & (STACK_WINDOW - 1));

	w->start = address & ~7ull;
	w->size = 0;
	if (size > STACK_WINDOW || bpf_probe_read_user(w->words, size, (void *)w->start))
		return;
	w->size = size;
}

/* Two words at @address, saved frame pointer and return address. */
static __always_inline bool frame_read(struct stack_window *w, u64 address, u64 *pair)
{
	u64 at = address - w->start;

	if (at + 16 <= w->size && at < STACK_WINDOW - 8) {
		pair[0] = w->words[(at / 8) & (STACK_WINDOW / 8 - 1)];
		pair[1] = w->words[((at / 8) & (STACK_WINDOW / 8 - 1)) + 1];
		return true;
	}
	return !bpf_probe_read_user(pair, 2 * sizeof(*pair), (void *)address);
}

/*
 * The frames of the current thread's user mode into @rec; returns how many.
 * Stops where the chain does not go up any more. Verified once, as a global
 * function.
 */
__noinline int stack_walk(struct stack_record *rec, struct stack_window *w, u64 ip, u64 sp, u64 fp)
{
	u64 hash, pair[2] = { 0 };
	u32 n = 1;

	if (!rec || !w)
		return 0;
	window_fill(w, sp);
	rec->frames[0] = ip;
	hash = hash_step(0, ip);
	for (int i = 1; i < WIRE_STACK_DEPTH_MAX; i++) {
		if (fp < sp || fp & 7 || !frame_read(w, fp, pair) || pair[1] < 4096)
			break;
		rec->frames[i] = pair[1];
		hash = hash_step(hash, pair[1]);
		n = i + 1;
		sp = fp + 16;
		fp = pair[0];
	}
	rec->s.hash = hash;
	/* the outermost frame has no caller: its saved frame pointer is 0 */
	rec->s.head.flags = (fp == 0 && n > 1 ? WIRE_STACK_COMPLETE : 0) |
			    (n == WIRE_STACK_DEPTH_MAX ? WIRE_STACK_TRUNCATED : 0);
	return n;
}

/* Takes and, when new, sends the user stack of @task, which is current; its hash, 0 none. */
static __always_inline u64 stack_user(struct wire_ring *ring, struct task_struct *task, u32 tgid,
				      u64 now)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	struct stack_record *rec = ring_begin_optional(ring, sizeof(*rec));
	u32 zero = 0;
	struct stack_window *w = bpf_map_lookup_elem(&windows, &zero);
	u64 hash;
	u32 n;

	if (!w)
		return 0;
	if (!rec) {
		ring->loss[WIRE_LOSS_STACK]++;
		return 0;
	}
#if defined(__TARGET_ARCH_x86)
	n = stack_walk(rec, w, regs->ip, regs->sp, regs->bp);
#elif defined(__TARGET_ARCH_arm64)
	n = stack_walk(rec, w, regs->pc, regs->sp, regs->regs[29]);
#endif
	hash = hash_step(rec->s.hash, tgid) | 1;
	if (n && n <= WIRE_STACK_DEPTH_MAX && stack_is_new(hash)) {
		stack_finish(rec, hash, n, rec->s.head.flags, tgid, now);
		ring_end(ring, &rec->s.head);
	}
	return hash;
}

static __always_inline u64 kernel_hash(const struct stack_record *rec, u32 n)
{
	u64 hash = 0;

	for (u32 i = 0; i < KERNEL_DEPTH_MAX && i < n; i++)
		hash = hash_step(hash, rec->frames[i]);
	return hash | 1;
}

/* Sends the kernel stack that bpf_get_…stack left in @rec; @bytes is what it returned. */
static __always_inline u64 stack_kernel_send(struct wire_ring *ring, struct stack_record *rec,
					     long bytes, u64 now)
{
	u32 n = bytes > 0 ? (u32)bytes / 8 : 0;
	u64 hash;

	if (!n)
		return 0;
	hash = kernel_hash(rec, n);
	if (stack_is_new(hash)) {
		stack_finish(rec, hash, n, WIRE_STACK_KERNEL | WIRE_STACK_COMPLETE, 0, now);
		ring_end(ring, &rec->s.head);
	}
	return hash;
}

/* The kernel stack of a thread that is about to run again: it still stands where it blocked. */
static __always_inline u64 stack_kernel_of(struct wire_ring *ring, struct task_struct *task,
					   u64 now)
{
	struct stack_record *rec = ring_begin_optional(ring, sizeof(*rec));

	if (!rec) {
		ring->loss[WIRE_LOSS_STACK]++;
		return 0;
	}
	return stack_kernel_send(ring, rec,
				 bpf_get_task_stack(task, rec->frames, KERNEL_DEPTH_MAX * 8, 0),
				 now);
}

#endif
