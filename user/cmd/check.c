/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * check: what this kernel and this user can do: found by loading the probes,
 * not by guessing, since some kernels refuse what their BTF offers.
 */
#include "base/fmt.h"
#include "base/json.h"
#include "capture/capture.h"
#include "capture/clock.h"
#include "capture/privileges.h"
#include "capture/probes.h"
#include "capture/sideband.h"
#include "cmd/check_tables.h"
#include "cmd/command.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

struct check_options {
	bool json;
	struct command_log log;
};

static const struct opt options[] = {
	{ 0, "json", .help = "as JSON", .kind = OPT_FLAG,
	  .offset = offsetof(struct check_options, json) },
	COMMAND_LOG_OPTIONS(struct check_options, log),
	OPT_END,
};

/* One line of the answer. */
struct fact {
	const char *name;
	bool ok, needed;
	char value[128];
	const char *gives; /* what it is for, or what is lost without it */
	const char *costs; /* probes only */
};

struct checkup {
	struct privileges have;
	struct utsname kernel;
	struct error why; /* why recording is not possible */
	int rc; /* of opening the capture */
	uint64_t open_ns; /* how long that took */
	VEC(struct fact) facts;
	VEC(struct fact) probes;
	char mapping_why[128]; /* of the sideband */
};

static int fact_add(struct checkup *c, const char *name, bool ok, bool needed, const char *value,
		    const char *gives)
{
	struct fact f = { .name = name, .ok = ok, .needed = needed, .gives = gives };

	snprintf(f.value, sizeof(f.value), "%s", value);
	return vec_push(&c->facts, f);
}

static int facts_fill(struct checkup *c)
{
	const struct privileges *p = &c->have;
	char paranoid[16];
	int rc;

	snprintf(paranoid, sizeof(paranoid), "%d", p->paranoid);
	rc = fact_add(c, "BTF", p->btf, true, p->btf ? "/sys/kernel/btf/vmlinux" : "missing",
		      "the kernel's own layouts, so that one build fits all");
	if (!rc)
		rc = fact_add(c, "lockdown", strcmp(p->lockdown, "confidentiality") != 0, true,
			      p->lockdown[0] ? p->lockdown : "none",
			      "in mode confidentiality no tracing is possible");
	if (!rc)
		rc = fact_add(c, "CAP_BPF", p->bpf, true, p->bpf ? "yes" : "no", "loading probes");
	if (!rc)
		rc = fact_add(c, "CAP_PERFMON", p->perfmon, true, p->perfmon ? "yes" : "no",
			      "attaching probes");
	if (!rc)
		rc = fact_add(c, "CAP_SYS_PTRACE", p->sys_ptrace, false,
			      p->sys_ptrace ? "yes" : "no",
			      "symbols of other users' programs");
	if (!rc)
		rc = fact_add(c, "CAP_SYSLOG", p->syslog, false, p->syslog ? "yes" : "no",
			      "names of kernel functions");
	if (!rc)
		rc = fact_add(c, "perf_event_paranoid", p->sys_admin || p->paranoid <= 2, false,
			      paranoid,
			      "on-CPU samples need at most 2, or CAP_SYS_ADMIN");
	return rc;
}

static const char *missing_reason(const char *const *lines, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strncmp(lines[i], name, strlen(name)) && lines[i][strlen(name)] == ':')
			return lines[i] + strlen(name) + 2;
	return NULL;
}

/* Opens a real capture and reads off which probes it got. */
static int probes_fill(struct checkup *c, bool verbose)
{
	struct capture_options o = { .all_tasks = true, .children = true, .stacks = true,
				     .loops = true, .frequency_hz = 99, .verbose = verbose };
	struct probe_info rows[CAPTURE_PROBES_MAX];
	const char *missing[CAPTURE_PROBES_MAX];
	size_t n = probes_table(rows, ARRAY_COUNT(rows)), lost = 0;
	struct capture *capture = NULL;
	uint64_t start = clock_monotonic_ns();
	int rc = 0;

	c->rc = capture_open(&o, &capture, &c->why);
	c->open_ns = clock_monotonic_ns() - start;
	if (!c->rc)
		lost = capture_missing(capture, missing, ARRAY_COUNT(missing));
	for (size_t i = 0; i < n && !rc; i++) {
		const char *why = c->rc ? "not tried" : missing_reason(missing, lost, rows[i].name);
		struct fact f = { .name = rows[i].name, .ok = !why, .needed = rows[i].needed,
				  .gives = rows[i].gives, .costs = rows[i].costs };

		snprintf(f.value, sizeof(f.value), "%s", why ? why : "works");
		rc = vec_push(&c->probes, f);
	}
	capture_close(capture);
	return rc;
}

