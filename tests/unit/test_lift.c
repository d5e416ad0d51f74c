/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lift and prove: a lifted program decides as the interpreter does, wherever it does not say that it cannot tell. */
#include <criterion/criterion.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bpf/prog.h"
#include "filter/meaning.h"
#include "names/abi.h"
#include "names/words.h"
#include "random_filter.h"

#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset)
#define NR 0
#define ARCH 4
#define ARG(n) (16 + 8 * (n))
#define ARG_HIGH(n) (20 + 8 * (n))
#define JUMP(op, k, t, f) BPF_JUMP(BPF_JMP | (op) | BPF_K, k, t, f)
#define JUMP_X(op, t, f) BPF_JUMP(BPF_JMP | (op) | BPF_X, 0, t, f)
#define ALU(op, k) BPF_STMT(BPF_ALU | (op) | BPF_K, k)
#define RET(word) BPF_STMT(BPF_RET | BPF_K, word)
#define RET_A BPF_STMT(BPF_RET | BPF_A, 0)
#define TAX BPF_STMT(BPF_MISC | BPF_TAX, 0)
#define TXA BPF_STMT(BPF_MISC | BPF_TXA, 0)
#define ALLOW SECCOMP_RET_ALLOW
#define KILL SECCOMP_RET_KILL_PROCESS
#define FAIL(e) (SECCOMP_RET_ERRNO | (e))

static struct callgate_prog *make(const struct sock_filter *insns, size_t count)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_prog *prog = NULL;

	cr_assert_eq(prog_new(insns, (unsigned)count, &prog, &err), 0, "%s", err.text);
	prog->big_endian = false; /* x86_64's, whatever machine this is */
	return prog;
}

static struct callgate_filter *lift(const struct callgate_prog *prog)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_filter *filter = NULL;

	cr_assert_eq(callgate_filter_lift(prog, "test", CALLGATE_ABI_X86_64, &filter, &err), 0, "%s", err.text);
	return filter;
}

/* ------------------------------------------------------------------ points where programs change their mind */

static uint32_t near_constant(struct rng *rng, const struct callgate_prog *prog)
{
	uint32_t k = prog->insns[rng_below(rng, prog->count)].k;

	switch (rng_below(rng, 6)) {
	case 0:
		return (uint32_t)random_value(rng);
	case 1:
		return k + 1;
	case 2:
		return k - 1;
	case 3:
		return k ^ 1u << rng_below(rng, 32);
	default:
		return k;
	}
}

static struct prog_data random_call(struct rng *rng, const struct callgate_prog *prog)
{
	static const uint32_t audits[] = { AUDIT_ARCH_X86_64, AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64 };
	struct prog_data call = { .audit = audits[rng_below(rng, 4)] };

	call.nr = rng_below(rng, 3) ? near_constant(rng, prog) : rng_below(rng, 16);
	for (unsigned i = 0; i < 6; i++)
		call.args[i] =
			(uint64_t)(rng_below(rng, 2) ? near_constant(rng, prog) : 0) << 32 | near_constant(rng, prog);
	return call;
}

struct tally {
	unsigned same, opaque;
};

static void sweep(struct rng *rng, const struct callgate_prog *prog, const struct callgate_filter *filter,
		  unsigned calls, struct tally *tally, const char *what)
{
	while (calls--) {
		struct prog_data call = random_call(rng, prog);
		const struct node *leaf = filter_walk(filter, call.audit, call.nr, call.args);
		struct callgate_action got = action_from_word(prog_eval(prog, &call, NULL));

		if (leaf->opaque) {
			tally->opaque++;
			continue;
		}
		tally->same++;
		cr_assert(action_equal(leaf->action, got), "%s: nr %u audit %#x: lifted %08x, run %08x", what, call.nr,
			  call.audit, action_word(leaf->action), action_word(got));
	}
}

/* ------------------------------------------------------------------ programs written by hand */

