/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the readers of cgroups share: the rows of /proc/PID/cgroup, and the directories that they name. */
#ifndef CALLGATE_RUNTIME_CGROUP_PARTS_H
#define CALLGATE_RUNTIME_CGROUP_PARTS_H

#include <signal.h>

#include "runtime/pids.h"

enum { CGROUPS_HELD = 16 };

/* A container's cgroups, see runtime/hooks.h. */
struct callgate_cgroups {
	struct held_cgroup {
		int dir;
		unsigned hierarchy;
		char *path;
	} held[CGROUPS_HELD];
	size_t count;
};

/* One of them, in which nobody runs, forks or ends (but by SIGKILL) until it is thawed. */
struct cgroup_frozen {
	const struct held_cgroup *cgroup;
	const struct freezing_way *way;
	int control;      /* the file that freezes and thaws */
	sigset_t signals; /* those that were blocked before; now all are, so that none keeps us from thawing */
};
/* Bounded in time, a few hundred ms. False: it cannot be frozen, or somebody else has frozen it, another callgate
 * perhaps. After true it must be thawed. */
bool cgroup_freeze(const struct callgate_cgroups *cgroups, struct cgroup_frozen *out);
/* Whether it still was frozen: anybody may thaw it, and what was found is no proof then. */
bool cgroup_thaw(struct cgroup_frozen *frozen);
/* Whether each of the tasks is in it. */
bool cgroup_holds(const struct cgroup_frozen *frozen, const struct callgate_tasks *tasks);

enum { CGROUP_TEXT = 64 * 1024 /* bytes that cgroup_read() may write */ };

/* A row of /proc/PID/cgroup: "ID:controllers:path"; id 0 is version 2. Points into the text. */
struct cgroup_row {
	const char *controllers, *path;
	unsigned id;
};

/* /proc/PID/cgroup. E_NOTFOUND: no such process. */
int cgroup_read(pid_t pid, char *text, struct callgate_err *err);
/* Takes the next row off *text and ends its words with NULs. */
bool cgroup_next_row(char **text, struct cgroup_row *row);
/* Whether the process sits in the cgroup or below it; one that cannot be read is not there. */
bool cgroup_has(pid_t pid, unsigned id, const char *path);
/* Each cgroup that first has for itself: neither its parent nor we sit there. What visit answers other than 0 ends it.
 */
typedef int cgroup_visit(void *data, const struct cgroup_row *row, const char *path, struct callgate_err *err);
int cgroup_each_own(pid_t first, cgroup_visit *visit, void *data, struct callgate_err *err);
/* Adds the processes of the cgroups that first has for itself, and of all below them. *found: whether
 * it has any. A cgroup that its parent or we ourselves are in (or below) is not its own. */
int cgroup_pids(pid_t first, struct pids *pids, bool *found, struct callgate_err *err);

/* The cgroup of version 2 that first has for itself, by its level below the root and its id in the
 * kernel. Left alone where it has none, or where we do not see the whole hierarchy. */
void cgroup_of_its_own(pid_t first, unsigned *level, uint64_t *id);

/* The directory of a cgroup, opened; *out -1 when it is not there, or its hierarchy is not mounted where we see it. */
int cgroup_open(const struct cgroup_row *row, const char *path, int *out, struct callgate_err *err);
/* Adds all processes of a cgroup and of those below; what has been removed has none. Takes dir over. E_LIMIT, E_IO. */
int cgroup_walk(int dir, int depth, struct pids *pids, struct callgate_err *err);

#endif
