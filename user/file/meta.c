/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One table, read in both directions. A text has its NUL in the file, so that
 * it can be used where it lies.
 */
#include "file/meta.h"

#include "base/alloc.h"
#include "base/varint.h"

#include <stddef.h>
#include <string.h>

/* of a command line; what a kernel accepts (2 MiB) is more than anyone reads */
enum { TEXT_MAX = 64 << 10 };

enum kind { TEXT, COMMAND, U32, U64, FLAG, I32, PROBES, MISSING, MISSING_LATE, LOSS };

static const struct field {
	uint8_t tag; /* stands in files */
	uint8_t part; /* enum meta_part */
	uint8_t kind;
	uint16_t offset; /* in struct recording; of kinds that occur more than once */
} fields[] = {
	{ 1, META_START, COMMAND, 0 },
	{ 2, META_START, TEXT, offsetof(struct recording, kernel) },
	{ 3, META_START, TEXT, offsetof(struct recording, machine) },
	{ 4, META_START, TEXT, offsetof(struct recording, host) },
	{ 5, META_START, TEXT, offsetof(struct recording, version) },
	{ 6, META_START, U32, offsetof(struct recording, cpus) },
	{ 7, META_START, U32, offsetof(struct recording, frequency_hz) },
	{ 8, META_START, U64, offsetof(struct recording, min_wait_ns) },
	{ 9, META_START, FLAG, offsetof(struct recording, stacks) },
	{ 10, META_START, FLAG, offsetof(struct recording, children) },
	{ 11, META_START, FLAG, offsetof(struct recording, whole_machine) },
	{ 12, META_START, U64, offsetof(struct recording, start_ns) },
	{ 13, META_START, U64, offsetof(struct recording, start_realtime_ns) },
	{ 14, META_START, U64, offsetof(struct recording, start_boottime_ns) },
	{ 15, META_START, PROBES, 0 },
	{ 16, META_START, MISSING, 0 },
	{ 17, META_END, FLAG, offsetof(struct recording, complete) },
	{ 18, META_END, U64, offsetof(struct recording, end_ns) },
	{ 19, META_END, U64, offsetof(struct recording, collector_cpu_ns) },
	{ 20, META_END, LOSS, 0 },
	{ 21, META_END, I32, offsetof(struct recording, exit_status) },
	{ 22, META_END, MISSING_LATE, 0 },
	{ 23, META_END, U64, offsetof(struct recording, collector_window_cpu_ns) },
};

static void put_bytes(struct strbuf *out, uint8_t tag, const char *text, size_t size)
{
	if (!text)
		size = 0;
	if (size > TEXT_MAX)
		size = TEXT_MAX;
	strbuf_add_varint(out, tag);
	strbuf_add_varint(out, size + 1);
	strbuf_add(out, text, size);
	strbuf_putc(out, '\0');
}

static void put_text(struct strbuf *out, uint8_t tag, const char *text)
{
	put_bytes(out, tag, text, text ? strlen(text) : 0);
}

static void put_numbers(struct strbuf *out, uint8_t tag, const uint64_t *v, size_t count)
{
	uint8_t bytes[LOSS_CAUSES * VARINT_MAX_SIZE];
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		n += varint_put(bytes + n, v[i]);
	strbuf_add_varint(out, tag);
	strbuf_add_varint(out, n);
	strbuf_add(out, bytes, n);
}

static void put_list(struct strbuf *out, uint8_t tag, const char *const *list, int from, int to)
{
	for (int i = from; i < to && i < RECORDING_PROBES; i++)
		put_text(out, tag, list[i]);
}

