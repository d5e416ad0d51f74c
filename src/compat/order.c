/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Order: which rule of a tree is tried first. Where all rules of a call ask for one and the same argument they are
 * tried as libseccomp's tables have it: a rule ends at several places of its tree, and what counts is the pairs of
 * places that one call can reach. Where those disagree, where rules ask for other arguments, or precede each other in a
 * circle, the stricter action is first.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compat/tree.h"

/* Of one argument a chain has at most three tests. */
enum { DEPTH = 3 * ARG_COUNT, END_LIMIT = 512 };

/* A place where a rule is met: the tests on the way to it, each as twice the node and its outcome. */
struct end {
	int rule, index; /* index: of the rule among those in the order */
	int lost;        /* the rule that does not count here; RULE_NONE */
	uint32_t action;
	unsigned depth;
	int steps[DEPTH];
};

/* What counts of a rule. */
struct about {
	uint32_t action;
	unsigned args; /* bit N: it asks for argument N */
	bool reached;  /* some call comes to one of its ends */
};

struct order {
	const struct tree *tree;
	struct end *ends; /* as the tree tries them */
	unsigned end_count;
	bool overflow;
	int *rules;          /* in the order of their first ends */
	struct about *about; /* of each */
	unsigned count, room;
	bool pinned;  /* libseccomp's tables say which of two rules is tried first */
	bool *before; /* count by count: [i * count + j]: i before j */
};

/* ------------------------------------------------------------------ what one call can reach */

/* Words from first to last; none where first is greater. */
struct interval {
	uint64_t first, last;
};

/* False: the words for which a test has an outcome are no interval. */
static bool interval_of(const struct node *node, int outcome, struct interval *out)
{
	uint64_t from = (uint64_t)node->datum + (node->op == SCMP_CMP_GT);

	if (node->op == SCMP_CMP_MASKED_EQ || (node->op == SCMP_CMP_EQ && !outcome))
		return false;
	*out = (struct interval){ from, node->op == SCMP_CMP_EQ ? from : UINT32_MAX };
	if (!outcome)
		*out = from ? (struct interval){ 0, from - 1 } : (struct interval){ 1, 0 };
	return true;
}

static bool is_equality(const struct node *node)
{
	return node->op == SCMP_CMP_EQ || node->op == SCMP_CMP_MASKED_EQ;
}

/* No word has the outcome of one step and that of the other. */
static bool excludes(const struct tree *tree, int a, int b)
{
	const struct node *one = &tree->nodes[a / 2], *other = &tree->nodes[b / 2];
	uint32_t both = one->mask & other->mask;
	struct interval of_one, of_other;
	bool is_one, is_other;

	if (one->arg != other->arg || one->high != other->high)
		return false;
	if (one == other && a != b)
		return true;
	is_one = interval_of(one, a % 2, &of_one);
	is_other = interval_of(other, b % 2, &of_other);
	if (is_one && is_other)
		return of_one.first > of_other.last || of_other.first > of_one.last;
	if (is_one && other->op == SCMP_CMP_EQ)
		return of_one.first == of_one.last && of_one.first == other->datum;
	return a % 2 && b % 2 && is_equality(one) && is_equality(other) && (one->datum & both) != (other->datum & both);
}

static bool meet(const struct tree *tree, const struct end *a, const struct end *b)
{
	for (unsigned i = 0; i < a->depth; i++)
		for (unsigned j = 0; j < b->depth; j++)
			if (excludes(tree, a->steps[i], b->steps[j]) || excludes(tree, b->steps[j], a->steps[i]))
				return false;
	return true;
}

/* ------------------------------------------------------------------ ends */

static int index_of(struct order *order, int rule, uint32_t action)
{
	for (unsigned i = 0; i < order->count; i++)
		if (order->rules[i] == rule)
			return (int)i;
	if (order->count == order->room)
		return RULE_NONE;
	order->rules[order->count] = rule;
	order->about[order->count] = (struct about){ .action = action };
	return (int)order->count++;
}

static void add_end(struct order *order, const struct end *path, const struct node *node, int outcome)
{
	int rule = node->rule[outcome], index;

	if (rule == RULE_NONE)
		return;
	index = index_of(order, rule, node->action[outcome]);
	for (unsigned i = 0; i < path->depth && index != RULE_NONE; i++)
		order->about[index].args |= 1u << order->tree->nodes[path->steps[i] / 2].arg;
	if (!meet(order->tree, path, path))
		return;
	order->overflow |= index == RULE_NONE || order->end_count == END_LIMIT;
	if (order->overflow)
		return;
	order->about[index].reached = true;
	order->ends[order->end_count] = *path;
	order->ends[order->end_count].rule = rule;
	order->ends[order->end_count].index = index;
	order->ends[order->end_count].lost = node->lost[outcome];
	order->ends[order->end_count++].action = node->action[outcome];
}

/* What lies below a node is tried before the ends that the node alone decides. */
static void add_level(struct order *order, int level, struct end *path)
{
	for (int at = level; at != NODE_NONE; at = order->tree->nodes[at].next) {
		const struct node *node = &order->tree->nodes[at];

		path->depth++;
		for (int outcome = 1; outcome >= 0; outcome--) {
			path->steps[path->depth - 1] = 2 * at + outcome;
			add_level(order, node->below[outcome], path);
		}
		for (int outcome = 1; outcome >= 0; outcome--) {
			path->steps[path->depth - 1] = 2 * at + outcome;
			add_end(order, path, node, outcome);
		}
		path->depth--;
	}
}

