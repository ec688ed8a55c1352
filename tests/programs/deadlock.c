/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * deadlock MODE [N]: programs that can never go on, and some that only look so.
 *
 *	ring N          N threads hold a mutex each and wait for the next one's
 *	self            one thread locks a mutex that it holds
 *	gone            the holder of a mutex has ended without unlocking it
 *	forked          a child waits for a mutex that another thread of its parent
 *	                held as it forked
 *	processes       two processes wait for each other's process-shared mutex
 *	pipe            A holds a mutex and reads from B; B reads from C; C waits for
 *	                the mutex: three processes
 *	child           the parent reads from a child that is deadlocked with itself
 *	ordered N       N threads fight for two mutexes in the right order: no deadlock
 *	idle            a server waits in accept, its workers for work
 *	timed           a ring of two, but with a timeout
 *	sockets         two processes read from each other's end of a pair of sockets
 *	tcp             the same over a connection to this machine
 *	sockettimeout   the same as sockets, but one with SO_RCVTIMEO
 *	alarmed         the same as sockets, but one has set an alarm
 *	posixtimer      the same with a timer of timer_create
 *	select          the same, but it waits in select with a timeout
 *	slow            a mutex whose holder sleeps
 *	lockstep        two processes send each other a byte to and fro, for ever
 *	selfpipe        a thread reads from a pipe of its own; a signal's handler writes
 *	signalled       the same, and that is the only one who could write
 *	flocks          two processes wait for each other's flock()
 *	ranges          the same with locks of open files on some bytes (OFD)
 *	flockmutex      one holds a flock and waits for a mutex, the other the other way round
 *	rangemutex      the same with fcntl's locks of processes
 *	flocktwice      a process locks a file that it has open twice
 *	flockforked     as flockmutex, but who holds the flock has a child that shares it
 *	                and could let go of it
 *	flockslow       a flock whose holder sleeps
 *	semops          two processes wait for each other's semaphore of System V
 *
 * "ready" is printed when everybody is where they will stay, after "tid NAME TID"
 * for each thread with a part in it. It ends when its standard input does.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { THREADS_MAX = 1024 };

static pthread_mutex_t forks[THREADS_MAX];
static pthread_mutex_t lonely_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t first_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t second_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t work_came = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t seated;
static int philosophers;
static int own_pipe[2];
static int semaphores = -1; /* of System V, which nobody else removes */

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void name(const char *fmt, int n)
{
	char comm[16];

	snprintf(comm, sizeof(comm), fmt, n);
	prctl(PR_SET_NAME, comm);
	printf("tid %s %d\n", comm, (int)syscall(SYS_gettid));
	fflush(stdout);
}

static void pause_ms(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

/* Waits for the end of standard input in a thread of its own, which ends us all. */
static void *watch(void *arg)
{
	char c;

	(void)arg;
	prctl(PR_SET_NAME, "watch");
	while (read(STDIN_FILENO, &c, 1) > 0)
		;
	if (semaphores >= 0)
		semctl(semaphores, 0, IPC_RMID);
	kill(0, SIGKILL);
	return NULL;
}

static pthread_t start(void *(*run)(void *), long arg)
{
	pthread_attr_t small;
	pthread_t t;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 65536);
	if (pthread_create(&t, &small, run, (void *)arg))
		die("pthread_create");
	return t;
}

static void ready(void)
{
	pause_ms(200);
	printf("ready\n");
	fflush(stdout);
}

__attribute__((noinline)) static void take(pthread_mutex_t *lock)
{
	pthread_mutex_lock(lock);
}

static void *dine(void *arg)
{
	int me = (int)(long)arg;

	name("philosopher-%d", me);
	take(&forks[me]);
	pthread_barrier_wait(&seated);
	take(&forks[(me + 1) % philosophers]);
	return NULL;
}

static void ring(int n)
{
	pthread_t t = 0;

	philosophers = n;
	pthread_barrier_init(&seated, NULL, (unsigned int)n + 1);
	for (int i = 0; i < n; i++)
		pthread_mutex_init(&forks[i], NULL);
	for (int i = 0; i < n; i++)
		t = start(dine, i);
	pthread_barrier_wait(&seated);
	ready();
	pthread_join(t, NULL);
}

static void *lock_twice(void *arg)
{
	(void)arg;
	name("lonely", 0);
	take(&lonely_lock);
	take(&lonely_lock);
	return NULL;
}

static void *lock_and_leave(void *arg)
{
	(void)arg;
	name("leaver", 0);
	take(&lonely_lock);
	return NULL;
}

