/* SPDX-License-Identifier: GPL-2.0-only */
#include "export/palette.h"

static const struct color kinds[FLAME_KINDS] = {
	[CLASS_GIL] = { 0xc0, 0x8a, 0xe8 },
	[CLASS_LOCK] = { 0xf2, 0x7f, 0xa8 },
	[CLASS_SYNC] = { 0xd9, 0xb3, 0xe0 },
	[CLASS_IDLE] = { 0xe0, 0xe3, 0xe6 },
	[CLASS_SLEEP] = { 0xbf, 0xcb, 0xd9 },
	[CLASS_FILE] = { 0x9c, 0xc8, 0x6e },
	[CLASS_SOCKET] = { 0x7d, 0xb6, 0xf0 },
	[CLASS_PIPE] = { 0x69, 0xcb, 0xc0 },
	[CLASS_CHILD] = { 0xcf, 0xb0, 0x84 },
	[CLASS_FAULT] = { 0xc2, 0xc2, 0x52 },
	[CLASS_KERNEL] = { 0x98, 0xa0, 0xd8 },
	[CLASS_OTHER] = { 0xc4, 0xbd, 0xb2 },
	[FLAME_RUN] = { 0xf7, 0x96, 0x5a },
	[FLAME_RUNNABLE] = { 0xf8, 0xd6, 0x4e },
};

/* What is of many kinds, and the bluish shade of kernel code. */
static const struct color mixed = { 0xed, 0xe6, 0xda }, shade = { 0x6f, 0x7f, 0xa8 };
/* Code that runs is anything between these two: most of a picture can be. */
static const struct color run_light = { 0xfb, 0xb1, 0x62 }, run_dark = { 0xf0, 0x7e, 0x4e };
static const struct color root = { 0xd8, 0xd0, 0xc2 }, task = { 0xe2, 0xdb, 0xce };

struct color palette_kind(int kind)
{
	return kinds[kind];
}

static uint8_t blend_one(uint8_t a, uint8_t b, double share)
{
	return (uint8_t)(a + (b - a) * share + 0.5);
}

static struct color blend(struct color a, struct color b, double share)
{
	return (struct color){
		blend_one(a.red, b.red, share),
		blend_one(a.green, b.green, share),
		blend_one(a.blue, b.blue, share),
	};
}

struct color palette_frame(const uint64_t by_kind[FLAME_KINDS], uint64_t hash,
			   enum flame_place place)
{
	static const struct color white = { 0xff, 0xff, 0xff };
	double vary = (double)(hash_u64(hash) % 16) / 15;
	uint64_t total = 0;
	struct color c;
	int largest = 0;
	double pure;

	if (place == FLAME_ROOT)
		return root;
	if (place == FLAME_TASK)
		return task;
	for (int i = 0; i < FLAME_KINDS; i++) {
		total += by_kind[i];
		if (by_kind[i] > by_kind[largest])
			largest = i;
	}
	/* half of it is no colour yet, 95 % is all */
	pure = total ? ((double)by_kind[largest] / (double)total - 0.5) / 0.45 : 0;
	pure = pure < 0 ? 0 : pure > 1 ? 1 : pure;
	c = kinds[largest];
	if (place != FLAME_LEAF)
		c = largest == FLAME_RUN ? blend(run_light, run_dark, vary)
					 : blend(c, white, vary * 0.25);
	c = blend(mixed, c, pure);
	return place == FLAME_KERNEL ? blend(c, shade, 0.22) : c;
}
