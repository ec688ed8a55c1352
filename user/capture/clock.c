/* SPDX-License-Identifier: GPL-2.0-only */
#include "capture/clock.h"

#include <time.h>

static uint64_t clock_read(clockid_t id)
{
	struct timespec ts = { 0 };

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

uint64_t clock_monotonic_ns(void)
{
	return clock_read(CLOCK_MONOTONIC);
}

uint64_t clock_realtime_ns(void)
{
	return clock_read(CLOCK_REALTIME);
}

uint64_t clock_boottime_ns(void)
{
	return clock_read(CLOCK_BOOTTIME);
}

uint64_t clock_cpu_ns(void)
{
	return clock_read(CLOCK_PROCESS_CPUTIME_ID);
}
