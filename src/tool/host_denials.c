/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Host, denied: records of seccomp that auditd has written, or the kernel's own log where nobody collects them. */
#include <linux/seccomp.h>
#include <stdlib.h>

#include "tool/host.h"
#include "tool/why.h"

/* Which unit a process belongs to. */
struct owner {
	pid_t pid;
	size_t unit;
};

struct owners {
	struct owner *list;
	size_t count;
};

struct counting {
	struct owners owners;
	struct host_denials *out;
};

static int by_pid(const void *a, const void *b)
{
	const struct owner *one = a, *other = b;

	return (one->pid > other->pid) - (one->pid < other->pid);
}

static bool find_owners(const struct host *host, struct owners *out)
{
	size_t count = callgate_tasks_count(host->list);

	*out = (struct owners){ .list = calloc(count + 1, sizeof(*out->list)) };
	if (!out->list)
		return false;
	for (size_t i = 0; i < host->unit_count; i++)
		for (size_t j = 0; j < host->units[i].count; j++)
			out->list[out->count++] = (struct owner){ host->units[i].tasks[j].task->tid, i };
	if (out->count)
		qsort(out->list, out->count, sizeof(*out->list), by_pid);
	return true;
}

/* What was allowed and logged is no denial. */
static bool is_denial(const struct event *event)
{
	uint32_t action = event->code & SECCOMP_RET_ACTION_FULL;

	return event->kind == EVENT_RECORD && event->has_code != CODE_NONE && action != SECCOMP_RET_LOG &&
	       action != SECCOMP_RET_ALLOW;
}

static void count(void *data, const struct event *event)
{
	struct counting *counting = data;
	const struct owners *owners = &counting->owners;
	struct owner key = { .pid = event->pid }, *owner;

	if (!is_denial(event))
		return;
	owner = owners->count ? bsearch(&key, owners->list, owners->count, sizeof(key), by_pid) : NULL;
	if (owner)
		counting->out->of_units[owner->unit]++;
	else
		counting->out->others++;
}

bool host_denials_read(const struct host *host, struct host_denials *out)
{
	struct counting counting = { .out = out };
	bool known = false;

	*out = (struct host_denials){ .of_units = calloc(host->unit_count + 1, sizeof(*out->of_units)) };
	if (out->of_units && find_owners(host, &counting.owners)) {
		known = denials_each(count, &counting);
		free(counting.owners.list);
	}
	return known;
}

void host_denials_cleanup(struct host_denials *denials)
{
	free(denials->of_units);
}
