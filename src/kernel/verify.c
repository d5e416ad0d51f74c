/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Verify: what a live task runs under, and whether that is what a profile says. */
#include <stdio.h>

#include "base/err.h"
#include "bpf/prog.h"
#include "callgate.h"
#include "kernel/dump.h"
#include "kernel/status.h"
#include "kernel/verify.h"
#include "kernel/witness_read.h"
#include "names/abi.h"

/* One task: by ptrace, which is cheaper for one, and by the iterator where another tracer has it. */
static int read_task(pid_t tid, struct callgate_witness **out, size_t *stack, struct callgate_err *err)
{
	struct callgate_witness *witness;
	struct callgate_task task;
	int r = task_read_id(tid, &task, NULL, err);

	if (r == 0)
		r = callgate_witness_read(&task, 1, CALLGATE_EVIDENCE_PTRACE, &witness, err);
	if (r)
		return err_negative(r);
	r = callgate_witness_task(witness, 0, stack, err);
	if (r < 0) {
		callgate_witness_free(witness);
		if (r == CALLGATE_E_NOTFOUND ||
		    callgate_witness_read(&task, 1, CALLGATE_EVIDENCE_ITERATOR, &witness, NULL) < 0)
			return r;
		if (callgate_witness_task(witness, 0, stack, NULL) < 0) { /* the first reason stands */
			callgate_witness_free(witness);
			return r;
		}
	}
	*out = witness;
	return 0;
}

static int lift_stack(pid_t tid, const struct callgate_prog *const *progs, size_t count, struct callgate_filter **out,
		      struct callgate_err *err)
{
	char name[32];

	snprintf(name, sizeof(name), "pid:%d", (int)tid);
	return kernel_dump_lift(progs, count, name, out, err);
}

int callgate_task_filter(pid_t tid, struct callgate_filter **out, unsigned *count, struct callgate_err *err)
{
	const struct callgate_prog *const *progs;
	struct callgate_witness *witness;
	size_t stack, n = 0;
	int r;

	REQUIRE(err, out);
	if (tid <= 0)
		return err_bad_pid(tid, err);
	r = read_task(tid, &witness, &stack, err);
	if (r < 0)
		return r;
	progs = callgate_witness_stack(witness, stack, &n);
	r = lift_stack(tid, progs, n, out, err);
	callgate_witness_free(witness);
	if (r)
		return err_negative(r);
	if (count)
		*count = (unsigned)n;
	return 0;
}

const char *callgate_verdict_name(enum callgate_verdict verdict)
{
	static const char *const words[] = {
		[CALLGATE_EXACT] = "exact",   [CALLGATE_STRICTER] = "stricter", [CALLGATE_DIFFERENT] = "different",
		[CALLGATE_WEAKER] = "weaker", [CALLGATE_NONE] = "none",
	};

	return (size_t)verdict < sizeof(words) / sizeof(words[0]) ? words[verdict] : NULL;
}

/* Weaker wins over everything that is unknown: one call that is let through is enough. */
static int judge(const struct callgate_diff *diff, enum callgate_verdict *out, struct callgate_err *err)
{
	enum callgate_verdict verdict = CALLGATE_EXACT;
	const struct callgate_difference *opaque = NULL;

	for (size_t i = 0; i < callgate_diff_count(diff); i++) {
		const struct callgate_difference *row = callgate_diff_at(diff, i);

		if (row->looser)
			verdict = CALLGATE_WEAKER;
		else if (row->change == CALLGATE_UNKNOWN && !opaque)
			opaque = row;
		else if (verdict != CALLGATE_WEAKER && row->change != CALLGATE_TIGHTER)
			verdict = CALLGATE_DIFFERENT;
		else if (verdict == CALLGATE_EXACT)
			verdict = CALLGATE_STRICTER;
	}
	if (opaque && verdict != CALLGATE_WEAKER)
		return err_set(err, CALLGATE_E_UNSUPPORTED,
			       "cannot tell: the filter is not expressible as a profile for %s number %u",
			       callgate_abi_name(opaque->abi) ? callgate_abi_name(opaque->abi) : "a foreign ABI's",
			       opaque->first);
	*out = verdict;
	return 0;
}

int callgate_task_verify(pid_t tid, const struct callgate_filter *profile, enum callgate_verdict *out,
			 struct callgate_diff **diff, struct callgate_err *err)
{
	struct callgate_diff *found = NULL;
	struct callgate_filter *live;
	unsigned count = 0;
	int r;

	REQUIRE(err, profile && out);
	r = callgate_task_filter(tid, &live, &count, err);
	if (r < 0)
		return r;
	if (!count) {
		*out = CALLGATE_NONE;
		if (diff)
			*diff = NULL;
		callgate_filter_free(live);
		return 0;
	}
	r = callgate_filter_diff(profile, live, 0, &found, err);
	callgate_filter_free(live);
	if (r == 0)
		r = judge(found, out, err);
	if (r == 0 && diff) {
		*diff = found;
		found = NULL;
	}
	callgate_diff_free(found);
	return r;
}

int callgate_witness_verdict(struct callgate_witness *witness, size_t stack, const struct callgate_filter *profile,
			     enum callgate_verdict *out, struct callgate_err *err)
{
	const struct callgate_filter *live;
	struct callgate_diff *diff = NULL;
	size_t count = 0;
	int r;

	REQUIRE(err, witness && profile && out);
	if (!callgate_witness_stack(witness, stack, &count))
		return err_set(err, CALLGATE_E_ARG, "no stack %zu", stack);
	if (!count) {
		*out = CALLGATE_NONE;
		return 0;
	}
	r = callgate_witness_filter(witness, stack, &live, err);
	if (r == 0)
		r = callgate_filter_diff(profile, live, 0, &diff, err);
	if (r == 0)
		r = judge(diff, out, err);
	callgate_diff_free(diff);
	return r;
}

int callgate_task_prove(pid_t tid, const struct callgate_filter *filter, size_t beneath, struct callgate_filter **all,
			struct callgate_err *err)
{
	const struct callgate_prog *const *progs;
	struct callgate_witness *witness;
	size_t stack, count = 0;
	int r;

	REQUIRE(err, filter);
	if (tid <= 0)
		return err_bad_pid(tid, err);
	r = read_task(tid, &witness, &stack, err);
	if (r < 0)
		return r;
	progs = callgate_witness_stack(witness, stack, &count);
	if (count != beneath + 1)
		r = err_set(err, CALLGATE_E_MISMATCH, "process %ld has %zu filters, %zu were expected", (long)tid,
			    count, beneath + 1);
	else
		r = prog_prove(progs[count - 1], filter, err);
	if (r == 0 && all)
		r = lift_stack(tid, progs, count, all, err);
	callgate_witness_free(witness);
	return r;
}