/* ------------------------------------------------------------------ the order of rules */

/* Where one rule counts and another ends too, it is before that one. */
static void compare_with_lost(struct order *order, const struct end *end)
{
	for (unsigned i = 0; i < order->count; i++)
		if (order->rules[i] == end->lost && order->about[i].action != end->action)
			order->before[(unsigned)end->index * order->count + i] = true;
}

static void compare_ends(struct order *order)
{
	for (unsigned i = 0; i < order->end_count; i++) {
		const struct end *a = &order->ends[i];

		compare_with_lost(order, a);
		for (unsigned j = i + 1; j < order->end_count; j++) {
			const struct end *b = &order->ends[j];
			bool *before = &order->before[(unsigned)a->index * order->count + (unsigned)b->index];

			if (a->action != b->action && !*before && meet(order->tree, a, b))
				*before = true;
		}
	}
}

static bool ask_for_one_argument(const struct order *order)
{
	unsigned args = 0;

	for (unsigned i = 0; i < order->count; i++)
		args |= order->about[i].args;
	return (args & (args - 1)) == 0;
}

/* Of two rules that precede each other, or of which nothing says which is first, the stricter one is. */
static void prefer_stricter(struct order *order, unsigned i, unsigned j)
{
	bool *before = &order->before[i * order->count + j], *behind = &order->before[j * order->count + i];

	if (!action_is_stricter(order->about[j].action, order->about[i].action))
		return;
	/* What a broader rule has left no place in the tree still matches calls by its conditions. */
	if (!*before && (!order->about[i].reached || !order->about[j].reached))
		*behind = true;
	if (!*before)
		return;
	if (*behind || !order->pinned) {
		*before = false;
		*behind = true;
	}
}

static void settle_pairs(struct order *order)
{
	for (unsigned i = 0; i < order->count; i++)
		for (unsigned j = 0; j < order->count; j++)
			prefer_stricter(order, i, j);
}

static void take(struct order *order, unsigned from, unsigned to)
{
	int rule = order->rules[from];
	struct about about = order->about[from];

	memmove(&order->rules[to + 1], &order->rules[to], (from - to) * sizeof(*order->rules));
	memmove(&order->about[to + 1], &order->about[to], (from - to) * sizeof(*order->about));
	order->rules[to] = rule;
	order->about[to] = about;
}

/* Strictest first; of equals as they are. */
static void sort_by_strictness(struct order *order)
{
	for (unsigned i = 1; i < order->count; i++) {
		unsigned to = i;

		while (to && action_is_stricter(order->about[i].action, order->about[to - 1].action))
			to--;
		take(order, i, to);
	}
}

static bool is_free(const struct order *order, const bool *taken, unsigned rule)
{
	for (unsigned i = 0; i < order->count; i++)
		if (!taken[i] && order->before[i * order->count + rule])
			return false;
	return !taken[rule];
}

/* Always the first rule that no other one that is left precedes. False: there is none. */
static bool sort_by_precedence(struct order *order, int *sorted, bool *taken)
{
	for (unsigned at = 0; at < order->count; at++) {
		unsigned next = 0;

		while (next < order->count && !is_free(order, taken, next))
			next++;
		if (next == order->count)
			return false;
		taken[next] = true;
		sorted[at] = order->rules[next];
	}
	memcpy(order->rules, sorted, order->count * sizeof(*sorted));
	return true;
}

static bool all_alike(const struct order *order)
{
	for (unsigned i = 1; i < order->count; i++)
		if (order->about[i].action != order->about[0].action)
			return false;
	return true;
}

static int sort(struct order *order)
{
	int *sorted = malloc(order->count * sizeof(*sorted));
	bool *taken = calloc(order->count, sizeof(*taken));

	order->before = calloc((size_t)order->count * order->count, sizeof(*order->before));
	if (sorted && taken && order->before) {
		compare_ends(order);
		order->pinned = ask_for_one_argument(order);
		settle_pairs(order);
		if (!sort_by_precedence(order, sorted, taken))
			sort_by_strictness(order);
	}
	free(sorted);
	free(taken);
	return sorted && taken && order->before ? 0 : -ENOMEM;
}

static int order_all(struct order *order, int root)
{
	struct end path = { .depth = 0 };

	order->about = malloc(order->room * sizeof(*order->about));
	order->ends = malloc(END_LIMIT * sizeof(*order->ends));
	if (!order->about || !order->ends)
		return -ENOMEM;
	add_level(order, root, &path);
	if (all_alike(order))
		return 0;
	if (!order->overflow)
		return sort(order);
	sort_by_strictness(order);
	return 0;
}

int tree_order(const struct tree *tree, int root, int *rules, unsigned room)
{
	struct order order = { .tree = tree, .rules = rules, .room = room };
	int r = order_all(&order, root);

	free(order.about);
	free(order.ends);
	free(order.before);
	return r < 0 ? r : (int)order.count;
}
