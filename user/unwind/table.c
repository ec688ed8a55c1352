/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions come sorted, so their rows do, too, and are laid page by page: a
 * page's rows are collected until an address lies beyond it. The rule that is
 * in force then begins the next page.
 *
 * Less than PADDING bytes between two functions are taken for the first one's:
 * nothing is executed there, and a fifth of all rows would be about them.
 *
 * Where a program begins, nobody called. Entry code in assembly (musl's, the dynamic
 * linker's) often has no table that says so: it gets the rule that ends a stack.
 */
#include "unwind/table.h"

#include "unwind/eh_frame.h"
#include "unwind/elf_code.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>

enum {
	PADDING = 16,
	ENTRY_SIZE = 64, /* at most, from the first instruction to behind the call of C */
	TABLE_PAGES_MAX = 1 << 18, /* 1 GiB of code */
};

struct builder {
	struct unwind_table *table;
	struct unwind_arena *arena;
	uint32_t rule; /* in force behind the last row */
	uint64_t page; /* number of the page that is collected */
	uint32_t count; /* its rows */
	uint64_t end; /* of the last function */
	uint64_t entry; /* 0: none */
	uint32_t rows[UNWIND_PAGE];
};

static uint32_t row_of(uint64_t byte, uint32_t rule)
{
	return (uint32_t)byte | rule << UNWIND_ROW_RULE_SHIFT;
}

/* Lays the rows of the collected page; those of one without code are not even written. */
static int builder_lay(struct builder *b)
{
	uint32_t entry = b->table->index + 2 * (uint32_t)b->page, at;
	int error;

	if (!b->count || (b->count == 1 && !(b->rows[0] >> UNWIND_ROW_RULE_SHIFT)))
		return 0;
	error = unwind_arena_add(b->arena, b->rows, b->count, &at);
	if (error)
		return error;
	unwind_arena_set(b->arena, entry, at);
	unwind_arena_set(b->arena, entry + 1, b->count);
	b->table->rows += b->count;
	return 0;
}

/* Goes on to a later page; those between have one row. */
static int builder_turn(struct builder *b, uint64_t page)
{
	int error = 0;

	while (!error && b->page < page) {
		error = builder_lay(b);
		b->page = b->rule ? b->page + 1 : page;
		b->rows[0] = row_of(0, b->rule);
		b->count = 1;
	}
	return error;
}

static int builder_add(struct builder *b, uint64_t address, uint32_t rule)
{
	uint64_t at = address - b->table->address;
	int error;

	if (rule == b->rule)
		return 0;
	error = builder_turn(b, at / UNWIND_PAGE);
	if (error)
		return error;
	at %= UNWIND_PAGE;
	if ((b->rows[b->count - 1] & UNWIND_ROW_BYTE) == at)
		b->count--;
	b->rows[b->count++] = row_of(at, rule);
	b->rule = rule;
	return 0;
}

static int on_row(void *ctx, uint64_t address, struct unwind_rule rule)
{
	struct builder *b = ctx;
	uint32_t number;
	int error = unwind_arena_rule(b->arena, rule, &number);

	return error ? error : builder_add(b, address, number);
}

/* Code without a table up to @to. */
static int builder_gap(struct builder *b, uint64_t to)
{
	int error = builder_add(b, b->end, 0);

	if (error || b->entry < b->end || b->entry >= to)
		return error;
	error = on_row(b, b->entry, (struct unwind_rule){ .cfa = UNWIND_STOP });
	if (!error && to - b->entry > ENTRY_SIZE)
		error = builder_add(b, b->entry + ENTRY_SIZE, 0);
	return error;
}

static int builder_run(struct builder *b, const struct eh_frame *frames)
{
	uint64_t first = b->table->address;
	uint64_t last = first + (uint64_t)b->table->index_count * UNWIND_PAGE;
	int error = 0;

	b->rows[0] = row_of(0, 0);
	b->count = 1;
	b->end = first;
	for (size_t i = 0; !error && i < frames->functions.count; i++) {
		struct cfi_function f = eh_frame_function(frames, i);

		if (f.start < first || f.end > last)
			continue;
		if (f.start - b->end >= PADDING)
			error = builder_gap(b, f.start);
		if (!error)
			error = cfi_run(&f, on_row, b);
		b->end = f.end;
		b->table->functions++;
	}
	if (!error && b->end < last)
		error = builder_gap(b, last);
	if (!error)
		error = builder_turn(b, b->table->index_count);
	return error;
}

/* The pages from the first to the last byte of code. */
static int table_place(struct unwind_table *t, const struct elf_code *code)
{
	uint64_t first = UINT64_MAX, last = 0, pages;

	t->segment_count = code->segment_count;
	memcpy(t->segments, code->segments, sizeof(t->segments));
	for (size_t i = 0; i < t->segment_count; i++) {
		const struct unwind_segment *s = &t->segments[i];

		if (s->address < first)
			first = s->address;
		if (s->address + s->size > last)
			last = s->address + s->size;
	}
	t->address = first & ~(uint64_t)(UNWIND_PAGE - 1);
	pages = (last - t->address + UNWIND_PAGE - 1) / UNWIND_PAGE;
	if (pages > TABLE_PAGES_MAX)
		return -EFBIG;
	t->index_count = (uint32_t)pages;
	return 0;
}

static int table_build(struct unwind_table *t, struct unwind_arena *a, const struct elf_code *code)
{
	struct builder *b = calloc(1, sizeof(*b));
	struct eh_frame frames = { 0 };
	uint32_t used = a->used;
	int error = b ? table_place(t, code) : -ENOMEM;

	if (!error)
		error = eh_frame_read(&frames, code->eh_frame, code->eh_frame_size,
				      code->eh_frame_address);
	if (!error) {
		b->table = t;
		b->arena = a;
		b->entry = code->entry;
		/* index entries have two words and must not be split */
		if (a->used % 2)
			a->used++;
		error = unwind_arena_reserve(a, 2 * t->index_count, &t->index);
	}
	if (!error)
		error = builder_run(b, &frames);
	eh_frame_release(&frames);
	free(b);
	if (error)
		unwind_arena_rewind(a, used);
	else
		t->words = a->used - used;
	return error;
}

static int table_build_source(struct unwind_table *t, struct unwind_arena *a,
			      const struct elf_source *s)
{
	struct elf_code code;
	int error = elf_code_read(&code, s);

	memset(t, 0, sizeof(*t));
	if (error)
		return error;
	error = table_build(t, a, &code);
	elf_code_release(&code);
	return error;
}

int unwind_table_build_fd(struct unwind_table *t, struct unwind_arena *a, int fd)
{
	struct elf_source s = { .fd = fd };
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size < 0)
		return -ENOEXEC;
	s.size = (uint64_t)st.st_size;
	return table_build_source(t, a, &s);
}

