/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All tasks at once by the task iterator, single ones by ptrace where that is not to be had. Tasks with the same
 * filters share one stack: by the kernel's object first, by the programs' words then. */
#include "kernel/witness.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "kernel/dump.h"
#include "kernel/iterator.h"
#include "kernel/status.h"
#include "names/abi.h"

enum { NO_STACK = -1 };

struct stack {
	struct callgate_prog **progs; /* the oldest first */
	size_t count;
	struct callgate_filter *met; /* made when it is first asked for */
};

struct testimony {
	long stack; /* NO_STACK: err says why */
	struct callgate_err *err;
};

/* A kernel object and the stack that it is the top of. */
struct top {
	uint64_t id;
	size_t stack;
};

struct callgate_witness {
	struct stack *stacks;
	size_t stack_count, stack_room;
	struct testimony *tasks;
	size_t task_count;
	struct top *tops; /* by a hash of id, in places that are a power of two; id 0: free, and is no filter's */
	size_t top_count, top_room;
	long bare; /* the stack of those without a filter; NO_STACK: none seen */
	uint64_t compiled;
};

/* ------------------------------------------------------------------ stacks */

static bool same_words(const struct callgate_prog *a, const struct callgate_prog *b)
{
	return a->count == b->count && memcmp(a->insns, b->insns, a->count * sizeof(a->insns[0])) == 0;
}

static bool is_stack(const struct stack *stack, struct callgate_prog *const progs[], size_t count)
{
	if (stack->count != count)
		return false;
	for (size_t i = 0; i < count; i++)
		if (stack->progs[i]->flags != progs[i]->flags || !same_words(stack->progs[i], progs[i]))
			return false;
	return true;
}

/* Takes progs over, also when it fails. */
static int add_stack(struct callgate_witness *witness, struct callgate_prog **progs, size_t count, size_t *out,
		     struct callgate_err *err)
{
	for (size_t i = 0; i < witness->stack_count; i++) {
		if (is_stack(&witness->stacks[i], progs, count)) {
			kernel_dump_free(progs, count);
			*out = i;
			return 0;
		}
	}
	if (witness->stack_count == witness->stack_room) {
		size_t room = witness->stack_room ? witness->stack_room * 2 : 16;
		struct stack *grown = realloc(witness->stacks, room * sizeof(*grown));

		if (!grown) {
			kernel_dump_free(progs, count);
			return err_nomem(err);
		}
		witness->stacks = grown;
		witness->stack_room = room;
	}
	*out = witness->stack_count;
	witness->stacks[witness->stack_count++] = (struct stack){ .progs = progs, .count = count };
	return 0;
}

/* ------------------------------------------------------------------ by the iterator */

static int collect(const struct iterator_reading *reading, const struct iterator_task *task,
		   struct callgate_prog ***out, struct callgate_err *err)
{
	size_t count = (size_t)task->filters;
	struct callgate_prog **progs = calloc(count ? count : 1, sizeof(*progs));
	uint64_t id = task->newest;
	int r = 0;

	if (!progs)
		return err_nomem(err);
	for (size_t i = count; r == 0 && i-- > 0;) {
		const struct iterator_filter *filter = iterator_filter(reading, id);

		if (!filter || !filter->insns)
			r = err_set(err, CALLGATE_E_UNSUPPORTED, "the kernel does not show the filters of process %ld",
				    (long)task->tid);
		else
			r = prog_new(filter->insns, filter->count, &progs[i], err);
		if (r == 0)
			progs[i]->flags = filter->log ? SECCOMP_FILTER_FLAG_LOG : 0;
		id = filter ? filter->below : 0;
	}
	if (r < 0) {
		kernel_dump_free(progs, count);
		return r;
	}
	*out = progs;
	return 0;
}

/* Where the id is, or belongs. */
static struct top *top_place(const struct callgate_witness *witness, uint64_t id)
{
	size_t at = (size_t)((id * 0x9e3779b97f4a7c15u) >> 20) & (witness->top_room - 1);

