/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * manymaps MAPPINGS NAPS: makes so many executable mappings that do not touch,
 * as a JIT compiler does, and naps below code in them, one after the other.
 */
#include "truth.h"

enum { PAGE = 4096 };

static volatile int sink;

__attribute__((noinline)) static void nap(void)
{
	sleep_ns(100000);
	sink++;
}

int main(int argc, char **argv)
{
#if defined(__x86_64__)
	static const unsigned char code[] = {
		/* push %rbp; mov %rsp, %rbp; mov %rdi, %rax; mov %rsi, %rdi; call *%rax */
		0x55, 0x48, 0x89, 0xe5, 0x48, 0x89, 0xf8, 0x48, 0x89, 0xf7, 0xff, 0xd0,
		0x5d, 0xc3, /* pop %rbp; ret */
	};
	uint64_t mappings = number(argc, argv, 1, 1000), naps = number(argc, argv, 2, 1000);
	char *memory = mmap(NULL, 2 * mappings * PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void (*outer)(char *, void (*)(void));

	if (memory == MAP_FAILED)
		die("mmap");
	for (uint64_t i = 0; i < mappings; i++) {
		memcpy(memory + 2 * i * PAGE, code, sizeof(code));
		if (mprotect(memory + 2 * i * PAGE, PAGE, PROT_READ | PROT_EXEC))
			die("mprotect");
	}
	for (uint64_t i = 0; i < naps; i++) {
		char *at = memory + 2 * (i * 37 % mappings) * PAGE;
		char *next = memory + 2 * (i * 41 % mappings) * PAGE;

		/* the one calls the other, which calls nap with what is left in rsi */
		memcpy(&outer, &at, sizeof(outer));
		outer(next, nap);
	}
	printf("{\"naps\": %" PRIu64 "}\n", naps);
	return 0;
#else
	(void)argc;
	(void)argv;
	(void)nap;
	errno = ENOTSUP;
	skip("written for another machine");
#endif
}
