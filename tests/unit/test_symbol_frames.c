/* SPDX-License-Identifier: GPL-2.0-only */
/* frames: what the recorder asks for, on this process and on made-up ones. */
#include "base/map.h"
#include "fake_proc.h"
#include "oom.h"
#include "symbol/frames.h"
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A recorder, and what was emitted to it. */
struct recorder {
	struct modules *modules;
	struct spaces *spaces;
	struct kernel *kernel;
	struct frames *frames;
	struct intern text;
	VEC(struct event) events; /* text: by number in text, as their own would be gone */
	VEC(uint32_t) labels;
	int fail; /* what emit returns */
};

static int emit(void *context, const struct event *e)
{
	struct recorder *r = context;
	uint32_t label;
	int error;

	if (r->fail)
		return r->fail;
	error = intern_str(&r->text, e->type == EVENT_FRAME ? e->frame.module : e->name.function,
			   &label);
	if (!error)
		error = vec_push(&r->labels, label);
	return error ? error : vec_push(&r->events, *e);
}

static int recorder_open(struct recorder *r, const char *proc, const char *kallsyms)
{
	struct frames_options o = { .proc = proc, .emit = emit, .context = r };

	memset(r, 0, sizeof(*r));
	r->modules = o.modules = modules_new(proc, "/nonexistent", 64);
	r->spaces = o.spaces = r->modules ? spaces_new(proc, r->modules) : NULL;
	r->kernel = o.kernel = kernel_new(kallsyms);
	if (r->spaces && r->kernel)
		r->frames = frames_new(&o);
	return r->frames ? 0 : -ENOMEM;
}

static void recorder_close(struct recorder *r)
{
	frames_free(r->frames);
	kernel_free(r->kernel);
	spaces_free(r->spaces);
	modules_free(r->modules);
	intern_release(&r->text);
	vec_release(&r->events);
	vec_release(&r->labels);
}

/* The name or (@type EVENT_FRAME) the module that was emitted for a frame; "". */
static const char *emitted(const struct recorder *r, enum event_type type, uint32_t frame)
{
	for (size_t i = 0; i < r->events.count; i++) {
		const struct event *e = &r->events.at[i];

		if (e->type == type &&
		    frame == (type == EVENT_FRAME ? e->frame.frame : e->name.frame))
			return intern_text(&r->text, r->labels.at[i]);
	}
	return "";
}

static uint32_t user(struct recorder *r, uint32_t tgid, uint64_t address, bool exact)
{
	uint32_t frame = 0;

	assert_int_equal(frames_user(r->frames, tgid, 1000, address, exact, &frame), 0);
	assert_true(frame > 0);
	return frame;
}

static uint32_t in_kernel(struct recorder *r, uint64_t address, bool exact)
{
	uint32_t frame = 0;

	assert_int_equal(frames_kernel(r->frames, 1000, address, exact, &frame), 0);
	assert_true(frame > 0);
	return frame;
}

__attribute__((noinline)) static uint64_t return_address(void)
{
	return (uintptr_t)__builtin_return_address(0);
}

/* Ends with a call that does not return: its return address is another function's. */
__attribute__((noinline, noreturn)) static void never_returns(void)
{
	abort();
}

static void the_functions_of_this_process_have_their_names(void **state)
{
	uint32_t self = (uint32_t)getpid(), here, leaf, libc;
	struct recorder r;

	(void)state;
	assert_int_equal(recorder_open(&r, "/proc", "/nonexistent"), 0);
	here = user(&r, self, return_address(), false);
	leaf = user(&r, self, (uintptr_t)never_returns, true);
	libc = user(&r, self, (uintptr_t)getppid, true);
	assert_string_equal(emitted(&r, EVENT_NAME, here), "");
	assert_int_equal(frames_resolve(r.frames, 2000), 0);
	assert_string_equal(emitted(&r, EVENT_NAME, here),
			    "the_functions_of_this_process_have_their_names");
	assert_string_equal(emitted(&r, EVENT_NAME, leaf), "never_returns");
	assert_string_equal(emitted(&r, EVENT_NAME, libc), "getppid");
	assert_non_null(strstr(emitted(&r, EVENT_FRAME, libc), "libc.so"));
	assert_int_equal(emitted(&r, EVENT_FRAME, libc)[0], '/');
	recorder_close(&r);
}

