/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * evscript: a program's life as text, played as the probes would have recorded
 * it. Who runs where is what a line says; the records (with their switch
 * counts, delays and descriptions) are what the kernel side would send.
 *
 *	0 task A found on cpu0
 *	100 cpu0 switch A>B wait futex 0x10 mutex owner C
 *	150 wake A by C
 *	200 cpu1 switch ->A
 *	300 end
 *
 * Times are ns. Lines:
 *
 *	T task A HOW [of B] [tid N] [own N in NS]
 *	        HOW: found on cpuN | found runnable | found wait WHAT | found unseen (its OPEN
 *	        is lost) | forked [by B] | execed [on cpuN] | seen
 *	        `of B`: a thread of B's process; else a process of its own
 *	        `own N in NS`: what it calls itself in PID namespace NS
 *	T cpuN switch A>B [wait WHAT | preempted [stack N] | throttled QUOTA PERIOD | dead]
 *	        "-" is nobody that is recorded
 *	T wake A by B | by irq | by tid N [stack N | in CALL]
 *	T object N KIND [listening] [shared] [0xADDR] [TEXT]  KIND: file block tty pipe socket
 *	        eventfd timerfd signalfd epoll inotify io_uring anon futex pidfd mqueue
 *	        filelock semid
 *	T kstack N PLACE                a kernel stack; PLACE: none lock io fault
 *	T exec A [as B]                 as B: A takes B's TID, B was the leader
 *	T comm A NAME
 *	T sample A [stack N]
 *	T short A nr CALL waits N wait NS runnable NS preempted N
 *	T cpu cpuN TARGET OTHER IDLE
 *	T lose cpuN from T0             takes back what the CPU recorded since T0, and says so
 *	T drop                          takes back the last event, and says nothing
 *	T again                         the last event comes twice
 *	T end                           everything that is open is told
 *
 * WHAT: CALL words…: its name in the system call table or "fault", then any of: 0xADDR (the
 * first argument), arg1 N, arg2 N, arg3 N, object N, owner A, stack N, kstack N, io, disk
 * (uninterruptible), stopped, vfork, kthread, and for futexes mutex pi rwlock condition
 * semaphore barrier join.
 *
 * The simulator also keeps the truth, second by second as it happens, which is
 * another way than the model's (that looks back from each record).
 */
#ifndef RUNWAIT_TESTS_EVSCRIPT_H
#define RUNWAIT_TESTS_EVSCRIPT_H

#include "unit.h"

#include "core/model.h"

enum { EVSCRIPT_THREADS = 128, EVSCRIPT_CPUS = 16 };

enum doing { DOING_NOTHING, DOING_RUN, DOING_RUNNABLE, DOING_WAIT };

struct actor {
	char name[16];
	uint32_t thread, tid, tgid;
	uint32_t own_tid, pid_namespace;
	bool alive;
	enum doing doing;
	uint64_t since_ns;
	int cpu; /* -1: none */
	bool told_cpu; /* its records say where it runs */
	struct event_out out; /* the record that is being made */
	uint64_t run_ns, runnable_ns, wait_ns; /* the truth, in the window */
	uint64_t voluntary, involuntary; /* switches, in the window */
	uint64_t waits;
};

struct evscript {
	VEC(struct event) events;
	VEC(int) event_cpus; /* that each came from; -1: none */
	struct actor actors[EVSCRIPT_THREADS];
	size_t actor_count;
	struct actor *on[EVSCRIPT_CPUS];
	uint64_t now_ns;
	struct model_options options; /* set the window before the first line */
	struct recording recording;
	VEC(char *) texts;
	uint64_t by_running_ns[EVSCRIPT_CPUS + 1]; /* truth, in the window */
};

void evscript_init(struct evscript *s);
void evscript_release(struct evscript *s);

/* Plays lines; one that makes no sense fails the test. */
void evscript_play(struct evscript *s, const char *text);
/* The same for one line made by printf. */
void evscript_line(struct evscript *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* NULL when there is none. */
struct actor *evscript_actor(struct evscript *s, const char *name);

/* Appends a raw event, which may be any nonsense. */
void evscript_event(struct evscript *s, const struct event *e);

/* The record of an actor's wait made by hand, for what the simulator would never send. */
struct event evscript_switch_event(const struct actor *a, uint64_t out_ns, uint64_t woken_ns,
				   uint64_t in_ns);

/* Events to result. The model is returned: free it after the result. */
struct model *evscript_model(struct evscript *s, struct result *ret);

/* The whole of it, for scripts that only want the result. */
struct evscript_run {
	struct evscript script;
	struct model *model;
	struct result result;
};

void evscript_start(struct evscript_run *run, const char *text);
void evscript_start_window(struct evscript_run *run, uint64_t start_ns, uint64_t end_ns,
			   const char *text);
/* For a script that was played by hand: makes the result and checks its invariants. */
void evscript_finish(struct evscript_run *run);
void evscript_stop(struct evscript_run *run);

/* The result's entry of an actor; fails the test when there is none. */
const struct result_thread *evscript_thread(const struct evscript_run *run, const char *name);

/* Life = run + runnable + wait, totals = sum of threads … : what holds of any result. */
void assert_result_invariants(const struct result *r);
void assert_thread(const struct result_thread *t, uint64_t run, uint64_t runnable, uint64_t wait,
		   uint64_t unknown);
void assert_switches(const struct result_thread *t, uint64_t voluntary, uint64_t involuntary);
/* The result says of each actor what the simulator knows. */
void assert_result_is_true(struct evscript *s, const struct result *r);

#endif
