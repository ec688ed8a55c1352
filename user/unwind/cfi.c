/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Of the registers only those are followed that the probes need: the canonical
 * frame address, rbp and the return address. A rule is made of the three when
 * an address is left; what has no rule of enum unwind_cfa ends the table there.
 */
#include "unwind/cfi.h"

#include "unwind/reader.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#ifdef __x86_64__
#include <sys/user.h>
#endif

enum { STATES_MAX = 32 }; /* remembered at once; gcc and clang need 2 */

/* Numbers of registers in DWARF (x86-64 psABI, figure 3.36). */
enum { REG_RDI = 5, REG_RBP = 6, REG_RSP = 7, REG_RIP = 16 };

/* DWARF 5, table 7.29; the first three have an operand in their low six bits. */
enum {
	CFA_ADVANCE_LOC = 0x40,
	CFA_OFFSET = 0x80,
	CFA_RESTORE = 0xc0,
	CFA_NOP = 0x00,
	CFA_SET_LOC = 0x01,
	CFA_ADVANCE_LOC1 = 0x02,
	CFA_ADVANCE_LOC2 = 0x03,
	CFA_ADVANCE_LOC4 = 0x04,
	CFA_OFFSET_EXTENDED = 0x05,
	CFA_RESTORE_EXTENDED = 0x06,
	CFA_UNDEFINED = 0x07,
	CFA_SAME_VALUE = 0x08,
	CFA_REGISTER = 0x09,
	CFA_REMEMBER_STATE = 0x0a,
	CFA_RESTORE_STATE = 0x0b,
	CFA_DEF_CFA = 0x0c,
	CFA_DEF_CFA_REGISTER = 0x0d,
	CFA_DEF_CFA_OFFSET = 0x0e,
	CFA_DEF_CFA_EXPRESSION = 0x0f,
	CFA_EXPRESSION = 0x10,
	CFA_OFFSET_EXTENDED_SF = 0x11,
	CFA_DEF_CFA_SF = 0x12,
	CFA_DEF_CFA_OFFSET_SF = 0x13,
	CFA_VAL_OFFSET = 0x14,
	CFA_VAL_OFFSET_SF = 0x15,
	CFA_VAL_EXPRESSION = 0x16,
	CFA_GNU_ARGS_SIZE = 0x2e,
	CFA_GNU_NEGATIVE_OFFSET_EXTENDED = 0x2f,
};

/* DWARF 5, table 7.9. */
enum {
	OP_DEREF = 0x06,
	OP_CONST1U = 0x08,
	OP_CONST1S = 0x09,
	OP_AND = 0x1a,
	OP_PLUS = 0x22,
	OP_PLUS_UCONST = 0x23,
	OP_SHL = 0x24,
	OP_GE = 0x2a,
	OP_LIT0 = 0x30,
	OP_BREG0 = 0x70,
};

struct expression {
	const uint8_t *at;
	size_t size;
};

enum place { PLACE_UNSET, PLACE_SAME, PLACE_UNDEFINED, PLACE_OFFSET, PLACE_REGISTER,
	     PLACE_EXPRESSION, PLACE_OTHER };

struct where { /* the caller's value of a register is */
	enum place place;
	int64_t value; /* offset from the CFA, or a register */
	struct expression expression;
};

struct state {
	bool by_expression;
	uint64_t cfa_register;
	int64_t cfa_offset;
	struct expression cfa;
	struct where rbp, ra;
};

struct run {
	const struct cfi_function *f;
	struct state now, initial;
	size_t saved_count;
	uint64_t address;
	cfi_row_fn row;
	void *ctx;
	struct state saved[STATES_MAX]; /* the last member: it needs no zeroes */
};

/* [breg(rsp|rbp) inner, deref] and perhaps [plus_uconst outer] */
static struct unwind_rule rule_deref(struct expression e)
{
	struct unwind_rule rule = { .cfa = UNWIND_END };
	struct reader r = reader_of(e.at, e.size);
	uint8_t base = reader_u8(&r);
	int64_t inner = reader_sleb(&r), outer = 0;

