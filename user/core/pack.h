/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pack: a run of events to bytes and back, small and fast enough for every
 * context switch of a busy machine.
 *
 * The bytes of a chunk are columns: each field of each event type has its own,
 * so that like stands beside like and a fast general compressor finds it. A
 * field that is what the events before it in the chunk led to expect takes no
 * byte at all. Each chunk is read by itself.
 *
 * Bytes are distrusted: any of them give events or one error, and reading
 * takes a fixed amount of memory.
 */
#ifndef RUNWAIT_CORE_PACK_H
#define RUNWAIT_CORE_PACK_H

#include "base/error.h"
#include "base/strbuf.h"
#include "core/event.h"

enum {
	PACK_SIZE_MAX = 4 << 20, /* bytes of a chunk */
	PACK_EVENTS_MAX = 1 << 16, /* events of a chunk that is written */
	PACK_TEXT_MAX = (64 << 10) - 1, /* bytes of one text; the rest is cut off */
	PACK_FRAMES_MAX = 1024, /* of a stack; deeper ones are cut and STACK_TRUNCATED */
};

struct packer;

/* NULL when out of memory. */
struct packer *packer_new(void);
void packer_free(struct packer *p);

/*
 * Adds one event to the chunk. -ENOSPC: the chunk is full, take it and add the
 * event again. -EINVAL: a value outside of its enum. -ENOMEM. After an error
 * the chunk is as it was.
 */
int packer_add(struct packer *p, const struct event *e);
/* Events in the chunk. */
uint32_t packer_count(const struct packer *p);
/*
 * Appends the chunk to @out and begins the next one. *ret_noise says how many
 * of its bytes, from the start, are times and the like: some are more frequent
 * than others, but a compressor that looks for phrases in them only loses time.
 * -ENOMEM: nothing changed.
 */
int packer_take(struct packer *p, struct strbuf *out, size_t *ret_noise);

struct unpacker;

/* NULL when out of memory. */
struct unpacker *unpacker_new(void);
void unpacker_free(struct unpacker *u);

/* Begins to read a chunk. @data belongs to the caller and must stay as long as
 * events are read. -EBADMSG: it is none. */
int unpacker_open(struct unpacker *u, const void *data, size_t size);
/* 1 and an event, whose text lives until the next open and whose frames until
 * the next event; 0 at the end; -EBADMSG when the bytes are damaged. */
int unpacker_next(struct unpacker *u, struct event *ret);

#endif
