/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * On-CPU time: how long a thread ran is known exactly, where only by samples.
 * EXPORT_ONCPU counts samples, because their number says how far the picture
 * can be trusted. EXPORT_WALL needs one unit, so there each thread's samples
 * share its exact running time, to the nanosecond.
 */
#include "export/flame.h"

#include "base/fmt.h"
#include "core/syscall.h"

#include <inttypes.h>
#include <string.h>

/* What is still unaccounted of one thread. */
struct rest {
	uint64_t ns[FLAME_KINDS];
	uint64_t samples; /* not yet given their share of the running time */
	bool any; /* it is in the tree */
};

struct builder {
	const struct export_input *in;
	struct flame *flame;
	uint32_t kinds; /* bits: what is drawn */
	enum machine machine;
	VEC(struct rest) rests; /* by thread */
	struct map process_of; /* tgid -> index into processes */
	struct map name_of; /* frame -> its name, unless it is several */
	struct strbuf text, raw;
	uint32_t at; /* the node that the next frame goes below */
};

const char *flame_kind_name(int kind)
{
	if (kind == FLAME_RUN)
		return "run";
	return kind == FLAME_RUNNABLE ? "runnable" : wait_class_name((enum wait_class)kind);
}

void flame_release(struct flame *f)
{
	vec_release(&f->nodes);
	intern_release(&f->names);
	map_release(&f->index);
}

static const char *or_unknown(const char *name)
{
	return name && *name ? name : "?";
}

/* The number of a name, made printable. */
static int name_put(struct builder *b, const char *name, uint32_t *ret_name)
{
	int error;

	strbuf_clear(&b->text);
	fmt_text(&b->text, or_unknown(name), 0);
	error = strbuf_error(&b->text);
	return error ? error : intern_str(&b->flame->names, b->text.buf, ret_name);
}

/* Goes down to the child of that name, made if there is none. */
static int step(struct builder *b, uint32_t name, enum flame_place place, int kind)
{
	struct flame *f = b->flame;
	struct flame_node node = {
		.name = name, .parent = b->at, .child = FLAME_NONE, .next = FLAME_NONE,
		.place = (uint8_t)place, .kind = (uint8_t)kind,
	};
	uint64_t key = (uint64_t)b->at << 32 | name;
	const uint64_t *found = map_get(&f->index, key);

	if (found) {
		b->at = (uint32_t)*found;
		return 0;
	}
	if (f->nodes.count >= FLAME_NONE || vec_reserve(&f->nodes, 1) ||
	    map_put(&f->index, key, f->nodes.count))
		return -ENOMEM;
	if (b->at != FLAME_NONE) {
		node.next = f->nodes.at[b->at].child;
		f->nodes.at[b->at].child = (uint32_t)f->nodes.count;
	}
	b->at = (uint32_t)f->nodes.count;
	f->nodes.at[f->nodes.count++] = node;
	return 0;
}

static int descend(struct builder *b, const char *name, enum flame_place place, int kind)
{
	uint32_t id;
	int error = name_put(b, name, &id);

	return error ? error : step(b, id, place, kind);
}

/* One frame, which is several where calls were inlined; @inverted: those come first. */
static int descend_frame(struct builder *b, uint32_t frame, bool kernel, bool inverted)
{
	enum flame_place place = kernel ? FLAME_KERNEL : FLAME_USER;
	const uint64_t *known = map_get(&b->name_of, frame);
	uint32_t id, levels;
	int error = 0;

	if (known)
		return step(b, (uint32_t)*known, place, 0);
	/* the outermost is the function itself, the others were inlined into it */
	levels = stacks_levels(b->in->stacks, frame);
	for (uint32_t i = 0; i < levels && !error; i++) {
		uint32_t level = inverted ? i : levels - 1 - i;

		strbuf_clear(&b->raw);
		stacks_print_frame(b->in->stacks, frame, level,
				   STACKS_MARK_KERNEL | STACKS_MARK_INLINED, &b->raw);
		error = strbuf_error(&b->raw);
		if (!error)
			error = name_put(b, b->raw.buf, &id);
		/* most frames stand in many stacks */
		if (!error && levels == 1)
			error = map_put(&b->name_of, frame, id);
		if (!error)
			error = step(b, id, place, 0);
	}
	return error;
}

