/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is left of files that were cut, bent or made up. All chunks of the file
 * that is bent here are small, so that every byte of it can be.
 */
#include "base/alloc.h"
#include "file/file.h"
#include "file/format.h"
#include "file_bytes.h"
#include "random_event.h"
#include "simulated.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

enum { CHUNKS = 4, EVENTS = 12 }; /* of events; events of each */

struct sample {
	struct strbuf bytes;
	struct event events[CHUNKS][EVENTS];
	/* where each chunk begins: description, events, end; and where the file ends */
	size_t at[CHUNKS + 3];
	struct recording rec;
};

/* Chunks of a file from its bytes; how many. */
static unsigned chunks_find(const struct strbuf *file, size_t *at, unsigned max)
{
	size_t offset = FORMAT_HEADER_SIZE;
	struct chunk c;
	unsigned n = 0;

	while (n < max && offset < file->len &&
	       chunk_header_get((const uint8_t *)file->buf + offset, &c)) {
		at[n++] = offset;
		offset += CHUNK_HEADER_SIZE + c.packed_size;
	}
	at[n] = offset;
	return n;
}

static int sample_make(void **state)
{
	struct simulated machine = {
		.seed = 5,
		.cores = 2,
		.lockers = 3,
		.servers = 2,
		.locks = 2,
	};
	struct sample *s = calloc(1, sizeof(*s));
	struct file_writer *w;
	char *room;
	size_t size;

	assert_non_null(s);
	strbuf_init(&s->bytes);
	file_recording(&s->rec);
	s->rec.start_ns = 900000000; /* the machine begins at 1 s */
	s->rec.end_ns = 2000000000;
	assert_int_equal(file_writer_create(NULL, &s->rec, &w, NULL), 0);
	for (int c = 0; c < CHUNKS; c++) {
		for (int i = 0; i < EVENTS; i++) {
			simulated_next(&machine, &s->events[c][i]);
			assert_int_equal(file_writer_add(w, &s->events[c][i]), 0);
		}
		assert_int_equal(file_writer_flush(w), 0);
	}
	assert_int_equal(file_writer_finish(w, &s->rec, NULL), 0);
	size = (size_t)file_writer_size(w);
	room = strbuf_room(&s->bytes, size);
	assert_int_equal(pread(file_writer_fd(w), room, size, 0), size);
	strbuf_cut(&s->bytes, size);
	file_writer_close(w);
	assert_int_equal(chunks_find(&s->bytes, s->at, CHUNKS + 2), CHUNKS + 2);
	assert_int_equal(s->at[CHUNKS + 2], size);
	*state = s;
	return 0;
}

static int sample_free(void **state)
{
	struct sample *s = *state;

	strbuf_release(&s->bytes);
	free(s);
	return 0;
}

static uint64_t last_time(const struct sample *s, int chunk)
{
	uint64_t t = s->rec.start_ns;

	for (int c = 0; c <= chunk; c++)
		for (int i = 0; i < EVENTS; i++)
			t = s->events[c][i].time_ns > t ? s->events[c][i].time_ns : t;
	return t;
}

static void expect_lost(struct file_reader *r, uint64_t from_ns, uint64_t to_ns)
{
	for (uint16_t cpu = 0; cpu < 2; cpu++) {
		struct event e;

		assert_int_equal(file_reader_next(r, &e, NULL), 1);
		assert_int_equal(e.type, EVENT_LOST);
		assert_int_equal(e.time_ns, to_ns);
		assert_int_equal(e.lost.cpu, cpu);
		assert_int_equal(e.lost.from_ns, from_ns);
		assert_int_equal(e.lost.to_ns, to_ns);
	}
}

