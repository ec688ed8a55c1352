/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Address spaces over time: image, module, space. Processes are files below a
 * folder that stands for /proc, so that they can do in any order what real
 * ones do; at the end a real one.
 */
#include "fake_proc.h"
#include "oom.h"
#include "symbol/elf.h"
#include "symbol/image.h"
#include "symbol/space.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- one image --------------------------------------------------------------- */

static void map_at(struct image *i, uint64_t time_ns, uint64_t start, uint64_t end,
		   uint32_t module)
{
	const struct mapping m = {
		.start = start, .end = end, .offset = 0x100, .from_ns = time_ns, .module = module
	};

	assert_int_equal(image_map(i, &m, NULL), 0);
}

/* -1: nothing there. */
static int module_at(const struct image *i, uint64_t time_ns, uint64_t address)
{
	const struct mapping *m = image_find(i, time_ns, address);

	return m ? (int)m->module : -1;
}

static void a_mapping_lasts_until_another_covers_it(void **state)
{
	struct image *i = image_new();

	(void)state;
	assert_non_null(i);
	map_at(i, 10, 0x1000, 0x5000, 1);
	map_at(i, 20, 0x2000, 0x3000, 2);
	assert_int_equal(module_at(i, 15, 0x2000), 1);
	assert_int_equal(module_at(i, 20, 0x2000), 2);
	assert_int_equal(module_at(i, 99, 0x1fff), 1);
	assert_int_equal(module_at(i, 99, 0x3000), 1);
	assert_int_equal(module_at(i, 99, 0x5000), -1);
	assert_int_equal(module_at(i, 99, 0xfff), -1);
	/* what is left behind the hole keeps its place in the file */
	assert_int_equal(image_find(i, 99, 0x3000)->offset, 0x2100);
	/* one over all of it, and something that was there before any of it */
	map_at(i, 30, 0x0, 0x10000, 3);
	assert_int_equal(module_at(i, 29, 0x2500), 2);
	assert_int_equal(module_at(i, 30, 0x2500), 3);
	assert_int_equal(i->now.count, 1);
	image_unref(i);
}

static void news_that_come_late_are_better_than_none(void **state)
{
	struct image *i = image_new();

	(void)state;
	assert_non_null(i);
	map_at(i, 100, 0x1000, 0x2000, 1);
	assert_int_equal(module_at(i, 5, 0x1800), 1);
	map_at(i, 200, 0x1000, 0x2000, 2);
	assert_int_equal(module_at(i, 5, 0x1800), 1);
	image_unref(i);
}

static void the_same_mapping_again_changes_nothing(void **state)
{
	struct image *i = image_new();
	const struct mapping m = { .start = 0x1000, .end = 0x2000, .from_ns = 50, .module = 1 };
	bool is_new;

	(void)state;
	assert_non_null(i);
	assert_int_equal(image_map(i, &m, &is_new), 0);
	assert_true(is_new);
	assert_int_equal(image_map(i, &m, &is_new), 0);
	assert_false(is_new);
	assert_int_equal(i->past.count, 0);
	image_unref(i);
}

/* Against an array of pages, each with all that ever was there. */
static void mappings_of_any_kind_are_found_as_a_full_search_would(void **state)
{
	enum { PAGES = 64, MAPPINGS = 400 };
	static int truth[MAPPINGS + 1][PAGES];
	uint64_t seed = 3;
	struct image *i = image_new();

	(void)state;
	assert_non_null(i);
	memset(truth, 0xff, sizeof(truth));
	for (int t = 1; t <= MAPPINGS; t++) {
		uint64_t start = unit_random(&seed) % PAGES;
		uint64_t end = start + 1 + unit_random(&seed) % (PAGES - start);

		map_at(i, (uint64_t)t, start, end, (uint32_t)t);
		memcpy(truth[t], truth[t - 1], sizeof(truth[t]));
		for (uint64_t p = start; p < end; p++)
			truth[t][p] = t;
		for (uint64_t p = 0; p < PAGES; p++)
			assert_int_equal(module_at(i, (uint64_t)t, p), truth[t][p]);
	}
	/* the recent past, too */
	for (int t = MAPPINGS - 20; t <= MAPPINGS; t++)
		for (uint64_t p = 0; p < PAGES; p++)
			assert_int_equal(module_at(i, (uint64_t)t, p), truth[t][p]);
	image_unref(i);
}

