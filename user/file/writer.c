/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events gather in a packer; when it is full or a flush is asked for, they go
 * out as one chunk by one write. What is in the file is never touched again, so
 * it is valid after every write; a write that came to its middle is cut off.
 */
#include "file/file.h"

#include "core/pack.h"
#include "file/format.h"
#include "file/meta.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

struct file_writer {
	int fd;
	int error; /* of the first write that failed */
	char *name;
	uint64_t size;
	struct packer *packer;
	struct strbuf meta; /* of the start, as it stands in the file */
	struct strbuf raw, out;
	z_stream z;
	bool z_ready;
	struct chunk chunk; /* that is being filled: first_ns and last_ns */
	uint32_t sequence;
};

/* --- creating ----------------------------------------------------------------- */

/* Makes way for a new file: 0, 1: what is there is written to as it is, or an errno. */
static int make_way(const char *path, struct error *err)
{
	struct strbuf old = STRBUF_INIT;
	struct stat st;
	int rc = 0;

	if (lstat(path, &st) && errno == ENOENT)
		return 0;
	/* followed only to what is no file: a link that somebody laid is put aside */
	if (stat(path, &st) && errno != ENOENT)
		return error_set(err, -errno, "%s: %s", path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return error_set(err, -EISDIR, "%s is a directory", path);
	if (S_ISCHR(st.st_mode) || S_ISFIFO(st.st_mode))
		return 1;
	strbuf_puts(&old, path);
	strbuf_puts(&old, ".old");
	rc = strbuf_error(&old);
	if (!rc && rename(path, old.buf))
		rc = error_set(err, -errno, "cannot rename %s to %s: %s", path, old.buf,
			       strerror(errno));
	strbuf_release(&old);
	return rc;
}

static int open_named(const char *path, struct error *err)
{
	int way = make_way(path, err), fd;

	if (way < 0)
		return way;
	/* a FIFO that nobody reads would keep us here, and no signal comes through */
	fd = way ? open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK)
		 : open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 && way && errno == ENXIO)
		return error_set(err, -ENXIO, "nobody reads %s", path);
	if (fd < 0)
		return error_set(err, -errno, "cannot create %s: %s", path, strerror(errno));
	if (way)
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
	return fd;
}

static int open_nameless(struct error *err)
{
	const char *folder = getenv("TMPDIR");
	struct strbuf path = STRBUF_INIT;
	int fd, rc;

	if (!folder || !*folder)
		folder = "/tmp";
	fd = open(folder, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0)
		return fd;
	/* some file systems have no O_TMPFILE */
	strbuf_addf(&path, "%s/runwait-XXXXXX", folder);
	rc = strbuf_error(&path);
	if (!rc) {
		fd = mkostemp(path.buf, O_CLOEXEC);
		rc = fd >= 0 ? fd
			     : error_set(err, -errno, "cannot create a file in %s: %s", folder,
					 strerror(errno));
	}
	if (fd >= 0)
		unlink(path.buf);
	strbuf_release(&path);
	return rc;
}

/* --- writing ------------------------------------------------------------------ */

