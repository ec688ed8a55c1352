/* SPDX-License-Identifier: GPL-2.0-only */
#include "view_cases.h"

#include "unit.h"
#include "wire.h"

#include <stdio.h>
#include <string.h>

#define US(n) ((uint64_t)(n) * 1000)
#define MS(n) ((uint64_t)(n) * 1000000)
#define SEC(n) ((uint64_t)(n) * 1000000000)
#define PUSH(v, ...) assert_int_equal(vec_push(v, __VA_ARGS__), 0)
#define COMMAND(r, text)                                                                   \
	do {                                                                               \
		(r)->recording.command = text;                                             \
		(r)->recording.command_size = sizeof(text) - 1;                            \
	} while (0)

/* --- steps that the cases share --------------------------------------------- */

static void base(struct result *r, uint64_t duration_ns, uint32_t cpus)
{
	r->duration_ns = duration_ns;
	r->recording = (struct recording){
		.command = "",
		.kernel = "6.18.0",
		.machine = "x86_64",
		.host = "box",
		.version = "0.1.0",
		.cpus = cpus,
		.frequency_hz = 99,
		.stacks = true,
		.children = true,
		.start_ns = SEC(1000),
		.start_realtime_ns = SEC(1767225600), /* 2026-01-01 00:00:00 UTC */
		.probes = { "tp_btf/sched_switch", "tp_btf/sched_waking", "perf/cpu-clock" },
		.probe_count = 3,
		.complete = true,
		.end_ns = SEC(1000) + duration_ns,
		.collector_cpu_ns = SEC(1) / 2 + duration_ns / 200,
		.collector_window_cpu_ns = duration_ns / 200,
	};
}

static void process(struct result *r, uint32_t pid, uint32_t parent, const char *comm,
		    const char *command, size_t command_size)
{
	struct result_process p = {
		.tgid = pid,
		.parent_tgid = parent,
		.comm = comm,
		.command = command,
		.command_size = command_size,
		.end_ns = r->duration_ns,
	};

	PUSH(&r->processes, p);
	r->process_count++;
}

/* A thread of the process that was added last; its sums follow from its parts. */
static void thread(struct result *r, uint32_t tid, const char *comm, struct totals sum)
{
	struct result_process *p = &r->processes.at[r->processes.count - 1];
	struct result_thread t = { .thread = tid, .tid = tid, .tgid = p->tgid, .comm = comm };

	for (int c = 0; c < CLASS_COUNT; c++)
		sum.wait_ns += sum.by_class_ns[c];
	sum.life_ns = sum.run_ns + sum.runnable_ns + sum.wait_ns;
	sum.waits = sum.voluntary;
	t.sum = sum;
	t.end_ns = sum.life_ns + sum.unknown_ns;
	t.ended = t.end_ns < r->duration_ns;
	PUSH(&r->threads, t);
	r->thread_count++;
	p->threads++;
	totals_add(&p->sum, &sum);
	totals_add(&r->totals, &sum);
}

/*
 * @several[k]: for how long exactly k threads ran, k >= 2; when one and none
 * did follows from the running time of all.
 */
static void parallelism(struct result *r, const uint64_t *several, size_t count)
{
	struct result_parallelism *par = &r->parallelism;
	uint64_t one = r->totals.run_ns, none = r->duration_ns;

	for (size_t k = 2; k < count; k++) {
		assert_true(one >= k * several[k]);
		one -= k * several[k];
		none -= several[k];
	}
	assert_true(none >= one);
	for (size_t k = 0; k < (count > 2 ? count : 2); k++) {
		PUSH(&par->by_running_ns, k > 1 ? several[k] : k ? one : none - one);
		if (par->by_running_ns.at[k])
			par->max = (uint32_t)k;
	}
	par->observed_ns = r->duration_ns;
	par->active_ns = par->observed_ns - par->by_running_ns.at[0];
	par->serial_ns = one;
	par->mean = (double)r->totals.run_ns / (double)par->observed_ns;
	par->concurrency_mean = par->mean +
				(double)r->totals.runnable_ns / (double)par->observed_ns;
}

/* Shares the running time out: the first CPU gets @tilt % more than the mean,
 * the last as much less. */
