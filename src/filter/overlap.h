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
/* The same for those who read through libseccomp. E_UNSUPPORTED: which of the two it would try first is not predicted
 * here. */
int overlap_refuse(const struct resolution *res, const struct candidate_list *list, const struct rule_clauses *clauses,
		   struct callgate_err *err);
/*
 * What libseccomp keeps of clauses added one after the other, for those who read through it: one that has just the
 * first conditions of another, in the order of arguments, is the broader one. Behind a broader clause a narrower one
 * has no effect and is taken out; a broader one with another action behind a narrower is refused (EEXIST): E_PROFILE,
 * said.
 */
int overlap_settle(const struct resolution *res, const struct candidate_list *list, struct rule_clauses *clauses,
		   struct callgate_err *err);

#endif
