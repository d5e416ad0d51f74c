/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Value: what a register of a BPF program may hold while it is lifted: a constant, one 32-bit word of seccomp_data with
 * what can be undone (mask, shift, flipped bits, an added constant), or something unknown. Private to lift.
 */
#ifndef CALLGATE_BPF_VALUE_H
#define CALLGATE_BPF_VALUE_H

#include "filter/filter.h"

enum value_source { VALUE_CONST, VALUE_NR, VALUE_ARCH, VALUE_ARG, VALUE_UNKNOWN };

/* (shifted(source & mask) ^ flip) + add, modulo 2^32. shift is to the left, negative to the right; mask holds only bits
 * that survive it. A constant has everything but flip 0. No padding: values are compared and hashed as bytes. */
struct value {
	uint16_t source;
	uint8_t word; /* VALUE_ARG: argument * 2, plus 1 for the upper half */
	int8_t shift;
	uint32_t mask, flip, add;
};

struct value value_const(uint32_t constant);
struct value value_word(enum value_source source, unsigned word);
struct value value_unknown(void);
bool value_is_const(const struct value *value);
/* op: BPF_ADD ... BPF_NEG. Division by anything that may be 0 is the caller's to see first. */
struct value value_alu(unsigned op, struct value a, struct value b);

/* A test on the raw word. GE's value has no bits outside mask. */
enum word_op { WORD_NO, WORD_YES, WORD_EQ, WORD_GE };
struct word_test {
	enum word_op op;
	uint32_t mask, value;
};

/* A jump's condition on one word: guard ? above : below. */
struct condition {
	enum { CONDITION_NO, CONDITION_YES, CONDITION_WORD, CONDITION_UNKNOWN } is;
	enum value_source source;
	unsigned word;
	bool negate;
	struct word_test guard, above, below;
};

/* op: BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET. */
struct condition value_compare(unsigned op, struct value a, struct value b);
/* What the condition says for all words from base to base + 2^bits - 1. */
enum answer { ANSWER_NO, ANSWER_YES, ANSWER_BOTH };
enum answer condition_on_block(const struct condition *condition, uint32_t base, unsigned bits);
/* CONDITION_WORD on an argument, as a decision. NULL: no room. */
const struct node *condition_node(struct callgate_filter *filter, const struct condition *condition,
				  const struct node *yes, const struct node *no);

#endif
