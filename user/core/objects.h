/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * objects: what threads wait for, by number: files, sockets, pipes, futexes.
 * Numbers come from files: every look-up copes with any number.
 */
#ifndef RUNWAIT_CORE_OBJECTS_H
#define RUNWAIT_CORE_OBJECTS_H

#include "base/map.h"
#include "core/event.h"

struct object {
	uint32_t number;
	uint8_t kind; /* enum object_kind */
	uint8_t flags; /* OBJECT_LISTENING, OBJECT_SHARED */
	bool gil; /* futex: a part of CPython's GIL */
	uint32_t tgid;
	uint64_t address;
	uint64_t peer; /* inode of a unix socket's other end; 0 unknown */
	uint32_t text, local; /* see objects_text() */
	uint32_t ends; /* the last one in objects.ends, index + 1; 0 none */
};

/* A process that was found to have an end of an object. */
struct object_end {
	uint32_t tgid;
	uint8_t roles; /* END_… */
	uint32_t comm; /* number in objects.text */
	uint32_t next; /* of the same object, index + 1; 0 none */
};

struct objects {
	VEC(struct object) list;
	VEC(struct object_end) ends;
	struct map by_number;
	struct map by_inode; /* unix sockets: index in list */
	struct intern text;
	uint32_t last_number; /* the look-up before this one */
	uint32_t last_index;
};

void objects_release(struct objects *os);
/* The last description of a number counts: a socket connects after it was first seen. */
int objects_add(struct objects *os, const struct event_object *e);
/* Ends of objects that were never described are ignored. */
int objects_add_end(struct objects *os, const struct event_end *e);
/* NULL when it is 0 or was never described; valid until the next add. */
const struct object *objects_find(struct objects *os, uint32_t number);
/* "" when it has none; valid until the next add. */
const char *objects_text(const struct objects *os, const struct object *o);
/* Its own address: "" when it has none. */
const char *objects_local(const struct objects *os, const struct object *o);
/* The other end of a unix socket, when it was described, too; else NULL. */
const struct object *objects_peer(const struct objects *os, const struct object *o);
/* The ends that were found: @end NULL for the first; NULL behind the last. */
const struct object_end *objects_end(const struct objects *os, const struct object *o,
				     const struct object_end *end);

#endif
