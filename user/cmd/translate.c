/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The decoder does the bytes; this file feeds it and the address spaces in the
 * same order, and fills in what only /proc knows: command lines of processes
 * that existed before, and names of strangers that wake the target.
 */
#include "cmd/translate.h"

#include "base/map.h"
#include "capture/clock.h"
#include "capture/unwinding.h"
#include "cmd/apart.h"
#include "cmd/copies.h"
#include "cmd/ends.h"
#include "cmd/tables.h"
#include "core/decode.h"
#include "symbol/frames.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FORGET_AFTER_NS UINT64_C(10000000000)

enum { FILES_MAX = 256 }; /* module files kept open */

/*
 * What DWARF may cost, beside the recording. A C++ program of 100 MB with a
 * gigabyte of it takes seconds; who waits for a report should not wait longer.
 */
#define LINES_FILE_NS UINT64_C(5000000000)
#define LINES_ALL_NS UINT64_C(15000000000)
#define LINES_MEMORY (UINT64_C(1) << 30)
/* What a sample counts for beside waits, when that must be cut short. */
#define SAMPLE_NS UINT64_C(10000000)
enum { LINES_OUTPUT_MAX = 64 << 20 };

struct translate {
	bool stacks;
	struct unwinding *unwinding; /* NULL: nobody wants to know where code is */
	struct tables *tables; /* NULL likewise */
	struct copies *copies; /* NULL likewise */
	translate_emit_fn emit;
	void *ctx;
	struct decoder *decoder;
	struct modules *modules;
	struct spaces *spaces;
	struct kernel *kernel;
	pthread_t kernel_reader; /* reads the kernel's symbols, which takes long, beside the rest */
	bool kernel_reading;
	struct frames *frames;
	struct sideband *sideband;
	struct map recorded; /* TIDs of the target, ever */
	struct map processes; /* TGIDs whose mappings are known */
	struct map alive; /* threads by TGID that were taken up and did not end */
	struct map living; /* the same threads: TID to TGID */
	struct ends *ends;
	struct map strangers; /* TIDs of wakers that are not, and were named */
	uint64_t records, threads;
	uint64_t lock_file; /* key of the open file that has the lock of the record at hand; 0 */
	uint64_t now_ns; /* of the last news of a task */
	uint64_t forget_at_ns;
	char missing[192];
	uint64_t lines_ns; /* spent on DWARF */
	uint64_t apart_cpu_ns; /* by the processes that read it */
	uint32_t lines_failed; /* files whose DWARF was not read to its end, */
	char lines_missing[192]; /* and what to say of them */
	char command[4096]; /* of the process that is being described */
};

/* Reads a small file of /proc whole; returns its size, 0 when there is none. */
static size_t read_small(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, buf, size) : -1;

	if (fd >= 0)
		close(fd);
	return n > 0 ? (size_t)n : 0;
}

/* The command line of a process that exists; returns its size, with one NUL at its end. */
static size_t read_command(uint32_t tgid, char *buf, size_t size)
{
	char path[64];
	size_t n;

	snprintf(path, sizeof(path), "/proc/%u/cmdline", tgid);
	n = read_small(path, buf, size - 1);
	/* servers that write a title there leave NULs or spaces behind it */
	while (n && (buf[n - 1] == '\0' || buf[n - 1] == ' '))
		n--;
	buf[n] = '\0';
	return n ? n + 1 : 0;
}

/* --- what the decoder asks ------------------------------------------------- */

static void *read_kernel_symbols(void *kernel)
{
	kernel_has_symbols(kernel);
	return NULL;
}

static int ask_frame(void *ctx, uint32_t tgid, bool kernel, uint64_t time_ns, uint64_t address,
		     bool exact, uint32_t *ret_frame)
{
	struct translate *t = ctx;

	return kernel ? frames_kernel(t->frames, time_ns, address, exact, ret_frame)
		      : frames_user(t->frames, tgid, time_ns, address, exact, ret_frame);
}

static int ask_futex_place(void *ctx, uint32_t tgid, uint64_t time_ns, uint64_t address,
			   struct strbuf *text, uint64_t *ret_sharing, uint32_t *ret_tid)
{
	struct translate *t = ctx;

