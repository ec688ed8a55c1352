/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * workload: the loops whose cost under a tool is measured.
 *
 *   workload NAME         prints "ready PID..." once all its processes and
 *                         threads are there; then, for each line "N" on stdin,
 *                         does N operations and prints nanoseconds for one
 *   workload NAME N       does N operations at once
 *   workload clock        prints CLOCK_MONOTONIC, in ns, as it stood in main
 *
 * A tool attaches and leaves between two lines, so that the runs with and
 * without it are those of the same process: what one process differs from the
 * next by (layout, cache colours) is in both. What can run on one CPU is bound
 * to the last one, for here a wake-up across CPUs may cost twenty switches.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
	DEPTH = 20, /* calls above the loop of "deep" */
	THREADS = 4, /* that fight for the mutex of "contended" */
};

struct work {
	void (*run)(struct work *w, uint64_t count);
	int depth; /* calls between main and the loop */
	pid_t other; /* a second process; 0 none */
	int to, from; /* ping-pong: pipes to and from the other process */
	pthread_mutex_t lock;
	pthread_barrier_t gate; /* contended: all threads and main, at begin and end of a run */
	uint64_t limit, done; /* contended: operations of this run; done is under the lock */
};

__attribute__((format(printf, 1, 2), noreturn)) static void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, ": %s\n", strerror(errno));
	_exit(99);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void bind_to_last_cpu(void)
{
	cpu_set_t set;
	int last = -1;

	if (sched_getaffinity(0, sizeof(set), &set))
		return;
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &set))
			last = i;
	CPU_ZERO(&set);
	CPU_SET(last, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* The asm keeps the call from becoming a jump: every level has its frame. */
__attribute__((noinline)) static void run_at_depth(struct work *w, uint64_t count, int depth)
{
	if (depth > 0)
		run_at_depth(w, count, depth - 1);
	else
		w->run(w, count);
	__asm__ volatile("" ::: "memory");
}

static void start_thread(void *(*body)(void *), struct work *w)
{
	pthread_t thread;

	errno = pthread_create(&thread, NULL, body, w);
	if (errno)
		die("pthread_create");
}

/* --- one loop each --------------------------------------------------------- */

static void setup_alone(struct work *w)
{
	(void)w;
	bind_to_last_cpu();
}

static void run_syscall(struct work *w, uint64_t count)
{
	(void)w;
	for (uint64_t i = 0; i < count; i++)
		syscall(SYS_getppid);
}

static void *sleep_forever(void *w)
{
	for (;;)
		pause();
	return w;
}

/* glibc takes a lock without an atomic operation while there is one thread. */
static void setup_mutex(struct work *w)
{
	bind_to_last_cpu();
	start_thread(sleep_forever, w);
}

static void run_mutex(struct work *w, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++) {
		pthread_mutex_lock(&w->lock);
		pthread_mutex_unlock(&w->lock);
	}
}

static void run_ping(struct work *w, uint64_t count)
{
	char c = 0;

	for (uint64_t i = 0; i < count; i++)
		if (write(w->to, &c, 1) != 1 || read(w->from, &c, 1) != 1)
			die("the other process is gone");
}

static void run_pong(struct work *w, uint64_t count)
{
	char c;

	(void)count;
	while (read(w->from, &c, 1) == 1)
		if (write(w->to, &c, 1) != 1)
			break;
}

static void setup_pingpong(struct work *w)
{
	int ping[2], pong[2];

	bind_to_last_cpu();
	if (pipe(ping) || pipe(pong))
		die("pipe");
	w->other = fork();
	if (w->other < 0)
		die("fork");
	if (!w->other) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		w->from = ping[0];
		w->to = pong[1];
		w->run = run_pong;
		close(ping[1]);
		run_at_depth(w, 0, w->depth);
		_exit(0);
	}
	w->to = ping[1];
	w->from = pong[0];
	close(ping[0]);
	close(pong[1]);
}

static void setup_deep(struct work *w)
{
	w->depth = DEPTH;
	setup_pingpong(w);
}

/*
 * The holder gives its core away, so that the others run into the lock: left
 * alone, whoever unlocks takes it again before the woken one is there, and only
 * one operation in a hundred waits. So each waits about once.
 */
static void *fight(void *arg)
{
	struct work *w = arg;

	for (;;) {
		bool more = true;

		pthread_barrier_wait(&w->gate);
		while (more) {
			pthread_mutex_lock(&w->lock);
			more = w->done < w->limit;
			w->done += more;
			sched_yield();
			pthread_mutex_unlock(&w->lock);
		}
		pthread_barrier_wait(&w->gate);
	}
	return NULL;
}

static void setup_contended(struct work *w)
{
	bind_to_last_cpu();
	pthread_barrier_init(&w->gate, NULL, THREADS + 1);
	for (int i = 0; i < THREADS; i++)
		start_thread(fight, w);
}

static void run_contended(struct work *w, uint64_t count)
{
	w->limit = count;
	w->done = 0;
	pthread_barrier_wait(&w->gate);
	pthread_barrier_wait(&w->gate);
}

static const struct {
	const char *name;
	void (*setup)(struct work *w);
	void (*run)(struct work *w, uint64_t count);
} loops[] = {
	{ "syscall", setup_alone, run_syscall },
	{ "mutex", setup_mutex, run_mutex },
	{ "pingpong", setup_pingpong, run_ping },
	{ "deep", setup_deep, run_ping },
	{ "contended", setup_contended, run_contended },
};

/* --- the conversation ------------------------------------------------------ */

static void run_and_tell(struct work *w, const char *text)
{
	uint64_t count = strtoull(text, NULL, 10), start;

	if (!count)
		return;
	start = now_ns();
	run_at_depth(w, count, w->depth);
	printf("%.4f\n", (double)(now_ns() - start) / (double)count);
	fflush(stdout);
}

static int converse(struct work *w)
{
	char line[64];

	printf("ready %d", (int)getpid());
	if (w->other)
		printf(" %d", (int)w->other);
	putchar('\n');
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin))
		run_and_tell(w, line);
	return 0;
}

int main(int argc, char **argv)
{
	struct work w = { .lock = PTHREAD_MUTEX_INITIALIZER };
	uint64_t start = now_ns();

	if (argc == 2 && !strcmp(argv[1], "clock")) {
		printf("%llu\n", (unsigned long long)start);
		return 0;
	}
	for (size_t i = 0; argc > 1 && i < sizeof(loops) / sizeof(loops[0]); i++) {
		if (strcmp(loops[i].name, argv[1]))
			continue;
		w.run = loops[i].run;
		loops[i].setup(&w);
		if (argc < 3)
			return converse(&w);
		run_and_tell(&w, argv[2]);
		return 0;
	}
	fprintf(stderr, "usage: workload clock|syscall|mutex|pingpong|deep|contended [N]\n");
	return 2;
}
