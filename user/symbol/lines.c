/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A first pass over all units finds those in whose ranges wanted addresses lie,
 * a second one reads them, first those that matter most. No index is needed:
 * .debug_aranges, which clang does not write, is not asked, and a unit without
 * wanted addresses costs its header.
 *
 * In a unit the tree of scopes is walked once for all its addresses. A hit's
 * depth says how many functions around it are open; who is not at the depth of
 * the scope being looked at lies elsewhere.
 */
#include "symbol/lines.h"

#include "base/alloc.h"
#include "base/strbuf.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

enum { SCOPES_DEPTH_MAX = 200 }; /* of blocks in blocks; one frame of ours each */

/* What the process apart writes: these, each followed by both texts. */
struct answer {
	uint32_t index, level, line;
	uint16_t function_size, file_size; /* without NULs */
};

struct hit {
	uint64_t address;
	uint32_t index;
	uint32_t depth; /* functions around it that are open in the walk */
	uint32_t count; /* functions found around it */
	Dwarf_Die scopes[LINES_LEVELS_MAX]; /* outermost first */
};

struct lines {
	const struct lines_query *q;
	bool *done; /* by address: answered */
	size_t left; /* not yet */
	VEC(struct hit) hits; /* of the unit in work, by address */
	struct strbuf out;
};

/* --- which addresses -------------------------------------------------------- */