	if (reader_u8(&r) != OP_DEREF)
		return rule;
	if (reader_left(&r)) {
		if (reader_u8(&r) != OP_PLUS_UCONST)
			return rule;
		outer = (int64_t)reader_uleb(&r);
	}
	if (r.bad || reader_left(&r) || inner != (int16_t)inner || outer != (int16_t)outer)
		return rule;
	if (base == OP_BREG0 + REG_RSP)
		rule.cfa = UNWIND_DEREF_RSP;
	else if (base == OP_BREG0 + REG_RBP)
		rule.cfa = UNWIND_DEREF_RBP;
	else
		return rule;
	rule.cfa_offset = (int32_t)((uint32_t)inner << 16 | (uint16_t)outer);
	return rule;
}

/*
 * What linkers write for the PLT, whose entries of 16 bytes push one word on
 * their way: rsp + 8 + ((rip & 15) >= N) * 8.
 */
static struct unwind_rule rule_plt(struct expression e)
{
	static const uint8_t head[] = { OP_BREG0 + REG_RSP, 8, OP_BREG0 + REG_RIP, 0,
					OP_LIT0 + 15, OP_AND };
	static const uint8_t tail[] = { OP_GE, OP_LIT0 + 3, OP_SHL, OP_PLUS };
	struct unwind_rule rule = { .cfa = UNWIND_END };

	if (e.size != sizeof(head) + 1 + sizeof(tail) || memcmp(e.at, head, sizeof(head)) ||
	    memcmp(e.at + sizeof(head) + 1, tail, sizeof(tail)) ||
	    e.at[sizeof(head)] < OP_LIT0 || e.at[sizeof(head)] > OP_LIT0 + 15)
		return rule;
	rule.cfa = UNWIND_PLT;
	rule.cfa_offset = e.at[sizeof(head)] - OP_LIT0;
	return rule;
}

/* Any other register; the kernel's struct pt_regs is what ptrace gives out. */
static struct unwind_rule rule_register(uint64_t number, int64_t offset)
{
	struct unwind_rule rule = { .cfa = UNWIND_END };
#ifdef __x86_64__
	/* by number in DWARF, but for rbp and rsp */
	static const uint8_t places[] = {
		offsetof(struct user_regs_struct, rax), offsetof(struct user_regs_struct, rdx),
		offsetof(struct user_regs_struct, rcx), offsetof(struct user_regs_struct, rbx),
		offsetof(struct user_regs_struct, rsi), offsetof(struct user_regs_struct, rdi),
		UNWIND_REGISTERS_SIZE, UNWIND_REGISTERS_SIZE,
		offsetof(struct user_regs_struct, r8), offsetof(struct user_regs_struct, r9),
		offsetof(struct user_regs_struct, r10), offsetof(struct user_regs_struct, r11),
		offsetof(struct user_regs_struct, r12), offsetof(struct user_regs_struct, r13),
		offsetof(struct user_regs_struct, r14), offsetof(struct user_regs_struct, r15),
	};

	if (number >= sizeof(places) || places[number] >= UNWIND_REGISTERS_SIZE ||
	    offset != (int16_t)offset)
		return rule;
	rule.cfa = UNWIND_REGISTER;
	rule.cfa_offset = (int32_t)((uint32_t)places[number] << 16 | (uint16_t)offset);
#else
	(void)number;
	(void)offset;
#endif
	return rule;
}

static struct unwind_rule rule_cfa(const struct state *s)
{
	struct unwind_rule rule = { .cfa = UNWIND_END };

	if (s->by_expression) {
		rule = rule_plt(s->cfa);
		return rule.cfa == UNWIND_END ? rule_deref(s->cfa) : rule;
	}
	if (s->cfa_offset != (int32_t)s->cfa_offset)
		return rule;
	if (s->cfa_register == REG_RSP)
		rule.cfa = UNWIND_RSP;
	else if (s->cfa_register == REG_RBP)
		rule.cfa = UNWIND_RBP;
	else
		return rule_register(s->cfa_register, s->cfa_offset);
	rule.cfa_offset = (int32_t)s->cfa_offset;
	return rule;
}

static void rule_set_rbp(struct unwind_rule *rule, const struct where *rbp)
{
	struct reader r = reader_of(rbp->expression.at, rbp->expression.size);
	int64_t offset = rbp->value;

	switch (rbp->place) {
	case PLACE_UNSET:
	case PLACE_SAME:
		rule->rbp = UNWIND_RBP_SAME;
		return;
	case PLACE_OFFSET:
		rule->rbp = UNWIND_RBP_CFA;
		break;
	case PLACE_EXPRESSION: /* gcc's realigned frames: at rbp + n */
		rule->rbp = UNWIND_RBP_RBP;
		if (reader_u8(&r) != OP_BREG0 + REG_RBP)
			r.bad = true;
		offset = reader_sleb(&r);
		break;
	default:
		r.bad = true;
	}
	if (r.bad || reader_left(&r) || offset != (int16_t)offset)
		rule->rbp = UNWIND_RBP_LOST;
	else
		rule->rbp_offset = (int16_t)offset;
}

