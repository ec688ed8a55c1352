/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/fmt.h"

#include "base/alloc.h"
#include "base/utf8.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

struct fmt_unit {
	uint64_t size;
	const char *name;
};

/*
 * Appends @v in the smallest of @units in which three digits say it: the first
 * unit in which it rounds to less than @limit. The last unit takes what is left.
 */
static void fmt_scaled(struct strbuf *sb, uint64_t v, const struct fmt_unit *units, size_t count,
		       unsigned int limit, bool trim)
{
	for (size_t i = 0; i < count; i++) {
		for (unsigned int scale = 100; scale; scale /= 10) {
			unsigned __int128 wide = (unsigned __int128)v * scale + units[i].size / 2;
			uint64_t q = (uint64_t)(wide / units[i].size);
			unsigned int part = (unsigned int)(q % scale);

			if (q >= (scale == 1 ? limit : 1000) && (scale > 1 || i + 1 < count))
				continue;
			strbuf_addf(sb, "%" PRIu64, q / scale);
			if (scale == 100 && (!trim || part % 10))
				strbuf_addf(sb, ".%02u", part);
			else if (scale > 1 && (!trim || part))
				strbuf_addf(sb, ".%u", scale == 100 ? part / 10 : part);
			strbuf_puts(sb, units[i].name);
			return;
		}
	}
}

void fmt_ns(struct strbuf *sb, uint64_t ns)
{
	static const struct fmt_unit units[] = {
		{ 1000, " us" },
		{ 1000000, " ms" },
		{ 1000000000, " s" },
	};
	const uint64_t second = 1000000000, minute = 60 * second;
	uint64_t seconds = ns / second + (ns % second >= second / 2);
	uint64_t minutes = ns / minute + (ns % minute >= minute / 2);

	if (ns < 1000)
		strbuf_addf(sb, "%" PRIu64 " ns", ns);
	else if (ns < minute - second / 20) /* what rounds to 60.0 s is a minute */
		fmt_scaled(sb, ns, units, ARRAY_COUNT(units), 1000, false);
	else if (seconds < 3600)
		strbuf_addf(sb, "%" PRIu64 "m %02" PRIu64 "s", seconds / 60, seconds % 60);
	else
		strbuf_addf(sb, "%" PRIu64 "h %02" PRIu64 "m", minutes / 60, minutes % 60);
}

void fmt_count(struct strbuf *sb, uint64_t n)
{
	static const struct fmt_unit units[] = {
		{ 1000, "k" },
		{ 1000000, "M" },
		{ 1000000000, "G" },
		{ 1000000000000, "T" },
		{ 1000000000000000, "P" },
		{ 1000000000000000000, "E" },
	};

	if (n < 1000)
		strbuf_addf(sb, "%" PRIu64, n);
	else
		fmt_scaled(sb, n, units, ARRAY_COUNT(units), 1000, false);
}

void fmt_size(struct strbuf *sb, uint64_t bytes)
{
	static const struct fmt_unit units[] = {
		{ 1ull << 10, " KiB" }, { 1ull << 20, " MiB" }, { 1ull << 30, " GiB" },
		{ 1ull << 40, " TiB" }, { 1ull << 50, " PiB" }, { 1ull << 60, " EiB" },
	};

	if (bytes < 1024)
		strbuf_addf(sb, "%" PRIu64 " B", bytes);
	else
		fmt_scaled(sb, bytes, units, ARRAY_COUNT(units), 1024, true);
}

/*
 * "100 %" and "0 %" are said only of all and of nothing: a reader takes them
 * for that.
 */
void fmt_share(struct strbuf *sb, double part, double whole)
{
	double percent = 100 * part / whole, size = fabs(percent);

	if (whole == 0 || !isfinite(percent)) {
		strbuf_putc(sb, '-');
		return;
	}
	if (percent < 0)
		strbuf_putc(sb, '-');
	if (size == 0)
		strbuf_puts(sb, "0 %");
	else if (size < 0.01)
		strbuf_puts(sb, "<0.01 %");
	else if (size < 0.995)
		strbuf_addf(sb, "%.2f %%", size);
	else if (size < 9.95)
		strbuf_addf(sb, "%.1f %%", size);
	else if (size > 99.5 && size < 100)
		strbuf_addf(sb, "%.1f %%", size < 99.9 ? size : 99.9);
	else
		strbuf_addf(sb, "%.0f %%", size);
}

/* A piece of foreign text that is printed whole or not at all. */
struct piece {
	size_t size; /* bytes of the text */
	size_t columns;
	bool plain; /* printed as it is */
};

/*
 * Code points that a terminal obeys or that make text look like other text:
 * controls (C1 too: U+009B begins an escape sequence as ESC [ does), invisible
 * ones and those that turn the direction of writing.
 */
static bool code_is_printable(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} hidden[] = {
		{ 0x00, 0x1f },     { 0x7f, 0x9f },	{ 0xad, 0xad },
		{ 0x61c, 0x61c },   { 0x200b, 0x200f }, { 0x2028, 0x202e },
		{ 0x2060, 0x206f }, { 0xfeff, 0xfeff }, { 0xfff9, 0xfffb },
		{ 0xe0000, 0xe007f },
	};

	for (size_t i = 0; i < ARRAY_COUNT(hidden); i++)
		if (c >= hidden[i].first && c <= hidden[i].last)
			return false;
	return true;
}

static struct piece piece_at(const char *text, size_t len)
{
	size_t size = utf8_size(text, len);

	if (!size)
		return (struct piece){ 1, 4, false };
	if (!code_is_printable(utf8_code(text, size)))
		return (struct piece){ size, 4 * size, false };
	return (struct piece){ size, 1, true };
}

static void piece_add(struct strbuf *sb, const char *text, struct piece piece)
{
	if (piece.plain)
		strbuf_add(sb, text, piece.size);
	else
		for (size_t i = 0; i < piece.size; i++)
			strbuf_addf(sb, "\\x%02x", (unsigned char)text[i]);
}

void fmt_text(struct strbuf *sb, const char *text, size_t width)
{
	size_t len = strlen(text), total = 0, head, tail, done = 0;
	bool cut = false;
	struct piece piece;

	for (size_t i = 0; i < len; i += piece.size) {
		piece = piece_at(text + i, len - i);
		total += piece.columns;
	}
	if (!width || total <= width) {
		head = total;
		tail = 0;
	} else {
		/* what tells paths apart is at their end */
		head = (width - 1) / (strchr(text, '/') ? 4 : 2);
		tail = width - 1 - head;
	}
	for (size_t i = 0; i < len; i += piece.size) {
		piece = piece_at(text + i, len - i);
		if (!cut && done + piece.columns > head) {
			strbuf_puts(sb, "…");
			cut = true;
		}
		if (!cut || total - done <= tail)
			piece_add(sb, text + i, piece);
		done += piece.columns;
	}
}

size_t fmt_columns(const char *text)
{
	size_t columns = 0;

	/* continuation bytes take no column of their own */
	for (; *text; text++)
		columns += ((unsigned char)*text & 0xc0) != 0x80;
	return columns;
}
