/* SPDX-License-Identifier: GPL-2.0-only */
#include "core/lives.h"

#include "core/cores.h"
#include "core/pieces.h"

/* It ends without a record of its end. */
static int end_unseen(struct context *c, uint32_t index, uint64_t time_ns)
{
	uint64_t at = max_u64(time_ns, thread_at(c, index)->known_ns);
	int rc = pieces_run(c, index, at, false);

	threads_end(&c->threads, index, at);
	return rc;
}

/* A new thread. Whoever still has its TID must have ended. */
static int thread_new(struct context *c, uint32_t number, uint32_t tid, uint32_t tgid,
		      uint64_t start_ns, uint64_t now_ns, uint32_t *ret)
{
	uint32_t before = threads_by_tid(&c->threads, tid);
	struct thread *t;
	int rc = 0;

	if (before != THREAD_NONE && !thread_at(c, before)->ended)
		rc = end_unseen(c, before, now_ns);
	if (!rc)
		rc = threads_add(&c->threads, number, tid, tgid, ret);
	if (rc)
		return rc;
	t = thread_at(c, *ret);
	t->start_ns = t->known_ns = start_ns;
	t->selected = (!c->tgid || c->tgid == tgid) && (!c->tid || c->tid == tid);
	return 0;
}

int lives_find(struct context *c, uint32_t number, uint32_t tid, uint32_t tgid, uint64_t start_ns,
	       uint64_t now_ns, uint32_t *ret)
{
	*ret = number ? threads_find(&c->threads, number) : THREAD_NONE;
	if (*ret == THREAD_NONE && number)
		return thread_new(c, number, tid, tgid, start_ns, now_ns, ret);
	if (*ret != THREAD_NONE && thread_at(c, *ret)->ended)
		*ret = THREAD_NONE;
	return 0;
}

/* A forked process has its parent's command line until it execs. */
static int inherit_command(struct context *c, uint32_t index, const struct event_task *e)
{
	uint32_t parent = threads_find(&c->threads, e->parent_thread);
	uint32_t process = thread_at(c, index)->process;
	const struct process *from;

	if (e->command_size)
		return threads_set_command(&c->threads, process, e->command, e->command_size);
	if (e->how != TASK_FORKED || !e->parent_thread || parent == THREAD_NONE ||
	    thread_at(c, parent)->process == process)
		return 0;
	from = &c->threads.processes.at[thread_at(c, parent)->process];
	return threads_set_command(&c->threads, process, from->command, from->command_size);
}

int lives_task(struct context *c, const struct event *e)
{
	const struct event_task *task = &e->task;
	/* what was found has been there since ever */
	uint64_t start_ns = task->how == TASK_FOUND ? 0 : e->time_ns;
	uint32_t index = task->thread ? threads_find(&c->threads, task->thread) : THREAD_NONE;
	struct thread *t;
	int rc = 0;

	if (!task->thread)
		return pieces_ignore(c);
	if (index != THREAD_NONE) {
		/* announced twice, or an event of it came before its announcement */
		t = thread_at(c, index);
		if (t->announced)
			return pieces_ignore(c);
		rc = threads_describe(&c->threads, index, task);
		if (rc)
			return rc;
		if (start_ns < t->start_ns) {
			rc = pieces_unknown(c, index, start_ns, t->start_ns);
			t->start_ns = start_ns;
		}
		return rc ? rc : inherit_command(c, index, task);
	}
	rc = thread_new(c, task->thread, task->tid, task->tgid, start_ns, e->time_ns, &index);
	if (!rc)
		rc = threads_describe(&c->threads, index, task);
	if (rc)
		return rc;
	t = thread_at(c, index);
	t->voluntary = task->voluntary;
	t->involuntary = task->involuntary;
	t->counted = true;
	t->counted_ns = e->time_ns;
	if (task->how == TASK_FORKED) {
		t->state = THREAD_OUT;
		t->open = (struct event_out){ .why = OUT_NEW, .out_ns = e->time_ns, .nr = -1 };
		t->open_ns = e->time_ns;
	} else if (task->how == TASK_EXECED) {
		t->state = THREAD_RUN;
		rc = cores_float(c, index, e->time_ns);
	}
	return rc ? rc : inherit_command(c, index, task);
}

int lives_exec(struct context *c, const struct event *e)
{
	const struct event_exec *exec = &e->exec;
	uint32_t index, before;
	int rc;

	rc = lives_find(c, exec->thread, exec->tid, exec->tgid, e->time_ns, e->time_ns, &index);
	if (rc)
		return rc;
	if (index == THREAD_NONE)
		return pieces_ignore(c);
	before = threads_by_tid(&c->threads, exec->tid);
	if (before != index) {
		if (before != THREAD_NONE && !thread_at(c, before)->ended)
			rc = end_unseen(c, before, e->time_ns);
		if (!rc)
			rc = threads_retid(&c->threads, index, exec->tid, e->time_ns);
	}
	threads_rename(&c->threads, index, exec->comm);
	return rc ? rc : threads_set_command(&c->threads, thread_at(c, index)->process,
					     exec->command, exec->command_size);
}

int lives_comm(struct context *c, const struct event *e)
{
	uint32_t index = e->comm.thread ? threads_find(&c->threads, e->comm.thread) : THREAD_NONE;

	if (index == THREAD_NONE)
		return pieces_ignore(c);
	threads_rename(&c->threads, index, e->comm.comm);
	return 0;
}
