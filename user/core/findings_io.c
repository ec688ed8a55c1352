/* SPDX-License-Identifier: GPL-2.0-only */
/* Findings about what lies outside of the threads: disks, peers, pipelines. */
#include "core/findings.h"

#include "base/fmt.h"

#include <string.h>

enum {
	/* short waits that are many: the way there and back, not the work at the other end */
	ROUND_TRIPS = 200,
	ROUND_TRIP_NS = 5000000,
};

/* The object that most was waited for, of one class or another. */
static const struct result_io *worst_io(const struct findings *self, enum wait_class a,
					enum wait_class b)
{
	for (size_t i = 0; i < self->r->io.count; i++) {
		const struct result_io *io = &self->r->io.at[i];

		if ((io->class == a || io->class == b) && io->side != SIDE_SERVES)
			return io;
	}
	return NULL;
}

/* ", mostly /var/lib/x in fsync (3 threads, …)" */
static void name_io(struct strbuf *sb, const struct result_io *io)
{
	if (!io)
		return;
	strbuf_puts(sb, ", mostly ");
	fmt_text(sb, io->name ? io->name : io->target, NAME_COLUMNS);
	if (io->objects && io->syscall)
		strbuf_addf(sb, " in %s", io->syscall);
	name_waits(sb, io->threads, io->waits, io->max_wait_ns);
}

static void prove_io(struct findings *self, struct candidate *f, const struct result_io *io)
{
	if (!io)
		return;
	prove_text(self, f, "target", io->target);
	prove_ns(self, f, "target_wait_ns", io->wait_ns);
	prove_count(self, f, "waits", io->waits);
	prove_ns(self, f, "max_wait_ns", io->max_wait_ns);
}

/* Most of the waiting was in calls that only wait for the disk. */
static bool syncs(const struct result_io *io)
{
	static const char *const names[] = { "fsync", "fdatasync", "sync", "syncfs", "msync",
					     "sync_file_range" };
	uint64_t sync_ns = 0;

	for (size_t i = 0; io && i < io->calls.count; i++)
		for (size_t k = 0; k < ARRAY_COUNT(names); k++)
			if (io->calls.at[i].name && !strcmp(io->calls.at[i].name, names[k]))
				sync_ns += io->calls.at[i].wait_ns;
	return io && sync_ns > io->wait_ns / 2;
}

void find_disk(struct findings *self)
{
	static const char sync_advice[] =
		"Most of it is for writes to reach the disk: sync once for many of them, or where "
		"nobody waits for it. `runwait report io` lists the files.";
	static const char disk_advice[] =
		"Touch the disk less often or in larger pieces, or let other threads work "
		"meanwhile: `runwait report io` lists the files.";
	const struct result_parallelism *p = &self->r->parallelism;
	const struct result_io *io = worst_io(self, CLASS_FILE, CLASS_FAULT);
	uint64_t stalled_ns = p->stalled_by_class_ns[CLASS_FILE] +
			      p->stalled_by_class_ns[CLASS_FAULT];
	double stalled = share(stalled_ns, self->wall_ns);
	double part = share(self->io_ns, self->working_ns);
	double score = part * least(share(self->io_ns, self->wall_ns), 1);
	struct candidate *f;

	if (stalled < 0.1 && (part < 0.2 || self->worst_io_ns < self->wall_ns / 10))
		return;
	strbuf_puts(&self->title, "Waiting for the disk: ");
	fmt_share(&self->title, part, 1);
	strbuf_puts(&self->title, " of the threads' working time");
	name_io(&self->title, io);
	f = finding_begin(self, "disk", part, stalled > score ? stalled : score,
			  syncs(io) ? sync_advice : disk_advice);
	prove_ns(self, f, "disk_wait_ns", self->io_ns);
	prove_ns(self, f, "working_ns", self->working_ns);
	prove_ns(self, f, "stalled_ns", stalled_ns);
	prove_io(self, f, io);
}

double serving_share(const struct findings *self)
{
	uint64_t all_ns = 0, serves_ns = 0;

	for (size_t i = 0; i < self->r->io.count; i++) {
		const struct result_io *io = &self->r->io.at[i];

		if (io->class != CLASS_SOCKET)
			continue;
		all_ns += io->wait_ns;
		if (io->side == SIDE_SERVES)
			serves_ns += io->wait_ns;
	}
	return share(serves_ns, all_ns);
}

static bool are_round_trips(const struct result_io *io)
{
	return io && io->waits >= ROUND_TRIPS && io->p50_ns && io->p50_ns < ROUND_TRIP_NS;
}

void find_network(struct findings *self)
{
	static const char trips_advice[] =
		"Each of these waits is a round trip: ask for more at once (fewer and larger "
		"requests, pipelining), or on several connections.";
	static const char peer_advice[] =
		"Find out why the other side takes so long, ask it for more at once, or do other "
		"work meanwhile.";
	uint64_t all_ns = self->r->parallelism.stalled_by_class_ns[CLASS_SOCKET];
	uint64_t stalled_ns = (uint64_t)((double)all_ns * (1 - serving_share(self)));
	const struct result_io *io = worst_io(self, CLASS_SOCKET, CLASS_SOCKET);
	double stalled = share(stalled_ns, self->wall_ns);
	struct candidate *f;

	if (stalled < 0.2)
		return;
	strbuf_puts(&self->title, "Waiting for a peer: ");
	fmt_share(&self->title, stalled, 1);
	strbuf_puts(&self->title, " of the time nothing ran until a socket was ready");
	name_io(&self->title, io);
	f = finding_begin(self, "network", stalled, stalled,
			  are_round_trips(io) ? trips_advice : peer_advice);
	prove_ns(self, f, "stalled_ns", stalled_ns);
	prove_ns(self, f, "socket_wait_ns", self->sum.by_class_ns[CLASS_SOCKET]);
	prove_io(self, f, io);
}

