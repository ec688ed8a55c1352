/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * why: two looks at all threads of a process and its children, a moment apart,
 * put through the same decoder and the same model as a recording. A recording
 * without time, so to say: what everybody waits for, and who could end that.
 *
 * Who holds the other end of a pipe, or a lock in shared memory, may be outside
 * of the tree: such processes are looked at as well.
 */
#include "base/log.h"
#include "base/map.h"
#include "capture/clock.h"
#include "capture/snapshot.h"
#include "capture/sockets.h"
#include "cmd/command.h"
#include "cmd/family.h"
#include "cmd/load.h"
#include "cmd/show.h"
#include "cmd/translate.h"
#include "cmd/walker.h"
#include "core/futex.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

enum {
	BETWEEN_NS = 50000000, /* two looks */
	ROUNDS_MAX = 4, /* of finding who else is involved */
	PROCESSES_MAX = 1024, /* that are looked at */
	CONNECTIONS_MAX = 1024, /* whose other ends are looked for */
};

struct why_options {
	uint64_t pid;
	struct show_options show;
	struct command_log log;
};

static const struct opt options[] = {
	{ 'p', "pid", "PID", "this process and its children", OPT_UINT,
	  offsetof(struct why_options, pid), 1, INT32_MAX, NULL },
	{ 0, "json", NULL, "as JSON, everything that is known", OPT_FLAG,
	  offsetof(struct why_options, show.json), 0, 0, NULL },
	{ 0, "rows", "N", "at most so many groups of threads, or all", OPT_CALL,
	  offsetof(struct why_options, show.rows), 0, 0, show_parse_rows },
	{ 0, "color", "WHEN", "auto, always or never; auto heeds NO_COLOR", OPT_CALL,
	  offsetof(struct why_options, show.color), 0, 0, show_parse_color },
	COMMAND_LOG_OPTIONS(struct why_options, log),
	OPT_END,
};

/* An end of a TCP connection that somebody waits for, as its object. */
struct connection {
	uint64_t key;
	uint32_t tgid; /* whose network it is in */
	struct wire_object o;
};

struct why {
	const struct why_options *o;
	struct snapshot *snapshot;
	struct translate *translate;
	struct walker *walker;
	struct model *model;
	struct utsname kernel;
	VEC(uint32_t) processes; /* that are looked at */
	struct map known; /* the same */
	VEC(uint64_t) keys; /* of objects that somebody waits for */
	VEC(struct connection) connections;
	size_t connections_sought;
	VEC(struct wire_endpoint) endpoints; /* who has these objects */
	struct map keys_known; /* the same; the value: the socket whose peer it is, or 0 */
	uint64_t start_ns;
};

/* --- which processes -------------------------------------------------------------- */

static int process_add(struct why *w, uint32_t tgid)
{
	if (map_get(&w->known, tgid) || w->processes.count >= PROCESSES_MAX ||
	    tgid == (uint32_t)getpid())
		return 0;
	if (map_put(&w->known, tgid, 1))
		return -ENOMEM;
	return vec_push(&w->processes, tgid);
}

