/* SPDX-License-Identifier: GPL-2.0-only */
/* elf_code: the executable segments and the .eh_frame section of an ELF file. */
#ifndef RUNWAIT_UNWIND_ELF_CODE_H
#define RUNWAIT_UNWIND_ELF_CODE_H

#include "unwind/table.h"

/* Where bytes come from: a descriptor, or memory when it is -1. */
struct elf_source {
	int fd;
	const uint8_t *memory;
	uint64_t size;
};

struct elf_code {
	size_t segment_count;
	struct unwind_segment segments[UNWIND_SEGMENTS_MAX]; /* executable */
	uint8_t *eh_frame; /* a copy */
	size_t eh_frame_size;
	uint64_t eh_frame_address;
	uint64_t entry; /* where the program, or the dynamic linker, begins; 0: nowhere */
};

/* 0; -ENOEXEC for what is no 64-bit x86 file, -ENODATA without the section, -EFBIG, -ENOMEM
 * or read's error. */
int elf_code_read(struct elf_code *e, const struct elf_source *from);
void elf_code_release(struct elf_code *e);

#endif