int unwind_table_build_memory(struct unwind_table *t, struct unwind_arena *a, const void *image,
			      size_t size)
{
	struct elf_source s = { .fd = -1, .memory = image, .size = size };

	return table_build_source(t, a, &s);
}

int unwind_table_build_vdso(struct unwind_table *t, struct unwind_arena *a)
{
	const char *image = (const char *)getauxval(AT_SYSINFO_EHDR);
	const Elf64_Ehdr *h = (const void *)image;
	const Elf64_Phdr *p;
	size_t size = 0;

	if (!image || sizeof(void *) != 8)
		return -ENODATA;
	/* the kernel's image has the whole file in one segment */
	p = (const void *)(image + h->e_phoff);
	for (size_t i = 0; i < h->e_phnum; i++)
		if (p[i].p_type == PT_LOAD && p[i].p_offset + p[i].p_filesz > size)
			size = p[i].p_offset + p[i].p_filesz;
	return unwind_table_build_memory(t, a, image, size);
}

void unwind_table_map(const struct unwind_table *t, uint64_t start, uint64_t size, uint64_t offset,
		      struct unwind_mapping *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->start = start;
	ret->pages = (uint32_t)(size / UNWIND_PAGE);
	for (size_t i = 0; i < t->segment_count; i++) {
		const struct unwind_segment *s = &t->segments[i];
		uint64_t before = s->offset % UNWIND_PAGE; /* mappings begin at a page */
		uint64_t first;

		if (offset < s->offset - before || offset >= s->offset + s->size)
			continue;
		first = s->address - s->offset + offset - t->address;
		ret->shift = (int32_t)((int64_t)first / UNWIND_PAGE);
		ret->index = t->index;
		ret->index_count = t->index_count;
		return;
	}
}

struct unwind_rule unwind_table_find(const struct unwind_table *t, const struct unwind_arena *a,
				     uint64_t address)
{
	uint64_t byte = address - t->address, page = byte / UNWIND_PAGE;
	uint32_t entry = t->index + 2 * (uint32_t)page, rows, low = 0, high;

	if (page >= t->index_count)
		return a->rules[0];
	rows = unwind_arena_get(a, entry);
	high = unwind_arena_get(a, entry + 1);
	if (!high)
		return a->rules[0];
	while (high - low > 1) {
		uint32_t middle = (low + high) / 2;

		if ((unwind_arena_get(a, rows + middle) & UNWIND_ROW_BYTE) <= byte % UNWIND_PAGE)
			low = middle;
		else
			high = middle;
	}
	return a->rules[unwind_arena_get(a, rows + low) >> UNWIND_ROW_RULE_SHIFT];
}
