/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exports of results made by hand: exact bytes in tests/golden/export (of
 * pictures without their style and script), and what holds for all of them.
 * UPDATE_GOLDEN=1 writes the files anew, to be looked at before they are
 * committed.
 */
#include "export/export.h"
#include "export/flame.h"
#include "export/svg_layout.h"
#include "oom.h"
#include "unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GOLDEN "tests/golden/export/"
#define MS(n) ((uint64_t)(n) * 1000000)

/* --- results made by hand ----------------------------------------------------- */

struct world {
	struct result result;
	struct stacks *stacks;
	uint32_t frames, numbers;
};

static void world_open(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->stacks = stacks_new();
	assert_non_null(w->stacks);
	w->result.duration_ns = MS(1000);
	w->result.recording = (struct recording){
		.command = "./server\0--threads\0002",
		.command_size = sizeof("./server\0--threads\0002"),
		.kernel = "6.18.0",
		.machine = "x86_64",
		.version = "0.1.0",
		.frequency_hz = 99,
		.complete = true,
	};
}

static void world_close(struct world *w)
{
	result_release(&w->result);
	stacks_free(w->stacks);
}

static void add_process(struct world *w, uint32_t tgid, const char *comm)
{
	struct result_process p = { .tgid = tgid, .comm = comm };

	assert_int_equal(vec_push(&w->result.processes, p), 0);
	w->result.process_count++;
}

static void add_totals(struct totals *to, const struct totals *t)
{
	to->life_ns += t->life_ns;
	to->run_ns += t->run_ns;
	to->runnable_ns += t->runnable_ns;
	to->wait_ns += t->wait_ns;
	for (int c = 0; c < CLASS_COUNT; c++)
		to->by_class_ns[c] += t->by_class_ns[c];
}

/* The sums of waiting and of life follow from the others. */
static void add_thread(struct world *w, uint32_t tgid, uint32_t tid, const char *comm,
		       struct totals sum)
{
	struct result_thread t = { .tid = tid, .tgid = tgid, .comm = comm };

	for (int c = 0; c < CLASS_COUNT; c++)
		sum.wait_ns += sum.by_class_ns[c];
	sum.life_ns = sum.run_ns + sum.runnable_ns + sum.wait_ns;
	t.sum = sum;
	assert_int_equal(vec_push(&w->result.threads, t), 0);
	add_totals(&w->result.totals, &sum);
	w->result.thread_count++;
}

/* A stack of @names, from the root on, separated by '|'; ones in the kernel begin
 * with '!', ones without a name with '+'. Returns its number. */
static uint32_t add_stack(struct world *w, const char *names, uint8_t flags)
{
	uint32_t frames[64], count = 0;
	char text[2048], *rest = text, *name;
	struct event stack = { .type = EVENT_STACK };

	assert_true(strlen(names) < sizeof(text));
	strcpy(text, names);
	for (; (name = strsep(&rest, "|")); count++) {
		struct event frame = { .type = EVENT_FRAME }, e = { .type = EVENT_NAME };

		frame.frame = (struct event_frame){
			.frame = ++w->frames,
			.kernel = *name == '!',
			.offset = 0x1000 + w->frames,
			.module = "/opt/bin/server",
		};
		assert_int_equal(stacks_add(w->stacks, &frame), 0);
		e.name.frame = w->frames;
		e.name.function = name + (*name == '!');
		e.name.file = "";
		if (*name != '+')
			assert_int_equal(stacks_add(w->stacks, &e), 0);
		assert_true(count < 64);
		memmove(frames + 1, frames, count * sizeof(*frames));
		frames[0] = w->frames;
	}
	stack.stack.stack = ++w->numbers;
	stack.stack.flags = flags;
	stack.stack.count = count;
	stack.stack.frames = frames;
	assert_int_equal(stacks_add(w->stacks, &stack), 0);
	return w->numbers;
}

