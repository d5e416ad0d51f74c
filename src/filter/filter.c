/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Filter: nodes made once, interval maps, and the walk from a call to its leaf. */
#include "filter/filter.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "names/abi.h"

int filter_new(const char *name, struct callgate_filter **out, struct callgate_err *err)
{
	struct callgate_filter *filter = calloc(1, sizeof(*filter));

	if (!filter)
		return err_nomem(err);
	filter->name = arena_strndup(&filter->arena, name, strlen(name));
	filter->work = arena_alloc(&filter->arena, sizeof(*filter->work));
	if (!filter->name || !filter->work) {
		callgate_filter_free(filter);
		return err_nomem(err);
	}
	*out = filter;
	return 0;
}

struct callgate_filter *callgate_filter_free(struct callgate_filter *filter)
{
	if (filter) {
		if (filter->work && filter->work->kept)
			filter->work->release(filter->work->kept);
		arena_free(&filter->arena);
		free(filter->table);
		free(filter);
	}
	return NULL;
}

int filter_refuse_unknown(const struct callgate_filter *filter, struct callgate_err *err)
{
	const struct unknown_name *unknown = filter->unknown;

	if (!unknown)
		return 0;
	err_set(err, CALLGATE_E_PROFILE,
		"unknown syscall '%s' in a rule that denies: the filter would permit what the profile forbids",
		unknown->name);
	err_set_place(err, unknown->origin.file, unknown->origin.line, unknown->origin.column);
	return CALLGATE_E_PROFILE;
}

void filter_work_start(const struct callgate_filter *filter)
{
	filter->work->spent = 0;
}

uint64_t filter_work_left(const struct callgate_filter *filter)
{
	uint64_t spent = filter->work->spent;

	return spent < FILTER_WORK_LIMIT ? FILTER_WORK_LIMIT - spent : 0;
}

bool filter_spend(const struct callgate_filter *filter, uint64_t steps)
{
	filter->work->spent += steps;
	return filter->work->spent <= FILTER_WORK_LIMIT;
}

/* ------------------------------------------------------------------ nodes */

static uint64_t mix(uint64_t h, uint64_t v)
{
	h ^= v;
	h *= 0x9e3779b97f4a7c15u;
	return h ^ (h >> 29);
}

static uint64_t node_hash(const struct node *node)
{
	uint64_t h = mix(1, (uint64_t)node->leaf << 1 | node->opaque);

	if (node->leaf) {
		h = mix(h, (uint64_t)node->action.kind << 16 | node->action.data);
		h = mix(h, (uint64_t)node->origin.why);
		return mix(h, (uint64_t)node->origin.line << 32 | node->origin.column);
	}
	h = mix(h, node->test.mask);
	h = mix(h, node->test.value);
	h = mix(h, (uint64_t)node->test.arg << 8 | node->test.op);
	return mix(h, (uint64_t)node->yes->id << 32 | node->no->id);
}

static bool node_same(const struct node *a, const struct node *b)
{
	if (a->leaf != b->leaf || a->opaque != b->opaque)
		return false;
	if (a->leaf)
		return a->action.kind == b->action.kind && a->action.data == b->action.data &&
		       a->origin.why == b->origin.why && a->origin.file == b->origin.file &&
		       a->origin.line == b->origin.line && a->origin.column == b->origin.column;
	return a->yes == b->yes && a->no == b->no && test_same(&a->test, &b->test);
}

static bool table_grow(struct callgate_filter *filter)
{
	size_t size = filter->table_size ? filter->table_size * 4 : 1024;
	const struct node **table = calloc(size, sizeof(struct node *));

	if (!table)
		return false;
	for (size_t i = 0; i < filter->table_size; i++) {
		const struct node *node = filter->table[i];

		if (node) {
			size_t at = node_hash(node) & (size - 1);

			while (table[at])
				at = (at + 1) & (size - 1);
			table[at] = node;
		}
	}
	free(filter->table);
	filter->table = table;
	filter->table_size = size;
	return true;
}

