/* SPDX-License-Identifier: GPL-2.0-only */
/* unit: what cmocka needs included before it, and numbers that are the same in every run. */
#ifndef RUNWAIT_TESTS_UNIT_H
#define RUNWAIT_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Any seed but 0. xorshift64 (Marsaglia). */
static inline uint64_t unit_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

#endif
