/* SPDX-License-Identifier: GPL-2.0-only */
/* main: finds the command and runs it. */
#include "base/log.h"
#include "cmd/command.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define COMMAND_ENTRY(name) &command_##name,
static const struct command *const commands[] = { COMMANDS(COMMAND_ENTRY) NULL };

static const struct command *find_command(const char *name)
{
	for (const struct command *const *c = commands; *c; c++)
		if (!strcmp((*c)->name, name))
			return *c;
	return NULL;
}

/* A file opened as descriptor 1 would be mixed with output: see that 0 to 2 are taken. */
static bool standard_descriptors_open(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static int unknown_command(const char *name)
{
	log_error("unknown command '%s'", name);
	log_error("'runwait help' lists the commands");
	return STATUS_USAGE;
}

static void list_commands(struct strbuf *out)
{
	strbuf_puts(out, "usage: runwait COMMAND [options]\n"
			 "       runwait help COMMAND | --help | --version\n"
			 "\n"
			 "Says where the time of a program's threads went: running, waiting for a\n"
			 "core, or waiting for something, for what, and who ended the wait.\n"
			 "\n"
			 "commands:\n");
	for (const struct command *const *c = commands; *c; c++)
		strbuf_addf(out, "  %-8s  %s\n", (*c)->name, (*c)->summary);
}

/* `help`, `help COMMAND`; @name may be NULL. */
static int help(const char *name)
{
	const struct command *c = name ? find_command(name) : NULL;
	struct strbuf text = STRBUF_INIT;
	int status;

	if (name && !c)
		return unknown_command(name);
	if (c)
		command_help(c, &text);
	else
		list_commands(&text);
	status = command_print(&text);
	strbuf_release(&text);
	return status;
}

static int version(void)
{
	struct strbuf text = STRBUF_INIT;
	int status;

	strbuf_addf(&text, "runwait %s\n", runwait_version);
	status = command_print(&text);
	strbuf_release(&text);
	return status;
}

int main(int argc, char **argv)
{
	const struct command *c;

	if (!standard_descriptors_open())
		return STATUS_FAILED;
	/* a reader that leaves is an error of write(), told apart there */
	signal(SIGPIPE, SIG_IGN);
	if (argc < 2) {
		log_error("no command given");
		log_error("'runwait help' lists the commands");
		return STATUS_USAGE;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "version"))
		return version();
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))
		return help(argv[2]);
	c = find_command(argv[1]);
	if (!c)
		return unknown_command(argv[1]);
	return c->run(argc - 1, argv + 1);
}
