/* SPDX-License-Identifier: GPL-2.0-only */
/* The command's end is seen before it is taken. */
#include "cmd/child.h"
#include "unit.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

/* A shell that has ended, as its descriptor says. */
static struct child ended(const char *script)
{
	char shell[] = "sh", option[] = "-c", text[32];
	char *argv[] = { shell, option, text, NULL };
	struct error err = { 0 };
	struct pollfd end = { .events = POLLIN };
	struct child c;
	sigset_t mask;

	snprintf(text, sizeof(text), "%s", script);
	sigemptyset(&mask);
	assert_int_equal(child_hold(&c, argv, &mask, &err), 0);
	assert_false(child_has_ended(&c));
	assert_int_equal(child_release(&c), 0);
	end.fd = c.pidfd;
	assert_int_equal(poll(&end, 1, 10000), 1);
	return c;
}

/* 'Z' for a zombie, 0 for none. */
static char state_of(pid_t pid)
{
	char path[64], line[256], state = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (f && fgets(line, sizeof(line), f))
		state = strrchr(line, ')')[2];
	if (f)
		fclose(f);
	return state;
}

static void a_command_that_ended_is_a_zombie_until_it_is_reaped(void **state)
{
	struct child c = ended("exit 7");

	(void)state;
	assert_true(child_has_ended(&c));
	assert_true(child_has_ended(&c));
	assert_int_equal(state_of(c.pid), 'Z');
	assert_true(child_reap(&c, false));
	assert_int_equal(state_of(c.pid), 0);
	assert_int_equal(WEXITSTATUS(c.status), 7);
	/* its number may be another's now */
	assert_true(child_reap(&c, true));
	assert_int_equal(child_exit_status(&c), 7);
	child_close(&c);
}

static void a_command_that_was_killed_says_by_what(void **state)
{
	struct child c = ended("kill -TERM $$");

	(void)state;
	assert_true(child_has_ended(&c));
	assert_true(child_reap(&c, false));
	assert_true(WIFSIGNALED(c.status));
	assert_int_equal(WTERMSIG(c.status), SIGTERM);
	child_close(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_command_that_ended_is_a_zombie_until_it_is_reaped),
		cmocka_unit_test(a_command_that_was_killed_says_by_what),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
