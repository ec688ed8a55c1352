/* SPDX-License-Identifier: GPL-2.0-only */
#include "symbol/hot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	STACKS_MAX = 1 << 20,
	POOL_MAX = 4 << 20, /* 16 MiB */
};

void hot_release(struct hot *h)
{
	vec_release(&h->stacks);
	vec_release(&h->pool);
}

int hot_stack(struct hot *h, uint32_t stack, const uint32_t *frames, uint32_t count)
{
	if (stack >= STACKS_MAX || count > POOL_MAX - h->pool.count)
		return 0;
	if (vec_reserve(&h->pool, count))
		return -ENOMEM;
	while (h->stacks.count <= stack)
		if (vec_push(&h->stacks, (struct hot_stack){ 0 }))
			return -ENOMEM;
	if (h->stacks.at[stack].count || !count)
		return 0;
	h->stacks.at[stack].first = (uint32_t)h->pool.count;
	h->stacks.at[stack].count = count;
	memcpy(h->pool.at + h->pool.count, frames, count * sizeof(*frames));
	h->pool.count += count;
	return 0;
}

void hot_use(struct hot *h, uint32_t stack, uint64_t ns)
{
	if (stack < h->stacks.count)
		h->stacks.at[stack].ns += ns;
}

uint64_t *hot_frames(const struct hot *h, size_t count)
{
	uint64_t *ns = calloc(count ? count : 1, sizeof(*ns));

	for (size_t i = 0; ns && i < h->stacks.count; i++) {
		const struct hot_stack *s = &h->stacks.at[i];

		for (uint32_t k = 0; k < s->count; k++)
			if (h->pool.at[s->first + k] < count)
				ns[h->pool.at[s->first + k]] += s->ns;
	}
	return ns;
}
