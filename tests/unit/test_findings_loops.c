/* SPDX-License-Identifier: GPL-2.0-only */
/* What is said of event loops that stall, are full, or share their work badly. */
#include "evscript.h"

#include <string.h>

static void start(struct evscript_run *run)
{
	evscript_init(&run->script);
	run->script.options.slow_ns = 50;
}

/* A round of @name on its own core: it waits @idle, then runs @busy. Returns its end. */
static int one_round(struct evscript_run *run, const char *name, int cpu, int t, int idle, int busy)
{
	evscript_line(&run->script, "%d cpu%d switch %s>- wait epoll_wait 0x3", t, cpu, name);
	evscript_line(&run->script, "%d wake %s by irq", t + idle, name);
	evscript_line(&run->script, "%d cpu%d switch ->%s", t + idle, cpu, name);
	return t + idle + busy;
}

static const struct finding *finding_of(const struct evscript_run *run, const char *id)
{
	for (size_t i = 0; i < run->result.findings.count; i++)
		if (!strcmp(run->result.findings.at[i].id, id))
			return &run->result.findings.at[i];
	return NULL;
}

static void finish(struct evscript_run *run, int t)
{
	evscript_line(&run->script, "%d end", t);
	evscript_finish(run);
}

static void a_loop_that_blocks_in_its_work_is_stalled(void **state)
{
	const struct finding *f;
	struct evscript_run run;
	int t = 1000;

	(void)state;
	start(&run);
	evscript_play(&run.script, "1000 object 1 file /var/lib/x\n1000 task A found on cpu0\n");
	for (int i = 0; i < 10; i++) {
		t = one_round(&run, "A", 0, t, 100, 10);
		if (i != 5)
			continue;
		evscript_line(&run.script, "%d cpu0 switch A>- wait fsync object 1 disk io", t);
		evscript_line(&run.script, "%d cpu0 switch ->A", t + 200);
		t += 210;
	}
	finish(&run, t);
	f = finding_of(&run, "stall");
	assert_non_null(f);
	assert_string_equal(f->title, "Stalled event loop: A (101) took 50 ns or more for a round "
				      "1 time, longest 220 ns; chiefly waiting (file) in fsync of "
				      "/var/lib/x");
	evscript_stop(&run);
}

/* make, a shell: events are what children do, and to wait for one is its work. */
static void who_looks_after_children_is_not_stalled_by_them(void **state)
{
	struct evscript_run run;
	int t;

	(void)state;
	for (int served = 0; served < 2; served++) {
		t = 1000;
		start(&run);
		evscript_play(&run.script, "1000 task A found on cpu0\n1000 task B forked by A\n");
		for (int i = 0; i < 10; i++) {
			evscript_line(&run.script, "%d cpu0 switch A>- wait epoll_wait 0x3", t);
			evscript_line(&run.script, "%d cpu1 switch ->B", t);
			evscript_line(&run.script, "%d wake A by %s", t + 50, served ? "irq" : "B");
			evscript_line(&run.script, "%d cpu0 switch ->A", t + 50);
			evscript_line(&run.script, "%d cpu0 switch A>- wait wait4", t + 60);
			evscript_line(&run.script, "%d wake A by B", t + 160);
			evscript_line(&run.script, "%d cpu1 switch B>- wait read", t + 160);
			evscript_line(&run.script, "%d cpu0 switch ->A", t + 160);
			evscript_line(&run.script, "%d wake B by A", t + 170);
			t += 170;
		}
		finish(&run, t);
		assert_true(run.result.loops.at[0].stall_count > 0);
		assert_int_equal(run.result.loops.at[0].supervises, !served);
		assert_int_equal(!finding_of(&run, "stall"), !served);
		evscript_stop(&run);
	}
}

static void long_runs_are_no_stalls_where_rounds_may_be_many(void **state)
{
	struct evscript_run run;
	int t = 1000;

	(void)state;
	start(&run);
	evscript_play(&run.script, "1000 task A found on cpu0\n");
	for (int i = 0; i < 10; i++)
		t = one_round(&run, "A", 0, t, 100, 90);
	finish(&run, t);
	assert_true(run.result.loops.at[0].stall_count > 0);
	assert_null(finding_of(&run, "stall"));
	assert_null(finding_of(&run, "loop"));
	evscript_stop(&run);
}

