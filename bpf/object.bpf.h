/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * object: what a descriptor leads to, read at the moment of the wait, before
 * anyone can close it.
 *
 * A wait record carries only the object's key. What it is (path, addresses) is
 * sent once, when the key was not seen lately. A thread that waits for the same
 * open file as the last time costs three reads.
 */
#ifndef RUNWAIT_BPF_OBJECT_H
#define RUNWAIT_BPF_OBJECT_H

#include "ring.bpf.h"

enum { PATH_DEPTH_MAX = 32, PATH_NAME_MAX = 256 };

struct object_record {
	struct wire_object o;
	char text[WIRE_PATH_MAX];
	char slack[PATH_NAME_MAX]; /* the last name may be written whole before it is refused */
};

static __always_inline struct mount *mount_of(struct vfsmount *vfs)
{
	return (void *)vfs - bpf_core_field_offset(struct mount, mnt);
}

/* Where the walk up to the root has come to: kernel pointers as numbers. */
struct path_walk {
	u64 dentry, mount;
	u32 used; /* of the record's text */
	u32 whole; /* the root was reached */
};

/*
 * One component with its NUL, or a step over a mount. Not 0: there is nothing
 * above. A function of its own, so that the verifier looks at it once and not
 * as often as the loop may run: that was half of what loading the probes cost.
 */
__noinline int object_path_step(struct object_record *rec, struct path_walk *w)
{
	struct dentry *dentry, *parent, *root;
	struct mount *mount;
	long n;

	if (!rec || !w)
		return 1;
	dentry = (void *)w->dentry;
	mount = (void *)w->mount;
	parent = BPF_CORE_READ(dentry, d_parent);
	root = BPF_CORE_READ(mount, mnt.mnt_root);
	if (dentry == root || dentry == parent) {
		struct mount *up = BPF_CORE_READ(mount, mnt_parent);

		if (up == mount || dentry != root) {
			w->whole = 1;
			return 1;
		}
		w->dentry = (u64)BPF_CORE_READ(mount, mnt_mountpoint);
		w->mount = (u64)up;
		return 0;
	}
	if (w->used >= WIRE_PATH_MAX - 1)
		return 1;
	n = bpf_probe_read_kernel_str(rec->text + masked(w->used, WIRE_PATH_MAX - 1), PATH_NAME_MAX,
				      BPF_CORE_READ(dentry, d_name.name));
	if (n <= 0)
		return 1;
	w->used += n;
	w->dentry = (u64)parent;
	return 0;
}

/* Appends components leaf first, each with its NUL, walking up through mounts. */
__noinline int object_path(struct object_record *rec, u64 file_address)
{
	struct file *file = (void *)file_address;
	struct path_walk w = { .dentry = (u64)BPF_CORE_READ(file, f_path.dentry),
			       .mount = (u64)mount_of(BPF_CORE_READ(file, f_path.mnt)) };

	if (!rec)
		return 0;
	for (int i = 0; i < PATH_DEPTH_MAX; i++)
		if (object_path_step(rec, &w))
			break;
	if (w.used > WIRE_PATH_MAX) {
		w.used = WIRE_PATH_MAX;
		w.whole = 0;
	}
	if (!w.whole)
		rec->o.head.flags |= WIRE_OBJECT_CUT;
	rec->o.text_size = w.used;
	return 0;
}

/* Copies a name, of at most sizeof(sockaddr_un.sun_path) bytes. */
static __always_inline void unix_copy(struct object_record *rec, struct unix_address *addr)
{
	s32 len = BPF_CORE_READ(addr, len) - (s32)sizeof(u16);

	if (len <= 0)
		return;
	if (len > 108)
		len = 108;
	/* sockaddr_un follows the struct's fixed part: its family, then the path */
	if (!bpf_probe_read_kernel(rec->text, len & 127,
				   (void *)addr + bpf_core_type_size(struct unix_address) +
					   sizeof(u16)))
		rec->o.text_size = len & 127;
}

/*
 * A server's end of a connection has the name that it listens at; the client's
 * has none, and is called as its peer. Of a pair neither has.
 */
