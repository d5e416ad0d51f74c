/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Roll call: who is to be called, by cgroups, by pid namespaces and by children. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/err.h"
#include "kernel/status.h"
#include "runtime/cgroup_parts.h"
#include "runtime/roll_parts.h"
#include "runtime/tasks.h"
#include "runtime/tree.h"

/* By the parents that all processes of the machine have, those of the family that stand in pids from an index on. One
 * who went before he could be asked for his parent may be of it, or may not. */
static int name_by_parents(struct named *named, size_t from, struct callgate_tasks *roll, struct callgate_err *err)
{
	struct family family = { 0 };
	int r = family_ask(&family, &named->headless, err);

	for (size_t i = 0; r == 0 && i < family.gone.count; i++)
		r = tasks_add_lost(roll, family.gone.pids[i], family.gone.pids[i], err);
	if (r == 0)
		r = family_descend(&family, &named->pids, from, err);
	family_free(&family);
	return r;
}

/* What goes while it is read has no children any more. All else would leave somebody out. */
static int refuse_unread(const char *path, struct callgate_err *err)
{
	if (errno == ENOENT || errno == ESRCH || errno == EACCES || errno == EPERM)
		return 0;
	return err_set_errno(err, CALLGATE_E_IO, errno, path, "cannot open");
}

static int name_children(struct pids *pids, pid_t pid, const char *thread, struct callgate_err *err)
{
	char path[64];
	FILE *file;
	long child;
	int r = 0;

	snprintf(path, sizeof(path), "/proc/%ld/task/%.16s/children", (long)pid, thread);
	file = fopen(path, "re");
	if (!file)
		return refuse_unread(path, err);
	while (r == 0 && fscanf(file, "%ld", &child) == 1)
		r = pids_add(pids, (pid_t)child, err);
	fclose(file);
	return r;
}

/* By the children that each thread has: who comes and goes elsewhere on the machine is nothing to us. One who ends
 * meanwhile hands his children to somebody who may have been asked before; he himself has been named. */
static int name_by_children(struct pids *pids, size_t from, struct callgate_err *err)
{
	int r = 0;

	for (size_t i = from; r == 0 && i < pids->count; i++) {
		char path[64];
		DIR *dir;

		snprintf(path, sizeof(path), "/proc/%ld/task", (long)pids->pids[i]);
		dir = opendir(path);
		r = dir ? 0 : refuse_unread(path, err);
		for (struct dirent *entry; r == 0 && dir && (entry = readdir(dir));)
			if (isdigit((unsigned char)entry->d_name[0]))
				r = name_children(pids, pids->pids[i], entry->d_name, err);
		if (dir)
			closedir(dir);
	}
	return r;
}

static bool kernel_tells_children(void)
{
	return access("/proc/thread-self/children", R_OK) == 0;
}

static int name_tree(pid_t root, struct callgate_tasks *roll, struct named *named, struct callgate_err *err)
{
	struct pids *pids = &named->pids;
	size_t from = pids->count;
	int r = pids_add(pids, root, err);

	if (r == 0)
		r = kernel_tells_children() ? name_by_children(pids, from, err)
					    : name_by_parents(named, from, roll, err);
	if (r == 0 && root == getpid())
		pids->pids[from] = pids->pids[--pids->count];
	return r;
}

/* Takes the names for those that had no first thread any more before the names are called out again. */
static int find_headless(struct named *named, struct callgate_err *err)
{
	struct process_stat stat;
	int r = 0;

	for (size_t i = 0; r == 0 && i < named->pids.count; i++)
		if (process_stat(named->pids.pids[i], &stat, NULL) == 0 && state_has_ended(stat.state))
			r = pids_add(&named->headless, named->pids.pids[i], err);
	pids_free(&named->pids);
	pids_sort(&named->headless);
	return r;
}

/* Those of a tree, and perhaps others. */
static int name_about(pid_t root, struct pids *pids, struct callgate_err *err)
{
	size_t from = pids->count;
	int r;

	if (!kernel_tells_children())
		return pids_add_everybody(pids, err);
	r = pids_add(pids, root, err);
	return r == 0 ? name_by_children(pids, from, err) : r;
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

int roll_name_all(enum callgate_scope scope, pid_t pid, struct callgate_tasks *roll, struct named *named,
		  struct callgate_err *err)
{
	bool has_cgroup = false, tree = false;
	int r = scope == CALLGATE_SCOPE_CONTAINER ? cgroup_pids(pid, &named->pids, &has_cgroup, err) : 0;

	if (r == 0)
		r = is_tree(scope, pid, has_cgroup, &tree, err);
	if (r == 0 && scope == CALLGATE_SCOPE_PROCESS)
		r = pids_add(&named->pids, pid, err);
	else if (r == 0 && tree)
		r = has_cgroup ? name_about(pid, &named->pids, err) : pids_add_everybody(&named->pids, err);
	if (r == 0)
		r = find_headless(named, err);
	if (r == 0 && has_cgroup)
		r = cgroup_pids(pid, &named->pids, &has_cgroup, err);
	if (r == 0 && tree)
		r = name_tree(pid, roll, named, err);
	return r == 0 && scope == CALLGATE_SCOPE_PROCESS ? pids_add(&named->pids, pid, err) : r;
}
