/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * idle BUSY_MS IDLE_MS [poll|epoll]
 *
 * A server that computes for a while and then has nothing to do: it waits for
 * descriptors until a friend has pity. Only its last part is idle.
 */
#include "truth.h"

#include <poll.h>
#include <sys/epoll.h>

static int server[2];
static uint64_t busy_ns, idle_ns;
static bool with_epoll;

struct loop {
	struct span life, idle;
};

static void wait_for_work(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct pollfd poller = { .fd = server[0], .events = POLLIN };
	int fd;

	if (!with_epoll) {
		poll(&poller, 1, -1);
		return;
	}
	fd = epoll_create1(EPOLL_CLOEXEC);
	if (fd < 0 || epoll_ctl(fd, EPOLL_CTL_ADD, server[0], &event))
		die("epoll");
	epoll_wait(fd, &event, 1, -1);
	close(fd);
}

static void *serve(void *argument)
{
	struct loop *l = argument;

	span_open(&l->life);
	span_open(&l->idle);
	span_birth(&l->life);
	burn_ns(busy_ns);
	span_begin(&l->idle);
	wait_for_work();
	span_end(&l->idle);
	span_end(&l->life);
	return NULL;
}

int main(int argc, char **argv)
{
	struct loop loop;
	pthread_t thread;

	busy_ns = number(argc, argv, 1, 200) * NS_PER_MS;
	idle_ns = number(argc, argv, 2, 600) * NS_PER_MS;
	with_epoll = !strcmp(word(argc, argv, 3, "epoll"), "epoll");
	exact_timers();
	if (pipe(server))
		die("pipe");
	thread = start(serve, &loop);
	sleep_ns(busy_ns + idle_ns);
	if (write(server[1], "x", 1) != 1)
		die("write");
	pthread_join(thread, NULL);
	printf("{");
	spans_print("threads", &loop.life, sizeof(loop.life), 1);
	printf(", ");
	spans_print("waits", &loop.idle, sizeof(loop.idle), 1);
	printf("}\n");
	return 0;
}
