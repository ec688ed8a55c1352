/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * moreloops KIND [ROUNDS]
 *
 * Loops of kinds that eventloop has not, a stall of 40 ms of sleep in every tenth
 * round, also in the last. KIND:
 *	interrupted_poll, interrupted_select: stopped and continued while it waits and
 *		sleeps, which a program does not see, and told by a handler, which it does
 *	turns: waits in one epoll and then in another
 *	busy: select with a timeout of 0, until something comes
 *	pwait2: epoll_pwait2
 *	migrates: the first half in one thread, the second in another
 *	shared: three threads at one epoll (EPOLLEXCLUSIVE) that take an event each
 * The truth is, by thread, how often the waits returned, how long it was in them and
 * outside, and how many rounds were stalls.
 */
#include "truth.h"

#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { STALL_MS = 40, EVERY = 10, THREADS = 3 };

static struct loop {
	const char *kind;
	unsigned int rounds; /* to do */
	int events[2], epoll[2];
	uint64_t began_ns; /* of the round */
	struct told {
		pid_t tid;
		uint64_t returns, wait_ns, busy_ns, stalls;
	} told;
} loops[THREADS];

static void on_alarm(int signal)
{
	(void)signal;
}

__attribute__((noinline)) static void plant_sleep(void)
{
	struct timespec t = { .tv_nsec = STALL_MS * NS_PER_MS };

	/* its rest, after a stop: the C library's clock_nanosleep() counts from now, too */
	clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL);
}

static bool is_kind(const struct loop *l, const char *kind)
{
	return !strcmp(l->kind, kind);
}

/* One call of the wait; what it returned. */
static int wait_once(struct loop *l)
{
	struct pollfd p[2] = { { .fd = l->events[0], .events = POLLIN }, { .fd = -1 } };
	struct timeval none = { 0 };
	struct timespec long_ns = { .tv_sec = 10 };
	struct epoll_event e;
	fd_set set;
	int which = is_kind(l, "turns") && l->told.returns & 1;

	FD_ZERO(&set);
	FD_SET(l->events[0], &set);
	if (is_kind(l, "interrupted_poll"))
		return poll(p, 2, 10000);
	if (is_kind(l, "interrupted_select"))
		return select(l->events[0] + 1, &set, NULL, NULL, NULL);
	if (is_kind(l, "busy"))
		return select(l->events[0] + 1, &set, NULL, NULL, &none);
	if (is_kind(l, "pwait2"))
		return (int)syscall(SYS_epoll_pwait2, l->epoll[0], &e, 1, &long_ns, NULL, 8);
	return epoll_wait(l->epoll[which], &e, 1, -1);
}

/* Half a round: waits until it is told something. */
static void come_round(struct loop *l)
{
	uint64_t before = now_ns(), after;
	bool told = wait_once(l) > 0;
	char byte;

	after = now_ns();
	l->told.returns++;
	l->told.wait_ns += after - before;
	if (l->began_ns)
		l->told.busy_ns += before - l->began_ns;
	l->began_ns = after;
	if (!told || read(l->events[0], &byte, 1) != 1)
		return;
	l->rounds--;
	if (byte != 's')
		return;
	l->told.stalls++;
	plant_sleep();
}

static void *run_loop(void *arg)
{
	struct loop *l = arg;

	l->told.tid = thread_id();
	while (l->rounds)
		come_round(l);
	l->told.busy_ns += now_ns() - l->began_ns;
	return NULL;
}

/* Sends a byte a round, and signals in between. */
static void drive(const struct loop *l, unsigned int rounds, pid_t loop_pid)
{
	bool interrupts = !strncmp(l->kind, "interrupted", 11);

	for (unsigned int i = 1; i <= rounds; i++) {
		char byte = i % EVERY ? 'x' : 's';

		sleep_ns(2 * NS_PER_MS);
		if (interrupts && i % 3 == 0)
			kill(loop_pid, SIGALRM);
		if (interrupts && i % 3 == 1) {
			kill(loop_pid, SIGSTOP);
			sleep_ns(NS_PER_MS);
			kill(loop_pid, SIGCONT);
		}
		sleep_ns(2 * NS_PER_MS);
		if (write(l->events[1], &byte, 1) != 1)
			die("write");
		if (byte != 's')
			continue;
		/* while it sleeps */
		sleep_ns(10 * NS_PER_MS);
		if (interrupts) {
			kill(loop_pid, SIGSTOP);
			sleep_ns(NS_PER_MS);
			kill(loop_pid, SIGCONT);
		}
		sleep_ns((STALL_MS + 5) * NS_PER_MS);
	}
}

static void prepare(struct loop *l)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLEXCLUSIVE };

	/* of several that are told, one gets the byte */
	if (pipe2(l->events, O_NONBLOCK))
		die("pipe");
	for (int i = 0; i < 2; i++) {
		l->epoll[i] = epoll_create1(0);
		if (l->epoll[i] < 0 || epoll_ctl(l->epoll[i], EPOLL_CTL_ADD, l->events[0], &e))
			die("epoll");
	}
}

int main(int argc, char **argv)
{
	unsigned int rounds = argc > 2 ? (unsigned int)atoi(argv[2]) : 60, count = 1;
	struct sigaction handler = { .sa_handler = on_alarm };
	pthread_t threads[THREADS];
	pid_t self = getpid(), driver;
	sigset_t alarm;

	loops[0].kind = argc > 1 ? argv[1] : "turns";
	prepare(&loops[0]);
	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	if (sigaction(SIGALRM, &handler, NULL))
		die("sigaction");
	if (is_kind(&loops[0], "shared"))
		count = THREADS;
	else if (is_kind(&loops[0], "migrates"))
		count = 2;
	for (unsigned int i = 1; i < count; i++)
		loops[i] = loops[0];
	for (unsigned int i = 0; i < count; i++)
		loops[i].rounds = rounds / count;
	driver = fork();
	if (driver < 0)
		die("fork");
	if (!driver) {
		drive(&loops[0], rounds / count * count, self);
		_exit(0);
	}
	for (unsigned int i = 0; i < count; i++) {
		/* the signals are for the loop */
		if (pthread_sigmask(SIG_UNBLOCK, &alarm, NULL))
			die("pthread_sigmask");
		if (pthread_create(&threads[i], NULL, run_loop, &loops[i]))
			die("pthread_create");
		if (pthread_sigmask(SIG_BLOCK, &alarm, NULL))
			die("pthread_sigmask");
		if (is_kind(&loops[0], "migrates") && pthread_join(threads[i], NULL))
			die("pthread_join");
	}
	for (unsigned int i = 0; i < count && !is_kind(&loops[0], "migrates"); i++)
		pthread_join(threads[i], NULL);
	waitpid(driver, NULL, 0);
	printf("{\"loops\": [");
	for (unsigned int i = 0; i < count; i++)
		printf("%s{\"tid\": %d, \"returns\": %llu, \"wait_ns\": %llu, \"busy_ns\": %llu, "
		       "\"stalls\": %llu}",
		       i ? ", " : "", loops[i].told.tid, (unsigned long long)loops[i].told.returns,
		       (unsigned long long)loops[i].told.wait_ns,
		       (unsigned long long)loops[i].told.busy_ns,
		       (unsigned long long)loops[i].told.stalls);
	printf("]}\n");
	return 0;
}