static const struct node *node_intern(struct callgate_filter *filter, const struct node *wanted)
{
	struct node *node;
	size_t at;

	if (filter->node_count * 2 >= filter->table_size && !table_grow(filter))
		return NULL;
	for (at = node_hash(wanted) & (filter->table_size - 1); filter->table[at];
	     at = (at + 1) & (filter->table_size - 1))
		if (node_same(filter->table[at], wanted))
			return filter->table[at];
	if (filter->node_count >= FILTER_NODE_LIMIT)
		return NULL;
	node = arena_copy(&filter->arena, wanted, sizeof(*node));
	if (!node)
		return NULL;
	node->id = filter->node_count++;
	filter->table[at] = node;
	return node;
}

const struct node *filter_leaf(struct callgate_filter *filter, struct callgate_action action,
			       struct callgate_origin origin)
{
	struct node node = { .leaf = true, .action = action, .origin = origin };

	return node_intern(filter, &node);
}

const struct node *filter_opaque(struct callgate_filter *filter, unsigned pc)
{
	struct node node = { .leaf = true, .opaque = true, .origin = { .why = CALLGATE_BY_PC, .line = pc } };

	return node_intern(filter, &node);
}

const struct node *filter_too_complex(struct callgate_filter *filter)
{
	struct node node = { .leaf = true, .opaque = true, .origin = { .why = CALLGATE_BY_LIMIT } };

	return node_intern(filter, &node);
}

enum known { KNOWN_NO, KNOWN_YES, KNOWN_NEITHER };

/* What a test answers whatever the argument is. */
static enum known test_known(const struct test *test)
{
	switch ((enum test_op)test->op) {
	case TEST_EQ:
		if (test->value & ~test->mask)
			return KNOWN_NO;
		return test->mask ? KNOWN_NEITHER : KNOWN_YES;
	case TEST_GT:
		return test->value >= test->mask ? KNOWN_NO : KNOWN_NEITHER;
	case TEST_GE:
		if (test->value == 0)
			return KNOWN_YES;
		return test->value > test->mask ? KNOWN_NO : KNOWN_NEITHER;
	}
	return KNOWN_NEITHER;
}

const struct node *filter_test(struct callgate_filter *filter, struct test test, const struct node *yes,
			       const struct node *no)
{
	struct node node = { .test = test, .yes = test.negate ? no : yes, .no = test.negate ? yes : no };
	enum known known = test_known(&test);

	if (!yes || !no)
		return NULL;
	node.test.negate = 0;
	if (yes == no || known == KNOWN_YES)
		return node.yes;
	if (known == KNOWN_NO)
		return node.no;
	return node_intern(filter, &node);
}

/* ------------------------------------------------------------------ maps */

static bool span_map_grow(struct span_map *map)
{
	size_t room = map->room ? map->room * 2 : 1024;
	struct span *spans = realloc(map->spans, room * sizeof(*spans));

	if (!spans)
		return false;
	map->spans = spans;
	map->room = room;
	return true;
}

void span_map_add(struct span_map *map, const struct span *span)
{
	struct span *last = map->count ? &map->spans[map->count - 1] : NULL;

	if (last && last->node == span->node && !last->clauses && !span->clauses) {
		last->weight = last->weight > span->weight ? last->weight : span->weight;
		return;
	}
	map->failed = map->failed || !span->node || (map->count == map->room && !span_map_grow(map));
	if (map->failed)
		return;
	/* Member by member: most were written a moment ago, and are not yet there to be read as a whole. */
	last = &map->spans[map->count++];
	last->first = span->first;
	last->node = span->node;
	last->clauses = span->clauses;
	last->clause_count = span->clause_count;
	last->weight = span->weight;
	last->overlap = span->overlap;
}

void span_map_release(struct span_map *map)
{
	free(map->spans);
	*map = (struct span_map){ 0 };
}

/* Everything that walks a map relies on it: checked once, where maps are made. */
static bool ascends(const struct span_map *map)
{
	for (size_t i = 0; i < map->count; i++)
		if (i ? map->spans[i].first <= map->spans[i - 1].first : map->spans[i].first != 0)
			return false;
	return true;
}

