/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Twice over the file: opening walks from chunk header to chunk header, to find
 * out how far the file is whole and to read its first and last chunk; then
 * events are read chunk by chunk. Where no chunk is, the next one is looked for
 * by its magic.
 *
 * A chunk that is missing or damaged is a hole. When the events go on behind
 * it, EVENT_LOST of every CPU says so in the stream, too.
 */
#include "file/file.h"

#include "base/alloc.h"
#include "base/fmt.h"
#include "core/pack.h"
#include "file/format.h"
#include "file/meta.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { SEARCH_BLOCK = 64 << 10, CPUS_MAX = 4096 };

struct bytes {
	uint8_t *at;
	size_t cap;
};

struct file_reader {
	int fd;
	char *name;
	uint64_t size, first_chunk; /* bytes; offset */
	struct recording recording;
	struct bytes meta; /* that the recording's texts lie in */
	uint32_t chunks; /* of the file, from 0 on, as far as known */
	VEC(uint64_t) names; /* offsets of the chunks that have any */
	bool cut; /* no end */
	uint64_t behind; /* bytes that follow the end */
	bool start_bad;
	/* where reading is */
	uint64_t offset;
	uint32_t sequence; /* of the next chunk */
	bool in_chunk, at_end;
	struct unpacker *unpacker;
	struct bytes packed, raw;
	z_stream z;
	bool z_ready;
	/* the hole before the next events */
	uint64_t last_ns, lost_events, lost_until_ns;
	bool hole;
	uint32_t lost_cpu, lost_cpus; /* EVENT_LOST of these are to be handed out */
	/* what is wrong */
	uint32_t bad_chunks, first_bad;
	struct strbuf warning;
};

/* --- bytes -------------------------------------------------------------------- */

