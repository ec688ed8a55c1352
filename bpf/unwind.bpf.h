/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * unwind: the frames of the current thread's user stack, from the tables that
 * user space makes of .eh_frame (include/unwind.h), and by frame pointer where
 * there is none.
 *
 * The stack is read in pieces, from the stack pointer to the end of its page,
 * and followed in the copy: a read of 4 KiB costs twice one of 8 bytes.
 *
 * Each step is a global function and so is what it calls: the verifier checks
 * each of them once, however often the loop runs. With the search inlined into
 * the step it would look at more than a million instructions.
 */
#ifndef RUNWAIT_BPF_UNWIND_H
#define RUNWAIT_BPF_UNWIND_H

#include "ring.bpf.h"
#include "unwind.h"

enum {
	UNWIND_WINDOW_WORDS = 1024, /* a page and UNWIND_WINDOW_LEAST, up to a power of two */
	UNWIND_WINDOW_LEAST = 512, /* when less is left of a page, the next one is read, too */
	UNWIND_SEARCH_MAPPINGS = 9, /* steps that halve UNWIND_MAPPINGS_MAX */
	UNWIND_SEARCH_ROWS = 13, /* … and the rows of a page */
	UNWIND_MEMORY_WORDS = 96, /* that a stack is made of, to be remembered */
	UNWIND_MEMORIES = 128, /* stacks that a CPU remembers: 128 KiB */
	USER_ADDRESS_MIN = 4096,
};

struct stack_record {
	struct wire_stack s;
	u64 frames[WIRE_STACK_DEPTH_MAX];
};

/* What is known of the frame that is looked at. */
struct unwind_state {
	u64 ip, sp, fp;
	u64 di; /* only where `live` */
	u64 registers; /* all of the thread's: a struct pt_regs; 0 behind the frame of a signal */
	u64 hash; /* of the frames so far */
	u32 count;
	u32 mapping; /* where the last address was */
	u8 live; /* all registers are those of this frame, and ip is exact */
	u8 by_pointer; /* it was found by frame pointer */
	u8 flags; /* of the record */
	u8 same; /* it is the stack that was remembered */
	u8 untold; /* frames so far were in code of which user space has not yet told */
	u64 start, size; /* the piece of the stack that was read */
	u64 words[UNWIND_WINDOW_WORDS];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct unwind_state);
} unwind_states SEC(".maps");

/*
 * A stack, with all that it was made of: where each step goes depends on nothing
 * but the registers, the words read from the stack so far, and the process's
 * mappings and tables, which are not changed but replaced by others of another
 * generation. So when registers, generation and these words are the same again,
 * so is the stack: by induction over the steps, each reads the same word at the
 * same place as it did then. What rests on anything else (rdi, a read that
 * failed or lies beyond the first piece of the stack, other registers) is not remembered.
 */
struct unwind_memory {
	u32 thread; /* 0: nothing is remembered */
	u32 generation; /* of the process's mappings */
	u64 ip, sp, fp;
	u64 hash;
	u32 count; /* frames */
	u32 words; /* read; more than UNWIND_MEMORY_WORDS: not remembered */
	u32 last; /* the highest slot */
	u32 pad;
	u16 slots[UNWIND_MEMORY_WORDS]; /* where, in words from sp on */
	u64 values[UNWIND_MEMORY_WORDS];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, UNWIND_MEMORIES);
	__type(key, u32);
	__type(value, struct unwind_memory);
} unwind_memories SEC(".maps");

/* Processes without an entry are not recorded, or cannot be: there were too many. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, UNWIND_PROCESSES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u32);
	__type(value, struct unwind_process);
} unwind_processes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, UNWIND_RULES_MAX);
	__type(key, u32);
	__type(value, struct unwind_rule);
} unwind_rules SEC(".maps");

/* One value, not many: the elements of an array are rounded up to 8 bytes. */
struct unwind_chunk {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(u32));
	__uint(value_size, UNWIND_CHUNK_WORDS * sizeof(u32));
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, UNWIND_CHUNKS_MAX);
	__uint(key_size, sizeof(u32));
	__array(values, struct unwind_chunk);
} unwind_chunks SEC(".maps");

