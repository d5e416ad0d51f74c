/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Clauses: conditions out of a diagram, one argument after the other. What the tests of one argument tell apart is cut into
 * pieces in two ways, as runs of values and as settings of bits, and the way that reads better is taken. The outcome with most
 * pieces needs no condition: it stands last.
 */
#include "filter/clauses.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "filter/bdd.h"

enum { PIECE_LIMIT = 4096, LOOK_LIMIT = 1 << 15, LOOK_TOTAL = 1 << 18, COST_EQUAL = 100, COST_OPEN = 150, COST_RANGE = 200, COST_MASK = 100 };

/* A part of one argument's values and what follows it. As a run: first to last under mask. As bits: those in mask are first's. */
struct part {
	uint64_t first, last;
	uint64_t mask;
	meaning_ref next;
};

struct parts {
	struct part *at; /* malloc'ed, PIECE_LIMIT */
	size_t count;
	size_t looked;
	bool runs;       /* else bits */
	bool failed;     /* too many, or no memory */
	uint64_t field;  /* all bits up to the highest that counts */
};

struct deriving {
	struct meaning *meaning;
	const struct bdd *bdd;
	const struct node *node;
	struct clause_list *out;
	struct test tests[CLAUSE_TESTS];
	unsigned test_count;
	uint64_t args[6]; /* a call that meets the tests */
	size_t looked;
	bool too_many;
};

/* ------------------------------------------------------------------ pieces of one argument */

static void add_part(struct parts *parts, struct part part)
{
	if (parts->runs && parts->count) {
		struct part *last = &parts->at[parts->count - 1];

		if (last->next == part.next) {
			last->last = part.last;
			return;
		}
	}
	if (parts->count == PIECE_LIMIT)
		parts->failed = true;
	else
		parts->at[parts->count++] = part;
}

/* All values with these upper bits; bits: how many lower ones are still open. */
static void cut_runs(const struct bdd *bdd, struct parts *parts, meaning_ref ref, unsigned arg, unsigned bits, uint64_t base)
{
	unsigned var = bdd_var(bdd, ref), bit = bits - 1;

	if (parts->failed || ++parts->looked > LOOK_LIMIT) {
		parts->failed = true;
		return;
	}
	if (var / 64 != arg) {
		uint64_t size = bits == 64 ? UINT64_MAX : ((uint64_t)1 << bits) - 1;

		add_part(parts, (struct part){ base, base + size, parts->field, ref });
		return;
	}
	cut_runs(bdd, parts, bdd_cofactor(bdd, ref, arg * 64 + 63 - bit, 0), arg, bit, base);
	cut_runs(bdd, parts, bdd_cofactor(bdd, ref, arg * 64 + 63 - bit, 1), arg, bit, base | (uint64_t)1 << bit);
}

static void cut_bits(const struct bdd *bdd, struct parts *parts, meaning_ref ref, unsigned arg, uint64_t mask, uint64_t value)
{
	unsigned var = bdd_var(bdd, ref);
	uint64_t bit;

	if (parts->failed || ++parts->looked > LOOK_LIMIT) {
		parts->failed = true;
		return;
	}
	if (var / 64 != arg) {
		add_part(parts, (struct part){ value, value, mask, ref });
		return;
	}
	bit = (uint64_t)1 << (63 - var % 64);
	cut_bits(bdd, parts, bdd_cofactor(bdd, ref, var, 0), arg, mask | bit, value);
	cut_bits(bdd, parts, bdd_cofactor(bdd, ref, var, 1), arg, mask | bit, value | bit);
}

/* How hard a condition is to read. Few free bits under a mask stand for as many values; many, for flags. */
static unsigned part_cost(const struct parts *parts, const struct part *part)
{
	bool whole = parts->field == UINT64_MAX || parts->field == UINT32_MAX;
	unsigned free_bits;

	if (parts->runs) {
		unsigned cost = COST_RANGE;

		if (part->first == part->last)
			cost = COST_EQUAL;
		else if (part->first == 0 || part->last == parts->field)
			cost = COST_OPEN;
		return cost + (whole ? 0 : COST_MASK);
	}
	free_bits = 0;
	for (uint64_t rest = parts->field & ~part->mask; rest; rest &= rest - 1)
		free_bits++;
	return free_bits == 0 ? COST_EQUAL : free_bits <= 4 ? (COST_EQUAL << free_bits) + 1 : COST_RANGE;
}

/* The outcome that is left to the end, because it would cost most, and what the others cost. */
static uint64_t choose_rest(const struct parts *parts, meaning_ref *rest)
{
	uint64_t total = 0, most = 0;

	if (parts->failed)
		return UINT64_MAX;
	for (size_t i = 0; i < parts->count; i++) {
		uint64_t cost = 0;
		bool seen = false;

		total += part_cost(parts, &parts->at[i]);
		for (size_t k = 0; k < i && !seen && i < 64; k++)
			seen = parts->at[k].next == parts->at[i].next;
		if (seen || i >= 64) /* what shows up so late first is not the rest */
			continue;
		for (size_t k = i; k < parts->count; k++)
			if (parts->at[k].next == parts->at[i].next)
				cost += part_cost(parts, &parts->at[k]);
		if (cost > most) {
			most = cost;
			*rest = parts->at[i].next;
		}
	}
	return total - most;
}

/* ------------------------------------------------------------------ clauses */

