/* SPDX-License-Identifier: GPL-2.0-only */
/* Waits that are not over: whether a timer will end them if nobody else does. */
#include "core/decode.h"
#include "unit.h"
#include "wire.h"

/* of x86-64 */
enum { NR_READ = 0, NR_WRITE = 1, NR_POLL = 7, NR_RECVFROM = 45 };

static int on_event(void *ctx, const struct event *e)
{
	*(struct event *)ctx = *e;
	return 0;
}

static uint8_t waker_of(uint8_t type, uint8_t why, uint8_t flags, int16_t nr)
{
	const struct decode_ops ops = { .emit = on_event };
	struct wire_switch w = {
		.head = { sizeof(w), type, WIRE_SWITCH_VOLUNTARY, 7 },
		.tid = 101,
		.tgid = 100,
		.out_ns = 1000,
		.in_ns = 3000,
		.why = why,
		.waker_flags = flags,
		.nr = nr,
		.waker_nr = -1,
	};
	struct event e = { 0 };
	struct decoder *d = decoder_new(MACHINE_X86_64, &ops, &e);

	assert_non_null(d);
	assert_int_equal(decoder_record(d, &w, sizeof(w)), 0);
	decoder_free(d);
	return e.out.waker;
}

static uint8_t open_waker(uint8_t flags, int16_t nr)
{
	return waker_of(WIRE_OPEN, WIRE_WHY_BLOCKED, flags, nr);
}

static void a_call_that_gives_up_is_ended_by_its_timer(void **state)
{
	(void)state;
	assert_int_equal(open_waker(0, NR_READ), WAKER_UNKNOWN);
	assert_int_equal(open_waker(WIRE_WAKER_TIMER, NR_READ), WAKER_TIMER);
	assert_int_equal(open_waker(WIRE_WAKER_TIMER, -1), WAKER_TIMER);
}

static void what_a_socket_allows_for_sending_does_not_limit_receiving(void **state)
{
	(void)state;
	assert_int_equal(open_waker(WIRE_WAKER_TIMER_RECEIVE, NR_READ), WAKER_TIMER);
	assert_int_equal(open_waker(WIRE_WAKER_TIMER_RECEIVE, NR_RECVFROM), WAKER_TIMER);
	assert_int_equal(open_waker(WIRE_WAKER_TIMER_RECEIVE, NR_WRITE), WAKER_UNKNOWN);
	assert_int_equal(open_waker(WIRE_WAKER_TIMER_SEND, NR_WRITE), WAKER_TIMER);
	assert_int_equal(open_waker(WIRE_WAKER_TIMER_SEND, NR_READ), WAKER_UNKNOWN);
	/* poll has its own */
	assert_int_equal(open_waker(WIRE_WAKER_TIMER_RECEIVE, NR_POLL), WAKER_UNKNOWN);
}

static void only_waits_that_are_not_over_are_left_to_a_timer(void **state)
{
	(void)state;
	assert_int_equal(waker_of(WIRE_SWITCH, WIRE_WHY_BLOCKED, WIRE_WAKER_TIMER, NR_READ),
			 WAKER_UNKNOWN);
	assert_int_equal(waker_of(WIRE_OPEN, WIRE_WHY_PREEMPTED, WIRE_WAKER_TIMER, NR_READ),
			 WAKER_UNKNOWN);
	assert_int_equal(open_waker(WIRE_WAKER_TIMER | WIRE_WAKER_SEEN, NR_READ), WAKER_TASK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_that_gives_up_is_ended_by_its_timer),
		cmocka_unit_test(what_a_socket_allows_for_sending_does_not_limit_receiving),
		cmocka_unit_test(only_waits_that_are_not_over_are_left_to_a_timer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