/* All events but those of chunk @bad (-1: none) of the first @whole chunks. */
static void expect_events(const struct sample *s, struct file_reader *r, int bad, int whole,
			  uint64_t end_ns)
{
	struct event e;

	for (int c = 0; c < whole; c++) {
		if (c == bad)
			continue;
		if (c == bad + 1 && bad >= 0)
			expect_lost(r, last_time(s, bad - 1), s->events[c][0].time_ns);
		for (int i = 0; i < EVENTS; i++) {
			assert_int_equal(file_reader_next(r, &e, NULL), 1);
			assert_events_equal(&s->events[c][i], &e);
		}
	}
	if (bad >= 0 && bad == whole - 1)
		expect_lost(r, last_time(s, bad - 1), end_ns);
	assert_int_equal(file_reader_next(r, &e, NULL), 0);
}

static void a_file_cut_anywhere_opens_up_to_its_last_whole_chunk(void **state)
{
	const struct sample *s = *state;

	for (size_t len = 0; len < s->bytes.len; len++) {
		struct strbuf part = STRBUF_INIT;
		struct error err = ERROR_INIT;
		struct file_reader *r;
		int whole = -1;

		strbuf_add(&part, s->bytes.buf, len);
		r = file_open(&part, &err);
		if (len < FORMAT_HEADER_SIZE) {
			assert_null(r);
			assert_string_equal(err.msg, "file is no recording of runwait");
			strbuf_release(&part);
			continue;
		}
		assert_non_null(r);
		while (whole < CHUNKS && s->at[whole + 2] <= len)
			whole++;
		assert_false(file_reader_recording(r)->complete);
		assert_non_null(strstr(file_reader_warning(r), "cut off"));
		assert_string_equal(file_reader_recording(r)->host, whole < 0 ? "" : s->rec.host);
		if (whole > 0)
			assert_int_equal(file_reader_recording(r)->end_ns,
					 last_time(s, whole - 1));
		expect_events(s, r, -1, whole < 0 ? 0 : whole, 0);
		file_reader_close(r);
		strbuf_release(&part);
	}
}

/* The file with something wrong at @at reads as it should. */
static void expect_bent(const struct sample *s, size_t at)
{
	struct error err = ERROR_INIT;
	struct file_reader *r = file_open(&s->bytes, &err);
	int chunk = -1;
	char line[80];

	if (at < FORMAT_HEADER_SIZE) {
		assert_null(r);
		assert_int_not_equal(err.msg[0], '\0');
		return;
	}
	assert_non_null(r);
	while (s->at[chunk + 1] <= at)
		chunk++;
	/* either the first or the last chunk is there, and each says this */
	assert_string_equal(file_reader_recording(r)->host, s->rec.host);
	assert_int_equal(file_reader_recording(r)->complete, chunk <= CHUNKS);
	if (chunk == 0 || chunk > CHUNKS)
		expect_events(s, r, -1, CHUNKS, 0);
	else
		expect_events(s, r, chunk - 1, CHUNKS, s->rec.end_ns);
	assert_non_null(file_reader_warning(r));
	if (chunk <= CHUNKS) {
		snprintf(line, sizeof(line), "chunk %d is damaged: 1 of %d chunks were skipped",
			 chunk, CHUNKS + 2);
		assert_string_equal(file_reader_warning(r), line);
	} else {
		assert_non_null(strstr(file_reader_warning(r), "cut off after "));
	}
	file_reader_close(r);
}

static void a_damaged_byte_costs_its_chunk_and_no_more(void **state)
{
	struct sample *s = *state;

	for (size_t at = 0; at < s->bytes.len; at++) {
		s->bytes.buf[at] ^= (char)0xff;
		expect_bent(s, at);
		s->bytes.buf[at] ^= (char)0xff;
	}
}

static void a_flipped_bit_of_a_header_costs_its_chunk_and_no_more(void **state)
{
	struct sample *s = *state;

	for (int h = -1; h < CHUNKS + 2; h++) {
		size_t start = h < 0 ? 0 : s->at[h];
		size_t size = h < 0 ? FORMAT_HEADER_SIZE : CHUNK_HEADER_SIZE;

		for (size_t bit = 0; bit < size * 8; bit++) {
			s->bytes.buf[start + bit / 8] ^= (char)(1 << bit % 8);
			expect_bent(s, start + bit / 8);
			s->bytes.buf[start + bit / 8] ^= (char)(1 << bit % 8);
		}
	}
}

