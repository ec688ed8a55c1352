/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A record may be shorter than its struct (bpf/ leaves out unused tails), so
 * each is copied into a zeroed one of full size before it is looked at.
 */
#include "core/decode.h"

#include "base/map.h"
#include "core/futex.h"
#include "core/object_text.h"
#include "wire.h"

#include <inttypes.h>
#include <string.h>

struct decoder {
	enum machine machine;
	struct decode_ops ops;
	void *ctx;
	struct map stacks; /* hash to number */
	struct map objects; /* key of descriptors to number */
	struct map described; /* number of these to a hash of what they are called */
	struct map programs; /* TGID to how many programs it has been */
	struct intern futexes; /* struct futex_key, or the text of a shared one */
	struct map futex_objects; /* number in futexes to number of the object */
	struct map living; /* TID to (thread << 32 | TID) */
	struct map stack_of; /* number of a futex's object to that of whose stack it is on */
	struct map paths; /* number of what has a path to that in texts */
	struct intern texts;
	struct map locks; /* number of a struct lock_key in lock_keys to that of its object */
	struct intern lock_keys;
	uint32_t last_stack, last_object;
	uint64_t lost_stacks, lost_objects, bad_records;
	VEC(uint32_t) frames;
	struct strbuf text, local;
};

/* in place of a process: address is what the memory is, wherever it is mapped */
#define TGID_SHARED UINT32_MAX

/* An address means something else after an exec, or when a TGID comes again. */
struct futex_key {
	uint64_t address;
	uint32_t tgid, program;
};

/* A lock on a file, or a semaphore of System V. No padding: it is hashed as bytes. */
struct lock_key {
	uint64_t start, end;
	uint32_t of, kind; /* the file, and flock or fcntl; the IPC namespace, and 0 */
};

struct decoder *decoder_new(enum machine machine, const struct decode_ops *ops, void *ctx)
{
	struct decoder *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->machine = machine;
	d->ops = *ops;
	d->ctx = ctx;
	strbuf_init(&d->text);
	strbuf_init(&d->local);
	return d;
}

void decoder_free(struct decoder *d)
{
	if (!d)
		return;
	map_release(&d->stacks);
	map_release(&d->objects);
	map_release(&d->described);
	map_release(&d->programs);
	map_release(&d->futex_objects);
	map_release(&d->living);
	map_release(&d->stack_of);
	map_release(&d->paths);
	map_release(&d->locks);
	intern_release(&d->texts);
	intern_release(&d->lock_keys);
	intern_release(&d->futexes);
	vec_release(&d->frames);
	strbuf_release(&d->text);
	strbuf_release(&d->local);
	free(d);
}

uint64_t decoder_lost_stacks(const struct decoder *d)
{
	return d->lost_stacks;
}

uint64_t decoder_lost_objects(const struct decoder *d)
{
	return d->lost_objects;
}

uint64_t decoder_bad_records(const struct decoder *d)
{
	return d->bad_records;
}

static int bad(struct decoder *d)
{
	d->bad_records++;
	return 0;
}

static uint32_t stack_number(struct decoder *d, uint64_t hash)
{
	const uint64_t *n = hash ? map_get(&d->stacks, hash) : NULL;

	if (hash && !n)
		d->lost_stacks++;
	return n ? (uint32_t)*n : 0;
}

/* --- waits ------------------------------------------------------------------ */

/* System calls in whose course packets to this very machine are delivered. */
static bool sends_packets(enum syscall_id id)
{
	switch (id) {
	case SYSCALL_WRITE:
	case SYSCALL_WRITEV:
	case SYSCALL_SENDTO:
	case SYSCALL_SENDMSG:
	case SYSCALL_SENDMMSG:
	case SYSCALL_SENDFILE:
	case SYSCALL_SPLICE:
	case SYSCALL_CONNECT:
	case SYSCALL_ACCEPT:
	case SYSCALL_ACCEPT4:
	case SYSCALL_CLOSE:
	case SYSCALL_SHUTDOWN:
	case SYSCALL_READ:
	case SYSCALL_RECVFROM:
	case SYSCALL_RECVMSG:
	case SYSCALL_IO_URING_ENTER:
		return true;
	default:
		return false;
	}
}

