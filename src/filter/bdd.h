/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Decision diagram: reduced, ordered, hash-consed, over the 384 argument bits, with actions as terminals. Variables run
 * from argument 0 to 5, the highest bit of each first, so that comparisons are a single path with side exits. Equal
 * functions are equal references. Room-private: others use filter/meaning.h.
 */
#ifndef CALLGATE_FILTER_BDD_H
#define CALLGATE_FILTER_BDD_H

#include "filter/meaning.h"

enum { BDD_END = 384 /* the variable of terminals: behind all others */, BDD_STEPS = 1 << 23 };
#define BDD_NONE UINT32_MAX

struct bdd_node {
	meaning_ref low, high; /* the bit is 0, is 1 */
	uint16_t var;
	bool opaque; /* may reach an opaque terminal */
};

struct bdd_cached {
	uint32_t op, a, b, result;
};

struct bdd {
	struct bdd_node *nodes;
	uint32_t *table; /* index + 1 */
	struct bdd_cached *cache;
	size_t count, room, table_size, cache_size;
	uint32_t serial; /* of test operations: their results are not each other's */
	uint64_t steps;  /* of all operations so far */
	uint64_t limit;  /* their bound, BDD_STEPS at first: the bound on time */
	bool no_memory;
};

int bdd_init(struct bdd *bdd);
void bdd_release(struct bdd *bdd);
/*
 * Answers BDD_NONE when it failed: out of memory (no_memory is set), or past MEANING_LIMIT nodes or the bound on steps.
 */
int bdd_error(const struct bdd *bdd, struct callgate_err *err);

meaning_ref bdd_action(struct callgate_action action);
meaning_ref bdd_opaque(unsigned pc);
bool bdd_is_terminal(meaning_ref ref);
bool bdd_is_opaque_terminal(meaning_ref ref, unsigned *pc);
struct callgate_action bdd_terminal_action(meaning_ref ref);

unsigned bdd_var(const struct bdd *bdd, meaning_ref ref);
meaning_ref bdd_cofactor(const struct bdd *bdd, meaning_ref ref, unsigned var, unsigned bit);

/* test ? yes : no, in one walk along the bits of the test's value. */
meaning_ref bdd_test(struct bdd *bdd, const struct test *test, meaning_ref yes, meaning_ref no);
meaning_ref bdd_meet(struct bdd *bdd, meaning_ref older, meaning_ref newer);
/* Set of enum meaning_relation bits; 0 when it failed. */
unsigned bdd_relate(struct bdd *bdd, meaning_ref a, meaning_ref b);

/* A function of one field of one argument: bits width wide, its lowest at shift. firsts ascend from 0; refs depend on
 * lower bits of this argument or on later arguments only. */
struct bdd_steps {
	const uint64_t *firsts;
	const meaning_ref *refs;
	size_t count;
	unsigned arg, shift, width;
};
meaning_ref bdd_from_steps(struct bdd *bdd, const struct bdd_steps *steps);

/* The diagram behind a meaning, for those in this room who read it bit by bit. */
const struct bdd *meaning_bdd(const struct meaning *meaning);

#endif
