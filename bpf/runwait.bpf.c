/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel side of runwait, one probe family a header. They are compiled as
 * one unit, so that the steps they share are inlined into the scheduler's path.
 */
#include "kernel.h"

#include "loops.bpf.h"
#include "sample.bpf.h"
#include "sched.bpf.h"
#include "task.bpf.h"
#include "why.bpf.h"

char LICENSE[] SEC("license") = "GPL";
