/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bitmap: what the kernel finds out about a filter once, when it is loaded. */
#include "tests/unit/bitmap.h"

#include <linux/seccomp.h>
#include <stddef.h>

static bool is_taken(uint16_t code, uint32_t a, uint32_t operand)
{
	unsigned op = BPF_OP(code);

	return op == BPF_JSET ? a & operand : (a == operand && op != BPF_JGT) || (a > operand && op != BPF_JEQ);
}

bool prog_bitmap(const struct callgate_prog *prog, uint32_t audit, uint32_t nr)
{
	uint32_t a = 0;

	for (unsigned pc = 0; pc < prog->count; pc++) {
		const struct sock_filter *insn = &prog->insns[pc];

		switch (insn->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			if (insn->k != offsetof(struct seccomp_data, nr) &&
			    insn->k != offsetof(struct seccomp_data, arch))
				return false;
			a = insn->k == offsetof(struct seccomp_data, nr) ? nr : audit;
			break;
		case BPF_RET | BPF_K:
			return insn->k == SECCOMP_RET_ALLOW;
		case BPF_JMP | BPF_JA:
			pc += insn->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
		case BPF_JMP | BPF_JGT | BPF_K:
		case BPF_JMP | BPF_JGE | BPF_K:
		case BPF_JMP | BPF_JSET | BPF_K:
			pc += is_taken(insn->code, a, insn->k) ? insn->jt : insn->jf;
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= insn->k;
			break;
		default:
			return false;
		}
	}
	return false;
}
