/* SPDX-License-Identifier: GPL-2.0-only */
/* Who can never go on when a recording ends, and who may. */
#include "evscript.h"

#include <string.h>

/* A and B are threads of one process; C is another of it; D is a process. */
#define FOUR                                                                               \
	"10 task A found on cpu0\n"                                                         \
	"10 task B found on cpu1 of A\n"                                                    \
	"10 task C found on cpu2 of A\n"                                                    \
	"10 task D found on cpu3\n"
#define LATER "100000000 end\n"

/* Names of the first deadlock's circle, of who is behind it, and how many there are. */
static void expect(const char *script, size_t count, const char *circle, const char *behind)
{
	struct evscript_run run;
	char in[64] = "", after[64] = "";

	evscript_start(&run, script);
	assert_int_equal(run.result.deadlocks.count, count);
	if (count) {
		const struct result_deadlock *d = &run.result.deadlocks.at[0];

		for (size_t i = 0; i < d->circle.count; i++)
			strcat(in, run.result.waits.at[d->circle.at[i]].comm);
		for (size_t i = 0; i < d->behind.count; i++)
			strcat(after, run.result.waits.at[d->behind.at[i]].comm);
		assert_string_equal(run.result.findings.at[0].id, "deadlock");
	}
	for (size_t i = 0; i < run.result.findings.count && !count; i++)
		assert_string_not_equal(run.result.findings.at[i].id, "deadlock");
	assert_string_equal(in, circle);
	assert_string_equal(after, behind);
	evscript_stop(&run);
}

static void threads_that_have_each_others_lock_are_deadlocked(void **state)
{
	(void)state;
	expect(FOUR "100 cpu0 switch A>- wait futex 0x1010 mutex owner B\n"
		    "200 cpu1 switch B>- wait futex 0x1020 mutex owner A\n" LATER,
	       1, "AB", "");
}

static void who_joins_the_deadlocked_is_behind_them(void **state)
{
	(void)state;
	expect(FOUR "100 cpu0 switch A>- wait futex 0x1010 mutex owner B\n"
		    "200 cpu1 switch B>- wait futex 0x1020 mutex owner A\n"
		    "300 cpu2 switch C>- wait futex 0x1030 join owner B\n" LATER,
	       1, "AB", "C");
}

static void who_locks_what_it_has_is_deadlocked_with_itself(void **state)
{
	(void)state;
	expect(FOUR "100 cpu0 switch A>- wait futex 0x1010 mutex owner A\n" LATER, 1, "A", "");
}

static void a_holder_that_runs_will_let_go(void **state)
{
	(void)state;
	expect(FOUR "100 cpu0 switch A>- wait futex 0x1010 mutex owner B\n" LATER, 0, "", "");
}

static void a_holder_that_sleeps_will_let_go(void **state)
{
	(void)state;
	expect(FOUR "100 cpu0 switch A>- wait futex 0x1010 mutex owner B\n"
		    "200 cpu1 switch B>- wait nanosleep\n" LATER,
	       0, "", "");
}

static void a_holder_that_was_woken_will_let_go(void **state)
{
	(void)state;
	expect(FOUR "100 cpu0 switch A>- wait futex 0x1010 mutex owner B\n"
		    "200 cpu1 switch B>- wait futex 0x1020 mutex owner A\n"
		    "300 wake B by D\n"
		    "400 cpu1 switch ->B\n" LATER,
	       0, "", "");
}

static void who_waits_with_a_timeout_goes_on_some_time(void **state)
{
	(void)state;
	expect(FOUR "100 cpu0 switch A>- wait futex 0x1010 mutex owner B\n"
		    "200 cpu1 switch B>- wait futex 0x1020 mutex owner A arg3 0x7000\n" LATER,
	       0, "", "");
}

static void a_wait_that_has_just_begun_says_nothing(void **state)
{
	(void)state;
	expect(FOUR "100 cpu0 switch A>- wait futex 0x1010 mutex owner B\n"
		    "49999000 cpu1 switch B>- wait futex 0x1020 mutex owner A\n"
		    "90000000 end\n",
	       0, "", "");
}

static void a_condition_may_be_signalled_by_anyone(void **state)
{
	(void)state;
	expect(FOUR "100 cpu0 switch A>- wait futex 0x1010 mutex owner B\n"
		    "200 cpu1 switch B>- wait futex 0x1020 condition\n" LATER,
	       0, "", "");
}

static void another_process_cannot_have_a_private_lock(void **state)
{
	(void)state;
	expect(FOUR "100 cpu0 switch A>- wait futex 0x1010 mutex owner D\n"
		    "200 cpu3 switch D>- wait futex 0x1020 mutex owner A\n" LATER,
	       0, "", "");
}

