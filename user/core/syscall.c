/* SPDX-License-Identifier: GPL-2.0-only */
#include "core/syscall.h"

#include "base/alloc.h"

#include <stdint.h>
#include <string.h>

/* By number; holes are SYSCALL_NONE. */
#define BOTH(id, name, x86, arm) [x86] = SYSCALL_##id,
#define X86(id, name, x86) [x86] = SYSCALL_##id,
static const uint16_t x86_64_ids[] = {
#include "core/syscall_table.h"
};
#undef BOTH
#undef X86

#define BOTH(id, name, x86, arm) [arm] = SYSCALL_##id,
#define X86(id, name, x86)
static const uint16_t arm64_ids[] = {
#include "core/syscall_table.h"
};
#undef BOTH
#undef X86

#define BOTH(id, name, x86, arm) [SYSCALL_##id] = #name,
#define X86(id, name, x86) [SYSCALL_##id] = #name,
static const char *const names[SYSCALL_COUNT] = {
#include "core/syscall_table.h"
};
#undef BOTH
#undef X86

enum machine machine_find(const char *name)
{
	if (!strcmp(name, "x86_64"))
		return MACHINE_X86_64;
	if (!strcmp(name, "aarch64"))
		return MACHINE_ARM64;
	return MACHINE_UNKNOWN;
}

enum syscall_id syscall_identify(enum machine machine, int nr)
{
	if (nr < 0)
		return SYSCALL_NONE;
	if (machine == MACHINE_X86_64 && (size_t)nr < ARRAY_COUNT(x86_64_ids))
		return x86_64_ids[nr];
	if (machine == MACHINE_ARM64 && (size_t)nr < ARRAY_COUNT(arm64_ids))
		return arm64_ids[nr];
	return SYSCALL_NONE;
}

const char *syscall_name(enum machine machine, int nr)
{
	return names[syscall_identify(machine, nr)];
}
