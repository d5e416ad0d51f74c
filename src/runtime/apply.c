/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Passes over a container until one finds every thread of every task with the filter. Who was born of a task that had
 * it has it too; who was born of another has not, whatever filters it shows. Who ended before he was looked at, or has
 * loaded the filter himself, may have left one without it: nothing is known then. */
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/sized.h"
#include "kernel/inject.h"
#include "kernel/witness.h"
#include "runtime/cgroup_parts.h"
#include "runtime/hooks.h"
#include "runtime/tasks.h"

enum { PASSES = 32, CALM_PASSES = 4 /* in which newcomers are waited for, before anybody is frozen */ };

struct apply {
	const struct callgate_prog *prog;
	enum callgate_scope scope;
	pid_t pid;
	struct callgate_inject how;
};

/* A process by the first of its threads that is listed, or a thread for itself. */
struct seen {
	pid_t tid;
	uint64_t start_time;
	bool served; /* the process */
	bool has;    /* and every thread of it got the filter, and so did all that it has started since */
	bool met;    /* this thread had the filter when a pass looked at it */
};

struct passes {
	const struct apply *apply;
	struct seen *seen;
	size_t count, room;
	int result; /* of the first process that was not served */
	struct callgate_err *err;
	struct callgate_cgroups *cgroups; /* the container's own; NULL: none that we know of */
	bool looks_only;                  /* nobody can be served now */
};

/* What one pass has found. */
struct found {
	size_t lacking; /* processes that lack the filter, or may lack it */
	size_t ended;   /* tasks that ended before they could be looked at: what they have started is unknown */
	size_t fresh;   /* tasks that have it, and may have started others before they had */
};

static struct seen *find_seen(const struct passes *passes, const struct callgate_task *task)
{
	for (size_t i = 0; i < passes->count; i++)
		if (passes->seen[i].tid == task->tid && passes->seen[i].start_time == task->start_time)
			return &passes->seen[i];
	return NULL;
}

/* A row is made where there is none. NULL: out of memory. */
static struct seen *remember(struct passes *passes, const struct callgate_task *task)
{
	struct seen *seen = find_seen(passes, task);

	if (seen)
		return seen;
	if (passes->count == passes->room) {
		size_t room = passes->room ? passes->room * 2 : 64;
		struct seen *grown = realloc(passes->seen, room * sizeof(*grown));

		if (!grown)
			return NULL;
		passes->seen = grown;
		passes->room = room;
	}
	passes->seen[passes->count] = (struct seen){ .tid = task->tid, .start_time = task->start_time };
	return &passes->seen[passes->count++];
}

/* Whether a task has the filter. Where the kernel does not show it: only a process that was served, whose threads were
 * counted then. */
enum having { HAS, LACKS, ENDED, UNKNOWN };

static enum having look(const struct passes *passes, const struct callgate_witness *witness,
			const struct callgate_tasks *tasks, size_t task)
{
	size_t stack;
	int r = callgate_witness_task(witness, task, &stack, NULL);

	if (r == CALLGATE_E_NOTFOUND || callgate_task_is_lost(&tasks->tasks[task]))
		return ENDED;
	if (r < 0)
		return UNKNOWN;
	return witness_stack_has(witness, stack, passes->apply->prog) ? HAS : LACKS;
}

/* A process that ends while we look at it needs no filter. Whether it has got it. */
static bool serve(struct passes *passes, pid_t pid, const struct callgate_task *task)
{
	const struct apply *apply = passes->apply;
	struct callgate_err why = CALLGATE_ERR_INIT;
	struct callgate_injected done = CALLGATE_INJECTED_INIT;
	int r = inject_process(pid, task, apply->prog, &apply->how, &done, &why);

	if (r == CALLGATE_E_NOTFOUND && apply->scope != CALLGATE_SCOPE_PROCESS)
		return false;
	if (apply->how.visit)
		apply->how.visit(apply->how.data, pid, r < 0 ? NULL : &done, r, &why);
	if (r < 0 && passes->result == 0) {
		passes->result = r;
		err_set(passes->err, r, "%s", why.text);
		if (passes->err)
			passes->err->sys_errno = why.sys_errno;
	}
	return r == 0;
}

