/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Random decisions for property tests. */
#include "random_filter.h"

#include <criterion/criterion.h>
#include <linux/audit.h>

uint64_t rng_next(struct rng *rng)
{
	uint64_t x = rng->state += 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

unsigned rng_below(struct rng *rng, unsigned limit)
{
	return (unsigned)(rng_next(rng) >> 32) % limit;
}

uint64_t random_value(struct rng *rng)
{
	static const uint64_t corners[] = { 0,
					    (uint64_t)1 << 31,
					    (uint64_t)1 << 32,
					    (uint64_t)1 << 33,
					    (uint64_t)1 << 63,
					    UINT32_MAX,
					    UINT64_MAX,
					    0x5400,
					    0xffffffff00000000u };

	switch (rng_below(rng, 8)) {
	case 0:
		return rng_below(rng, 8);
	case 1:
		return rng_next(rng);
	case 2:
		return rng_next(rng) >> 32;
	case 3:
		return (uint64_t)rng_below(rng, 3) << 32 | rng_below(rng, 3);
	default:
		return corners[rng_below(rng, sizeof(corners) / sizeof(*corners))] + rng_below(rng, 5) - 2;
	}
}

struct test random_test(struct rng *rng)
{
	static const uint64_t masks[] = { UINT64_MAX, UINT64_MAX,          UINT64_MAX,
					  UINT32_MAX, 0xffffffff00000000u, 0x7e020000,
					  0xff,       0x8000000080000000u, 0xf0f0f0f0f0f0f0f0u,
					  3,          (uint64_t)1 << 31 };
	struct test test = { .mask = masks[rng_below(rng, sizeof(masks) / sizeof(*masks))] };

	test.arg = (uint8_t)(rng_below(rng, 3) ? rng_below(rng, 2) : rng_below(rng, 6));
	test.op = (uint8_t)rng_below(rng, 3);
	test.negate = (uint8_t)rng_below(rng, 2);
	test.value = random_value(rng);
	if (test.op == TEST_EQ || rng_below(rng, 2))
		test.value &= test.mask;
	return test;
}

struct callgate_action random_action(struct rng *rng)
{
	static const struct callgate_action actions[] = {
		{ CALLGATE_ALLOW, 0 },       { CALLGATE_ALLOW, 0 }, { CALLGATE_ERRNO, 1 },
		{ CALLGATE_ERRNO, 38 },      { CALLGATE_LOG, 0 },   { CALLGATE_KILL_PROCESS, 0 },
		{ CALLGATE_KILL_THREAD, 0 }, { CALLGATE_TRACE, 7 }, { CALLGATE_TRAP, 0 },
		{ CALLGATE_NOTIFY, 0 },
	};

	return actions[rng_below(rng, sizeof(actions) / sizeof(*actions))];
}

const struct node *random_rules(struct rng *rng, struct callgate_filter *filter, unsigned rules)
{
	struct callgate_origin origin = { .why = CALLGATE_BY_DEFAULT };
	const struct node *rest = filter_leaf(filter, random_action(rng), origin);

	origin.why = CALLGATE_BY_RULE;
	for (unsigned i = 0; i < rules; i++) {
		const struct node *node;

		origin.line = i + 1;
		node = filter_leaf(filter, random_action(rng), origin);
		for (unsigned tests = 1 + rng_below(rng, 3); tests; tests--)
			node = filter_test(filter, random_test(rng), node, rest);
		rest = node;
	}
	cr_assert_not_null(rest);
	return rest;
}

struct callgate_filter *random_filter(struct rng *rng)
{
	static const uint32_t audits[] = { AUDIT_ARCH_X86_64, AUDIT_ARCH_I386 };
	struct callgate_origin origin = { .why = CALLGATE_BY_ABI };
	struct callgate_filter *filter = NULL;

	cr_assert_eq(filter_new("random", &filter, NULL), 0);
	for (unsigned a = 0; a < 2; a++) {
		struct span_map map = { 0 };
		uint32_t nr = 0;

		for (unsigned i = 0; i < 6; i++) {
			struct span span = { .first = nr, .node = random_rules(rng, filter, rng_below(rng, 4)) };

			span_map_add(&map, &span);
			nr += 1 + rng_below(rng, 5) + (i == 4 ? 0x40000000 : 0);
		}
		cr_assert_eq(filter_add_arch(filter, audits[a], &map, NULL), 0);
	}
	filter->other_arch = filter_leaf(filter, (struct callgate_action){ .kind = CALLGATE_KILL_THREAD }, origin);
	filter->abis[0] = CALLGATE_ABI_X86_64;
	filter->abis[1] = CALLGATE_ABI_X32;
	filter->abis[2] = CALLGATE_ABI_X86;
	filter->abi_count = 3;
	return filter;
}

void random_args(struct rng *rng, const struct node *node, uint64_t args[6])
{
	for (unsigned i = 0; i < 6; i++)
		args[i] = random_value(rng);
	/* Walk down at random and put each argument that is met near the value it is compared with. */
	while (!node->leaf) {
		const struct test *test = &node->test;

		if (rng_below(rng, 4))
			args[test->arg] =
				(args[test->arg] & ~test->mask) | ((test->value + rng_below(rng, 3) - 1) & test->mask);
		if (!rng_below(rng, 4))
			args[test->arg] ^= (uint64_t)1 << rng_below(rng, 64);
		node = rng_below(rng, 2) ? node->yes : node->no;
	}
}

const struct node *walk_node(const struct node *node, const uint64_t args[6])
{
	while (!node->leaf)
		node = test_holds(&node->test, args) ? node->yes : node->no;
	return node;
}

struct callgate_action meaning_at(const struct meaning *meaning, meaning_ref ref, const uint64_t args[6])
{
	struct callgate_action action = { 0 };
	meaning_ref low, high;
	unsigned bit;

	while (meaning_split(meaning, ref, &bit, &low, &high))
		ref = args[bit / 64] >> (63 - bit % 64) & 1 ? high : low;
	cr_assert(meaning_is_constant(meaning, ref, &action));
	return action;
}
