/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The export command on a small file, written here: where it writes, what it
 * refuses, and how it leaves. Each run is a process of its own.
 */
#include "base/strbuf.h"
#include "cmd/command.h"
#include "file/file.h"
#include "simulated.h"
#include "unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EVENTS = 2000 };

static char folder[] = "/tmp/runwait-export-XXXXXX";

static void write_recording(const char *path)
{
	struct simulated machine = {
		.seed = 5, .cores = 2, .lockers = 3, .sleepers = 1, .locks = 1
	};
	struct recording rec = {
		.command = "simulated",
		.command_size = sizeof("simulated"),
		.kernel = "6.18.0",
		.machine = "x86_64",
		.host = "box",
		.version = "0.1.0",
		.cpus = 2,
		.complete = true,
	};
	struct error err = ERROR_INIT;
	struct file_writer *w;
	struct event e;

	simulated_next(&machine, &e);
	rec.start_ns = e.time_ns;
	assert_int_equal(file_writer_create(path, &rec, &w, &err), 0);
	for (int i = 0; i < EVENTS; i++) {
		rec.end_ns = e.time_ns > rec.end_ns ? e.time_ns : rec.end_ns;
		assert_int_equal(file_writer_add(w, &e), 0);
		simulated_next(&machine, &e);
	}
	assert_int_equal(file_writer_finish(w, &rec, &err), 0);
	file_writer_close(w);
}

static int prepare(void **state)
{
	(void)state;
	if (!mkdtemp(folder) || chdir(folder))
		return -1;
	write_recording("runwait.rw");
	return 0;
}