static int serve_task(struct passes *passes, const struct callgate_task *task)
{
	struct seen *seen = remember(passes, task);

	if (!seen)
		return err_nomem(passes->err);
	seen->served = true;
	seen->has = serve(passes, task->pid, task);
	return 0;
}

/* Who has the filter, and was not known to have it when this pass named everybody, may have loaded it himself since,
 * and have started somebody before that: the next pass names whom he has left without. */
static int meet(struct passes *passes, const struct callgate_task *tasks, size_t count, struct found *found)
{
	for (size_t i = 0; i < count; i++) {
		struct seen *seen = remember(passes, &tasks[i]);

		if (!seen)
			return err_nomem(passes->err);
		found->fresh += !seen->met;
		seen->met = true;
	}
	return 0;
}

/* The tasks from one on that are of the same process; *having: the worst of its threads. */
static size_t look_at_process(const struct passes *passes, const struct callgate_witness *witness,
			      const struct callgate_tasks *tasks, size_t first, enum having *having)
{
	size_t next = first;

	*having = HAS;
	for (; next < tasks->count && tasks->tasks[next].pid == tasks->tasks[first].pid; next++) {
		enum having one = look(passes, witness, tasks, next);

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
		const struct seen *seen = find_seen(passes, task);
		bool knows_heirs = passes->apply->scope == CALLGATE_SCOPE_PROCESS || (seen && seen->has);
		bool served = seen && seen->served; /* before meet(), which moves the rows */
		enum having having;

		next = look_at_process(passes, witness, tasks, i, &having);
		found->ended += having == ENDED && !knows_heirs;
		if (having == HAS && !knows_heirs && !passes->looks_only)
			r = meet(passes, task, next - i, found);
		if (having == HAS || having == ENDED || (having == UNKNOWN && served))
			continue;
		if (served && passes->result) /* has been told why */
			continue;
		found->lacking++;
		r = passes->looks_only ? 0 : serve_task(passes, task);
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
		if (callgate_task_is_lost(task) && passes->apply->scope != CALLGATE_SCOPE_PROCESS) {
			/* The number may be anybody's by now. */
			found->ended++;
			continue;
		}
		found->lacking++;
		r = serve_task(passes, task);
	}
	return r;
}

/* What the first one did not find is for those that follow. */
static int first_pass(struct passes *passes, struct found *found, struct callgate_err *err)
{
	const struct apply *apply = passes->apply;
	struct callgate_tasks *tasks;
	int r = callgate_tasks_roll(apply->scope, apply->pid, &tasks, err);

	if (r == CALLGATE_E_NOTFOUND && apply->scope == CALLGATE_SCOPE_PROCESS) {
		serve(passes, apply->pid, NULL); /* which knows why: a zombie is no task */
		found->lacking = 1;
		return 0;
	}
	if (r < 0)
		return r;
	r = serve_all(passes, tasks, found);
	callgate_tasks_free(tasks);
	return r;
}

/* The first process has ended, and with it a pid namespace. But those whom it leaves behind in a tree, or in a
 * container's cgroup, are nobody's that we could find. */
static int none_left(const struct passes *passes, struct callgate_err *err)
{
	const struct apply *apply = passes->apply;

	if ((apply->scope == CALLGATE_SCOPE_TREE && apply->pid != getpid()) ||
	    (passes->cgroups && !callgate_cgroups_empty(passes->cgroups)))
		return err_set(err, CALLGATE_E_NOTFOUND,
			       "process %ld has ended: whether all that it started have the filter cannot be told",
			       (long)apply->pid);
	return 0;
}

