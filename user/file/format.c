/* SPDX-License-Identifier: GPL-2.0-only */
#include "file/format.h"

#include <string.h>
#include <zlib.h>

/* A byte that no text has, a name, and a line end that transfers as text break. */
static const uint8_t file_magic[8] = { 0x89, 'r', 'w', 'a', 'i', 't', '\r', '\n' };
static const uint8_t chunk_magic[4] = { 0xf3, 'r', 'w', 'c' };

static void put_32(uint8_t *to, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		to[i] = (uint8_t)(v >> 8 * i);
}

static void put_64(uint8_t *to, uint64_t v)
{
	put_32(to, (uint32_t)v);
	put_32(to + 4, (uint32_t)(v >> 32));
}

static uint32_t get_32(const uint8_t *from)
{
	return from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 |
	       (uint32_t)from[3] << 24;
}

static uint64_t get_64(const uint8_t *from)
{
	return get_32(from) | (uint64_t)get_32(from + 4) << 32;
}

static uint32_t checksum(const uint8_t *bytes, size_t size)
{
	return (uint32_t)crc32(crc32(0, NULL, 0), bytes, (uInt)size);
}

void format_header_put(uint8_t to[FORMAT_HEADER_SIZE])
{
	memset(to, 0, FORMAT_HEADER_SIZE);
	memcpy(to, file_magic, sizeof(file_magic));
	put_32(to + 8, FORMAT_VERSION);
	put_32(to + 12, FORMAT_HEADER_SIZE);
	put_32(to + FORMAT_HEADER_SIZE - 4, checksum(to, FORMAT_HEADER_SIZE - 4));
}

/* Magic and version stand here in every format to come. */
enum header_state format_header_get(const uint8_t *from, size_t size, uint32_t *ret_version,
				    uint32_t *ret_size)
{
	if (size < FORMAT_HEADER_SIZE || memcmp(from, file_magic, sizeof(file_magic)))
		return HEADER_FOREIGN;
	*ret_version = get_32(from + 8);
	*ret_size = get_32(from + 12);
	if (*ret_version > FORMAT_VERSION)
		return HEADER_NEWER;
	if (get_32(from + FORMAT_HEADER_SIZE - 4) != checksum(from, FORMAT_HEADER_SIZE - 4) ||
	    *ret_version < FORMAT_VERSION_OLDEST || *ret_size < FORMAT_HEADER_SIZE)
		return HEADER_DAMAGED;
	return HEADER_GOOD;
}

void chunk_header_put(const struct chunk *c, uint8_t to[CHUNK_HEADER_SIZE])
{
	memcpy(to, chunk_magic, sizeof(chunk_magic));
	put_32(to + 4, c->type);
	put_32(to + 8, c->sequence);
	put_32(to + 12, c->raw_size);
	put_32(to + 16, c->packed_size);
	put_32(to + 20, c->crc);
	put_32(to + 24, c->events);
	put_32(to + 28, c->flags);
	put_64(to + 32, c->first_ns);
	put_64(to + 40, c->last_ns);
	put_32(to + 48, checksum(to, 48));
}

bool chunk_header_get(const uint8_t from[CHUNK_HEADER_SIZE], struct chunk *ret)
{
	struct chunk c = {
		.type = from[4],
		.flags = from[28],
		.sequence = get_32(from + 8),
		.raw_size = get_32(from + 12),
		.packed_size = get_32(from + 16),
		.crc = get_32(from + 20),
		.events = get_32(from + 24),
		.first_ns = get_64(from + 32),
		.last_ns = get_64(from + 40),
	};

	if (memcmp(from, chunk_magic, sizeof(chunk_magic)))
		return false;
	if (get_32(from + 48) != checksum(from, 48))
		return false;
	if (c.raw_size > CHUNK_RAW_MAX || c.packed_size > CHUNK_PACKED_MAX)
		return false;
	*ret = c;
	return true;
}

size_t chunk_header_find(const uint8_t *bytes, size_t size)
{
	const uint8_t *at = memmem(bytes, size, chunk_magic, sizeof(chunk_magic));

	return at ? (size_t)(at - bytes) : size;
}
