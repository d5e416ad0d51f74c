/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Launch: one command under a filter, loaded in the child just before exec. */
#ifndef CALLGATE_KERNEL_LAUNCH_H
#define CALLGATE_KERNEL_LAUNCH_H

#include "bpf/prog.h"

/* Runs argv (looked up in PATH) under prog and waits for it. *status is its wait status (WIFEXITED and friends).
 * E_NOTFOUND: no such command. E_IO: there is one, it cannot be executed. E_UNSUPPORTED: the filter does not let execve
 * pass, or kernel_load() says so. Anything else: the set-up failed. In every such case the command has not run.
 * Standard streams are inherited. SIGHUP, SIGINT, SIGQUIT and SIGTERM that a process sent are handed on; those that the
 * terminal sends reach the child by themselves. For callers with one thread. */
int kernel_launch(const struct callgate_prog *prog, enum callgate_nnp nnp, char *const argv[], int *status,
		  struct callgate_err *err);

#endif
