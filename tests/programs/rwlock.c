/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * rwlock ROUNDS MILLISECONDS
 *
 * One writer and three readers of one lock, round after round: the writer
 * keeps it MILLISECONDS while the readers wait, then the readers keep it as
 * long, together, while the writer waits.
 */
#include "truth.h"

enum { READERS = 3 };

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t written, all_read;
static uint64_t rounds, keep_ns;

struct worker {
	bool writes;
	struct span life, wait;
};

static void *work(void *argument)
{
	struct worker *w = argument;

	span_open(&w->life);
	span_open(&w->wait);
	span_birth(&w->life);
	for (uint64_t i = 0; i < rounds; i++) {
		/* the writer has it before a reader asks */
		if (w->writes)
			pthread_rwlock_wrlock(&lock);
		pthread_barrier_wait(&written);
		if (w->writes) {
			sleep_ns(keep_ns);
			pthread_rwlock_unlock(&lock);
			sleep_ns(keep_ns / 2);
			span_begin(&w->wait);
			pthread_rwlock_wrlock(&lock);
			span_end(&w->wait);
		} else {
			span_begin(&w->wait);
			pthread_rwlock_rdlock(&lock);
			span_end(&w->wait);
			sleep_ns(keep_ns);
		}
		pthread_rwlock_unlock(&lock);
		pthread_barrier_wait(&all_read);
	}
	span_end(&w->life);
	return NULL;
}

int main(int argc, char **argv)
{
	struct worker workers[READERS + 1] = { { .writes = true } };
	pthread_t threads[READERS + 1];

	rounds = number(argc, argv, 1, 15);
	keep_ns = number(argc, argv, 2, 10) * NS_PER_MS;
	exact_timers();
	pthread_barrier_init(&written, NULL, READERS + 1);
	pthread_barrier_init(&all_read, NULL, READERS + 1);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		threads[i] = start(work, &workers[i]);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);
	printf("{\"address\": \"%p\", ", (void *)&lock);
	spans_print("threads", &workers[0].life, sizeof(workers[0]), READERS + 1);
	printf(", ");
	spans_print("waits", &workers[0].wait, sizeof(workers[0]), READERS + 1);
	printf("}\n");
	return 0;
}
