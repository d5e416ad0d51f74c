/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Meet, join, subtract: the product of decision graphs, pair by pair, each pair once. */
#include "filter/filter.h"

#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "filter/zip.h"

enum { PAIR_LIMIT = 1 << 19, FILE_LIMIT = 64, MEET_MEMORY = 28 << 20 };

/* Two nodes and, once it is known, what they amount to. */
struct pair {
	const struct node *older, *newer, *node;
};

struct meet {
	enum callgate_combination op;
	struct callgate_filter *out;
	const struct callgate_filter *older, *newer;
	struct pair *pairs; /* hash table; older NULL: free */
	size_t pair_count, pair_size;
	struct {
		const struct node *older, *newer;
	} * stack;
	size_t depth, room;
	/* Names of files move into the new filter, each once. */
	const char *from[FILE_LIMIT], *to[FILE_LIMIT];
	unsigned file_count;
	bool no_memory, too_many;
};

/* ------------------------------------------------------------------ leaves */

static const char *file_copy(struct meet *meet, const char *file)
{
	const char *copy;

	if (!file)
		return NULL;
	for (unsigned i = 0; i < meet->file_count; i++)
		if (meet->from[i] == file)
			return meet->to[i];
	copy = arena_strndup(&meet->out->arena, file, strlen(file));
	if (!copy)
		meet->no_memory = true;
	else if (meet->file_count < FILE_LIMIT) {
		meet->from[meet->file_count] = file;
		meet->to[meet->file_count++] = copy;
	}
	return copy;
}

static bool is_kind(const struct node *leaf, enum callgate_action_kind kind)
{
	return !leaf->opaque && leaf->action.kind == kind;
}

static bool permits(const struct node *leaf)
{
	return is_kind(leaf, CALLGATE_ALLOW) || is_kind(leaf, CALLGATE_LOG);
}

/* NULL: neither; both permit what is taken away. */
static const struct node *decider(enum callgate_combination op, const struct node *older, const struct node *newer)
{
	/* Nothing is stricter than KILL_PROCESS: there it does not matter what an opaque one would say. Nor looser than
	 * ALLOW. */
	enum callgate_action_kind end = op == CALLGATE_JOIN ? CALLGATE_ALLOW : CALLGATE_KILL_PROCESS;

	if (op == CALLGATE_SUBTRACT && !older->opaque && !permits(older))
		return older;
	if (op != CALLGATE_SUBTRACT && (is_kind(newer, end) || is_kind(older, end)))
		return is_kind(newer, end) ? newer : older;
	if (newer->opaque || older->opaque)
		return newer->opaque ? newer : older;
	if (op == CALLGATE_SUBTRACT)
		return permits(newer) ? NULL : older;
	if (older->action.kind == newer->action.kind)
		return newer;
	return (older->action.kind < newer->action.kind) == (op == CALLGATE_MEET) ? older : newer;
}

/* What is taken away gets what the older filter gives the calls that it does not name, when that denies. */
static const struct node *taken_away(struct meet *meet)
{
	const struct node *fallback = meet->older->fallback;
	struct callgate_action action = { .kind = CALLGATE_ERRNO, .data = 1 };

	if (fallback && !fallback->opaque && !permits(fallback))
		action = fallback->action;
	return filter_leaf(meet->out, action, (struct callgate_origin){ .why = CALLGATE_BY_DEFAULT });
}

static const struct node *meet_leaves(struct meet *meet, const struct node *older, const struct node *newer)
{
	const struct node *leaf = decider(meet->op, older, newer);
	struct callgate_origin origin;

	if (!leaf)
		return taken_away(meet);
	origin = leaf->origin;

	if (leaf->opaque)
		return filter_opaque(meet->out, leaf->origin.line);
	origin.file = file_copy(meet, origin.file);
	return filter_leaf(meet->out, leaf->action, origin);
}

/* ------------------------------------------------------------------ pairs */

static struct pair *pair_slot(const struct meet *meet, const struct node *older, const struct node *newer)
{
	uint64_t h = ((uint64_t)older->id << 32 | newer->id) * 0x9e3779b97f4a7c15u;
	size_t at = (size_t)(h ^ h >> 32) & (meet->pair_size - 1);

	while (meet->pairs[at].older && (meet->pairs[at].older != older || meet->pairs[at].newer != newer))
		at = (at + 1) & (meet->pair_size - 1);
	return &meet->pairs[at];
}

