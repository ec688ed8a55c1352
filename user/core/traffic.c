/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * traffic: which process waited for which through a pipe or a connection: the
 * links of links.c, with what is between two processes on one kind of channel
 * put together.
 */
#include "core/analysis.h"

#include "base/strbuf.h"

#include <string.h>

struct traffic {
	struct context *c;
};

static void *traffic_new(struct context *c)
{
	struct traffic *self = calloc(1, sizeof(*self));

	if (self)
		self->c = c;
	return self;
}

/* An event loop waits for nobody in particular: only who woke it says for whom. */
static int traffic_absence(void *p, const struct absence *a)
{
	struct traffic *self = p;

	if (!a->waits || !a->out->object)
		return 0;
	if (a->class != CLASS_PIPE && a->class != CLASS_SOCKET && a->class != CLASS_IDLE)
		return 0;
	return links_add(self->c, a);
}

struct edges {
	struct context *c;
	struct result *r;
	struct intern keys; /* numbers are indices of r->traffic */
	struct map objects; /* pairs of an edge and an object that were counted */
	struct strbuf text;
};

static int edge_text(struct edges *g, const struct object *o, enum io_side side,
		     struct result_traffic *t)
{
	strbuf_clear(&g->text);
	object_print(g->c, o, side, false, &g->text);
	t->target = context_text(g->c, &g->text);
	strbuf_clear(&g->text);
	object_print(g->c, o, side, true, &g->text);
	t->name = context_text(g->c, &g->text);
	return t->target && t->name ? 0 : -ENOMEM;
}

static int edge_add(struct edges *g, const struct link *l, const struct object *o,
		    enum io_side side, const struct peer *to)
{
	const struct process *process = &g->c->threads.processes.at[l->from];
	struct result_traffic *t;
	uint64_t pair;
	uint32_t at;
	int rc;

	strbuf_clear(&g->text);
	strbuf_addf(&g->text, "%u %u %u %u ", l->from, to->tgid, l->class, side);
	object_print(g->c, o, side, true, &g->text);
	rc = strbuf_error(&g->text);
	if (!rc)
		rc = intern_put(&g->keys, g->text.buf, g->text.len, &at);
	if (rc)
		return rc;
	if (at == g->r->traffic.count) {
		struct result_traffic first = {
			.from_tgid = process->tgid,
			.from = process->leader < g->c->threads.list.count ?
					g->c->threads.list.at[process->leader].comm :
					"",
			.to_tgid = to->tgid,
			.to = to->tgid ? to->comm : NULL,
			.class = l->class,
			.side = side,
		};

		rc = edge_text(g, o, side, &first);
		if (!rc)
			rc = vec_push(&g->r->traffic, first);
		if (rc)
			return rc;
	}
	t = &g->r->traffic.at[at];
	t->waits += l->waits;
	t->wait_ns += l->wait_ns;
	t->max_wait_ns = max_u64(t->max_wait_ns, l->max_wait_ns);
	pair = (uint64_t)at << 32 | l->object;
	if (map_get(&g->objects, pair))
		return 0;
	t->objects++;
	return map_put(&g->objects, pair, 1);
}

static int edges_of_link(struct edges *g, const struct link *l)
{
	const struct object *o = objects_find(&g->c->objects, l->object);
	struct peers peers = { 0 };
	enum io_side side = l->side;
	struct peer to = { 0 };
	bool known;
	int rc = 0;

	if (!o)
		return 0;
	if (o->kind == OBJECT_SOCKET)
		rc = side_of_socket(g->c, o, &side);
	if (!rc)
		rc = peers_find(g->c, l->object, side, &peers);
	known = !rc && link_peer(g->c, l, &peers, &to);
	/* a loop that nobody woke, or that woke itself, says nothing of others */
	if (!rc && (l->class != CLASS_IDLE ||
		    (known && to.tgid != g->c->threads.processes.at[l->from].tgid)))
		rc = edge_add(g, l, o, side, &to);
	vec_release(&peers.list);
	return rc;
}

/*
 * Waits on a connection of which nobody knows the other end, when all others
 * that lead to the same address end at one process, were for that one.
 */
static int join_unknown(struct edges *g)
{
	struct intern channels = { 0 };
	VEC(uint32_t) known = { 0 }; /* by channel: an edge + 1; 0 none; UINT32_MAX several */
	size_t kept = 0;
	int rc = 0;

	for (int pass = 0; pass < 2 && !rc; pass++) {
		for (size_t i = 0; i < g->r->traffic.count && !rc; i++) {
			struct result_traffic *t = &g->r->traffic.at[i], *to;
			uint32_t at;

			strbuf_clear(&g->text);
			strbuf_addf(&g->text, "%u %d %d %s", t->from_tgid, t->class, t->side,
				    t->target);
			rc = strbuf_error(&g->text);
			if (!rc)
				rc = intern_put(&channels, g->text.buf, g->text.len, &at);
			if (!rc && at == known.count)
				rc = vec_push(&known, 0);
			if (rc)
				break;
			if (!pass) {
				if (t->to_tgid)
					known.at[at] = known.at[at] ? UINT32_MAX : (uint32_t)i + 1;
				continue;
			}
			if (t->to_tgid || !known.at[at] || known.at[at] == UINT32_MAX)
				continue;
			to = &g->r->traffic.at[known.at[at] - 1];
			to->waits += t->waits;
			to->wait_ns += t->wait_ns;
			to->max_wait_ns = max_u64(to->max_wait_ns, t->max_wait_ns);
			to->objects += t->objects;
			t->waits = 0; /* of no more use */
		}
	}
	for (size_t i = 0; i < g->r->traffic.count && !rc; i++)
		if (g->r->traffic.at[i].waits)
			g->r->traffic.at[kept++] = g->r->traffic.at[i];
	if (!rc)
		g->r->traffic.count = kept;
	intern_release(&channels);
	vec_release(&known);
	return rc;
}

static int traffic_order(const void *x, const void *y)
{
	const struct result_traffic *a = x, *b = y;
	int order = compare_u64(b->wait_ns, a->wait_ns);

	if (!order)
		order = compare_u64(a->from_tgid, b->from_tgid);
	if (!order)
		order = compare_u64(a->to_tgid, b->to_tgid);
	return order ? order : strcmp(a->target, b->target);
}

static int traffic_finish(void *p, struct result *r)
{
	struct traffic *self = p;
	struct edges g = { .c = self->c, .r = r, .text = STRBUF_INIT };
	int rc = 0;

	for (size_t i = 0; i < self->c->links.list.count && !rc; i++)
		rc = edges_of_link(&g, &self->c->links.list.at[i]);
	if (!rc)
		rc = join_unknown(&g);
	if (!rc)
		vec_sort(&r->traffic, traffic_order);
	intern_release(&g.keys);
	map_release(&g.objects);
	strbuf_release(&g.text);
	return rc;
}

const struct analysis analysis_traffic = {
	.new = traffic_new,
	.free = free,
	.absence = traffic_absence,
	.finish = traffic_finish,
};