	while (witness->tops[at].id && witness->tops[at].id != id)
		at = (at + 1) & (witness->top_room - 1);
	return &witness->tops[at];
}

static long find_top(const struct callgate_witness *witness, uint64_t id)
{
	const struct top *top;

	if (!id || !witness->top_count)
		return id ? NO_STACK : witness->bare;
	top = top_place(witness, id);
	return top->id ? (long)top->stack : NO_STACK;
}

static int grow_tops(struct callgate_witness *witness, struct callgate_err *err)
{
	size_t room = witness->top_room;
	struct top *old = witness->tops, *grown = calloc(room ? room * 2 : 64, sizeof(*grown));

	if (!grown)
		return err_nomem(err);
	witness->tops = grown;
	witness->top_room = room ? room * 2 : 64;
	for (size_t i = 0; i < room; i++)
		if (old[i].id)
			*top_place(witness, old[i].id) = old[i];
	free(old);
	return 0;
}

static int remember_top(struct callgate_witness *witness, struct top top, struct callgate_err *err)
{
	if (!top.id) {
		witness->bare = (long)top.stack;
		return 0;
	}
	if (witness->top_count >= witness->top_room / 2 && grow_tops(witness, err) < 0)
		return CALLGATE_E_NOMEM;
	*top_place(witness, top.id) = top;
	witness->top_count++;
	return 0;
}

static void forget_tops(struct callgate_witness *witness)
{
	if (witness->tops)
		memset(witness->tops, 0, witness->top_room * sizeof(*witness->tops));
	witness->top_count = 0;
	witness->bare = NO_STACK;
}

/* 1: the iterator has answered; 0: it cannot, another way is to be tried; negative: an error. */
static int by_iterator(struct callgate_witness *witness, const struct iterator_reading *reading,
		       const struct callgate_task *task, struct testimony *out, struct callgate_err *err)
{
	const struct iterator_task *seen = iterator_task(reading, task->tid);
	struct callgate_prog **progs = NULL;
	size_t stack = 0;
	long known;
	int r;

	if (!seen || seen->pid != task->pid || seen->start_time != task->start_time ||
	    seen->mode == CALLGATE_MODE_STRICT)
		return 0;
	/*
	 * The mode is set after the first filter, and a task gives its filters back only when it exits, after its last
	 * instruction of user space (Linux 6.11: seccomp_filter_release() in do_exit()). The flag may have been read
	 * just before.
	 */
	if (seen->ending || (seen->mode == CALLGATE_MODE_FILTER && !seen->newest))
		return err_set(err, CALLGATE_E_NOTFOUND, "process %ld has ended", (long)task->tid);
	known = find_top(witness, seen->newest);
	if (known != NO_STACK) {
		out->stack = known;
		return 1;
	}
	r = collect(reading, seen, &progs, err);
	if (r == CALLGATE_E_UNSUPPORTED)
		return 0;
	if (r == 0)
		r = add_stack(witness, progs, (size_t)seen->filters, &stack, err);
	if (r == 0)
		r = remember_top(witness, (struct top){ seen->newest, stack }, err);
	if (r < 0)
		return r;
	out->stack = (long)stack;
	return 1;
}

/* ------------------------------------------------------------------ by ptrace */

/* The id must mean the same task before and after. */
static int is_still(const struct callgate_task *task, struct callgate_err *err)
{
	struct callgate_task now;
	struct task_detail detail;
	int r = task_read_id(task->tid, &now, &detail, err);

	if (r == 0 && (now.start_time != task->start_time || state_has_ended(detail.state)))
		r = err_set(err, CALLGATE_E_NOTFOUND, "process %ld has ended", (long)task->tid);
	return r;
}

static int by_ptrace(struct callgate_witness *witness, const struct callgate_task *task, struct testimony *out,
		     struct callgate_err *err)
{
	struct callgate_prog **progs = NULL;
	size_t count = 0, stack;
	int r = is_still(task, err);