static void several_damaged_chunks_are_one_hole(void **state)
{
	struct sample *s = *state;
	struct file_reader *r;
	struct event e;

	s->bytes.buf[s->at[2] + 3] ^= 1; /* a header */
	s->bytes.buf[s->at[3] + CHUNK_HEADER_SIZE + 5] ^= 1; /* the bytes behind one */
	r = file_open(&s->bytes, NULL);
	for (int i = 0; i < EVENTS; i++)
		assert_int_equal(file_reader_next(r, &e, NULL), 1);
	expect_lost(r, last_time(s, 0), s->events[3][0].time_ns);
	for (int i = 0; i < EVENTS; i++) {
		assert_int_equal(file_reader_next(r, &e, NULL), 1);
		assert_events_equal(&s->events[3][i], &e);
	}
	assert_int_equal(file_reader_next(r, &e, NULL), 0);
	assert_string_equal(file_reader_warning(r),
			    "chunk 2 is damaged: 2 of 6 chunks were skipped");
	assert_int_equal(file_reader_recording(r)->chunks, CHUNKS + 2);
	assert_int_equal(file_reader_recording(r)->damaged_chunks, 2);
	/* of a chunk without a header only that it was not empty is known */
	assert_int_equal(file_reader_recording(r)->damaged_events, EVENTS + 1);
	/* and once more, with the same outcome */
	assert_int_equal(file_reader_rewind(r), 0);
	assert_null(file_reader_warning(r));
	assert_int_equal(file_reader_recording(r)->damaged_events, 0);
	while (file_reader_next(r, &e, NULL) > 0)
		;
	assert_string_equal(file_reader_warning(r),
			    "chunk 2 is damaged: 2 of 6 chunks were skipped");
	file_reader_close(r);
}

static void a_chunk_that_comes_twice_counts_once(void **state)
{
	struct sample *s = *state;
	struct strbuf twice = STRBUF_INIT;
	struct file_reader *r;

	strbuf_add(&twice, s->bytes.buf, s->at[3]);
	strbuf_add(&twice, s->bytes.buf + s->at[1], s->bytes.len - s->at[1]);
	r = file_open(&twice, NULL);
	expect_events(s, r, -1, CHUNKS, 0);
	file_reader_close(r);
	strbuf_release(&twice);
}

static void noise_between_chunks_is_jumped_over(void **state)
{
	struct sample *s = *state;
	struct strbuf noisy = STRBUF_INIT;
	struct file_reader *r;

	strbuf_add(&noisy, s->bytes.buf, s->at[2]);
	/* more than a block of the search, with magics that begin nothing */
	for (int i = 0; i < 30000; i++)
		strbuf_add(&noisy, s->bytes.buf + s->at[0], 1 + (size_t)i % 8);
	strbuf_add(&noisy, s->bytes.buf + s->at[2], s->bytes.len - s->at[2]);
	r = file_open(&noisy, NULL);
	assert_true(file_reader_recording(r)->complete);
	expect_events(s, r, -1, CHUNKS, 0);
	file_reader_close(r);
	strbuf_release(&noisy);
}

static void zeros_at_the_end_are_a_cut(void **state)
{
	struct sample *s = *state;
	struct file_reader *r;

	/* what a power failure leaves of the last pages */
	memset(s->bytes.buf + s->at[3], 0, s->bytes.len - s->at[3]);
	r = file_open(&s->bytes, NULL);
	assert_false(file_reader_recording(r)->complete);
	expect_events(s, r, -1, 2, 0);
	file_reader_close(r);
}

static void what_follows_the_end_is_told_and_not_read(void **state)
{
	struct sample *s = *state;
	struct file_reader *r;

	strbuf_add(&s->bytes, "and more", 8);
	r = file_open(&s->bytes, NULL);
	assert_true(file_reader_recording(r)->complete);
	assert_string_equal(file_reader_warning(r),
			    "8 B behind the end of the recording were not read");
	file_reader_close(r);
}