static void add_leaf(struct world *w, uint32_t thread, int class, int nr, uint32_t user,
		     uint32_t kernel, uint64_t count, uint64_t ns)
{
	struct result_stack s = {
		.thread = thread, .class = class, .nr = (int16_t)nr, .user_stack = user,
		.kernel_stack = kernel, .count = count, .ns = ns,
	};

	assert_int_equal(vec_push(&w->result.stacks, s), 0);
}

enum { READ = 0, FUTEX = 202, EPOLL_WAIT = 232 }; /* of x86_64 */

/* Everything a graph can hold, in two processes. */
static void make_server(struct world *w)
{
	uint32_t work, lock, kernel, loop;

	world_open(w);
	add_process(w, 100, "server");
	add_process(w, 200, "client");
	add_thread(w, 100, 100, "server",
		   (struct totals){ .run_ns = MS(300) + 1, .runnable_ns = MS(50),
				    .by_class_ns = { [CLASS_LOCK] = MS(500),
						     [CLASS_IDLE] = MS(150) } });
	add_thread(w, 100, 101, "worker",
		   (struct totals){ .run_ns = MS(100), .by_class_ns = { [CLASS_FILE] = MS(400),
									[CLASS_FAULT] = MS(3) } });
	add_thread(w, 200, 200, "client", (struct totals){ .run_ns = MS(7) });
	work = add_stack(w, "main|work", STACK_COMPLETE);
	lock = add_stack(w, "main|work|+|pthread_mutex_lock", STACK_COMPLETE);
	loop = add_stack(w, "main|epoll_wait", STACK_TRUNCATED);
	kernel = add_stack(w, "!do_syscall_64|!futex_wait", STACK_KERNEL);
	add_leaf(w, 0, STACK_RUN, -1, work, 0, 7, 0);
	add_leaf(w, 0, STACK_RUN, -1, lock, kernel, 3, 0);
	add_leaf(w, 0, STACK_RUNNABLE, -1, lock, 0, 4, MS(50));
	add_leaf(w, 0, CLASS_LOCK, FUTEX, lock, kernel, 4, MS(400));
	add_leaf(w, 0, CLASS_IDLE, EPOLL_WAIT, loop, 0, 9, MS(150));
	add_leaf(w, 1, CLASS_FILE, READ, work, 0, 9, MS(400));
	add_leaf(w, 1, CLASS_FAULT, -1, work, 0, 1, MS(3));
	w->result.recording.loss[WIRE_LOSS_RING] = 12;
	w->result.recording.loss[WIRE_LOSS_STACK] = 3;
}

/* Names as a target may choose them. */
static void make_hostile(struct world *w)
{
	uint32_t stack;

	world_open(w);
	w->result.recording.command = "<script>alert('&')</script>\0\033[31m";
	w->result.recording.command_size = sizeof("<script>alert('&')</script>\0\033[31m");
	add_process(w, 1, "#a;b 7\n");
	add_thread(w, 1, 1, "\xff\xfe\033]0;x", (struct totals){ .run_ns = MS(9) });
	add_thread(w, 1, 2, "", (struct totals){ .by_class_ns = { [CLASS_OTHER] = MS(5) } });
	stack = add_stack(w, "operator<<|a;b;c 12|x]]></title>&amp;\"'|\xef\xbf\xbe|Größe|"
			     "std::vector<std::pair<int, int> >::push_back|\n", 0);
	add_leaf(w, 0, STACK_RUN, -1, stack, 0, 9, 0);
	add_leaf(w, 1, CLASS_OTHER, 9999, 77, 78, 1, MS(5)); /* neither call nor stacks are known */
	/* what no good file has */
	add_leaf(w, 99, CLASS_LOCK, 0, stack, 0, 1, MS(5));
	add_leaf(w, 0, 77, 0, stack, 0, 1, MS(5));
	add_leaf(w, 0, -5, 0, stack, 0, 1, MS(5));
	add_leaf(w, 0, STACK_RUN, -1, stack, 0, 0, 0);
}

/* --- taking them ----------------------------------------------------------------- */

struct shot {
	void (*make)(struct world *w);
	const char *name; /* of the golden file, whose extension is the format */
	enum export_weight weight;
	uint32_t classes;
	bool idle, by_process, by_lock;
};

