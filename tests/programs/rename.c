/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * rename
 *
 * Takes names that a careless reader sends to a terminal, or puts unquoted
 * into JSON or SVG: threads, arguments (it executes itself with them) and a
 * FIFO that it waits for.
 */
#include "truth.h"

#include <sys/stat.h>

static const char *const names[] = {
	"\033[31mred\033[0m",
	"\033]0;title\007",
	"new\nline\ttab",
	"\2332J\377\376",
	"q\"b\\s/<&>';",
};
static const char fifo[] = "fifo\033[2J\n<x>.tmp";

static void *rename_and_wait(void *argument)
{
	prctl(PR_SET_NAME, argument);
	for (int i = 0; i < 5; i++)
		sleep_ns(5 * NS_PER_MS);
	return NULL;
}

static void *wait_for_fifo(void *argument)
{
	char byte;
	int fd = open(fifo, O_RDONLY | O_CLOEXEC);

	(void)argument;
	if (fd < 0 || read(fd, &byte, 1) < 0)
		die("fifo");
	close(fd);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[ARRAY_SIZE(names)], reader;
	int fd;

	if (argc < 2) {
		char *const arguments[] = { (char *)"\033[5mrename\007", (char *)"\033c\n\"\\<x>",
					    NULL };

		execv(argv[0], arguments);
		die("exec");
	}
	unlink(fifo);
	if (mkfifo(fifo, 0600))
		die("mkfifo");
	prctl(PR_SET_NAME, names[0]);
	reader = start(wait_for_fifo, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		threads[i] = start(rename_and_wait, (void *)(uintptr_t)names[i]);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		pthread_join(threads[i], NULL);
	fd = open(fifo, O_WRONLY | O_CLOEXEC);
	sleep_ns(10 * NS_PER_MS);
	close(fd);
	pthread_join(reader, NULL);
	unlink(fifo);
	printf("{\"names\": %zu}\n", ARRAY_SIZE(names));
	return 0;
}
