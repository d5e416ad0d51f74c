/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container's cgroup frozen for one look: what is found then cannot change meanwhile. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
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
static const struct freezing_way {
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

static void nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

static bool await(int dir, const struct freezing_way *way)
{
	for (int i = 0; i < FREEZE_MS; i++) {
		if (says(dir, way->progress, way->done))
			return true;
		nap();
	}
	return false;
}

/* Of two callgates the one that came second could believe frozen what the first one thaws, and freezes again. */
static bool lock(int dir)
{
	for (int i = 0; i < FREEZE_MS; i++) {
		if (flock(dir, LOCK_EX | LOCK_NB) == 0)
			return true;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return false;
		nap();
	}
	return false;
}

bool cgroup_thaw(struct cgroup_frozen *frozen)
{
	bool was_frozen = says(frozen->cgroup->dir, frozen->way->progress, frozen->way->done);

	/* A cgroup that is not there any more has nobody who could be frozen. */
	while (!put(frozen->control, frozen->way->thaw) && (errno == EINTR || errno == EAGAIN || errno == ENOMEM))
		;
	fd_close(frozen->control);
	flock(frozen->cgroup->dir, LOCK_UN);
	sigprocmask(SIG_SETMASK, &frozen->signals, NULL);
	return was_frozen;
}

static bool freeze_locked(const struct held_cgroup *cgroup, const struct freezing_way *way, struct cgroup_frozen *out)
{
	sigset_t all;

	/* What somebody else has frozen is his to thaw, and may run again at any moment. */
	if (!says(cgroup->dir, way->control, way->free))
		return false;
	*out = (struct cgroup_frozen){ .cgroup = cgroup, .way = way };
	out->control = openat(cgroup->dir, way->control, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (out->control < 0)
		return false;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &out->signals);
	if (put(out->control, way->freeze) && await(cgroup->dir, way))
		return true;
	(void)cgroup_thaw(out);
	return false;
}

static bool freeze(const struct held_cgroup *cgroup, const struct freezing_way *way, struct cgroup_frozen *out)
{
	if (!says(cgroup->dir, way->control, way->free) || !lock(cgroup->dir))
		return false;
	if (freeze_locked(cgroup, way, out))
		return true;
	flock(cgroup->dir, LOCK_UN);
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