static int take(const struct world *w, const struct shot *shot, struct strbuf *out)
{
	const struct export_input in = {
		.result = &w->result,
		.stacks = w->stacks,
		.version = "0.0.0",
		.weight = shot->weight,
		.classes = shot->classes,
		.idle = shot->idle,
		.by_process = shot->by_process,
		.by_lock = shot->by_lock,
	};
	const struct exporter *e = export_find_path(shot->name);
	struct sink sink;
	int error, closed;

	assert_non_null(e);
	strbuf_init(out);
	sink_open_memory(&sink, out);
	error = e->run(&in, &sink);
	closed = sink_close(&sink);
	return error ? error : closed;
}

static void take_well(const struct shot *shot, struct strbuf *out)
{
	struct world w;

	shot->make(&w);
	assert_int_equal(take(&w, shot, out), 0);
	world_close(&w);
}

/* Takes what lies between @begin and @end out, once. */
static void cut_out(struct strbuf *sb, const char *begin, const char *end)
{
	char *from = strstr(sb->buf, begin), *to;

	if (!from)
		return;
	from += strlen(begin);
	to = strstr(from, end);
	assert_non_null(to);
	memmove(from, to, strlen(to) + 1);
	sb->len = strlen(sb->buf);
}

static const struct shot shots[] = {
	{ make_server, "server.wall.folded", EXPORT_WALL, 0, false, false },
	{ make_server, "server.wall.process.folded", EXPORT_WALL, 0, false, true },
	{ make_server, "server.oncpu.folded", EXPORT_ONCPU, 0, false, false },
	{ make_server, "server.offcpu.folded", EXPORT_OFFCPU, 0, false, false },
	{ make_server, "server.offcpu.idle.folded", EXPORT_OFFCPU, 0, true, false },
	{ make_server, "server.lock.folded", EXPORT_WALL, EXPORT_CLASS(CLASS_LOCK), false, false },
	{ make_hostile, "hostile.wall.folded", EXPORT_WALL, 0, false, false },
	{ make_server, "server.wall.svg", EXPORT_WALL, 0, false, false },
	{ make_server, "server.oncpu.svg", EXPORT_ONCPU, 0, false, true },
	{ make_server, "server.offcpu.svg", EXPORT_OFFCPU, 0, false, false },
	{ make_hostile, "hostile.wall.svg", EXPORT_WALL, 0, false, false },
};

static void check_golden(const char *name, const struct strbuf *got)
{
	char path[256], *expected;
	bool update = getenv("UPDATE_GOLDEN");
	size_t n;
	FILE *file;

	snprintf(path, sizeof(path), GOLDEN "%s", name);
	file = fopen(path, update ? "wb" : "rb");
	if (!file)
		fail_msg("%s: no such file", path);
	if (update) {
		assert_int_equal(fwrite(got->buf, 1, got->len, file), got->len);
		assert_int_equal(fclose(file), 0);
		return;
	}
	expected = calloc(1, got->len + 2);
	assert_non_null(expected);
	n = fread(expected, 1, got->len + 1, file);
	fclose(file);
	expected[n] = '\0';
	/* prints both */
	assert_string_equal(got->buf, expected);
	free(expected);
}

static void exports_are_written_as_before(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(shots); i++) {
		struct strbuf out;

		take_well(&shots[i], &out);
		cut_out(&out, "<style>", "</style>");
		cut_out(&out, "<script><![CDATA[", "]]></script>");
		check_golden(shots[i].name, &out);
		strbuf_release(&out);
	}
}

/* --- folded ------------------------------------------------------------------------ */

