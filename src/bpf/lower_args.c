/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lower, the arguments: a graph of 64-bit tests becomes a graph of tests on 32-bit words.
 *
 * A test looks at the upper word first, then at the lower one. What words turned out to be is remembered on the way
 * down (facts.c), so that a list of rules asks for each of them once; what the accumulator holds is known at every
 * step, so that no word is loaded or masked twice in a row.
 */
#include <linux/seccomp.h>
#include <stdlib.h>

#include "bpf/lower.h"
#include "names/words.h"

/* Past this many (node, facts) pairs facts are dropped: larger code, but never more work than nodes. A way down of more
 * tests than LOWER_TESTS_LIMIT is far past what fits into a program. */
enum { MEMO_LIMIT = 1 << 14, DEPTH_LIMIT = 4 * LOWER_TESTS_LIMIT };

struct visit {
	const struct node *node;
	struct facts facts;
};

struct plain {
	struct entry entry;
	uint16_t live;      /* words that are tested from here on */
	bool counted, made; /* live, entry are there */
};

struct memo {
	const struct node *node; /* NULL: free */
	struct facts facts;
	struct entry entry;
};

static int fail(struct lowering *lowering, int code)
{
	if (!lowering->code)
		lowering->code = code;
	return code;
}

int lowering_start(struct lowering *lowering, const struct callgate_filter *filter, enum lower_facts use)
{
	bool big_endian = lowering->big_endian;

	*lowering = (struct lowering){
		.use = use, .big_endian = big_endian, .node_count = filter->node_count, .ret = ASM_NONE
	};
	lowering->plain = calloc(filter->node_count ? filter->node_count : 1, sizeof(*lowering->plain));
	return lowering->plain ? 0 : fail(lowering, CALLGATE_E_NOMEM);
}

void lowering_release(struct lowering *lowering)
{
	free(lowering->plain);
	free(lowering->memo);
	free(lowering->stack);
	asm_release(&lowering->graph);
}

/* ------------------------------------------------------------------ memo and stack */

static struct memo *memo_slot(const struct lowering *lowering, const struct visit *visit)
{
	uint64_t h = (facts_hash(&visit->facts) ^ visit->node->id) * 0x9e3779b97f4a7c15u;
	uint32_t at;

	for (at = (uint32_t)(h >> 32) & (lowering->memo_size - 1); lowering->memo[at].node;
	     at = (at + 1) & (lowering->memo_size - 1))
		if (lowering->memo[at].node == visit->node && facts_same(&lowering->memo[at].facts, &visit->facts))
			break;
	return &lowering->memo[at];
}

static bool memo_grow(struct lowering *lowering)
{
	struct memo *old = lowering->memo;
	uint32_t old_size = lowering->memo_size;

	lowering->memo_size = old_size ? old_size * 2 : 64;
	lowering->memo = calloc(lowering->memo_size, sizeof(*lowering->memo));
	if (!lowering->memo) {
		lowering->memo = old;
		lowering->memo_size = old_size;
		return false;
	}
	for (uint32_t i = 0; i < old_size; i++)
		if (old[i].node)
			*memo_slot(lowering, &(struct visit){ old[i].node, old[i].facts }) = old[i];
	free(old);
	return true;
}

/* NULL: not made yet. */
static const struct entry *entry_of(const struct lowering *lowering, const struct visit *visit)
{
	const struct memo *memo;

	if (!visit->facts.count)
		return lowering->plain[visit->node->id].made ? &lowering->plain[visit->node->id].entry : NULL;
	memo = lowering->memo ? memo_slot(lowering, visit) : NULL;
	return memo && memo->node ? &memo->entry : NULL;
}

static void entry_put(struct lowering *lowering, const struct visit *visit, struct entry entry)
{
	if (!visit->facts.count) {
		lowering->plain[visit->node->id].entry = entry;
		lowering->plain[visit->node->id].made = true;
		return;
	}
	if (lowering->memo_count * 2 >= lowering->memo_size && !memo_grow(lowering)) {
		fail(lowering, CALLGATE_E_NOMEM);
		return;
	}
	*memo_slot(lowering, visit) = (struct memo){ visit->node, visit->facts, entry };
	lowering->memo_count++;
}

static int visit_push(struct lowering *lowering, const struct visit *visit)
{
	if (lowering->depth == DEPTH_LIMIT)
		return fail(lowering, CALLGATE_E_LIMIT);
	if (lowering->depth == lowering->stack_room) {
		uint32_t room = lowering->stack_room ? lowering->stack_room * 2 : 32;
		struct visit *stack = realloc(lowering->stack, room * sizeof(*stack));

		if (!stack)
			return fail(lowering, CALLGATE_E_NOMEM);
		lowering->stack = stack;
		lowering->stack_room = room;
	}
	lowering->stack[lowering->depth++] = *visit;
	return 0;
}

