/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Without: a policy less one name of one rule, to find out whether anybody would miss it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/private.h"
#include "policy/policy.h"

/* The rule that holds the name with this number, counted through all rules; *name: which of its names. */
static const struct rule *find(const struct callgate_policy *policy, size_t index, unsigned *name)
{
	for (unsigned i = 0; i < policy->rule_count; i++) {
		const struct rule *rule = &policy->rules[i];

		if (index < rule->name_count) {
			*name = (unsigned)index;
			return rule;
		}
		index -= rule->name_count;
	}
	return NULL;
}

/* Everything but one element. */
static void *copy_but(struct arena *arena, const void *list, unsigned count, unsigned left_out, size_t size)
{
	char *copy = arena_array(arena, count, size);

	if (!copy)
		return NULL;
	memcpy(copy, list, left_out * size);
	memcpy(copy + left_out * size, (const char *)list + (left_out + 1) * size, (count - left_out - 1) * size);
	return copy;
}

static int leave_out(struct callgate_policy *copy, const struct rule *rule, unsigned name, struct callgate_err *err)
{
	unsigned at = (unsigned)(rule - copy->rules);
	struct rule *rules;

	if (rule->name_count == 1) {
		copy->rules = copy_but(&copy->arena, copy->rules, copy->rule_count--, at, sizeof(*rule));
		return copy->rules ? 0 : err_nomem(err);
	}
	rules = arena_grow(&copy->arena, copy->rules, copy->rule_count, copy->rule_count, sizeof(*rules));
	if (!rules)
		return err_nomem(err);
	rules[at].names = copy_but(&copy->arena, rule->names, rules[at].name_count--, name, sizeof(*rule->names));
	copy->rules = rules;
	return rules[at].names ? 0 : err_nomem(err);
}

int callgate_policy_without(const struct callgate_policy *policy, size_t index, struct callgate_policy **out,
			    struct callgate_left_out *what, struct callgate_err *err)
{
	struct callgate_policy *copy;
	const struct rule *rule;
	unsigned name;
	int r;

	if (!policy || !out || !what)
		return err_set(err, CALLGATE_E_ARG, "no policy, or no place for the result");
	rule = find(policy, index, &name);
	if (!rule)
		return err_set(err, CALLGATE_E_NOTFOUND, "the profile has no more names");
	copy = malloc(sizeof(*copy));
	if (!copy)
		return err_nomem(err);
	*copy = *policy;
	copy->arena = (struct arena)ARENA_INIT;
	r = leave_out(copy, rule, name, err);
	if (r < 0) {
		callgate_policy_free(copy);
		return r;
	}
	snprintf(what->name, sizeof(what->name), "%.*s",
		 (int)(rule->names[name].text.size < 63 ? rule->names[name].text.size : 63), rule->names[name].text.at);
	policy_line(policy, rule->names[name].at, &what->line, &what->column);
	*out = copy;
	return 0;
}