/* Reads a small file of /proc as text; its size, 0 when there is none. */
static size_t read_text(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, buf, size - 1) : -1;

	if (fd >= 0)
		close(fd);
	buf[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

/* A number that a line of /proc/PID/status has; 0: none. */
static uint32_t status_number(uint32_t pid, const char *key)
{
	char path[64], text[4096], *line;

	snprintf(path, sizeof(path), "/proc/%u/status", pid);
	if (!read_text(path, text, sizeof(text)))
		return 0;
	line = strstr(text, key);
	return line ? (uint32_t)strtoul(line + strlen(key), NULL, 10) : 0;
}

/* Why there was nothing to look at. */
static int said_to_be_over(uint32_t pid, struct error *err)
{
	uint32_t parent = status_number(pid, "\nPPid:");

	if (!parent)
		return error_set(err, -ESRCH, "process %u has ended", pid);
	return error_set(err, -ESRCH, "process %u has ended, and its parent, process %u, has not "
				      "taken its exit status (a zombie)", pid, parent);
}

/*
 * The children of the process, and theirs. Those of others who turn out to be
 * involved are left out: such a one may be the father of the whole machine.
 */
static int add_children(struct why *w)
{
	struct family all = { 0 };
	int rc = family_read(&all);

	for (size_t i = 0; i < w->processes.count && !rc; i++) {
		size_t pos = 0;
		uint32_t child;

		while (!rc && (child = family_next(&all, &pos, w->processes.at[i])))
			rc = process_add(w, child);
	}
	family_release(&all);
	return rc;
}

static int key_add(struct why *w, uint64_t key, uint64_t peer_of)
{
	if (!key || map_get(&w->keys_known, key))
		return 0;
	if (map_put(&w->keys_known, key, peer_of))
		return -ENOMEM;
	return vec_push(&w->keys, key);
}

static int connection_add(struct why *w, uint32_t tgid, const struct wire_object *o)
{
	struct connection c = { .key = o->key, .tgid = tgid, .o = *o };

	for (size_t i = 0; i < w->connections.count; i++)
		if (w->connections.at[i].key == o->key)
			return 0;
	return w->connections.count < CONNECTIONS_MAX ? vec_push(&w->connections, c) : 0;
}

/* A socket of this machine may be the other end of one that is waited for. */
static int on_socket(void *ctx, const struct socket_row *row)
{
	struct why *w = ctx;
	int rc = 0;

	for (size_t i = w->connections_sought; i < w->connections.count && !rc; i++) {
		const struct wire_object *o = &w->connections.at[i].o;

		if (row->tcp && row->inode && row->family == o->family &&
		    row->local_port == o->remote_port && row->remote_port == o->local_port &&
		    !memcmp(row->local, o->remote, sizeof(o->remote)) &&
		    !memcmp(row->remote, o->local, sizeof(o->local)))
			rc = key_add(w, wire_object_key(row->inode, o->device), o->key);
	}
	return rc;
}

/* The other ends of the connections that are new, in the networks that they are in. */
static int find_connected(struct why *w)
{
	uint64_t last = 0;
	int rc = 0;

	for (size_t i = w->connections_sought; i < w->connections.count && !rc; i++) {
		uint32_t tgid = w->connections.at[i].tgid;
		uint64_t network = sockets_namespace("/proc", tgid);

		/* nearly always all of them are in one */
		if (network && network != last)
			rc = sockets_read("/proc", tgid, on_socket, w);
		last = network;
	}
	w->connections_sought = w->connections.count;
	return rc;
}

/* What a thread waits for leads to who is involved. */
static int on_wait(void *ctx, const struct wire_switch *s, const struct wire_look *look,
		   const struct wire_object *object)
{
	struct why *w = ctx;
	struct futex_wait wait = {
		.address = s->args[0],
		.op = (uint32_t)s->args[1],
		.value = (uint32_t)s->args[2],
		.words = s->futex,
	};
	struct futex_guess guess;

	if (s->detail == WIRE_DETAIL_OBJECT && object) {
		if (object->kind == WIRE_OBJECT_PIPE)
			return key_add(w, object->key, 0);
		if (object->protocol == IPPROTO_TCP && object->remote_port)
			return connection_add(w, s->tgid, object);
		return look->peer ? key_add(w, look->peer, object->key) : 0;
	}
	if (s->detail == WIRE_DETAIL_FILE_LOCK)
		return s->file_lock.open_file ? key_add(w, s->file_lock.open_file, 0)
					      : process_add(w, s->file_lock.holder);
	if (s->detail != WIRE_DETAIL_FUTEX)
		return 0;
	guess = futex_identify(&wait);
	if (!guess.shared || !guess.owner_tid)
		return 0;
	return process_add(w, status_number(guess.owner_tid, "\nTgid:"));
}

static int on_owner(void *ctx, const struct endpoint_owner *owner)
{
	return process_add(ctx, owner->tgid);
}

/* Looks until nobody new turns up. */
static int find_involved(struct why *w, struct error *err)
{
	size_t before = 0;
	int rc = add_children(w);

	for (int round = 0; round < ROUNDS_MAX && !rc && before != w->processes.count; round++) {
		before = w->processes.count;
		rc = snapshot_look(w->snapshot, w->processes.at, w->processes.count, err);
		if (!rc)
			rc = snapshot_waits(w->snapshot, on_wait, w);
		if (!rc)
			rc = find_connected(w);
		if (!rc)
			rc = snapshot_endpoints(w->snapshot, w->keys.at, w->keys.count, on_owner,
						w, err);
	}
	return rc;
}

/* --- what they do ------------------------------------------------------------------- */

static int on_event(void *ctx, const struct event *e)
{
	struct why *w = ctx;

	return model_add(w->model, e);
}

static int on_record(void *ctx, const struct wire_head *record)
{
	struct why *w = ctx;

	return translate_record(w->translate, record);
}

static uint32_t on_walk(void *ctx, const struct wire_look *look, uint64_t *frames,
			uint8_t *ret_flags)
{
	struct why *w = ctx;

	return walker_walk(w->walker, look, frames, ret_flags);
}

/* Kept until the objects that they are ends of have been told. */
static int on_endpoint(void *ctx, const struct endpoint_owner *owner)
{
	struct why *w = ctx;
	const uint64_t *peer_of = map_get(&w->keys_known, owner->key);
	struct wire_endpoint e = {
		.head = { .size = sizeof(e), .type = WIRE_ENDPOINT },
		.key = peer_of && *peer_of ? *peer_of : owner->key,
		.tgid = owner->tgid,
	};

	e.roles = (owner->reads ? END_READS : 0u) |
		 (owner->writes ? END_WRITES : 0u) |
		 (peer_of && *peer_of ? END_PEER : 0u) |
		 (owner->catches_signals ? END_SIGNALS : 0u);
	memcpy(e.comm, owner->comm, strnlen(owner->comm, sizeof(e.comm)));
	return vec_push(&w->endpoints, e);
}

/*
 * Who has the other ends is asked between the looks: whoever was seen waiting in
 * both was waiting then. Asked afterwards, one who has just written and closed its
 * end would be missing.
 */
static int look_again(struct why *w, struct error *err)
{
	struct timespec between = { .tv_nsec = BETWEEN_NS };
	int rc;

	nanosleep(&between, NULL);
	rc = snapshot_endpoints(w->snapshot, w->keys.at, w->keys.count, on_endpoint, w, err);
	w->start_ns = clock_monotonic_ns();
	if (!rc)
		rc = snapshot_look(w->snapshot, w->processes.at, w->processes.count, err);
	/* the kernel's symbols, which were being read meanwhile */
	translate_ready(w->translate);
	if (!rc)
		rc = snapshot_tell(w->snapshot, on_record, on_walk, w);
	for (size_t i = 0; i < w->endpoints.count && !rc; i++)
		rc = translate_record(w->translate, &w->endpoints.at[i].head);
	return rc ? rc : translate_names(w->translate);
}

static int why_open(struct why *w, struct error *err)
{
	struct model_options model = { .machine = w->kernel.machine };
	int rc = translate_open(machine_find(w->kernel.machine), true, on_event, w,
				&w->translate, err);

	if (!rc)
		rc = snapshot_open(w->o->log.verbose > 1, &w->snapshot, err);
	if (rc)
		return rc;
	w->walker = walker_new(translate_spaces(w->translate), translate_modules(w->translate));
	w->model = model_new(&model);
	return w->walker && w->model ? 0 : -ENOMEM;
}

static int answer(struct why *w, struct error *err, int *ret_status)
{
	struct recording rec = {
		.kernel = w->kernel.release,
		.machine = w->kernel.machine,
		.host = w->kernel.nodename,
		.version = runwait_version,
		.command = "",
		.cpus = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN),
		.stacks = true,
		.children = true,
		.snapshot_of = w->processes.at[0],
		.complete = true,
		.start_ns = w->start_ns,
		.exit_status = -1,
	};
	struct load_selection selection = { .pid = w->processes.at[0] };
	struct loaded l = { .model = w->model };
	int rc;

	rec.end_ns = clock_monotonic_ns();
	rec.start_realtime_ns = clock_realtime_ns() - (rec.end_ns - rec.start_ns);
	if (snapshot_missing(w->snapshot))
		rec.missing[rec.missing_count++] = snapshot_missing(w->snapshot);
	rc = model_finish(w->model, &rec, &l.result);
	if (rc)
		return error_set(err, rc, "out of memory");
	l.stacks = model_stacks(w->model);
	if (l.result.waits.count)
		*ret_status = show(&view_why, &l, &selection, &w->o->show);
	else
		rc = said_to_be_over(w->processes.at[0], err);
	result_release(&l.result);
	return rc;
}