/* ------------------------------------------------------------------ one word */

static uint32_t word_offset(const struct lowering *lowering, uint8_t word)
{
	bool second = (word & 1) != lowering->big_endian;

	return (uint32_t)offsetof(struct seccomp_data, args) + 8u * (word / 2) + (second ? 4 : 0);
}

/* Answered by `jset`: any of some bits, or none of them. */
static bool half_is_bits(const struct half *half)
{
	bool one_bit = (half->mask & (half->mask - 1)) == 0;

	if (half->mask == UINT32_MAX)
		return false;
	return half->op == TEST_EQ ? !half->value || one_bit : half->op == TEST_GT && !half->value;
}

/* What the accumulator holds before the test, and still holds after it. */
static struct holding half_needs(const struct half *half)
{
	return (struct holding){ half_is_bits(half) ? UINT32_MAX : half->mask, half->word };
}

static asm_ref half_emit(struct lowering *lowering, const struct half *half, asm_ref yes, asm_ref no)
{
	static const uint16_t jumps[] = { [TEST_EQ] = BPF_JEQ, [TEST_GT] = BPF_JGT, [TEST_GE] = BPF_JGE };

	if (!half_is_bits(half))
		return asm_jump(&lowering->graph, jumps[half->op], half->value, yes, no);
	if (half->op == TEST_EQ && !half->value)
		return asm_jump(&lowering->graph, BPF_JSET, half->mask, no, yes);
	return asm_jump(&lowering->graph, BPF_JSET, half->mask, yes, no);
}

/* Enters a decision with this in the accumulator: nothing, an `and`, or a load and perhaps an `and` come before it. */
static asm_ref enter(struct lowering *lowering, struct entry entry, struct holding has)
{
	struct asm_graph *graph = &lowering->graph;
	asm_ref ref = entry.ref;

	if (ref == ASM_NONE || entry.needs.word == WORD_ANY)
		return ref;
	if (has.word == entry.needs.word && has.mask == entry.needs.mask)
		return ref;
	if (entry.needs.mask != UINT32_MAX)
		ref = asm_and(graph, entry.needs.mask, ref);
	if (has.word == entry.needs.word && (has.mask & entry.needs.mask) == entry.needs.mask)
		return ref;
	return asm_load(graph, word_offset(lowering, entry.needs.word), ref);
}

/* ------------------------------------------------------------------ one test */

static void halves_of(const struct node *node, struct half halves[2])
{
	const struct test *test = &node->test;
	enum test_op op = (enum test_op)test->op;

	halves[0] = (struct half){ op, (uint32_t)(test->mask >> 32), (uint32_t)(test->value >> 32), 2 * test->arg + 1 };
	halves[1] = (struct half){ op, (uint32_t)test->mask, (uint32_t)test->value, 2 * test->arg };
}

/* Where a test goes after its upper word: for EQ, above means "not equal" and below is not used. */
struct plan {
	struct half upper, lower;
	bool may[WAYS];           /* the upper word */
	bool may_yes, may_no;     /* the lower word, when the upper one is equal */
	struct visit to[WAYS];    /* BELOW, ABOVE: where to; EQUAL: unused */
	struct visit lower_to[2]; /* no, yes */
};

static struct visit visit_of(const struct lowering *lowering, const struct node *node, const struct facts *facts)
{
	struct visit visit = { .node = node };
	struct half next[2];

	if (lowering->use == FACTS_UNUSED || lowering->memo_count > MEMO_LIMIT)
		return visit;
	halves_of(node, next);
	visit.facts = facts_for(facts, lowering->plain[node->id].live, next, 2);
	return visit;
}

static void plan_lower(struct plan *plan, const struct lowering *lowering, const struct node *node,
		       const struct facts *facts)
{
	const struct half *lower = &plan->lower;
	struct facts after;
	bool may[WAYS];

	facts_ways(facts, lower, may);
	plan->may_yes = (lower->op != TEST_GT && may[EQUAL]) || (lower->op != TEST_EQ && may[ABOVE]);
	plan->may_no = (lower->op == TEST_GT && may[EQUAL]) || (lower->op == TEST_EQ && may[ABOVE]) || may[BELOW];
	if (!plan->may_yes || !plan->may_no) {
		plan->lower_to[plan->may_yes] = visit_of(lowering, plan->may_yes ? node->yes : node->no, facts);
		return;
	}
	if (lower->op == TEST_EQ) {
		after = facts_after(facts, lower, EQUAL);
		plan->lower_to[1] = visit_of(lowering, node->yes, &after);
		after = facts_after(facts, lower, ABOVE);
		plan->lower_to[0] = visit_of(lowering, node->no, &after);
	} else {
		/* a > v is not (a < v + 1): the boundary lies beside the value, which is inside the range here. */
		struct half above = *lower, below = *lower;

		if (lower->op == TEST_GE)
			above.value--;
		else
			below.value++;
		after = facts_after(facts, &above, ABOVE);
		plan->lower_to[1] = visit_of(lowering, node->yes, &after);
		after = facts_after(facts, &below, BELOW);
		plan->lower_to[0] = visit_of(lowering, node->no, &after);
	}
}

