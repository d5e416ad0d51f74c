/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rebase: a three-way merge of what profiles mean. Each name is decided by itself: the rules that name it, in every
 * world (host, capabilities, kernel) that their guards distinguish, mean a filter of their own. Where only one side
 * changed it, that side's rules are taken; where both did, rules are looked for that mean what the definition says in
 * every world, or it is a conflict. The result is an edit of the author's text, and is judged again at the end.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/private.h"
#include "names/abi.h"
#include "names/syscall.h"
#include "write/rebase_edit.h"
#include "write/rebase_judge.h"

struct rebase {
	const struct callgate_policy *policies[3];
	struct arena arena;
	struct rebase_edit edit;
	struct judge judge;
	callgate_conflict_visit *visit;
	void *data;
	unsigned conflicts;
	struct callgate_err *err;
};

/* ------------------------------------------------------------------ judging a name */

/* The rules of a list with this name alone, as a policy. */
static int case_of(struct rebase *rebase, const struct callgate_policy *policy, const struct refs *refs,
		   struct slice name, struct callgate_policy *out)
{
	struct rule *rules = arena_array(&rebase->arena, refs->count ? refs->count : 1, sizeof(*rules));

	if (!rules)
		return err_nomem(rebase->err);
	for (unsigned i = 0; i < refs->count; i++) {
		rules[i] = *refs->at[i].rule;
		rules[i].names = rule_name(refs->at[i].rule, name);
		rules[i].name_count = 1;
	}
	*out = *policy;
	out->rules = rules;
	out->rule_count = refs->count;
	return 0;
}

static void report_conflict(struct rebase *rebase, struct slice name, const struct judgement *judgement)
{
	struct callgate_conflict conflict = { .call = judgement->witness, .target = judgement->target };

	rebase->conflicts++;
	for (int side = 0; side < 3; side++) {
		const struct callgate_policy *policy = rebase->policies[side];

		conflict.line[side] = judgement->line[side];
		conflict.column[side] = judgement->column[side];
		if (!conflict.line[side])
			policy_line(policy, policy->fallback.at, &conflict.line[side], &conflict.column[side]);
		conflict.action[side] = judgement->action[side];
	}
	snprintf(conflict.name, sizeof(conflict.name), "%.*s", (int)(name.size < 63 ? name.size : 63), name.at);
	rebase->visit(rebase->data, &conflict);
}

/* Which rules the name shall have. *out is mine's own list where nothing has to be edited. */
static int choose(struct rebase *rebase, struct slice name, const struct refs of[3], struct refs *out)
{
	const struct refs *candidates[3] = { &of[SIDE_MINE], &of[SIDE_NEW], out };
	struct callgate_policy sides[3], made[3];
	struct judgement judgement = { 0 };
	int r = 0;

	refs_merge(of, out);
	for (int i = 0; i < 3 && r == 0; i++) {
		r = case_of(rebase, rebase->policies[i], &of[i], name, &sides[i]);
		if (r == 0)
			r = case_of(rebase, rebase->policies[SIDE_MINE], candidates[i], name, &made[i]);
	}
	if (r == 0)
		r = judge_name(&rebase->judge, sides, made, 3, &judgement, rebase->err);
	if (r < 0)
		return r;
	for (unsigned i = 0; i < 3; i++) {
		/* What nobody changed but in words stays as the author has it; what only they changed is taken as they
		 * have it. */
		if (!(judgement.fits >> i & 1) || judgement.conflict)
			continue;
		if (candidates[i] != out)
			*out = *candidates[i];
		return 0;
	}
	report_conflict(rebase, name, &judgement);
	*out = of[SIDE_MINE];
	return 0;
}
/* ------------------------------------------------------------------ the whole */

/* Each name of the three once: it is taken where the earlier policies and rules do not have it. */
static bool is_first(const struct rebase *rebase, int side, unsigned rule, unsigned name)
{
	const struct word *word = &rebase->policies[side]->rules[rule].names[name];

	for (int s = 0; s <= side; s++) {
		const struct callgate_policy *policy = rebase->policies[s];
		unsigned end = s == side ? rule : policy->rule_count;

		for (unsigned i = 0; i < end; i++)
			if (rule_name(&policy->rules[i], word->text))
				return false;
	}
	for (unsigned i = 0; i < name; i++)
		if (slice_equal(word[-(int)(i + 1)].text, word->text))
			return false;
	return true;
}

