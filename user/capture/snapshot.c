/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A look is kept as the records that the iterator wrote, and an index of the
 * threads in it by TID.
 */
#include "capture/snapshot.h"

#include "base/map.h"
#include "capture/arguments.h"
#include "capture/clock.h"
#include "capture/iterate.h"
#include "capture/privileges.h"
#include "capture/probes.h"
#include "runwait.skel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

enum { CPUS_MAX = CPU_SETSIZE };

/* Where a thread's records are in the look's bytes, + 1; 0: none. */
struct seen {
	size_t task, object, kernel_stack, look, open;
};

struct look {
	VEC(char) bytes;
	VEC(struct seen) threads;
	struct map by_tid;
};

struct snapshot {
	struct runwait_bpf *skel;
	struct bpf_program *program;
	struct look looks[2]; /* the last one is looks[turn] */
	int turn;
	bool sleepable;
	bool dated; /* behind_ns is known */
	int64_t behind_ns[CPUS_MAX]; /* what to add to a CPU's run-queue clock */
};

static int silence(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	(void)level;
	(void)fmt;
	(void)ap;
	return 0;
}

static void look_clear(struct look *l)
{
	l->bytes.count = 0;
	l->threads.count = 0;
	map_clear(&l->by_tid);
}

static void look_release(struct look *l)
{
	vec_release(&l->bytes);
	vec_release(&l->threads);
	map_release(&l->by_tid);
}

/* --- life -------------------------------------------------------------------------- */

/* Only what is needed is loaded, and what cannot be is done without. */
static int load(struct snapshot *s, bool clock, struct error *err)
{
	struct bpf_program *prog;
	struct probe_config *config;
	int rc;

	s->skel = probes_open();
	if (!s->skel)
		return error_set(err, -errno, "cannot open the probes: %s", strerror(errno));
	bpf_object__for_each_program(prog, s->skel->obj)
		bpf_program__set_autoload(prog, false);
	s->program = s->sleepable ? s->skel->progs.look_sleepable : s->skel->progs.look_plain;
	bpf_program__set_autoload(s->program, true);
	bpf_program__set_autoload(s->skel->progs.look_files, true);
	bpf_program__set_autoload(s->skel->progs.look_clock, clock);
	config = (void *)&s->skel->rodata->config;
	config->self_tgid = (uint32_t)getpid();
	arguments_fill(config->argument, CONFIG_SYSCALLS);
	/* of these maps nothing is used */
	bpf_map__set_max_entries(s->skel->maps.rare, (uint32_t)sysconf(_SC_PAGESIZE));
	bpf_map__set_max_entries(s->skel->maps.unwind_processes, 1);
	bpf_map__set_max_entries(s->skel->maps.unwind_chunks, 1);
	rc = runwait_bpf__load(s->skel);
	if (!rc)
		return 0;
	runwait_bpf__destroy(s->skel);
	s->skel = NULL;
	if (!privileges_kernel_at_least(5, 15))
		return privileges_too_old(err);
	return error_set(err, rc, "the kernel refuses to list its tasks (%s); run `runwait check`",
			 strerror(-rc));
}

/* What each CPU's run-queue clock is behind: read right after moving there. */
static void date(struct snapshot *s)
{
	LIBBPF_OPTS(bpf_test_run_opts, options);
	cpu_set_t before, one;
	int cpus = libbpf_num_possible_cpus();

	if (!bpf_program__autoload(s->skel->progs.look_clock) ||
	    sched_getaffinity(0, sizeof(before), &before))
		return;
	s->dated = true;
	for (int cpu = 0; cpu < cpus && cpu < CPUS_MAX; cpu++) {
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		/* the yield: even where it already is, it is charged for its time now */
		if (sched_setaffinity(0, sizeof(one), &one) || sched_yield() ||
		    bpf_prog_test_run_opts(bpf_program__fd(s->skel->progs.look_clock), &options))
			continue;
		s->behind_ns[cpu] = (int64_t)(s->skel->bss->clock_now_ns -
					      s->skel->bss->clock_exec_ns);
	}
	sched_setaffinity(0, sizeof(before), &before);
}