static bool pairs_grow(struct meet *meet)
{
	struct pair *old = meet->pairs;
	size_t old_size = meet->pair_size, size = old_size ? old_size * 2 : 256;

	meet->too_many |= size > PAIR_LIMIT;
	if (meet->too_many)
		return false;
	meet->pairs = calloc(size, sizeof(*meet->pairs));
	if (!meet->pairs) {
		meet->pairs = old;
		return false;
	}
	meet->pair_size = size;
	for (size_t i = 0; i < old_size; i++)
		if (old[i].older)
			*pair_slot(meet, old[i].older, old[i].newer) = old[i];
	free(old);
	return true;
}

static const struct node *pair_find(const struct meet *meet, const struct node *older, const struct node *newer)
{
	return meet->pair_size ? pair_slot(meet, older, newer)->node : NULL;
}

static bool pair_keep(struct meet *meet, const struct node *older, const struct node *newer, const struct node *node)
{
	if (!node || (meet->pair_count * 2 >= meet->pair_size && !pairs_grow(meet)))
		return false;
	*pair_slot(meet, older, newer) = (struct pair){ older, newer, node };
	meet->pair_count++;
	return true;
}

static bool push(struct meet *meet, const struct node *older, const struct node *newer)
{
	if (meet->depth == meet->room) {
		size_t room = meet->room ? meet->room * 2 : 64;
		void *stack = realloc(meet->stack, room * sizeof(*meet->stack));

		if (!stack)
			return false;
		meet->stack = stack;
		meet->room = room;
	}
	meet->stack[meet->depth].older = older;
	meet->stack[meet->depth++].newer = newer;
	return true;
}

/* One branch of a pair: the older graph is walked first, a test that both start with goes for both. */
static void branch(const struct node *older, const struct node *newer, bool yes, const struct node *next[2])
{
	bool both = !older->leaf && !newer->leaf && test_same(&older->test, &newer->test);

	next[0] = older->leaf ? older : yes ? older->yes : older->no;
	next[1] = newer;
	if (both || older->leaf)
		next[1] = yes ? newer->yes : newer->no;
}

/* NULL: no room or no memory. */
static const struct node *meet_nodes(struct meet *meet, const struct node *older, const struct node *newer)
{
	meet->depth = 0;
	if (!push(meet, older, newer))
		return NULL;
	while (meet->depth) {
		const struct node *a = meet->stack[meet->depth - 1].older, *b = meet->stack[meet->depth - 1].newer;
		const struct node *yes[2], *no[2], *yes_node, *no_node;

		if (pair_find(meet, a, b)) {
			meet->depth--;
			continue;
		}
		if (a->leaf && b->leaf) {
			if (!pair_keep(meet, a, b, meet_leaves(meet, a, b)))
				return NULL;
			continue;
		}
		branch(a, b, true, yes);
		branch(a, b, false, no);
		yes_node = pair_find(meet, yes[0], yes[1]);
		no_node = pair_find(meet, no[0], no[1]);
		if ((!yes_node && !push(meet, yes[0], yes[1])) || (!no_node && !push(meet, no[0], no[1])))
			return NULL;
		if (yes_node && no_node &&
		    !pair_keep(meet, a, b, filter_test(meet->out, a->leaf ? b->test : a->test, yes_node, no_node)))
			return NULL;
	}
	return pair_find(meet, older, newer);
}

/* ------------------------------------------------------------------ maps */

static int meet_arch(struct meet *meet, uint32_t audit, struct callgate_err *err)
{
	struct zip step = zip_start(meet->older, meet->newer, audit);
	struct span_map map = { 0 };

	while (!map.failed && zip_next(&step))
		span_map_add(&map, &(struct span){ .first = step.first, .node = meet_nodes(meet, step.a, step.b) });
	return filter_add_arch(meet->out, audit, &map, err);
}

static void add_abis(struct callgate_filter *out, const struct callgate_filter *from)
{
	for (unsigned i = 0; i < from->abi_count; i++) {
		bool there = false;

		for (unsigned k = 0; k < out->abi_count; k++)
			there |= out->abis[k] == from->abis[i];
		if (!there)
			out->abis[out->abi_count++] = from->abis[i];
	}
}

/* A program has no default action: what it does with a number that no call has is taken for one. NULL: opaque. */
static const struct node *default_of(const struct callgate_filter *filter)
{
	static const uint64_t args[6];
	const struct node *node;

	if (filter->fallback || !filter->arch_count)
		return filter->fallback;
	node = filter_walk(filter, filter->arches[0].audit, 0x3ffffff, args);
	return node && !node->opaque ? node : NULL;
}

