/* SPDX-License-Identifier: GPL-2.0-only */
#include "cmd/command.h"

#include "base/log.h"
#include "base/sink.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void command_set_log(const struct command_log *log)
{
	log_set_level(log->quiet ? LOG_QUIET : log->verbose ? LOG_VERBOSE : LOG_NORMAL);
}

bool command_parse(const struct command *c, void *into, int argc, char **argv, bool stop_at_word,
		   int *ret_words, bool *ret_dashes, int *ret_status)
{
	struct error err = ERROR_INIT;
	struct strbuf help = STRBUF_INIT;
	int r = opts_parse(c->options, into, argc, argv, stop_at_word, ret_words, ret_dashes,
			   &err);

	if (!r)
		return true;
	if (r == -ECANCELED) {
		command_help(c, &help);
		*ret_status = command_print(&help);
		strbuf_release(&help);
	} else {
		*ret_status = command_usage(c, "%s", error_text(&err, r));
	}
	return false;
}

int command_usage(const struct command *c, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	log_error("%s: %s", c->name, line);
	log_error("'runwait help %s' shows how to use it", c->name);
	return STATUS_USAGE;
}

int command_failed(const struct error *err, int code)
{
	log_error("%s", error_text(err, code));
	return STATUS_FAILED;
}

void command_help(const struct command *c, struct strbuf *out)
{
	const char *lead = "usage: ", *line = c->usage;

	while (line) {
		const char *end = strchr(line, '\n');

		strbuf_addf(out, "%srunwait %s %.*s\n", lead, c->name,
			    (int)(end ? (size_t)(end - line) : strlen(line)), line);
		lead = "       ";
		line = end ? end + 1 : NULL;
	}
	strbuf_addf(out, "\n%s\n\noptions:\n", c->summary);
	opts_help(c->options, out);
	if (c->notes)
		strbuf_addf(out, "\n%s", c->notes);
}

int command_print(const struct strbuf *text)
{
	int r = strbuf_error(text);
	struct sink out;

	if (!r) {
		sink_open_fd(&out, STDOUT_FILENO);
		sink_add(&out, text->buf, text->len);
		r = sink_close(&out);
	}
	if (!r)
		return STATUS_OK;
	log_error("writing to stdout: %s", strerror(-r));
	return STATUS_FAILED;
}
