/* SPDX-License-Identifier: GPL-2.0-only */
/* How lives are cut into runs, waits and what nobody knows. */
#include "evscript.h"

#include <string.h>

static void a_run_a_wait_and_the_run_queue_add_up_to_life(void **state)
{
	struct evscript_run run;
	const struct result_thread *a;

	(void)state;
	evscript_start(&run, "1000 task A execed on cpu0\n"
			     "1100 cpu0 switch A>- wait read\n"
			     "1350 wake A by irq\n"
			     "1400 cpu0 switch ->A\n"
			     "2000 end\n");
	a = evscript_thread(&run, "A");
	assert_int_equal(a->sum.run_ns, 700);
	assert_int_equal(a->sum.wait_ns, 250);
	assert_int_equal(a->sum.runnable_ns, 50);
	assert_int_equal(a->sum.life_ns, 1000);
	assert_int_equal(a->sum.waits, 1);
	assert_int_equal(a->sum.voluntary, 1);
	assert_int_equal(a->sum.censored_ns, 0);
	assert_false(a->found);
	assert_false(a->ended);
	assert_result_is_true(&run.script, &run.result);
	evscript_stop(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_run_a_wait_and_the_run_queue_add_up_to_life),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
