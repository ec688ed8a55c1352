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
	va_list ap;
	int n;

	if (!err)
		return code;
	memcpy(tail, error_text(err, code), strlen(error_text(err, code)) + 1);
	va_start(ap, fmt);
	n = vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof(err->msg)) {
		size_t left = sizeof(err->msg) - (size_t)n;

		if (left > 2) {
			memcpy(err->msg + n, ": ", 3);
			strncat(err->msg, tail, left - 3);
		}
	}
	return code;
}

const char *error_text(const struct error *err, int code)
{
	if (err && err->msg[0])
		return err->msg;
	return strerror(-code);
}
