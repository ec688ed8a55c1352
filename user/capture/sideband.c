/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One perf ring a CPU (layout: linux/perf_event.h, struct
 * perf_event_mmap_page and PERF_RECORD_MMAP2). A record that wraps around the
 * ring's end is put together in a buffer first.
 */
#include "capture/sideband.h"

#include "base/alloc.h"

#include <linux/perf_event.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { SIDEBAND_PAGES = 256, /* a busy build machine maps some thousand files a second */
	SIDEBAND_RECORD_MAX = 64 << 10 };

struct sideband_ring {
	int fd;
	struct perf_event_mmap_page *page;
};

struct sideband {
	VEC(struct sideband_ring) rings;
	int ready; /* epoll of all rings */
	size_t page_size;
	uint64_t lost;
	char record[SIDEBAND_RECORD_MAX]; /* the one that is read */
};

/* PERF_RECORD_MMAP2 and, behind its text, the sample_id of our attr (pid, tid, time). */
struct mmap2_record {
	struct perf_event_header header;
	uint32_t pid, tid;
	uint64_t addr, len, pgoff;
	union {
		struct {
			uint32_t maj, min;
			uint64_t ino, ino_generation;
		};
		struct {
			uint8_t build_id_size;
			uint8_t reserved[3];
			uint8_t build_id[20];
		};
	};
	uint32_t prot, flags;
	char filename[];
};

struct sample_id {
	uint32_t pid, tid;
	uint64_t time;
};

static int ring_open(struct sideband *s, int cpu)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_DUMMY,
		.sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME,
		.sample_id_all = 1,
		.mmap = 1,
		.mmap2 = 1,
		.build_id = 1,
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
		.watermark = 1,
		.wakeup_watermark = 1,
	};
	struct epoll_event ready = { .events = EPOLLIN | EPOLLET };
	struct sideband_ring r;

	r.fd = (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	if (r.fd < 0 && errno == EINVAL) {
		attr.build_id = 0; /* before 5.12 */
		r.fd = (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	}
	if (r.fd < 0)
		return -errno;
	r.page = mmap(NULL, (SIDEBAND_PAGES + 1) * s->page_size, PROT_READ | PROT_WRITE, MAP_SHARED,
		      r.fd, 0);
	if (r.page == MAP_FAILED || vec_push(&s->rings, r)) {
		int rc = r.page == MAP_FAILED ? -errno : -ENOMEM;

		close(r.fd);
		return rc;
	}
	return epoll_ctl(s->ready, EPOLL_CTL_ADD, r.fd, &ready) ? -errno : 0;
}

int sideband_open(struct sideband **ret, struct error *err)
{
	struct sideband *s = calloc(1, sizeof(*s));
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	int rc = 0;

	if (!s)
		return -ENOMEM;
	s->page_size = (size_t)sysconf(_SC_PAGESIZE);
	s->ready = epoll_create1(EPOLL_CLOEXEC);
	for (int cpu = 0; cpu < cpus; cpu++) {
		rc = ring_open(s, cpu);
		if (rc && rc != -ENODEV) /* offline */
			break;
	}
	if (!s->rings.count || (rc && rc != -ENODEV)) {
		sideband_close(s);
		return error_set(err, rc ? rc : -ENODEV, "perf_event: %s",
				 strerror(rc ? -rc : ENODEV));
	}
	*ret = s;
	return 0;
}

void sideband_close(struct sideband *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->rings.count; i++) {
		munmap(s->rings.at[i].page, (SIDEBAND_PAGES + 1) * s->page_size);
		close(s->rings.at[i].fd);
	}
	vec_release(&s->rings);
	if (s->ready >= 0)
		close(s->ready);
	free(s);
}

int sideband_fd(const struct sideband *s)
{
	return s->ready;
}

uint64_t sideband_lost(const struct sideband *s)
{
	return s->lost;
}

/* The record at @tail, whole in memory: in place, or copied when it wraps. */
static const struct perf_event_header *record_at(struct sideband *s, struct sideband_ring *r,
						 uint64_t tail)
{
	const char *data = (const char *)r->page + s->page_size;
	size_t size = SIDEBAND_PAGES * s->page_size, at = tail % size;
	const struct perf_event_header *h = (const void *)(data + at);
	size_t first;

	/* records are 8-byte aligned, as is the ring: the header never wraps */
	if (h->size <= size - at)
		return h;
	first = size - at;
	memcpy(s->record, h, first);
	memcpy(s->record + first, data, h->size - first);
	return (const void *)s->record;
}

static int record_pass(const struct perf_event_header *h, sideband_fn fn, void *ctx)
{
	const struct mmap2_record *m = (const void *)h;
	const struct sample_id *id;
	struct sideband_mapping out;

	if (h->size < sizeof(*m) + sizeof(*id))
		return 0;
	id = (const void *)((const char *)h + h->size - sizeof(*id));
	if (!memchr(m->filename, '\0', h->size - sizeof(*m) - sizeof(*id)))
		return 0;
	out = (struct sideband_mapping){
		.time_ns = id->time,
		.tgid = m->pid,
		.tid = m->tid,
		.start = m->addr,
		.size = m->len,
		.file_offset = m->pgoff,
		.path = m->filename,
	};
	if (h->misc & PERF_RECORD_MISC_MMAP_BUILD_ID) {
		out.build_id_size = m->build_id_size <= 20 ? m->build_id_size : 0;
		memcpy(out.build_id, m->build_id, sizeof(out.build_id));
	} else {
		out.major = m->maj;
		out.minor = m->min;
		out.inode = m->ino;
	}
	return fn(ctx, &out);
}

int sideband_read(struct sideband *s, sideband_fn fn, void *ctx)
{
	struct epoll_event events[8];
	int rc = 0;

	/* edges: what comes from here on is news */
	while (epoll_wait(s->ready, events, (int)ARRAY_COUNT(events), 0) ==
	       (int)ARRAY_COUNT(events))
		;

	for (size_t i = 0; i < s->rings.count; i++) {
		struct sideband_ring *r = &s->rings.at[i];
		uint64_t head = __atomic_load_n(&r->page->data_head, __ATOMIC_ACQUIRE);
		uint64_t tail = r->page->data_tail;

		while (!rc && tail < head) {
			const struct perf_event_header *h = record_at(s, r, tail);

			if (h->size < sizeof(*h))
				break;
			if (h->type == PERF_RECORD_MMAP2)
				rc = record_pass(h, fn, ctx);
			else if (h->type == PERF_RECORD_LOST)
				s->lost += ((const uint64_t *)(h + 1))[1];
			tail += h->size;
		}
		__atomic_store_n(&r->page->data_tail, head, __ATOMIC_RELEASE);
		if (rc)
			break;
	}
	return rc;
}
