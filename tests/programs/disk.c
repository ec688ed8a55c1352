/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * disk FILE fsync|read|map COUNT
 *
 * A thread that waits for FILE: by writing 64 KiB and fsync, by reading pages
 * that are not in the page cache, or by touching such pages of a mapping
 * (a page fault, no system call). FILE is left behind.
 */
#include "truth.h"

#include <sys/stat.h>
#include <sys/statfs.h>

enum { PAGE = 4096, BLOCK = 64 * 1024, STRIDE = 64 * PAGE, TMPFS = 0x01021994 };

struct job {
	const char *path;
	uint64_t count;
	void (*run)(struct job *j, int fd);
	struct span life, wait;
};

static void write_and_sync(struct job *j, int fd)
{
	static char block[BLOCK];

	for (uint64_t i = 0; i < j->count; i++) {
		memset(block, (int)i, sizeof(block));
		if (pwrite(fd, block, sizeof(block), (off_t)(i * BLOCK)) != BLOCK)
			die("write");
		span_begin(&j->wait);
		if (fsync(fd))
			die("fsync");
		span_end(&j->wait);
	}
}

/* FILE, written and forgotten by the page cache: COUNT pages worth reading, far apart. */
static void fill(struct job *j, int fd)
{
	static char block[STRIDE];

	memset(block, 1, sizeof(block));
	for (uint64_t i = 0; i < j->count; i++)
		if (pwrite(fd, block, sizeof(block), (off_t)(i * STRIDE)) != STRIDE)
			die("write");
	if (fsync(fd))
		die("fsync");
	if (posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) ||
	    posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM))
		die("posix_fadvise");
}

static void read_pages(struct job *j, int fd)
{
	char page[PAGE];

	for (uint64_t i = j->count; i-- > 0;) {
		span_begin(&j->wait);
		if (pread(fd, page, sizeof(page), (off_t)(i * STRIDE)) != PAGE)
			die("read");
		span_end(&j->wait);
	}
}

static void touch_pages(struct job *j, int fd)
{
	size_t size = j->count * STRIDE;
	volatile const char *map = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);

	if (map == MAP_FAILED)
		die("mmap");
	if (madvise((void *)(uintptr_t)map, size, MADV_RANDOM))
		die("madvise");
	for (uint64_t i = j->count; i-- > 0;) {
		span_begin(&j->wait);
		if (map[i * STRIDE] != 1)
			die("mapping");
		span_end(&j->wait);
	}
}

static void *work(void *argument)
{
	struct job *j = argument;
	struct statfs fs;
	int fd;

	span_open(&j->life);
	span_birth(&j->life);
	span_open(&j->wait);
	fd = open(j->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		die("%s", j->path);
	if (!fstatfs(fd, &fs) && fs.f_type == TMPFS) {
		errno = EINVAL;
		skip("no disk under a tmpfs");
	}
	if (j->run != write_and_sync)
		fill(j, fd);
	j->run(j, fd);
	span_end(&j->life);
	close(fd);
	return NULL;
}

int main(int argc, char **argv)
{
	const char *how = word(argc, argv, 2, "fsync");
	struct job job = { .path = word(argc, argv, 1, "disk.tmp") };

	job.count = number(argc, argv, 3, 100);
	job.run = !strcmp(how, "fsync") ? write_and_sync :
		  !strcmp(how, "read") ? read_pages :
					 touch_pages;
	pthread_join(start(work, &job), NULL);
	printf("{\"count\": %" PRIu64 ", ", job.count);
	spans_print("threads", &job.life, sizeof(job.life), 1);
	printf(", ");
	spans_print("waits", &job.wait, sizeof(job.wait), 1);
	printf("}\n");
	return 0;
}
