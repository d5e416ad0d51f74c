/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Injection by the library: processes, trees of them, what is refused, what is left behind. */
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/epoll.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "asleep.h"
#include "bpf/prog.h"
#include "callgate.h"
#include "kernel/inject.h"
#include "kernel/status.h"
#include "kernel/tracee.h"

/* mkdirat answers EBADFD (77), all else is allowed. */
static struct callgate_prog *deny_mkdirat(void)
{
	struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mkdirat, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 77),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct callgate_prog *prog;

	cr_assert_eq(prog_new(insns, 4, &prog, NULL), 0);
	return prog;
}

static void nap(long ms)
{
	struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&time, NULL);
}

/* A child that waits for a byte, then tells by its exit status whether mkdirat is refused (77). */
struct waiter {
	pid_t pid;
	int go;
};

static struct waiter waiter_new(void)
{
	int fds[2];
	struct waiter waiter;

	cr_assert_eq(pipe(fds), 0);
	waiter.go = fds[1];
	waiter.pid = fork();
	if (waiter.pid == 0) {
		char c;

		close(fds[1]);
		if (read(fds[0], &c, 1) < 0)
			_exit(1);
		_exit(syscall(SYS_mkdirat, -1, "", 0755) < 0 && errno == 77 ? 77 : 0);
	}
	close(fds[0]);
	await_asleep(waiter.pid);
	return waiter;
}

static int waiter_end(struct waiter *waiter)
{
	int status;

	close(waiter->go);
	cr_assert_eq(waitpid(waiter->pid, &status, 0), waiter->pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static bool can_inject(struct callgate_err *err)
{
	struct callgate_prog *prog = deny_mkdirat();
	struct waiter waiter = waiter_new();
	int r = callgate_process_inject(waiter.pid, prog, NULL, NULL, err);

	waiter_end(&waiter);
	free(prog);
	return r == 0;
}

/* A process with filters already: what these may do to it is suspended meanwhile, which takes privileges. */
static bool can_inject_twice(struct callgate_err *err)
{
	struct callgate_prog *prog = deny_mkdirat();
	struct waiter waiter = waiter_new();
	int r = callgate_process_inject(waiter.pid, prog, NULL, NULL, err);

	if (r == 0)
		r = callgate_process_inject(waiter.pid, prog, NULL, NULL, err);
	waiter_end(&waiter);
	free(prog);
	return r == 0;
}

Test(inject, puts_the_program_on_a_process_that_waits, .timeout = 20)
{
	struct callgate_inject how = CALLGATE_INJECT_INIT;
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_prog *prog = deny_mkdirat();
	struct callgate_injected done = CALLGATE_INJECTED_INIT;
	struct waiter waiter;

	if (!can_inject(&err))
		cr_skip_test("%s", err.text);
	for (int kind = CALLGATE_INJECT_LIVE; kind <= CALLGATE_INJECT_STARTING; kind++) {
		waiter = waiter_new();
		how.kind = (enum callgate_inject_kind)kind;
		cr_assert_eq(callgate_process_inject(waiter.pid, prog, &how, &done, &err), 0, "%s", err.text);
		cr_assert(done.pid == waiter.pid && done.tid == waiter.pid && done.threads == 1);
		cr_assert_str_eq(done.call, "read");
		cr_assert(done.stopped_ns > 0 && done.stopped_ns < 1000000000);
		cr_assert_eq(waiter_end(&waiter), 77);
	}
	waiter = waiter_new();
	cr_assert_eq(waiter_end(&waiter), 0, "without a filter mkdirat is not refused so");
	free(prog);
}

Test(inject, refuses_what_it_may_not_touch, .timeout = 20)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_prog *prog = deny_mkdirat();
	struct waiter waiter = waiter_new();

	cr_assert_eq(callgate_process_inject(getpid(), prog, NULL, NULL, &err), CALLGATE_E_ARG);
	cr_assert_eq(callgate_process_inject(0, prog, NULL, NULL, &err), CALLGATE_E_ARG);
	cr_assert_eq(callgate_process_inject(waiter.pid, NULL, NULL, NULL, &err), CALLGATE_E_ARG);
	cr_assert_eq(callgate_prog_apply(prog, CALLGATE_SCOPE_ALL, 1, NULL, &err), CALLGATE_E_ARG);
	prog->flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;
	cr_assert_eq(callgate_process_inject(waiter.pid, prog, NULL, NULL, &err), CALLGATE_E_UNSUPPORTED);
	prog->flags = 0;
	kill(waiter.pid, SIGKILL);
	nap(20);
	cr_assert_eq(callgate_process_inject(waiter.pid, prog, NULL, NULL, &err), CALLGATE_E_NOTFOUND);
	cr_assert(strstr(err.text, "has ended"), "%s", err.text);
	cr_assert_eq(waiter_end(&waiter), -SIGKILL);
	free(prog);
}

/* Its child forks all the time; each process of the family ends soon but the first three. */
static _Noreturn void family(void)
{
	for (int i = 0; i < 2; i++)
		if (fork() == 0)
			for (;;)
				pause();
	for (;;) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		if (pid > 0)
			waitpid(pid, NULL, 0);
	}
}