/* With the checksum of a header that is what its writer wanted. */
static void header_sign(struct strbuf *file)
{
	uint32_t sum = (uint32_t)crc32(crc32(0, NULL, 0), (const Bytef *)file->buf,
				       FORMAT_HEADER_SIZE - 4);

	for (int i = 0; i < 4; i++)
		file->buf[FORMAT_HEADER_SIZE - 4 + i] = (char)(sum >> 8 * i);
}

static void a_newer_file_says_so(void **state)
{
	struct sample *s = *state;
	struct error err = ERROR_INIT;

	s->bytes.buf[8] = FORMAT_VERSION + 1;
	assert_null(file_open(&s->bytes, &err));
	assert_string_equal(err.msg, "file was written by a newer runwait: its format is 4, "
				     "this one reads up to 3");
	header_sign(&s->bytes);
	assert_null(file_open(&s->bytes, &err));
	assert_non_null(strstr(err.msg, "newer"));
	s->bytes.buf[8] = FORMAT_VERSION;
	assert_null(file_open(&s->bytes, &err));
	assert_string_equal(err.msg, "file: the header is damaged");
	header_sign(&s->bytes);
	file_reader_close(file_open(&s->bytes, &err));
}

static void an_older_file_is_read(void **state)
{
	struct sample *s = *state;
	struct error err = ERROR_INIT;
	struct file_reader *r;

	s->bytes.buf[8] = FORMAT_VERSION_OLDEST;
	header_sign(&s->bytes);
	r = file_open(&s->bytes, &err);
	assert_non_null(r);
	assert_true(file_reader_recording(r)->complete);
	file_reader_close(r);
	s->bytes.buf[8] = FORMAT_VERSION_OLDEST - 1;
	header_sign(&s->bytes);
	assert_null(file_open(&s->bytes, &err));
	assert_string_equal(err.msg, "file: the header is damaged");
}

/* Appends a chunk whose checksums are right, whatever it holds. */
static void add_chunk(struct strbuf *file, struct chunk c, const void *raw, size_t size,
		      uint32_t said_size)
{
	uint8_t header[CHUNK_HEADER_SIZE], packed[4096];
	uLongf n = sizeof(packed);

	assert_int_equal(compress2(packed, &n, raw, size, 9), Z_OK);
	c.raw_size = said_size;
	c.packed_size = (uint32_t)n;
	c.crc = (uint32_t)crc32(crc32(0, NULL, 0), packed, (uInt)n);
	chunk_header_put(&c, header);
	strbuf_add(file, header, sizeof(header));
	strbuf_add(file, packed, n);
}

static void lies_with_right_checksums_are_found(void **state)
{
	static const char zeros[100000];
	static const struct {
		const void *raw;
		size_t size;
		uint32_t said_size;
	} lies[] = {
		{ "\x01\x00", 2, 2 }, /* an event and no column */
		{ "\x00\x00", 2, 3 }, /* shorter than said */
		{ zeros, sizeof(zeros), 2 }, /* longer: a bomb */
		{ zeros, sizeof(zeros), sizeof(zeros) },
		{ "", 0, 0 },
		{ "", 0, CHUNK_RAW_MAX },
	};
	struct sample *s = *state;

	for (size_t i = 0; i < ARRAY_COUNT(lies); i++) {
		struct chunk c = { .type = CHUNK_EVENTS, .sequence = 1, .events = UINT32_MAX };
		struct strbuf file = STRBUF_INIT;
		struct file_reader *r;
		struct event e;

		strbuf_add(&file, s->bytes.buf, s->at[1]);
		add_chunk(&file, c, lies[i].raw, lies[i].size, lies[i].said_size);
		/* a number that leaves all others behind */
		c.sequence = UINT32_MAX;
		add_chunk(&file, c, lies[i].raw, lies[i].size, lies[i].said_size);
		r = file_open(&file, NULL);
		assert_non_null(r);
		assert_int_equal(file_reader_next(r, &e, NULL), 0);
		assert_non_null(strstr(file_reader_warning(r), "chunk 1 is damaged"));
		file_reader_close(r);
		strbuf_release(&file);
	}
}

