/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pieces: the steps by which a thread's life becomes known, and only forward.
 *
 * Each thread has a point, known_ns, up to which its life is accounted for, and
 * a state since then. A record of the thread moves the point:
 *
 *	known_ns          out_ns      woken_ns        in_ns = the next known_ns
 *	   |---- run ------|--- wait ----|-- runnable --|
 *
 * The kernel's switch counts number a thread's records. When they moved by more
 * than one, records between known_ns and out_ns are lost, and the time between
 * is unknown, but for what the core told: the thread ran until the core went
 * to somebody else (left_ns).
 *
 * Invariant: whatever the events, the pieces of a thread follow each other
 * from start_ns to known_ns. All functions return 0 or -ENOMEM.
 */
#ifndef RUNWAIT_CORE_PIECES_H
#define RUNWAIT_CORE_PIECES_H

#include "core/analysis.h"

static inline struct thread *thread_at(struct context *c, uint32_t index)
{
	return &c->threads.list.at[index];
}

/* An event that is not believed. */
static inline int pieces_ignore(struct context *c)
{
	c->ignored++;
	return 0;
}

/* Nobody knows what it did. */
int pieces_unknown(struct context *c, uint32_t thread, uint64_t from_ns, uint64_t to_ns);

/*
 * A thread that had a core, or was not heard of, since known_ns, until @to_ns,
 * which becomes known_ns. @whole: no record is missing, so it ran all along.
 */
int pieces_run(struct context *c, uint32_t thread, uint64_t to_ns, bool whole);

/*
 * A thread that was without a core since known_ns, as @out describes, got one at
 * @in_ns, which becomes known_ns. Not @ended: the recording was over first.
 */
int pieces_absence(struct context *c, uint32_t thread, const struct event_out *out, uint64_t in_ns,
		   bool ended, struct absence *ret);

/* How far the kernel's counts moved since known_ns; 0 or less: not at all, or nonsense. */
int32_t pieces_moved(const struct thread *t, uint32_t voluntary, uint32_t involuntary);

/* No record is missing before one with these counts. */
bool pieces_follow(const struct thread *t, uint32_t voluntary, uint32_t involuntary);

/*
 * Takes over the kernel's counts at a switch-out. Those between known_ns and
 * @out_ns are counted even if their records are lost, as long as all of them
 * are surely in the window.
 */
int pieces_count(struct context *c, uint32_t thread, uint64_t out_ns, uint32_t voluntary,
		 uint32_t involuntary, bool is_voluntary);

/* Waits that were only summed, to be taken out of the run that they lie in. */
int pieces_short(struct context *c, uint32_t thread, const struct event_short *brief);

#endif
