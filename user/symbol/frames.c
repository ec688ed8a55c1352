/* SPDX-License-Identifier: GPL-2.0-only */
#include "symbol/frames.h"

#include "base/map.h"
#include "symbol/demangle.h"
#include "symbol/hot.h"
#include "symbol/perfmap.h"
#include "symbol/source.h"

#include <stdlib.h>
#include <string.h>

/* Maps of more processes are opened by name at the end, if they are still there. */
enum { PERFMAPS_OPEN_MAX = 64 };

/* What a frame is by; what does not matter to a kind is 0. */
struct frame_key {
	uint64_t offset; /* as in struct event_frame */
	uint32_t module; /* FRAME_MODULE */
	uint32_t tgid; /* FRAME_JIT, FRAME_NOWHERE: whose address it is */
	uint32_t kind; /* enum frame_kind */
	uint32_t exact; /* not a return address */
};

/* In the order in which they are named: JIT frames by process, then modules. */
enum frame_kind { FRAME_NOWHERE, FRAME_JIT, FRAME_MODULE, FRAME_KERNEL };

struct frames {
	struct frames_options options; /* proc: owned */
	struct intern keys; /* struct frame_key; number 0 is frame 1 */
	size_t resolved; /* frames up to here were looked up */
	struct map perfmap_at; /* tgid -> index into perfmaps */
	VEC(struct perfmap_file) perfmaps;
	struct hot hot;
	struct strbuf name;
};

struct frames *frames_new(const struct frames_options *options)
{
	struct frames *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->options = *options;
	f->options.proc = strdup(options->proc);
	strbuf_init(&f->name);
	if (!f->options.proc) {
		free(f);
		return NULL;
	}
	return f;
}

void frames_free(struct frames *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->perfmaps.count; i++)
		perfmap_close(&f->perfmaps.at[i]);
	vec_release(&f->perfmaps);
	map_release(&f->perfmap_at);
	intern_release(&f->keys);
	hot_release(&f->hot);
	strbuf_release(&f->name);
	free((char *)f->options.proc);
	free(f);
}

/* The number of @key; says so when it is new. */
static int frames_put(struct frames *f, const struct frame_key *key, uint64_t time_ns,
		      const char *module, uint32_t *ret_frame)
{
	struct event e = { .type = EVENT_FRAME, .time_ns = time_ns };
	size_t before = intern_count(&f->keys);
	uint32_t id;
	int error = intern_put(&f->keys, key, sizeof(*key), &id);

	if (error)
		return error;
	if (intern_count(&f->keys) > before) {
		e.frame = (struct event_frame){
			.frame = id + 1,
			.kernel = key->kind == FRAME_KERNEL,
			.offset = key->offset,
			.module = module,
		};
		error = f->options.emit(f->options.context, &e);
	}
	if (!error)
		*ret_frame = id + 1;
	return error;
}

/* Opens a JIT's map while its process lives. */
static int frames_expect_perfmap(struct frames *f, uint32_t tgid)
{
	struct perfmap_file file = { .fd = -1 };

	if (map_get(&f->perfmap_at, tgid))
		return 0;
	perfmap_open(&file, f->options.proc, tgid);
	if (f->perfmaps.count >= PERFMAPS_OPEN_MAX)
		perfmap_close(&file);
	if (vec_reserve(&f->perfmaps, 1) || map_put(&f->perfmap_at, tgid, f->perfmaps.count)) {
		perfmap_close(&file);
		return -ENOMEM;
	}
	f->perfmaps.at[f->perfmaps.count++] = file;
	return 0;
}

int frames_user(struct frames *f, uint32_t tgid, uint64_t time_ns, uint64_t address, bool exact,
		uint32_t *ret_frame)
{
	struct frame_key key = { .exact = exact };
	struct space_place place;
	const char *module = "";
	/* a call may be the last instruction of what is mapped */
	int error = spaces_find(f->options.spaces, tgid, time_ns, address - !exact, &place);

	if (error == -ENOENT && !exact) {
		*ret_frame = 0;
		return 0;
	}
	if (error && error != -ENOENT && error != -ESRCH)
		return error;
	if (error) {
		key.kind = FRAME_NOWHERE;
		key.tgid = tgid;
		key.offset = address;
	} else {
		key.offset = place.offset + !exact;
		module = module_name(f->options.modules, place.module);
		if (module_kind(f->options.modules, place.module) == MODULE_JIT) {
			key.kind = FRAME_JIT;
			key.tgid = tgid;
			error = frames_expect_perfmap(f, tgid);
			if (error)
				return error;
		} else {
			key.kind = FRAME_MODULE;
			key.module = place.module;
			module_mark_used(f->options.modules, place.module);
		}
	}
	return frames_put(f, &key, time_ns, module, ret_frame);
}

