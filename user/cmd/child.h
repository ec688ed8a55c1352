/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * child: the command that is recorded: started, held until the probes watch
 * it, let go, and its end made runwait's own.
 */
#ifndef RUNWAIT_CMD_CHILD_H
#define RUNWAIT_CMD_CHILD_H

#include "base/error.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

struct child {
	pid_t pid; /* 0: none */
	int pidfd; /* readable once it has ended */
	int go; /* pipe that it waits at; -1 once let go */
	int failure; /* pipe that tells the errno of a failed exec */
	bool ended;
	bool reaped;
	int status; /* wait status, once reaped */
};

/*
 * Forks a process that will run @argv with signal mask @mask, and holds it
 * before its exec. 0 or a negative errno with a line.
 */
int child_hold(struct child *c, char **argv, const sigset_t *mask, struct error *err);
/* Lets it go. Returns the errno of its exec, negative, or 0 when it runs. */
int child_release(struct child *c);
/*
 * Whether it has ended. It stays a zombie: taking its status undoes its entries in
 * /proc, and that spins for as long as a thread of it that does the same has no core.
 */
bool child_has_ended(struct child *c);
/* Takes its status; waits for its end when @block. True when that is done. */
bool child_reap(struct child *c, bool block);
/* Ends and reaps one that was never let go; closes the descriptors. */
void child_close(struct child *c);
/*
 * The exit status that passes on the child's; dies by the same signal when a
 * signal killed it.
 */
int child_exit_status(const struct child *c);

#endif