static void a_description_full_of_lies_is_none(void **state)
{
	static const struct {
		const char *raw;
		size_t size;
	} lies[] = {
		{ "\x01", 1 }, /* a tag and nothing */
		{ "\x02\x05" "ab", 4 }, /* longer than there is */
		{ "\x02\x02" "ab", 4 }, /* a text without a NUL */
		{ "\x02\x00", 2 }, /* not even one */
		{ "\x06\x01\x80", 3 }, /* a number that does not end */
		{ "\x06\x02\x01\x01", 4 }, /* two where one is due */
		{ "\x06\x05\xff\xff\xff\xff\x7f", 7 }, /* too large for its field */
		{ "\x09\x01\x02", 3 }, /* a flag that is 2 */
		{ "\x14\x01\x80", 3 }, /* losses that do not end */
		{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(lies); i++) {
		struct chunk c = { .type = CHUNK_START };
		uint8_t header[FORMAT_HEADER_SIZE];
		struct strbuf file = STRBUF_INIT;
		struct file_reader *r;

		format_header_put(header);
		strbuf_add(&file, header, sizeof(header));
		add_chunk(&file, c, lies[i].raw, lies[i].size, (uint32_t)lies[i].size);
		r = file_open(&file, NULL);
		assert_non_null(r);
		assert_string_equal(file_reader_recording(r)->kernel, "");
		assert_int_equal(file_reader_recording(r)->cpus, 0);
		assert_non_null(strstr(file_reader_warning(r), "chunk 0 is damaged"));
		file_reader_close(r);
		strbuf_release(&file);
	}
}

static void unknown_tags_and_too_many_probes_are_left_out(void **state)
{
	struct strbuf meta = STRBUF_INIT, file = STRBUF_INIT;
	uint8_t header[FORMAT_HEADER_SIZE];
	struct chunk c = { .type = CHUNK_START };
	struct file_reader *r;

	(void)state;
	strbuf_add(&meta, "\xc8\x01\x03xyz", 6);
	for (int i = 0; i < 3 * RECORDING_PROBES; i++)
		strbuf_add(&meta, "\x0f\x02p", 4);
	strbuf_add(&meta, "\x06\x01\x07", 3);
	format_header_put(header);
	strbuf_add(&file, header, sizeof(header));
	add_chunk(&file, c, meta.buf, meta.len, (uint32_t)meta.len);
	r = file_open(&file, NULL);
	assert_int_equal(file_reader_recording(r)->probe_count, RECORDING_PROBES);
	assert_string_equal(file_reader_recording(r)->probes[RECORDING_PROBES - 1], "p");
	assert_int_equal(file_reader_recording(r)->cpus, 7);
	file_reader_close(r);
	strbuf_release(&file);
	strbuf_release(&meta);
}

#define BENT(f) cmocka_unit_test_setup_teardown(f, sample_make, sample_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BENT(a_file_cut_anywhere_opens_up_to_its_last_whole_chunk),
		BENT(a_damaged_byte_costs_its_chunk_and_no_more),
		BENT(a_flipped_bit_of_a_header_costs_its_chunk_and_no_more),
		BENT(several_damaged_chunks_are_one_hole),
		BENT(a_chunk_that_comes_twice_counts_once),
		BENT(noise_between_chunks_is_jumped_over),
		BENT(zeros_at_the_end_are_a_cut),
		BENT(what_follows_the_end_is_told_and_not_read),
		BENT(a_newer_file_says_so),
		BENT(an_older_file_is_read),
		BENT(lies_with_right_checksums_are_found),
		cmocka_unit_test(a_description_full_of_lies_is_none),
		cmocka_unit_test(unknown_tags_and_too_many_probes_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