static const struct sock_filter simple[] = {
	LOAD(ARCH),
	JUMP(BPF_JEQ, AUDIT_ARCH_X86_64, 1, 0),
	RET(KILL),
	LOAD(NR),
	JUMP(BPF_JGE, 0x40000000, 0, 1),
	RET(FAIL(38)),
	JUMP(BPF_JEQ, 59, 2, 0),
	JUMP(BPF_JEQ, 16, 2, 0),
	RET(ALLOW),
	RET(FAIL(1)),
	LOAD(ARG_HIGH(1)),
	JUMP(BPF_JEQ, 0, 0, 2),
	LOAD(ARG(1)),
	JUMP(BPF_JEQ, 0x5412, 1, 0),
	RET(ALLOW),
	RET(FAIL(13)),
};
static const struct sock_filter low_half_first[] = {
	LOAD(ARCH),
	JUMP(BPF_JEQ, AUDIT_ARCH_X86_64, 1, 0),
	RET(KILL),
	LOAD(NR),
	JUMP(BPF_JGE, 0x40000000, 0, 1),
	RET(FAIL(38)),
	JUMP(BPF_JEQ, 16, 2, 0),
	JUMP(BPF_JEQ, 59, 0, 5),
	RET(FAIL(1)),
	LOAD(ARG(1)),
	JUMP(BPF_JEQ, 0x5412, 0, 2),
	LOAD(ARG_HIGH(1)),
	JUMP(BPF_JEQ, 0, 1, 0),
	RET(ALLOW),
	RET(FAIL(13)),
};
static const struct sock_filter no_arch[] = {
	LOAD(NR),
	JUMP(BPF_JEQ, 59, 0, 1),
	RET(KILL),
	RET(ALLOW),
};
static const struct sock_filter jset_x32[] = {
	LOAD(NR),
	JUMP(BPF_JSET, 0x40000000, 0, 1),
	RET(KILL),
	ALU(BPF_AND, 0x7fffffff),
	JUMP(BPF_JEQ, 2, 0, 1),
	RET(FAIL(2)),
	RET(ALLOW),
};
static const struct sock_filter shifted[] = {
	LOAD(ARG(0)),           ALU(BPF_RSH, 16), JUMP(BPF_JEQ, 7, 0, 1),
	RET(FAIL(7)),           LOAD(ARG(0)),     ALU(BPF_AND, 0xf0),
	ALU(BPF_RSH, 4),        ALU(BPF_LSH, 1),  JUMP(BPF_JGT, 21, 0, 1),
	RET(FAIL(9)),           LOAD(ARG(2)),     ALU(BPF_SUB, 10),
	JUMP(BPF_JGT, 5, 0, 1), RET(FAIL(3)),     RET(ALLOW),
};
static const struct sock_filter copies[] = {
	LOAD(ARG(3)),
	TAX,
	BPF_STMT(BPF_STX, 4),
	BPF_STMT(BPF_LD | BPF_IMM, 9),
	BPF_STMT(BPF_ST, 5),
	LOAD(NR),
	BPF_STMT(BPF_LDX | BPF_MEM, 5),
	JUMP_X(BPF_JEQ, 0, 5),
	BPF_STMT(BPF_LD | BPF_MEM, 4),
	JUMP(BPF_JGE, 100, 0, 1),
	RET(FAIL(4)),
	BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
	JUMP(BPF_JEQ, 64, 0, 1),
	RET(ALLOW),
	RET(KILL),
};
static const struct sock_filter returns_a[] = {
	LOAD(NR), JUMP(BPF_JEQ, 3, 0, 2), BPF_STMT(BPF_LD | BPF_IMM, FAIL(5000)),
	RET_A,    JUMP(BPF_JEQ, 4, 0, 2), LOAD(ARG(0)),
	RET_A,    RET(0x12340000),
};
static const struct sock_filter pointer[] = {
	LOAD(NR), JUMP(BPF_JEQ, 3, 0, 3), LOAD(8), JUMP(BPF_JEQ, 0, 0, 1), RET(FAIL(1)), RET(ALLOW),
};
static const struct sock_filter divides[] = {
	LOAD(ARG(0)),
	TAX,
	BPF_STMT(BPF_LD | BPF_IMM, 8),
	BPF_STMT(BPF_ALU | BPF_DIV | BPF_X, 0),
	JUMP(BPF_JEQ, 2, 0, 1),
	RET(KILL),
	RET(ALLOW),
};
static const struct sock_filter arch_mask[] = {
	LOAD(ARCH), JUMP(BPF_JSET, 0x80000000, 0, 3), LOAD(NR), JUMP(BPF_JEQ, 1, 0, 1), RET(FAIL(1)), RET(ALLOW),
};
static const struct sock_filter argument_first[] = {
	LOAD(ARG(0)), JUMP(BPF_JEQ, 1, 0, 3), LOAD(NR), JUMP(BPF_JEQ, 10, 2, 0), JUMP(BPF_JGE, 20, 0, 1), RET(FAIL(1)),
	RET(ALLOW),
};

#define PROGRAM(name) \
	{ \
#name, name, sizeof(name) / sizeof(*name) \
	}
static const struct {
	const char *name;
	const struct sock_filter *insns;
	size_t count;
} programs[] = {
	PROGRAM(simple),  PROGRAM(low_half_first), PROGRAM(no_arch),        PROGRAM(jset_x32),
	PROGRAM(shifted), PROGRAM(copies),         PROGRAM(returns_a),      PROGRAM(pointer),
	PROGRAM(divides), PROGRAM(arch_mask),      PROGRAM(argument_first),
};

Test(lift, hand_written_programs_decide_as_they_run)
{
	struct rng rng = { 4 };

	for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++) {
		struct callgate_prog *prog = make(programs[i].insns, programs[i].count);
		struct callgate_filter *filter = lift(prog);
		struct tally tally = { 0 };

		sweep(&rng, prog, filter, 4000, &tally, programs[i].name);
		/* A division by an argument says nothing that a profile could say; all others are mostly certain. */
		if (strcmp(programs[i].name, "divides") == 0)
			cr_assert_eq(tally.same, 0);
		else
			cr_assert_gt(tally.same, 1000, "%s", programs[i].name);
		filter = callgate_filter_free(filter);
		prog = callgate_prog_free(prog);
	}
}

static const struct node *walk(const struct callgate_filter *filter, uint32_t audit, uint32_t nr, uint64_t arg0)
{
	uint64_t args[6] = { arg0 };

	return filter_walk(filter, audit, nr, args);
}

static struct callgate_filter *lift_named(const char *name)
{
	for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++)
		if (strcmp(programs[i].name, name) == 0) {
			struct callgate_prog *prog = make(programs[i].insns, programs[i].count);
			struct callgate_filter *filter = lift(prog);

			callgate_prog_free(prog);
			return filter;
		}
	cr_assert_fail("no program %s", name);
	return NULL;
}

