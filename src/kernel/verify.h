/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Verify: what a live task must run under. */
#ifndef CALLGATE_KERNEL_VERIFY_H
#define CALLGATE_KERNEL_VERIFY_H

#include "callgate.h"

/* A task's stack of filters, the newest of which must mean exactly what filter means; beneath: how many others it
 * stands on. all: what the whole stack comes to, seen by the same look; the caller frees it; NULL: not wanted.
 * E_MISMATCH: other filters, or another number of them; the text names a call. E_PERM, E_LIMIT ...: cannot tell. */
int callgate_task_prove(pid_t tid, const struct callgate_filter *filter, size_t beneath, struct callgate_filter **all,
			struct callgate_err *err) CALLGATE_MUST_CHECK;

#endif