/* System calls that such a packet can end the wait of. */
static bool takes_packets(enum syscall_id id)
{
	switch (id) {
	case SYSCALL_READ:
	case SYSCALL_READV:
	case SYSCALL_RECVFROM:
	case SYSCALL_RECVMSG:
	case SYSCALL_RECVMMSG:
	case SYSCALL_ACCEPT:
	case SYSCALL_ACCEPT4:
	case SYSCALL_CONNECT:
	case SYSCALL_EPOLL_WAIT:
	case SYSCALL_EPOLL_PWAIT:
	case SYSCALL_EPOLL_PWAIT2:
	case SYSCALL_POLL:
	case SYSCALL_PPOLL:
	case SYSCALL_SELECT:
	case SYSCALL_PSELECT6:
	case SYSCALL_IO_URING_ENTER:
	case SYSCALL_WRITE:
	case SYSCALL_SENDTO:
	case SYSCALL_SENDMSG:
		return true;
	default:
		return false;
	}
}

/*
 * On loopback the sender's own softirq delivers the packet, on the interrupt
 * stack: there the sender did it, as the two system calls show.
 */
static uint8_t waker_kind(const struct decoder *d, const struct wire_switch *w)
{
	if (!(w->waker_flags & WIRE_WAKER_SEEN))
		return WAKER_UNKNOWN;
	if (w->waker_flags & (WIRE_WAKER_IDLE | WIRE_WAKER_USER))
		return WAKER_INTERRUPT;
	if (!(w->waker_flags & WIRE_WAKER_INTERRUPT))
		return WAKER_TASK;
	return sends_packets(syscall_identify(d->machine, w->waker_nr)) &&
			       takes_packets(syscall_identify(d->machine, w->nr))
		       ? WAKER_TASK
		       : WAKER_INTERRUPT;
}

/* Whether the wait that is not over has an end of its own. */
static bool is_timed(const struct decoder *d, const struct wire_switch *w)
{
	uint8_t flags = WIRE_WAKER_TIMER;

	switch (syscall_identify(d->machine, w->nr)) {
	case SYSCALL_READ:
	case SYSCALL_READV:
	case SYSCALL_RECVFROM:
	case SYSCALL_RECVMSG:
	case SYSCALL_RECVMMSG:
	case SYSCALL_ACCEPT:
	case SYSCALL_ACCEPT4:
		flags |= WIRE_WAKER_TIMER_RECEIVE;
		break;
	case SYSCALL_WRITE:
	case SYSCALL_WRITEV:
	case SYSCALL_SENDTO:
	case SYSCALL_SENDMSG:
	case SYSCALL_SENDMMSG:
	case SYSCALL_CONNECT:
		flags |= WIRE_WAKER_TIMER_SEND;
		break;
	default:
		break;
	}
	return w->waker_flags & flags;
}

static int futex_emit(struct decoder *d, const struct wire_switch *w, uint64_t time_ns,
		      uint64_t address, uint32_t object, bool shared)
{
	struct event e = { .type = EVENT_OBJECT, .time_ns = time_ns };

	e.object.object = object;
	e.object.kind = OBJECT_FUTEX;
	e.object.flags = shared ? OBJECT_SHARED : 0;
	e.object.tgid = w->tgid;
	e.object.address = address;
	e.object.text = d->text.buf;
	e.object.local = "";
	return d->ops.emit(d->ctx, &e);
}

