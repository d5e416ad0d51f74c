/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Dump: the filters that a live task runs under, read back from the kernel. */
#ifndef CALLGATE_KERNEL_DUMP_H
#define CALLGATE_KERNEL_DUMP_H

#include "bpf/prog.h"

/* All filters of one task, the oldest first, with the flags that the kernel gives back (LOG only). A task without
 * filters gives none. The task stands still for some 0.1 ms; one that does not stop within TRACEE_DEADLINE_MS, in a
 * frozen cgroup say, is left as it was. E_NOTFOUND: no such task, or it ended. E_PERM: ptrace refused (the text says
 * what is missing: CAP_SYS_ADMIN in the initial user namespace, a caller without filters of its own, or another tracer
 * has it). E_UNSUPPORTED: kernel without CONFIG_CHECKPOINT_RESTORE, or a task in strict mode. E_LIMIT: the deadline. */
int kernel_dump(pid_t tid, struct callgate_prog ***out, size_t *count, struct callgate_err *err);
struct callgate_prog **kernel_dump_free(struct callgate_prog **progs, size_t count);
/* What the filters of a task mean together, under a name. */
int kernel_dump_lift(const struct callgate_prog *const progs[], size_t count, const char *name,
		     struct callgate_filter **out, struct callgate_err *err);

#endif
