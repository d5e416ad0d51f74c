/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container's cgroup frozen for one look: what is found then cannot change meanwhile. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "runtime/cgroup_parts.h"
#include "runtime/hooks.h"
#include "runtime/tasks.h"

enum { FREEZE_MS = 300 };

/* Both versions: the file that is written, what it says when nobody has frozen it, and where it is told that all stand
 * still. */
static const struct way {
	const char *control, *free, *freeze, *thaw;
	const char *progress, *done;
} ways[] = {
	{ "cgroup.freeze", "0\n", "1", "0", "cgroup.events", "frozen 1\n" },
	{ "freezer.state", "THAWED\n", "FROZEN", "THAWED", "freezer.state", "FROZEN\n" },
};

static bool says(int dir, const char *name, const char *wanted)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char text[256];
	ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	fd_close(fd);
	if (size < 0)
		return false;
	text[size] = '\0';
	return strstr(text, wanted);
}

static bool put(int fd, const char *word)
{
	return pwrite(fd, word, strlen(word), 0) == (ssize_t)strlen(word);
}

static bool await(int dir, const struct way *way)
{
	const struct timespec step = { .tv_nsec = 1000000 };

	for (int i = 0; i < FREEZE_MS; i++) {
		if (says(dir, way->progress, way->done))
			return true;
		nanosleep(&step, NULL);
	}
	return false;
}

void cgroup_thaw(struct cgroup_frozen *frozen)
{
	/* A cgroup that is not there any more has nobody who could be frozen. */
	while (!put(frozen->control, frozen->thaw) && (errno == EINTR || errno == EAGAIN || errno == ENOMEM))
		;
	fd_close(frozen->control);
	sigprocmask(SIG_SETMASK, &frozen->signals, NULL);
}

/* What somebody else has frozen is his to thaw, and may run again at any moment. */
static bool freeze(const struct held_cgroup *cgroup, const struct way *way, struct cgroup_frozen *out)
{
	sigset_t all;

	if (!says(cgroup->dir, way->control, way->free))
		return false;
	*out = (struct cgroup_frozen){ .cgroup = cgroup, .thaw = way->thaw };
	out->control = openat(cgroup->dir, way->control, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (out->control < 0)
		return false;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &out->signals);
	if (put(out->control, way->freeze) && await(cgroup->dir, way))
		return true;
	cgroup_thaw(out);
	return false;
}

bool cgroup_freeze(const struct callgate_cgroups *cgroups, struct cgroup_frozen *out)
{
	for (size_t i = 0; i < cgroups->count; i++)
		for (size_t j = 0; j < sizeof(ways) / sizeof(ways[0]); j++)
			if (freeze(&cgroups->held[i], &ways[j], out))
				return true;
	return false;
}

bool cgroup_holds(const struct cgroup_frozen *frozen, const struct callgate_tasks *tasks)
{
	for (size_t i = 0; i < tasks->count; i++) {
		if (i > 0 && tasks->tasks[i].pid == tasks->tasks[i - 1].pid)
			continue;
		if (!cgroup_has(tasks->tasks[i].pid, frozen->cgroup->hierarchy, frozen->cgroup->path))
			return false;
	}
	return true;
}
