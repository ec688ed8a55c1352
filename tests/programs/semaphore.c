/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * semaphore THREADS PERMITS ROUNDS MILLISECONDS
 *
 * Threads take one of PERMITS permits and keep it for a while: as long as all
 * are busy, THREADS - PERMITS of them wait.
 */
#include "truth.h"

#include <semaphore.h>

static sem_t permits;
static uint64_t rounds, keep_ns;

struct worker {
	struct span life, wait;
};

static void *work(void *argument)
{
	struct worker *w = argument;

	span_open(&w->life);
	span_open(&w->wait);
	span_birth(&w->life);
	for (uint64_t i = 0; i < rounds; i++) {
		span_begin(&w->wait);
		while (sem_wait(&permits))
			;
		span_end(&w->wait);
		sleep_ns(keep_ns);
		sem_post(&permits);
		/* lets somebody else have it, or there is no queue to speak of */
		sleep_ns(NS_PER_MS);
	}
	span_end(&w->life);
	return NULL;
}

int main(int argc, char **argv)
{
	size_t count = number(argc, argv, 1, 4);
	struct worker *workers = calloc(count, sizeof(*workers));
	pthread_t *threads = calloc(count, sizeof(*threads));

	if (!workers || !threads)
		die("calloc");
	sem_init(&permits, 0, (unsigned int)number(argc, argv, 2, 2));
	rounds = number(argc, argv, 3, 15);
	keep_ns = number(argc, argv, 4, 10) * NS_PER_MS;
	exact_timers();
	for (size_t i = 0; i < count; i++)
		threads[i] = start(work, &workers[i]);
	for (size_t i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	printf("{\"address\": \"%p\", ", (void *)&permits);
	spans_print("threads", &workers[0].life, sizeof(workers[0]), count);
	printf(", ");
	spans_print("waits", &workers[0].wait, sizeof(workers[0]), count);
	printf("}\n");
	return 0;
}
