/* SPDX-License-Identifier: GPL-2.0-only */
#include "core/result.h"

#include <string.h>

static const char *const class_names[CLASS_COUNT] = {
	[CLASS_GIL] = "gil",	   [CLASS_LOCK] = "lock",   [CLASS_SYNC] = "sync",
	[CLASS_IDLE] = "idle",	   [CLASS_SLEEP] = "sleep", [CLASS_FILE] = "file",
	[CLASS_SOCKET] = "socket", [CLASS_PIPE] = "pipe",   [CLASS_CHILD] = "child",
	[CLASS_FAULT] = "fault",   [CLASS_KERNEL] = "kernel", [CLASS_OTHER] = "other",
};

const char *wait_class_name(enum wait_class class)
{
	return class_names[class];
}

int wait_class_find(const char *name)
{
	for (int i = 0; i < CLASS_COUNT; i++)
		if (!strcmp(class_names[i], name))
			return i;
	return -1;
}

const char *lock_kind_name(enum lock_kind kind)
{
	static const char *const names[] = {
		[LOCK_MUTEX] = "mutex",		[LOCK_RWLOCK] = "rwlock",
		[LOCK_CONDITION] = "condition", [LOCK_SEMAPHORE] = "semaphore",
		[LOCK_BARRIER] = "barrier",	[LOCK_JOIN] = "join",
		[LOCK_GIL] = "gil",		[LOCK_KERNEL] = "kernel",
		[LOCK_FILE] = "file",		[LOCK_UNKNOWN] = "unknown",
	};

	return names[kind];
}

const char *lock_kind_words(enum lock_kind kind)
{
	return kind == LOCK_FILE ? "file lock" : lock_kind_name(kind);
}

bool lock_has_owner(const struct result_lock *lock)
{
	return lock->kind == LOCK_MUTEX || lock->kind == LOCK_RWLOCK || lock->kind == LOCK_GIL ||
	       lock->kind == LOCK_FILE;
}

uint64_t loop_step_ns(int step)
{
	static const uint64_t steps[] = { 1000, 2000, 5000 };
	uint64_t ns = steps[step % 3];

	for (int i = 0; i < step / 3; i++)
		ns *= 10;
	return step < LOOP_STEPS - 1 ? ns : UINT64_MAX;
}

bool result_loop_leads(const struct result *r, size_t at)
{
	const struct result_loop *l = &r->loops.at[at];

	for (size_t i = 0; i < at; i++)
		if (r->loops.at[i].tid == l->tid && !strcmp(r->loops.at[i].kind, l->kind))
			return false;
	return true;
}

const char *doing_name(int doing)
{
	static const char *const names[] = { "run", "runnable", "unknown" };

	return doing < CLASS_COUNT ? class_names[doing] : names[doing - HELD_RUN];
}

const char *stack_from_name(enum stack_from from)
{
	static const char *const names[] = {
		[STACK_FROM_NOTHING] = NULL,	[STACK_FROM_WAIT] = "wait",
		[STACK_FROM_SAMPLE] = "sample", [STACK_FROM_SWITCH] = "switch",
		[STACK_FROM_RELEASE] = "release",
	};

	return names[from];
}

/* Powers of two, each cut at 1.5 times of it. */
int lock_bucket(uint64_t ns)
{
	int power, bucket;

	if (ns < 2)
		return (int)ns;
	power = 63 - __builtin_clzll(ns);
	bucket = 2 * power + (int)(ns >> (power - 1) & 1);
	return bucket < LOCK_BUCKETS ? bucket : LOCK_BUCKETS - 1;
}

uint64_t lock_bucket_ns(int bucket)
{
	if (bucket < 2)
		return (uint64_t)bucket;
	return (2ull + (bucket & 1)) << (bucket / 2 - 1);
}

const char *io_side_name(enum io_side side)
{
	static const char *const names[SIDE_COUNT] = {
		[SIDE_READS] = "reads",
		[SIDE_WRITES] = "writes",
		[SIDE_ASKS] = "asks",
		[SIDE_SERVES] = "serves",
	};

	return names[side];
}

void totals_add(struct totals *to, const struct totals *from)
{
	to->life_ns += from->life_ns;
	to->run_ns += from->run_ns;
	to->runnable_ns += from->runnable_ns;
	to->wait_ns += from->wait_ns;
	to->preempted_ns += from->preempted_ns;
	to->throttled_ns += from->throttled_ns;
	to->unknown_ns += from->unknown_ns;
	to->censored_ns += from->censored_ns;
	to->parked_ns += from->parked_ns;
	for (int i = 0; i < CLASS_COUNT; i++)
		to->by_class_ns[i] += from->by_class_ns[i];
	to->voluntary += from->voluntary;
	to->involuntary += from->involuntary;
	to->waits += from->waits;
}

void result_release(struct result *r)
{
	for (size_t i = 0; i < r->locks.count; i++) {
		vec_release(&r->locks.at[i].waiters);
		vec_release(&r->locks.at[i].holders);
		vec_release(&r->locks.at[i].wakers);
		vec_release(&r->locks.at[i].sites);
		vec_release(&r->locks.at[i].blames);
	}
	for (size_t i = 0; i < r->loops.count; i++) {
		vec_release(&r->loops.at[i].stalls);
		vec_release(&r->loops.at[i].sites);
		vec_release(&r->loops.at[i].calls);
		vec_release(&r->loops.at[i].hops);
	}
	for (size_t i = 0; i < r->io.count; i++) {
		vec_release(&r->io.at[i].calls);
		vec_release(&r->io.at[i].waiters);
		vec_release(&r->io.at[i].peers);
	}
	for (size_t i = 0; i < r->findings.count; i++)
		vec_release(&r->findings.at[i].evidence);
	vec_release(&r->threads);
	vec_release(&r->processes);
	vec_release(&r->parallelism.by_running_ns);
	vec_release(&r->parallelism.by_wanting_ns);
	vec_release(&r->parallelism.cpus);
	vec_release(&r->locks);
	vec_release(&r->io);
	vec_release(&r->traffic);
	vec_release(&r->wakeups);
	vec_release(&r->loops);
	vec_release(&r->findings);
	vec_release(&r->stacks);
	for (size_t i = 0; i < r->waits.count; i++)
		vec_release(&r->waits.at[i].ends);
	for (size_t i = 0; i < r->deadlocks.count; i++) {
		vec_release(&r->deadlocks.at[i].circle);
		vec_release(&r->deadlocks.at[i].behind);
	}
	vec_release(&r->waits);
	vec_release(&r->deadlocks);
	vec_release(&r->stalled);
	vec_release(&r->hints);
	memset(r, 0, sizeof(*r));
}
