/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Random decisions for property tests: deterministic, drawn to the places where comparisons go wrong. */
#ifndef TESTS_RANDOM_FILTER_H
#define TESTS_RANDOM_FILTER_H

#include "filter/meaning.h"

struct rng {
	uint64_t state;
};

uint64_t rng_next(struct rng *rng);
unsigned rng_below(struct rng *rng, unsigned limit);

/* Around 0, 2^31, 2^32, 2^63, small, repeated halves, or anything. */
uint64_t random_value(struct rng *rng);
struct test random_test(struct rng *rng);
struct callgate_action random_action(struct rng *rng);
/* A chain of rules (conditions ANDed, the first that matches counts) as a node. */
const struct node *random_rules(struct rng *rng, struct callgate_filter *filter, unsigned rules);
/* A filter for x86_64 and x86 with random rules on a few numbers. */
struct callgate_filter *random_filter(struct rng *rng);
/* Arguments at or next to values that the node's tests name. */
void random_args(struct rng *rng, const struct node *node, uint64_t args[6]);
const struct node *walk_node(const struct node *node, const uint64_t args[6]);
/* The same in a diagram; nothing on the way is opaque. */
struct callgate_action meaning_at(const struct meaning *meaning, meaning_ref ref, const uint64_t args[6]);

#endif
