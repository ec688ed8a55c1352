/* SPDX-License-Identifier: GPL-2.0-only */
/* What to switch on in a runtime: a line for each runtime and kind of trouble. */
#include "view/views.h"

#include "base/fmt.h"

#include <string.h>

static bool same_trouble(const struct result_hint *a, const struct result_hint *b)
{
	return a->nameless == b->nameless && !strcmp(a->runtime, b->runtime) &&
	       !a->module == !b->module && (!a->module || !strcmp(a->module, b->module));
}

static bool told_before(const struct result *r, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (same_trouble(&r->hints.at[k], &r->hints.at[i]))
			return true;
	return false;
}

void print_hints(struct page *p)
{
	const struct result *r = p->r;
	struct strbuf sb = STRBUF_INIT;

	for (size_t i = 0; i < r->hints.count; i++) {
		const struct result_hint *h = &r->hints.at[i];
		uint64_t stacks = 0, seen = 0, processes = 0;

		if (told_before(r, i))
			continue;
		for (size_t k = i; k < r->hints.count; k++) {
			if (!same_trouble(h, &r->hints.at[k]))
				continue;
			stacks += r->hints.at[k].stacks;
			seen += r->hints.at[k].seen;
			processes++;
		}
		fmt_share(&sb, (double)stacks, (double)seen);
		if (processes > 1)
			strbuf_addf(&sb, " of the stacks of %llu %s processes ",
				    (unsigned long long)processes, h->runtime);
		else
			strbuf_addf(&sb, " of the stacks of %s (pid %u) ", h->runtime, h->tgid);
		strbuf_puts(&sb, h->nameless ? "have compiled code without names: "
					     : "do not reach their root: ");
		if (h->module) {
			strbuf_puts(&sb, "most end in ");
			fmt_text(&sb, h->module, 0);
			strbuf_puts(&sb, ", in code that seems to have neither unwind "
					 "tables nor frame pointers; ");
		}
		strbuf_puts(&sb, h->advice);
		page_pair(p, "hint", p->colors->warn, &sb);
	}
	strbuf_release(&sb);
}

void json_hints(struct json *j, const struct view_input *in)
{
	json_open_array(j, "hints");
	for (size_t i = 0; i < in->result->hints.count; i++) {
		const struct result_hint *h = &in->result->hints.at[i];

		json_open_object(j, NULL);
		json_uint(j, "pid", h->tgid);
		json_text(j, "comm", h->comm);
		json_text(j, "runtime", h->runtime);
		json_text(j, "module", h->module);
		json_text(j, "kind", h->nameless ? "nameless" : "broken");
		json_uint(j, "stacks_affected", h->stacks);
		json_uint(j, "stacks", h->seen);
		json_text(j, "advice", h->advice);
		json_close(j);
	}
	json_close(j);
}
