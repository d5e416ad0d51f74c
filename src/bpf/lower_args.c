/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lower, the arguments: a graph of 64-bit tests becomes a graph of tests on 32-bit words.
 *
 * A test looks at the upper word first, then at the lower one. What the upper word turned out to be is remembered on the way
 * down (struct fact), so that a list of values of one argument asks for it once; what the accumulator holds is known at every
 * step, so that no word is loaded twice in a row.
 */
#include <linux/seccomp.h>
#include <stdlib.h>

#include "base/err.h"
#include "bpf/lower.h"
#include "names/words.h"

/* Past this many (node, fact) pairs facts are dropped: larger code, but never more work than nodes. A way down of more tests
 * than LOWER_TESTS_LIMIT is far past what fits into a program. */
enum { MEMO_FACT_LIMIT = 1 << 16, DEPTH_LIMIT = 4 * LOWER_TESTS_LIMIT };

struct visit {
	const struct node *node;
	struct fact fact;
};

struct memo {
	const struct node *node; /* NULL: free */
	struct fact fact;
	struct entry entry;
};

/* ------------------------------------------------------------------ memo and stack */

static bool fact_same(const struct fact *a, const struct fact *b)
{
	return a->arg == b->arg && a->except == b->except && a->low == b->low && a->high == b->high;
}

static struct memo *memo_slot(const struct lowering *lowering, const struct visit *visit)
{
	uint64_t h = (uint64_t)visit->node->id << 8 | (uint64_t)visit->fact.arg << 1 | visit->fact.except;
	uint32_t at;

	h = (h * 0x9e3779b97f4a7c15u) ^ ((uint64_t)visit->fact.low << 32 | visit->fact.high);
	h *= 0xbf58476d1ce4e5b9u;
	for (at = (uint32_t)(h >> 32) & (lowering->memo_size - 1); lowering->memo[at].node; at = (at + 1) & (lowering->memo_size - 1))
		if (lowering->memo[at].node == visit->node && fact_same(&lowering->memo[at].fact, &visit->fact))
			break;
	return &lowering->memo[at];
}

static bool memo_grow(struct lowering *lowering)
{
	struct memo *old = lowering->memo;
	uint32_t old_size = lowering->memo_size;

	lowering->memo_size = old_size ? old_size * 2 : 256;
	lowering->memo = calloc(lowering->memo_size, sizeof(*lowering->memo));
	if (!lowering->memo) {
		lowering->memo = old;
		lowering->memo_size = old_size;
		return false;
	}
	for (uint32_t i = 0; i < old_size; i++)
		if (old[i].node)
			*memo_slot(lowering, &(struct visit){ old[i].node, old[i].fact }) = old[i];
	free(old);
	return true;
}

static int fail(struct lowering *lowering, int code)
{
	if (!lowering->code)
		lowering->code = code;
	return code;
}

static int memo_put(struct lowering *lowering, const struct visit *visit, struct entry entry)
{
	if (lowering->memo_count * 2 >= lowering->memo_size && !memo_grow(lowering))
		return fail(lowering, CALLGATE_E_NOMEM);
	*memo_slot(lowering, visit) = (struct memo){ visit->node, visit->fact, entry };
	lowering->memo_count++;
	return 0;
}

static int visit_push(struct lowering *lowering, const struct visit *visit)
{
	if (lowering->depth == DEPTH_LIMIT)
		return fail(lowering, CALLGATE_E_LIMIT);
	if (lowering->depth == lowering->stack_room) {
		uint32_t room = lowering->stack_room ? lowering->stack_room * 2 : 64;
		struct visit *stack = realloc(lowering->stack, room * sizeof(*stack));

		if (!stack)
			return fail(lowering, CALLGATE_E_NOMEM);
		lowering->stack = stack;
		lowering->stack_room = room;
	}
	lowering->stack[lowering->depth++] = *visit;
	return 0;
}

void lowering_release(struct lowering *lowering)
{
	free(lowering->memo);
	free(lowering->stack);
	asm_release(&lowering->graph);
}

/* ------------------------------------------------------------------ one word */

/* A test on one 32-bit word. */
struct half {
	enum test_op op;
	uint32_t mask, value;
	uint16_t word; /* offset in struct seccomp_data */
};

enum outcome { NEVER, ALWAYS, DEPENDS };

static enum outcome half_outcome(const struct half *half)
{
	switch (half->op) {
	case TEST_EQ:
		if (half->value & ~half->mask)
			return NEVER;
		return half->mask ? DEPENDS : ALWAYS;
	case TEST_GT:
		return half->value >= half->mask ? NEVER : DEPENDS;
	case TEST_GE:
		if (!half->value)
			return ALWAYS;
		return half->value > half->mask ? NEVER : DEPENDS;
	}
	return DEPENDS;
}

