/* SPDX-License-Identifier: GPL-2.0-only */
/* What holders of locks did while others waited, and how sure it is that they held them. */
#include "evscript.h"

#include "core/kernel_locks.h"

static const struct result_holder *holder_with(const struct result_lock *l, uint32_t tid)
{
	for (size_t i = 0; i < l->holders.count; i++)
		if (l->holders.at[i].tid == tid)
			return &l->holders.at[i];
	fail_msg("%u holds nothing", tid);
	return NULL;
}

/* --- what holders did meanwhile --- */

/* B holds the lock all along; A waits for it from 2000 to 3000. */
static const struct result_lock *held_while(struct evscript_run *run, const char *before,
					    const char *meanwhile)
{
	evscript_init(&run->script);
	evscript_play(&run->script, "1000 object 1 futex 0x10 the_lock\n"
				    "1000 object 2 file 0x99 /var/lib/x\n"
				    "1000 task A found on cpu0\n"
				    "1000 task B found on cpu1 of A\n");
	evscript_play(&run->script, before);
	evscript_play(&run->script, "2000 cpu0 switch A>- wait futex 0x10 mutex owner B object 1 "
				    "stack 8\n");
	evscript_play(&run->script, meanwhile);
	evscript_play(&run->script, "3000 wake A by B stack 9\n"
				    "3000 cpu0 switch ->A\n"
				    "4000 end\n");
	evscript_finish(run);
	assert_int_equal(run->result.locks.count, 1);
	assert_int_equal(run->result.locks.at[0].holders.count, 1);
	assert_int_equal(run->result.locks.at[0].wait_ns, 1000);
	return &run->result.locks.at[0];
}

static void a_holder_that_waits_itself_holds_from_there(void **state)
{
	struct evscript_run run;
	const struct result_lock *l = held_while(&run, "",
						 "2100 cpu1 switch B>- wait fsync object 2 "
						 "stack 5\n"
						 "2850 wake B by irq\n"
						 "2900 cpu1 switch ->B\n");
	const struct result_holder *h = &l->holders.at[0];

	(void)state;
	assert_int_equal(h->stack, 5);
	assert_int_equal(h->stack_from, STACK_FROM_WAIT);
	assert_int_equal(h->stack_ns, 750 + 50);
	assert_int_equal(h->doing_ns[CLASS_FILE], 750);
	assert_int_equal(h->doing_ns[HELD_RUNNABLE], 50);
	assert_int_equal(h->doing_ns[HELD_RUN], 200);
	assert_string_equal(h->waited_for, "fsync /var/lib/x");
	assert_int_equal(h->waited_for_ns, 750);
	assert_int_equal(l->doing_ns[CLASS_FILE], 750);
	assert_int_equal(l->sites.at[0].held_stack, 5);
	assert_int_equal(l->sites.at[0].wait_stack, 8);
	assert_int_equal(l->sites.at[0].doing, CLASS_FILE);
	evscript_stop(&run);
}

static void a_wait_that_began_before_the_other_one_counts_from_there(void **state)
{
	struct evscript_run run;
	const struct result_lock *l = held_while(&run,
						 "1500 cpu1 switch B>- wait nanosleep stack 5\n",
						 "2600 wake B by irq\n"
						 "2600 cpu1 switch ->B\n");
	const struct result_holder *h = &l->holders.at[0];

	(void)state;
	assert_int_equal(h->doing_ns[CLASS_SLEEP], 600);
	assert_int_equal(h->doing_ns[HELD_RUN], 400);
	assert_int_equal(h->stack, 5);
	assert_string_equal(h->waited_for, "nanosleep");
	evscript_stop(&run);
}

static void a_holder_that_runs_is_where_it_is_sampled_next(void **state)
{
	struct evscript_run run;
	const struct result_lock *l = held_while(&run, "1990 sample B stack 4\n",
						 "2300 sample B stack 6\n"
						 "2700 sample B stack 7\n");
	const struct result_holder *h = &l->holders.at[0];

	(void)state;
	/* from the sample before that none of the time is known to be */
	assert_int_equal(h->doing_ns[HELD_RUN], 1000);
	assert_int_equal(h->stack, 7);
	assert_int_equal(h->stack_from, STACK_FROM_SAMPLE);
	assert_int_equal(h->stack_ns, 700);
	assert_int_equal(l->sites.count, 2);
	assert_int_equal(l->sites.at[1].held_stack, 6);
	assert_int_equal(l->sites.at[1].blame_ns, 300);
	evscript_stop(&run);
}

