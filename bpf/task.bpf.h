/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * task: the life of threads and processes: who is taken up when, and under
 * what name. These probes run where interrupts are on, so they speak through
 * the ring buffer of rare records, and the iterators through their own file.
 */
#ifndef RUNWAIT_BPF_TASK_H
#define RUNWAIT_BPF_TASK_H

#include "sched.bpf.h"

unsigned long long rare_lost; /* records that the ring buffer had no room for */
unsigned long long storage_lost; /* threads that got no storage */

static __always_inline void task_fill(struct wire_task *rec, struct task_struct *task,
				      const struct thread_state *st, u8 how, u64 now)
{
	__builtin_memset(rec, 0, sizeof(*rec));
	rec->time_ns = now;
	rec->start_boot_ns = task->start_boottime;
	rec->tid = st->tid;
	rec->tgid = st->tgid;
	rec->parent_tgid = BPF_CORE_READ(task, real_parent, tgid);
	rec->voluntary = task->nvcsw;
	rec->involuntary = task->nivcsw;
	rec->how = how;
	rec->cpu = bpf_get_smp_processor_id();
	rec->kthread = task_is_kthread(task);
	namespace_read(rec, task);
	bpf_probe_read_kernel(rec->comm, sizeof(rec->comm), task->comm);
	head_set(&rec->head, WIRE_TASK, sizeof(*rec), 0, st->thread);
}

static __always_inline void thread_begin(struct thread_state *st, struct task_struct *task)
{
	st->tid = task->pid;
	st->tgid = task->tgid;
	st->voluntary = task->nvcsw;
	st->involuntary = task->nivcsw;
	st->nr = -1;
	sums_read(st, task);
	st->thread = __sync_fetch_and_add(&threads_ever, 1) + 1;
}

static __noinline void task_send(struct task_struct *task, const struct thread_state *st, u8 how,
				 u32 parent_thread, u64 now)
{
	struct wire_task *rec = bpf_ringbuf_reserve(&rare, sizeof(*rec), 0);

	if (!rec) {
		__sync_fetch_and_add(&rare_lost, 1);
		return;
	}
	task_fill(rec, task, st, how, now);
	rec->parent_thread = parent_thread;
	bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
}

SEC("tp_btf/sched_process_fork")
int on_sched_process_fork(u64 *ctx)
{
	struct task_struct *parent = (void *)ctx[0];
	struct task_struct *child = (void *)ctx[1];
	struct thread_state *of_parent = thread_recorded(parent), *st;
	u64 now;

	if (!of_parent && !config.all_tasks)
		return 0;
	if (parent->tgid != child->tgid && !config.children)
		return 0;
	if (child->tgid == config.self_tgid)
		return 0;
	if (config.stacks && parent->tgid != child->tgid)
		unwind_fork(parent->tgid, child->tgid);
	st = bpf_task_storage_get(&threads, child, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!st) {
		__sync_fetch_and_add(&storage_lost, 1);
		return 0;
	}
	now = bpf_ktime_get_ns();
	thread_begin(st, child);
	st->why = WIRE_WHY_NEW;
	st->out_ns = now;
	st->is_out = 1;
	task_send(child, st, WIRE_HOW_FORKED, of_parent ? of_parent->thread : 0, now);
	return 0;
}

struct exec_record {
	struct wire_exec e;
	char args[WIRE_PATH_MAX];
};

static __noinline void exec_send(struct task_struct *task, const struct thread_state *st,
				 u32 old_tid, u64 now)
{
	struct exec_record *rec = bpf_ringbuf_reserve(&rare, sizeof(*rec), 0);
	u64 start, size;

	if (!rec) {
		__sync_fetch_and_add(&rare_lost, 1);
		return;
	}
	start = BPF_CORE_READ(task, mm, arg_start);
	size = BPF_CORE_READ(task, mm, arg_end) - start;
	if (size > WIRE_PATH_MAX)
		size = WIRE_PATH_MAX;
	__builtin_memset(&rec->e, 0, sizeof(rec->e));
	rec->e.time_ns = now;
	rec->e.tid = st->tid;
	rec->e.tgid = st->tgid;
	rec->e.old_tid = old_tid;
	if (!bpf_probe_read_user(rec->args, size, (void *)start))
		rec->e.args_size = size;
	bpf_probe_read_kernel(rec->e.comm, sizeof(rec->e.comm), task->comm);
	head_set(&rec->e.head, WIRE_EXEC, sizeof(*rec), 0, st->thread);
	bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
}

