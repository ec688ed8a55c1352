/* SPDX-License-Identifier: GPL-2.0-only */
#include "capture/iterate.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

int iterate(struct bpf_program *prog, capture_record_fn record, void *ctx, struct error *err)
{
	struct bpf_link *link = bpf_program__attach_iter(prog, NULL);
	union {
		struct wire_head head;
		char bytes[64 << 10];
	} buf;
	size_t have = 0;
	ssize_t n = -1;
	int fd, rc = 0;

	if (!link)
		return error_set(err, -errno, "cannot list the tasks: %s", strerror(errno));
	fd = bpf_iter_create(bpf_link__fd(link));
	while (fd >= 0 && !rc && (n = read(fd, buf.bytes + have, sizeof(buf) - have)) > 0) {
		size_t at = 0;

		have += (size_t)n;
		while (!rc && have - at >= sizeof(struct wire_head)) {
			const struct wire_head *h = (const void *)(buf.bytes + at);

			if (h->size < sizeof(*h) || h->size > have - at)
				break;
			rc = record(ctx, h);
			at += h->size;
		}
		memmove(buf.bytes, buf.bytes + at, have - at);
		have -= at;
	}
	if (fd < 0 || (n < 0 && !rc))
		rc = error_set(err, -errno, "cannot list the tasks: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
	bpf_link__destroy(link);
	return rc;
}
