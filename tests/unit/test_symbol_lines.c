/* SPDX-License-Identifier: GPL-2.0-only */
/* Source lines and inlined calls: of this very program, and of files that lie. */
#include "base/map.h"
#include "fake_proc.h"
#include "oom.h"
#include "symbol/frames.h"
#include "symbol/hot.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static uint64_t seen; /* the address in the innermost of three functions */

/* The lines that the compiler is to put into DWARF. */
enum { HERE_LINE = __LINE__ + 4, MIDDLE_LINE = HERE_LINE + 6, OUTER_LINE = MIDDLE_LINE + 7 };

static inline __attribute__((always_inline)) uint64_t innermost(int x)
{
	__asm__ volatile("1: lea 1b(%%rip), %0" : "=r"(seen) : "r"(x)); /* HERE_LINE */
	return seen;
}

static inline __attribute__((always_inline)) uint64_t middle(int x)
{
	uint64_t address = innermost(x + 1); /* MIDDLE_LINE */

	return address + (uint64_t)x;
}

static __attribute__((noinline)) uint64_t outer(int x)
{
	uint64_t address = middle(x) + middle(x + 1); /* OUTER_LINE: the later one is seen */

	__asm__ volatile("" : "+r"(address));
	return address;
}

/* Called so that the compiler makes no copy of it under another name. */
static uint64_t (*volatile call)(int x) = outer;

/* What was emitted, as text: "function file:line" innermost first, a line each. */
struct told {
	struct strbuf text;
	uint32_t frame, levels;
};

static int tell(void *context, const struct event *e)
{
	struct told *t = context;
	const char *slash;

	if (e->type != EVENT_NAME)
		return 0;
	if (e->name.frame != t->frame) {
		t->frame = e->name.frame;
		t->levels = 0;
	}
	assert_int_equal(e->name.level, t->levels++);
	slash = strrchr(e->name.file, '/');
	strbuf_addf(&t->text, "%s %s:%u\n", e->name.function, slash ? slash + 1 : e->name.file,
		    e->name.line);
	return strbuf_error(&t->text);
}

/* The answers, here and now: what is asked about is our own. */
static int answer(void *context, const char *module, const struct lines_query *q,
		  struct strbuf *answers)
{
	int fd = memfd_create("answers", MFD_CLOEXEC), error;
	off_t size;
	char *room;

	(void)context;
	(void)module;
	assert_true(fd >= 0);
	error = lines_answer(q, fd);
	size = lseek(fd, 0, SEEK_END);
	room = size > 0 ? strbuf_room(answers, (size_t)size) : NULL;
	if (room) {
		assert_int_equal(pread(fd, room, (size_t)size, 0), size);
		strbuf_cut(answers, answers->len + (size_t)size);
	}
	close(fd);
	return error == -ENOMEM ? error : strbuf_error(answers);
}

/* What is told of @address in process @tgid, by @proc. */
static int ask(const char *proc, const char *debug, uint32_t tgid, uint64_t address,
	       struct strbuf *ret)
{
	struct told told = { .text = STRBUF_INIT };
	struct frames_options o = {
		.proc = proc, .emit = tell, .answer = answer, .context = &told
	};
	struct frames *f = NULL;
	uint32_t frame;
	int error = -ENOMEM;

	o.modules = modules_new(proc, debug, 64);
	o.spaces = o.modules ? spaces_new(proc, o.modules) : NULL;
	o.kernel = kernel_new("/nonexistent");
	if (o.spaces && o.kernel)
		f = frames_new(&o);
	if (f)
		error = frames_user(f, tgid, 1000, address, true, &frame);
	if (!error)
		error = frames_resolve(f, 2000);
	frames_free(f);
	kernel_free(o.kernel);
	spaces_free(o.spaces);
	modules_free(o.modules);
	*ret = told.text;
	return error;
}

static void expected(char *into, size_t size, const char *file)
{
	snprintf(into, size, "innermost %s:%d\nmiddle %s:%d\nouter %s:%d\n", file, HERE_LINE, file,
		 MIDDLE_LINE, file, OUTER_LINE);
}

