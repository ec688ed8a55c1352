/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stacks and frames are numbered by whoever recorded them, so maps lead from
 * those numbers to positions here. All frames of all stacks lie in one pool;
 * the names of a frame are a chain, sorted by level. What was said first
 * stays: a second stack of the same number is the same one sent again.
 *
 * Stacks of Go have no mark of their end that a probe could see: they are walked
 * by frame pointers, and the runtime runs its scheduler and new threads with the
 * frame pointer of whoever was there before. Names tell where they end.
 */
#include "core/stacks.h"

#include "base/map.h"

#include <inttypes.h>
#include <string.h>

enum { NAMES_PER_FRAME_MAX = 128, NO_NAME = UINT32_MAX };

struct stack_entry {
	size_t first; /* in frame_pool */
	uint32_t count;
	uint8_t flags, place;
};

struct frame_entry {
	uint64_t offset;
	uint32_t module; /* in text */
	bool kernel;
};

struct name_entry {
	uint32_t level, line;
	uint32_t function, file; /* in text */
	uint32_t next; /* of the same frame, of a higher level; NO_NAME */
};

struct stacks {
	struct map stack_at, frame_at; /* number to position */
	struct map name_at; /* frame number to its first name */
	struct map tops; /* numbers of the frames at which stacks end */
	VEC(struct stack_entry) stacks;
	VEC(struct frame_entry) frames;
	VEC(struct name_entry) names;
	VEC(uint32_t) frame_pool;
	struct intern text;
	struct {
		size_t names; /* that were known for these */
		struct map of; /* stack to the first one like it */
		struct map first; /* number of the key to that */
		struct intern keys;
		VEC(uint32_t) scratch;
	} alike;
};

struct stacks *stacks_new(void)
{
	return calloc(1, sizeof(struct stacks));
}

void stacks_free(struct stacks *s)
{
	if (!s)
		return;
	map_release(&s->stack_at);
	map_release(&s->frame_at);
	map_release(&s->name_at);
	map_release(&s->tops);
	vec_release(&s->stacks);
	vec_release(&s->frames);
	vec_release(&s->names);
	vec_release(&s->frame_pool);
	intern_release(&s->text);
	map_release(&s->alike.of);
	map_release(&s->alike.first);
	intern_release(&s->alike.keys);
	vec_release(&s->alike.scratch);
	free(s);
}

static int stacks_add_stack(struct stacks *s, const struct event_stack *e)
{
	struct stack_entry entry = {
		.first = s->frame_pool.count,
		.count = e->count,
		.flags = e->flags,
		.place = e->place,
	};

	if (!e->stack || map_get(&s->stack_at, e->stack))
		return 0;
	if (vec_reserve(&s->frame_pool, e->count) || vec_reserve(&s->stacks, 1) ||
	    map_put(&s->stack_at, e->stack, s->stacks.count))
		return -ENOMEM;
	if (e->count)
		memcpy(s->frame_pool.at + entry.first, e->frames, e->count * sizeof(*e->frames));
	s->frame_pool.count += e->count;
	return vec_push(&s->stacks, entry);
}

static int stacks_add_frame(struct stacks *s, const struct event_frame *e)
{
	struct frame_entry entry = { .offset = e->offset, .kernel = e->kernel };
	int rc;

	if (!e->frame || map_get(&s->frame_at, e->frame))
		return 0;
	rc = intern_str(&s->text, e->module, &entry.module);
	if (rc)
		return rc;
	if (vec_reserve(&s->frames, 1) || map_put(&s->frame_at, e->frame, s->frames.count))
		return -ENOMEM;
	return vec_push(&s->frames, entry);
}

/*
 * The outermost function of a stack to Go's own tracebacks: topofstack() in
 * runtime/traceback.go, TOPFRAME in its assembly. What stands beyond is garbage
 * or, beyond mcall and morestack, a goroutine that may run elsewhere by now.
 * And where the stacks of coroutines begin: glibc's makecontext(), Boost.Context.
 * And where programs do, which often has no table.
 */
