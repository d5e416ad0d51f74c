/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lower: what lower.c (numbers), lower_args.c (arguments) and facts.c (what is known of them) share. */
#ifndef CALLGATE_BPF_LOWER_H
#define CALLGATE_BPF_LOWER_H

#include "bpf/asm.h"
#include "filter/filter.h"

/* The twelve words of the arguments: 2 * argument, and one more for the upper half. */
enum { WORDS = 12 };

/* A test on one word. */
struct half {
	enum test_op op;
	uint32_t mask, value;
	uint8_t word;
};

/* What is known on the way to a node: word & mask lies in [low, high], or (except) it is anything but low. */
struct fact {
	uint32_t mask, low, high;
	uint8_t word;
	bool except;
};
enum { FACTS = 4 };
struct facts {
	unsigned count;
	struct fact at[FACTS]; /* one per (word, mask), sorted by them */
};

/* facts.c: whether word & mask can be below, equal to and above the value; at least one is true. */
enum way { BELOW, EQUAL, ABOVE, WAYS };
void facts_ways(const struct facts *facts, const struct half *half, bool may[WAYS]);
/* What is known besides, after a test of EQ (EQUAL: it holds; ABOVE: it does not) or an ordering (all three). */
struct facts facts_after(const struct facts *facts, const struct half *half, enum way way);
/* Those that help where these words (bits) are still tested, the next test being on these. */
struct facts facts_for(const struct facts *facts, uint16_t live, const struct half *next, unsigned next_count);
bool facts_same(const struct facts *a, const struct facts *b);
uint64_t facts_hash(const struct facts *facts);

/* What the accumulator holds: word & mask, or anything. */
enum { WORD_ANY = 255 };
struct holding {
	uint32_t mask;
	uint8_t word;
};
/* A decision made into instructions, and what they expect. */
struct entry {
	asm_ref ref;
	struct holding needs;
};

enum { LOWER_TESTS_LIMIT = 1 << 15 }; /* tests in a row */

/* FACTS_USED makes short ways; FACTS_UNUSED never makes more code than the filter has tests. */
enum lower_facts { FACTS_USED, FACTS_UNUSED };

struct lowering {
	struct asm_graph graph;
	enum lower_facts use;
	bool big_endian;
	struct plain *plain; /* by node: what is made without any fact, and which words it tests */
	uint32_t node_count;
	struct memo *memo; /* hash table: (node, facts) -> entry */
	uint32_t memo_count, memo_size;
	struct visit *stack; /* nodes on the way down */
	uint32_t depth, stack_room;
	asm_ref ret;       /* the last leaf made, of ret_word */
	uint32_t ret_word; /* what it returns */
	int code;          /* the first failure: E_NOMEM, E_LIMIT or E_UNSUPPORTED */
	unsigned opaque_pc;
};

/* filter: whose nodes are made. */
int lowering_start(struct lowering *lowering, const struct callgate_filter *filter, enum lower_facts use);
/* The instructions of a decision, beginning with a load where they need one. ASM_NONE: see code and graph.failed. */
asm_ref lower_decision(struct lowering *lowering, const struct node *node);
void lowering_release(struct lowering *lowering);

#endif
