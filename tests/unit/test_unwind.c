/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Unwind tables of small ELF images that are made here: what the machine's own
 * files do not have, or not reliably. test_unwind_oracle has the rest.
 */
#include "oom.h"
#include "unit.h"
#include "unwind_oracle.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

enum { CODE = 0x1000, FRAMES = 0x9000, IMAGE_MAX = 0xb000 };

/* An image with code at CODE … FRAMES, where its .eh_frame_hdr and .eh_frame are. */
struct image {
	uint8_t bytes[IMAGE_MAX];
	size_t size;
};

static void put(struct image *m, const void *bytes, size_t size)
{
	assert_true(m->size + size <= sizeof(m->bytes));
	memcpy(m->bytes + m->size, bytes, size);
	m->size += size;
}

static void put32(struct image *m, uint32_t n)
{
	put(m, &n, sizeof(n));
}

static void image_init(struct image *m)
{
	Elf64_Ehdr h = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, 1 },
			 .e_type = ET_DYN,
			 .e_machine = EM_X86_64,
			 .e_phoff = sizeof(h),
			 .e_phentsize = sizeof(Elf64_Phdr),
			 .e_phnum = 2,
			 .e_shentsize = sizeof(Elf64_Shdr) };
	Elf64_Phdr p[2] = { { .p_type = PT_LOAD, .p_flags = PF_X, .p_filesz = IMAGE_MAX },
			    { .p_type = PT_GNU_EH_FRAME, .p_offset = FRAMES, .p_vaddr = FRAMES,
			      .p_filesz = 8 } };
	static const uint8_t header[] = { 1, 0x1b, 0xff, 0xff, 4, 0, 0, 0 };

	memset(m, 0, sizeof(*m));
	put(m, &h, sizeof(h));
	put(m, p, sizeof(p));
	m->size = FRAMES;
	put(m, header, sizeof(header));
}

/* What functions share: code 1, data -8, return address 16; CFA = rsp + 8, it is at CFA - 8. */
static uint32_t put_common(struct image *m, const char *letters)
{
	static const uint8_t program[] = { 0x0c, 7, 8, 0x80 | 16, 1 };
	uint32_t at = (uint32_t)m->size, size;
	uint8_t numbers[] = { 1, 0x78, 16 };
	size_t start;

	put32(m, 0);
	start = m->size;
	put32(m, 0);
	put(m, "\x01", 1);
	put(m, letters, strlen(letters) + 1);
	put(m, numbers, sizeof(numbers));
	put(m, "\x01\x1b", 2); /* one byte of data: R, pcrel sdata4 */
	put(m, program, sizeof(program));
	size = (uint32_t)(m->size - start);
	memcpy(m->bytes + at, &size, sizeof(size));
	return at;
}

static void put_function(struct image *m, uint32_t common, uint32_t start, uint32_t size,
			 const void *program, size_t program_size)
{
	put32(m, (uint32_t)(4 + 4 + 4 + 1 + program_size));
	put32(m, (uint32_t)m->size - common);
	put32(m, start - (uint32_t)m->size);
	put32(m, size);
	put(m, "", 1); /* no augmentation data */
	put(m, program, program_size);
}

struct built {
	struct memory_arena memory;
	struct unwind_table table;
	int error;
};

static void build(struct built *b, const struct image *m)
{
	assert_int_equal(memory_arena_init(&b->memory), 0);
	b->error = unwind_table_build_memory(&b->table, &b->memory.arena, m->bytes, IMAGE_MAX);
}

static struct unwind_rule rule_at(const struct built *b, uint64_t address)
{
	return unwind_table_find(&b->table, &b->memory.arena, address);
}

static void assert_rule(const struct built *b, uint64_t address, int cfa, int offset)
{
	struct unwind_rule r = rule_at(b, address);

	assert_int_equal(r.cfa, cfa);
	assert_int_equal(r.cfa_offset, offset);
}