typedef int each_name(struct rebase *rebase, struct slice name, const struct refs of[3], void *data);

static int for_each_name(struct rebase *rebase, each_name *each, void *data)
{
	struct refs of[3];
	int r = 0;

	for (int side = 0; side < 3; side++) {
		const struct callgate_policy *policy = rebase->policies[side];

		for (unsigned i = 0; i < policy->rule_count && r == 0; i++) {
			for (unsigned k = 0; k < policy->rules[i].name_count && r == 0; k++) {
				struct slice name = policy->rules[i].names[k].text;

				if (!is_first(rebase, side, i, k))
					continue;
				for (int s = 0; s < 3 && r == 0; s++)
					r = refs_of(rebase->policies[s], (enum side)s, name, &of[s], rebase->err);
				if (r == 0)
					r = each(rebase, name, of, data);
			}
		}
	}
	return r;
}

static int merge_name(struct rebase *rebase, struct slice name, const struct refs of[3], void *data)
{
	struct refs wanted;
	int r;

	(void)data;
	/* What means the same whatever the world is needs no judge. */
	if (refs_same(&of[SIDE_OLD], &of[SIDE_NEW]) || refs_same(&of[SIDE_MINE], &of[SIDE_NEW]))
		return 0;
	if (refs_same(&of[SIDE_OLD], &of[SIDE_MINE]))
		return rebase_edit_name(&rebase->edit, name, &of[SIDE_MINE], &of[SIDE_NEW], rebase->err);
	r = choose(rebase, name, of, &wanted);
	return r < 0 ? r : rebase_edit_name(&rebase->edit, name, &of[SIDE_MINE], &wanted, rebase->err);
}

/* The last proof: what the result has for the name is what the definition says, in every world. */
static int prove_name(struct rebase *rebase, struct slice name, const struct refs of[3], void *data)
{
	const struct callgate_policy *result = data;
	struct callgate_policy sides[3], made;
	struct judgement judgement = { 0 };
	struct refs refs;
	int r = refs_of(result, SIDE_MINE, name, &refs, rebase->err);

	if (r == 0)
		r = case_of(rebase, result, &refs, name, &made);
	for (int i = 0; i < 3 && r == 0; i++)
		r = case_of(rebase, rebase->policies[i], &of[i], name, &sides[i]);
	if (r == 0)
		r = judge_name(&rebase->judge, sides, &made, 1, &judgement, rebase->err);
	if (r < 0)
		return r;
	return judgement.fits ? 0
			      : err_set(rebase->err, CALLGATE_E_MISMATCH, "%.*s: the result would not mean the merge",
					(int)name.size, name.at);
}

static bool is_behind(struct slice name, int mux)
{
	int id = syscall_find(name), through;
	uint32_t selector;

	for (int abi = 0; abi < CALLGATE_ABI_COUNT && id != SYSCALL_NONE; abi++)
		if (id == mux ||
		    (syscall_behind_mux(id, (enum callgate_abi)abi, &through, &selector) && through == mux))
			return true;
	return false;
}

/* The rules for a multiplexer and for what is behind it, as a policy. *has_mux: some name the multiplexer itself. */
static int group_of(struct rebase *rebase, const struct callgate_policy *policy, int mux, struct callgate_policy *out,
		    bool *has_mux)
{
	struct rule *rules = arena_array(&rebase->arena, policy->rule_count + 1, sizeof(*rules));
	unsigned count = 0;

	for (unsigned i = 0; rules && i < policy->rule_count; i++) {
		const struct rule *rule = &policy->rules[i];
		struct word *words = arena_array(&rebase->arena, rule->name_count + 1, sizeof(*words));
		unsigned kept = 0;

		if (!words)
			return err_nomem(rebase->err);
		for (unsigned k = 0; k < rule->name_count; k++) {
			if (!is_behind(rule->names[k].text, mux))
				continue;
			*has_mux |= syscall_find(rule->names[k].text) == mux;
			words[kept++] = rule->names[k];
		}
		if (!kept)
			continue;
		rules[count] = *rule;
		rules[count].names = words;
		rules[count++].name_count = kept;
	}
	if (!rules)
		return err_nomem(rebase->err);
	*out = *policy;
	out->rules = rules;
	out->rule_count = count;
	return 0;
}

