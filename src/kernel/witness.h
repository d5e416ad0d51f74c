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

/* Whether a task in a reading has prog among its filters, word for word. */
bool witness_stack_has(const struct callgate_witness *witness, size_t stack, const struct callgate_prog *prog);

#endif
