/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Meaning: from decision graphs to the one diagram that says the same. Graphs are walked with a stack of our own,
 * because a chain of tests may be thousands long.
 */
#include "filter/meaning.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "filter/bdd.h"
#include "filter/cluster.h"

struct meaning {
	struct bdd bdd;
	struct vector memos; /* struct memo */
	struct vector stack; /* const struct node *: waiting for their children */
	struct cluster cluster;
};

int meaning_new(struct meaning **out, struct callgate_err *err)
{
	struct meaning *meaning = calloc(1, sizeof(*meaning));

	if (!meaning)
		return err_nomem(err);
	if (bdd_init(&meaning->bdd)) {
		free(meaning);
		return err_nomem(err);
	}
	*out = meaning;
	return 0;
}

static struct memo *memo_at(struct meaning *meaning, size_t i)
{
	return (struct memo *)meaning->memos.at + i;
}

struct meaning *meaning_free(struct meaning *meaning)
{
	if (!meaning)
		return NULL;
	for (size_t i = 0; i < meaning->memos.count; i++) {
		free(memo_at(meaning, i)->refs);
		free(memo_at(meaning, i)->cluster);
		free(memo_at(meaning, i)->chain);
		free(memo_at(meaning, i)->single);
	}
	free(meaning->memos.at);
	free(meaning->stack.at);
	cluster_release(&meaning->cluster);
	bdd_release(&meaning->bdd);
	free(meaning);
	return NULL;
}

/* ------------------------------------------------------------------ what is known of a filter */

static bool grow(void **list, size_t size)
{
	void *grown = realloc(*list, size);

	if (grown)
		*list = grown;
	return grown != NULL;
}

static bool memo_extend(struct memo *memo, size_t count)
{
	if (!grow((void **)&memo->refs, count * sizeof(*memo->refs)) ||
	    !grow((void **)&memo->cluster, count * sizeof(*memo->cluster)) ||
	    !grow((void **)&memo->chain, count * sizeof(*memo->chain)) ||
	    !grow((void **)&memo->single, count * sizeof(*memo->single)))
		return false;
	for (size_t i = memo->count; i < count; i++) {
		memo->refs[i] = BDD_NONE;
		memo->cluster[i] = memo->chain[i] = 0;
		memo->single[i] = false;
	}
	memo->count = count;
	return true;
}

static struct memo *memo_for(struct meaning *meaning, const struct callgate_filter *filter)
{
	struct memo *memo = NULL;

	for (size_t i = 0; i < meaning->memos.count && !memo; i++)
		if (memo_at(meaning, i)->filter == filter)
			memo = memo_at(meaning, i);
	if (!memo) {
		memo = vector_push(&meaning->memos, sizeof(*memo));
		if (!memo)
			return NULL;
		*memo = (struct memo){ .filter = filter };
	}
	if (memo->count < filter->node_count && !memo_extend(memo, filter->node_count))
		return NULL;
	return memo;
}

/* ------------------------------------------------------------------ the walk over a graph */

static enum built build_single(struct meaning *meaning, struct memo *memo, const struct node *node)
{
	size_t before = meaning->stack.count;

	if (node->leaf) {
		memo->refs[node->id] = node->opaque ? bdd_opaque(node->origin.line) : bdd_action(node->action);
		return BUILT;
	}
	if (memo->refs[node->yes->id] == BDD_NONE && !vector_push_node(&meaning->stack, node->yes))
		return FAILED;
	if (memo->refs[node->no->id] == BDD_NONE && !vector_push_node(&meaning->stack, node->no))
		return FAILED;
	if (meaning->stack.count != before)
		return WAITING;
	memo->refs[node->id] =
		bdd_test(&meaning->bdd, &node->test, memo->refs[node->yes->id], memo->refs[node->no->id]);
	return BUILT;
}

static int walk(struct meaning *meaning, struct memo *memo, struct callgate_err *err)
{
	while (meaning->stack.count) {
		const struct node *top = ((const struct node **)meaning->stack.at)[meaning->stack.count - 1];
		enum built built = BUILT;

		if (memo->refs[top->id] == BDD_NONE) {
			built = top->leaf ? NOT_HERE
					  : cluster_build(&meaning->cluster, &meaning->bdd, memo, top, &meaning->stack);
			if (built == NOT_HERE)
				built = build_single(meaning, memo, top);
		}
		if (built == FAILED)
			return err_nomem(err);
		if (meaning->bdd.steps > meaning->bdd.limit)
			return bdd_error(&meaning->bdd, err);
		if (built == WAITING)
			continue;
		if (memo->refs[top->id] == BDD_NONE)
			return bdd_error(&meaning->bdd, err);
		meaning->stack.count--;
	}
	return 0;
}

int meaning_of(struct meaning *meaning, const struct callgate_filter *filter, const struct node *node, meaning_ref *out,
	       struct callgate_err *err)
{
	uint64_t before = meaning->bdd.steps, bound = meaning->bdd.limit, left = filter_work_left(filter);
	struct memo *memo = memo_for(meaning, filter);
	int r;