static void *lock_once(void *arg)
{
	(void)arg;
	name("heir", 0);
	take(&lonely_lock);
	return NULL;
}

static void gone(void)
{
	pthread_join(start(lock_and_leave, 0), NULL);
	start(lock_once, 0);
	pause_ms(1100);
	ready();
}

static void *hold(void *arg)
{
	(void)arg;
	name("keeper", 0);
	take(&lonely_lock);
	pthread_barrier_wait(&seated);
	pause();
	return NULL;
}

static void forked(void)
{
	pthread_barrier_init(&seated, NULL, 2);
	start(hold, 0);
	pthread_barrier_wait(&seated);
	if (!fork()) {
		name("orphan", 0);
		take(&lonely_lock);
		_exit(0);
	}
	pause_ms(1100);
	ready();
}

struct shared {
	pthread_mutex_t lock[2];
	pthread_barrier_t seated;
};

static struct shared *share(void)
{
	struct shared *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_mutexattr_t of_lock;
	pthread_barrierattr_t of_barrier;

	if (s == MAP_FAILED)
		die("mmap");
	pthread_mutexattr_init(&of_lock);
	pthread_mutexattr_setpshared(&of_lock, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&s->lock[0], &of_lock);
	pthread_mutex_init(&s->lock[1], &of_lock);
	pthread_barrierattr_init(&of_barrier);
	pthread_barrierattr_setpshared(&of_barrier, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&s->seated, &of_barrier, 2);
	return s;
}

static void processes(void)
{
	struct shared *s = share();

	for (int i = 0; i < 2; i++) {
		if (fork())
			continue;
		name("process-%d", i);
		take(&s->lock[i]);
		pthread_barrier_wait(&s->seated);
		take(&s->lock[!i]);
		_exit(0);
	}
	ready();
}

static void read_one(int fd)
{
	char c;

	if (read(fd, &c, 1) < 0)
		die("read");
}

static void three_way(void)
{
	struct shared *s = share();
	int from_b[2], from_c[2];

	if (pipe(from_b) || pipe(from_c))
		die("pipe");
	if (!fork()) {
		name("A", 0);
		close(from_b[1]);
		close(from_c[0]);
		close(from_c[1]);
		take(&s->lock[0]);
		pthread_barrier_wait(&s->seated);
		read_one(from_b[0]);
		_exit(0);
	}
	if (!fork()) {
		name("B", 0);
		close(from_b[0]);
		close(from_c[1]);
		read_one(from_c[0]);
		_exit(0);
	}
	if (!fork()) {
		name("C", 0);
		close(from_b[0]);
		close(from_b[1]);
		close(from_c[0]);
		pthread_barrier_wait(&s->seated);
		take(&s->lock[0]);
		_exit(0);
	}
	for (int i = 0; i < 2; i++) {
		close(from_b[i]);
		close(from_c[i]);
	}
	ready();
}

/* Reads until the other end is closed, which does not happen. */
static void read_for_ever(int fd)
{
	char c;

	while (read(fd, &c, 1) != 0)
		;
	_exit(0);
}

static void on_alarm(int signal)
{
	(void)signal;
}

static void set_timer(void)
{
	struct itimerspec later = { .it_value = { .tv_sec = 600 } };
	timer_t timer;

	if (timer_create(CLOCK_MONOTONIC, NULL, &timer) || timer_settime(timer, 0, &later, NULL))
		die("timer");
}

static void pair_up(int fd[2], const char *how)
{
	struct timeval patience = { .tv_sec = 600 };
	fd_set set;

	for (int i = 0; i < 2; i++) {
		if (fork())
			continue;
		name("end-%d", i);
		close(fd[!i]);
		signal(SIGALRM, on_alarm);
		if (!i && !strcmp(how, "sockettimeout"))
			setsockopt(fd[i], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		if (!i && !strcmp(how, "alarmed"))
			alarm(600);
		if (!i && !strcmp(how, "posixtimer"))
			set_timer();
		if (!i && !strcmp(how, "select")) {
			FD_ZERO(&set);
			FD_SET(fd[i], &set);
			select(fd[i] + 1, &set, NULL, NULL, &patience);
		}
		read_for_ever(fd[i]);
	}
	close(fd[0]);
	close(fd[1]);
	ready();
}

static void sockets(const char *how)
{
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd))
		die("socketpair");
	pair_up(fd, how);
}

