/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processes that work against whoever puts a filter on them: fifty rounds each, no success over a thread without the
 * filter. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bpf/prog.h"
#include "callgate.h"
#include "kernel/load.h"
#include "kernel/witness.h"
#include "tests/unit/filtered.h"

enum { ROUNDS = 50 };

static struct callgate_prog *no_mkdir(void)
{
	struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mkdir, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 77),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct callgate_prog *prog;

	cr_assert_eq(prog_new(insns, 4, &prog, NULL), 0);
	return prog;
}

static bool may_inject(void)
{
#ifdef __SANITIZE_ADDRESS__
	return false; /* fifty rounds against a racing program take too long under a sanitizer */
#endif
	bool admin = false;

	return kernel_has_admin(&admin, NULL) == 0 && admin;
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* ------------------------------------------------------------------ an instruction that changes */

#ifdef __x86_64__
/* syscall; ret, in a page that stays writable. */
static unsigned char *instruction;
static unsigned rounds_of;

static void *change(void *data)
{
	static const unsigned char kinds[][2] = { { 0xeb, 0xfe } /* jmp . */,
						  { 0xcd, 0x80 } /* int $0x80 */,
						  { 0x90, 0x90 } /* nop; nop */ };
	const unsigned char *other = kinds[rounds_of % 3];
	volatile unsigned short *at = (volatile unsigned short *)instruction;
	unsigned short good, bad;

	memcpy(&good, "\x0f\x05", 2);
	memcpy(&bad, other, 2);
	for (;;) {
		*at = bad;
		for (volatile int i = 0; i < 2000; i++)
			;
		*at = good;
		for (volatile int i = 0; i < 2000; i++)
			;
	}
	return data;
}

static void victim(int ready)
{
	pthread_t thread;

	/* It may jump anywhere and die of it; a sanitizer need not report that. */
	signal(SIGSEGV, SIG_DFL);
	signal(SIGILL, SIG_DFL);
	signal(SIGBUS, SIG_DFL);
	instruction = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memcpy(instruction, "\x0f\x05\xc3", 3);
	if (pthread_create(&thread, NULL, change, NULL))
		_exit(1);
	(void)!write(ready, "", 1);
	for (;;) { /* pause(2) by the page's instruction, whatever that is just now */
		long nr = SYS_pause;

		__asm__ volatile("call *%1" : "+a"(nr) : "r"(instruction) : "rcx", "r11", "memory");
	}
}

Test(hostile, a_call_that_is_changed_on_the_way_is_no_success, .timeout = 300)
{
	struct callgate_inject how = CALLGATE_INJECT_INIT;
	struct callgate_prog *prog = no_mkdir();
	int told = 0;

	if (!may_inject())
		cr_skip_test("needs CAP_SYS_ADMIN");
	how.deadline_ms = 200;
	for (rounds_of = 0; rounds_of < ROUNDS; rounds_of++) {
		struct callgate_err err = CALLGATE_ERR_INIT;
		struct callgate_injected done = CALLGATE_INJECTED_INIT;
		struct witness_counts counts;
		uint64_t start;
		int pipes[2], r;
		pid_t pid;
		char byte;

		cr_assert_eq(pipe(pipes), 0);
		pid = fork();
		if (pid == 0)
			victim(pipes[1]);
		cr_assert_eq(read(pipes[0], &byte, 1), 1);
		start = now_ms();
		r = callgate_process_inject(pid, prog, &how, &done, &err);
		cr_assert_lt(now_ms() - start, 20000, "round %u", rounds_of);
		if (r == 0) {
			told++;
			cr_assert_eq(witness_count(pid, &counts, &err), 0, "%s", err.text);
			cr_assert_eq(counts.unfiltered, 0, "round %u: success over an unfiltered thread", rounds_of);
			cr_assert_geq(counts.fewest, 1);
		}
		end(pid);
		close(pipes[0]);
		close(pipes[1]);
	}
	cr_log_info("%d of %d rounds ended in success", told, ROUNDS);
	free(prog);
}
#endif

/* ------------------------------------------------------------------ children with a filter of their own, traced by one
 * of theirs */

static void allow_all(void)
{
	struct sock_filter insn = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog prog = { 1, &insn };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) < 0)
		_exit(1);
}

