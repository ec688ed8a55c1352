/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * orphans HOLD_MS
 *
 * Locks that outlive who has them. A thread keeps a robust mutex for HOLD_MS and
 * ends with it; so does a process. Who waits for it gets it with EOWNERDEAD. Then
 * a thread ends with a plain mutex, and who wants that waits in vain for HOLD_MS.
 */
#include "truth.h"

static pthread_mutex_t *robust, plain = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t taken;
static uint64_t hold_ns;
static pid_t robust_owner, plain_owner;

static void *end_with_robust(void *argument)
{
	robust_owner = thread_id();
	pthread_mutex_lock(robust);
	pthread_barrier_wait(&taken);
	sleep_ns(hold_ns);
	return argument;
}

static void *end_with_plain(void *argument)
{
	plain_owner = thread_id();
	pthread_mutex_lock(&plain);
	return argument;
}

/* How long it took to inherit the lock. */
static uint64_t inherit(void)
{
	uint64_t from_ns = now_ns(), got_ns;

	if (pthread_mutex_lock(robust) != EOWNERDEAD)
		die("the owner of a robust mutex is not dead");
	got_ns = now_ns();
	pthread_mutex_consistent(robust);
	pthread_mutex_unlock(robust);
	return got_ns - from_ns;
}

static uint64_t want_in_vain(void)
{
	uint64_t from_ns = now_ns();
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += (time_t)(hold_ns / NS_PER_SECOND);
	until.tv_nsec += (long)(hold_ns % NS_PER_SECOND);
	if (until.tv_nsec >= (long)NS_PER_SECOND) {
		until.tv_nsec -= (long)NS_PER_SECOND;
		until.tv_sec++;
	}
	if (pthread_mutex_timedlock(&plain, &until) != ETIMEDOUT)
		die("a mutex whose owner ended is free");
	return now_ns() - from_ns;
}

int main(int argc, char **argv)
{
	uint64_t by_thread_ns, by_process_ns, in_vain_ns;
	pthread_mutexattr_t attributes;
	int pipe_ends[2];
	pthread_t thread;
	pid_t child;
	char byte;

	hold_ns = number(argc, argv, 1, 150) * NS_PER_MS;
	robust = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (robust == MAP_FAILED || pipe(pipe_ends))
		die("mmap or pipe");
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(robust, &attributes);
	pthread_barrier_init(&taken, NULL, 2);

	pthread_create(&thread, NULL, end_with_robust, NULL);
	pthread_barrier_wait(&taken);
	by_thread_ns = inherit();
	pthread_join(thread, NULL);
	child = fork();
	if (!child) {
		pthread_mutex_lock(robust);
		if (write(pipe_ends[1], "", 1) != 1)
			die("write");
		sleep_ns(hold_ns);
		_exit(0);
	}
	if (child < 0 || read(pipe_ends[0], &byte, 1) != 1)
		die("fork or read");
	by_process_ns = inherit();
	waitpid(child, NULL, 0);

	pthread_create(&thread, NULL, end_with_plain, NULL);
	pthread_join(thread, NULL);
	/* it is joined before the kernel has it ended */
	while (!syscall(SYS_tgkill, getpid(), plain_owner, 0))
		sleep_ns(NS_PER_MS);
	in_vain_ns = want_in_vain();
	printf("{\"robust\": \"%p\", \"robust_owner\": %d, \"child\": %d, "
	       "\"by_thread_ns\": %" PRIu64 ", \"by_process_ns\": %" PRIu64 ", "
	       "\"plain_owner\": %d, \"in_vain_ns\": %" PRIu64 "}\n",
	       (void *)robust, robust_owner, child, by_thread_ns, by_process_ns, plain_owner,
	       in_vain_ns);
	return 0;
}
