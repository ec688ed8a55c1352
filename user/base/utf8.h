/* SPDX-License-Identifier: GPL-2.0-only */
/* utf8: which bytes are UTF-8. Names and paths of a target are any bytes. */
#ifndef RUNWAIT_BASE_UTF8_H
#define RUNWAIT_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/*
 * Length of the UTF-8 sequence at the beginning of @text (RFC 3629: no overlong
 * forms, no surrogates, at most U+10FFFF); 0 when it is none or is cut off.
 */
size_t utf8_size(const char *text, size_t len);

/* The code point of a sequence that utf8_size() found to be of @size bytes. */
uint32_t utf8_code(const char *text, size_t size);

#endif
