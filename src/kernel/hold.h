/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hold: a command that waits in front of its execve until whoever wants to watch it is ready. */
#ifndef CALLGATE_KERNEL_HOLD_H
#define CALLGATE_KERNEL_HOLD_H

#include "kernel/launch.h"

/* PLAIN: nothing is done to it. NOTIFY: every call of its own is asked of a listener from its execve on, and it has
 * no_new_privs. */
enum hold_kind { HOLD_PLAIN = 0, HOLD_NOTIFY };

struct hold {
	struct callgate_command *command;
	int go;       /* written to: it goes on */
	int trouble;  /* read from: an errno where execve failed, the end where it did not */
	int listener; /* NOTIFY, once it goes on; else -1 */
	int *shared;
	const char *name;
	enum hold_kind kind;
};

/* When it returns, the command waits: no call of its own is under way but read(2). E_NOTFOUND, E_IO: no such command,
 * or none that can be run. */
int hold_start(char *const argv[], enum hold_kind kind, struct hold *out, struct callgate_err *err);
/* Lets it go on; that it becomes the command is not waited for. */
int hold_let_go(struct hold *hold, struct callgate_err *err);
/* Why it did not become the command; 0: it has. PLAIN: waits until either is so. NOTIFY: once it has ended. */
int hold_trouble(struct hold *hold, struct callgate_err *err);
/* The command stays with the caller. */
void hold_release(struct hold *hold);

#endif
