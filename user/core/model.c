/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The model itself is only the way of an event: to the tables of what exists
 * (threads, objects, stacks), to lives.c and slices.c, which cut lives out of it,
 * and from there to the analyses of the table below.
 */
#include "core/model.h"

#include "core/analysis.h"
#include "core/classify.h"
#include "core/cores.h"
#include "core/lives.h"
#include "core/slices.h"

#include <string.h>

/* In the order in which they finish: accounting ranks the threads, findings read all. */
static const struct analysis *const analyses[] = {
	&analysis_accounting,
	&analysis_parallelism,
	&analysis_demand,
	&analysis_locks,
	&analysis_io,
	&analysis_traffic,
	&analysis_wakeups,
	&analysis_loops,
	&analysis_tree,
	&analysis_deadlocks,
	&analysis_runtimes,
	&analysis_findings,
};

_Static_assert(ARRAY_COUNT(analyses) <= ANALYSES_MAX, "room for all observers");

struct model {
	struct context context;
	uint64_t last_ns; /* time of the latest event */
};

struct model *model_new(const struct model_options *options)
{
	struct model *m = calloc(1, sizeof(*m));
	struct context *c;

	if (!m)
		return NULL;
	c = &m->context;
	c->start_ns = options->start_ns;
	c->end_ns = options->end_ns ? options->end_ns : UINT64_MAX;
	c->tgid = options->tgid;
	c->tid = options->tid;
	c->polls = options->polls;
	c->slow_ns = options->slow_ns ? options->slow_ns : LOOPS_SLOW_NS;
	c->machine = machine_find(options->machine ? options->machine : "x86_64");
	classify_prepare(c);
	c->stacks = stacks_new();
	if (!c->stacks)
		goto fail;
	for (size_t i = 0; i < ARRAY_COUNT(analyses); i++) {
		struct observer *o = &c->observers[c->observer_count];

		o->analysis = analyses[i];
		o->self = o->analysis->new(c);
		if (!o->self)
			goto fail;
		c->observer_count++;
	}
	return m;
fail:
	model_free(m);
	return NULL;
}

void model_free(struct model *m)
{
	struct context *c;

	if (!m)
		return;
	c = &m->context;
	for (int i = 0; i < c->observer_count; i++)
		c->observers[i].analysis->free(c->observers[i].self);
	for (size_t i = 0; i < c->texts.count; i++)
		free(c->texts.at[i]);
	vec_release(&c->texts);
	vec_release(&c->cores);
	map_release(&c->verdicts);
	map_release(&c->twos);
	stacks_free(c->stacks);
	objects_release(&c->objects);
	links_release(&c->links);
	threads_release(&c->threads);
	free(m);
}

const struct stacks *model_stacks(const struct model *m)
{
	return m->context.stacks;
}

/* Events that describe something: their time, if they have one, means nothing. */
static int add_description(struct context *c, const struct event *e)
{
	switch (e->type) {
	case EVENT_STACK:
	case EVENT_FRAME:
	case EVENT_NAME:
		return stacks_add(c->stacks, e);
	case EVENT_OBJECT:
		return objects_add(&c->objects, &e->object);
	case EVENT_END:
		return objects_add_end(&c->objects, &e->end);
	case EVENT_WAKER:
		return threads_name_waker(&c->threads, e->waker.tid, e->waker.tgid,
					  e->waker.comm);
	default:
		c->ignored++;
		return 0;
	}
}

int model_add(struct model *m, const struct event *e)
{
	struct context *c = &m->context;
	bool timed = e->time_ns && e->time_ns < INT64_MAX;

	if (timed && !c->first_ns) {
		c->first_ns = e->time_ns;
		if (!c->start_ns)
			c->start_ns = e->time_ns;
	}
	if (timed)
		m->last_ns = max_u64(m->last_ns, e->time_ns);
	switch (timed ? e->type : EVENT_NONE) {
	case EVENT_SWITCH:
		return slices_switch(c, e);
	case EVENT_OPEN:
		return slices_open(c, e);
	case EVENT_OFF:
		return slices_off(c, e);
	case EVENT_DEAD:
		return slices_dead(c, e);
	case EVENT_SAMPLE:
		return slices_sample(c, e);
	case EVENT_TASK:
		return lives_task(c, e);
	case EVENT_EXEC:
		return lives_exec(c, e);
	case EVENT_COMM:
		return lives_comm(c, e);
	case EVENT_LOST:
		return cores_lose(c, &e->lost);
	case EVENT_CPU:
		return context_tell(c, cpu, e->time_ns, &e->cpu);
	case EVENT_SHORT:
		return slices_short(c, e);
	case EVENT_POLL:
		return slices_poll(c, e);
	default:
		return add_description(c, e);
	}
}

int model_finish(struct model *m, const struct recording *recording, struct result *ret)
{
	struct context *c = &m->context;
	uint64_t end_ns = recording->end_ns ? recording->end_ns : m->last_ns;
	struct result r = { .recording = *recording };
	int rc;

	/* what has been handed out cannot be taken back */
	c->end_ns = max_u64(min_u64(c->end_ns, end_ns), max_u64(c->latest_ns, c->start_ns));
	r.duration_ns = c->end_ns - c->start_ns;
	rc = slices_finish(c, c->end_ns, recording->complete);
	cores_finish(c, c->end_ns);
	for (int i = 0; i < c->observer_count && !rc; i++)
		if (c->observers[i].analysis->finish)
			rc = c->observers[i].analysis->finish(c->observers[i].self, &r);
	r.records = c->records;
	r.ignored = c->ignored;
	if (rc)
		result_release(&r);
	else
		*ret = r;
	return rc;
}

const char *context_text(struct context *c, struct strbuf *sb)
{
	char *text;

	if (vec_reserve(&c->texts, 1))
		return NULL;
	text = strbuf_detach(sb);
	if (text)
		c->texts.at[c->texts.count++] = text;
	return text;
}

const char *context_ender_name(const struct context *c, enum ender ender, uint32_t id)
{
	switch (ender) {
	case ENDER_THREAD:
		return c->threads.list.at[id].comm;
	case ENDER_TASK:
		return threads_name_of(&c->threads, id);
	case ENDER_TIMER:
		return "timer";
	case ENDER_DISK:
		return "disk";
	case ENDER_NETWORK:
		return "network";
	case ENDER_INTERRUPT:
		return "interrupt";
	default:
		return "";
	}
}

uint32_t context_ender_tid(const struct context *c, enum ender ender, uint32_t id)
{
	if (ender == ENDER_THREAD)
		return c->threads.list.at[id].tid;
	return ender == ENDER_TASK ? id : 0;
}
