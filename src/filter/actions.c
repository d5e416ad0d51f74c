/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Collecting the leaves of a decision: each node is visited once, with a stack of our own. */
#include "filter/actions.h"

#include <stdlib.h>
#include <string.h>

#include "names/words.h"

/* The loosest first: the order does not depend on how a decision is built. */
static void set_add(struct action_set *set, struct callgate_action action)
{
	unsigned at = 0;

	while (at < set->count && (set->actions[at].kind > action.kind ||
				   (set->actions[at].kind == action.kind && set->actions[at].data < action.data)))
		at++;
	if (at < set->count && action_equal(set->actions[at], action))
		return;
	if (set->count == sizeof(set->actions) / sizeof(set->actions[0])) {
		set->more = true; /* the loosest and the strictest are kept whatever comes */
		memmove(&set->actions[1], &set->actions[2], (set->count - 2) * sizeof(set->actions[0]));
		set->count--;
		at -= at > 1;
	}
	memmove(&set->actions[at + 1], &set->actions[at], (set->count - at) * sizeof(set->actions[0]));
	set->actions[at] = action;
	set->count++;
}

int action_set_of(const struct callgate_filter *filter, const struct node *node, struct action_set *out)
{
	const struct node **stack;
	unsigned char *seen;
	size_t depth = 1;

	*out = (struct action_set){ 0 };
	if (node->leaf && !node->opaque) {
		set_add(out, node->action);
		return 0;
	}
	seen = calloc(filter->node_count, 1);
	stack = calloc(filter->node_count + 1, sizeof(*stack)); /* each node is pushed once */
	if (!seen || !stack) {
		free(seen);
		free(stack);
		return CALLGATE_E_NOMEM;
	}
	stack[0] = node;
	seen[node->id] = 1;
	while (depth) {
		const struct node *at = stack[--depth];

		if (at->leaf) {
			out->opaque |= at->opaque;
			if (!at->opaque)
				set_add(out, at->action);
			continue;
		}
		for (int i = 0; i < 2; i++) {
			const struct node *child = i ? at->no : at->yes;

			if (!seen[child->id]) {
				seen[child->id] = 1;
				stack[depth++] = child;
			}
		}
	}
	free(seen);
	free(stack);
	return 0;
}
