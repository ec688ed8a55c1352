/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * storm COUNT fork|exec|vfork [AT_ONCE]
 *
 * Short processes: each ends at once (fork), becomes another program first
 * (exec), or does so while its parent is held (vfork). Exactly COUNT of them;
 * their CPU time is what wait4() says.
 */
#include "truth.h"

static const char *self;
static uint64_t children_ns;
static unsigned int statuses[256];

static void launch(const char *how, uint64_t index)
{
	pid_t pid = !strcmp(how, "vfork") ? vfork() : fork();

	if (pid < 0)
		die("fork");
	if (pid > 0)
		return;
	if (!strcmp(how, "fork"))
		_exit((int)(index % 7));
	execl(self, "storm-child", "child", (char *)NULL);
	_exit(99);
}

static void reap(void)
{
	struct rusage usage;
	int status;

	if (wait4(-1, &status, 0, &usage) < 0)
		die("wait4");
	if (!WIFEXITED(status))
		die("a child was killed");
	statuses[WEXITSTATUS(status)]++;
	children_ns += ((uint64_t)usage.ru_utime.tv_sec + (uint64_t)usage.ru_stime.tv_sec) *
		       NS_PER_SECOND;
	children_ns += ((uint64_t)usage.ru_utime.tv_usec + (uint64_t)usage.ru_stime.tv_usec) *
		       NS_PER_US;
}

int main(int argc, char **argv)
{
	uint64_t count = number(argc, argv, 1, 500);
	const char *how = word(argc, argv, 2, "fork");
	uint64_t at_once = number(argc, argv, 3, 4), running = 0;

	if (argc == 2 && !strcmp(argv[1], "child"))
		return 3;
	self = argv[0];
	for (uint64_t i = 0; i < count; i++) {
		if (running == at_once) {
			reap();
			running--;
		}
		launch(how, i);
		running++;
	}
	while (running-- > 0)
		reap();
	if (statuses[99])
		die("exec");
	printf("{\"children\": %" PRIu64 ", \"children_run_ns\": %" PRIu64 ", \"pid\": %d}\n",
	       count, children_ns, getpid());
	return 0;
}
