/* SPDX-License-Identifier: GPL-2.0-only */
#include "core/classify.h"

#include "core/callers.h"

/* Of fcntl(2); the same numbers on every architecture that counts. */
enum { CMD_SETLKW = 7, CMD_OFD_SETLKW = 38 };

enum {
	FUTEX_CONTENDED = 2, /* Drepper, "Futexes are tricky": held, and somebody waits */
	LOCK_WAITS_MIN = 4, /* so many waits for that are no accident */
};

#define NEVER_A_LOCK UINT64_MAX

enum family {
	FAMILY_NONE, /* the call says nothing: its object or its place in the kernel may */
	FAMILY_FUTEX,
	FAMILY_IDLE, /* waits for work on many descriptors */
	FAMILY_SIGNAL, /* for a signal, whatever it will say */
	FAMILY_POLL,
	FAMILY_SELECT,
	FAMILY_SLEEP,
	FAMILY_FILE, /* writes back, or reads a directory: only files have that */
	FAMILY_OPEN, /* a path, too, but what it finds may be a FIFO or a terminal */
	FAMILY_PATH, /* goes through a path, without a descriptor */
	FAMILY_SOCKET,
	FAMILY_QUEUE, /* message queues: pipes by another name */
	FAMILY_CHILD,
	FAMILY_FORK,
	FAMILY_SEMAPHORE, /* System V */
	FAMILY_FLOCK,
	FAMILY_FCNTL,
	FAMILY_SETUP, /* has an epoll or io_uring descriptor, but does not wait for events */
};

