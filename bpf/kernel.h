/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kernel: THE KERNEL AS WE SEE IT. Only the types and fields that the probes
 * read, with the layout left to CO-RE: libbpf relocates every access to the
 * running kernel's own offsets. A field that some kernels lack is named in a
 * second flavour (struct x___note) and asked for with bpf_core_field_exists().
 */
#ifndef RUNWAIT_BPF_KERNEL_H
#define RUNWAIT_BPF_KERNEL_H

/* records are their head and, behind it, the room for their tail */
#pragma clang diagnostic ignored "-Wgnu-variable-sized-type-not-at-end"

typedef unsigned char __u8;
typedef signed char __s8;
typedef unsigned short __u16;
typedef short __s16;
typedef unsigned int __u32;
typedef int __s32;
typedef unsigned long long __u64;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef __u8 u8;
typedef __u16 u16;
typedef __s16 s16;
typedef __u32 u32;
typedef __s32 s32;
typedef __u64 u64;
typedef __s64 s64;
typedef _Bool bool;
#define true 1
#define false 0
#define NULL ((void *)0)

/* map types and flags, from the UAPI (linux/bpf.h): numbers never change */
enum {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_ARRAY_OF_MAPS = 12,
	BPF_MAP_TYPE_RINGBUF = 27,
	BPF_MAP_TYPE_TASK_STORAGE = 29,
	BPF_F_NO_PREALLOC = 1,
	BPF_F_MMAPABLE = 1 << 10,
	BPF_LOCAL_STORAGE_GET_F_CREATE = 1,
	BPF_RB_NO_WAKEUP = 1,
	BPF_ANY = 0,
};

