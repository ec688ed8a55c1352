/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * links: which process waited through which pipe or socket, and who ended that.
 * From it follows who has the other end, also when it is gone by the time that
 * somebody asks: io.c and traffic.c do.
 *
 * A waker counts as the other end when it was in a call that can fill or empty
 * such an object. Who has it open as the recording ends (EVENT_END) is asked
 * for what nobody was seen to use.
 */
#ifndef RUNWAIT_CORE_LINKS_H
#define RUNWAIT_CORE_LINKS_H

#include "base/map.h"
#include "base/strbuf.h"
#include "core/event.h"
#include "core/result.h"

struct context;
struct absence;
struct object;

/* How far a waker's system call speaks for its having the other end. */
enum proof {
	PROOF_NONE, /* a signal, another kind of call, an interrupt */
	PROOF_WEAK, /* it ended or closed everything */
	PROOF_STRONG, /* reads, writes, sends … */
};

struct link {
	uint32_t from; /* index of the waiting process */
	uint32_t object;
	uint8_t class, side, ender, proof; /* enum wait_class, io_side, ender, proof */
	uint32_t id; /* of the ender: thread index or TID */
	uint64_t waits, wait_ns, max_wait_ns;
	uint32_t next; /* of the same object, index + 1; 0 none */
};

struct links {
	VEC(struct link) list;
	struct intern keys; /* numbers are indices of list */
	struct map by_object; /* the last link of each, index + 1 */
	struct map listeners; /* ports that were listened at */
	bool listeners_known;
};

void links_release(struct links *l);

/* Takes a wait for a pipe, a socket or an event loop. 0 or -ENOMEM. */
int links_add(struct context *c, const struct absence *a);

/* What a process is called: "" when nobody knows. */
const char *process_name(const struct context *c, uint32_t tgid);

/* A process at the other end. */
struct peer {
	uint32_t tgid;
	const char *comm; /* "" unknown */
	uint64_t waits; /* that it ended; 0: it only has it open */
};

struct peers {
	VEC(struct peer) list; /* who ended most waits first */
};

/* Adds those of @object, as a waiter on @side of it sees them. 0 or -ENOMEM. */
int peers_find(struct context *c, uint32_t object, enum io_side side, struct peers *into);
/* Who a link's waits were for; false: nobody is known. */
bool link_peer(struct context *c, const struct link *l, const struct peers *of_object,
	       struct peer *ret);
void peers_sort(struct peers *p);
/* "cat (1234)", "cat (1234) and 2 more", "postgres (10 processes)". */
void peers_print(const struct peers *p, struct strbuf *out);

/* What a waiter in system call @nr does with an object; sockets: SIDE_NONE. */
enum io_side side_of_call(const struct context *c, const struct object *o, int nr);
/* Whether a socket asks or serves, when all is told. 0 or -ENOMEM. */
int side_of_socket(struct context *c, const struct object *o, enum io_side *ret);

/*
 * What an object is called without its other end: as recordings say it, or
 * (@brief) as people do: "pipe", "eventfd". A server's end is called by the
 * address that it serves.
 */
void object_print(const struct context *c, const struct object *o, enum io_side side, bool brief,
		  struct strbuf *out);

#endif
