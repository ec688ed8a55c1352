/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * runtimes: how far the stacks of each process got, and what to switch on in
 * its language's runtime where they are broken or have no names because of it.
 *
 * A runtime is known by its module in the stacks. It stands behind the tree,
 * whose leaves it counts. Where no runtime is to blame, the file is named that most
 * of the broken stacks end in: found by a vote, in which each stack of another file
 * takes one away, and counted then.
 */
#include "core/analysis.h"

#include <string.h>

/* A hint needs so many stacks of a process, and this share of them. */
enum { STACKS_MIN = 20, BROKEN_PERCENT = 3, NAMELESS_PERCENT = 5, NO_TABLE_PERCENT = 20 };
enum { MODULES_MAX = 3 };

/* One line a runtime. A switch that is on the command line already is no hint. */
static const struct runtime {
	const char *name;
	const char *modules[MODULES_MAX]; /* of the file's name: "…*" its beginning, else all */
	const char *walk, *walk_advice; /* what lets stacks be walked; NULL: they can be */
	const char *names, *names_advice; /* what names compiled code */
} runtimes[] = {
	{ "java", { "libjvm.so" },
	  "+PreserveFramePointer", "start java with -XX:+PreserveFramePointer",
	  "+DumpPerfMapAtExit", "with JDK 17 or later run `jcmd PID Compiler.perfmap` before the "
	  "end, or start java with -XX:+UnlockDiagnosticVMOptions -XX:+DumpPerfMapAtExit" },
	{ "node", { "node", "nodejs", "libnode.so*" }, NULL, NULL,
	  "--perf-basic-prof", "start node with --perf-basic-prof" },
	/* learn.microsoft.com, "Runtime configuration options for debugging and profiling" */
	{ ".NET", { "libcoreclr.so" }, NULL, NULL,
	  "DOTNET_PerfMapEnabled", "set DOTNET_PerfMapEnabled=1 in its environment" },
	/* OTP, "BeamAsm, the Erlang JIT", Linux perf support; the map is in /tmp */
	{ "Erlang", { "beam.smp" }, NULL, NULL,
	  "+JPperf", "start erl with +JPperf true" },
	/* NEWS for Ruby 3.3.0, YJIT: "--yjit-perf is added to facilitate profiling" */
	{ "ruby", { "ruby", "libruby*" }, NULL, NULL,
	  "--yjit-perf", "start ruby (3.3 or later) with --yjit-perf" },
};

/* What one stack shows. */
enum { RUNTIME_MASK = 0xff, NAMELESS = 0x100 }; /* in the mask: index into runtimes + 1 */

struct quality {
	uint64_t nameless;
	int runtime; /* index; -1: none seen */
	const char *module; /* that most of the broken stacks end in, if any is */
	uint64_t votes; /* for it */
	uint64_t ended; /* broken stacks that end in it */
};

struct judge {
	struct context *c;
	struct result *r;
	struct map process_of; /* TGID to index into r->processes */
	struct map shown; /* stack to what it shows */
	VEC(struct quality) by_process;
};

static void *runtimes_new(struct context *c)
{
	struct judge *self = calloc(1, sizeof(*self));

	if (self)
		self->c = c;
	return self;
}

static void runtimes_free(void *p)
{
	struct judge *self = p;

	map_release(&self->process_of);
	map_release(&self->shown);
	vec_release(&self->by_process);
	free(self);
}

static bool is_module(const char *pattern, const char *name)
{
	size_t len = strlen(pattern);

	if (pattern[len - 1] == '*')
		return !strncmp(pattern, name, len - 1);
	return !strcmp(pattern, name);
}

static uint64_t runtime_of(const char *module)
{
	const char *slash = strrchr(module, '/'), *name = slash ? slash + 1 : module;

	for (size_t i = 0; slash && i < ARRAY_COUNT(runtimes); i++)
		for (size_t k = 0; k < MODULES_MAX && runtimes[i].modules[k]; k++)
			if (is_module(runtimes[i].modules[k], name))
				return i + 1;
	return 0;
}

static int stack_shows(struct judge *self, uint32_t stack, const struct stack_view *view,
		       uint64_t *ret)
{
	const uint64_t *known = map_get(&self->shown, stack);
	uint64_t shows = 0;

	if (known) {
		*ret = *known;
		return 0;
	}
	for (uint32_t i = 0; i < view->count; i++) {
		struct event_frame frame;

		if (!stacks_frame(self->c->stacks, view->frames[i], &frame) || frame.kernel)
			continue;
		if (!strcmp(frame.module, "[jit]") &&
		    !stacks_names(self->c->stacks, view->frames[i], NULL, 0))
			shows |= NAMELESS;
		else if (!(shows & RUNTIME_MASK))
			shows |= runtime_of(frame.module);
	}
	*ret = shows;
	return map_put(&self->shown, stack, shows);
}

static int count_stack(struct judge *self, const struct result_stack *s)
{
	const struct result *r = self->r;
	const uint64_t *at = s->thread < r->threads.count
		? map_get(&self->process_of, r->threads.at[s->thread].tgid) : NULL;
	struct result_process *process = at ? &r->processes.at[*at] : NULL;
	struct stack_view view;
	uint64_t shows;
	int rc;

	if (!process || !s->taken)
		return 0;
	process->stacks_seen += s->taken;
	if (!stacks_get(self->c->stacks, s->user_stack, &view))
		return 0;
	if (view.flags & STACK_TRUNCATED)
		process->stacks_truncated += s->taken;
	if (view.flags & STACK_COMPLETE)
		process->stacks_complete += s->taken;
	rc = stack_shows(self, s->user_stack, &view, &shows);
	if (rc)
		return rc;
	if (shows & RUNTIME_MASK)
		self->by_process.at[*at].runtime = (int)(shows & RUNTIME_MASK) - 1;
	if (shows & NAMELESS)
		self->by_process.at[*at].nameless += s->taken;
	return 0;
}

