/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Meaning: equal functions are one reference, whatever graph they come from; many values stay cheap. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "filter/bdd.h"
#include "names/words.h"
#include "random_filter.h"

#define LOW UINT32_MAX
#define HIGH ((uint64_t)UINT32_MAX << 32)

static struct callgate_filter *filter;
static struct meaning *meaning;
static const struct node *allow, *eperm, *kill;

static void setup(void)
{
	struct callgate_origin origin = { .why = CALLGATE_BY_RULE };

	cr_assert_eq(filter_new("test", &filter, NULL), 0);
	cr_assert_eq(meaning_new(&meaning, NULL), 0);
	allow = filter_leaf(filter, (struct callgate_action){ .kind = CALLGATE_ALLOW }, origin);
	eperm = filter_leaf(filter, (struct callgate_action){ .kind = CALLGATE_ERRNO, .data = 1 }, origin);
	kill = filter_leaf(filter, (struct callgate_action){ .kind = CALLGATE_KILL_PROCESS }, origin);
}

static void teardown(void)
{
	meaning = meaning_free(meaning);
	filter = callgate_filter_free(filter);
}

TestSuite(meaning, .init = setup, .fini = teardown);

/* Results of many rounds would fill one table. */
static void renew(void)
{
	meaning = meaning_free(meaning);
	cr_assert_eq(meaning_new(&meaning, NULL), 0);
}

static const struct node *test_node(unsigned arg, uint64_t mask, enum test_op op, uint64_t value,
				    const struct node *yes, const struct node *no)
{
	struct test test = { .arg = (uint8_t)arg, .mask = mask, .op = (uint8_t)op, .value = value };
	const struct node *node = filter_test(filter, test, yes, no);

	cr_assert_not_null(node);
	return node;
}

static meaning_ref ref_of(const struct node *node)
{
	meaning_ref ref = BDD_NONE;

	filter_work_start(filter);
	cr_assert_eq(meaning_of(meaning, filter, node, &ref, NULL), 0);
	return ref;
}

Test(meaning, halves_and_whole_are_one)
{
	uint64_t value = 0x100000002u;
	const struct node *whole, *halves, *low_first;

	whole = test_node(1, UINT64_MAX, TEST_EQ, value, allow, eperm);
	halves =
		test_node(1, HIGH, TEST_EQ, value & HIGH, test_node(1, LOW, TEST_EQ, value & LOW, allow, eperm), eperm);
	low_first =
		test_node(1, LOW, TEST_EQ, value & LOW, test_node(1, HIGH, TEST_EQ, value & HIGH, allow, eperm), eperm);
	cr_assert_eq(ref_of(whole), ref_of(halves));
	cr_assert_eq(ref_of(whole), ref_of(low_first));

	/* a > v: high > , or high == and low > */
	whole = test_node(1, UINT64_MAX, TEST_GT, value, allow, eperm);
	halves =
		test_node(1, HIGH, TEST_EQ, value & HIGH, test_node(1, LOW, TEST_GT, value & LOW, allow, eperm), eperm);
	halves = test_node(1, HIGH, TEST_GT, value & HIGH, allow, halves);
	cr_assert_eq(ref_of(whole), ref_of(halves));
	cr_assert_neq(ref_of(whole), ref_of(test_node(1, UINT64_MAX, TEST_GE, value, allow, eperm)));
	cr_assert_eq(ref_of(whole), ref_of(test_node(1, UINT64_MAX, TEST_GE, value + 1, allow, eperm)));
}

