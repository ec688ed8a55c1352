/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From sums to answers, when functions have names: places that differ only in the
 * line are one, and so are those that ran in the same handler. A handler is what a
 * loop calls: the first frame, from the root, that the stack of a stall does not
 * share with the one in which the loop waits.
 */
#include "core/loops.h"

#include <string.h>

/* The frames of a stack by name, leaf first, joined by NULs; without @below of them, leaves. */
static int stack_key(const struct context *c, uint32_t stack, uint32_t below, struct strbuf *out)
{
	struct stack_view view;

	stacks_get(c->stacks, stack, &view);
	for (uint32_t i = below; i < view.count; i++) {
		uint32_t levels = stacks_levels(c->stacks, view.frames[i]);

		for (uint32_t level = 0; level < levels; level++) {
			stacks_print_frame(c->stacks, view.frames[i], level, 0, out);
			strbuf_putc(out, '\0');
		}
	}
	return strbuf_error(out);
}

static void print_function(const struct context *c, uint32_t frame, struct strbuf *out)
{
	/* the last level is the function itself, the others are inlined in it */
	stacks_print_frame(c->stacks, frame, stacks_levels(c->stacks, frame) - 1, 0, out);
}

/* Whether two frames, which may be at different lines, are one function. */
static bool same_function(const struct context *c, uint32_t a, uint32_t b, struct strbuf *scratch)
{
	size_t first;

	if (a == b)
		return true;
	strbuf_cut(scratch, 0);
	print_function(c, a, scratch);
	strbuf_putc(scratch, '\0');
	first = scratch->len;
	print_function(c, b, scratch);
	return !scratch->failed && !strcmp(scratch->buf, scratch->buf + first);
}

/* How many frames of @stack, from the leaf, are below the handler that @wait's loop called. */
static uint32_t below_handler(const struct context *c, uint32_t stack, uint32_t wait,
			      struct strbuf *scratch)
{
	struct stack_view s, w;
	uint32_t common = 0;

	stacks_get(c->stacks, stack, &s);
	stacks_get(c->stacks, wait, &w);
	while (common < s.count && common < w.count &&
	       same_function(c, s.frames[s.count - 1 - common], w.frames[w.count - 1 - common],
			     scratch))
		common++;
	return common < s.count && common ? s.count - 1 - common : 0;
}

/* What people call an object; of a connection that a server accepted, where it did. */
static int object_name(struct context *c, const struct object *o, struct strbuf *out)
{
	enum io_side side = SIDE_NONE;
	int rc = o->kind == OBJECT_SOCKET ? side_of_socket(c, o, &side) : 0;

	if (!rc)
		object_print(c, o, side, false, out);
	return rc;
}

/*
 * How long the folder's part of a file's path is. What the same code does with the files of
 * a folder, one after the other, is one thing. 0: it is no file that has one.
 */
static size_t folder_length(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && *path == '/' ? (size_t)(slash - path) : 0;
}

static bool is_in_folder(const struct context *c, const struct object *o)
{
	return o && o->kind == OBJECT_FILE && folder_length(objects_text(&c->objects, o));
}

static int site_key(struct context *c, const struct loop *l, const struct site *s,
		    struct strbuf *key, struct strbuf *scratch)
{
	const struct object *o = objects_find(&c->objects, s->object);
	uint32_t below = 0;
	int rc = 0;

	strbuf_cut(key, 0);
	strbuf_add(key, &s->cause, sizeof(s->cause));
	/* each connection to one server, each temporary file: what has one name is one place */
	if (is_in_folder(c, o))
		strbuf_add(key, objects_text(&c->objects, o),
			   folder_length(objects_text(&c->objects, o)) + 1);
	else if (o && o->kind != OBJECT_FUTEX && *objects_text(&c->objects, o))
		rc = object_name(c, o, key);
	else
		strbuf_add(key, &s->object, sizeof(s->object));
	strbuf_putc(key, '\0');
	strbuf_add(key, &s->nr, sizeof(s->nr));
	/* where it happened to be when it was looked at is of no matter */
	if (s->cause < 0)
		below = below_handler(c, s->stack, l->wait_stack, scratch);
	return rc || stack_key(c, s->stack, below, key) || strbuf_error(scratch) ? -ENOMEM : 0;
}

