/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mutex THREADS MILLISECONDS HOLD_US THINK_US sleep|burn [normal|pi|recursive] [threads|processes]
 *
 * Workers take one lock, hold it, let it go and think, until the time is over.
 * By Little's law, whoever gets the lock in which order:
 *	sum of waits = sum of workers' time - operations * (hold + think)
 */
#include "truth.h"

enum { OPS_MAX = 4096 };

struct op {
	uint64_t asked_ns, got_ns, gave_ns;
};

struct worker {
	struct span life, wait;
	uint64_t loop_ns, hold_ns, think_ns; /* as they turned out */
	size_t ops;
	struct op op[OPS_MAX];
};

struct shared {
	pthread_mutex_t mutex;
	pthread_barrier_t barrier;
	uint64_t duration_ns, hold_ns, think_ns;
	bool burn;
	struct worker workers[];
};

struct argument {
	struct shared *shared;
	int index;
};

static void spend(const struct shared *s, uint64_t ns)
{
	if (s->burn)
		burn_ns(ns);
	else
		sleep_ns(ns);
}

static void *work(void *argument)
{
	struct argument *a = argument;
	struct shared *s = a->shared;
	struct worker *w = &s->workers[a->index];
	uint64_t begin, end;

	span_open(&w->wait);
	span_open(&w->life);
	span_birth(&w->life);
	pthread_barrier_wait(&s->barrier);
	begin = now_ns();
	end = begin + s->duration_ns;
	while (now_ns() < end && w->ops < OPS_MAX) {
		struct op *op = &w->op[w->ops++];

		span_begin(&w->wait);
		op->asked_ns = now_ns();
		pthread_mutex_lock(&s->mutex);
		op->got_ns = now_ns();
		span_end(&w->wait);
		spend(s, s->hold_ns);
		op->gave_ns = now_ns();
		pthread_mutex_unlock(&s->mutex);
		spend(s, s->think_ns);
		w->hold_ns += op->gave_ns - op->got_ns;
		w->think_ns += now_ns() - op->gave_ns;
	}
	w->loop_ns = now_ns() - begin;
	span_end(&w->life);
	span_close(&w->wait);
	span_close(&w->life);
	return NULL;
}

static void init(struct shared *s, int count, const char *kind, bool processes)
{
	int sharing = processes ? PTHREAD_PROCESS_SHARED : PTHREAD_PROCESS_PRIVATE;
	pthread_mutexattr_t mutex;
	pthread_barrierattr_t barrier;

	pthread_mutexattr_init(&mutex);
	pthread_mutexattr_setpshared(&mutex, sharing);
	if (!strcmp(kind, "pi"))
		pthread_mutexattr_setprotocol(&mutex, PTHREAD_PRIO_INHERIT);
	if (!strcmp(kind, "recursive"))
		pthread_mutexattr_settype(&mutex, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&s->mutex, &mutex);
	pthread_barrierattr_init(&barrier);
	pthread_barrierattr_setpshared(&barrier, sharing);
	pthread_barrier_init(&s->barrier, &barrier, (unsigned int)count);
}

static void run_all(struct shared *s, int count, bool processes)
{
	pthread_t *threads = calloc((size_t)count, sizeof(*threads));
	struct argument *arguments = calloc((size_t)count, sizeof(*arguments));

	if (!threads || !arguments)
		die("calloc");
	for (int i = 0; i < count; i++) {
		arguments[i] = (struct argument){ s, i };
		if (!processes) {
			threads[i] = start(work, &arguments[i]);
			continue;
		}
		switch (fork()) {
		case -1:
			die("fork");
		case 0:
			work(&arguments[i]);
			_exit(0);
		}
	}
	for (int i = 0; i < count; i++) {
		if (processes)
			wait(NULL);
		else
			pthread_join(threads[i], NULL);
	}
	free(threads);
	free(arguments);
}

/* How long others waited while @holder held: what it is to blame for. */
static uint64_t blame(const struct shared *s, int count, const struct worker *holder)
{
	uint64_t sum = 0;

	for (size_t h = 0; h < holder->ops; h++) {
		for (int i = 0; i < count; i++) {
			const struct worker *w = &s->workers[i];

			for (size_t k = 0; k < w->ops && w != holder; k++)
				sum += overlap(holder->op[h].got_ns, holder->op[h].gave_ns,
					       w->op[k].asked_ns, w->op[k].got_ns);
		}
	}
	return sum;
}

static void print_holders(const struct shared *s, int count)
{
	printf("\"holders\": [");
	for (int i = 0; i < count; i++)
		printf("%s{\"tid\": %d, \"blame_ns\": %" PRIu64 "}", i ? ", " : "",
		       s->workers[i].life.tid, blame(s, count, &s->workers[i]));
	printf("], ");
}

static void print(const struct shared *s, int count)
{
	uint64_t elapsed = 0, busy = 0, wait = 0, runnable = 0, ops = 0;

	for (int i = 0; i < count; i++) {
		const struct worker *w = &s->workers[i];

		elapsed += w->loop_ns;
		busy += w->hold_ns + w->think_ns;
		wait += span_wait_ns(&w->wait);
		runnable += w->wait.runnable_ns;
		ops += w->ops;
	}
	printf("{\"address\": \"%p\", \"ops\": %" PRIu64 ", \"elapsed_ns\": %" PRIu64
	       ", \"nominal_wait_ns\": %" PRId64 ", \"expected_wait_ns\": %" PRIu64
	       ", \"lock_wait_ns\": %" PRIu64 ", \"lock_runnable_ns\": %" PRIu64 ", ",
	       (const void *)&s->mutex, ops, elapsed,
	       (int64_t)elapsed - (int64_t)(ops * (s->hold_ns + s->think_ns)), elapsed - busy,
	       wait, runnable);
	print_holders(s, count);
	spans_print("threads", &s->workers[0].life, sizeof(s->workers[0]), (size_t)count);
	printf(", ");
	spans_print("waits", &s->workers[0].wait, sizeof(s->workers[0]), (size_t)count);
	printf("}\n");
}

int main(int argc, char **argv)
{
	int count = (int)number(argc, argv, 1, 4);
	bool processes = !strcmp(word(argc, argv, 7, "threads"), "processes");
	struct shared *s = shared_memory(sizeof(*s) + (size_t)count * sizeof(s->workers[0]));

	s->duration_ns = number(argc, argv, 2, 1000) * NS_PER_MS;
	s->hold_ns = number(argc, argv, 3, 5000) * NS_PER_US;
	s->think_ns = number(argc, argv, 4, 1000) * NS_PER_US;
	s->burn = !strcmp(word(argc, argv, 5, "sleep"), "burn");
	exact_timers();
	init(s, count, word(argc, argv, 6, "normal"), processes);
	run_all(s, count, processes);
	print(s, count);
	return 0;
}
