/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whom a witness answers for: tasks with, without and with many filters, ended and exchanged ones, and what a kernel
 * that shows less leaves unknown. */
#include <criterion/criterion.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "callgate.h"
#include "kernel/iterator.h"
#include "kernel/status.h"
#include "kernel/witness.h"
#include "names/abi.h"
#include "tests/unit/filtered.h"
#include "tests/unit/memory.h"

static const enum callgate_evidence ways[] = { CALLGATE_EVIDENCE_ITERATOR, CALLGATE_EVIDENCE_PTRACE,
					       CALLGATE_EVIDENCE_ANY };
enum { WAYS = sizeof(ways) / sizeof(ways[0]) };

/* ------------------------------------------------------------------ a kernel that shows less */

/* The linker sends the witness here: tests_unit_unit_LDFLAGS. */
int __real_iterator_read(struct iterator_reading *out, struct callgate_err *err);
int __wrap_iterator_read(struct iterator_reading *out, struct callgate_err *err);

static uint64_t compiled;                                /* in the last reading, all filters of the machine */
static unsigned readings;                                /* so far */
static void (*reduce)(struct iterator_reading *reading); /* NULL: what there is */

int __wrap_iterator_read(struct iterator_reading *out, struct callgate_err *err)
{
	int r = __real_iterator_read(out, err);

	readings++;
	compiled = 0;
	for (size_t i = 0; r == 0 && i < out->filter_count; i++)
		compiled += out->filters[i].compiled;
	if (r == 0 && reduce)
		reduce(out);
	return r;
}

/* As without CONFIG_CHECKPOINT_RESTORE. */
static void keep_no_programs(struct iterator_reading *reading)
{
	for (size_t i = 0; i < reading->filter_count; i++)
		reading->filters[i].insns = NULL;
}

static void show_no_filters(struct iterator_reading *reading)
{
	reading->filter_count = 0;
}

/* A task that was changing between the looks: the first reading does not have it. */
static pid_t changing;

static void leave_out_once(struct iterator_reading *reading)
{
	struct iterator_task *tasks = reading->tasks;

	if (readings > 1)
		return;
	for (size_t i = 0; i < reading->task_count; i++)
		if (tasks[i].tid == changing) {
			memmove(&tasks[i], &tasks[i + 1], (--reading->task_count - i) * sizeof(*tasks));
			reading->unconfirmed++;
			return;
		}
}

/* ------------------------------------------------------------------ tasks of all kinds */

/* A process whose threads have so many filters of their own, thread i's one by one from mkdir's errno 1 on. */
struct process {
	pid_t pid;
	size_t count;
	pid_t *tids; /* shared with it */
	struct callgate_task *tasks;
};

struct thread {
	unsigned filters;
	pid_t *tid;
};

static void *load_and_wait(void *data)
{
	const struct thread *self = data;

	for (unsigned i = 1; i <= self->filters; i++)
		if (callgate_prog_load(deny(SYS_mkdir, SECCOMP_RET_ERRNO | i), CALLGATE_NNP_YES, NULL) < 0)
			_exit(1);
	__atomic_store_n(self->tid, gettid(), __ATOMIC_SEQ_CST);
	for (;;)
		pause();
	return NULL;
}

static void be_process(const unsigned *filters, size_t count, pid_t *tids, int ready)
{
	struct thread *threads = calloc(count, sizeof(*threads));
	pthread_t thread;

	prctl(PR_SET_PDEATHSIG, SIGKILL); /* whatever becomes of the test */
	for (size_t i = 0; i < count; i++) {
		threads[i] = (struct thread){ filters[i], &tids[i] };
		if (pthread_create(&thread, NULL, load_and_wait, &threads[i]))
			_exit(1);
		while (!__atomic_load_n(&tids[i], __ATOMIC_SEQ_CST))
			usleep(100);
	}
	(void)!write(ready, "", 1);
	for (;;)
		pause();
}

static struct process start(const unsigned *filters, size_t count)
{
	struct process process = { .count = count, .tasks = calloc(count, sizeof(*process.tasks)) };
	int pipes[2];
	char byte;