	return spaces_describe(t->spaces, tgid, time_ns, address, text, ret_sharing, ret_tid);
}

static uint8_t ask_kernel_place(void *ctx, const uint64_t *frames, uint32_t count)
{
	struct translate *t = ctx;

	return (uint8_t)kernel_place(t->kernel, frames, count);
}

static int emit_name(void *ctx, const struct event *e)
{
	struct translate *t = ctx;

	return t->emit(t->ctx, e);
}

static int answer_lines(void *query, int fd)
{
	return lines_answer(query, fd);
}

/* Source lines, read where that can neither crash nor stall us. */
static int ask_lines(void *ctx, const char *module, const struct lines_query *q,
		     struct strbuf *answers)
{
	static const char *const whys[] = {
		[APART_FAILED] = "cannot be read",
		[APART_SLOW] = "takes too long to read",
		[APART_CRASHED] = "is damaged or too large",
	};
	struct translate *t = ctx;
	uint64_t left = t->lines_ns < LINES_ALL_NS ? LINES_ALL_NS - t->lines_ns : 0;
	struct apart_limits limits = {
		.time_ns = left < LINES_FILE_NS ? left : LINES_FILE_NS,
		.memory = LINES_MEMORY,
		.output = LINES_OUTPUT_MAX,
	};
	struct lines_query query = *q;
	uint64_t began = clock_monotonic_ns(), cpu_ns = 0;
	enum apart_end end = APART_SLOW;
	int rc = left ? apart_run(answer_lines, &query, &limits, answers, &end, &cpu_ns) : 0;

	t->apart_cpu_ns += cpu_ns;
	t->lines_ns += clock_monotonic_ns() - began;
	if (rc == -ENOMEM)
		return rc;
	if (rc)
		end = APART_FAILED;
	if (end != APART_DONE && !t->lines_failed++)
		snprintf(t->lines_missing, sizeof(t->lines_missing),
			 "source lines: the debug information of %.100s %s", module, whys[end]);
	return 0;
}

/* The process of a thread; 0 when it is gone. */
static uint32_t read_tgid(uint32_t tid)
{
	char path[64], status[1024];
	const char *line;

	snprintf(path, sizeof(path), "/proc/%u/status", tid);
	status[read_small(path, status, sizeof(status) - 1)] = '\0';
	line = strstr(status, "\nTgid:");
	return line ? (uint32_t)strtoul(line + 6, NULL, 10) : 0;
}

/* A waker that is not of the target has a name only as long as it lives. */
static int name_task(struct translate *t, uint32_t tid, uint32_t *ret_tgid)
{
	struct event e = { .type = EVENT_WAKER, .time_ns = t->now_ns };
	char path[64], comm[32];
	size_t n;

	*ret_tgid = 0;
	if (!tid || map_get(&t->recorded, tid) || map_get(&t->strangers, tid))
		return 0;
	if (map_put(&t->strangers, tid, 1))
		return -ENOMEM;
	snprintf(path, sizeof(path), "/proc/%u/comm", tid);
	n = read_small(path, comm, sizeof(comm) - 1);
	if (!n)
		return 0;
	comm[comm[n - 1] == '\n' ? n - 1 : n] = '\0';
	e.waker.tid = tid;
	e.waker.comm = comm;
	e.waker.tgid = *ret_tgid = read_tgid(tid);
	return t->emit(t->ctx, &e);
}

static int name_stranger(struct translate *t, const struct event_out *out)
{
	uint32_t tgid, leader;
	int rc = out->waker == WAKER_TASK ? name_task(t, out->waker_tid, &tgid) : 0;

	/* reports speak of its process, too */
	if (!rc && out->waker == WAKER_TASK && tgid != out->waker_tid)
		rc = name_task(t, tgid, &leader);
	return rc;
}