static __always_inline void unix_name(struct object_record *rec, struct sock *sk)
{
	struct unix_sock *peer = (void *)BPF_CORE_READ((struct unix_sock *)sk, peer);
	struct unix_address *own = BPF_CORE_READ((struct unix_sock *)sk, addr), *of_peer = NULL;
	struct socket *socket;

	if (peer) {
		of_peer = BPF_CORE_READ(peer, addr);
		rec->o.head.flags |= WIRE_OBJECT_PAIRED;
		socket = BPF_CORE_READ((struct sock *)peer, sk_socket);
		/* not yet accepted, or closed: it has no inode then */
		if (socket)
			rec->o.peer = BPF_CORE_READ((struct socket_alloc *)socket, vfs_inode.i_ino);
	}
	if (of_peer) {
		rec->o.head.flags |= WIRE_OBJECT_OF_PEER;
		unix_copy(rec, of_peer);
	} else if (own) {
		unix_copy(rec, own);
	}
}

__noinline int object_socket(struct object_record *rec, u64 file_address)
{
	struct file *file = (void *)file_address;
	struct socket *socket = BPF_CORE_READ(file, private_data);
	struct sock *sk = BPF_CORE_READ(socket, sk);

	if (!rec || !sk)
		return 0;
	rec->o.family = BPF_CORE_READ(sk, __sk_common.skc_family);
	rec->o.state = BPF_CORE_READ(sk, __sk_common.skc_state);
	rec->o.protocol = BPF_CORE_READ(sk, sk_protocol);
	if (rec->o.family == AF_UNIX) {
		unix_name(rec, sk);
		return 0;
	}
	if (rec->o.family != AF_INET && rec->o.family != AF_INET6)
		return 0;
	rec->o.local_port = BPF_CORE_READ(sk, __sk_common.skc_num);
	rec->o.remote_port = __builtin_bswap16(BPF_CORE_READ(sk, __sk_common.skc_dport));
	if (rec->o.family == AF_INET) {
		u32 a = BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr);

		__builtin_memcpy(rec->o.local, &a, sizeof(a));
		a = BPF_CORE_READ(sk, __sk_common.skc_daddr);
		__builtin_memcpy(rec->o.remote, &a, sizeof(a));
	} else {
		BPF_CORE_READ_INTO(&rec->o.local, sk, __sk_common.skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO(&rec->o.remote, sk, __sk_common.skc_v6_daddr);
	}
	return 0;
}

/* All of them share one inode, or have one that leads nowhere. */
static __always_inline bool is_anonymous(const struct inode *inode)
{
	u64 magic = BPF_CORE_READ(inode, i_sb, s_magic);

	return magic == ANON_INODE_FS_MAGIC || magic == PIDFS_MAGIC;
}

static __always_inline u16 object_kind(const struct inode *inode, u16 mode)
{
	if (is_anonymous(inode))
		return WIRE_OBJECT_ANON;
	if (BPF_CORE_READ(inode, i_sb, s_magic) == MQUEUE_MAGIC)
		return WIRE_OBJECT_QUEUE;
	switch (mode & S_IFMT) {
	case S_IFSOCK:
		return WIRE_OBJECT_SOCKET;
	case S_IFIFO:
		return WIRE_OBJECT_PIPE;
	case S_IFBLK:
		return WIRE_OBJECT_BLOCK;
	case S_IFCHR:
		return WIRE_OBJECT_CHAR;
	default:
		return WIRE_OBJECT_FILE;
	}
}

/* Removed from its directory, or never in one (a pipe): d_unlinked() of linux/dcache.h. */
static __always_inline bool is_unhashed(struct file *file)
{
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);

	return !BPF_CORE_READ(dentry, d_hash.pprev) && dentry != BPF_CORE_READ(dentry, d_parent);
}

/*
 * Everything about the object behind a struct file. Global functions take
 * kernel pointers as numbers: the verifier checks each such function once.
 */