Test(lift, only_what_cannot_be_said_is_opaque)
{
	struct callgate_filter *filter = lift_named("pointer");

	cr_assert(walk(filter, AUDIT_ARCH_X86_64, 3, 0)->opaque);
	cr_assert_eq(walk(filter, AUDIT_ARCH_X86_64, 3, 0)->origin.line, 3);
	cr_assert_eq(walk(filter, AUDIT_ARCH_X86_64, 4, 0)->action.kind, CALLGATE_ALLOW);
	filter = callgate_filter_free(filter);

	filter = lift_named("returns_a");
	cr_assert_eq(walk(filter, AUDIT_ARCH_X86_64, 3, 0)->action.kind, CALLGATE_ERRNO);
	cr_assert_eq(walk(filter, AUDIT_ARCH_X86_64, 3, 0)->action.data, 4095);
	cr_assert(walk(filter, AUDIT_ARCH_X86_64, 4, 0)->opaque);
	cr_assert_eq(walk(filter, AUDIT_ARCH_X86_64, 5, 0)->action.kind, CALLGATE_KILL_PROCESS);
	filter = callgate_filter_free(filter);

	/* No bit tricks, copies or constants make the others opaque. */
	for (size_t i = 0; i < 6; i++) {
		filter = lift_named(programs[i].name);
		for (uint32_t id = 0; id < filter->arches[0].span_count; id++)
			for (uint64_t arg = 0; arg < 300; arg++)
				cr_assert_not(
					walk(filter, AUDIT_ARCH_X86_64, filter->arches[0].spans[id].first, arg)->opaque,
					"%s", programs[i].name);
		filter = callgate_filter_free(filter);
	}
}

Test(lift, origin_is_the_returning_instruction)
{
	struct callgate_filter *filter = lift_named("simple");
	const struct node *leaf = walk(filter, AUDIT_ARCH_X86_64, 59, 0);

	cr_assert_eq(leaf->origin.why, CALLGATE_BY_PC);
	cr_assert_eq(leaf->origin.line, 9);
	cr_assert_str_eq(leaf->origin.file, "test");
	filter = callgate_filter_free(filter);
}

Test(lift, abis_follow_the_architectures_that_are_asked_for)
{
	struct callgate_filter *filter = lift_named("simple");

	cr_assert_eq(filter->arch_count, 1);
	cr_assert_eq(filter->abi_count, 2);
	cr_assert_eq(filter->abis[0], CALLGATE_ABI_X86_64);
	cr_assert_eq(filter->abis[1], CALLGATE_ABI_X32);
	cr_assert_eq(filter->other_arch->action.kind, CALLGATE_KILL_PROCESS);
	/* Neighbours are merged: 0-15, 16, 17-58, 59, 60-, 0x40000000- */
	cr_assert_eq(filter->arches[0].span_count, 6);
	filter = callgate_filter_free(filter);

	/* Nothing asks for the architecture: the number decides on every one of them. */
	filter = lift_named("no_arch");
	cr_assert_eq(walk(filter, AUDIT_ARCH_S390X, 59, 0)->action.kind, CALLGATE_KILL_PROCESS);
	cr_assert_eq(walk(filter, AUDIT_ARCH_I386, 58, 0)->action.kind, CALLGATE_ALLOW);
	cr_assert_eq(filter->abi_count, 3);
	filter = callgate_filter_free(filter);

	/* Compared by bits: 64-bit ones differ from 32-bit ones. */
	filter = lift_named("arch_mask");
	cr_assert_eq(walk(filter, AUDIT_ARCH_AARCH64, 1, 0)->action.data, 1);
	cr_assert_eq(walk(filter, AUDIT_ARCH_ARM, 1, 0)->action.kind, CALLGATE_ALLOW);
	filter = callgate_filter_free(filter);
}

/* Whoever asks about each ABI (exposure does) must not pass over one that a program lets through unasked. */
Test(lift, abis_of_the_machine_whose_calls_may_pass_are_listed)
{
	static const struct {
		uint32_t others;
		bool listed;
	} rows[] = { { ALLOW, true },
		     { SECCOMP_RET_LOG, true },
		     { SECCOMP_RET_TRACE, true },
		     { SECCOMP_RET_USER_NOTIF, true },
		     { KILL, false },
		     { SECCOMP_RET_TRAP, false },
		     { SECCOMP_RET_ERRNO | 1, false } };
	struct callgate_err err = CALLGATE_ERR_INIT;
	const uint64_t args[6] = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct callgate_prog *prog = make(simple, sizeof(simple) / sizeof(*simple));
		struct callgate_filter *filter = NULL;
		bool listed = false;

		prog->insns[2].k = rows[i].others;
		cr_assert_eq(callgate_filter_lift(prog, "test", CALLGATE_ABI_X86_64, &filter, &err), 0, "%s", err.text);
		for (unsigned abi = 0; abi < filter->abi_count; abi++)
			listed |= filter->abis[abi] == CALLGATE_ABI_X86;
		cr_expect_eq(listed, rows[i].listed, "%zu", i);
		cr_expect_eq(callgate_filter_row_count(filter, CALLGATE_ABI_X86), rows[i].listed ? 1 : 0, "%zu", i);
		cr_expect_eq(filter->abis[0], CALLGATE_ABI_X86_64);
		cr_expect_eq(filter_walk(filter, AUDIT_ARCH_I386, 7, args), filter->other_arch);
		filter = callgate_filter_free(filter);
		prog = callgate_prog_free(prog);
	}
}

