/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who waits for whom, as text: "A>B" A waits for B alone, "A!" for somebody who is
 * gone, "A>{p q}" for any thread of processes p and q, "A." for nothing. The
 * process of a thread is said behind it: "A/p>B". Letters are the nodes' order.
 */
#include "unit.h"

#include "core/waits_for.h"

#include "oom.h"

#include <string.h>

enum { NODES = 26 };

static void play(struct waits_for *w, const char *text)
{
	*w = (struct waits_for){ 0 };
	for (const char *p = text; *p;) {
		struct waits_for_node n = { .group = WAITS_FOR_NONE, .first = w->refs.count };

		assert_int_equal(*p++ - 'A', w->nodes.count);
		if (*p == '/') {
			n.group = (uint32_t)(p[1] - 'p');
			p += 2;
		}
		if (*p == '!') {
			n.kind = WAITS_FOR_NOBODY;
			p++;
		} else if (p[0] == '>' && p[1] == '{') {
			n.kind = WAITS_FOR_ANY;
			for (p += 2; *p != '}'; p++)
				if (*p != ' ') {
					n.count++;
					assert_int_equal(
						vec_push(&w->refs, (uint32_t)(*p - 'p')), 0);
				}
			p++;
		} else if (*p == '>') {
			n.kind = WAITS_FOR_THREAD;
			n.on = (uint32_t)(p[1] - 'A');
			p += 2;
		} else {
			assert_int_equal(*p++, '.');
		}
		assert_int_equal(vec_push(&w->nodes, n), 0);
		while (*p == ' ')
			p++;
	}
	w->groups = 8;
}

/* Who is stuck, then each knot's circle: "ABC AB". */
static void expect(const char *text, const char *stuck, const char *circles)
{
	char got[NODES + 1] = "", round[4 * NODES] = "";
	uint32_t circle[NODES];
	struct waits_for w;

	play(&w, text);
	assert_int_equal(waits_for_solve(&w), 0);
	for (size_t i = 0; i < w.nodes.count; i++) {
		const struct waits_for_node *n = &w.nodes.at[i];

		if (n->stuck)
			strncat(got, &"ABCDEFGHIJKLMNOPQRSTUVWXYZ"[i], 1);
		assert_int_equal(n->stuck, n->knot > 0);
	}
	for (uint32_t knot = 1; knot <= w.knots; knot++) {
		size_t n = waits_for_circle(&w, knot, circle);

		if (knot > 1)
			strcat(round, " ");
		for (size_t i = 0; i < n; i++)
			strncat(round, &"ABCDEFGHIJKLMNOPQRSTUVWXYZ"[circle[i]], 1);
	}
	assert_string_equal(got, stuck);
	assert_string_equal(round, circles);
	waits_for_release(&w);
}

static void who_waits_for_a_runner_is_not_stuck(void **state)
{
	(void)state;
	expect("A>B B>C C.", "", "");
}

static void two_that_wait_for_each_other_are_stuck(void **state)
{
	(void)state;
	expect("A>B B>A C.", "AB", "AB");
}

static void a_circle_is_told_in_its_order(void **state)
{
	(void)state;
	expect("A>C B>A C>D D>B", "ABCD", "ACDB");
}

static void who_waits_for_itself_is_a_circle(void **state)
{
	(void)state;
	expect("A. B>B", "B", "B");
}

static void who_is_behind_a_circle_is_stuck_and_not_in_it(void **state)
{
	(void)state;
	expect("A>B B>C C>D D>C E>A F.", "ABCDE", "CD");
}

static void who_waits_for_one_that_is_gone_is_stuck_and_so_are_those_behind(void **state)
{
	(void)state;
	expect("A>B B! C>A", "ABC", "B");
}

static void two_circles_are_two(void **state)
{
	(void)state;
	expect("A>B B>A C>D D>C E>C", "ABCDE", "AB CD");
}

static void one_writer_that_lives_is_enough(void **state)
{
	(void)state;
	expect("A/p>{q r} B/q>A C/r.", "", "");
}

static void when_all_writers_wait_for_the_reader_all_are_stuck(void **state)
{
	(void)state;
	expect("A/p>{q r} B/q>A C/r>A", "ABC", "AB");
}

static void one_thread_of_a_process_that_lives_is_enough(void **state)
{
	(void)state;
	expect("A/p>{q} B/q>A C/q.", "", "");
}

static void a_reader_of_its_own_pipe_is_stuck(void **state)
{
	(void)state;
	expect("A/p>{p}", "A", "A");
	expect("A/p>{p} B/p.", "", "");
}

static void a_circle_may_lead_through_a_pipe(void **state)
{
	(void)state;
	expect("A/p>{q} B/q>{r} C/r>A", "ABC", "ABC");
}

static void who_reads_from_the_stuck_is_behind_them(void **state)
{
	(void)state;
	expect("A/p>{q} B/q>C C/q>B", "ABC", "BC");
}

static void waiting_for_any_of_nobody_is_not_known_to_be_for_ever(void **state)
{
	(void)state;
	expect("A/p>{}", "", "");
}

static void freedom_comes_down_a_long_chain(void **state)
{
	(void)state;
	expect("A>B B>C C>D D>E E>F F>G G>H H>I I>J J.", "", "");
	expect("A>B B>C C>D D>E E>F F>G G>H H>I I>J J>J", "ABCDEFGHIJ", "J");
}

static void lack_of_memory_is_an_error(void **state)
{
	(void)state;
	OOM_SWEEP(50) {
		struct waits_for w;
		int rc;

		oom_fail_at(0);
		play(&w, "A/p>{q} B/q>A C>B");
		oom_fail_at(oom_nth);
		rc = waits_for_solve(&w);
		assert_int_equal(rc, oom_has_failed() ? -ENOMEM : 0);
		assert_true(rc || w.knots == 1);
		waits_for_release(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_waits_for_a_runner_is_not_stuck),
		cmocka_unit_test(two_that_wait_for_each_other_are_stuck),
		cmocka_unit_test(a_circle_is_told_in_its_order),
		cmocka_unit_test(who_waits_for_itself_is_a_circle),
		cmocka_unit_test(who_is_behind_a_circle_is_stuck_and_not_in_it),
		cmocka_unit_test(who_waits_for_one_that_is_gone_is_stuck_and_so_are_those_behind),
		cmocka_unit_test(two_circles_are_two),
		cmocka_unit_test(one_writer_that_lives_is_enough),
		cmocka_unit_test(when_all_writers_wait_for_the_reader_all_are_stuck),
		cmocka_unit_test(one_thread_of_a_process_that_lives_is_enough),
		cmocka_unit_test(a_reader_of_its_own_pipe_is_stuck),
		cmocka_unit_test(a_circle_may_lead_through_a_pipe),
		cmocka_unit_test(who_reads_from_the_stuck_is_behind_them),
		cmocka_unit_test(waiting_for_any_of_nobody_is_not_known_to_be_for_ever),
		cmocka_unit_test(freedom_comes_down_a_long_chain),
		cmocka_unit_test(lack_of_memory_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
