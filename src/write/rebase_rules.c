/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules of a name: found, compared word by word, and merged rule by rule. */
#include "write/rebase_rules.h"

#include "base/err.h"
#include "names/abi.h"

const struct word *rule_name(const struct rule *rule, struct slice name)
{
	for (unsigned i = 0; i < rule->name_count; i++)
		if (slice_equal(rule->names[i].text, name))
			return &rule->names[i];
	return NULL;
}

int refs_of(const struct callgate_policy *policy, enum side side, struct slice name, struct refs *out,
	    struct callgate_err *err)
{
	out->count = 0;
	for (unsigned i = 0; i < policy->rule_count; i++) {
		if (!rule_name(&policy->rules[i], name))
			continue;
		if (out->count == REFS)
			return err_set(err, CALLGATE_E_LIMIT, "more than %d rules for one call", REFS);
		out->at[out->count++] = (struct ref){ &policy->rules[i], side, i };
	}
	return 0;
}

static bool same_words(const struct word *a, unsigned a_count, const struct word *b, unsigned b_count)
{
	for (unsigned i = 0; i < a_count; i++) {
		bool found = false;

		for (unsigned k = 0; k < b_count && !found; k++)
			found = slice_equal(a[i].text, b[k].text);
		if (!found)
			return false;
	}
	return a_count == b_count;
}

static bool same_guard(const struct guard *a, const struct guard *b)
{
	return same_words(a->caps, a->cap_count, b->caps, b->cap_count) &&
	       same_words(a->arches, a->arch_count, b->arches, b->arch_count) &&
	       (a->said & SAID_MIN_KERNEL) == (b->said & SAID_MIN_KERNEL) && a->min_major == b->min_major &&
	       a->min_minor == b->min_minor;
}

static unsigned errno_of(const struct verdict *verdict)
{
	if (verdict->kind != CALLGATE_ERRNO && verdict->kind != CALLGATE_TRACE)
		return 0;
	return verdict->said & SAID_ERRNO_WORD  ? verdict->errno_word
	       : verdict->said & SAID_ERRNO_RET ? verdict->errno_ret
						: ERRNO_EPERM;
}

bool rule_same(const struct rule *a, const struct rule *b)
{
	if (a->verdict.kind != b->verdict.kind || errno_of(&a->verdict) != errno_of(&b->verdict) ||
	    a->condition_count != b->condition_count || !same_guard(&a->includes, &b->includes) ||
	    !same_guard(&a->excludes, &b->excludes))
		return false;
	for (unsigned i = 0; i < a->condition_count; i++) {
		const struct condition *x = &a->conditions[i], *y = &b->conditions[i];

		if (x->index != y->index || x->op != y->op || x->value != y->value || x->value_two != y->value_two)
			return false;
	}
	return true;
}

unsigned refs_find(const struct refs *list, struct ref like, uint64_t used)
{
	for (unsigned i = 0; i < list->count; i++)
		if (!(used >> i & 1) && rule_same(list->at[i].rule, like.rule))
			return i;
	return REFS;
}

bool refs_same(const struct refs *a, const struct refs *b)
{
	for (unsigned i = 0; i < a->count && i < b->count; i++)
		if (!rule_same(a->at[i].rule, b->at[i].rule))
			return false;
	return a->count == b->count;
}

void refs_merge(const struct refs of[3], struct refs *out)
{
	const enum side sides[2][2] = { { SIDE_MINE, SIDE_NEW }, { SIDE_NEW, SIDE_MINE } };

	out->count = 0;
	for (unsigned s = 0; s < 2; s++) {
		for (unsigned i = 0; i < of[sides[s][0]].count; i++) {
			struct ref ref = of[sides[s][0]].at[i];
			bool other = refs_find(&of[sides[s][1]], ref, 0) != REFS;
			bool old = refs_find(&of[SIDE_OLD], ref, 0) != REFS;

			if (other ? s == 0 : !old)
				if (out->count < REFS)
					out->at[out->count++] = ref;
		}
	}
}
