/* SPDX-License-Identifier: GPL-2.0-only */
#include "view/sums.h"

#include "base/fmt.h"

#include <string.h>

uint64_t folded_ns(const struct totals *t)
{
	return t->by_class_ns[CLASS_IDLE] + t->parked_ns;
}

bool totals_only_idle(const struct totals *t)
{
	return folded_ns(t) && t->life_ns - folded_ns(t) <= t->life_ns / 1000;
}

uint64_t shown_life_ns(const struct page *p, const struct totals *t)
{
	return p->style->idle ? t->life_ns : t->life_ns - folded_ns(t);
}

uint64_t shown_wait_ns(const struct page *p, const struct totals *t)
{
	return p->style->idle ? t->wait_ns : t->wait_ns - folded_ns(t);
}

void shown_classes(const struct page *p, const struct totals *t, uint64_t ret[CLASS_COUNT])
{
	memcpy(ret, t->by_class_ns, sizeof(t->by_class_ns));
	if (p->style->idle)
		return;
	ret[CLASS_IDLE] = 0;
	ret[CLASS_SYNC] -= t->parked_ns;
}

bool hides_totals(const struct page *p, const struct totals *t)
{
	return !p->style->idle && totals_only_idle(t);
}

static void totals_bar(struct table *t, const struct page *p, const struct totals *sum)
{
	double life = (double)shown_life_ns(p, sum);
	uint64_t idle = folded_ns(sum);

	table_bar(t);
	table_part(t, (double)sum->run_ns, life, BAR_FULL, p->colors->run);
	table_part(t, (double)sum->runnable_ns, life, BAR_DENSE, p->colors->runnable);
	table_part(t, (double)(sum->wait_ns - idle), life, BAR_LIGHT, p->colors->wait);
	if (p->style->idle)
		table_part(t, (double)idle, life, BAR_DOT, p->colors->dim);
}

size_t classes_by_ns(const uint64_t ns[CLASS_COUNT], enum wait_class *ret)
{
	size_t n = 0;

	for (int c = 0; c < CLASS_COUNT; c++) {
		size_t at = n;

		if (!ns[c])
			continue;
		for (; at && ns[ret[at - 1]] < ns[c]; at--)
			ret[at] = ret[at - 1];
		ret[at] = (enum wait_class)c;
		n++;
	}
	return n;
}

/* What most of the waiting was for. */
static void mostly(struct table *t, const struct page *p, const struct totals *sum)
{
	enum wait_class classes[CLASS_COUNT];
	uint64_t ns[CLASS_COUNT];
	struct strbuf *sb;

	shown_classes(p, sum, ns);
	if (!classes_by_ns(ns, classes)) {
		table_cell(t, NULL);
		return;
	}
	sb = table_cell(t, p->colors->class[classes[0]]);
	strbuf_addf(sb, "%s ", wait_class_name(classes[0]));
	fmt_share(sb, (double)ns[classes[0]], (double)shown_life_ns(p, sum));
}

void table_sums(struct table *t, const struct page *p, const struct totals *sum)
{
	fmt_ns(table_cell(t, p->colors->run), sum->run_ns);
	fmt_ns(table_cell(t, p->colors->runnable), sum->runnable_ns);
	fmt_ns(table_cell(t, NULL), shown_wait_ns(p, sum));
	totals_bar(t, p, sum);
	mostly(t, p, sum);
}

const char *bar_legend(const struct page *p)
{
	return p->style->idle ? "█ run  ▓ runnable  ░ wait  · idle" : "█ run  ▓ runnable  ░ wait";
}

void page_folded(struct page *p, uint64_t idle_ns, uint64_t parked_ns, size_t hidden, size_t count,
		 const char *one, const char *many)
{
	struct strbuf sb = STRBUF_INIT;

	if (p->style->idle || !(idle_ns + parked_ns))
		return;
	fmt_ns(&sb, idle_ns + parked_ns);
	strbuf_puts(&sb, " of waiting for work (");
	strbuf_puts(&sb, idle_ns ? "idle" : "");
	strbuf_puts(&sb, idle_ns && parked_ns ? ", or " : "");
	strbuf_puts(&sb, parked_ns ? "parked for a signal all the time" : "");
	if (hidden && hidden == count)
		strbuf_addf(&sb, "; no %s did anything else", one);
	else if (hidden)
		strbuf_addf(&sb, "; %zu of %zu %s did nothing else", hidden, count,
			    plural(count, one, many));
	strbuf_puts(&sb, ") is left out: --idle shows it");
	if (strbuf_error(&sb))
		p->failed = true;
	else
		page_wrap(p, "  ", p->colors->dim, sb.buf);
	strbuf_release(&sb);
}