/* 0 or -ENOMEM. */
static int describe(struct context *c, const struct site *s, struct result_site *ret)
{
	const struct object *o = s->cause >= 0 ? objects_find(&c->objects, s->object) : NULL;
	struct strbuf name = STRBUF_INIT;
	struct result_site site = {
		.cause = s->cause == CAUSE_RUN	    ? STACK_RUN :
			 s->cause == CAUSE_RUNNABLE ? STACK_RUNNABLE :
						      s->cause,
		.call = s->cause >= 0 && s->cause != CLASS_FAULT ? syscall_name(c->machine, s->nr) :
								   NULL,
		.stack = s->stack,
		.count = s->count,
		.ns = s->ns,
		.max_ns = s->max_ns,
	};

	if (s->owner != THREAD_NONE) {
		site.owner_tid = c->threads.list.at[s->owner].tid;
		site.owner = c->threads.list.at[s->owner].comm;
	}
	if (o && *objects_text(&c->objects, o)) {
		if (!object_name(c, o, &name))
			site.target = context_text(c, &name);
		strbuf_release(&name);
		if (!site.target)
			return -ENOMEM;
	}
	*ret = site;
	return 0;
}

static int site_order(const void *x, const void *y)
{
	const struct result_site *a = x, *b = y;
	int order = compare_u64(b->ns, a->ns);

	return order ? order : compare_u64(a->stack, b->stack);
}

/* Places that are being joined. */
struct joined {
	struct result_sites *to;
	struct intern keys; /* numbers are indices of to */
	struct intern names; /* of all that is in each place */
	VEC(uint32_t) counts; /* of names, by place */
	struct strbuf key, scratch;
};

static int count_name(struct joined *j, uint32_t id, const char *name)
{
	size_t known = intern_count(&j->names);
	uint32_t number;

	strbuf_cut(&j->key, 0);
	strbuf_add(&j->key, &id, sizeof(id));
	strbuf_puts(&j->key, name ? name : "");
	if (strbuf_error(&j->key) || intern_put(&j->names, j->key.buf, j->key.len, &number))
		return -ENOMEM;
	j->counts.at[id] += number == known;
	return 0;
}

static int join_site(struct context *c, const struct loop *l, const struct site *s,
		     struct joined *j)
{
	struct result_site site, *at;
	uint32_t id;

	if (describe(c, s, &site) || site_key(c, l, s, &j->key, &j->scratch) ||
	    intern_put(&j->keys, j->key.buf, j->key.len, &id))
		return -ENOMEM;
	if (id == j->to->count) {
		if (vec_push(&j->counts, 0) || vec_push(j->to, site))
			return -ENOMEM;
		return count_name(j, id, site.target);
	}
	at = &j->to->at[id];
	if (site.max_ns > at->max_ns) {
		site.count += at->count;
		site.ns += at->ns;
		*at = site;
	} else {
		at->count += site.count;
		at->ns += site.ns;
	}
	return count_name(j, id, site.target);
}

/* "32 files in /var/lib/x" */
static int name_folders(struct context *c, struct joined *j)
{
	for (size_t i = 0; i < j->to->count; i++) {
		struct result_site *site = &j->to->at[i];

		if (j->counts.at[i] < 2)
			continue;
		strbuf_cut(&j->key, 0);
		strbuf_addf(&j->key, "%u files in ", j->counts.at[i]);
		strbuf_add(&j->key, site->target, max_u64(folder_length(site->target), 1));
		site->target = context_text(c, &j->key);
		if (!site->target)
			return -ENOMEM;
	}
	return 0;
}