int frames_kernel(struct frames *f, uint64_t time_ns, uint64_t address, bool exact,
		  uint32_t *ret_frame)
{
	struct frame_key key = { .kind = FRAME_KERNEL, .offset = address, .exact = exact };
	struct kernel_symbol symbol = { .module = "[kernel]" };
	int error = kernel_find(f->options.kernel, address - !exact, &symbol);

	if (error && error != -ENOENT)
		return error;
	return frames_put(f, &key, time_ns, symbol.module, ret_frame);
}

int frames_stack(struct frames *f, uint32_t stack, const uint32_t *frames, uint32_t count)
{
	return hot_stack(&f->hot, stack, frames, count);
}

void frames_use(struct frames *f, uint32_t stack, uint64_t ns)
{
	hot_use(&f->hot, stack, ns);
}

static int frames_emit_name(struct frames *f, uint64_t time_ns, uint32_t frame, const char *name)
{
	struct event e = {
		.type = EVENT_NAME,
		.time_ns = time_ns,
		.name = { .frame = frame, .function = name, .file = "" },
	};

	return *name ? f->options.emit(f->options.context, &e) : 0;
}

/* What one frame needs to be sorted and named. */
struct pending {
	struct frame_key key;
	uint64_t ns; /* that threads stood in it */
	uint32_t frame;
};

/* Frames of one module or process: they are named together. */
struct group {
	size_t first, count;
	uint64_t ns;
};

static int pending_compare(const void *pa, const void *pb)
{
	const struct pending *a = pa, *b = pb;

	if (a->key.kind != b->key.kind)
		return a->key.kind < b->key.kind ? -1 : 1;
	if (a->key.tgid != b->key.tgid)
		return a->key.tgid < b->key.tgid ? -1 : 1;
	if (a->key.module != b->key.module)
		return a->key.module < b->key.module ? -1 : 1;
	return a->frame < b->frame ? -1 : a->frame > b->frame;
}

/* Names @n JIT frames of one process. */
static int resolve_jit(struct frames *f, uint64_t time_ns, const struct pending *p, size_t n)
{
	const uint64_t *at = map_get(&f->perfmap_at, p->key.tgid);
	struct symtab table = SYMTAB_INIT;
	int error;

	if (!at)
		return 0;
	/* it may have been written only after its first frame was seen */
	perfmap_open(&f->perfmaps.at[*at], f->options.proc, p->key.tgid);
	error = perfmap_read(&f->perfmaps.at[*at], &table);
	for (size_t i = 0; i < n && !error; i++) {
		struct symbol symbol;

		if (symtab_find(&table, p[i].key.offset - !p[i].key.exact, &symbol))
			error = frames_emit_name(f, time_ns, p[i].frame, symbol.name);
	}
	symtab_release(&table);
	return error;
}

/*
 * All that a frame of a module is called: the function itself, outermost, by
 * its symbol, which is what others call it, and by DWARF what is inlined there.
 */
static int resolve_frame(struct frames *f, uint64_t time_ns, uint32_t frame, uint32_t module,
			 uint64_t offset, const struct source *source, size_t position)
{
	const struct source_name *names;
	size_t count = source_get(source, position, &names);
	struct event e = { .type = EVENT_NAME, .time_ns = time_ns, .name = { .frame = frame } };
	int error = 0;

	for (size_t level = 0; (!level || level < count) && !error; level++) {
		strbuf_clear(&f->name);
		if (level + 1 >= count)
			error = module_function(f->options.modules, module, offset, &f->name);
		if (level < count && (level + 1 < count || error == -ENOENT)) {
			demangle(intern_text(&source->text, names[level].function), &f->name);
			error = strbuf_error(&f->name);
		}
		if (error || !f->name.len)
			continue;
		e.name.function = f->name.buf;
		e.name.file = count ? intern_text(&source->text, names[level].file) : "";
		e.name.line = count ? names[level].line : 0;
		error = f->options.emit(f->options.context, &e);
		e.name.level++;
	}
	return error == -ENOENT ? 0 : error;
}

