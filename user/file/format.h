/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * format: the bytes around the chunks of a capture file, for writer and reader.
 *
 *	header   magic, version, its own size, checksum
 *	chunks   each with a header: what it holds, where the next one begins
 *
 * The first chunk and the last hold the recording's description (meta.h), those
 * between hold packed events (core/pack.h). There is no table of chunks: the
 * last is found by walking from header to header, which works as well on a file
 * that was never finished and costs one small read a chunk: 8 ms for 20,000 of
 * them, five hours of recording. All numbers are little-endian.
 */
#ifndef RUNWAIT_FILE_FORMAT_H
#define RUNWAIT_FILE_FORMAT_H

#include "core/pack.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	/*
	 * Goes up when files can no longer be read by what read them before: with each
	 * kind of event, and each field of one, that comes before a release.
	 * 2: returns to event loops, ends of objects, stacks of wakers.
	 * 3: threads without a core for want of CPU quota.
	 */
	FORMAT_VERSION = 3,
	FORMAT_VERSION_OLDEST = 1, /* that is still read */
	FORMAT_HEADER_SIZE = 32,
	CHUNK_HEADER_SIZE = 52,
	CHUNK_RAW_MAX = PACK_SIZE_MAX,
	/* deflate makes noise a little longer */
	CHUNK_PACKED_MAX = CHUNK_RAW_MAX + CHUNK_RAW_MAX / 256 + 1024,
};

enum chunk_type {
	CHUNK_START = 1, /* meta: what was known at the start */
	CHUNK_EVENTS = 2,
	CHUNK_END = 3, /* meta: all of it. What comes behind is not looked at */
};

enum {
	CHUNK_NAMES = 1, /* there are names among its events; not said by the oldest files */
};

_Static_assert(EVENT_TYPES == 19, "who knows fewer kinds of events must be told: FORMAT_VERSION");
_Static_assert(OUT_WHYS == 6, "and who knows fewer reasons to be without a core");

struct chunk {
	uint8_t type; /* enum chunk_type */
	uint8_t flags;
	uint32_t sequence; /* 0, 1 … */
	uint32_t raw_size, packed_size; /* before and after zlib */
	uint32_t crc; /* CRC-32 of the packed bytes */
	uint32_t events;
	uint64_t first_ns, last_ns; /* of its events; 0: none has a time */
};

void format_header_put(uint8_t to[FORMAT_HEADER_SIZE]);

enum header_state { HEADER_GOOD, HEADER_FOREIGN, HEADER_NEWER, HEADER_DAMAGED };
/* *ret_size: where the first chunk begins; *ret_version also when it is NEWER. */
enum header_state format_header_get(const uint8_t *from, size_t size, uint32_t *ret_version,
				    uint32_t *ret_size);

void chunk_header_put(const struct chunk *c, uint8_t to[CHUNK_HEADER_SIZE]);
/* False when these bytes are no chunk's header, or one with impossible sizes. */
bool chunk_header_get(const uint8_t from[CHUNK_HEADER_SIZE], struct chunk *ret);

/* Where in @bytes a header may begin: at the first of its magic, or @size. */
size_t chunk_header_find(const uint8_t *bytes, size_t size);

#endif
