/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * LXC text, conditions: a filter's clauses in LXC's words, what they come to, and for a denylist the denials that
 * follow from a clause that opens.
 */
#include "write/lxc_decide.h"

#include "base/err.h"
#include "names/abi.h"
#include "names/words.h"

enum { KEEP_LIMIT = 4096, BIT_LIMIT = 16 };
#define WORD_32 ((uint64_t)UINT32_MAX)

/* ------------------------------------------------------------------ in LXC's words */

bool lxc_condition_of(const struct test *test, uint8_t word, struct lxc_condition *out)
{
	uint64_t full = word == 32 ? WORD_32 : UINT64_MAX;

	*out = (struct lxc_condition){ .value = test->value, .test = *test };
	if (!test->mask) /* LXC cannot tell a mask of 0 from none */
		return false;
	if (test->mask == full) {
		out->test.mask = UINT64_MAX;
		switch ((enum test_op)test->op) {
		case TEST_EQ:
			out->op = test->negate ? "!=" : "==";
			return true;
		case TEST_GT:
			out->op = test->negate ? "<=" : ">";
			return true;
		case TEST_GE:
			out->op = test->negate ? "<" : ">=";
			return true;
		}
	}
	if (test->op != TEST_EQ)
		return false;
	out->op = "&=";
	out->mask = test->mask;
	if (test->negate) { /* of one bit the other value is meant */
		if (test->mask & (test->mask - 1))
			return false;
		out->value = out->test.value = test->value ^ test->mask;
		out->test.negate = 0;
	}
	return true;
}

/* LXC has no words for a clause that asks one argument twice. */
bool lxc_is_expressible(const struct clause *clause, uint8_t word)
{
	struct lxc_condition condition;
	unsigned seen = 0;

	for (unsigned i = 0; i < clause->test_count; i++) {
		const struct test *test = &clause->tests[i];

		if (seen >> test->arg & 1 || !lxc_condition_of(test, word, &condition))
			return false;
		seen |= 1u << test->arg;
	}
	return clause->test_count > 0 && clause->test_count <= 6;
}

/* "tests hold: action, else otherwise", as it is understood on an ABI of that word. */
static const struct node *clause_node(struct lxc_writer *writer, const struct lxc_verdict *verdict, unsigned index,
				      uint8_t word, const struct node *otherwise)
{
	const struct clause *clause = &verdict->clauses[index];
	const struct node *node =
		filter_leaf(writer->scratch, lxc_nearest(writer, clause->action), (struct callgate_origin){ 0 });

	for (unsigned i = clause->test_count; i-- && node && otherwise;) {
		struct lxc_condition condition;
		struct test test;

		lxc_condition_of(&clause->tests[i], verdict->word, &condition);
		test = condition.test;
		if (word == 32) {
			test.mask &= WORD_32;
			test.value &= WORD_32;
		}
		test.negate = 0;
		node = condition.test.negate ? filter_test(writer->scratch, test, otherwise, node)
					     : filter_test(writer->scratch, test, node, otherwise);
	}
	return otherwise ? node : NULL;
}

const struct node *lxc_clauses_node(struct lxc_writer *writer, const struct lxc_verdict *verdict, uint8_t word,
				    int only)
{
	const struct node *node = filter_leaf(writer->scratch, writer->fallback, (struct callgate_origin){ 0 });

	for (unsigned i = verdict->clause_count; i-- && node;)
		if (only < 0 ? verdict->kept[i] : (unsigned)only == i)
			node = clause_node(writer, verdict, i, word, node);
	return node;
}

/* ------------------------------------------------------------------ which there are */

/* The span of the first ABI on which the name depends on arguments; NULL: of none, or its clauses are not known. */
static const struct span *conditional_span(const struct lxc_writer *writer, int id, uint8_t *word)
{
	for (unsigned i = 0; i < writer->abi_count; i++) {
		int64_t nr = lxc_number(writer, id, writer->abis[i]);
		const struct span *span = nr < 0 ? NULL : lxc_span_of(writer, writer->abis[i], (uint32_t)nr);

		if (!span || span->node->leaf || !span->clause_count || span->clause_count > KEEP_LIMIT)
			continue;
		*word = abi_of(writer->abis[i])->width;
		return span;
	}
	return NULL;
}

