/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Process ids, gathered in one list. */
#ifndef CALLGATE_RUNTIME_PIDS_H
#define CALLGATE_RUNTIME_PIDS_H

#include "callgate.h"

/* Process ids, found in several places: sorted and made unique by pids_sort(). */
struct pids {
	pid_t *pids;
	size_t count, room;
};
int pids_add(struct pids *pids, pid_t pid, struct callgate_err *err);
/* Adds every process of /proc. */
int pids_add_everybody(struct pids *pids, struct callgate_err *err);
void pids_sort(struct pids *pids);
bool pids_has(const struct pids *sorted, pid_t pid);
void pids_free(struct pids *pids);

#endif