__noinline int object_describe(struct object_record *rec, u64 file_address, u32 tgid, u64 key)
{
	struct file *file = (void *)file_address;
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	const unsigned char *name = BPF_CORE_READ(file, f_path.dentry, d_name.name);

	if (!rec)
		return 0;
	__builtin_memset(&rec->o, 0, sizeof(rec->o));
	rec->o.kind = object_kind(inode, BPF_CORE_READ(inode, i_mode));
	rec->o.key = key;
	rec->o.tgid = tgid;
	rec->o.inode = BPF_CORE_READ(inode, i_ino);
	rec->o.device = BPF_CORE_READ(inode, i_sb, s_dev);
	if (rec->o.kind == WIRE_OBJECT_BLOCK || rec->o.kind == WIRE_OBJECT_CHAR)
		rec->o.device = BPF_CORE_READ(inode, i_rdev);
	if (rec->o.kind == WIRE_OBJECT_SOCKET) {
		object_socket(rec, file_address);
	} else if (rec->o.kind == WIRE_OBJECT_ANON) {
		/* "[eventfd]", "inotify"; a pidfd of a file system of its own has none */
		long n = bpf_probe_read_kernel_str(rec->text, 64, name);

		rec->o.text_size = n > 0 ? n & 127 : 0;
	} else {
		if (is_unhashed(file))
			rec->o.head.flags |= WIRE_OBJECT_DELETED;
		object_path(rec, file_address);
	}
	return 0;
}

static __always_inline u32 object_finish(struct object_record *rec, u64 now)
{
	u32 size = sizeof(rec->o) + ((rec->o.text_size + 7) & ~7u);

	rec->o.time_ns = now;
	head_set(&rec->o.head, WIRE_OBJECT, size, rec->o.head.flags, 0);
	return size;
}

/* One pointer or word of kernel memory: a plain load where the kernel lets us, else a helper's. */
static __always_inline u64 kernel_word(const void *address)
{
	u64 word = 0;

#ifndef RUNWAIT_PLAIN
	if (bpf_rdonly_cast)
		return ((struct timespec64 *)bpf_rdonly_cast(
				address, bpf_core_type_id_kernel(struct timespec64)))
			->tv_sec;
#endif
	bpf_probe_read_kernel(&word, sizeof(word), address);
	return word;
}

static __always_inline u64 file_inode(u64 file)
{
	return kernel_word((void *)file + bpf_core_field_offset(struct file, f_inode));
}

static __always_inline u64 file_operations(u64 file)
{
	return kernel_word((void *)file + bpf_core_field_offset(struct file, f_op));
}

static __always_inline u64 inode_number(u64 inode)
{
	return kernel_word((void *)inode + bpf_core_field_offset(struct inode, i_ino));
}

/* The struct file behind a descriptor of @task, as a number; 0 none. */
static __always_inline u64 file_of_fd(struct task_struct *task, u32 fd)
{
	/* plain loads: the verifier follows typed pointers, up to the array */
	struct files_struct *files = task->files;
	struct fdtable *fdt = files ? files->fdt : NULL;

	if (!fdt || fd >= fdt->max_fds)
		return 0;
	return kernel_word(fdt->fd + fd);
}

/*
 * Key of an object: its inode and device, but the address of the open file for
 * anonymous inodes, which all share one.
 */
static __always_inline u64 object_key(u64 file_address)
{
	struct file *file = (void *)file_address;
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	u64 ino = BPF_CORE_READ(inode, i_ino);
	u32 dev = BPF_CORE_READ(inode, i_sb, s_dev);

	/* the memory of a closed eventfd may become a timerfd: their operations differ */
	if (is_anonymous(inode))
		ino = file_address ^ wire_mix((u64)BPF_CORE_READ(file, f_op));
	return wire_object_key(ino, dev);
}

/* True when the object must be described now; marks it as sent. */
static __always_inline bool object_is_new(u64 key)
{
	u64 *slot = &objects_sent[(key >> 1) & (sizeof(objects_sent) / sizeof(u64) - 1)];

	if (*slot == key)
		return false;
	*slot = key;
	return true;
}

static __always_inline void object_forget(u64 key)
{
	objects_sent[(key >> 1) & (sizeof(objects_sent) / sizeof(u64) - 1)] = 0;
}

#endif
