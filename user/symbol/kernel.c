/* SPDX-License-Identifier: GPL-2.0-only */
#include "symbol/kernel.h"

#include "base/strbuf.h"
#include "symbol/hex.h"
#include "symbol/symtab.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <string.h>
#include <unistd.h>

enum {
	/* kallsyms has no sizes: a function reaches to the next one, but not
	 * from the end of one module to the beginning of another */
	FUNCTION_MAX = 1 << 20,
	KALLSYMS_MAX = 256 << 20,
};

struct kernel {
	char *path;
	bool read;
	/* The names have their module behind them, "" for the kernel proper:
	 * "nf_hook\0[nf_tables]\0". */
	struct symtab symbols;
};

struct kernel *kernel_new(const char *path)
{
	struct kernel *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	k->path = strdup(path);
	if (!k->path) {
		free(k);
		return NULL;
	}
	return k;
}

void kernel_free(struct kernel *k)
{
	if (!k)
		return;
	symtab_release(&k->symbols);
	free(k->path);
	free(k);
}

static int read_all(const char *path, struct strbuf *out)
{
	enum { STEP = 1 << 20 };
	int fd = open(path, O_RDONLY | O_CLOEXEC), error = 0;

	if (fd < 0)
		return -errno;
	while (out->len < KALLSYMS_MAX) {
		char *p = strbuf_room(out, STEP);
		ssize_t n = p ? read(fd, p, STEP) : -1;

		if (!p)
			error = -ENOMEM;
		else if (n < 0 && errno == EINTR)
			continue;
		else if (n < 0)
			error = -errno;
		if (n <= 0)
			break;
		strbuf_cut(out, out->len + (size_t)n);
	}
	close(fd);
	return error;
}

/* The number in hex at *@p, 0 when there is none. sscanf takes five times as long. */
static uint64_t take_hex(const char **p)
{
	uint64_t v = 0;

	for (; hex_digit(**p) >= 0; (*p)++)
		v = v << 4 | (uint64_t)hex_digit(**p);
	return v;
}

/* "ffffffff81000000 T name" or "… t name\t[module]" */
static int kernel_add_line(struct kernel *k, char *line)
{
	const char *p = line;
	uint64_t address = take_hex(&p);
	char *name, *tab;
	size_t len;

	/* without CAP_SYSLOG every address is 0 */
	if (!address || p[0] != ' ' || !p[1] || !strchr("tTwW", p[1]) || p[2] != ' ' || !p[3])
		return 0;
	name = line + (p + 3 - line);
	len = strlen(name) + 1;
	tab = strchr(name, '\t');
	if (tab) {
		*tab = '\0';
		len--;
	}
	return symtab_add_open(&k->symbols, address, address + FUNCTION_MAX, name, len,
			       p[1] != 't');
}

static int kernel_read(struct kernel *k)
{
	struct strbuf text = STRBUF_INIT;
	char *line, *newline;
	int error;

	if (k->read)
		return 0;
	error = read_all(k->path, &text);
	for (line = text.buf; !error && text.len && *line; line = newline + 1) {
		newline = strchr(line, '\n');
		if (!newline)
			break;
		*newline = '\0';
		error = kernel_add_line(k, line);
	}
	strbuf_release(&text);
	if (!error)
		error = symtab_finish(&k->symbols, SYMTAB_INNERMOST);
	if (error == -ENOMEM)
		symtab_release(&k->symbols);
	else
		k->read = true;
	return error == -ENOMEM ? error : 0;
}

bool kernel_has_symbols(struct kernel *k)
{
	return !kernel_read(k) && k->symbols.ranges.count;
}

int kernel_find(struct kernel *k, uint64_t address, struct kernel_symbol *ret)
{
	struct symbol symbol;
	int error = kernel_read(k);

	if (error)
		return error;
	if (!symtab_find(&k->symbols, address, &symbol))
		return -ENOENT;
	/* the padding before a function (FineIBT); one comes there by looking at
	 * the byte before its first */
	if (!strncmp(symbol.name, "__pfx_", strlen("__pfx_")))
		symbol.name += strlen("__pfx_");
	ret->name = symbol.name;
	ret->module = symbol.name + strlen(symbol.name) + 1;
	if (!*ret->module)
		ret->module = "[kernel]";
	return 0;
}

