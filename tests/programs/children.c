/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * children COUNT MILLISECONDS
 *
 * A thread waits for children in every way there is: held by vfork() until the
 * child ends, held by vfork() until it becomes another program, in waitpid and
 * in waitid. COUNT of each, MILLISECONDS each, one after the other.
 */
#include "truth.h"

static const char *self;
static uint64_t count, sleep_time_ns;

struct parent {
	struct span life, vfork_wait, exec_wait, wait;
};

/* A function of its own: what lives in registers across a vfork() is not safe. */
__attribute__((noinline)) static pid_t vfork_child(uint64_t ns, const char *ms)
{
	pid_t pid = vfork();

	if (pid)
		return pid;
	sleep_ns(ns);
	if (ms)
		execl(self, "sleeping-child", "child", ms, (char *)NULL);
	_exit(ms ? 99 : 0);
}

static void by_vfork(struct parent *p)
{
	for (uint64_t i = 0; i < count; i++) {
		pid_t pid;

		span_begin(&p->vfork_wait);
		pid = vfork_child(sleep_time_ns, NULL);
		span_end(&p->vfork_wait);
		waitpid(pid, NULL, 0);
	}
}

/* The parent goes on when the child has become another program, which sleeps on. */
static void by_vfork_and_exec(struct parent *p)
{
	char ms[24];

	snprintf(ms, sizeof(ms), "%" PRIu64, sleep_time_ns / NS_PER_MS);
	for (uint64_t i = 0; i < count; i++) {
		pid_t pid;

		span_begin(&p->exec_wait);
		pid = vfork_child(sleep_time_ns, ms);
		span_end(&p->exec_wait);
		span_begin(&p->wait);
		waitpid(pid, NULL, 0);
		span_end(&p->wait);
	}
}

static void by_waitid(struct parent *p)
{
	for (uint64_t i = 0; i < count; i++) {
		siginfo_t info;
		pid_t pid = fork();

		if (pid == 0) {
			sleep_ns(sleep_time_ns);
			_exit(0);
		}
		span_begin(&p->wait);
		waitid(P_PID, (id_t)pid, &info, WEXITED);
		span_end(&p->wait);
	}
}

static void *work(void *argument)
{
	struct parent *p = argument;

	span_open(&p->life);
	span_open(&p->vfork_wait);
	span_open(&p->exec_wait);
	span_open(&p->wait);
	span_birth(&p->life);
	by_vfork(p);
	by_vfork_and_exec(p);
	by_waitid(p);
	span_end(&p->life);
	return NULL;
}

int main(int argc, char **argv)
{
	struct parent parent;

	exact_timers();
	self = argv[0];
	if (argc == 3 && !strcmp(argv[1], "child")) {
		sleep_ns(number(argc, argv, 2, 0) * NS_PER_MS);
		return 0;
	}
	count = number(argc, argv, 1, 8);
	sleep_time_ns = number(argc, argv, 2, 10) * NS_PER_MS;
	pthread_join(start(work, &parent), NULL);
	printf("{\"children\": %" PRIu64 ", ", 3 * count);
	spans_print("threads", &parent.life, sizeof(parent.life), 1);
	printf(", ");
	spans_print("waits", &parent.vfork_wait, sizeof(struct span), 3);
	printf("}\n");
	return 0;
}
