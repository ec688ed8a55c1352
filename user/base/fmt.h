/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fmt: numbers and foreign text the way people read them. Each function
 * appends to a strbuf.
 */
#ifndef RUNWAIT_BASE_FMT_H
#define RUNWAIT_BASE_FMT_H

#include "base/strbuf.h"

#include <stdint.h>

/*
 * Three significant digits with a unit: "0 ns", "812 ns", "3.41 us", "12.0 ms",
 * "1.25 s"; from a minute on two units: "2m 05s", "3h 12m".
 */
void fmt_ns(struct strbuf *sb, uint64_t ns);
/* "842", "12.3k", "4.56M" */
void fmt_count(struct strbuf *sb, uint64_t n);
/* "512 B", "1.5 KiB", "64 MiB" */
void fmt_size(struct strbuf *sb, uint64_t bytes);
/*
 * "37 %", "4.2 %", "0.05 %"; "-" when @whole is 0. Only all is "100 %" and only
 * nothing "0 %": what is close to them is "99.9 %" and "<0.01 %".
 */
void fmt_share(struct strbuf *sb, double part, double whole);
/*
 * Text from a target (names, paths): control bytes, escapes and bytes that are
 * not printable come out as "\xNN", so that no terminal obeys them; invisible
 * and direction-turning code points too. Other UTF-8 is left alone. At most
 * @width columns (0: no limit), cut with "…" in the middle (paths keep their
 * end) when longer.
 */
void fmt_text(struct strbuf *sb, const char *text, size_t width);
/* How many columns valid UTF-8 text takes, one a code point. */
size_t fmt_columns(const char *text);

#endif
