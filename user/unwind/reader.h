/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * reader: the next number of a piece of DWARF. Beyond the end all numbers are
 * 0 and `bad` is set, so that one look at the end of a sequence is enough.
 */
#ifndef RUNWAIT_UNWIND_READER_H
#define RUNWAIT_UNWIND_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct reader {
	const uint8_t *at, *end;
	bool bad;
};

static inline struct reader reader_of(const uint8_t *at, size_t size)
{
	/* @at may be NULL, to which C lets nobody add anything */
	return (struct reader){ at, size ? at + size : at, false };
}

static inline size_t reader_left(const struct reader *r)
{
	return (size_t)(r->end - r->at);
}

/* The next @size bytes, or NULL. */
static inline const uint8_t *reader_bytes(struct reader *r, uint64_t size)
{
	const uint8_t *at = r->at;

	if (r->bad || size > reader_left(r)) {
		r->bad = true;
		r->at = r->end;
		return NULL;
	}
	r->at += size;
	return at;
}

/* An unsigned number of 1, 2, 4 or 8 bytes, of this machine's order. */
static inline uint64_t reader_fixed(struct reader *r, size_t size)
{
	const uint8_t *at = reader_bytes(r, size);
	uint16_t n2;
	uint32_t n4;
	uint64_t n8;

	if (!at)
		return 0;
	switch (size) {
	case 1:
		return *at;
	case 2:
		memcpy(&n2, at, sizeof(n2));
		return n2;
	case 4:
		memcpy(&n4, at, sizeof(n4));
		return n4;
	default:
		memcpy(&n8, at, sizeof(n8));
		return n8;
	}
}

static inline uint8_t reader_u8(struct reader *r)
{
	return (uint8_t)reader_fixed(r, 1);
}

/* LEB128; bits beyond the 64th are dropped. */
static inline uint64_t reader_uleb(struct reader *r)
{
	uint64_t value = 0;
	unsigned int shift = 0;
	uint8_t byte;

	do {
		byte = reader_u8(r);
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	return value;
}

static inline int64_t reader_sleb(struct reader *r)
{
	uint64_t value = 0;
	unsigned int shift = 0;
	uint8_t byte;

	do {
		byte = reader_u8(r);
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	if (shift < 64 && byte & 0x40)
		value |= ~0ull << shift;
	return (int64_t)value;
}

#endif