/* Names @n frames of one module. */
static int resolve_module(struct frames *f, uint64_t time_ns, const struct pending *p, size_t n)
{
	uint32_t module = p->key.module;
	struct source source = SOURCE_INIT;
	uint64_t *offsets = calloc(n, sizeof(*offsets)), *ns = calloc(n, sizeof(*ns));
	int error = offsets && ns ? 0 : -ENOMEM;

	for (size_t i = 0; i < n && !error; i++) {
		offsets[i] = p[i].key.offset - !p[i].key.exact;
		ns[i] = p[i].ns;
	}
	if (!error)
		error = source_read(&source, &f->options, module, offsets, ns, n);
	for (size_t i = 0; i < n && !error; i++)
		error = resolve_frame(f, time_ns, p[i].frame, module, offsets[i], &source, i);
	module_forget_functions(f->options.modules, module);
	source_release(&source);
	free(offsets);
	free(ns);
	return error;
}

static int resolve_kernel(struct frames *f, uint64_t time_ns, const struct pending *p, size_t n)
{
	struct kernel_symbol symbol;
	int error = 0;

	for (size_t i = 0; i < n && !error; i++) {
		error = kernel_find(f->options.kernel, p[i].key.offset - !p[i].key.exact,
				    &symbol);
		if (!error)
			error = frames_emit_name(f, time_ns, p[i].frame, symbol.name);
		else if (error == -ENOENT)
			error = 0;
	}
	return error;
}

static int resolve_group(struct frames *f, uint64_t time_ns, const struct pending *p, size_t n)
{
	switch (p->key.kind) {
	case FRAME_JIT:
		return resolve_jit(f, time_ns, p, n);
	case FRAME_MODULE:
		return resolve_module(f, time_ns, p, n);
	case FRAME_KERNEL:
		return resolve_kernel(f, time_ns, p, n);
	default:
		return 0;
	}
}

static int group_compare(const void *pa, const void *pb)
{
	const struct group *a = pa, *b = pb;

	if (a->ns != b->ns)
		return a->ns > b->ns ? -1 : 1;
	return a->first < b->first ? -1 : a->first > b->first;
}

/* Names @count frames, sorted by pending_compare(): first what was used longest. */
static int resolve_all(struct frames *f, uint64_t time_ns, const struct pending *p, size_t count)
{
	VEC(struct group) groups = { 0 };
	int error = 0;

	for (size_t i = 0; i < count && !error; i++) {
		const struct frame_key *before = i ? &p[i - 1].key : NULL, *key = &p[i].key;

		if (!before || before->kind != key->kind || before->tgid != key->tgid ||
		    before->module != key->module)
			error = vec_push(&groups, (struct group){ .first = i });
		if (error)
			break;
		groups.at[groups.count - 1].count++;
		groups.at[groups.count - 1].ns += p[i].ns;
	}
	if (groups.count)
		qsort(groups.at, groups.count, sizeof(*groups.at), group_compare);
	for (size_t i = 0; i < groups.count && !error; i++)
		error = resolve_group(f, time_ns, p + groups.at[i].first, groups.at[i].count);
	vec_release(&groups);
	return error;
}

int frames_resolve(struct frames *f, uint64_t time_ns)
{
	size_t total = intern_count(&f->keys), count = total - f->resolved;
	struct pending *p;
	uint64_t *ns;
	int error = 0;

	if (!count)
		return 0;
	p = calloc(count, sizeof(*p));
	ns = hot_frames(&f->hot, total + 1);
	if (!p || !ns)
		error = -ENOMEM;
	for (size_t i = 0; i < count && !error; i++) {
		uint32_t id = (uint32_t)(f->resolved + i);

		p[i].frame = id + 1;
		p[i].ns = ns[id + 1];
		memcpy(&p[i].key, intern_key(&f->keys, id, NULL), sizeof(p[i].key));
	}
	if (!error) {
		qsort(p, count, sizeof(*p), pending_compare);
		error = resolve_all(f, time_ns, p, count);
	}
	free(p);
	free(ns);
	if (!error)
		f->resolved = total;
	return error;
}
