/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * frames: addresses of stacks become numbered places in modules while the
 * recording runs, and the places get names when it ends.
 *
 * The same place in a library is one frame in all processes. Names are looked
 * up once a frame, module by module, so that the symbols of one file at a time
 * are in memory. DWARF is read for the addresses that were seen, and no others.
 */
#ifndef RUNWAIT_SYMBOL_FRAMES_H
#define RUNWAIT_SYMBOL_FRAMES_H

#include "core/event.h"
#include "symbol/kernel.h"
#include "symbol/lines.h"
#include "symbol/module.h"
#include "symbol/space.h"

struct frames;

struct frames_options {
	const char *proc; /* "/proc"; copied */
	struct modules *modules; /* these must outlive it */
	struct spaces *spaces;
	struct kernel *kernel;
	/*
	 * Called with EVENT_FRAME when a frame is first seen, before its number
	 * is returned, and with EVENT_NAME by frames_resolve(). An error ends
	 * the call that made it and is its result.
	 */
	int (*emit)(void *context, const struct event *e);
	/*
	 * Called by frames_resolve() for each file with DWARF: runs
	 * lines_answer(), which may take long and may crash, somewhere safe and
	 * appends to @answers what it wrote, all or a part. An error is -ENOMEM.
	 * NULL: lines and inlined calls are not wanted.
	 */
	int (*answer)(void *context, const char *module, const struct lines_query *q,
		      struct strbuf *answers);
	void *context;
};

/* NULL when out of memory. */
struct frames *frames_new(const struct frames_options *options);
void frames_free(struct frames *f);

/*
 * The number (1, 2 …) of the frame at an address of a process. @exact: the
 * address itself was executed (a stack's leaf, the frame under a signal
 * handler); else it is a return address, whose call lies before it. One that
 * lies in no code of its process is no return address: the walk went astray,
 * and *ret_frame is 0. 0, -ENOMEM, -EOVERFLOW, or an error of emit.
 */
int frames_user(struct frames *f, uint32_t tgid, uint64_t time_ns, uint64_t address, bool exact,
		uint32_t *ret_frame);
int frames_kernel(struct frames *f, uint64_t time_ns, uint64_t address, bool exact,
		  uint32_t *ret_frame);

/*
 * A stack is made of these frames, and a thread stood in it that long. Where
 * threads stood longest is named first: reading DWARF may be ended early.
 */
int frames_stack(struct frames *f, uint32_t stack, const uint32_t *frames, uint32_t count);
void frames_use(struct frames *f, uint32_t stack, uint64_t ns);

/*
 * Names every frame that has none yet, with source lines and the functions
 * inlined there where DWARF tells. May be called again later, when there are
 * more. 0, -ENOMEM, or an error of emit; what cannot be named is left.
 */
int frames_resolve(struct frames *f, uint64_t time_ns);

#endif
