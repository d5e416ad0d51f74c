/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the two readers of cgroups share: the rows of /proc/PID/cgroup, and the directories that they name. */
#ifndef CALLGATE_RUNTIME_CGROUP_PARTS_H
#define CALLGATE_RUNTIME_CGROUP_PARTS_H

#include "runtime/pids.h"

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
/* The directory of a cgroup, opened; *out -1 when it is not there, or its hierarchy is not mounted where we see it. */
int cgroup_open(const struct cgroup_row *row, const char *path, int *out, struct callgate_err *err);
/* Adds all processes of a cgroup and of those below; what has been removed has none. Takes dir over. E_LIMIT, E_IO. */
int cgroup_walk(int dir, int depth, struct pids *pids, struct callgate_err *err);

#endif