/* A rule for a multiplexer takes the place of all rules for what is behind it: these names are not each by itself. */
static int prove_multiplexer(struct rebase *rebase, const struct callgate_policy *result, struct slice name)
{
	struct callgate_policy sides[3], made;
	struct judgement judgement = { 0 };
	bool has_mux = false;
	int mux = syscall_find(name), r = group_of(rebase, result, mux, &made, &has_mux);

	for (int i = 0; i < 3 && r == 0; i++)
		r = group_of(rebase, rebase->policies[i], mux, &sides[i], &has_mux);
	if (r < 0 || !has_mux)
		return r;
	rebase->judge.name = name;
	r = judge_name(&rebase->judge, sides, &made, 1, &judgement, rebase->err);
	rebase->judge.name = (struct slice){ 0 };
	if (r < 0 || (judgement.fits && !judgement.conflict))
		return r;
	report_conflict(rebase, name, &judgement);
	return err_set(rebase->err, CALLGATE_E_UNSUPPORTED, "the rules for '%.*s' and for calls behind it conflict",
		       (int)name.size, name.at);
}

static int prove(struct rebase *rebase, const char *bytes, size_t size)
{
	struct callgate_policy *result;
	int r = callgate_policy_parse(bytes, size, "the result", &result, NULL, rebase->err);

	if (r < 0)
		return r;
	r = for_each_name(rebase, prove_name, result);
	if (r == 0)
		r = prove_multiplexer(rebase, result, SLICE("socketcall"));
	if (r == 0)
		r = prove_multiplexer(rebase, result, SLICE("ipc"));
	callgate_policy_free(result);
	return r;
}

static int rebase_all(struct rebase *rebase, char **bytes, size_t *size)
{
	struct text out = { 0 };
	int r = rebase_edit_open(&rebase->edit, rebase->judge.arches == rebase->policies[SIDE_NEW], rebase->err);

	if (r == 0)
		r = for_each_name(rebase, merge_name, NULL);
	if (r == 0 && rebase->conflicts)
		r = err_set(rebase->err, CALLGATE_E_UNSUPPORTED,
			    "%u conflict%s: give each of these calls the rules of the new default, or those that mean "
			    "what both sides want, and rebase again",
			    rebase->conflicts, rebase->conflicts == 1 ? "" : "s");
	if (r == 0)
		r = rebase_edit_write(&rebase->edit, &out, rebase->err);
	if (r == 0)
		r = text_take(&out, bytes, size, rebase->err);
	text_release(&out);
	return r;
}

int callgate_policy_rebase(const struct callgate_rebase *how, char **out, size_t *size, struct callgate_err *err)
{
	struct rebase rebase = { .err = err };
	char *bytes = NULL;
	int r;

	if (!how || !how->from || !how->to || !how->mine || !how->conflict || !out || !size)
		return err_set(err, CALLGATE_E_ARG, "three policies, and whom to tell of conflicts, are needed");
	if (how->from->source.size + how->to->source.size + how->mine->source.size > SOURCE_LIMIT)
		return err_set(err, CALLGATE_E_LIMIT, "the three profiles are larger than %d MiB together",
			       SOURCE_LIMIT >> 20);
	rebase.policies[SIDE_OLD] = how->from;
	rebase.policies[SIDE_NEW] = how->to;
	rebase.policies[SIDE_MINE] = how->mine;
	rebase.visit = how->conflict;
	rebase.data = how->data;
	rebase.edit.policies = rebase.policies;
	rebase.edit.arena = &rebase.arena;
	r = judge_open(&rebase.judge, rebase.policies, err);
	if (r == 0)
		r = rebase_all(&rebase, &bytes, size);
	if (r == 0)
		r = prove(&rebase, bytes, *size);
	arena_free(&rebase.arena);
	if (r < 0) {
		free(bytes);
		return r;
	}
	*out = bytes;
	return 0;
}
