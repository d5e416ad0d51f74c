/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Decide: from a list of clauses to one decision graph that compiles small and compares fast. */
#ifndef CALLGATE_FILTER_DECIDE_H
#define CALLGATE_FILTER_DECIDE_H

#include "filter/filter.h"

/*
 * The decision "the first clause that matches, else otherwise". Clauses of different actions must not overlap (the
 * caller sees to it), so that lists of values of one argument can be searched instead of tried one by one. scratch
 * holds temporary arrays. NULL: out of memory or past FILTER_NODE_LIMIT.
 */
const struct node *decide(struct callgate_filter *filter, const struct clause *clauses, unsigned count,
			  const struct node *otherwise, struct arena *scratch);

/* The same for clauses that may overlap, whatever their actions. */
const struct node *decide_in_order(struct callgate_filter *filter, const struct clause *clauses, unsigned count,
				   const struct node *otherwise, struct arena *scratch);

#endif
