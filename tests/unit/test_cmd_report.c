/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The report command on a small file, written here: what it prints, what it
 * refuses, and how it leaves. Each run is a process of its own, as its users
 * have it.
 */
#include "base/alloc.h"
#include "base/fmt.h"
#include "cmd/command.h"
#include "file/file.h"
#include "simulated.h"
#include "unit.h"

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EVENTS = 3000, FIRST_TID = 4000 };

/* What a run left behind. */
struct outcome {
	int status; /* of wait() */
	struct strbuf out, err;
};

static char folder[] = "/tmp/runwait-report-XXXXXX";

static const char *path_of(const char *name)
{
	static char path[64];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void write_recording(const char *path)
{
	struct simulated machine = {
		.seed = 11,
		.cores = 2,
		.lockers = 3,
		.servers = 1,
		.sleepers = 1,
		.locks = 1,
	};
	struct recording rec = {
		.command = "simulated",
		.command_size = sizeof("simulated"),
		.kernel = "6.18.0",
		.machine = "x86_64",
		.host = "box",
		.version = "0.1.0",
		.cpus = 2,
		.exit_status = 0,
	};
	struct file_writer *w;
	struct error err = ERROR_INIT;
	struct event e;

	simulated_next(&machine, &e);
	rec.start_ns = e.time_ns;
	assert_int_equal(file_writer_create(path, &rec, &w, &err), 0);
	for (int i = 0; i < EVENTS; i++) {
		if (e.time_ns > rec.end_ns)
			rec.end_ns = e.time_ns;
		assert_int_equal(file_writer_add(w, &e), 0);
		/* several chunks, so that a cut one leaves others */
		if (i % 500 == 499)
			assert_int_equal(file_writer_flush(w), 0);
		simulated_next(&machine, &e);
	}
	rec.complete = true;
	assert_int_equal(file_writer_finish(w, &rec, &err), 0);
	file_writer_close(w);
}

static int prepare(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	write_recording(path_of("a.rw"));
	return 0;
}

static int clean(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static void read_all(FILE *f, struct strbuf *ret)
{
	char block[4096];
	size_t n;

	strbuf_init(ret);
	rewind(f);
	while ((n = fread(block, 1, sizeof(block), f)) > 0)
		strbuf_add(ret, block, n);
	fclose(f);
	assert_int_equal(strbuf_error(ret), 0);
}

static int argument_count(const char *const *argv)
{
	int n = 0;

	while (argv[n])
		n++;
	return n;
}

/* In the child: runs the command with what is in @argv behind its name. */
static void become_report(const char *const *argv)
{
	char *copy[16] = { 0 };
	int argc = argument_count(argv);

	assert_true(argc < 16);
	for (int i = 0; i < argc; i++)
		copy[i] = strdup(argv[i]);
	if (chdir(folder))
		_exit(99);
	_exit(command_report.run(argc, copy));
}

#define RUN(ret, ...) run(ret, (const char *const[]){ "report", __VA_ARGS__, NULL })

static void run(struct outcome *ret, const char *const *argv)
{
	FILE *out = tmpfile(), *err = tmpfile();
	pid_t pid;

	assert_non_null(out);
	assert_non_null(err);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		dup2(fileno(out), STDOUT_FILENO);
		dup2(fileno(err), STDERR_FILENO);
		become_report(argv);
	}
	assert_int_equal(waitpid(pid, &ret->status, 0), pid);
	read_all(out, &ret->out);
	read_all(err, &ret->err);
}

static void outcome_release(struct outcome *o)
{
	strbuf_release(&o->out);
	strbuf_release(&o->err);
}

/* @o ended with @status and said @out and @err (NULL: nothing at all). */
static void expect(struct outcome *o, int status, const char *out, const char *err)
{
	if (!WIFEXITED(o->status) || WEXITSTATUS(o->status) != status)
		fail_msg("wait status %#x, not %d: %s", o->status, status, o->err.buf);
	if (out ? !strstr(o->out.buf, out) : o->out.len)
		fail_msg("stdout has no \"%s\":\n%s", out ? out : "", o->out.buf);
	if (err ? !strstr(o->err.buf, err) : o->err.len)
		fail_msg("stderr has no \"%s\":\n%s", err ? err : "", o->err.buf);
	outcome_release(o);
}

static void words_are_a_view_and_a_file(void **state)
{
	struct outcome o;

	(void)state;
	RUN(&o, "a.rw");
	expect(&o, STATUS_OK, "What bounds it", NULL);
	RUN(&o, "locks", "a.rw");
	expect(&o, STATUS_OK, "#1 mutex", NULL);
	RUN(&o, "a.rw", "--json");
	expect(&o, STATUS_OK, "\"schema_version\": 1", NULL);
	RUN(&o, "threads", "--json", "a.rw");
	expect(&o, STATUS_OK, "\"tid\": 4000", NULL);
}

static void what_is_no_view_and_no_file_is_a_usage_error(void **state)
{
	struct outcome o;

	(void)state;
	RUN(&o, "lokcs");
	expect(&o, STATUS_USAGE, NULL, "'lokcs' is no view (summary, threads,");
	RUN(&o, "lokcs", "a.rw");
	expect(&o, STATUS_USAGE, NULL, "'lokcs' is no view");
	RUN(&o, "locks", "a.rw", "b.rw");
	expect(&o, STATUS_USAGE, NULL, "b.rw");
	RUN(&o, "--colour=never", "a.rw");
	expect(&o, STATUS_USAGE, NULL, "--colour");
	RUN(&o, "--color=sometimes", "a.rw");
	expect(&o, STATUS_USAGE, NULL, "'sometimes' is not auto, always or never");
	RUN(&o, "--rows", "0", "a.rw");
	expect(&o, STATUS_USAGE, NULL, "'0' is neither a number of lines nor all");
}

static void a_file_that_is_not_there_is_a_failure(void **state)
{
	struct outcome o;

	(void)state;
	RUN(&o, "locks", "none.rw");
	expect(&o, STATUS_FAILED, NULL, "none.rw");
	RUN(&o, "locks");
	expect(&o, STATUS_FAILED, NULL, "'runwait record -- CMD' makes one");
}

static void selections_narrow_the_report(void **state)
{
	struct outcome o;

	(void)state;
	RUN(&o, "threads", "a.rw", "--tid", "4001");
	expect(&o, STATUS_OK, "only thread 4001", NULL);
	RUN(&o, "threads", "a.rw", "--since", "1ms", "--until", "3ms");
	expect(&o, STATUS_OK, "2.00 ms, ", NULL);
	RUN(&o, "threads", "a.rw", "--until", "1h");
	expect(&o, STATUS_OK, "4004", NULL);
	RUN(&o, "threads", "a.rw", "--tid", "77");
	expect(&o, STATUS_FAILED, NULL, "no thread 77 was recorded");
	RUN(&o, "threads", "a.rw", "--pid", "77");
	expect(&o, STATUS_FAILED, NULL, "no process 77 was recorded");
	RUN(&o, "threads", "a.rw", "--since", "1h");
	expect(&o, STATUS_FAILED, NULL, "--since is after the end");
	RUN(&o, "threads", "a.rw", "--since", "3ms", "--until", "2ms");
	expect(&o, STATUS_USAGE, NULL, "--until is not later than --since");
}

static void a_reader_that_goes_away_is_no_failure(void **state)
{
	static const char *const argv[] = { "report", "a.rw", NULL };
	struct outcome o = { .out = STRBUF_INIT };
	int ends[2];
	FILE *err = tmpfile();
	pid_t pid;

	(void)state;
	assert_non_null(err);
	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		signal(SIGPIPE, SIG_IGN);
		dup2(ends[1], STDOUT_FILENO);
		dup2(fileno(err), STDERR_FILENO);
		become_report(argv);
	}
	close(ends[1]);
	assert_int_equal(waitpid(pid, &o.status, 0), pid);
	read_all(err, &o.err);
	expect(&o, STATUS_OK, NULL, NULL);
}