static void a_holder_that_is_not_seen_is_where_it_lets_go(void **state)
{
	struct evscript_run run;
	const struct result_lock *l = held_while(&run, "", "");

	(void)state;
	assert_int_equal(l->holders.at[0].stack, 9);
	assert_int_equal(l->holders.at[0].stack_from, STACK_FROM_RELEASE);
	assert_int_equal(l->holders.at[0].doing_ns[HELD_RUN], 1000);
	evscript_stop(&run);
}

static void a_preempted_holder_waits_for_a_core_where_it_ran(void **state)
{
	struct evscript_run run;
	const struct result_lock *l = held_while(&run, "", "2200 cpu1 switch B>- preempted\n"
							   "2800 cpu1 switch ->B\n"
							   "2900 sample B stack 6\n");
	const struct result_holder *h = &l->holders.at[0];

	(void)state;
	assert_int_equal(h->doing_ns[HELD_RUNNABLE], 600);
	assert_int_equal(h->doing_ns[HELD_RUN], 400);
	assert_int_equal(h->stack, 6);
	assert_null(h->waited_for);
	evscript_stop(&run);
}

static void a_preempted_holder_stood_where_its_stack_says(void **state)
{
	struct evscript_run run;
	const struct result_lock *l = held_while(&run, "",
						 "2200 cpu1 switch B>- preempted stack 7\n"
						 "2800 cpu1 switch ->B\n"
						 "2900 sample B stack 6\n");

	(void)state;
	assert_int_equal(l->sites.at[0].held_stack, 7);
	assert_int_equal(l->sites.at[0].stack_from, STACK_FROM_WAIT);
	assert_int_equal(l->sites.at[0].doing, HELD_RUNNABLE);
	/* and ran until then there, and behind it to where it was sampled next */
	assert_int_equal(l->sites.at[0].blame_ns, 600 + 200);
	assert_int_equal(l->sites.at[1].held_stack, 6);
	assert_int_equal(l->sites.at[1].blame_ns, 200);
	evscript_stop(&run);
}

/* Two stacks of the same function, called from the same place. */
static void tell_alike(struct evscript *s)
{
	static const uint32_t frames[] = { 11, 20, 12, 20 };
	struct event e = { .type = EVENT_STACK };

	for (uint32_t i = 0; i < 2; i++) {
		e = (struct event){ .type = EVENT_STACK,
				    .stack = { .stack = 6 + i, .flags = STACK_COMPLETE,
					       .count = 2, .frames = frames + (size_t)2 * i } };
		evscript_event(s, &e);
		e = (struct event){ .type = EVENT_NAME,
				    .name = { .frame = 11 + i, .function = "crunch",
					      .file = "x.c", .line = 7 + i } };
		evscript_event(s, &e);
	}
}

static void samples_of_one_function_are_one_place(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_init(&run.script);
	tell_alike(&run.script);
	evscript_play(&run.script, "1000 object 1 futex 0x10 the_lock\n"
				   "1000 task A found on cpu0\n"
				   "1000 task B found on cpu1 of A\n"
				   "2000 cpu0 switch A>- wait futex 0x10 mutex owner B object 1 "
				   "stack 8\n"
				   "2300 sample B stack 6\n"
				   "2700 sample B stack 7\n"
				   "3000 wake A by B stack 9\n"
				   "3000 cpu0 switch ->A\n"
				   "4000 end\n");
	evscript_finish(&run);
	assert_int_equal(run.result.locks.at[0].sites.count, 1);
	assert_int_equal(run.result.locks.at[0].sites.at[0].held_stack, 6);
	assert_int_equal(run.result.locks.at[0].sites.at[0].blame_ns, 1000);
	evscript_stop(&run);
}