/* The object that another name of the same memory already has, or a new one. */
static int futex_new(struct decoder *d, const struct wire_switch *w, uint64_t time_ns,
		     uint64_t address, bool may_share, uint32_t *ret_object)
{
	struct futex_key key = { .tgid = TGID_SHARED };
	const uint64_t *known = NULL, *owner;
	uint32_t name = 0, tid = 0;
	bool shared;
	int rc;

	strbuf_clear(&d->text);
	rc = d->ops.futex_place(d->ctx, w->tgid, time_ns, address, &d->text, &key.address, &tid);
	owner = tid ? map_get(&d->living, tid) : NULL;
	/* it was asked for later than the wait: a thread of after that has this stack now */
	if (tid && !owner) {
		strbuf_clear(&d->text);
		strbuf_puts(&d->text, "anon");
	}
	if (!rc)
		rc = strbuf_error(&d->text);
	if (rc)
		return rc;
	shared = key.address && may_share;
	if (shared) {
		/* processes meet on what is mapped there, whatever its address in each */
		rc = intern_put(&d->futexes, &key, sizeof(key), &name);
		if (rc)
			return rc;
		known = map_get(&d->futex_objects, name);
	}
	if (known) {
		*ret_object = (uint32_t)*known;
		return 0;
	}
	*ret_object = ++d->last_object;
	if (shared)
		rc = map_put(&d->futex_objects, name, *ret_object);
	if (!rc && owner)
		rc = map_put(&d->stack_of, *ret_object, *owner);
	return rc ? rc : futex_emit(d, w, time_ns, address, *ret_object, shared);
}

/* It was on the stack of a thread that has ended: what is there now is something else. */
static bool futex_is_gone(const struct decoder *d, uint32_t object)
{
	const uint64_t *owner = map_get(&d->stack_of, object), *lives;

	if (!owner)
		return false;
	lives = map_get(&d->living, (uint32_t)*owner);
	return !lives || *lives != *owner;
}

/* The lock at @address, which its futexes lie in. */
static int futex_object(struct decoder *d, const struct wire_switch *w, uint64_t time_ns,
			uint64_t address, bool may_share, uint32_t *ret_object)
{
	const uint64_t *program = map_get(&d->programs, w->tgid), *known;
	struct futex_key key = {
		.address = address,
		.tgid = w->tgid,
		.program = program ? (uint32_t)*program : 0,
	};
	uint32_t name;
	int rc = intern_put(&d->futexes, &key, sizeof(key), &name);

	if (rc)
		return rc;
	known = map_get(&d->futex_objects, name);
	if (known && !futex_is_gone(d, (uint32_t)*known)) {
		*ret_object = (uint32_t)*known;
		return 0;
	}
	rc = futex_new(d, w, time_ns, address, may_share, ret_object);
	return rc ? rc : map_put(&d->futex_objects, name, *ret_object);
}

/* The object of a lock, told when it is new; d->text is what it is called. */
static int lock_object(struct decoder *d, const struct wire_switch *w, uint64_t time_ns,
		       const struct lock_key *key, uint8_t kind, uint32_t *ret_object)
{
	struct event e = { .type = EVENT_OBJECT, .time_ns = time_ns };
	const uint64_t *known;
	uint32_t name;
	int rc = strbuf_error(&d->text);

	if (!rc)
		rc = intern_put(&d->lock_keys, key, sizeof(*key), &name);
	if (rc)
		return rc;
	known = map_get(&d->locks, name);
	if (known) {
		*ret_object = (uint32_t)*known;
		return 0;
	}
	*ret_object = ++d->last_object;
	rc = map_put(&d->locks, name, *ret_object);
	e.object.object = *ret_object;
	e.object.kind = kind;
	e.object.flags = OBJECT_SHARED;
	e.object.tgid = w->tgid;
	e.object.text = d->text.buf;
	e.object.local = "";
	return rc ? rc : d->ops.emit(d->ctx, &e);
}

