/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One loop: sleep a little, read what was mapped, drain the records, write
 * events. How long it sleeps follows how full the rings get.
 *
 * The window of a recording begins when all threads that exist are taken up
 * (-p, -a) or when the command is let go, and ends when the end is noticed;
 * what comes outside of it is in the file and clipped by the model.
 */
#include "cmd/recorder.h"

#include "base/log.h"
#include "base/map.h"
#include "capture/clock.h"
#include "capture/sideband.h"
#include "capture/unwinding.h"
#include "cmd/family.h"
#include "cmd/seeds.h"
#include "cmd/translate.h"
#include "core/recording.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

/* Set in the environment by tests: walk also stacks that are remembered, and compare. */
#define CHECK_STACKS "RUNWAIT_CHECK_STACKS"

/* A ring that is so full, or less, after a nap leaves time for a longer one. */
#define FILL_LOW 0.06

enum {
	SLEEP_MAX_NS = 50000000,
	SLEEP_MIN_NS = 1000000,
	HURRY_MAX_NS = 5000000, /* spent for the sake of new code, in each SLEEP_MAX_NS */
	LATE_NS = 1000000, /* to wake so much after the time is to wake late, */
	LATE_MAX = 3, /* and so often is too often */
	PATIENCE_NS = 150000000, /* of a drain, with tables that are being made; */
	PATIENCE_LEAST_NS = 20000000, /* when the rings fill meanwhile, */
	PATIENCE_LAST_NS = 500000000, /* and when nothing more comes */
	PREPARE_MAX_NS = 500000000, /* to make tables of what exists, before the window begins */
	CHILDREN_TOLD = 16, /* that a warning lists */
	CPU_EVERY_NS = 100000000, /* core use is written this often */
	FLUSH_EVERY_NS = 1000000000, /* and a chunk at least so often */
	LINGER_NS = 50000000, /* for the last switches of processes that have ended */
	ONE_INSTANT_NS = 100000,
	CPUS_MAX = 1024,
};

struct recorder {
	const struct recorder_options *o;
	struct capture *capture;
	struct translate *translate;
	struct file_writer *file;
	struct child child;
	struct recording recording;
	struct strbuf command; /* argv joined by NULs */
	struct utsname kernel;
	VEC(int) targets; /* pidfds of -p */
	struct seeds seeds; /* what exists, before there is a file */
	struct capture_cpu cpus[CPUS_MAX]; /* core use, as read last */
	size_t cpu_count;
	sigset_t before; /* the signal mask that the command gets */
	int signals; /* signalfd */
	bool stop;
	bool told; /* to stop, by a signal */
	int forward; /* that signal, which the command gets once it was looked at; 0 none */
	bool first; /* be_served_first() */
	uint64_t hurry_since_ns, hurried_ns; /* see may_hurry() */
	uint64_t asleep_ns, woken_ns; /* of a sleep that new code ends; 0: of another */
	unsigned int late; /* how often it woke late */
	uint64_t cpu_at_ns, flush_at_ns; /* when to do these again */
	uint64_t window_cpu_ns; /* CPU time of this process when the window began */
};

void recorder_defaults(struct recorder_options *o)
{
	memset(o, 0, sizeof(*o));
	o->capture.children = true;
	o->capture.stacks = true;
	o->frequency_hz = 99;
}

void recorder_options_release(struct recorder_options *o)
{
	vec_release(&o->pids);
}

int recorder_parse_pids(void *into, const char *argument, struct error *err)
{
	VEC(pid_t) *pids = into;
	const char *p = argument;

	do {
		char *end;
		long pid = strtol(p, &end, 10);

		if (end == p || pid <= 0 || pid > INT32_MAX || (*end && *end != ','))
			return error_set(err, -EINVAL, "not a list of process numbers: %s",
					 argument);
		if (vec_push(pids, (pid_t)pid))
			return -ENOMEM;
		p = end + (*end == ',');
		if (*end == ',' && !*p)
			return error_set(err, -EINVAL, "not a list of process numbers: %s",
					 argument);
	} while (*p);
	return 0;
}