int snapshot_open(bool verbose, struct snapshot **ret, struct error *err)
{
	struct snapshot *s = calloc(1, sizeof(*s));
	struct privileges have;
	int rc;

	if (!s)
		return -ENOMEM;
	if (!verbose)
		libbpf_set_print(silence);
	rc = privileges_check(&have, err);
	s->sleepable = have.sleepable_iterators;
	if (!rc && load(s, true, err))
		rc = load(s, false, err);
	if (rc) {
		snapshot_close(s);
		return rc;
	}
	date(s);
	*ret = s;
	return 0;
}

void snapshot_close(struct snapshot *s)
{
	if (!s)
		return;
	runwait_bpf__destroy(s->skel);
	look_release(&s->looks[0]);
	look_release(&s->looks[1]);
	free(s);
}

const char *snapshot_missing(const struct snapshot *s)
{
	if (!s->sleepable)
		return "this kernel's iterators may not sleep: what locks say of their holders "
		       "cannot be read, and no deadlock of locks is found";
	return NULL;
}

/* --- looking -------------------------------------------------------------------------- */

static const void *record_at(const struct look *l, size_t at)
{
	return at ? l->bytes.at + at - 1 : NULL;
}

static int keep(void *ctx, const struct wire_head *record)
{
	struct look *l = ctx;
	size_t at = l->bytes.count, size = (record->size + 7u) & ~7u;
	struct seen *t = l->threads.count ? &l->threads.at[l->threads.count - 1] : NULL;

	if (vec_reserve(&l->bytes, size))
		return -ENOMEM;
	memcpy(l->bytes.at + at, record, record->size);
	l->bytes.count += size;
	if (record->type == WIRE_TASK) {
		if (map_put(&l->by_tid, record->thread, l->threads.count))
			return -ENOMEM;
		return vec_push(&l->threads, (struct seen){ .task = at + 1 });
	}
	if (!t)
		return 0;
	if (record->type == WIRE_OBJECT)
		t->object = at + 1;
	else if (record->type == WIRE_STACK)
		t->kernel_stack = at + 1;
	else if (record->type == WIRE_LOOK)
		t->look = at + 1;
	else if (record->type == WIRE_OPEN)
		t->open = at + 1;
	return 0;
}

int snapshot_look(struct snapshot *s, const uint32_t *tgids, size_t count, struct error *err)
{
	int map = bpf_map__fd(s->skel->maps.targets);
	struct look *l;
	uint8_t one = 1;

	for (size_t i = 0; i < count; i++)
		if (bpf_map_update_elem(map, &tgids[i], &one, BPF_ANY))
			return error_set(err, -errno, "cannot look at process %u: %s", tgids[i],
					 strerror(errno));
	s->turn ^= 1;
	l = &s->looks[s->turn];
	look_clear(l);
	return iterate(s->program, keep, l, err);
}

/* A record may end before what it does not need. */
static void open_copy(const struct look *l, const struct seen *t, struct wire_switch *ret)
{
	const struct wire_head *h = record_at(l, t->open);

	memset(ret, 0, sizeof(*ret));
	memcpy(ret, h, h->size < sizeof(*ret) ? h->size : sizeof(*ret));
}

/* Blocked, in the same wait, without a switch between: the words of its lock included. */
static bool is_steady(const struct wire_switch *a, const struct wire_switch *b)
{
	return a->why == WIRE_WHY_BLOCKED && b->why == WIRE_WHY_BLOCKED &&
	       a->voluntary == b->voluntary && a->involuntary == b->involuntary &&
	       a->nr == b->nr && a->detail == b->detail &&
	       !memcmp(a->args, b->args, sizeof(a->args)) &&
	       (a->detail == WIRE_DETAIL_NONE || a->detail == WIRE_DETAIL_OBJECT ||
		!memcmp(a->futex, b->futex, sizeof(a->futex)));
}

static bool was_steady(const struct snapshot *s, const struct wire_switch *now)
{
	const struct look *before = &s->looks[s->turn ^ 1];
	const uint64_t *at = map_get(&before->by_tid, now->tid);
	struct wire_switch then;

	if (!at || !before->threads.at[*at].open)
		return false;
	open_copy(before, &before->threads.at[*at], &then);
	return is_steady(&then, now);
}