static __always_inline u64 hash_step(u64 hash, u64 word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15ull;
	return hash ^ (hash >> 32);
}

/* --- look-ups --------------------------------------------------------------- */

static __always_inline bool mapping_has(const struct unwind_mapping *m, u64 pc)
{
	return pc - m->start < (u64)m->pages * UNWIND_PAGE;
}

/* The index of the mapping that has @pc, or UNWIND_MAPPINGS_MAX. */
__noinline u32 unwind_mapping_find(struct unwind_process *p, u64 pc)
{
	u32 low = 0, high;

	if (!p || !p->count)
		return UNWIND_MAPPINGS_MAX;
	high = p->count;
	for (int i = 0; i < UNWIND_SEARCH_MAPPINGS && high - low > 1; i++) {
		u32 middle = (low + high) / 2;

		if (middle >= UNWIND_MAPPINGS_MAX)
			return UNWIND_MAPPINGS_MAX;
		if (p->mappings[middle].start <= pc)
			low = middle;
		else
			high = middle;
	}
	if (low >= UNWIND_MAPPINGS_MAX || !mapping_has(&p->mappings[low], pc))
		return UNWIND_MAPPINGS_MAX;
	return low;
}

static __always_inline u32 *arena_words(u32 at)
{
	u32 chunk = at >> UNWIND_CHUNK_SHIFT, zero = 0;
	void *map = bpf_map_lookup_elem(&unwind_chunks, &chunk);

	return map ? bpf_map_lookup_elem(map, &zero) : NULL;
}

/* The number of the rule for a byte of the page whose index entry is at @entry. */
__noinline u32 unwind_rule_find(u32 entry, u32 byte)
{
	u32 *words = arena_words(entry), rows, low = 0, high;

	if (!words)
		return 0;
	entry &= UNWIND_CHUNK_WORDS - 2;
	rows = words[entry];
	high = words[entry + 1];
	if (!high)
		return 0;
	words = arena_words(rows);
	if (!words)
		return 0;
	for (int i = 0; i < UNWIND_SEARCH_ROWS && high - low > 1; i++) {
		u32 middle = (low + high) / 2;

		if ((words[(rows + middle) & (UNWIND_CHUNK_WORDS - 1)] & UNWIND_ROW_BYTE) <= byte)
			low = middle;
		else
			high = middle;
	}
	return words[(rows + low) & (UNWIND_CHUNK_WORDS - 1)] >> UNWIND_ROW_RULE_SHIFT;
}

/*
 * The rule for the frame, NULL when there is none. Whether its code has a table may
 * not be known yet: then the frame pointer may lead anywhere, over frames too.
 */
static __always_inline struct unwind_rule *rule_of(struct unwind_state *u,
						   struct unwind_process *p)
{
	/* a return address may be the first byte of the next function */
	u64 pc = u->live ? u->ip : u->ip - 1;
	struct unwind_mapping *m;
	u32 page, number;

	if (!p) {
		u->untold = 1;
		return NULL;
	}
	if (u->mapping >= UNWIND_MAPPINGS_MAX || !mapping_has(&p->mappings[u->mapping], pc))
		u->mapping = unwind_mapping_find(p, pc);
	if (u->mapping >= UNWIND_MAPPINGS_MAX) {
		u->untold = 1;
		return NULL;
	}
	m = &p->mappings[u->mapping];
	if (!m->index_count && m->index == UNWIND_UNTOLD)
		u->untold = 1;
	page = (u32)((pc - m->start) / UNWIND_PAGE) + (u32)m->shift;
	if (page >= m->index_count)
		return NULL;
	number = unwind_rule_find(m->index + 2 * page, pc & (UNWIND_PAGE - 1));
	return number ? bpf_map_lookup_elem(&unwind_rules, &number) : NULL;
}

/* --- the stack -------------------------------------------------------------- */