static void a_full_disk_is_a_failure(void **state)
{
	static const char *const argv[] = { "report", "a.rw", NULL };
	struct outcome o = { .out = STRBUF_INIT };
	FILE *err = tmpfile();
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	pid_t pid;

	(void)state;
	assert_true(full >= 0);
	assert_non_null(err);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		dup2(full, STDOUT_FILENO);
		dup2(fileno(err), STDERR_FILENO);
		become_report(argv);
	}
	close(full);
	assert_int_equal(waitpid(pid, &o.status, 0), pid);
	read_all(err, &o.err);
	expect(&o, STATUS_FAILED, NULL, "No space left on device");
}

static void a_file_cut_off_is_reported_with_a_warning(void **state)
{
	struct stat st;
	struct outcome o;

	(void)state;
	write_recording(path_of("cut.rw"));
	assert_int_equal(stat(path_of("cut.rw"), &st), 0);
	assert_int_equal(truncate(path_of("cut.rw"), st.st_size / 2), 0);
	RUN(&o, "cut.rw");
	assert_non_null(strstr(o.out.buf, "CUT OFF"));
	expect(&o, STATUS_OK, "What bounds it", "warning: cut.rw: ");
	RUN(&o, "-q", "cut.rw");
	expect(&o, STATUS_OK, "CUT OFF", NULL);
}

