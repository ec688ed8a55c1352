/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sideband: which file is mapped where, as it happens. Perf's dummy event
 * reports each executable mapping of each process of the machine, without any
 * probe on the path.
 */
#ifndef RUNWAIT_CAPTURE_SIDEBAND_H
#define RUNWAIT_CAPTURE_SIDEBAND_H

#include "base/error.h"

#include <stdint.h>

struct sideband;

struct sideband_mapping {
	uint64_t time_ns; /* CLOCK_MONOTONIC */
	uint32_t tgid, tid;
	uint64_t start, size, file_offset;
	uint32_t major, minor;
	uint64_t inode; /* 0 with a build-id: the kernel gives one or the other */
	uint8_t build_id[20];
	uint8_t build_id_size; /* 0: none */
	const char *path; /* or "[vdso]", "//anon" */
};

typedef int (*sideband_fn)(void *ctx, const struct sideband_mapping *m);

/* 0, or a negative errno with a line; recording goes on without it. */
int sideband_open(struct sideband **ret, struct error *err);
/* Passes on what came since the last call, CPU by CPU. 0, or @fn's error. */
int sideband_read(struct sideband *s, sideband_fn fn, void *ctx);
/* Records that the kernel had no room for. */
uint64_t sideband_lost(const struct sideband *s);
/* Readable when there is something to read. */
int sideband_fd(const struct sideband *s);
void sideband_close(struct sideband *s);

#endif
