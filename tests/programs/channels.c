/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * channels pipeline        a fast producer, a stage of 3 ms an item, a fast consumer: processes
 * channels connections N US   a client asks a server once on each of N connections, and is
 *                          answered after US microseconds
 * channels blocked         children that wait for ever: pipe, tcp, named unix socket, socketpair;
 *                          says who they are and lives until stdin ends
 * channels descriptors     one wait of 20 ms each: FIFO, eventfd, timerfd, message queue, and
 *                          fsyncs of a file that was removed
 */
#include "truth.h"

#include <arpa/inet.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>

enum { ITEMS = 60, ITEM_SIZE = 4096, SERVICE_NS = 3000000, PAUSE_NS = 20000000 };

static char item[ITEM_SIZE];

static void pause_ns(long ns)
{
	struct timespec ts = { .tv_nsec = ns };

	nanosleep(&ts, NULL);
}

static int shut[2] = { -1, -1 }; /* what children do not inherit */

/* A child that is called @name and ends with @work. */
static pid_t child(const char *name, void (*work)(const int *), const int *fds)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid)
		return pid;
	prctl(PR_SET_NAME, name);
	for (size_t i = 0; i < ARRAY_SIZE(shut); i++)
		if (shut[i] >= 0)
			close(shut[i]);
	work(fds);
	_exit(0);
}

static void whole(ssize_t n)
{
	if (n < 0)
		_exit(98);
}

/* --- pipeline: fds are in, out of the first pipe and of the second ---------------- */

static void produce(const int *fds)
{
	close(fds[0]);
	for (int i = 0; i < ITEMS; i++)
		whole(write(fds[1], item, ITEM_SIZE));
}

static void serve_slowly(const int *fds)
{
	close(fds[1]);
	close(fds[2]);
	while (read(fds[0], item, ITEM_SIZE) > 0) {
		pause_ns(SERVICE_NS);
		whole(write(fds[3], item, ITEM_SIZE));
	}
}

static void consume(const int *fds)
{
	close(fds[1]);
	close(fds[3]);
	while (read(fds[2], item, ITEM_SIZE) > 0)
		;
}

static void pipeline(void)
{
	pid_t producer, slow, consumer;
	int fds[4];

	if (pipe(fds) || pipe(fds + 2) || fcntl(fds[1], F_SETPIPE_SZ, ITEM_SIZE) < 0)
		die("pipe");
	producer = child("producer", produce, fds);
	slow = child("slow", serve_slowly, fds);
	consumer = child("consumer", consume, fds);
	for (int i = 0; i < 4; i++)
		close(fds[i]);
	while (wait(NULL) > 0)
		;
	printf("{\"producer\": %d, \"slow\": %d, \"consumer\": %d, \"items\": %d}\n", producer,
	       slow, consumer, ITEMS);
}

/* --- connections -------------------------------------------------------------------- */

static int connections;
static long answer_ns;

static int listen_at(uint16_t *ret_port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, size) || listen(fd, 1024) ||
	    getsockname(fd, (struct sockaddr *)&at, &size))
		die("listen");
	*ret_port = ntohs(at.sin_port);
	return fd;
}

static int connect_to(uint16_t port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				  .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof(at)))
		die("connect");
	return fd;
}

static void answer(const int *fds)
{
	for (int i = 0; i < connections; i++) {
		int fd = accept(fds[0], NULL, NULL);

		whole(read(fd, item, 1));
		pause_ns(answer_ns);
		whole(write(fd, item, 1));
	}
}

static void connect_many(int n, long pause)
{
	uint16_t port;
	int fd = listen_at(&port);
	pid_t server;

	connections = n;
	answer_ns = pause;
	server = child("server", answer, &fd);
	close(fd);
	for (int i = 0; i < n; i++) {
		int to = connect_to(port);

		whole(write(to, item, 1));
		whole(read(to, item, 1));
	}
	wait(NULL);
	printf("{\"server\": %d, \"client\": %d, \"port\": %u, \"connections\": %d}\n", server,
	       getpid(), port, n);
}

/* --- blocked ------------------------------------------------------------------------- */

static uint16_t blocked_port;
static struct sockaddr_un unix_at = { .sun_family = AF_UNIX };

static void read_for_ever(const int *fds)
{
	close(fds[1]);
	whole(read(fds[0], item, 1));
}

static void ask_tcp(const int *fds)
{
	(void)fds;
	whole(read(connect_to(blocked_port), item, 1));
}

static void ask_unix(const int *fds)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)fds;
	if (connect(fd, (struct sockaddr *)&unix_at, sizeof(unix_at)))
		_exit(97);
	whole(read(fd, item, 1));
}

