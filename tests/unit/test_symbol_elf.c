/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * elf and elf_symbols: a file made here, whose every symbol is known; real
 * files of this machine, with libelf as the judge; and damaged ones, which
 * must do nothing worse than have no names (SAN=1 sees what they read).
 */
#include "base/strbuf.h"
#include "oom.h"
#include "symbol/elf_symbols.h"
#include "unit.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <gelf.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

/* --- a file made here ---------------------------------------------------- */

enum { TEXT = 0x1000, TEXT_SIZE = 0x200, INIT = 0x1800, PLT = 0x1900, DATA = 0x3000, GOT = 0x3800 };
enum { S_NULL, S_TEXT, S_INIT, S_PLT, S_DATA, S_NOTE, S_SYMTAB, S_STRTAB, S_DYNSYM, S_RELA, S_LINK,
       S_NAMES, SECTIONS };

struct pool {
	char text[512]; /* begins with a NUL, as string tables do */
	size_t len;
};

struct maker {
	struct strbuf file;
	struct pool strings, names;
	Elf64_Shdr sections[SECTIONS];
	Elf64_Sym symbols[32], dynamic[8];
	size_t symbol_count, dynamic_count;
	bool stripped; /* leaves .symtab out */
};

static uint32_t text_add(struct pool *p, const char *text)
{
	size_t at = ++p->len;

	assert_true(at + strlen(text) + 1 < sizeof(p->text));
	strcpy(p->text + at, text);
	p->len += strlen(text);
	return (uint32_t)at;
}

static void maker_init(struct maker *m)
{
	memset(m, 0, sizeof(*m));
	strbuf_init(&m->file);
	m->symbol_count = m->dynamic_count = 1;
}

static void maker_release(struct maker *m)
{
	strbuf_release(&m->file);
}

static Elf64_Sym make_symbol(struct maker *m, const char *name, uint64_t value, uint64_t size,
			     int binding, int type, uint16_t section)
{
	return (Elf64_Sym){
		.st_name = text_add(&m->strings, name),
		.st_info = ELF64_ST_INFO(binding, type),
		.st_shndx = section,
		.st_value = value,
		.st_size = size,
	};
}

static void add_symbol(struct maker *m, const char *name, uint64_t value, uint64_t size,
		       int binding, int type, uint16_t section)
{
	m->symbols[m->symbol_count++] =
		make_symbol(m, name, value, size, binding, type, section);
}

static void add_dynamic(struct maker *m, const char *name, uint64_t value, uint64_t size,
			int binding, int type, uint16_t section)
{
	m->dynamic[m->dynamic_count++] =
		make_symbol(m, name, value, size, binding, type, section);
}

static void put_section(struct maker *m, int number, const char *name, uint32_t type,
			uint64_t flags, uint64_t address, const void *data, size_t size)
{
	Elf64_Shdr *s = &m->sections[number];

	strbuf_pad(&m->file, '\0', -m->file.len & 7);
	s->sh_name = text_add(&m->names, name);
	s->sh_type = type;
	s->sh_flags = flags;
	s->sh_addr = address;
	s->sh_size = size;
	/* what is loaded lies at its address: offset and address are one */
	if (address)
		strbuf_pad(&m->file, '\0', address - m->file.len);
	s->sh_offset = m->file.len;
	strbuf_add(&m->file, data, size);
}

static void put_code(struct maker *m)
{
	static const char zeros[TEXT_SIZE];
	uint8_t plt[32] = { 0xff, 0x35 };
	int32_t displacement = GOT - (PLT + 16 + 4 + 6);

	/* PLT0 pushes; the stub behind it: endbr64, jmp *slot(%rip) */
	memcpy(plt + 16, "\xf3\x0f\x1e\xfa\xff\x25", 6);
	memcpy(plt + 22, &displacement, 4);
	put_section(m, S_TEXT, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, TEXT, zeros,
		    TEXT_SIZE);
	put_section(m, S_INIT, ".init", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, INIT, zeros, 0x20);
	put_section(m, S_PLT, ".plt", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, PLT, plt,
		    sizeof(plt));
	put_section(m, S_DATA, ".data", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, DATA, zeros, 0x100);
	m->sections[S_PLT].sh_entsize = 16;
}

