/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A line is "sl local remote state queues timers retransmits uid timeout inode …".
 * An address is its 32-bit words as numbers of this machine's order, in
 * hexadecimal (net/ipv4/tcp_ipv4.c, get_tcp4_sock(); net/ipv6/tcp_ipv6.c).
 */
#include "capture/sockets.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

enum { STATE_LISTEN = 10, STATE_CLOSE = 7 };

static bool parse_word(const char *hex, uint8_t to[4])
{
	char digits[9] = { 0 }, *end;
	uint32_t word;

	memcpy(digits, hex, strnlen(hex, 8));
	word = (uint32_t)strtoul(digits, &end, 16);
	if (end != digits + 8)
		return false;
	memcpy(to, &word, sizeof(word));
	return true;
}

static bool parse_address(const char *text, bool six, uint8_t to[16], uint16_t *ret_port)
{
	size_t words = six ? 4 : 1;
	unsigned int port;

	if (strlen(text) != words * 8 + 5)
		return false;
	for (size_t i = 0; i < words; i++)
		if (!parse_word(text + 8 * i, to + 4 * i))
			return false;
	if (sscanf(text + words * 8, ":%4x", &port) != 1)
		return false;
	*ret_port = (uint16_t)port;
	return true;
}

bool sockets_parse(const char *line, bool tcp, bool six, struct socket_row *ret)
{
	struct socket_row row = { .tcp = tcp, .family = six ? AF_INET6 : AF_INET };
	char local[64], remote[64];
	unsigned int state;

	if (sscanf(line, " %*[0-9]: %63s %63s %x %*s %*s %*s %*u %*u %" SCNu64, local, remote,
		   &state, &row.inode) != 4)
		return false;
	if (!parse_address(local, six, row.local, &row.local_port) ||
	    !parse_address(remote, six, row.remote, &row.remote_port))
		return false;
	row.listening = tcp ? state == STATE_LISTEN : state == STATE_CLOSE;
	*ret = row;
	return true;
}

int sockets_read(const char *proc, uint32_t pid, socket_fn fn, void *ctx)
{
	static const struct {
		const char *name;
		bool tcp, six;
	} tables[] = {
		{ "tcp", true, false }, { "tcp6", true, true },
		{ "udp", false, false }, { "udp6", false, true },
	};
	int rc = 0;

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]) && !rc; i++) {
		char path[256], line[512];
		struct socket_row row;
		FILE *f;

		snprintf(path, sizeof(path), "%s/%" PRIu32 "/net/%s", proc, pid, tables[i].name);
		f = fopen(path, "re");
		while (f && !rc && fgets(line, sizeof(line), f))
			if (sockets_parse(line, tables[i].tcp, tables[i].six, &row))
				rc = fn(ctx, &row);
		if (f)
			fclose(f);
	}
	return rc;
}

uint64_t sockets_namespace(const char *proc, uint32_t pid)
{
	char path[256];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%" PRIu32 "/ns/net", proc, pid);
	return stat(path, &st) ? 0 : st.st_ino;
}
