/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * findings_script: programs whose trouble is known, as event scripts in microseconds,
 * and what is found in them. For the tests of findings.
 */
#ifndef RUNWAIT_TESTS_FINDINGS_SCRIPT_H
#define RUNWAIT_TESTS_FINDINGS_SCRIPT_H

#include "evscript.h"

#include <stdio.h>
#include <string.h>

#define US 1000ul

static inline void start(struct evscript_run *run, const char *text)
{
	memset(run, 0, sizeof(*run));
	evscript_init(&run->script);
	evscript_play(&run->script, text);
}

static inline void line(struct evscript_run *run, uint64_t us, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static inline void line(struct evscript_run *run, uint64_t us, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	evscript_line(&run->script, "%lu %s", 1000 + us * US, text);
}

/* Ends the recording; the findings must be these, in this order ("a b"). */
static inline void end(struct evscript_run *run, uint64_t us, const char *expected)
{
	char ids[200] = "";

	line(run, us, "end");
	run->model = evscript_model(&run->script, &run->result);
	assert_result_invariants(&run->result);
	for (size_t i = 0; i < run->result.findings.count; i++)
		snprintf(ids + strlen(ids), sizeof(ids) - strlen(ids), "%s%s", i ? " " : "",
			 run->result.findings.at[i].id);
	if (strcmp(ids, expected))
		for (size_t i = 0; i < run->result.findings.count; i++)
			print_error("%s\n", run->result.findings.at[i].title);
	assert_string_equal(ids, expected);
}

static inline const struct evidence *evidence(const struct evscript_run *run, size_t i,
					      const char *key)
{
	const struct finding *f = &run->result.findings.at[i];

	for (size_t k = 0; k < f->evidence.count; k++)
		if (!strcmp(f->evidence.at[k].key, key))
			return &f->evidence.at[k];
	fail_msg("%s is not proved by %s", f->id, key);
	return NULL;
}

static inline void assert_title(const struct evscript_run *run, size_t i, const char *title)
{
	assert_string_equal(run->result.findings.at[i].title, title);
}

#endif