int recorder_parse_us(void *into, const char *argument, struct error *err)
{
	char *end;
	double us = strtod(argument, &end);

	if (end == argument || *end || !(us >= 0) || us > 1e9)
		return error_set(err, -EINVAL, "not a number of microseconds: %s", argument);
	*(uint64_t *)into = (uint64_t)(us * 1e3);
	return 0;
}

static int on_record(void *ctx, const struct wire_head *record)
{
	struct recorder *r = ctx;

	return translate_record(r->translate, record);
}

static int on_mapping(void *ctx, const struct sideband_mapping *m)
{
	struct recorder *r = ctx;

	r->late += r->asleep_ns && m->time_ns > r->asleep_ns &&
		   r->woken_ns > m->time_ns + LATE_NS;
	return translate_mapping(r->translate, m);
}

static int on_event(void *ctx, const struct event *e)
{
	struct recorder *r = ctx;

	return file_writer_add(r->file, e);
}

/* --- beginning ------------------------------------------------------------- */

static int catch_signals(struct recorder *r, struct error *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, &r->before);
	r->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return r->signals < 0 ? error_set(err, -errno, "signalfd: %s", strerror(errno)) : 0;
}

static int describe(struct recorder *r)
{
	struct recording *rec = &r->recording;

	for (char **a = r->o->command; a && *a; a++)
		strbuf_add(&r->command, *a, strlen(*a) + 1);
	rec->command = r->command.buf;
	rec->command_size = r->command.len;
	rec->kernel = r->kernel.release;
	rec->machine = r->kernel.machine;
	rec->host = r->kernel.nodename;
	rec->version = runwait_version;
	rec->cpus = (uint32_t)capture_cpu_count(r->capture);
	rec->frequency_hz = (uint32_t)r->o->frequency_hz;
	rec->min_wait_ns = r->o->capture.min_wait_ns;
	rec->stacks = r->o->capture.stacks;
	rec->children = r->o->capture.children;
	rec->whole_machine = r->o->capture.all_tasks;
	rec->exit_status = -1;
	rec->probe_count = (int)capture_probes(r->capture, rec->probes, RECORDING_PROBES);
	rec->missing_count = (int)capture_missing(r->capture, rec->missing, RECORDING_PROBES - 1);
	if (translate_missing(r->translate))
		rec->missing[rec->missing_count++] = translate_missing(r->translate);
	return strbuf_error(&r->command);
}

static uint64_t read_cpus(struct recorder *r)
{
	uint64_t now;

	/* again when we lost the core in between: clock and sums must be of one instant */
	for (int tries = 0; tries < 16; tries++) {
		now = clock_monotonic_ns();
		r->cpu_count = capture_cpus(r->capture, r->cpus, CPUS_MAX, now);
		if (clock_monotonic_ns() - now < ONE_INSTANT_NS)
			break;
	}
	return now;
}

static int write_cpus(struct recorder *r, uint64_t time_ns)
{
	int rc = 0;

	for (size_t i = 0; i < r->cpu_count && !rc; i++) {
		struct event e = { .type = EVENT_CPU, .time_ns = time_ns };

		e.cpu.cpu = (uint16_t)r->cpus[i].cpu;
		e.cpu.target_ns = r->cpus[i].target_ns;
		e.cpu.other_ns = r->cpus[i].other_ns;
		e.cpu.idle_ns = r->cpus[i].idle_ns;
		rc = file_writer_add(r->file, &e);
	}
	r->cpu_at_ns = time_ns + CPU_EVERY_NS;
	return rc;
}

/* The window and the first reading of core use are one instant. */
static void window_begin(struct recorder *r)
{
	struct recording *rec = &r->recording;

	capture_look(r->capture);
	rec->start_ns = read_cpus(r);
	r->window_cpu_ns = clock_cpu_ns();
	rec->start_realtime_ns = clock_realtime_ns() - (clock_monotonic_ns() - rec->start_ns);
	rec->start_boottime_ns = clock_boottime_ns() - (clock_monotonic_ns() - rec->start_ns);
}