static void blame_is_weighed_by_how_many_waited_when_the_holder_did_something(void **state)
{
	struct evscript_run run;
	const struct result_holder *h;

	(void)state;
	evscript_start(&run, "1000 object 1 futex 0x10\n"
			     "1000 task A found on cpu0\n"
			     "1000 task B found on cpu1 of A\n"
			     "1000 task C found on cpu2 of A\n"
			     "2000 cpu0 switch A>- wait futex 0x10 mutex owner B object 1\n"
			     "2400 cpu1 switch B>- wait read\n"
			     "2500 cpu2 switch C>- wait futex 0x10 mutex owner B object 1\n"
			     "2800 wake B by irq\n"
			     "2800 cpu1 switch ->B\n"
			     "3000 wake A by B\n"
			     "3000 cpu0 switch ->A\n"
			     "3100 wake C by A\n"
			     "3100 cpu2 switch ->C\n"
			     "4000 end\n");
	h = holder_with(&run.result.locks.at[0], 102);
	assert_int_equal(h->blame_ns, 1000 + 500);
	assert_int_equal(h->doing_ns[HELD_RUN], 400 + 2 * 200);
	assert_int_equal(h->doing_ns[CLASS_OTHER], 100 + 2 * 300);
	evscript_stop(&run);
}

static void the_run_queue_behind_its_own_wait_is_not_where_a_lock_is_held(void **state)
{
	struct evscript_run run;
	const struct result_holder *h;

	(void)state;
	/* A gets the lock when it is woken at 2000, and a core only at 2400 */
	evscript_start(&run, "1000 object 1 futex 0x10\n"
			     "1000 task A found on cpu0\n"
			     "1000 task B found on cpu1 of A\n"
			     "1000 task C found on cpu2 of A\n"
			     "1500 cpu0 switch A>- wait futex 0x10 mutex owner B object 1 stack 8\n"
			     "1600 cpu2 switch C>- wait futex 0x10 mutex owner B object 1 stack 8\n"
			     "2000 wake A by B stack 3\n"
			     "2400 cpu0 switch ->A\n"
			     "2900 wake C by A stack 4\n"
			     "2900 cpu2 switch ->C\n"
			     "4000 end\n");
	h = holder_with(&run.result.locks.at[0], 101);
	assert_int_equal(h->doing_ns[HELD_RUNNABLE], 400);
	assert_int_equal(h->doing_ns[HELD_RUN], 500);
	assert_int_equal(h->stack, 4);
	assert_int_equal(h->stack_ns, 900);
	evscript_stop(&run);
}

static void of_a_holder_that_is_not_selected_nothing_is_known(void **state)
{
	struct evscript_run run;
	const struct result_lock *l;

	(void)state;
	evscript_init(&run.script);
	run.script.options.tid = 101;
	evscript_play(&run.script, "1000 object 1 futex 0x10\n"
				   "1000 task A found on cpu0\n"
				   "1000 task B found on cpu1 of A\n"
				   "2000 cpu0 switch A>- wait futex 0x10 mutex owner B object 1\n"
				   "2100 cpu1 switch B>- wait fsync\n"
				   "2900 wake B by irq\n"
				   "2900 cpu1 switch ->B\n"
				   "3000 wake A by B\n"
				   "3000 cpu0 switch ->A\n"
				   "4000 end\n");
	run.model = evscript_model(&run.script, &run.result);
	l = &run.result.locks.at[0];
	assert_int_equal(holder_with(l, 102)->doing_ns[HELD_UNKNOWN], 1000);
	evscript_stop(&run);
}

static void what_both_do_at_the_end_is_known_in_either_order(void **state)
{
	static const char *const orders[] = { "1000 task A found on cpu0\n"
					      "1000 task B found on cpu1 of A\n",
					      "1000 task B found on cpu1\n"
					      "1000 task A found on cpu0 of B\n" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(orders); i++) {
		struct evscript_run run;
		const struct result_lock *l;

		evscript_init(&run.script);
		evscript_play(&run.script, "1000 object 1 futex 0x10\n");
		evscript_play(&run.script, orders[i]);
		evscript_play(&run.script, "2000 cpu1 switch B>- wait openat\n"
					   "2500 cpu0 switch A>- wait futex 0x10 mutex owner B "
					   "object 1\n"
					   "4000 end\n");
		evscript_finish(&run);
		l = &run.result.locks.at[0];
		assert_int_equal(l->open_waits, 1);
		assert_int_equal(l->holders.at[0].blame_ns, 1500);
		assert_int_equal(l->holders.at[0].doing_ns[CLASS_OTHER], 1500);
		evscript_stop(&run);
	}
}