/* Σ of the numbers at the ends of lines; each line must be well made. */
static uint64_t folded_sum(const struct strbuf *out, const char *containing)
{
	uint64_t sum = 0;

	for (const char *line = out->buf, *end; *line; line = end + 1) {
		const char *blank;
		char *stop;

		end = strchr(line, '\n');
		assert_non_null(end);
		blank = memrchr(line, ' ', (size_t)(end - line));
		assert_non_null(blank);
		assert_true(blank > line && *line != '#' && *line != ';');
		assert_true(blank[1] >= '1' && blank[1] <= '9');
		assert_null(memmem(line, (size_t)(end - line), ";;", 2));
		if (memmem(line, (size_t)(end - line), containing, strlen(containing)))
			sum += strtoull(blank + 1, &stop, 10);
		else
			strtoull(blank + 1, &stop, 10);
		assert_ptr_equal(stop, end);
	}
	return sum;
}

static void a_wall_clock_graph_is_as_wide_as_the_lives_of_its_threads(void **state)
{
	static void (*const makers[])(struct world *) = { make_server, make_hostile };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(makers); i++) {
		struct shot shot = { makers[i], "x.folded", EXPORT_WALL, 0, false, false };
		struct strbuf out;
		struct world w;

		makers[i](&w);
		assert_int_equal(take(&w, &shot, &out), 0);
		assert_int_equal(folded_sum(&out, ""), w.result.totals.life_ns);
		assert_int_equal(folded_sum(&out, ";[lock]"),
				 w.result.totals.by_class_ns[CLASS_LOCK]);
		assert_int_equal(folded_sum(&out, ";[run] "), w.result.totals.run_ns);
		strbuf_release(&out);
		world_close(&w);
	}
}

static void an_on_cpu_graph_counts_samples(void **state)
{
	const struct shot shot = { make_server, "x.folded", EXPORT_ONCPU, 0, false, false };
	struct strbuf out;

	(void)state;
	take_well(&shot, &out);
	assert_int_equal(folded_sum(&out, ""), 10);
	strbuf_release(&out);
}

static void idle_is_off_cpu_only_when_it_is_asked_for(void **state)
{
	const uint64_t waits = MS(50 + 500 + 400 + 3), idle = MS(150);
	const struct {
		struct shot shot;
		uint64_t sum;
	} cases[] = {
		{ { make_server, "x.folded", EXPORT_OFFCPU, 0, false, false }, waits },
		{ { make_server, "x.folded", EXPORT_OFFCPU, 0, true, false }, waits + idle },
		{ { make_server, "x.folded", EXPORT_OFFCPU, EXPORT_CLASS(CLASS_IDLE), false,
		    false }, idle },
		{ { make_server, "x.folded", EXPORT_OFFCPU, EXPORT_ALL, false, false },
		  waits + idle },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct strbuf out;

		take_well(&cases[i].shot, &out);
		assert_int_equal(folded_sum(&out, ""), cases[i].sum);
		strbuf_release(&out);
	}
}

static void lines_are_in_the_order_of_their_bytes(void **state)
{
	const struct shot shot = { make_server, "x.folded", EXPORT_WALL, 0, false, false };
	char *before = NULL, *rest;
	struct strbuf out;
	int lines = 0;

	(void)state;
	take_well(&shot, &out);
	rest = out.buf;
	for (char *line; (line = strsep(&rest, "\n")) && *line; before = line, lines++)
		if (before)
			assert_true(strcmp(before, line) < 0);
	assert_true(lines > 5);
	strbuf_release(&out);
}

/* Somebody waited at @wait_stack while a holder ran at @held_stack. */
static void add_held(struct world *w, uint32_t wait_stack, uint32_t held_stack)
{
	struct result_lock lock = { .kind = LOCK_MUTEX, .waits = 1, .wait_ns = 7 };

	assert_int_equal(vec_push(&lock.blames, (struct result_blame){
		.tid = 5, .wait_stack = wait_stack, .held_stack = held_stack,
		.doing = HELD_RUN, .nr = -1, .blame_ns = 7 }), 0);
	assert_int_equal(vec_push(&w->result.locks, lock), 0);
}

