/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sameplace MILLISECONDS
 *
 * Stacks that look alike where one looks first: the same leaf at the same stack
 * pointer, and another caller far above. Between them the code around changes:
 * libraries come and go, a page of code is mapped again at the same address,
 * longjmp leaves frames behind, recursions of all depths pass over them.
 *
 * left_ns, right_ns: how long it slept below left() and below right().
 */
#include "truth.h"

#include <dlfcn.h>
#include <setjmp.h>

enum { DEPTH = 15, DEEPEST = 60 };

static volatile int sink;
static jmp_buf back;
static uint32_t seed = 1;

static uint32_t dice(uint32_t sides)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 16) % sides;
}

__attribute__((noinline)) static void nap(void)
{
	sleep_ns(100000);
	sink++;
}

__attribute__((noinline)) static void down(int depth)
{
	if (depth)
		down(depth - 1);
	else
		nap();
	sink++;
}

/* The two have frames of one size, so that all below them stands at one place. */
__attribute__((noinline)) static void left(void)
{
	down(DEPTH);
	sink += 2;
}

__attribute__((noinline)) static void right(void)
{
	down(DEPTH);
	sink += 3;
}

__attribute__((noinline)) static void leave(int depth)
{
	if (depth)
		leave(depth - 1);
	nap();
	if (!depth)
		longjmp(back, 1);
}

__attribute__((noinline)) static void jump(void)
{
	if (!setjmp(back))
		leave((int)dice(8));
}

static void open_library(void)
{
	static const char *const names[] = { "libz.so.1", "libm.so.6", "libelf.so.1" };
	void *library = dlopen(names[dice(ARRAY_SIZE(names))], RTLD_NOW);

	nap();
	if (library)
		dlclose(library);
}

/* A page without tables that calls back, always at the same address. */
static void run_page(void)
{
#if defined(__x86_64__)
	static const unsigned char code[] = {
		0x55, /* push %rbp */
		0x48, 0x89, 0xe5, /* mov %rsp, %rbp */
		0xff, 0xd7, /* call *%rdi */
		0x5d, 0xc3, /* pop %rbp; ret */
	};
	static void *address;
	void *page = mmap(address, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			  0);
	void (*call)(void (*)(void));

	if (page == MAP_FAILED)
		die("mmap");
	address = page;
	memcpy(page, code, sizeof(code));
	if (mprotect(page, 4096, PROT_READ | PROT_EXEC))
		die("mprotect");
	memcpy(&call, &page, sizeof(call));
	call(nap);
	munmap(page, 4096);
#endif
}

int main(int argc, char **argv)
{
	uint64_t end = now_ns() + number(argc, argv, 1, 1000) * NS_PER_MS;
	uint64_t slept[2] = { 0 }, began;

	exact_timers();
	for (uint32_t i = 0; now_ns() < end; i++) {
		/* more often right than left, in no order */
		uint32_t which = dice(3) > 0;

		began = now_ns();
		if (which)
			right();
		else
			left();
		slept[which] += now_ns() - began;
		if (i % 16 == 0)
			down((int)dice(DEEPEST));
		else if (i % 16 == 4)
			jump();
		else if (i % 64 == 8)
			open_library();
		else if (i % 64 == 12)
			run_page();
	}
	printf("{\"left_ns\": %" PRIu64 ", \"right_ns\": %" PRIu64 "}\n", slept[0], slept[1]);
	return 0;
}