static int descend_stack(struct builder *b, uint32_t stack, bool kernel)
{
	struct stack_view view;
	int error = 0;

	if (!stacks_get(b->in->stacks, stack, &view))
		return 0;
	if (view.flags & STACK_TRUNCATED)
		error = descend(b, "[truncated]", kernel ? FLAME_KERNEL : FLAME_USER, 0);
	for (uint32_t i = view.count; i-- > 0 && !error;)
		error = descend_frame(b, view.frames[i], kernel, false);
	return error;
}

static int descend_task(struct builder *b, const struct result_thread *t)
{
	const struct result *r = b->in->result;
	uint64_t *at = map_get(&b->process_of, t->tgid);
	int error;

	b->at = 0;
	strbuf_clear(&b->raw);
	strbuf_addf(&b->raw, "%s-%u", or_unknown(at ? r->processes.at[*at].comm : t->comm),
		    t->tgid);
	error = strbuf_error(&b->raw);
	if (!error)
		error = descend(b, b->raw.buf, FLAME_TASK, 0);
	if (error || b->in->by_process)
		return error;
	strbuf_clear(&b->raw);
	strbuf_addf(&b->raw, "%s-%u/%u", or_unknown(t->comm), t->tgid, t->tid);
	error = strbuf_error(&b->raw);
	return error ? error : descend(b, b->raw.buf, FLAME_TASK, 0);
}

/* "[lock] futex"; @nr -1: no system call. */
static int descend_leaf(struct builder *b, int kind, int nr)
{
	const char *name = nr >= 0 ? syscall_name(b->machine, nr) : NULL;
	int error;

	/* all of an on-CPU picture is that */
	if (b->in->weight == EXPORT_ONCPU)
		return 0;
	strbuf_clear(&b->raw);
	strbuf_addf(&b->raw, "[%s]", flame_kind_name(kind));
	if (name)
		strbuf_addf(&b->raw, " %s", name);
	else if (nr >= 0)
		strbuf_addf(&b->raw, " syscall %d", nr);
	error = strbuf_error(&b->raw);
	return error ? error : descend(b, b->raw.buf, FLAME_LEAF, kind);
}

static int stack_kind(const struct result_stack *s)
{
	if (s->class == STACK_RUN)
		return FLAME_RUN;
	return s->class == STACK_RUNNABLE ? FLAME_RUNNABLE : s->class;
}

/* The width of a leaf; takes it from what is left of its thread. */
static uint64_t stack_width(struct builder *b, const struct result_stack *s)
{
	struct rest *rest = &b->rests.at[s->thread];
	int kind = stack_kind(s);
	uint64_t width = s->ns;

	if (kind == FLAME_RUN && b->in->weight == EXPORT_ONCPU)
		return s->count;
	if (kind == FLAME_RUN) {
		/* the last sample takes what rounding left */
		width = (uint64_t)((__uint128_t)rest->ns[FLAME_RUN] * s->count / rest->samples);
		rest->samples -= s->count;
	}
	if (width > rest->ns[kind])
		width = rest->ns[kind];
	rest->ns[kind] -= width;
	return width;
}

static bool stack_drawn(const struct builder *b, const struct result_stack *s)
{
	return s->thread < b->in->result->threads.count && s->class < CLASS_COUNT &&
	       s->class >= STACK_RUNNABLE && (b->kinds & 1u << stack_kind(s)) && s->count;
}

/*
 * Whether the kernel's frames say more than the system call. The kernel's stack is only taken
 * of waits that were long: where it says nothing, it would make two places of one.
 */
static bool kernel_frames_tell(int kind, int nr)
{
	switch (kind) {
	case CLASS_GIL:
	case CLASS_LOCK:
	case CLASS_SYNC:
	case CLASS_IDLE:
	case CLASS_SLEEP:
		return nr < 0;
	default:
		return true;
	}
}

