/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * eventloop epoll|poll|select|io_uring [EACH] [FILE]
 *
 * An event loop whose handlers take as long as is known. A driver sends it a byte an
 * event: mostly for nothing, alone or several at once (then the loop does not block),
 * and EACH times for each of the things that stall a loop, each in a function of its
 * own: sleep, burn (CPU), sync (FILE), lock, connect, child, fault (FILE), starve
 * (another thread has its core), nested (waits in poll). With FILE "-" those that need
 * one are left out. The truth is how often the wait returned, how long the loop was in
 * it and outside of it, and how long each stall took.
 */
#include "truth.h"

#include <linux/io_uring.h>
#include <poll.h>
#include <semaphore.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/un.h>

enum { STALL_MS = 40, SLOW_MS = 20, EVENTS = 64, PAGE = 4096, FILE_SIZE = 64 << 20 };
enum { TMPFS = 0x01021994 };

struct server {
	int events; /* the loop's end of the pipe */
	int unused; /* a descriptor on which nothing ever comes */
	int epoll;
	const char *path;
	int file;
	size_t page; /* the next that was not touched */
	struct span life;
	uint64_t returns, wait_ns, busy_ns, delay_ns;
	uint64_t late; /* rounds that took SLOW_MS for nothing: the machine is busy */
	/* io_uring */
	int ring;
	unsigned int *sq_tail, *sq_array, *cq_head, *cq_tail, sq_mask, cq_mask;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
};

static struct helper {
	pthread_mutex_t mutex;
	sem_t locked, asked, go, taken;
	int listener;
	struct sockaddr_un address;
} helper = { .mutex = PTHREAD_MUTEX_INITIALIZER };

/* --- what stalls it ----------------------------------------------------------- */

#define STALL __attribute__((noinline)) static void

STALL plant_sleep(struct server *s)
{
	(void)s;
	sleep_ns(STALL_MS * NS_PER_MS);
}

STALL plant_burn(struct server *s)
{
	(void)s;
	burn_ns(STALL_MS * NS_PER_MS);
}

STALL plant_sync(struct server *s)
{
	static char block[PAGE];
	uint64_t end = now_ns() + STALL_MS * NS_PER_MS;

	while (now_ns() < end)
		if (pwrite(s->file, block, sizeof(block), 0) != PAGE || fsync(s->file))
			die("%s", s->path);
}

/* The helper has the lock by now, and keeps it for a while. */
STALL plant_lock(struct server *s)
{
	(void)s;
	sem_post(&helper.asked);
	pthread_mutex_lock(&helper.mutex);
	pthread_mutex_unlock(&helper.mutex);
}

/* The listener's backlog is full until the helper accepts. */
STALL plant_connect(struct server *s)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)s;
	sem_post(&helper.asked);
	if (fd < 0 || connect(fd, (struct sockaddr *)&helper.address, sizeof(helper.address)))
		die("connect");
	close(fd);
}

STALL plant_child(struct server *s)
{
	pid_t child = fork();

	(void)s;
	if (child < 0)
		die("fork");
	if (!child) {
		sleep_ns(STALL_MS * NS_PER_MS);
		_exit(0);
	}
	if (waitpid(child, NULL, 0) != child)
		die("waitpid");
}

STALL plant_fault(struct server *s)
{
	uint64_t end = now_ns() + STALL_MS * NS_PER_MS;
	volatile const char *map = mmap(NULL, FILE_SIZE, PROT_READ, MAP_SHARED, s->file, 0);

	if (map == MAP_FAILED || madvise((void *)(uintptr_t)map, FILE_SIZE, MADV_RANDOM))
		die("mmap");
	/* each page once: the next time it would be there */
	for (; now_ns() < end && s->page < FILE_SIZE / PAGE; s->page++)
		if (map[s->page * PAGE] != 1)
			die("mapping");
	munmap((void *)(uintptr_t)map, FILE_SIZE);
}

/* The helper is above it on its core and runs. */
STALL plant_starve(struct server *s)
{
	(void)s;
	sem_post(&helper.go);
	burn_ns(NS_PER_MS);
}

STALL plant_nested(struct server *s)
{
	struct pollfd fds[2] = { { .fd = s->unused, .events = POLLIN },
				 { .fd = s->unused, .events = POLLPRI } };

	poll(fds, 2, STALL_MS);
}

