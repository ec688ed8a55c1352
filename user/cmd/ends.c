/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One pass over the sockets of each network namespace that the target has, then
 * one over the open files of the machine. What is looked for there has keys: a
 * key leads to the objects that it is an end of (struct wish).
 */
#include "cmd/ends.h"

#include "base/alloc.h"
#include "base/map.h"
#include "base/strbuf.h"
#include "capture/capture.h"
#include "capture/sockets.h"
#include "core/object_text.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OBJECTS_MAX = 16384, NAMESPACES_MAX = 64 };

struct noted {
	uint32_t object, tgid;
	uint8_t kind;
	uint32_t device;
	uint64_t inode, peer;
	uint32_t text, local; /* in texts */
};

/* A lock on a file, and the key of the open file that has it. */
struct noted_lock {
	uint32_t object;
	uint64_t open_file;
};

/* Who has the object of this key open has that role in @object; role 0: as its mode says. */
struct wish {
	uint32_t object;
	uint8_t role;
	uint32_t next; /* of the same key, index + 1; 0 none */
};

struct ends {
	VEC(struct noted) list;
	VEC(struct noted_lock) locks;
	struct intern texts;
	VEC(struct wish) wishes;
	VEC(uint64_t) keys;
	struct map by_key; /* the last wish, index + 1 */
	struct map by_address; /* number of "tcp HERE THERE" in texts to the number in list */
	struct map by_local, by_remote; /* the same for "tcp HERE": last in list, index + 1 */
	VEC(uint32_t) same_local, same_remote; /* by list: the one before with that address */
	struct strbuf text;
	bool failed; /* to write, which is no reason to do without */
	uint64_t now_ns;
	ends_emit_fn emit;
	void *ctx;
};

struct ends *ends_new(void)
{
	struct ends *e = calloc(1, sizeof(*e));

	if (e)
		strbuf_init(&e->text);
	return e;
}

void ends_free(struct ends *e)
{
	if (!e)
		return;
	vec_release(&e->list);
	vec_release(&e->locks);
	vec_release(&e->wishes);
	vec_release(&e->keys);
	vec_release(&e->same_local);
	vec_release(&e->same_remote);
	intern_release(&e->texts);
	map_release(&e->by_key);
	map_release(&e->by_address);
	map_release(&e->by_local);
	map_release(&e->by_remote);
	strbuf_release(&e->text);
	free(e);
}

int ends_object(struct ends *e, const struct event_object *o)
{
	struct noted n = {
		.object = o->object,
		.tgid = o->tgid,
		.kind = o->kind,
		.device = o->device,
		.inode = o->address,
		.peer = o->peer,
	};
	int rc;

	if ((o->kind != OBJECT_PIPE && o->kind != OBJECT_SOCKET) || e->list.count == OBJECTS_MAX)
		return 0;
	rc = intern_str(&e->texts, o->text, &n.text);
	if (!rc)
		rc = intern_str(&e->texts, o->local ? o->local : "", &n.local);
	return rc ? rc : vec_push(&e->list, n);
}

int ends_lock(struct ends *e, uint32_t object, uint64_t open_file)
{
	if (e->locks.count == OBJECTS_MAX)
		return 0;
	return vec_push(&e->locks, (struct noted_lock){ object, open_file });
}

static int tell(struct ends *e, uint32_t object, uint32_t tgid, uint8_t roles, const char *comm)
{
	struct event event = { .type = EVENT_END, .time_ns = e->now_ns };
	int rc;

	event.end.object = object;
	event.end.tgid = tgid;
	event.end.roles = roles;
	event.end.comm = comm;
	rc = e->emit(e->ctx, &event);
	e->failed |= rc != 0;
	return rc;
}

/* --- what is looked for --------------------------------------------------------- */

static int want(struct ends *e, uint64_t key, uint32_t object, uint8_t role)
{
	const uint64_t *last = map_get(&e->by_key, key);
	struct wish w = { .object = object, .role = role, .next = last ? (uint32_t)*last : 0 };

	if (!last && vec_push(&e->keys, key))
		return -ENOMEM;
	if (vec_push(&e->wishes, w))
		return -ENOMEM;
	return map_put(&e->by_key, key, e->wishes.count);
}

