/* SPDX-License-Identifier: GPL-2.0-only */
/* kernel: kallsyms, and what a kernel stack is about. */
#include "oom.h"
#include "symbol/kernel.h"
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct kernel *kernel_of(const char *text)
{
	char path[] = "/tmp/runwait-kallsyms-XXXXXX";
	int fd = mkstemp(path);
	struct kernel *k;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	k = kernel_new(path);
	/* it is read when first needed: now */
	if (k)
		kernel_has_symbols(k);
	unlink(path);
	return k;
}

static void assert_named(struct kernel *k, uint64_t address, const char *name, const char *module)
{
	struct kernel_symbol s;

	assert_int_equal(kernel_find(k, address, &s), 0);
	assert_string_equal(s.name, name);
	assert_string_equal(s.module, module);
}

static void assert_unnamed(struct kernel *k, uint64_t address)
{
	struct kernel_symbol s;

	assert_int_equal(kernel_find(k, address, &s), -ENOENT);
}

static void kernel_functions_reach_to_the_next_one(void **state)
{
	struct kernel *k = kernel_of("ffffffff81000000 T _stext\n"
				     "ffffffff81000000 T __first\n"
				     "ffffffff81000000 t first\n"
				     "ffffffff81000100 t second.constprop.0\n"
				     "ffffffff81000180 D data\n"
				     "ffffffffc0000000 t hook\t[nf_tables]\n"
				     "ffffffffc0001000 t bpf_prog_6deef7357e7b4530_x\t[bpf]\n"
				     "0000000000000000 A fixed_percpu_data\n"
				     "no line at all\n"
				     "ffffffffc0002000\n"
				     "ffffffffc0002000 t \n"
				     "ffffffff90000000 T cut_off");

	(void)state;
	assert_non_null(k);
	assert_true(kernel_has_symbols(k));
	assert_unnamed(k, 0xffffffff80ffffff);
	/* of aliases a global one with a short name */
	assert_named(k, 0xffffffff81000000, "_stext", "[kernel]");
	assert_named(k, 0xffffffff810000ff, "_stext", "[kernel]");
	assert_named(k, 0xffffffff81000180, "second.constprop.0", "[kernel]");
	/* not from the end of the kernel to the first module */
	assert_unnamed(k, 0xffffffff81300000);
	assert_named(k, 0xffffffffc0000fff, "hook", "[nf_tables]");
	assert_named(k, 0xffffffffc0001000, "bpf_prog_6deef7357e7b4530_x", "[bpf]");
	assert_unnamed(k, 0xffffffff90000000);
	kernel_free(k);
}

static void padding_before_a_function_is_the_functions(void **state)
{
	struct kernel *k = kernel_of("ffffffff81000000 T before\n"
				     "ffffffff81000100 t __pfx_function\n"
				     "ffffffff81000110 T function\n");

	(void)state;
	assert_non_null(k);
	assert_named(k, 0xffffffff810000ff, "before", "[kernel]");
	assert_named(k, 0xffffffff8100010f, "function", "[kernel]");
	assert_named(k, 0xffffffff81000110, "function", "[kernel]");
	kernel_free(k);
}

static void hidden_addresses_are_no_symbols(void **state)
{
	struct kernel *k = kernel_of("0000000000000000 T _stext\n0000000000000000 T schedule\n");

	(void)state;
	assert_non_null(k);
	assert_false(kernel_has_symbols(k));
	assert_unnamed(k, 0);
	assert_unnamed(k, 0xffffffff81000000);
	kernel_free(k);
	k = kernel_new("/nonexistent/kallsyms");
	assert_non_null(k);
	assert_false(kernel_has_symbols(k));
	kernel_free(k);
}

/* A table in which every name of @names is a function, and a stack of them. */
struct stack {
	struct kernel *kernel;
	uint64_t frames[16];
	size_t count;
};

