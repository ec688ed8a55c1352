/* SPDX-License-Identifier: GPL-2.0-only */
#include "oom.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What the linker calls for malloc and friends (--wrap), and what they were. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t size);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t max);

/* Asked by the sanitizers' runtime: a size that is too large is NULL, not the end. */
const char *__asan_default_options(void);
const char *__ubsan_default_options(void);

const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

const char *__ubsan_default_options(void)
{
	return "print_stacktrace=1";
}

static unsigned long oom_at, oom_seen;
static bool oom_hit;

void oom_fail_at(unsigned long nth)
{
	oom_at = nth;
	oom_seen = 0;
	oom_hit = false;
}

bool oom_has_failed(void)
{
	oom_at = 0;
	return oom_hit;
}

unsigned long oom_count(void)
{
	return oom_seen;
}

bool oom_again(unsigned long *nth, unsigned long max)
{
	if (!oom_has_failed()) {
		oom_fail_at(0);
		*nth = 0;
		return false;
	}
	if (*nth >= max)
		fail_msg("still allocating after %lu runs", max);
	oom_fail_at(++*nth);
	return true;
}

static bool oom_now(void)
{
	if (++oom_seen != oom_at)
		return false;
	oom_hit = true;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return oom_now() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return oom_now() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return oom_now() ? NULL : __real_realloc(p, size);
}

char *__wrap_strdup(const char *s)
{
	return __wrap_strndup(s, SIZE_MAX - 1);
}

char *__wrap_strndup(const char *s, size_t max)
{
	size_t len = strnlen(s, max);
	char *copy = __wrap_malloc(len + 1);

	if (!copy)
		return NULL;
	memcpy(copy, s, len);
	copy[len] = '\0';
	return copy;
}
