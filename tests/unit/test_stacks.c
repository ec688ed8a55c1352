/* SPDX-License-Identifier: GPL-2.0-only */
/* Stacks, frames and what they are called; and the names of the contract. */
#include "unit.h"

#include "oom.h"

#include "core/model.h"

#include <string.h>

static int add_stack(struct stacks *s, uint32_t stack, const uint32_t *frames, uint32_t count)
{
	struct event e = { .type = EVENT_STACK,
			   .stack = { .stack = stack,
				      .flags = STACK_COMPLETE,
				      .place = PLACE_IO,
				      .count = count,
				      .frames = frames } };

	return stacks_add(s, &e);
}

static int add_frame(struct stacks *s, uint32_t frame, const char *module, uint64_t offset,
		     bool kernel)
{
	struct event e = { .type = EVENT_FRAME,
			   .frame = { .frame = frame,
				      .kernel = kernel,
				      .offset = offset,
				      .module = module } };

	return stacks_add(s, &e);
}

static int add_name(struct stacks *s, uint32_t frame, uint32_t level, const char *function)
{
	struct event e = { .type = EVENT_NAME,
			   .name = { .frame = frame,
				     .level = level,
				     .function = function,
				     .file = "x.c",
				     .line = 7 + level } };

	return stacks_add(s, &e);
}

static void assert_level(struct stacks *s, uint32_t frame, uint32_t level, unsigned int marks,
			 const char *expected)
{
	struct strbuf sb = STRBUF_INIT;

	stacks_print_frame(s, frame, level, marks, &sb);
	assert_string_equal(sb.buf, expected);
	strbuf_release(&sb);
}

static void assert_printed(struct stacks *s, uint32_t frame, bool mark, const char *expected)
{
	assert_level(s, frame, 0, mark ? STACKS_MARK_KERNEL : 0, expected);
}

static void a_stack_comes_back_as_it_was_told_first(void **state)
{
	static const uint32_t frames[] = { 3, 2, 1 }, others[] = { 9 };
	struct stacks *s = stacks_new();
	struct stack_view view;

	(void)state;
	assert_int_equal(add_stack(s, 70000, frames, 3), 0);
	assert_int_equal(add_stack(s, 5, NULL, 0), 0);
	/* told again: the probes forgot that they had */
	assert_int_equal(add_stack(s, 70000, others, 1), 0);
	assert_true(stacks_get(s, 70000, &view));
	assert_int_equal(view.count, 3);
	assert_memory_equal(view.frames, frames, sizeof(frames));
	assert_int_equal(view.flags, STACK_COMPLETE);
	assert_int_equal(view.place, PLACE_IO);
	assert_true(stacks_get(s, 5, &view));
	assert_int_equal(view.count, 0);
	stacks_free(s);
}

static void what_was_never_told_is_not_known(void **state)
{
	static const uint32_t frames[] = { 1 };
	struct stacks *s = stacks_new();
	struct stack_view view = { .count = 5 };
	struct event_frame frame;
	struct frame_name name;

	(void)state;
	assert_int_equal(add_stack(s, 0, frames, 1), 0);
	assert_int_equal(add_frame(s, 0, "x", 1, false), 0);
	assert_int_equal(add_name(s, 0, 0, "f"), 0);
	assert_false(stacks_get(s, 0, &view));
	assert_int_equal(view.count, 0);
	assert_false(stacks_get(s, 77, &view));
	assert_false(stacks_frame(s, 0, &frame));
	assert_int_equal(stacks_names(s, 0, &name, 1), 0);
	assert_printed(s, 99, true, "[unknown]");
	stacks_free(s);
}

static void a_frame_is_called_by_symbol_or_module_or_address(void **state)
{
	struct stacks *s = stacks_new();
	struct event_frame frame;

	(void)state;
	assert_int_equal(add_frame(s, 1, "/usr/lib/libc.so.6", 0x1c40, false), 0);
	assert_int_equal(add_frame(s, 2, "", 0x7fff1234, false), 0);
	assert_int_equal(add_frame(s, 3, "[kernel]", 0xffffffff81000000, true), 0);
	assert_int_equal(add_frame(s, 4, "[kernel]", 0xffffffff81000010, true), 0);
	assert_int_equal(add_frame(s, 5, "/bin/x", 0x10, false), 0);
	assert_int_equal(add_name(s, 4, 0, "do_sys_poll"), 0);
	assert_int_equal(add_name(s, 5, 0, "main"), 0);
	assert_printed(s, 1, true, "libc.so.6+0x1c40");
	assert_printed(s, 2, true, "0x7fff1234");
	assert_printed(s, 3, true, "[kernel]+0xffffffff81000000_[k]");
	assert_printed(s, 4, true, "do_sys_poll_[k]");
	assert_printed(s, 4, false, "do_sys_poll");
	assert_printed(s, 5, true, "main");
	assert_true(stacks_frame(s, 1, &frame));
	assert_string_equal(frame.module, "/usr/lib/libc.so.6");
	assert_int_equal(frame.offset, 0x1c40);
	assert_false(frame.kernel);
	stacks_free(s);
}

