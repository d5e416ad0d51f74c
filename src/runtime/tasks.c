/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Listing tasks. Tasks come and go while we look: passes are repeated until one finds nothing new, and a task is known
 * by its id and start time. */
#include "runtime/tasks.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "kernel/status.h"
#include "runtime/cgroup_parts.h"
#include "runtime/tree.h"

enum { PASS_LIMIT = 8, NAMESPACE_DEPTH = 33 /* the kernel allows 32 levels below the first */ };

int tasks_add(struct callgate_tasks *tasks, const struct callgate_task *task, struct callgate_err *err)
{
	if (tasks->count == tasks->room) {
		size_t room = tasks->room ? tasks->room * 2 : 64;
		struct callgate_task *grown = realloc(tasks->tasks, room * sizeof(*grown));

		if (!grown)
			return err_nomem(err);
		tasks->tasks = grown;
		tasks->room = room;
	}
	tasks->tasks[tasks->count++] = *task;
	return 0;
}

int tasks_add_lost(struct callgate_tasks *tasks, pid_t pid, pid_t tid, struct callgate_err *err)
{
	return tasks_add(tasks, &(struct callgate_task){ .pid = pid, .tid = tid, .filters = -1 }, err);
}

int tasks_by_key(const void *a, const void *b)
{
	const struct callgate_task *x = a, *y = b;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	if (x->tid != y->tid)
		return x->tid == x->pid ? -1 : y->tid == y->pid ? 1 : x->tid < y->tid ? -1 : 1;
	return (x->start_time > y->start_time) - (x->start_time < y->start_time);
}

/* What was found twice is kept as it was seen last: qsort() is not stable, so the later pass is merged by hand. */
static void tasks_merge(struct callgate_tasks *tasks, size_t known)
{
	size_t kept = known;

	for (size_t i = known; i < tasks->count; i++) {
		struct callgate_task *old =
			known ? bsearch(&tasks->tasks[i], tasks->tasks, known, sizeof(*tasks->tasks), tasks_by_key)
			      : NULL;

		if (old)
			*old = tasks->tasks[i];
		else
			tasks->tasks[kept++] = tasks->tasks[i];
	}
	tasks->count = kept;
	if (kept)
		qsort(tasks->tasks, kept, sizeof(*tasks->tasks), tasks_by_key);
}

/* A number of /proc's directories, 0 for any other name. */
static pid_t proc_id(const char *name)
{
	return isdigit((unsigned char)*name) ? (pid_t)strtol(name, NULL, 10) : 0;
}

static bool is_gone(int r)
{
	return r == CALLGATE_E_NOTFOUND;
}

