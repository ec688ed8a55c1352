/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * state: what the probes remember of a thread between two switches, the
 * switches that user space sets before loading, and the maps.
 *
 * A thread is recorded when it has storage with a number in it. Nothing else
 * is asked on the path of a thread that is not: one look-up that finds nothing.
 */
#ifndef RUNWAIT_BPF_STATE_H
#define RUNWAIT_BPF_STATE_H

#include "kernel.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "wire.h"

#include "config.h"

/* Set by user space before loading; the verifier drops what is off. */
const volatile struct probe_config config = { 0 };

/* Filled at run time, read by nobody else: zero-initialised. */
static u32 threads_ever; /* the last number given to a thread */

/*
 * Stacks and objects that were sent lately, by hash: a slot that holds another
 * one is simply overwritten, and the other is sent again when it returns.
 */
static u64 stacks_sent[1 << 14];
static u64 objects_sent[1 << 12];

struct thread_state {
	u32 thread; /* 0: only marked */
	u32 tid, tgid;
	u32 mark; /* enum thread_mark, set by user space through a pidfd */
	u32 is_out; /* without a core */
	u32 waker_tid;
	u64 woken_ns; /* the last sched_waking, whenever it was */
	u64 in_ns; /* got its core; 0: not seen */
	u64 out_ns; /* lost it; 0: not seen */
	/* the kernel's own sums at the last switch-out, see switch_repair() */
	u64 exec_ns, delay_ns;
	s16 nr, waker_nr;
	u8 why, flags, waker_flags, detail;
	u32 voluntary, involuntary;
	u64 user_stack, waker_stack;
	u64 args[4];
	union {
		u32 futex[WIRE_FUTEX_WORDS];
		u64 object;
		struct wire_file_lock file_lock;
		struct wire_semaphore semaphore;
	};
	/* the descriptor that it waited for last, so that the same one costs less */
	u64 last_file, last_inode, last_object;
	/* waits below --min-wait since the last record */
	u64 short_wait_ns, short_runnable_ns;
	u32 short_voluntary, short_involuntary;
	s16 short_nr;
	u8 poll_again; /* enum wire_poll_kind, see loops.bpf.h */
	u8 copies; /* of its stack, see may_copy(), */
	u32 copies_generation; /* since user space has told of its process's code */
	u32 polls, accepts; /* see loops.bpf.h */
	u64 probe_stack; /* see waker_in_interrupt() */
};

_Static_assert(__builtin_offsetof(struct thread_state, mark) == MARK_OFFSET, "user space sets it");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct thread_state);
} threads SEC(".maps");

/* One element a CPU; user space sets the sizes. See struct wire_ring. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(u32));
	__uint(value_size, WIRE_RING_DATA + 65536 + WIRE_RING_SLACK);
} rings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20);
} rare SEC(".maps");

/* Processes to take up when recording begins; filled by the seeding iterator itself. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u32);
	__type(value, u8);
} targets SEC(".maps");

/*
 * An index below a power of two. The compiler leaves out a mask that it can
 * prove idle, or compares another copy of the register than the one that
 * indexes; verifiers before 6.2 cannot follow it there.
 */
static __always_inline u32 masked(u32 index, u32 mask)
{
	asm volatile("%0 &= %1" : "+r"(index) : "i"(mask));
	return index;
}

static __always_inline struct thread_state *thread_find(struct task_struct *task)
{
	return bpf_task_storage_get(&threads, task, NULL, 0);
}

/* The state of a recorded thread, or NULL. */
static __always_inline struct thread_state *thread_recorded(struct task_struct *task)
{
	struct thread_state *st = thread_find(task);

	return st && st->thread ? st : NULL;
}

static __always_inline bool task_is_kthread(const struct task_struct *task)
{
	return task->flags & PF_KTHREAD;
}

#endif
