/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The probes' life: load, attach, seed, drain, detach. probes.c has the table
 * of what is attached; merge.c puts the queues in order.
 *
 * Invariant: a record is passed on once, after every record with an earlier
 * time that was complete SETTLE_NS before the drain began.
 */
#include "capture/capture.h"

#include "base/alloc.h"
#include "capture/arguments.h"
#include "capture/clock.h"
#include "capture/iterate.h"
#include "capture/merge.h"
#include "capture/privileges.h"
#include "capture/probes.h"
#include "capture/unwinding.h"
#include "runwait.skel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

/*
 * How long a probe may take from its clock reading to its record: far more
 * than it does, short of its CPU being taken away in between.
 */
enum { SETTLE_NS = 1000000 };

/* Older kernels take array elements of at most 4 MiB; a ring has more than its data. */
enum { RING_SIZE_SAFE = 2 << 20 };

/* Kernel stacks: 3.5 us each, so from 1 ms on they cost less than 0.4 % of the wait. */
enum { KERNEL_STACK_NS = 1000000, KERNEL_STACK_VAGUE_NS = 100000, WAKER_STACK_NS = 20000 };

struct capture {
	struct capture_options options;
	struct runwait_bpf *skel;
	struct probes probes;
	struct ring_buffer *rare;
	struct merge merge;
	struct unwinding *unwinding; /* NULL: without stacks */
	void *ring_memory;
	size_t ring_bytes; /* of the whole mapping */
	size_t ring_stride; /* of one CPU's element */
	size_t cpus; /* possible ones: elements */
	cpu_set_t online;
	int rare_error; /* -ENOMEM from the callback */
	bool stopped;

};

static int capture_silence(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	(void)level;
	(void)fmt;
	(void)ap;
	return 0;
}

static int on_rare(void *ctx, void *data, size_t size)
{
	struct capture *c = ctx;

	if (merge_add_rare(&c->merge, data, size))
		c->rare_error = -ENOMEM;
	return 0;
}

/* Of one CPU: what many CPUs must share is less for each. */
static uint64_t ring_size_for(uint64_t wanted, size_t cpus)
{
	uint64_t size = 16 << 10;

	if (!wanted)
		wanted = cpus <= 8 ? CAPTURE_BUFFER_MAX : RING_SIZE_SAFE;
	while (size < wanted && size < CAPTURE_BUFFER_MAX)
		size *= 2;
	return size;
}

/* --loops has a second one a CPU, behind the others. */
static size_t ring_count(const struct capture *c)
{
	return c->cpus * (c->options.loops ? 2 : 1);
}

static void config_fill(struct capture *c)
{
	struct probe_config *config = (void *)&c->skel->rodata->config;

	config->ring_mask = (uint32_t)(c->merge.ring_size - 1);
	config->self_tgid = (uint32_t)getpid();
	config->all_tasks = c->options.all_tasks;
	config->children = c->options.children;
	config->stacks = c->options.stacks;
	config->check_stacks = c->options.check_stacks;
	config->has_prev_state = privileges_kernel_at_least(5, 18);
	config->samples = c->options.frequency_hz > 0;
	config->min_wait_ns = c->options.min_wait_ns;
	config->kernel_stack_ns = KERNEL_STACK_NS;
	config->waker_stack_ns = WAKER_STACK_NS;
	config->kernel_stack_vague_ns = KERNEL_STACK_VAGUE_NS;
	config->loop_rings = (uint32_t)c->cpus;
	arguments_fill(config->argument, CONFIG_SYSCALLS);
	arguments_fill_loops(config->loop, CONFIG_SYSCALLS);
}

static int capture_load_with(struct capture *c, uint64_t ring_size, struct error *err)
{
	c->skel = probes_open();
	if (!c->skel)
		return error_set(err, -errno, "cannot open the probes: %s", strerror(errno));
	c->merge.ring_size = ring_size;
	c->ring_stride = WIRE_RING_DATA + ring_size + WIRE_RING_SLACK;
	config_fill(c);
	bpf_map__set_value_size(c->skel->maps.rings, (uint32_t)c->ring_stride);
	bpf_map__set_max_entries(c->skel->maps.rings, (uint32_t)ring_count(c));
	if (!c->options.stacks) { /* nobody looks into these */
		bpf_map__set_max_entries(c->skel->maps.unwind_processes, 1);
		bpf_map__set_max_entries(c->skel->maps.unwind_chunks, 1);
	}
	return probes_load(&c->probes, c->skel, c->options.loops, err);
}

static int capture_load(struct capture *c, struct error *err)
{
	uint64_t size = ring_size_for(c->options.buffer_size, c->cpus);
	int rc = capture_load_with(c, size, err);

	if (rc == -E2BIG && size > RING_SIZE_SAFE) {
		runwait_bpf__destroy(c->skel);
		c->probes = (struct probes){ 0 };
		rc = capture_load_with(c, RING_SIZE_SAFE, err);
	}
	return rc;
}

