/* SPDX-License-Identifier: GPL-2.0-only */
#include "file/file.h"

#include "base/alloc.h"
#include "file_bytes.h"
#include "oom.h"
#include "random_event.h"
#include "simulated.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static void a_recording_comes_back_and_again(void **state)
{
	struct strbuf file = STRBUF_INIT;
	struct file_reader *r;
	struct event got;

	(void)state;
	file_write(&file, 4, 30000, 7001);
	r = file_open(&file, NULL);
	for (int pass = 0; pass < 2; pass++) {
		struct random_events events = { .seed = 4 };
		struct event want;

		for (int i = 0; i < 30000; i++) {
			random_event(&events, &want);
			assert_int_equal(file_reader_next(r, &got, NULL), 1);
			assert_events_equal(&want, &got);
		}
		assert_int_equal(file_reader_next(r, &got, NULL), 0);
		assert_int_equal(file_reader_next(r, &got, NULL), 0);
		assert_null(file_reader_warning(r));
		assert_int_equal(file_reader_rewind(r), 0);
	}
	file_reader_close(r);
	strbuf_release(&file);
}

static void the_description_comes_back(void **state)
{
	struct strbuf file = STRBUF_INIT;
	struct file_reader *r;
	const struct recording *rec;
	struct recording want;

	(void)state;
	file_recording(&want);
	file_write(&file, 4, 10, 5);
	r = file_open(&file, NULL);
	rec = file_reader_recording(r);
	assert_int_equal(rec->command_size, want.command_size);
	assert_memory_equal(rec->command, want.command, want.command_size);
	assert_string_equal(rec->kernel, want.kernel);
	assert_string_equal(rec->machine, want.machine);
	assert_string_equal(rec->host, want.host);
	assert_string_equal(rec->version, want.version);
	assert_int_equal(rec->cpus, want.cpus);
	assert_int_equal(rec->frequency_hz, want.frequency_hz);
	assert_int_equal(rec->min_wait_ns, want.min_wait_ns);
	assert_true(rec->stacks && !rec->children && rec->whole_machine);
	assert_int_equal(rec->start_ns, want.start_ns);
	assert_int_equal(rec->start_realtime_ns, want.start_realtime_ns);
	assert_int_equal(rec->start_boottime_ns, want.start_boottime_ns);
	assert_int_equal(rec->probe_count, 2);
	assert_string_equal(rec->probes[1], want.probes[1]);
	assert_int_equal(rec->missing_count, 1);
	assert_string_equal(rec->missing[0], want.missing[0]);
	assert_true(rec->complete);
	assert_int_equal(rec->end_ns, want.end_ns);
	assert_int_equal(rec->collector_cpu_ns, want.collector_cpu_ns);
	assert_int_equal(rec->collector_window_cpu_ns, want.collector_window_cpu_ns);
	assert_memory_equal(rec->loss, want.loss, sizeof(want.loss));
	assert_int_equal(rec->exit_status, want.exit_status);
	file_reader_close(r);
	strbuf_release(&file);
}

static void a_description_of_nothing_has_empty_texts(void **state)
{
	const struct recording nothing = { 0 };
	struct file_writer *w;
	struct file_reader *r;
	const struct recording *rec;

	(void)state;
	assert_int_equal(file_writer_create(NULL, &nothing, &w, NULL), 0);
	assert_int_equal(file_writer_finish(w, &nothing, NULL), 0);
	assert_int_equal(file_reader_open_fd(dup(file_writer_fd(w)), "x", &r, NULL), 0);
	rec = file_reader_recording(r);
	assert_string_equal(rec->command, "");
	assert_int_equal(rec->command_size, 0);
	assert_string_equal(rec->kernel, "");
	assert_string_equal(rec->machine, "");
	assert_string_equal(rec->host, "");
	assert_string_equal(rec->version, "");
	file_reader_close(r);
	file_writer_close(w);
}

struct names_seen {
	struct random_events events;
	int at, count;
};

