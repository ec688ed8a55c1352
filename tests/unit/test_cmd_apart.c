/* SPDX-License-Identifier: GPL-2.0-only */
/* Work in a process of its own ends, whatever it does. */
#include "capture/clock.h"
#include "cmd/apart.h"
#include "unit.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct apart_limits limits = {
	.time_ns = 300000000, .memory = 64 << 20, .output = 1 << 20
};

static int say(int fd, const char *text)
{
	return write(fd, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : -EIO;
}

static int work_says(void *context, int fd)
{
	fprintf(stderr, "nobody sees this\n");
	return say(fd, context);
}

static int work_fails(void *context, int fd)
{
	(void)context;
	say(fd, "half");
	return -ENODATA;
}

static int work_crashes(void *context, int fd)
{
	(void)context;
	signal(SIGSEGV, SIG_DFL); /* a sanitizer would write a report */
	say(fd, "half");
	raise(SIGSEGV);
	return 0;
}

static int work_hangs(void *context, int fd)
{
	volatile int forever = 1;

	(void)context;
	say(fd, "half");
	while (forever)
		;
	return 0;
}

static int work_sleeps(void *context, int fd)
{
	(void)context;
	say(fd, "half");
	for (;;)
		pause();
	return 0;
}

static int work_babbles(void *context, int fd)
{
	(void)context;
	while (!say(fd, "half and half and half and half and half and half and half and half"))
		;
	return 0;
}

static int work_takes_all_memory(void *context, int fd)
{
	size_t had = 0;

	(void)context;
	for (;; had += 1 << 20) {
		char *p = malloc(1 << 20);

		if (!p)
			return say(fd, had < 128 << 20 ? "refused" : "late");
		memset(p, 1, 1 << 20);
	}
}

static uint64_t used_ns; /* CPU time of the last one */

static enum apart_end run(int (*work)(void *context, int fd), void *context, struct strbuf *out)
{
	enum apart_end end;

	assert_int_equal(apart_run(work, context, &limits, out, &end, &used_ns), 0);
	/* nobody is left */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	return end;
}

static void what_is_written_comes_back_behind_what_was_there(void **state)
{
	struct strbuf out = STRBUF_INIT;

	(void)state;
	strbuf_puts(&out, "before, ");
	assert_int_equal(run(work_says, (void *)(uintptr_t)"after", &out), APART_DONE);
	assert_string_equal(out.buf, "before, after");
	strbuf_release(&out);
}

static void whatever_happens_what_came_before_is_kept(void **state)
{
	static const struct {
		int (*work)(void *context, int fd);
		enum apart_end end;
	} cases[] = {
		{ work_fails, APART_FAILED },
		{ work_crashes, APART_CRASHED },
		{ work_hangs, APART_SLOW },
		{ work_sleeps, APART_SLOW },
		{ work_babbles, APART_CRASHED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct strbuf out = STRBUF_INIT;
		uint64_t began = clock_monotonic_ns();

		assert_int_equal(run(cases[i].work, NULL, &out), cases[i].end);
		assert_true(out.len >= 4 && !memcmp(out.buf, "half", 4));
		assert_true(out.len <= limits.output + (64 << 10));
		assert_true(clock_monotonic_ns() - began < 200 * limits.time_ns);
		assert_true(used_ns <= clock_monotonic_ns() - began);
		assert_true(used_ns > 0 || cases[i].work != work_hangs);
		strbuf_release(&out);
	}
}

static void memory_is_refused_beyond_the_limit(void **state)
{
	struct strbuf out = STRBUF_INIT;
	struct apart_limits patient = limits;
	enum apart_end end;

	(void)state;
	patient.time_ns *= 100;
	assert_int_equal(apart_run(work_takes_all_memory, NULL, &patient, &out, &end, &used_ns),
			 0);
	assert_int_equal(end, APART_DONE);
	assert_string_equal(out.buf, "refused");
	strbuf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_comes_back_behind_what_was_there),
		cmocka_unit_test(whatever_happens_what_came_before_is_kept),
		cmocka_unit_test(memory_is_refused_beyond_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
