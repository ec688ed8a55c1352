/* SPDX-License-Identifier: GPL-2.0-only */
#include "core/links.h"

#include "core/analysis.h"

#include <string.h>

/* linux/ip_local_port_range: by default, a client's own port is not below */
enum { EPHEMERAL_PORT = 32768 };

void links_release(struct links *l)
{
	vec_release(&l->list);
	intern_release(&l->keys);
	map_release(&l->by_object);
	map_release(&l->listeners);
}

/* --- system calls ----------------------------------------------------------- */

static const struct {
	uint16_t call;
	uint8_t side, proof;
} calls[] = {
	{ SYSCALL_READ, SIDE_READS, PROOF_STRONG },
	{ SYSCALL_READV, SIDE_READS, PROOF_STRONG },
	{ SYSCALL_PREAD64, SIDE_READS, PROOF_STRONG },
	{ SYSCALL_PREADV, SIDE_READS, PROOF_STRONG },
	{ SYSCALL_PREADV2, SIDE_READS, PROOF_STRONG },
	{ SYSCALL_RECVFROM, SIDE_READS, PROOF_STRONG },
	{ SYSCALL_RECVMSG, SIDE_READS, PROOF_STRONG },
	{ SYSCALL_RECVMMSG, SIDE_READS, PROOF_STRONG },
	{ SYSCALL_MQ_TIMEDRECEIVE, SIDE_READS, PROOF_STRONG },
	{ SYSCALL_MSGRCV, SIDE_READS, PROOF_STRONG },
	{ SYSCALL_SPLICE, SIDE_READS, PROOF_STRONG }, /* its first descriptor is read */
	{ SYSCALL_TEE, SIDE_READS, PROOF_STRONG },
	{ SYSCALL_WRITE, SIDE_WRITES, PROOF_STRONG },
	{ SYSCALL_WRITEV, SIDE_WRITES, PROOF_STRONG },
	{ SYSCALL_PWRITE64, SIDE_WRITES, PROOF_STRONG },
	{ SYSCALL_PWRITEV, SIDE_WRITES, PROOF_STRONG },
	{ SYSCALL_PWRITEV2, SIDE_WRITES, PROOF_STRONG },
	{ SYSCALL_SENDTO, SIDE_WRITES, PROOF_STRONG },
	{ SYSCALL_SENDMSG, SIDE_WRITES, PROOF_STRONG },
	{ SYSCALL_SENDMMSG, SIDE_WRITES, PROOF_STRONG },
	{ SYSCALL_SENDFILE, SIDE_WRITES, PROOF_STRONG }, /* its first descriptor is written */
	{ SYSCALL_VMSPLICE, SIDE_WRITES, PROOF_STRONG },
	{ SYSCALL_MQ_TIMEDSEND, SIDE_WRITES, PROOF_STRONG },
	{ SYSCALL_MSGSND, SIDE_WRITES, PROOF_STRONG },
	{ SYSCALL_CONNECT, SIDE_NONE, PROOF_STRONG },
	{ SYSCALL_ACCEPT, SIDE_NONE, PROOF_STRONG },
	{ SYSCALL_ACCEPT4, SIDE_NONE, PROOF_STRONG },
	{ SYSCALL_SHUTDOWN, SIDE_NONE, PROOF_STRONG },
	{ SYSCALL_CLOSE, SIDE_NONE, PROOF_STRONG },
	{ SYSCALL_IO_URING_ENTER, SIDE_NONE, PROOF_STRONG },
	{ SYSCALL_CLOSE_RANGE, SIDE_NONE, PROOF_WEAK },
	{ SYSCALL_DUP2, SIDE_NONE, PROOF_WEAK },
	{ SYSCALL_DUP3, SIDE_NONE, PROOF_WEAK },
	{ SYSCALL_EXECVE, SIDE_NONE, PROOF_WEAK },
	{ SYSCALL_EXIT, SIDE_NONE, PROOF_WEAK },
	{ SYSCALL_EXIT_GROUP, SIDE_NONE, PROOF_WEAK },
};

static size_t call_of(const struct context *c, int nr)
{
	enum syscall_id id = syscall_identify(c->machine, nr);
	size_t i = 0;

	while (i < ARRAY_COUNT(calls) && calls[i].call != id)
		i++;
	return i;
}

enum io_side side_of_call(const struct context *c, const struct object *o, int nr)
{
	size_t at;

