/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Conditions: a rule's conditions as tests of arguments, on an ABI of 32 or 64 bits (rules 3 and 6). */
#ifndef CALLGATE_FILTER_CONDITIONS_H
#define CALLGATE_FILTER_CONDITIONS_H

#include "filter/candidates.h"

struct rule_clauses {
	struct clause *clauses;
	unsigned count, room;
};

/* Tests of the word's width. */
uint64_t word_mask(uint8_t word);
struct test condition_test(const struct condition *condition, uint8_t word);
/* Rule 3: one index twice makes all of a rule's conditions alternatives. */
bool repeats_index(const struct rule *rule);
/* Every call matches it: of what it asks for nothing is left but masks of 0. */
bool rule_asks_nothing(const struct rule *rule, uint8_t word);
/* False: out of memory. */
bool clause_add(struct arena *arena, struct rule_clauses *list, const struct candidate *candidate,
		const struct test *tests, unsigned count);
bool clause_add_rule(struct arena *arena, struct rule_clauses *list, const struct candidate *candidate, uint8_t word);
/*
 * Whether part's tests are all that whole has on the arguments up to part's last one. Neither tests an argument twice.
 */
bool clause_begins(const struct clause *whole, const struct clause *part);

#endif