Test(meaning, origins_do_not_count)
{
	struct callgate_origin other = { .why = CALLGATE_BY_PC, .line = 7 };
	const struct node *again = filter_leaf(filter, allow->action, other);
	/* What the kernel does not look at is no difference either. */
	const struct node *data = filter_leaf(filter, (struct callgate_action){ CALLGATE_ALLOW, 5 }, other);
	const struct node *large = filter_leaf(filter, (struct callgate_action){ CALLGATE_ERRNO, 4095 }, other);
	const struct node *larger = filter_leaf(filter, (struct callgate_action){ CALLGATE_ERRNO, 5000 }, other);

	cr_assert_neq(again, allow);
	cr_assert_eq(ref_of(again), ref_of(allow));
	cr_assert_eq(ref_of(data), ref_of(allow));
	cr_assert_eq(ref_of(larger), ref_of(large));
	cr_assert_eq(ref_of(test_node(0, 1, TEST_EQ, 1, allow, again)), ref_of(allow));
}

Test(meaning, order_of_independent_tests_does_not_count)
{
	const struct node *ab = test_node(0, LOW, TEST_GT, 9, test_node(3, 0xf0, TEST_EQ, 0x30, allow, eperm), eperm);
	const struct node *ba = test_node(3, 0xf0, TEST_EQ, 0x30, test_node(0, LOW, TEST_GE, 10, allow, eperm), eperm);
	/* A masked comparison whose value has bits outside the mask. */
	const struct node *stray = test_node(0, 0xf0, TEST_GT, 0x37, allow, eperm);

	cr_assert_eq(ref_of(ab), ref_of(ba));
	cr_assert_eq(ref_of(stray), ref_of(test_node(0, 0xf0, TEST_GE, 0x40, allow, eperm)));
	cr_assert_eq(ref_of(test_node(0, 0xf0, TEST_GE, 0x37, allow, eperm)), ref_of(stray));
}

Test(meaning, random_graphs_agree_with_their_walk)
{
	struct rng rng = { 1 };

	for (unsigned round = 0; round < 2000; round++) {
		const struct node *node = random_rules(&rng, filter, 1 + rng_below(&rng, 5));
		meaning_ref ref;

		if (round % 100 == 0)
			renew();
		ref = ref_of(node);

		for (unsigned i = 0; i < 24; i++) {
			uint64_t args[6];

			random_args(&rng, node, args);
			cr_assert(action_equal(meaning_at(meaning, ref, args), walk_node(node, args)->action),
				  "round %u: the diagram and the graph differ", round);
		}
	}
}

/* The same function by another road: tests in another shape, negated, split in halves. */
static const struct node *rebuild(struct rng *rng, const struct node *node)
{
	struct test test = node->test, half;
	const struct node *yes, *no;

	if (node->leaf)
		return node;
	yes = rebuild(rng, node->yes);
	no = rebuild(rng, node->no);
	if (test.op == TEST_EQ) {
		unsigned bit = rng_below(rng, 64);
		uint64_t upper = UINT64_MAX << bit;

		half = test;
		half.mask = test.mask & upper;
		half.value = test.value & upper;
		test.mask &= ~upper;
		test.value &= ~upper;
		return filter_test(filter, half, filter_test(filter, test, yes, no), no);
	}
	if (test.op == TEST_GT && test.value != UINT64_MAX) {
		test.op = TEST_GE;
		test.value++;
	}
	half = test;
	half.negate = 1;
	return rng_below(rng, 2) ? filter_test(filter, half, no, yes)
				 : filter_test(filter, test, yes, filter_test(filter, half, no, yes));
}

Test(meaning, rebuilt_graphs_are_one_reference)
{
	struct rng rng = { 2 };

	for (unsigned round = 0; round < 1000; round++) {
		const struct node *node = random_rules(&rng, filter, 1 + rng_below(&rng, 4));

		if (round % 100 == 0)
			renew();
		cr_assert_eq(ref_of(node), ref_of(rebuild(&rng, node)), "round %u", round);
	}
}