	if (r == 0)
		r = kernel_dump(task->tid, &progs, &count, err);
	if (r < 0)
		return r;
	r = is_still(task, err);
	if (r < 0) {
		kernel_dump_free(progs, count);
		return r;
	}
	r = add_stack(witness, progs, count, &stack, err);
	if (r == 0)
		out->stack = (long)stack;
	return r;
}

/* ------------------------------------------------------------------ the reading */

static int testify(struct callgate_witness *witness, const struct iterator_reading *reading,
		   const struct callgate_task *task, struct testimony *out, enum callgate_evidence how)
{
	struct callgate_err why = CALLGATE_ERR_INIT;
	int r = reading ? by_iterator(witness, reading, task, out, &why) : 0;

	if (r == 0 && how == CALLGATE_EVIDENCE_ITERATOR)
		r = err_set(&why, CALLGATE_E_UNSUPPORTED, "the task iterator did not see process %ld twice",
			    (long)task->tid);
	if (r == 0)
		r = by_ptrace(witness, task, out, &why);
	if (r >= 0)
		return 0;
	if (r == CALLGATE_E_NOMEM)
		return r;
	out->err = malloc(sizeof(*out->err));
	if (!out->err)
		return CALLGATE_E_NOMEM;
	*out->err = why;
	return 0;
}

static int read_all(struct callgate_witness *witness, const struct callgate_task *tasks, enum callgate_evidence how,
		    struct callgate_err *err)
{
	struct iterator_reading reading;
	bool at_once = false, reread = false;
	int r = 0;

	if (how != CALLGATE_EVIDENCE_PTRACE) {
		r = iterator_read(&reading, err);
		at_once = r == 0;
	}
	if (r < 0 && (r == CALLGATE_E_NOMEM || how == CALLGATE_EVIDENCE_ITERATOR))
		return r;
	r = 0;
	for (size_t i = 0; r == 0 && i < witness->task_count; i++) {
		/* A task that was changing meanwhile may be in a later reading, and may be traced by another than us.
		 * What no look saw (it has ended, or the kernel hides it) would not be there either. */
		if (at_once && reading.unconfirmed && !reread && !iterator_task(&reading, tasks[i].tid)) {
			iterator_release(&reading);
			reread = true;
			forget_tops(witness); /* ids hold within one reading */
			at_once = iterator_read(&reading, err) == 0;
		}
		r = testify(witness, at_once ? &reading : NULL, &tasks[i], &witness->tasks[i], how);
	}
	for (size_t i = 0; at_once && i < reading.filter_count; i++)
		witness->compiled += reading.filters[i].compiled;
	if (at_once)
		iterator_release(&reading);
	return r < 0 ? err_nomem(err) : 0;
}

int callgate_witness_read(const struct callgate_task *tasks, size_t count, enum callgate_evidence how,
			  struct callgate_witness **out, struct callgate_err *err)
{
	struct callgate_witness *witness;
	int r;

	if ((!tasks && count) || !out)
		return err_missing(err);
	witness = calloc(1, sizeof(*witness));
	if (witness)
		witness->tasks = calloc(count ? count : 1, sizeof(*witness->tasks));
	if (!witness || !witness->tasks) {
		callgate_witness_free(witness);
		return err_nomem(err);
	}
	witness->task_count = count;
	witness->bare = NO_STACK;
	for (size_t i = 0; i < count; i++)
		witness->tasks[i].stack = NO_STACK;
	r = read_all(witness, tasks, how, err);
	if (r < 0)
		callgate_witness_free(witness);
	else
		*out = witness;
	return r;
}

uint64_t callgate_witness_compiled(const struct callgate_witness *witness)
{
	return witness ? witness->compiled : 0;
}

size_t callgate_witness_stacks(const struct callgate_witness *witness)
{
	return witness ? witness->stack_count : 0;
}

const struct callgate_prog *const *callgate_witness_stack(const struct callgate_witness *witness, size_t stack,
							  size_t *count)
{
	static const struct callgate_prog *const none[1]; /* NULL is past the end */
	const struct stack *at;

	if (!witness || stack >= witness->stack_count)
		return NULL;
	at = &witness->stacks[stack];
	if (count)
		*count = at->count;
	return at->count ? (const struct callgate_prog *const *)at->progs : none;
}

