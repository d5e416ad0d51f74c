/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One straight run of a program with values that are partly unknown, up to the next decision. */
#include <string.h>

#include "bpf/lift_walk.h"

#include "names/words.h"
#include <stdlib.h>

/* Offsets into struct seccomp_data, and its size, which BPF_LEN loads. */
enum { AT_NR = 0, AT_ARCH = 4, AT_ARGS = 16, DATA_SIZE = 64 };
enum { LIVE_A = 16, LIVE_X = 17 };
enum { SCATTER_LIMIT = 1 << 13 }; /* a condition on the number that takes more looking is given up as opaque */

/* ------------------------------------------------------------------ what is read later */

void *lift_room(struct lift *lift, void *array, size_t count, size_t *room, size_t size)
{
	size_t wanted = *room ? *room * 2 : 64;

	if (count < *room)
		return array;
	array = realloc(array, wanted * size);
	if (array)
		*room = wanted;
	else
		lift->no_memory = true;
	return array;
}

static uint32_t live_before(const struct sock_filter *insn, uint32_t after)
{
	const uint32_t a = 1u << LIVE_A, x = 1u << LIVE_X;
	uint32_t used_x = BPF_SRC(insn->code) == BPF_X ? x : 0;

	switch (BPF_CLASS(insn->code)) {
	case BPF_LD:
		after &= ~a;
		return BPF_MODE(insn->code) == BPF_MEM ? after | 1u << (insn->k & 15) : after;
	case BPF_LDX:
		after &= ~x;
		return BPF_MODE(insn->code) == BPF_MEM ? after | 1u << (insn->k & 15) : after;
	case BPF_ST:
		return (after & ~(1u << (insn->k & 15))) | a;
	case BPF_STX:
		return (after & ~(1u << (insn->k & 15))) | x;
	case BPF_ALU:
		return after | a | (BPF_OP(insn->code) == BPF_NEG ? 0 : used_x);
	case BPF_JMP:
		return BPF_OP(insn->code) == BPF_JA ? after : after | a | used_x;
	case BPF_RET:
		return BPF_RVAL(insn->code) == BPF_A ? a : 0;
	default:
		return BPF_MISCOP(insn->code) == BPF_TAX ? (after & ~x) | a : (after & ~a) | x;
	}
}

void lift_find_live(struct lift *lift)
{
	for (uint32_t pc = lift->prog->count; pc-- > 0;) {
		const struct sock_filter *insn = &lift->prog->insns[pc];
		uint32_t after = 0;

		if (BPF_CLASS(insn->code) == BPF_JMP && BPF_OP(insn->code) == BPF_JA)
			after = lift->live[pc + 1 + insn->k];
		else if (BPF_CLASS(insn->code) == BPF_JMP)
			after = lift->live[pc + 1 + insn->jt] | lift->live[pc + 1 + insn->jf];
		else if (BPF_CLASS(insn->code) != BPF_RET)
			after = lift->live[pc + 1];
		lift->live[pc] = live_before(insn, after);
	}
}

/* ------------------------------------------------------------------ scratch memory */

static bool memory_intern(struct lift *lift, const struct memory *wanted, uint32_t *out)
{
	struct memory *memories;

	lift->steps += lift->memory_count;
	for (size_t i = 0; i < lift->memory_count; i++)
		if (memcmp(&lift->memories[i], wanted, sizeof(*wanted)) == 0) {
			*out = (uint32_t)i;
			return true;
		}
	if (lift->memory_count >= MEMORY_LIMIT)
		return false;
	memories = lift_room(lift, lift->memories, lift->memory_count, &lift->memory_room, sizeof(*memories));
	if (!memories)
		return false;
	lift->memories = memories;
	memories[lift->memory_count] = *wanted;
	*out = (uint32_t)lift->memory_count++;
	return true;
}

static bool store(struct lift *lift, struct state *state, uint32_t k, struct value value)
{
	struct memory memory = lift->memories[state->memory];

	memory.words[k & 15] = value;
	return memory_intern(lift, &memory, &state->memory);
}