int filter_add_arch(struct callgate_filter *filter, uint32_t audit, struct span_map *map, struct callgate_err *err)
{
	bool failed = map->failed || !map->count;
	struct span *spans = NULL;

	if (!failed && !ascends(map)) {
		span_map_release(map);
		return err_set(err, CALLGATE_E_MISMATCH,
			       "the map of architecture 0x%x is out of order: an error in callgate", audit);
	}
	if (!failed)
		spans = arena_grow(&filter->arena, map->spans, map->count, map->count, sizeof(*spans));
	if (spans && filter->arch_count == filter->arch_room) {
		size_t room = filter->arch_room ? filter->arch_room * 2 : 4;
		struct filter_arch *arches =
			arena_grow(&filter->arena, filter->arches, filter->arch_count, room, sizeof(*arches));

		failed = !arches;
		if (arches) {
			filter->arches = arches;
			filter->arch_room = room;
		}
	}
	if (spans && !failed)
		filter->arches[filter->arch_count++] =
			(struct filter_arch){ .audit = audit, .spans = spans, .span_count = map->count };
	span_map_release(map);
	if (spans && !failed)
		return 0;
	if (filter->node_count >= FILTER_NODE_LIMIT)
		return err_set(err, CALLGATE_E_LIMIT, "too complex: more than %d decisions on arguments",
			       FILTER_NODE_LIMIT);
	return err_nomem(err);
}

static bool is_denied(const struct node *node)
{
	return node->leaf && !node->opaque && node->action.kind <= CALLGATE_ERRNO;
}

static void list_abi(struct callgate_filter *filter, enum callgate_abi abi)
{
	for (unsigned i = 0; i < filter->abi_count; i++)
		if (filter->abis[i] == abi)
			return;
	filter->abis[filter->abi_count++] = abi;
}

int filter_list_open(struct callgate_filter *filter, enum callgate_abi native, struct callgate_err *err)
{
	size_t before = filter->arch_count;
	enum callgate_abi family[3];
	unsigned count = is_denied(filter->other_arch) ? 0 : abi_family(native, family);
	int r = 0;

	for (unsigned i = 0; i < count && r == 0; i++) {
		uint32_t audit = abi_of(family[i])->audit;
		const struct filter_arch *arch = filter_arch_of(filter, audit);
		struct span_map map = { 0 };

		/* x32 shares x86_64's architecture: a filter that has this one has said which of the two it answers
		 * for. */
		if (arch && arch < filter->arches + before)
			continue;
		list_abi(filter, family[i]);
		if (arch)
			continue;
		span_map_add(&map, &(struct span){ .node = filter->other_arch });
		r = filter_add_arch(filter, audit, &map, err);
	}
	return r;
}

const struct filter_arch *filter_arch_of(const struct callgate_filter *filter, uint32_t audit)
{
	for (size_t i = 0; i < filter->arch_count; i++)
		if (filter->arches[i].audit == audit)
			return &filter->arches[i];
	return NULL;
}

size_t span_at(const struct filter_arch *arch, uint32_t nr)
{
	size_t low = 0, high = arch->span_count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (arch->spans[middle].first <= nr)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* ------------------------------------------------------------------ walking */

bool test_holds(const struct test *test, const uint64_t args[6])
{
	uint64_t value = args[test->arg] & test->mask;
	bool holds = false;

	switch ((enum test_op)test->op) {
	case TEST_EQ:
		holds = value == test->value;
		break;
	case TEST_GT:
		holds = value > test->value;
		break;
	case TEST_GE:
		holds = value >= test->value;
		break;
	}
	return holds != (test->negate != 0);
}

bool test_same(const struct test *a, const struct test *b)
{
	return a->arg == b->arg && a->op == b->op && a->mask == b->mask && a->value == b->value;
}

const struct node *filter_walk(const struct callgate_filter *filter, uint32_t audit, uint32_t nr,
			       const uint64_t args[6])
{
	const struct filter_arch *arch = filter_arch_of(filter, audit);
	const struct node *node = arch ? arch->spans[span_at(arch, nr)].node : filter->other_arch;

	while (!node->leaf)
		node = test_holds(&node->test, args) ? node->yes : node->no;
	return node;
}