static size_t first_hit(const struct lines *l, uint64_t address)
{
	size_t low = 0, high = l->hits.count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (l->hits.at[mid].address < address)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static size_t first_address(const struct lines_query *q, uint64_t address)
{
	size_t low = 0, high = q->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (q->addresses[mid] < address)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* The next range of a scope; linkers leave what they dropped at address 0. */
static ptrdiff_t next_range(Dwarf_Die *die, ptrdiff_t at, uint64_t *start, uint64_t *end)
{
	Dwarf_Addr base, from, to;

	do {
		at = dwarf_ranges(die, at, &base, &from, &to);
	} while (at > 0 && (!from || from >= to));
	*start = from;
	*end = to;
	return at;
}

static int compare_hits(const void *pa, const void *pb)
{
	const struct hit *a = pa, *b = pb;

	return a->index < b->index ? -1 : a->index > b->index;
}

/* The addresses in the unit that have no answer yet. */
static int find_hits(struct lines *l, Dwarf_Die *unit)
{
	uint64_t start, end;
	size_t kept = 0;

	l->hits.count = 0;
	for (ptrdiff_t at = 0; (at = next_range(unit, at, &start, &end)) > 0;) {
		size_t i = first_address(l->q, start);

		for (; i < l->q->count && l->q->addresses[i] < end; i++) {
			if (l->done[i])
				continue;
			if (vec_reserve(&l->hits, 1))
				return -ENOMEM;
			l->hits.at[l->hits.count++] = (struct hit){
				.address = l->q->addresses[i], .index = (uint32_t)i
			};
		}
		/* ranges that overlap without end */
		if (l->hits.count > 2 * l->q->count)
			break;
	}
	if (!l->hits.count)
		return 0;
	qsort(l->hits.at, l->hits.count, sizeof(*l->hits.at), compare_hits);
	for (size_t i = 0; i < l->hits.count; i++)
		if (!kept || l->hits.at[kept - 1].index != l->hits.at[i].index)
			l->hits.at[kept++] = l->hits.at[i];
	l->hits.count = kept;
	return 0;
}

/* --- which scopes ----------------------------------------------------------- */

/* Opens a function at @depth for the hits in it; the span that they lie in. */
static bool enter(struct lines *l, Dwarf_Die *die, uint32_t depth, size_t *ret_first,
		  size_t *ret_last)
{
	uint64_t start, end;
	bool any = false;

	for (ptrdiff_t at = 0; (at = next_range(die, at, &start, &end)) > 0;) {
		for (size_t i = first_hit(l, start);
		     i < l->hits.count && l->hits.at[i].address < end; i++) {
			struct hit *h = &l->hits.at[i];

			if (h->depth != depth - 1)
				continue;
			h->depth = depth;
			if (h->count == depth - 1)
				h->scopes[h->count++] = *die;
			*ret_first = any && *ret_first < i ? *ret_first : i;
			*ret_last = any && *ret_last > i ? *ret_last : i;
			any = true;
		}
	}
	return any;
}

static void leave(struct lines *l, uint32_t depth, size_t first, size_t last)
{
	for (size_t i = first; i <= last; i++)
		if (l->hits.at[i].depth == depth)
			l->hits.at[i].depth = depth - 1;
}

/* Whether a block, which need not have ranges, may hold a hit. */
static bool block_may_hold(const struct lines *l, Dwarf_Die *die)
{
	uint64_t start, end;
	bool any = false;

	for (ptrdiff_t at = 0; (at = next_range(die, at, &start, &end)) > 0;) {
		size_t i = first_hit(l, start);

		if (i < l->hits.count && l->hits.at[i].address < end)
			return true;
		any = true;
	}
	return !any;
}

static void walk(struct lines *l, Dwarf_Die *parent, uint32_t depth, int nested);

static void walk_function(struct lines *l, Dwarf_Die *die, uint32_t depth, int nested)
{
	size_t first = 0, last = 0;

	if (depth > LINES_LEVELS_MAX || !enter(l, die, depth, &first, &last))
		return;
	walk(l, die, depth, nested);
	leave(l, depth, first, last);
}

static void walk_one(struct lines *l, Dwarf_Die *die, uint32_t depth, int nested)
{
	switch (dwarf_tag(die)) {
	case DW_TAG_subprogram:
		if (!depth)
			walk_function(l, die, 1, nested);
		break;
	case DW_TAG_inlined_subroutine:
		if (depth)
			walk_function(l, die, depth + 1, nested);
		break;
	case DW_TAG_lexical_block:
	case DW_TAG_try_block:
	case DW_TAG_catch_block:
		if (depth && block_may_hold(l, die))
			walk(l, die, depth, nested);
		break;
	/* Rust puts functions where they are in the source */
	case DW_TAG_namespace:
	case DW_TAG_module:
		if (!depth)
			walk(l, die, depth, nested);
		break;
	default:
		break;
	}
}

static void walk(struct lines *l, Dwarf_Die *parent, uint32_t depth, int nested)
{
	Dwarf_Die child, next;

	if (nested >= SCOPES_DEPTH_MAX || !dwarf_haschildren(parent) ||
	    dwarf_child(parent, &child))
		return;
	for (;;) {
		walk_one(l, &child, depth, nested + 1);
		if (dwarf_siblingof(&child, &next))
			return;
		child = next;
	}
}

/* --- what they are called ---------------------------------------------------- */

static const char *function_name(Dwarf_Die *die)
{
	static const unsigned int linkage[] = { DW_AT_linkage_name, DW_AT_MIPS_linkage_name };
	const char *name = NULL;
	Dwarf_Attribute attribute;

	for (size_t i = 0; i < ARRAY_COUNT(linkage) && !name; i++)
		if (dwarf_attr_integrate(die, linkage[i], &attribute))
			name = dwarf_formstring(&attribute);
	if (!name)
		name = dwarf_diename(die);
	return name ? name : "";
}

/* Where the call of an inlined function stands. */
static const char *call_place(Dwarf_Die *die, Dwarf_Die *unit, uint32_t *ret_line)
{
	const char *file = NULL;
	Dwarf_Attribute attribute;
	Dwarf_Word number;
	Dwarf_Files *files;
	size_t count;

	*ret_line = 0;
	if (dwarf_attr(die, DW_AT_call_line, &attribute) &&
	    !dwarf_formudata(&attribute, &number) && number <= UINT32_MAX)
		*ret_line = (uint32_t)number;
	if (dwarf_attr(die, DW_AT_call_file, &attribute) &&
	    !dwarf_formudata(&attribute, &number) && !dwarf_getsrcfiles(unit, &files, &count) &&
	    number < count)
		file = dwarf_filesrc(files, number, NULL, NULL);
	return file ? file : "";
}

static const char *line_place(uint64_t address, Dwarf_Die *unit, uint32_t *ret_line)
{
	Dwarf_Line *line = dwarf_getsrc_die(unit, address);
	const char *file = line ? dwarf_linesrc(line, NULL, NULL) : NULL;
	int number = 0;

	if (line && dwarf_lineno(line, &number))
		number = 0;
	*ret_line = number > 0 ? (uint32_t)number : 0;
	return file ? file : "";
}

static void put(struct lines *l, const struct lines_name *name)
{
	size_t function_size = strlen(name->function), file_size = strlen(name->file);
	struct answer a = { .index = name->index, .level = name->level, .line = name->line };

	a.function_size = (uint16_t)(function_size > LINES_TEXT_MAX ? 0 : function_size);
	a.file_size = (uint16_t)(file_size > LINES_TEXT_MAX ? 0 : file_size);
	strbuf_add(&l->out, &a, sizeof(a));
	strbuf_add(&l->out, name->function, a.function_size);
	strbuf_add(&l->out, name->file, a.file_size);
}

static void put_hit(struct lines *l, struct hit *h, Dwarf_Die *unit)
{
	struct lines_name name = { .index = h->index };

	name.file = line_place(h->address, unit, &name.line);
	if (!h->count && !*name.file)
		return;
	for (uint32_t i = h->count; i-- > 1; name.level++) {
		name.function = function_name(&h->scopes[i]);
		put(l, &name);
		name.file = call_place(&h->scopes[i], unit, &name.line);
	}
	name.function = h->count ? function_name(&h->scopes[0]) : "";
	put(l, &name);
	l->done[h->index] = true;
	l->left--;
}

static int flush(struct strbuf *sb, int out)
{
	size_t sent = 0;

	if (strbuf_error(sb))
		return -ENOMEM;
	while (sent < sb->len) {
		ssize_t n = write(out, sb->buf + sent, sb->len - sent);

		if (n < 0 && errno != EINTR)
			return -errno;
		sent += n > 0 ? (size_t)n : 0;
	}
	strbuf_clear(sb);
	return 0;
}

/* --- units --------------------------------------------------------------------- */

static int answer_unit(struct lines *l, Dwarf_Die *unit, uint8_t type, int out)
{
	Dwarf_Die split, *tree = unit;
	int error = find_hits(l, unit);

	if (error || !l->hits.count)
		return error;
	/* -gsplit-dwarf: the scopes are in a .dwo file, if it is still there */
	if (type == DW_UT_skeleton &&
	    !dwarf_cu_info(unit->cu, NULL, NULL, NULL, &split, NULL, NULL, NULL) && split.addr)
		tree = &split;
	walk(l, tree, 0, 0);
	for (size_t i = 0; i < l->hits.count; i++)
		put_hit(l, &l->hits.at[i], unit);
	return flush(&l->out, out);
}

/* A unit in which wanted addresses lie. */
struct unit {
	Dwarf_Die die;
	uint8_t type;
	uint64_t ns;
	size_t at; /* in the file's order */
};

static int compare_units(const void *pa, const void *pb)
{
	const struct unit *a = pa, *b = pb;

	if (a->ns != b->ns)
		return a->ns > b->ns ? -1 : 1;
	return a->at < b->at ? -1 : a->at > b->at;
}

static int answer_units(struct lines *l, Dwarf *dwarf, int out)
{
	VEC(struct unit) units = { 0 };
	struct unit u = { .at = 0 };
	Dwarf_CU *cu = NULL;
	int error = 0;

	while (!error && !dwarf_get_units(dwarf, cu, &cu, NULL, &u.type, &u.die, NULL)) {
		if (u.type != DW_UT_compile && u.type != DW_UT_skeleton)
			continue;
		error = find_hits(l, &u.die);
		u.ns = 0;
		u.at++;
		for (size_t i = 0; i < l->hits.count && l->q->ns; i++)
			u.ns += l->q->ns[l->hits.at[i].index];
		if (!error && l->hits.count)
			error = vec_push(&units, u);
	}
	if (units.count)
		qsort(units.at, units.count, sizeof(*units.at), compare_units);
	for (size_t i = 0; i < units.count && l->left && !error; i++)
		error = answer_unit(l, &units.at[i].die, units.at[i].type, out);
	vec_release(&units);
	return error;
}

int lines_answer(const struct lines_query *q, int out)
{
	struct lines l = { .q = q, .left = q->count, .out = STRBUF_INIT };
	int error = -ENODATA;
	Dwarf *dwarf;
	Elf *elf;

	if (!q->count || q->count > UINT32_MAX)
		return 0;
	l.done = calloc(q->count, sizeof(*l.done));
	if (!l.done)
		return -ENOMEM;
	elf_version(EV_CURRENT);
	elf = elf_begin(q->fd, ELF_C_READ_MMAP, NULL);
	dwarf = elf ? dwarf_begin_elf(elf, DWARF_C_READ, NULL) : NULL;
	if (dwarf)
		error = answer_units(&l, dwarf, out);
	dwarf_end(dwarf);
	elf_end(elf);
	vec_release(&l.hits);
	strbuf_release(&l.out);
	free(l.done);
	return error;
}

/* --- the other half --------------------------------------------------------------- */

int lines_parse(const void *bytes, size_t size, size_t count,
		int (*fn)(void *context, const struct lines_name *name), void *context)
{
	char function[LINES_TEXT_MAX + 1], file[LINES_TEXT_MAX + 1];
	const char *at = bytes, *end = at + size;
	uint32_t index = UINT32_MAX, level = 0;
	struct answer a;
	int error = 0;

	while (!error && (size_t)(end - at) >= sizeof(a)) {
		memcpy(&a, at, sizeof(a));
		at += sizeof(a);
		level = a.index == index ? level + 1 : 0;
		index = a.index;
		if (a.index >= count || a.level != level || level >= LINES_LEVELS_MAX ||
		    a.function_size > LINES_TEXT_MAX || a.file_size > LINES_TEXT_MAX ||
		    (size_t)(end - at) < (size_t)a.function_size + a.file_size)
			break;
		memcpy(function, at, a.function_size);
		function[a.function_size] = '\0';
		at += a.function_size;
		memcpy(file, at, a.file_size);
		file[a.file_size] = '\0';
		at += a.file_size;
		error = fn(context, &(struct lines_name){ .index = index,
							  .level = level,
							  .function = function,
							  .file = file,
							  .line = a.line });
	}
	return error;
}
