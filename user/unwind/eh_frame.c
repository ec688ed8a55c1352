/* SPDX-License-Identifier: GPL-2.0-only */
#include "unwind/eh_frame.h"

#include "unwind/reader.h"

#include <stdlib.h>

enum {
	SECTION_MAX = 1 << 30,
	/* Of the instructions that functions share. Real ones have 7 bytes; a
	 * hostile file could have each function run through all of it. */
	COMMON_PROGRAM_MAX = 512,
};

/* How pointers are written (LSB, "DWARF Exception Header Encoding"). */
enum {
	PE_ABSPTR = 0x00,
	PE_ULEB128 = 0x01,
	PE_UDATA2 = 0x02,
	PE_UDATA4 = 0x03,
	PE_UDATA8 = 0x04,
	PE_SLEB128 = 0x09,
	PE_SDATA2 = 0x0a,
	PE_SDATA4 = 0x0b,
	PE_SDATA8 = 0x0c,
	PE_FORMAT = 0x0f,
	PE_PCREL = 0x10,
	PE_BASE = 0x70,
	PE_INDIRECT = 0x80,
	PE_OMIT = 0xff,
};

static uint64_t read_pointer(const struct eh_frame *e, struct reader *r, uint8_t encoding)
{
	uint64_t here = e->address + (uint64_t)(r->at - e->bytes), value;

	switch (encoding & PE_FORMAT) {
	case PE_ABSPTR:
	case PE_UDATA8:
	case PE_SDATA8:
		value = reader_fixed(r, 8);
		break;
	case PE_ULEB128:
		value = reader_uleb(r);
		break;
	case PE_SLEB128:
		value = (uint64_t)reader_sleb(r);
		break;
	case PE_UDATA2:
		value = reader_fixed(r, 2);
		break;
	case PE_SDATA2:
		value = (uint64_t)(int16_t)reader_fixed(r, 2);
		break;
	case PE_UDATA4:
		value = reader_fixed(r, 4);
		break;
	case PE_SDATA4:
		value = (uint64_t)(int32_t)reader_fixed(r, 4);
		break;
	default:
		r->bad = true;
		return 0;
	}
	if ((encoding & PE_BASE) == PE_PCREL)
		return value + here;
	if (encoding & PE_BASE)
		r->bad = true;
	return value;
}

/* The letters of an augmentation, and the data they announce. */
static void read_augmentation(const struct eh_frame *e, struct reader *r, const char *letters,
			      struct cfi_common *c)
{
	struct reader data;
	uint64_t size;
	const uint8_t *at;
	uint8_t encoding;

	if (!*letters)
		return;
	if (*letters++ != 'z') { /* gcc before 3 had others */
		r->bad = true;
		return;
	}
	c->augmented = true;
	size = reader_uleb(r);
	at = reader_bytes(r, size);
	if (!at)
		return;
	data = reader_of(at, size);
	for (; *letters; letters++) {
		switch (*letters) {
		case 'R':
			c->pointer_encoding = reader_u8(&data);
			break;
		case 'S':
			c->signal = true;
			break;
		case 'L':
			reader_u8(&data);
			break;
		case 'P':
			encoding = reader_u8(&data);
			if (encoding != PE_OMIT)
				read_pointer(e, &data, encoding & PE_FORMAT);
			break;
		case 'B': /* arm64: return addresses are signed with the other key */
			break;
		default: /* the size tells where to go on, but not what it means */
			r->bad = true;
		}
	}
	r->bad |= data.bad;
}

static bool read_common(const struct eh_frame *e, struct reader r, struct cfi_common *ret)
{
	struct cfi_common c = { .pointer_encoding = PE_ABSPTR };
	uint8_t version = reader_u8(&r);
	const char *letters = (const char *)r.at;
	const uint8_t *nul = memchr(r.at, '\0', reader_left(&r));

	if (r.bad || !nul || (version != 1 && version != 3))
		return false;
	reader_bytes(&r, (uint64_t)(nul - r.at) + 1);
	c.code_align = reader_uleb(&r);
	c.data_align = reader_sleb(&r);
	c.return_register = version == 1 ? reader_u8(&r) : reader_uleb(&r);
	read_augmentation(e, &r, letters, &c);
	c.program = r.at;
	c.program_size = reader_left(&r);
	if (r.bad || c.program_size > COMMON_PROGRAM_MAX || c.pointer_encoding & PE_INDIRECT)
		return false;
	*ret = c;
	return true;
}