/* The same action from two instructions, and the same tests written twice: who reads the filter sees one interval. */
Test(lift, neighbours_that_mean_the_same_are_one)
{
	static const struct sock_filter insns[] = {
		LOAD(NR),
		JUMP(BPF_JEQ, 5, 4, 0), /* to the first tests of an argument */
		JUMP(BPF_JEQ, 6, 7, 0), /* to the second ones */
		JUMP(BPF_JEQ, 7, 10, 0),
		JUMP(BPF_JEQ, 8, 10, 0),
		RET(ALLOW),
		LOAD(ARG(0)),
		JUMP(BPF_JEQ, 1, 0, 1),
		RET(FAIL(2)),
		RET(ALLOW),
		LOAD(ARG(0)),
		JUMP(BPF_JEQ, 1, 0, 1),
		RET(FAIL(2)),
		RET(ALLOW),
		RET(FAIL(1)),
		RET(FAIL(1)),
	};
	static const uint32_t firsts[] = { 0, 5, 7, 9 };
	struct callgate_prog *prog = make(insns, sizeof(insns) / sizeof(insns[0]));
	struct callgate_filter *filter = lift(prog);

	cr_assert_eq(filter->arches[0].span_count, 4);
	for (size_t i = 0; i < 4; i++)
		cr_assert_eq(filter->arches[0].spans[i].first, firsts[i]);
	callgate_filter_free(filter);
	callgate_prog_free(prog);
}

Test(lift, order_of_half_words_makes_no_difference)
{
	struct callgate_filter *a = lift_named("simple"), *b = lift_named("low_half_first");
	struct meaning *meaning;
	meaning_ref ref_a, ref_b;

	cr_assert_eq(meaning_new(&meaning, NULL), 0);
	cr_assert_eq(meaning_of(meaning, a, a->arches[0].spans[span_at(a->arches, 16)].node, &ref_a, NULL), 0);
	cr_assert_eq(meaning_of(meaning, b, b->arches[0].spans[span_at(b->arches, 16)].node, &ref_b, NULL), 0);
	cr_assert_eq(ref_a, ref_b);
	meaning = meaning_free(meaning);
	a = callgate_filter_free(a);
	b = callgate_filter_free(b);
}

Test(lift, what_the_kernel_refuses_is_refused)
{
	static const struct sock_filter no_end[] = { LOAD(NR) };
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_prog *prog = make(no_end, 1);
	struct callgate_filter *filter = NULL;

	cr_assert_eq(callgate_filter_lift(prog, "test", CALLGATE_ABI_X86_64, &filter, &err), CALLGATE_E_PROFILE);
	cr_assert_null(filter);
	prog = callgate_prog_free(prog);
}

/* Each of many values compared by both halves anew, as some compilers do, up to a program's full length: the upper half
 * is asked once in the lifted graph, so that its meaning is cheap. */
Test(lift, repeated_halves_are_asked_once)
{
	static const uint64_t args[6] = { 0, 0x5400 + 7919 };
	struct sock_filter *insns = calloc(PROG_LIMIT, sizeof(*insns));
	struct callgate_filter *filter;
	struct callgate_prog *prog;
	struct meaning *meaning;
	meaning_ref ref;
	unsigned n = 0;
	clock_t start;

	for (unsigned i = 0; n + 5 < PROG_LIMIT; i++) {
		insns[n++] = (struct sock_filter)LOAD(ARG_HIGH(1));
		insns[n++] = (struct sock_filter)JUMP(BPF_JEQ, 0, 0, 3);
		insns[n++] = (struct sock_filter)LOAD(ARG(1));
		insns[n++] = (struct sock_filter)JUMP(BPF_JEQ, 0x5400 + i * 7919u, 0, 1);
		insns[n++] = (struct sock_filter)RET(ALLOW);
	}
	insns[n++] = (struct sock_filter)RET(FAIL(1));
	prog = make(insns, n);
	start = clock();
	filter = lift(prog);
	cr_assert_eq(meaning_new(&meaning, NULL), 0);
	cr_assert_eq(meaning_of(meaning, filter, filter->arches[0].spans[0].node, &ref, NULL), 0);
	cr_assert_eq(meaning_at(meaning, ref, args).kind, CALLGATE_ALLOW);
	/* Some 1 ms; with every upper half asked anew it was a hundred. */
	cr_assert_lt(clock() - start, UNIT_SLOW * CLOCKS_PER_SEC / 20);
	meaning = meaning_free(meaning);
	filter = callgate_filter_free(filter);
	prog = callgate_prog_free(prog);
	free(insns);
}

/* ------------------------------------------------------------------ random programs */

static struct sock_filter random_insn(struct rng *rng, unsigned left)
{
	static const uint16_t alu[] = { BPF_AND, BPF_AND, BPF_OR,  BPF_XOR, BPF_RSH, BPF_LSH,
					BPF_ADD, BPF_SUB, BPF_MUL, BPF_DIV, BPF_NEG };
	static const uint16_t jumps[] = { BPF_JEQ, BPF_JEQ, BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET };
	static const uint32_t words[] = { ALLOW, FAIL(1), FAIL(38), KILL, SECCOMP_RET_LOG };
	static const uint32_t constants[] = {
		0, 1, 2, 3, 5, 59, 0x40000000, 0x80000000, 0xff, AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, 0xf0f0
	};
	uint32_t constant = rng_below(rng, 5) ? constants[rng_below(rng, 12)] : (uint32_t)random_value(rng);
	uint16_t source = rng_below(rng, 6) ? BPF_K : BPF_X, op = alu[rng_below(rng, 11)];
	unsigned reach = left > 12 ? 12 : left;

