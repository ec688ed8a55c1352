/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Unwind tables agree with libdw. As a test over a few files that every
 * machine has; with arguments, over those files (tools/check-unwind).
 */
#include "unit.h"
#include "unwind_oracle.h"

#include <errno.h>
#include <link.h>
#include <string.h>

struct totals {
	size_t files, rows, mismatches;
};

static int compare_object(struct dl_phdr_info *info, size_t size, void *ctx)
{
	struct totals *t = ctx;
	const char *path = info->dlpi_name[0] ? info->dlpi_name : "/proc/self/exe";
	struct oracle_result r;

	(void)size;
	if (path[0] != '/')
		return 0; /* the vdso */
	r = oracle_compare(path, stdout);
	assert_int_equal(r.error, 0);
	assert_int_equal(r.mismatches, 0);
	/* all but a few rows have a rule: setcontext and such */
	assert_true(r.ended <= r.rows / 50 + 8);
	t->files++;
	t->rows += r.rows;
	return 0;
}

static void every_row_of_the_files_that_we_are_made_of_agrees_with_libdw(void **state)
{
	struct totals t = { 0 };

	(void)state;
	dl_iterate_phdr(compare_object, &t);
	printf("# %zu files, %zu rows\n", t.files, t.rows);
	assert_true(t.files >= 3);
	assert_true(t.rows > 20000);
}

static int compare_files(int count, char **paths)
{
	struct totals t = { 0 };

	for (int i = 0; i < count; i++) {
		struct oracle_result r = oracle_compare(paths[i], stdout);

		if (r.error) {
			/* no executable code, no .eh_frame, another machine */
			if (r.error != -ENOEXEC && r.error != -ENODATA)
				printf("%s: %s\n", paths[i], strerror(-r.error));
			continue;
		}
		printf("%-60s %8zu functions %8u rows %7.0f KiB %7.1f ms %6zu without a rule%s\n",
		       paths[i], r.table.functions, r.table.rows, r.table.words / 256.0,
		       r.build_ms, r.ended, r.mismatches ? "  WRONG" : "");
		t.files++;
		t.rows += r.rows;
		t.mismatches += r.mismatches;
	}
	printf("%zu files, %zu rows of libdw, %zu mismatches\n", t.files, t.rows, t.mismatches);
	return t.mismatches || !t.files;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_of_the_files_that_we_are_made_of_agrees_with_libdw),
	};

	if (argc > 1)
		return compare_files(argc - 1, argv + 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