static struct unwind_rule rule_of(const struct run *run)
{
	const struct unwind_rule end = { .cfa = UNWIND_END };
	const struct state *s = &run->now;
	struct unwind_rule rule;

	if (run->f->common->signal)
		return (struct unwind_rule){ .cfa = UNWIND_SIGNAL };
	/* glibc marks a thread's first function so */
	if (s->ra.place == PLACE_UNDEFINED)
		return (struct unwind_rule){ .cfa = UNWIND_STOP };
	rule = rule_cfa(s);
	if (rule.cfa == UNWIND_END)
		return end;
	if (s->ra.place == PLACE_REGISTER && s->ra.value == REG_RDI && rule.cfa == UNWIND_RSP)
		rule.cfa = UNWIND_RA_RDI;
	else if (s->ra.place != PLACE_OFFSET || s->ra.value != -8)
		return end;
	rule_set_rbp(&rule, &s->rbp);
	return rule;
}

/* The rule in force is that of run->address up to @address. */
static int run_advance(struct run *run, uint64_t address)
{
	int error = 0;

	if (address > run->address) {
		if (run->row)
			error = run->row(run->ctx, run->address, rule_of(run));
		run->address = address;
	}
	return error;
}

static struct where *run_register(struct run *run, uint64_t number)
{
	if (number == run->f->common->return_register)
		return &run->now.ra;
	return number == REG_RBP ? &run->now.rbp : NULL;
}

static void run_set(struct run *run, uint64_t number, enum place place, int64_t value)
{
	struct where *w = run_register(run, number);

	if (w)
		*w = (struct where){ .place = place, .value = value };
}

static void run_restore(struct run *run, uint64_t number)
{
	struct where *w = run_register(run, number);

	if (w)
		*w = w == &run->now.ra ? run->initial.ra : run->initial.rbp;
}

static struct expression read_expression(struct reader *r)
{
	struct expression e;

	e.size = reader_uleb(r);
	e.at = reader_bytes(r, e.size);
	if (!e.at)
		e.size = 0;
	return e;
}

static int64_t scaled(const struct run *run, uint64_t value)
{
	return (int64_t)(value * (uint64_t)run->f->common->data_align);
}

/* Instructions about where registers are. False: it is none. */
static bool run_rule_instruction(struct run *run, uint8_t op, struct reader *r)
{
	uint64_t number = reader_uleb(r); /* all of these begin with a register */
	struct where *w;

	switch (op) {
	case CFA_OFFSET_EXTENDED:
		run_set(run, number, PLACE_OFFSET, scaled(run, reader_uleb(r)));
		return true;
	case CFA_OFFSET_EXTENDED_SF:
		run_set(run, number, PLACE_OFFSET, scaled(run, (uint64_t)reader_sleb(r)));
		return true;
	case CFA_GNU_NEGATIVE_OFFSET_EXTENDED:
		run_set(run, number, PLACE_OFFSET, scaled(run, -reader_uleb(r)));
		return true;
	case CFA_RESTORE_EXTENDED:
		run_restore(run, number);
		return true;
	case CFA_UNDEFINED:
		run_set(run, number, PLACE_UNDEFINED, 0);
		return true;
	case CFA_SAME_VALUE:
		run_set(run, number, PLACE_SAME, 0);
		return true;
	case CFA_REGISTER:
		run_set(run, number, PLACE_REGISTER, (int64_t)reader_uleb(r));
		return true;
	case CFA_VAL_OFFSET:
	case CFA_VAL_OFFSET_SF:
		reader_uleb(r);
		run_set(run, number, PLACE_OTHER, 0);
		return true;
	case CFA_EXPRESSION:
	case CFA_VAL_EXPRESSION:
		w = run_register(run, number);
		run_set(run, number, op == CFA_EXPRESSION ? PLACE_EXPRESSION : PLACE_OTHER, 0);
		if (w)
			w->expression = read_expression(r);
		else
			read_expression(r);
		return true;
	default:
		return false;
	}
}

