/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sched: the probes on the scheduler's own path. They decide when a thread
 * runs, is runnable or waits; everything else in bpf/ serves them.
 *
 *	switch-out  the thread is current: remember why it goes
 *	waking      remember who ended the wait, and when
 *	switch-in   send one record about the whole of it
 *
 * Interrupts are off in all of sched_switch, which is what ring.bpf.h asks for.
 */
#ifndef RUNWAIT_BPF_SCHED_H
#define RUNWAIT_BPF_SCHED_H

#include "file_lock.bpf.h"
#include "stack.bpf.h"

enum { CPU_TARGET = 1, CPU_OTHER = 2, CPU_IDLE = 3 };

enum {
	/* a difference between the kernel's clocks beyond this, so often, is another time */
	CLOCK_STEP_NS = 1000000,
	CLOCK_STEP_TIMES = 8,
	CLOCK_DRIFT_SHIFT = 10, /* by a thousandth: twice what NTP may do to a clock */
};

static __always_inline u32 task_state(struct task_struct *task)
{
	if (bpf_core_field_exists(task->__state))
		return task->__state;
	return (u32)((struct task_struct___state *)task)->state;
}

/* Tells user space what an object is. */
static __noinline void object_send(struct wire_ring *ring, struct thread_state *st, u64 file,
				   u64 now)
{
	struct object_record *rec = ring_begin_optional(ring, sizeof(*rec));

	if (!rec) {
		object_forget(st->object);
		return;
	}
	object_describe(rec, file, st->tgid, st->object);
	object_finish(rec, now);
	ring_end(ring, &rec->o.head);
}

/* What current, which is about to block, waits for. */
static __always_inline void out_reason(struct wire_ring *ring, struct thread_state *st,
				       struct task_struct *prev, u64 now)
{
	u64 file;
	u32 fd = -1;
	u8 kind;

	st->detail = WIRE_DETAIL_NONE;
	if (st->flags & WIRE_SWITCH_KTHREAD) {
		st->nr = -1;
		return;
	}
	args_read(st, (struct pt_regs *)bpf_task_pt_regs(prev));
	kind = argument_kind(st->nr);
	if (kind == CONFIG_ARG_FUTEX) {
		st->detail = WIRE_DETAIL_FUTEX;
		futex_read(st, st->args[0], prev, user_read_current);
		return;
	}
	if (kind == CONFIG_ARG_SEMOP) {
		semaphore_read(st, prev, user_read_current);
		return;
	}
	if (kind == CONFIG_ARG_VFORK)
		st->flags |= WIRE_SWITCH_VFORK;
	if (kind == CONFIG_ARG_POLL && st->args[1] == 1)
		user_read_current(&fd, sizeof(fd), st->args[0], prev);
	file = reason_file(prev, st, kind, fd);
	if (file && reason_object(st, file))
		object_send(ring, st, file, now);
	if (file && waits_for_file_lock(st, kind))
		file_lock_read(st, prev, file, user_read_current);
}

static __always_inline u8 out_flags(struct task_struct *task, u32 state)
{
	u8 flags = 0;

	if (BPF_CORE_READ_BITFIELD(task, in_iowait))
		flags |= WIRE_SWITCH_IOWAIT;
	/* kernel threads without work sleep uninterruptibly, but for the load average */
	if (state & TASK_UNINTERRUPTIBLE && !(state & TASK_NOLOAD))
		flags |= WIRE_SWITCH_UNINTERRUPTIBLE;
	if (state & (TASK_STOPPED | TASK_TRACED))
		flags |= WIRE_SWITCH_STOPPED;
	if (task_is_kthread(task))
		flags |= WIRE_SWITCH_KTHREAD;
	return flags;
}

static __always_inline void off_send(struct wire_ring *ring, const struct thread_state *st, u8 type,
				     u64 now)
{
	struct wire_off *rec = ring_begin(ring, sizeof(*rec), now);

	if (!rec)
		return;
	rec->time_ns = now;
	rec->tid = st->tid;
	rec->tgid = st->tgid;
	rec->voluntary = st->voluntary;
	rec->involuntary = st->involuntary;
	rec->cpu = bpf_get_smp_processor_id();
	head_set(&rec->head, type, sizeof(*rec), 0, st->thread);
	ring_end(ring, &rec->head);
}

