/* SPDX-License-Identifier: GPL-2.0-only */
/* clock: the clocks that recordings are dated by, in ns. */
#ifndef RUNWAIT_CAPTURE_CLOCK_H
#define RUNWAIT_CAPTURE_CLOCK_H

#include <stdint.h>

uint64_t clock_monotonic_ns(void); /* what records carry */
uint64_t clock_realtime_ns(void);
uint64_t clock_boottime_ns(void);
/* CPU time of this process, all threads. */
uint64_t clock_cpu_ns(void);

#endif
