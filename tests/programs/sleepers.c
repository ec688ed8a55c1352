/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sleepers ROUNDS MILLISECONDS
 *
 * A thread for each way to let time pass: each sleeps ROUNDS times. None of it
 * is a wait for anybody or anything.
 */
#include "truth.h"

#include <poll.h>
#include <sys/select.h>
#include <sys/timerfd.h>

static uint64_t rounds, duration_ns;

static void by_nanosleep(struct timespec ts)
{
	nanosleep(&ts, NULL);
}

static void by_clock_nanosleep(struct timespec ts)
{
	uint64_t until = now_ns() + (uint64_t)ts.tv_nsec;
	struct timespec at = { (time_t)(until / NS_PER_SECOND), (long)(until % NS_PER_SECOND) };

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

static void by_poll(struct timespec ts)
{
	poll(NULL, 0, (int)(ts.tv_nsec / (long)NS_PER_MS));
}

static void by_ppoll(struct timespec ts)
{
	ppoll(NULL, 0, &ts, NULL);
}

static void by_select(struct timespec ts)
{
	struct timeval tv = { ts.tv_sec, ts.tv_nsec / 1000 };

	select(0, NULL, NULL, NULL, &tv);
}

static void by_timerfd(struct timespec ts)
{
	static _Thread_local int fd = -1;
	uint64_t expirations;

	if (fd < 0)
		fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	timerfd_settime(fd, 0, &(struct itimerspec){ .it_value = ts }, NULL);
	if (read(fd, &expirations, sizeof(expirations)) != sizeof(expirations))
		die("timerfd");
}

static const struct way {
	const char *name;
	void (*sleep)(struct timespec ts);
} ways[] = {
	{ "nanosleep", by_nanosleep },
	{ "clock_nanosleep", by_clock_nanosleep },
	{ "poll", by_poll },
	{ "ppoll", by_ppoll },
	{ "select", by_select },
	{ "timerfd", by_timerfd },
};

struct sleeper {
	const struct way *way;
	struct span life;
};

static void *doze(void *argument)
{
	struct sleeper *s = argument;

	span_open(&s->life);
	span_birth(&s->life);
	for (uint64_t i = 0; i < rounds; i++)
		s->way->sleep((struct timespec){ 0, (long)duration_ns });
	span_end(&s->life);
	return NULL;
}

int main(int argc, char **argv)
{
	struct sleeper sleepers[ARRAY_SIZE(ways)];
	pthread_t threads[ARRAY_SIZE(ways)];

	rounds = number(argc, argv, 1, 20);
	duration_ns = number(argc, argv, 2, 20) * NS_PER_MS;
	exact_timers();
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		sleepers[i].way = &ways[i];
		threads[i] = start(doze, &sleepers[i]);
	}
	printf("{\"ways\": [");
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		pthread_join(threads[i], NULL);
		printf("%s\"%s\"", i ? ", " : "", ways[i].name);
	}
	printf("], ");
	spans_print("threads", &sleepers[0].life, sizeof(sleepers[0]), ARRAY_SIZE(ways));
	printf("}\n");
	return 0;
}