/* What the scheduler itself has summed up for a thread. */
static __always_inline void sums_read(struct thread_state *st, const struct task_struct *task)
{
	st->exec_ns = task->se.sum_exec_runtime;
	if (bpf_core_field_exists(task->sched_info.run_delay))
		st->delay_ns = task->sched_info.run_delay;
}

/*
 * Long waits get their kernel stack, those whose system call does not tell
 * what they are for already when shorter: it costs as much as the switch.
 */
static __always_inline bool wants_kernel_stack(const struct thread_state *st, u64 out_ns)
{
	if (!config.stacks || st->why != WIRE_WHY_BLOCKED)
		return false;
	if (out_ns >= config.kernel_stack_ns)
		return true;
	return out_ns >= config.kernel_stack_vague_ns &&
	       (st->nr < 0 || ((st->flags & WIRE_SWITCH_UNINTERRUPTIBLE) &&
			       !(st->flags & (WIRE_SWITCH_IOWAIT | WIRE_SWITCH_VFORK))));
}

/*
 * Fills all but in_ns, cpu, kernel_stack and the head. Returns the size: tails
 * that are not used are left out.
 */
static __always_inline u32 switch_fill(struct wire_switch *rec, const struct thread_state *st)
{
	u32 size = __builtin_offsetof(struct wire_switch, args);

	rec->tid = st->tid;
	rec->tgid = st->tgid;
	rec->out_ns = st->out_ns;
	rec->woken_ns = st->woken_ns;
	rec->voluntary = st->voluntary;
	rec->involuntary = st->involuntary;
	rec->why = st->why;
	rec->nr = st->nr;
	rec->detail = st->detail;
	rec->user_stack = st->user_stack;
	if (st->why == WIRE_WHY_BLOCKED || st->why == WIRE_WHY_THROTTLED) {
		rec->args[0] = st->args[0];
		rec->args[1] = st->args[1];
		rec->args[2] = st->args[2];
		rec->args[3] = st->args[3];
		rec->object = st->object;
		size = __builtin_offsetof(struct wire_switch, futex) + sizeof(rec->object);
	}
	if (st->detail != WIRE_DETAIL_NONE && st->detail != WIRE_DETAIL_OBJECT) {
		__builtin_memcpy(rec->futex, st->futex, sizeof(rec->futex));
		size = sizeof(*rec);
	}
	/* a wake before this run is an old one, of a wait that did not come */
	if (st->woken_ns && st->woken_ns >= st->in_ns) {
		rec->waker_flags = st->waker_flags | WIRE_WAKER_SEEN;
		rec->waker_nr = st->waker_nr;
		rec->waker_tid = st->waker_tid;
		rec->waker_stack = st->waker_stack;
	} else {
		rec->woken_ns = 0;
		rec->waker_flags = 0;
		rec->waker_nr = -1;
		rec->waker_tid = 0;
		rec->waker_stack = 0;
	}
	return size;
}

static __always_inline void short_fill(struct wire_short *rec, const struct thread_state *st,
				       u64 now)
{
	rec->time_ns = now;
	rec->tid = st->tid;
	rec->tgid = st->tgid;
	rec->voluntary = st->short_voluntary;
	rec->involuntary = st->short_involuntary;
	rec->wait_ns = st->short_wait_ns;
	rec->runnable_ns = st->short_runnable_ns;
	rec->nr = st->short_nr;
	rec->cpu = bpf_get_smp_processor_id();
	head_set(&rec->head, WIRE_SHORT, sizeof(*rec), 0, st->thread);
}

static __noinline void short_send(struct wire_ring *ring, struct thread_state *st, u64 now)
{
	struct wire_short *rec = ring_begin(ring, sizeof(*rec), now);

	if (!rec)
		return;
	short_fill(rec, st, now);
	ring_end(ring, &rec->head);
	st->short_voluntary = 0;
	st->short_involuntary = 0;
	st->short_wait_ns = 0;
	st->short_runnable_ns = 0;
}

