/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What people read, of results made by hand (view_cases.c): exact bytes in
 * tests/golden/view, and what holds for all of them. UPDATE_GOLDEN=1 writes
 * the files anew, to be looked at before they are committed.
 */
#include "base/alloc.h"
#include "base/fmt.h"
#include "oom.h"
#include "unit.h"
#include "view/view.h"
#include "view_cases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GOLDEN "tests/golden/"

struct shot {
	const char *which, *view;
	unsigned int width; /* 0: JSON */
	bool idle, color;
};

static const struct view_case *find_case(const char *name)
{
	const struct view_case *c;

	for (size_t i = 0; (c = view_case_at(i)); i++)
		if (!strcmp(c->name, name))
			return c;
	fail_msg("no case %s", name);
	return NULL;
}

/* What the view prints; the caller releases @ret. */
static int take(const struct shot *shot, struct strbuf *ret)
{
	struct view_style style = {
		.width = shot->width,
		.idle = shot->idle,
		.colors = shot->color ? &view_colors_ansi : &view_colors_none,
	};
	const struct view *v = view_find(shot->view);
	struct stacks *stacks;
	struct result result;
	struct view_input in = { .result = &result, .version = "0.0.0" };
	struct sink sink;
	int err, closed;

	assert_non_null(v);
	view_case_make(find_case(shot->which), &result, &stacks);
	in.stacks = stacks;
	strbuf_init(ret);
	sink_open_memory(&sink, ret);
	err = shot->width ? view_print(v, &in, &style, &sink) : view_json(v, &in, &sink);
	closed = sink_close(&sink);
	view_case_release(&result, stacks);
	return err ? err : closed;
}

static void read_whole(const char *path, struct strbuf *ret)
{
	FILE *f = fopen(path, "r");
	char block[4096];
	size_t n;

	if (!f)
		fail_msg("%s is missing: run with UPDATE_GOLDEN=1 in the top folder", path);
	while ((n = fread(block, 1, sizeof(block), f)) > 0)
		strbuf_add(ret, block, n);
	fclose(f);
	assert_int_equal(strbuf_error(ret), 0);
}

static void write_whole(const char *path, const struct strbuf *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text->buf, 1, text->len, f), text->len);
	assert_int_equal(fclose(f), 0);
}

static void golden(const struct shot *shot)
{
	struct strbuf got, want = STRBUF_INIT, path = STRBUF_INIT;

	strbuf_addf(&path, GOLDEN "view/%s.%s%s%s", shot->which, shot->view,
		    shot->idle ? ".idle" : "", shot->color ? ".color" : "");
	if (shot->width)
		strbuf_addf(&path, ".%u.txt", shot->width);
	else
		strbuf_puts(&path, ".json");
	assert_int_equal(take(shot, &got), 0);
	if (getenv("UPDATE_GOLDEN"))
		write_whole(path.buf, &got);
	read_whole(path.buf, &want);
	if (strcmp(got.buf, want.buf))
		fail_msg("not as in %s:\n%s", path.buf, got.buf);
	strbuf_release(&got);
	strbuf_release(&want);
	strbuf_release(&path);
}

