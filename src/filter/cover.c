/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Cover: argument by argument, the values that lead to the same rest of the decision are covered by comparisons: by
 * ranges of values where those are few, else by the paths through the diagram, each of which is a mask and a value.
 */
#include "filter/cover.h"

#include <stdlib.h>

#include "base/err.h"
#include "names/words.h"

enum { STEP_LIMIT = 64, TEST_LIMIT = 512, BITS = 64, WALK_LIMIT = 1 << 18 };

/* A function of one argument: from first on, up to the next step, the rest of the decision is ref. */
struct step {
	uint64_t first;
	meaning_ref ref;
};
struct steps {
	struct step at[STEP_LIMIT];
	unsigned count, arg;
};

struct tests {
	struct test at[TEST_LIMIT];
	unsigned count;
	bool many; /* more than there is room for */
};

struct coverer {
	const struct meaning *meaning;
	struct callgate_action fallback;
	unsigned width;
	struct cover *out;
	unsigned *walked; /* nodes so far: the bound on time */
	struct callgate_err *err;
};

/* ------------------------------------------------------------------ the diagram, one argument at a time */

/* Whether ref asks a bit of this argument next; *bit counts from 63 down to 0. */
static bool asks(const struct coverer *coverer, meaning_ref ref, unsigned arg, unsigned *bit, meaning_ref next[2])
{
	unsigned var;

	if (!meaning_split(coverer->meaning, ref, &var, &next[0], &next[1]) || var / BITS != arg)
		return false;
	*bit = BITS - 1 - var % BITS;
	return true;
}

static bool steps_add(struct steps *steps, uint64_t first, meaning_ref ref)
{
	if (steps->count && steps->at[steps->count - 1].ref == ref)
		return true;
	if (steps->count == STEP_LIMIT)
		return false;
	steps->at[steps->count++] = (struct step){ first, ref };
	return true;
}

/* The steps of the 2^bits values of out->arg from base on. False: too many. */
static bool steps_of(const struct coverer *coverer, meaning_ref ref, unsigned bits, uint64_t base, struct steps *out)
{
	meaning_ref next[2];
	unsigned bit;

	if (!asks(coverer, ref, out->arg, &bit, next))
		return steps_add(out, base, ref);
	if (bit >= bits)
		return false;
	if (bit != bits - 1) /* a bit that does not count: both halves are alike */
		next[0] = next[1] = ref;
	return steps_of(coverer, next[0], bits - 1, base, out) &&
	       steps_of(coverer, next[1], bits - 1, base | (uint64_t)1 << (bits - 1), out);
}

/* ------------------------------------------------------------------ values as comparisons */

static void tests_add(struct tests *tests, struct test test)
{
	if (tests->count == TEST_LIMIT)
		tests->many = true;
	else
		tests->at[tests->count++] = test;
}

static uint64_t all_of(const struct coverer *coverer)
{
	return coverer->width == 32 ? UINT32_MAX : UINT64_MAX;
}

/* Aligned blocks, largest first as they fit. */
static void add_blocks(const struct coverer *coverer, uint8_t arg, uint64_t first, uint64_t last, struct tests *out)
{
	uint64_t all = all_of(coverer);

	for (;;) {
		uint64_t size = first ? first & -first : (uint64_t)1 << 63;

		while (size - 1 > last - first)
			size >>= 1;
		tests_add(out, (struct test){ .arg = arg, .op = TEST_EQ, .mask = all & ~(size - 1), .value = first });
		if (last - first == size - 1 || out->many)
			return;
		first += size;
	}
}

static void add_range(const struct coverer *coverer, uint8_t arg, uint64_t first, uint64_t last, struct tests *out)
{
	uint64_t all = all_of(coverer);

	if (first == last)
		tests_add(out, (struct test){ .arg = arg, .op = TEST_EQ, .mask = all, .value = first });
	else if (first == 0)
		tests_add(out, (struct test){ .arg = arg, .op = TEST_GT, .mask = all, .value = last, .negate = 1 });
	else if (last == all)
		tests_add(out, (struct test){ .arg = arg, .op = TEST_GE, .mask = all, .value = first });
	else
		add_blocks(coverer, arg, first, last, out);
}

/* All values but one. */
static bool is_all_but_one(const struct coverer *coverer, const struct steps *steps, meaning_ref rest, uint64_t *value)
{
	unsigned others = 0;

	for (unsigned i = 0; i < steps->count; i++) {
		uint64_t last = i + 1 < steps->count ? steps->at[i + 1].first - 1 : all_of(coverer);

		if (steps->at[i].ref == rest)
			continue;
		if (last != steps->at[i].first || others++)
			return false;
		*value = last;
	}
	return others == 1;
}

static void by_ranges(const struct coverer *coverer, const struct steps *steps, uint8_t arg, meaning_ref rest,
		      struct tests *out)
{
	uint64_t value;

	if (is_all_but_one(coverer, steps, rest, &value)) {
		tests_add(out,
			  (struct test){
				  .arg = arg, .op = TEST_EQ, .mask = all_of(coverer), .value = value, .negate = 1 });
		return;
	}
	for (unsigned i = 0; i < steps->count; i++)
		if (steps->at[i].ref == rest)
			add_range(coverer, arg, steps->at[i].first,
				  i + 1 < steps->count ? steps->at[i + 1].first - 1 : all_of(coverer), out);
}

