/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * idlepool THREADS MILLISECONDS
 *
 * A pool that has nothing to do, and one thread that computes. The pool waits
 * THREADS times as long as anybody works, and yet nobody waits for it: there
 * is no bottleneck here but the one thread.
 */
#include "truth.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t work_came = PTHREAD_COND_INITIALIZER;

static void *idle(void *argument)
{
	(void)argument;
	pthread_mutex_lock(&mutex);
	for (;;)
		pthread_cond_wait(&work_came, &mutex);
	return NULL;
}

int main(int argc, char **argv)
{
	size_t count = number(argc, argv, 1, 64);
	uint64_t busy_ns = number(argc, argv, 2, 800) * NS_PER_MS;
	struct span busy;

	for (size_t i = 0; i < count; i++)
		start(idle, NULL);
	span_open(&busy);
	span_begin(&busy);
	burn_ns(busy_ns);
	span_end(&busy);
	printf("{\"pool\": %zu, \"condition\": \"%p\", ", count, (void *)&work_came);
	spans_print("threads", &busy, sizeof(busy), 1);
	printf("}\n");
	/* the pool ends with the process: waking it would make it fight for the lock */
	return 0;
}