/* Files are numbered anew when another one gets their inode, so their locks are as well. */
static int decode_file_lock(struct decoder *d, const struct wire_switch *w, struct event *e)
{
	const struct wire_file_lock *l = &w->file_lock;
	const uint64_t *file = map_get(&d->objects, l->object), *path;
	struct lock_key key = { .start = l->start, .end = l->end, .kind = l->kind };
	int rc;

	e->out.owner_tid = l->holder;
	d->lost_objects += !file;
	if (!file)
		return 0;
	key.of = (uint32_t)*file;
	path = map_get(&d->paths, *file);
	strbuf_clear(&d->text);
	strbuf_puts(&d->text, path ? intern_text(&d->texts, (uint32_t)*path) : "");
	if (l->kind == WIRE_FILE_LOCK_RANGE && (l->start || l->end < INT64_MAX))
		strbuf_addf(&d->text, " from byte %" PRIu64, (uint64_t)l->start);
	if (l->kind == WIRE_FILE_LOCK_RANGE && l->end < INT64_MAX)
		strbuf_addf(&d->text, " to %" PRIu64, (uint64_t)l->end);
	rc = lock_object(d, w, e->time_ns, &key, OBJECT_FILE_LOCK, &e->out.object);
	/* who has the open file that it is of has an end of the lock */
	if (!rc && l->open_file && w->head.type == WIRE_OPEN)
		rc = map_put(&d->objects, l->open_file, e->out.object);
	return rc;
}

static int decode_semaphore(struct decoder *d, const struct wire_switch *w, struct event *e)
{
	const struct wire_semaphore *s = &w->semaphore;
	struct lock_key key = {
		.start = (uint32_t)s->id, .end = s->number, .of = s->ipc_namespace,
	};

	strbuf_clear(&d->text);
	strbuf_addf(&d->text, "semid %" PRId32, (int32_t)s->id);
	if (s->number != WIRE_SEMAPHORES)
		strbuf_addf(&d->text, ", number %" PRIu32, (uint32_t)s->number);
	return lock_object(d, w, e->time_ns, &key, OBJECT_SEMAPHORE, &e->out.object);
}

static int decode_detail(struct decoder *d, const struct wire_switch *w, struct event *e)
{
	if (w->detail == WIRE_DETAIL_OBJECT) {
		const uint64_t *n = map_get(&d->objects, w->object);

		d->lost_objects += !n;
		e->out.object = n ? (uint32_t)*n : 0;
	} else if (w->detail == WIRE_DETAIL_FUTEX) {
		struct futex_wait wait = {
			.address = w->args[0],
			.op = (uint32_t)w->args[1],
			.value = (uint32_t)w->args[2],
			.words = w->futex,
		};
		struct futex_guess guess = futex_identify(&wait);

		e->out.futex = (uint8_t)guess.kind;
		e->out.owner_tid = guess.owner_tid;
		return futex_object(d, w, e->time_ns, w->args[0] - guess.into, guess.shared,
				    &e->out.object);
	} else if (w->detail == WIRE_DETAIL_FILE_LOCK) {
		return decode_file_lock(d, w, e);
	} else if (w->detail == WIRE_DETAIL_SEMAPHORE) {
		return decode_semaphore(d, w, e);
	}
	return 0;
}

