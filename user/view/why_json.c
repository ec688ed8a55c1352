/* SPDX-License-Identifier: GPL-2.0-only */
/* The JSON of what every thread is doing, and of deadlocks in any report. */
#include "view/views.h"

#include <string.h>

static bool is_lock_of(const struct result_lock *lock, const struct result_wait *t)
{
	/* what is no address has a name of its own */
	if (!t->address)
		return t->lock >= 0 && (enum lock_kind)t->lock == lock->kind && t->target &&
		       !lock->address && lock->name && !strcmp(lock->name, t->target);
	return lock->address == t->address && (lock->shared || lock->tgid == t->tgid);
}

/* The lock's number in "locks"; 0: it has none. */
static uint32_t lock_id(const struct result *r, const struct result_wait *t)
{
	uint32_t id = 0;

	for (size_t i = 0; i < r->locks.count; i++) {
		const struct result_lock *lock = &r->locks.at[i];

		/* of several that were at the address, that of its kind */
		if (is_lock_of(lock, t) && (!id || (int)lock->kind == t->lock))
			id = lock->id;
	}
	return id;
}

static void json_known(struct json *j, const char *key, uint64_t value)
{
	if (value)
		json_uint(j, key, value);
	else
		json_null(j, key);
}

static void json_member(struct json *j, const struct view_input *in, const struct result_wait *t)
{
	const struct result_wait *next =
		t->next < in->result->waits.count ? &in->result->waits.at[t->next] : NULL;

	json_open_object(j, NULL);
	json_uint(j, "tid", t->tid);
	json_known(j, "lock", lock_id(in->result, t));
	json_known(j, "held_by", next ? next->tid : t->holder_tid);
	json_uint(j, "pid", t->tgid);
	json_text(j, "comm", t->comm);
	json_text(j, "class", wait_class_name(t->class));
	json_text(j, "target", t->target);
	json_bool(j, "holder_gone", t->holder == HOLDER_GONE);
	json_stack(j, "stack", in->stacks, t->user_stack);
	json_close(j);
}

void json_deadlocks(struct json *j, const struct view_input *in)
{
	const struct result *r = in->result;

	json_open_array(j, "deadlocks");
	for (size_t i = 0; i < r->deadlocks.count; i++) {
		const struct result_deadlock *d = &r->deadlocks.at[i];

		json_open_object(j, NULL);
		json_open_array(j, "threads");
		for (size_t k = 0; k < d->circle.count; k++)
			json_member(j, in, &r->waits.at[d->circle.at[k]]);
		json_close(j);
		json_open_array(j, "behind");
		for (size_t k = 0; k < d->behind.count; k++)
			json_uint(j, NULL, r->waits.at[d->behind.at[k]].tid);
		json_close(j);
		json_close(j);
	}
	json_close(j);
}

static void json_wait(struct json *j, const struct view_input *in, const struct result_wait *t)
{
	static const char *const situations[] = {
		[SITUATION_RUN] = "running",	 [SITUATION_RUNNABLE] = "runnable",
		[SITUATION_WAIT] = "waiting",	 [SITUATION_STOPPED] = "stopped",
		[SITUATION_UNKNOWN] = "unknown",
	};
	bool waits = t->situation == SITUATION_WAIT;

	json_open_object(j, NULL);
	json_uint(j, "pid", t->tgid);
	json_uint(j, "tid", t->tid);
	json_text(j, "comm", t->comm);
	json_text(j, "state", situations[t->situation]);
	json_text(j, "class", waits ? wait_class_name(t->class) : NULL);
	json_text(j, "kind", t->lock >= 0 ? lock_kind_name((enum lock_kind)t->lock) : NULL);
	json_text(j, "syscall", t->syscall);
	json_text(j, "target", t->target);
	if (t->address)
		json_address(j, "address", t->address);
	else
		json_null(j, "address");
	json_known(j, "waits_ns", t->waits_ns);
	json_bool(j, "timed", t->timed);
	json_known(j, "lock", lock_id(in->result, t));
	json_known(j, "held_by", t->holder_tid);
	json_bool(j, "holder_gone", t->holder == HOLDER_GONE);
	json_open_array(j, "ends");
	for (size_t i = 0; i < t->ends.count; i++) {
		json_open_object(j, NULL);
		json_uint(j, "pid", t->ends.at[i].tgid);
		json_text(j, "comm", t->ends.at[i].comm);
		json_close(j);
	}
	json_close(j);
	json_known(j, "deadlock", t->deadlock);
	json_stack(j, "stack", in->stacks, t->user_stack);
	json_stack(j, "kernel_stack", in->stacks, t->kernel_stack);
	json_close(j);
}

void why_json(struct json *j, const struct view_input *in)
{
	const struct result *r = in->result;

	json_deadlocks(j, in);
	json_open_array(j, "stalled");
	for (size_t i = 0; i < r->stalled.count; i++)
		json_uint(j, NULL, r->stalled.at[i]);
	json_close(j);
	json_open_array(j, "threads");
	for (size_t i = 0; i < r->waits.count; i++)
		json_wait(j, in, &r->waits.at[i]);
	json_close(j);
}