static void who_waited_for_the_same_thing_did_not_have_it_then(void **state)
{
	struct evscript_run run;
	const struct result_holder *h;

	(void)state;
	/* a semaphore of one: B waits for it as well, gets it at 1500 and keeps it asleep */
	evscript_start(&run, "1000 object 1 futex 0x10\n"
			     "1000 task A found on cpu0\n"
			     "1000 task B found on cpu1 of A\n"
			     "1000 task C found on cpu2 of A\n"
			     "1100 cpu0 switch A>- wait futex 0x10 semaphore object 1\n"
			     "1200 cpu1 switch B>- wait futex 0x10 semaphore object 1\n"
			     "1500 wake B by C\n"
			     "1500 cpu1 switch ->B\n"
			     "1600 cpu1 switch B>- wait nanosleep\n"
			     "1900 wake B by irq\n"
			     "1900 cpu1 switch ->B\n"
			     "2000 wake A by B stack 4\n"
			     "2000 cpu0 switch ->A\n"
			     "4000 end\n");
	h = holder_with(&run.result.locks.at[0], 102);
	assert_int_equal(h->blame_ns, 900);
	assert_int_equal(h->doing_ns[HELD_UNKNOWN], 300);
	assert_int_equal(h->doing_ns[CLASS_SLEEP], 300);
	assert_int_equal(h->doing_ns[HELD_RUN], 300);
	assert_int_equal(h->stack, 4);
	assert_int_equal(h->stack_from, STACK_FROM_RELEASE);
	evscript_stop(&run);
}

/* --- who has it --- */

static void a_hold_that_may_have_ended_long_ago_is_not_believed(void **state)
{
	struct evscript_run run;
	const struct result_lock *l;

	(void)state;
	/* of this mutex nobody can read the owner: A got it at 1200, and B ended C's wait */
	evscript_start(&run, "1000 object 1 futex 0x10\n"
			     "1000 task A found on cpu0\n"
			     "1000 task B found on cpu1 of A\n"
			     "1000 task C found on cpu2 of A\n"
			     "1100 cpu0 switch A>- wait futex 0x10 mutex object 1\n"
			     "1200 wake A by B\n"
			     "1200 cpu0 switch ->A\n"
			     "3000 cpu2 switch C>- wait futex 0x10 mutex object 1\n"
			     "3500 wake C by B\n"
			     "3500 cpu2 switch ->C\n"
			     "4000 end\n");
	l = &run.result.locks.at[0];
	assert_int_equal(l->holders.count, 1);
	assert_int_equal(holder_with(l, 102)->blame_ns, 100 + 500);
	assert_int_equal(holder_with(l, 102)->inferred_ns, 600);
	evscript_stop(&run);
}

static void a_writer_is_read_from_a_rwlock_and_readers_are_not(void **state)
{
	struct evscript_run run;
	const struct result_lock *l;

	(void)state;
	evscript_start(&run, "1000 object 1 futex 0x10\n"
			     "1000 task A found on cpu0\n"
			     "1000 task B found on cpu1 of A\n"
			     "1000 task C found on cpu2 of A\n"
			     "1100 cpu0 switch A>- wait futex 0x10 rwlock owner B object 1\n"
			     "1500 wake A by B\n"
			     "1500 cpu0 switch ->A\n"
			     "2000 cpu1 switch B>- wait futex 0x10 rwlock object 1\n"
			     "2600 wake B by C\n"
			     "2600 cpu1 switch ->B\n"
			     "4000 end\n");
	l = &run.result.locks.at[0];
	assert_int_equal(l->kind, LOCK_RWLOCK);
	assert_int_equal(holder_with(l, 102)->blame_ns, 400);
	assert_int_equal(holder_with(l, 102)->inferred_ns, 0);
	assert_int_equal(holder_with(l, 103)->blame_ns, 600);
	assert_int_equal(holder_with(l, 103)->inferred_ns, 600);
	evscript_stop(&run);
}