/* Reading beyond the stack's end fails as a whole, so each piece ends with a page. */
__noinline int unwind_window_fill(struct unwind_state *u, u64 address)
{
	u64 size = UNWIND_PAGE - (address & (UNWIND_PAGE - 1));

	if (!u)
		return 0;
	u->start = address;
	u->size = 0;
	if (size < UNWIND_WINDOW_LEAST &&
	    !bpf_probe_read_user(u->words, size + UNWIND_PAGE, (void *)address)) {
		u->size = size + UNWIND_PAGE;
		return 0;
	}
	if (size <= UNWIND_PAGE && !bpf_probe_read_user(u->words, size, (void *)address))
		u->size = size;
	return 0;
}

static __always_inline bool stack_read(struct unwind_state *u, struct unwind_memory *m,
				       u64 address, u64 *ret)
{
	u64 at = address - u->start;
	u32 slot, n;

	if (address & 7) {
		m->words = UNWIND_MEMORY_WORDS + 1;
		return !bpf_probe_read_user(ret, sizeof(*ret), (void *)address);
	}
	if (at >= u->size) {
		m->words = UNWIND_MEMORY_WORDS + 1;
		unwind_window_fill(u, address);
		at = 0;
		if (!u->size)
			return false;
	}
	slot = (at / 8) & (UNWIND_WINDOW_WORDS - 1);
	*ret = u->words[slot];
	n = m->words;
	if (n < UNWIND_MEMORY_WORDS) {
		m->slots[n] = slot;
		m->values[n] = *ret;
		m->words = n + 1;
		m->last = slot > m->last ? slot : m->last;
	} else {
		m->words = UNWIND_MEMORY_WORDS + 1;
	}
	return true;
}

/* Whether what is remembered is about a thread that stands just here. */
static __always_inline bool memory_fits(const struct unwind_state *u,
					const struct unwind_memory *m,
					const struct unwind_process *p, u32 thread)
{
	return m->thread == thread && m->ip == u->ip && m->sp == u->sp && m->fp == u->fp && p &&
	       p->generation && m->generation == p->generation;
}

/* Whether the words that it was made of still stand there. Not 0: they do. */
__noinline int unwind_is_same(struct unwind_state *u, struct unwind_memory *m)
{
	if (!u || !m || (u64)m->last * 8 >= u->size)
		return 0;
	for (u32 i = 0; i < UNWIND_MEMORY_WORDS; i++) {
		if (i >= m->words)
			break;
		if (u->words[m->slots[i] & (UNWIND_WINDOW_WORDS - 1)] != m->values[i])
			return 0;
	}
	return 1;
}

/* --- steps ------------------------------------------------------------------- */

enum { STEP_ON = 0, STEP_END = 1 };

static __always_inline int step_root(struct unwind_state *u)
{
	if (!u->untold)
		u->flags |= WIRE_STACK_COMPLETE;
	return STEP_END;
}

/* The frame pointer leads to the caller's, and behind that to the return address. */
static __always_inline int step_by_pointer(struct unwind_state *u, struct unwind_memory *m,
					   struct unwind_process *p)
{
	u64 fp, ip;

	/*
	 * No chain says that it is whole: a thread begins with 0 in rbp, and code that keeps
	 * no frame pointer leaves it there for whatever it calls. What has no table is told
	 * by its names to be the first function (Go's: core/stacks.c), or not at all.
	 */
	if (!u->fp || u->fp & 7 || !stack_read(u, m, u->fp, &fp) ||
	    !stack_read(u, m, u->fp + 8, &ip))
		return STEP_END;
	if (ip < USER_ADDRESS_MIN)
		return STEP_END;
	/*
	 * rbp may be anything here. Runtimes that switch stacks (Go) may go
	 * down with it, so what tells is whether it leads to code.
	 */
	if (p && p->count) {
		u->mapping = unwind_mapping_find(p, ip - 1);
		if (u->mapping >= UNWIND_MAPPINGS_MAX)
			return STEP_END;
	} else if (u->fp < u->sp) {
		return STEP_END;
	}
	u->sp = u->fp + 16;
	u->fp = fp;
	u->ip = ip;
	u->live = 0;
	u->by_pointer = 1;
	return STEP_ON;
}

/*
 * Whether a handler of signals returns to here, in code without a table (Go's): it asks for
 * rt_sigreturn, and begins there, for nobody calls it. symbol/module.c names it the same way.
 * The code is read for one return address in sixteen.
 */
