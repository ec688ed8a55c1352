/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table is by prefix, as compilers split functions (".isra.0", ".constprop.0")
 * and the kernel wraps system calls ("__x64_sys_", "__do_sys_"). Which function takes
 * which lock was read off the sources of Linux 6.1 to 6.18, and off what calls what in 7.3.
 */
#include "core/kernel_locks.h"

#include "base/alloc.h"

#include <string.h>

static const struct kernel_lock mmap_lock = { "mmap_lock", KERNEL_LOCK_PROCESS };
static const struct kernel_lock inode_lock = { "inode lock", KERNEL_LOCK_OBJECT };
static const struct kernel_lock directory_lock = { "directory inode lock", KERNEL_LOCK_GLOBAL };
static const struct kernel_lock page_lock = { "page lock", KERNEL_LOCK_OBJECT };
static const struct kernel_lock position_lock = { "file position lock", KERNEL_LOCK_OBJECT };
static const struct kernel_lock pipe_lock = { "pipe lock", KERNEL_LOCK_OBJECT };
static const struct kernel_lock socket_lock = { "socket lock", KERNEL_LOCK_OBJECT };
static const struct kernel_lock epoll_lock = { "epoll lock", KERNEL_LOCK_OBJECT };
static const struct kernel_lock tty_lock = { "tty lock", KERNEL_LOCK_OBJECT };
static const struct kernel_lock journal_lock = { "ext4 journal", KERNEL_LOCK_GLOBAL };
static const struct kernel_lock exec_lock = { "exec_update_lock", KERNEL_LOCK_PROCESS };
static const struct kernel_lock cgroup_lock = { "cgroup_mutex", KERNEL_LOCK_GLOBAL };
static const struct kernel_lock threadgroup_lock = { "cgroup_threadgroup_rwsem",
						     KERNEL_LOCK_GLOBAL };
static const struct kernel_lock rtnl_lock = { "rtnl_mutex", KERNEL_LOCK_GLOBAL };
static const struct kernel_lock mount_lock = { "namespace_sem", KERNEL_LOCK_GLOBAL };
static const struct kernel_lock kernfs_lock = { "kernfs_rwsem", KERNEL_LOCK_GLOBAL };
static const struct kernel_lock super_lock = { "s_umount", KERNEL_LOCK_GLOBAL };

