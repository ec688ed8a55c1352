/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * translate: the probes' records, with what /proc and perf tell beside them,
 * become events with names. It keeps the address spaces of the target up to
 * date, numbers frames, looks up futex addresses, and names the threads that
 * wake the target without being part of it.
 */
#ifndef RUNWAIT_CMD_TRANSLATE_H
#define RUNWAIT_CMD_TRANSLATE_H

#include "base/error.h"
#include "capture/sideband.h"
#include "core/event.h"
#include "core/syscall.h"
#include "wire.h"

struct translate;

typedef int (*translate_emit_fn)(void *ctx, const struct event *e);

/* @stacks: mappings and symbols are wanted. 0 or a negative errno with a line. */
int translate_open(enum machine machine, bool stacks, translate_emit_fn emit, void *ctx,
		   struct translate **ret, struct error *err);
/* Waits for what translate_open() left running. NULL is fine. */
void translate_ready(struct translate *t);
void translate_close(struct translate *t);

/* Where the code of processes is, as far as records told of them. */
struct spaces;
struct modules;
struct spaces *translate_spaces(struct translate *t);
struct modules *translate_modules(struct translate *t);

/* What could not be had, as one line for the recording's header; NULL: nothing. */
const char *translate_missing(const struct translate *t);

/* The same for what was found only by translate_names(). */
const char *translate_missing_late(const struct translate *t);

/* From now on the probes are told where code is (@u NULL: they need not be). 0 or -ENOMEM. */
struct unwinding;
int translate_tell(struct translate *t, struct unwinding *u);
/* Takes up the code of a process that exists and is recorded. 0 or -ENOMEM. */
int translate_take_up(struct translate *t, uint32_t tgid, uint64_t time_ns);
/* How long translate_record() may wait, in all until this is said again, for unwind tables that
 * are being made: of code on stacks that the probes could not walk yet. */
void translate_have_patience(struct translate *t, uint64_t patience_ns);
/* Tells the probes what is mapped where, as far as it is known: behind each drain. With
 * @wait_ns, waits so long at most until all code that is known can be walked. */
int translate_settle(struct translate *t, uint64_t wait_ns);
/* Descriptors that are readable when there is something to read or to settle; -1: none. */
enum { TRANSLATE_FDS = 2 };
void translate_fds(const struct translate *t, int fds[TRANSLATE_FDS]);

/* Reads the mappings that were made since the last call: before each drain. */
int translate_read_mappings(struct translate *t, sideband_fn fn, void *ctx);
int translate_mapping(struct translate *t, const struct sideband_mapping *m);
/* Makes events of one record. 0, or the emitter's error. */
int translate_record(struct translate *t, const struct wire_head *record);
/* Emits the names of all frames that were seen, with source lines where the files have DWARF:
 * that may take seconds. Once, at the end. */
int translate_names(struct translate *t);
/* Asks who has the other ends of what the target waited for, while they live. */
struct capture;
int translate_ends(struct translate *t, struct capture *capture);

/* Adds its own losses to @loss (by enum wire_loss). */
void translate_loss(const struct translate *t, uint64_t *loss);
/* Whether a thread is gone that was not yet seen to leave its core for good. */
bool translate_ending(const struct translate *t);
uint64_t translate_apart_cpu_ns(const struct translate *t); /* of processes that it had */
uint64_t translate_records(const struct translate *t); /* waits emitted */
uint64_t translate_threads(const struct translate *t); /* threads seen */

#endif
