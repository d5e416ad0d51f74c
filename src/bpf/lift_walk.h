/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The walk of one audit architecture through a program. Private to lift. */
#ifndef CALLGATE_BPF_LIFT_WALK_H
#define CALLGATE_BPF_LIFT_WALK_H

#include "bpf/prog.h"
#include "bpf/ranges.h"
#include "filter/meaning.h"

/* What a program knows at an instruction. Scratch memory stands in a table of its own: it hardly ever changes. */
struct state {
	struct value a, x;
	uint32_t memory; /* index into memories */
};

struct memory {
	struct value words[BPF_MEMWORDS];
};

/* A set of numbers that waits at an instruction. */
struct waiting {
	uint32_t pc;
	struct state state;
	struct ranges set;
};

/* What an interval of numbers gets. */
struct piece {
	struct range range;
	const struct node *node;
};

/* Where a jump on an argument leads: a leaf, or another such jump. */
struct target {
	const struct node *node; /* leaf; NULL: jump */
	uint32_t jump;           /* index into jumps */
};

/* A jump on an argument, in one state. What hangs below it is worked out once. */
struct jump {
	uint32_t pc;
	struct state state;
	uint32_t context;      /* the set of numbers that it was worked out for; 0: numbers do not matter */
	bool opened, numbered; /* targets are known; the number or the architecture was asked below */
	struct target yes, no;
	const struct node *node; /* the result */
};

/* Past these a program is too complex: a real one stays far below. */
enum {
	JUMP_LIMIT = 1 << 15,
	PIECE_LIMIT = 1 << 13,
	PIECE_TOTAL = 1 << 15,
	MEMORY_LIMIT = 1 << 10,
	STEP_LIMIT = 1 << 22,
	JUMP_COST = 8 /* of looking one up, in steps */
};

#define LIFT_OTHER_ARCH 0 /* no architecture has this number */

struct lift {
	const struct callgate_prog *prog;
	struct callgate_filter *filter;
	uint32_t audit;            /* the architecture that is walked now */
	uint32_t live[PROG_LIMIT]; /* what is read later: bits 0..15 memory, 16 A, 17 X */
	uint64_t steps;
	/* Found in the walk of LIFT_OTHER_ARCH. */
	uint32_t *arches;
	size_t arch_count, arch_room;
	bool arch_odd;      /* the architecture is compared otherwise than by == */
	unsigned number_pc; /* the first instruction that asks for the number */

	struct waiting *waiting;
	size_t waiting_count, waiting_room;
	struct piece *pieces;
	size_t piece_count, piece_room, piece_total;
	struct memory *memories;
	size_t memory_count, memory_room;
	struct jump *jumps;
	size_t jump_count, jump_room;
	uint32_t *table; /* index + 1 into jumps */
	size_t table_size, table_used;
	uint32_t *open; /* jumps that wait for their targets */
	size_t open_count, open_room;
	uint32_t context;
	const struct node *unknown; /* what numbers get that were not worked out: the program is too complex */
	bool no_memory;             /* why something failed; else it was too complex */
};

int lift_new(const struct callgate_prog *prog, struct lift **out, struct callgate_err *err);
void lift_free(struct lift *lift);
/* Leaves pieces for all numbers, in ascending order. Where the program is too complex, what was not worked out gets
 * lift->unknown. */
int lift_walk(struct lift *lift, uint32_t audit, struct callgate_err *err);

/* lift_step.c: makes room for one more element in an array that doubles; answers the array, NULL: no memory (then said
 * in lift). */
void *lift_room(struct lift *lift, void *array, size_t count, size_t *room, size_t size);

/* lift_step.c: runs on from pc until something must be decided. */
enum outcome {
	OUT_LEAF,  /* *node */
	OUT_JUMP,  /* a jump on an argument at *pc */
	OUT_SPLIT, /* a jump at *pc whose answer differs within the set: *condition on the number */
	OUT_FAIL,
};
struct step {
	uint32_t pc;
	struct state state;
	const struct ranges *set;
	bool numbered; /* the number or the architecture was asked on the way */
	const struct node *node;
	struct condition condition;
	struct ranges holds; /* OUT_SPLIT: the numbers for which it holds; the caller releases it */
};
enum outcome lift_step(struct lift *lift, struct step *step);
/* The condition of the jump at pc. */
struct condition lift_condition(const struct lift *lift, uint32_t pc, const struct state *state);
void lift_find_live(struct lift *lift);
/* Forgets what is not read from pc on, so that states that differ in nothing that counts are one. False: no room. */
bool lift_settle(struct lift *lift, uint32_t pc, struct state *state);

#endif