static void add_clause(struct deriving *deriving)
{
	struct clause_list *out = deriving->out;
	struct derived_clause *clause;

	if (out->count == CLAUSE_LIMIT) {
		deriving->too_many = true;
		return;
	}
	if (out->count == out->room) {
		size_t room = out->room ? out->room * 2 : 16;
		struct derived_clause *clauses = realloc(out->clauses, room * sizeof(*clauses));

		if (!clauses) {
			deriving->too_many = true;
			return;
		}
		out->clauses = clauses;
		out->room = room;
	}
	clause = &out->clauses[out->count++];
	memcpy(clause->tests, deriving->tests, sizeof(clause->tests));
	clause->test_count = deriving->test_count;
	clause->leaf = deriving->node;
	while (!clause->leaf->leaf)
		clause->leaf = test_holds(&clause->leaf->test, deriving->args) ? clause->leaf->yes : clause->leaf->no;
}

static void push_test(struct deriving *deriving, unsigned arg, enum test_op op, uint64_t mask, uint64_t value, bool negate)
{
	deriving->tests[deriving->test_count++] =
		(struct test){ .mask = mask, .value = value, .arg = (uint8_t)arg, .op = (uint8_t)op, .negate = negate };
}

static void push_part(struct deriving *deriving, unsigned arg, const struct parts *parts, const struct part *part)
{
	if (!parts->runs || part->first == part->last) {
		push_test(deriving, arg, TEST_EQ, part->mask, part->first, false);
		return;
	}
	if (part->first)
		push_test(deriving, arg, TEST_GE, part->mask, part->first, false);
	if (part->last != parts->field)
		push_test(deriving, arg, TEST_GT, part->mask, part->last, true);
}

static void derive(struct deriving *deriving, meaning_ref ref, meaning_ref after);

/* One clause or more for each part but the rest, then the rest. */
static void derive_parts(struct deriving *deriving, unsigned arg, const struct parts *parts, meaning_ref rest, meaning_ref after)
{
	/* What calls get that no clause of this argument takes, when that is one action: then it need not be said for each. */
	meaning_ref falls = bdd_is_terminal(rest) ? rest : BDD_NONE;
	uint64_t sample = 0;

	for (size_t i = 0; i < parts->count && !deriving->too_many; i++) {
		const struct part *part = &parts->at[i];
		unsigned before = deriving->test_count;

		if (part->next == rest) {
			sample = part->first;
			continue;
		}
		push_part(deriving, arg, parts, part);
		deriving->args[arg] = part->first;
		derive(deriving, part->next, falls);
		deriving->test_count = before;
	}
	deriving->args[arg] = sample;
	derive(deriving, rest, after);
	deriving->args[arg] = 0;
}

/* after: the action of calls that fall through all clauses made here; BDD_NONE: not one action, or nothing comes after. */
static void derive(struct deriving *deriving, meaning_ref ref, meaning_ref after)
{
	unsigned var = bdd_var(deriving->bdd, ref), arg = var / 64;
	struct parts runs = { .runs = true }, bits = { .runs = false };
	meaning_ref run_rest = BDD_NONE, bit_rest = BDD_NONE;
	uint64_t run_cost, bit_cost;

	if (deriving->too_many || ref == after)
		return;
	if (var == BDD_END) {
		add_clause(deriving);
		return;
	}
	runs.field = bits.field = UINT64_MAX >> var % 64;
	runs.at = malloc(PIECE_LIMIT * sizeof(*runs.at));
	bits.at = malloc(PIECE_LIMIT * sizeof(*bits.at));
	if (runs.at && bits.at && deriving->looked < LOOK_TOTAL) {
		cut_runs(deriving->bdd, &runs, ref, arg, 64 - var % 64, 0);
		cut_bits(deriving->bdd, &bits, ref, arg, 0, 0);
		deriving->looked += runs.looked + bits.looked;
		run_cost = choose_rest(&runs, &run_rest);
		bit_cost = choose_rest(&bits, &bit_rest);
		if (run_cost == UINT64_MAX && bit_cost == UINT64_MAX)
			deriving->too_many = true;
		else if (run_cost <= bit_cost)
			derive_parts(deriving, arg, &runs, run_rest, after);
		else
			derive_parts(deriving, arg, &bits, bit_rest, after);
	} else {
		deriving->too_many = true;
	}
	free(runs.at);
	free(bits.at);
}

int clauses_derive(const struct callgate_filter *filter, const struct node *node, struct clause_list *out,
                   struct callgate_err *err)
{
	struct clause_list list = { 0 };
	struct deriving deriving = { .node = node, .out = &list };
	meaning_ref ref;
	int code = meaning_new(&deriving.meaning, err);

	if (code)
		return code;
	code = meaning_of(deriving.meaning, filter, node, &ref, err);
	if (!code) {
		deriving.bdd = meaning_bdd(deriving.meaning);
		derive(&deriving, ref, BDD_NONE);
		if (deriving.too_many)
			code = err_set(err, CALLGATE_E_LIMIT, "too complex: more than %d conditions", CLAUSE_LIMIT);
	}
	meaning_free(deriving.meaning);
	if (code)
		clauses_release(&list);
	else
		*out = list;
	return code;
}

void clauses_release(struct clause_list *list)
{
	free(list->clauses);
	*list = (struct clause_list){ 0 };
}
