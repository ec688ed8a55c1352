/* SPDX-License-Identifier: GPL-2.0-only */
/* Who has the other end of a pipe or a connection, and what goes into one row. */
#include "core/durations.h"
#include "core/result.h"
#include "evscript.h"
#include "oom.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

enum { CALL_READ = 0, CALL_WRITE = 1, CALL_SENDTO = 44, CALL_KILL = 62 };

/* Wakers of readers write, those of writers read, those of receivers send. */
static void wakers_do_their_part(struct evscript *s)
{
	for (size_t i = 0; i < s->events.count; i++) {
		struct event *e = &s->events.at[i];
		int nr = e->out.nr;

		if (e->type != EVENT_SWITCH && e->type != EVENT_OPEN)
			continue;
		if (e->out.waker == WAKER_TASK)
			e->out.waker_nr = nr == CALL_READ  ? CALL_WRITE :
					  nr == CALL_WRITE ? CALL_READ :
							     CALL_SENDTO;
	}
}

static void socket_of(struct evscript *s, uint32_t number, uint8_t flags, const char *text,
		      const char *local)
{
	const struct event e = {
		.type = EVENT_OBJECT,
		.time_ns = 1000,
		.object = {
			.object = number,
			.kind = OBJECT_SOCKET,
			.flags = flags,
			.address = 100 + number,
			.text = text,
			.local = local,
		},
	};

	evscript_event(s, &e);
}

static void end_of(struct evscript *s, uint32_t object, uint32_t tgid, uint8_t roles,
		   const char *comm)
{
	const struct event e = {
		.type = EVENT_END,
		.time_ns = 9000,
		.end = { .object = object, .tgid = tgid, .roles = roles, .comm = comm },
	};

	evscript_event(s, &e);
}

static uint32_t tgid_of(struct evscript_run *run, const char *name)
{
	return evscript_actor(&run->script, name)->tgid;
}

static char *says(struct evscript_run *run, const char *format, const char *name)
{
	static char text[128];

	snprintf(text, sizeof(text), format, tgid_of(run, name));
	return text;
}

static void each_end_of_a_pipe_is_a_row_and_names_the_other(void **state)
{
	struct evscript_run run;
	const struct result *r = &run.result;

	(void)state;
	evscript_init(&run.script);
	evscript_play(&run.script, "1000 object 1 pipe 0x8 pipe:[8]\n"
				   "1000 task A found on cpu0\n"
				   "1000 task B found on cpu1\n"
				   "1100 cpu0 switch A>- wait read object 1\n"
				   "1600 wake A by B\n"
				   "1600 cpu0 switch ->A\n"
				   "1700 cpu1 switch B>- wait write object 1\n"
				   "1900 wake B by A\n"
				   "1900 cpu1 switch ->B\n"
				   "2000 end\n");
	wakers_do_their_part(&run.script);
	evscript_finish(&run);
	assert_int_equal(r->io.count, 2);
	assert_int_equal(r->io.at[0].side, SIDE_READS);
	assert_string_equal(r->io.at[0].target, says(&run, "pipe:[8] from B (%u)", "B"));
	assert_string_equal(r->io.at[0].name, says(&run, "pipe from B (%u)", "B"));
	assert_string_equal(r->io.at[1].name, says(&run, "pipe to A (%u)", "A"));
	assert_int_equal(r->traffic.count, 2);
	assert_int_equal(r->traffic.at[0].from_tgid, tgid_of(&run, "A"));
	assert_int_equal(r->traffic.at[0].to_tgid, tgid_of(&run, "B"));
	assert_int_equal(r->traffic.at[0].wait_ns, 500);
	assert_int_equal(r->traffic.at[1].from_tgid, tgid_of(&run, "B"));
	assert_int_equal(r->traffic.at[1].side, SIDE_WRITES);
	evscript_stop(&run);
}

