/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stack: user stacks by unwind.bpf.h and kernel stacks by the kernel's own
 * unwinder, each sent once and named by a hash. Both kinds are built in place
 * in the ring and left there only when their hash was not sent lately.
 */
#ifndef RUNWAIT_BPF_STACK_H
#define RUNWAIT_BPF_STACK_H

#include "unwind.bpf.h"

enum {
	KERNEL_DEPTH_MAX = 127,
	COPIES_MAX = 200, /* of stacks, of one thread until user space tells of more code */
};

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

/* What config.check_stacks found; read by user space at the end. */
unsigned long long stacks_remembered, stacks_wrong;

static __always_inline void registers_read(struct unwind_state *u, const struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	u->ip = regs->ip;
	u->sp = regs->sp;
	u->fp = regs->bp;
	u->di = regs->di;
	u->registers = (u64)regs;
#elif defined(__TARGET_ARCH_arm64)
	u->ip = regs->pc;
	u->sp = regs->sp;
	u->fp = regs->regs[29];
	u->registers = 0;
#endif
}

/* Where the stack of a thread that stands there is remembered. */
static __always_inline struct unwind_memory *memory_of(const struct unwind_state *u, u32 thread)
{
	u32 place = hash_step(hash_step(thread, u->ip), u->sp) % UNWIND_MEMORIES;
	struct unwind_memory *m = bpf_map_lookup_elem(&unwind_memories, &place);

	/* frames that have to be sent again must be found again */
	if (m && stacks_sent[m->hash & (sizeof(stacks_sent) / sizeof(u64) - 1)] != m->hash)
		m->thread = 0;
	return m;
}

struct memory_record {
	struct wire_memory m;
	u64 words[WIRE_MEMORY_SIZE / sizeof(u64)];
};

/*
 * Sends the memory of current's stack, which was walked before its code was known, so
 * that user space can walk it again when it is. A program's first milliseconds need that,
 * whose waits may be over, and its threads too, before anybody could look at them.
 */
__noinline int memory_send(struct unwind_state *u, u64 hash, u64 now)
{
	struct wire_ring *ring = ring_here();
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	u64 address;

	if (!u || !ring)
		return 0;
	registers_read(u, regs);
	address = u->sp & ~7ull;
	for (int i = 0; i < WIRE_MEMORY_PIECES; i++) {
		struct memory_record *rec = ring_place(ring);
		/* beyond the stack's end nothing can be read: no piece crosses a page's */
		u32 size = WIRE_MEMORY_SIZE - (address & (WIRE_MEMORY_SIZE - 1));

		/* half of the ring is for what cannot be done without */
		if (!ring_fits(ring, config.ring_mask / 2 + sizeof(*rec)) ||
		    bpf_probe_read_user(rec->words, size, (void *)address))
			break;
		rec->m.time_ns = now;
		rec->m.hash = hash;
		rec->m.ip = u->ip;
		rec->m.sp = u->sp;
		if (bpf_probe_read_kernel(rec->m.registers, sizeof(rec->m.registers), regs))
			break;
		rec->m.address = address;
		head_set(&rec->m.head, WIRE_MEMORY, sizeof(rec->m) + size, 0, 0);
		ring_end(ring, &rec->m.head);
		address += size;
	}
	return 0;
}

/* Whether an untold stack is to be copied; counts it then. */
__noinline int may_copy(struct thread_state *st, u32 generation)
{
	if (!st)
		return 0;
	if (st->copies_generation != generation) {
		st->copies_generation = generation;
		st->copies = 0;
	}
	/* of some code nobody will ever tell: there may be too much of it, or it is none */
	if (st->copies >= COPIES_MAX)
		return 0;
	st->copies++;
	return 1;
}

/*
 * Takes and, when new, sends the user stack of @task, which is current and
 * recorded as @st; its hash, 0 none.
 */
static __always_inline u64 stack_user(struct wire_ring *ring, struct task_struct *task,
				      struct thread_state *st, u64 now)
{
	u32 tgid = st->tgid, thread = st->thread;
	struct stack_record *rec = ring_begin_optional(ring, sizeof(*rec));
	u32 zero = 0;
	struct unwind_state *u = bpf_map_lookup_elem(&unwind_states, &zero);
	struct unwind_memory *m;
	u64 hash, before;
	int copy;
	u32 n;

	/* who ends has no memory any more, and stands nowhere */
	if (!u || !task->mm)
		return 0;
	if (!rec) {
		ring->loss[WIRE_LOSS_STACK]++;
		return 0;
	}
	registers_read(u, (struct pt_regs *)bpf_task_pt_regs(task));
	m = memory_of(u, thread);
	if (!m)
		return 0;
	before = m->hash;
	if (unwind_stack(u, m, rec, bpf_map_lookup_elem(&unwind_processes, &tgid), thread))
		return before;
	n = u->count;
	/* between two programs: the registers are still those of the old one, its stack is gone */
	if (n == 1 && !(u->flags & WIRE_STACK_COMPLETE) && BPF_CORE_READ_BITFIELD(task, in_execve))
		return 0;
	copy = u->untold ? may_copy(st, m->generation) : 0;
	/* a stack that could be followed to its root is another than one that ended there */
	hash = hash_step(u->hash, tgid | (u64)u->flags << 32) | 1;
	if (copy) {
		/* it is like no other, for what it leads to is not made of these words alone */
		hash = hash_step(hash_step(hash, now), thread) | 1;
		u->flags |= WIRE_STACK_UNTOLD;
		m->thread = 0;
	}
	m->hash = hash;
	if (config.check_stacks && u->same) {
		__sync_fetch_and_add(&stacks_remembered, 1);
		if (hash != before)
			__sync_fetch_and_add(&stacks_wrong, 1);
	}
	if (n && n <= WIRE_STACK_DEPTH_MAX && stack_is_new(hash)) {
		stack_finish(rec, hash, n, u->flags, tgid, now);
		ring_end(ring, &rec->s.head);
		if (copy)
			memory_send(u, hash, now);
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
