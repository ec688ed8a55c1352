/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sample: where a recorded thread is in its code, at each tick of a cpu-clock
 * event. The tick is a timer interrupt, so the ring has no other writer then.
 */
#ifndef RUNWAIT_BPF_SAMPLE_H
#define RUNWAIT_BPF_SAMPLE_H

#include "stack.bpf.h"

SEC("perf_event")
int on_sample(struct bpf_perf_event_data *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread_state *st;
	struct wire_ring *ring = ring_here();
	struct wire_sample *rec;
	u64 user = 0, kernel = 0, now;

	if (!ring || !task->pid)
		return 0;
	st = thread_recorded(task);
	if (!st)
		return 0;
	now = bpf_ktime_get_ns();
	if (config.stacks) {
		struct stack_record *stack = ring_begin_optional(ring, sizeof(*stack));

		if (stack)
			kernel = stack_kernel_send(ring, stack,
						   bpf_get_stack(ctx, stack->frames,
								 KERNEL_DEPTH_MAX * 8, 0),
						   now);
		if (!task_is_kthread(task))
			user = stack_user(ring, task, st, now);
	}
	rec = ring_begin(ring, sizeof(*rec), now);
	if (!rec)
		return 0;
	rec->time_ns = now;
	rec->tid = st->tid;
	rec->tgid = st->tgid;
	rec->user_stack = user;
	rec->kernel_stack = kernel;
	rec->cpu = bpf_get_smp_processor_id();
	head_set(&rec->head, WIRE_SAMPLE, sizeof(*rec), 0, st->thread);
	ring_end(ring, &rec->head);
	return 0;
}

#endif
