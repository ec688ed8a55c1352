/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * many THREADS MILLISECONDS
 *
 * Thousands of threads that live at the same time: each tells that it is
 * there, waits for the word to go, sleeps and ends. The first line of stdout,
 * "ready", comes when all are there; the word is a line (or the end) of stdin.
 */
#include "truth.h"

static pthread_barrier_t everybody;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static size_t here;
static uint64_t sleep_time_ns;

static void *live(void *argument)
{
	(void)argument;
	pthread_mutex_lock(&mutex);
	here++;
	pthread_cond_signal(&changed);
	pthread_mutex_unlock(&mutex);
	pthread_barrier_wait(&everybody);
	sleep_ns(sleep_time_ns);
	return NULL;
}

int main(int argc, char **argv)
{
	size_t count = number(argc, argv, 1, 5000);
	pthread_t *threads = calloc(count, sizeof(*threads));
	pthread_attr_t attr;

	if (!threads)
		die("calloc");
	sleep_time_ns = number(argc, argv, 2, 100) * NS_PER_MS;
	pthread_barrier_init(&everybody, NULL, (unsigned int)count + 1);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 * 1024);
	for (size_t i = 0; i < count; i++) {
		errno = pthread_create(&threads[i], &attr, live, NULL);
		if (errno)
			skip("cannot create so many threads");
	}
	pthread_mutex_lock(&mutex);
	while (here < count)
		pthread_cond_wait(&changed, &mutex);
	pthread_mutex_unlock(&mutex);
	printf("ready\n");
	fflush(stdout);
	while (getchar() != '\n' && !feof(stdin))
		;
	pthread_barrier_wait(&everybody);
	for (size_t i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	printf("{\"count\": %zu, \"sleep_ns\": %" PRIu64 "}\n", count, sleep_time_ns);
	return 0;
}