static int add_leaf(struct builder *b, size_t thread, int kind, int nr, uint32_t user_stack,
		    uint32_t kernel_stack, uint64_t width)
{
	int error;

	if (!width)
		return 0;
	b->flame->threads += !b->rests.at[thread].any;
	b->rests.at[thread].any = true;
	error = descend_task(b, &b->in->result->threads.at[thread]);
	if (!error)
		error = descend_stack(b, user_stack, false);
	if (!error && kernel_frames_tell(kind, nr))
		error = descend_stack(b, kernel_stack, true);
	if (!error)
		error = descend_leaf(b, kind, nr);
	if (!error)
		b->flame->nodes.at[b->at].self += width;
	return error;
}

static int add_stacks(struct builder *b)
{
	const struct result *r = b->in->result;
	int error = 0;

	for (size_t i = 0; i < r->stacks.count; i++)
		if (stack_drawn(b, &r->stacks.at[i]) && r->stacks.at[i].class == STACK_RUN) {
			b->rests.at[r->stacks.at[i].thread].samples += r->stacks.at[i].count;
			b->flame->samples += r->stacks.at[i].count;
		}
	for (size_t i = 0; i < r->stacks.count && !error; i++) {
		const struct result_stack *s = &r->stacks.at[i];

		if (stack_drawn(b, s))
			error = add_leaf(b, s->thread, stack_kind(s), s->nr, s->user_stack,
					 s->kernel_stack, stack_width(b, s));
	}
	return error;
}

/* What no stack accounts for. */
static int add_rests(struct builder *b)
{
	const struct result *r = b->in->result;
	int error = 0;

	if (b->in->weight == EXPORT_ONCPU)
		return 0;
	for (size_t i = 0; i < r->threads.count; i++)
		for (int kind = 0; kind < FLAME_KINDS && !error; kind++)
			if (b->kinds & 1u << kind)
				error = add_leaf(b, i, kind, -1, 0, 0,
						 b->rests.at[i].ns[kind]);
	return error;
}

/* --- by lock ------------------------------------------------------------------ */

static int descend_lock(struct builder *b, const struct result_lock *l)
{
	b->at = 0;
	strbuf_clear(&b->raw);
	strbuf_puts(&b->raw, lock_kind_words(l->kind));
	if (l->name || l->place)
		strbuf_addf(&b->raw, " %s", l->name ? l->name : l->place);
	if (l->address)
		strbuf_addf(&b->raw, " 0x%" PRIx64, l->address);
	return strbuf_error(&b->raw) ? -ENOMEM : descend(b, b->raw.buf, FLAME_TASK, 0);
}

/* "[held] file fsync": what the holder did, or who ended the wait where nobody holds. */
static int descend_held(struct builder *b, const struct result_lock *l,
			const struct result_blame *blame)
{
	const char *call = blame->nr >= 0 ? syscall_name(b->machine, blame->nr) : NULL;
	int kind = blame->doing;

	if (kind == HELD_RUN)
		kind = FLAME_RUN;
	else if (kind == HELD_RUNNABLE)
		kind = FLAME_RUNNABLE;
	else if (kind == HELD_UNKNOWN)
		kind = CLASS_OTHER;
	strbuf_clear(&b->raw);
	strbuf_puts(&b->raw, lock_has_owner(l) ? "[held" : "[ended");
	strbuf_puts(&b->raw, blame->tid ? "]" : " by nobody known]");
	if (blame->doing != HELD_UNKNOWN)
		strbuf_addf(&b->raw, " %s", doing_name(blame->doing));
	if (call)
		strbuf_addf(&b->raw, " %s", call);
	return strbuf_error(&b->raw) ? -ENOMEM : descend(b, b->raw.buf, FLAME_LEAF, kind);
}

/* Leaf first: the other way round than below a thread. */
static int descend_inverted(struct builder *b, uint32_t stack)
{
	struct stack_view view;
	int error = 0;

	if (!stacks_get(b->in->stacks, stack, &view))
		return 0;
	for (uint32_t i = 0; i < view.count && !error; i++)
		error = descend_frame(b, view.frames[i], false, true);
	return error;
}

