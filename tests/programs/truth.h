/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * truth: what the programs in this directory measure of themselves, to be held
 * against what runwait says of them.
 *
 * A span is a stretch of a thread's life, or the sum of several, taken from
 * sources that have nothing to do with runwait: CLOCK_MONOTONIC for how long,
 * the thread's CPU clock for how much of it it ran, the run delay of
 * /proc/thread-self/schedstat for how much it wanted a core, and getrusage for
 * the kernel's count of its switches. What remains is what it waited.
 *
 * Each program prints one JSON object on the last line of its stdout. With
 * status 77 the object is {"skip": reason}: it could not make its situation.
 */
#ifndef TRUTH_H
#define TRUTH_H

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_US UINT64_C(1000)
#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_SECOND UINT64_C(1000000000)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

__attribute__((format(printf, 1, 2), noreturn)) static inline void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, ": %s\n", strerror(errno));
	_exit(99);
}

/* @reason is plain text without quotes. */
__attribute__((noreturn)) static inline void skip(const char *reason)
{
	printf("{\"skip\": \"%s: %s\"}\n", reason, strerror(errno));
	fflush(stdout);
	_exit(77);
}

static inline uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_SECOND + (uint64_t)ts.tv_nsec;
}

static inline uint64_t now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

static inline pid_t thread_id(void)
{
	return (pid_t)syscall(SYS_gettid);
}

/* Argument @i as a number, or @otherwise when there is none. */
static inline uint64_t number(int argc, char **argv, int i, uint64_t otherwise)
{
	return i < argc ? strtoull(argv[i], NULL, 0) : otherwise;
}

static inline const char *word(int argc, char **argv, int i, const char *otherwise)
{
	return i < argc ? argv[i] : otherwise;
}

/* Sleeps end when they were asked to, not up to 50 us later. Inherited. */
static inline void exact_timers(void)
{
	prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
}

static inline void sleep_ns(uint64_t ns)
{
	struct timespec ts = { (time_t)(ns / NS_PER_SECOND), (long)(ns % NS_PER_SECOND) };

	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

/* Runs, in user space, for @ns of the thread's own CPU time. */
__attribute__((noinline, unused)) static void burn_ns(uint64_t ns)
{
	uint64_t end = clock_ns(CLOCK_THREAD_CPUTIME_ID) + ns;
	volatile uint64_t x = 1;

	do {
		for (int i = 0; i < 2000; i++)
			x = x * 3 + 1;
	} while (clock_ns(CLOCK_THREAD_CPUTIME_ID) < end);
}

/* Runs until CLOCK_MONOTONIC says @end. */
__attribute__((noinline, unused)) static void burn_until(uint64_t end)
{
	volatile uint64_t x = 1;

	do {
		for (int i = 0; i < 2000; i++)
			x = x * 3 + 1;
	} while (now_ns() < end);
}

static inline void *shared_memory(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		die("mmap");
	return p;
}

static inline pthread_t start(void *(*run)(void *), void *argument)
{
	pthread_t thread;

	errno = pthread_create(&thread, NULL, run, argument);
	if (errno)
		die("pthread_create");
	return thread;
}

/* The calling thread, on the @n-th CPU that it may use. */
static inline void pin(int n)
{
	cpu_set_t all, one;

	if (sched_getaffinity(0, sizeof(all), &all))
		die("sched_getaffinity");
	n %= CPU_COUNT(&all);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &all) || n-- > 0)
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		if (sched_setaffinity(0, sizeof(one), &one))
			die("sched_setaffinity");
		return;
	}
}

/* What [a, a_end) and [b, b_end) have in common. */
static inline uint64_t overlap(uint64_t a, uint64_t a_end, uint64_t b, uint64_t b_end)
{
	uint64_t from = a > b ? a : b, to = a_end < b_end ? a_end : b_end;

	return to > from ? to - from : 0;
}

struct reading {
	uint64_t time_ns, run_ns, delay_ns, voluntary, involuntary;
};

