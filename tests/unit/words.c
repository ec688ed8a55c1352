/* SPDX-License-Identifier: GPL-2.0-only */
#include "words.h"

#include "unit.h"

#include <stdlib.h>
#include <string.h>

const char *next_word(struct words *w)
{
	char *word = strtok_r(NULL, " \t", &w->rest);

	return word ? word : "";
}

bool word_is(const char *word, const char *other)
{
	return !strcmp(word, other);
}

void nonsense(const struct words *w, const char *word)
{
	fail_msg("event script: '%s' makes no sense in: %s", word, w->whole);
}

uint64_t number(const struct words *w, const char *word)
{
	char *end;
	uint64_t n = strtoull(word, &end, 0);

	if (!*word || *end)
		nonsense(w, word);
	return n;
}

int cpu_number(const struct words *w, const char *word)
{
	if (strncmp(word, "cpu", 3))
		nonsense(w, word);
	return (int)number(w, word + 3);
}
