/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * export: results in the formats of other tools, and as pictures.
 *
 * An exporter is one file of user/export and one line of EXPORTERS. It writes
 * what a result has to a sink, and knows neither files nor the model.
 */
#ifndef RUNWAIT_EXPORT_EXPORT_H
#define RUNWAIT_EXPORT_EXPORT_H

#include "base/error.h"
#include "base/sink.h"
#include "core/result.h"
#include "core/stacks.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the width of a stack stands for. */
enum export_weight {
	EXPORT_WALL, /* all of the threads' lives, ns: running, runnable and waiting */
	EXPORT_ONCPU, /* samples */
	EXPORT_OFFCPU, /* ns waited and runnable */
};

/* "wall", "oncpu", "offcpu". -1 when there is no such weight. */
const char *export_weight_name(enum export_weight weight);
int export_weight_find(const char *name);

/* A set of what threads do: bits of wait classes, and these two. */
#define EXPORT_CLASS(class) (1u << (class))
#define EXPORT_RUN EXPORT_CLASS(CLASS_COUNT)
#define EXPORT_RUNNABLE EXPORT_CLASS(CLASS_COUNT + 1)
#define EXPORT_ALL ((EXPORT_RUNNABLE << 1) - 1)

/*
 * The bit of "lock", "run", "runnable" …; 0 when there is no such class.
 * Unlike @idle below, naming the class idle draws it under any weight.
 */
uint32_t export_class_find(const char *name);

struct export_input {
	const struct result *result;
	const struct stacks *stacks;
	const char *version; /* of this runwait */
	enum export_weight weight;
	uint32_t classes; /* what is drawn; 0: all that belongs to the weight, but
			   * of EXPORT_OFFCPU waiting for work (idle) only with @idle */
	bool idle;
	bool by_process; /* one root a process, not also one a thread */
	bool by_lock; /* one root a lock: who waited where, and where it was held meanwhile */
};

/*
 * The place to add an exporter: X(NAME, HELP) for each `const struct exporter
 * export_NAME`. NAME is that of -f and the extension of its files.
 */
#define EXPORTERS(X)                                                              \
	X(folded, "one line a stack: flamegraph.pl, speedscope, Perfetto, Pyroscope") \
	X(svg, "flame graph in one file: zoom and search in any browser")

struct exporter {
	const char *name;
	/* Writes the whole file. 0 or a negative errno; the sink keeps its own errors. */
	int (*run)(const struct export_input *in, struct sink *out);
};

/* In that order; NULL beyond the last. */
const struct exporter *export_at(size_t index);
/* By name, or NULL. */
const struct exporter *export_find(const char *name);
/* By the extension of a file's name, or NULL. */
const struct exporter *export_find_path(const char *path);

/*
 * Whether there is anything of @in's weight and classes. 0, or -ENODATA with a
 * line that says what is missing.
 */
int export_check(const struct export_input *in, struct error *err);

/* The bits of what is drawn: @in's classes, as far as they belong to the weight. */
uint32_t export_classes(const struct export_input *in);

#endif