	switch (rng_below(rng, 16)) {
	case 0:
	case 1:
	case 2:
		return (struct sock_filter)LOAD(rng_below(rng, 3) ? NR : ARCH);
	case 3:
	case 4:
	case 5:
		return (struct sock_filter)LOAD(rng_below(rng, 12) ? ARG(0) + 4 * rng_below(rng, 5) : 8);
	case 6:
	case 7:
		if (source == BPF_K && (op == BPF_RSH || op == BPF_LSH))
			constant &= 31;
		if (source == BPF_K && op == BPF_DIV)
			constant = 1u << (constant & 7);
		return (struct sock_filter)BPF_STMT(BPF_ALU | op | (op == BPF_NEG ? 0 : source), constant);
	case 8:
		return rng_below(rng, 2) ? (struct sock_filter)TAX : (struct sock_filter)TXA;
	case 9:
		return (struct sock_filter)BPF_STMT(rng_below(rng, 2) ? BPF_ST : BPF_STX, rng_below(rng, 2));
	case 10:
		return (struct sock_filter)BPF_STMT((rng_below(rng, 2) ? BPF_LD : BPF_LDX) | BPF_MEM,
						    rng_below(rng, 2));
	case 11:
		return rng_below(rng, 4) ? (struct sock_filter)RET(words[rng_below(rng, 5)])
					 : (struct sock_filter)RET_A;
	default:
		return (struct sock_filter)BPF_JUMP(BPF_JMP | jumps[rng_below(rng, 6)] | source, constant,
						    (uint8_t)rng_below(rng, reach), (uint8_t)rng_below(rng, reach));
	}
}

static struct callgate_prog *random_program(struct rng *rng, unsigned count)
{
	struct sock_filter insns[128] = { BPF_STMT(BPF_ST, 0), BPF_STMT(BPF_ST, 1) };

	for (unsigned i = 2; i < count - 1; i++)
		insns[i] = random_insn(rng, count - 1 - i);
	insns[count - 1] = (struct sock_filter)RET(ALLOW);
	return make(insns, count);
}

Test(lift, random_programs_decide_as_they_run)
{
	struct rng rng = { 5 };
	struct tally tally = { 0 };

	for (unsigned round = 0; round < 3000; round++) {
		struct callgate_prog *prog = random_program(&rng, 8 + rng_below(&rng, 60));
		struct callgate_filter *filter = lift(prog);

		sweep(&rng, prog, filter, 60, &tally, "random program");
		filter = callgate_filter_free(filter);
		prog = callgate_prog_free(prog);
	}
	/* Most calls get a certain answer, some none: both are worth a test. */
	cr_assert_gt(tally.same, 100000, "%u", tally.same);
	cr_assert_gt(tally.opaque, 1000, "%u", tally.opaque);
}

/* ------------------------------------------------------------------ prove */

Test(prove, what_lower_makes_is_proved)
{
	struct rng rng = { 6 };

	for (unsigned round = 0; round < 400; round++) {
		struct callgate_err err = CALLGATE_ERR_INIT;
		struct callgate_filter *filter = random_filter(&rng);
		struct callgate_prog *prog = NULL;

		cr_assert_eq(prog_lower(filter, &prog, &err), 0, "round %u: %s", round, err.text);
		cr_assert_eq(prog_prove(prog, filter, &err), 0, "round %u: %s", round, err.text);
		/* The proof and the interpreter are two engines: what one proves the other must see. */
		for (unsigned i = 0; i < 100; i++) {
			const struct filter_arch *arch = &filter->arches[rng_below(&rng, 2)];
			struct prog_data call = {
				.audit = arch->audit,
				.nr = arch->spans[rng_below(&rng, (unsigned)arch->span_count)].first
			};

			random_args(&rng, arch->spans[span_at(arch, call.nr)].node, call.args);
			cr_assert(action_equal(action_from_word(prog_eval(prog, &call, NULL)),
					       filter_walk(filter, call.audit, call.nr, call.args)->action),
				  "round %u: proved, yet a call differs", round);
		}
		prog = callgate_prog_free(prog);
		filter = callgate_filter_free(filter);
	}
}

static void mutate(struct rng *rng, struct callgate_prog *prog)
{
	struct sock_filter *insn = &prog->insns[rng_below(rng, prog->count)];

	switch (rng_below(rng, 5)) {
	case 0:
		insn->k += rng_below(rng, 2) ? 1 : -1u;
		break;
	case 1:
		insn->k ^= 1u << rng_below(rng, 32);
		break;
	case 2:
		insn->jt ^= (uint8_t)(1 + rng_below(rng, 7));
		break;
	case 3:
		insn->jf ^= (uint8_t)(1 + rng_below(rng, 7));
		break;
	default:
		insn->code ^= (uint16_t)(1u << (4 + rng_below(rng, 3)));
	}
}

