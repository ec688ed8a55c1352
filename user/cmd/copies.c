/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One stack at a time: what it consists of comes from one CPU, at one time, so
 * nothing comes between. Should it do so all the same, the stack stays as it was.
 */
#include "cmd/copies.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
	MEMORY_MAX = WIRE_MEMORY_SIZE * WIRE_MEMORY_PIECES,
	/* in wire_memory.registers */
	FP = 4,
	DI = 14,
};

static_assert(sizeof(((struct wire_memory *)0)->registers) == UNWIND_REGISTERS_SIZE,
	      "what a walk may ask for is what comes");

struct copies {
	copies_rule_fn rule;
	void *ctx;
	bool begun;
	bool untold; /* the walk came where not all that it needs is known even now */
	union {
		struct wire_stack s;
		char bytes[sizeof(struct wire_stack) + WIRE_STACK_DEPTH_MAX * sizeof(uint64_t)];
	} stack;
	struct walk_registers registers;
	uint64_t all[WIRE_MEMORY_REGISTERS]; /* of them */
	uint64_t start; /* of the memory */
	size_t size; /* 0: none has come */
	char memory[MEMORY_MAX];
};

struct copies *copies_new(copies_rule_fn rule, void *ctx)
{
	struct copies *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->rule = rule;
	c->ctx = ctx;
	return c;
}

void copies_free(struct copies *c)
{
	free(c);
}

bool copies_begin(struct copies *c, const struct wire_head *record)
{
	const struct wire_stack *s = (const void *)record;

	if (record->type != WIRE_STACK || record->size < sizeof(*s) ||
	    record->size > sizeof(c->stack) || !(record->flags & WIRE_STACK_UNTOLD))
		return false;
	memcpy(c->stack.bytes, record, record->size);
	c->stack.s.head.flags &= (uint8_t)~WIRE_STACK_UNTOLD;
	c->begun = true;
	c->size = 0;
	return true;
}

bool copies_add(struct copies *c, const struct wire_head *record)
{
	const struct wire_memory *m = (const void *)record;
	size_t size;

	if (!c->begun || record->type != WIRE_MEMORY || record->size < sizeof(*m) ||
	    m->hash != c->stack.s.hash)
		return false;
	size = record->size - sizeof(*m);
	if (!c->size) {
		c->start = m->address;
		memcpy(c->all, m->registers, sizeof(c->all));
		c->registers = (struct walk_registers){
			.ip = m->ip,
			.sp = m->sp,
			.fp = c->all[FP],
			.di = c->all[DI],
			.all = c->all,
		};
	}
	if (m->address != c->start + c->size || size > sizeof(c->memory) - c->size)
		return true; /* of no use */
	memcpy(c->memory + c->size, m->words, size);
	c->size += size;
	return true;
}

static bool on_read(void *ctx, uint64_t address, void *to, size_t size)
{
	const struct copies *c = ctx;
	uint64_t at = address - c->start;

	if (at > c->size || c->size - at < size)
		return false;
	memcpy(to, c->memory + at, size);
	return true;
}

static enum walk_code on_rule(void *ctx, uint64_t pc, struct unwind_rule *ret)
{
	struct copies *c = ctx;
	enum walk_code code = c->rule(c->ctx, c->stack.s.tgid, c->stack.s.time_ns, pc, ret);

	c->untold |= code == WALK_UNTOLD;
	return code;
}

const struct wire_head *copies_finish(struct copies *c)
{
	static const struct walk_ops ops = { on_read, on_rule };
	struct wire_stack *s = &c->stack.s;
	uint64_t frames[WIRE_STACK_DEPTH_MAX];
	enum walk_end end;
	size_t n;

	if (!c->begun)
		return NULL;
	c->begun = false;
	if (!c->size)
		return &s->head;
	c->untold = false;
	n = walk_stack(&ops, c, &c->registers, frames, WIRE_STACK_DEPTH_MAX, &end);
	if (c->untold)
		return &s->head;
	memcpy(c->stack.bytes + sizeof(*s), frames, n * sizeof(*frames));
	s->count = (uint32_t)n;
	s->head.size = (uint16_t)(sizeof(*s) + n * sizeof(*frames));
	s->head.flags = end == WALK_ROOT  ? WIRE_STACK_COMPLETE
			: end == WALK_CUT ? WIRE_STACK_TRUNCATED
					  : 0;
	return &s->head;
}
