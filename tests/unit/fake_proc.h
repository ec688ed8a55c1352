/* SPDX-License-Identifier: GPL-2.0-only */
/* fake_proc: a folder that stands for /proc, with processes that a test makes. */
#ifndef RUNWAIT_TESTS_FAKE_PROC_H
#define RUNWAIT_TESTS_FAKE_PROC_H

#include <stdint.h>

struct fake_proc {
	char folder[64]; /* anything may be put here */
	char proc[80], debug[80]; /* folder/proc; folder/debug, empty */
	char last[256]; /* what fake_copy() returns */
};

/* For cmocka: *state becomes a struct fake_proc *; the folder goes again at the end. */
int fake_proc_setup(void **state);
int fake_proc_teardown(void **state);

/* Writes the file /proc/PID/@name (anew), making folders as needed. */
void fake_file(struct fake_proc *p, uint32_t pid, const char *name, const char *text);
/* Makes /proc/PID/@name a link to @target. */
void fake_link(struct fake_proc *p, uint32_t pid, const char *name, const char *target);
/* Copies a file into the folder; its path there, valid until the next call. */
const char *fake_copy(struct fake_proc *p, const char *from, const char *name);

#endif