static void count_visits(void *data, pid_t pid, const struct callgate_injected *done, int result,
			 const struct callgate_err *why)
{
	(void)pid;
	(void)done;
	cr_assert_eq(result, 0, "%s", why->text);
	++*(int *)data;
}

Test(inject, reaches_every_process_of_a_tree_that_forks, .timeout = 60)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_prog *prog = deny_mkdirat();
	struct callgate_inject how = CALLGATE_INJECT_INIT;
	struct callgate_tasks *tasks;
	int visits = 0;
	pid_t pid;

	if (!can_inject(&err))
		cr_skip_test("%s", err.text);
	pid = fork();
	if (pid == 0)
		family();
	nap(50);
	how.visit = count_visits;
	how.data = &visits;
	cr_assert_eq(callgate_prog_apply(prog, CALLGATE_SCOPE_TREE, pid, &how, &err), 0, "%s", err.text);
	cr_assert_geq(visits, 3);
	for (int round = 0; round < 5; round++) {
		nap(5);
		cr_assert_eq(callgate_tasks_list(CALLGATE_SCOPE_TREE, pid, &tasks, &err), 0, "%s", err.text);
		cr_assert_geq(callgate_tasks_count(tasks), 3);
		for (size_t i = 0; i < callgate_tasks_count(tasks); i++)
			cr_assert_eq(callgate_tasks_at(tasks, i)->mode, CALLGATE_MODE_FILTER);
		callgate_tasks_free(tasks);
	}
	cr_assert_eq(callgate_tasks_list(CALLGATE_SCOPE_TREE, getpid(), &tasks, &err), 0);
	for (size_t i = 0; i < callgate_tasks_count(tasks); i++) {
		cr_assert_neq(callgate_tasks_at(tasks, i)->pid, getpid());
		kill(callgate_tasks_at(tasks, i)->pid, SIGKILL);
	}
	callgate_tasks_free(tasks);
	waitpid(pid, NULL, 0);
	free(prog);
}

static void *thread_without(void *data)
{
	for (;;)
		pause();
	return data;
}

static void *thread_with_its_own(void *data)
{
	if (callgate_prog_load(deny_mkdirat(), CALLGATE_NNP_AUTO, NULL) < 0)
		_exit(1);
	return thread_without(data);
}

/* Until the process has that many threads with so many filters in all; a second or two on a loaded machine. */
static void await_threads(pid_t pid, size_t threads, int filters)
{
	for (int i = 0; i < 200; i++) {
		struct callgate_tasks *tasks;
		int sum = 0;
		size_t count;

		cr_assert_eq(callgate_tasks_list(CALLGATE_SCOPE_PROCESS, pid, &tasks, NULL), 0);
		count = callgate_tasks_count(tasks);
		for (size_t j = 0; j < count; j++)
			sum += callgate_tasks_at(tasks, j)->filters;
		callgate_tasks_free(tasks);
		if (count == threads && sum == filters)
			return;
		nap(20);
	}
	cr_assert_fail("the process never had %zu threads and %d filters", threads, filters);
}

