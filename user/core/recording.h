/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * recording: what is true of a whole recording, beside its events. The file
 * keeps it in its first chunk (what was known at the start) and its last
 * (what was known at the end); reports print it as their header.
 */
#ifndef RUNWAIT_CORE_RECORDING_H
#define RUNWAIT_CORE_RECORDING_H

#include "core/event.h"
#include "wire.h" /* enum wire_loss, which stands in files and reports as well */

#include <stdbool.h>
#include <stdint.h>

enum { LOSS_CAUSES = 8, RECORDING_PROBES = 24 };

/* Names of what was lost, by the number that the file and the probes use
 * (enum wire_loss of include/wire.h); NULL beyond the last. */
const char *loss_cause_name(int cause);

struct recording {
	/* known at the start; text is owned by whoever fills the struct */
	const char *command; /* argv joined by NULs, "" with -p and -a */
	size_t command_size;
	const char *kernel; /* uname release */
	const char *machine; /* uname machine */
	const char *host;
	const char *version; /* of the runwait that recorded */
	uint32_t cpus; /* online */
	uint32_t frequency_hz; /* of samples; 0 none */
	uint64_t min_wait_ns;
	bool stacks, children, whole_machine;
	/* one look at this process and all of its children, not in a file; 0: a recording */
	uint32_t snapshot_of;
	uint64_t start_ns; /* CLOCK_MONOTONIC: the window that reports are about begins */
	uint64_t start_realtime_ns; /* CLOCK_REALTIME at start_ns */
	uint64_t start_boottime_ns; /* CLOCK_BOOTTIME at start_ns */
	const char *probes[RECORDING_PROBES]; /* attached ones, "tp_btf/sched_switch" … */
	const char *missing[RECORDING_PROBES]; /* "what: why and what is lost by it" */
	int probe_count, missing_count;
	int missing_late_count; /* of missing, the last ones: known only at the end */
	/* known at the end */
	bool complete; /* it was: the rest below is filled */
	uint64_t end_ns; /* CLOCK_MONOTONIC: the window ends; of a cut file: its last event */
	/* CPU time of runwait itself, and the part of it that lies in the window, when the target
	 * ran */
	uint64_t collector_cpu_ns, collector_window_cpu_ns;
	uint64_t loss[LOSS_CAUSES]; /* by cause */
	int32_t exit_status; /* wait status of the command; -1 with -p and -a */
	/* known when a file has been read: chunks that could not be, and the events that
	 * were in them, at least one in each */
	uint32_t damaged_chunks, chunks;
	uint64_t damaged_events;
};

/* Whether a probe of this name was attached. */
bool recording_has_probe(const struct recording *r, const char *name);

#endif
