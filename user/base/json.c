/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/json.h"

#include "base/utf8.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

void json_init(struct json *j, struct sink *sink)
{
	*j = (struct json){ .sink = sink };
}

static void json_newline(struct json *j)
{
	static const char tabs[] = "\n                                ";

	if (!j->compact)
		sink_add(j->sink, tabs, 1 + (size_t)(j->depth < JSON_DEPTH_MAX ? j->depth : 0));
}

static void json_escaped(struct json *j, const char *s, size_t len)
{
	size_t plain = 0; /* where what need not be escaped begins */

	sink_add(j->sink, "\"", 1);
	for (size_t i = 0, n; i < len; i += n) {
		size_t size = utf8_size(s + i, len - i);
		uint32_t code = size ? utf8_code(s + i, size) : 0;

		n = size ? size : 1;
		/* JSON allows U+007F to U+009F, but terminals obey them */
		if (size && code >= 0x20 && (code < 0x7f || code > 0x9f) && code != '"' &&
		    code != '\\')
			continue;
		sink_add(j->sink, s + plain, i - plain);
		plain = i + n;
		if (!size)
			sink_puts(j->sink, "\\ufffd");
		else if (code == '"' || code == '\\')
			sink_addf(j->sink, "\\%c", (int)code);
		else
			sink_addf(j->sink, "\\u%04x", code);
	}
	sink_add(j->sink, s + plain, len - plain);
	sink_add(j->sink, "\"", 1);
}

static void json_key(struct json *j, const char *key)
{
	if (j->depth) {
		if (j->any[j->depth - 1])
			sink_add(j->sink, ",", 1);
		j->any[j->depth - 1] = true;
		json_newline(j);
	}
	if (key) {
		json_escaped(j, key, strlen(key));
		sink_add(j->sink, ": ", 2);
	}
}

static void json_open(struct json *j, const char *key, char opener, char closer)
{
	json_key(j, key);
	sink_add(j->sink, &opener, 1);
	assert(j->depth < JSON_DEPTH_MAX);
	j->closer[j->depth] = closer;
	j->any[j->depth] = false;
	j->depth++;
}

void json_open_object(struct json *j, const char *key)
{
	json_open(j, key, '{', '}');
}

void json_open_array(struct json *j, const char *key)
{
	json_open(j, key, '[', ']');
}

void json_close(struct json *j)
{
	assert(j->depth > 0);
	j->depth--;
	if (j->any[j->depth])
		json_newline(j);
	sink_add(j->sink, &j->closer[j->depth], 1);
	if (!j->depth)
		sink_add(j->sink, "\n", 1);
}

void json_text_n(struct json *j, const char *key, const char *value, size_t len)
{
	json_key(j, key);
	json_escaped(j, value, len);
}

void json_text(struct json *j, const char *key, const char *value)
{
	if (value)
		json_text_n(j, key, value, strlen(value));
	else
		json_null(j, key);
}

void json_int(struct json *j, const char *key, int64_t value)
{
	json_key(j, key);
	sink_addf(j->sink, "%" PRId64, value);
}

void json_uint(struct json *j, const char *key, uint64_t value)
{
	json_key(j, key);
	sink_addf(j->sink, "%" PRIu64, value);
}

void json_real(struct json *j, const char *key, double value)
{
	if (!isfinite(value)) {
		json_null(j, key);
		return;
	}
	json_key(j, key);
	sink_addf(j->sink, "%.6g", value);
}

void json_bool(struct json *j, const char *key, bool value)
{
	json_key(j, key);
	sink_puts(j->sink, value ? "true" : "false");
}

void json_null(struct json *j, const char *key)
{
	json_key(j, key);
	sink_puts(j->sink, "null");
}

void json_address(struct json *j, const char *key, uint64_t value)
{
	json_key(j, key);
	sink_addf(j->sink, "\"0x%" PRIx64 "\"", value);
}
