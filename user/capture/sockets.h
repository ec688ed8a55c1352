/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sockets: the internet sockets that there are, with their addresses and inodes:
 * who listens where, and which socket is at the other end of a connection within
 * this machine. Read from /proc/PID/net, so that of PID's network namespace.
 */
#ifndef RUNWAIT_CAPTURE_SOCKETS_H
#define RUNWAIT_CAPTURE_SOCKETS_H

#include <stdbool.h>
#include <stdint.h>

struct socket_row {
	bool tcp; /* else UDP */
	bool listening; /* UDP: bound and not connected */
	uint16_t family; /* AF_INET, AF_INET6 */
	uint8_t local[16], remote[16]; /* network order; IPv4 in the first 4 bytes */
	uint16_t local_port, remote_port;
	uint64_t inode; /* 0: no process has it */
};

typedef int (*socket_fn)(void *ctx, const struct socket_row *row);

/*
 * Calls @fn for each socket of the namespace of process @pid. Returns 0, also when
 * there is no such process any more, or what @fn returned.
 */
int sockets_read(const char *proc, uint32_t pid, socket_fn fn, void *ctx);

/* The inode of the process's network namespace; 0 unknown. */
uint64_t sockets_namespace(const char *proc, uint32_t pid);

/* One line of /proc/net/tcp and the like; false: it is none. */
bool sockets_parse(const char *line, bool tcp, bool six, struct socket_row *ret);

#endif