static bool half_is_bits(const struct half *half)
{
	bool one_bit = (half->mask & (half->mask - 1)) == 0;

	if (half->mask == UINT32_MAX)
		return false;
	return half->op == TEST_EQ ? !half->value || one_bit : half->op == TEST_GT && !half->value;
}

/* Whether the word is still in the accumulator afterwards. */
static bool half_keeps_word(const struct half *half)
{
	return half->mask == UINT32_MAX || half_is_bits(half);
}

/*
 * Bits:   jset #mask        (any of them set; EQ 0 swaps the branches)
 * Others: and #mask, jump   (no `and` for a full mask)
 */
static asm_ref half_emit(struct lowering *lowering, const struct half *half, asm_ref yes, asm_ref no)
{
	static const uint16_t jumps[] = { [TEST_EQ] = BPF_JEQ, [TEST_GT] = BPF_JGT, [TEST_GE] = BPF_JGE };
	struct asm_graph *graph = &lowering->graph;
	asm_ref jump;

	if (half_is_bits(half)) {
		if (half->op == TEST_EQ && !half->value)
			return asm_jump(graph, BPF_JSET, half->mask, no, yes);
		return asm_jump(graph, BPF_JSET, half->mask, yes, no);
	}
	jump = asm_jump(graph, jumps[half->op], half->value, yes, no);
	if (half->mask == UINT32_MAX)
		return jump;
	return asm_step(graph, BPF_ALU | BPF_AND | BPF_K, half->mask, jump);
}

/* ------------------------------------------------------------------ one test */

/* Where a test goes after its upper word: below the value there, equal, above. For EQ, above stands for "not equal". */
enum way { BELOW, EQUAL, ABOVE, WAYS };

struct plan {
	struct half upper, lower;
	bool may[WAYS];
	enum outcome equal;      /* when the upper word is equal: the lower word decides (DEPENDS), or it is decided */
	struct visit to[WAYS];   /* BELOW, ABOVE: where to; EQUAL: unused */
	struct visit lower_to[2]; /* after the lower word, or when `equal` has decided: no, yes */
};

/* A fact is kept only for a node that can use it: otherwise equal code would be made once per fact. */
static struct visit visit_of(const struct lowering *lowering, const struct node *node, struct fact fact)
{
	struct visit visit = { .node = node, .fact = fact };
	uint32_t mask = node->leaf ? 0 : (uint32_t)(node->test.mask >> 32);
	bool constant = !fact.except && fact.low == fact.high;

	if (node->leaf || node->test.arg != fact.arg || !mask || (mask != UINT32_MAX && !constant) ||
	    lowering->memo_count > MEMO_FACT_LIMIT)
		visit.fact = (struct fact){ .arg = FACT_NONE };
	return visit;
}

static struct fact fact_range(uint8_t arg, uint32_t low, uint32_t high)
{
	if (low == 0 && high == UINT32_MAX)
		return (struct fact){ .arg = FACT_NONE };
	return (struct fact){ .arg = arg, .low = low, .high = high };
}

/* The upper word is known not to be value, besides what was known. */
static struct fact fact_without(uint8_t arg, uint32_t value, uint32_t low, uint32_t high)
{
	if (value == low)
		return fact_range(arg, low + 1, high);
	if (value == high)
		return fact_range(arg, low, high - 1);
	if (low == 0 && high == UINT32_MAX)
		return (struct fact){ .arg = arg, .except = true, .low = value };
	return fact_range(arg, low, high);
}

/* Which ways the upper word can go, and what is known on each. */
static void plan_upper(struct plan *plan, const struct lowering *lowering, const struct visit *visit)
{
	const struct test *test = &visit->node->test;
	const struct node *above = test->op == TEST_EQ ? visit->node->no : visit->node->yes, *below = visit->node->no;
	uint32_t low = 0, high = plan->upper.mask, value = plan->upper.value;
	bool whole = plan->upper.mask == UINT32_MAX, ranged = visit->fact.arg == test->arg && !visit->fact.except;
	struct fact to_below = visit->fact, to_equal = visit->fact, to_above = visit->fact;

	if (ranged && (whole || visit->fact.low == visit->fact.high)) {
		low = visit->fact.low & plan->upper.mask;
		high = visit->fact.high & plan->upper.mask;
	}
	plan->may[BELOW] = low < value;
	plan->may[ABOVE] = high > value;
	plan->may[EQUAL] = low <= value && value <= high && !(value & ~plan->upper.mask);
	if (visit->fact.arg == test->arg && visit->fact.except && visit->fact.low == value)
		plan->may[EQUAL] = false;
	if (whole) {
		to_equal = fact_range(test->arg, value, value);
		if (test->op != TEST_EQ) {
			to_below = value ? fact_range(test->arg, low, value - 1) : to_below;
			to_above = value < high ? fact_range(test->arg, value + 1, high) : to_above;
		} else if (plan->may[EQUAL] && low < high) {
			to_above = fact_without(test->arg, value, low, high);
		}
	}
	if (test->op == TEST_EQ) {
		plan->may[ABOVE] = plan->may[ABOVE] || plan->may[BELOW];
		plan->may[BELOW] = false;
	}
	plan->to[BELOW] = visit_of(lowering, below, to_below);
	plan->to[ABOVE] = visit_of(lowering, above, to_above);
	plan->lower_to[0] = visit_of(lowering, visit->node->no, to_equal);
	plan->lower_to[1] = visit_of(lowering, visit->node->yes, to_equal);
}

