/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asm: making instruction nodes once, and laying them out from the last instruction to the first. */
#include "bpf/asm.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

/* ------------------------------------------------------------------ the graph */

static uint32_t node_hash(const struct asm_node *node)
{
	uint64_t h = ((uint64_t)node->code << 32 | node->k) * 0x9e3779b97f4a7c15u;

	h ^= h >> 29;
	h = (h ^ ((uint64_t)(uint32_t)node->yes << 32 | (uint32_t)node->no)) * 0xbf58476d1ce4e5b9u;
	return (uint32_t)(h >> 32);
}

static bool node_same(const struct asm_node *a, const struct asm_node *b)
{
	return a->code == b->code && a->k == b->k && a->yes == b->yes && a->no == b->no;
}

static bool graph_grow(struct asm_graph *graph)
{
	uint32_t room = graph->room ? graph->room * 2 : 1024, slot_count = room * 2;
	struct asm_node *nodes = realloc(graph->nodes, room * sizeof(*nodes));
	uint32_t *slots = nodes ? calloc(slot_count, sizeof(*slots)) : NULL;

	if (nodes)
		graph->nodes = nodes;
	if (!slots)
		return false;
	for (uint32_t i = 0; i < graph->count; i++) {
		uint32_t at = node_hash(&nodes[i]) & (slot_count - 1);

		while (slots[at])
			at = (at + 1) & (slot_count - 1);
		slots[at] = i + 1;
	}
	free(graph->slots);
	graph->slots = slots;
	graph->slot_count = slot_count;
	graph->room = room;
	return true;
}

static asm_ref graph_fail(struct asm_graph *graph, int code)
{
	if (!graph->failed)
		graph->failed = code;
	return ASM_NONE;
}

static asm_ref graph_intern(struct asm_graph *graph, const struct asm_node *wanted)
{
	uint32_t at;

	if (graph->count == graph->room && !graph_grow(graph))
		return graph_fail(graph, CALLGATE_E_NOMEM);
	for (at = node_hash(wanted) & (graph->slot_count - 1); graph->slots[at];
	     at = (at + 1) & (graph->slot_count - 1))
		if (node_same(&graph->nodes[graph->slots[at] - 1], wanted))
			return (asm_ref)graph->slots[at] - 1;
	if (graph->count == ASM_NODE_LIMIT || wanted->longest > PROG_LIMIT)
		return graph_fail(graph, CALLGATE_E_LIMIT);
	graph->nodes[graph->count] = *wanted;
	graph->slots[at] = ++graph->count;
	return (asm_ref)graph->count - 1;
}

static uint32_t sum(uint32_t a, uint32_t b)
{
	return a > UINT32_MAX - b ? UINT32_MAX : a + b;
}

asm_ref asm_ret(struct asm_graph *graph, uint32_t word)
{
	struct asm_node node = {
		.code = BPF_RET | BPF_K, .k = word, .longest = 1, .size = 1, .yes = ASM_NONE, .no = ASM_NONE
	};

	return graph->failed ? ASM_NONE : graph_intern(graph, &node);
}

/* Whatever the accumulator holds. */
static bool is_fresh(const struct asm_graph *graph, asm_ref ref)
{
	uint16_t class = BPF_CLASS(graph->nodes[ref].code);

	return class == BPF_RET || class == BPF_LD;
}

static asm_ref step(struct asm_graph *graph, uint16_t code, uint32_t k, asm_ref next)
{
	struct asm_node node = { .code = code, .k = k, .yes = next, .no = ASM_NONE };

	if (graph->failed || next == ASM_NONE)
		return ASM_NONE;
	if (is_fresh(graph, next))
		return next;
	node.longest = graph->nodes[next].longest + 1;
	node.size = sum(graph->nodes[next].size, 1);
	return graph_intern(graph, &node);
}

asm_ref asm_load(struct asm_graph *graph, uint32_t offset, asm_ref next)
{
	return step(graph, BPF_LD | BPF_W | BPF_ABS, offset, next);
}

asm_ref asm_and(struct asm_graph *graph, uint32_t mask, asm_ref next)
{
	return step(graph, BPF_ALU | BPF_AND | BPF_K, mask, next);
}

asm_ref asm_jump(struct asm_graph *graph, uint16_t code, uint32_t k, asm_ref yes, asm_ref no)
{
	struct asm_node node = { .code = BPF_JMP | BPF_K | code, .k = k, .yes = yes, .no = no };
	uint16_t longer;

	if (graph->failed || yes == ASM_NONE || no == ASM_NONE)
		return ASM_NONE;
	if (yes == no || (code == BPF_JGE && k == 0))
		return yes;
	if ((code == BPF_JGT && k == UINT32_MAX) || (code == BPF_JSET && k == 0))
		return no;
	longer = graph->nodes[yes].longest > graph->nodes[no].longest ? graph->nodes[yes].longest
								      : graph->nodes[no].longest;
	node.longest = longer + 1;
	node.size = sum(sum(graph->nodes[yes].size, graph->nodes[no].size), 1);
	return graph_intern(graph, &node);
}

void asm_release(struct asm_graph *graph)
{
	free(graph->nodes);
	free(graph->slots);
	*graph = (struct asm_graph){ 0 };
}

/* ------------------------------------------------------------------ the layout */

