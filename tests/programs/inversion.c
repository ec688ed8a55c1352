/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * inversion KIND
 *
 * On one core: a thread of low priority has a lock that one of high priority waits
 * for, and is kept from the core by one of middle priority that never touches the
 * lock. KIND normal: the high one waits for the middle one, too. KIND pi: the low
 * one inherits the high priority, and the middle one has to wait.
 */
#include "truth.h"

enum { LOW = 10, MIDDLE = 20, HIGH = 30, DIRECTOR = 40, HOLD_MS = 10, BURN_MS = 60 };

static pthread_mutex_t mutex;
static _Atomic bool held;
static struct span kept, waited;

static void become(int priority)
{
	const struct sched_param param = { .sched_priority = priority };

	pin(0);
	errno = pthread_setschedparam(pthread_self(), SCHED_FIFO, &param);
	if (errno)
		skip("SCHED_FIFO");
}

static void *low(void *argument)
{
	become(LOW);
	span_open(&kept);
	pthread_mutex_lock(&mutex);
	span_begin(&kept);
	held = true;
	burn_ns(HOLD_MS * NS_PER_MS);
	span_end(&kept);
	pthread_mutex_unlock(&mutex);
	return argument;
}

static void *middle(void *argument)
{
	become(MIDDLE);
	burn_ns(BURN_MS * NS_PER_MS);
	return argument;
}

static void *high(void *argument)
{
	become(HIGH);
	span_open(&waited);
	span_begin(&waited);
	pthread_mutex_lock(&mutex);
	span_end(&waited);
	pthread_mutex_unlock(&mutex);
	return argument;
}

int main(int argc, char **argv)
{
	bool pi = !strcmp(word(argc, argv, 1, "normal"), "pi");
	pthread_mutexattr_t attr;
	pthread_t threads[3];

	pthread_mutexattr_init(&attr);
	if (pi)
		pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT);
	pthread_mutex_init(&mutex, &attr);
	become(DIRECTOR);
	threads[0] = start(low, NULL);
	while (!held)
		sleep_ns(NS_PER_MS);
	threads[1] = start(high, NULL);
	sleep_ns(2 * NS_PER_MS);
	threads[2] = start(middle, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);
	printf("{\"address\": \"%p\", ", (void *)&mutex);
	spans_print("kept", &kept, sizeof(kept), 1);
	printf(", ");
	spans_print("waits", &waited, sizeof(waited), 1);
	printf("}\n");
	return 0;
}
