/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * starved MILLISECONDS
 *
 * Two readers of a lock that prefers readers (what glibc does unless told otherwise)
 * whose turns overlap, so that it is never free, and a writer who waits for that until
 * the readers stop.
 */
#include "truth.h"

enum { READERS = 2, TURN_MS = 4 };

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t begin;
static uint64_t end_ns;
static struct span spans[READERS + 1];

static void *read_on(void *argument)
{
	size_t index = (size_t)argument;

	span_open(&spans[index]);
	pthread_rwlock_rdlock(&lock);
	pthread_barrier_wait(&begin);
	/* half a turn apart */
	sleep_ns(index * TURN_MS * NS_PER_MS / 2);
	while (now_ns() < end_ns) {
		sleep_ns(TURN_MS * NS_PER_MS);
		pthread_rwlock_unlock(&lock);
		pthread_rwlock_rdlock(&lock);
	}
	pthread_rwlock_unlock(&lock);
	return NULL;
}

static void *write_once(void *argument)
{
	struct span *s = &spans[(size_t)argument];

	span_open(s);
	pthread_barrier_wait(&begin);
	span_begin(s);
	pthread_rwlock_wrlock(&lock);
	span_end(s);
	pthread_rwlock_unlock(&lock);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[READERS + 1];

	end_ns = now_ns() + number(argc, argv, 1, 300) * NS_PER_MS;
	exact_timers();
	pthread_barrier_init(&begin, NULL, READERS + 1);
	for (size_t i = 0; i < READERS; i++)
		threads[i] = start(read_on, (void *)i);
	threads[READERS] = start(write_once, (void *)(size_t)READERS);
	for (size_t i = 0; i <= READERS; i++)
		pthread_join(threads[i], NULL);
	printf("{\"address\": \"%p\", ", (void *)&lock);
	spans_print("writer", &spans[READERS], sizeof(spans[0]), 1);
	printf(", \"readers\": [%d, %d]}\n", spans[0].tid, spans[1].tid);
	return 0;
}