static int keep_seed(void *ctx, const struct wire_head *record)
{
	struct recorder *r = ctx;

	return seeds_add(&r->seeds, record);
}

/* Every process there is, by /proc; kernel threads have no code to know. */
static int prepare_all(struct recorder *r, uint64_t now)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int rc = 0;

	while (proc && !rc && (entry = readdir(proc))) {
		uint32_t pid = (uint32_t)strtoul(entry->d_name, NULL, 10);

		if (pid && pid != (uint32_t)getpid())
			rc = translate_take_up(r->translate, pid, now);
	}
	if (proc)
		closedir(proc);
	return rc;
}

/*
 * What is about to be taken up has whole stacks from the window's beginning
 * on. Before it is: from then on records come, and nobody drains them yet.
 */
static int prepare_stacks(struct recorder *r)
{
	uint64_t now = clock_monotonic_ns();
	int rc = 0;

	if (r->child.pid)
		rc = translate_take_up(r->translate, (uint32_t)r->child.pid, now);
	for (size_t i = 0; i < r->o->pids.count && !rc; i++)
		rc = translate_take_up(r->translate, (uint32_t)r->o->pids.at[i], now);
	if (!rc && r->o->capture.all_tasks)
		rc = prepare_all(r, now);
	return rc ? rc : translate_settle(r->translate, PREPARE_MAX_NS);
}

static bool is_named(const struct recorder *r, uint32_t pid)
{
	for (size_t i = 0; i < r->o->pids.count; i++)
		if ((uint32_t)r->o->pids.at[i] == pid)
			return true;
	return pid == (uint32_t)getpid();
}

/* Of processes that are named, later children are recorded; a server has its workers. */
static int tell_children(const struct recorder *r)
{
	struct strbuf pids = STRBUF_INIT;
	struct family all = { 0 };
	size_t count = 0;
	int rc = family_read(&all);

	for (size_t i = 0; i < r->o->pids.count && !rc; i++) {
		uint32_t parent = (uint32_t)r->o->pids.at[i], child;
		size_t pos = 0;

		strbuf_addf(&pids, "%s%u", i ? "," : "", parent);
		while ((child = family_next(&all, &pos, parent)))
			if (!is_named(r, child) && ++count <= CHILDREN_TOLD)
				strbuf_addf(&pids, ",%u", child);
	}
	if (count && !strbuf_error(&pids))
		log_warning("%zu child process%s there already %s not recorded: -p %s%s", count,
			    count == 1 ? " that is" : "es that are", count == 1 ? "is" : "are",
			    pids.buf, count > CHILDREN_TOLD ? ",…" : "");
	rc = rc ? rc : strbuf_error(&pids);
	strbuf_release(&pids);
	family_release(&all);
	return rc;
}

static int take_up(struct recorder *r, struct error *err)
{
	int told = r->o->capture.children && r->o->pids.count ? tell_children(r) : 0;

	if (told)
		return told;

	for (size_t i = 0; i < r->o->pids.count; i++) {
		pid_t pid = r->o->pids.at[i];
		int rc = capture_target(r->capture, pid, err), fd;

		if (rc)
			return rc;
		fd = (int)syscall(SYS_pidfd_open, pid, 0);
		if (fd >= 0 && vec_push(&r->targets, fd))
			return -ENOMEM;
	}
	return 0;
}

/*
 * A drain that comes late loses records, and a target that takes all cores
 * makes it late: nice values count only within a session where the kernel
 * groups by them. It also leaves new programs without tables. So once a ring
 * was half full, or it woke late a few times, this becomes a real-time task;
 * not before, for such a task wakes on the core that it had last, be it the
 * target's. What it starts is ordinary again.
 */