static int one_pass(struct passes *passes, struct found *found, struct callgate_err *err)
{
	const struct apply *apply = passes->apply;
	struct callgate_witness *witness = NULL;
	struct callgate_tasks *tasks;
	int r = callgate_tasks_roll(apply->scope, apply->pid, &tasks, err);

	if (r < 0)
		return r == CALLGATE_E_NOTFOUND ? none_left(passes, err) : r;
	r = callgate_witness_read(tasks->tasks, tasks->count, CALLGATE_EVIDENCE_ANY, &witness, err);
	if (r == 0)
		r = serve_those_that_lack(passes, tasks, witness, found);
	callgate_witness_free(witness);
	callgate_tasks_free(tasks);
	return r;
}

/* The list, and the look at those who are in it, while nobody can go or come. Of frozen tasks only the iterator tells.
 */
static bool look_at_frozen(struct passes *passes, const struct cgroup_frozen *frozen, struct found *found)
{
	const struct apply *apply = passes->apply;
	struct callgate_witness *witness = NULL;
	struct callgate_tasks *tasks;
	int r = callgate_tasks_roll(apply->scope, apply->pid, &tasks, NULL);

	if (r < 0)
		return false;
	r = callgate_witness_read(tasks->tasks, tasks->count, CALLGATE_EVIDENCE_ITERATOR, &witness, NULL);
	passes->looks_only = true;
	if (r == 0)
		r = serve_those_that_lack(passes, tasks, witness, found);
	passes->looks_only = false;
	found->ended += !cgroup_holds(frozen, tasks);
	callgate_witness_free(witness);
	callgate_tasks_free(tasks);
	return r == 0;
}

/* After a pass in which everybody had the filter who could be looked at. Where nobody can be frozen, it stays as it is
 * known. */
static void look_again(struct passes *passes, struct found *found)
{
	struct cgroup_frozen frozen;
	struct found now = { 0 };
	bool all_seen;

	if (!passes->cgroups || !cgroup_freeze(passes->cgroups, &frozen))
		return;
	all_seen = look_at_frozen(passes, &frozen, &now);
	if (cgroup_thaw(&frozen) && all_seen)
		*found = now;
}

/*
 * Until a pass finds nobody lacking, and everybody was looked at. Who ended unseen counts, whosoever child he seems to
 * have been: orphans are given other parents, and clone(2) gives a child the caller's own (CLONE_PARENT). The threads
 * of a process that was served are no such case: each that it had got the filter, and each that it starts inherits it.
 */
static int apply_all(const struct apply *apply, struct callgate_err *err)
{
	struct passes passes = { .apply = apply, .err = err };
	struct callgate_err why = CALLGATE_ERR_INIT;
	struct found found = { .lacking = 1 };
	int r = 0;

	if (apply->scope != CALLGATE_SCOPE_CONTAINER ||
	    callgate_cgroups_hold(apply->pid, NULL, &passes.cgroups, NULL) < 0)
		passes.cgroups = NULL;
	for (int pass = 0; r == 0 && (found.lacking || found.ended || found.fresh) && pass < PASSES; pass++) {
		found = (struct found){ 0 };
		r = pass == 0 ? first_pass(&passes, &found, &why) : one_pass(&passes, &found, &why);
		if (r == 0 && !found.lacking && (found.ended || (found.fresh && pass > CALM_PASSES)))
			look_again(&passes, &found);
	}
	callgate_cgroups_free(passes.cgroups);
	free(passes.seen);
	if (passes.result) /* which err tells of */
		return passes.result;
	if (r < 0)
		return err_set(err, r, "%s", why.text);
	if (found.lacking)
		return err_set(err, CALLGATE_E_LIMIT, "new processes without the filter came up in each of %d passes",
			       PASSES);
	return found.ended || found.fresh ? err_set(err, CALLGATE_E_LIMIT,
						    "processes of it start and end faster than they can be looked at: "
						    "whether all have the filter cannot be told")
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