static bool is_top(const char *function)
{
	static const char *const tops[] = { "runtime.goexit", "runtime.mstart", "runtime.mcall",
					    "runtime.morestack", "runtime.rt0_go",
					    "__start_context", "make_fcontext", "_start",
					    STACKS_NEW };

	for (size_t i = 0; i < ARRAY_COUNT(tops); i++) {
		size_t len = strlen(tops[i]);

		/* since 1.17 assembly is called ….abi0 where there is another one for Go */
		if (!strncmp(function, tops[i], len) &&
		    (!function[len] || !strcmp(function + len, ".abi0")))
			return true;
	}
	return false;
}

static int stacks_add_name(struct stacks *s, const struct event_name *e)
{
	struct name_entry entry = { .level = e->level, .line = e->line };
	uint32_t here = (uint32_t)s->names.count, count = 0;
	uint32_t *link = NULL;
	uint64_t *first;
	int rc;

	if (!e->frame)
		return 0;
	rc = intern_str(&s->text, e->function, &entry.function);
	if (!rc)
		rc = intern_str(&s->text, e->file, &entry.file);
	if (rc)
		return rc;
	if (here == NO_NAME || vec_reserve(&s->names, 1) ||
	    (is_top(e->function) && map_put(&s->tops, e->frame, 1)))
		return -ENOMEM;
	first = map_get(&s->name_at, e->frame);
	if (!first || s->names.at[*first].level > e->level) {
		entry.next = first ? (uint32_t)*first : NO_NAME;
		if (map_put(&s->name_at, e->frame, here))
			return -ENOMEM;
		return vec_push(&s->names, entry);
	}
	for (uint32_t i = (uint32_t)*first; i != NO_NAME; i = s->names.at[i].next) {
		/* nobody inlines that deep: a hostile file would make this quadratic */
		if (s->names.at[i].level == e->level || ++count == NAMES_PER_FRAME_MAX)
			return 0;
		if (s->names.at[i].level > e->level)
			break;
		link = &s->names.at[i].next;
	}
	entry.next = *link;
	*link = here;
	return vec_push(&s->names, entry);
}

int stacks_add(struct stacks *s, const struct event *e)
{
	switch (e->type) {
	case EVENT_STACK:
		return stacks_add_stack(s, &e->stack);
	case EVENT_FRAME:
		return stacks_add_frame(s, &e->frame);
	case EVENT_NAME:
		return stacks_add_name(s, &e->name);
	default:
		return 0;
	}
}

/*
 * Such a stack ends there, wherever the walk went. Who is in one of these functions
 * itself may still be on the stack of its caller.
 */
static void cut_at_top(const struct stacks *s, struct stack_view *view)
{
	for (uint32_t i = 1; s->tops.count && i < view->count; i++) {
		if (!map_get(&s->tops, view->frames[i]))
			continue;
		view->count = i + 1;
		view->flags = (uint8_t)((view->flags & ~STACK_TRUNCATED) | STACK_COMPLETE);
	}
}

bool stacks_get(const struct stacks *s, uint32_t stack, struct stack_view *ret)
{
	const uint64_t *at = stack ? map_get(&s->stack_at, stack) : NULL;
	const struct stack_entry *entry;

	if (!at) {
		*ret = (struct stack_view){ 0 };
		return false;
	}
	entry = &s->stacks.at[*at];
	*ret = (struct stack_view){
		.frames = entry->count ? s->frame_pool.at + entry->first : NULL,
		.count = entry->count,
		.flags = entry->flags,
		.place = entry->place,
	};
	cut_at_top(s, ret);
	return true;
}

size_t stacks_names(const struct stacks *s, uint32_t frame, struct frame_name *names, size_t max)
{
	const uint64_t *first = map_get(&s->name_at, frame);
	size_t count = 0;

	for (uint32_t i = first ? (uint32_t)*first : NO_NAME; i != NO_NAME;
	     i = s->names.at[i].next) {
		const struct name_entry *entry = &s->names.at[i];

		if (count < max)
			names[count] = (struct frame_name){
				.function = intern_text(&s->text, entry->function),
				.file = intern_text(&s->text, entry->file),
				.line = entry->line,
			};
		count++;
	}
	return count;
}