struct span {
	pid_t tid;
	int schedstat; /* descriptor; -1: closed */
	uint64_t count; /* stretches in the sums */
	uint64_t elapsed_ns, max_ns; /* max_ns: the longest stretch */
	uint64_t run_ns, runnable_ns, voluntary, involuntary;
	struct reading begin;
};

static inline uint64_t run_delay(int schedstat)
{
	char text[96];
	uint64_t run, delay;
	ssize_t n = pread(schedstat, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return 0;
	text[n] = '\0';
	if (sscanf(text, "%" SCNu64 " %" SCNu64, &run, &delay) != 2)
		return 0;
	return delay;
}

/* By the thread that the span is about. */
static inline void span_open(struct span *s)
{
	memset(s, 0, sizeof(*s));
	s->tid = thread_id();
	s->schedstat = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
	if (s->schedstat < 0)
		die("/proc/thread-self/schedstat");
}

static inline void span_close(struct span *s)
{
	close(s->schedstat);
	s->schedstat = -1;
}

static inline void span_begin(struct span *s)
{
	struct rusage usage;

	s->begin.delay_ns = run_delay(s->schedstat);
	getrusage(RUSAGE_THREAD, &usage);
	s->begin.voluntary = (uint64_t)usage.ru_nvcsw;
	s->begin.involuntary = (uint64_t)usage.ru_nivcsw;
	s->begin.run_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	s->begin.time_ns = now_ns();
}

/*
 * A span that begins with the calling thread, by span_begin() in its first
 * breath: its clocks began at 0, and what it did not run it was runnable.
 */
static inline void span_birth(struct span *s)
{
	span_begin(s);
	if (s->begin.voluntary)
		return;
	s->begin.time_ns -= s->begin.run_ns + s->begin.delay_ns;
	s->begin.run_ns = s->begin.delay_ns = s->begin.involuntary = 0;
}

/* Adds what passed since span_begin(). */
static inline void span_end(struct span *s)
{
	uint64_t elapsed = now_ns() - s->begin.time_ns;
	struct rusage usage;

	s->run_ns += clock_ns(CLOCK_THREAD_CPUTIME_ID) - s->begin.run_ns;
	getrusage(RUSAGE_THREAD, &usage);
	s->voluntary += (uint64_t)usage.ru_nvcsw - s->begin.voluntary;
	s->involuntary += (uint64_t)usage.ru_nivcsw - s->begin.involuntary;
	s->runnable_ns += run_delay(s->schedstat) - s->begin.delay_ns;
	s->elapsed_ns += elapsed;
	if (elapsed > s->max_ns)
		s->max_ns = elapsed;
	s->count++;
}

static inline uint64_t span_wait_ns(const struct span *s)
{
	uint64_t busy = s->run_ns + s->runnable_ns;

	return s->elapsed_ns > busy ? s->elapsed_ns - busy : 0;
}

/* The span as a JSON object. */
static inline void span_print(const struct span *s)
{
	printf("{\"tid\": %d, \"count\": %" PRIu64 ", \"elapsed_ns\": %" PRIu64
	       ", \"run_ns\": %" PRIu64 ", \"runnable_ns\": %" PRIu64 ", \"wait_ns\": %" PRIu64
	       ", \"max_ns\": %" PRIu64 ", \"voluntary\": %" PRIu64 ", \"involuntary\": %" PRIu64
	       "}",
	       s->tid, s->count, s->elapsed_ns, s->run_ns, s->runnable_ns, span_wait_ns(s),
	       s->max_ns, s->voluntary, s->involuntary);
}

/* `"name": [spans]` of @count spans that stand @stride bytes apart. */
static inline void spans_print(const char *name, const struct span *first, size_t stride,
			       size_t count)
{
	printf("\"%s\": [", name);
	for (size_t i = 0; i < count; i++) {
		printf("%s", i ? ", " : "");
		span_print((const struct span *)((const char *)first + i * stride));
	}
	printf("]");
}

#endif
