/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * endpoints: which processes have an object open, for reading or for writing:
 * who is at the other end of a pipe, who else has that socket. All processes of
 * the machine are asked, by an iterator over their open files, which says how
 * each was opened, and whether its owner catches signals, in one pass.
 *
 * Objects are named by the keys of wire_object, which are the same for all who
 * have a pipe or a socket open. Of the other anonymous kinds (eventfd …) only
 * those are meant who share the open file.
 */
#ifndef RUNWAIT_CAPTURE_ENDPOINTS_H
#define RUNWAIT_CAPTURE_ENDPOINTS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct runwait_bpf;

enum { ENDPOINTS_MAX = 16384 }; /* keys at a time */

struct endpoint_owner {
	uint64_t key;
	uint32_t tgid;
	bool reads, writes; /* what its descriptors allow, all together */
	bool catches_signals; /* it has handlers, but for those of faults */
	const char *comm; /* of the process */
};

/* Called once for each process and key. 0 or a negative errno, which ends the search. */
typedef int (*endpoint_fn)(void *ctx, const struct endpoint_owner *owner);

/* @skel: loaded with look_files. 0, what @fn returned, or a negative errno with a line. */
int endpoints_find(struct runwait_bpf *skel, const uint64_t *keys, size_t count, endpoint_fn fn,
		   void *ctx, struct error *err);

#endif