bool lift_settle(struct lift *lift, uint32_t pc, struct state *state)
{
	uint32_t live = lift->live[pc];
	struct memory memory;

	if (!(live & 1u << LIVE_A))
		state->a = value_const(0);
	if (!(live & 1u << LIVE_X))
		state->x = value_const(0);
	if (!state->memory)
		return true;
	memory = lift->memories[state->memory];
	for (unsigned i = 0; i < BPF_MEMWORDS; i++)
		if (!(live & 1u << i))
			memory.words[i] = value_const(0);
	return memory_intern(lift, &memory, &state->memory);
}

/* ------------------------------------------------------------------ instructions */

static struct value load(struct lift *lift, struct step *step, uint32_t offset)
{
	unsigned word = (offset - AT_ARGS) / 4;

	if (offset == AT_NR)
		return value_word(VALUE_NR, 0);
	if (offset == AT_ARCH) {
		step->numbered = true;
		return lift->audit == LIFT_OTHER_ARCH ? value_word(VALUE_ARCH, 0) : value_const(lift->audit);
	}
	if (offset < AT_ARGS)
		return value_unknown(); /* the instruction pointer */
	return value_word(VALUE_ARG, lift->prog->big_endian ? word ^ 1 : word);
}

static struct value load_any(struct lift *lift, struct step *step, const struct sock_filter *insn)
{
	switch (BPF_MODE(insn->code)) {
	case BPF_IMM:
		return value_const(insn->k);
	case BPF_MEM:
		return lift->memories[step->state.memory].words[insn->k & 15];
	case BPF_LEN:
		return value_const(DATA_SIZE);
	default:
		return load(lift, step, insn->k);
	}
}

static enum outcome leaf(struct lift *lift, struct step *step, const struct node *node)
{
	step->node = node;
	(void)lift;
	return node ? OUT_LEAF : OUT_FAIL;
}

static enum outcome opaque(struct lift *lift, struct step *step)
{
	return leaf(lift, step, filter_opaque(lift->filter, step->pc));
}

static enum outcome leaf_word(struct lift *lift, struct step *step, uint32_t word)
{
	struct callgate_origin origin = { .why = CALLGATE_BY_PC, .file = lift->filter->name, .line = step->pc };

	return leaf(lift, step, filter_leaf(lift->filter, action_from_word(word), origin));
}

static struct value operand(const struct sock_filter *insn, const struct state *state)
{
	return BPF_SRC(insn->code) == BPF_X ? state->x : value_const(insn->k);
}

struct condition lift_condition(const struct lift *lift, uint32_t pc, const struct state *state)
{
	const struct sock_filter *insn = &lift->prog->insns[pc];

	return value_compare(BPF_OP(insn->code), state->a, operand(insn, state));
}

/* The architecture is none of those that are asked for by number: those are remembered and walked on their own. */
static bool other_arch_answers(struct lift *lift, const struct condition *condition)
{
	uint32_t audit = condition->above.value, *arches;

	if (condition->guard.op != WORD_YES || condition->above.op != WORD_EQ || condition->above.mask != UINT32_MAX) {
		lift->arch_odd = true;
		return false;
	}
	for (size_t i = 0; i < lift->arch_count; i++)
		if (lift->arches[i] == audit)
			return true;
	arches = lift_room(lift, lift->arches, lift->arch_count, &lift->arch_room, sizeof(*arches));
	if (arches) {
		lift->arches = arches;
		arches[lift->arch_count++] = audit;
	}
	return true;
}

/* A jump on the number: followed when all numbers of the set go one way. */
static enum outcome number_jump(struct lift *lift, struct step *step, bool *jumps)
{
	unsigned budget = SCATTER_LIMIT;
	enum answer answer;
	bool good;

