/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Conditions: the one place where an operator of a profile becomes a test. */
#include "filter/conditions.h"

uint64_t word_mask(uint8_t word)
{
	return word == 32 ? UINT32_MAX : UINT64_MAX;
}

struct test condition_test(const struct condition *condition, uint8_t word)
{
	struct test test = { .mask = UINT64_MAX, .value = condition->value, .arg = condition->index };

	switch (condition->op) {
	case OP_NE:
		test.negate = 1;
		test.op = TEST_EQ;
		break;
	case OP_EQ:
		test.op = TEST_EQ;
		break;
	case OP_LT:
		test.negate = 1;
		test.op = TEST_GE;
		break;
	case OP_GE:
		test.op = TEST_GE;
		break;
	case OP_LE:
		test.negate = 1;
		test.op = TEST_GT;
		break;
	case OP_GT:
		test.op = TEST_GT;
		break;
	case OP_MASKED_EQ:
		test.op = TEST_EQ;
		/*
		 * What stands outside the mask does not count: that is how libseccomp compares, and so every runtime.
		 */
		test.mask = condition->value;
		test.value = condition->value_two & condition->value;
		break;
	}
	test.mask &= word_mask(word);
	test.value &= word_mask(word);
	return test;
}

bool repeats_index(const struct rule *rule)
{
	unsigned seen = 0;

	for (unsigned i = 0; i < rule->condition_count; i++) {
		if (seen >> rule->conditions[i].index & 1)
			return true;
		seen |= 1u << rule->conditions[i].index;
	}
	return false;
}

bool rule_asks_nothing(const struct rule *rule, uint8_t word)
{
	unsigned nothing = 0;

	for (unsigned i = 0; i < rule->condition_count; i++)
		nothing += !condition_test(&rule->conditions[i], word).mask;
	return repeats_index(rule) ? nothing > 0 : nothing == rule->condition_count;
}

bool clause_add(struct arena *arena, struct rule_clauses *list, const struct candidate *candidate,
		const struct test *tests, unsigned count)
{
	struct test *copy = arena_grow(arena, tests, count, count, sizeof(*copy));

	if (list->count == list->room) {
		unsigned room = list->room ? list->room * 2 : 4;
		struct clause *clauses = arena_grow(arena, list->clauses, list->count, room, sizeof(*clauses));

		if (!clauses)
			return false;
		list->clauses = clauses;
		list->room = room;
	}
	if (!copy)
		return false;
	list->clauses[list->count++] = (struct clause){
		.tests = copy,
		.test_count = count,
		.action = candidate->rule->action,
		.origin = candidate->origin,
	};
	return true;
}

bool clause_add_rule(struct arena *arena, struct rule_clauses *list, const struct candidate *candidate, uint8_t word)
{
	const struct rule *rule = candidate->rule->rule;
	bool apart = repeats_index(rule); /* rule 3: then all of them are alternatives */
	struct test tests[6];

	for (unsigned i = 0; i < rule->condition_count; i++) {
		struct test *test = &tests[apart ? 0 : i];

		*test = condition_test(&rule->conditions[i], word);
		if (apart && !clause_add(arena, list, candidate, test, 1))
			return false;
	}
	return apart || clause_add(arena, list, candidate, tests, rule->condition_count);
}

static bool same_test(const struct test *a, const struct test *b)
{
	return a->arg == b->arg && a->op == b->op && a->negate == b->negate && a->mask == b->mask &&
	       a->value == b->value;
}

bool clause_begins(const struct clause *whole, const struct clause *part)
{
	unsigned found = 0, early = 0, highest = 0;

	for (unsigned i = 0; i < part->test_count; i++) {
		if (part->tests[i].arg > highest)
			highest = part->tests[i].arg;
		for (unsigned j = 0; j < whole->test_count; j++)
			found += same_test(&part->tests[i], &whole->tests[j]);
	}
	for (unsigned j = 0; j < whole->test_count; j++)
		early += whole->tests[j].arg <= highest;
	return found == part->test_count && early == found;
}