static const uint8_t families[SYSCALL_COUNT] = {
	[SYSCALL_FUTEX] = FAMILY_FUTEX,
	[SYSCALL_FUTEX_WAIT] = FAMILY_FUTEX,
	[SYSCALL_FUTEX_WAITV] = FAMILY_FUTEX,
	[SYSCALL_EPOLL_WAIT] = FAMILY_IDLE,
	[SYSCALL_EPOLL_WAIT_OLD] = FAMILY_IDLE,
	[SYSCALL_EPOLL_PWAIT] = FAMILY_IDLE,
	[SYSCALL_EPOLL_PWAIT2] = FAMILY_IDLE,
	[SYSCALL_IO_URING_ENTER] = FAMILY_IDLE,
	[SYSCALL_ACCEPT] = FAMILY_IDLE,
	[SYSCALL_ACCEPT4] = FAMILY_IDLE,
	[SYSCALL_PAUSE] = FAMILY_SIGNAL,
	[SYSCALL_RT_SIGSUSPEND] = FAMILY_SIGNAL,
	[SYSCALL_RT_SIGTIMEDWAIT] = FAMILY_SIGNAL,
	[SYSCALL_POLL] = FAMILY_POLL,
	[SYSCALL_PPOLL] = FAMILY_POLL,
	[SYSCALL_SELECT] = FAMILY_SELECT,
	[SYSCALL_PSELECT6] = FAMILY_SELECT,
	[SYSCALL_NANOSLEEP] = FAMILY_SLEEP,
	[SYSCALL_CLOCK_NANOSLEEP] = FAMILY_SLEEP,
	[SYSCALL_FSYNC] = FAMILY_FILE,
	[SYSCALL_FDATASYNC] = FAMILY_FILE,
	[SYSCALL_SYNC] = FAMILY_FILE,
	[SYSCALL_SYNCFS] = FAMILY_FILE,
	[SYSCALL_SYNC_FILE_RANGE] = FAMILY_FILE,
	[SYSCALL_MSYNC] = FAMILY_FILE,
	[SYSCALL_READAHEAD] = FAMILY_FILE,
	[SYSCALL_FALLOCATE] = FAMILY_FILE,
	[SYSCALL_FTRUNCATE] = FAMILY_FILE,
	[SYSCALL_COPY_FILE_RANGE] = FAMILY_FILE,
	[SYSCALL_GETDENTS] = FAMILY_FILE,
	[SYSCALL_GETDENTS64] = FAMILY_FILE,
	[SYSCALL_IO_SUBMIT] = FAMILY_FILE,
	[SYSCALL_IO_GETEVENTS] = FAMILY_FILE,
	[SYSCALL_IO_PGETEVENTS] = FAMILY_FILE,
	[SYSCALL_OPEN] = FAMILY_OPEN,
	[SYSCALL_OPENAT] = FAMILY_OPEN,
	[SYSCALL_OPENAT2] = FAMILY_OPEN,
	[SYSCALL_CREAT] = FAMILY_OPEN,
	[SYSCALL_STAT] = FAMILY_PATH,
	[SYSCALL_LSTAT] = FAMILY_PATH,
	[SYSCALL_NEWFSTATAT] = FAMILY_PATH,
	[SYSCALL_STATX] = FAMILY_PATH,
	[SYSCALL_STATFS] = FAMILY_PATH,
	[SYSCALL_ACCESS] = FAMILY_PATH,
	[SYSCALL_FACCESSAT] = FAMILY_PATH,
	[SYSCALL_FACCESSAT2] = FAMILY_PATH,
	[SYSCALL_RENAME] = FAMILY_PATH,
	[SYSCALL_RENAMEAT] = FAMILY_PATH,
	[SYSCALL_RENAMEAT2] = FAMILY_PATH,
	[SYSCALL_MKDIR] = FAMILY_PATH,
	[SYSCALL_MKDIRAT] = FAMILY_PATH,
	[SYSCALL_RMDIR] = FAMILY_PATH,
	[SYSCALL_MKNOD] = FAMILY_PATH,
	[SYSCALL_MKNODAT] = FAMILY_PATH,
	[SYSCALL_LINK] = FAMILY_PATH,
	[SYSCALL_LINKAT] = FAMILY_PATH,
	[SYSCALL_UNLINK] = FAMILY_PATH,
	[SYSCALL_UNLINKAT] = FAMILY_PATH,
	[SYSCALL_SYMLINK] = FAMILY_PATH,
	[SYSCALL_SYMLINKAT] = FAMILY_PATH,
	[SYSCALL_READLINK] = FAMILY_PATH,
	[SYSCALL_READLINKAT] = FAMILY_PATH,
	[SYSCALL_CHMOD] = FAMILY_PATH,
	[SYSCALL_FCHMODAT] = FAMILY_PATH,
	[SYSCALL_FCHMODAT2] = FAMILY_PATH,
	[SYSCALL_CHOWN] = FAMILY_PATH,
	[SYSCALL_LCHOWN] = FAMILY_PATH,
	[SYSCALL_FCHOWNAT] = FAMILY_PATH,
	[SYSCALL_TRUNCATE] = FAMILY_PATH,
	[SYSCALL_CHDIR] = FAMILY_PATH,
	[SYSCALL_UTIME] = FAMILY_PATH,
	[SYSCALL_UTIMES] = FAMILY_PATH,
	[SYSCALL_FUTIMESAT] = FAMILY_PATH,
	[SYSCALL_UTIMENSAT] = FAMILY_PATH,
	[SYSCALL_SETXATTR] = FAMILY_PATH,
	[SYSCALL_LSETXATTR] = FAMILY_PATH,
	[SYSCALL_GETXATTR] = FAMILY_PATH,
	[SYSCALL_LGETXATTR] = FAMILY_PATH,
	[SYSCALL_LISTXATTR] = FAMILY_PATH,
	[SYSCALL_LLISTXATTR] = FAMILY_PATH,
	[SYSCALL_REMOVEXATTR] = FAMILY_PATH,
	[SYSCALL_LREMOVEXATTR] = FAMILY_PATH,
	[SYSCALL_MOUNT] = FAMILY_PATH,
	[SYSCALL_UMOUNT2] = FAMILY_PATH,
	[SYSCALL_EXECVE] = FAMILY_PATH,
	[SYSCALL_EXECVEAT] = FAMILY_PATH,
	[SYSCALL_CONNECT] = FAMILY_SOCKET,
	[SYSCALL_SENDTO] = FAMILY_SOCKET,
	[SYSCALL_SENDMSG] = FAMILY_SOCKET,
	[SYSCALL_SENDMMSG] = FAMILY_SOCKET,
	[SYSCALL_RECVFROM] = FAMILY_SOCKET,
	[SYSCALL_RECVMSG] = FAMILY_SOCKET,
	[SYSCALL_RECVMMSG] = FAMILY_SOCKET,
	[SYSCALL_MQ_TIMEDSEND] = FAMILY_QUEUE,
	[SYSCALL_MQ_TIMEDRECEIVE] = FAMILY_QUEUE,
	[SYSCALL_MSGSND] = FAMILY_QUEUE,
	[SYSCALL_MSGRCV] = FAMILY_QUEUE,
	[SYSCALL_WAIT4] = FAMILY_CHILD,
	[SYSCALL_WAITID] = FAMILY_CHILD,
	[SYSCALL_FORK] = FAMILY_FORK,
	[SYSCALL_VFORK] = FAMILY_FORK,
	[SYSCALL_CLONE] = FAMILY_FORK,
	[SYSCALL_CLONE3] = FAMILY_FORK,
	[SYSCALL_SEMOP] = FAMILY_SEMAPHORE,
	[SYSCALL_SEMTIMEDOP] = FAMILY_SEMAPHORE,
	[SYSCALL_FLOCK] = FAMILY_FLOCK,
	[SYSCALL_FCNTL] = FAMILY_FCNTL,
	[SYSCALL_EPOLL_CTL] = FAMILY_SETUP,
	[SYSCALL_IO_URING_SETUP] = FAMILY_SETUP,
	[SYSCALL_IO_URING_REGISTER] = FAMILY_SETUP,
};