static void a_function_over_several_pages_has_its_rule_on_each(void **state)
{
	/* advance 1: CFA offset 16; advance 0x2000 (2 bytes): 32 */
	static const uint8_t program[] = { 0x41, 0x0e, 16, 0x03, 0x00, 0x20, 0x0e, 32 };
	struct image m;
	struct built b;

	(void)state;
	image_init(&m);
	put_function(&m, put_common(&m, "zR"), CODE + 0x10, 0x4000, program,
		     sizeof(program));
	build(&b, &m);
	assert_int_equal(b.error, 0);
	assert_rule(&b, CODE + 0xf, UNWIND_END, 0);
	assert_rule(&b, CODE + 0x10, UNWIND_RSP, 8);
	assert_rule(&b, CODE + 0x11, UNWIND_RSP, 16);
	assert_rule(&b, CODE + 0x1000, UNWIND_RSP, 16);
	assert_rule(&b, CODE + 0x2010, UNWIND_RSP, 16);
	assert_rule(&b, CODE + 0x2011, UNWIND_RSP, 32);
	assert_rule(&b, CODE + 0x400f, UNWIND_RSP, 32);
	assert_rule(&b, CODE + 0x4010, UNWIND_END, 0);
	memory_arena_release(&b.memory);
}

static void padding_belongs_to_the_function_before_but_gaps_to_nobody(void **state)
{
	struct image m;
	struct built b;
	uint32_t common;

	(void)state;
	image_init(&m);
	common = put_common(&m, "zR");
	put_function(&m, common, CODE, 0x31, "", 0);
	put_function(&m, common, CODE + 0x40, 0x30, "", 0);
	put_function(&m, common, CODE + 0x80, 0x10, "", 0);
	build(&b, &m);
	assert_int_equal(b.error, 0);
	assert_rule(&b, CODE + 0x35, UNWIND_RSP, 8);
	assert_rule(&b, CODE + 0x75, UNWIND_END, 0);
	assert_rule(&b, CODE + 0x80, UNWIND_RSP, 8);
	assert_int_equal(b.table.functions, 3);
	memory_arena_release(&b.memory);
}

static void where_a_program_begins_stacks_end(void **state)
{
	struct image m;
	struct built b;
	uint32_t common;
	Elf64_Ehdr h;

	(void)state;
	image_init(&m);
	memcpy(&h, m.bytes, sizeof(h));
	h.e_entry = CODE + 0x1ff8;
	memcpy(m.bytes, &h, sizeof(h));
	common = put_common(&m, "zR");
	put_function(&m, common, CODE, 0x30, "", 0);
	put_function(&m, common, CODE + 0x3000, 0x30, "", 0);
	build(&b, &m);
	assert_int_equal(b.error, 0);
	assert_rule(&b, CODE + 0x1ff7, UNWIND_END, 0);
	assert_rule(&b, CODE + 0x1ff8, UNWIND_STOP, 0);
	assert_rule(&b, CODE + 0x2037, UNWIND_STOP, 0);
	assert_rule(&b, CODE + 0x2038, UNWIND_END, 0);
	memory_arena_release(&b.memory);
	/* where there is a table, it knows */
	h.e_entry = CODE + 0x10;
	memcpy(m.bytes, &h, sizeof(h));
	build(&b, &m);
	assert_rule(&b, CODE + 0x10, UNWIND_RSP, 8);
	assert_rule(&b, CODE + 0x40, UNWIND_END, 0);
	memory_arena_release(&b.memory);
	/* behind the last function, and up to the next */
	h.e_entry = CODE + 0x2fe0;
	memcpy(m.bytes, &h, sizeof(h));
	build(&b, &m);
	assert_rule(&b, CODE + 0x2fff, UNWIND_STOP, 0);
	assert_rule(&b, CODE + 0x3000, UNWIND_RSP, 8);
	memory_arena_release(&b.memory);
}

