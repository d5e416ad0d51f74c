/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Makes system calls that are known one by one, without a libc that would make others: nearly every number of x86_64
 * once with all arguments -1, many by int 0x80, some in threads and children of every kind, some that a filter denies
 * in every way. "list" says instead, as lines of "abi number answer count", what that will be. "run 32" and "list 32":
 * with 32-bit calls, "probe32" fails where the kernel has none. x86_64 only; built with -nostdlib -static.
 */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>

enum {
	NR_WRITE = 1,
	NR_GETPID = 39,
	NR_CLONE = 56,
	NR_FORK = 57,
	NR_VFORK = 58,
	NR_EXECVE = 59,
	NR_EXIT = 60,
	NR_WAIT4 = 61,
	NR_MKDIR = 83,
	NR_RMDIR = 84,
	NR_GETUID = 102,
	NR_GETGID = 104,
	NR_GETPPID = 110,
	NR_PRCTL = 157,
	NR_CHROOT = 161,
	NR_ACCT = 163,
	NR_EXIT_GROUP = 231,
	NR_SECCOMP = 317
};
enum {
	THREAD_FLAGS = 0x100 | 0x200 | 0x400 | 0x800 | 0x10000 | 0x40000 | 0x200000
}; /* VM FS FILES SIGHAND THREAD SYSVSEM CHILD_CLEARTID */

void *memset(void *to, int c, size_t size);
void *memset(void *to, int c, size_t size)
{
	for (size_t i = 0; i < size; i++)
		((volatile char *)to)[i] = (char)c;
	return to;
}

static long sys(long nr, long a, long b, long c, long d, long e)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = -1;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

static long sys32(long nr)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(nr), "b"(-1), "c"(-1), "d"(-1), "S"(-1), "D"(-1)
			 : "r8", "r9", "r10", "r11", "memory");
	return result;
}

/* ------------------------------------------------------------------ which */

/* Calls that would end, stop, hang up or multiply us, or that are made on purpose further down. */
static const short skipped[] = { 15,  34,  56,  57,  58,  59, 60, 61,  130, 153, 162, 231,
				 322, 435, 158, 218, 219, 83, 84, 161, 163, 317, 157, 0 };
static const short skipped32[] = { 1, 2, 11, 29, 36, 72, 111, 119, 120, 173, 179, 190, 112, 7, 114, 0 };
enum { FIRST_32 = 100, LAST_32 = 200, LAST_OLD = 334, FIRST_NEW = 424, LAST_NEW = 456 };

static int is_in(const short *list, int nr)
{
	for (; *list; list++)
		if (*list == nr)
			return 1;
	return 0;
}

/* ------------------------------------------------------------------ saying */

static char text[65536];
static size_t text_size;

static void say(const char *word)
{
	while (*word)
		text[text_size++] = *word++;
}

static void say_number(long n)
{
	char digits[24];
	int i = 23;

	digits[i] = '\0';
	do
		digits[--i] = (char)('0' + n % 10);
	while (n /= 10);
	say(digits + i);
}

static void list(const char *abi, long nr, const char *answer, long count)
{
	say(abi);
	say(" ");
	say_number(nr);
	say(" ");
	say(answer);
	say(" ");
	say_number(count);
	say("\n");
}

/* ------------------------------------------------------------------ children and threads */

static char stack[65536] __attribute__((aligned(16)));
static volatile int tid_word;
static char *self;

/* A thread that runs body on a stack of its own. */
static void thread(void (*body)(void))
{
	long flags = THREAD_FLAGS, result;
	register long r10 __asm__("r10") = (long)&tid_word;
	register long r8 __asm__("r8") = 0;
	register void (*in_it)(void) __asm__("r12") = body;

	tid_word = 1;
	__asm__ volatile("syscall\n\ttest %%rax, %%rax\n\tjnz 1f\n\txor %%ebp, %%ebp\n\tcall *%%r12\n1:"
			 : "=a"(result)
			 : "a"((long)NR_CLONE), "D"(flags), "S"(stack + sizeof(stack)), "d"(0L), "r"(r10), "r"(r8),
			   "r"(in_it)
			 : "rcx", "r11", "memory");
}

static void in_thread(void)
{
	sys(NR_GETPPID, -1, -1, -1, -1, -1);
	sys(NR_EXIT, 0, 0, 0, 0, 0);
}

static void exec_in_thread(void)
{
	char *const argv[] = { self, (char *)"executed", NULL };

	sys(NR_EXECVE, (long)self, (long)argv, 0, 0, 0);
	sys(NR_EXIT_GROUP, 9, 0, 0, 0, 0);
}

static void killed_in_thread(void)
{
	sys(NR_CHROOT, -1, -1, -1, -1, -1);
	sys(NR_EXIT_GROUP, 9, 0, 0, 0, 0);
}