static void plan_make(struct plan *plan, const struct lowering *lowering, const struct visit *visit)
{
	const struct test *test = &visit->node->test;
	uint16_t at = (uint16_t)(offsetof(struct seccomp_data, args) + 8 * test->arg);

	plan->upper = (struct half){ (enum test_op)test->op, (uint32_t)(test->mask >> 32), (uint32_t)(test->value >> 32),
		                     lowering->big_endian ? at : at + 4 };
	plan->lower = (struct half){ (enum test_op)test->op, (uint32_t)test->mask, (uint32_t)test->value,
		                     lowering->big_endian ? at + 4 : at };
	plan_upper(plan, lowering, visit);
	plan->equal = half_outcome(&plan->lower);
}

static bool plan_needs_upper(const struct plan *plan)
{
	return plan->may[BELOW] + plan->may[EQUAL] + plan->may[ABOVE] > 1;
}

/* The accumulator after the upper word: only EQ over some bits by jset keeps it under a mask. */
static uint16_t plan_upper_word(const struct plan *plan)
{
	bool kept = plan->upper.mask == UINT32_MAX || (plan->upper.op == TEST_EQ && half_keeps_word(&plan->upper));

	return kept && plan_needs_upper(plan) ? plan->upper.word : WORD_ANY;
}

/* Fills out with what must be made before this test; returns how many. */
static unsigned plan_children(const struct plan *plan, const struct visit *out[4])
{
	unsigned count = 0;

	if (plan->may[EQUAL] && plan->equal != ALWAYS)
		out[count++] = &plan->lower_to[0];
	if (plan->may[EQUAL] && plan->equal != NEVER)
		out[count++] = &plan->lower_to[1];
	if (plan->may[BELOW])
		out[count++] = &plan->to[BELOW];
	if (plan->may[ABOVE])
		out[count++] = &plan->to[ABOVE];
	return count;
}

/* A made decision, entered with this word in the accumulator. */
static asm_ref enter(struct lowering *lowering, struct entry entry, uint16_t word)
{
	if (entry.ref == ASM_NONE || entry.word == WORD_ANY || entry.word == word)
		return entry.ref;
	return asm_step(&lowering->graph, BPF_LD | BPF_W | BPF_ABS, entry.word, entry.ref);
}

static struct entry entry_of(const struct lowering *lowering, const struct visit *visit)
{
	return memo_slot(lowering, visit)->entry;
}

/* Instructions that were entered with word in the accumulator: whether they look at it. */
static struct entry entry_with(const struct lowering *lowering, asm_ref ref, uint16_t word)
{
	const struct asm_node *node = ref == ASM_NONE ? NULL : &lowering->graph.nodes[ref];
	bool fresh = !node || BPF_CLASS(node->code) == BPF_RET || BPF_CLASS(node->code) == BPF_LD;

	return (struct entry){ ref, fresh ? WORD_ANY : word };
}

static struct entry plan_lower_part(struct lowering *lowering, const struct plan *plan)
{
	uint16_t word = half_keeps_word(&plan->lower) ? plan->lower.word : WORD_ANY;
	asm_ref yes, no;

	if (plan->equal != DEPENDS)
		return entry_of(lowering, &plan->lower_to[plan->equal == ALWAYS]);
	no = enter(lowering, entry_of(lowering, &plan->lower_to[0]), word);
	yes = enter(lowering, entry_of(lowering, &plan->lower_to[1]), word);
	if (yes == no)
		return entry_with(lowering, yes, word);
	return (struct entry){ half_emit(lowering, &plan->lower, yes, no), plan->lower.word };
}

