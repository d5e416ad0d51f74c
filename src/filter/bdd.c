/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Decision diagram: the table of nodes and the four operations on them. Recursion is at most 384 calls deep. */
#include "filter/bdd.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "names/words.h"

enum { TABLE_FIRST = 1 << 10, CACHE_SHARE = 4 };

/* ------------------------------------------------------------------ terminals */

static const meaning_ref TERMINAL = 1u << 31, OPAQUE = 1u << 30, PAYLOAD = (1u << 30) - 1;

meaning_ref bdd_action(struct callgate_action action)
{
	/* Through the kernel's word and back, so that data that the kernel ignores makes no difference. */
	action = action_from_word(action_word(action));
	return TERMINAL | (uint32_t)action.kind << 16 | action.data;
}

meaning_ref bdd_opaque(unsigned pc)
{
	return TERMINAL | OPAQUE | (pc & PAYLOAD);
}

bool bdd_is_terminal(meaning_ref ref)
{
	return (ref & TERMINAL) != 0;
}

bool bdd_is_opaque_terminal(meaning_ref ref, unsigned *pc)
{
	if (!bdd_is_terminal(ref) || !(ref & OPAQUE))
		return false;
	*pc = ref & PAYLOAD;
	return true;
}

struct callgate_action bdd_terminal_action(meaning_ref ref)
{
	return (struct callgate_action){ .kind = (enum callgate_action_kind)(ref >> 16 & 0xff), .data = (uint16_t)ref };
}

static bool may_be_opaque(const struct bdd *bdd, meaning_ref ref)
{
	return bdd_is_terminal(ref) ? (ref & OPAQUE) != 0 : bdd->nodes[ref].opaque;
}

/* ------------------------------------------------------------------ nodes */

int bdd_init(struct bdd *bdd)
{
	*bdd = (struct bdd){ .room = TABLE_FIRST / 2,
			     .table_size = TABLE_FIRST,
			     .cache_size = TABLE_FIRST,
			     .serial = 2,
			     .limit = BDD_STEPS };
	bdd->nodes = malloc(bdd->room * sizeof(*bdd->nodes));
	bdd->table = calloc(bdd->table_size, sizeof(*bdd->table));
	bdd->cache = calloc(bdd->cache_size, sizeof(*bdd->cache));
	if (bdd->nodes && bdd->table && bdd->cache)
		return 0;
	bdd_release(bdd);
	return CALLGATE_E_NOMEM;
}

void bdd_release(struct bdd *bdd)
{
	free(bdd->nodes);
	free(bdd->table);
	free(bdd->cache);
	*bdd = (struct bdd){ 0 };
}

int bdd_error(const struct bdd *bdd, struct callgate_err *err)
{
	if (bdd->no_memory)
		return err_nomem(err);
	return err_set(err, CALLGATE_E_LIMIT, "too complex: what the arguments decide has more than %d distinct cases",
		       MEANING_LIMIT);
}

unsigned bdd_var(const struct bdd *bdd, meaning_ref ref)
{
	return bdd_is_terminal(ref) ? BDD_END : bdd->nodes[ref].var;
}

meaning_ref bdd_cofactor(const struct bdd *bdd, meaning_ref ref, unsigned var, unsigned bit)
{
	if (bdd_var(bdd, ref) != var)
		return ref;
	return bit ? bdd->nodes[ref].high : bdd->nodes[ref].low;
}

static size_t hash3(uint32_t a, uint32_t b, uint32_t c)
{
	uint64_t h = ((uint64_t)a << 32 | b) * 0x9e3779b97f4a7c15u;

	h ^= h >> 32;
	h = (h + c) * 0xd6e8feb86659fd93u;
	return (size_t)(h ^ h >> 32);
}

/* Doubles nodes, table and cache together: load stays at one half. Old cache entries are only lost. What is remembered
 * of operations is looked at at random: a table that stays in the processor's caches finds less, and sooner. */