	switch (o ? o->kind : OBJECT_NONE) {
	case OBJECT_PIPE:
	case OBJECT_QUEUE:
	case OBJECT_TTY:
	case OBJECT_EVENTFD:
		at = call_of(c, nr);
		return at < ARRAY_COUNT(calls) ? (enum io_side)calls[at].side : SIDE_NONE;
	default:
		return SIDE_NONE;
	}
}

static enum proof proof_of(const struct context *c, const struct absence *a)
{
	size_t at = call_of(c, a->out->waker_nr);

	if (a->ender != ENDER_THREAD && a->ender != ENDER_TASK)
		return PROOF_NONE;
	return at < ARRAY_COUNT(calls) ? (enum proof)calls[at].proof : PROOF_NONE;
}

/* --- adding ------------------------------------------------------------------ */

int links_add(struct context *c, const struct absence *a)
{
	/* of one size, without holes: it is a key of bytes */
	struct {
		uint32_t from, object, id;
		uint8_t class, side, ender, proof;
	} key;
	const struct object *o = objects_find(&c->objects, a->out->object);
	struct links *l = &c->links;
	struct link *link;
	uint32_t at;
	int rc;

	if (!o)
		return 0;
	key.from = c->threads.list.at[a->thread].process;
	key.object = a->out->object;
	key.class = (uint8_t)a->class;
	key.side = (uint8_t)side_of_call(c, o, a->out->nr);
	key.proof = (uint8_t)proof_of(c, a);
	/* one is as unknown as the other */
	key.ender = key.proof ? (uint8_t)a->ender : ENDER_UNKNOWN;
	key.id = key.proof ? a->ender_id : 0;
	rc = intern_put(&l->keys, &key, sizeof(key), &at);
	if (rc)
		return rc;
	if (at == l->list.count) {
		const uint64_t *last = map_get(&l->by_object, key.object);
		struct link first = {
			.from = key.from,
			.object = key.object,
			.class = key.class,
			.side = key.side,
			.ender = key.ender,
			.proof = key.proof,
			.id = key.id,
			.next = last ? (uint32_t)*last : 0,
		};

		if (vec_push(&l->list, first) ||
		    map_put(&l->by_object, key.object, l->list.count))
			return -ENOMEM;
	}
	link = &l->list.at[at];
	link->waits += a->waits;
	link->wait_ns += a->wait_ns;
	if (a->waits == 1)
		link->max_wait_ns = max_u64(link->max_wait_ns, a->wait_ns);
	return 0;
}

/* --- who asks and who serves --------------------------------------------------- */

/* The port of "…:5432"; 0 none. */
static uint32_t port_of(const char *address)
{
	const char *colon = strrchr(address, ':');

	return colon ? (uint32_t)strtoul(colon + 1, NULL, 10) : 0;
}

static int learn_listeners(struct context *c)
{
	struct links *l = &c->links;

	if (l->listeners_known)
		return 0;
	for (size_t i = 0; i < c->objects.list.count; i++) {
		const struct object *o = &c->objects.list.at[i];
		uint32_t port = 0;

		if (o->kind == OBJECT_SOCKET && o->flags & OBJECT_LISTENING)
			port = port_of(objects_text(&c->objects, o));
		if (port && map_put(&l->listeners, port, 1))
			return -ENOMEM;
	}
	l->listeners_known = true;
	return 0;
}

static uint8_t roles_of(const struct context *c, const struct object *o)
{
	uint8_t roles = 0;

	for (const struct object_end *e = objects_end(&c->objects, o, NULL); e;
	     e = objects_end(&c->objects, o, e))
		roles |= e->roles;
	return roles;
}

int side_of_socket(struct context *c, const struct object *o, enum io_side *ret)
{
	uint32_t local = port_of(objects_local(&c->objects, o));
	uint32_t remote = port_of(objects_text(&c->objects, o));
	uint8_t roles = roles_of(c, o);
	bool here, there;
	int rc = learn_listeners(c);

	*ret = SIDE_NONE;
	if (rc)
		return rc;
	if (o->flags & (OBJECT_ASKS | OBJECT_SERVES)) {
		*ret = o->flags & OBJECT_SERVES ? SIDE_SERVES : SIDE_ASKS;
		return 0;
	}
	if (!*objects_local(&c->objects, o))
		return 0;
	here = roles & END_SERVES || map_get(&c->links.listeners, local);
	there = roles & END_LISTENS || map_get(&c->links.listeners, remote);
	/* where nobody was seen to listen, the port says what it is for */
	if (here == there) {
		here = local < EPHEMERAL_PORT && remote >= EPHEMERAL_PORT;
		there = remote < EPHEMERAL_PORT && local >= EPHEMERAL_PORT;
	}
	if (here != there)
		*ret = here ? SIDE_SERVES : SIDE_ASKS;
	return 0;
}

