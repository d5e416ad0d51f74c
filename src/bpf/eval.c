/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Eval: the interpreter. What the kernel would answer for one call, and what its allow bitmap makes of one. */
#include <linux/seccomp.h>

#include "bpf/prog.h"

struct machine {
	uint32_t a, x;
	uint32_t memory[BPF_MEMWORDS];
	struct prog_trace *trace; /* NULL: nobody asks */
	uint32_t from, mask;      /* a is the word at this offset under this mask; from FROM_ELSEWHERE: it is not */
};

enum { FROM_ELSEWHERE = UINT16_MAX };

static uint32_t load(const struct callgate_prog *prog, const struct prog_data *data, uint32_t offset)
{
	unsigned arg = (offset - offsetof(struct seccomp_data, args)) / 8;
	bool upper = (offset % 8 == 4) != prog->big_endian;

	if (offset == offsetof(struct seccomp_data, nr))
		return data->nr;
	if (offset == offsetof(struct seccomp_data, arch))
		return data->audit;
	if (offset < offsetof(struct seccomp_data, args))
		return (uint32_t)(upper ? data->ip >> 32 : data->ip);
	return (uint32_t)(upper ? data->args[arg] >> 32 : data->args[arg]);
}

/* False: division by zero, upon which the kernel lets the program return 0. */
static bool compute(struct machine *machine, uint16_t code, uint32_t operand)
{
	switch (BPF_OP(code)) {
	case BPF_ADD:
		machine->a += operand;
		break;
	case BPF_SUB:
		machine->a -= operand;
		break;
	case BPF_MUL:
		machine->a *= operand;
		break;
	case BPF_DIV:
		if (!operand)
			return false;
		machine->a /= operand;
		break;
	case BPF_AND:
		machine->a &= operand;
		break;
	case BPF_OR:
		machine->a |= operand;
		break;
	case BPF_XOR:
		machine->a ^= operand;
		break;
	case BPF_LSH: /* a count from X is taken modulo 32, as the kernel's interpreter and JIT do */
		machine->a <<= operand & 31;
		break;
	case BPF_RSH:
		machine->a >>= operand & 31;
		break;
	case BPF_NEG:
		machine->a = -machine->a;
		break;
	}
	return true;
}

static bool taken(uint16_t code, uint32_t a, uint32_t operand)
{
	switch (BPF_OP(code)) {
	case BPF_JEQ:
		return a == operand;
	case BPF_JGT:
		return a > operand;
	case BPF_JGE:
		return a >= operand;
	default: /* BPF_JSET */
		return (a & operand) != 0;
	}
}

static uint32_t loaded(const struct callgate_prog *prog, const struct prog_data *data, const struct machine *machine,
		       const struct sock_filter *insn)
{
	switch (BPF_MODE(insn->code)) {
	case BPF_ABS:
		return load(prog, data, insn->k);
	case BPF_MEM:
		return machine->memory[insn->k];
	case BPF_LEN:
		return sizeof(struct seccomp_data);
	default: /* BPF_IMM */
		return insn->k;
	}
}

/* Where the accumulator comes from, for those who look for values that make a difference. */
static void follow(struct machine *machine, const struct sock_filter *insn)
{
	if (insn->code == (BPF_LD | BPF_W | BPF_ABS)) {
		machine->from = insn->k;
		machine->mask = UINT32_MAX;
	} else if (insn->code == (BPF_ALU | BPF_AND | BPF_K)) {
		machine->mask &= insn->k;
	} else if (BPF_CLASS(insn->code) == BPF_JMP && BPF_OP(insn->code) != BPF_JA) {
		struct prog_trace *trace = machine->trace;

		if (machine->from != FROM_ELSEWHERE && BPF_SRC(insn->code) == BPF_K && trace->count < PROG_TRACE)
			trace->seen[trace->count++] = (struct prog_compare){ machine->from, machine->mask, insn->k };
	} else if (BPF_CLASS(insn->code) == BPF_LD || BPF_CLASS(insn->code) == BPF_ALU ||
		   insn->code == (BPF_MISC | BPF_TXA)) {
		machine->from = FROM_ELSEWHERE;
	}
}

uint32_t prog_eval(const struct callgate_prog *prog, const struct prog_data *data, unsigned *steps)
{
	return prog_eval_traced(prog, data, steps, NULL);
}

uint32_t prog_eval_traced(const struct callgate_prog *prog, const struct prog_data *data, unsigned *steps,
			  struct prog_trace *trace)
{
	struct machine machine = { .trace = trace, .from = FROM_ELSEWHERE };
	unsigned done = 0, pc;
	uint32_t answer = 0;

	for (pc = 0; pc < prog->count; pc++) {
		const struct sock_filter *insn = &prog->insns[pc];
		uint32_t operand = BPF_SRC(insn->code) == BPF_X ? machine.x : insn->k;

		done++;
		if (trace)
			follow(&machine, insn);
		if (BPF_CLASS(insn->code) == BPF_LD) {
			machine.a = loaded(prog, data, &machine, insn);
		} else if (BPF_CLASS(insn->code) == BPF_LDX) {
			machine.x = loaded(prog, data, &machine, insn);
		} else if (BPF_CLASS(insn->code) == BPF_ST) {
			machine.memory[insn->k] = machine.a;
		} else if (BPF_CLASS(insn->code) == BPF_STX) {
			machine.memory[insn->k] = machine.x;
		} else if (BPF_CLASS(insn->code) == BPF_ALU) {
			if (!compute(&machine, insn->code, operand))
				break;
		} else if (BPF_CLASS(insn->code) == BPF_JMP) {
			if (BPF_OP(insn->code) == BPF_JA)
				pc += insn->k;
			else
				pc += taken(insn->code, machine.a, operand) ? insn->jt : insn->jf;
		} else if (BPF_CLASS(insn->code) == BPF_RET) {
			answer = BPF_RVAL(insn->code) == BPF_A ? machine.a : insn->k;
			break;
		} else if (BPF_MISCOP(insn->code) == BPF_TAX) {
			machine.x = machine.a;
		} else {
			machine.a = machine.x;
		}
	}
	if (steps)
		*steps = done;
	return answer;
}