/* Forks all the time; each child puts a filter on itself and is traced by its parent for a while. Of those that stay
 * stopped for good there are no more than fit in born: a slow machine bears them faster than it looks at them. */
static void bear(int ready)
{
	pid_t born[64] = { 0 };

	(void)!write(ready, "", 1);
	for (unsigned i = 0;; i = (i + 1) % (sizeof(born) / sizeof(born[0]))) {
		int status = 0;

		if (born[i] > 0) {
			kill(born[i], SIGKILL);
			waitpid(born[i], NULL, __WALL);
		}
		born[i] = fork();
		if (born[i] < 0)
			continue;
		if (born[i] == 0) {
			allow_all();
			usleep(20000);
			_exit(0);
		}
		ptrace(PTRACE_SEIZE, born[i], 0, 0);
		usleep(3000);
		ptrace(PTRACE_INTERRUPT, born[i], 0, 0);
		kill(born[i], rand() % 2 ? SIGKILL : SIGCONT);
		if (waitpid(born[i], &status, WNOHANG | __WALL) > 0 && !WIFSTOPPED(status))
			born[i] = 0;
		else
			ptrace(PTRACE_DETACH, born[i], 0, 0);
	}
}

Test(hostile, children_that_show_another_filter_are_not_taken_for_served, .timeout = 300)
{
	struct callgate_inject how = CALLGATE_INJECT_INIT;
	struct callgate_prog *prog = no_mkdir();
	time_t start = time(NULL);
	int told = 0;

	if (!may_inject())
		cr_skip_test("needs CAP_SYS_ADMIN");
	how.deadline_ms = 200;
	for (int round = 0; round < ROUNDS && time(NULL) - start < 60; round++) {
		struct callgate_err err = CALLGATE_ERR_INIT;
		struct callgate_tasks *tasks;
		size_t lacking = 0;
		int pipes[2], r;
		pid_t pid;
		char byte;

		cr_assert_eq(pipe(pipes), 0);
		pid = fork();
		if (pid == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			srand((unsigned)round);
			bear(pipes[1]);
		}
		cr_assert_eq(read(pipes[0], &byte, 1), 1);
		usleep((useconds_t)(round * 500));
		r = callgate_prog_apply(prog, CALLGATE_SCOPE_TREE, pid, &how, &err);
		if (r == 0 && callgate_tasks_list(CALLGATE_SCOPE_TREE, pid, &tasks, &err) == 0) {
			told++;
			r = witness_have(callgate_tasks_at(tasks, 0), callgate_tasks_count(tasks), prog, &lacking,
					 &err);
			cr_assert_eq(r, 0, "round %d: success, and %s", round, err.text);
			callgate_tasks_free(tasks);
		}
		end(pid);
		close(pipes[0]);
		close(pipes[1]);
	}
	cr_log_info("%d of %d rounds ended in success", told, ROUNDS);
	free(prog);
}

/* ------------------------------------------------------------------ a call that is made all the time */

/* The call gets an errno; once it does not, there is a directory. */
static void try_for_ever(int ready, const char *path)
{
	struct callgate_prog *prog = no_mkdir();

	if (callgate_prog_load(prog, CALLGATE_NNP_AUTO, NULL) < 0)
		_exit(1);
	(void)!write(ready, "", 1);
	for (;;)
		(void)(SYS_mkdir == SYS_mkdirat ? syscall(SYS_mkdirat, AT_FDCWD, path, 0755)
						: syscall(SYS_mkdir, path, 0755));
}

Test(hostile, filters_hold_until_a_task_stands_still, .timeout = 60)
{
	struct callgate_prog *prog = no_mkdir();
	char path[64];
	int pipes[2];
	char byte;
	pid_t pid;

	if (!may_inject())
		cr_skip_test("needs CAP_SYS_ADMIN");
	snprintf(path, sizeof(path), "/tmp/callgate-hostile-%d", (int)getpid());
	cr_assert_eq(pipe(pipes), 0);
	pid = fork();
	if (pid == 0)
		try_for_ever(pipes[1], path);
	cr_assert_eq(read(pipes[0], &byte, 1), 1);
	for (int i = 0; i < 40; i++) {
		struct callgate_err err = CALLGATE_ERR_INIT;

		cr_assert_eq(callgate_process_inject(pid, prog, NULL, NULL, &err), 0, "%s", err.text);
	}
	end(pid);
	cr_assert_eq(rmdir(path), -1, "the call got by its filter");
	free(prog);
}