Test(inject, leaves_threads_that_differ_as_they_are, .timeout = 20)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_prog *prog = deny_mkdirat();
	struct callgate_tasks *tasks;
	pthread_t thread;
	int sum = 0;
	pid_t pid;

	if (!can_inject(&err))
		cr_skip_test("%s", err.text);
	pid = fork();
	if (pid == 0) {
		pthread_create(&thread, NULL, thread_with_its_own, NULL);
		pthread_create(&thread, NULL, thread_without, NULL);
		thread_without(NULL);
	}
	await_threads(pid, 3, 1);
	cr_assert_eq(callgate_process_inject(pid, prog, NULL, NULL, &err), CALLGATE_E_KERNEL, "%s", err.text);
	cr_assert(strstr(err.text, "filters of its own"), "%s", err.text);
	cr_assert_eq(callgate_tasks_list(CALLGATE_SCOPE_PROCESS, pid, &tasks, &err), 0);
	cr_assert_eq(callgate_tasks_count(tasks), 3);
	for (size_t i = 0; i < 3; i++)
		sum += callgate_tasks_at(tasks, i)->filters;
	cr_assert_eq(sum, 1, "%d filters in all", sum);
	callgate_tasks_free(tasks);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	free(prog);
}

static void *short_life(void *data)
{
	return data;
}

/* Threads are born and end all the time: the one that was chosen may be gone. */
static _Noreturn void spin_threads(void)
{
	for (;;) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, short_life, NULL) == 0)
			pthread_join(thread, NULL);
	}
}

Test(inject, gets_hold_of_a_process_whose_threads_come_and_go, .timeout = 30)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_prog *prog = deny_mkdirat();
	struct callgate_task task;
	pid_t pid;

	if (!can_inject_twice(&err))
		cr_skip_test("%s", err.text);
	pid = fork();
	if (pid == 0)
		spin_threads();
	nap(20);
	for (int i = 1; i <= 10; i++) {
		cr_assert_eq(callgate_process_inject(pid, prog, NULL, NULL, &err), 0, "%s", err.text);
		cr_assert_eq(task_read_id(pid, &task, NULL, &err), 0, "%s", err.text);
		cr_assert_eq(task.filters, i);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	free(prog);
}

static volatile sig_atomic_t caught;

static void count_signal(int number)
{
	(void)number;
	caught++;
}

enum { SIGNALS = 400, INJECTIONS = 8 };

/* Queued signals are counted one by one; the exit status says whether all came. */
static _Noreturn void catch_signals(void)
{
	struct sigaction action = { .sa_handler = count_signal, .sa_flags = SA_RESTART };

	sigaction(SIGRTMIN, &action, NULL);
	while (caught < SIGNALS)
		nap(1);
	_exit(0);
}

Test(inject, loses_no_signal, .timeout = 30)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_prog *prog = deny_mkdirat();
	int status = -1;
	pid_t pid, sender;

	if (!can_inject_twice(&err))
		cr_skip_test("%s", err.text);
	pid = fork();
	if (pid == 0)
		catch_signals();
	nap(20);
	sender = fork();
	if (sender == 0) {
		for (int sent = 0; sent < SIGNALS; sent++) {
			while (sigqueue(pid, SIGRTMIN, (union sigval){ 0 }) < 0)
				nap(1);
			if (sent % 20 == 0)
				nap(1);
		}
		_exit(0);
	}
	for (int i = 0; i < INJECTIONS; i++) {
		int r = callgate_process_inject(pid, prog, NULL, NULL, &err);

		cr_assert(r == 0 || r == CALLGATE_E_NOTFOUND, "%s", err.text);
	}
	cr_assert_eq(waitpid(sender, NULL, 0), sender);
	for (int i = 0; i < 100 && waitpid(pid, &status, WNOHANG) == 0; i++)
		nap(20);
	kill(pid, SIGKILL);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", (unsigned)status);
	free(prog);
}