static void inlined_names_come_innermost_first_whatever_order_they_came_in(void **state)
{
	struct stacks *s = stacks_new();
	struct frame_name names[3];

	(void)state;
	assert_int_equal(add_name(s, 1, 2, "outer"), 0);
	assert_int_equal(add_name(s, 1, 0, "inner"), 0);
	assert_int_equal(add_name(s, 1, 1, "middle"), 0);
	assert_int_equal(add_name(s, 1, 1, "a liar"), 0);
	assert_int_equal(add_name(s, 1, 9, "main"), 0);
	assert_int_equal(stacks_names(s, 1, names, 3), 4);
	assert_string_equal(names[0].function, "inner");
	assert_string_equal(names[0].file, "x.c");
	assert_int_equal(names[0].line, 7);
	assert_string_equal(names[1].function, "middle");
	assert_string_equal(names[2].function, "outer");
	stacks_free(s);
}

static void an_inlined_function_is_a_frame_of_its_own_and_marked(void **state)
{
	struct stacks *s = stacks_new();

	(void)state;
	assert_int_equal(add_frame(s, 1, "/bin/x", 0x10, false), 0);
	assert_int_equal(add_frame(s, 2, "/bin/x", 0x20, false), 0);
	assert_int_equal(add_frame(s, 3, "/bin/x", 0x30, false), 0);
	assert_int_equal(add_name(s, 1, 0, "inner"), 0);
	assert_int_equal(add_name(s, 1, 1, "middle"), 0);
	assert_int_equal(add_name(s, 1, 2, "outer"), 0);
	assert_int_equal(add_name(s, 2, 0, "alone"), 0);
	assert_int_equal(stacks_levels(s, 1), 3);
	assert_level(s, 1, 0, STACKS_MARK_INLINED, "inner_[i]");
	assert_level(s, 1, 1, STACKS_MARK_INLINED, "middle_[i]");
	assert_level(s, 1, 2, STACKS_MARK_INLINED, "outer");
	assert_level(s, 1, 1, 0, "middle");
	assert_int_equal(stacks_levels(s, 2), 1);
	assert_level(s, 2, 0, STACKS_MARK_INLINED, "alone");
	/* without a name it is one all the same */
	assert_int_equal(stacks_levels(s, 3), 1);
	assert_level(s, 3, 0, STACKS_MARK_INLINED, "x+0x30");
	stacks_free(s);
}

static void names_of_one_frame_have_an_end(void **state)
{
	struct stacks *s = stacks_new();

	(void)state;
	for (uint32_t i = 0; i < 100000; i++)
		assert_int_equal(add_name(s, 1, i, "f"), 0);
	assert_in_range(stacks_names(s, 1, NULL, 0), 1, 1000);
	stacks_free(s);
}

static void every_allocation_may_fail_once(void **state)
{
	static const uint32_t frames[] = { 3, 2, 1 };

	(void)state;
	OOM_SWEEP(100) {
		struct stacks *s = stacks_new();
		struct stack_view view;
		uint32_t first;
		int rc = s ? 0 : -ENOMEM;

		if (!rc)
			rc = add_stack(s, 1, frames, 3);
		if (!rc)
			rc = add_frame(s, 1, "a module", 1, false);
		if (!rc)
			rc = add_name(s, 1, 1, "outer");
		if (!rc)
			rc = add_name(s, 1, 0, "inner");
		if (!rc)
			rc = stacks_alike(s, 1, &first);
		assert_int_equal(rc, oom_has_failed() ? -ENOMEM : 0);
		if (!rc)
			assert_true(stacks_get(s, 1, &view));
		stacks_free(s);
	}
}

static uint32_t alike(struct stacks *s, uint32_t stack)
{
	uint32_t first = 0;

	assert_int_equal(stacks_alike(s, stack, &first), 0);
	return first;
}