static void cpus(struct result *r, uint64_t other_ns, uint64_t tilt)
{
	uint32_t count = r->recording.cpus;
	uint64_t mean_ns = r->totals.run_ns / count;

	for (uint32_t i = 0; i < count; i++) {
		/* 37 is prime to 2^n: the busy ones lie scattered */
		uint32_t place = count > 8 ? i * 37 % count : i;
		uint64_t least = mean_ns * (100 - tilt) / 100;
		struct result_cpu c = { .cpu = i, .other_ns = other_ns };

		c.run_ns = count > 1 ? least + mean_ns * 2 * tilt / 100 * (count - 1 - place) /
					       (count - 1) : mean_ns;
		assert_true(c.run_ns + other_ns <= r->duration_ns);
		c.idle_ns = r->duration_ns - c.run_ns - other_ns;
		PUSH(&r->parallelism.cpus, c);
	}
}

static void finding(struct result *r, const char *id, double share, const char *title,
		    const char *advice)
{
	struct finding f = { .id = id, .title = title, .share = share, .advice = advice };
	struct evidence e = { .key = "share", .kind = EVIDENCE_SHARE, .real = share };
	struct evidence waits = { .key = "waits", .kind = EVIDENCE_COUNT, .number = 12345 };

	PUSH(&f.evidence, e);
	PUSH(&f.evidence, waits);
	PUSH(&r->findings, f);
}

/*
 * The names of a frame, "inlined@FILE:LINE|function@FILE:LINE" or without
 * places; "": none.
 */
static void frame_names(struct stacks *s, uint32_t frame, const char *names)
{
	struct event e = { .type = EVENT_NAME, .name = { .frame = frame } };
	char text[256], *rest = text, *one;

	snprintf(text, sizeof(text), "%s", names);
	while ((one = strsep(&rest, "|")) && *one) {
		char *place = strchr(one, '@'), *line = place ? strchr(place, ':') : NULL;
		bool is_place = line && strchr(place, '/');

		if (is_place) {
			*place = *line = '\0';
			e.name.line = (uint32_t)atoi(line + 1);
		}
		e.name.function = one;
		e.name.file = is_place ? place + 1 : "";
		assert_int_equal(stacks_add(s, &e), 0);
		e.name.level++;
	}
}

/* Stack @number of @names, leaf first, up to NULL. */
static void stack(struct stacks *s, uint32_t number, const char *const *names)
{
	uint32_t frames[16], count = 0;

	for (; names[count]; count++) {
		uint32_t id = number * 100 + count + 1;
		struct event frame = {
			.type = EVENT_FRAME,
			.frame = { .frame = id, .offset = 0x1000 + id, .module = "/opt/demo" },
		};

		assert_int_equal(stacks_add(s, &frame), 0);
		frame_names(s, id, names[count]);
		frames[count] = id;
	}
	assert_int_equal(stacks_add(s, &(struct event){
				.type = EVENT_STACK,
				.stack = { .stack = number, .count = count, .frames = frames },
			 }), 0);
}

static void io(struct result *r, enum wait_class class, const char *target, const char *call,
	       uint64_t waits, uint64_t wait_ns, uint64_t max_ns)
{
	struct result_io one = {
		.class = class,
		.target = target,
		.syscall = call,
		.waits = waits,
		.wait_ns = wait_ns,
		.max_wait_ns = max_ns,
		.p50_ns = waits ? wait_ns / waits : 0,
		.p99_ns = max_ns - max_ns / 4,
		.threads = 2,
		.objects = 1,
	};

	PUSH(&r->io, one);
}

/* The last one, in the words of io_rows.c, with its calls and waiters. */
static void io_between(struct result *r, const char *name, enum io_side side, uint32_t tgid,
		       const char *comm, uint32_t connections)
{
	struct result_io *io = &r->io.at[r->io.count - 1];
	struct result_call call = { io->syscall, io->waits, io->wait_ns, io->max_wait_ns };
	struct result_peer peer = { tgid, comm, io->waits };

	io->name = name;
	io->side = side;
	io->objects = connections;
	io->stack = 1;
	PUSH(&io->calls, call);
	PUSH(&io->peers, peer);
	for (uint32_t i = 0; i < io->threads && i < r->threads.count; i++) {
		struct result_waiter w = {
			.tid = r->threads.at[i].tid,
			.waits = io->waits / io->threads,
			.wait_ns = io->wait_ns / io->threads,
			.max_wait_ns = io->max_wait_ns,
			.stack = 1,
		};

		PUSH(&io->waiters, w);
	}
}