static int add_lock(struct builder *b, const struct result_lock *l)
{
	int error = 0;

	for (size_t i = 0; i < l->blames.count && !error; i++) {
		const struct result_blame *blame = &l->blames.at[i];

		error = descend_lock(b, l);
		if (!error)
			error = descend_stack(b, blame->wait_stack, false);
		if (!error)
			error = descend_held(b, l, blame);
		if (!error)
			error = descend_inverted(b, blame->held_stack);
		if (!error)
			b->flame->nodes.at[b->at].self += blame->blame_ns;
	}
	return error;
}

/* The class that waits for a lock of this kind mostly are of. */
static enum wait_class class_of_kind(enum lock_kind kind)
{
	switch (kind) {
	case LOCK_MUTEX:
	case LOCK_RWLOCK:
	case LOCK_FILE:
		return CLASS_LOCK;
	case LOCK_GIL:
		return CLASS_GIL;
	case LOCK_KERNEL:
		return CLASS_KERNEL;
	default:
		return CLASS_SYNC;
	}
}

static int add_locks(struct builder *b)
{
	uint32_t classes = b->in->classes ? b->in->classes : EXPORT_ALL;
	int error = 0;

	for (size_t i = 0; i < b->in->result->locks.count && !error; i++) {
		const struct result_lock *l = &b->in->result->locks.at[i];
		enum wait_class class = l->contended_ns ? CLASS_LOCK : class_of_kind(l->kind);

		if (classes & EXPORT_CLASS(class))
			error = add_lock(b, l);
	}
	return error;
}

static int builder_init(struct builder *b)
{
	const struct result *r = b->in->result;

	for (size_t i = 0; i < r->processes.count; i++)
		if (map_put(&b->process_of, r->processes.at[i].tgid, i))
			return -ENOMEM;
	if (vec_reserve(&b->rests, r->threads.count))
		return -ENOMEM;
	for (size_t i = 0; i < r->threads.count; i++) {
		const struct totals *sum = &r->threads.at[i].sum;
		struct rest *rest = &b->rests.at[b->rests.count++];

		*rest = (struct rest){ 0 };
		memcpy(rest->ns, sum->by_class_ns, sizeof(sum->by_class_ns));
		rest->ns[FLAME_RUN] = sum->run_ns;
		rest->ns[FLAME_RUNNABLE] = sum->runnable_ns;
		b->flame->run_ns += sum->run_ns;
		if (!(b->kinds & EXPORT_CLASS(CLASS_IDLE)) && !b->in->classes &&
		    b->in->weight == EXPORT_OFFCPU)
			b->flame->idle_ns += sum->by_class_ns[CLASS_IDLE];
	}
	b->at = FLAME_NONE;
	return descend(b, "all", FLAME_ROOT, 0);
}

/* Totals from the leaves up: children stand behind their parents. */
static void flame_sum(struct flame *f)
{
	for (size_t i = f->nodes.count; i-- > 0;) {
		struct flame_node *n = &f->nodes.at[i];

		n->total += n->self;
		if (n->parent != FLAME_NONE)
			f->nodes.at[n->parent].total += n->total;
	}
}

int flame_build(const struct export_input *in, struct flame *ret)
{
	struct builder b = {
		.in = in,
		.flame = ret,
		.kinds = export_classes(in),
		.machine = machine_find(in->result->recording.machine),
		.text = STRBUF_INIT,
		.raw = STRBUF_INIT,
	};
	int error;

	memset(ret, 0, sizeof(*ret));
	error = builder_init(&b);
	if (!error && in->by_lock)
		error = add_locks(&b);
	if (!error && !in->by_lock)
		error = add_stacks(&b);
	if (!error && !in->by_lock)
		error = add_rests(&b);
	if (!error)
		flame_sum(ret);
	vec_release(&b.rests);
	map_release(&b.process_of);
	map_release(&b.name_of);
	strbuf_release(&b.text);
	strbuf_release(&b.raw);
	if (error)
		flame_release(ret);
	return error;
}