static void tcp(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t size = sizeof(address);
	int fd[2], listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd[0] = socket(AF_INET, SOCK_STREAM, 0);
	if (listener < 0 || fd[0] < 0 || bind(listener, (void *)&address, size) ||
	    listen(listener, 1) || getsockname(listener, (void *)&address, &size) ||
	    connect(fd[0], (void *)&address, size))
		die("tcp");
	fd[1] = accept(listener, NULL, NULL);
	close(listener);
	pair_up(fd, "tcp");
}

static void *hold_and_sleep(void *arg)
{
	(void)arg;
	name("sleeper", 0);
	take(&lonely_lock);
	pthread_barrier_wait(&seated);
	for (;;)
		pause_ms(10000);
	return NULL;
}

static void slow(void)
{
	pthread_barrier_init(&seated, NULL, 2);
	start(hold_and_sleep, 0);
	pthread_barrier_wait(&seated);
	start(lock_once, 0);
	ready();
}

static void lockstep(void)
{
	int there[2], back[2];
	char c = 0;

	if (pipe(there) || pipe(back))
		die("pipe");
	for (int i = 0; i < 2; i++) {
		if (fork())
			continue;
		name("step-%d", i);
		close(there[!i]);
		close(back[i]);
		for (;;) {
			if (i && write(there[1], &c, 1) != 1)
				_exit(1);
			read_one(i ? back[0] : there[0]);
			if (!i && write(back[1], &c, 1) != 1)
				_exit(1);
		}
	}
	for (int i = 0; i < 2; i++) {
		close(there[i]);
		close(back[i]);
	}
	ready();
}

static void child(void)
{
	int from_child[2];

	if (pipe(from_child))
		die("pipe");
	if (!fork()) {
		name("stuck-child", 0);
		close(from_child[0]);
		take(&lonely_lock);
		take(&lonely_lock);
		_exit(0);
	}
	close(from_child[1]);
	name("reader", 0);
	ready();
	read_one(from_child[0]);
}

static void *fight(void *arg)
{
	(void)arg;
	name("fighter", 0);
	for (;;) {
		take(&first_lock);
		take(&second_lock);
		for (volatile int i = 0; i < 300; i++)
			;
		pthread_mutex_unlock(&second_lock);
		pthread_mutex_unlock(&first_lock);
	}
	return NULL;
}

static void *work(void *arg)
{
	(void)arg;
	name("worker", 0);
	take(&first_lock);
	for (;;)
		pthread_cond_wait(&work_came, &first_lock);
	return NULL;
}

static void idle(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, (void *)&address, sizeof(address.sun_family)) || listen(fd, 1))
		die("socket");
	for (int i = 0; i < 4; i++)
		start(work, 0);
	name("server", 0);
	ready();
	accept(fd, NULL, NULL);
}

static void *dine_with_patience(void *arg)
{
	int me = (int)(long)arg;
	struct timespec until;

	name("patient-%d", me);
	take(&forks[me]);
	pthread_barrier_wait(&seated);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 600;
	pthread_mutex_timedlock(&forks[!me], &until);
	return NULL;
}

static void timed(void)
{
	pthread_barrier_init(&seated, NULL, 3);
	pthread_mutex_init(&forks[0], NULL);
	pthread_mutex_init(&forks[1], NULL);
	start(dine_with_patience, 0);
	start(dine_with_patience, 1);
	pthread_barrier_wait(&seated);
	ready();
}

static void on_signal(int signal)
{
	char c = (char)signal;

	if (write(own_pipe[1], &c, 1) < 0)
		_exit(1);
}

/* All of its threads must be in it, so nobody watches the standard input here. */
static void self_pipe(int handled)
{
	if (pipe(own_pipe))
		die("pipe");
	if (handled)
		signal(SIGUSR1, on_signal);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	name("self-pipe", 0);
	ready();
	read_one(own_pipe[0]);
	exit(0);
}

enum lock_by { BY_FLOCK, BY_OPEN_FILE, BY_PROCESS };

static int open_file(int n)
{
	char path[] = "locked-0";
	int fd;

	path[sizeof(path) - 2] = (char)('0' + n);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	if (fd < 0)
		die("open");
	return fd;
}

__attribute__((noinline)) static void take_file(int fd, enum lock_by by)
{
	struct flock bytes = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 5, .l_len = 10 };

	if (by == BY_FLOCK ? flock(fd, LOCK_EX)
			   : fcntl(fd, by == BY_PROCESS ? F_SETLKW : F_OFD_SETLKW, &bytes))
		die("lock");
}

static void file_ring(enum lock_by by)
{
	struct shared *s = share();

	for (int i = 0; i < 2; i++) {
		if (fork())
			continue;
		name("process-%d", i);
		take_file(open_file(i), by);
		pthread_barrier_wait(&s->seated);
		take_file(open_file(!i), by);
		_exit(0);
	}
	ready();
}