static void traffic(struct result *r, uint32_t from, uint32_t to, const char *name,
		    enum wait_class class, enum io_side side, uint64_t waits, uint64_t wait_ns)
{
	struct result_traffic t = {
		.from_tgid = from,
		.from = "demo",
		.to_tgid = to,
		.to = to ? "\033[1mgzip\n" : NULL,
		.class = class,
		.side = side,
		.target = name,
		.name = name,
		.objects = side == SIDE_ASKS ? 50 : 1,
		.waits = waits,
		.wait_ns = wait_ns,
		.max_wait_ns = wait_ns / 4,
	};

	PUSH(&r->traffic, t);
}

static void wakeup(struct result *r, uint32_t waker, const char *name, uint32_t wakee,
		   const char *wakee_name, uint64_t count, uint64_t wait_ns)
{
	struct result_wakeup w = {
		.waker_tid = waker,
		.waker = name,
		.interrupt = !waker,
		.wakee_tid = wakee,
		.wakee = wakee_name,
		.count = count,
		.wait_ns = wait_ns,
	};

	PUSH(&r->wakeups, w);
}

/* --- the cases -------------------------------------------------------------- */

/* Four workers on one mutex, a logger that syncs a file, a main that joins. */
static void contended_lock(struct result *r)
{
	struct result_lock lock = {
		.id = 1,
		.kind = LOCK_MUTEX,
		.address = 0x55d0c4a14060,
		.tgid = 4711,
		.name = "demo+0x4060",
		.waits = 12344,
		.wait_ns = MS(30000),
		.max_wait_ns = MS(31),
		.contended_ns = MS(30000),
		.open_waits = 1,
		.wasted = 120,
		.p50_ns = 1800000,
		.p90_ns = MS(6),
		.p99_ns = MS(17),
		.buckets = { [36] = 40, [38] = 900, [39] = 1100, [40] = 5000, [42] = 4800,
			     [45] = 480, [48] = 24 },
		.doing_ns = { [CLASS_FILE] = MS(19200), [HELD_RUN] = MS(6000),
			      [HELD_UNKNOWN] = MS(4800) },
		.holds = { 9870, MS(9200), MS(16), MS(61), 9000, 41, MS(15800), MS(8) },
	};
	struct result_lock join = {
		.id = 2,
		.kind = LOCK_JOIN,
		.address = 0x7f12a4bff910,
		.tgid = 4711,
		.name = "[stack]",
		.waits = 4,
		.wait_ns = MS(11900),
		.max_wait_ns = MS(11900),
	};

	for (uint32_t i = 0; i < 4; i++) {
		struct result_waiter w = { 4712 + i, 3086, MS(9000 - 1000 * i), MS(31 - i), 1 };
		struct result_holder h = {
			.tid = 4715 - i,
			.waits = 3086,
			.blame_ns = MS(8000 - 1000 * i),
			.inferred_ns = i ? 0 : MS(800),
			.stack = 2,
			.stack_from = STACK_FROM_WAIT,
			.doing_ns = { [CLASS_FILE] = MS(6000 - 800 * i), [HELD_RUN] = MS(1500) },
			.waited_for = "fsync /srv/data/journal",
			.waited_for_ns = MS(5000 - 700 * i),
			.waited_for_class = CLASS_FILE,
		};

		PUSH(&lock.waiters, w);
		PUSH(&lock.holders, h);
		PUSH(&lock.wakers, (struct result_waker){ 4712 + i, "worker", 3000 - i });
	}
	PUSH(&lock.holders, (struct result_holder){ .waits = 1, .blame_ns = MS(4000) });
	PUSH(&lock.sites,
	     (struct result_lock_site){ 2, 1, STACK_FROM_WAIT, MS(19000), CLASS_FILE });
	PUSH(&lock.sites,
	     (struct result_lock_site){ 3, 1, STACK_FROM_SAMPLE, MS(6000), HELD_RUN });
	PUSH(&lock.sites, (struct result_lock_site){ 3, 2, STACK_FROM_SAMPLE, MS(60), HELD_RUN });
	PUSH(&join.waiters, (struct result_waiter){ 4711, 4, MS(11900), MS(11900), 3 });
	PUSH(&join.holders, (struct result_holder){
				    .tid = 4712,
				    .waits = 1,
				    .blame_ns = MS(11900),
				    .inferred_ns = MS(11900),
			    });
	PUSH(&join.wakers, (struct result_waker){ 0, "interrupt", 1 });
	PUSH(&r->locks, lock);
	PUSH(&r->locks, join);
}