Test(meaning, a_difference_has_a_witness)
{
	struct rng rng = { 3 };
	unsigned different = 0;

	for (unsigned round = 0; round < 1000; round++) {
		const struct node *a = random_rules(&rng, filter, 2), *b = random_rules(&rng, filter, 2);
		uint64_t args[6];
		unsigned relation;

		if (round % 100 == 0)
			renew();
		if (!meaning_witness(meaning, ref_of(a), ref_of(b), args))
			continue;
		different++;
		cr_assert(!action_equal(walk_node(a, args)->action, walk_node(b, args)->action), "round %u", round);
		cr_assert_eq(meaning_relate(meaning, ref_of(a), ref_of(b), &relation, NULL), 0);
		for (unsigned wanted = 1; wanted <= MEANING_OTHER; wanted <<= 1) {
			struct callgate_action x, y;

			if (!(relation & wanted))
				continue;
			cr_assert_eq(meaning_witness_of(meaning, ref_of(a), ref_of(b), wanted, args, NULL), 0);
			x = walk_node(a, args)->action;
			y = walk_node(b, args)->action;
			cr_assert_eq(wanted, y.kind < x.kind    ? MEANING_TIGHTER
					     : y.kind > x.kind  ? MEANING_LOOSER
					     : y.data != x.data ? MEANING_OTHER
								: MEANING_SAME);
		}
	}
	cr_assert_gt(different, 500);
}

Test(meaning, witness_is_small_and_leaves_free_bits_zero)
{
	meaning_ref a = ref_of(test_node(1, UINT64_MAX, TEST_EQ, 0x5410, allow, eperm));
	uint64_t args[6];

	cr_assert(meaning_witness(meaning, a, ref_of(eperm), args));
	cr_assert_eq(args[1], 0x5410);
	cr_assert_eq(args[0] | args[2] | args[3] | args[4] | args[5], 0);
	cr_assert(meaning_witness(meaning, a, ref_of(allow), args));
	cr_assert_eq(args[1], 0);
	cr_assert_not(meaning_witness(meaning, a, a, args));
}

Test(meaning, meet_takes_the_stricter_and_of_equals_the_newer)
{
	struct callgate_origin origin = { .why = CALLGATE_BY_RULE };
	const struct node *enosys = filter_leaf(filter, (struct callgate_action){ CALLGATE_ERRNO, 38 }, origin);
	meaning_ref older = ref_of(test_node(0, LOW, TEST_EQ, 1, eperm, allow));
	meaning_ref newer = ref_of(test_node(1, LOW, TEST_EQ, 1, enosys, test_node(1, LOW, TEST_EQ, 2, kill, allow)));
	meaning_ref met;
	static const struct {
		uint64_t arg0, arg1;
		uint32_t word;
	} rows[] = {
		{ 0, 0, 0x7fff0000 }, { 1, 0, 0x00050001 }, { 0, 1, 0x00050026 },
		{ 1, 1, 0x00050026 }, { 0, 2, 0x80000000 }, { 1, 2, 0x80000000 },
	};

	cr_assert_eq(meaning_meet(meaning, older, newer, &met, NULL), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint64_t args[6] = { rows[i].arg0, rows[i].arg1 };

		cr_assert_eq(action_word(meaning_at(meaning, met, args)), rows[i].word, "row %zu", i);
	}
}

Test(meaning, opaque_is_never_equal)
{
	const struct node *opaque = filter_opaque(filter, 12);
	const struct node *part = test_node(0, LOW, TEST_EQ, 1, opaque, allow);
	struct callgate_action action;
	meaning_ref met;
	unsigned pc = 0, relation;

	cr_assert(meaning_is_opaque(meaning, ref_of(part), &pc));
	cr_assert_eq(pc, 12);
	cr_assert_not(meaning_is_opaque(meaning, ref_of(allow), &pc));
	cr_assert_not(meaning_is_constant(meaning, ref_of(opaque), &action));
	cr_assert_eq(meaning_relate(meaning, ref_of(part), ref_of(part), &relation, NULL), 0);
	cr_assert_eq(relation, MEANING_UNKNOWN | MEANING_SAME);
	/* Nothing is stricter than KILL_PROCESS, so there it does not matter what the other would do. */
	cr_assert_eq(meaning_meet(meaning, ref_of(part), ref_of(kill), &met, NULL), 0);
	cr_assert_eq(met, ref_of(kill));
	cr_assert_eq(meaning_meet(meaning, ref_of(part), ref_of(allow), &met, NULL), 0);
	cr_assert(meaning_is_opaque(meaning, met, &pc));
}

