/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * json: a streaming JSON writer over a sink. It keeps commas, nesting and
 * indentation; the caller keeps the order. Text that is not UTF-8 is written
 * with U+FFFD in place of the bad bytes, control characters (C1 too) as \u00XX.
 *
 * USAGE
 *	json_open_object(&j, NULL);
 *	json_int(&j, "wait_ns", 12);
 *	json_open_array(&j, "threads"); json_close(&j);
 *	json_close(&j);
 *
 * @key is NULL inside arrays and for the outermost value.
 */
#ifndef RUNWAIT_BASE_JSON_H
#define RUNWAIT_BASE_JSON_H

#include "base/sink.h"

#include <stdbool.h>
#include <stdint.h>

enum { JSON_DEPTH_MAX = 32 };

struct json {
	struct sink *sink; /* not owned */
	int depth;
	char closer[JSON_DEPTH_MAX]; /* '}' or ']' by depth */
	bool any[JSON_DEPTH_MAX]; /* a value was written at this depth */
	bool compact; /* no newlines: one value a line, as ndjson wants it */
};

void json_init(struct json *j, struct sink *sink);
void json_open_object(struct json *j, const char *key);
void json_open_array(struct json *j, const char *key);
void json_close(struct json *j);

void json_text(struct json *j, const char *key, const char *value); /* NULL: null */
void json_text_n(struct json *j, const char *key, const char *value, size_t len);
void json_int(struct json *j, const char *key, int64_t value);
void json_uint(struct json *j, const char *key, uint64_t value);
/* Six significant digits; a value that is not finite is null. */
void json_real(struct json *j, const char *key, double value);
void json_bool(struct json *j, const char *key, bool value);
void json_null(struct json *j, const char *key);
/* "0x…" */
void json_address(struct json *j, const char *key, uint64_t value);

#endif