static void fill_contended(struct result *r, struct stacks *s)
{
	static const uint64_t running[] = { 0, 0, MS(2500), MS(700), MS(300) };

	base(r, SEC(12), 8);
	COMMAND(r, "./demo\0--threads\0" "4\0--log\0/var/tmp/demo log\0");
	process(r, 4711, 4700, "demo", r->recording.command, r->recording.command_size);
	for (uint32_t i = 0; i < 4; i++)
		thread(r, 4712 + i, "worker", (struct totals){
			.run_ns = MS(3500),
			.runnable_ns = MS(250 + 10 * i),
			.preempted_ns = MS(40),
			.by_class_ns = { [CLASS_LOCK] = MS(7500), [CLASS_SLEEP] = MS(700) },
			.voluntary = 3086 + i,
			.involuntary = 120 + i,
		});
	thread(r, 4711, "demo", (struct totals){
		.run_ns = MS(90),
		.runnable_ns = MS(10),
		.by_class_ns = { [CLASS_SYNC] = MS(11900) },
		.voluntary = 4,
		.involuntary = 1,
	});
	thread(r, 4716, "logger", (struct totals){
		.run_ns = MS(1400),
		.runnable_ns = MS(100),
		.censored_ns = MS(12),
		.by_class_ns = { [CLASS_FILE] = MS(6000), [CLASS_PIPE] = MS(4500) },
		.voluntary = 812,
		.involuntary = 3,
	});
	parallelism(r, running, ARRAY_COUNT(running));
	r->parallelism.stalled_runnable_ns = MS(60);
	r->parallelism.stalled_by_class_ns[CLASS_LOCK] = MS(200);
	r->parallelism.stalled_by_class_ns[CLASS_FILE] =
		r->parallelism.by_running_ns.at[0] - MS(260);
	cpus(r, MS(200), 80);
	contended_lock(r);
	stack(s, 1, (const char *const[]){
		"__lll_lock_wait", "pthread_mutex_lock",
		"std::mutex::lock@/usr/include/c++/12/bits/std_mutex.h:100|"
		"take@/src/demo/lock.h:17|account@/src/demo/account.c:208",
		"worker_main@/src/demo/main.c:99", "start_thread", "clone3", NULL });
	stack(s, 2, (const char *const[]){ "account", "worker_main", "start_thread", NULL });
	stack(s, 3, (const char *const[]){ "__futex_abstimed_wait", "pthread_join", "main", "",
					   NULL });
	r->stacks_seen = 12345;
	r->stacks_complete = 12100;
	r->stacks_truncated = 45;
	r->processes.at[0].stacks_seen = 12345;
	r->processes.at[0].stacks_complete = 12100;
	r->processes.at[0].stacks_truncated = 45;
	PUSH(&r->hints, ((struct result_hint){
		.tgid = 4711, .comm = "demo", .runtime = "node", .nameless = true, .stacks = 5000,
		.seen = 12345, .advice = "start node with --perf-basic-prof" }));
	io(r, CLASS_FILE, "/var/tmp/demo log", "fsync", 400, MS(6000), MS(55));
	io(r, CLASS_PIPE, "pipe:[81234]", "read", 411, MS(4500), MS(900));
	io_between(r, "pipe from gzip (77)", SIDE_READS, 77, "gzip", 1);
	traffic(r, 4711, 77, "pipe", CLASS_PIPE, SIDE_READS, 411, MS(4500));
	traffic(r, 4711, 99, "tcp 127.0.0.1:5432", CLASS_SOCKET, SIDE_ASKS, 4000, MS(900));
	traffic(r, 4711, 4711, "eventfd", CLASS_PIPE, SIDE_READS, 12, MS(40));
	traffic(r, 4711, 98, "epoll", CLASS_IDLE, SIDE_NONE, 12, MS(40));
	traffic(r, 4711, 0, "tcp 10.0.0.5:80", CLASS_SOCKET, SIDE_ASKS, 12, MS(30));
	wakeup(r, 4712, "worker", 4713, "worker", 3000, MS(9000));
	r->wakeups.at[0].stack = 4;
	r->wakeups.at[0].stack_count = 2990;
	stack(s, 4, (const char *const[]){ "__lll_lock_wake", "pthread_mutex_unlock", "account",
					   "worker_main", "start_thread", "clone3", NULL });
	wakeup(r, 4713, "worker", 4712, "worker", 2900, MS(8000));
	wakeup(r, 0, "disk", 4716, "logger", 400, MS(6000));
	wakeup(r, 0, "timer", 4714, "worker", 70, MS(700));
	finding(r, "lock", 0.625,
		"Waiting for one lock: 4 of 6 threads spent 63 % of their time (30.0 s in 12.3k "
		"waits) on the mutex demo+0x4060.",
		"Shorten what account() does while it holds the lock, or split it.");
	finding(r, "disk", 0.08, "8.3 % of the time went into fsync of /var/tmp/demo log (6.00 s).",
		"Sync less often, or from a thread that nobody waits for.");
}