/* "tcp 127.0.0.1:5432" and, when it is connected, " 127.0.0.1:40001" */
static int address_key(struct ends *e, bool tcp, const char *one, const char *other,
		       uint32_t *ret)
{
	strbuf_clear(&e->text);
	strbuf_addf(&e->text, "%s %s %s", tcp ? "tcp" : "udp", one, other);
	return strbuf_error(&e->text) ? -ENOMEM :
					intern_put(&e->texts, e->text.buf, e->text.len, ret);
}

/* Puts object @i in the chain of those with the address (or only the port) @address. */
static int chain(struct ends *e, struct map *m, uint32_t *before, bool tcp, const char *address,
		 size_t i)
{
	const uint64_t *last;
	uint32_t key;
	int rc = address_key(e, tcp, address, "", &key);

	if (rc)
		return rc;
	last = map_get(m, key);
	*before = last ? (uint32_t)*last : 0;
	return map_put(m, key, i + 1);
}

static const char *port_of(const char *address)
{
	const char *colon = strrchr(address, ':');

	return colon ? colon : "";
}

static int note_connection(struct ends *e, size_t i)
{
	const struct noted *n = &e->list.at[i];
	char there[80], here[80], protocol[8];
	bool tcp;
	uint32_t key;
	int rc;

	/* the texts move */
	if (sscanf(intern_text(&e->texts, n->text), "%7s %79s", protocol, there) != 2)
		return 0;
	snprintf(here, sizeof(here), "%s", intern_text(&e->texts, n->local));
	tcp = !strcmp(protocol, "tcp");
	rc = address_key(e, tcp, here, there, &key);
	if (!rc)
		rc = map_put(&e->by_address, key, i);
	/* by port: whether a listener's address covers theirs is looked at then */
	if (!rc)
		rc = chain(e, &e->by_local, &e->same_local.at[i], tcp, port_of(here), i);
	if (!rc)
		rc = chain(e, &e->by_remote, &e->same_remote.at[i], tcp, port_of(there), i);
	return rc;
}

static int note_all(struct ends *e, bool *ret_connections)
{
	int rc = 0;

	if (vec_reserve(&e->same_local, e->list.count) ||
	    vec_reserve(&e->same_remote, e->list.count))
		return -ENOMEM;
	for (size_t i = 0; i < e->locks.count && !rc; i++)
		rc = want(e, e->locks.at[i].open_file, e->locks.at[i].object, 0);
	for (size_t i = 0; i < e->list.count && !rc; i++) {
		const struct noted *n = &e->list.at[i];

		e->same_local.at[i] = e->same_remote.at[i] = 0;
		if (n->kind == OBJECT_PIPE) {
			rc = want(e, wire_object_key(n->inode, n->device), n->object, 0);
		} else if (n->peer) {
			rc = want(e, wire_object_key(n->peer, n->device), n->object, END_PEER);
		} else if (*intern_text(&e->texts, n->local)) {
			*ret_connections = true;
			rc = note_connection(e, i);
		}
	}
	return rc;
}

/* --- sockets --------------------------------------------------------------------- */

/* "0.0.0.0:80" and "[::]:80" take what comes to any address. */
static bool covers(const char *listener, const char *address)
{
	if (!strncmp(listener, "0.0.0.0:", 8) || !strncmp(listener, "[::]:", 5))
		return true;
	return !strcmp(listener, address);
}

