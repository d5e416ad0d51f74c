/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Attribute: two filters walked in parallel; decisions that differ are copied leaf by leaf. */
#include "filter/attribute.h"

#include <stdlib.h>

#include "base/err.h"
#include "filter/meaning.h"
#include "filter/zip.h"
#include "names/words.h"

struct work {
	struct callgate_filter *filter;
	const struct callgate_filter *lifted;
	struct meaning *meaning;
	const struct node **copies; /* by the lifted node's id, of the span at hand */
	const struct span *span;    /* of filter */
};

/* ------------------------------------------------------------------ copying a decision */

/* A leaf of filter's decision with that action; NULL: none. */
static const struct node *leaf_like(const struct node *node, struct callgate_action action)
{
	const struct node *found;

	if (node->leaf)
		return !node->opaque && action_equal(node->action, action) ? node : NULL;
	found = leaf_like(node->yes, action);
	return found ? found : leaf_like(node->no, action);
}

static struct callgate_origin origin_of(const struct work *work, const struct node *leaf)
{
	const struct node *like;

	for (unsigned i = 0; i < work->span->clause_count; i++)
		if (action_equal(work->span->clauses[i].action, leaf->action))
			return work->span->clauses[i].origin;
	like = work->span->node->leaf ? leaf_like(work->span->node, leaf->action) : NULL;
	if (!like)
		like = leaf_like(work->filter->fallback, leaf->action);
	if (!like)
		like = leaf_like(work->filter->other_arch, leaf->action);
	return like ? like->origin : leaf->origin;
}

static const struct node *copy(const struct work *work, const struct node *node)
{
	const struct node **slot = &work->copies[node->id], *known = *slot, *yes, *no;

	if (known)
		return known;
	if (node->opaque) {
		*slot = filter_opaque(work->filter, node->origin.line);
	} else if (node->leaf) {
		*slot = filter_leaf(work->filter, node->action, origin_of(work, node));
	} else {
		yes = copy(work, node->yes);
		no = copy(work, node->no);
		*slot = yes && no ? filter_test(work->filter, node->test, yes, no) : NULL;
	}
	return *slot;
}

static const struct node *copy_for(const struct work *work, const struct span *span, const struct node *node)
{
	struct work at = *work;

	at.span = span;
	for (uint32_t i = 0; i < work->lifted->node_count; i++)
		work->copies[i] = NULL;
	return copy(&at, node);
}

/* ------------------------------------------------------------------ maps */

/* Too complex to tell is no agreement. */
static bool agree(const struct work *work, const struct node *node, const struct node *lifted)
{
	meaning_ref a, b;
	unsigned pc;

	if (node->leaf && lifted->leaf)
		return !lifted->opaque && action_equal(node->action, lifted->action);
	return !meaning_of(work->meaning, work->filter, node, &a, NULL) &&
	       !meaning_of(work->meaning, work->lifted, lifted, &b, NULL) && a == b &&
	       !meaning_is_opaque(work->meaning, a, &pc);
}

static bool is_stub(const struct node *node)
{
	return node->leaf && node->origin.why == CALLGATE_BY_ENOSYS;
}

static int attribute_arch(struct work *work, uint32_t audit, struct callgate_err *err)
{
	const struct filter_arch *arch = filter_arch_of(work->filter, audit);
	struct zip step = zip_start(work->filter, work->lifted, audit);
	struct span_map map = { 0 };

	while (!map.failed && zip_next(&step)) {
		struct span span = arch ? arch->spans[span_at(arch, step.first)] : (struct span){ .node = step.a };

		span.first = step.first;
		if (!is_stub(step.a) && !agree(work, step.a, step.b)) {
			span.node = copy_for(work, &span, step.b);
			span.clauses = NULL;
			span.clause_count = 0;
		}
		span_map_add(&map, &span);
	}
	return filter_add_arch(work->filter, audit, &map, err);
}

static int attribute_all(struct work *work, struct callgate_err *err)
{
	struct callgate_filter *filter = work->filter;
	struct span other = { .node = filter->other_arch };
	struct filter_arch *arches = filter->arches;
	size_t count = filter->arch_count;
	int r = 0;

	/* The new maps stand behind the old ones, which are found first, until all are made. */
	for (size_t i = 0; i < count && r == 0; i++)
		r = attribute_arch(work, arches[i].audit, err);
	for (size_t i = 0; i < work->lifted->arch_count && r == 0; i++)
		if (!filter_arch_of(filter, work->lifted->arches[i].audit))
			r = attribute_arch(work, work->lifted->arches[i].audit, err);
	if (r < 0)
		return r;
	filter->arches += count;
	filter->arch_count -= count;
	filter->arch_room -= count;
	if (!agree(work, filter->other_arch, work->lifted->other_arch))
		filter->other_arch = copy_for(work, &other, work->lifted->other_arch);
	return filter->other_arch ? 0 : err_set(err, CALLGATE_E_LIMIT, "too complex, or out of memory");
}

int filter_attribute(struct callgate_filter *filter, const struct callgate_filter *lifted, struct callgate_err *err)
{
	struct work work = { .filter = filter, .lifted = lifted };
	int r = meaning_new(&work.meaning, err);

	if (r < 0)
		return r;
	work.copies = calloc(lifted->node_count + 1, sizeof(*work.copies));
	r = work.copies ? attribute_all(&work, err) : err_nomem(err);
	free(work.copies);
	meaning_free(work.meaning);
	return r;
}
