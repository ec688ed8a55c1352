/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two indices lead to a module: `told` by what the kernel says of a mapping
 * (device, inode, build-id, path), which costs no system call, and `opened` by
 * what the file turned out to be, so that what is told in two ways (with the
 * inode in /proc/PID/maps, with the build-id by perf) is one module.
 */
#include "symbol/module.h"

#include "base/map.h"
#include "core/stacks.h"
#include "symbol/debug_file.h"
#include "symbol/demangle.h"
#include "symbol/elf_symbols.h"
#include "symbol/gopclntab.h"
#include "symbol/maps.h"
#include "symbol/minidebug.h"
#include "symbol/module_open.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	ATTEMPTS_MAX = 4, /* to open a file, each by another process's mapping */
	PAGE = 4096, /* the smallest that mappings are made of */
};

/* Function names of one file, while they are wanted. */
struct functions {
	struct symtab code;
	struct elf_functions extents;
	struct elf elf; /* reads the extents; without bytes when the file was closed */
};

struct module {
	enum module_kind kind;
	bool used; /* frames name it */
	bool kept; /* its functions were read because the file had to be closed */
	bool data_read;
	uint8_t attempts;
	int fd; /* -1: closed */
	char *path;
	struct module_identity identity;
	struct elf_segment *segments; /* as in struct elf; none if it was never opened */
	size_t segment_count;
	struct functions *functions; /* NULL: not read */
	struct symtab data;
};

struct modules {
	char *proc, *debug;
	size_t files_max, files; /* open */
	size_t hand; /* the next to be closed */
	VEC(struct module) list;
	struct intern told, opened;
	VEC(uint32_t) told_module, opened_module; /* by number in those */
};

static int modules_add(struct modules *ms, enum module_kind kind, const char *path)
{
	struct module m = {
		.kind = kind, .fd = -1, .path = strndup(path, maps_path_length(path))
	};

	if (!m.path || vec_push(&ms->list, m)) {
		free(m.path);
		return -ENOMEM;
	}
	return 0;
}

static int module_take_segments(struct module *m, const struct elf *e)
{
	free(m->segments);
	m->segment_count = 0;
	m->segments = calloc(e->segment_count ? e->segment_count : 1, sizeof(*m->segments));
	if (!m->segments)
		return -ENOMEM;
	if (e->segment_count)
		memcpy(m->segments, e->segments, e->segment_count * sizeof(*m->segments));
	m->segment_count = e->segment_count;
	return 0;
}

static int modules_init(struct modules *ms)
{
	struct elf vdso;
	int error;

	if (!ms->proc || !ms->debug || modules_add(ms, MODULE_JIT, "[jit]") ||
	    modules_add(ms, MODULE_VDSO, "[vdso]"))
		return -ENOMEM;
	error = module_open_vdso(&vdso);
	if (error)
		return error == -ENOMEM ? error : 0;
	error = module_take_segments(&ms->list.at[MODULE_ID_VDSO], &vdso);
	elf_release(&vdso);
	return error;
}

struct modules *modules_new(const char *proc, const char *debug, size_t files_max)
{
	struct modules *ms = calloc(1, sizeof(*ms));

	if (!ms)
		return NULL;
	ms->proc = strdup(proc);
	ms->debug = strdup(debug);
	ms->files_max = files_max ? files_max : 1;
	if (modules_init(ms)) {
		modules_free(ms);
		return NULL;
	}
	return ms;
}

static void functions_free(struct functions *f)
{
	if (!f)
		return;
	symtab_release(&f->code);
	elf_functions_release(&f->extents);
	elf_release(&f->elf);
	free(f);
}

void modules_free(struct modules *ms)
{
	if (!ms)
		return;
	for (size_t i = 0; i < ms->list.count; i++) {
		struct module *m = &ms->list.at[i];

		if (m->fd >= 0)
			close(m->fd);
		functions_free(m->functions);
		symtab_release(&m->data);
		free(m->segments);
		free(m->path);
	}
	vec_release(&ms->list);
	intern_release(&ms->told);
	intern_release(&ms->opened);
	vec_release(&ms->told_module);
	vec_release(&ms->opened_module);
	free(ms->proc);
	free(ms->debug);
	free(ms);
}

