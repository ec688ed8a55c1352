/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Findings about what running threads did, from their samples: work that is none of the
 * program's, which waits cannot show since nobody waits. Only what a function's name says for
 * sure is told; a loop of the program's own that spins is work like any other.
 */
#include "core/findings.h"

#include "base/fmt.h"

#include <inttypes.h>
#include <string.h>

enum {
	SAMPLES_MIN = 100, /* of fewer, a share means little */
	NAMES_MAX = 12,
};

/* One line a kind of work. */
static const struct sampled {
	const char *id, *title;
	/* parts of functions' names: of the innermost one, or of any in the kernel */
	const char *innermost[NAMES_MAX], *in_kernel[NAMES_MAX];
	double least; /* share of the samples from where on it is said */
	const char *advice;
} kinds[] = {
	{ "spin", "Spinning on a lock: ",
	  /* a lock that is free takes nanoseconds: samples hit who waits */
	  { "spin_lock", "spinlock", "SpinLock", "spin_on_owner", "osq_lock",
	    "queued_read_lock_slowpath", "queued_write_lock_slowpath" },
	  { NULL },
	  0.1,
	  "Who spins keeps a core that the holder may need: use a lock that sleeps (a mutex), hold "
	  "it shorter, or share less; the flame graph of samples shows where." },
	{ "faults", "Serving page faults: ",
	  { NULL },
	  { "exc_page_fault", "do_user_addr_fault", "do_page_fault", "do_mem_abort" },
	  0.25,
	  "Memory is made page by page as it is touched: keep buffers and use them again rather "
	  "than give them back (malloc's M_MMAP_THRESHOLD and M_TRIM_THRESHOLD), or use huge pages "
	  "(MADV_HUGEPAGE)." },
};

static bool is_one_of(const char *function, const char *const *parts)
{
	for (size_t i = 0; i < NAMES_MAX && parts[i]; i++)
		if (strstr(function, parts[i]))
			return true;
	return false;
}

/* The name among @parts that the innermost @depth frames of a stack have. */
static bool finds(const struct findings *self, uint32_t stack, uint32_t depth,
		  const char *const *parts, struct frame_name *ret)
{
	struct stack_view view;

	if (!parts[0] || !stack || !stacks_get(self->c->stacks, stack, &view))
		return false;
	for (uint32_t i = 0; i < view.count && i < depth; i++)
		if (stacks_names(self->c->stacks, view.frames[i], ret, 1) &&
		    is_one_of(ret->function, parts))
			return true;
	return false;
}

static bool is_kind(const struct findings *self, const struct sampled *kind,
		    const struct result_stack *s, struct frame_name *ret)
{
	/* where it is in the kernel, that is innermost */
	return finds(self, s->kernel_stack ? s->kernel_stack : s->user_stack, 1, kind->innermost,
		     ret) ||
	       finds(self, s->kernel_stack, UINT32_MAX, kind->in_kernel, ret);
}

static void find_kind(struct findings *self, const struct sampled *kind)
{
	uint64_t all = 0, hits = 0, most = 0;
	struct frame_name name, worst = { 0 };
	struct candidate *f;
	double part;

	for (size_t i = 0; i < self->r->stacks.count; i++) {
		const struct result_stack *s = &self->r->stacks.at[i];

		if (s->class != STACK_RUN)
			continue;
		all += s->count;
		if (!is_kind(self, kind, s, &name))
			continue;
		hits += s->count;
		if (s->count > most) {
			most = s->count;
			worst = name;
		}
	}
	part = share(hits, all);
	if (all < SAMPLES_MIN || part < kind->least)
		return;
	strbuf_puts(&self->title, kind->title);
	fmt_share(&self->title, part, 1);
	strbuf_puts(&self->title, " of ");
	fmt_count(&self->title, all);
	strbuf_puts(&self->title, " samples of running threads were taken in it, most in ");
	fmt_text(&self->title, worst.function, NAME_COLUMNS);
	f = finding_begin(self, kind->id, part,
			  part * least(share(self->sum.run_ns, self->wall_ns), 1), kind->advice);
	prove_count(self, f, "samples", all);
	prove_count(self, f, "samples_in_it", hits);
	prove_text(self, f, "function", worst.function);
}

void find_sampled(struct findings *self)
{
	for (size_t i = 0; i < ARRAY_COUNT(kinds); i++)
		find_kind(self, &kinds[i]);
}
