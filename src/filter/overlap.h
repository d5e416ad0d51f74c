/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Overlap: conditional rules of different actions that match one call (rule 2 of semantics.md). */
#ifndef CALLGATE_FILTER_OVERLAP_H
#define CALLGATE_FILTER_OVERLAP_H

#include "filter/conditions.h"

/*
 * clauses are what the candidates of list came to on one ABI. Where some call matches clauses of different actions, the
 * stricter action decides, of two errnos the first rule's: the clauses are sorted that way, *found says so, and a
 * warning names both lines and such a call, once for each pair of rules.
 */
int overlap_order(const struct resolution *res, const struct candidate_list *list, struct rule_clauses *clauses,
		  bool *found, struct callgate_err *err);
/* Whether there is such a call; an error names both lines and it. */
int overlap_report_unsure(const struct resolution *res, const struct candidate_list *list,
			  const struct rule_clauses *clauses, bool *found, struct callgate_err *err);
/* The word of list that clause was made from. */
const struct word *overlap_word(const struct candidate_list *list, const struct clause *clause);

#endif
