/* SPDX-License-Identifier: GPL-2.0-only */
#include "symbol/debug_file.h"

#include "base/strbuf.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

/* Without O_NONBLOCK a FIFO of that name would hold us. */
static int open_text(struct strbuf *path)
{
	return strbuf_error(path) ? -1 : open(path->buf, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

static bool same_crc(int fd, uint32_t expected)
{
	unsigned char buffer[16 << 10];
	uLong crc = crc32(0, Z_NULL, 0);
	ssize_t n;

	while ((n = read(fd, buffer, sizeof(buffer))) > 0)
		crc = crc32(crc, buffer, (uInt)n);
	return !n && crc == expected;
}

/* Whether @fd belongs to @e: by build-id if both have one, else by checksum. */
static bool belongs(int fd, const struct elf *e, const uint32_t *crc)
{
	struct elf debug;
	bool same;

	if (elf_open_fd(&debug, fd))
		return false;
	if (e->build_id_size && debug.build_id_size)
		same = e->build_id_size == debug.build_id_size &&
		       !memcmp(e->build_id, debug.build_id, e->build_id_size);
	else
		same = crc && same_crc(fd, *crc);
	elf_release(&debug);
	return same;
}

static int open_checked(struct strbuf *path, const struct elf *e, const uint32_t *crc)
{
	int fd = open_text(path);

	if (fd >= 0 && !belongs(fd, e, crc)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static int open_by_build_id(const struct elf *e, const char *root)
{
	struct strbuf path = STRBUF_INIT;
	int fd;

	if (e->build_id_size < 2)
		return -1;
	strbuf_addf(&path, "%s/.build-id/%02x/", root, e->build_id[0]);
	for (size_t i = 1; i < e->build_id_size; i++)
		strbuf_addf(&path, "%02x", e->build_id[i]);
	strbuf_puts(&path, ".debug");
	fd = open_checked(&path, e, NULL);
	strbuf_release(&path);
	return fd;
}

static int open_by_link(const struct elf *e, const char *file, const char *root)
{
	const char *slash = strrchr(file, '/');
	int directory = slash ? (int)(slash - file) : 0, fd = -1;
	struct strbuf path = STRBUF_INIT;
	uint32_t crc;
	char *name;

	if (!slash || elf_debug_link(e, &name, &crc))
		return -1;
	for (int way = 0; way < 3 && fd < 0; way++) {
		strbuf_clear(&path);
		strbuf_addf(&path, "%s%.*s/%s%s", way == 2 ? root : "", directory, file,
			    way == 1 ? ".debug/" : "", name);
		/* a link to the file itself would be found and have nothing new */
		if (strcmp(path.buf, file) != 0)
			fd = open_checked(&path, e, &crc);
	}
	strbuf_release(&path);
	free(name);
	return fd;
}

int debug_file_open(const struct elf *e, const char *path, const char *root)
{
	int fd = open_by_build_id(e, root);

	return fd >= 0 ? fd : open_by_link(e, path, root);
}