/* With --min-wait: adds a wait below it to the sums. True when it needs no record of its own. */
static __always_inline bool switch_is_short(struct wire_ring *ring, struct thread_state *st,
					    u64 now)
{
	bool blocked = st->why == WIRE_WHY_BLOCKED;
	u64 woken = st->woken_ns < st->out_ns ? st->out_ns : st->woken_ns;

	/* it is of the clock that switch_time() may stay behind */
	if (woken > now)
		woken = now;
	if (!config.min_wait_ns || !st->out_ns || st->why == WIRE_WHY_NEW)
		return false;
	if (now - st->out_ns >= config.min_wait_ns) {
		if (st->short_voluntary + st->short_involuntary)
			short_send(ring, st, now);
		return false;
	}
	/* sums are by system call: another one closes them */
	if (blocked && st->short_voluntary && st->short_nr != st->nr)
		short_send(ring, st, now);
	if (st->flags & WIRE_SWITCH_VOLUNTARY)
		st->short_voluntary++;
	else
		st->short_involuntary++;
	if (blocked) {
		st->short_nr = st->nr;
		st->short_wait_ns += woken - st->out_ns;
		st->short_runnable_ns += now - woken;
	} else {
		st->short_runnable_ns += now - st->out_ns;
	}
	return true;
}

static __always_inline void switch_in(struct wire_ring *ring, struct thread_state *st,
				      struct task_struct *next, u64 now)
{
	u64 kernel_stack = 0;
	struct wire_switch *rec;
	u32 size;

	if (st->out_ns && wants_kernel_stack(st, now - st->out_ns))
		kernel_stack = stack_kernel_of(ring, next, now);
	rec = ring_begin(ring, sizeof(*rec), now);
	if (rec) {
		size = switch_fill(rec, st);
		rec->in_ns = now;
		rec->cpu = bpf_get_smp_processor_id();
		rec->kernel_stack = kernel_stack;
		if (st->why == WIRE_WHY_BLOCKED && !rec->woken_ns && st->out_ns)
			ring->loss[WIRE_LOSS_WAKER]++;
		head_set(&rec->head, WIRE_SWITCH, size, st->flags, st->thread);
		ring_end(ring, &rec->head);
	}
}

static __always_inline void core_use(struct wire_ring *ring, u64 kind, u64 now)
{
	u64 span = now - ring->switched_ns;

	if (ring->now == CPU_IDLE)
		ring->idle_ns += span;
	else if (ring->now == CPU_TARGET)
		ring->target_ns += span;
	else if (ring->now)
		ring->other_ns += span;
	ring->switched_ns = now;
	ring->now = kind;
}

/*
 * A thread that leaves its core without having been seen to get it. Some
 * machines hide a process from tracing (seen: the init of a Firecracker guest),
 * and with it every switch and wakeup in which it is current; perf misses the
 * same ones. The kernel's sums say how long the thread ran and, before that,
 * queued since it was last seen: so the missing record can be written now.
 */
static __noinline void switch_repair(struct wire_ring *ring, struct thread_state *st,
				     struct task_struct *prev, u64 now)
{
	u64 ran = prev->se.sum_exec_runtime - st->exec_ns, queued = 0;
	u64 left = now - st->out_ns;
	struct wire_switch *rec;
	u32 size;

	if (ran > left)
		ran = left;
	if (bpf_core_field_exists(prev->sched_info.run_delay))
		queued = prev->sched_info.run_delay - st->delay_ns;
	if (queued > left - ran)
		queued = left - ran;
	/* that it got the core was not seen either */
	if (ring->now != CPU_TARGET)
		core_use(ring, CPU_TARGET,
			 now - ran < ring->switched_ns ? ring->switched_ns : now - ran);
	if (config.min_wait_ns && st->short_voluntary + st->short_involuntary)
		short_send(ring, st, now - ran);
	rec = ring_begin(ring, sizeof(*rec), now);
	if (!rec)
		return;
	size = switch_fill(rec, st);
	rec->in_ns = now - ran;
	if (!rec->woken_ns || rec->woken_ns > rec->in_ns)
		rec->woken_ns = rec->in_ns - queued;
	rec->cpu = bpf_get_smp_processor_id();
	rec->kernel_stack = 0;
	head_set(&rec->head, WIRE_SWITCH, size, st->flags | WIRE_SWITCH_INFERRED, st->thread);
	ring_end(ring, &rec->head);
	st->in_ns = now - ran;
}

/* --- CPU quotas -------------------------------------------------------------- */

/*
 * Whether @task, which leaves its core, must wait until its control group has quota again. Since
 * 6.18 it may be pushed off before it comes to the point where it is stopped itself.
 */
static __always_inline bool is_throttled(const struct task_struct *task)
{
	return bpf_core_field_exists(task->se.cfs_rq->throttle_count) &&
	       task->se.cfs_rq->throttle_count > 0;
}

enum { GROUPS_MAX = 16 };
#define QUOTA_NONE (~0ull)