	process.tids = mmap(NULL, count * sizeof(pid_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cr_assert_neq(process.tids, MAP_FAILED);
	cr_assert_eq(pipe(pipes), 0);
	process.pid = fork();
	if (process.pid == 0)
		be_process(filters, count, process.tids, pipes[1]);
	close(pipes[1]);
	cr_assert_eq(read(pipes[0], &byte, 1), 1, "threads with their filters");
	close(pipes[0]);
	for (size_t i = 0; i < count; i++)
		cr_assert_eq(task_read_id(process.tids[i], &process.tasks[i], NULL, NULL), 0);
	return process;
}

static void end(struct process *process)
{
	kill(process->pid, SIGKILL);
	waitpid(process->pid, NULL, 0);
	munmap(process->tids, process->count * sizeof(pid_t));
	free(process->tasks);
}

/* What a task has: so many filters, each as it was loaded. */
static void expect_filters(const struct callgate_witness *witness, size_t task, size_t filters)
{
	const struct callgate_prog *const *progs;
	struct callgate_err err = CALLGATE_ERR_INIT;
	size_t stack, count = 99;

	cr_assert_eq(callgate_witness_task(witness, task, &stack, &err), 0, "task %zu: %s", task, err.text);
	progs = callgate_witness_stack(witness, stack, &count);
	cr_assert_not_null(progs, "a stack that is there is not past the end");
	cr_assert_eq(count, filters, "task %zu: %zu filters, not %zu", task, count, filters);
	for (size_t i = 0; i < count; i++)
		cr_assert_eq(progs[i]->insns[2].k, SECCOMP_RET_ERRNO | (unsigned)(i + 1));
}

static void expect_unknown(const struct callgate_witness *witness, size_t task, int why)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	size_t stack = 99;

	cr_assert_eq(callgate_witness_task(witness, task, &stack, &err), why, "task %zu: %s", task, err.text);
	cr_assert_eq(err.code, why);
	cr_assert_eq(stack, 99, "nothing is written");
}

/* Who has no filter is told from those that have, whoever is looked at first. */
Test(witness, who_has_no_filter_is_never_given_another_ones)
{
	static const unsigned filters[] = { 1, 0, 2, 0, 1 };
	struct process process = start(filters, 5);

	for (unsigned way = 0; way < WAYS; way++) {
		struct callgate_witness *witness = look(process.tasks, process.count, ways[way]);

		for (size_t i = 0; i < process.count; i++)
			expect_filters(witness, i, filters[i]);
		cr_assert_eq(callgate_witness_stacks(witness), 3);
		cr_assert_null(callgate_witness_stack(witness, 3, NULL));
		callgate_witness_free(witness);
	}
	end(&process);
}

/* A stack without filters stands below every profile; one that is not there stands nowhere. */
Test(witness, a_verdict_is_about_a_stack_that_is_there)
{
	static const unsigned filters[] = { 0, 1 };
	struct process process = start(filters, 2);
	enum callgate_verdict standing = CALLGATE_WEAKER;
	struct callgate_err err = CALLGATE_ERR_INIT;

	for (unsigned way = 0; way < WAYS; way++) {
		struct callgate_witness *witness = look(process.tasks, process.count, ways[way]);
		struct callgate_prog *prog = deny(SYS_mkdir, SECCOMP_RET_ERRNO | 1);
		struct callgate_filter *profile;

		cr_assert_eq(callgate_filter_lift(prog, "profile", abi_native(), &profile, &err), 0, "%s", err.text);
		cr_assert_eq(callgate_witness_verdict(witness, 0, profile, &standing, &err), 0, "%s", err.text);
		cr_assert_eq(standing, CALLGATE_NONE);
		cr_assert_eq(callgate_witness_verdict(witness, 1, profile, &standing, &err), 0, "%s", err.text);
		cr_assert_eq(standing, CALLGATE_EXACT);
		cr_assert_eq(callgate_witness_verdict(witness, 2, profile, &standing, &err), CALLGATE_E_ARG);
		cr_assert_eq(standing, CALLGATE_EXACT, "nothing is written");
		callgate_filter_free(profile);
		free(prog);
		callgate_witness_free(witness);
	}
	end(&process);
}

/* A number that another task has by now says nothing of the one that was asked for. */
Test(witness, another_task_with_the_same_number_is_not_it)
{
	static const unsigned filters[] = { 1, 1, 1 };
	static const int why[WAYS][2] = { { CALLGATE_E_UNSUPPORTED, CALLGATE_E_UNSUPPORTED },
					  { CALLGATE_E_NOTFOUND, 0 },
					  { CALLGATE_E_NOTFOUND, 0 } };
	struct process process = start(filters, 3);

	process.tasks[1].start_time--;
	process.tasks[2].pid = getpid(); /* of the same age: /proc is asked by tid alone */
	for (unsigned way = 0; way < WAYS; way++) {
		struct callgate_witness *witness = look(process.tasks, process.count, ways[way]);

		expect_filters(witness, 0, 1);
		expect_unknown(witness, 1, why[way][0]);
		if (why[way][1])
			expect_unknown(witness, 2, why[way][1]);
		callgate_witness_free(witness);
	}
	end(&process);
}

/* Strict mode has no filter that could be shown, and is not taken for having none. */
Test(witness, strict_mode_is_no_stack)
{
	struct callgate_task task;
	int pipes[2];
	pid_t pid;

	cr_assert_eq(pipe(pipes), 0);
	pid = fork();
	if (pid == 0) {
		char byte;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
		while (read(pipes[0], &byte, 1) > 0)
			;
		syscall(SYS_exit, 0);
	}
	do
		cr_assert_eq(task_read_id(pid, &task, NULL, NULL), 0);
	while (task.mode != CALLGATE_MODE_STRICT);
	for (unsigned way = 0; way < WAYS; way++) {
		struct callgate_witness *witness = look(&task, 1, ways[way]);

		expect_unknown(witness, 0, CALLGATE_E_UNSUPPORTED);
		cr_assert_eq(callgate_witness_stacks(witness), 0);
		callgate_witness_free(witness);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* One that had no filter and one that had one, both ended and not waited for: neither is confined, neither lacks
 * anything. */
Test(witness, the_ended_have_ended_whoever_is_asked)
{
	struct callgate_task tasks[2];
	siginfo_t info;
	size_t stack;

	for (unsigned i = 0; i < 2; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(i &&
			      callgate_prog_load(deny(SYS_mkdir, SECCOMP_RET_ERRNO | 1), CALLGATE_NNP_YES, NULL) < 0);
		cr_assert_eq(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
		cr_assert_eq(info.si_status, 0);
		cr_assert_eq(task_read_id(pid, &tasks[i], NULL, NULL), 0);
	}
	for (unsigned way = 0; way < WAYS; way++) {
		struct callgate_witness *witness = look(tasks, 2, ways[way]);

		expect_unknown(witness, 0, CALLGATE_E_NOTFOUND);
		/* Since Linux 6.11 its filters are gone while they are still counted: the iterator cannot tell why. */
		if (ways[way] != CALLGATE_EVIDENCE_ITERATOR)
			expect_unknown(witness, 1, CALLGATE_E_NOTFOUND);
		else
			cr_assert_lt(callgate_witness_task(witness, 1, &stack, NULL), 0);
		callgate_witness_free(witness);
	}
	while (waitpid(-1, NULL, 0) > 0)
		;
}

/* More filters than the iterator follows: it says so, ptrace knows, and the others are read at once all the same. */
Test(witness, more_filters_than_are_followed_are_read_one_by_one)
{
	static const unsigned filters[] = { ITERATOR_DEPTH + 2, 1, ITERATOR_DEPTH + 2, 0, ITERATOR_DEPTH };
	struct process process = start(filters, 5);
	struct callgate_witness *witness = look(process.tasks, process.count, CALLGATE_EVIDENCE_ITERATOR);

	for (size_t i = 0; i < process.count; i++)
		if (filters[i] > ITERATOR_DEPTH)
			expect_unknown(witness, i, CALLGATE_E_UNSUPPORTED);
		else
			expect_filters(witness, i, filters[i]);
	callgate_witness_free(witness);
	witness = look(process.tasks, process.count, CALLGATE_EVIDENCE_ANY);
	for (size_t i = 0; i < process.count; i++)
		expect_filters(witness, i, filters[i]);
	cr_assert_eq(callgate_witness_stacks(witness), 4);
	cr_assert_eq(callgate_witness_compiled(witness), compiled);
	cr_assert_eq(callgate_witness_compiled(NULL), 0);
	callgate_witness_free(witness);
	end(&process);
}

/* It is looked for once more, and only once; who was seen before and after it is read either way. */
Test(witness, what_was_changing_is_looked_for_once_more)
{
	static const unsigned filters[] = { 1, 2, 0, ITERATOR_DEPTH + 1 };
	struct process process = start(filters, 4);
	struct callgate_witness *witness;

	changing = process.tids[1];
	reduce = leave_out_once;
	readings = 0;
	witness = look(process.tasks, process.count, CALLGATE_EVIDENCE_ITERATOR);
	for (size_t i = 0; i < 3; i++)
		expect_filters(witness, i, filters[i]);
	expect_unknown(witness, 3, CALLGATE_E_UNSUPPORTED);
	cr_assert_eq(readings, 2);
	cr_assert_eq(callgate_witness_stacks(witness), 3);
	callgate_witness_free(witness);
	end(&process);
}

/* Unknown where the iterator alone is asked, from ptrace otherwise; never a stack that is not the task's. */
Test(witness, what_the_kernel_does_not_show_is_unknown)
{
	static void (*const less[])(struct iterator_reading *) = { keep_no_programs, show_no_filters };
	static const unsigned filters[] = { 2, 0, 1 };
	struct process process = start(filters, 3);

	for (unsigned i = 0; i < 2; i++) {
		struct callgate_witness *witness;

		reduce = less[i];
		witness = look(process.tasks, process.count, CALLGATE_EVIDENCE_ITERATOR);
		expect_unknown(witness, 0, CALLGATE_E_UNSUPPORTED);
		expect_filters(witness, 1, 0);
		expect_unknown(witness, 2, CALLGATE_E_UNSUPPORTED);
		cr_assert_eq(callgate_witness_stacks(witness), 1);
		callgate_witness_free(witness);
		witness = look(process.tasks, process.count, CALLGATE_EVIDENCE_ANY);
		for (size_t j = 0; j < process.count; j++)
			expect_filters(witness, j, filters[j]);
		callgate_witness_free(witness);
	}
	end(&process);
}

/* Filters that were seen once are not copied again, however many there are: twice as many tasks with the same ones take
 * no more memory than their rows. */
Test(witness, a_filter_is_copied_once)
{
	enum { TASKS = 80, SLACK = 8 /* the machine's other tasks come and go */ };
	unsigned filters[TASKS];
	struct callgate_task twice[2 * TASKS];
	struct callgate_witness *witness;
	struct process process;
	long once, more;

	for (size_t i = 0; i < TASKS; i++)
		filters[i] = 1;
	process = start(filters, TASKS);
	memcpy(twice, process.tasks, sizeof(twice) / 2);
	memcpy(twice + TASKS, process.tasks, sizeof(twice) / 2);
	once = memory_requests();
	callgate_witness_free(look(twice, TASKS, CALLGATE_EVIDENCE_ITERATOR));
	once = memory_requests() - once;
	more = memory_requests();
	witness = look(twice, 2 * TASKS, CALLGATE_EVIDENCE_ITERATOR);
	more = memory_requests() - more;
	cr_assert_leq(more, once + SLACK, "%ld requests for memory, %ld for half the tasks", more, once);
	for (size_t i = 0; i < 2 * TASKS; i++)
		expect_filters(witness, i, 1);
	cr_assert_eq(callgate_witness_stacks(witness), 1);
	callgate_witness_free(witness);
	end(&process);
}