static int modules_make_room(struct modules *ms);

/* The file again, for reading symbols: *ret->fd stays the module's. */
static int module_elf(struct modules *ms, struct module *m, struct elf *ret)
{
	int error;

	if (m->kind == MODULE_VDSO)
		return module_open_vdso(ret);
	if (m->fd >= 0)
		return elf_open_fd(ret, m->fd);
	if (!m->segments)
		return -ENOENT;
	error = modules_make_room(ms);
	if (!error)
		error = module_open_again(m->path, &m->identity, ret);
	if (!error) {
		m->fd = ret->fd;
		ms->files++;
	}
	return error;
}

int module_file_descriptor(struct modules *ms, uint32_t module)
{
	struct module *m = &ms->list.at[module];
	struct elf e;

	if (m->kind != MODULE_FILE)
		return -1;
	if (m->fd < 0) {
		if (module_elf(ms, m, &e))
			return -1;
		elf_release(&e);
	}
	return fcntl(m->fd, F_DUPFD_CLOEXEC, 3);
}

static bool has_lines(const struct elf *e)
{
	return elf_section(e, ".debug_info") || elf_section(e, ".zdebug_info");
}

int module_debug_descriptor(struct modules *ms, uint32_t module)
{
	struct module *m = &ms->list.at[module];
	struct elf e, debug;
	bool found = false;
	int fd = -1;

	if (m->kind != MODULE_FILE || module_elf(ms, m, &e))
		return -1;
	if (has_lines(&e)) {
		found = true;
		fd = fcntl(m->fd, F_DUPFD_CLOEXEC, 3);
	} else {
		fd = debug_file_open(&e, m->path, ms->debug);
		if (fd >= 0 && !elf_open_fd(&debug, fd)) {
			found = has_lines(&debug);
			elf_release(&debug);
		}
	}
	elf_release(&e);
	if (fd >= 0 && !found) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* What a stripped file's symbols were moved to: its debug file, or a section of it. */
static int module_add_stripped(struct modules *ms, const struct module *m, const struct elf *e,
			       struct symtab *code, struct symtab *data)
{
	int fd = debug_file_open(e, m->path, ms->debug), error = 0;
	struct elf other;
	void *memory;

	if (fd >= 0) {
		if (!elf_open_fd(&other, fd)) {
			error = elf_add_symbols(&other, code, data);
			elf_release(&other);
		}
		close(fd);
		return error;
	}
	error = minidebug_open(e, &other, &memory);
	if (error)
		return error == -ENOMEM ? error : 0;
	error = elf_add_symbols(&other, code, data);
	elf_release(&other);
	free(memory);
	return error;
}

/* Adds all symbols of a module, whose file is @e, and finishes the tables. */
static int module_add_symbols(struct modules *ms, struct module *m, const struct elf *e,
			      struct symtab *code, struct symtab *data)
{
	int error = elf_add_symbols(e, code, data);

	if (!error && code)
		error = elf_add_plt(e, code);
	/* a file with .symtab is not stripped: what it says is all there is */
	if (!error && m->kind == MODULE_FILE && !elf_section(e, ".symtab"))
		error = module_add_stripped(ms, m, e, code, data);
	if (!error && code && m->kind == MODULE_FILE && !elf_section(e, ".symtab"))
		error = gopclntab_add(e, code);
	if (!error && code)
		error = symtab_finish(code, SYMTAB_INNERMOST);
	if (!error && data)
		error = symtab_finish(data, SYMTAB_INNERMOST);
	return error;
}

/* An empty table stands for a file that cannot be read. */
static int module_read_functions(struct modules *ms, struct module *m)
{
	struct functions *f;
	int error = 0;

	if (m->functions)
		return 0;
	f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->elf.fd = -1;
	if (m->kind == MODULE_FILE || m->kind == MODULE_VDSO) {
		error = module_elf(ms, m, &f->elf);
		if (!error)
			error = module_add_symbols(ms, m, &f->elf, &f->code, NULL);
		if (!error)
			error = elf_functions_read(&f->elf, &f->extents);
	}
	if (error == -ENOMEM) {
		functions_free(f);
		return error;
	}
	m->functions = f;
	return 0;
}

static void module_close(struct modules *ms, struct module *m)
{
	close(m->fd);
	m->fd = -1;
	ms->files--;
	if (m->functions) {
		m->functions->elf.size = 0;
		m->functions->elf.fd = -1;
	}
}

/* Closes what was opened longest ago, after reading what will be asked of it. */
static int modules_make_room(struct modules *ms)
{
	for (size_t n = ms->list.count; ms->files >= ms->files_max && n--;) {
		struct module *m = &ms->list.at[ms->hand++ % ms->list.count];

		if (m->fd < 0)
			continue;
		if (m->used && !m->functions) {
			if (module_read_functions(ms, m))
				return -ENOMEM;
			m->kept = true;
		}
		module_close(ms, m);
	}
	return 0;
}

static bool path_is_file(const char *path)
{
	return path[0] == '/' && path[1] != '/';
}

/* Files that code is put into by the process that runs it. */
static bool path_is_jit(const char *path)
{
	static const char *const prefixes[] = { "/memfd:", "/dev/zero", "/SYSV", "/dev/shm/" };

	for (size_t i = 0; i < ARRAY_COUNT(prefixes); i++)
		if (!strncmp(path, prefixes[i], strlen(prefixes[i])))
			return true;
	return false;
}

/* The number of a key that is given a module when it is new. */
static int index_put(struct intern *keys, const struct strbuf *key, uint32_t *ret_id)
{
	int error = strbuf_error(key);

	return error ? error : intern_put(keys, key->buf, key->len, ret_id);
}

/*
 * Opens the file of module @id, the last one. If it turns out to be one that
 * is there already, *ret_same is that one.
 */
static int module_open(struct modules *ms, uint32_t id, const struct module_file *file,
		       uint32_t *ret_same)
{
	struct module *m = &ms->list.at[id];
	struct strbuf key = STRBUF_INIT;
	struct elf e;
	uint32_t n;
	int error = modules_make_room(ms);

	*ret_same = id;
	if (error)
		return error;
	m->attempts++;
	error = module_open_mapped(ms->proc, file, m->path, &e, &m->identity);
	if (error)
		return error == -ENOMEM ? error : 0;
	m->fd = e.fd;
	ms->files++;
	error = module_take_segments(m, &e);
	strbuf_add(&key, m->identity.build_id, m->identity.build_id_size);
	if (!m->identity.build_id_size)
		strbuf_addf(&key, "%" PRIu64 ":%" PRIu64, m->identity.device,
			    m->identity.inode);
	strbuf_putc(&key, '\0');
	strbuf_puts(&key, m->path);
	if (!error)
		error = vec_reserve(&ms->opened_module, 1);
	if (!error)
		error = index_put(&ms->opened, &key, &n);
	if (!error && n == ms->opened_module.count)
		ms->opened_module.at[ms->opened_module.count++] = id;
	if (!error)
		*ret_same = ms->opened_module.at[n];
	strbuf_release(&key);
	elf_release(&e);
	return error;
}

/* Drops the module that was added last. */
static void modules_drop(struct modules *ms)
{
	struct module *m = &ms->list.at[--ms->list.count];

	if (m->fd >= 0)
		module_close(ms, m);
	free(m->segments);
	free(m->path);
}

static int modules_add_file(struct modules *ms, const struct module_file *file,
			    uint32_t *ret_module)
{
	uint32_t id = (uint32_t)ms->list.count, same;
	int error = modules_add(ms, MODULE_FILE, file->path);

	if (error)
		return error;
	error = module_open(ms, id, file, &same);
	if (error || same != id) {
		modules_drop(ms);
	} else if (path_is_jit(file->path) && !ms->list.at[id].segments) {
		modules_drop(ms);
		same = MODULE_ID_JIT;
	}
	*ret_module = same;
	return error;
}

/* Another process maps what could not be opened before: try it there. */
static int module_retry(struct modules *ms, uint32_t id, const struct module_file *file)
{
	struct module *m = &ms->list.at[id];
	uint32_t same;

	if (m->kind != MODULE_FILE || m->segments || m->attempts >= ATTEMPTS_MAX)
		return 0;
	return module_open(ms, id, file, &same);
}

int modules_get(struct modules *ms, const struct module_file *file, uint32_t *ret_module)
{
	struct strbuf key = STRBUF_INIT;
	uint32_t n, id;
	int error;

	if (!path_is_file(file->path)) {
		*ret_module = strcmp(file->path, "[vdso]") ? MODULE_ID_JIT : MODULE_ID_VDSO;
		return 0;
	}
	strbuf_addf(&key, "%x:%x:%" PRIx64 ":%zu:", file->major, file->minor, file->inode,
		    file->build_id_size);
	strbuf_add(&key, file->build_id, file->build_id_size);
	strbuf_puts(&key, file->path);
	error = vec_reserve(&ms->told_module, 1);
	if (!error)
		error = strbuf_error(&key);
	if (error)
		goto out;
	n = intern_find(&ms->told, key.buf, key.len);
	if (n != INTERN_NONE) {
		id = ms->told_module.at[n];
		error = module_retry(ms, id, file);
	} else {
		error = modules_add_file(ms, file, &id);
		if (!error)
			error = index_put(&ms->told, &key, &n);
		if (!error)
			ms->told_module.at[ms->told_module.count++] = id;
	}
	if (!error)
		*ret_module = id;
out:
	strbuf_release(&key);
	return error;
}

enum module_kind module_kind(const struct modules *ms, uint32_t module)
{
	return ms->list.at[module].kind;
}

const char *module_name(const struct modules *ms, uint32_t module)
{
	return ms->list.at[module].path;
}

const char *module_short_name(const struct modules *ms, uint32_t module)
{
	const char *path = ms->list.at[module].path, *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

void module_mark_used(struct modules *ms, uint32_t module)
{
	ms->list.at[module].used = true;
}

/* @offset may lie before the segment, but on the same page. */
static bool page_holds(const struct elf_segment *s, uint64_t offset)
{
	uint64_t slack = s->offset & (PAGE - 1);

	return offset >= s->offset - slack && offset - (s->offset - slack) < slack + s->file_size;
}

/* Modulo 2^64: what to add to an offset of the segment. */
static uint64_t offset_to_address(const struct elf_segment *s, uint64_t offset)
{
	return offset + (s->address - s->offset);
}

bool module_bias(const struct modules *ms, uint32_t module, uint64_t start, uint64_t offset,
		 uint64_t *ret_bias)
{
	const struct module *m = &ms->list.at[module];

	for (size_t i = 0; i < m->segment_count; i++) {
		const struct elf_segment *s = &m->segments[i];

		if (s->execute && page_holds(s, offset)) {
			*ret_bias = start - offset_to_address(s, offset);
			return true;
		}
	}
	return false;
}

bool module_data_address(const struct modules *ms, uint32_t module, uint64_t offset,
			 uint64_t *ret_address)
{
	const struct module *m = &ms->list.at[module];

	for (size_t i = 0; i < m->segment_count; i++) {
		const struct elf_segment *s = &m->segments[i];

		if (!s->execute && offset >= s->offset && offset - s->offset < s->file_size) {
			*ret_address = offset_to_address(s, offset);
			return true;
		}
	}
	return false;
}

bool module_has_address(const struct modules *ms, uint32_t module, uint64_t address)
{
	const struct module *m = &ms->list.at[module];

	for (size_t i = 0; i < m->segment_count; i++)
		if (address >= m->segments[i].address &&
		    address - m->segments[i].address < m->segments[i].memory_size)
			return true;
	return false;
}

/* The name of a function of which only the extent is known. */
static int module_place(const struct modules *ms, uint32_t module, uint64_t start,
			struct strbuf *out)
{
	uint64_t offset;

	if (!elf_address_to_offset(&ms->list.at[module].functions->elf, start, &offset))
		return -ENOENT;
	strbuf_addf(out, "%s+0x%" PRIx64, module_short_name(ms, module), offset);
	return strbuf_error(out);
}

bool module_code_address(const struct modules *ms, uint32_t module, uint64_t offset,
			 uint64_t *ret_address)
{
	const struct module *m = &ms->list.at[module];
	struct elf segments = { .segments = m->segments, .segment_count = m->segment_count };

	return elf_offset_to_address(&segments, offset, ret_address);
}

/*
 * A return address at a function's first byte, with no code before it, is of no
 * call: somebody put it there, or it is none. A function that begins by leaving
 * the stack it finds (mov %rbx,%rsp) is glibc's __start_context: the first frame
 * of a stack that makecontext() made.
 */
static bool begins_stack(const struct functions *f, uint64_t address)
{
	static const uint8_t leaves[] = { 0x48, 0x89, 0xdc };
	uint8_t code[sizeof(leaves)];
	uint64_t start;

	return elf_functions_find(&f->elf, &f->extents, address + 1, &start) &&
	       start == address + 1 && !elf_read_address(&f->elf, start, code, sizeof(code)) &&
	       !memcmp(code, leaves, sizeof(code));
}

/* A function follows that asks for rt_sigreturn: nobody calls it, handlers return to it. */
static bool is_before_sigreturn(const struct functions *f, uint64_t address)
{
	/* mov $15, %rax or %eax; syscall */
	static const uint8_t by_rax[] = { 0x48, 0xc7, 0xc0, 15, 0, 0, 0, 0x0f, 0x05 },
			     by_eax[] = { 0xb8, 15, 0, 0, 0, 0x0f, 0x05 };
	uint8_t code[sizeof(by_rax)];

	return !((address + 1) & 15) &&
	       !elf_read_address(&f->elf, address + 1, code, sizeof(code)) &&
	       (!memcmp(code, by_rax, sizeof(by_rax)) || !memcmp(code, by_eax, sizeof(by_eax)));
}

int module_function(struct modules *ms, uint32_t module, uint64_t offset, struct strbuf *out)
{
	struct module *m = &ms->list.at[module];
	struct symbol symbol;
	uint64_t address, start;
	int error = module_read_functions(ms, m);

	if (error)
		return error;
	if (!module_code_address(ms, module, offset, &address))
		return -ENOENT;
	if (symtab_find(&m->functions->code, address, &symbol)) {
		demangle(symbol.name, out);
		return strbuf_error(out);
	}
	if (elf_functions_is_signal(&m->functions->elf, &m->functions->extents, address) ||
	    is_before_sigreturn(m->functions, address)) {
		/* libc's __restore_rt, as gdb says it */
		strbuf_puts(out, "<signal handler called>");
		return strbuf_error(out);
	}
	if (elf_functions_find(&m->functions->elf, &m->functions->extents, address, &start))
		return module_place(ms, module, start, out);
	if (!begins_stack(m->functions, address))
		return -ENOENT;
	if (symtab_find(&m->functions->code, address + 1, &symbol))
		demangle(symbol.name, out);
	else
		strbuf_puts(out, STACKS_NEW);
	return strbuf_error(out);
}

void module_forget_functions(struct modules *ms, uint32_t module)
{
	struct module *m = &ms->list.at[module];

	if (m->kept)
		return;
	functions_free(m->functions);
	m->functions = NULL;
}

static int module_read_data(struct modules *ms, struct module *m)
{
	struct elf e;
	int error;

	if (m->data_read)
		return 0;
	error = module_elf(ms, m, &e);
	if (!error) {
		error = module_add_symbols(ms, m, &e, NULL, &m->data);
		elf_release(&e);
	}
	if (error == -ENOMEM) {
		symtab_release(&m->data);
		return error;
	}
	m->data_read = true;
	return 0;
}

int module_variable(struct modules *ms, uint32_t module, uint64_t address, struct strbuf *out)
{
	struct module *m = &ms->list.at[module];
	struct symbol symbol;
	int error = module_read_data(ms, m);

	if (error)
		return error;
	if (!symtab_find(&m->data, address, &symbol)) {
		strbuf_addf(out, "%s+0x%" PRIx64, module_short_name(ms, module), address);
	} else {
		demangle(symbol.name, out);
		if (address != symbol.start)
			strbuf_addf(out, "+0x%" PRIx64, address - symbol.start);
	}
	return strbuf_error(out);
}
