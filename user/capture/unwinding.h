/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * unwinding: what the probes need to walk user stacks: the unwind table of
 * each file with code, and where in each process which file's code is.
 *
 * A table is made once, when a recorded process is first said to have the
 * file, by a thread of its own: a large file takes 0.2 s, and nobody else may
 * wait for it. Until then, and for what has no table, the probes follow frame
 * pointers. What is in a process is said whole, each time that it changes.
 */
#ifndef RUNWAIT_CAPTURE_UNWINDING_H
#define RUNWAIT_CAPTURE_UNWINDING_H

#include "base/error.h"
#include "unwind.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct unwinding;

/* Executable memory of a process. */
struct unwinding_mapping {
	uint64_t start, end;
	uint64_t offset; /* in the file */
	uint32_t module; /* a number for the file, the caller's; small */
};

enum { UNWINDING_NO_FILE = -1, UNWINDING_VDSO = -2 };

/*
 * Called when a module's table is wanted, once for each: a descriptor, which
 * is closed here, or one of the above. Never called by the other thread.
 */
typedef int (*unwinding_file_fn)(void *ctx, uint32_t module);

/* Descriptors of the probes' maps, which stay the caller's. 0 or a negative errno with a line. */
int unwinding_new(int processes, int rules, int chunks, struct unwinding **ret, struct error *err);
void unwinding_free(struct unwinding *u);

/*
 * Says what a process has mapped: @count mappings by start, disjoint. Without
 * @create only of processes that are known already, because they were created
 * or forked by one that was; the others are not recorded. *ret_waits: some
 * have no table yet, say it again when unwinding_news() is true. 0 or -ENOMEM.
 */
int unwinding_process(struct unwinding *u, uint32_t tgid, const struct unwinding_mapping *mappings,
		      size_t count, bool create, unwinding_file_fn file, void *ctx,
		      bool *ret_waits);
/* The process ended. */
void unwinding_forget(struct unwinding *u, uint32_t tgid);
/* Wants the tables of these modules before any process has them. */
int unwinding_want(struct unwinding *u, const struct unwinding_mapping *mappings, size_t count,
		   unwinding_file_fn file, void *ctx);

/* The rule for the code at @offset of a module's file: 0; -ENODATA when it has no table, -EAGAIN
 * when that is not made, or not wanted yet. */
int unwinding_rule(struct unwinding *u, uint32_t module, uint64_t offset, struct unwind_rule *ret);

/* Whether tables were finished since the last call. */
bool unwinding_news(struct unwinding *u);
/* Readable when there is news. */
int unwinding_fd(const struct unwinding *u);
/* Waits until all tables that are wanted are made, at most so long. */
void unwinding_wait(struct unwinding *u, uint64_t timeout_ns);

struct unwinding_stats {
	uint32_t tables, failed; /* files; those that have no table count as failed */
	uint32_t refused; /* of failed: for want of room or memory */
	uint64_t rows, rules, rules_refused;
	uint64_t memory; /* bytes of tables */
	uint64_t build_ns;
	uint64_t mappings_refused; /* of the process that has most too many */
};
void unwinding_stats(struct unwinding *u, struct unwinding_stats *ret);

#endif