/* ------------------------------------------------------------------ size and time */

static uint64_t spread(unsigned i)
{
	return (uint64_t)i * 2654435761u % 0xfffffffbu; /* distinct, unsorted, all over 32 bits */
}

static const struct node *value_chain(unsigned count, uint64_t mask)
{
	const struct node *node = eperm;

	for (unsigned i = 0; i < count; i++)
		node = test_node(1, mask, TEST_EQ, spread(i), allow, node);
	return node;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static const struct node *value_tree(const uint64_t *values, unsigned count, uint64_t mask)
{
	unsigned half = count / 2;

	if (count == 1)
		return test_node(1, mask, TEST_EQ, values[0], allow, eperm);
	return test_node(1, mask, TEST_GE, values[half], value_tree(values + half, count - half, mask),
			 value_tree(values, half, mask));
}

Test(meaning, chain_and_tree_of_many_values_are_one)
{
	enum { COUNT = 4000 };
	uint64_t *values = calloc(COUNT, sizeof(*values));
	const struct node *chain, *tree, *halves;
	clock_t start;

	for (unsigned i = 0; i < COUNT; i++)
		values[i] = spread(i);
	qsort(values, COUNT, sizeof(*values), by_value);
	chain = value_chain(COUNT, UINT64_MAX);
	tree = value_tree(values, COUNT, UINT64_MAX);
	halves = test_node(1, HIGH, TEST_EQ, 0, value_tree(values, COUNT, LOW), eperm);
	start = clock();
	cr_assert_eq(ref_of(chain), ref_of(tree));
	cr_assert_eq(ref_of(chain), ref_of(halves));
	/* Near linear: some 10 ms here; the square of the length would be seconds. */
	cr_assert_lt(clock() - start, UNIT_SLOW * CLOCKS_PER_SEC / 2);
	free(values);
}

/* Each value behind its own test of the upper half, as some compilers write it: no region, yet the same function. */
Test(meaning, unmerged_halves_are_one_too)
{
	const struct node *node = eperm;

	for (unsigned i = 0; i < 800; i++)
		node = test_node(1, HIGH, TEST_EQ, 0, test_node(1, LOW, TEST_EQ, spread(i), allow, node), node);
	cr_assert_eq(ref_of(node), ref_of(value_chain(800, UINT64_MAX)));
}

/* Deep graphs must not eat the stack: tests that alternate between two arguments, 20000 deep. */
Test(meaning, depth_is_no_matter)
{
	const struct node *node = eperm;
	meaning_ref ref;

	for (unsigned i = 0; i < 20000; i++)
		node = test_node(i & 1, 0xf, TEST_EQ, i / 2 & 0xf, i & 2 ? allow : eperm, node);
	cr_assert_eq(meaning_of(meaning, filter, node, &ref, NULL), 0);
}

/* Bit i of one argument against bit i of another: no order of variables helps twenty such rules of mixed pairs. */
Test(meaning, too_complex_is_said_in_time)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	const struct node *node = eperm;
	clock_t start = clock();
	meaning_ref ref;
	int code;

	for (unsigned i = 0; i < 32; i++) {
		const struct node *yes = test_node(1, (uint64_t)1 << i, TEST_EQ, 0, node, allow);

		node = test_node(0, (uint64_t)1 << i, TEST_EQ, 0, yes, node);
	}
	code = meaning_of(meaning, filter, node, &ref, &err);
	cr_assert_eq(code, CALLGATE_E_LIMIT);
	cr_assert(strstr(err.text, "too complex"));
	cr_assert_lt(clock() - start, UNIT_SLOW * CLOCKS_PER_SEC);
}
