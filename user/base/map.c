/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Linear probing in power-of-two tables, at most 3/4 full. map counts deleted
 * slots as filled until the next rebuild, so a probe always ends.
 */
#include "base/map.h"

#include <string.h>

uint64_t hash_bytes(const void *data, size_t len)
{
	const unsigned char *p = data;
	/* mixed, or a longer key of zeros would be a shorter one that begins with a 1 */
	uint64_t h = hash_u64(0x9e3779b97f4a7c15ull ^ len), w;

	while (len >= 8) {
		memcpy(&w, p, 8);
		h = hash_u64(h ^ w);
		p += 8;
		len -= 8;
	}
	if (len) {
		w = 0;
		memcpy(&w, p, len);
		h = hash_u64(h ^ w);
	}
	return h;
}

enum { SLOT_FREE, SLOT_LIVE, SLOT_DELETED };

void map_release(struct map *m)
{
	free(m->slots);
	free(m->used);
	memset(m, 0, sizeof(*m));
}

void map_clear(struct map *m)
{
	if (m->cap)
		memset(m->used, SLOT_FREE, m->cap);
	m->count = m->filled = 0;
}

/* The slot that holds @key, or the first one it could go to. */
static size_t map_probe(const struct map *m, uint64_t key, bool *ret_found)
{
	size_t i = hash_u64(key) & (m->cap - 1), free_at = SIZE_MAX;

	for (;; i = (i + 1) & (m->cap - 1)) {
		if (m->used[i] == SLOT_FREE) {
			*ret_found = false;
			return free_at == SIZE_MAX ? i : free_at;
		}
		if (m->used[i] == SLOT_DELETED) {
			if (free_at == SIZE_MAX)
				free_at = i;
		} else if (m->slots[i].key == key) {
			*ret_found = true;
			return i;
		}
	}
}

static int map_rebuild(struct map *m, size_t cap)
{
	struct map next = { .cap = cap };
	bool found;

	next.slots = calloc(cap, sizeof(*next.slots));
	next.used = calloc(cap, 1);
	if (!next.slots || !next.used) {
		map_release(&next);
		return -ENOMEM;
	}
	for (size_t i = 0; i < m->cap; i++) {
		if (m->used[i] != SLOT_LIVE)
			continue;
		size_t at = map_probe(&next, m->slots[i].key, &found);

		next.slots[at] = m->slots[i];
		next.used[at] = SLOT_LIVE;
	}
	next.count = next.filled = m->count;
	map_release(m);
	*m = next;
	return 0;
}

uint64_t *map_get(const struct map *m, uint64_t key)
{
	bool found;
	size_t at;

	if (!m->count)
		return NULL;
	at = map_probe(m, key, &found);
	return found ? &m->slots[at].value : NULL;
}

int map_put(struct map *m, uint64_t key, uint64_t value)
{
	bool found;
	size_t at;

	if ((m->filled + 1) * 4 > m->cap * 3) {
		size_t cap = m->count * 2 < m->cap ? m->cap : m->cap * 2;

		if (map_rebuild(m, cap < 16 ? 16 : cap))
			return -ENOMEM;
	}
	at = map_probe(m, key, &found);
	if (!found) {
		if (m->used[at] == SLOT_FREE)
			m->filled++;
		m->used[at] = SLOT_LIVE;
		m->slots[at].key = key;
		m->count++;
	}
	m->slots[at].value = value;
	return 0;
}

bool map_del(struct map *m, uint64_t key)
{
	bool found;
	size_t at;

	if (!m->count)
		return false;
	at = map_probe(m, key, &found);
	if (!found)
		return false;
	m->used[at] = SLOT_DELETED;
	m->count--;
	return true;
}

bool map_next(const struct map *m, size_t *pos, uint64_t *ret_key, uint64_t *ret_value)
{
	for (; *pos < m->cap; (*pos)++) {
		if (m->used[*pos] != SLOT_LIVE)
			continue;
		*ret_key = m->slots[*pos].key;
		*ret_value = m->slots[*pos].value;
		(*pos)++;
		return true;
	}
	return false;
}

void intern_release(struct intern *in)
{
	vec_release(&in->bytes);
	vec_release(&in->keys);
	free(in->slots);
	memset(in, 0, sizeof(*in));
}

const void *intern_key(const struct intern *in, uint32_t id, size_t *ret_len)
{
	const struct intern_key *k = &in->keys.at[id];

	if (ret_len)
		*ret_len = k->len;
	return in->bytes.at + k->start;
}

/* The slot of the key, or the free one it would get. */
static size_t intern_probe(const struct intern *in, const void *key, size_t len)
{
	size_t i = hash_bytes(key, len) & (in->cap - 1);

	for (; in->slots[i]; i = (i + 1) & (in->cap - 1)) {
		const struct intern_key *k = &in->keys.at[in->slots[i] - 1];

		if (k->len == len && !memcmp(in->bytes.at + k->start, key, len))
			break;
	}
	return i;
}

uint32_t intern_find(const struct intern *in, const void *key, size_t len)
{
	uint32_t slot;

	if (!in->cap)
		return INTERN_NONE;
	slot = in->slots[intern_probe(in, key, len)];
	return slot ? slot - 1 : INTERN_NONE;
}

static int intern_rebuild(struct intern *in, size_t cap)
{
	uint32_t *old = in->slots;

	in->slots = calloc(cap, sizeof(*in->slots));
	if (!in->slots) {
		in->slots = old;
		return -ENOMEM;
	}
	in->cap = cap;
	for (size_t id = 0; id < in->keys.count; id++) {
		size_t len;
		const void *key = intern_key(in, (uint32_t)id, &len);

		in->slots[intern_probe(in, key, len)] = (uint32_t)id + 1;
	}
	free(old);
	return 0;
}

int intern_put(struct intern *in, const void *key, size_t len, uint32_t *ret_id)
{
	size_t at, start;

	if ((in->keys.count + 1) * 4 > in->cap * 3 &&
	    intern_rebuild(in, in->cap ? in->cap * 2 : 16))
		return -ENOMEM;
	at = intern_probe(in, key, len);
	if (in->slots[at]) {
		*ret_id = in->slots[at] - 1;
		return 0;
	}
	if (in->keys.count >= UINT32_MAX - 1)
		return -EOVERFLOW;
	if (len > SIZE_MAX - 16 || vec_reserve(&in->bytes, len + 8) || vec_reserve(&in->keys, 1))
		return -ENOMEM;
	/* keys that are structs are read in place: keep them aligned */
	start = (in->bytes.count + 7) & ~(size_t)7;
	if (vec_reserve(&in->bytes, start - in->bytes.count + len + 1))
		return -ENOMEM;
	if (len)
		memcpy(in->bytes.at + start, key, len);
	in->bytes.at[start + len] = '\0';
	in->bytes.count = start + len + 1;
	in->keys.at[in->keys.count++] = (struct intern_key){ start, len };
	in->slots[at] = (uint32_t)in->keys.count;
	*ret_id = (uint32_t)in->keys.count - 1;
	return 0;
}

int intern_str(struct intern *in, const char *s, uint32_t *ret_id)
{
	return intern_put(in, s, strlen(s), ret_id);
}

const char *intern_text(const struct intern *in, uint32_t id)
{
	return intern_key(in, id, NULL);
}