/* Every mutation that the kernel would still take is refused by the proof, unless no call tells the difference. */
Test(prove, mutations_are_noticed)
{
	struct rng rng = { 7 };
	unsigned noticed = 0, harmless = 0;

	for (unsigned round = 0; round < 150; round++) {
		struct callgate_filter *filter = random_filter(&rng);
		struct callgate_prog *prog = NULL;

		cr_assert_eq(prog_lower(filter, &prog, NULL), 0);
		for (unsigned i = 0; i < 40; i++) {
			struct callgate_err err = CALLGATE_ERR_INIT;
			struct callgate_prog *mutant = make(prog->insns, prog->count);
			int code;

			mutate(&rng, mutant);
			if (prog_check(mutant, NULL) == 0) {
				code = prog_prove(mutant, filter, &err);
				cr_assert(code == 0 || code == CALLGATE_E_MISMATCH, "%s", err.text);
				noticed += code != 0;
				harmless += code == 0;
				for (unsigned k = 0; k < 40 && code == 0; k++) {
					struct prog_data call = random_call(&rng, mutant);

					cr_assert(action_equal(
							  action_from_word(prog_eval(mutant, &call, NULL)),
							  filter_walk(filter, call.audit, call.nr, call.args)->action),
						  "proved, yet a call differs");
				}
			}
			mutant = callgate_prog_free(mutant);
		}
		prog = callgate_prog_free(prog);
		filter = callgate_filter_free(filter);
	}
	cr_assert_gt(noticed, 1000, "%u", noticed);
	cr_assert_gt(harmless, 100, "%u", harmless);
}

Test(prove, mismatch_names_abi_syscall_and_both_actions)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_filter *filter = lift_named("simple");
	struct callgate_prog *prog = make(simple, sizeof(simple) / sizeof(*simple));

	cr_assert_eq(prog_prove(prog, filter, &err), 0, "%s", err.text);
	prog->insns[13].k = 0x5410;
	cr_assert_eq(prog_prove(prog, filter, &err), CALLGATE_E_MISMATCH);
	cr_assert(strstr(err.text, "x86_64 ioctl 16(0x0, 0x5410,"), "%s", err.text);
	cr_assert(strstr(err.text, "the program says ERRNO(EACCES), the filter ALLOW"), "%s", err.text);
	prog->insns[13].k = 0x5412;
	prog->insns[2].k = SECCOMP_RET_ERRNO | 1;
	cr_assert_eq(prog_prove(prog, filter, &err), CALLGATE_E_MISMATCH);
	cr_assert(strstr(err.text, "architecture"), "%s", err.text);
	prog->insns[2].k = ALLOW;
	cr_assert_eq(prog_prove(prog, filter, &err), CALLGATE_E_MISMATCH);
	cr_assert(strstr(err.text, "x86 restart_syscall 0("), "%s", err.text);
	prog = callgate_prog_free(prog);
	filter = callgate_filter_free(filter);
}

/* The filter knows nothing of an architecture that the program asks for: all calls of it are compared nevertheless. */
Test(prove, further_architectures_are_compared)
{
	enum { FIRST = 3, SIMPLE = sizeof(simple) / sizeof(*simple) };
	static const uint32_t others[] = { AUDIT_ARCH_AARCH64, AUDIT_ARCH_S390X, AUDIT_ARCH_LOONGARCH64, 0x1234 };
	struct callgate_filter *filter = lift_named("simple");
	const struct node *rest = filter->other_arch;

	cr_assert(rest->leaf && rest->action.kind != CALLGATE_ALLOW);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		struct sock_filter insns[FIRST + SIMPLE] = { LOAD(ARCH), JUMP(BPF_JEQ, others[i], 0, 1), RET(ALLOW) };
		struct callgate_err err = CALLGATE_ERR_INIT;
		struct callgate_prog *prog;

		memcpy(insns + FIRST, simple, sizeof(simple));
		prog = make(insns, FIRST + SIMPLE);
		cr_assert_eq(prog_prove(prog, filter, &err), CALLGATE_E_MISMATCH, "0x%x is not compared", others[i]);
		prog->insns[2].k = simple[2].k;
		cr_assert_eq(action_from_word(simple[2].k).kind, rest->action.kind);
		cr_assert_eq(prog_prove(prog, filter, &err), 0, "0x%x: %s", others[i], err.text);
		callgate_prog_free(prog);
	}
	callgate_filter_free(filter);
}

/* What is opaque is never proved, not even against itself. */
Test(prove, opaque_is_not_equal)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_prog *prog = make(pointer, sizeof(pointer) / sizeof(*pointer));
	struct callgate_filter *filter = lift(prog);

	cr_assert_eq(prog_prove(prog, filter, &err), CALLGATE_E_MISMATCH);
	cr_assert(strstr(err.text, "cannot tell"), "%s", err.text);
	prog = callgate_prog_free(prog);
	filter = callgate_filter_free(filter);
}

/* Nor against a filter that has an answer where the program looks at what no profile can ask for. */
Test(prove, opaque_is_not_what_is_known)
{
	static const struct sock_filter all[] = { RET(ALLOW) };
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_prog *known = make(all, 1), *prog = make(pointer, sizeof(pointer) / sizeof(*pointer));
	struct callgate_filter *filter = lift(known);

	cr_assert_eq(prog_prove(prog, filter, &err), CALLGATE_E_MISMATCH);
	cr_assert(strstr(err.text, "at syscall 3, instruction 3 is not expressible"), "%s", err.text);
	callgate_filter_free(filter);
	callgate_prog_free(known);
	callgate_prog_free(prog);
}

/* ------------------------------------------------------------------ libseccomp's programs */

static struct callgate_prog *from_libseccomp(scmp_filter_ctx ctx)
{
	struct sock_filter insns[PROG_LIMIT];
	FILE *file = tmpfile();
	int fd;
	ssize_t size;

