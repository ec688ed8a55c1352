/* SPDX-License-Identifier: GPL-2.0-only */
#include "symbol/source.h"

#include <unistd.h>

/* An address that is asked for, and whose frame's it is. */
struct asked {
	uint64_t address, ns;
	uint32_t frame;
};

struct reading {
	struct source *source;
	VEC(struct asked) asked; /* sorted */
	VEC(uint64_t) addresses, ns; /* the same */
	struct strbuf answers;
};

static int compare_asked(const void *pa, const void *pb)
{
	const struct asked *a = pa, *b = pb;

	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	return a->frame < b->frame ? -1 : a->frame > b->frame;
}

static int compare_names(const void *pa, const void *pb)
{
	const struct source_name *a = pa, *b = pb;

	if (a->frame != b->frame)
		return a->frame < b->frame ? -1 : 1;
	return a->level < b->level ? -1 : a->level > b->level;
}

static int take_name(void *context, const struct lines_name *name)
{
	struct reading *r = context;
	struct source_name to = {
		.frame = r->asked.at[name->index].frame,
		.level = name->level,
		.line = name->line,
	};
	int error = intern_str(&r->source->text, name->function, &to.function);

	if (!error)
		error = intern_str(&r->source->text, name->file, &to.file);
	return error ? -ENOMEM : vec_push(&r->source->names, to);
}

/* The addresses of all frames, sorted. */
static int prepare(struct reading *r, const struct frames_options *o, uint32_t module,
		   const uint64_t *offsets, const uint64_t *ns, size_t count)
{
	if (vec_reserve(&r->asked, count) || vec_reserve(&r->addresses, count) ||
	    vec_reserve(&r->ns, count))
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		struct asked a = { .frame = (uint32_t)i, .ns = ns[i] };

		if (module_code_address(o->modules, module, offsets[i], &a.address))
			r->asked.at[r->asked.count++] = a;
	}
	if (r->asked.count)
		qsort(r->asked.at, r->asked.count, sizeof(*r->asked.at), compare_asked);
	for (size_t i = 0; i < r->asked.count; i++) {
		r->addresses.at[r->addresses.count++] = r->asked.at[i].address;
		r->ns.at[r->ns.count++] = r->asked.at[i].ns;
	}
	return 0;
}

int source_read(struct source *s, const struct frames_options *o, uint32_t module,
		const uint64_t *offsets, const uint64_t *ns, size_t count)
{
	struct reading r = { .source = s, .answers = STRBUF_INIT };
	int fd = o->answer ? module_debug_descriptor(o->modules, module) : -1, error;

	if (fd < 0)
		return 0;
	error = prepare(&r, o, module, offsets, ns, count);
	if (!error && r.addresses.count) {
		struct lines_query q = { fd, r.addresses.at, r.ns.at, r.addresses.count };

		error = o->answer(o->context, module_name(o->modules, module), &q, &r.answers);
	}
	if (!error)
		error = strbuf_error(&r.answers);
	if (!error)
		error = lines_parse(r.answers.buf, r.answers.len, r.addresses.count, take_name, &r);
	if (!error && s->names.count)
		qsort(s->names.at, s->names.count, sizeof(*s->names.at), compare_names);
	strbuf_release(&r.answers);
	vec_release(&r.asked);
	vec_release(&r.addresses);
	vec_release(&r.ns);
	close(fd);
	return error;
}

void source_release(struct source *s)
{
	vec_release(&s->names);
	intern_release(&s->text);
}

size_t source_get(const struct source *s, size_t frame, const struct source_name **ret)
{
	size_t low = 0, high = s->names.count, count = 0;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (s->names.at[mid].frame < frame)
			low = mid + 1;
		else
			high = mid;
	}
	*ret = s->names.at + low;
	while (low + count < s->names.count && s->names.at[low + count].frame == frame)
		count++;
	return count;
}