/* --- pipelines ------------------------------------------------------------------ */

static bool is_pipe_edge(const struct result_traffic *t)
{
	return t->class == CLASS_PIPE && t->to_tgid && t->to_tgid != t->from_tgid &&
	       (t->side == SIDE_READS || t->side == SIDE_WRITES);
}

static const struct result_process *process_of(const struct findings *self, uint32_t tgid)
{
	for (size_t i = 0; i < self->r->processes.count; i++)
		if (self->r->processes.at[i].tgid == tgid)
			return &self->r->processes.at[i];
	return NULL;
}

/* What a stage waited for its own neighbours. */
static uint64_t own_pipe_ns(const struct findings *self, uint32_t tgid)
{
	uint64_t ns = 0;

	for (size_t i = 0; i < self->r->traffic.count; i++) {
		const struct result_traffic *t = &self->r->traffic.at[i];

		if (t->from_tgid == tgid && is_pipe_edge(t))
			ns += t->wait_ns;
	}
	return ns;
}

/* What it had to do itself: not waiting for its neighbours, its children or for work. */
static uint64_t own_work_ns(const struct result_process *p)
{
	const struct totals *sum = &p->sum;

	return sum->run_ns + sum->runnable_ns + sum->wait_ns - sum->by_class_ns[CLASS_PIPE] -
	       sum->by_class_ns[CLASS_CHILD] - sum->by_class_ns[CLASS_IDLE] -
	       sum->by_class_ns[CLASS_SYNC];
}

/* A shell at its prompt has nothing to say: it is not slow. */
static bool has_work(const struct findings *self, uint32_t tgid, uint64_t waited_ns)
{
	const struct result_process *p = process_of(self, tgid);

	return !p || own_work_ns(p) >= waited_ns / 10;
}

/*
 * Several processes at the other end are workers that give what they have to one collector, or
 * take from one source. That waits for whoever is the next, so none of them sets the pace.
 */
static bool is_one_of_many(const struct findings *self, const struct result_traffic *edge)
{
	uint64_t others_ns = 0;

	for (size_t i = 0; i < self->r->traffic.count; i++) {
		const struct result_traffic *t = &self->r->traffic.at[i];

		if (t != edge && t->from_tgid == edge->from_tgid && is_pipe_edge(t) &&
		    t->side == edge->side && !strcmp(t->target, edge->target))
			others_ns += t->wait_ns;
	}
	return others_ns > edge->wait_ns / 4;
}

/*
 * The stage of a pipeline that others wait for, on either side, while it seldom
 * waits for them and does something meanwhile: it sets the pace (a bounded queue's
 * throughput is that of its slowest server).
 */
static const struct result_traffic *slow_stage(const struct findings *self, uint64_t *ret_own_ns)
{
	const struct result_traffic *worst = NULL;

	for (size_t i = 0; i < self->r->traffic.count; i++) {
		const struct result_traffic *t = &self->r->traffic.at[i];
		uint64_t own_ns;

		/* they are sorted: the first one that fits is waited for longest */
		if (!is_pipe_edge(t) || t->wait_ns < self->wall_ns / 5 || is_one_of_many(self, t))
			continue;
		own_ns = own_pipe_ns(self, t->to_tgid);
		if (own_ns > t->wait_ns / 2 || !has_work(self, t->to_tgid, t->wait_ns))
			continue;
		worst = t;
		*ret_own_ns = own_ns;
		break;
	}
	return worst;
}

static void name_stage(struct strbuf *sb, const char *comm, uint32_t tgid)
{
	fmt_text(sb, comm && *comm ? comm : "process", NAME_COLUMNS);
	strbuf_addf(sb, " (%u)", tgid);
}

void find_pipeline(struct findings *self)
{
	const struct result_process *slow;
	const struct result_traffic *t;
	struct strbuf *title = &self->title;
	uint64_t own_ns = 0, others = 0;
	struct candidate *f;
	double part;

	t = slow_stage(self, &own_ns);
	if (!t)
		return;
	slow = process_of(self, t->to_tgid);
	part = least(share(t->wait_ns, self->wall_ns), 1);
	strbuf_puts(title, "A pipeline waits for its slowest stage: ");
	name_stage(title, t->from, t->from_tgid);
	strbuf_puts(title, " waited ");
	fmt_share(title, part, 1);
	strbuf_puts(title, t->side == SIDE_READS ? " of the time for output of " :
						   " of the time for room in the pipe to ");
	name_stage(title, t->to, t->to_tgid);
	for (size_t i = 0; i < self->r->traffic.count; i++)
		others += self->r->traffic.at[i].to_tgid == t->to_tgid &&
			  is_pipe_edge(&self->r->traffic.at[i]);
	if (slow) {
		strbuf_puts(title, ", which ran ");
		fmt_share(title, share(slow->sum.run_ns, self->wall_ns), 1);
		strbuf_puts(title, " of the time and waited ");
		fmt_share(title, share(own_ns, self->wall_ns), 1);
		strbuf_puts(title, " for its neighbours");
	}
	f = finding_begin(self, "pipeline", part, 0.9 * part,
			  "Make that stage faster or divide its work; the others have time to "
			  "spare. `runwait report io` shows who waited for whom.");
	prove_ns(self, f, "wait_ns", t->wait_ns);
	prove_count(self, f, "waits", t->waits);
	prove_count(self, f, "slow_pid", t->to_tgid);
	prove_text(self, f, "slow", t->to);
	prove_count(self, f, "waiting_pid", t->from_tgid);
	prove_ns(self, f, "slow_own_wait_ns", own_ns);
	prove_count(self, f, "neighbours", others);
}