static void code_that_is_mapped_for_ever_needs_no_more_memory(void **state)
{
	struct image *i = image_new();

	(void)state;
	assert_non_null(i);
	for (uint64_t t = 1; t < 20000; t++)
		map_at(i, t, 0x1000 * (t % 7), 0x1000 * (t % 7) + 0x2000, 1);
	assert_true(i->past.count <= 1024);
	assert_true(i->now.count < 20);
	image_unref(i);
}

/* --- modules ------------------------------------------------------------------- */

static struct module_file file_of(uint32_t tgid, const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return (struct module_file){
		.tgid = tgid, .start = 0x1000, .end = 0x2000, .inode = st.st_ino, .path = path
	};
}

static uint32_t get_module(struct modules *ms, const struct module_file *file)
{
	uint32_t id = UINT32_MAX;

	assert_int_equal(modules_get(ms, file, &id), 0);
	return id;
}

static void a_file_is_one_module_however_the_kernel_tells_of_it(void **state)
{
	struct fake_proc *p = *state;
	struct modules *ms = modules_new(p->proc, p->debug, 8);
	const char *path = fake_copy(p, "/bin/true", "prog");
	struct module_file by_inode = file_of(1, path), by_build_id = by_inode;
	struct elf e;
	int fd = open(path, O_RDONLY);
	uint32_t id;

	assert_non_null(ms);
	assert_int_equal(elf_open_fd(&e, fd), 0);
	assert_true(e.build_id_size > 0);
	by_build_id.inode = 0;
	by_build_id.build_id = e.build_id;
	by_build_id.build_id_size = e.build_id_size;
	id = get_module(ms, &by_inode);
	assert_int_equal(get_module(ms, &by_build_id), id);
	assert_int_equal(get_module(ms, &by_inode), id);
	assert_int_equal(module_kind(ms, id), MODULE_FILE);
	assert_string_equal(module_name(ms, id), path);
	assert_string_equal(module_short_name(ms, id), "prog");
	elf_release(&e);
	close(fd);
	modules_free(ms);
}

/* Whether the module has its file: then it has an address for its code. */
static bool is_open(struct modules *ms, const struct module_file *file)
{
	uint64_t bias;
	uint32_t id = get_module(ms, file);

	for (uint64_t offset = 0; offset < 0x10000; offset += 0x1000)
		if (module_bias(ms, id, 0, offset, &bias))
			return true;
	return false;
}

static void a_file_that_was_replaced_is_not_believed(void **state)
{
	struct fake_proc *p = *state;
	struct modules *ms = modules_new(p->proc, p->debug, 8);
	const char *path = fake_copy(p, "/bin/true", "replaced");
	struct module_file file = file_of(1, path), told = file;
	static const uint8_t other[20] = { 1, 2, 3 };

	assert_non_null(ms);
	file.inode++;
	assert_false(is_open(ms, &file));
	told.build_id = other;
	told.build_id_size = sizeof(other);
	assert_false(is_open(ms, &told));
	/* the next process that maps it may lead to the right one */
	fake_link(p, 7, "map_files/1000-2000", path);
	file.tgid = 7;
	assert_true(is_open(ms, &file));
	modules_free(ms);
}

