/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * file: the capture file. A header, then chunks of events (columns, zlib,
 * checksum, sequence number), between one that describes the recording and one
 * that ends it. A file cut off anywhere opens up to its last whole chunk. Files
 * are hostile input. format.h says why there is no index.
 */
#ifndef RUNWAIT_FILE_FILE_H
#define RUNWAIT_FILE_FILE_H

#include "base/error.h"
#include "core/event.h"
#include "core/recording.h"

struct file_writer;

/*
 * Creates @path (mode 0600), after renaming an old regular file there to
 * "@path.old". A NULL @path is a file without a name in TMPDIR, for stat; read
 * it back with file_reader_open_fd(dup(file_writer_fd())). *ret is owned by the
 * caller. A file is valid from here on: what is not written yet is missing at
 * its end. A device or FIFO at @path is written to as it is.
 */
int file_writer_create(const char *path, const struct recording *start,
		       struct file_writer **ret, struct error *err);
/* Adds one event; writes a chunk when one is full. After a failed write (disk
 * full) every later call returns that error and the file stays valid. */
int file_writer_add(struct file_writer *w, const struct event *e);
/* Writes what is buffered as a chunk: after a kill only later events are missing. */
int file_writer_flush(struct file_writer *w);
/* Flushes and writes the end: @end's fields "known at the end". */
int file_writer_finish(struct file_writer *w, const struct recording *end, struct error *err);
int file_writer_fd(const struct file_writer *w);
uint64_t file_writer_size(const struct file_writer *w); /* bytes so far */
/* Frees; a file that was not finished stays as it is. NULL is fine. */
void file_writer_close(struct file_writer *w);

struct file_reader;

/* Opens and reads the header. A line in @err for what is no capture file. */
int file_reader_open(const char *path, struct file_reader **ret, struct error *err);
/* The same on an open descriptor, which is taken over even when it fails. */
int file_reader_open_fd(int fd, const char *name, struct file_reader **ret, struct error *err);
/*
 * The recording as far as known: of a file that was cut off, complete is false
 * and end_ns is the time of the last whole chunk. Owned by the reader.
 */
const struct recording *file_reader_recording(const struct file_reader *r);
/*
 * 1 and the next event (its text lives until the next call), 0 at the end of
 * what is whole, or a negative errno. Where damaged chunks were skipped, an
 * EVENT_LOST for each CPU tells from when to when nothing is known.
 */
int file_reader_next(struct file_reader *r, struct event *ret, struct error *err);
/*
 * Calls @fn with the names (EVENT_NAME) of the whole file. They are written
 * when a recording ends: who goes by them asks for them first. What
 * file_reader_next() reads is as before, names included. Back to the first
 * event. 0, a negative errno, or what @fn returned that is not 0.
 */
int file_reader_names(struct file_reader *r, int (*fn)(void *ctx, const struct event *e),
		      void *ctx, struct error *err);
/* Back to the first event. */
int file_reader_rewind(struct file_reader *r);
/* NULL, or one line on what is wrong with the file as far as it was read ("cut
 * off after 12 s…", "chunk 7 is damaged: 3 of 40 chunks were skipped"). */
const char *file_reader_warning(const struct file_reader *r);
void file_reader_close(struct file_reader *r);

#endif