static int on_event(void *ctx, const struct event *e)
{
	struct translate *t = ctx;
	struct event copy;
	int rc = 0;

	if (e->type == EVENT_SWITCH || e->type == EVENT_OPEN) {
		t->records += e->type == EVENT_SWITCH;
		/* 0: nobody knows since when */
		if (e->out.out_ns && e->time_ns > e->out.out_ns)
			frames_use(t->frames, e->out.user_stack, e->time_ns - e->out.out_ns);
		rc = name_stranger(t, &e->out);
		if (!rc && t->lock_file && e->out.object)
			rc = ends_lock(t->ends, e->out.object, t->lock_file);
	} else if (e->type == EVENT_SAMPLE) {
		frames_use(t->frames, e->sample.user_stack, SAMPLE_NS);
	} else if (e->type == EVENT_STACK) {
		if (!(e->stack.flags & STACK_KERNEL))
			rc = frames_stack(t->frames, e->stack.stack, e->stack.frames,
					  e->stack.count);
	} else if (e->type == EVENT_OBJECT) {
		rc = ends_object(t->ends, &e->object);
	} else if (e->type == EVENT_TASK) {
		t->threads++;
		rc = map_put(&t->recorded, e->task.tid, 1);
		if (!rc && (e->task.how == TASK_FOUND || e->task.how == TASK_SEEN) &&
		    e->task.tid == e->task.tgid) {
			copy = *e;
			copy.task.command = t->command;
			copy.task.command_size =
				read_command(e->task.tgid, t->command, sizeof(t->command));
			return t->emit(t->ctx, &copy);
		}
	}
	return rc ? rc : t->emit(t->ctx, e);
}

/* --- address spaces follow the records -------------------------------------- */

static int follow_task(struct translate *t, const struct wire_task *task)
{
	const uint64_t *alive = map_get(&t->alive, task->tgid);

	if (map_put(&t->alive, task->tgid, (alive ? *alive : 0) + 1) ||
	    map_put(&t->living, task->tid, task->tgid))
		return -ENOMEM;
	if (task->kthread || map_get(&t->processes, task->tgid))
		return 0;
	if (map_put(&t->processes, task->tgid, 1))
		return -ENOMEM;
	if (t->tables && tables_changed(t->tables, task->tgid, true))
		return -ENOMEM;
	if (task->how == WIRE_HOW_FORKED)
		return spaces_fork(t->spaces, task->time_ns, task->parent_tgid, task->tgid);
	if (task->how == WIRE_HOW_EXECED)
		return 0; /* its exec follows */
	return spaces_seed(t->spaces, task->tgid, task->time_ns);
}

static int follow_exec(struct translate *t, const struct wire_exec *exec)
{
	int rc = spaces_exec(t->spaces, exec->time_ns, exec->tgid);

	if (!rc && t->tables)
		rc = tables_changed(t->tables, exec->tgid, true);
	return rc;
}

/* Records of a known type are long enough for it; the decoder checks that again. */
static int follow(struct translate *t, const struct wire_head *record)
{
	const void *p = record;
	uint64_t *alive;

	if (record->type == WIRE_TASK && record->size >= sizeof(struct wire_task)) {
		t->now_ns = ((const struct wire_task *)p)->time_ns;
		return follow_task(t, p);
	}
	if (record->type == WIRE_EXEC && record->size >= sizeof(struct wire_exec)) {
		const struct wire_exec *exec = p;

		t->now_ns = exec->time_ns;
		if (exec->old_tid != exec->tid)
			map_del(&t->living, exec->old_tid);
		return follow_exec(t, exec);
	}
	if (record->type == WIRE_DEAD && record->size >= sizeof(struct wire_off)) {
		const struct wire_off *dead = p;

		t->now_ns = dead->time_ns;
		map_del(&t->living, dead->tid);
		alive = map_get(&t->alive, dead->tgid);
		if (alive && --*alive == 0) {
			map_del(&t->alive, dead->tgid);
			if (t->tables)
				tables_gone(t->tables, dead->tgid);
		}
		/* a TGID may be given to another process: that one is forked anew */
		if (dead->tid == dead->tgid) {
			map_del(&t->processes, dead->tgid);
			spaces_exit(t->spaces, dead->time_ns, dead->tgid);
		}
	}
	return 0;
}

/* The open file whose lock a thread waits for as the recording ends. */
static uint64_t lock_file_of(const struct wire_head *record)
{
	const struct wire_switch *w = (const void *)record;

	if (record->type != WIRE_OPEN || record->size < sizeof(*w) ||
	    w->detail != WIRE_DETAIL_FILE_LOCK)
		return 0;
	return w->file_lock.open_file;
}

