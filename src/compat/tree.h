/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tree: the conditional rules of one system call in libseccomp's order. Each rule is a chain of tests of 32-bit words,
 * arguments ascending; chains that begin alike share their nodes. The tree says which rules contradict each other
 * (EEXIST), which one is tried first where several match, and what an export as pseudo code looks like. What rules mean
 * is not taken from here: a filter is made of the rules themselves, in this order.
 */
#ifndef CALLGATE_COMPAT_TREE_H
#define CALLGATE_COMPAT_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "compat/interface.h"

enum { NODE_NONE = -1, RULE_NONE = -1 };

/* One condition, as it was asked for. MASKED_EQ: datum is what is expected under mask. */
struct condition {
	uint8_t op; /* enum scmp_compare; 0: the argument is not asked for */
	uint64_t mask, datum;
};

/* What one rule of one architecture says of one number. */
struct chain {
	struct condition args[ARG_COUNT];
	uint32_t action;
	int rule; /* its index */
	bool wide;
};

struct node {
	uint8_t arg, op, asked; /* op: EQ, GE, GT or MASKED_EQ; asked: the operator of the rule that made it */
	bool high;              /* the upper word of an argument of 64 bits */
	bool copy;              /* of a node that the chain has already: does not count */
	uint32_t mask, datum;
	int rule[2]; /* [1]: the rule that is met when the test holds, [0]: when it does not; RULE_NONE */
	uint32_t action[2];
	uint64_t full[2]; /* of that rule: the whole value compared with */
	int lost[2];      /* another rule that ends here and does not count: the last one; RULE_NONE */
	int below[2];     /* the first node of the level that goes on from there */
	int next;         /* on the same level */
};

struct tree {
	struct node *nodes; /* malloc'ed; shared by all trees of one context */
	int count, room;
};

/* By the kernel's precedence. */
bool action_is_stricter(uint32_t a, uint32_t b);
/* Whether any argument is asked for in a way that some value fails. */
bool chain_asks(const struct chain *chain);
/* Adds a chain at *root. 0, -EEXIST (then *root is spoilt and must be built anew), -ENOMEM. *weight: how many nodes
 * there are. */
int tree_add(struct tree *tree, int *root, const struct chain *chain, unsigned *weight);
/*
 * order.c: rules in the order in which they are tried, at most room; returns how many, or -ENOMEM. A rule that can
 * never be met is left out.
 */
int tree_order(const struct tree *tree, int root, int *rules, unsigned room);

#endif
