/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Host, called by name: tasks of containers that start the next and end, so that a list of the machine never has them.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "tool/host.h"

/* The tasks of a container in host->tasks. */
struct group {
	size_t at, count;
	int fewest; /* filters of those that were looked at; INT_MAX: nobody was */
};

/* Rows that are found: added behind the others in the end. */
struct missed {
	struct host_task *rows;
	size_t count;
};

static struct group group_at(const struct host *host, size_t at)
{
	struct group group = { .at = at, .fewest = INT_MAX };

	for (size_t i = at; i < host->task_count && strcmp(host->tasks[i].unit, host->tasks[at].unit) == 0; i++) {
		size_t filters = 0;

		group.count++;
		if (host->tasks[i].stack < 0)
			continue;
		callgate_witness_stack(host->witness, (size_t)host->tasks[i].stack, &filters);
		if (filters < (size_t)group.fewest)
			group.fewest = (int)filters;
	}
	return group;
}

/* The oldest process: who has joined a container later was not there when it was made. */
static size_t first_of(const struct host *host, const struct group *group)
{
	size_t first = group->at;

	for (size_t i = group->at; i < group->at + group->count; i++)
		if (host->tasks[i].task->start_time < host->tasks[first].task->start_time)
			first = i;
	return first;
}

static int by_tid(const void *key, const void *row)
{
	pid_t tid = *(const pid_t *)key, other = ((const struct host_task *)row)->task->tid;

	return (tid > other) - (tid < other);
}

static bool is_same(const struct callgate_task *a, const struct callgate_task *b)
{
	return a->tid == b->tid && a->start_time == b->start_time;
}

static bool is_known(const struct host *host, const struct group *group, const struct missed *missed,
		     const struct callgate_task *task)
{
	const struct host_task *row =
		bsearch(&task->tid, &host->tasks[group->at], group->count, sizeof(*host->tasks), by_tid);

	if (row && is_same(row->task, task))
		return true;
	for (size_t i = 0; i < missed->count; i++)
		if (is_same(missed->rows[i].task, task))
			return true;
	return false;
}

static int add_row(struct missed *missed, const struct host_task *like, const struct callgate_task *task)
{
	struct host_task *grown = reallocarray(missed->rows, missed->count + 1, sizeof(*grown));

	if (!grown)
		return -1;
	missed->rows = grown;
	grown[missed->count] = *like;
	grown[missed->count].task = task;
	grown[missed->count].stack = STACK_ENDED;
	grown[missed->count++].unseen = 0;
	return 0;
}

/* Rows point into the roll: it is kept. */
static int keep(struct host *host, struct callgate_tasks *roll)
{
	struct callgate_tasks **grown = reallocarray(host->rolls, host->roll_count + 1, sizeof(*grown));

	if (!grown) {
		callgate_tasks_free(roll);
		return -1;
	}
	host->rolls = grown;
	grown[host->roll_count++] = roll;
	return 0;
}

static int compare(struct host *host, const struct group *group, struct callgate_tasks *roll, struct missed *missed)
{
	struct host_task *first = &host->tasks[group->at];
	size_t before = missed->count;

	first->unseen = 0;
	for (size_t i = 0; i < callgate_tasks_count(roll); i++) {
		const struct callgate_task *task = callgate_tasks_at(roll, i);
		enum callgate_ended ended = callgate_task_ended(task, group->fewest);

		if (ended == CALLGATE_ENDED_SEEN || is_known(host, group, missed, task))
			continue;
		first->unseen += ended == CALLGATE_ENDED_UNSEEN;
		if (ended == CALLGATE_ENDED_BARE && add_row(missed, first, task) < 0) {
			callgate_tasks_free(roll);
			return -1;
		}
	}
	if (missed->count > before)
		return keep(host, roll);
	callgate_tasks_free(roll);
	return 0;
}

/* A container that ends meanwhile has nobody left; of one that cannot be called nothing is known. */
static int call_group(struct host *host, const struct group *group, struct missed *missed)
{
	pid_t first = host->tasks[first_of(host, group)].task->pid;
	int r = 0;

	host->tasks[group->at].unseen = 1;
	for (int i = 0; r == 0 && host->tasks[group->at].unseen && i < CALLGATE_LOOKS; i++) {
		struct callgate_tasks *roll;

		r = callgate_tasks_members(first, &roll, NULL);
		if (r == CALLGATE_E_NOTFOUND && i == 0)
			host->tasks[group->at].unseen = 0;
		if (r < 0)
			return r == CALLGATE_E_NOMEM ? -1 : 0;
		r = compare(host, group, roll, missed);
	}
	return r;
}

static int append(struct host *host, const struct missed *missed)
{
	struct host_task *grown;

	if (!missed->count)
		return 0;
	grown = reallocarray(host->tasks, host->task_count + missed->count, sizeof(*grown));
	if (!grown)
		return -1;
	memcpy(grown + host->task_count, missed->rows, missed->count * sizeof(*grown));
	host->tasks = grown;
	host->task_count += missed->count;
	return 0;
}

int host_roll(struct host *host)
{
	struct missed missed = { 0 };
	struct group group;
	int r = 0;

	/* Who may not look has no verdict that could be wrong. */
	for (size_t i = 0; host->witness && r == 0 && i < host->task_count; i += group.count) {
		group = group_at(host, i);
		if (host->tasks[i].kind == HOST_CONTAINER)
			r = call_group(host, &group, &missed);
	}
	if (r == 0)
		r = append(host, &missed);
	free(missed.rows);
	if (r < 0)
		report("out of memory");
	return r < 0 ? EXIT_CANNOT : EXIT_YES;
}

void host_roll_cleanup(struct host *host)
{
	for (size_t i = 0; i < host->roll_count; i++)
		callgate_tasks_free(host->rolls[i]);
	free(host->rolls);
}