static void be_served_first(bool first)
{
	struct sched_param param = { .sched_priority = first ? 1 : 0 };

	if (sched_setscheduler(0, (first ? SCHED_RR : SCHED_OTHER) | SCHED_RESET_ON_FORK, &param))
		setpriority(PRIO_PROCESS, 0, first ? -10 : 0);
}

static int recorder_begin(struct recorder *r, struct error *err)
{
	struct capture_options capture = r->o->capture;
	int rc;

	uname(&r->kernel);
	capture.frequency_hz = (uint32_t)r->o->frequency_hz;
	capture.verbose = r->o->log.verbose > 1;
	capture.check_stacks = getenv(CHECK_STACKS) != NULL;
	rc = catch_signals(r, err);
	/* the command first: a failed fork costs nothing yet */
	if (!rc && r->o->command)
		rc = child_hold(&r->child, r->o->command, &r->before, err);
	/* reads the kernel's symbols while the kernel verifies the probes */
	if (!rc)
		rc = translate_open(machine_find(r->kernel.machine), r->o->capture.stacks,
				    on_event, r, &r->translate, err);
	if (!rc)
		rc = capture_open(&capture, &r->capture, err);
	if (!rc)
		rc = translate_tell(r->translate, capture_unwinding(r->capture));
	if (!rc)
		rc = describe(r);
	if (!rc)
		rc = take_up(r, err);
	translate_ready(r->translate);
	if (rc)
		return rc;
	rc = prepare_stacks(r);
	/* what exists first, so that all of it is known when the window begins */
	if (!rc && r->o->command)
		rc = capture_command(r->capture, r->child.pid, err);
	else if (!rc)
		rc = capture_seed(r->capture, keep_seed, r, err);
	if (!rc && r->o->capture.stacks)
		rc = seeds_walk(&r->seeds, translate_spaces(r->translate),
				translate_modules(r->translate));
	if (rc)
		return rc;
	window_begin(r);
	rc = file_writer_create(r->o->path, &r->recording, &r->file, err);
	if (rc)
		return rc;
	setpriority(PRIO_PROCESS, 0, -10);
	rc = seeds_tell(&r->seeds, on_record, r);
	return rc ? rc : write_cpus(r, r->recording.start_ns);
}

/* --- the loop -------------------------------------------------------------- */

static int recorder_step(struct recorder *r)
{
	uint64_t began = clock_monotonic_ns(), now;
	int rc = translate_read_mappings(r->translate, on_mapping, r);

	translate_have_patience(r->translate, capture_fill(r->capture) < FILL_LOW
						      ? PATIENCE_NS
						      : PATIENCE_LEAST_NS);
	if (!rc)
		rc = capture_drain(r->capture, on_record, r);
	if (!rc)
		rc = translate_settle(r->translate, 0);
	now = clock_monotonic_ns();
	if (now - began > SLEEP_MAX_NS)
		log_verbose("a drain took %" PRIu64 " ms", (now - began) / 1000000);
	if (!rc && now >= r->cpu_at_ns)
		rc = write_cpus(r, read_cpus(r));
	if (!rc && now >= r->flush_at_ns) {
		rc = file_writer_flush(r->file);
		r->flush_at_ns = now + FLUSH_EVERY_NS;
	}
	return rc;
}

static void take_signals(struct recorder *r)
{
	struct signalfd_siginfo info;

	while (read(r->signals, &info, sizeof(info)) == sizeof(info)) {
		/* the terminal tells the command itself; others only told us */
		if (!r->told && r->child.pid && info.ssi_code != SI_KERNEL)
			r->forward = (int)info.ssi_signo;
		r->stop = r->told = true;
	}
}

/* Targets of -p that ended are waited for no more; true while any is left. */
static bool targets_left(struct recorder *r)
{
	for (size_t i = 0; i < r->targets.count;) {
		struct pollfd p = { r->targets.at[i], POLLIN, 0 };

		if (poll(&p, 1, 0) > 0) {
			close(p.fd);
			r->targets.at[i] = r->targets.at[--r->targets.count];
		} else {
			i++;
		}
	}
	return r->targets.count > 0;
}

