/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * wire: what the probes (bpf/) say to user space, byte for byte.
 *
 * Both sides compile this file. Records are native-endian, 8-byte aligned and
 * begin with struct wire_head; a reader skips a type it does not know by its
 * size. They never leave the machine: capture files have a format of their own.
 *
 * Two roads lead to user space, each in its own order, to be merged by time:
 *  - rings: one a CPU, plain memory shared by mmap, written with interrupts
 *    off (sched_switch, the sampler). See struct wire_ring. With --loops there
 *    is a second one a CPU, behind the others, for what comes from system calls.
 *  - a BPF ring buffer for what is rare and may be interrupted: task life,
 *    seeds, open waits.
 * Times are CLOCK_MONOTONIC in ns. A thread is named by `thread`, a number
 * that is never used again during a recording (TIDs are), beside its TID.
 */
#ifndef RUNWAIT_WIRE_H
#define RUNWAIT_WIRE_H

#ifndef __bpf__
#include <linux/types.h>
#endif

enum {
	WIRE_COMM_SIZE = 16, /* TASK_COMM_LEN of the kernel */
	WIRE_STACK_DEPTH_MAX = 256, /* frames in a stack; deeper ones are cut and flagged */
	WIRE_PATH_MAX = 512, /* bytes of a path or command line that are kept */
	WIRE_FUTEX_WORDS = 12, /* 32-bit words read around a futex */
	WIRE_FUTEX_BEFORE = 4, /* of which lie before its address */
};

enum wire_type {
	WIRE_SWITCH = 1, /* struct wire_switch: a thread got a core; why it had none */
	WIRE_OPEN = 2, /* struct wire_switch: what a thread does as recording begins or ends */
	WIRE_OFF = 3, /* struct wire_off: a core left the target */
	WIRE_DEAD = 4, /* struct wire_off: a thread's last switch-out */
	WIRE_SAMPLE = 5, /* struct wire_sample */
	WIRE_STACK = 6, /* struct wire_stack: sent before the first record that names it */
	WIRE_LOST = 7, /* struct wire_lost: the ring was full */
	WIRE_OBJECT = 8, /* struct wire_object: sent before the first record that names it */
	WIRE_TASK = 9, /* struct wire_task: a thread is now recorded */
	WIRE_EXEC = 10, /* struct wire_exec */
	WIRE_COMM = 11, /* struct wire_comm */
	WIRE_SHORT = 12, /* struct wire_short: waits below --min-wait, summed */
	WIRE_POLL = 13, /* struct wire_poll: a call that waits for many things returned */
	WIRE_LOOK = 14, /* struct wire_look: before the WIRE_OPEN of who was out already */
	WIRE_ENDPOINT = 15, /* struct wire_endpoint */
	WIRE_MEMORY = 16, /* struct wire_memory: behind a WIRE_STACK_UNTOLD */
};

struct wire_head {
	__u16 size; /* of the whole record, a multiple of 8 */
	__u8 type; /* enum wire_type */
	__u8 flags; /* per type */
	__u32 thread; /* 0: none */
};

/* Why a thread left its core (wire_switch.why). */
enum wire_why {
	WIRE_WHY_UNKNOWN = 0, /* it was out before it was watched, and nothing more is known */
	WIRE_WHY_BLOCKED = 1, /* it waits; counted as voluntary by the kernel */
	WIRE_WHY_PREEMPTED = 2, /* still wants the core: preemption or sched_yield */
	WIRE_WHY_NEW = 3, /* just forked: woken_ns is when it was first put on a run queue */
	WIRE_WHY_RUNNING = 4, /* WIRE_OPEN only: it was on a core */
	/* its control group has used up its quota: args are that and the period of it, in ns */
	WIRE_WHY_THROTTLED = 5,
};

