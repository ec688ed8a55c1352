/* SPDX-License-Identifier: GPL-2.0-only */
#include "cmd/load.h"

#include "base/fmt.h"
#include "base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int add_name(void *model, const struct event *e)
{
	/* its time is that of the recording's end, and not yet */
	struct event early = *e;

	early.time_ns = 0;
	return model_add(model, &early);
}

int load_result(struct file_reader *reader, const struct model_options *options,
		struct loaded *ret, struct error *err)
{
	const struct recording *rec = file_reader_recording(reader);
	struct model_options o = options ? *options : (struct model_options){ 0 };
	struct loaded l = { 0 };
	struct event e;
	int rc;

	if (!o.start_ns)
		o.start_ns = rec->start_ns;
	/* what came before the probes were detached is in the file, but not in the window */
	if (!o.end_ns || (rec->end_ns && o.end_ns > rec->end_ns))
		o.end_ns = rec->end_ns;
	o.polls = recording_has_probe(rec, "tp_btf/sys_exit");
	if (!o.machine)
		o.machine = rec->machine;
	l.model = model_new(&o);
	if (!l.model)
		return error_set(err, -ENOMEM, "out of memory");
	/* what a wait was for is told by functions, too */
	rc = file_reader_names(reader, add_name, l.model, err);
	while (!rc && (rc = file_reader_next(reader, &e, err)) > 0)
		rc = model_add(l.model, &e);
	if (!rc)
		rc = model_finish(l.model, file_reader_recording(reader), &l.result);
	if (rc) {
		loaded_release(&l);
		return rc == -ENOMEM ? error_set(err, rc, "out of memory") : rc;
	}
	l.stacks = model_stacks(l.model);
	*ret = l;
	return 0;
}

int load_parse_ms(void *into, const char *argument, struct error *err)
{
	char *end;
	double ms = strtod(argument, &end);

	if (end == argument || *end || !(ms > 0) || ms > 1e9)
		return error_set(err, -EINVAL, "not a number of milliseconds: %s", argument);
	*(uint64_t *)into = ms * 1e6 < 1 ? 1 : (uint64_t)(ms * 1e6);
	return 0;
}

bool load_is_nothing(const struct load_selection *s)
{
	return s->until_ns && s->until_ns <= s->since_ns;
}

/* Times on the command line count from the start of the recording. */
static int window(const struct recording *rec, const struct load_selection *s,
		  struct model_options *ret, struct error *err)
{
	struct strbuf length = STRBUF_INIT;
	int rc = 0;

	if (__builtin_add_overflow(rec->start_ns, s->since_ns, &ret->start_ns) ||
	    (rec->end_ns && ret->start_ns >= rec->end_ns && s->since_ns)) {
		fmt_ns(&length, rec->end_ns - rec->start_ns);
		rc = error_set(err, -ERANGE, "--since is after the end: the recording is %s long",
			       length.buf);
		strbuf_release(&length);
		return rc;
	}
	/* an end beyond the recording's is the recording's */
	if (s->until_ns && __builtin_add_overflow(rec->start_ns, s->until_ns, &ret->end_ns))
		ret->end_ns = 0;
	if (rec->end_ns && ret->end_ns > rec->end_ns)
		ret->end_ns = 0;
	return 0;
}

/* A process or thread that is not in the file is a slip of whoever typed it. */
static int found_any(const char *path, const struct load_selection *s, const struct result *r,
		     struct error *err)
{
	if (r->threads.count || (!s->pid && !s->tid))
		return 0;
	if (s->tid && s->pid)
		return error_set(err, -ESRCH, "%s: no thread %llu of process %llu was recorded",
				 path, (unsigned long long)s->tid, (unsigned long long)s->pid);
	return error_set(err, -ESRCH, "%s: no %s %llu was recorded%s", path,
			 s->tid ? "thread" : "process",
			 (unsigned long long)(s->tid ? s->tid : s->pid),
			 s->since_ns || s->until_ns ? " in that part" : "");
}

int load_file(const char *path, const struct load_selection *selection, struct loaded *ret,
	      struct error *err)
{
	struct model_options options = {
		.tgid = (uint32_t)selection->pid,
		.tid = (uint32_t)selection->tid,
		.slow_ns = selection->slow_ns,
	};
	struct file_reader *reader = NULL;
	struct loaded l = { 0 };
	int rc;

	rc = file_reader_open(path, &reader, err);
	if (rc == -ENOENT && !strcmp(path, LOAD_DEFAULT_FILE))
		return error_set(err, rc, "there is no %s here: 'runwait record -- CMD' makes one",
				 path);
	if (rc)
		return rc;
	rc = window(file_reader_recording(reader), selection, &options, err);
	if (!rc)
		rc = load_result(reader, &options, &l, err);
	if (!rc)
		rc = found_any(path, selection, &l.result, err);
	if (file_reader_warning(reader))
		log_warning("%s: %s", path, file_reader_warning(reader));
	if (rc) {
		loaded_release(&l);
		file_reader_close(reader);
		return rc;
	}
	l.reader = reader;
	*ret = l;
	return 0;
}

void loaded_release(struct loaded *l)
{
	result_release(&l->result);
	if (l->model)
		model_free(l->model);
	if (l->reader)
		file_reader_close(l->reader);
	memset(l, 0, sizeof(*l));
}