/* --- peers ---------------------------------------------------------------------- */

const char *process_name(const struct context *c, uint32_t tgid)
{
	const uint64_t *at = map_get(&c->threads.process_by_tgid, tgid);

	if (at && c->threads.processes.at[*at].leader < c->threads.list.count)
		return c->threads.list.at[c->threads.processes.at[*at].leader].comm;
	return threads_name_of(&c->threads, tgid);
}

static struct peer peer_of_ender(const struct context *c, const struct link *l)
{
	struct peer p = { .waits = l->waits };

	if (l->ender == ENDER_THREAD) {
		const struct thread *t = &c->threads.list.at[l->id];
		const struct process *process = &c->threads.processes.at[t->process];

		p.tgid = t->tgid;
		p.comm = process->leader < c->threads.list.count ?
				 c->threads.list.at[process->leader].comm :
				 t->comm;
	} else {
		p.tgid = threads_waker_tgid(&c->threads, l->id);
		p.comm = process_name(c, p.tgid);
		if (!*p.comm)
			p.comm = threads_name_of(&c->threads, l->id);
	}
	return p;
}

static int peers_add(struct peers *into, const struct peer *p)
{
	for (size_t i = 0; i < into->list.count; i++)
		if (into->list.at[i].tgid == p->tgid) {
			into->list.at[i].waits += p->waits;
			return 0;
		}
	return vec_push(&into->list, *p);
}

/* A loopback address is of this machine; others may be. */
static bool is_near(const struct context *c, const struct object *o)
{
	const char *text = objects_text(&c->objects, o);

	return !*objects_local(&c->objects, o) || strstr(text, " 127.") || strstr(text, " [::1]");
}

/*
 * Those who ended its waits. A packet from elsewhere that comes in during a
 * socket call of somebody here looks like theirs: so for an address that may
 * be elsewhere, most waits must have been ended by somebody here.
 */
static int peers_by_waits(struct context *c, const struct object *o, enum io_side side,
			  struct peers *into)
{
	const uint64_t *first = map_get(&c->links.by_object, o->number);
	uint64_t of_all = 0, of_proof[PROOF_STRONG + 1] = { 0 };
	enum proof wanted;
	const struct link *l;
	int rc = 0;

	for (uint32_t at = first ? (uint32_t)*first : 0; at; at = l->next) {
		l = &c->links.list.at[at - 1];
		if (o->kind != OBJECT_SOCKET && l->side != side)
			continue;
		of_all += l->waits;
		of_proof[l->proof] += l->waits;
	}
	wanted = of_proof[PROOF_STRONG] ? PROOF_STRONG : PROOF_WEAK;
	if (!of_proof[wanted] || (!is_near(c, o) && of_proof[wanted] < of_all / 2 + 1))
		return 0;
	for (uint32_t at = first ? (uint32_t)*first : 0; at && !rc; at = l->next) {
		struct peer p;

		l = &c->links.list.at[at - 1];
		if (l->proof != wanted || (o->kind != OBJECT_SOCKET && l->side != side))
			continue;
		p = peer_of_ender(c, l);
		rc = peers_add(into, &p);
	}
	return rc;
}

/* Those who have it open now, but for the one that asks when there are others. */
static int peers_by_ends(struct context *c, const struct object *o, uint8_t roles,
			 struct peers *into)
{
	bool others = false;
	int rc = 0;

	for (const struct object_end *e = objects_end(&c->objects, o, NULL); e;
	     e = objects_end(&c->objects, o, e))
		others |= e->roles & roles && e->tgid && e->tgid != o->tgid;
	for (const struct object_end *e = objects_end(&c->objects, o, NULL); e && !rc;
	     e = objects_end(&c->objects, o, e)) {
		struct peer p = {
			.tgid = e->tgid,
			.comm = intern_text(&c->objects.text, e->comm),
		};

		/* of a listener that no process has, only that there is one is known */
		if (e->tgid && e->roles & roles && !(others && e->tgid == o->tgid))
			rc = peers_add(into, &p);
	}
	return rc;
}