static void the_states_that_only_some_functions_have_are_told_apart(void **state)
{
	static const uint8_t root[] = { 0x07, 16 }, vfork[] = { 0x09, 16, 5 };
	static const uint8_t by_rbp[] = { 0x0d, 6, 0x86, 2 }, by_rbx[] = { 0x0d, 3 };
	static const uint8_t by_rip[] = { 0x0d, 16 };
	static const uint8_t plt[] = { 0x0f, 11, 0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x3b, 0x2a, 0x33,
				       0x24, 0x22 };
	static const uint8_t realigned[] = { 0x0f, 3, 0x76, 0x78, 0x06, 0x10, 6, 2, 0x76, 0 };
	struct image m;
	struct built b;
	uint32_t common;

	(void)state;
	image_init(&m);
	common = put_common(&m, "zR");
	put_function(&m, common, CODE, 16, root, sizeof(root));
	put_function(&m, common, CODE + 16, 16, vfork, sizeof(vfork));
	put_function(&m, common, CODE + 32, 16, by_rbp, sizeof(by_rbp));
	put_function(&m, common, CODE + 48, 16, by_rbx, sizeof(by_rbx));
	put_function(&m, common, CODE + 64, 16, plt, sizeof(plt));
	put_function(&m, common, CODE + 80, 16, realigned, sizeof(realigned));
	put_function(&m, put_common(&m, "zRS"), CODE + 96, 16, "", 0);
	put_function(&m, common, CODE + 112, 16, by_rip, sizeof(by_rip));
	build(&b, &m);
	assert_int_equal(b.error, 0);
	assert_rule(&b, CODE, UNWIND_STOP, 0);
	assert_rule(&b, CODE + 16, UNWIND_RA_RDI, 8);
	assert_rule(&b, CODE + 32, UNWIND_RBP, 8);
	assert_int_equal(rule_at(&b, CODE + 32).rbp, UNWIND_RBP_CFA);
	assert_int_equal(rule_at(&b, CODE + 32).rbp_offset, -16);
	assert_int_equal(rule_at(&b, CODE + 48).cfa, UNWIND_REGISTER);
	assert_int_equal(unwind_inner(rule_at(&b, CODE + 48).cfa_offset), 5 * 8);
	assert_int_equal(unwind_outer(rule_at(&b, CODE + 48).cfa_offset), 8);
	assert_rule(&b, CODE + 112, UNWIND_END, 0);
	assert_rule(&b, CODE + 64, UNWIND_PLT, 11);
	assert_int_equal(rule_at(&b, CODE + 80).cfa, UNWIND_DEREF_RBP);
	assert_int_equal(unwind_inner(rule_at(&b, CODE + 80).cfa_offset), -8);
	assert_int_equal(unwind_outer(rule_at(&b, CODE + 80).cfa_offset), 0);
	assert_int_equal(rule_at(&b, CODE + 80).rbp, UNWIND_RBP_RBP);
	assert_rule(&b, CODE + 96, UNWIND_SIGNAL, 0);
	memory_arena_release(&b.memory);
}

static void what_makes_no_sense_ends_there_and_spares_the_others(void **state)
{
	static const uint8_t unknown[] = { 0x0e, 16, 0x44, 0x3e }, restores[] = { 0x0b };
	static const uint8_t cut[] = { 0x44, 0x0e, 0x80 };
	struct image m;
	struct built b;
	uint32_t common;

	(void)state;
	image_init(&m);
	common = put_common(&m, "zR");
	put_function(&m, common, CODE, 16, unknown, sizeof(unknown));
	put_function(&m, common, CODE + 16, 16, restores, sizeof(restores));
	put_function(&m, common, CODE + 32, 16, cut, sizeof(cut));
	put_function(&m, common, CODE + 48, 16, "", 0);
	put_function(&m, common, CODE + 40, 16, "", 0); /* lies over another */
	put_function(&m, 0, CODE + 80, 16, "", 0); /* shares nothing that is there */
	put_function(&m, common, 0x4000000, 16, "", 0); /* beyond the code */
	build(&b, &m);
	assert_int_equal(b.error, 0);
	assert_rule(&b, CODE, UNWIND_RSP, 16);
	assert_rule(&b, CODE + 4, UNWIND_END, 0);
	assert_rule(&b, CODE + 16, UNWIND_END, 0);
	assert_rule(&b, CODE + 32, UNWIND_RSP, 8);
	assert_rule(&b, CODE + 36, UNWIND_END, 0);
	assert_rule(&b, CODE + 80, UNWIND_END, 0);
	memory_arena_release(&b.memory);
}

