/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * apart: runs what reads other people's bytes with other people's code (libdw)
 * in a process of its own, so that it can neither crash nor stall this one, nor
 * eat the machine's memory.
 */
#ifndef RUNWAIT_CMD_APART_H
#define RUNWAIT_CMD_APART_H

#include "base/strbuf.h"

#include <stdint.h>

struct apart_limits {
	uint64_t time_ns;
	uint64_t memory; /* bytes more than this process has */
	size_t output; /* bytes; it is ended when it has written more */
};

enum apart_end {
	APART_DONE,
	APART_FAILED, /* @work returned an error */
	APART_SLOW, /* it took longer than time_ns */
	APART_CRASHED, /* a signal, or beyond another limit */
};

/*
 * Runs @work in a child, appends what it writes to its @fd to @out (all that
 * came, however it ended) and says how it ended and what CPU time it took. 0, or
 * a negative errno when there is no child to be had or no memory for its output.
 */
int apart_run(int (*work)(void *context, int fd), void *context,
	      const struct apart_limits *limits, struct strbuf *out, enum apart_end *ret,
	      uint64_t *ret_cpu_ns);

#endif