/* ------------------------------------------------------------------ signals of a task that works for us */

static int told[2];

static void tell_signal(int number)
{
	if (write(told[1], &(char){ (char)number }, 1) != 1)
		_exit(1);
}

/* Two threads that wait; SIGSEGV is told through the pipe. */
static pid_t traced_child(void)
{
	pid_t pid;

	cr_assert_eq(pipe(told), 0);
	pid = fork();
	if (pid == 0) {
		pthread_t thread;

		signal(SIGSEGV, tell_signal);
		pthread_create(&thread, NULL, thread_without, NULL);
		thread_without(NULL);
	}
	await_threads(pid, 2, 0);
	return pid;
}

static pid_t second_thread(pid_t pid)
{
	struct callgate_tasks *tasks;
	pid_t tid = pid;

	cr_assert_eq(callgate_tasks_list(CALLGATE_SCOPE_PROCESS, pid, &tasks, NULL), 0);
	for (size_t i = 0; i < callgate_tasks_count(tasks); i++)
		if (callgate_tasks_at(tasks, i)->tid != pid)
			tid = callgate_tasks_at(tasks, i)->tid;
	callgate_tasks_free(tasks);
	return tid;
}

/* What the thread does some time after: 'T' or 'S'. */
static char settles_at(pid_t tid)
{
	struct task_detail detail = { .state = 'R' };
	struct callgate_task task;

	nap(50);
	for (int i = 0; i < 100 && (i == 0 || detail.state == 'R'); i++) {
		cr_assert_eq(task_read_id(tid, &task, &detail, NULL), 0);
		nap(10);
	}
	return detail.state;
}

/* The first one reaches the thread on its way to a call, the others while it stands there. */
static void signal_on_the_way(pid_t pid, pid_t tid, const int signals[3])
{
	struct tracee tracee = { .tid = tid, .deadline_ms = 5000 };
	struct callgate_err err = CALLGATE_ERR_INIT;

	cr_assert_eq(tracee_seize(&tracee, PTRACE_O_TRACESYSGOOD, &err), 0, "%s", err.text);
	cr_assert_eq(tracee_interrupt(&tracee, &err), 0, "%s", err.text);
	syscall(SYS_tgkill, (long)pid, (long)tid, (long)signals[0]);
	cr_assert_eq(tracee_next_call(&tracee, &err), 0, "%s", err.text);
	for (int i = 1; i < 3 && signals[i]; i++)
		kill(pid, signals[i]);
	cr_assert_eq(tracee_detach(&tracee, &err), 0, "%s", err.text);
}

/* Ignored by the first thread, SIGCONT is pending nowhere. */
Test(tracee, is_stopped_when_it_would_be_without_a_tracer, .timeout = 60)
{
	static const struct {
		int signals[3];
		char state;
	} rows[] = {
		{ { SIGSTOP }, 'T' },
		{ { SIGSTOP, SIGCONT }, 'S' },
		{ { SIGSTOP, SIGCONT, SIGSTOP }, 'T' },
		{ { SIGCONT, SIGSTOP, SIGCONT }, 'S' },
	};

	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		pid_t pid = traced_child(), tid = i % 2 ? second_thread(pid) : pid;

		signal_on_the_way(pid, tid, rows[i / 2].signals);
		cr_expect_eq(settles_at(tid), rows[i / 2].state, "row %zu, thread %zu", i / 2, i % 2);
		cr_expect_eq(settles_at(pid), rows[i / 2].state, "row %zu, thread %zu", i / 2, i % 2);
		kill(pid, SIGCONT);
		cr_expect_eq(settles_at(tid), 'S', "row %zu, thread %zu", i / 2, i % 2);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
}