static int add_threads(struct callgate_tasks *tasks, DIR *dir, struct callgate_err *err)
{
	struct dirent *entry;

	while ((entry = readdir(dir))) {
		struct callgate_task task;
		struct task_detail detail;
		int r;

		if (proc_id(entry->d_name) == 0)
			continue;
		r = task_read_in(dirfd(dir), entry->d_name, &task, &detail, err);
		if (is_gone(r) || (r == 0 && state_has_ended(detail.state)))
			continue;
		if (r == 0)
			r = tasks_add(tasks, &task, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* A process that is gone adds nothing. */
static int add_process(struct callgate_tasks *tasks, pid_t pid, struct callgate_err *err)
{
	char path[64];
	DIR *dir;
	int r;

	snprintf(path, sizeof(path), "/proc/%ld/task", (long)pid);
	dir = opendir(path);
	if (!dir && (errno == ENOENT || errno == ESRCH))
		return 0;
	if (!dir)
		return err_set_errno(err, CALLGATE_E_IO, errno, path, "cannot open");
	r = add_threads(tasks, dir, err);
	closedir(dir);
	return r;
}

struct ns_id {
	dev_t dev;
	ino_t ino;
};

static int id_of(int fd, struct ns_id *out, struct callgate_err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_set_errno(err, CALLGATE_E_IO, errno, NULL, "cannot look at a pid namespace");
	*out = (struct ns_id){ st.st_dev, st.st_ino };
	return 0;
}

/* Opens a process's pid namespace. E_NOTFOUND: gone. E_PERM: not ours to see. */
static int open_namespace(pid_t pid, int *out, struct callgate_err *err)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%ld/ns/pid", (long)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && (errno == ENOENT || errno == ESRCH))
		return err_set(err, CALLGATE_E_NOTFOUND, "no process %ld", (long)pid);
	if (fd < 0)
		return err_set_errno(err, errno == EACCES || errno == EPERM ? CALLGATE_E_PERM : CALLGATE_E_IO, errno,
				     NULL, "cannot see the pid namespace of process %ld", (long)pid);
	*out = fd;
	return 0;
}

static int namespace_of(pid_t pid, struct ns_id *out, struct callgate_err *err)
{
	int fd, r = open_namespace(pid, &fd, err);

	if (r < 0)
		return r;
	r = id_of(fd, out, err);
	fd_close(fd);
	return r;
}

/* From *fd to the namespace above it; -1 at the top of what we may see. */
static int go_up(int *fd, struct callgate_err *err)
{
	int up = ioctl(*fd, NS_GET_PARENT);

	if (up < 0 && errno != EPERM)
		return err_set_errno(err, CALLGATE_E_IO, errno, NULL, "cannot look above a pid namespace");
	fd_close(*fd);
	*fd = up;
	return 0;
}

/* Whether a process is in a namespace or one below it. What is gone or not ours to see is not. */
static int is_inside(pid_t pid, struct ns_id want, bool *out, struct callgate_err *err)
{
	int fd, r = open_namespace(pid, &fd, err);

	*out = false;
	if (r < 0)
		return r == CALLGATE_E_NOTFOUND || r == CALLGATE_E_PERM ? 0 : r;
	for (int depth = 0; r == 0 && fd >= 0 && !*out && depth < NAMESPACE_DEPTH; depth++) {
		struct ns_id id = { 0 };

		r = id_of(fd, &id, err);
		*out = r == 0 && id.dev == want.dev && id.ino == want.ino;
		if (r == 0 && !*out)
			r = go_up(&fd, err);
	}
	fd_close(fd);
	return r;
}

/* Those in a pid namespace or one below it. */
static int namespace_pids(struct pids *pids, struct ns_id inside, struct callgate_err *err)
{
	struct pids all = { 0 };
	int r = pids_add_everybody(&all, err);

	for (size_t i = 0; r == 0 && i < all.count; i++) {
		bool wanted = false;

		r = is_inside(all.pids[i], inside, &wanted, err);
		if (r == 0 && wanted)
			r = pids_add(pids, all.pids[i], err);
	}
	pids_free(&all);
	return r;
}

/* Whether a process's pid namespace, *theirs, is another one than ours. */
static int is_apart(pid_t pid, struct ns_id *theirs, bool *out, struct callgate_err *err)
{
	struct ns_id ours = { 0 };
	int r = namespace_of(pid, theirs, err);

	if (r == 0)
		r = namespace_of(getpid(), &ours, err);
	if (r == 0)
		*out = theirs->dev != ours.dev || theirs->ino != ours.ino;
	return r;
}

int tasks_are_apart(pid_t pid, bool *out, struct callgate_err *err)
{
	return is_apart(pid, &(struct ns_id){ 0 }, out, err);
}

static int container_pids(pid_t first, struct pids *pids, struct callgate_err *err)
{
	struct ns_id theirs = { 0 };
	bool has_cgroup = false, apart = false;
	int r = is_apart(first, &theirs, &apart, err);

	if (r == 0)
		r = cgroup_pids(first, pids, &has_cgroup, err);
	if (r < 0)
		return r;
	if (apart)
		return namespace_pids(pids, theirs, err);
	if (!has_cgroup)
		return err_set(err, CALLGATE_E_UNSUPPORTED,
			       "process %ld has neither a pid namespace nor a cgroup of its own: nothing distinguishes "
			       "its container",
			       (long)first);
	return pids_add(pids, first, err);
}

static int find_pids(enum callgate_scope scope, pid_t pid, struct pids *pids, struct callgate_err *err)
{
	switch (scope) {
	case CALLGATE_SCOPE_PROCESS:
		return pids_add(pids, pid, err);
	case CALLGATE_SCOPE_CONTAINER:
		return container_pids(pid, pids, err);
	case CALLGATE_SCOPE_ALL:
		return pids_add_everybody(pids, err);
	case CALLGATE_SCOPE_TREE:
		return tree_pids(pid, pids, err);
	}
	return err_set(err, CALLGATE_E_ARG, "no such scope");
}

static int one_pass(enum callgate_scope scope, pid_t pid, struct callgate_tasks *tasks, struct callgate_err *err)
{
	struct pids pids = { 0 };
	size_t known = tasks->count;
	int r = find_pids(scope, pid, &pids, err);

	pids_sort(&pids);
	for (size_t i = 0; r == 0 && i < pids.count; i++)
		r = add_process(tasks, pids.pids[i], err);
	pids_free(&pids);
	if (r == 0)
		tasks_merge(tasks, known);
	return r;
}

struct callgate_tasks *callgate_tasks_free(struct callgate_tasks *tasks)
{
	if (tasks)
		free(tasks->tasks);
	free(tasks);
	return NULL;
}

static int list(enum callgate_scope scope, pid_t pid, struct callgate_tasks **out, struct callgate_err *err)
{
	struct callgate_tasks *tasks = calloc(1, sizeof(*tasks));
	size_t before = 0;
	int r;

	if (!tasks)
		return err_nomem(err);
	for (int pass = 0; pass < PASS_LIMIT; pass++) {
		r = one_pass(scope, pid, tasks, err);
		if (r < 0 && (pass == 0 || !is_gone(r))) {
			callgate_tasks_free(tasks);
			return r;
		}
		if (tasks->count == before || scope == CALLGATE_SCOPE_ALL)
			break;
		before = tasks->count;
	}
	if (tasks->count == 0 && scope != CALLGATE_SCOPE_ALL) {
		callgate_tasks_free(tasks);
		return err_set(err, CALLGATE_E_NOTFOUND, "no process %ld", (long)pid);
	}
	*out = tasks;
	return 0;
}

int callgate_tasks_list(enum callgate_scope scope, pid_t pid, struct callgate_tasks **out, struct callgate_err *err)
{
	REQUIRE(err, out);
	if (scope != CALLGATE_SCOPE_ALL && pid <= 0)
		return err_bad_pid(pid, err);
	return list(scope, pid, out, err);
}

size_t callgate_tasks_count(const struct callgate_tasks *tasks)
{
	return tasks ? tasks->count : 0;
}

const struct callgate_task *callgate_tasks_at(const struct callgate_tasks *tasks, size_t index)
{
	return tasks && index < tasks->count ? &tasks->tasks[index] : NULL;
}
