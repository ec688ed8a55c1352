/* SPDX-License-Identifier: GPL-2.0-only */
/* Stacks that came with their memory, because the probes did not know their code yet. */
#include "unit.h"

#include "cmd/copies.h"

#include <stdbool.h>
#include <string.h>

enum {
	TGID = 77,
	TIME = 5000,
	/* code, by what its table says */
	TABLE = 0x100000, /* the caller is 32 bytes up */
	ROOT = 0x200000,
	POINTER = 0x300000, /* none: by frame pointer */
	UNTOLD = 0x400000, /* not made yet */
	REGISTER = 0x500000, /* the caller is where another register leads to */
	SP = 0x7000,
	/* in wire_memory.registers */
	R15 = 0,
	RBP = 4,
	R9 = 8,
};

/* What the probes send: the stack as they walked it, and pieces of its memory. */
static struct {
	struct wire_stack s;
	uint64_t frames[WIRE_STACK_DEPTH_MAX];
} stack;

static struct {
	struct wire_memory m;
	uint64_t words[WIRE_MEMORY_SIZE / 8];
} piece;

static uint64_t memory[2 * WIRE_MEMORY_SIZE / 8]; /* from SP on */
static struct copies *copies;
static size_t place; /* the register of REGISTER's code, in struct pt_regs */

static enum walk_code rule(void *ctx, uint32_t tgid, uint64_t time_ns, uint64_t pc,
			   struct unwind_rule *ret)
{
	assert_ptr_equal(ctx, &stack);
	assert_int_equal(tgid, TGID);
	assert_int_equal(time_ns, TIME);
	*ret = (struct unwind_rule){ .cfa = UNWIND_RSP, .cfa_offset = 32 };
	switch (pc & ~0xfffffull) {
	case TABLE:
		return WALK_TABLE;
	case ROOT:
		ret->cfa = UNWIND_STOP;
		return WALK_TABLE;
	case REGISTER:
		ret->cfa = UNWIND_REGISTER;
		ret->cfa_offset = (int32_t)((uint32_t)place << 16 | 16);
		return WALK_TABLE;
	case POINTER:
		return WALK_NO_TABLE;
	case UNTOLD:
		return WALK_UNTOLD;
	default:
		return WALK_NO_CODE;
	}
}

static int setup(void **state)
{
	(void)state;
	copies = copies_new(rule, &stack);
	memset(memory, 0, sizeof(memory));
	return copies ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	copies_free(copies);
	return 0;
}

/* The probes' own frames: @ip, and then @second, which is wrong. */
static void begin(uint64_t ip, uint64_t second)
{
	stack.s = (struct wire_stack){
		.head = { sizeof(stack.s) + 16, WIRE_STACK, WIRE_STACK_UNTOLD, 0 },
		.time_ns = TIME,
		.hash = 0xabc,
		.tgid = TGID,
		.count = 2,
	};
	stack.frames[0] = ip;
	stack.frames[1] = second;
	assert_true(copies_begin(copies, &stack.s.head));
}

static bool send(uint64_t ip, uint64_t address, size_t size)
{
	piece.m = (struct wire_memory){
		.head = { (uint16_t)(sizeof(piece.m) + size), WIRE_MEMORY, 0, 0 },
		.time_ns = TIME,
		.hash = 0xabc,
		.ip = ip,
		.sp = SP,
		.registers = { [R15] = SP + 16, [RBP] = SP + 48, [R9] = SP + 16 },
		.address = address,
	};
	memcpy(piece.words, (char *)memory + (address - SP), size);
	return copies_add(copies, &piece.m.head);
}

static void assert_stack(uint8_t flags, size_t count, const uint64_t *frames)
{
	const struct wire_head *head = copies_finish(copies);
	const struct wire_stack *s = (const void *)head;

	assert_non_null(head);
	assert_int_equal(s->hash, 0xabc);
	assert_int_equal(s->tgid, TGID);
	assert_int_equal(head->flags, flags);
	assert_int_equal(s->count, count);
	assert_int_equal(head->size, sizeof(*s) + count * 8);
	assert_memory_equal(s->frames, frames, count * 8);
	assert_null(copies_finish(copies));
}

static void a_stack_is_walked_by_the_tables_that_came_later(void **state)
{
	const uint64_t frames[] = { TABLE + 16, TABLE + 32, TABLE + 48, ROOT + 8 };

	(void)state;
	for (size_t i = 1; i < 4; i++)
		memory[4 * i - 1] = frames[i];
	begin(TABLE + 16, POINTER);
	assert_true(send(TABLE + 16, SP, WIRE_MEMORY_SIZE));
	assert_stack(WIRE_STACK_COMPLETE, 4, frames);
}

static void a_stack_goes_on_in_the_next_piece(void **state)
{
	uint64_t frames[66];

	(void)state;
	for (size_t i = 0; i < 66; i++) {
		frames[i] = (i < 65 ? TABLE : ROOT) + 16 * (i + 1);
		if (i)
			memory[4 * i - 1] = frames[i];
	}
	begin(frames[0], POINTER);
	assert_true(send(frames[0], SP, WIRE_MEMORY_SIZE - 64));
	assert_true(send(frames[0], SP + WIRE_MEMORY_SIZE - 64, WIRE_MEMORY_SIZE));
	assert_stack(WIRE_STACK_COMPLETE, 66, frames);
}