/* The file in which a stack that broke off ends; NULL: not one that somebody compiled. */
static const char *broken_in(struct judge *self, const struct result_stack *s)
{
	struct event_frame frame;
	struct stack_view view;

	if (!s->taken ||
	    !stacks_get(self->c->stacks, s->user_stack, &view) ||
	    view.flags & (STACK_COMPLETE | STACK_TRUNCATED) || !view.count ||
	    !stacks_frame(self->c->stacks, view.frames[view.count - 1], &frame))
		return NULL;
	return *frame.module == '/' ? frame.module : NULL;
}

/* The quality of the process of a stack, NULL: there is none. */
static struct quality *quality_of(struct judge *self, const struct result_stack *s)
{
	const struct result *r = self->r;
	const uint64_t *at = s->thread < r->threads.count ?
		map_get(&self->process_of, r->threads.at[s->thread].tgid) : NULL;

	return at ? &self->by_process.at[*at] : NULL;
}

static void find_modules(struct judge *self)
{
	const struct result *r = self->r;

	for (int counted = 0; counted < 2; counted++)
		for (size_t i = 0; i < r->stacks.count; i++) {
			const struct result_stack *s = &r->stacks.at[i];
			struct quality *q = quality_of(self, s);
			const char *module = q ? broken_in(self, s) : NULL;
			bool same = module && q->module && !strcmp(q->module, module);

			if (counted && same) {
				q->ended += s->taken;
			} else if (!counted && same) {
				q->votes += s->taken;
			} else if (!counted && module && q->votes >= s->taken) {
				q->votes -= s->taken;
			} else if (!counted && module) {
				q->votes = s->taken - q->votes;
				q->module = module;
			}
		}
}

static bool has_argument(const struct result_process *p, const char *text)
{
	return p->command && memmem(p->command, p->command_size, text, strlen(text));
}

static int hint(struct judge *self, const struct result_process *p, const struct runtime *runtime,
		bool nameless, uint64_t stacks)
{
	uint64_t percent = nameless ? NAMELESS_PERCENT : BROKEN_PERCENT;
	const char *option = nameless ? runtime->names : runtime->walk;

	if (!option || has_argument(p, option) || p->stacks_seen < STACKS_MIN ||
	    stacks < p->stacks_seen * percent / 100 + 1)
		return 0;
	return vec_push(&self->r->hints, (struct result_hint){
		.tgid = p->tgid,
		.comm = p->comm,
		.runtime = runtime->name,
		.nameless = nameless,
		.stacks = stacks,
		.seen = p->stacks_seen,
		.advice = nameless ? runtime->names_advice : runtime->walk_advice,
	});
}

/* Code that was compiled so that nobody can walk through it. */
static int hint_module(struct judge *self, const struct result_process *p, const struct quality *q,
		       uint64_t broken)
{
	if (!q->module || p->stacks_seen < STACKS_MIN || 2 * q->ended <= broken ||
	    broken < p->stacks_seen * NO_TABLE_PERCENT / 100 + 1)
		return 0;
	return vec_push(&self->r->hints, (struct result_hint){
		.tgid = p->tgid,
		.comm = p->comm,
		.runtime = p->comm,
		.module = q->module,
		.stacks = broken,
		.seen = p->stacks_seen,
		.advice = "compile it with -fasynchronous-unwind-tables or "
			  "-fno-omit-frame-pointer, if its compiler has them",
	});
}

static int runtimes_finish(void *p, struct result *r)
{
	struct judge *self = p;
	int rc = 0;

	self->r = r;
	map_clear(&self->process_of);
	map_clear(&self->shown);
	if (vec_reserve(&self->by_process, r->processes.count))
		return -ENOMEM;
	for (size_t i = 0; i < r->processes.count && !rc; i++) {
		self->by_process.at[i] = (struct quality){ .runtime = -1 };
		rc = map_put(&self->process_of, r->processes.at[i].tgid, i);
	}
	for (size_t i = 0; i < r->stacks.count && !rc; i++)
		rc = count_stack(self, &r->stacks.at[i]);
	if (!rc)
		find_modules(self);
	for (size_t i = 0; i < r->processes.count && !rc; i++) {
		const struct result_process *one = &r->processes.at[i];
		const struct quality *q = &self->by_process.at[i];
		uint64_t ended = one->stacks_complete + one->stacks_truncated;
		uint64_t broken = one->stacks_seen > ended ? one->stacks_seen - ended : 0;

		if (q->runtime < 0) {
			rc = hint_module(self, one, q, broken);
			continue;
		}
		rc = hint(self, one, &runtimes[q->runtime], false, broken);
		if (!rc)
			rc = hint(self, one, &runtimes[q->runtime], true, q->nameless);
	}
	return rc;
}

const struct analysis analysis_runtimes = {
	.new = runtimes_new,
	.free = runtimes_free,
	.finish = runtimes_finish,
};