static void lock_of_two(struct result *r, int kind, const char *name, uint32_t waiter,
			uint32_t holder, uint64_t waits, uint64_t wait_ns)
{
	struct result_lock lock = {
		.id = (uint32_t)r->locks.count + 1,
		.kind = kind,
		.address = 0x55d0c4a14060,
		.tgid = 900,
		.name = name,
		.waits = waits,
		.wait_ns = wait_ns,
		.max_wait_ns = wait_ns / waits,
		.open_waits = !holder,
	};

	PUSH(&lock.waiters, (struct result_waiter){ .tid = waiter, .waits = waits,
						    .wait_ns = wait_ns,
						    .max_wait_ns = wait_ns / waits });
	PUSH(&lock.holders, (struct result_holder){ .tid = holder, .waits = waits,
						    .blame_ns = wait_ns });
	PUSH(&r->locks, lock);
}

/* A server that had next to nothing to do. */
static void fill_idle(struct result *r, struct stacks *s)
{
	static const uint64_t running[] = { 0, 0, MS(2) };

	(void)s;
	base(r, SEC(60), 4);
	process(r, 900, 1, "redis-server", "redis-server\0*:6379\0", 20);
	r->processes.at[0].found = true;
	thread(r, 900, "redis-server", (struct totals){
		.run_ns = MS(100),
		.runnable_ns = MS(1),
		.censored_ns = MS(180),
		.by_class_ns = { [CLASS_IDLE] = MS(59800), [CLASS_FILE] = MS(99) },
		.voluntary = 612,
		.involuntary = 2,
	});
	for (uint32_t i = 0; i < 4; i++)
		thread(r, 901 + i, i < 3 ? "bio_aof" : "jemalloc_bg_thd", (struct totals){
			.run_ns = US(i * 10),
			.censored_ns = SEC(59),
			.by_class_ns = { [CLASS_IDLE] = SEC(60) - US(i * 10) },
			.voluntary = i,
		});
	thread(r, 905, "crawler", (struct totals){
		.censored_ns = SEC(60),
		.by_class_ns = { [CLASS_SYNC] = SEC(60) },
		.parked_ns = SEC(60),
	});
	lock_of_two(r, LOCK_CONDITION, "crawl_cond", 905, 0, 1, SEC(60));
	r->locks.at[0].parked_ns = SEC(60);
	lock_of_two(r, LOCK_MUTEX, "jobs_mutex", 901, 902, 40, MS(3));
	parallelism(r, running, ARRAY_COUNT(running));
	cpus(r, MS(500), 100);
	io(r, CLASS_IDLE, "epoll:[4]", "epoll_wait", 600, MS(59800), MS(101));
	io(r, CLASS_FILE, "/var/lib/redis/appendonly.aof", "fdatasync", 10, MS(99), MS(15));
	wakeup(r, 0, "timer", 900, "redis-server", 590, MS(59700));
	wakeup(r, 0, "network", 900, "redis-server", 10, MS(100));
	finding(r, "idle", 0.998, "Mostly idle: 100 % of the time was waiting for work.",
		"Nothing to do: it waits for its clients.");
	r->recording.exit_status = -1;
}

