/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Meaning: from decision graphs to the one diagram that says the same. Graphs are walked with a stack of our own, because a
 * chain of tests may be thousands long. Chains and trees of tests on one field of one argument (many values of an ioctl's
 * command, say) are turned into sorted steps and built in one go: one by one, each value would copy its whole path.
 */
#include "filter/meaning.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "filter/bdd.h"

/* What is remembered of one filter's nodes, by id. */
struct memo {
	const struct callgate_filter *filter;
	size_t count;
	meaning_ref *refs;   /* BDD_NONE: not known yet */
	uint32_t *region;    /* the last region that the node was gathered into */
	uint32_t *chain;     /* index + 1 of the chain that starts here, while in that region */
	bool *single;        /* tried as a region and better done alone */
};

/* Tests that follow each other by "no", all EQ: one sorted list. */
struct chain {
	size_t first, count; /* into points */
	const struct node *tail;
};

struct point {
	uint64_t value;
	const struct node *node;
	uint32_t order;
};

struct vector {
	void *at;
	size_t count, room;
};

struct meaning {
	struct bdd bdd;
	struct vector memos;  /* struct memo */
	struct vector stack;  /* const struct node *: waiting for their children */
	struct vector region; /* const struct node * */
	struct vector breaks; /* uint64_t */
	struct vector refs;   /* meaning_ref */
	struct vector chains; /* struct chain */
	struct vector points; /* struct point */
	uint32_t serial;
	size_t gathered;      /* nodes put into regions so far */
};

enum { REGION_MIN = 3, REGION_MAX = 1 << 16, GATHER_LIMIT = 1 << 20 };

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
		free(memo_at(meaning, i)->region);
		free(memo_at(meaning, i)->chain);
		free(memo_at(meaning, i)->single);
	}
	free(meaning->memos.at);
	free(meaning->stack.at);
	free(meaning->region.at);
	free(meaning->breaks.at);
	free(meaning->refs.at);
	free(meaning->chains.at);
	free(meaning->points.at);
	bdd_release(&meaning->bdd);
	free(meaning);
	return NULL;
}

/* Room for one more element of this size; NULL: no memory. */
static void *vector_push(struct vector *vector, size_t size)
{
	if (vector->count == vector->room) {
		size_t room = vector->room ? vector->room * 2 : 64;
		void *at = realloc(vector->at, room * size);

		if (!at)
			return NULL;
		vector->at = at;
		vector->room = room;
	}
	return (char *)vector->at + vector->count++ * size;
}

static bool push_node(struct vector *vector, const struct node *node)
{
	const struct node **slot = vector_push(vector, sizeof(const struct node *));

	if (slot)
		*slot = node;
	return slot != NULL;
}

/* ------------------------------------------------------------------ what is known of a filter */

