/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Passes over a container until one finds nothing to do. A process that was born of one that had the filter has it too; one that was
 * born of another has not: its last filter tells, and where the kernel does not show it, that there was none before us. */
#include "runtime/apply.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/sized.h"
#include "kernel/dump.h"
#include "kernel/inject.h"
#include "runtime/tasks.h"

enum { PASSES = 32 };

struct seen {
	pid_t pid;
	uint64_t start_time;
};

struct passes {
	const struct apply *apply;
	struct seen *seen;
	size_t count, room;
	bool plain;  /* nothing had a filter when the first pass came by */
	int result;  /* of the first process that was not served */
	struct callgate_err *err;
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

/* Whether a process that came up behind the first pass got the filter from its parent. In doubt it has not: twice does no harm. */
static bool has_inherited(const struct passes *passes, const struct callgate_task *task)
{
	const struct callgate_prog *prog = passes->apply->prog, *last;
	struct callgate_prog **progs = NULL;
	size_t count = 0;
	bool same;

	if (task->mode != CALLGATE_MODE_FILTER)
		return false;
	if (kernel_dump(task->tid, passes->apply->how.deadline_ms, &progs, &count, NULL) < 0)
		return passes->plain && task->filters == 1;
	last = count ? progs[count - 1] : NULL;
	same = last && last->count == prog->count && memcmp(last->insns, prog->insns, prog->count * sizeof(prog->insns[0])) == 0;
	kernel_dump_free(progs, count);
	return same;
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
	if (apply->visit)
		apply->visit(apply->data, pid, r < 0 ? NULL : &done, r, &why);
	if (r < 0 && passes->result == 0) {
		passes->result = r;
		err_set(passes->err, r, "%s", why.text);
		if (passes->err)
			passes->err->sys_errno = why.sys_errno;
	}
}

/* *fresh: how many processes were served. */
static int one_pass(struct passes *passes, int pass, size_t *fresh)
{
	const struct apply *apply = passes->apply;
	struct callgate_tasks *tasks;
	pid_t before = 0;
	int r = callgate_tasks_list(apply->scope, apply->pid, &tasks, passes->err);

	*fresh = 0;
	if (r < 0)
		return r == CALLGATE_E_NOTFOUND && pass > 0 ? 0 : r;
	for (size_t i = 0; r == 0 && i < tasks->count; i++) {
		const struct callgate_task *task = &tasks->tasks[i];

		if (task->mode == CALLGATE_MODE_FILTER && pass == 0)
			passes->plain = false;
		/* The list is by process, the first thread first (or whichever lives, where that has ended). */
		if (task->pid == before || is_seen(passes, task))
			continue;
		before = task->pid;
		r = remember(passes, task);
		if (r < 0 || (pass > 0 && has_inherited(passes, task)))
			continue;
		serve(passes, task->pid);
		++*fresh;
	}
	callgate_tasks_free(tasks);
	return r;
}

int apply_all(const struct apply *apply, struct callgate_err *err)
{
	struct passes passes = { .apply = apply, .plain = true, .err = err };
	size_t fresh = apply->scope != CALLGATE_SCOPE_PROCESS;
	int r = 0;

	if (!fresh)
		serve(&passes, apply->pid);
	for (int pass = 0; r == 0 && fresh && pass < PASSES; pass++)
		r = one_pass(&passes, pass, &fresh);
	free(passes.seen);
	if (r < 0)
		return r;
	if (passes.result)
		return passes.result;
	return fresh ? err_set(err, CALLGATE_E_LIMIT, "new processes without the filter came up in each of %d passes", PASSES) : 0;
}

int callgate_apply(const struct callgate_prog *prog, enum callgate_scope scope, pid_t pid, const struct callgate_inject *how,
		   callgate_apply_visit *visit, void *data, struct callgate_err *err)
{
	struct apply apply = { .prog = prog, .scope = scope, .pid = pid, .visit = visit, .data = data,
			       .how = CALLGATE_INJECT_INIT };

	REQUIRE(err, prog);
	if (pid <= 0 || scope == CALLGATE_SCOPE_ALL)
		return err_set(err, CALLGATE_E_ARG, "%ld is not a process or container that a filter can be put on", (long)pid);
	if (how) {
		int r = sized_in(&apply.how, sizeof(apply.how), how, err);

		if (r < 0)
			return r;
	}
	return apply_all(&apply, err);
}
