/* SPDX-License-Identifier: GPL-2.0-only */
#define _XOPEN_SOURCE 700
#include "fake_proc.h"

#include "unit.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int fake_proc_setup(void **state)
{
	struct fake_proc *p = calloc(1, sizeof(*p));

	if (!p)
		return -1;
	strcpy(p->folder, "/tmp/runwait-test-XXXXXX");
	if (!mkdtemp(p->folder))
		return -1;
	snprintf(p->proc, sizeof(p->proc), "%s/proc", p->folder);
	snprintf(p->debug, sizeof(p->debug), "%s/debug", p->folder);
	*state = p;
	return mkdir(p->proc, 0700) || mkdir(p->debug, 0700) ? -1 : 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

int fake_proc_teardown(void **state)
{
	struct fake_proc *p = *state;

	nftw(p->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(p);
	return 0;
}

/* The path of /proc/PID/NAME, whose folders exist then. */
static void fake_path(const struct fake_proc *p, uint32_t pid, const char *name, char *path,
		      size_t size)
{
	assert_true(snprintf(path, size, "%s/%u/%s", p->proc, pid, name) < (int)size);
	for (char *slash = path + strlen(p->proc); (slash = strchr(slash + 1, '/'));) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
}

void fake_file(struct fake_proc *p, uint32_t pid, const char *name, const char *text)
{
	char path[512];
	FILE *file;

	fake_path(p, pid, name, path, sizeof(path));
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
	assert_int_equal(fclose(file), 0);
}

void fake_link(struct fake_proc *p, uint32_t pid, const char *name, const char *target)
{
	char path[512];

	fake_path(p, pid, name, path, sizeof(path));
	assert_int_equal(symlink(target, path), 0);
}

const char *fake_copy(struct fake_proc *p, const char *from, const char *name)
{
	char buffer[4096];
	FILE *in, *out;
	size_t n;

	snprintf(p->last, sizeof(p->last), "%s/%s", p->folder, name);
	in = fopen(from, "r");
	out = fopen(p->last, "w");
	assert_non_null(in);
	assert_non_null(out);
	while ((n = fread(buffer, 1, sizeof(buffer), in)))
		assert_int_equal(fwrite(buffer, 1, n, out), n);
	fclose(in);
	assert_int_equal(fclose(out), 0);
	return p->last;
}