static uint64_t sleep_for(uint64_t last_ns, double fill)
{
	/* aim at a quarter full when the next drain begins */
	if (fill > 0.25)
		last_ns = last_ns / 4;
	else if (fill < FILL_LOW)
		last_ns = last_ns * 2;
	if (last_ns < SLEEP_MIN_NS)
		return SLEEP_MIN_NS;
	return last_ns > SLEEP_MAX_NS ? SLEEP_MAX_NS : last_ns;
}

/* Whether a step for the sake of new code may be taken now: not without end. */
static bool may_hurry(struct recorder *r, uint64_t now)
{
	if (now - r->hurry_since_ns > SLEEP_MAX_NS) {
		r->hurry_since_ns = now;
		r->hurried_ns = 0;
	}
	return r->hurried_ns < HURRY_MAX_NS;
}

/* Tells the probes of code that was mapped, by whomever; all else can wait. */
static int hurry(struct recorder *r)
{
	int rc = translate_read_mappings(r->translate, on_mapping, r);

	if (!rc)
		rc = translate_settle(r->translate, 0);
	r->hurried_ns += clock_monotonic_ns() - r->woken_ns;
	return rc;
}

/*
 * Sleeps until then, or for a signal or the command's end. Code that was mapped
 * is taken up meanwhile: until it is known, stacks of who runs it are short.
 */
static int sleep_until(struct recorder *r, uint64_t until_ns)
{
	struct pollfd fds[2 + TRANSLATE_FDS] = {
		{ r->signals, POLLIN, 0 },
		{ r->child.pid ? r->child.pidfd : -1, POLLIN, 0 },
	};
	int code[TRANSLATE_FDS], rc = 0;

	translate_fds(r->translate, code);
	for (int i = 0; i < TRANSLATE_FDS; i++)
		fds[2 + i] = (struct pollfd){ code[i], POLLIN, 0 };
	for (uint64_t now; !rc && (now = clock_monotonic_ns()) < until_ns;) {
		struct timespec ts = { .tv_nsec = (long)(until_ns - now) };
		bool ready = may_hurry(r, now);
		int n = ppoll(fds, ready ? ARRAY_COUNT(fds) : 2, &ts, NULL);

		r->woken_ns = clock_monotonic_ns();
		r->late += n == 0 && r->woken_ns > until_ns + LATE_NS;
		if (n < 0 || fds[0].revents || fds[1].revents)
			break;
		if (n > 0) {
			r->asleep_ns = now;
			rc = hurry(r);
			r->asleep_ns = 0;
		}
	}
	return rc;
}

static int recorder_loop(struct recorder *r)
{
	uint64_t end = r->o->duration_ns ? r->recording.start_ns + r->o->duration_ns : UINT64_MAX;
	uint64_t nap = 10000000;
	int rc = 0;

	while (!rc && !r->stop) {
		uint64_t until = clock_monotonic_ns() + nap;

		rc = sleep_until(r, until < end ? until : end);
		nap = sleep_for(nap, capture_fill(r->capture));
		if (!r->first && (capture_fill(r->capture) > 0.5 || r->late > LATE_MAX)) {
			r->first = true;
			be_served_first(true);
		}
		take_signals(r);
		if (!rc)
			rc = recorder_step(r);
		if (clock_monotonic_ns() >= end)
			r->stop = true;
		if (r->child.pid ? child_has_ended(&r->child)
				 : r->o->pids.count && !targets_left(r))
			r->stop = true;
	}
	return rc;
}

/* --- end ------------------------------------------------------------------- */

/*
 * A process can be waited for before its threads have left their cores for
 * good, and then what they do is in no list of tasks any more: the window ends behind that.
 * So it does with a command that ends of a terminal's signal, as most do.
 */