static void a_return_address_belongs_to_the_call_before_it(void **state)
{
	uint64_t begin = (uintptr_t)never_returns;
	uint32_t self = (uint32_t)getpid(), exact, after;
	struct recorder r;

	(void)state;
	assert_int_equal(recorder_open(&r, "/proc", "/nonexistent"), 0);
	/* at the first byte of a function returns only a call that ended the one before */
	exact = user(&r, self, begin, true);
	after = user(&r, self, begin, false);
	assert_int_not_equal(exact, after);
	assert_int_equal(frames_resolve(r.frames, 2000), 0);
	assert_string_equal(emitted(&r, EVENT_NAME, exact), "never_returns");
	assert_string_not_equal(emitted(&r, EVENT_NAME, after), "never_returns");
	recorder_close(&r);
}

static void a_place_is_one_frame_and_told_before_its_number_is_used(void **state)
{
	struct fake_proc *p = *state;
	struct recorder r;
	uint32_t a, b, other;
	size_t n;

	fake_file(p, 10, "maps", "1000-2000 r-xp 00003000 00:01 5 /usr/lib/same\n");
	fake_file(p, 11, "maps", "7000-8000 r-xp 00003000 00:01 5 /usr/lib/same\n");
	assert_int_equal(recorder_open(&r, p->proc, "/nonexistent"), 0);
	a = user(&r, 10, 0x1010, false);
	assert_int_equal(r.events.count, 1);
	assert_int_equal(r.events.at[0].frame.frame, a);
	assert_int_equal(r.events.at[0].frame.offset, 0x3010);
	assert_false(r.events.at[0].frame.kernel);
	assert_int_equal(r.events.at[0].time_ns, 1000);
	assert_string_equal(emitted(&r, EVENT_FRAME, a), "/usr/lib/same");
	b = user(&r, 11, 0x7010, false);
	assert_int_equal(a, b);
	assert_int_equal(r.events.count, 1);
	other = user(&r, 11, 0x7020, false);
	assert_int_not_equal(a, other);
	/* the last call of a mapping returns to where nothing is */
	b = user(&r, 11, 0x8000, false);
	assert_string_equal(emitted(&r, EVENT_FRAME, b), "/usr/lib/same");
	/* nobody knows the names of a file that is not there */
	n = r.events.count;
	assert_int_equal(frames_resolve(r.frames, 2000), 0);
	assert_int_equal(r.events.count, n);
	recorder_close(&r);
}

static void an_address_that_nothing_is_known_of_stays_an_address(void **state)
{
	struct fake_proc *p = *state;
	struct recorder r;
	uint32_t a, b;

	assert_int_equal(recorder_open(&r, p->proc, "/nonexistent"), 0);
	a = user(&r, 99, 0x1234, false);
	b = user(&r, 98, 0x1234, false);
	assert_int_not_equal(a, b);
	assert_string_equal(emitted(&r, EVENT_FRAME, a), "");
	assert_int_equal(r.events.at[0].frame.offset, 0x1234);
	assert_int_equal(frames_resolve(r.frames, 2000), 0);
	assert_int_equal(r.events.count, 2);
	recorder_close(&r);
}

static void a_return_address_in_no_code_is_none(void **state)
{
	struct fake_proc *p = *state;
	struct recorder r;
	uint32_t leaf, frame = 7;

	fake_file(p, 50, "maps", "1000-2000 r-xp 00003000 00:01 5 /usr/lib/same\n");
	assert_int_equal(recorder_open(&r, p->proc, "/nonexistent"), 0);
	assert_int_equal(frames_user(r.frames, 50, 1000, 0x9000, false, &frame), 0);
	assert_int_equal(frame, 0);
	assert_int_equal(r.events.count, 0);
	/* but where a thread stood it stood */
	leaf = user(&r, 50, 0x9000, true);
	assert_string_equal(emitted(&r, EVENT_FRAME, leaf), "");
	recorder_close(&r);
}

