/* SPDX-License-Identifier: GPL-2.0-only */
#include "view/views.h"

static void json_tid(struct json *j, const char *key, uint32_t tid)
{
	if (tid)
		json_uint(j, key, tid);
	else
		json_null(j, key);
}

static void json_doings(struct json *j, const uint64_t *doing_ns)
{
	json_open_object(j, "doing_ns");
	for (int i = 0; i < HELD_KINDS; i++)
		if (doing_ns[i])
			json_uint(j, doing_name(i), doing_ns[i]);
	json_close(j);
}

static void json_distribution(struct json *j, const struct result_lock *lock)
{
	json_open_object(j, "distribution_ns");
	json_uint(j, "p50", lock->p50_ns);
	json_uint(j, "p90", lock->p90_ns);
	json_uint(j, "p99", lock->p99_ns);
	json_uint(j, "max", lock->max_wait_ns);
	json_close(j);
	json_open_array(j, "histogram");
	for (int i = 0; i < LOCK_BUCKETS; i++) {
		if (!lock->buckets[i])
			continue;
		json_open_object(j, NULL);
		json_uint(j, "from_ns", lock_bucket_ns(i));
		json_uint(j, "waits", lock->buckets[i]);
		json_close(j);
	}
	json_close(j);
}

static void json_holds(struct json *j, const struct result_holds *holds)
{
	json_open_object(j, "holds");
	json_uint(j, "count", holds->count);
	json_uint(j, "ns", holds->ns);
	json_uint(j, "max_ns", holds->max_ns);
	json_uint(j, "max_blame_ns", holds->max_blame_ns);
	json_uint(j, "handed", holds->handed);
	json_uint(j, "long_count", holds->long_count);
	json_uint(j, "long_ns", holds->long_ns);
	json_uint(j, "long_blame_ns", holds->long_blame_ns);
	json_close(j);
}

static void json_sites(struct json *j, const struct result_lock *lock, const struct stacks *stacks)
{
	enum { SITES_MAX = 20 };

	json_open_array(j, "sites");
	for (size_t i = 0; i < lock->sites.count && i < SITES_MAX; i++) {
		const struct result_lock_site *site = &lock->sites.at[i];

		json_open_object(j, NULL);
		json_uint(j, "blame_ns", site->blame_ns);
		json_text(j, "doing", doing_name(site->doing));
		json_text(j, "stack_from", stack_from_name(site->stack_from));
		json_stack(j, "holder_stack", stacks, site->held_stack);
		json_stack(j, "waiter_stack", stacks, site->wait_stack);
		json_close(j);
	}
	json_close(j);
}

static void json_lock_people(struct json *j, const struct result_lock *lock,
			     const struct stacks *stacks)
{
	json_open_array(j, "waiters");
	for (size_t i = 0; i < lock->waiters.count; i++) {
		json_open_object(j, NULL);
		json_uint(j, "tid", lock->waiters.at[i].tid);
		json_uint(j, "waits", lock->waiters.at[i].waits);
		json_uint(j, "wait_ns", lock->waiters.at[i].wait_ns);
		json_uint(j, "max_wait_ns", lock->waiters.at[i].max_wait_ns);
		json_stack(j, "stack", stacks, lock->waiters.at[i].stack);
		json_close(j);
	}
	json_close(j);
	json_open_array(j, "holders");
	for (size_t i = 0; i < lock->holders.count; i++) {
		json_open_object(j, NULL);
		json_tid(j, "tid", lock->holders.at[i].tid);
		json_uint(j, "waits", lock->holders.at[i].waits);
		json_uint(j, "blame_ns", lock->holders.at[i].blame_ns);
		json_uint(j, "inferred_ns", lock->holders.at[i].inferred_ns);
		json_bool(j, "ended", lock->holders.at[i].ended);
		json_stack(j, "stack", stacks, lock->holders.at[i].stack);
		json_text(j, "stack_from", stack_from_name(lock->holders.at[i].stack_from));
		json_doings(j, lock->holders.at[i].doing_ns);
		json_text(j, "waited_for", lock->holders.at[i].waited_for);
		json_close(j);
	}
	json_close(j);
	json_open_array(j, "wakers");
	for (size_t i = 0; i < lock->wakers.count; i++) {
		json_open_object(j, NULL);
		json_tid(j, "tid", lock->wakers.at[i].tid);
		json_text(j, "name", lock->wakers.at[i].name);
		json_uint(j, "count", lock->wakers.at[i].count);
		json_close(j);
	}
	json_close(j);
}

void json_locks(struct json *j, const struct view_input *in)
{
	json_open_array(j, "locks");
	for (size_t i = 0; i < in->result->locks.count; i++) {
		const struct result_lock *lock = &in->result->locks.at[i];

		json_open_object(j, NULL);
		json_uint(j, "id", lock->id);
		json_text(j, "kind", lock_kind_name(lock->kind));
		if (lock->address)
			json_address(j, "address", lock->address);
		else
			json_null(j, "address");
		json_tid(j, "pid", lock->tgid);
		json_bool(j, "shared", lock->shared);
		json_text(j, "name", lock->name);
		json_text(j, "place", lock->place);
		json_uint(j, "waits", lock->waits);
		json_uint(j, "wait_ns", lock->wait_ns);
		json_uint(j, "contended_ns", lock->contended_ns);
		json_uint(j, "parked_ns", lock->parked_ns);
		json_uint(j, "max_wait_ns", lock->max_wait_ns);
		json_uint(j, "open_waits", lock->open_waits);
		json_uint(j, "wasted_wakeups", lock->wasted);
		json_distribution(j, lock);
		json_holds(j, &lock->holds);
		json_doings(j, lock->doing_ns);
		json_lock_people(j, lock, in->stacks);
		json_sites(j, lock, in->stacks);
		json_close(j);
	}
	json_close(j);
}