static void fill_single(struct result *r, struct stacks *s)
{
	(void)s;
	base(r, MS(1002), 2);
	COMMAND(r, "sleep\0" "1");
	process(r, 77, 70, "sleep", r->recording.command, r->recording.command_size);
	thread(r, 77, "sleep", (struct totals){
		.run_ns = MS(1),
		.runnable_ns = US(40),
		.by_class_ns = { [CLASS_SLEEP] = MS(1000), [CLASS_FAULT] = US(960) },
		.voluntary = 2,
	});
	parallelism(r, NULL, 0);
	cpus(r, MS(5), 100);
}

/* 5,000 threads in one pool on a large machine. */
static void fill_many(struct result *r, struct stacks *s)
{
	static char names[5000][16];
	uint64_t running[65] = { 0 };

	(void)s;
	base(r, SEC(30), 64);
	COMMAND(r, "java\0-jar\0server.jar\0");
	process(r, 20000, 1, "java", r->recording.command, r->recording.command_size);
	for (uint32_t i = 0; i < 5000; i++) {
		snprintf(names[i], sizeof(names[i]), i < 40 ? "GC Thread#%u" : "pool-1-t-%u", i);
		thread(r, 20001 + i, names[i], (struct totals){
			.run_ns = i < 40 ? MS(2000) : MS(20) + US(i),
			.runnable_ns = MS(5),
			.by_class_ns = { [CLASS_SYNC] = SEC(20), [CLASS_SOCKET] = MS(i % 100) },
			.voluntary = 200 + i,
			.involuntary = i % 7,
		});
	}
	for (uint32_t k = 2; k < 65; k++)
		running[k] = k == 64 ? MS(200) : MS(80);
	parallelism(r, running, 65);
	cpus(r, MS(100), 60);
	for (uint32_t i = 0; i < 60; i++)
		io(r, CLASS_SOCKET,
		   "tcp 10.0.0.17:5432 ← a name that is much too long for any table",
		   "recvfrom", 500 - i, MS(4000 - 50 * i), MS(100));
}

/* Records were lost, the file is cut off, probes were missing, the command died. */
static void fill_lost(struct result *r, struct stacks *s)
{
	static const uint64_t running[] = { 0, 0, MS(800) };

	(void)s;
	base(r, SEC(4), 2);
	COMMAND(r, "./storm\0");
	r->recording.complete = false;
	r->ignored = 3;
	r->recording.loss[WIRE_LOSS_RING] = 123456;
	r->recording.chunks = 41;
	r->recording.damaged_chunks = 2;
	r->recording.damaged_events = 544;
	r->recording.loss[WIRE_LOSS_STORAGE] = 1;
	r->recording.loss[WIRE_LOSS_STACK] = 17;
	r->recording.missing[0] = "perf/cpu-clock: perf_event_paranoid is 4; no on-CPU samples, so "
				  "no graph of where the running time went";
	r->recording.missing_count = 1;
	process(r, 50, 49, "storm", NULL, 0);
	for (uint32_t i = 0; i < 2; i++)
		thread(r, 50 + i, "storm", (struct totals){
			.run_ns = MS(1750),
			.runnable_ns = MS(250),
			.preempted_ns = MS(200),
			.unknown_ns = MS(1000),
			.by_class_ns = { [CLASS_PIPE] = MS(800), [CLASS_OTHER] = MS(200) },
			.voluntary = 250000,
			.involuntary = 1000,
		});
	parallelism(r, running, ARRAY_COUNT(running));
	io(r, CLASS_PIPE, "pipe:[1]", NULL, 250000, MS(1600), US(50));
}

