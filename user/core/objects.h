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
	uint32_t tgid;
	uint64_t address;
	uint32_t text; /* see objects_text() */
};

struct objects {
	VEC(struct object) list;
	struct map by_number;
	struct intern text;
	uint32_t last_number; /* the look-up before this one */
	uint32_t last_index;
};

void objects_release(struct objects *os);
/* The last description of a number counts: a socket connects after it was first seen. */
int objects_add(struct objects *os, const struct event_object *e);
/* NULL when it is 0 or was never described; valid until the next add. */
const struct object *objects_find(struct objects *os, uint32_t number);
/* "" when it has none; valid until the next add. */
const char *objects_text(const struct objects *os, const struct object *o);

#endif