static void put_tables(struct maker *m)
{
	struct {
		Elf64_Nhdr header;
		char name[4];
		uint8_t id[8];
	} note = { { 4, 8, NT_GNU_BUILD_ID }, "GNU", { 0xab, 0xcd, 1, 2, 3, 4, 5, 6 } };
	Elf64_Rela rela = { .r_offset = GOT, .r_info = ELF64_R_INFO(1, R_X86_64_JUMP_SLOT) };

	put_section(m, S_NOTE, ".note.gnu.build-id", SHT_NOTE, SHF_ALLOC, 0, &note, sizeof(note));
	put_section(m, S_SYMTAB, m->stripped ? "" : ".symtab",
		    m->stripped ? SHT_NULL : SHT_SYMTAB, 0, 0, m->symbols,
		    m->stripped ? 0 : m->symbol_count * sizeof(Elf64_Sym));
	put_section(m, S_DYNSYM, ".dynsym", SHT_DYNSYM, 0, 0, m->dynamic,
		    m->dynamic_count * sizeof(Elf64_Sym));
	put_section(m, S_STRTAB, ".strtab", SHT_STRTAB, 0, 0, m->strings.text,
		    sizeof(m->strings.text));
	put_section(m, S_RELA, ".rela.plt", SHT_RELA, 0, 0, &rela, sizeof(rela));
	put_section(m, S_LINK, ".gnu_debuglink", SHT_PROGBITS, 0, 0, "x.debug\0\1\2\3\4", 12);
	m->sections[S_SYMTAB].sh_entsize = m->sections[S_DYNSYM].sh_entsize = sizeof(Elf64_Sym);
	m->sections[S_SYMTAB].sh_link = m->sections[S_DYNSYM].sh_link = S_STRTAB;
	m->sections[S_RELA].sh_entsize = sizeof(Elf64_Rela);
	m->sections[S_RELA].sh_link = S_DYNSYM;
	put_section(m, S_NAMES, ".shstrtab", SHT_STRTAB, 0, 0, m->names.text,
		    sizeof(m->names.text));
}

static void maker_finish(struct maker *m)
{
	Elf64_Ehdr header = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_DYN,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(header),
		.e_ehsize = sizeof(header),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 2,
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = SECTIONS,
		.e_shstrndx = S_NAMES,
	};
	const Elf64_Phdr segments[] = {
		{ .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_offset = 0x1000, .p_vaddr = 0x1000,
		  .p_filesz = 0x1000, .p_memsz = 0x1000 },
		{ .p_type = PT_LOAD, .p_flags = PF_R | PF_W, .p_offset = DATA, .p_vaddr = DATA,
		  .p_filesz = 0x100, .p_memsz = 0x1000 },
	};

	strbuf_add(&m->file, &header, sizeof(header));
	strbuf_add(&m->file, segments, sizeof(segments));
	put_code(m);
	put_tables(m);
	header.e_shoff = m->file.len;
	strbuf_add(&m->file, m->sections, sizeof(m->sections));
	memcpy(m->file.buf, &header, sizeof(header));
	assert_int_equal(strbuf_error(&m->file), 0);
}

/* The symbols that the tests below are about. */
static void make(struct maker *m, bool stripped)
{
	maker_init(m);
	m->stripped = stripped;
	add_symbol(m, "main", TEXT, 0x20, STB_GLOBAL, STT_FUNC, S_TEXT);
	add_symbol(m, "__main", TEXT, 0x20, STB_GLOBAL, STT_FUNC, S_TEXT);
	add_symbol(m, "main_local", TEXT, 0x20, STB_LOCAL, STT_FUNC, S_TEXT);
	add_symbol(m, "versioned@@V_1.0", TEXT + 0x40, 0x10, STB_WEAK, STT_FUNC, S_TEXT);
	add_symbol(m, "assembly", TEXT + 0x60, 0, STB_GLOBAL, STT_NOTYPE, S_TEXT);
	add_symbol(m, "label", TEXT + 0x70, 0, STB_LOCAL, STT_NOTYPE, S_TEXT);
	add_symbol(m, "resolver", TEXT + 0x80, 0x10, STB_GLOBAL, STT_GNU_IFUNC, S_TEXT);
	add_symbol(m, "_init", INIT, 0, STB_GLOBAL, STT_FUNC, S_INIT);
	add_symbol(m, "elsewhere", 0x9000, 0, STB_GLOBAL, STT_FUNC, S_TEXT);
	add_symbol(m, "counter", DATA, 8, STB_GLOBAL, STT_OBJECT, S_DATA);
	add_symbol(m, "thread_local", DATA + 8, 8, STB_GLOBAL, STT_TLS, S_DATA);
	add_symbol(m, "file.c", 0, 0, STB_LOCAL, STT_FILE, SHN_ABS);
	add_dynamic(m, "puts", 0, 0, STB_GLOBAL, STT_FUNC, SHN_UNDEF);
	add_dynamic(m, "exported", TEXT + 0x100, 0x10, STB_GLOBAL, STT_FUNC, S_TEXT);
	add_dynamic(m, "no_size", TEXT + 0x120, 0, STB_GLOBAL, STT_FUNC, S_TEXT);
	maker_finish(m);
}

