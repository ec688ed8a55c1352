/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A process is a list of eras, each from a fork or an exec on, with the image
 * of that time. Exec, fork and mappings come on different roads, so each is
 * put where its time says.
 */
#include "symbol/space.h"

#include "base/map.h"
#include "symbol/data_map.h"
#include "symbol/image.h"
#include "symbol/thread_stacks.h"

#include <inttypes.h>
#include <string.h>

enum {
	/* Between two looks into /proc/PID/maps for addresses that nobody told
	 * of; doubled after each look that brought nothing. */
	SCAN_REST_NS = 20000000,
	SCAN_REST_MAX_NS = 2000000000,
	/* The kernel reports an exec when it is over and what it mapped before
	 * that. What is taken over of the old program by mistake lies where the
	 * new one has nothing. */
	EXEC_NS = 500000000,
};

struct era {
	uint64_t from_ns;
	bool exec; /* it began with one */
	struct image *image; /* one reference; shared after fork */
};

struct process {
	VEC(struct era) eras; /* by time; at least one */
	uint64_t exit_ns; /* 0: lives */
	uint64_t scan_ns, scan_rest_ns; /* the next look into /proc is not before */
	struct data_map *data; /* NULL: never asked for */
	struct thread_stacks stacks;
};

struct spaces {
	char *proc;
	struct modules *modules;
	struct map processes; /* tgid -> struct process * */
};

struct spaces *spaces_new(const char *proc, struct modules *modules)
{
	struct spaces *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->modules = modules;
	s->proc = strdup(proc);
	if (!s->proc) {
		free(s);
		return NULL;
	}
	return s;
}

static void process_free(struct process *p)
{
	for (size_t i = 0; i < p->eras.count; i++)
		image_unref(p->eras.at[i].image);
	vec_release(&p->eras);
	if (p->data)
		data_map_release(p->data);
	free(p->data);
	thread_stacks_release(&p->stacks);
	free(p);
}

void spaces_free(struct spaces *s)
{
	uint64_t tgid, p;

	if (!s)
		return;
	for (size_t at = 0; map_next(&s->processes, &at, &tgid, &p);)
		process_free((struct process *)(uintptr_t)p);
	map_release(&s->processes);
	free(s->proc);
	free(s);
}

static struct process *process_find(const struct spaces *s, uint32_t tgid)
{
	const uint64_t *p = map_get(&s->processes, tgid);

	return p ? (struct process *)(uintptr_t)*p : NULL;
}

/* Starts an era with @image, whose reference it takes even when it fails. */
static int process_add_era(struct process *p, uint64_t time_ns, bool exec, struct image *image)
{
	size_t at = p->eras.count;

	if (!image || vec_reserve(&p->eras, 1)) {
		image_unref(image);
		return -ENOMEM;
	}
	while (at && p->eras.at[at - 1].from_ns > time_ns) {
		p->eras.at[at] = p->eras.at[at - 1];
		at--;
	}
	p->eras.at[at] = (struct era){ time_ns, exec, image };
	p->eras.count++;
	return 0;
}

/* The process as it was at @time_ns: before its first era, that one. */
static struct era *process_era(struct process *p, uint64_t time_ns)
{
	size_t i = p->eras.count - 1;

	while (i && p->eras.at[i].from_ns > time_ns)
		i--;
	return &p->eras.at[i];
}

/* A new process, with @image (whose reference is taken). NULL when out of memory. */
static struct process *process_add(struct spaces *s, uint32_t tgid, uint64_t time_ns,
				   struct image *image)
{
	struct process *p = calloc(1, sizeof(*p));

	if (!p) {
		image_unref(image);
		return NULL;
	}
	if (process_add_era(p, time_ns, false, image) ||
	    map_put(&s->processes, tgid, (uint64_t)(uintptr_t)p)) {
		process_free(p);
		return NULL;
	}
	return p;
}

static void process_begin_life(struct process *p)
{
	p->exit_ns = p->scan_ns = p->scan_rest_ns = 0;
	if (p->data) {
		data_map_release(p->data);
		data_map_init(p->data);
	}
}

/* The process, made if there is none. One that had ended is another now. */
static struct process *process_get(struct spaces *s, uint32_t tgid, uint64_t time_ns)
{
	struct process *p = process_find(s, tgid);