static int decode_switch(struct decoder *d, const struct wire_switch *w)
{
	bool open = w->head.type == WIRE_OPEN;
	struct event e = { .type = open ? EVENT_OPEN : EVENT_SWITCH, .time_ns = w->in_ns };
	struct event_out *out = &e.out;
	int rc;

	if (w->why > WIRE_WHY_THROTTLED)
		return bad(d);
	out->thread = w->head.thread;
	out->tid = w->tid;
	out->tgid = w->tgid;
	out->cpu = w->cpu;
	out->why = w->why;
	out->flags = w->head.flags;
	out->out_ns = w->out_ns;
	out->woken_ns = w->woken_ns;
	out->in_ns = e.type == EVENT_SWITCH ? w->in_ns : 0;
	out->voluntary = w->voluntary;
	out->involuntary = w->involuntary;
	out->nr = -1;
	out->waker = waker_kind(d, w);
	if (open && w->why == WIRE_WHY_BLOCKED && out->waker == WAKER_UNKNOWN && is_timed(d, w))
		out->waker = WAKER_TIMER;
	out->waker_nr = w->waker_nr;
	out->waker_tid = w->waker_tid;
	out->user_stack = stack_number(d, w->user_stack);
	out->kernel_stack = stack_number(d, w->kernel_stack);
	if (out->waker == WAKER_TASK)
		out->waker_stack = stack_number(d, w->waker_stack);
	/* of a thread that does not wait, these are those of its last wait */
	if (w->why == WIRE_WHY_BLOCKED || w->why == WIRE_WHY_UNKNOWN) {
		out->nr = w->nr;
		memcpy(out->args, w->args, sizeof(out->args));
		rc = decode_detail(d, w, &e);
		if (rc)
			return rc;
	}
	if (w->why == WIRE_WHY_THROTTLED)
		memcpy(out->args, w->args, 2 * sizeof(*out->args));
	return d->ops.emit(d->ctx, &e);
}

/* --- the rest ---------------------------------------------------------------- */

static int decode_off(struct decoder *d, const struct wire_off *w)
{
	struct event e = { .type = w->head.type == WIRE_OFF ? EVENT_OFF : EVENT_DEAD,
			   .time_ns = w->time_ns };

	if (w->head.type == WIRE_DEAD)
		map_del(&d->living, w->tid);
	e.off.thread = w->head.thread;
	e.off.tid = w->tid;
	e.off.tgid = w->tgid;
	e.off.cpu = w->cpu;
	e.off.voluntary = w->voluntary;
	e.off.involuntary = w->involuntary;
	return d->ops.emit(d->ctx, &e);
}

static int decode_sample(struct decoder *d, const struct wire_sample *w)
{
	struct event e = { .type = EVENT_SAMPLE, .time_ns = w->time_ns };

	e.sample.thread = w->head.thread;
	e.sample.tid = w->tid;
	e.sample.tgid = w->tgid;
	e.sample.cpu = w->cpu;
	e.sample.user_stack = stack_number(d, w->user_stack);
	e.sample.kernel_stack = stack_number(d, w->kernel_stack);
	return d->ops.emit(d->ctx, &e);
}

static int decode_stack(struct decoder *d, const struct wire_stack *w, const uint64_t *frames)
{
	struct event e = { .type = EVENT_STACK, .time_ns = w->time_ns };
	bool kernel = w->head.flags & WIRE_STACK_KERNEL;
	uint32_t count;
	int rc;

	if (map_get(&d->stacks, w->hash))
		return 0;
	d->frames.count = 0;
	if (vec_reserve(&d->frames, w->count))
		return -ENOMEM;
	for (count = 0; count < w->count; count++) {
		rc = d->ops.frame(d->ctx, w->tgid, kernel, w->time_ns, frames[count],
				  count == 0 && !kernel, &d->frames.at[count]);
		if (rc)
			return rc;
		if (!d->frames.at[count])
			break;
	}
	e.stack.stack = ++d->last_stack;
	e.stack.tgid = w->tgid;
	e.stack.flags = w->head.flags & (STACK_KERNEL | STACK_TRUNCATED | STACK_COMPLETE);
	if (count < w->count) /* what lies beyond an address that is none is not known */
		e.stack.flags &= (uint8_t)~(STACK_COMPLETE | STACK_TRUNCATED);
	e.stack.place = kernel ? d->ops.kernel_place(d->ctx, frames, w->count) : PLACE_NONE;
	e.stack.count = count;
	e.stack.frames = d->frames.at;
	rc = map_put(&d->stacks, w->hash, e.stack.stack);
	return rc ? rc : d->ops.emit(d->ctx, &e);
}

