/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Clusters: gathering, cutting at the values that are compared with, and walking once per piece. */
#include "filter/cluster.h"

#include <stdlib.h>

enum { CLUSTER_MIN = 3, CLUSTER_MAX = 1 << 16, GATHER_LIMIT = 1 << 20 };

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

void cluster_release(struct cluster *cluster)
{
	free(cluster->nodes.at);
	free(cluster->breaks.at);
	free(cluster->refs.at);
	free(cluster->chains.at);
	free(cluster->points.at);
	*cluster = (struct cluster){ 0 };
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
 * Whether a node belongs to a cluster. One that is known already does too (its diagram starts within the field), until
 * that has been done too often: then chains that many roots enter at many places would cost the square of their length.
 */
static bool in_cluster(const struct cluster *cluster, const struct memo *memo, const struct node *node,
		       const struct field *field)
{
	return same_field(node, field) && (cluster->gathered < GATHER_LIMIT || memo->refs[node->id] == BDD_NONE);
}

/*
 * Collects the tests on the field that are reached from root without leaving the field, and the breaks of their values.
 */
static bool gather(struct cluster *cluster, struct memo *memo, const struct node *root, const struct field *field)
{
	cluster->serial++;
	cluster->nodes.count = cluster->breaks.count = cluster->chains.count = cluster->points.count = 0;
	if (!vector_push_node(&cluster->nodes, root))
		return false;
	memo->cluster[root->id] = cluster->serial;
	for (size_t i = 0; i < cluster->nodes.count; i++) {
		const struct node *node = ((const struct node **)cluster->nodes.at)[i];
		const struct node *next[2] = { node->yes, node->no };

		memo->chain[node->id] = 0;
		cluster->gathered++;
		for (int k = 0; k < 2; k++) {
			if (!in_cluster(cluster, memo, next[k], field) || memo->cluster[next[k]->id] == cluster->serial)
				continue;
			if (!vector_push_node(&cluster->nodes, next[k]))
				return false;
			memo->cluster[next[k]->id] = cluster->serial;
		}
	}
	return true;
}

static bool in_gathered(const struct cluster *cluster, const struct memo *memo, const struct node *node)
{
	return !node->leaf && memo->cluster[node->id] == cluster->serial;
}

static int order_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static bool add_breaks(struct cluster *cluster, const struct field *field)
{
	uint64_t last = field->width == 64 ? UINT64_MAX : ((uint64_t)1 << field->width) - 1, *slot;
	const struct node **nodes = cluster->nodes.at;
	size_t kept = 0;

	if (!(slot = vector_push(&cluster->breaks, sizeof(*slot))))
		return false;
	*slot = 0;
	for (size_t i = 0; i < cluster->nodes.count; i++) {
		uint64_t at = threshold(&nodes[i]->test, field);

		if (!(slot = vector_push(&cluster->breaks, sizeof(*slot))))
			return false;
		*slot = at;
		if (nodes[i]->test.op == TEST_EQ && at != last) {
			if (!(slot = vector_push(&cluster->breaks, sizeof(*slot))))
				return false;
			*slot = at + 1;
		}
	}
	slot = cluster->breaks.at;
	qsort(slot, cluster->breaks.count, sizeof(*slot), order_u64);
	for (size_t i = 0; i < cluster->breaks.count; i++)
		if (!kept || slot[kept - 1] != slot[i])
			slot[kept++] = slot[i];
	cluster->breaks.count = kept;
	return true;
}

static int order_points(const void *a, const void *b)
{
	const struct point *x = a, *y = b;

	if (x->value != y->value)
		return x->value < y->value ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

static struct chain *chain_from(struct cluster *cluster, struct memo *memo, const struct node *node,
				const struct field *field)
{
	struct chain *chain;
	struct point *points;
	size_t first = cluster->points.count, kept = first;

	if (memo->chain[node->id])
		return (struct chain *)cluster->chains.at + memo->chain[node->id] - 1;
	chain = vector_push(&cluster->chains, sizeof(*chain));
	if (!chain)
		return NULL;
	memo->chain[node->id] = (uint32_t)cluster->chains.count;
	for (; in_gathered(cluster, memo, node) && node->test.op == TEST_EQ; node = node->no) {
		struct point *point = vector_push(&cluster->points, sizeof(*point));

		if (!point)
			return NULL;
		*point = (struct point){ threshold(&node->test, field), node->yes, (uint32_t)cluster->points.count };
	}
	points = cluster->points.at;
	qsort(points + first, cluster->points.count - first, sizeof(*points), order_points);
	for (size_t i = first; i < cluster->points.count; i++) /* the first test of a value wins */
		if (kept == first || points[kept - 1].value != points[i].value)
			points[kept++] = points[i];
	cluster->points.count = kept;
	*chain = (struct chain){ .first = first, .count = kept - first, .tail = node };
	return chain;
}

static const struct node *chain_next(const struct cluster *cluster, const struct chain *chain, uint64_t value)
{
	const struct point *points = (const struct point *)cluster->points.at + chain->first;
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

/* Pushes the nodes that leave the cluster and are not known yet. */
static enum built push_exits(struct cluster *cluster, const struct memo *memo, struct vector *stack)
{
	const struct node **nodes = cluster->nodes.at;
	size_t before = stack->count;

	for (size_t i = 0; i < cluster->nodes.count; i++) {
		const struct node *next[2] = { nodes[i]->yes, nodes[i]->no };

		for (int k = 0; k < 2; k++)
			if (!in_gathered(cluster, memo, next[k]) && memo->refs[next[k]->id] == BDD_NONE &&
			    !vector_push_node(stack, next[k]))
				return FAILED;
	}
	return stack->count == before ? BUILT : WAITING;
}

/* Fills breaks and refs with the steps of root's function; too much walking answers NOT_HERE. */
static enum built walk_breaks(struct cluster *cluster, struct bdd *bdd, struct memo *memo, const struct node *root,
			      const struct field *field)
{
	uint64_t *breaks = cluster->breaks.at;
	size_t budget = 64 * (cluster->breaks.count + cluster->nodes.count), kept = 0;
	unsigned last_var = field->arg * 64 + 63 - field->shift;

	cluster->refs.count = 0;
	bdd->steps += 8 * cluster->breaks.count; /* they were sorted */
	for (size_t i = 0; i < cluster->breaks.count; i++) {
		const struct node *node = root;
		meaning_ref ref, *slot;

		while (in_gathered(cluster, memo, node)) {
			bdd->steps++;
			if (!budget-- || cluster->points.count > 8 * cluster->nodes.count + 64)
				return NOT_HERE;
			if (node->test.op == TEST_EQ) {
				const struct chain *chain = chain_from(cluster, memo, node, field);

				if (!chain)
					return FAILED;
				node = chain_next(cluster, chain, breaks[i]);
			} else {
				node = breaks[i] >= threshold(&node->test, field) ? node->yes : node->no;
			}
		}
		ref = memo->refs[node->id];
		if (bdd_var(bdd, ref) <= last_var)
			return NOT_HERE;
		if (kept && ((meaning_ref *)cluster->refs.at)[kept - 1] == ref)
			continue;
		if (!(slot = vector_push(&cluster->refs, sizeof(*slot))))
			return FAILED;
		*slot = ref;
		breaks[kept++] = breaks[i];
	}
	cluster->breaks.count = kept;
	return BUILT;
}

enum built cluster_build(struct cluster *cluster, struct bdd *bdd, struct memo *memo, const struct node *root,
			 struct vector *stack)
{
	struct field field;
	struct bdd_steps steps;
	enum built built;

	if (memo->single[root->id] || !field_of(root, &field) ||
	    (!in_cluster(cluster, memo, root->yes, &field) && !in_cluster(cluster, memo, root->no, &field)))
		return NOT_HERE;
	if (!gather(cluster, memo, root, &field))
		return FAILED;
	bdd->steps += cluster->nodes.count;
	built = cluster->nodes.count < CLUSTER_MIN || cluster->nodes.count > CLUSTER_MAX
			? NOT_HERE
			: push_exits(cluster, memo, stack);
	if (built == BUILT)
		built = add_breaks(cluster, &field) ? walk_breaks(cluster, bdd, memo, root, &field) : FAILED;
	if (built == NOT_HERE) {
		for (size_t i = 0; i < cluster->nodes.count; i++)
			memo->single[((const struct node **)cluster->nodes.at)[i]->id] = true;
		return NOT_HERE;
	}
	if (built != BUILT)
		return built;
	steps = (struct bdd_steps){
		.firsts = cluster->breaks.at,
		.refs = cluster->refs.at,
		.count = cluster->breaks.count,
		.arg = field.arg,
		.shift = field.shift,
		.width = field.width,
	};
	memo->refs[root->id] = bdd_from_steps(bdd, &steps);
	return BUILT;
}