void classify_prepare(struct context *c)
{
	for (int nr = 0; nr < CONTEXT_SYSCALLS; nr++)
		c->family[nr] = families[syscall_identify(c->machine, nr)];
}

static enum family family_of(const struct context *c, int nr)
{
	return nr >= 0 && nr < CONTEXT_SYSCALLS ? c->family[nr] : FAMILY_NONE;
}

/*
 * The thread that the lock names as its owner, if it can be that one. Words of
 * memory may be anything: only a thread that can reach the lock is believed, and
 * one that has ended only when it was of the waiter's own process.
 */
static uint32_t futex_owner(struct context *c, const struct absence *a)
{
	const struct object *o;
	const struct thread *t, *waiter = &c->threads.list.at[a->thread];
	uint32_t index;

	if (!a->out->owner_tid)
		return THREAD_NONE;
	index = threads_last_of_own_tid(&c->threads, a->thread, a->out->owner_tid,
					max_u64(a->out_ns, c->first_ns));
	if (index == THREAD_NONE)
		return THREAD_NONE;
	t = &c->threads.list.at[index];
	/* only a deadlock with oneself never ends; otherwise the word was read late */
	if (index == a->thread && a->ended)
		return THREAD_NONE;
	if (t->process == waiter->process)
		return index;
	if (t->ended && t->end_ns < a->out_ns)
		return THREAD_NONE;
	o = objects_find(&c->objects, a->out->object);
	return o && o->flags & OBJECT_SHARED ? index : THREAD_NONE;
}

/* The thread that has a lock on a file, where its process has only one. */
static uint32_t file_lock_owner(const struct context *c, const struct absence *a)
{
	const struct threads *ts = &c->threads;
	const uint64_t *at = map_get(&ts->process_by_tgid, a->out->owner_tid);
	const struct process *p = at ? &ts->processes.at[*at] : NULL;

	/* that it was waited for and found free is told apart by nobody: it may be itself */
	return p && p->threads == 1 && (p->leader != a->thread || !a->ended) ? p->leader
									     : THREAD_NONE;
}