SEC("tp_btf/sched_process_exec")
int on_sched_process_exec(u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	u32 old_tid = ctx[1];
	struct thread_state *st = thread_find(task);
	u64 now;

	if (!st)
		return 0;
	now = bpf_ktime_get_ns();
	if (!st->thread) {
		if (!(st->mark & MARK_EXEC))
			return 0;
		thread_begin(st, task);
		st->in_ns = now;
		core_taken(now);
		task_send(task, st, WIRE_HOW_EXECED, 0, now);
	}
	if (config.stacks)
		unwind_exec(task->tgid);
	/* a thread that was not the leader now has the leader's TID */
	st->tid = task->pid;
	exec_send(task, st, old_tid, now);
	return 0;
}

SEC("tp_btf/task_rename")
int on_task_rename(u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	const char *comm = (void *)ctx[1];
	struct thread_state *st = thread_recorded(task);
	struct wire_comm *rec;

	if (!st)
		return 0;
	rec = bpf_ringbuf_reserve(&rare, sizeof(*rec), 0);
	if (!rec) {
		__sync_fetch_and_add(&rare_lost, 1);
		return 0;
	}
	rec->time_ns = bpf_ktime_get_ns();
	rec->tid = st->tid;
	rec->tgid = st->tgid;
	bpf_probe_read_kernel(rec->comm, sizeof(rec->comm), comm);
	head_set(&rec->head, WIRE_COMM, sizeof(*rec), 0, st->thread);
	bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
	return 0;
}

/* One reader at a time runs an iterator, so its records may lie here while they are made. */
static struct object_record iter_object;
static struct wire_switch iter_switch;
static struct wire_task iter_task;
static struct wire_short iter_short;

/*
 * The thread whose records did not fit into what user space reads at a time:
 * the kernel drops what was written of it and shows it again.
 */
static u32 iter_again;

static __always_inline void iter_write(struct bpf_iter__task *ctx, const void *record, u32 size,
				       u32 thread)
{
	if (bpf_seq_write(ctx->meta->seq, record, size))
		iter_again = thread;
}

#define task_read(to, size, from, task) bpf_copy_from_user_task(to, size, (void *)(from), task, 0)
#define no_read(to, size, from, task) ((void)(from), -1)

/* Who has the lock on a file that another task waits for; its bytes are user memory. */
static __always_inline void seed_file_lock(struct task_struct *task, struct thread_state *seed,
					   u64 file, bool may_sleep)
{
	if (may_sleep)
		file_lock_read(seed, task, file, task_read);
	else
		file_lock_read(seed, task, file, no_read);
}

/* What one task that is not current waits for; it may go on running meanwhile. */
static __always_inline void seed_reason(struct bpf_iter__task *ctx, struct task_struct *task,
					struct thread_state *seed, bool may_sleep, u64 now)
{
	u32 fd = -1, size;
	u64 file;
	u8 kind;

	if (seed->flags & WIRE_SWITCH_KTHREAD) {
		seed->nr = -1;
		return;
	}
	args_read(seed, (struct pt_regs *)bpf_task_pt_regs(task));
	kind = argument_kind(seed->nr);
	if (kind == CONFIG_ARG_VFORK)
		seed->flags |= WIRE_SWITCH_VFORK;
	if (kind == CONFIG_ARG_FUTEX) {
		seed->detail = WIRE_DETAIL_FUTEX;
		if (may_sleep)
			futex_read(seed, seed->args[0], task, task_read);
		return;
	}
	if (kind == CONFIG_ARG_SEMOP) {
		if (may_sleep)
			semaphore_read(seed, task, task_read);
		else
			semaphore_read(seed, task, no_read);
		return;
	}
	if (kind == CONFIG_ARG_POLL && seed->args[1] == 1 && may_sleep)
		bpf_copy_from_user_task(&fd, sizeof(fd), (void *)seed->args[0], task, 0);
	file = reason_file(task, seed, kind, fd);
	if (!file)
		return;
	reason_object(seed, file);
	/* the iterators' road is not the rings': say it again rather than too late */
	object_describe(&iter_object, file, seed->tgid, seed->object);
	size = object_finish(&iter_object, now);
	if (size <= sizeof(iter_object))
		iter_write(ctx, &iter_object, size, seed->thread);
	if (waits_for_file_lock(seed, kind))
		seed_file_lock(task, seed, file, may_sleep);
}

static __always_inline u16 task_cpu_of(struct task_struct *task)
{
	if (bpf_core_field_exists(task->thread_info.cpu))
		return task->thread_info.cpu;
	return ((struct task_struct___cpu *)task)->cpu;
}

static struct thread_state iter_state;

/* A signal is on its way that may interrupt the wait, or end the process. */
static __always_inline bool timer_is_armed(struct task_struct *task)
{
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	u64 list = (u64)signal + bpf_core_field_offset(struct signal_struct, posix_timers);
	u64 first = kernel_word((void *)list);
	struct hrtimer *timer;

	/* a list_head, before 6.12, leads to itself when it is empty, a hlist_head nowhere */
	if (first && first != list)
		return true;
	timer = (void *)signal + bpf_core_field_offset(struct signal_struct, real_timer);
	if (bpf_core_field_exists(((struct hrtimer___queued *)0)->is_queued))
		return BPF_CORE_READ((struct hrtimer___queued *)timer, is_queued);
	return bpf_core_field_exists(timer->state) && BPF_CORE_READ(timer, state);
}

