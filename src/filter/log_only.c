/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Log only: the same filter with LOG wherever it would not allow, so that a profile can be tried before it is enforced.
 */
#include "filter/log_only.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/private.h"

struct mapping {
	struct callgate_filter *out;
	const struct node **made;        /* by id of the old node */
	const struct node **stack;       /* a way down is never longer than there are nodes */
	const char *old_file, *new_file; /* the last one copied: nearly always the only one */
};

static const struct node *map_leaf(struct mapping *mapping, const struct node *node)
{
	struct callgate_action log = { .kind = CALLGATE_LOG };
	struct callgate_origin origin = node->origin;

	if (node->opaque)
		return filter_opaque(mapping->out, node->origin.line);
	if (origin.file && origin.file != mapping->old_file) {
		mapping->old_file = origin.file;
		mapping->new_file = arena_strndup(&mapping->out->arena, origin.file, strlen(origin.file));
	}
	if (origin.file) {
		if (!mapping->new_file)
			return NULL;
		origin.file = mapping->new_file;
	}
	return filter_leaf(mapping->out, node->action.kind == CALLGATE_ALLOW ? node->action : log, origin);
}

/* Children before parents, without recursion. NULL: no memory. */
static const struct node *map_node(struct mapping *mapping, const struct node *root)
{
	const struct node **made = mapping->made;
	size_t depth = 0;

	mapping->stack[depth++] = root;
	while (depth) {
		const struct node *node = mapping->stack[depth - 1];

		if (!made[node->id] && !node->leaf && !made[node->yes->id]) {
			mapping->stack[depth++] = node->yes;
			continue;
		}
		if (!made[node->id] && !node->leaf && !made[node->no->id]) {
			mapping->stack[depth++] = node->no;
			continue;
		}
		if (!made[node->id])
			made[node->id] = node->leaf ? map_leaf(mapping, node)
						    : filter_test(mapping->out, node->test, made[node->yes->id],
								  made[node->no->id]);
		if (!made[node->id])
			return NULL;
		depth--;
	}
	return made[root->id];
}

static int map_arch(struct mapping *mapping, const struct filter_arch *arch, struct callgate_err *err)
{
	struct span_map map = { 0 };

	for (size_t i = 0; i < arch->span_count; i++) {
		struct span span = { .first = arch->spans[i].first, .node = map_node(mapping, arch->spans[i].node) };

		if (!span.node) {
			span_map_release(&map);
			return err_nomem(err);
		}
		span_map_add(&map, &span);
	}
	return filter_add_arch(mapping->out, arch->audit, &map, err);
}

static int map_filter(struct mapping *mapping, const struct callgate_filter *filter, struct callgate_err *err)
{
	struct callgate_filter *out = mapping->out;
	int r = 0;

	for (size_t i = 0; i < filter->arch_count && r == 0; i++)
		r = map_arch(mapping, &filter->arches[i], err);
	if (r < 0)
		return r;
	out->other_arch = map_node(mapping, filter->other_arch);
	out->fallback = filter->fallback ? map_node(mapping, filter->fallback) : NULL;
	if (!out->other_arch || (filter->fallback && !out->fallback))
		return err_nomem(err);
	out->flags = filter->flags;
	out->has_flags = filter->has_flags;
	memcpy(out->abis, filter->abis, sizeof(out->abis));
	out->abi_count = filter->abi_count;
	return 0;
}

int filter_log_only(const struct callgate_filter *filter, struct callgate_filter **out, struct callgate_err *err)
{
	struct mapping mapping = { 0 };
	int r = filter_new(filter->name, &mapping.out, err);

	if (r < 0)
		return r;
	mapping.made = calloc(filter->node_count, sizeof(*mapping.made));
	mapping.stack = calloc(filter->node_count, sizeof(*mapping.stack));
	r = mapping.made && mapping.stack ? map_filter(&mapping, filter, err) : err_nomem(err);
	free(mapping.made);
	free(mapping.stack);
	if (r < 0)
		callgate_filter_free(mapping.out);
	else
		*out = mapping.out;
	return r;
}

int callgate_filter_log_only(const struct callgate_filter *filter, struct callgate_filter **out,
			     struct callgate_err *err)
{
	return filter && out ? filter_log_only(filter, out, err) : err_missing(err);
}
