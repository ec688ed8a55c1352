/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * meta: struct recording to bytes and back, as tagged fields: tag, size, value.
 * Who reads skips tags that it does not know.
 */
#ifndef RUNWAIT_FILE_META_H
#define RUNWAIT_FILE_META_H

#include "base/strbuf.h"
#include "core/recording.h"

enum meta_part { META_START, META_END }; /* what is known at the start, at the end */

/* Appends the fields of one part. -ENOMEM shows in @out. */
void meta_write(const struct recording *rec, enum meta_part part, struct strbuf *out);

/* All empty: texts are "", exit_status -1. */
void meta_init(struct recording *ret);
/*
 * Sets what @bytes say, whichever part; later fields win. Texts point into
 * @bytes. 0, or -EBADMSG and some of the fields set.
 */
int meta_read(const void *bytes, size_t size, struct recording *rec);

#endif