static void an_image_without_code_or_of_another_machine_has_no_table(void **state)
{
	struct image m;
	struct built b;

	(void)state;
	image_init(&m);
	((Elf64_Ehdr *)m.bytes)->e_machine = EM_AARCH64;
	build(&b, &m);
	assert_int_equal(b.error, -ENOEXEC);
	memory_arena_release(&b.memory);
	image_init(&m);
	((Elf64_Phdr *)(m.bytes + sizeof(Elf64_Ehdr)))->p_flags = PF_R;
	build(&b, &m);
	assert_int_equal(b.error, -ENODATA);
	memory_arena_release(&b.memory);
}

static void a_mapping_leads_to_its_pages_of_the_index(void **state)
{
	struct unwind_table t = { .address = 0x401000, .index = 10, .index_count = 0x20,
				  .segment_count = 1,
				  .segments = { { 0x1000, 0x1f000, 0x401000 } } };
	struct unwind_mapping m;

	(void)state;
	unwind_table_map(&t, 0x401000, 0x1f000, 0x1000, &m);
	assert_int_equal(m.pages, 0x1f);
	assert_int_equal(m.shift, 0);
	assert_int_equal(m.index_count, 0x20);
	/* split by mprotect */
	unwind_table_map(&t, 0x405000, 0x1000, 0x5000, &m);
	assert_int_equal(m.shift, 4);
	/* before the code: the page of headers that a linker maps along */
	unwind_table_map(&t, 0x400000, 0x2000, 0, &m);
	assert_int_equal(m.index_count, 0);
	/* code that begins within a page */
	t.address = 0x400000;
	t.segments[0] = (struct unwind_segment){ 0x10f0, 0x1f000, 0x4020f0 };
	unwind_table_map(&t, 0x402000, 0x20000, 0x1000, &m);
	assert_int_equal(m.shift, 2);
}

static void rows_of_a_page_stay_in_one_chunk_and_an_index_need_not(void **state)
{
	struct memory_arena m;
	uint32_t words[100] = { 1, 2, 3 }, at;

	(void)state;
	assert_int_equal(memory_arena_init(&m), 0);
	assert_int_equal(unwind_arena_reserve(&m.arena, UNWIND_CHUNK_WORDS - 50, &at), 0);
	assert_int_equal(unwind_arena_add(&m.arena, words, 100, &at), 0);
	assert_int_equal(at, UNWIND_CHUNK_WORDS);
	assert_int_equal(unwind_arena_reserve(&m.arena, 2 * UNWIND_CHUNK_WORDS, &at), 0);
	assert_int_equal(at, UNWIND_CHUNK_WORDS + 100);
	for (uint32_t i = 0; i < 2 * UNWIND_CHUNK_WORDS; i++)
		assert_int_equal(unwind_arena_get(&m.arena, at + i), 0);
	assert_int_equal(unwind_arena_get(&m.arena, UNWIND_CHUNK_WORDS + 2), 3);
	assert_int_equal(unwind_arena_add(&m.arena, words, UNWIND_CHUNK_WORDS + 1, &at), -ENOSPC);
	memory_arena_release(&m);
}

