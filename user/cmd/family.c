/* SPDX-License-Identifier: GPL-2.0-only */
#include "cmd/family.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "PID (any name) STATE PARENT …". False: it has ended. */
static bool parent_of(uint32_t pid, uint32_t *ret)
{
	char path[64], text[512], *end;
	bool found = false;
	FILE *stat;

	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	stat = fopen(path, "re");
	if (!stat)
		return false;
	text[fread(text, 1, sizeof(text) - 1, stat)] = '\0';
	end = strrchr(text, ')');
	found = end && sscanf(end + 1, " %*c %u", ret) == 1;
	fclose(stat);
	return found;
}

int family_read(struct family *f)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int rc = 0;

	while (proc && !rc && (entry = readdir(proc))) {
		struct kinship k = { .pid = (uint32_t)strtoul(entry->d_name, NULL, 10) };

		if (k.pid && parent_of(k.pid, &k.parent))
			rc = vec_push(&f->list, k);
	}
	if (proc)
		closedir(proc);
	return rc;
}

void family_release(struct family *f)
{
	vec_release(&f->list);
}

uint32_t family_next(const struct family *f, size_t *pos, uint32_t parent)
{
	while (*pos < f->list.count) {
		const struct kinship *k = &f->list.at[(*pos)++];

		if (k->parent == parent)
			return k->pid;
	}
	return 0;
}