	if (!p)
		return process_add(s, tgid, time_ns, image_new());
	if (p->exit_ns && p->exit_ns < time_ns) {
		if (process_add_era(p, time_ns, false, image_new()))
			return NULL;
		process_begin_life(p);
	}
	return p;
}

/* Adds a mapping to an era, which stops sharing its image with others then. */
static int era_map(struct era *era, const struct mapping *m, bool *ret_new)
{
	if (era->image->refs > 1) {
		struct image *own = image_clone(era->image);

		if (!own)
			return -ENOMEM;
		image_unref(era->image);
		era->image = own;
	}
	return image_map(era->image, m, ret_new);
}

static int process_map(struct spaces *s, struct process *p, uint64_t time_ns,
		       const struct module_file *file, uint64_t offset, bool *ret_new)
{
	struct mapping m = {
		.start = file->start, .end = file->end, .offset = offset, .from_ns = time_ns
	};
	int error = modules_get(s->modules, file, &m.module);
	struct era *era = process_era(p, time_ns), *next = process_era(p, time_ns + EXEC_NS);

	if (!error)
		error = era_map(era, &m, ret_new);
	if (!error && next != era && next->exec)
		error = era_map(next, &m, ret_new);
	return error;
}

int spaces_map(struct spaces *s, uint64_t time_ns, const struct module_file *file,
	       uint64_t offset)
{
	struct process *p = process_get(s, file->tgid, time_ns);

	return p ? process_map(s, p, time_ns, file, offset, NULL) : -ENOMEM;
}

static struct module_file line_file(uint32_t tgid, const struct maps_line *line)
{
	return (struct module_file){
		.tgid = tgid,
		.start = line->start,
		.end = line->end,
		.major = line->major,
		.minor = line->minor,
		.inode = line->inode,
		.path = line->path,
	};
}

/* Looks into /proc/TGID/maps; *ret_new says whether that brought anything. */
static int process_scan(struct spaces *s, struct process *p, uint32_t tgid, uint64_t time_ns,
			bool *ret_new)
{
	struct strbuf text = STRBUF_INIT;
	struct maps_line line;
	int error = proc_read(s->proc, tgid, "maps", &text);
	char *rest = text.buf;

	*ret_new = false;
	while (!error && text.len && maps_next(&rest, &line)) {
		struct module_file file = line_file(tgid, &line);
		bool is_new = false;

		/* [vsyscall] lies in the kernel's half */
		if (!line.execute || line.start >> 63)
			continue;
		error = process_map(s, p, time_ns, &file, line.offset, &is_new);
		*ret_new |= is_new;
	}
	strbuf_release(&text);
	return error == -ENOMEM ? error : 0;
}

int spaces_seed(struct spaces *s, uint32_t tgid, uint64_t time_ns)
{
	struct process *p = process_get(s, tgid, time_ns);
	bool is_new;

	return p ? process_scan(s, p, tgid, time_ns, &is_new) : -ENOMEM;
}

int spaces_fork(struct spaces *s, uint64_t time_ns, uint32_t parent_tgid, uint32_t tgid)
{
	struct process *parent = process_find(s, parent_tgid), *p;
	struct image *image;

	/* its own /proc will tell, if it asks before it execs */
	if (!parent || parent_tgid == tgid)
		return 0;
	p = process_find(s, tgid);
	image = process_era(parent, time_ns)->image;
	image->refs++;
	if (!p)
		return process_add(s, tgid, time_ns, image) ? 0 : -ENOMEM;
	if (process_add_era(p, time_ns, false, image))
		return -ENOMEM;
	if (p->exit_ns && p->exit_ns < time_ns)
		process_begin_life(p);
	return 0;
}

int spaces_exec(struct spaces *s, uint64_t time_ns, uint32_t tgid)
{
	struct process *p = process_get(s, tgid, time_ns);
	struct image *image = image_new();
	const struct era *before;
	uint64_t since = time_ns > EXEC_NS ? time_ns - EXEC_NS : 0;

	if (!p || !image) {
		image_unref(image);
		return -ENOMEM;
	}
	before = process_era(p, time_ns);
	if (image_copy_since(before->image, since > before->from_ns ? since : before->from_ns,
			     image)) {
		image_unref(image);
		return -ENOMEM;
	}
	p->scan_ns = p->scan_rest_ns = 0;
	if (p->data) {
		data_map_release(p->data);
		data_map_init(p->data);
	}
	return process_add_era(p, time_ns, true, image);
}

