/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Launch: one command under a filter. */
#ifndef CALLGATE_KERNEL_LAUNCH_H
#define CALLGATE_KERNEL_LAUNCH_H

#include <signal.h>

#include "bpf/prog.h"

struct callgate_command {
	pid_t pid;
	sigset_t watched, before; /* signals taken one by one, so that the library keeps no global state */
	struct sigaction before_chld;
	bool ended;
	int status;
};

/* Blocks the signals that are handed on, and keeps how things were for callgate_command_free(). */
void launch_signals(struct callgate_command *command);
/* The next thing that the child shows: its end, or a stop while it is traced. *got false: the time is over. Signals are
 * handed on meanwhile. */
int launch_next(struct callgate_command *command, int timeout_ms, bool *got, int *status, struct callgate_err *err);

/* kernel/launch_trace.c: the child waits in front of its execve. Traces it from there to the place that at says, makes
 * it load the program, checks that it has it, and lets go. E_NOTFOUND: it ended before its execve had come to pass.
 * Otherwise, where this fails, the child is dead. command->ended: it has ended in its loader, so that there is nothing
 * left to confine; the status says how. */
int launch_trace(struct callgate_command *command, const struct callgate_prog *prog, enum callgate_at at, int go,
		 struct callgate_err *err);
/* Kills it and takes its status. */
void launch_kill(struct callgate_command *command);

#endif