static int write_all(int fd, const void *data, size_t size)
{
	const char *p = data;

	while (size) {
		ssize_t n = write(fd, p, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		size -= (size_t)n;
	}
	return 0;
}

/* Writes what is in w->out, or nothing. */
static int put_out(struct file_writer *w)
{
	int rc = write_all(w->fd, w->out.buf, w->out.len);

	if (rc) {
		w->error = rc;
		if (ftruncate(w->fd, (off_t)w->size)) {
			/* a reader sees by itself where the last whole chunk ends */
		}
		return rc;
	}
	w->size += w->out.len;
	return 0;
}

/* Deflates the first @noise bytes without a search for phrases, the rest with one. */
static int pack_raw(struct file_writer *w, size_t noise)
{
	z_stream *z = &w->z;
	size_t start = w->out.len;
	char *room;

	deflateReset(z);
	room = strbuf_room(&w->out, deflateBound(z, w->raw.len) + 64);
	if (!room)
		return -ENOMEM;
	z->next_out = (Bytef *)room;
	z->avail_out = (uInt)(deflateBound(z, w->raw.len) + 64);
	z->next_in = (Bytef *)w->raw.buf;
	z->avail_in = (uInt)noise;
	if (deflateParams(z, 1, Z_RLE) != Z_OK || (noise && deflate(z, Z_BLOCK) != Z_OK) ||
	    deflateParams(z, 1, Z_DEFAULT_STRATEGY) != Z_OK || z->avail_in)
		return -EIO;
	z->avail_in = (uInt)(w->raw.len - noise);
	if (deflate(z, Z_FINISH) != Z_STREAM_END)
		return -EIO;
	strbuf_cut(&w->out, start + z->total_out);
	return 0;
}

/* Writes w->raw as a chunk. */
static int put_chunk(struct file_writer *w, struct chunk *c, size_t noise)
{
	uint8_t header[CHUNK_HEADER_SIZE] = { 0 };
	const Bytef *packed;
	int rc;

	strbuf_clear(&w->out);
	strbuf_add(&w->out, header, sizeof(header));
	rc = strbuf_error(&w->out);
	if (!rc)
		rc = pack_raw(w, noise);
	if (rc)
		return rc;
	packed = (const Bytef *)w->out.buf + sizeof(header);
	c->sequence = w->sequence;
	c->raw_size = (uint32_t)w->raw.len;
	c->packed_size = (uint32_t)(w->out.len - sizeof(header));
	c->crc = (uint32_t)crc32(crc32(0, NULL, 0), packed, c->packed_size);
	chunk_header_put(c, header);
	memcpy(w->out.buf, header, sizeof(header));
	rc = put_out(w);
	if (!rc)
		w->sequence++;
	return rc;
}

int file_writer_flush(struct file_writer *w)
{
	struct chunk c = w->chunk;
	size_t noise;
	int rc;

	if (w->error || !packer_count(w->packer))
		return w->error;
	c.type = CHUNK_EVENTS;
	c.events = packer_count(w->packer);
	strbuf_clear(&w->raw);
	rc = packer_take(w->packer, &w->raw, &noise);
	if (rc)
		return rc;
	w->chunk = (struct chunk){ 0 };
	rc = put_chunk(w, &c, noise);
	/* those events are gone, and so must be what refers to them */
	if (rc)
		w->error = rc;
	return rc;
}

int file_writer_add(struct file_writer *w, const struct event *e)
{
	int rc;

	if (w->error)
		return w->error;
	rc = packer_add(w->packer, e);
	if (rc == -ENOSPC) {
		rc = file_writer_flush(w);
		if (!rc)
			rc = packer_add(w->packer, e);
	}
	if (rc)
		return rc;
	if (e->type == EVENT_NAME)
		w->chunk.flags |= CHUNK_NAMES;
	if (!e->time_ns)
		return 0;
	if (!w->chunk.first_ns || e->time_ns < w->chunk.first_ns)
		w->chunk.first_ns = e->time_ns;
	if (e->time_ns > w->chunk.last_ns)
		w->chunk.last_ns = e->time_ns;
	return 0;
}

/* --- begin and end ------------------------------------------------------------ */

static int put_start(struct file_writer *w, const struct recording *start)
{
	struct chunk c = { .type = CHUNK_START };
	uint8_t header[FORMAT_HEADER_SIZE];
	int rc;

	format_header_put(header);
	strbuf_add(&w->out, header, sizeof(header));
	meta_write(start, META_START, &w->meta);
	strbuf_add(&w->raw, w->meta.buf, w->meta.len);
	rc = strbuf_error(&w->out);
	if (!rc)
		rc = strbuf_error(&w->meta);
	if (!rc)
		rc = strbuf_error(&w->raw);
	if (!rc)
		rc = put_out(w);
	return rc ? rc : put_chunk(w, &c, 0);
}

int file_writer_create(const char *path, const struct recording *start, struct file_writer **ret,
		       struct error *err)
{
	struct file_writer *w = calloc(1, sizeof(*w));
	int rc = -ENOMEM;

	if (!w)
		return -ENOMEM;
	w->fd = -1;
	strbuf_init(&w->meta);
	strbuf_init(&w->raw);
	strbuf_init(&w->out);
	w->name = strdup(path ? path : "the temporary file");
	w->packer = packer_new();
	w->z_ready = deflateInit2(&w->z, 1, Z_DEFLATED, 15, 8, Z_RLE) == Z_OK;
	if (!w->name || !w->packer || !w->z_ready)
		goto out;
	rc = path ? open_named(path, err) : open_nameless(err);
	if (rc < 0)
		goto out;
	w->fd = rc;
	rc = put_start(w, start);
	if (rc)
		error_set(err, rc, "cannot write %s: %s", w->name, strerror(-rc));
out:
	if (rc)
		file_writer_close(w);
	else
		*ret = w;
	return rc;
}

int file_writer_finish(struct file_writer *w, const struct recording *end, struct error *err)
{
	struct chunk c = { .type = CHUNK_END };
	int rc = file_writer_flush(w);

	if (!rc) {
		/* all of it again: the start may be damaged */
		strbuf_clear(&w->raw);
		strbuf_add(&w->raw, w->meta.buf, w->meta.len);
		meta_write(end, META_END, &w->raw);
		rc = strbuf_error(&w->raw);
	}
	if (!rc)
		rc = put_chunk(w, &c, 0);
	if (rc)
		error_set(err, rc, "cannot write %s: %s", w->name, strerror(-rc));
	return rc;
}

int file_writer_fd(const struct file_writer *w)
{
	return w->fd;
}

uint64_t file_writer_size(const struct file_writer *w)
{
	return w->size;
}

void file_writer_close(struct file_writer *w)
{
	if (!w)
		return;
	if (w->fd >= 0)
		close(w->fd);
	if (w->z_ready)
		deflateEnd(&w->z);
	packer_free(w->packer);
	strbuf_release(&w->meta);
	strbuf_release(&w->raw);
	strbuf_release(&w->out);
	free(w->name);
	free(w);
}
