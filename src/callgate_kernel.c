/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The front desk of the kernel and runtime rooms: checks arguments, calls them. No logic lives here. */
#include "callgate.h"

#include "base/err.h"
#include "kernel/dump.h"
#include "kernel/launch.h"
#include "kernel/load.h"
#include "kernel/probe.h"
#include "runtime/tasks.h"

static int missing(struct callgate_err *err)
{
	return err_set(err, CALLGATE_E_ARG, "a required argument is NULL");
}

int callgate_kernel_probe(struct callgate_kernel *out, struct callgate_err *err)
{
	return out ? kernel_probe(out, err) : missing(err);
}

int callgate_prog_load(const struct callgate_prog *prog, enum callgate_nnp nnp, struct callgate_err *err)
{
	return prog ? kernel_load(prog, nnp, err) : missing(err);
}

int callgate_run(const struct callgate_prog *prog, enum callgate_nnp nnp, char *const argv[], int *status,
		 struct callgate_err *err)
{
	if (!prog || !argv || !argv[0] || !status)
		return missing(err);
	return kernel_launch(prog, nnp, argv, status, err);
}

int callgate_tasks_list(enum callgate_scope scope, pid_t pid, struct callgate_tasks **out, struct callgate_err *err)
{
	if (!out)
		return missing(err);
	if (scope != CALLGATE_SCOPE_ALL && pid <= 0)
		return err_set(err, CALLGATE_E_ARG, "%ld is no process id", (long)pid);
	return tasks_list(scope, pid, out, err);
}

size_t callgate_tasks_count(const struct callgate_tasks *tasks)
{
	return tasks ? tasks->count : 0;
}

const struct callgate_task *callgate_tasks_at(const struct callgate_tasks *tasks, size_t index)
{
	return tasks && index < tasks->count ? &tasks->tasks[index] : NULL;
}

struct callgate_tasks *callgate_tasks_free(struct callgate_tasks *tasks)
{
	return tasks_free(tasks);
}

int callgate_process_dump(pid_t tid, struct callgate_prog ***out, size_t *count, struct callgate_err *err)
{
	if (!out || !count)
		return missing(err);
	if (tid <= 0)
		return err_set(err, CALLGATE_E_ARG, "%ld is no process id", (long)tid);
	return kernel_dump(tid, 0, out, count, err);
}

struct callgate_prog **callgate_process_dump_free(struct callgate_prog **progs, size_t count)
{
	return kernel_dump_free(progs, count);
}
