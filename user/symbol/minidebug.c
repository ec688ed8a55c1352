/* SPDX-License-Identifier: GPL-2.0-only */
#include "symbol/minidebug.h"

#include <errno.h>
#include <lzma.h>
#include <stdlib.h>

enum { DECODER_MEMORY = 96 << 20, FIRST = 64 << 10 }; /* xz -9 needs 65 MiB */

/* All of @size bytes at @packed, unpacked: how many, to be freed by the caller. */
static int unpack(const void *packed, size_t size, void **ret, size_t *ret_size)
{
	lzma_stream stream = LZMA_STREAM_INIT;
	size_t room = 0;
	uint8_t *bytes = NULL;
	lzma_ret rc = lzma_stream_decoder(&stream, DECODER_MEMORY, LZMA_CONCATENATED);

	stream.next_in = packed;
	stream.avail_in = size;
	while (rc == LZMA_OK) {
		if (!stream.avail_out) {
			size_t more = room ? room * 2 : FIRST;
			uint8_t *p = more <= MINIDEBUG_MAX ? realloc(bytes, more) : NULL;

			if (!p) {
				rc = more <= MINIDEBUG_MAX ? LZMA_MEM_ERROR : LZMA_DATA_ERROR;
				break;
			}
			stream.next_out = p + room;
			stream.avail_out = more - room;
			bytes = p;
			room = more;
		}
		rc = lzma_code(&stream, LZMA_FINISH);
	}
	*ret_size = stream.total_out;
	lzma_end(&stream);
	if (rc == LZMA_STREAM_END) {
		*ret = bytes;
		return 0;
	}
	free(bytes);
	return rc == LZMA_MEM_ERROR ? -ENOMEM : -ENODATA;
}

int minidebug_open(const struct elf *e, struct elf *ret, void **ret_memory)
{
	const struct elf_section *s = elf_section(e, ".gnu_debugdata");
	void *packed, *bytes;
	size_t size;
	int error = s ? elf_read_section(e, s, &packed) : -ENODATA;

	if (error)
		return error == -ENOMEM ? error : -ENODATA;
	error = unpack(packed, s->size, &bytes, &size);
	free(packed);
	if (error)
		return error;
	error = elf_open_memory(ret, bytes, size);
	if (error) {
		free(bytes);
		return error == -ENOMEM ? error : -ENODATA;
	}
	*ret_memory = bytes;
	return 0;
}
