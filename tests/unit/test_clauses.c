/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Clauses: derived conditions say what the decision does, and say it shortly. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "filter/clauses.h"
#include "names/words.h"
#include "random_filter.h"

#define LOW UINT32_MAX
#define HIGH ((uint64_t)UINT32_MAX << 32)

static struct callgate_filter *filter;
static const struct node *allow, *eperm, *enosys;

static void setup(void)
{
	struct callgate_origin origin = { .why = CALLGATE_BY_RULE };

	cr_assert_eq(filter_new("test", &filter, NULL), 0);
	allow = filter_leaf(filter, (struct callgate_action){ CALLGATE_ALLOW, 0 }, origin);
	eperm = filter_leaf(filter, (struct callgate_action){ CALLGATE_ERRNO, 1 }, origin);
	enosys = filter_leaf(filter, (struct callgate_action){ CALLGATE_ERRNO, 38 }, origin);
}

static void teardown(void)
{
	filter = callgate_filter_free(filter);
}

TestSuite(clauses, .init = setup, .fini = teardown);

static const struct node *when(unsigned arg, uint64_t mask, enum test_op op, uint64_t value, const struct node *yes,
			       const struct node *no)
{
	struct test test = { .arg = (uint8_t)arg, .mask = mask, .op = (uint8_t)op, .value = value };

	return filter_test(filter, test, yes, no);
}

/* As lifted programs compare 64 bits. */
static const struct node *equals(unsigned arg, uint64_t value, const struct node *yes, const struct node *no)
{
	return when(arg, HIGH, TEST_EQ, value & HIGH, when(arg, LOW, TEST_EQ, value & LOW, yes, no), no);
}

static const struct node *above(unsigned arg, uint64_t value, const struct node *yes, const struct node *no)
{
	return when(arg, HIGH, TEST_GT, value & HIGH, yes,
		    when(arg, HIGH, TEST_EQ, value & HIGH, when(arg, LOW, TEST_GT, value & LOW, yes, no), no));
}

/* Through the public view, as explain and diff show it. */
static void expect(const struct node *node, const char *wanted)
{
	struct callgate_pattern pattern = { .abi = CALLGATE_ABI_X86_64 };
	struct callgate_outcome outcomes[16];
	char text[1024] = "";
	size_t count = 0;

	filter->other_arch = node;
	cr_assert_eq(callgate_filter_outcomes(filter, &pattern, outcomes, 16, &count), 0, "%s", wanted);
	cr_assert_leq(count, 16);
	for (size_t i = 0; i < count; i++) {
		char action[48];

		callgate_action_format(outcomes[i].action, action, sizeof(action));
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s%s%s", i ? "; " : "",
			 outcomes[i].opaque ? "opaque" : action, outcomes[i].conditions[0] ? " if " : "",
			 outcomes[i].conditions);
	}
	cr_assert_str_eq(text, wanted);
}

Test(clauses, half_words_are_paired)
{
	const struct node *node = eperm;
	static const uint64_t personalities[] = { 0xffffffff, 0x20008, 0x20000, 8, 0 };

	expect(equals(1, 0x100005412u, eperm, allow), "ERRNO(EPERM) if a1 == 0x100005412; ALLOW");
	expect(above(0, 0x2ffffffffu, allow, eperm), "ALLOW if a0 >= 0x300000000; ERRNO(EPERM)");
	expect(above(0, 9, above(0, 20, eperm, allow), eperm), "ALLOW if a0 >= 0xa, a0 <= 0x14; ERRNO(EPERM)");
	expect(when(0, LOW, TEST_EQ, 40, eperm, allow), "ERRNO(EPERM) if a0 == 0x28; ALLOW");
	for (size_t i = 0; i < 5; i++)
		node = equals(0, personalities[i], allow, node);
	expect(node, "ALLOW if a0 == 0x0; ALLOW if a0 == 0x8; ALLOW if a0 == 0x20000; ALLOW if a0 == 0x20008; "
		     "ALLOW if a0 == 0xffffffff; ERRNO(EPERM)");
}

