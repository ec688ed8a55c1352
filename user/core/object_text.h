/* SPDX-License-Identifier: GPL-2.0-only */
/* object_text: what people call the thing behind a descriptor. */
#ifndef RUNWAIT_CORE_OBJECT_TEXT_H
#define RUNWAIT_CORE_OBJECT_TEXT_H

#include "base/strbuf.h"
#include "core/event.h"
#include "wire.h"

/*
 * Appends "/var/lib/x", "tcp 10.0.0.5:5432", "tcp listen [::]:80", "unix
 * /run/x.sock", "pipe:[8123]", "[eventfd]" … and returns enum object_kind.
 * Connected internet sockets have a @local end, too: "10.0.0.7:43210".
 * @text: w->text_size bytes as described in wire.h; believed in nothing.
 */
uint8_t object_text(const struct wire_object *w, const char *text, struct strbuf *out,
		    struct strbuf *local, uint8_t *ret_flags);

/* Appends "10.0.0.5:5432" or "[::1]:80"; @address in network order. */
void object_address(uint16_t family, const uint8_t *address, uint16_t port, struct strbuf *out);

/* Whether a futex is called after memory without names, which holds many: "[heap]", "anon". */
bool object_text_is_many(const char *text);

#endif