/* Instructions about the canonical frame address. False: it is none. */
static bool run_cfa_instruction(struct run *run, uint8_t op, struct reader *r)
{
	struct state *s = &run->now;

	switch (op) {
	case CFA_DEF_CFA:
		s->by_expression = false;
		s->cfa_register = reader_uleb(r);
		s->cfa_offset = (int64_t)reader_uleb(r);
		return true;
	case CFA_DEF_CFA_SF:
		s->by_expression = false;
		s->cfa_register = reader_uleb(r);
		s->cfa_offset = scaled(run, (uint64_t)reader_sleb(r));
		return true;
	case CFA_DEF_CFA_REGISTER:
		s->cfa_register = reader_uleb(r);
		r->bad |= s->by_expression;
		return true;
	case CFA_DEF_CFA_OFFSET:
		s->cfa_offset = (int64_t)reader_uleb(r);
		r->bad |= s->by_expression;
		return true;
	case CFA_DEF_CFA_OFFSET_SF:
		s->cfa_offset = scaled(run, (uint64_t)reader_sleb(r));
		r->bad |= s->by_expression;
		return true;
	case CFA_DEF_CFA_EXPRESSION:
		s->by_expression = true;
		s->cfa = read_expression(r);
		return true;
	default:
		return false;
	}
}

static int run_step(struct run *run, uint64_t units)
{
	uint64_t bytes;

	if (__builtin_mul_overflow(units, run->f->common->code_align, &bytes) ||
	    bytes > run->f->end - run->address)
		bytes = run->f->end - run->address;
	return run_advance(run, run->address + bytes);
}

static int run_instruction(struct run *run, struct reader *r)
{
	uint8_t op = reader_u8(r), low = op & 0x3f;

	switch (op & 0xc0) {
	case CFA_ADVANCE_LOC:
		return run_step(run, low);
	case CFA_OFFSET:
		run_set(run, low, PLACE_OFFSET, scaled(run, reader_uleb(r)));
		return 0;
	case CFA_RESTORE:
		run_restore(run, low);
		return 0;
	}
	switch (op) {
	case CFA_NOP:
		return 0;
	case CFA_ADVANCE_LOC1:
		return run_step(run, reader_fixed(r, 1));
	case CFA_ADVANCE_LOC2:
		return run_step(run, reader_fixed(r, 2));
	case CFA_ADVANCE_LOC4:
		return run_step(run, reader_fixed(r, 4));
	case CFA_REMEMBER_STATE:
		if (run->saved_count == STATES_MAX)
			r->bad = true;
		else
			run->saved[run->saved_count++] = run->now;
		return 0;
	case CFA_RESTORE_STATE:
		if (run->saved_count)
			run->now = run->saved[--run->saved_count];
		else
			r->bad = true;
		return 0;
	case CFA_GNU_ARGS_SIZE:
		reader_uleb(r);
		return 0;
	}
	/* DW_CFA_set_loc, which no compiler writes, is taken as damage */
	if (!run_cfa_instruction(run, op, r) && !run_rule_instruction(run, op, r))
		r->bad = true;
	return 0;
}

static int run_program(struct run *run, const uint8_t *program, size_t size, bool *ret_bad)
{
	struct reader r = reader_of(program, size);
	int error = 0;

	while (!error && !r.bad && reader_left(&r) && run->address < run->f->end)
		error = run_instruction(run, &r);
	*ret_bad = r.bad;
	return error;
}

int cfi_run(const struct cfi_function *f, cfi_row_fn row, void *ctx)
{
	struct run run;
	bool bad;
	int error;

	memset(&run, 0, offsetof(struct run, saved));
	run.f = f;
	run.ctx = ctx;
	run.address = f->start;
	/* what functions have in common says nothing about addresses: no rows yet */
	run_program(&run, f->common->program, f->common->program_size, &bad);
	if (bad || run.address != f->start)
		return row(ctx, f->start, (struct unwind_rule){ .cfa = UNWIND_END });
	run.row = row;
	run.initial = run.now;
	error = run_program(&run, f->program, f->program_size, &bad);
	if (error)
		return error;
	if (bad)
		return row(ctx, run.address, (struct unwind_rule){ .cfa = UNWIND_END });
	return run_advance(&run, f->end);
}
