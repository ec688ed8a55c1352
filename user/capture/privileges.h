/* SPDX-License-Identifier: GPL-2.0-only */
/* privileges: what this user may do and this kernel can, found by trying it. */
#ifndef RUNWAIT_CAPTURE_PRIVILEGES_H
#define RUNWAIT_CAPTURE_PRIVILEGES_H

#include "base/error.h"

#include <stdbool.h>

struct privileges {
	bool root; /* effective user 0 */
	/* effective capabilities */
	bool bpf, perfmon, sys_admin, sys_ptrace, syslog, dac_read_search;
	bool btf; /* /sys/kernel/btf/vmlinux is readable */
	bool sleepable_iterators; /* the kernel takes iter.s/task */
	int paranoid; /* kernel.perf_event_paranoid; -2 unknown */
	char lockdown[32]; /* "none", "integrity", "confidentiality"; "" unknown */
};

/* Whether the running kernel's release is at least @major.@minor. */
bool privileges_kernel_at_least(int major, int minor);
/* -ENOTSUP with a line: what to say of a kernel before 5.15 that refused the probes. */
int privileges_too_old(struct error *err);
/* What there is, without judging it. */
void privileges_read(struct privileges *p);
/*
 * 0 when recording is possible, else -EPERM or -ENOTSUP with one sentence and
 * the command that helps.
 */
int privileges_check(struct privileges *p, struct error *err);

#endif