static const struct {
	const char *prefix;
	const struct kernel_lock *lock;
} functions[] = {
	{ "mmap_read_lock", &mmap_lock },
	{ "mmap_write_lock", &mmap_lock },
	{ "lock_mm_and_find_vma", &mmap_lock },
	{ "do_user_addr_fault", &mmap_lock },
	{ "vm_mmap_pgoff", &mmap_lock },
	{ "__vm_munmap", &mmap_lock },
	{ "do_mprotect_pkey", &mmap_lock },
	{ "do_madvise", &mmap_lock },
	{ "madvise_lock", &mmap_lock },
	{ "__do_sys_brk", &mmap_lock },
	{ "__x64_sys_brk", &mmap_lock },
	{ "__do_sys_mremap", &mmap_lock },
	{ "do_mremap", &mmap_lock },
	{ "__x64_sys_mremap", &mmap_lock },
	{ "__mm_populate", &mmap_lock },
	{ "dup_mmap", &mmap_lock },
	{ "exit_mmap", &mmap_lock },
	{ "__access_remote_vm", &mmap_lock },
	{ "m_start", &mmap_lock },
	{ "inode_lock", &inode_lock },
	{ "ext4_file_write_iter", &inode_lock },
	{ "ext4_buffered_write_iter", &inode_lock },
	{ "ext4_dio_write_iter", &inode_lock },
	{ "ext4_file_read_iter", &inode_lock },
	{ "ext4_fallocate", &inode_lock },
	{ "xfs_ilock", &inode_lock },
	{ "xfs_file_", &inode_lock },
	{ "btrfs_inode_lock", &inode_lock },
	{ "btrfs_file_write_iter", &inode_lock },
	{ "generic_file_write_iter", &inode_lock },
	{ "shmem_file_write_iter", &inode_lock },
	{ "fuse_file_write_iter", &inode_lock },
	{ "vfs_fallocate", &inode_lock },
	{ "do_truncate", &inode_lock },
	{ "chmod_common", &inode_lock },
	{ "chown_common", &inode_lock },
	{ "vfs_setxattr", &inode_lock },
	{ "generic_file_llseek", &inode_lock },
	{ "iterate_dir", &inode_lock },
	{ "open_last_lookups", &directory_lock },
	{ "path_openat", &directory_lock },
	{ "filename_create", &directory_lock },
	{ "do_unlinkat", &directory_lock },
	{ "do_rmdir", &directory_lock },
	{ "do_renameat2", &directory_lock },
	{ "lock_rename", &directory_lock },
	{ "lock_two_directories", &directory_lock },
	{ "start_dirop", &directory_lock }, /* these came after 6.18 */
	{ "start_creating", &directory_lock },
	{ "start_removing", &directory_lock },
	{ "start_renaming", &directory_lock },
	{ "__start_renaming", &directory_lock },
	{ "filename_rmdir", &directory_lock },
	{ "filename_unlinkat", &directory_lock },
	{ "lookup_open", &directory_lock },
	{ "lookup_slow", &directory_lock },
	{ "walk_component", &directory_lock },
	{ "folio_wait_bit", &page_lock },
	{ "__folio_lock", &page_lock },
	{ "wait_on_page_bit", &page_lock },
	{ "__lock_page", &page_lock },
	{ "__fdget_pos", &position_lock },
	{ "fdget_pos", &position_lock },
	{ "pipe_read", &pipe_lock },
	{ "pipe_write", &pipe_lock },
	{ "anon_pipe_", &pipe_lock },
	{ "pipe_lock", &pipe_lock },
	{ "pipe_double_lock", &pipe_lock },
	{ "pipe_release", &pipe_lock },
	{ "__lock_sock", &socket_lock },
	{ "lock_sock_nested", &socket_lock },
	{ "unix_stream_", &socket_lock },
	{ "unix_dgram_", &socket_lock },
	{ "do_epoll_", &epoll_lock },
	{ "ep_", &epoll_lock },
	{ "n_tty_", &tty_lock },
	{ "file_tty_write", &tty_lock },
	{ "tty_", &tty_lock },
	{ "add_transaction_credits", &journal_lock },
	{ "start_this_handle", &journal_lock },
	{ "wait_transaction_", &journal_lock },
	{ "jbd2_", &journal_lock },
	{ "begin_new_exec", &exec_lock },
	{ "prepare_bprm_creds", &exec_lock },
	{ "mm_access", &exec_lock },
	{ "cgroup_kn_lock_live", &cgroup_lock },
	{ "cgroup_lock", &cgroup_lock },
	{ "cgroup_can_fork", &threadgroup_lock },
	{ "copy_process", &threadgroup_lock },
	{ "exit_signals", &threadgroup_lock },
	{ "rtnl_lock", &rtnl_lock },
	{ "rtnetlink_rcv_msg", &rtnl_lock },
	{ "rtnl_", &rtnl_lock },
	{ "namespace_lock", &mount_lock },
	{ "do_lock_mount", &mount_lock },
	{ "kernfs_", &kernfs_lock },
	{ "super_lock", &super_lock },
	{ "grab_super", &super_lock },
	{ "iterate_supers", &super_lock },
};

static bool begins_with(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

bool kernel_lock_is_inside(const char *function)
{
	static const char *const inside[] = {
		"schedule",	"__schedule",	"preempt_schedule",   "io_schedule",
		"mutex_",	"__mutex_",	"ww_mutex_",	      "__ww_mutex_",
		"rt_mutex_",	"__rt_mutex_",	"rwsem_",	      "down_",
		"__down",	"percpu_",	"__percpu_",	      "rwbase_",
		"rt_spin_",	"rtlock_",	"_raw_",	      "__switch_to",
		"bit_wait",	"__wait_on_bit", "out_of_line_wait",  "wait_for_common",
		"__wait_for_common",
	};

	for (size_t i = 0; i < ARRAY_COUNT(inside); i++)
		if (begins_with(function, inside[i]))
			return true;
	return false;
}

const struct kernel_lock *kernel_lock_find(const char *function)
{
	for (size_t i = 0; i < ARRAY_COUNT(functions); i++)
		if (begins_with(function, functions[i].prefix))
			return functions[i].lock;
	return NULL;
}
