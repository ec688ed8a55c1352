/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/strbuf.h"

#include "base/alloc.h"

#include <stdio.h>
#include <string.h>

char strbuf_empty[1];

void strbuf_init(struct strbuf *sb)
{
	*sb = (struct strbuf)STRBUF_INIT;
}

void strbuf_release(struct strbuf *sb)
{
	if (sb->cap)
		free(sb->buf);
	strbuf_init(sb);
}

void strbuf_clear(struct strbuf *sb)
{
	strbuf_cut(sb, 0);
	sb->failed = false;
}

void strbuf_cut(struct strbuf *sb, size_t len)
{
	sb->len = len;
	if (sb->cap)
		sb->buf[len] = '\0';
}

char *strbuf_room(struct strbuf *sb, size_t len)
{
	void *p = sb->cap ? sb->buf : NULL;
	size_t need;

	if (sb->failed)
		return NULL;
	if (__builtin_add_overflow(sb->len, len, &need) ||
	    __builtin_add_overflow(need, 1, &need) || alloc_grow(&p, &sb->cap, need, 1)) {
		sb->failed = true;
		return NULL;
	}
	sb->buf = p;
	sb->buf[sb->len] = '\0';
	return sb->buf + sb->len;
}

void strbuf_add(struct strbuf *sb, const void *data, size_t len)
{
	char *p = strbuf_room(sb, len);

	if (!p)
		return;
	if (len)
		memcpy(p, data, len);
	strbuf_cut(sb, sb->len + len);
}

void strbuf_puts(struct strbuf *sb, const char *s)
{
	strbuf_add(sb, s, strlen(s));
}

void strbuf_putc(struct strbuf *sb, char c)
{
	strbuf_add(sb, &c, 1);
}

void strbuf_pad(struct strbuf *sb, char c, size_t count)
{
	char *p = strbuf_room(sb, count);

	if (!p)
		return;
	memset(p, c, count);
	strbuf_cut(sb, sb->len + count);
}

void strbuf_vaddf(struct strbuf *sb, const char *fmt, va_list ap)
{
	va_list again;
	int n;
	char *p;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0) {
		sb->failed = true;
		return;
	}
	p = strbuf_room(sb, (size_t)n);
	if (!p)
		return;
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	strbuf_cut(sb, sb->len + (size_t)n);
}

void strbuf_addf(struct strbuf *sb, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(sb, fmt, ap);
	va_end(ap);
}

int strbuf_error(const struct strbuf *sb)
{
	return sb->failed ? -ENOMEM : 0;
}

char *strbuf_detach(struct strbuf *sb)
{
	char *p = sb->failed ? NULL : strbuf_room(sb, 0);

	if (p) {
		p = sb->buf;
		strbuf_init(sb);
	}
	return p;
}
