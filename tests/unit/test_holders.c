/* SPDX-License-Identifier: GPL-2.0-only */
/* Blame for waits, against the same sum made in the simple way. */
#include "unit.h"

#include "oom.h"

#include "core/holders.h"

#include <string.h>

enum { PARTIES = 6, NOBODY = 0, WAITER = 5, STEPS = 6000 };

struct simple {
	struct {
		uint64_t from_ns;
		uint32_t party;
		bool read;
	} holds[2 * STEPS];
	size_t count;
	uint64_t blame_ns[PARTIES], inferred_ns[PARTIES];
};

static int with_parties(struct holders *h)
{
	for (uint32_t i = 0; i < PARTIES; i++)
		if (vec_push(&h->parties, (struct party){ .ender = ENDER_TASK, .id = i }))
			return -ENOMEM;
	return 0;
}

static int charge(struct holders *h, uint64_t from_ns, uint64_t to_ns, uint32_t waiter,
		  uint32_t otherwise)
{
	struct waited w = {
		.from_ns = from_ns, .to_ns = to_ns, .waiter = waiter, .otherwise = otherwise,
	};

	return holders_charge(h, NULL, &w);
}

static void simple_charge(struct simple *s, uint64_t from, uint64_t to)
{
	for (size_t i = 0; i <= s->count; i++) {
		uint64_t a = i ? s->holds[i - 1].from_ns : 0;
		uint64_t b = i < s->count ? s->holds[i].from_ns : UINT64_MAX;
		uint32_t party = i ? s->holds[i - 1].party : NOBODY;

		a = a > from ? a : from;
		b = b < to ? b : to;
		if (a >= b)
			continue;
		s->blame_ns[party] += b - a;
		if (party == NOBODY || !s->holds[i - 1].read)
			s->inferred_ns[party] += b - a;
	}
}

static void blame_is_that_of_looking_at_every_hold_of_every_wait(void **state)
{
	static struct simple s;

	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct holders h = { 0 };
		uint64_t random = seed * 77, t = 1000;

		memset(&s, 0, sizeof(s));
		assert_int_equal(with_parties(&h), 0);
		for (int i = 0; i < STEPS; i++) {
			uint32_t party = 1 + (uint32_t)(unit_random(&random) % (WAITER - 1));
			bool read = unit_random(&random) % 2;

			t += unit_random(&random) % 100;
			if (unit_random(&random) % 2) {
				/* the same one again is no news */
				if (s.count && s.holds[s.count - 1].party == party)
					read = s.holds[s.count - 1].read;
				assert_int_equal(holders_set(&h, NULL, t, party, read), 0);
				if (s.count && s.holds[s.count - 1].party == party)
					continue;
				s.holds[s.count].from_ns = t;
				s.holds[s.count].party = party;
				s.holds[s.count++].read = read;
			} else {
				uint64_t from = t - unit_random(&random) % 8000;

				if (s.count && from < s.holds[0].from_ns)
					from = s.holds[0].from_ns;
				from = from < t ? from : t;
				assert_int_equal(charge(&h, from, t, WAITER, NOBODY), 0);
				simple_charge(&s, from, t);
			}
		}
		assert_int_equal(holders_finish(&h, NULL), 0);
		for (uint32_t i = 0; i < PARTIES; i++) {
			assert_int_equal(h.parties.at[i].blame_ns, s.blame_ns[i]);
			assert_int_equal(h.parties.at[i].inferred_ns, s.inferred_ns[i]);
		}
		holders_release(&h);
	}
}

static void whatever_the_order_all_waiting_is_charged_once(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 50; seed++) {
		struct holders h = { 0 };
		uint64_t random = seed * 31, wait = 0, blamed = 0, told = 0;

		assert_int_equal(with_parties(&h), 0);
		for (int i = 0; i < STEPS; i++) {
			uint64_t a = unit_random(&random) % (100 + 10 * (uint64_t)i);
			uint64_t b = a + unit_random(&random) % 10000;
			uint32_t party = (uint32_t)(unit_random(&random) % PARTIES);
			uint32_t other = (uint32_t)(unit_random(&random) % PARTIES);

			switch (unit_random(&random) % 8) {
			case 0:
				assert_int_equal(holders_refuse(&h, NULL, a, party, other), 0);
				break;
			case 1:
				assert_int_equal(holders_let_go(&h, NULL, a, party, 7), 0);
				break;
			case 2:
			case 3:
				assert_int_equal(holders_set(&h, NULL, a, party, true), 0);
				break;
			default:
				assert_int_equal(charge(&h, a, b, party, NOBODY), 0);
				wait += b - a;
			}
		}
		assert_int_equal(holders_finish(&h, NULL), 0);
		for (uint32_t i = 0; i < PARTIES; i++) {
			blamed += h.parties.at[i].blame_ns;
			assert_true(h.parties.at[i].inferred_ns <= h.parties.at[i].blame_ns);
		}
		for (size_t i = 0; i < h.blames.count; i++)
			told += h.blames.at[i].ns;
		assert_int_equal(blamed, wait);
		assert_int_equal(told, wait);
		holders_release(&h);
	}
}

static void of_a_lock_that_nobody_is_known_to_hold_the_rest_is_to_blame(void **state)
{
	struct holders h = { 0 };

	(void)state;
	assert_int_equal(with_parties(&h), 0);
	assert_int_equal(charge(&h, 100, 300, 1, 2), 0);
	assert_int_equal(holders_set(&h, NULL, 250, 3, true), 0);
	assert_int_equal(charge(&h, 200, 400, 1, 2), 0);
	assert_int_equal(holders_finish(&h, NULL), 0);
	/* the first one as well waited, from 250 on, for the one who is known since */
	assert_int_equal(h.parties.at[2].blame_ns, 150 + 50);
	assert_int_equal(h.parties.at[2].inferred_ns, 200);
	assert_int_equal(h.parties.at[3].blame_ns, 50 + 150);
	assert_int_equal(h.parties.at[3].inferred_ns, 0);
	holders_release(&h);
}

