/* SPDX-License-Identifier: GPL-2.0-only */
#include "core/cores.h"

static int core_of(struct context *c, uint16_t cpu, struct core **ret)
{
	if (vec_reserve(&c->cores, cpu >= c->cores.count ? cpu + 1 - c->cores.count : 0))
		return -ENOMEM;
	while (c->cores.count <= cpu)
		c->cores.at[c->cores.count++] = (struct core){ .thread = THREAD_NONE };
	c->cores.at[cpu].seen = true;
	*ret = &c->cores.at[cpu];
	return 0;
}

static int tell_running(struct context *c, const struct thread *t, uint64_t time_ns, int delta,
			const struct absence *why)
{
	if (!t->selected)
		return 0;
	c->latest_ns = max_u64(c->latest_ns, context_clip(c, time_ns));
	return context_tell(c, running, time_ns, delta, why);
}

/* The core's books are closed at @time_ns; its thread no longer has it. */
static void core_vacate(struct context *c, struct core *core, struct thread *t, uint64_t time_ns)
{
	if (t->selected)
		core->run_ns += context_overlap(c, core->since_ns, time_ns);
	core->thread = THREAD_NONE;
	t->core = CORE_NONE;
}

int cores_leave(struct context *c, uint32_t thread, uint64_t time_ns)
{
	struct thread *t = &c->threads.list.at[thread];

	if (t->core == CORE_NONE)
		return 0;
	if (t->core == CORE_SOME)
		t->core = CORE_NONE;
	else
		core_vacate(c, &c->cores.at[t->core], t, time_ns);
	return tell_running(c, t, time_ns, -1, NULL);
}

int cores_enter(struct context *c, uint16_t cpu, uint32_t thread, uint64_t time_ns,
		const struct absence *why)
{
	struct thread *t = &c->threads.list.at[thread], *before = NULL;
	struct core *core;
	int rc = core_of(c, cpu, &core);

	if (!rc && t->core != CORE_NONE)
		rc = cores_leave(c, thread, time_ns);
	if (rc)
		return rc;
	if (core->thread != THREAD_NONE) {
		/* no record of its own says that the last one left: this one does */
		before = &c->threads.list.at[core->thread];
		before->left_ns = time_ns;
		core_vacate(c, core, before, time_ns);
	}
	core->thread = thread;
	core->since_ns = time_ns;
	t->core = cpu;
	t->left_ns = 0;
	if (before && before->selected == t->selected)
		return 0;
	if (before)
		rc = tell_running(c, before, time_ns, -1, NULL);
	return rc ? rc : tell_running(c, t, time_ns, 1, why);
}

int cores_float(struct context *c, uint32_t thread, uint64_t time_ns)
{
	struct thread *t = &c->threads.list.at[thread];

	t->core = CORE_SOME;
	t->left_ns = 0;
	return tell_running(c, t, time_ns, 1, NULL);
}

int cores_place(struct context *c, uint16_t cpu, uint32_t thread)
{
	struct thread *t = &c->threads.list.at[thread];
	struct core *core;
	int rc = core_of(c, cpu, &core);

	/* a core that has somebody has him by a better proof */
	if (rc || t->core != CORE_SOME || core->thread != THREAD_NONE)
		return rc;
	core->thread = thread;
	core->since_ns = t->known_ns;
	t->core = cpu;
	return 0;
}

int cores_correct(struct context *c, uint32_t thread, uint64_t out_ns, uint64_t run_ns)
{
	struct thread *t = &c->threads.list.at[thread];
	uint64_t told_ns = t->core != CORE_NONE || t->left_ns > out_ns ? out_ns : t->left_ns;
	uint64_t told = told_ns - min_u64(told_ns, t->known_ns);
	int rc = 0;

	if (t->core != CORE_NONE)
		rc = cores_leave(c, thread, out_ns);
	if (rc || told == run_ns)
		return rc;
	if (told < run_ns) {
		rc = tell_running(c, t, out_ns - (run_ns - told), 1, NULL);
		return rc ? rc : tell_running(c, t, out_ns, -1, NULL);
	}
	/* in this order, so that there are never fewer than none */
	rc = tell_running(c, t, told_ns, 1, NULL);
	return rc ? rc : tell_running(c, t, told_ns - (told - run_ns), -1, NULL);
}

int cores_lose(struct context *c, const struct event_lost *e)
{
	struct core *core;
	struct thread *t;
	int rc = core_of(c, e->cpu, &core);

	if (rc)
		return rc;
	if (e->from_ns < c->end_ns && e->to_ns > c->start_ns)
		core->lost = true;
	rc = context_tell(c, lost, e->from_ns, e->to_ns);
	if (rc || core->thread == THREAD_NONE)
		return rc;
	t = &c->threads.list.at[core->thread];
	t->left_ns = max_u64(e->from_ns, core->since_ns);
	core_vacate(c, core, t, t->left_ns);
	return tell_running(c, t, max_u64(e->to_ns, t->left_ns), -1, NULL);
}

void cores_finish(struct context *c, uint64_t end_ns)
{
	for (size_t i = 0; i < c->cores.count; i++) {
		struct core *core = &c->cores.at[i];

		if (core->thread != THREAD_NONE)
			core_vacate(c, core, &c->threads.list.at[core->thread], end_ns);
	}
}
