/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * holders UNIT_MS
 *
 * Five threads queue for one lock and hold it once each, for 1, 5, 2, 3 and 4
 * units. While the k-th holds it, 5 - k others wait, so the holders are to
 * blame for 4, 15, 4, 3 and 0 units. A tool that charges each wait whole to
 * the thread that ended it gives 1, 6, 8, 11, 0; one that charges it to the
 * owner at its beginning gives 26, 0, 0, 0, 0.
 */
#include "truth.h"

enum { HOLDERS = 5 };

static const unsigned int units[HOLDERS] = { 1, 5, 2, 3, 4 };
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static uint64_t unit_ns;
static _Atomic bool everybody_waits, first_holds;

struct holder {
	unsigned int index;
	pid_t tid;
	uint64_t asked_ns, got_ns, gave_ns;
};

static void *hold(void *argument)
{
	struct holder *h = argument;

	h->tid = thread_id();
	h->asked_ns = now_ns();
	pthread_mutex_lock(&mutex);
	h->got_ns = now_ns();
	if (h->index == 0) {
		first_holds = true;
		while (!everybody_waits)
			sleep_ns(100 * NS_PER_US);
	}
	sleep_ns(units[h->index] * unit_ns);
	h->gave_ns = now_ns();
	pthread_mutex_unlock(&mutex);
	return NULL;
}

int main(int argc, char **argv)
{
	struct holder holders[HOLDERS] = { { 0 } };
	pthread_t threads[HOLDERS];

	unit_ns = number(argc, argv, 1, 20) * NS_PER_MS;
	exact_timers();
	for (unsigned int i = 0; i < HOLDERS; i++) {
		holders[i].index = i;
		threads[i] = start(hold, &holders[i]);
		while (!first_holds)
			sleep_ns(100 * NS_PER_US);
		/* time enough to be in the queue before the next one comes */
		sleep_ns(2 * NS_PER_MS);
	}
	everybody_waits = true;
	for (unsigned int i = 0; i < HOLDERS; i++)
		pthread_join(threads[i], NULL);

	printf("{\"address\": \"%p\", \"unit_ns\": %" PRIu64 ", \"holders\": [", (void *)&mutex,
	       unit_ns);
	for (unsigned int i = 0; i < HOLDERS; i++) {
		const struct holder *h = &holders[i];
		uint64_t blame = 0;

		for (unsigned int k = 0; k < HOLDERS; k++)
			blame += overlap(h->got_ns, h->gave_ns, holders[k].asked_ns,
					 holders[k].got_ns);
		printf("%s{\"tid\": %d, \"units\": %u, \"blame_ns\": %" PRIu64
		       ", \"wait_ns\": %" PRIu64 "}",
		       i ? ", " : "", h->tid, units[i], blame, h->got_ns - h->asked_ns);
	}
	printf("]}\n");
	return 0;
}