/* What locks on the file that d->text names are called by. */
static int path_keep(struct decoder *d, uint32_t object)
{
	uint32_t text;
	int rc = intern_put(&d->texts, d->text.buf, d->text.len, &text);

	return rc ? rc : map_put(&d->paths, object, text);
}

static int decode_object(struct decoder *d, const struct wire_object *w, const char *text)
{
	struct event e = { .type = EVENT_OBJECT, .time_ns = w->time_ns };
	const uint64_t *known = map_get(&d->objects, w->key), *called;
	uint64_t hash;
	int rc;

	strbuf_clear(&d->text);
	strbuf_clear(&d->local);
	e.object.kind = object_text(w, text, &d->text, &d->local, &e.object.flags);
	rc = strbuf_error(&d->text);
	if (!rc)
		rc = strbuf_error(&d->local);
	if (rc)
		return rc;
	/* said again because it was not said lately, or an inode that is another one now */
	hash = hash_bytes(d->text.buf, d->text.len) + hash_bytes(d->local.buf, d->local.len);
	called = known ? map_get(&d->described, *known) : NULL;
	if (called && *called == hash)
		return 0;
	e.object.object = ++d->last_object;
	e.object.tgid = w->tgid;
	e.object.address = w->inode;
	e.object.device = w->device;
	e.object.text = d->text.buf;
	e.object.peer = w->peer;
	e.object.local = d->local.buf;
	rc = map_put(&d->objects, w->key, e.object.object);
	if (!rc && (e.object.kind == OBJECT_FILE || e.object.kind == OBJECT_BLOCK))
		rc = path_keep(d, e.object.object);
	if (!rc)
		rc = map_put(&d->described, e.object.object, hash);
	return rc ? rc : d->ops.emit(d->ctx, &e);
}

static int program_begins(struct decoder *d, uint32_t tgid)
{
	const uint64_t *n = map_get(&d->programs, tgid);

	return map_put(&d->programs, tgid, n ? *n + 1 : 1);
}

/* A command is taken up at its exec, which it calls on a core. */
static int emit_running(struct decoder *d, const struct wire_task *w)
{
	struct event e = { .type = EVENT_OPEN, .time_ns = w->time_ns };

	e.out.thread = w->head.thread;
	e.out.tid = w->tid;
	e.out.tgid = w->tgid;
	e.out.cpu = w->cpu;
	e.out.why = OUT_RUNNING;
	e.out.nr = -1;
	e.out.waker_nr = -1;
	e.out.voluntary = w->voluntary;
	e.out.involuntary = w->involuntary;
	return d->ops.emit(d->ctx, &e);
}

static int decode_task(struct decoder *d, const struct wire_task *w)
{
	struct event e = { .type = EVENT_TASK, .time_ns = w->time_ns };
	char comm[WIRE_COMM_SIZE + 1] = { 0 };
	int rc = 0;

	if (w->how < WIRE_HOW_FOUND || w->how > WIRE_HOW_SEEN)
		return bad(d);
	if (w->how == WIRE_HOW_FORKED && w->tid == w->tgid)
		rc = program_begins(d, w->tgid);
	if (!rc)
		rc = map_put(&d->living, w->tid, (uint64_t)w->head.thread << 32 | w->tid);
	if (rc)
		return rc;
	memcpy(comm, w->comm, WIRE_COMM_SIZE);
	e.task.thread = w->head.thread;
	e.task.tid = w->tid;
	e.task.tgid = w->tgid;
	e.task.parent_tgid = w->parent_tgid;
	e.task.parent_thread = w->parent_thread;
	e.task.voluntary = w->voluntary;
	e.task.involuntary = w->involuntary;
	e.task.how = w->how;
	e.task.kthread = w->kthread;
	e.task.own_tid = w->own_tid;
	e.task.pid_namespace = w->pid_namespace;
	e.task.comm = comm;
	e.task.command = "";
	rc = d->ops.emit(d->ctx, &e);
	return rc || w->how != WIRE_HOW_EXECED ? rc : emit_running(d, w);
}