/* wire_switch.head.flags */
enum {
	WIRE_SWITCH_VOLUNTARY = 1, /* the kernel counted the switch-out in nvcsw, else in nivcsw */
	WIRE_SWITCH_IOWAIT = 2, /* task->in_iowait at switch-out */
	WIRE_SWITCH_UNINTERRUPTIBLE = 4, /* TASK_UNINTERRUPTIBLE */
	WIRE_SWITCH_STOPPED = 8, /* stopped or traced */
	WIRE_SWITCH_VFORK = 16, /* waits for a vfork child (task->vfork_done of the child) */
	WIRE_SWITCH_KTHREAD = 32, /* a kernel thread: no system call, no user registers */
	WIRE_SWITCH_INFERRED = 64, /* in_ns and woken_ns are from the kernel's sums, not seen */
	WIRE_SWITCH_STEADY = 128, /* WIRE_OPEN: blocked, and had not run between two looks at it */
};

/* wire_switch.waker_flags */
enum {
	WIRE_WAKER_SEEN = 1, /* sched_waking ran for this wait; without it woken_ns is 0 */
	WIRE_WAKER_INTERRUPT = 2, /* it ran on an interrupt stack: an interrupt or softirq */
	WIRE_WAKER_IDLE = 4, /* current was the idle task: surely an interrupt */
	WIRE_WAKER_USER = 8, /* current was interrupted in user mode: surely an interrupt */
	WIRE_WAKER_KTHREAD = 16, /* current was a kernel thread */
	/* WIRE_OPEN only: what will end the wait if nobody else does */
	WIRE_WAKER_TIMER = 32, /* the call's own timeout, or a timer that signals the process */
	WIRE_WAKER_TIMER_RECEIVE = 64, /* its socket's SO_RCVTIMEO */
	WIRE_WAKER_TIMER_SEND = 128, /* its socket's SO_SNDTIMEO */
};

/* wire_file_lock.kind */
enum {
	WIRE_FILE_LOCK_WHOLE = 1, /* flock(2): of the open file, on the whole of it */
	WIRE_FILE_LOCK_RANGE = 2, /* fcntl(2): of a process or an open file, on some bytes */
};

/* A lock on a file: what is asked for, and one that is in its way. */
struct wire_file_lock {
	__u64 object; /* key of the file's wire_object */
	__u64 start, end; /* the bytes, both ends included; RANGE */
	/* whose processes may let go of it: wire_open_key(); 0: no open file's, or none found */
	__u64 open_file;
	__u32 holder; /* the process that took it; 0 unknown */
	__u32 kind;
};

/* A semaphore of System V. */
struct wire_semaphore {
	__u32 ipc_namespace; /* inode */
	__s32 id;
	__u32 number; /* in the set; WIRE_SEMAPHORES: the operation is on several */
	__u32 pad;
};

#define WIRE_SEMAPHORES 0xffffffffu

/*
 * One a wait, sent when the thread gets a core again. Runs are what lies
 * between. nr is the system call it was in (-1: none: a page fault, a
 * preemption in user mode); args are its first four arguments. The user stack is
 * that of where it stood when it left the core, blocked or not. The record may
 * end before args, or before what detail does not announce: what is beyond its
 * size is 0.
 */
struct wire_switch {
	struct wire_head head;
	__u32 tid, tgid;
	__u64 out_ns; /* 0: was out when it began to be watched */
	__u64 woken_ns; /* put on a run queue; 0: not seen */
	__u64 in_ns; /* got the core; WIRE_OPEN: when it was looked at */
	__u32 voluntary, involuntary; /* its nvcsw and nivcsw, after the switch-out */
	__u16 cpu; /* that it got */
	__u8 why; /* enum wire_why */
	__u8 waker_flags;
	__s16 nr;
	__s16 waker_nr; /* system call of the waker, -1 none */
	__u32 waker_tid; /* current at sched_waking */
	__u32 detail; /* what follows args: WIRE_DETAIL_… */
	__u64 user_stack, kernel_stack; /* hashes; 0: none taken */
	__u64 waker_stack; /* user stack of the waker; 0: none taken */
	__u64 args[4];
	union {
		__u32 futex[WIRE_FUTEX_WORDS]; /* at args[0] - 4 * WIRE_FUTEX_BEFORE … */
		__u64 object; /* key of a wire_object */
		struct wire_file_lock file_lock;
		struct wire_semaphore semaphore;
	};
};

