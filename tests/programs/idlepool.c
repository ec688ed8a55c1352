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
static bool over;

static void *idle(void *argument)
{
	(void)argument;
	pthread_mutex_lock(&mutex);
	while (!over)
		pthread_cond_wait(&work_came, &mutex);
	pthread_mutex_unlock(&mutex);
	return NULL;
}

int main(int argc, char **argv)
{
	size_t count = number(argc, argv, 1, 64);
	uint64_t busy_ns = number(argc, argv, 2, 800) * NS_PER_MS;
	pthread_t *threads = calloc(count, sizeof(*threads));
	struct span busy;

	if (!threads)
		die("calloc");
	for (size_t i = 0; i < count; i++)
		threads[i] = start(idle, NULL);
	span_open(&busy);
	span_begin(&busy);
	burn_ns(busy_ns);
	span_end(&busy);
	pthread_mutex_lock(&mutex);
	over = true;
	pthread_cond_broadcast(&work_came);
	pthread_mutex_unlock(&mutex);
	for (size_t i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	printf("{\"pool\": %zu, \"condition\": \"%p\", ", count, (void *)&work_came);
	spans_print("threads", &busy, sizeof(busy), 1);
	printf("}\n");
	return 0;
}