/* Some tests look at the lower half whatever the upper one is: then no run of 64-bit values says it shortly. */
Test(clauses, halves_of_their_own)
{
	const struct node *node = allow;

	for (unsigned value = 3; value < 16; value += 1 + (value == 9))
		node = when(0, LOW, TEST_EQ, value, eperm, node);
	node = when(0, LOW, TEST_GE, 17, eperm, when(0, HIGH, TEST_EQ, 0, node, allow));
	expect(node,
	       "ALLOW if a0 & 0xffffffff00000000 == 0x0, a0 <= 0x2; ALLOW if a0 & 0xffffffff00000000 == 0x0, a0 == "
	       "0xa; "
	       "ALLOW if a0 & 0xffffffff00000000 == 0x0, a0 == 0x10; ERRNO(EPERM) if a0 & 0xffffffff00000000 == 0x0; "
	       "ERRNO(EPERM) if a0 >= 0x11; ALLOW");
}

Test(clauses, flags_stay_masks)
{
	expect(when(0, 0x7e020000, TEST_EQ, 0, allow, eperm), "ALLOW if a0 & 0x7e020000 == 0x0; ERRNO(EPERM)");
	expect(when(1, 0x80, TEST_EQ, 0x80, eperm, allow), "ERRNO(EPERM) if a1 & 0x80 == 0x80; ALLOW");
	expect(when(1, 3, TEST_EQ, 1, eperm, allow), "ERRNO(EPERM) if a1 & 0x3 == 0x1; ALLOW");
}

Test(clauses, several_arguments_are_anded)
{
	const struct node *node = equals(0, 1, equals(1, 2, allow, eperm), eperm);

	expect(node, "ALLOW if a0 == 0x1, a1 == 0x2; ERRNO(EPERM)");
	node = equals(0, 1, equals(1, 2, allow, enosys), equals(2, 3, allow, eperm));
	expect(node, "ALLOW if a0 == 0x1, a1 == 0x2; ERRNO(ENOSYS) if a0 == 0x1; ALLOW if a2 == 0x3; ERRNO(EPERM)");
	expect(equals(0, 1, filter_opaque(filter, 7), allow), "opaque if a0 == 0x1; ALLOW");
	expect(allow, "ALLOW");
}

Test(clauses, random_decisions_are_said_exactly)
{
	struct rng rng = { 21 };
	unsigned shown = 0;

	for (unsigned round = 0; round < 600; round++) {
		const struct node *node = random_rules(&rng, filter, 1 + rng_below(&rng, 3));
		struct clause_list list;

		filter_work_start(filter);
		if (clauses_derive(filter, node, &list, NULL))
			continue;
		shown++;
		cr_assert_eq(list.clauses[list.count - 1].test_count, 0);
		for (unsigned i = 0; i < 100; i++) {
			const struct derived_clause *clause = list.clauses;
			uint64_t args[6];

			random_args(&rng, node, args);
			for (;; clause++) {
				unsigned k = 0;

				while (k < clause->test_count && test_holds(&clause->tests[k], args))
					k++;
				if (k == clause->test_count)
					break;
			}
			cr_assert(action_equal(clause->leaf->action, walk_node(node, args)->action), "round %u", round);
		}
		clauses_release(&list);
	}
	cr_assert_gt(shown, 400, "%u", shown);
}

/* Many values are many clauses, in order, and soon. */
Test(clauses, many_values)
{
	const struct node *node = eperm;
	struct clause_list list;

	for (unsigned i = 0; i < 800; i++)
		node = equals(1, 0x5400 + 3 * (i * 7 % 800), allow, node);
	cr_assert_eq(clauses_derive(filter, node, &list, NULL), 0);
	cr_assert_eq(list.count, 801);
	cr_assert_eq(list.clauses[1].tests[0].value, 0x5403);
	clauses_release(&list);
}