static __always_inline bool is_sigreturn(const struct unwind_state *u)
{
	/* mov $15, %rax or %eax; syscall: the first eight bytes, or all seven */
	static const u64 by_rax = 0x0f0000000fc0c748, by_eax = 0x050f0000000fb8;
	u64 code;

	if (u->live || u->ip & 15 || bpf_probe_read_user(&code, sizeof(code), (void *)u->ip))
		return false;
	return code == by_rax || (code & 0xffffffffffffff) == by_eax;
}

/* The frame of a signal: struct rt_sigframe begins with struct ucontext at rsp. */
static __always_inline int step_signal(struct unwind_state *u, struct unwind_memory *m)
{
	u64 registers = u->sp + 40; /* uc_mcontext: r8-r15, di, si, bp, bx, dx, ax, cx, sp, ip */
	u64 ip, sp, fp, di;

	if (!stack_read(u, m, registers + 8 * 8, &di) ||
	    !stack_read(u, m, registers + 10 * 8, &fp) ||
	    !stack_read(u, m, registers + 15 * 8, &sp) ||
	    !stack_read(u, m, registers + 16 * 8, &ip))
		return STEP_END;
	u->ip = ip;
	u->sp = sp;
	u->fp = fp;
	u->di = di;
	u->registers = 0;
	u->live = 1;
	u->by_pointer = 0;
	return STEP_ON;
}

/* Whether the register at @place of struct pt_regs has this frame's value; see include/unwind.h. */
static __always_inline bool register_is_known(const struct unwind_state *u, u32 place)
{
	if (!u->registers || u->by_pointer || place >= UNWIND_REGISTERS_SIZE)
		return false;
	return u->live || (u->count == 2 && place >= UNWIND_REGISTER_OWN);
}

/* The canonical frame address, 0 when it cannot be told. */
static __always_inline u64 frame_address(struct unwind_state *u, struct unwind_memory *m,
					 const struct unwind_rule *rule)
{
	s64 offset = rule->cfa_offset;
	u64 cfa = 0;

	switch (rule->cfa) {
	case UNWIND_RSP:
	case UNWIND_RA_RDI:
		return u->sp + offset;
	case UNWIND_RBP:
		return u->fp + offset;
	case UNWIND_PLT:
		return u->sp + 8 + ((u->ip & 15) >= (u64)offset ? 8 : 0);
	case UNWIND_DEREF_RSP:
	case UNWIND_DEREF_RBP:
		cfa = rule->cfa == UNWIND_DEREF_RSP ? u->sp : u->fp;
		if (!stack_read(u, m, cfa + unwind_inner(offset), &cfa))
			return 0;
		return cfa + unwind_outer(offset);
	case UNWIND_REGISTER:
		m->words = UNWIND_MEMORY_WORDS + 1; /* they are not remembered */
		if (bpf_probe_read_kernel(&cfa, sizeof(cfa),
					  (void *)(u->registers + (u32)unwind_inner(offset))))
			return 0;
		return cfa + unwind_outer(offset);
	}
	return 0;
}

static __always_inline int step_by_rule(struct unwind_state *u, struct unwind_memory *m,
					const struct unwind_rule *rule)
{
	u64 cfa = frame_address(u, m, rule), ip = u->di, fp = u->fp;

	/*
	 * Stacks grow down: callers are above. But of a function that changes stacks
	 * (__morestack of -fsplit-stack) the frame pointer leads to the other one, and
	 * where all callees had their rules, it can be trusted.
	 */
	if (!cfa || (cfa < u->sp && (rule->cfa != UNWIND_RBP || u->by_pointer)))
		return STEP_END;
	if (rule->cfa == UNWIND_RA_RDI)
		m->words = UNWIND_MEMORY_WORDS + 1; /* rdi is not remembered */
	if (rule->cfa == UNWIND_RA_RDI ? !u->live : !stack_read(u, m, cfa - 8, &ip))
		return STEP_END;
	if (rule->rbp == UNWIND_RBP_CFA || rule->rbp == UNWIND_RBP_RBP) {
		u64 at = (rule->rbp == UNWIND_RBP_CFA ? cfa : fp) + rule->rbp_offset;

		if (!stack_read(u, m, at, &fp))
			return STEP_END;
	} else if (rule->rbp == UNWIND_RBP_LOST) {
		fp = 1; /* leads nowhere, and is no end either */
	}
	if (!ip)
		return step_root(u);
	if (ip < USER_ADDRESS_MIN)
		return STEP_END;
	u->ip = ip;
	u->sp = cfa;
	u->fp = fp;
	u->live = 0;
	u->by_pointer = 0;
	return STEP_ON;
}

