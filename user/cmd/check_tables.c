/* SPDX-License-Identifier: GPL-2.0-only */
#include "cmd/check_tables.h"

#include "base/alloc.h"
#include "base/fmt.h"
#include "base/map.h"
#include "capture/clock.h"
#include "symbol/maps.h"
#include "unwind/table.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LISTED = 20, PATH_COLUMNS = 56 };

struct binary {
	char *path; /* owned */
	struct unwind_table table;
	uint64_t build_ns;
};

struct tables_check {
	struct unwind_arena arena; /* in ordinary memory: no probe reads it */
	struct map seen; /* by device and inode */
	VEC(struct binary) binaries;
	size_t failed; /* files that have no table */
	struct strbuf maps;
};

static uint32_t *chunk_new(void *ctx, uint32_t number)
{
	(void)ctx;
	(void)number;
	return calloc(UNWIND_CHUNK_WORDS, sizeof(uint32_t));
}

/* The file of a mapping, also when its path leads elsewhere by now. */
static int mapped_open(uint32_t pid, const struct maps_line *line)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/map_files/%llx-%llx", pid,
		 (unsigned long long)line->start, (unsigned long long)line->end);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 ? fd : open(line->path, O_RDONLY | O_CLOEXEC);
}

static int binary_add(struct tables_check *c, uint32_t pid, const struct maps_line *line)
{
	uint64_t key = hash_u64(line->inode) ^ ((uint64_t)line->major << 20 | line->minor);
	struct binary b = { 0 };
	uint64_t began;
	int fd, error;

	if (!line->execute || !line->inode || map_get(&c->seen, key))
		return 0;
	if (map_put(&c->seen, key, 1))
		return -ENOMEM;
	fd = mapped_open(pid, line);
	if (fd < 0)
		return 0;
	began = clock_monotonic_ns();
	error = unwind_table_build_fd(&b.table, &c->arena, fd);
	b.build_ns = clock_monotonic_ns() - began;
	close(fd);
	c->failed += error != 0;
	if (error)
		return error == -ENOMEM ? error : 0;
	b.path = strdup(line->path);
	if (!b.path || vec_push(&c->binaries, b)) {
		free(b.path);
		return -ENOMEM;
	}
	return 0;
}

static int process_add(struct tables_check *c, uint32_t pid)
{
	struct maps_line line;
	char *rest;
	int error;

	strbuf_clear(&c->maps);
	error = proc_read("/proc", pid, "maps", &c->maps);
	rest = c->maps.buf;
	while (!error && c->maps.len && maps_next(&rest, &line)) {
		error = binary_add(c, pid, &line);
		if (error)
			return error;
	}
	return error == -ENOMEM ? error : 0; /* it may have ended meanwhile */
}

static int processes_add(struct tables_check *c)
{
	DIR *proc = opendir("/proc");
	const struct dirent *d;
	int error = 0;

	while (proc && !error && (d = readdir(proc))) {
		char *end;
		unsigned long pid = strtoul(d->d_name, &end, 10);

		if (pid && !*end)
			error = process_add(c, (uint32_t)pid);
	}
	if (proc)
		closedir(proc);
	return error;
}

static int by_size(const void *x, const void *y)
{
	const struct binary *a = x, *b = y;

	if (a->table.words != b->table.words)
		return a->table.words < b->table.words ? 1 : -1;
	return strcmp(a->path, b->path);
}

static void line_print(struct strbuf *out, const char *path, uint64_t rows, uint64_t words,
		       uint64_t build_ns)
{
	struct strbuf cell = STRBUF_INIT;

	fmt_count(&cell, rows);
	strbuf_addf(out, "  %8s rows", cell.buf);
	strbuf_clear(&cell);
	fmt_size(&cell, words * sizeof(uint32_t));
	strbuf_addf(out, " %10s", cell.buf);
	strbuf_clear(&cell);
	fmt_ns(&cell, build_ns);
	strbuf_addf(out, " %8s  ", cell.buf);
	fmt_text(out, path, PATH_COLUMNS);
	strbuf_putc(out, '\n');
	strbuf_release(&cell);
}

static void print(struct tables_check *c, struct strbuf *out)
{
	uint64_t rows = 0, words = 0, build_ns = 0;

	if (c->binaries.count)
		qsort(c->binaries.at, c->binaries.count, sizeof(*c->binaries.at), by_size);
	strbuf_puts(out, "\nUnwind tables of what runs now: rows, memory, time to make; each file "
			 "once, by a\nthread beside the recording\n");
	for (size_t i = 0; i < c->binaries.count; i++) {
		const struct binary *b = &c->binaries.at[i];

		if (i < LISTED)
			line_print(out, b->path, b->table.rows, b->table.words, b->build_ns);
		rows += b->table.rows;
		words += b->table.words;
		build_ns += b->build_ns;
	}
	if (c->binaries.count > LISTED)
		strbuf_addf(out, "  … and %zu smaller ones\n", c->binaries.count - LISTED);
	line_print(out, "all of them", rows, words, build_ns);
	if (c->failed)
		strbuf_addf(out, "  %zu files have none: their code is followed by frame pointer\n",
			    c->failed);
}

int check_tables_print(struct strbuf *out)
{
	struct unwind_rule *rules = calloc(UNWIND_RULES_MAX, sizeof(*rules));
	struct tables_check c = { .maps = STRBUF_INIT };
	int error = rules ? unwind_arena_init(&c.arena, chunk_new, NULL, rules) : -ENOMEM;

	if (!error)
		error = processes_add(&c);
	if (!error)
		print(&c, out);
	for (size_t i = 0; i < c.binaries.count; i++)
		free(c.binaries.at[i].path);
	for (size_t i = 0; i < UNWIND_CHUNKS_MAX; i++)
		free(c.arena.chunks[i]);
	vec_release(&c.binaries);
	map_release(&c.seen);
	unwind_arena_release(&c.arena);
	strbuf_release(&c.maps);
	free(rules);
	return error;
}
