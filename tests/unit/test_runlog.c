/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How many threads ran at each instant, whatever comes late: held against the
 * same as a plain array with an entry for each ns.
 */
#include "unit.h"

#include "base/alloc.h"
#include "core/runlog.h"

#include <stdlib.h>
#include <string.h>

enum {
	WINDOW_NS = 200000,
	NEAR_NS = 2000, /* truth that late is in the log still */
	RUNS_MAX = 3,
};

struct plain {
	int more[WINDOW_NS]; /* threads than 1 ns before */
	bool lost[WINDOW_NS];
};

static void plain_lose(struct plain *p, uint64_t from_ns, uint64_t to_ns)
{
	for (uint64_t t = from_ns; t < to_ns; t++)
		p->lost[t] = true;
}

static uint64_t plain_time(const struct plain *p, int k)
{
	uint64_t ns = 0;
	int running = 0;

	for (uint64_t t = 0; t < WINDOW_NS; t++) {
		running += p->more[t];
		ns += !p->lost[t] && running == k;
	}
	return ns;
}

struct both {
	struct context c;
	struct runlog *log;
	struct plain *plain;
	uint64_t now_ns;
};

static void both_begin(struct both *b)
{
	memset(b, 0, sizeof(*b));
	b->c.end_ns = WINDOW_NS;
	b->log = calloc(1, sizeof(*b->log));
	b->plain = calloc(1, sizeof(*b->plain));
	assert_true(b->log && b->plain);
	b->log->c = &b->c;
}

static void both_change(struct both *b, uint64_t from_ns, int delta)
{
	assert_int_equal(runlog_change(b->log, from_ns, delta), 0);
	b->plain->more[from_ns] += delta;
}

static void both_lose(struct both *b, uint64_t from_ns, uint64_t to_ns)
{
	assert_int_equal(runlog_lose(b->log, from_ns, to_ns), 0);
	plain_lose(b->plain, from_ns, to_ns);
}

/* One that comes and goes every 10 ns, until the log is as full as it gets. */
static void both_fill(struct both *b)
{
	while (b->log->count < RUNLOG_SIZE) {
		b->now_ns += 10;
		both_change(b, b->now_ns, b->now_ns % 20 ? 1 : -1);
	}
}

static void both_compare(struct both *b)
{
	assert_int_equal(runlog_finish(b->log), 0);
	for (size_t k = 0; k < 16; k++)
		assert_int_equal(k < b->log->settled.count ? b->log->settled.at[k] : 0,
				 plain_time(b->plain, (int)k));
}

static void both_end(struct both *b)
{
	runlog_release(b->log);
	free(b->log);
	free(b->plain);
}

/* The time that threads ran, all together. */
static uint64_t run_ns(const struct runlog *l)
{
	uint64_t ns = 0;

	for (size_t k = 0; k < l->settled.count; k++)
		ns += k * l->settled.at[k];
	return ns;
}

static void truth_that_comes_a_little_late_is_as_good_as_truth_in_time(void **state)
{
	uint64_t seed = 4711;
	struct both b;
	int runs = 0;

	(void)state;
	both_begin(&b);
	while (b.now_ns < WINDOW_NS - 2 * NEAR_NS) {
		uint64_t r = unit_random(&seed);
		uint64_t late_ns = b.now_ns - min_u64((r >> 10) % NEAR_NS, b.now_ns);

		b.now_ns += 1 + r % 8;
		if (r % 512 == 3) {
			both_lose(&b, late_ns, late_ns + (r >> 20) % 200);
		} else if (r % 4 == 1) {
			/* one that was there for a while */
			both_change(&b, late_ns, 1);
			both_change(&b, late_ns + (r >> 20) % 100, -1);
		} else {
			bool up = !runs || (runs < RUNS_MAX && r & 16);

			both_change(&b, b.now_ns, up ? 1 : -1);
			runs += up ? 1 : -1;
		}
	}
	both_compare(&b);
	both_end(&b);
}

static void a_change_within_the_oldest_of_a_full_log_is_exact(void **state)
{
	struct both b;

	(void)state;
	both_begin(&b);
	both_fill(&b);
	both_change(&b, 3, 1);
	both_change(&b, 7, -1);
	both_compare(&b);
	both_end(&b);
}

static void a_loss_that_a_full_log_has_all_of_is_exact(void **state)
{
	/* within the oldest, within another, from the oldest on, almost all of it */
	static const uint64_t losses[][2] = {
		{ 3, 7 }, { 203, 207 }, { 4, 75 }, { 31, 81000 }, { 5000, 5010 },
	};
	struct both b;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(losses); i++) {
		both_begin(&b);
		both_fill(&b);
		both_lose(&b, losses[i][0], losses[i][1]);
		both_compare(&b);
		both_end(&b);
	}
}

static void truth_that_comes_much_too_late_keeps_the_sum_of_runs_right(void **state)
{
	uint64_t before;
	struct both b;

	(void)state;
	/* a thread ran all the time, and that is known when the log has gone on */
	for (int delta = -1; delta <= 1; delta += 2) {
		both_begin(&b);
		both_fill(&b);
		b.now_ns++;
		both_change(&b, b.now_ns, 1);
		both_change(&b, b.now_ns + 1, -1);
		assert_true(b.log->settled_ns > 10000);
		before = run_ns(b.log);
		/* where none ran nobody can be taken off */
		assert_int_equal(runlog_change(b.log, b.log->log[0].from_ns - 7001, delta), 0);
		assert_int_equal(run_ns(b.log), delta > 0 ? before + 7001 : before - 7001);
		assert_int_equal(runlog_finish(b.log), 0);
		both_end(&b);
	}
}

static void a_loss_that_comes_much_too_late_takes_off_what_was_lost(void **state)
{
	uint64_t settled = 0;
	struct both b;

	(void)state;
	both_begin(&b);
	both_fill(&b);
	both_change(&b, b.now_ns + 1, 1);
	assert_int_equal(runlog_lose(b.log, 100, 7101), 0);
	assert_int_equal(runlog_finish(b.log), 0);
	for (size_t k = 0; k < b.log->settled.count; k++)
		settled += b.log->settled.at[k];
	assert_int_equal(settled, WINDOW_NS - 7001);
	assert_int_equal(b.log->settled_ns, settled);
	both_end(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(truth_that_comes_a_little_late_is_as_good_as_truth_in_time),
		cmocka_unit_test(a_change_within_the_oldest_of_a_full_log_is_exact),
		cmocka_unit_test(a_loss_that_a_full_log_has_all_of_is_exact),
		cmocka_unit_test(truth_that_comes_much_too_late_keeps_the_sum_of_runs_right),
		cmocka_unit_test(a_loss_that_comes_much_too_late_takes_off_what_was_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
