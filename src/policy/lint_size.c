/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lint of size: a profile too large for the kernel, told at the rules that make it so. */
#include "base/private.h"
#include "names/syscall.h"
#include "policy/lint.h"

/* The first of the conditional rules of the call that has most of them; *count: how many it has. NULL: none has any. */
static const struct rule *costly_rule(const struct callgate_policy *policy, const unsigned *counts, int *id)
{
	const struct rule *found = NULL;

	for (unsigned i = 0; i < policy->rule_count; i++) {
		const struct rule *rule = &policy->rules[i];

		for (unsigned k = 0; rule->condition_count && k < rule->name_count; k++) {
			int call = syscall_find(rule->names[k].text);

			if (call == SYSCALL_NONE || (found && counts[call] <= counts[*id]))
				continue;
			found = rule;
			*id = call;
		}
	}
	return found;
}

void callgate_policy_lint_size(const struct callgate_policy *policy, const char *cause, struct callgate_notes *notes)
{
	struct report report = { .source = &policy->source, .notes = notes };
	struct arena arena = ARENA_INIT;
	unsigned *counts = arena_array(&arena, (size_t)syscall_count(), sizeof(*counts));
	const struct rule *rule;
	int id = 0;

	for (unsigned i = 0; counts && i < policy->rule_count; i++) {
		for (unsigned k = 0; policy->rules[i].condition_count && k < policy->rules[i].name_count; k++) {
			int call = syscall_find(policy->rules[i].names[k].text);

			if (call != SYSCALL_NONE)
				counts[call]++;
		}
	}
	rule = counts ? costly_rule(policy, counts, &id) : NULL;
	if (rule)
		report_error(&report, NOTE_TOO_LARGE, rule->at.offset,
			     "%s; '%s' has %u conditional rules, from here on", cause, syscall_id_name(id), counts[id]);
	else
		report_error(&report, NOTE_TOO_LARGE, 0, "%s", cause);
	arena_free(&arena);
}
