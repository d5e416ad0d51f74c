/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tree: chains of word tests, and how one is put among the others. */
#include "compat/tree.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdlib.h>

/* ------------------------------------------------------------------ a chain */

static bool asks_word(const struct condition *condition, bool high)
{
	return condition->op != SCMP_CMP_MASKED_EQ || (uint32_t)(high ? condition->mask >> 32 : condition->mask);
}

static bool asks(const struct condition *condition, bool wide)
{
	return condition->op && (asks_word(condition, false) || (wide && asks_word(condition, true)));
}

bool chain_asks(const struct chain *chain)
{
	for (int i = 0; i < ARG_COUNT; i++)
		if (asks(&chain->args[i], chain->wide))
			return true;
	return false;
}

/* One condition of a chain. copy: what follows hangs on another outcome too. */
struct link {
	const struct chain *chain;
	int arg;
	bool copy;
};

static int node_new(struct tree *tree, struct link link, uint8_t op, bool high)
{
	const struct condition *from = &link.chain->args[link.arg];
	struct node *node;

	if (tree->count == tree->room) {
		int room = tree->room ? tree->room * 2 : 64;
		struct node *nodes = realloc(tree->nodes, (size_t)room * sizeof(*nodes));

		if (!nodes)
			return NODE_NONE;
		tree->nodes = nodes;
		tree->room = room;
	}
	node = &tree->nodes[tree->count];
	*node = (struct node){ .arg = (uint8_t)link.arg,
			       .op = op,
			       .asked = from->op,
			       .high = high,
			       .copy = link.copy,
			       .next = NODE_NONE };
	node->mask = (uint32_t)(high ? from->mask >> 32 : from->mask);
	node->datum = (uint32_t)(high ? from->datum >> 32 : from->datum) & node->mask;
	for (int i = 0; i < 2; i++) {
		node->rule[i] = node->lost[i] = RULE_NONE;
		node->below[i] = NODE_NONE;
		node->full[i] = from->datum;
		node->action[i] = link.chain->action;
	}
	return tree->count++;
}

/* The operator of the word test that means a condition, and the outcome that means "it holds". */
static uint8_t word_op(uint8_t op, int *holds)
{
	*holds = op != SCMP_CMP_NE && op != SCMP_CMP_LT && op != SCMP_CMP_LE;
	switch (op) {
	case SCMP_CMP_NE:
		return SCMP_CMP_EQ;
	case SCMP_CMP_LT:
		return SCMP_CMP_GE;
	case SCMP_CMP_LE:
		return SCMP_CMP_GT;
	default:
		return op;
	}
}

static int chain_from(struct tree *tree, struct link link);

/* What follows when a condition holds, hung on one outcome of a node: the next condition, or the rule. */
static int go_on(struct tree *tree, struct link link, int node, int outcome)
{
	int next;

	while (++link.arg < ARG_COUNT)
		if (asks(&link.chain->args[link.arg], link.chain->wide))
			break;
	if (link.arg == ARG_COUNT) {
		tree->nodes[node].rule[outcome] = link.chain->rule;
		return node;
	}
	next = chain_from(tree, link);
	if (next == NODE_NONE)
		return NODE_NONE;
	tree->nodes[node].below[outcome] = next;
	return node;
}

static int go_on_again(struct tree *tree, struct link link, int node, int outcome)
{
	link.copy = true;
	return go_on(tree, link, node, outcome);
}

/* Equality of 64 bits: the upper word, then the lower; of NE both may fail. */
static int chain_equal(struct tree *tree, struct link link)
{
	uint8_t asked = link.chain->args[link.arg].op;
	bool differs = asked == SCMP_CMP_NE;
	uint8_t op = asked == SCMP_CMP_MASKED_EQ ? SCMP_CMP_MASKED_EQ : SCMP_CMP_EQ;
	int high = node_new(tree, link, op, true), low = node_new(tree, link, op, false);

	if (high == NODE_NONE || low == NODE_NONE)
		return NODE_NONE;
	tree->nodes[high].below[1] = low;
	if (go_on(tree, link, low, !differs) == NODE_NONE)
		return NODE_NONE;
	return differs ? go_on_again(tree, link, high, 0) : high;
}

/* Order of 64 bits: the upper word is greater, or equal and the lower word decides. */
static int chain_ordered(struct tree *tree, struct link link)
{
	uint8_t op = link.chain->args[link.arg].op;
	int holds, above = node_new(tree, link, SCMP_CMP_GT, true);
	int same = node_new(tree, link, SCMP_CMP_EQ, true);
	int low = node_new(tree, link, word_op(op, &holds), false);

	if (above == NODE_NONE || same == NODE_NONE || low == NODE_NONE)
		return NODE_NONE;
	tree->nodes[above].below[0] = same;
	tree->nodes[same].below[1] = low;
	if (go_on(tree, link, low, holds) == NODE_NONE)
		return NODE_NONE;
	return go_on_again(tree, link, holds ? above : same, holds) == NODE_NONE ? NODE_NONE : above;
}

static int chain_from(struct tree *tree, struct link link)
{
	uint8_t op = link.chain->args[link.arg].op;
	int holds, node;

	if (!link.chain->wide) {
		node = node_new(tree, link, word_op(op, &holds), false);
		return node == NODE_NONE ? NODE_NONE : go_on(tree, link, node, holds);
	}
	if (op == SCMP_CMP_EQ || op == SCMP_CMP_NE || op == SCMP_CMP_MASKED_EQ)
		return chain_equal(tree, link);
	return chain_ordered(tree, link);
}

