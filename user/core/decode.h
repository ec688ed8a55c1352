/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * decode: the probes' records (include/wire.h) become events. The one place
 * that reads wire bytes, and it believes none of them: sizes, types, counts and
 * text are checked, what is wrong is counted and dropped.
 *
 * Stacks and objects, 64-bit hashes on the wire, get small numbers here.
 */
#ifndef RUNWAIT_CORE_DECODE_H
#define RUNWAIT_CORE_DECODE_H

#include "base/strbuf.h"
#include "core/event.h"
#include "core/syscall.h"

struct decode_ops {
	/* Called for each frame of a new stack: its number, which must have been
	 * emitted (EVENT_FRAME) when it is new; 0 when the address is in no code:
	 * there the stack ends. 0 or a negative errno. */
	int (*frame)(void *ctx, uint32_t tgid, bool kernel, uint64_t time_ns, uint64_t address,
		     bool exact, uint32_t *ret_frame);
	/* Called for a futex that was not seen before: appends what lies there
	 * (nothing when that is not known). *ret_sharing: 0, or what is the same
	 * number in all processes that share the memory. *ret_tid: 0, or the thread
	 * whose stack it is as this is asked. */
	int (*futex_place)(void *ctx, uint32_t tgid, uint64_t time_ns, uint64_t address,
			   struct strbuf *text, uint64_t *ret_sharing, uint32_t *ret_tid);
	/* Called for each new kernel stack: enum kernel_place. */
	uint8_t (*kernel_place)(void *ctx, const uint64_t *frames, uint32_t count);
	/* Takes one event. */
	int (*emit)(void *ctx, const struct event *e);
};

struct decoder;

/* NULL when out of memory. @ops are copied. */
struct decoder *decoder_new(enum machine machine, const struct decode_ops *ops, void *ctx);
void decoder_free(struct decoder *d);

/* Reads one record of @size bytes, 8-byte aligned, and emits what it means. 0, or
 * what the ops returned. */
int decoder_record(struct decoder *d, const void *record, size_t size);

/* Stacks and objects that were named but had not come; records that made no sense. */
uint64_t decoder_lost_stacks(const struct decoder *d);
uint64_t decoder_lost_objects(const struct decoder *d);
uint64_t decoder_bad_records(const struct decoder *d);

#endif
