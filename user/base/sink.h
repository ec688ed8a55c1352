/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sink: where output goes, so that exporters and views know no file. The
 * first error is kept and later writes do nothing: check once, with flush.
 */
#ifndef RUNWAIT_BASE_SINK_H
#define RUNWAIT_BASE_SINK_H

#include "base/strbuf.h"

struct sink {
	/* Called with each piece, in order; 0 or a negative errno. */
	int (*write)(struct sink *s, const void *data, size_t len);
	struct strbuf pending; /* not yet written */
	int error; /* the first one */
	int fd; /* of sink_open_fd */
	struct strbuf *memory; /* of sink_open_memory, not owned */
};

/* Writes to @fd, which stays the caller's. EPIPE comes back as -EPIPE. */
void sink_open_fd(struct sink *s, int fd);
/* Appends to @sb, which stays the caller's. */
void sink_open_memory(struct sink *s, struct strbuf *sb);
/* Flushes, frees; returns the first error or 0. */
int sink_close(struct sink *s);

void sink_add(struct sink *s, const void *data, size_t len);
void sink_puts(struct sink *s, const char *text);
void sink_addf(struct sink *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int sink_flush(struct sink *s);

#endif