static void a_signal_does_not_make_its_sender_the_other_end(void **state)
{
	struct evscript_run run;
	const struct result *r = &run.result;

	(void)state;
	evscript_init(&run.script);
	evscript_play(&run.script, "1000 object 1 pipe 0x8 pipe:[8]\n"
				   "1000 task A found on cpu0\n"
				   "1000 task B found on cpu1\n"
				   "1100 cpu0 switch A>- wait read object 1\n"
				   "1600 wake A by B\n"
				   "1600 cpu0 switch ->A\n"
				   "2000 end\n");
	for (size_t i = 0; i < run.script.events.count; i++)
		if (run.script.events.at[i].type == EVENT_SWITCH)
			run.script.events.at[i].out.waker_nr = CALL_KILL;
	evscript_finish(&run);
	assert_string_equal(r->io.at[0].target, "pipe:[8]");
	assert_string_equal(r->io.at[0].name, "pipe:[8]");
	assert_int_equal(r->io.at[0].peers.count, 0);
	assert_int_equal(r->traffic.count, 1);
	assert_int_equal(r->traffic.at[0].to_tgid, 0);
	evscript_stop(&run);
}

static void who_never_ended_a_wait_is_known_by_having_the_end_open(void **state)
{
	struct evscript_run run;
	const struct result *r = &run.result;

	(void)state;
	evscript_init(&run.script);
	evscript_play(&run.script, "1000 object 1 pipe 0x8 pipe:[8]\n"
				   "1000 task A found on cpu0\n"
				   "1100 cpu0 switch A>- wait read object 1\n"
				   "2000 end\n");
	end_of(&run.script, 1, tgid_of(&run, "A"), END_READS, "A");
	end_of(&run.script, 1, 77, END_WRITES, "cat");
	end_of(&run.script, 99, 78, END_WRITES, "of nothing");
	evscript_finish(&run);
	assert_string_equal(r->io.at[0].name, "pipe from cat (77)");
	assert_int_equal(r->traffic.at[0].to_tgid, 77);
	assert_string_equal(r->traffic.at[0].to, "cat");
	evscript_stop(&run);
}

static void connections_to_one_server_are_one_row(void **state)
{
	struct evscript_run run;
	const struct result *r = &run.result;

	(void)state;
	evscript_init(&run.script);
	socket_of(&run.script, 9, OBJECT_LISTENING, "tcp listen 127.0.0.1:40001", "");
	for (uint32_t i = 1; i <= 3; i++)
		socket_of(&run.script, i, 0, "tcp 127.0.0.1:40001",
			  i == 1 ? "127.0.0.1:40005" : "127.0.0.1:40006");
	socket_of(&run.script, 4, 0, "tcp 127.0.0.1:40005", "127.0.0.1:40001");
	socket_of(&run.script, 5, 0, "tcp 127.0.0.1:40006", "127.0.0.1:40001");
	evscript_play(&run.script, "1000 task A found on cpu0\n"
				   "1000 task B found on cpu1\n"
				   "1100 cpu0 switch A>- wait read object 1\n"
				   "1200 wake A by B\n"
				   "1200 cpu0 switch ->A\n"
				   "1300 cpu0 switch A>- wait recvfrom object 2\n"
				   "1500 wake A by B\n"
				   "1500 cpu0 switch ->A\n"
				   "1600 cpu0 switch A>- wait read object 3\n"
				   "1700 cpu1 switch B>- wait read object 4\n"
				   "1750 wake B by A\n"
				   "1750 cpu1 switch ->B\n"
				   "1760 cpu1 switch B>- wait read object 5\n"
				   "2000 end\n");
	wakers_do_their_part(&run.script);
	evscript_finish(&run);
	assert_int_equal(r->io.count, 2);
	assert_int_equal(r->io.at[0].side, SIDE_ASKS);
	assert_int_equal(r->io.at[0].objects, 3);
	assert_int_equal(r->io.at[0].waits, 3);
	assert_int_equal(r->io.at[0].wait_ns, 100 + 200 + 400);
	assert_int_equal(r->io.at[0].max_wait_ns, 400);
	assert_string_equal(r->io.at[0].name,
			    says(&run, "tcp 127.0.0.1:40001 B (%u): 3 connections", "B"));
	assert_int_equal(r->io.at[0].calls.count, 2);
	assert_string_equal(r->io.at[0].calls.at[0].name, "read");
	assert_int_equal(r->io.at[0].calls.at[0].wait_ns, 500);
	assert_string_equal(r->io.at[0].calls.at[1].name, "recvfrom");
	assert_int_equal(r->io.at[0].p50_ns, 200);
	/* both ports are a client's: that somebody listened at one tells which end this is */
	assert_int_equal(r->io.at[1].side, SIDE_SERVES);
	assert_string_equal(r->io.at[1].target, says(&run, "tcp 127.0.0.1:40001 from A (%u)", "A"));
	assert_int_equal(r->traffic.count, 2);
	assert_int_equal(r->traffic.at[0].objects, 3);
	evscript_stop(&run);
}