static void a_stall_at_a_lock_that_is_named_is_not_said_twice(void **state)
{
	struct evscript_run run;
	int t = 1000;

	(void)state;
	start(&run);
	evscript_play(&run.script, "1000 task A found on cpu0\n1000 task B found on cpu1 of A\n");
	for (int i = 0; i < 10; i++) {
		t = one_round(&run, "A", 0, t, 1, 1);
		evscript_line(&run.script, "%d cpu0 switch A>- wait futex 0x10 mutex owner B", t);
		t += 90;
		evscript_line(&run.script, "%d wake A by B", t);
		evscript_line(&run.script, "%d cpu0 switch ->A", t);
	}
	finish(&run, t);
	assert_true(run.result.loops.at[0].stall_count > 0);
	assert_non_null(finding_of(&run, "lock"));
	assert_null(finding_of(&run, "stall"));
	evscript_stop(&run);
}

static void a_loop_that_always_has_work_is_full(void **state)
{
	const struct finding *f;
	struct evscript_run run;
	int t = 1000;

	(void)state;
	start(&run);
	evscript_play(&run.script, "1000 task A found on cpu0\n");
	for (int i = 0; i < 10; i++)
		t = one_round(&run, "A", 0, t, 1, 40);
	finish(&run, t);
	f = finding_of(&run, "loop");
	assert_non_null(f);
	assert_string_equal(f->title, "Full event loop: A (101) had work 98 % of the time");
	/* its rounds are not known */
	assert_non_null(strstr(f->advice, "--loops"));
	/* and that one thread does the work is the same again */
	assert_null(finding_of(&run, "serial"));
	evscript_stop(&run);
}

static void one_busy_worker_among_idle_ones_is_unbalanced(void **state)
{
	const struct finding *f;
	struct evscript_run run;
	int t = 1000;

	(void)state;
	for (int idle = 90; idle > 0; idle -= 80) {
		start(&run);
		evscript_play(&run.script, "1000 task web found on cpu0\n"
					   "1000 task web2 found on cpu1\n1000 comm web2 web\n");
		t = 1000;
		for (int i = 0; i < 10; i++) {
			/* both have 100 ns a round: one has work in 90 of them */
			evscript_line(&run.script, "%d cpu0 switch web>- wait epoll_wait 0x3", t);
			evscript_line(&run.script, "%d cpu1 switch web2>- wait epoll_wait 0x3", t);
			evscript_line(&run.script, "%d wake web by irq", t + 10);
			evscript_line(&run.script, "%d cpu0 switch ->web", t + 10);
			evscript_line(&run.script, "%d wake web2 by irq", t + idle);
			evscript_line(&run.script, "%d cpu1 switch ->web2", t + idle);
			t += 100;
		}
		finish(&run, t);
		f = finding_of(&run, "balance");
		if (idle == 90)
			assert_string_equal(f ? f->title : "",
					    "Unevenly loaded event loops: web (101) was busy 90 % "
					    "of the time, the other one like it 10 %");
		else
			assert_null(f);
		evscript_stop(&run);
	}
}

/* One of node's that waits for a child (execSync) is its second loop, not a second worker. */
static void loops_of_one_thread_are_no_workers_beside_each_other(void **state)
{
	const struct result_loop loops[] = {
		{ .tid = 1, .comm = "node", .kind = "epoll" },
		{ .tid = 1, .comm = "node", .kind = "epoll" },
		{ .tid = 2, .comm = "node", .kind = "epoll" },
		{ .tid = 1, .comm = "node", .kind = "poll" },
		{ .tid = 2, .comm = "node", .kind = "epoll" },
	};
	struct result r = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(loops); i++)
		assert_int_equal(vec_push(&r.loops, loops[i]), 0);
	assert_true(result_loop_leads(&r, 0));
	assert_false(result_loop_leads(&r, 1));
	assert_true(result_loop_leads(&r, 2));
	assert_true(result_loop_leads(&r, 3));
	assert_false(result_loop_leads(&r, 4));
	result_release(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_loop_that_blocks_in_its_work_is_stalled),
		cmocka_unit_test(who_looks_after_children_is_not_stalled_by_them),
		cmocka_unit_test(long_runs_are_no_stalls_where_rounds_may_be_many),
		cmocka_unit_test(a_stall_at_a_lock_that_is_named_is_not_said_twice),
		cmocka_unit_test(a_loop_that_always_has_work_is_full),
		cmocka_unit_test(one_busy_worker_among_idle_ones_is_unbalanced),
		cmocka_unit_test(loops_of_one_thread_are_no_workers_beside_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