static enum walk_code ask_rule(void *ctx, uint32_t tgid, uint64_t time_ns, uint64_t pc,
			       struct unwind_rule *ret)
{
	struct translate *t = ctx;

	return tables_rule(t->tables, tgid, time_ns, pc, ret);
}

int translate_record(struct translate *t, const struct wire_head *record)
{
	const struct wire_head *stack = NULL;
	int rc = 0;

	if (t->copies) {
		if (copies_add(t->copies, record))
			return 0;
		/* it may be the one that names the stack before it */
		stack = copies_finish(t->copies);
		if (stack)
			rc = decoder_record(t->decoder, stack, stack->size);
		if (!rc && copies_begin(t->copies, record))
			return 0;
	}
	if (!rc)
		rc = follow(t, record);
	t->lock_file = lock_file_of(record);
	return rc ? rc : decoder_record(t->decoder, record, record->size);
}

int translate_read_mappings(struct translate *t, sideband_fn fn, void *ctx)
{
	/* stacks of processes that ended arrive at the latest with the next drain */
	if (t->now_ns > t->forget_at_ns) {
		spaces_forget(t->spaces, t->now_ns - FORGET_AFTER_NS);
		t->forget_at_ns = t->now_ns + FORGET_AFTER_NS;
	}
	return t->sideband ? sideband_read(t->sideband, fn, ctx) : 0;
}

int translate_mapping(struct translate *t, const struct sideband_mapping *m)
{
	struct module_file file = {
		.tgid = m->tgid,
		.start = m->start,
		.end = m->start + m->size,
		.major = m->major,
		.minor = m->minor,
		.inode = m->inode,
		.build_id = m->build_id,
		.build_id_size = m->build_id_size,
		/* what perf calls memory without a file, /proc leaves without a name */
		.path = strncmp(m->path, "//anon", 6) ? m->path : "",
	};

	int rc = spaces_map(t->spaces, m->time_ns, &file, m->file_offset);

	/* whether it is of the target may not be known yet; the probes know */
	if (!rc && t->tables)
		rc = tables_changed(t->tables, m->tgid, false);
	return rc;
}

/*
 * Nearly every program starts in files that we have, too (libc, the loader):
 * with tables for them, its very first waits have whole stacks.
 */
int translate_tell(struct translate *t, struct unwinding *u)
{
	uint32_t self = (uint32_t)getpid();
	int rc;

	if (!u)
		return 0;
	t->tables = tables_new(u, t->spaces, t->modules);
	t->copies = copies_new(ask_rule, t);
	if (!t->tables || !t->copies)
		return -ENOMEM;
	t->unwinding = u;
	rc = spaces_seed(t->spaces, self, 0);
	return rc ? rc : tables_want(t->tables, self);
}

int translate_take_up(struct translate *t, uint32_t tgid, uint64_t time_ns)
{
	int rc = t->tables ? spaces_seed(t->spaces, tgid, time_ns) : 0;

	return !rc && t->tables ? tables_changed(t->tables, tgid, true) : rc;
}

void translate_have_patience(struct translate *t, uint64_t patience_ns)
{
	if (t->tables)
		tables_have_patience(t->tables, patience_ns);
}

int translate_settle(struct translate *t, uint64_t wait_ns)
{
	int rc = t->tables ? tables_tell(t->tables) : 0;

	if (rc || !t->tables || !wait_ns)
		return rc;
	unwinding_wait(t->unwinding, wait_ns);
	return tables_tell(t->tables);
}

void translate_fds(const struct translate *t, int fds[TRANSLATE_FDS])
{
	fds[0] = t->sideband ? sideband_fd(t->sideband) : -1;
	fds[1] = t->unwinding ? unwinding_fd(t->unwinding) : -1;
}

int translate_ends(struct translate *t, struct capture *capture)
{
	return ends_tell(t->ends, capture, clock_monotonic_ns(), t->emit, t->ctx);
}

int translate_names(struct translate *t)
{
	size_t len;
	int rc = frames_resolve(t->frames, t->now_ns);

	len = strlen(t->lines_missing);
	if (t->lines_failed > 1)
		snprintf(t->lines_missing + len, sizeof(t->lines_missing) - len,
			 ", and that of %u more", t->lines_failed - 1);
	return rc;
}