/* wire_switch.detail */
enum {
	WIRE_DETAIL_NONE, /* of the union nothing counts */
	WIRE_DETAIL_FUTEX,
	WIRE_DETAIL_OBJECT,
	WIRE_DETAIL_FILE_LOCK,
	WIRE_DETAIL_SEMAPHORE,
};

/* @thread's core goes to a thread that is not recorded (or, DEAD, it ends). */
struct wire_off {
	struct wire_head head;
	__u64 time_ns;
	__u32 tid, tgid;
	__u32 voluntary, involuntary;
	__u16 cpu;
	__u16 pad[3];
};

struct wire_sample {
	struct wire_head head;
	__u64 time_ns;
	__u32 tid, tgid;
	__u64 user_stack, kernel_stack;
	__u16 cpu;
	__u16 pad[3];
};

/* wire_stack.head.flags */
enum {
	WIRE_STACK_KERNEL = 1,
	WIRE_STACK_TRUNCATED = 2, /* deeper than WIRE_STACK_DEPTH_MAX */
	WIRE_STACK_COMPLETE = 4, /* the walk ended at the root, not before */
	/* it led through code that the probes were not told of yet: its memory may follow */
	WIRE_STACK_UNTOLD = 8,
};

struct wire_stack {
	struct wire_head head;
	__u64 time_ns;
	__u64 hash; /* of tgid (0 for kernel stacks), frames and, of user stacks, flags */
	__u32 tgid;
	__u32 count;
	__u64 frames[]; /* leaf first; frames[0] is exact, the others are return addresses */
};

enum { WIRE_MEMORY_SIZE = 2048, WIRE_MEMORY_PIECES = 16, WIRE_MEMORY_REGISTERS = 15 };

/*
 * A piece of the memory that the stack of this hash lies in, from the stack pointer
 * upwards, each piece where the one before it ends; there may be fewer than the stack
 * needs. For user space to walk, which knows of new code when it reads this.
 */
struct wire_memory {
	struct wire_head head;
	__u64 time_ns;
	__u64 hash; /* of the wire_stack right before */
	__u64 ip, sp; /* user registers, as the stack's walk began */
	__u64 registers[WIRE_MEMORY_REGISTERS]; /* the others: struct pt_regs, r15 to rdi */
	__u64 address; /* of the piece */
	__u64 words[]; /* as many as the record has room for, at most WIRE_MEMORY_SIZE bytes */
};

/* wire_lost.cause and the counters of struct wire_ring */
enum wire_loss {
	WIRE_LOSS_RING, /* records: a CPU's ring was full */
	WIRE_LOSS_RARE, /* records: the ring buffer of rare records was full */
	WIRE_LOSS_STORAGE, /* threads that got no task storage: not recorded */
	WIRE_LOSS_STACK, /* stacks that did not fit or could not be read */
	WIRE_LOSS_WAKER, /* waits that ended without a sched_waking seen */
	WIRE_LOSS_MISSED, /* runs of a probe that the kernel skipped (recursion) */
	WIRE_LOSS_POLL, /* returns to event loops: the ring for them was full */
	WIRE_LOSS_CODE, /* code whose unwind table, or whose mapping, there was no room for */
	WIRE_LOSS_COUNT,
};

struct wire_lost {
	struct wire_head head;
	__u64 from_ns, to_ns; /* nothing of this CPU is known between */
	__u64 count; /* records */
	__u16 cpu;
	__u16 pad[3];
};

