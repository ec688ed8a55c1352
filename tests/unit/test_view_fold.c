/* SPDX-License-Identifier: GPL-2.0-only */
/* Which rows of reports become one, and what of them is kept. */
#include "base/map.h"
#include "oom.h"
#include "unit.h"
#include "view/fold.h"

#include <string.h>

static void add_io(struct result *r, enum wait_class class, const char *name, const char *peer,
		   uint64_t wait_ns)
{
	struct result_io io = {
		.class = class,
		.target = name,
		.name = name,
		.side = SIDE_READS,
		.objects = 1,
		.waits = 1,
		.wait_ns = wait_ns,
		.max_wait_ns = wait_ns,
		.p50_ns = wait_ns,
		.threads = 1,
	};

	if (peer)
		assert_int_equal(vec_push(&io.peers, ((struct result_peer){ 7, peer, 1 })), 0);
	assert_int_equal(vec_push(&r->io, io), 0);
}

/* A slow pipeline, and a script that wants the output of commands. */
static void script(struct result *r, int commands)
{
	add_io(r, CLASS_PIPE, "pipe from sort (5)", "sort", 1000);
	for (int i = 0; i < commands; i++)
		add_io(r, CLASS_PIPE, "pipe from bash (9)", "bash", 10 + (uint64_t)i);
	add_io(r, CLASS_PIPE, "/run/fifo from bash (3)", "bash", 5);
	add_io(r, CLASS_PIPE, "pipe:[8]", NULL, 4);
	add_io(r, CLASS_IDLE, "epoll", NULL, 100000);
}

static void pipes_of_many_short_commands_are_one_row(void **state)
{
	struct result r = { 0 };
	struct fold f;

	(void)state;
	script(&r, 4);
	assert_int_equal(fold_io(&r, false, &f), 0);
	assert_int_equal(f.rows.count, 4);
	assert_string_equal(f.rows.at[0].io.name, "pipe from sort (5)");
	assert_int_equal(f.rows.at[0].count, 1);
	assert_int_equal(f.rows.at[0].io.p50_ns, 1000);
	assert_int_equal(f.rows.at[1].count, 4);
	assert_int_equal(f.rows.at[1].io.objects, 4);
	assert_int_equal(f.rows.at[1].io.waits, 4);
	assert_int_equal(f.rows.at[1].io.wait_ns, 10 + 11 + 12 + 13);
	assert_int_equal(f.rows.at[1].io.max_wait_ns, 13);
	/* the median of sums is not the sum of medians */
	assert_int_equal(f.rows.at[1].io.p50_ns, 0);
	/* what has a name of its own stays itself */
	assert_string_equal(f.rows.at[2].io.name, "/run/fifo from bash (3)");
	assert_int_equal(fold_sum(&f), 1000 + 46 + 5 + 4);
	fold_release(&f);
	result_release(&r);
}

static void two_rows_and_great_ones_stay_apart(void **state)
{
	struct result r = { 0 };
	struct fold f;

	(void)state;
	script(&r, 2);
	assert_int_equal(fold_io(&r, true, &f), 0);
	assert_int_equal(f.rows.count, 6);
	assert_string_equal(f.rows.at[0].io.name, "epoll");
	fold_release(&f);
	for (int i = 0; i < 5; i++) /* each of them a fifth */
		add_io(&r, CLASS_PIPE, "pipe from worker (1)", "worker", 1000);
	assert_int_equal(fold_io(&r, false, &f), 0);
	assert_int_equal(f.rows.count, 5 + 5);
	fold_release(&f);
	result_release(&r);
}

static void add_traffic(struct result *r, uint32_t from, uint32_t to, const char *to_comm,
			uint64_t wait_ns)
{
	struct result_traffic t = {
		.from_tgid = from,
		.from = "bash",
		.to_tgid = to,
		.to = to ? to_comm : NULL,
		.class = CLASS_PIPE,
		.side = SIDE_READS,
		.target = "pipe:[8]",
		.name = "pipe",
		.objects = 1,
		.waits = 2,
		.wait_ns = wait_ns,
		.max_wait_ns = wait_ns,
	};

	assert_int_equal(vec_push(&r->traffic, t), 0);
}

static void processes_of_one_row_are_counted_once(void **state)
{
	struct result r = { 0 };
	struct fold f;

	(void)state;
	add_traffic(&r, 1, 50, "sort", 1000);
	add_traffic(&r, 1, 2, "bash", 10);
	add_traffic(&r, 1, 3, "bash", 20);
	add_traffic(&r, 2, 3, "bash", 30);
	add_traffic(&r, 2, 0, NULL, 500); /* who that is nobody knows */
	assert_int_equal(fold_traffic(&r, false, &f), 0);
	assert_int_equal(f.rows.count, 2);
	assert_int_equal(f.rows.at[0].t.to_tgid, 50);
	assert_int_equal(f.rows.at[0].froms, 1);
	assert_int_equal(f.rows.at[1].count, 3);
	assert_int_equal(f.rows.at[1].froms, 2);
	assert_int_equal(f.rows.at[1].tos, 2);
	assert_int_equal(f.rows.at[1].t.waits, 6);
	assert_int_equal(f.rows.at[1].t.wait_ns, 60);
	assert_int_equal(f.rows.at[1].t.max_wait_ns, 30);
	fold_release(&f);
	result_release(&r);
}

static void folding_survives_a_lack_of_memory(void **state)
{
	struct result r = { 0 };
	struct fold f;
	int rc;

	(void)state;
	script(&r, 4);
	for (uint32_t i = 0; i < 4; i++)
		add_traffic(&r, i + 1, i + 2, "bash", 10);
	OOM_SWEEP(50) {
		rc = fold_io(&r, false, &f);
		assert_true(rc == 0 || rc == -ENOMEM);
		fold_release(&f);
		rc = fold_traffic(&r, false, &f);
		assert_true(rc == 0 || rc == -ENOMEM);
		fold_release(&f);
	}
	result_release(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pipes_of_many_short_commands_are_one_row),
		cmocka_unit_test(two_rows_and_great_ones_stay_apart),
		cmocka_unit_test(processes_of_one_row_are_counted_once),
		cmocka_unit_test(folding_survives_a_lack_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
