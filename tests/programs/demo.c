/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * demo [SECONDS]
 *
 * A small server with three common mistakes, for a first look at a report:
 *  - its workers ask a slow backend while they hold the lock of the cache, so
 *    that four of them are hardly faster than one;
 *  - its event loop, now and then, writes the log to disk itself and takes the
 *    same lock, and answers nobody in the meantime;
 *  - its pool has more threads than it can use.
 */
#include "truth.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

enum { WORKERS = 4, QUEUE_MAX = 64, LOG_EVERY = 40, STATISTICS_EVERY = 90 };

struct queue {
	pthread_mutex_t mutex;
	pthread_cond_t not_empty;
	unsigned int used;
	bool closed;
};

static pthread_mutex_t cache_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct queue jobs = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, false };
static _Atomic unsigned int requests_done, requests_refused;
static int backend[2]; /* a socket to a slow friend */
static int requests; /* an eventfd: requests that came */
static int log_file;
static _Atomic bool stopping;

/* --- the backend: answers after 2 ms ---------------------------------------- */

static void *answer_queries(void *argument)
{
	char query;

	(void)argument;
	prctl(PR_SET_NAME, "backend");
	while (read(backend[1], &query, 1) == 1) {
		sleep_ns(2 * NS_PER_MS);
		if (write(backend[1], &query, 1) != 1)
			break;
	}
	return NULL;
}

__attribute__((noinline)) static void ask_backend(void)
{
	char query = 'q';

	if (write(backend[0], &query, 1) != 1 || read(backend[0], &query, 1) != 1)
		die("backend");
}

/* --- the workers ------------------------------------------------------------ */

__attribute__((noinline)) static bool take_job(struct queue *q)
{
	bool got;

	pthread_mutex_lock(&q->mutex);
	while (q->used == 0 && !q->closed)
		pthread_cond_wait(&q->not_empty, &q->mutex);
	got = q->used > 0;
	if (got)
		q->used--;
	pthread_mutex_unlock(&q->mutex);
	return got;
}

__attribute__((noinline)) static void update_cache(void)
{
	pthread_mutex_lock(&cache_mutex);
	ask_backend(); /* the mistake: 2 ms with the lock held */
	burn_ns(400 * NS_PER_US);
	pthread_mutex_unlock(&cache_mutex);
}

__attribute__((noinline)) static void render_page(void)
{
	burn_ns(900 * NS_PER_US);
	__asm__ volatile("" ::: "memory");
}

static void *work(void *argument)
{
	char name[16];

	snprintf(name, sizeof(name), "worker-%d", (int)(intptr_t)argument);
	prctl(PR_SET_NAME, name);
	while (take_job(&jobs)) {
		update_cache();
		render_page();
		requests_done++;
	}
	return NULL;
}

/* --- the event loop --------------------------------------------------------- */

__attribute__((noinline)) static void parse_request(void)
{
	burn_ns(150 * NS_PER_US);
	__asm__ volatile("" ::: "memory");
}

__attribute__((noinline)) static void queue_job(struct queue *q)
{
	pthread_mutex_lock(&q->mutex);
	if (q->used < QUEUE_MAX)
		q->used++;
	else
		requests_refused++;
	pthread_cond_signal(&q->not_empty);
	pthread_mutex_unlock(&q->mutex);
}

__attribute__((noinline)) static void write_log(void)
{
	static char lines[256 * 1024];

	memset(lines, 'l', sizeof(lines));
	if (write(log_file, lines, sizeof(lines)) < 0 || fsync(log_file))
		die("log");
}

__attribute__((noinline)) static void update_statistics(void)
{
	pthread_mutex_lock(&cache_mutex);
	burn_ns(100 * NS_PER_US);
	pthread_mutex_unlock(&cache_mutex);
}

__attribute__((noinline)) static void handle_request(void)
{
	static unsigned int count;

	parse_request();
	queue_job(&jobs);
	count++;
	if (count % LOG_EVERY == 0)
		write_log();
	if (count % STATISTICS_EVERY == 0)
		update_statistics();
}

static void *run_event_loop(void *argument)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event event = { .events = EPOLLIN };

	(void)argument;
	prctl(PR_SET_NAME, "event-loop");
	if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, requests, &event))
		die("epoll");
	while (!stopping) {
		uint64_t came;

		if (epoll_wait(epoll, &event, 1, 100) <= 0)
			continue;
		if (read(requests, &came, sizeof(came)) != sizeof(came))
			continue;
		while (came-- > 0 && !stopping)
			handle_request();
	}
	close(epoll);
	return NULL;
}

/* --- the world -------------------------------------------------------------- */

static void send_requests(uint64_t duration_ns)
{
	struct itimerspec every = { .it_interval = { 0, 2500000 }, .it_value = { 0, 2500000 } };
	uint64_t end = now_ns() + duration_ns, ticks;
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);

	if (timer < 0 || timerfd_settime(timer, 0, &every, NULL))
		die("timerfd");
	while (now_ns() < end && read(timer, &ticks, sizeof(ticks)) == sizeof(ticks))
		if (write(requests, &ticks, sizeof(ticks)) < 0)
			die("eventfd");
	close(timer);
}

static void close_queue(struct queue *q)
{
	pthread_mutex_lock(&q->mutex);
	q->closed = true;
	pthread_cond_broadcast(&q->not_empty);
	pthread_mutex_unlock(&q->mutex);
}

int main(int argc, char **argv)
{
	char path[] = "/tmp/demo-log-XXXXXX";
	pthread_t workers[WORKERS], loop, answers;

	log_file = mkostemp(path, O_CLOEXEC);
	requests = eventfd(0, EFD_CLOEXEC);
	if (log_file < 0 || requests < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, backend))
		die("%s", path);
	answers = start(answer_queries, NULL);
	loop = start(run_event_loop, NULL);
	for (int i = 0; i < WORKERS; i++)
		workers[i] = start(work, (void *)(intptr_t)(i + 1));
	send_requests(number(argc, argv, 1, 3) * NS_PER_SECOND);
	stopping = true;
	pthread_join(loop, NULL);
	close_queue(&jobs);
	for (int i = 0; i < WORKERS; i++)
		pthread_join(workers[i], NULL);
	shutdown(backend[0], SHUT_RDWR);
	pthread_join(answers, NULL);
	unlink(path);
	printf("demo: %u requests answered, %u refused\n", requests_done, requests_refused);
	return 0;
}
