/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * threads: who lives in a recording: threads, processes and the names of
 * wakers that are not recorded. It knows identities; what the threads did with
 * their time is slices.c's business, whose fields lie in the same struct.
 *
 * A thread is an index that never changes. A TID leads to the thread that had
 * it last; TIDs and TGIDs are used again, indices are not.
 */
#ifndef RUNWAIT_CORE_THREADS_H
#define RUNWAIT_CORE_THREADS_H

#include "base/alloc.h"
#include "base/map.h"
#include "core/event.h"
#include "core/result.h"

enum { COMM_SIZE = 16 };

#define THREAD_NONE UINT32_MAX
#define CORE_NONE UINT32_MAX
#define CORE_SOME (UINT32_MAX - 1) /* it runs, but nobody has said where */

/* What is known of a thread since known_ns. */
enum thread_state {
	THREAD_UNKNOWN, /* nothing yet */
	THREAD_RUN, /* it got a core then, and has not been reported since */
	THREAD_OUT, /* it has no core: thread->open says why */
};

/* Waits below --min-wait, not yet placed in the run that they interrupted. */
struct shorts {
	uint64_t wait_ns[CLASS_COUNT], waits[CLASS_COUNT];
	int16_t nr[CLASS_COUNT]; /* the last system call of each */
	uint64_t runnable_ns;
	uint32_t switches;
};

struct thread {
	uint32_t number, tid, tgid;
	uint32_t own_tid, pid_namespace; /* see struct event_task; 0: it goes by its TID */
	uint32_t process; /* index */
	char comm[COMM_SIZE];
	bool announced; /* an EVENT_TASK named it; else its first event did */
	bool kthread;
	bool selected; /* the result is about it */
	bool ended;
	uint32_t rank; /* index in the result; THREAD_NONE: not there */
	uint32_t before; /* that had its TID before it; THREAD_NONE */

	/* slices.c: everything from start_ns to known_ns has been accounted for */
	enum thread_state state;
	uint32_t core; /* that it has; CORE_NONE, CORE_SOME */
	uint64_t start_ns, end_ns, known_ns;
	uint64_t tid_ns; /* its TID was another's before; 0: it always had it */
	uint64_t left_ns; /* its core was seen to do something else at this time; 0: not */
	uint64_t open_ns; /* when `open` was looked at */
	bool counted; /* the next two are known */
	uint32_t voluntary, involuntary; /* the kernel's counts at known_ns */
	uint64_t counted_ns; /* but not before this, when it was taken up */
	struct shorts *shorts; /* owned; NULL: none */
	struct event_out open; /* THREAD_OUT */
};

struct process {
	uint32_t tgid, parent_tgid;
	uint32_t leader; /* thread; before the leader is known, the first one */
	uint32_t threads, live; /* ever, now */
	char *command; /* owned; NULL unknown */
	size_t command_size;
};

struct waker_name {
	uint32_t tid, tgid; /* tgid 0: unknown */
	char comm[COMM_SIZE];
};

struct threads {
	VEC(struct thread) list; /* moves when one is added: keep indices */
	VEC(struct process) processes;
	VEC(struct waker_name) wakers;
	struct map by_number, by_tid, process_by_tgid, waker_by_tid;
	struct map by_own_tid; /* namespace << 32 | own_tid */
	struct thread_cache {
		uint32_t key, index;
	} numbers[256], tids[256]; /* of by_number and by_tid, which every event asks */
};

void threads_release(struct threads *ts);

/* THREAD_NONE when there is none of that number. */
uint32_t threads_find(struct threads *ts, uint32_t number);

/* The thread that had @tid last; THREAD_NONE: nobody that is recorded. */
uint32_t threads_by_tid(struct threads *ts, uint32_t tid);

/* The one that had @tid at a time not long ago. */
uint32_t threads_by_tid_at(struct threads *ts, uint32_t tid, uint64_t time_ns);

/* The one that calls itself @own_tid where thread @index lives, like that. */
uint32_t threads_by_own_tid_at(struct threads *ts, uint32_t index, uint32_t own_tid,
			       uint64_t time_ns);

/* The same, or the last one that did, which may have ended. */
uint32_t threads_last_of_own_tid(struct threads *ts, uint32_t index, uint32_t own_tid,
				 uint64_t time_ns);

/* A number that has not been seen: a new thread of process @tgid. 0 or -ENOMEM. */
int threads_add(struct threads *ts, uint32_t number, uint32_t tid, uint32_t tgid,
		uint32_t *ret_index);

/* What an EVENT_TASK says of the thread that was added. 0 or -ENOMEM. */
int threads_describe(struct threads *ts, uint32_t index, const struct event_task *e);

/* It no longer counts as living. */
void threads_end(struct threads *ts, uint32_t index, uint64_t time_ns);

/* exec by a thread that is not the leader gives it the leader's TID. 0 or -ENOMEM. */
int threads_retid(struct threads *ts, uint32_t index, uint32_t tid, uint64_t time_ns);

void threads_rename(struct threads *ts, uint32_t index, const char *comm);

/* Sets its command line, as argv joined by NULs. 0 or -ENOMEM. */
int threads_set_command(struct threads *ts, uint32_t process, const char *command, size_t size);

/* Keeps the name of a thread that is not recorded. 0 or -ENOMEM. */
int threads_name_waker(struct threads *ts, uint32_t tid, uint32_t tgid, const char *comm);

/* What @tid is called: "" when nobody knows. */
const char *threads_name_of(const struct threads *ts, uint32_t tid);

/* The process of a thread that is not recorded; its TID when nobody knows. */
uint32_t threads_waker_tgid(const struct threads *ts, uint32_t tid);

#endif
