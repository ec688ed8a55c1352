/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * join COUNT MILLISECONDS
 *
 * One thread joins others, one after the other, each of which computes or
 * sleeps and then ends.
 */
#include "truth.h"

static uint64_t count, work_ns;

struct joiner {
	struct span life, wait;
};

static void *compute(void *argument)
{
	(void)argument;
	burn_ns(work_ns);
	return NULL;
}

static void *doze(void *argument)
{
	(void)argument;
	sleep_ns(work_ns);
	return NULL;
}

static void *join_all(void *argument)
{
	struct joiner *j = argument;

	span_open(&j->life);
	span_open(&j->wait);
	span_birth(&j->life);
	for (uint64_t i = 0; i < count; i++) {
		pthread_t thread = start(i % 2 ? compute : doze, NULL);

		span_begin(&j->wait);
		pthread_join(thread, NULL);
		span_end(&j->wait);
	}
	span_end(&j->life);
	return NULL;
}

int main(int argc, char **argv)
{
	struct joiner joiner;

	count = number(argc, argv, 1, 10);
	work_ns = number(argc, argv, 2, 20) * NS_PER_MS;
	exact_timers();
	pthread_join(start(join_all, &joiner), NULL);
	printf("{\"joined\": %" PRIu64 ", ", count);
	spans_print("threads", &joiner.life, sizeof(joiner.life), 1);
	printf(", ");
	spans_print("waits", &joiner.wait, sizeof(joiner.wait), 1);
	printf("}\n");
	return 0;
}