enum {
	TASK_RUNNING = 0,
	TASK_UNINTERRUPTIBLE = 2,
	TASK_STOPPED = 4, /* __TASK_STOPPED */
	TASK_TRACED = 8, /* __TASK_TRACED */
	TASK_DEAD = 0x80, /* since 4.14 */
	TASK_NOLOAD = 0x400,
	PF_EXITING = 0x4,
	PF_KTHREAD = 0x00200000,
	FMODE_READ = 1, /* linux/fs.h; not relocated: never changed */
	FMODE_WRITE = 2,
	S_IFMT = 0170000,
	S_IFSOCK = 0140000,
	S_IFREG = 0100000,
	S_IFBLK = 0060000,
	S_IFDIR = 0040000,
	S_IFCHR = 0020000,
	S_IFIFO = 0010000,
	ANON_INODE_FS_MAGIC = 0x09041934,
	PIDFS_MAGIC = 0x50494446, /* since 6.9 */
	MQUEUE_MAGIC = 0x19800202,
	F_WRLCK = 1, /* the UAPI's, as all below */
	F_SETLKW = 7,
	F_OFD_SETLKW = 38,
	LOCK_EX = 2,
	SEEK_CUR = 1,
	SEEK_END = 2,
	AF_UNIX = 1,
	AF_INET = 2,
	AF_INET6 = 10,
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct pt_regs {
#if defined(__TARGET_ARCH_x86)
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax;
	unsigned long ip, cs, flags, sp, ss;
#elif defined(__TARGET_ARCH_arm64)
	u64 regs[31], sp, pc, pstate, orig_x0;
	s32 syscallno;
#endif
};

struct thread_info {
	u32 cpu; /* x86: since 6.x here, before in task_struct */
};

/* stands for any one 64-bit word of kernel memory: its first field is a plain number */
struct timespec64 {
	s64 tv_sec;
};

struct qstr {
	const unsigned char *name;
};

struct hlist_bl_node {
	struct hlist_bl_node **pprev; /* NULL: in no list */
};

struct dentry {
	struct hlist_bl_node d_hash;
	struct dentry *d_parent;
	struct qstr d_name;
};

struct vfsmount {
	struct dentry *mnt_root;
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct super_block {
	u32 s_dev;
	unsigned long s_magic;
};

struct list_head {
	struct list_head *next;
};

/* locks of files, flock's and those on bytes in lists of their own */
struct file_lock_context {
	struct list_head flc_flock, flc_posix;
};

struct file;

/*
 * Since 6.9 it has a struct file_lock_core in it. That is not named here: a type that
 * the kernel lacks libbpf looks for in its modules, which takes CAP_SYS_ADMIN.
 */
struct file_lock {
	struct {
		struct list_head flc_list;
		void *flc_owner; /* the open file; of fcntl's locks of processes, files_struct */
		unsigned char flc_type;
		int flc_pid;
		struct file *flc_file;
	} c;
	s64 fl_start, fl_end;
};

/* until 6.8 */
struct file_lock___flat {
	struct list_head fl_list;
	void *fl_owner;
	unsigned char fl_type;
	unsigned int fl_pid;
	struct file *fl_file;
};

struct inode {
	u16 i_mode;
	u32 i_rdev;
	struct super_block *i_sb;
	unsigned long i_ino;
	s64 i_size;
	struct file_lock_context *i_flctx; /* NULL: it never had a lock */
};

struct file_operations;

struct file {
	struct path f_path;
	unsigned int f_mode;
	struct inode *f_inode;
	const struct file_operations *f_op;
	s64 f_pos;
	void *private_data;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct in6_addr {
	u8 bytes[16];
};

struct sock_common {
	__be32 skc_daddr;
	__be32 skc_rcv_saddr;
	__be16 skc_dport;
	u16 skc_num;
	u16 skc_family;
	volatile u8 skc_state;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
};

struct socket;

/* LONG_MAX, linux/sched.h */
#define MAX_SCHEDULE_TIMEOUT 0x7fffffffffffffffL

struct sock {
	struct sock_common __sk_common;
	u16 sk_protocol; /* a bit field of 8 before 5.6 */
	u16 sk_type;
	long sk_rcvtimeo, sk_sndtimeo; /* jiffies; MAX_SCHEDULE_TIMEOUT: none */
	struct socket *sk_socket; /* NULL: no process has it any more */
};

struct socket {
	struct sock *sk;
};

/* a socket and its inode, one allocation */
struct socket_alloc {
	struct socket socket;
	struct inode vfs_inode;
};

struct unix_address {
	int len;
	/* struct sockaddr_un name[] follows: family (2 bytes), then the path */
};

struct unix_sock {
	struct unix_address *addr;
	struct sock *peer;
};

struct ns_common {
	unsigned int inum;
};

struct pid_namespace {
	struct ns_common ns;
};

struct ipc_namespace {
	struct ns_common ns;
};

struct nsproxy {
	struct ipc_namespace *ipc_ns;
};

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level; /* 0: the first namespace */
	struct upid numbers[1]; /* level + 1 of them */
};

struct mm_struct {
	unsigned long arg_start, arg_end;
};

/* A CPU's run queue. Its clocks stand at the last look that the scheduler took at the time. */
struct rq {
	u64 clock;
	u64 clock_task; /* without interrupts and what the hypervisor took */
};

struct cfs_bandwidth {
	u64 period; /* ktime_t */
	u64 quota; /* ~0: none */
};

struct task_group {
	struct cfs_bandwidth cfs_bandwidth; /* CONFIG_CFS_BANDWIDTH */
};

struct cfs_rq {
	struct rq *rq; /* CONFIG_FAIR_GROUP_SCHED, */
	struct task_group *tg; /* too */
	int throttle_count; /* CONFIG_CFS_BANDWIDTH: this one and those above it that are */
};

struct sched_entity {
	struct sched_entity *parent; /* CONFIG_FAIR_GROUP_SCHED: its group's, on the same core */
	struct cfs_rq *cfs_rq;       /* too: the one that it is in */
	u64 exec_start; /* run-queue clock when it was last charged for its time */
	u64 sum_exec_runtime;
};

struct sched_info {
	unsigned long long run_delay; /* total time on run queues; CONFIG_SCHED_INFO */
};

struct hrtimer {
	u8 state; /* 1: it is armed */
};

/* since 7.x */
struct hrtimer___queued {
	u8 is_queued;
};

struct signal_struct {
	struct {
	} posix_timers; /* a hlist_head; only its place is asked for */
	struct hrtimer real_timer; /* of alarm and setitimer */
};

struct task_struct {
	struct sched_entity se;
	struct sched_info sched_info;
	struct thread_info thread_info;
	unsigned int __state;
	void *stack;
	unsigned int flags;
	unsigned int on_cpu; /* 8 bits since 7.x; libbpf narrows loads of unsigned numbers only */
	struct mm_struct *mm;
	int pid, tgid;
	struct pid *thread_pid;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	u64 start_boottime;
	unsigned long nvcsw, nivcsw;
	unsigned in_execve : 1;
	unsigned in_iowait : 1;
	char comm[16];
	struct files_struct *files;
	struct nsproxy *nsproxy;
	struct signal_struct *signal;
};

/* until 6.x x86 kept the CPU here */
struct task_struct___cpu {
	unsigned int cpu;
};

/* until 5.13 */
struct task_struct___state {
	volatile long state;
};

struct linux_binprm;

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	u32 fd;
	struct file *file;
};

#pragma clang attribute pop

struct bpf_perf_event_data;

/*
 * Since 6.2: makes a number a typed pointer that plain, fault-proof loads may
 * follow. Where vmlinux lacks a kfunc, be it weak or not, libbpf 1.1 looks for
 * it in the modules, and fails when it may not list them: that takes
 * CAP_SYS_ADMIN. So the probes are there without kfuncs as well.
 */
#ifndef RUNWAIT_PLAIN
extern void *bpf_rdonly_cast(const void *address, u32 btf_id)
	__attribute__((section(".ksyms"), weak));
#endif

#endif
