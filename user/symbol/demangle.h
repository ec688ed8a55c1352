/* SPDX-License-Identifier: GPL-2.0-only */
/* demangle: C++ and Rust names as their authors wrote them. */
#ifndef RUNWAIT_SYMBOL_DEMANGLE_H
#define RUNWAIT_SYMBOL_DEMANGLE_H

#include "base/strbuf.h"

enum { DEMANGLE_MAX = 4096 };

/*
 * Appends the readable form of @name, without parameters and return types
 * ("std::vector<int>::push_back"), or @name itself when it is not mangled. At
 * most DEMANGLE_MAX bytes: longer ones end with "…".
 */
void demangle(const char *name, struct strbuf *out);

#endif