	cr_assert_not_null(file);
	fd = fileno(file);
	cr_assert_eq(seccomp_export_bpf(ctx, fd), 0);
	size = pread(fd, insns, sizeof(insns), 0);
	fclose(file);
	seccomp_release(ctx);
	cr_assert_gt(size, 0);
	return make(insns, (size_t)size / sizeof(*insns));
}

static scmp_filter_ctx wide_filter(unsigned optimise)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(1));

	cr_assert_not_null(ctx);
	cr_assert_eq(seccomp_arch_add(ctx, SCMP_ARCH_X86) | seccomp_arch_add(ctx, SCMP_ARCH_X32), 0);
	if (optimise)
		seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, optimise);
	for (int nr = 0; nr < 330; nr++) {
		if (nr == 56 || nr == 135 || nr == 41)
			continue;
		seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nr, 0);
	}
	seccomp_rule_add(ctx, SCMP_ACT_ALLOW, 56, 1, SCMP_A0(SCMP_CMP_MASKED_EQ, 0x7e020000, 0));
	seccomp_rule_add(ctx, SCMP_ACT_ALLOW, 135, 1, SCMP_A0(SCMP_CMP_EQ, 0));
	seccomp_rule_add(ctx, SCMP_ACT_ALLOW, 135, 1, SCMP_A0(SCMP_CMP_EQ, 8));
	seccomp_rule_add(ctx, SCMP_ACT_ALLOW, 135, 1, SCMP_A0(SCMP_CMP_EQ, 0xffffffff));
	seccomp_rule_add(ctx, SCMP_ACT_ALLOW, 41, 1, SCMP_A0(SCMP_CMP_NE, 40));
	return ctx;
}

Test(lift, libseccomps_programs_linear_and_optimised_are_one)
{
	struct rng rng = { 8 };
	struct callgate_prog *linear, *tree, *ours = NULL;
	struct callgate_filter *filter;
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct tally tally = { 0 };

	if (abi_native() != CALLGATE_ABI_X86_64)
		cr_skip_test("libseccomp's filters for x86_64 need its byte order");
	linear = from_libseccomp(wide_filter(0));
	tree = from_libseccomp(wide_filter(2));
	filter = lift(linear);
	sweep(&rng, linear, filter, 20000, &tally, "libseccomp");
	cr_assert_eq(tally.opaque, 0);
	cr_assert_eq(prog_prove(tree, filter, &err), 0, "%s", err.text);
	/* And ours, made from the lifted one. */
	cr_assert_eq(prog_lower(filter, &ours, &err), 0, "%s", err.text);
	cr_assert_eq(prog_prove(ours, filter, &err), 0, "%s", err.text);
	cr_assert_lt(ours->count, linear->count / 2);
	ours = callgate_prog_free(ours);
	linear = callgate_prog_free(linear);
	tree = callgate_prog_free(tree);
	filter = callgate_filter_free(filter);
}

struct comparison {
	enum scmp_compare op;
	uint64_t value;
};

/* "comparison, then action" for one syscall with default otherwise, as a decision. */
static struct callgate_filter *one_rule_each(const struct comparison *comparisons, unsigned count)
{
	struct callgate_origin origin = { .why = CALLGATE_BY_RULE };
	struct callgate_filter *filter;
	struct span_map map = { 0 };
	const struct node *allow, *node;

	cr_assert_eq(filter_new("rules", &filter, NULL), 0);
	allow = filter_leaf(filter, (struct callgate_action){ CALLGATE_ALLOW, 0 }, origin);
	node = filter_leaf(filter, (struct callgate_action){ CALLGATE_ERRNO, 1 }, origin);
	filter->other_arch = filter_leaf(filter, (struct callgate_action){ CALLGATE_KILL_THREAD, 0 }, origin);
	span_map_add(&map, &(struct span){ .first = 0, .node = node });
	for (unsigned i = 0; i < count; i++) {
		static const struct {
			enum scmp_compare op;
			enum test_op test;
			uint8_t negate;
		} shapes[] = { { SCMP_CMP_EQ, TEST_EQ, 0 }, { SCMP_CMP_NE, TEST_EQ, 1 }, { SCMP_CMP_GT, TEST_GT, 0 },
			       { SCMP_CMP_LE, TEST_GT, 1 }, { SCMP_CMP_GE, TEST_GE, 0 }, { SCMP_CMP_LT, TEST_GE, 1 } };
		struct test test = { .mask = UINT64_MAX, .value = comparisons[i].value };

		for (size_t k = 0; k < 6; k++)
			if (shapes[k].op == comparisons[i].op) {
				test.op = (uint8_t)shapes[k].test;
				test.negate = shapes[k].negate;
			}
		node = filter_test(filter, test, allow, node);
	}
	span_map_add(&map, &(struct span){ .first = 16, .node = node });
	span_map_add(&map, &(struct span){ .first = 17, .node = map.spans[0].node });
	/* libseccomp takes the x32 range for a bad architecture, all but its last number. */
	span_map_add(&map, &(struct span){ .first = 0x40000000, .node = filter->other_arch });
	span_map_add(&map, &(struct span){ .first = UINT32_MAX, .node = map.spans[0].node });
	cr_assert_eq(filter_add_arch(filter, AUDIT_ARCH_X86_64, &map, NULL), 0);
	filter->abis[filter->abi_count++] = CALLGATE_ABI_X86_64;
	return filter;
}

