/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Disasm: a program as a listing.
 *
 *      3  jge  #0x13b           -> 61          x86_64: execveat
 *
 * A pass from the first to the last instruction keeps what is certain at each one, whichever way leads there: the
 * architecture, and what the accumulator holds. Only that decides how a constant is commented on.
 */
#include <linux/seccomp.h>
#include <stdio.h>

#include "base/text.h"
#include "bpf/text.h"
#include "names/abi.h"
#include "names/words.h"

enum holds { HOLDS_OTHER, HOLDS_NR, HOLDS_ARCH };

struct known {
	bool reached;
	bool has_audit; /* audit is certain */
	enum holds holds;
	uint32_t audit;
};

/* What stays certain where two ways meet. */
static void known_meet(struct known *at, struct known other)
{
	if (!at->reached) {
		*at = other;
		return;
	}
	if (at->holds != other.holds)
		at->holds = HOLDS_OTHER;
	if (!other.has_audit || at->audit != other.audit)
		at->has_audit = false;
}

/* Hands on what is known after an instruction to those that may come next. */
static void known_step(struct known *known, const struct callgate_prog *prog, unsigned pc)
{
	const struct sock_filter *insn = &prog->insns[pc];
	struct known now = known[pc], taken;

	if (BPF_CLASS(insn->code) == BPF_RET || !now.reached)
		return;
	if (insn->code == (BPF_JMP | BPF_JA)) {
		known_meet(&known[pc + 1 + insn->k], now);
	} else if (BPF_CLASS(insn->code) == BPF_JMP) {
		taken = now;
		if (now.holds == HOLDS_ARCH && insn->code == (BPF_JMP | BPF_JEQ | BPF_K)) {
			taken.has_audit = true;
			taken.audit = insn->k;
		}
		known_meet(&known[pc + 1 + insn->jt], taken);
		known_meet(&known[pc + 1 + insn->jf], now);
	} else {
		bool to_a = BPF_CLASS(insn->code) == BPF_LD || BPF_CLASS(insn->code) == BPF_ALU ||
			    insn->code == (BPF_MISC | BPF_TXA);

		if (to_a)
			now.holds = HOLDS_OTHER;
		if (insn->code == (BPF_LD | BPF_W | BPF_ABS) && insn->k == offsetof(struct seccomp_data, nr))
			now.holds = HOLDS_NR;
		if (insn->code == (BPF_LD | BPF_W | BPF_ABS) && insn->k == offsetof(struct seccomp_data, arch))
			now.holds = HOLDS_ARCH;
		known_meet(&known[pc + 1], now);
	}
}

/* ------------------------------------------------------------------ one line */

static const char *mnemonic(uint16_t code)
{
	static const char *const alu[] = { "add", "sub", "mul", "div", "or", "and", "lsh", "rsh", "neg", "mod", "xor" };
	static const char *const jumps[] = { "ja", "jeq", "jgt", "jge", "jset" };

	switch (BPF_CLASS(code)) {
	case BPF_LD:
		return "ld";
	case BPF_LDX:
		return "ldx";
	case BPF_ST:
		return "st";
	case BPF_STX:
		return "stx";
	case BPF_ALU:
		return alu[BPF_OP(code) >> 4];
	case BPF_JMP:
		return jumps[BPF_OP(code) >> 4];
	case BPF_RET:
		return "ret";
	default:
		return BPF_MISCOP(code) == BPF_TAX ? "tax" : "txa";
	}
}

static bool has_operand(uint16_t code)
{
	return BPF_CLASS(code) != BPF_MISC && code != (BPF_ALU | BPF_NEG) && code != (BPF_JMP | BPF_JA);
}

static void add_operand(struct text *text, const struct sock_filter *insn)
{
	uint16_t class = BPF_CLASS(insn->code);

	if (class == BPF_ST || class == BPF_STX ||
	    ((class == BPF_LD || class == BPF_LDX) && BPF_MODE(insn->code) == BPF_MEM))
		text_add(text, "M[%u]", insn->k);
	else if ((class == BPF_LD || class == BPF_LDX) && BPF_MODE(insn->code) == BPF_LEN)
		text_add(text, "#len");
	else if (class == BPF_LD && BPF_MODE(insn->code) == BPF_ABS)
		text_add(text, "[%u]", insn->k);
	else if (class == BPF_RET && BPF_RVAL(insn->code) == BPF_A)
		text_add(text, "a");
	else if ((class == BPF_ALU || class == BPF_JMP) && BPF_SRC(insn->code) == BPF_X)
		text_add(text, "x");
	else
		text_add(text, "#0x%x", insn->k);
}

