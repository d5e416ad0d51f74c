/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Judge of a merge: for one name, whether candidate rules mean what the definition of a three-way merge says, in every
 * world that guards distinguish and for all arguments. The definition: where mine is as the old one, the new one
 * counts; where the new one is as the old one, or as mine, mine counts; anywhere else it is a conflict.
 */
#ifndef CALLGATE_WRITE_REBASE_JUDGE_H
#define CALLGATE_WRITE_REBASE_JUDGE_H

#include "write/rebase_rules.h"

enum { JUDGE_CANDIDATES = 3 };

struct judge {
	const struct callgate_policy *policies[3];
	struct verdict fallback;              /* of the merge */
	const struct callgate_policy *arches; /* mine or the new one: whose architectures the merge has */
	struct callgate_target target;
	struct slice name; /* whose numbers are judged; none: of the first name that the policies have */
};

struct judgement {
	unsigned fits; /* bit per candidate: it means what the definition says */
	bool conflict;
	struct callgate_call witness; /* of the first conflict, or of what no candidate means */
	struct callgate_action action[3];
	unsigned line[3], column[3]; /* of what decides it; 0: an architecture that is not listed */
	char target[160];            /* its world */
};

/* E_UNSUPPORTED: each side changed the default action, or the architectures, in its own way. */
int judge_open(struct judge *judge, const struct callgate_policy *const policies[3], struct callgate_err *err);
/* sides and made: policies with rules for one name only; their architectures and made's default are replaced by the
 * merge's. */
int judge_name(const struct judge *judge, struct callgate_policy sides[3], struct callgate_policy made[],
	       unsigned count, struct judgement *out, struct callgate_err *err);

#endif