static const struct {
	uint8_t class, lock;
} futex_kinds[] = {
	[FUTEX_KIND_NONE] = { CLASS_SYNC, LOCK_UNKNOWN },
	[FUTEX_KIND_UNKNOWN] = { CLASS_SYNC, LOCK_UNKNOWN },
	[FUTEX_KIND_MUTEX] = { CLASS_LOCK, LOCK_MUTEX },
	[FUTEX_KIND_PI] = { CLASS_LOCK, LOCK_MUTEX },
	[FUTEX_KIND_RWLOCK] = { CLASS_LOCK, LOCK_RWLOCK },
	[FUTEX_KIND_CONDITION] = { CLASS_SYNC, LOCK_CONDITION },
	[FUTEX_KIND_SEMAPHORE] = { CLASS_SYNC, LOCK_SEMAPHORE },
	[FUTEX_KIND_BARRIER] = { CLASS_SYNC, LOCK_BARRIER },
	[FUTEX_KIND_JOIN] = { CLASS_SYNC, LOCK_JOIN },
};

/* What the functions of a stack say, which is looked up once. 0 or -ENOMEM. */
static int verdict_of(struct context *c, uint32_t user_stack, struct verdict *ret)
{
	size_t names = stacks_name_count(c->stacks);
	const uint64_t *known;

	*ret = (struct verdict){ .say = CALLERS_NOTHING };
	/* without any name, as before the end of a recording, nothing is worth keeping */
	if (!user_stack || !names)
		return 0;
	if (names != c->verdict_names)
		map_clear(&c->verdicts);
	c->verdict_names = names;
	known = map_get(&c->verdicts, user_stack);
	if (known) {
		*ret = (struct verdict){ (uint8_t)*known, (uint8_t)(*known >> 8),
					 (int8_t)(*known >> 16) };
		return 0;
	}
	*ret = callers_judge_stack(c->stacks, user_stack);
	return map_put(&c->verdicts, user_stack,
		       (uint64_t)(uint8_t)ret->lock << 16 | (uint64_t)ret->class << 8 | ret->say);
}

/*
 * Waiting for 2 and naming no owner: a lock of Rust, Go, GLib, or a counter that
 * is at 2. A lock is waited for with 2 again and again, and never with another
 * value. Counts such waits for the futex; false: none of them can be for a lock.
 */
static int looks_like_lock(struct context *c, const struct event_out *out, bool *ret)
{
	const uint64_t *seen = map_get(&c->twos, out->object);
	uint64_t waits = seen ? *seen : 0;

	if ((uint32_t)out->args[2] != FUTEX_CONTENDED)
		waits = NEVER_A_LOCK;
	else if (waits != NEVER_A_LOCK)
		waits++;
	*ret = waits != NEVER_A_LOCK && waits >= LOCK_WAITS_MIN;
	return out->object ? map_put(&c->twos, out->object, waits) : 0;
}

/* The kind that the words of a futex show, when no function says more than @say. */
static int kind_of_words(struct context *c, const struct absence *a, enum callers_say say,
			 uint8_t *ret)
{
	const struct event_out *out = a->out;
	bool vague, lock = true;
	int rc = 0;

	*ret = out->futex < ARRAY_COUNT(futex_kinds) ? out->futex : FUTEX_KIND_UNKNOWN;
	if (*ret == FUTEX_KIND_PI) /* the system call itself says so */
		return 0;
	vague = *ret == FUTEX_KIND_MUTEX && !out->owner_tid && out->args[2] == FUTEX_CONTENDED;
	if (say == CALLERS_NOTHING && (vague || *ret == FUTEX_KIND_UNKNOWN))
		rc = looks_like_lock(c, out, &lock);
	/* these layouts are the C library's, and it was not there */
	if (say == CALLERS_STRANGER || (vague && !lock))
		*ret = FUTEX_KIND_UNKNOWN;
	/* a thread is joined that there is */
	if (*ret == FUTEX_KIND_JOIN && out->owner_tid &&
	    threads_by_own_tid_at(&c->threads, a->thread, out->owner_tid,
				  max_u64(a->out_ns, c->first_ns)) == THREAD_NONE)
		*ret = FUTEX_KIND_UNKNOWN;
	return rc;
}

