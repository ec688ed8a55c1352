/* SPDX-License-Identifier: GPL-2.0-only */
#include "core/threads.h"

#include <string.h>

void threads_release(struct threads *ts)
{
	for (size_t i = 0; i < ts->list.count; i++)
		free(ts->list.at[i].shorts);
	for (size_t i = 0; i < ts->processes.count; i++)
		free(ts->processes.at[i].command);
	vec_release(&ts->list);
	vec_release(&ts->processes);
	vec_release(&ts->wakers);
	map_release(&ts->by_number);
	map_release(&ts->by_tid);
	map_release(&ts->process_by_tgid);
	map_release(&ts->waker_by_tid);
	map_release(&ts->by_own_tid);
}

static uint32_t index_in(const struct map *m, uint32_t key)
{
	const uint64_t *at = map_get(m, key);

	return at ? (uint32_t)*at : THREAD_NONE;
}

/* A direct-mapped cache before a map. Key 0 is never in it. */
static uint32_t cached(struct thread_cache *cache, const struct map *m, uint32_t key)
{
	struct thread_cache *slot = &cache[key % 256];

	if (slot->key != key || !key) {
		uint32_t index = index_in(m, key);

		if (index == THREAD_NONE)
			return THREAD_NONE;
		slot->key = key;
		slot->index = index;
	}
	return slot->index;
}

uint32_t threads_find(struct threads *ts, uint32_t number)
{
	return cached(ts->numbers, &ts->by_number, number);
}

uint32_t threads_by_tid(struct threads *ts, uint32_t tid)
{
	return cached(ts->tids, &ts->by_tid, tid);
}

/* Of @index and those that had its TID before it, the one that had it last by then. */
static uint32_t had_by(const struct threads *ts, uint32_t index, uint64_t time_ns)
{
	/* a TID is used again after thousands of others: more than one in between is nonsense */
	for (int i = 0; i < 3 && index != THREAD_NONE; i++) {
		const struct thread *t = &ts->list.at[index];

		if (t->start_ns <= time_ns && t->tid_ns <= time_ns)
			return index;
		index = t->before;
	}
	return THREAD_NONE;
}

/* The same, but it still had it. */
static uint32_t lived_at(const struct threads *ts, uint32_t index, uint64_t time_ns)
{
	const struct thread *t;

	index = had_by(ts, index, time_ns);
	if (index == THREAD_NONE)
		return THREAD_NONE;
	t = &ts->list.at[index];
	return t->ended && t->end_ns < time_ns ? THREAD_NONE : index;
}

uint32_t threads_by_tid_at(struct threads *ts, uint32_t tid, uint64_t time_ns)
{
	return lived_at(ts, threads_by_tid(ts, tid), time_ns);
}

static uint64_t own_key(uint32_t pid_namespace, uint32_t own_tid)
{
	return (uint64_t)pid_namespace << 32 | own_tid;
}

/* The latest that has or had the TID where @index lives. */
static uint32_t latest_of_own_tid(struct threads *ts, uint32_t index, uint32_t own_tid)
{
	uint32_t pid_namespace = ts->list.at[index].pid_namespace;
	const uint64_t *at;

	if (!pid_namespace)
		return threads_by_tid(ts, own_tid);
	at = map_get(&ts->by_own_tid, own_key(pid_namespace, own_tid));
	return at && ts->list.at[*at].own_tid == own_tid ? (uint32_t)*at : THREAD_NONE;
}

uint32_t threads_by_own_tid_at(struct threads *ts, uint32_t index, uint32_t own_tid,
			       uint64_t time_ns)
{
	return lived_at(ts, latest_of_own_tid(ts, index, own_tid), time_ns);
}

uint32_t threads_last_of_own_tid(struct threads *ts, uint32_t index, uint32_t own_tid,
				 uint64_t time_ns)
{
	return had_by(ts, latest_of_own_tid(ts, index, own_tid), time_ns);
}

/* @tid now leads to @index; THREAD_NONE: to nobody. */
static int tid_set(struct threads *ts, uint32_t tid, uint32_t index)
{
	ts->tids[tid % 256].key = 0;
	if (index != THREAD_NONE)
		return map_put(&ts->by_tid, tid, index);
	map_del(&ts->by_tid, tid);
	return 0;
}

static void comm_set(char *to, const char *comm)
{
	size_t len = strnlen(comm, COMM_SIZE - 1);

	memcpy(to, comm, len);
	to[len] = '\0';
}

/*
 * The living process of @tgid, or a new one. A leader that comes while the
 * process has one means that the number was used again and the end of the old
 * process was lost.
 */
static int process_of(struct threads *ts, uint32_t tid, uint32_t tgid, uint32_t *ret)
{
	uint32_t at = index_in(&ts->process_by_tgid, tgid);

	if (at != THREAD_NONE) {
		const struct process *p = &ts->processes.at[at];
		const struct thread *leader = p->live ? &ts->list.at[p->leader] : NULL;

		if (leader && (tid != tgid || leader->tid != tgid || leader->ended)) {
			*ret = at;
			return 0;
		}
	}
	at = (uint32_t)ts->processes.count;
	if (vec_push(&ts->processes, (struct process){ .tgid = tgid, .leader = THREAD_NONE }))
		return -ENOMEM;
	if (map_put(&ts->process_by_tgid, tgid, at)) {
		ts->processes.count--;
		return -ENOMEM;
	}
	*ret = at;
	return 0;
}

