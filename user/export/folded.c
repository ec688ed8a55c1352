/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * folded: one line a stack, "process;thread;main;work;[lock] futex 12345".
 * Read by flamegraph.pl, inferno, speedscope, Perfetto, Pyroscope. There is no
 * written standard; what they agree on: frames from the root on, separated by
 * ';', then a blank and a positive integer; '#' begins a comment. Lines are in
 * the order of their bytes, so that two files can be compared by diff.
 */
#include "export/flame.h"

#include <inttypes.h>
#include <string.h>

/* All lines, each with a NUL, and where they begin. */
struct lines {
	struct strbuf text;
	VEC(size_t) starts;
	VEC(uint32_t) path; /* of the line being written, leaf first */
};

static void put_name(struct strbuf *text, const char *name)
{
	size_t begin = text->len;

	strbuf_puts(text, name);
	/* names hold no controls; this would end the frame */
	for (size_t i = begin; i < text->len; i++)
		if (text->buf[i] == ';')
			text->buf[i] = ':';
}

static int put_line(struct lines *l, const struct flame *f, uint32_t leaf)
{
	size_t begin = l->text.len;

	l->path.count = 0;
	for (uint32_t i = leaf; i; i = f->nodes.at[i].parent)
		if (vec_push(&l->path, f->nodes.at[i].name))
			return -ENOMEM;
	for (size_t i = l->path.count; i-- > 0;) {
		if (i + 1 < l->path.count)
			strbuf_putc(&l->text, ';');
		put_name(&l->text, intern_text(&f->names, l->path.at[i]));
	}
	strbuf_addf(&l->text, " %" PRIu64, f->nodes.at[leaf].self);
	strbuf_putc(&l->text, '\0');
	if (strbuf_error(&l->text))
		return -ENOMEM;
	if (l->text.buf[begin] == '#')
		l->text.buf[begin] = '_';
	return vec_push(&l->starts, begin);
}

static int compare_lines(const void *a, const void *b, void *text)
{
	return strcmp((const char *)text + *(const size_t *)a,
		      (const char *)text + *(const size_t *)b);
}

static int folded_run(const struct export_input *in, struct sink *out)
{
	struct lines l = { .text = STRBUF_INIT };
	struct flame f;
	int error = flame_build(in, &f);

	if (error)
		return error;
	for (size_t i = 1; i < f.nodes.count && !error; i++)
		if (f.nodes.at[i].self)
			error = put_line(&l, &f, (uint32_t)i);
	if (!error && l.starts.count)
		qsort_r(l.starts.at, l.starts.count, sizeof(*l.starts.at), compare_lines,
			l.text.buf);
	for (size_t i = 0; i < l.starts.count && !error; i++) {
		sink_puts(out, l.text.buf + l.starts.at[i]);
		sink_puts(out, "\n");
	}
	strbuf_release(&l.text);
	vec_release(&l.starts);
	vec_release(&l.path);
	flame_release(&f);
	return error;
}

const struct exporter export_folded = {
	.name = "folded",
	.run = folded_run,
};
