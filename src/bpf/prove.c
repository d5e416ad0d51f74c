/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Prove: a program against the filter that it was made from, lifted back and compared for every call that there can be.
 */
#include "base/err.h"
#include "bpf/prog.h"
#include "filter/meaning.h"
#include "filter/zip.h"
#include "names/abi.h"
#include "names/syscall.h"
#include "names/words.h"

struct proof {
	const struct callgate_prog *prog;
	const struct callgate_filter *filter;
	struct callgate_filter *lifted;
	struct meaning *meaning; /* made when the first decision on arguments is met */
	struct callgate_err *err;
};

int prog_disagree(const struct prog_data *call, struct callgate_action got, struct callgate_action want,
		  struct callgate_err *err)
{
	enum callgate_abi abi = abi_by_audit(call->audit, call->nr);
	int id = abi == CALLGATE_ABI_NONE ? SYSCALL_NONE : syscall_by_nr(abi, call->nr);
	char got_text[48], want_text[48];

	callgate_action_format(got, got_text, sizeof(got_text));
	callgate_action_format(want, want_text, sizeof(want_text));
	return err_set(err, CALLGATE_E_MISMATCH,
		       "%s %s %u(0x%llx, 0x%llx, 0x%llx, 0x%llx, 0x%llx, 0x%llx): the program says %s, the filter %s",
		       abi == CALLGATE_ABI_NONE ? "a foreign architecture's" : abi_of(abi)->name,
		       id == SYSCALL_NONE ? "syscall" : syscall_id_name(id), call->nr,
		       (unsigned long long)call->args[0], (unsigned long long)call->args[1],
		       (unsigned long long)call->args[2], (unsigned long long)call->args[3],
		       (unsigned long long)call->args[4], (unsigned long long)call->args[5], got_text, want_text);
}

/* The interpreter has the last word on what a witness gets. */
static int differ(struct proof *proof, struct prog_data *call, const struct node *want)
{
	struct callgate_action got = action_from_word(prog_eval(proof->prog, call, NULL));

	while (!want->leaf)
		want = test_holds(&want->test, call->args) ? want->yes : want->no;
	if (action_equal(got, want->action))
		return err_set(proof->err, CALLGATE_E_MISMATCH,
			       "cannot tell whether the program is right at syscall %u", call->nr);
	return prog_disagree(call, got, want->action, proof->err);
}

/* Nearly all numbers: the same action, whatever the arguments are. */
static bool same_leaf(const struct node *want, const struct node *got)
{
	return want->leaf && got->leaf && !want->opaque && !got->opaque && action_equal(want->action, got->action);
}

static int compare_nodes(struct proof *proof, uint32_t audit, uint32_t nr, const struct node *want,
			 const struct node *got)
{
	struct prog_data call = { .audit = audit, .nr = nr };
	meaning_ref want_ref, got_ref;
	unsigned pc;
	int code = 0;

	if (want->leaf && got->leaf && !want->opaque && !got->opaque)
		return differ(proof, &call, want);
	if (!proof->meaning)
		code = meaning_new(&proof->meaning, proof->err);
	if (!code)
		code = meaning_of(proof->meaning, proof->filter, want, &want_ref, proof->err);
	if (!code)
		code = meaning_of(proof->meaning, proof->lifted, got, &got_ref, proof->err);
	if (code)
		return code;
	if (meaning_is_opaque(proof->meaning, want_ref, &pc) || meaning_is_opaque(proof->meaning, got_ref, &pc))
		return err_set(proof->err, CALLGATE_E_MISMATCH,
			       "cannot tell: at syscall %u, instruction %u is not expressible as a profile", nr, pc);
	if (!meaning_witness(proof->meaning, want_ref, got_ref, call.args))
		return 0;
	return differ(proof, &call, want);
}

static int compare_arch(struct proof *proof, uint32_t audit)
{
	struct zip step = zip_start(proof->filter, proof->lifted, audit);
	int code = 0;

	while (!code && zip_next(&step))
		if (!same_leaf(step.a, step.b))
			code = compare_nodes(proof, audit, step.first, step.a, step.b);
	return code;
}

static int compare_all(struct proof *proof)
{
	int code = 0;

	for (size_t i = 0; i < proof->filter->arch_count && !code; i++)
		code = compare_arch(proof, proof->filter->arches[i].audit);
	for (size_t i = 0; i < proof->lifted->arch_count && !code; i++)
		if (!filter_arch_of(proof->filter, proof->lifted->arches[i].audit))
			code = compare_arch(proof, proof->lifted->arches[i].audit);
	return code ? code : compare_arch(proof, zip_foreign(proof->filter, proof->lifted));
}

int prog_prove(const struct callgate_prog *prog, const struct callgate_filter *filter, struct callgate_err *err)
{
	struct proof proof = { .prog = prog, .filter = filter, .err = err };
	enum callgate_abi native = filter->abi_count ? filter->abis[0] : abi_native();
	int code = callgate_filter_lift(prog, filter->name, native, &proof.lifted, err);

	if (code)
		return code;
	filter_work_start(filter);
	if (proof.lifted->incomplete)
		code = err_set(err, CALLGATE_E_LIMIT, "too complex: the program takes too much work to verify");
	else
		code = compare_all(&proof);
	meaning_free(proof.meaning);
	callgate_filter_free(proof.lifted);
	return code;
}
