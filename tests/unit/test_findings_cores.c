/* SPDX-License-Identifier: GPL-2.0-only */
/* What is said of programs that are short of cores, and why. Times are microseconds. */
#include "findings_script.h"

/* M threads that want K cores all the time, in turns of a millisecond. */
static void spinners(struct evscript_run *run, int threads, int cores, uint64_t us)
{
	int first = cores;

	start(run, "");
	for (int i = 0; i < threads; i++) {
		if (i < cores)
			line(run, 0, "task s%d found on cpu%d", i, i);
		else
			line(run, 0, "task s%d found runnable", i);
	}
	for (uint64_t t = 1000; threads > cores && t < us; t += 1000)
		for (int c = 0; c < cores; c++) {
			line(run, t, "cpu%d switch s%d>s%d preempted", c,
			     (first - cores + threads) % threads, first);
			first = (first + 1) % threads;
		}
	line(run, us, "cpu cpu0 %lu 0 0", us * US);
	line(run, us, "cpu cpu1 %lu 0 0", us * US);
}

static void more_threads_than_cores_are_out_of_cores(void **state)
{
	struct evscript_run run;

	(void)state;
	spinners(&run, 4, 2, 100000);
	end(&run, 100000, "cores");
	assert_true(run.result.findings.at[0].share == 0.5);
	assert_title(&run, 0,
		     "Out of cores: 50 % of the time that threads wanted to run they waited for a "
		     "core (on average 4 wanted one of 2)");
	evscript_stop(&run);
}

static void cores_that_others_use_are_named_as_the_reason(void **state)
{
	struct evscript_run run;

	(void)state;
	start(&run, "1000 cpu cpu0 0 0 0\n1000 cpu cpu1 0 0 0\n1000 task A found on cpu0\n");
	for (uint64_t t = 0; t < 100000; t += 5000) {
		line(&run, t + 3000, "cpu0 switch A>- preempted");
		line(&run, t + 5000, "cpu0 switch ->A");
	}
	line(&run, 100000, "cpu cpu0 60000000 40000000 0");
	line(&run, 100000, "cpu cpu1 0 100000000 0");
	end(&run, 100000, "serial cores");
	assert_title(&run, 1,
		     "Other programs had the cores: 40 % of the time that threads wanted to run "
		     "they waited for a core (on average 1 wanted one of 2; other programs used 70 "
		     "%)");
	assert_non_null(strstr(run.result.findings.at[1].advice, "not the program's own doing"));
	assert_string_equal(evidence(&run, 1, "pattern")->text, "others");
	assert_int_equal(evidence(&run, 1, "crowded_ns")->number, 0);
	evscript_stop(&run);
}

static void others_are_not_blamed_for_queues_of_the_programs_own(void **state)
{
	struct evscript_run run;

	(void)state;
	/* four threads want two cores, of which others use 10 %: 1.8 run, 2.2 wait, 2 of them
	 * because there are four */
	start(&run, "1000 cpu cpu0 0 0 0\n1000 cpu cpu1 0 0 0\n1000 task s0 found on cpu0\n"
		    "1000 task s1 found on cpu1\n1000 task s2 found runnable\n"
		    "1000 task s3 found runnable\n");
	for (uint64_t i = 0; i < 100; i++) {
		line(&run, i * 1000 + 900, "cpu0 switch s%lu>- preempted", i % 2 ? 2 : 0ul);
		line(&run, i * 1000 + 900, "cpu1 switch s%lu>- preempted", i % 2 ? 3 : 1ul);
		line(&run, i * 1000 + 1000, "cpu0 switch ->s%lu", i % 2 ? 0 : 2ul);
		line(&run, i * 1000 + 1000, "cpu1 switch ->s%lu", i % 2 ? 1 : 3ul);
	}
	line(&run, 100000, "cpu cpu0 90000000 10000000 0");
	line(&run, 100000, "cpu cpu1 90000000 10000000 0");
	end(&run, 100000, "cores");
	assert_string_equal(evidence(&run, 0, "pattern")->text, "crowded");
	assert_int_equal(evidence(&run, 0, "crowded_ns")->number, 200000 * US);
	assert_int_equal(evidence(&run, 0, "runnable_ns")->number, 220000 * US);
	evscript_stop(&run);
}

