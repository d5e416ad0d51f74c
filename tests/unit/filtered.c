/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Filtered: a filter of four instructions; a reading of tasks. */
#include "filtered.h"

#include <criterion/criterion.h>
#include <linux/seccomp.h>

#include "base/err.h"
#include "kernel/witness.h"

struct callgate_prog *answer(unsigned nr, uint32_t word, uint32_t others)
{
	struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, word),
		BPF_STMT(BPF_RET | BPF_K, others),
	};
	struct callgate_prog *prog;

	cr_assert_eq(prog_new(insns, 4, &prog, NULL), 0);
	return prog;
}

struct callgate_prog *deny(unsigned nr, uint32_t word)
{
	return answer(nr, word, SECCOMP_RET_ALLOW);
}

struct callgate_witness *look(const struct callgate_task *tasks, size_t count, enum callgate_evidence how)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_witness *witness;
	size_t stack;
	int r = callgate_witness_read(tasks, count, how, &witness, &err);

	if (r == 0 && how == CALLGATE_EVIDENCE_ANY && count)
		r = callgate_witness_task(witness, 0, &stack, &err) == CALLGATE_E_PERM ? CALLGATE_E_PERM : 0;
	if (r == CALLGATE_E_PERM || r == CALLGATE_E_UNSUPPORTED)
		cr_skip_test("%s", err.text);
	cr_assert_eq(r, 0, "%s", err.text);
	return witness;
}

int witness_have(const struct callgate_task *tasks, size_t count, const struct callgate_prog *prog, size_t *lacking,
		 struct callgate_err *err)
{
	struct callgate_witness *witness = NULL;
	int r = callgate_witness_read(tasks, count, CALLGATE_EVIDENCE_ANY, &witness, err);

	for (size_t i = 0; r == 0 && i < count; i++) {
		size_t stack = 0;

		r = callgate_witness_task(witness, i, &stack, err);
		if (r == 0 && !witness_stack_has(witness, stack, prog))
			r = err_set(err, CALLGATE_E_MISMATCH, "thread %ld of process %ld runs without the filter",
				    (long)tasks[i].tid, (long)tasks[i].pid);
		if (r == CALLGATE_E_NOTFOUND)
			r = 0;
		else if (r < 0)
			*lacking = i;
	}
	callgate_witness_free(witness);
	return r;
}
