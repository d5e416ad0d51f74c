/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Value sets: gathering, cutting at the values that are compared with, and walking once per piece. */
#include "filter/value_set.h"

#include <stdlib.h>

enum { REGION_MIN = 3, REGION_MAX = 1 << 16, GATHER_LIMIT = 1 << 20 };

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

void *vector_push(struct vector *vector, size_t size)
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

bool vector_push_node(struct vector *vector, const struct node *node)
{
	const struct node **slot = vector_push(vector, sizeof(const struct node *));

	if (slot)
		*slot = node;
	return slot != NULL;
}

void region_release(struct region *region)
{
	free(region->nodes.at);
	free(region->breaks.at);
	free(region->refs.at);
	free(region->chains.at);
	free(region->points.at);
	*region = (struct region){ 0 };
}

/* ------------------------------------------------------------------ fields */

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
	*out = (struct field){
		.mask = mask, .arg = node->test.arg, .shift = shift, .width = 64 - (unsigned)__builtin_clzll(ones)
	};
	return true;
}

static bool same_field(const struct node *node, const struct field *field)
{
	return !node->leaf && node->test.arg == field->arg && node->test.mask == field->mask;
}

/* GT and GE are "from this value of the field on"; 0 means "never", which filter_test() has folded away. */
static uint64_t threshold(const struct test *test, const struct field *field)
{
	uint64_t below = (uint64_t)1 << field->shift, value = test->value;

	if (test->op == TEST_EQ || test->op == TEST_GT)
		return (value >> field->shift) + (test->op == TEST_GT);
	return value / below + (value % below != 0);
}

/*
 * Whether a node belongs to a region. One that is known already does too (its diagram starts within the field), until
 * that has been done too often: then chains that many roots enter at many places would cost the square of their length.
 */
static bool in_region(const struct region *region, const struct memo *memo, const struct node *node,
		      const struct field *field)
{
	return same_field(node, field) && (region->gathered < GATHER_LIMIT || memo->refs[node->id] == BDD_NONE);
}

/*
 * Collects the tests on the field that are reached from root without leaving the field, and the breaks of their values.
 */
static bool gather(struct region *region, struct memo *memo, const struct node *root, const struct field *field)
{
	region->serial++;
	region->nodes.count = region->breaks.count = region->chains.count = region->points.count = 0;
	if (!vector_push_node(&region->nodes, root))
		return false;
	memo->region[root->id] = region->serial;
	for (size_t i = 0; i < region->nodes.count; i++) {
		const struct node *node = ((const struct node **)region->nodes.at)[i];
		const struct node *next[2] = { node->yes, node->no };

		memo->chain[node->id] = 0;
		region->gathered++;
		for (int k = 0; k < 2; k++) {
			if (!in_region(region, memo, next[k], field) || memo->region[next[k]->id] == region->serial)
				continue;
			if (!vector_push_node(&region->nodes, next[k]))
				return false;
			memo->region[next[k]->id] = region->serial;
		}
	}
	return true;
}

static bool in_gathered(const struct region *region, const struct memo *memo, const struct node *node)
{
	return !node->leaf && memo->region[node->id] == region->serial;
}

static int order_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static bool add_breaks(struct region *region, const struct field *field)
{
	uint64_t last = field->width == 64 ? UINT64_MAX : ((uint64_t)1 << field->width) - 1, *slot;
	const struct node **nodes = region->nodes.at;
	size_t kept = 0;

	if (!(slot = vector_push(&region->breaks, sizeof(*slot))))
		return false;
	*slot = 0;
	for (size_t i = 0; i < region->nodes.count; i++) {
		uint64_t at = threshold(&nodes[i]->test, field);

		if (!(slot = vector_push(&region->breaks, sizeof(*slot))))
			return false;
		*slot = at;
		if (nodes[i]->test.op == TEST_EQ && at != last) {
			if (!(slot = vector_push(&region->breaks, sizeof(*slot))))
				return false;
			*slot = at + 1;
		}
	}
	slot = region->breaks.at;
	qsort(slot, region->breaks.count, sizeof(*slot), order_u64);
	for (size_t i = 0; i < region->breaks.count; i++)
		if (!kept || slot[kept - 1] != slot[i])
			slot[kept++] = slot[i];
	region->breaks.count = kept;
	return true;
}

