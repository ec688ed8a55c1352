/* SPDX-License-Identifier: GPL-2.0-only */
#include "symbol/perfmap.h"

#include "symbol/hex.h"
#include "symbol/maps.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PERFMAP_MAX = 256 << 20 };

/* Takes a number of at most 64 bits and the blank behind it. */
static bool take_hex(const char **p, const char *end, uint64_t *ret)
{
	const char *begin;
	uint64_t v = 0;

	if (end - *p > 2 && (*p)[0] == '0' && ((*p)[1] == 'x' || (*p)[1] == 'X'))
		*p += 2;
	for (begin = *p; *p < end && hex_digit(**p) >= 0; (*p)++)
		v = v << 4 | (uint64_t)hex_digit(**p);
	if (*p == begin || *p - begin > 16 || *p == end || **p != ' ')
		return false;
	(*p)++;
	*ret = v;
	return true;
}

int perfmap_parse(const char *text, size_t size, struct symtab *t)
{
	const char *p = text, *end = text + size, *newline;

	for (; p < end && (newline = memchr(p, '\n', (size_t)(end - p))); p = newline + 1) {
		uint64_t start, length;

		if (!take_hex(&p, newline, &start) || !take_hex(&p, newline, &length) ||
		    p == newline || start + length < start)
			continue;
		/* a NUL would cut the name off in the middle: it does here, too */
		if (symtab_add(t, start, start + length, p, (size_t)(newline - p), 0))
			return -ENOMEM;
	}
	return 0;
}

/* The process's PID in its own namespace: the last of NSpid in /proc/PID/status. */
static uint32_t namespace_pid(const char *proc, uint32_t tgid)
{
	struct strbuf status = STRBUF_INIT;
	uint32_t pid = tgid;
	const char *p;

	if (!proc_read(proc, tgid, "status", &status) && !strbuf_error(&status) &&
	    (p = strstr(status.buf, "\nNSpid:"))) {
		for (p += strlen("\nNSpid:"); *p == '\t' || *p == ' ';) {
			char *end;

			pid = (uint32_t)strtoul(p, &end, 10);
			p = end;
		}
	}
	strbuf_release(&status);
	return pid;
}

static int open_map(const char *path, uint32_t uid)
{
	/* no link: in a directory that everyone writes it may lead anywhere */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	struct stat st;

	if (fd >= 0 && (fstat(fd, &st) || !S_ISREG(st.st_mode) ||
			(st.st_uid && st.st_uid != uid))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

void perfmap_open(struct perfmap_file *f, const char *proc, uint32_t tgid)
{
	char path[256];
	struct stat st;

	if (f->fd >= 0)
		return;
	snprintf(path, sizeof(path), "%s/%u", proc, tgid);
	if (!stat(path, &st)) {
		f->uid = st.st_uid;
		f->namespace_pid = namespace_pid(proc, tgid);
	}
	if (!f->namespace_pid)
		return;
	snprintf(path, sizeof(path), "%s/%u/root/tmp/perf-%u.map", proc, tgid, f->namespace_pid);
	f->fd = open_map(path, f->uid);
	/* the process is gone, its file may still be there; in a container its
	 * PID was another's here */
	if (f->fd < 0 && f->namespace_pid == tgid) {
		snprintf(path, sizeof(path), "/tmp/perf-%u.map", tgid);
		f->fd = open_map(path, f->uid);
	}
}

void perfmap_close(struct perfmap_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}

int perfmap_read(const struct perfmap_file *f, struct symtab *ret)
{
	struct stat st;
	size_t size, have = 0;
	char *text;
	int error;

	if (f->fd < 0 || fstat(f->fd, &st) || st.st_size <= 0)
		return 0;
	size = st.st_size > PERFMAP_MAX ? PERFMAP_MAX : (size_t)st.st_size;
	text = malloc(size);
	if (!text)
		return -ENOMEM;
	while (have < size) {
		ssize_t n = pread(f->fd, text + have, size - have, (off_t)have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		have += (size_t)n;
	}
	error = perfmap_parse(text, have, ret);
	free(text);
	return error ? error : symtab_finish(ret, SYMTAB_NEWEST);
}
