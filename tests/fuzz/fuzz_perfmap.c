/* SPDX-License-Identifier: GPL-2.0-only */
/* A perf-PID.map of anyone: names come from its lines, ranges do not overlap. */
#include "fuzz.h"
#include "symbol/perfmap.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct symtab t = SYMTAB_INIT;

	if (!perfmap_parse((const char *)data, size, &t) && !symtab_finish(&t, SYMTAB_NEWEST)) {
		assert(t.names.count <= size + 1);
		for (size_t i = 0; i < t.ranges.count; i++) {
			const struct symtab_range *r = &t.ranges.at[i];
			struct symbol s;

			assert(r->start < r->end && r->whole <= r->start);
			assert(!i || r[-1].end <= r->start);
			assert(symtab_find(&t, r->end - 1, &s));
			assert(!strchr(s.name, '\n'));
		}
	}
	symtab_release(&t);
	return 0;
}
