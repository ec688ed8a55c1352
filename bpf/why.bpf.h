/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * why: what the threads of some processes are doing at this moment, said by an
 * iterator, so that one which never gets a core again is seen as well. Nothing
 * is attached, nothing is remembered, and nobody is stopped.
 *
 * Records go through the iterator's own file: of each thread its WIRE_TASK, then
 * what it waits for (WIRE_OBJECT), its kernel stack, WIRE_LOOK, and WIRE_OPEN.
 */
#ifndef RUNWAIT_BPF_WHY_H
#define RUNWAIT_BPF_WHY_H

#include "task.bpf.h"

static struct stack_record look_stack;
static struct wire_endpoint look_endpoint;

/* What somebody wants to know who has it open, by object_key() or wire_open_key(). */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u64);
	__type(value, u8);
} endpoints_wanted SEC(".maps");

/* One reading of both clocks on the CPU that it runs on, see look_clock(). */
unsigned long long clock_now_ns, clock_exec_ns;

static __always_inline u64 look_kernel_stack(struct bpf_iter__task *ctx, struct task_struct *task,
					     u64 now)
{
	long bytes = bpf_get_task_stack(task, look_stack.frames, KERNEL_DEPTH_MAX * 8, 0);
	u32 n = bytes > 0 ? (u32)bytes / 8 : 0, size;
	u64 hash;

	if (!n)
		return 0;
	hash = kernel_hash(&look_stack, n);
	stack_finish(&look_stack, hash, n, WIRE_STACK_KERNEL | WIRE_STACK_COMPLETE, 0, now);
	size = look_stack.s.head.size;
	if (size <= sizeof(look_stack))
		iter_write(ctx, &look_stack, size, 0);
	return hash;
}

/* The socket at the other end of a connected Unix socket, as the key of its object. */
static __always_inline u64 unix_peer(u64 file_address)
{
	struct file *file = (void *)file_address;
	struct socket *socket = BPF_CORE_READ(file, private_data), *other;
	struct sock *sk = BPF_CORE_READ(socket, sk), *peer;
	struct inode *inode = BPF_CORE_READ(file, f_inode), *at;

	if (BPF_CORE_READ(sk, __sk_common.skc_family) != AF_UNIX)
		return 0;
	peer = BPF_CORE_READ((struct unix_sock *)sk, peer);
	other = peer ? BPF_CORE_READ(peer, sk_socket) : NULL;
	if (!other)
		return 0;
	/* struct socket_alloc of net/sock.h */
	at = (void *)other - bpf_core_field_offset(struct socket_alloc, socket) +
	     bpf_core_field_offset(struct socket_alloc, vfs_inode);
	return wire_mix(wire_mix(BPF_CORE_READ(at, i_ino)) + BPF_CORE_READ(inode, i_sb, s_dev)) | 1;
}

static __always_inline void look_send(struct bpf_iter__task *ctx, struct task_struct *task,
				      const struct thread_state *seed, u64 now)
{
	struct wire_look *look = &iter_look;

	look_fill(look, task, seed, now);
	if (seed->detail == WIRE_DETAIL_OBJECT && iter_object.o.kind == WIRE_OBJECT_SOCKET)
		look->peer = unix_peer(seed->last_file);
	iter_write(ctx, look, sizeof(*look), 0);
}

static __always_inline int look_task(struct bpf_iter__task *ctx, bool may_sleep)
{
	struct task_struct *task = ctx->task;
	struct thread_state *seed = &iter_state;
	u64 now, kernel_stack = 0;
	u32 state, tgid;

	if (!task)
		return 0;
	tgid = task->tgid;
	if (!bpf_map_lookup_elem(&targets, &tgid) || task->flags & PF_EXITING)
		return 0;
	state = task_state(task);
	now = bpf_ktime_get_ns();
	__builtin_memset(seed, 0, sizeof(*seed));
	seed->thread = task->pid;
	seed->tid = task->pid;
	seed->tgid = tgid;
	seed->voluntary = task->nvcsw;
	seed->involuntary = task->nivcsw;
	seed->nr = -1;
	seed->flags = out_flags(task, state);
	seed->why = state != TASK_RUNNING ? WIRE_WHY_BLOCKED
		    : task->on_cpu	  ? WIRE_WHY_RUNNING
					  : WIRE_WHY_PREEMPTED;
	task_fill(&iter_task, task, seed, WIRE_HOW_FOUND, now);
	iter_write(ctx, &iter_task, sizeof(iter_task), 0);
	if (seed->why == WIRE_WHY_BLOCKED) {
		seed_reason(ctx, task, seed, may_sleep, now);
		kernel_stack = look_kernel_stack(ctx, task, now);
	}
	look_send(ctx, task, seed, now);
	open_send(ctx, task, seed, kernel_stack);
	return 0;
}

SEC("iter.s/task")
int look_sleepable(struct bpf_iter__task *ctx)
{
	return look_task(ctx, true);
}

/* For kernels whose iterators may not sleep (before 5.19): locks stay without owner. */
SEC("iter/task")
int look_plain(struct bpf_iter__task *ctx)
{
	return look_task(ctx, false);
}

/*
 * When a thread that is out was last charged for its time is a reading of its
 * CPU's run-queue clock, and that one leaves out interrupts and what the
 * hypervisor took. Run on each CPU right after moving there, this tells how far
 * it is behind.
 */
SEC("syscall")
int look_clock(void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();

	clock_now_ns = bpf_ktime_get_ns();
	clock_exec_ns = task->se.exec_start;
	return 0;
}

/* Who has files open that are wanted: one record a descriptor. */
SEC("iter/task_file")
int look_files(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct wire_endpoint *e = &look_endpoint;
	u64 key, address = 0;

	if (!task || !file)
		return 0;
	/* read, not cast: with a pointer the verifier lets nobody calculate */
	bpf_probe_read_kernel(&address, sizeof(address), &ctx->file);
	key = object_key(address);
	if (!bpf_map_lookup_elem(&endpoints_wanted, &key)) {
		key = wire_open_key(address);
		if (!bpf_map_lookup_elem(&endpoints_wanted, &key))
			return 0;
	}
	__builtin_memset(e, 0, sizeof(*e));
	head_set(&e->head, WIRE_ENDPOINT, sizeof(*e), 0, 0);
	e->key = key;
	e->tgid = task->tgid;
	e->fd = ctx->fd;
	e->roles = file->f_mode & (FMODE_READ | FMODE_WRITE);
	e->kthread = task_is_kthread(task);
	bpf_probe_read_kernel(e->comm, sizeof(e->comm), task->group_leader->comm);
	bpf_seq_write(ctx->meta->seq, e, sizeof(*e));
	return 0;
}

#endif
