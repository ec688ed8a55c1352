/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * process: which of a process's executable mappings the probes are told of, as
 * they have room for UNWIND_MAPPINGS_MAX of them.
 */
#ifndef RUNWAIT_UNWIND_PROCESS_H
#define RUNWAIT_UNWIND_PROCESS_H

#include "unwind.h"

#include <stddef.h>

/*
 * Fills p->mappings from @from: by start, disjoint. Neighbours without a table
 * become one, which is UNWIND_UNTOLD when any of them is. When there are too
 * many, so do those with nothing but a gap between them: all that the probes
 * ask of them is whether a frame pointer leads to code. What is left over gives
 * way to mappings with a table. Returns how many mappings there was no room for.
 */
size_t unwind_process_fill(struct unwind_process *p, const struct unwind_mapping *from,
			   size_t count);

#endif
