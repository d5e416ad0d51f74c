/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container's cgroups held open: who is in it when its first process has gone, and the end of all of them. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "kernel/status.h"
#include "runtime/cgroup_parts.h"
#include "runtime/hooks.h"

enum { CGROUPS_HELD = 16, KILL_MS = 2000 };

struct callgate_cgroups {
	struct {
		int dir;
		unsigned hierarchy;
		char *path;
	} held[CGROUPS_HELD];
	size_t count;
};

struct callgate_cgroups *callgate_cgroups_free(struct callgate_cgroups *cgroups)
{
	for (size_t i = 0; cgroups && i < cgroups->count; i++) {
		fd_close(cgroups->held[i].dir);
		free(cgroups->held[i].path);
	}
	free(cgroups);
	return NULL;
}

static int add(struct callgate_cgroups *cgroups, const struct cgroup_row *row, const char *path,
	       struct callgate_err *err)
{
	int dir = cgroups->count < CGROUPS_HELD ? cgroup_open(row, path) : -1;

	if (dir < 0)
		return 0;
	cgroups->held[cgroups->count].dir = dir;
	cgroups->held[cgroups->count].hierarchy = row->id;
	cgroups->held[cgroups->count].path = strdup(path);
	return cgroups->held[cgroups->count++].path ? 0 : err_nomem(err);
}

static int add_own(struct callgate_cgroups *cgroups, pid_t first, char *text, struct callgate_err *err)
{
	char path[PATH_MAX];
	struct cgroup_row row;
	int r = cgroup_read(first, text, err);

	while (r == 0 && cgroup_next_row(&text, &row)) {
		cgroup_trim(first, &row, path, sizeof(path));
		if (cgroup_is_own(first, &row, path))
			r = add(cgroups, &row, path, err);
	}
	return r;
}

/* systemd's "SLICE:PREFIX:NAME": the scope stands in its slice, and a slice "a-b.slice" in "a.slice". */
static bool unfold(const char *named, char *out, size_t size)
{
	const char *prefix = strchr(named, ':'), *name = prefix ? strchr(prefix + 1, ':') : NULL;
	char *at = out, *end = out + size;
	size_t slice;

	if (!name || name[1] == '\0')
		return false;
	slice = (size_t)(prefix - named);
	for (size_t i = 0; i < slice && at < end; i++)
		if (named[i] == '-')
			at += snprintf(at, (size_t)(end - at), "/%.*s.slice", (int)i, named);
	if (at < end)
		at += snprintf(at, (size_t)(end - at), "/%.*s", slice ? (int)slice : 12,
			       slice ? named : "system.slice");
	prefix++;
	if (at < end)
		at += snprintf(at, (size_t)(end - at), "/%.*s%s%s.scope", (int)(name - prefix), prefix,
			       name == prefix ? "" : "-", name + 1);
	return at < end;
}

/* Of an exiting process, version 1 does not tell the cgroups: the configuration names them. */
static int add_named(struct callgate_cgroups *cgroups, const char *named, char *text, struct callgate_err *err)
{
	char path[PATH_MAX];
	struct cgroup_row row;
	int r;

	if (named[0] == '/' ? snprintf(path, sizeof(path), "%s", named) >= (int)sizeof(path) || !named[1]
			    : !unfold(named, path, sizeof(path)))
		return 0;
	r = cgroup_read(getpid(), text, err);
	while (r == 0 && cgroup_next_row(&text, &row))
		if (!cgroup_has(getpid(), row.id, path))
			r = add(cgroups, &row, path, err);
	return r;
}

int callgate_cgroups_hold(pid_t first, const char *named, struct callgate_cgroups **out, struct callgate_err *err)
{
	struct callgate_cgroups *cgroups = calloc(1, sizeof(*cgroups));
	char *text = malloc(CGROUP_TEXT);
	int r = cgroups && text ? add_own(cgroups, first, text, err) : err_nomem(err);

	if (named && (r == 0 || r == CALLGATE_E_NOTFOUND) && !cgroups->count)
		r = add_named(cgroups, named, text, err);
	if (r == 0 && !cgroups->count)
		r = err_set(err, CALLGATE_E_NOTFOUND, "process %ld has no cgroup for itself", (long)first);

	free(text);
	if (r < 0)
		callgate_cgroups_free(cgroups);
	else
		*out = cgroups;
	return r;
}

/* Everybody who is there now. The descriptor is opened anew, because each has a place of its own in the list. */
static int list_held(const struct callgate_cgroups *cgroups, size_t at, struct pids *pids)
{
	int dir = openat(cgroups->held[at].dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return errno == ENOENT || errno == ENODEV ? 0 : CALLGATE_E_IO;
	return cgroup_walk(dir, 0, pids, NULL);
}

/* Version 2 lists those too that have ended and are not waited for yet. */
static bool is_alive(pid_t pid)
{
	struct callgate_task task;
	struct task_detail detail;
	int r = task_read_id(pid, &task, &detail, NULL);

	return r == 0 ? detail.state != 'Z' && detail.state != 'X' : r != CALLGATE_E_NOTFOUND;
}

bool callgate_cgroups_empty(const struct callgate_cgroups *cgroups)
{
	struct pids pids = { 0 };
	bool empty = true;

	for (size_t i = 0; empty && i < cgroups->count; i++)
		empty = list_held(cgroups, i, &pids) == 0;
	for (size_t i = 0; empty && i < pids.count; i++)
		empty = !is_alive(pids.pids[i]);
	pids_free(&pids);
	return empty;
}

/* Its number may be somebody else's by now: the descriptor is had first, and then the process looked at. */
static void kill_member(const struct callgate_cgroups *cgroups, size_t at, pid_t pid)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (pidfd >= 0 && cgroup_has(pid, cgroups->held[at].hierarchy, cgroups->held[at].path))
		syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
	fd_close(pidfd);
}

int callgate_cgroups_kill(const struct callgate_cgroups *cgroups, struct callgate_err *err)
{
	const struct timespec step = { .tv_nsec = 1000000 };

	for (int i = 0; i < KILL_MS && !callgate_cgroups_empty(cgroups); i++) {
		for (size_t at = 0; at < cgroups->count; at++) {
			struct pids pids = { 0 };

			if (list_held(cgroups, at, &pids) == 0)
				for (size_t j = 0; j < pids.count; j++)
					kill_member(cgroups, at, pids.pids[j]);
			pids_free(&pids);
		}
		nanosleep(&step, NULL);
	}
	if (callgate_cgroups_empty(cgroups))
		return 0;
	return err_set(err, CALLGATE_E_LIMIT, "somebody is left in cgroup %s", cgroups->held[0].path);
}