static int capture_map_rings(struct capture *c, struct error *err)
{
	int fd = bpf_map__fd(c->skel->maps.rings);
	long page = sysconf(_SC_PAGESIZE);

	c->ring_bytes = c->ring_stride * ring_count(c);
	c->ring_bytes = (c->ring_bytes + (size_t)page - 1) & ~((size_t)page - 1);
	c->ring_memory = mmap(NULL, c->ring_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (c->ring_memory == MAP_FAILED) {
		c->ring_memory = NULL;
		return error_set(err, -errno, "cannot map the buffers: %s", strerror(errno));
	}
	for (size_t i = 0; i < ring_count(c); i++) {
		struct merge_ring r = {
			.ring = (void *)((char *)c->ring_memory + i * c->ring_stride)
		};

		if (vec_push(&c->merge.rings, r))
			return -ENOMEM;
	}
	c->rare = ring_buffer__new(bpf_map__fd(c->skel->maps.rare), on_rare, c, NULL);
	return c->rare ? 0 : -errno;
}

/*
 * Visits each CPU once: that makes each of them switch, so that the probes
 * know from the start what it runs.
 */
static void visit_cpus(struct capture *c)
{
	cpu_set_t before, one;

	if (sched_getaffinity(0, sizeof(before), &before))
		return;
	for (size_t cpu = 0; cpu < c->cpus && cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &c->online))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		sched_setaffinity(0, sizeof(one), &one);
	}
	sched_setaffinity(0, sizeof(before), &before);
}

static void find_online(struct capture *c)
{
	/* the affinity of the first process of the machine is not ours: ask by trying */
	cpu_set_t before, one;

	CPU_ZERO(&c->online);
	if (sched_getaffinity(0, sizeof(before), &before))
		return;
	for (size_t cpu = 0; cpu < c->cpus && cpu < CPU_SETSIZE; cpu++) {
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		if (!sched_setaffinity(0, sizeof(one), &one))
			CPU_SET(cpu, &c->online);
	}
	sched_setaffinity(0, sizeof(before), &before);
}

int capture_open(const struct capture_options *options, struct capture **ret, struct error *err)
{
	struct capture *c = calloc(1, sizeof(*c));
	int rc;

	if (!c)
		return -ENOMEM;
	c->options = *options;
	if (!options->verbose)
		libbpf_set_print(capture_silence);
	c->cpus = (size_t)libbpf_num_possible_cpus();
	find_online(c);
	rc = capture_load(c, err);
	if (!rc)
		rc = capture_map_rings(c, err);
	if (!rc && options->stacks)
		rc = unwinding_new(bpf_map__fd(c->skel->maps.unwind_processes),
				   bpf_map__fd(c->skel->maps.unwind_rules),
				   bpf_map__fd(c->skel->maps.unwind_chunks), &c->unwinding, err);
	if (!rc)
		rc = probes_attach(&c->probes, options->frequency_hz, err);
	if (rc) {
		capture_close(c);
		return rc;
	}
	visit_cpus(c);
	*ret = c;
	return 0;
}

void capture_close(struct capture *c)
{
	if (!c)
		return;
	probes_release(&c->probes);
	unwinding_free(c->unwinding);
	if (c->rare)
		ring_buffer__free(c->rare);
	if (c->ring_memory)
		munmap(c->ring_memory, c->ring_bytes);
	merge_release(&c->merge);
	runwait_bpf__destroy(c->skel);
	free(c);
}

/* Task storage is reached from here by a pidfd: no PID namespace can confuse it. */
static int capture_mark(struct capture *c, pid_t pid, uint32_t mark, struct error *err)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0), rc = 0;
	size_t size = bpf_map__value_size(c->skel->maps.threads);
	char *value;

	if (pidfd < 0)
		return error_set(err, -errno, "no process %d: %s", pid, strerror(errno));
	value = calloc(1, size);
	if (!value) {
		close(pidfd);
		return -ENOMEM;
	}
	memcpy(value + MARK_OFFSET, &mark, sizeof(mark));
	if (bpf_map_update_elem(bpf_map__fd(c->skel->maps.threads), &pidfd, value, BPF_ANY))
		rc = error_set(err, -errno, "cannot take up process %d: %s", pid, strerror(errno));
	free(value);
	close(pidfd);
	return rc;
}

int capture_target(struct capture *c, pid_t pid, struct error *err)
{
	return capture_mark(c, pid, MARK_TARGET, err);
}

int capture_command(struct capture *c, pid_t pid, struct error *err)
{
	return capture_mark(c, pid, MARK_EXEC, err);
}

int capture_seed(struct capture *c, capture_record_fn record, void *ctx, struct error *err)
{
	struct bpf_program *prog = probes_seed_program(&c->probes);
	int rc = iterate(prog, record, ctx, err);

	/* again: a thread may stand before its leader, or be forked meanwhile */
	return rc ? rc : iterate(prog, record, ctx, err);
}