static int decode_exec(struct decoder *d, const struct wire_exec *w, const char *args)
{
	struct event e = { .type = EVENT_EXEC, .time_ns = w->time_ns };
	char comm[WIRE_COMM_SIZE + 1] = { 0 };
	int rc = program_begins(d, w->tgid);

	if (rc)
		return rc;
	memcpy(comm, w->comm, WIRE_COMM_SIZE);
	e.exec.thread = w->head.thread;
	e.exec.tid = w->tid;
	e.exec.tgid = w->tgid;
	e.exec.old_tid = w->old_tid;
	e.exec.comm = comm;
	e.exec.command = args;
	e.exec.command_size = w->args_size;
	return d->ops.emit(d->ctx, &e);
}

static int decode_comm(struct decoder *d, const struct wire_comm *w)
{
	struct event e = { .type = EVENT_COMM, .time_ns = w->time_ns };
	char comm[WIRE_COMM_SIZE + 1] = { 0 };

	memcpy(comm, w->comm, WIRE_COMM_SIZE);
	e.comm.thread = w->head.thread;
	e.comm.tid = w->tid;
	e.comm.tgid = w->tgid;
	e.comm.comm = comm;
	return d->ops.emit(d->ctx, &e);
}

static int decode_lost(struct decoder *d, const struct wire_lost *w)
{
	struct event e = { .type = EVENT_LOST, .time_ns = w->to_ns };

	e.lost.cpu = w->cpu;
	e.lost.from_ns = w->from_ns;
	e.lost.to_ns = w->to_ns;
	e.lost.count = w->count;
	return d->ops.emit(d->ctx, &e);
}

static int decode_short(struct decoder *d, const struct wire_short *w)
{
	struct event e = { .type = EVENT_SHORT, .time_ns = w->time_ns };

	e.brief.thread = w->head.thread;
	e.brief.tid = w->tid;
	e.brief.tgid = w->tgid;
	e.brief.cpu = w->cpu;
	e.brief.nr = w->nr;
	e.brief.voluntary = w->voluntary;
	e.brief.involuntary = w->involuntary;
	e.brief.wait_ns = w->wait_ns;
	e.brief.runnable_ns = w->runnable_ns;
	return d->ops.emit(d->ctx, &e);
}

static int decode_poll(struct decoder *d, const struct wire_poll *w)
{
	struct event e = { .type = EVENT_POLL, .time_ns = w->time_ns };

	if (w->head.flags < WIRE_POLL_EPOLL || w->head.flags > WIRE_POLL_IO_URING)
		return bad(d);
	e.poll.thread = w->head.thread;
	e.poll.cpu = w->cpu;
	e.poll.kind = w->head.flags;
	e.poll.sequence = w->sequence;
	e.poll.sp = w->sp;
	e.poll.fd = w->fd;
	e.poll.count = w->count;
	e.poll.result = w->result;
	e.poll.accepts = w->accepts;
	return d->ops.emit(d->ctx, &e);
}

/* Who has what nobody waits for is of no use. */
static int decode_endpoint(struct decoder *d, const struct wire_endpoint *w)
{
	const uint64_t *object = map_get(&d->objects, w->key);
	struct event e = { .type = EVENT_END };
	char comm[WIRE_COMM_SIZE + 1] = { 0 };

	if (!object)
		return 0;
	memcpy(comm, w->comm, WIRE_COMM_SIZE);
	e.end.object = (uint32_t)*object;
	e.end.tgid = w->tgid;
	e.end.roles = (uint8_t)w->roles;
	e.end.comm = comm;
	return d->ops.emit(d->ctx, &e);
}

/* --- bytes ------------------------------------------------------------------- */