/* ------------------------------------------------------------------ the very program, in one thread only */

static struct callgate_prog *wanted;

static void *load_it_here(void *data)
{
	struct sock_fprog raw = { (unsigned short)wanted->count, wanted->insns };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &raw) < 0)
		_exit(1);
	(void)!write(*(int *)data, "", 1);
	for (;;)
		pause();
	return NULL;
}

Test(hostile, one_thread_with_the_program_does_not_stand_for_all, .timeout = 60)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_tasks *tasks;
	size_t lacking = 0;
	int pipes[2], r;
	pid_t pid;
	char byte;

	if (!may_inject())
		cr_skip_test("needs CAP_SYS_ADMIN");
	wanted = no_mkdir();
	cr_assert_eq(pipe(pipes), 0);
	pid = fork();
	if (pid == 0) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, load_it_here, &pipes[1]))
			_exit(1);
		for (;;)
			pause();
	}
	cr_assert_eq(read(pipes[0], &byte, 1), 1);
	r = callgate_prog_apply(wanted, CALLGATE_SCOPE_TREE, pid, NULL, &err);
	cr_assert_eq(callgate_tasks_list(CALLGATE_SCOPE_PROCESS, pid, &tasks, NULL), 0);
	if (r == 0)
		cr_assert_eq(
			witness_have(callgate_tasks_at(tasks, 0), callgate_tasks_count(tasks), wanted, &lacking, &err),
			0, "%s", err.text);
	else /* the kernel does not let threads with different filters be made equal */
		cr_assert_not_null(strstr(err.text, "filters of its own"), "%s", err.text);
	callgate_tasks_free(tasks);
	end(pid);
	free(wanted);
}

/* ------------------------------------------------------------------ memory that somebody else serves, or does not */

#ifdef UFFD_API
static void wait_there(int number)
{
	(void)number;
	for (;;)
		pause();
}

/* Waits on a stack of which only the top is there: whoever reads below waits for a page that nobody brings. */
static void starve(int ready)
{
	enum { SIZE = 256 << 10, PAGE = 4096 };
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct sigaction there = { .sa_handler = wait_there, .sa_flags = SA_ONSTACK };
	char *stack = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);

	memset(stack + SIZE - 4 * PAGE, 0, 4 * PAGE);
	range.range.start = (uintptr_t)stack;
	range.range.len = SIZE;
	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) < 0 || ioctl(fd, UFFDIO_REGISTER, &range) < 0 ||
	    sigaltstack(&(stack_t){ .ss_sp = stack, .ss_size = SIZE }, NULL) < 0 ||
	    sigaction(SIGUSR1, &there, NULL) < 0)
		_exit(1);
	(void)!write(ready, "", 1);
	raise(SIGUSR1);
}

Test(hostile, a_stack_that_nobody_serves_does_not_hold_us, .timeout = 60)
{
	struct callgate_inject how = CALLGATE_INJECT_INIT;
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct sock_filter *insns = calloc(4096, sizeof(*insns));
	struct callgate_prog *prog;
	struct witness_counts counts;
	uint64_t start;
	int pipes[2], r;
	pid_t pid;
	char byte;

	/* What does not let memory be given back is put on the stack. */
	for (int i = 0; i < 4096; i++)
		insns[i] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	insns[0] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0);
	insns[1] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_munmap, 0, 1);
	insns[2] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 1);
	cr_assert_eq(prog_new(insns, 4096, &prog, NULL), 0);
	how.deadline_ms = 200;
	cr_assert_eq(pipe(pipes), 0);
	pid = fork();
	if (pid == 0)
		starve(pipes[1]);
	close(pipes[1]);
	if (read(pipes[0], &byte, 1) != 1)
		cr_skip_test("no userfaultfd");
	usleep(100000);
	start = now_ms();
	r = callgate_process_inject(pid, prog, &how, NULL, &err);
	cr_assert_lt(now_ms() - start, 20000);
	cr_assert_eq(r, CALLGATE_E_LIMIT, "%d: %s", r, err.text);
	cr_assert_eq(witness_count(pid, &counts, &err), 0, "it lives: %s", err.text);
	cr_assert_eq(counts.most, 0);
	end(pid);
	free(insns);
	free(prog);
}
#endif
