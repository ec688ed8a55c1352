/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * map: 64-bit key to 64-bit value, and intern: byte string to small integer.
 *
 * Both are open-addressing hash tables without deletion of single keys in
 * intern and with it in map. They are what every aggregation stands on: intern
 * the key, use the number as an index into a VEC of sums.
 */
#ifndef RUNWAIT_BASE_MAP_H
#define RUNWAIT_BASE_MAP_H

#include "base/alloc.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A well-mixed 64-bit hash of one 64-bit word (splitmix64's finalizer). */
static inline uint64_t hash_u64(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	return x ^ (x >> 31);
}

/* A hash of @len bytes; not for hostile keys that must not collide. */
uint64_t hash_bytes(const void *data, size_t len);

struct map {
	struct map_slot {
		uint64_t key, value;
	} *slots; /* cap of them, a power of two */
	uint8_t *used; /* one a slot: 0 never, 1 live, 2 deleted */
	size_t count, filled, cap;
};

#define MAP_INIT { 0 }

void map_release(struct map *m);
void map_clear(struct map *m);
/* The value's place, valid until the next put; NULL when absent. */
uint64_t *map_get(const struct map *m, uint64_t key);
/* Adds or replaces. 0 or -ENOMEM. */
int map_put(struct map *m, uint64_t key, uint64_t value);
/* True when it was there. */
bool map_del(struct map *m, uint64_t key);
/* Iteration in table order: start with *@pos = 0; false at the end. */
bool map_next(const struct map *m, size_t *pos, uint64_t *ret_key, uint64_t *ret_value);

struct intern {
	VEC(char) bytes; /* all keys, one behind the other, each with a NUL added */
	VEC(struct intern_key {
		size_t start, len;
	}) keys; /* by number */
	uint32_t *slots; /* number + 1, or 0 */
	size_t cap;
};

#define INTERN_NONE UINT32_MAX

void intern_release(struct intern *in);
/* Number of the key, adding it; numbers are 0, 1, 2 … in order of arrival.
 * -ENOMEM, or -EOVERFLOW beyond 2^32 - 2 keys. */
int intern_put(struct intern *in, const void *key, size_t len, uint32_t *ret_id);
/* INTERN_NONE when it was never put. */
uint32_t intern_find(const struct intern *in, const void *key, size_t len);
/* The key's bytes (NUL behind them), valid until the next put. */
const void *intern_key(const struct intern *in, uint32_t id, size_t *ret_len);
static inline size_t intern_count(const struct intern *in)
{
	return in->keys.count;
}
/* For text keys: put and get of NUL-terminated strings. */
int intern_str(struct intern *in, const char *s, uint32_t *ret_id);
const char *intern_text(const struct intern *in, uint32_t id);

#endif
