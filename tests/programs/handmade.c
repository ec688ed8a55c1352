/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * handmade MILLISECONDS: burns CPU in frames as hand-written cryptography makes
 * them: the stack pointer is kept in r9, or in rax across a call that leaves it
 * alone, and the unwind tables say so.
 */
#include "truth.h"

#ifdef __x86_64__
/* for (; count; count--) with the caller's stack in r9 and another in use */
long spin_by_r9(long count);
/* calls spin_inner, which knows of no table but keeps rax, as its caller's frame wants */
long spin_by_rax(long count);

__asm__(".text\n"
	".globl spin_by_r9\n"
	".type spin_by_r9, @function\n"
	"spin_by_r9:\n"
	".cfi_startproc\n"
	"	mov %rsp, %r9\n"
	".cfi_def_cfa_register %r9\n"
	"	sub $0x1234, %rsp\n"
	"	and $-64, %rsp\n"
	"1:	dec %rdi\n"
	"	jnz 1b\n"
	"	mov %r9, %rsp\n"
	".cfi_def_cfa_register %rsp\n"
	"	ret\n"
	".cfi_endproc\n"
	".size spin_by_r9, .-spin_by_r9\n"
	".type spin_inner, @function\n"
	"spin_inner:\n"
	".cfi_startproc\n"
	"1:	dec %rdi\n"
	"	jnz 1b\n"
	"	ret\n"
	".cfi_endproc\n"
	".size spin_inner, .-spin_inner\n"
	".globl spin_by_rax\n"
	".type spin_by_rax, @function\n"
	"spin_by_rax:\n"
	".cfi_startproc\n"
	"	mov %rsp, %rax\n"
	".cfi_def_cfa_register %rax\n"
	"	push %rbp\n"
	".cfi_offset %rbp, -16\n"
	"	mov $77, %ebp\n"
	"	sub $0x2000, %rsp\n"
	"	and $-64, %rsp\n"
	"	call spin_inner\n"
	"	mov -8(%rax), %rbp\n"
	".cfi_restore %rbp\n"
	"	mov %rax, %rsp\n"
	".cfi_def_cfa_register %rsp\n"
	"	ret\n"
	".cfi_endproc\n"
	".size spin_by_rax, .-spin_by_rax\n");
#else
static long spin_by_r9(long count)
{
	skip("the assembly is for x86-64");
	return count;
}

static long spin_by_rax(long count)
{
	return count;
}
#endif

static __attribute__((noinline)) long encrypt(uint64_t end)
{
	long sum = 0;

	while (now_ns() < end) {
		sum += spin_by_r9(1000000);
		sum += spin_by_rax(1000000);
	}
	return sum;
}

int main(int argc, char **argv)
{
	long sum = encrypt(now_ns() + number(argc, argv, 1, 1000) * NS_PER_MS);

	printf("{\"sum\": %ld}\n", sum);
	return 0;
}
