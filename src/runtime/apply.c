/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Passes over a container until one finds every thread of every task with the filter. Who was born of a task that had
 * it has it too; who was born of another has not, whatever filters it shows. */
#include "runtime/apply.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/sized.h"
#include "kernel/witness.h"
#include "runtime/tasks.h"

enum { PASSES = 32 };

struct seen {
	pid_t pid;
	uint64_t start_time;
};

struct passes {
	const struct apply *apply;
	struct seen *seen; /* processes that were served */
	size_t count, room;
	int result; /* of the first process that was not served */
	struct callgate_err *err;
};

/* What one pass has found. */
struct found {
	size_t lacking; /* processes that lack the filter, or may lack it */
	size_t ended;   /* tasks that ended before they could be looked at: what they have started is unknown */
};

static bool is_seen(const struct passes *passes, const struct callgate_task *task)
{
	for (size_t i = 0; i < passes->count; i++)
		if (passes->seen[i].pid == task->pid && passes->seen[i].start_time == task->start_time)
			return true;
	return false;
}

static int remember(struct passes *passes, const struct callgate_task *task)
{
	if (passes->count == passes->room) {
		size_t room = passes->room ? passes->room * 2 : 64;
		struct seen *grown = realloc(passes->seen, room * sizeof(*grown));

		if (!grown)
			return err_nomem(passes->err);
		passes->seen = grown;
		passes->room = room;
	}
	passes->seen[passes->count++] = (struct seen){ task->pid, task->start_time };
	return 0;
}

/* Whether a task has the filter. Where the kernel does not show it: only a process that was served, whose threads were
 * counted then. */
enum having { HAS, LACKS, ENDED, UNKNOWN };

static enum having look(const struct passes *passes, const struct callgate_witness *witness, size_t task)
{
	size_t stack;
	int r = callgate_witness_task(witness, task, &stack, NULL);

	if (r == CALLGATE_E_NOTFOUND)
		return ENDED;
	if (r < 0)
		return UNKNOWN;
	return witness_stack_has(witness, stack, passes->apply->prog) ? HAS : LACKS;
}

/* A process that ends while we look at it needs no filter. */
static void serve(struct passes *passes, pid_t pid)
{
	const struct apply *apply = passes->apply;
	struct callgate_err why = CALLGATE_ERR_INIT;
	struct callgate_injected done = CALLGATE_INJECTED_INIT;
	int r = callgate_process_inject(pid, apply->prog, &apply->how, &done, &why);

	if (r == CALLGATE_E_NOTFOUND && apply->scope != CALLGATE_SCOPE_PROCESS)
		return;
	if (apply->how.visit)
		apply->how.visit(apply->how.data, pid, r < 0 ? NULL : &done, r, &why);
	if (r < 0 && passes->result == 0) {
		passes->result = r;
		err_set(passes->err, r, "%s", why.text);
		if (passes->err)
			passes->err->sys_errno = why.sys_errno;
	}
}

/* The tasks from one on that are of the same process; *having: the worst of its threads. */
static size_t look_at_process(const struct passes *passes, const struct callgate_witness *witness,
			      const struct callgate_tasks *tasks, size_t first, enum having *having)
{
	size_t next = first;

	*having = HAS;
	for (; next < tasks->count && tasks->tasks[next].pid == tasks->tasks[first].pid; next++) {
		enum having one = look(passes, witness, next);

		if (one == LACKS || (one == UNKNOWN && *having != LACKS) || (one == ENDED && *having == HAS))
			*having = one;
	}
	return next;
}

static int serve_those_that_lack(struct passes *passes, const struct callgate_tasks *tasks,
				 const struct callgate_witness *witness, struct found *found)
{
	int r = 0;

	for (size_t i = 0, next; r == 0 && i < tasks->count; i = next) {
		const struct callgate_task *task = &tasks->tasks[i];
		enum having having;
		bool served = is_seen(passes, task);

		next = look_at_process(passes, witness, tasks, i, &having);
		found->ended += having == ENDED;
		if (having == HAS || having == ENDED || (having == UNKNOWN && served))
			continue;
		if (served && passes->result) /* has been told why */
			continue;
		found->lacking++;
		if (!served)
			r = remember(passes, task);
		if (r == 0)
			serve(passes, task->pid);
	}
	return r;
}

/* The first pass asks nobody: what a process has that is the very program already does not keep it from getting it once
 * more. */
static int serve_all(struct passes *passes, const struct callgate_tasks *tasks, struct found *found)
{
	pid_t before = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < tasks->count; i++) {
		const struct callgate_task *task = &tasks->tasks[i];

		if (task->pid == before)
			continue;
		before = task->pid;
		found->lacking++;
		r = remember(passes, task);
		if (r == 0)
			serve(passes, task->pid);
	}
	return r;
}

static int one_pass(struct passes *passes, int pass, struct found *found, struct callgate_err *err)
{
	const struct apply *apply = passes->apply;
	struct callgate_witness *witness = NULL;
	struct callgate_tasks *tasks;
	int r;

	*found = (struct found){ 0 };
	r = callgate_tasks_list(apply->scope, apply->pid, &tasks, err);
	if (r == CALLGATE_E_NOTFOUND && pass == 0 && apply->scope == CALLGATE_SCOPE_PROCESS) {
		serve(passes, apply->pid); /* which knows why: a zombie is no task */
		found->lacking = 1;
		return 0;
	}
	if (r < 0)
		return r == CALLGATE_E_NOTFOUND && pass > 0 ? 0 : r;
	if (pass == 0) {
		r = serve_all(passes, tasks, found);
	} else {
		r = callgate_witness_read(tasks->tasks, tasks->count, CALLGATE_EVIDENCE_ANY, &witness, err);
		if (r == 0)
			r = serve_those_that_lack(passes, tasks, witness, found);
		callgate_witness_free(witness);
	}
	callgate_tasks_free(tasks);
	return r;
}

/* Two passes in a row that find nobody, where tasks came and went meanwhile; one where they did not. */
int apply_all(const struct apply *apply, struct callgate_err *err)
{
	struct passes passes = { .apply = apply, .err = err };
	struct callgate_err why = CALLGATE_ERR_INIT;
	struct found found = { .lacking = 1 };
	int r = 0, quiet = 0;

	for (int pass = 0; r == 0 && quiet < 2 && pass < PASSES; pass++) {
		r = one_pass(&passes, pass, &found, &why);
		quiet = found.lacking ? 0 : found.ended ? quiet + 1 : 2;
	}
	free(passes.seen);
	if (passes.result) /* which err tells of */
		return passes.result;
	if (r < 0)
		return err_set(err, r, "%s", why.text);
	return quiet < 2 ? err_set(err, CALLGATE_E_LIMIT,
				   "new processes without the filter came up in each of %d passes", PASSES)
			 : 0;
}

int callgate_prog_apply(const struct callgate_prog *prog, enum callgate_scope scope, pid_t pid,
			const struct callgate_inject *how, struct callgate_err *err)
{
	struct apply apply = { .prog = prog, .scope = scope, .pid = pid, .how = CALLGATE_INJECT_INIT };

	REQUIRE(err, prog);
	if (pid <= 0 || scope == CALLGATE_SCOPE_ALL)
		return err_set(err, CALLGATE_E_ARG, "%ld is not a process or container that a filter can be put on",
			       (long)pid);
	if (how) {
		int r = sized_in(&apply.how, sizeof(apply.how), how, err);

		if (r < 0)
			return r;
	}
	return apply_all(&apply, err);
}