static void put_field(struct strbuf *out, const struct field *f, const struct recording *rec)
{
	const char *at = (const char *)rec + f->offset;
	uint64_t v = 0;

	switch ((enum kind)f->kind) {
	case TEXT:
		put_text(out, f->tag, *(const char *const *)(const void *)at);
		return;
	case COMMAND:
		put_bytes(out, f->tag, rec->command, rec->command_size);
		return;
	case PROBES:
		put_list(out, f->tag, rec->probes, 0, rec->probe_count);
		return;
	case MISSING:
		put_list(out, f->tag, rec->missing, 0,
			 rec->missing_count - rec->missing_late_count);
		return;
	case MISSING_LATE:
		put_list(out, f->tag, rec->missing, rec->missing_count - rec->missing_late_count,
			 rec->missing_count);
		return;
	case LOSS:
		put_numbers(out, f->tag, rec->loss, LOSS_CAUSES);
		return;
	case U32:
		v = *(const uint32_t *)(const void *)at;
		break;
	case U64:
		v = *(const uint64_t *)(const void *)at;
		break;
	case FLAG:
		v = *(const bool *)(const void *)at;
		break;
	case I32:
		v = zigzag(*(const int32_t *)(const void *)at);
		break;
	}
	put_numbers(out, f->tag, &v, 1);
}

void meta_write(const struct recording *rec, enum meta_part part, struct strbuf *out)
{
	for (size_t i = 0; i < ARRAY_COUNT(fields); i++)
		if (fields[i].part == part)
			put_field(out, &fields[i], rec);
}

void meta_init(struct recording *ret)
{
	*ret = (struct recording){
		.command = "",
		.kernel = "",
		.machine = "",
		.host = "",
		.version = "",
		.exit_status = -1,
	};
}

/* One number that is all of a field. */
static bool get_number(const uint8_t *at, size_t size, uint64_t max, uint64_t *ret)
{
	return varint_get(at, at + size, ret) == size && size && *ret <= max;
}

/* @count numbers; fewer are there in files of a time that knew fewer causes. */
static bool get_losses(const uint8_t *at, size_t size, uint64_t *ret)
{
	const uint8_t *end = at + size;

	for (int i = 0; i < LOSS_CAUSES && at < end; i++) {
		size_t n = varint_get(at, end, &ret[i]);

		if (!n)
			return false;
		at += n;
	}
	return true;
}

static void list_add(const char **list, int *count, const char *text)
{
	if (*count < RECORDING_PROBES)
		list[(*count)++] = text;
}

static bool get_text(const struct field *f, const uint8_t *at, size_t size, struct recording *rec)
{
	const char *text = (const char *)at;

	if (!size || at[size - 1])
		return false;
	switch ((enum kind)f->kind) {
	case COMMAND:
		rec->command = text;
		rec->command_size = size - 1;
		return true;
	case PROBES:
		list_add(rec->probes, &rec->probe_count, text);
		return true;
	case MISSING_LATE:
		rec->missing_late_count += rec->missing_count < RECORDING_PROBES;
		list_add(rec->missing, &rec->missing_count, text);
		return true;
	case MISSING:
		list_add(rec->missing, &rec->missing_count, text);
		return true;
	default:
		*(const char **)(void *)((char *)rec + f->offset) = text;
		return true;
	}
}

static bool get_field(const struct field *f, const uint8_t *at, size_t size, struct recording *rec)
{
	void *to = (char *)rec + f->offset;
	uint64_t v;

	switch ((enum kind)f->kind) {
	case U32:
		if (!get_number(at, size, UINT32_MAX, &v))
			return false;
		*(uint32_t *)to = (uint32_t)v;
		return true;
	case U64:
		return get_number(at, size, UINT64_MAX, to);
	case FLAG:
		if (!get_number(at, size, 1, &v))
			return false;
		*(bool *)to = v;
		return true;
	case I32:
		if (!get_number(at, size, UINT32_MAX, &v))
			return false;
		*(int32_t *)to = (int32_t)unzigzag(v);
		return true;
	case LOSS:
		return get_losses(at, size, rec->loss);
	default:
		return get_text(f, at, size, rec);
	}
}

int meta_read(const void *bytes, size_t size, struct recording *rec)
{
	const uint8_t *at = bytes, *end = at + size;

	while (at < end) {
		uint64_t tag, length;
		size_t n = varint_get(at, end, &tag);

		at += n;
		if (!n || !(n = varint_get(at, end, &length)))
			return -EBADMSG;
		at += n;
		if (length > (uint64_t)(end - at))
			return -EBADMSG;
		for (size_t i = 0; i < ARRAY_COUNT(fields); i++)
			if (fields[i].tag == tag && !get_field(&fields[i], at, length, rec))
				return -EBADMSG;
		at += length;
	}
	return 0;
}