/* Appends the sites of @from to @to, those of one place as one. */
static int list_sites(struct context *c, const struct loop *l, const struct sites *from,
		      struct result_sites *to)
{
	struct joined j = { .to = to, .key = STRBUF_INIT, .scratch = STRBUF_INIT };
	int rc = 0;

	for (size_t i = 0; i < from->list.count && !rc; i++)
		rc = join_site(c, l, &from->list.at[i], &j);
	if (!rc)
		rc = name_folders(c, &j);
	strbuf_release(&j.key);
	strbuf_release(&j.scratch);
	vec_release(&j.counts);
	intern_release(&j.keys);
	intern_release(&j.names);
	vec_sort(to, site_order);
	return rc;
}

static int stall_order(const void *x, const void *y)
{
	const struct result_stall *a = x, *b = y;
	int order = compare_u64(b->busy_ns, a->busy_ns);

	return order ? order : compare_u64(a->start_ns, b->start_ns);
}

static int list_stalls(struct context *c, const struct loop *l, struct result_loop *to)
{
	if (vec_reserve(&to->stalls, l->stalls.count))
		return -ENOMEM;
	for (size_t i = 0; i < l->stalls.count; i++) {
		const struct stall *s = &l->stalls.at[i];
		struct site site = { .cause = s->cause,
				     .nr = s->held.nr,
				     .stack = s->stack,
				     .object = s->held.object,
				     .owner = s->held.owner,
				     .count = 1,
				     .ns = s->busy_ns,
				     .max_ns = s->busy_ns };
		struct result_stall *r = &to->stalls.at[to->stalls.count++];

		*r = (struct result_stall){
			.start_ns = s->start_ns - min_u64(s->start_ns, c->start_ns),
			.busy_ns = s->busy_ns,
			.run_ns = s->busy_ns - min_u64(s->busy_ns, parts_sum(&s->parts)),
			.runnable_ns = s->parts.runnable_ns,
			.unfinished = s->unfinished,
		};
		if (describe(c, &site, &r->site))
			return -ENOMEM;
		memcpy(r->class_ns, s->parts.class_ns, sizeof(r->class_ns));
	}
	vec_sort(&to->stalls, stall_order);
	return 0;
}

/* A pool may serve several loops: its workers are those of each. */
static void count_workers(const struct loops *self, uint64_t place, const struct result *r,
			  struct result_hops *to)
{
	uint64_t life_ns = 0, parked_ns = 0, end_ns = 0;

	for (size_t i = 0; i < self->workers.count; i++) {
		const struct worker *w = &self->workers.at[i];
		uint32_t rank = self->c->threads.list.at[w->thread].rank;

		if (w->place != place || rank == THREAD_NONE)
			continue;
		to->workers++;
		life_ns += r->threads.at[rank].sum.life_ns;
		parked_ns += w->parked_ns;
		end_ns = max_u64(end_ns, self->c->threads.list.at[w->thread].ended ?
						 self->c->threads.list.at[w->thread].end_ns :
						 self->c->end_ns);
	}
	hops_pool_full(self, place, end_ns, &to->full_ns, &to->full_max_ns);
	if (life_ns)
		to->workers_busy = 1 - (double)min_u64(parked_ns, life_ns) / (double)life_ns;
}

static int hops_order(const void *x, const void *y)
{
	const struct result_hops *a = x, *b = y;

	return compare_u64(b->count, a->count);
}

static int list_hops(const struct loops *self, const struct loop *l, const struct result *r,
		     struct result_loop *to)
{
	for (size_t i = 0; i < self->executors.count; i++) {
		const struct executor *e = &self->executors.at[i];

		/* threads that never answer are no executor */
		if (e->looper != l->thread || !e->returned)
			continue;
		if (vec_push(&to->hops, (struct result_hops){
						.count = e->hops,
						.returned = e->returned,
						.queue_p50_ns = spread_at(&e->queue, 0.5),
						.queue_p99_ns = spread_at(&e->queue, 0.99),
						.queue_max_ns = e->queue.max_ns,
						.service_p50_ns = spread_at(&e->service, 0.5),
						.service_p99_ns = spread_at(&e->service, 0.99),
						.service_max_ns = e->service.max_ns,
						.back_p50_ns = spread_at(&e->back, 0.5),
						.back_p99_ns = spread_at(&e->back, 0.99),
						.back_max_ns = e->back.max_ns,
					}))
			return -ENOMEM;
		count_workers(self, e->place, r, &to->hops.at[to->hops.count - 1]);
	}
	vec_sort(&to->hops, hops_order);
	return 0;
}

