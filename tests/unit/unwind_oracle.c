/* SPDX-License-Identifier: GPL-2.0-only */
#include "unwind_oracle.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static uint32_t *chunk_new(void *ctx, uint32_t number)
{
	struct memory_arena *m = ctx;

	(void)number;
	if (m->chunks_max && m->chunks == m->chunks_max)
		return NULL;
	m->chunks++;
	/* what the kernel hands out is zero: prove that nothing needs it to be */
	return memset(aligned_alloc(64, UNWIND_CHUNK_WORDS * 4), 0xa5, UNWIND_CHUNK_WORDS * 4);
}

int memory_arena_init(struct memory_arena *m)
{
	struct unwind_rule *rules = calloc(UNWIND_RULES_MAX, sizeof(*rules));

	memset(m, 0, sizeof(*m));
	return rules ? unwind_arena_init(&m->arena, chunk_new, m, rules) : -ENOMEM;
}

void memory_arena_release(struct memory_arena *m)
{
	for (size_t i = 0; i < UNWIND_CHUNKS_MAX; i++)
		free(m->arena.chunks[i]);
	free(m->arena.rules);
	unwind_arena_release(&m->arena);
}

/* libdw's description of the CFA, in our words; UNWIND_END when we have none for it. */
static struct unwind_rule cfa_of(const Dwarf_Op *ops, size_t n)
{
	struct unwind_rule r = { .cfa = UNWIND_END };
	Dwarf_Word reg = 0;
	int64_t offset = 0;

	if (n == 9 && ops[0].atom == DW_OP_breg7 && ops[0].number == 8 &&
	    ops[1].atom == DW_OP_breg16 && !ops[1].number && ops[2].atom == DW_OP_lit15 &&
	    ops[3].atom == DW_OP_and && ops[5].atom == DW_OP_ge &&
	    ops[6].atom == DW_OP_lit3 && ops[7].atom == DW_OP_shl && ops[8].atom == DW_OP_plus) {
		r.cfa = UNWIND_PLT;
		r.cfa_offset = ops[4].atom - DW_OP_lit0;
		return r;
	}
	if (!n)
		return r;
	if (ops[0].atom >= DW_OP_breg0 && ops[0].atom <= DW_OP_breg31) {
		reg = (Dwarf_Word)(ops[0].atom - DW_OP_breg0);
		offset = (int64_t)ops[0].number;
	} else if (ops[0].atom == DW_OP_bregx) {
		reg = ops[0].number;
		offset = (int64_t)ops[0].number2;
	} else {
		return r;
	}
	if (reg != 6 && reg != 7) {
		/* libdw's number to its place in struct pt_regs: asm/ptrace.h */
		static const int8_t places[] = { 10, 12, 11, 5, 13, 14, -1, -1,
						 9, 8, 7, 6, 3, 2, 1, 0 };

		if (n != 1 || reg >= sizeof(places) || offset != (int16_t)offset)
			return r;
		r.cfa = UNWIND_REGISTER;
		r.cfa_offset = (int32_t)((uint32_t)(places[reg] * 8) << 16 | (uint16_t)offset);
		return r;
	}
	if (n == 1) {
		r.cfa = reg == 7 ? UNWIND_RSP : UNWIND_RBP;
		r.cfa_offset = (int32_t)offset;
	} else if (ops[1].atom == DW_OP_deref &&
		   (n == 2 || (n == 3 && ops[2].atom == DW_OP_plus_uconst))) {
		r.cfa = reg == 7 ? UNWIND_DEREF_RSP : UNWIND_DEREF_RBP;
		r.cfa_offset = (int32_t)((uint32_t)offset << 16 |
					 (n == 3 ? (uint16_t)ops[2].number : 0));
	}
	return r;
}

/* How libdw writes "at CFA + n": [call_frame_cfa] [plus_uconst n], or the same with a constant. */
static bool is_at_cfa(const Dwarf_Op *ops, size_t n, int64_t *ret)
{
	if (!n || ops[0].atom != DW_OP_call_frame_cfa)
		return false;
	*ret = 0;
	if (n == 2 && ops[1].atom == DW_OP_plus_uconst)
		*ret = (int64_t)ops[1].number;
	else if (n == 3 && ops[1].atom == DW_OP_consts && ops[2].atom == DW_OP_plus)
		*ret = (int64_t)ops[1].number;
	else if (n != 1)
		return false;
	return true;
}

static void set_rbp(struct unwind_rule *r, Dwarf_Frame *frame)
{
	Dwarf_Op space[3], *ops;
	int64_t at;
	size_t n;

	if (dwarf_frame_register(frame, 6, space, &ops, &n))
		return;
	r->rbp = UNWIND_RBP_LOST;
	if (!ops && !n) /* same value */
		r->rbp = UNWIND_RBP_SAME;
	else if (is_at_cfa(ops, n, &at) && at == (int16_t)at) {
		r->rbp = UNWIND_RBP_CFA;
		r->rbp_offset = (int16_t)at;
	} else if (n == 2 && ops[0].atom == DW_OP_call_frame_cfa && ops[1].atom == DW_OP_breg6) {
		/* DWARF 5, 6.4.2.3: such an expression begins with the CFA on the stack */
		r->rbp = UNWIND_RBP_RBP;
		r->rbp_offset = (int16_t)ops[1].number;
	}
}