static void stacks_are_alike_that_differ_within_their_innermost_function_only(void **state)
{
	static const uint32_t here[] = { 1, 9 }, there[] = { 2, 9 }, inlined[] = { 3, 9 },
			      elsewhere[] = { 2, 8 }, nameless[] = { 4, 9 }, next[] = { 5, 9 };
	struct stacks *s = stacks_new();

	(void)state;
	assert_int_equal(add_stack(s, 10, here, 2), 0);
	assert_int_equal(add_stack(s, 11, there, 2), 0);
	assert_int_equal(add_stack(s, 12, inlined, 2), 0);
	assert_int_equal(add_stack(s, 13, elsewhere, 2), 0);
	assert_int_equal(add_stack(s, 14, nameless, 2), 0);
	assert_int_equal(add_stack(s, 15, next, 2), 0);
	assert_int_equal(add_name(s, 1, 0, "crunch"), 0);
	/* while one has no name they are apart */
	assert_int_equal(alike(s, 10), 10);
	assert_int_equal(alike(s, 11), 11);
	assert_int_equal(add_name(s, 2, 0, "crunch"), 0);
	assert_int_equal(add_name(s, 3, 0, "now"), 0);
	assert_int_equal(add_name(s, 3, 1, "crunch"), 0);
	for (int again = 0; again < 2; again++) {
		assert_int_equal(alike(s, 11), 10);
		assert_int_equal(alike(s, 10), 10);
		assert_int_equal(alike(s, 12), 12);
		assert_int_equal(alike(s, 13), 13);
		assert_int_equal(alike(s, 15), 15);
		assert_int_equal(alike(s, 14), 14);
	}
	/* of what is not known nothing is said */
	assert_int_equal(alike(s, 0), 0);
	assert_int_equal(alike(s, 77), 77);
	stacks_free(s);
}

static void assert_cut(struct stacks *s, uint32_t stack, uint32_t count, uint8_t flags)
{
	struct stack_view view;

	assert_true(stacks_get(s, stack, &view));
	assert_int_equal(view.count, count);
	assert_int_equal(view.flags, flags);
}

static void a_stack_of_go_ends_where_its_runtime_says(void **state)
{
	static const uint32_t scheduler[] = { 1, 2, 3, 4, 5 }, other[] = { 3, 6, 7 };
	static const char *const tops[] = { "runtime.goexit", "runtime.mstart", "runtime.mcall",
					    "runtime.morestack", "runtime.rt0_go",
					    "runtime.goexit.abi0", "runtime.mcall.abi0",
					    "__start_context", "make_fcontext", "_start",
					    STACKS_NEW };
	static const char *const not[] = { "runtime.mcall2", "runtime.mstart1",
					   "main.runtime.mcall", "runtime.goexit.func1", "_start_c",
					   "" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(tops) + ARRAY_COUNT(not); i++) {
		bool top = i < ARRAY_COUNT(tops);
		struct stacks *s = stacks_new();
		struct event e = { .type = EVENT_STACK,
				   .stack = { .stack = 1, .flags = STACK_TRUNCATED, .count = 5,
					      .frames = scheduler } };

		assert_int_equal(stacks_add(s, &e), 0);
		e.stack.stack = 2;
		e.stack.flags = 0;
		e.stack.count = 3;
		e.stack.frames = other;
		assert_int_equal(stacks_add(s, &e), 0);
		assert_int_equal(add_name(s, 1, 0, "runtime.futex"), 0);
		/* names come after the stacks */
		assert_cut(s, 1, 5, STACK_TRUNCATED);
		assert_int_equal(add_name(s, 3, 0,
					  top ? tops[i] : not[i - ARRAY_COUNT(tops)]), 0);
		assert_cut(s, 1, top ? 3 : 5, top ? STACK_COMPLETE : STACK_TRUNCATED);
		/* who is in such a function itself is still on its caller's stack */
		assert_cut(s, 2, 3, 0);
		stacks_free(s);
	}
}

static void classes_are_found_by_the_names_of_the_contract(void **state)
{
	static const char *const names[] = {
		"gil",	  "lock", "sync",  "idle",  "sleep",  "file",
		"socket", "pipe", "child", "fault", "kernel", "other",
	};

	(void)state;
	for (int i = 0; i < CLASS_COUNT; i++) {
		assert_string_equal(wait_class_name(i), names[i]);
		assert_int_equal(wait_class_find(names[i]), i);
	}
	assert_int_equal(wait_class_find("loc"), -1);
	assert_int_equal(wait_class_find(""), -1);
	assert_string_equal(lock_kind_name(LOCK_MUTEX), "mutex");
	assert_string_equal(lock_kind_name(LOCK_UNKNOWN), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stack_comes_back_as_it_was_told_first),
		cmocka_unit_test(what_was_never_told_is_not_known),
		cmocka_unit_test(
			stacks_are_alike_that_differ_within_their_innermost_function_only),
		cmocka_unit_test(a_frame_is_called_by_symbol_or_module_or_address),
		cmocka_unit_test(inlined_names_come_innermost_first_whatever_order_they_came_in),
		cmocka_unit_test(an_inlined_function_is_a_frame_of_its_own_and_marked),
		cmocka_unit_test(names_of_one_frame_have_an_end),
		cmocka_unit_test(every_allocation_may_fail_once),
		cmocka_unit_test(a_stack_of_go_ends_where_its_runtime_says),
		cmocka_unit_test(classes_are_found_by_the_names_of_the_contract),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
