/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Headers are read into structs of our own, so that nothing after this file
 * knows 32-bit files. Every table is read whole, after its place and size
 * were held against the size of the file.
 */
#include "symbol/elf.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	/* far above any real file (chromium: 34 sections, 0.5 GiB of strings) */
	TABLE_MAX = 16 << 20,
	NOTES_MAX = 1 << 20,
	SECTION_MAX = 1 << 30,
};

int elf_read(const struct elf *e, uint64_t offset, void *into, size_t size)
{
	char *p = into;

	if (offset > e->size || size > e->size - offset)
		return -ERANGE;
	if (e->fd < 0) {
		if (size)
			memcpy(into, e->memory + offset, size);
		return 0;
	}
	while (size) {
		ssize_t n = pread(e->fd, p, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -ERANGE;
		p += n;
		offset += (uint64_t)n;
		size -= (size_t)n;
	}
	return 0;
}

/* Reads a table of @count entries; *ret is to be freed and has a NUL behind it. */
static int elf_read_table(const struct elf *e, uint64_t offset, uint64_t count, size_t entry_size,
			  size_t limit, void **ret)
{
	uint64_t size;
	char *p;
	int error;

	if (__builtin_mul_overflow(count, entry_size, &size) || size > limit)
		return -EFBIG;
	/* before the allocation, so that a small file cannot ask for much */
	if (offset > e->size || size > e->size - offset)
		return -ERANGE;
	p = malloc(size + 1);
	if (!p)
		return -ENOMEM;
	p[size] = '\0';
	error = elf_read(e, offset, p, size);
	if (error) {
		free(p);
		return error;
	}
	*ret = p;
	return 0;
}

/* What the file header says about the tables. */
struct elf_header {
	uint64_t segments_at, sections_at;
	uint32_t segment_count, section_count, names_index;
	uint16_t segment_size, section_size;
};

#define HEADER_FROM(h)                                                         \
	((struct elf_header){                                                  \
		.segments_at = (h).e_phoff,                                    \
		.sections_at = (h).e_shoff,                                    \
		.segment_count = (h).e_phnum,                                  \
		.section_count = (h).e_shnum,                                  \
		.names_index = (h).e_shstrndx,                                 \
		.segment_size = (h).e_phentsize,                               \
		.section_size = (h).e_shentsize,                               \
	})

static int elf_read_header(struct elf *e, struct elf_header *ret)
{
	unsigned char ident[EI_NIDENT];
	Elf64_Ehdr h64;
	Elf32_Ehdr h32;
	int error = elf_read(e, 0, ident, sizeof(ident));
	unsigned char order = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB;

	if (error == -ERANGE)
		return -ENOEXEC;
	if (error)
		return error;
	if (memcmp(ident, ELFMAG, SELFMAG) != 0 || ident[EI_DATA] != order)
		return -ENOEXEC;
	e->wide = ident[EI_CLASS] == ELFCLASS64;
	if (!e->wide && ident[EI_CLASS] != ELFCLASS32)
		return -ENOEXEC;
	error = e->wide ? elf_read(e, 0, &h64, sizeof(h64)) : elf_read(e, 0, &h32, sizeof(h32));
	if (error)
		return error == -ERANGE ? -ENOEXEC : error;
	e->machine = e->wide ? h64.e_machine : h32.e_machine;
	*ret = e->wide ? HEADER_FROM(h64) : HEADER_FROM(h32);
	return 0;
}

#define SECTION_FROM(s)                                                        \
	((struct elf_section){                                                 \
		.address = (s).sh_addr,                                        \
		.offset = (s).sh_offset,                                       \
		.size = (s).sh_size,                                           \
		.entry_size = (s).sh_entsize,                                  \
		.flags = (s).sh_flags,                                         \
		.name = (s).sh_name,                                           \
		.type = (s).sh_type,                                           \
		.link = (s).sh_link,                                           \
		.info = (s).sh_info,                                           \
	})

/* The numbers that do not fit the file header stand in section 0 (gABI, "ELF Header"). */
static int elf_read_long_counts(const struct elf *e, struct elf_header *h)
{
	struct elf_section first;
	Elf64_Shdr s64;
	Elf32_Shdr s32;
	int error;

	if (!h->sections_at || (h->section_count && h->names_index != SHN_XINDEX &&
				h->segment_count != PN_XNUM))
		return 0;
	error = e->wide ? elf_read(e, h->sections_at, &s64, sizeof(s64)) :
			  elf_read(e, h->sections_at, &s32, sizeof(s32));
	if (error)
		return error;
	first = e->wide ? SECTION_FROM(s64) : SECTION_FROM(s32);
	if (!h->section_count)
		h->section_count = first.size > UINT32_MAX ? UINT32_MAX : (uint32_t)first.size;
	if (h->names_index == SHN_XINDEX)
		h->names_index = first.link;
	if (h->segment_count == PN_XNUM)
		h->segment_count = first.info;
	return 0;
}

static int elf_read_sections(struct elf *e, const struct elf_header *h)
{
	size_t entry = e->wide ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
	void *raw = NULL, *names = NULL;
	const struct elf_section *strings;
	int error;

	if (!h->sections_at || !h->section_count)
		return 0;
	if (h->section_size != entry)
		return -ENOEXEC;
	error = elf_read_table(e, h->sections_at, h->section_count, entry, TABLE_MAX, &raw);
	if (error)
		return error;
	e->sections = calloc(h->section_count, sizeof(*e->sections));
	if (!e->sections) {
		free(raw);
		return -ENOMEM;
	}
	e->section_count = h->section_count;
	for (size_t i = 0; i < e->section_count; i++)
		e->sections[i] = e->wide ? SECTION_FROM(((const Elf64_Shdr *)raw)[i]) :
					   SECTION_FROM(((const Elf32_Shdr *)raw)[i]);
	free(raw);
	if (h->names_index >= e->section_count)
		return 0;
	strings = &e->sections[h->names_index];
	if (strings->type != SHT_STRTAB)
		return 0;
	error = elf_read_table(e, strings->offset, strings->size, 1, TABLE_MAX, &names);
	if (!error) {
		e->section_names = names;
		e->section_names_size = strings->size;
	}
	return error;
}

/* Takes the build-id out of a block of notes (gABI, "Note Section"). */
static void elf_find_build_id(struct elf *e, uint64_t offset, uint64_t size)
{
	void *raw;
	const char *notes;
	uint64_t at = 0;

	if (e->build_id_size || elf_read_table(e, offset, size, 1, NOTES_MAX, &raw))
		return;
	notes = raw;
	while (size - at >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr n; /* the same in 32-bit files */
		uint64_t name_at = at + sizeof(n), data_at;

		memcpy(&n, notes + at, sizeof(n));
		data_at = name_at + (((uint64_t)n.n_namesz + 3) & ~3ull);
		at = data_at + (((uint64_t)n.n_descsz + 3) & ~3ull);
		if (data_at > size || n.n_descsz > size - data_at)
			break;
		if (n.n_type == NT_GNU_BUILD_ID && n.n_namesz == 4 &&
		    !memcmp(notes + name_at, "GNU", 4) && n.n_descsz &&
		    n.n_descsz <= ELF_BUILD_ID_MAX) {
			memcpy(e->build_id, notes + data_at, n.n_descsz);
			e->build_id_size = n.n_descsz;
			break;
		}
		if (at > size)
			break;
	}
	free(raw);
}

#define SEGMENT_FROM(p)                                                        \
	((struct elf_segment){                                                 \
		.offset = (p).p_offset,                                        \
		.file_size = (p).p_filesz,                                     \
		.address = (p).p_vaddr,                                        \
		.memory_size = (p).p_memsz,                                    \
		.execute = (p).p_flags & PF_X,                                 \
	})

static int elf_read_segments(struct elf *e, const struct elf_header *h)
{
	size_t entry = e->wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	void *raw = NULL;
	int error;

	if (!h->segments_at || !h->segment_count)
		return 0;
	if (h->segment_size != entry)
		return -ENOEXEC;
	error = elf_read_table(e, h->segments_at, h->segment_count, entry, TABLE_MAX, &raw);
	if (error)
		return error;
	e->segments = calloc(h->segment_count, sizeof(*e->segments));
	if (!e->segments) {
		free(raw);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < h->segment_count; i++) {
		const Elf64_Phdr *p64 = (const Elf64_Phdr *)raw + i;
		const Elf32_Phdr *p32 = (const Elf32_Phdr *)raw + i;
		struct elf_segment s = e->wide ? SEGMENT_FROM(*p64) : SEGMENT_FROM(*p32);
		uint32_t type = e->wide ? p64->p_type : p32->p_type;

		if (type == PT_LOAD) {
			e->segments[e->segment_count++] = s;
		} else if (type == PT_NOTE) {
			elf_find_build_id(e, s.offset, s.file_size);
		} else if (type == PT_GNU_EH_FRAME) {
			e->eh_frame_header = s.address;
			e->eh_frame_header_size = s.file_size;
		}
	}
	free(raw);
	return 0;
}

static int elf_open(struct elf *e)
{
	struct elf_header h;
	int error = elf_read_header(e, &h);

	if (error)
		return error;
	/* a damaged table is as good as none: stop for lack of memory only */
	if (elf_read_long_counts(e, &h) || h.segment_count > TABLE_MAX)
		h.section_count = h.segment_count = 0;
	error = elf_read_segments(e, &h);
	if (error != -ENOMEM)
		error = elf_read_sections(e, &h);
	if (error == -ENOMEM) {
		elf_release(e);
		return error;
	}
	/* debug files keep the section but not always the bytes of the segment */
	for (size_t i = 0; i < e->section_count; i++)
		if (e->sections[i].type == SHT_NOTE)
			elf_find_build_id(e, e->sections[i].offset, e->sections[i].size);
	return 0;
}

int elf_open_fd(struct elf *e, int fd)
{
	struct stat st;

	memset(e, 0, sizeof(*e));
	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size < 0)
		return -ENOEXEC;
	e->fd = fd;
	e->size = (uint64_t)st.st_size;
	return elf_open(e);
}