/* When it lost its core; 0: not known. */
static uint64_t out_time(const struct snapshot *s, const struct wire_switch *w,
			 const struct wire_look *look)
{
	uint64_t out;

	if (!s->dated || !look->exec_ns || look->cpu >= CPUS_MAX || !s->behind_ns[look->cpu])
		return 0;
	out = look->exec_ns + (uint64_t)s->behind_ns[look->cpu];
	return (int64_t)out > 0 && out < w->in_ns ? out : 0;
}

union stack_bytes {
	struct wire_stack s;
	uint64_t room[sizeof(struct wire_stack) / 8 + WIRE_STACK_DEPTH_MAX];
};

static uint64_t hash_frames(const struct wire_look *look, const uint64_t *frames, uint32_t count)
{
	return (hash_bytes(frames, count * sizeof(*frames)) ^ hash_u64(look->tgid)) | 1;
}

static int tell_user_stack(const struct wire_look *look, capture_record_fn record,
			   snapshot_walk_fn walk, void *ctx, uint64_t *ret_hash)
{
	union stack_bytes b = { .room = { 0 } };
	uint64_t frames[WIRE_STACK_DEPTH_MAX];

	*ret_hash = 0;
	b.s.count = walk(ctx, look, frames, &b.s.head.flags);
	if (!b.s.count)
		return 0;
	memcpy(b.room + sizeof(b.s) / 8, frames, b.s.count * sizeof(*frames));
	b.s.head.type = WIRE_STACK;
	b.s.head.size = (uint16_t)(sizeof(b.s) + b.s.count * sizeof(*frames));
	b.s.time_ns = look->time_ns;
	b.s.tgid = look->tgid;
	*ret_hash = b.s.hash = hash_frames(look, frames, b.s.count);
	return record(ctx, &b.s.head);
}

static int tell_thread(const struct snapshot *s, const struct seen *t, capture_record_fn record,
		       snapshot_walk_fn walk, void *ctx)
{
	const struct look *l = &s->looks[s->turn];
	const size_t first[] = { t->task, t->object, t->kernel_stack };
	const struct wire_look *look = record_at(l, t->look);
	struct wire_switch w;
	uint64_t stack = 0;
	int rc = 0;

	if (!t->open || !look)
		return 0;
	for (size_t i = 0; i < ARRAY_COUNT(first) && !rc; i++)
		if (first[i])
			rc = record(ctx, record_at(l, first[i]));
	open_copy(l, t, &w);
	if (!rc && walk && !(w.head.flags & WIRE_SWITCH_KTHREAD))
		rc = tell_user_stack(look, record, walk, ctx, &stack);
	w.user_stack = stack;
	w.head.size = sizeof(w);
	w.head.flags |= was_steady(s, &w) ? WIRE_SWITCH_STEADY : 0;
	w.out_ns = w.why == WIRE_WHY_RUNNING ? 0 : out_time(s, &w, look);
	return rc ? rc : record(ctx, &w.head);
}

int snapshot_tell(struct snapshot *s, capture_record_fn record, snapshot_walk_fn walk, void *ctx)
{
	const struct look *l = &s->looks[s->turn];
	int rc = 0;

	for (size_t i = 0; i < l->threads.count && !rc; i++)
		rc = tell_thread(s, &l->threads.at[i], record, walk, ctx);
	return rc;
}

int snapshot_waits(struct snapshot *s, snapshot_wait_fn fn, void *ctx)
{
	const struct look *l = &s->looks[s->turn];
	struct wire_switch w;
	int rc = 0;

	for (size_t i = 0; i < l->threads.count && !rc; i++) {
		const struct seen *t = &l->threads.at[i];

		if (!t->open || !t->look)
			continue;
		open_copy(l, t, &w);
		if (w.why == WIRE_WHY_BLOCKED)
			rc = fn(ctx, &w, record_at(l, t->look), record_at(l, t->object));
	}
	return rc;
}

int snapshot_endpoints(struct snapshot *s, const uint64_t *keys, size_t count, endpoint_fn fn,
		       void *ctx, struct error *err)
{
	return endpoints_find(s->skel, keys, count, fn, ctx, err);
}
