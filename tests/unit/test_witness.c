/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which filters tasks have: the task iterator against ptrace, shared stacks. */
#include <criterion/criterion.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
#include "names/abi.h"
#include "tests/unit/filtered.h"

enum { THREADS = 20 };

/* ------------------------------------------------------------------ live tasks */

static void *wait_for_ever(void *data)
{
	for (;;)
		pause();
	return data;
}

static unsigned loaded; /* threads that have */

static void wait_for_threads(unsigned count)
{
	while (__atomic_load_n(&loaded, __ATOMIC_SEQ_CST) < count)
		usleep(1000);
}

/* Two filters on all threads, and a third on the last one alone. */
static void *load_one_more(void *data)
{
	struct callgate_prog *prog = data;

	if (callgate_prog_load(prog, CALLGATE_NNP_YES, NULL) < 0)
		_exit(1);
	__atomic_fetch_add(&loaded, 1, __ATOMIC_SEQ_CST);
	return wait_for_ever(NULL);
}

static pid_t start(int *ready)
{
	struct callgate_prog *first = deny(SYS_mkdir, SECCOMP_RET_ERRNO | 77),
			     *second = deny(SYS_rmdir, SECCOMP_RET_ERRNO | 78);
	struct callgate_prog *third = deny(SYS_mknod, SECCOMP_RET_ERRNO | 79);
	int pipes[2];
	pid_t pid;

	cr_assert_eq(pipe(pipes), 0);
	second->flags = SECCOMP_FILTER_FLAG_LOG;
	pid = fork();
	if (pid == 0) {
		pthread_t thread;

		prctl(PR_SET_PDEATHSIG, SIGKILL); /* whatever becomes of the test */
		if (callgate_prog_load(first, CALLGATE_NNP_YES, NULL) < 0 ||
		    callgate_prog_load(second, CALLGATE_NNP_YES, NULL) < 0)
			_exit(1);
		for (int i = 0; i < THREADS; i++)
			if (pthread_create(&thread, NULL, i ? wait_for_ever : load_one_more, third))
				_exit(1);
		wait_for_threads(1);
		(void)!write(pipes[1], "", 1);
		wait_for_ever(NULL);
	}
	close(pipes[1]);
	*ready = pipes[0];
	free(first);
	free(second);
	free(third);
	return pid;
}

static struct callgate_witness *look_at(const struct callgate_tasks *tasks, enum callgate_evidence how)
{
	return look(callgate_tasks_at(tasks, 0), callgate_tasks_count(tasks), how);
}

static void expect_equal(const struct callgate_witness *a, const struct callgate_witness *b, size_t task)
{
	const struct callgate_prog *const *one, *const *other;
	struct callgate_err err = CALLGATE_ERR_INIT;
	size_t stack, count, more;

	cr_assert_eq(callgate_witness_task(a, task, &stack, &err), 0, "%s", err.text);
	one = callgate_witness_stack(a, stack, &count);
	cr_assert_eq(callgate_witness_task(b, task, &stack, &err), 0, "%s", err.text);
	other = callgate_witness_stack(b, stack, &more);
	cr_assert_eq(count, more);
	cr_assert(count == 2 || count == 3);
	for (size_t i = 0; i < count; i++) {
		cr_assert_eq(one[i]->count, other[i]->count);
		cr_assert_eq(one[i]->flags, other[i]->flags, "filter %zu: flags %x and %x", i, one[i]->flags,
			     other[i]->flags);
		cr_assert_eq(memcmp(one[i]->insns, other[i]->insns, one[i]->count * sizeof(one[i]->insns[0])), 0);
	}
	cr_assert_eq(one[1]->flags, SECCOMP_FILTER_FLAG_LOG);
}