/* Everything that a target may choose is chosen badly. */
static void fill_hostile(struct result *r, struct stacks *s)
{
	struct result_lock lock = {
		.id = 1,
		.kind = LOCK_KERNEL,
		.place = "\033]0;owned\a",
		.waits = 1,
		.wait_ns = MS(5),
		.max_wait_ns = MS(5),
	};
	struct result_lock shared = {
		.id = 2,
		.kind = LOCK_UNKNOWN,
		.address = 1,
		.shared = true,
		.name = "[anon:\x80\xff\n]",
		.waits = 1,
		.wait_ns = 1,
		.max_wait_ns = 1,
	};

	base(r, MS(100), 1);
	COMMAND(r, "./a\nb\0\"quoted\"\0\033[31mred\0\0");
	r->recording.host = "\033[2Jhost";
	r->recording.exit_status = 9; /* SIGKILL */
	r->ignored = 1;
	process(r, 5, 0, "\033[2J\033[1;1H", r->recording.command, r->recording.command_size);
	thread(r, 5, "\033[2J\033[1;1H", (struct totals){
		.run_ns = MS(45),
		.by_class_ns = { [CLASS_KERNEL] = MS(5), [CLASS_FILE] = MS(50) },
		.voluntary = 3,
	});
	process(r, 6, 5, "名前\xe2\x80\xae", "a\\b\t", 4);
	thread(r, 6, "\xff\xfe\r\n\t\x01\x7f", (struct totals){
		.run_ns = MS(45),
		.by_class_ns = { [CLASS_FILE] = MS(5) },
		.voluntary = 1,
	});
	parallelism(r, NULL, 0);
	cpus(r, MS(10), 0);
	stack(s, 1, (const char *const[]){ "\033[31mf", "std::map<std::string, std::vector<a::very"
					   "::long::name>>::operator[](std::string const&)", "",
					   NULL });
	PUSH(&lock.waiters, (struct result_waiter){ 5, 1, MS(5), MS(5), 1 });
	PUSH(&lock.holders, (struct result_holder){ .waits = 1, .blame_ns = MS(5) });
	PUSH(&shared.waiters, (struct result_waiter){ 6, 1, 1, 1, 99 });
	PUSH(&shared.holders,
	     (struct result_holder){ .tid = 5, .waits = 1, .blame_ns = 1, .stack = 1 });
	PUSH(&r->locks, lock);
	PUSH(&r->locks, shared);
	io(r, CLASS_FILE, "/tmp/\033[31m/evil\nname/that/goes/on/and/on/for/ever/and/ever/file",
	   "read", 1, MS(50), MS(50));
	io(r, CLASS_FILE, NULL, NULL, 1, MS(5), MS(5));
	wakeup(r, 6, "\xff\xfe\r\n", 5, "\033[2J", 1, MS(5));
	finding(r, "disk", 0.5, "Waiting for /tmp/\033[31m/evil\nname.", "Do not trust \a names.");
}

/* A parallel build: hundreds of processes of a handful of programs. */
static void fill_build(struct result *r, struct stacks *s)
{
	static const uint64_t running[] = { 0, 0, MS(300), MS(500), MS(8500) };
	static const char *const tools[] = { "cc1", "as", "sh", "make" };

	(void)s;
	base(r, SEC(10), 4);
	COMMAND(r, "make\0-j4\0");
	r->recording.exit_status = 2 << 8;
	for (uint32_t i = 0; i < 300; i++) {
		const char *tool = tools[i % 10 < 6 ? 0 : i % 10 < 8 ? 1 : i % 10 == 8 ? 2 : 3];

		process(r, 3000 + i, 2999, tool, "cc1\0-quiet\0src/some/where/file.c", 32);
		thread(r, 3000 + i, tool, (struct totals){
			.run_ns = i % 10 < 6 ? MS(200) : MS(3),
			.runnable_ns = MS(20),
			.preempted_ns = MS(15),
			.by_class_ns = { [CLASS_CHILD] = i % 10 < 8 ? 0 : MS(240),
					 [CLASS_FAULT] = MS(2) },
			.voluntary = 12,
			.involuntary = 9,
		});
	}
	parallelism(r, running, ARRAY_COUNT(running));
	cpus(r, MS(100), 1);
	io(r, CLASS_FAULT, "page fault", NULL, 600, MS(590), MS(4));
	finding(r, "cores", 0.7, "Running out of cores: 4.4 threads wanted one of 4.",
		"More cores would help; more jobs would not.");
}

/* Attached to nothing that ever ran. */
static void fill_empty(struct result *r, struct stacks *s)
{
	(void)s;
	base(r, MS(500), 4);
	parallelism(r, NULL, 0);
	cpus(r, MS(1), 0);
	r->recording.exit_status = -1;
}

