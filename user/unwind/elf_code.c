/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The section is found by its name. Without a section table (some strip even
 * that) the header of its search table leads to it; it ends where its segment does.
 */
#include "unwind/elf_code.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	HEADERS_MAX = 1 << 20, /* bytes of a table of headers, or of names */
	EH_FRAME_MAX = 256 << 20, /* chromium has 14 MiB */
};

static int source_read(const struct elf_source *s, uint64_t offset, void *into, size_t size)
{
	char *p = into;

	if (offset > s->size || size > s->size - offset)
		return -ENOEXEC;
	if (s->fd < 0) {
		memcpy(into, s->memory + offset, size);
		return 0;
	}
	while (size) {
		ssize_t n = pread(s->fd, p, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -ENOEXEC;
		p += n;
		offset += (uint64_t)n;
		size -= (size_t)n;
	}
	return 0;
}

/* A copy of a part, to be freed. */
static int source_copy(const struct elf_source *s, uint64_t offset, uint64_t size, size_t max,
		       void **ret)
{
	void *p;
	int error;

	if (size > max)
		return -EFBIG;
	if (!size || offset > s->size || size > s->size - offset)
		return -ENODATA;
	p = malloc(size);
	if (!p)
		return -ENOMEM;
	error = source_read(s, offset, p, size);
	if (error) {
		free(p);
		return error;
	}
	*ret = p;
	return 0;
}

static int read_header(const struct elf_source *s, Elf64_Ehdr *ret)
{
	int error = source_read(s, 0, ret, sizeof(*ret));

	if (error)
		return error;
	if (memcmp(ret->e_ident, ELFMAG, SELFMAG) != 0 || ret->e_ident[EI_CLASS] != ELFCLASS64 ||
	    ret->e_ident[EI_DATA] != ELFDATA2LSB || ret->e_machine != EM_X86_64)
		return -ENOEXEC;
	return 0;
}

static int read_segments(struct elf_code *e, const struct elf_source *s, const Elf64_Ehdr *h,
			 Elf64_Phdr **ret)
{
	void *table;
	int error;

	if (h->e_phentsize != sizeof(Elf64_Phdr))
		return -ENOEXEC;
	error = source_copy(s, h->e_phoff, (uint64_t)h->e_phnum * sizeof(Elf64_Phdr), HEADERS_MAX,
			    &table);
	if (error)
		return error;
	*ret = table;
	for (size_t i = 0; i < h->e_phnum && e->segment_count < UNWIND_SEGMENTS_MAX; i++) {
		const Elf64_Phdr *p = &(*ret)[i];

		if (p->p_type != PT_LOAD || !(p->p_flags & PF_X) || !p->p_filesz ||
		    p->p_offset > s->size || p->p_filesz > s->size - p->p_offset ||
		    p->p_vaddr > UINT64_MAX - p->p_filesz - UNWIND_PAGE)
			continue;
		e->segments[e->segment_count++] =
			(struct unwind_segment){ p->p_offset, p->p_filesz, p->p_vaddr };
	}
	return e->segment_count ? 0 : -ENODATA;
}

static int find_by_name(const struct elf_source *s, const Elf64_Ehdr *h, Elf64_Shdr *ret)
{
	static const char name[] = ".eh_frame";
	Elf64_Shdr *sections;
	const Elf64_Shdr *strings;
	char *names = NULL;
	void *table;
	int error;

	if (h->e_shentsize != sizeof(Elf64_Shdr))
		return -ENODATA;
	error = source_copy(s, h->e_shoff, (uint64_t)h->e_shnum * sizeof(Elf64_Shdr), HEADERS_MAX,
			    &table);
	if (error)
		return error;
	sections = table;
	error = -ENODATA;
	if (h->e_shstrndx >= h->e_shnum)
		goto out;
	strings = &sections[h->e_shstrndx];
	error = source_copy(s, strings->sh_offset, strings->sh_size, HEADERS_MAX, (void **)&names);
	if (error)
		goto out;
	error = -ENODATA;
	for (size_t i = 0; i < h->e_shnum; i++) {
		if (sections[i].sh_name >= strings->sh_size ||
		    strings->sh_size - sections[i].sh_name < sizeof(name) ||
		    memcmp(names + sections[i].sh_name, name, sizeof(name)) != 0)
			continue;
		*ret = sections[i];
		/* debug files have only its header */
		error = ret->sh_type == SHT_NOBITS || ret->sh_flags & SHF_COMPRESSED ? -ENODATA : 0;
		break;
	}
out:
	free(names);
	free(sections);
	return error;
}

/* .eh_frame_hdr: version 1, then how its first pointer is written: pcrel sdata4 everywhere. */
static int find_by_segment(const struct elf_source *s, const Elf64_Phdr *segments, size_t count,
			   Elf64_Shdr *ret)
{
	struct {
		uint8_t version, pointer, number, table;
		int32_t eh_frame;
	} header;
	const Elf64_Phdr *frame = NULL;
	int error;

	for (size_t i = 0; i < count && !frame; i++)
		if (segments[i].p_type == PT_GNU_EH_FRAME)
			frame = &segments[i];
	if (!frame)
		return -ENODATA;
	error = source_read(s, frame->p_offset, &header, sizeof(header));
	if (error || header.version != 1 || header.pointer != 0x1b)
		return error ? error : -ENODATA;
	memset(ret, 0, sizeof(*ret));
	ret->sh_addr = frame->p_vaddr + 4 + (uint64_t)(int64_t)header.eh_frame;
	for (size_t i = 0; i < count; i++) {
		const Elf64_Phdr *p = &segments[i];

		if (p->p_type != PT_LOAD || ret->sh_addr < p->p_vaddr ||
		    ret->sh_addr - p->p_vaddr >= p->p_filesz)
			continue;
		ret->sh_offset = p->p_offset + (ret->sh_addr - p->p_vaddr);
		ret->sh_size = p->p_filesz - (ret->sh_addr - p->p_vaddr);
		return 0;
	}
	return -ENODATA;
}

int elf_code_read(struct elf_code *e, const struct elf_source *from)
{
	Elf64_Phdr *segments = NULL;
	Elf64_Shdr section;
	Elf64_Ehdr header;
	void *bytes;
	int error = read_header(from, &header);

	memset(e, 0, sizeof(*e));
	if (!error)
		error = read_segments(e, from, &header, &segments);
	if (!error) {
		error = find_by_name(from, &header, &section);
		if (error == -ENODATA)
			error = find_by_segment(from, segments, header.e_phnum, &section);
	}
	if (!error)
		error = source_copy(from, section.sh_offset, section.sh_size, EH_FRAME_MAX, &bytes);
	free(segments);
	if (error)
		return error;
	e->eh_frame = bytes;
	e->eh_frame_size = section.sh_size;
	e->eh_frame_address = section.sh_addr;
	e->entry = header.e_entry;
	return 0;
}

void elf_code_release(struct elf_code *e)
{
	free(e->eh_frame);
}