static int linger(struct recorder *r)
{
	uint64_t until = clock_monotonic_ns() + LINGER_NS;
	struct timespec ts = { .tv_nsec = SLEEP_MIN_NS };
	int rc = 0;

	while (!rc && clock_monotonic_ns() < until &&
	       ((r->told && !r->forward && !child_has_ended(&r->child)) ||
		translate_ending(r->translate))) {
		nanosleep(&ts, NULL);
		rc = recorder_step(r);
	}
	return rc;
}

static void tell_tables(struct recorder *r)
{
	struct unwinding *unwinding = capture_unwinding(r->capture);
	struct unwinding_stats s;

	if (!unwinding)
		return;
	unwinding_stats(unwinding, &s);
	log_verbose("unwind tables: %u files (%u more without), %llu rows, %llu rules, %llu KiB, "
		    "%.1f ms to make", s.tables, s.failed, (unsigned long long)s.rows,
		    (unsigned long long)s.rules, (unsigned long long)s.memory >> 10,
		    (double)s.build_ns / 1e6);
	if (s.refused || s.rules_refused || s.mappings_refused)
		log_verbose("unwind tables: no room for %u files, %llu rules and %llu mappings",
			    s.refused, (unsigned long long)s.rules_refused,
			    (unsigned long long)s.mappings_refused);
}

static void swallow(int signal)
{
	(void)signal;
}

/*
 * What is left takes a moment, or as long as the command likes: the next signal
 * ends it. But who tells us to stop just when the target ended does not mean that,
 * nor does one that came with the first: timeout(1) tells us, and then our group.
 */
