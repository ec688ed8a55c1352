/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * reuse thread|process TIMES MILLISECONDS
 *
 * The same TID (PID) again and again: its bearers sleep and compute by turns,
 * so that mixing them up shows. The kernel is asked for the next number
 * through ns_last_pid; where others take it, another try is made.
 */
#include "truth.h"

enum { TRIES = 200 };

struct bearer {
	bool computes;
	struct span life;
};

static uint64_t duration_ns;

static void live(struct bearer *b)
{
	span_open(&b->life);
	span_birth(&b->life);
	if (b->computes)
		burn_ns(duration_ns);
	else
		sleep_ns(duration_ns);
	span_end(&b->life);
	span_close(&b->life);
}

static void *live_as_thread(void *argument)
{
	live(argument);
	return NULL;
}

/* A joined thread has told of its end, but it keeps its TID for a moment. */
static void wait_for_end(pid_t id)
{
	while (!syscall(SYS_tgkill, getpid(), id, 0))
		sched_yield();
	sleep_ns(NS_PER_MS);
}

static void ask_for(pid_t id)
{
	int fd = open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || dprintf(fd, "%d", id - 1) < 0)
		skip("cannot choose the next TID by /proc/sys/kernel/ns_last_pid");
	close(fd);
}

/* One life in a number chosen by the kernel, or in the next one. */
static void bear(struct bearer *b, bool process)
{
	pid_t pid;

	if (!process) {
		pthread_join(start(live_as_thread, b), NULL);
		wait_for_end(b->life.tid);
		return;
	}
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		live(b);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

int main(int argc, char **argv)
{
	bool process = !strcmp(word(argc, argv, 1, "thread"), "process");
	size_t times = number(argc, argv, 2, 4), born = 0, others = 0;
	struct bearer *bearers = shared_memory((times + TRIES) * sizeof(*bearers));
	struct bearer *misses = bearers + times;

	duration_ns = number(argc, argv, 3, 40) * NS_PER_MS;
	exact_timers();
	while (born < times && others < TRIES) {
		bearers[born].computes = born % 2;
		if (born > 0)
			ask_for(bearers[0].life.tid);
		bear(&bearers[born], process);
		if (bearers[born].life.tid == bearers[0].life.tid)
			born++;
		else
			misses[others++] = bearers[born];
	}
	if (born < times) {
		errno = EAGAIN;
		skip("others took the TID each time");
	}
	printf("{\"tid\": %d, ", bearers[0].life.tid);
	spans_print("bearers", &bearers[0].life, sizeof(*bearers), born);
	printf(", ");
	spans_print("others", &misses[0].life, sizeof(*misses), others);
	printf("}\n");
	return 0;
}