/* What makes stacks alike: the functions at the innermost frame, and all other frames. */
static int alike_key(struct stacks *s, const struct stack_view *view, uint32_t first_name,
		     uint32_t *ret_key)
{
	s->alike.scratch.count = 0;
	for (uint32_t i = first_name; i != NO_NAME; i = s->names.at[i].next)
		if (vec_push(&s->alike.scratch, s->names.at[i].function))
			return -ENOMEM;
	if (vec_push(&s->alike.scratch, NO_NAME) || vec_push(&s->alike.scratch, view->flags))
		return -ENOMEM;
	for (uint32_t i = 1; i < view->count; i++)
		if (vec_push(&s->alike.scratch, view->frames[i]))
			return -ENOMEM;
	return intern_put(&s->alike.keys, s->alike.scratch.at,
			  s->alike.scratch.count * sizeof(*s->alike.scratch.at), ret_key);
}

int stacks_alike(struct stacks *s, uint32_t stack, uint32_t *ret)
{
	const uint64_t *known, *name;
	struct stack_view view;
	uint32_t key;
	int rc;

	*ret = stack;
	/* a name that comes later makes others alike */
	if (s->alike.names != s->names.count) {
		map_clear(&s->alike.of);
		s->alike.names = s->names.count;
	}
	known = map_get(&s->alike.of, stack);
	if (known) {
		*ret = (uint32_t)*known;
		return 0;
	}
	if (!stacks_get(s, stack, &view) || !view.count)
		return 0;
	name = map_get(&s->name_at, view.frames[0]);
	if (name) {
		rc = alike_key(s, &view, (uint32_t)*name, &key);
		if (rc)
			return rc;
		known = map_get(&s->alike.first, key);
		if (known)
			*ret = (uint32_t)*known;
		else if (map_put(&s->alike.first, key, stack))
			return -ENOMEM;
	}
	return map_put(&s->alike.of, stack, *ret);
}

size_t stacks_name_count(const struct stacks *s)
{
	return s->names.count;
}

bool stacks_frame(const struct stacks *s, uint32_t frame, struct event_frame *ret)
{
	const uint64_t *at = map_get(&s->frame_at, frame);
	const struct frame_entry *entry;

	if (!at)
		return false;
	entry = &s->frames.at[*at];
	*ret = (struct event_frame){
		.frame = frame,
		.kernel = entry->kernel,
		.offset = entry->offset,
		.module = intern_text(&s->text, entry->module),
	};
	return true;
}

uint32_t stacks_levels(const struct stacks *s, uint32_t frame)
{
	size_t count = stacks_names(s, frame, NULL, 0);

	return count ? (uint32_t)count : 1;
}

/* The name at a level, NULL when it has none. */
static const struct name_entry *name_at_level(const struct stacks *s, uint32_t frame,
					      uint32_t level)
{
	const uint64_t *first = map_get(&s->name_at, frame);
	uint32_t i = first ? (uint32_t)*first : NO_NAME;

	while (i != NO_NAME && level--)
		i = s->names.at[i].next;
	return i != NO_NAME ? &s->names.at[i] : NULL;
}

void stacks_print_frame(const struct stacks *s, uint32_t frame, uint32_t level, unsigned int marks,
			struct strbuf *out)
{
	const struct name_entry *name = name_at_level(s, frame, level);
	struct event_frame place;
	bool known = stacks_frame(s, frame, &place);

	if (name) {
		strbuf_puts(out, intern_text(&s->text, name->function));
	} else if (!known) {
		strbuf_puts(out, "[unknown]");
	} else if (!*place.module) {
		strbuf_addf(out, "0x%" PRIx64, place.offset);
	} else {
		/* the folder is the same for all and makes frames too wide to read */
		const char *slash = strrchr(place.module, '/');

		strbuf_addf(out, "%s+0x%" PRIx64, slash ? slash + 1 : place.module, place.offset);
	}
	if (known && place.kernel && marks & STACKS_MARK_KERNEL)
		strbuf_puts(out, "_[k]");
	else if (name && name->next != NO_NAME && marks & STACKS_MARK_INLINED)
		strbuf_puts(out, "_[i]");
}