/* Goes to the caller and writes its address down. Not 0: there is none. */
__noinline int unwind_step(struct unwind_state *u, struct unwind_memory *m,
			   struct stack_record *rec, struct unwind_process *p)
{
	struct unwind_rule *rule;
	u32 n;
	int end;

	if (!u || !m || !rec)
		return STEP_END;
	rule = rule_of(u, p);
	if (rule && rule->cfa == UNWIND_STOP)
		return step_root(u);
	if (rule && rule->cfa == UNWIND_REGISTER &&
	    !register_is_known(u, (u32)unwind_inner(rule->cfa_offset)))
		rule = NULL;
	n = u->count;
	if (n >= WIRE_STACK_DEPTH_MAX) {
		u->flags |= WIRE_STACK_TRUNCATED;
		return STEP_END;
	}
	if (rule ? rule->cfa == UNWIND_SIGNAL : is_sigreturn(u))
		end = step_signal(u, m);
	else if (!rule)
		end = step_by_pointer(u, m, p);
	else
		end = step_by_rule(u, m, rule);
	if (end)
		return end;
	rec->frames[n] = u->ip;
	u->hash = hash_step(u->hash, u->ip);
	u->count = n + 1;
	return STEP_ON;
}

static __always_inline void memory_begin(struct unwind_state *u, struct unwind_memory *m,
					 const struct unwind_process *p)
{
	m->thread = 0;
	m->generation = p ? p->generation : 0;
	m->ip = u->ip;
	m->sp = u->sp;
	m->fp = u->fp;
	m->words = 0;
	m->last = 0;
}

/*
 * All frames from the registers in @u on; how many is u->count. @p: where code
 * is, or NULL. Not 0: they are those that @m remembers, and @rec has none.
 */
__noinline int unwind_stack(struct unwind_state *u, struct unwind_memory *m,
			    struct stack_record *rec, struct unwind_process *p, u32 thread)
{
	if (!u || !m || !rec)
		return 0;
	unwind_window_fill(u, u->sp & ~7ull);
	u->same = memory_fits(u, m, p, thread) && unwind_is_same(u, m);
	if (u->same && !config.check_stacks)
		return 1;
	memory_begin(u, m, p);
	rec->frames[0] = u->ip;
	u->hash = hash_step(0, u->ip);
	u->count = 1;
	u->mapping = UNWIND_MAPPINGS_MAX;
	u->live = 1;
	u->by_pointer = 0;
	u->untold = 0;
	u->flags = 0;
	for (int i = 0; i < WIRE_STACK_DEPTH_MAX; i++)
		if (unwind_step(u, m, rec, p))
			break;
	/* an entry that was replaced meanwhile is no one's any more */
	if (m->words <= UNWIND_MEMORY_WORDS && p && m->generation &&
	    *(volatile u32 *)&p->generation == m->generation)
		m->thread = thread;
	return 0;
}

/* --- the life of processes ----------------------------------------------------- */

/* The child has what the parent has, from its first instruction on. */
static __always_inline void unwind_fork(u32 parent_tgid, u32 tgid)
{
	struct unwind_process *p = bpf_map_lookup_elem(&unwind_processes, &parent_tgid);

	if (p)
		bpf_map_update_elem(&unwind_processes, &tgid, p, BPF_ANY);
}

/* Nothing is known of the new program; the entry stays, so that user space may fill it. */
static __always_inline void unwind_exec(u32 tgid)
{
	struct unwind_process *p = bpf_map_lookup_elem(&unwind_processes, &tgid);

	if (!p)
		return;
	p->generation = 0;
	p->count = 0;
}

#endif
