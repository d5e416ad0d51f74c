/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Roll call: who is in a container, tree or process, those included who end while they are called. One who forks the
 * next and ends is never there when he is looked at: he must not go unnoticed. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "kernel/status.h"
#include "kernel/witness_read.h"
#include "runtime/cgroup_parts.h"
#include "runtime/hooks.h"
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

static int add_task(struct callgate_tasks *roll, const struct callgate_task *task, struct callgate_err *err)
{
	bool full = roll->count == roll->room;
	size_t room = full ? 2 * roll->room + 32 : roll->room;
	struct callgate_task *tasks = full ? reallocarray(roll->tasks, room, sizeof(*tasks)) : roll->tasks;

	if (!tasks)
		return err_nomem(err);
	*roll = (struct callgate_tasks){ .tasks = tasks, .count = roll->count + 1, .room = room };
	tasks[roll->count - 1] = *task;
	return 0;
}

static int add_lost(struct callgate_tasks *roll, pid_t pid, pid_t tid, struct callgate_err *err)
{
	return add_task(roll, &(struct callgate_task){ .pid = pid, .tid = tid, .filters = -1 }, err);
}

/* Who is called, and which of them had no first thread any more when they were named. Who has ended since then may have
 * started the next since then. */
struct named {
	struct pids pids, headless;
};

static int by_number(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return x < y ? -1 : x > y;
}

static bool is_among(const struct pids *pids, pid_t pid)
{
	return pids->count && bsearch(&pid, pids->pids, pids->count, sizeof(pid), by_number);
}

static int call_thread(struct callgate_tasks *roll, int dir, const struct named *named, pid_t pid, const char *name,
		       struct callgate_err *err)
{
	pid_t tid = (pid_t)strtol(name, NULL, 10);
	struct callgate_task task;
	struct task_detail detail;
	int fd, r = proc_open(dir, name, &fd, err);

	if (r == 0) {
		r = task_read(fd, &task, &detail, err);
		fd_close(fd);
	}
	if (r == CALLGATE_E_NOTFOUND)
		return add_lost(roll, pid, tid, err);
	if (r == 0 && (detail.state == 'Z' || detail.state == 'X'))
		return tid == pid && is_among(&named->headless, pid) ? 0 : add_lost(roll, pid, tid, err);
	return r < 0 ? r : add_task(roll, &task, err);
}

/* The kernel ends a list of threads at one that has just ended, and is silent about those behind it: their number
 * tells. */
static int call_process(struct callgate_tasks *roll, const struct named *named, pid_t pid, bool *there,
			struct callgate_err *err)
{
	struct cgroup_stat stat;
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
	if (r == 0 && called && cgroup_stat(pid, &stat) == 0 && stat.threads > called)
		r = add_lost(roll, pid, INT_MAX, err);
	return r;
}

struct family {
	struct pids all, parents; /* side by side */
};

static int name_everybody(struct pids *pids, struct callgate_err *err)
{
	DIR *dir = opendir("/proc");
	int r = dir ? 0 : err_set_errno(err, CALLGATE_E_IO, errno, "/proc", "cannot open");

	for (struct dirent *entry; r == 0 && dir && (entry = readdir(dir));)
		if (isdigit((unsigned char)entry->d_name[0]))
			r = pids_add(pids, (pid_t)strtol(entry->d_name, NULL, 10), err);
	if (dir)
		closedir(dir);
	return r;
}

/* One who goes before he can be asked for his parent may be of the family, or may not. */
static int ask_parents(struct family *family, struct callgate_tasks *roll, const struct named *named,
		       struct callgate_err *err)
{
	int r = name_everybody(&family->all, err);

	for (size_t i = 0; r == 0 && i < family->all.count; i++) {
		pid_t pid = family->all.pids[i];
		struct cgroup_stat stat;

		if (cgroup_stat(pid, &stat) == CALLGATE_E_NOTFOUND)
			r = add_lost(roll, pid, pid, err);
		if (stat.threads <= 1 && is_among(&named->headless, pid))
			stat.parent = 0; /* a zombie of before: nobody's child any more */
		if (r == 0)
			r = pids_add(&family->parents, stat.parent, err);
	}
	return r;
}

/* By the parents that all processes of the machine have. */
static int name_by_parents(struct pids *pids, const struct named *named, struct callgate_tasks *roll,
			   struct callgate_err *err)
{
	struct family family = { 0 };
	int r = ask_parents(&family, roll, named, err);

	for (size_t i = 0; r == 0 && i < pids->count; i++)
		for (size_t j = 0; r == 0 && j < family.all.count; j++) {
			if (family.parents.pids[j] != pids->pids[i])
				continue;
			family.parents.pids[j] = 0; /* numbers that are used again may go in a circle */
			r = pids_add(pids, family.all.pids[j], err);
		}
	pids_free(&family.all);
	pids_free(&family.parents);
	return r;
}

static int name_children(struct pids *pids, pid_t pid, const char *thread, struct callgate_err *err)
{
	char path[64];
	FILE *file;
	long child;
	int r = 0;

	snprintf(path, sizeof(path), "/proc/%ld/task/%.16s/children", (long)pid, thread);
	file = fopen(path, "re");
	while (r == 0 && file && fscanf(file, "%ld", &child) == 1)
		r = pids_add(pids, (pid_t)child, err);
	if (file)
		fclose(file);
	return r;
}

