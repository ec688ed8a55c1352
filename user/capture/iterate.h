/* SPDX-License-Identifier: GPL-2.0-only */
/* iterate: programs that the kernel runs once for each task or open file. */
#ifndef RUNWAIT_CAPTURE_ITERATE_H
#define RUNWAIT_CAPTURE_ITERATE_H

#include "capture/capture.h"

struct bpf_program;

/* Runs an iterator to its end; what its program writes are records. 0, an error of @record,
 * or a negative errno with a line. */
int iterate(struct bpf_program *prog, capture_record_fn record, void *ctx, struct error *err);

#endif
