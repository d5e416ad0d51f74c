/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Asm: a graph of instructions, and its layout. Classic BPF jumps forward only, so a node is made after its targets,
 * and equal (code, k, yes, no) are one node: equal tails are shared by construction, and there are no labels to fix up.
 *
 * What the accumulator holds is the caller's business: a node is an instruction, not a meaning.
 */
#ifndef CALLGATE_BPF_ASM_H
#define CALLGATE_BPF_ASM_H

#include "bpf/prog.h"

typedef int32_t asm_ref;
enum { ASM_NONE = -1 };

struct asm_node {
	uint16_t code;
	uint16_t longest; /* instructions executed at most from here on, this one included */
	uint32_t k;
	uint32_t size;   /* instructions from here on, shared ones counted again: a hint for the layout */
	asm_ref yes, no; /* jumps; others: yes is the next instruction; RET: both ASM_NONE */
};

/* Start from { 0 }. The first failure is remembered and every later call answers ASM_NONE: only asm_assemble() is
 * asked. */
struct asm_graph {
	struct asm_node *nodes;
	uint32_t *slots; /* hash table: node + 1, 0 is free */
	uint32_t count, room, slot_count;
	int failed; /* enum callgate_code */
};

enum { ASM_NODE_LIMIT = 16 * PROG_LIMIT };

asm_ref asm_ret(struct asm_graph *graph, uint32_t word);
/* The word of struct seccomp_data at this offset; what is in the accumulator & mask. Left out before a RET or a load,
 * which do not look at it. */
asm_ref asm_load(struct asm_graph *graph, uint32_t offset, asm_ref next);
asm_ref asm_and(struct asm_graph *graph, uint32_t mask, asm_ref next);
/*
 * code: BPF_JEQ, BPF_JGT, BPF_JGE or BPF_JSET, compared with the constant k. Jumps that always go one way are left out.
 */
asm_ref asm_jump(struct asm_graph *graph, uint16_t code, uint32_t k, asm_ref yes, asm_ref no);

/* Lays out what root reaches, root first. insns has room for PROG_LIMIT. E_LIMIT past it, or what failed before. */
int asm_assemble(const struct asm_graph *graph, asm_ref root, struct sock_filter *insns, unsigned *count,
		 struct callgate_err *err);
void asm_release(struct asm_graph *graph);

#endif
