/* SPDX-License-Identifier: GPL-2.0-only */
/* What event loops are measured with: the records of returns, and histograms. */
#include "unit.h"

#include "core/decode.h"
#include "core/loops.h"
#include "wire.h"

static void a_spread_knows_its_quantiles_to_three_per_cent(void **state)
{
	uint64_t histogram[LOOP_STEPS], sum = 0;
	struct spread s = { 0 };

	(void)state;
	for (uint64_t i = 1; i <= 100000; i++)
		assert_int_equal(spread_add(&s, i * 1000), 0);
	for (int i = 1; i < 100; i++) {
		double got = (double)spread_at(&s, i / 100.0), want = i * 1e6;

		assert_true(got > 0.97 * want && got < 1.03 * want);
	}
	assert_int_equal(spread_at(&s, 1), 100000000);
	spread_steps(&s, histogram);
	for (int i = 0; i < LOOP_STEPS; i++)
		sum += histogram[i];
	assert_int_equal(sum, 100000);
	assert_int_equal(histogram[0], 0);
	assert_int_equal(spread_add(&s, UINT64_MAX), 0);
	assert_int_equal(spread_at(&s, 1), UINT64_MAX);
	spread_release(&s);
}

static int keep_event(void *ctx, const struct event *e)
{
	*(struct event *)ctx = *e;
	return 0;
}

static void returns_are_decoded_and_foreign_kinds_refused(void **state)
{
	struct wire_poll poll = { .head = { sizeof(poll), WIRE_POLL, WIRE_POLL_SELECT, 7 },
				  .time_ns = 30,
				  .sp = 0x7ffc0010,
				  .sequence = 12,
				  .count = 1024,
				  .result = -4,
				  .fd = 5,
				  .accepts = 2,
				  .cpu = 1 };
	struct decode_ops ops = { .emit = keep_event };
	struct event e = { 0 };
	struct decoder *d = decoder_new(MACHINE_X86_64, &ops, &e);

	(void)state;
	assert_non_null(d);
	assert_int_equal(decoder_record(d, &poll, sizeof(poll)), 0);
	assert_int_equal(e.type, EVENT_POLL);
	assert_int_equal(e.time_ns, 30);
	assert_int_equal(e.poll.thread, 7);
	assert_int_equal(e.poll.cpu, 1);
	assert_int_equal(e.poll.kind, POLL_SELECT);
	assert_int_equal(e.poll.sequence, 12);
	assert_int_equal(e.poll.sp, 0x7ffc0010);
	assert_int_equal(e.poll.fd, 5);
	assert_int_equal(e.poll.count, 1024);
	assert_int_equal(e.poll.result, -4);
	assert_int_equal(e.poll.accepts, 2);
	poll.head.flags = WIRE_POLL_IO_URING + 1;
	assert_int_equal(decoder_record(d, &poll, sizeof(poll)), 0);
	poll.head.flags = 0;
	assert_int_equal(decoder_record(d, &poll, sizeof(poll)), 0);
	assert_int_equal(decoder_record(d, &poll, sizeof(poll) - 8), 0);
	assert_int_equal(decoder_bad_records(d), 3);
	decoder_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_spread_knows_its_quantiles_to_three_per_cent),
		cmocka_unit_test(returns_are_decoded_and_foreign_kinds_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
