/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * barrier ROUNDS UNIT_MS
 *
 * Four threads meet at a barrier; the i-th works (i + 1) units before it comes.
 * A round lasts as long as the slowest: thread i waits ROUNDS * (3 - i) units.
 */
#include "truth.h"

enum { THREADS = 4 };

static pthread_barrier_t barrier;
static uint64_t rounds, unit_ns;

struct worker {
	unsigned int index;
	struct span life, wait;
};

static void *work(void *argument)
{
	struct worker *w = argument;

	span_open(&w->life);
	span_open(&w->wait);
	span_birth(&w->life);
	for (uint64_t i = 0; i < rounds; i++) {
		sleep_ns((w->index + 1) * unit_ns);
		span_begin(&w->wait);
		pthread_barrier_wait(&barrier);
		span_end(&w->wait);
	}
	span_end(&w->life);
	return NULL;
}

int main(int argc, char **argv)
{
	struct worker workers[THREADS];
	pthread_t threads[THREADS];

	rounds = number(argc, argv, 1, 20);
	unit_ns = number(argc, argv, 2, 5) * NS_PER_MS;
	exact_timers();
	pthread_barrier_init(&barrier, NULL, THREADS);
	for (unsigned int i = 0; i < THREADS; i++) {
		workers[i].index = i;
		threads[i] = start(work, &workers[i]);
	}
	for (unsigned int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	printf("{\"address\": \"%p\", \"rounds\": %" PRIu64 ", \"unit_ns\": %" PRIu64
	       ", ",
	       (void *)&barrier, rounds, unit_ns);
	spans_print("threads", &workers[0].life, sizeof(workers[0]), THREADS);
	printf(", ");
	spans_print("waits", &workers[0].wait, sizeof(workers[0]), THREADS);
	printf("}\n");
	return 0;
}