static void an_address_has_its_line_and_the_calls_that_are_inlined_there(void **state)
{
	struct strbuf text;
	char want[256];

	(void)state;
	call(1);
	expected(want, sizeof(want), "test_symbol_lines.c");
	assert_int_equal(ask("/proc", "/nonexistent", (uint32_t)getpid(), seen, &text), 0);
	assert_string_equal(text.buf, want);
	strbuf_release(&text);
}

/* A process that maps a stripped copy of us, with the DWARF in a file beside it. */
static void map_stripped(struct fake_proc *p, uint32_t pid, const char *name)
{
	char command[1024], maps[256];
	const char *copy = fake_copy(p, "/proc/self/exe", name);
	uint64_t offset = 0, start = 0, end = 0;
	FILE *f;

	snprintf(command, sizeof(command),
		 "cd %s && objcopy --only-keep-debug %s %s.debug && "
		 "objcopy --strip-all --add-gnu-debuglink=%s.debug %s", p->folder, name, name,
		 name, name);
	if (system(command))
		skip();
	/* where the code is mapped here it is mapped there */
	f = fopen("/proc/self/maps", "r");
	assert_non_null(f);
	while (fgets(maps, sizeof(maps), f))
		if (sscanf(maps, "%" SCNx64 "-%" SCNx64 " r-xp %" SCNx64, &start, &end, &offset) ==
			    3 && seen >= start && seen < end)
			break;
	fclose(f);
	snprintf(command, sizeof(command), "%" PRIx64 "-%" PRIx64 " r-xp %08" PRIx64
		 " 00:00 0 %s\n", start, end, offset, copy);
	fake_file(p, pid, "maps", command);
}

static void lines_come_from_a_debug_file_beside_a_stripped_program(void **state)
{
	struct fake_proc *p = *state;
	struct strbuf text;
	char want[256];

	call(1);
	map_stripped(p, 60, "stripped");
	expected(want, sizeof(want), "test_symbol_lines.c");
	assert_int_equal(ask(p->proc, "/nonexistent", 60, seen, &text), 0);
	assert_string_equal(text.buf, want);
	strbuf_release(&text);
}

struct collected {
	uint32_t count, index, level;
	size_t function, file;
};

static int collect(void *context, const struct lines_name *n)
{
	struct collected *c = context;

	c->count++;
	c->index = n->index;
	c->level = n->level;
	c->function = strlen(n->function);
	c->file = strlen(n->file);
	return 0;
}

static void answers_that_make_no_sense_end_the_reading(void **state)
{
	struct {
		uint32_t index, level, line;
		uint16_t function, file;
		char text[4];
	} good[3] = {
		{ 0, 0, 7, 1, 3, "fa.c" }, { 0, 1, 8, 4, 0, "outr" }, { 1, 0, 9, 0, 4, "b.cc" },
	}, bad[3];
	struct collected c = { 0 };

	(void)state;
	assert_int_equal(lines_parse(good, sizeof(good), 2, collect, &c), 0);
	assert_int_equal(c.count, 3);
	assert_int_equal(c.index, 1);
	assert_int_equal(c.file, 4);
	/* cut anywhere: what is whole counts */
	for (size_t size = 0; size < sizeof(good); size++) {
		c = (struct collected){ 0 };
		assert_int_equal(lines_parse(good, size, 2, collect, &c), 0);
		assert_int_equal(c.count, size / sizeof(good[0]));
	}
	for (int wrong = 0; wrong < 4; wrong++) {
		memcpy(bad, good, sizeof(bad));
		if (wrong == 0)
			bad[1].level = 2;
		else if (wrong == 1)
			bad[1].index = 2;
		else if (wrong == 2)
			bad[1].function = UINT16_MAX;
		else
			bad[1].file = LINES_TEXT_MAX;
		c = (struct collected){ 0 };
		assert_int_equal(lines_parse(bad, sizeof(bad), 2, collect, &c), 0);
		assert_int_equal(c.count, 1);
	}
}