static int order_points(const void *a, const void *b)
{
	const struct point *x = a, *y = b;

	if (x->value != y->value)
		return x->value < y->value ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

static struct chain *chain_from(struct region *region, struct memo *memo, const struct node *node,
				const struct field *field)
{
	struct chain *chain;
	struct point *points;
	size_t first = region->points.count, kept = first;

	if (memo->chain[node->id])
		return (struct chain *)region->chains.at + memo->chain[node->id] - 1;
	chain = vector_push(&region->chains, sizeof(*chain));
	if (!chain)
		return NULL;
	memo->chain[node->id] = (uint32_t)region->chains.count;
	for (; in_gathered(region, memo, node) && node->test.op == TEST_EQ; node = node->no) {
		struct point *point = vector_push(&region->points, sizeof(*point));

		if (!point)
			return NULL;
		*point = (struct point){ threshold(&node->test, field), node->yes, (uint32_t)region->points.count };
	}
	points = region->points.at;
	qsort(points + first, region->points.count - first, sizeof(*points), order_points);
	for (size_t i = first; i < region->points.count; i++) /* the first test of a value wins */
		if (kept == first || points[kept - 1].value != points[i].value)
			points[kept++] = points[i];
	region->points.count = kept;
	*chain = (struct chain){ .first = first, .count = kept - first, .tail = node };
	return chain;
}

static const struct node *chain_next(const struct region *region, const struct chain *chain, uint64_t value)
{
	const struct point *points = (const struct point *)region->points.at + chain->first;
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

/* Pushes the nodes that leave the region and are not known yet. */
static enum built push_exits(struct region *region, const struct memo *memo, struct vector *stack)
{
	const struct node **nodes = region->nodes.at;
	size_t before = stack->count;

	for (size_t i = 0; i < region->nodes.count; i++) {
		const struct node *next[2] = { nodes[i]->yes, nodes[i]->no };

		for (int k = 0; k < 2; k++)
			if (!in_gathered(region, memo, next[k]) && memo->refs[next[k]->id] == BDD_NONE &&
			    !vector_push_node(stack, next[k]))
				return FAILED;
	}
	return stack->count == before ? BUILT : WAITING;
}

/* Fills breaks and refs with the steps of root's function; too much walking answers NOT_HERE. */
static enum built walk_breaks(struct region *region, struct bdd *bdd, struct memo *memo, const struct node *root,
			      const struct field *field)
{
	uint64_t *breaks = region->breaks.at;
	size_t budget = 64 * (region->breaks.count + region->nodes.count), kept = 0;
	unsigned last_var = field->arg * 64 + 63 - field->shift;

	region->refs.count = 0;
	bdd->steps += 8 * region->breaks.count; /* they were sorted */
	for (size_t i = 0; i < region->breaks.count; i++) {
		const struct node *node = root;
		meaning_ref ref, *slot;

		while (in_gathered(region, memo, node)) {
			bdd->steps++;
			if (!budget-- || region->points.count > 8 * region->nodes.count + 64)
				return NOT_HERE;
			if (node->test.op == TEST_EQ) {
				const struct chain *chain = chain_from(region, memo, node, field);

				if (!chain)
					return FAILED;
				node = chain_next(region, chain, breaks[i]);
			} else {
				node = breaks[i] >= threshold(&node->test, field) ? node->yes : node->no;
			}
		}
		ref = memo->refs[node->id];
		if (bdd_var(bdd, ref) <= last_var)
			return NOT_HERE;
		if (kept && ((meaning_ref *)region->refs.at)[kept - 1] == ref)
			continue;
		if (!(slot = vector_push(&region->refs, sizeof(*slot))))
			return FAILED;
		*slot = ref;
		breaks[kept++] = breaks[i];
	}
	region->breaks.count = kept;
	return BUILT;
}

enum built region_build(struct region *region, struct bdd *bdd, struct memo *memo, const struct node *root,
			struct vector *stack)
{
	struct field field;
	struct bdd_steps steps;
	enum built built;

	if (memo->single[root->id] || !field_of(root, &field) ||
	    (!in_region(region, memo, root->yes, &field) && !in_region(region, memo, root->no, &field)))
		return NOT_HERE;
	if (!gather(region, memo, root, &field))
		return FAILED;
	bdd->steps += region->nodes.count;
	built = region->nodes.count < REGION_MIN || region->nodes.count > REGION_MAX ? NOT_HERE
										     : push_exits(region, memo, stack);
	if (built == BUILT)
		built = add_breaks(region, &field) ? walk_breaks(region, bdd, memo, root, &field) : FAILED;
	if (built == NOT_HERE) {
		for (size_t i = 0; i < region->nodes.count; i++)
			memo->single[((const struct node **)region->nodes.at)[i]->id] = true;
		return NOT_HERE;
	}
	if (built != BUILT)
		return built;
	steps = (struct bdd_steps){
		.firsts = region->breaks.at,
		.refs = region->refs.at,
		.count = region->breaks.count,
		.arg = field.arg,
		.shift = field.shift,
		.width = field.width,
	};
	memo->refs[root->id] = bdd_from_steps(bdd, &steps);
	return BUILT;
}