/* A has the file and waits for D's mutex in shared memory; fcntl's locks are of processes. */
#define FILE_AND_MUTEX                                                                    \
	"20 object 7 filelock shared /x\n"                                                 \
	"20 object 8 futex shared 0x1010 m\n"                                              \
	"200 cpu0 switch A>- wait futex 0x1010 mutex object 8 owner D\n"

static void a_lock_on_a_file_may_be_in_the_circle(void **state)
{
	(void)state;
	expect("10 task A found on cpu0\n10 task D found on cpu3\n" FILE_AND_MUTEX
	       "300 cpu3 switch D>- wait flock arg1 2 object 7 owner A\n" LATER,
	       1, "AD", "");
}

static void another_thread_of_the_process_may_let_go_of_the_file(void **state)
{
	(void)state;
	expect(FOUR FILE_AND_MUTEX
	       "300 cpu3 switch D>- wait flock arg1 2 object 7 owner A\n" LATER,
	       0, "", "");
}

static void a_semaphore_of_system_v_may_be_raised_by_anyone(void **state)
{
	(void)state;
	expect("10 task A found on cpu0\n10 task D found on cpu3\n"
	       "20 object 7 semid shared x\n20 object 8 semid shared y\n"
	       "200 cpu0 switch A>- wait semop object 7\n"
	       "300 cpu3 switch D>- wait semop object 8\n" LATER,
	       0, "", "");
}

/* P has a thread H; X is forked by P; S is a process of its own. All TIDs are small. */
#define FORKED                                                                             \
	"10 task P found on cpu0 tid 20\n"                                                  \
	"10 task H found on cpu1 of P tid 21\n"                                             \
	"10 task S found on cpu2 tid 25\n"                                                  \
	"10 object 7 futex 0x1010\n"                                                        \
	"50 cpu0 switch P>- wait nanosleep\n"                                                 \
	"60 task X forked by P tid 30\n"                                                    \
	"70 cpu3 switch ->X\n"
#define MUCH_LATER "1200000000 end\n"

static void forked_while_another_thread_had_the_lock_it_never_gets_it(void **state)
{
	(void)state;
	expect(FORKED "100 cpu3 switch X>- wait futex 0x1010 mutex owner H object 7\n" MUCH_LATER,
	       1, "X", "");
}

static void a_small_number_that_no_thread_of_an_ancestor_has_is_nobody(void **state)
{
	(void)state;
	expect(FORKED "100 cpu3 switch X>- wait futex 0x1010 mutex owner S object 7\n" MUCH_LATER,
	       0, "", "");
}

/* In a namespace of its own a process has a small number there and a large one here. */
static void a_holder_that_has_ended_is_known_by_its_number_in_the_container(void **state)
{
	(void)state;
	expect("10 task P found on cpu0 tid 5000 own 7 in 44\n"
	       "10 object 7 futex 0x1010\n"
	       "10 task H seen of P own 9 in 44\n"
	       "20 drop\n"
	       "100 cpu0 switch P>- wait futex 0x1010 mutex owner H object 7\n" MUCH_LATER,
	       1, "P", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_that_have_each_others_lock_are_deadlocked),
		cmocka_unit_test(who_joins_the_deadlocked_is_behind_them),
		cmocka_unit_test(who_locks_what_it_has_is_deadlocked_with_itself),
		cmocka_unit_test(a_holder_that_runs_will_let_go),
		cmocka_unit_test(a_holder_that_sleeps_will_let_go),
		cmocka_unit_test(a_holder_that_was_woken_will_let_go),
		cmocka_unit_test(who_waits_with_a_timeout_goes_on_some_time),
		cmocka_unit_test(a_wait_that_has_just_begun_says_nothing),
		cmocka_unit_test(a_condition_may_be_signalled_by_anyone),
		cmocka_unit_test(another_process_cannot_have_a_private_lock),
		cmocka_unit_test(a_lock_on_a_file_may_be_in_the_circle),
		cmocka_unit_test(another_thread_of_the_process_may_let_go_of_the_file),
		cmocka_unit_test(a_semaphore_of_system_v_may_be_raised_by_anyone),
		cmocka_unit_test(forked_while_another_thread_had_the_lock_it_never_gets_it),
		cmocka_unit_test(a_small_number_that_no_thread_of_an_ancestor_has_is_nobody),
		cmocka_unit_test(a_holder_that_has_ended_is_known_by_its_number_in_the_container),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
