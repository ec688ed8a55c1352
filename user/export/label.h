/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * label: a function's name as far as it fits on a box. Heads of C++ and Rust
 * names say little ("std::vector<std::pair<…"): what tells is their end.
 *
 * svg.js does the same when boxes change their widths; tests/cli/picture holds
 * the two against each other.
 */
#ifndef RUNWAIT_EXPORT_LABEL_H
#define RUNWAIT_EXPORT_LABEL_H

#include "base/strbuf.h"

/*
 * Appends at most @columns (1 at least) code points of @name: all of it; or
 * without template arguments and parameters; or "…::" and as many of its last
 * components as fit; or the last one's beginning and "…". Java methods and threads: see label.c.
 */
void label_fit(const char *name, size_t len, size_t columns, struct strbuf *out);

#endif