static void rules_are_shared_until_there_is_no_room_for_more(void **state)
{
	struct memory_arena m;
	struct unwind_rule rule = { .cfa = UNWIND_RSP };
	uint32_t number, again;

	(void)state;
	assert_int_equal(memory_arena_init(&m), 0);
	for (int i = 1; i < UNWIND_RULES_MAX; i++) {
		rule.cfa_offset = i;
		assert_int_equal(unwind_arena_rule(&m.arena, rule, &number), 0);
		assert_int_equal(unwind_arena_rule(&m.arena, rule, &again), 0);
		assert_int_equal(number, i);
		assert_int_equal(again, i);
	}
	rule.cfa_offset = UNWIND_RULES_MAX;
	assert_int_equal(unwind_arena_rule(&m.arena, rule, &number), 0);
	assert_int_equal(number, 0);
	assert_int_equal(m.arena.rules_refused, 1);
	memory_arena_release(&m);
}

static void an_arena_that_is_full_is_left_as_it_was(void **state)
{
	struct image m;
	struct built b;
	uint32_t used;

	(void)state;
	image_init(&m);
	put_function(&m, put_common(&m, "zR"), CODE, 0x4000, "", 0);
	assert_int_equal(memory_arena_init(&b.memory), 0);
	b.memory.chunks_max = 1;
	assert_int_equal(unwind_arena_reserve(&b.memory.arena, UNWIND_CHUNK_WORDS - 24, &used), 0);
	used = b.memory.arena.used;
	b.error = unwind_table_build_memory(&b.table, &b.memory.arena, m.bytes, IMAGE_MAX);
	assert_int_equal(b.error, -ENOMEM);
	assert_int_equal(b.memory.arena.used, used);
	memory_arena_release(&b.memory);
}

static void lack_of_memory_is_an_error_and_nothing_else(void **state)
{
	struct image m;
	struct built b;
	uint32_t common;

	(void)state;
	image_init(&m);
	common = put_common(&m, "zR");
	for (uint32_t i = 0; i < 40; i++)
		put_function(&m, common, CODE + 64 * i, 32, "", 0);
	OOM_SWEEP(200) {
		if (memory_arena_init(&b.memory)) {
			memory_arena_release(&b.memory);
			continue;
		}
		b.error = unwind_table_build_memory(&b.table, &b.memory.arena, m.bytes, IMAGE_MAX);
		assert_true(b.error == 0 || b.error == -ENOMEM);
		if (!b.error)
			assert_int_equal(b.table.functions, 40);
		memory_arena_release(&b.memory);
	}
}

static void the_kernels_own_code_has_a_table(void **state)
{
	const uint8_t *vdso = (const uint8_t *)getauxval(AT_SYSINFO_EHDR);
	struct memory_arena m;
	struct unwind_table t;

	(void)state;
	if (!vdso)
		skip();
	assert_int_equal(memory_arena_init(&m), 0);
	/* all of it lies in the two pages that every version of it has */
	assert_int_equal(unwind_table_build_memory(&t, &m.arena, vdso, 2 * UNWIND_PAGE), 0);
	assert_true(t.functions >= 4);
	assert_true(t.rows >= 8);
	memory_arena_release(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_function_over_several_pages_has_its_rule_on_each),
		cmocka_unit_test(padding_belongs_to_the_function_before_but_gaps_to_nobody),
		cmocka_unit_test(where_a_program_begins_stacks_end),
		cmocka_unit_test(the_states_that_only_some_functions_have_are_told_apart),
		cmocka_unit_test(what_makes_no_sense_ends_there_and_spares_the_others),
		cmocka_unit_test(an_image_without_code_or_of_another_machine_has_no_table),
		cmocka_unit_test(a_mapping_leads_to_its_pages_of_the_index),
		cmocka_unit_test(rows_of_a_page_stay_in_one_chunk_and_an_index_need_not),
		cmocka_unit_test(rules_are_shared_until_there_is_no_room_for_more),
		cmocka_unit_test(an_arena_that_is_full_is_left_as_it_was),
		cmocka_unit_test(lack_of_memory_is_an_error_and_nothing_else),
		cmocka_unit_test(the_kernels_own_code_has_a_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
