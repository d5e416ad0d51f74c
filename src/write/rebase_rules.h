/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules of a name: those of one of the three policies of a rebase that name a call, in the order of the text. */
#ifndef CALLGATE_WRITE_REBASE_RULES_H
#define CALLGATE_WRITE_REBASE_RULES_H

#include "policy/policy.h"

enum side { SIDE_OLD, SIDE_NEW, SIDE_MINE };
enum { REFS = 64 };

struct ref {
	const struct rule *rule;
	enum side side;
	unsigned index; /* in its policy */
};
struct refs {
	struct ref at[REFS];
	unsigned count;
};

/* The name where the rule has it; NULL: it has not. */
const struct word *rule_name(const struct rule *rule, struct slice name);
/* Alike in everything but names: action, guards and conditions. */
bool rule_same(const struct rule *a, const struct rule *b);
/* E_LIMIT: more than REFS. */
int refs_of(const struct callgate_policy *policy, enum side side, struct slice name, struct refs *out,
	    struct callgate_err *err);
/* The place of a rule that is the same and whose bit is not set in used. REFS: none. */
unsigned refs_find(const struct refs *list, struct ref like, uint64_t used);
bool refs_same(const struct refs *a, const struct refs *b);
/* Rule by rule: what both have, what only mine has and the old default had not, and the same of the new default. */
void refs_merge(const struct refs of[3], struct refs *out);

#endif
