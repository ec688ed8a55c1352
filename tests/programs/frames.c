/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * frames MILLISECONDS: waits below frames that are hard to walk over: signal
 * handlers, vfork and posix_spawn, alloca and over-aligned variables, qsort's
 * callbacks, and a recursion deeper than what is kept.
 */
#include <alloca.h>
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile char sink;
static volatile sig_atomic_t stop;

__attribute__((noinline)) static void nap(void)
{
	struct timespec t = { 0, 300000 };

	nanosleep(&t, NULL);
	sink++;
}

static void on_alarm(int signal)
{
	int error = errno;

	(void)signal;
	nap();
	errno = error;
}

static int by_value(const void *a, const void *b)
{
	static int count;

	if (++count % 8 == 0)
		nap();
	return *(const int *)a - *(const int *)b;
}

__attribute__((noinline)) static void in_qsort(void)
{
	int numbers[64];

	for (int i = 0; i < 64; i++)
		numbers[i] = (i * 37) % 64;
	qsort(numbers, 64, sizeof(*numbers), by_value);
	sink += (char)numbers[0];
}

__attribute__((noinline)) static void in_alloca(int n)
{
	char *p = alloca((size_t)n);
	int aligned[16] __attribute__((aligned(64)));

	memset(p, n, (size_t)n);
	memset(aligned, n, sizeof(aligned));
	nap();
	sink += p[n - 1] + (char)aligned[n % 16];
}

__attribute__((noinline)) static void in_vfork(void)
{
	pid_t child = vfork();
	int status;

	if (!child)
		_exit(0);
	waitpid(child, &status, 0);
	sink++;
}

__attribute__((noinline)) static void in_spawn(void)
{
	static char *const arguments[] = { "true", NULL }, *const none[] = { NULL };
	pid_t child;
	int status;

	if (!posix_spawn(&child, "/bin/true", NULL, NULL, arguments, none))
		waitpid(child, &status, 0);
	sink++;
}

__attribute__((noinline)) static void deeper(int n)
{
	volatile char here[24];

	here[0] = (char)n;
	if (n > 1)
		deeper(n - 1);
	else
		nap();
	sink += here[0];
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	double end = now() + (argc > 1 ? atoi(argv[1]) : 1000) / 1e3;
	int only_deep = argc > 2;
	struct itimerval timer = { { 0, 3000 }, { 0, 3000 } };

	signal(SIGALRM, on_alarm);
	if (!only_deep)
		setitimer(ITIMER_REAL, &timer, NULL);
	for (int i = 1; now() < end; i++) {
		if (only_deep) {
			deeper(atoi(argv[2]));
			continue;
		}
		in_qsort();
		in_alloca(i % 100 + 1);
		in_vfork();
		if (i % 4 == 0)
			in_spawn();
		deeper(200);
	}
	printf("{\"deep\": %d}\n", only_deep);
	return 0;
}