static void inlined_calls_are_frames_of_their_own(void **state)
{
	const struct shot shot = { NULL, "x.folded", EXPORT_ONCPU, 0, false, false };
	const struct shot by_lock = { .name = "x.folded", .by_lock = true };
	struct event inlined = {
		.type = EVENT_NAME,
		.name = { .level = 1, .function = "outer", .file = "" },
	};
	uint32_t stack;
	struct strbuf out;
	struct world w;

	(void)state;
	world_open(&w);
	add_process(&w, 1, "p");
	add_thread(&w, 1, 1, "p", (struct totals){ .run_ns = MS(1) });
	stack = add_stack(&w, "main|inner", 0);
	add_leaf(&w, 0, STACK_RUN, -1, stack, 0, 1, 0);
	inlined.name.frame = w.frames;
	assert_int_equal(stacks_add(w.stacks, &inlined), 0);
	assert_int_equal(take(&w, &shot, &out), 0);
	assert_string_equal(out.buf, "p-1;p-1/1;main;outer;inner_[i] 1\n");
	strbuf_release(&out);
	/* leaf first, what was inlined comes before what it was inlined into */
	add_held(&w, add_stack(&w, "main|wait", 0), stack);
	assert_int_equal(take(&w, &by_lock, &out), 0);
	assert_string_equal(out.buf, "mutex;main;wait;[held] run;inner_[i];outer;main 7\n");
	strbuf_release(&out);
	world_close(&w);
}

static void what_there_is_nothing_of_is_said(void **state)
{
	struct world w;
	struct export_input in = { .weight = EXPORT_ONCPU };
	struct error err = ERROR_INIT;

	(void)state;
	make_server(&w);
	in.result = &w.result;
	in.stacks = w.stacks;
	assert_int_equal(export_check(&in, &err), 0);
	in.classes = EXPORT_CLASS(CLASS_LOCK);
	assert_int_equal(export_check(&in, &err), -ENODATA);
	assert_string_equal(err.msg, "no time of these classes under --weight oncpu");
	in.weight = EXPORT_WALL;
	assert_int_equal(export_check(&in, &err), 0);
	in.classes = EXPORT_CLASS(CLASS_SLEEP);
	assert_int_equal(export_check(&in, &err), -ENODATA);
	in.classes = 0;
	in.weight = EXPORT_ONCPU;
	w.result.stacks.count = 0;
	assert_int_equal(export_check(&in, &err), -ENODATA);
	assert_non_null(strstr(err.msg, "too little"));
	world_close(&w);
}

/* --- pictures ---------------------------------------------------------------------- */

/* Elements are closed in the order they were opened, and text is escaped. */
static void assert_well_formed(const struct strbuf *out)
{
	char open[64][16];
	int depth = 0;

	assert_int_equal(strlen(out->buf), out->len);
	for (const char *p = out->buf; *p;) {
		size_t len = strcspn(p, "<");

		for (size_t i = 0; i < len; i++) {
			assert_true((unsigned char)p[i] >= ' ' || p[i] == '\n');
			if (p[i] == '&')
				assert_non_null(memchr(p + i, ';', 7));
		}
		p += len;
		if (!*p)
			break;
		if (!strncmp(p, "<![CDATA[", 9) || !strncmp(p, "<?", 2)) {
			p = strstr(p, p[1] == '!' ? "]]>" : "?>");
			assert_non_null(p);
			p += strcspn(p, ">") + 1;
			continue;
		}
		len = strcspn(p + 1, " >/\n");
		if (p[1] == '/') {
			len = strcspn(p + 2, ">");
			assert_true(depth-- > 0);
			assert_true(strlen(open[depth]) == len && !memcmp(open[depth], p + 2, len));
		} else if (*(strchr(p, '>') - 1) != '/') {
			assert_true(depth < 64 && len < 16);
			memcpy(open[depth], p + 1, len);
			open[depth++][len] = '\0';
		}
		p = strchr(p, '>') + 1;
	}
	assert_int_equal(depth, 0);
}

static void pictures_are_well_formed_whatever_names_they_show(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(shots); i++) {
		struct strbuf out;

		if (!strstr(shots[i].name, ".svg"))
			continue;
		take_well(&shots[i], &out);
		assert_well_formed(&out);
		assert_null(strstr(out.buf, "<script>alert"));
		assert_null(strchr(out.buf, '\033'));
		strbuf_release(&out);
	}
}

