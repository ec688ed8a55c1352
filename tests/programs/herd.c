/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * herd WORKERS PIECES HOW
 *
 * Workers wait at a condition for pieces of work that come one at a time, every
 * millisecond. HOW they are woken: broadcast, all of them for each piece, of whom all
 * but one look and wait again; or signal, one of them.
 */
#include "truth.h"

enum { WORKERS_MAX = 16 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t some = PTHREAD_COND_INITIALIZER;
static uint64_t queued, workers, pieces;
static _Atomic uint64_t in_vain, taken;
static bool over;

static void *work(void *argument)
{
	pthread_mutex_lock(&mutex);
	while (!over) {
		pthread_cond_wait(&some, &mutex);
		if (!queued) {
			in_vain += !over;
			continue;
		}
		queued--;
		pthread_mutex_unlock(&mutex);
		burn_ns(100 * NS_PER_US);
		taken++;
		pthread_mutex_lock(&mutex);
	}
	pthread_mutex_unlock(&mutex);
	return argument;
}

int main(int argc, char **argv)
{
	bool all = !strcmp(word(argc, argv, 3, "broadcast"), "broadcast");
	pthread_t threads[WORKERS_MAX];

	workers = number(argc, argv, 1, 6);
	pieces = number(argc, argv, 2, 500);
	if (workers > WORKERS_MAX)
		die("too many");
	for (uint64_t i = 0; i < workers; i++)
		threads[i] = start(work, NULL);
	for (uint64_t i = 0; i < pieces; i++) {
		sleep_ns(NS_PER_MS);
		pthread_mutex_lock(&mutex);
		queued++;
		/* outside of the lock, or whom it wakes finds that taken */
		pthread_mutex_unlock(&mutex);
		if (all)
			pthread_cond_broadcast(&some);
		else
			pthread_cond_signal(&some);
	}
	sleep_ns(20 * NS_PER_MS);
	pthread_mutex_lock(&mutex);
	over = true;
	pthread_cond_broadcast(&some);
	pthread_mutex_unlock(&mutex);
	for (uint64_t i = 0; i < workers; i++)
		pthread_join(threads[i], NULL);
	printf("{\"address\": \"%p\", \"in_vain\": %" PRIu64 ", \"taken\": %" PRIu64 "}\n",
	       (void *)&some, in_vain, taken);
	return 0;
}