void spaces_exit(struct spaces *s, uint64_t time_ns, uint32_t tgid)
{
	struct process *p = process_find(s, tgid);

	if (p && process_era(p, UINT64_MAX)->from_ns <= time_ns)
		p->exit_ns = time_ns;
}

void spaces_forget(struct spaces *s, uint64_t time_ns)
{
	uint64_t tgid, value;

	for (size_t at = 0; map_next(&s->processes, &at, &tgid, &value);) {
		struct process *p = (struct process *)(uintptr_t)value;
		size_t old = 0;

		if (p->exit_ns && p->exit_ns < time_ns) {
			process_free(p);
			map_del(&s->processes, tgid);
			continue;
		}
		while (old + 1 < p->eras.count && p->eras.at[old + 1].from_ns < time_ns)
			image_unref(p->eras.at[old++].image);
		memmove(p->eras.at, p->eras.at + old,
			(p->eras.count - old) * sizeof(*p->eras.at));
		p->eras.count -= old;
	}
}

size_t spaces_code(const struct spaces *s, uint32_t tgid, const struct mapping **ret)
{
	struct process *p = process_find(s, tgid);
	const struct image *image = p ? process_era(p, UINT64_MAX)->image : NULL;

	*ret = image ? image->now.at : NULL;
	return image ? image->now.count : 0;
}

/* Looks into /proc if it is time to. *ret_new: whether to search again. */
static int process_rescan(struct spaces *s, struct process *p, uint32_t tgid, uint64_t time_ns,
			  bool *ret_new)
{
	int error;

	*ret_new = false;
	if (p->exit_ns || time_ns < p->scan_ns)
		return 0;
	error = process_scan(s, p, tgid, time_ns, ret_new);
	if (*ret_new || !p->scan_rest_ns)
		p->scan_rest_ns = SCAN_REST_NS;
	else if (p->scan_rest_ns < SCAN_REST_MAX_NS)
		p->scan_rest_ns *= 2;
	p->scan_ns = time_ns + p->scan_rest_ns;
	return error;
}

int spaces_find(struct spaces *s, uint32_t tgid, uint64_t time_ns, uint64_t address,
		struct space_place *ret)
{
	struct process *p = process_find(s, tgid);
	const struct mapping *m;
	bool is_new;
	int error;

	if (!p && !(p = process_add(s, tgid, time_ns, image_new())))
		return -ENOMEM;
	m = image_find(process_era(p, time_ns)->image, time_ns, address);
	if (!m) {
		error = process_rescan(s, p, tgid, time_ns, &is_new);
		if (error)
			return error;
		if (is_new)
			m = image_find(process_era(p, time_ns)->image, time_ns, address);
		if (!m)
			return process_era(p, time_ns)->image->now.count ? -ENOENT : -ESRCH;
	}
	ret->module = m->module;
	ret->offset = address;
	if (m->module == MODULE_ID_VDSO)
		ret->offset = address - m->start;
	else if (m->module != MODULE_ID_JIT)
		ret->offset = address - m->start + m->offset;
	return 0;
}

/* The module whose variables, .bss too, are at @address: what is loaded with its code. */
static bool image_find_data(const struct spaces *s, const struct image *image, uint64_t address,
			    uint32_t *ret_module, uint64_t *ret_address)
{
	for (size_t i = 0; i < image->now.count; i++) {
		const struct mapping *m = &image->now.at[i];
		uint64_t bias;

		if (module_bias(s->modules, m->module, m->start, m->offset, &bias) &&
		    module_has_address(s->modules, m->module, address - bias)) {
			*ret_module = m->module;
			*ret_address = address - bias;
			return true;
		}
	}
	return false;
}

/* A file that is mapped as data only: shared memory, mostly. */
static int describe_file(struct spaces *s, uint32_t tgid, const struct maps_line *line,
			 uint64_t address, struct strbuf *out)
{
	struct module_file file = line_file(tgid, line);
	uint64_t offset = address - line->start + line->offset, own;
	const char *name = strrchr(line->path, '/') + 1;
	uint32_t module;
	int error;

	if (!line->shared) {
		error = modules_get(s->modules, &file, &module);
		if (error)
			return error;
		if (module_data_address(s->modules, module, offset, &own))
			return module_variable(s->modules, module, own, out);
	}
	/* mmap(MAP_SHARED | MAP_ANONYMOUS): a file that nobody can see */
	if (!strncmp(line->path, "/dev/zero", strlen("/dev/zero"))) {
		strbuf_addf(out, "shared anon+0x%" PRIx64, offset);
	} else {
		strbuf_add(out, name, maps_path_length(name));
		strbuf_addf(out, "+0x%" PRIx64, offset);
	}
	return strbuf_error(out);
}