Test(tracee, gets_what_was_held_when_it_is_let_go, .timeout = 20)
{
	pid_t pid = traced_child();
	char number = 0;

	signal_on_the_way(pid, pid, (const int[3]){ SIGSEGV });
	close(told[1]);
	cr_assert_eq(read(told[0], &number, 1), 1);
	cr_assert_eq(number, SIGSEGV);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* ------------------------------------------------------------------ calls with a time limit */

static long sleep_by_nanosleep(struct timespec *limit)
{
	return syscall(SYS_nanosleep, limit, limit);
}

static long sleep_by_futex(struct timespec *limit)
{
	uint32_t word = 0;

	return syscall(SYS_futex, &word, FUTEX_WAIT, 0, limit, NULL, 0) < 0 && errno == ETIMEDOUT ? 0 : -1;
}

static double seconds_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

/* Whether a sleep of 600 ms that is disturbed after 400 takes 600: not 400, nor 1,000. */
static bool goes_on(long (*sleep)(struct timespec *limit), const struct callgate_prog *prog)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct timespec start;
	double seconds;
	int status = -1, r;
	pid_t pid;

	clock_gettime(CLOCK_MONOTONIC, &start);
	pid = fork();
	if (pid == 0) {
		struct timespec limit = { .tv_nsec = 600000000 };

		_exit(sleep(&limit) == 0 ? 0 : 1);
	}
	nap(400);
	r = callgate_process_inject(pid, prog, NULL, NULL, &err);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	seconds = seconds_since(&start);
	cr_assert(r == 0 || r == CALLGATE_E_NOTFOUND, "%s", err.text); /* a machine that is busy was late */
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", (unsigned)status);
	cr_assert_geq(seconds, 0.6, "%f", seconds);
	return r == 0 && seconds < 0.85;
}

Test(inject, lets_a_call_go_on_with_the_time_that_is_left, .timeout = 60)
{
	long (*const sleeps[])(struct timespec * limit) = { sleep_by_nanosleep, sleep_by_futex };
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_prog *prog = deny_mkdirat();

	if (!can_inject(&err))
		cr_skip_test("%s", err.text);
	for (size_t i = 0; i < sizeof(sleeps) / sizeof(sleeps[0]); i++) {
		int tries = 0;

		while (tries < 20 && !goes_on(sleeps[i], prog))
			tries++;
		cr_expect(tries < 20, "sleep %zu starts anew", i);
	}
	free(prog);
}

/* ------------------------------------------------------------------ what the one that is stopped may notice */

#ifdef __x86_64__
/* Each wait is ended by a handler without SA_RESTART, 300 times; one that is not would be for ever. */
static _Noreturn void be_interrupted(void)
{
	struct sigaction action = { .sa_handler = count_signal };
	struct itimerval soon = { .it_value = { .tv_usec = 2000 } };
	int epoll = epoll_create1(0);
	struct epoll_event event;

	sigaction(SIGALRM, &action, NULL);
	for (int i = 0; i < 300; i++) {
		setitimer(ITIMER_REAL, &soon, NULL);
		if (epoll_wait(epoll, &event, 1, -1) >= 0 || errno != EINTR)
			_exit(1);
	}
	_exit(0);
}

Test(inject, leaves_the_end_of_a_wait_to_the_handler, .timeout = 60)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_prog *prog = deny_mkdirat();
	int status = -1;
	pid_t pid;

	if (!can_inject_twice(&err))
		cr_skip_test("%s", err.text);
	for (int round = 0; round < 4; round++) {
		pid = fork();
		if (pid == 0)
			be_interrupted();
		for (int i = 0; i < 20; i++) {
			int r = callgate_process_inject(pid, prog, NULL, NULL, &err);

			cr_assert(r == 0 || r == CALLGATE_E_NOTFOUND, "%s", err.text);
			nap(1);
		}
		for (int i = 0; i < 500 && waitpid(pid, &status, WNOHANG) == 0; i++)
			nap(20);
		kill(pid, SIGKILL);
		cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", (unsigned)status);
	}
	free(prog);
}
#endif