static bool grow(struct bdd *bdd)
{
	size_t room = bdd->room * 2, size = bdd->table_size * 2;
	struct bdd_node *nodes = realloc(bdd->nodes, room * sizeof(*nodes));
	uint32_t *table = nodes ? calloc(size, sizeof(*table)) : NULL;
	struct bdd_cached *cache = table ? calloc(size / CACHE_SHARE, sizeof(*cache)) : NULL;

	if (nodes)
		bdd->nodes = nodes;
	if (!cache) {
		free(table);
		bdd->no_memory = true;
		return false;
	}
	for (uint32_t i = 0; i < bdd->count; i++) {
		size_t at = hash3(nodes[i].low, nodes[i].high, nodes[i].var) & (size - 1);

		while (table[at])
			at = (at + 1) & (size - 1);
		table[at] = i + 1;
	}
	free(bdd->table);
	free(bdd->cache);
	bdd->table = table;
	bdd->cache = cache;
	bdd->room = room;
	bdd->table_size = size;
	bdd->cache_size = size / CACHE_SHARE;
	return true;
}

static meaning_ref bdd_make(struct bdd *bdd, unsigned var, meaning_ref low, meaning_ref high)
{
	size_t at;

	if (low == BDD_NONE || high == BDD_NONE)
		return BDD_NONE;
	if (low == high)
		return low;
	bdd->steps++;
	for (at = hash3(low, high, var) & (bdd->table_size - 1); bdd->table[at];
	     at = (at + 1) & (bdd->table_size - 1)) {
		const struct bdd_node *node = &bdd->nodes[bdd->table[at] - 1];

		if (node->low == low && node->high == high && node->var == var)
			return bdd->table[at] - 1;
	}
	if (bdd->count >= MEANING_LIMIT)
		return BDD_NONE;
	if (bdd->count == bdd->room) {
		if (!grow(bdd))
			return BDD_NONE;
		for (at = hash3(low, high, var) & (bdd->table_size - 1); bdd->table[at];)
			at = (at + 1) & (bdd->table_size - 1);
	}
	bdd->nodes[bdd->count] = (struct bdd_node){
		.low = low,
		.high = high,
		.var = (uint16_t)var,
		.opaque = may_be_opaque(bdd, low) || may_be_opaque(bdd, high),
	};
	bdd->table[at] = (uint32_t)++bdd->count;
	return (meaning_ref)(bdd->count - 1);
}

/* ------------------------------------------------------------------ memory of operations: lossy, never wrong */

enum { OP_FREE, OP_MEET, OP_RELATE };

static bool cache_find(struct bdd *bdd, uint32_t op, meaning_ref a, meaning_ref b, uint32_t *result)
{
	const struct bdd_cached *slot = &bdd->cache[hash3(a, b, op) & (bdd->cache_size - 1)];

	if (slot->op != op || slot->a != a || slot->b != b)
		return false;
	*result = slot->result;
	return true;
}

static void cache_keep(struct bdd *bdd, uint32_t op, meaning_ref a, meaning_ref b, uint32_t result)
{
	bdd->cache[hash3(a, b, op) & (bdd->cache_size - 1)] = (struct bdd_cached){ op, a, b, result };
}

/* ------------------------------------------------------------------ tests */

struct path {
	struct bdd *bdd;
	uint64_t mask, value;
	unsigned base; /* variable of bit 63 */
	uint32_t op;
	bool greater; /* (argument & mask) > value; else == */
};

/* The largest number that has no bits outside mask and is not above value: what a masked argument is compared with. */
static uint64_t floor_submask(uint64_t value, uint64_t mask)
{
	uint64_t outside = value & ~mask;
	unsigned top;

	if (!outside)
		return value;
	/* From the highest stray bit down, all that mask allows stays below value. */
	top = 63 - (unsigned)__builtin_clzll(outside);
	return (value & mask & ~(((uint64_t)2 << top) - 1)) | (mask & (((uint64_t)1 << top) - 1));
}

