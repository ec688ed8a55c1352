/* SPDX-License-Identifier: GPL-2.0-only */
#include "symbol/maps.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Takes a number and the one character behind it. */
static bool take(char **p, int base, char behind, uint64_t *ret)
{
	char *end;

	/* strtoull takes signs and blanks, which the kernel never writes */
	if (!((**p >= '0' && **p <= '9') || (**p >= 'a' && **p <= 'f')))
		return false;
	*ret = strtoull(*p, &end, base);
	if (*end != behind)
		return false;
	*p = end + 1;
	return true;
}

/* The kernel writes a newline in a path as \012 (seq_path). */
static void unescape(char *path)
{
	char *to = path;

	for (char *p = path; *p; p++) {
		if (!strncmp(p, "\\012", 4)) {
			*to++ = '\n';
			p += 3;
		} else {
			*to++ = *p;
		}
	}
	*to = '\0';
}

static bool maps_parse(char *line, struct maps_line *ret)
{
	uint64_t start, end, offset, major, minor, inode;
	char *p = line;
	const char *flags;

	if (!take(&p, 16, '-', &start) || !take(&p, 16, ' ', &end) || end <= start)
		return false;
	flags = p;
	if (strnlen(flags, 5) < 5 || flags[4] != ' ')
		return false;
	p += 5;
	if (!take(&p, 16, ' ', &offset) || !take(&p, 16, ':', &major) ||
	    !take(&p, 16, ' ', &minor))
		return false;
	/* the inode is followed by blanks and the path, or by nothing */
	inode = strtoull(p, &p, 10);
	p += strspn(p, " ");
	unescape(p);
	*ret = (struct maps_line){
		.start = start,
		.end = end,
		.offset = offset,
		.major = (uint32_t)major,
		.minor = (uint32_t)minor,
		.inode = inode,
		.execute = flags[2] == 'x',
		.shared = flags[3] == 's',
		.closed = !strncmp(flags, "---", 3),
		.path = p,
	};
	return true;
}

bool maps_next(char **text, struct maps_line *ret)
{
	while (**text) {
		char *line = *text, *newline = strchr(line, '\n');

		if (newline) {
			*newline = '\0';
			*text = newline + 1;
		} else {
			*text += strlen(line);
		}
		if (maps_parse(line, ret))
			return true;
	}
	return false;
}

int proc_read(const char *proc, uint32_t pid, const char *file, struct strbuf *out)
{
	enum { STEP = 64 << 10, MAX = 64 << 20 };
	char path[256];
	int fd, error = 0;

	if (snprintf(path, sizeof(path), "%s/%u/%s", proc, pid, file) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	for (size_t begin = out->len; out->len - begin < MAX;) {
		char *p = strbuf_room(out, STEP);
		ssize_t n;

		if (!p) {
			error = -ENOMEM;
			break;
		}
		n = read(fd, p, STEP);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			error = n ? -errno : 0;
			break;
		}
		strbuf_cut(out, out->len + (size_t)n);
	}
	close(fd);
	return error;
}

size_t maps_path_length(const char *path)
{
	static const char suffix[] = " (deleted)";
	size_t len = strlen(path), cut = sizeof(suffix) - 1;

	return len >= cut && !strcmp(path + len - cut, suffix) ? len - cut : len;
}