static void by_paths(const struct coverer *coverer, meaning_ref ref, meaning_ref rest, struct test path,
		     struct tests *out)
{
	meaning_ref next[2];
	unsigned bit;

	if (out->many || ++*coverer->walked > WALK_LIMIT) {
		out->many = true;
		return;
	}
	if (!asks(coverer, ref, path.arg, &bit, next)) {
		if (ref == rest)
			tests_add(out, path);
		return;
	}
	path.mask |= (uint64_t)1 << bit;
	by_paths(coverer, next[0], rest, path, out);
	path.value |= (uint64_t)1 << bit;
	by_paths(coverer, next[1], rest, path, out);
}

/* What is left to decide once the argument is known: each once. */
static int rests_of(const struct coverer *coverer, meaning_ref ref, unsigned arg, meaning_ref rests[STEP_LIMIT],
		    unsigned *count)
{
	meaning_ref next[2];
	unsigned bit;
	int r;

	if (++*coverer->walked > WALK_LIMIT)
		return err_set(coverer->err, CALLGATE_E_LIMIT, "too complex: too many conditions of one call");
	if (asks(coverer, ref, arg, &bit, next)) {
		r = rests_of(coverer, next[0], arg, rests, count);
		return r < 0 ? r : rests_of(coverer, next[1], arg, rests, count);
	}
	for (unsigned i = 0; i < *count; i++)
		if (rests[i] == ref)
			return 0;
	if (*count == STEP_LIMIT)
		return err_set(coverer->err, CALLGATE_E_LIMIT, "too complex: more than %d cases of one argument",
			       STEP_LIMIT);
	rests[(*count)++] = ref;
	return 0;
}

/* ------------------------------------------------------------------ rules */

static int add_rule(const struct coverer *coverer, const struct cover_rule *rule)
{
	struct cover *out = coverer->out;

	if (out->count == COVER_LIMIT)
		return err_set(coverer->err, CALLGATE_E_LIMIT, "too complex: more than %d rules for one call",
			       COVER_LIMIT);
	if (out->count == out->room) {
		size_t room = out->room ? out->room * 2 : 16;
		struct cover_rule *rules = realloc(out->rules, room * sizeof(*rules));

		if (!rules)
			return err_nomem(coverer->err);
		out->rules = rules;
		out->room = room;
	}
	out->rules[out->count++] = *rule;
	return 0;
}

static int cover(const struct coverer *coverer, meaning_ref ref, struct cover_rule *rule);

/* The rules of all values of one argument that lead to rest. */
static int cover_rest(const struct coverer *coverer, meaning_ref ref, const struct steps *steps, meaning_ref rest,
		      struct cover_rule *rule)
{
	unsigned arg = rule->tests[rule->test_count].arg, depth = rule->test_count;
	struct tests *tests = calloc(2, sizeof(*tests)), *best;
	int r = 0;

	if (!tests)
		return err_nomem(coverer->err);
	if (steps->count)
		by_ranges(coverer, steps, (uint8_t)arg, rest, &tests[0]);
	by_paths(coverer, ref, rest, (struct test){ .arg = (uint8_t)arg, .op = TEST_EQ }, &tests[1]);
	best = steps->count && !tests[0].many && (tests[1].many || tests[0].count <= tests[1].count) ? &tests[0]
												     : &tests[1];
	if (best->many)
		r = err_set(coverer->err, CALLGATE_E_LIMIT, "too complex: more than %d comparisons of one argument",
			    TEST_LIMIT);
	for (unsigned i = 0; i < best->count && r == 0; i++) {
		rule->tests[depth] = best->at[i];
		rule->test_count = depth + 1;
		r = cover(coverer, rest, rule);
	}
	rule->test_count = depth;
	free(tests);
	return r;
}

static int cover(const struct coverer *coverer, meaning_ref ref, struct cover_rule *rule)
{
	meaning_ref next[2], rests[STEP_LIMIT];
	struct steps steps = { 0 };
	unsigned var, count = 0;
	int r;

	if (!meaning_split(coverer->meaning, ref, &var, &next[0], &next[1])) {
		if (!meaning_is_constant(coverer->meaning, ref, &rule->action))
			return err_set(coverer->err, CALLGATE_E_UNSUPPORTED, "the filter does what no profile can say");
		return action_equal(rule->action, coverer->fallback) ? 0 : add_rule(coverer, rule);
	}
	r = rests_of(coverer, ref, var / BITS, rests, &count);
	if (r < 0)
		return r;
	steps.arg = var / BITS;
	if (!steps_of(coverer, ref, coverer->width, 0, &steps))
		steps.count = 0;
	for (unsigned i = 0; i < count && r == 0; i++) {
		struct callgate_action action;

		if (meaning_is_constant(coverer->meaning, rests[i], &action) && action_equal(action, coverer->fallback))
			continue;
		rule->tests[rule->test_count].arg = (uint8_t)(var / BITS);
		r = cover_rest(coverer, ref, &steps, rests[i], rule);
	}
	return r;
}

int cover_of(const struct meaning *meaning, meaning_ref ref, struct callgate_action fallback, unsigned width,
	     struct cover *out, struct callgate_err *err)
{
	unsigned walked = 0;
	struct coverer coverer = { meaning, fallback, width, out, &walked, err };
	struct cover_rule rule = { .test_count = 0 };

	*out = (struct cover){ 0 };
	return cover(&coverer, ref, &rule);
}

void cover_release(struct cover *cover)
{
	free(cover->rules);
	*cover = (struct cover){ 0 };
}
