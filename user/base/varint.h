/* SPDX-License-Identifier: GPL-2.0-only */
/* varint: LEB128 unsigned integers (protobuf's, DWARF's), and zigzag for signed differences. */
#ifndef RUNWAIT_BASE_VARINT_H
#define RUNWAIT_BASE_VARINT_H

#include "base/strbuf.h"

#include <stdint.h>

#define VARINT_MAX_SIZE 10

/* Writes 1 to VARINT_MAX_SIZE bytes, returns how many. */
static inline size_t varint_put(uint8_t *p, uint64_t v)
{
	size_t n = 0;

	while (v >= 0x80) {
		p[n++] = (uint8_t)(v | 0x80);
		v >>= 7;
	}
	p[n++] = (uint8_t)v;
	return n;
}

/* Reads one from [@p, @end); returns its size, 0 when cut off or too long. */
static inline size_t varint_get(const uint8_t *p, const uint8_t *end, uint64_t *ret_v)
{
	uint64_t v = 0;

	for (size_t n = 0; n < VARINT_MAX_SIZE && p + n < end; n++) {
		uint64_t bits = p[n] & 0x7f;

		if (n == 9 && bits > 1)
			return 0;
		v |= bits << (7 * n);
		if (!(p[n] & 0x80)) {
			*ret_v = v;
			return n + 1;
		}
	}
	return 0;
}

static inline uint64_t zigzag(int64_t v)
{
	return ((uint64_t)v << 1) ^ (uint64_t)(v >> 63);
}

static inline int64_t unzigzag(uint64_t v)
{
	return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

static inline void strbuf_add_varint(struct strbuf *sb, uint64_t v)
{
	uint8_t b[VARINT_MAX_SIZE];

	strbuf_add(sb, b, varint_put(b, v));
}

#endif