/* The entry (CIE or FDE) at @at: its contents behind the length; false at the end. */
static bool read_entry(const struct eh_frame *e, size_t at, struct reader *ret, size_t *ret_next)
{
	struct reader r = reader_of(e->bytes + at, e->size - at);
	uint64_t size = reader_fixed(&r, 4);
	const uint8_t *body;

	if (size == 0xffffffff)
		size = reader_fixed(&r, 8);
	body = reader_bytes(&r, size);
	if (!body || !size)
		return false;
	*ret = reader_of(body, size);
	*ret_next = (size_t)(r.at - e->bytes);
	return true;
}

/* The common part at @at of the section: its index. -EINVAL when it makes no sense. */
static int find_common(struct eh_frame *e, size_t at, uint32_t *ret)
{
	struct eh_frame_common c = { .at = (uint32_t)at };
	struct reader r;
	size_t next;

	/* functions follow what they share, or share it with the one before */
	for (size_t i = e->commons.count; i && i + 8 > e->commons.count; i--) {
		if (e->commons.at[i - 1].at == at) {
			*ret = (uint32_t)(i - 1);
			return 0;
		}
	}
	if (!read_entry(e, at, &r, &next) || reader_fixed(&r, 4) != 0 ||
	    !read_common(e, r, &c.common))
		return -EINVAL;
	*ret = (uint32_t)e->commons.count;
	return vec_push(&e->commons, c);
}

/* A function, whose contents @r is behind the pointer to what it shares. */
static int add_function(struct eh_frame *e, struct reader r, size_t common_at)
{
	struct eh_frame_function f = { 0 };
	const struct cfi_common *c;
	uint64_t size;
	int error = find_common(e, common_at, &f.common);

	if (error) {
		e->refused += error == -EINVAL;
		return error == -EINVAL ? 0 : error;
	}
	c = &e->commons.at[f.common].common;
	f.start = read_pointer(e, &r, c->pointer_encoding);
	size = read_pointer(e, &r, c->pointer_encoding & PE_FORMAT);
	if (c->augmented)
		reader_bytes(&r, reader_uleb(&r));
	f.end = f.start + size;
	f.program = (uint32_t)(r.at - e->bytes);
	f.program_size = (uint32_t)reader_left(&r);
	/* linkers leave functions that they threw away at address 0 */
	if (r.bad || !f.start || f.end <= f.start) {
		e->refused++;
		return 0;
	}
	return vec_push(&e->functions, f);
}

static int by_start(const void *a, const void *b)
{
	const struct eh_frame_function *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->program < y->program ? -1 : x->program > y->program;
}

static void drop_overlapping(struct eh_frame *e)
{
	size_t kept = 0;

	for (size_t i = 0; i < e->functions.count; i++) {
		if (kept && e->functions.at[i].start < e->functions.at[kept - 1].end)
			continue;
		e->functions.at[kept++] = e->functions.at[i];
	}
	e->refused += e->functions.count - kept;
	e->functions.count = kept;
}

int eh_frame_read(struct eh_frame *e, const void *bytes, size_t size, uint64_t address)
{
	size_t at = 0, next;
	struct reader r;
	int error = 0;

	memset(e, 0, sizeof(*e));
	e->bytes = bytes;
	e->size = size;
	e->address = address;
	if (size > SECTION_MAX)
		return -EFBIG;
	for (; !error && at < size && read_entry(e, at, &r, &next); at = next) {
		size_t here = (size_t)(r.at - e->bytes);
		uint64_t back = reader_fixed(&r, 4);

		/* 0: what functions share; they lead to it themselves */
		if (!r.bad && back && back <= here)
			error = add_function(e, r, here - back);
	}
	if (error) {
		eh_frame_release(e);
		return error;
	}
	if (e->functions.count)
		qsort(e->functions.at, e->functions.count, sizeof(*e->functions.at), by_start);
	drop_overlapping(e);
	return 0;
}

void eh_frame_release(struct eh_frame *e)
{
	vec_release(&e->commons);
	vec_release(&e->functions);
}

struct cfi_function eh_frame_function(const struct eh_frame *e, size_t i)
{
	const struct eh_frame_function *f = &e->functions.at[i];

	return (struct cfi_function){
		.common = &e->commons.at[f->common].common,
		.program = e->bytes + f->program,
		.program_size = f->program_size,
		.start = f->start,
		.end = f->end,
	};
}