#ifdef __aarch64__
/* Each byte of z9 is one more than that before; says whether it still is after a while in which no call is made. */
static bool keeps_its_vectors(void)
{
	unsigned char bytes[256] = { 0 };
	uint64_t length, spins = 300000000;

	__asm__ volatile(".arch_extension sve\n"
			 "rdvl %0, #1\n"
			 "index z9.b, #1, #1\n"
			 "1: subs %1, %1, #1\n"
			 "b.ne 1b\n"
			 "str z9, [%2]\n"
			 : "=&r"(length), "+&r"(spins)
			 : "r"(bytes)
			 : "memory", "cc", "v9");
	for (unsigned i = 0; i < length && i < sizeof(bytes); i++)
		if (bytes[i] != (unsigned char)(i + 1))
			return false;
	return true;
}

Test(inject, leaves_vector_registers, .timeout = 60)
{
	enum { HWCAP_WITH_SVE = 1 << 22 };
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_prog *prog = deny_mkdirat();
	int status = -1, injected = 0;
	pid_t pid;

	if (!(getauxval(AT_HWCAP) & HWCAP_WITH_SVE) || !can_inject_twice(&err))
		cr_skip_test("no SVE here, or no right: %s", err.text);
	pid = fork();
	if (pid == 0)
		_exit(keeps_its_vectors() ? 0 : 1);
	while (waitpid(pid, &status, WNOHANG) == 0) {
		injected += callgate_process_inject(pid, prog, NULL, NULL, &err) == 0;
		nap(20);
	}
	cr_assert(injected > 0, "%s", err.text);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", (unsigned)status);
	free(prog);
}
#endif

static struct {
	volatile uint64_t words[2048]; /* below the stack of a process that shares this memory */
	char stack[16384];
} shared_memory;
static atomic_bool is_over;

/* Nobody else writes here: what it finds is what it wrote. */
static void *count_in_words(void *data)
{
	uintptr_t damaged = 0;

	(void)data;
	for (uint64_t round = 1; !atomic_load(&is_over); round++) {
		for (size_t i = 0; i < 2048; i++)
			shared_memory.words[i] = round;
		for (size_t i = 0; i < 2048; i++)
			damaged += shared_memory.words[i] != round;
	}
	return (void *)damaged;
}

static int wait_on_that_stack(void *data)
{
	(void)data;
	return pause();
}

Test(inject, writes_nowhere_in_memory_that_others_share, .timeout = 60)
{
	struct sock_filter *insns =
		calloc(1500, sizeof(*insns)); /* 12,000 bytes: more than is below the stack's frames */
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_prog *prog;
	pthread_t thread;
	void *damaged;
	pid_t pid;

	if (!can_inject(&err))
		cr_skip_test("%s", err.text);
	for (int i = 0; i < 1500; i++)
		insns[i] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	cr_assert_eq(prog_new(insns, 1500, &prog, &err), 0);
	cr_assert_eq(pthread_create(&thread, NULL, count_in_words, NULL), 0);
	for (int round = 0; round < 20; round++) {
		pid = clone(wait_on_that_stack, shared_memory.stack + 8192, CLONE_VM | SIGCHLD, NULL);
		cr_assert_geq(pid, 0);
		await_asleep(pid);
		cr_assert_eq(callgate_process_inject(pid, prog, NULL, NULL, &err), 0, "%s", err.text);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	atomic_store(&is_over, true);
	cr_assert_eq(pthread_join(thread, &damaged), 0);
	cr_assert_eq((uintptr_t)damaged, 0, "%zu words", (size_t)(uintptr_t)damaged);
	free(prog);
	free(insns);
}

/* An id may be given anew between a list of processes and the injection. */
static bool status_says(pid_t pid, const char *line)
{
	char path[64], text[4096];
	size_t size = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "r");
	if (file) {
		size = fread(text, 1, sizeof(text) - 1, file);
		fclose(file);
	}
	text[size] = '\0';
	return strstr(text, line);
}

