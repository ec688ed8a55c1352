/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * elf: an ELF file's segments, sections and identity, read with every offset
 * and size checked. Files are other people's and may change while they are
 * read: nothing is mapped, what is needed is copied.
 *
 * 64- and 32-bit files of this machine's byte order. Symbols: elf_symbols.h.
 */
#ifndef RUNWAIT_SYMBOL_ELF_H
#define RUNWAIT_SYMBOL_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ELF_BUILD_ID_MAX = 32 };

/* A part of the file that is loaded (PT_LOAD). */
struct elf_segment {
	uint64_t offset, file_size;
	uint64_t address, memory_size;
	bool execute;
};

struct elf_section {
	uint64_t address, offset, size, entry_size, flags;
	uint32_t name; /* in section_names */
	uint32_t type, link, info;
};

struct elf {
	int fd; /* not owned; -1: the bytes are in memory */
	const uint8_t *memory; /* not owned */
	uint64_t size;
	bool wide; /* 64-bit */
	uint16_t machine;
	size_t segment_count, section_count;
	struct elf_segment *segments;
	struct elf_section *sections;
	char *section_names; /* ends with a NUL */
	size_t section_names_size;
	uint64_t eh_frame_header; /* address of .eh_frame_hdr (PT_GNU_EH_FRAME), */
	uint64_t eh_frame_header_size; /* 0: none */
	uint8_t build_id[ELF_BUILD_ID_MAX];
	size_t build_id_size; /* 0: none */
};

/*
 * Reads headers and build-id. @fd or @memory must live as long as @e. 0, or
 * -ENOEXEC for what is no usable ELF file, -ENOMEM, or read's error; @e needs
 * no release then. Damaged parts (no section table, bad notes) count as absent.
 */
int elf_open_fd(struct elf *e, int fd);
int elf_open_memory(struct elf *e, const void *memory, size_t size);
void elf_release(struct elf *e);

/* Copies [@offset, @offset + @size) of the file. 0, -ERANGE beyond its end, or read's error. */
int elf_read(const struct elf *e, uint64_t offset, void *into, size_t size);
/* The same by address, within what a segment has in the file. */
int elf_read_address(const struct elf *e, uint64_t address, void *into, size_t size);

/* The section of that name, or NULL. */
const struct elf_section *elf_section(const struct elf *e, const char *name);
/* A section's bytes, to be freed by the caller, followed by a NUL. -ENODATA
 * when it has none in the file, -EFBIG for what no real file has. */
int elf_read_section(const struct elf *e, const struct elf_section *s, void **ret);

/* Where the byte at a file offset is in memory, before relocation, and back.
 * Of a byte that two segments load (linkers overlap pages) code wins. */
bool elf_offset_to_address(const struct elf *e, uint64_t offset, uint64_t *ret_address);
bool elf_address_to_offset(const struct elf *e, uint64_t address, uint64_t *ret_offset);

/* .gnu_debuglink: the debug file's name (NUL-terminated, to be freed) and its CRC-32. */
int elf_debug_link(const struct elf *e, char **ret_name, uint32_t *ret_crc);

#endif
