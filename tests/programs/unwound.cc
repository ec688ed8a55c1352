/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * unwound MILLISECONDS: threads that wait in each of the usual ways, at the end
 * of a chain of calls that keeps no frame pointers (see the Makefile's flags
 * for this file). The chain is known: step<N> calls step<N - 1>.
 */
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <atomic>

namespace {

enum { DEPTH = 12, NAP_NS = 1000000 };

std::atomic<bool> stop;
pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER, condition_mutex = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
int pipe_ends[2], event, epoll;

void nap()
{
	struct timespec t = { 0, NAP_NS };

	nanosleep(&t, nullptr);
}

void in_mutex()
{
	pthread_mutex_lock(&mutex);
	nap();
	pthread_mutex_unlock(&mutex);
}

void in_condition()
{
	pthread_mutex_lock(&condition_mutex);
	pthread_cond_wait(&condition, &condition_mutex);
	pthread_mutex_unlock(&condition_mutex);
}

void in_read()
{
	char c;

	if (read(pipe_ends[0], &c, 1) < 0)
		_exit(1);
}

void in_epoll()
{
	struct epoll_event e;
	eventfd_t value;

	if (epoll_wait(epoll, &e, 1, -1) > 0)
		eventfd_read(event, &value);
}

void in_poll()
{
	struct pollfd p = { -1, 0, 0 };

	poll(&p, 1, 1);
}

/* Not inlined, not a tail call, and with something on the stack that it does not know the size of. */
template <int N> __attribute__((noinline)) void step(void (*leaf)(), volatile char *from_below)
{
	volatile char here[N * 8 + 1];

	here[0] = *from_below;
	if constexpr (N > 1)
		step<N - 1>(leaf, here);
	else
		leaf();
	here[N] = here[0];
}

void *loop(void *leaf)
{
	volatile char c = 0;

	while (!stop)
		step<DEPTH>(reinterpret_cast<void (*)()>(leaf), &c);
	return nullptr;
}

/* Ends the waits of the others. */
void *waker(void *)
{
	while (!stop) {
		nap();
		pthread_cond_broadcast(&condition);
		eventfd_write(event, 1);
		if (write(pipe_ends[1], "x", 1) != 1)
			_exit(1);
	}
	return nullptr;
}

} /* namespace */

int main(int argc, char **argv)
{
	void (*leaves[])() = { in_mutex, in_mutex, in_condition, in_read, in_epoll, in_poll, nap };
	struct epoll_event e = {};
	struct timespec t = { 0, 0 };
	long ms = argc > 1 ? atol(argv[1]) : 1000;
	pthread_t thread;

	epoll = epoll_create1(0);
	event = eventfd(0, 0);
	e.events = EPOLLIN;
	if (epoll < 0 || event < 0 || pipe(pipe_ends) ||
	    epoll_ctl(epoll, EPOLL_CTL_ADD, event, &e))
		return 1;
	puts("{\"ready\": true}");
	fflush(stdout);
	for (auto leaf : leaves)
		pthread_create(&thread, nullptr, loop, reinterpret_cast<void *>(leaf));
	pthread_create(&thread, nullptr, waker, nullptr);
	t.tv_sec = ms / 1000;
	t.tv_nsec = ms % 1000 * 1000000;
	nanosleep(&t, nullptr);
	printf("{\"depth\": %d}\n", DEPTH);
	fflush(stdout);
	_exit(0);
}