static void block(void)
{
	pid_t in_pipe, in_tcp, in_unix, in_pair;
	int fds[2], pair[2], server;

	snprintf(unix_at.sun_path, sizeof(unix_at.sun_path), "channels.%d", getpid());
	server = socket(AF_UNIX, SOCK_STREAM, 0);
	if (bind(server, (struct sockaddr *)&unix_at, sizeof(unix_at)) || listen(server, 5))
		die("bind");
	if (pipe(fds) || socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		die("pipe");
	shut[0] = pair[0];
	shut[1] = pair[1];
	in_pipe = child("in-pipe", read_for_ever, fds);
	shut[1] = -1;
	close(fds[0]);
	shut[0] = fds[1];
	in_pair = child("in-pair", read_for_ever, pair);
	close(pair[0]);
	shut[1] = pair[1];
	fds[0] = listen_at(&blocked_port);
	in_tcp = child("in-tcp", ask_tcp, fds);
	in_unix = child("in-unix", ask_unix, fds);
	if (accept(fds[0], NULL, NULL) < 0 || accept(server, NULL, NULL) < 0)
		die("accept");
	unlink(unix_at.sun_path);
	pause_ns(PAUSE_NS);
	printf("{\"holder\": %d, \"pipe\": %d, \"tcp\": %d, \"unix\": %d, \"pair\": %d, "
	       "\"port\": %u, \"path\": \"%s\"}\n",
	       getpid(), in_pipe, in_tcp, in_unix, in_pair, blocked_port, unix_at.sun_path);
	fflush(stdout);
	whole(read(0, item, 1));
	kill(in_pipe, SIGKILL);
	kill(in_tcp, SIGKILL);
	kill(in_unix, SIGKILL);
	kill(in_pair, SIGKILL);
}

/* --- descriptors --------------------------------------------------------------------- */

static void write_late(const int *fds)
{
	int fd;

	pause_ns(PAUSE_NS);
	fd = fds[0] < 0 ? open("odd\nname.fifo", O_WRONLY) : fds[0];
	pause_ns(PAUSE_NS);
	whole(write(fd, "8 bytes.", 8));
	/* so that it is not its end that ends the wait */
	pause_ns(PAUSE_NS);
}

static void send_late(const int *fds)
{
	pause_ns(PAUSE_NS);
	if (mq_send((mqd_t)fds[0], item, 1, 0))
		_exit(96);
}

static void describe(void)
{
	struct itimerspec in = { .it_value.tv_nsec = PAUSE_NS };
	struct mq_attr small = { .mq_maxmsg = 4, .mq_msgsize = 16 };
	int none = -1, fd, event = eventfd(0, 0), timer = timerfd_create(CLOCK_MONOTONIC, 0);
	pid_t writer;
	char name[32];
	mqd_t queue;

	if (mkfifo("odd\nname.fifo", 0600))
		die("mkfifo");
	writer = child("writer", write_late, &none);
	fd = open("odd\nname.fifo", O_RDONLY);
	whole(read(fd, item, 8));
	child("event-writer", write_late, &event);
	whole(read(event, item, 8));
	timerfd_settime(timer, 0, &in, NULL);
	whole(read(timer, item, 8));
	snprintf(name, sizeof(name), "/channels-%d", getpid());
	queue = mq_open(name, O_CREAT | O_RDWR, 0600, &small);
	if (queue != (mqd_t)-1) {
		int q = (int)queue;

		child("sender", send_late, &q);
		whole(mq_receive(queue, item, 16, NULL));
		mq_unlink(name);
	}
	fd = open("removed.tmp", O_CREAT | O_RDWR, 0600);
	unlink("removed.tmp");
	for (int i = 0; i < 50; i++) {
		whole(pwrite(fd, item, ITEM_SIZE, (off_t)i * ITEM_SIZE));
		fsync(fd);
	}
	while (wait(NULL) > 0)
		;
	printf("{\"writer\": %d, \"self\": %d, \"queue\": %s%s%s}\n", writer, getpid(),
	       queue != (mqd_t)-1 ? "\"" : "", queue != (mqd_t)-1 ? name : "null",
	       queue != (mqd_t)-1 ? "\"" : "");
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "pipeline"))
		pipeline();
	else if (!strcmp(what, "connections") && argc > 3)
		connect_many(atoi(argv[2]), 1000 * atol(argv[3]));
	else if (!strcmp(what, "blocked"))
		block();
	else if (!strcmp(what, "descriptors"))
		describe();
	else
		return 2;
	return 0;
}
