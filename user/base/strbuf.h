/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * strbuf: a growing byte string, always followed by a NUL that is not counted.
 *
 * The first failed allocation sets ->failed and every later call does nothing,
 * so a writer of many pieces checks once, at the end, with strbuf_error().
 */
#ifndef RUNWAIT_BASE_STRBUF_H
#define RUNWAIT_BASE_STRBUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct strbuf {
	char *buf; /* owned; never NULL after STRBUF_INIT */
	size_t len; /* bytes without the NUL */
	size_t cap;
	bool failed;
};

extern char strbuf_empty[];
#define STRBUF_INIT { strbuf_empty, 0, 0, false }

void strbuf_init(struct strbuf *sb);
void strbuf_release(struct strbuf *sb);
/* Forgets the contents and a failure, keeps the memory. */
void strbuf_clear(struct strbuf *sb);
/* Cuts to @len bytes, which must not be more than there are. */
void strbuf_cut(struct strbuf *sb, size_t len);

void strbuf_add(struct strbuf *sb, const void *data, size_t len);
void strbuf_puts(struct strbuf *sb, const char *s);
void strbuf_putc(struct strbuf *sb, char c);
void strbuf_pad(struct strbuf *sb, char c, size_t count);
void strbuf_addf(struct strbuf *sb, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void strbuf_vaddf(struct strbuf *sb, const char *fmt, va_list ap);

/* Room for @len more bytes, to be filled by hand; NULL when out of memory. */
char *strbuf_room(struct strbuf *sb, size_t len);

/* 0, or -ENOMEM when any call since the last clear failed. */
int strbuf_error(const struct strbuf *sb);

/* Hands the string to the caller, who frees it; NULL when out of memory. */
char *strbuf_detach(struct strbuf *sb);

#endif
