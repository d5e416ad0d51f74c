/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Iterator: the filters of every task of the machine, read by a BPF task iterator. Nobody is stopped, traced tasks are
 * read too. */
#ifndef CALLGATE_KERNEL_ITERATOR_H
#define CALLGATE_KERNEL_ITERATOR_H

#include "callgate.h"

enum { ITERATOR_DEPTH = 64 }; /* filters of one task that are followed; a task with more is read in another way */

/* Filters are the kernel's objects: equal ids are one filter. Links are shared: a filter stands on the same ones for
 * everybody. */
struct iterator_filter {
	uint64_t id;
	uint64_t below;    /* the older one that it stands on; 0: none */
	const void *insns; /* as they were loaded; NULL: the kernel has not kept them */
	unsigned count;
	bool log;          /* SECCOMP_FILTER_FLAG_LOG */
	uint32_t compiled; /* bytes of machine code; 0: it is interpreted */
};

struct iterator_task {
	pid_t pid, tid;
	uint64_t start_time; /* as struct callgate_task has it */
	int mode, filters;   /* as the kernel counts them */
	uint64_t newest;     /* 0: none */
	bool ending;         /* it executes nothing of its own any more */
};

struct iterator_reading {
	struct iterator_task *tasks; /* by tid */
	size_t task_count;
	size_t unconfirmed;              /* tasks that the two looks did not see alike */
	struct iterator_filter *filters; /* by id */
	size_t filter_count;
	void *bytes; /* of the programs */
	size_t size;
};

/* A filter and its program are in the reading only where a task that had the filter when its program was read still has
 * it after all has been read: then neither can have changed meanwhile, and all tasks that show this id have had this
 * program. Tasks are what they were at the first of two looks, and are only those that both looks saw with the same
 * filters. E_UNSUPPORTED: the kernel cannot. E_PERM: CAP_BPF or CAP_PERFMON is missing, or this is not the initial pid
 * namespace. */
int iterator_read(struct iterator_reading *out, struct callgate_err *err);
void iterator_release(struct iterator_reading *reading);

const struct iterator_task *iterator_task(const struct iterator_reading *reading, pid_t tid);
const struct iterator_filter *iterator_filter(const struct iterator_reading *reading, uint64_t id);

#endif
