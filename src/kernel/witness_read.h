/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading what a witness saw: the filters of many tasks at once, for the tool. Not installed and not exported. */
#ifndef CALLGATE_KERNEL_WITNESS_READ_H
#define CALLGATE_KERNEL_WITNESS_READ_H

#include "callgate.h"

/*
 * The filters of many tasks. Where the kernel has BPF task iterators and its type information, and the caller CAP_BPF,
 * CAP_PERFMON and the initial pid namespace, all are read at once, nobody is stopped, and traced tasks are read too;
 * else one by one as callgate_task_dump() does. A stack is what a task runs under: tasks whose filters are the same,
 * word for word, share one.
 */
struct callgate_witness;
enum callgate_evidence { CALLGATE_EVIDENCE_ANY = 0, CALLGATE_EVIDENCE_ITERATOR, CALLGATE_EVIDENCE_PTRACE };
/* tasks: count of them in a row, as callgate_tasks_at(list, 0) gives them. What is unknown of one task is no error
 * of this call. ITERATOR: E_UNSUPPORTED, E_PERM where that is not to be had. Free *out with callgate_witness_free(). */
int callgate_witness_read(const struct callgate_task *tasks, size_t count, enum callgate_evidence how,
			  struct callgate_witness **out, struct callgate_err *err) CALLGATE_MUST_CHECK;
struct callgate_witness *callgate_witness_free(struct callgate_witness *witness);
/* Which stack the task (by its place in tasks) runs under. E_NOTFOUND: it has ended. Any other error: unknown,
 * and it must not be taken for confined. */
int callgate_witness_task(const struct callgate_witness *witness, size_t task, size_t *stack,
			  struct callgate_err *err) CALLGATE_MUST_CHECK;
/* How many stacks there are; their programs, the oldest first (*count 0: no filter); NULL past the end. They belong to
 * witness. */
size_t callgate_witness_stacks(const struct callgate_witness *witness);
const struct callgate_prog *const *callgate_witness_stack(const struct callgate_witness *witness, size_t stack,
							  size_t *count);
/* Bytes of machine code that the kernel keeps for all filters that were read, each of its objects once; 0 where only
 * ptrace was asked. */
uint64_t callgate_witness_compiled(const struct callgate_witness *witness);
/* All filters of a stack together, lifted when they are first asked for. Belongs to witness. Errors of
 * callgate_filter_lift(). */
int callgate_witness_filter(struct callgate_witness *witness, size_t stack, const struct callgate_filter **out,
			    struct callgate_err *err) CALLGATE_MUST_CHECK;
/* How a stack stands against what a profile means: CALLGATE_NONE where it has no filter. E_ARG: no such stack.
 * E_UNSUPPORTED: it is not expressible as a profile where that matters. */
int callgate_witness_verdict(struct callgate_witness *witness, size_t stack, const struct callgate_filter *profile,
			     enum callgate_verdict *out, struct callgate_err *err) CALLGATE_MUST_CHECK;

#endif
