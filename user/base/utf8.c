/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/utf8.h"

#include "base/alloc.h"

size_t utf8_size(const char *text, size_t len)
{
	/* RFC 3629 section 4, by first byte; only the second has other bounds than 80..bf */
	static const struct {
		unsigned char lo, hi, second_lo, second_hi, size;
	} forms[] = {
		{ 0x00, 0x7f, 0, 0, 1 },       { 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};
	const unsigned char *p = (const unsigned char *)text;

	if (!len)
		return 0;
	for (size_t i = 0; i < ARRAY_COUNT(forms); i++) {
		if (p[0] < forms[i].lo || p[0] > forms[i].hi)
			continue;
		if (len < forms[i].size)
			return 0;
		if (forms[i].size > 1 && (p[1] < forms[i].second_lo || p[1] > forms[i].second_hi))
			return 0;
		for (size_t k = 2; k < forms[i].size; k++)
			if (p[k] < 0x80 || p[k] > 0xbf)
				return 0;
		return forms[i].size;
	}
	return 0;
}

uint32_t utf8_code(const char *text, size_t size)
{
	const unsigned char *p = (const unsigned char *)text;
	uint32_t code = size == 1 ? p[0] : p[0] & (0x7fu >> size);

	for (size_t k = 1; k < size; k++)
		code = code << 6 | (p[k] & 0x3f);
	return code;
}
