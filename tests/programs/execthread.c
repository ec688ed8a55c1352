/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * execthread MILLISECONDS
 *
 * Four threads; one that is not the leader becomes another program. The kernel
 * ends the others, the leader too, and gives the leader's TID to the one.
 */
#include "truth.h"

static const char *self, *milliseconds;
static pthread_barrier_t barrier;

static void *doze(void *argument)
{
	(void)argument;
	pthread_barrier_wait(&barrier);
	for (;;)
		sleep_ns(NS_PER_SECOND);
	return NULL;
}

static void *become_another(void *argument)
{
	char tid[24];

	(void)argument;
	pthread_barrier_wait(&barrier);
	sleep_ns(20 * NS_PER_MS);
	snprintf(tid, sizeof(tid), "%d", thread_id());
	execl(self, "after-exec", milliseconds, tid, (char *)NULL);
	die("exec");
}

/* The program that it becomes. */
static int after(uint64_t ms, const char *old_tid)
{
	struct span life;

	span_open(&life);
	span_begin(&life);
	sleep_ns(ms * NS_PER_MS);
	burn_ns(ms * NS_PER_MS);
	span_end(&life);
	printf("{\"old_tid\": %s, \"pid\": %d, ", old_tid, getpid());
	spans_print("threads", &life, sizeof(life), 1);
	printf("}\n");
	return 0;
}

int main(int argc, char **argv)
{
	exact_timers();
	if (argc == 3)
		return after(number(argc, argv, 1, 0), argv[2]);
	self = argv[0];
	milliseconds = word(argc, argv, 1, "60");
	pthread_barrier_init(&barrier, NULL, 4);
	start(doze, NULL);
	start(doze, NULL);
	start(become_another, NULL);
	doze(NULL);
	return 0;
}