	step->numbered = true;
	if (lift->audit == LIFT_OTHER_ARCH && step->pc < lift->number_pc)
		lift->number_pc = step->pc;
	good = ranges_of_condition(&step->condition, &budget, &step->holds);
	lift->steps += SCATTER_LIMIT - budget;
	if (!good)
		return opaque(lift, step);
	answer = ranges_answer(step->set, &step->holds);
	if (answer == ANSWER_BOTH)
		return OUT_SPLIT;
	*jumps = answer == ANSWER_YES;
	ranges_release(&step->holds);
	return OUT_JUMP;
}

/* OUT_JUMP: go on at the new pc. */
static enum outcome jump(struct lift *lift, struct step *step, const struct sock_filter *insn, bool *decided)
{
	bool jumps = false;
	enum outcome out;

	*decided = true;
	if (insn->jt == insn->jf) {
		step->pc += 1u + insn->jt;
		return OUT_JUMP;
	}
	step->condition = lift_condition(lift, step->pc, &step->state);
	switch (step->condition.is) {
	case CONDITION_UNKNOWN:
		return opaque(lift, step);
	case CONDITION_YES:
	case CONDITION_NO:
		jumps = step->condition.is == CONDITION_YES;
		break;
	case CONDITION_WORD:
		if (step->condition.source == VALUE_ARG) {
			*decided = false;
			return OUT_JUMP;
		}
		if (step->condition.source == VALUE_NR) {
			out = number_jump(lift, step, &jumps);
			if (out != OUT_JUMP)
				return out;
		} else {
			if (!other_arch_answers(lift, &step->condition))
				return opaque(lift, step);
			jumps = step->condition.negate;
		}
		break;
	}
	step->pc += 1u + (jumps ? insn->jt : insn->jf);
	return OUT_JUMP;
}

/* ALU on A. False: the path ends here, *out says how. */
static bool alu(struct lift *lift, struct step *step, const struct sock_filter *insn, enum outcome *out)
{
	struct value by = BPF_OP(insn->code) == BPF_NEG ? value_const(0) : operand(insn, &step->state);

	if (BPF_OP(insn->code) == BPF_DIV && (!value_is_const(&by) || by.flip == 0)) {
		/* The kernel ends the program with 0 when it divides by zero. */
		*out = value_is_const(&by) ? leaf_word(lift, step, 0) : opaque(lift, step);
		return false;
	}
	step->state.a = value_alu(BPF_OP(insn->code), step->state.a, by);
	return true;
}

static bool copy_or_store(struct lift *lift, struct step *step, const struct sock_filter *insn)
{
	struct state *state = &step->state;

	switch (BPF_CLASS(insn->code)) {
	case BPF_LD:
		state->a = load_any(lift, step, insn);
		return true;
	case BPF_LDX:
		state->x = load_any(lift, step, insn);
		return true;
	case BPF_ST:
		return store(lift, state, insn->k, state->a);
	case BPF_STX:
		return store(lift, state, insn->k, state->x);
	default:
		if (BPF_MISCOP(insn->code) == BPF_TAX)
			state->x = state->a;
		else
			state->a = state->x;
		return true;
	}
}

enum outcome lift_step(struct lift *lift, struct step *step)
{
	for (;;) {
		const struct sock_filter *insn = &lift->prog->insns[step->pc];
		enum outcome out = OUT_FAIL;
		bool decided;

		if (++lift->steps > STEP_LIMIT)
			return OUT_FAIL;
		switch (BPF_CLASS(insn->code)) {
		case BPF_RET:
			if (BPF_RVAL(insn->code) != BPF_A)
				return leaf_word(lift, step, insn->k);
			if (value_is_const(&step->state.a))
				return leaf_word(lift, step, step->state.a.flip);
			return opaque(lift, step);
		case BPF_JMP:
			if (BPF_OP(insn->code) == BPF_JA) {
				step->pc += 1u + insn->k;
				continue;
			}
			out = jump(lift, step, insn, &decided);
			if (out != OUT_JUMP || !decided)
				return out;
			continue;
		case BPF_ALU:
			if (!alu(lift, step, insn, &out))
				return out;
			break;
		default:
			if (!copy_or_store(lift, step, insn))
				return OUT_FAIL;
		}
		step->pc++;
	}
}
