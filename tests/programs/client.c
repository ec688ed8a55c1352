/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * client REQUESTS MILLISECONDS tcp|tcp6|udp|unix
 *
 * A client asks REQUESTS times; the server, a child process, thinks
 * MILLISECONDS before each answer. The client waits that long for its socket.
 */
#include "truth.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

static uint64_t requests, delay_ns;

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
};

struct peer {
	int family, type;
	union address address;
	socklen_t size;
	struct span life, wait;
};

/* Where the server listens: a free port of loopback, or an abstract name. */
static int listen_somewhere(struct peer *p, const char *how)
{
	int fd;

	p->family = AF_INET;
	p->type = SOCK_STREAM;
	p->size = sizeof(p->address.in);
	p->address.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (!strcmp(how, "udp"))
		p->type = SOCK_DGRAM;
	if (!strcmp(how, "tcp6")) {
		p->family = AF_INET6;
		memset(&p->address, 0, sizeof(p->address));
		p->address.in6.sin6_addr = in6addr_loopback;
		p->size = sizeof(p->address.in6);
	}
	if (!strcmp(how, "unix")) {
		p->family = AF_UNIX;
		memset(&p->address, 0, sizeof(p->address));
		p->size = (socklen_t)sizeof(sa_family_t); /* the kernel makes up a name */
	}
	p->address.any.sa_family = (sa_family_t)p->family;
	fd = socket(p->family, p->type | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, &p->address.any, p->size))
		skip("no such address family");
	p->size = sizeof(p->address);
	if (getsockname(fd, &p->address.any, &p->size))
		die("getsockname");
	if (p->type == SOCK_STREAM && listen(fd, 1))
		die("listen");
	return fd;
}

static void serve(const struct peer *p, int fd)
{
	union address from = { 0 };
	socklen_t size;
	char byte;

	if (p->type == SOCK_STREAM)
		fd = accept(fd, NULL, NULL);
	for (uint64_t i = 0; i < requests; i++) {
		size = sizeof(from);
		if (recvfrom(fd, &byte, 1, 0, &from.any, &size) != 1)
			die("recvfrom");
		sleep_ns(delay_ns);
		if (sendto(fd, &byte, 1, 0, p->type == SOCK_DGRAM ? &from.any : NULL,
			   p->type == SOCK_DGRAM ? size : 0) != 1)
			die("sendto");
	}
}

static void *ask(void *argument)
{
	struct peer *p = argument;
	int fd = socket(p->family, p->type | SOCK_CLOEXEC, 0);
	char byte = 0;

	span_open(&p->life);
	span_open(&p->wait);
	span_birth(&p->life);
	if (fd < 0 || connect(fd, &p->address.any, p->size))
		die("connect");
	for (uint64_t i = 0; i < requests; i++) {
		if (send(fd, &byte, 1, 0) != 1)
			die("send");
		span_begin(&p->wait);
		if (recv(fd, &byte, 1, 0) != 1)
			die("recv");
		span_end(&p->wait);
	}
	span_end(&p->life);
	close(fd);
	return NULL;
}

int main(int argc, char **argv)
{
	struct peer peer = { 0 };
	int fd, port;
	pid_t server;

	requests = number(argc, argv, 1, 20);
	delay_ns = number(argc, argv, 2, 20) * NS_PER_MS;
	exact_timers();
	fd = listen_somewhere(&peer, word(argc, argv, 3, "tcp"));
	server = fork();
	if (server == 0) {
		serve(&peer, fd);
		_exit(0);
	}
	close(fd);
	pthread_join(start(ask, &peer), NULL);
	waitpid(server, NULL, 0);
	port = peer.family == AF_INET ? ntohs(peer.address.in.sin_port) :
	       peer.family == AF_INET6 ? ntohs(peer.address.in6.sin6_port) :
					 0;
	printf("{\"port\": %d, \"server\": %d, ", port, server);
	spans_print("threads", &peer.life, sizeof(peer.life), 1);
	printf(", ");
	spans_print("waits", &peer.wait, sizeof(peer.wait), 1);
	printf("}\n");
	return 0;
}
