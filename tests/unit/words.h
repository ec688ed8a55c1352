/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * words: a line of an event script, word by word. What makes no sense fails the test.
 */
#ifndef RUNWAIT_WORDS_H
#define RUNWAIT_WORDS_H

#include <stdbool.h>
#include <stdint.h>

struct words {
	char line[512], *rest; /* its copy, in which words are cut off; what is not read yet */
	const char *whole;
};

/* "" at the line's end. */
const char *next_word(struct words *w);

bool word_is(const char *word, const char *other);

void nonsense(const struct words *w, const char *word);

/* Decimal, or hexadecimal behind 0x. */
uint64_t number(const struct words *w, const char *word);

/* The N of "cpuN". */
int cpu_number(const struct words *w, const char *word);

#endif
