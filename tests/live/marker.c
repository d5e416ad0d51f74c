/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* marker DIRECTORY: makes it, and so tells that it runs without the filter that refuses mkdir. Without a libc, so that
 * nothing of the tests' own faults reaches it. cc -static -nostdlib; x86_64. */
static long call(long nr, const void *a, long b)
{
	long r;

	__asm__ volatile("syscall" : "=a"(r) : "a"(nr), "D"(a), "S"(b) : "rcx", "r11", "memory");
	return r;
}

enum { NR_EXIT = 60, NR_MKDIR = 83, ERRNO_OF_THE_FILTER = 77 };

__attribute__((used)) static void start(const long *stack)
{
	const char *const *argv = (const char *const *)(stack + 1);
	long r = call(NR_MKDIR, argv[1], 0755);

	call(NR_EXIT, (const void *)(long)(r == -ERRNO_OF_THE_FILTER ? 0 : 1), 0);
	for (;;)
		;
}

__asm__(".globl _start\n_start:\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall start\n");