enum { REACH = 255 }; /* of a conditional jump */

/* Instructions are put from the last to the first: position 0 is the end of the program. */
struct layout {
	const struct asm_graph *graph;
	struct sock_filter *insns; /* by position, turned round at the end */
	int32_t *at;               /* by node: position of the newest real copy, -1: not yet */
	int32_t *near;             /* by node: position of the newest `ja` to it, -1: none */
	int32_t *stack;            /* nodes to put; depth is at most one path's jumps, two entries each */
	unsigned count;
};

static int layout_put(struct layout *layout, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf)
{
	if (layout->count == PROG_LIMIT)
		return CALLGATE_E_LIMIT;
	layout->insns[layout->count++] = (struct sock_filter){ .code = code, .k = k, .jt = jt, .jf = jf };
	return 0;
}

/* The distance from the instruction that is put next to a copy of ref, or -1 when none is within reach. */
static int layout_distance(const struct layout *layout, asm_ref ref, unsigned reach)
{
	unsigned real = layout->count - (unsigned)layout->at[ref] - 1;

	if (real <= reach)
		return (int)real;
	if (layout->near[ref] < 0)
		return -1;
	real = layout->count - (unsigned)layout->near[ref] - 1;
	return real <= reach ? (int)real : -1;
}

/* Brings ref into reach: a RET is said again, anything else costs one `ja`. */
static int layout_bring(struct layout *layout, asm_ref ref)
{
	const struct asm_node *node = &layout->graph->nodes[ref];
	unsigned distance = layout->count - (unsigned)layout->at[ref] - 1;
	int r;

	if (BPF_CLASS(node->code) == BPF_RET) {
		r = layout_put(layout, node->code, node->k, 0, 0);
		layout->at[ref] = (int32_t)layout->count - 1;
	} else {
		r = layout_put(layout, BPF_JMP | BPF_JA, distance, 0, 0);
		layout->near[ref] = (int32_t)layout->count - 1;
	}
	return r;
}

/* Puts a node whose targets have been put. */
static int layout_node(struct layout *layout, asm_ref ref)
{
	const struct asm_node *node = &layout->graph->nodes[ref];
	int yes = 0, no = 0, r = 0;

	if (BPF_CLASS(node->code) == BPF_JMP) {
		/* Bringing one nearer moves the other one instruction away: look again until both are in reach. */
		do {
			yes = layout_distance(layout, node->yes, REACH);
			no = layout_distance(layout, node->no, REACH);
			if (yes < 0 || no < 0)
				r = layout_bring(layout, yes < 0 ? node->yes : node->no);
		} while (!r && (yes < 0 || no < 0));
	} else if (BPF_CLASS(node->code) != BPF_RET && layout_distance(layout, node->yes, 0) < 0) {
		r = layout_bring(layout, node->yes);
	}
	if (!r)
		r = layout_put(layout, node->code, node->k, (uint8_t)yes, (uint8_t)no);
	layout->at[ref] = (int32_t)layout->count - 1;
	return r;
}

/* Depth first; of two targets the larger first, so that the smaller lies between it and the jump. */
static int layout_walk(struct layout *layout, asm_ref root)
{
	const struct asm_node *nodes = layout->graph->nodes;
	unsigned depth = 0;
	int r = 0;

	layout->stack[depth++] = root;
	while (depth && !r) {
		asm_ref ref = layout->stack[depth - 1], first = nodes[ref].yes, second = nodes[ref].no;

		if (first != ASM_NONE && second != ASM_NONE && nodes[second].size > nodes[first].size) {
			first = nodes[ref].no;
			second = nodes[ref].yes;
		}
		if (layout->at[ref] >= 0) {
			depth--;
		} else if (first != ASM_NONE && layout->at[first] < 0) {
			layout->stack[depth++] = first;
		} else if (second != ASM_NONE && layout->at[second] < 0) {
			layout->stack[depth++] = second;
		} else {
			r = layout_node(layout, ref);
			depth--;
		}
	}
	return r;
}

int asm_assemble(const struct asm_graph *graph, asm_ref root, struct sock_filter *insns, unsigned *count,
		 struct callgate_err *err)
{
	struct layout layout = { .graph = graph, .insns = insns };
	int r = graph->failed;

	if (!r) {
		layout.at = malloc(graph->count * 2 * sizeof(*layout.at));
		layout.stack = malloc((PROG_LIMIT + 1) * sizeof(*layout.stack));
		if (layout.at && layout.stack) {
			memset(layout.at, 0xff, graph->count * 2 * sizeof(*layout.at));
			layout.near = layout.at + graph->count;
			r = layout_walk(&layout, root);
		} else {
			r = CALLGATE_E_NOMEM;
		}
		free(layout.at);
		free(layout.stack);
	}
	if (r == CALLGATE_E_LIMIT)
		return err_set(err, r, "the filter needs more than %d BPF instructions, which is the kernel's limit",
			       PROG_LIMIT);
	if (r)
		return err_nomem(err);
	for (unsigned i = 0; i < layout.count / 2; i++) {
		struct sock_filter other = insns[i];

		insns[i] = insns[layout.count - 1 - i];
		insns[layout.count - 1 - i] = other;
	}
	*count = layout.count;
	return 0;
}