static void a_picture_needs_nothing_else(void **state)
{
	const struct shot shot = { make_server, "x.svg", EXPORT_WALL, 0, false, false };
	struct strbuf out;

	(void)state;
	take_well(&shot, &out);
	/* the one address is the name of a namespace, and of another in the script */
	for (const char *p = out.buf; (p = strstr(p, "http")); p++)
		assert_non_null(strstr(p - 1, "http://www.w3.org/"));
	assert_null(strstr(out.buf, "href"));
	assert_null(strstr(out.buf, "@import"));
	assert_null(strstr(out.buf, "url("));
	assert_non_null(strstr(out.buf, "addEventListener"));
	strbuf_release(&out);
}

/* @threads of a binary tree of calls, so deep that most frames are too narrow. */
static void make_wide(struct world *w, unsigned stacks, size_t name)
{
	char names[2048], filler[256];
	uint64_t seed = 5;

	world_open(w);
	add_process(w, 1, "wide");
	memset(filler, 'n', sizeof(filler));
	filler[name] = '\0';
	add_thread(w, 1, 1, "wide",
		   (struct totals){ .by_class_ns = { [CLASS_LOCK] = MS(1) * stacks } });
	for (unsigned i = 0; i < stacks; i++) {
		uint64_t path = unit_random(&seed);
		size_t len = 0;

		for (int depth = 0; depth < 16; depth++, path >>= 2)
			len += (size_t)snprintf(names + len, sizeof(names) - len, "%sf%u%s",
						depth ? "|" : "", (unsigned)(path & 3), filler);
		add_leaf(w, 0, CLASS_LOCK, FUTEX, add_stack(w, names, 0), 0, 1,
			 MS(1));
	}
}

static void fifty_thousand_stacks_are_a_picture_that_can_be_loaded(void **state)
{
	const struct shot shot = { NULL, "x.svg", EXPORT_WALL, 0, false, false };
	struct strbuf out;
	struct world w;

	(void)state;
	make_wide(&w, 50000, 60);
	assert_int_equal(take(&w, &shot, &out), 0);
	assert_in_range(out.len, 1 << 20, 5 << 20);
	assert_well_formed(&out);
	assert_non_null(strstr(out.buf, "too narrow to draw"));
	strbuf_release(&out);
	world_close(&w);
}

static size_t one_byte(const struct flame *f, uint32_t node)
{
	(void)f;
	(void)node;
	return 1;
}

/* Boxes lie within the one below them and beside each other; nothing is lost. */
static void check_layout(const struct flame *f, const struct svg_layout *l)
{
	uint64_t drawn = 0;

	for (size_t i = 1; i < l->boxes.count; i++) {
		const struct svg_box *b = &l->boxes.at[i], *before = b - 1, *below = NULL;

		assert_true(b->depth == before->depth || b->depth == before->depth + 1);
		if (b->depth == before->depth)
			assert_true(b->x + 1e-9 >= before->x + before->width);
		for (size_t k = i; k-- > 0 && l->boxes.at[k].depth + 1 >= b->depth && !below;)
			if (l->boxes.at[k].depth + 1 == b->depth && l->boxes.at[k].x <= b->x + 1e-9)
				below = &l->boxes.at[k];
		assert_non_null(below);
		assert_true(b->x + b->width <= below->x + below->width + 1e-9);
		assert_int_equal(b->by_kind[CLASS_LOCK], b->value);
		if (b->node == FLAME_NONE)
			continue;
		drawn++;
		assert_true(b->value == f->nodes.at[b->node].total);
	}
	assert_int_equal(l->hidden + drawn + 1, f->nodes.count);
}

