/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tasks: every task of a process, of a container or of the machine. */
#ifndef CALLGATE_RUNTIME_TASKS_H
#define CALLGATE_RUNTIME_TASKS_H

#include "callgate.h"

struct callgate_tasks {
	struct callgate_task *tasks;
	size_t count, room;
};

int tasks_add(struct callgate_tasks *tasks, const struct callgate_task *task, struct callgate_err *err);
/* One of whom only the ids are known. */
int tasks_add_lost(struct callgate_tasks *tasks, pid_t pid, pid_t tid, struct callgate_err *err);
/* For qsort(): by process, the first thread first; of one that was found twice the later start comes last. */
int tasks_by_key(const void *a, const void *b);

/* Whether a process is in another pid namespace than we. E_NOTFOUND: gone. E_PERM: not ours to see. */
int tasks_are_apart(pid_t pid, bool *out, struct callgate_err *err);

#endif