/* The name at a return address, NULL when it has none. */
static const char *frame_name(struct kernel *k, uint64_t address)
{
	struct kernel_symbol symbol;

	return address && !kernel_find(k, address - 1, &symbol) ? symbol.name : NULL;
}

/*
 * What a function in a kernel stack tells, by patterns of the shell. Rows hold
 * from Linux 5.15 to 6.18; what a kernel does not have does no harm.
 */
static const struct {
	const char *functions;
	enum kernel_place place;
} places[] = {
	/* locks: the functions in which they sleep, not those that try first */
	{ "__mutex_lock*", PLACE_LOCK },
	{ "mutex_lock*", PLACE_LOCK },
	{ "__ww_mutex_lock*", PLACE_LOCK },
	{ "ww_mutex_lock*", PLACE_LOCK },
	{ "rwsem_down_*", PLACE_LOCK },
	{ "down_read*", PLACE_LOCK },
	{ "down_write*", PLACE_LOCK },
	{ "percpu_rwsem_wait*", PLACE_LOCK },
	{ "percpu_down_write*", PLACE_LOCK },
	{ "__percpu_down_read*", PLACE_LOCK },
	{ "__down", PLACE_LOCK },
	{ "__down_common", PLACE_LOCK },
	{ "__down_interruptible", PLACE_LOCK },
	{ "__down_killable", PLACE_LOCK },
	{ "__down_timeout", PLACE_LOCK },
	{ "down", PLACE_LOCK },
	{ "__rt_mutex_slowlock*", PLACE_LOCK },
	{ "rt_mutex_slowlock*", PLACE_LOCK },
	{ "rt_mutex_lock*", PLACE_LOCK },
	{ "rtlock_slowlock*", PLACE_LOCK }, /* PREEMPT_RT */
	{ "rt_spin_lock*", PLACE_LOCK },
	{ "rwbase_*_lock*", PLACE_LOCK },
	{ "__wait_on_bit_lock", PLACE_LOCK },
	{ "__lock_sock*", PLACE_LOCK },
	{ "__wait_on_freeing_inode", PLACE_LOCK },
	{ "d_alloc_parallel", PLACE_LOCK }, /* another thread looks the name up */
	/* pages, blocks and what stands for a disk */
	{ "io_schedule*", PLACE_IO },
	{ "blk_io_schedule", PLACE_IO },
	{ "bit_wait_io*", PLACE_IO },
	{ "wait_for_completion_io*", PLACE_IO },
	{ "folio_wait_*", PLACE_IO },
	{ "__folio_lock*", PLACE_IO }, /* locked while it is read */
	{ "wait_on_page_*", PLACE_IO },
	{ "__lock_page*", PLACE_IO },
	{ "put_and_wait_on_page_locked", PLACE_IO },
	{ "__wait_on_buffer", PLACE_IO },
	{ "__lock_buffer", PLACE_IO },
	{ "submit_bio_wait", PLACE_IO },
	{ "blk_execute_rq", PLACE_IO },
	{ "blk_mq_get_tag", PLACE_IO },
	{ "rq_qos_wait", PLACE_IO },
	{ "wbt_wait", PLACE_IO },
	{ "inode_dio_wait*", PLACE_IO },
	{ "balance_dirty_pages*", PLACE_IO }, /* writers slowed to the disk's speed */
	{ "jbd2_log_wait_commit", PLACE_IO },
	{ "wait_transaction_*", PLACE_IO },
	{ "xlog_wait*", PLACE_IO },
	{ "xfs_log_force*", PLACE_IO },
	{ "xfs_buf_iowait", PLACE_IO },
	{ "btrfs_wait_*", PLACE_IO },
	{ "btrfs_commit_transaction", PLACE_IO },
	{ "wait_current_trans", PLACE_IO },
	{ "nfs_wait_*", PLACE_IO },
	{ "rpc_wait_bit_killable", PLACE_IO },
	{ "request_wait_answer", PLACE_IO }, /* FUSE */
	{ "p9_client_rpc", PLACE_IO },
	{ "netfs_wait_*", PLACE_IO },
	/* page faults, from user code or from a copy in a system call */
	{ "handle_userfault", PLACE_FAULT },
	{ "handle_mm_fault", PLACE_FAULT },
	{ "__handle_mm_fault", PLACE_FAULT },
	{ "do_user_addr_fault", PLACE_FAULT },
	{ "exc_page_fault", PLACE_FAULT },
	{ "asm_exc_page_fault", PLACE_FAULT },
	{ "do_page_fault", PLACE_FAULT }, /* arm64 */
	{ "do_mem_abort", PLACE_FAULT },
	{ "faultin_page", PLACE_FAULT }, /* get_user_pages: O_DIRECT, io_uring */
};