static bool memo_extend(struct memo *memo, size_t count)
{
	meaning_ref *refs = realloc(memo->refs, count * sizeof(*refs));
	uint32_t *region = refs ? realloc(memo->region, count * sizeof(*region)) : NULL;
	uint32_t *chain = region ? realloc(memo->chain, count * sizeof(*chain)) : NULL;
	bool *single = chain ? realloc(memo->single, count * sizeof(*single)) : NULL;

	memo->refs = refs ? refs : memo->refs;
	memo->region = region ? region : memo->region;
	memo->chain = chain ? chain : memo->chain;
	if (!single)
		return false;
	memo->single = single;
	for (size_t i = memo->count; i < count; i++) {
		memo->refs[i] = BDD_NONE;
		memo->region[i] = memo->chain[i] = 0;
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

/* ------------------------------------------------------------------ regions: many tests on one field */

/* Bits of a field: mask is width ones from shift on. */
struct field {
	uint64_t mask;
	unsigned arg, shift, width;
};

static bool field_of(const struct node *node, struct field *out)
{
	uint64_t mask = node->test.mask, ones;
	unsigned shift = (unsigned)__builtin_ctzll(mask);

	ones = mask >> shift;
	if (ones & (ones + 1))
		return false;
	*out = (struct field){ .mask = mask, .arg = node->test.arg, .shift = shift, .width = 64 - (unsigned)__builtin_clzll(ones) };
	return true;
}

static bool same_field(const struct node *node, const struct field *field)
{
	return !node->leaf && node->test.arg == field->arg && node->test.mask == field->mask;
}

/* GT and GE are "from this value of the field on"; 0 stands for "never", which filter_test() has folded away. */
static uint64_t threshold(const struct test *test, const struct field *field)
{
	uint64_t below = (uint64_t)1 << field->shift, value = test->value;

	if (test->op == TEST_EQ || test->op == TEST_GT)
		return (value >> field->shift) + (test->op == TEST_GT);
	return value / below + (value % below != 0);
}

/* Whether a node belongs to a region. One that is known already does too (its diagram starts within the field), until that
 * has been done too often: then chains that many roots enter at many places would cost the square of their length. */
static bool in_region(const struct meaning *meaning, const struct memo *memo, const struct node *node,
                      const struct field *field)
{
	return same_field(node, field) && (meaning->gathered < GATHER_LIMIT || memo->refs[node->id] == BDD_NONE);
}

/* Collects the tests on the field that are reached from root without leaving the field, and the breaks of their values. */
static bool gather(struct meaning *meaning, struct memo *memo, const struct node *root, const struct field *field)
{
	meaning->serial++;
	meaning->region.count = meaning->breaks.count = meaning->chains.count = meaning->points.count = 0;
	if (!push_node(&meaning->region, root))
		return false;
	memo->region[root->id] = meaning->serial;
	for (size_t i = 0; i < meaning->region.count; i++) {
		const struct node *node = ((const struct node **)meaning->region.at)[i];
		const struct node *next[2] = { node->yes, node->no };

		memo->chain[node->id] = 0;
		meaning->gathered++;
		for (int k = 0; k < 2; k++) {
			if (!in_region(meaning, memo, next[k], field) || memo->region[next[k]->id] == meaning->serial)
				continue;
			if (!push_node(&meaning->region, next[k]))
				return false;
			memo->region[next[k]->id] = meaning->serial;
		}
	}
	return true;
}

static bool in_gathered(const struct meaning *meaning, const struct memo *memo, const struct node *node)
{
	return !node->leaf && memo->region[node->id] == meaning->serial;
}

static int order_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static bool add_breaks(struct meaning *meaning, const struct field *field)
{
	uint64_t last = field->width == 64 ? UINT64_MAX : ((uint64_t)1 << field->width) - 1, *slot;
	const struct node **nodes = meaning->region.at;
	size_t kept = 0;

	if (!(slot = vector_push(&meaning->breaks, sizeof(*slot))))
		return false;
	*slot = 0;
	for (size_t i = 0; i < meaning->region.count; i++) {
		uint64_t at = threshold(&nodes[i]->test, field);

		if (!(slot = vector_push(&meaning->breaks, sizeof(*slot))))
			return false;
		*slot = at;
		if (nodes[i]->test.op == TEST_EQ && at != last) {
			if (!(slot = vector_push(&meaning->breaks, sizeof(*slot))))
				return false;
			*slot = at + 1;
		}
	}
	slot = meaning->breaks.at;
	qsort(slot, meaning->breaks.count, sizeof(*slot), order_u64);
	for (size_t i = 0; i < meaning->breaks.count; i++)
		if (!kept || slot[kept - 1] != slot[i])
			slot[kept++] = slot[i];
	meaning->breaks.count = kept;
	return true;
}

static int order_points(const void *a, const void *b)
{
	const struct point *x = a, *y = b;

	if (x->value != y->value)
		return x->value < y->value ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

static struct chain *chain_from(struct meaning *meaning, struct memo *memo, const struct node *node,
                                const struct field *field)
{
	struct chain *chain;
	struct point *points;
	size_t first = meaning->points.count, kept = first;

	if (memo->chain[node->id])
		return (struct chain *)meaning->chains.at + memo->chain[node->id] - 1;
	chain = vector_push(&meaning->chains, sizeof(*chain));
	if (!chain)
		return NULL;
	memo->chain[node->id] = (uint32_t)meaning->chains.count;
	for (; in_gathered(meaning, memo, node) && node->test.op == TEST_EQ; node = node->no) {
		struct point *point = vector_push(&meaning->points, sizeof(*point));

		if (!point)
			return NULL;
		*point = (struct point){ threshold(&node->test, field), node->yes, (uint32_t)meaning->points.count };
	}
	points = meaning->points.at;
	qsort(points + first, meaning->points.count - first, sizeof(*points), order_points);
	for (size_t i = first; i < meaning->points.count; i++) /* the first test of a value wins */
		if (kept == first || points[kept - 1].value != points[i].value)
			points[kept++] = points[i];
	meaning->points.count = kept;
	*chain = (struct chain){ .first = first, .count = kept - first, .tail = node };
	return chain;
}

static const struct node *chain_next(const struct meaning *meaning, const struct chain *chain, uint64_t value)
{
	const struct point *points = (const struct point *)meaning->points.at + chain->first;
	size_t low = 0, high = chain->count;

	while (low < high) {
		size_t at = low + (high - low) / 2;

		if (points[at].value == value)
			return points[at].node;
		if (points[at].value < value)
			low = at + 1;
		else
			high = at;
	}
	return chain->tail;
}

enum built { BUILT, NOT_HERE, WAITING, FAILED };

/* Pushes the nodes that leave the region and are not known yet. */
static enum built push_exits(struct meaning *meaning, const struct memo *memo)
{
	const struct node **nodes = meaning->region.at;
	size_t before = meaning->stack.count;

	for (size_t i = 0; i < meaning->region.count; i++) {
		const struct node *next[2] = { nodes[i]->yes, nodes[i]->no };

		for (int k = 0; k < 2; k++)
			if (!in_gathered(meaning, memo, next[k]) && memo->refs[next[k]->id] == BDD_NONE &&
			    !push_node(&meaning->stack, next[k]))
				return FAILED;
	}
	return meaning->stack.count == before ? BUILT : WAITING;
}

/* Fills breaks and refs with the steps of root's function; too much walking answers NOT_HERE. */
static enum built walk_breaks(struct meaning *meaning, struct memo *memo, const struct node *root, const struct field *field)
{
	uint64_t *breaks = meaning->breaks.at;
	size_t budget = 64 * (meaning->breaks.count + meaning->region.count), kept = 0;
	unsigned last_var = field->arg * 64 + 63 - field->shift;

	meaning->refs.count = 0;
	for (size_t i = 0; i < meaning->breaks.count; i++) {
		const struct node *node = root;
		meaning_ref ref, *slot;

		while (in_gathered(meaning, memo, node)) {
			if (!budget-- || meaning->points.count > 8 * meaning->region.count + 64)
				return NOT_HERE;
			if (node->test.op == TEST_EQ) {
				const struct chain *chain = chain_from(meaning, memo, node, field);

				if (!chain)
					return FAILED;
				node = chain_next(meaning, chain, breaks[i]);
			} else {
				node = breaks[i] >= threshold(&node->test, field) ? node->yes : node->no;
			}
		}
		ref = memo->refs[node->id];
		if (bdd_var(&meaning->bdd, ref) <= last_var)
			return NOT_HERE;
		if (kept && ((meaning_ref *)meaning->refs.at)[kept - 1] == ref)
			continue;
		if (!(slot = vector_push(&meaning->refs, sizeof(*slot))))
			return FAILED;
		*slot = ref;
		breaks[kept++] = breaks[i];
	}
	meaning->breaks.count = kept;
	return BUILT;
}

static enum built build_region(struct meaning *meaning, struct memo *memo, const struct node *root)
{
	struct field field;
	struct bdd_steps steps;
	enum built built;

	if (memo->single[root->id] || !field_of(root, &field) ||
	    (!in_region(meaning, memo, root->yes, &field) && !in_region(meaning, memo, root->no, &field)))
		return NOT_HERE;
	if (!gather(meaning, memo, root, &field))
		return FAILED;
	built = meaning->region.count < REGION_MIN || meaning->region.count > REGION_MAX ? NOT_HERE : push_exits(meaning, memo);
	if (built == BUILT)
		built = add_breaks(meaning, &field) ? walk_breaks(meaning, memo, root, &field) : FAILED;
	if (built == NOT_HERE) {
		for (size_t i = 0; i < meaning->region.count; i++)
			memo->single[((const struct node **)meaning->region.at)[i]->id] = true;
		return NOT_HERE;
	}
	if (built != BUILT)
		return built;
	steps = (struct bdd_steps){
		.firsts = meaning->breaks.at,
		.refs = meaning->refs.at,
		.count = meaning->breaks.count,
		.arg = field.arg,
		.shift = field.shift,
		.width = field.width,
	};
	memo->refs[root->id] = bdd_from_steps(&meaning->bdd, &steps);
	return BUILT;
}

/* ------------------------------------------------------------------ the walk over a graph */

static enum built build_single(struct meaning *meaning, struct memo *memo, const struct node *node)
{
	size_t before = meaning->stack.count;

	if (node->leaf) {
		memo->refs[node->id] = node->opaque ? bdd_opaque(node->origin.line) : bdd_action(node->action);
		return BUILT;
	}
	if (memo->refs[node->yes->id] == BDD_NONE && !push_node(&meaning->stack, node->yes))
		return FAILED;
	if (memo->refs[node->no->id] == BDD_NONE && !push_node(&meaning->stack, node->no))
		return FAILED;
	if (meaning->stack.count != before)
		return WAITING;
	memo->refs[node->id] = bdd_test(&meaning->bdd, &node->test, memo->refs[node->yes->id], memo->refs[node->no->id]);
	return BUILT;
}

int meaning_of(struct meaning *meaning, const struct callgate_filter *filter, const struct node *node, meaning_ref *out,
               struct callgate_err *err)
{
	struct memo *memo = memo_for(meaning, filter);

	meaning->stack.count = 0;
	if (!memo || !push_node(&meaning->stack, node))
		return err_nomem(err);
	while (meaning->stack.count) {
		const struct node *top = ((const struct node **)meaning->stack.at)[meaning->stack.count - 1];
		enum built built = BUILT;

		if (memo->refs[top->id] == BDD_NONE) {
			built = top->leaf ? NOT_HERE : build_region(meaning, memo, top);
			if (built == NOT_HERE)
				built = build_single(meaning, memo, top);
		}
		if (built == FAILED)
			return err_nomem(err);
		if (built == WAITING)
			continue;
		if (memo->refs[top->id] == BDD_NONE)
			return bdd_error(&meaning->bdd, err);
		meaning->stack.count--;
	}
	*out = memo->refs[node->id];
	return 0;
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
		ref = (bdd_is_terminal(node->low) ? bdd_is_opaque_terminal(node->low, &ignored) : bdd->nodes[node->low].opaque) ?
		              node->low :
		              node->high;
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

struct callgate_action meaning_at(const struct meaning *meaning, meaning_ref ref, const uint64_t args[6])
{
	while (!bdd_is_terminal(ref)) {
		const struct bdd_node *node = &meaning->bdd.nodes[ref];

		ref = args[node->var / 64] >> (63 - node->var % 64) & 1 ? node->high : node->low;
	}
	return bdd_terminal_action(ref);
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
		step_down(bdd, pair, var, bdd_cofactor(bdd, pair[0], var, 0) == bdd_cofactor(bdd, pair[1], var, 0), args);
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

int meaning_meet(struct meaning *meaning, meaning_ref older, meaning_ref newer, meaning_ref *out, struct callgate_err *err)
{
	meaning_ref met = bdd_meet(&meaning->bdd, older, newer);

	if (met == BDD_NONE)
		return bdd_error(&meaning->bdd, err);
	*out = met;
	return 0;
}
