/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The steps are those of bpf/unwind.bpf.h, one by one: what is changed there is
 * changed here. Only the reading differs: no verifier asks for masks.
 */
#include "unwind/walk.h"

enum { USER_ADDRESS_MIN = 4096 };

struct walk {
	const struct walk_ops *ops;
	void *ctx;
	uint64_t ip, sp, fp;
	uint64_t di; /* only where `live` */
	const uint64_t *registers; /* of the thread; NULL: not those of this frame */
	size_t count;
	bool live; /* all registers are those of this frame, and ip is exact */
	bool by_pointer; /* it was found by frame pointer */
	bool untold; /* some frame was in code that may have a table */
};

enum step { STEP_ON, STEP_ROOT, STEP_BROKEN };

static bool read_word(const struct walk *w, uint64_t address, uint64_t *ret)
{
	return w->ops->read(w->ctx, address, ret, sizeof(*ret));
}

/* The frame pointer leads to the caller's, and behind that to the return address. */
static enum step step_by_pointer(struct walk *w)
{
	struct unwind_rule rule;
	uint64_t fp, ip;

	/* no chain says that it is whole: 0 is what threads begin with */
	if (!w->fp || w->fp & 7 || !read_word(w, w->fp, &fp) || !read_word(w, w->fp + 8, &ip))
		return STEP_BROKEN;
	/* rbp may be anything here: what tells is whether it leads to code */
	if (ip < USER_ADDRESS_MIN || w->ops->rule(w->ctx, ip - 1, &rule) == WALK_NO_CODE)
		return STEP_BROKEN;
	w->sp = w->fp + 16;
	w->fp = fp;
	w->ip = ip;
	w->live = false;
	w->by_pointer = true;
	return STEP_ON;
}

/* The frame of a signal: struct rt_sigframe begins with struct ucontext at rsp. */
static enum step step_signal(struct walk *w)
{
	/* uc_mcontext: r8-r15, di, si, bp, bx, dx, ax, cx, sp, ip */
	enum { DI = 8, BP = 10, SP = 15, IP = 16, COUNT = 17 };
	uint64_t registers[COUNT];

	if (!w->ops->read(w->ctx, w->sp + 40, registers, sizeof(registers)))
		return STEP_BROKEN;
	w->ip = registers[IP];
	w->sp = registers[SP];
	w->fp = registers[BP];
	w->di = registers[DI];
	w->registers = NULL;
	w->live = true;
	w->by_pointer = false;
	return STEP_ON;
}

/* Whether the register at @place of struct pt_regs has this frame's value; see include/unwind.h. */
static bool register_is_known(const struct walk *w, uint32_t place)
{
	if (!w->registers || w->by_pointer || place >= UNWIND_REGISTERS_SIZE)
		return false;
	return w->live || (w->count == 2 && place >= UNWIND_REGISTER_OWN);
}

/* The canonical frame address, 0 when it cannot be told. */
static uint64_t frame_address(const struct walk *w, const struct unwind_rule *rule)
{
	int64_t offset = rule->cfa_offset;
	uint64_t cfa;

	switch (rule->cfa) {
	case UNWIND_RSP:
	case UNWIND_RA_RDI:
		return w->sp + (uint64_t)offset;
	case UNWIND_RBP:
		return w->fp + (uint64_t)offset;
	case UNWIND_PLT:
		return w->sp + 8 + ((w->ip & 15) >= (uint64_t)offset ? 8 : 0);
	case UNWIND_DEREF_RSP:
	case UNWIND_DEREF_RBP:
		cfa = rule->cfa == UNWIND_DEREF_RSP ? w->sp : w->fp;
		if (!read_word(w, cfa + (uint64_t)(int64_t)unwind_inner(rule->cfa_offset), &cfa))
			return 0;
		return cfa + (uint64_t)(int64_t)unwind_outer(rule->cfa_offset);
	case UNWIND_REGISTER:
		cfa = w->registers[(uint32_t)unwind_inner(rule->cfa_offset) / sizeof(cfa)];
		return cfa + (uint64_t)(int64_t)unwind_outer(rule->cfa_offset);
	default:
		return 0;
	}
}

static enum step step_by_rule(struct walk *w, const struct unwind_rule *rule)
{
	uint64_t cfa = frame_address(w, rule), ip = w->di, fp = w->fp;

	/* stacks grow down: callers are above, unless the function changes stacks */
	if (!cfa || (cfa < w->sp && (rule->cfa != UNWIND_RBP || w->by_pointer)))
		return STEP_BROKEN;
	if (rule->cfa == UNWIND_RA_RDI ? !w->live : !read_word(w, cfa - 8, &ip))
		return STEP_BROKEN;
	if (rule->rbp == UNWIND_RBP_CFA || rule->rbp == UNWIND_RBP_RBP) {
		uint64_t at = rule->rbp == UNWIND_RBP_CFA ? cfa : fp;

		if (!read_word(w, at + (uint64_t)(int64_t)rule->rbp_offset, &fp))
			return STEP_BROKEN;
	} else if (rule->rbp == UNWIND_RBP_LOST) {
		fp = 1; /* leads nowhere, and is no end either */
	}
	if (!ip)
		return STEP_ROOT;
	if (ip < USER_ADDRESS_MIN)
		return STEP_BROKEN;
	w->ip = ip;
	w->sp = cfa;
	w->fp = fp;
	w->live = false;
	w->by_pointer = false;
	return STEP_ON;
}

static enum step step(struct walk *w)
{
	struct unwind_rule rule = { 0 };
	/* a return address may be the first byte of the next function */
	enum walk_code code = w->ops->rule(w->ctx, w->live ? w->ip : w->ip - 1, &rule);

	w->untold |= code == WALK_NO_CODE || code == WALK_UNTOLD;
	if (code != WALK_TABLE || rule.cfa == UNWIND_END ||
	    (rule.cfa == UNWIND_REGISTER &&
	     !register_is_known(w, (uint32_t)unwind_inner(rule.cfa_offset))))
		return step_by_pointer(w);
	if (rule.cfa == UNWIND_STOP)
		return STEP_ROOT;
	return rule.cfa == UNWIND_SIGNAL ? step_signal(w) : step_by_rule(w, &rule);
}

size_t walk_stack(const struct walk_ops *ops, void *ctx, const struct walk_registers *registers,
		  uint64_t *frames, size_t max, enum walk_end *ret_end)
{
	struct walk w = { .ops = ops, .ctx = ctx, .ip = registers->ip, .sp = registers->sp,
			  .fp = registers->fp, .di = registers->di, .registers = registers->all,
			  .count = 1, .live = true };
	enum step went = STEP_ON;

	frames[0] = w.ip;
	while ((went = step(&w)) == STEP_ON && w.count < max)
		frames[w.count++] = w.ip;
	if (went == STEP_ROOT && w.untold)
		went = STEP_BROKEN;
	*ret_end = went == STEP_ROOT ? WALK_ROOT : went == STEP_ON ? WALK_CUT : WALK_BROKEN;
	return w.count;
}