static void add_targets(struct text *text, const struct sock_filter *insn, unsigned pc)
{
	if (BPF_CLASS(insn->code) != BPF_JMP)
		return;
	if (insn->code == (BPF_JMP | BPF_JA))
		text_add(text, "-> %u", pc + 1 + insn->k);
	else if (insn->jt == insn->jf)
		text_add(text, "-> %u", pc + 1 + insn->jt);
	else if (insn->jt && insn->jf)
		text_add(text, "-> %u, else -> %u", pc + 1 + insn->jt, pc + 1 + insn->jf);
	else if (insn->jt)
		text_add(text, "-> %u", pc + 1 + insn->jt);
	else
		text_add(text, "else -> %u", pc + 1 + insn->jf);
}

static void add_load_comment(struct text *text, const struct callgate_prog *prog, uint32_t offset)
{
	uint32_t args = offsetof(struct seccomp_data, args);
	const char *half = (offset % 8 == 4) != prog->big_endian ? "upper" : "lower";

	if (offset == offsetof(struct seccomp_data, nr))
		text_add(text, "syscall number");
	else if (offset == offsetof(struct seccomp_data, arch))
		text_add(text, "architecture");
	else if (offset < args)
		text_add(text, "instruction pointer, %s half", half);
	else
		text_add(text, "argument %u, %s half", (offset - args) / 8, half);
}

static void add_jump_comment(struct text *text, const struct sock_filter *insn, const struct known *known)
{
	enum callgate_abi abi;
	const char *name;

	if (!known->reached || BPF_SRC(insn->code) != BPF_K)
		return;
	if (known->holds == HOLDS_ARCH && BPF_OP(insn->code) == BPF_JEQ) {
		abi = abi_by_audit(insn->k, 0);
		text_add(text, "%s", abi == CALLGATE_ABI_NONE ? "an architecture without a name" : abi_of(abi)->name);
	} else if (known->holds == HOLDS_NR && known->has_audit && BPF_OP(insn->code) != BPF_JSET) {
		abi = abi_by_audit(known->audit, insn->k);
		name = callgate_syscall_name(abi, insn->k);
		if (name)
			text_add(text, "%s: %s", abi_of(abi)->name, name);
	}
}

static void add_comment(struct text *text, const struct callgate_prog *prog, unsigned pc, const struct known *known)
{
	const struct sock_filter *insn = &prog->insns[pc];
	char action[48];

	if (insn->code == (BPF_LD | BPF_W | BPF_ABS)) {
		add_load_comment(text, prog, insn->k);
	} else if (insn->code == (BPF_RET | BPF_K)) {
		callgate_action_format(action_from_word(insn->k), action, sizeof(action));
		text_add(text, "%s", action);
	} else if (BPF_CLASS(insn->code) == BPF_JMP && BPF_OP(insn->code) != BPF_JA) {
		add_jump_comment(text, insn, known);
	}
	if (!known->reached)
		text_add(text, "%snever reached", text->size ? ", " : "");
}

enum { COLUMN_OPERAND = 12, COLUMN_TARGETS = 26, COLUMN_COMMENT = 48 };

int prog_write_asm(const struct callgate_prog *prog, char **out, size_t *size, struct callgate_err *err)
{
	struct known known[PROG_LIMIT] = { { .reached = true } };
	struct text text = { 0 };

	for (unsigned pc = 0; pc < prog->count; pc++) {
		const struct sock_filter *insn = &prog->insns[pc];
		struct text comment = { 0 };

		known_step(known, prog, pc);
		text_add(&text, "%5u  %s", pc, mnemonic(insn->code));
		if (has_operand(insn->code)) {
			text_pad(&text, COLUMN_OPERAND);
			add_operand(&text, insn);
		}
		if (BPF_CLASS(insn->code) == BPF_JMP) {
			text_pad(&text, COLUMN_TARGETS);
			add_targets(&text, insn, pc);
		}
		add_comment(&comment, prog, pc, &known[pc]);
		if (comment.size) {
			text_pad(&text, COLUMN_COMMENT);
			text_add(&text, "; ");
			text_add_bytes(&text, comment.bytes, comment.size);
		}
		text.failed = text.failed || comment.failed;
		text_release(&comment);
		text_add(&text, "\n");
	}
	return text_take(&text, out, size, err);
}