static int take_name(void *ctx, const struct event *e)
{
	struct names_seen *seen = ctx;
	struct event want;

	do {
		random_event(&seen->events, &want);
		seen->at++;
	} while (want.type != EVENT_NAME);
	assert_events_equal(&want, e);
	return ++seen->count == 5000 ? -ECANCELED : 0;
}

static void names_can_be_had_before_everything_else(void **state)
{
	struct names_seen seen = { .events = { .seed = 4 } };
	struct random_events events = { .seed = 4 };
	struct strbuf file = STRBUF_INIT;
	struct error err = ERROR_INIT;
	struct file_reader *r;
	struct event want, got;
	int names = 0;

	(void)state;
	file_write(&file, 4, 30000, 7001);
	r = file_open(&file, NULL);
	assert_int_equal(file_reader_names(r, take_name, &seen, &err), 0);
	/* … and does not take them away */
	for (int i = 0; i < 30000; i++) {
		random_event(&events, &want);
		names += want.type == EVENT_NAME;
		assert_int_equal(file_reader_next(r, &got, NULL), 1);
		assert_events_equal(&want, &got);
	}
	assert_true(names > 100);
	assert_int_equal(seen.count, names);
	assert_int_equal(file_reader_next(r, &got, NULL), 0);
	/* again, from its end; an error of the callee ends it */
	seen = (struct names_seen){ .events = { .seed = 4 }, .count = 4990 };
	assert_int_equal(file_reader_names(r, take_name, &seen, &err), -ECANCELED);
	assert_int_equal(seen.count, 5000);
	file_reader_close(r);
	strbuf_release(&file);
}

/* After a kill, what was flushed is there, and the file says that it is cut. */
static void what_was_flushed_survives_a_kill(void **state)
{
	struct random_events events = { .seed = 9 }, again = { .seed = 9 };
	struct recording rec;
	struct file_writer *w;
	struct file_reader *r;
	struct event e, got;

	(void)state;
	file_recording(&rec);
	assert_int_equal(file_writer_create(NULL, &rec, &w, NULL), 0);
	for (int i = 0; i < 150; i++) {
		random_event(&events, &e);
		e.time_ns = rec.start_ns + 1000000 * (uint64_t)i;
		assert_int_equal(file_writer_add(w, &e), 0);
		if (i == 99)
			assert_int_equal(file_writer_flush(w), 0);
	}
	assert_int_equal(file_reader_open_fd(dup(file_writer_fd(w)), "x", &r, NULL), 0);
	file_writer_close(w);
	assert_false(file_reader_recording(r)->complete);
	assert_int_equal(file_reader_recording(r)->end_ns, rec.start_ns + 99000000);
	assert_string_equal(file_reader_recording(r)->host, rec.host);
	assert_string_equal(file_reader_warning(r),
			    "cut off after 99.0 ms: the end of the recording is missing");
	for (int i = 0; i < 100; i++) {
		random_event(&again, &e);
		e.time_ns = rec.start_ns + 1000000 * (uint64_t)i;
		assert_int_equal(file_reader_next(r, &got, NULL), 1);
		assert_events_equal(&e, &got);
	}
	assert_int_equal(file_reader_next(r, &got, NULL), 0);
	file_reader_close(r);
}

/* --- where files lie ------------------------------------------------------------ */

static int enter_folder(void **state)
{
	char *folder = strdup("/tmp/runwait-test-XXXXXX");

	if (!folder || !mkdtemp(folder) || chdir(folder))
		return -1;
	*state = folder;
	return 0;
}

static int leave_folder(void **state)
{
	unlink("a.rw");
	unlink("a.rw.old");
	unlink("elsewhere");
	rmdir("folder");
	if (chdir("/") || rmdir(*state))
		return -1;
	free(*state);
	return 0;
}

static void create(const char *path)
{
	const struct recording rec = { 0 };
	struct file_writer *w;

	assert_int_equal(file_writer_create(path, &rec, &w, NULL), 0);
	file_writer_close(w);
}

