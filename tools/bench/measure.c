/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * measure FILE CMD [ARG...]: runs CMD and writes to FILE one line: when it was
 * started (CLOCK_MONOTONIC), how long it took, its CPU time (ns) and its
 * largest resident size (KiB). The status is CMD's.
 *
 * A program of its own because a process hands its largest size down through
 * exec: below a Python of 15 MiB, everything has at least 15 MiB.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static uint64_t time_ns(const struct timeval *t)
{
	return ((uint64_t)t->tv_sec * 1000000 + (uint64_t)t->tv_usec) * 1000;
}

int main(int argc, char **argv)
{
	uint64_t start, wall;
	struct rusage use;
	int status;
	FILE *out;
	pid_t pid;

	if (argc < 3) {
		fprintf(stderr, "usage: measure FILE CMD [ARG...]\n");
		return 2;
	}
	start = now_ns();
	pid = fork();
	if (!pid) {
		execvp(argv[2], argv + 2);
		fprintf(stderr, "measure: %s: %s\n", argv[2], strerror(errno));
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &use) < 0) {
		perror("measure");
		return 125;
	}
	wall = now_ns() - start;
	out = fopen(argv[1], "we");
	if (!out || fprintf(out, "%" PRIu64 " %" PRIu64 " %" PRIu64 " %ld\n", start, wall,
			    time_ns(&use.ru_utime) + time_ns(&use.ru_stime), use.ru_maxrss) < 0 ||
	    fclose(out)) {
		fprintf(stderr, "measure: %s: %s\n", argv[1], strerror(errno));
		return 125;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
