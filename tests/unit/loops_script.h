/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Event loops, on event scripts (evscript.h) with one more line, a return from the
 * call that a loop waits in:
 *
 *	T poll A KIND [fd N] [sp N] [events N] [count N] [accepts N] [lost N]
 *
 * lost: returns before it, of which nothing is known. KIND: epoll poll select
 * io_uring. A script that has one is a recording with --loops.
 */
#ifndef RUNWAIT_TESTS_LOOPS_SCRIPT_H
#define RUNWAIT_TESTS_LOOPS_SCRIPT_H

#include "evscript.h"

#include <stdio.h>
#include <string.h>

static inline uint64_t option(const char *line, const char *name, uint64_t otherwise)
{
	const char *at = strstr(line, name);

	return at ? strtoull(at + strlen(name), NULL, 0) : otherwise;
}

static inline void play_poll(struct evscript *s, const char *line)
{
	static const char kinds[] = "?epsi"; /* first letters, by enum poll_kind */
	char name[16], kind[16];
	struct event e = { .type = EVENT_POLL };
	const struct actor *a;

	assert_int_equal(sscanf(line, "%*s poll %15s %15s", name, kind), 2);
	a = evscript_actor(s, name);
	assert_non_null(a);
	e.time_ns = strtoull(line, NULL, 0);
	/* each test has few threads: their count of returns is that of the events so far */
	e.poll.sequence = 1 + (uint32_t)option(line, " lost ", 0);
	for (size_t i = s->events.count; i-- > 0;) {
		if (s->events.at[i].type == EVENT_POLL &&
		    s->events.at[i].poll.thread == a->thread) {
			e.poll.sequence += s->events.at[i].poll.sequence;
			break;
		}
	}
	e.poll.thread = a->thread;
	e.poll.cpu = (uint16_t)a->cpu;
	e.poll.kind = (uint8_t)(strchr(kinds, *kind) - kinds);
	e.poll.sp = option(line, " sp ", 0x7000);
	e.poll.fd = (uint32_t)option(line, " fd ", 0);
	e.poll.count = (uint32_t)option(line, " count ", 64);
	e.poll.result = (int32_t)option(line, " events ", 1);
	e.poll.accepts = (uint32_t)option(line, " accepts ", 0);
	s->options.polls = true;
	evscript_event(s, &e);
}

static inline void play(struct evscript *s, const char *text)
{
	char line[256], word[16];

	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		snprintf(line, sizeof(line), "%.*s", (int)strcspn(text, "\n"), text);
		if (sscanf(line, "%*s %15s", word) == 1 && !strcmp(word, "poll"))
			play_poll(s, line);
		else
			evscript_line(s, "%s", line);
	}
}

static inline void begin(struct evscript_run *run)
{
	evscript_init(&run->script);
	run->script.options.slow_ns = 50;
}

static inline void start(struct evscript_run *run, const char *text)
{
	begin(run);
	play(&run->script, text);
	evscript_finish(run);
}

static const struct result_loop *only_loop(const struct evscript_run *run)
{
	assert_int_equal(run->result.loops.count, 1);
	return run->result.loops.at;
}

/* Stacks of frames 1 (main), 2 (its loop), 3 … below each other; leaf first. */
static inline void play_stacks(struct evscript *s)
{
	static const uint32_t wait[] = { 9, 2, 1 }, nested[] = { 9, 4, 3, 2, 1 };
	static const uint32_t one[] = { 5, 3, 2, 1 }, other[] = { 6, 3, 2, 1 };
	static const struct {
		uint32_t stack, count;
		const uint32_t *frames;
	} stacks[] = { { 70, 3, wait }, { 71, 5, nested }, { 72, 4, one }, { 73, 4, other } };
	static const char *const names[] = { "main",  "loop", "handler", "inner",
					     "left",  "right", "", "", "wait" };

	for (size_t i = 0; i < ARRAY_COUNT(stacks); i++)
		evscript_event(s, &(struct event){ .type = EVENT_STACK,
						   .stack = { .stack = stacks[i].stack,
							      .flags = STACK_COMPLETE,
							      .count = stacks[i].count,
							      .frames = stacks[i].frames } });
	for (uint32_t i = 0; i < ARRAY_COUNT(names); i++)
		evscript_event(s, &(struct event){ .type = EVENT_NAME,
						   .name = { i + 1, 0, names[i], "", 0 } });
}

#endif
