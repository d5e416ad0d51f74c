/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container's cgroups held open: who is in it when its first process has gone, and the end of all of them. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/text.h"
#include "kernel/status.h"
#include "runtime/cgroup_parts.h"
#include "runtime/hooks.h"

enum { KILL_SECONDS = 2 };

struct callgate_cgroups *callgate_cgroups_free(struct callgate_cgroups *cgroups)
{
	for (size_t i = 0; cgroups && i < cgroups->count; i++) {
		fd_close(cgroups->held[i].dir);
		free(cgroups->held[i].path);
	}
	free(cgroups);
	return NULL;
}

static int add(void *data, const struct cgroup_row *row, const char *path, struct callgate_err *err)
{
	struct callgate_cgroups *cgroups = data;
	int dir = -1, r = cgroups->count < CGROUPS_HELD ? cgroup_open(row, path, &dir, err) : 0;

	if (r < 0 || dir < 0)
		return r;
	cgroups->held[cgroups->count].dir = dir;
	cgroups->held[cgroups->count].hierarchy = row->id;
	cgroups->held[cgroups->count].path = strdup(path);
	return cgroups->held[cgroups->count++].path ? 0 : err_nomem(err);
}

/* systemd's "SLICE:PREFIX:NAME": the scope stands in its slice, and a slice "a-b.slice" in "a.slice". */
static int unfold(const char *named, char **out, struct callgate_err *err)
{
	const char *prefix = strchr(named, ':'), *name = prefix ? strchr(prefix + 1, ':') : NULL;
	struct text path = { 0 };
	size_t size;

	if (!name || name[1] == '\0')
		return CALLGATE_E_NOTFOUND;
	for (const char *at = named; at < prefix; at++)
		if (*at == '-')
			text_add(&path, "/%.*s.slice", (int)(at - named), named);
	text_add(&path, "/%.*s", (int)(prefix - named), named);
	if (prefix == named)
		text_add(&path, "system.slice");
	prefix++;
	text_add(&path, "/%.*s%s%s.scope", (int)(name - prefix), prefix, name == prefix ? "" : "-", name + 1);
	return text_take(&path, out, &size, err);
}

/* An absolute path of names alone: no empty one, no "." and no "..". */
static bool is_plain(const char *path)
{
	while (*path == '/') {
		size_t size = strcspn(path + 1, "/");

		if (size <= 2 && strspn(path + 1, ".") >= size)
			return false;
		path += 1 + size;
	}
	return *path == '\0';
}

/* Of an exiting process, version 1 does not tell the cgroups: the configuration names them. */
static int add_named(struct callgate_cgroups *cgroups, const char *path, struct callgate_err *err)
{
	char *text = malloc(CGROUP_TEXT), *at = text;
	struct cgroup_row row;
	int r = text ? cgroup_read(getpid(), text, err) : err_nomem(err);

	while (r == 0 && cgroup_next_row(&at, &row))
		if (!cgroup_has(getpid(), row.id, path))
			r = add(cgroups, &row, path, err);
	free(text);
	return r;
}

static int find(struct callgate_cgroups *cgroups, pid_t first, const char *named, struct callgate_err *err)
{
	int r = cgroup_each_own(first, add, cgroups, err);
	char *path = NULL;

	if (named && (r == 0 || r == CALLGATE_E_NOTFOUND) && !cgroups->count) {
		r = named[0] == '/' ? 0 : unfold(named, &path, err);
		if (r == 0 && is_plain(path ? path : named))
			r = add_named(cgroups, path ? path : named, err);
		free(path);
	}
	if ((r == 0 || r == CALLGATE_E_NOTFOUND) && !cgroups->count)
		r = err_set(err, CALLGATE_E_NOTFOUND, "process %ld has no cgroup for itself", (long)first);
	return r;
}

int callgate_cgroups_hold(pid_t first, const char *named, struct callgate_cgroups **out, struct callgate_err *err)
{
	struct callgate_cgroups *cgroups = calloc(1, sizeof(*cgroups));
	int r = cgroups ? find(cgroups, first, named, err) : err_nomem(err);

	if (r < 0)
		callgate_cgroups_free(cgroups);
	else
		*out = cgroups;
	return r;
}

/* Version 2 lists those too that have ended and are not waited for yet. */
static bool is_alive(pid_t pid)
{
	struct callgate_task task;
	struct task_detail detail;
	int r = task_read_id(pid, &task, &detail, NULL);

	return r == 0 ? !state_has_ended(detail.state) : r != CALLGATE_E_NOTFOUND;
}

/* Everybody who is there now, each once. Directories are opened anew, because each opening has a place of its own in
 * the list. */
static int list_alive(const struct callgate_cgroups *cgroups, struct pids *pids, struct callgate_err *err)
{
	size_t kept = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < cgroups->count; i++) {
		int dir = openat(cgroups->held[i].dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (dir >= 0)
			r = cgroup_walk(dir, 0, pids, err);
		else if (errno != ENOENT && errno != ENODEV)
			r = err_set_errno(err, CALLGATE_E_IO, errno, cgroups->held[i].path, "cannot open");
	}
	pids_sort(pids);
	for (size_t i = 0; i < pids->count; i++)
		if (is_alive(pids->pids[i]))
			pids->pids[kept++] = pids->pids[i];
	pids->count = kept;
	return r;
}

bool callgate_cgroups_empty(const struct callgate_cgroups *cgroups)
{
	struct pids pids = { 0 };
	bool empty = list_alive(cgroups, &pids, NULL) == 0 && pids.count == 0;

	pids_free(&pids);
	return empty;
}

/* Its number may be somebody else's by now: the descriptor is had first, and then the process looked at. */
static void kill_member(const struct callgate_cgroups *cgroups, pid_t pid)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	bool inside = false;

	for (size_t i = 0; pidfd >= 0 && !inside && i < cgroups->count; i++)
		inside = cgroup_has(pid, cgroups->held[i].hierarchy, cgroups->held[i].path);
	if (inside)
		syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
	fd_close(pidfd);
}

int callgate_cgroups_kill(const struct callgate_cgroups *cgroups, struct callgate_err *err)
{
	const struct timespec step = { .tv_nsec = 1000000 };
	struct timespec now, end;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += KILL_SECONDS;
	for (;;) {
		struct pids pids = { 0 };
		int r = list_alive(cgroups, &pids, err);
		size_t left = pids.count;

		for (size_t i = 0; i < left; i++)
			kill_member(cgroups, pids.pids[i]);
		pids_free(&pids);
		if (r == 0 && left == 0)
			return 0;
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec > end.tv_sec || (now.tv_sec == end.tv_sec && now.tv_nsec > end.tv_nsec))
			return r < 0 ? r
				     : err_set(err, CALLGATE_E_LIMIT, "somebody is left in cgroup %s",
					       cgroups->held[0].path);
		nanosleep(&step, NULL);
	}
}