/* GT and GE on an upper word that can go all three ways, or two of them. to: ASM_NONE where it cannot go. */
static asm_ref emit_order(struct lowering *lowering, const struct half *half, const asm_ref to[WAYS])
{
	struct asm_graph *graph = &lowering->graph;
	uint32_t value = half->value;
	asm_ref ref;

	if (to[BELOW] == ASM_NONE)
		ref = asm_jump(graph, BPF_JEQ, value, to[EQUAL], to[ABOVE]);
	else if (to[ABOVE] == ASM_NONE)
		ref = asm_jump(graph, BPF_JEQ, value, to[EQUAL], to[BELOW]);
	else if (to[EQUAL] == ASM_NONE || to[EQUAL] == to[BELOW])
		ref = asm_jump(graph, BPF_JGT, value, to[ABOVE], to[BELOW]);
	else if (to[EQUAL] == to[ABOVE])
		ref = asm_jump(graph, BPF_JGE, value, to[ABOVE], to[BELOW]);
	else
		ref = asm_jump(graph, BPF_JGT, value, to[ABOVE], asm_jump(graph, BPF_JEQ, value, to[EQUAL], to[BELOW]));
	if (half->mask == UINT32_MAX)
		return ref;
	return asm_step(graph, BPF_ALU | BPF_AND | BPF_K, half->mask, ref);
}

static struct entry plan_emit(struct lowering *lowering, const struct plan *plan)
{
	struct entry made[WAYS] = { { ASM_NONE, WORD_ANY }, { ASM_NONE, WORD_ANY }, { ASM_NONE, WORD_ANY } };
	uint16_t word = plan_upper_word(plan);
	asm_ref to[WAYS], same = ASM_NONE;
	bool differ = false;

	if (plan->may[BELOW])
		made[BELOW] = entry_of(lowering, &plan->to[BELOW]);
	if (plan->may[ABOVE])
		made[ABOVE] = entry_of(lowering, &plan->to[ABOVE]);
	if (plan->may[EQUAL])
		made[EQUAL] = plan_lower_part(lowering, plan);
	if (!plan_needs_upper(plan))
		return made[plan->may[BELOW] ? BELOW : plan->may[ABOVE] ? ABOVE : EQUAL];
	for (unsigned way = 0; way < WAYS; way++) {
		to[way] = enter(lowering, made[way], word);
		if (!plan->may[way])
			continue;
		differ = differ || (same != ASM_NONE && to[way] != same);
		same = to[way];
	}
	if (!differ)
		return entry_with(lowering, same, word);
	if (plan->upper.op != TEST_EQ)
		return (struct entry){ emit_order(lowering, &plan->upper, to), plan->upper.word };
	return (struct entry){ half_emit(lowering, &plan->upper, to[EQUAL], to[ABOVE]), plan->upper.word };
}

/* ------------------------------------------------------------------ the graph of tests */

static struct entry leaf_entry(struct lowering *lowering, const struct node *node)
{
	if (node->opaque) {
		if (!lowering->code)
			lowering->opaque_pc = node->origin.line;
		fail(lowering, CALLGATE_E_UNSUPPORTED);
		return (struct entry){ ASM_NONE, WORD_ANY };
	}
	return (struct entry){ asm_ret(&lowering->graph, action_word(node->action)), WORD_ANY };
}

/* Makes the node on top of the stack, or puts on top what it needs first. */
static void visit_top(struct lowering *lowering)
{
	struct visit visit = lowering->stack[lowering->depth - 1];
	const struct visit *children[4];
	unsigned count, waiting = lowering->depth;
	struct plan plan;

	if (memo_slot(lowering, &visit)->node) {
		lowering->depth--;
		return;
	}
	if (visit.node->leaf) {
		memo_put(lowering, &visit, leaf_entry(lowering, visit.node));
		return;
	}
	plan_make(&plan, lowering, &visit);
	count = plan_children(&plan, children);
	for (unsigned i = 0; i < count; i++)
		if (!memo_slot(lowering, children[i])->node && visit_push(lowering, children[i]))
			return;
	if (lowering->depth == waiting)
		memo_put(lowering, &visit, plan_emit(lowering, &plan));
}

asm_ref lower_decision(struct lowering *lowering, const struct node *node)
{
	struct visit visit = { .node = node, .fact = { .arg = FACT_NONE } };

	if (!lowering->memo && !memo_grow(lowering))
		fail(lowering, CALLGATE_E_NOMEM);
	if (!lowering->code)
		visit_push(lowering, &visit);
	while (lowering->depth && !lowering->code && !lowering->graph.failed)
		visit_top(lowering);
	if (lowering->code || lowering->graph.failed)
		return ASM_NONE;
	return enter(lowering, entry_of(lowering, &visit), WORD_ANY);
}
