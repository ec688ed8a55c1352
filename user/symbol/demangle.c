/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mangled names repeat what they mention by a back reference of three bytes,
 * so a name of a hundred bytes can stand for gigabytes of text. Leaving
 * libiberty's callback interface by longjmp when the text is long enough is
 * the only way to stop it. It keeps nothing on the heap meanwhile, but for the
 * buffer of one punycode identifier in Rust: that is what a hostile name costs.
 */
#include "symbol/demangle.h"

#include <libiberty/demangle.h>
#include <setjmp.h>
#include <stdbool.h>
#include <string.h>

struct demangle_output {
	char text[DEMANGLE_MAX];
	size_t len;
	jmp_buf full;
};

static void demangle_put(const char *text, size_t len, void *opaque)
{
	struct demangle_output *o = opaque;
	size_t room = sizeof(o->text) - o->len;

	if (len > room) {
		memcpy(o->text + o->len, text, room);
		o->len = sizeof(o->text);
		longjmp(o->full, 1);
	}
	memcpy(o->text + o->len, text, len);
	o->len += len;
}

/* Rust's old mangling is valid C++ mangling: ask Rust first. */
static bool demangle_any(const char *name, struct demangle_output *o)
{
	if (rust_demangle_callback(name, DMGL_NO_OPTS, demangle_put, o))
		return true;
	o->len = 0;
	return cplus_demangle_v3_callback(name, DMGL_NO_OPTS, demangle_put, o);
}

void demangle(const char *name, struct strbuf *out)
{
	struct demangle_output o;

	/* "_Z", "_R", and with the extra underscore of some debug files */
	if (name[0] != '_' || (name[1] != 'Z' && name[1] != 'R' && name[1] != '_')) {
		strbuf_puts(out, name);
		return;
	}
	o.len = 0;
	if (setjmp(o.full)) {
		/* do not leave half a character of UTF-8 behind */
		o.len -= strlen("…");
		while (o.len && (o.text[o.len] & 0xc0) == 0x80)
			o.len--;
		strbuf_add(out, o.text, o.len);
		strbuf_puts(out, "…");
	} else if (demangle_any(name, &o) && o.len) {
		strbuf_add(out, o.text, o.len);
	} else {
		strbuf_puts(out, name);
	}
}
