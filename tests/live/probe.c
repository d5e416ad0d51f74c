/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Makes the system calls whose numbers are its arguments, all their arguments 0, or "NUMBER:A0", and prints "NUMBER
 * RESULT" for each. No library: built with -m32 it calls through int 0x80, with -m64 through syscall.
 */
static long call(long nr, long a0)
{
	long result;

#if defined(__x86_64__)
	register long r10 __asm__("r10") = 0;
	register long r8 __asm__("r8") = 0;
	register long r9 __asm__("r9") = 0;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(nr), "D"(a0), "S"(0L), "d"(0L), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
#else
	__asm__ volatile("int $0x80" : "=a"(result) : "a"(nr), "b"(a0), "c"(0), "d"(0), "S"(0), "D"(0) : "memory");
#endif
	return result;
}

static void print(const char *text, unsigned long size)
{
	long result;

#if defined(__x86_64__)
	__asm__ volatile("syscall" : "=a"(result) : "a"(1L), "D"(1L), "S"(text), "d"(size) : "rcx", "r11", "memory");
#else
	__asm__ volatile("int $0x80" : "=a"(result) : "a"(4), "b"(1), "c"(text), "d"(size) : "memory");
#endif
	(void)result;
}

static void print_number(long value, char end)
{
	unsigned long rest = value < 0 ? 0ul - (unsigned long)value : (unsigned long)value;
	char text[24];
	int at = sizeof(text);

	text[--at] = end;
	do
		text[--at] = (char)('0' + rest % 10);
	while (rest /= 10);
	if (value < 0)
		text[--at] = '-';
	print(text + at, sizeof(text) - (unsigned long)at);
}

static long take_number(const char **text)
{
	unsigned long value = 0;

	while (**text >= '0' && **text <= '9')
		value = value * 10 + (unsigned long)(*(*text)++ - '0');
	return (long)value;
}

__attribute__((used)) void run(long *stack);
void run(long *stack)
{
	char **argv = (char **)(stack + 1);

	for (long i = 1; i < stack[0]; i++) {
		const char *at = argv[i];
		long nr = take_number(&at), a0 = 0;

		if (*at == ':') {
			at++;
			a0 = take_number(&at);
		}
		print_number(nr, ' ');
		print_number(call(nr, a0), '\n');
	}
#if defined(__x86_64__)
	call(231, 0);
#else
	call(252, 0);
#endif
}

#if defined(__x86_64__)
__asm__(".globl _start\n_start:\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall run\n");
#else
__asm__(".globl _start\n_start:\n\tmov %esp, %eax\n\tand $-16, %esp\n\tsub $12, %esp\n\tpush %eax\n\tcall run\n");
#endif