int threads_add(struct threads *ts, uint32_t number, uint32_t tid, uint32_t tgid,
		uint32_t *ret_index)
{
	struct thread t = {
		.number = number,
		.tid = tid,
		.tgid = tgid,
		.core = CORE_NONE,
		.rank = THREAD_NONE,
		.before = index_in(&ts->by_tid, tid),
	};
	uint32_t index = (uint32_t)ts->list.count;
	struct process *p;

	if (index >= CORE_SOME || vec_reserve(&ts->list, 1) ||
	    process_of(ts, tid, tgid, &t.process))
		return -ENOMEM;
	/* by_number last: a thread that is half there must not be found */
	if (tid_set(ts, tid, index) || map_put(&ts->by_number, number, index)) {
		tid_set(ts, tid, THREAD_NONE);
		return -ENOMEM;
	}
	p = &ts->processes.at[t.process];
	p->threads++;
	p->live++;
	if (p->leader == THREAD_NONE || tid == tgid)
		p->leader = index;
	ts->list.at[ts->list.count++] = t;
	*ret_index = index;
	return 0;
}

int threads_describe(struct threads *ts, uint32_t index, const struct event_task *e)
{
	struct thread *t = &ts->list.at[index];
	struct process *p = &ts->processes.at[t->process];

	if (e->pid_namespace &&
	    map_put(&ts->by_own_tid, own_key(e->pid_namespace, e->own_tid), index))
		return -ENOMEM;
	t->own_tid = e->own_tid;
	t->pid_namespace = e->pid_namespace;
	t->announced = true;
	t->kthread = e->kthread;
	comm_set(t->comm, e->comm);
	if (e->parent_tgid && e->parent_tgid != p->tgid)
		p->parent_tgid = e->parent_tgid;
	return 0;
}

void threads_end(struct threads *ts, uint32_t index, uint64_t time_ns)
{
	struct thread *t = &ts->list.at[index];

	if (t->ended)
		return;
	t->ended = true;
	t->end_ns = time_ns;
	ts->processes.at[t->process].live--;
}

int threads_retid(struct threads *ts, uint32_t index, uint32_t tid, uint64_t time_ns)
{
	struct thread *t = &ts->list.at[index];
	uint32_t had = index_in(&ts->by_tid, tid);

	if (tid_set(ts, tid, index))
		return -ENOMEM;
	if (t->pid_namespace && had != THREAD_NONE) {
		t->own_tid = ts->list.at[had].own_tid;
		if (map_put(&ts->by_own_tid, own_key(t->pid_namespace, t->own_tid), index))
			return -ENOMEM;
	}
	if (t->tid != tid && index_in(&ts->by_tid, t->tid) == index)
		tid_set(ts, t->tid, THREAD_NONE);
	t->before = had;
	t->tid_ns = time_ns;
	t->tid = tid;
	if (tid == t->tgid)
		ts->processes.at[t->process].leader = index;
	return 0;
}

void threads_rename(struct threads *ts, uint32_t index, const char *comm)
{
	comm_set(ts->list.at[index].comm, comm);
}

int threads_set_command(struct threads *ts, uint32_t process, const char *command, size_t size)
{
	struct process *p = &ts->processes.at[process];
	char *copy;

	if (!size)
		return 0;
	copy = malloc(size);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, command, size);
	free(p->command);
	p->command = copy;
	p->command_size = size;
	return 0;
}

int threads_name_waker(struct threads *ts, uint32_t tid, uint32_t tgid, const char *comm)
{
	struct waker_name *w;
	uint32_t at = index_in(&ts->waker_by_tid, tid);

	if (at == THREAD_NONE) {
		at = (uint32_t)ts->wakers.count;
		if (vec_reserve(&ts->wakers, 1) || map_put(&ts->waker_by_tid, tid, at))
			return -ENOMEM;
		ts->wakers.count++;
	}
	w = &ts->wakers.at[at];
	w->tid = tid;
	w->tgid = tgid;
	comm_set(w->comm, comm);
	return 0;
}

const char *threads_name_of(const struct threads *ts, uint32_t tid)
{
	uint32_t at = index_in(&ts->by_tid, tid);

	if (at != THREAD_NONE)
		return ts->list.at[at].comm;
	at = index_in(&ts->waker_by_tid, tid);
	return at != THREAD_NONE ? ts->wakers.at[at].comm : "";
}

uint32_t threads_waker_tgid(const struct threads *ts, uint32_t tid)
{
	uint32_t at = index_in(&ts->waker_by_tid, tid);

	return at != THREAD_NONE && ts->wakers.at[at].tgid ? ts->wakers.at[at].tgid : tid;
}