int peers_find(struct context *c, uint32_t object, enum io_side side, struct peers *into)
{
	const struct object *o = objects_find(&c->objects, object), *pair;
	struct peers own = { 0 };
	int rc;

	if (!o || o->flags & OBJECT_LISTENING)
		return 0;
	rc = peers_by_waits(c, o, side, &own);
	if (!rc && !own.list.count)
		rc = peers_by_ends(c, o,
				   o->kind == OBJECT_SOCKET ? END_PEER :
				   side == SIDE_READS	    ? END_WRITES :
				   side == SIDE_WRITES	    ? END_READS :
							      END_READS | END_WRITES,
				   &own);
	pair = objects_peer(&c->objects, o);
	if (!rc && !own.list.count && pair) {
		struct peer p = { .tgid = pair->tgid, .comm = process_name(c, pair->tgid) };

		rc = peers_add(&own, &p);
	}
	if (!rc && !own.list.count && side == SIDE_ASKS)
		rc = peers_by_ends(c, o, END_LISTENS, &own);
	for (size_t i = 0; i < own.list.count && !rc; i++)
		rc = peers_add(into, &own.list.at[i]);
	vec_release(&own.list);
	return rc;
}

bool link_peer(struct context *c, const struct link *l, const struct peers *of_object,
	       struct peer *ret)
{
	if (l->proof != PROOF_NONE) {
		*ret = peer_of_ender(c, l);
		for (size_t i = 0; i < of_object->list.count; i++)
			if (of_object->list.at[i].tgid == ret->tgid)
				return true;
	}
	/* ended by a timeout, a signal, or not at all: still it was for the only one there is */
	if (of_object->list.count != 1)
		return false;
	*ret = of_object->list.at[0];
	return true;
}

static int peer_order(const void *x, const void *y)
{
	const struct peer *a = x, *b = y;
	int order = compare_u64(b->waits, a->waits);

	return order ? order : compare_u64(a->tgid, b->tgid);
}

void peers_sort(struct peers *p)
{
	vec_sort(&p->list, peer_order);
}

void peers_print(const struct peers *p, struct strbuf *out)
{
	bool same = true;

	if (!p->list.count)
		return;
	for (size_t i = 1; i < p->list.count; i++)
		same = same && !strcmp(p->list.at[i].comm, p->list.at[0].comm);
	strbuf_puts(out, *p->list.at[0].comm ? p->list.at[0].comm : "process");
	if (p->list.count > 1 && same) {
		strbuf_addf(out, " (%zu processes)", p->list.count);
		return;
	}
	strbuf_addf(out, " (%u)", p->list.at[0].tgid);
	if (p->list.count > 1)
		strbuf_addf(out, " and %zu more", p->list.count - 1);
}

/* --- names ---------------------------------------------------------------------- */

void object_print(const struct context *c, const struct object *o, enum io_side side, bool brief,
		  struct strbuf *out)
{
	static const char *const names[] = {
		[OBJECT_EVENTFD] = "eventfd",	[OBJECT_TIMERFD] = "timerfd",
		[OBJECT_SIGNALFD] = "signalfd", [OBJECT_EPOLL] = "epoll",
		[OBJECT_INOTIFY] = "inotify",	[OBJECT_IO_URING] = "io_uring",
		[OBJECT_PIDFD] = "pidfd",
	};
	const char *text = objects_text(&c->objects, o), *local = objects_local(&c->objects, o);
	const char *space = strchr(text, ' ');

	if (side == SIDE_SERVES && *local && space) {
		strbuf_add(out, text, (size_t)(space - text) + 1);
		strbuf_puts(out, local);
	} else if (brief && o->kind < ARRAY_COUNT(names) && names[o->kind]) {
		strbuf_puts(out, names[o->kind]);
	} else if (brief && o->kind == OBJECT_PIPE && !strncmp(text, "pipe:", 5)) {
		strbuf_puts(out, "pipe");
	} else if (brief && o->flags & OBJECT_PAIR) {
		strbuf_puts(out, "unix pair");
	} else {
		strbuf_puts(out, text);
	}
}
