/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Decide: clauses become a graph from the last to the first, each one's failure leading to the next. Clauses that only
 * compare one argument for equality are taken out first and become a balanced search: thousands of ioctl numbers cost a
 * dozen tests.
 */
#include "filter/decide.h"

#include <string.h>

/* One value of a group: (argument & mask) == value leads to leaf. */
struct choice {
	uint64_t value;
	const struct node *leaf;
};

struct group {
	uint64_t mask;
	uint8_t arg;
	struct choice *choices;
	unsigned count;
};

enum { GROUP_MIN = 4 }; /* fewer values are as cheap one by one */

#define LOW_HALF ((uint64_t)0xffffffff)

static const struct node *clause_leaf(struct callgate_filter *filter, const struct clause *clause)
{
	return filter_leaf(filter, clause->action, clause->origin);
}

static bool is_choice(const struct clause *clause)
{
	return clause->test_count == 1 && clause->tests[0].op == TEST_EQ && !clause->tests[0].negate;
}

static bool in_group(const struct clause *clause, const struct test *like)
{
	return is_choice(clause) && clause->tests[0].arg == like->arg && clause->tests[0].mask == like->mask;
}

/* Merge sort by value, stable: of equal values the earlier clause comes first. spare has room for count. */
static void sort_choices(struct choice *choices, unsigned count, struct choice *spare)
{
	unsigned half = count / 2, left = 0, right = half;

	if (count < 2)
		return;
	sort_choices(choices, half, spare);
	sort_choices(choices + half, count - half, spare);
	for (unsigned i = 0; i < count; i++) {
		bool take_left = right == count || (left < half && choices[left].value <= choices[right].value);

		spare[i] = choices[take_left ? left++ : right++];
	}
	memcpy(choices, spare, count * sizeof(*choices));
}

static const struct node *search(struct callgate_filter *filter, const struct group *group,
				 const struct node *otherwise)
{
	unsigned half = group->count / 2;
	struct test test = {
		.mask = group->mask, .value = group->choices[half].value, .arg = group->arg, .op = TEST_EQ
	};
	struct group low = *group, high = *group;

	if (group->count <= 2) {
		const struct node *node = otherwise;

		for (unsigned i = group->count; i-- > 0;) {
			test.value = group->choices[i].value;
			node = filter_test(filter, test, group->choices[i].leaf, node);
		}
		return node;
	}
	low.count = half;
	high.choices += half;
	high.count -= half;
	test.op = TEST_GE;
	return filter_test(filter, test, search(filter, &high, otherwise), search(filter, &low, otherwise));
}

/*
 * Values that share their upper half: that half is compared once, the search then looks at one 32-bit word only.
 * Choices are sorted, so equal upper halves stand together.
 */
static const struct node *search_by_halves(struct callgate_filter *filter, const struct group *group,
					   const struct node *otherwise)
{
	const struct node *node = otherwise;
	unsigned last = group->count;

	if (!(group->mask & ~LOW_HALF) || !(group->mask & LOW_HALF))
		return search(filter, group, otherwise);
	while (last) {
		uint64_t upper = group->choices[last - 1].value & ~LOW_HALF;
		unsigned first = last;
		struct group words = { .mask = group->mask & LOW_HALF, .arg = group->arg };
		struct test test = {
			.mask = group->mask & ~LOW_HALF, .value = upper, .arg = group->arg, .op = TEST_EQ
		};

		while (first && (group->choices[first - 1].value & ~LOW_HALF) == upper)
			group->choices[--first].value &= LOW_HALF;
		words.choices = group->choices + first;
		words.count = last - first;
		node = filter_test(filter, test, search(filter, &words, otherwise), node);
		last = first;
	}
	return node;
}

/* The clauses of one call; taken: those that a search has taken in already. */
struct call_clauses {
	const struct clause *at;
	unsigned count;
	bool *taken;
};

/* Takes all clauses that look at the same bits as like into one search, and marks them. */
static const struct node *decide_group(struct callgate_filter *filter, const struct call_clauses *clauses,
				       const struct test *like, const struct node *otherwise, struct arena *scratch)
{
	struct group group = { .mask = like->mask, .arg = like->arg };
	struct choice *choices = arena_array(scratch, 2 * (size_t)clauses->count, sizeof(*choices));
	unsigned kept = 0;

	if (!choices)
		return NULL;
	for (unsigned i = 0; i < clauses->count; i++) {
		const struct clause *clause = &clauses->at[i];

		if (!in_group(clause, like))
			continue;
		clauses->taken[i] = true;
		choices[group.count++] = (struct choice){ clause->tests[0].value, clause_leaf(filter, clause) };
	}
	sort_choices(choices, group.count, choices + clauses->count);
	for (unsigned i = 0; i < group.count; i++)
		if (!i || choices[i].value != choices[kept - 1].value)
			choices[kept++] = choices[i];
	group.choices = choices;
	group.count = kept;
	return search_by_halves(filter, &group, otherwise);
}

static const struct node *decide_clause(struct callgate_filter *filter, const struct clause *clause,
					const struct node *otherwise)
{
	const struct node *node = clause_leaf(filter, clause);

	for (unsigned i = clause->test_count; i-- > 0;)
		node = filter_test(filter, clause->tests[i], node, otherwise);
	return node;
}

static unsigned group_size(const struct clause *clauses, unsigned count, unsigned at)
{
	unsigned size = 0;

	if (!is_choice(&clauses[at]))
		return 0;
	for (unsigned i = 0; i < count; i++)
		size += in_group(&clauses[i], &clauses[at].tests[0]);
	return size;
}

const struct node *decide(struct callgate_filter *filter, const struct clause *clauses, unsigned count,
			  const struct node *otherwise, struct arena *scratch)
{
	const struct node *node = otherwise;
	struct call_clauses all = { clauses, count, arena_array(scratch, count ? count : 1, sizeof(bool)) };

	if (!all.taken)
		return NULL;
	for (unsigned i = count; node && i-- > 0;) {
		if (all.taken[i])
			continue;
		if (count >= GROUP_MIN && group_size(clauses, count, i) >= GROUP_MIN)
			node = decide_group(filter, &all, &clauses[i].tests[0], node, scratch);
		else
			node = decide_clause(filter, &clauses[i], node);
	}
	return node;
}

/* Where the values of one argument begin that end with the clause before end: a run may be searched, whatever stands
 * around it. */
static unsigned run_begin(const struct clause *clauses, unsigned end)
{
	unsigned begin = end - 1;

	while (is_choice(&clauses[end - 1]) && begin && in_group(&clauses[begin - 1], &clauses[end - 1].tests[0]))
		begin--;
	return begin;
}

const struct node *decide_in_order(struct callgate_filter *filter, const struct clause *clauses, unsigned count,
				   const struct node *otherwise, struct arena *scratch)
{
	const struct node *node = otherwise;

	for (unsigned end = count; node && end;) {
		unsigned begin = run_begin(clauses, end);

		if (end - begin >= GROUP_MIN)
			node = decide(filter, clauses + begin, end - begin, node, scratch);
		for (unsigned i = end; node && i > begin && end - begin < GROUP_MIN; i--)
			node = decide_clause(filter, &clauses[i - 1], node);
		end = begin;
	}
	return node;
}