static int mappings_fill(struct checkup *c)
{
	struct sideband *s = NULL;
	struct error err = ERROR_INIT;
	int rc = sideband_open(&s, &err);
	struct fact f = { .name = "perf/mmap2", .ok = !rc,
			  .gives = "which file's code is mapped where, for names of frames",
			  .costs = "1 us an executable mapping" };

	snprintf(f.value, sizeof(f.value), "%s", rc ? error_text(&err, rc) : "works");
	sideband_close(s);
	return vec_push(&c->probes, f);
}

static void print_fact(struct strbuf *out, const struct fact *f, size_t width)
{
	const char *mark = f->ok ? "ok  " : f->needed ? "NO  " : "-   ";

	strbuf_addf(out, "  %s%-*s  ", mark, (int)width, f->name);
	if (f->costs)
		strbuf_addf(out, "%s; %s", f->gives, f->costs);
	else
		strbuf_addf(out, "%-24s %s", f->value, f->gives);
	if (!f->ok && f->costs)
		strbuf_addf(out, "\n      %-*s  %s", (int)width, "", f->value);
	strbuf_putc(out, '\n');
}

static int check_print(const struct checkup *c, bool verbose)
{
	struct strbuf out = STRBUF_INIT;
	int status, rc = 0;

	strbuf_addf(&out, "Kernel %s (%s)\n", c->kernel.release, c->kernel.machine);
	for (size_t i = 0; i < c->facts.count; i++)
		print_fact(&out, &c->facts.at[i], 20);
	strbuf_puts(&out, "\nProbes: what each gives; what it costs the program\n");
	for (size_t i = 0; i < c->probes.count; i++)
		print_fact(&out, &c->probes.at[i], 25);
	if (c->rc) {
		strbuf_addf(&out, "\nRecording does not work: %s\n", error_text(&c->why, c->rc));
	} else {
		strbuf_puts(&out, "\nRecording works. Attaching took ");
		fmt_ns(&out, c->open_ns);
		strbuf_puts(&out, ".\n");
	}
	if (verbose)
		rc = check_tables_print(&out);
	status = rc ? command_failed(NULL, rc) : command_print(&out);
	strbuf_release(&out);
	return status;
}

static void json_facts(struct json *j, const char *key, const struct fact *facts, size_t count)
{
	json_open_array(j, key);
	for (size_t i = 0; i < count; i++) {
		const struct fact *f = &facts[i];

		json_open_object(j, NULL);
		json_text(j, "name", f->name);
		json_bool(j, "ok", f->ok);
		json_bool(j, "needed", f->needed);
		json_text(j, "value", f->value);
		json_text(j, "gives", f->gives);
		json_text(j, "costs", f->costs);
		json_close(j);
	}
	json_close(j);
}

static int check_json(const struct checkup *c)
{
	struct strbuf out = STRBUF_INIT;
	struct sink sink;
	struct json j;
	int status;

	sink_open_memory(&sink, &out);
	json_init(&j, &sink);
	json_open_object(&j, NULL);
	json_uint(&j, "schema_version", 1);
	json_open_object(&j, "tool");
	json_text(&j, "name", "runwait");
	json_text(&j, "version", runwait_version);
	json_close(&j);
	json_text(&j, "kernel", c->kernel.release);
	json_text(&j, "machine", c->kernel.machine);
	json_bool(&j, "recording_works", !c->rc);
	json_text(&j, "reason", c->rc ? error_text(&c->why, c->rc) : NULL);
	json_uint(&j, "attach_ns", c->open_ns);
	json_facts(&j, "system", c->facts.at, c->facts.count);
	json_facts(&j, "probes", c->probes.at, c->probes.count);
	json_close(&j);
	sink_close(&sink);
	status = command_print(&out);
	strbuf_release(&out);
	return status;
}

static int check_run(int argc, char **argv)
{
	struct check_options o = { 0 };
	struct checkup c = { .why = ERROR_INIT };
	int words, status, rc;

	if (!command_parse(&command_check, &o, argc, argv, false, &words, NULL, &status))
		return status;
	if (words < argc)
		return command_usage(&command_check, "unexpected argument: %s", argv[words]);
	command_set_log(&o.log);
	uname(&c.kernel);
	privileges_read(&c.have);
	rc = facts_fill(&c);
	if (!rc)
		rc = probes_fill(&c, o.log.verbose > 1);
	if (!rc)
		rc = mappings_fill(&c);
	if (rc)
		status = command_failed(NULL, rc);
	else
		status = o.json ? check_json(&c) : check_print(&c, o.log.verbose > 0);
	if (status == STATUS_OK && c.rc)
		status = STATUS_FAILED;
	vec_release(&c.facts);
	vec_release(&c.probes);
	return status;
}

const struct command command_check = {
	.name = "check",
	.summary = "what this kernel and this user can do",
	.usage = "[--json]",
	.notes = "-v also makes the unwind tables of all that runs, and says what they take.\n"
		 "Exit status: 0 when recording works, 125 when it does not.\n",
	.options = options,
	.run = check_run,
};