/* By the children that each thread has: who comes and goes elsewhere on the machine is nothing to us. One who ends
 * meanwhile hands his children to somebody who may have been asked before; he himself has been named. */
static int name_by_children(struct pids *pids, struct callgate_err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < pids->count; i++) {
		char path[64];
		DIR *dir;

		snprintf(path, sizeof(path), "/proc/%ld/task", (long)pids->pids[i]);
		dir = opendir(path);
		if (!dir)
			continue;
		for (struct dirent *entry; r == 0 && (entry = readdir(dir));)
			if (isdigit((unsigned char)entry->d_name[0]))
				r = name_children(pids, pids->pids[i], entry->d_name, err);
		closedir(dir);
	}
	return r;
}

static bool kernel_tells_children(void)
{
	return access("/proc/thread-self/children", R_OK) == 0;
}

static int add_all(struct pids *pids, const struct pids *more, struct callgate_err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < more->count; i++)
		r = pids_add(pids, more->pids[i], err);
	return r;
}

static int name_tree(pid_t root, struct callgate_tasks *roll, struct named *named, struct callgate_err *err)
{
	struct pids tree = { 0 };
	int r = pids_add(&tree, root, err);

	if (r == 0)
		r = kernel_tells_children() ? name_by_children(&tree, err) : name_by_parents(&tree, named, roll, err);
	if (r == 0 && root == getpid())
		tree.pids[0] = tree.pids[--tree.count];
	if (r == 0)
		r = add_all(&named->pids, &tree, err);
	pids_free(&tree);
	return r;
}

/* Takes the names for those that had no first thread any more before the names are called out again. */
static int find_headless(struct named *named, struct callgate_err *err)
{
	struct cgroup_stat stat;
	int r = 0;

	for (size_t i = 0; r == 0 && i < named->pids.count; i++)
		if (cgroup_stat(named->pids.pids[i], &stat) == 0 && (stat.state == 'Z' || stat.state == 'X'))
			r = pids_add(&named->headless, named->pids.pids[i], err);
	pids_free(&named->pids);
	pids_sort(&named->headless);
	return r;
}

/* Those of a tree, and perhaps others. */
static int name_about(pid_t root, struct pids *pids, struct callgate_err *err)
{
	struct pids tree = { 0 };
	int r = kernel_tells_children() ? pids_add(&tree, root, err) : name_everybody(&tree, err);

	if (r == 0 && kernel_tells_children())
		r = name_by_children(&tree, err);
	if (r == 0)
		r = add_all(pids, &tree, err);
	pids_free(&tree);
	return r;
}

/*
 * Orphans come to the first process of their pid namespace, so that whoever starts the next and ends is in the first
 * one's tree. That is all there is of a container without cgroups of its own. One in a pid namespace may have moved
 * some of its processes, or its first one, to another cgroup.
 */
static int is_tree(enum callgate_scope scope, pid_t pid, bool has_cgroup, bool *out, struct callgate_err *err)
{
	*out = scope != CALLGATE_SCOPE_PROCESS && !has_cgroup;
	return scope == CALLGATE_SCOPE_CONTAINER && has_cgroup ? tasks_are_apart(pid, out, err) : 0;
}

static int name_all(enum callgate_scope scope, pid_t pid, struct callgate_tasks *roll, struct named *named,
		    struct callgate_err *err)
{
	bool has_cgroup = false, tree = false;
	int r = scope == CALLGATE_SCOPE_CONTAINER ? cgroup_pids(pid, &named->pids, &has_cgroup, err) : 0;

	if (r == 0)
		r = is_tree(scope, pid, has_cgroup, &tree, err);
	if (r == 0 && scope == CALLGATE_SCOPE_PROCESS)
		r = pids_add(&named->pids, pid, err);
	else if (r == 0 && tree)
		r = has_cgroup ? name_about(pid, &named->pids, err) : name_everybody(&named->pids, err);
	if (r == 0)
		r = find_headless(named, err);
	if (r == 0 && has_cgroup)
		r = cgroup_pids(pid, &named->pids, &has_cgroup, err);
	if (r == 0 && tree)
		r = name_tree(pid, roll, named, err);
	return r == 0 && scope == CALLGATE_SCOPE_PROCESS ? pids_add(&named->pids, pid, err) : r;
}

static int call_all(enum callgate_scope scope, pid_t pid, struct callgate_tasks *roll, struct callgate_err *err)
{
	struct named named = { 0 };
	int r = name_all(scope, pid, roll, &named, err);

	pids_sort(&named.pids);
	for (size_t i = 0; r == 0 && i < named.pids.count; i++) {
		pid_t one = named.pids.pids[i];
		bool there = false;

		r = call_process(roll, &named, one, &there, err);
		if (r == 0 && !there && one == pid && scope != CALLGATE_SCOPE_CONTAINER)
			r = err_set(err, CALLGATE_E_NOTFOUND, "no process %ld", (long)pid);
		else if (r == 0 && !there)
			r = add_lost(roll, one, one, err);
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
		r = add_task(roll, &list->tasks[i], err);
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
