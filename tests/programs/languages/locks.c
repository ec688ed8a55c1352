/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Threads of POSIX that each wait for one kind of thing, and measure how long:
 * for C libraries that tests/programs are not built with.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 5, HOLD_NS = 8000000, WAITERS = 9 };

struct waiting {
	const char *kind, *class;
	void (*lock)(struct waiting *w);
	void (*unlock)(void);
	long tid;
	uint64_t waited_ns;
	pthread_t joined;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t recursive;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_mutex_t for_condition = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static bool flag;
static sem_t semaphore;
static pthread_barrier_t barrier;

static void nap(long ns)
{
	struct timespec ts = { .tv_nsec = ns };

	nanosleep(&ts, NULL);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void lock_mutex(struct waiting *w)
{
	(void)w;
	pthread_mutex_lock(&mutex);
}

static void unlock_mutex(void)
{
	nap(HOLD_NS);
	pthread_mutex_unlock(&mutex);
	nap(HOLD_NS / 8);
}

static void lock_recursive(struct waiting *w)
{
	(void)w;
	pthread_mutex_lock(&recursive);
}

static void unlock_recursive(void)
{
	nap(HOLD_NS);
	pthread_mutex_unlock(&recursive);
	nap(HOLD_NS / 8);
}

static void write_lock(struct waiting *w)
{
	(void)w;
	pthread_rwlock_wrlock(&rwlock);
}

static void write_unlock(void)
{
	nap(HOLD_NS);
	pthread_rwlock_unlock(&rwlock);
	nap(HOLD_NS / 8);
}

static void wait_for_flag(struct waiting *w)
{
	(void)w;
	pthread_mutex_lock(&for_condition);
	while (!flag)
		pthread_cond_wait(&condition, &for_condition);
	flag = false;
	pthread_mutex_unlock(&for_condition);
}

static void wait_for_semaphore(struct waiting *w)
{
	(void)w;
	sem_wait(&semaphore);
}

static void meet(struct waiting *w)
{
	(void)w;
	pthread_barrier_wait(&barrier);
}

static void *waiter(void *arg)
{
	struct waiting *w = arg;

	w->tid = syscall(SYS_gettid);
	for (int k = 0; k < ROUNDS; k++) {
		uint64_t begin = now_ns();

		w->lock(w);
		w->waited_ns += now_ns() - begin;
		if (w->unlock)
			w->unlock();
	}
	return NULL;
}

static struct waiting waits[WAITERS] = {
	{ .kind = "mutex", .class = "lock", .lock = lock_mutex, .unlock = unlock_mutex },
	{ .kind = "mutex", .class = "lock", .lock = lock_mutex, .unlock = unlock_mutex },
	{ .kind = "mutex", .class = "lock", .lock = lock_recursive, .unlock = unlock_recursive },
	{ .kind = "mutex", .class = "lock", .lock = lock_recursive, .unlock = unlock_recursive },
	{ .kind = "rwlock", .class = "lock", .lock = write_lock, .unlock = write_unlock },
	{ .kind = "rwlock", .class = "lock", .lock = write_lock, .unlock = write_unlock },
	{ .kind = "condition", .class = "sync", .lock = wait_for_flag },
	{ .kind = "semaphore", .class = "sync", .lock = wait_for_semaphore },
	{ .kind = "barrier", .class = "sync", .lock = meet },
};

int main(void)
{
	pthread_t threads[WAITERS];
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&recursive, &attr);
	sem_init(&semaphore, 0, 0);
	pthread_barrier_init(&barrier, NULL, 2);
	for (int i = 0; i < WAITERS; i++)
		pthread_create(&threads[i], NULL, waiter, &waits[i]);
	for (int k = 0; k < ROUNDS; k++) {
		nap(2 * HOLD_NS);
		pthread_mutex_lock(&for_condition);
		flag = true;
		pthread_cond_signal(&condition);
		pthread_mutex_unlock(&for_condition);
		sem_post(&semaphore);
		pthread_barrier_wait(&barrier);
	}
	for (int i = 0; i < WAITERS; i++)
		pthread_join(threads[i], NULL);
	printf("{\"waits\": [");
	for (int i = 0; i < WAITERS; i++)
		printf("%s{\"tid\": %ld, \"kind\": \"%s\", \"class\": \"%s\", \"waited_ns\": %llu}",
		       i ? ", " : "", waits[i].tid, waits[i].kind, waits[i].class,
		       (unsigned long long)waits[i].waited_ns);
	printf("]}\n");
	return 0;
}
