/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * probes: the one table of what is attached to the kernel: what each probe
 * needs, gives and costs, and what is lost without it. record attaches from
 * it; check prints it.
 */
#ifndef RUNWAIT_CAPTURE_PROBES_H
#define RUNWAIT_CAPTURE_PROBES_H

#include "base/alloc.h"
#include "base/error.h"
#include "capture/capture.h"

struct runwait_bpf;
struct bpf_link;
struct bpf_program;

enum probe_state { PROBE_OFF, PROBE_ATTACHED, PROBE_REFUSED };

struct probes {
	struct runwait_bpf *skel; /* not owned */
	enum probe_state state[CAPTURE_PROBES_MAX]; /* by row of the table */
	char why[CAPTURE_PROBES_MAX][160]; /* REFUSED: "name: why; what is lost by it" */
	VEC(struct bpf_link *) links;
	VEC(int) samplers; /* perf event descriptors, one a CPU */
	uint64_t missed; /* runs that the kernel skipped, once detached */
};

/* The skeleton, of the programs that fit this kernel and user. NULL with errno. */
struct runwait_bpf *probes_open(void);
/* Loads the programs of @skel (opened, configured), those of event loops only for
 * @loops, leaving out optional ones that this kernel refuses. A line in @err when a
 * needed one is refused. */
int probes_load(struct probes *p, struct runwait_bpf *skel, bool loops, struct error *err);
int probes_attach(struct probes *p, uint32_t frequency_hz, struct error *err);
void probes_detach(struct probes *p);
void probes_release(struct probes *p);

/* The iterators that seed and flush, as this kernel has them. */
struct bpf_program *probes_seed_program(const struct probes *p);
struct bpf_program *probes_flush_program(const struct probes *p);
/* Runs of our programs that the kernel skipped (recursion), so far. */
uint64_t probes_missed(const struct probes *p);
size_t probes_names(const struct probes *p, const char **names, size_t max);
size_t probes_missing(const struct probes *p, const char **lines, size_t max);

/* A row of the table, for people. */
struct probe_info {
	const char *name; /* "tp_btf/sched_switch" */
	const char *gives;
	const char *costs;
	bool needed;
};

size_t probes_table(struct probe_info *rows, size_t max);

#endif
