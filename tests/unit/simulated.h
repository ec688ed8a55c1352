/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * simulated: the events of a small machine, for tests that need what real
 * recordings look like, the same on every run. Threads think, fight for locks,
 * serve sockets and sleep; cores are given in turn; times have the noise of
 * real ones.
 */
#ifndef RUNWAIT_TESTS_SIMULATED_H
#define RUNWAIT_TESTS_SIMULATED_H

#include "core/event.h"

enum { SIMULATED_CORES_MAX = 64, SIMULATED_THREADS_MAX = 256 };

struct simulated {
	/* set these; the rest 0 */
	uint64_t seed;
	unsigned cores;
	unsigned lockers, servers, sleepers; /* threads */
	unsigned locks;
	/* the machine's own */
	uint64_t now_ns;
	struct simulated_thread {
		uint64_t until_ns; /* of what it does, on a core or waiting for an interrupt */
		uint64_t out_ns, woken_ns;
		uint32_t voluntary, involuntary;
		uint32_t waker_tid, owner_tid;
		int core; /* -1: none */
		int wants; /* lock, -1 none */
		int holds;
		uint8_t state, why, waker;
		int16_t waker_nr;
	} threads[SIMULATED_THREADS_MAX];
	struct {
		int running; /* thread, -1 none */
	} on[SIMULATED_CORES_MAX];
	int holder[16];
	int runnable[SIMULATED_THREADS_MAX];
	unsigned runnable_count;
	struct event queue[SIMULATED_CORES_MAX * 2 + 8];
	unsigned queued, taken;
};

/* Never ends. */
void simulated_next(struct simulated *s, struct event *ret);

#endif
