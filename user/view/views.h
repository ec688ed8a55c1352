/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * views: the parts that views are made of, and share: each view has its file;
 * the summary is made of shorter tables of the others. Private to view/.
 *
 * What is named print_ writes a whole section with its heading; @rows limits
 * its table, and what did not fit is counted in a line. What is named json_
 * writes one member, with its key.
 */
#ifndef RUNWAIT_VIEW_VIEWS_H
#define RUNWAIT_VIEW_VIEWS_H

#include "view/page.h"

#define VIEW_DECLARE(name, help) extern const struct view view_##name;
VIEWS(VIEW_DECLARE)
#undef VIEW_DECLARE

/* recording.c: what was recorded */
void print_recording(struct page *p);
void print_recording_line(struct page *p); /* for views other than the summary */
void json_recording(struct json *j, const struct view_input *in);
/* argv joined by NULs, as text (harmless, without its first @skip) and as an array */
void command_text(struct strbuf *sb, const char *command, size_t size, size_t skip);
void json_command(struct json *j, const char *key, const char *command, size_t size);

/* hints.c: what to switch on for better stacks; nothing when nothing is wanted */
void print_hints(struct page *p);
void json_hints(struct json *j, const struct view_input *in);

/* loss.c: nothing when nothing was */
void print_loss(struct page *p);
void print_loss_again(struct page *p); /* at the end, where a terminal shows it first */
void json_loss(struct json *j, const struct view_input *in);

/* time.c: where the threads' time went */
void print_time(struct page *p);
void json_totals(struct json *j, const struct view_input *in);
/* The fields of struct totals, into the object that is open. */
void json_sums(struct json *j, const struct totals *sum);
/* From when to when a thread or a process lived; @end_ns NULL: it lives on. */
void json_life(struct json *j, bool found, uint64_t start_ns, const uint64_t *end_ns);

/* cores.c */
void print_cores(struct page *p);
void json_parallelism(struct json *j, const struct view_input *in);

/* the other views' shorter tables; nothing when there is nothing to list */
void print_top_threads(struct page *p, size_t rows);
void print_top_processes(struct page *p, size_t rows);
void print_top_locks(struct page *p, size_t rows);
void print_top_io(struct page *p, size_t rows);
void print_top_loops(struct page *p, size_t rows);

/* traffic.c: who waited for whom; nothing when nobody did */
void print_traffic(struct page *p);
void json_traffic(struct json *j, const struct view_input *in);
/* why.c */
void json_deadlocks(struct json *j, const struct view_input *in);

/* stack.c */
/* "do_work ← worker ← start_thread", whole; nothing when the stack is unknown. */
void stack_line(const struct page *p, struct strbuf *sb, uint32_t stack);
/* An array of frames, leaf first; null when the stack is unknown. */
void json_stack(struct json *j, const char *key, const struct stacks *stacks, uint32_t stack);

/* locks.c: "cache_mutex 0x55d0c4a14060" */
void lock_name(const struct result_lock *lock, struct strbuf *sb);
/* "4711 worker" */
void lock_holder_name(const struct page *p, const struct result_holder *h, struct strbuf *sb);
/* lock_detail.c: one lock: its waits, waiters and holders */
void print_lock_detail(struct page *p, const struct result_lock *lock);
/* why_json.c */
void why_json(struct json *j, const struct view_input *in);
/* lock_json.c */
void json_locks(struct json *j, const struct view_input *in);

#endif