static struct unwind_rule rule_of(Dwarf_Frame *frame, bool signal)
{
	const struct unwind_rule end = { .cfa = UNWIND_END };
	Dwarf_Op space[3], *ops;
	struct unwind_rule r;
	int64_t at;
	size_t n;

	if (signal)
		return (struct unwind_rule){ .cfa = UNWIND_SIGNAL };
	if (dwarf_frame_register(frame, 16, space, &ops, &n))
		return end;
	if (!n && ops) /* undefined: no operations, at a place */
		return (struct unwind_rule){ .cfa = UNWIND_STOP };
	if (is_at_cfa(ops, n, &at)) {
		if (at != -8)
			return end;
		at = 0;
	} else if (n == 1 && ops && ops[0].atom == DW_OP_regx && ops[0].number == 5) {
		at = UNWIND_RA_RDI;
	} else {
		return end;
	}
	if (dwarf_frame_cfa(frame, &ops, &n))
		return end;
	r = cfa_of(ops, n);
	if (r.cfa == UNWIND_END || (at && r.cfa != UNWIND_RSP))
		return end;
	if (at)
		r.cfa = UNWIND_RA_RDI;
	set_rbp(&r, frame);
	return r;
}

struct comparison {
	struct oracle_result *result;
	const struct unwind_arena *arena;
	FILE *log;
};

static void compare_at(struct comparison *c, uint64_t address, struct unwind_rule want)
{
	struct unwind_rule got = unwind_table_find(&c->result->table, c->arena, address);

	if (!memcmp(&got, &want, sizeof(got)))
		return;
	if (c->log && c->result->mismatches < 10)
		fprintf(c->log, "0x%" PRIx64 ": cfa %d %d rbp %d %d, libdw: %d %d, %d %d\n",
			address, got.cfa, got.cfa_offset, got.rbp, got.rbp_offset, want.cfa,
			want.cfa_offset, want.rbp, want.rbp_offset);
	c->result->mismatches++;
}

/* All rows of libdw in one function. */
static void compare_function(struct comparison *c, Dwarf_CFI *cfi, uint64_t start, uint64_t end)
{
	const struct unwind_table *t = &c->result->table;

	if (start < t->address || end > t->address + (uint64_t)t->index_count * UNWIND_PAGE)
		return;
	while (start < end) {
		Dwarf_Addr from, to;
		Dwarf_Frame *frame;
		struct unwind_rule want;
		bool signal;

		if (dwarf_cfi_addrframe(cfi, start, &frame))
			return;
		if (dwarf_frame_info(frame, &from, &to, &signal) < 0 || to <= start) {
			free(frame);
			return;
		}
		want = rule_of(frame, signal);
		compare_at(c, start, want);
		compare_at(c, (to < end ? to : end) - 1, want);
		c->result->rows++;
		c->result->ended += want.cfa == UNWIND_END;
		free(frame);
		start = to;
	}
}

static void compare_all(struct comparison *c, Elf *elf)
{
	Dwarf_CFI *cfi = dwarf_getcfi_elf(elf);
	const unsigned char *ident = (const unsigned char *)elf_getident(elf, NULL);
	Elf_Scn *section = NULL;
	size_t names;

	if (!cfi || elf_getshdrstrndx(elf, &names))
		return;
	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr header;
		Dwarf_CFI_Entry entry;
		Dwarf_Off at = 0, next;
		Elf_Data *data;

		if (!gelf_getshdr(section, &header) ||
		    strcmp(elf_strptr(elf, names, header.sh_name), ".eh_frame"))
			continue;
		data = elf_getdata(section, NULL);
		for (; data && !dwarf_next_cfi(ident, data, true, at, &next, &entry); at = next) {
			const uint8_t *p = entry.fde.start;
			int32_t start;
			uint32_t size;

			/* every linker writes pcrel sdata4 here; others have few rows to lose */
			if (entry.CIE_id == DW_CIE_ID_64 || entry.fde.end - p < 8)
				continue;
			memcpy(&start, p, 4);
			memcpy(&size, p + 4, 4);
			compare_function(c, cfi,
					 header.sh_addr + (uint64_t)(p - (uint8_t *)data->d_buf) +
						 (uint64_t)(int64_t)start,
					 header.sh_addr + (uint64_t)(p - (uint8_t *)data->d_buf) +
						 (uint64_t)(int64_t)start + size);
		}
	}
	dwarf_cfi_end(cfi);
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

struct oracle_result oracle_compare(const char *path, FILE *log)
{
	struct oracle_result result = { 0 };
	struct comparison c = { &result, NULL, log };
	struct memory_arena memory;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	double began = now_ms();
	Elf *elf;

	if (fd < 0 || memory_arena_init(&memory)) {
		result.error = fd < 0 ? -errno : -ENOMEM;
		return result;
	}
	c.arena = &memory.arena;
	result.error = unwind_table_build_fd(&result.table, &memory.arena, fd);
	result.build_ms = now_ms() - began;
	elf_version(EV_CURRENT);
	elf = result.error ? NULL : elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (elf)
		compare_all(&c, elf);
	elf_end(elf);
	memory_arena_release(&memory);
	close(fd);
	return result;
}