static const char jit_maps[] = "4000-6000 rwxp 00000000 00:00 0 \n";
static const char in_a_container[] = "Name:\tnode\nPid:\t%u\nNSpid:\t%u\t7\nNSpgid:\t1\t1\n";

static void jit_code_is_named_by_the_map_of_its_process(void **state)
{
	struct fake_proc *p = *state;
	struct recorder r;
	char status[128];
	uint32_t a, b, other;

	fake_file(p, 20, "maps", jit_maps);
	fake_file(p, 21, "maps", jit_maps);
	snprintf(status, sizeof(status), in_a_container, 20, 20);
	fake_file(p, 20, "status", status);
	assert_int_equal(recorder_open(&r, p->proc, "/nonexistent"), 0);
	a = user(&r, 20, 0x4010, false);
	other = user(&r, 21, 0x4010, false);
	assert_int_not_equal(a, other);
	assert_string_equal(emitted(&r, EVENT_FRAME, a), "[jit]");
	/* written after the first frame, and before the end */
	fake_file(p, 20, "root/tmp/perf-7.map", "4000 100 LazyCompile:~main /app.js:1\n");
	assert_int_equal(frames_resolve(r.frames, 2000), 0);
	assert_string_equal(emitted(&r, EVENT_NAME, a), "LazyCompile:~main /app.js:1");
	assert_string_equal(emitted(&r, EVENT_NAME, other), "");
	/* what is compiled later is in there when it is asked for */
	fake_file(p, 20, "root/tmp/perf-7.map", "4000 100 old\n5000 10 later\n");
	b = user(&r, 20, 0x5000, true);
	assert_int_equal(frames_resolve(r.frames, 3000), 0);
	assert_string_equal(emitted(&r, EVENT_NAME, b), "later");
	recorder_close(&r);
}

static void a_map_that_is_a_link_is_not_followed(void **state)
{
	struct fake_proc *p = *state;
	struct recorder r;
	char status[128];
	uint32_t a;

	fake_file(p, 30, "maps", jit_maps);
	snprintf(status, sizeof(status), in_a_container, 30, 30);
	fake_file(p, 30, "status", status);
	fake_file(p, 30, "elsewhere", "4000 100 wrong\n");
	fake_link(p, 30, "root/tmp/perf-7.map", "../../elsewhere");
	assert_int_equal(recorder_open(&r, p->proc, "/nonexistent"), 0);
	a = user(&r, 30, 0x4010, false);
	assert_int_equal(frames_resolve(r.frames, 2000), 0);
	assert_string_equal(emitted(&r, EVENT_NAME, a), "");
	recorder_close(&r);
}

static void kernel_frames_are_one_for_all_processes(void **state)
{
	struct fake_proc *p = *state;
	struct recorder r;
	char path[256];
	uint32_t a, b, c;

	fake_file(p, 0, "kallsyms", "ffffffff81000000 T schedule\n"
				    "ffffffff81000100 T futex_wait\n"
				    "ffffffffc0000000 t hook\t[nf_tables]\n");
	snprintf(path, sizeof(path), "%s/0/kallsyms", p->proc);
	assert_int_equal(recorder_open(&r, p->proc, path), 0);
	a = in_kernel(&r, 0xffffffff81000100, false);
	b = in_kernel(&r, 0xffffffff81000100, true);
	c = in_kernel(&r, 0xffffffffc0000010, false);
	assert_int_equal(in_kernel(&r, 0xffffffff81000100, false), a);
	assert_true(r.events.at[0].frame.kernel);
	assert_string_equal(emitted(&r, EVENT_FRAME, a), "[kernel]");
	assert_string_equal(emitted(&r, EVENT_FRAME, c), "[nf_tables]");
	assert_int_equal(frames_resolve(r.frames, 2000), 0);
	assert_string_equal(emitted(&r, EVENT_NAME, a), "schedule");
	assert_string_equal(emitted(&r, EVENT_NAME, b), "futex_wait");
	assert_string_equal(emitted(&r, EVENT_NAME, c), "hook");
	recorder_close(&r);
}