static int process_data_map(struct spaces *s, struct process *p, uint32_t tgid,
			    uint64_t time_ns)
{
	if (!p->data) {
		p->data = malloc(sizeof(*p->data));
		if (!p->data)
			return -ENOMEM;
		data_map_init(p->data);
	}
	return p->exit_ns ? 0 : data_map_refresh(p->data, s->proc, tgid, time_ns);
}

/* Which byte of which file (memory without a name has one that nobody sees). Never 0. */
static uint64_t sharing_of(const struct maps_line *line, uint64_t address)
{
	uint64_t file = hash_u64((uint64_t)line->major << 32 | line->minor) ^ line->inode;

	return hash_u64(hash_u64(file) + (address - line->start + line->offset)) | 1;
}

/*
 * What has ended before anybody asked left its mappings to nobody. Memory that it shared
 * with a process of its own fork lies at the same place there: shared mappings
 * are inherited, and whoever execs has an image of its own.
 */
static const struct maps_line *find_inherited(const struct spaces *s, const struct process *p,
					      const struct image *image, uint64_t time_ns,
					      uint64_t address)
{
	struct process *other;
	uint64_t tgid, at;
	size_t pos = 0;

	while (map_next(&s->processes, &pos, &tgid, &at)) {
		const struct maps_line *line;

		other = (struct process *)(uintptr_t)at;
		if (other == p || !other->data || process_era(other, time_ns)->image != image)
			continue;
		line = data_map_find(other->data, address);
		if (line && line->shared)
			return line;
	}
	return NULL;
}

/* What no file has. Whoever has ended has no threads to ask. */
static int describe_memory(struct spaces *s, struct process *p, uint32_t tgid, uint64_t time_ns,
			   const struct maps_line *line, uint64_t address, struct strbuf *out,
			   uint32_t *ret_tid)
{
	const struct maps_line *below;
	uint32_t tid = 0;
	int error = 0;

	if (!p->exit_ns && !line->shared) {
		below = data_map_find(p->data, line->start - 1);
		error = thread_stacks_find(&p->stacks, s->proc, tgid, time_ns, line,
					   below && below->closed, address, &tid);
	}
	if (ret_tid)
		*ret_tid = tid;
	if (!error && tid)
		return thread_stack_name(s->proc, tgid, tid, out);
	strbuf_puts(out, line->path[0] ? line->path : "anon");
	return error ? error : strbuf_error(out);
}

int spaces_describe(struct spaces *s, uint32_t tgid, uint64_t time_ns, uint64_t address,
		    struct strbuf *out, uint64_t *ret_sharing, uint32_t *ret_tid)
{
	struct process *p = process_find(s, tgid);
	const struct maps_line *line = NULL;
	uint64_t own;
	uint32_t module;
	bool is_new;
	int error;

	if (ret_sharing)
		*ret_sharing = 0;
	if (ret_tid)
		*ret_tid = 0;
	if (!p && !(p = process_add(s, tgid, time_ns, image_new())))
		return -ENOMEM;
	if (!process_era(p, time_ns)->image->now.count) {
		error = process_rescan(s, p, tgid, time_ns, &is_new);
		if (error)
			return error;
	}
	if (image_find_data(s, process_era(p, time_ns)->image, address, &module, &own))
		return module_variable(s->modules, module, own, out);
	if (p->data)
		line = data_map_find(p->data, address);
	if (!line) {
		error = process_data_map(s, p, tgid, time_ns);
		if (error)
			return error;
		line = data_map_find(p->data, address);
	}
	if (!line && !p->data->lines.count)
		line = find_inherited(s, p, process_era(p, time_ns)->image, time_ns, address);
	if (!line)
		return 0;
	if (ret_sharing && line->shared)
		*ret_sharing = sharing_of(line, address);
	if (line->path[0] == '/')
		return describe_file(s, tgid, line, address, out);
	return describe_memory(s, p, tgid, time_ns, line, address, out, ret_tid);
}
