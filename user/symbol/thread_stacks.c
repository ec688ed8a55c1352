/* SPDX-License-Identifier: GPL-2.0-only */
#include "symbol/thread_stacks.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Reading takes about a microsecond a thread. */
#define REST_NS_PER_THREAD 50000ull

enum {
	/* glibc's struct pthread is smaller, and ends where the stack does */
	TOP_SIZE_MAX = 4096,
	/* Up to here before the head are the thread's own numbers: joining waits for its TID. */
	TOP_BEFORE_HEAD = 1024,
};

void thread_stacks_init(struct thread_stacks *t)
{
	memset(t, 0, sizeof(*t));
}

void thread_stacks_release(struct thread_stacks *t)
{
	vec_release(&t->tops);
}

/* 0: it has none, is gone, or may not be asked. */
static uint64_t robust_head(uint32_t tid)
{
	void *head = NULL;
	size_t size;

	if (syscall(SYS_get_robust_list, (pid_t)tid, &head, &size))
		return 0;
	return (uintptr_t)head;
}

static int thread_stacks_read(struct thread_stacks *t, const char *proc, uint32_t tgid)
{
	char path[256];
	struct dirent *entry;
	int rc = 0;
	DIR *dir;

	t->tops.count = 0;
	snprintf(path, sizeof(path), "%s/%u/task", proc, tgid);
	dir = opendir(path);
	while (dir && !rc && (entry = readdir(dir))) {
		struct thread_top top = { .tid = (uint32_t)strtoul(entry->d_name, NULL, 10) };

		top.head = top.tid && top.tid != tgid ? robust_head(top.tid) : 0;
		if (top.head)
			rc = vec_push(&t->tops, top);
	}
	if (dir)
		closedir(dir);
	return rc;
}

/* The stack pointer of a thread that is off its core, 0 of others: "202 0x1 … 0xSP 0xIP". */
static int stack_pointer(const char *proc, uint32_t tgid, uint32_t tid, uint64_t *ret)
{
	struct strbuf text = STRBUF_INIT;
	char file[64], *blank;
	int rc;

	*ret = 0;
	snprintf(file, sizeof(file), "task/%u/syscall", tid);
	rc = proc_read(proc, tgid, file, &text);
	blank = rc ? NULL : strrchr(text.buf, ' ');
	if (blank) {
		*blank = '\0';
		blank = strrchr(text.buf, ' ');
	}
	if (blank)
		*ret = strtoull(blank + 1, NULL, 16);
	strbuf_release(&text);
	return rc == -ENOMEM ? rc : 0;
}

/* The landmark next above @address in @line; *ret_count: how many there are in all of it. */
static const struct thread_top *top_above(const struct thread_stacks *t,
					  const struct maps_line *line, uint64_t address,
					  size_t *ret_count)
{
	const struct thread_top *found = NULL;

	*ret_count = 0;
	for (size_t i = 0; i < t->tops.count; i++) {
		const struct thread_top *top = &t->tops.at[i];

		if (top->head < line->start || top->head >= line->end)
			continue;
		++*ret_count;
		if (top->head > address && (!found || top->head < found->head))
			found = top;
	}
	return found;
}

static int find_main(const char *proc, uint32_t tgid, const struct maps_line *line,
		     uint64_t address, uint32_t *ret_tid)
{
	uint64_t sp;
	int rc = stack_pointer(proc, tgid, tgid, &sp);

	*ret_tid = sp >= line->start && sp <= address ? tgid : 0;
	return rc;
}

int thread_stacks_find(struct thread_stacks *t, const char *proc, uint32_t tgid, uint64_t time_ns,
		       const struct maps_line *line, bool guarded, uint64_t address,
		       uint32_t *ret_tid)
{
	const struct thread_top *top;
	size_t count;
	uint64_t sp;
	int rc;

	if (!strcmp(line->path, "[stack]"))
		return find_main(proc, tgid, line, address, ret_tid);
	*ret_tid = 0;
	top = top_above(t, line, address, &count);
	/* threads come and go, and get the stacks of others */
	if (top ? robust_head(top->tid) != top->head : time_ns >= t->again_ns) {
		rc = thread_stacks_read(t, proc, tgid);
		if (rc)
			return rc;
		t->again_ns = time_ns + (t->tops.count + 1) * REST_NS_PER_THREAD;
		top = top_above(t, line, address, &count);
	}
	if (!top || address + TOP_BEFORE_HEAD > top->head)
		return 0;
	rc = stack_pointer(proc, tgid, top->tid, &sp);
	/* what it uses now; or all that is between a guard page and the only landmark */
	if (!rc && ((sp >= line->start && sp <= address) ||
		    (guarded && count == 1 && line->end - top->head <= TOP_SIZE_MAX)))
		*ret_tid = top->tid;
	return rc;
}

int thread_stack_name(const char *proc, uint32_t tgid, uint32_t tid, struct strbuf *out)
{
	size_t begin = out->len;
	char file[64];
	int rc;

	strbuf_addf(out, "stack of %u ", tid);
	begin = out->len;
	snprintf(file, sizeof(file), "task/%u/comm", tid);
	rc = proc_read(proc, tgid, file, out);
	/* the newline at its end, or without a name the blank before it */
	if (rc != -ENOMEM && out->len)
		strbuf_cut(out, out->len - (out->len == begin || out->buf[out->len - 1] == '\n'));
	return rc == -ENOMEM ? rc : strbuf_error(out);
}