/* @names: leaf first; "" is a frame without a name. */
static void stack_make(struct stack *s, const char *const *names)
{
	char text[4096];
	size_t len = 0;

	s->count = 0;
	for (; names[s->count]; s->count++) {
		uint64_t start = 0xffffffff81000000 + s->count * 0x1000;

		s->frames[s->count] = start + 0x10;
		if (*names[s->count])
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%lx t %s\n",
						(unsigned long)start, names[s->count]);
		else
			s->frames[s->count] = 0xffffffff70000000;
	}
	text[len] = '\0';
	s->kernel = kernel_of(text);
	assert_non_null(s->kernel);
}

#define STACK(...) ((const char *const[]){ __VA_ARGS__, NULL })

static enum kernel_place place_of(const char *const *names)
{
	struct stack s;
	enum kernel_place place;

	stack_make(&s, names);
	place = kernel_place(s.kernel, s.frames, s.count);
	kernel_free(s.kernel);
	return place;
}

static void a_kernel_stack_tells_what_its_thread_waited_for(void **state)
{
	(void)state;
	assert_int_equal(place_of(STACK("__schedule", "schedule", "do_nanosleep")), PLACE_NONE);
	assert_int_equal(place_of(STACK("")), PLACE_NONE);
	assert_int_equal(place_of(STACK("__schedule", "schedule_preempt_disabled",
					"rwsem_down_write_slowpath", "down_write", "mmap_region")),
			 PLACE_LOCK);
	assert_int_equal(place_of(STACK("schedule", "__mutex_lock.constprop.0", "pipe_write")),
			 PLACE_LOCK);
	assert_int_equal(place_of(STACK("schedule", "percpu_rwsem_wait", "cgroup_procs_write")),
			 PLACE_LOCK);
	assert_int_equal(place_of(STACK("schedule", "rwbase_write_lock.isra.0", "x")), PLACE_LOCK);
	assert_int_equal(place_of(STACK("schedule", "rwbase_write_unlock", "x")), PLACE_NONE);
	assert_int_equal(place_of(STACK("schedule", "io_schedule", "folio_wait_bit_common",
					"filemap_get_pages", "vfs_read")),
			 PLACE_IO);
	assert_int_equal(place_of(STACK("schedule", "jbd2_log_wait_commit", "ext4_sync_file")),
			 PLACE_IO);
}

static void who_takes_the_address_spaces_lock_and_sleeps_there_waits_for_it(void **state)
{
	(void)state;
	/* as bpf_get_task_stack() tells it: without what sleeps for others */
	assert_int_equal(place_of(STACK("__vm_munmap", "__x64_sys_munmap", "do_syscall_64")),
			 PLACE_LOCK);
	assert_int_equal(place_of(STACK("lock_mm_and_find_vma", "exc_page_fault",
					"asm_exc_page_fault")),
			 PLACE_LOCK);
	/* … but not who sleeps further in */
	assert_int_equal(place_of(STACK("balance_dirty_pages", "do_madvise", "x")), PLACE_IO);
	assert_int_equal(place_of(STACK("handle_mm_fault", "__mm_populate", "vm_mmap_pgoff")),
			 PLACE_FAULT);
}

static void who_takes_an_inodes_lock_and_sleeps_there_waits_for_it(void **state)
{
	(void)state;
	assert_int_equal(place_of(STACK("fdget_pos", "ksys_write")), PLACE_LOCK);
	assert_int_equal(place_of(STACK("ext4_buffered_write_iter", "vfs_write")), PLACE_LOCK);
	assert_int_equal(place_of(STACK("do_truncate", "do_ftruncate")), PLACE_LOCK);
	assert_int_equal(place_of(STACK("do_renameat2", "__x64_sys_rename")), PLACE_LOCK);
	assert_int_equal(place_of(STACK("path_openat", "do_filp_open")), PLACE_LOCK);
	/* 7.3 */
	assert_int_equal(place_of(STACK("__start_renaming", "filename_renameat2")), PLACE_LOCK);
	assert_int_equal(place_of(STACK("lookup_open", "path_openat")), PLACE_LOCK);
	assert_int_equal(place_of(STACK("iterate_dir", "__x64_sys_getdents64")), PLACE_LOCK);
	/* … but not who sleeps further in, or for something else as well */
	assert_int_equal(place_of(STACK("balance_dirty_pages", "ext4_buffered_write_iter")),
			 PLACE_IO);
	assert_int_equal(place_of(STACK("submit_bio_wait", "do_rmdir")), PLACE_IO);
	assert_int_equal(place_of(STACK("anon_pipe_read", "vfs_read")), PLACE_NONE);
}