static void no_frame_is_named_twice(void **state)
{
	uint32_t self = (uint32_t)getpid();
	struct recorder r;
	size_t n;

	(void)state;
	assert_int_equal(recorder_open(&r, "/proc", "/nonexistent"), 0);
	user(&r, self, return_address(), false);
	assert_int_equal(frames_resolve(r.frames, 2000), 0);
	n = r.events.count;
	assert_int_equal(n, 2);
	assert_int_equal(frames_resolve(r.frames, 3000), 0);
	assert_int_equal(r.events.count, n);
	recorder_close(&r);
}

static void an_error_of_the_listener_comes_back(void **state)
{
	uint32_t frame;
	struct recorder r;

	(void)state;
	assert_int_equal(recorder_open(&r, "/proc", "/nonexistent"), 0);
	user(&r, (uint32_t)getpid(), return_address(), false);
	r.fail = -ENOSPC;
	assert_int_equal(frames_user(r.frames, 1, 1000, 0x1, false, &frame), -ENOSPC);
	assert_int_equal(frames_resolve(r.frames, 2000), -ENOSPC);
	recorder_close(&r);
}

static void no_failing_allocation_is_fatal(void **state)
{
	struct fake_proc *p = *state;
	char path[256];

	fake_file(p, 0, "kallsyms", "ffffffff81000000 T schedule\n");
	snprintf(path, sizeof(path), "%s/0/kallsyms", p->proc);
	fake_file(p, 40, "maps", "4000-6000 rwxp 00000000 00:00 0 \n"
				 "8000-9000 r-xp 00000000 00:00 0 [vdso]\n");
	fake_file(p, 40, "status", "NSpid:\t40\n");
	fake_file(p, 40, "root/tmp/perf-40.map", "4000 100 compiled\n");
	OOM_SWEEP(500) {
		struct recorder r;
		uint32_t jit = 0, vdso = 0, kernel = 0;
		int error = recorder_open(&r, p->proc, path);

		if (!error)
			error = frames_user(r.frames, 40, 1000, 0x4010, false, &jit);
		if (!error)
			error = frames_user(r.frames, 40, 1000, 0x8010, false, &vdso);
		if (!error)
			error = frames_kernel(r.frames, 1000, 0xffffffff81000010, false, &kernel);
		if (!error)
			error = frames_resolve(r.frames, 2000);
		if (error) {
			assert_int_equal(error, -ENOMEM);
		} else {
			assert_string_equal(emitted(&r, EVENT_NAME, jit), "compiled");
			assert_string_equal(emitted(&r, EVENT_NAME, kernel), "schedule");
		}
		recorder_close(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_functions_of_this_process_have_their_names),
		cmocka_unit_test(a_return_address_belongs_to_the_call_before_it),
		cmocka_unit_test(a_place_is_one_frame_and_told_before_its_number_is_used),
		cmocka_unit_test(an_address_that_nothing_is_known_of_stays_an_address),
		cmocka_unit_test(a_return_address_in_no_code_is_none),
		cmocka_unit_test(jit_code_is_named_by_the_map_of_its_process),
		cmocka_unit_test(a_map_that_is_a_link_is_not_followed),
		cmocka_unit_test(kernel_frames_are_one_for_all_processes),
		cmocka_unit_test(no_frame_is_named_twice),
		cmocka_unit_test(an_error_of_the_listener_comes_back),
		cmocka_unit_test(no_failing_allocation_is_fatal),
	};

	return cmocka_run_group_tests(tests, fake_proc_setup, fake_proc_teardown);
}
