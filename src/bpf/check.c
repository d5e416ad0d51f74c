/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Check: the kernel's rules for a seccomp program, so that a bad one is refused here, with the instruction's number. */
#include <linux/seccomp.h>

#include "base/err.h"
#include "bpf/prog.h"

static int refuse(struct callgate_err *err, unsigned pc, const char *why)
{
	int r = err_set(err, CALLGATE_E_PROFILE, "instruction %u: %s", pc, why);

	err_set_place(err, NULL, pc, 0);
	return r;
}

/* The opcodes that seccomp admits: fewer than a socket filter's (no MOD, no half words or bytes, no indirect loads). */
static bool code_admitted(uint16_t code)
{
	switch (code) {
	case BPF_LD | BPF_W | BPF_ABS:
	case BPF_LD | BPF_W | BPF_LEN:
	case BPF_LD | BPF_IMM:
	case BPF_LD | BPF_MEM:
	case BPF_LDX | BPF_W | BPF_LEN:
	case BPF_LDX | BPF_IMM:
	case BPF_LDX | BPF_MEM:
	case BPF_ST:
	case BPF_STX:
	case BPF_ALU | BPF_NEG:
	case BPF_JMP | BPF_JA:
	case BPF_RET | BPF_K:
	case BPF_RET | BPF_A:
	case BPF_MISC | BPF_TAX:
	case BPF_MISC | BPF_TXA:
		return true;
	}
	switch (code & ~BPF_X) {
	case BPF_ALU | BPF_ADD:
	case BPF_ALU | BPF_SUB:
	case BPF_ALU | BPF_MUL:
	case BPF_ALU | BPF_DIV:
	case BPF_ALU | BPF_AND:
	case BPF_ALU | BPF_OR:
	case BPF_ALU | BPF_XOR:
	case BPF_ALU | BPF_LSH:
	case BPF_ALU | BPF_RSH:
	case BPF_JMP | BPF_JEQ:
	case BPF_JMP | BPF_JGT:
	case BPF_JMP | BPF_JGE:
	case BPF_JMP | BPF_JSET:
		return true;
	}
	return false;
}

static bool is_memory(uint16_t code)
{
	return code == BPF_ST || code == BPF_STX || code == (BPF_LD | BPF_MEM) || code == (BPF_LDX | BPF_MEM);
}

/* What is wrong with one instruction by itself; left: how many come after it. NULL: nothing. */
static const char *insn_wrong(const struct sock_filter *insn, unsigned left)
{
	if (!code_admitted(insn->code))
		return "an opcode that seccomp does not admit";
	if (insn->code == (BPF_LD | BPF_W | BPF_ABS) && insn->k % 4)
		return "a load that is not aligned";
	if (insn->code == (BPF_LD | BPF_W | BPF_ABS) && insn->k >= sizeof(struct seccomp_data))
		return "a load from outside struct seccomp_data";
	if (is_memory(insn->code) && insn->k >= BPF_MEMWORDS)
		return "no such scratch memory word";
	if (insn->code == (BPF_ALU | BPF_DIV | BPF_K) && !insn->k)
		return "a division by zero";
	if ((insn->code == (BPF_ALU | BPF_LSH | BPF_K) || insn->code == (BPF_ALU | BPF_RSH | BPF_K)) && insn->k >= 32)
		return "a shift by 32 or more";
	if (insn->code == (BPF_JMP | BPF_JA) && insn->k >= left)
		return "a jump past the end";
	if (BPF_CLASS(insn->code) == BPF_JMP && insn->code != (BPF_JMP | BPF_JA) &&
	    (insn->jt >= left || insn->jf >= left))
		return "a jump past the end";
	return NULL;
}

/*
 * Scratch memory is read only where every way has written it. written[pc]: the words that every jump to pc brings. As
 * in the kernel, what was written flows on behind a RET, too: a program that it refuses must be refused here, and the
 * other way round.
 */
static int check_memory(const struct callgate_prog *prog, struct callgate_err *err)
{
	uint16_t written[PROG_LIMIT], now = 0;

	for (unsigned pc = 0; pc < prog->count; pc++)
		written[pc] = UINT16_MAX;
	for (unsigned pc = 0; pc < prog->count; pc++) {
		const struct sock_filter *insn = &prog->insns[pc];

		now &= written[pc];
		if (insn->code == BPF_ST || insn->code == BPF_STX) {
			now |= (uint16_t)(1u << insn->k);
		} else if (is_memory(insn->code)) {
			if (!(now & (1u << insn->k)))
				return refuse(err, pc, "scratch memory is read before it was written");
		} else if (insn->code == (BPF_JMP | BPF_JA)) {
			written[pc + 1 + insn->k] &= now;
			now = UINT16_MAX;
		} else if (BPF_CLASS(insn->code) == BPF_JMP) {
			written[pc + 1 + insn->jt] &= now;
			written[pc + 1 + insn->jf] &= now;
			now = UINT16_MAX;
		}
	}
	return 0;
}

int prog_check(const struct callgate_prog *prog, struct callgate_err *err)
{
	if (!prog->count || prog->count > PROG_LIMIT)
		return refuse(err, 0, "a program has 1 to 4096 instructions");
	for (unsigned pc = 0; pc < prog->count; pc++) {
		const char *wrong = insn_wrong(&prog->insns[pc], prog->count - pc - 1);

		if (wrong)
			return refuse(err, pc, wrong);
	}
	if (BPF_CLASS(prog->insns[prog->count - 1].code) != BPF_RET)
		return refuse(err, prog->count - 1, "the last instruction does not return");
	return check_memory(prog, err);
}
