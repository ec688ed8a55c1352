/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * log: what runwait says on stderr besides data. Only user/cmd and
 * user/main.c call it; libraries return errors instead.
 */
#ifndef RUNWAIT_BASE_LOG_H
#define RUNWAIT_BASE_LOG_H

enum log_level { LOG_QUIET, LOG_NORMAL, LOG_VERBOSE };

void log_set_level(enum log_level level);
enum log_level log_level(void);

/* "runwait: line" whatever the level. */
void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* "runwait: warning: line" unless quiet. */
void log_warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* "runwait: line" unless quiet. */
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* only with -v */
void log_verbose(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
