/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pipeline ITEMS
 *
 * Three stages with bounded queues between them; they need 2, 6 and 3 ms an
 * item, so the second sets the pace, and the others wait for it 4/6 and 3/6 of
 * the time: the first for space, the third for items.
 */
#include "truth.h"

enum { STAGES = 3, CAPACITY = 4 };

static const uint64_t service_ns[STAGES] = { 2 * NS_PER_MS, 6 * NS_PER_MS, 3 * NS_PER_MS };

struct queue {
	pthread_mutex_t mutex;
	pthread_cond_t not_empty, not_full;
	unsigned int used;
};

static struct queue queues[STAGES - 1];
static uint64_t items;

struct stage {
	unsigned int index;
	struct span life, wait;
};

static void put(struct queue *q)
{
	pthread_mutex_lock(&q->mutex);
	while (q->used == CAPACITY)
		pthread_cond_wait(&q->not_full, &q->mutex);
	q->used++;
	pthread_cond_signal(&q->not_empty);
	pthread_mutex_unlock(&q->mutex);
}

static void take(struct queue *q)
{
	pthread_mutex_lock(&q->mutex);
	while (q->used == 0)
		pthread_cond_wait(&q->not_empty, &q->mutex);
	q->used--;
	pthread_cond_signal(&q->not_full);
	pthread_mutex_unlock(&q->mutex);
}

static void *work(void *argument)
{
	struct stage *s = argument;

	span_open(&s->life);
	span_open(&s->wait);
	span_birth(&s->life);
	for (uint64_t i = 0; i < items; i++) {
		span_begin(&s->wait);
		if (s->index > 0)
			take(&queues[s->index - 1]);
		span_end(&s->wait);
		sleep_ns(service_ns[s->index]);
		span_begin(&s->wait);
		if (s->index < STAGES - 1)
			put(&queues[s->index]);
		span_end(&s->wait);
	}
	span_end(&s->life);
	return NULL;
}

int main(int argc, char **argv)
{
	struct stage stages[STAGES];
	pthread_t threads[STAGES];

	items = number(argc, argv, 1, 100);
	exact_timers();
	for (unsigned int i = 0; i < STAGES - 1; i++) {
		pthread_mutex_init(&queues[i].mutex, NULL);
		pthread_cond_init(&queues[i].not_empty, NULL);
		pthread_cond_init(&queues[i].not_full, NULL);
	}
	for (unsigned int i = 0; i < STAGES; i++) {
		stages[i].index = i;
		threads[i] = start(work, &stages[i]);
	}
	for (unsigned int i = 0; i < STAGES; i++)
		pthread_join(threads[i], NULL);
	printf("{\"items\": %" PRIu64 ", ", items);
	spans_print("threads", &stages[0].life, sizeof(stages[0]), STAGES);
	printf(", ");
	spans_print("waits", &stages[0].wait, sizeof(stages[0]), STAGES);
	printf("}\n");
	return 0;
}