/* For information: how often the installed libseccomp's program for several rules on one argument is another function
 * than the rules. Ours must never be; each difference that is found is a true one, as both programs' runs show. */
Test(prove, several_rules_on_one_argument)
{
	static const enum scmp_compare ops[] = { SCMP_CMP_EQ, SCMP_CMP_NE, SCMP_CMP_LT,
						 SCMP_CMP_LE, SCMP_CMP_GE, SCMP_CMP_GT };
	struct rng rng = { 9 };
	unsigned other = 0, made = 0;

	if (abi_native() != CALLGATE_ABI_X86_64)
		cr_skip_test("libseccomp's rules here are x86_64's");
	for (unsigned round = 0; round < 300; round++) {
		struct comparison comparisons[3];
		struct callgate_err err = CALLGATE_ERR_INIT;
		scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(1));
		struct callgate_prog *theirs, *ours = NULL;
		struct callgate_filter *filter;
		unsigned count = 2 + rng_below(&rng, 2);
		bool taken = true;

		for (unsigned i = 0; i < count; i++) {
			comparisons[i] = (struct comparison){ ops[rng_below(&rng, 6)], random_value(&rng) };
			taken &= seccomp_rule_add(
					 ctx, SCMP_ACT_ALLOW, 16, 1,
					 (struct scmp_arg_cmp){ 0, comparisons[i].op, comparisons[i].value, 0 }) == 0;
		}
		if (!taken) {
			seccomp_release(ctx);
			continue;
		}
		theirs = from_libseccomp(ctx);
		filter = one_rule_each(comparisons, count);
		cr_assert_eq(prog_lower(filter, &ours, &err), 0, "%s", err.text);
		cr_assert_eq(prog_prove(ours, filter, &err), 0, "%s", err.text);
		made++;
		other += prog_prove(theirs, filter, &err) != 0;
		theirs = callgate_prog_free(theirs);
		ours = callgate_prog_free(ours);
		filter = callgate_filter_free(filter);
	}
	cr_log_info("of %u sets of rules, libseccomp's program differs for %u", made, other);
	cr_assert_gt(made, 200);
}

/* ------------------------------------------------------------------ bounds */

/* Full-length programs made to hurt: whatever the answer is, it comes soon. */
static void in_time(const char *what, const struct sock_filter *insns)
{
	struct callgate_err err = CALLGATE_ERR_INIT;
	struct callgate_prog *prog = make(insns, PROG_LIMIT);
	struct callgate_filter *filter = NULL;
	clock_t start = clock();
	int code = prog_check(prog, &err);

	cr_assert_eq(code, 0, "%s: not even a program: %s", what, err.text);
	code = callgate_filter_lift(prog, what, CALLGATE_ABI_X86_64, &filter, &err);
	cr_assert(code == 0 || (code == CALLGATE_E_LIMIT && strstr(err.text, "too complex")), "%s: %s", what, err.text);
	cr_assert_lt(clock() - start, UNIT_SLOW * 2 * CLOCKS_PER_SEC, "%s", what);
	filter = callgate_filter_free(filter);
	prog = callgate_prog_free(prog);
}

Test(lift, hostile_programs_are_answered_in_time)
{
	struct sock_filter *insns = calloc(PROG_LIMIT, sizeof(*insns));
	const unsigned last = PROG_LIMIT - 1;

	insns[last] = (struct sock_filter)RET(ALLOW);
	for (unsigned i = 0; i < last; i += 3) { /* number against every second bit, then an argument, then again */
		insns[i] = (struct sock_filter)LOAD(NR);
		insns[i + 1] = (struct sock_filter)ALU(BPF_AND, 0x55555555u << (i & 1));
		insns[i + 2] = (struct sock_filter)JUMP(BPF_JGT, i * 2654435761u, 0, i + 3 < last ? 1 : 0);
	}
	in_time("scattered numbers", insns);
	for (unsigned i = 0; i < last; i += 3) {
		insns[i] = (struct sock_filter)LOAD(i % 2 ? NR : ARG(i % 6));
		insns[i + 1] = (struct sock_filter)ALU(BPF_AND, 1u << i % 32);
		insns[i + 2] = (struct sock_filter)JUMP(BPF_JEQ, 0, 0, i + 6 < last ? 3 : 0);
	}
	in_time("numbers below arguments", insns);
	for (unsigned i = 0; i < last; i += 3) {
		insns[i] = (struct sock_filter)LOAD(ARCH);
		insns[i + 1] = (struct sock_filter)JUMP(BPF_JEQ, i, 0, 1);
		insns[i + 2] = (struct sock_filter)RET(FAIL(i & 0xfff));
	}
	in_time("a thousand architectures", insns);
	for (unsigned i = 0; i < last; i += 3) {
		insns[i] = (struct sock_filter)LOAD(ARG(i % 6));
		insns[i + 1] = (struct sock_filter)JUMP(BPF_JGT, i * 40503u, 0, 1);
		insns[i + 2] = (struct sock_filter)BPF_STMT(BPF_ST, i % 16);
	}
	in_time("scratch memory by argument", insns);
	for (unsigned i = 0; i < last; i++)
		insns[i] = i & 1 ? (struct sock_filter)JUMP(BPF_JEQ, i, 0, i + 2 < last ? 1 : 0)
				 : (struct sock_filter)LOAD(NR);
	for (unsigned i = 2; i < last; i += 2)
		insns[i] = (struct sock_filter)LOAD(ARG(i % 6));
	in_time("constants everywhere", insns);
	free(insns);
}
