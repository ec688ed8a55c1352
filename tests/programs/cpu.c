/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cpu MILLISECONDS
 *
 * One thread that computes: three quarters in hot_three(), one in hot_one().
 */
#include "truth.h"

__attribute__((noinline)) static void hot_three(uint64_t ns)
{
	burn_ns(3 * ns);
	__asm__ volatile("" ::: "memory"); /* a call, not a jump: the frame is there */
}

__attribute__((noinline)) static void hot_one(uint64_t ns)
{
	burn_ns(ns);
	__asm__ volatile("" ::: "memory");
}

int main(int argc, char **argv)
{
	uint64_t quarter_ns = number(argc, argv, 1, 800) * NS_PER_MS / 4;
	struct span life;

	span_open(&life);
	span_begin(&life);
	for (int i = 0; i < 10; i++) {
		hot_three(quarter_ns / 10);
		hot_one(quarter_ns / 10);
	}
	span_end(&life);
	printf("{");
	spans_print("threads", &life, sizeof(life), 1);
	printf("}\n");
	return 0;
}
