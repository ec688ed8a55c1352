/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A new probe is a line in the table below and a program in bpf/. Costs are
 * what the hook adds to one event on a 2-core virtual machine.
 */
#include "capture/probes.h"

#include "capture/privileges.h"
#include "plain.skel.h"
#include "runwait.skel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum probe_kind { KIND_TRACE, KIND_SAMPLER, KIND_ITERATOR, KIND_LOOPS };

struct probe {
	const char *name;
	size_t program; /* offset in struct runwait_bpf's progs */
	enum probe_kind kind;
	bool needed;
	const char *gives;
	const char *costs;
	const char *without; /* what is lost when it is refused */
};

#define PROGRAM(p) offsetof(struct runwait_bpf, progs.p)

static const struct probe table[] = {
	{ "tp_btf/sched_switch", PROGRAM(on_sched_switch), KIND_TRACE, true,
	  "runs and waits of each thread, with what they wait for", "0.3-0.6 us a switch", NULL },
	{ "tp_btf/sched_waking", PROGRAM(on_sched_waking), KIND_TRACE, true,
	  "who ended each wait, and when", "0.1-0.2 us a wakeup", NULL },
	{ "tp_btf/sched_wakeup_new", PROGRAM(on_sched_wakeup_new), KIND_TRACE, true,
	  "when new threads become runnable", "0.1 us a new thread", NULL },
	{ "tp_btf/sched_process_fork", PROGRAM(on_sched_process_fork), KIND_TRACE, true,
	  "new threads and child processes", "0.5 us a new thread", NULL },
	{ "tp_btf/sched_process_exec", PROGRAM(on_sched_process_exec), KIND_TRACE, true,
	  "programs and their arguments", "1 us an exec", NULL },
	{ "tp_btf/task_rename", PROGRAM(on_task_rename), KIND_TRACE, false,
	  "names that threads give themselves", "0.3 us a rename",
	  "threads keep the names they start with" },
	{ "perf_event/cpu-clock", PROGRAM(on_sample), KIND_SAMPLER, false,
	  "where in the code threads run", "5 us a sample, 99 a second and core",
	  "no on-CPU samples" },
	{ "tp_btf/sys_exit", PROGRAM(on_sys_exit), KIND_LOOPS, false,
	  "each round of event loops; attached by --loops",
	  "0.03-0.15 us a system call of any process",
	  "rounds of event loops that do not block are not seen" },
	{ "iter.s/task", PROGRAM(seed_sleepable), KIND_ITERATOR, false,
	  "what threads were waiting for when recording began", "2 us a thread, once",
	  "locks that were already waited for have no owner" },
	{ "iter/task", PROGRAM(flush_open), KIND_ITERATOR, true,
	  "threads that exist, and waits that are not over at the end", "1 us a thread, twice",
	  NULL },
};

static struct bpf_program *program_of(const struct probes *p, size_t row)
{
	return *(struct bpf_program **)((char *)p->skel + table[row].program);
}

static void probe_refuse(struct probes *p, size_t row, int code)
{
	p->state[row] = PROBE_REFUSED;
	snprintf(p->why[row], sizeof(p->why[row]), "%s: %s; %s", table[row].name, strerror(-code),
		 table[row].without);
}

/* Both are of one source and have the same maps and programs: only the code differs. */
struct runwait_bpf *probes_open(void)
{
	struct runwait_bpf *skel = calloc(1, sizeof(*skel));
	struct privileges have;
	int rc;

	if (!skel)
		return NULL;
	rc = runwait_bpf__create_skeleton(skel);
	if (!rc) {
		struct bpf_object_skeleton *s = skel->skeleton;

		privileges_read(&have);
		/* the kfuncs that bpf/kernel.h names are of 6.2 */
		if (!have.sys_admin && !privileges_kernel_at_least(6, 2))
			s->data = (void *)plain_bpf__elf_bytes(&s->data_sz);
		rc = bpf_object__open_skeleton(s, NULL);
	}
	if (rc) {
		runwait_bpf__destroy(skel);
		errno = -rc;
		return NULL;
	}
	return skel;
}

/*
 * The object loads whole or not at all, so what is optional is left out and
 * tried again: sleepable iterators are younger than the rest.
 */
