/* SPDX-License-Identifier: GPL-2.0-only */
/* How far the stacks of a process got, and what would bring them further. */
#include "evscript.h"

#include <string.h>

enum { MAIN = 1, COMPILED, NAMED, JVM, NODE, GREEDY }; /* frames */
enum { WHOLE = 10, BROKEN, CUT, NAMELESS, JVM_BROKEN, JAVA_NAMED, NODE_NAMELESS, NOT_NODE };

static void add_frame(struct evscript *s, uint32_t frame, const char *module, const char *name)
{
	struct event e = { .type = EVENT_FRAME, .time_ns = 1000 };

	e.frame = (struct event_frame){ .frame = frame, .module = module };
	evscript_event(s, &e);
	e.type = EVENT_NAME;
	e.name = (struct event_name){ .frame = frame, .function = name, .file = "" };
	if (name)
		evscript_event(s, &e);
}

/* @frames: leaf and what called it; must live as long as the script. */
static void add_stack(struct evscript *s, uint32_t stack, uint8_t flags, const uint32_t *frames)
{
	struct event e = { .type = EVENT_STACK, .time_ns = 1000 };

	e.stack = (struct event_stack){
		.stack = stack, .flags = flags, .count = 2, .frames = frames
	};
	evscript_event(s, &e);
}

static void add_stacks(struct evscript *s)
{
	static const uint32_t mains[] = { MAIN, MAIN }, nameless[] = { COMPILED, JVM };
	static const uint32_t java[] = { NAMED, JVM }, node[] = { COMPILED, NODE };
	static const uint32_t not_node[] = { COMPILED, GREEDY };

	add_frame(s, MAIN, "/opt/app", "main");
	add_frame(s, COMPILED, "[jit]", NULL);
	add_frame(s, NAMED, "[jit]", "LW;::work");
	add_frame(s, JVM, "/usr/lib/jvm/lib/server/libjvm.so", "JavaMain");
	add_frame(s, NODE, "/usr/bin/node", "node::Start");
	add_frame(s, GREEDY, "/usr/bin/nodes-of-a-graph", "main");
	add_stack(s, WHOLE, STACK_COMPLETE, mains);
	add_stack(s, BROKEN, 0, mains);
	add_stack(s, CUT, STACK_TRUNCATED, mains);
	add_stack(s, NAMELESS, STACK_COMPLETE, nameless);
	add_stack(s, JVM_BROKEN, 0, java);
	add_stack(s, JAVA_NAMED, STACK_COMPLETE, java);
	add_stack(s, NODE_NAMELESS, STACK_COMPLETE, node);
	add_stack(s, NOT_NODE, STACK_COMPLETE, not_node);
}

/* A runs for a while, @counts[i] samples with stack @stacks[i]. */
static void run_samples(struct evscript_run *run, const char *command, const uint32_t *stacks,
			const uint32_t *counts, size_t n)
{
	struct event e = { .type = EVENT_EXEC, .time_ns = 1000 };
	unsigned long t = 1100;

	evscript_init(&run->script);
	add_stacks(&run->script);
	evscript_line(&run->script, "1000 task A found on cpu0");
	if (command) {
		const struct actor *a = evscript_actor(&run->script, "A");

		e.exec = (struct event_exec){
			.thread = a->thread, .tid = a->tid, .tgid = a->tgid, .old_tid = a->tid,
			.comm = "app", .command = command,
			.command_size = strlen(command) + 1,
		};
		evscript_event(&run->script, &e);
	}
	for (size_t i = 0; i < n; i++)
		for (uint32_t k = 0; k < counts[i]; k++)
			evscript_line(&run->script, "%lu sample A stack %u", t++, stacks[i]);
	evscript_line(&run->script, "%lu end", t);
	run->model = evscript_model(&run->script, &run->result);
	assert_result_invariants(&run->result);
	assert_int_equal(run->result.processes.count, 1);
}

static void a_process_counts_its_stacks_by_how_far_they_got(void **state)
{
	static const uint32_t stacks[] = { WHOLE, BROKEN, CUT }, counts[] = { 50, 30, 20 };
	const struct result_process *p;
	struct evscript_run run;

	(void)state;
	run_samples(&run, NULL, stacks, counts, 3);
	p = &run.result.processes.at[0];
	assert_int_equal(p->stacks_seen, 100);
	assert_int_equal(p->stacks_complete, 50);
	assert_int_equal(p->stacks_truncated, 20);
	assert_int_equal(run.result.stacks_seen, 100);
	/* of no runtime: there is nothing to switch on, but to compile otherwise */
	assert_int_equal(run.result.hints.count, 1);
	assert_non_null(run.result.hints.at[0].module);
	evscript_stop(&run);
}