static void plan_make(struct plan *plan, const struct lowering *lowering, const struct visit *visit)
{
	const struct node *node = visit->node;
	struct facts after = visit->facts;
	struct half halves[2];
	unsigned ways;

	halves_of(node, halves);
	plan->upper = halves[0];
	plan->lower = halves[1];
	facts_ways(&visit->facts, &plan->upper, plan->may);
	if (plan->upper.op == TEST_EQ) {
		plan->may[ABOVE] = plan->may[ABOVE] || plan->may[BELOW];
		plan->may[BELOW] = false;
	}
	ways = plan->may[BELOW] + plan->may[EQUAL] + plan->may[ABOVE];
	if (plan->may[BELOW]) {
		if (ways > 1)
			after = facts_after(&visit->facts, &plan->upper, BELOW);
		plan->to[BELOW] = visit_of(lowering, node->no, &after);
	}
	if (plan->may[ABOVE]) {
		if (ways > 1)
			after = facts_after(&visit->facts, &plan->upper, ABOVE);
		plan->to[ABOVE] = visit_of(lowering, plan->upper.op == TEST_EQ ? node->no : node->yes, &after);
	}
	if (plan->may[EQUAL]) {
		if (ways > 1)
			after = facts_after(&visit->facts, &plan->upper, EQUAL);
		plan_lower(plan, lowering, node, &after);
	}
}

static bool plan_needs_upper(const struct plan *plan)
{
	return plan->may[BELOW] + plan->may[EQUAL] + plan->may[ABOVE] > 1;
}

/* Fills out with what must be made before this test; returns how many. */
static unsigned plan_children(const struct plan *plan, const struct visit *out[4])
{
	unsigned count = 0;

	if (plan->may[EQUAL] && plan->may_no)
		out[count++] = &plan->lower_to[0];
	if (plan->may[EQUAL] && plan->may_yes)
		out[count++] = &plan->lower_to[1];
	if (plan->may[BELOW])
		out[count++] = &plan->to[BELOW];
	if (plan->may[ABOVE])
		out[count++] = &plan->to[ABOVE];
	return count;
}

static struct entry plan_lower_part(struct lowering *lowering, const struct plan *plan)
{
	struct holding has = half_needs(&plan->lower);
	asm_ref yes, no;

	if (!plan->may_no || !plan->may_yes)
		return *entry_of(lowering, &plan->lower_to[plan->may_yes]);
	no = enter(lowering, *entry_of(lowering, &plan->lower_to[0]), has);
	yes = enter(lowering, *entry_of(lowering, &plan->lower_to[1]), has);
	return (struct entry){ half_emit(lowering, &plan->lower, yes, no), has };
}

/* GT and GE on an upper word that can go all three ways, or two of them. to: ASM_NONE where it cannot go. */
static asm_ref emit_order(struct lowering *lowering, const struct half *half, const asm_ref to[WAYS])
{
	struct asm_graph *graph = &lowering->graph;
	uint32_t value = half->value;

	if (to[BELOW] == ASM_NONE)
		return asm_jump(graph, BPF_JEQ, value, to[EQUAL], to[ABOVE]);
	if (to[ABOVE] == ASM_NONE)
		return asm_jump(graph, BPF_JEQ, value, to[EQUAL], to[BELOW]);
	if (to[EQUAL] == ASM_NONE || to[EQUAL] == to[BELOW])
		return asm_jump(graph, BPF_JGT, value, to[ABOVE], to[BELOW]);
	if (to[EQUAL] == to[ABOVE])
		return asm_jump(graph, BPF_JGE, value, to[ABOVE], to[BELOW]);
	return asm_jump(graph, BPF_JGT, value, to[ABOVE], asm_jump(graph, BPF_JEQ, value, to[EQUAL], to[BELOW]));
}

static struct entry plan_emit(struct lowering *lowering, const struct plan *plan)
{
	struct entry made[WAYS] = { { .ref = ASM_NONE }, { .ref = ASM_NONE }, { .ref = ASM_NONE } };
	struct holding has = { plan->upper.mask, plan->upper.word };
	asm_ref to[WAYS];