static struct plant {
	const char *name, *cause;
	void (*run)(struct server *s);
	uint64_t slow, slow_ns; /* rounds of it that took SLOW_MS or more */
	uint64_t runnable_ns; /* in these, by the kernel's count */
	uint64_t run_ns; /* in these */
	uint64_t woken_ns; /* before these: it was runnable and not yet back from its wait */
} plants[] = {
	{ "plant_sleep", "sleep", plant_sleep, 0, 0, 0, 0, 0 },
	{ "plant_burn", "run", plant_burn, 0, 0, 0, 0, 0 },
	{ "plant_sync", "file", plant_sync, 0, 0, 0, 0, 0 },
	{ "plant_lock", "lock", plant_lock, 0, 0, 0, 0, 0 },
	{ "plant_connect", "socket", plant_connect, 0, 0, 0, 0, 0 },
	{ "plant_child", "child", plant_child, 0, 0, 0, 0, 0 },
	{ "plant_fault", "fault", plant_fault, 0, 0, 0, 0, 0 },
	{ "plant_starve", "runnable", plant_starve, 0, 0, 0, 0, 0 },
	{ "plant_nested", "idle", plant_nested, 0, 0, 0, 0, 0 },
};

/* --- how it waits -------------------------------------------------------------- */

static void wait_epoll(struct server *s)
{
	struct epoll_event events[4];

	if (epoll_wait(s->epoll, events, 4, -1) < 1)
		die("epoll_wait");
}

static void wait_poll(struct server *s)
{
	struct pollfd fds[2] = { { .fd = s->events, .events = POLLIN },
				 { .fd = s->unused, .events = POLLIN } };

	if (poll(fds, 2, -1) < 1)
		die("poll");
}

static void wait_select(struct server *s)
{
	fd_set set;

	FD_ZERO(&set);
	FD_SET(s->events, &set);
	FD_SET(s->unused, &set);
	if (select(1 + (s->events > s->unused ? s->events : s->unused), &set, NULL, NULL, NULL) < 1)
		die("select");
}

static void open_io_uring(struct server *s)
{
	struct io_uring_params p = { 0 };
	char *sq, *cq;

	s->ring = (int)syscall(SYS_io_uring_setup, 4, &p);
	if (s->ring < 0)
		skip("io_uring");
	sq = mmap(NULL, p.sq_off.array + p.sq_entries * sizeof(unsigned int),
		  PROT_READ | PROT_WRITE, MAP_SHARED, s->ring, IORING_OFF_SQ_RING);
	cq = mmap(NULL, p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe),
		  PROT_READ | PROT_WRITE, MAP_SHARED, s->ring, IORING_OFF_CQ_RING);
	s->sqes = mmap(NULL, p.sq_entries * sizeof(*s->sqes), PROT_READ | PROT_WRITE, MAP_SHARED,
		       s->ring, IORING_OFF_SQES);
	if (sq == MAP_FAILED || cq == MAP_FAILED || s->sqes == MAP_FAILED)
		die("io_uring");
	s->sq_tail = (void *)(sq + p.sq_off.tail);
	s->sq_array = (void *)(sq + p.sq_off.array);
	s->sq_mask = *(unsigned int *)(void *)(sq + p.sq_off.ring_mask);
	s->cq_head = (void *)(cq + p.cq_off.head);
	s->cq_tail = (void *)(cq + p.cq_off.tail);
	s->cq_mask = *(unsigned int *)(void *)(cq + p.cq_off.ring_mask);
	s->cqes = (void *)(cq + p.cq_off.cqes);
}