/*
 * bpf_get_task_stack() leaves out the functions that sleep for others (in_sched_functions(), since
 * 5.2): of a wait for a rwsem or a mutex the nearest function is the one that takes it. These
 * take a lock and never sleep by themselves, so being nearest says that they wait for it.
 * (From 6.1 to 7.3.) Who reads and writes a pipe sleeps for its data as well, and who
 * allocates room in a file takes two: not in here.
 */
static const char *const lock_takers[] = {
	/* the address space's */
	"lock_mm_and_find_vma", "mmap_read_lock*", "mmap_write_lock*", "vm_mmap_pgoff",
	"__vm_munmap",		"do_mprotect_pkey", "do_madvise",     "madvise_lock",
	"__do_sys_brk",		"__x64_sys_brk",    "__do_sys_mremap", "do_mremap",
	"__x64_sys_mremap",	"__mm_populate",    "do_mlock",
	/* an open file's position */
	"fdget_pos",		"__fdget_pos",
	/* an inode's: the file's, or the directory's that a name is made or removed in */
	"ext4_buffered_write_iter", "shmem_file_write_iter", "do_truncate", "iterate_dir",
	"path_openat",		"filename_create",  "do_unlinkat",    "do_rmdir",
	"do_renameat2",		"lookup_slow",	    "lookup_open",    "lock_two_directories",
	"lock_rename*",		"start_dirop",	    "start_creating", "start_removing",
	"start_renaming",	"__start_renaming", "filename_rmdir", "filename_unlinkat",
};

static bool takes_a_lock(const char *name)
{
	for (size_t i = 0; i < ARRAY_COUNT(lock_takers); i++)
		if (!fnmatch(lock_takers[i], name, 0))
			return true;
	return false;
}

static enum kernel_place place_of(const char *name)
{
	char plain[128];
	/* without the compiler's ".constprop.0" */
	size_t len = strcspn(name, ".");

	if (len >= sizeof(plain))
		return PLACE_NONE;
	memcpy(plain, name, len);
	plain[len] = '\0';
	for (size_t i = 0; i < ARRAY_COUNT(places); i++)
		if (!fnmatch(places[i].functions, plain, 0))
			return places[i].place;
	return PLACE_NONE;
}

/*
 * The function nearest the leaf decides, with one exception: waiting for a
 * page inside a page fault is the fault's wait.
 */
enum kernel_place kernel_place(struct kernel *k, const uint64_t *frames, size_t count)
{
	enum kernel_place found = PLACE_NONE;
	const char *nearest = count ? frame_name(k, frames[0]) : NULL;

	if (nearest && takes_a_lock(nearest))
		return PLACE_LOCK;
	for (size_t i = 0; i < count; i++) {
		const char *name = frame_name(k, frames[i]);
		enum kernel_place place = name ? place_of(name) : PLACE_NONE;

		if (place == PLACE_NONE)
			continue;
		if (place == PLACE_FAULT)
			return place;
		if (found == PLACE_NONE)
			found = place;
		if (found == PLACE_LOCK)
			return found;
	}
	return found;
}
