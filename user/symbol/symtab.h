/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * symtab: ranges of addresses and what they are called.
 *
 *	symtab_add(&t, …); symtab_add(&t, …);
 *	symtab_finish(&t, SYMTAB_INNERMOST);
 *	if (symtab_find(&t, address, &symbol)) …
 *
 * Ranges may overlap as they come; finish() cuts them into disjoint pieces, so
 * that a look-up is one binary search whatever the table was made of. An
 * address that no range covers has no name: there is no "nearest symbol".
 */
#ifndef RUNWAIT_SYMBOL_SYMTAB_H
#define RUNWAIT_SYMBOL_SYMTAB_H

#include "base/alloc.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct symtab {
	VEC(struct symtab_item {
		uint64_t start, end; /* open: end is the last it could be */
		uint32_t name; /* offset in names */
		uint32_t rank; /* after finish: who wins an overlap */
		bool open;
	}) items; /* until finish */
	VEC(struct symtab_range {
		uint64_t start, end; /* what look-ups find */
		uint64_t whole; /* where the symbol itself begins */
		uint32_t name;
	}) ranges; /* after it: sorted, disjoint */
	VEC(char) names; /* one behind the other, each with a NUL */
};

#define SYMTAB_INIT { 0 }

struct symbol {
	uint64_t start; /* of the symbol; not above the address looked for */
	const char *name; /* lives as long as the table is not changed */
};

/* Who wins where ranges overlap. */
enum symtab_order {
	/* the one that starts last, then the shortest, then the highest rank,
	 * then the shortest name, then the first in the alphabet */
	SYMTAB_INNERMOST,
	SYMTAB_NEWEST, /* the one that was added last */
};

void symtab_release(struct symtab *t);

/* [start, end) is called @name; empty ranges are ignored. 0 or -ENOMEM. */
int symtab_add(struct symtab *t, uint64_t start, uint64_t end, const char *name, size_t len,
	       uint32_t rank);

/*
 * A symbol without a size: reaches to the next symbol's start, at most to
 * @limit, and loses to every symbol with a size. If such a one covers its
 * start, it is a label in there and dropped. 0 or -ENOMEM.
 */
int symtab_add_open(struct symtab *t, uint64_t start, uint64_t limit, const char *name,
		    size_t len, uint32_t rank);

/* Makes the table ready for look-ups; nothing can be added after. 0 or -ENOMEM. */
int symtab_finish(struct symtab *t, enum symtab_order order);

bool symtab_find(const struct symtab *t, uint64_t address, struct symbol *ret);

#endif