static void what_is_no_regular_file_is_never_opened(void **state)
{
	struct fake_proc *p = *state;
	struct modules *ms = modules_new(p->proc, p->debug, 8);
	struct module_file file = { .tgid = 1, .start = 0x1000, .end = 0x2000 };
	char fifo[512];

	assert_non_null(ms);
	snprintf(fifo, sizeof(fifo), "%s/fifo", p->folder);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	file.path = fifo; /* opening it would wait for ever */
	assert_false(is_open(ms, &file));
	file.path = "/dev/zero";
	assert_int_equal(get_module(ms, &file), MODULE_ID_JIT);
	file.path = "//anon";
	assert_int_equal(get_module(ms, &file), MODULE_ID_JIT);
	file.path = "";
	assert_int_equal(get_module(ms, &file), MODULE_ID_JIT);
	file.path = "/memfd:doublemapper (deleted)";
	assert_int_equal(get_module(ms, &file), MODULE_ID_JIT);
	file.path = "[vdso]";
	assert_int_equal(get_module(ms, &file), MODULE_ID_VDSO);
	modules_free(ms);
}

static void a_modules_file_can_be_had_again(void **state)
{
	struct fake_proc *p = *state;
	struct modules *ms = modules_new(p->proc, p->debug, 1);
	struct module_file first = file_of(1, fake_copy(p, "/bin/true", "first")), second;
	struct module_file none = { .tgid = 1, .start = 0x1000, .end = 0x2000, .path = "/none" };
	uint32_t id = get_module(ms, &first);
	struct stat st;
	int fd;

	second = file_of(1, fake_copy(p, "/bin/cat", "second"));
	get_module(ms, &second); /* only one stays open */
	fd = module_file_descriptor(ms, id);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_ino, first.inode);
	modules_free(ms);
	assert_int_equal(fstat(fd, &st), 0); /* it is ours */
	close(fd);
	ms = modules_new(p->proc, p->debug, 1);
	assert_int_equal(module_file_descriptor(ms, get_module(ms, &none)), -1);
	assert_int_equal(module_file_descriptor(ms, MODULE_ID_VDSO), -1);
	modules_free(ms);
}

/* Whether any function of the module is called @name, or "NAME+0x…". */
static bool has_function(struct modules *ms, uint32_t module, const char *name)
{
	struct strbuf sb = STRBUF_INIT;
	bool found = false;

	for (uint64_t offset = 0; offset < 0x40000 && !found; offset += 0x10) {
		strbuf_clear(&sb);
		if (!module_function(ms, module, offset, &sb))
			found = !strncmp(sb.buf, name, strlen(name)) &&
				(sb.buf[strlen(name)] == '+' || !sb.buf[strlen(name)]);
	}
	module_forget_functions(ms, module);
	strbuf_release(&sb);
	return found;
}

static void a_deleted_file_still_has_names(void **state)
{
	struct fake_proc *p = *state;
	struct modules *ms = modules_new(p->proc, p->debug, 8);
	const char *path = fake_copy(p, "/bin/true", "deleted");
	struct module_file file = file_of(1, path);
	uint32_t id;

	assert_non_null(ms);
	id = get_module(ms, &file);
	assert_int_equal(unlink(path), 0);
	/* it is stripped: its functions are known by their extent */
	assert_true(has_function(ms, id, "deleted"));
	modules_free(ms);
}