static void a_server_elsewhere_is_no_process_of_this_machine(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_init(&run.script);
	socket_of(&run.script, 1, 0, "tcp 10.0.0.5:5432", "10.0.0.7:40005");
	evscript_play(&run.script, "1000 task A found on cpu0\n"
				   "1000 task B found on cpu1\n"
				   "1100 cpu0 switch A>- wait read object 1\n"
				   "1200 wake A by irq\n"
				   "1200 cpu0 switch ->A\n"
				   "1300 cpu0 switch A>- wait read object 1\n"
				   "1500 wake A by B\n"
				   "1500 cpu0 switch ->A\n"
				   "2000 end\n");
	wakers_do_their_part(&run.script);
	evscript_finish(&run);
	assert_string_equal(run.result.io.at[0].target, "tcp 10.0.0.5:5432");
	assert_int_equal(run.result.io.at[0].side, SIDE_ASKS);
	evscript_stop(&run);
}

static void the_only_listener_of_an_address_is_named(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_init(&run.script);
	socket_of(&run.script, 1, 0, "tcp 10.0.0.5:5432", "10.0.0.7:40005");
	evscript_play(&run.script, "1000 task A found on cpu0\n"
				   "1100 cpu0 switch A>- wait read object 1\n"
				   "2000 end\n");
	end_of(&run.script, 1, 812, END_LISTENS, "postgres");
	evscript_finish(&run);
	assert_string_equal(run.result.io.at[0].name, "tcp 10.0.0.5:5432 postgres (812)");
	evscript_stop(&run);
}

static void servers_of_one_name_are_counted(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_init(&run.script);
	socket_of(&run.script, 1, OBJECT_ASKS, "unix /run/db", "");
	evscript_play(&run.script, "1000 task A found on cpu0\n"
				   "1100 cpu0 switch A>- wait read object 1\n"
				   "2000 end\n");
	for (uint32_t i = 0; i < 9; i++)
		end_of(&run.script, 1, 812 + i, END_PEER, "postgres");
	evscript_finish(&run);
	assert_string_equal(run.result.io.at[0].name, "unix /run/db postgres (9 processes)");
	evscript_stop(&run);
}

static void a_loop_is_linked_to_who_wakes_it(void **state)
{
	struct evscript_run run;
	const struct result *r = &run.result;

	(void)state;
	evscript_init(&run.script);
	evscript_play(&run.script, "1000 object 1 epoll [eventpoll]\n"
				   "1000 task A found on cpu0\n"
				   "1000 task B found on cpu1\n"
				   "1100 cpu0 switch A>- wait epoll_wait object 1\n"
				   "1200 wake A by B\n"
				   "1200 cpu0 switch ->A\n"
				   "1300 cpu0 switch A>- wait epoll_wait object 1\n"
				   "2000 end\n");
	wakers_do_their_part(&run.script);
	evscript_finish(&run);
	assert_int_equal(r->traffic.count, 1);
	assert_int_equal(r->traffic.at[0].class, CLASS_IDLE);
	assert_int_equal(r->traffic.at[0].to_tgid, tgid_of(&run, "B"));
	evscript_stop(&run);
}

