/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int error_set(struct error *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return code;
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	return code;
}

int error_prefix(struct error *err, int code, const char *fmt, ...)
{
	char tail[sizeof(err->msg)];
	size_t at, len;
	va_list ap;

	if (!err)
		return code;
	len = strlen(error_text(err, code));
	if (len > sizeof(tail) - 1)
		len = sizeof(tail) - 1;
	memcpy(tail, error_text(err, code), len);
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	at = strlen(err->msg);
	if (at + 2 >= sizeof(err->msg))
		return code;
	memcpy(err->msg + at, ": ", 2);
	at += 2;
	if (len > sizeof(err->msg) - 1 - at)
		len = sizeof(err->msg) - 1 - at;
	memcpy(err->msg + at, tail, len);
	err->msg[at + len] = '\0';
	return code;
}

const char *error_text(const struct error *err, int code)
{
	if (err && err->msg[0])
		return err->msg;
	return strerror(-code);
}