struct tables {
	struct elf elf;
	struct symtab code, data;
};

static int tables_read(struct tables *t, const void *file, size_t size)
{
	int error;

	memset(t, 0, sizeof(*t));
	error = elf_open_memory(&t->elf, file, size);
	if (error)
		return error;
	error = elf_add_symbols(&t->elf, &t->code, &t->data);
	if (!error)
		error = elf_add_plt(&t->elf, &t->code);
	if (!error)
		error = symtab_finish(&t->code, SYMTAB_INNERMOST);
	if (!error)
		error = symtab_finish(&t->data, SYMTAB_INNERMOST);
	return error;
}

static void tables_release(struct tables *t)
{
	elf_release(&t->elf);
	symtab_release(&t->code);
	symtab_release(&t->data);
}

static const char *at(const struct symtab *t, uint64_t address)
{
	struct symbol s;

	return symtab_find(t, address, &s) ? s.name : "";
}

static void symbols_of_a_file_are_what_its_tables_say(void **state)
{
	struct maker m;
	struct tables t;

	(void)state;
	make(&m, false);
	assert_int_equal(tables_read(&t, m.file.buf, m.file.len), 0);
	/* of three names the exported one without underscores */
	assert_string_equal(at(&t.code, TEXT), "main");
	assert_string_equal(at(&t.code, TEXT + 0x1f), "main");
	assert_string_equal(at(&t.code, TEXT + 0x20), "");
	assert_string_equal(at(&t.code, TEXT + 0x4f), "versioned");
	assert_string_equal(at(&t.code, TEXT + 0x50), "");
	assert_string_equal(at(&t.code, TEXT + 0x7f), "assembly");
	assert_string_equal(at(&t.code, TEXT + 0x80), "resolver");
	assert_string_equal(at(&t.code, TEXT + 0x90), "");
	assert_string_equal(at(&t.code, TEXT + 0x10f), "exported");
	assert_string_equal(at(&t.code, TEXT + 0x110), "");
	assert_string_equal(at(&t.code, INIT + 0x1f), "_init");
	assert_string_equal(at(&t.code, INIT + 0x20), "");
	assert_string_equal(at(&t.code, 0x9000), "");
	assert_string_equal(at(&t.data, DATA + 7), "counter");
	assert_string_equal(at(&t.data, DATA + 8), "");
	assert_string_equal(at(&t.code, DATA), "");
	tables_release(&t);
	maker_release(&m);
}

static void in_a_stripped_file_no_export_reaches_beyond_its_size(void **state)
{
	struct maker m;
	struct tables t;

	(void)state;
	make(&m, true);
	assert_int_equal(tables_read(&t, m.file.buf, m.file.len), 0);
	assert_string_equal(at(&t.code, TEXT + 0x100), "exported");
	assert_string_equal(at(&t.code, TEXT + 0x110), "");
	assert_string_equal(at(&t.code, TEXT + 0x120), "");
	assert_string_equal(at(&t.code, TEXT + 0x130), "");
	tables_release(&t);
	maker_release(&m);
}

static void a_stub_is_named_by_the_slot_it_jumps_through(void **state)
{
	struct maker m;
	struct tables t;

	(void)state;
	make(&m, false);
	assert_int_equal(tables_read(&t, m.file.buf, m.file.len), 0);
	assert_string_equal(at(&t.code, PLT), "");
	assert_string_equal(at(&t.code, PLT + 16), "puts@plt");
	assert_string_equal(at(&t.code, PLT + 31), "puts@plt");
	assert_string_equal(at(&t.code, PLT + 32), "");
	tables_release(&t);
	maker_release(&m);
}

