/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * findings: what the finders have in common. A finder is a function in the table at
 * the end of findings.c; it looks at the result and adds one finding, or none.
 */
#ifndef RUNWAIT_CORE_FINDINGS_H
#define RUNWAIT_CORE_FINDINGS_H

#include "core/analysis.h"

enum { FINDINGS_MAX = 3, CANDIDATES_MAX = 24, NAME_COLUMNS = 48 };

/* Why threads had no core: more of them wanted one than there are; others had them; their control
 * group had no quota left; or something else kept them from free ones. */
enum shortage { SHORT_CROWDED, SHORT_OTHERS, SHORT_QUOTA, SHORT_KEPT };

struct candidate {
	struct finding finding;
	double score; /* share of the wall time that it explains */
};

struct findings {
	struct context *c;
	const struct result *r;
	uint64_t wall_ns;
	double cores; /* of the machine */
	struct totals sum; /* user threads: those of the kernel wait for work in it */
	uint64_t lock_ns, io_ns, working_ns; /* lock_ns with locks of the kernel */
	uint64_t worst_lock_ns, worst_io_ns; /* of a single thread */
	bool use_known; /* of the next two: the probes counted core use */
	double idle_share, other_share; /* of all cores */
	enum shortage short_of; /* the reason, when there is a finding of cores */
	bool locked_up; /* nothing ran because a lock was held, often across another wait */
	struct candidate list[CANDIDATES_MAX];
	size_t count;
	struct strbuf title; /* of the candidate that is being made */
	bool failed; /* out of memory */
};

static inline double share(uint64_t part, uint64_t whole)
{
	return whole ? (double)part / (double)whole : 0;
}

static inline double least(double a, double b)
{
	return a < b ? a : b;
}

/* Ends a title that was written into self->title and begins a finding with it. @part: of the
 * time that it is about; @score: of the wall time. */
struct candidate *finding_begin(struct findings *self, const char *id, double part, double score,
				const char *advice);

/* Numbers that prove it. */
void prove_ns(struct findings *self, struct candidate *f, const char *key, uint64_t ns);
void prove_count(struct findings *self, struct candidate *f, const char *key, uint64_t n);
void prove_real(struct findings *self, struct candidate *f, const char *key, double real);
void prove_share(struct findings *self, struct candidate *f, const char *key, double real);
void prove_text(struct findings *self, struct candidate *f, const char *key, const char *text);

/* "(4 threads, 12.3k waits, longest 3.20 ms)" */
void name_waits(struct strbuf *sb, uint64_t threads, uint64_t waits, uint64_t max_wait_ns);

/* One that was made already, or NULL; its share, or 0. */
const struct candidate *candidate_of(const struct findings *self, const char *id);
double share_of(const struct findings *self, const char *id);

/* findings_cores.c */
/* Who was most often the only one with something to do. NULL: nobody stands out. */
const struct result_thread *lone_thread(const struct findings *self);
void find_cores(struct findings *self);
void find_serial(struct findings *self);
void find_wakeup(struct findings *self);
void find_handover(struct findings *self);
void find_churn(struct findings *self);
void find_idle(struct findings *self);
void find_cpu(struct findings *self);

/* findings_io.c */
void find_disk(struct findings *self);
void find_network(struct findings *self);
void find_pipeline(struct findings *self);
/* The part of the waiting for sockets that was for requests, not for answers. */
double serving_share(const struct findings *self);

/* findings_locks.c */
void find_lock(struct findings *self);
void find_herd(struct findings *self);
void find_imbalance(struct findings *self);

/* findings_samples.c: adds up to one of each kind in its table */
void find_sampled(struct findings *self);

/* findings_loops.c */
void find_stalled_loop(struct findings *self);
void find_full_loop(struct findings *self);
void find_unbalanced_loops(struct findings *self);

#endif
