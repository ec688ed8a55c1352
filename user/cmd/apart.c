/* SPDX-License-Identifier: GPL-2.0-only */
#include "cmd/apart.h"

#include "capture/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STEP = 64 << 10 };

/* Private memory that can be written, as RLIMIT_DATA counts it (mm->data_vm): field 6, in pages. */
static uint64_t data_size(void)
{
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	unsigned long long pages = 0;
	char text[256];
	ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	if (sscanf(text, "%*s %*s %*s %*s %*s %llu", &pages) != 1)
		return 0;
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void limit(int resource, uint64_t value)
{
	setrlimit(resource, &(struct rlimit){ value, value });
}

static void __attribute__((noreturn)) apart_child(int (*work)(void *context, int fd),
						  void *context, const struct apart_limits *limits,
						  int out)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_DUMPABLE, 0);
	setpriority(PRIO_PROCESS, 0, 0);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_DATA, data_size() + limits->memory);
	limit(RLIMIT_CPU, limits->time_ns / 1000000000 + 2);
	/* a library that gives up says so where the user would wonder */
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	_exit(work(context, out) ? 1 : 0);
}

/* Reads until the child closes its end. False when it is to be killed. */
static bool apart_read(int fd, const struct apart_limits *limits, uint64_t until_ns,
		       struct strbuf *out, enum apart_end *ret)
{
	size_t begin = out->len;

	for (;;) {
		uint64_t now = clock_monotonic_ns();
		struct pollfd p = { fd, POLLIN, 0 };
		char *room;
		ssize_t n;

		*ret = APART_SLOW;
		if (now >= until_ns)
			return false;
		if (poll(&p, 1, (int)((until_ns - now) / 1000000) + 1) <= 0)
			continue;
		*ret = APART_CRASHED;
		room = out->len - begin < limits->output ? strbuf_room(out, STEP) : NULL;
		if (!room)
			return false;
		n = read(fd, room, STEP);
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n <= 0)
			return true;
		strbuf_cut(out, out->len + (size_t)n);
	}
}

static uint64_t ns_of(struct timeval t)
{
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_usec * 1000;
}

int apart_run(int (*work)(void *context, int fd), void *context,
	      const struct apart_limits *limits, struct strbuf *out, enum apart_end *ret,
	      uint64_t *ret_cpu_ns)
{
	uint64_t until_ns = clock_monotonic_ns() + limits->time_ns;
	struct rusage used = { 0 };
	int ends[2], status = 0;
	bool ended;
	pid_t pid;

	*ret_cpu_ns = 0;
	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		apart_child(work, context, limits, ends[1]);
	}
	status = -errno;
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return status;
	}
	ended = apart_read(ends[0], limits, until_ns, out, ret);
	close(ends[0]);
	if (!ended)
		kill(pid, SIGKILL);
	while (wait4(pid, &status, 0, &used) < 0 && errno == EINTR)
		;
	*ret_cpu_ns = ns_of(used.ru_utime) + ns_of(used.ru_stime);
	if (ended)
		*ret = !WIFEXITED(status) ? APART_CRASHED
					  : WEXITSTATUS(status) ? APART_FAILED : APART_DONE;
	return strbuf_error(out);
}