static void a_queue_beside_idle_cores_points_to_a_quota(void **state)
{
	struct evscript_run run;

	(void)state;
	start(&run, "1000 cpu cpu0 0 0 0\n1000 cpu cpu1 0 0 0\n1000 task A found on cpu0\n");
	for (uint64_t t = 0; t < 1000000; t += 100000) {
		line(&run, t + 30000, "cpu0 switch A>- preempted");
		line(&run, t + 100000, "cpu0 switch ->A");
	}
	line(&run, 1000000, "cpu cpu0 300000000 0 700000000");
	line(&run, 1000000, "cpu cpu1 0 0 1000000000");
	end(&run, 1000000, "cores");
	assert_non_null(strstr(run.result.findings.at[0].title, "Kept from the cores: 70 %"));
	assert_non_null(strstr(run.result.findings.at[0].title, "85 % of the machine was idle"));
	assert_non_null(strstr(run.result.findings.at[0].advice, "cpu.max"));
	evscript_stop(&run);
}

static void a_quota_that_was_used_up_is_told_with_its_numbers(void **state)
{
	struct evscript_run run;

	(void)state;
	start(&run, "1000 cpu cpu0 0 0 0\n1000 cpu cpu1 0 0 0\n1000 task A found on cpu0\n");
	for (uint64_t t = 0; t < 1000000; t += 100000) {
		line(&run, t + 30000, "cpu0 switch A>- throttled 30000000 100000000");
		line(&run, t + 100000, "cpu0 switch ->A");
	}
	line(&run, 1000000, "cpu cpu0 300000000 0 700000000");
	line(&run, 1000000, "cpu cpu1 0 0 1000000000");
	end(&run, 1000000, "cores");
	assert_title(&run, 0,
		     "Out of CPU quota: 70 % of the time that threads wanted to run they waited "
		     "for a core (on average 1 wanted one of 2; their control group may use "
		     "30.0 ms in each 100 ms)");
	assert_string_equal(evidence(&run, 0, "pattern")->text, "quota");
	assert_int_equal(evidence(&run, 0, "throttled_ns")->number, 700000 * US);
	assert_int_equal(evidence(&run, 0, "quota_ns")->number, 30000 * US);
	assert_int_equal(evidence(&run, 0, "period_ns")->number, 100000 * US);
	assert_int_equal(run.result.totals.throttled_ns, 700000 * US);
	evscript_stop(&run);
}

static void a_quota_is_the_reason_where_it_is_used_up_and_stops_somebody(void **state)
{
	static const struct {
		uint64_t quota, stopped; /* us of each 100 ms, of which it queues for 40 */
		const char *pattern;
	} cases[] = {
		{ 65000, 10000, "quota" },
		{ 65000, 2000, "others" }, /* used up, but hardly ever in the way */
		{ 90000, 10000, "others" }, /* there is some left */
		{ 90000, 20000, "quota" }, /* but not when it would have run */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		bool quota = !strcmp(cases[i].pattern, "quota");
		struct evscript_run run;

		start(&run, "1000 cpu cpu0 0 0 0\n1000 cpu cpu1 0 0 0\n"
			    "1000 task A found on cpu0\n");
		for (uint64_t t = 0; t < 1000000; t += 100000) {
			line(&run, t + 30000, "cpu0 switch A>- preempted");
			line(&run, t + 70000 - cases[i].stopped, "cpu0 switch ->A");
			line(&run, t + 100000 - cases[i].stopped,
			     "cpu0 switch A>- throttled %lu 100000000", cases[i].quota * US);
			line(&run, t + 100000, "cpu0 switch ->A");
		}
		line(&run, 1000000, "cpu cpu0 600000000 400000000 0");
		line(&run, 1000000, "cpu cpu1 0 1000000000 0");
		end(&run, 1000000, quota ? "cores" : "serial cores");
		assert_string_equal(evidence(&run, !quota, "pattern")->text, cases[i].pattern);
		evscript_stop(&run);
	}
}

static void two_threads_that_spin_on_two_cores_have_no_bottleneck_that_waits_can_show(void **state)
{
	struct evscript_run run;

	(void)state;
	/* a spin lock and false sharing look like this, and like honest work */
	spinners(&run, 2, 2, 100000);
	end(&run, 100000, "cpu");
	assert_title(&run, 0,
		     "Using the cores: on average 2 of 2 worked for it, and no wait stands out");
	assert_non_null(strstr(run.result.findings.at[0].advice, "false sharing"));
	evscript_stop(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(more_threads_than_cores_are_out_of_cores),
		cmocka_unit_test(cores_that_others_use_are_named_as_the_reason),
		cmocka_unit_test(others_are_not_blamed_for_queues_of_the_programs_own),
		cmocka_unit_test(a_queue_beside_idle_cores_points_to_a_quota),
		cmocka_unit_test(a_quota_that_was_used_up_is_told_with_its_numbers),
		cmocka_unit_test(a_quota_is_the_reason_where_it_is_used_up_and_stops_somebody),
		cmocka_unit_test(
			two_threads_that_spin_on_two_cores_have_no_bottleneck_that_waits_can_show),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