static int classify_futex(struct context *c, struct absence *a)
{
	const struct object *o = objects_find(&c->objects, a->out->object);
	struct verdict v;
	uint8_t kind;
	int rc;

	if (o && o->gil) {
		a->class = CLASS_GIL;
		a->lock = LOCK_GIL;
		return 0;
	}
	rc = verdict_of(c, a->out->user_stack, &v);
	if (!rc)
		rc = kind_of_words(c, a, v.say, &kind);
	if (rc)
		return rc;
	a->class = v.say == CALLERS_KNOWN ? v.class : futex_kinds[kind].class;
	a->lock = v.say == CALLERS_KNOWN ? v.lock : futex_kinds[kind].lock;
	/* an owner that was read as that of something else is none */
	if (a->class == CLASS_LOCK && a->lock == futex_kinds[kind].lock)
		a->owner = futex_owner(c, a);
	return 0;
}

/* What waiting for an object is; CLASS_OTHER: that does not tell. */
static enum wait_class class_of_object(const struct object *o)
{
	static const uint8_t classes[] = {
		[OBJECT_NONE] = CLASS_OTHER,	 [OBJECT_FILE] = CLASS_FILE,
		[OBJECT_BLOCK] = CLASS_FILE,	 [OBJECT_TTY] = CLASS_PIPE,
		[OBJECT_PIPE] = CLASS_PIPE,	 [OBJECT_SOCKET] = CLASS_SOCKET,
		[OBJECT_EVENTFD] = CLASS_PIPE,	 [OBJECT_TIMERFD] = CLASS_SLEEP,
		[OBJECT_SIGNALFD] = CLASS_PIPE,	 [OBJECT_EPOLL] = CLASS_IDLE,
		[OBJECT_INOTIFY] = CLASS_PIPE,	 [OBJECT_IO_URING] = CLASS_IDLE,
		[OBJECT_ANON] = CLASS_OTHER,	 [OBJECT_FUTEX] = CLASS_OTHER,
		[OBJECT_PIDFD] = CLASS_PIPE,	 [OBJECT_QUEUE] = CLASS_PIPE,
		[OBJECT_FILE_LOCK] = CLASS_LOCK, [OBJECT_SEMAPHORE] = CLASS_SYNC,
	};

	if (!o || o->kind >= ARRAY_COUNT(classes))
		return CLASS_OTHER;
	if (o->flags & OBJECT_LISTENING)
		return CLASS_IDLE;
	return classes[o->kind];
}

/* What the call alone says; CLASS_OTHER: nothing. */
static enum wait_class class_of_call(enum family family, const struct event_out *out,
				     enum wait_class of_object)
{
	bool io = out->flags & OUT_IOWAIT;

	switch (family) {
	case FAMILY_IDLE:
	case FAMILY_SIGNAL:
		return CLASS_IDLE;
	case FAMILY_POLL:
		if (!out->args[1])
			return CLASS_SLEEP;
		return of_object != CLASS_OTHER ? of_object : CLASS_IDLE;
	case FAMILY_SELECT:
		if (!out->args[0] || !(out->args[1] | out->args[2] | out->args[3]))
			return CLASS_SLEEP;
		return of_object != CLASS_OTHER ? of_object : CLASS_IDLE;
	case FAMILY_SLEEP:
		return CLASS_SLEEP;
	case FAMILY_QUEUE:
		return CLASS_PIPE;
	case FAMILY_SEMAPHORE:
		return CLASS_SYNC;
	case FAMILY_FLOCK:
		return CLASS_LOCK;
	case FAMILY_FCNTL:
		if (out->args[1] == CMD_SETLKW || out->args[1] == CMD_OFD_SETLKW)
			return CLASS_LOCK;
		return of_object;
	case FAMILY_SETUP:
		return CLASS_KERNEL;
	case FAMILY_FILE:
		return of_object != CLASS_OTHER ? of_object : CLASS_FILE;
	case FAMILY_OPEN:
	case FAMILY_PATH:
		return io || out->flags & OUT_UNINTERRUPTIBLE ? CLASS_FILE : CLASS_OTHER;
	case FAMILY_SOCKET:
		return of_object != CLASS_OTHER ? of_object : CLASS_SOCKET;
	case FAMILY_CHILD:
		return CLASS_CHILD;
	case FAMILY_FORK:
		return out->flags & OUT_VFORK ? CLASS_CHILD : CLASS_OTHER;
	default:
		return of_object;
	}
}