static void wakeups_of_a_crowd_that_find_nothing_are_counted(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_init(&run.script);
	evscript_play(&run.script, "1000 object 1 futex 0x10\n"
				   "1000 task M found on cpu3\n"
				   "1000 task A found on cpu0 of M\n"
				   "1000 task B found on cpu1 of M\n"
				   "1000 task C found on cpu2 of M\n");
	for (uint64_t t = 100000; t < 1100000; t += 100000) {
		evscript_line(&run.script, "%lu cpu0 switch A>- wait futex 0x10 condition object 1",
			      t);
		evscript_line(&run.script, "%lu cpu1 switch B>- wait futex 0x10 condition object 1",
			      t);
		evscript_line(&run.script, "%lu cpu2 switch C>- wait futex 0x10 condition object 1",
			      t);
		evscript_line(&run.script, "%lu wake A by M", t + 80000);
		evscript_line(&run.script, "%lu cpu0 switch ->A", t + 81000);
		evscript_line(&run.script, "%lu wake B by M", t + 93000);
		evscript_line(&run.script, "%lu wake C by M", t + 94000);
		/* A works for a while, B and C look and wait again */
		evscript_line(&run.script, "%lu cpu1 switch ->B", t + 96000);
		evscript_line(&run.script, "%lu cpu2 switch ->C", t + 96000);
	}
	evscript_play(&run.script, "2000000 end\n");
	evscript_finish(&run);
	assert_int_equal(run.result.locks.at[0].waits, 30);
	assert_int_equal(run.result.locks.at[0].wasted, 9 * 2);
	evscript_stop(&run);
}

static void a_lock_knows_how_its_waits_are_distributed(void **state)
{
	struct evscript_run run;
	const struct result_lock *l;
	uint64_t t = 1000, counted = 0;

	(void)state;
	evscript_init(&run.script);
	evscript_play(&run.script, "1000 object 1 futex 0x10\n1000 task A found on cpu0\n");
	for (uint64_t i = 1; i <= 100; i++) {
		uint64_t wait_ns = i > 98 ? 1000000 : i > 80 ? 50000 : 4000;

		evscript_line(&run.script, "%lu cpu0 switch A>- wait futex 0x10 mutex object 1",
			      t += 100);
		evscript_line(&run.script, "%lu cpu0 switch ->A", t += wait_ns);
	}
	evscript_line(&run.script, "%lu end", t);
	evscript_finish(&run);
	l = &run.result.locks.at[0];
	for (int i = 0; i < LOCK_BUCKETS; i++)
		counted += l->buckets[i];
	assert_int_equal(counted, 100);
	assert_in_range(l->p50_ns, 3000, 5000);
	assert_in_range(l->p90_ns, 40000, 62000);
	assert_in_range(l->p99_ns, 800000, 1000000);
	evscript_stop(&run);
}

static void every_length_lies_in_its_bucket(void **state)
{
	(void)state;
	for (int i = 0; i + 1 < LOCK_BUCKETS; i++) {
		assert_true(lock_bucket_ns(i) < lock_bucket_ns(i + 1));
		assert_int_equal(lock_bucket(lock_bucket_ns(i)), i);
		assert_int_equal(lock_bucket(lock_bucket_ns(i + 1) - 1), i);
	}
	assert_int_equal(lock_bucket(UINT64_MAX), LOCK_BUCKETS - 1);
}

/* --- the kernel's --- */