static void boxes_lie_where_their_stacks_are(void **state)
{
	static const double narrowest[] = { 0, 0.005, 0.05, 0.3 };
	struct export_input in = { .weight = EXPORT_WALL };
	struct svg_layout l;
	struct flame f;
	struct world w;

	(void)state;
	make_wide(&w, 300, 0);
	in.result = &w.result;
	in.stacks = w.stacks;
	assert_int_equal(flame_build(&in, &f), 0);
	for (size_t i = 0; i < ARRAY_COUNT(narrowest); i++) {
		assert_int_equal(svg_layout(&f, narrowest[i], SIZE_MAX, one_byte, &l), 0);
		check_layout(&f, &l);
		if (i == 0)
			assert_int_equal(l.hidden, 0);
		else
			assert_true(l.hidden > 0);
		svg_layout_release(&l);
	}
	/* room for a hundred: the widest hundred */
	assert_int_equal(svg_layout(&f, 0, 100, one_byte, &l), 0);
	check_layout(&f, &l);
	assert_in_range(f.nodes.count - l.hidden, 50, 100);
	svg_layout_release(&l);
	flame_release(&f);
	world_close(&w);
}

static void no_failing_allocation_is_fatal(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(shots); i++) {
		struct strbuf all, out;
		struct world w;

		shots[i].make(&w);
		assert_int_equal(take(&w, &shots[i], &all), 0);
		OOM_SWEEP(1000) {
			int error = take(&w, &shots[i], &out);

			if (error)
				assert_int_equal(error, -ENOMEM);
			else
				assert_true(out.len == all.len &&
					    !memcmp(out.buf, all.buf, all.len));
			strbuf_release(&out);
		}
		strbuf_release(&all);
		world_close(&w);
	}
}

static void formats_are_found_by_name_and_by_extension(void **state)
{
	(void)state;
	assert_ptr_equal(export_find("svg"), export_find_path("/tmp/a.b/x.svg"));
	assert_ptr_equal(export_find("folded"), export_find_path("x.folded"));
	assert_null(export_find("png"));
	assert_null(export_find_path("svg"));
	assert_null(export_find_path(".svg"));
	assert_null(export_find_path("x.svg.gz"));
	assert_int_equal(export_class_find("lock"), EXPORT_CLASS(CLASS_LOCK));
	assert_int_equal(export_class_find("run"), EXPORT_RUN);
	assert_int_equal(export_class_find("running"), 0);
	assert_int_equal(export_weight_find("offcpu"), EXPORT_OFFCPU);
	assert_int_equal(export_weight_find("cpu"), -1);
}

static void make_lock(struct world *w)
{
	static const char *const waits[] = { "main|work|pthread_mutex_lock", "main|idle" };
	struct result_lock lock = { .kind = LOCK_MUTEX, .name = "the_lock", .address = 0x10,
				    .waits = 5, .wait_ns = 700, .contended_ns = 700 };
	struct result_lock join = { .kind = LOCK_JOIN, .waits = 1, .wait_ns = 30 };

	world_open(w);
	add_process(w, 1, "server");
	for (uint32_t i = 0; i < 2; i++)
		assert_int_equal(vec_push(&lock.blames, (struct result_blame){
			.tid = 5,
			.wait_stack = add_stack(w, waits[i], STACK_COMPLETE),
			.held_stack = add_stack(w, "main|save|fsync", STACK_COMPLETE),
			.doing = i ? HELD_RUN : CLASS_FILE,
			.nr = i ? -1 : 74,
			.blame_ns = i ? 200 : 500,
		}), 0);
	assert_int_equal(vec_push(&join.blames, (struct result_blame){
		.doing = HELD_UNKNOWN, .nr = -1, .blame_ns = 30 }), 0);
	assert_int_equal(vec_push(&w->result.locks, lock), 0);
	assert_int_equal(vec_push(&w->result.locks, join), 0);
}