/* Descriptors of this process. */
static int open_files(void)
{
	int count = 0;

	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void few_files_stay_open_and_what_is_used_keeps_its_names(void **state)
{
	enum { FILES = 8, MAX = 3 };
	struct fake_proc *p = *state;
	struct modules *ms = modules_new(p->proc, p->debug, MAX);
	int before = open_files();
	uint32_t id[FILES];

	assert_non_null(ms);
	for (int i = 0; i < FILES; i++) {
		struct module_file file;
		const char *path;
		char name[16];

		snprintf(name, sizeof(name), "many%d", i);
		path = fake_copy(p, "/lib64/ld-linux-x86-64.so.2", name);
		file = file_of(1, path);
		id[i] = get_module(ms, &file);
		/* of those that are deleted every other one is in use */
		if (i % 4 < 2)
			unlink(path);
		if (i % 2)
			module_mark_used(ms, id[i]);
		assert_true(open_files() - before <= MAX);
	}
	for (int i = 0; i < FILES; i++) {
		/* the last ones are still open */
		if (i % 4 == 0 && i < FILES - MAX)
			assert_false(has_function(ms, id[i], "__tls_get_addr"));
		else
			assert_true(has_function(ms, id[i], "__tls_get_addr"));
		assert_true(open_files() - before <= MAX);
	}
	modules_free(ms);
	assert_int_equal(open_files(), before);
}

/* --- spaces -------------------------------------------------------------------- */

struct world {
	struct modules *modules;
	struct spaces *spaces;
};

static struct world world_new(const struct fake_proc *p)
{
	struct world w = { .modules = modules_new(p->proc, p->debug, 64) };

	assert_non_null(w.modules);
	w.spaces = spaces_new(p->proc, w.modules);
	assert_non_null(w.spaces);
	return w;
}

static void world_free(struct world *w)
{
	spaces_free(w->spaces);
	modules_free(w->modules);
}

/* "NAME+OFFSET" or "" for nothing. */
static const char *where(struct world *w, uint32_t tgid, uint64_t time_ns, uint64_t address)
{
	static char text[512];
	struct space_place place;
	int error = spaces_find(w->spaces, tgid, time_ns, address, &place);

	if (error) {
		assert_true(error == -ENOENT || error == -ESRCH);
		return "";
	}
	snprintf(text, sizeof(text), "%s+%lx", module_short_name(w->modules, place.module),
		 (unsigned long)place.offset);
	return text;
}

static void tell(struct world *w, uint32_t tgid, uint64_t time_ns, uint64_t start,
		 uint64_t offset, const char *path)
{
	const struct module_file file = {
		.tgid = tgid, .start = start, .end = start + 0x1000, .path = path
	};

	assert_int_equal(spaces_map(w->spaces, time_ns, &file, offset), 0);
}

enum { MS = 1000000 };
static const uint64_t s = 1000ull * MS;

static void a_seeded_process_has_what_maps_says(void **state)
{
	struct fake_proc *p = *state;
	struct world w = world_new(p);

	fake_file(p, 10, "maps",
		  "1000-2000 r--p 00000000 fd:01 11 /usr/lib/a\n"
		  "2000-3000 r-xp 00001000 fd:01 11                         /usr/lib/a\n"
		  "4000-5000 rwxp 00000000 00:00 0 \n"
		  "6000-7000 r-xp 00000000 00:00 0                          [vdso]\n"
		  "8000-9000 r-xp 00002000 fd:01 12 /usr/lib/b\\012c (deleted)\n"
		  "nonsense\n"
		  "9000-9000 r-xp 00002000 fd:01 12 /usr/lib/empty\n");
	assert_int_equal(spaces_seed(w.spaces, 10, 5), 0);
	assert_string_equal(where(&w, 10, 5, 0x1800), "");
	assert_string_equal(where(&w, 10, 5, 0x2010), "a+1010");
	assert_string_equal(where(&w, 10, 5, 0x4010), "[jit]+4010");
	assert_string_equal(where(&w, 10, 5, 0x6010), "[vdso]+10");
	assert_string_equal(where(&w, 10, 5, 0x8010), "b\nc+2010");
	assert_string_equal(where(&w, 10, 5, 0x9000), "");
	world_free(&w);
}

static void a_child_has_what_its_parent_had_and_goes_its_own_way(void **state)
{
	struct world w = world_new(*state);

	tell(&w, 20, 1 * s, 0x1000, 0, "/a");
	assert_int_equal(spaces_fork(w.spaces, 2 * s, 20, 21), 0);
	tell(&w, 20, 3 * s, 0x1000, 0, "/b");
	tell(&w, 21, 4 * s, 0x5000, 0, "/c");
	assert_string_equal(where(&w, 21, 4 * s, 0x1010), "a+10");
	assert_string_equal(where(&w, 20, 4 * s, 0x1010), "b+10");
	assert_string_equal(where(&w, 20, 2 * s, 0x1010), "a+10");
	assert_string_equal(where(&w, 21, 4 * s, 0x5010), "c+10");
	assert_string_equal(where(&w, 20, 4 * s, 0x5010), "");
	world_free(&w);
}

/* The kernel's order: mappings of the new program, then the exec itself. */
static void an_exec_leaves_nothing_but_what_it_mapped(void **state)
{
	struct world w = world_new(*state);

	tell(&w, 30, 1 * s, 0x1000, 0, "/old");
	tell(&w, 30, 5 * s, 0x8000, 0, "/new");
	assert_int_equal(spaces_exec(w.spaces, 5 * s + 3 * MS, 30), 0);
	assert_string_equal(where(&w, 30, 6 * s, 0x1010), "");
	assert_string_equal(where(&w, 30, 6 * s, 0x8010), "new+10");
	assert_string_equal(where(&w, 30, 4 * s, 0x1010), "old+10");
	world_free(&w);
}

static void the_code_of_a_process_is_what_it_has_now(void **state)
{
	struct world w = world_new(*state);
	const struct mapping *m;

	assert_int_equal(spaces_code(w.spaces, 30, &m), 0);
	tell(&w, 30, 1 * s, 0x8000, 0, "/old");
	tell(&w, 30, 1 * s, 0x1000, 0, "/older");
	assert_int_equal(spaces_code(w.spaces, 30, &m), 2);
	assert_int_equal(m[0].start, 0x1000);
	assert_int_equal(m[1].start, 0x8000);
	assert_int_equal(spaces_fork(w.spaces, 2 * s, 30, 31), 0);
	assert_int_equal(spaces_exec(w.spaces, 5 * s, 30), 0);
	assert_int_equal(spaces_code(w.spaces, 30, &m), 0);
	assert_int_equal(spaces_code(w.spaces, 31, &m), 2);
	world_free(&w);
}

static void an_exec_that_is_told_first_gets_its_mappings_later(void **state)
{
	struct world w = world_new(*state);

	tell(&w, 30, 1 * s, 0x1000, 0, "/old");
	assert_int_equal(spaces_exec(w.spaces, 5 * s + 3 * MS, 30), 0);
	tell(&w, 30, 5 * s, 0x8000, 0, "/new");
	assert_string_equal(where(&w, 30, 6 * s, 0x8010), "new+10");
	assert_string_equal(where(&w, 30, 6 * s, 0x1010), "");
	world_free(&w);
}

static void a_child_that_execs_does_not_take_its_parents_code_along(void **state)
{
	struct world w = world_new(*state);

	/* all within the time that an exec may take */
	tell(&w, 40, 1 * s, 0x1000, 0, "/shell");
	assert_int_equal(spaces_fork(w.spaces, 1 * s + 10 * MS, 40, 41), 0);
	tell(&w, 41, 1 * s + 11 * MS, 0x8000, 0, "/ls");
	assert_int_equal(spaces_exec(w.spaces, 1 * s + 12 * MS, 41), 0);
	assert_string_equal(where(&w, 41, 2 * s, 0x1010), "");
	assert_string_equal(where(&w, 41, 2 * s, 0x8010), "ls+10");
	assert_string_equal(where(&w, 40, 2 * s, 0x1010), "shell+10");
	world_free(&w);
}

static void a_fork_that_is_told_late_is_put_where_it_belongs(void **state)
{
	struct world w = world_new(*state);

	tell(&w, 50, 1 * s, 0x1000, 0, "/shell");
	tell(&w, 51, 3 * s, 0x8000, 0, "/ls");
	assert_int_equal(spaces_exec(w.spaces, 3 * s, 51), 0);
	assert_int_equal(spaces_fork(w.spaces, 2 * s, 50, 51), 0);
	assert_string_equal(where(&w, 51, 2 * s + 1, 0x1010), "shell+10");
	assert_string_equal(where(&w, 51, 4 * s, 0x8010), "ls+10");
	assert_string_equal(where(&w, 51, 4 * s, 0x1010), "");
	world_free(&w);
}

static void a_pid_that_is_used_again_is_another_process(void **state)
{
	struct world w = world_new(*state);

	tell(&w, 60, 1 * s, 0x1000, 0, "/first");
	spaces_exit(w.spaces, 2 * s, 60);
	/* what was on its way is still named */
	assert_string_equal(where(&w, 60, 1 * s, 0x1010), "first+10");
	tell(&w, 60, 3 * s, 0x2000, 0, "/second");
	assert_string_equal(where(&w, 60, 4 * s, 0x1010), "");
	assert_string_equal(where(&w, 60, 4 * s, 0x2010), "second+10");
	assert_string_equal(where(&w, 60, 1 * s, 0x1010), "first+10");
	world_free(&w);
}

static void what_ended_long_ago_can_be_forgotten(void **state)
{
	struct world w = world_new(*state);

	tell(&w, 70, 1 * s, 0x1000, 0, "/gone");
	tell(&w, 71, 1 * s, 0x1000, 0, "/old");
	assert_int_equal(spaces_exec(w.spaces, 2 * s, 71), 0);
	tell(&w, 71, 2 * s, 0x2000, 0, "/new");
	spaces_exit(w.spaces, 3 * s, 70);
	spaces_forget(w.spaces, 3 * s);
	assert_string_equal(where(&w, 70, 1 * s, 0x1010), "gone+10");
	spaces_forget(w.spaces, 4 * s);
	assert_string_equal(where(&w, 70, 1 * s, 0x1010), "");
	assert_string_equal(where(&w, 71, 1 * s, 0x1010), "");
	assert_string_equal(where(&w, 71, 5 * s, 0x2010), "new+10");
	world_free(&w);
}

static void an_unknown_address_is_looked_up_in_proc_but_not_all_the_time(void **state)
{
	struct fake_proc *p = *state;
	struct world w = world_new(p);

	fake_file(p, 80, "maps", "1000-2000 r-xp 0 00:01 5 /first\n");
	assert_string_equal(where(&w, 80, 1 * s, 0x1010), "first+10");
	/* the process was not known, and is now; a second later there is more */
	fake_file(p, 80, "maps", "1000-2000 r-xp 0 00:01 5 /first\n"
				 "2000-3000 r-xp 0 00:01 6 /second\n");
	assert_string_equal(where(&w, 80, 1 * s + 1, 0x2010), "");
	assert_string_equal(where(&w, 80, 2 * s, 0x2010), "second+10");
	/* an ended process has no maps, or another's */
	fake_file(p, 80, "maps", "5000-6000 r-xp 0 00:01 7 /third\n");
	spaces_exit(w.spaces, 3 * s, 80);
	assert_string_equal(where(&w, 80, 3 * s - 1, 0x5010), "");
	world_free(&w);
}

static void no_failing_allocation_is_fatal(void **state)
{
	struct fake_proc *p = *state;
	const char *path = fake_copy(p, "/bin/true", "oom");
	char maps[512];

	snprintf(maps, sizeof(maps), "1000-2000 r-xp 00001000 00:00 0 %s\n"
				     "3000-4000 r-xp 0 00:00 0 [vdso]\n", path);
	fake_file(p, 90, "maps", maps);
	OOM_SWEEP(400) {
		struct modules *ms = modules_new(p->proc, p->debug, 1);
		struct spaces *spaces = ms ? spaces_new(p->proc, ms) : NULL;
		struct space_place place = { 0 };
		struct strbuf sb = STRBUF_INIT;
		uint64_t sharing;
		int error = spaces ? spaces_seed(spaces, 90, 1 * s) : -ENOMEM;

		if (!error)
			error = spaces_fork(spaces, 2 * s, 90, 91);
		if (!error)
			error = spaces_exec(spaces, 3 * s, 90);
		if (!error)
			error = spaces_find(spaces, 91, 4 * s, 0x1010, &place);
		if (!error)
			error = spaces_describe(spaces, 90, 4 * s, 0x1010, &sb, &sharing,
						NULL);
		if (!error) {
			assert_string_equal(module_short_name(ms, place.module), "oom");
			assert_string_equal(sb.buf, "oom+0x1010");
		} else {
			assert_int_equal(error, -ENOMEM);
		}
		strbuf_release(&sb);
		spaces_free(spaces);
		modules_free(ms);
	}
}

/* --- data ------------------------------------------------------------------------ */

static int initialised_variable = 7;
static struct {
	int first, second;
} zero_variable;

static void assert_described(struct world *w, const void *address, const char *expected,
			     bool expect_shared)
{
	static uint64_t time_ns;
	struct strbuf sb = STRBUF_INIT;
	uint64_t sharing = !expect_shared;

	/* far enough from the last for /proc to be asked again */
	time_ns += 100 * s;
	assert_int_equal(spaces_describe(w->spaces, (uint32_t)getpid(), time_ns,
					 (uintptr_t)address, &sb, &sharing, NULL),
			 0);
	assert_string_equal(sb.buf, expected);
	assert_int_equal(sharing != 0, expect_shared);
	strbuf_release(&sb);
}

static void memory_shared_by_one_that_has_ended_is_what_its_fork_says_it_is(void **state)
{
	static const uint64_t addresses[] = { 0x10008, 0x20008 };
	static const char *const texts[] = { "shared anon+0x8", "" };
	struct fake_proc *p = *state;
	struct world w = world_new(p);
	struct strbuf sb = STRBUF_INIT;
	uint64_t sharing[3];

	fake_file(p, 90, "maps", "1000-2000 r-xp 0 00:00 0 [vdso]\n"
				 "10000-11000 rw-s 0 00:01 77 /dev/zero (deleted)\n"
				 "20000-21000 rw-p 0 00:00 0 \n");
	assert_int_equal(spaces_seed(w.spaces, 90, 1 * s), 0);
	assert_int_equal(spaces_fork(w.spaces, 2 * s, 90, 91), 0);
	assert_int_equal(spaces_describe(w.spaces, 90, 3 * s, 0x10008, &sb, &sharing[2], NULL),
			 0);
	assert_string_equal(sb.buf, texts[0]);
	/* of 91 there is nothing in /proc; what is not shared is its own */
	for (size_t i = 0; i < ARRAY_COUNT(addresses); i++) {
		strbuf_clear(&sb);
		assert_int_equal(spaces_describe(w.spaces, 91, 4 * s, addresses[i], &sb,
						 &sharing[i], NULL),
				 0);
		assert_string_equal(sb.buf, texts[i]);
	}
	assert_int_equal(sharing[0], sharing[2]);
	assert_int_equal(sharing[1], 0);
	strbuf_release(&sb);
	world_free(&w);
}

struct waiter {
	pthread_t thread;
	int ready[2], go[2];
	int tid;
	void *local, *own; /* on its stack; what the C library keeps above that */
};

static void *wait_on_stack(void *arg)
{
	struct waiter *w = arg;
	char c = 0;

	w->local = &c;
	w->own = (void *)pthread_self();
	w->tid = gettid();
	prctl(PR_SET_NAME, "on its stack");
	if (write(w->ready[1], &c, 1) == 1 && read(w->go[0], &c, 1) == 1)
		return NULL;
	return w;
}

static void waiter_start(struct waiter *w)
{
	char c;

	assert_int_equal(pipe(w->ready), 0);
	assert_int_equal(pipe(w->go), 0);
	assert_int_equal(pthread_create(&w->thread, NULL, wait_on_stack, w), 0);
	assert_int_equal(read(w->ready[0], &c, 1), 1);
}

static void waiter_end(struct waiter *w)
{
	assert_int_equal(write(w->go[1], "", 1), 1);
	assert_int_equal(pthread_join(w->thread, NULL), 0);
	for (int i = 0; i < 2; i++) {
		close(w->ready[i]);
		close(w->go[i]);
	}
}

static void memory_on_a_threads_stack_is_called_after_it(void **state)
{
	struct fake_proc real = { .proc = "/proc", .debug = "/nonexistent" };
	struct world w = world_new(&real);
	struct waiter waiters[2];
	char name[64];
	void *anon;

	(void)state;
	/* above, below and between stacks there is memory of others */
	anon = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(anon != MAP_FAILED);
	for (int i = 0; i < 2; i++)
		waiter_start(&waiters[i]);
	for (int i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), "stack of %d on its stack", waiters[i].tid);
		assert_described(&w, waiters[i].local, name, false);
		/* joining waits there: the next thread may have that, too */
		assert_described(&w, (char *)waiters[i].own + 720, "anon", false);
	}
	assert_described(&w, (char *)anon + 64, "anon", false);
	assert_described(&w, (char *)anon + (1 << 20) - 64, "anon", false);
	for (int i = 0; i < 2; i++)
		waiter_end(&waiters[i]);
	munmap(anon, 1 << 20);
	world_free(&w);
}