static void an_old_file_is_put_aside(void **state)
{
	struct stat first, second, old;

	(void)state;
	umask(0);
	create("a.rw");
	assert_int_equal(stat("a.rw", &first), 0);
	assert_int_equal(first.st_mode & 07777, 0600);
	create("a.rw");
	assert_int_equal(stat("a.rw", &second), 0);
	assert_int_equal(stat("a.rw.old", &old), 0);
	assert_int_equal(old.st_ino, first.st_ino);
	assert_int_not_equal(second.st_ino, first.st_ino);
}

/* Somebody may have laid a link where we are known to write. */
static void a_link_is_put_aside_and_not_followed(void **state)
{
	struct stat st;

	(void)state;
	close(open("elsewhere", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	assert_int_equal(symlink("elsewhere", "a.rw"), 0);
	create("a.rw");
	assert_int_equal(lstat("a.rw", &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(stat("elsewhere", &st), 0);
	assert_int_equal(st.st_size, 0);
	assert_int_equal(lstat("a.rw.old", &st), 0);
	assert_true(S_ISLNK(st.st_mode));
}

static void what_cannot_be_created_is_said(void **state)
{
	const struct recording rec = { 0 };
	struct error err = ERROR_INIT;
	struct file_writer *w = NULL;

	(void)state;
	assert_int_equal(mkdir("folder", 0700), 0);
	assert_int_equal(file_writer_create("folder", &rec, &w, &err), -EISDIR);
	assert_string_equal(err.msg, "folder is a directory");
	assert_int_equal(file_writer_create("none/a.rw", &rec, &w, &err), -ENOENT);
	assert_string_equal(err.msg, "cannot create none/a.rw: No such file or directory");
	assert_int_equal(setenv("TMPDIR", "/nowhere", 1), 0);
	assert_int_equal(file_writer_create(NULL, &rec, &w, &err), -ENOENT);
	assert_string_equal(err.msg,
			    "cannot create a file in /nowhere: No such file or directory");
	unsetenv("TMPDIR");
	assert_null(w);
}

static void what_is_no_recording_is_said(void **state)
{
	static const struct {
		const char *path, *line;
		int rc;
	} cases[] = {
		{ "none", "cannot open none: No such file or directory", -ENOENT },
		{ "/", "/ is not a regular file", -EISDIR },
		{ "/dev/null", "/dev/null is not a regular file", -ESPIPE },
		{ "/etc/passwd", "/etc/passwd is no recording of runwait", -EBADMSG },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct error err = ERROR_INIT;
		struct file_reader *r = NULL;

		assert_int_equal(file_reader_open(cases[i].path, &r, &err), cases[i].rc);
		assert_string_equal(err.msg, cases[i].line);
		assert_null(r);
	}
}

/* --- a full disk ------------------------------------------------------------------ */

static void a_full_disk_is_said_once_and_for_all(void **state)
{
	struct random_events events = { .seed = 2 };
	struct error err = ERROR_INIT;
	struct rlimit was, small;
	struct file_writer *w;
	struct file_reader *r;
	struct recording rec;
	struct event e;
	int rc = 0, n = 0;

	(void)state;
	file_recording(&rec);
	assert_int_equal(file_writer_create("/dev/full", &rec, &w, &err), -ENOSPC);
	assert_string_equal(err.msg, "cannot write /dev/full: No space left on device");

	/* a limit lets a write come to its middle, as a full disk does */
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &was);
	small = (struct rlimit){ 20000, was.rlim_max };
	assert_int_equal(file_writer_create("a.rw", &rec, &w, &err), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (; !rc; n++) {
		random_event(&events, &e);
		rc = file_writer_add(w, &e);
		if (!rc && n % 50 == 49)
			rc = file_writer_flush(w);
	}
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	assert_int_equal(rc, -EFBIG);
	assert_int_equal(file_writer_add(w, &e), -EFBIG);
	assert_int_equal(file_writer_flush(w), -EFBIG);
	assert_int_equal(file_writer_finish(w, &rec, &err), -EFBIG);
	assert_string_equal(err.msg, "cannot write a.rw: File too large");
	file_writer_close(w);

	assert_int_equal(file_reader_open("a.rw", &r, &err), 0);
	n = n / 50 * 50 - 50;
	assert_true(n > 0);
	while (n--)
		assert_int_equal(file_reader_next(r, &e, &err), 1);
	assert_int_equal(file_reader_next(r, &e, &err), 0);
	file_reader_close(r);
}

/* --- size ------------------------------------------------------------------------- */

static void a_switch_takes_at_most_twelve_bytes(void **state)
{
	static const struct simulated machines[] = {
		{ .seed = 1, .cores = 2, .lockers = 8, .locks = 2 },
		{ .seed = 2, .cores = 8, .lockers = 16, .servers = 16, .sleepers = 4, .locks = 4 },
		{ .seed = 3, .cores = 32, .lockers = 64, .servers = 64, .sleepers = 9, .locks = 4 },
		{ .seed = 4, .cores = 2, .servers = 50, .sleepers = 10 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(machines); i++) {
		struct simulated machine = machines[i];
		struct recording rec;
		struct file_writer *w;
		uint64_t switches = 0, size;
		struct event e;

		file_recording(&rec);
		assert_int_equal(file_writer_create(NULL, &rec, &w, NULL), 0);
		while (switches < 100000) {
			simulated_next(&machine, &e);
			switches += e.type == EVENT_SWITCH;
			assert_int_equal(file_writer_add(w, &e), 0);
		}
		assert_int_equal(file_writer_finish(w, &rec, NULL), 0);
		size = file_writer_size(w);
		print_message("# %u cores: %.2f bytes a switch\n", machines[i].cores,
			      (double)size / (double)switches);
		assert_true(size <= 12 * switches);
		file_writer_close(w);
	}
}

/* --- memory ----------------------------------------------------------------------- */

static void a_failed_allocation_is_an_error_and_nothing_else(void **state)
{
	(void)state;
	OOM_SWEEP(300)
	{
		struct random_events events = { .seed = 12 };
		struct file_writer *w = NULL;
		struct file_reader *r = NULL;
		struct recording rec;
		struct event e;
		int rc, got;

		file_recording(&rec);
		rc = file_writer_create(NULL, &rec, &w, NULL);
		for (int i = 0; i < 60 && !rc; i++) {
			random_event(&events, &e);
			rc = file_writer_add(w, &e);
		}
		if (!rc)
			rc = file_writer_finish(w, &rec, NULL);
		if (!rc)
			rc = file_reader_open_fd(dup(file_writer_fd(w)), "x", &r, NULL);
		for (got = 0; !rc; got++) {
			rc = file_reader_next(r, &e, NULL);
			if (rc <= 0)
				break;
			rc = 0;
		}
		assert_true(rc == -ENOMEM || (!rc && got == 60));
		file_reader_close(r);
		file_writer_close(w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_recording_comes_back_and_again),
		cmocka_unit_test(the_description_comes_back),
		cmocka_unit_test(a_description_of_nothing_has_empty_texts),
		cmocka_unit_test(names_can_be_had_before_everything_else),
		cmocka_unit_test(what_was_flushed_survives_a_kill),
		cmocka_unit_test_setup_teardown(an_old_file_is_put_aside, enter_folder,
						leave_folder),
		cmocka_unit_test_setup_teardown(a_link_is_put_aside_and_not_followed, enter_folder,
						leave_folder),
		cmocka_unit_test_setup_teardown(what_cannot_be_created_is_said, enter_folder,
						leave_folder),
		cmocka_unit_test(what_is_no_recording_is_said),
		cmocka_unit_test_setup_teardown(a_full_disk_is_said_once_and_for_all, enter_folder,
						leave_folder),
		cmocka_unit_test(a_switch_takes_at_most_twelve_bytes),
		cmocka_unit_test(a_failed_allocation_is_an_error_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