/*
 * The quota that stops current: that of the outermost group around it whose run queue on
 * this core is throttled. Groups within that are with it, whatever they have left. Not 0:
 * it was found.
 */
__noinline int quota_read(struct thread_state *st)
{
	struct sched_entity *entity = &((struct task_struct *)bpf_get_current_task())->se;
	struct cfs_bandwidth *limit;
	struct cfs_rq *queue;
	int found = 0;
	u64 quota;

	if (!st)
		return 0;
	for (int i = 0; entity && i < GROUPS_MAX; i++) {
		queue = BPF_CORE_READ(entity, cfs_rq);
		if (!queue || !BPF_CORE_READ(queue, throttle_count))
			break;
		limit = &BPF_CORE_READ(queue, tg)->cfs_bandwidth;
		quota = BPF_CORE_READ(limit, quota);
		if (quota != QUOTA_NONE) {
			st->args[0] = quota;
			st->args[1] = BPF_CORE_READ(limit, period);
			found = 1;
		}
		entity = BPF_CORE_READ(entity, parent);
	}
	return found;
}

static __always_inline void switch_out(struct wire_ring *ring, struct thread_state *st,
				       struct task_struct *prev, u32 state, bool preempt, u64 now)
{
	u32 voluntary = prev->nvcsw;

	if (st->is_out)
		switch_repair(ring, st, prev, now);
	sums_read(st, prev);
	st->flags = out_flags(prev, state);
	if (voluntary != st->voluntary)
		st->flags |= WIRE_SWITCH_VOLUNTARY;
	st->voluntary = voluntary;
	st->involuntary = prev->nivcsw;
	st->out_ns = now;
	st->is_out = 1;
	st->user_stack = 0;
	if (preempt || state == TASK_RUNNING) {
		st->why = WIRE_WHY_PREEMPTED;
		st->detail = WIRE_DETAIL_NONE;
		if (is_throttled(prev) && quota_read(st))
			st->why = WIRE_WHY_THROTTLED;
	} else {
		st->why = WIRE_WHY_BLOCKED;
		out_reason(ring, st, prev, now);
	}
	if (config.stacks && !(st->flags & WIRE_SWITCH_KTHREAD))
		st->user_stack = stack_user(ring, prev, st, now);
}

/*
 * What the thread is called where it lives: the words of its locks say that,
 * while everything here goes by the first namespace's numbers.
 */
static __always_inline void namespace_read(struct wire_task *rec, struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	u32 level = BPF_CORE_READ(pid, level);
	struct upid *own;

	if (!level)
		return;
	own = (void *)pid + bpf_core_field_offset(struct pid, numbers) +
	      (u64)level * bpf_core_type_size(struct upid);
	rec->own_tid = BPF_CORE_READ(own, nr);
	rec->pid_namespace = BPF_CORE_READ(own, ns, ns.inum);
}

/*
 * Since 6.4 a core has one element of storage at hand and gets more by an interrupt, so
 * that of two threads in one switch the second may get none: who comes is seen again
 * when it goes, and only without one then (@last) nothing will be known of it.
 */
static __noinline struct thread_state *thread_seen(struct wire_ring *ring, struct task_struct *task,
						   bool last, u64 now)
{
	struct thread_state *st;
	struct wire_task *rec;

	if (task->tgid == config.self_tgid)
		return NULL;
	st = bpf_task_storage_get(&threads, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!st) {
		ring->loss[WIRE_LOSS_STORAGE] += last;
		return NULL;
	}
	if (st->thread)
		return st;
	st->thread = __sync_fetch_and_add(&threads_ever, 1) + 1;
	st->tid = task->pid;
	st->tgid = task->tgid;
	rec = ring_begin(ring, sizeof(*rec), now);
	if (!rec)
		return st;
	__builtin_memset(rec, 0, sizeof(*rec));
	rec->time_ns = now;
	rec->start_boot_ns = task->start_boottime;
	rec->tid = task->pid;
	rec->tgid = task->tgid;
	rec->parent_tgid = BPF_CORE_READ(task, real_parent, tgid);
	rec->voluntary = task->nvcsw;
	rec->involuntary = task->nivcsw;
	rec->how = WIRE_HOW_SEEN;
	rec->kthread = task_is_kthread(task);
	namespace_read(rec, task);
	bpf_probe_read_kernel(rec->comm, sizeof(rec->comm), task->comm);
	head_set(&rec->head, WIRE_TASK, sizeof(*rec), 0, st->thread);
	ring_end(ring, &rec->head);
	return st;
}