/* Whether it was told to end while it traced the other one. */
static bool end_tracer(pid_t tracer, pid_t traced)
{
	bool traces = false;

	for (int i = 0; i < 20000 && !traces; i++)
		traces = !status_says(traced, "TracerPid:\t0\n");
	kill(tracer, SIGTERM);
	waitpid(tracer, NULL, 0);
	return traces;
}

/* Left in the midst of it, the process would go on with registers that are not its own, deaf to all signals. */
Test(inject, is_brought_to_an_end_by_one_who_is_told_to_end, .timeout = 60)
{
	unsigned traced = 0;

	for (int i = 0; i < 12; i++) {
		struct callgate_prog *prog = deny_mkdirat();
		struct waiter waiter = waiter_new();
		pid_t pid = fork();

		if (pid == 0) {
			nap(5);
			for (int n = 0; n < 500; n++)
				if (callgate_process_inject(waiter.pid, prog, NULL, NULL, NULL) < 0)
					nap(1);
			_exit(0);
		}
		traced += end_tracer(pid, waiter.pid);
		cr_expect(status_says(waiter.pid, "SigBlk:\t0000000000000000\n"));
		kill(waiter.pid, SIGKILL);
		waitpid(waiter.pid, NULL, 0);
		close(waiter.go);
		free(prog);
	}
	if (!traced)
		cr_skip_test("nobody can be traced here, or too fast");
}

Test(inject, takes_nobody_for_the_one_who_had_the_id, .timeout = 20)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_prog *prog = deny_mkdirat();
	struct waiter waiter = waiter_new();
	struct callgate_task task;

	cr_assert_eq(task_read_id(waiter.pid, &task, NULL, &err), 0, "%s", err.text);
	task.start_time++;
	cr_expect_eq(inject_process(waiter.pid, &task, prog, NULL, NULL, &err), CALLGATE_E_NOTFOUND);
	cr_expect_eq(waiter_end(&waiter), 0);
	free(prog);
}

/* The largest program that the kernel takes has room nowhere near the stack of a small thread. */
Test(inject, has_room_for_the_largest_program, .timeout = 20)
{
	struct sock_filter *insns = calloc(PROG_LIMIT, sizeof(*insns));
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_prog *prog;
	struct waiter waiter = waiter_new();

	if (!can_inject(&err)) {
		waiter_end(&waiter);
		cr_skip_test("%s", err.text);
	}
	for (unsigned i = 0; i < PROG_LIMIT; i++)
		insns[i] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	cr_assert_eq(prog_new(insns, PROG_LIMIT, &prog, &err), 0);
	cr_assert_eq(callgate_process_inject(waiter.pid, prog, NULL, NULL, &err), 0, "%s", err.text);
	cr_assert_eq(waiter_end(&waiter), 0);
	free(prog);
	free(insns);
}

Test(command, runs_until_it_ends_and_tells_when_it_has_not, .timeout = 20)
{
	char sh[] = "sh", c[] = "-c", script[] = "sleep 0.3; exit 4", *const argv[] = { sh, c, script, NULL };
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_prog *prog = deny_mkdirat();
	struct callgate_command *command;
	struct callgate_task task;
	bool ended = true;
	int status = 0;

	if (!can_inject(&err))
		cr_skip_test("%s", err.text);
	cr_assert_eq(callgate_command_start(prog, NULL, argv, &command, &err), 0, "%s", err.text);
	cr_assert_eq(task_read_id(callgate_command_pid(command), &task, NULL, &err), 0);
	cr_assert_eq(task.mode, CALLGATE_MODE_FILTER, "it is confined when start returns");
	cr_assert_eq(callgate_command_wait(command, 20, &ended, &status, &err), 0);
	cr_assert_not(ended);
	cr_assert_eq(callgate_command_wait(command, -1, &ended, &status, &err), 0);
	cr_assert(ended && WIFEXITED(status) && WEXITSTATUS(status) == 4);
	callgate_command_free(command);
	free(prog);
}
