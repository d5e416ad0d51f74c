/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Overlap: do two conditional rules of one call contradict each other? (law 2) */
#ifndef CALLGATE_FILTER_OVERLAP_H
#define CALLGATE_FILTER_OVERLAP_H

#include "filter/conditions.h"

/*
 * clauses are what the candidates of list came to on an ABI of that word width. Some call matches clauses of different actions:
 * E_PROFILE, and the notes have both lines and such a call. For another reader than our law: E_UNSUPPORTED, because which of
 * the two libseccomp would try first is not predicted here.
 */
int overlap_check(const struct resolution *res, const struct candidate_list *list, const struct clause *clauses, unsigned count,
                  uint8_t word, struct callgate_err *err);
/*
 * What libseccomp keeps of clauses added one after the other, for those who read through it: one that has just the first
 * conditions of another, in the order of arguments, is the broader one. Behind a broader clause a narrower one has no effect and
 * is taken out; a broader one with another action behind a narrower is refused (EEXIST): E_PROFILE, said.
 */
int overlap_settle(const struct resolution *res, const struct candidate_list *list, struct rule_clauses *clauses,
		   struct callgate_err *err);

#endif
