/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Overlap: do two conditional rules of one call contradict each other? (law 2) */
#ifndef CALLGATE_FILTER_OVERLAP_H
#define CALLGATE_FILTER_OVERLAP_H

#include "filter/candidates.h"

/* clauses are what the candidates of list came to on an ABI of that word width. E_PROFILE when some call matches clauses of
 * different actions: the notes have both lines and such a call. */
int overlap_check(const struct resolution *res, const struct candidate_list *list, const struct clause *clauses, unsigned count,
                  uint8_t word, struct callgate_err *err);

#endif
