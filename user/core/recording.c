/* SPDX-License-Identifier: GPL-2.0-only */
#include "core/recording.h"

#include <stddef.h>
#include <string.h>

const char *loss_cause_name(int cause)
{
	/* they are keys of the JSON report and the numbers stand in files: only append */
	static const char *const names[LOSS_CAUSES] = {
		[WIRE_LOSS_RING] = "ring_full",
		[WIRE_LOSS_RARE] = "rare_ring_full",
		[WIRE_LOSS_STORAGE] = "no_task_storage",
		[WIRE_LOSS_STACK] = "stack_unread",
		[WIRE_LOSS_WAKER] = "waker_unseen",
		[WIRE_LOSS_MISSED] = "probe_skipped",
		[WIRE_LOSS_POLL] = "poll_ring_full",
		[WIRE_LOSS_CODE] = "code_without_room",
	};

	return cause >= 0 && cause < LOSS_CAUSES ? names[cause] : NULL;
}

bool recording_has_probe(const struct recording *r, const char *name)
{
	for (int i = 0; i < r->probe_count; i++)
		if (!strcmp(r->probes[i], name))
			return true;
	return false;
}
