/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * heldlong THREADS ROUNDS SHORT_US LONG_US HOW
 *
 * All threads take one lock in turns: the first one keeps it LONG_US, the others
 * SHORT_US each. HOW the first one spends that time: sleep, fsync or burn; the
 * others sleep. What each is to blame for follows from when who asked for the
 * lock, got it and gave it away: the share of the first one approaches
 * LONG / (LONG + (THREADS - 1) SHORT), where a count of wakeups says 1 / THREADS.
 */
#include "truth.h"

enum { THREADS_MAX = 16, ROUNDS_MAX = 500 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t begin;
static uint64_t threads, rounds, short_ns, long_ns;
static const char *how;
static int file;

struct turn {
	uint64_t asked_ns, got_ns, gave_ns;
};

struct worker {
	uint64_t index;
	struct span life, kept; /* kept: while it had the lock */
	struct turn turns[ROUNDS_MAX];
};

static struct worker workers[THREADS_MAX];

static void write_and_sync(uint64_t ns)
{
	static char page[1 << 18];
	uint64_t end = now_ns() + ns;

	for (off_t at = 0; now_ns() < end; at += (off_t)sizeof(page))
		if (pwrite(file, page, sizeof(page), at % (1 << 22)) < 0 || fsync(file))
			die("fsync");
}

static void keep(const struct worker *w)
{
	if (w->index)
		sleep_ns(short_ns);
	else if (!strcmp(how, "fsync"))
		write_and_sync(long_ns);
	else if (!strcmp(how, "burn"))
		burn_ns(long_ns);
	else
		sleep_ns(long_ns);
}

static void *work(void *argument)
{
	struct worker *w = argument;

	span_open(&w->life);
	span_open(&w->kept);
	span_birth(&w->life);
	pthread_barrier_wait(&begin);
	for (uint64_t i = 0; i < rounds; i++) {
		struct turn *t = &w->turns[i];

		t->asked_ns = now_ns();
		pthread_mutex_lock(&mutex);
		t->got_ns = now_ns();
		span_begin(&w->kept);
		keep(w);
		span_end(&w->kept);
		t->gave_ns = now_ns();
		pthread_mutex_unlock(&mutex);
		/* who lets go must not be the first to ask again */
		sleep_ns(200 * NS_PER_US);
	}
	span_end(&w->life);
	return NULL;
}

static uint64_t blame_of(const struct worker *holder)
{
	uint64_t blame = 0;

	for (uint64_t i = 0; i < rounds; i++) {
		const struct turn *held = &holder->turns[i];

		for (uint64_t k = 0; k < threads; k++)
			for (uint64_t n = 0; n < rounds && &workers[k] != holder; n++)
				blame += overlap(held->got_ns, held->gave_ns,
						 workers[k].turns[n].asked_ns,
						 workers[k].turns[n].got_ns);
	}
	return blame;
}

int main(int argc, char **argv)
{
	pthread_t started[THREADS_MAX];

	threads = number(argc, argv, 1, 5);
	rounds = number(argc, argv, 2, 20);
	short_ns = number(argc, argv, 3, 500) * NS_PER_US;
	long_ns = number(argc, argv, 4, 10000) * NS_PER_US;
	how = word(argc, argv, 5, "sleep");
	if (threads > THREADS_MAX || rounds > ROUNDS_MAX)
		die("too many");
	file = open("heldlong.data", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (file < 0)
		die("heldlong.data");
	exact_timers();
	pthread_barrier_init(&begin, NULL, (unsigned int)threads);
	for (uint64_t i = 0; i < threads; i++) {
		workers[i].index = i;
		started[i] = start(work, &workers[i]);
	}
	for (uint64_t i = 0; i < threads; i++)
		pthread_join(started[i], NULL);
	printf("{\"address\": \"%p\", \"holders\": [", (void *)&mutex);
	for (uint64_t i = 0; i < threads; i++)
		printf("%s{\"tid\": %d, \"blame_ns\": %" PRIu64 "}", i ? ", " : "",
		       workers[i].life.tid, blame_of(&workers[i]));
	printf("], ");
	spans_print("threads", &workers[0].life, sizeof(workers[0]), threads);
	printf(", ");
	spans_print("kept", &workers[0].kept, sizeof(workers[0]), threads);
	printf("}\n");
	return 0;
}
