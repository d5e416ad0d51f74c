/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Clauses: a decision as conditions that people read, worked out from what it means and not from how it was written. */
#ifndef CALLGATE_FILTER_CLAUSES_H
#define CALLGATE_FILTER_CLAUSES_H

#include "filter/filter.h"

enum { CLAUSE_TESTS = 24, CLAUSE_LIMIT = 4096 };

struct derived_clause {
	struct test tests[CLAUSE_TESTS]; /* ANDed */
	unsigned test_count;
	const struct node *leaf; /* of the decision: the action, and who decided */
};

/* In order, the first whose tests hold counts; the last one has none. */
struct clause_list {
	struct derived_clause *clauses; /* malloc'ed */
	size_t count, room;
};

/* Half-word tests come out as comparisons of whole arguments, sets of values as values, runs as ranges, bits as masks.
 * E_LIMIT: too complex, or more than CLAUSE_LIMIT clauses. Release with clauses_release(). */
int clauses_derive(const struct callgate_filter *filter, const struct node *node, struct clause_list *out,
		   struct callgate_err *err);
void clauses_release(struct clause_list *list);

#endif