static int list_loop(struct loops *self, const struct loop *l, struct result *r)
{
	static const char *const kinds[] = {
		[POLL_EPOLL] = "epoll",
		[POLL_POLL] = "poll",
		[POLL_SELECT] = "select",
		[POLL_IO_URING] = "io_uring",
	};
	const struct thread *t = &self->c->threads.list.at[l->thread];
	const struct looper *w = looper_at(self, l->thread);
	uint64_t parts = parts_sum(&l->by), all = l->busy_ns + l->idle_ns;
	struct result_loop *to;
	int rc;

	if (vec_push(&r->loops, (struct result_loop){
					.tid = t->tid,
					.tgid = t->tgid,
					.comm = t->comm,
					.kind = kinds[l->kind],
					.fd = l->fd,
					.exact = self->c->polls,
					.iterations = l->returns,
					.lost = l->lost,
					.parks = l->parks,
					.unmeasured = l->returns + l->parks - l->rounds.count,
					.unblocked = l->unblocked,
					.events_known = self->c->polls && l->kind != POLL_IO_URING,
					.events = l->events,
					.accepts = l->accepts,
					.busy_ns = l->busy_ns,
					.idle_ns = l->idle_ns,
					.delay_ns = min_u64(l->delay_ns, l->by.runnable_ns),
					.utilization = all ? (double)l->busy_ns / (double)all : 0,
					.p50_ns = spread_at(&l->rounds, 0.5),
					.p90_ns = spread_at(&l->rounds, 0.9),
					.p99_ns = spread_at(&l->rounds, 0.99),
					.max_ns = l->rounds.max_ns,
					.supervises = w->for_children > w->waits / 2,
					.run_ns = l->busy_ns - min_u64(l->busy_ns, parts),
					.runnable_ns = l->by.runnable_ns,
					.stall_count = l->stall_count,
					.stall_ns = l->stall_ns,
				}))
		return -ENOMEM;
	to = &r->loops.at[r->loops.count - 1];
	memcpy(to->class_ns, l->by.class_ns, sizeof(to->class_ns));
	spread_steps(&l->rounds, to->histogram);
	rc = list_hops(self, l, r, to);
	if (!rc)
		rc = list_stalls(self->c, l, to);
	if (!rc)
		rc = list_sites(self->c, l, &l->stall_sites, &to->sites);
	if (!rc)
		rc = list_sites(self->c, l, &l->calls, &to->calls);
	return rc;
}

static int loop_order(const void *x, const void *y)
{
	const struct result_loop *a = x, *b = y;
	int order = compare_u64(b->busy_ns, a->busy_ns);

	if (!order)
		order = compare_u64(a->tid, b->tid);
	return order ? order : compare_u64(a->fd, b->fd);
}

static bool is_loop(const struct loop *l)
{
	/* what is entered anew each time and waits once is none */
	if (!l->many || l->returns < LOOP_RETURNS_MIN || l->rounds.count < 2)
		return false;
	/* who looks in now and then, and waits elsewhere (Go's sysmon), serves no events */
	return l->unblocked < l->returns || l->parks <= l->returns;
}

int loops_result(struct loops *self, struct result *r)
{
	int rc = 0;

	r->slow_ns = self->c->slow_ns;
	for (size_t i = 0; i < self->list.count && !rc; i++) {
		const struct loop *l = self->list.at[i];

		if (is_loop(l))
			rc = list_loop(self, l, r);
	}
	vec_sort(&r->loops, loop_order);
	return rc;
}
