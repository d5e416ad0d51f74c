/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The front desk of injection and of started commands: checks arguments, calls kernel/. */
#include "callgate.h"

#include "base/err.h"
#include "kernel/inject.h"
#include "kernel/launch.h"
#include "runtime/apply.h"

static int missing(struct callgate_err *err)
{
	return err_set(err, CALLGATE_E_ARG, "a required argument is NULL");
}

int callgate_process_inject(pid_t pid, const struct callgate_prog *prog, const struct callgate_inject *how,
			    struct callgate_injected *out, struct callgate_err *err)
{
	static const struct callgate_inject usual = CALLGATE_INJECT_INIT;

	if (!prog)
		return missing(err);
	if (pid <= 0)
		return err_set(err, CALLGATE_E_ARG, "%ld is no process id", (long)pid);
	return kernel_inject(pid, prog, how ? how : &usual, out, err);
}

int callgate_command_start(const struct callgate_prog *prog, const struct callgate_start *how, char *const argv[],
			   struct callgate_command **out, struct callgate_err *err)
{
	static const struct callgate_start usual = CALLGATE_START_INIT;

	if (!prog || !argv || !argv[0] || !out)
		return missing(err);
	return launch_start(prog, how ? how : &usual, argv, out, err);
}

pid_t callgate_command_pid(const struct callgate_command *command)
{
	return command ? command->pid : 0;
}

int callgate_command_wait(struct callgate_command *command, int timeout_ms, bool *ended, int *status, struct callgate_err *err)
{
	if (!command || !ended || !status)
		return missing(err);
	return launch_wait(command, timeout_ms, ended, status, err);
}

struct callgate_command *callgate_command_free(struct callgate_command *command)
{
	return launch_free(command);
}

int callgate_apply(const struct callgate_prog *prog, enum callgate_scope scope, pid_t pid, const struct callgate_inject *how,
		   callgate_apply_visit *visit, void *data, struct callgate_err *err)
{
	struct apply apply = { .prog = prog, .scope = scope, .pid = pid, .visit = visit, .data = data,
			       .how = CALLGATE_INJECT_INIT };

	if (!prog)
		return missing(err);
	if (pid <= 0 || scope == CALLGATE_SCOPE_ALL)
		return err_set(err, CALLGATE_E_ARG, "%ld is no process or container to put a filter on", (long)pid);
	if (how)
		apply.how = *how;
	return apply_all(&apply, err);
}
