/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/sink.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { SINK_BUFFER = 64 << 10 };

static int sink_write_fd(struct sink *s, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(s->fd, p, len);

		if (n < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static int sink_write_memory(struct sink *s, const void *data, size_t len)
{
	strbuf_add(s->memory, data, len);
	return strbuf_error(s->memory);
}

void sink_open_fd(struct sink *s, int fd)
{
	*s = (struct sink){ .write = sink_write_fd, .fd = fd, .pending = STRBUF_INIT };
}

void sink_open_memory(struct sink *s, struct strbuf *sb)
{
	*s = (struct sink){ .write = sink_write_memory, .memory = sb, .pending = STRBUF_INIT };
}

int sink_flush(struct sink *s)
{
	if (!s->error)
		s->error = strbuf_error(&s->pending);
	if (!s->error && s->pending.len)
		s->error = s->write(s, s->pending.buf, s->pending.len);
	strbuf_clear(&s->pending);
	return s->error;
}

int sink_close(struct sink *s)
{
	int error = sink_flush(s);

	strbuf_release(&s->pending);
	return error;
}

void sink_add(struct sink *s, const void *data, size_t len)
{
	if (s->error)
		return;
	strbuf_add(&s->pending, data, len);
	if (s->pending.len >= SINK_BUFFER || s->pending.failed)
		sink_flush(s);
}

void sink_puts(struct sink *s, const char *text)
{
	sink_add(s, text, strlen(text));
}

void sink_addf(struct sink *s, const char *fmt, ...)
{
	va_list ap;

	if (s->error)
		return;
	va_start(ap, fmt);
	strbuf_vaddf(&s->pending, fmt, ap);
	va_end(ap);
	if (s->pending.len >= SINK_BUFFER || s->pending.failed)
		sink_flush(s);
}
