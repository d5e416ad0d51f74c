/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Target thread: the one thread of a process that is stopped so that no other has to be. */
#ifndef CALLGATE_KERNEL_TARGET_THREAD_H
#define CALLGATE_KERNEL_TARGET_THREAD_H

#include "callgate.h"

struct target_thread {
	pid_t tid;
	uint64_t start_time; /* of this thread: nobody else is meant who has got its id since */
	int64_t blocked;     /* the call it was seen in; -1: none */
	enum callgate_abi abi;
	int filters; /* as struct callgate_task says */
	bool has_filters, has_admin, no_new_privs;
	unsigned threads; /* of the process */
};

/* The thread that an interruption disturbs least: blocked in a call that the kernel restarts, if there is one.
 * E_NOTFOUND: no such process, or no thread of it lives. E_PERM: it may not be looked at. */
int target_thread_choose(pid_t pid, struct target_thread *out, struct callgate_err *err);

#endif