/* The one clause that opens; NULL: there are several, or none. */
static const struct clause *only_opening(const struct lxc_writer *writer, const struct span *span)
{
	const struct clause *found = NULL;

	for (unsigned i = 0; i < span->clause_count; i++) {
		if (lxc_nearest(writer, span->clauses[i].action).kind != CALLGATE_ALLOW)
			continue;
		if (found)
			return NULL;
		found = &span->clauses[i];
	}
	return found;
}

/* Where a test fails, as tests that LXC has words for, each of which denies: at most BIT_LIMIT. */
static unsigned denials_of(const struct test *test, uint8_t word, struct test out[BIT_LIMIT])
{
	uint64_t full = word == 32 ? WORD_32 : UINT64_MAX;
	unsigned count = 0;

	if (test->mask == full || test->negate) {
		out[0] = *test;
		out[0].negate = !test->negate;
		return 1;
	}
	if (test->op != TEST_EQ)
		return 0;
	for (unsigned bit = 0; bit < 64; bit++) {
		uint64_t mask = (uint64_t)1 << bit;

		if (!(test->mask & mask))
			continue;
		if (count == BIT_LIMIT)
			return 0;
		out[count++] =
			(struct test){ .mask = mask, .value = ~test->value & mask, .arg = test->arg, .op = TEST_EQ };
	}
	return count;
}

/* The loosest denial that the name gets anywhere: no denial made from it is stricter by its action. False: there is
 * none. */
static bool loosest_denial(struct lxc_writer *writer, const struct span *span, struct callgate_action *out)
{
	struct action_set set;

	if (action_set_of(writer->filter, span->node, &set) < 0)
		return false;
	for (unsigned i = 0; i < set.count; i++) {
		*out = lxc_nearest(writer, set.actions[i]);
		if (out->kind != CALLGATE_ALLOW)
			return true;
	}
	return false;
}

/* Rules that overlap with another action: it is unknown which of them libseccomp would follow. */
static bool denies_otherwise(const struct lxc_writer *writer, const struct span *span, struct callgate_action action)
{
	for (unsigned i = 0; i < span->clause_count; i++) {
		struct callgate_action other = lxc_nearest(writer, span->clauses[i].action);

		if (span->clauses[i].test_count && other.kind != CALLGATE_ALLOW && !action_equal(other, action))
			return true;
	}
	return false;
}

/* A denylist that may be looser: beside the clauses that deny, what the clause that opens leaves denied. "open where a
 * & 6 is 0" is, from the other side, "deny where a & 2 is 2" and "deny where a & 4 is 4". */
static int add_denials(struct lxc_writer *writer, const struct span *span, struct lxc_verdict *out)
{
	const struct clause *opening = only_opening(writer, span);
	unsigned room = opening ? opening->test_count * BIT_LIMIT : 0;
	struct arena *arena = &writer->scratch->arena;
	struct callgate_action action;
	struct clause *clauses;

	if (!room || !loosest_denial(writer, span, &action) || denies_otherwise(writer, span, action))
		return 0;
	clauses = arena_array(arena, span->clause_count + room, sizeof(*clauses));
	if (!clauses)
		return err_nomem(writer->err);
	for (unsigned i = 0; i < span->clause_count; i++)
		clauses[i] = span->clauses[i];
	out->clauses = clauses;
	for (unsigned i = 0; i < opening->test_count; i++) {
		struct test *tests = arena_array(arena, BIT_LIMIT, sizeof(*tests));
		unsigned count = tests ? denials_of(&opening->tests[i], out->word, tests) : 0;

		if (!tests)
			return err_nomem(writer->err);
		for (unsigned j = 0; j < count; j++)
			clauses[out->clause_count++] =
				(struct clause){ .tests = &tests[j], .test_count = 1, .action = action };
	}
	return 0;
}

int lxc_find_clauses(struct lxc_writer *writer, int id, struct lxc_verdict *out)
{
	const struct span *span = conditional_span(writer, id, &out->word);

	out->clause_count = 0;
	if (!span)
		return 0;
	out->clauses = span->clauses;
	out->clause_count = span->clause_count;
	if (writer->bound == CALLGATE_LXC_NEVER_STRICTER && writer->style == STYLE_DENYLIST)
		return add_denials(writer, span, out);
	return 0;
}