static int clean(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static void read_file(const char *path, struct strbuf *ret)
{
	FILE *file = fopen(path, "r");
	char block[4096];
	size_t n;

	strbuf_init(ret);
	assert_non_null(file);
	while ((n = fread(block, 1, sizeof(block), file)) > 0)
		strbuf_add(ret, block, n);
	fclose(file);
	assert_int_equal(strbuf_error(ret), 0);
}

static bool exists(const char *path)
{
	return !access(path, F_OK);
}

/* Runs the command with stdout at @out; its status, and what it said in the file "err". */
static int run_to(int out, const char *const *argv)
{
	char *copy[16] = { 0 };
	int argc = 0, status, err = open("err", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		/* as main() does, so that a closed pipe is an error of write */
		signal(SIGPIPE, SIG_IGN);
		for (; argv[argc]; argc++)
			copy[argc] = strdup(argv[argc]);
		dup2(out, STDOUT_FILENO);
		dup2(err, STDERR_FILENO);
		_exit(command_export.run(argc, copy));
	}
	close(err);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int run(const char *const *argv)
{
	int out = open("out", O_WRONLY | O_CREAT | O_TRUNC, 0600), status = run_to(out, argv);

	close(out);
	return status;
}

#define RUN(...) run((const char *const[]){ "export", __VA_ARGS__, NULL })

static void expect_text(const char *file, const char *text)
{
	struct strbuf sb;

	read_file(file, &sb);
	if (!strstr(sb.buf, text))
		fail_msg("%s has no \"%s\":\n%s", file, text, sb.buf);
	strbuf_release(&sb);
}

static void expect_empty(const char *file)
{
	struct strbuf sb;

	read_file(file, &sb);
	assert_string_equal(sb.buf, "");
	strbuf_release(&sb);
}

static void data_goes_to_stdout_and_a_file_names_its_format(void **state)
{
	(void)state;
	assert_int_equal(RUN("-f", "folded"), STATUS_OK);
	expect_text("out", ";[lock] ");
	expect_empty("err");
	assert_int_equal(RUN("-q", "-o", "picture.svg", "runwait.rw"), STATUS_OK);
	expect_text("picture.svg", "</svg>");
	expect_empty("err");
	assert_int_equal(RUN("-f", "folded", "-o", "picture.txt"), STATUS_OK);
	expect_text("picture.txt", ";[lock] ");
}

static void a_dash_is_stdout(void **state)
{
	(void)state;
	assert_int_equal(RUN("-f", "folded", "-o", "-"), STATUS_OK);
	expect_text("out", ";[lock] ");
	expect_empty("err");
	assert_false(exists("-"));
}

static void what_makes_no_sense_is_a_usage_error(void **state)
{
	(void)state;
	assert_int_equal(RUN("runwait.rw"), STATUS_USAGE);
	expect_text("err", "which format?");
	assert_int_equal(RUN("-o", "x.png"), STATUS_USAGE);
	assert_int_equal(RUN("-f", "png"), STATUS_USAGE);
	expect_text("err", "'png' is no format (folded, svg");
	assert_int_equal(RUN("-f", "svg", "--class", "lock,lokc"), STATUS_USAGE);
	expect_text("err", "'lokc' is no class");
	assert_int_equal(RUN("-f", "svg", "--class", "lock,"), STATUS_USAGE);
	assert_int_equal(RUN("-f", "svg", "--weight", "cpu"), STATUS_USAGE);
	assert_int_equal(RUN("-f", "svg", "--by", "user"), STATUS_USAGE);
	assert_int_equal(RUN("-f", "svg", "runwait.rw", "b.rw"), STATUS_USAGE);
	assert_false(exists("runwait.svg"));
}

static void nothing_to_draw_is_a_failure_and_no_file(void **state)
{
	(void)state;
	assert_int_equal(RUN("-f", "svg", "--weight", "oncpu", "-o", "none.svg"), STATUS_FAILED);
	expect_text("err", "no samples");
	assert_int_equal(RUN("-f", "svg", "--class", "child", "-o", "none.svg"), STATUS_FAILED);
	assert_int_equal(RUN("-f", "svg", "-o", "none.svg", "none.rw"), STATUS_FAILED);
	assert_int_equal(RUN("-f", "svg", "-o", "nowhere/none.svg"), STATUS_FAILED);
	expect_text("err", "nowhere/none.svg: No such file");
	assert_false(exists("none.svg"));
}

static void the_recording_is_never_written_over(void **state)
{
	struct stat before, after;

	(void)state;
	assert_int_equal(stat("runwait.rw", &before), 0);
	assert_int_equal(symlink("runwait.rw", "link.svg"), 0);
	assert_int_equal(RUN("-o", "link.svg"), STATUS_FAILED);
	expect_text("err", "is the recording itself");
	assert_int_equal(RUN("-f", "folded", "-o", "runwait.rw"), STATUS_FAILED);
	assert_int_equal(stat("runwait.rw", &after), 0);
	assert_int_equal(before.st_size, after.st_size);
}

static void a_full_disk_is_said_and_a_closed_pipe_is_not(void **state)
{
	static const char *const to_stdout[] = { "export", "-f", "svg", "-o", "-", NULL };
	int full = open("/dev/full", O_WRONLY), ends[2];

	(void)state;
	assert_true(full >= 0);
	assert_int_equal(run_to(full, to_stdout), STATUS_FAILED);
	expect_text("err", "stdout: No space left");
	close(full);
	assert_int_equal(RUN("-f", "svg", "-o", "/dev/full"), STATUS_FAILED);
	assert_true(exists("/dev/full"));
	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	assert_int_equal(run_to(ends[1], to_stdout), STATUS_OK);
	expect_empty("err");
	close(ends[1]);
}

static void selections_narrow_what_is_drawn(void **state)
{
	struct strbuf all, one;

	(void)state;
	assert_int_equal(RUN("-f", "folded", "-o", "-"), STATUS_OK);
	read_file("out", &all);
	assert_int_equal(RUN("-f", "folded", "-o", "-", "--tid", "4001"), STATUS_OK);
	read_file("out", &one);
	assert_true(one.len > 0 && one.len < all.len);
	for (const char *line = one.buf; *line; line = strchr(line, '\n') + 1)
		assert_non_null(memmem(line, strcspn(line, "\n"), "/4001;", 6));
	strbuf_release(&one);
	assert_int_equal(RUN("-f", "folded", "-o", "-", "--by", "process"), STATUS_OK);
	read_file("out", &one);
	assert_null(strstr(one.buf, "/4001;"));
	strbuf_release(&one);
	strbuf_release(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(data_goes_to_stdout_and_a_file_names_its_format),
		cmocka_unit_test(a_dash_is_stdout),
		cmocka_unit_test(what_makes_no_sense_is_a_usage_error),
		cmocka_unit_test(nothing_to_draw_is_a_failure_and_no_file),
		cmocka_unit_test(the_recording_is_never_written_over),
		cmocka_unit_test(a_full_disk_is_said_and_a_closed_pipe_is_not),
		cmocka_unit_test(selections_narrow_what_is_drawn),
	};

	return cmocka_run_group_tests(tests, prepare, clean);
}
