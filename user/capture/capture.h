/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * capture: loads the probes, takes up the target, and hands out what they say,
 * record by record, in order of time.
 *
 *	capture_open     load and attach; nothing is recorded yet
 *	capture_target   mark what is to be recorded (-p), or capture_command (-- CMD)
 *	capture_seed     take up what exists; from here on everything is seen
 *	capture_drain    now and then: pass on what has come
 *	capture_stop     detach, pass on the rest and the waits that are not over
 *
 * The only user of libbpf and of the clocks. Losses are counted, never hidden:
 * capture_loss().
 */
#ifndef RUNWAIT_CAPTURE_CAPTURE_H
#define RUNWAIT_CAPTURE_CAPTURE_H

#include "capture/endpoints.h"
#include "base/error.h"
#include "config.h"
#include "wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct capture;
struct unwinding;

struct capture_options {
	bool all_tasks; /* -a */
	bool children; /* follow fork into new processes */
	bool stacks;
	bool loops; /* see event loops come round, whether they block or not */
	bool check_stacks; /* for tests: count remembered stacks that are wrong */
	uint32_t frequency_hz; /* of on-CPU samples; 0 none */
	uint64_t buffer_size; /* bytes a CPU, rounded up to a power of 2; 0: the default */
	uint64_t min_wait_ns;
	bool verbose; /* let libbpf and the verifier speak, on stderr */
};

enum { CAPTURE_BUFFER_MAX = 8 << 20, CAPTURE_PROBES_MAX = 16 };

/* Called with each record, in order of time; a negative errno ends the drain. */
typedef int (*capture_record_fn)(void *ctx, const struct wire_head *record);

/*
 * 0, or a negative errno with a line: -EPERM names what is missing and the
 * command that grants it. What is optional and refused is in capture_missing().
 */
int capture_open(const struct capture_options *options, struct capture **ret, struct error *err);
void capture_close(struct capture *c);

/* Marks a running process. -ESRCH when there is none. */
int capture_target(struct capture *c, pid_t pid, struct error *err);
/* Marks a process that is recorded from its next exec on. */
int capture_command(struct capture *c, pid_t pid, struct error *err);
/* Takes up the threads that exist, with what they are waiting for. */
int capture_seed(struct capture *c, capture_record_fn record, void *ctx, struct error *err);

/* Passes on the records that are older than the call. */
int capture_drain(struct capture *c, capture_record_fn record, void *ctx);
/* How full the fullest ring was at the last drain, 0 … 1. */
double capture_fill(const struct capture *c);
/* Detaches all probes, passes on the rest, then WIRE_OPEN for each thread that is out. */
int capture_stop(struct capture *c, capture_record_fn record, void *ctx, struct error *err);
/* As endpoints_find(), behind capture_open. */
int capture_endpoints(struct capture *c, const uint64_t *keys, size_t count, endpoint_fn fn,
		      void *ctx, struct error *err);

struct capture_cpu {
	uint32_t cpu;
	uint64_t target_ns, other_ns, idle_ns; /* since the probes were attached */
};
/* Finds out what each core is used for just now; capture_cpus() knows it from then on. What
 * does not answer is known from its first switch on. */
void capture_look(struct capture *c);
/* Core use up to now, one entry an online CPU; returns how many (at most @max). */
size_t capture_cpus(struct capture *c, struct capture_cpu *cpus, size_t max, uint64_t now_ns);
size_t capture_cpu_count(const struct capture *c);

/* To say where code is (capture/unwinding.h); NULL without stacks. Ends with the capture. */
struct unwinding *capture_unwinding(struct capture *c);

/* With check_stacks: stacks that were remembered, and those of them that were others. */
void capture_checked(const struct capture *c, uint64_t *ret_remembered, uint64_t *ret_wrong);

/* Totals by enum wire_loss, WIRE_LOSS_COUNT of them. */
void capture_loss(struct capture *c, uint64_t *loss);

/* Names of the attached probes, and "what: why; what is lost by it" of the others. */
size_t capture_probes(const struct capture *c, const char **names, size_t max);
size_t capture_missing(const struct capture *c, const char **lines, size_t max);

#endif