/* --- life -------------------------------------------------------------------- */

int translate_open(enum machine machine, bool stacks, translate_emit_fn emit, void *ctx,
		   struct translate **ret, struct error *err)
{
	struct translate *t = calloc(1, sizeof(*t));
	struct decode_ops ops = { ask_frame, ask_futex_place, ask_kernel_place, on_event };
	struct frames_options frames = {
		.proc = "/proc", .emit = emit_name, .answer = ask_lines
	};
	struct error why = ERROR_INIT;
	int rc = 0;

	if (!t)
		return -ENOMEM;
	frames.context = t;
	t->stacks = stacks;
	t->emit = emit;
	t->ctx = ctx;
	t->modules = modules_new("/proc", "/usr/lib/debug", FILES_MAX);
	t->kernel = kernel_new("/proc/kallsyms");
	t->spaces = t->modules ? spaces_new("/proc", t->modules) : NULL;
	frames.modules = t->modules;
	frames.spaces = t->spaces;
	frames.kernel = t->kernel;
	t->frames = t->spaces && t->kernel ? frames_new(&frames) : NULL;
	t->decoder = decoder_new(machine, &ops, t);
	t->ends = ends_new();
	if (!t->frames || !t->decoder || !t->ends) {
		translate_close(t);
		return error_set(err, -ENOMEM, "out of memory");
	}
	if (stacks) {
		rc = sideband_open(&t->sideband, &why);
		t->kernel_reading = !pthread_create(&t->kernel_reader, NULL, read_kernel_symbols,
						    t->kernel);
	}
	if (rc)
		snprintf(t->missing, sizeof(t->missing),
			 "mappings: %s; code that is mapped later has no names",
			 error_text(&why, rc));
	*ret = t;
	return 0;
}

void translate_ready(struct translate *t)
{
	if (t && t->kernel_reading) {
		pthread_join(t->kernel_reader, NULL);
		t->kernel_reading = false;
	}
}

void translate_close(struct translate *t)
{
	if (!t)
		return;
	translate_ready(t);
	sideband_close(t->sideband);
	tables_free(t->tables);
	copies_free(t->copies);
	decoder_free(t->decoder);
	ends_free(t->ends);
	frames_free(t->frames);
	kernel_free(t->kernel);
	spaces_free(t->spaces);
	modules_free(t->modules);
	map_release(&t->recorded);
	map_release(&t->processes);
	map_release(&t->alive);
	map_release(&t->living);
	map_release(&t->strangers);
	free(t);
}

struct spaces *translate_spaces(struct translate *t)
{
	return t->spaces;
}

struct modules *translate_modules(struct translate *t)
{
	return t->modules;
}

const char *translate_missing(const struct translate *t)
{
	return t->missing[0] ? t->missing : NULL;
}

const char *translate_missing_late(const struct translate *t)
{
	return t->lines_missing[0] ? t->lines_missing : NULL;
}

void translate_loss(const struct translate *t, uint64_t *loss)
{
	loss[WIRE_LOSS_STACK] += decoder_lost_stacks(t->decoder);
}

/* All threads of the process have ended: its first one can still be found until it is reaped. */
static bool is_zombie(pid_t pid)
{
	struct pollfd p = { (int)syscall(SYS_pidfd_open, pid, 0), POLLIN, 0 };
	bool ended = p.fd >= 0 && poll(&p, 1, 0) > 0;

	if (p.fd >= 0)
		close(p.fd);
	return ended;
}

bool translate_ending(const struct translate *t)
{
	uint64_t tid, tgid;
	size_t pos = 0;

	while (map_next(&t->living, &pos, &tid, &tgid))
		if ((syscall(SYS_tgkill, (pid_t)tgid, (pid_t)tid, 0) && errno == ESRCH) ||
		    (tid == tgid && is_zombie((pid_t)tid)))
			return true;
	return false;
}

uint64_t translate_apart_cpu_ns(const struct translate *t)
{
	return t->apart_cpu_ns;
}

uint64_t translate_records(const struct translate *t)
{
	return t->records;
}

uint64_t translate_threads(const struct translate *t)
{
	return t->threads;
}