/* ------------------------------------------------------------------ a level */

/* Actions as signed numbers. */
bool action_is_stricter(uint32_t a, uint32_t b)
{
	return (int32_t)(a & SECCOMP_RET_ACTION_FULL) < (int32_t)(b & SECCOMP_RET_ACTION_FULL);
}

static unsigned word_rank(const struct node *node)
{
	return node->arg * 2u + node->high;
}

static unsigned op_rank(const struct node *node)
{
	switch (node->asked) {
	case SCMP_CMP_MASKED_EQ:
	case SCMP_CMP_EQ:
	case SCMP_CMP_NE:
		return 3;
	case SCMP_CMP_LE:
	case SCMP_CMP_LT:
		return 2;
	default:
		return 1;
	}
}

/* Whether a comes behind b. Of upper bounds the lower one is the narrower and comes first. */
static bool comes_behind(const struct node *a, const struct node *b)
{
	if (word_rank(a) != word_rank(b))
		return word_rank(a) < word_rank(b);
	if (op_rank(a) != op_rank(b))
		return op_rank(a) < op_rank(b);
	return op_rank(a) == 2 ? a->datum > b->datum : a->datum < b->datum;
}

static bool same_test(const struct node *a, const struct node *b)
{
	return word_rank(a) == word_rank(b) && a->op == b->op && a->datum == b->datum && a->mask == b->mask;
}

static bool is_leaf(const struct node *node)
{
	return node->below[0] == NODE_NONE && node->below[1] == NODE_NONE;
}

/* Whether all that can be met on a level and below it does the same. */
static bool all_do(const struct tree *tree, int level, uint32_t action)
{
	for (int at = level; at != NODE_NONE; at = tree->nodes[at].next) {
		const struct node *node = &tree->nodes[at];

		for (int i = 0; i < 2; i++) {
			if (node->rule[i] != RULE_NONE && node->action[i] != action)
				return false;
			if (!all_do(tree, node->below[i], action))
				return false;
		}
	}
	return true;
}

/* Of two rules that end at one outcome of an upper word's test, the narrower counts: the greater lower bound, the
 * smaller upper one; but never a looser action for a stricter one. */
static bool is_narrower(const struct node *node, const struct node *there, int outcome)
{
	if (!node->high || op_rank(node) == 3 || action_is_stricter(there->action[outcome], node->action[outcome]))
		return false;
	return outcome ? node->full[1] > there->full[1] : node->full[0] < there->full[0];
}

static void take_rule(struct node *there, const struct node *node, int outcome)
{
	there->rule[outcome] = node->rule[outcome];
	there->action[outcome] = node->action[outcome];
	there->full[outcome] = node->full[outcome];
}

/* A rule ends where another goes on or ends too. */
static int merge_rule(const struct tree *tree, struct node *there, const struct node *node, int outcome)
{
	if (node->rule[outcome] == RULE_NONE)
		return 0;
	if (there->rule[outcome] == RULE_NONE) {
		if (!all_do(tree, there->below[outcome], node->action[outcome]))
			return -EEXIST;
		there->below[outcome] = NODE_NONE;
		take_rule(there, node, outcome);
		return 0;
	}
	if (there->action[outcome] == node->action[outcome])
		return 0;
	if (is_leaf(there) || is_leaf(node))
		return -EEXIST;
	there->lost[outcome] = node->rule[outcome];
	if (is_narrower(node, there, outcome)) {
		there->lost[outcome] = there->rule[outcome];
		take_rule(there, node, outcome);
	}
	return 0;
}

static int level_add(struct tree *tree, int *level, int added, unsigned *weight);

static int merge(struct tree *tree, int there_at, int added, unsigned *weight)
{
	struct node *there = &tree->nodes[there_at];
	const struct node *node = &tree->nodes[added];
	int r = 0;

	*weight -= !node->copy;
	for (int i = 1; i >= 0 && r == 0; i--)
		r = merge_rule(tree, there, node, i);
	for (int i = 1; i >= 0 && r == 0; i--)
		if (node->below[i] != NODE_NONE && there->rule[i] == RULE_NONE)
			r = level_add(tree, &there->below[i], node->below[i], weight);
	return r;
}

static int level_add(struct tree *tree, int *level, int added, unsigned *weight)
{
	int *at = level;

	while (*at != NODE_NONE) {
		struct node *there = &tree->nodes[*at];

		if (same_test(there, &tree->nodes[added]))
			return merge(tree, *at, added, weight);
		if (comes_behind(there, &tree->nodes[added]))
			break;
		at = &there->next;
	}
	tree->nodes[added].next = *at;
	*at = added;
	return 0;
}

int tree_add(struct tree *tree, int *root, const struct chain *chain, unsigned *weight)
{
	int first = 0, made = tree->count, added;

	while (first < ARG_COUNT && !asks(&chain->args[first], chain->wide))
		first++;
	added = chain_from(tree, (struct link){ chain, first, false });
	if (added == NODE_NONE)
		return -ENOMEM;
	for (int i = made; i < tree->count; i++)
		*weight += !tree->nodes[i].copy;
	return level_add(tree, root, added, weight);
}