static const struct finding *finding_of(const struct result *r, const char *id)
{
	for (size_t i = 0; i < r->findings.count; i++)
		if (!strcmp(r->findings.at[i].id, id))
			return &r->findings.at[i];
	return NULL;
}

static void the_stage_that_all_wait_for_is_the_finding(void **state)
{
	struct evscript_run run;
	const struct finding *f;

	(void)state;
	evscript_init(&run.script);
	evscript_play(&run.script, "1000 object 1 pipe 0x8 pipe:[8]\n"
				   "1000 object 2 pipe 0x9 pipe:[9]\n"
				   "1000 task A found on cpu0\n"
				   "1000 task B found on cpu1\n"
				   "1000 task C found on cpu2\n"
				   "1100 cpu0 switch A>- wait write object 1\n"
				   "1100 cpu2 switch C>- wait read object 2\n"
				   "1700 wake C by B\n"
				   "1700 cpu2 switch ->C\n"
				   "1800 wake A by B\n"
				   "1800 cpu0 switch ->A\n"
				   "1900 cpu1 switch B>- wait read object 1\n"
				   "1950 wake B by A\n"
				   "1950 cpu1 switch ->B\n"
				   "2000 end\n");
	wakers_do_their_part(&run.script);
	evscript_finish(&run);
	f = finding_of(&run.result, "pipeline");
	assert_non_null(f);
	assert_non_null(strstr(f->title, says(&run, "for room in the pipe to B (%u)", "B")));
	assert_true(f->share > 0.69 && f->share < 0.71);
	evscript_stop(&run);
}

static void stages_that_wait_for_each_other_alike_are_none(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_init(&run.script);
	evscript_play(&run.script, "1000 object 1 pipe 0x8 pipe:[8]\n"
				   "1000 object 2 pipe 0x9 pipe:[9]\n"
				   "1000 task A found on cpu0\n"
				   "1000 task B found on cpu1\n"
				   "1000 cpu0 switch A>- wait read object 1\n"
				   "1500 wake A by B\n"
				   "1500 cpu0 switch ->A\n"
				   "1500 cpu1 switch B>- wait read object 2\n"
				   "2000 wake B by A\n"
				   "2000 cpu1 switch ->B\n"
				   "2000 end\n");
	wakers_do_their_part(&run.script);
	evscript_finish(&run);
	assert_null(finding_of(&run.result, "pipeline"));
	evscript_stop(&run);
}

static void a_shell_that_waits_for_its_child_is_no_slow_stage(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_init(&run.script);
	evscript_play(&run.script, "1000 object 1 pipe 0x8 pipe:[8]\n"
				   "1000 task A found on cpu0\n"
				   "1000 task sh found on cpu1\n"
				   "1010 cpu1 switch sh>- wait wait4\n"
				   "1100 cpu0 switch A>- wait read object 1\n"
				   "1950 cpu1 switch ->sh\n"
				   "1990 wake A by sh\n"
				   "1990 cpu0 switch ->A\n"
				   "2000 end\n");
	wakers_do_their_part(&run.script);
	evscript_finish(&run);
	assert_null(finding_of(&run.result, "pipeline"));
	evscript_stop(&run);
}

static void a_server_without_requests_is_idle_and_no_network_is_to_blame(void **state)
{
	struct evscript_run run;

	(void)state;
	evscript_init(&run.script);
	socket_of(&run.script, 1, OBJECT_SERVES, "unix /run/x", "");
	evscript_play(&run.script, "1000 task A found on cpu0\n"
				   "1100 cpu0 switch A>- wait read object 1\n"
				   "1900 wake A by irq\n"
				   "1900 cpu0 switch ->A\n"
				   "2000 end\n");
	evscript_finish(&run);
	assert_null(finding_of(&run.result, "network"));
	assert_non_null(finding_of(&run.result, "idle"));
	evscript_stop(&run);
}