/* The last rows: where in the kernel it stood. */
static enum wait_class class_of_place(const struct event_out *out, uint8_t place)
{
	/* a fault that waits for the address space's lock does not wait for its page */
	if (place == PLACE_LOCK && !(out->flags & OUT_IOWAIT))
		return CLASS_KERNEL;
	if (out->nr < 0)
		return CLASS_FAULT;
	if (place == PLACE_LOCK)
		return CLASS_KERNEL;
	if (place == PLACE_IO || out->flags & OUT_IOWAIT)
		return CLASS_FILE;
	return CLASS_OTHER;
}

/*
 * A thread of the kernel waits for work interruptibly, or uninterruptibly but
 * not for the load average (TASK_IDLE), which the probes do not call
 * uninterruptible. Otherwise something holds it up in its work.
 */
static enum wait_class class_of_kthread(const struct event_out *out, uint8_t place)
{
	if (out->flags & OUT_IOWAIT || place == PLACE_IO)
		return CLASS_FILE;
	return out->flags & OUT_UNINTERRUPTIBLE || place == PLACE_LOCK ? CLASS_KERNEL : CLASS_IDLE;
}

/* An interrupt does not say what it is; what the thread waited for does. */
static enum ender interrupt_of(enum family family, const struct absence *a)
{
	if (family == FAMILY_SIGNAL) /* an alarm, or a key */
		return ENDER_INTERRUPT;
	if (family == FAMILY_SLEEP)
		return ENDER_TIMER;
	switch (a->class) {
	case CLASS_SLEEP:
		return ENDER_TIMER;
	case CLASS_LOCK:
	case CLASS_SYNC:
		/* only tasks wake; an interrupt is the end of the timeout, which is an argument */
		return family == FAMILY_FUTEX && a->out->args[3] ? ENDER_TIMER : ENDER_INTERRUPT;
	case CLASS_FILE:
		return ENDER_DISK;
	case CLASS_FAULT:
		return a->out->flags & OUT_IOWAIT ? ENDER_DISK : ENDER_INTERRUPT;
	case CLASS_SOCKET:
	case CLASS_IDLE:
		return ENDER_NETWORK;
	default:
		return ENDER_INTERRUPT;
	}
}

static void classify_ender(struct context *c, struct absence *a, enum family family)
{
	const struct event_out *out = a->out;

	if (out->waker == WAKER_INTERRUPT)
		a->ender = interrupt_of(family, a);
	if (out->waker != WAKER_TASK)
		return;
	a->ender = ENDER_THREAD;
	a->ender_id = threads_by_tid_at(&c->threads, out->waker_tid, a->woken_ns);
	if (a->ender_id == THREAD_NONE) {
		a->ender = ENDER_TASK;
		a->ender_id = out->waker_tid;
	}
}

/* A shell's `wait` sleeps until a signal comes: that of a child's end shows what it was for. */
static bool is_ended_by_child(struct context *c, const struct absence *a)
{
	struct threads *ts = &c->threads;
	uint32_t waiter = ts->list.at[a->thread].process, by;

	if (a->out->waker != WAKER_TASK)
		return false;
	switch (syscall_identify(c->machine, a->out->waker_nr)) {
	case SYSCALL_KILL:
	case SYSCALL_TKILL:
	case SYSCALL_TGKILL:
	case SYSCALL_RT_SIGQUEUEINFO:
	case SYSCALL_RT_TGSIGQUEUEINFO:
		return false;
	default:
		by = threads_by_tid_at(ts, a->out->waker_tid, a->woken_ns);
	}
	return by != THREAD_NONE && ts->processes.at[ts->list.at[by].process].parent_tgid ==
					    ts->processes.at[waiter].tgid;
}

