/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * spin lock|share THREADS MILLISECONDS
 *
 * Contention that the scheduler cannot see: threads that spin for one lock, or
 * that write to neighbouring words of one cache line. They run all the time
 * and wait for nothing, as far as the kernel knows.
 */
#include "truth.h"

#include <stdatomic.h>

static atomic_flag flag = ATOMIC_FLAG_INIT;
static struct {
	_Alignas(64) volatile uint64_t counters[8];
} line;
static uint64_t end_ns;
static bool locks;

struct spinner {
	size_t index;
	struct span life;
};

static void *spin(void *argument)
{
	struct spinner *s = argument;
	volatile uint64_t *counter = &line.counters[locks ? 0 : s->index % 8];

	span_open(&s->life);
	span_birth(&s->life);
	while (now_ns() < end_ns) {
		for (int i = 0; i < 1000; i++) {
			while (locks && atomic_flag_test_and_set_explicit(&flag,
									  memory_order_acquire))
				;
			(*counter)++;
			if (locks)
				atomic_flag_clear_explicit(&flag, memory_order_release);
		}
	}
	span_end(&s->life);
	return NULL;
}

int main(int argc, char **argv)
{
	size_t count = number(argc, argv, 2, 2);
	struct spinner *spinners = calloc(count, sizeof(*spinners));
	pthread_t *threads = calloc(count, sizeof(*threads));

	if (!spinners || !threads)
		die("calloc");
	locks = !strcmp(word(argc, argv, 1, "lock"), "lock");
	end_ns = now_ns() + number(argc, argv, 3, 500) * NS_PER_MS;
	for (size_t i = 0; i < count; i++) {
		spinners[i].index = i;
		threads[i] = start(spin, &spinners[i]);
	}
	for (size_t i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	printf("{");
	spans_print("threads", &spinners[0].life, sizeof(spinners[0]), count);
	printf("}\n");
	return 0;
}
