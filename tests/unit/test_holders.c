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
		if (vec_push(&h->parties, (struct party){ .ender = ENDER_THREAD, .id = i }))
			return -ENOMEM;
	return 0;
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
				assert_int_equal(holders_set(&h, t, party, read), 0);
				/* the same one again is no news, but for where it is from */
				if (s.count && s.holds[s.count - 1].party == party) {
					s.holds[s.count - 1].read |= read;
					continue;
				}
				s.holds[s.count].from_ns = t;
				s.holds[s.count].party = party;
				s.holds[s.count++].read = read;
			} else {
				uint64_t from = t - unit_random(&random) % 8000;

				if (s.count && from < s.holds[0].from_ns)
					from = s.holds[0].from_ns;
				holders_charge(&h, from < t ? from : t, t, WAITER, NOBODY);
				simple_charge(&s, from, t);
			}
		}
		holders_finish(&h);
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
		uint64_t random = seed * 31, wait = 0, blamed = 0;

		assert_int_equal(with_parties(&h), 0);
		for (int i = 0; i < STEPS; i++) {
			uint64_t a = unit_random(&random) % (100 + 10 * (uint64_t)i);
			uint64_t b = a + unit_random(&random) % 10000;
			uint32_t party = (uint32_t)(unit_random(&random) % PARTIES);

			if (unit_random(&random) % 2) {
				assert_int_equal(holders_set(&h, a, party, true), 0);
			} else {
				holders_charge(&h, a, b, party, NOBODY);
				wait += b - a;
			}
		}
		holders_finish(&h);
		for (uint32_t i = 0; i < PARTIES; i++) {
			blamed += h.parties.at[i].blame_ns;
			assert_true(h.parties.at[i].inferred_ns <= h.parties.at[i].blame_ns);
		}
		assert_int_equal(blamed, wait);
		holders_release(&h);
	}
}

static void of_a_lock_that_nobody_is_known_to_hold_the_rest_is_to_blame(void **state)
{
	struct holders h = { 0 };

	(void)state;
	assert_int_equal(with_parties(&h), 0);
	holders_charge(&h, 100, 300, 1, 2);
	assert_int_equal(holders_set(&h, 250, 3, true), 0);
	holders_charge(&h, 200, 400, 1, 2);
	holders_finish(&h);
	assert_int_equal(h.parties.at[2].blame_ns, 200 + 50);
	assert_int_equal(h.parties.at[2].inferred_ns, 250);
	assert_int_equal(h.parties.at[3].blame_ns, 150);
	assert_int_equal(h.parties.at[3].inferred_ns, 0);
	holders_release(&h);
}

static void who_waits_is_not_to_blame_for_that(void **state)
{
	struct holders h = { 0 };

	(void)state;
	assert_int_equal(with_parties(&h), 0);
	/* it was woken to get the lock, did not, and waits again */
	assert_int_equal(holders_set(&h, 100, WAITER, false), 0);
	holders_charge(&h, 150, 250, WAITER, 2);
	holders_finish(&h);
	assert_int_equal(h.parties.at[2].blame_ns, 100);
	assert_int_equal(h.parties.at[WAITER].blame_ns, 0);
	holders_release(&h);
}

static void every_allocation_may_fail_once(void **state)
{
	(void)state;
	OOM_SWEEP(50) {
		struct holders h = { 0 };
		int rc = with_parties(&h);

		for (uint32_t i = 0; i < 100 && !rc; i++)
			rc = holders_set(&h, i * 10, i % PARTIES, false);
		if (!rc)
			holders_charge(&h, 5, 900, 1, 2);
		assert_int_equal(rc, oom_has_failed() ? -ENOMEM : 0);
		holders_finish(&h);
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
		cmocka_unit_test(every_allocation_may_fail_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
