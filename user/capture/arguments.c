/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One line a system call that can block on something its arguments name. The
 * numbers are the build architecture's: probes and runwait run on the same.
 */
#include "capture/arguments.h"

#include "config.h"

#include <sys/syscall.h>

static const struct {
	int nr;
	uint8_t kind;
} arguments[] = {
	{ SYS_futex, CONFIG_ARG_FUTEX },
#ifdef SYS_futex_wait
	{ SYS_futex_wait, CONFIG_ARG_FUTEX },
#endif
	{ SYS_ppoll, CONFIG_ARG_POLL },
	{ SYS_pselect6, CONFIG_ARG_SELECT },
	{ SYS_clone, CONFIG_ARG_VFORK },
	{ SYS_clone3, CONFIG_ARG_VFORK },
	{ SYS_read, CONFIG_ARG_FD },
	{ SYS_write, CONFIG_ARG_FD },
	{ SYS_readv, CONFIG_ARG_FD },
	{ SYS_writev, CONFIG_ARG_FD },
	{ SYS_pread64, CONFIG_ARG_FD },
	{ SYS_pwrite64, CONFIG_ARG_FD },
	{ SYS_preadv, CONFIG_ARG_FD },
	{ SYS_pwritev, CONFIG_ARG_FD },
	{ SYS_preadv2, CONFIG_ARG_FD },
	{ SYS_pwritev2, CONFIG_ARG_FD },
	{ SYS_fsync, CONFIG_ARG_FD },
	{ SYS_fdatasync, CONFIG_ARG_FD },
	{ SYS_sync_file_range, CONFIG_ARG_FD },
	{ SYS_syncfs, CONFIG_ARG_FD },
	{ SYS_ftruncate, CONFIG_ARG_FD },
	{ SYS_fallocate, CONFIG_ARG_FD },
	{ SYS_flock, CONFIG_ARG_FLOCK },
	{ SYS_fcntl, CONFIG_ARG_FCNTL },
	{ SYS_semop, CONFIG_ARG_SEMOP },
	{ SYS_semtimedop, CONFIG_ARG_SEMOP },
	{ SYS_ioctl, CONFIG_ARG_FD },
	{ SYS_lseek, CONFIG_ARG_FD },
	{ SYS_fstat, CONFIG_ARG_FD },
	{ SYS_getdents64, CONFIG_ARG_FD },
	{ SYS_readahead, CONFIG_ARG_FD },
	{ SYS_fadvise64, CONFIG_ARG_FD },
	{ SYS_close, CONFIG_ARG_FD },
	{ SYS_connect, CONFIG_ARG_FD },
	{ SYS_accept, CONFIG_ARG_FD },
	{ SYS_accept4, CONFIG_ARG_FD },
	{ SYS_sendto, CONFIG_ARG_FD },
	{ SYS_sendmsg, CONFIG_ARG_FD },
	{ SYS_sendmmsg, CONFIG_ARG_FD },
	{ SYS_recvfrom, CONFIG_ARG_FD },
	{ SYS_recvmsg, CONFIG_ARG_FD },
	{ SYS_recvmmsg, CONFIG_ARG_FD },
	{ SYS_shutdown, CONFIG_ARG_FD },
	{ SYS_sendfile, CONFIG_ARG_SENDFILE },
	{ SYS_splice, CONFIG_ARG_FD },
	{ SYS_tee, CONFIG_ARG_FD },
	{ SYS_vmsplice, CONFIG_ARG_FD },
	{ SYS_copy_file_range, CONFIG_ARG_FD },
	{ SYS_mq_timedsend, CONFIG_ARG_FD },
	{ SYS_mq_timedreceive, CONFIG_ARG_FD },
	{ SYS_epoll_pwait, CONFIG_ARG_FD },
	{ SYS_io_uring_enter, CONFIG_ARG_FD },
#ifdef SYS_epoll_pwait2
	{ SYS_epoll_pwait2, CONFIG_ARG_FD },
#endif
#ifdef __x86_64__
	{ SYS_epoll_wait, CONFIG_ARG_FD },
	{ SYS_poll, CONFIG_ARG_POLL },
	{ SYS_select, CONFIG_ARG_SELECT },
	{ SYS_vfork, CONFIG_ARG_VFORK },
	{ SYS_getdents, CONFIG_ARG_FD },
#endif
};

static const struct {
	int nr;
	uint8_t kind;
} loops[] = {
	{ SYS_epoll_pwait, WIRE_POLL_EPOLL },
#ifdef SYS_epoll_pwait2
	{ SYS_epoll_pwait2, WIRE_POLL_EPOLL },
#endif
	{ SYS_ppoll, WIRE_POLL_POLL },
	{ SYS_pselect6, WIRE_POLL_SELECT },
	{ SYS_io_uring_enter, WIRE_POLL_IO_URING },
	{ SYS_accept, CONFIG_LOOP_ACCEPT },
	{ SYS_accept4, CONFIG_LOOP_ACCEPT },
	{ SYS_restart_syscall, CONFIG_LOOP_RESTART },
#ifdef __x86_64__
	{ SYS_epoll_wait, WIRE_POLL_EPOLL },
	{ SYS_poll, WIRE_POLL_POLL },
	{ SYS_select, WIRE_POLL_SELECT },
#endif
};

void arguments_fill(uint8_t *table, size_t count)
{
	for (size_t i = 0; i < sizeof(arguments) / sizeof(arguments[0]); i++)
		if (arguments[i].nr >= 0 && (size_t)arguments[i].nr < count)
			table[arguments[i].nr] = arguments[i].kind;
}

void arguments_fill_loops(uint8_t *table, size_t count)
{
	for (size_t i = 0; i < sizeof(loops) / sizeof(loops[0]); i++)
		if (loops[i].nr >= 0 && (size_t)loops[i].nr < count)
			table[loops[i].nr] = loops[i].kind;
}
