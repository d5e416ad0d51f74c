/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Process ids: those of a cgroup, of a tree, of a namespace, gathered in one list. */
#ifndef CALLGATE_RUNTIME_PIDS_H
#define CALLGATE_RUNTIME_PIDS_H

#include "callgate.h"

/* Process ids, found in several places: sorted and made unique by pids_sort(). */
struct pids {
	pid_t *pids;
	size_t count, room;
};
int pids_add(struct pids *pids, pid_t pid, struct callgate_err *err);
void pids_sort(struct pids *pids);
void pids_free(struct pids *pids);

/* runtime/cgroup.c: adds the processes of the cgroups that first has for itself, and of all below them. *found: whether
 * it has any. A cgroup that its parent or we ourselves are in (or below) is not its own. */
int cgroup_pids(pid_t first, struct pids *pids, bool *found, struct callgate_err *err);

/* runtime/cgroup.c: the cgroup of version 2 that first has for itself, by its level below the root and its id in the
 * kernel. Left alone where it has none, or where we do not see the whole hierarchy. */
void cgroup_of_its_own(pid_t first, unsigned *level, uint64_t *id);

/* runtime/tree.c: adds root, unless that is the caller, and all its descendants. */
int tree_pids(pid_t root, struct pids *pids, struct callgate_err *err);

#endif
