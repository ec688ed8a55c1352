/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * palette: the colour of each thing a thread does, the same in all pictures:
 * warm on a core, yellow waiting for one, cold or grey waiting otherwise, and
 * pink for what another thread holds.
 */
#ifndef RUNWAIT_EXPORT_PALETTE_H
#define RUNWAIT_EXPORT_PALETTE_H

#include "export/flame.h"

struct color {
	uint8_t red, green, blue;
};

/* Of a wait class, FLAME_RUN or FLAME_RUNNABLE. Dark text is legible on it. */
struct color palette_kind(int kind);

/*
 * Of a frame that is made of @by_kind: the colour of its largest part, the
 * paler the less of it that is. @hash, of its name, changes it a little, so
 * that neighbours can be told apart; kernel frames are darker and bluish.
 */
struct color palette_frame(const uint64_t by_kind[FLAME_KINDS], uint64_t hash,
			   enum flame_place place);

#endif
