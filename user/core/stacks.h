/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stacks: the stacks, frames and names of a recording, by number.
 *
 * Filled by the model from EVENT_STACK, EVENT_FRAME and EVENT_NAME. Numbers
 * come from files: every look-up copes with any number.
 */
#ifndef RUNWAIT_CORE_STACKS_H
#define RUNWAIT_CORE_STACKS_H

#include "base/strbuf.h"
#include "core/event.h"

struct stacks;

/* What a frame without a name is called whose stack somebody made by hand, in it. */
#define STACKS_NEW "<new stack>"

/* NULL when out of memory. */
struct stacks *stacks_new(void);
void stacks_free(struct stacks *s);

/* Takes one event of the three types. 0 or -ENOMEM; nonsense is ignored. */
int stacks_add(struct stacks *s, const struct event *e);

struct stack_view {
	const uint32_t *frames; /* leaf first; count of them */
	uint32_t count;
	uint8_t flags; /* STACK_… */
	uint8_t place; /* enum kernel_place */
};

/* False, and an empty view, when the stack is not known. */
bool stacks_get(const struct stacks *s, uint32_t stack, struct stack_view *ret);

/*
 * How many functions a frame is: one, and those that are inlined where it
 * stands. Whoever prints a stack prints them all, as frames of their own, from
 * level 0, the innermost, on.
 */
uint32_t stacks_levels(const struct stacks *s, uint32_t frame);

/* What the names of frames are marked with, as perf's stackcollapse does. */
enum {
	STACKS_MARK_KERNEL = 1, /* "_[k]" */
	STACKS_MARK_INLINED = 2, /* "_[i]": all levels but the last */
};

/*
 * Appends what a frame is called everywhere at a level: "function";
 * "module+0x1c40" where no symbol covers it; "0x7f…" where not even a module
 * does. @marks: STACKS_MARK_….
 */
void stacks_print_frame(const struct stacks *s, uint32_t frame, uint32_t level, unsigned int marks,
			struct strbuf *out);

/* Names of one frame, innermost inlined first: returns how many there are and
 * fills at most @max. 0: no symbol. */
struct frame_name {
	const char *function, *file; /* file: "" unknown */
	uint32_t line;
};
size_t stacks_names(const struct stacks *s, uint32_t frame, struct frame_name *names, size_t max);

/*
 * The first stack that was asked for here and stands in the same function (and those inlined
 * there), called from the same places: @stack itself when it is the first, or where it stands
 * has no name. Of a thread that runs each sample is of another instruction, and what is
 * summed up by stacks of such moments would not be summed up at all. 0 or -ENOMEM.
 */
int stacks_alike(struct stacks *s, uint32_t stack, uint32_t *ret);

/* How many names of frames have come so far. */
size_t stacks_name_count(const struct stacks *s);

/* Its module and offset; false when the frame is not known. */
bool stacks_frame(const struct stacks *s, uint32_t frame, struct event_frame *ret);

#endif
