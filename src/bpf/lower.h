/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lower: what lower.c (numbers) and lower_args.c (arguments) share. */
#ifndef CALLGATE_BPF_LOWER_H
#define CALLGATE_BPF_LOWER_H

#include "bpf/asm.h"
#include "filter/filter.h"

/*
 * What is known of the upper half of one argument on the way to a node: it lies in [low, high], or (except) it is not low.
 * Nothing known: arg is FACT_NONE and the rest 0.
 */
enum { FACT_NONE = 6 };
struct fact {
	uint8_t arg;
	bool except;
	uint32_t low, high;
};

/* A decision made into instructions: ref expects this word of struct seccomp_data in the accumulator. */
enum { WORD_ANY = UINT16_MAX };
struct entry {
	asm_ref ref;
	uint16_t word; /* offset, or WORD_ANY */
};

enum { LOWER_TESTS_LIMIT = 1 << 15 }; /* tests in a row */

struct lowering {
	struct asm_graph graph;
	bool big_endian;
	/* memo: (node, fact) -> entry */
	struct memo *memo;
	uint32_t memo_count, memo_size;
	/* nodes on the way down */
	struct visit *stack;
	uint32_t depth, stack_room;
	int code; /* the first failure: E_NOMEM or E_UNSUPPORTED */
	unsigned opaque_pc;
};

/* The instructions of a decision, beginning with a load where they need one. ASM_NONE: see code and graph.failed. */
asm_ref lower_decision(struct lowering *lowering, const struct node *node);
void lowering_release(struct lowering *lowering);

#endif