int capture_drain(struct capture *c, capture_record_fn record, void *ctx)
{
	uint64_t until = c->stopped ? UINT64_MAX : clock_monotonic_ns() - SETTLE_NS;

	ring_buffer__consume(c->rare);
	if (c->rare_error)
		return c->rare_error;
	return merge_read(&c->merge, until, record, ctx);
}

double capture_fill(const struct capture *c)
{
	uint64_t most = 0;

	for (size_t i = 0; i < c->merge.rings.count; i++)
		if (c->merge.rings.at[i].fill > most)
			most = c->merge.rings.at[i].fill;
	return (double)most / (double)c->merge.ring_size;
}

int capture_stop(struct capture *c, capture_record_fn record, void *ctx, struct error *err)
{
	int rc;

	probes_detach(&c->probes);
	c->stopped = true;
	rc = capture_drain(c, record, ctx);
	return rc ? rc : iterate(probes_flush_program(&c->probes), record, ctx, err);
}

int capture_endpoints(struct capture *c, const uint64_t *keys, size_t count, endpoint_fn fn,
		      void *ctx, struct error *err)
{
	return endpoints_find(c->skel, keys, count, fn, ctx, err);
}

struct unwinding *capture_unwinding(struct capture *c)
{
	return c->unwinding;
}

size_t capture_cpu_count(const struct capture *c)
{
	return (size_t)CPU_COUNT(&c->online);
}

/* The sums are of a moment after @now: takes off what came in between. */
static void cpu_rewind(struct capture_cpu *cpu, uint64_t by)
{
	uint64_t *largest = &cpu->idle_ns;

	if (cpu->other_ns > *largest)
		largest = &cpu->other_ns;
	if (cpu->target_ns > *largest)
		largest = &cpu->target_ns;
	*largest -= by < *largest ? by : *largest;
}

void capture_look(struct capture *c)
{
	LIBBPF_OPTS(bpf_test_run_opts, options, .flags = BPF_F_TEST_RUN_ON_CPU);

	for (size_t i = 0; i < c->cpus && i < CPU_SETSIZE; i++) {
		options.cpu = (uint32_t)i;
		if (CPU_ISSET(i, &c->online))
			bpf_prog_test_run_opts(bpf_program__fd(c->skel->progs.look_core), &options);
	}
}

size_t capture_cpus(struct capture *c, struct capture_cpu *cpus, size_t max, uint64_t now_ns)
{
	size_t n = 0;

	for (size_t i = 0; i < c->cpus && n < max; i++) {
		const struct wire_ring *r = c->merge.rings.at[i].ring;
		uint64_t switched = __atomic_load_n(&r->switched_ns, __ATOMIC_ACQUIRE);
		uint64_t open = now_ns > switched ? now_ns - switched : 0;

		if (i >= CPU_SETSIZE || !CPU_ISSET(i, &c->online))
			continue;
		cpus[n] = (struct capture_cpu){ (uint32_t)i, r->target_ns, r->other_ns,
						r->idle_ns };
		if (now_ns < switched)
			cpu_rewind(&cpus[n], switched - now_ns);
		else if (r->now == 1)
			cpus[n].target_ns += open;
		else if (r->now == 2)
			cpus[n].other_ns += open;
		else if (r->now == 3)
			cpus[n].idle_ns += open;
		n++;
	}
	return n;
}

void capture_checked(const struct capture *c, uint64_t *ret_remembered, uint64_t *ret_wrong)
{
	*ret_remembered = c->skel->bss->stacks_remembered;
	*ret_wrong = c->skel->bss->stacks_wrong;
}

void capture_loss(struct capture *c, uint64_t *loss)
{
	struct unwinding_stats s;

	memset(loss, 0, WIRE_LOSS_COUNT * sizeof(*loss));
	for (size_t i = 0; i < c->merge.rings.count; i++)
		for (int k = 0; k < WIRE_LOSS_COUNT; k++)
			loss[k] += c->merge.rings.at[i].ring->loss[k];
	if (c->unwinding) {
		unwinding_stats(c->unwinding, &s);
		loss[WIRE_LOSS_CODE] = s.refused + s.rules_refused + s.mappings_refused;
	}
	loss[WIRE_LOSS_RING] += c->merge.torn;
	loss[WIRE_LOSS_RARE] += c->skel->bss->rare_lost;
	loss[WIRE_LOSS_STORAGE] += c->skel->bss->storage_lost;
	loss[WIRE_LOSS_MISSED] += probes_missed(&c->probes);
}

size_t capture_probes(const struct capture *c, const char **names, size_t max)
{
	return probes_names(&c->probes, names, max);
}

size_t capture_missing(const struct capture *c, const char **lines, size_t max)
{
	return probes_missing(&c->probes, lines, max);
}
