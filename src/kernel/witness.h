/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Witness: which filters tasks really have, from evidence that they cannot forge. Every way of applying a filter ends
 * here. */
#ifndef CALLGATE_KERNEL_WITNESS_H
#define CALLGATE_KERNEL_WITNESS_H

#include "bpf/prog.h"
#include "kernel/witness_read.h"

/* What /proc says of every thread of a process at one moment. */
struct witness_counts {
	unsigned threads; /* that live */
	int fewest, most; /* filters of a thread; -1: the kernel does not say */
	pid_t unfiltered; /* a thread without any filter; 0: there is none */
};
/* E_NOTFOUND: no such process, or all its threads have ended. */
int witness_count(pid_t pid, struct witness_counts *out, struct callgate_err *err);

/* Whether every thread of these tasks has prog among its filters, word for word. E_MISMATCH names a thread that lacks
 * it, *lacking its place in tasks. Where the filters cannot be read: the error of that, which no caller may take for a
 * yes. Tasks that have ended meanwhile lack nothing. */
int witness_have(const struct callgate_task *tasks, size_t count, const struct callgate_prog *prog, size_t *lacking,
		 struct callgate_err *err);

/* The same of one task in a reading. */
bool witness_stack_has(const struct callgate_witness *witness, size_t stack, const struct callgate_prog *prog);

#endif
