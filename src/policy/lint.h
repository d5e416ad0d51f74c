/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lint: what the text alone shows, before any target is known. Private to readers. */
#ifndef CALLGATE_POLICY_LINT_H
#define CALLGATE_POLICY_LINT_H

#include "policy/policy.h"
#include "policy/report.h"

/* Checks a policy that was read whole (rules with errors have no names and are skipped). Memory for the time of the
 * call comes from scratch. False: no memory. */
bool policy_lint(const struct callgate_policy *policy, struct report *report, struct arena *scratch);

/* Private to lint*.c. */
struct lint {
	const struct callgate_policy *policy;
	struct report *report;
	struct arena *scratch;
};
struct callgate_action lint_action(const struct verdict *verdict);
void lint_conditions(struct lint *lint, const struct rule *rule);
/* Duplicates, conflicts, beaten rules. False: no memory. */
bool lint_pairs(struct lint *lint);

#endif
