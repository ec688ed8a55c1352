/* SPDX-License-Identifier: GPL-2.0-only */
#include "symbol/module_open.h"

#include "symbol/maps.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * Only regular files: opening a device may do something to it. The look before
 * the open and O_NONBLOCK (FIFOs) are for those; elf_open_fd() looks again.
 */
static int open_regular(const char *path, struct elf *ret, struct module_identity *ret_identity)
{
	struct stat st;
	int fd, error;

	if (stat(path, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -ENOEXEC;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	error = fstat(fd, &st) ? -errno : elf_open_fd(ret, fd);
	if (error) {
		close(fd);
		return error;
	}
	*ret_identity = (struct module_identity){
		.device = st.st_dev,
		.inode = st.st_ino,
		.build_id_size = ret->build_id_size,
	};
	memcpy(ret_identity->build_id, ret->build_id, ret->build_id_size);
	return 0;
}

static bool same_build_id(const struct elf *e, const uint8_t *id, size_t size)
{
	return e->build_id_size == size && !memcmp(e->build_id, id, size);
}

static void close_elf(struct elf *e)
{
	close(e->fd);
	elf_release(e);
}

int module_open_mapped(const char *proc, const struct module_file *file, const char *path,
		       struct elf *ret, struct module_identity *ret_identity)
{
	struct strbuf name = STRBUF_INIT;
	int error = -ENOENT;

	for (int way = 0; way < 3 && error && error != -ENOMEM; way++) {
		strbuf_clear(&name);
		if (way == 0)
			strbuf_addf(&name, "%s/%u/map_files/%" PRIx64 "-%" PRIx64, proc,
				    file->tgid, file->start, file->end);
		else if (way == 1)
			strbuf_addf(&name, "%s/%u/root%s", proc, file->tgid, path);
		else
			strbuf_puts(&name, path);
		error = strbuf_error(&name);
		if (!error)
			error = open_regular(name.buf, ret, ret_identity);
		if (error)
			continue;
		/* The inode is not asked of map_files: it is the mapping's own
		 * file, and overlayfs and btrfs show other numbers in maps. */
		if (file->build_id_size
			    ? !same_build_id(ret, file->build_id, file->build_id_size)
			    : way && file->inode && ret_identity->inode != file->inode) {
			close_elf(ret);
			error = -ESTALE;
		}
	}
	strbuf_release(&name);
	return error;
}

int module_open_again(const char *path, const struct module_identity *identity, struct elf *ret)
{
	struct module_identity now;
	int error = open_regular(path, ret, &now);

	if (error)
		return error;
	if (now.device == identity->device && now.inode == identity->inode &&
	    same_build_id(ret, identity->build_id, identity->build_id_size))
		return 0;
	close_elf(ret);
	return -ESTALE;
}

int module_open_vdso(struct elf *ret)
{
	uintptr_t start = getauxval(AT_SYSINFO_EHDR);
	struct strbuf text = STRBUF_INIT;
	struct maps_line line;
	char *rest;
	int error;

	if (!start)
		return -ENOENT;
	/* the size stands nowhere but in maps */
	error = proc_read("/proc", (uint32_t)getpid(), "maps", &text);
	if (!error) {
		error = -ENOENT;
		for (rest = text.buf; error == -ENOENT && maps_next(&rest, &line);)
			if (line.start == start)
				error = elf_open_memory(ret, (const void *)start,
							(size_t)(line.end - line.start));
	}
	strbuf_release(&text);
	return error;
}
