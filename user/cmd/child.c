/* SPDX-License-Identifier: GPL-2.0-only */
#include "cmd/child.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the child: waits for the word, becomes the command. */
static void __attribute__((noreturn)) child_main(int go, int failure, char **argv,
						 const sigset_t *mask)
{
	char word;
	int code;

	/* end of file: runwait died or gave up before it let us go */
	if (read(go, &word, 1) != 1)
		_exit(1);
	sigprocmask(SIG_SETMASK, mask, NULL);
	signal(SIGPIPE, SIG_DFL);
	execvp(argv[0], argv);
	code = errno;
	if (write(failure, &code, sizeof(code)) != sizeof(code))
		_exit(1);
	_exit(127);
}

int child_hold(struct child *c, char **argv, const sigset_t *mask, struct error *err)
{
	int go[2], failure[2], code;

	*c = (struct child){ .pidfd = -1, .go = -1, .failure = -1 };
	if (pipe2(go, O_CLOEXEC))
		return error_set(err, -errno, "pipe: %s", strerror(errno));
	if (pipe2(failure, O_CLOEXEC)) {
		code = -errno;
		close(go[0]);
		close(go[1]);
		return error_set(err, code, "pipe: %s", strerror(-code));
	}
	c->pid = fork();
	if (c->pid == 0) {
		close(go[1]);
		close(failure[0]);
		child_main(go[0], failure[1], argv, mask);
	}
	code = errno;
	close(go[0]);
	close(failure[1]);
	c->go = go[1];
	c->failure = failure[0];
	if (c->pid < 0) {
		c->pid = 0;
		child_close(c);
		return error_set(err, -code, "cannot start a process: %s", strerror(code));
	}
	c->pidfd = (int)syscall(SYS_pidfd_open, c->pid, 0);
	if (c->pidfd < 0) {
		code = errno;
		child_close(c);
		return error_set(err, -code, "pidfd_open: %s", strerror(code));
	}
	return 0;
}

int child_release(struct child *c)
{
	int code = 0;
	ssize_t n;

	if (write(c->go, "g", 1) != 1)
		code = errno;
	close(c->go);
	c->go = -1;
	if (code)
		return -code;
	/* the pipe closes by itself when the exec succeeds */
	do {
		n = read(c->failure, &code, sizeof(code));
	} while (n < 0 && errno == EINTR);
	return n == sizeof(code) ? -code : 0;
}

bool child_has_ended(struct child *c)
{
	siginfo_t info = { 0 };

	if (!c->ended && c->pid)
		c->ended = waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOHANG | WNOWAIT) ?
				   errno == ECHILD :
				   info.si_pid == c->pid;
	return c->ended || !c->pid;
}

bool child_reap(struct child *c, bool block)
{
	pid_t pid;

	if (c->reaped || !c->pid)
		return true;
	do {
		pid = waitpid(c->pid, &c->status, block ? 0 : WNOHANG);
	} while (pid < 0 && errno == EINTR);
	c->reaped = pid == c->pid || pid < 0;
	c->ended |= c->reaped;
	return c->reaped;
}

void child_close(struct child *c)
{
	bool held = c->go >= 0;

	/* closing the pipe ends one that still waits at it */
	if (c->go >= 0)
		close(c->go);
	if (c->failure >= 0)
		close(c->failure);
	if (c->pid && held)
		child_reap(c, true);
	if (c->pidfd >= 0)
		close(c->pidfd);
	c->go = c->failure = c->pidfd = -1;
}

int child_exit_status(const struct child *c)
{
	sigset_t all;
	int sig;

	if (!WIFSIGNALED(c->status))
		return WEXITSTATUS(c->status);
	sig = WTERMSIG(c->status);
	/* its core dump is enough */
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
	signal(sig, SIG_DFL);
	sigemptyset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	raise(sig);
	return 128 + sig;
}