static void wait_for_thread(void)
{
	while (tid_word)
		__asm__ volatile("pause");
}

static void confine(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NR_MKDIR, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 13),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NR_RMDIR, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NR_CHROOT, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_THREAD),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NR_ACCT, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(filter) / sizeof(filter[0]), filter };

	sys(NR_PRCTL, 38, 1, 0, 0, 0);
	sys(NR_SECCOMP, SECCOMP_SET_MODE_FILTER, 0, (long)&program, 0, 0);
}

/* Each in a child of its own. */
enum { BY_ERRNO, BY_TRAP, BY_KILL_THREAD, BY_KILL_PROCESS, BY_KILL_OF_A_THREAD, EXEC_FROM_THREAD, CHILDREN };

static void be_child(int which)
{
	static const short denied[] = { NR_MKDIR, NR_RMDIR, NR_CHROOT, NR_ACCT };

	if (which == EXEC_FROM_THREAD) {
		thread(exec_in_thread);
		for (;;)
			__asm__ volatile("pause");
	}
	confine();
	if (which == BY_KILL_OF_A_THREAD) {
		thread(killed_in_thread);
		wait_for_thread();
	} else {
		sys(denied[which], -1, -1, -1, -1, -1);
	}
	sys(NR_EXIT_GROUP, 0, 0, 0, 0, 0);
}

static void children(void)
{
	for (int i = 0; i < CHILDREN; i++) {
		long pid = sys(NR_FORK, 0, 0, 0, 0, 0);

		if (pid == 0)
			be_child(i);
		sys(NR_WAIT4, pid, 0, 0, 0, 0);
	}
	/* The child of a vfork has our stack: it makes its two calls right here. */
	__asm__ volatile("mov $58, %%eax\n\tsyscall\n\ttest %%eax, %%eax\n\tjnz 1f\n\tmov $39, %%eax\n\tsyscall\n\tmov "
			 "$60, %%eax\n\txor %%edi, %%edi\n\tsyscall\n1:" ::
				 : "rax", "rdi", "rcx", "r11", "memory");
	sys(NR_WAIT4, -1, 0, 0, 0, 0);
}

/* ------------------------------------------------------------------ the whole */

static int has_32; /* the kernel takes int 0x80 */

static void singles(int saying)
{
	for (int nr = 0; nr <= LAST_NEW; nr++) {
		if ((nr > LAST_OLD && nr < FIRST_NEW) || is_in(skipped, nr))
			continue;
		if (saying)
			list("x86_64", nr, "ran", 1 + (nr == NR_GETPPID) + (nr == NR_GETPID) + (nr == NR_GETGID));
		else
			sys(nr, -1, -1, -1, -1, -1);
	}
	for (int nr = FIRST_32; nr <= LAST_32 && has_32; nr++) {
		if (is_in(skipped32, nr))
			continue;
		if (saying)
			list("x86", nr, "ran", 1);
		else
			sys32(nr);
	}
}

static void say_all(void)
{
	singles(1);
	list("x86_64", NR_CLONE, "ran", 3);
	list("x86_64", NR_FORK, "ran", CHILDREN);
	list("x86_64", NR_VFORK, "ran", 1);
	list("x86_64", NR_EXECVE, "ran", 2);
	list("x86_64", NR_EXIT, "ran", 2);
	list("x86_64", NR_WAIT4, "ran", CHILDREN + 1);
	list("x86_64", NR_PRCTL, "ran", 5);
	list("x86_64", NR_SECCOMP, "ran", 5);
	list("x86_64", NR_MKDIR, "ERRNO(EACCES)", 1);
	list("x86_64", NR_RMDIR, "SIGSYS", 1);
	list("x86_64", NR_CHROOT, "SIGSYS", 2);
	list("x86_64", NR_ACCT, "SIGSYS", 1);
	list("x86_64", NR_EXIT_GROUP, "ran", 4);
	sys(NR_WRITE, 1, (long)text, (long)text_size, 0, 0);
}

static int is_word(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

__attribute__((used)) static void begin(long *frame)
{
	char **argv = (char **)(frame + 1);

	self = argv[0];
	has_32 = frame[0] > 2 && is_word(argv[2], "32");
	if (frame[0] > 1 && is_word(argv[1], "probe32")) {
		sys32(20);
	} else if (frame[0] > 1 && is_word(argv[1], "list")) {
		say_all();
	} else if (frame[0] > 1 && is_word(argv[1], "executed")) {
		sys(NR_GETGID, -1, -1, -1, -1, -1);
	} else {
		singles(0);
		thread(in_thread);
		wait_for_thread();
		children();
	}
	sys(NR_EXIT_GROUP, 0, 0, 0, 0, 0);
}

__asm__(".globl _start\n_start:\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall begin\n");