static uint32_t common_flags(const struct meet *meet)
{
	const uint32_t loosens = SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	uint32_t both = meet->older->flags & meet->newer->flags, any = meet->older->flags | meet->newer->flags;

	if (meet->op == CALLGATE_SUBTRACT || !meet->older->abi_count)
		return meet->op == CALLGATE_SUBTRACT ? meet->older->flags : meet->newer->flags;
	return meet->op == CALLGATE_JOIN ? both : (any & ~loosens) | (both & loosens);
}

static int meet_rest(struct meet *meet, struct callgate_err *err)
{
	const struct node *older = default_of(meet->older), *newer = default_of(meet->newer);

	if (older && newer) {
		meet->out->fallback = meet_leaves(meet, older, newer);
		meet->no_memory |= !meet->out->fallback;
	}
	meet->out->flags = common_flags(meet);
	meet->out->has_flags = meet->out->flags != 0;
	meet->out->other_arch = meet_nodes(meet, meet->older->other_arch, meet->newer->other_arch);
	return meet->out->other_arch ? 0 : err_nomem(err);
}

static int meet_two(struct meet meet, const char *name, struct callgate_filter **out, struct callgate_err *err)
{
	const struct callgate_filter *older = meet.older, *newer = meet.newer;
	int r = filter_new(name, &meet.out, err);

	if (r < 0)
		return r;
	meet.out->arena.limit = MEET_MEMORY;
	add_abis(meet.out, meet.op == CALLGATE_SUBTRACT ? older : newer);
	add_abis(meet.out, meet.op == CALLGATE_SUBTRACT ? newer : older);
	for (size_t i = 0; i < newer->arch_count && r == 0; i++)
		r = meet_arch(&meet, newer->arches[i].audit, err);
	for (size_t i = 0; i < older->arch_count && r == 0; i++)
		if (!filter_arch_of(newer, older->arches[i].audit))
			r = meet_arch(&meet, older->arches[i].audit, err);
	if (r == 0)
		r = meet_rest(&meet, err);
	if (r == 0 && meet.no_memory)
		r = err_nomem(err);
	if (r < 0 && (meet.too_many || meet.out->arena.full || meet.out->node_count >= FILTER_NODE_LIMIT))
		r = err_set(err, CALLGATE_E_LIMIT, "too complex: what the filters amount to takes too many decisions");
	free(meet.pairs);
	free(meet.stack);
	if (r < 0) {
		callgate_filter_free(meet.out);
		return r;
	}
	meet.out->arena.limit = 0;
	*out = meet.out;
	return 0;
}

/* What changes nothing when it is met or joined. */
static int neutral(enum callgate_action_kind kind, struct callgate_filter **out, struct callgate_err *err)
{
	struct callgate_filter *filter;
	int r = filter_new("no filter", &filter, err);

	if (r < 0)
		return r;
	filter->other_arch = filter_leaf(filter, (struct callgate_action){ .kind = kind },
					 (struct callgate_origin){ .why = CALLGATE_BY_DEFAULT, .file = filter->name });
	filter->fallback = filter->other_arch;
	if (!filter->other_arch) {
		callgate_filter_free(filter);
		return err_nomem(err);
	}
	*out = filter;
	return 0;
}

int callgate_filter_combine(enum callgate_combination op, const struct callgate_filter *const filters[], size_t count,
			    struct callgate_filter **out, struct callgate_err *err)
{
	struct callgate_filter *met = NULL, *next = NULL;
	char name[64];
	int r;

	REQUIRE(err, (filters || !count) && out && (unsigned)op <= CALLGATE_SUBTRACT);
	r = neutral(op == CALLGATE_JOIN ? CALLGATE_KILL_PROCESS : CALLGATE_ALLOW, &met, err);
	snprintf(name, sizeof(name), "%zu filters", count);
	for (size_t i = 0; i < count && r == 0; i++) {
		/* Subtracted is from the first, which is taken over as it is. */
		struct meet meet = { .op = i || op != CALLGATE_SUBTRACT ? op : CALLGATE_MEET,
				     .older = met,
				     .newer = filters[i] };

		r = meet_two(meet, count == 1 ? filters[i]->name : name, &next, err);
		callgate_filter_free(met);
		met = r < 0 ? NULL : next;
	}
	if (r < 0)
		return r;
	*out = met;
	return 0;
}

int callgate_filter_meet(const struct callgate_filter *const filters[], size_t count, struct callgate_filter **out,
			 struct callgate_err *err)
{
	return callgate_filter_combine(CALLGATE_MEET, filters, count, out, err);
}
