/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Facts: what earlier tests on the way have already said about the words of the arguments. */
#include <string.h>

#include "bpf/lower.h"

static const struct fact *fact_of(const struct facts *facts, uint8_t word, uint32_t mask)
{
	for (unsigned i = 0; i < facts->count; i++)
		if (facts->at[i].word == word && facts->at[i].mask == mask)
			return &facts->at[i];
	return NULL;
}

static bool is_constant(const struct fact *fact)
{
	return !fact->except && fact->low == fact->high;
}

/* The whole word is known: then it is known under every mask. */
static const struct fact *constant_of(const struct facts *facts, uint8_t word)
{
	const struct fact *fact = fact_of(facts, word, UINT32_MAX);

	return fact && is_constant(fact) ? fact : NULL;
}

static struct fact range_of(const struct facts *facts, const struct half *half)
{
	struct fact fact = { .word = half->word, .mask = half->mask, .high = half->mask };
	const struct fact *known = constant_of(facts, half->word);

	if (known) {
		fact.low = fact.high = known->low & half->mask;
		return fact;
	}
	known = fact_of(facts, half->word, half->mask);
	return known ? *known : fact;
}

void facts_ways(const struct facts *facts, const struct half *half, bool may[WAYS])
{
	struct fact fact = range_of(facts, half);
	uint32_t low = fact.except ? 0 : fact.low, high = fact.except ? half->mask : fact.high, value = half->value;

	may[BELOW] = low < value;
	may[ABOVE] = high > value;
	may[EQUAL] = low <= value && value <= high && !(value & ~half->mask) && !(fact.except && fact.low == value);
}

/* Puts a fact in its place; of too many, one about another word goes. */
static void facts_put(struct facts *facts, const struct fact *fact)
{
	unsigned at = 0;

	for (unsigned i = 0; i < facts->count; i++)
		if (facts->at[i].word == fact->word && facts->at[i].mask == fact->mask) {
			facts->at[i] = *fact;
			return;
		}
	if (facts->count == FACTS) {
		memmove(&facts->at[0], &facts->at[1], (FACTS - 1) * sizeof(*fact));
		facts->count--;
	}
	while (at < facts->count && (facts->at[at].word < fact->word ||
				     (facts->at[at].word == fact->word && facts->at[at].mask < fact->mask)))
		at++;
	memmove(&facts->at[at + 1], &facts->at[at], (facts->count - at) * sizeof(*fact));
	facts->at[at] = *fact;
	facts->count++;
}

struct facts facts_after(const struct facts *facts, const struct half *half, enum way way)
{
	struct facts after = *facts;
	struct fact fact = range_of(facts, half);
	bool unknown = fact.except || (fact.low == 0 && fact.high == half->mask);

	if (fact.except && (way != ABOVE || half->op != TEST_EQ)) {
		fact.except = false;
		fact.low = 0;
		fact.high = half->mask;
	}
	if (way == EQUAL)
		fact.low = fact.high = half->value;
	else if (half->op != TEST_EQ && way == BELOW)
		fact.high = half->value - 1;
	else if (half->op != TEST_EQ)
		fact.low = half->value + 1;
	else if (!fact.except && fact.low == half->value)
		fact.low++;
	else if (!fact.except && fact.high == half->value)
		fact.high--;
	else if (unknown)
		fact = (struct fact){ .word = half->word, .mask = half->mask, .low = half->value, .except = true };
	facts_put(&after, &fact);
	return after;
}

/* A constant helps wherever its word is tested; what is less certain helps the next test only, and is dropped
 * elsewhere: otherwise equal code would be made once per fact. */
struct facts facts_for(const struct facts *facts, uint16_t live, const struct half *next, unsigned next_count)
{
	struct facts kept = { 0 };

	for (unsigned i = 0; i < facts->count; i++) {
		const struct fact *fact = &facts->at[i];
		bool helps = is_constant(fact) && live >> fact->word & 1;

		for (unsigned j = 0; j < next_count && !helps; j++)
			helps = next[j].word == fact->word && next[j].mask == fact->mask;
		if (helps)
			kept.at[kept.count++] = *fact;
	}
	return kept;
}

bool facts_same(const struct facts *a, const struct facts *b)
{
	if (a->count != b->count)
		return false;
	for (unsigned i = 0; i < a->count; i++) {
		const struct fact *x = &a->at[i], *y = &b->at[i];

		if (x->word != y->word || x->mask != y->mask || x->except != y->except || x->low != y->low ||
		    x->high != y->high)
			return false;
	}
	return true;
}

uint64_t facts_hash(const struct facts *facts)
{
	uint64_t h = facts->count;

	for (unsigned i = 0; i < facts->count; i++) {
		const struct fact *fact = &facts->at[i];

		h = (h ^ ((uint64_t)fact->mask << 32 | (uint32_t)fact->word << 1 | fact->except)) * 0x9e3779b97f4a7c15u;
		h = (h ^ h >> 31 ^ ((uint64_t)fact->low << 32 | fact->high)) * 0xbf58476d1ce4e5b9u;
	}
	return h ^ h >> 29;
}
