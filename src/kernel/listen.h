/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Listen: records the calls of a command that asks about each of them, and lets every one go on. It decides nothing:
 * between the question and the call the program could change what it points to, and here that is no harm. */
#ifndef CALLGATE_KERNEL_LISTEN_H
#define CALLGATE_KERNEL_LISTEN_H

#include "kernel/launch.h"
#include "record/record.h"
#include "record/recording.h"

enum { LISTEN_TASKS = 256 };

struct listen {
	int fd, signals;
	bool is_over; /* nobody is left who could ask */
	struct {
		pid_t tid;
		char exe[RECORD_EXE_SIZE];
		bool stale;    /* it asked for execve */
	} tasks[LISTEN_TASKS]; /* by tid modulo their number: what they were when last seen */
	pid_t first;
	bool is_started; /* the command's own execve has been asked about */
};

/* Takes the listener's descriptor over. */
int listen_start(struct listen *listen, int fd, const struct callgate_command *command, struct callgate_err *err);
/* Answers for at most so long; command->ended: whether it has. record NULL: nothing is kept any more. */
int listen_step(struct listen *listen, struct callgate_command *command, int timeout_ms, struct callgate_record *record,
		struct callgate_err *err);
void listen_release(struct listen *listen);

#endif
