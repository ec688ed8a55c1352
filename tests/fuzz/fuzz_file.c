/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A capture file. Bytes that begin like one are read as they are. Others are
 * the insides of a file, {type, size in 16 bits, bytes} of each chunk, which
 * gets right headers and checksums: past those nobody comes by chance.
 */
#include "base/strbuf.h"
#include "file/file.h"
#include "file/format.h"
#include "fuzz.h"

#include <assert.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

static void add_chunk(struct strbuf *out, uint8_t type, uint32_t sequence, const uint8_t *raw,
		      size_t size)
{
	uint8_t header[CHUNK_HEADER_SIZE], packed[70000];
	uLongf n = sizeof(packed);
	struct chunk c = {
		.type = type & 0x7f,
		.sequence = sequence,
		.raw_size = (uint32_t)size,
		.first_ns = 1000 * (uint64_t)sequence,
		.last_ns = 1000 * (uint64_t)sequence + 999,
	};

	assert(compress2(packed, &n, raw, (uLong)size, 0) == Z_OK);
	c.packed_size = (uint32_t)n;
	/* the highest bit asks for a chunk that is damaged after all */
	c.crc = (uint32_t)crc32(crc32(0, NULL, 0), packed, (uInt)n) ^ type >> 7;
	chunk_header_put(&c, header);
	strbuf_add(out, header, sizeof(header));
	strbuf_add(out, packed, n);
}

static void build(const uint8_t *data, size_t size, struct strbuf *out)
{
	uint8_t header[FORMAT_HEADER_SIZE];
	uint32_t sequence = 0;

	if (size >= 4 && !memcmp(data, "\x89rwa", 4)) {
		strbuf_add(out, data, size);
		return;
	}
	format_header_put(header);
	strbuf_add(out, header, sizeof(header));
	while (size >= 3) {
		size_t n = data[1] | (size_t)data[2] << 8;

		n = n < size - 3 ? n : size - 3;
		add_chunk(out, data[0], sequence++, data + 3, n);
		data += 3 + n;
		size -= 3 + n;
	}
}

static unsigned read_all(struct file_reader *r)
{
	unsigned n = 0;
	struct event e;

	while (file_reader_next(r, &e, NULL) > 0)
		n++;
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct strbuf file = STRBUF_INIT;
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct file_reader *r;

	build(data, size, &file);
	if (fd < 0 || strbuf_error(&file) ||
	    write(fd, file.buf, file.len) != (ssize_t)file.len) {
		if (fd >= 0)
			close(fd);
	} else if (!file_reader_open_fd(fd, "fuzz", &r, NULL)) {
		const struct recording *rec = file_reader_recording(r);
		unsigned n = read_all(r);

		assert(rec->command && rec->kernel && rec->machine && rec->host && rec->version);
		assert(rec->probe_count <= RECORDING_PROBES);
		assert(rec->command[rec->command_size] == '\0');
		assert(!file_reader_rewind(r) && read_all(r) == n);
		file_reader_close(r);
	}
	strbuf_release(&file);
	return 0;
}
