/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * model: events in, a result out. The one place where recordings become
 * threads and slices, live or from a file.
 *
 *	m = model_new(&options);
 *	while (next event) model_add(m, &e);
 *	model_finish(m, &recording, &result);
 *
 * Memory grows with threads, objects and stacks, not with events: slices are
 * handed to the analyses as soon as they are known and then forgotten.
 */
#ifndef RUNWAIT_CORE_MODEL_H
#define RUNWAIT_CORE_MODEL_H

#include "core/event.h"
#include "core/recording.h"
#include "core/result.h"
#include "core/stacks.h"

enum { LOOPS_SLOW_NS = 20000000 };

struct model_options {
	/* the window, CLOCK_MONOTONIC; 0: where the recording begins, and ends */
	uint64_t start_ns, end_ns;
	uint32_t tgid, tid; /* only these; 0 all */
	bool polls; /* the recording tells of each return to an event loop (--loops) */
	uint64_t slow_ns; /* rounds of a loop at least this long are stalls; 0: LOOPS_SLOW_NS */
	const char *machine; /* of the system call numbers (uname); NULL: x86_64 */
};

struct model;

/* NULL when out of memory. @options are copied. */
struct model *model_new(const struct model_options *options);
void model_free(struct model *m);

/* Takes one event; they come nearly in order of time, and each thread's in
 * order. 0 or -ENOMEM. Events that make no sense are counted, not believed. */
int model_add(struct model *m, const struct event *e);

/*
 * Closes what is open at recording->end_ns and fills @ret, which the caller
 * releases. Text in it points into the model: free that afterwards. The model
 * takes no more events. 0 or -ENOMEM.
 */
int model_finish(struct model *m, const struct recording *recording, struct result *ret);

/* The stacks that results name; owned by the model. */
const struct stacks *model_stacks(const struct model *m);

#endif