static void identity_and_places_come_from_the_headers(void **state)
{
	struct maker m;
	struct elf e;
	uint64_t value;
	uint32_t crc;
	char *name;

	(void)state;
	make(&m, false);
	assert_int_equal(elf_open_memory(&e, m.file.buf, m.file.len), 0);
	assert_int_equal(e.build_id_size, 8);
	assert_memory_equal(e.build_id, "\xab\xcd\1\2\3\4\5\6", 8);
	assert_int_equal(elf_debug_link(&e, &name, &crc), 0);
	assert_string_equal(name, "x.debug");
	assert_int_equal(crc, 0x04030201);
	free(name);
	assert_true(elf_offset_to_address(&e, 0x1fff, &value));
	assert_int_equal(value, 0x1fff);
	assert_false(elf_offset_to_address(&e, 0x2000, &value));
	assert_false(elf_offset_to_address(&e, 0xfff, &value));
	assert_true(elf_address_to_offset(&e, DATA + 0xff, &value));
	assert_int_equal(value, DATA + 0xff);
	/* .bss is in memory, not in the file */
	assert_false(elf_address_to_offset(&e, DATA + 0x100, &value));
	elf_release(&e);
	maker_release(&m);
}

static void what_is_no_elf_file_is_refused(void **state)
{
	struct maker m;
	struct elf e;

	(void)state;
	make(&m, false);
	assert_int_equal(elf_open_memory(&e, "", 0), -ENOEXEC);
	assert_int_equal(elf_open_memory(&e, "#!/bin/sh\nexit 0\n", 17), -ENOEXEC);
	assert_int_equal(elf_open_memory(&e, m.file.buf, sizeof(Elf64_Ehdr) - 1), -ENOEXEC);
	m.file.buf[EI_DATA] = ELFDATA2MSB;
	assert_int_equal(elf_open_memory(&e, m.file.buf, m.file.len), -ENOEXEC);
	m.file.buf[EI_DATA] = ELFDATA2LSB;
	m.file.buf[EI_CLASS] = 9;
	assert_int_equal(elf_open_memory(&e, m.file.buf, m.file.len), -ENOEXEC);
	maker_release(&m);
}

static void no_failing_allocation_is_fatal(void **state)
{
	struct maker m;

	(void)state;
	make(&m, false);
	OOM_SWEEP(200) {
		struct tables t;
		int error = tables_read(&t, m.file.buf, m.file.len);

		if (error)
			assert_int_equal(error, -ENOMEM);
		else
			assert_string_equal(at(&t.code, PLT + 16), "puts@plt");
		tables_release(&t);
	}
	maker_release(&m);
}

/* --- damage ---------------------------------------------------------------- */

/* Reads all there is to read of what may be an ELF file. */
static void read_all(const void *file, size_t size)
{
	struct elf_functions functions;
	struct tables t;
	uint64_t start;
	uint32_t crc;
	char *name;

	if (tables_read(&t, file, size)) {
		tables_release(&t);
		return;
	}
	for (uint64_t a = 0; a < 0x4000; a += 0x11) {
		const char *found = at(&t.code, a);

		assert_true(strlen(found) < size);
	}
	assert_int_equal(elf_functions_read(&t.elf, &functions), 0);
	for (uint64_t a = 0; a < 0x4000; a += 0x11)
		if (elf_functions_find(&t.elf, &functions, a, &start))
			assert_true(start <= a);
	elf_functions_release(&functions);
	if (!elf_debug_link(&t.elf, &name, &crc))
		free(name);
	tables_release(&t);
}

static void cut_everywhere(const char *file, size_t size)
{
	for (size_t n = 0; n < size; n++) {
		/* of just that size, so that reading beyond is seen */
		char *copy = malloc(n ? n : 1);

		assert_non_null(copy);
		memcpy(copy, file, n);
		read_all(copy, n);
		free(copy);
	}
}

static void flip_everywhere(char *file, size_t size)
{
	for (size_t n = 0; n < size; n++) {
		static const uint8_t patterns[] = { 0xff, 0x80, 0x01 };

		for (size_t i = 0; i < sizeof(patterns); i++) {
			file[n] ^= (char)patterns[i];
			read_all(file, size);
			file[n] ^= (char)patterns[i];
		}
	}
}

