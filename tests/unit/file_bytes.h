/* SPDX-License-Identifier: GPL-2.0-only */
/* file_bytes: capture files as bytes in memory, to be bent and read again. */
#ifndef RUNWAIT_TESTS_FILE_BYTES_H
#define RUNWAIT_TESTS_FILE_BYTES_H

#include "base/strbuf.h"
#include "file/file.h"

/* A description with something in every field; its texts are constants. */
void file_recording(struct recording *ret);

/* A finished file of @count random events of @seed, a chunk every @flush of them. */
void file_write(struct strbuf *out, uint64_t seed, unsigned count, unsigned flush);

/* Opens bytes as a file; NULL when it is refused, with the line in @err. */
struct file_reader *file_open(const struct strbuf *bytes, struct error *err);

#endif
