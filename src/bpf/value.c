/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Value: arithmetic and comparisons on words that are known only by where they come from. */
#include "bpf/value.h"

#include <linux/filter.h>
#include <string.h>

struct value value_const(uint32_t constant)
{
	return (struct value){ .source = VALUE_CONST, .flip = constant };
}

struct value value_word(enum value_source source, unsigned word)
{
	return (struct value){ .source = (uint16_t)source, .word = (uint8_t)word, .mask = UINT32_MAX };
}

struct value value_unknown(void)
{
	return (struct value){ .source = VALUE_UNKNOWN };
}

bool value_is_const(const struct value *value)
{
	return value->source == VALUE_CONST;
}

static bool value_same(const struct value *a, const struct value *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static uint32_t shifted(uint32_t bits, int shift)
{
	return shift >= 0 ? bits << shift : bits >> -shift;
}

/* The bits of the result that come from the source, and back to the source's bits. */
static uint32_t field_bits(const struct value *value)
{
	return shifted(value->mask, value->shift);
}

static uint32_t to_source(const struct value *value, uint32_t bits)
{
	return shifted(bits, -value->shift);
}

/* ------------------------------------------------------------------ arithmetic */

static uint32_t alu_const(unsigned op, uint32_t a, uint32_t b)
{
	switch (op) {
	case BPF_ADD:
		return a + b;
	case BPF_SUB:
		return a - b;
	case BPF_MUL:
		return a * b;
	case BPF_DIV:
		return b ? a / b : 0;
	case BPF_AND:
		return a & b;
	case BPF_OR:
		return a | b;
	case BPF_XOR:
		return a ^ b;
	case BPF_LSH:
		return a << (b & 31);
	case BPF_RSH:
		return a >> (b & 31);
	default:
		return -a; /* BPF_NEG */
	}
}

static struct value shift_by(struct value value, int by)
{
	int shift = value.shift + by;

	if (by <= -32 || by >= 32)
		return value_const(0);
	value.flip = shifted(value.flip, by);
	value.mask = to_source(&value, by >= 0 ? field_bits(&value) & UINT32_MAX >> by
					       : field_bits(&value) & UINT32_MAX << -by);
	if (!value.mask)
		return value_const(value.flip);
	value.shift = (int8_t)shift;
	return value;
}

static struct value and_bits(struct value value, uint32_t bits)
{
	value.flip &= bits;
	value.mask &= to_source(&value, bits & field_bits(&value));
	return value.mask ? value : value_const(value.flip);
}

static bool is_power(uint32_t number)
{
	return number && !(number & (number - 1));
}

static struct value alu_word(unsigned op, struct value a, uint32_t k)
{
	if (op == BPF_ADD || op == BPF_SUB) {
		a.add += op == BPF_ADD ? k : -k;
		return a;
	}
	if (op == BPF_MUL && is_power(k))
		return alu_word(BPF_LSH, a, (uint32_t)__builtin_ctz(k));
	if (op == BPF_DIV && is_power(k))
		return alu_word(BPF_RSH, a, (uint32_t)__builtin_ctz(k));
	if (a.add) /* only bits can be masked, shifted and flipped, not sums */
		return value_unknown();
	switch (op) {
	case BPF_AND:
		return and_bits(a, k);
	case BPF_OR:
		a = and_bits(a, ~k);
		a.flip |= k;
		return a;
	case BPF_XOR:
		a.flip ^= k;
		return a;
	case BPF_LSH:
		return shift_by(a, (int)(k & 31));
	case BPF_RSH:
		return shift_by(a, -(int)(k & 31));
	default:
		return value_unknown();
	}
}

/* The result whatever the unknown operand is. */
static bool absorbed(unsigned op, uint32_t k, struct value *out)
{
	if ((op == BPF_AND || op == BPF_MUL) && k == 0)
		*out = value_const(0);
	else if (op == BPF_OR && k == UINT32_MAX)
		*out = value_const(UINT32_MAX);
	else
		return false;
	return true;
}

struct value value_alu(unsigned op, struct value a, struct value b)
{
	bool commutes = op == BPF_ADD || op == BPF_MUL || op == BPF_AND || op == BPF_OR || op == BPF_XOR;
	struct value result;

	if (value_is_const(&a) && (value_is_const(&b) || op == BPF_NEG))
		return value_const(alu_const(op, a.flip, b.flip));
	if (commutes && value_is_const(&a)) {
		result = a;
		a = b;
		b = result;
	}
	if (value_is_const(&b) && absorbed(op, b.flip, &result))
		return result;
	if (op == BPF_NEG || a.source == VALUE_UNKNOWN)
		return value_unknown();
	if (value_is_const(&b) && !value_is_const(&a))
		return alu_word(op, a, b.flip);
	if (value_same(&a, &b)) {
		if (op == BPF_SUB || op == BPF_XOR)
			return value_const(0);
		if (op == BPF_AND || op == BPF_OR)
			return a;
	}
	return value_unknown();
}

/* ------------------------------------------------------------------ comparisons */

static struct condition always(bool answer)
{
	return (struct condition){ .is = answer ? CONDITION_YES : CONDITION_NO };
}

static struct condition unknown_condition(void)
{
	return (struct condition){ .is = CONDITION_UNKNOWN };
}

static struct condition on_word(const struct value *value, struct word_test test, bool negate)
{
	if (test.op == WORD_NO || test.op == WORD_YES)
		return always((test.op == WORD_YES) != negate);
	return (struct condition){
		.is = CONDITION_WORD,
		.source = (enum value_source)value->source,
		.word = value->word,
		.negate = negate,
		.guard = { .op = WORD_YES },
		.above = test,
	};
}

static struct condition word_equals(const struct value *value, uint32_t k)
{
	struct word_test test = { .op = WORD_EQ, .mask = value->mask };

	k = (k - value->add) ^ value->flip;
	if (k & ~field_bits(value))
		return always(false);
	test.value = to_source(value, k);
	return on_word(value, test, false);
}

static struct condition word_meets(const struct value *value, uint32_t k)
{
	uint32_t field = field_bits(value);
	struct word_test test = { .op = WORD_EQ, .mask = to_source(value, field & k) };

	if (value->add)
		return unknown_condition();
	if (value->flip & k & ~field)
		return always(true);
	if (!test.mask)
		return always(false);
	test.value = to_source(value, value->flip & k & field);
	return on_word(value, test, true);
}

/* The smallest number without bits outside mask that is not below value; mask itself is not below. */
static uint32_t ceil_submask(uint32_t value, uint32_t mask)
{
	uint32_t outside = value & ~mask;
	uint64_t below;

	if (!outside)
		return value;
	below = ((uint64_t)2 << (31 - (unsigned)__builtin_clz(outside))) - 1;
	return (uint32_t)((value | below | ~mask) + 1) & mask;
}

/* The source's part of the value, before anything is added, is at least limit. */
static struct word_test part_from(const struct value *value, uint64_t limit)
{
	uint32_t field = field_bits(value);
	struct word_test test = { .op = WORD_GE, .mask = value->mask };

	if (limit == 0)
		test.op = WORD_YES;
	else if (limit > field)
		test.op = WORD_NO;
	else
		test.value = to_source(value, ceil_submask((uint32_t)limit, field));
	return test;
}

static struct condition word_from(const struct value *value, uint64_t k)
{
	uint32_t field = field_bits(value), add = value->flip + value->add;
	struct condition condition;

	if (k == 0 || k > UINT32_MAX)
		return always(k == 0);
	if (value->flip & field) /* flipped bits have another order */
		return unknown_condition();
	if ((uint64_t)field + add <= UINT32_MAX)
		return on_word(value, part_from(value, k > add ? k - add : 0), false);
	/* The sum may pass 2^32: from there on it is small again. */
	condition = (struct condition){ .is = CONDITION_WORD,
					.source = (enum value_source)value->source,
					.word = value->word };
	condition.guard = part_from(value, ((uint64_t)1 << 32) - add);
	condition.above = part_from(value, ((uint64_t)1 << 32) - add + k);
	condition.below = part_from(value, k > add ? k - add : 0);
	return condition;
}

static struct condition compare_const(unsigned op, const struct value *value, uint32_t k)
{
	if (value_is_const(value)) {
		uint32_t a = value->flip;

		return always(op == BPF_JEQ ? a == k : op == BPF_JGT ? a > k : op == BPF_JGE ? a >= k : (a & k) != 0);
	}
	switch (op) {
	case BPF_JEQ:
		return word_equals(value, k);
	case BPF_JGT:
		return word_from(value, (uint64_t)k + 1);
	case BPF_JGE:
		return word_from(value, k);
	default:
		return word_meets(value, k);
	}
}

/* What holds whatever an unknown word is. */
static struct condition compare_unknown(unsigned op, const struct value *b)
{
	if (value_is_const(b) && ((op == BPF_JSET && b->flip == 0) || (op == BPF_JGT && b->flip == UINT32_MAX)))
		return always(false);
	if (value_is_const(b) && op == BPF_JGE && b->flip == 0)
		return always(true);
	return unknown_condition();
}

struct condition value_compare(unsigned op, struct value a, struct value b)
{
	struct condition condition;

	if (a.source == VALUE_UNKNOWN)
		return compare_unknown(op, &b);
	if (value_is_const(&b))
		return compare_const(op, &a, b.flip);
	if (b.source == VALUE_UNKNOWN)
		return unknown_condition();
	if (value_same(&a, &b) && op != BPF_JSET)
		return always(op != BPF_JGT);
	if (!value_is_const(&a))
		return unknown_condition();
	if (op == BPF_JEQ || op == BPF_JSET)
		return compare_const(op, &b, a.flip);
	/* a > b is not (b >= a). */
	condition = compare_const(op == BPF_JGT ? BPF_JGE : BPF_JGT, &b, a.flip);
	if (condition.is == CONDITION_YES || condition.is == CONDITION_NO)
		return always(condition.is == CONDITION_NO);
	condition.negate = !condition.negate;
	return condition;
}

/* ------------------------------------------------------------------ conditions at work */

static enum answer test_on_block(const struct word_test *test, uint32_t base, unsigned bits)
{
	uint32_t low = bits >= 32 ? UINT32_MAX : ((uint32_t)1 << bits) - 1;
	uint32_t above = base & test->mask & ~low, wanted = test->value & ~low;

	if (test->op == WORD_NO || test->op == WORD_YES)
		return test->op == WORD_YES ? ANSWER_YES : ANSWER_NO;
	if (above != wanted)
		return test->op == WORD_GE && above > wanted ? ANSWER_YES : ANSWER_NO;
	if (test->op == WORD_GE ? !(test->value & low) : !(test->mask & low))
		return ANSWER_YES;
	return ANSWER_BOTH;
}

enum answer condition_on_block(const struct condition *condition, uint32_t base, unsigned bits)
{
	enum answer guard = test_on_block(&condition->guard, base, bits), answer;

	if (guard == ANSWER_BOTH)
		return ANSWER_BOTH;
	answer = test_on_block(guard == ANSWER_YES ? &condition->above : &condition->below, base, bits);
	if (answer == ANSWER_BOTH || !condition->negate)
		return answer;
	return answer == ANSWER_YES ? ANSWER_NO : ANSWER_YES;
}

/* A child of a test, or a child of that: the same test is not asked again. Compilers that compare each value's upper
 * half anew come out as if they had asked once. */
static const struct node *known_branch(const struct node *node, const struct test *test, bool holds)
{
	if (node->leaf || !test_same(&node->test, test))
		return node;
	return holds ? node->yes : node->no;
}

static const struct node *assume(struct callgate_filter *filter, const struct node *node, const struct test *test,
				 bool holds)
{
	const struct node *branch = known_branch(node, test, holds), *yes, *no;

	if (branch->leaf)
		return branch;
	yes = known_branch(branch->yes, test, holds);
	no = known_branch(branch->no, test, holds);
	return yes == branch->yes && no == branch->no ? branch : filter_test(filter, branch->test, yes, no);
}

static const struct node *test_node(struct callgate_filter *filter, const struct condition *condition,
				    const struct word_test *word, const struct node *yes, const struct node *no)
{
	unsigned up = condition->word & 1 ? 32 : 0;
	struct test test = {
		.arg = (uint8_t)(condition->word / 2),
		.op = word->op == WORD_EQ ? TEST_EQ : TEST_GE,
		.mask = (uint64_t)word->mask << up,
		.value = (uint64_t)word->value << up,
	};

	if (word->op == WORD_NO || word->op == WORD_YES)
		return word->op == WORD_YES ? yes : no;
	if (!yes || !no)
		return NULL;
	return filter_test(filter, test, assume(filter, yes, &test, true), assume(filter, no, &test, false));
}

const struct node *condition_node(struct callgate_filter *filter, const struct condition *condition,
				  const struct node *yes, const struct node *no)
{
	const struct node *on = condition->negate ? no : yes, *off = condition->negate ? yes : no;
	const struct node *above = test_node(filter, condition, &condition->above, on, off);

	if (condition->guard.op == WORD_YES)
		return above;
	return test_node(filter, condition, &condition->guard, above,
			 test_node(filter, condition, &condition->below, on, off));
}
