/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * past: what threads did lately. A wait for a lock is known when it is over; what
 * its holder did in the meantime was told before that, and is asked for here.
 *
 * One ring for all threads: memory is bounded whatever their number, and who does
 * more has a longer past in it. What fell out of it is told as not known.
 */
#ifndef RUNWAIT_CORE_PAST_H
#define RUNWAIT_CORE_PAST_H

#include "core/analysis.h"

enum { PAST_SIZE = 1 << 16 };

/* What a thread did for a while, in one piece. */
struct act {
	uint64_t from_ns, to_ns;
	uint32_t stack; /* where it did that; 0 not known */
	uint32_t object; /* what it waited for; 0 none */
	int16_t nr; /* system call of the wait, -1 none */
	uint8_t doing; /* enum wait_class, or HELD_… of result.h */
	uint8_t known_by; /* enum stack_from: how the stack is known */
};

/* A VEC of them. */
struct act_list {
	struct act *at;
	size_t count, cap;
};

struct past {
	const struct context *c;
	struct deed *ring;
	size_t cap; /* of the ring, until it is as large as it gets */
	uint64_t count; /* ever told */
	VEC(uint64_t) last; /* by thread: its latest, counted from 1; 0 none */
	VEC(struct deed) scratch;
};

void past_release(struct past *p);

/* The thread had no core. 0 or -ENOMEM, as all of them. */
int past_absence(struct past *p, const struct absence *a);
/* It ran, and where. */
int past_sample(struct past *p, uint32_t thread, uint64_t time_ns, uint32_t stack);
/* Nobody knows what it did. */
int past_unknown(struct past *p, uint32_t thread, uint64_t from_ns, uint64_t to_ns);

/*
 * Appends to @acts what @thread did from @from_ns to @to_ns, in order and without
 * a hole. It must have been told: a thread that is out until later has no past yet.
 * Where it ran, the stack is that of its next sample or switch.
 */
int past_ask(struct past *p, uint32_t thread, uint64_t from_ns, uint64_t to_ns,
	     struct act_list *acts);

#endif