/* Storage of a task that may be recorded; the idle tasks never are. */
static __always_inline struct thread_state *thread_of_switch(struct wire_ring *ring,
							     struct task_struct *task, bool last,
							     u64 now)
{
	struct thread_state *st;

	if (!task->pid)
		return NULL;
	st = thread_recorded(task);
	if (!st && config.all_tasks)
		st = thread_seen(ring, task, last, now);
	return st;
}

/*
 * What is to be added to @clock, this CPU's at its last look at the time, to have
 * CLOCK_MONOTONIC. That look is over for a while when we come here, and for longer when
 * the hypervisor had the core meanwhile: so the smallest difference is the true one,
 * and grows by no more than clocks drift apart. Unless one of them has been set.
 */
static __always_inline u64 clock_offset(struct wire_ring *ring, u64 clock, u64 now)
{
	u64 more = now - clock - ring->clock_offset;
	u64 drift = (now - ring->switched_ns) >> CLOCK_DRIFT_SHIFT;

	ring->clock_late = (s64)more > CLOCK_STEP_NS ? ring->clock_late + 1 : 0;
	if (!ring->clock_offset || (s64)more < 0 || ring->clock_late >= CLOCK_STEP_TIMES) {
		ring->clock_offset += more;
		ring->clock_late = 0;
	} else {
		ring->clock_offset += more < drift ? more : drift;
	}
	return ring->clock_offset;
}

/*
 * When the switch was, by the kernel's own books: the time up to which it has
 * charged the outgoing thread, or from which it charges the incoming one. A
 * core that a wakeup takes out of idle is charged from the wakeup on, some us
 * before it gets here, so that dating by the clock of this probe would make
 * each thread's run time less than its CPU clock.
 *
 * Threads are charged by a clock of the run queue that leaves out interrupts and what
 * the hypervisor took: how far it is ahead of them it was beside the other, too.
 */
static __always_inline u64 switch_time(struct wire_ring *ring, struct task_struct *prev,
				       struct task_struct *next)
{
	const struct sched_entity *se = prev->pid ? &prev->se : &next->se;
	u64 now = bpf_ktime_get_ns(), charged = se->exec_start, clock = charged, time;
	const struct rq *rq;

	if (bpf_core_field_exists(se->cfs_rq->rq)) {
		rq = se->cfs_rq->rq;
		clock = rq->clock;
		charged = clock - (rq->clock_task - charged);
	}
	time = charged + clock_offset(ring, clock, now);
	if (time > now)
		time = now;
	return time < ring->switched_ns ? ring->switched_ns : time;
}

/*
 * Who comes has left its last core before, whatever the clocks of the two make of it: their
 * offsets are measured, and a thread that has not yet left cannot come.
 */
static __always_inline u64 switch_time_behind(const struct thread_state *in, u64 now)
{
	return in->is_out && now <= in->out_ns ? in->out_ns + 1 : now;
}

SEC("tp_btf/sched_switch")
int on_sched_switch(u64 *ctx)
{
	bool preempt = ctx[0];
	struct task_struct *prev = (void *)ctx[1];
	struct task_struct *next = (void *)ctx[2];
	u32 state = config.has_prev_state ? (u32)ctx[3] : task_state(prev);
	struct wire_ring *ring = ring_here();
	struct thread_state *out, *in;
	u64 now;

	if (!ring)
		return 0;
	now = switch_time(ring, prev, next);
	out = thread_of_switch(ring, prev, true, now);
	in = thread_of_switch(ring, next, false, now);
	if (in)
		now = switch_time_behind(in, now);
	if (out)
		switch_out(ring, out, prev, state, preempt, now);
	if (out && state & TASK_DEAD) {
		if (config.min_wait_ns && out->short_voluntary + out->short_involuntary)
			short_send(ring, out, now);
		off_send(ring, out, WIRE_DEAD, now);
	} else if (out && !in) {
		off_send(ring, out, WIRE_OFF, now);
	}
	if (in) {
		if (!switch_is_short(ring, in, now))
			switch_in(ring, in, next, now);
		in->is_out = 0;
		in->in_ns = now;
	}
	core_use(ring, in ? CPU_TARGET : next->pid ? CPU_OTHER : CPU_IDLE, now);
	return 0;
}