/* The parts that are not zero. */
static void a_damaged_file_does_no_harm(void **state)
{
	struct maker m;
	char *copy;

	(void)state;
	make(&m, false);
	copy = malloc(m.file.len);
	assert_non_null(copy);
	memcpy(copy, m.file.buf, m.file.len);
	flip_everywhere(copy, sizeof(Elf64_Ehdr) + 2 * sizeof(Elf64_Phdr));
	for (size_t n = DATA; n < m.file.len; n++) {
		copy[n] ^= (char)0xff;
		read_all(copy, m.file.len);
		copy[n] ^= (char)0xff;
	}
	for (size_t n = 0; n < m.file.len; n += n < DATA ? 61 : 1) {
		char *cut = malloc(n ? n : 1);

		assert_non_null(cut);
		memcpy(cut, m.file.buf, n);
		read_all(cut, n);
		free(cut);
	}
	free(copy);
	maker_release(&m);
}

static void a_damaged_vdso_does_no_harm(void **state)
{
	uintptr_t vdso = getauxval(AT_SYSINFO_EHDR);
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)vdso;
	size_t size;
	char *copy;

	(void)state;
	if (!vdso) {
		skip();
		return;
	}
	/* real, small, with .eh_frame_hdr: all of it */
	size = header->e_shoff + (size_t)header->e_shnum * header->e_shentsize;
	copy = malloc(size);
	assert_non_null(copy);
	memcpy(copy, header, size);
	cut_everywhere(copy, size);
	flip_everywhere(copy, size);
	free(copy);
}

/* --- real files -------------------------------------------------------------- */

struct truth {
	uint64_t start, end;
	char *name;
	bool sized;
};

struct oracle {
	VEC(struct truth) functions;
	VEC(struct truth) sections; /* executable ones */
	bool has_symtab;
};

/* What libelf says. */
static void oracle_read(struct oracle *o, const char *path)
{
	int fd = open(path, O_RDONLY);
	Elf *elf;
	Elf_Scn *section = NULL;
	GElf_Shdr h;

	memset(o, 0, sizeof(*o));
	assert_true(fd >= 0);
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	assert_non_null(elf);
	while ((section = elf_nextscn(elf, section))) {
		Elf_Data *data = elf_getdata(section, NULL);
		GElf_Sym s;

		assert_non_null(gelf_getshdr(section, &h));
		if (h.sh_flags & SHF_EXECINSTR)
			assert_int_equal(vec_push(&o->sections,
						  (struct truth){ h.sh_addr, h.sh_addr + h.sh_size,
								  NULL, true }),
					 0);
		if (h.sh_type != SHT_SYMTAB && h.sh_type != SHT_DYNSYM)
			continue;
		o->has_symtab |= h.sh_type == SHT_SYMTAB;
		for (int i = 1; gelf_getsym(data, i, &s); i++) {
			int type = GELF_ST_TYPE(s.st_info);
			char *name = elf_strptr(elf, h.sh_link, s.st_name);

			if (s.st_shndx == SHN_UNDEF || !name || !*name ||
			    (type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_NOTYPE))
				continue;
			name = strndup(name, strcspn(name, "@"));
			assert_int_equal(vec_push(&o->functions,
						  (struct truth){ s.st_value,
								  s.st_value + s.st_size, name,
								  s.st_size > 0 }),
					 0);
		}
	}
	elf_end(elf);
	close(fd);
}

static void oracle_release(struct oracle *o)
{
	for (size_t i = 0; i < o->functions.count; i++)
		free(o->functions.at[i].name);
	vec_release(&o->functions);
	vec_release(&o->sections);
}

/* A name is right if a symbol of that name covers the address and none that
 * covers it begins later; no name is right if no symbol covers it. */
static void check_address(const struct oracle *o, const struct symtab *code, uint64_t address)
{
	const char *name = at(code, address);
	uint64_t latest = 0;
	bool covered = false, right = false;

	for (size_t i = 0; i < o->functions.count; i++) {
		const struct truth *f = &o->functions.at[i];

		if (f->sized && address >= f->start && address < f->end) {
			covered = true;
			latest = f->start > latest ? f->start : latest;
		}
	}
	for (size_t i = 0; i < o->functions.count && !right; i++) {
		const struct truth *f = &o->functions.at[i];

		if (strcmp(f->name, name) != 0)
			continue;
		right = covered ? f->start == latest && address < f->end
				: o->has_symtab && !f->sized && f->start <= address;
	}
	if (covered ? !right : *name && !right)
		fail_msg("0x%lx is called \"%s\"", (unsigned long)address, name);
}