union fixed {
	struct wire_head head;
	struct wire_switch out;
	struct wire_off off;
	struct wire_sample sample;
	struct wire_stack stack;
	struct wire_lost lost;
	struct wire_object object;
	struct wire_task task;
	struct wire_exec exec;
	struct wire_comm comm;
	struct wire_short brief;
	struct wire_poll poll;
	struct wire_endpoint endpoint;
};

/* By type: the bytes that must be there, and those of the struct. */
static const struct {
	uint16_t least, full;
} sizes[] = {
	[WIRE_SWITCH] = { offsetof(struct wire_switch, args), sizeof(struct wire_switch) },
	[WIRE_OPEN] = { offsetof(struct wire_switch, args), sizeof(struct wire_switch) },
	[WIRE_OFF] = { sizeof(struct wire_off), sizeof(struct wire_off) },
	[WIRE_DEAD] = { sizeof(struct wire_off), sizeof(struct wire_off) },
	[WIRE_SAMPLE] = { sizeof(struct wire_sample), sizeof(struct wire_sample) },
	[WIRE_STACK] = { sizeof(struct wire_stack), sizeof(struct wire_stack) },
	[WIRE_LOST] = { sizeof(struct wire_lost), sizeof(struct wire_lost) },
	[WIRE_OBJECT] = { sizeof(struct wire_object), sizeof(struct wire_object) },
	[WIRE_TASK] = { sizeof(struct wire_task), sizeof(struct wire_task) },
	[WIRE_EXEC] = { sizeof(struct wire_exec), sizeof(struct wire_exec) },
	[WIRE_COMM] = { sizeof(struct wire_comm), sizeof(struct wire_comm) },
	[WIRE_SHORT] = { sizeof(struct wire_short), sizeof(struct wire_short) },
	[WIRE_POLL] = { sizeof(struct wire_poll), sizeof(struct wire_poll) },
	[WIRE_ENDPOINT] = { sizeof(struct wire_endpoint), sizeof(struct wire_endpoint) },
};

int decoder_record(struct decoder *d, const void *record, size_t size)
{
	union fixed f = { 0 };
	const char *tail;
	size_t fixed, left;

	if (size < sizeof(f.head))
		return bad(d);
	memcpy(&f.head, record, sizeof(f.head));
	/* a type of a newer probe is skipped, not bad; the caller goes by its size */
	if (f.head.type >= ARRAY_COUNT(sizes) || !sizes[f.head.type].full)
		return 0;
	if (size < sizes[f.head.type].least)
		return bad(d);
	fixed = size < sizes[f.head.type].full ? size : sizes[f.head.type].full;
	memcpy(&f, record, fixed);
	tail = (const char *)record + fixed;
	left = size - fixed;
	switch (f.head.type) {
	case WIRE_SWITCH:
	case WIRE_OPEN:
		return decode_switch(d, &f.out);
	case WIRE_OFF:
	case WIRE_DEAD:
		return decode_off(d, &f.off);
	case WIRE_SAMPLE:
		return decode_sample(d, &f.sample);
	case WIRE_STACK:
		if (f.stack.count > WIRE_STACK_DEPTH_MAX || f.stack.count > left / sizeof(uint64_t))
			return bad(d);
		return decode_stack(d, &f.stack, (const void *)tail);
	case WIRE_LOST:
		return decode_lost(d, &f.lost);
	case WIRE_OBJECT:
		return f.object.text_size > left ? bad(d) : decode_object(d, &f.object, tail);
	case WIRE_TASK:
		return decode_task(d, &f.task);
	case WIRE_EXEC:
		return f.exec.args_size > left ? bad(d) : decode_exec(d, &f.exec, tail);
	case WIRE_COMM:
		return decode_comm(d, &f.comm);
	case WIRE_POLL:
		return decode_poll(d, &f.poll);
	case WIRE_ENDPOINT:
		return decode_endpoint(d, &f.endpoint);
	default:
		return decode_short(d, &f.brief);
	}
}