static void who_waits_is_not_to_blame_for_that(void **state)
{
	struct holders h = { 0 };

	(void)state;
	assert_int_equal(with_parties(&h), 0);
	/* it was woken to get the lock, did not, and waits again */
	assert_int_equal(holders_set(&h, NULL, 100, WAITER, false), 0);
	assert_int_equal(charge(&h, 150, 250, WAITER, 2), 0);
	assert_int_equal(holders_finish(&h, NULL), 0);
	assert_int_equal(h.parties.at[2].blame_ns, 100);
	assert_int_equal(h.parties.at[WAITER].blame_ns, 0);
	holders_release(&h);
}

static void holds_are_counted_as_far_as_somebody_waited(void **state)
{
	struct holders h = { 0 };

	(void)state;
	assert_int_equal(with_parties(&h), 0);
	assert_int_equal(holders_set(&h, NULL, 100, 1, true), 0);
	assert_int_equal(holders_set(&h, NULL, 400, 2, false), 0);
	assert_int_equal(holders_set(&h, NULL, 1000, 3, false), 0);
	assert_int_equal(holders_set(&h, NULL, 2000, 4, true), 0);
	assert_int_equal(charge(&h, 200, 500, WAITER, NOBODY), 0);
	assert_int_equal(charge(&h, 300, 450, NOBODY, NOBODY), 0);
	assert_int_equal(charge(&h, 2000, 2010, WAITER, NOBODY), 0);
	assert_int_equal(holders_finish(&h, NULL), 0);
	/* 1 had it while one waited, then two; 2 while two and one; nobody waited for 3 */
	assert_int_equal(h.sums.count, 3);
	assert_int_equal(h.sums.ns, 200 + 100 + 10);
	assert_int_equal(h.sums.max_ns, 200);
	assert_int_equal(h.sums.max_blame_ns, 300);
	assert_int_equal(h.sums.handed, 1);
	assert_int_equal(h.parties.at[1].held, 2);
	assert_int_equal(h.parties.at[2].held, 2);
	assert_int_equal(h.parties.at[3].held, 0);
	assert_int_equal(h.parties.at[4].held, 1);
	holders_release(&h);
}

static void a_hold_longer_than_what_is_kept_is_one(void **state)
{
	struct holders h = { 0 };
	enum { WAITS = 5 * HOLDS_MAX };

	(void)state;
	assert_int_equal(with_parties(&h), 0);
	assert_int_equal(holders_set(&h, NULL, 100, 1, true), 0);
	for (uint64_t i = 0; i < WAITS; i++)
		assert_int_equal(charge(&h, 100 + 10 * i, 105 + 10 * i, WAITER, NOBODY), 0);
	assert_in_range(h.waits.count, 1, HOLDS_MAX);
	assert_int_equal(holders_finish(&h, NULL), 0);
	assert_int_equal(h.sums.count, 1);
	assert_int_equal(h.sums.max_ns, 5 * WAITS);
	assert_int_equal(h.parties.at[1].blame_ns, 5 * WAITS);
	assert_int_equal(h.parties.at[1].held, WAITS);
	holders_release(&h);
}

static void stacks_beyond_the_limit_are_not_told_apart_but_not_lost(void **state)
{
	struct holders h = { 0 };
	uint64_t told = 0;

	(void)state;
	assert_int_equal(with_parties(&h), 0);
	for (uint32_t i = 0; i < BLAMES_MAX + 100; i++) {
		struct blame_key key = { .party = 1, .held_stack = i + 1, .nr = -1 };

		assert_int_equal(holders_blame(&h, &key, 3, false), 0);
	}
	assert_int_equal(h.blames.count, BLAMES_MAX + 1);
	for (size_t i = 0; i < h.blames.count; i++)
		told += h.blames.at[i].ns;
	assert_int_equal(told, 3 * (BLAMES_MAX + 100));
	holders_release(&h);
}

static void every_allocation_may_fail_once(void **state)
{
	(void)state;
	OOM_SWEEP(80) {
		struct holders h = { 0 };
		int rc = with_parties(&h);

		for (uint32_t i = 0; i < 100 && !rc; i++)
			rc = holders_set(&h, NULL, i * 10, i % PARTIES, false);
		for (uint32_t i = 0; i < 100 && !rc; i++)
			rc = charge(&h, 5 * i, 900, 1, 2);
		if (!rc)
			rc = holders_finish(&h, NULL);
		assert_int_equal(rc, oom_has_failed() ? -ENOMEM : 0);
		holders_release(&h);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blame_is_that_of_looking_at_every_hold_of_every_wait),
		cmocka_unit_test(whatever_the_order_all_waiting_is_charged_once),
		cmocka_unit_test(of_a_lock_that_nobody_is_known_to_hold_the_rest_is_to_blame),
		cmocka_unit_test(who_waits_is_not_to_blame_for_that),
		cmocka_unit_test(holds_are_counted_as_far_as_somebody_waited),
		cmocka_unit_test(a_hold_longer_than_what_is_kept_is_one),
		cmocka_unit_test(stacks_beyond_the_limit_are_not_told_apart_but_not_lost),
		cmocka_unit_test(every_allocation_may_fail_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
