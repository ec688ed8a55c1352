/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * waiting
 *
 * Threads that wait for ever, one in each way, for recordings that begin when
 * they already do. The first line of stdout is a JSON object that says who
 * waits in which class; then come commands from stdin:
 *	fork	a child computes for 30 ms and sleeps for 30: prints its PID
 *	thread	a new thread does: prints its TID
 * and at the end of stdin it leaves.
 */
#include "truth.h"

#include <netinet/in.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>

static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER, free_one = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
static pthread_t sleeping;
static int nothing_comes[2];
static _Atomic pid_t child;

static void in_pipe(void)
{
	char byte;

	if (read(nothing_comes[0], &byte, 1) < 0)
		die("read");
}

static void in_lock(void)
{
	pthread_mutex_lock(&held);
}

static void in_condition(void)
{
	pthread_mutex_lock(&free_one);
	pthread_cond_wait(&never, &free_one);
}

static void in_sleep(void)
{
	sleep_ns(1000 * NS_PER_SECOND);
}

static void in_join(void)
{
	pthread_join(sleeping, NULL);
}

static void in_accept(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || listen(fd, 1))
		die("listen");
	accept(fd, NULL, NULL);
}

static void in_epoll(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	int fd = epoll_create1(EPOLL_CLOEXEC);

	if (fd < 0 || epoll_ctl(fd, EPOLL_CTL_ADD, nothing_comes[0], &event))
		die("epoll");
	epoll_wait(fd, &event, 1, -1);
}

static void in_child(void)
{
	child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL);
		for (;;)
			pause();
	}
	waitpid(child, NULL, 0);
}

static const struct way {
	const char *class;
	void (*wait)(void);
} ways[] = {
	/* the first one is joined by another */
	{ "sleep", in_sleep }, { "sync", in_join },  { "pipe", in_pipe },
	{ "lock", in_lock },   { "sync", in_condition }, { "idle", in_accept },
	{ "idle", in_epoll },  { "child", in_child },
};

struct waiter {
	const struct way *way;
	_Atomic pid_t tid;
};

static void *wait_for_ever(void *argument)
{
	struct waiter *w = argument;

	w->tid = thread_id();
	w->way->wait();
	return NULL;
}

static void *work(void *argument)
{
	_Atomic pid_t *tid = argument;

	*tid = thread_id();
	burn_ns(30 * NS_PER_MS);
	sleep_ns(30 * NS_PER_MS);
	return NULL;
}

static void obey(const char *command)
{
	_Atomic pid_t id = 0;

	if (!strcmp(command, "fork\n")) {
		id = fork();
		if (id == 0) {
			work(&id);
			_exit(0);
		}
		waitpid(id, NULL, 0);
	}
	if (!strcmp(command, "thread\n"))
		pthread_join(start(work, &id), NULL);
	printf("%d\n", id);
	fflush(stdout);
}

int main(void)
{
	static struct waiter waiters[ARRAY_SIZE(ways)];
	char command[64];

	if (pipe(nothing_comes))
		die("pipe");
	pthread_mutex_lock(&held);
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		pthread_t thread;

		waiters[i].way = &ways[i];
		thread = start(wait_for_ever, &waiters[i]);
		if (i == 0)
			sleeping = thread;
	}
	/* none of them can tell when it has come to rest */
	sleep_ns(100 * NS_PER_MS);
	printf("{\"pid\": %d, \"child\": %d, \"address\": \"%p\", \"threads\": [", getpid(), child,
	       (void *)&held);
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++)
		printf("%s{\"tid\": %d, \"class\": \"%s\"}", i ? ", " : "", waiters[i].tid,
		       ways[i].class);
	printf("]}\n");
	fflush(stdout);
	while (fgets(command, sizeof(command), stdin))
		obey(command);
	kill(child, SIGKILL);
	return 0;
}
