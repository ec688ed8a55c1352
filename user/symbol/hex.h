/* SPDX-License-Identifier: GPL-2.0-only */
/* hex: digits of the kernel's and the runtimes' symbol lists. */
#ifndef RUNWAIT_SYMBOL_HEX_H
#define RUNWAIT_SYMBOL_HEX_H

/* -1 for what is none. */
static inline int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

#endif