static void by_lock_the_stacks_of_waiter_and_holder_meet(void **state)
{
	struct shot shot = { .make = make_lock, .name = "x.folded", .by_lock = true };
	struct strbuf out;

	(void)state;
	take_well(&shot, &out);
	assert_string_equal(out.buf,
			    "join;[ended by nobody known] 30\n"
			    "mutex the_lock 0x10;main;idle;[held] run;fsync;save;main 200\n"
			    "mutex the_lock 0x10;main;work;pthread_mutex_lock;[held] file fsync;"
			    "fsync;save;main 500\n");
	strbuf_release(&out);
	shot.classes = EXPORT_CLASS(CLASS_SYNC);
	take_well(&shot, &out);
	assert_string_equal(out.buf, "join;[ended by nobody known] 30\n");
	strbuf_release(&out);
}

static void by_lock_the_colours_are_what_the_holders_did(void **state)
{
	struct shot shot = { .make = make_lock, .name = "x.svg", .by_lock = true };
	struct strbuf out;

	(void)state;
	take_well(&shot, &out);
	assert_non_null(strstr(out.buf, ">file 500 ns (68 %)<"));
	assert_non_null(strstr(out.buf, ">run 200 ns (27 %)<"));
	assert_non_null(strstr(out.buf, ">other or not known 30 ns (4.1 %)<"));
	strbuf_release(&out);
}

static void kernel_frames_make_no_two_places_of_one(void **state)
{
	const struct shot shot = { NULL, "x.folded", EXPORT_OFFCPU, 0, true, false };
	static const struct {
		int class, nr;
	} leaves[] = { { CLASS_SYNC, FUTEX }, { CLASS_IDLE, EPOLL_WAIT }, { CLASS_SOCKET, READ } };
	uint32_t user, kernel;
	struct strbuf out;
	struct world w;

	(void)state;
	world_open(&w);
	add_process(&w, 1, "p");
	add_thread(&w, 1, 1, "p",
		   (struct totals){ .by_class_ns = { [CLASS_SYNC] = 5, [CLASS_IDLE] = 5,
						     [CLASS_SOCKET] = 5 } });
	user = add_stack(&w, "main|wait", STACK_COMPLETE);
	kernel = add_stack(&w, "!do_syscall_64|!schedule", STACK_KERNEL);
	for (size_t i = 0; i < ARRAY_COUNT(leaves); i++) {
		/* a long one, of which the kernel's stack was taken, and a short one */
		add_leaf(&w, 0, leaves[i].class, leaves[i].nr, user, kernel, 1, 3);
		add_leaf(&w, 0, leaves[i].class, leaves[i].nr, user, 0, 1, 2);
	}
	assert_int_equal(take(&w, &shot, &out), 0);
	assert_string_equal(out.buf,
			    "p-1;p-1/1;main;wait;[idle] epoll_wait 5\n"
			    "p-1;p-1/1;main;wait;[socket] read 2\n"
			    "p-1;p-1/1;main;wait;[sync] futex 5\n"
			    "p-1;p-1/1;main;wait;do_syscall_64_[k];schedule_[k];[socket] read 3\n");
	strbuf_release(&out);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exports_are_written_as_before),
		cmocka_unit_test(a_wall_clock_graph_is_as_wide_as_the_lives_of_its_threads),
		cmocka_unit_test(an_on_cpu_graph_counts_samples),
		cmocka_unit_test(idle_is_off_cpu_only_when_it_is_asked_for),
		cmocka_unit_test(lines_are_in_the_order_of_their_bytes),
		cmocka_unit_test(inlined_calls_are_frames_of_their_own),
		cmocka_unit_test(what_there_is_nothing_of_is_said),
		cmocka_unit_test(pictures_are_well_formed_whatever_names_they_show),
		cmocka_unit_test(a_picture_needs_nothing_else),
		cmocka_unit_test(fifty_thousand_stacks_are_a_picture_that_can_be_loaded),
		cmocka_unit_test(boxes_lie_where_their_stacks_are),
		cmocka_unit_test(no_failing_allocation_is_fatal),
		cmocka_unit_test(formats_are_found_by_name_and_by_extension),
		cmocka_unit_test(by_lock_the_stacks_of_waiter_and_holder_meet),
		cmocka_unit_test(by_lock_the_colours_are_what_the_holders_did),
		cmocka_unit_test(kernel_frames_make_no_two_places_of_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