static void data_is_called_what_its_program_calls_it(void **state)
{
	struct fake_proc real = { .proc = "/proc", .debug = "/nonexistent" };
	struct world w = world_new(&real);
	int local = 0, memory = memfd_create("runwait-test", 0);
	void *anon = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char *file, stack[64];

	(void)state;
	snprintf(stack, sizeof(stack), "stack of %d test_space", getpid());
	assert_int_equal(ftruncate(memory, 8192), 0);
	file = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
	assert_true(anon != MAP_FAILED && shared != MAP_FAILED && file != MAP_FAILED);
	initialised_variable++;
	zero_variable.second++;
	assert_described(&w, &initialised_variable, "initialised_variable", false);
	assert_described(&w, &zero_variable.first, "zero_variable", false);
	assert_described(&w, &zero_variable.second, "zero_variable+0x4", false);
	assert_described(&w, &local, stack, false);
	assert_described(&w, anon, "anon", false);
	assert_described(&w, shared, "shared anon+0x0", true);
	assert_described(&w, file + 4096 + 8, "memfd:runwait-test+0x1008", true);
	assert_described(&w, NULL, "", false);
	munmap(anon, 4096);
	munmap(shared, 4096);
	munmap(file, 8192);
	close(memory);
	world_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mapping_lasts_until_another_covers_it),
		cmocka_unit_test(news_that_come_late_are_better_than_none),
		cmocka_unit_test(the_same_mapping_again_changes_nothing),
		cmocka_unit_test(mappings_of_any_kind_are_found_as_a_full_search_would),
		cmocka_unit_test(code_that_is_mapped_for_ever_needs_no_more_memory),
		cmocka_unit_test(a_file_is_one_module_however_the_kernel_tells_of_it),
		cmocka_unit_test(a_file_that_was_replaced_is_not_believed),
		cmocka_unit_test(what_is_no_regular_file_is_never_opened),
		cmocka_unit_test(a_modules_file_can_be_had_again),
		cmocka_unit_test(a_deleted_file_still_has_names),
		cmocka_unit_test(few_files_stay_open_and_what_is_used_keeps_its_names),
		cmocka_unit_test(a_seeded_process_has_what_maps_says),
		cmocka_unit_test(a_child_has_what_its_parent_had_and_goes_its_own_way),
		cmocka_unit_test(an_exec_leaves_nothing_but_what_it_mapped),
		cmocka_unit_test(the_code_of_a_process_is_what_it_has_now),
		cmocka_unit_test(an_exec_that_is_told_first_gets_its_mappings_later),
		cmocka_unit_test(a_child_that_execs_does_not_take_its_parents_code_along),
		cmocka_unit_test(a_fork_that_is_told_late_is_put_where_it_belongs),
		cmocka_unit_test(a_pid_that_is_used_again_is_another_process),
		cmocka_unit_test(what_ended_long_ago_can_be_forgotten),
		cmocka_unit_test(an_unknown_address_is_looked_up_in_proc_but_not_all_the_time),
		cmocka_unit_test(no_failing_allocation_is_fatal),
		cmocka_unit_test(memory_on_a_threads_stack_is_called_after_it),
		cmocka_unit_test(data_is_called_what_its_program_calls_it),
		cmocka_unit_test(
			memory_shared_by_one_that_has_ended_is_what_its_fork_says_it_is),
	};

	return cmocka_run_group_tests(tests, fake_proc_setup, fake_proc_teardown);
}
