/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Differing: tasks of a process or container that run under other filters than its first task, and why. */
#ifndef CALLGATE_TOOL_STATUS_DIFFER_H
#define CALLGATE_TOOL_STATUS_DIFFER_H

#include "tool/host.h"

struct differing {
	const struct callgate_task *task;
	char why[256];
};

struct differing_list {
	const char *source; /* as it was given */
	struct differing *list;
	size_t count, tasks;
	size_t filters; /* of the first task */
};

/* Of the tasks of source, whose first process is first. -1: out of memory. */
int differing_find(const char *source, const struct callgate_tasks *tasks, pid_t first, struct differing_list *out);
void differing_release(struct differing_list *list);
/* One line for each on stderr; to stdout, for people, also that there are none. */
void differing_print(const struct differing_list *list, bool for_people);
void differing_to_json(const struct differing_list *list, struct json_object *array);

#endif