static void event_loop(struct result *r, uint32_t tid, uint64_t rounds, uint64_t run_ns,
		       uint64_t idle_ns)
{
	struct result_loop l = {
		.tid = tid,
		.tgid = tid,
		.comm = "web-worker",
		.kind = "epoll",
		.fd = 8,
		.exact = true,
		.iterations = rounds,
		.unblocked = rounds / 4,
		.events_known = true,
		.events = 3 * rounds,
		.accepts = rounds / 100,
		.busy_ns = run_ns,
		.idle_ns = idle_ns,
		.utilization = (double)run_ns / (double)(run_ns + idle_ns),
		.p50_ns = US(40),
		.p90_ns = US(110),
		.p99_ns = US(420),
		.max_ns = MS(3),
		.run_ns = run_ns,
	};

	l.histogram[4] = rounds - 40;
	l.histogram[5] = 30;
	l.histogram[10] = 10;
	PUSH(&r->loops, l);
}

/* Three workers, of which one syncs a file now and then and has a pool for it. */
static void fill_server(struct result *r, struct stacks *s)
{
	static const char *const sync[] = { "fsync", "log_flush", "on_request", "serve", "main",
					    NULL };
	struct result_site site = { .cause = CLASS_FILE, .call = "fsync", .target = "/srv/log",
				    .stack = 1, .count = 3, .ns = MS(240), .max_ns = MS(120) };
	struct result_stall stall = { .start_ns = MS(700), .busy_ns = MS(121), .run_ns = MS(1),
				      .class_ns = { [CLASS_FILE] = MS(120) }, .site = site };
	struct result_hops hops = { 420, 410, US(12), US(90), MS(1), MS(2), MS(9), MS(11),
				    US(20), US(70), US(300), 4, 0.31, MS(300), MS(80) };
	struct result_loop *l;

	base(r, MS(2000), 4);
	COMMAND(r, "web\0" "-w3");
	stack(s, 1, sync);
	for (uint32_t i = 0; i < 3; i++) {
		process(r, 300 + i, 1, "web-worker", NULL, 0);
		thread(r, 300 + i, "web-worker", (struct totals){
			.run_ns = MS(900) - i * MS(300),
			.by_class_ns = { [CLASS_IDLE] = MS(1100) + i * MS(300) },
			.voluntary = 1000,
		});
		event_loop(r, 300 + i, 12000 - 4000 * i, MS(900) - i * MS(300),
			   MS(1100) + i * MS(300));
	}
	l = &r->loops.at[0];
	l->class_ns[CLASS_FILE] = MS(240);
	l->run_ns -= MS(250);
	l->runnable_ns = l->delay_ns = MS(60);
	l->run_ns -= MS(50);
	l->max_ns = stall.busy_ns;
	l->stall_count = 3;
	l->stall_ns = MS(243);
	l->histogram[16] = 3;
	stall.site.count = 1;
	stall.site.ns = stall.busy_ns;
	PUSH(&l->stalls, stall);
	PUSH(&l->sites, site);
	PUSH(&l->calls, site);
	PUSH(&l->hops, hops);
	/* the last one has another loop, for its parent */
	event_loop(r, 302, 100, MS(1), MS(200));
	r->loops.at[3].fd = 5;
	r->slow_ns = MS(20);
	parallelism(r, NULL, 0);
	cpus(r, MS(1), 0);
}

static const struct view_case cases[] = {
	{ "contended", fill_contended }, { "idle", fill_idle },	  { "single", fill_single },
	{ "many", fill_many },		 { "lost", fill_lost },	  { "hostile", fill_hostile },
	{ "build", fill_build },	 { "empty", fill_empty }, { "server", fill_server },
};

const struct view_case *view_case_at(size_t index)
{
	return index < ARRAY_COUNT(cases) ? &cases[index] : NULL;
}

void view_case_make(const struct view_case *c, struct result *ret, struct stacks **ret_stacks)
{
	*ret = (struct result){ 0 };
	*ret_stacks = stacks_new();
	assert_non_null(*ret_stacks);
	c->fill(ret, *ret_stacks);
	ret->records = ret->totals.waits;
}

void view_case_release(struct result *r, struct stacks *stacks)
{
	result_release(r);
	stacks_free(stacks);
}