/*
 * Current, which is recorded from now on, has this core already: what it used of it
 * until now was another's. An exec may be interrupted by a switch (nothing may where
 * look_core() runs): then that one has told the time up to here, and who has the core.
 */
static __always_inline void core_taken(u64 now)
{
	struct wire_ring *ring = ring_here();
	u64 since;

	if (!ring || ring->now != CPU_OTHER)
		return;
	since = *(volatile u64 *)&ring->switched_ns;
	if (now <= since || __sync_val_compare_and_swap(&ring->switched_ns, since, now) != since)
		return;
	ring->other_ns += now - since;
	ring->now = CPU_TARGET;
}

/*
 * Run once on each core, by an interrupt, as the window begins: what it is used for
 * before its first switch. A core that never switches would not be told of at all, and
 * one that was switched to a thread before that was taken up would be another's.
 */
SEC("raw_tp/sched_switch")
int look_core(void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct wire_ring *ring = ring_here();
	u64 now = bpf_ktime_get_ns();

	if (ring && !ring->now)
		core_use(ring, !task->pid	       ? CPU_IDLE
			       : thread_recorded(task) ? CPU_TARGET
						       : CPU_OTHER,
			 now);
	else if (task->pid && thread_recorded(task))
		core_taken(now);
	return 0;
}

/*
 * Interrupts run on a stack of their own: when ours is not the task's, the
 * task did not do it. The frame pointer becomes a plain number by way of
 * memory, since the verifier lets nobody compute with it.
 */
static __always_inline bool waker_in_interrupt(struct thread_state *st, struct task_struct *waker)
{
	u64 marker = 0;

	*(volatile u64 *)&st->probe_stack = (u64)&marker;
	return *(volatile u64 *)&st->probe_stack - (u64)waker->stack >= 16384;
}

/*
 * Where the waker stands in its code: 0 when that is not what woke, or the
 * wait too short to pay for it. try_to_wake_up() has interrupts off here, which
 * is what the ring asks for, but when a task wakes itself. A packet to this
 * machine is delivered on the interrupt stack in the sender's own system call.
 */
static __noinline u64 stack_of_waker(struct thread_state *st, struct task_struct *wakee,
				     struct task_struct *waker, u64 now)
{
	struct thread_state *by;
	struct wire_ring *ring;

	if (!config.stacks || !st->is_out || st->waker_nr < 0 || waker == wakee)
		return 0;
	if (st->why != WIRE_WHY_BLOCKED && st->why != WIRE_WHY_UNKNOWN)
		return 0;
	if ((s64)(now - st->out_ns) < (s64)config.waker_stack_ns)
		return 0;
	if (st->waker_flags & WIRE_WAKER_INTERRUPT &&
	    argument_kind(st->waker_nr) != CONFIG_ARG_FD)
		return 0;
	by = thread_recorded(waker);
	ring = ring_here();
	return by && ring ? stack_user(ring, waker, by, now) : 0;
}

SEC("tp_btf/sched_waking")
int on_sched_waking(u64 *ctx)
{
	struct task_struct *wakee = (void *)ctx[0];
	struct thread_state *st = thread_recorded(wakee);
	struct task_struct *waker;
	u8 flags = 0;
	s16 nr = -1;
	u64 now;

	if (!st)
		return 0;
	now = bpf_ktime_get_ns();
	waker = bpf_get_current_task_btf();
	if (!waker->pid) {
		flags = WIRE_WAKER_IDLE | WIRE_WAKER_INTERRUPT;
	} else if (task_is_kthread(waker)) {
		flags = WIRE_WAKER_KTHREAD;
	} else {
		nr = nr_read((struct pt_regs *)bpf_task_pt_regs(waker));
		if (nr < 0)
			flags = WIRE_WAKER_USER;
	}
	if (waker_in_interrupt(st, waker))
		flags |= WIRE_WAKER_INTERRUPT;
	st->waker_tid = waker->pid;
	st->waker_nr = nr;
	st->waker_flags = flags;
	st->waker_stack = stack_of_waker(st, wakee, waker, now);
	st->woken_ns = now;
	return 0;
}

SEC("tp_btf/sched_wakeup_new")
int on_sched_wakeup_new(u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	struct thread_state *st = thread_recorded(task);

	if (!st)
		return 0;
	st->waker_tid = bpf_get_current_pid_tgid();
	st->waker_nr = -1;
	st->waker_flags = 0;
	st->waker_stack = 0;
	st->woken_ns = bpf_ktime_get_ns();
	return 0;
}

#endif