static void kernel_functions_name_the_lock_that_they_take(void **state)
{
	static const struct {
		const char *function, *lock;
	} known[] = {
		{ "do_user_addr_fault", "mmap_lock" },
		{ "__vm_munmap", "mmap_lock" },
		{ "ext4_buffered_write_iter", "inode lock" },
		{ "do_unlinkat", "directory inode lock" },
		{ "pipe_write", "pipe lock" },
		{ "start_this_handle.isra.0", "ext4 journal" },
		{ "rtnetlink_rcv_msg", "rtnl_mutex" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(known); i++) {
		assert_non_null(kernel_lock_find(known[i].function));
		assert_string_equal(kernel_lock_find(known[i].function)->name, known[i].lock);
		assert_false(kernel_lock_is_inside(known[i].function));
	}
	assert_null(kernel_lock_find("rwsem_down_write_slowpath"));
	assert_true(kernel_lock_is_inside("rwsem_down_write_slowpath"));
	assert_null(kernel_lock_find("vfs_write"));
}

static void who_ended_with_the_lock_does_nothing_any_more(void **state)
{
	struct evscript_run run;
	const struct result_lock *l = held_while(&run, "1500 cpu1 switch B>- dead\n", "");
	const struct result_holder *h = &l->holders.at[0];

	(void)state;
	assert_int_equal(h->tid, 102);
	assert_true(h->ended);
	assert_int_equal(h->inferred_ns, 0);
	assert_int_equal(h->doing_ns[HELD_UNKNOWN], 1000);
	evscript_stop(&run);
}

static void a_leader_that_exec_ended_held_the_lock_not_who_has_its_tid_now(void **state)
{
	struct evscript_run run;
	const struct result_lock *l;

	(void)state;
	evscript_init(&run.script);
	evscript_play(&run.script, "1000 object 1 futex 0x10 the_lock\n"
				   "1000 task A found on cpu0\n"
				   "1000 task B found on cpu1 of A\n"
				   "1000 task C found on cpu2 of A\n"
				   "1500 cpu0 switch A>- wait nanosleep stack 5\n"
				   "2000 cpu1 switch B>- wait futex 0x10 mutex owner A object 1 "
				   "stack 8\n"
				   "2900 wake A by C\n"
				   "2900 cpu0 switch ->A\n"
				   "2900 cpu0 switch A>- dead\n"
				   "3000 exec C as A\n"
				   "3100 wake B by C\n"
				   "3100 cpu1 switch ->B\n"
				   "4000 end\n");
	evscript_finish(&run);
	l = &run.result.locks.at[0];
	assert_int_equal(l->wait_ns, 1100);
	assert_int_equal(l->holders.at[0].tid, 101);
	assert_int_equal(l->holders.at[0].doing_ns[CLASS_SLEEP], 900);
	assert_int_equal(l->holders.at[0].doing_ns[HELD_RUN], 0);
	evscript_stop(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_holder_that_waits_itself_holds_from_there),
		cmocka_unit_test(a_wait_that_began_before_the_other_one_counts_from_there),
		cmocka_unit_test(a_holder_that_runs_is_where_it_is_sampled_next),
		cmocka_unit_test(a_holder_that_is_not_seen_is_where_it_lets_go),
		cmocka_unit_test(a_preempted_holder_waits_for_a_core_where_it_ran),
		cmocka_unit_test(a_preempted_holder_stood_where_its_stack_says),
		cmocka_unit_test(samples_of_one_function_are_one_place),
		cmocka_unit_test(blame_is_weighed_by_how_many_waited_when_the_holder_did_something),
		cmocka_unit_test(the_run_queue_behind_its_own_wait_is_not_where_a_lock_is_held),
		cmocka_unit_test(of_a_holder_that_is_not_selected_nothing_is_known),
		cmocka_unit_test(what_both_do_at_the_end_is_known_in_either_order),
		cmocka_unit_test(who_waited_for_the_same_thing_did_not_have_it_then),
		cmocka_unit_test(a_hold_that_may_have_ended_long_ago_is_not_believed),
		cmocka_unit_test(a_writer_is_read_from_a_rwlock_and_readers_are_not),
		cmocka_unit_test(wakeups_of_a_crowd_that_find_nothing_are_counted),
		cmocka_unit_test(a_lock_knows_how_its_waits_are_distributed),
		cmocka_unit_test(every_length_lies_in_its_bucket),
		cmocka_unit_test(who_ended_with_the_lock_does_nothing_any_more),
		cmocka_unit_test(a_leader_that_exec_ended_held_the_lock_not_who_has_its_tid_now),
		cmocka_unit_test(kernel_functions_name_the_lock_that_they_take),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
