/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * spinners THREADS CORES MILLISECONDS
 *
 * More runners than cores: each runs CORES/THREADS of the time, is runnable
 * for the rest and waits for nothing.
 */
#include "truth.h"

static uint64_t end_ns;

static void *spin(void *argument)
{
	struct span *life = argument;

	span_open(life);
	span_birth(life);
	burn_until(end_ns);
	span_end(life);
	return NULL;
}

int main(int argc, char **argv)
{
	unsigned int count = (unsigned int)number(argc, argv, 1, 4);
	unsigned int cores = (unsigned int)number(argc, argv, 2, 1);
	uint64_t duration_ns = number(argc, argv, 3, 800) * NS_PER_MS;
	pthread_t *threads = calloc(count, sizeof(*threads));
	struct span *lives = calloc(count, sizeof(*lives));

	if (!threads || !lives)
		die("calloc");
	end_ns = now_ns() + duration_ns;
	for (unsigned int i = 0; i < count; i++) {
		pin((int)(i % cores));
		threads[i] = start(spin, &lives[i]);
		/* threads begin where their creator may run; give it back its own */
		sched_setaffinity(0, sizeof(cpu_set_t), &(cpu_set_t){ .__bits = { ~0UL } });
	}
	for (unsigned int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	printf("{\"cores\": %u, \"duration_ns\": %" PRIu64 ", ", cores, duration_ns);
	spans_print("threads", lives, sizeof(*lives), count);
	printf("}\n");
	return 0;
}