static int on_listener(struct ends *e, const struct socket_row *row, const char *here)
{
	uint32_t key, at;
	const uint64_t *last;
	int rc = address_key(e, row->tcp, port_of(here), "", &key);

	if (rc)
		return rc;
	last = map_get(&e->by_remote, key);
	for (at = last ? (uint32_t)*last : 0; at && !rc; at = e->same_remote.at[at - 1]) {
		const struct noted *n = &e->list.at[at - 1];
		const char *there = strchr(intern_text(&e->texts, n->text), ' ');

		if (there && covers(here, there + 1)) {
			rc = tell(e, n->object, 0, END_LISTENS, "");
			if (!rc && row->inode)
				rc = want(e, wire_object_key(row->inode, n->device), n->object,
					  END_LISTENS);
		}
	}
	last = map_get(&e->by_local, key);
	for (at = last ? (uint32_t)*last : 0; at && !rc; at = e->same_local.at[at - 1])
		if (covers(here, intern_text(&e->texts, e->list.at[at - 1].local)))
			rc = tell(e, e->list.at[at - 1].object, 0, END_SERVES, "");
	return rc;
}

static int on_socket(void *ctx, const struct socket_row *row)
{
	struct strbuf here = STRBUF_INIT, there = STRBUF_INIT;
	struct ends *e = ctx;
	const uint64_t *at;
	uint32_t key;
	int rc;

	object_address(row->family, row->local, row->local_port, &here);
	object_address(row->family, row->remote, row->remote_port, &there);
	rc = strbuf_error(&here) || strbuf_error(&there) ? -ENOMEM : 0;
	if (!rc && row->listening) {
		rc = on_listener(e, row, here.buf);
	} else if (!rc && row->inode) {
		/* its other end is one that leads from there to here */
		rc = address_key(e, row->tcp, there.buf, here.buf, &key);
		at = rc ? NULL : map_get(&e->by_address, key);
		if (at && e->list.at[*at].inode != row->inode)
			rc = want(e, wire_object_key(row->inode, e->list.at[*at].device),
				  e->list.at[*at].object, END_PEER);
	}
	strbuf_release(&here);
	strbuf_release(&there);
	return rc;
}

/* Namespaces by the processes of the target, and ours, which may be theirs when they are gone. */
static int read_sockets(struct ends *e)
{
	struct map seen = MAP_INIT, asked = MAP_INIT;
	int rc = 0;

	for (size_t i = 0; i <= e->list.count && !rc && seen.count < NAMESPACES_MAX; i++) {
		uint32_t tgid = i ? e->list.at[i - 1].tgid : (uint32_t)getpid();
		uint64_t ns;

		if (map_get(&asked, tgid))
			continue;
		rc = map_put(&asked, tgid, 1);
		ns = sockets_namespace("/proc", tgid);
		if (rc || !ns || map_get(&seen, ns))
			continue;
		rc = map_put(&seen, ns, 1);
		if (!rc)
			rc = sockets_read("/proc", tgid, on_socket, e);
	}
	map_release(&seen);
	map_release(&asked);
	return rc;
}

/* --- open files -------------------------------------------------------------------- */

static int on_owner(void *ctx, const struct endpoint_owner *owner)
{
	struct ends *e = ctx;
	const uint64_t *last = map_get(&e->by_key, owner->key);
	uint8_t signals = owner->catches_signals ? END_SIGNALS : 0;
	uint8_t mode = (owner->reads ? END_READS : 0) | (owner->writes ? END_WRITES : 0);
	int rc = 0;

	for (uint32_t at = last ? (uint32_t)*last : 0; at && !rc; at = e->wishes.at[at - 1].next) {
		const struct wish *w = &e->wishes.at[at - 1];

		rc = tell(e, w->object, owner->tgid, (w->role ? w->role : mode) | signals,
			  owner->comm);
	}
	return rc;
}

int ends_tell(struct ends *e, struct capture *capture, uint64_t now_ns, ends_emit_fn emit,
	      void *ctx)
{
	struct error why = ERROR_INIT;
	bool connections = false;
	int rc;

	e->now_ns = now_ns;
	e->emit = emit;
	e->ctx = ctx;
	rc = note_all(e, &connections);
	if (!rc && connections)
		rc = read_sockets(e);
	if (!rc && e->keys.count)
		rc = capture_endpoints(capture, e->keys.at, e->keys.count, on_owner, e, &why);
	return rc == -ENOMEM || e->failed ? rc : 0;
}
