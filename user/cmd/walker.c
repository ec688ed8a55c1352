/* SPDX-License-Identifier: GPL-2.0-only */
#include "cmd/walker.h"

#include "base/alloc.h"
#include "symbol/image.h"
#include "unwind/table.h"
#include "unwind/walk.h"

#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PAGE = 4096, PAGES = 4 /* of a stack, read at a time */ };

enum table_state { TABLE_UNTRIED, TABLE_MADE, TABLE_NONE };

struct module_table {
	enum table_state state;
	struct unwind_table table;
};

struct walker {
	struct spaces *spaces;
	struct modules *modules;
	struct unwind_arena arena;
	VEC(uint32_t *) chunks; /* owned: the arena's memory */
	struct unwind_rule *rules;
	VEC(struct module_table) tables; /* by module */
	uint32_t tgid; /* of the stack that is walked */
	uint64_t start; /* of the piece of memory that was read, */
	size_t size; /* whole pages but for the first */
	char memory[PAGES * PAGE];
};

static uint32_t *on_chunk(void *ctx, uint32_t number)
{
	struct walker *w = ctx;
	uint32_t *chunk = calloc(UNWIND_CHUNK_WORDS, sizeof(*chunk));

	(void)number;
	if (!chunk || vec_push(&w->chunks, chunk)) {
		free(chunk);
		return NULL;
	}
	return chunk;
}

struct walker *walker_new(struct spaces *spaces, struct modules *modules)
{
	struct walker *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->spaces = spaces;
	w->modules = modules;
	w->rules = calloc(UNWIND_RULES_MAX, sizeof(*w->rules));
	if (!w->rules || unwind_arena_init(&w->arena, on_chunk, w, w->rules)) {
		free(w->rules);
		free(w);
		return NULL;
	}
	return w;
}

void walker_free(struct walker *w)
{
	if (!w)
		return;
	unwind_arena_release(&w->arena);
	for (size_t i = 0; i < w->chunks.count; i++)
		free(w->chunks.at[i]);
	vec_release(&w->chunks);
	vec_release(&w->tables);
	free(w->rules);
	free(w);
}

/* --- memory -------------------------------------------------------------------------- */

/* Page by page, because what is read ends with the first piece that cannot be. */
static void fill(struct walker *w, uint64_t address)
{
	struct iovec local = { w->memory, 0 }, remote[PAGES];
	uint64_t at = address;
	ssize_t n;

	for (int i = 0; i < PAGES; i++) {
		size_t size = PAGE - (at & (PAGE - 1));

		remote[i] = (struct iovec){ (void *)(uintptr_t)at, size };
		local.iov_len += size;
		at += size;
	}
	n = process_vm_readv((pid_t)w->tgid, &local, 1, remote, PAGES, 0);
	w->start = address;
	w->size = n > 0 ? (size_t)n : 0;
}

static bool on_read(void *ctx, uint64_t address, void *to, size_t size)
{
	struct walker *w = ctx;

	if (address - w->start > w->size || w->size - (address - w->start) < size)
		fill(w, address);
	if (w->size < size || address - w->start > w->size - size)
		return false;
	memcpy(to, w->memory + (address - w->start), size);
	return true;
}

/* --- code ------------------------------------------------------------------------------ */

static void table_make(struct walker *w, uint32_t module, struct module_table *t)
{
	int rc = -ENODATA, fd;

	if (module_kind(w->modules, module) == MODULE_VDSO) {
		rc = unwind_table_build_vdso(&t->table, &w->arena);
	} else if (module_kind(w->modules, module) == MODULE_FILE) {
		fd = module_file_descriptor(w->modules, module);
		if (fd >= 0) {
			rc = unwind_table_build_fd(&t->table, &w->arena, fd);
			close(fd);
		}
	}
	t->state = rc ? TABLE_NONE : TABLE_MADE;
}

static const struct unwind_table *table_of(struct walker *w, uint32_t module)
{
	struct module_table *t;

	while (w->tables.count <= module)
		if (vec_push(&w->tables, (struct module_table){ 0 }))
			return NULL;
	t = &w->tables.at[module];
	if (t->state == TABLE_UNTRIED)
		table_make(w, module, t);
	return t->state == TABLE_MADE ? &t->table : NULL;
}

static const struct mapping *mapping_of(const struct walker *w, uint64_t pc)
{
	const struct mapping *m;
	size_t low = 0, high = spaces_code(w->spaces, w->tgid, &m);

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (m[middle].end <= pc)
			low = middle + 1;
		else
			high = middle;
	}
	return low < spaces_code(w->spaces, w->tgid, &m) && m[low].start <= pc ? &m[low] : NULL;
}

static enum walk_code on_rule(void *ctx, uint64_t pc, struct unwind_rule *ret)
{
	struct walker *w = ctx;
	const struct mapping *m = mapping_of(w, pc);
	const struct unwind_table *t = m ? table_of(w, m->module) : NULL;
	struct unwind_mapping at = { 0 };
	uint64_t page;

	if (!m)
		return WALK_NO_CODE;
	if (t)
		unwind_table_map(t, m->start, m->end - m->start, m->offset, &at);
	page = (pc - m->start) / UNWIND_PAGE + (uint64_t)(int64_t)at.shift;
	if (page >= at.index_count)
		return WALK_NO_TABLE;
	*ret = unwind_table_find(t, &w->arena,
				 t->address + page * UNWIND_PAGE + (pc & (UNWIND_PAGE - 1)));
	return WALK_TABLE;
}

uint32_t walker_walk(struct walker *w, const struct wire_look *look, uint64_t *frames,
		     uint8_t *ret_flags)
{
	static const struct walk_ops ops = { on_read, on_rule };
	static const uint8_t flags[] = {
		[WALK_ROOT] = WIRE_STACK_COMPLETE,
		[WALK_BROKEN] = 0,
		[WALK_CUT] = WIRE_STACK_TRUNCATED,
	};
	struct walk_registers r = { look->ip, look->sp, look->fp, look->di, NULL };
	enum walk_end end;
	size_t n;

	*ret_flags = 0;
	if (!look->ip)
		return 0;
	w->tgid = look->tgid;
	w->size = 0;
	n = walk_stack(&ops, w, &r, frames, WIRE_STACK_DEPTH_MAX, &end);
	*ret_flags = flags[end];
	return (uint32_t)n;
}
