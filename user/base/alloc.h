/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * alloc: growing arrays with checked arithmetic, and the macro that makes a
 * typed vector of it. Every failure is -ENOMEM and leaves the array as it was.
 */
#ifndef RUNWAIT_BASE_ALLOC_H
#define RUNWAIT_BASE_ALLOC_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/*
 * Makes room for at least @need elements of @size bytes in *@ptr, growing by
 * half. *@cap is in elements. Returns 0 or -ENOMEM.
 */
int alloc_grow(void **ptr, size_t *cap, size_t need, size_t size);

/*
 * VEC(T) is a typed vector: { T *at; size_t count, cap; }, all zero when
 * empty. Elements move when it grows: keep indices, not pointers.
 */
#define VEC(...)                                                               \
	struct {                                                               \
		__VA_ARGS__ *at;                                               \
		size_t count, cap;                                             \
	}

/* Room for @n more. 0 or -ENOMEM. */
#define vec_reserve(v, n)                                                      \
	alloc_grow((void **)&(v)->at, &(v)->cap, (v)->count + (n), sizeof(*(v)->at))

/* Appends one element by value. 0 or -ENOMEM. */
#define vec_push(v, ...)                                                       \
	(vec_reserve(v, 1) ? -ENOMEM : ((v)->at[(v)->count++] = (__VA_ARGS__), 0))

#define vec_release(v)                                                         \
	do {                                                                   \
		free((v)->at);                                                 \
		(v)->at = NULL;                                                \
		(v)->count = (v)->cap = 0;                                     \
	} while (0)

#define ARRAY_COUNT(a) (sizeof(a) / sizeof((a)[0]))

#endif
