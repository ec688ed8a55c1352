/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * svg_layout: where the frames of a tree lie in a picture, and which of them.
 *
 * Row by row from the root; children beside each other below their parent,
 * the widest first. Children that are too narrow to see are the last ones, so
 * they are one box together.
 */
#ifndef RUNWAIT_EXPORT_SVG_LAYOUT_H
#define RUNWAIT_EXPORT_SVG_LAYOUT_H

#include "export/flame.h"

struct svg_box {
	uint32_t node; /* FLAME_NONE: several that are too narrow */
	uint32_t count; /* of those */
	uint32_t rest; /* the box of its children that are too narrow; FLAME_NONE */
	uint32_t depth;
	double x, width; /* of the whole picture's 1 */
	uint64_t value;
	uint64_t by_kind[FLAME_KINDS]; /* of value */
};

struct svg_layout {
	VEC(struct svg_box) boxes; /* by depth, then x */
	uint32_t rows;
	size_t hidden; /* frames without a box of their own */
	uint64_t by_kind[FLAME_KINDS]; /* of all */
};

/*
 * @narrowest: the least width of a box, of the picture's 1. Wider ones are
 * left out, too, when the boxes take more than @size_max bytes by the estimate
 * of @size_of. 0 or -ENOMEM.
 */
int svg_layout(const struct flame *f, double narrowest, size_t size_max,
	       size_t (*size_of)(const struct flame *f, uint32_t node), struct svg_layout *ret);
void svg_layout_release(struct svg_layout *l);

#endif