enum wire_object_kind {
	WIRE_OBJECT_FILE = 1, /* regular file or directory */
	WIRE_OBJECT_BLOCK = 2,
	WIRE_OBJECT_CHAR = 3, /* tty and other character devices */
	WIRE_OBJECT_PIPE = 4, /* pipe or FIFO */
	WIRE_OBJECT_SOCKET = 5,
	WIRE_OBJECT_ANON = 6, /* anonymous inode; text is "[eventfd]", "[timerfd]" … */
	WIRE_OBJECT_QUEUE = 7, /* POSIX message queue */
};

/* wire_object.head.flags */
enum {
	WIRE_OBJECT_DELETED = 1, /* no directory has it any more */
	WIRE_OBJECT_CUT = 2, /* the beginning of its path did not fit */
	WIRE_OBJECT_OF_PEER = 4, /* unix: the name is the other end's, which it connected to */
	WIRE_OBJECT_PAIRED = 8, /* unix: it has an other end */
};

/*
 * Something that a descriptor or a path leads to. Sockets: addresses in
 * network order, ports in host order. text: path, reversed by component (leaf
 * first: "x\0lib\0var\0" for /var/lib/x), or a name.
 */
struct wire_object {
	struct wire_head head;
	__u64 time_ns;
	__u64 key;
	__u64 inode;
	__u64 peer; /* inode of the other end: connected unix sockets; 0 unknown */
	__u32 device; /* kernel's dev_t: major << 20 | minor */
	__u32 tgid; /* who was seen waiting for it first */
	__u16 kind; /* enum wire_object_kind */
	__u16 family, protocol, state; /* sockets: AF_, IPPROTO_, TCP state */
	__u16 local_port, remote_port;
	__u32 text_size;
	__u8 local[16], remote[16]; /* IPv4 in the first 4 bytes */
	char text[]; /* text_size bytes, padded to 8 */
};

/* How a thread came to be recorded (wire_task.how). */
enum wire_how {
	WIRE_HOW_FOUND = 1, /* existed when recording began */
	WIRE_HOW_FORKED = 2, /* fork, vfork, clone, pthread_create by a recorded thread */
	WIRE_HOW_EXECED = 3, /* the command itself, at its exec */
	WIRE_HOW_SEEN = 4, /* -a: first seen by the scheduler */
};

struct wire_task {
	struct wire_head head;
	__u64 time_ns;
	__u64 start_boot_ns; /* task->start_boottime: identifies the process in /proc */
	__u32 tid, tgid;
	__u32 parent_tgid; /* real_parent's process */
	__u32 parent_thread; /* who forked it; 0 */
	__u32 voluntary, involuntary;
	__u8 how;
	__u8 kthread;
	__u16 cpu; /* where it was taken up */
	/* what it calls itself (gettid), where that is not its TID: in a PID
	 * namespace below the first one, named by its inode; else both are 0 */
	__u32 own_tid;
	__u32 pid_namespace;
	__u8 pad[4];
	char comm[WIRE_COMM_SIZE];
};

struct wire_exec {
	struct wire_head head;
	__u64 time_ns;
	__u32 tid, tgid;
	__u32 old_tid; /* a thread that was not the leader takes the leader's TID */
	__u32 args_size;
	char comm[WIRE_COMM_SIZE];
	char args[]; /* argv, NUL-separated, cut at WIRE_PATH_MAX, padded to 8 */
};

struct wire_comm {
	struct wire_head head;
	__u64 time_ns;
	__u32 tid, tgid;
	char comm[WIRE_COMM_SIZE];
};

/* What --min-wait sums up, by what the wait looked like from the kernel. */
struct wire_short {
	struct wire_head head;
	__u64 time_ns; /* end of the time that the sums are about */
	__u32 tid, tgid;
	__u32 voluntary, involuntary; /* switches that are in the sums */
	__u64 wait_ns, runnable_ns;
	__s16 nr; /* the system call of these waits; -1 none */
	__u16 cpu;
	__u16 pad[2];
};

