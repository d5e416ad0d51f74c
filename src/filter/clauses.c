/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Clauses: conditions out of a diagram, one argument after the other. What the tests of one argument distinguish is cut
 * into pieces in three ways, as runs of values, as settings of bits, and by its upper half first, and the way that
 * reads best is taken. The outcome with most pieces needs no condition: it stands last.
 */
#include "filter/clauses.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "filter/bdd.h"

enum {
	PIECE_LIMIT = 4096,
	LOOK_LIMIT = 1 << 15,
	LOOK_TOTAL = 1 << 18,
	COST_EQUAL = 100,
	COST_OPEN = 150,
	COST_RANGE = 200,
	COST_MASK = 100,
	COST_MANY = 600,
	/* In steps of the filter's work. */
	DERIVE_COST = 64,
	CHEAP = 1024,
	CUT_COST = 128
};

/* A part of one argument's values and what follows it. As a run: first to last under mask. As bits: those in mask are
 * first's. */
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
	uint64_t field;  /* all bits up to the highest that counts, from the lowest on */
	unsigned lowest; /* bit where pieces end: 0, or 32 for the upper half */
	unsigned arg;
	meaning_ref rest; /* the outcome that needs no condition */
	uint64_t cost;    /* of the others; UINT64_MAX: this way is none */
};

