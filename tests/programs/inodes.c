/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * inodes append|truncate|rename|list
 *
 * Four threads want one lock of the kernel, for half a second: the position of an open file
 * that they write to, the inode of a file that they cut, or that of a directory in which they
 * rename files or that they list and change. They wait for little else.
 */
#include "truth.h"

#include <dirent.h>
#include <sys/stat.h>

enum { THREADS = 4, SIZE = 1 << 18 };

static const char folder[] = "inodes.data", file[] = "inodes.data/file";
static const char *mode;
static uint64_t end_ns;
static int fd;
static char bytes[SIZE];

static void list(void)
{
	DIR *dir = opendir(folder);

	while (dir && readdir(dir))
		;
	if (!dir || closedir(dir))
		die("%s", folder);
}

static void *fight(void *argument)
{
	unsigned int index = (unsigned int)(uintptr_t)argument;
	char from[64], to[64];

	snprintf(from, sizeof(from), "%s/from-%u", folder, index);
	snprintf(to, sizeof(to), "%s/to-%u", folder, index);
	close(open(from, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	while (now_ns() < end_ns) {
		int rc = 0;

		if (!strcmp(mode, "append"))
			rc = write(fd, bytes, SIZE) < 0;
		else if (!strcmp(mode, "truncate"))
			rc = ftruncate(fd, (index + 1) << 20) || pwrite(fd, bytes, SIZE, 0) < 0;
		else if (!strcmp(mode, "list"))
			list();
		if (rc || rename(from, to) || rename(to, from))
			die("%s", mode);
	}
	unlink(from);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];

	mode = word(argc, argv, 1, "append");
	mkdir(folder, 0700);
	fd = open(file, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0)
		die("%s", file);
	end_ns = now_ns() + 500 * NS_PER_MS;
	for (uintptr_t i = 0; i < THREADS; i++)
		threads[i] = start(fight, (void *)i);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	unlink(file);
	rmdir(folder);
	printf("{\"threads\": %d}\n", THREADS);
	return 0;
}