static void pages_are_as_they_were(void **state)
{
	static const struct shot shots[] = {
		{ "contended", "summary", 80, false, false },
		{ "contended", "summary", 100, false, false },
		{ "contended", "summary", 120, false, false },
		{ "contended", "summary", 100, false, true },
		{ "contended", "threads", 100, false, false },
		{ "contended", "processes", 100, false, false },
		{ "contended", "locks", 100, false, false },
		{ "contended", "io", 100, false, false },
		{ "server", "loops", 100, false, false },
		{ "server", "loops", 70, false, false },
		{ "idle", "loops", 100, false, false },
		{ "contended", "wakeups", 100, false, false },
		{ "idle", "summary", 100, false, false },
		{ "idle", "summary", 100, true, false },
		{ "idle", "threads", 80, true, false },
		{ "idle", "locks", 100, false, false },
		{ "idle", "locks", 100, true, false },
		{ "single", "summary", 100, false, false },
		{ "many", "summary", 100, false, false },
		{ "many", "threads", 100, false, false },
		{ "lost", "summary", 100, false, false },
		{ "lost", "threads", 100, false, false },
		{ "hostile", "summary", 100, false, false },
		{ "hostile", "locks", 100, false, false },
		{ "build", "summary", 100, false, false },
		{ "build", "processes", 120, false, false },
		{ "empty", "summary", 100, false, false },
		{ "empty", "wakeups", 100, false, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(shots); i++)
		golden(&shots[i]);
}

static void json_is_as_it_was(void **state)
{
	static const struct shot shots[] = {
		{ "contended", "summary", 0, false, false },
		{ "hostile", "summary", 0, false, false },
		{ "lost", "threads", 0, false, false },
		{ "empty", "summary", 0, false, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(shots); i++)
		golden(&shots[i]);
}

/* Of each view of each case. */
static void for_all(unsigned int width, bool idle, bool color,
		    void (*check)(const struct shot *shot, const struct strbuf *text))
{
	const struct view_case *c;
	const struct view *v;

	for (size_t i = 0; (c = view_case_at(i)); i++) {
		for (size_t k = 0; (v = view_at(k)); k++) {
			struct shot shot = { c->name, v->name, width, idle, color };
			struct strbuf text;

			assert_int_equal(take(&shot, &text), 0);
			check(&shot, &text);
			strbuf_release(&text);
		}
	}
}

static void check_width(const struct shot *shot, const struct strbuf *text)
{
	for (const char *line = text->buf; *line;) {
		const char *end = strchr(line, '\n');
		struct strbuf one = STRBUF_INIT;

		assert_non_null(end);
		strbuf_add(&one, line, (size_t)(end - line));
		if (fmt_columns(one.buf) > shot->width)
			fail_msg("%s %s: %zu columns, not %u: %s", shot->which, shot->view,
				 fmt_columns(one.buf), shot->width, one.buf);
		if (one.len && one.buf[one.len - 1] == ' ')
			fail_msg("%s %s: blanks at the end: %s", shot->which, shot->view, one.buf);
		strbuf_release(&one);
		line = end + 1;
	}
}

static void no_line_is_longer_than_asked(void **state)
{
	static const unsigned int widths[] = { VIEW_WIDTH_MIN, 61, 72, 80, 100, 120, 200 };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(widths); i++) {
		for_all(widths[i], false, false, check_width);
		for_all(widths[i], true, false, check_width);
	}
}

/* Also what stands in symbols, paths and findings. */
static void check_harmless(const struct shot *shot, const struct strbuf *text)
{
	for (size_t i = 0; i < text->len; i++) {
		unsigned char c = (unsigned char)text->buf[i];

		if ((c < 0x20 && c != '\n') || c == 0x7f || c == 0xff)
			fail_msg("%s %s: byte 0x%02x", shot->which, shot->view, c);
	}
	/* U+202E turns the direction of what follows */
	assert_null(strstr(text->buf, "\xe2\x80\xae"));
}

static void names_of_targets_cannot_command_the_terminal(void **state)
{
	(void)state;
	for_all(100, true, false, check_harmless);
}

static void check_color(const struct shot *shot, const struct strbuf *text)
{
	struct shot plain = *shot;
	struct strbuf stripped = STRBUF_INIT, want;

	for (const char *p = text->buf; *p; p++) {
		if (*p != '\033') {
			strbuf_putc(&stripped, *p);
			continue;
		}
		p += strcspn(p, "m");
		assert_int_equal(*p, 'm');
	}
	plain.color = false;
	assert_int_equal(take(&plain, &want), 0);
	assert_string_equal(stripped.buf, want.buf);
	strbuf_release(&stripped);
	strbuf_release(&want);
}

static void colours_change_nothing_but_colours(void **state)
{
	(void)state;
	for_all(100, true, true, check_color);
}

/* What a page must say, and must not. */
static void expect(const struct shot *shot, const char *has, const char *has_not)
{
	struct strbuf text;

	assert_int_equal(take(shot, &text), 0);
	if (has && !strstr(text.buf, has))
		fail_msg("%s %s does not say \"%s\":\n%s", shot->which, shot->view, has, text.buf);
	if (has_not && strstr(text.buf, has_not))
		fail_msg("%s %s says \"%s\":\n%s", shot->which, shot->view, has_not, text.buf);
	strbuf_release(&text);
}

static void idle_threads_are_folded_into_a_line_that_says_so(void **state)
{
	(void)state;
	expect(&(struct shot){ "idle", "threads", 100, false, false },
	       "5 of 6 threads did nothing", "bio_aof");
	expect(&(struct shot){ "idle", "threads", 100, true, false }, "bio_aof", "left out");
	expect(&(struct shot){ "idle", "io", 100, false, false }, "--idle shows it", "epoll");
	expect(&(struct shot){ "idle", "io", 100, true, false }, "epoll:[4]", "left out");
	expect(&(struct shot){ "contended", "threads", 100, false, false }, NULL, "left out");
}

static void losses_are_told_in_every_view(void **state)
{
	const struct view *v;

	(void)state;
	for (size_t i = 0; (v = view_at(i)); i++) {
		struct shot shot = { "lost", v->name, 80, false, false };

		expect(&shot, "\n  LOST      123k records", NULL);
		expect(&shot, "\nLOST: this report is incomplete", NULL);
		expect(&shot, "CUT OFF", NULL);
		shot.which = "contended";
		expect(&shot, NULL, "LOST");
	}
	expect(&(struct shot){ "lost", "summary", 200, false, false },
	       "perf_event_paranoid is 4", NULL);
	expect(&(struct shot){ "lost", "summary", 200, false, false },
	       "3 records made no sense and were left out", NULL);
	expect(&(struct shot){ "hostile", "summary", 200, false, false },
	       "1 record made no sense and was left out", NULL);
	expect(&(struct shot){ "lost", "summary", 100, false, false },
	       "What bounds it\n  25 % of the threads' time is not known; of the rest:\n", NULL);
	expect(&(struct shot){ "contended", "summary", 100, false, false }, NULL, "not known");
}

static void loops_of_one_thread_are_told_apart(void **state)
{
	struct shot shot = { "server", "loops", 100, false, false };

	(void)state;
	expect(&shot, "302 web-worker epoll:5 ", "301 web-worker epoll:");
	expect(&shot, "of 3 loops like it", NULL);
	expect(&shot, "(all at once 300 ms, up to 80.0 ms in a row", NULL);
}

static void many_threads_become_a_line_by_name(void **state)
{
	(void)state;
	expect(&(struct shot){ "many", "summary", 100, false, false }, "4960  pool-1-t-*", "20001");
	expect(&(struct shot){ "many", "threads", 100, false, false }, "… and 4960 more", NULL);
}

static void stacks_say_how_many_reached_their_root(void **state)
{
	(void)state;
	expect(&(struct shot){ "contended", "summary", 100, false, false },
	       "98 % of 12.3k user stacks reach their root, 45 were cut", NULL);
	expect(&(struct shot){ "single", "summary", 100, false, false }, NULL, "stacks");
}

static void views_are_found_by_name(void **state)
{
	const struct view *v;

	(void)state;
	assert_string_equal(view_at(0)->name, "summary");
	for (size_t i = 0; (v = view_at(i)); i++)
		assert_ptr_equal(view_find(v->name), v);
	assert_null(view_find("loop"));
	assert_null(view_find(""));
}

/* The contract, read by something that is not ours. */
static void json_keeps_the_contract(void **state)
{
	const struct view_case *c;
	const struct view *v;

	(void)state;
	if (system("python3 -c pass 2>/dev/null") != 0) {
		print_message("skipped: no python3 to read the JSON with\n");
		skip();
	}
	for (size_t i = 0; (c = view_case_at(i)); i++) {
		for (size_t k = 0; (v = view_at(k)); k++) {
			struct shot shot = { c->name, v->name, 0, false, false };
			char command[128];
			struct strbuf text;
			FILE *f;

			assert_int_equal(take(&shot, &text), 0);
			snprintf(command, sizeof(command), "python3 " GOLDEN "check-report %s",
				 v->name);
			f = popen(command, "w");
			assert_non_null(f);
			assert_int_equal(fwrite(text.buf, 1, text.len, f), text.len);
			if (pclose(f) != 0)
				fail_msg("%s %s breaks the contract", c->name, v->name);
			strbuf_release(&text);
		}
	}
}

static void out_of_memory_is_reported_not_printed_around(void **state)
{
	const struct view *v;

	(void)state;
	for (size_t i = 0; (v = view_at(i)); i++) {
		struct shot shot = { "contended", v->name, 100, true, true };
		struct view_style style = { .width = 100, .colors = &view_colors_none };
		struct view_input in = { .version = "0" };
		struct strbuf want, got = STRBUF_INIT;
		struct stacks *stacks;
		struct result result;

		view_case_make(find_case(shot.which), &result, &stacks);
		in.result = &result;
		in.stacks = stacks;
		shot.color = shot.idle = false;
		assert_int_equal(take(&shot, &want), 0);
		OOM_SWEEP(4000) {
			struct sink sink;
			int err, closed;

			strbuf_clear(&got);
			sink_open_memory(&sink, &got);
			err = view_print(v, &in, &style, &sink);
			closed = sink_close(&sink);
			if (!err && !closed)
				assert_string_equal(got.buf, want.buf);
			else
				assert_int_equal(err ? err : closed, -ENOMEM);
		}
		strbuf_release(&got);
		strbuf_release(&want);
		view_case_release(&result, stacks);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_are_as_they_were),
		cmocka_unit_test(json_is_as_it_was),
		cmocka_unit_test(no_line_is_longer_than_asked),
		cmocka_unit_test(names_of_targets_cannot_command_the_terminal),
		cmocka_unit_test(colours_change_nothing_but_colours),
		cmocka_unit_test(idle_threads_are_folded_into_a_line_that_says_so),
		cmocka_unit_test(losses_are_told_in_every_view),
		cmocka_unit_test(loops_of_one_thread_are_told_apart),
		cmocka_unit_test(many_threads_become_a_line_by_name),
		cmocka_unit_test(stacks_say_how_many_reached_their_root),
		cmocka_unit_test(views_are_found_by_name),
		cmocka_unit_test(json_keeps_the_contract),
		cmocka_unit_test(out_of_memory_is_reported_not_printed_around),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