static void free_signals(struct recorder *r)
{
	struct sigaction once = { .sa_handler = swallow, .sa_flags = SA_RESETHAND | SA_RESTART };
	static const int stops[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction before;

	take_signals(r);
	if (r->forward && !child_has_ended(&r->child))
		kill(r->child.pid, r->forward);
	if (r->file && !r->told && !(r->child.pid && !r->child.ended))
		for (size_t i = 0; i < ARRAY_COUNT(stops); i++)
			if (!sigaction(stops[i], NULL, &before) && before.sa_handler == SIG_DFL)
				sigaction(stops[i], &once, NULL);
	sigprocmask(SIG_SETMASK, &r->before, NULL);
}

/* What could not be had, as far as only the end shows it. */
static void describe_late(struct recorder *r)
{
	struct recording *rec = &r->recording;
	const char *late = translate_missing_late(r->translate);

	if (late && rec->missing_count < RECORDING_PROBES) {
		rec->missing[rec->missing_count++] = late;
		rec->missing_late_count++;
	}
}

/* For tests/live/stacks. */
static void tell_check(const struct recorder *r)
{
	uint64_t remembered, wrong;

	if (!getenv(CHECK_STACKS))
		return;
	capture_checked(r->capture, &remembered, &wrong);
	log_info("%" PRIu64 " stacks were remembered, %" PRIu64 " of them wrong", remembered,
		 wrong);
}

static int recorder_end(struct recorder *r, struct recorder_outcome *ret, struct error *err)
{
	struct recording *rec = &r->recording;
	uint64_t lost[LOSS_CAUSES] = { 0 };
	int rc;

	rc = linger(r);
	rec->end_ns = read_cpus(r);
	rec->collector_window_cpu_ns = clock_cpu_ns() - r->window_cpu_ns;
	if (!rc)
		rc = write_cpus(r, rec->end_ns);
	if (!rc)
		rc = translate_read_mappings(r->translate, on_mapping, r);
	translate_have_patience(r->translate, PATIENCE_LAST_NS);
	if (!rc)
		rc = capture_stop(r->capture, on_record, r, err);
	be_served_first(false);
	free_signals(r);
	if (!rc)
		rc = translate_ends(r->translate, r->capture);
	if (!rc)
		rc = translate_names(r->translate);
	describe_late(r);
	tell_tables(r);
	tell_check(r);
	capture_loss(r->capture, lost);
	translate_loss(r->translate, lost);
	for (int i = 0; i < LOSS_CAUSES; i++)
		rec->loss[i] = lost[i];
	if (r->child.pid && child_reap(&r->child, false))
		rec->exit_status = r->child.status;
	rec->complete = true;
	rec->collector_cpu_ns = clock_cpu_ns() + translate_apart_cpu_ns(r->translate);
	if (!rc)
		rc = file_writer_finish(r->file, rec, err);
	ret->records = translate_records(r->translate);
	ret->threads = translate_threads(r->translate);
	ret->lost = lost[WIRE_LOSS_RING] + lost[WIRE_LOSS_RARE];
	if (lost[WIRE_LOSS_STORAGE])
		log_warning("threads that could not be recorded, for want of memory in the kernel: "
			    "%" PRIu64, lost[WIRE_LOSS_STORAGE]);
	ret->size = file_writer_size(r->file);
	ret->fd = fcntl(file_writer_fd(r->file), F_DUPFD_CLOEXEC, 3);
	return rc;
}

static void recorder_release(struct recorder *r)
{
	capture_close(r->capture);
	translate_close(r->translate);
	file_writer_close(r->file);
	for (size_t i = 0; i < r->targets.count; i++)
		close(r->targets.at[i]);
	vec_release(&r->targets);
	seeds_release(&r->seeds);
	strbuf_release(&r->command);
	if (r->signals >= 0)
		close(r->signals);
}

int recorder_run(const struct recorder_options *o, struct recorder_outcome *ret, struct error *err)
{
	struct recorder r = { .o = o, .command = STRBUF_INIT, .signals = -1,
			      .child = { .pidfd = -1, .go = -1, .failure = -1 } };
	int rc = recorder_begin(&r, err);

	*ret = (struct recorder_outcome){ .fd = -1 };
	if (!rc && r.child.pid) {
		ret->exec_error = -child_release(&r.child);
		if (ret->exec_error)
			r.stop = true;
	}
	if (!rc)
		rc = recorder_loop(&r);
	if (r.file && !ret->exec_error) {
		int end = recorder_end(&r, ret, rc ? NULL : err);

		rc = rc ? rc : end;
	} else {
		free_signals(&r);
	}
	ret->child = r.child;
	child_close(&r.child);
	ret->child.pidfd = ret->child.go = ret->child.failure = -1;
	recorder_release(&r);
	return rc;
}

/* --- what record and stat share ------------------------------------------- */

bool recorder_command_line(const struct command *c, void *into, struct recorder_options *o,
			   int argc, char **argv, int *ret_status)
{
	bool dashes;
	int words, targets;

	if (!command_parse(c, into, argc, argv, true, &words, &dashes, ret_status))
		return false;
	command_set_log(&o->log);
	if (o->capture.buffer_size > CAPTURE_BUFFER_MAX)
		log_warning("--buffer: a core gets 8 MiB, which is the most");
	if (words < argc)
		o->command = argv + words;
	targets = (o->command != NULL) + (o->pids.count > 0) + o->capture.all_tasks;
	if (targets == 1)
		return true;
	if (targets)
		*ret_status = command_usage(c, "one of CMD, -p and -a, not several");
	else if (dashes)
		*ret_status = command_usage(c, "no command behind --");
	else
		*ret_status = command_usage(c, "nothing to record: -- CMD, -p PID or -a");
	return false;
}

int recorder_status(const struct recorder_options *o, const struct recorder_outcome *out, int rc,
		    const struct error *err)
{
	struct child child = out->child;

	if (out->exec_error) {
		log_error("cannot run %s: %s", o->command[0], strerror(out->exec_error));
		return out->exec_error == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_EXECUTABLE;
	}
	if (rc) {
		int status = command_failed(err, rc);

		/* it goes on without us; not behind the back of who started it */
		child_reap(&child, true);
		return status;
	}
	if (!child.pid)
		return STATUS_OK;
	child_reap(&child, true);
	return child_exit_status(&child);
}
