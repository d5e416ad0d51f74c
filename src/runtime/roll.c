/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Roll call: who is in a container, tree or process, those included who end while they are called. One who forks the
 * next and ends is never there when he is looked at: he must not go unnoticed. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "kernel/status.h"
#include "kernel/witness_read.h"
#include "runtime/hooks.h"
#include "runtime/roll_parts.h"
#include "runtime/tasks.h"

bool callgate_task_is_lost(const struct callgate_task *task)
{
	return task->filters < 0 && !task->start_time && !task->command[0];
}

enum callgate_ended callgate_task_ended(const struct callgate_task *task, int fewest)
{
	if (callgate_task_is_lost(task))
		return CALLGATE_ENDED_UNSEEN;
	if (task->mode == CALLGATE_MODE_NONE)
		return fewest ? CALLGATE_ENDED_BARE : CALLGATE_ENDED_SEEN;
	return task->filters >= fewest ? CALLGATE_ENDED_SEEN : CALLGATE_ENDED_UNSEEN;
}

int callgate_witness_fewest(const struct callgate_witness *witness, size_t tasks)
{
	size_t stack, count, fewest = INT_MAX;

	for (size_t i = 0; i < tasks; i++)
		if (callgate_witness_task(witness, i, &stack, NULL) == 0 &&
		    callgate_witness_stack(witness, stack, &count) && count < fewest)
			fewest = count;
	return (int)fewest;
}

bool callgate_task_took_filter(const struct callgate_task *listed, const struct callgate_witness *witness, size_t stack)
{
	size_t count = 0;

	return listed->mode == CALLGATE_MODE_NONE && callgate_witness_stack(witness, stack, &count) && count;
}

int callgate_tasks_unseen(size_t unseen, struct callgate_err *err)
{
	return err_set(
		err, CALLGATE_E_LIMIT,
		"in each of %d looks somebody ended before he could be looked at, %zu process%s in the last one: "
		"nothing is known of them",
		CALLGATE_LOOKS, unseen, unseen == 1 ? "" : "es");
}

static int call_thread(struct callgate_tasks *roll, int dir, const struct named *named, pid_t pid, const char *name,
		       struct callgate_err *err)
{
	pid_t tid = (pid_t)strtol(name, NULL, 10);
	struct callgate_task task;
	struct task_detail detail;
	int r = task_read_in(dir, name, &task, &detail, err);

	if (r == CALLGATE_E_NOTFOUND)
		return tasks_add_lost(roll, pid, tid, err);
	if (r == 0 && state_has_ended(detail.state))
		return tid == pid && pids_has(&named->headless, pid) ? 0 : tasks_add_lost(roll, pid, tid, err);
	return r < 0 ? r : tasks_add(roll, &task, err);
}

/* The kernel ends a list of threads at one that has just ended, and is silent about those behind it: their number
 * tells. */
static int call_process(struct callgate_tasks *roll, const struct named *named, pid_t pid, bool *there,
			struct callgate_err *err)
{
	struct process_stat stat;
	long called = 0;
	char path[64];
	DIR *dir;
	int r = 0;

	snprintf(path, sizeof(path), "/proc/%ld/task", (long)pid);
	dir = opendir(path);
	if (!dir && errno != ENOENT && errno != ESRCH)
		return err_set_errno(err, CALLGATE_E_IO, errno, path, "cannot open");
	for (struct dirent *entry; r == 0 && dir && (entry = readdir(dir));) {
		bool is_thread = isdigit((unsigned char)entry->d_name[0]);

		*there |= is_thread;
		called += is_thread;
		r = is_thread ? call_thread(roll, dirfd(dir), named, pid, entry->d_name, err) : 0;
	}
	if (dir)
		closedir(dir);
	if (r == 0 && called && process_stat(pid, &stat, NULL) == 0 && stat.threads > called)
		r = tasks_add_lost(roll, pid, INT_MAX, err);
	return r;
}

static int call_all(enum callgate_scope scope, pid_t pid, struct callgate_tasks *roll, struct callgate_err *err)
{
	struct named named = { 0 };
	int r = roll_name_all(scope, pid, roll, &named, err);

	pids_sort(&named.pids);
	for (size_t i = 0; r == 0 && i < named.pids.count; i++) {
		pid_t one = named.pids.pids[i];
		bool there = false;

		r = call_process(roll, &named, one, &there, err);
		if (r == 0 && !there && one == pid && scope != CALLGATE_SCOPE_CONTAINER)
			r = err_set(err, CALLGATE_E_NOTFOUND, "no process %ld", (long)pid);
		else if (r == 0 && !there)
			r = tasks_add_lost(roll, one, one, err);
	}
	pids_free(&named.pids);
	pids_free(&named.headless);
	return r;
}

static void sort(struct callgate_tasks *roll)
{
	size_t kept = 0;

	if (roll->count)
		qsort(roll->tasks, roll->count, sizeof(*roll->tasks), tasks_by_key);
	for (size_t i = 0; i < roll->count; i++) {
		const struct callgate_task *last = kept ? &roll->tasks[kept - 1] : NULL, *task = &roll->tasks[i];

		if (last && last->tid == task->tid && last->pid == task->pid && last->start_time == task->start_time)
			continue;
		roll->tasks[kept++] = *task;
	}
	roll->count = kept;
}

/* The list comes last: it knows who is in a pid namespace, and what of a task has changed meanwhile. */
static int add_list(enum callgate_scope scope, pid_t pid, struct callgate_tasks *roll, struct callgate_err *err)
{
	struct callgate_tasks *list = NULL;
	int r = callgate_tasks_list(scope, pid, &list, err);

	for (size_t i = 0; r == 0 && i < list->count; i++)
		r = tasks_add(roll, &list->tasks[i], err);
	callgate_tasks_free(list);
	return r;
}

/* Whether those of a container, too, whom only its pid namespace tells: for them the whole machine is looked at. */
enum callers { CALL_MEMBERS, CALL_EVERYBODY };

static int make_roll(enum callgate_scope scope, pid_t pid, enum callers callers, struct callgate_tasks **out,
		     struct callgate_err *err)
{
	struct callgate_tasks *roll = calloc(1, sizeof(*roll));
	int r = roll ? call_all(scope, pid, roll, err) : err_nomem(err);

	if (r == 0 && scope == CALLGATE_SCOPE_CONTAINER && callers == CALL_EVERYBODY)
		r = add_list(scope, pid, roll, err);
	if (r == 0 && !roll->count)
		r = err_set(err, CALLGATE_E_NOTFOUND, "no process %ld", (long)pid);
	if (r < 0) {
		callgate_tasks_free(roll);
		return r;
	}
	sort(roll);
	*out = roll;
	return 0;
}

int callgate_tasks_roll(enum callgate_scope scope, pid_t pid, struct callgate_tasks **out, struct callgate_err *err)
{
	return make_roll(scope, pid, CALL_EVERYBODY, out, err);
}

int callgate_tasks_members(pid_t first, struct callgate_tasks **out, struct callgate_err *err)
{
	return make_roll(CALLGATE_SCOPE_CONTAINER, first, CALL_MEMBERS, out, err);
}
