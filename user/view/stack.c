/* SPDX-License-Identifier: GPL-2.0-only */
#include "view/views.h"

#include "base/fmt.h"

#include <string.h>

enum { LINE_FRAMES = 8, FRAME_COLUMNS = 48, FILE_COLUMNS = 32 };

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/*
 * Whether code is the runtime's of its language: where in there a program
 * waits is of no use to whom the program belongs.
 */
static bool is_runtime(const char *module, const char *file)
{
	static const char *const modules[] = {
		"libc.so", "libc-", "libpthread", "ld-linux", "ld-musl", "libm.so", "libm-",
		"libstdc++", "libc++", "libgcc_s",
	};
	static const char *const files[] = {
		"/usr/include/", /* headers of C++ */
		"/rustc/", /* Rust's, compiled elsewhere */
		"/usr/lib/go", "/usr/local/go/",
	};

	for (size_t i = 0; i < ARRAY_COUNT(modules); i++)
		if (!strncmp(base_name(module), modules[i], strlen(modules[i])))
			return true;
	for (size_t i = 0; i < ARRAY_COUNT(files); i++)
		if (!strncmp(file, files[i], strlen(files[i])))
			return true;
	return false;
}

/* A walk over what a stack is printed as: each frame's functions, innermost first. */
struct walk {
	const struct stacks *stacks;
	struct stack_view view;
	uint32_t at, level, levels; /* of view.frames[at] */
	uint32_t left; /* with this one */
};

static bool walk_begin(struct walk *w, const struct stacks *stacks, uint32_t stack)
{
	*w = (struct walk){ .stacks = stacks };
	if (!stacks || !stacks_get(stacks, stack, &w->view))
		return false;
	for (uint32_t i = 0; i < w->view.count; i++)
		w->left += stacks_levels(stacks, w->view.frames[i]);
	if (w->left)
		w->levels = stacks_levels(stacks, w->view.frames[0]);
	return w->left > 0;
}

static bool walk_next(struct walk *w)
{
	if (!--w->left)
		return false;
	if (++w->level == w->levels) {
		w->level = 0;
		w->levels = stacks_levels(w->stacks, w->view.frames[++w->at]);
	}
	return true;
}

/* Source file and line of where the walk is; false when they are not known. */
static bool walk_place(const struct walk *w, struct frame_name *ret)
{
	enum { LEVELS_MAX = 32 };
	struct frame_name names[LEVELS_MAX];

	if (w->level >= LEVELS_MAX ||
	    stacks_names(w->stacks, w->view.frames[w->at], names, LEVELS_MAX) <= w->level)
		return false;
	*ret = names[w->level];
	return *ret->file;
}

static bool walk_in_runtime(const struct walk *w, const struct frame_name *place)
{
	struct event_frame frame;

	return stacks_frame(w->stacks, w->view.frames[w->at], &frame) &&
	       is_runtime(frame.module, place->file);
}

/*
 * What the C library inlined into itself is left out here, there is too much
 * of it, and the first frame of the program itself has its line.
 */
void stack_line(const struct page *p, struct strbuf *sb, uint32_t stack)
{
	struct strbuf name = STRBUF_INIT;
	bool placed = false;
	uint32_t shown = 0;
	struct walk w;

	if (!walk_begin(&w, p->in->stacks, stack))
		return;
	do {
		struct frame_name place = { 0 };
		bool known = walk_place(&w, &place), runtime = known && walk_in_runtime(&w, &place);

		if (runtime && w.level + 1 < w.levels)
			continue;
		if (shown)
			strbuf_puts(sb, " ← ");
		if (shown++ == LINE_FRAMES && w.left > 1) {
			strbuf_addf(sb, "%u more", w.left);
			break;
		}
		strbuf_cut(&name, 0); /* not clear: a failure must be remembered */
		stacks_print_frame(w.stacks, w.view.frames[w.at], w.level, 0, &name);
		fmt_text(sb, name.buf, FRAME_COLUMNS);
		if (known && !runtime && !placed && place.line) {
			strbuf_puts(sb, " (");
			fmt_text(sb, base_name(place.file), FILE_COLUMNS);
			strbuf_addf(sb, ":%u)", place.line);
			placed = true;
		}
	} while (walk_next(&w));
	if (name.failed)
		sb->failed = true;
	strbuf_release(&name);
}

void json_stack(struct json *j, const char *key, const struct stacks *stacks, uint32_t stack)
{
	struct strbuf name = STRBUF_INIT;
	struct walk w;

	json_open_array(j, key);
	if (walk_begin(&w, stacks, stack)) {
		do {
			strbuf_cut(&name, 0);
			stacks_print_frame(stacks, w.view.frames[w.at], w.level, 0, &name);
			if (name.failed && !j->sink->error)
				j->sink->error = -ENOMEM;
			json_text(j, NULL, name.buf);
		} while (walk_next(&w));
	}
	json_close(j);
	strbuf_release(&name);
}