/*
 * What ends the wait of a thread that is out if nobody else does: WIRE_WAKER_TIMER….
 * A lock is not given up because of a signal; what else is waited for may be.
 */
static __always_inline u8 open_timers(struct task_struct *task, const struct thread_state *st)
{
	struct file *file = (void *)st->last_file;
	u8 kind = argument_kind(st->nr), flags = 0;
	struct socket *socket;
	struct sock *sk;

	if (kind == CONFIG_ARG_SELECT && regs_fifth((struct pt_regs *)bpf_task_pt_regs(task)))
		return WIRE_WAKER_TIMER;
	if (kind != CONFIG_ARG_FUTEX && timer_is_armed(task))
		flags |= WIRE_WAKER_TIMER;
	if (st->detail != WIRE_DETAIL_OBJECT ||
	    (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return flags;
	socket = BPF_CORE_READ(file, private_data);
	sk = BPF_CORE_READ(socket, sk);
	if (BPF_CORE_READ(sk, sk_rcvtimeo) != MAX_SCHEDULE_TIMEOUT)
		flags |= WIRE_WAKER_TIMER_RECEIVE;
	if (BPF_CORE_READ(sk, sk_sndtimeo) != MAX_SCHEDULE_TIMEOUT)
		flags |= WIRE_WAKER_TIMER_SEND;
	return flags;
}

/* Says what a thread without a core is doing; whether it has one is the seed's business. */
static __always_inline void open_send(struct bpf_iter__task *ctx, struct task_struct *task,
				      const struct thread_state *st, u64 kernel_stack)
{
	u32 size = switch_fill(&iter_switch, st);

	/* who woke it before it left its core has not ended what it waits for since */
	if (st->woken_ns < st->out_ns) {
		iter_switch.woken_ns = 0;
		iter_switch.waker_flags = 0;
	}
	if (st->why == WIRE_WHY_BLOCKED)
		iter_switch.waker_flags |= open_timers(task, st);
	iter_switch.in_ns = bpf_ktime_get_ns();
	iter_switch.cpu = task_cpu_of(task);
	iter_switch.kernel_stack = kernel_stack;
	head_set(&iter_switch.head, WIRE_OPEN, size, st->flags, st->thread);
	if (size <= sizeof(iter_switch))
		iter_write(ctx, &iter_switch, size, st->thread);
}

static struct wire_look iter_look;

static __always_inline void look_registers(struct wire_look *look, struct task_struct *task)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);

#if defined(__TARGET_ARCH_x86)
	look->ip = regs->ip;
	look->sp = regs->sp;
	look->fp = regs->bp;
	look->di = regs->di;
#elif defined(__TARGET_ARCH_arm64)
	look->ip = regs->pc;
	look->sp = regs->sp;
	look->fp = regs->regs[29];
#endif
}

/* Where a thread stands in its code, should anybody walk its stack. */
static __always_inline void look_fill(struct wire_look *look, struct task_struct *task,
				      const struct thread_state *seed, u64 now)
{
	__builtin_memset(look, 0, sizeof(*look));
	head_set(&look->head, WIRE_LOOK, sizeof(*look), 0, seed->thread);
	look->time_ns = now;
	look->tid = seed->tid;
	look->tgid = seed->tgid;
	look->exec_ns = task->se.exec_start;
	look->cpu = task_cpu_of(task);
	if (!(seed->flags & WIRE_SWITCH_KTHREAD))
		look_registers(look, task);
}

/* Takes up one thread that exists: names it and says what it is doing. */
static __always_inline void seed_thread(struct bpf_iter__task *ctx, struct task_struct *task,
					bool may_sleep)
{
	struct thread_state *st = bpf_task_storage_get(&threads, task, NULL,
						       BPF_LOCAL_STORAGE_GET_F_CREATE);
	struct thread_state *seed = &iter_state;
	u32 state;
	u64 now;

	if (!st) {
		__sync_fetch_and_add(&storage_lost, 1);
		return;
	}
	if (st->thread && st->thread != iter_again)
		return;
	state = task_state(task);
	if (!st->thread) {
		/* before it is published: should it run meanwhile, its next switch-out tells */
		st->is_out = state != TASK_RUNNING || !task->on_cpu;
		thread_begin(st, task);
	}
	iter_again = 0;
	__builtin_memset(seed, 0, sizeof(*seed));
	seed->thread = st->thread;
	seed->tid = st->tid;
	seed->tgid = st->tgid;
	seed->voluntary = st->voluntary;
	seed->involuntary = st->involuntary;
	seed->nr = -1;
	seed->flags = out_flags(task, state);
	seed->why = state != TASK_RUNNING ? WIRE_WHY_BLOCKED
		    : task->on_cpu	  ? WIRE_WHY_RUNNING
					  : WIRE_WHY_PREEMPTED;
	now = bpf_ktime_get_ns();
	task_fill(&iter_task, task, st, WIRE_HOW_FOUND, now);
	iter_write(ctx, &iter_task, sizeof(iter_task), st->thread);
	if (seed->why == WIRE_WHY_BLOCKED) {
		seed_reason(ctx, task, seed, may_sleep, now);
		look_fill(&iter_look, task, seed, now);
		if (config.stacks)
			iter_write(ctx, &iter_look, sizeof(iter_look), seed->thread);
	}
	open_send(ctx, task, seed, 0);
}