static void file_and_mutex(enum lock_by by, int shares)
{
	struct shared *s = share();

	if (!fork()) {
		name("has-file", 0);
		take_file(open_file(0), by);
		if (shares && !fork()) {
			name("has-it-too", 0);
			pause();
		}
		pthread_barrier_wait(&s->seated);
		take(&s->lock[0]);
		_exit(0);
	}
	if (!fork()) {
		name("has-mutex", 0);
		take(&s->lock[0]);
		pthread_barrier_wait(&s->seated);
		take_file(open_file(0), by);
		_exit(0);
	}
	ready();
}

static void file_twice(void)
{
	if (!fork()) {
		name("twice", 0);
		take_file(open_file(0), BY_FLOCK);
		take_file(open_file(0), BY_FLOCK);
		_exit(0);
	}
	ready();
}

static void file_slow(void)
{
	struct shared *s = share();

	for (int i = 0; i < 2; i++) {
		if (fork())
			continue;
		name(i ? "waits" : "sleeps", 0);
		if (i)
			pthread_barrier_wait(&s->seated);
		take_file(open_file(0), BY_FLOCK);
		pthread_barrier_wait(&s->seated);
		for (;;)
			pause_ms(10000);
	}
	ready();
}

static void semops(void)
{
	int id = semget(IPC_PRIVATE, 2, 0600);
	struct shared *s = share();

	if (id < 0)
		die("semget");
	for (int i = 0; i < 2; i++) {
		struct sembuf raise = { .sem_num = (unsigned short)i, .sem_op = 1 };
		struct sembuf mine = { .sem_num = (unsigned short)i, .sem_op = -1 };
		struct sembuf other = { .sem_num = (unsigned short)!i, .sem_op = -1 };

		if (fork())
			continue;
		name("process-%d", i);
		if (semop(id, &raise, 1) || semop(id, &mine, 1))
			die("semop");
		pthread_barrier_wait(&s->seated);
		semop(id, &other, 1);
		_exit(0);
	}
	printf("tid semid %d\n", id);
	semaphores = id;
	ready();
}

static void ordered(int n)
{
	for (int i = 0; i < n; i++)
		start(fight, i);
	ready();
}

static int over_files(const char *mode)
{
	if (!strcmp(mode, "flocks"))
		file_ring(BY_FLOCK);
	else if (!strcmp(mode, "ranges"))
		file_ring(BY_OPEN_FILE);
	else if (!strcmp(mode, "flockmutex"))
		file_and_mutex(BY_FLOCK, 0);
	else if (!strcmp(mode, "rangemutex"))
		file_and_mutex(BY_PROCESS, 0);
	else if (!strcmp(mode, "flockforked"))
		file_and_mutex(BY_FLOCK, 1);
	else if (!strcmp(mode, "flocktwice"))
		file_twice();
	else if (!strcmp(mode, "flockslow"))
		file_slow();
	else if (!strcmp(mode, "semops"))
		semops();
	else
		return 2;
	pause();
	return 0;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	int n = argc > 2 ? atoi(argv[2]) : 2;

	if (n < 2 || n > THREADS_MAX)
		return 2;
	setpgid(0, 0);
	if (!strcmp(mode, "selfpipe") || !strcmp(mode, "signalled"))
		self_pipe(!strcmp(mode, "selfpipe"));
	start(watch, 0);
	if (!strcmp(mode, "ring"))
		ring(n);
	else if (!strcmp(mode, "self"))
		(void)start(lock_twice, 0), ready();
	else if (!strcmp(mode, "gone"))
		gone();
	else if (!strcmp(mode, "forked"))
		forked();
	else if (!strcmp(mode, "processes"))
		processes();
	else if (!strcmp(mode, "pipe"))
		three_way();
	else if (!strcmp(mode, "child"))
		child();
	else if (!strcmp(mode, "sockets") || !strcmp(mode, "sockettimeout") ||
		 !strcmp(mode, "alarmed") || !strcmp(mode, "posixtimer") ||
		 !strcmp(mode, "select"))
		sockets(mode);
	else if (!strcmp(mode, "tcp"))
		tcp();
	else if (!strcmp(mode, "slow"))
		slow();
	else if (!strcmp(mode, "lockstep"))
		lockstep();
	else if (!strcmp(mode, "ordered"))
		ordered(n);
	else if (!strcmp(mode, "idle"))
		idle();
	else if (!strcmp(mode, "timed"))
		timed();
	else
		return over_files(mode);
	pause();
	return 0;
}