/* One readiness at a time, asked for and waited for in one call. */
static void wait_io_uring(struct server *s)
{
	unsigned int tail = *s->sq_tail, index = tail & s->sq_mask;

	s->sqes[index] = (struct io_uring_sqe){
		.opcode = IORING_OP_POLL_ADD,
		.fd = s->events,
		.poll32_events = POLLIN,
	};
	s->sq_array[index] = index;
	__atomic_store_n(s->sq_tail, tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, s->ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
		die("io_uring_enter");
	if (__atomic_load_n(s->cq_tail, __ATOMIC_ACQUIRE) == *s->cq_head)
		die("io_uring: no event");
	__atomic_store_n(s->cq_head, *s->cq_head + 1, __ATOMIC_RELEASE);
}

/* --- the loop, its driver, and a helper ----------------------------------------- */

static void serve(struct server *s, void (*wait)(struct server *s))
{
	uint64_t before = now_ns(), after, asleep, delay, ran;
	unsigned char byte;
	bool slow;

	while (1) {
		asleep = run_delay(s->life.schedstat);
		wait(s);
		after = now_ns();
		delay = run_delay(s->life.schedstat);
		ran = clock_ns(CLOCK_THREAD_CPUTIME_ID);
		s->returns++;
		s->wait_ns += after - before;
		if (read(s->events, &byte, 1) != 1)
			die("read");
		if (byte == EVENTS)
			break;
		if (byte < ARRAY_SIZE(plants))
			plants[byte].run(s);
		else
			burn_until(after + 20 * NS_PER_US);
		before = now_ns();
		s->busy_ns += before - after;
		slow = before - after >= SLOW_MS * NS_PER_MS;
		if (byte >= ARRAY_SIZE(plants)) {
			s->late += before - after + delay - asleep >= SLOW_MS * NS_PER_MS;
		} else if (slow) {
			plants[byte].slow++;
			plants[byte].slow_ns += before - after;
			plants[byte].runnable_ns += run_delay(s->life.schedstat) - delay;
			plants[byte].run_ns += clock_ns(CLOCK_THREAD_CPUTIME_ID) - ran;
			plants[byte].woken_ns += delay - asleep;
		}
	}
	s->delay_ns = run_delay(s->life.schedstat);
}

/* Holds the lock, accepts, and takes the core, when each is asked for. */
static void *lock_for_a_while(void *unused)
{
	(void)unused;
	prctl(PR_SET_NAME, "holder");
	pthread_mutex_lock(&helper.mutex);
	sem_post(&helper.locked);
	sem_wait(&helper.asked);
	sleep_ns(STALL_MS * NS_PER_MS);
	pthread_mutex_unlock(&helper.mutex);
	return NULL;
}

static void *accept_late(void *unused)
{
	(void)unused;
	sem_wait(&helper.asked);
	sleep_ns(STALL_MS * NS_PER_MS);
	for (int i = 0; i < 2; i++)
		close(accept(helper.listener, NULL, NULL));
	return NULL;
}

static void *take_core(void *unused)
{
	struct sched_param priority = { .sched_priority = 1 };

	(void)unused;
	pin(0);
	errno = pthread_setschedparam(pthread_self(), SCHED_FIFO, &priority);
	if (errno)
		skip("real-time scheduling");
	sem_post(&helper.taken);
	while (1) {
		sem_wait(&helper.go);
		burn_ns(STALL_MS * NS_PER_MS);
	}
	return NULL;
}

static void tell(int fd, int byte, int count)
{
	unsigned char bytes[16];

	memset(bytes, byte, sizeof(bytes));
	if (write(fd, bytes, (size_t)count) != count)
		die("write");
}

static struct loop {
	struct server server;
	void (*wait)(struct server *s);
} loop;

static void drive(int fd, uint64_t each)
{
	for (uint64_t i = 0; i < each; i++) {
		for (size_t k = 0; k < ARRAY_SIZE(plants); k++) {
			pthread_t thread = 0;
			int first = -1;

			if (loop.server.file < 0 &&
			    (plants[k].run == plant_sync || plants[k].run == plant_fault))
				continue;
			for (int n = 0; n < 10; n++) {
				tell(fd, EVENTS - 1, n % 3 ? 1 : 4);
				sleep_ns(NS_PER_MS);
			}
			if (plants[k].run == plant_lock) {
				thread = start(lock_for_a_while, NULL);
				sem_wait(&helper.locked);
			} else if (plants[k].run == plant_connect) {
				first = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
				if (connect(first, (void *)&helper.address,
					    sizeof(helper.address)))
					die("connect");
				thread = start(accept_late, NULL);
			}
			tell(fd, (int)k, 1);
			sleep_ns((STALL_MS + 15) * NS_PER_MS);
			if (thread)
				pthread_join(thread, NULL);
			if (first >= 0)
				close(first);
		}
	}
	tell(fd, EVENTS, 1);
}

static void open_file(struct server *s)
{
	static char block[1 << 20];
	struct statfs fs;

	s->file = -1;
	if (!strcmp(s->path, "-"))
		return;
	s->file = open(s->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (s->file < 0)
		die("%s", s->path);
	if (!fstatfs(s->file, &fs) && fs.f_type == TMPFS) {
		errno = EINVAL;
		skip("no disk under a tmpfs");
	}
	memset(block, 1, sizeof(block));
	for (size_t at = 0; at < FILE_SIZE; at += sizeof(block))
		if (pwrite(s->file, block, sizeof(block), (off_t)at) != (ssize_t)sizeof(block))
			die("%s", s->path);
	if (fsync(s->file) || posix_fadvise(s->file, 0, 0, POSIX_FADV_DONTNEED))
		die("%s", s->path);
	s->page = 1; /* the first is written by plant_sync */
}

static void open_helper(void)
{
	struct sockaddr_un *a = &helper.address;

	a->sun_family = AF_UNIX;
	snprintf(a->sun_path + 1, sizeof(a->sun_path) - 1, "eventloop-%d", getpid());
	helper.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	/* one connection waits; the next one blocks */
	if (bind(helper.listener, (struct sockaddr *)a, sizeof(*a)) || listen(helper.listener, 0))
		die("listen");
	sem_init(&helper.locked, 0, 0);
	sem_init(&helper.asked, 0, 0);
	sem_init(&helper.go, 0, 0);
	sem_init(&helper.taken, 0, 0);
	start(take_core, NULL);
	sem_wait(&helper.taken);
}

static void *run_loop(void *unused)
{
	(void)unused;
	prctl(PR_SET_NAME, "loop");
	pin(0);
	span_open(&loop.server.life);
	serve(&loop.server, loop.wait);
	return NULL;
}

static void print_truth(const char *kind)
{
	const struct server *s = &loop.server;

	printf("{\"tid\": %d, \"kind\": \"%s\", \"returns\": %" PRIu64 ", \"wait_ns\": %" PRIu64
	       ", \"busy_ns\": %" PRIu64 ", \"runnable_ns\": %" PRIu64 ", \"late\": %" PRIu64
	       ", \"stalls\": [",
	       s->life.tid, kind, s->returns, s->wait_ns, s->busy_ns, s->delay_ns, s->late);
	for (size_t i = 0; i < ARRAY_SIZE(plants); i++)
		printf("%s{\"handler\": \"%s\", \"cause\": \"%s\", \"slow\": %" PRIu64
		       ", \"slow_ns\": %" PRIu64 ", \"runnable_ns\": %" PRIu64
		       ", \"run_ns\": %" PRIu64 ", \"woken_ns\": %" PRIu64 "}",
		       i ? ", " : "", plants[i].name, plants[i].cause, plants[i].slow,
		       plants[i].slow_ns, plants[i].runnable_ns,
		       plants[i].run_ns, plants[i].woken_ns);
	printf("]}\n");
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*wait)(struct server *s);
	} kinds[] = {
		{ "epoll", wait_epoll },
		{ "poll", wait_poll },
		{ "select", wait_select },
		{ "io_uring", wait_io_uring },
	};
	const char *kind = word(argc, argv, 1, "epoll");
	struct server *s = &loop.server;
	int fds[2], quiet[2];
	pthread_t thread;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(kind, kinds[i].name))
			loop.wait = kinds[i].wait;
	s->path = word(argc, argv, 3, "eventloop.tmp");
	exact_timers();
	open_file(s);
	open_helper();
	if (!loop.wait || pipe2(fds, O_CLOEXEC) || pipe2(quiet, O_CLOEXEC))
		die("%s", kind);
	s->events = fds[0];
	s->unused = quiet[0];
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	epoll_ctl(s->epoll, EPOLL_CTL_ADD, fds[0], &(struct epoll_event){ .events = EPOLLIN });
	if (loop.wait == wait_io_uring)
		open_io_uring(s);
	thread = start(run_loop, NULL);
	pin(1);
	drive(fds[1], number(argc, argv, 2, 3));
	pthread_join(thread, NULL);
	print_truth(kind);
	return 0;
}
