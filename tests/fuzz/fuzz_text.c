/* SPDX-License-Identifier: GPL-2.0-only */
/* Any bytes as the name of a thread: what is printed of them obeys nobody and fits. */
#include "base/fmt.h"
#include "base/json.h"
#include "base/utf8.h"
#include "fuzz.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static void check_printable(const struct strbuf *sb)
{
	for (size_t i = 0, size; i < sb->len; i += size) {
		uint32_t code;

		size = utf8_size(sb->buf + i, sb->len - i);
		assert(size);
		code = utf8_code(sb->buf + i, size);
		assert(code >= 0x20 && (code < 0x7f || code > 0x9f));
	}
}

static void check_json(const char *text, size_t len)
{
	struct strbuf sb = STRBUF_INIT;
	struct sink sink;
	struct json j;

	sink_open_memory(&sink, &sb);
	json_init(&j, &sink);
	json_text_n(&j, NULL, text, len);
	assert(!sink_close(&sink));
	check_printable(&sb);
	/* quotes stand in pairs of which only the outer ones are bare */
	for (size_t i = 1; i + 1 < sb.len; i++) {
		assert(sb.buf[i] != '"');
		i += sb.buf[i] == '\\';
	}
	strbuf_release(&sb);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct strbuf sb = STRBUF_INIT;
	size_t width = size ? data[0] % 64 : 0;
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	check_json(text, size);
	fmt_text(&sb, text, width);
	check_printable(&sb);
	assert(!width || fmt_columns(sb.buf) <= width);
	strbuf_release(&sb);
	free(text);
	return 0;
}
