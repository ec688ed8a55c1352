/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * loops: each return of a thread to its event loop (--loops). A loop that has
 * work all the time never blocks, so the scheduler does not show its rounds.
 *
 * Only the exit is looked at: it has the time, the number of events and, in the
 * registers, the arguments. The entry of a call that blocks is the switch-out
 * that is recorded anyway, and one that does not block is over at once. A second
 * probe would double what every system call of the machine pays.
 *
 * System calls may be interrupted by the sampler, which writes to the CPU's ring:
 * this one has rings of its own, whose only writer is a system call's end, where
 * the kernel keeps preemption off while probes run.
 *
 * A poll or select that a signal interrupts ends, but whether it returns is for the
 * signal to say: without a handler it is begun again (by restart_syscall() or as it
 * was), with one the program is told EINTR when the handler is done.
 */
#ifndef RUNWAIT_BPF_LOOPS_H
#define RUNWAIT_BPF_LOOPS_H

#include "reason.bpf.h"

enum { IORING_ENTER_GETEVENTS = 1 };

/* ERESTARTSYS to ERESTART_RESTARTBLOCK of linux/errno.h */
enum { RESTART_FIRST = 512, RESTART_LAST = 516, EINTR = 4 };

static __always_inline u8 loop_kind(s16 nr)
{
	u32 index = (u16)nr; /* negative numbers become too large */

	if (index >= CONFIG_SYSCALLS)
		return CONFIG_LOOP_NONE;
	asm volatile("%0 &= %1" : "+r"(index) : "i"(CONFIG_SYSCALLS - 1));
	return config.loop[index];
}

/* Whether a call waits for anything but time, or at all. */
static __always_inline bool poll_waits(const u64 args[4], u8 kind)
{
	switch (kind) {
	case WIRE_POLL_EPOLL:
		return true;
	case WIRE_POLL_IO_URING:
		return args[3] & IORING_ENTER_GETEVENTS;
	case WIRE_POLL_POLL:
		return args[1];
	default:
		return args[0] && (args[1] | args[2] | args[3]);
	}
}

static __always_inline void poll_send(struct thread_state *st, const struct pt_regs *regs, u8 kind,
				      s32 result)
{
	u32 cpu = bpf_get_smp_processor_id(), index = config.loop_rings + cpu;
	bool has_fd = kind == WIRE_POLL_EPOLL || kind == WIRE_POLL_IO_URING;
	struct wire_ring *ring = bpf_map_lookup_elem(&rings, &index);
	struct wire_poll *rec;
	u64 args[4];

	regs_args(regs, args);
	if (!ring || !poll_waits(args, kind))
		return;
	st->polls++;
	rec = ring_begin_optional(ring, sizeof(*rec));
	if (!rec) {
		ring->loss[WIRE_LOSS_POLL]++;
		return;
	}
	rec->time_ns = bpf_ktime_get_ns();
	rec->sp = sp_read(regs);
	rec->sequence = st->polls;
	rec->count = has_fd ? args[2] : kind == WIRE_POLL_POLL ? args[1] : args[0];
	rec->result = result;
	rec->fd = has_fd ? args[0] : 0;
	rec->accepts = st->accepts;
	rec->cpu = cpu;
	rec->pad = 0;
	st->accepts = 0;
	head_set(&rec->head, WIRE_POLL, sizeof(*rec), kind, st->thread);
	ring_end(ring, &rec->head);
}

SEC("tp_btf/sys_exit")
int on_sys_exit(u64 *ctx)
{
	const struct pt_regs *regs = (void *)ctx[0];
	s16 nr = nr_read(regs);
	u8 kind = loop_kind(nr);
	s64 result = ctx[1];
	struct thread_state *st;

	/* below 0: back from a handler, or not a system call */
	if ((!kind && nr >= 0) || regs_are_compat(regs))
		return 0;
	st = thread_recorded(bpf_get_current_task_btf());
	if (!st)
		return 0;
	if (kind == CONFIG_LOOP_ACCEPT) {
		st->accepts += result >= 0;
		return 0;
	}
	if (!kind || kind == CONFIG_LOOP_RESTART) {
		kind = st->poll_again;
		if (!kind)
			return 0;
		if (nr < 0)
			result = -EINTR;
	}
	st->poll_again = 0;
	if (-result >= RESTART_FIRST && -result <= RESTART_LAST) {
		st->poll_again = kind;
		return 0;
	}
	poll_send(st, regs, kind, result);
	return 0;
}

#endif
