/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * between ROUNDS MILLISECONDS
 *
 * Two programs, of which one runs the other, share a mutex and a POSIX semaphore in a
 * file that each maps somewhere else. Each keeps the mutex MILLISECONDS in its turns,
 * and the second waits for the first one's semaphore in between.
 */
#include "truth.h"

#include <semaphore.h>

struct shared {
	pthread_mutex_t mutex;
	sem_t semaphore;
	pthread_barrier_t begin;
	struct span locked[2], posted; /* waits */
	uint64_t address[2];
};

static uint64_t rounds, keep_ns;

static struct shared *map_at(int fd, uint64_t hint)
{
	void *p = mmap((void *)hint, 1 << 16, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		die("mmap");
	return p;
}

static void take_turns(struct shared *s, int me)
{
	struct span *locked = &s->locked[me], posted;

	s->address[me] = (uint64_t)&s->mutex;
	span_open(locked);
	span_open(&posted);
	pthread_barrier_wait(&s->begin);
	for (uint64_t i = 0; i < rounds; i++) {
		span_begin(locked);
		pthread_mutex_lock(&s->mutex);
		span_end(locked);
		sleep_ns(keep_ns);
		pthread_mutex_unlock(&s->mutex);
		if (me == 0) {
			sleep_ns(keep_ns);
			sem_post(&s->semaphore);
			continue;
		}
		span_begin(&posted);
		while (sem_wait(&s->semaphore) && errno == EINTR)
			;
		span_end(&posted);
	}
	if (me == 1)
		s->posted = posted;
}

static struct shared *create(int fd)
{
	struct shared *s;
	pthread_mutexattr_t mutex;
	pthread_barrierattr_t barrier;

	if (ftruncate(fd, 1 << 16))
		die("ftruncate");
	s = map_at(fd, 0);
	pthread_mutexattr_init(&mutex);
	pthread_mutexattr_setpshared(&mutex, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&s->mutex, &mutex);
	pthread_barrierattr_init(&barrier);
	pthread_barrierattr_setpshared(&barrier, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&s->begin, &barrier, 2);
	sem_init(&s->semaphore, 1, 0);
	return s;
}

int main(int argc, char **argv)
{
	int fd = open("between.shared", O_RDWR | O_CREAT, 0600);
	struct shared *s;
	pid_t child;

	rounds = number(argc, argv, 1, 10);
	keep_ns = number(argc, argv, 2, 10) * NS_PER_MS;
	exact_timers();
	if (fd < 0)
		die("between.shared");
	if (!strcmp(word(argc, argv, 3, ""), "second")) {
		take_turns(map_at(fd, 0x200000000), 1);
		return 0;
	}
	s = create(fd);
	child = fork();
	if (child < 0)
		die("fork");
	if (!child) {
		execl("/proc/self/exe", "second", word(argc, argv, 1, "10"),
		      word(argc, argv, 2, "10"), "second", (char *)NULL);
		die("exec");
	}
	take_turns(s, 0);
	waitpid(child, NULL, 0);
	printf("{\"addresses\": [\"0x%" PRIx64 "\", \"0x%" PRIx64 "\"], ", s->address[0],
	       s->address[1]);
	spans_print("locked", s->locked, sizeof(s->locked[0]), 2);
	printf(", ");
	spans_print("posted", &s->posted, sizeof(s->posted), 1);
	printf("}\n");
	return 0;
}