Test(witness, iterator_and_ptrace_say_the_same_of_every_thread)
{
	struct callgate_witness *at_once, *one_by_one;
	struct callgate_tasks *tasks;
	int ready;
	pid_t pid = start(&ready);
	char byte;

	cr_assert_eq(read(ready, &byte, 1), 1);
	cr_assert_eq(callgate_tasks_list(CALLGATE_SCOPE_PROCESS, pid, &tasks, NULL), 0);
	cr_assert_eq(callgate_tasks_count(tasks), THREADS + 1);
	at_once = look_at(tasks, CALLGATE_EVIDENCE_ITERATOR);
	one_by_one = look_at(tasks, CALLGATE_EVIDENCE_PTRACE);
	for (size_t i = 0; i < callgate_tasks_count(tasks); i++)
		expect_equal(at_once, one_by_one, i);
	cr_assert_eq(callgate_witness_stacks(at_once), 2);
	cr_assert_eq(callgate_witness_stacks(one_by_one), 2);
	callgate_witness_free(at_once);
	callgate_witness_free(one_by_one);
	callgate_tasks_free(tasks);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

Test(witness, sees_the_one_thread_that_lacks_a_filter)
{
	struct callgate_prog *third = deny(SYS_mknod, SECCOMP_RET_ERRNO | 79),
			     *first = deny(SYS_mkdir, SECCOMP_RET_ERRNO | 77);
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_tasks *tasks;
	size_t lacking = 0, has = 0, count;
	int ready;
	pid_t pid = start(&ready);
	char byte;

	cr_assert_eq(read(ready, &byte, 1), 1);
	cr_assert_eq(callgate_tasks_list(CALLGATE_SCOPE_PROCESS, pid, &tasks, NULL), 0);
	count = callgate_tasks_count(tasks);
	callgate_witness_free(look_at(tasks, CALLGATE_EVIDENCE_ANY));
	cr_assert_eq(witness_have(callgate_tasks_at(tasks, 0), count, first, &lacking, &err), 0, "%s", err.text);
	cr_assert_eq(witness_have(callgate_tasks_at(tasks, 0), count, third, &lacking, &err), CALLGATE_E_MISMATCH);
	/* One thread has it, as its newest; whoever is behind it has not. */
	while (has < count && witness_have(callgate_tasks_at(tasks, has), 1, third, &lacking, &err) < 0)
		has++;
	cr_assert_lt(has, count, "nobody has it");
	lacking = 99;
	cr_assert_eq(witness_have(callgate_tasks_at(tasks, has), 1, third, &lacking, &err), 0, "%s", err.text);
	cr_assert_eq(lacking, 99, "it lacks nothing");
	if (has + 1 < count) {
		cr_assert_eq(witness_have(callgate_tasks_at(tasks, has), 2, third, &lacking, &err),
			     CALLGATE_E_MISMATCH);
		cr_assert_eq(lacking, 1);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	cr_assert_eq(witness_have(callgate_tasks_at(tasks, 0), count, third, &lacking, &err), 0,
		     "the ended lack nothing: %s", err.text);
	callgate_tasks_free(tasks);
	free(first);
	free(third);
}

/* ptrace cannot have what another tracer has; the iterator can look at it. */
Test(witness, reads_a_traced_process)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_witness *witness;
	struct callgate_tasks *tasks;
	size_t stack, count;
	int ready;
	pid_t pid = start(&ready);
	char byte;

	cr_assert_eq(read(ready, &byte, 1), 1);
	cr_assert_eq(ptrace(PTRACE_SEIZE, pid, 0, 0), 0);
	cr_assert_eq(callgate_tasks_list(CALLGATE_SCOPE_PROCESS, pid, &tasks, NULL), 0);
	witness = look_at(tasks, CALLGATE_EVIDENCE_ITERATOR);
	cr_assert_eq(callgate_witness_task(witness, 0, &stack, &err), 0, "%s", err.text);
	callgate_witness_stack(witness, stack, &count);
	cr_assert_eq(count, 2);
	callgate_witness_free(witness);
	witness = look_at(tasks, CALLGATE_EVIDENCE_PTRACE);
	cr_assert_eq(callgate_witness_task(witness, 0, &stack, &err), CALLGATE_E_PERM);
	callgate_witness_free(witness);
	callgate_tasks_free(tasks);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

Test(witness, lifts_a_stack_once_and_counts_threads)
{
	const struct callgate_call mkdir_call = { .abi = abi_native(), .nr = SYS_mkdir };
	const struct callgate_filter *filter = NULL, *again = NULL;
	struct callgate_action action;
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct witness_counts counts;
	struct callgate_witness *witness;
	struct callgate_tasks *tasks;
	size_t past;
	int ready;
	pid_t pid = start(&ready);
	char byte;

	cr_assert_eq(read(ready, &byte, 1), 1);
	cr_assert_eq(witness_count(pid, &counts, &err), 0, "%s", err.text);
	cr_assert_eq(counts.threads, THREADS + 1);
	cr_assert_eq(counts.fewest, 2);
	cr_assert_eq(counts.most, 3);
	cr_assert_eq(counts.unfiltered, 0);
	cr_assert_eq(callgate_tasks_list(CALLGATE_SCOPE_PROCESS, pid, &tasks, NULL), 0);
	witness = look_at(tasks, CALLGATE_EVIDENCE_ANY);
	cr_assert_eq(callgate_witness_filter(witness, 0, &filter, &err), 0, "%s", err.text);
	cr_assert_eq(callgate_witness_filter(witness, 0, &again, &err), 0, "%s", err.text);
	cr_assert_eq(filter, again);
	cr_assert_eq(callgate_filter_decide(filter, &mkdir_call, &action, NULL), 0);
	cr_assert(action.kind == CALLGATE_ERRNO && action.data == 77);
	past = callgate_witness_stacks(witness);
	cr_assert_eq(callgate_witness_filter(witness, past, &again, &err), CALLGATE_E_ARG);
	cr_assert_null(callgate_witness_stack(witness, past, NULL));
	cr_assert_null(callgate_witness_stack(NULL, 0, NULL));
	cr_assert_eq(callgate_witness_task(witness, THREADS + 1, &past, &err), CALLGATE_E_ARG);
	cr_assert_eq(callgate_witness_task(NULL, 0, &past, &err), CALLGATE_E_ARG);
	cr_assert_eq(callgate_witness_task(witness, 0, NULL, &err), CALLGATE_E_ARG);
	cr_assert_eq(callgate_witness_filter(NULL, 0, &again, &err), CALLGATE_E_ARG);
	cr_assert_eq(callgate_witness_filter(witness, 0, NULL, &err), CALLGATE_E_ARG);
	callgate_witness_free(witness);
	callgate_tasks_free(tasks);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* A process whose first thread has ended, and one that has ended altogether and that nobody has waited for. */
static void *end_the_process(void *data)
{
	char byte;

	(void)!read(*(int *)data, &byte, 1);
	_exit(0);
}

Test(witness, what_has_ended_lacks_nothing_and_counts_for_nothing)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct witness_counts counts = { 0 };
	struct callgate_witness *witness;
	struct callgate_tasks *tasks;
	siginfo_t info;
	size_t stack;
	int pipes[2];
	pid_t pid;

	cr_assert_eq(pipe(pipes), 0);
	pid = fork();
	if (pid == 0) {
		pthread_t thread;

		close(pipes[1]); /* it ends when this test does */
		if (pthread_create(&thread, NULL, end_the_process, &pipes[0]))
			_exit(1);
		pthread_exit(NULL);
	}
	/* Until the first thread is a zombie: the other one lives. */
	for (unsigned i = 0; i < 500 && (counts.threads != 1 || counts.unfiltered == pid); i++) {
		usleep(10000);
		cr_assert_eq(witness_count(pid, &counts, &err), 0, "%s", err.text);
	}
	cr_assert_eq(counts.threads, 1);
	cr_assert_neq(counts.unfiltered, pid);
	/* It is listed while it lives and looked at when it has ended. */
	cr_assert_eq(callgate_tasks_list(CALLGATE_SCOPE_PROCESS, pid, &tasks, &err), 0, "%s", err.text);
	cr_assert_eq(write(pipes[1], "", 1), 1);
	cr_assert_eq(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	cr_assert_eq(witness_count(pid, &counts, &err), CALLGATE_E_NOTFOUND);
	cr_assert_eq(counts.threads, 1, "nothing is written");
	witness = look_at(tasks, CALLGATE_EVIDENCE_PTRACE);
	for (size_t i = 0; i < callgate_tasks_count(tasks); i++)
		cr_assert_eq(callgate_witness_task(witness, i, &stack, &err), CALLGATE_E_NOTFOUND, "%s", err.text);
	callgate_witness_free(witness);
	callgate_tasks_free(tasks);
	waitpid(pid, NULL, 0);
}

/* Who asks for the iterator alone gets no other evidence in its place. */
Test(witness, refuses_as_a_whole_what_it_cannot_do)
{
	struct callgate_task task = { .pid = getpid(), .tid = getpid() };
	struct callgate_witness *witness = NULL;
	int status;
	pid_t pid;

	cr_assert_eq(callgate_witness_read(NULL, 1, CALLGATE_EVIDENCE_ANY, &witness, NULL), CALLGATE_E_ARG);
	cr_assert_eq(callgate_witness_read(&task, 1, CALLGATE_EVIDENCE_ANY, NULL, NULL), CALLGATE_E_ARG);
	cr_assert_null(witness);
	pid = fork();
	if (pid == 0) {
		int r = geteuid() == 0 && setuid(65534) < 0
				? 0
				: callgate_witness_read(&task, 1, CALLGATE_EVIDENCE_ITERATOR, &witness, NULL);

		_exit(r == CALLGATE_E_PERM || r == CALLGATE_E_UNSUPPORTED ? 0 : 1);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_eq(status, 0, "without privileges there is no iterator");
	pid = fork();
	if (pid == 0)
		_exit(geteuid() == 0 && setuid(65534) < 0
			      ? 0
			      : -callgate_witness_read(&task, 1, CALLGATE_EVIDENCE_ANY, &witness, NULL));
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_eq(status, 0, "where any evidence will do, what there is none of is said of the task");
}

/* Pairs of threads with the same words, above a filter that all have; of two pairs with the same words the second one's
 * are logged. */
enum { PAIRS = 60 };
static pid_t *thread_ids; /* shared with the process that has them */

static struct callgate_prog *of_pair(unsigned pair)
{
	struct callgate_prog *prog = deny(SYS_mkdir, SECCOMP_RET_ERRNO | (pair / 2 + 1));

	prog->flags = pair % 2 ? SECCOMP_FILTER_FLAG_LOG : 0;
	return prog;
}

static void *load_of_pair(void *data)
{
	if (callgate_prog_load(deny(SYS_rmdir, SECCOMP_RET_ERRNO | 78), CALLGATE_NNP_YES, NULL) < 0)
		_exit(1);
	thread_ids[(uintptr_t)data] = gettid();
	return load_one_more(of_pair((unsigned)(uintptr_t)data / 2));
}

static pid_t start_pairs(int *ready)
{
	int pipes[2];
	pid_t pid;

	thread_ids =
		mmap(NULL, 2 * PAIRS * sizeof(*thread_ids), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cr_assert_neq(thread_ids, MAP_FAILED);
	cr_assert_eq(pipe(pipes), 0);
	pid = fork();
	if (pid == 0) {
		pthread_t thread;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (uintptr_t i = 0; i < 2 * PAIRS; i++)
			if (pthread_create(&thread, NULL, load_of_pair, (void *)i))
				_exit(1);
		wait_for_threads(2 * PAIRS);
		(void)!write(pipes[1], "", 1);
		wait_for_ever(NULL);
	}
	close(pipes[1]);
	*ready = pipes[0];
	return pid;
}

static void expect_pairs(const struct callgate_witness *witness, const struct callgate_tasks *tasks)
{
	const struct callgate_prog *const *progs;
	struct callgate_err err = CALLGATE_ERR_INIT;
	size_t stack, count;

	cr_assert_eq(callgate_witness_stacks(witness), PAIRS + 1);
	for (unsigned i = 0; i < 2 * PAIRS; i++) {
		struct callgate_prog *want = of_pair(i / 2);
		size_t at = 0;

		while (callgate_tasks_at(tasks, at)->tid != thread_ids[i])
			at++;
		cr_assert_eq(callgate_witness_task(witness, at, &stack, &err), 0, "%s", err.text);
		progs = callgate_witness_stack(witness, stack, &count);
		cr_assert_eq(count, 2);
		cr_assert_eq(progs[1]->flags, want->flags, "thread %u", i);
		cr_assert_eq(memcmp(progs[1]->insns, want->insns, 4 * sizeof(want->insns[0])), 0, "thread %u", i);
		free(want);
	}
}

Test(witness, tells_apart_who_has_what)
{
	struct callgate_witness *witness;
	struct witness_counts counts;
	struct callgate_tasks *tasks;
	int ready;
	pid_t pid = start_pairs(&ready);
	char byte;

	cr_assert_eq(read(ready, &byte, 1), 1);
	cr_assert_eq(callgate_tasks_list(CALLGATE_SCOPE_PROCESS, pid, &tasks, NULL), 0);
	cr_assert_eq(callgate_tasks_count(tasks), 2 * PAIRS + 1);
	cr_assert_eq(witness_count(pid, &counts, NULL), 0);
	cr_assert_eq(counts.unfiltered, pid);
	cr_assert_eq(counts.fewest, 0);
	cr_assert_eq(counts.most, 2);
	witness = look_at(tasks, CALLGATE_EVIDENCE_ITERATOR);
	expect_pairs(witness, tasks);
	callgate_witness_free(witness);
	witness = look_at(tasks, CALLGATE_EVIDENCE_PTRACE);
	expect_pairs(witness, tasks);
	callgate_witness_free(witness);
	callgate_tasks_free(tasks);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	cr_assert_eq(witness_count(pid, &counts, NULL), CALLGATE_E_NOTFOUND, "nobody has this number any more");
}

static pid_t start_crowd(int *ready, unsigned threads)
{
	struct callgate_prog *only = deny(SYS_mkdir, SECCOMP_RET_ERRNO | 77);
	pthread_attr_t small;
	pthread_t thread;
	int pipes[2];
	pid_t pid;

	cr_assert_eq(pipe(pipes), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* whatever becomes of the test */
		pthread_attr_init(&small);
		pthread_attr_setstacksize(&small, 16384);
		if (callgate_prog_load(only, CALLGATE_NNP_YES, NULL) < 0)
			_exit(1);
		for (unsigned i = 1; i < threads; i++)
			if (pthread_create(&thread, &small, wait_for_ever, NULL))
				_exit(1);
		(void)!write(pipes[1], "", 1);
		wait_for_ever(NULL);
	}
	close(pipes[1]);
	*ready = pipes[0];
	free(only);
	return pid;
}

/* 1,000 tasks that share one filter: read at once, nobody stopped, the filter once. The CPU time is printed;
 * machines differ. */
Test(witness, reads_a_thousand_tasks_of_one_filter, .timeout = 20)
{
	enum { TASKS = 1000, ROUNDS = 5 };
	double least = 1e9;
	struct callgate_tasks *tasks;
	int ready;
	pid_t pid = start_crowd(&ready, TASKS);
	char byte;

	if (read(ready, &byte, 1) != 1) {
		waitpid(pid, NULL, 0);
		cr_skip_test("no 1,000 threads, or no filter, here");
	}
	cr_assert_eq(callgate_tasks_list(CALLGATE_SCOPE_PROCESS, pid, &tasks, NULL), 0);
	cr_assert_eq(callgate_tasks_count(tasks), TASKS);
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct timespec from, to;
		struct callgate_witness *witness;
		double took;

		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
		witness = look_at(tasks, CALLGATE_EVIDENCE_ITERATOR);
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
		took = 1e3 * (double)(to.tv_sec - from.tv_sec) + 1e-6 * (double)(to.tv_nsec - from.tv_nsec);
		least = took < least ? took : least;
		cr_assert_eq(callgate_witness_stacks(witness), 1);
		callgate_witness_free(witness);
	}
	cr_log_info("1,000 tasks that share one filter: %.2f ms\n", least);
	callgate_tasks_free(tasks);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	if (least >= 10)
		cr_skip_test("slow machine: %.2f ms for 1,000 tasks", least);
}