struct deriving {
	const struct callgate_filter *filter;
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

static bool is_outside(const struct parts *parts, unsigned var)
{
	return var / 64 != parts->arg || 63 - var % 64 < parts->lowest;
}

/* All values with these upper bits; bits: how many lower ones are still open. */
static void cut_runs(const struct bdd *bdd, struct parts *parts, meaning_ref ref, unsigned bits, uint64_t base)
{
	unsigned bit = bits - 1, var = parts->arg * 64 + 63 - bit;

	if (parts->failed || ++parts->looked > LOOK_LIMIT) {
		parts->failed = true;
		return;
	}
	if (is_outside(parts, bdd_var(bdd, ref))) {
		uint64_t size = bits == 64 ? UINT64_MAX : ((uint64_t)1 << bits) - 1;

		add_part(parts, (struct part){ base, (base + size) & parts->field, parts->field, ref });
		return;
	}
	cut_runs(bdd, parts, bdd_cofactor(bdd, ref, var, 0), bit, base);
	cut_runs(bdd, parts, bdd_cofactor(bdd, ref, var, 1), bit, base | (uint64_t)1 << bit);
}

static void cut_bits(const struct bdd *bdd, struct parts *parts, meaning_ref ref, uint64_t mask, uint64_t value)
{
	unsigned var = bdd_var(bdd, ref);
	uint64_t bit;

	if (parts->failed || ++parts->looked > LOOK_LIMIT) {
		parts->failed = true;
		return;
	}
	if (is_outside(parts, var)) {
		add_part(parts, (struct part){ value, value, mask, ref });
		return;
	}
	bit = (uint64_t)1 << (63 - var % 64);
	cut_bits(bdd, parts, bdd_cofactor(bdd, ref, var, 0), mask | bit, value);
	cut_bits(bdd, parts, bdd_cofactor(bdd, ref, var, 1), mask | bit, value | bit);
}

/* How hard a condition is to read. Few free bits under a mask mean as many values; many, for flags. */
static unsigned part_cost(const struct parts *parts, const struct part *part)
{
	bool whole = parts->field == UINT64_MAX || parts->field == UINT32_MAX || parts->lowest;
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
static void choose_rest(struct parts *parts)
{
	uint64_t total = 0, most = 0;

	parts->cost = UINT64_MAX;
	if (parts->failed)
		return;
	for (size_t i = 0; i < parts->count; i++) {
		uint64_t cost = 0;
		bool seen = i >= 64; /* what shows up so late first is not the rest */

		total += part_cost(parts, &parts->at[i]);
		for (size_t k = 0; k < i && !seen; k++)
			seen = parts->at[k].next == parts->at[i].next;
		for (size_t k = i; k < parts->count && !seen; k++)
			if (parts->at[k].next == parts->at[i].next)
				cost += part_cost(parts, &parts->at[k]);
		if (cost > most) {
			most = cost;
			parts->rest = parts->at[i].next;
		}
	}
	parts->cost = total - most;
}

/* One way to cut the argument that ref starts with. */
static struct parts cut(struct deriving *deriving, meaning_ref ref, unsigned lowest, bool runs)
{
	unsigned var = bdd_var(deriving->bdd, ref);
	struct parts parts = { .runs = runs, .lowest = lowest, .arg = var / 64, .field = UINT64_MAX >> var % 64 };

	parts.field &= UINT64_MAX << lowest;
	parts.at = malloc(PIECE_LIMIT * sizeof(*parts.at));
	parts.failed = !parts.at || deriving->looked > LOOK_TOTAL;
	if (runs)
		cut_runs(deriving->bdd, &parts, ref, 64 - var % 64, 0);
	else
		cut_bits(deriving->bdd, &parts, ref, 0, 0);
	deriving->looked += parts.looked;
	if (!filter_spend(deriving->filter, CUT_COST + parts.looked + 4 * parts.count))
		parts.failed = true;
	choose_rest(&parts);
	return parts;
}

static struct parts cheaper(struct parts a, struct parts b)
{
	free(a.cost <= b.cost ? b.at : a.at);
	return a.cost <= b.cost ? a : b;
}

/* Adds what the lower half costs behind each piece of the upper one. */
static void add_lower_cost(struct deriving *deriving, struct parts *upper)
{
	for (size_t i = 0; i < upper->count && upper->cost != UINT64_MAX; i++) {
		meaning_ref next = upper->at[i].next;
		bool seen = bdd_var(deriving->bdd, next) / 64 != upper->arg;
		struct parts lower;

		for (size_t k = 0; k < i && !seen && next == upper->rest; k++) /* the rest is said once */
			seen = upper->at[k].next == next;
		if (seen)
			continue;
		lower = cheaper(cut(deriving, next, 0, true), cut(deriving, next, 0, false));
		upper->cost = lower.cost == UINT64_MAX ? UINT64_MAX : upper->cost + lower.cost + COST_EQUAL;
		free(lower.at);
	}
}

static struct parts best_cut(struct deriving *deriving, meaning_ref ref)
{
	struct parts best = cheaper(cut(deriving, ref, 0, true), cut(deriving, ref, 0, false));

	if (best.cost > COST_MANY && bdd_var(deriving->bdd, ref) % 64 < 32) {
		struct parts upper = cut(deriving, ref, 32, true);

		add_lower_cost(deriving, &upper);
		best = cheaper(best, upper);
	}
	return best;
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

static void push_test(struct deriving *deriving, struct test test)
{
	deriving->tests[deriving->test_count++] = test;
}

static void push_part(struct deriving *deriving, const struct parts *parts, const struct part *part)
{
	struct test test = { .mask = part->mask, .value = part->first, .arg = (uint8_t)parts->arg, .op = TEST_EQ };

	if (!parts->runs || part->first == part->last) {
		push_test(deriving, test);
		return;
	}
	test.op = TEST_GE;
	if (part->first)
		push_test(deriving, test);
	test.op = TEST_GT;
	test.value = part->last;
	test.negate = true;
	if (part->last != parts->field)
		push_test(deriving, test);
}

static void derive(struct deriving *deriving, meaning_ref ref, meaning_ref after);

/* One clause or more for each part but the rest, then the rest. */
static void derive_parts(struct deriving *deriving, const struct parts *parts, meaning_ref after)
{
	meaning_ref rest = parts->rest;
	/* What calls get that no clause of this argument takes, when that is one action: then it need not be said for
	 * each. */
	meaning_ref falls = bdd_is_terminal(rest) ? rest : BDD_NONE;
	uint64_t sample = 0, kept = deriving->args[parts->arg]; /* its upper half may stand already */

	for (size_t i = 0; i < parts->count && !deriving->too_many; i++) {
		const struct part *part = &parts->at[i];
		unsigned before = deriving->test_count;

		if (part->next == rest) {
			sample = part->first;
			continue;
		}
		push_part(deriving, parts, part);
		deriving->args[parts->arg] = kept | part->first;
		derive(deriving, part->next, falls);
		deriving->test_count = before;
	}
	deriving->args[parts->arg] = kept | sample;
	derive(deriving, rest, after);
	deriving->args[parts->arg] = kept;
}

/*
 * after: the action of calls that fall through all clauses made here; BDD_NONE: not one action, or nothing comes after.
 */
static void derive(struct deriving *deriving, meaning_ref ref, meaning_ref after)
{
	struct parts parts;

	if (deriving->too_many || ref == after)
		return;
	if (bdd_is_terminal(ref)) {
		add_clause(deriving);
		return;
	}
	parts = best_cut(deriving, ref);
	if (parts.cost == UINT64_MAX)
		deriving->too_many = true;
	else
		derive_parts(deriving, &parts, after);
	free(parts.at);
}

static void release_kept(void *kept)
{
	meaning_free(kept);
}

/* The diagrams of one filter's decisions share most of their nodes: kept from one question to the next. */
static struct meaning *kept_meaning(const struct callgate_filter *filter, struct callgate_err *err)
{
	struct filter_work *work = filter->work;
	struct meaning *meaning;

	if (!work->kept && meaning_new(&meaning, err) == 0) {
		work->kept = meaning;
		work->release = release_kept;
	}
	return work->kept;
}

/* A table that is full of former questions is of no use to this one. */
static int meaning_for(struct deriving *deriving, meaning_ref *ref, struct callgate_err *err)
{
	const struct callgate_filter *filter = deriving->filter;
	bool fresh = !filter->work->kept;
	int r;

	deriving->meaning = kept_meaning(filter, err);
	if (!deriving->meaning)
		return CALLGATE_E_NOMEM;
	r = meaning_of(deriving->meaning, filter, deriving->node, ref, err);
	if (r != CALLGATE_E_LIMIT || fresh || !filter_work_left(filter))
		return r;
	filter->work->kept = meaning_free(filter->work->kept);
	return meaning_for(deriving, ref, err);
}

int clauses_derive(const struct callgate_filter *filter, const struct node *node, struct clause_list *out,
		   struct callgate_err *err)
{
	struct clause_list list = { 0 };
	struct deriving deriving = { .filter = filter, .node = node, .out = &list };
	uint64_t before = filter->work->spent;
	meaning_ref ref;
	int code;

	if (!filter_spend(filter, DERIVE_COST))
		return err_set(err, CALLGATE_E_LIMIT,
			       "too complex: the conditions of this filter take too much work to find");
	code = meaning_for(&deriving, &ref, err);
	if (!code) {
		deriving.bdd = meaning_bdd(deriving.meaning);
		derive(&deriving, ref, BDD_NONE);
		if (deriving.too_many)
			code = err_set(err, CALLGATE_E_LIMIT, "too complex: more than %d conditions", CLAUSE_LIMIT);
	}
	/* What real filters ask is cheap: it may be asked any number of times. */
	if (filter->work->spent - before <= CHEAP)
		filter->work->spent = before;
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
