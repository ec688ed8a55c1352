/* SPDX-License-Identifier: GPL-2.0-only */
#include "file_bytes.h"

#include "random_event.h"
#include "unit.h"

#include <sys/mman.h>
#include <unistd.h>

void file_recording(struct recording *ret)
{
	*ret = (struct recording){
		.command = "sleep\0001\000",
		.command_size = 8,
		.kernel = "6.18.0",
		.machine = "x86_64",
		.host = "box",
		.version = "0.1.0",
		.cpus = 2,
		.frequency_hz = 99,
		.min_wait_ns = 5000,
		.stacks = true,
		.whole_machine = true,
		.start_ns = 123456789012,
		.start_realtime_ns = 1700000000000000000,
		.start_boottime_ns = 223456789012,
		.probes = { "tp_btf/sched_switch", "tp_btf/sched_waking" },
		.probe_count = 2,
		.missing = { "cpu-clock: not permitted; no samples" },
		.missing_count = 1,
		.complete = true,
		.end_ns = 133456789012,
		.collector_cpu_ns = 42000000,
		.collector_window_cpu_ns = 12000000,
		.loss = { 1, 0, 3, 4, 5, 0, 0, UINT64_MAX },
		.exit_status = -1,
	};
}

void file_write(struct strbuf *out, uint64_t seed, unsigned count, unsigned flush)
{
	struct random_events events = { .seed = seed };
	struct recording rec;
	struct file_writer *w;
	struct event e;
	char *room;
	size_t size;

	file_recording(&rec);
	assert_int_equal(file_writer_create(NULL, &rec, &w, NULL), 0);
	for (unsigned i = 0; i < count; i++) {
		random_event(&events, &e);
		assert_int_equal(file_writer_add(w, &e), 0);
		if (i % flush == flush - 1)
			assert_int_equal(file_writer_flush(w), 0);
	}
	assert_int_equal(file_writer_finish(w, &rec, NULL), 0);
	size = (size_t)file_writer_size(w);
	room = strbuf_room(out, size);
	assert_non_null(room);
	assert_int_equal(pread(file_writer_fd(w), room, size, 0), size);
	strbuf_cut(out, out->len + size);
	file_writer_close(w);
}

struct file_reader *file_open(const struct strbuf *bytes, struct error *err)
{
	struct file_reader *r = NULL;
	int fd = memfd_create("file", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes->buf, bytes->len), bytes->len);
	if (file_reader_open_fd(fd, "file", &r, err))
		return NULL;
	return r;
}