static void beyond_what_was_copied_nothing_is_guessed(void **state)
{
	const uint64_t frames[] = { TABLE + 16, TABLE + 32 };

	(void)state;
	memory[3] = frames[1];
	memory[7] = ROOT + 8;
	begin(frames[0], POINTER);
	assert_true(send(frames[0], SP, 56));
	/* a piece that is missing makes the next one useless */
	assert_true(send(frames[0], SP + 64, 64));
	assert_stack(0, 2, frames);
}

static void what_frame_pointers_lead_through_is_whole_where_a_table_says_so(void **state)
{
	const uint64_t frames[] = { POINTER + 16, POINTER + 32, ROOT + 8 };

	(void)state;
	/* 0 is no end: it stands there from the beginning of the thread on */
	memory[6] = 0;
	memory[7] = frames[1];
	begin(frames[0], TABLE);
	assert_true(send(frames[0], SP, 256));
	assert_stack(0, 2, frames);
	memory[6] = SP + 64;
	memory[8] = 0;
	memory[9] = frames[2];
	begin(frames[0], TABLE);
	assert_true(send(frames[0], SP, 256));
	assert_stack(WIRE_STACK_COMPLETE, 3, frames);
}

static void while_a_table_is_missing_the_stack_stays_as_it_was(void **state)
{
	(void)state;
	memory[6] = 0;
	memory[7] = UNTOLD + 32;
	begin(UNTOLD + 16, TABLE + 1);
	assert_true(send(UNTOLD + 16, SP, 256));
	assert_stack(0, 2, (const uint64_t[]){ UNTOLD + 16, TABLE + 1 });
	/* and without any memory */
	begin(TABLE + 16, TABLE + 1);
	assert_stack(0, 2, (const uint64_t[]){ TABLE + 16, TABLE + 1 });
}

static void registers_are_those_of_the_first_frames(void **state)
{
	const uint64_t frames[] = { REGISTER + 16, REGISTER + 32, ROOT + 8 };

	(void)state;
	memory[3] = REGISTER + 32;
	begin(frames[0], POINTER);
	place = R15 * 8;
	/* a caller's own is another's one frame up: by frame pointer, which leads to the root */
	memory[7] = ROOT + 8;
	assert_true(send(frames[0], SP, 256));
	assert_stack(WIRE_STACK_COMPLETE, 3, frames);
	memory[7] = 0;
	begin(frames[0], POINTER);
	assert_true(send(frames[0], SP, 256));
	assert_stack(0, 2, frames);
	/* others are not touched by one call, and lead the caller to the same place again */
	place = R9 * 8;
	begin(frames[0], POINTER);
	assert_true(send(frames[0], SP, 256));
	assert_stack(0, 3, (const uint64_t[]){ frames[0], frames[1], frames[1] });
}

static void what_is_no_part_of_such_a_stack_is_left_alone(void **state)
{
	const struct wire_head other = { sizeof(other), WIRE_COMM, 0, 0 };

	(void)state;
	assert_null(copies_finish(copies));
	assert_false(send(TABLE, SP, 256));
	begin(TABLE + 16, TABLE + 1);
	assert_false(copies_add(copies, &other));
	assert_false(copies_begin(copies, &other));
	piece.m.hash++;
	assert_false(copies_add(copies, &piece.m.head));
	assert_stack(0, 2, (const uint64_t[]){ TABLE + 16, TABLE + 1 });
	stack.s.head.flags = WIRE_STACK_COMPLETE;
	assert_false(copies_begin(copies, &stack.s.head));
	stack.s.head.flags = WIRE_STACK_UNTOLD;
	stack.s.head.size = sizeof(stack.s) - 8;
	assert_false(copies_begin(copies, &stack.s.head));
}

static void more_memory_than_is_ever_sent_is_no_harm(void **state)
{
	(void)state;
	begin(TABLE + 16, TABLE + 1);
	memset(memory, 0x11, sizeof(memory));
	for (uint64_t i = 0; i < 2 * WIRE_MEMORY_PIECES; i++) {
		piece.m = (struct wire_memory){
			.head = { sizeof(piece), WIRE_MEMORY, 0, 0 },
			.hash = 0xabc,
			.ip = TABLE + 16,
			.sp = SP,
			.address = SP + i * WIRE_MEMORY_SIZE,
		};
		assert_true(copies_add(copies, &piece.m.head));
	}
	assert_non_null(copies_finish(copies));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_stack_is_walked_by_the_tables_that_came_later),
		TEST(a_stack_goes_on_in_the_next_piece),
		TEST(beyond_what_was_copied_nothing_is_guessed),
		TEST(what_frame_pointers_lead_through_is_whole_where_a_table_says_so),
		TEST(while_a_table_is_missing_the_stack_stays_as_it_was),
		TEST(registers_are_those_of_the_first_frames),
		TEST(what_is_no_part_of_such_a_stack_is_left_alone),
		TEST(more_memory_than_is_ever_sent_is_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