/* Runs the summary on a terminal of @columns with one variable set. */
static void run_on_terminal(unsigned short columns, const char *name, const char *value,
			    struct strbuf *ret)
{
	static const char *const argv[] = { "report", "a.rw", NULL };
	struct winsize size = { .ws_row = 24, .ws_col = columns };
	char block[4096];
	int master, status;
	ssize_t n;
	pid_t pid = forkpty(&master, NULL, NULL, &size);

	assert_true(pid >= 0);
	if (!pid) {
		unsetenv("NO_COLOR");
		setenv("TERM", "xterm", 1);
		setenv(name, value, 1);
		become_report(argv);
	}
	strbuf_init(ret);
	/* EIO: the other side of the terminal was closed */
	while ((n = read(master, block, sizeof(block))) > 0)
		for (ssize_t i = 0; i < n; i++)
			if (block[i] != '\r')
				strbuf_putc(ret, block[i]);
	close(master);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_non_null(strstr(ret->buf, "What bounds it"));
}

static size_t longest_line(const char *text)
{
	size_t longest = 0;

	while (*text) {
		size_t len = strcspn(text, "\n");
		struct strbuf line = STRBUF_INIT;

		strbuf_add(&line, text, len);
		if (fmt_columns(line.buf) > longest)
			longest = fmt_columns(line.buf);
		strbuf_release(&line);
		text += len + (text[len] == '\n');
	}
	return longest;
}

static void terminals_get_colours_and_their_width(void **state)
{
	static const struct {
		const char *name, *value;
		bool color;
	} cases[] = {
		{ "TERM", "xterm", true },	{ "TERM", "dumb", false },
		{ "TERM", "", false },		{ "NO_COLOR", "1", false },
		{ "NO_COLOR", "", true },
	};
	struct strbuf text;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		run_on_terminal(80, cases[i].name, cases[i].value, &text);
		assert_int_equal(strchr(text.buf, '\033') != NULL, cases[i].color);
		if (!cases[i].color)
			assert_true(longest_line(text.buf) <= 80);
		strbuf_release(&text);
	}
	run_on_terminal(120, "NO_COLOR", "1", &text);
	assert_in_range(longest_line(text.buf), 81, 120);
	strbuf_release(&text);
	/* a terminal that does not know its size: serial lines, some editors */
	run_on_terminal(0, "NO_COLOR", "1", &text);
	assert_true(longest_line(text.buf) <= 100);
	strbuf_release(&text);
}

static void colour_is_for_terminals_unless_asked_for(void **state)
{
	struct outcome o;

	(void)state;
	RUN(&o, "a.rw");
	assert_null(strchr(o.out.buf, '\033'));
	outcome_release(&o);
	RUN(&o, "a.rw", "--color=always");
	expect(&o, STATUS_OK, "\033[1mWhat bounds it\033[0m", NULL);
}

static void json_of_a_file_keeps_the_contract(void **state)
{
	char command[160];
	struct outcome o;
	FILE *f;

	(void)state;
	if (system("python3 -c pass 2>/dev/null") != 0) {
		print_message("skipped: no python3 to read the JSON with\n");
		skip();
	}
	for (size_t i = 0; i < 2; i++) {
		const char *view = i ? "wakeups" : "locks";

		RUN(&o, view, "a.rw", "--json");
		snprintf(command, sizeof(command), "python3 tests/golden/check-report %s", view);
		f = popen(command, "w");
		assert_non_null(f);
		assert_int_equal(fwrite(o.out.buf, 1, o.out.len, f), o.out.len);
		assert_int_equal(pclose(f), 0);
		outcome_release(&o);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_a_view_and_a_file),
		cmocka_unit_test(what_is_no_view_and_no_file_is_a_usage_error),
		cmocka_unit_test(a_file_that_is_not_there_is_a_failure),
		cmocka_unit_test(selections_narrow_the_report),
		cmocka_unit_test(a_reader_that_goes_away_is_no_failure),
		cmocka_unit_test(a_full_disk_is_a_failure),
		cmocka_unit_test(a_file_cut_off_is_reported_with_a_warning),
		cmocka_unit_test(terminals_get_colours_and_their_width),
		cmocka_unit_test(colour_is_for_terminals_unless_asked_for),
		cmocka_unit_test(json_of_a_file_keeps_the_contract),
	};

	return cmocka_run_group_tests(tests, prepare, clean);
}