static void why_release(struct why *w)
{
	model_free(w->model);
	walker_free(w->walker);
	snapshot_close(w->snapshot);
	translate_close(w->translate);
	vec_release(&w->processes);
	vec_release(&w->keys);
	vec_release(&w->endpoints);
	vec_release(&w->connections);
	map_release(&w->known);
	map_release(&w->keys_known);
}

static int look(const struct why_options *o)
{
	struct why w = { .o = o };
	struct error err = ERROR_INIT;
	int status = STATUS_OK, rc = 0;
	uint32_t tgid = status_number((uint32_t)o->pid, "\nTgid:");

	uname(&w.kernel);
	if (!tgid)
		rc = error_set(&err, -ESRCH, "no process %u", (unsigned int)o->pid);
	else if (tgid == (uint32_t)getpid())
		rc = error_set(&err, -EINVAL, "that is this very runwait");
	if (!rc)
		rc = process_add(&w, tgid);
	if (!rc)
		rc = why_open(&w, &err);
	if (!rc)
		rc = find_involved(&w, &err);
	if (!rc)
		rc = look_again(&w, &err);
	if (!rc)
		rc = answer(&w, &err, &status);
	why_release(&w);
	return rc ? command_failed(&err, rc) : status;
}

static int why_run(int argc, char **argv)
{
	struct why_options o = { 0 };
	int words, status;

	if (!command_parse(&command_why, &o, argc, argv, false, &words, NULL, &status))
		return status;
	command_set_log(&o.log);
	if (words < argc)
		return command_usage(&command_why, "'%s': name the process with -p", argv[words]);
	if (!o.pid)
		return command_usage(&command_why, "no process: -p PID");
	return look(&o);
}

const struct command command_why = {
	.name = "why",
	.summary = "what a process that hangs is waiting for, now",
	.usage = "[options] -p PID",
	.notes = "Looks at all threads of the process and its children twice, 50 ms apart, and\n"
		 "says who waits for whom; deadlocks first. The process is not stopped.\n",
	.options = options,
	.run = why_run,
};