/* What the functions say of those who wait for events: for another's lock, a nap, for work. */
static int ask_callers(struct context *c, struct absence *a, enum family family)
{
	struct verdict v;

	if (family != FAMILY_IDLE && family != FAMILY_SIGNAL && family != FAMILY_SLEEP)
		return 0;
	if (verdict_of(c, a->out->user_stack, &v))
		return -ENOMEM;
	if (v.say == CALLERS_KNOWN && (family != FAMILY_SLEEP || v.class == CLASS_IDLE))
		a->class = v.class;
	return 0;
}

static void classify_file_lock(const struct context *c, struct absence *a)
{
	if (a->class != CLASS_LOCK)
		return;
	a->lock = LOCK_FILE;
	a->owner = file_lock_owner(c, a);
}

static int classify_wait(struct context *c, struct absence *a, enum family family)
{
	const struct event_out *out = a->out;
	struct stack_view stack = { .place = PLACE_NONE };

	if (out->why != OUT_BLOCKED || out->flags & OUT_STOPPED)
		return 0;
	if (out->kernel_stack)
		stacks_get(c->stacks, out->kernel_stack, &stack);
	if (out->flags & OUT_KTHREAD) {
		a->class = class_of_kthread(out, stack.place);
		return 0;
	}
	/* a call that touches a page which is not there waits for that page */
	if (stack.place == PLACE_FAULT) {
		a->class = CLASS_FAULT;
		return 0;
	}
	if (family == FAMILY_FUTEX || out->futex != FUTEX_KIND_NONE)
		return classify_futex(c, a);
	if (family != FAMILY_NONE || out->object)
		a->class = class_of_call(family, out,
					 class_of_object(objects_find(&c->objects, out->object)));
	if (ask_callers(c, a, family))
		return -ENOMEM;
	if (family == FAMILY_SIGNAL && is_ended_by_child(c, a))
		a->class = CLASS_CHILD;
	if (a->class == CLASS_OTHER)
		a->class = class_of_place(out, stack.place);
	/* neither disk nor FUSE: for who opens the FIFO's other end (wait_for_partner() of
	 * fs/pipe.c), or for the carrier of a terminal's line */
	if (a->class == CLASS_OTHER && family == FAMILY_OPEN && out->kernel_stack)
		a->class = CLASS_PIPE;
	/* what goes out through a socket may come from a file: only disks are waited for so */
	if ((a->class == CLASS_SOCKET || a->class == CLASS_PIPE) && out->flags & OUT_IOWAIT)
		a->class = CLASS_FILE;
	/* an inode's lock is not the disk */
	if (a->class == CLASS_FILE && stack.place == PLACE_LOCK && !(out->flags & OUT_IOWAIT))
		a->class = CLASS_KERNEL;
	/* a fault may wait for the address space's lock */
	if ((a->class == CLASS_KERNEL || a->class == CLASS_FAULT) && stack.place == PLACE_LOCK)
		a->lock = LOCK_KERNEL;
	else if (family == FAMILY_SEMAPHORE)
		a->lock = LOCK_SEMAPHORE;
	else if (family == FAMILY_FLOCK || family == FAMILY_FCNTL)
		classify_file_lock(c, a);
	else if (a->class == CLASS_LOCK)
		a->lock = LOCK_UNKNOWN;
	return 0;
}

int classify(struct context *c, struct absence *a)
{
	enum family family = family_of(c, a->out->nr);
	int rc;

	a->class = CLASS_OTHER;
	a->lock = -1;
	a->owner = THREAD_NONE;
	a->ender = ENDER_UNKNOWN;
	a->ender_id = 0;
	rc = classify_wait(c, a, family);
	classify_ender(c, a, family);
	return rc;
}