static void check_file(const char *path)
{
	enum { ADDRESSES = 1500 };
	struct symtab code = SYMTAB_INIT;
	uint64_t seed = 11;
	struct oracle o;
	struct elf e;
	int fd = open(path, O_RDONLY);

	oracle_read(&o, path);
	assert_int_equal(elf_open_fd(&e, fd), 0);
	assert_int_equal(elf_add_symbols(&e, &code, NULL), 0);
	assert_int_equal(symtab_finish(&code, SYMTAB_INNERMOST), 0);
	assert_true(o.functions.count > 0);
	for (int i = 0; i < ADDRESSES; i++) {
		const struct truth *s = &o.sections.at[unit_random(&seed) % o.sections.count];
		const struct truth *f = &o.functions.at[unit_random(&seed) % o.functions.count];

		check_address(&o, &code, s->start + unit_random(&seed) % (s->end - s->start));
		if (f->sized) {
			check_address(&o, &code, f->start);
			check_address(&o, &code, f->end - 1);
			check_address(&o, &code, f->end);
		}
	}
	symtab_release(&code);
	elf_release(&e);
	oracle_release(&o);
	close(fd);
}

static int check_loaded(struct dl_phdr_info *info, size_t size, void *context)
{
	int *checked = context;

	(void)size;
	if (info->dlpi_name[0] == '/') {
		check_file(info->dlpi_name);
		++*checked;
	}
	return 0;
}

static void real_files_are_read_as_libelf_reads_them(void **state)
{
	int checked = 0;

	(void)state;
	check_file("/proc/self/exe");
	check_file("/bin/bash");
	dl_iterate_phdr(check_loaded, &checked);
	/* libc and the loader at least */
	assert_true(checked >= 2);
}

/* Its own extent, found without its name. */
static void functions_without_names_are_told_apart_by_their_unwind_entries(void **state)
{
	uint64_t here = (uintptr_t)functions_without_names_are_told_apart_by_their_unwind_entries;
	struct elf_functions f;
	struct link_map *map;
	struct elf e;
	uint64_t start = 0;
	int fd = open("/proc/self/exe", O_RDONLY);

	(void)state;
	assert_int_equal(elf_open_fd(&e, fd), 0);
	assert_int_equal(elf_functions_read(&e, &f), 0);
	assert_true(f.count > 20);
	map = _r_debug.r_map; /* the program's own is first */
	here -= map->l_addr;
	assert_true(elf_functions_find(&e, &f, here, &start));
	assert_int_equal(start, here);
	assert_true(elf_functions_find(&e, &f, here + 5, &start));
	assert_int_equal(start, here);
	assert_false(elf_functions_find(&e, &f, 0, &start));
	assert_false(elf_functions_find(&e, &f, UINT64_MAX, &start));
	elf_functions_release(&f);
	elf_release(&e);
	close(fd);
}

static size_t count_signal_frames(const char *path)
{
	struct elf_functions f;
	struct elf e;
	size_t count = 0;
	int fd = open(path, O_RDONLY);

	assert_int_equal(elf_open_fd(&e, fd), 0);
	assert_int_equal(elf_functions_read(&e, &f), 0);
	for (size_t i = 0; i < f.count; i++) {
		uint64_t start = e.eh_frame_header + (uint64_t)(int64_t)f.entries[i].start;

		count += elf_functions_is_signal(&e, &f, start);
	}
	elf_functions_release(&f);
	elf_release(&e);
	close(fd);
	return count;
}

static void where_signal_handlers_return_to_is_known_by_its_unwind_entry(void **state)
{
	Dl_info libc;

	(void)state;
	assert_true(dladdr((void *)(uintptr_t)dladdr, &libc));
	assert_int_equal(count_signal_frames(libc.dli_fname), 1);
	assert_int_equal(count_signal_frames("/proc/self/exe"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(symbols_of_a_file_are_what_its_tables_say),
		cmocka_unit_test(in_a_stripped_file_no_export_reaches_beyond_its_size),
		cmocka_unit_test(a_stub_is_named_by_the_slot_it_jumps_through),
		cmocka_unit_test(identity_and_places_come_from_the_headers),
		cmocka_unit_test(what_is_no_elf_file_is_refused),
		cmocka_unit_test(no_failing_allocation_is_fatal),
		cmocka_unit_test(a_damaged_file_does_no_harm),
		cmocka_unit_test(a_damaged_vdso_does_no_harm),
		cmocka_unit_test(real_files_are_read_as_libelf_reads_them),
		cmocka_unit_test(functions_without_names_are_told_apart_by_their_unwind_entries),
		cmocka_unit_test(where_signal_handlers_return_to_is_known_by_its_unwind_entry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