static meaning_ref walk_path(struct path *path, unsigned bits, meaning_ref yes, meaning_ref no)
{
	struct bdd *bdd = path->bdd;
	/* bits: how many low bits of the argument are still to be looked at. */
	uint64_t left = bits == 64 ? path->mask : path->mask & (((uint64_t)1 << bits) - 1);
	unsigned bit, test_var, var;
	meaning_ref low, high;

	if (yes == no)
		return yes;
	if (!left)
		return path->greater ? no : yes;
	if (++bdd->steps > bdd->limit)
		return BDD_NONE;
	bit = 63 - (unsigned)__builtin_clzll(left);
	var = test_var = path->base + 63 - bit;
	if (bdd_var(bdd, yes) < var)
		var = bdd_var(bdd, yes);
	if (bdd_var(bdd, no) < var)
		var = bdd_var(bdd, no);
	if (var < test_var) {
		uint32_t op = path->op << 7 | bits, found;
		meaning_ref result;

		if (cache_find(bdd, op, yes, no, &found))
			return found;
		low = walk_path(path, bits, bdd_cofactor(bdd, yes, var, 0), bdd_cofactor(bdd, no, var, 0));
		high = low == BDD_NONE
			       ? low
			       : walk_path(path, bits, bdd_cofactor(bdd, yes, var, 1), bdd_cofactor(bdd, no, var, 1));
		result = bdd_make(bdd, var, low, high);
		if (result != BDD_NONE)
			cache_keep(bdd, op, yes, no, result);
		return result;
	}
	if (path->value >> bit & 1) {
		low = bdd_cofactor(bdd, no, var, 0);
		high = walk_path(path, bit, bdd_cofactor(bdd, yes, var, 1), bdd_cofactor(bdd, no, var, 1));
	} else {
		low = walk_path(path, bit, bdd_cofactor(bdd, yes, var, 0), bdd_cofactor(bdd, no, var, 0));
		high = bdd_cofactor(bdd, path->greater ? yes : no, var, 1);
	}
	return bdd_make(bdd, var, low, high);
}

meaning_ref bdd_test(struct bdd *bdd, const struct test *test, meaning_ref yes, meaning_ref no)
{
	struct path path = { .bdd = bdd, .mask = test->mask, .value = test->value, .base = test->arg * 64u };

	if (yes == BDD_NONE || no == BDD_NONE)
		return BDD_NONE;
	if (test->negate) {
		meaning_ref swap = yes;

		yes = no;
		no = swap;
	}
	if (test->op == TEST_EQ) {
		if (test->value & ~test->mask)
			return no;
	} else {
		if (test->op == TEST_GE && test->value == 0)
			return yes;
		path.greater = true;
		path.value = floor_submask(test->op == TEST_GE ? test->value - 1 : test->value, test->mask);
	}
	if (bdd->serial >= UINT32_MAX >>
	    8) { /* numbers of operations are used up: start again with nothing remembered */
		memset(bdd->cache, 0, bdd->cache_size * sizeof(*bdd->cache));
		bdd->serial = 2;
	}
	path.op = ++bdd->serial;
	return walk_path(&path, 64, yes, no);
}

/* ------------------------------------------------------------------ pointwise operations */

static unsigned first_var(const struct bdd *bdd, meaning_ref a, meaning_ref b)
{
	unsigned var_a = bdd_var(bdd, a), var_b = bdd_var(bdd, b);

	return var_a < var_b ? var_a : var_b;
}

/* An action that the other side cannot change whatever it is: nothing is stricter than KILL_PROCESS. */
static bool is_strictest(meaning_ref ref)
{
	return ref == (TERMINAL | (uint32_t)CALLGATE_KILL_PROCESS << 16);
}