int probes_load(struct probes *p, struct runwait_bpf *skel, bool loops, struct error *err)
{
	struct privileges have;
	int rc;

	p->skel = skel;
	rc = privileges_check(&have, err);
	if (rc)
		return rc;
	/* one of the two iterators that seed; verifying the other would be in vain */
	bpf_program__set_autoload(skel->progs.seed_plain, !have.sleepable_iterators);
	bpf_program__set_autoload(skel->progs.seed_sleepable, have.sleepable_iterators);
	bpf_program__set_autoload(skel->progs.flush_sleepable, have.sleepable_iterators);
	bpf_program__set_autoload(skel->progs.on_sys_exit, loops);
	/* snapshot.c's */
	bpf_program__set_autoload(skel->progs.look_sleepable, false);
	bpf_program__set_autoload(skel->progs.look_plain, false);
	bpf_program__set_autoload(skel->progs.look_clock, false);
	for (size_t i = 0; i < ARRAY_COUNT(table); i++)
		if (program_of(p, i) == skel->progs.seed_sleepable && !have.sleepable_iterators)
			probe_refuse(p, i, -ENOTSUP);
	rc = runwait_bpf__load(skel);
	/* EACCES is the verifier's, of programs that it does not understand */
	if (rc == -EPERM)
		return error_set(err, rc, "the kernel refuses the probes (%s); run `runwait check`",
				 strerror(-rc));
	if (rc && !privileges_kernel_at_least(5, 15))
		return privileges_too_old(err);
	if (rc)
		return error_set(err, rc,
				 "cannot load the probes: %s; `runwait record -vv -- true` shows "
				 "what this kernel objects to",
				 strerror(-rc));
	return 0;
}

static int sampler_open(struct probes *p, size_t row, uint32_t frequency_hz)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.freq = 1,
		.sample_freq = frequency_hz,
	};
	int cpus = libbpf_num_possible_cpus(), opened = 0, rc = 0;

	for (int cpu = 0; cpu < cpus; cpu++) {
		int fd = (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1,
				      PERF_FLAG_FD_CLOEXEC);
		struct bpf_link *link;

		if (fd < 0) {
			/* a CPU that is offline */
			if (errno != ENODEV && errno != EINVAL)
				rc = -errno;
			continue;
		}
		link = bpf_program__attach_perf_event(program_of(p, row), fd);
		if (!link) {
			rc = -errno;
			close(fd);
			continue;
		}
		if (vec_push(&p->links, link)) {
			bpf_link__destroy(link);
			return -ENOMEM;
		}
		opened++;
	}
	return opened ? 0 : rc;
}

int probes_attach(struct probes *p, uint32_t frequency_hz, struct error *err)
{
	for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
		struct bpf_link *link;
		int rc = 0;

		if (p->state[i] == PROBE_REFUSED)
			continue;
		if (table[i].kind == KIND_SAMPLER) {
			if (!frequency_hz)
				continue;
			rc = sampler_open(p, i, frequency_hz);
		} else if (table[i].kind == KIND_LOOPS &&
			   !bpf_program__autoload(program_of(p, i))) {
			continue;
		} else if (table[i].kind != KIND_ITERATOR) {
			link = bpf_program__attach(program_of(p, i));
			rc = link ? vec_push(&p->links, link) : -errno;
		}
		if (!rc)
			p->state[i] = PROBE_ATTACHED;
		else if (table[i].needed)
			return error_set(err, rc, "cannot attach %s: %s", table[i].name,
					 strerror(-rc));
		else
			probe_refuse(p, i, rc);
	}
	return 0;
}

uint64_t probes_missed(const struct probes *p)
{
	uint64_t missed = p->missed;

	if (!p->skel || missed)
		return missed;
	for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
		struct bpf_prog_info info = { 0 };
		uint32_t size = sizeof(info);

		if (p->state[i] == PROBE_ATTACHED &&
		    !bpf_obj_get_info_by_fd(bpf_program__fd(program_of(p, i)), &info, &size))
			missed += info.recursion_misses;
	}
	return missed;
}

void probes_detach(struct probes *p)
{
	p->missed = probes_missed(p);
	for (size_t i = 0; i < p->links.count; i++)
		bpf_link__destroy(p->links.at[i]);
	p->links.count = 0;
}

void probes_release(struct probes *p)
{
	probes_detach(p);
	vec_release(&p->links);
}

struct bpf_program *probes_seed_program(const struct probes *p)
{
	struct bpf_program *sleepable = p->skel->progs.seed_sleepable;

	return bpf_program__fd(sleepable) >= 0 ? sleepable : p->skel->progs.seed_plain;
}

struct bpf_program *probes_flush_program(const struct probes *p)
{
	struct bpf_program *sleepable = p->skel->progs.flush_sleepable;

	return bpf_program__fd(sleepable) >= 0 ? sleepable : p->skel->progs.flush_open;
}

size_t probes_names(const struct probes *p, const char **names, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_COUNT(table) && n < max; i++)
		if (p->state[i] == PROBE_ATTACHED)
			names[n++] = table[i].name;
	return n;
}

size_t probes_missing(const struct probes *p, const char **lines, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_COUNT(table) && n < max; i++)
		if (p->state[i] == PROBE_REFUSED)
			lines[n++] = p->why[i];
	return n;
}

size_t probes_table(struct probe_info *rows, size_t max)
{
	size_t n = 0;

	for (; n < ARRAY_COUNT(table) && n < max; n++)
		rows[n] = (struct probe_info){ table[n].name, table[n].gives, table[n].costs,
					       table[n].needed };
	return n;
}
