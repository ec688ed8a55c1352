/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/alloc.h"

int alloc_grow(void **ptr, size_t *cap, size_t need, size_t size)
{
	size_t next, bytes;
	void *p;

	if (need <= *cap)
		return 0;
	next = *cap + *cap / 2;
	if (next < need)
		next = need;
	if (next < 8)
		next = 8;
	if (__builtin_mul_overflow(next, size, &bytes))
		return -ENOMEM;
	p = realloc(*ptr, bytes);
	if (!p)
		return -ENOMEM;
	*ptr = p;
	*cap = next;
	return 0;
}
