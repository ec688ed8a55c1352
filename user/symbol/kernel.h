/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kernel: names of kernel code from /proc/kallsyms, and what a kernel stack
 * tells about why its thread waited. The file is read once (0.1 s), when first
 * needed.
 *
 * Kernel stacks are leaf first. Their frames are return addresses, but for
 * the leaf of a sample, which is looked up the same way.
 */
#ifndef RUNWAIT_SYMBOL_KERNEL_H
#define RUNWAIT_SYMBOL_KERNEL_H

#include "core/event.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kernel;

/* @path: "/proc/kallsyms". NULL when out of memory. */
struct kernel *kernel_new(const char *path);
void kernel_free(struct kernel *k);

struct kernel_symbol {
	const char *name;
	const char *module; /* "[kernel]", "[nf_conntrack]", "[bpf]" … */
};

/* 0, -ENOENT (also when the kernel does not tell its symbols), or -ENOMEM. */
int kernel_find(struct kernel *k, uint64_t address, struct kernel_symbol *ret);

/* Whether kallsyms has addresses: not without CAP_SYSLOG. Reads them. */
bool kernel_has_symbols(struct kernel *k);

/* What a stack is about, by the functions in it. */
enum kernel_place kernel_place(struct kernel *k, const uint64_t *frames, size_t count);

#endif
