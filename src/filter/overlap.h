/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Overlap: do two conditional rules of one call contradict each other? (law 2) */
#ifndef CALLGATE_FILTER_OVERLAP_H
#define CALLGATE_FILTER_OVERLAP_H

#include "filter/candidates.h"

/*
 * clauses are what the candidates of list came to on an ABI of that word width. Some call matches clauses of different actions:
 * E_PROFILE, and the notes have both lines and such a call. For another reader than our law: E_UNSUPPORTED, because which of
 * the two libseccomp would try first is not predicted here.
 */
int overlap_check(const struct resolution *res, const struct candidate_list *list, const struct clause *clauses, unsigned count,
                  uint8_t word, struct callgate_err *err);
/* What libseccomp refuses (EEXIST) for those who read through it: two rules of different actions, and one has just the first
 * conditions of the other, in the order of arguments. E_PROFILE, said. */
int overlap_refused(const struct resolution *res, const struct candidate_list *list, const struct clause *clauses, unsigned count,
                    struct callgate_err *err);

#endif