static __always_inline int seed_task(struct bpf_iter__task *ctx, bool may_sleep)
{
	struct task_struct *task = ctx->task;
	struct thread_state *st;
	u32 tgid;
	u8 one = 1;

	if (!task || !task->pid)
		return 0;
	tgid = task->tgid;
	if (tgid == config.self_tgid)
		return 0;
	if (!config.all_tasks) {
		/* user space marked the leaders; their threads follow in the next pass */
		st = thread_find(task);
		if (st && st->mark & MARK_TARGET)
			bpf_map_update_elem(&targets, &tgid, &one, BPF_ANY);
		if (!bpf_map_lookup_elem(&targets, &tgid))
			return 0;
	}
	if (task->flags & PF_EXITING)
		return 0;
	seed_thread(ctx, task, may_sleep);
	return 0;
}

SEC("iter.s/task")
int seed_sleepable(struct bpf_iter__task *ctx)
{
	return seed_task(ctx, true);
}

/* For kernels whose iterators may not sleep (before 5.19): locks stay without owner. */
SEC("iter/task")
int seed_plain(struct bpf_iter__task *ctx)
{
	return seed_task(ctx, false);
}

/*
 * What a thread that is out waits for is read again: who held the lock when the
 * wait began may have given it to another since. One that was out before it was
 * watched has not been asked at all since it was taken up.
 */
static __always_inline void flush_reason(struct bpf_iter__task *ctx, struct task_struct *task,
					 const struct thread_state *st, struct thread_state *now,
					 bool may_sleep)
{
	u32 state = task_state(task), word;

	if (!st->out_ns) {
		now->flags = out_flags(task, state);
		now->why = WIRE_WHY_BLOCKED;
		now->nr = -1;
		seed_reason(ctx, task, now, may_sleep, bpf_ktime_get_ns());
	} else if (may_sleep && st->detail == WIRE_DETAIL_FUTEX &&
		   !bpf_copy_from_user_task(&word, sizeof(word), (void *)st->args[0], task, 0)) {
		futex_read(now, now->args[0], task, task_read);
	} else if (st->detail == WIRE_DETAIL_FILE_LOCK) {
		seed_file_lock(task, now, st->last_file, may_sleep);
	}
	/* without such a reading nothing that depends on it may be concluded */
	if (may_sleep && state != TASK_RUNNING && task->nvcsw == st->voluntary &&
	    task->nivcsw == st->involuntary)
		now->flags |= WIRE_SWITCH_STEADY;
}

/* At the end: who is still out, and for what. The probes are detached by then. */
static __always_inline int flush_task(struct bpf_iter__task *ctx, bool may_sleep)
{
	struct task_struct *task = ctx->task;
	struct thread_state *st, *now = &iter_state;

	if (!task || !task->pid)
		return 0;
	st = thread_recorded(task);
	if (!st)
		return 0;
	if (config.min_wait_ns && st->short_voluntary + st->short_involuntary) {
		short_fill(&iter_short, st, bpf_ktime_get_ns());
		iter_write(ctx, &iter_short, sizeof(iter_short), st->thread);
	}
	/* one that nobody has reaped yet is still listed; its end was told when it died */
	if (task_state(task) & TASK_DEAD)
		return 0;
	if (!st->is_out || (!st->out_ns && task_state(task) == TASK_RUNNING))
		return 0;
	__builtin_memcpy(now, st, sizeof(*now));
	if (!st->out_ns || st->why == WIRE_WHY_BLOCKED)
		flush_reason(ctx, task, st, now, may_sleep);
	open_send(ctx, task, now, 0);
	return 0;
}

SEC("iter.s/task")
int flush_sleepable(struct bpf_iter__task *ctx)
{
	return flush_task(ctx, true);
}

SEC("iter/task")
int flush_open(struct bpf_iter__task *ctx)
{
	return flush_task(ctx, false);
}

#endif
