/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * unwind: the tables by which the probes find the caller of a frame, as user
 * space lays them out in memory that both share.
 *
 * A table is made of one ELF file and serves all processes that map it. Its
 * code is divided into pages; each has an entry in the table's index that says
 * where the page's rows are. Rows are sorted, the first one stands at the
 * page's first byte, so that one page's rows are all that a look-up needs. A
 * row names one of the rules, which all tables share: a hundred files together
 * need less than two thousand.
 *
 * Index and rows lie in an arena of 32-bit words, cut into chunks so that it
 * can grow while probes read it. An index may run over the end of a chunk, the
 * rows of one page never do. Nothing is changed once a process refers to it.
 */
#ifndef RUNWAIT_UNWIND_H
#define RUNWAIT_UNWIND_H

#ifndef __bpf__
#include <linux/types.h>
#endif

enum {
	UNWIND_PAGE = 4096, /* bytes of code with an entry in the index */
	UNWIND_CHUNK_SHIFT = 16,
	UNWIND_CHUNK_WORDS = 1 << UNWIND_CHUNK_SHIFT, /* a chunk: 256 KiB */
	UNWIND_CHUNKS_MAX = 1024,
	UNWIND_RULES_MAX = 16384,
	UNWIND_MAPPINGS_MAX = 256, /* executable ones of a process that the probes know */
	UNWIND_PROCESSES_MAX = 16384,
};

/* How the canonical frame address (the caller's stack pointer) is found, and the return address. */
enum unwind_cfa {
	UNWIND_END, /* nothing is known here: try the frame pointer */
	UNWIND_STOP, /* the outermost frame: a thread's start */
	UNWIND_RSP, /* CFA = rsp + cfa_offset; the return address is at CFA - 8, as below */
	UNWIND_RBP, /* CFA = rbp + cfa_offset */
	UNWIND_DEREF_RSP, /* CFA = *(rsp + inner) + outer; see unwind_inner() */
	UNWIND_DEREF_RBP, /* CFA = *(rbp + inner) + outer */
	UNWIND_PLT, /* CFA = rsp + 8, and 8 more from byte cfa_offset of each 16 on */
	UNWIND_SIGNAL, /* all registers are in the frame that the kernel made at rsp */
	UNWIND_RA_RDI, /* CFA = rsp + cfa_offset; the return address is in rdi (vfork) */
	UNWIND_REGISTER, /* CFA = the register at inner of struct pt_regs + outer */
	UNWIND_CFA_COUNT,
};

/* Where the caller's rbp is. */
enum unwind_rbp {
	UNWIND_RBP_SAME, /* in rbp */
	UNWIND_RBP_CFA, /* at CFA + rbp_offset */
	UNWIND_RBP_RBP, /* at rbp + rbp_offset */
	UNWIND_RBP_LOST,
	UNWIND_RBP_COUNT,
};

struct unwind_rule {
	__u8 cfa; /* enum unwind_cfa */
	__u8 rbp; /* enum unwind_rbp */
	__s16 rbp_offset;
	__s32 cfa_offset;
};

/* The two numbers of a rule whose CFA is not rsp or rbp and an offset share its field. */
static inline __s32 unwind_inner(__s32 cfa_offset)
{
	return cfa_offset >> 16;
}

static inline __s32 unwind_outer(__s32 cfa_offset)
{
	return (__s16)cfa_offset;
}

/*
 * Other registers than rsp and rbp are not followed from frame to frame. Compilers
 * make one the CFA before a function's first call only (gcc's r10, to realign the
 * stack), hand-written code (libcrypto's) where it calls nothing, or what leaves it
 * alone: one call away from where the thread stands it is still what it was. Those
 * at the beginning of struct pt_regs (r15 to rbx) belong to callers, and are known
 * only where the thread stands itself.
 */
enum { UNWIND_REGISTER_OWN = 48, UNWIND_REGISTERS_SIZE = 120 };

/* A row: the first byte of its page that it is about, and the number of its rule. */
enum { UNWIND_ROW_RULE_SHIFT = 16, UNWIND_ROW_BYTE = 0xffff };

/* An entry of an index: two words. */
struct unwind_page {
	__u32 rows; /* where they begin, in words of the arena */
	__u32 count; /* 0: no code that is known */
};

/* Executable memory of a process. */
struct unwind_mapping {
	__u64 start;
	__u32 pages; /* it is so long */
	__s32 shift; /* number of its first page in the table's index */
	__u32 index; /* where the index begins, in words of the arena; see UNWIND_UNTOLD */
	__u32 index_count; /* entries; 0: there is no table, or not yet */
};

/* unwind_mapping.index, without entries: its code may have a table, which is not made yet. */
enum { UNWIND_UNTOLD = 1 };

struct unwind_process {
	__u32 count;
	__u32 generation; /* another one whenever anything here is; 0: do not rely on it */
	struct unwind_mapping mappings[UNWIND_MAPPINGS_MAX]; /* by start, disjoint */
};

#endif