static void a_file_without_dwarf_has_no_lines(void **state)
{
	static const uint64_t addresses[] = { 0x1000, 0x2000 };
	struct strbuf answers = STRBUF_INIT;
	struct lines_query q = { .fd = memfd_create("nothing", MFD_CLOEXEC),
				 .addresses = addresses, .count = 2 };

	(void)state;
	assert_int_equal(write(q.fd, "no ELF at all", 13), 13);
	assert_int_equal(answer(NULL, "", &q, &answers), 0);
	assert_int_equal(answers.len, 0);
	close(q.fd);
}

static int take_first(void *context, const struct lines_name *n)
{
	*(uint32_t *)context = n->index;
	return -ECANCELED;
}

/* Who is killed for being slow has told what most of the time went to. */
static void what_was_used_longest_is_told_first(void **state)
{
	uint64_t bias = _r_debug.r_map->l_addr, addresses[3], ns[3];
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	(void)state;
	/* of three files, in the order of their addresses */
	addresses[0] = (uintptr_t)answer + 1 - bias;
	addresses[1] = (uintptr_t)strbuf_room + 1 - bias;
	addresses[2] = (uintptr_t)modules_new + 1 - bias;
	for (int i = 0; i < 3; i++)
		for (int k = i + 1; k < 3; k++)
			if (addresses[k] < addresses[i]) {
				uint64_t swapped = addresses[k];

				addresses[k] = addresses[i];
				addresses[i] = swapped;
			}
	for (uint32_t hottest = 0; hottest < 3; hottest++) {
		struct lines_query q = { fd, addresses, ns, 3 };
		struct strbuf answers = STRBUF_INIT;
		uint32_t first = UINT32_MAX;

		for (uint32_t i = 0; i < 3; i++)
			ns[i] = i == hottest ? 1000 : 10;
		assert_int_equal(answer(NULL, "", &q, &answers), 0);
		assert_int_equal(lines_parse(answers.buf, answers.len, 3, take_first, &first),
				 -ECANCELED);
		assert_int_equal(first, hottest);
		strbuf_release(&answers);
	}
	close(fd);
}

static void the_use_of_stacks_is_that_of_their_frames(void **state)
{
	static const uint32_t one[] = { 1, 2, 3 }, two[] = { 4, 2 };

	(void)state;
	OOM_SWEEP(20) {
		struct hot h = HOT_INIT;
		uint64_t *ns = NULL;
		int rc = hot_stack(&h, 1, one, 3);

		if (!rc)
			rc = hot_stack(&h, 7, two, 2);
		/* told again, and what is too much to keep */
		if (!rc)
			rc = hot_stack(&h, 7, one, 3);
		if (!rc)
			rc = hot_stack(&h, UINT32_MAX, one, 3);
		hot_use(&h, 1, 100);
		hot_use(&h, 7, 10);
		hot_use(&h, 7, 5);
		hot_use(&h, 70, 5);
		hot_use(&h, UINT32_MAX, 5);
		if (!rc)
			ns = hot_frames(&h, 4);
		if (ns) {
			assert_int_equal(ns[0], 0);
			assert_int_equal(ns[1], 100);
			assert_int_equal(ns[2], 115);
			assert_int_equal(ns[3], 100);
		}
		assert_int_equal(ns != NULL, !oom_has_failed());
		free(ns);
		hot_release(&h);
	}
}

static void no_failing_allocation_is_fatal(void **state)
{
	struct strbuf text;

	(void)state;
	call(1);
	OOM_SWEEP(2000) {
		int error = ask("/proc", "/nonexistent", (uint32_t)getpid(), seen, &text);

		if (error)
			assert_int_equal(error, -ENOMEM);
		strbuf_release(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_has_its_line_and_the_calls_that_are_inlined_there),
		cmocka_unit_test(lines_come_from_a_debug_file_beside_a_stripped_program),
		cmocka_unit_test(answers_that_make_no_sense_end_the_reading),
		cmocka_unit_test(a_file_without_dwarf_has_no_lines),
		cmocka_unit_test(what_was_used_longest_is_told_first),
		cmocka_unit_test(the_use_of_stacks_is_that_of_their_frames),
		cmocka_unit_test(no_failing_allocation_is_fatal),
	};

	return cmocka_run_group_tests(tests, fake_proc_setup, fake_proc_teardown);
}