static void the_function_nearest_the_leaf_decides_but_a_fault_outdoes_its_io(void **state)
{
	(void)state;
	/* a lock that is taken in a fault is a lock */
	assert_int_equal(place_of(STACK("schedule", "rwsem_down_read_slowpath", "down_read",
					"do_user_addr_fault", "exc_page_fault")),
			 PLACE_LOCK);
	/* I/O under a lock is I/O */
	assert_int_equal(place_of(STACK("io_schedule", "submit_bio_wait", "mutex_lock", "x")),
			 PLACE_IO);
	/* I/O in a fault is the fault */
	assert_int_equal(place_of(STACK("io_schedule", "folio_wait_bit_common", "filemap_fault",
					"handle_mm_fault", "do_user_addr_fault",
					"asm_exc_page_fault")),
			 PLACE_FAULT);
	assert_int_equal(place_of(STACK("schedule", "handle_userfault", "handle_mm_fault")),
			 PLACE_FAULT);
}

static void this_kernel_has_names_where_they_may_be_seen(void **state)
{
	struct kernel *k = kernel_new("/proc/kallsyms");
	struct kernel_symbol s;
	char line[512];
	FILE *file;
	int checked = 0;

	(void)state;
	assert_non_null(k);
	if (!kernel_has_symbols(k)) {
		kernel_free(k);
		skip();
		return;
	}
	file = fopen("/proc/kallsyms", "r");
	assert_non_null(file);
	for (int n = 0; fgets(line, sizeof(line), file); n++) {
		unsigned long address;
		char type, name[256];

		if (n % 97 || sscanf(line, "%lx %c %255s", &address, &type, name) != 3 ||
		    !strchr("tT", type))
			continue;
		assert_int_equal(kernel_find(k, address, &s), 0);
		checked++;
	}
	fclose(file);
	assert_true(checked > 100);
	kernel_free(k);
}

static void no_failing_allocation_is_fatal(void **state)
{
	(void)state;
	OOM_SWEEP(100) {
		struct kernel *k = kernel_of("ffffffff81000000 T first\nffffffff81000100 t b\n");
		struct kernel_symbol s;
		int error = k ? kernel_find(k, 0xffffffff81000000, &s) : -ENOMEM;

		if (!error)
			assert_string_equal(s.name, "first");
		else
			assert_true(error == -ENOMEM || error == -ENOENT);
		kernel_free(k);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kernel_functions_reach_to_the_next_one),
		cmocka_unit_test(hidden_addresses_are_no_symbols),
		cmocka_unit_test(padding_before_a_function_is_the_functions),
		cmocka_unit_test(a_kernel_stack_tells_what_its_thread_waited_for),
		cmocka_unit_test(who_takes_the_address_spaces_lock_and_sleeps_there_waits_for_it),
		cmocka_unit_test(who_takes_an_inodes_lock_and_sleeps_there_waits_for_it),
		cmocka_unit_test(the_function_nearest_the_leaf_decides_but_a_fault_outdoes_its_io),
		cmocka_unit_test(this_kernel_has_names_where_they_may_be_seen),
		cmocka_unit_test(no_failing_allocation_is_fatal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