static void java_is_told_what_breaks_its_stacks_and_what_names_its_code(void **state)
{
	static const uint32_t stacks[] = { JVM_BROKEN, NAMELESS, CUT }, counts[] = { 40, 50, 10 };
	const struct result_hint *h;
	struct evscript_run run;

	(void)state;
	run_samples(&run, NULL, stacks, counts, 3);
	assert_int_equal(run.result.hints.count, 2);
	h = &run.result.hints.at[0];
	assert_string_equal(h->runtime, "java");
	assert_false(h->nameless);
	assert_int_equal(h->stacks, 40);
	assert_int_equal(h->seen, 100);
	assert_int_equal(h->tgid, run.result.processes.at[0].tgid);
	assert_non_null(strstr(h->advice, "-XX:+PreserveFramePointer"));
	assert_true(h[1].nameless);
	assert_int_equal(h[1].stacks, 50);
	evscript_stop(&run);
}

static void who_has_switched_it_on_is_not_told_to(void **state)
{
	static const uint32_t stacks[] = { JVM_BROKEN, NODE_NAMELESS }, counts[] = { 40, 60 };
	struct evscript_run run;

	(void)state;
	run_samples(&run, "java -XX:+PreserveFramePointer -XX:+DumpPerfMapAtExit", stacks, counts,
		    1);
	assert_int_equal(run.result.hints.count, 0);
	evscript_stop(&run);
	run_samples(&run, "node --perf-basic-prof", stacks + 1, counts + 1, 1);
	assert_int_equal(run.result.hints.count, 0);
	evscript_stop(&run);
	run_samples(&run, "node app.js", stacks + 1, counts + 1, 1);
	assert_int_equal(run.result.hints.count, 1);
	assert_string_equal(run.result.hints.at[0].runtime, "node");
	assert_non_null(strstr(run.result.hints.at[0].advice, "--perf-basic-prof"));
	evscript_stop(&run);
}

static void the_file_that_most_broken_stacks_end_in_is_named(void **state)
{
	static const uint32_t stacks[] = { WHOLE, BROKEN };
	static const uint32_t counts[] = { 50, 30 }, few[] = { 85, 15 };
	const struct result_hint *h;
	struct evscript_run run;

	(void)state;
	run_samples(&run, NULL, stacks, counts, 2);
	assert_int_equal(run.result.hints.count, 1);
	h = &run.result.hints.at[0];
	assert_string_equal(h->module, "/opt/app");
	assert_string_equal(h->runtime, h->comm);
	assert_int_equal(h->stacks, 30);
	assert_int_equal(h->seen, 80);
	assert_non_null(strstr(h->advice, "-fasynchronous-unwind-tables"));
	evscript_stop(&run);
	run_samples(&run, NULL, stacks, few, 2);
	assert_int_equal(run.result.hints.count, 0);
	evscript_stop(&run);
}

static void a_few_bad_stacks_are_worth_no_hint(void **state)
{
	static const uint32_t stacks[] = { JAVA_NAMED, JVM_BROKEN, NAMELESS };
	static const uint32_t some[] = { 98, 1, 1 }, few[] = { 1, 9, 9 };
	struct evscript_run run;

	(void)state;
	run_samples(&run, NULL, stacks, some, 3);
	assert_int_equal(run.result.hints.count, 0);
	evscript_stop(&run);
	run_samples(&run, NULL, stacks, few, 3);
	assert_int_equal(run.result.hints.count, 0);
	evscript_stop(&run);
}

static void a_program_that_is_called_nearly_like_a_runtime_is_none(void **state)
{
	static const uint32_t stacks[] = { NOT_NODE }, counts[] = { 100 };
	struct evscript_run run;

	(void)state;
	run_samples(&run, NULL, stacks, counts, 1);
	assert_int_equal(run.result.hints.count, 0);
	evscript_stop(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_process_counts_its_stacks_by_how_far_they_got),
		cmocka_unit_test(java_is_told_what_breaks_its_stacks_and_what_names_its_code),
		cmocka_unit_test(who_has_switched_it_on_is_not_told_to),
		cmocka_unit_test(the_file_that_most_broken_stacks_end_in_is_named),
		cmocka_unit_test(a_few_bad_stacks_are_worth_no_hint),
		cmocka_unit_test(a_program_that_is_called_nearly_like_a_runtime_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
