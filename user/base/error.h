/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * error: one complete, printable line about what went wrong.
 *
 * Libraries return 0 or a negative errno and, where the caller can say
 * something useful to a person, fill a struct error. They never print and
 * never exit; user/cmd prints the line, once.
 */
#ifndef RUNWAIT_BASE_ERROR_H
#define RUNWAIT_BASE_ERROR_H

struct error {
	char msg[512]; /* empty: nothing to add to the errno */
};

#define ERROR_INIT { { 0 } }

/*
 * Formats the line into @err (which may be NULL) and returns @code, a
 * negative errno. A message that is already there is replaced.
 */
int error_set(struct error *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts "@fmt: " in front of the line that is already there. Returns @code. */
int error_prefix(struct error *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The line, or strerror(-@code) where no one wrote one. Never NULL. */
const char *error_text(const struct error *err, int code);

#endif