int callgate_witness_task(const struct callgate_witness *witness, size_t task, size_t *stack, struct callgate_err *err)
{
	const struct testimony *testimony;

	if (!witness || !stack)
		return err_missing(err);
	if (task >= witness->task_count)
		return err_set(err, CALLGATE_E_ARG, "no task %zu", task);
	testimony = &witness->tasks[task];
	if (testimony->stack == NO_STACK)
		return err_set(err, testimony->err->code, "%s", testimony->err->text);
	*stack = (size_t)testimony->stack;
	return 0;
}

int callgate_witness_filter(struct callgate_witness *witness, size_t stack, const struct callgate_filter **out,
			    struct callgate_err *err)
{
	struct stack *at;
	int r = 0;

	if (!witness || !out)
		return err_missing(err);
	if (stack >= witness->stack_count)
		return err_set(err, CALLGATE_E_ARG, "no stack %zu", stack);
	at = &witness->stacks[stack];
	if (!at->met)
		r = kernel_dump_lift((const struct callgate_prog *const *)at->progs, at->count, "live", &at->met, err);
	if (r)
		return err_negative(r);
	*out = at->met;
	return 0;
}

struct callgate_witness *callgate_witness_free(struct callgate_witness *witness)
{
	if (!witness)
		return NULL;
	for (size_t i = 0; i < witness->stack_count; i++) {
		kernel_dump_free(witness->stacks[i].progs, witness->stacks[i].count);
		callgate_filter_free(witness->stacks[i].met);
	}
	for (size_t i = 0; witness->tasks && i < witness->task_count; i++)
		free(witness->tasks[i].err);
	free(witness->stacks);
	free(witness->tasks);
	free(witness->tops);
	free(witness);
	return NULL;
}

/* ------------------------------------------------------------------ what appliers ask */

bool witness_stack_has(const struct callgate_witness *witness, size_t stack, const struct callgate_prog *prog)
{
	const struct stack *at = &witness->stacks[stack];

	for (size_t i = 0; i < at->count; i++)
		if (same_words(at->progs[i], prog))
			return true;
	return false;
}

/* ------------------------------------------------------------------ counts */

/* One that has ended does not count. */
static int count_thread(int tasks, const char *name, struct witness_counts *counts, struct callgate_err *err)
{
	struct callgate_task task;
	struct task_detail detail;
	int r = task_read_in(tasks, name, &task, &detail, err);

	if (r == CALLGATE_E_NOTFOUND || (r == 0 && state_has_ended(detail.state)))
		return 0;
	if (r < 0)
		return r;
	if (task.mode == CALLGATE_MODE_NONE)
		task.filters = 0;
	if (task.mode != CALLGATE_MODE_FILTER)
		counts->unfiltered = task.tid;
	if (!counts->threads || task.filters < counts->fewest)
		counts->fewest = task.filters;
	if (!counts->threads || task.filters > counts->most)
		counts->most = task.filters;
	counts->threads++;
	return 0;
}

int witness_count(pid_t pid, struct witness_counts *out, struct callgate_err *err)
{
	struct witness_counts counts = { 0 };
	struct dirent *entry;
	char path[64];
	int r = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%ld/task", (long)pid);
	dir = opendir(path);
	if (!dir)
		return err_set_errno(err, errno == ENOENT || errno == ESRCH ? CALLGATE_E_NOTFOUND : CALLGATE_E_IO,
				     errno, path, "cannot open");
	while (r == 0 && (entry = readdir(dir)))
		if (isdigit((unsigned char)entry->d_name[0]))
			r = count_thread(dirfd(dir), entry->d_name, &counts, err);
	closedir(dir);
	if (r == 0 && !counts.threads)
		r = err_set(err, CALLGATE_E_NOTFOUND, "process %ld has ended", (long)pid);
	if (r)
		return err_negative(r);
	*out = counts;
	return 0;
}
