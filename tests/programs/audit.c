/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * audit MILLISECONDS
 *
 * Threads that switch in every way: block, are preempted, yield. Before they
 * begin and when they are done they stand still, all blocked, so that what
 * the kernel counted of them can be read exactly.
 *
 * stdout: "ready"; after a line (or the end) of stdin they work; then one JSON
 * object with the kernel's counts; after another line all is over.
 */
#include "truth.h"

static pthread_barrier_t begin, finish;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static uint64_t duration_ns;
static int to[2], fro[2];

static void sleeper(uint64_t end)
{
	while (now_ns() < end)
		sleep_ns(300 * NS_PER_US);
}

static void burner(uint64_t end)
{
	burn_until(end);
}

static void yielder(uint64_t end)
{
	pin(0);
	while (now_ns() < end) {
		burn_ns(50 * NS_PER_US);
		sched_yield();
	}
}

static void locker(uint64_t end)
{
	while (now_ns() < end) {
		pthread_mutex_lock(&mutex);
		burn_ns(100 * NS_PER_US);
		pthread_mutex_unlock(&mutex);
	}
}

/* The two ends of a ping-pong leave together: the first stops, both close. */
static void pinger(uint64_t end)
{
	char byte = 0;

	while (now_ns() < end)
		if (write(to[1], &byte, 1) != 1 || read(fro[0], &byte, 1) != 1)
			die("ping");
	close(to[1]);
}

static void ponger(uint64_t end)
{
	char byte;

	(void)end;
	while (read(to[0], &byte, 1) == 1)
		if (write(fro[1], &byte, 1) != 1)
			die("pong");
}

static void forker(uint64_t end)
{
	while (now_ns() < end) {
		pid_t pid = fork();

		if (pid == 0) {
			sleep_ns(NS_PER_MS);
			_exit(0);
		}
		waitpid(pid, NULL, 0);
	}
}

static const struct kind {
	const char *name;
	void (*work)(uint64_t end);
} kinds[] = {
	{ "sleeper", sleeper }, { "burner", burner }, { "yielder", yielder },
	{ "yielder", yielder }, { "locker", locker }, { "locker", locker },
	{ "locker", locker },   { "pinger", pinger }, { "ponger", ponger },
	{ "forker", forker },
};

struct worker {
	const struct kind *kind;
	pthread_t thread;
	_Atomic pid_t tid;
};

static void *live(void *argument)
{
	struct worker *w = argument;

	prctl(PR_SET_NAME, w->kind->name);
	w->tid = thread_id();
	pthread_barrier_wait(&begin);
	w->kind->work(now_ns() + duration_ns);
	pthread_barrier_wait(&finish);
	return NULL;
}

struct counts {
	unsigned long long voluntary, involuntary;
	char state;
};

static struct counts read_counts(pid_t tid)
{
	struct counts c = { 0, 0, '?' };
	char path[64], line[256];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/status", tid);
	f = fopen(path, "re");
	if (!f)
		die("%s", path);
	while (fgets(line, sizeof(line), f)) {
		sscanf(line, "State: %c", &c.state);
		sscanf(line, "voluntary_ctxt_switches: %llu", &c.voluntary);
		sscanf(line, "nonvoluntary_ctxt_switches: %llu", &c.involuntary);
	}
	fclose(f);
	return c;
}

/* Blocked for good: twice in a row asleep with the same counts. */
static struct counts stand_still(const struct worker *w)
{
	struct counts last = { 0, 0, '?' };

	while (!w->tid)
		sleep_ns(NS_PER_MS);
	for (;;) {
		struct counts c = read_counts(w->tid);

		if (c.state == 'S' && last.state == 'S' && c.voluntary == last.voluntary)
			return c;
		last = c;
		sleep_ns(5 * NS_PER_MS);
	}
}

static void read_line(void)
{
	char byte;

	while (read(STDIN_FILENO, &byte, 1) == 1 && byte != '\n')
		;
}

static void print(const struct worker *workers)
{
	printf("{\"threads\": [");
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct counts c = stand_still(&workers[i]);
		clockid_t clock;

		pthread_getcpuclockid(workers[i].thread, &clock);
		printf("%s{\"tid\": %d, \"kind\": \"%s\", \"run_ns\": %" PRIu64
		       ", \"voluntary\": %llu, \"involuntary\": %llu}",
		       i ? ", " : "", workers[i].tid, workers[i].kind->name, clock_ns(clock),
		       c.voluntary, c.involuntary);
	}
	printf("]}\n");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static struct worker workers[ARRAY_SIZE(kinds)];

	duration_ns = number(argc, argv, 1, 500) * NS_PER_MS;
	if (pipe(to) || pipe(fro))
		die("pipe");
	pthread_barrier_init(&begin, NULL, ARRAY_SIZE(kinds) + 1);
	pthread_barrier_init(&finish, NULL, ARRAY_SIZE(kinds) + 1);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		workers[i].kind = &kinds[i];
		workers[i].thread = start(live, &workers[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		stand_still(&workers[i]);
	printf("ready\n");
	fflush(stdout);
	read_line();
	pthread_barrier_wait(&begin);
	sleep_ns(duration_ns);
	print(workers);
	read_line();
	pthread_barrier_wait(&finish);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		pthread_join(workers[i].thread, NULL);
	return 0;
}