	/* Most are leaves, or were asked for before. */
	if (memo && (memo->refs[node->id] != BDD_NONE || (node->leaf && build_single(meaning, memo, node) == BUILT))) {
		*out = memo->refs[node->id];
		return 0;
	}
	meaning->stack.count = 0;
	if (!memo || !vector_push_node(&meaning->stack, node))
		return err_nomem(err);
	if (before + left < bound)
		meaning->bdd.limit = before + left;
	r = walk(meaning, memo, err);
	meaning->bdd.limit = bound;
	filter_spend(filter, meaning->bdd.steps - before);
	if (r == 0)
		*out = memo->refs[node->id];
	return r;
}

/* ------------------------------------------------------------------ questions */

const struct bdd *meaning_bdd(const struct meaning *meaning)
{
	return &meaning->bdd;
}

bool meaning_is_opaque(const struct meaning *meaning, meaning_ref ref, unsigned *pc)
{
	const struct bdd *bdd = &meaning->bdd;

	while (!bdd_is_terminal(ref)) {
		const struct bdd_node *node = &bdd->nodes[ref];
		unsigned ignored;

		if (!node->opaque)
			return false;
		ref = (bdd_is_terminal(node->low) ? bdd_is_opaque_terminal(node->low, &ignored)
						  : bdd->nodes[node->low].opaque)
			      ? node->low
			      : node->high;
	}
	return bdd_is_opaque_terminal(ref, pc);
}

bool meaning_split(const struct meaning *meaning, meaning_ref ref, unsigned *bit, meaning_ref *low, meaning_ref *high)
{
	if (bdd_is_terminal(ref))
		return false;
	*bit = bdd_var(&meaning->bdd, ref);
	*low = bdd_cofactor(&meaning->bdd, ref, *bit, 0);
	*high = bdd_cofactor(&meaning->bdd, ref, *bit, 1);
	return true;
}

bool meaning_is_constant(const struct meaning *meaning, meaning_ref ref, struct callgate_action *out)
{
	unsigned pc;

	(void)meaning;
	if (!bdd_is_terminal(ref) || bdd_is_opaque_terminal(ref, &pc))
		return false;
	*out = bdd_terminal_action(ref);
	return true;
}

/* One step down on both sides. */
static void step_down(const struct bdd *bdd, meaning_ref pair[2], unsigned var, unsigned bit, uint64_t args[6])
{
	pair[0] = bdd_cofactor(bdd, pair[0], var, bit);
	pair[1] = bdd_cofactor(bdd, pair[1], var, bit);
	args[var / 64] |= (uint64_t)bit << (63 - var % 64);
}

static unsigned pair_var(const struct bdd *bdd, const meaning_ref pair[2])
{
	unsigned a = bdd_var(bdd, pair[0]), b = bdd_var(bdd, pair[1]);

	return a < b ? a : b;
}

bool meaning_witness(const struct meaning *meaning, meaning_ref a, meaning_ref b, uint64_t args[6])
{
	const struct bdd *bdd = &meaning->bdd;
	meaning_ref pair[2] = { a, b };
	unsigned var;

	if (a == b)
		return false;
	memset(args, 0, 6 * sizeof(*args));
	/* References that differ are functions that differ: some branch always keeps them apart. */
	while ((var = pair_var(bdd, pair)) != BDD_END)
		step_down(bdd, pair, var, bdd_cofactor(bdd, pair[0], var, 0) == bdd_cofactor(bdd, pair[1], var, 0),
			  args);
	return true;
}

int meaning_relate(struct meaning *meaning, meaning_ref a, meaning_ref b, unsigned *out, struct callgate_err *err)
{
	unsigned relation = bdd_relate(&meaning->bdd, a, b);

	if (!relation)
		return bdd_error(&meaning->bdd, err);
	*out = relation;
	return 0;
}

int meaning_witness_of(struct meaning *meaning, meaning_ref a, meaning_ref b, unsigned wanted, uint64_t args[6],
		       struct callgate_err *err)
{
	struct bdd *bdd = &meaning->bdd;
	meaning_ref pair[2] = { a, b };
	uint64_t found[6] = { 0 };
	unsigned var, relation = bdd_relate(bdd, a, b);

	if (relation && !(relation & wanted))
		return err_set(err, CALLGATE_E_ARG, "no call with that difference");
	while (relation && (var = pair_var(bdd, pair)) != BDD_END) {
		relation = bdd_relate(bdd, bdd_cofactor(bdd, pair[0], var, 0), bdd_cofactor(bdd, pair[1], var, 0));
		if (relation)
			step_down(bdd, pair, var, !(relation & wanted), found);
	}
	if (!relation)
		return bdd_error(bdd, err);
	memcpy(args, found, sizeof(found));
	return 0;
}

int meaning_meet(struct meaning *meaning, meaning_ref older, meaning_ref newer, meaning_ref *out,
		 struct callgate_err *err)
{
	meaning_ref met = bdd_meet(&meaning->bdd, older, newer);

	if (met == BDD_NONE)
		return bdd_error(&meaning->bdd, err);
	*out = met;
	return 0;
}