static void quantiles_are_exact_for_few_and_near_for_many(void **state)
{
	struct durations few = { 0 }, many = { 0 }, both = { 0 };

	(void)state;
	assert_int_equal(durations_at(&few, 0.5), 0);
	for (uint64_t i = 5; i; i--)
		assert_int_equal(durations_add(&few, i * 1000), 0);
	assert_int_equal(durations_at(&few, 0.5), 3000);
	assert_int_equal(durations_at(&few, 1), 5000);
	for (uint64_t i = 1; i <= 1000; i++)
		assert_int_equal(durations_add(&many, i * 1000), 0);
	for (int i = 1; i <= 9; i++) {
		double near = (double)durations_at(&many, i / 10.0) / (i * 100000);

		assert_true(near > 0.93 && near < 1.07);
	}
	assert_int_equal(durations_merge(&both, &few), 0);
	assert_int_equal(durations_merge(&both, &many), 0);
	assert_int_equal(both.count, 1005);
	/* times of no size fit somewhere, too */
	assert_int_equal(durations_add(&both, 0), 0);
	assert_int_equal(durations_add(&both, UINT64_MAX), 0);
	assert_true(durations_at(&both, 1) > UINT64_C(1000000000000));
	durations_release(&few);
	durations_release(&many);
	durations_release(&both);
}

static void counts_of_one_duration_may_be_of_any_size(void **state)
{
	struct durations d = { 0 }, sum = { 0 };

	(void)state;
	for (int i = 0; i < 255; i++)
		assert_int_equal(durations_add(&d, 1000), 0);
	assert_non_null(d.some);
	assert_null(d.many);
	/* below the threshold each, not together */
	assert_int_equal(durations_merge(&sum, &d), 0);
	assert_int_equal(durations_merge(&sum, &d), 0);
	for (int i = 0; i < 490; i++)
		assert_int_equal(durations_add(&sum, 1000000), 0);
	assert_null(sum.some);
	assert_int_equal(sum.count, 1000);
	assert_true(durations_at(&sum, 0.5) < 1100);
	assert_true(durations_at(&sum, 0.52) > 900000);
	/* what does not fit is refused, and nothing is lost of what was there */
	oom_fail_at(1);
	assert_int_equal(durations_add(&d, 1000), -ENOMEM);
	assert_true(oom_has_failed());
	assert_int_equal(d.count, 255);
	assert_true(durations_at(&d, 1) < 1100);
	durations_release(&d);
	durations_release(&sum);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_end_of_a_pipe_is_a_row_and_names_the_other),
		cmocka_unit_test(a_signal_does_not_make_its_sender_the_other_end),
		cmocka_unit_test(who_never_ended_a_wait_is_known_by_having_the_end_open),
		cmocka_unit_test(connections_to_one_server_are_one_row),
		cmocka_unit_test(a_server_elsewhere_is_no_process_of_this_machine),
		cmocka_unit_test(the_only_listener_of_an_address_is_named),
		cmocka_unit_test(servers_of_one_name_are_counted),
		cmocka_unit_test(a_loop_is_linked_to_who_wakes_it),
		cmocka_unit_test(the_stage_that_all_wait_for_is_the_finding),
		cmocka_unit_test(stages_that_wait_for_each_other_alike_are_none),
		cmocka_unit_test(a_shell_that_waits_for_its_child_is_no_slow_stage),
		cmocka_unit_test(a_server_without_requests_is_idle_and_no_network_is_to_blame),
		cmocka_unit_test(quantiles_are_exact_for_few_and_near_for_many),
		cmocka_unit_test(counts_of_one_duration_may_be_of_any_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