/* wire_poll.head.flags */
enum wire_poll_kind {
	WIRE_POLL_EPOLL = 1, /* epoll_wait, epoll_pwait, epoll_pwait2 */
	WIRE_POLL_POLL = 2, /* poll, ppoll */
	WIRE_POLL_SELECT = 3, /* select, pselect6 */
	WIRE_POLL_IO_URING = 4, /* io_uring_enter that may wait */
};

/*
 * A thread comes back from a call of the poll family, whether it blocked or
 * not. sequence counts the thread's calls from 1, so a gap shows a loss.
 */
struct wire_poll {
	struct wire_head head;
	__u64 time_ns;
	__u64 sp; /* user stack pointer: calls from one place of a loop have the same */
	__u32 sequence;
	__u32 count; /* descriptors it asked about; epoll: most events it wants */
	__s32 result; /* of the call: events, or a negative errno */
	__u32 fd; /* of epoll and io_uring, else 0 */
	__u32 accepts; /* connections that the thread accepted since the last one */
	__u16 cpu;
	__u16 pad;
};

/* What is needed to walk the user stack of a thread that is not current, and to date its wait. */
struct wire_look {
	struct wire_head head;
	__u64 time_ns;
	__u32 tid, tgid;
	__u32 cpu; /* that it had last */
	__u32 pad;
	__u64 exec_ns; /* that CPU's run-queue clock when it lost it */
	__u64 ip, sp, fp, di; /* user registers at its last entry into the kernel */
	__u64 peer; /* waits for a Unix socket: key of the object at its other end; 0 */
};

/* A process has something open: one of its descriptors. */
struct wire_endpoint {
	struct wire_head head;
	__u64 key; /* of the wire_object */
	__u32 tgid, fd;
	__u32 roles; /* END_… of core/event.h; the probes know 1 for reading, 2 for writing */
	__u32 kthread;
	char comm[WIRE_COMM_SIZE];
};

static inline __u64 wire_mix(__u64 x)
{
	x *= 0x9e3779b97f4a7c15ull;
	return x ^ (x >> 29);
}

/* The key of a wire_object of which all open files share the inode: not of anonymous ones. */
static inline __u64 wire_object_key(__u64 inode, __u32 device)
{
	return wire_mix(wire_mix(inode) + device) | 1;
}

/* The key of what the open file itself, not its inode, is known by: struct file's address. */
static inline __u64 wire_open_key(__u64 file)
{
	return wire_mix(wire_mix(file) ^ 0x6f70656e) | 1;
}

/*
 * One CPU's ring: an element of a mmapable array map. The probes write at
 * head % size, user space reads at tail. Both only grow. A record is never
 * split: it may run over the end into `slack`, and the next one then begins
 * where head % size says, so the bytes it overlaps at the front stay unused.
 * head is stored with release, after the record.
 */
enum { WIRE_RING_SLACK = 4096, WIRE_RING_DATA = 4096 };

struct wire_ring {
	__u64 head; /* bytes ever written */
	__u64 pad0[7];
	__u64 tail; /* bytes ever read; user space's */
	__u64 pad1[7];
	/* the probes' own: not for user space but for reading */
	__u64 lost_since_ns; /* 0: nothing lost since the last WIRE_LOST */
	__u64 lost_count;
	__u64 loss[8]; /* totals by enum wire_loss */
	__u64 clock_offset; /* CLOCK_MONOTONIC less this CPU's run-queue clock */
	__u64 clock_late; /* switches, just now, at which it seemed to be much more */
	/* core use, for time up to switched_ns; then the core was given to `now` */
	__u64 switched_ns;
	__u64 target_ns, other_ns, idle_ns;
	__u64 now; /* 0 unknown, 1 target, 2 other, 3 idle */
	/* data begins at WIRE_RING_DATA */
};

#endif