	if (plan->may[BELOW])
		made[BELOW] = *entry_of(lowering, &plan->to[BELOW]);
	if (plan->may[ABOVE])
		made[ABOVE] = *entry_of(lowering, &plan->to[ABOVE]);
	if (plan->may[EQUAL])
		made[EQUAL] = plan_lower_part(lowering, plan);
	if (!plan_needs_upper(plan))
		return made[plan->may[BELOW] ? BELOW : plan->may[ABOVE] ? ABOVE : EQUAL];
	if (plan->upper.op == TEST_EQ)
		has = half_needs(&plan->upper);
	for (unsigned way = 0; way < WAYS; way++)
		to[way] = enter(lowering, made[way], has);
	if (plan->upper.op != TEST_EQ)
		return (struct entry){ emit_order(lowering, &plan->upper, to), has };
	return (struct entry){ half_emit(lowering, &plan->upper, to[EQUAL], to[ABOVE]), has };
}

/* ------------------------------------------------------------------ the graph of tests */

static asm_ref leaf_ref(struct lowering *lowering, const struct node *node)
{
	uint32_t word;

	if (node->opaque) {
		lowering->opaque_pc = lowering->code ? lowering->opaque_pc : node->origin.line;
		fail(lowering, CALLGATE_E_UNSUPPORTED);
		return ASM_NONE;
	}
	/* Most leaves of a profile have one action, each with a place of its own. */
	word = action_word(node->action);
	if (lowering->ret == ASM_NONE || lowering->ret_word != word)
		lowering->ret = asm_ret(&lowering->graph, word);
	lowering->ret_word = word;
	return lowering->ret;
}

/* Makes the node on top of the stack, or puts on top what it needs first. */
static void visit_top(struct lowering *lowering)
{
	struct visit visit = lowering->stack[lowering->depth - 1];
	const struct visit *children[4];
	unsigned count, waiting = lowering->depth;
	struct plan plan;

	if (entry_of(lowering, &visit)) {
		lowering->depth--;
		return;
	}
	if (visit.node->leaf) {
		entry_put(lowering, &visit, (struct entry){ leaf_ref(lowering, visit.node), { .word = WORD_ANY } });
		return;
	}
	plan_make(&plan, lowering, &visit);
	count = plan_children(&plan, children);
	for (unsigned i = 0; i < count; i++)
		if (!entry_of(lowering, children[i]) && visit_push(lowering, children[i]))
			return;
	if (lowering->depth == waiting)
		entry_put(lowering, &visit, plan_emit(lowering, &plan));
}

/* The same for the words that are tested from a node on. */
static void count_top(struct lowering *lowering)
{
	const struct node *node = lowering->stack[lowering->depth - 1].node;
	struct plain *plain = &lowering->plain[node->id];
	const struct node *children[2] = { node->yes, node->no };
	unsigned waiting = lowering->depth;
	struct half halves[2];

	if (!plain->counted && !node->leaf) {
		for (unsigned i = 0; i < 2; i++)
			if (!lowering->plain[children[i]->id].counted &&
			    visit_push(lowering, &(struct visit){ .node = children[i] }))
				return;
		if (lowering->depth > waiting)
			return;
		halves_of(node, halves);
		plain->live = lowering->plain[node->yes->id].live | lowering->plain[node->no->id].live;
		for (unsigned i = 0; i < 2; i++)
			if (halves[i].mask)
				plain->live |= (uint16_t)(1u << halves[i].word);
	}
	plain->counted = true;
	lowering->depth--;
}

static asm_ref lower_leaf(struct lowering *lowering, const struct node *node)
{
	struct plain *plain = &lowering->plain[node->id];

	if (!plain->made) {
		plain->entry.ref = leaf_ref(lowering, node);
		plain->entry.needs.word = WORD_ANY;
		plain->made = true;
	}
	return plain->entry.ref;
}

/* Until nothing waits on the stack. */
static void walk(struct lowering *lowering, const struct node *node, void (*top)(struct lowering *lowering))
{
	if (!lowering->code)
		visit_push(lowering, &(struct visit){ .node = node });
	while (lowering->depth && !lowering->code && !lowering->graph.failed)
		top(lowering);
}

static asm_ref lower_tests(struct lowering *lowering, const struct node *node)
{
	walk(lowering, node, count_top);
	walk(lowering, node, visit_top);
	if (lowering->code || lowering->graph.failed)
		return ASM_NONE;
	return enter(lowering, lowering->plain[node->id].entry, (struct holding){ .word = WORD_ANY });
}

asm_ref lower_decision(struct lowering *lowering, const struct node *node)
{
	return node->leaf ? lower_leaf(lowering, node) : lower_tests(lowering, node);
}
