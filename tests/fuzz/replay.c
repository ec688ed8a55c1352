/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * replay: runs a harness on each file of its corpus, and on variants of the
 * file: cut off at some places, and with one byte changed at some places. They
 * are the same in every run.
 *
 * Each file has a process of its own, so that a crash can be told with the
 * variant that made it. What it is working on stands in shared memory.
 */
#include "fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	CUTS = 256, /* a file; small files are cut everywhere */
	CHANGES = 2048,
	SECONDS = 60, /* a file */
};

struct progress {
	size_t runs;
	char variant[64];
};

static int usage(const char *name)
{
	fprintf(stderr, "usage: %s FILE|FOLDER...\n", name);
	return 2;
}

/* A copy of just that size, so that reading beyond it is seen. */
static void run_once(const uint8_t *data, size_t size, struct progress *progress)
{
	uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		_exit(3);
	memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	progress->runs++;
	free(copy);
}

static void run_variants(uint8_t *data, size_t size, struct progress *progress)
{
	size_t cuts = size < CUTS ? size : CUTS, changes = size * 8 < CHANGES ? size * 8 : CHANGES;
	uint64_t random = 1;

	snprintf(progress->variant, sizeof(progress->variant), "as it is");
	run_once(data, size, progress);
	for (size_t i = 0; i < cuts; i++) {
		size_t left = size * i / cuts;

		snprintf(progress->variant, sizeof(progress->variant), "cut to %zu bytes", left);
		run_once(data, left, progress);
	}
	for (size_t i = 0; i < changes; i++) {
		size_t at = size * i / changes;
		uint8_t was = data[at];

		random = random * 6364136223846793005u + 1442695040888963407u;
		/* counts and lengths break at all bits set, flags at one bit */
		data[at] = i % 3 ? was ^ (uint8_t)(1u << (random >> 61)) : (uint8_t)(random >> 56);
		if (i % 16 == 0)
			data[at] = 0xff;
		snprintf(progress->variant, sizeof(progress->variant), "byte %zu changed to 0x%02x",
			 at, data[at]);
		run_once(data, size, progress);
		data[at] = was;
	}
}

static uint8_t *read_whole(const char *path, size_t *ret_size)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = NULL;
	long size;

	if (!file)
		return NULL;
	if (!fseek(file, 0, SEEK_END) && (size = ftell(file)) >= 0) {
		rewind(file);
		data = malloc((size_t)size + 1);
		*ret_size = data ? fread(data, 1, (size_t)size, file) : 0;
	}
	fclose(file);
	return data;
}

/* One input in a process of its own. @path NULL: the empty input. */
static bool run_file(const char *path, struct progress *progress)
{
	pid_t child;
	int status;

	progress->variant[0] = '\0';
	fflush(stdout);
	child = fork();
	if (child < 0) {
		perror("fork");
		return false;
	}
	if (!child) {
		size_t size = 0;
		uint8_t *data = path ? read_whole(path, &size) : malloc(1);

		alarm(SECONDS);
		if (!data) {
			perror(path ? path : "malloc");
			_exit(3);
		}
		run_variants(data, size, progress);
		free(data);
		exit(0); /* not _exit: leaks are looked for at the end */
	}
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return false;
	if (!status)
		return true;
	printf("not ok %s: %s %d\n", path ? path : "the empty input",
	       WIFSIGNALED(status) ? "killed by signal" : "exit status",
	       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	printf("# %s\n", progress->variant[0] ? progress->variant : "could not be read");
	return false;
}

/* A file, or the files of a folder in order of their names. */
static bool run_path(const char *folder, struct progress *progress, size_t *files)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, NULL, alphasort);
	bool good = true;

	if (count < 0) {
		++*files;
		return run_file(folder, progress);
	}
	for (int i = 0; i < count; i++) {
		char path[PATH_MAX];

		if (entries[i]->d_name[0] != '.') {
			snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
			good &= run_file(path, progress);
			++*files;
		}
		free(entries[i]);
	}
	free(entries);
	return good;
}

int main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/'), *name = slash ? slash + 1 : argv[0];
	struct progress *progress = mmap(NULL, sizeof(*progress), PROT_READ | PROT_WRITE,
					 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	size_t files = 0;
	bool good;

	if (argc < 2)
		return usage(name);
	if (progress == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	good = run_file(NULL, progress);
	for (int i = 1; i < argc; i++)
		good &= run_path(argv[i], progress, &files);
	if (!files) {
		printf("not ok %s: no inputs in %s\n", name, argv[1]);
		return 1;
	}
	if (good)
		printf("ok %s: %zu files, %zu runs\n", name, files, progress->runs);
	return !good;
}