/* 0, or -EIO and the like; reading beyond the end is -EIO, too. */
static int read_at(const struct file_reader *r, void *to, size_t size, uint64_t offset)
{
	char *p = to;

	while (size) {
		ssize_t n = pread(r->fd, p, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		p += n;
		size -= (size_t)n;
		offset += (uint64_t)n;
	}
	return 0;
}

static int bytes_room(struct bytes *b, size_t size)
{
	uint8_t *p;

	if (size <= b->cap)
		return 0;
	p = realloc(b->at, size);
	if (!p)
		return -ENOMEM;
	b->at = p;
	b->cap = size;
	return 0;
}

/* --- walking ------------------------------------------------------------------ */

/* Looks for a header from @offset on: 1 and where, 0 none. */
static int search(const struct file_reader *r, uint64_t offset, uint64_t *ret_offset,
		  struct chunk *ret)
{
	uint8_t *block = malloc(SEARCH_BLOCK);
	int rc = block ? 0 : -ENOMEM;

	while (!rc && r->size - offset >= CHUNK_HEADER_SIZE) {
		uint64_t left = r->size - offset;
		size_t n = left < SEARCH_BLOCK ? (size_t)left : SEARCH_BLOCK, at = 0;

		rc = read_at(r, block, n, offset);
		for (; !rc && n - at >= CHUNK_HEADER_SIZE; at++) {
			at += chunk_header_find(block + at, n - at);
			if (n - at < CHUNK_HEADER_SIZE)
				break;
			if (chunk_header_get(block + at, ret)) {
				*ret_offset = offset + at;
				rc = 1;
				goto out;
			}
		}
		/* a header may begin in the last bytes */
		offset += n - (CHUNK_HEADER_SIZE - 1);
	}
out:
	free(block);
	return rc;
}

/* The next chunk at or behind *@offset that is there to its end: 1, 0 none, or an errno. */
static int find_chunk(const struct file_reader *r, uint64_t *offset, struct chunk *ret)
{
	uint8_t header[CHUNK_HEADER_SIZE];
	int rc;

	if (*offset > r->size || r->size - *offset < sizeof(header))
		return 0;
	rc = read_at(r, header, sizeof(header), *offset);
	if (rc)
		return rc;
	if (!chunk_header_get(header, ret)) {
		rc = search(r, *offset + 1, offset, ret);
		if (rc <= 0)
			return rc;
	}
	return r->size - *offset - sizeof(header) >= ret->packed_size;
}

/* Inflates a chunk's bytes into r->raw. 0, -EBADMSG when they are damaged. */
static int load_chunk(struct file_reader *r, uint64_t offset, const struct chunk *c)
{
	z_stream *z = &r->z;
	int rc = bytes_room(&r->packed, c->packed_size);

	if (!rc)
		rc = bytes_room(&r->raw, c->raw_size);
	if (!rc)
		rc = read_at(r, r->packed.at, c->packed_size, offset + CHUNK_HEADER_SIZE);
	if (rc)
		return rc;
	if ((uint32_t)crc32(crc32(0, NULL, 0), r->packed.at, c->packed_size) != c->crc)
		return -EBADMSG;
	inflateReset(z);
	z->next_in = r->packed.at;
	z->avail_in = c->packed_size;
	z->next_out = r->raw.at;
	z->avail_out = c->raw_size;
	rc = inflate(z, Z_FINISH);
	if (rc == Z_MEM_ERROR)
		return -ENOMEM;
	return rc == Z_STREAM_END && !z->avail_out && !z->avail_in ? 0 : -EBADMSG;
}

/* Takes the recording's description from a chunk; the last one of a file says most. */
static int take_meta(struct file_reader *r, uint64_t offset, const struct chunk *c)
{
	struct recording rec;
	struct bytes old = r->meta;
	int rc = load_chunk(r, offset, c);

	if (rc)
		return rc;
	meta_init(&rec);
	rc = meta_read(r->raw.at, c->raw_size, &rec);
	if (rc)
		return rc;
	/* the texts stay where they are: reading goes on in the other memory */
	r->recording = rec;
	r->meta = r->raw;
	r->raw = old;
	return 0;
}

/* Finds what is whole, and what the recording was. */
static int walk(struct file_reader *r)
{
	uint64_t offset = r->first_chunk, last_ns = 0;
	struct chunk c;
	int rc;

	r->cut = true;
	while ((rc = find_chunk(r, &offset, &c)) > 0) {
		rc = c.type == CHUNK_START || c.type == CHUNK_END ? take_meta(r, offset, &c) : 0;
		if (rc && rc != -EBADMSG)
			return rc;
		r->start_bad |= rc && c.type == CHUNK_START;
		if (c.type == CHUNK_EVENTS && c.flags & CHUNK_NAMES && vec_push(&r->names, offset))
			return -ENOMEM;
		if (c.last_ns > last_ns && c.type == CHUNK_EVENTS)
			last_ns = c.last_ns;
		if (c.sequence >= r->chunks && c.sequence < UINT32_MAX)
			r->chunks = c.sequence + 1;
		offset += CHUNK_HEADER_SIZE + c.packed_size;
		if (c.type == CHUNK_END) {
			r->cut = rc;
			r->behind = r->size - offset;
			break;
		}
	}
	if (r->cut) {
		r->recording.complete = false;
		r->recording.end_ns = last_ns;
	}
	return rc < 0 && rc != -EBADMSG ? rc : 0;
}

/* --- what is wrong ------------------------------------------------------------ */

static int say_what_is_wrong(struct file_reader *r)
{
	const struct recording *rec = &r->recording;

	strbuf_clear(&r->warning);
	if (r->bad_chunks) {
		strbuf_addf(&r->warning, "chunk %u is damaged: ", r->first_bad);
		strbuf_addf(&r->warning, "%u of %u chunks were skipped", r->bad_chunks, r->chunks);
	}
	if (r->cut) {
		strbuf_puts(&r->warning, r->bad_chunks ? "; cut off" : "cut off");
		if (rec->start_ns && rec->end_ns > rec->start_ns) {
			strbuf_puts(&r->warning, " after ");
			fmt_ns(&r->warning, rec->end_ns - rec->start_ns);
		}
		strbuf_puts(&r->warning, ": the end of the recording is missing");
	}
	if (r->behind) {
		strbuf_puts(&r->warning, r->warning.len ? "; " : "");
		fmt_size(&r->warning, r->behind);
		strbuf_puts(&r->warning, " behind the end of the recording were not read");
	}
	return strbuf_error(&r->warning);
}

/* Chunks [@first, @next) cannot be read. @events: that were in them; 0 nobody knows. */
static int note_hole(struct file_reader *r, uint32_t first, uint32_t next, uint32_t events)
{
	struct recording *rec = &r->recording;

	if (!r->bad_chunks)
		r->first_bad = first;
	r->bad_chunks += next - first;
	/* the first chunk has no events, each other at least one */
	r->hole |= next > 1;
	rec->damaged_chunks = r->bad_chunks;
	rec->damaged_events += events ? events : next - (first ? first : 1);
	return say_what_is_wrong(r);
}

/* --- events ------------------------------------------------------------------- */

/* Events go on at @time_ns: the hole before ends there. */
static void end_hole(struct file_reader *r, uint64_t time_ns)
{
	uint32_t cpus = r->recording.cpus;

	r->hole = false;
	if (time_ns <= r->last_ns)
		return;
	r->lost_until_ns = time_ns;
	r->lost_cpu = 0;
	r->lost_cpus = !cpus ? 1 : cpus > CPUS_MAX ? CPUS_MAX : cpus;
}

static void next_lost(struct file_reader *r, struct event *ret)
{
	*ret = (struct event){
		.type = EVENT_LOST,
		.time_ns = r->lost_until_ns,
		.lost = {
			.cpu = (uint16_t)r->lost_cpu,
			.from_ns = r->last_ns,
			.to_ns = r->lost_until_ns,
			/* how many of each CPU nobody knows */
			.count = r->lost_cpu ? 0 : r->lost_events,
		},
	};
	r->lost_cpu++;
	if (r->lost_cpu < r->lost_cpus)
		return;
	r->lost_cpus = 0;
	r->lost_events = 0;
	r->last_ns = r->lost_until_ns;
}

/* Moves to the next chunk of events: 1, 0 at the end, or an errno. */
static int next_chunk(struct file_reader *r, struct error *err)
{
	struct chunk c;
	int rc = find_chunk(r, &r->offset, &c);

	if (rc < 0)
		return error_set(err, rc, "cannot read %s: %s", r->name, strerror(-rc));
	if (!rc || c.type == CHUNK_END) {
		r->at_end = true;
		if (rc && c.sequence > r->sequence)
			rc = note_hole(r, r->sequence, c.sequence, 0);
		if (r->hole)
			end_hole(r, r->recording.end_ns);
		return rc < 0 ? rc : 0;
	}
	if (c.sequence > r->sequence)
		rc = note_hole(r, r->sequence, c.sequence, 0);
	if (rc < 0)
		return rc;
	/* one that came before is as good as none */
	if (c.type == CHUNK_EVENTS && c.sequence >= r->sequence) {
		rc = load_chunk(r, r->offset, &c);
		if (!rc)
			rc = unpacker_open(r->unpacker, r->raw.at, c.raw_size);
		if (rc == -EBADMSG) {
			r->lost_events += c.events;
			rc = note_hole(r, c.sequence, c.sequence + 1, c.events);
		} else if (!rc) {
			r->in_chunk = true;
			if (r->hole)
				end_hole(r, c.first_ns);
		}
		if (rc)
			return error_set(err, rc, "cannot read %s: %s", r->name, strerror(-rc));
	}
	if (c.sequence >= r->sequence && c.sequence < UINT32_MAX)
		r->sequence = c.sequence + 1;
	r->offset += CHUNK_HEADER_SIZE + c.packed_size;
	return 1;
}

int file_reader_next(struct file_reader *r, struct event *ret, struct error *err)
{
	for (;;) {
		int rc;

		if (r->lost_cpus) {
			next_lost(r, ret);
			return 1;
		}
		if (r->at_end)
			return 0;
		if (!r->in_chunk) {
			rc = next_chunk(r, err);
			if (rc < 0)
				return rc;
			continue;
		}
		rc = unpacker_next(r->unpacker, ret);
		if (rc > 0) {
			if (ret->time_ns > r->last_ns)
				r->last_ns = ret->time_ns;
			return 1;
		}
		r->in_chunk = false;
		/* its checksum was right, so it was written like this */
		if (rc < 0) {
			rc = note_hole(r, r->sequence - 1, r->sequence, 0);
			if (rc)
				return rc;
		}
	}
}

/* A chunk that is damaged has no names; that it is damaged is said when it is read. */
static int chunk_names(struct file_reader *r, uint64_t offset,
		       int (*fn)(void *ctx, const struct event *e), void *ctx)
{
	struct event e;
	struct chunk c;
	int rc = find_chunk(r, &offset, &c);

	if (rc <= 0)
		return rc;
	rc = load_chunk(r, offset, &c);
	if (!rc)
		rc = unpacker_open(r->unpacker, r->raw.at, c.raw_size);
	while (!rc && unpacker_next(r->unpacker, &e) > 0)
		if (e.type == EVENT_NAME)
			rc = fn(ctx, &e);
	return rc == -EBADMSG ? 0 : rc;
}

int file_reader_names(struct file_reader *r, int (*fn)(void *ctx, const struct event *e),
		      void *ctx, struct error *err)
{
	int rc = 0;

	for (size_t i = 0; i < r->names.count && !rc; i++)
		rc = chunk_names(r, r->names.at[i], fn, ctx);
	if (rc)
		return error_set(err, rc, "cannot read %s: %s", r->name, strerror(-rc));
	return file_reader_rewind(r);
}

int file_reader_rewind(struct file_reader *r)
{
	r->offset = r->first_chunk;
	r->sequence = 0;
	r->in_chunk = r->at_end = r->hole = false;
	r->last_ns = r->recording.start_ns;
	r->lost_events = 0;
	r->lost_cpus = 0;
	r->bad_chunks = r->start_bad;
	r->first_bad = 0;
	r->recording.chunks = r->chunks;
	r->recording.damaged_chunks = r->bad_chunks;
	r->recording.damaged_events = 0;
	return say_what_is_wrong(r);
}

/* --- open and close ----------------------------------------------------------- */

static int read_header(struct file_reader *r, struct error *err)
{
	uint8_t header[FORMAT_HEADER_SIZE];
	size_t size = r->size < sizeof(header) ? (size_t)r->size : sizeof(header);
	uint32_t version, chunks;
	int rc = read_at(r, header, size, 0);

	if (rc)
		return error_set(err, rc, "cannot read %s: %s", r->name, strerror(-rc));
	switch (format_header_get(header, size, &version, &chunks)) {
	case HEADER_GOOD:
		r->first_chunk = chunks;
		return 0;
	case HEADER_NEWER:
		return error_set(err, -EPROTONOSUPPORT,
				 "%s was written by a newer runwait: its format is %u, "
				 "this one reads up to %d",
				 r->name, version, FORMAT_VERSION);
	case HEADER_DAMAGED:
		return error_set(err, -EBADMSG, "%s: the header is damaged", r->name);
	default:
		return error_set(err, -EBADMSG, "%s is no recording of runwait", r->name);
	}
}

static int open_all(struct file_reader *r, struct error *err)
{
	struct stat st;
	int rc;

	if (fstat(r->fd, &st))
		return error_set(err, -errno, "%s: %s", r->name, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return error_set(err, S_ISDIR(st.st_mode) ? -EISDIR : -ESPIPE,
				 "%s is not a regular file", r->name);
	r->size = (uint64_t)st.st_size;
	rc = read_header(r, err);
	if (rc)
		return rc;
	rc = walk(r);
	if (rc)
		return error_set(err, rc, "cannot read %s: %s", r->name, strerror(-rc));
	return file_reader_rewind(r);
}

int file_reader_open_fd(int fd, const char *name, struct file_reader **ret, struct error *err)
{
	struct file_reader *r = calloc(1, sizeof(*r));
	int rc = -ENOMEM;

	if (!r) {
		close(fd);
		return rc;
	}
	r->fd = fd;
	strbuf_init(&r->warning);
	meta_init(&r->recording);
	r->name = strdup(name);
	r->unpacker = unpacker_new();
	r->z_ready = inflateInit(&r->z) == Z_OK;
	if (r->name && r->unpacker && r->z_ready)
		rc = open_all(r, err);
	if (rc)
		file_reader_close(r);
	else
		*ret = r;
	return rc;
}

int file_reader_open(const char *path, struct file_reader **ret, struct error *err)
{
	/* a FIFO must not make us wait before it is refused */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return error_set(err, -errno, "cannot open %s: %s", path, strerror(errno));
	return file_reader_open_fd(fd, path, ret, err);
}

const struct recording *file_reader_recording(const struct file_reader *r)
{
	return &r->recording;
}

const char *file_reader_warning(const struct file_reader *r)
{
	return r->warning.len ? r->warning.buf : NULL;
}

void file_reader_close(struct file_reader *r)
{
	if (!r)
		return;
	close(r->fd);
	if (r->z_ready)
		inflateEnd(&r->z);
	unpacker_free(r->unpacker);
	vec_release(&r->names);
	free(r->meta.at);
	free(r->packed.at);
	free(r->raw.at);
	strbuf_release(&r->warning);
	free(r->name);
	free(r);
}