meaning_ref bdd_meet(struct bdd *bdd, meaning_ref older, meaning_ref newer)
{
	meaning_ref low, high, result;
	unsigned var;

	if (older == BDD_NONE || newer == BDD_NONE)
		return BDD_NONE;
	if (older == newer || is_strictest(newer))
		return newer;
	if (is_strictest(older))
		return older;
	var = first_var(bdd, older, newer);
	if (var == BDD_END) {
		if (newer & OPAQUE || older & OPAQUE)
			return newer & OPAQUE ? newer : older;
		return bdd_terminal_action(older).kind < bdd_terminal_action(newer).kind ? older : newer;
	}
	if (cache_find(bdd, OP_MEET, older, newer, &result))
		return result;
	if (++bdd->steps > bdd->limit)
		return BDD_NONE;
	low = bdd_meet(bdd, bdd_cofactor(bdd, older, var, 0), bdd_cofactor(bdd, newer, var, 0));
	high = low == BDD_NONE ? low
			       : bdd_meet(bdd, bdd_cofactor(bdd, older, var, 1), bdd_cofactor(bdd, newer, var, 1));
	result = bdd_make(bdd, var, low, high);
	if (result != BDD_NONE)
		cache_keep(bdd, OP_MEET, older, newer, result);
	return result;
}

static unsigned relate_terminals(meaning_ref a, meaning_ref b)
{
	enum callgate_action_kind kind_a = bdd_terminal_action(a).kind, kind_b = bdd_terminal_action(b).kind;

	if (a & OPAQUE || b & OPAQUE)
		return MEANING_UNKNOWN;
	if (a == b)
		return MEANING_SAME;
	if (kind_a == kind_b)
		return MEANING_OTHER;
	return kind_b < kind_a ? MEANING_TIGHTER : MEANING_LOOSER;
}

unsigned bdd_relate(struct bdd *bdd, meaning_ref a, meaning_ref b)
{
	unsigned var = first_var(bdd, a, b), low, high;
	uint32_t found;

	if (a == b && !may_be_opaque(bdd, a))
		return MEANING_SAME;
	if (var == BDD_END)
		return relate_terminals(a, b);
	if (cache_find(bdd, OP_RELATE, a, b, &found))
		return found;
	if (++bdd->steps > bdd->limit)
		return 0;
	low = bdd_relate(bdd, bdd_cofactor(bdd, a, var, 0), bdd_cofactor(bdd, b, var, 0));
	high = low ? bdd_relate(bdd, bdd_cofactor(bdd, a, var, 1), bdd_cofactor(bdd, b, var, 1)) : 0;
	if (!low || !high)
		return 0;
	cache_keep(bdd, OP_RELATE, a, b, low | high);
	return low | high;
}

/* ------------------------------------------------------------------ many values at once */

/* 2^bits numbers from base on. */
struct block {
	uint64_t base;
	unsigned bits;
};

/* Steps i to j - 1 cover the block. */
static meaning_ref build_block(struct bdd *bdd, const struct bdd_steps *steps, size_t i, size_t j, struct block block)
{
	uint64_t middle;
	size_t low = i + 1, high = j;
	meaning_ref below, above;

	if (j - i == 1)
		return steps->refs[i];
	middle = block.base | (uint64_t)1 << --block.bits;
	while (low < high) { /* the first step from middle on */
		size_t at = low + (high - low) / 2;

		if (steps->firsts[at] < middle)
			low = at + 1;
		else
			high = at;
	}
	below = build_block(bdd, steps, i, low, block);
	if (below == BDD_NONE)
		return below;
	above = build_block(bdd, steps, low < j && steps->firsts[low] == middle ? low : low - 1, j,
			    (struct block){ middle, block.bits });
	return bdd_make(bdd, steps->arg * 64 + 63 - steps->shift - block.bits, below, above);
}

meaning_ref bdd_from_steps(struct bdd *bdd, const struct bdd_steps *steps)
{
	return build_block(bdd, steps, 0, steps->count, (struct block){ 0, steps->width });
}