int elf_open_memory(struct elf *e, const void *memory, size_t size)
{
	memset(e, 0, sizeof(*e));
	e->fd = -1;
	e->memory = memory;
	e->size = size;
	return elf_open(e);
}

void elf_release(struct elf *e)
{
	free(e->segments);
	free(e->sections);
	free(e->section_names);
	memset(e, 0, sizeof(*e));
	e->fd = -1;
}

const struct elf_section *elf_section(const struct elf *e, const char *name)
{
	for (size_t i = 0; i < e->section_count; i++)
		if (e->sections[i].name < e->section_names_size &&
		    !strcmp(e->section_names + e->sections[i].name, name))
			return &e->sections[i];
	return NULL;
}

int elf_read_section(const struct elf *e, const struct elf_section *s, void **ret)
{
	/* a compressed section would need its own reader; symbols never are */
	if (s->type == SHT_NOBITS || (s->flags & SHF_COMPRESSED))
		return -ENODATA;
	return elf_read_table(e, s->offset, s->size, 1, SECTION_MAX, ret);
}

bool elf_offset_to_address(const struct elf *e, uint64_t offset, uint64_t *ret_address)
{
	const struct elf_segment *best = NULL;

	for (size_t i = 0; i < e->segment_count; i++) {
		const struct elf_segment *s = &e->segments[i];

		if (offset >= s->offset && offset - s->offset < s->file_size &&
		    (!best || (s->execute && !best->execute)))
			best = s;
	}
	if (best)
		*ret_address = best->address + (offset - best->offset);
	return best;
}

