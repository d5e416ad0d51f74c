/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prove: a program against the filter that it was made from, lifted back and compared for every call that there can be. */
#include "base/err.h"
#include "bpf/prog.h"
#include "filter/meaning.h"
#include "names/abi.h"
#include "names/words.h"

struct proof {
	const struct callgate_prog *prog;
	const struct callgate_filter *filter;
	struct callgate_filter *lifted;
	struct meaning *meaning; /* made when the first decision on arguments is met */
	struct callgate_err *err;
};

/* A map, or one node for all numbers. */
struct side {
	const struct filter_arch *arch;
	const struct node *node;
	size_t at;
};

static struct side side_of(const struct callgate_filter *filter, uint32_t audit)
{
	return (struct side){ .arch = filter_arch_of(filter, audit), .node = filter->other_arch };
}

static const struct node *side_node(const struct side *side)
{
	return side->arch ? side->arch->spans[side->at].node : side->node;
}

static uint32_t side_last(const struct side *side)
{
	return side->arch ? span_last(side->arch, side->at) : UINT32_MAX;
}

/* The interpreter has the last word on what a witness gets. */
static int differ(struct proof *proof, struct prog_data *call, const struct node *want)
{
	struct callgate_action got = action_from_word(prog_eval(proof->prog, call, NULL));

	while (!want->leaf)
		want = test_holds(&want->test, call->args) ? want->yes : want->no;
	if (action_equal(got, want->action))
		return err_set(proof->err, CALLGATE_E_MISMATCH, "cannot tell whether the program is right at syscall %u", call->nr);
	return prog_disagree(call, got, want->action, proof->err);
}

static int compare_nodes(struct proof *proof, uint32_t audit, uint32_t nr, const struct node *want, const struct node *got)
{
	struct prog_data call = { .audit = audit, .nr = nr };
	meaning_ref want_ref, got_ref;
	unsigned pc;
	int code = 0;

	if (want->leaf && got->leaf && !want->opaque && !got->opaque)
		return action_equal(want->action, got->action) ? 0 : differ(proof, &call, want);
	if (!proof->meaning)
		code = meaning_new(&proof->meaning, proof->err);
	if (!code)
		code = meaning_of(proof->meaning, proof->filter, want, &want_ref, proof->err);
	if (!code)
		code = meaning_of(proof->meaning, proof->lifted, got, &got_ref, proof->err);
	if (code)
		return code;
	if (meaning_is_opaque(proof->meaning, want_ref, &pc) || meaning_is_opaque(proof->meaning, got_ref, &pc))
		return err_set(proof->err, CALLGATE_E_MISMATCH, "cannot tell: at syscall %u, instruction %u does what no profile can say",
		               nr, pc);
	if (!meaning_witness(proof->meaning, want_ref, got_ref, call.args))
		return 0;
	return differ(proof, &call, want);
}

static int compare_arch(struct proof *proof, uint32_t audit)
{
	struct side want = side_of(proof->filter, audit), got = side_of(proof->lifted, audit);
	uint32_t nr = 0;

	for (;;) {
		uint32_t want_last = side_last(&want), got_last = side_last(&got);
		uint32_t last = want_last < got_last ? want_last : got_last;
		int code = compare_nodes(proof, audit, nr, side_node(&want), side_node(&got));

		if (code || last == UINT32_MAX)
			return code;
		want.at += want_last == last;
		got.at += got_last == last;
		nr = last + 1;
	}
}

/* An audit architecture that neither side has a map for stands for all such. */
static uint32_t foreign_audit(const struct proof *proof)
{
	uint32_t audit = 1;

	while (filter_arch_of(proof->filter, audit) || filter_arch_of(proof->lifted, audit))
		audit++;
	return audit;
}

static int compare_all(struct proof *proof)
{
	int code = 0;

	for (size_t i = 0; i < proof->filter->arch_count && !code; i++)
		code = compare_arch(proof, proof->filter->arches[i].audit);
	for (size_t i = 0; i < proof->lifted->arch_count && !code; i++)
		if (!filter_arch_of(proof->filter, proof->lifted->arches[i].audit))
			code = compare_arch(proof, proof->lifted->arches[i].audit);
	return code ? code : compare_arch(proof, foreign_audit(proof));
}

int prog_prove(const struct callgate_prog *prog, const struct callgate_filter *filter, struct callgate_err *err)
{
	struct proof proof = { .prog = prog, .filter = filter, .err = err };
	enum callgate_abi native = filter->abi_count ? filter->abis[0] : abi_native();
	int code = prog_lift(prog, filter->name, native, &proof.lifted, err);

	if (code)
		return code;
	code = compare_all(&proof);
	meaning_free(proof.meaning);
	callgate_filter_free(proof.lifted);
	return code;
}
