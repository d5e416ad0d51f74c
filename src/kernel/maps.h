/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Maps: what a task has mapped where, as far as injection asks. */
#ifndef CALLGATE_KERNEL_MAPS_H
#define CALLGATE_KERNEL_MAPS_H

#include "callgate.h"

struct mapping {
	uint64_t first, last; /* [first, last) */
	bool read, write, execute, is_private;
	char name[64]; /* the file or [word], its beginning */
};

/* Calls visit for each mapping in order, until it answers other than 0. That answer, 0, or an error. */
int maps_walk(pid_t tid, int (*visit)(const struct mapping *mapping, void *data), void *data, struct callgate_err *err);

/* The auxiliary vector's value of this type, 0 where it has none. word: bytes of a long in the task. */
int auxv_read(pid_t tid, uint64_t type, unsigned word, uint64_t *out, struct callgate_err *err);

#endif