bool elf_address_to_offset(const struct elf *e, uint64_t address, uint64_t *ret_offset)
{
	for (size_t i = 0; i < e->segment_count; i++) {
		const struct elf_segment *s = &e->segments[i];

		if (address >= s->address && address - s->address < s->file_size) {
			*ret_offset = s->offset + (address - s->address);
			return true;
		}
	}
	return false;
}

int elf_read_address(const struct elf *e, uint64_t address, void *into, size_t size)
{
	uint64_t offset;

	if (!elf_address_to_offset(e, address, &offset))
		return -ERANGE;
	return elf_read(e, offset, into, size);
}

int elf_debug_link(const struct elf *e, char **ret_name, uint32_t *ret_crc)
{
	const struct elf_section *s = elf_section(e, ".gnu_debuglink");
	void *raw;
	size_t length;
	int error;

	if (!s || s->size > NOTES_MAX)
		return -ENODATA;
	error = elf_read_section(e, s, &raw);
	if (error)
		return error;
	/* the name, zeros up to a multiple of 4, the CRC (gdb, "Separate Debug Files") */
	length = (strlen(raw) + 4) & ~(size_t)3;
	if (!*(char *)raw || length + 4 != s->size || strchr(raw, '/')) {
		free(raw);
		return -ENODATA;
	}
	memcpy(ret_crc, (char *)raw + length, 4);
	*ret_name = raw;
	return 0;
}
